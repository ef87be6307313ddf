package resolve

import (
	"strings"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/gen/naming"
	"github.com/nlgen/nlgen/gen/spec"
)

// cUpper spells a name as C macros and enumerators are.
func cUpper(name string) string { return strings.ToUpper(naming.C(name)) }

// headerName spells the name of a family as that of a file which make can have.
func headerName(family string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return r
		}
		if c := naming.C(string(r)); c == "_" {
			return '_'
		}
		return r
	}, family)
}

func (r *resolver) familyC() model.FamilyC {
	s, name := r.spec, r.spec.Name.Value
	c := model.FamilyC{
		FamilyName:   cUpper(s.CFamilyName.Or(name + "-family-name")),
		VersionName:  cUpper(s.CVersionName.Or(name + "-family-version")),
		KernelPolicy: string(s.KernelPolicy.Or(spec.PolicySplit)),
		MaxByDefine:  s.MaxByDefine.Value,
		License:      r.license(),
	}
	if k := s.KernelFamily; k != nil {
		c.SockPriv = k.SockPriv.Value
		for _, h := range k.Headers.Value {
			c.KernelHeaders = append(c.KernelHeaders, h.Value)
		}
	}
	ops := s.Operations
	c.OpPrefix = cUpper(ops.NamePrefix.Or(name + "-cmd-"))
	c.OpEnum = ops.EnumName.Value
	c.AsyncPrefix = c.OpPrefix
	if ops.AsyncPrefix.Set {
		c.AsyncPrefix = cUpper(ops.AsyncPrefix.Value)
	}
	c.AsyncEnum = ops.AsyncEnum.Value
	c.CmdMaxName = cUpper(s.CmdMaxName.Or(c.OpPrefix + "max"))
	c.CmdCntName = cUpper(s.CmdCntName.Or("__" + c.OpPrefix + "max"))
	return c
}
