// Package pixels reads the frames of arrays. It makes of a frame the part that a page
// shows, one value, a profile along a line, a picture, or the records of a table, and
// files as .npy, PNG and CSV. It finds the newest frame of a source's array, and tries
// the next one if that was overwritten meanwhile. It knows neither pages nor requests.
//
//	frame, err := pixels.Read(ctx, src, "camera", time.Time{}, func(f *shm.ArrayFrame) (err error) {
//		img, err = pixels.ReadPicture(ctx, f, pixels.Look{Index: pixels.DefaultIndex(f.Info)})
//		return err
//	})
package pixels

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"webmon/shm"
)

// DType is the NumPy dtype of one value, parsed from its descr.
type DType struct {
	big  bool // byte order
	kind byte // b, i, u, f, c; values of other kinds are copied, but not read
	size int  // bytes

	// Of times: so many units go to a step.
	unit  string
	count int
}

// timeUnit is the part of a descr after the size of a time, as in "<M8[25ns]".
var timeUnit = regexp.MustCompile(`^\[([0-9]{0,9})([^0-9\]]*)\]$`)

// ParseDType reads a descr such as "<u2".
func ParseDType(descr string) (DType, bool) {
	if len(descr) < 3 || !strings.ContainsRune("<>|=", rune(descr[0])) {
		return DType{}, false
	}
	d := DType{big: descr[0] == '>', kind: descr[1], count: 1}
	digits := descr[2:]
	if i := strings.IndexByte(digits, '['); i >= 0 { // of dates: <M8[ns]
		if m := timeUnit.FindStringSubmatch(digits[i:]); m != nil {
			d.unit = m[2]
			if m[1] != "" {
				d.count, _ = strconv.Atoi(m[1])
			}
		}
		digits = digits[:i]
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > 1<<30 {
		return DType{}, false
	}
	if descr[1] == 'U' { // its size is in characters
		n *= 4
	}
	d.size = n
	return d, true
}

// pictured reports whether an array of this dtype can be shown as a picture.
func (d DType) pictured() bool {
	switch d.kind {
	case 'f':
		return d.size == 12 || d.size == 16 || d.numeric()
	case 'c':
		return d.size == 24 || d.size == 32 || d.numeric()
	case 'M', 'm': // as seconds
		return d.size == 8
	}
	return d.numeric()
}

// read reports whether value can read its values: numbers and times.
func (d DType) read() bool {
	return d.numeric() || (d.kind == 'M' || d.kind == 'm') && d.size == 8
}

// numeric reports whether its values are numbers that value can read.
func (d DType) numeric() bool {
	switch d.kind {
	case 'b':
		return d.size == 1
	case 'i', 'u':
		return d.size == 1 || d.size == 2 || d.size == 4 || d.size == 8
	case 'f':
		return d.size == 2 || d.size == 4 || d.size == 8
	case 'c':
		return d.size == 8 || d.size == 16
	}
	return false
}

// Pixels is how the values come as pixels, see [shm.PixelType]; fewer bytes may
// be enough where a selection is compact.
func (d DType) Pixels() shm.PixelType {
	switch d.kind {
	case 'b':
		return shm.U8
	case 'u':
		switch d.size {
		case 1:
			return shm.U8
		case 2:
			return shm.U16
		case 4:
			return shm.U32
		}
		return shm.U64
	case 'i':
		switch d.size {
		case 4:
			return shm.I32
		case 8:
			return shm.I64
		}
		return shm.F32
	case 'f':
		if d.size <= 4 {
			return shm.F32
		}
	}
	return shm.F64
}

// Full is the sample of a colour that is as bright, or as opaque, as can be; 0
// is the darkest. It is the one rule for pictures in colour, those of the page
// and those of files: floats go from 0 to 1, as False and True do, uint16 from 0
// to 65535, and every other whole number from 0 to 255, since what is wider
// than a byte, or has a sign, is what calculations make of bytes. What lies
// beyond is cut off.
func (d DType) Full() float64 {
	switch {
	case d.kind == 'u' && d.size == 2:
		return 65535
	case d.kind == 'i', d.kind == 'u':
		return 255
	}
	return 1
}

// Name is what NumPy calls the dtype.
func (d DType) Name() string {
	bits := strconv.Itoa(8 * d.size)
	name := ""
	switch d.kind {
	case 'b':
		return "bool"
	case 'i':
		name = "int" + bits
	case 'u':
		name = "uint" + bits
	case 'f':
		name = "float" + bits
	case 'c':
		name = "complex" + bits
	case 'M':
		name = "datetime64"
	case 'm':
		name = "timedelta64"
	case 'S':
		return "bytes of " + strconv.Itoa(d.size)
	case 'U':
		return "text of " + strconv.Itoa(d.size/4)
	case 'V':
		return strconv.Itoa(d.size) + " bytes"
	default:
		return ""
	}
	if d.big && d.size > 1 {
		name += ", big-endian"
	}
	return name
}

// value reads one value: a number, a bool, a text for a number that JSON cannot hold,
// or two numbers for a complex one.
func (d DType) value(b []byte) shm.Value {
	order := d.order()
	switch d.kind {
	case 'b':
		return b[0] != 0
	case 'i':
		switch d.size {
		case 1:
			return int64(int8(b[0]))
		case 2:
			return int64(int16(order.Uint16(b)))
		case 4:
			return int64(int32(order.Uint32(b)))
		}
		return int64(order.Uint64(b))
	case 'u':
		switch d.size {
		case 1:
			return int64(b[0])
		case 2:
			return int64(order.Uint16(b))
		case 4:
			return int64(order.Uint32(b))
		}
		return unsigned(order.Uint64(b))
	case 'f':
		return d.float(order, b)
	case 'c':
		half := DType{kind: 'f', size: d.size / 2}
		return []shm.Value{half.float(order, b), half.float(order, b[half.size:])}
	case 'M':
		return shm.Moment(int64(order.Uint64(b)), d.unit, d.count)
	case 'm':
		return shm.Span(int64(order.Uint64(b)), d.unit, d.count)
	}
	return nil
}

func (d DType) order() binary.ByteOrder {
	if d.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (d DType) float(order binary.ByteOrder, b []byte) float64 {
	switch d.size {
	case 2:
		return half(order.Uint16(b))
	case 4:
		return float64(math.Float32frombits(order.Uint32(b)))
	}
	return math.Float64frombits(order.Uint64(b))
}

// half is the value of a float16.
func half(h uint16) float64 {
	sign := 1.0
	if h&0x8000 != 0 {
		sign = -1
	}
	exponent, fraction := int(h>>10&0x1f), float64(h&0x3ff)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 0x1f:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// ItemBytes is the size of one element of an array in bytes; false if the size of one
// of its fields is not known.
func ItemBytes(info *shm.ArrayInfo) (int, bool) {
	if len(info.Fields) == 0 {
		d, ok := ParseDType(info.Descr)
		return d.size, ok
	}
	sum := 0
	for _, f := range info.Fields {
		d, ok := ParseDType(f.Descr)
		if !ok {
			return 0, false
		}
		sum += d.size * Count(f.Shape)
	}
	return sum, true
}

// Count is how many elements an array of the shape has, at most 2^62.
func Count(shape []int) int {
	n := 1
	for _, side := range shape {
		if side <= 0 {
			return 0
		}
		if n > (1<<62)/side {
			return 1 << 62
		}
		n *= side
	}
	return n
}

// TypeName is the dtype of an array in words.
func TypeName(info *shm.ArrayInfo) string {
	switch n := len(info.Fields); n {
	case 0:
	case 1:
		return "records of 1 field"
	default:
		return fmt.Sprintf("records of %d fields", n)
	}
	if d, ok := ParseDType(info.Descr); ok && d.Name() != "" {
		return d.Name()
	}
	return info.Descr
}

// IsTable reports whether an array is shown as a table and not as a picture.
func IsTable(info *shm.ArrayInfo) bool { return len(info.Fields) > 0 || info.Role == "table" }

// Unfit says why an array has no picture, "" if it has one.
func Unfit(info *shm.ArrayInfo) string {
	d, ok := ParseDType(info.Descr)
	switch {
	case IsTable(info):
		return "It is a table and has no picture."
	case !ok || !d.pictured():
		return "Its values are no numbers that could be shown as a picture: " + TypeName(info) + "."
	case len(info.Shape) == 0:
		return "It is a single value and has no picture."
	case info.Role == "rgb" && !colourful(info.Shape):
		return fmt.Sprintf("Its role is rgb, and %s is no shape of colours: they need rows, columns and a last axis of 3 or 4. Move the axis there, with np.moveaxis(a, 0, -1) for one that comes first, or share it without the role.", tuple(info.Shape))
	}
	return ""
}

// colourful reports whether a shape ends with rows, columns and the samples of a
// colour.
func colourful(shape []int) bool {
	n := len(shape)
	return n >= 3 && (shape[n-1] == 3 || shape[n-1] == 4)
}

// tuple is a shape as Python writes it.
func tuple(shape []int) string {
	sides := make([]string, len(shape))
	for i, n := range shape {
		sides[i] = strconv.Itoa(n)
	}
	if len(sides) == 1 {
		return "(" + sides[0] + ",)"
	}
	return "(" + strings.Join(sides, ", ") + ")"
}
