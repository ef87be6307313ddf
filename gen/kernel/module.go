package kernel

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/templates"
)

var texts = template.Must(template.ParseFS(templates.Kernel, "kernel/*.tmpl"))

// template prints a text from the templates.
func (e *emitter) template(w *writer, name string) { e.execute(w, name, e.module()) }

func (e *emitter) execute(w *writer, name string, m *module) {
	w.blank()
	if err := texts.ExecuteTemplate(&w.b, name, m); err != nil {
		panic(err) // a mistake in the template
	}
	w.blank()
}

// A module is what the templates know of a family.
type module struct {
	*emitter
	Ident, Stem         string
	Protocol            string // macro or number of the netlink protocol
	HeaderSize          string // of what stands behind the netlink header, with a plus
	Builds              []*build
	Events              []*event
	Calls               []*call
	Dispatch            []*dispatch
	Sends, Dumps, Ports bool
	Unaligned           bool // a message of a dump may end where none can begin
	GroupCount          int
	OpenGroups          bool
	body                string // what was printed, for Uses
}

// A build is a message that is sent by itself.
type build struct {
	Name  string
	Empty bool
}

// An event is a notification.
type event struct {
	Op, Name, Type   string
	Empty            bool
	Group, GroupName string // macro; "" if the caller chooses
}

// GroupArg is the group in C.
func (ev *event) GroupArg() string {
	if ev.Group == "" {
		return "group"
	}
	return ev.Group
}

// A call is the do or the dump of an operation.
type call struct {
	Function, Handler, Author string
	Doc                       string // of the operation
	Request, Reply            string // structs; "" if there is nothing in the message
	Build, Type               string
	Dump, Replies, Echo       bool
	Register, Validate        string
	Bare                      bool // a request without attributes or anything else
	Attrs, AttrsLen           string
	Outside                   string // what is passed for selectors outside the request: there are none
}

// Err reports whether something can fail before the author's function returns.
func (c *call) Err() bool {
	return c.Request != "" || c.Validate != "" || c.Dump || c.Replies || c.Register != ""
}

// A dispatch is a message type of a classic protocol.
type dispatch struct {
	Type, Permission string
	Do, Dump         string // functions
}

func (e *emitter) module() *module {
	m := &module{
		emitter: e, Ident: e.ident, Stem: e.stem,
		Protocol: "NETLINK_GENERIC", HeaderSize: "GENL_HDRLEN + ",
		OpenGroups: len(e.Groups) > 0,
	}
	if !e.Generic {
		m.Protocol, m.HeaderSize = e.protocolMacro(), ""
	}
	for _, g := range e.Groups {
		m.GroupCount = max(m.GroupCount, int(g.Value))
		m.OpenGroups = m.OpenGroups && len(g.Flags) == 0
	}
	ps, authors := e.policies(), e.authors()
	for _, op := range e.Ops {
		m.addOp(op, ps, authors)
	}
	m.Sends = len(m.Builds) > 0 || m.Dumps
	m.Ports = len(m.Events) > 0
	return m
}

func (m *module) addOp(op *model.Op, ps *policies, authors map[*model.Call]string) {
	e := m.emitter
	if op.Event != nil {
		ev := &event{Op: naming.C(op.Name), Type: op.CName}
		ev.Name, ev.Empty = m.addBuild(op.Event.Message)
		if len(op.Groups) > 0 {
			ev.Group, ev.GroupName = e.groupArg(op.Groups[0]), op.Groups[0].Name
		}
		if p := typePart(op.Event.Message); p != nil {
			ev.Type = "msg->" + member(p.Name)
		}
		m.Events = append(m.Events, ev)
	}
	d := &dispatch{Type: op.CName, Permission: permission(op)}
	for _, h := range halves(op) {
		c := &call{
			Function: e.fn(h.mode + "_" + naming.C(op.Name)), Handler: e.handler(op, h), Author: authors[h.call], Doc: op.Doc,
			Request: e.structName(h.call.Request), Reply: e.structName(h.call.Reply),
			Dump: h.mode == "dump", Replies: h.call.Reply != nil, Echo: h.call.ReplyOptional,
			Type: e.replyName(op, h.call), Bare: e.bare(op, h),
			Outside: strings.Repeat("NULL, ", len(e.scopeOf(h.call.Request))),
		}
		if op.Set != nil && c.Request != "" {
			c.Attrs, c.AttrsLen = attrsPlace(op)
		}
		if !c.Bare {
			c.Validate = e.validation(op, h, ps.byCall[h.call])
		}
		if c.Dump {
			m.Dumps = true
			m.Unaligned = m.Unaligned || len(h.call.ReplyParts) > 0
			d.Dump = c.Function
		} else {
			d.Do, c.Register = c.Function, op.Register
			if c.Replies {
				c.Build, _ = m.addBuild(h.call.Reply)
			}
		}
		m.Calls = append(m.Calls, c)
	}
	if len(halves(op)) > 0 {
		m.Dispatch = append(m.Dispatch, d)
	}
}

// addBuild notes a message that is sent by itself, once.
func (m *module) addBuild(msg *model.Message) (name string, none bool) {
	none = empty(msg)
	name = m.emitter.fn(emptyMessage)
	if !none {
		name = m.messageName(msg)
	}
	if !slices.ContainsFunc(m.Builds, func(b *build) bool { return b.Name == name }) {
		m.Builds = append(m.Builds, &build{name, none})
	}
	return name, none
}

// typePart returns the part of an event that is the type of its message.
func typePart(msg *model.Message) *model.Part {
	for _, p := range msg.Parts {
		if p.Type == model.PartMessageType {
			return p
		}
	}
	return nil
}

// groupArg is the number of a group as functions of the kernel take it.
func (e *emitter) groupArg(g *model.Group) string {
	if e.Generic {
		return e.groupNumber(g)
	}
	return g.CName
}

func (e *emitter) structName(m *model.Message) string {
	if empty(m) {
		return ""
	}
	return e.messageName(m)
}

// authors names the functions that the author writes.
func (e *emitter) authors() map[*model.Call]string {
	taken := map[string]bool{}
	for _, name := range []string{"module_init", "module_exit", "port_closed"} {
		taken[e.ident+"_"+name] = true
	}
	for _, p := range e.hookPrototypes() {
		taken[p.name] = true
	}
	names := map[*model.Call]string{}
	for _, op := range e.Ops {
		for _, h := range halves(op) {
			name := e.ident + "_" + naming.C(op.Name)
			if h.mode == "dump" {
				name += "_next"
			}
			for taken[name] {
				name += "_" + h.mode
			}
			taken[name] = true
			names[h.call] = name
		}
	}
	return names
}

func permission(op *model.Op) string {
	switch {
	case slices.Contains(op.Flags, "admin-perm"):
		return "netlink_capable(ctx->skb, CAP_NET_ADMIN)"
	case slices.Contains(op.Flags, "uns-admin-perm"):
		return "netlink_ns_capable(ctx->skb, ctx->net->user_ns, CAP_NET_ADMIN)"
	}
	return ""
}

// bare reports whether a request is nothing but the netlink header.
func (e *emitter) bare(op *model.Op, h half) bool {
	return !e.Generic && op.Set == nil && empty(h.call.Request)
}

// attrsPlace returns the expressions for where the attributes of a request begin and
// for how many bytes they have.
func attrsPlace(op *model.Op) (data, length string) {
	if op.Header == nil {
		return "data", "len"
	}
	return "data + " + headerSize(op), "len - (int)" + headerSize(op)
}

func headerSize(op *model.Op) string { return "NLMSG_ALIGN(sizeof(" + op.Header.CName + "))" }

// validation is the statement that checks the attributes of a request, where the
// kernel has not done so already.
func (e *emitter) validation(op *model.Op, h half, p *policy) string {
	if e.Generic && !e.checkedAgain(op, h) || len(h.call.RequestParts) > 0 {
		return ""
	}
	level := e.strictness(h.call.RequestAttrs)
	if slices.Contains(op.DontValidate, "strict") || e.Generic && !e.loose(h.call.RequestAttrs) {
		level = "NL_VALIDATE_LIBERAL"
	}
	args := "0, NULL"
	if p != nil {
		args = p.last.CName + ", " + p.name
	}
	data, length := attrsPlace(op)
	check := ""
	if op.Header != nil {
		size := headerSize(op)
		check = fmt.Sprintf("\n\tif (len < (int)%s) {\n\t\tNL_SET_ERR_MSG(ctx->extack, \"message is shorter than its header\");\n\t\treturn -EINVAL;\n\t}", size)
	}
	if level == "NL_VALIDATE_LIBERAL" && p == nil {
		return check
	}
	return check + fmt.Sprintf("\n\terr = __nla_validate(%s, %s, %s, %s, ctx->extack);\n\tif (err)\n\t\treturn err;",
		data, length, args, level)
}

// Fn names something that is generated.
func (m *module) Fn(name string) string { return m.fn(name) }

// Indent is the white space up to the parameters of a function.
func (m *module) Indent(parts ...string) string { return pad(columns(strings.Join(parts, "") + "(")) }

// Uses reports whether what was printed calls a function.
func (m *module) Uses(name string) bool { return strings.Contains(m.body, m.fn(name)+"(") }

// Reply sends skb to the sender of a request.
func (m *module) Reply() string {
	if m.Generic {
		return m.Unicast("ctx->net", "ctx->portid")
	}
	return "nlmsg_unicast(ctx->skb->sk, skb, ctx->portid)"
}

// DepthMacro is the name of the limit of nests in each other.
func (m *module) DepthMacro() string { return m.depthMacro() }

// UsesDepth reports whether what was printed has a limit of nests.
func (m *module) UsesDepth() bool { return strings.Contains(m.body, m.depthMacro()) }

// Unicast sends skb to one socket.
func (m *module) Unicast(net, portid string) string {
	if m.Generic {
		return "genlmsg_unicast(" + net + ", skb, " + portid + ")"
	}
	return m.fn("send") + "(" + net + ", skb, " + portid + ")"
}

// Multicast sends skb to a group.
func (m *module) Multicast(group string) string {
	if m.Generic {
		return "genlmsg_multicast_netns(&" + m.fn("family") + ", net, skb, 0, " + group + ", gfp)"
	}
	return "nlmsg_multicast(" + m.fn("sock") + "(net), skb, 0, " + group + ", gfp)"
}

// Listeners tells whether anybody has joined a group.
func (m *module) Listeners(group string) string {
	if m.Generic {
		return "genl_has_listeners(&" + m.fn("family") + ", net, " + group + ")"
	}
	return m.fn("listeners") + "(net, " + group + ")"
}

// Config is the symbol in the kernel's configuration.
func (m *module) Config() string { return "CONFIG_" + m.ConfigSymbol() }

// ConfigSymbol is Config as Kconfig has it.
func (m *module) ConfigSymbol() string { return "NETLINK_" + upper(m.Name) }

// Help is the description of the family for Kconfig.
func (m *module) Help() string {
	doc := m.Doc
	if doc == "" {
		doc = "The netlink family " + m.Name + "."
	}
	var w writer
	w.text("\t ", "\t  ", doc)
	return w.b.String()
}

// handlersHeader declares what the author writes and what is there to write it with.
func (e *emitter) handlersHeader() []byte {
	w, end := e.guarded(e.ident+"_handlers.h", e.C.License.Source, "_"+upper(e.Name)+"_HANDLERS_H")
	m := e.module()
	e.execute(w, "handlers.h.tmpl", m)
	for i, f := range m.authorFunctions() {
		w.blank()
		w.comment("", m.Calls[i].Doc)
		w.prototype("int", f.name, f.params)
	}
	w.blank()
	if !m.Ports {
		return end()
	}
	w.p("/* Registers sockets, which are sent messages until they are closed. */")
	w.prototype("int", e.fn("port_add"), []string{"struct net *net", "u32 portid"})
	w.prototype("bool", e.fn("port_del"), []string{"struct net *net", "u32 portid"})
	w.blank()
	w.comment("", "Send notifications: to one socket, to those that have joined a group, to those that are registered.")
	for _, ev := range m.Events {
		var msg []string
		if !ev.Empty {
			msg = []string{"const struct " + ev.Name + " *msg"}
		}
		w.prototype("int", e.fn(ev.Op)+"_unicast", slices.Concat([]string{"struct net *net", "u32 portid"}, msg, []string{"gfp_t gfp"}))
		group := []string{"struct net *net"}
		if ev.Group == "" {
			group = append(group, "unsigned int group")
		}
		w.prototype("int", e.fn(ev.Op)+"_multicast", slices.Concat(group, msg, []string{"gfp_t gfp"}))
		w.prototype("int", e.fn(ev.Op)+"_to_ports", slices.Concat([]string{"struct net *net"}, msg))
	}
	return end()
}

// authorFunctions are the functions that handle requests.
func (m *module) authorFunctions() []prototype {
	var list []prototype
	for _, c := range m.Calls {
		params := []string{"struct " + m.fn("ctx") + " *ctx"}
		if c.Dump {
			params = append(params, "struct "+m.fn("cursor")+" *cursor")
		}
		if c.Request != "" {
			params = append(params, "const struct "+c.Request+" *req")
		}
		if c.Reply != "" {
			params = append(params, "struct "+c.Reply+" *reply")
		}
		list = append(list, prototype{"int", c.Author, params})
	}
	return list
}

// handlersSource is the file that the author goes on with.
func (e *emitter) handlersSource() []byte {
	w := &writer{}
	m := e.module()
	e.execute(w, "handlers.c.tmpl", m)
	define := func(p prototype, doc, result string) {
		w.blank()
		w.comment("", doc)
		p.head(w)
		if result != "" {
			w.p("\treturn %s;", result)
		}
		w.p("}")
	}
	for i, c := range m.Calls {
		result := "-EOPNOTSUPP"
		if c.Dump {
			result = "0"
		}
		define(m.authorFunctions()[i], c.Doc, result)
	}
	for _, p := range e.hookPrototypes() {
		define(p, "", map[string]string{"int": "0"}[p.result])
	}
	if priv := e.C.SockPriv; priv != "" {
		for _, what := range []string{"init", "destroy"} {
			define(prototype{"void", e.ident + "_nl_sock_priv_" + what, []string{priv + " *priv"}}, "", "")
		}
	}
	return w.bytes()
}

func (e *emitter) mainSource() []byte {
	w := e.begin(e.ident+"_main.c", e.C.License.Source)
	e.template(w, "main.c.tmpl")
	return w.bytes()
}

// buildFile prints a file of the build system.
func (e *emitter) buildFile(name string) []byte {
	w := &writer{}
	e.template(w, name)
	return w.bytes()
}
