package runtime

import (
	"bytes"
	"testing"
)

// everything decodes with each kind of attribute that leads deeper.
type everything struct {
	link    link
	entries []entry
	chains  []chain
	hops    []hop
	numbers []uint32
	body    *everything
	raw     RawAttrs
}

func (m *everything) Encode(_ *Encoder, b []byte) []byte { return b }

func (m *everything) Decode(d *Decoder) {
	for d.Next() {
		switch d.ID() % 8 {
		case 0:
			d.Enter()
			m.link.Decode(d)
			d.Leave()
		case 1:
			GetIndexed(d, &m.entries, (*entry).Decode)
		case 2:
			GetChains(d, &m.chains, (*chain).Decode)
		case 3:
			GetRecords(d, &m.hops, 0, (*hop).Decode)
		case 4:
			GetArray(d, &m.numbers, ReadU32[uint32])
		case 5:
			GetNest(d, &m.body)
		case 6:
			var o Opt[pair]
			GetStruct(d, &o)
		default:
			d.Unknown(&m.raw)
		}
	}
}

// FuzzDecode feeds any bytes to the decoder: it must end without a panic, and name
// the place of an error inside the message.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Join([][]byte{attr(8, linkBody(1, "a")), attr(9, attr(1, attr(1, u32(1)))), attr(10, attr(1, attr(2, attr(1, u32(1)))))}, nil))
	f.Add(bytes.Join([][]byte{attr(11, hopBytes(8, 1)), attr(12, u32(1)), attr(13, attr(13, attr(15))), attr(14, u32(1))}, nil))
	f.Add(attr(3, u32(1))[:6])
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Decoder
		d.Reset(b)
		new(everything).Decode(&d)
		if err := d.err; err != nil && (err.offset < 0 || err.offset > len(b)) {
			t.Errorf("error at %d of %d bytes: %s", err.offset, len(b), err.msg)
		}
	})
}

// FuzzLink checks that what decodes also encodes, and to the same again.
func FuzzLink(f *testing.F) {
	f.Add(linkBody(1, "eth0"))
	f.Add(append(linkBody(1, "eth0"), vethAttrs()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again link
		if Unmarshal(b, &m) != nil {
			return
		}
		first, err := Marshal(&m)
		if err != nil {
			return // decoding is more lenient: an MTU may be small
		}
		if err := Unmarshal(first, &again); err != nil {
			t.Fatal(err)
		}
		if second, err := Marshal(&again); err != nil || !bytes.Equal(first, second) {
			t.Errorf("%x\nbecame %x, %v", first, second, err)
		}
	})
}

// FuzzMessages feeds any bytes to what reads datagrams and control messages.
func FuzzMessages(f *testing.F) {
	req := message{raw: frame(16, 0, 1, 1, linkBody(1, "a"))}
	f.Add(errorReply(req, -17, attr(extackMsg, cstr("no")), attr(extackOffs, u32(32))))
	f.Add(doneReply(req, -22, flagInterrupted, attr(extackMissType, u32(3))))
	f.Add(answer(req, typeError, flagTLVs, u32(1), req.raw, attr(extackPolicy, attr(policyType, u32(4)))))
	f.Add(append(frame(16, 0, 1, 1), 1, 2, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			m, rest, err := splitMessage(b)
			if err != nil {
				return
			}
			if len(rest) >= len(b) {
				t.Fatal("no progress")
			}
			_ = describeControl(&m)
			m.takeGenl()
			b = rest
		}
	})
}

// FuzzPath names the attribute at any offset of any bytes, and all of them.
func FuzzPath(f *testing.F) {
	f.Add(append(linkBody(1, "eth0"), vethAttrs()...), offPeerName, uint16(3))
	f.Add(append(make([]byte, linkHeader), attr(9, attr(3, attr(4, attr(1, u32(5)))))...), 28, uint16(1))
	f.Add(append(make([]byte, linkHeader), attr(10, record(attr(1, u32(1))), record())...), 28, uint16(1))
	c, _ := dialFake(f, &linkFamily, slow)
	f.Fuzz(func(t *testing.T, b []byte, offset int, id uint16) {
		tree := newTree(&linkSchema, b, 0, linkHeader, setLink)
		tree.path(offset)
		if tree.missing(offset, id) == "" {
			t.Error("what is missing has no name")
		}
		c.describe(&message{Header: Header{Type: 16}, body: b}, setLink, linkHeader)
	})
}
