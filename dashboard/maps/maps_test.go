package maps_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"webmon/dashboard/answer"
	"webmon/dashboard/maps"
	"webmon/dashboard/refusal"
	shmmaps "webmon/shm/maps"
	"webmon/shm/maps/made"
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

func (shelf) List() []maps.Entry {
	return []maps.Entry{
		{Key: "rr30a", Name: "rr30a", Place: "/data/rr30a", Condition: []string{"mc1"}, Facts: &maps.Facts{Sessions: 9, Objects: 2467, Segments: 5, Runs: 304}},
		{Key: "broken", Name: "=broken", Problem: "It has no session table."},
	}
}

func (shelf) Open(_ context.Context, key string) (maps.Opened, error) {
	switch key {
	case "rr30a":
		return maps.Opened{Map: rr30a(), Version: "1"}, nil
	case "broken":
		return maps.Opened{}, errors.New("it has no session table")
	}
	return maps.Opened{}, fmt.Errorf("%q: %w", key, maps.ErrUnknown)
}

func (shelf) Image(context.Context, string, int, int) (maps.Image, error) {
	return maps.Image{}, maps.ErrNoImage
}
func (shelf) Channels(string, int) []int                            { return nil }
func (shelf) Zip(_ context.Context, _ string, w io.Writer) error    { return nil }
func (shelf) Put(context.Context, string, io.ReaderAt, int64) error { return nil }
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
	n, c := columns(t, body(t, get("GET", "/maps/rr30a/tracings")))
	if n != 2121+2118+2055+2101+2069+2072+2090+2107+2081 {
		t.Errorf("%d points", n)
	}
	n, c = columns(t, body(t, get("GET", "/maps/rr30a/tracings?session=3")))
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
	if len(v.Rows) != 429 || v.Columns[4] != "x" {
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
		{"/api/v1/maps/rr30a/runs?type=unicorn", 422, "type must be one of"},
	} {
		r := get("GET", tt.path)
		b, _ := io.ReadAll(r.Body)
		if r.StatusCode != tt.status || !strings.Contains(strings.ToLower(string(b)), strings.ToLower(tt.says)) {
			t.Errorf("%s: %d %q, want %d %q", tt.path, r.StatusCode, b, tt.status, tt.says)
		}
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
