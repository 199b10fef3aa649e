// Package packed writes the samples of a picture in fewer bytes, none of them lost, so that a browser reads them fast with what it has
// built in. Each sample is told by how far it is from what its neighbours let expect, the bytes of these differences
// are put together by their weight, and the bytes become one stream of DEFLATE (RFC 1951), without zlib's head:
//
//	how := packed.How{...}                       // rows, columns, samples and their bytes
//	out, how = packed.Append(out, pixels, how)   // says in how.Predict what was expected
//	pixels, err = packed.Decode(nil, out, how)
//
// In the stream, a strip of Strip rows follows another. A strip has one plane of bytes for each sample of a pixel and
// each byte of it, the lowest first: those of all its pixels, row by row. The bytes of a sample of one byte are its difference
// modulo 256. Those of larger ones are the difference d modulo 2^bits, as 2d if that is at least 0, else -2d - 1. Of 3 and 4 samples, the
// first and the third are counted from the second before anything else.
//
// The streams are made here, and not by a library of DEFLATE, because it is known what is in them: planes of noise,
// for which a search for repetitions is in vain, and planes that are almost all zeros. A plane is
// written with the codes that suit it, or as it is where codes would save nothing; runs of one byte are the only repetitions that
// are looked for.
package packed

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"sync"

	"webmon/fault"
)

// Predict says what a sample is expected to be. In the first row that is always the sample to its left, in the first column always
// the one above, and 0 for the first one.
type Predict string

// The ways to expect a sample.
const (
	Left Predict = "left" // as the one to its left
	Up   Predict = "up"   // as the one above
	Mean Predict = "mean" // as the mean of both, rounded down; of whole numbers up to 32 bits
)

// How says what was written.
type How struct {
	Rows, Cols, Samples int
	Bytes               int  // of a sample: 1, 2, 4 or 8
	Float               bool // the samples are floats
	Predict             Predict
}

// most is how many bytes a plane of a strip has at most, unless a row has more: as many as DEFLATE can hold as they are in
// one piece.
const most = 65535

// Strip is how many rows are written together.
func (h *How) Strip() int { return max(1, most/max(1, h.Cols)) }

// Size is how many bytes the samples have.
func (h *How) Size() int { return h.Rows * h.Cols * h.Samples * h.Bytes }

// check says why nothing can be written so.
func (h *How) check() error {
	switch {
	case h.Rows < 0 || h.Cols < 0 || h.Samples < 1 || h.Samples > 4:
		return fmt.Errorf("%d x %d pixels of %d samples cannot be packed", h.Rows, h.Cols, h.Samples)
	case h.Bytes != 1 && h.Bytes != 2 && h.Bytes != 4 && h.Bytes != 8:
		return fmt.Errorf("samples of %d bytes cannot be packed", h.Bytes)
	case h.Predict != Left && h.Predict != Up && (h.Predict != Mean || h.Bytes == 8):
		return fmt.Errorf("samples of %d bytes cannot be expected to be %q", h.Bytes, h.Predict)
	case h.Rows > 1<<31/max(1, h.Cols)/h.Samples/h.Bytes:
		return fmt.Errorf("%d x %d pixels are too many to be packed", h.Rows, h.Cols)
	}
	return nil
}

// end is the last block of a stream, which is empty.
var end = []byte{3, 0}

// Append appends the samples, which are little-endian, row by row and beside each other. It chooses how.Predict and
// returns it. An error says that how does not fit the samples.
func Append(dst, samples []byte, how How) ([]byte, How, error) {
	how.Predict = Left
	if err := how.check(); err != nil {
		return dst, how, err
	}
	if len(samples) != how.Size() {
		return dst, how, fmt.Errorf("%d bytes are not %d x %d pixels of %d samples of %d bytes", len(samples), how.Rows, how.Cols, how.Samples, how.Bytes)
	}
	how.Predict = expected(samples, &how)
	strip := how.Strip()
	strips := (how.Rows + strip - 1) / strip
	parts := max(1, min(runtime.GOMAXPROCS(0), mostParts, strips, len(samples)/leastPart))
	each := (strips + parts - 1) / max(1, parts)
	if parts == 1 {
		dst = write(dst, samples, &how, 0, how.Rows)
		return append(dst, end...), how, nil
	}
	var done sync.WaitGroup
	outs, faults := make([][]byte, parts), make([]error, parts)
	for i := 1; i < parts; i++ {
		fault.Go(&done, func() {
			outs[i] = write(buffer(), samples, &how, min(how.Rows, i*each*strip), min(how.Rows, (i+1)*each*strip))
		}, func(err error) { faults[i] = err })
	}
	faults[0] = fault.Do(func() { dst = write(dst, samples, &how, 0, each*strip) })
	done.Wait()
	if err := errors.Join(faults...); err != nil {
		return dst, how, err
	}
	for _, out := range outs[1:] {
		dst = append(dst, out...)
		put(out)
	}
	return append(dst, end...), how, nil
}

const (
	// mostParts is on how many processors one picture is written.
	mostParts = 4
	// leastPart is how many bytes are worth a goroutine of their own.
	leastPart = 256 << 10
	// mostKept is how large a buffer may be to be used again, bytes.
	mostKept = 8 << 20
)

var buffers sync.Pool // of *[]byte

func buffer() []byte {
	if b, ok := buffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return nil
}

func put(b []byte) {
	if cap(b) <= mostKept {
		buffers.Put(&b)
	}
}

// write appends the strips of rows from first to end, on a whole number of bytes.
func write(dst, samples []byte, h *How, first, end int) []byte {
	switch h.Bytes {
	case 1:
		return writeOf[uint8](dst, samples, h, first, end)
	case 2:
		return writeOf[uint16](dst, samples, h, first, end)
	case 4:
		return writeOf[uint32](dst, samples, h, first, end)
	}
	return writeOf[uint64](dst, samples, h, first, end)
}

// word is the bits of a sample.
type word interface {
	uint8 | uint16 | uint32 | uint64
}

func writeOf[T word](dst, samples []byte, h *How, first, end int) []byte {
	strip, wide := h.Strip(), h.Cols*h.Samples
	planes := buffer()
	if n := min(strip, end-first) * h.Cols * h.Samples * h.Bytes; cap(planes) < n {
		planes = make([]byte, n)
	} else {
		planes = planes[:n]
	}
	above, row, rest := make([]T, wide), make([]T, wide), make([]T, wide)
	if first > 0 {
		load(above, samples, first-1, h)
	}
	var d deflater
	d.out = dst
	for from := first; from < end; from += strip {
		rows := min(strip, end-from)
		each := rows * h.Cols
		for r := range rows {
			load(row, samples, from+r, h)
			differences(rest, row, above, h, from+r == 0)
			spread(planes, rest, h, r*h.Cols, each)
			above, row = row, above
		}
		for p := range h.Samples * h.Bytes {
			d.plane(planes[p*each : (p+1)*each])
		}
		d.align()
	}
	put(planes)
	return d.out
}

// load reads a row, with colours counted from the second of them.
func load[T word](to []T, samples []byte, row int, h *How) {
	from := samples[row*len(to)*h.Bytes : (row+1)*len(to)*h.Bytes]
	switch h.Bytes {
	case 1:
		for i := range to {
			to[i] = T(from[i])
		}
	case 2:
		for i := range to {
			to[i] = T(binary.LittleEndian.Uint16(from[2*i:]))
		}
	case 4:
		for i := range to {
			to[i] = T(binary.LittleEndian.Uint32(from[4*i:]))
		}
	default:
		for i := range to {
			to[i] = T(binary.LittleEndian.Uint64(from[8*i:]))
		}
	}
	if h.Samples >= 3 {
		for i := 0; i+2 < len(to); i += h.Samples {
			to[i] -= to[i+1]
			to[i+2] -= to[i+1]
		}
	}
}

// differences writes how far the samples of a row are from what is expected.
func differences[T word](to, row, above []T, h *How, top bool) {
	n := h.Samples
	above, row = above[:len(to)], row[:len(to)]
	for i := range min(n, len(to)) {
		to[i] = row[i] - above[i] // above the top there are zeros
	}
	switch {
	case top || h.Predict == Left:
		for i := n; i < len(to); i++ {
			to[i] = row[i] - row[i-n]
		}
	case h.Predict == Up:
		for i := n; i < len(to); i++ {
			to[i] = row[i] - above[i]
		}
	default:
		for i := n; i < len(to); i++ {
			a, b := row[i-n], above[i]
			to[i] = row[i] - (a&b + (a^b)>>1)
		}
	}
	if h.Bytes > 1 {
		sign := 8*h.Bytes - 1
		for i, d := range to {
			to[i] = d<<1 ^ -(d >> sign)
		}
	}
}

// spread puts the bytes of a row into the planes, each of each bytes, from a pixel on.
func spread[T word](planes []byte, row []T, h *How, from, each int) {
	n := h.Samples
	for s := range n {
		at := planes[s*h.Bytes*each:]
		switch h.Bytes {
		case 1:
			to := at[from : from+h.Cols]
			for i := range to {
				to[i] = byte(row[i*n+s])
			}
		case 2:
			low, high := at[from:from+h.Cols], at[each+from:each+from+h.Cols]
			for i := range low {
				v := row[i*n+s]
				low[i], high[i] = byte(v), byte(uint16(v)>>8)
			}
		case 4:
			end := from + h.Cols
			a, b, c, d := at[from:end], at[each+from:each+end], at[2*each+from:2*each+end], at[3*each+from:3*each+end]
			b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
			for i := range a {
				v := uint32(row[i*n+s])
				a[i], b[i], c[i], d[i] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
			}
		default:
			for b := range h.Bytes {
				to := at[b*each+from : b*each+from+h.Cols]
				for i := range to {
					to[i] = byte(row[i*n+s] >> (8 * b))
				}
			}
		}
	}
}

// expected chooses the way to expect samples that leaves the smallest differences, judged by some of the rows.
func expected(samples []byte, h *How) Predict {
	const looks = 12
	if h.Rows < 2 {
		return Left
	}
	ways := []Predict{Left, Up}
	if h.Bytes < 8 && !h.Float {
		ways = append(ways, Mean)
	}
	cost := make([]int, len(ways))
	for look := range min(looks, h.Rows-1) {
		row := 1 + look*(h.Rows-1)/min(looks, h.Rows-1)
		for i, way := range ways {
			one := *h
			one.Predict = way
			switch h.Bytes {
			case 1:
				cost[i] += costOf[uint8](samples, &one, row)
			case 2:
				cost[i] += costOf[uint16](samples, &one, row)
			case 4:
				cost[i] += costOf[uint32](samples, &one, row)
			default:
				cost[i] += costOf[uint64](samples, &one, row)
			}
		}
	}
	best := 0
	for i := range ways {
		if cost[i] < cost[best] {
			best = i
		}
	}
	return ways[best]
}

// costOf is about how many bits the differences of a row have.
func costOf[T word](samples []byte, h *How, row int) (sum int) {
	wide := h.Cols * h.Samples
	above, this, rest := make([]T, wide), make([]T, wide), make([]T, wide)
	load(above, samples, row-1, h)
	load(this, samples, row, h)
	differences(rest, this, above, h, false)
	for _, d := range rest {
		if h.Bytes == 1 {
			d = T(int8(d)<<1 ^ int8(d)>>7)
		}
		sum += bits.Len64(uint64(d))
	}
	return sum
}

// Decode appends the samples that were written. It takes no more memory than they need, whatever is in data.
func Decode(dst, data []byte, how How) ([]byte, error) {
	if err := how.check(); err != nil {
		return dst, err
	}
	stream := flate.NewReader(bytes.NewReader(data))
	defer stream.Close()
	at := len(dst)
	dst = append(dst, make([]byte, how.Size())...)
	to := dst[at:]
	var err error
	switch how.Bytes {
	case 1:
		err = readOf[uint8](to, stream, &how)
	case 2:
		err = readOf[uint16](to, stream, &how)
	case 4:
		err = readOf[uint32](to, stream, &how)
	default:
		err = readOf[uint64](to, stream, &how)
	}
	if err == nil {
		var one [1]byte
		if n, more := io.ReadFull(stream, one[:]); n > 0 {
			err = errors.New("there is more than the picture needs")
		} else if more != io.EOF {
			err = more
		}
	}
	if err != nil {
		return dst[:at], fmt.Errorf("unpack %d x %d pixels: %w", how.Rows, how.Cols, err)
	}
	return dst, nil
}

func readOf[T word](to []byte, stream io.Reader, h *How) error {
	strip, wide, n := h.Strip(), h.Cols*h.Samples, h.Samples
	planes := make([]byte, min(strip, h.Rows)*wide*h.Bytes)
	above, row := make([]T, wide), make([]T, wide)
	for from := 0; from < h.Rows; from += strip {
		rows := min(strip, h.Rows-from)
		each := rows * h.Cols
		if _, err := io.ReadFull(stream, planes[:each*n*h.Bytes]); err != nil {
			return err
		}
		for r := range rows {
			for i := range row {
				d := T(0)
				for b := range h.Bytes {
					d |= T(planes[(i%n*h.Bytes+b)*each+r*h.Cols+i/n]) << (8 * b)
				}
				if h.Bytes > 1 {
					d = d>>1 ^ -(d & 1)
				}
				switch {
				case i < n:
					d += above[i]
				case from+r == 0 || h.Predict == Left:
					d += row[i-n]
				case h.Predict == Up:
					d += above[i]
				default:
					a, b := row[i-n], above[i]
					d += a&b + (a^b)>>1
				}
				row[i] = d
			}
			store(to, row, from+r, h)
			above, row = row, above
		}
	}
	return nil
}

// store is what load is not: colours are what they were.
func store[T word](to []byte, row []T, at int, h *How) {
	to = to[at*len(row)*h.Bytes:]
	for i, v := range row {
		if n := i % h.Samples; h.Samples >= 3 && (n == 0 || n == 2) {
			v += row[i-n+1]
		}
		for b := range h.Bytes {
			to[i*h.Bytes+b] = byte(v >> (8 * b))
		}
	}
}
