//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
	"webmon/shm/process/naparitest"
)

const (
	tortureEnv   = "WEBMON_TORTURE"     // how long; `make torture` says ten minutes
	tortureDir   = "WEBMON_TORTURE_DIR" // where the figures are written
	tortureShort = 15 * time.Second
	// tortureMost is the most memory that webmon may take, with the race detector, which
	// takes several times as much as it takes without: 256 MiB are kept at most, and 192
	// MiB are besides.
	tortureMost = 2 << 30
)

// TestTorture runs webmon with the race detector under a mixed load with faults: hostile
// processes and hostile browsers, and among them good ones, whose frames, events,
// commands and files are checked all the time. Each party is killed in turn, webmon
// too. It takes 15 s, or as long as WEBMON_TORTURE says.
//
// What must hold: webmon ends only when it is killed, and starts again; the race detector
// finds nothing, and no panic is caught; a frame is whole; no event is lost between two
// others; a command is applied, or its process was killed; what has no token, or
// comes from elsewhere, gets nothing and changes nothing; who may only look changes nothing;
// a session lasts as long as webmon, and links and the record of changes longer; and after each
// fault the good go on.
func TestTorture(t *testing.T) {
	endToEnd(t)
	d := tortureShort
	if s := os.Getenv(tortureEnv); s != "" {
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			t.Fatalf("%s=%q: %v", tortureEnv, s, err)
		}
	}
	x := newTorture(t)
	x.start()
	chromium := startBrowser(t)
	window := chromium.open(t, view{700, 600, "dark"})
	x.show(window)

	var work sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	run := func(n int, f func(ctx context.Context, rng *rand.Rand)) {
		for range n {
			seed := x.seed.Add(1)
			work.Go(func() {
				for rng := rand.New(rand.NewPCG(seed, 1)); ctx.Err() == nil; {
					f(ctx, rng)
				}
			})
		}
	}
	for _, g := range x.all() {
		run(1, func(ctx context.Context, _ *rand.Rand) { x.watch(ctx, g) })
		run(1, func(ctx context.Context, rng *rand.Rand) { x.use(ctx, g, rng) })
	}
	run(2, x.hostileBrowser)
	run(2, x.hostileSocket)
	run(1, x.slowReader)
	run(1, x.announceNonsense)
	run(2, x.hostileProcess)
	run(1, x.hostileModel)
	run(1, x.floodCommands)
	run(1, x.floodSet)
	run(1, x.floodSessions)
	run(1, x.looker)
	run(1, x.keepSession)
	run(1, x.recordSomething)
	run(1, func(ctx context.Context, _ *rand.Rand) { x.sample(ctx) })

	t.Log("everything runs")
	began := time.Now()
	faults := []func(*page){x.killGood, x.killHostile, x.killModel, x.killBrowsers, x.killWebmon, x.killChromium}
	for i := 0; time.Since(began) < d && !t.Failed(); i++ {
		faults[i%len(faults)](window)
		x.count("faults")
		x.recovered(window)
		if d > 2*tortureShort {
			pause(ctx, 3*time.Second)
		}
	}
	took := time.Since(began)
	stop()
	t.Logf("%v of load; stopping", took.Round(time.Second))
	work.Wait()
	t.Log("all have stopped")
	x.end()
	x.report(took)
}

// pause waits, unless ctx is done before.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// torture is the whole of it.
type torture struct {
	t      *testing.T
	home   string
	python string
	script string
	port   string
	token  string
	client *http.Client
	seed   atomic.Uint64
	good   []*goodProcess
	model  *goodProcess // the good model of a Python file, which webmon runs in a process of its own

	mu      sync.Mutex // guards all below
	w       *webmon
	lives   int                                 // how often webmon was started
	down    bool                                // it is being killed and started again
	hostile map[*exec.Cmd]string                // running, with their kinds
	sockets map[interface{ Close() error }]bool // of good browsers
	counts  map[string]int
	took    []float64 // ms from a frame's stamp to the browser having it
	most    int64     // bytes of memory
	problem map[string]bool
	steerer string    // secret of a link by which one may steer
	kept    int       // the last value that the record must have after a kill
	keptAt  time.Time // when it was applied
}

// goodProcess is a process that does what it should.
type goodProcess struct {
	name   string
	source string // its id
	array  string // the name of the array
	index  string // its plane
	size   int    // bytes of a pixel
	rows   int
	cols   int

	mu    sync.Mutex // guards all below
	cmd   *exec.Cmd
	up    bool      // webmon has seen it in this life
	lives int       // how often it was started or killed
	frame time.Time // when its last frame came to the browser that watches it
	n     int       // frames that came in this life
}

func camera(name string) *goodProcess {
	return &goodProcess{name: name, source: name, array: "camera", index: "y,x", rows: 120, cols: 160, size: 2}
}

// all are the good processes and the good model.
func (x *torture) all() []*goodProcess { return append(slices.Clone(x.good), x.model) }

func newTorture(t *testing.T) *torture {
	home := t.TempDir()
	return &torture{
		t: t, home: home, python: naparitest.Python(t, "numpy2"), script: filepath.Join(webmontest.Root(), ".ci/bench/torture.py"),
		port: quietPort(t), token: "torture-torture-torture-torture",
		client:  &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		good:    []*goodProcess{camera("good-1"), camera("good-2")},
		model:   &goodProcess{name: "Even", array: "density", index: "x,y", rows: 32, cols: 48, size: 8},
		hostile: map[*exec.Cmd]string{}, sockets: map[interface{ Close() error }]bool{}, counts: map[string]int{}, problem: map[string]bool{},
	}
}

// count counts something for the figures.
func (x *torture) count(what string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.counts[what]++
}

// fail tells a problem, each once.
func (x *torture) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	x.mu.Lock()
	known := x.problem[text] || len(x.problem) > 20
	x.problem[text] = true
	x.mu.Unlock()
	if !known {
		x.t.Error(text)
	}
}

// life is which life webmon is in, and whether it can be asked.
func (x *torture) life() (n int, up bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.lives, !x.down
}

// same reports whether webmon has lived on since life was asked for.
func (x *torture) same(n int) bool {
	now, up := x.life()
	return up && now == n
}

// start begins with everything.
func (x *torture) start() {
	x.startWebmon()
	for _, g := range x.good {
		x.startGood(g)
	}
	for _, g := range x.good {
		x.w.source(g.name, "connected", connected)
		g.up = true
	}
	x.steerer = x.link("steer", "the one who steers")
	until(x.t, "the good model runs", func() (problem string) {
		x.model.source, problem = x.openModel(x.t.Context(), "even")
		return problem
	})
	x.t.Cleanup(func() {
		for _, g := range x.good {
			end(g.cmd)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		for cmd := range x.hostile {
			_ = cmd.Process.Kill() // whoever started it waits for it
		}
	})
}

func (x *torture) startWebmon() {
	w := startProgramIn(x.t, x.home, nil, "--port", x.port, "--token", x.token, "--log-level", "warn",
		"--model", filepath.Join(webmontest.Root(), ".ci/bench/torture_models.py"), "--python", x.python, "--grace", "60s",
		"--memory", "256MiB")
	x.mu.Lock()
	defer x.mu.Unlock()
	x.w = w
	x.lives++
	x.down = false
}

// spawn starts a process of torture.py, and waits until it has announced itself.
func (x *torture) spawn(args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(x.python, append([]string{x.script}, args...)...)
	cmd.Env = append(userEnviron(x.t, x.home), "PYTHONPATH="+filepath.Join(webmontest.Root(), "shm/python/src"), "PYTHONDONTWRITEBYTECODE=1", "WEBMON_LAUNCHED=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	lines := newLineReader()
	cmd.Stdout = lines
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	select {
	case <-lines.lines:
		return cmd, nil
	case <-time.After(patience):
		end(cmd)
		return nil, errors.New("it never said that it is ready")
	}
}

// end kills a process and waits for it.
func end(cmd *exec.Cmd) {
	if cmd != nil && cmd.Process != nil {
		_ = cmd.Process.Kill() // it may be dead
		_ = cmd.Wait()         // it was killed
	}
}

func (x *torture) startGood(g *goodProcess) {
	cmd, err := x.spawn("good", g.name)
	if err != nil {
		x.t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cmd, g.n = cmd, 0
}

// life is which life the process is in, and whether webmon has seen it in that.
func (g *goodProcess) life() (n int, up bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lives, g.up
}

// down notes that the process, or webmon, is about to be killed: whatever is asked from
// now on may be lost.
func (g *goodProcess) down() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lives++
	g.up = false
}

// ---- faults

func (x *torture) killGood(*page) {
	g := x.good[x.seed.Add(1)%uint64(len(x.good))]
	g.down()
	end(g.cmd)
	x.count("kill -9 of a good process")
	x.startGood(g)
}

func (x *torture) killHostile(*page) {
	x.mu.Lock()
	all := slices.Collect(maps.Keys(x.hostile))
	x.mu.Unlock()
	for _, cmd := range all {
		_ = cmd.Process.Kill() // whoever started it waits for it
		x.count("kill -9 of a hostile process")
	}
}

// killBrowsers ends the sockets of the good browsers as a crash does: without a word.
func (x *torture) killBrowsers(*page) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for s := range x.sockets {
		s.Close()
		x.counts["browser cut off"]++
	}
}

// killChromium opens a page in another Chromium and kills that.
func (x *torture) killChromium(*page) {
	b := startBrowser(x.t)
	p := b.open(x.t, view{700, 600, "light"})
	x.show(p)
	browser := chromedp.FromContext(b.ctx).Browser
	if err := browser.Process().Kill(); err != nil {
		x.t.Fatal(err)
	}
	x.count("kill -9 of a Chromium")
}

func (x *torture) killWebmon(p *page) {
	x.mu.Lock()
	w := x.w
	x.down = true
	x.mu.Unlock()
	for _, g := range x.all() {
		g.down()
	}
	x.judge(w)
	killed := time.Now()
	w.kill(x.t)
	x.count("kill -9 of webmon")
	x.startWebmon()
	x.checkKept(killed)
	x.w.source(x.good[0].name, "connected", connected) // otherwise there is no page of it yet
	x.show(p)
}

// judge looks at a webmon that is about to be killed: it must be alive, and must have
// caught no panic.
func (x *torture) judge(w *webmon) {
	select {
	case <-w.exited:
		x.t.Fatalf("webmon has ended by itself: %v", w.cmd.ProcessState)
	default:
	}
	text, err := w.text("/metrics")
	if err != nil {
		x.t.Fatalf("its metrics: %v", err)
	}
	for _, m := range regexp.MustCompile(`(?m)^(webmon_faults_total[^ ]*) ([0-9.e+]+)`).FindAllStringSubmatch(text, -1) {
		if m[2] != "0" {
			x.fail("a panic was caught: %s is %s", m[1], m[2])
		}
	}
}

// recovered waits until everything good goes on after a fault.
func (x *torture) recovered(p *page) {
	since := time.Now()
	for _, g := range x.all() {
		until(x.t, "frames of "+g.name+" come to a browser", func() string {
			x.alive()
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.frame.Before(since) {
				return fmt.Sprintf("the last came %v ago", time.Since(g.frame).Round(time.Millisecond))
			}
			g.up = true
			return ""
		})
	}
	before, err := evaluate[float64](p, `document.querySelector("[data-array]")?.array?.stats().channels[0]?.seq ?? -1`)
	if err != nil {
		x.t.Fatalf("the page in Chromium: %v", err)
	}
	p.wait("frames go on in Chromium", fmt.Sprintf(`(document.querySelector("[data-array]")?.array?.stats().channels[0]?.seq ?? %v) !== %v`, before, before))
	x.count("recoveries seen")
}

// alive fails the test if webmon has ended by itself.
func (x *torture) alive() {
	x.mu.Lock()
	w, down := x.w, x.down
	x.mu.Unlock()
	select {
	case <-w.exited:
		if !down {
			x.t.Fatalf("webmon has ended by itself: %v", w.cmd.ProcessState)
		}
	default:
	}
}

// show opens the array of the first good process on a page.
func (x *torture) show(p *page) {
	p.visit(x.w.url)
	p.visit(x.w.home + "/arrays?source=" + x.good[0].name + "&array=camera")
	p.live()
	p.wait("a picture is drawn", `document.querySelector("[data-array]")?.dataset.pictures > 0`)
}

// ---- good use

// use does with a good process what people and programs do, and checks the answers.
func (x *torture) use(ctx context.Context, g *goodProcess, rng *rand.Rand) {
	defer pause(ctx, 100*time.Millisecond)
	life, up := x.life()
	mine, there := g.life()
	if !up || !there {
		return
	}
	undisturbed := func() bool {
		now, _ := g.life()
		return ctx.Err() == nil && x.same(life) && now == mine
	}
	api := "/api/v1/sources/" + g.source
	switch rng.IntN(7) {
	case 0:
		page := []string{"/viewer", "/loader", "/arrays", "/controls", "/messages", "/status"}[rng.IntN(6)]
		if b, ok := x.get(ctx, undisturbed, page+"?source="+g.source, 200); ok && !bytes.Contains(b, []byte(`id="socket-state"`)) {
			x.fail("%s is no whole page: %.200q", page, b)
		}
	case 1:
		if g != x.model {
			x.checkEvents(ctx, undisturbed, g)
		}
	case 2:
		b, ok := x.get(ctx, undisturbed, api+"/arrays/"+g.array+".npy", 200, 404, 503)
		if !ok || len(b) < 128 || !bytes.HasPrefix(b, []byte("\x93NUMPY")) {
			return
		}
		head := 10 + int(b[8]) + int(b[9])<<8
		x.checkPixels("a .npy of "+g.name, b[head:], g.rows*g.cols, g.size)
	case 3:
		b, ok := x.get(ctx, undisturbed, api+"/arrays/"+g.array+".png?low=0&high=65535&index="+g.index, 200, 404, 503)
		if !ok || !bytes.HasPrefix(b, []byte("\x89PNG")) {
			return
		}
		if img, err := png.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dx() != g.cols {
			x.fail("a .png of %s: %v", g.name, err)
		}
	case 4:
		var state struct{ Clock struct{ N int } }
		if b, ok := x.get(ctx, undisturbed, api+"/state", 200); ok {
			if err := json.Unmarshal(b, &state); err != nil {
				x.fail("the state of %s: %v", g.name, err)
			}
		}
	case 5, 6:
		x.checkCommand(ctx, undisturbed, g, rng)
	}
}

// get asks as a program does. ok says whether the answer counts: it does not if webmon or
// the process was killed meanwhile.
func (x *torture) get(ctx context.Context, undisturbed func() bool, path string, statuses ...int) (body []byte, ok bool) {
	status, body, err := x.ask(ctx, "GET", path, "")
	if !undisturbed() {
		return nil, false
	}
	if err != nil {
		x.fail("GET %s: %v", path, err)
		return nil, false
	}
	x.count("good requests")
	if !slices.Contains(statuses, status) {
		// A source takes a moment to be there after a start.
		if status != 404 {
			x.fail("GET %s: status %d: %.200s", path, status, body)
		}
		return nil, false
	}
	return body, true
}

// ask asks as the owner does.
func (x *torture) ask(ctx context.Context, method, path, body string) (int, []byte, error) {
	return x.askAs(ctx, x.token, method, path, body)
}

// askAs asks as whoever has the token or the secret of a link.
func (x *torture) askAs(ctx context.Context, token, method, path, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1:"+x.port+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := x.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

// checkPixels fails if a picture is not of one piece: every pixel of a good frame is the
// frame's number.
func (x *torture) checkPixels(what string, pixels []byte, n, size int) {
	if len(pixels) != size*n {
		x.fail("%s has %d bytes of pixels, want %d", what, len(pixels), size*n)
		return
	}
	for i := size; i < len(pixels); i += size {
		if !bytes.Equal(pixels[i:i+size], pixels[:size]) {
			x.fail("%s is of two frames: pixel %d is not as the first", what, i/size)
			return
		}
	}
	x.count("pictures checked")
}

// checkEvents fails if an event is missing between two others of the same life.
func (x *torture) checkEvents(ctx context.Context, undisturbed func() bool, g *goodProcess) {
	b, ok := x.get(ctx, undisturbed, "/api/v1/sources/"+g.name+"/events/count?seconds=60", 200)
	if !ok {
		return
	}
	var events []struct {
		Life string
		N    int
	}
	if err := json.Unmarshal(b, &events); err != nil {
		x.fail("the events of %s: %v: %.200q", g.name, err, b)
		return
	}
	last := map[string]int{}
	for _, e := range events {
		if e.Life == "" {
			x.fail("an event of %s has no content: %.200q", g.name, b)
			return
		}
		if before, ok := last[e.Life]; ok && e.N != before+1 {
			x.fail("of %s event %d follows %d", g.name, e.N, before)
		}
		last[e.Life] = e.N
	}
	x.mu.Lock()
	x.counts["events checked"] += len(events)
	x.mu.Unlock()
}

// checkCommand sets a control, waits until that is applied, and looks whether the process
// has the value.
func (x *torture) checkCommand(ctx context.Context, undisturbed func() bool, g *goodProcess, rng *rand.Rand) {
	want := float64(1 + rng.IntN(1_000_000))
	if !x.command(ctx, undisturbed, x.token, g, "gain", want) {
		return
	}
	// A read waits a second for what the process has now, and a busy machine may need longer.
	for deadline := time.Now().Add(patience); ; pause(ctx, 50*time.Millisecond) {
		b, ok := x.get(ctx, undisturbed, "/api/v1/sources/"+g.source+"/state", 200)
		if !ok {
			return
		}
		var state struct {
			Controls map[string]struct{ Value any }
		}
		if err := json.Unmarshal(b, &state); err != nil {
			x.fail("the state of %s: %v", g.name, err)
			return
		}
		got := state.Controls["gain"].Value
		if got == want {
			x.count("commands seen")
			return
		}
		if time.Now().After(deadline) {
			x.fail("gain of %s was set to %v, and is %v", g.name, want, got)
			return
		}
	}
}

// command sets a control and waits until that is applied. ok is false if it is not known
// whether it was, since something was killed meanwhile.
func (x *torture) command(ctx context.Context, undisturbed func() bool, token string, g *goodProcess, name string, value float64) (ok bool) {
	status, body, err := x.askAs(ctx, token, "POST", "/sources/"+g.source+"/commands/"+name, fmt.Sprintf(`{%q: %v}`, name, value))
	if !undisturbed() {
		return false
	}
	if err != nil {
		x.fail("a command: %v", err)
		return false
	}
	if status == 404 {
		return false // the process has not declared it yet
	}
	var sent struct{ ID, Status, Reason string }
	if err := json.Unmarshal(body, &sent); err != nil || status != 202 {
		x.fail("a command to %s: status %d: %.200s", g.name, status, body)
		return false
	}
	x.count("commands asked")
	for deadline := time.Now().Add(patience); ; pause(ctx, 20*time.Millisecond) {
		switch {
		case sent.Status == "applied":
			x.count("commands applied")
			return true
		case sent.Status == "refused" && strings.Contains(sent.Reason, "has not taken the last"):
			x.count("commands told to wait") // the process is flooded, and whoever asks is told so
			return false
		case sent.Status != "queued" && sent.Status != "taken":
			x.fail("a command to %s was %s: %s", g.name, sent.Status, sent.Reason)
			return false
		case time.Now().After(deadline):
			x.fail("a command to %s is still %s", g.name, sent.Status)
			return false
		}
		status, body, err := x.askAs(ctx, token, "GET", "/api/v1/commands/"+sent.ID, "")
		if !undisturbed() {
			x.count("commands cut off")
			return false
		}
		if err == nil && status == 200 {
			err = json.Unmarshal(body, &sent)
		}
		if err != nil || status != 200 {
			x.fail("what became of a command to %s: status %d, %v", g.name, status, err)
			return false
		}
	}
}

// ---- the end

// sample notes how much memory webmon takes.
func (x *torture) sample(ctx context.Context) {
	defer pause(ctx, 500*time.Millisecond)
	x.mu.Lock()
	pid := x.w.cmd.Process.Pid
	x.mu.Unlock()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return // it is being killed
	}
	words := strings.Fields(string(text))
	if len(words) < 2 {
		return
	}
	pages, _ := strconv.ParseInt(words[1], 10, 64)
	bytes := pages * int64(os.Getpagesize())
	x.mu.Lock()
	x.most = max(x.most, bytes)
	x.mu.Unlock()
	if bytes > tortureMost {
		x.fail("webmon takes more than %d MB of memory", tortureMost>>20)
	}
}

// end stops what is left. webmon must end by itself then.
func (x *torture) end() {
	if !x.t.Failed() {
		x.judge(x.w)
	}
	x.w.signal(x.t, syscall.SIGTERM)
	if status := x.w.await(x.t); status != 0 {
		x.t.Errorf("webmon ended with status %d", status)
	}
}

// report prints the figures, and writes them for BENCHMARKS.md.
func (x *torture) report(took time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	slices.Sort(x.took)
	at := func(q float64) float64 {
		if len(x.took) == 0 {
			return 0
		}
		return x.took[int(q*float64(len(x.took)-1))]
	}
	sum := func(prefix string) (n int) {
		for what, k := range x.counts {
			if strings.HasPrefix(what, prefix) {
				n += k
			}
		}
		return n
	}
	list := func(prefix string) string {
		var out []string
		for _, what := range slices.Sorted(maps.Keys(x.counts)) {
			if name, ok := strings.CutPrefix(what, prefix); ok {
				out = append(out, fmt.Sprintf("%s %d", name, x.counts[what]))
			}
		}
		return strings.Join(out, ", ")
	}
	c := x.counts
	var b strings.Builder
	row := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "| %v of load, with the race detector | |\n|---|---|\n", took.Round(time.Second))
	row("requests and messages of hostile browsers", "%d (%s)", sum("browser: "), list("browser: "))
	row("hostile processes", "%d (%s)", sum("process: "), list("process: "))
	row("visits to a hostile model", "%d", c["model: visits"])
	row("announcements that are none", "%d", c["announcements"])
	row("kill -9", "%d of webmon, %d of good processes, %d of the good model, %d of hostile ones, %d of Chromium; %d browsers cut off", c["kill -9 of webmon"],
		c["kill -9 of a good process"], c["kill -9 of the model"], c["kill -9 of a hostile process"], c["kill -9 of a Chromium"], c["browser cut off"])
	row("after which everything good went on", "%d times of %d", c["recoveries seen"], c["faults"])
	row("good requests, all answered", "%d", c["good requests"])
	row("pictures checked, pixel by pixel", "%d, none torn", c["pictures checked"])
	row("events checked", "%d, none lost", c["events checked"])
	row("commands", "%d asked, %d applied, %d told that the process is flooded, %d cut off by a kill", c["commands asked"], c["commands applied"], c["commands told to wait"],
		c["commands cut off"])
	row("sessions, links and records looked at", "%d, all there, also after webmon was killed", sum("kept: "))
	row("from a frame's stamp to a good browser", "median %.0f ms, 99th percentile %.0f ms", at(0.5), at(0.99))
	row("memory of webmon at most", "%d MB", x.most>>20)
	x.t.Logf("\n%s", &b)
	for _, n := range []string{"kill -9 of webmon", "kill -9 of a good process", "kill -9 of the model", "pictures checked", "events checked", "commands applied", "commands seen", "announcements",
		"kept: sessions", "kept: links", "browser: floods of commands", "browser: values of a flood", "browser: sessions begun", "browser: forbidden to who may look", "model: visits"} {
		if c[n] == 0 {
			x.t.Errorf("nothing counts as %s: the load was none", n)
		}
	}
	if asked := c["commands asked"]; asked != c["commands applied"]+c["commands told to wait"]+c["commands cut off"] {
		x.t.Errorf("of %d commands not all were answered: %v", asked, c)
	}
	if dir := os.Getenv(tortureDir); dir != "" && !x.t.Failed() {
		if err := os.WriteFile(filepath.Join(dir, "torture.md"), []byte(b.String()), 0o644); err != nil {
			x.t.Error(err)
		}
	}
}
