package dynamic_test

import (
	"encoding/json"
	"testing"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/dynamic"
)

const mergeSpec = `
name: merges
protocol: genetlink-legacy
doc: A family for tests.
definitions:
  - {name: hdr, type: struct, members: [{name: index, type: u32}, {name: name, type: u32}]}
attribute-sets:
  - name: dev
    attributes:
      - {name: name, type: string}
      - {name: address, type: binary}
      - {name: names, type: string, multi-attr: true}
      - {name: peers, type: indexed-array, sub-type: nest, nested-attributes: peer}
      - {name: bands, type: nest-type-value, type-value: [band, part], nested-attributes: peer}
  - name: peer
    attributes:
      - {name: key, type: u32}
      - {name: ips, type: u32, multi-attr: true}
operations:
  fixed-header: hdr
  list:
    - name: get
      doc: Lists devices.
      attribute-set: dev
      dump: {reply: {attributes: [name, address, names, peers, bands]}}
      x-nlgen-merge:
        key: [header.index, header.name, name]
        lists: {names: {}, peers: {key: [key], lists: {ips: {}}}, bands: {lists: {ips: {}}}}
`

func TestMerge(t *testing.T) {
	f, diags := gen.Load("merges.yaml", []byte(mergeSpec), gen.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ items, want string }{
		"nothing":     {`[]`, `[]`},
		"one":         {`[{"index": 1}]`, `[{"index":1}]`},
		"first wins":  {`[{"index": 1, "name": "a"}, {"index": 1, "address": "01"}, {"index": 1, "address": "02"}]`, `[{"index":1,"name":"a","address":"01"}]`},
		"other key":   {`[{"index": 1, "name": "a"}, {"index": 1, "name": "b"}]`, `[{"index":1,"name":"a"},{"index":1,"name":"b"}]`},
		"header":      {`[{"index": 1, "header": {"name": 1}}, {"index": 1, "header": {"name": 2}}]`, `[{"index":1,"header":{"name":1}},{"index":1,"header":{"name":2}}]`},
		"same header": {`[{"header": {"name": 1}}, {"header": {"name": 1}, "names": ["a"]}]`, `[{"header":{"name":1},"names":["a"]}]`},
		"list":        {`[{"names": ["a", "b"]}, {"names": ["b", "c"]}]`, `[{"names":["a","b","b","c"]}]`},
		"elements": {
			`[{"peers": [{"0": {"key": 1, "ips": [1]}}]}, {"peers": [{"0": {"key": 1, "ips": [2]}}, {"1": {"key": 2}}]}, {"peers": [{"0": {"key": 1}}]}]`,
			`[{"peers":[{"0":{"key":1,"ips":[1,2]}},{"1":{"key":2}},{"0":{"key":1}}]}]`,
		},
		"chain":       {`[{"bands": {"band": 1, "part": 1, "ips": [1]}}, {"bands": {"band": 1, "part": 1, "ips": [2], "key": 7}}]`, `[{"bands":{"band":1,"part":1,"ips":[1,2],"key":7}}]`},
		"other chain": {`[{"bands": {"band": 1, "part": 1}}, {"bands": {"band": 1, "part": 2}}]`, `[{"bands":[{"band":1,"part":1},{"band":1,"part":2}]}]`},
		"chains": {
			`[{"bands": [{"band": 1, "part": 1}, {"band": 1, "part": 2}]}, {"bands": [{"band": 1, "part": 2, "key": 3}, {"band": 2, "part": 2}]}]`,
			`[{"bands":[{"band":1,"part":1},{"band":1,"part":2,"key":3},{"band":2,"part":2}]}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var items []*dynamic.Object
			if err := json.Unmarshal([]byte(c.items), &items); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(dynamic.Merge(items, f.Ops[0].Merge))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
