package tiff

import (
	"bytes"
	"io"
	"strings"
	"testing"

	stdzlib "compress/zlib"

	"golang.org/x/image/tiff/lzw"

	"webmon/shm/stack/plane"
	"webmon/shm/stack/stacktest"
)

// texts are what a compression has to do with: runs, noise, steps, all bytes, and enough of them to fill
// the tables more than once.
func texts() [][]byte {
	noise := stacktest.Noise(1, 1, 200, 200, 16)[0]
	return [][]byte{nil, {7}, {7, 7}, []byte("abababababababab"), make([]byte, 100_000), noise, noise[:8191], bytes.Repeat([]byte{0, 1, 2, 3, 255}, 9000)}
}

// Every decoder gives back what was compressed, also where only the beginning is asked for.
func TestDecodersGiveBackWhatWasCompressed(t *testing.T) {
	for compression, how := range decoders {
		for i, text := range texts() {
			packed := stacktest.Pack(int(compression), text)
			for _, n := range []int{len(text), len(text) / 2, 1} {
				if n > len(text) {
					continue
				}
				dst := make([]byte, n)
				if got, err := how.decode(dst, packed); err != nil || got != n || !bytes.Equal(dst, text[:n]) {
					t.Errorf("compression %d, text %d: %d of %d bytes, %v", compression, i, got, n, err)
				}
			}
			dst := make([]byte, len(text)+10)
			if got, err := how.decode(dst, packed); err != nil || got != len(text) {
				t.Errorf("compression %d, text %d: %d bytes, %v; there are %d", compression, i, got, err, len(text))
			}
		}
	}
}

func fuzzDecoder(f *testing.F, compression int, reference func(dst, src []byte) (int, error)) {
	for _, text := range texts() {
		f.Add(stacktest.Pack(compression, text[:min(len(text), 2000)]), uint16(len(text)))
	}
	how := decoders[uint64(compression)]
	f.Fuzz(func(t *testing.T, src []byte, n uint16) {
		dst := make([]byte, n)
		got, err := how.decode(dst, src)
		if got > len(dst) || err == nil && got/how.ratio > len(src)+16 {
			t.Fatalf("%d bytes of %d, for %d", got, len(src), n)
		}
		// What the other takes without a complaint is the same here.
		other := make([]byte, n)
		if want, wrong := reference(other, src); wrong == nil && (err != nil || got != want || !bytes.Equal(dst[:got], other[:want])) {
			t.Errorf("%d bytes, %v; want %d:\n%x\n%x", got, err, want, dst[:got], other[:want])
		}
		// And what was compressed comes back.
		packed := stacktest.Pack(compression, src)
		back := make([]byte, len(src))
		if got, err := how.decode(back, packed); err != nil || got != len(src) || !bytes.Equal(back, src) {
			t.Errorf("%x comes back as %x, %v", src, back[:got], err)
		}
	})
}

func full(r io.Reader, dst []byte) (int, error) {
	n, err := io.ReadFull(r, dst)
	if n == len(dst) {
		return n, nil
	}
	return n, err
}

func FuzzLZW(f *testing.F) {
	fuzzDecoder(f, 5, func(dst, src []byte) (int, error) {
		if bytes.HasPrefix(src, []byte{0}) && len(src) > 1 && src[1]&1 != 0 {
			return 0, io.ErrUnexpectedEOF // the LZW from before, which x/image does not tell
		}
		return full(lzw.NewReader(bytes.NewReader(src), lzw.MSB, 8), dst)
	})
}

func FuzzDeflate(f *testing.F) {
	fuzzDecoder(f, 8, func(dst, src []byte) (int, error) {
		z, err := stdzlib.NewReader(bytes.NewReader(src))
		if err != nil {
			return 0, err
		}
		return full(z, dst)
	})
}

func FuzzPackBits(f *testing.F) {
	fuzzDecoder(f, 32773, func(dst, src []byte) (int, error) {
		var out []byte
		for len(src) > 0 && len(out) < len(dst) {
			n := int(int8(src[0]))
			src = src[1:]
			switch {
			case n >= 0 && n < len(src):
				out, src = append(out, src[:n+1]...), src[n+1:]
			case n < 0 && n > -128 && len(src) > 0:
				out, src = append(out, bytes.Repeat(src[:1], 1-n)...), src[1:]
			case n != -128:
				return 0, io.ErrUnexpectedEOF
			}
		}
		return copy(dst, out), nil
	})
}

func FuzzDescription(f *testing.F) {
	f.Add("ImageJ=1.54f\nimages=24\nchannels=2\nslices=3\nframes=4\nunit=\\u00B5m\nspacing=1.5\nfinterval=1e400\n")
	f.Add(`<OME UUID="u"><Image><Pixels DimensionOrder="XYZCT" SizeZ="2" SizeC="3" SizeT="4" PhysicalSizeX="1"><Channel Name="a"/><TiffData IFD="1" PlaneCount="2"/></Pixels></Image></OME>`)
	f.Add(`{"shape": [24, 5, 6], "truncated": true}`)
	f.Add(`{"shape": [2, 3, 4, 5, 6], "axes": "TZCYX"}`)
	f.Add("scanimage.SI.hChannels.channelSave = [1;2]\nscanimage.SI.hStackManager.framesPerSlice = 1\nscanimage.SI.hStackManager.numSlices = 3\n")
	planes := stacktest.Noise(1, 24, 5, 6, 8)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) {
			return
		}
		b := stacktest.TIFF{Rows: 5, Cols: 6, Bits: 8, Description: text}.Write(planes)
		im, err := Open(closer{bytes.NewReader(b)}, int64(len(b)))
		if err != nil {
			return
		}
		i := im.Info()
		if err := i.Valid(); err != nil {
			t.Fatal(err)
		}
		if v := i.Voxel; !(v.X >= 0 && v.Y >= 0 && v.Z >= 0 && i.Interval >= 0 && v.X+v.Y+v.Z+i.Interval < 1e30) {
			t.Errorf("the voxel is %+v, the interval %v", v, i.Interval)
		}
		if i.Names != nil && len(i.Names) != i.Channels {
			t.Errorf("%d names of %d channels", len(i.Names), i.Channels)
		}
		for n := range min(i.Times*i.Channels*i.Slices, 30) {
			tm, c, z := im.split(n)
			if got, err := im.ReadPlane(t.Context(), tm, c, z, i.Whole(), nil); err == nil && len(got) != 30 {
				t.Errorf("%d bytes", len(got))
			}
		}
	})
}

type closer struct{ *bytes.Reader }

func (closer) Close() error { return nil }

var _ plane.Image = (*Image)(nil)
