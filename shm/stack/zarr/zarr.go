// Package zarr reads image stacks out of OME-Zarr: OME-NGFF up to 0.5, on Zarr 2 and Zarr 3, in a folder or in
// a zip. It takes the first image, at full resolution, with any of the axes t, c, z, y and x in any order, of whole
// numbers of 8 or 16 bits, uncompressed or compressed with Blosc, Zstandard, gzip, zlib or LZ4; chunks may be
// in shards. A plane reads the chunks that it lies in. Of those, what is not compressed is read where it lies, and
// of Blosc the blocks that are needed.
//
// The images of MapManagerCore (.mmap), which has an array for each time and channel, are read too; its tables are not.
package zarr

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"webmon/shm/stack/pack"
	"webmon/shm/stack/plane"
)

// Image is an OME-Zarr image that is open. It implements plane.Image.
type Image struct {
	store  store
	array  *array
	info   *plane.Info
	stride []int // of the axes in a chunk, in pixels
	axes   struct{ t, c, z, y, x int }
}

// OpenFolder opens the image in a folder. The error wraps plane.ErrFormat if there is no Zarr in it.
func OpenFolder(name string) (plane.Image, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	im, err := openAny(folder{root}, "")
	if err != nil {
		root.Close()
	}
	return im, err
}

// openAny opens an image of OME's, or else one of MapManagerCore. how is said of its format.
func openAny(s store, how string) (plane.Image, error) {
	im, err := open(s)
	if err == nil {
		im.info.Format += how
		return im, nil
	}
	if errors.Is(err, errNoOME) {
		m, also := mapManager(s)
		if also != nil {
			return nil, also
		}
		if m != nil {
			m.info.Format += how
			return m, nil
		}
	}
	return nil, err
}

// OpenZip opens the image in a zip of size bytes: the outermost folder in it that has an image. The image owns the file unless
// there is an error, which wraps plane.ErrFormat if there is no Zarr in the zip.
func OpenZip(f file, size int64) (plane.Image, error) {
	a, err := openZip(f, size)
	if err != nil {
		return nil, err
	}
	return openAny(a, ", zipped")
}

func open(s store) (*Image, error) {
	a, info, err := metadata(s)
	if err != nil {
		return nil, err
	}
	return newImage(s, a, info), nil
}

func newImage(s store, a *array, info *plane.Info) *Image {
	m := &Image{store: s, array: a, info: info, stride: make([]int, len(a.shape))}
	n := 1
	for _, k := range slices.Backward(a.order) {
		m.stride[k] = n
		n *= a.chunk[k]
	}
	at := func(name string) int { return slices.Index(a.names, name) }
	m.axes.t, m.axes.c, m.axes.z, m.axes.y, m.axes.x = at("t"), at("c"), at("z"), at("y"), at("x")
	return m
}

// Info implements plane.Image.
func (m *Image) Info() *plane.Info { return m.info }

// Close implements plane.Image.
func (m *Image) Close() error { return m.store.Close() }

// ReadPlane implements plane.Image.
func (m *Image) ReadPlane(ctx context.Context, t, c, z int, r plane.Rect, dst []byte) ([]byte, error) {
	if err := m.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	dst = plane.Grow(dst, m.info.Bytes(r))
	// Where each axis is: the chunk, and the place in it.
	chunk, within := make([]int, len(m.stride)), make([]int, len(m.stride))
	for axis, n := range map[int]int{m.axes.t: t, m.axes.c: c, m.axes.z: z} {
		if axis >= 0 {
			chunk[axis], within[axis] = n/m.array.chunk[axis], n%m.array.chunk[axis]
		}
	}
	rows, cols := m.array.chunk[m.axes.y], m.array.chunk[m.axes.x]
	for cy := r.Row / rows; cy <= (r.Row+r.Rows-1)/rows; cy++ {
		for cx := r.Col / cols; cx <= (r.Col+r.Cols-1)/cols; cx++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			chunk[m.axes.y], chunk[m.axes.x] = cy, cx
			if err := m.share(chunk, within, plane.Rect{Row: cy * rows, Col: cx * cols, Rows: rows, Cols: cols}, r, dst); err != nil {
				if errors.Is(err, os.ErrClosed) {
					return nil, errors.New("the stack was closed")
				}
				return nil, fmt.Errorf("chunk %s: %w", m.key(chunk), err)
			}
		}
	}
	return dst, nil
}

// share copies what of a chunk lies in the rectangle r into dst, which has the pixels of r. of is where the chunk
// lies in the plane.
func (m *Image) share(chunk, within []int, of, r plane.Rect, dst []byte) error {
	size := m.array.size
	row, col := max(r.Row-of.Row, 0), max(r.Col-of.Col, 0)
	rows := min(r.Row+r.Rows, of.Row+of.Rows) - of.Row - row
	cols := min(r.Col+r.Cols, of.Col+of.Cols) - of.Col - col
	to := ((of.Row+row-r.Row)*r.Cols + of.Col + col - r.Col) * size
	down, right := m.stride[m.axes.y], m.stride[m.axes.x]
	first := row*down + col*right
	for axis, n := range within {
		if axis != m.axes.y && axis != m.axes.x {
			first += n * m.stride[axis]
		}
	}
	last := first + (rows-1)*down + (cols-1)*right
	var buffers []*[]byte
	defer func() {
		for _, b := range buffers {
			pack.GiveBack(b)
		}
	}()
	pixels, err := m.chunk(chunk, first*size, (last+1)*size, &buffers)
	if err != nil {
		return err
	}
	for y := range rows {
		line := dst[to+y*r.Cols*size : to+y*r.Cols*size+cols*size]
		at := first + y*down
		switch {
		case pixels == nil: // there is no chunk, and the fill value is as readers get it
			for x := 0; x < len(line); x += size {
				line[x] = byte(m.array.fill)
				if size == 2 {
					line[x+1] = byte(m.array.fill >> 8)
				}
			}
			continue
		case right == 1:
			copy(line, pixels[(at-first)*size:])
		case size == 1:
			for x := range cols {
				line[x] = pixels[at-first+x*right]
			}
		default:
			for x := range cols {
				k := (at - first + x*right) * 2
				line[2*x], line[2*x+1] = pixels[k], pixels[k+1]
			}
		}
		if m.array.bigEndian && size == 2 {
			for x := 0; x+1 < len(line); x += 2 {
				line[x], line[x+1] = line[x+1], line[x]
			}
		}
		if m.array.signed {
			for x := size - 1; x < len(line); x += size {
				line[x] ^= 0x80
			}
		}
	}
	return nil
}

// key is the name of the file of a chunk, or of a shard.
func (m *Image) key(chunk []int) string {
	var b strings.Builder
	if m.array.key == "default" {
		b.WriteString("c" + m.array.separator)
	}
	for i, n := range chunk {
		if i > 0 {
			b.WriteString(m.array.separator)
		}
		if m.array.shard != nil {
			n /= m.array.shard[i] / m.array.chunk[i]
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// chunk returns the bytes from, included, to to, not included, of a chunk, nil where there is no such chunk. What it had
// to make room for is in buffers.
func (m *Image) chunk(chunk []int, from, to int, buffers *[]*[]byte) ([]byte, error) {
	name := path.Join(m.array.path, m.key(chunk))
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("its name is %q", name)
	}
	file, length, err := m.store.open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	defer file.Close()
	var at int64
	if m.array.shard != nil {
		var there bool
		if at, length, there, err = m.inner(file, length, chunk, buffers); err != nil || !there {
			return nil, err
		}
	}
	size := m.array.bytes()
	if len(m.array.codecs) == 0 {
		if length < int64(size) {
			return nil, fmt.Errorf("%w: it has %d bytes, and a chunk has %d", errDamaged, length, size)
		}
		buffer := pack.Take(to - from)
		*buffers = append(*buffers, buffer)
		return *buffer, readFull(file, *buffer, at+int64(from))
	}
	if length > most(int64(size)) {
		return nil, fmt.Errorf("%w: it has %d bytes, and %d uncompressed", errDamaged, length, size)
	}
	packed := pack.Take(int(length))
	*buffers = append(*buffers, packed)
	if err := readFull(file, *packed, at); err != nil {
		return nil, err
	}
	pixels, err := unpack(m.array.codecs, *packed, size, from, to, buffers)
	if err != nil {
		return nil, err
	}
	return pixels[from:to], nil
}

// inner looks up in the index of a shard where a chunk is. there is false for one that the shard does not have.
func (m *Image) inner(shard object, length int64, chunk []int, buffers *[]*[]byte) (at, size int64, there bool, err error) {
	n, number := 1, 0
	for i, k := range chunk {
		per := m.array.shard[i] / m.array.chunk[i]
		n, number = n*per, number*per+k%per
	}
	all := int64(16 * n)
	if m.array.indexSum {
		all += 4
	}
	if all > length {
		return 0, 0, false, fmt.Errorf("%w: the shard has %d bytes, and its index %d", errDamaged, length, all)
	}
	begin := length - all
	if m.array.indexFirst {
		begin = 0
	}
	index := pack.Take(int(all))
	*buffers = append(*buffers, index)
	if err := readFull(shard, *index, begin); err != nil {
		return 0, 0, false, err
	}
	if m.array.indexSum && crc32.Checksum((*index)[:16*n], castagnoli) != binary.LittleEndian.Uint32((*index)[16*n:]) {
		return 0, 0, false, fmt.Errorf("%w: the checksum of the shard's index is another", errDamaged)
	}
	offset, count := binary.LittleEndian.Uint64((*index)[16*number:]), binary.LittleEndian.Uint64((*index)[16*number+8:])
	if offset == 1<<64-1 && count == 1<<64-1 {
		return 0, 0, false, nil
	}
	if offset > uint64(length) || count > uint64(length)-offset {
		return 0, 0, false, fmt.Errorf("%w: the shard has %d bytes, and a chunk at %d", errDamaged, length, offset)
	}
	return int64(offset), int64(count), true, nil
}
