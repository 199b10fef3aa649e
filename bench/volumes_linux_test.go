package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"webmon/e2e/webmontest"
)

// The volumes that are measured, and how browsers ask for them.
const (
	imageSide   = 1024 // of uint8
	labelSide   = 512  // of uint32, with 352 labels
	chunkSide   = 64
	connections = 6 // that a browser makes to a server
	rounds      = 3 // webmon and Python take turns
	nextMeshes  = 8 // after the first one
)

// BenchmarkVolumes is what a chunk and a mesh of a volume cost the process that serves it, beside
// Neuroglancer's own server. Both are asked over HTTP, by as many connections as a browser makes.
func BenchmarkVolumes(b *testing.B) {
	var table strings.Builder
	table.WriteString("| | webmon’s CPU | the watched process’s besides | Python’s CPU | ratio, and of single rounds | bytes, webmon / Python |\n|---|---|---|---|---|---|\n")
	var targets []target
	row := func(what string, want float64, own, peer costs) {
		low, high := own.ratios(peer)
		r := peer.middle() / own.middle()
		fmt.Fprintf(&table, "| %s | %.2f ms | %.2f ms | %.1f ms | × %.1f (%.1f to %.1f) | %s / %s |\n", what,
			own.middle(), own.watched(), peer.middle(), r, low, high, sizeText(own.size()), sizeText(peer.size()))
		targets = append(targets, target{"A volume: " + what + ", CPU against Python", fmt.Sprintf("÷ %.0f", want), fmt.Sprintf("÷ %.1f", r), r >= want})
	}
	b.Run("chunks", func(b *testing.B) {
		own, peer := webmonVolumes(b, "image", imageSide), pythonVolumes(b, "image", imageSide)
		defer own.stop()
		defer peer.stop()
		for _, level := range []struct {
			by        int
			own, peer int // chunks that are asked for
			name      string
			times     float64
		}{
			{1, 2000, 200, "a chunk of 64³", 20},
			{2, 512, 100, "a chunk of 2 × 2 × 2 means", 10},
			{4, 64, 32, "a chunk of 4 × 4 × 4 means", 15},
		} {
			var costs [2]costs
			for range rounds {
				own.renew("image")
				costs[0] = append(costs[0], own.chunks("image", level.by, level.own))
				costs[1] = append(costs[1], peer.chunks("image", level.by, level.peer))
			}
			row(level.name, level.times, costs[0], costs[1])
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("meshes", func(b *testing.B) {
		own, peer := webmonVolumes(b, "labels", labelSide), pythonVolumes(b, "labels", labelSide)
		defer own.stop()
		defer peer.stop()
		var first, next [2]costs
		for range rounds {
			for i, s := range []*volumes{own, peer} {
				s.renew("labels")
				first[i] = append(first[i], s.meshes("labels", middleLabel))
				var labels []int
				for n := range nextMeshes {
					labels = append(labels, middleLabel+11*8-8*11/2+n*5)
				}
				next[i] = append(next[i], s.meshes("labels", labels...))
			}
		}
		row("the first mesh of 352 labels in 512³", 20, first[0], first[1])
		row("the next mesh", 2, next[0], next[1])
		b.ReportMetric(0, "ns/op")
	})
	publish(b, "volumes", table.String(), targets...)
}

// middleLabel is a label with neighbours on all sides.
const middleLabel = 1 + (1*8+3)*11 + 5

// cost is what answers took.
type cost struct {
	n       int
	own     time.Duration // of the process that serves
	watched time.Duration // of the process that has the volume, if it is another one
	bytes   int64
}

// costs are those of some rounds.
type costs []cost

// each are the milliseconds of an answer, by round.
func (c costs) each() (out quantiles) {
	for _, c := range c {
		out = append(out, 1e3*(c.own+c.watched).Seconds()/float64(c.n))
	}
	return out
}

// middle is the median of the rounds, of both processes together.
func (c costs) middle() float64 {
	each := c.each()
	each.sort()
	return each.at(50)
}

func (c costs) watched() float64 {
	var list quantiles
	for _, c := range c {
		list = append(list, 1e3*c.watched.Seconds()/float64(c.n))
	}
	list.sort()
	return list.at(50)
}

func (c costs) size() float64 { return float64(c[0].bytes) / float64(c[0].n) }

// ratios are the least and the most of what the other took against this in a round.
func (c costs) ratios(peer costs) (low, high float64) {
	own, other := c.each(), peer.each()
	list := quantiles{}
	for i := range own {
		list = append(list, other[i]/own[i])
	}
	return slices.Min(list), slices.Max(list)
}

// volumes is a server with volumes.
type volumes struct {
	b      *testing.B
	python *child // that has the volumes, and serves them if server is nil
	server *child // webmon
	login  string // where a browser begins, "" if it needs not
	page   string // that shows the volume; below the login, if there is one
	root   string // of all addresses
	format string // of chunks
	view   string // the token of the view that is open
	keys   map[string]string
	client *http.Client
	turned bool // addresses begin with the last axis
}

// volumesPython starts .ci/bench/volumes.py in the environment that has Neuroglancer's package.
func volumesPython(b *testing.B, runtime string, args ...string) *child {
	b.Helper()
	root := webmontest.Root()
	python := filepath.Join(root, ".venv", "neuroglancer", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		b.Fatal("the environment .venv/neuroglancer is not there: run .ci/venvs.sh neuroglancer")
	}
	cmd := exec.Command(python, append([]string{filepath.Join(root, ".ci", "bench", "volumes.py")}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(root, "shm", "python", "src"), "XDG_RUNTIME_DIR="+runtime)
	return startChild(b, cmd)
}

func newVolumes(b *testing.B) *volumes {
	return &volumes{b: b, keys: map[string]string{}, client: &http.Client{
		Timeout: 5 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true},
	}}
}

// pythonVolumes is Neuroglancer's own server, in the process that has the volumes.
func pythonVolumes(b *testing.B, kind string, side int) *volumes {
	b.Helper()
	v := newVolumes(b)
	v.format = "npz" // which is what its volumes say
	v.python = volumesPython(b, b.TempDir(), "neuroglancer", kind, fmt.Sprint(side))
	var ready struct {
		Port int
		View string
		Keys map[string]string
	}
	v.python.read(&ready)
	v.root = fmt.Sprintf("http://127.0.0.1:%d", ready.Port)
	v.page = fmt.Sprintf("%s/v/%s/", v.root, ready.View)
	v.view, v.keys = ready.View, ready.Keys
	return v
}

// webmonVolumes is the program, and a process that has the volumes in shared memory.
func webmonVolumes(b *testing.B, kind string, side int) *volumes {
	b.Helper()
	v := newVolumes(b)
	v.format, v.turned = "raw", true
	runtime := b.TempDir()
	if err := os.Chmod(runtime, 0o700); err != nil {
		b.Fatal(err)
	}
	v.python = volumesPython(b, runtime, "webmon", kind, fmt.Sprint(side))
	v.python.read(new(struct{}))
	cmd := webmon(b, "--port", "0", "--token", benchToken, "--log-level", "warn")
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+runtime)
	v.server = startChild(b, cmd)
	line := v.server.line()
	port, err := portOf(line)
	if err != nil {
		b.Fatalf("webmon printed %q: %v", line, err)
	}
	awaitSource(b, port, benchToken)
	v.root = fmt.Sprintf("http://127.0.0.1:%d/volumes/bench", port)
	v.login = line
	names := []string{kind}
	if kind == "both" {
		names = []string{"image", "labels"}
	}
	v.page = "/volumes/bench/" + names[0]
	for _, name := range names {
		page := string(v.get("/" + name))
		at := regexp.MustCompile(`/volumes/bench/v/([0-9A-Za-z]+)/`).FindStringSubmatch(page)
		if at == nil {
			b.Fatalf("the page of %s has no view", name)
		}
		view := at[1]
		if v.view == "" {
			v.view = view
		}
		ctx, cancel := context.WithCancel(b.Context())
		events, err := v.events(ctx, view)
		if err != nil {
			b.Fatal(err)
		}
		for v.keys[name] == "" {
			e, err := events()
			if err != nil {
				b.Fatal(err)
			}
			if key := regexp.MustCompile(`python://volume/([0-9A-Za-z_.-]+)`).FindSubmatch(e.S); key != nil {
				v.keys[name] = string(key[1])
			}
		}
		cancel()
	}
	return v
}

func (v *volumes) stop() {
	v.client.CloseIdleConnections()
	if v.server != nil {
		v.server.stop()
	}
	v.python.stop()
}

func (v *volumes) request(ctx context.Context, path string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", v.root+path, nil)
	if err == nil && v.server != nil {
		r.Header.Set("Authorization", "Bearer "+benchToken)
	}
	return r, err
}

// fetch gets what is at an address into a buffer.
func (v *volumes) fetch(ctx context.Context, path string, into *bytes.Buffer) error {
	r, err := v.request(ctx, path)
	if err != nil {
		return err
	}
	resp, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	into.Reset()
	if _, err := into.ReadFrom(resp.Body); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %.200s", path, resp.Status, into.Bytes())
	}
	return nil
}

func (v *volumes) get(path string) []byte {
	v.b.Helper()
	var body bytes.Buffer
	if err := v.fetch(v.b.Context(), path, &body); err != nil {
		v.b.Fatal(err)
	}
	return body.Bytes()
}

// event is what a view tells of its state (s) and of webmon's part of it (c).
type event struct {
	K string
	S json.RawMessage
}

// generation is that of a volume in the configuration of a view; false if it is not there.
func (e event) generation(key string) (uint64, bool) {
	var config struct {
		SourceGenerations map[string]uint64
	}
	if e.K != "c" || json.Unmarshal(e.S, &config) != nil {
		return 0, false
	}
	g, ok := config.SourceGenerations[key]
	return g, ok
}

// events opens the stream of a view. The function waits for the next one.
func (v *volumes) events(ctx context.Context, view string) (func() (event, error), error) {
	r, err := v.request(ctx, "/events/"+view+"?c=bench&gc=&gs=")
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: v.client.Transport}).Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("the events of %s: %s", view, resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 4<<20)
	return func() (e event, err error) {
		for lines.Scan() {
			if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok {
				return e, json.Unmarshal(data, &e)
			}
		}
		resp.Body.Close()
		return e, errors.Join(lines.Err(), io.EOF)
	}, nil
}

// serves is the process that answers.
func (v *volumes) serves() *child {
	if v.server != nil {
		return v.server
	}
	return v.python
}

// renew makes all that is kept of a volume useless, and waits until it is.
func (v *volumes) renew(name string) {
	v.b.Helper()
	before := v.generation(name)
	v.python.say(map[string]string{"do": "changed"})
	v.python.read(new(struct{}))
	if v.server == nil {
		return
	}
	for end := time.Now().Add(20 * time.Second); v.generation(name) == before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			v.b.Fatal("webmon did not notice that the volume has changed")
		}
	}
}

func (v *volumes) generation(name string) (g uint64) {
	v.b.Helper()
	var info struct{ Generation uint64 }
	if err := json.Unmarshal(v.get("/neuroglancer/info/"+v.keys[name]), &info); err != nil {
		v.b.Fatal(err)
	}
	return info.Generation
}

// chunkAt is the address of a chunk that begins at a place, in the order of the array.
func (v *volumes) chunkAt(name string, by int, place [3]int) string {
	from, to := make([]string, 3), make([]string, 3)
	for i, n := range place {
		if v.turned {
			i = 2 - i
		}
		from[i], to[i] = fmt.Sprint(n), fmt.Sprint(n+chunkSide)
	}
	return fmt.Sprintf("/neuroglancer/%s/%s/%d,%d,%d/%s/%s", v.format, v.keys[name], by, by, by, strings.Join(from, ","), strings.Join(to, ","))
}

// chunks asks for n chunks of a level, each another one.
func (v *volumes) chunks(name string, by, n int) cost {
	v.b.Helper()
	side := imageSide / by / chunkSide
	var paths []string
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(side * side * side)[:n] {
		paths = append(paths, v.chunkAt(name, by, [3]int{i / side / side * chunkSide, i / side % side * chunkSide, i % side * chunkSide}))
	}
	size := int64(0)
	if v.format == "raw" {
		size = chunkSide * chunkSide * chunkSide
	}
	return v.measure(paths, size)
}

// meshes asks for the meshes of labels, one after the other.
func (v *volumes) meshes(name string, labels ...int) (total cost) {
	v.b.Helper()
	for _, label := range labels {
		c := v.measure([]string{fmt.Sprintf("/neuroglancer/mesh/%s/%d", v.keys[name], label)}, 0)
		total.n++
		total.own += c.own
		total.watched += c.watched
		total.bytes += c.bytes
	}
	return total
}

// measure asks for all paths over the connections of a browser. size is that of each answer, 0 if
// it may be any.
func (v *volumes) measure(paths []string, size int64) (c cost) {
	v.b.Helper()
	own, watched := exactCPU(v.b, v.serves()), exactCPU(v.b, v.python)
	c.bytes = v.ask(paths, size)
	c.n, c.own = len(paths), exactCPU(v.b, v.serves())-own
	if v.server != nil {
		c.watched = exactCPU(v.b, v.python) - watched
	}
	return c
}

// ask asks for all paths and returns how many bytes came.
func (v *volumes) ask(paths []string, size int64) int64 {
	v.b.Helper()
	var next, total atomic.Int64
	var asking sync.WaitGroup
	for range min(connections, len(paths)) {
		asking.Go(func() {
			var body bytes.Buffer
			for i := next.Add(1) - 1; i < int64(len(paths)); i = next.Add(1) - 1 {
				if err := v.fetch(v.b.Context(), paths[i], &body); err != nil {
					v.b.Error(err)
					return
				}
				if n := int64(body.Len()); size > 0 && n != size {
					v.b.Errorf("%s has %d bytes", paths[i], n)
				}
				total.Add(int64(body.Len()))
			}
		})
	}
	asking.Wait()
	return total.Load()
}

// exactCPU is the CPU time that a process has taken, finer than cpuOf: by the clock that the kernel
// keeps of each process.
func exactCPU(b *testing.B, p *child) time.Duration {
	b.Helper()
	const schedule = 2 // of the clocks of a process, the one that counts what the scheduler gave it
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|schedule), &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
