package kernel

import (
	"errors"
	"fmt"

	"github.com/nlgen/nlgen/gen/model"
)

// check returns an error for everything that has no form in C.
func check(f *model.Family) error {
	var errs []error
	report := func(p model.Pos, path, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %s", p.File, p.Line, p.Col, path, fmt.Sprintf(format, args...)))
	}
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			path := "attribute-sets/" + s.Name + "/attributes/" + a.Name
			switch {
			case a.CName == "":
				report(a.Pos, path, "the attribute has no name in C")
			case a.Type == model.TypeSubMessage || a.Type == model.TypeRecords:
				report(a.Pos, path, "an attribute of type %s has no form in the kernel target", a.Type)
			}
		}
	}
	return errors.Join(errs...)
}
