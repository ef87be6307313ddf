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

// checkModule returns an error for everything that a module cannot have, while the
// tables can.
func checkModule(f *model.Family) error {
	var errs []error
	report := func(p model.Pos, path, msg string) {
		errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %s", p.File, p.Line, p.Col, path, msg))
	}
	if f.Bare {
		report(f.Pos, "x-nlgen-framing", "messages without netlink headers have no form in the kernel target")
	}
	for _, m := range f.Messages {
		for _, p := range m.Parts {
			if why := noPartForm(p); why != "" {
				report(p.Pos, "payload/"+p.Name, why)
			}
		}
		for _, field := range m.Fields {
			if a := field.Attr; a.Type == model.TypeNest && a.Struct != nil {
				report(a.Pos, "attribute-sets/"+a.Set.Name+"/attributes/"+a.Name, "a nest with a struct in front has no form in a module")
			}
			if a := field.Attr; a.Multi && shapeOf(a) != multi {
				report(a.Pos, "attribute-sets/"+a.Set.Name+"/attributes/"+a.Name, "an attribute of this type cannot repeat in a module")
			}
		}
	}
	return errors.Join(errs...)
}
