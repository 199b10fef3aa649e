// Package ui holds the parts of webmon's pages: cards, numbers, tables, notices,
// form controls. Each part takes a struct that is shaped like what people see, and
// writes HTML. None fetches, computes or knows the time.
//
// The package is not a CSS framework: a part has one look, and no class can be
// passed in. A part in a live region keeps its state (open, focused, scrolled) when
// the region is rendered again, as long as it keeps its id.
//
//	@ui.Card(ui.CardProps{ID: "speed", Title: "Frame time", Help: "Shorter is better."}) {
//		@ui.Stats() {
//			@ui.Stat(ui.StatProps{Label: "median", Value: ui.Fixed(16.7, 1), Unit: "ms"})
//		}
//	}
package ui

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// CSRFField is the form field that carries the page's CSRF token.
const CSRFField = "csrf"

// None stands where there is no value.
const None = "–"

// Fixed writes x with n digits after the point, or a dash for NaN and the infinities.
func Fixed(x float64, n int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return None
	}
	return strconv.FormatFloat(x, 'f', n, 64)
}

// Count writes n with thin spaces between groups of three digits, from 10 000 on.
func Count[N int | int64 | uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "−", s[1:]
	}
	if len(s) <= 4 { // customary: 1000, but 10 000
		return sign + s
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// Shape writes the shape of an array, such as "1024 × 512".
func Shape(shape ...int64) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = Count(n)
	}
	return strings.Join(parts, " × ")
}

// Bytes returns a number of bytes as a value of at most four digits and its
// unit, in powers of 1024.
func Bytes(n float64) (value, unit string) {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for math.Abs(n) >= 1024 && i < len(units)-1 {
		n /= 1024
		i++
	}
	digits := 0
	if i > 0 && math.Abs(n) < 100 {
		digits = 1
	}
	return Fixed(n, digits), units[i]
}

// BytesText is Bytes in one string, such as "1.4 MiB".
func BytesText(n float64) string {
	value, unit := Bytes(n)
	return value + " " + unit
}

// Rate writes how many times a second something happens.
func Rate(perSec float64) string {
	switch {
	case perSec >= 100:
		return Fixed(perSec, 0)
	case perSec == 0:
		return "0"
	default:
		return Fixed(perSec, 1)
	}
}

// Age writes how long ago something was, in one unit: "0.2 s", "12 s", "3 min",
// "2 h", "5 d". The script of the page writes the same (public/js/format.js).
func Age(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 0:
		return "0.0 s"
	case s < 9.95:
		return Fixed(s, 1) + " s"
	case s < 99.5:
		return Fixed(s, 0) + " s"
	case s < 99.5*60:
		return Fixed(s/60, 0) + " min"
	case s < 47.5*3600:
		return Fixed(s/3600, 0) + " h"
	default:
		return Fixed(s/86400, 0) + " d"
	}
}

// Millis writes a duration in milliseconds, a shorter one with more digits.
func Millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return Fixed(ms, 2)
	case ms < 100:
		return Fixed(ms, 1)
	default:
		return Fixed(ms, 0)
	}
}

// Percent writes a fraction, such as 0.5, as a percentage.
func Percent(part float64) string {
	switch p := part * 100; {
	case math.Abs(p) < 9.995:
		return Fixed(p, 2)
	case math.Abs(p) < 99.95:
		return Fixed(p, 1)
	default:
		return Fixed(p, 0)
	}
}

// Clock writes a time of day, to the tenth of a second.
func Clock(t time.Time) string {
	if t.IsZero() {
		return None
	}
	return t.Format("15:04:05.0")
}

// Plural returns one if n is 1 and many otherwise.
func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// ID turns texts into the id of an element that needs no escaping in a selector.
// Letters, digits and _ stay. Every other character becomes its code between
// hyphens, so that different texts give different ids.
func ID(parts ...string) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteByte('-')
		}
		for _, r := range part {
			if r == '_' || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
				b.WriteRune(r)
			} else {
				b.WriteByte('-')
				b.WriteString(strconv.FormatInt(int64(r), 16))
				b.WriteByte('-')
			}
		}
	}
	return b.String()
}

// State is the state of a source, as a word that pages show.
type State string

// The states of a source.
const (
	Live    State = "live"    // its process sends
	Waiting State = "waiting" // its process is attached, but has sent nothing yet
	Stale   State = "stale"   // its process has stopped sending
	Gone    State = "gone"    // its process has ended
	Absent  State = "none"    // there is no source
)

// dot is the class of the mark beside the word. The marks differ in shape too, so
// that colour is not the only sign.
func (s State) dot() string {
	switch s {
	case Live:
		return "dot dot-live"
	case Waiting, Absent:
		return "dot dot-waiting"
	case Stale:
		return "dot dot-stale"
	default:
		return "dot dot-gone"
	}
}

// color is the class of the state's word.
func (s State) color() string {
	switch s {
	case Live:
		return "text-good"
	case Waiting, Absent:
		return "text-icon"
	case Stale:
		return "text-warning-text"
	default:
		return "text-error-text"
	}
}

// Prose is HTML that the package dashboard/prose has made of a text. It is safe: all
// text is escaped, and only a few harmless elements occur.
type Prose string
