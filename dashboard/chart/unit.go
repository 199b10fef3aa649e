package chart

import (
	"math"
	"strconv"
	"strings"
)

// Unit is the unit of a number, and decides how the number is written. The page
// writes numbers in the same way (public/js/charts/format.js), except that it may
// round ties differently. Tests check both against testdata/format.json.
type Unit string

// The units. Any other text is a unit too, written after the number.
const (
	Plain        Unit = ""
	Milliseconds Unit = "ms"
	Seconds      Unit = "s"
	Bytes        Unit = "B"   // in powers of 1024, as memory is measured
	BytesPerSec  Unit = "B/s" // in powers of 1000, as disks and networks are
	Hertz        Unit = "/s"
	Frames       Unit = "fps"
	Chunks       Unit = "chunks/s"
)

// None stands where there is no number.
const None = "–"

// Format writes a number in a unit, with three significant digits or a few more:
// "16.7", "ms". It may choose another unit of the same kind: 65536 B are "64.0",
// "KiB".
func (u Unit) Format(v float64) (text, unit string) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return None, u.small()
	}
	switch u {
	case Bytes:
		return scale(v, 1024, "B", "KiB", "MiB", "GiB", "TiB")
	case BytesPerSec:
		return scale(v, 1000, "B/s", "kB/s", "MB/s", "GB/s", "TB/s")
	case Milliseconds:
		if math.Abs(v) >= 9999.5 {
			return digits(v / 1000), "s"
		}
		return digits(v), "ms"
	}
	return digits(v), string(u)
}

// small is the unit to write if there is no number.
func (u Unit) small() string {
	if u == BytesPerSec {
		return "MB/s"
	}
	return string(u)
}

func scale(v, step float64, units ...string) (text, unit string) {
	i := 0
	for math.Abs(v) >= step && i < len(units)-1 {
		v /= step
		i++
	}
	if i == 0 && v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64), units[0]
	}
	return digits(v), units[i]
}

// digits writes v with three significant digits. From 100 to 999,999 it writes the
// whole number, and it writes very large and very small numbers with an exponent.
func digits(v float64) string {
	switch abs := math.Abs(v); {
	case v == 0:
		return "0"
	case abs >= 999_999.5 || abs < 0.0009995:
		return exponent(v)
	case abs >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case abs >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case abs >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case abs >= 0.09995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case abs >= 0.009995:
		return strconv.FormatFloat(v, 'f', 4, 64)
	default:
		return strconv.FormatFloat(v, 'f', 5, 64)
	}
}

// exponent writes v as "1.23e6", without the sign and the zeros of Go's "1.23e+06".
func exponent(v float64) string {
	s := strconv.FormatFloat(v, 'e', 2, 64)
	mantissa, exp, _ := strings.Cut(s, "e")
	n, _ := strconv.Atoi(exp) // written by FormatFloat
	return mantissa + "e" + strconv.Itoa(n)
}

// unitOf guesses the unit of a number from its name.
func unitOf(name string) Unit {
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	switch {
	case strings.HasSuffix(name, "_ms"), name == "ms":
		return Milliseconds
	case strings.HasSuffix(name, "_bytes"), strings.HasSuffix(name, "_nbytes"), name == "bytes", name == "nbytes":
		return Bytes
	case strings.HasSuffix(name, "_s"), strings.HasSuffix(name, "_seconds"), name == "seconds":
		return Seconds
	case strings.HasSuffix(name, "_hz"), name == "hz":
		return "Hz"
	case strings.HasSuffix(name, "_um"):
		return "µm"
	case strings.HasSuffix(name, "_nm"):
		return "nm"
	case strings.HasSuffix(name, "_mm"):
		return "mm"
	case strings.HasSuffix(name, "_px"):
		return "px"
	case strings.HasSuffix(name, "_percent"), strings.HasSuffix(name, "_pct"):
		return "%"
	}
	return Plain
}
