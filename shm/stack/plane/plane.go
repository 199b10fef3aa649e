// Package plane is what the readers of image stacks have in common: what a stack is,
// what of it is asked for, and pure functions of planes. It knows no file. Those who look at
// stacks import shm/stack, which has the same under the same names.
package plane

import (
	"context"
	"errors"
	"fmt"

	"webmon/shm"
)

// Limits of what is read, so that a file cannot say that it needs more memory or time than
// there is.
const (
	// MostBytes is the most that one plane of one channel may have, in bytes: 16,384 x 32,768
	// pixels of 16 bits.
	MostBytes = 1 << 30
	// MostPlanes is the most planes that a stack may have, of all times, channels and slices.
	MostPlanes = 1 << 20
	// MostChannels is the most channels that a stack may have.
	MostChannels = 1 << 10
)

// ErrFormat is wrapped by the error of opening what is neither a TIFF nor an OME-Zarr: to a caller who looks
// through a folder it is no stack, rather than a broken one.
var ErrFormat = errors.New("neither a TIFF stack nor an OME-Zarr image")

// ErrRange is wrapped by the error of a plane or of a rectangle that the stack does not have.
var ErrRange = errors.New("outside of the stack")

// Info is what a stack is. It never changes while the stack is open.
type Info struct {
	// How many there are of each, at least 1.
	Times, Channels, Slices, Rows, Cols int
	// Type is the type of a pixel: shm.U8 or shm.U16.
	Type shm.PixelType
	// Base is what has to be added to a pixel for its value. It is 0 for unsigned files.
	// Signed ones, as ScanImage writes them, have -32768 (16 bits) or -128 (8 bits): the least
	// value is the pixel 0, so that pixels can be shown and compared as they are.
	Base int
	// Voxel is the size of a voxel.
	Voxel Voxel
	// Interval is the time between two times in seconds, 0 where that is not known.
	Interval float64
	// Names are the names of the channels: one for each, "" where it has none. Names is nil
	// where no channel has a name.
	Names []string
	// Stretched says that each slice was stretched to its own least and greatest value on its way into the file: pixels
	// of two slices cannot be compared, and no intensities can be measured.
	Stretched bool
	// Format says for people what the file is, such as "ImageJ TIFF, LZW".
	Format string
	// Packed says that reading a plane, or a part of one, takes more than copying it: it is compressed, or computed.
	Packed bool
}

// Voxel is the size of a voxel in micrometres: X between columns, Y between rows, Z
// between slices. What is not known is 0.
type Voxel struct{ X, Y, Z float64 }

// Rect is a rectangle in a plane, in pixels: rows go down, columns to the right.
type Rect struct{ Row, Col, Rows, Cols int }

// Image is a stack on the disk, open for reading. Its methods are safe for concurrent use;
// what is being read when Close is called fails with an error.
type Image interface {
	// Info says what the stack is. Nobody may change it.
	Info() *Info
	// ReadPlane copies the part r of the plane of time t, channel c and slice z, all from
	// 0, into dst, which is used again where it is large enough, and returns the pixels: r.Rows x r.Cols
	// of Info().Type, row by row, 16 bits little-endian. No more of the file is decoded than
	// the rectangle needs. The error wraps ErrRange, or the context's error, or says in one sentence
	// what is wrong with the file.
	ReadPlane(ctx context.Context, t, c, z int, r Rect, dst []byte) ([]byte, error)
	// Close gives back what the stack holds.
	Close() error
}

// Whole is the rectangle of a whole plane.
func (i *Info) Whole() Rect { return Rect{Rows: i.Rows, Cols: i.Cols} }

// Bytes is how many bytes the pixels of the rectangle have.
func (i *Info) Bytes(r Rect) int { return r.Rows * r.Cols * i.Type.Size() }

// Check returns an error that wraps ErrRange unless the stack has the plane and the rectangle,
// which must not be empty.
func (i *Info) Check(t, c, z int, r Rect) error {
	for _, axis := range []struct {
		name   string
		at, of int
	}{{"time", t, i.Times}, {"channel", c, i.Channels}, {"slice", z, i.Slices}} {
		if axis.at < 0 || axis.at >= axis.of {
			return fmt.Errorf("%s %d (from 0) of %d: %w", axis.name, axis.at, axis.of, ErrRange)
		}
	}
	if r.Row < 0 || r.Col < 0 || r.Rows < 1 || r.Cols < 1 || r.Row >= i.Rows || r.Col >= i.Cols ||
		r.Rows > i.Rows-r.Row || r.Cols > i.Cols-r.Col {
		return fmt.Errorf("%d x %d pixels at row %d, column %d of %d x %d: %w", r.Rows, r.Cols, r.Row, r.Col, i.Rows, i.Cols, ErrRange)
	}
	return nil
}

// Valid returns a sentence about what the stack claims that nothing could read, nil for
// a stack that can be. Readers call it before they believe the sizes that a file gives.
func (i *Info) Valid() error {
	if i.Times < 1 || i.Channels < 1 || i.Slices < 1 || i.Rows < 1 || i.Cols < 1 {
		return fmt.Errorf("it has no pixels: %d times, %d channels, %d slices of %d x %d", i.Times, i.Channels, i.Slices, i.Rows, i.Cols)
	}
	if i.Type != shm.U8 && i.Type != shm.U16 {
		return fmt.Errorf("its pixels are of type %s; webmon reads 8 and 16 bits", i.Type)
	}
	if i.Channels > MostChannels {
		return fmt.Errorf("it has %d channels; webmon reads %d", i.Channels, MostChannels)
	}
	if i.Times > MostPlanes || i.Slices > MostPlanes || i.Times*i.Channels > MostPlanes || i.Times*i.Channels*i.Slices > MostPlanes {
		return fmt.Errorf("it has %d times, %d channels and %d slices; webmon reads %d planes", i.Times, i.Channels, i.Slices, MostPlanes)
	}
	if i.Rows > MostBytes || i.Cols > MostBytes || i.Rows*i.Cols > MostBytes/i.Type.Size() {
		return fmt.Errorf("a plane has %d x %d pixels; webmon reads planes of up to %d MiB", i.Rows, i.Cols, MostBytes>>20)
	}
	return nil
}

// Grow returns dst with the length n; its content is lost where it had to be made anew.
func Grow(dst []byte, n int) []byte {
	if cap(dst) >= n {
		return dst[:n]
	}
	return make([]byte, n)
}
