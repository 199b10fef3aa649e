package natural

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{
		"there is no server":        "There is no server.",
		"éclair is not there":       "Éclair is not there.",
		"ñandú: it broke off.":      "Ñandú: it broke off.",
		"щука failed":               "Щука failed.",
		"\xff is no text":           "\xff is no text.",
		"waves.py does not import.": "waves.py does not import.",
		"/home/a is no file":        "/home/a is no file.",
		"frame_time came twice":     "frame_time came twice.",
		"it broke off.":             "It broke off.",
		"gone.":                     "Gone.",
		"napari: gone":              "Napari: gone.",
		" \n":                       "Something failed without saying what.",
		"":                          "Something failed without saying what.",
	} {
		if got := Sentence(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "…"}, {"abcdef", 5, "ab…"}, {"éééé", 7, "éé…"}, {"éééé", 6, "é…"}, {"a\xff", 5, "a?"},
		{"\xff\xff\xff\xff\xff\xff", 5, "?…"}, {"日本語日本語", 10, "日本…"}, {"日本語日本語", 8, "日…"}, {"", 3, ""},
	} {
		if got := Clip(test.text, test.n); got != test.want {
			t.Errorf("%q in %d bytes is %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

func FuzzClip(f *testing.F) {
	f.Add("éa\xe6日", 5)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = 3 + n&63
		// A byte that is not UTF-8 becomes one byte.
		if got := Clip(s, n); len(got) > n || !utf8.ValidString(got) || len(s) <= n && utf8.ValidString(s) && got != s {
			t.Errorf("%q in %d bytes is %q", s, n, got)
		}
	})
}

func TestShort(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"日本語", 3, "日本語"}, {"日本語本", 3, "日本…"}, {"ab", 1, "…"}, {"", 1, ""}} {
		if got := Short(test.text, test.n); got != test.want {
			t.Errorf("%q in %d is %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"My Scope": "my-scope", "__a__b": "a-b", "Ångström 2": "ngstr-m-2", "": "", "---": "", "é": "", "napari": "napari", "My Scope #2": "my-scope-2",
		strings.Repeat("x", 100):  strings.Repeat("x", 40),
		strings.Repeat("ab-", 30): strings.Repeat("ab-", 13) + "a",
	} {
		if got := Slug(name); got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
	}
}
