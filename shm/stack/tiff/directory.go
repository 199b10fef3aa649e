package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"webmon/shm"
	"webmon/shm/stack/plane"
)

// The tags that are read.
const (
	tagSubfile      = 254
	tagCols         = 256
	tagRows         = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagFillOrder    = 266
	tagDescription  = 270
	tagStripOffsets = 273
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripCounts  = 279
	tagXResolution  = 282
	tagYResolution  = 283
	tagPlanar       = 284
	tagResUnit      = 296
	tagSoftware     = 305
	tagPredictor    = 317
	tagTileCols     = 322
	tagTileRows     = 323
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagSampleFormat = 339
	tagUIC2         = 33629 // MetaMorph's: six numbers for each plane
)

// mostEntries is the most entries that a page directory may have. Writers need some thirty.
const mostEntries = 4096

// input is a file that is read in place.
type input struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	big   bool
}

// errShort says that what the file names lies beyond its end.
var errShort = errors.New("the file ends before it; it may be cut short")

// bytes reads exactly len(b) bytes at an offset.
func (f *input) bytes(b []byte, at int64) error {
	if at < 0 || at > f.size || int64(len(b)) > f.size-at {
		return errShort
	}
	n, err := f.r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return errShort // it has become shorter since it was opened
	}
	return err
}

// field is an entry of a page directory: some numbers of one type, which stay in the file.
type field struct {
	typ   uint16
	count uint64
	at    int64  // where the numbers are
	first uint64 // the first one, if it is in the entry itself
	here  bool   // whether it is
}

// sizes are the bytes of the types, by their number; 0 for none that is known.
var sizes = [...]int{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

func (d field) size() int {
	if int(d.typ) < len(sizes) {
		return sizes[d.typ]
	}
	return 0
}

// page is one directory: a picture and how it lies in the file.
type page struct {
	shape
	subfile                    uint64
	compression, predictor     uint64
	fillOrder, resUnit, planar uint64
	tiled                      bool
	segRows, segCols           int // of a strip or a tile
	offsets, counts            field
	xres, yres                 field
	description, software      field
	uic2                       field
	next                       int64
}

// shape is what all pages of a stack have in common.
type shape struct {
	rows, cols            uint64
	bits, samples, format uint64
	photometric           uint64
}

var scratch = sync.Pool{New: func() any { b := make([]byte, 1024); return &b }}

// directory reads the page directory at an offset.
func (f *input) directory(at int64) (*page, error) {
	buffer := scratch.Get().(*[]byte)
	defer scratch.Put(buffer)
	head, entry, pointer := 2, 12, 4
	if f.big {
		head, entry, pointer = 8, 20, 8
	}
	if at < 8 || at > f.size-int64(head) {
		return nil, fmt.Errorf("its directory is at byte %d of %d", at, f.size)
	}
	// One read is enough for nearly all.
	b := (*buffer)[:min(1024, f.size-at)]
	if err := f.bytes(b, at); err != nil {
		return nil, err
	}
	var n uint64
	if f.big {
		n = f.order.Uint64(b)
	} else {
		n = uint64(f.order.Uint16(b))
	}
	if n == 0 || n > mostEntries {
		return nil, fmt.Errorf("its directory has %d entries; webmon reads 1 to %d", n, mostEntries)
	}
	if need := head + int(n)*entry + pointer; need > len(b) {
		b = make([]byte, need)
		if err := f.bytes(b, at); err != nil {
			return nil, fmt.Errorf("its directory of %d entries: %w", n, err)
		}
	}
	p := &page{}
	p.bits, p.samples, p.format, p.compression, p.predictor, p.fillOrder, p.planar, p.resUnit = 1, 1, 1, 1, 1, 1, 1, 2
	rowsPerStrip, tileCols, tileRows := uint64(math.MaxUint32), uint64(0), uint64(0)
	for i := range int(n) {
		e := b[head+i*entry : head+(i+1)*entry]
		tag, d := f.order.Uint16(e), field{typ: f.order.Uint16(e[2:])}
		value := e[8:]
		if f.big {
			d.count, value = f.order.Uint64(e[4:]), e[12:]
		} else {
			d.count = uint64(f.order.Uint32(e[4:]))
		}
		switch size := uint64(d.size()); {
		case size == 0 || d.count == 0 || d.count > math.MaxInt64/16:
			continue // nothing that could be read
		case d.count*size <= uint64(len(value)):
			d.at = at + int64(head+i*entry+entry-len(value))
			d.first, d.here = f.number(value, d.typ), true
		case f.big:
			offset := f.order.Uint64(value)
			if offset > math.MaxInt64 {
				continue
			}
			d.at = int64(offset)
		default:
			d.at = int64(f.order.Uint32(value))
		}
		switch tag {
		case tagSubfile:
			p.subfile = d.first
		case tagCols:
			p.cols = d.first
		case tagRows:
			p.rows = d.first
		case tagBits:
			v, err := f.numbers(d, 0, 1)
			if err != nil {
				return nil, fmt.Errorf("how many bits a pixel has: %w", err)
			}
			p.bits = v[0]
		case tagCompression:
			p.compression = d.first
		case tagPhotometric:
			p.photometric = d.first
		case tagFillOrder:
			p.fillOrder = d.first
		case tagDescription:
			p.description = d
		case tagStripOffsets, tagTileOffsets:
			p.offsets = d
		case tagStripCounts, tagTileCounts:
			p.counts = d
		case tagSamples:
			p.samples = d.first
		case tagRowsPerStrip:
			rowsPerStrip = d.first
		case tagXResolution:
			p.xres = d
		case tagYResolution:
			p.yres = d
		case tagPlanar:
			p.planar = d.first
		case tagResUnit:
			p.resUnit = d.first
		case tagSoftware:
			p.software = d
		case tagUIC2:
			p.uic2 = d
		case tagPredictor:
			p.predictor = d.first
		case tagTileCols:
			tileCols, p.tiled = d.first, true
		case tagTileRows:
			tileRows = d.first
		case tagSampleFormat:
			v, err := f.numbers(d, 0, 1)
			if err != nil {
				return nil, fmt.Errorf("the format of its samples: %w", err)
			}
			p.format = v[0]
		}
	}
	end := b[head+int(n)*entry:]
	if f.big {
		next := f.order.Uint64(end)
		if next > math.MaxInt64 {
			return nil, fmt.Errorf("the next directory is at byte %d of %d", next, f.size)
		}
		p.next = int64(next)
	} else {
		p.next = int64(f.order.Uint32(end))
	}
	if p.tiled {
		if tileCols == 0 || tileRows == 0 || tileCols > 1<<20 || tileRows > 1<<20 {
			return nil, fmt.Errorf("its tiles have %d x %d pixels", tileRows, tileCols)
		}
		p.segRows, p.segCols = int(tileRows), int(tileCols)
	} else {
		if rowsPerStrip == 0 {
			return nil, errors.New("its strips have no rows")
		}
		p.segRows, p.segCols = int(min(rowsPerStrip, p.rows, math.MaxInt32)), int(min(p.cols, math.MaxInt32))
	}
	return p, nil
}

// number reads the first number of a type. What is no whole number is 0.
func (f *input) number(b []byte, typ uint16) uint64 {
	switch typ {
	case 1, 7:
		return uint64(b[0])
	case 3:
		return uint64(f.order.Uint16(b))
	case 4, 13:
		return uint64(f.order.Uint32(b))
	case 16, 18:
		return f.order.Uint64(b)
	}
	return 0
}

// numbers reads n whole numbers of a field, from the one at from on.
func (f *input) numbers(d field, from, n int) ([]uint64, error) {
	if uint64(from)+uint64(n) > d.count {
		return nil, fmt.Errorf("it has %d numbers, and %d are needed", d.count, from+n)
	}
	if n == 1 && from == 0 && d.here {
		return []uint64{d.first}, nil
	}
	size := d.size()
	if d.at > f.size || int64(from+n)*int64(size) > f.size-d.at {
		return nil, errShort
	}
	raw := make([]byte, n*size)
	if err := f.bytes(raw, d.at+int64(from*size)); err != nil {
		return nil, err
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = f.number(raw[i*size:], d.typ)
	}
	return out, nil
}

// text reads a field as text, cut at its first zero byte. It is "" for a field that is no text.
func (f *input) text(d field, most int64) (string, error) {
	if d.count == 0 || (d.typ != 2 && d.typ != 1 && d.typ != 7) {
		return "", nil
	}
	if d.count > uint64(most) {
		return "", fmt.Errorf("its description has %d bytes; webmon reads %d", d.count, most)
	}
	b := make([]byte, d.count)
	if err := f.bytes(b, d.at); err != nil {
		return "", fmt.Errorf("its description: %w", err)
	}
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), nil
		}
	}
	return string(b), nil
}

// rational reads a fraction; 0 where there is none.
func (f *input) rational(d field) float64 {
	if d.typ != 5 || d.count == 0 {
		return 0
	}
	var b [8]byte
	if f.bytes(b[:], d.at) != nil {
		return 0
	}
	over := f.order.Uint32(b[4:])
	if over == 0 {
		return 0
	}
	return float64(f.order.Uint32(b[:])) / float64(over)
}

// compressions are names of what is not read, and of what is.
var compressions = map[uint64]string{
	1: "uncompressed", 2: "CCITT", 3: "CCITT fax 3", 4: "CCITT fax 4", 5: "LZW", 6: "JPEG (old)", 7: "JPEG", 8: "deflate",
	32773: "PackBits", 32946: "deflate", 33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000", 34892: "lossy JPEG", 34925: "LZMA",
	34933: "PNG", 34934: "JPEG XR", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

var photometrics = map[uint64]string{
	0: "grey, white is 0", 1: "grey", 2: "RGB", 3: "a colour palette", 4: "a mask", 5: "CMYK", 6: "YCbCr", 8: "CIELAB", 9: "ICCLAB", 10: "ITULAB",
	32803: "a camera's colour filter", 32844: "LogL", 32845: "LogLuv",
}

func name(names map[uint64]string, number uint64) string {
	if n := names[number]; n != "" {
		return n
	}
	return fmt.Sprintf("number %d", number)
}

// check says in words why a page cannot be read, nil if it can be. palette allows for
// a table of colours, where the pixels are known to be intensities all the same. file is how
// many bytes the file has: a plane that cannot come of them is not made room for.
func (p *page) check(palette bool, file int64) error {
	switch {
	case p.photometric > 1 && (p.photometric != 3 || !palette):
		return fmt.Errorf("its pixels are %s; webmon reads intensities of one sample a pixel", name(photometrics, p.photometric))
	case p.samples != 1:
		return fmt.Errorf("it has %d samples a pixel; webmon reads one, and each channel as pages of its own", p.samples)
	case p.format == 3 || p.format == 6:
		return fmt.Errorf("its pixels are floating-point numbers of %d bits; webmon reads whole numbers of 8 and 16 bits", p.bits)
	case p.format != 1 && p.format != 2 && p.format != 4:
		return fmt.Errorf("its samples have the format %d; webmon reads whole numbers", p.format)
	case p.bits != 8 && p.bits != 16:
		return fmt.Errorf("its pixels have %d bits; webmon reads 8 and 16", p.bits)
	case p.compression != 1 && p.compression != 5 && p.compression != 8 && p.compression != 32946 && p.compression != 32773:
		return fmt.Errorf("it is compressed as %s; webmon reads LZW, deflate and PackBits", name(compressions, p.compression))
	case p.predictor != 1 && (p.predictor != 2 || p.compression == 1 || p.compression == 32773):
		return fmt.Errorf("it has the predictor %d; webmon reads 1 and, with LZW and deflate, 2", p.predictor)
	case p.fillOrder != 1 && p.compression != 1:
		return errors.New("the bits of its bytes are in reverse order")
	case p.offsets.count == 0:
		return errors.New("it does not say where its pixels are")
	}
	if err := (&plane.Info{Times: 1, Channels: 1, Slices: 1, Rows: clip(p.rows), Cols: clip(p.cols), Type: p.typ()}).Valid(); err != nil {
		return err
	}
	down, across := p.grid()
	if uint64(down*across) > p.offsets.count {
		return fmt.Errorf("it names %d %s, and its %d x %d pixels are %d", p.offsets.count, p.segments(), p.rows, p.cols, down*across)
	}
	ratio := int64(1)
	if p.compression != 1 {
		ratio = int64(decoders[p.compression].ratio)
		if uint64(down*across) > p.counts.count {
			return fmt.Errorf("it says of %d %s how long they are, and there are %d", p.counts.count, p.segments(), down*across)
		}
		if size := p.segRows * p.segCols * p.size(); size > mostSegment {
			return fmt.Errorf("each of its %s has %d MiB; webmon decodes up to %d", p.segments(), size>>20, mostSegment>>20)
		}
	}
	if all := int64(p.rows*p.cols) * int64(p.size()); all/ratio > file {
		return fmt.Errorf("its pixels have %d bytes, and the file has %d; it may be cut short", all, file)
	}
	return nil
}

func clip(n uint64) int { return int(min(n, math.MaxInt32)) }

func (p *page) size() int { return int(p.bits / 8) }

func (p *page) typ() shm.PixelType {
	if p.bits == 16 {
		return shm.U16
	}
	return shm.U8
}

// grid is how many strips or tiles are below each other and beside each other.
func (p *page) grid() (down, across int) {
	return (clip(p.rows) + p.segRows - 1) / p.segRows, (clip(p.cols) + p.segCols - 1) / p.segCols
}

func (p *page) segments() string {
	if p.tiled {
		return "tiles"
	}
	return "strips"
}
