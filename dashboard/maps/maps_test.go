package maps_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"webmon/dashboard/answer"
	"webmon/dashboard/maps"
	"webmon/dashboard/refusal"
	"webmon/shm"
	shmmaps "webmon/shm/maps"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
	"webmon/shm/stack"
)

// rr30a is the real map, read once.
var rr30a = sync.OnceValue(func() *shmmaps.Map {
	m, err := shmmaps.Read(made.RR30a(), "rr30a")
	if err != nil {
		panic(err)
	}
	return m
})

// shelf is a library of one map.
type shelf struct{}

func (shelf) List() []library.Entry {
	return []library.Entry{
		{Key: "rr30a", Name: "rr30a", Place: "/data/rr30a", Condition: []string{"mc1"}, Facts: &library.Facts{Sessions: 9, Objects: 2467, Segments: 5, Runs: 304, Conditions: rr30a().Conditions()}},
		{Key: "broken", Name: "=broken", Problem: "It has no session table."},
	}
}

func (shelf) Open(_ context.Context, key string) (library.Opened, error) {
	switch key {
	case "rr30a":
		return library.Opened{Map: rr30a(), Version: "1"}, nil
	case "broken":
		return library.Opened{}, errors.New("it has no session table")
	}
	return library.Opened{}, fmt.Errorf("%q: %w", key, library.ErrUnknown)
}

func (l shelf) Each(ctx context.Context, keys []string, do func(int, library.Opened) error) []error {
	errs := make([]error, len(keys))
	for i, key := range keys {
		o, err := l.Open(ctx, key)
		if err == nil {
			err = do(i, o)
		}
		errs[i] = err
	}
	return errs
}

func (shelf) Image(_ context.Context, _ string, session, channel int) (library.Image, error) {
	switch {
	case session == 7:
		return library.Image{Image: packed{}, Channel: channel - 1, Tag: "tag7", Release: func() {}}, nil
	case session == 8:
		return library.Image{Image: tall{}, Channel: channel - 1, Tag: "tag8", Release: func() {}}, nil
	case session > 1 || channel < 1 || channel > 2:
		return library.Image{}, fmt.Errorf("session %d: %w", session, library.ErrNoImage)
	case session == 1 && channel == 2:
		return library.Image{}, errors.New("rr30a_s1_ch2.tif: it ends in the middle of page 3")
	}
	return library.Image{Image: ramp{}, Channel: channel - 1, Tag: fmt.Sprint("tag", session), Release: func() {}}, nil
}

func (shelf) Channels(_ string, session int) []int {
	if session > 1 {
		return nil
	}
	return []int{1, 2}
}

func (shelf) Zip(_ context.Context, _ string, w io.Writer) error {
	_, err := w.Write(made.RR30aZip)
	return err
}

// ramp is a stack of 6 slices of 40 x 50 pixels of 16 bits.
type ramp struct{}

func (ramp) Info() *stack.Info {
	return &stack.Info{Times: 1, Channels: 2, Slices: 6, Rows: 40, Cols: 50, Type: shm.U16}
}

// pixel is the pixel at a place.
func (ramp) pixel(c, z, row, col int) int { return 1000*c + 100*z*(6-z) + 10*row + col }

func (im ramp) ReadPlane(_ context.Context, t, c, z int, r stack.Rect, dst []byte) ([]byte, error) {
	if err := im.Info().Check(t, c, z, r); err != nil {
		return nil, err
	}
	dst = dst[:0]
	for row := r.Row; row < r.Row+r.Rows; row++ {
		for col := r.Col; col < r.Col+r.Cols; col++ {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(im.pixel(c, z, row, col)))
		}
	}
	return dst, nil
}
func (ramp) Close() error { return nil }

// tall is a stack of which a slice is read in several bands; its pixels are those of a ramp, modulo 4096.
type tall struct{ ramp }

func (tall) Info() *stack.Info {
	return &stack.Info{Times: 1, Channels: 2, Slices: 2, Rows: 3001, Cols: 50, Type: shm.U16}
}

func (im tall) pixel(c, z, row, col int) int { return im.ramp.pixel(c, z, row, col) & 0xfff }

func (im tall) ReadPlane(_ context.Context, t, c, z int, r stack.Rect, dst []byte) ([]byte, error) {
	if err := im.Info().Check(t, c, z, r); err != nil {
		return nil, err
	}
	dst = dst[:0]
	for row := r.Row; row < r.Row+r.Rows; row++ {
		for col := r.Col; col < r.Col+r.Cols; col++ {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(im.pixel(c, z, row, col)))
		}
	}
	return dst, nil
}

// packed is a ramp that has to be unpacked; it counts which slices were.
type packed struct{ ramp }

var unpacked [6]atomic.Int32

func (im packed) Info() *stack.Info {
	info := *im.ramp.Info()
	info.Packed = true
	return &info
}

func (im packed) ReadPlane(ctx context.Context, t, c, z int, r stack.Rect, dst []byte) ([]byte, error) {
	unpacked[z].Add(1)
	return im.ramp.ReadPlane(ctx, t, c, z, r, dst)
}

func (shelf) Put(context.Context, string, io.ReaderAt, int64) error { return nil }
func (shelf) Stats() library.Stats                                  { return library.Stats{} }
func (shelf) Notes() []string                                       { return nil }
func (shelf) Gone(string) string                                    { return "" }
func (shelf) News() uint64                                          { return 0 }
func (shelf) Size() (int64, int64)                                  { return rr30a().Size(), 1 << 30 }
func (shelf) Columns(string) (library.Columns, error)               { return library.Columns{}, library.ErrUnknown }
func (shelf) SetColumns(string, shmmaps.Columns) error              { return library.ErrUnknown }
func (shelf) Accepts() string                                       { return "/data" }

// serve returns a function that asks for an address.
func serve(t testing.TB, library maps.Library) func(method, path string, headers ...string) *http.Response {
	all := maps.New(maps.Options{Library: library})
	mux := http.NewServeMux()
	for _, route := range all.Routes() {
		parts := strings.Split(route.Path, "/")
		for i, part := range parts {
			if name, ok := strings.CutPrefix(part, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		mux.HandleFunc(route.Method+" "+strings.Join(parts, "/"), func(w http.ResponseWriter, r *http.Request) {
			err := route.Serve(w, r)
			var f *maps.Failure
			var no *refusal.Error
			var busy *answer.Busy
			switch {
			case errors.As(err, &f):
				http.Error(w, f.Text, f.Status)
			case errors.As(err, &no):
				http.Error(w, no.Field+": "+no.Text, http.StatusUnprocessableEntity)
			case errors.As(err, &busy):
				http.Error(w, busy.Error(), http.StatusServiceUnavailable)
			case err != nil:
				t.Errorf("%s %s: %v", r.Method, r.URL, err)
			}
		})
	}
	return func(method, path string, headers ...string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w.Result()
	}
}

func body(t testing.TB, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", r.StatusCode, b)
	}
	return b
}

func decode[T any](t testing.TB, r *http.Response) T {
	t.Helper()
	var out T
	b := body(t, r)
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v in %.200s", err, b)
	}
	return out
}

func TestTheListOfMaps(t *testing.T) {
	get := serve(t, shelf{})
	list := decode[[]map[string]any](t, get("GET", "/api/v1/maps"))
	if len(list) != 2 || list[0]["map"] != "rr30a" || list[0]["runs"] != 304.0 || list[0]["condition"] != "mc1" || list[0]["unsaved"] != 0.0 || list[0]["problem"] != nil {
		t.Errorf("got %v", list)
	}
	if runs, ok := list[1]["runs"]; runs != nil || !ok {
		t.Errorf("of a map that was never opened: %v", list[1])
	}
	lines, err := csv.NewReader(bytes.NewReader(body(t, get("GET", "/api/v1/maps.csv")))).ReadAll()
	if err != nil || len(lines) != 3 || lines[1][0] != "rr30a" || lines[2][1] != "'=broken" {
		t.Errorf("got %q, %v", lines, err)
	}
}

func TestAMapAndItsSessions(t *testing.T) {
	get := serve(t, shelf{})
	m := decode[struct {
		Map, Condition, Type string
		Segments, Runs       int
		Sessions             []struct {
			Index                                                    int
			Stack, Condition                                         string
			Days, DX, DY, DZ                                         float64
			Slices, PX, PY, Channels, Objects, Spines, Bad, Segments int
		}
	}](t, get("GET", "/api/v1/maps/rr30a"))
	var objects, slices_ []int
	var conditions []string
	for _, s := range m.Sessions {
		objects, slices_, conditions = append(objects, s.Objects), append(slices_, s.Slices), append(conditions, s.Condition)
	}
	if m.Map != "rr30a" || m.Condition != "mc1" || m.Type != "spineROI" || m.Segments != 5 || len(m.Sessions) != 9 ||
		!slices.Equal(objects, []int{287, 275, 223, 307, 277, 282, 263, 270, 283}) ||
		!slices.Equal(slices_, []int{70, 65, 70, 70, 70, 80, 70, 80, 70}) ||
		strings.Join(conditions, " ") != "q a1 a2 b1 b2 b u d1 d2" {
		t.Errorf("got %+v", m)
	}
	s := m.Sessions[8]
	if s.Index != 8 || s.PX != 1024 || s.PY != 1024 || s.DX != 0.12 || s.DZ != 1 || s.Channels != 2 || s.Segments != 5 || s.Stack != "rr30a_s8" || math.Abs(s.Days-19.961) > 0.001 {
		t.Errorf("session 8 is %+v", s)
	}
	lines, err := csv.NewReader(bytes.NewReader(body(t, get("GET", "/api/v1/maps/rr30a.csv")))).ReadAll()
	if err != nil || len(lines) != 10 || lines[0][0] != "index" || lines[9][1] != "rr30a_s8" {
		t.Errorf("the CSV is %q, %v", lines, err)
	}
}

func TestValuesAndRunsAgree(t *testing.T) {
	get := serve(t, shelf{})
	runs := decode[struct {
		Type string
		Runs [][]*int
	}](t, get("GET", "/api/v1/maps/rr30a/runs"))
	v := decode[struct {
		Columns []string
		Rows    [][]*float64
	}](t, get("GET", "/api/v1/maps/rr30a/values?stat=ubssSum_int1,pDist"))
	if runs.Type != "spineROI" || !slices.Equal(v.Columns, []string{"run", "session", "row", "ubssSum_int1", "pDist"}) {
		t.Fatalf("got %s, %v", runs.Type, v.Columns)
	}
	cells := 0
	for _, run := range runs.Runs {
		for _, row := range run {
			if row != nil {
				cells++
			}
		}
	}
	if cells != len(v.Rows) || cells == 0 {
		t.Fatalf("%d cells of runs, and %d rows of values", cells, len(v.Rows))
	}
	nulls := 0
	m := rr30a()
	for _, row := range v.Rows {
		run, session, at := int(*row[0]), int(*row[1]), int(*row[2])
		if got := runs.Runs[run][session]; got == nil || *got != at {
			t.Fatalf("run %d of session %d is row %v, and its value is of row %d", run, session, got, at)
		}
		if row[3] == nil {
			nulls++
		} else if want := m.Sessions[session].Int[0].Value(at, "ubssSum"); *row[3] != want {
			t.Errorf("row %d of session %d: got %g, want %g", at, session, *row[3], want)
		}
	}
	if nulls != 2+1+1+2+1 { // what the reference counts as spines without an intensity
		t.Errorf("%d spines have no intensity", nulls)
	}
	// Chosen ones.
	v.Rows = nil
	v = decode[struct {
		Columns []string
		Rows    [][]*float64
	}](t, get("GET", "/api/v1/maps/rr30a/values?stat=sLen3d_int1&session=1&segment=2"))
	sum, n := 0.0, 0
	for _, row := range v.Rows {
		if row[3] != nil {
			sum, n = sum+*row[3], n+1
		}
	}
	if mean := sum / float64(n); math.Abs(mean-1.984) > 0.0005 || n != 39 {
		t.Errorf("the mean spine length is %g of %d, want 1.984 of 39", mean, n)
	}
}

// columns reads the binary answer.
func columns(t testing.TB, b []byte) (n int, out map[string]any) {
	t.Helper()
	size := binary.LittleEndian.Uint32(b)
	var head struct {
		N       int
		Columns []struct{ Name, Type string }
	}
	if err := json.Unmarshal(b[4:4+size], &head); err != nil {
		t.Fatal(err)
	}
	b = b[4+size:]
	out = map[string]any{}
	for _, c := range head.Columns {
		var into any
		switch c.Type {
		case "f8":
			into = make([]float64, head.N)
		case "i4":
			into = make([]int32, head.N)
		case "u1":
			into = make([]uint8, head.N)
		}
		used, err := binary.Decode(b, binary.LittleEndian, into)
		if err != nil {
			t.Fatal(err)
		}
		out[c.Name] = into
		b = b[(used+7)/8*8:]
	}
	if len(b) != 0 {
		t.Errorf("%d bytes are left over", len(b))
	}
	return head.N, out
}

func TestColumnsAreTheValues(t *testing.T) {
	get := serve(t, shelf{})
	r := get("GET", "/maps/rr30a/columns?stat=days,pDist,sessCond&bad=0")
	n, c := columns(t, body(t, r))
	want, err := rr30a().Values(shmmaps.Query{Stats: []string{"days", "pDist", "sessCond"}, Session: shmmaps.All, Segment: shmmaps.All})
	if err != nil {
		t.Fatal(err)
	}
	if n != want.Len() || !slices.Equal(c["run"].([]int32), want.Runs) || !slices.Equal(c["session"].([]int32), want.Sessions) ||
		!slices.Equal(c["segment"].([]int32), want.Segments) || !slices.Equal(c["days"].([]float64), want.Columns[0].Values) {
		t.Errorf("%d rows, want %d", n, want.Len())
	}
	if slices.Contains(c["bad"].([]uint8), 1) {
		t.Error("there are bad ones")
	}
	tag := r.Header.Get("ETag")
	if r := get("GET", "/maps/rr30a/columns?stat=days,pDist,sessCond&bad=0", "If-None-Match", tag); r.StatusCode != http.StatusNotModified {
		t.Errorf("asked again: %d", r.StatusCode)
	}
	if r := get("GET", "/maps/rr30a/columns?stat=days&bad=0", "If-None-Match", tag); r.StatusCode != http.StatusOK {
		t.Errorf("asked for something else: %d", r.StatusCode)
	}
}

func TestTracings(t *testing.T) {
	get := serve(t, shelf{})
	n, _ := columns(t, body(t, get("GET", "/maps/rr30a/tracings")))
	if n != 2121+2118+2055+2101+2069+2072+2090+2107+2081 {
		t.Errorf("%d points", n)
	}
	n, c := columns(t, body(t, get("GET", "/maps/rr30a/tracings?session=3")))
	if n != 2101 {
		t.Errorf("%d points in session 3", n)
	}
	// Objects know better than the file where the pivot is: there it is 42 micrometres off.
	s := rr30a().Sessions[3]
	sDist, pDist, segment := c["sDist"].([]float64), c["pDist"].([]float64), c["segment"].([]int32)
	checked := 0
	for i, kind := range s.Types() {
		point := int(s.Table.Value(i, "cPnt"))
		if kind == shmmaps.Spine && point >= 0 && s.Segment(i) == 0 && segment[point] == 0 {
			checked++
			if want := s.Table.Value(i, "pDist") + sDist[point] - s.Table.Value(i, "sDist"); math.Abs(pDist[point]-want) > 0.02 {
				t.Fatalf("point %d: pDist %g, want %g", point, pDist[point], want)
			}
		}
	}
	if checked == 0 {
		t.Error("nothing was checked")
	}
	v := decode[struct {
		Columns []string
		Rows    [][]float64
	}](t, get("GET", "/api/v1/maps/rr30a/tracing?session=0&segment=1"))
	if len(v.Rows) != 429 || v.Columns[3] != "x" {
		t.Errorf("%d points of segment 1, columns %v", len(v.Rows), v.Columns)
	}
}

func TestWhatCannotBeAnsweredIsSaid(t *testing.T) {
	get := serve(t, shelf{})
	for _, tt := range []struct {
		path   string
		status int
		says   string
	}{
		{"/api/v1/maps/nosuch", 404, `There is no map "nosuch".`},
		{"/api/v1/maps/nosuch/values", 404, `There is no map "nosuch".`},
		{"/api/v1/maps/broken", 422, "It has no session table."},
		{"/api/v1/maps/rr30a/nosuch", 404, `There is nothing called "nosuch" of a map.`},
		{"/api/v1/maps/rr30a/values?stat=pDist,nosuch", 422, `There is no statistic "nosuch" in this map.`},
		{"/api/v1/maps/rr30a/values?stat=note", 422, `There is no statistic "note" in this map.`},
		{"/api/v1/maps/rr30a/values?session=9", 422, "There is no session 9; the map has 9, counted from 0."},
		{"/api/v1/maps/rr30a/values?session=x", 422, "Session must be a whole number from 0, or all."},
		{"/api/v1/maps/rr30a/values?segment=-1", 422, "Segment must be a whole number from 0, or all."},
		{"/api/v1/maps/rr30a/values?segment=5", 422, "There is no map segment 5; the map has 5, counted from 0."},
		{"/api/v1/maps/rr30a/values?bad=maybe", 422, "Bad must be 0 or 1."},
		{"/api/v1/maps/rr30a/values?stat=" + strings.Repeat("x,", 65), 422, "may name 64 statistics"},
		{"/api/v1/maps/rr30a/values?mask=some", 422, "mask must be one of added, subtracted, transient, always"},
		{"/api/v1/maps/rr30a/values?transform=percent&against=x*", 422, `No session has the condition "x*".`},
		{"/api/v1/maps/rr30a/values?transform=percent&against=9", 422, "There is no session 9"},
		{"/api/v1/maps/rr30a/values?types=a", 422, "types must be numbers of user types"},
		{"/api/v1/maps/rr30a/where?run=9999", 422, "There is no run 9999"},
		{"/api/v1/maps/rr30a/where", 422, "run must be named"},
		{"/api/v1/maps/rr30a/pairs?session=8", 422, "has no session after it"},
		{"/api/v1/maps/rr30a/find?kind=stat&stat=nosuch", 422, `There is no statistic "nosuch" in this map.`},
		{"/api/v1/maps/rr30a/find?op=~", 422, "op must be one of <, <="},
		{"/api/v1/pools/all/values?strict=maybe", 422, "strict must be 0 or 1"},
		{"/api/v1/pools/all/values?segment=x", 422, "segment must be a whole number"},
		{"/api/v1/maps/rr30a/find?kind=love", 422, "kind must be one of bad, notes"},
		{"/maps/rr30a/plane?session=2", 404, "Session 2 has no images of channel 2."},
		{"/maps/rr30a/plane?session=1&channel=2", 422, "it ends in the middle of page 3"},
		{"/maps/rr30a/plane?channel=1&slice=6", 422, "There is no slice 6; the stack has 6, counted from 0."},
		{"/maps/rr30a/plane?channel=1&slice=4-2", 422, "slice must be a number from 0, a range such as 29-33, or all"},
		{"/maps/rr30a/plane?channel=1&rect=0,50,1,1", 422, "rect begins outside of the stack"},
		{"/maps/rr30a/plane?channel=1&rect=0,0,0,1", 422, "rect must be row,column,rows,columns"},
		{"/maps/rr30a/plane?channel=1&step=0", 422, "step must be a whole number from 1 to 1024"},
		{"/maps/rr30a/plane.png?channel=1&low=5&high=5", 422, "high must be above low"},
		{"/maps/rr30a/plane.png?channel=1&colormap=mud", 422, "mud"},
		{"/api/v1/maps/rr30a/runs?type=unicorn", 422, "type must be one of"},
	} {
		r := get("GET", tt.path)
		b, _ := io.ReadAll(r.Body)
		if r.StatusCode != tt.status || !strings.Contains(strings.ToLower(string(b)), strings.ToLower(tt.says)) {
			t.Errorf("%s: %d %q, want %d %q", tt.path, r.StatusCode, b, tt.status, tt.says)
		}
	}
}

// plane decodes the pixels of an answer.
func plane(t testing.TB, r *http.Response) []uint16 {
	t.Helper()
	b := body(t, r)
	out := make([]uint16, len(b)/2)
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return out
}

func TestPlanes(t *testing.T) {
	get := serve(t, shelf{})
	var im ramp
	r := get("GET", "/maps/rr30a/plane?session=0&channel=2&slice=4&rect=3,5,7,11")
	if got := r.Header.Get("Webmon-Plane"); got != "u2 7 11 4 4" {
		t.Errorf("it is said to be %q", got)
	}
	got := plane(t, r)
	if len(got) != 77 || int(got[0]) != im.pixel(1, 4, 3, 5) || int(got[76]) != im.pixel(1, 4, 9, 15) {
		t.Errorf("got %d pixels, the first %d and the last %d", len(got), got[0], got[len(got)-1])
	}
	// A maximum over slices, beyond the last; the maximum of all, of a part; pixels that are
	// means of 3 x 3, at the edge of fewer.
	if got := plane(t, get("GET", "/maps/rr30a/plane?channel=1&slice=4-9&rect=0,0,1,1")); int(got[0]) != im.pixel(0, 4, 0, 0) {
		t.Errorf("the maximum of slices 4 to 9 is %d", got[0])
	}
	for range 2 { // made, and kept
		if got := plane(t, get("GET", "/maps/rr30a/plane?channel=1&slice=all&rect=1,2,2,2")); len(got) != 4 || int(got[3]) != im.pixel(0, 3, 2, 3) {
			t.Errorf("the maximum of all slices is %d", got)
		}
	}
	got = plane(t, get("GET", "/maps/rr30a/plane?channel=1&slice=0&step=3"))
	if len(got) != 14*17 || int(got[0]) != im.pixel(0, 0, 1, 1) || int(got[14*17-1]) != 39*10+48+1 { // of one row and two columns, rounded
		t.Errorf("got %d pixels, the first %d and the last %d", len(got), got[0], got[len(got)-1])
	}
	// A browser that names the tag keeps it for good; another asks again.
	path := "/maps/rr30a/plane?channel=1&slice=0"
	r = get("GET", path)
	if r.Header.Get("Cache-Control") != "private, no-cache" || r.Header.Get("ETag") == "" {
		t.Errorf("without the tag: %v", r.Header)
	}
	if r := get("GET", path, "If-None-Match", r.Header.Get("ETag")); r.StatusCode != http.StatusNotModified {
		t.Errorf("asked again: %d", r.StatusCode)
	}
	if r := get("GET", path+"&tag=tag0"); !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("with the tag: %v", r.Header)
	}
	if r := get("GET", path+"&tag=old"); strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("with an old tag: %v", r.Header)
	}
	if r := get("GET", "/maps/rr30a/plane?session=5&channel=1&tag=tag5"); r.Header.Get("Cache-Control") != "" {
		t.Errorf("what is not there: %v", r.Header)
	}
}

// TestPlanesTogether: several planes in one answer, of which one that is not there takes nothing from the others.
func TestPlanesTogether(t *testing.T) {
	get := serve(t, shelf{})
	var im ramp
	wanted := []string{"session=0&channel=2&slice=4&rect=3,5,7,11", "session=2&channel=2", "session=0&channel=1&slice=0&low=0&high=510", "session=0&channel=1&slice=1-3&rect=0,0,4,5&step=2"}
	q := url.Values{"plane": wanted}
	b := body(t, get("GET", "/maps/rr30a/planes?"+q.Encode()))
	var got [][4]uint32
	var data [][]byte
	for len(b) > 0 {
		var h [4]uint32
		for i := range h {
			h[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
		got, data = append(got, h), append(data, b[16:16+h[3]])
		b = b[16+h[3]:]
	}
	rows, cols := uint32(im.Info().Rows), uint32(im.Info().Cols)
	why := "Session 2 has no images of channel 2."
	if want := [][4]uint32{{2, 7, 11, 154}, {0, 0, 0, uint32(len(why))}, {1, rows, cols, rows * cols}, {2, 2, 3, 12}}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if v := int(binary.LittleEndian.Uint16(data[0])); v != im.pixel(1, 4, 3, 5) {
		t.Errorf("the first pixel is %d", v)
	}
	if string(data[1]) != why {
		t.Errorf("it says %q", data[1])
	}
	for i, v := range data[2] {
		if want := min((im.pixel(0, 0, i/int(cols), i%int(cols))+1)/2, 255); int(v) != want {
			t.Fatalf("pixel %d is drawn as %d, want %d", i, v, want)
		}
	}
	if v := int(binary.LittleEndian.Uint16(data[3][10:])); v != (im.pixel(0, 3, 2, 4)+im.pixel(0, 3, 3, 4)+1)/2 {
		t.Errorf("the mean of two maxima is %d", v)
	}
	old := url.Values{"plane": {"session=0&channel=1&tag=old", "session=0&channel=1&tag=tag0"}}
	if b := body(t, get("GET", "/maps/rr30a/planes?"+old.Encode())); string(b[16:][:b[12]]) != "The images have changed." || len(b) != 16+int(b[12])+16+4000 {
		t.Errorf("of an old tag: %d bytes, %q", len(b), b[:60])
	}
	for _, bad := range []string{"", "plane=%25zz", strings.Repeat("plane=slice%3D0&", 33)} {
		if r := get("GET", "/maps/rr30a/planes?"+bad); r.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%.20q: %d", bad, r.StatusCode)
		}
	}
}

// TestSlidingMaximum: a slice further, one slice is unpacked.
func TestSlidingMaximum(t *testing.T) {
	get := serve(t, shelf{})
	for i := range unpacked {
		unpacked[i].Store(0)
	}
	for from := range 3 {
		for _, session := range []int{7, 0} {
			got := plane(t, get("GET", fmt.Sprintf("/maps/rr30a/plane?session=%d&channel=1&slice=%d-%d", session, from, from+3)))
			want := 0
			for z := from; z <= from+3; z++ {
				want = max(want, packed{}.pixel(0, z, 39, 49))
			}
			if v := int(got[len(got)-1]); v != want {
				t.Errorf("session %d, slices from %d: the last pixel is %d, want %d", session, from, v, want)
			}
		}
		for z := range unpacked {
			want := int32(0)
			if z <= from+3 {
				want = 1
			}
			if n := unpacked[z].Load(); n != want {
				t.Errorf("up to the slices %d to %d, slice %d was unpacked %d times", from, from+3, z, n)
			}
		}
	}
}

func TestPlanesInBands(t *testing.T) {
	get := serve(t, shelf{})
	var im tall
	const row0, rows, cols, step = 7, 2990, 50, 3
	got := plane(t, get("GET", "/maps/rr30a/plane?session=8&channel=1&slice=1&rect=7,0,2990,50&step=3"))
	light := body(t, get("GET", "/maps/rr30a/plane?session=8&channel=1&slice=1&rect=7,0,2990,50&step=3&low=0&high=4095"))
	if len(got) != 997*17 || len(light) != len(got) {
		t.Fatalf("%d and %d pixels", len(got), len(light))
	}
	for i, v := range got {
		sum, n := 0, 0
		for y := i / 17 * step; y < min(i/17*step+step, rows); y++ {
			for x := i % 17 * step; x < min(i%17*step+step, cols); x++ {
				sum += im.pixel(0, 1, row0+y, x)
				n++
			}
		}
		if want := (sum + n/2) / n; int(v) != want {
			t.Fatalf("pixel %d is %d, want %d", i, v, want)
		}
		if want := uint8(float64(v)*255/4095 + 0.5); light[i] != want {
			t.Fatalf("pixel %d is drawn as %d, want %d", i, light[i], want)
		}
	}
}

func TestPlanesAsPictures(t *testing.T) {
	get := serve(t, shelf{})
	img, err := png.Decode(bytes.NewReader(body(t, get("GET", "/maps/rr30a/plane.png?channel=1&slice=0&rect=0,0,1,5&low=1&high=3"))))
	if err != nil {
		t.Fatal(err)
	}
	for x, want := range []uint8{0, 0, 128, 255, 255} {
		if got := color.GrayModel.Convert(img.At(x, 0)).(color.Gray).Y; got != want {
			t.Errorf("pixel %d is drawn as %d, want %d", x, got, want)
		}
	}
	for _, path := range []string{"/maps/rr30a/picture.png", "/maps/rr30a/plane.png?session=1&channel=1&slice=all&colormap=viridis"} {
		if _, err := png.Decode(bytes.NewReader(body(t, get("GET", path)))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if r := get("GET", "/maps/broken/picture.png"); r.StatusCode != 422 {
		t.Errorf("the picture of a map that cannot be read: %d", r.StatusCode)
	}
}

func TestImagesSayWhatTheyAre(t *testing.T) {
	get := serve(t, shelf{})
	got := decode[struct {
		Images []struct {
			Session, Channel, Rows, Cols, Slices int
			Tag, Type, Problem                   string
			Low, High, Least, Most               float64
		}
	}](t, get("GET", "/maps/rr30a/images")).Images
	if len(got) != 4 {
		t.Fatalf("got %+v", got)
	}
	if g := got[1]; g.Channel != 2 || g.Rows != 40 || g.Cols != 50 || g.Slices != 6 || g.Tag != "tag0" || g.Type != "u2" || !(g.Least < g.Low && g.Low < g.High && g.High < g.Most) || g.Problem != "" {
		t.Errorf("channel 2 of session 0 is %+v", g)
	}
	if g := got[3]; g.Session != 1 || !strings.Contains(g.Problem, "page 3") {
		t.Errorf("channel 2 of session 1 is %+v", g)
	}
}

func TestReportsHaveTheNamesOfTheContract(t *testing.T) {
	get := serve(t, shelf{})
	rows := decode[[]map[string]any](t, get("GET", "/api/v1/maps/rr30a/dynamics?bad=0"))
	if len(rows) != 45 {
		t.Errorf("%d rows", len(rows))
	}
	for _, name := range []string{"session", "segment", "total", "bad", "good", "added", "subtracted", "transient", "persistent", "length3d", "length2d", "density", "turnover"} {
		if _, ok := rows[0][name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	if got := rows[0]["length3d"].(float64); math.Abs(got-94.655) > 0.001 {
		t.Errorf("segment 0 of session 0 is %g long", got)
	}
	if got := rows[0]["turnover"]; got != nil {
		t.Errorf("the first session has a turnover of %v", got)
	}
	for path, least := range map[string]int{
		"segments": 45, "survival": 36, "survival?types=1": 36, "new": 8, "new?sessions=3": 8, "find?kind=transient": 1, "find?kind=stat&stat=pDist&op=<&value=0": 1,
		"pairs?session=0&distance=5": 1, "where?run=0": 9, "stats": 100, "problems": 0,
	} {
		rows := decode[[]map[string]any](t, get("GET", "/api/v1/maps/rr30a/"+path))
		if len(rows) < least {
			t.Errorf("%s has %d rows", path, len(rows))
		}
		name, _, _ := strings.Cut(path, "?")
		lines, err := csv.NewReader(bytes.NewReader(body(t, get("GET", "/api/v1/maps/rr30a/"+strings.Replace(path, name, name+".csv", 1))))).ReadAll()
		if err != nil || len(lines) != len(rows)+1 {
			t.Errorf("%s as CSV has %d lines, %v", path, len(lines), err)
		}
	}
}

func TestTheZipIsTheMap(t *testing.T) {
	get := serve(t, shelf{})
	r := get("GET", "/api/v1/maps/rr30a.zip")
	if got := body(t, r); !bytes.Equal(got, made.RR30aZip) || r.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("%d bytes, %v", len(got), r.Header)
	}
}

// BenchmarkPlot is what a plot of all spines asks for.
func BenchmarkPlot(b *testing.B) {
	get := serve(b, shelf{})
	for name, path := range map[string]string{
		"columns": "/maps/rr30a/columns?stat=days,pDist",
		"json":    "/api/v1/maps/rr30a/values?stat=days,pDist",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body(b, get("GET", path))
			}
		})
	}
}
