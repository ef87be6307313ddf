package dynamic

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// An Object is a message, nest or struct: members in order, each name once.
//
// Values are of these types: bool, string, [json.Number], int64, uint64,
// [Bytes], [Raw], *Object and []any of them. The zero Object is empty and ready
// for use. An Object must not be changed while others use it.
type Object struct {
	members []Member
	tail    tail
}

// A Member is a name and a value of an Object.
type Member struct {
	Name  string
	Value any
}

// tail is what a struct had beyond its known members, or how many bytes it was
// short of them.
type tail struct {
	rest    []byte
	missing int
}

// Members returns the members in order; the caller must not change them.
func (o *Object) Members() []Member { return o.members }

// Len returns the number of members.
func (o *Object) Len() int { return len(o.members) }

// Get returns the value of the member called name.
func (o *Object) Get(name string) (any, bool) {
	if i := o.index(name); i >= 0 {
		return o.members[i].Value, true
	}
	return nil, false
}

// Set changes the value of the member called name, or appends one.
func (o *Object) Set(name string, value any) {
	if i := o.index(name); i >= 0 {
		o.members[i].Value = value
		return
	}
	o.members = append(o.members, Member{name, value})
}

func (o *Object) index(name string) int {
	return slices.IndexFunc(o.members, func(m Member) bool { return m.Name == name })
}

// add appends value to the list that is the member called name.
func (o *Object) add(name string, value any) {
	list, _ := o.Get(name)
	l, _ := list.([]any)
	o.Set(name, append(l, value))
}

// join makes the member called name a list of what it was and of value.
func (o *Object) join(name string, old, value any) {
	if _, list := old.([]any); !list {
		o.Set(name, []any{old})
	}
	o.add(name, value)
}

// with returns a copy of o that has one more member.
func (o *Object) with(name string, value any) *Object {
	members := append(slices.Clone(o.members), Member{name, value})
	return &Object{members: members, tail: o.tail}
}

// MarshalJSON writes the members in order. Bytes of a string that are no UTF-8
// are replaced.
func (o *Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object and keeps the order of its members. Numbers
// become [json.Number].
func (o *Object) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := parseValue(d, 0)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the JSON ends too early")
	case err != nil:
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	obj, ok := v.(*Object)
	if !ok {
		return fmt.Errorf("%s, want a JSON object", describe(v))
	}
	*o = *obj
	return nil
}

// maxDepth bounds the nesting of JSON and of attributes. The kernel's own
// policies end at 10 levels.
const maxDepth = 64

func parseValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth > maxDepth {
		return nil, errTooDeep
	}
	if delim == '[' {
		return parseList(d, depth)
	}
	return parseMembers(d, depth)
}

func parseList(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func parseMembers(d *json.Decoder, depth int) (any, error) {
	o := new(Object)
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := t.(string) // the decoder has checked that names are strings
		if seen[name] {
			return nil, fmt.Errorf("%q is given twice", name)
		}
		seen[name] = true
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o.members = append(o.members, Member{name, v})
	}
	_, err := d.Token()
	return o, err
}

// Bytes is a binary value. Its text form is hex.
type Bytes []byte

// MarshalText returns the hex form.
func (b Bytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// Raw is the body of a sub-message whose kind is not known. Its text form is
// the payload in hex.
type Raw struct {
	Payload []byte
	Nested  bool // the attribute has the flag of nests
}

// MarshalText returns the payload in hex.
func (r Raw) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, r.Payload), nil }

// describe says what a value is, for errors.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case string:
		return fmt.Sprintf("%q", v)
	case *Object:
		return "an object"
	case []any:
		return "a list"
	case Bytes, Raw:
		return "bytes"
	}
	return fmt.Sprint(v)
}
