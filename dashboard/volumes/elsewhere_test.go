package volumes_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/door"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/dashboard/tab"
	"webmon/dashboard/volumes"
	"webmon/dashboard/volumes/volumestest"
	"webmon/shm"
)

// zarr asks for a file of a volume that is offered to other programs.
func (s *site) zarr(path string) (int, []byte) {
	w := httptest.NewRecorder()
	s.volumes.Elsewhere().ServeHTTP(w, httptest.NewRequest("GET", "/"+path, nil).WithContext(s.t.Context()))
	return w.Code, w.Body.Bytes()
}

// ome reads how the levels of a volume lie.
func (s *site) ome(at string) (axes []string, levels [][2][]float64) {
	s.t.Helper()
	status, b := s.zarr(at + "zarr.json")
	var group struct {
		Attributes struct {
			OME struct {
				Multiscales []struct {
					Axes     []struct{ Name, Type, Unit string }
					Datasets []struct {
						Moves []struct{ Scale, Translation []float64 } `json:"coordinateTransformations"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b, &group); err != nil || status != 200 {
		s.t.Fatalf("%d %s", status, b)
	}
	m := group.Attributes.OME.Multiscales[0]
	for _, a := range m.Axes {
		axes = append(axes, a.Name+" "+a.Type+" "+a.Unit)
	}
	for _, d := range m.Datasets {
		levels = append(levels, [2][]float64{d.Moves[0].Scale, d.Moves[1].Translation})
	}
	return axes, levels
}

func TestOtherProgramsReadAVolume(t *testing.T) {
	p := volumestest.New("scope")
	shape := []int{70, 130, 140}
	n := shape[0] * shape[1] * shape[2]
	data := make([]byte, 2*n)
	for i := range n {
		binary.BigEndian.PutUint16(data[2*i:], uint16(i%1000))
	}
	p.Add(shm.VolumeInfo{
		Name: "brain", Title: "Brain", Kind: shm.VolumeImage, Descr: ">u2", Shape: shape, Axes: []string{"z", "y", "x"}, Channels: -1,
		Units: []string{"um", "um", "um"}, Scale: []float64{2, 0.5, 0.5}, Corner: []float64{10, 0, -0.25}, Shm: "x", Limits: &[2]float64{0, 900},
	}, data)
	p.Add(shm.VolumeInfo{Name: "spots", Kind: shm.VolumePoints, Shape: []int{9, 9, 9}, Axes: []string{"z", "y", "x"}, Channels: -1})
	p.Add(shm.VolumeInfo{Name: "six", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{1, 1, 1, 1, 1, 1}, Axes: []string{"a", "b", "c", "z", "y", "x"}, Channels: -1}, []byte{1})
	s := open(t, p)
	for name, want := range map[string]string{
		"spots": "none of what OME-Zarr is for", "six": `one axis besides time and space, and this volume has "a" and "b" and "c"`, "nothing": "has no volume",
	} {
		if _, err := s.volumes.Offer(s.src, name, 0, "Ada"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", name, err, want)
		}
	}
	o, err := s.volumes.Offer(s.src, "brain", time.Hour, "Ada")
	if err != nil {
		t.Fatal(err)
	}
	// Neuroglancer refuses zarr:// where both formats are.
	link, err := url.PathUnescape(s.volumes.PublicClient(t.Context(), s.src, "brain", "http://127.0.0.1:1/zarr/secret/newest/"))
	if err != nil || !strings.HasPrefix(link, "https://neuroglancer-demo.appspot.com/#!{") || !strings.Contains(link, `"source":"zarr3://http://127.0.0.1:1/zarr/secret/newest/"`) {
		t.Errorf("%v: the link is %s", err, link)
	}
	at := o.Path(0, false)
	axes, levels := s.ome(at)
	if got := fmt.Sprint(axes); got != "[z space micrometer y space micrometer x space micrometer]" {
		t.Errorf("the axes are %s", got)
	}
	// Voxels become as long as they are wide, then all sides are halved until it fits into a chunk.
	if got := fmt.Sprint(levels); got != "[[[2 0.5 0.5] [11 0.25 0]] [[2 1 1] [11 0.5 0.25]] [[2 2 2] [11 1 0.75]] [[4 4 4] [12 2 1.75]]]" {
		t.Errorf("the levels lie at %s", got)
	}
	// A chunk of the finest level, little-endian and padded.
	status, got := s.zarr(at + "0/c/1/2/2")
	if status != 200 || len(got) != 2*64*64*64 {
		t.Fatalf("%d, %d bytes", status, len(got))
	}
	for _, v := range [][3]int{{64, 128, 128}, {69, 129, 139}, {66, 129, 130}} {
		o := ((v[0]-64)*64+(v[1]-128))*64 + v[2] - 128
		want := uint16(((v[0]*130+v[1])*140 + v[2]) % 1000)
		if x := binary.LittleEndian.Uint16(got[2*o:]); x != want {
			t.Errorf("voxel %v is %d, want %d", v, x, want)
		}
	}
	if x := got[2*6*64*64:]; !strings.HasPrefix(string(x), "\x00\x00\x00\x00") {
		t.Error("what lies beyond the volume is not 0")
	}
	// The mean of 1 by 2 by 2 voxels.
	status, got = s.zarr(at + "1/c/0/0/0")
	if status != 200 {
		t.Fatalf("%d %s", status, got)
	}
	var sum int
	for _, v := range [][3]int{{5, 6, 8}, {5, 6, 9}, {5, 7, 8}, {5, 7, 9}} {
		sum += ((v[0]*130+v[1])*140 + v[2]) % 1000
	}
	// Its chunks are those of a shape of 70, 65 and 70.
	if x := int(binary.LittleEndian.Uint16(got[2*((5*64+3)*64+4):])); x != (sum+2)/4 {
		t.Errorf("a mean is %d, want %d", x, (sum+2)/4)
	}
	exact := o.Path(1, false)
	if status, got := s.zarr(exact + "0/c/0/0/0"); status != 200 {
		t.Errorf("%d %s", status, got)
	}
	p.Change("brain", data)
	eventually(t, "the generation is over", func() bool {
		status, _ := s.zarr(exact + "0/c/0/0/0")
		return status == http.StatusGone
	})
	if status, _ := s.zarr(at + "0/c/0/0/0"); status != 200 {
		t.Errorf("the newest one is answered with %d", status)
	}
	p.Remove("brain")
	eventually(t, "the volume is gone", func() bool {
		status, _ := s.zarr(at + "0/c/0/0/0")
		return status == http.StatusGone
	})
	if _, ok := s.volumes.Withdraw(o.ID); !ok {
		t.Error("the offer could not be taken back")
	}
	if status, _ := s.zarr(at + "zarr.json"); status != http.StatusNotFound {
		t.Errorf("an offer that was taken back is answered with %d", status)
	}
}

func TestOtherProgramsReadTheProcesssOwnLevels(t *testing.T) {
	p := volumestest.New("scope")
	fine, coarse := make([]byte, 5*6*7), make([]byte, 2*3*3)
	coarse[5] = 77
	p.Add(shm.VolumeInfo{
		Name: "em", Kind: shm.VolumeLabels, Descr: "|u1", Shape: []int{5, 6, 7}, Axes: []string{"z", "y", "x"}, Channels: -1,
		Levels: []shm.VolumeLevel{{Shape: []int{2, 3, 3}}},
	}, fine, coarse)
	s := open(t, p)
	o, err := s.volumes.Offer(s.src, "em", time.Hour, "Ada")
	if err != nil {
		t.Fatal(err)
	}
	_, levels := s.ome(o.Path(0, false))
	if got := fmt.Sprint(levels); got != "[[[1 1 1] [0.5 0.5 0.5]] [[2 2 2] [1 1 1]]]" {
		t.Errorf("the levels lie at %s", got)
	}
	if status, got := s.zarr(o.Path(0, false) + "1/0/0/0"); status != 200 || string(got) != string(coarse) {
		t.Errorf("%d %v, want %v", status, got, coarse)
	}
}

func TestDTypesGoOutAsTheyAre(t *testing.T) {
	halves := func(list ...uint16) (out []byte) {
		for _, h := range list {
			out = binary.LittleEndian.AppendUint16(out, h)
		}
		return out
	}
	for _, test := range []struct {
		descr, out, shown string
		data, want        []byte
	}{
		{"<f8", "float64", "float32", binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.Pi)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.Pi))},
		{">f8", "float64", "float32", binary.BigEndian.AppendUint64(nil, math.Float64bits(math.Pi)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.Pi))},
		{"<f2", "float16", "float32", halves(0x3555), halves(0x3555)},
		{">f2", "float16", "float32", []byte{0x35, 0x55}, halves(0x3555)},
		{"|b1", "bool", "uint8", []byte{3}, []byte{1}},
		{"<i8", "int64", "int32", binary.LittleEndian.AppendUint64(nil, 1<<63+5), binary.LittleEndian.AppendUint64(nil, 1<<63+5)},
		{">c8", "complex64", "float32", []byte{0x40, 0x40, 0, 0, 0x40, 0x80, 0, 0}, []byte{0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40}},
	} {
		p := volumestest.New("scope")
		p.Add(shm.VolumeInfo{Name: "v", Kind: shm.VolumeImage, Descr: test.descr, Shape: []int{1, 1, 1}, Axes: []string{"z", "y", "x"}, Channels: -1, Limits: &[2]float64{0, 1}}, test.data)
		s := open(t, p)
		o, err := s.volumes.Offer(s.src, "v", 0, "")
		if err != nil {
			t.Fatal(err)
		}
		_, meta := s.zarr(o.Path(0, false) + "0/zarr.json")
		_, shown := s.zarr(o.Path(0, true) + "0/zarr.json")
		if !strings.Contains(string(meta), `"data_type":"`+test.out+`"`) {
			t.Errorf("%s goes out as %s", test.descr, meta)
		}
		if test.descr != "<i8" && !strings.Contains(string(shown), `"data_type":"`+test.shown+`"`) {
			t.Errorf("%s is shown as %s", test.descr, shown)
		}
		if status, got := s.zarr(o.Path(0, false) + "0/0/0/0"); status != 200 || string(got) != string(test.want) {
			t.Errorf("%s: %d %x, want %x", test.descr, status, got, test.want)
		}
	}
}

func TestAnArrayIsOneFrameAGeneration(t *testing.T) {
	p := volumestest.New("scope")
	info := shm.ArrayInfo{Name: "field", Descr: "|u1", Shape: []int{3, 4, 5}, Axes: []string{"z", "y", "x"}, Generation: "1111111111111111"}
	p.Share(info)
	a := pixelstest.New(info, 4)
	fill := func(x byte) []byte { return bytes.Repeat([]byte{x}, 60) }
	p.Publish(a.Publish(fill(1)))
	s := open(t, p)
	o, err := s.volumes.Offer(s.src, "field", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	first := o.Path(1, false) + "0/c/0/0/0"
	if status, got := s.zarr(first); status != 200 || got[0] != 1 {
		t.Fatalf("%d %v", status, got)
	}
	p.Publish(a.Publish(fill(2)))
	eventually(t, "there is another generation", func() bool {
		status, _ := s.zarr(first)
		return status == http.StatusGone
	})
	if status, got := s.zarr(o.Path(2, false) + "0/c/0/0/0"); status != 200 || got[0] != 2 {
		t.Errorf("%d %v", status, got)
	}
}

func TestHalvesAreRounded(t *testing.T) {
	for _, test := range []struct {
		x    float32
		want uint16
	}{
		{0, 0}, {1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00}, {float32(math.Inf(-1)), 0xfc00}, {1.0 / 3, 0x3555},
		{1.0 / (1 << 24), 1}, {1.0 / (1 << 25), 0}, {3.0 / (1 << 25), 2}, {1.0 / (1 << 14), 0x0400}, {0.99999, 0x3c00}, {1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02},
	} {
		if got := volumes.HalfOf(test.x); got != test.want {
			t.Errorf("%g is %#04x, want %#04x", test.x, got, test.want)
		}
	}
	if got := volumes.HalfOf(float32(math.NaN())); got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
		t.Errorf("NaN is %#04x", got)
	}
}

// What OME cannot say of where a volume lies is said beside it, and in the code for napari.
func TestATurnedVolumeIsSaid(t *testing.T) {
	p := volumestest.New("scope")
	axes, shape := []string{"z", "y", "x"}, []int{2, 3, 4}
	add := func(name string, matrix [][]float64) {
		p.Add(shm.VolumeInfo{
			Name: name, Kind: shm.VolumeImage, Descr: "|u1", Shape: shape, Axes: axes, Channels: -1, Shm: "x", Matrix: matrix,
		}, make([]byte, 24))
	}
	add("turned", [][]float64{{2, 0, 0, 10}, {0, 0, -3, 0}, {0, 1, 0, 5}})
	add("mirrored", [][]float64{{1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 1, 0}})
	add("straight", [][]float64{{2, 0, 0, 10}, {0, 3, 0, 0}, {0, 0, 1, 5}})
	s := open(t, p)
	// The centre of voxel (0, 0, 0) of the turned one is half a voxel inside of its corner, along its own axes.
	for name, want := range map[string]string{
		"turned": "[[2 0 0 11] [0 0 -3 -1.5] [0 1 0 5.5]]", "mirrored": "[[1 0 0 0.5] [0 -1 0 -0.5] [0 0 1 0.5]]", "straight": "[]",
	} {
		o, err := s.volumes.Offer(s.src, name, time.Hour, "Ada")
		if err != nil {
			t.Fatal(err)
		}
		type own struct{ Affine [][]float64 }
		var three struct{ Attributes struct{ Webmon own } }
		var two struct{ Webmon own }
		for file, into := range map[string]any{"zarr.json": &three, ".zattrs": &two} {
			status, b := s.zarr(o.Path(0, false) + file)
			if err := json.Unmarshal(b, into); err != nil || status != 200 {
				t.Fatalf("%d %s", status, b)
			}
		}
		if a, b := fmt.Sprint(three.Attributes.Webmon.Affine), fmt.Sprint(two.Webmon.Affine); a != want || b != want {
			t.Errorf("%s lies at %s and %s, want %s", name, a, b, want)
		}
		card := s.volumes.UseElsewhere(tab.View{Moment: tab.Moment{Source: s.src}, Request: httptest.NewRequestWithContext(
			door.With(t.Context(), door.Person{Role: door.Steer}), "GET", "/", nil)}, name, "http://lab/")
		code := card.Offers[0].Snippets[2].Code
		if turned := want != "[]"; (card.Note != "") != turned || strings.Contains(code, "affine=[[") != turned || strings.Contains(code, " scale=") == turned {
			t.Errorf("%s: the page says %q, and gives the code %s", name, card.Note, code)
		}
	}
}
