package roundtrip

import (
	"reflect"
	"slices"
	"strconv"

	nl "github.com/nlgen/nlgen/runtime"
)

var keyValuesType = reflect.TypeFor[nl.KeyValues]()

func (f *filler) keyValues() nl.KeyValues {
	var list nl.KeyValues
	for i := range f.rnd.IntN(4) {
		list = append(list, nl.KeyValue{Key: "KEY" + strconv.Itoa(i), Value: "a=" + strconv.Itoa(f.rnd.IntN(1000))})
	}
	return list
}

// payload returns a pointer to a message that consists of parts, with all of them
// set. Its structs say what is in other parts: those members are as the encoder
// fills them in.
func (f *filler) payload(typ reflect.Type, depth int) reflect.Value {
	for range attempts {
		v := reflect.New(typ)
		for i := range typ.NumField() {
			f.partOf(v.Elem(), i, depth)
		}
		if filled := again(v); !filled.IsNil() && comesBack(filled) {
			f.vary(filled, depth)
			return filled
		}
	}
	return reflect.New(typ)
}

func (f *filler) partOf(v reflect.Value, i, depth int) {
	field := v.Field(i)
	switch {
	case named(f.Hidden, v.Type(), i), field.Kind() == reflect.Struct:
	case field.Kind() == reflect.Interface:
		bodies := f.bodies(field.Type())
		field.Set(f.message(bodies[f.rnd.IntN(len(bodies))], depth+1))
	default:
		f.value(field, depth)
	}
}

// vary sets those members of the structs that say nothing about other parts.
func (f *filler) vary(v reflect.Value, depth int) {
	for i := range v.Elem().NumField() {
		field := v.Elem().Field(i)
		if field.Kind() != reflect.Struct {
			continue
		}
		for j := range field.NumField() {
			if field.Type().Field(j).Type == tailType {
				continue
			}
			before := reflect.New(field.Field(j).Type()).Elem()
			before.Set(field.Field(j))
			for range attempts {
				if f.value(field.Field(j), depth); comesBack(v) {
					break
				}
				field.Field(j).Set(before)
			}
		}
	}
}

// isPayload reports whether messages of the type consist of parts.
func (f *filler) isPayload(typ reflect.Type) bool { return slices.Contains(f.Payloads, typ.Name()) }
