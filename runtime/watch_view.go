package runtime

import (
	"bytes"
	"slices"
)

// An object is what the view of a watch knows of an object of the kernel, or of
// one that is gone.
type object struct {
	raw   []byte  // as it was told
	next  *object // another one with the same key
	state objectState
	// seen is the last listing in which a dump or an event had the object, told
	// the last one in which an event told of it, pass the last dump that had it.
	seen, told, pass uint32
	twin             bool // there may be a second one
}

type objectState uint8

const (
	present objectState = iota // told to the reader of the stream
	pending                    // listed, but it may be the new form of another
	gone                       // removed by an event that the dump may not know of
)

// item applies an object of a dump to the view.
func (w *watcher) item(body []byte) error {
	if err := w.check(body); err != nil {
		return w.report(err)
	}
	if !w.wanted(body) {
		return nil
	}
	first := w.find(body)
	if w.info.Shared {
		return w.sharedItem(first, body)
	}
	o := first
	switch {
	case o == nil:
		return w.add(body, 0)
	case o.told == w.listed:
		return nil
	}
	o.seen = w.listed
	return w.set(o, body)
}

func (w *watcher) sharedItem(first *object, body []byte) error {
	switch o := w.equal(first, body); {
	case o != nil && o.state == gone:
		return nil
	case o != nil:
		o.twin = w.info.Twins && o.pass == w.pass
		o.pass, o.seen = w.pass, w.listed
		return nil
	}
	var told, unseen bool
	for o := first; o != nil; o = o.next {
		switch {
		case o.told != w.listed:
			unseen = unseen || o.state == present && o.seen != w.listed
		case !w.apart(o, body):
			told = true
		}
	}
	switch {
	case told: // older or newer than the event? The next list tells.
		w.lost = true
		return nil
	case unseen:
		w.insert(body, pending, 0)
		return nil
	}
	return w.add(body, 0)
}

// came applies an event with an object that is there.
func (w *watcher) came(body []byte, flags uint16) error {
	if err := w.check(body); err != nil {
		w.lost = true
		return w.report(err)
	}
	first := w.find(body)
	replace := flags&uint16(Replace) != 0
	switch {
	case w.info.Shared && w.wanted(body):
		return w.sharedCame(first, body, replace)
	case w.info.Shared:
		// It may have taken the place of an object that is listed.
		w.lost = w.lost || replace && first != nil
		return nil
	case !w.wanted(body):
		return w.drop(first, body)
	case first == nil:
		return w.add(body, w.listed)
	}
	first.seen, first.told = w.listed, w.listed
	return w.set(first, body)
}

func (w *watcher) sharedCame(first *object, body []byte, replace bool) error {
	live, others := 0, 0 // others: objects that may be the same one in another form
	var other *object
	for o := first; o != nil; o = o.next {
		if o.state != gone {
			live++
			other = o
			if !w.apart(o, body) {
				others++
			}
		}
	}
	same := w.equal(first, body)
	switch {
	case same != nil && same.state != gone:
		same.seen, same.told = w.listed, w.listed
		same.twin = same.twin || w.info.Twins && !replace
		w.lost = w.lost || replace && live > 1 // one of the others is gone
		return nil
	case live == 0, !replace && others == 0:
		return w.add(body, w.listed)
	case replace && live == 1 && other.state == present:
		return w.replace(other, body)
	}
	w.lost = true
	return nil
}

// replace puts a new object into the place of o.
func (w *watcher) replace(o *object, body []byte) error {
	old := o.raw
	if w.listing { // the dump may still have the old one
		w.insert(old, gone, w.listed)
	}
	o.raw = bytes.Clone(body)
	o.seen, o.told = w.listed, w.listed
	return w.tell(Changed, old, o.raw)
}

// went applies an event with an object that is not there any more.
func (w *watcher) went(body []byte) error {
	w.removed++
	if err := w.check(body); err != nil {
		w.lost = true
		return w.report(err)
	}
	first := w.find(body)
	if !w.info.Shared {
		return w.drop(first, body)
	}
	same := w.equal(first, body)
	if same != nil && same.state != gone {
		if same.twin {
			w.lost = true
			return nil
		}
		return w.drop(same, body)
	}
	for o := first; o != nil; o = o.next {
		w.lost = w.lost || o.state != gone // a part of that one, or a form not known
	}
	return w.drop(same, body)
}

// drop takes an object out of the view; o is nil if it is not known. While the
// list is read its grave is kept: the dump may still have the object.
func (w *watcher) drop(o *object, body []byte) error {
	if o == nil {
		if w.listing {
			w.insert(body, gone, w.listed)
		}
		return nil
	}
	old, was := o.raw, o.state
	o.state, o.told = gone, w.listed
	if !w.listing {
		w.forget(o)
	}
	if was != present {
		return nil
	}
	return w.tell(Removed, old, nil)
}

// add puts a new object into the view.
func (w *watcher) add(body []byte, told uint32) error {
	return w.tell(Added, nil, w.insert(body, present, told).raw)
}

// set makes body the new form of o.
func (w *watcher) set(o *object, body []byte) error {
	old, was := o.raw, o.state
	if was == present && w.ignore.equal(old, body, w.op.Header) {
		return nil
	}
	o.raw, o.state = bytes.Clone(body), present
	if was == gone {
		return w.tell(Added, nil, o.raw)
	}
	return w.tell(Changed, old, o.raw)
}

// finish is the end of a listing: what the list did not have is gone.
func (w *watcher) finish() error {
	w.listing = false
	for key, first := range w.view {
		if err := w.settleKey(key, first); err != nil {
			return err
		}
	}
	if w.hinted {
		return nil
	}
	return w.tell(Synced, nil, nil)
}

// settleKey tells the difference between what was known of the objects of a key
// and what was listed, and forgets those that are gone.
func (w *watcher) settleKey(key string, first *object) error {
	if first.next == nil && first.state == present && first.seen == w.listed {
		return nil
	}
	var old, stay, now []*object
	for o := first; o != nil; o = o.next {
		switch seen := o.seen == w.listed; {
		case o.state == present && seen:
			stay = append(stay, o)
		case o.state == present:
			old = append(old, o)
		case o.state == pending && seen:
			o.state = present
			now = append(now, o)
		}
	}
	w.put(key, slices.Concat(stay, now))
	if len(old) == 1 && len(now) == 1 {
		return w.tell(Changed, old[0].raw, now[0].raw)
	}
	for _, o := range old {
		if err := w.tell(Removed, o.raw, nil); err != nil {
			return err
		}
	}
	for _, o := range now {
		if err := w.tell(Added, nil, o.raw); err != nil {
			return err
		}
	}
	return nil
}

// put makes objects those of a key.
func (w *watcher) put(key string, objects []*object) {
	if len(objects) == 0 {
		delete(w.view, key)
		return
	}
	for i, o := range objects {
		o.next = nil
		if i > 0 {
			objects[i-1].next = o
		}
	}
	w.view[key] = objects[0]
}

// find returns the first object with the key of body, which it leaves in w.key.
func (w *watcher) find(body []byte) *object {
	w.key = w.key[:0]
	for _, f := range w.info.Key {
		w.key = f.appendKey(w.key, body, w.op.Header)
	}
	return w.view[string(w.key)]
}

// insert puts an object with the key in w.key into the view.
func (w *watcher) insert(body []byte, state objectState, told uint32) *object {
	o := &object{raw: bytes.Clone(body), state: state, seen: w.listed, told: told, pass: w.pass}
	if first := w.view[string(w.key)]; first != nil {
		o.next, first.next = first.next, o
		return o
	}
	w.view[string(w.key)] = o
	return o
}

// forget takes an object with the key in w.key out of the view.
func (w *watcher) forget(o *object) {
	switch first := w.view[string(w.key)]; {
	case first != o:
		for first.next != o {
			first = first.next
		}
		first.next = o.next
	case o.next != nil:
		w.view[string(w.key)] = o.next
	default:
		delete(w.view, string(w.key))
	}
}

// equal returns the object among first and those of its key that is equal to body:
// one that is there, or else one that went since the list began.
func (w *watcher) equal(first *object, body []byte) (grave *object) {
	for o := first; o != nil; o = o.next {
		if o.state == gone && o.told != w.listed || !w.ignore.equal(o.raw, body, w.op.Header) {
			continue
		}
		if o.state != gone {
			return o
		}
		grave = o
	}
	return grave
}

// apart reports whether body is certainly another object than o, which has the
// same key.
func (w *watcher) apart(o *object, body []byte) bool {
	for _, f := range w.info.Within {
		a, b := f.of(o.raw, w.op.Header), f.of(body, w.op.Header)
		if len(a) > 0 && len(b) > 0 && !bytes.Equal(a, b) {
			return true
		}
	}
	return false
}

// wanted reports whether body is what the request asks for.
func (w *watcher) wanted(body []byte) bool {
	for i, f := range w.info.Filter {
		v := f.of(body, w.op.Header)
		switch want := w.want[i]; {
		case want != nil && !bytes.Equal(v, want):
			return false
		case want == nil && len(f.Values) > 0 && !slices.Contains(f.Values, number(v)):
			return false
		}
	}
	return true
}

// check returns the error of a message that has no readable form.
func (w *watcher) check(body []byte) error {
	if wellFormed(body, w.op.Header) {
		return nil
	}
	return w.conn.malformed(w.op, body, &codecError{msg: "its attributes do not fit into it"})
}
