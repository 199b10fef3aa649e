package layers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/prefix"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/dashboard/views"
	"webmon/shm"
)

// process is a napari with the plugin that says what the test does.
type process struct {
	sink chan shm.Sink
}

func (p *process) Info() shm.Info {
	return shm.Info{Name: "napari", Kind: shm.KindNapari, Instance: "i1", Package: "0.1.0"}
}
func (p *process) Actions() []shm.Action {
	return []shm.Action{{Name: "reset_view"}, {Name: "screenshot", Args: []shm.Control{{Name: "canvas_only", Type: shm.Bool}}}}
}
func (p *process) Command(shm.Command, func(shm.Status, string)) {}
func (p *process) Run(ctx context.Context, sink shm.Sink) error {
	p.sink <- sink
	<-ctx.Done()
	return nil
}

func attach(t testing.TB) (*source.Source, shm.Sink) {
	t.Helper()
	p := &process{sink: make(chan shm.Sink, 1)}
	registry, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return p, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	src, err := registry.Attach(context.Background(), source.Target{Name: "napari", Kind: shm.KindNapari})
	if err != nil {
		t.Fatal(err)
	}
	return src, <-p.sink
}

// napari is the state of one with n layers and twelve controls for each.
func napari(n int) (list []shm.Value, controls shm.Controls) {
	for i := range n {
		id := fmt.Sprint(i + 1)
		list = append(list, map[string]shm.Value{
			"id": id, "kind": "image", "name": "channel " + id, "visible": true, "selected": i == n-1,
			"shape": []shm.Value{int64(4096), int64(4096)}, "dtype": "<u2", "multiscale": false, "nbytes": int64(33554432), "loads": int64(12),
		})
		for _, name := range []string{"visible", "opacity", "blending", "gamma", "colormap", "contrast_low", "contrast_high", "name", "index", "level", "selected", "more"} {
			controls = append(controls, shm.Control{Name: "layer." + id + "." + name, Type: shm.Float, Value: 1.0, Group: "layer." + id})
		}
	}
	return list, controls
}

func TestFeedRendersWhatHasChanged(t *testing.T) {
	src, sink := attach(t)
	list, controls := napari(20)
	sink.State(shm.TopicControls, controls)
	sink.State(shm.TopicLayers, shm.LayersOf(list))
	feed, err := Tab(steer.New(prefix.Of("/lab"), nil), views.New("")).Feeds["layers"](tab.Place{Source: src, Prefix: prefix.Of("/lab"), Topic: "napari/layers/selected", Detail: "selected"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	whole := string(feed.Frames.Next(now))
	if strings.Count(whole, "data-layer=") != 20 || strings.Count(whole, "<form") != 20*3+12-5+2+2 {
		t.Errorf("%d layers and %d forms at first", strings.Count(whole, "data-layer="), strings.Count(whole, "<form"))
	}
	if !strings.Contains(whole, `href="/lab/layers?`) {
		t.Error("links lack the prefix")
	}
	if frame := feed.Frames.Next(now); frame != nil {
		t.Errorf("nothing has changed, and %d bytes are sent", len(frame))
	}
	// A value alone goes another way; the row shows whether a layer is seen.
	_, controls = napari(20)
	controls[12*19+1].Value = 0.5
	sink.State(shm.TopicControls, controls)
	if frame := feed.Frames.Next(now); frame != nil {
		t.Errorf("for a value %d bytes are sent", len(frame))
	}
	list, _ = napari(20)
	list[3].(map[string]shm.Value)["selected"] = true
	sink.State(shm.TopicLayers, shm.LayersOf(list))
	if frame := string(feed.Frames.Next(now)); strings.Count(frame, "<hx-partial") != 1 || !strings.Contains(frame, `hx-target="#layer-4"`) {
		t.Errorf("for a layer that is selected %q is sent", frame)
	}
	for _, detail := range []string{"", "x", "1/2", "99999999999999999999999"} {
		if _, err := Tab(steer.New(prefix.Of("/lab"), nil), views.New("")).Feeds["layers"](tab.Place{Source: src, Detail: detail}); err == nil {
			t.Errorf("%q is taken for a layer", detail)
		}
	}
}

func TestLoadsSayHowTheyWereSeen(t *testing.T) {
	for _, tt := range []struct {
		loads int64
		how   shm.Value
		want  string
	}{
		{3, "chunk", "of 5.9 KiB; single chunks"},
		{3, "share", "of 5.9 KiB; chunks, each timed with its share of the slice"},
		{3, "slice", "of 5.9 KiB; whole slices: single chunks are not noticed"},
		{3, "some other way", "of 5.9 KiB"},
		{3, nil, "of 5.9 KiB"},
		{0, nil, "since webmon was attached"},
	} {
		told := shm.LayersOf([]shm.Value{map[string]shm.Value{
			"loads": tt.loads, "load_bytes": 2000 * tt.loads, "loads_how": tt.how, "loads_since": 1.7e9,
		}})
		pairs, _ := facts(&told.List[0])
		if got := pairs[0].Note; pairs[0].Key != "loads" || got != tt.want {
			t.Errorf("%d loads seen as %v: %q, want %q", tt.loads, tt.how, got, tt.want)
		}
	}
}

// What a name holds stays in its row.
func TestNamesOfLayers(t *testing.T) {
	src, sink := attach(t)
	list, controls := napari(3)
	for i, name := range []string{"", "\u202egpj", "a\nb"} {
		list[i].(map[string]shm.Value)["name"] = name
	}
	sink.State(shm.TopicControls, controls)
	sink.State(shm.TopicLayers, shm.LayersOf(list))
	feed, err := Tab(steer.New(prefix.Of("/lab"), nil), views.New("")).Feeds["layers"](tab.Place{Source: src, Prefix: prefix.Of("/lab"), Topic: "napari/layers/selected", Detail: "selected"})
	if err != nil {
		t.Fatal(err)
	}
	whole := string(feed.Frames.Next(time.Now()))
	for _, want := range []string{"(no name)", `\u202egpj`, "a b"} {
		if !strings.Contains(whole, want) {
			t.Errorf("%q is not there", want)
		}
	}
	if strings.Contains(whole, "\u202e") {
		t.Error("a name turns about what follows it")
	}
}

func TestDtype(t *testing.T) {
	for descr, want := range map[string]string{
		"<u2": "uint16", ">i4": "int32, big-endian", "|u1": "uint8", "|b1": "bool", "<f8": "float64", "<c8": "complex64",
		"uint16": "uint16", "": "", "<": "<", "<U12": "<U12", "<ux": "<ux",
	} {
		if got := dtype(descr); got != want {
			t.Errorf("dtype(%q) is %q, want %q", descr, got, want)
		}
	}
}

// The bins at the ends that are empty go, but never what the limits show.
func TestHistogramShowsWhatThereIs(t *testing.T) {
	src, sink := attach(t)
	counts := make([]shm.Value, 256)
	for i := range counts {
		counts[i] = int64(0)
	}
	counts[2], counts[5] = int64(100), int64(7)
	sink.State(shm.TopicHistograms, shm.HistogramsOf(map[string]shm.Value{
		"1": map[string]shm.Value{"low": 0.0, "high": 256.0, "counts": counts},
		"2": map[string]shm.Value{"low": 1.0, "high": 1.0, "counts": counts},
		"3": map[string]shm.Value{"low": "x"},
		"4": "x",
	}))
	limits := func(low, high float64) (*shm.Control, *shm.Control) {
		return &shm.Control{Value: low}, &shm.Control{Value: high}
	}
	low, high := limits(3, 40)
	h := histogram(src.Histograms().Get("1"), low, high)
	if h == nil || h.Low > 2 || h.High < 41 || h.High > 64 || len(h.Counts) != int(h.High-h.Low) {
		t.Errorf("the histogram is %+v, want the bins from 2 to 40 and some room", h)
	}
	low, high = limits(-1e300, 1e300)
	if h := histogram(src.Histograms().Get("1"), low, high); h == nil || len(h.Counts) != 256 {
		t.Errorf("limits beyond all values leave %+v, want all bins", h)
	}
	for _, id := range []string{"2", "3", "4", "5"} {
		if h := histogram(src.Histograms().Get(id), low, high); h != nil {
			t.Errorf("histogram %s is %+v, want none", id, h)
		}
	}
}

// A hundred layers of twelve controls: what it takes four times a second while
// one of them changes.
func BenchmarkFeed(b *testing.B) {
	src, sink := attach(b)
	var states [2][]shm.Value
	for i := range states {
		states[i], _ = napari(100)
		states[i][50].(map[string]shm.Value)["visible"] = i == 0
		states[i][50].(map[string]shm.Value)["name"] = fmt.Sprint("channel ", i)
	}
	_, controls := napari(100)
	sink.State(shm.TopicControls, controls)
	sink.State(shm.TopicLayers, shm.LayersOf(states[0]))
	feed, err := Tab(steer.New(prefix.Of("/lab"), nil), views.New("")).Feeds["layers"](tab.Place{Source: src, Prefix: prefix.Of("/lab"), Topic: "napari/layers/selected", Detail: "selected"})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	b.ReportMetric(float64(len(feed.Frames.Next(now))), "B/page")
	bytes, n := 0, 0
	for b.Loop() {
		n++
		sink.State(shm.TopicLayers, shm.LayersOf(states[n%2]))
		bytes += len(feed.Frames.Next(now))
	}
	b.ReportMetric(float64(bytes)/float64(n), "B/frame")
}

// A view has what napari told last of its camera, its dims and its layers, and nothing else.
func TestCapture(t *testing.T) {
	src, sink := attach(t)
	if _, _, err := Capture(src); err == nil {
		t.Error("a view of nothing")
	}
	sink.State(shm.TopicCamera, map[string]shm.Value{"center": []shm.Value{0.0, 1.5, 2.0}, "zoom": 2.0, "angles": []shm.Value{0.0, 0.0, 90.0}, "canvas": []shm.Value{int64(5), int64(6)}})
	sink.State(shm.TopicDims, map[string]shm.Value{"ndisplay": int64(3), "point": []shm.Value{1.0, 0.0, 0.0}, "nsteps": []shm.Value{int64(4)}})
	sink.State(shm.TopicLayers, shm.LayersOf([]shm.Value{
		map[string]shm.Value{"id": "1", "kind": "image", "name": `a "b"`, "visible": false, "opacity": 0.5, "blending": "additive", "colormap": "magma", "gamma": 2.0, "contrast_limits": []shm.Value{1.0, 9.0}},
		map[string]shm.Value{"id": "2", "kind": "points", "name": "c"},
	}))
	parts, about, err := Capture(src)
	if err != nil || about != "3-D, 1 of 2 layers" {
		t.Fatal(about, err)
	}
	for i, want := range []string{
		`{"angles":[0,0,90],"center":[0,1.5,2],"ndisplay":3,"point":[1,0,0],"zoom":2}`,
		`{"blending":"additive","colormap":"magma","contrast_limits":[1,9],"gamma":2,"kind":"image","layer":"a \"b\"","opacity":0.5,"visible":false}`,
		`{"kind":"points","layer":"c","opacity":1,"visible":true}`,
	} {
		if string(parts[i]) != want {
			t.Errorf("part %d is %s, want %s", i, parts[i], want)
		}
	}
}
