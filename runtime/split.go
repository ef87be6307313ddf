package runtime

// Split cuts messages whose list is too long into several: each with as many
// elements as limit bytes hold. Those after the first are copies of rest, which
// says whom they are for. write encodes an element. An element that is too long
// for a message of its own is cut by split, unless that is nil; what cannot be cut
// stays too long, and encoding it fails. A limit of 0 is the most that an
// attribute can hold.
func Split[M, E any, P MessagePtr[M]](parts []*M, rest M, limit int, list func(*M) *[]E, write func(*E, *Encoder, []byte) []byte, split func(*E, int) []*E) []*M {
	if limit <= 0 || limit > maxAttrLen {
		limit = maxAttrLen
	}
	s := splitter[E]{write: write, split: split}
	restLen := s.length(P(&rest)) + attrHeaderLen
	s.limit = limit - restLen
	var out []*M
	for _, m := range parts {
		part := new(M)
		*part = *m
		elems := *list(m)
		*list(part) = nil
		out = append(out, part)
		used := s.length(P(part)) + attrHeaderLen
		for _, e := range s.cut(elems) {
			n := s.elemLength(e)
			if used+n > limit && (len(*list(part)) > 0 || used > restLen) {
				part = new(M)
				*part = rest
				out = append(out, part)
				used = restLen
			}
			*list(part) = append(*list(part), *e)
			used += n
		}
	}
	return out
}

// A splitter measures and cuts the elements of a list.
type splitter[E any] struct {
	enc   Encoder
	limit int // of one element
	write func(*E, *Encoder, []byte) []byte
	split func(*E, int) []*E
}

// cut returns the elements, those that are too long in parts.
func (s *splitter[E]) cut(elems []E) []*E {
	var out []*E
	for i := range elems {
		e := &elems[i]
		if s.split != nil && s.elemLength(e) > s.limit {
			out = append(out, s.split(e, s.limit-attrHeaderLen)...)
		} else {
			out = append(out, e)
		}
	}
	return out
}

// length returns how many bytes m takes. One that cannot be encoded takes some:
// sending it will say what is wrong.
func (s *splitter[E]) length(m Message) int {
	s.enc.reset()
	s.enc.buf = m.Encode(&s.enc, s.enc.buf)
	return align4(len(s.enc.buf))
}

func (s *splitter[E]) elemLength(e *E) int {
	s.enc.reset()
	s.enc.buf = s.write(e, &s.enc, s.enc.buf)
	return align4(len(s.enc.buf)) + attrHeaderLen
}
