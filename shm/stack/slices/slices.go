// Package slices reads a stack out of PNGs, one a slice, as the server that came before webmon has left them beside maps: 8 bits,
// each slice stretched to its own least and greatest value. Such pixels can be looked at, and not be measured.
package slices

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"

	"webmon/shm"
	"webmon/shm/stack/plane"
)

// Limits of what is believed.
const (
	mostSlices = 1 << 14
	mostFile   = 256 << 20 // bytes of a PNG
	mostPixels = 1 << 26   // of a slice
	mostKept   = 64 << 20  // bytes of slices that are kept decoded
)

// Number takes a name such as rr30a_tp0_ch2_s0031.png apart: of which channel it is a slice, and which one, from 0.
func Number(name string) (stem string, channel, slice int, ok bool) {
	parts := pattern.FindStringSubmatch(name)
	if parts == nil {
		return "", 0, 0, false
	}
	channel, _ = strconv.Atoi(parts[2])
	slice, _ = strconv.Atoi(parts[3])
	return parts[1], channel, slice, channel > 0
}

var pattern = regexp.MustCompile(`^(.*)_ch(\d{1,2})_s(\d{1,5})\.(?i:png)$`)

// Image is a stack of PNGs. It implements plane.Image.
type Image struct {
	info  plane.Info
	files []string // by slice; "" for one that is not there, which is black

	mu     sync.Mutex
	closed bool
	kept   map[int][]byte
	order  []int // the oldest first
}

// Open opens the slices that are in files, by their number from 0.
func Open(files map[int]string) (*Image, error) {
	m := &Image{kept: map[int][]byte{}}
	first := -1
	for z, name := range files {
		if z < 0 || z >= mostSlices {
			return nil, fmt.Errorf("%s is slice %d; webmon reads %d", filepath.Base(name), z, mostSlices)
		}
		for len(m.files) <= z {
			m.files = append(m.files, "")
		}
		if m.files[z] = name; first < 0 || z < first {
			first = z
		}
	}
	if first < 0 {
		return nil, errors.New("there are no slices")
	}
	rows, cols, err := size(m.files[first])
	if err != nil {
		return nil, err
	}
	m.info = plane.Info{Times: 1, Channels: 1, Slices: len(m.files), Rows: rows, Cols: cols, Type: shm.U8, Stretched: true, Packed: true, Format: "PNGs, each slice stretched to 8 bits of its own"}
	return m, m.info.Valid()
}

// load reads a file of bounded size, and its size in pixels.
func load(name string) ([]byte, image.Config, error) {
	base := filepath.Base(name)
	// Looked at before it is opened, since opening a pipe would wait for whoever writes it.
	stat, err := os.Stat(name)
	if err != nil || !stat.Mode().IsRegular() {
		return nil, image.Config{}, fmt.Errorf("%s is not there any more", base)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, image.Config{}, fmt.Errorf("%s cannot be read", base)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err == nil && len(b) > mostFile {
		err = fmt.Errorf("it has more than %d MiB", mostFile>>20)
	}
	var c image.Config
	if err == nil {
		c, err = png.DecodeConfig(bytes.NewReader(b))
	}
	if err == nil && (c.Width < 1 || c.Height < 1 || c.Width > mostPixels/c.Height) {
		err = fmt.Errorf("it has %d x %d pixels", c.Height, c.Width)
	}
	if err != nil {
		return nil, c, fmt.Errorf("%s: %w", base, err)
	}
	return b, c, nil
}

func size(name string) (rows, cols int, err error) {
	_, c, err := load(name)
	return c.Height, c.Width, err
}

// decode reads a slice, a byte a pixel.
func (m *Image) decode(z int) ([]byte, error) {
	out := make([]byte, m.info.Rows*m.info.Cols)
	name := m.files[z]
	if name == "" {
		return out, nil
	}
	b, c, err := load(name)
	if err != nil {
		return nil, err
	}
	if c.Height != m.info.Rows || c.Width != m.info.Cols {
		return nil, fmt.Errorf("%s has %d x %d pixels and the first slice %d x %d, so they are no stack", filepath.Base(name), c.Height, c.Width, m.info.Rows, m.info.Cols)
	}
	im, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	at := im.Bounds().Min
	for y := range m.info.Rows {
		line := out[y*m.info.Cols:][:m.info.Cols]
		if g, ok := im.(*image.Gray); ok {
			copy(line, g.Pix[y*g.Stride:])
			continue
		}
		for x := range line {
			line[x] = color.GrayModel.Convert(im.At(at.X+x, at.Y+y)).(color.Gray).Y
		}
	}
	return out, nil
}

// Info implements plane.Image.
func (m *Image) Info() *plane.Info { return &m.info }

// Close implements plane.Image.
func (m *Image) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.kept, m.order = true, nil, nil
	return nil
}

// ReadPlane implements plane.Image.
func (m *Image) ReadPlane(ctx context.Context, t, c, z int, r plane.Rect, dst []byte) ([]byte, error) {
	if err := m.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pixels, err := m.slice(z)
	if err != nil {
		return nil, err
	}
	dst = plane.Grow(dst, m.info.Bytes(r))
	for y := range r.Rows {
		copy(dst[y*r.Cols:][:r.Cols], pixels[(r.Row+y)*m.info.Cols+r.Col:])
	}
	return dst, nil
}

// slice returns a decoded slice, of which the last ones are kept.
func (m *Image) slice(z int) ([]byte, error) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, errors.New("the stack was closed")
	}
	if b := m.kept[z]; b != nil {
		m.mu.Unlock()
		return b, nil
	}
	m.mu.Unlock()
	b, err := m.decode(z)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.kept[z] != nil || len(b) > mostKept {
		return b, nil
	}
	for len(m.order) > 0 && (len(m.order)+1)*len(b) > mostKept {
		delete(m.kept, m.order[0])
		m.order = m.order[1:]
	}
	m.kept[z], m.order = b, append(m.order, z)
	return b, nil
}
