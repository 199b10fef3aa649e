package natural

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Capital is a text with its first letter in upper case.
func Capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 || first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[n:]
}

// Sentence makes of what went wrong, as errors have it, a sentence: with a capital and
// a full stop. A name at its beginning, such as waves.py, stays as it is.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return "Something failed without saying what."
	}
	if first, _, _ := strings.Cut(text, " "); !strings.ContainsAny(strings.TrimRight(first, ".:"), `./_\`) {
		text = Capital(text)
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// Clip is the beginning of a text in at most n bytes, with "…" for what is left out.
// Bytes that are not UTF-8 become "?". n is at least 3.
func Clip(s string, n int) string {
	if len(s) > n {
		s = s[:n-len("…")]
		for i := range min(utf8.UTFMax, len(s)) { // not half of a letter
			if at := len(s) - 1 - i; utf8.RuneStart(s[at]) {
				if !utf8.FullRuneInString(s[at:]) {
					s = s[:at]
				}
				break
			}
		}
		s += "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// Short is the beginning of a text in at most n characters, with "…" for what is left
// out, so that it fits into a line. n is at least 1.
func Short(s string, n int) string {
	count, last := 0, 0
	for i := range s {
		if count++; count == n {
			last = i
		} else if count > n {
			return s[:last] + "…"
		}
	}
	return s
}

// Slug is a name as it stands in addresses: small letters and digits, with a hyphen for
// each run of anything else, and at most 40 bytes; "" if nothing is left.
func Slug(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			b.WriteRune(c)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
