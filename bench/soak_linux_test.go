package bench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"webmon/dashboard/budget"
	"webmon/shm/pickle"
	"webmon/shm/process/naparitest"
)

const (
	soakEnv    = "WEBMON_SOAK"     // how long; `make soak` says an hour
	soakDir    = "WEBMON_SOAK_DIR" // where the figures are written
	soakShort  = 20 * time.Second
	soakSample = 10 * time.Second

	// soakMemory is --memory: so little that it is full after minutes, and what comes
	// afterwards drives out what is older all the time.
	soakMemory = 64 << 20
	// soakFull is how long it may take until histories are full, and soakWarm how long
	// memory may grow after that.
	soakFull = 4 * time.Minute
	soakWarm = 2 * time.Minute
)

// TestSoak runs webmon with the demo and two processes that send much, under browsers that
// come, go, stop reading and never acknowledge, and looks after its memory,
// goroutines and files. It takes 20 s, or as long as WEBMON_SOAK says; memory is judged
// from when histories are full.
func TestSoak(t *testing.T) {
	d := soakShort
	if s := os.Getenv(soakEnv); s != "" {
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			t.Fatalf("%s=%q: %v", soakEnv, s, err)
		}
	} else if testing.Short() {
		t.Skip("takes 20 s")
	}
	const token = "soak-soak-soak-soak"
	log := filepath.Join(t.TempDir(), "log")
	runtime := t.TempDir()
	cmd := webmon(t, "--demo", "--port", "0", "--token", token, "--log-path", log, "--memory", fmt.Sprint(soakMemory))
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+runtime)
	p := startChild(t, cmd)
	ended := false
	defer func() {
		if !ended {
			p.stop()
		}
	}()
	line := p.line()
	port, err := portOf(line)
	if err != nil {
		t.Fatalf("webmon printed %q: %v", line, err)
	}
	awaitSource(t, port, token)
	s := &soak{t: t, pid: p.cmd.Process.Pid, port: port, token: token, client: &http.Client{Timeout: time.Minute}}
	defer s.client.CloseIdleConnections()

	for _, name := range soakSenders {
		sender := naparitest.Play(t, naparitest.PlayOptions{Name: name, PID: os.Getpid(), Runtime: filepath.Join(runtime, "webmon")})
		sending, stop := context.WithCancel(t.Context())
		var sent sync.WaitGroup
		sent.Go(func() { sendMuch(sending, sender) })
		defer sent.Wait()
		defer stop()
	}
	s.awaitSenders()
	s.visit() // what is made at the first request is no leak
	s.client.CloseIdleConnections()
	before := s.quiet()
	t.Logf("at the start: %v", before)
	samples := s.run(d)
	s.client.CloseIdleConnections()

	var after health
	settled := false
	for end := time.Now().Add(time.Minute); !settled && time.Now().Before(end); {
		after = s.quiet()
		settled = after.browsers == 0 && after.goroutines <= before.goroutines+5 && after.files <= before.files+5
	}
	t.Logf("at the end, all browsers gone: %v; %d connections, %d of them stuck, %d requests", after, s.connections, s.stuck, s.requests)
	if !settled {
		t.Errorf("after all browsers have left: %v, want as at the start: %v", after, before)
	}
	if s.pictures == 0 {
		t.Error("no browser has seen a picture")
	}
	judgeMemory(t, d, samples)

	p.in.Close()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, p.lines)
	ended = true
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("webmon ended with %v", err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte("level=ERROR")) {
			t.Errorf("its log says: %s", line)
		}
	}
}

// judgeMemory fails if webmon takes more than it was told, if histories are not
// full soon, or if memory goes on growing once they are.
func judgeMemory(t *testing.T, d time.Duration, samples []health) {
	t.Helper()
	most := slices.MaxFunc(samples, func(a, b health) int { return cmp.Compare(a.memory, b.memory) })
	if most.memory > soakMemory+budget.Base {
		t.Errorf("memory reached %.0f MB after %v", most.memory/1e6, most.at.Round(time.Second))
	}
	for _, h := range samples {
		if h.kept > soakMemory {
			t.Errorf("after %v %.1f MB are kept", h.at.Round(time.Second), h.kept/1e6)
		}
	}
	// Full: something had to go, for the first time.
	full := slices.IndexFunc(samples, func(h health) bool { return h.dropped > 0 })
	if d > soakFull && (full < 0 || samples[full].at > soakFull) {
		t.Fatal("histories are not full: the load is too small to say anything about memory")
	}
	var warm []health
	if full >= 0 {
		t.Logf("histories are full after %v", samples[full].at.Round(time.Second))
		warm = slices.DeleteFunc(slices.Clone(samples), func(h health) bool { return h.at < samples[full].at+soakWarm })
	}
	if len(warm) < 18 {
		t.Logf("memory reached %.0f MB; %v is too short to say whether it grows for ever", most.memory/1e6, d)
		return
	}
	// Medians of thirds: the garbage collector makes any two samples differ.
	third := len(warm) / 3
	medians := make([]float64, 3)
	for i := range medians {
		part := slices.Clone(warm[i*third : (i+1)*third])
		slices.SortFunc(part, func(a, b health) int { return cmp.Compare(a.memory, b.memory) })
		medians[i] = part[len(part)/2].memory
	}
	t.Logf("memory once they are full, thirds: %.1f, %.1f, %.1f MB; at most %.1f MB", medians[0]/1e6, medians[1]/1e6, medians[2]/1e6, most.memory/1e6)
	if grown := medians[2] - medians[0]; medians[1] > medians[0] && medians[2] > medians[1] && grown > max(5e6, 0.1*medians[0]) {
		t.Errorf("memory grows steadily: %.1f, %.1f, %.1f MB", medians[0]/1e6, medians[1]/1e6, medians[2]/1e6)
	}
	last := samples[len(samples)-1]
	var b strings.Builder
	fmt.Fprintf(&b, "| %v of load, `--memory` %d MiB | |\n|---|---|\n", d, soakMemory>>20)
	fmt.Fprintf(&b, "| histories full after | %v |\n", samples[full].at.Round(time.Second))
	fmt.Fprintf(&b, "| memory from two minutes later, median of each third | %.1f, %.1f, %.1f MB |\n", medians[0]/1e6, medians[1]/1e6, medians[2]/1e6)
	fmt.Fprintf(&b, "| memory at most, where %d MB are promised | %.1f MB |\n", (soakMemory+budget.Base)/1_000_000, most.memory/1e6)
	fmt.Fprintf(&b, "| kept at the end, and let go until then | %.1f MB, %.0f messages |\n", last.kept/1e6, last.dropped)
	fmt.Fprintf(&b, "\n| after | memory | kept | goroutines | files | browsers |\n|---|---|---|---|---|---|\n")
	for i := range 10 {
		h := samples[min((i+1)*len(samples)/10, len(samples)-1)]
		fmt.Fprintf(&b, "| %v | %.1f MB | %.1f MB | %d | %d | %d |\n", h.at.Round(time.Second), h.memory/1e6, h.kept/1e6, h.goroutines, h.files, h.browsers)
	}
	t.Logf("\n%s", &b)
	if dir := os.Getenv(soakDir); dir != "" && !t.Failed() {
		if err := os.WriteFile(filepath.Join(dir, "soak.md"), []byte(b.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// soakSenders are the processes that send much.
var soakSenders = []string{"sender-1", "sender-2"}

// sendMuch fills the histories of a process within a minute, and goes on: long texts, nested
// values, numbers, and a state that changes.
func sendMuch(ctx context.Context, p *naparitest.Player) {
	each := time.NewTicker(50 * time.Millisecond)
	defer each.Stop()
	text := strings.Repeat("0123456789abcdef", 1<<10)
	for n := int64(0); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-each.C:
		}
		p.Send("text", pickle.NewDict("n", n, "text", text))
		list := pickle.NewList()
		for i := range int64(100) {
			list.Items = append(list.Items, pickle.NewDict("i", n+i, "x", float64(i)))
		}
		p.Send("nested", pickle.NewDict("n", n, "list", list))
		for i := range 4 {
			p.Send(fmt.Sprint("number", i), pickle.NewDict("n", float64(n), "x", float64(n%100), "y", 1.5))
		}
		if n%40 == 0 {
			p.Set("state", pickle.NewDict("n", n, "text", strings.Repeat(text, 32)))
		}
	}
}

// awaitSenders waits until webmon has found the processes that send.
func (s *soak) awaitSenders() {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text, found := string(s.ask("GET", "/api/v1/sources", "")), 0
		for _, name := range soakSenders {
			if strings.Contains(text, `"id":"`+name+`"`) {
				found++
			}
		}
		if found == len(soakSenders) {
			return
		}
	}
	s.t.Fatal("webmon has not found the processes that send")
}

// soak is the load, and what it knows of webmon.
type soak struct {
	t      *testing.T
	pid    int
	port   int
	token  string
	client *http.Client

	connections, stuck, requests, pictures int
}

// health is what webmon takes at one moment.
type health struct {
	at         time.Duration
	memory     float64 // bytes
	goroutines int
	files      int
	browsers   int
	kept       float64 // bytes, by webmon's own count
	dropped    float64 // messages that it had no room for any more
}

func (h health) String() string {
	return fmt.Sprintf("%.1f MB, %d goroutines, %d files, %d browsers, %.1f MB kept, %.0f messages let go", h.memory/1e6, h.goroutines, h.files, h.browsers, h.kept/1e6, h.dropped)
}

// soakTopics are what the pages of the tabs watch, and one that does not exist.
var soakTopics = [][]string{
	{"demo/tiles/first", "demo/html/viewer", "demo/html/header"},
	{"demo/chart/frame_time/10", "demo/chart/load_ms/60", "demo/chart/num_bytes/900", "demo/html/loader"},
	{"demo/html/messages", "demo/html/status", "demo/tiles/first"},
	{"demo/nonsense/x", "nobody/tiles/first", "demo/tiles/first"},
	{"sender-1/html/messages", "sender-2/html/messages", "sender-1/html/status", "sender-2/chart/number0.x/60"},
}

// run puts load on webmon for so long.
func (s *soak) run(d time.Duration) (samples []health) {
	start := time.Now()
	crowds := make([]*crowd, len(soakTopics))
	for i, topics := range soakTopics {
		c, err := newCrowd(pageOf(s.token, topics...))
		if err != nil {
			s.t.Fatal(err)
		}
		defer c.close()
		c.recorded = true
		crowds[i] = c
	}
	silent, err := newCrowd(pageOf(s.token, soakTopics[0]...))
	if err != nil {
		s.t.Fatal(err)
	}
	defer silent.close()
	silent.dialect.acks = false // reads, and never says so
	rng := rand.New(rand.NewPCG(1, 2))
	var deaf []int // connected, watching, reading nothing
	defer func() {
		for _, fd := range deaf {
			syscall.Close(fd)
		}
	}()
	sampled, visited := start, start
	for time.Since(start) < d {
		c := crowds[rng.IntN(len(crowds))]
		switch n := len(c.members); {
		case n < 2 || n < 8 && rng.IntN(2) == 0:
			s.grow(c, n+1)
		default:
			for _, m := range c.members { // any: they are in no order
				c.drop(m)
				break
			}
		}
		if rng.IntN(10) == 0 {
			if len(silent.members) < 3 {
				s.grow(silent, len(silent.members)+1)
			} else {
				for _, m := range silent.members {
					silent.drop(m)
					break
				}
			}
		}
		if rng.IntN(20) == 0 {
			if len(deaf) < 3 {
				m, err := silent.connect(s.port)
				if err == nil {
					err = m.send(silent.dialect.hello)
				}
				if err != nil {
					s.t.Fatal(err)
				}
				deaf = append(deaf, m.fd)
				s.connections++
				s.stuck++
			} else {
				syscall.Close(deaf[0])
				deaf = deaf[1:]
			}
		}
		for _, c := range append(crowds, silent) {
			c.lost = 0
			if err := c.serve(20 * time.Millisecond); err != nil {
				s.t.Fatal(err)
			}
			s.pictures += len(c.samples)
			c.samples = c.samples[:0]
		}
		if now := time.Now(); now.Sub(visited) >= time.Second {
			visited = now
			s.visit()
		}
		if now := time.Now(); now.Sub(sampled) >= min(soakSample, d/8) {
			sampled = now
			h := s.health()
			h.at = now.Sub(start)
			samples = append(samples, h)
			s.t.Logf("%v: %v", h.at.Round(time.Second), h)
		}
	}
	return samples
}

func (s *soak) grow(c *crowd, n int) {
	if err := c.grow(n, s.port); err != nil {
		s.t.Fatal(err)
	}
	s.connections++
}

// visit asks for pages and data, and sends a command.
func (s *soak) visit() {
	for _, path := range []string{
		"/viewer", "/loader", "/messages", "/status", "/individual/frame_time",
		"/api/v1/sources", "/api/v1/sources/demo/state", "/api/v1/sources/demo/events/frame_time?seconds=5",
		"/api/v1/sources/demo/events/load_chunk?seconds=900&format=csv", "/no/such/page",
		"/api/v1/sources/sender-1/state", "/api/v1/sources/sender-2/events/text?seconds=5", "/messages?source=sender-1",
	} {
		s.ask("GET", path, "")
	}
	s.ask("POST", "/sources/demo/commands/show_grid", `{"show_grid": true}`)
}

func (s *soak) ask(method, path, body string) []byte {
	req, err := http.NewRequest(method, fmt.Sprintf("http://127.0.0.1:%d%s", s.port, path), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	s.requests++
	if resp.StatusCode >= 500 {
		s.t.Errorf("%s %s: %s: %.200s", method, path, resp.Status, b)
	}
	return b
}

var gauges = map[string]*regexp.Regexp{
	"goroutines": regexp.MustCompile(`(?m)^go_goroutines ([0-9]+)`),
	"browsers":   regexp.MustCompile(`(?m)^webmon_browsers ([0-9]+)`),
	"kept":       regexp.MustCompile(`(?m)^webmon_kept_bytes\{what="whole"\} ([0-9.e+]+)`),
	"dropped":    regexp.MustCompile(`(?m)^webmon_dropped_total\{what="sources"\} ([0-9.e+]+)`),
}

func (s *soak) health() (h health) {
	text := s.ask("GET", "/metrics", "")
	value := func(name string) float64 {
		m := gauges[name].FindSubmatch(text)
		if m == nil {
			s.t.Fatalf("/metrics does not tell %s", name)
		}
		x, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			s.t.Fatal(err)
		}
		return x
	}
	h.goroutines, h.browsers, h.kept, h.dropped = int(value("goroutines")), int(value("browsers")), value("kept"), value("dropped")
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	h.files, h.memory = len(files), float64(rssOf(s.pid))
	return h
}

// quiet is webmon's health after a moment without load, at its least: a
// request or a tick of the demo may be under way.
func (s *soak) quiet() (least health) {
	for i := range 10 {
		time.Sleep(100 * time.Millisecond)
		h := s.health()
		if i == 0 || h.goroutines < least.goroutines {
			least = h
		}
	}
	return least
}
