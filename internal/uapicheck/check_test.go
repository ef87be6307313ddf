package uapicheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/kernelsrc"
	"github.com/nlgen/nlgen/internal/testenv"
	"github.com/nlgen/nlgen/internal/uapicheck"
)

// wrong is a family with one fault of each kind, beside things that are right.
func wrong() *model.Family {
	at := func(line int) diag.Pos { return diag.Pos{File: "wrong.yaml", Line: line, Col: 1} }
	family := &model.Family{
		Name: "wrong", Pos: at(1), Header: "linux/if_addr.h", Version: 1,
		Consts: []*model.Const{
			{Name: "right", CName: "RTNL_FAMILY_IPMR", Int: 128, Pos: at(2), Header: "linux/rtnetlink.h"},
			{Name: "const", CName: "RTNL_FAMILY_IP6MR", Int: 130, Pos: at(3)},
			{Name: "text", CName: "IPVS_GENL_NAME", Str: "ipvs", IsString: true, Pos: at(4), Header: "linux/ip_vs.h"},
			{Name: "missing", CName: "NO_SUCH_CONSTANT", Pos: at(5)},
			{Name: "none", Int: 1, Pos: at(6)},
		},
		Enums: []*model.Enum{{Name: "flags", Flags: true, Entries: []*model.Entry{
			{Name: "right", CName: "IFA_F_NODAD", Value: 1, Pos: at(7)},
			{Name: "mask", CName: "IFA_F_NODAD", Value: 2, Pos: at(8)},
		}}},
		Structs: []*model.Struct{{
			Name: "header", CName: "struct ifaddrmsg", Size: 12, Pos: at(9), Members: []*model.Member{
				{Name: "offset", CName: "ifa_index", Type: model.TypeU32, Len: 4, Count: 1, Offset: 3, Pos: at(10)},
				{Name: "size", CName: "ifa_scope", Type: model.TypeU16, Len: 2, Count: 1, Offset: 3, Pos: at(11)},
				{Name: "gone", CName: "ifa_gone", Type: model.TypeU8, Len: 1, Count: 1, Pos: at(12)},
			},
		}},
		Sets: []*model.AttrSet{{Name: "addr", CMax: "IFA_MAX", Pos: at(13), Attrs: []*model.Attr{
			{Name: "address", CName: "IFA_ADDRESS", ID: 1, Pos: at(14)},
			{Name: "local", CName: "IFA_LOCAL", ID: 3, Pos: at(15)},
		}}},
		Ops: []*model.Op{
			{Name: "getaddr", CName: "RTM_GETADDR", Dump: &model.Call{}, RequestID: 22, ReplyID: 20, Pos: at(16)},
			{Name: "newaddr-ntf", CName: "RTM_NEWADDR", ID: 21, Pos: at(17)},
		},
		Groups: []*model.Group{{Name: "addr", CName: "RTNLGRP_IPV4_IFADDR", Value: 6, Pos: at(18)}},
	}
	return family
}

func TestCheckFindsFaults(t *testing.T) {
	c := compiler(t, kernelsrc.Dir(t))
	family := wrong()
	res, err := c.Check(uapicheck.Headers(family), uapicheck.Claims(family))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range res.Mismatches {
		got = append(got, m.String())
	}
	want := []string{
		"wrong.yaml:3:1: definitions/const: RTNL_FAMILY_IP6MR is 129 in the headers, the spec says 130",
		"wrong.yaml:4:1: definitions/text: IPVS_GENL_NAME is IPVS in the headers, the spec says ipvs",
		"wrong.yaml:8:1: definitions/flags/entries/mask: IFA_F_NODAD is 2 in the headers, the spec says 4",
		"wrong.yaml:9:1: definitions/header: sizeof(struct ifaddrmsg) is 8 in the headers, the spec says 12",
		"wrong.yaml:10:1: definitions/header/members/offset: __builtin_offsetof(struct ifaddrmsg, ifa_index) is 4 in the headers, the spec says 3",
		"wrong.yaml:11:1: definitions/header/members/size: sizeof(((struct ifaddrmsg *)0)->ifa_scope) is 1 in the headers, the spec says 2",
		"wrong.yaml:15:1: attribute-sets/addr/attributes/local: IFA_LOCAL is 2 in the headers, the spec says 3",
		"wrong.yaml:13:1: attribute-sets/addr: IFA_MAX > 3 ? IFA_MAX : 3 is 11 in the headers, the spec says 3",
		"wrong.yaml:17:1: operations/list/newaddr-ntf: RTM_NEWADDR is 20 in the headers, the spec says 21",
		"wrong.yaml:18:1: mcast-groups/list/addr: RTNLGRP_IPV4_IFADDR is 5 in the headers, the spec says 6",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("mismatches:\n%s\nwant:\n%s", g, w)
	}
	var unknown []string
	for _, claim := range res.Unknown {
		unknown = append(unknown, claim.Name)
	}
	if g, w := strings.Join(unknown, " "), "NO_SUCH_CONSTANT struct ifaddrmsg.ifa_gone struct ifaddrmsg.ifa_gone"; g != w {
		t.Errorf("unknown: %s, want %s", g, w)
	}
}

func TestCheckRefusesBrokenHeaders(t *testing.T) {
	dir := t.TempDir()
	header := filepath.Join(dir, "include", "uapi", "linux", "broken.h")
	if err := os.MkdirAll(filepath.Dir(header), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(header, []byte("#error broken\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	claims := []uapicheck.Claim{{Name: "one", Expr: "1", Want: "1"}}
	res, err := compiler(t, dir).Check([]string{"linux/broken.h"}, claims)
	if err == nil {
		t.Errorf("no error, but %v", res)
	}
}

// compiler returns the C compiler of the machine, for the headers of the
// kernel's source. Without one the test is skipped, with CI=true it fails.
func compiler(t *testing.T, source string) uapicheck.Compiler {
	t.Helper()
	return uapicheck.Compiler{
		Path: testenv.Program(t, "cc"), Include: filepath.Join(source, "include", "uapi"), Dir: t.TempDir(),
	}
}
