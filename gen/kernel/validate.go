package kernel

import (
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
)

// validatorFunction prints a function for what a policy has no words for.
func (e *emitter) validatorFunction(w *writer, a *model.Attr) {
	w.call("static int "+e.validator(a), []string{"const struct nlattr *attr", "struct netlink_ext_ack *extack"}, "")
	w.p("{")
	e.validatorBody(w, a)
	w.p("}")
	w.blank()
}

func (e *emitter) validatorBody(w *writer, a *model.Attr) {
	fail := func(text string) {
		w.p("\tNL_SET_ERR_MSG_ATTR(extack, attr, %q);", text)
		w.p("\treturn -EINVAL;")
	}
	switch {
	case a.Type == model.TypeArray:
		bad := fmt.Sprintf("nla_len(attr) %% sizeof(%s)", scalarType(a.Elem, host))
		if a.Checks.MinLen != nil {
			bad += " || nla_len(attr) < " + limitText(a.Checks.MinLen, "")
		}
		w.p("\tif (!(%s))", bad)
		w.p("\t\treturn 0;")
		fail("not a whole number of elements")
	case a.Type == model.TypeString:
		w.p("\tif (nla_len(attr) >= %s)", limitText(a.Checks.MinLen, ""))
		w.p("\t\treturn 0;")
		fail("string is too short")
	case sparse(a):
		w.p("\tswitch (%s) {", hostOrder(a, scalarGet(a, "attr")))
		for _, entry := range a.Enum.Entries {
			w.p("\tcase %s:", entry.CName)
		}
		w.p("\t\treturn 0;")
		w.p("\t}")
		fail("not a value of the enum")
	default:
		w.p("\t%s value = %s;", hostType(a.Type), hostOrder(a, scalarGet(a, "attr")))
		w.blank()
		w.p("\tif (%s)", valueCondition(a))
		w.p("\t\treturn 0;")
		fail("integer out of range")
	}
}

// valueCondition is what a value must satisfy.
func valueCondition(a *model.Attr) string {
	if masked(a) {
		return fmt.Sprintf("!(value & ~%#xULL)", valueMask(a))
	}
	low, high := bounds(a)
	cond := ""
	if low != nil {
		cond = "value >= " + limitText(low, "")
	}
	if high != nil {
		if cond != "" {
			cond += " && "
		}
		cond += "value <= " + limitText(high, "")
	}
	return cond
}

// hostType is the C type for the value of an integer in host byte order.
func hostType(t model.Type) string {
	switch t {
	case model.TypeUint:
		return "u64"
	case model.TypeSint:
		return "s64"
	}
	return scalarType(t, host)
}

// scalarGet returns the expression that reads an integer attribute.
func scalarGet(a *model.Attr, attr string) string {
	return "nla_get_" + scalarName(a.Type, attrOrder(a)) + "(" + attr + ")"
}

// hostOrder converts the value of an attribute to host byte order.
func hostOrder(a *model.Attr, value string) string {
	return toHost(scalarType(a.Type, attrOrder(a)), value)
}

// toHost converts a value of a type that scalarType returns.
func toHost(typ, value string) string {
	if ordered(typ) {
		return typ + "_to_cpu(" + value + ")"
	}
	return value
}

// fromHost is the opposite of toHost.
func fromHost(typ, value string) string {
	if ordered(typ) {
		return "cpu_to_" + typ + "(" + value + ")"
	}
	return value
}

// ordered reports whether a type says in which order its bytes are.
func ordered(typ string) bool { return strings.HasPrefix(typ, "be") || strings.HasPrefix(typ, "le") }
