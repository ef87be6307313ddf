package runtime

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vethRequest is a newlink message whose parts lie at these offsets.
const (
	offIfname   = headerLen + linkHeader
	offLinkinfo = offIfname + 8
	offKind     = offLinkinfo + 4
	offData     = offKind + 12
	offPeer     = offData + 4
	offPeerName = offPeer + 4 + linkHeader
)

// vethAttrs are the attributes of that message.
func vethAttrs() RawAttrs {
	peer := attr(1|Nested, make([]byte, linkHeader), attr(attrIfname, cstr("v1")))
	return attr(attrLinkinfo|Nested, attr(1, cstr("veth")), attr(2|Nested, peer))
}

func TestError(t *testing.T) {
	tests := []struct {
		name  string
		reply func(req message) []byte
		want  string
	}{
		{"errno", func(req message) []byte { return errorReply(req, -1) },
			"rt-link: newlink: operation not permitted"},
		{"text", func(req message) []byte { return errorReply(req, -22, attr(extackMsg, cstr("no"))) },
			`rt-link: newlink: invalid argument (kernel: "no")`},
		{"attribute", func(req message) []byte {
			return errorReply(req, -17, attr(extackMsg, cstr("taken")), attr(extackOffs, u32(offPeerName)))
		}, `rt-link: newlink: linkinfo.data.peer.ifname: file exists (kernel: "taken")`},
		{"fixed header", func(req message) []byte { return errorReply(req, -22, attr(extackOffs, u32(headerLen+4))) },
			"rt-link: newlink: header: invalid argument"},
		{"offset beyond the request", func(req message) []byte { return errorReply(req, -22, attr(extackOffs, u32(1<<31))) },
			"rt-link: newlink: invalid argument"},
		{"offset in the netlink header", func(req message) []byte { return errorReply(req, -22, attr(extackOffs, u32(4))) },
			"rt-link: newlink: invalid argument"},
		{"missing", func(req message) []byte { return errorReply(req, -22, attr(extackMissType, u32(attrMTU))) },
			"rt-link: newlink: mtu is missing: invalid argument"},
		{"missing in a nest", func(req message) []byte {
			return errorReply(req, -22, attr(extackMissType, u32(1)), attr(extackMissNest, u32(offData)))
		}, "rt-link: newlink: linkinfo.data.peer is missing: invalid argument"},
		{"missing in a nest with header", func(req message) []byte {
			return errorReply(req, -22, attr(extackMissType, u32(attrMTU)), attr(extackMissNest, u32(offPeer)))
		}, "rt-link: newlink: linkinfo.data.peer.mtu is missing: invalid argument"},
		{"missing, unknown", func(req message) []byte { return errorReply(req, -22, attr(extackMissType, u32(77))) },
			"rt-link: newlink: #77 is missing: invalid argument"},
		{"policy", func(req message) []byte {
			p := attr(extackPolicy|Nested, attr(policyType, u32(4)), attr(policyMinU, u64(68)), attr(policyMaxU, u64(65535)))
			return errorReply(req, -34, attr(extackMsg, cstr("integer out of range")), attr(extackOffs, u32(offIfname)), p)
		}, `rt-link: newlink: ifname: numerical result out of range (kernel: "integer out of range", wants u32, 68 to 65535)`},
		{"whole request echoed", func(req message) []byte {
			return answer(req, typeError, flagTLVs, u32(uint32(0xffffffff)), req.raw, attr(extackMsg, cstr("no")))
		}, `rt-link: newlink: operation not permitted (kernel: "no")`},
		{"flag of the echoed header means replace", func(req message) []byte {
			echoed := append([]byte{}, req.raw...)
			native.PutUint16(echoed[6:], flagCapped)
			return answer(req, typeError, flagTLVs, u32(uint32(0xffffffff)), echoed, attr(extackMsg, cstr("no")))
		}, `rt-link: newlink: operation not permitted (kernel: "no")`},
		{"echoed length is nonsense", func(req message) []byte {
			echoed := append([]byte{}, req.raw...)
			native.PutUint32(echoed, 0xfffffff0)
			return answer(req, typeError, flagTLVs, u32(uint32(0xffffffff)), echoed, attr(extackMsg, cstr("no")))
		}, `rt-link: newlink: operation not permitted`},
		{"attributes without the flag", func(req message) []byte {
			return answer(req, typeError, flagCapped, u32(uint32(0xffffffff)), req.raw[:headerLen], attr(extackMsg, cstr("no")))
		}, "rt-link: newlink: operation not permitted"},
		{"malformed attributes", func(req message) []byte {
			return errorReply(req, -1, attr(extackOffs, u16(32)), attr(extackMsg, cstr("no")), u32(0xffff))
		}, `rt-link: newlink: operation not permitted (kernel: "no")`},
		{"number alone", func(req message) []byte { return answer(req, typeError, flagTLVs, u32(uint32(0xffffffff))) },
			"rt-link: newlink: operation not permitted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) { s.push(tt.reply(req)) })
			err := Exec(ctx, c, &opNewLink, &link{Ifname: Some("abc"), Unknown: vethAttrs()})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func u64(v uint64) []byte { return native.AppendUint64(nil, v) }

func TestErrorFields(t *testing.T) {
	c, _ := dialFake(t, &linkFamily, func(s *fakeSocket, req message) {
		s.push(errorReply(req, -22, attr(extackMsg, cstr("no")), attr(extackOffs, u32(offKind)),
			attr(extackMissType, u32(2)), attr(extackMissNest, u32(offLinkinfo)),
			attr(extackPolicy|Nested, attr(policyType, u32(11)), attr(policyMaxLen, u32(15)))))
	})
	err := Exec(ctx, c, &opNewLink, &link{Ifname: Some("abc"), Unknown: vethAttrs()})
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	want := &Error{
		Family: "rt-link", Op: "newlink", Errno: syscall.EINVAL, Message: "no", Attr: "linkinfo.kind",
		Missing: "linkinfo.data", Policy: &Policy{Type: "string", MaxLen: U32(15)}, Offset: offKind,
	}
	if diff := cmp.Diff(want, e, cmp.AllowUnexported(Opt[int64]{}, Opt[uint64]{}, Opt[uint32]{})); diff != "" {
		t.Error(diff)
	}
}

func TestErrorIs(t *testing.T) {
	tests := []struct {
		errno syscall.Errno
		is    []error
	}{
		{syscall.EEXIST, []error{os.ErrExist, syscall.EEXIST}},
		{syscall.ENOENT, []error{os.ErrNotExist, syscall.ENOENT}},
		{syscall.ENODEV, []error{os.ErrNotExist, syscall.ENODEV}},
		{syscall.ESRCH, []error{os.ErrNotExist, syscall.ESRCH}},
		{syscall.EADDRNOTAVAIL, []error{os.ErrNotExist}},
		{syscall.EPERM, []error{os.ErrPermission, syscall.EPERM}},
		{syscall.EACCES, []error{os.ErrPermission}},
		{syscall.EOPNOTSUPP, []error{errors.ErrUnsupported}},
		{syscall.EINVAL, nil},
	}
	all := []error{os.ErrExist, os.ErrNotExist, os.ErrPermission, errors.ErrUnsupported,
		syscall.EEXIST, syscall.ENOENT, syscall.ENODEV, syscall.ESRCH, syscall.EPERM}
	for _, tt := range tests {
		err := error(&Error{Errno: tt.errno})
		want := map[error]bool{}
		for _, e := range tt.is {
			want[e] = true
		}
		for _, e := range all {
			if got := errors.Is(err, e); got != want[e] {
				t.Errorf("errors.Is(%v, %v) = %v", tt.errno, e, got)
			}
		}
	}
}

func TestPolicyString(t *testing.T) {
	tests := []struct {
		attrs RawAttrs
		want  string
	}{
		{nil, ""},
		{attr(policyType, u32(1)), "flag"},
		{attr(policyType, u32(99)), "type 99"},
		{append(attr(policyType, u32(8)), append(attr(policyMinS, u64(1<<64-5)), attr(policyMaxS, u64(5))...)...), "s32, -5 to 5"},
		{append(attr(policyType, u32(10)), attr(policyMinLen, u32(4))...), "binary, at least 4 bytes"},
		{append(attr(policyType, u32(4)), attr(policyMask, u64(3))...), "u32, bits of 0x3"},
		{append(attr(policyType, u32(15)), attr(policyBitfield32Mask, u32(6))...), "bitfield32, bits of 0x6"},
	}
	for _, tt := range tests {
		var p Policy
		var d Decoder
		d.Reset(tt.attrs)
		p.decode(&d)
		if got := p.String(); got != tt.want || d.Err() != nil {
			t.Errorf("%x: %q, %v; want %q", []byte(tt.attrs), got, d.Err(), tt.want)
		}
	}
}
