package bench

import (
	"bytes"
	"cmp"
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
	"syscall"
	"testing"
	"time"
)

const (
	soakEnv    = "WEBMON_SOAK" // how long; `make soak` says an hour
	soakShort  = 20 * time.Second
	soakSample = 10 * time.Second

	// soakWarm is how long memory may grow: until the history of events is as
	// long as it ever gets, and a little.
	soakWarm = 16 * time.Minute
	// soakMost is what it may not pass even before, in bytes.
	soakMost = 400e6
)

// TestSoak runs webmon with the demo under browsers that come, go, stop reading
// and never acknowledge, and looks after its memory, goroutines and files. It
// takes 20 s, or as long as WEBMON_SOAK says; memory is judged where that is
// longer than the history that webmon keeps.
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
	p := startChild(t, webmon(t, "--demo", "--port", "0", "--token", token, "--log-path", log))
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

// judgeMemory fails if memory has gone on growing after the warm-up.
func judgeMemory(t *testing.T, d time.Duration, samples []health) {
	t.Helper()
	most := slices.MaxFunc(samples, func(a, b health) int { return cmp.Compare(a.memory, b.memory) })
	if most.memory > soakMost {
		t.Errorf("memory reached %.0f MB after %v", most.memory/1e6, most.at.Round(time.Second))
	}
	warm := slices.DeleteFunc(slices.Clone(samples), func(h health) bool { return h.at < soakWarm })
	if len(warm) < 18 {
		t.Logf("memory reached %.0f MB; %v is too short to say whether it grows for ever", most.memory/1e6, d)
		return
	}
	// Medians of thirds: the garbage collector makes any two samples differ.
	third := len(warm) / 3
	medians := make([]float64, 3)
	for i := range medians {
		part := warm[i*third : (i+1)*third]
		slices.SortFunc(part, func(a, b health) int { return cmp.Compare(a.memory, b.memory) })
		medians[i] = part[len(part)/2].memory
	}
	t.Logf("memory after the warm-up, thirds: %.1f, %.1f, %.1f MB; at most %.1f MB", medians[0]/1e6, medians[1]/1e6, medians[2]/1e6, most.memory/1e6)
	if grown := medians[2] - medians[0]; medians[1] > medians[0] && medians[2] > medians[1] && grown > max(5e6, 0.1*medians[0]) {
		t.Errorf("memory grows steadily: %.1f, %.1f, %.1f MB", medians[0]/1e6, medians[1]/1e6, medians[2]/1e6)
	}
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
}

func (h health) String() string {
	return fmt.Sprintf("%.1f MB, %d goroutines, %d files, %d browsers", h.memory/1e6, h.goroutines, h.files, h.browsers)
}

// soakTopics are what the pages of the tabs watch, and one that does not exist.
var soakTopics = [][]string{
	{"demo/tiles/first", "demo/html/viewer", "demo/html/header"},
	{"demo/chart/frame_time/10", "demo/chart/load_ms/60", "demo/chart/num_bytes/900", "demo/html/loader"},
	{"demo/html/messages", "demo/html/status", "demo/tiles/first"},
	{"demo/nonsense/x", "nobody/tiles/first", "demo/tiles/first"},
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
}

func (s *soak) health() (h health) {
	text := s.ask("GET", "/metrics", "")
	for name, into := range map[string]*int{"goroutines": &h.goroutines, "browsers": &h.browsers} {
		m := gauges[name].FindSubmatch(text)
		if m == nil {
			s.t.Fatalf("/metrics does not tell the %s", name)
		}
		*into, _ = strconv.Atoi(string(m[1]))
	}
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
