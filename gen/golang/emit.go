package golang

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/model"
)

// Options adjusts [Emit].
type Options struct {
	// Runtime is the import path of the package that generated code calls; ""
	// is nlgen's.
	Runtime string
}

// A File is a file of the generated package.
type File struct {
	Name string
	Data []byte
}

// Emit returns the files of the Go package for a family, in the order in which
// they are best read.
func Emit(f *model.Family, opts Options) ([]File, error) {
	if err := check(f); err != nil {
		return nil, err
	}
	e := newEmitter(f, opts)
	return e.render([]section{
		{"family_gen.go", e.familyFile, true},
		{"defs_gen.go", e.defsFile, len(f.Consts)+len(f.Enums) > 0},
		{"structs_gen.go", e.structsFile, len(f.Structs) > 0},
		{"attrs_gen.go", e.attrsFile, len(f.Sets)+len(f.Messages) > 0},
		{"ops_gen.go", e.opsFile, len(calledOps(f)) > 0},
		{"batch_gen.go", e.batchFile, len(batchOps(f)) > 0},
		{"events_gen.go", e.eventsFile, len(eventOps(f)) > 0},
	})
}

// EmitTest returns a test file for a package that Emit made: it sends every
// message type through an encode and decode round trip.
func EmitTest(f *model.Family, opts Options) (File, error) {
	if err := check(f); err != nil {
		return File{}, err
	}
	e := newEmitter(f, opts)
	files, err := e.render([]section{{"roundtrip_test.go", e.testFile, true}})
	if err != nil {
		return File{}, err
	}
	return files[0], nil
}

// An emitter holds the family and what is derived from it for all files.
type emitter struct {
	*model.Family
	nl     string // import path of the runtime
	owners map[*model.Message]*model.Op
	called map[string]bool // names of the requests and replies of calls
}

func newEmitter(f *model.Family, opts Options) *emitter {
	e := &emitter{Family: f, nl: opts.Runtime, owners: map[*model.Message]*model.Op{}, called: map[string]bool{}}
	if e.nl == "" {
		e.nl = defaultRuntime
	}
	e.findOwners()
	return e
}

// findOwners notes for each request, reply and event message the operation
// beside which it is declared: the first that uses it.
func (e *emitter) findOwners() {
	own := func(m *model.Message, op *model.Op) {
		if m != nil && e.owners[m] == nil {
			e.owners[m] = op
		}
	}
	for _, op := range calledOps(e.Family) {
		for _, c := range calls(op) {
			own(c.Request, op)
			own(c.Reply, op)
			e.called[c.RequestName], e.called[c.ReplyName] = true, true
		}
	}
	for _, op := range eventOps(e.Family) {
		own(op.Event.Message, op)
	}
}

// A section is a file of the output and what writes it.
type section struct {
	name  string
	write func(*jen.File)
	exist bool
}

// render writes and formats the sections that exist, several at a time.
func (e *emitter) render(sections []section) ([]File, error) {
	files := make([]File, len(sections))
	errs := make([]error, len(sections))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, s := range sections {
		if !s.exist {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			files[i], errs[i] = e.renderFile(s)
			<-slots
		})
	}
	wg.Wait()
	var made []File
	for i, s := range sections {
		if errs[i] != nil {
			return nil, fmt.Errorf("family %s: %s: %w", e.Name, s.name, errs[i])
		}
		if s.exist {
			made = append(made, files[i])
		}
	}
	return made, nil
}

func (e *emitter) renderFile(s section) (File, error) {
	f := e.newFile()
	s.write(f)
	var b bytes.Buffer
	if err := f.Render(&b); err != nil {
		return File{}, err
	}
	return File{s.name, groupImports(b.Bytes())}, nil
}
