package spec

import (
	"math"

	"github.com/nlgen/nlgen/gen/tree"
)

// The keys of the extensions.
const (
	keyPackage        = "x-nlgen-package"
	keyLicense        = "x-nlgen-license"
	keyGoName         = "x-nlgen-go-name"
	keyCName          = "x-nlgen-c-name"
	keyLayout         = "x-nlgen-layout"
	keyCount          = "x-nlgen-count"
	keyUnit           = "x-nlgen-unit"
	keyHeader         = "x-nlgen-header"
	keyArrayOf        = "x-nlgen-array-of"
	keyOrdered        = "x-nlgen-ordered"
	keyTypeEnums      = "x-nlgen-type-enums"
	keyHint           = "x-nlgen-hint"
	keyHeaderSelector = "x-nlgen-header-selector"
	keyRequestFlags   = "x-nlgen-request-flags"
	keyAck            = "x-nlgen-ack"
	keyDumpFlag       = "x-nlgen-dump-flag"
	keyKey            = "x-nlgen-key"
	keyMerge          = "x-nlgen-merge"
	keySplit          = "x-nlgen-split"
	keyTransaction    = "x-nlgen-transaction"
	keyFraming        = "x-nlgen-framing"
	keySenders        = "x-nlgen-senders"
	keyMask           = "x-nlgen-mask"
	keyPayload        = "x-nlgen-payload"
	keyRegister       = "x-nlgen-register"
	keyLastValue      = "x-nlgen-last-value"
)

func arrayOf(c tree.Cursor) *ArrayOf {
	m := c.Map()
	defer m.Done("header")
	return &ArrayOf{
		Pos:              c.Node.Pos,
		Doc:              tree.Value(m, "doc", tree.Text),
		Header:           tree.Value(m, "header", tree.Name),
		LengthMember:     tree.Value(m, "length-member", tree.Name),
		NestedAttributes: tree.Value(m, "nested-attributes", tree.Name),
	}
}

func transaction(c tree.Cursor) *Transaction {
	m := c.Map()
	defer m.Done("begin", "end")
	t := &Transaction{
		Pos:   c.Node.Pos,
		Doc:   tree.Value(m, "doc", tree.Text),
		Begin: tree.Value(m, "begin", tree.Name),
		End:   tree.Value(m, "end", tree.Name),
	}
	if header, ok := m.Field("header"); ok {
		for _, f := range header.Map().Node.Fields {
			t.Header = append(t.Header, &MemberValue{
				Member: tree.Parse(header.At(f.Key.Value, f.Key), tree.Name),
				Value:  tree.Parse(header.At(f.Key.Value, f.Value), tree.UpTo(maxMemberValue)),
			})
		}
	}
	return t
}

// maxMemberValue bounds the values of header members.
const maxMemberValue = math.MaxUint32

// merge reads the merge rule of an operation, which must have a key.
func merge(c tree.Cursor) *Merge {
	m := c.Map()
	defer m.Done("key")
	r := mergeRule(m)
	return &r
}

func mergeRule(m *tree.Map) Merge {
	return Merge{
		Pos:   m.Node.Pos,
		Doc:   tree.Value(m, "doc", tree.Text),
		Key:   tree.Values(m, "key", tree.Name),
		Lists: mergeLists(m),
	}
}

// mergeLists reads a mapping from the names of lists to their rules.
func mergeLists(rule *tree.Map) []*MergeList {
	lists, ok := rule.Field("lists")
	if !ok {
		return nil
	}
	var out []*MergeList
	for _, f := range lists.Map().Node.Fields {
		m := lists.At(f.Key.Value, f.Value).Map()
		out = append(out, &MergeList{
			Name:  tree.Parse(lists.At(f.Key.Value, f.Key), tree.Name),
			Merge: mergeRule(m),
		})
		m.Done()
	}
	return out
}
