package diag

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// List collects diagnostics in the order they are found. The zero value is
// ready for use. A List is not safe for concurrent use.
type List []Diagnostic

// Add appends diagnostics to the list.
func (l *List) Add(ds ...Diagnostic) { *l = append(*l, ds...) }

// Errorf appends an error without a hint.
func (l *List) Errorf(pos Pos, path, format string, args ...any) {
	l.Add(Diagnostic{Pos: pos, Path: path, Msg: fmt.Sprintf(format, args...)})
}

// Warnf appends a warning without a hint.
func (l *List) Warnf(pos Pos, path, format string, args ...any) {
	l.Add(Diagnostic{Pos: pos, Severity: Warning, Path: path, Msg: fmt.Sprintf(format, args...)})
}

// Notef appends a note without a hint.
func (l *List) Notef(pos Pos, path, format string, args ...any) {
	l.Add(Diagnostic{Pos: pos, Severity: Note, Path: path, Msg: fmt.Sprintf(format, args...)})
}

// Sorted returns a copy ordered by file, line, column and then severity, path
// and text, without repeats.
func (l List) Sorted() List {
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, compare)
	return slices.Compact(sorted)
}

func compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.Pos.File, b.Pos.File),
		cmp.Compare(a.Pos.Line, b.Pos.Line),
		cmp.Compare(a.Pos.Col, b.Pos.Col),
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Msg, b.Msg),
		cmp.Compare(a.Hint, b.Hint),
	)
}

// Filter returns the diagnostics at least as grave as least, in order.
func (l List) Filter(least Severity) List {
	var out List
	for _, d := range l {
		if d.Severity <= least {
			out = append(out, d)
		}
	}
	return out
}

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Err returns nil if the list holds no error. Otherwise it returns an *[Errors]
// with the errors of the list, sorted; warnings and notes are left out.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return &Errors{List: l.Filter(Error).Sorted()}
}

// String formats the sorted list, one diagnostic per line.
func (l List) String() string {
	var b strings.Builder
	for _, d := range l.Sorted() {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

// MarshalJSON encodes the sorted list as an array of flat objects with the
// keys file, line, column, severity, path, message and hint.
func (l List) MarshalJSON() ([]byte, error) {
	out := make([]jsonDiagnostic, 0, len(l))
	for _, d := range l.Sorted() {
		out = append(out, jsonDiagnostic{
			File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Col,
			Severity: d.Severity, Path: d.Path, Message: d.Msg, Hint: d.Hint,
		})
	}
	return json.Marshal(out)
}

type jsonDiagnostic struct {
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Severity Severity `json:"severity"`
	Path     string   `json:"path,omitempty"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
}

// Errors is the error form of a list; use [errors.As] to get the diagnostics
// back.
type Errors struct{ List List }

// Error returns every diagnostic, one per line.
func (e *Errors) Error() string { return strings.TrimSuffix(e.List.String(), "\n") }
