package tiff_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	xtiff "golang.org/x/image/tiff"

	"webmon/shm/stack/plane"
	"webmon/shm/stack/stacktest"
	"webmon/shm/stack/tiff"
)

// memory is a file that counts the bytes that are read of it.
type memory struct {
	*bytes.Reader
	mu   sync.Mutex
	read int
}

func file(b []byte) *memory { return &memory{Reader: bytes.NewReader(b)} }

func (m *memory) ReadAt(b []byte, at int64) (int, error) {
	m.mu.Lock()
	m.read += len(b)
	m.mu.Unlock()
	return m.Reader.ReadAt(b, at)
}

func (m *memory) Close() error { return nil }

func open(t testing.TB, b []byte) (*tiff.Image, *memory) {
	t.Helper()
	f := file(b)
	im, err := tiff.Open(f, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return im, f
}

// part cuts a rectangle out of a plane.
func part(plane []byte, cols, size int, r plane.Rect) (out []byte) {
	for y := range r.Rows {
		at := ((r.Row+y)*cols + r.Col) * size
		out = append(out, plane[at:at+r.Cols*size]...)
	}
	return out
}

func rectangles(rows, cols int) []plane.Rect {
	r := rand.New(rand.NewPCG(3, 4))
	out := []plane.Rect{{Rows: rows, Cols: cols}, {Row: rows - 1, Col: cols - 1, Rows: 1, Cols: 1}, {Row: 1, Rows: 1, Cols: cols}}
	for range 6 {
		y, x := r.IntN(rows), r.IntN(cols)
		out = append(out, plane.Rect{Row: y, Col: x, Rows: 1 + r.IntN(rows-y), Cols: 1 + r.IntN(cols-x)})
	}
	return out
}

// Every way in which pixels lie in a file gives the same pixels; of the first page x/image has them too.
func TestEveryLayout(t *testing.T) {
	const rows, cols, pages = 37, 25, 2
	for _, bits := range []int{8, 16} {
		planes := stacktest.Noise(1, pages, rows, cols, bits)
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, big := range []bool{false, true} {
				for _, compression := range []int{1, 5, 8, 32946, 32773} {
					for _, predictor := range []int{0, 2} {
						for _, layout := range [][3]int{{0, 0, 0}, {1, 0, 0}, {16, 0, 0}, {0, 16, 16}, {0, 48, 32}} {
							if predictor == 2 && (compression == 32773 || compression == 1) {
								continue
							}
							w := stacktest.TIFF{Rows: rows, Cols: cols, Bits: bits, Compression: compression, Predictor: predictor, Big: big, Order: order,
								StripRows: layout[0], TileRows: layout[1], TileCols: layout[2]}
							name := fmt.Sprintf("%d bits, %v, big %v, compression %d, predictor %d, layout %v", bits, order, big, compression, predictor, layout)
							b := w.Write(planes)
							im, err := tiff.Open(file(b), int64(len(b)))
							if err != nil {
								t.Errorf("%s: %v", name, err)
								continue
							}
							info := im.Info()
							if info.Slices != pages || info.Channels != 1 || info.Times != 1 || info.Rows != rows || info.Cols != cols || info.Type.Size() != bits/8 {
								t.Errorf("%s: %+v", name, info)
							}
							for z := range pages {
								for _, r := range rectangles(rows, cols) {
									got, err := im.ReadPlane(t.Context(), 0, 0, z, r, nil)
									if err != nil || !bytes.Equal(got, part(planes[z], cols, bits/8, r)) {
										t.Errorf("%s: slice %d, %+v differs: %v", name, z, r, err)
									}
								}
							}
							if big || compression == 32946 {
								continue
							}
							other, err := xtiff.Decode(bytes.NewReader(b))
							if err != nil {
								t.Errorf("%s: x/image: %v", name, err)
							} else if pix := gray(other); !bytes.Equal(pix, planes[0]) {
								t.Errorf("%s: x/image reads other pixels: the test's writer is wrong", name)
							}
						}
					}
				}
			}
		}
	}
}

// gray returns the pixels of x/image's picture, little-endian.
func gray(im image.Image) []byte {
	switch im := im.(type) {
	case *image.Gray:
		return im.Pix
	case *image.Gray16:
		b := bytes.Clone(im.Pix)
		for i := 0; i < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
		return b
	}
	return nil
}

func TestSignedPixelsBeginAtTheLeast(t *testing.T) {
	for _, bits := range []int{8, 16} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, w := range []stacktest.TIFF{{}, {Compression: 5}, {Compression: 8, Predictor: 2}, {TileRows: 16, TileCols: 16}} {
				w.Rows, w.Cols, w.Bits, w.Order, w.Signed = 20, 30, bits, order, true
				planes := stacktest.Noise(5, 2, 20, 30, bits)
				im, _ := open(t, w.Write(planes))
				if want := -1 << (bits - 1); im.Info().Base != want {
					t.Fatalf("the base is %d, want %d", im.Info().Base, want)
				}
				r := plane.Rect{Row: 3, Col: 4, Rows: 5, Cols: 6}
				got, err := im.ReadPlane(t.Context(), 0, 0, 1, r, nil)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range got {
					want := part(planes[1], 30, bits/8, r)[i]
					if i%(bits/8) == bits/8-1 {
						want ^= 0x80
					}
					if v != want {
						t.Fatalf("%+v: byte %d is %d, want %d", w, i, v, want)
					}
				}
			}
		}
	}
}

// A rectangle reads the strips or tiles that it lies in.
func TestOnlyWhatIsNeededIsRead(t *testing.T) {
	const n = 512
	planes := stacktest.Noise(1, 1, n, n, 16)
	r := plane.Rect{Row: 200, Col: 200, Rows: 20, Cols: 20}
	for _, tt := range []struct {
		w    stacktest.TIFF
		most int // bytes
	}{
		{stacktest.TIFF{}, 2048 + 20*n*2},
		{stacktest.TIFF{StripRows: 16}, 4096 + 20*n*2},
		{stacktest.TIFF{StripRows: 16, Compression: 8}, 4096 + 3*16*n*2},
		{stacktest.TIFF{TileRows: 64, TileCols: 64}, 4096 + 20*64*2},
		{stacktest.TIFF{TileRows: 64, TileCols: 64, Compression: 5}, 4096 + 64*64*4},
	} {
		tt.w.Rows, tt.w.Cols, tt.w.Bits = n, n, 16
		im, f := open(t, tt.w.Write(planes))
		f.read = 0
		if _, err := im.ReadPlane(t.Context(), 0, 0, 0, r, nil); err != nil || f.read > tt.most {
			t.Errorf("%+v: read %d bytes, %v; want %d at most", tt.w, f.read, err, tt.most)
		}
	}
}

func TestImageJHyperstacks(t *testing.T) {
	const rows, cols = 10, 12
	planes := stacktest.Noise(1, 2*3*4, rows, cols, 16)
	const about = "ImageJ=1.54f\nimages=24\nchannels=2\nslices=3\nframes=4\nhyperstack=true\nmode=grayscale\nunit=\\u00B5m\nfinterval=2.5\nspacing=1.5\nloop=false\n"
	for _, onePage := range []bool{false, true} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			im, _ := open(t, stacktest.TIFF{Rows: rows, Cols: cols, Bits: 16, Order: order, OnePage: onePage, Description: about}.Write(planes))
			i := im.Info()
			if i.Times != 4 || i.Channels != 2 || i.Slices != 3 || i.Voxel.Z != 1.5 || i.Interval != 2.5 || i.Format != "ImageJ TIFF, uncompressed" {
				t.Fatalf("%+v", i)
			}
			for time := range 4 {
				for c := range 2 {
					for z := range 3 {
						r := plane.Rect{Row: 2, Col: 3, Rows: 7, Cols: 5}
						got, err := im.ReadPlane(t.Context(), time, c, z, r, nil)
						if err != nil || !bytes.Equal(got, part(planes[(time*3+z)*2+c], cols, 2, r)) {
							t.Errorf("one page %v: time %d, channel %d, slice %d differs: %v", onePage, time, c, z, err)
						}
					}
				}
			}
		}
	}
	// A table of colours of ImageJ's leaves the pixels what they are; anybody else's does not.
	palette := stacktest.TIFF{Rows: rows, Cols: cols, Bits: 8, Description: "ImageJ=1.54f\n", Tags: map[uint16]uint16{262: 3}}
	open(t, palette.Write(stacktest.Noise(1, 1, rows, cols, 8)))
	palette.Description = ""
	b := palette.Write(stacktest.Noise(1, 1, rows, cols, 8))
	if _, err := tiff.Open(file(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), "colour palette") {
		t.Errorf("a palette: %v", err)
	}
}

func TestScanImage(t *testing.T) {
	planes := stacktest.Noise(1, 13, 5, 6, 16)
	const about = "SI.VERSION_MAJOR = 2020\nSI.hChannels.channelSave = [1;2]\nSI.hStackManager.framesPerSlice = 1\nSI.hStackManager.numSlices = 3\nSI.hStackManager.stackZStepSize = 0.5\n"
	for _, w := range []stacktest.TIFF{{Software: about, Big: true}, {Description: strings.ReplaceAll(about, "SI.", "scanimage.SI.")}} {
		w.Rows, w.Cols, w.Bits = 5, 6, 16
		im, _ := open(t, w.Write(planes))
		i := im.Info()
		if i.Times != 2 || i.Channels != 2 || i.Slices != 3 || i.Voxel.Z != 0.5 {
			t.Fatalf("%+v", i)
		}
		if got, err := im.ReadPlane(t.Context(), 1, 1, 2, i.Whole(), nil); err != nil || !bytes.Equal(got, planes[(1*3+2)*2+1]) {
			t.Errorf("time 1, channel 1, slice 2 is another plane: %v", err)
		}
	}
	w := stacktest.TIFF{Rows: 5, Cols: 6, Bits: 16, Software: strings.Replace(about, "framesPerSlice = 1", "framesPerSlice = 4", 1)}
	if im, _ := open(t, w.Write(planes)); im.Info().Times != 1 || im.Info().Slices != 6 || im.Info().Channels != 2 {
		t.Errorf("%+v", im.Info())
	}
}

func ome(pixels, inside string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1"><Image ID="Image:0"><Pixels ID="Pixels:0" Type="uint8" SizeX="6" SizeY="5" ` +
		pixels + `>` + inside + `</Pixels></Image></OME>`
}

func TestOMEOrders(t *testing.T) {
	const rows, cols = 5, 6
	planes := stacktest.Noise(1, 24, rows, cols, 8)
	size := map[byte]int{'Z': 2, 'C': 3, 'T': 4}
	for _, order := range []string{"ZCT", "ZTC", "CZT", "CTZ", "TCZ", "TZC"} {
		im, _ := open(t, stacktest.TIFF{Rows: rows, Cols: cols, Bits: 8, Description: ome(`DimensionOrder="XY`+order+`" SizeZ="2" SizeC="3" SizeT="4"
			PhysicalSizeX="120" PhysicalSizeXUnit="nm" PhysicalSizeY="0.25" PhysicalSizeZ="1.5" PhysicalSizeZUnit="µm" TimeIncrement="250" TimeIncrementUnit="ms"`,
			`<Channel ID="0" Name="GCaMP"/><Channel ID="1"/><Channel ID="2" Name="dsRed"/><TiffData/>`)}.Write(planes))
		i := im.Info()
		if i.Times != 4 || i.Channels != 3 || i.Slices != 2 || i.Voxel != (plane.Voxel{X: 0.12, Y: 0.25, Z: 1.5}) || i.Interval != 0.25 ||
			strings.Join(i.Names, ",") != "GCaMP,,dsRed" {
			t.Errorf("%s: %+v", order, i)
		}
		for n := range planes {
			at := map[byte]int{}
			rest := n
			for k := range 3 {
				at[order[k]], rest = rest%size[order[k]], rest/size[order[k]]
			}
			got, err := im.ReadPlane(t.Context(), at['T'], at['C'], at['Z'], i.Whole(), nil)
			if err != nil || !bytes.Equal(got, planes[n]) {
				t.Errorf("%s: page %d is another plane: %v", order, n, err)
			}
		}
	}
	// Each plane names its page, here in reverse.
	var blocks strings.Builder
	for z := range 4 {
		fmt.Fprintf(&blocks, `<TiffData FirstZ="%d" IFD="%d"><UUID FileName="x.tif">urn:uuid:1</UUID></TiffData>`, z, 3-z)
	}
	b := stacktest.TIFF{Rows: rows, Cols: cols, Bits: 8, Description: ome(`DimensionOrder="XYZCT" SizeZ="5" SizeC="1" SizeT="1"`, blocks.String())}.Write(planes[:4])
	im, _ := open(t, b)
	for z := range 4 {
		if got, err := im.ReadPlane(t.Context(), 0, 0, z, im.Info().Whole(), nil); err != nil || !bytes.Equal(got, planes[3-z]) {
			t.Errorf("slice %d is not page %d: %v", z, 3-z, err)
		}
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 4, im.Info().Whole(), nil); err == nil || !strings.Contains(err.Error(), "slice 4") {
		t.Errorf("the plane that is not there: %v", err)
	}
}

// What is not read says what it is.
func TestWhatIsNotRead(t *testing.T) {
	planes := stacktest.Noise(1, 2, 8, 8, 8)
	plain := stacktest.TIFF{Rows: 8, Cols: 8, Bits: 8}
	for _, tt := range []struct {
		change func(*stacktest.TIFF)
		want   string
	}{
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{258: 32, 339: 3} }, "floating-point numbers of 32 bits"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{258: 32} }, "pixels have 32 bits"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{258: 12} }, "pixels have 12 bits"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{259: 7} }, "compressed as JPEG"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{259: 50000} }, "compressed as Zstandard"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{259: 4711} }, "compressed as number 4711"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{262: 2, 277: 3} }, "pixels are RGB"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{277: 2} }, "2 samples a pixel"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{317: 3} }, "predictor 3"},
		{func(w *stacktest.TIFF) { w.Compression = 8; w.Tags = map[uint16]uint16{266: 2} }, "reverse order"},
		{func(w *stacktest.TIFF) { w.Tags = map[uint16]uint16{278: 0} }, "no rows"},
		{func(w *stacktest.TIFF) { w.Description = "ImageJ=1\nimages=1000000000\nslices=1000000000\n" }, "1000000000 slices"},
		{func(w *stacktest.TIFF) { w.Description = "ImageJ=1\nimages=6\nslices=2\nchannels=2\n" }, "which are 4"},
		{func(w *stacktest.TIFF) { w.Description = "ImageJ=1\nimages=6\nslices=6\n"; w.OnePage = true }, "cut short"},
		{func(w *stacktest.TIFF) { w.Description = "ImageJ=1\nimages=6\nslices=6\n" }, "there are 2 pages"},
		{func(w *stacktest.TIFF) {
			w.Description = ome(`DimensionOrder="XYZCT" SizeZ="2" SizeC="1" SizeT="1"`, `<TiffData><UUID FileName="a.tif">urn:uuid:1</UUID></TiffData><TiffData><UUID FileName="b.tif">urn:uuid:2</UUID></TiffData>`)
		}, `several files ("b.tif" is another)`},
		{func(w *stacktest.TIFF) {
			w.Description = `<OME UUID="urn:uuid:1"><BinaryOnly MetadataFile="m.companion.ome" UUID="u"/></OME>`
		}, `"m.companion.ome"`},
		{func(w *stacktest.TIFF) {
			w.Description = ome(`DimensionOrder="XYZCT" SizeZ="3" SizeC="1" SizeT="1"`, `<TiffData/>`)
		}, "names page 3, and the file has 2"},
		{func(w *stacktest.TIFF) {
			w.Description = ome(`DimensionOrder="XYZCT" SizeZ="1000000000" SizeC="1" SizeT="1"`, `<TiffData/>`)
		}, "1000000000 slices"},
		{func(w *stacktest.TIFF) {
			w.Description = ome(`DimensionOrder="XYZZT" SizeZ="2" SizeC="1" SizeT="1"`, `<TiffData/>`)
		}, `"XYZZT"`},
		{func(w *stacktest.TIFF) {
			w.Description = ome(`DimensionOrder="XYZCT" SizeZ="2" SizeC="1" SizeT="1"`, strings.Repeat(`<TiffData IFD="0"/>`, 4))
		}, "more planes than the 1 x 1 x 2"},
		{func(w *stacktest.TIFF) {
			w.Description = `<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><OME>&b;</OME>`
		}, "OME-XML"},
	} {
		w := plain
		tt.change(&w)
		b := w.Write(planes)
		im, err := tiff.Open(file(b), int64(len(b)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, %v; want %q", w, im, err, tt.want)
		}
	}
}

func TestPagesOfTwoSizesAreNoStack(t *testing.T) {
	a := stacktest.TIFF{Rows: 8, Cols: 8, Bits: 8}.Write(stacktest.Noise(1, 1, 8, 8, 8))
	b := stacktest.TIFF{Rows: 8, Cols: 8, Bits: 8}.Write(stacktest.Noise(1, 2, 8, 8, 8))
	// The second page gets a width of 4.
	second := bytes.LastIndex(b, []byte{0, 1, 4, 0, 1, 0, 0, 0, 8}) // tag 256 of the last directory
	if len(a) >= len(b) || second < 0 {
		t.Fatal("the test does not know its file")
	}
	b[second+8] = 4
	_, err := tiff.Open(file(b), int64(len(b)))
	if err == nil || !strings.Contains(err.Error(), "page 2 has 8 x 4 pixels of 8 bits and page 1 has 8 x 8") {
		t.Error(err)
	}
}

// little is a file of one directory with the entries, of type LONG.
func little(next uint32, entries ...[3]uint32) []byte {
	b := append([]byte("II*\x00"), 8, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(entries)))
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, 4)
		b = binary.LittleEndian.AppendUint32(b, e[1])
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return binary.LittleEndian.AppendUint32(b, next)
}

// Whatever a file claims, it is opened or refused in a sentence, and little memory is taken.
func TestHostileFiles(t *testing.T) {
	big := func(pairs ...uint64) []byte { // BigTIFF, entries of type LONG8
		b := append([]byte("II+\x00\x08\x00\x00\x00"), 16, 0, 0, 0, 0, 0, 0, 0)
		b = binary.LittleEndian.AppendUint64(b, uint64(len(pairs)/2))
		for i := 0; i < len(pairs); i += 2 {
			b = binary.LittleEndian.AppendUint16(b, uint16(pairs[i]))
			b = binary.LittleEndian.AppendUint16(b, 16)
			b = binary.LittleEndian.AppendUint64(b, 1)
			b = binary.LittleEndian.AppendUint64(b, pairs[i+1])
		}
		return binary.LittleEndian.AppendUint64(b, 0)
	}
	for _, tt := range []struct {
		name string
		file []byte
		want string // of the error of Open or, if that opens it, of reading
	}{
		{"empty", nil, "head"},
		{"only a head", []byte("II*\x00\x08\x00\x00\x00"), "byte 8 of 8"},
		{"no directory", []byte("II*\x00\x00\x00\x00\x00"), "no pages"},
		{"directory beyond the end", []byte("MM\x00*\x7f\xff\xff\xff........"), "byte 2147483647 of 16"},
		{"big with offsets of 2^63", []byte("II+\x00\x08\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff......"), "directory is at byte -1"},
		{"big with other offsets", []byte("II+\x00\x10\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff......"), "offsets have 16 bytes"},
		{"directory that comes after itself", little(8, [3]uint32{256, 1, 4}), "circle"},
		{"many entries", append([]byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"), bytes.Repeat([]byte{255}, 100)...), "18446744073709551615 entries"},
		{"no size", little(0, [3]uint32{258, 1, 8}), "does not say where"},
		{"no pixels", little(0, [3]uint32{258, 1, 8}, [3]uint32{273, 1, 8}), "no pixels"},
		{"a billion rows", little(0, [3]uint32{256, 1, 1e9}, [3]uint32{257, 1, 1e9}, [3]uint32{258, 1, 8}, [3]uint32{273, 1, 8}), "1000000000 x 1000000000 pixels"},
		{"a plane that is not there", little(0, [3]uint32{256, 1, 30000}, [3]uint32{257, 1, 30000}, [3]uint32{258, 1, 8}, [3]uint32{273, 1, 8}), "cut short"},
		{"strips of 2^40 bytes", big(256, 64, 257, 64, 258, 8, 259, 8, 273, 16, 279, 1<<40), "cut short"},
		{"strip at 2^63", big(256, 64, 257, 64, 258, 8, 273, 1<<63, 279, 64), "cut short"},
		{"more pixels than the data could be", little(0, [3]uint32{256, 1, 16000}, [3]uint32{257, 1, 16000}, [3]uint32{258, 1, 8}, [3]uint32{259, 1, 8}, [3]uint32{273, 1, 8}, [3]uint32{279, 1, 20}), "cut short"},
		{"a strip of 1 GiB", little(0, [3]uint32{256, 1, 32768}, [3]uint32{257, 1, 32768}, [3]uint32{258, 1, 8}, [3]uint32{259, 1, 8}, [3]uint32{273, 1, 8}, [3]uint32{279, 1, 20}), "1024 MiB"},
		{"too few strips", little(0, [3]uint32{256, 1, 64}, [3]uint32{257, 1, 64}, [3]uint32{258, 1, 8}, [3]uint32{273, 1, 8}, [3]uint32{278, 1, 1}), "names 1 strips"},
		{"strips without lengths", little(0, [3]uint32{256, 1, 64}, [3]uint32{257, 1, 64}, [3]uint32{258, 1, 8}, [3]uint32{259, 1, 5}, [3]uint32{273, 1, 8}), "how long"},
		{"a list of strips that is not there", little(0, [3]uint32{256, 1, 64}, [3]uint32{257, 1, 64}, [3]uint32{258, 1, 8}, [3]uint32{273, 64, 1 << 30}, [3]uint32{278, 1, 1}), "cut short"},
		{"tiles of nothing", little(0, [3]uint32{256, 1, 64}, [3]uint32{257, 1, 64}, [3]uint32{322, 1, 0}, [3]uint32{323, 1, 16}), "tiles have 16 x 0"},
		{"tiles of 2^32", little(0, [3]uint32{256, 1, 64}, [3]uint32{257, 1, 64}, [3]uint32{322, 1, 1<<32 - 1}, [3]uint32{323, 1, 16}), "tiles have"},
		{"a description of 4 GiB", little(0, [3]uint32{256, 1, 64}, [3]uint32{258, 1, 8}, [3]uint32{270, 1<<32 - 1, 8}), "does not say where"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := tiff.Open(file(tt.file), int64(len(tt.file)))
			if err == nil {
				_, err = im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestALongCircleOfPages(t *testing.T) {
	planes := stacktest.Noise(1, 100, 2, 2, 8)
	b := stacktest.TIFF{Rows: 2, Cols: 2, Bits: 8}.Write(planes)
	// The last directory leads back to the sixtieth.
	im, _ := open(t, b)
	if im.Info().Slices != 100 {
		t.Fatal(im.Info())
	}
	at, where := int64(binary.LittleEndian.Uint32(b[4:])), []int64(nil)
	for at != 0 {
		where = append(where, at)
		n := int64(binary.LittleEndian.Uint16(b[at:]))
		at = int64(binary.LittleEndian.Uint32(b[at+2+12*n:]))
	}
	last := where[99]
	binary.LittleEndian.PutUint32(b[last+2+12*int64(binary.LittleEndian.Uint16(b[last:])):], uint32(where[59]))
	if _, err := tiff.Open(file(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Error(err)
	}
}

// endless is a file of 2^40 bytes in which a page follows another, each of an entry that says that it has no
// pixels.
type endless struct{}

func (endless) Close() error { return nil }

func (endless) ReadAt(b []byte, at int64) (int, error) {
	const size = 8 + 20 + 8
	clear(b)
	put := func(where int64, v []byte) {
		for i, c := range v {
			if k := where + int64(i) - at; k >= 0 && k < int64(len(b)) {
				b[k] = c
			}
		}
	}
	put(0, []byte("II+\x00\x08\x00\x00\x00\x10"))
	if at >= 16 {
		start := at - (at-16)%size
		put(start, []byte{1})
		put(start+8+20, binary.LittleEndian.AppendUint64(nil, uint64(start+size)))
	}
	return len(b), nil
}

func TestPagesWithoutEnd(t *testing.T) {
	if _, err := tiff.Open(endless{}, 1<<40); err == nil || !strings.Contains(err.Error(), "more than 1048576 pages") {
		t.Error(err)
	}
}

func TestDamagedData(t *testing.T) {
	planes := stacktest.Noise(1, 1, 64, 64, 16)
	for _, compression := range []int{5, 8, 32773} {
		w := stacktest.TIFF{Rows: 64, Cols: 64, Bits: 16, Compression: compression}
		b := w.Write(planes)
		at := bytes.Index(b, stacktest.Pack(compression, planes[0])[:8])
		for i := range 200 {
			b[at+100+i] ^= 0x5a
		}
		im, _ := open(t, b)
		got, err := im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil)
		if err == nil && bytes.Equal(got, planes[0]) {
			t.Errorf("compression %d: damaged data give the same pixels", compression)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "page 1: its strip 1: ") {
			t.Errorf("compression %d: %v", compression, err)
		}
	}
	// Old LZW says what it is.
	w := stacktest.TIFF{Rows: 64, Cols: 64, Bits: 16, Compression: 5}
	b := w.Write(planes)
	b[8], b[9] = 0, 1
	im, _ := open(t, b)
	if _, err := im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil); err == nil || !strings.Contains(err.Error(), "before TIFF 5") {
		t.Error(err)
	}
}

// A file that is cut short while it is open fails in a sentence, and so does one that was closed.
func TestFileThatGoesWhileItIsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tif")
	b := stacktest.TIFF{Rows: 64, Cols: 64, Bits: 16}.Write(stacktest.Noise(1, 4, 64, 64, 16))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	im, err := tiff.Open(f, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 20000); err != nil {
		t.Fatal(err)
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil); err != nil {
		t.Errorf("a plane before the cut: %v", err)
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 3, im.Info().Whole(), nil); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("a plane behind the cut: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := im.ReadPlane(ctx, 0, 0, 0, im.Info().Whole(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if err := im.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := im.ReadPlane(t.Context(), 0, 0, 0, im.Info().Whole(), nil); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("closed: %v", err)
	}
	if _, err := im.ReadPlane(t.Context(), 0, 1, 0, im.Info().Whole(), nil); !errors.Is(err, plane.ErrRange) {
		t.Errorf("a channel that is not there: %v", err)
	}
}

func TestManyReadAtOnce(t *testing.T) {
	planes := stacktest.Noise(1, 4, 64, 64, 16)
	im, _ := open(t, stacktest.TIFF{Rows: 64, Cols: 64, Bits: 16, Compression: 8, Predictor: 2, StripRows: 7}.Write(planes))
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			var dst []byte
			for i := range 50 {
				z, r := (n+i)%4, plane.Rect{Row: i, Col: n, Rows: 10, Cols: 20}
				var err error
				if dst, err = im.ReadPlane(t.Context(), 0, 0, z, r, dst); err != nil || !bytes.Equal(dst, part(planes[z], 64, 2, r)) {
					t.Errorf("slice %d, %+v differs: %v", z, r, err)
				}
			}
		})
	}
	wg.Wait()
}

// stk is a stack as MetaMorph writes it.
func stk(planes [][]byte, rows, cols int) []byte {
	b := stacktest.TIFF{Rows: rows, Cols: cols, Bits: 16, OnePage: true, Tags: map[uint16]uint16{33628: 0, 33629: 0}}.Write(planes)
	at := bytes.Index(b, []byte{0x5d, 0x83, 3, 0, 1, 0, 0, 0})
	entry := binary.LittleEndian.AppendUint16(nil, 33629)
	entry = binary.LittleEndian.AppendUint16(entry, 5)
	entry = binary.LittleEndian.AppendUint32(entry, uint32(len(planes)))
	copy(b[at:], binary.LittleEndian.AppendUint32(entry, uint32(len(b))))
	for range planes {
		for _, v := range []uint32{3, 2, 0, 0, 0, 0} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	return b
}

func TestMetaMorph(t *testing.T) {
	planes := stacktest.Noise(3, 4, 9, 11, 16)
	b := stk(planes, 9, 11)
	im, err := tiff.Open(file(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	i := im.Info()
	if i.Slices != 4 || i.Times != 1 || i.Channels != 1 || i.Voxel.Z != 1.5 || !strings.HasPrefix(i.Format, "MetaMorph TIFF") {
		t.Errorf("%+v", i)
	}
	for z, want := range planes {
		if got, err := im.ReadPlane(t.Context(), 0, 0, z, i.Whole(), nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("slice %d: other pixels, %v", z, err)
		}
	}
	if _, err := tiff.Open(file(b[:400]), 400); err == nil {
		t.Error("one that is cut short is opened")
	}
	// What is compressed has no place where the next plane is.
	at := bytes.Index(b, []byte{0x03, 0x01, 3, 0, 1, 0, 0, 0})
	b[at+8] = 5
	if _, err := tiff.Open(file(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), "MetaMorph says that it has 4 images") {
		t.Errorf("compressed: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(stk(stacktest.Noise(1, 2, 9, 11, 16), 9, 11))
	for _, w := range []stacktest.TIFF{
		{}, {Big: true, Compression: 8, TileRows: 16, TileCols: 16}, {Compression: 5, Predictor: 2, StripRows: 3, Order: binary.BigEndian}, {Compression: 32773},
		{OnePage: true, Description: "ImageJ=1\nimages=2\nslices=2\nunit=um\nspacing=2\n"},
		{Description: ome(`DimensionOrder="XYZCT" SizeZ="2" SizeC="1" SizeT="1"`, `<TiffData IFD="0" PlaneCount="2"/>`)},
	} {
		w.Rows, w.Cols, w.Bits = 9, 11, 16
		f.Add(w.Write(stacktest.Noise(1, 2, 9, 11, 16)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		im, err := tiff.Open(file(b), int64(len(b)))
		if err != nil {
			return
		}
		i := im.Info()
		if err := i.Valid(); err != nil {
			t.Fatalf("opened, and %v", err)
		}
		for _, r := range []plane.Rect{{Rows: min(i.Rows, 100), Cols: min(i.Cols, 100)}, {Row: i.Rows - 1, Col: i.Cols / 2, Rows: 1, Cols: 1}} {
			got, err := im.ReadPlane(t.Context(), i.Times-1, i.Channels-1, i.Slices-1, r, nil)
			if err == nil && len(got) != r.Rows*r.Cols*i.Type.Size() {
				t.Errorf("%d bytes for %+v", len(got), r)
			}
		}
	})
}

// slices are what people look at: 1024 x 1024 of 16 bits.
func slices(b *testing.B, w stacktest.TIFF) (string, *tiff.Image) {
	w.Rows, w.Cols, w.Bits = 1024, 1024, 16
	path := filepath.Join(b.TempDir(), "a.tif")
	if err := os.WriteFile(path, w.Write(stacktest.Noise(1, 5, 1024, 1024, 16)), 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	stat, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	im, err := tiff.Open(f, stat.Size())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { im.Close() })
	return path, im
}

var ways = []struct {
	name string
	w    stacktest.TIFF
}{
	{"uncompressed", stacktest.TIFF{}}, {"LZW", stacktest.TIFF{Compression: 5, StripRows: 64}}, {"LZW+predictor", stacktest.TIFF{Compression: 5, Predictor: 2, StripRows: 64}},
	{"deflate", stacktest.TIFF{Compression: 8, StripRows: 64}}, {"deflate+predictor", stacktest.TIFF{Compression: 8, Predictor: 2, StripRows: 64}},
	{"PackBits", stacktest.TIFF{Compression: 32773, StripRows: 64}},
}

// BenchmarkSlice reads a whole slice, beside golang.org/x/image/tiff, which reads the first one of a file.
func BenchmarkSlice(b *testing.B) {
	for _, way := range ways {
		path, im := slices(b, way.w)
		b.Run(way.name+"/webmon", func(b *testing.B) {
			var dst []byte
			var err error
			for b.Loop() {
				if dst, err = im.ReadPlane(b.Context(), 0, 0, 0, im.Info().Whole(), dst); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(way.name+"/x_image", func(b *testing.B) {
			for b.Loop() {
				f, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := xtiff.Decode(f); err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
	}
}

// BenchmarkPanes reads what nine panes of 512 x 512 show, of different slices: one picture of the
// 60 a second.
func BenchmarkPanes(b *testing.B) {
	for _, way := range ways {
		_, im := slices(b, way.w)
		b.Run(way.name, func(b *testing.B) {
			var dst []byte
			var err error
			for b.Loop() {
				for n := range 9 {
					r := plane.Rect{Row: n * 56, Col: 448 - n*56, Rows: 512, Cols: 512}
					if dst, err = im.ReadPlane(b.Context(), 0, 0, n%5, r, dst); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkSliding is the maximum of five slices.
func BenchmarkSliding(b *testing.B) {
	for _, way := range ways[:4] {
		_, im := slices(b, way.w)
		for _, n := range []int{512, 1024} {
			b.Run(fmt.Sprintf("%s/%d", way.name, n), func(b *testing.B) {
				var dst []byte
				var err error
				for b.Loop() {
					if dst, err = plane.ReadMax(b.Context(), im, 0, 0, 0, 4, plane.Rect{Rows: n, Cols: n}, dst); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
