package kernel

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// A policy is a table that says which attributes a message or nest may have and
// which values these.
type policy struct {
	name   string
	attrs  []*model.Attr
	last   *model.Attr // with the greatest number
	static bool
	cond   string // CONFIG_ symbol of the operation, or ""
	title  string
}

func newPolicy(name string, attrs []*model.Attr) *policy {
	attrs = slices.DeleteFunc(slices.Clone(attrs), func(a *model.Attr) bool { return !a.Wire() })
	if len(attrs) == 0 {
		return nil
	}
	last := slices.MaxFunc(attrs, func(a, b *model.Attr) int { return cmp.Compare(a.ID, b.ID) })
	return &policy{name: name, attrs: attrs, last: last}
}

func (p *policy) declaration() string {
	if p.last == nil {
		return fmt.Sprintf("const struct nla_policy %s[1]", p.name)
	}
	return fmt.Sprintf("const struct nla_policy %s[%s + 1]", p.name, p.last.CName)
}

// policies are all policies of a family.
type policies struct {
	nests  []*policy // of the sets that requests have inside
	global *policy
	calls  []*policy
	byCall map[*model.Call]*policy
}

// policies collects the policies by the family's kind of tables.
func (e *emitter) policies() *policies {
	ps := &policies{byCall: map[*model.Call]*policy{}}
	for _, s := range e.requestNests() {
		p := newPolicy(e.nestPolicy(s), s.Attrs)
		if p == nil {
			p = &policy{name: e.nestPolicy(s)} // a nest that nothing may be in
		}
		ps.nests = append(ps.nests, p)
	}
	if e.C.KernelPolicy == globalPolicy {
		ps.global = newPolicy(e.ident+"_nl_policy", e.requested())
		return ps
	}
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			if e.C.KernelPolicy == perOpPolicy && h.call != op.Do {
				continue
			}
			p := newPolicy(e.callPolicy(op, h), h.call.RequestListed)
			if p == nil {
				continue
			}
			p.static = e.Generic && (e.C.KernelPolicy == splitPolicy || e.wholeFamily()) && !e.checkedAgain(op, h)
			p.cond = condition(op)
			p.title = op.CName + " - " + h.mode
			ps.calls = append(ps.calls, p)
			ps.byCall[h.call] = p
		}
	}
	return ps
}

// The values of kernel-policy.
const (
	globalPolicy = "global"
	perOpPolicy  = "per-op"
	splitPolicy  = "split"
)

// A half is the do or the dump of an operation.
type half struct {
	mode string // do, dump
	call *model.Call
}

func halves(op *model.Op) []half {
	var list []half
	if op.Do != nil {
		list = append(list, half{"do", op.Do})
	}
	if op.Dump != nil {
		list = append(list, half{"dump", op.Dump})
	}
	return list
}

// checkedAgain reports whether the module checks a request itself, because the
// kernel does not.
func (e *emitter) checkedAgain(op *model.Op, h half) bool {
	return e.whole && h.mode == "dump" && slices.Contains(op.DontValidate, "dump") || e.loose(h.call.RequestAttrs)
}

func condition(op *model.Op) string {
	if op.ConfigCond == "" {
		return ""
	}
	return "CONFIG_" + upper(op.ConfigCond)
}

// callPolicy names the policy of a request. Only if do and dump have one each do
// they differ in the name.
func (e *emitter) callPolicy(op *model.Op, h half) string {
	name := e.ident + "_" + naming.C(op.Name)
	if op.Do != nil && op.Dump != nil && len(op.Do.RequestAttrs) > 0 && len(op.Dump.RequestAttrs) > 0 {
		name += "_" + h.mode
	}
	return name + "_nl_policy"
}

func (e *emitter) nestPolicy(s *model.AttrSet) string {
	return e.ident + "_" + naming.C(s.Name) + "_nl_policy"
}

// requested returns the attributes that any request has, in the order of the set.
func (e *emitter) requested() []*model.Attr {
	in := map[*model.Attr]bool{}
	var set *model.AttrSet
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			for _, a := range h.call.RequestAttrs {
				in[a] = true
				set = op.Set
			}
		}
	}
	if set == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(set.Attrs), func(a *model.Attr) bool { return !in[a] })
}

// requestNests returns the sets that requests have as nests or as bodies, sorted by name.
func (e *emitter) requestNests() []*model.AttrSet {
	seen, bodies := map[*model.AttrSet]bool{}, map[*model.SubMessage]bool{}
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			reachNests(h.call.RequestAttrs, seen)
			reachBodies(h.call.RequestParts, seen, bodies)
		}
	}
	var list []*model.AttrSet
	for _, s := range e.Sets {
		if seen[s] {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b *model.AttrSet) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func reachNests(attrs []*model.Attr, seen map[*model.AttrSet]bool) {
	for _, a := range attrs {
		reachSets(inside(a), seen)
	}
}

func reachSets(sets []*model.AttrSet, seen map[*model.AttrSet]bool) {
	for _, s := range sets {
		if !seen[s] {
			seen[s] = true
			reachNests(s.Attrs, seen)
		}
	}
}

func reachBodies(parts []*model.Part, seen map[*model.AttrSet]bool, bodies map[*model.SubMessage]bool) {
	for _, p := range parts {
		if p.Sub == nil || bodies[p.Sub] {
			continue
		}
		bodies[p.Sub] = true
		reachSets(formatSets(p.Sub), seen)
		for _, f := range p.Sub.Formats {
			reachBodies(f.Parts, seen, bodies)
		}
	}
}

// formatSets returns the sets of the forms of a sub-message.
func formatSets(s *model.SubMessage) []*model.AttrSet {
	var list []*model.AttrSet
	for _, f := range s.Formats {
		if f.Set != nil {
			list = append(list, f.Set)
		}
	}
	return list
}

// inside returns the sets of the attributes inside an attribute.
func inside(a *model.Attr) []*model.AttrSet {
	var list []*model.AttrSet
	if a.Nested != nil {
		list = append(list, a.Nested)
	}
	if a.Sub != nil {
		list = append(list, formatSets(a.Sub)...)
	}
	return list
}

// requestAttrs returns every attribute that a request may have, at any depth, once
// for each set it is declared in, in the order of the sets.
func (e *emitter) requestAttrs() []*model.Attr {
	in := map[string]bool{}
	note := func(attrs []*model.Attr) {
		for _, a := range attrs {
			in[a.CName] = true
		}
	}
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			note(h.call.RequestAttrs)
		}
	}
	for _, s := range e.requestNests() {
		note(s.Attrs)
	}
	var list []*model.Attr
	for _, s := range e.Sets {
		for _, a := range s.Attrs {
			if s.Subset == nil && in[a.CName] && a.Wire() {
				list = append(list, a)
			}
		}
	}
	return list
}

// policyValue returns the entry of an attribute in a policy.
func (e *emitter) policyValue(a *model.Attr) string {
	switch a.Type {
	case model.TypeString:
		return e.stringPolicy(a)
	case model.TypeBinary, model.TypeArray, model.TypeStruct:
		return e.binaryPolicy(a)
	case model.TypeBitfield32:
		return "NLA_POLICY_BITFIELD32(" + bitfieldMask(a) + ")"
	case model.TypeSubMessage:
		return e.subPolicy(a)
	case model.TypeRecords:
		return typeOnly("NLA_BINARY")
	case model.TypeNest, model.TypeOrdered:
		if unreached(a) {
			return typeOnly("NLA_NESTED")
		}
		return "NLA_POLICY_NESTED(" + e.nestPolicy(a.Nested) + ")"
	case model.TypeIndexedArray:
		if a.Elem == model.TypeNest && !unreached(a) {
			return "NLA_POLICY_NESTED_ARRAY(" + e.nestPolicy(a.Nested) + ")"
		}
		return typeOnly("NLA_NESTED")
	case model.TypeChain:
		return typeOnly("NLA_NESTED")
	case model.TypeFlag:
		return typeOnly("NLA_FLAG")
	}
	return e.scalarPolicy(a)
}

func typeOnly(t string) string { return "{ .type = " + t + ", }" }

func bitfieldMask(a *model.Attr) string {
	if a.Enum == nil {
		return "U32_MAX"
	}
	return fmt.Sprint(enumMask(a.Enum))
}

func (e *emitter) stringPolicy(a *model.Attr) string {
	t := "NLA_NUL_STRING"
	if a.Checks.UnterminatedOK {
		t = "NLA_STRING"
	}
	length := maxLen(a.Checks)
	switch {
	case a.Checks.ExactLen != nil:
		return "NLA_POLICY_EXACT_LEN(" + limitText(a.Checks.ExactLen, "") + ")"
	case a.Checks.MinLen != nil:
		return e.validated(a, t, length)
	case length != "":
		return "{ .type = " + t + ", .len = " + length + ", }"
	}
	return typeOnly(t)
}

func (e *emitter) binaryPolicy(a *model.Attr) string {
	c := a.Checks
	switch {
	case c.ExactLen != nil:
		return "NLA_POLICY_EXACT_LEN(" + limitText(c.ExactLen, "") + ")"
	case a.Type == model.TypeArray && elemSize(a) > 1:
		return e.validated(a, "NLA_BINARY", maxLen(c))
	case c.MinLen != nil && c.MaxLen != nil:
		return "NLA_POLICY_RANGE(NLA_BINARY, " + limitText(c.MinLen, "") + ", " + limitText(c.MaxLen, "") + ")"
	case c.MinLen != nil && e.lax():
		return "{ .len = " + limitText(c.MinLen, "") + ", }"
	case c.MinLen != nil:
		return "NLA_POLICY_MIN_LEN(" + limitText(c.MinLen, "") + ")"
	case c.MaxLen != nil:
		return "{ .type = NLA_BINARY, .len = " + limitText(c.MaxLen, "") + ", }"
	case a.Type == model.TypeStruct && flexible(a.Struct):
		return "NLA_POLICY_MIN_LEN(sizeof(" + a.Struct.CName + "))"
	case a.Type == model.TypeStruct:
		return "NLA_POLICY_EXACT_LEN(sizeof(" + a.Struct.CName + "))"
	}
	return typeOnly("NLA_BINARY")
}

// flexible reports whether a struct ends in an array without a length.
func flexible(s *model.Struct) bool {
	n := len(s.Members)
	return n > 0 && s.Members[n-1].Flexible
}

func maxLen(c model.Checks) string {
	if c.MaxLen == nil {
		return ""
	}
	return limitText(c.MaxLen, "")
}

// elemSize returns the size of an element of a C array.
func elemSize(a *model.Attr) int {
	switch a.Elem {
	case model.TypeU16, model.TypeS16:
		return 2
	case model.TypeU32, model.TypeS32:
		return 4
	case model.TypeU64, model.TypeS64:
		return 8
	}
	return 1
}

// lax reports whether no operation validates strictly. Only then may an entry of a
// policy have no type.
func (e *emitter) lax() bool {
	return !slices.ContainsFunc(e.Ops, func(op *model.Op) bool {
		return len(halves(op)) > 0 && !slices.Contains(op.DontValidate, "strict")
	})
}

// bounds returns the limits on a value: its own, or those of its enum.
func bounds(a *model.Attr) (low, high *model.Limit) {
	low, high = a.Checks.Min, a.Checks.Max
	if a.Enum == nil || a.AsFlags || a.Enum.Flags || len(a.Enum.Entries) == 0 {
		return low, high
	}
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for _, entry := range a.Enum.Entries {
		least, most = min(least, entry.Value), max(most, entry.Value)
	}
	if low == nil && (least != 0 || signed(a.Type)) {
		low = &model.Limit{Value: least, Text: fmt.Sprint(least)}
	}
	if high == nil {
		high = &model.Limit{Value: most, Text: fmt.Sprint(most)}
	}
	return low, high
}

func signed(t model.Type) bool { return strings.HasPrefix(t.String(), "s") }

// The limits an entry of a policy has room for.
const (
	inlineLow  = math.MinInt16
	inlineHigh = math.MaxInt16
)

// wide reports whether the limits of a value need a table of their own.
func wide(a *model.Attr) bool {
	outside := func(l *model.Limit) bool {
		return l != nil && (l.Unsigned != 0 || l.Value < inlineLow || l.Value > inlineHigh)
	}
	low, high := bounds(a)
	return !masked(a) && (outside(low) || outside(high))
}

// masked reports whether a value is a set of bits.
func masked(a *model.Attr) bool {
	return a.Checks.Mask != nil || a.Enum != nil && (a.AsFlags || a.Enum.Flags)
}

func sparse(a *model.Attr) bool { return a.Checks.Sparse && !masked(a) }

func valueMask(a *model.Attr) uint64 {
	if a.Enum != nil && (a.AsFlags || a.Enum.Flags) {
		return enumMask(a.Enum)
	}
	return *a.Checks.Mask
}

func (e *emitter) scalarPolicy(a *model.Attr) string {
	t := "NLA_" + upper(a.Type.String())
	if noWords(a) {
		return typeOnly(t)
	}
	low, high := bounds(a)
	if attrOrder(a) == big && (low != nil || high != nil) {
		t = "NLA_BE" + a.Type.String()[1:]
	}
	switch {
	case masked(a):
		return fmt.Sprintf("NLA_POLICY_MASK(%s, %#x)", t, valueMask(a))
	case wide(a) && signed(a.Type):
		return fmt.Sprintf("NLA_POLICY_FULL_RANGE_SIGNED(%s, &%s)", t, rangeName(a))
	case wide(a):
		return fmt.Sprintf("NLA_POLICY_FULL_RANGE(%s, &%s)", t, rangeName(a))
	case low != nil && high != nil:
		return fmt.Sprintf("NLA_POLICY_RANGE(%s, %s, %s)", t, limitText(low, ""), limitText(high, ""))
	case low != nil:
		return fmt.Sprintf("NLA_POLICY_MIN(%s, %s)", t, limitText(low, ""))
	case high != nil:
		return fmt.Sprintf("NLA_POLICY_MAX(%s, %s)", t, limitText(high, ""))
	}
	return typeOnly(t)
}

func rangeName(a *model.Attr) string { return naming.C(a.CName) + "_range" }

// limitText returns a limit as C writes it. The suffix is for numbers alone.
func limitText(l *model.Limit, suffix string) string {
	switch {
	case l.Const != nil && l.MinusOne:
		return "(" + l.Const.CName + " - 1)"
	case l.Const != nil:
		return l.Const.CName
	case strings.HasSuffix(l.Text, "-min") || strings.HasSuffix(l.Text, "-max"):
		return typeLimit(l)
	case l.Unsigned != 0:
		return fmt.Sprintf("%dULL", l.Unsigned)
	}
	return fmt.Sprintf("%d%s", l.Value, suffix)
}

// typeLimit returns the macro for the limit of a type; those of unsigned types
// exist for the maximum alone.
func typeLimit(l *model.Limit) string {
	if l.Value == 0 && l.Unsigned == 0 {
		return "0"
	}
	return upper(l.Text)
}

// checkedByFunction reports whether the entry of a policy needs a function, because
// it has no words for what is checked.
func checkedByFunction(a *model.Attr) bool {
	switch a.Type {
	case model.TypeArray:
		return elemSize(a) > 1 && a.Checks.ExactLen == nil
	case model.TypeString:
		return a.Checks.MinLen != nil && a.Checks.ExactLen == nil
	}
	return false
}

// checkedByParser reports whether what is checked of an integer is left to the
// functions that read messages. A function in its policy would make Linux warn when
// it describes the policy to a program.
func checkedByParser(a *model.Attr) bool { return isInteger(a) && (sparse(a) || noWords(a)) }

// noWords reports whether a policy cannot limit an integer: in the byte order it
// has, or with a mask of more than 32 bits.
func noWords(a *model.Attr) bool {
	if masked(a) && valueMask(a) > math.MaxUint32 {
		return true
	}
	low, high := bounds(a)
	limited := low != nil || high != nil
	inPolicy := attrOrder(a) == big && !wide(a) && (a.Type == model.TypeU16 || a.Type == model.TypeU32)
	return attrOrder(a) != host && (masked(a) || limited && !inPolicy)
}

func isInteger(a *model.Attr) bool { return scalarName(a.Type, host) != "" }

// validated is the entry for an attribute that a function of its own checks.
func (e *emitter) validated(a *model.Attr, t, length string) string {
	if length != "" {
		length = ", " + length
	}
	return "NLA_POLICY_VALIDATE_FN(" + t + ", " + e.validator(a) + length + ")"
}

func (e *emitter) validator(a *model.Attr) string { return naming.C(a.CName) + "_validate" }
