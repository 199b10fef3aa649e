package tiff

import (
	"context"
	"fmt"

	"webmon/shm/stack/pack"
	"webmon/shm/stack/plane"
)

// segment reads strips and tiles into a rectangle of a plane.
type segment struct {
	in     *input
	rect   plane.Rect
	dst    []byte // the rectangle, row by row
	size   int    // bytes a pixel
	signed bool
}

// page reads what the rectangle needs of a page.
func (s *segment) page(ctx context.Context, p *page) error {
	_, across := p.grid()
	firstRow, lastRow := s.rect.Row/p.segRows, (s.rect.Row+s.rect.Rows-1)/p.segRows
	firstCol, lastCol := s.rect.Col/p.segCols, (s.rect.Col+s.rect.Cols-1)/p.segCols
	for i := firstRow; i <= lastRow; i++ {
		n := lastCol - firstCol + 1
		if !p.tiled { // numbers of many strips at a time
			n = min(lastRow-i+1, 1024)
		}
		first := i*across + firstCol
		offsets, err := s.in.numbers(p.offsets, first, n)
		if err != nil {
			return fmt.Errorf("where its %s are: %w", p.segments(), err)
		}
		var counts []uint64
		if p.compression != 1 {
			if counts, err = s.in.numbers(p.counts, first, n); err != nil {
				return fmt.Errorf("how long its %s are: %w", p.segments(), err)
			}
		}
		if p.tiled {
			for k, offset := range offsets {
				of := plane.Rect{Row: i * p.segRows, Col: (firstCol + k) * p.segCols, Rows: p.segRows, Cols: p.segCols}
				var count uint64
				if counts != nil {
					count = counts[k]
				}
				if err := s.one(ctx, p, first+k, offset, count, of); err != nil {
					return err
				}
			}
			continue
		}
		for k := 0; k < n; k++ {
			of := plane.Rect{Row: (i + k) * p.segRows, Rows: p.segRows, Cols: p.segCols}
			var count uint64
			if counts != nil {
				count = counts[k]
			} else {
				// Strips that lie behind each other are read as one.
				for begin := offsets[k]; k+1 < n && offsets[k+1] == begin+uint64(of.Rows*of.Cols*s.size); k++ {
					of.Rows += p.segRows
				}
			}
			of.Rows = min(of.Rows, int(p.rows)-of.Row)
			number := of.Row / p.segRows
			if err := s.one(ctx, p, number, offsets[number-i], count, of); err != nil {
				return err
			}
		}
		i += n - 1
	}
	return nil
}

// one reads one strip or tile, or several that lie behind each other. of is where it lies in
// the plane, over the edge of which it may reach.
func (s *segment) one(ctx context.Context, p *page, number int, offset, count uint64, of plane.Rect) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := p.segments()[:len(p.segments())-1]
	if offset >= uint64(s.in.size) || count > uint64(s.in.size)-offset {
		return fmt.Errorf("its %s %d is at byte %d of %d: %w", name, number+1, offset, s.in.size, errShort)
	}
	var err error
	if p.compression == 1 {
		err = s.raw(ctx, int64(offset), of.Cols, of)
	} else {
		err = s.packed(p, int64(offset), int64(count), of)
	}
	if err != nil {
		return fmt.Errorf("its %s %d: %w", name, number+1, err)
	}
	return nil
}

// share is what of a segment lies in the rectangle: rows and columns in the segment, and
// where the first of them goes in dst.
func (s *segment) share(of plane.Rect) (row, rows, col, cols, to int) {
	row, col = max(s.rect.Row-of.Row, 0), max(s.rect.Col-of.Col, 0)
	rows = min(s.rect.Row+s.rect.Rows, of.Row+of.Rows) - of.Row - row
	cols = min(s.rect.Col+s.rect.Cols, of.Col+of.Cols) - of.Col - col
	return row, rows, col, cols, ((of.Row+row-s.rect.Row)*s.rect.Cols + of.Col + col - s.rect.Col) * s.size
}

// band is how many bytes are read at a time where a rectangle is a part of rows, some of which
// are read without need: a call of the system costs as much as many bytes.
const band = 128 << 10

// raw reads the share of a segment that is not compressed, and has rows of width pixels.
func (s *segment) raw(ctx context.Context, offset int64, width int, of plane.Rect) error {
	row, rows, col, cols, to := s.share(of)
	full, take, stride := width*s.size, cols*s.size, s.rect.Cols*s.size
	at := offset + int64(row)*int64(full) + int64(col*s.size)
	switch {
	case take == full && take == stride:
		const most = 4 << 20 // so that a read of very much can be given up
		for b := s.dst[to : to+rows*take]; len(b) > 0; b = b[min(most, len(b)):] {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.in.bytes(b[:min(most, len(b))], at); err != nil {
				return err
			}
			at += most
		}
	case full > band/2 || full > 8*take && full > 4<<10:
		for i := range rows {
			b := s.dst[to+i*stride : to+i*stride+take]
			if err := s.in.bytes(b, at+int64(i)*int64(full)); err != nil {
				return err
			}
			if i&0xfff == 0xfff && ctx.Err() != nil {
				return ctx.Err()
			}
		}
	default:
		buffer := pack.Take(max(band, full))
		defer pack.GiveBack(buffer)
		for i, n := 0, 0; i < rows; i += n {
			n = min(rows-i, max(1, band/full))
			// The last row is read as far as it is needed, which may be the end of the file.
			lines := (*buffer)[:(n-1)*full+take]
			if err := s.in.bytes(lines, at+int64(i)*int64(full)); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			for k := range n {
				copy(s.dst[to+(i+k)*stride:to+(i+k)*stride+take], lines[k*full:])
			}
		}
	}
	if s.in.order.Uint16([]byte{1, 0}) == 1 && !s.signed {
		return nil
	}
	for i := range rows {
		s.settle(s.dst[to+i*stride : to+i*stride+take])
	}
	return nil
}

// settle makes pixels as they are in the file to what readers get.
func (s *segment) settle(b []byte) {
	if s.size == 2 && s.in.order.Uint16([]byte{1, 0}) != 1 {
		for i := 0; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	}
	if s.signed {
		for i := s.size - 1; i < len(b); i += s.size {
			b[i] ^= 0x80
		}
	}
}

// packed reads the share of a segment that is compressed.
func (s *segment) packed(p *page, offset, count int64, of plane.Rect) error {
	row, rows, col, cols, to := s.share(of)
	full, take, stride := of.Cols*s.size, cols*s.size, s.rect.Cols*s.size
	// What comes behind the last row that is needed is not decoded.
	need := (row + rows) * full
	how := decoders[p.compression]
	if int64(need)/int64(how.ratio) > count+16 {
		return fmt.Errorf("it has %d bytes, which cannot be the %d of its pixels", count, need)
	}
	// No encoder makes pixels longer than this.
	source := pack.Take(int(min(count, 2*int64(of.Rows*full)+4096)))
	defer pack.GiveBack(source)
	if err := s.in.bytes(*source, offset); err != nil {
		return err
	}
	// Whole rows are decoded where they belong.
	var pixels []byte
	if row == 0 && take == full && take == stride {
		pixels = s.dst[to : to+need]
	} else {
		buffer := pack.Take(need)
		defer pack.GiveBack(buffer)
		pixels = *buffer
	}
	n, err := how.decode(pixels, *source)
	if err != nil {
		return err
	}
	if n < need {
		return fmt.Errorf("its data end after %d of %d bytes", n, need)
	}
	s2 := segment{in: s.in, size: s.size} // the sign comes after the sums
	for i := range rows {
		line := pixels[(row+i)*full : (row+i)*full+(col*s.size+take)]
		if p.predictor == 2 {
			s2.settle(line)
			sum(line, s.size)
			if s.signed {
				for k := s.size - 1; k < len(line); k += s.size {
					line[k] ^= 0x80
				}
			}
		} else {
			s.settle(line[col*s.size:])
		}
		copy(s.dst[to+i*stride:to+i*stride+take], line[col*s.size:])
	}
	return nil
}

// sum undoes the predictor 2, by which each pixel is the difference to the one before, little-endian.
func sum(b []byte, size int) {
	if size == 1 {
		v := byte(0)
		for i := range b {
			v += b[i]
			b[i] = v
		}
		return
	}
	v := uint16(0)
	for i := 0; i+1 < len(b); i += 2 {
		v += uint16(b[i]) | uint16(b[i+1])<<8
		b[i], b[i+1] = byte(v), byte(v>>8)
	}
}
