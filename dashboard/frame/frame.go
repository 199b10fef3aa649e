// Package frame writes the JSON frames that go over the socket, and the heads of
// binary ones, without an allocation beyond the frame itself.
//
//	w := frame.Begin(make([]byte, 0, 256), topic, now)
//	w.Key("values").Object()
//	w.Key("exposure").Float(12.5)
//	w.EndObject()
//	return w.End() // {"topic":"scope/values","ts":1767225600000.25,"values":{"exposure":12.5}}
package frame

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Writer appends one JSON value to Buf. It writes the commas. The caller must write
// keys inside objects only, and must end what it begins.
type Writer struct{ Buf []byte }

// Begin returns a writer that has appended to b what every frame begins with: an
// object with the hub topic, and with now as milliseconds since the epoch, which
// the page sends back when it has painted the frame.
func Begin(b []byte, topic string, now time.Time) Writer {
	w := Writer{Buf: b}
	w.Object()
	w.Key("topic").String(topic)
	w.Key("ts").Time(now)
	return w
}

// End ends the object that Begin has begun, and returns the frame.
func (w *Writer) End() []byte {
	w.EndObject()
	return w.Buf
}

// comma writes a comma if a value stands before the next one.
func (w *Writer) comma() {
	if len(w.Buf) == 0 {
		return
	}
	switch w.Buf[len(w.Buf)-1] {
	case '{', '[', ':', ',':
	default:
		w.Buf = append(w.Buf, ',')
	}
}

// Key writes the name of a member of an object; its value follows.
func (w *Writer) Key(name string) *Writer {
	w.String(name)
	w.Buf = append(w.Buf, ':')
	return w
}

// Object begins an object.
func (w *Writer) Object() { w.open('{') }

// EndObject ends an object.
func (w *Writer) EndObject() { w.Buf = append(w.Buf, '}') }

// Array begins an array.
func (w *Writer) Array() { w.open('[') }

// EndArray ends an array.
func (w *Writer) EndArray() { w.Buf = append(w.Buf, ']') }

func (w *Writer) open(c byte) {
	w.comma()
	w.Buf = append(w.Buf, c)
}

// plain are the bytes that stand for themselves in a text.
var plain = func() (t [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '<'
	}
	return t
}()

// String writes a text. Bytes of it that are not UTF-8 become U+FFFD.
func (w *Writer) String(s string) {
	const hex = "0123456789abcdef"
	w.comma()
	b := append(w.Buf, '"')
	n := 0
	for n < len(s) && plain[s[n]] {
		n++
	}
	b = append(b, s[:n]...)   // all of most texts
	for _, r := range s[n:] { // range yields U+FFFD for a byte that is not UTF-8
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20 || r == '<': // so that a frame can stand in a page
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	w.Buf = append(b, '"')
}

// Float writes a number with as many digits as it needs to be read back exactly.
// NaN and the infinities become null, because JSON cannot write them.
func (w *Writer) Float(x float64) { w.Digits(x, -1) }

// Digits writes a number with that many significant digits. A whole number keeps
// all of its digits. NaN and the infinities become null.
func (w *Writer) Digits(x float64, digits int) {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		w.Null()
	case x == math.Trunc(x) && math.Abs(x) < 1e15:
		w.Int(int64(x))
	default:
		w.comma()
		w.Buf = strconv.AppendFloat(w.Buf, x, 'g', digits, 64)
	}
}

// Time writes a time as milliseconds since the epoch, to the microsecond.
func (w *Writer) Time(t time.Time) { w.Micros(t.UnixMicro()) }

// Micros writes microseconds as milliseconds. They must not be negative.
func (w *Writer) Micros(us int64) {
	w.Int(us / 1000)
	if rest := us % 1000; rest != 0 {
		w.Buf = append(w.Buf, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
}

// Int writes a whole number.
func (w *Writer) Int(n int64) {
	w.comma()
	w.Buf = strconv.AppendInt(w.Buf, n, 10)
}

// Uint writes a whole number that is not negative.
func (w *Writer) Uint(n uint64) {
	w.comma()
	w.Buf = strconv.AppendUint(w.Buf, n, 10)
}

// Bool writes true or false.
func (w *Writer) Bool(v bool) {
	w.comma()
	w.Buf = strconv.AppendBool(w.Buf, v)
}

// Null writes null.
func (w *Writer) Null() {
	w.comma()
	w.Buf = append(w.Buf, "null"...)
}

// Raw writes what is JSON already: a value, or the members of an object without its
// braces.
func (w *Writer) Raw(value []byte) {
	w.comma()
	w.Buf = append(w.Buf, value...)
}
