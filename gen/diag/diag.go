// Package diag holds positions in source files and the diagnostics that point
// at them.
//
// Every stage of the pipeline collects what it finds in a [List] and goes on,
// so that one run reports everything that is wrong. A diagnostic reads
//
//	file:line:col: path: what; hint
//
// where path is the slash path of the offending thing inside the spec. The
// package imports nothing of the project.
package diag

import (
	"fmt"
	"strconv"
	"strings"
)

// Pos is a place in a source file. Line and Col count from 1; a zero Line
// means the place is the file as a whole.
type Pos struct {
	File string
	Line int
	Col  int
}

// IsValid reports whether p names any place at all.
func (p Pos) IsValid() bool { return p != Pos{} }

// String formats p as file:line:col and leaves out the parts that are unknown.
func (p Pos) String() string {
	var parts []string
	if p.File != "" {
		parts = append(parts, p.File)
	}
	if p.Line > 0 {
		parts = append(parts, strconv.Itoa(p.Line))
		if p.Col > 0 {
			parts = append(parts, strconv.Itoa(p.Col))
		}
	}
	return strings.Join(parts, ":")
}

// Severity grades a diagnostic.
type Severity uint8

// The severities, gravest first, so that the zero value is an error.
const (
	Error   Severity = iota // the input cannot be used
	Warning                 // the input is used, but something looks wrong
	Note                    // a fact worth knowing
)

var severityNames = [...]string{Error: "error", Warning: "warning", Note: "note"}

// String returns the lower-case name of the severity.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("Severity(%d)", uint8(s))
}

// MarshalText encodes the severity as its name.
func (s Severity) MarshalText() ([]byte, error) {
	if int(s) >= len(severityNames) {
		return nil, fmt.Errorf("diag: unknown severity %d", uint8(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText decodes a severity from its name.
func (s *Severity) UnmarshalText(text []byte) error {
	for i, name := range severityNames {
		if name == string(text) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("diag: unknown severity %q", text)
}

// Diagnostic is one finding. Path and Hint may be empty.
type Diagnostic struct {
	Pos      Pos
	Severity Severity
	Path     string // slash path inside the spec, as overlays use it
	Msg      string // what is wrong, lower case, no full stop
	Hint     string // what to do about it
}

// String formats d on one line. Only errors do without the severity's name.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.Pos.IsValid() {
		b.WriteString(d.Pos.String() + ": ")
	}
	if d.Severity != Error {
		b.WriteString(d.Severity.String() + ": ")
	}
	if d.Path != "" {
		b.WriteString(d.Path + ": ")
	}
	b.WriteString(d.Msg)
	if d.Hint != "" {
		b.WriteString("; " + d.Hint)
	}
	return b.String()
}
