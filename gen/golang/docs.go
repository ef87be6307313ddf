package golang

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"
)

// Widths of comments: of declarations and of what is indented by one tab.
const (
	declWidth  = 80
	fieldWidth = 76
)

// doc writes text as a comment in front of a declaration; "" writes nothing.
func doc(g *jen.Group, text string) { comment(g, text, declWidth) }

// fieldDoc is doc for what stands in a block.
func fieldDoc(g *jen.Group, text string) { comment(g, text, fieldWidth) }

func comment(g *jen.Group, text string, width int) {
	if c := commentText(text, width); c != "" {
		// Text that starts with // is taken as it is.
		g.Comment(c)
	}
}

// commentText re-flows text to lines of comments. Paragraphs are separated by
// empty lines; a line that starts with a dash begins an item of a list.
func commentText(text string, width int) string {
	var lines []string
	for i, block := range blocks(text) {
		if i > 0 {
			lines = append(lines, "//")
		}
		for _, par := range block {
			lines = append(lines, wrap(par, width-len("// "))...)
		}
	}
	return strings.Join(lines, "\n")
}

// blocks splits text at empty lines, and each part into its paragraph and the
// items that follow.
func blocks(text string) [][]string {
	var out [][]string
	fresh := true
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "``", ""), "\n") {
		line = strings.TrimSpace(line)
		switch last := len(out) - 1; {
		case line == "":
			fresh = true
		case fresh:
			out = append(out, []string{line})
			fresh = false
		case strings.HasPrefix(line, "- "):
			out[last] = append(out[last], line)
		default:
			out[last][len(out[last])-1] += " " + line
		}
	}
	return out
}

// wrap breaks a paragraph into lines of comment of at most width bytes.
func wrap(text string, width int) []string {
	prefix, indent := "// ", "// "
	if item, ok := strings.CutPrefix(text, "- "); ok {
		text, prefix, indent = item, "//   - ", "//     "
		width -= 4
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, prefix+line)
			line, prefix = "", indent
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, prefix+line)
}

// identDoc makes text the comment of the declaration name, which must be its
// first word. What follows depends on how the text starts: with a verb, an
// article, a question word, a noun. Where no rule fits, and without text, it is
// lead, a sentence of a generated kind.
func identDoc(name, text, lead string) string {
	text = strings.TrimSpace(text)
	word, rest, _ := strings.Cut(text, " ")
	plural := strings.HasSuffix(word, "s")
	switch {
	case text == "":
		return name + " " + lead
	case word == name:
		return text
	case verbs[word] != "":
		return name + " " + verbs[word] + " " + rest
	case isThirdPerson(word):
		return name + " " + lowerFirst(text)
	case articles[word]:
		return name + " is " + lowerFirst(text)
	case questions[word]:
		return name + " says " + lowerFirst(text)
	case nouns[word], !plural && strings.HasPrefix(rest, "of "):
		return name + " is the " + lowerFirst(text)
	case plural && strings.HasPrefix(lead, "holds "):
		return name + " holds " + lowerFirst(text)
	}
	return name + " " + strings.TrimSuffix(lead, ".") + ": " + lowerFirst(text)
}

// eventDoc is identDoc for an event, whose text tells what happened.
func eventDoc(name, text, lead string) string {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if articles[word] && !strings.HasPrefix(rest, "notif") {
		return name + " says that " + lowerFirst(text)
	}
	return identDoc(name, text, lead)
}

var (
	articles  = set("A", "An", "The")
	questions = set("How", "What", "When", "Where", "Whether", "Which", "Who", "Whose", "Why")
	// nouns are first words that stand for the thing itself.
	nouns = set("Notification", "Reply", "Request")
	// properNouns stay capitalized.
	properNouns = set("Ethernet", "Geneve", "Linux", "Netlink", "Wireguard")
)

func set(words ...string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

// verbs turns the first word of a text that says what to do into what is done.
var verbs = map[string]string{
	"Add": "adds", "Allow": "allows", "Announce": "announces", "Bind": "binds",
	"Change": "changes", "Clear": "clears", "Configure": "configures", "Create": "creates",
	"Define": "defines", "Delete": "deletes", "Disable": "disables", "Dump": "dumps", "Enable": "enables",
	"Flush": "flushes", "Get": "gets", "List": "lists", "Modify": "modifies", "Move": "moves",
	"Provide": "provides", "Query": "queries", "Read": "reads", "Remove": "removes", "Replace": "replaces",
	"Report": "reports", "Reset": "resets", "Retrieve": "retrieves", "Return": "returns",
	"Run": "runs", "Send": "sends", "Set": "sets", "Start": "starts", "Stop": "stops",
	"Tell": "tells", "Test": "tests", "Trigger": "triggers", "Unbind": "unbinds",
	"Update": "updates", "Write": "writes",
}

// isThirdPerson reports whether the word is one of the verbs, as in "Gets".
func isThirdPerson(word string) bool {
	for _, v := range verbs {
		if lowerFirst(word) == v {
			return true
		}
	}
	return false
}

// lowerFirst makes the first letter lower-case unless the first word is more
// than capitalized: a name such as IPv4 or VLAN.
func lowerFirst(text string) string {
	word, _, _ := strings.Cut(text, " ")
	r, n := utf8.DecodeRuneInString(text)
	if n == 0 || properNouns[strings.Trim(word, ",.:;'s")] {
		return text
	}
	for _, c := range word[n:] {
		if unicode.IsUpper(c) || unicode.IsDigit(c) || c == '_' {
			return text
		}
	}
	return string(unicode.ToLower(r)) + text[n:]
}

// sentence appends facts to a text, each a sentence of its own.
func sentence(text string, facts ...string) string {
	text = strings.TrimSpace(text)
	for _, f := range facts {
		switch {
		case f == "":
		case text == "":
			text = f
		case strings.HasSuffix(text, "."):
			text += " " + f
		default:
			text += ". " + f
		}
	}
	return text
}
