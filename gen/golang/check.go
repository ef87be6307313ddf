package golang

import (
	"errors"
	"fmt"

	"github.com/nlgen/nlgen/gen/model"
)

// check returns an error for each attribute that has no Go form.
func check(f *model.Family) error {
	var errs []error
	for _, m := range f.Messages {
		for _, field := range m.Fields {
			if _, err := kindOf(field.Attr); err != nil {
				p := field.Attr.Pos
				errs = append(errs, fmt.Errorf("%s:%d:%d: attribute-sets/%s/attributes/%s: %w",
					p.File, p.Line, p.Col, field.Attr.Set.Name, field.Attr.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// mustKind is kindOf for attributes that check has seen.
func mustKind(a *model.Attr) kind {
	k, err := kindOf(a)
	if err != nil {
		panic(err)
	}
	return k
}
