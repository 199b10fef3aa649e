package dashboard_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/source"
	"webmon/shm"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
	"webmon/shm/maps/stacks"
	"webmon/shm/stack/stacktest"
)

// openStacks opens a dashboard with the maps of a folder, whose images are sources.
func openStacks(t *testing.T, dir string) (*site, *library.Library) {
	t.Helper()
	l := library.New(library.Options{Dirs: []string{dir}, Cache: t.TempDir()})
	l.Look()
	return open(t, dashboard.Options{Token: token, Maps: l, Attach: func(_ context.Context, target source.Target, self dashboard.Self) (shm.Source, error) {
		return stacks.Open(target.Map(), stacks.Options{Library: l, Watchers: self.Watchers})
	}}), l
}

// writeMap writes a map of two sessions that have images.
func writeMap(t *testing.T, dir, name string) {
	t.Helper()
	if err := made.Make(made.Plan{Name: name, Sessions: 2, Spines: 3}).Write(dir); err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(dir, name, "raw")
	if err := os.MkdirAll(raw, 0o755); err != nil {
		t.Fatal(err)
	}
	for j := range 2 {
		data := stacktest.TIFF{Rows: 16, Cols: 24, Bits: 16}.Write(stacktest.Noise(uint64(j), 3, 16, 24, 16))
		if err := os.WriteFile(filepath.Join(raw, fmt.Sprintf("%s_s%d_ch1.tif", name, j)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// npyOf takes a .npy of format 1.0 apart.
func npyOf(t *testing.T, text string) (head, data string) {
	t.Helper()
	if !strings.HasPrefix(text, "\x93NUMPY\x01\x00") {
		t.Fatalf("this is no .npy: %.80q", text)
	}
	n := 10 + int(binary.LittleEndian.Uint16([]byte(text[8:])))
	return strings.TrimSpace(text[10:n]), text[n:]
}

// What tifffile and zarr have written comes out of .npy pixel for pixel: the whole, and every plane.
func TestStacksOfPythonAsNPY(t *testing.T) {
	dir := t.TempDir()
	samples := stacktest.Python(t, filepath.Join("testdata", "write_stacks.py"), dir)
	s, l := openStacks(t, dir)
	for _, sample := range samples {
		var key string
		for _, e := range l.List() {
			if strings.HasPrefix(sample.Name, e.Name+".") {
				key = e.Key
			}
		}
		want, err := os.ReadFile(filepath.Join(dir, sample.Raw))
		if err != nil {
			t.Fatal(err)
		}
		var shape []int
		for i, n := range sample.Shape {
			if n > 1 || i > 1 {
				shape = append(shape, n)
			}
		}
		descr := map[string]string{"uint8": "|u1", "uint16": "<u2", "int8": "|i1", "int16": "<i2"}[sample.Dtype]
		base := "/api/v1/sources/map-" + key + "/arrays/session-0.npy"
		head := func(shape []int) string {
			return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]"))
		}
		status, text := s.ask("GET", base, "")
		if status != 200 {
			t.Errorf("%s: %d %.200s", sample.Name, status, text)
			continue
		}
		if got, data := npyOf(t, text); got != head(shape) || data != string(want) {
			t.Errorf("%s: the file has %s, want %s; the pixels are the same: %v", sample.Name, got, head(shape), data == string(want))
		}
		// Every plane of two axes, down or across.
		rows, cols := shape[len(shape)-2], shape[len(shape)-1]
		plane := len(want) / product(shape[:len(shape)-2])
		for i := range product(shape[:len(shape)-2]) {
			index := ""
			for k, rest := len(shape)-3, i; k >= 0; k-- {
				index = fmt.Sprint(rest%shape[k], ",", index)
				rest /= shape[k]
			}
			status, text := s.ask("GET", base+"?plane="+url.QueryEscape(index+"y,x"), "")
			if status != 200 {
				t.Fatalf("%s %sy,x: %d %.200s", sample.Name, index, status, text)
			}
			if got, data := npyOf(t, text); got != head([]int{rows, cols}) || data != string(want[i*plane:(i+1)*plane]) {
				t.Errorf("%s: plane %sy,x has %s and other pixels", sample.Name, index, got)
			}
		}
		// One across the slices: row 7 of each.
		front := strings.Repeat("0,", len(shape)-3)
		status, text = s.ask("GET", base+"?plane="+url.QueryEscape(front+"y,7,x"), "")
		var across []byte
		row := plane / rows
		for z := range shape[len(shape)-3] {
			across = append(across, want[z*plane+7*row:z*plane+8*row]...)
		}
		if status != 200 {
			t.Errorf("%s, across: %d %.200s", sample.Name, status, text)
		} else if _, data := npyOf(t, text); data != string(across) {
			t.Errorf("%s: the plane across the slices has other pixels", sample.Name)
		}
	}
	if len(samples) < 7 {
		t.Errorf("there were %d stacks", len(samples))
	}
}

func product(n []int) int {
	p := 1
	for _, v := range n {
		p *= v
	}
	return p
}

func TestImagesOfAMapAreASource(t *testing.T) {
	dir := t.TempDir()
	writeMap(t, dir, "one")
	s, _ := openStacks(t, dir)
	browser := []string{"Accept", "text/html"}
	if _, text := s.ask("GET", "/api/v1/sources", ""); strings.Contains(text, "map-one") {
		t.Error("a map is a source before anybody opened it")
	}
	_, page := s.ask("GET", "/maps/one", "", browser...)
	if !strings.Contains(page, `href="/maps/one/stacks/1"`) || !strings.Contains(page, "Open in the viewer") {
		t.Error("the page of the map does not lead to its stacks")
	}
	if _, text := s.ask("GET", "/api/v1/sources", ""); !strings.Contains(text, `"id":"map-one"`) || !strings.Contains(text, `"kind":"map"`) {
		t.Errorf("after a visit the sources are %s", text)
	}
	if _, text := s.ask("GET", "/api/v1/maps/one", ""); !strings.Contains(text, `"source":"map-one"`) {
		t.Errorf("the API does not name the source: %.300s", text)
	}
	// A page that names no source shows the process, and the picker lists no maps.
	if _, text := s.ask("GET", "/arrays", "", browser...); strings.Contains(text, "map-one") {
		t.Error("a page of the process names the map")
	}
	status, _, location := s.askFor("GET", "/maps/one/stacks/1")
	if status != 302 || location != "/arrays?array=session-1&i=1%2Cy%2Cx&source=map-one" {
		t.Fatalf("the stack leads to %d %s", status, location)
	}
	_, page = s.ask("GET", location, "", browser...)
	for _, has := range []string{`href="/maps/one"`, "Session 1", "3 × 16 × 24", "uint16", "/api/v1/sources/map-one/arrays/session-1.npy", `href="/volumes/map-one/session-1"`, "Map one"} {
		if !strings.Contains(page, has) {
			t.Errorf("the page of the stack lacks %q", has)
		}
	}
	for _, not := range []string{"offered", `href="/viewer?source=`} {
		if strings.Contains(page, not) {
			t.Errorf("the page of the stack has %q", not)
		}
	}
	for path, has := range map[string]string{
		"/viewer?source=map-one": "has nothing of a map", "/controls?source=map-one": "has nothing of a map",
		"/volumes/map-one/session-1":      "session-1",
		"/maps/one/stacks/7":              "has no session",
		"/maps/none/stacks/0":             "There is no map",
		"/arrays?source=map-none":         "There is no source",
		"/arrays?source=map-one&array=ab": "There is no such array",
	} {
		if _, text := s.ask("GET", path, "", browser...); !strings.Contains(text, has) {
			t.Errorf("%s lacks %q: %.400s", path, has, text)
		}
	}
	planes := stacktest.Noise(1, 3, 16, 24, 16)
	status, text := s.ask("GET", "/api/v1/sources/map-one/arrays/session-1/value?index=2,5,6", "")
	if want := fmt.Sprintf(`"value":%d`, binary.LittleEndian.Uint16(planes[2][2*(5*24+6):])); status != 200 || !strings.Contains(text, want) {
		t.Errorf("the value: %d %s, want %s", status, text, want)
	}
	status, text = s.ask("GET", "/api/v1/sources/map-one/arrays/session-1/profile?index=2,y,x&from=5,0&to=5,23", "")
	var profile struct {
		Distance []float64
		Value    []int
		Unit     string
	}
	if err := json.Unmarshal([]byte(text), &profile); err != nil || status != 200 || profile.Unit != "um" || len(profile.Value) != 24 {
		t.Fatalf("the profile: %d %s (%v)", status, text, err)
	}
	for x, v := range profile.Value {
		if want := int(binary.LittleEndian.Uint16(planes[2][2*(5*24+x):])); v != want {
			t.Errorf("the profile has %d at %d, want %d", v, x, want)
		}
	}
	if status, text := s.ask("GET", "/api/v1/sources/map-one/arrays/session-1.png?index=1,y,x", ""); status != 200 || !bytes.HasPrefix([]byte(text), []byte("\x89PNG")) {
		t.Errorf("the picture: %d %.100s", status, text)
	}
	if status, text := s.ask("POST", "/sources/map-one/commands/nothing", "", "Content-Type", "application/x-www-form-urlencoded"); status != 404 {
		t.Errorf("a command: %d %s", status, text)
	}
}

// Who goes through many maps does not fill the list of sources with them.
func TestManyMapsDoNotSwampTheSources(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		writeMap(t, dir, fmt.Sprintf("m%02d", i))
	}
	s, _ := openStacks(t, dir)
	for i := range 40 {
		if status, _ := s.ask("GET", fmt.Sprintf("/maps/m%02d", i), "", "Accept", "text/html"); status != 200 {
			t.Fatalf("map %d: %d", i, status)
		}
	}
	count := func() (n int) {
		var list []struct{ ID, Kind string }
		_, text := s.ask("GET", "/api/v1/sources", "")
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		for _, src := range list {
			if src.Kind == "map" {
				n++
			}
		}
		return n
	}
	eventually(t, "sixteen maps are sources", func() bool { return count() <= 16 })
	// Any of them is back when somebody names it.
	if status, text := s.ask("GET", "/api/v1/sources/map-m00/arrays", ""); status != 200 || !strings.Contains(text, "session-1") {
		t.Errorf("the first map: %d %.200s", status, text)
	}
	if _, page := s.ask("GET", "/status", "", "Accept", "text/html"); strings.Contains(page, "map-m3") {
		t.Error("the page Status lists maps as sources")
	}
	if _, page := s.ask("GET", "/arrays?source=map-m00", "", "Accept", "text/html"); !strings.Contains(page, "map-m00") || strings.Contains(page, "map-m39") {
		t.Error("the picker lists other maps")
	}
}

func TestMapsAreCountedAndMissed(t *testing.T) {
	dir := t.TempDir()
	writeMap(t, dir, "one")
	writeMap(t, dir, "two")
	if err := os.WriteFile(filepath.Join(dir, "bad.zip"), []byte("no zip"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "bad.zip"), time.Now().Add(-time.Hour), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	s, l := openStacks(t, dir)
	l.Look() // a zip is looked at twice before it is called broken, since it may be on its way
	browser := []string{"Accept", "text/html"}
	s.ask("GET", "/maps/one", "", browser...)
	s.ask("GET", "/api/v1/sources/map-one/arrays", "")
	_, metrics := s.ask("GET", "/metrics", "")
	for _, has := range []string{
		"webmon_maps 3", "webmon_maps_unreadable 1", "webmon_maps_loaded 1", "webmon_map_sources 1", "webmon_map_edits_unsaved 0", "webmon_map_stacks_open 2",
		`webmon_kept_bytes{what="maps/opened maps"} `, `webmon_kept_bytes{what="maps/pictures of maps"} 0`,
	} {
		if !strings.Contains(metrics, "\n"+has) {
			t.Errorf("the metrics lack %q", has)
		}
	}
	_, page := s.ask("GET", "/status", "", browser...)
	for _, has := range []string{`id="status-maps"`, "3 maps", "edits not saved", "cannot be read", "opened maps"} {
		if !strings.Contains(page, has) {
			t.Errorf("the page Status lacks %q", has)
		}
	}
	if strings.Contains(page, "volumes: opened maps") {
		t.Error("maps are counted as volumes")
	}
	if err := os.RemoveAll(filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	l.Look()
	if status, page := s.ask("GET", "/maps/one", "", browser...); status != 410 || !strings.Contains(page, "The map one is not there any more") {
		t.Errorf("a map whose folder is gone: %d %.300s", status, page)
	}
	if status, text := s.ask("GET", "/api/v1/maps/one/values?stat=x", ""); status != 410 || !strings.Contains(text, "moved or deleted") {
		t.Errorf("a map whose folder is gone, for a program: %d %s", status, text)
	}
	eventually(t, "its source is gone", func() bool {
		_, text := s.ask("GET", "/api/v1/sources", "")
		return !strings.Contains(text, "map-one")
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	l.Look()
	if _, page := s.ask("GET", "/maps", "", browser...); !strings.Contains(page, dir+" cannot be looked through: no such file") {
		t.Errorf("the list does not say that its folder is gone")
	}
}
