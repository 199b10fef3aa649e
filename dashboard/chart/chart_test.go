package chart

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"webmon/components"
	"webmon/dashboard/series"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares got with the file of that name in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs in %s\nIf that is right, run the test with -update.", path, difference(string(got), string(want)))
	}
}

// difference tells the first line in which two texts differ, and how many lines
// each has: the files have thousands of lines.
func difference(got, want string) string {
	gots, wants := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < min(len(gots), len(wants)) && gots[i] == wants[i] {
		i++
	}
	at := func(lines []string) string {
		if i == len(lines) {
			return "the end"
		}
		return fmt.Sprintf("%.300q", lines[i])
	}
	return fmt.Sprintf("line %d\n got %s\nwant %s\n%d lines, want %d", i+1, at(gots), at(wants), len(gots), len(wants))
}

func TestDifference(t *testing.T) {
	for _, test := range []struct{ got, want, tells string }{
		{"a\nb\nc", "a\nx\nc", "line 2\n got \"b\"\nwant \"x\"\n3 lines, want 3"},
		{"a\nb", "a\nb\nc", "line 3\n got the end\nwant \"c\"\n2 lines, want 3"},
		{"", "a\n", "line 1\n got \"\"\nwant \"a\"\n1 lines, want 2"},
	} {
		if tells := difference(test.got, test.want); tells != test.tells {
			t.Errorf("%q and %q differ in %q, want %q", test.got, test.want, tells, test.tells)
		}
	}
	long := strings.Repeat("ä", 1000)
	if tells := difference(long, long+"b"); len(tells) > 2000 {
		t.Errorf("%d bytes are printed of a long line", len(tells))
	}
}

// formatted is one line of testdata/format.json, which the page's tests read too.
type formatted struct {
	Unit   string   `json:"unit"`
	Value  *float64 `json:"value"` // nil: no number
	Text   string   `json:"text"`
	InUnit string   `json:"in"`
}

func TestFormatTable(t *testing.T) {
	values := []float64{
		0, 1, -1, 0.5, 0.8, 0.04, 0.001, 0.0001, 9.994, 9.996, 16.7, 33.333, 99.94, 99.96, 100, 148.2,
		999.4, 1000, 1023, 1024, 1536, 9999.4, 9999.6, 65536, 123456, 262144, 999_999, 1_000_000,
		5.83e6, 12_345_678, 1.5e9, 3e12, 5e15, -250.4,
	}
	var table []formatted
	for _, unit := range []Unit{Plain, Milliseconds, Bytes, BytesPerSec, Frames} {
		for _, v := range values {
			text, in := unit.Format(v)
			table = append(table, formatted{string(unit), &v, text, in})
		}
		text, in := unit.Format(math.NaN())
		table = append(table, formatted{string(unit), nil, text, in})
	}
	var b strings.Builder
	b.WriteString("[\n")
	for i, line := range table {
		j, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("  ")
		b.Write(j)
		if i < len(table)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	golden(t, "format.json", []byte(b.String()))
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		v     float64
		wants string
	}{
		{Milliseconds, 16.7, "16.7 ms"},
		{Milliseconds, 12_345, "12.3 s"},
		{Bytes, 65536, "64.0 KiB"},
		{Bytes, 100, "100 B"},
		{BytesPerSec, 5_830_000, "5.83 MB/s"},
		{BytesPerSec, math.Inf(1), "– MB/s"},
		{Plain, 1234567, "1.23e6 "},
		{Plain, 0.8, "0.800 "},
	} {
		text, unit := c.unit.Format(c.v)
		if got := text + " " + unit; got != c.wants {
			t.Errorf("%v in %q: got %q, want %q", c.v, c.unit, got, c.wants)
		}
	}
}

func TestUnitOf(t *testing.T) {
	for name, want := range map[string]Unit{
		"exposure.ms": Milliseconds, "frame_time.delta_ms": Milliseconds, "load_chunk.num_bytes": Bytes,
		"stage.x": Plain, "stage.x_um": "µm", "camera.rate_hz": "Hz", "x": Plain, "items": Plain, "": Plain,
	} {
		if got := unitOf(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestSpecFor(t *testing.T) {
	seen := map[string]bool{}
	for _, spec := range Known() {
		if seen[spec.Name] {
			t.Errorf("two charts are called %q", spec.Name)
		}
		seen[spec.Name] = true
		if got := SpecFor(spec.Name); got.Title != spec.Title {
			t.Errorf("%q: got the chart %q", spec.Name, got.Title)
		}
		if spec.Help == "" || spec.Empty == "" || len(spec.Stats) == 0 {
			t.Errorf("%q lacks its help, its sentence for nothing, or its numbers", spec.Name)
		}
		if !strings.Contains(spec.Help, "Good") {
			t.Errorf("%q does not say what is good", spec.Name)
		}
	}
	if got := SpecFor("frame_time.delta_ms").Name; got != "frame_time" {
		t.Errorf("the chart of a known series: got %q", got)
	}
	if got := SpecFor("load_chunk.num_bytes").Name; got != "chunk_size" {
		t.Errorf("the chart of a known series: got %q, want that of its values and not of its rate", got)
	}
	got := SpecFor("camera.exposure.ms")
	if got.Name != "camera.exposure.ms" || got.Unit != Milliseconds || got.Lines[0].Series != got.Name {
		t.Errorf("an unknown number: got %+v", got)
	}
	if c := got.Lines[0].Color; c < 1 || c > 8 {
		t.Errorf("an unknown number has colour %d", c)
	}
	if topics := got.Topics(); !slices.Equal(topics, []string{"camera", "camera.exposure"}) {
		t.Errorf("its topics: got %q", topics)
	}
	if topics := SpecFor("temperature").Topics(); !slices.Equal(topics, []string{"temperature"}) {
		t.Errorf("the topic of a bare number: got %q", topics)
	}
}

func TestDetail(t *testing.T) {
	for _, name := range []string{"frame_time", "exposure.ms", "a/b", "50 %", "µ", "?x=1&y#z"} {
		for _, w := range series.Windows() {
			detail := Detail(name, w)
			got, window, err := ParseDetail(detail)
			if err != nil || got != name || window != w {
				t.Errorf("%q: got %q, %v, %v", detail, got, window, err)
			}
		}
	}
	for _, bad := range []string{
		"", "/", "frame_time", "frame_time/", "/60", "frame_time/61", "frame_time/060", "frame_time/-60", "frame_time/60/1",
		"frame_time/1e9", "%zz/60", strings.Repeat("x", maxName+1) + "/60",
	} {
		if name, window, err := ParseDetail(bad); err == nil {
			t.Errorf("%q: got %q, %v, want an error", bad, name, window)
		}
	}
}

func FuzzParseDetail(f *testing.F) {
	f.Add("frame_time/60")
	f.Add("a%2Fb.c/900")
	f.Add("%/10")
	f.Fuzz(func(t *testing.T, detail string) {
		name, window, err := ParseDetail(detail)
		if err != nil {
			return
		}
		if series.Width(window) == 0 || name == "" || len(name) > maxName {
			t.Errorf("%q: got %q, %v", detail, name, window)
		}
		again, w, err := ParseDetail(Detail(name, window))
		if err != nil || again != name || w != window {
			t.Errorf("%q does not come back: %q, %v, %v", detail, again, w, err)
		}
	})
}

func TestParseWindow(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"10": 10 * time.Second, "900": 15 * time.Minute, "": time.Minute, "7": time.Minute, "-1": time.Minute, "x": time.Minute,
	} {
		if got := ParseWindow(in); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

// An option must be data alone: go-echarts would leave functions in it that no
// page without inline script can have, and colours that no theme can change.
func TestOptions(t *testing.T) {
	for _, spec := range append(Known(), SpecFor("stage.x")) {
		got, err := json.MarshalIndent(Option(spec), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "option-"+spec.Name+".json", append(got, '\n'))
		for _, bad := range []string{"__f__", "function", "http", "\"#", "rgb("} {
			if strings.Contains(string(got), bad) {
				t.Errorf("%s contains %q", spec.Name, bad)
			}
		}
	}
}

func TestCard(t *testing.T) {
	s := series.New(series.Options{})
	for i := range 600 {
		s.Append(epoch.Add(time.Duration(i)*time.Second/60), 16.7)
	}
	view := View{
		Prefix: "/lab", Source: "napari", Window: 30 * time.Second,
		Series: func(name string) *series.Series {
			if name == "a/b.delta_ms" {
				return s
			}
			return nil
		},
		IsTopic: func(name string) bool { return name == "a/b" },
	}
	card := view.Card(SpecFor("a/b.delta_ms"), epoch.Add(10*time.Second))
	if card.Topic != "napari/chart/a%2Fb.delta_ms/30" {
		t.Errorf("topic %q", card.Topic)
	}
	if card.Href != "/lab/individual/a%2Fb.delta_ms?source=napari&window=30" {
		t.Errorf("address %q", card.Href)
	}
	if card.Download != "/lab/api/v1/sources/napari/events/a%2Fb" {
		t.Errorf("download %q", card.Download)
	}
	if got := card.Stats[1]; got.Key != "median" || got.Value != "16.7" || got.Unit != "ms" {
		t.Errorf("median: got %+v", got)
	}
	view.Series, view.IsTopic = nil, nil // no source at all
	card = view.Card(SpecFor("frame_time"), epoch)
	if card.Stats[0].Value != None || card.Download != "" {
		t.Errorf("without a source: got %+v", card.Stats[0])
	}
}

// The page that the browser test of the page's script fills with life
// (public/js/charts/browser.test.js).
func TestPageOfTheBrowserTest(t *testing.T) {
	view := View{Source: "napari", Window: 10 * time.Second, IsTopic: func(name string) bool { return name == "frame_time" }}
	var b strings.Builder
	links := Windows("/loader", url.Values{}, view.Window)
	if err := components.ChartBar(links).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	if err := components.Chart(view.Card(SpecFor("frame_time"), epoch)).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	golden(t, "frame_time.html", []byte(b.String()))
}

func TestWindowLinks(t *testing.T) {
	query := url.Values{"source": {"scope"}, "window": {"60"}}
	links := Windows("/lab/loader", query, 10*time.Second)
	if len(links) != len(series.Windows()) {
		t.Fatalf("got %d links", len(links))
	}
	if l := links[0]; !l.Current || l.Href != "/lab/loader?source=scope&window=10" || l.Label != "10 s" {
		t.Errorf("the first: %+v", l)
	}
	if l := links[5]; l.Current || l.Label != "15 min" {
		t.Errorf("the last: %+v", l)
	}
	if query.Get("window") != "60" {
		t.Error("the page's own query was changed")
	}
}
