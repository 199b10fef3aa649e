package squeeze

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/rand"
	"io"
	"strings"
	"testing"
)

// unpack is what a browser makes of the payload of a compressed message (RFC 7692, 7.2.2).
func unpack(t *testing.T, payload []byte) string {
	t.Helper()
	r := flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMessage(t *testing.T) {
	even := strings.Repeat("a row of a table, ", 200)
	noise := make([]byte, 4096)
	rand.Read(noise)
	half := string(noise[:1024]) + strings.Repeat("x", 1024)
	for _, test := range []struct {
		name, text string
		ok         bool
	}{
		{"text", even, true}, {"the shortest", even[:Least], true}, {"too short", even[:Least-1], false}, {"none", "", false},
		{"noise", string(noise), false}, {"half of it even", half, true}, {"a fifth of it even", string(noise[:Least-200]) + strings.Repeat("x", 200), false},
	} {
		payload, ok := Message([]byte(test.text))
		switch {
		case ok != test.ok:
			t.Errorf("%s: compressed: %v, want %v", test.name, ok, test.ok)
		case ok && unpack(t, payload) != test.text:
			t.Errorf("%s: the payload is of another text", test.name)
		case ok && len(payload) > len(test.text)-len(test.text)/4:
			t.Errorf("%s: %d bytes of %d", test.name, len(payload), len(test.text))
		}
	}
	// One message is no part of the next.
	first, _ := Message([]byte(even))
	second, _ := Message([]byte(even))
	if !bytes.Equal(first, second) {
		t.Error("the same text is compressed in two ways")
	}
}

func TestWriter(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("a page ", 1e5)} {
		var out bytes.Buffer
		w := NewWriter(&out)
		half := len(text) / 2
		if _, err := io.WriteString(w, text[:half]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if got := make([]byte, half); half > 0 {
			if _, err := io.ReadFull(r, got); err != nil || string(got) != text[:half] {
				t.Errorf("after a flush the first half is not there: %v", err)
			}
		}
		if _, err := io.WriteString(w, text[half:]); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err = gzip.NewReader(&out); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%d bytes became %d: %v", len(text), len(got), err)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	text := []byte(strings.Repeat(`<tr id="layer-7"><td class="name">neurons 7</td><td class="value">0.123456</td></tr>`, 200))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Message(text)
	}
}
