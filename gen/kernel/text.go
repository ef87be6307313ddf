package kernel

import (
	"bytes"
	"fmt"
	"strings"
)

// width is how long a line of the kernel's source should be at most.
const width = 80

// limit is how long a line may be where a shorter one would be harder to read.
const limit = 100

const tab = 8

// A writer collects the lines of a C file.
type writer struct{ b bytes.Buffer }

// bytes returns the file: no line too long that can be broken, one empty line where
// there are several, and none at the ends or behind an opening brace.
func (w *writer) bytes() []byte {
	var out writer
	empty := true
	for line := range strings.Lines(w.b.String()) {
		line = strings.TrimRight(line, " \t\n")
		if line == "" {
			empty = empty || out.b.Len() > 0 && !bytes.HasSuffix(out.b.Bytes(), []byte("{\n"))
			continue
		}
		if empty && out.b.Len() > 0 {
			out.b.WriteByte('\n')
		}
		empty = false
		out.broken(line)
	}
	return out.b.Bytes()
}

// broken prints a line, in several if it is too long.
func (w *writer) broken(line string) {
	var open []int
	for columns(line) > limit {
		head, rest, indent := breakLine(line, open)
		if indent == 0 {
			break
		}
		w.p("%s", head)
		line, open = rest, []int{indent}
	}
	w.p("%s", line)
}

// breakLine breaks a line inside parentheses, as few of them as possible. What
// follows begins at the column of the first character in them, which is 0 if there
// is no place. Open are such columns of earlier lines.
func breakLine(line string, open []int) (head, rest string, indent int) {
	if strings.HasPrefix(line, "#") || strings.Contains(line, "/*") || strings.HasPrefix(line, " *") {
		return "", "", 0
	}
	best, depth := 0, 0
	quoted := false
	for i, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			open = append(open, columns(line[:i+1]))
		case c == ')' && len(open) > 0:
			open = open[:len(open)-1]
		case c == ' ' && len(open) > 0 && breakable(line[:i]) && columns(line[:i]) <= limit:
			if best == 0 || len(open) <= depth {
				best, depth, indent = i, len(open), open[len(open)-1]
			}
		}
	}
	if best == 0 {
		return "", "", 0
	}
	return line[:best], pad(indent) + line[best+1:], indent
}

func breakable(head string) bool {
	for _, end := range []string{",", "&&", "||"} {
		if strings.HasSuffix(head, end) {
			return true
		}
	}
	return false
}

// p prints a line.
func (w *writer) p(format string, args ...any) {
	fmt.Fprintf(&w.b, format, args...)
	w.b.WriteByte('\n')
}

// blank prints an empty line, unless there is one already.
func (w *writer) blank() {
	if n := w.b.Len(); n > 1 && !bytes.HasSuffix(w.b.Bytes(), []byte("\n\n")) {
		w.b.WriteByte('\n')
	}
}

// text prints words with a prefix in front of each line. The first line has first
// instead.
func (w *writer) text(first, prefix, words string) {
	line := first
	for word := range strings.FieldsSeq(words) {
		if len(line) > len(prefix) && columns(line)+1+len(word) > width {
			w.p("%s", line)
			line = prefix + word
			continue
		}
		if !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	w.p("%s", strings.TrimRight(line, " "))
}

// comment prints a comment of its own, indented by tabs.
func (w *writer) comment(indent, words string) {
	if words == "" {
		return
	}
	if one := indent + "/* " + strings.Join(strings.Fields(words), " ") + " */"; columns(one) <= width {
		w.p("%s", one)
		return
	}
	w.p("%s/*", indent)
	w.text(indent+" * ", indent+" * ", words)
	w.p("%s */", indent)
}

// call prints head, a list in parentheses, and tail. The list is broken into lines
// that begin below its first element.
func (w *writer) call(head string, list []string, tail string) {
	line := head + "("
	indent := pad(columns(line))
	for i, s := range list {
		end := ", "
		if i == len(list)-1 {
			end = ")" + tail
		}
		if i > 0 && columns(line)+len(strings.TrimRight(s+end, " ")) > width {
			w.p("%s", strings.TrimRight(line, " "))
			line = indent
		}
		line += s + end
	}
	w.p("%s", line)
}

// prototype prints the declaration of a function.
func (w *writer) prototype(result, name string, params []string) {
	w.call(spaced(result, name), params, ";")
}

// spaced joins a type and a name as C does.
func spaced(typ, name string) string {
	if strings.HasSuffix(typ, "*") {
		return typ + name
	}
	return typ + " " + name
}

// fields prints the initialisers of a struct, with the values below each other.
func (w *writer) fields(indent string, list []field) {
	longest := 0
	for _, f := range list {
		longest = max(longest, len(f.name)+1)
	}
	stop := (longest/tab + 1) * tab
	for _, f := range list {
		name := "." + f.name
		w.p("%s%s%s= %s,", indent, name, tabs(len(name), stop), f.value)
	}
}

// A field is a member of a struct and its value.
type field struct{ name, value string }

// defines prints macros with their values below each other.
func (w *writer) defines(list []field) {
	longest := 0
	for _, f := range list {
		longest = max(longest, len("#define ")+len(f.name))
	}
	stop := (longest/tab + 1) * tab
	for _, f := range list {
		name := "#define " + f.name
		w.p("%s%s%s", name, tabs(len(name), stop), f.value)
	}
}

// tabs returns the tabs from one column to another, which is a multiple of a tab.
func tabs(from, to int) string { return strings.Repeat("\t", (to-from+tab-1)/tab) }

// pad returns white space up to a column.
func pad(column int) string {
	return strings.Repeat("\t", column/tab) + strings.Repeat(" ", column%tab)
}

// columns returns the columns a line takes.
func columns(line string) int {
	n := 0
	for _, r := range line {
		if r == '\t' {
			n = (n/tab + 1) * tab
		} else {
			n++
		}
	}
	return n
}
