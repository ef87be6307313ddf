package kernel

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
)

// uapi returns the header that programs and the kernel share.
func (e *emitter) uapi() []byte {
	name := strings.TrimSuffix(strings.TrimPrefix(e.Header, "linux/"), ".h")
	w, end := e.guarded(e.Header, e.C.License.UAPI, "_UAPI_LINUX_"+upper(name)+"_H")
	e.uapiIncludes(w)
	e.uapiFamily(w)
	e.uapiDefinitions(w)
	e.uapiStructs(w)
	for _, s := range e.Sets {
		if s.Subset == nil && s.Header == "" {
			e.uapiSet(w, s)
		}
	}
	e.uapiOps(w)
	e.uapiGroups(w)
	return end()
}

// uapiIncludes includes what the structs need.
func (e *emitter) uapiIncludes(w *writer) {
	own := slices.ContainsFunc(e.Structs, func(s *model.Struct) bool { return s.Header == "" })
	if !own {
		return
	}
	w.p("#include <linux/types.h>")
	for _, h := range e.structHeaders() {
		w.p("#include <%s>", h)
	}
	w.blank()
}

// structHeaders returns the headers with the structs that are defined elsewhere.
func (e *emitter) structHeaders() []string {
	var list []string
	for _, s := range e.Structs {
		if s.Header != "" && !slices.Contains(list, s.Header) {
			list = append(list, s.Header)
		}
	}
	return list
}

// uapiFamily defines what a socket is opened with.
func (e *emitter) uapiFamily(w *writer) {
	if e.Generic {
		w.defines([]field{{e.C.FamilyName, strconv.Quote(e.Name)}, {e.C.VersionName, strconv.Itoa(int(e.Version))}})
	} else {
		w.defines([]field{{e.protocolMacro(), strconv.Itoa(e.Protocol)}})
	}
	w.blank()
}

func (e *emitter) protocolMacro() string { return "NETLINK_" + upper(e.Name) }

// A definition is a constant or an enum; both stand in the order of the spec.
type definition struct {
	pos model.Pos
	c   *model.Const
	e   *model.Enum
}

func (e *emitter) definitions(scope string) []definition {
	var list []definition
	for _, c := range e.Consts {
		if c.Header == "" && c.Scope == scope && c.CName != "" {
			list = append(list, definition{pos: c.Pos, c: c})
		}
	}
	for _, en := range e.Enums {
		if en.Header == "" && en.Scope == scope {
			list = append(list, definition{pos: en.Pos, e: en})
		}
	}
	slices.SortStableFunc(list, func(a, b definition) int { return a.pos.Line - b.pos.Line })
	return list
}

func (e *emitter) uapiDefinitions(w *writer) { printDefinitions(w, e.definitions("uapi")) }

func printDefinitions(w *writer, list []definition) {
	var macros []field
	flush := func() {
		w.defines(macros)
		w.blank()
		macros = nil
	}
	for _, d := range list {
		if d.c != nil {
			macros = append(macros, field{d.c.CName, constValue(d.c)})
			continue
		}
		flush()
		printEnum(w, d.e)
	}
	flush()
}

func constValue(c *model.Const) string {
	if c.IsString {
		return strconv.Quote(c.Str)
	}
	return strconv.FormatInt(c.Int, 10)
}

// printEnum prints an enum or flags definition with its documentation.
func printEnum(w *writer, en *model.Enum) {
	enumDoc(w, en)
	w.p("%s {", enumTag(en.CName))
	next := int64(0)
	for _, entry := range en.Entries {
		switch {
		case en.Flags && entry.Value == 63:
			w.p("\t%s = %#xULL,", entry.CName, entry.Mask())
		case en.Flags:
			w.p("\t%s = %d,", entry.CName, entry.Mask())
		case entry.Value != next:
			w.p("\t%s = %d,", entry.CName, entry.Value)
		default:
			w.p("\t%s,", entry.CName)
		}
		next = entry.Value + 1
	}
	printMax(w, en)
	w.p("};")
	w.blank()
}

// printMax prints the greatest value of an enum, or all flags together.
func printMax(w *writer, en *model.Enum) {
	if !en.RenderMax {
		return
	}
	w.blank()
	w.p("\t/* private: */")
	if en.Flags {
		w.p("\t%s = %d,", en.CMax, enumMask(en))
		return
	}
	count := "__" + en.CMax
	if en.CntName != "" {
		count = upper(en.CntName)
	}
	w.p("\t%s,", count)
	w.p("\t%s = (%s - 1)", en.CMax, count)
}

// enumMask returns the mask with every entry's bit.
func enumMask(en *model.Enum) uint64 {
	mask := uint64(0)
	for _, entry := range en.Entries {
		mask |= entry.Mask()
	}
	return mask
}

func enumTag(name string) string {
	if name == "" {
		return "enum"
	}
	return "enum " + naming.C(name)
}

// enumDoc prints a kernel-doc comment, or an ordinary one for an enum without a
// name, which kernel-doc cannot describe.
func enumDoc(w *writer, en *model.Enum) {
	var entries []field
	for _, entry := range en.Entries {
		entries = append(entries, field{entry.CName, entry.Doc})
	}
	head := ""
	if en.CName != "" {
		head = enumTag(en.CName)
	}
	printDoc(w, head, en.Doc, entries)
}

// printDoc prints the documentation of an enum and its entries, if there is any.
func printDoc(w *writer, head, doc string, entries []field) {
	entries = slices.DeleteFunc(slices.Clone(entries), func(f field) bool { return f.value == "" })
	if doc == "" && len(entries) == 0 {
		return
	}
	mark := "@"
	switch {
	case head == "" && len(entries) == 0:
		w.comment("", doc)
		return
	case head == "":
		mark = ""
		w.p("/*")
	default:
		w.p("/**")
	}
	switch {
	case head != "" && doc != "":
		w.text(" * "+head+" - ", " *   ", doc)
	case head != "":
		w.p(" * %s", head)
	case doc != "":
		w.text(" * ", " * ", doc)
	}
	for _, f := range entries {
		w.text(" * "+mark+f.name+": ", " *   ", f.value)
	}
	w.p(" */")
}

// uapiSet prints the numbers of the attributes of a set.
func (e *emitter) uapiSet(w *writer, s *model.AttrSet) {
	var docs []field
	var list []number
	for _, a := range s.Attrs {
		docs = append(docs, field{a.CName, a.Doc})
		list = append(list, number{a.CName, int(a.ID)})
	}
	head := ""
	if s.CName != "" {
		head = enumTag(s.CName)
	}
	if e.documented() {
		printDoc(w, head, s.Doc, docs)
	}
	e.printNumbers(w, enumTag(s.CName), list, s.CCount, s.CMax)
}

// documented reports whether the family's spec is of our kind, which documents
// every attribute. The kernel's own headers leave those comments out.
func (e *emitter) documented() bool {
	return !slices.ContainsFunc(e.Sets, func(s *model.AttrSet) bool { return s.Doc == "" })
}

// A number is a name and its value.
type number struct {
	name  string
	value int
}

// printNumbers prints an enum of numbers that ends with their count and maximum.
func (e *emitter) printNumbers(w *writer, head string, list []number, count, maximum string) {
	w.p("%s {", head)
	next := 0
	for _, n := range list {
		if n.value != next {
			w.p("\t%s = %d,", n.name, n.value)
		} else {
			w.p("\t%s,", n.name)
		}
		next = n.value + 1
	}
	w.blank()
	if e.C.MaxByDefine {
		w.p("\t%s", count)
		w.p("};")
		w.p("#define %s (%s - 1)", maximum, count)
	} else {
		w.p("\t%s,", count)
		w.p("\t%s = (%s - 1)", maximum, count)
		w.p("};")
	}
	w.blank()
}

// uapiOps prints the commands, or message types, of the family. Notifications
// with a prefix of their own have an enum of their own.
func (e *emitter) uapiOps(w *writer) {
	apart := e.C.AsyncPrefix != e.C.OpPrefix
	var requests, replies, events []number
	for _, op := range e.Ops {
		if op.Event != nil && apart {
			events = append(events, number{op.CName, int(op.ID)})
			continue
		}
		if n := (number{op.CName, int(opNumber(op))}); !slices.Contains(requests, n) {
			requests = append(requests, n)
		}
		for _, h := range halves(op) {
			reply := number{e.replyName(op, h.call), int(h.call.ReplyID)}
			if h.call.Reply != nil && e.opWith(h.call.ReplyID) == nil && !slices.Contains(replies, reply) {
				replies = append(replies, reply)
			}
		}
	}
	slices.SortStableFunc(requests, func(a, b number) int { return a.value - b.value })
	e.printNumbers(w, enumTag(e.C.OpEnum), requests, e.C.CmdCntName, e.C.CmdMaxName)
	printPlain(w, enumTag(e.C.AsyncEnum), events)
	printPlain(w, "enum", replies)
}

// printPlain prints an enum of numbers without a maximum.
func printPlain(w *writer, head string, list []number) {
	if len(list) == 0 {
		return
	}
	w.p("%s {", head)
	for _, n := range list {
		w.p("\t%s = %d,", n.name, n.value)
	}
	w.p("};")
	w.blank()
}

// opNumber returns the number of an operation's request or notification.
func opNumber(op *model.Op) uint16 {
	if op.Do != nil || op.Dump != nil {
		return op.RequestID
	}
	return op.ID
}

// opWith returns the first operation that has a number, or nil.
func (e *emitter) opWith(id uint16) *model.Op {
	for _, op := range e.Ops {
		if opNumber(op) == id {
			return op
		}
	}
	return nil
}

// replyName returns the C name of the number of a call's replies: that of the operation
// that has it, or one of their own.
func (e *emitter) replyName(op *model.Op, c *model.Call) string {
	if other := e.opWith(c.ReplyID); other != nil {
		return other.CName
	}
	if c == op.Dump && op.Do != nil && op.Do.Reply != nil && op.Do.ReplyID != c.ReplyID {
		return op.CName + "_DUMP_REPLY"
	}
	return op.CName + "_REPLY"
}

// uapiGroups prints the names of the groups, or their numbers.
func (e *emitter) uapiGroups(w *writer) {
	if !e.Generic {
		var list []number
		for _, g := range e.Groups {
			list = append(list, number{g.CName, int(g.Value)})
		}
		printPlain(w, "enum", list)
		return
	}
	var list []field
	for _, g := range e.Groups {
		list = append(list, field{g.CName, strconv.Quote(g.Name)})
	}
	w.defines(list)
}
