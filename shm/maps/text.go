package maps

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// text is a file as lines, each with the end that it had: CR, LF, CRLF, or none at
// the end of the file. It is never written to; with and friends make new ones.
type text struct {
	lines [][]byte
	eol   string // the end that new lines get
}

// newText divides data, which must not change any more, into lines.
func newText(data []byte) *text {
	t := &text{eol: "\n"}
	cr, lf := bytes.Count(data, []byte{'\r'}), bytes.Count(data, []byte{'\n'})
	t.lines = make([][]byte, 0, max(cr, lf)+1)
	for len(data) > 0 {
		end := -1
		switch {
		case cr == 0:
			end = bytes.IndexByte(data, '\n')
		case lf == 0:
			end = bytes.IndexByte(data, '\r')
		default:
			end = bytes.IndexAny(data, "\r\n")
		}
		if end < 0 {
			t.lines = append(t.lines, data[:len(data):len(data)])
			break
		}
		next := end + 1
		if data[end] == '\r' && next < len(data) && data[next] == '\n' {
			next++
		}
		if len(t.lines) == 0 {
			t.eol = string(data[end:next])
		}
		t.lines = append(t.lines, data[:next:next])
		data = data[next:]
	}
	return t
}

// line returns a line without its end.
func (t *text) line(i int) []byte { return trimEnd(t.lines[i]) }

func trimEnd(line []byte) []byte {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		n--
	}
	if n > 0 && line[n-1] == '\r' {
		n--
	}
	return line[:n]
}

// bytes returns the file.
func (t *text) bytes() []byte {
	n := 0
	for _, l := range t.lines {
		n += len(l)
	}
	data := make([]byte, 0, n)
	for _, l := range t.lines {
		data = append(data, l...)
	}
	return data
}

// size returns about how many bytes of memory the text takes.
func (t *text) size() int {
	n := 0
	for _, l := range t.lines {
		n += len(l) + int(unsafe.Sizeof(l))
	}
	return n
}

// with returns a copy whose line i is content, with the end that the line had.
func (t *text) with(i int, content []byte) *text {
	end := t.lines[i][len(t.line(i)):]
	lines := append([][]byte(nil), t.lines...)
	lines[i] = append(append(make([]byte, 0, len(content)+len(end)), content...), end...)
	return &text{lines: lines, eol: t.eol}
}

// insert returns a copy with content as a new line before line i.
func (t *text) insert(i int, content []byte) *text {
	lines := make([][]byte, 0, len(t.lines)+1)
	lines = append(lines, t.lines[:i]...)
	if i > 0 && len(t.line(i-1)) == len(t.lines[i-1]) {
		// The file ended without an end of line.
		lines[i-1] = append(append([]byte(nil), t.lines[i-1]...), t.eol...)
	}
	lines = append(lines, append(append(make([]byte, 0, len(content)+len(t.eol)), content...), t.eol...))
	lines = append(lines, t.lines[i:]...)
	return &text{lines: lines, eol: t.eol}
}

// without returns a copy that lacks line i.
func (t *text) without(i int) *text {
	lines := make([][]byte, 0, len(t.lines))
	lines = append(append(lines, t.lines[:i]...), t.lines[i+1:]...)
	return &text{lines: lines, eol: t.eol}
}

// decode returns bytes of a file as people read them: as UTF-8 where they are that,
// else as Latin-1, in which every byte is a letter.
func decode(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return decodeLatin(b)
}

// encodeCell puts words in place of part of a line. A line that is not UTF-8 stays
// Latin-1 while the words can be written so, and becomes UTF-8 otherwise.
func encodeCell(line []byte, from, to int, words string) []byte {
	put := func(before, words, after []byte) []byte {
		return append(append(append(make([]byte, 0, len(before)+len(words)+len(after)), before...), words...), after...)
	}
	if utf8.Valid(line) {
		return put(line[:from], []byte(words), line[to:])
	}
	if !isLatin(words) {
		return put([]byte(decodeLatin(line[:from])), []byte(words), []byte(decodeLatin(line[to:])))
	}
	return put(line[:from], encodeLatin(words), line[to:])
}

func isLatin(words string) bool {
	return !strings.ContainsFunc(words, func(r rune) bool { return r > 255 })
}

func encodeLatin(words string) []byte {
	b := make([]byte, 0, len(words))
	for _, r := range words {
		b = append(b, byte(r))
	}
	return b
}

// decodeLatin returns bytes as Latin-1, in which every byte is a letter.
func decodeLatin(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// powers are the powers of ten that a float64 has exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// number reads a cell. A blank cell, infinity and any spelling of NaN are NaN. ok is false if
// the cell is anything else but a number.
func number(b []byte) (v float64, ok bool) {
	if len(b) == 3 && b[0] == 'N' && b[1]|32 == 'a' && b[2] == 'N' {
		return math.NaN(), true // most cells of what is no spine
	}
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return math.NaN(), true
	}
	// Most numbers have few enough digits that one division gives the nearest
	// float64; the others go through strconv.
	i, neg := 0, false
	if b[0] == '-' || b[0] == '+' {
		i, neg = 1, b[0] == '-'
	}
	var mantissa uint64
	digits, point := 0, -1
	for ; i < len(b); i++ {
		c := b[i]
		if c >= '0' && c <= '9' {
			mantissa = mantissa*10 + uint64(c-'0')
			if digits++; digits > 18 {
				return slowNumber(b)
			}
		} else if c == '.' && point < 0 {
			point = digits
		} else {
			return slowNumber(b)
		}
	}
	if digits == 0 || mantissa > 1<<53 {
		return slowNumber(b)
	}
	v = float64(mantissa)
	if point >= 0 {
		v /= powers[digits-point]
	}
	if neg {
		v = -v
	}
	return v, true
}

func slowNumber(b []byte) (float64, bool) {
	if len(b) == 3 && b[0]|32 == 'n' && b[1]|32 == 'a' && b[2]|32 == 'n' {
		return math.NaN(), true
	}
	if len(b) > 64 || bytes.IndexByte(b, '_') >= 0 || bytes.ContainsAny(b, "xX") {
		return math.NaN(), false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return math.NaN(), false
	}
	if math.IsInf(v, 0) {
		return math.NaN(), true // a division by nothing in another program
	}
	return v, true
}

// FormatNumber writes a number as a cell: the shortest digits that give it back, and
// nothing for NaN.
func FormatNumber(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// pairs reads "key=value;key=value;".
func pairs(line []byte) map[string]string {
	found := map[string]string{}
	for part := range strings.SplitSeq(decode(line), ";") {
		if key, value, ok := strings.Cut(part, "="); ok {
			found[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return found
}

// setPair returns the line with the value of key replaced, or added.
func setPair(line []byte, key, value string) []byte {
	at := 0
	for at < len(line) {
		end := at + bytes.IndexByte(line[at:], ';')
		if end < at {
			end = len(line)
		}
		if k, _, ok := bytes.Cut(line[at:end], []byte{'='}); ok && string(bytes.TrimSpace(k)) == key {
			return encodeCell(line, at+len(k)+1, end, value)
		}
		at = end + 1
	}
	return append(append([]byte(nil), line...), key+"="+value+";"...)
}
