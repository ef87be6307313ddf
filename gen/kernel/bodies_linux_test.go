package kernel_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/gen/model"
	"github.com/nlgen/nlgen/internal/vm"
)

// Topics of letters.
const (
	topicNothing = iota
	topicPoem
	topicNote
	topicWords
	topicForward
)

// letter returns an envelope with a body in it.
func letter(topic byte, version uint16, body ...[]byte) []byte {
	content := slices.Concat(body...)
	b := binary.BigEndian.AppendUint16([]byte{topic, 0}, version)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(content))), content...)
}

// TestGuestLetters sends bodies that members of a struct select. They come back with the
// members filled in.
func TestGuestLetters(t *testing.T) {
	send := rawCall(t, classicFamily(t), "tell")
	for name, want := range allLetters() {
		got, err := send(want)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x (%v)", name, got, want, err)
		}
	}
}

func allLetters() map[string][]byte {
	banner := []byte{1, 0, 0, 2}
	return map[string][]byte{
		"nothing":       letter(topicNothing, 0),
		"text":          letter(topicPoem, 1, banner, []byte("roses are red")),
		"struct":        letter(topicPoem, 2, banner),
		"bytes":         letter(topicPoem, 3, banner, []byte{1, 2, 3}),
		"attributes":    letter(topicNote, 1, attribute(1, number(5)), attribute(2, []byte("text\x00"))),
		"header":        letter(topicNote, 2, make([]byte, 8), attribute(1, number(5))),
		"key and value": letter(topicWords, 1, []byte("a=b\x00word=\x00")),
		"forwarded":     forwarded(10),
	}
}

// forwarded returns letters inside of letters.
func forwarded(n int) []byte {
	if n == 0 {
		return letter(topicWords, 1, []byte("a=b\x00"))
	}
	return letter(topicForward, 1, forwarded(n-1))
}

func TestGuestLettersRefuses(t *testing.T) {
	send := rawCall(t, classicFamily(t), "tell")
	short := letter(topicPoem, 2, make([]byte, 4))
	for _, tt := range []struct {
		name    string
		payload []byte
		errno   syscall.Errno
		offset  int
		text    string
	}{
		{"no envelope", short[:7], syscall.EINVAL, 0, "too short"},
		{"half a body", short[:11], syscall.EINVAL, 0, "shorter than it says"},
		{"too much", append(short, 0, 0, 0, 0), syscall.EINVAL, 0, "too long"},
		{"no topic", letter(9, 9), syscall.EOPNOTSUPP, 0, "no such form"},
		{"no version", letter(topicPoem, 9), syscall.EOPNOTSUPP, 0, "no such form"},
		{"something", letter(topicNothing, 0, make([]byte, 4)), syscall.EINVAL, 0, "too long"},
		{"no banner", letter(topicPoem, 1, make([]byte, 3)), syscall.EINVAL, 0, "too short"},
		{"short struct", letter(topicPoem, 2, make([]byte, 3)), syscall.EINVAL, 0, "too short"},
		{"long struct", letter(topicPoem, 2, make([]byte, 8)), syscall.EINVAL, 0, "too long"},
		{"no scroll", letter(topicPoem, 3, make([]byte, 1)), syscall.EINVAL, 0, "too short"},
		{"out of range", letter(topicNote, 1, attribute(1, number(1)), attribute(1, number(10))),
			syscall.ERANGE, 16 + 8 + 8, "out of range"},
		{"unknown", letter(topicNote, 1, attribute(7)), syscall.EINVAL, 16 + 8, "Unknown attribute"},
		{"no header", letter(topicNote, 2, make([]byte, 7)), syscall.EINVAL, 0, "shorter than the header"},
		{"behind a header", letter(topicNote, 2, make([]byte, 8), attribute(7)), syscall.EINVAL, 16 + 8 + 8, "Unknown attribute"},
		{"no value", letter(topicWords, 1, []byte("a=b\x00c")), syscall.EINVAL, 0, "no KEY=VALUE"},
		{"no key", letter(topicWords, 1, []byte("=b\x00")), syscall.EINVAL, 0, "no KEY=VALUE"},
		{"deep", forwarded(1000), syscall.EINVAL, 0, "too deep"},
	} {
		_, err := send(tt.payload)
		refused(t, tt.name, err, tt.errno, tt.offset, tt.text)
	}
}

func TestGuestLettersGarbage(t *testing.T) {
	send := rawCall(t, classicFamily(t), "tell")
	for name, good := range allLetters() {
		t.Run(name, func(t *testing.T) { garbage(t, send, good) })
	}
}

// TestGuestWords has the module look for a key, and answer with a struct of any length.
func TestGuestWords(t *testing.T) {
	f := classicFamily(t)
	lookUp := rawCall(t, f, "look-up")
	words := "no=1\x00word=what is meant\x00words=2\x00"
	banner := func(kind, length int) []byte {
		return binary.BigEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, uint16(kind)), uint16(length))
	}
	scroll := append(binary.NativeEndian.AppendUint16(nil, 80), "what is meant"...)
	if got, err := lookUp(append(banner(80, len(words)), words...)); err != nil || !bytes.Equal(got, scroll) {
		t.Errorf("got %q, want %q (%v)", got, scroll, err)
	}
	words = strings.ReplaceAll(words, "word=", "wor=")
	_, err := lookUp(append(banner(80, len(words)), words...))
	refused(t, "no such word", err, syscall.ENOENT, 0, "no such word")
	unroll := rawCall(t, f, "unroll")
	if got, err := unroll(scroll); err != nil || !bytes.Equal(got, scroll) {
		t.Errorf("got %q, want %q (%v)", got, scroll, err)
	}
	_, err = unroll([]byte{1})
	refused(t, "short scroll", err, syscall.EINVAL, 0, "too short")
}

func classicFamily(t *testing.T) *model.Family {
	t.Helper()
	if os.Getenv(vm.InGuest) == "" {
		t.Skip("TestLoaded runs this in a guest")
	}
	_, f := connect(t, read(t, classic))
	return f
}
