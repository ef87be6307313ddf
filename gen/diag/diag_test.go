package diag_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/diag"
)

func TestDiagnosticString(t *testing.T) {
	pos := diag.Pos{File: "a.yaml", Line: 3, Col: 7}
	tests := []struct {
		in   diag.Diagnostic
		want string
	}{
		{diag.Diagnostic{Msg: "what"}, "what"},
		{diag.Diagnostic{Pos: pos, Msg: "what"}, "a.yaml:3:7: what"},
		{diag.Diagnostic{Pos: pos, Path: "x/y", Msg: "what"}, "a.yaml:3:7: x/y: what"},
		{diag.Diagnostic{Pos: pos, Path: "x/y", Msg: "what", Hint: "do"}, "a.yaml:3:7: x/y: what; do"},
		{diag.Diagnostic{Pos: pos, Severity: diag.Warning, Msg: "what"}, "a.yaml:3:7: warning: what"},
		{diag.Diagnostic{Pos: pos, Severity: diag.Note, Path: "x", Msg: "what"}, "a.yaml:3:7: note: x: what"},
		{diag.Diagnostic{Pos: diag.Pos{File: "a.yaml", Line: 3}, Msg: "what"}, "a.yaml:3: what"},
		{diag.Diagnostic{Pos: diag.Pos{File: "a.yaml", Col: 7}, Msg: "what"}, "a.yaml: what"},
		{diag.Diagnostic{Pos: diag.Pos{Line: 3, Col: 7}, Msg: "what"}, "3:7: what"},
	}
	for _, tt := range tests {
		if got := tt.in.String(); got != tt.want {
			t.Errorf("%#v.String() = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestListSorted(t *testing.T) {
	at := func(file string, line, col int) diag.Pos { return diag.Pos{File: file, Line: line, Col: col} }
	var l diag.List
	l.Notef(at("b.yaml", 1, 1), "p", "n%d", 1)
	l.Errorf(at("b.yaml", 1, 1), "p", "e%d", 1)
	l.Warnf(at("a.yaml", 10, 1), "", "w")
	l.Errorf(at("a.yaml", 9, 3), "", "later column")
	l.Errorf(at("a.yaml", 9, 2), "", "twice")
	l.Errorf(at("a.yaml", 9, 2), "", "twice")
	const want = `a.yaml:9:2: twice
a.yaml:9:3: later column
a.yaml:10:1: warning: w
b.yaml:1:1: p: e1
b.yaml:1:1: note: p: n1
`
	if diff := cmp.Diff(want, l.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(l) != 6 || l[0].Msg != "n1" {
		t.Error("formatting changed the list")
	}
}

func TestListErr(t *testing.T) {
	var l diag.List
	l.Warnf(diag.Pos{}, "", "a warning")
	l.Notef(diag.Pos{}, "", "a note")
	if err := l.Err(); err != nil || l.HasErrors() {
		t.Fatalf("without errors: Err() = %v, HasErrors() = %v", err, l.HasErrors())
	}
	l.Errorf(diag.Pos{}, "", "second")
	l.Errorf(diag.Pos{}, "", "first")
	err := l.Err()
	if err == nil || err.Error() != "first\nsecond" {
		t.Fatalf("Err() = %v, want both errors and nothing else", err)
	}
	var errs *diag.Errors
	if !errors.As(err, &errs) || len(errs.List) != 2 {
		t.Errorf("Err() does not give the diagnostics back: %v", errs)
	}
}

func TestListFilter(t *testing.T) {
	var l diag.List
	l.Notef(diag.Pos{}, "", "note")
	l.Errorf(diag.Pos{}, "", "error")
	l.Warnf(diag.Pos{}, "", "warning")
	for least, want := range map[diag.Severity]int{diag.Error: 1, diag.Warning: 2, diag.Note: 3} {
		if got := len(l.Filter(least)); got != want {
			t.Errorf("Filter(%s) keeps %d, want %d", least, got, want)
		}
	}
}

func TestListJSON(t *testing.T) {
	var l diag.List
	if data, err := json.Marshal(l); err != nil || string(data) != "[]" {
		t.Errorf("empty list: %s, %v", data, err)
	}
	l.Add(diag.Diagnostic{
		Pos: diag.Pos{File: "a.yaml", Line: 1, Col: 2}, Severity: diag.Warning,
		Path: "p", Msg: "m", Hint: "h",
	})
	l.Errorf(diag.Pos{}, "", "bare")
	data, err := json.Marshal(l)
	const want = `[{"severity":"error","message":"bare"},` +
		`{"file":"a.yaml","line":1,"column":2,"severity":"warning","path":"p","message":"m","hint":"h"}]`
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v\nwant %s", data, err, want)
	}
}

func TestSeverityText(t *testing.T) {
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Note} {
		text, err := s.MarshalText()
		var back diag.Severity
		if err != nil || back.UnmarshalText(text) != nil || back != s {
			t.Errorf("%s: text %q, %v, back %s", s, text, err, back)
		}
	}
	unknown := diag.Severity(9)
	if _, err := unknown.MarshalText(); err == nil || unknown.String() != "Severity(9)" {
		t.Errorf("unknown severity: %v, %s", err, unknown)
	}
	if err := unknown.UnmarshalText([]byte("fatal")); err == nil {
		t.Error("an unknown text is accepted")
	}
}
