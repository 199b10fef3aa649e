package loader_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"go.uber.org/goleak"

	"webmon/dashboard/chart"
	"webmon/dashboard/loader"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// process is a napari that sends some events, then waits.
type process struct {
	info   shm.Info
	events []shm.Event
	frames bool
	sent   chan struct{}
}

func (p *process) Info() shm.Info                                    { return p.info }
func (p *process) Actions() []shm.Action                             { return nil }
func (p *process) Command(_ shm.Command, r func(shm.Status, string)) { r(shm.Taken, "") }
func (p *process) Run(ctx context.Context, sink shm.Sink) error {
	for _, e := range p.events {
		sink.Event(e)
	}
	if p.frames {
		sink.Frame(0)
	}
	close(p.sent)
	<-ctx.Done()
	return nil
}

func attach(t *testing.T, p *process) *source.Source {
	t.Helper()
	p.sent = make(chan struct{})
	registry, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return p, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	src, err := registry.Attach(t.Context(), source.Target{Name: "napari", Kind: shm.KindNapari})
	if err != nil {
		t.Fatal(err)
	}
	<-p.sent
	return src
}

func view(src *source.Source, target string) tab.View {
	return tab.View{
		Moment:  tab.Moment{Source: src, Now: time.Now(), Prefix: "/lab"},
		Request: httptest.NewRequest("GET", target, nil),
	}
}

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func frame(ms float64) shm.Event {
	return shm.Event{Topic: shm.TopicFrameTime, Value: map[string]shm.Value{"time": 1.0, "delta_ms": ms}}
}

func chunk(bytes int64) shm.Event {
	return shm.Event{Topic: shm.TopicLoadChunk, Value: map[string]shm.Value{"time": 1.0, "num_bytes": bytes, "load_ms": 12.5}}
}

func want(t *testing.T, html string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(html, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}

func TestPage(t *testing.T) {
	src := attach(t, &process{
		info: shm.Info{Name: "napari", Kind: shm.KindNapari, Napari: "0.4.11"}, frames: true,
		events: []shm.Event{frame(16), frame(17), chunk(65536), frame(18)},
	})
	html := render(t, loader.Tab().Page(view(src, "/lab/loader?window=300&source=napari")))
	want(t, html,
		`data-topic="napari/chart/frame_time/300"`, `data-topic="napari/chart/load_time/300"`,
		`data-topic="napari/chart/chunk_size/300"`, `data-topic="napari/html/loader"`,
		`href="/lab/loader?source=napari&amp;window=10"`,
		`href="/lab/individual/frame_time?source=napari&amp;window=300"`,
		`href="/lab/api/v1/sources/napari/events/load_chunk?seconds=300&amp;format=csv"`,
		`<span class="stat-value">17.0</span>`, // the median frame time
		`<span class="stat-value">64.0</span>`, // KiB
	)
	if strings.Contains(html, "loader-notice\"><div") {
		t.Error("there is a notice though all is well")
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		process process
		says    string
	}{
		"no frame yet": {
			process{info: shm.Info{Name: "napari", Kind: shm.KindNapari, Napari: "0.4.11"}},
			"Move its camera once",
		},
		"no octree": {
			process{info: shm.Info{Name: "napari", Kind: shm.KindNapari, Napari: "0.9.2"}, frames: true, events: []shm.Event{frame(16)}},
			"napari 0.9.2 reports no chunk loads by itself",
		},
	} {
		t.Run(name, func(t *testing.T) {
			src := attach(t, &c.process)
			v := view(src, "/lab/loader")
			want(t, render(t, loader.Tab().Page(v)), c.says)
			want(t, render(t, loader.Tab().Frame(v.Moment)), c.says, "#loader-notice")
		})
	}
}

func TestFeed(t *testing.T) {
	src := attach(t, &process{
		info:   shm.Info{Name: "napari", Kind: shm.KindNapari},
		events: []shm.Event{frame(16), {Topic: "stage", Value: map[string]shm.Value{"x": 3.5}}},
	})
	for detail, unit := range map[string]string{"frame_time/60": `"last":16`, "stage.x/10": `"last":3.5`, "nothing.yet/900": `"last":null`} {
		feed, err := chart.Open(tab.Place{Source: src, Topic: "napari/chart/" + detail, Detail: detail})
		if err != nil {
			t.Fatal(err)
		}
		want(t, string(feed.Frames.Snapshot(time.Now())), `"topic":"napari/chart/`+detail+`"`, unit)
	}
	for _, bad := range []string{"", "frame_time", "frame_time/61", "frame_time/60/x"} {
		if _, err := chart.Open(tab.Place{Source: src, Topic: "napari/chart/" + bad, Detail: bad}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestAlone(t *testing.T) {
	src := attach(t, &process{
		info:   shm.Info{Name: "napari", Kind: shm.KindNapari},
		events: []shm.Event{{Topic: "stage", Value: map[string]shm.Value{"x": 3.5}}},
	})
	title, page, err := chart.Alone(view(src, "/lab/individual/chunk_size?window=10"), "chunk_size")
	if err != nil || title != "Chunk size" {
		t.Fatalf("got %q, %v", title, err)
	}
	html := render(t, page)
	want(t, html, `data-topic="napari/chart/chunk_size/10"`, `href="/lab/individual/chunk_size?window=60"`)
	if strings.Contains(html, "Show alone") {
		t.Error("the chart that is alone offers to be shown alone")
	}
	if title, _, err := chart.Alone(view(src, "/lab/individual/stage.x"), "stage.x"); err != nil || title != "stage.x" {
		t.Errorf("a number of the process: got %q, %v", title, err)
	}
	if _, _, err := chart.Alone(view(src, "/lab/individual/stage.y"), "stage.y"); err == nil {
		t.Error("a number that never came has a page")
	}
}
