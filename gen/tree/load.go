package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
)

// maxNodes bounds a tree with its aliases expanded. The largest kernel spec
// has about 7,000.
const maxNodes = 1 << 17

// Load parses one YAML document into a tree. The name goes into positions and
// is not opened. Load never panics; if the text is not a single well-formed
// document, the node is nil and the list says why. A list without errors
// always comes with a node.
func Load(name string, data []byte) (*Node, diag.List) {
	l := &loader{file: name, open: map[*yaml.Node]bool{}}
	root := l.parse(data)
	if root == nil {
		return nil, l.diags
	}
	node := l.convert(root)
	if l.diags.HasErrors() {
		return nil, l.diags
	}
	return node, l.diags
}

type loader struct {
	file  string
	diags diag.List
	nodes int                 // made so far
	full  bool                // maxNodes was reached and reported
	open  map[*yaml.Node]bool // anchors being expanded, to notice cycles
}

func (l *loader) pos(n *yaml.Node) diag.Pos {
	return diag.Pos{File: l.file, Line: n.Line, Col: n.Column}
}

// parse returns the content of the only document, or nil after a diagnostic.
func (l *loader) parse(data []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(hideDirective(data)))
	doc, err := decodeDocument(dec)
	if errors.Is(err, io.EOF) {
		l.diags.Errorf(diag.Pos{File: l.file}, "", "the file holds no document")
		return nil
	}
	if err != nil {
		l.syntaxError(err)
		return nil
	}
	switch next, err := decodeDocument(dec); {
	case errors.Is(err, io.EOF):
		return doc.Content[0]
	case err != nil:
		l.syntaxError(err)
	default:
		l.diags.Errorf(l.pos(next), "", "a second document starts here; one file holds one document")
	}
	return nil
}

// decodeDocument turns a panic of the YAML parser, which malformed input has
// caused in the past, into an error.
func decodeDocument(dec *yaml.Decoder) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed document: %v", r)
		}
	}()
	doc = new(yaml.Node)
	if err = dec.Decode(doc); err == nil && len(doc.Content) == 0 {
		err = io.EOF
	}
	return doc, err
}

var directive = regexp.MustCompile(`\A((?:[ \t]*(?:#[^\n]*)?\r?\n)*)%YAML[ \t]+1\.[0-9]+[ \t]*(\r?\n)`)

// hideDirective blanks a leading %YAML line, which the parser refuses for
// version 1.2, and keeps the numbers of the lines.
func hideDirective(data []byte) []byte {
	return directive.ReplaceAll(data, []byte("$1$2"))
}

var yamlLine = regexp.MustCompile(`^line (\d+): `)

func (l *loader) syntaxError(err error) {
	pos := diag.Pos{File: l.file}
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		pos.Line, _ = strconv.Atoi(m[1])
		msg = strings.TrimPrefix(msg, m[0])
	}
	l.diags.Errorf(pos, "", "not valid YAML: %s", msg)
}

// convert copies y and all it refers to. It always returns a node.
func (l *loader) convert(y *yaml.Node) *Node {
	n := &Node{Kind: Scalar, Pos: l.pos(y), Tag: tagNull}
	if l.nodes++; l.nodes > maxNodes {
		l.overflow(n.Pos)
		return n
	}
	if y.Style&yaml.TaggedStyle != 0 {
		l.diags.Add(diag.Diagnostic{
			Pos: n.Pos, Msg: fmt.Sprintf("explicit tag %s", y.Tag),
			Hint: "specs have no tags; put text in quotes",
		})
	}
	switch y.Kind {
	case yaml.ScalarNode:
		n.Tag, n.Value, n.Quoted = y.ShortTag(), y.Value, y.Style != 0
	case yaml.SequenceNode:
		n.Kind, n.Tag = Sequence, ""
		l.nested(y, func() { l.items(n, y.Content) })
	case yaml.MappingNode:
		n.Kind, n.Tag = Mapping, ""
		l.nested(y, func() { l.fields(n, y.Content) })
	case yaml.AliasNode:
		return l.alias(y)
	}
	return n
}

func (l *loader) overflow(pos diag.Pos) {
	if !l.full {
		l.full = true
		l.diags.Errorf(pos, "", "the document has more than %d values with its aliases expanded", maxNodes)
	}
}

// nested runs f with y marked as being expanded.
func (l *loader) nested(y *yaml.Node, f func()) {
	l.open[y] = true
	f()
	delete(l.open, y)
}

func (l *loader) alias(y *yaml.Node) *Node {
	if l.open[y.Alias] {
		l.diags.Errorf(l.pos(y), "", "alias *%s stands inside what it refers to", y.Value)
		return &Node{Kind: Scalar, Pos: l.pos(y), Tag: tagNull}
	}
	return l.convert(y.Alias)
}

func (l *loader) items(n *Node, content []*yaml.Node) {
	for _, item := range content {
		if l.full {
			return
		}
		n.Items = append(n.Items, l.convert(item))
	}
}

func (l *loader) fields(n *Node, content []*yaml.Node) {
	seen := map[string]diag.Pos{}
	for i := 0; i+1 < len(content) && !l.full; i += 2 {
		key := l.convert(content[i])
		if key.Kind != Scalar {
			l.diags.Errorf(key.Pos, "", "%s as a key; keys are plain text", key.Kind)
			continue
		}
		if first, dup := seen[key.Value]; dup {
			l.diags.Errorf(key.Pos, "", "key %q stands twice in one mapping; the first is at %s", key.Value, first)
			continue
		}
		seen[key.Value] = key.Pos
		n.Fields = append(n.Fields, Field{Key: key, Value: l.convert(content[i+1])})
	}
}
