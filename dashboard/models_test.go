package dashboard_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/dashboard/source"
	"webmon/shm"
)

// simulation is a model that does what tests say. Each run of it is a source of
// its own.
type simulation struct {
	mu   sync.Mutex // guards all below
	runs []*modelRun
	fail error // of opening it
}

// modelRun is one run of a simulation.
type modelRun struct {
	owner *simulation
	name  string
	sink  shm.Sink
	end   chan error
	began chan struct{}

	mu       sync.Mutex // guards all below
	state    shm.ModelState
	controls shm.Controls
	got      []shm.Command
	shared   bool // it has told its arrays
}

func (r *modelRun) Info() shm.Info { return shm.Info{Name: r.name, Kind: shm.KindModel} }

func (r *modelRun) Actions() []shm.Action {
	var out []shm.Action
	for _, name := range []string{shm.ActionStart, shm.ActionPause, shm.ActionStep, shm.ActionReset, shm.ActionResetTracers, shm.ActionRestart} {
		a := shm.Action{Name: name}
		if r.name == "Drops" && name == shm.ActionRestart {
			a.Title, a.Help = "Connect <again>", "Its own words."
		}
		out = append(out, a)
	}
	return append(out, shm.Action{Name: "kick", Title: "Kick it", Args: []shm.Control{{Name: "strength", Type: shm.Float, Default: 1.}}})
}

func (r *modelRun) Run(ctx context.Context, sink shm.Sink) error {
	r.sink = sink
	r.tell()
	close(r.began)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-r.end:
			return err
		case <-tick.C:
			sink.Cost(shm.Cost{})
		}
	}
}

func (r *modelRun) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.state
	r.sink.State(shm.TopicModel, &state)
	r.sink.State(shm.TopicControls, slices.Clone(r.controls))
	if !r.shared {
		r.shared = true
		r.sink.State(shm.TopicArrays, shm.Arrays{{Name: "density", Descr: "<f8", Shape: []int{2, 2}, Axes: []string{"x", "y"}}})
	}
	r.sink.Frame(0)
}

// set changes what the run says of itself.
func (r *modelRun) set(change func(*shm.ModelState)) {
	r.mu.Lock()
	change(&r.state)
	r.mu.Unlock()
	r.tell()
}

func (r *modelRun) Command(c shm.Command, report func(shm.Status, string)) {
	r.mu.Lock()
	r.got = append(r.got, c)
	for i := range r.controls {
		if r.controls[i].Name == c.Name {
			r.controls[i].Value = c.Args[c.Name]
		}
	}
	r.mu.Unlock()
	r.tell()
	if c.Name == shm.ActionStep {
		report(shm.Refused, "it <has> no more steps")
		return
	}
	report(shm.Applied, "")
}

func (r *modelRun) commands() (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.got {
		names = append(names, c.Name)
	}
	return names
}

// run waits for the nth run of the simulation.
func (s *simulation) run(t *testing.T, n int) *modelRun {
	t.Helper()
	var r *modelRun
	eventually(t, fmt.Sprintf("run %d of the model", n), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.runs) >= n {
			r = s.runs[n-1]
		}
		return r != nil
	})
	<-r.began
	return r
}

func (s *simulation) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.runs)
}

// catalogue is the list of a test's models.
type catalogue struct {
	infos []shm.ModelInfo
	sims  map[string]*simulation
}

func (c *catalogue) List() []shm.ModelInfo { return c.infos }

func (c *catalogue) attach(_ context.Context, t source.Target, _ dashboard.Self) (shm.Source, error) {
	key, ok := strings.CutPrefix(t.Address, "model:")
	if !ok {
		return newProcess(), nil // a napari
	}
	sim := c.sims[key]
	sim.mu.Lock()
	defer sim.mu.Unlock()
	if sim.fail != nil {
		return nil, sim.fail
	}
	low, high, least := -1., 1., 1e-5
	r := &modelRun{
		owner: sim, name: strings.ToUpper(key[:1]) + key[1:], end: make(chan error, 1), began: make(chan struct{}),
		state: shm.ModelState{
			Phase: shm.ModelRunning, Time: 1.5, TimeUnit: "s", Steps: 20, Frame: 2, StepMS: 0.25, Rate: 60,
			Finger:      &shm.ModelFinger{X: 0.5, Y: 0.25, PX: math.NaN(), PY: 0.75},
			Observables: []shm.Observable{{Name: "energy", Title: "Energy <b>", Unit: "μ", Help: "What it has."}},
		},
		controls: shm.Controls{
			{Name: "wind", Title: "Wind", Type: shm.Float, Value: 0.25, Default: 0., Min: &low, Max: &high, Unit: "m/s", Group: "air"},
			{Name: "cooling", Type: shm.Float, Value: 0.01, Min: &least, Max: &high, Scale: "log"},
			{Name: "trap", Type: shm.Bool, Value: true},
		},
	}
	sim.runs = append(sim.runs, r)
	return r, nil
}

const about = "A *wave*, $\\psi$.\nIt is <wide>.\n\nSecond paragraph."

// openModels serves a dashboard of the models waves, drops and broken.
//
// Its token is the usual one, or none for noToken.
func openModels(t *testing.T, opts dashboard.Options) (*site, *catalogue) {
	t.Helper()
	c := &catalogue{
		infos: []shm.ModelInfo{
			{Key: "waves", Title: "Waves & <more>", About: about, Kind: shm.KindModel},
			{Key: "drops", Title: "Drops", Kind: shm.KindRemote, Picture: []byte("\x89PNG its own")},
			{Key: "broken", Title: "broken.py", Origin: "/home/ada/broken.py", Kind: shm.KindModel, Problem: "there is no module <numpi>", Detail: "Traceback </pre><script>alert(1)</script>"},
		},
		sims: map[string]*simulation{"waves": {}, "drops": {}, "broken": {fail: errors.New("there is no module <numpi>")}},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opts.Listener, opts.Logger = l, slog.New(slog.DiscardHandler)
	switch opts.Token {
	case "":
		opts.Token = token
	case noToken:
		opts.Token = ""
	}
	opts.Models, opts.Attach = c, c.attach
	s, err := dashboard.New(opts)
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return &site{t: t, server: s, base: "http://" + l.Addr().String() + opts.Prefix}, c
}

// noToken stands for no token in the options of openModels.
const noToken = "none"

// has reports what is missing in, or must not be in, a page.
func has(t *testing.T, what, page string, want ...string) {
	t.Helper()
	for _, w := range want {
		if not, ok := strings.CutPrefix(w, "!"); ok && strings.Contains(page, not) {
			t.Errorf("%s holds %q", what, not)
		} else if !ok && !strings.Contains(page, w) {
			t.Errorf("%s lacks %q", what, w)
		}
	}
}

func TestModelsList(t *testing.T) {
	s, c := openModels(t, dashboard.Options{Prefix: "/lab", ModelsFirst: true})
	status, page := s.ask("GET", "/models", "", "Accept", "text/html")
	if status != 200 {
		t.Fatalf("the list: %d", status)
	}
	has(t, "the list", page, "<!doctype html>", `href="/lab/models/waves"`, "Waves &amp; &lt;more&gt;", "It is &lt;wide&gt;.", "A <em>wave</em>, <span class=\"math\" data-math=\"inline\">\\psi</span>.", "!Second paragraph", `data-phase="stopped"`,
		"There is no module &lt;numpi&gt;.", "Traceback &lt;/pre&gt;", "!<script>alert", `src="/lab/models/drops/picture.png?v=`, "!/lab/models/waves/picture.png",
		`aria-current="page"`, `data-topic="-/html/models"`)
	if n := c.sims["waves"].count() + c.sims["drops"].count(); n > 0 {
		t.Errorf("looking at the list began %d runs", n)
	}
	for accept, want := range map[string]string{"/": "/lab/models", "/?window=60": "/lab/models?window=60"} {
		req, _ := http.NewRequest("GET", s.base+accept, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", accept, got, want)
		}
	}
	// The list follows what becomes of the models, without making them run.
	page1 := s.socket()
	page1.say(`{"type":"watch","topics":["-/html/models"]}`)
	page1.until("Drops")
	if status, _ := s.ask("GET", "/models/waves", ""); status != 200 {
		t.Fatalf("a model's page: %d", status)
	}
	page1.until(`data-phase="running"`)
	c.sims["waves"].run(t, 1).set(func(st *shm.ModelState) {
		st.Phase, st.Problem = shm.ModelFailed, "the <density> is not a number"
	})
	page1.until("the &lt;density&gt; is not a number")
	var list []struct{ Key, Title, Phase, Source, Problem, Origin, Kind, About string }
	_, body := s.ask("GET", "/api/v1/models", "")
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != 3 {
		t.Fatalf("the models of the API: %v: %s", err, body)
	}
	if w := list[0]; w.Key != "waves" || w.Phase != "failed" || w.Source != "waves" || w.Problem == "" || w.About != about {
		t.Errorf("the API says of a model that failed %+v", w)
	}
	if d := list[1]; d.Phase != "stopped" || d.Source != "" || d.Problem != "" {
		t.Errorf("the API says of a model that never ran %+v", d)
	}
	if b := list[2]; b.Phase != "stopped" || b.Problem != "There is no module <numpi>." {
		t.Errorf("the API says of a model that cannot run %+v", b)
	}
	if n := c.sims["drops"].count(); n > 0 {
		t.Errorf("a list that is open began %d runs", n)
	}
}

// Models beside a napari: it is what other pages show, and each page leads to its
// own.
func TestModelsBesideAProcess(t *testing.T) {
	s, c := openModels(t, dashboard.Options{ModelsFirst: true})
	if _, err := s.server.Attach(t.Context(), source.Target{Name: "napari", Kind: shm.KindNapari, Address: "here"}); err != nil {
		t.Fatal(err)
	}
	s.ask("GET", "/models/waves", "")
	c.sims["waves"].run(t, 1)
	links := func(path string) map[string]string {
		t.Helper()
		status, page := s.ask("GET", path, "")
		if status != 200 {
			t.Fatalf("%s: %d", path, status)
		}
		found := map[string]string{}
		for _, tag := range regexp.MustCompile(`<a [^>]*>`).FindAllString(page, -1) {
			href := regexp.MustCompile(`href="([^"]*)"`).FindStringSubmatch(tag)
			if href == nil {
				continue
			}
			found[href[1]] = "whole"
			if strings.Contains(tag, "hx-get=") {
				found[href[1]] = "tab"
			}
		}
		found["header"] = regexp.MustCompile(`data-topic="([^"]*)/html/header"`).FindStringSubmatch(page)[1]
		return found
	}
	for _, test := range []struct {
		path string
		want map[string]string
	}{
		{"/viewer", map[string]string{"header": "napari", "/models": "tab", "/controls": "tab", "/viewer?source=waves": "whole"}},
		{"/models", map[string]string{"header": "napari", "/models": "tab", "/controls": "tab", "/models/waves": "whole", "/viewer?source=napari": "whole"}},
		{"/models?source=waves", map[string]string{"header": "napari", "/controls?source=waves": "whole"}},
		{"/models/waves", map[string]string{"header": "waves", "/models": "whole", "/controls?source=waves": "tab", "/models/waves": "whole", "/viewer?source=napari": "whole"}},
		{"/controls?source=waves", map[string]string{"header": "waves", "/models": "whole", "/viewer?source=waves": "tab", "/controls?source=napari": "whole"}},
		{"/models/broken", map[string]string{"header": "napari"}},
	} {
		got := links(test.path)
		for href, want := range test.want {
			if got[href] != want {
				t.Errorf("on %s: %q is %q, want %q", test.path, href, got[href], want)
			}
		}
	}
	status, page := s.ask("GET", "/", "")
	if status != 302 || strings.Contains(page, "/models") {
		t.Errorf("/ beside a napari: %d %s", status, page)
	}
}

func TestNoModelsNoTab(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	for _, path := range []string{"/models", "/models/waves", "/models/waves/picture.png", "/api/v1/models"} {
		if status, _ := s.ask("GET", path, ""); status != 404 {
			t.Errorf("%s without models: %d, want 404", path, status)
		}
	}
	if _, page := s.ask("GET", "/viewer", ""); strings.Contains(page, "Models") {
		t.Error("there is a tab of models without models")
	}
}

func TestModelPage(t *testing.T) {
	s, c := openModels(t, dashboard.Options{Prefix: "/lab"})
	if status, _ := s.ask("GET", "/models/waves?window=300", "", "Accept", "text/html"); status != 200 {
		t.Fatalf("the page: %d", status)
	}
	r := c.sims["waves"].run(t, 1)
	density := pixelstest.New(shm.ArrayInfo{Name: "density", Descr: "<f8", Shape: []int{6, 4}, Axes: []string{"x", "y"}}, 3)
	r.sink.Event(shm.Event{Topic: shm.TopicPhysics, Value: map[string]shm.Value{"energy": 1.5}})
	tracers := pixelstest.New(shm.ArrayInfo{Name: "tracers", Descr: "<f4", Shape: []int{2, 30}, Axes: []string{"xy", "particle"}}, 3)
	r.sink.State(shm.TopicArrays, shm.Arrays{*density.Info(), *tracers.Info()})
	_, page := s.ask("GET", "/models/waves?window=300", "", "Accept", "text/html")
	has(t, "the page", page, "<h1>Waves &amp; &lt;more&gt;</h1>", `data-phase="running"`, `data-topic="waves/html/models"`, `data-topic="waves/model"`, `data-topic="waves/values"`,
		"data-viewer-canvas", "data-viewer-overlay", "data-model-tools", "data-model-readout", "data-model-people", `data-model-stat="latency"`,
		`&#34;shape&#34;:[6,4]`, `&#34;tracers&#34;:30`, `&#34;finger&#34;:false`, `&#34;phase&#34;:false`,
		`data-control="wind"`, `data-control="cooling"`, `data-control="trap"`, "Kick it", "−1 to 1 m/s", `data-source="waves"`,
		`data-model-action="pause"`, `!data-model-action="start"`, `data-model-action="reset_tracers"`, `data-model-action="restart"`,
		"Energy &lt;b&gt;", "!Energy <b>", `data-topic="waves/chart/physics.energy/300"`, "<p>Second paragraph.</p>", "It is &lt;wide&gt;.", "A <em>wave</em>, <span class=\"math\" data-math=\"inline\">\\psi</span>.",
		"/lab/api/v1/sources/waves/arrays/density.npy", "origin=lower", "/lab/api/v1/sources/waves/events/physics?format=csv", "/lab/arrays?source=waves",
		"!data-model-parameters", `href="/lab/models/waves?window=60"`, `href="/lab/controls?source=waves"`, `href="/lab/models"`)
	if n := c.sims["waves"].count(); n != 1 {
		t.Errorf("two visits began %d runs", n)
	}
	_, part := s.ask("GET", "/models/waves", "", "HX-Request", "true")
	has(t, "the page for htmx", part, "!<!doctype", "<title>Waves &amp; &lt;more&gt;", "data-model-scope")

	r.set(func(st *shm.ModelState) { st.Phase = shm.ModelPaused })
	_, page = s.ask("GET", "/models/waves", "")
	has(t, "the page of one that is paused", page, `data-phase="paused"`, `data-model-action="start"`, `!data-model-action="pause"`)
	r.set(func(st *shm.ModelState) {
		st.Phase, st.Problem, st.Detail = shm.ModelFailed, "the <density> is not a number", "</pre><script>alert(1)</script>"
	})
	_, page = s.ask("GET", "/models/waves", "")
	has(t, "the page of one that has failed", page, `data-phase="failed"`, "the &lt;density&gt; is not a number", "&lt;/pre&gt;&lt;script&gt;", "!<script>alert", "Restart")

	// What cannot run says why, and the way back.
	status, page := s.ask("GET", "/models/broken", "")
	if status != 200 {
		t.Errorf("the page of a model that cannot run: %d", status)
	}
	has(t, "the page of one that cannot run", page, "There is no module &lt;numpi&gt;.", "Try again", "!<script>alert", "Traceback", "!data-model-action")
	for _, key := range []string{"nobody", "..%2f..%2fetc", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", strings.Repeat("x", 5000)} {
		status, page := s.ask("GET", "/models/"+key, "", "Accept", "text/html")
		if status != 404 {
			t.Errorf("the model %.40q: %d, want 404", key, status)
		}
		has(t, "its page", page, "!<script>alert")
	}
	_, page = s.ask("GET", "/individual/physics.energy?source=waves", "")
	has(t, "the page of one chart", page, "Energy &lt;b&gt;", `data-unit="μ"`, "What it has.")
	if status, _ := s.ask("GET", "/individual/physics.unknown?source=waves", ""); status != 404 {
		t.Errorf("a chart of a number that the model does not report: %d", status)
	}
	for _, path := range []string{"/viewer", "/loader", "/layers", "/controls", "/messages", "/status"} {
		status, page := s.ask("GET", path+"?source=waves", "")
		if status != 200 {
			t.Errorf("%s of a model: %d", path, status)
		}
		if path == "/viewer" || path == "/loader" || path == "/layers" {
			has(t, path, page, "simulation")
		}
	}
}

// A page that is open has its model run, also when that has ended in between; one
// that has ended is no default of other pages, nor is it in their way.
// TestSlowModel shows one whose step takes long, and what of it is left out.
func TestSlowModel(t *testing.T) {
	t.Parallel()
	s, c := openModels(t, dashboard.Options{})
	_, _ = s.ask("GET", "/models/waves", "")
	c.sims["waves"].run(t, 1).set(func(st *shm.ModelState) {
		st.Phase, st.Problem, st.Detail = shm.ModelSlow, "The model has not finished a <step> for 12 s so far.", "Where it is now: </pre>"
		st.Remarks = []string{"Row 5 of <sliders> is left out.", "The density is NaN."}
	})
	_, page := s.ask("GET", "/models/waves", "")
	has(t, "the page", page, `data-phase="slow"`, "The model has not finished a &lt;step&gt; for 12 s so far.", "Where it is now: &lt;/pre&gt;", "Row 5 of &lt;sliders&gt; is left out.", "The density is NaN.")
	if strings.Contains(page, "has failed") || strings.Contains(page, "cannot run") || regexp.MustCompile(`id="model-toggle"[^>]*disabled`).MatchString(page) {
		t.Error("what is slow is shown as what has failed")
	}
	_, list := s.ask("GET", "/models", "")
	has(t, "the list", list, `data-phase="slow"`, "for 12 s so far.")
	if _, text := s.ask("GET", "/api/v1/models", ""); !strings.Contains(text, `"phase":"slow"`) {
		t.Errorf("the API says %s", text)
	}
	c.sims["waves"].run(t, 1).set(func(st *shm.ModelState) { st.Phase, st.Problem, st.Detail, st.Remarks = shm.ModelRunning, "", "", nil })
	if _, page := s.ask("GET", "/models/waves", ""); strings.Contains(page, "so far") || strings.Contains(page, "left out") {
		t.Error("what was slow is still told")
	}
}

func TestModelRunsForWhoLooks(t *testing.T) {
	s, c := openModels(t, dashboard.Options{})
	s.ask("GET", "/models/waves", "")
	r := c.sims["waves"].run(t, 1)
	s.ask("GET", "/models/waves", "")
	if _, page := s.ask("GET", "/status", ""); !strings.Contains(page, `data-topic="waves/html/header"`) {
		t.Error("a model that runs, and nothing else, is not what other pages show")
	}
	r.end <- shm.ErrEnded
	eventually(t, "the run ended", func() bool {
		_, body := s.ask("GET", "/api/v1/models", "")
		return strings.Contains(body, `"phase":"stopped","people":0,"source":"waves"`)
	})
	_, page := s.ask("GET", "/status", "")
	has(t, "another page", page, `data-topic="-/html/header"`)
	_, page = s.ask("GET", "/status?source=waves", "")
	has(t, "another page of a model that ended", page, "because nobody was looking", "!notice-gone")
	status, body := s.ask("POST", "/sources/waves/commands/pause", "{}", "Content-Type", "application/json")
	if status != 503 || !strings.Contains(body, "does not run") {
		t.Errorf("a command to a model that ended: %d %s", status, body)
	}
	if n := c.sims["waves"].count(); n != 1 {
		t.Fatalf("%d runs, want 1: nobody has come to see it", n)
	}
	// What the page shows is asked for again when its connection comes back. A run
	// that ended a moment ago waits a little before it begins again.
	socket := s.socket()
	socket.say(`{"type":"watch","topics":["waves/model"]}`)
	socket.until(`"phase":"stopped"`)
	again := c.sims["waves"].run(t, 2)
	socket.until(`"phase":"running"`)
	again.set(func(st *shm.ModelState) { st.Phase, st.Time = shm.ModelPaused, math.NaN() })
	frame := socket.until(`"phase":"paused"`)
	var got struct {
		Topic   string
		TS      float64
		T       *float64
		Unit    string `json:"time_unit"`
		Frame   int
		StepMS  float64 `json:"step_ms"`
		Finger  struct{ X, Y, PX, PY *float64 }
		Unknown any
	}
	if err := json.Unmarshal([]byte(frame), &got); err != nil {
		t.Fatalf("a state is no JSON: %v: %s", err, frame)
	}
	if got.Topic != "waves/model" || got.TS == 0 || got.T != nil || got.Unit != "s" || got.Frame != 2 || got.StepMS != 0.25 {
		t.Errorf("the state is %s", frame)
	}
	if f := got.Finger; f.PX != nil || f.PY == nil || *f.PY != 0.75 || *f.X != 0.5 || *f.Y != 0.25 {
		t.Errorf("the finger of %s", frame)
	}
}

// A value that changes is no reason to render HTML: it has a feed of its own.
func TestModelLiveRegions(t *testing.T) {
	s, c := openModels(t, dashboard.Options{})
	s.ask("GET", "/models/waves", "")
	r := c.sims["waves"].run(t, 1)
	socket := s.socket()
	socket.say(`{"type":"watch","topics":["waves/html/models","waves/values"]}`)
	whole := socket.until("live-model-head")
	has(t, "the first frame", whole, "live-model-config", "live-model-controls", "live-model-files", "live-model-charts", `data-control="wind"`, "hx-morph-skip")
	s.ask("POST", "/sources/waves/commands/wind", `{"wind": 0.5}`, "Content-Type", "application/json")
	socket.until(`"wind":0.5`)
	density := pixelstest.New(shm.ArrayInfo{Name: "density", Descr: "<f8", Shape: []int{8, 8}, Axes: []string{"x", "y"}}, 3)
	r.sink.State(shm.TopicArrays, shm.Arrays{*density.Info()})
	has(t, "the frame of a new shape", socket.until("data-model-config"), "[8,8]", `!data-control="cooling"`, "!live-model-charts")
	r.set(func(st *shm.ModelState) { st.Phase = shm.ModelPaused })
	has(t, "the frame of a new phase", socket.until(`data-phase="paused"`), "live-model-head", `!data-control="cooling"`)
	s.ask("POST", "/sources/waves/commands/step?as=none", "{}", "Content-Type", "application/json")
	has(t, "the frame after a button was refused", socket.until("no more steps"), "it &lt;has&gt; no more steps")
}

func TestModelParameters(t *testing.T) {
	s, c := openModels(t, dashboard.Options{})
	if status, body := s.ask("POST", "/models/waves/parameters", `{"wind":0.5}`, "Content-Type", "application/json"); status != 503 || !strings.Contains(body, "does not run") {
		t.Errorf("parameters of a model that does not run: %d %s", status, body)
	}
	query := url.Values{"p.wind": {"0.5"}, "p.cooling": {"0.01"}, "p.trap": {"perhaps"}, "p.<script>": {"1"}, "p.hot": {"<script>alert(1)</script>"}, "window": {"60"}}
	_, page := s.ask("GET", "/models/waves?"+query.Encode(), "")
	r := c.sims["waves"].run(t, 1)
	has(t, "the page of a link", page, "data-model-parameters", `action="/models/waves/parameters"`, `name="wind" value="0.5"`, "0.25 → <strong>0.5</strong> m/s",
		`!name="cooling" value="0.01"/> `, `!data-parameter="cooling"`, "Trap must be true or false", "&lt;script&gt;", "!<script>alert", `href="/models/waves?window=60"`)
	_, page = s.ask("GET", "/models/waves?p.wind=0.25", "")
	has(t, "the page of a link to what is so", page, "!data-model-parameters")
	long := strings.Repeat("y", 8000)
	_, page = s.ask("GET", "/models/waves?p."+long[:3000]+"="+long[:3000], "")
	has(t, "the page of a long link", page, "data-refused", "!"+long[:200])

	post := func(body, kind string, header ...string) (int, string) {
		return s.ask("POST", "/models/waves/parameters", body, append([]string{"Content-Type", kind}, header...)...)
	}
	const form = "application/x-www-form-urlencoded"
	for _, test := range []struct {
		name, body, kind string
		status           int
		field            string
	}{
		{"one is wrong", `{"wind":0.5,"cooling":100}`, "application/json", 422, "cooling"},
		{"no number", "wind=fast&cooling=0.1", form, 422, "wind"},
		{"not finite", "wind=NaN", form, 422, "wind"},
		{"unknown", "cooling=0.1&nothing=1", form, 422, "nothing"},
		{"an action", "pause=1", form, 422, "pause"},
		{"no JSON", "{", "application/json", 400, ""},
		{"no form", "wind=1", "text/plain", 400, ""},
		{"huge", "wind=" + strings.Repeat("1", 80<<10), form, 413, ""},
	} {
		status, body := post(test.body, test.kind)
		var answer struct{ Error, Field string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != test.status || answer.Field != test.field || answer.Error == "" {
			t.Errorf("%s: %d, field %q, %.100q (%v), want %d and %q", test.name, status, answer.Field, answer.Error, err, test.status, test.field)
		}
	}
	if got := r.commands(); len(got) > 0 {
		t.Fatalf("what was refused sent %q", got)
	}
	if status, body := post("cooling=0.1&wind=-1&trap=false", form); status != 202 || strings.Count(body, `"id"`) != 3 {
		t.Errorf("three parameters: %d %s", status, body)
	}
	if got, want := r.commands(), []string{"wind", "cooling", "trap"}; !slices.Equal(got, want) {
		t.Errorf("the model was told %q, want %q", got, want)
	}
	req, _ := http.NewRequest("POST", s.base+"/models/waves/parameters", strings.NewReader("wind=0"))
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", form)
	req.Header.Set("Accept", "text/html")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/models/waves" {
		t.Errorf("a form leads to %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if status, _ := s.ask("POST", "/models/waves/parameters", "wind=0", "Authorization", "", "Content-Type", form); status != 401 {
		t.Errorf("parameters without the token: %d", status)
	}
	cookie := s.signIn("token", token)
	if status, _ := s.ask("POST", "/models/waves/parameters", "wind=0", "Authorization", "", "Cookie", cookie, "Content-Type", form); status != 403 {
		t.Errorf("parameters of a form that is not ours: %d, want 403", status)
	}
	if status, _ := s.ask("POST", "/models/nobody/parameters", "wind=0", "Content-Type", form); status != 404 {
		t.Errorf("parameters of no model: %d, want 404", status)
	}
}

func TestModelPicture(t *testing.T) {
	s, c := openModels(t, dashboard.Options{})
	get := func(key, etag string) (*http.Response, []byte) {
		t.Helper()
		req, _ := http.NewRequest("GET", s.base+"/models/"+key+"/picture.png", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("If-None-Match", etag)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp, b
	}
	if resp, _ := get("nobody", ""); resp.StatusCode != 404 {
		t.Errorf("the picture of no model: %d", resp.StatusCode)
	}
	if resp, _ := get("waves", ""); resp.StatusCode != 404 {
		t.Errorf("the picture of a model that never ran: %d", resp.StatusCode)
	}
	resp, b := get("drops", "")
	if resp.StatusCode != 200 || string(b) != "\x89PNG its own" || resp.Header.Get("Content-Type") != "image/png" || resp.Header.Get("ETag") == "" {
		t.Errorf("a picture that comes with a model: %d %q", resp.StatusCode, b)
	}
	if resp, _ := get("drops", resp.Header.Get("ETag")); resp.StatusCode != 304 {
		t.Errorf("a picture that the browser has: %d, want 304", resp.StatusCode)
	}
	if n := c.sims["drops"].count(); n > 0 {
		t.Error("a picture begins a run")
	}

	s.ask("GET", "/models/waves", "")
	r := c.sims["waves"].run(t, 1)
	// 300 by 150 points of which the one at x = 0, y = 0 is the highest.
	const nx, ny = 300, 150
	data := make([]byte, 8*nx*ny)
	for x := range nx {
		for y := range ny {
			v := 0.
			if x < 30 && y < 30 {
				v = 1
			}
			binary.LittleEndian.PutUint64(data[8*(x*ny+y):], math.Float64bits(v))
		}
	}
	density := pixelstest.New(shm.ArrayInfo{Name: "density", Descr: "<f8", Shape: []int{nx, ny}, Axes: []string{"x", "y"}}, 3)
	r.sink.State(shm.TopicArrays, shm.Arrays{*density.Info()})
	r.sink.State(shm.ArrayTopic("density"), density.Publish(data))
	resp, b = get("waves", "")
	img, err := png.Decode(bytes.NewReader(b))
	if resp.StatusCode != 200 || err != nil {
		t.Fatalf("the picture of a model that runs: %d, %v", resp.StatusCode, err)
	}
	if size := img.Bounds().Size(); size.X != 150 || size.Y != 75 {
		t.Errorf("the picture has %v, want at most 240 to a side, and x to go right", size)
	}
	red := func(x, y int) uint32 { r, _, _, _ := img.At(x, y).RGBA(); return r >> 8 }
	if red(2, 72) != 253 || red(2, 2) != 68 || red(147, 72) != 68 {
		t.Errorf("the corners are red %d %d %d, want y to go up, in viridis", red(2, 72), red(2, 2), red(147, 72))
	}
	reads := density.Reads()
	for range 5 {
		get("waves", "")
	}
	if n := density.Reads() - reads; n > 0 {
		t.Errorf("asking five times for the same picture made it %d times", n)
	}
	status, _ := s.ask("GET", "/api/v1/sources/waves/arrays/density.png?index=x,y&origin=sideways", "")
	if status != 422 {
		t.Errorf("a picture from an origin that is none: %d, want 422", status)
	}
	// Without an index the file is turned as the page of the model is.
	for query, up := range map[string]bool{
		"index=x,y&origin=lower&": true, "index=x,y&": false, "": true, "origin=lower&": true, "origin=upper&": false,
	} {
		_, body := s.ask("GET", "/api/v1/sources/waves/arrays/density.png?"+query+"colormap=viridis", "")
		if img, err = png.Decode(strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		high, low := red(2, 2), red(2, ny-3)
		if up {
			high, low = low, high
		}
		if size := img.Bounds().Size(); size.X != nx || size.Y != ny || high != 253 || low != 68 {
			t.Errorf("with %q the file is %v, red %d below and %d above", query, size, red(2, ny-3), red(2, 2))
		}
	}
}

// A simulation says itself what its buttons do, and of a server that serves one program
// the page says so above the picture.
func TestModelsHaveTheirOwnWords(t *testing.T) {
	s, _ := openModels(t, dashboard.Options{})
	const alone = "share the address of this webmon"
	_, page := s.ask("GET", "/models/drops", "")
	has(t, "the page of a server", page, "Connect &lt;again&gt;", `title="Its own words."`, ">Pause</button>", "!Restart", alone)
	if i, j := strings.Index(page, alone), strings.Index(page, "data-model-stage"); i > j {
		t.Error("it is said below the picture")
	}
	_, page = s.ask("GET", "/models/waves", "")
	has(t, "the page of another one", page, "Restart", "!Connect", "!"+alone)
}
