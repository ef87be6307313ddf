package runtime

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
)

// trace shows a message, if anyone wants to see it: direction is "send" or
// "receive", name that of the operation or event whose form the message has.
func (c *Conn) trace(direction, name string, set, header int, raw []byte) {
	logger := c.config.logger
	logging := logger != nil && logger.Enabled(context.Background(), slog.LevelDebug)
	if !logging && !c.debug {
		return
	}
	var m message
	if _, err := c.family.split(&m, raw); err != nil {
		return
	}
	body := c.describe(&m, set, header)
	if logging {
		logger.Debug("netlink "+direction,
			slog.String("family", c.family.Name), slog.String("name", name),
			slog.Int("type", int(m.Type)), slog.String("flags", flagText(&m)),
			slog.Uint64("seq", uint64(m.Sequence)), slog.Uint64("port", uint64(m.PortID)),
			slog.String("body", body))
	}
	if c.debug {
		fmt.Fprintf(os.Stderr, "%s: %s %s: type=%d flags=%s seq=%d port=%d %s\n",
			c.family.Name, direction, name, m.Type, flagText(&m), m.Sequence, m.PortID, body)
	}
}

// flagText returns the names of the message's flags.
func flagText(m *message) string {
	if m.Type == typeError || m.Type == typeDone {
		return controlFlagNames.Format(m.Flags)
	}
	return Flags(m.Flags).String()
}

// describe returns the content of a message by name.
func (c *Conn) describe(m *message, set, header int) string {
	switch {
	case (m.Type == typeError || m.Type == typeDone) && !c.family.isData(m.Type):
		return describeControl(m)
	case set == 0 && header == 0 && !c.family.generic():
		return value(TypeBinary, m.body) // no attributes
	}
	if c.family.generic() {
		m.takeGenl()
	}
	t := newTree(c.family.Schema, m.body, 0, header, set)
	w := &describer{tree: t}
	if c.family.generic() {
		w.word("cmd=%d", m.Command)
	}
	w.content(t.root, t.children(t.root), 0)
	return w.String()
}

func describeControl(m *message) string {
	name := "NLMSG_ERROR"
	if m.Type == typeDone {
		name = "NLMSG_DONE"
	}
	x, err := parseExtack(m)
	switch {
	case err != nil:
		return err.Error()
	case x.errno != 0:
		return fmt.Sprintf("%s %d (%v) %q", name, int(x.errno), x.errno, x.text)
	case x.text != "":
		return fmt.Sprintf("%s 0 %q", name, x.text)
	}
	return name + " 0"
}

// A describer prints the attributes of a tree.
type describer struct {
	strings.Builder
	tree *tree
}

// word writes a word, with a space before it where one is needed.
func (w *describer) word(format string, args ...any) {
	if s := w.String(); s != "" && !strings.HasSuffix(s, "{") {
		w.WriteByte(' ')
	}
	fmt.Fprintf(w, format, args...)
}

// content writes the fixed header of n, if it has one, and the nodes inside it.
func (w *describer) content(n node, children []node, depth int) {
	if n.attr.Type == TypeNest || n.attr.Type == TypeSub {
		pos, _ := w.tree.content(n)
		if header := w.tree.b[n.pos:min(pos, n.end)]; len(header) > 0 {
			w.word("header=%x", header)
		}
	}
	for _, c := range children {
		w.node(c, depth)
	}
}

func (w *describer) node(n node, depth int) {
	children := w.tree.children(n)
	switch {
	case depth > maxDepth:
	case len(children) > 0 || n.attr.Type == TypeNest:
		w.word("%s={", n.name)
		w.content(n, children, depth+1)
		w.WriteByte('}')
	case n.attr.Type == TypeFlag:
		w.word("%s", n.name)
	default:
		w.word("%s=%s", n.name, value(n.attr.Type, w.tree.b[n.pos:n.end]))
	}
}

// maxShown bounds the bytes of a payload that the debug output shows.
const maxShown = 64

// value returns a payload as text.
func value(t Type, b []byte) string {
	switch t {
	case TypeString:
		return fmt.Sprintf("%q", cString(b))
	case TypeU8, TypeU16, TypeU32, TypeU64, TypeUint, TypeU16BE, TypeU32BE, TypeU64BE:
		if isWord(b) {
			return fmt.Sprint(unsigned(t, b))
		}
	case TypeS8, TypeS16, TypeS32, TypeS64, TypeSint:
		if isWord(b) {
			unused := 64 - 8*len(b)
			return fmt.Sprint(int64(unsigned(t, b)<<unused) >> unused)
		}
	case TypeAddr:
		if a, ok := netip.AddrFromSlice(b); ok {
			return a.String()
		}
	case TypeMAC:
		return net.HardwareAddr(b).String()
	case TypeBitfield32:
		if len(b) == 8 {
			return fmt.Sprintf("%#x/%#x", native.Uint32(b), native.Uint32(b[4:]))
		}
	case TypeIndexed, TypeChain, TypeRecords, TypeSub:
		if len(b) == 0 {
			return "{}"
		}
	}
	if len(b) > maxShown {
		return fmt.Sprintf("%x...(%d bytes)", b[:maxShown], len(b))
	}
	return hex.EncodeToString(b)
}

// isWord reports whether b has the length of an integer.
func isWord(b []byte) bool { return len(b) == 1 || len(b) == 2 || len(b) == 4 || len(b) == 8 }

// unsigned returns the integer in b, 0 if b does not have the length of one.
func unsigned(t Type, b []byte) uint64 {
	var order binary.ByteOrder = native
	if t >= TypeU16BE && t <= TypeU64BE {
		order = binary.BigEndian
	}
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	case 8:
		return order.Uint64(b)
	}
	return 0
}
