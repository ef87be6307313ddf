package nftables

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/nlgen/nlgen/internal/netns"
	nl "github.com/nlgen/nlgen/runtime"
)

var (
	ctx  = context.Background()
	inet = Nfgenmsg{NfgenFamily: 1}
)

// add queues a table with a chain and two rules.
func add(b *Batch, table string, result *error) {
	name, chain := nl.Some(table), nl.Some("input")
	b.Newtable(&NewtableRequest{Header: inet, Name: name}, nl.Create, nl.ErrorTo(result))
	b.Newchain(&NewchainRequest{Header: inet, Table: name, Name: chain}, nl.Create)
	for range 2 {
		b.Newrule(&NewruleRequest{Header: inet, Table: name, Chain: chain, Expressions: &ExprListAttrs{}}, nl.Create|nl.Append)
	}
}

func TestTransaction(t *testing.T) {
	c, err := Dial(nl.WithNetNS(netns.New(t).Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	counts := func() (tables, rules int) {
		t.Helper()
		list, err := c.GettableAll(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		all, err := c.GetruleAll(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(list), len(all)
	}

	b := c.Transaction(ctx)
	first := errors.New("unset")
	add(b, "one", &first)
	if err := b.Wait(); err != nil || first != nil {
		t.Fatal(err, first)
	}
	if tables, rules := counts(); tables != 1 || rules != 2 {
		t.Fatalf("%d tables, %d rules", tables, rules)
	}

	// An error in the middle undoes all of it.
	add(b, "two", &first)
	b.Newchain(&NewchainRequest{Header: inet, Table: nl.Some("nope"), Name: nl.Some("x")}, nl.Create)
	add(b, "three", nil)
	err = b.Wait()
	var be *nl.BatchError
	if !errors.As(err, &be) || !be.RolledBack || be.Failed != 1 || be.Failures[0].Index != 4 || !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%v", err)
	}
	if !errors.Is(first, nl.ErrRolledBack) {
		t.Errorf("the first request: %v", first)
	}
	if tables, rules := counts(); tables != 1 || rules != 2 {
		t.Errorf("%d tables, %d rules after the failure", tables, rules)
	}

	// The batch and the socket are in order.
	add(b, "two", nil)
	if err := b.Wait(); err != nil {
		t.Error(err)
	}
	if tables, rules := counts(); tables != 2 || rules != 4 {
		t.Errorf("%d tables, %d rules", tables, rules)
	}
}
