package kernel

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// tableHeader declares what the tables need and offer.
func (e *emitter) tableHeader() []byte {
	w, end := e.guarded(e.stem+".h", e.C.License.Source, "_LINUX_"+upper(e.Name)+"_GEN_H")
	e.includes(w, "")
	printDefinitions(w, e.definitions("kernel"))
	ps := e.policies()
	e.commonNests(w, ps, func(p *policy) { w.p("extern %s;", p.declaration()) })
	w.blank()
	if ps.global != nil {
		w.p("/* Global operation policy for %s */", e.ident)
		w.p("extern %s;", ps.global.declaration())
		w.blank()
	}
	for _, p := range ps.calls {
		if !p.static {
			w.p("/* %s */", p.title)
			w.p("extern %s;", p.declaration())
			w.blank()
		}
	}
	if !e.Generic {
		return end()
	}
	if !e.wholeFamily() {
		w.p("/* Ops table for %s */", e.ident)
		w.p("extern %s;", e.opsDeclaration())
		w.blank()
	}
	e.hooks(w)
	e.handlers(w)
	e.groupNumbers(w)
	e.familyDeclaration(w)
	return end()
}

// includes prints the #include lines; a source includes its header by name.
func (e *emitter) includes(w *writer, header string) {
	w.p("#include <net/netlink.h>")
	if e.Generic {
		w.p("#include <net/genetlink.h>")
	}
	w.blank()
	if header != "" {
		w.p("#include %q", header)
		w.blank()
	}
	w.p("#include <uapi/%s>", e.Header)
	for _, h := range append(slices.Clone(e.C.KernelHeaders), e.definitionHeaders()...) {
		w.p("#include <%s>", h)
	}
	w.blank()
}

// definitionHeaders returns the headers of definitions that stand elsewhere. The UAPI
// header includes those that its own structs need, if it has any.
func (e *emitter) definitionHeaders() []string {
	var list []string
	add := func(header, scope string) {
		if header != "" && scope != "user" && !slices.Contains(list, header) {
			list = append(list, header)
		}
	}
	for _, c := range e.Consts {
		add(c.Header, c.Scope)
	}
	for _, en := range e.Enums {
		add(en.Header, en.Scope)
	}
	for _, s := range e.Structs {
		add(s.Header, "")
	}
	return list
}

// wholeFamily reports whether struct genl_family is generated as well. Families
// older than the generated tables have one of their own.
func (e *emitter) wholeFamily() bool { return e.Dialect == "genetlink" || e.whole }

func (e *emitter) commonNests(w *writer, ps *policies, print func(*policy)) {
	for i, p := range ps.nests {
		if i == 0 {
			w.p("/* Common nested types */")
		}
		print(p)
	}
}

// tableSource defines the tables.
func (e *emitter) tableSource() []byte {
	w := e.begin(e.stem+".c", e.C.License.Source)
	e.includes(w, e.stem+".h")
	e.ranges(w)
	for _, a := range e.requestAttrs() {
		if checkedByFunction(a) {
			e.validatorFunction(w, a)
		}
	}
	ps := e.policies()
	e.commonNests(w, ps, func(p *policy) { e.policyTable(w, p) })
	if ps.global != nil {
		w.p("/* Global operation policy for %s */", e.ident)
		e.policyTable(w, ps.global)
	}
	for _, p := range ps.calls {
		w.p("/* %s */", p.title)
		e.policyTable(w, p)
	}
	if !e.Generic {
		return w.bytes()
	}
	e.opsTable(w, ps)
	e.groupTable(w)
	e.familyDefinition(w)
	return w.bytes()
}

// ranges prints the limits that do not fit into a policy.
func (e *emitter) ranges(w *writer) {
	first := true
	for _, a := range e.requestAttrs() {
		if !isInteger(a) || !wide(a) || noWords(a) {
			continue
		}
		if first {
			w.p("/* Integer value ranges */")
			first = false
		}
		kind, suffix := "", "ULL"
		if signed(a.Type) {
			kind, suffix = "_signed", "LL"
		}
		var list []field
		low, high := bounds(a)
		if low != nil {
			list = append(list, field{"min", limitText(low, suffix)})
		}
		if high != nil {
			list = append(list, field{"max", limitText(high, suffix)})
		}
		w.p("static const struct netlink_range_validation%s %s = {", kind, rangeName(a))
		w.fields("\t", list)
		w.p("};")
		w.blank()
	}
}

func (e *emitter) policyTable(w *writer, p *policy) {
	static := ""
	if p.static {
		static = "static "
	}
	conditional(w, p.cond, func() {
		if p.last == nil {
			w.p("%s%s = {};", static, p.declaration())
			return
		}
		w.p("%s%s = {", static, p.declaration())
		for _, a := range p.attrs {
			if value := e.policyValue(a); value != "" {
				w.p("\t[%s] = %s,", a.CName, value)
			}
		}
		w.p("};")
	})
	w.blank()
}

// conditional puts lines between #ifdef and #endif, if there is a symbol.
func conditional(w *writer, symbol string, lines func()) {
	if symbol != "" {
		w.p("#ifdef %s", symbol)
		defer w.p("#endif /* %s */", symbol)
	}
	lines()
}

// opsStruct returns the type of an entry in the table of operations.
func (e *emitter) opsStruct() string {
	switch e.C.KernelPolicy {
	case globalPolicy:
		return "genl_small_ops"
	case perOpPolicy:
		return "genl_ops"
	}
	return "genl_split_ops"
}

func (e *emitter) opsDeclaration() string {
	count := ""
	if !e.wholeFamily() {
		count = fmt.Sprint(len(e.opEntries(nil)))
	}
	return fmt.Sprintf("const struct %s %s_nl_ops[%s]", e.opsStruct(), e.ident, count)
}

// An opEntry is an entry in the table of operations.
type opEntry struct {
	cond   string
	fields []field
}

// opEntries returns the table of operations.
func (e *emitter) opEntries(ps *policies) []opEntry {
	if ps == nil {
		ps = e.policies()
	}
	var list []opEntry
	for _, op := range e.tableOps() {
		all := halves(op)
		if len(all) == 0 {
			continue
		}
		if e.C.KernelPolicy != splitPolicy {
			list = append(list, opEntry{condition(op), e.joinedOp(op, all, ps)})
			continue
		}
		for _, h := range all {
			list = append(list, opEntry{condition(op), e.splitOp(op, h, ps)})
		}
	}
	return list
}

// tableOps are the operations in the order of a table: that of the spec, and in a
// family that we register that of the commands, which the kernel insists on.
func (e *emitter) tableOps() []*model.Op {
	if !e.whole {
		return e.Ops
	}
	return slices.SortedStableFunc(slices.Values(e.Ops), func(a, b *model.Op) int {
		return cmp.Compare(opNumber(a), opNumber(b))
	})
}

// lastLax returns the operation with the greatest number of those that are not
// validated strictly, or nil. The kernel wants to know where strict ones begin.
func (e *emitter) lastLax() *model.Op {
	var last *model.Op
	for _, op := range e.tableOps() {
		for _, h := range halves(op) {
			if len(e.laxity(op, h)) > 0 {
				last = op
			}
		}
	}
	return last
}

// laxity is what the kernel does not validate of a request.
func (e *emitter) laxity(op *model.Op, h half) []string {
	lax := slices.DeleteFunc(slices.Clone(op.DontValidate), func(s string) bool {
		return (s == "strict") != (h.mode == "do")
	})
	if e.loose(h.call.RequestAttrs) && len(lax) == 0 {
		return []string{map[string]string{"do": "strict", "dump": "dump-strict"}[h.mode]}
	}
	return lax
}

// joinedOp is the entry of an operation with both halves.
func (e *emitter) joinedOp(op *model.Op, all []half, ps *policies) []field {
	list := []field{{"cmd", op.CName}}
	list = appendFlags(list, "validate", "dont-validate-", op.DontValidate)
	for _, h := range all {
		list = append(list, field{h.mode + "it", e.handler(op, h)})
	}
	if p := ps.byCall[op.Do]; p != nil {
		list = append(list, field{"policy", p.name}, field{"maxattr", p.last.CName})
	}
	return appendFlags(list, "flags", "", op.Flags)
}

// splitOp is the entry of half an operation.
func (e *emitter) splitOp(op *model.Op, h half, ps *policies) []field {
	list := []field{{"cmd", op.CName}}
	list = appendFlags(list, "validate", "dont-validate-", e.laxity(op, h))
	before, after := "pre_doit", "post_doit"
	if h.mode == "dump" {
		before, after = "start", "done"
	}
	if h.call.Pre != "" {
		list = append(list, field{before, naming.C(h.call.Pre)})
	}
	list = append(list, field{h.mode + "it", e.handler(op, h)})
	if h.call.Post != "" {
		list = append(list, field{after, naming.C(h.call.Post)})
	}
	if p := ps.byCall[h.call]; p != nil {
		list = append(list, field{"policy", p.name}, field{"maxattr", p.last.CName})
	}
	return appendFlags(list, "flags", "", append(slices.Clone(op.Flags), "cmd-cap-"+h.mode))
}

// appendFlags adds a member that is a set of flags, if there are any.
func appendFlags(list []field, name, prefix string, flags []string) []field {
	if len(flags) == 0 {
		return list
	}
	var names []string
	for _, f := range flags {
		names = append(names, upper("genl-"+prefix+f))
	}
	return append(list, field{name, strings.Join(names, " | ")})
}

// handler names the function that the kernel calls for a request.
func (e *emitter) handler(op *model.Op, h half) string {
	return e.ident + "_nl_" + naming.C(op.Name) + "_" + h.mode + "it"
}

func (e *emitter) opsTable(w *writer, ps *policies) {
	static := ""
	if e.wholeFamily() {
		static = "static "
	}
	w.p("/* Ops table for %s */", e.ident)
	w.p("%s%s = {", static, e.opsDeclaration())
	open := ""
	toggle := func(cond string) {
		if open != cond && open != "" {
			w.p("#endif /* %s */", open)
		}
		if open != cond && cond != "" {
			w.p("#ifdef %s", cond)
		}
		open = cond
	}
	for _, entry := range e.opEntries(ps) {
		toggle(entry.cond)
		w.p("\t{")
		w.fields("\t\t", entry.fields)
		w.p("\t},")
	}
	toggle("")
	w.p("};")
	w.blank()
}

// hooks declares the functions around handlers.
func (e *emitter) hooks(w *writer) {
	for _, p := range e.hookPrototypes() {
		w.prototype(p.result, p.name, p.params)
	}
	w.blank()
}

func (e *emitter) hookPrototypes() []prototype {
	do := []string{"const struct genl_split_ops *ops", "struct sk_buff *skb", "struct genl_info *info"}
	dump := []string{"struct netlink_callback *cb"}
	var list []prototype
	for _, kind := range []struct {
		mode, result string
		params       []string
		hook         func(*model.Call) string
	}{
		{"do", "int", do, func(c *model.Call) string { return c.Pre }},
		{"do", "void", do, func(c *model.Call) string { return c.Post }},
		{"dump", "int", dump, func(c *model.Call) string { return c.Pre }},
		{"dump", "int", dump, func(c *model.Call) string { return c.Post }},
	} {
		seen := map[string]bool{"": true}
		for _, op := range e.Ops {
			for _, h := range halves(op) {
				if name := kind.hook(h.call); h.mode == kind.mode && !seen[name] {
					seen[name] = true
					list = append(list, prototype{kind.result, naming.C(name), kind.params})
				}
			}
		}
	}
	return list
}

// handlers declares the functions that the kernel calls for requests.
func (e *emitter) handlers(w *writer) {
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			w.prototype("int", e.handler(op, h), handlerParams(h))
		}
	}
	w.blank()
}

func handlerParams(h half) []string {
	if h.mode == "dump" {
		return []string{"struct sk_buff *skb", "struct netlink_callback *cb"}
	}
	return []string{"struct sk_buff *skb", "struct genl_info *info"}
}

// groupNumbers numbers the groups inside the family.
func (e *emitter) groupNumbers(w *writer) {
	if len(e.Groups) == 0 {
		return
	}
	w.p("enum {")
	for _, g := range e.Groups {
		w.p("\t%s,", e.groupNumber(g))
	}
	w.p("};")
	w.blank()
}

func (e *emitter) groupNumber(g *model.Group) string { return upper(e.Name + "-nlgrp-" + g.Name) }

func (e *emitter) groupTable(w *writer) {
	if len(e.Groups) == 0 {
		return
	}
	w.p("static const struct genl_multicast_group %s_nl_mcgrps[] = {", e.ident)
	for _, g := range e.Groups {
		flags := ""
		if len(g.Flags) > 0 {
			var names []string
			for _, f := range g.Flags {
				names = append(names, groupFlags[f])
			}
			flags = ".flags = " + strings.Join(names, " | ") + ", "
		}
		w.p("\t[%s] = { %q, %s},", e.groupNumber(g), g.Name, flags)
	}
	w.p("};")
	w.blank()
}

// groupFlags are the flags of groups; the kernel has other names for them than for
// those of operations.
var groupFlags = map[string]string{
	"admin-perm":     "GENL_MCAST_CAP_SYS_ADMIN",
	"uns-admin-perm": "GENL_MCAST_CAP_NET_ADMIN",
}

func (e *emitter) familyDeclaration(w *writer) {
	if !e.wholeFamily() {
		return
	}
	w.p("extern struct genl_family %s_nl_family;", e.ident)
	w.blank()
	if priv := e.C.SockPriv; priv != "" {
		for _, what := range []string{"init", "destroy"} {
			w.prototype("void", e.ident+"_nl_sock_priv_"+what, []string{priv + " *priv"})
		}
	}
}

func (e *emitter) familyDefinition(w *writer) {
	if !e.wholeFamily() {
		return
	}
	if e.C.SockPriv != "" {
		// The kernel calls with void pointers, and indirect calls must match.
		for _, what := range []string{"init", "destroy"} {
			name := e.ident + "_nl_sock_priv_" + what
			w.p("static void __%s(void *priv)", name)
			w.p("{")
			w.p("\t%s(priv);", name)
			w.p("}")
			w.blank()
		}
	}
	w.p("struct genl_family %s_nl_family __ro_after_init = {", e.ident)
	w.fields("\t", e.familyFields())
	w.p("};")
}

func (e *emitter) familyFields() []field {
	list := []field{
		{"name", e.C.FamilyName},
		{"version", e.C.VersionName},
		{"netnsok", "true"},
		{"parallel_ops", "true"},
		{"module", "THIS_MODULE"},
	}
	table := map[string]string{globalPolicy: "small_ops", perOpPolicy: "ops"}[e.C.KernelPolicy]
	if table == "" {
		table = "split_ops"
	}
	list = append(list, sized(table, e.ident+"_nl_ops")...)
	if p := e.policies().global; p != nil {
		list = append(list, field{"policy", p.name}, field{"maxattr", p.last.CName})
	}
	if op := e.lastLax(); e.whole && op != nil {
		list = append(list, field{"resv_start_op", op.CName + " + 1"})
	}
	if h := e.userHeader(); h != nil {
		list = append(list, field{"hdrsize", "NLMSG_ALIGN(sizeof(" + h.CName + "))"})
	}
	if len(e.Groups) > 0 {
		list = append(list, sized("mcgrps", e.ident+"_nl_mcgrps")...)
	}
	if priv := e.C.SockPriv; priv != "" {
		list = append(list,
			field{"sock_priv_size", "sizeof(" + priv + ")"},
			field{"sock_priv_init", "__" + e.ident + "_nl_sock_priv_init"},
			field{"sock_priv_destroy", "__" + e.ident + "_nl_sock_priv_destroy"})
	}
	return list
}

// userHeader returns the struct in front of the attributes of all messages, or nil.
func (e *emitter) userHeader() *model.Struct {
	for _, op := range e.Ops {
		if op.Header != nil {
			return op.Header
		}
	}
	return nil
}

// sized are the members for an array and its length.
func sized(name, array string) []field {
	return []field{{name, array}, {"n_" + name, "ARRAY_SIZE(" + array + ")"}}
}
