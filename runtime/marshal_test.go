//go:build !race

package runtime

import "testing"

// TestMarshalAllocs runs without the race detector, which makes a sync.Pool forget.
func TestMarshalAllocs(t *testing.T) {
	l := &link{Ifname: Some("eth0")}
	var b []byte
	if allocs := testing.AllocsPerRun(100, func() { b, _ = Marshal(l) }); allocs != 1 {
		t.Errorf("%v allocations for %d bytes, want those alone", allocs, len(b))
	}
	if cap(b) > 2*len(b) {
		t.Errorf("%d bytes for a message of %d", cap(b), len(b))
	}
	var got link
	allocs := testing.AllocsPerRun(100, func() {
		got = link{}
		if err := Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 || got.Ifname != l.Ifname {
		t.Errorf("%v allocations for %v", allocs, got)
	}
}
