package spec

import "math"

// maxProtonum is the greatest netlink protocol number the kernel has room for.
const maxProtonum = 31

// spec reads the top level.
func (d *decoder) spec(n *Node) *Spec {
	m := d.mapping(n, "")
	s := &Spec{
		Pos:           n.Pos,
		Name:          val(m, "name", name),
		Doc:           val(m, "doc", text),
		Protocol:      val(m, "protocol", choice(Genetlink, GenetlinkC, GenetlinkLegacy, NetlinkRaw)),
		Protonum:      val(m, "protonum", upTo(maxProtonum)),
		Version:       val(m, "version", upTo(math.MaxUint8)),
		UAPIHeader:    val(m, "uapi-header", name),
		CFamilyName:   val(m, "c-family-name", name),
		CVersionName:  val(m, "c-version-name", name),
		MaxByDefine:   val(m, "max-by-define", boolean),
		CmdMaxName:    val(m, "cmd-max-name", name),
		CmdCntName:    val(m, "cmd-cnt-name", name),
		KernelPolicy:  val(m, "kernel-policy", choice(PolicySplit, PolicyPerOp, PolicyGlobal)),
		KernelFamily:  sub(m, "kernel-family", (*decoder).kernelFamily),
		Definitions:   list(m, "definitions", (*decoder).definition),
		AttributeSets: list(m, "attribute-sets", (*decoder).attributeSet),
		SubMessages:   list(m, "sub-messages", (*decoder).subMessage),
		Operations:    sub(m, "operations", (*decoder).operations),
		GoPackage:     val(m, keyPackage, name),
	}
	if groups := m.get("mcast-groups"); groups != nil {
		s.McastGroups = d.mcastGroups(groups, "mcast-groups")
	}
	m.done("name", "doc", "attribute-sets", "operations")
	return s
}

func (d *decoder) kernelFamily(n *Node, path string) *KernelFamily {
	m := d.mapping(n, path)
	defer m.done()
	return &KernelFamily{
		Pos:      n.Pos,
		Doc:      val(m, "doc", text),
		Headers:  vals(m, "headers", name),
		SockPriv: val(m, "sock-priv", name),
	}
}

// mcastGroups reads the groups. Paths leave out the key of the list, so that a
// group is mcast-groups/NAME.
func (d *decoder) mcastGroups(n *Node, path string) []*McastGroup {
	m := d.mapping(n, path)
	defer m.done("list")
	val(m, "doc", text)
	groups := m.get("list")
	if groups == nil {
		return nil
	}
	return listAt(d, groups, path, (*decoder).mcastGroup)
}

func (d *decoder) mcastGroup(n *Node, path string) *McastGroup {
	m := d.mapping(n, path)
	defer m.done("name")
	return &McastGroup{
		Pos:         n.Pos,
		Name:        val(m, "name", name),
		Doc:         val(m, "doc", text),
		Value:       val(m, "value", upTo(math.MaxUint32)),
		Flags:       vals(m, "flags", opFlag),
		CDefineName: val(m, "c-define-name", name),
		GoName:      val(m, keyGoName, name),
		CName:       val(m, keyCName, textOrNull),
	}
}
