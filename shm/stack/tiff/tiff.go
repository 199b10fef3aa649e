// Package tiff reads image stacks out of TIFF files, classic and BigTIFF: files with a page a
// slice, ImageJ hyperstacks, OME-TIFF, ScanImage's and MetaMorph's (STK). Pixels are whole numbers of 8 or 16 bits in strips or tiles,
// uncompressed or compressed as LZW, deflate or PackBits. A rectangle of a plane reads the strips or
// tiles that it lies in and no others; what is uncompressed is read where it lies. Directories are read
// when a plane is, so that a stack in memory is two numbers a page.
//
// What the package does not read it names in the error: colours, palettes (but those of ImageJ, whose pixels
// are intensities), floating-point numbers, JPEG, OME-TIFF in several files.
package tiff

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"webmon/shm/stack/plane"
)

// Limits of what is believed.
const (
	mostSegment     = 256 << 20 // bytes of a strip or a tile that is decoded
	mostDescription = 16 << 20  // bytes of a description: OME's has a line for each plane
	mostKinds       = 32        // kinds of pages in a file: sizes and types
)

// File is where a stack is read from, such as an *os.File. Reading it must be safe for concurrent use.
type File interface {
	io.ReaderAt
	io.Closer
}

// Is reports whether a file that begins with these bytes, at least four, is a TIFF.
func Is(head []byte) bool {
	switch string(head[:4]) {
	case "II*\x00", "MM\x00*", "II+\x00", "MM\x00+":
		return true
	}
	return false
}

// Image is a TIFF that is open. It implements plane.Image.
type Image struct {
	in    input
	file  File
	info  plane.Info
	pages []ref
	// planes says which page each plane is, by (t*Channels+c)*Slices+z; -1 for none. It is nil where the channel
	// runs fastest, then the slice.
	planes []int32
	// With inOne there is one page, behind whose pixels from byte begin on those of what would be the
	// others lie, as ImageJ writes large files.
	inOne   bool
	begin   int64
	palette bool
}

// ref is a page: where its directory is, and which kind it is of.
type ref struct {
	at   int64
	kind int32
}

// Open opens the TIFF of size bytes. The image owns the file unless there is an error, which says
// in a sentence what cannot be read.
func Open(file File, size int64) (*Image, error) {
	m := &Image{in: input{r: file, size: size}, file: file}
	first, err := m.header()
	if err != nil {
		return nil, err
	}
	kinds, err := m.walk(first)
	if err != nil {
		return nil, err
	}
	page, err := m.in.directory(m.pages[0].at)
	if err != nil {
		return nil, fmt.Errorf("page 1: %w", err)
	}
	text, err := m.in.text(page.description, mostDescription)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(text, "ImageJ="):
		err = m.imageJ(page, text)
	case isOME(text):
		err = m.ome(page, text)
	default:
		err = m.plain(page, text)
	}
	if err != nil {
		return nil, err
	}
	return m, m.same(kinds)
}

// header reads the head of the file and returns where the first directory is.
func (m *Image) header() (int64, error) {
	var head [16]byte
	if err := m.in.bytes(head[:8], 0); err != nil {
		return 0, fmt.Errorf("its head: %w", err)
	}
	if !Is(head[:]) {
		return 0, fmt.Errorf("it is no TIFF: it begins with %q", head[:4])
	}
	m.in.order = binary.LittleEndian
	if head[0] == 'M' {
		m.in.order = binary.BigEndian
	}
	m.in.big = m.in.order.Uint16(head[2:]) == 43
	if !m.in.big {
		return int64(m.in.order.Uint32(head[4:])), nil
	}
	if err := m.in.bytes(head[:], 0); err != nil {
		return 0, fmt.Errorf("its head: %w", err)
	}
	if n := m.in.order.Uint16(head[4:]); n != 8 {
		return 0, fmt.Errorf("it is a BigTIFF whose offsets have %d bytes; webmon knows 8", n)
	}
	// Too large a one becomes negative, which no directory is at.
	return int64(m.in.order.Uint64(head[8:])), nil
}

// walk finds all pages, but for smaller copies of others, and returns the kinds of them.
func (m *Image) walk(at int64) (kinds []shape, err error) {
	if at == 0 {
		return nil, errors.New("it has no pages")
	}
	// A chain that comes back is found by a mark that is moved on at each power of two.
	mark, steps, limit := int64(0), 0, 1
	for n := 1; at != 0; n++ {
		if at == mark {
			return nil, fmt.Errorf("page %d comes after itself: its directories go round in a circle", n)
		}
		if steps++; steps == limit {
			mark, steps, limit = at, 0, 2*limit
		}
		if n > plane.MostPlanes {
			return nil, fmt.Errorf("it has more than %d pages", plane.MostPlanes)
		}
		page, err := m.in.directory(at)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", n, err)
		}
		if page.subfile&1 == 0 || len(m.pages) == 0 {
			kind := -1
			for i := range kinds {
				if kinds[i] == page.shape {
					kind = i
				}
			}
			if kind < 0 {
				if len(kinds) == mostKinds {
					return nil, fmt.Errorf("its pages are pictures of more than %d sizes and types, so they are no stack", mostKinds)
				}
				kind, kinds = len(kinds), append(kinds, page.shape)
			}
			m.pages = append(m.pages, ref{at, int32(kind)})
		}
		at = page.next
	}
	return kinds, nil
}

// same checks that the pages which are planes are all of one kind.
func (m *Image) same(kinds []shape) error {
	check := func(i int) error {
		if k := m.pages[i].kind; k != m.pages[m.page(0)].kind {
			a, b := kinds[k], kinds[m.pages[m.page(0)].kind]
			return fmt.Errorf("page %d has %d x %d pixels of %d bits and page %d has %d x %d of %d, so they are no stack",
				i+1, a.rows, a.cols, a.bits, m.page(0)+1, b.rows, b.cols, b.bits)
		}
		return nil
	}
	if m.inOne {
		return nil
	}
	for i := range m.info.Times * m.info.Channels * m.info.Slices {
		if at := m.page(i); at >= 0 {
			if err := check(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// page returns which page the plane of a number is, -1 for none.
func (m *Image) page(n int) int {
	if m.planes != nil {
		return int(m.planes[n])
	}
	t, c, z := m.split(n)
	return (t*m.info.Slices+z)*m.info.Channels + c
}

func (m *Image) split(n int) (t, c, z int) {
	return n / (m.info.Slices * m.info.Channels), n / m.info.Slices % m.info.Channels, n % m.info.Slices
}

// pixels takes from a page what every plane has.
func (m *Image) pixels(p *page) error {
	if err := p.check(m.palette, m.in.size); err != nil {
		return err
	}
	m.info.Rows, m.info.Cols, m.info.Type = int(p.rows), int(p.cols), p.typ()
	if p.format == 2 {
		m.info.Base = -1 << (p.bits - 1)
	}
	return nil
}

// format names what the file is.
func (m *Image) format(kind string, p *page) {
	if m.in.big {
		kind = strings.Replace(kind, "TIFF", "BigTIFF", 1)
	}
	m.info.Format = kind + ", " + compressions[p.compression]
	m.info.Packed = p.compression != 1
}

// plain is for a file without a description of ImageJ's or OME's: a page is a slice.
func (m *Image) plain(p *page, text string) error {
	if err := m.pixels(p); err != nil {
		return err
	}
	m.info.Times, m.info.Channels, m.info.Slices = 1, 1, len(m.pages)
	m.format("TIFF", p)
	if p.resUnit == 3 { // centimetres; inches are what programs write that know no size
		m.info.Voxel = plane.Voxel{X: perUnit(m.in.rational(p.xres), 1e4), Y: perUnit(m.in.rational(p.yres), 1e4)}
	}
	if p.uic2.count > 1 && len(m.pages) == 1 {
		return m.metaMorph(p)
	}
	if strings.HasPrefix(text, `{"shape"`) {
		return m.shaped(p, text)
	}
	m.scanImage(p, text)
	return m.info.Valid()
}

// shaped takes in what tifffile says of an array that it wrote without the metadata of others: its shape, perhaps
// which axes these are, and perhaps that one page stands for all.
func (m *Image) shaped(p *page, text string) error {
	var said struct {
		Shape     []int  `json:"shape"`
		Axes      string `json:"axes"`
		Truncated bool   `json:"truncated"`
	}
	if json.Unmarshal([]byte(text), &said) != nil || len(said.Shape) < 2 || len(said.Shape) > 16 {
		return m.info.Valid()
	}
	planes := 1
	outer := said.Shape[:len(said.Shape)-2]
	for _, n := range outer {
		if n < 1 || n > plane.MostPlanes {
			return fmt.Errorf("tifffile says that its shape is %v", said.Shape)
		}
		if planes *= n; planes > plane.MostPlanes {
			return fmt.Errorf("tifffile says that its shape is %v; webmon reads %d planes", said.Shape, plane.MostPlanes)
		}
	}
	inOne := said.Truncated && len(m.pages) == 1 && planes > 1
	if !inOne && planes != len(m.pages) {
		return m.info.Valid() // pages were added or taken away since
	}
	m.info.Slices = planes
	if axes, ok := strings.CutSuffix(said.Axes, "YX"); ok && len(axes) == len(outer) {
		m.order(axes, outer)
	}
	if err := m.info.Valid(); err != nil || !inOne {
		return err
	}
	return m.oneAfterAnother(p, "tifffile")
}

// order says that the pages are in the order of some of the axes T, C and Z, of those sizes, the last one fastest. Other
// axes, or one that comes twice, leave things as they are.
func (m *Image) order(axes string, sizes []int) {
	i := m.info
	i.Times, i.Channels, i.Slices = 1, 1, 1
	var step [3]int // in pages, of the axes
	n := 1
	for k, size := range slices.Backward(sizes) {
		at := strings.IndexByte("TCZ", axes[k])
		if at < 0 || step[at] != 0 {
			return
		}
		*[]*int{&i.Times, &i.Channels, &i.Slices}[at] = size
		step[at] = n
		n *= size
	}
	m.info = i
	m.planes = make([]int32, n)
	for k := range m.planes {
		t, c, z := m.split(k)
		m.planes[k] = int32(t*step[0] + c*step[1] + z*step[2])
	}
}

// perUnit is the size of a pixel of which there are so many in a unit, micrometres.
func perUnit(pixels, micrometres float64) float64 {
	if !(pixels > 0) || micrometres <= 0 {
		return 0
	}
	return micrometres / pixels
}

// Info implements plane.Image.
func (m *Image) Info() *plane.Info { return &m.info }

// Close implements plane.Image.
func (m *Image) Close() error { return m.file.Close() }

// ReadPlane implements plane.Image.
func (m *Image) ReadPlane(ctx context.Context, t, c, z int, r plane.Rect, dst []byte) ([]byte, error) {
	if err := m.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dst = plane.Grow(dst, m.info.Bytes(r))
	at, err := m.readPlane(ctx, t, c, z, r, dst)
	switch {
	case err == nil:
		return dst, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, os.ErrClosed):
		return nil, errors.New("the stack was closed")
	case at < 0:
		return nil, err
	}
	return nil, fmt.Errorf("page %d: %w", at+1, err)
}

// readPlane returns also which page it is about, -1 for none.
func (m *Image) readPlane(ctx context.Context, t, c, z int, r plane.Rect, dst []byte) (at int, err error) {
	s := segment{in: &m.in, rect: r, dst: dst, size: m.info.Type.Size(), signed: m.info.Base != 0}
	if m.inOne {
		n := int64(m.page((t*m.info.Channels+c)*m.info.Slices + z))
		all := int64(m.info.Rows) * int64(m.info.Cols) * int64(s.size)
		return -1, s.raw(ctx, m.begin+n*all, m.info.Cols, plane.Rect{Rows: m.info.Rows, Cols: m.info.Cols})
	}
	at = m.page((t*m.info.Channels+c)*m.info.Slices + z)
	if at < 0 {
		return -1, fmt.Errorf("the file does not have the plane of time %d, channel %d, slice %d (from 0)", t, c, z)
	}
	p, err := m.in.directory(m.pages[at].at)
	if err != nil {
		return at, err
	}
	if err := p.check(m.palette, m.in.size); err != nil {
		return at, err
	}
	if int(p.rows) != m.info.Rows || int(p.cols) != m.info.Cols || p.typ() != m.info.Type {
		return at, errors.New("it has another size than when the file was opened")
	}
	return at, s.page(ctx, p)
}
