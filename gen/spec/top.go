package spec

import (
	"math"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/tree"
)

// maxProtonum is the greatest netlink protocol number the kernel has room for.
const maxProtonum = 31

// Options adjusts [Decode].
type Options struct {
	Lenient bool // an unknown key is a warning instead of an error
}

// Decode reads the tree of a spec. It reports everything wrong with its shape
// and returns as much of the spec as could be read, never nil. The spec may be
// used only if the list has no errors. Decode does not change or keep n.
func Decode(n *tree.Node, opts Options) (*Spec, diag.List) {
	d := &tree.Decoder{Lenient: opts.Lenient}
	s := top(d.Root(n))
	return s, d.Diags
}

func top(c tree.Cursor) *Spec {
	m := c.Map()
	s := &Spec{
		Pos:           c.Node.Pos,
		Name:          tree.Value(m, "name", tree.Name),
		Doc:           tree.Value(m, "doc", tree.Text),
		Protocol:      tree.Value(m, "protocol", tree.Choice(Genetlink, GenetlinkC, GenetlinkLegacy, NetlinkRaw)),
		Protonum:      tree.Value(m, "protonum", tree.UpTo(maxProtonum)),
		Version:       tree.Value(m, "version", tree.UpTo(math.MaxUint8)),
		UAPIHeader:    tree.Value(m, "uapi-header", tree.Name),
		CFamilyName:   tree.Value(m, "c-family-name", tree.Name),
		CVersionName:  tree.Value(m, "c-version-name", tree.Name),
		MaxByDefine:   tree.Value(m, "max-by-define", tree.Bool),
		CmdMaxName:    tree.Value(m, "cmd-max-name", tree.Name),
		CmdCntName:    tree.Value(m, "cmd-cnt-name", tree.Name),
		KernelPolicy:  tree.Value(m, "kernel-policy", tree.Choice(PolicySplit, PolicyPerOp, PolicyGlobal)),
		KernelFamily:  tree.Sub(m, "kernel-family", kernelFamily),
		Definitions:   tree.List(m, "definitions", definition),
		AttributeSets: tree.List(m, "attribute-sets", attributeSet),
		SubMessages:   tree.List(m, "sub-messages", subMessage),
		Operations:    tree.Sub(m, "operations", operations),
		GoPackage:     tree.Value(m, keyPackage, tree.Name),
		License:       tree.Value(m, keyLicense, tree.Text),
		Framing:       tree.Value(m, keyFraming, tree.Choice(FramingNetlink, FramingNone)),
		Senders:       tree.Value(m, keySenders, tree.Choice(SendersKernel, SendersAny)),
	}
	if groups, ok := m.Field("mcast-groups"); ok {
		s.McastGroups = mcastGroups(groups)
	}
	m.Done("name", "doc", "attribute-sets", "operations")
	return s
}

func kernelFamily(c tree.Cursor) *KernelFamily {
	m := c.Map()
	defer m.Done()
	return &KernelFamily{
		Pos:      c.Node.Pos,
		Doc:      tree.Value(m, "doc", tree.Text),
		Headers:  tree.Values(m, "headers", tree.Name),
		SockPriv: tree.Value(m, "sock-priv", tree.Name),
	}
}

// mcastGroups reads the groups. Paths leave out the key of the list, so that a
// group is mcast-groups/NAME.
func mcastGroups(c tree.Cursor) []*McastGroup {
	m := c.Map()
	defer m.Done("list")
	tree.Value(m, "doc", tree.Text)
	groups, ok := m.Field("list")
	if !ok {
		return nil
	}
	groups.Path = c.Path
	return tree.Each(groups, mcastGroup)
}

func mcastGroup(c tree.Cursor) *McastGroup {
	m := c.Map()
	defer m.Done("name")
	return &McastGroup{
		Pos:         c.Node.Pos,
		Name:        tree.Value(m, "name", tree.Name),
		Doc:         tree.Value(m, "doc", tree.Text),
		Value:       tree.Value(m, "value", tree.UpTo(math.MaxUint32)),
		Mask:        tree.Value(m, keyMask, tree.UpTo(math.MaxUint32)),
		Flags:       tree.Values(m, "flags", opFlag),
		CDefineName: tree.Value(m, "c-define-name", tree.Name),
		GoName:      tree.Value(m, keyGoName, tree.Name),
		CName:       tree.Value(m, keyCName, tree.TextOrNull),
	}
}
