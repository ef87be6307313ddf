package roundtrip

import (
	"encoding"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"

	nl "github.com/nlgen/nlgen/runtime"
)

var (
	messageType      = reflect.TypeFor[nl.Message]()
	rawAttrsType     = reflect.TypeFor[nl.RawAttrs]()
	tailType         = reflect.TypeFor[nl.Tail]()
	addrType         = reflect.TypeFor[netip.Addr]()
	addrPortType     = reflect.TypeFor[netip.AddrPort]()
	hardwareAddrType = reflect.TypeFor[net.HardwareAddr]()
	durationType     = reflect.TypeFor[time.Duration]()
	optPkg           = messageType.PkgPath()
)

const (
	maxDepth = 3   // of nests
	attempts = 500 // to find a value that passes its checks
)

// A filler makes random values that pass the checks of their message.
type filler struct {
	rnd *rand.Rand
	Package
	stuck map[fieldOf]bool // fields for which no value was found
}

type fieldOf struct {
	typ   reflect.Type
	index int
}

func newFiller(p Package, seed uint64) *filler {
	return &filler{rand.New(rand.NewPCG(1, seed)), p, map[fieldOf]bool{}}
}

// isWhole reports whether the fields of a message cannot be absent, as those of a
// C struct.
func isWhole(typ reflect.Type) bool {
	for i := range typ.NumField() {
		if t := typ.Field(i).Type; t == rawAttrsType || typ.Field(i).Anonymous {
			return false
		}
	}
	return typ.NumField() > 0
}

// whole returns a pointer to a message with all fields set.
func (f *filler) whole(typ reflect.Type, depth int) reflect.Value {
	v := reflect.New(typ)
	for range attempts {
		for i := range typ.NumField() {
			f.member(v, i, depth)
		}
		if comesBack(v) {
			break
		}
	}
	return v
}

// member sets a field of a whole message to a value that encodes.
func (f *filler) member(v reflect.Value, i, depth int) {
	for range attempts {
		if v.Elem().Field(i).Type() == tailType {
			return
		}
		f.value(v.Elem().Field(i), depth)
		if _, err := nl.Marshal(v.Interface().(nl.Message)); err == nil {
			return
		}
	}
}

// message returns a pointer to a message with most fields set.
func (f *filler) message(typ reflect.Type, depth int) reflect.Value {
	v := f.fields(typ, depth)
	// A body of no known form may have got a selector that has one.
	for tries := 0; tries < attempts && hasBody(typ) && !comesBack(v); tries++ {
		v = f.fields(typ, depth)
	}
	return v
}

func hasBody(typ reflect.Type) bool {
	for i := range typ.NumField() {
		if isBody(typ.Field(i).Type) {
			return true
		}
	}
	return false
}

// isBody reports whether a type is the body of a sub-message, or a list of them.
func isBody(t reflect.Type) bool {
	return t.Kind() == reflect.Interface || t.Kind() == reflect.Slice && isBody(t.Elem())
}

// fields returns a pointer to a message with most fields set, each alone to a
// value that encodes and comes back.
func (f *filler) fields(typ reflect.Type, depth int) reflect.Value {
	v := reflect.New(typ)
	switch {
	case isRaw(typ):
		v.Elem().Field(0).Set(reflect.ValueOf(nl.Raw{Payload: f.bytes(f.rnd.IntN(9)), Nested: f.rnd.IntN(2) > 0}))
		return v
	case f.isPayload(typ):
		return f.payload(typ, depth)
	case isWhole(typ):
		return f.whole(typ, depth)
	}
	// Bodies of sub-messages come first: they say what the selector is.
	for _, bodies := range []bool{true, false} {
		for i := range typ.NumField() {
			isBody := isBody(typ.Field(i).Type)
			outer := isBody && named(f.Outer, typ, i)
			// The header may have selected a body already.
			header := !bodies && i == 0 && f.inHeader(typ)
			if isBody == bodies && !outer && !header && v.Elem().Field(i).IsZero() && f.wants(typ.Field(i).Type, depth) {
				f.field(v.Elem(), i, depth)
			}
		}
	}
	return v
}

// inHeader reports whether a member of the message's header selects a body.
func (f *filler) inHeader(typ reflect.Type) bool {
	for i := range typ.NumField() {
		if named(f.InHeader, typ, i) {
			return true
		}
	}
	return false
}

// wants decides whether a field is set: most are, but fewer nests the deeper the
// message is, so that recursive types stay small.
func (f *filler) wants(typ reflect.Type, depth int) bool {
	if depth > 0 && hasMessage(typ) {
		return f.rnd.IntN(4*depth) == 0
	}
	return f.rnd.IntN(8) > 0
}

// field sets a field of v to a value that encodes and comes back, and reports
// whether it found one. Where nests get too deep it leaves the field out.
func (f *filler) field(v reflect.Value, i, depth int) bool {
	typ := v.Type().Field(i).Type
	switch {
	case typ == tailType || depth >= maxDepth && hasMessage(typ):
		return false
	case isBody(typ):
		return f.body(v, i, depth)
	}
	tries := attempts
	if depth > 0 && f.stuck[fieldOf{v.Type(), i}] || hasMessage(typ) {
		tries = 1
	}
	for range tries {
		alone := reflect.New(v.Type())
		if named(f.Ordered, v.Type(), i) {
			f.ordered(alone.Elem().Field(i), depth)
		} else {
			f.value(alone.Elem().Field(i), depth)
		}
		if named(f.Records, v.Type(), i) {
			alone = again(alone)
		}
		if !alone.IsNil() && comesBack(alone) {
			v.Field(i).Set(alone.Elem().Field(i))
			return true
		}
	}
	f.stuck[fieldOf{v.Type(), i}] = true
	return false
}

// ordered sets a list of messages of which each has one field.
func (f *filler) ordered(list reflect.Value, depth int) {
	typ := list.Type().Elem()
	list.Set(reflect.MakeSlice(list.Type(), 0, 0))
	for range f.rnd.IntN(4) {
		elem := reflect.New(typ).Elem()
		if f.field(elem, f.rnd.IntN(typ.NumField()), depth+1) {
			list.Set(reflect.Append(list, elem))
		}
	}
}

// named reports whether a list has the field i of a type.
func named(list []string, typ reflect.Type, i int) bool {
	return slices.Contains(list, typ.Name()+"."+typ.Field(i).Name)
}

// hasMessage reports whether values of the type hold messages other than structs.
func hasMessage(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return true
	case reflect.Slice:
		return reflect.PointerTo(t.Elem()).Implements(messageType) || hasMessage(t.Elem())
	}
	return false
}

// comesBack reports whether the message encodes and decodes to itself.
func comesBack(m reflect.Value) bool {
	return reflect.DeepEqual(m.Interface(), again(m).Interface())
}

// again returns what the message is after encoding and decoding, nil if that
// fails.
func again(m reflect.Value) reflect.Value {
	got := reflect.New(m.Type().Elem())
	b, err := nl.Marshal(m.Interface().(nl.Message))
	if err != nil || nl.Unmarshal(b, got.Interface().(nl.Message)) != nil {
		return reflect.Zero(m.Type())
	}
	return got
}

// body sets a field to the body of a sub-message, and the field that selects it.
func (f *filler) body(v reflect.Value, i, depth int) bool {
	field := v.Type().Field(i).Type
	iface, isList := field, field.Kind() == reflect.Slice
	if isList {
		iface = field.Elem()
	}
	candidates := f.bodies(iface)
	if named(f.Outer, v.Type(), i) {
		candidates = slices.DeleteFunc(candidates, func(t reflect.Type) bool { return !isRaw(t) })
	}
	for _, c := range f.rnd.Perm(len(candidates)) {
		m := reflect.New(v.Type())
		m.Elem().Set(v)
		if body := f.message(candidates[c], depth+1); isList {
			m.Elem().Field(i).Set(reflect.Append(reflect.MakeSlice(field, 0, 1), body))
		} else {
			m.Elem().Field(i).Set(body)
		}
		if f.selected(m) {
			v.Set(m.Elem())
			return true
		}
	}
	return false
}

// bodies returns the types that implement an interface.
func (f *filler) bodies(iface reflect.Type) []reflect.Type {
	var types []reflect.Type
	for _, m := range slices.Concat(f.Messages, f.Unknown) {
		if t := reflect.TypeOf(m); t.Implements(iface) {
			types = append(types, t.Elem())
		}
	}
	return types
}

func isRaw(t reflect.Type) bool {
	return t.NumField() > 0 && t.Field(0).Type == reflect.TypeFor[nl.Raw]()
}

// selected finds a selector with which the message comes back: none, what the
// encoder fills in, or one of the known values.
func (f *filler) selected(m reflect.Value) bool {
	if f.filledIn(m) {
		return true
	}
	for _, set := range selectors(m.Elem()) {
		for _, s := range f.Selectors {
			before := reflect.New(m.Type().Elem()).Elem()
			before.Set(m.Elem())
			if set(s) && f.filledIn(m) {
				return true
			}
			m.Elem().Set(before)
		}
	}
	return false
}

// selectors returns functions that set what may be the selector in a message: an
// attribute that is absent, or a member of the header.
func selectors(m reflect.Value) []func(string) bool {
	var set []func(string) bool
	for i := range m.NumField() {
		switch field := m.Field(i); {
		case isOpt(field.Type()):
			set = append(set, func(s string) bool {
				if !field.IsZero() {
					return false
				}
				settable(field.Field(1)).SetBool(true)
				return setText(settable(field.Field(0)), s)
			})
		case i == 0 && field.Kind() == reflect.Struct:
			for j := range field.NumField() {
				set = append(set, func(s string) bool { return setText(field.Field(j), s) })
			}
		}
	}
	return set
}

// setText sets a string or an enum to the value of a selector.
func setText(v reflect.Value, s string) bool {
	if v.Kind() == reflect.String {
		v.SetString(s)
		return true
	}
	u, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok && u.UnmarshalText([]byte(s)) == nil
}

// filledIn reports whether the message comes back but for a selector that the
// encoder filled in, which it copies.
func (f *filler) filledIn(m reflect.Value) bool {
	got := again(m)
	if got.IsNil() {
		return false
	}
	full := reflect.New(m.Type().Elem())
	full.Elem().Set(m.Elem())
	for i := range full.Elem().NumField() {
		if field := full.Elem().Field(i); isOpt(field.Type()) && field.IsZero() {
			field.Set(got.Elem().Field(i))
		}
	}
	if !reflect.DeepEqual(full.Interface(), got.Interface()) {
		return false
	}
	m.Elem().Set(full.Elem())
	return true
}

func isOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == optPkg && strings.HasPrefix(t.Name(), "Opt[")
}

// setOpt makes an Opt present and its value what set leaves in it.
func setOpt(o reflect.Value, set func(reflect.Value)) {
	set(settable(o.Field(0)))
	settable(o.Field(1)).SetBool(true)
}

// settable gives access to an unexported field.
func settable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// value sets v to a random value.
func (f *filler) value(v reflect.Value, depth int) {
	switch t := v.Type(); {
	case t == rawAttrsType:
		v.Set(reflect.ValueOf(f.unknown()))
	case t == addrType:
		v.Set(reflect.ValueOf(f.addr()))
	case t == addrPortType:
		v.Set(reflect.ValueOf(netip.AddrPortFrom(f.addr(), uint16(f.rnd.Uint32()))))
	case t == hardwareAddrType:
		v.SetBytes(f.bytes(6))
	case t == durationType:
		units := []time.Duration{1, time.Microsecond, time.Millisecond, time.Second}
		v.SetInt(int64(f.rnd.IntN(200)) * int64(units[f.rnd.IntN(len(units))]))
	case isOpt(t):
		setOpt(v, func(v reflect.Value) { f.value(v, depth) })
	case t == keyValuesType:
		v.Set(reflect.ValueOf(f.keyValues()))
	case reflect.PointerTo(t).Implements(messageType):
		v.Set(f.message(t, depth+1).Elem())
	default:
		f.plain(v, depth)
	}
}

func (f *filler) plain(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.number()) * int64(1-2*f.rnd.IntN(2)))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(f.number())
	case reflect.String:
		v.SetString(strings.Map(func(r rune) rune { return 'a' + r%26 }, string(f.bytes(f.rnd.IntN(40)))))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.value(v.Elem(), depth)
	case reflect.Slice:
		f.slice(v, depth)
	case reflect.Array:
		for i := range v.Len() {
			f.value(v.Index(i), depth)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.value(v.Field(i), depth)
		}
	default:
		panic("no random value for a " + v.Type().String())
	}
}

func (f *filler) slice(v reflect.Value, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 && f.rnd.IntN(3) > 0 {
		v.SetBytes(f.bytes(f.length()))
		return
	}
	n := 1
	if f.rnd.IntN(2) == 0 { // the more elements, the fewer lists pass the checks
		n += f.rnd.IntN(3)
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		f.value(v.Index(i), depth)
	}
}

// length returns a length for bytes: often a small one, else a power of two.
func (f *filler) length() int {
	switch f.rnd.IntN(4) {
	case 0, 1:
		return f.rnd.IntN(20)
	case 2:
		return f.rnd.IntN(70)
	}
	return 1 << f.rnd.IntN(12)
}

// number returns a number of any magnitude, often a small one.
func (f *filler) number() uint64 {
	if f.rnd.IntN(4) == 0 {
		return f.rnd.Uint64N(16)
	}
	return f.rnd.Uint64() >> f.rnd.IntN(64)
}

func (f *filler) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.rnd.Uint32())
	}
	return b
}

func (f *filler) addr() netip.Addr {
	if f.rnd.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte(f.bytes(4)))
	}
	return netip.AddrFrom16([16]byte(f.bytes(16)))
}

// An unknown is an attribute that no message knows.
type unknown []byte

const unknownID = 0x3ff0

func (u *unknown) Encode(e *nl.Encoder, b []byte) []byte { return nl.AppendBytes(e, b, unknownID, *u) }
func (u *unknown) Decode(*nl.Decoder)                    {}

func (f *filler) unknown() nl.RawAttrs {
	u := unknown(f.bytes(f.rnd.IntN(9)))
	b, err := nl.Marshal(&u)
	if err != nil {
		panic(err)
	}
	return b
}
