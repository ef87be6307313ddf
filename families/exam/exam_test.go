package exam

import (
	"testing"

	"github.com/nlgen/nlgen/internal/familytest"
	nl "github.com/nlgen/nlgen/runtime"
)

func TestText(t *testing.T) {
	for _, text := range []string{"", "a", "two\nlines\n", "\xff\xfe"} {
		b, err := nl.Marshal(&SendRequest{Text: text})
		if err != nil || string(b) != text {
			t.Errorf("%q: %q, %v", text, b, err)
		}
		familytest.Equal(t, text, familytest.RoundTrip[Text](t, b), &Text{Text: text})
	}
	_, err := nl.Marshal(&SendRequest{Text: "a\x00b"})
	if want := "text: a NUL in the text"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
