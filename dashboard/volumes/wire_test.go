package volumes_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/dashboard/budget"
	"webmon/dashboard/door"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/volumes"
	"webmon/dashboard/volumes/volumestest"
	"webmon/shm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a server of the volumes of one process.
type site struct {
	t       *testing.T
	volumes *volumes.Volumes
	src     *source.Source
	server  *httptest.Server
	token   string // of the view that a test has opened

	mu     sync.Mutex
	person door.Person
}

func open(t *testing.T, p *volumestest.Process) *site {
	t.Helper()
	s := &site{t: t, person: door.Person{Role: door.Steer}}
	reg, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return p, nil }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	if s.src, err = reg.Attach(t.Context(), source.Target{Name: p.Name, Kind: shm.KindPython}); err != nil {
		t.Fatal(err)
	}
	s.volumes = volumes.New(volumes.Options{
		Source: reg.Get, Budget: budget.New(256 << 20), Desk: steer.New(nil, nil), Logger: slog.New(slog.DiscardHandler),
		Client: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "client file %s", r.URL.Path) }),
	})
	t.Cleanup(s.volumes.Close)
	mux := http.NewServeMux()
	param := regexp.MustCompile(`:(\w+)`)
	for _, route := range s.volumes.Routes() {
		pattern := param.ReplaceAllString(route.Path, "{$1}")
		pattern = strings.Replace(pattern, "*", "{rest...}", 1)
		mux.HandleFunc(route.Method+" "+pattern, func(w http.ResponseWriter, r *http.Request) {
			r.SetPathValue("*", r.PathValue("rest"))
			s.mu.Lock()
			r = r.WithContext(door.With(r.Context(), s.person))
			s.mu.Unlock()
			err := route.Serve(w, r)
			var f *volumes.Failure
			if errors.As(err, &f) {
				http.Error(w, f.Text, f.Status)
			} else if err != nil {
				http.Error(w, "fault: "+err.Error(), 599)
			}
		})
	}
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.CloseClientConnections)
	t.Cleanup(s.server.Close)
	eventually(t, "the process is there", func() bool { return s.src.Running() && (s.src.Volumes() != nil || s.src.Arrays() != nil) })
	return s
}

func (s *site) as(p door.Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person = p
}

const patience = time.Minute

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("it never came to pass that %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (s *site) ask(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+"/volumes/"+s.src.ID()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode == http.StatusFound {
		return answer.StatusCode, answer.Header.Get("Location")
	}
	return answer.StatusCode, string(b)
}

// form posts who leads, as the panel does.
func (s *site) form(body, token string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.server.URL+"/volumes/"+s.src.ID()+"/company/"+token, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("HX-Request", "true")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func (s *site) want(status int, text string, method, path, body string) string {
	s.t.Helper()
	got, answer := s.ask(method, path, body)
	if got != status || !strings.Contains(answer, text) {
		s.t.Errorf("%s %s: %d %.300q, want %d and %q", method, path, got, answer, status, text)
	}
	return answer
}

// stream reads the events of a view.
func (s *site) stream(path string) (next func() string, stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/volumes/"+s.src.ID()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		s.t.Fatalf("a stream of %q (%s)", kind, answer.Status)
	}
	lines := bufio.NewReader(answer.Body)
	timer := time.AfterFunc(patience, cancel)
	stop = sync.OnceFunc(func() {
		timer.Stop()
		cancel()
		answer.Body.Close()
		transport.CloseIdleConnections()
	})
	s.t.Cleanup(stop)
	return func() string {
		s.t.Helper()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				s.t.Fatalf("the stream %s has ended: %v", path, err)
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				return strings.TrimSuffix(data, "\n")
			}
		}
	}, stop
}

var keyIn = regexp.MustCompile(`python://(?:volume|skeleton)/([\w.-]+)`)

// page opens the page of a volume, and returns the token of its view and the keys in it.
func (s *site) page(name string) (token string, keys []string) {
	s.t.Helper()
	at, err := s.volumes.View(s.t.Context(), s.src, name)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, m := range keyIn.FindAllStringSubmatch(string(at.State().JSON), -1) {
		keys = append(keys, m[1])
	}
	return at.Token, keys
}

func brain() (*volumestest.Process, []byte) {
	p := volumestest.New("scope")
	data := make([]byte, 2*3*4)
	for i := range data {
		data[i] = byte(10 * i)
	}
	p.Add(shm.VolumeInfo{
		Name: "brain", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{2, 3, 4}, Axes: []string{"z", "y", "x"},
		Units: []string{"um", "nm", "nm"}, Scale: []float64{1, 250, 100}, Channels: -1, Shm: "x", Corner: []float64{5, 500, 300},
	}, data)
	return p, data
}

func TestTheInfoOfAVolume(t *testing.T) {
	p, _ := brain()
	s := open(t, p)
	_, keys := s.page("brain")
	got := s.want(200, "", "GET", "/neuroglancer/info/"+keys[0], "")
	want := regexp.QuoteMeta(`{"dataType":"uint8","encoding":"raw","generation":G,"coordinateSpace":{"x":[1e-7,"m"],"y":[2.5e-7,"m"],"z":[0.000001,"m"]},` +
		`"shape":[4,3,2],"volumeType":"image","voxelOffset":[3,2,5],"chunkLayout":"isotropic","downsamplingLayout":"3d",` +
		`"maxDownsampling":null,"maxDownsampledSize":64,"maxDownsamplingScales":null,"maxVoxelsPerChunkLog2":18}`)
	if !regexp.MustCompile("^" + strings.Replace(want, "G", `\d+`, 1) + "$").MatchString(got) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.want(404, "There is no such volume.", "GET", "/neuroglancer/info/webmon.0", "")
	p.Remove("brain")
	eventually(t, "it is gone", func() bool { return len(s.src.Volumes()) == 0 })
	s.want(404, "brain is not there any more", "GET", "/neuroglancer/info/"+keys[0], "")
}

func TestAChunkIsInTheOrderOfTheWire(t *testing.T) {
	p, data := brain()
	s := open(t, p)
	_, keys := s.page("brain")
	if got := s.want(200, "", "GET", "/neuroglancer/raw/"+keys[0]+"/1,1,1/0,0,0/4,3,2", ""); got != string(data) {
		t.Errorf("all of it: %v", []byte(got))
	}
	// x 1 to 3, y 2, z 1: the order is x, y, z.
	if got := s.want(200, "", "GET", "/neuroglancer/raw/"+keys[0]+"/1,1,1/1,2,1/3,3,2", ""); got != "\xd2\xdc" {
		t.Errorf("a part of it: %v", []byte(got))
	}
	for path, text := range map[string]string{
		"/raw/" + keys[0] + "/1,1/0,0,0/4,3,2":                      "must be 3 numbers",
		"/raw/" + keys[0] + "/0,1,1/0,0,0/4,3,2":                    "from 1",
		"/raw/" + keys[0] + "/1,1,1/0,0,0/5,3,2":                    "outside of the axis x",
		"/raw/" + keys[0] + "/1,1,1/2,0,0/2,3,2":                    "outside of the axis x",
		"/raw/" + keys[0] + "/1,1,1/0,0,-1/4,3,2":                   "from 0",
		"/raw/" + keys[0] + "/1,1,1/0,0,0/99999999999999999999,3,2": "is none",
	} {
		s.want(400, text, "GET", "/neuroglancer"+path, "")
	}
	s.want(404, "nothing at this address", "GET", "/neuroglancer/png/"+keys[0]+"/1,1,1/0,0,0/4,3,2", "")
}

// A chunk is read from a volume of any dtype, rank and byte order as NumPy would have it.
func TestChunksAgainstTheirDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	descrs := []string{"|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i4", "<u4", "<u8", ">u8", "<f2", "<f4", ">f4", "<f8", ">f8", "<c8", "<c16", "<i8"}
	p := volumestest.New("scope")
	type made struct {
		info shm.VolumeInfo
		data []byte
	}
	var all []made
	for i := range 60 {
		descr := descrs[i%len(descrs)]
		labels := i%3 == 0 && descr[1] != 'f' && descr[1] != 'c'
		rank := 1 + random.IntN(5)
		info := shm.VolumeInfo{Name: fmt.Sprintf("v%d", i), Kind: shm.VolumeImage, Descr: descr, Channels: -1, Shm: "x"}
		if labels {
			info.Kind = shm.VolumeLabels
		}
		n := 1
		for j := range rank {
			info.Shape = append(info.Shape, 1+random.IntN(9))
			info.Axes = append(info.Axes, fmt.Sprintf("a%d", j))
			n *= info.Shape[j]
		}
		size := int(descr[2] - '0')
		if descr == "<c16" {
			size = 16
		}
		data := make([]byte, n*size)
		for j := range n {
			v := uint64(random.IntN(5))
			switch descr[1] {
			case 'f', 'c':
				f := random.NormFloat64()
				if random.IntN(9) == 0 {
					f = math.NaN()
				}
				for k := 0; k < size; k += max(2, min(size, map[byte]int{'f': size, 'c': size / 2}[descr[1]])) {
					putFloat(data[j*size+k:], f, map[byte]int{'f': size, 'c': size / 2}[descr[1]], descr[0] == '>')
				}
				continue
			case 'b':
				v %= 2
			case 'i':
				v -= 2
			}
			for k := range size {
				at := k
				if descr[0] == '>' {
					at = size - 1 - k
				}
				data[j*size+at] = byte(v >> (8 * k))
			}
		}
		all = append(all, made{info, data})
		p.Add(info, data)
	}
	s := open(t, p)
	for i, m := range all {
		_, keys := s.page(m.info.Name)
		var info struct {
			DataType string `json:"dataType"`
			Shape    []int  `json:"shape"`
		}
		if err := json.Unmarshal([]byte(s.want(200, "", "GET", "/neuroglancer/info/"+keys[0], "")), &info); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			rank := len(m.info.Shape)
			f, from, to := make([]int, rank), make([]int, rank), make([]int, rank)
			for j, n := range m.info.Shape {
				f[j] = 1 + random.IntN(4)
				most := (n + f[j] - 1) / f[j]
				from[j] = random.IntN(most)
				to[j] = from[j] + 1 + random.IntN(most-from[j])
			}
			path := "/neuroglancer/raw/" + keys[0]
			for _, list := range [][]int{f, from, to} {
				list = slices.Clone(list)
				slices.Reverse(list)
				path += "/" + strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]")
			}
			got := []byte(s.want(200, "", "GET", path, ""))
			if want := oracle(m.info, m.data, info.DataType, f, from, to); !alike(got, want, info.DataType) {
				t.Errorf("%d: %s of %s %v as %s by %v from %v to %v:\ngot  %v\nwant %v", i, m.info.Kind, m.info.Descr, m.info.Shape, info.DataType, f, from, to, got, want)
			}
		}
	}
}

func putFloat(b []byte, f float64, size int, big bool) {
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	switch size {
	case 2: // 1.5, 0.5, 0, NaN: enough of float16
		order.PutUint16(b, map[bool]uint16{true: 0x3e00, false: 0x3800}[f > 0])
		if f != f {
			order.PutUint16(b, 0x7e00)
		}
	case 4:
		order.PutUint32(b, math.Float32bits(float32(f)))
	default:
		order.PutUint64(b, math.Float64bits(f))
	}
}

// value is a voxel as a number, and its bits as uint64.
func value(descr string, b []byte) (float64, uint64) {
	var order binary.ByteOrder = binary.LittleEndian
	if descr[0] == '>' {
		order = binary.BigEndian
	}
	switch descr[1:] {
	case "b1", "u1":
		return float64(b[0]), uint64(b[0])
	case "i1":
		return float64(int8(b[0])), uint64(int64(int8(b[0])))
	case "u2":
		return float64(order.Uint16(b)), uint64(order.Uint16(b))
	case "i2":
		return float64(int16(order.Uint16(b))), uint64(int64(int16(order.Uint16(b))))
	case "u4":
		return float64(order.Uint32(b)), uint64(order.Uint32(b))
	case "i4":
		return float64(int32(order.Uint32(b))), uint64(int64(int32(order.Uint32(b))))
	case "u8":
		return float64(order.Uint64(b)), order.Uint64(b)
	case "i8":
		return float64(int64(order.Uint64(b))), order.Uint64(b)
	case "f2":
		return map[uint16]float64{0x3e00: 1.5, 0x3800: 0.5, 0x7e00: math.NaN()}[order.Uint16(b)], 0
	case "f4":
		return float64(math.Float32frombits(order.Uint32(b))), 0
	case "f8":
		return math.Float64frombits(order.Uint64(b)), 0
	case "c8":
		return math.Hypot(float64(math.Float32frombits(order.Uint32(b))), float64(math.Float32frombits(order.Uint32(b[4:])))), 0
	}
	return math.Hypot(math.Float64frombits(order.Uint64(b)), math.Float64frombits(order.Uint64(b[8:]))), 0
}

// alike reports whether voxels are equal, floats but for what the order of a sum changes.
func alike(a, b []byte, kind string) bool {
	if kind != "float32" || len(a) != len(b) {
		return bytes.Equal(a, b)
	}
	for i := 0; i < len(a); i += 4 {
		x, y := math.Float32frombits(binary.LittleEndian.Uint32(a[i:])), math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))
		if x != y && (x == x || y == y) && !(math.Abs(float64(x-y)) < 1e-6) {
			return false
		}
	}
	return true
}

// oracle is a chunk by its definition.
func oracle(info shm.VolumeInfo, data []byte, kind string, f, from, to []int) (out []byte) {
	rank, n := len(info.Shape), 1
	for _, side := range info.Shape {
		n *= side
	}
	size := len(data) / n
	walk(from, to, func(at []int) {
		low, high := make([]int, rank), make([]int, rank)
		for i := range at {
			low[i], high[i] = at[i]*f[i], min((at[i]+1)*f[i], info.Shape[i])
		}
		counts := map[int64]int{}
		sum, finite, whole, sole := 0.0, 0, 0, int64(0)
		walk(low, high, func(at []int) {
			o := 0
			for i := range at {
				o = o*info.Shape[i] + at[i]
			}
			x, bits := value(info.Descr, data[o*size:])
			if info.Descr[1] == 'c' && size == 8 {
				x = float64(float32(x)) // NumPy's magnitude
			}
			counts[int64(bits)]++
			sole = int64(bits)
			whole++
			if x == x {
				sum += x
				finite++
			}
		})
		v := sole
		if info.Kind == shm.VolumeLabels {
			for label, n := range counts {
				if n > counts[v] || n == counts[v] && (label < v) != (label < 0 != (v < 0) && info.Descr[1] == 'u') {
					v = label
				}
			}
		} else if kind != "float32" {
			v = int64(math.Round(sum / float64(whole)))
		}
		switch kind {
		case "float32":
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(sum/float64(finite))))
		case "uint8", "int8":
			out = append(out, byte(v))
		case "uint16", "int16":
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		case "uint32", "int32":
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		default:
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
	})
	return out
}

func walk(from, to []int, f func(at []int)) {
	at := slices.Clone(from)
	for {
		f(at)
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < to[i] {
				break
			}
			at[i] = from[i]
		}
		if i < 0 {
			return
		}
	}
}

func TestLevelsOfTheProcessAreRead(t *testing.T) {
	p := volumestest.New("scope")
	p.Add(shm.VolumeInfo{
		Name: "em", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{5, 4}, Axes: []string{"y", "x"}, Channels: -1,
		Levels: []shm.VolumeLevel{{Shape: []int{2, 2}}},
	}, make([]byte, 20), []byte{10, 20, 30, 40})
	s := open(t, p)
	_, keys := s.page("em")
	// The level of the process is a row short of the three that 5 rows are by 2.
	if got := s.want(200, "", "GET", "/neuroglancer/raw/"+keys[0]+"/2,2/0,0/2,3", ""); got != "\x0a\x14\x1e\x28\x1e\x28" {
		t.Errorf("%v", []byte(got))
	}
	if got := s.want(200, "", "GET", "/neuroglancer/raw/"+keys[0]+"/4,4/0,0/1,2", ""); got != "\x19\x19" {
		t.Errorf("made of the level: %v", []byte(got))
	}
	if got := s.want(200, "", "GET", "/neuroglancer/raw/"+keys[0]+"/2,1/0,0/2,1", ""); got != "\x00\x00" {
		t.Errorf("another shape of voxels: %v", []byte(got))
	}
}

func TestAScriptsOwnVolumeKeepsItsOrder(t *testing.T) {
	p := volumestest.New("scope")
	none, big := (*int64)(nil), int64(128)
	p.Add(shm.VolumeInfo{
		Name: "local", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{2, 3}, Axes: []string{"x", "y"}, Units: []string{"m", ""}, Scale: []float64{8e-9, 1}, Channels: -1,
		Client: &shm.VolumeClient{Viewer: "vw", Token: "tk", VoxelOffset: []int{7, 8}, Downsampling: "2d", MaxDownsampling: none, MaxDownsampledSize: &big, Encoding: "npz"},
	}, []byte{0, 1, 2, 10, 11, 12})
	s := open(t, p)
	s.want(200, `"encoding":"npz"`, "GET", "/neuroglancer/info/vw.tk", "")
	s.want(200, `"coordinateSpace":{"x":[8e-9,"m"],"y":[1,""]},"shape":[2,3],"volumeType":"image","voxelOffset":[7,8]`, "GET", "/neuroglancer/info/vw.tk", "")
	s.want(200, `"downsamplingLayout":"2d","maxDownsampling":null,"maxDownsampledSize":128`, "GET", "/neuroglancer/info/vw.tk", "")
	const want = "\x00\x0a\x01\x0b\x02\x0c" // x runs fastest
	if got := s.want(200, "", "GET", "/neuroglancer/raw/vw.tk/1,1/0,0/2,3", ""); got != want {
		t.Errorf("raw: %v", []byte(got))
	}
	z, err := zlib.NewReader(strings.NewReader(s.want(200, "", "GET", "/neuroglancer/npz/vw.tk/1,1/0,0/2,3", "")))
	if err != nil {
		t.Fatal(err)
	}
	npy, err := io.ReadAll(z)
	if err != nil || len(npy)%64 != 6 || !bytes.HasSuffix(npy, []byte(want)) || !bytes.Contains(npy, []byte("'shape': (2, 3), ")) {
		t.Errorf("npz: %q %v", npy, err)
	}
	picture, err := jpeg.Decode(strings.NewReader(s.want(200, "", "GET", "/neuroglancer/jpeg/vw.tk/1,1/0,0/2,3", "")))
	if err != nil || picture.Bounds().Dx() != 2 || picture.Bounds().Dy() != 3 {
		t.Errorf("jpeg: %v %v", picture, err)
	}
}

// A script's word that a volume has changed is with the browsers when it has its answer, and once.
func TestAScriptSaysThatAVolumeHasChanged(t *testing.T) {
	p := volumestest.New("scope")
	p.Add(shm.VolumeInfo{
		Name: "local", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{2, 3}, Axes: []string{"x", "y"}, Channels: -1, Client: &shm.VolumeClient{Viewer: "mine", Token: "tk"},
	}, []byte{0, 1, 2, 10, 11, 12})
	s := open(t, p)
	s.want(201, "", "PUT", "/views/mine", `{"state":{"layers":[{"name":"a","source":"python://volume/mine.tk"}]}}`)
	// Nobody looks yet.
	s.want(204, "", "POST", "/changed/mine", `{"versions":{"tk":1,"other":7}}`)
	next, _ := s.stream("/events/mine?c=aa&gc=&gs=")
	s.want(200, "", "GET", "/neuroglancer/info/mine.tk", "")
	coarse := "/neuroglancer/raw/mine.tk/2,3/0,0/1,1"
	s.want(200, "", "GET", coarse, "")
	told := regexp.MustCompile(`"sourceGenerations":\{"mine.tk":(\d+)`)
	generation := ""
	config := func() (changed bool) {
		for {
			event := next()
			if m := told.FindStringSubmatch(event); m != nil && m[1] != generation {
				generation = m[1]
				return true
			} else if strings.Contains(event, `"last"`) {
				return false
			}
		}
	}
	config()
	refreshes := s.volumes.Stats().Refreshes
	for version := range 3 { // faster than browsers are told of what the process says
		s.want(204, "", "POST", "/changed/mine", fmt.Sprintf(`{"versions":{"tk":%d}}`, version+1))
		if got := s.volumes.Stats().Refreshes - refreshes; got != uint64(version+1) {
			t.Fatalf("%d refreshes when the answer to word %d was there", got, version)
		}
		if !config() {
			t.Fatal("the browser is not told")
		}
	}
	if got := s.want(200, "", "GET", coarse, ""); got != "\x06" {
		t.Errorf("%v", []byte(got))
	}
	// The process says the same, in the end. The other volume shows when the browsers would have been told of it.
	p.Add(shm.VolumeInfo{Name: "witness", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{1, 1}, Axes: []string{"x", "y"}, Channels: -1, Client: &shm.VolumeClient{Viewer: "mine", Token: "wt"}}, []byte{1})
	s.want(200, "", "POST", "/state/mine", `{"s":{"layers":[{"name":"a","source":"python://volume/mine.tk"},{"name":"b","source":"python://volume/mine.wt"}]},"g":1,"pg":null,"c":"py"}`)
	s.want(200, "", "GET", "/neuroglancer/raw/mine.wt/1,1/0,0/1,1", "")
	for i := range 4 {
		if i == 2 {
			for range 3 {
				p.Change("local", []byte{0, 1, 2, 10, 11, 12})
			}
		}
		p.Change("witness", []byte{byte(i)})
		eventually(t, "another change is told", func() bool { return s.volumes.Stats().Refreshes >= refreshes+4+uint64(i) })
	}
	if got := s.volumes.Stats().Refreshes - refreshes; got != 7 {
		t.Errorf("%d refreshes instead of 7", got)
	}
	s.want(200, "", "POST", "/config/mine", `{"s":{"statusMessages":{"a":"last"}},"g":1,"pg":null,"c":"py"}`)
	if config() {
		t.Error("the browser is told again of what it knows")
	}
	s.want(400, "JSON", "POST", "/changed/mine", "1")
	s.want(400, `"versions" of the body cannot be this: number -1.`, "POST", "/changed/mine", `{"versions":{"tk":-1}}`)
	s.want(404, "no such view", "POST", "/changed/none", "{}")
	s.as(door.Person{Role: door.Look, Session: "s1"})
	s.want(403, "a view of your own", "POST", "/changed/mine", `{"versions":{"tk":9}}`)
}

func TestAScriptsOwnVolumeHasMeshesAsItAsks(t *testing.T) {
	p := volumestest.New("scope")
	const side = 24
	data := make([]byte, side*side*side)
	for i := range data {
		z, y, x := float64(i/side/side)-11.5, float64(i/side%side)-11.5, float64(i%side)-11.5
		if z*z+y*y+x*x < 100 {
			data[i] = 7
		}
	}
	add := func(token string, kind shm.VolumeKind, descr string, shape []int, client shm.VolumeClient) {
		client.Viewer, client.Token = "vw", token
		p.Add(shm.VolumeInfo{Name: token, Kind: kind, Descr: descr, Shape: shape, Axes: []string{"x", "y", "z", "t"}[:len(shape)], Channels: -1, Client: &client}, data)
	}
	cube := []int{side, side, side}
	number := func(x float64) *float64 { return &x }
	add("labels", shm.VolumeLabels, "|u1", cube, shm.VolumeClient{})
	add("image", shm.VolumeImage, "|u1", cube, shm.VolumeClient{})
	add("signed", shm.VolumeImage, "|i1", cube, shm.VolumeClient{})
	add("four", shm.VolumeImage, "|u1", []int{side, side, 4, 6}, shm.VolumeClient{})
	add("whole", shm.VolumeImage, "|u1", cube, shm.VolumeClient{MeshError: number(-1)})
	add("exact", shm.VolumeImage, "|u1", cube, shm.VolumeClient{MeshError: number(0)})
	add("coarse", shm.VolumeImage, "|u1", cube, shm.VolumeClient{MeshError: number(5)})
	add("stiff", shm.VolumeImage, "|u1", cube, shm.VolumeClient{MeshError: number(5), MeshAngle: number(0)})
	s := open(t, p)
	triangles := func(token string) int {
		mesh := s.want(200, "", "GET", "/neuroglancer/mesh/vw."+token+"/7", "")
		return (len(mesh) - 4 - 12*int(binary.LittleEndian.Uint32([]byte(mesh)))) / 12
	}
	n := map[string]int{}
	for _, token := range []string{"labels", "image", "whole", "exact", "coarse", "stiff"} {
		n[token] = triangles(token)
	}
	if n["labels"] != n["image"] || n["coarse"] >= n["image"] && n["image"] > 256 || n["image"] >= n["exact"] || n["exact"] > n["whole"] || n["stiff"] < n["whole"]/2 {
		t.Errorf("triangles: %v", n)
	}
	s.want(405, "no labels", "GET", "/neuroglancer/mesh/vw.signed/7", "")
	s.want(405, "three axes", "GET", "/neuroglancer/mesh/vw.four/7", "")
	s.want(404, "no such label", "GET", "/neuroglancer/mesh/vw.image/8", "")
}

func TestNamesOfPositionsGoOut(t *testing.T) {
	p := volumestest.New("scope")
	p.Add(shm.VolumeInfo{
		Name: "local", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{2, 3}, Axes: []string{"x", "c"}, Scale: []float64{8e-9, 1}, Units: []string{"m", ""}, Channels: -1,
		Client: &shm.VolumeClient{Viewer: "vw", Token: "tk", Coordinates: []*shm.VolumeCoordinates{nil, {Coordinates: []int64{0, 2}, Labels: []string{"red", "blue"}}}},
	}, make([]byte, 6))
	s := open(t, p)
	s.want(200, `"coordinateSpace":{"x":[8e-9,"m"],"c":{"coordinates":[0,2],"labels":["red","blue"]}}`, "GET", "/neuroglancer/info/vw.tk", "")
}

func TestAnArrayIsAVolume(t *testing.T) {
	p := volumestest.New("scope")
	stack := pixelstest.New(shm.ArrayInfo{Name: "stack", Descr: "<u2", Shape: []int{2, 2, 3}, Axes: []string{"z", "y", "x"}, Scale: []float64{2, 1, 1}}, 2)
	p.Share(*stack.Info())
	flat := pixelstest.New(shm.ArrayInfo{Name: "flat", Descr: "<u2", Shape: []int{5, 2, 3}, Axes: []string{"t", "y", "x"}}, 2)
	p.Share(*flat.Info())
	frame := func(first byte) []byte {
		data := make([]byte, 24)
		for i := range 12 {
			data[2*i] = first + byte(i)
		}
		return data
	}
	p.Publish(stack.Publish(frame(1)))
	s := open(t, p)
	if _, err := s.volumes.View(t.Context(), s.src, "flat"); err == nil {
		t.Error("a film of pictures is no volume")
	}
	_, keys := s.page("stack")
	s.want(200, `"dataType":"uint16"`, "GET", "/neuroglancer/info/"+keys[0], "")
	path := "/neuroglancer/raw/" + keys[0] + "/1,1,1/0,0,0/3,2,2"
	if got := s.want(200, "", "GET", path, ""); got != string(frame(1)) {
		t.Errorf("the first frame: %v", []byte(got))
	}
	p.Publish(stack.Publish(frame(50)))
	eventually(t, "the next frame is shown", func() bool {
		_, got := s.ask("GET", path, "")
		return got == string(frame(50))
	})
}

func TestManyAskForTheSameChunk(t *testing.T) {
	p, data := brain()
	begun, goOn := make(chan struct{}, 16), make(chan struct{})
	var reading bool
	p.Reading = func(ctx context.Context, _ *shm.VolumeInfo, box shm.Box) error {
		if !reading {
			return nil
		}
		begun <- struct{}{}
		select {
		case <-goOn:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s := open(t, p)
	_, keys := s.page("brain")
	reading = true
	path := "/neuroglancer/raw/" + keys[0] + "/1,1,1/0,0,0/4,3,2"
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := s.want(200, "", "GET", path, ""); got != string(data) {
				t.Errorf("%v", []byte(got))
			}
		})
	}
	<-begun
	eventually(t, "all wait for one", func() bool { return s.volumes.Stats().Shared == 7 })
	close(goOn)
	all.Wait()
	if len(begun) != 0 {
		t.Errorf("it was read %d times", 1+len(begun))
	}

	goOn = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/volumes/"+s.src.ID()+path, nil)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	all.Go(func() {
		if answer, err := transport.RoundTrip(r); err == nil {
			answer.Body.Close()
			t.Errorf("%s", answer.Status)
		}
	})
	<-begun
	cancel()
	eventually(t, "what nobody waits for is given up", func() bool { return s.volumes.Stats().Given == 1 })
	all.Wait()
}

func TestCoarseChunksAreKeptUntilTheContentChanges(t *testing.T) {
	p, _ := brain()
	s := open(t, p)
	token, keys := s.page("brain")
	next, _ := s.stream("/events/" + token + "?c=aa&gc=&gs=")
	config := next()
	next() // the state
	coarse := "/neuroglancer/raw/" + keys[0] + "/2,2,2/0,0,0/2,2,1"
	first := s.want(200, "", "GET", coarse, "")
	n := len(p.Boxes())
	s.want(200, first, "GET", coarse, "")
	if len(p.Boxes()) != n {
		t.Error("a coarse chunk was made again")
	}
	s.want(200, "", "GET", strings.Replace(coarse, "2,2,2/", "1,1,1/", 1), "")
	s.want(200, "", "GET", strings.Replace(coarse, "2,2,2/", "1,1,1/", 1), "")
	if got := len(p.Boxes()) - n; got != 2 {
		t.Errorf("a chunk of full resolution was read %d times of 2", got)
	}
	p.Change("brain", bytes.Repeat([]byte{200}, 24))
	event := next()
	if !strings.Contains(event, `"sourceGenerations":{"`+keys[0]+`":`) || event == config {
		t.Errorf("the change comes as %s", event)
	}
	eventually(t, "the coarse chunk is made again", func() bool {
		_, got := s.ask("GET", coarse, "")
		return got == "\xc8\xc8\xc8\xc8"
	})
}

func TestAVolumeThatIsMadeAgainIsFollowed(t *testing.T) {
	p, _ := brain()
	s := open(t, p)
	token, keys := s.page("brain")
	next, _ := s.stream("/events/" + token + "?c=aa&gc=&gs=")
	next()
	next()
	s.want(200, "", "GET", "/neuroglancer/info/"+keys[0], "")
	p.Add(shm.VolumeInfo{
		Name: "brain", Kind: shm.VolumeImage, Generation: "00000000000000aa", Descr: "|u1", Shape: []int{4, 3, 4}, Axes: []string{"z", "y", "x"}, Channels: -1, Shm: "x",
	}, make([]byte, 48))
	for {
		event := next()
		if strings.HasPrefix(event, `{"k":"s"`) {
			if now := keyIn.FindStringSubmatch(event)[1]; now == keys[0] {
				t.Errorf("the view still shows %s", now)
			} else {
				s.want(200, `"shape":[4,3,4]`, "GET", "/neuroglancer/info/"+now, "")
			}
			// The view was in the middle of the other one, which lies outside of this one.
			if !strings.Contains(event, `"position":[2.5,1.5,2.5]`) || !strings.Contains(event, `"crossSectionScale":0.01,`) {
				t.Errorf("the view is at %s", event)
			}
			break
		}
	}
}

func TestPeopleShareAView(t *testing.T) {
	p, _ := brain()
	s := open(t, p)
	token, _ := s.page("brain")
	next, _ := s.stream("/events/" + token + "?c=aa&gc=&gs=")
	next()
	var first struct{ G string }
	if err := json.Unmarshal([]byte(next()), &first); err != nil {
		t.Fatal(err)
	}
	change := func(text, client, previous string) string {
		return fmt.Sprintf(`{"s":{"title":%q},"g":1,"pg":%q,"c":%q}`, text, previous, client)
	}
	s.want(200, `{"g":"bb/1","n":2}`, "POST", "/state/"+token, change("mine", "bb", first.G))
	if got, body := s.ask("POST", "/state/"+token, change("late", "cc", first.G)); got != 412 || body != "" {
		t.Errorf("a change of an older state: %d %q", got, body)
	}
	if got := next(); got != `{"k":"s","s":{"title":"mine"},"g":"bb/1"}` {
		t.Errorf("the others are told %s", got)
	}
	s.want(400, "JSON", "POST", "/state/"+token, "{")
	s.want(413, "may have", "POST", "/state/"+token, change(strings.Repeat("x", 9<<20), "bb", "bb/1"))
	s.want(404, "no such view", "POST", "/state/0000", change("x", "bb", "bb/1"))
	s.want(403, "credentials", "POST", "/credentials/"+token, "{}")
	s.want(200, "client file /main.js", "GET", "/v/"+token+"/main.js", "")

	// Who may only look has a copy, whose state is theirs.
	s.as(door.Person{Role: door.Look, Session: "s1"})
	s.want(403, "a view of your own", "POST", "/state/"+token, change("no", "dd", "bb/1"))
	own := s.want(302, "/volumes/scope/v/", "GET", "/v/"+token+"/", "")
	if again := s.want(302, "", "GET", "/v/"+token+"/", ""); again != own {
		t.Errorf("another copy %s", again)
	}
	own = strings.Split(own, "/")[4]
	s.want(200, "client file /", "GET", "/v/"+own+"/", "")
	mine, _ := s.stream("/events/" + own + "?c=dd&gc=x&gs=")
	mine()
	if got := mine(); got != `{"k":"s","s":{"title":"mine"},"g":"webmon/1"}` {
		t.Errorf("the copy begins with %s", got)
	}
	s.want(200, "dd/1", "POST", "/state/"+own, change("own", "dd", "webmon/1"))
	s.want(403, "script", "GET", "/events/"+token+"?c=ee&script=1", "")
	s.as(door.Person{Role: door.Look, Session: "s2"})
	s.want(403, "a view of your own", "POST", "/state/"+own, change("no", "ff", "dd/1"))
	s.as(door.Person{Role: door.Steer})
	s.want(200, `"title":"mine"`, "PUT", "/views/"+token, "")
}

func TestAScriptHasAView(t *testing.T) {
	p, _ := brain()
	s := open(t, p)
	s.want(201, `"made":true,"config":{"s":{"actions":["go"]},"g":"webmon/1","n":1},"state":{"s":{},"g":"webmon/1","n":1},"browsers":0,"address":"/volumes/scope/v/mine/"`,
		"PUT", "/views/mine", `{"config":{"actions":["go"]}}`)
	s.want(200, `"made":false`, "PUT", "/views/mine", `{"config":{}}`)
	s.want(400, "token", "PUT", "/views/a.b", "")
	next, stop := s.stream("/events/mine?c=py&gc=webmon/1&gs=webmon/1&script=1")
	s.want(200, "", "POST", "/action/mine", `{"action":"go","state":{"mousePosition":[1]}}`)
	if got := next(); got != `{"k":"a","action":"go","state":{"mousePosition":[1]}}` {
		t.Errorf("the action comes as %s", got)
	}
	large := `{"action":"screenshot","state":{"screenshot":{"image":"` + strings.Repeat("x", 9<<20) + `"}}}`
	s.want(413, "may have", "POST", "/action/mine", large)
	s.want(409, "asked", "POST", "/volume_response/mine/1/info", "{}")
	s.want(200, `{"g":"py/1","n":2}`, "POST", "/config/mine", `{"s":{"screenshot":"shot","volumeRequests":[{}]},"g":1,"pg":"webmon/1","c":"py"}`)
	s.want(412, "", "POST", "/config/mine", `{"s":{},"g":2,"pg":"webmon/1","c":"py"}`)
	s.want(200, "", "POST", "/action/mine", large)
	if got := next(); len(got) < 9<<20 {
		t.Errorf("the screenshot comes as %.200s", got)
	}
	s.want(200, "", "POST", "/volume_response/mine/req/chunk?p=%7B%22a%22%3A1%7D", "\x00\x01")
	if got := next(); got != `{"k":"v","id":"req","part":"chunk","p":{"a":1},"body":"AAE="}` {
		t.Errorf("the voxels come as %s", got)
	}
	// A script is told the number of a change, and of the configuration what scripts have given.
	s.want(200, `{"g":"bb/1","n":2}`, "POST", "/state/mine", `{"s":{"title":"a"},"g":1,"pg":"webmon/1","c":"bb"}`)
	if got := next(); got != `{"k":"s","s":{"title":"a"},"g":"bb/1","n":2}` {
		t.Errorf("the state comes as %s", got)
	}
	s.want(412, "", "POST", "/state/mine", `{"s":{},"g":2,"pg":"webmon/1","c":"py"}`)
	s.want(200, `{"g":"py/3","n":3}`, "POST", "/state/mine", `{"s":{"title":"b"},"g":3,"pg":null,"c":"py"}`)
	s.want(200, `"config":{"s":{"screenshot":"shot","volumeRequests":[{}]},"g":"py/1","n":2},"state":{"s":{"title":"b"},"g":"py/3","n":3}`, "PUT", "/views/mine", "")
	stop()
	look, _ := s.stream("/events/mine?c=zz&gc=&gs=")
	for !strings.Contains(look(), "The script that made this view has ended") {
	}
	s.want(204, "", "DELETE", "/views/mine", "")
	s.want(404, "", "DELETE", "/views/mine", "")
}

func TestGeometry(t *testing.T) {
	p := volumestest.New("scope")
	at := shm.VolumeInfo{Kind: shm.VolumeLines, Shape: []int{8, 8, 8}, Axes: []string{"z", "y", "x"}, Scale: []float64{2, 1, 1}, Units: []string{"um", "um", "um"}, Channels: -1, Corner: []float64{4, 0, 0}}
	lines, broken, labels := at, at, at
	lines.Name, broken.Name, labels.Name = "lines", "broken", "labels"
	labels.Kind, labels.Descr, labels.Meshes = shm.VolumeLabels, "<u4", true
	p.Add(lines)
	p.Add(broken)
	p.Add(labels, make([]byte, 512*4))
	p.Geometry = func(v *shm.VolumeInfo, part shm.Part, label uint64) (*shm.Geometry, error) {
		switch {
		case v.Name == "lines":
			return &shm.Geometry{Rank: 3, Positions: []float32{1, 2, 3, 4, 5, 6}, Edges: []uint32{0, 1}, Attributes: []shm.Attribute{
				{Name: "id", Descr: "<u2", Components: 1, Data: []byte{1, 0, 2, 0}}, {Name: "not a name", Descr: "|u1", Components: 1, Data: []byte{0, 0}},
			}}, nil
		case v.Name == "broken":
			return &shm.Geometry{Rank: 3, Positions: []float32{1, 2, 3}, Edges: []uint32{0, 1}}, nil
		case label == 1<<63+5:
			return &shm.Geometry{Rank: 3, Positions: []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, Faces: []uint32{0, 1, 2}}, nil
		}
		return nil, shm.ErrNoLabel
	}
	s := open(t, p)
	_, keys := s.page("lines")
	s.want(200, `{"coordinateSpace":{"x":[0.000001,"m"],"y":[0.000001,"m"],"z":[0.000002,"m"]},"voxelOffset":[0,0,2],"attributes":{"id":{"dataType":"uint16","numComponents":1}}`,
		"GET", "/neuroglancer/skeletoninfo/"+keys[0], "")
	var want []byte
	for _, n := range []uint32{2, 1} {
		want = binary.LittleEndian.AppendUint32(want, n)
	}
	for _, x := range []float32{3, 2, 1, 6, 5, 4} {
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(x))
	}
	want = append(want, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 2, 0)
	if got := s.want(200, "", "GET", "/neuroglancer/skeleton/"+keys[0]+"/1", ""); got != string(want) {
		t.Errorf("the skeleton is %v, want %v", []byte(got), want)
	}
	s.want(404, "", "GET", "/neuroglancer/skeleton/"+keys[0]+"/2", "")
	s.want(400, "whole number", "GET", "/neuroglancer/skeleton/"+keys[0]+"/x", "")
	_, keys = s.page("broken")
	s.want(502, "the index 1 of 1 vertices", "GET", "/neuroglancer/skeleton/"+keys[0]+"/1", "")
	_, keys = s.page("labels")
	mesh := []byte(s.want(200, "", "GET", "/neuroglancer/mesh/"+keys[0]+"/9223372036854775813", ""))
	want = binary.LittleEndian.AppendUint32(nil, 3)
	for _, x := range []float64{3e-6, 2e-6, 2e-6, 6e-6, 5e-6, 8e-6, 9e-6, 8e-6, 14e-6} {
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(float32(x)))
	}
	for _, i := range []uint32{0, 2, 1} { // z, y, x to x, y, z is a mirror
		want = binary.LittleEndian.AppendUint32(want, i)
	}
	if !bytes.Equal(mesh, want) {
		t.Errorf("the mesh is %v, want %v", mesh, want)
	}
	s.want(404, "no such label", "GET", "/neuroglancer/mesh/"+keys[0]+"/7", "")
}

func TestTheMeshOfALabel(t *testing.T) {
	p := volumestest.New("scope")
	data := make([]byte, 8*8*8*2)
	for z := 2; z < 5; z++ {
		for y := 1; y < 4; y++ {
			for x := 3; x < 8; x++ { // to the face
				binary.BigEndian.PutUint16(data[2*(64*z+8*y+x):], 700)
			}
		}
	}
	p.Add(shm.VolumeInfo{
		Name: "cells", Kind: shm.VolumeLabels, Descr: ">u2", Shape: []int{8, 8, 8}, Axes: []string{"z", "y", "x"}, Units: []string{"um", "um", "um"}, Scale: []float64{2, 1, 1}, Channels: -1, Shm: "x",
	}, data)
	s := open(t, p)
	token, keys := s.page("cells")
	next, _ := s.stream("/events/" + token + "?c=aa&gc=&gs=")
	next()
	path := "/neuroglancer/mesh/" + keys[0] + "/700"
	got := []byte(s.want(200, "", "GET", path, ""))
	n := int(binary.LittleEndian.Uint32(got))
	low, high := [3]float64{1, 1, 1}, [3]float64{}
	for i := range 3 * n {
		x := float64(math.Float32frombits(binary.LittleEndian.Uint32(got[4+4*i:])))
		low[i%3], high[i%3] = min(low[i%3], x), max(high[i%3], x)
	}
	for i, want := range [][2]float64{{3e-6, 8e-6}, {1e-6, 4e-6}, {4e-6, 10e-6}} { // x, y, z
		if math.Abs(low[i]-want[0]) > 0.5e-6 || math.Abs(high[i]-want[1]) > 0.5e-6 {
			t.Errorf("axis %d goes from %g to %g, want %g to %g", i, low[i], high[i], want[0], want[1])
		}
	}
	boxes := len(p.Boxes())
	s.want(200, "", "GET", path, "")
	if len(p.Boxes()) != boxes {
		t.Error("the mesh was made again")
	}
	s.want(404, "no such label", "GET", "/neuroglancer/mesh/"+keys[0]+"/5", "")
	s.want(404, "no such label", "GET", "/neuroglancer/mesh/"+keys[0]+"/0", "")
	if len(p.Boxes()) != boxes {
		t.Error("the labels were looked for again")
	}
	p.Change("cells", make([]byte, len(data)))
	for !strings.Contains(next(), "sourceGenerations") {
	}
	eventually(t, "the label is gone", func() bool { status, _ := s.ask("GET", path, ""); return status == 404 })
}

// While chunks take every turn, meshes come to wait, and the search for their labels behind them.
func TestMeshesDoNotWaitForEachOther(t *testing.T) {
	p := volumestest.New("scope")
	n := max(2, runtime.GOMAXPROCS(0))
	info := shm.VolumeInfo{Kind: shm.VolumeLabels, Descr: "|u1", Shape: []int{n + 2, 2, 2}, Axes: []string{"z", "y", "x"}, Channels: -1, Shm: "x"}
	data := make([]byte, 4*(n+2))
	for i := range data {
		data[i] = byte(1 + i/4)
	}
	cells, busy := info, info
	cells.Name, busy.Name = "cells", "busy"
	p.Add(cells, data)
	p.Add(busy, data)
	begun, goOn := make(chan struct{}), make(chan struct{})
	p.Reading = func(ctx context.Context, v *shm.VolumeInfo, _ shm.Box) error {
		if v.Name != "busy" {
			return nil
		}
		begun <- struct{}{}
		select {
		case <-goOn:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s := open(t, p)
	_, chunks := s.page("busy")
	_, meshes := s.page("cells")
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			s.want(200, "", "GET", fmt.Sprintf("/neuroglancer/raw/%s/1,1,1/0,0,%d/2,2,%d", chunks[0], i, i+1), "")
		})
	}
	for range n {
		<-begun
	}
	for i := range 2 * (n + 2) { // each twice, since of those it is known that they wait
		all.Go(func() { s.want(200, "", "GET", fmt.Sprintf("/neuroglancer/mesh/%s/%d", meshes[0], 1+i/2), "") })
	}
	eventually(t, "the meshes wait", func() bool { return s.volumes.Stats().Shared >= uint64(n+2) })
	close(goOn)
	all.Wait()
}
