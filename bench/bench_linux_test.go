package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/frame"
	"webmon/dashboard/hub"
	"webmon/e2e/webmontest"
	"webmon/shm"
	"webmon/shm/process"
)

// The benchmarks of the whole program. Each starts real processes (a Python
// that ticks as napari does, a webmon, what webmon is compared with), measures
// for a while, and writes a Markdown table; `make bench` runs them once each
// and puts the tables into BENCHMARKS.md.

var (
	benchTime = flag.Duration("bench.time", 8*time.Second, "how long each case is measured")
	benchDir  = flag.String("bench.dir", "", "folder to write the tables to, besides printing them")
)

// The figures that were promised, for BENCHMARKS.md to say whether they are met.
type target struct {
	what, want string
	got        string
	met        bool
}

// publish prints a table, and keeps it with its targets for BENCHMARKS.md.
func publish(b *testing.B, name, table string, targets ...target) {
	b.Helper()
	fmt.Printf("\n%s\n", table)
	var rows strings.Builder
	for _, t := range targets {
		verdict := "**missed**"
		if t.met {
			verdict = "met"
		}
		fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", t.what, t.want, t.got, verdict)
	}
	fmt.Print(rows.String())
	if *benchDir == "" {
		return
	}
	for suffix, text := range map[string]string{".md": table, ".targets": rows.String()} {
		if err := os.WriteFile(filepath.Join(*benchDir, name+suffix), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLatency is the time from the producer's stamp of a frame to that
// frame on a browser's socket, at 60 Hz.
func BenchmarkLatency(b *testing.B) {
	var table strings.Builder
	table.WriteString("| Tiles drawn | | frames a second | median | 99th percentile | since before update | 99th |\n|---|---|---|---|---|---|---|\n")
	var targets []target
	for _, tiles := range []int{100, 1000} {
		var median, p99 [2]float64
		for i, server := range []string{"webmon", "proof of concept"} {
			var got latency
			ran := false
			b.Run(fmt.Sprintf("%d tiles/%s", tiles, strings.ReplaceAll(server, " ", "-")), func(b *testing.B) {
				for range b.N {
					got = measureLatency(b, server, tiles)
					ran = true
				}
				b.ReportMetric(got.frame.at(50), "p50-ms")
				b.ReportMetric(got.frame.at(99), "p99-ms")
				b.ReportMetric(0, "ns/op") // says nothing here
			})
			if !ran {
				continue
			}
			median[i], p99[i] = got.frame.at(50), got.frame.at(99)
			fmt.Fprintf(&table, "| %d | %s | %.1f of %.1f | %.2f ms | %.2f ms | %.2f ms | %.2f ms |\n", tiles, server,
				got.rate, got.produced, median[i], p99[i], got.update.at(50), got.update.at(99))
		}
		if median[0] > 0 && median[1] > 0 {
			fmt.Fprintf(&table, "| %d | ratio | | %.1f | %.1f | | |\n", tiles, median[1]/median[0], p99[1]/p99[0])
		}
		if tiles == 100 && median[0] > 0 {
			targets = []target{
				{"Stamp to frame at 60 Hz, median", "3 ms", fmt.Sprintf("%.2f ms", median[0]), median[0] <= 3},
				{"Stamp to frame at 60 Hz, 99th percentile", "10 ms", fmt.Sprintf("%.2f ms", p99[0]), p99[0] <= 10},
			}
		}
	}
	publish(b, "latency", table.String(), targets...)
}

type latency struct {
	frame    quantiles // ms since the time in frame_time
	update   quantiles // ms since before the producer's update
	rate     float64   // pictures a second
	produced float64   // ticks a second
}

func measureLatency(b *testing.B, server string, tiles int) (l latency) {
	p := startProducer(b)
	defer p.stop()
	var s *contender
	if server == "webmon" {
		s = benchWebmon(b, p)
	} else {
		s = benchPOC(b, p)
	}
	defer s.stop()
	c := crowdOf(b, s, 1)
	defer c.close()
	d := 2 * *benchTime
	p.run(tick{Hz: 60, Seconds: d.Seconds() + 2, Tiles: tiles})
	samples := recordFor(b, c, d+2500*time.Millisecond)
	done := p.done()
	l.produced = float64(done.Ticks) / done.Seconds
	seen := map[int32]bool{}
	for _, s := range samples {
		// The first second warms up; the proof of concept sends each picture
		// until the next, of which the first counts.
		if s.tick < 60 || int(s.tick) >= len(done.UpdateMS) || seen[s.tick] {
			continue
		}
		seen[s.tick] = true
		ms := 1e3 * float64(s.fromTick)
		l.update = append(l.update, ms)
		l.frame = append(l.frame, ms-done.UpdateMS[s.tick])
	}
	l.rate = float64(len(l.update)) / (done.Seconds - 60/l.produced)
	l.frame.sort()
	l.update.sort()
	return l
}

// BenchmarkFanOut sends a picture of 2 KB at 60 Hz to many browsers.
func BenchmarkFanOut(b *testing.B) {
	var table strings.Builder
	table.WriteString("| Server | browsers | delivered | server CPU, of a core | from the server's stamp: median | 99th | memory a browser | load's own CPU |\n|---|---|---|---|---|---|---|---|\n")
	var targets []target
	for _, c := range []struct {
		server   string
		browsers []int
	}{
		{"webmon", []int{1, 100, 1000, 3000}},
		{"naive Go", []int{1, 100, 1000, 3000}},
		{"Flask-SocketIO", []int{1, 100}},
	} {
		for _, n := range c.browsers {
			var f fanOut
			ran := false
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(c.server, " ", "-"), n), func(b *testing.B) {
				for range b.N {
					f = measureFanOut(b, c.server, n)
					ran = true
				}
				b.ReportMetric(100*f.delivered, "%delivered")
				b.ReportMetric(100*f.cpu, "%CPU")
				b.ReportMetric(f.stamp.at(99), "p99-ms")
				b.ReportMetric(0, "ns/op")
			})
			if !ran {
				continue
			}
			memory := "–"
			if n >= 100 {
				memory = fmt.Sprintf("%.0f KB", f.memory/1e3)
			}
			fmt.Fprintf(&table, "| %s | %d | %.1f %% | %.1f %% | %.2f ms | %.2f ms | %s | %.0f %% |\n", c.server, n,
				100*f.delivered, 100*f.cpu, f.stamp.at(50), f.stamp.at(99), memory, 100*f.load)
			if c.server == "webmon" && n == 1000 {
				targets = []target{
					{"1000 browsers, CPU", "half a core", fmt.Sprintf("%.1f %%", 100*f.cpu), f.cpu < 0.5},
					{"1000 browsers, 99th percentile", "10 ms", fmt.Sprintf("%.2f ms", f.stamp.at(99)), f.stamp.at(99) < 10},
					{"Memory a browser, of 1000", "64 KB", fmt.Sprintf("%.0f KB", f.memory/1e3), f.memory <= 64e3},
				}
			}
		}
	}
	publish(b, "fanout", table.String(), targets...)
}

type fanOut struct {
	delivered float64   // part of all frames made that all browsers got
	cpu, load float64   // part of a core: of the server, of the load
	stamp     quantiles // ms from the server's stamp to the browser
	memory    float64   // bytes a browser
}

func measureFanOut(b *testing.B, server string, n int) (f fanOut) {
	p := startProducer(b)
	defer p.stop()
	var s *contender
	switch server {
	case "webmon":
		s = benchWebmon(b, p)
	case "naive Go":
		s = benchNaive(b)
	default:
		s = benchPOC(b, p)
	}
	defer s.stop()
	p.run(tick{Hz: 60, Seconds: 6 + float64(n)/300 + benchTime.Seconds(), Tiles: twoKB, Lone: true})
	c := crowdOf(b, s, 1)
	defer c.close()
	readFor(b, c, time.Second)
	before := s.rss()
	if err := c.grow(n, s.port); err != nil {
		b.Fatal(err)
	}
	readFor(b, c, 2*time.Second)
	cpu, own, start := s.cpu(), cpuOf(os.Getpid()), time.Now()
	samples := recordFor(b, c, *benchTime)
	took := time.Since(start).Seconds()
	f.cpu, f.load = (s.cpu()-cpu).Seconds()/took, (cpuOf(os.Getpid())-own).Seconds()/took
	f.memory = float64(s.rss()-before) / float64(max(n-1, 1))
	if c.lost > 0 {
		b.Errorf("%d of %d browsers were dropped", c.lost, n)
	}
	first, last := int32(math.MaxInt32), int32(0)
	for _, s := range samples {
		first, last = min(first, s.tick), max(last, s.tick)
		from := s.fromTS
		if from == 0 { // no stamp of the server's own
			from = s.fromTick
		}
		f.stamp = append(f.stamp, 1e3*float64(from))
	}
	f.stamp.sort()
	if len(samples) > 0 {
		f.delivered = float64(len(samples)) / float64(n) / float64(last-first+1)
	}
	if n == 1 && len(samples) > 0 {
		b.Logf("%.0f bytes a frame", float64(c.bytes)/float64(len(samples)))
	}
	p.done()
	return f
}

// BenchmarkIdle is what webmon takes while a process ticks at 60 Hz, with
// nobody watching and with one browser.
func BenchmarkIdle(b *testing.B) {
	var table strings.Builder
	table.WriteString("| | its CPU, of a core | its memory | CPU of the manager process | more than unwatched |\n|---|---|---|---|---|\n")
	var targets []target
	unwatched, least := 0.0, 0.0
	for _, c := range []struct {
		name, server string
		browsers     int
	}{
		{"nobody attached", "", 0},
		{"the floor: what gathers is read four times a second, and nothing else", "floor", 0},
		{"webmon, nobody watching", "webmon", 0},
		{"webmon, one browser on the Viewer", "webmon", 1},
		{"proof of concept, nobody watching", "poc", 0},
		{"proof of concept, one browser", "poc", 1},
	} {
		var own, manager, memory float64
		ran := false
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			for range b.N {
				own, manager, memory = measureIdle(b, c.server, c.browsers)
				ran = true
			}
			b.ReportMetric(100*own, "%CPU")
			b.ReportMetric(100*manager, "%CPU-manager")
			b.ReportMetric(0, "ns/op")
		})
		if !ran {
			continue
		}
		if c.server == "" {
			unwatched = manager
			fmt.Fprintf(&table, "| %s | – | – | %.1f %% | – |\n", c.name, 100*manager)
			continue
		}
		fmt.Fprintf(&table, "| %s | %.2f %% | %.0f MB | %.1f %% | %+.1f %% |\n", c.name, 100*own, memory/1e6, 100*manager, 100*(manager-unwatched))
		switch {
		case c.server == "floor":
			least = own
		case c.server == "webmon" && c.browsers == 0:
			targets = []target{{"Nobody watching, CPU", "1 %", fmt.Sprintf("%.2f %%", 100*own), own < 0.01}}
			if least > 0 {
				targets = append(targets, target{"Nobody watching, CPU beside a bare reader of what gathers", "× 3",
					fmt.Sprintf("× %.1f: %.2f and %.2f %%", own/least, 100*own, 100*least), own <= 3*least})
				fmt.Fprintf(&table, "| webmon beside the floor | × %.1f | | | |\n", own/least)
			}
		}
	}
	publish(b, "idle", table.String(), targets...)
}

func measureIdle(b *testing.B, server string, browsers int) (own, manager, memory float64) {
	p := startProducer(b)
	defer p.stop()
	var s *contender
	switch server {
	case "webmon":
		s = benchWebmon(b, p)
		defer s.stop()
	case "poc":
		s = benchPOC(b, p)
		defer s.stop()
	case "floor":
		s = &contender{child: startChild(b, self(b, roleFloor, p.address()))}
		s.line()
		defer s.stop()
	}
	if browsers > 0 {
		c := crowdOf(b, s, browsers)
		defer c.close()
		defer keepReading(b, c)()
	}
	d := 2 * *benchTime
	p.run(tick{Hz: 60, Seconds: d.Seconds() + 4, Tiles: 100})
	time.Sleep(3 * time.Second)
	start, managerCPU := time.Now(), cpuOf(p.ManagerPID)
	var cpu time.Duration
	if s != nil {
		cpu = threadsCPU(s.cmd.Process.Pid)
	}
	time.Sleep(d)
	took := time.Since(start).Seconds()
	manager = (cpuOf(p.ManagerPID) - managerCPU).Seconds() / took
	if s != nil {
		own, memory = (threadsCPU(s.cmd.Process.Pid)-cpu).Seconds()/took, float64(s.rss())
	}
	p.done()
	return own, manager, memory
}

// BenchmarkSizes finds out how large a message may be at 60 Hz: over the first
// hop, from a Python process over its manager to webmon, and over the second,
// from webmon to a browser's socket.
func BenchmarkSizes(b *testing.B) {
	sizes := []int{2 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 512 << 10, 2 << 20, 8 << 20}
	d := max(*benchTime/2, time.Second)
	measure := func(b *testing.B, name string, f func(*testing.B) hop) (h hop) {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				h = f(b)
			}
			b.ReportMetric(h.rate, "/s")
			b.ReportMetric(h.took.at(50), "p50-ms")
			b.ReportMetric(h.took.at(99), "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
		return h
	}
	var table strings.Builder
	table.WriteString("First hop: Python process → manager → webmon, and the same with Python's own client polling every 16.7 ms.\n\n" +
		"| Message | process ticks, webmon attached | webmon gets | median | 99th | process ticks, Python client | Python client gets | median | 99th |\n|---|---|---|---|---|---|---|---|---|\n")
	held := 0
	for _, size := range sizes {
		own := measure(b, fmt.Sprintf("first/%s/webmon", bytesText(size)), func(b *testing.B) hop { return measureFirstHop(b, size, d) })
		peer := measure(b, fmt.Sprintf("first/%s/Python", bytesText(size)), func(b *testing.B) hop { return measurePythonHop(b, size, d) })
		fmt.Fprintf(&table, "| %s | %.1f/s | %.1f/s | %.2f ms | %.2f ms | %.1f/s | %.1f/s | %.2f ms | %.2f ms |\n", bytesText(size),
			own.produced, own.rate, own.took.at(50), own.took.at(99), peer.produced, peer.rate, peer.took.at(50), peer.took.at(99))
		if own.rate > 57 {
			held = size
		}
	}
	fmt.Fprintf(&table, "\nThe largest message that came 60 times a second (57 or more arrived): **%s**. Between 16 and 64 KB the process itself is "+
		"held up for 40 ms in each of its own calls to its manager, whoever reads; no reader can cure that.\n", bytesText(held))

	table.WriteString("\nSecond hop: webmon → a browser's socket, and Flask-SocketIO's emit of the same text.\n\n" +
		"| Message | webmon delivers | median | 99th | Flask-SocketIO delivers | median | 99th |\n|---|---|---|---|---|---|---|\n")
	held = 0
	for _, size := range sizes {
		own := measure(b, fmt.Sprintf("second/%s/webmon", bytesText(size)), func(b *testing.B) hop { return measureSecondHop(b, size, d) })
		peer := measure(b, fmt.Sprintf("second/%s/Flask-SocketIO", bytesText(size)), func(b *testing.B) hop { return measureEmit(b, size, d) })
		fmt.Fprintf(&table, "| %s | %.1f/s | %.2f ms | %.2f ms | %.1f/s | %.2f ms | %.2f ms |\n", bytesText(size),
			own.rate, own.took.at(50), own.took.at(99), peer.rate, peer.took.at(50), peer.took.at(99))
		if own.rate > 57 {
			held = size
		}
	}
	fmt.Fprintf(&table, "\nThe largest that was delivered 60 times a second: **%s**.\n", bytesText(held))
	publish(b, "sizes", table.String())
}

// hop is what came over one hop.
type hop struct {
	rate     float64   // messages a second that arrived, each counted once
	produced float64   // ticks a second of the process that made them
	took     quantiles // ms
}

// measureFirstHop runs webmon's adapter, without the rest of it.
func measureFirstHop(b *testing.B, size int, d time.Duration) (h hop) {
	p := startProducer(b)
	defer p.stop()
	src, err := process.Attach(b.Context(), process.Options{Address: p.address()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	sink := &stopwatch{changed: make(chan struct{}, 1)}
	var running sync.WaitGroup
	running.Go(func() {
		if err := src.Run(ctx, sink); err != nil {
			b.Error(err)
		}
	})
	p.run(tick{Hz: 60, Seconds: d.Seconds(), Tiles: size / 16})
	done := p.done()
	cancel()
	running.Wait()
	h.produced = float64(done.Ticks) / done.Seconds
	h.rate, h.took = float64(len(sink.took))/done.Seconds, sink.took
	h.took.sort()
	return h
}

// stopwatch is a sink that wants the poll and takes the time of each.
type stopwatch struct {
	changed chan struct{}
	last    float64
	took    quantiles
}

func (s *stopwatch) State(topic string, v shm.Value) {
	now := time.Now()
	poll, ok := v.(*shm.TilePoll)
	if !ok || len(poll.Layers) == 0 || poll.Layers[0].State == nil {
		return
	}
	// The state is read by one goroutine of the adapter.
	if t := poll.Layers[0].State.Corners[0][1]; t != s.last {
		s.last = t
		s.took = append(s.took, 1e3*float64(since(now, t)))
	}
}
func (s *stopwatch) Event(shm.Event)                {}
func (s *stopwatch) Frame(float64)                  {}
func (s *stopwatch) Alive()                         {}
func (s *stopwatch) Cost(shm.Cost)                  {}
func (s *stopwatch) Notice(string, string)          {}
func (s *stopwatch) Fault(string, error)            {}
func (s *stopwatch) DemandChanged() <-chan struct{} { return s.changed }
func (s *stopwatch) Demand(topic string) float64 {
	if topic == shm.TopicPoll {
		return 60
	}
	return 0
}

func measurePythonHop(b *testing.B, size int, d time.Duration) (h hop) {
	p := startProducer(b)
	defer p.stop()
	client := startPython(b, "poc.py", "poll", strconv.Itoa(p.ManagerPort))
	defer client.stop()
	client.read(new(struct{}))
	p.run(tick{Hz: 60, Seconds: d.Seconds(), Tiles: size / 16})
	client.say(map[string]float64{"seconds": d.Seconds()})
	done := p.done()
	var got struct {
		Ticks     int
		LatencyMS quantiles `json:"latency_ms"`
	}
	client.read(&got)
	h.produced = float64(done.Ticks) / done.Seconds
	h.rate, h.took = float64(got.Ticks)/d.Seconds(), got.LatencyMS
	h.took.sort()
	return h
}

// measureSecondHop runs webmon's hub, without the rest of it, and one browser.
func measureSecondHop(b *testing.B, size int, d time.Duration) hop {
	topics := make(chan *hub.Topic, 1)
	h := hub.New(hub.Options{
		Open:   func(t *hub.Topic) error { topics <- t; return nil },
		Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(b.Context())
	var served sync.WaitGroup
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 4096, WriteBufferPool: &sync.Pool{}}
	l := listenLoopback(b)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		served.Add(1)
		defer served.Done()
		h.Serve(ctx, conn)
	})}
	served.Go(func() { _ = web.Serve(l) })
	defer func() {
		cancel()
		web.Close()
		served.Wait()
	}()
	c := crowdAt(b, pageOf("", "t"), l.Addr().(*net.TCPAddr).Port, 1)
	defer c.close()
	topic := <-topics
	var publishing sync.WaitGroup
	publishing.Go(func() {
		everyTick(ctx, 60, func(n int) { topic.Publish(hub.Text(padded(nil, n, size))) })
	})
	defer publishing.Wait()
	defer cancel()
	readFor(b, c, d/4)
	return arrived(recordFor(b, c, d), d)
}

// padded is a frame of so many bytes that says which it is and when it was made.
func padded(b []byte, n, size int) []byte {
	w := frame.Begin(slices.Grow(b[:0], size+64), "t", time.Now())
	b = fmt.Appendf(w.Buf, `,"corners":[[%d,%.6f],[0,0]],"pad":"`, n, float64(time.Now().UnixMicro())/1e6)
	for len(b) < size-2 {
		b = append(b, "................................................................"[:min(64, size-2-len(b))]...)
	}
	return append(b, `"}`...)
}

func measureEmit(b *testing.B, size int, d time.Duration) hop {
	s := startPython(b, "poc.py", "emit", strconv.Itoa(size))
	defer s.stop()
	var ready struct{ Port int }
	s.read(&ready)
	c := crowdAt(b, socketIO(), ready.Port, 1)
	defer c.close()
	readFor(b, c, d/4)
	return arrived(recordFor(b, c, d), d)
}

func arrived(samples []sample, d time.Duration) (h hop) {
	for _, s := range samples {
		h.took = append(h.took, 1e3*float64(s.fromTick))
	}
	h.took.sort()
	h.rate = float64(len(samples)) / d.Seconds()
	return h
}

// contender is a process that serves browsers.
type contender struct {
	*child
	port    int
	dialect dialect
}

func (s *contender) cpu() time.Duration { return cpuOf(s.cmd.Process.Pid) }
func (s *contender) rss() int64         { return rssOf(s.cmd.Process.Pid) }

const benchToken = "bench-bench-bench-bench"

// benchWebmon runs this very program, attached to the producer.
func benchWebmon(b *testing.B, p *producer) *contender {
	b.Helper()
	proc := startChild(b, webmon(b, "--port", "0", "--token", benchToken, "--connect", p.address(), "--log-level", "warn"))
	line := proc.line()
	port, err := portOf(line)
	if err != nil {
		b.Fatalf("webmon printed %q: %v", line, err)
	}
	awaitSource(b, port, benchToken)
	return &contender{proc, port, pageOf(benchToken, "napari/tiles/first")}
}

// awaitSource waits until webmon has attached to the process.
func awaitSource(t testing.TB, port int, token string) {
	t.Helper()
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequest("GET", fmt.Sprintf("http://127.0.0.1:%d/api/v1/sources", port), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(req)
		if err != nil {
			continue
		}
		var sources []struct{ Connected bool }
		err = json.NewDecoder(resp.Body).Decode(&sources)
		resp.Body.Close()
		if err == nil && len(sources) > 0 && sources[0].Connected {
			return
		}
	}
	t.Fatal("webmon did not attach to the process")
}

func benchPOC(b *testing.B, p *producer) *contender {
	b.Helper()
	proc := startPython(b, "poc.py", "serve", strconv.Itoa(p.ManagerPort))
	var ready struct{ Port int }
	proc.read(&ready)
	return &contender{proc, ready.Port, socketIO()}
}

func benchNaive(b *testing.B) *contender {
	b.Helper()
	proc := startChild(b, self(b, roleNaive))
	var ready struct{ Port int }
	proc.read(&ready)
	// It is spared the acknowledgements.
	return &contender{proc, ready.Port, dialect{path: "/"}}
}

// crowdOf connects browsers to a server, which may need a moment to listen.
func crowdOf(b *testing.B, s *contender, n int) *crowd {
	b.Helper()
	return crowdAt(b, s.dialect, s.port, n)
}

func crowdAt(b *testing.B, d dialect, port, n int) *crowd {
	b.Helper()
	c, err := newCrowd(d)
	if err != nil {
		b.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = c.grow(n, port); err == nil {
			return c
		}
		if time.Now().After(end) {
			b.Fatal(err)
		}
	}
}

func readFor(b *testing.B, c *crowd, d time.Duration) {
	b.Helper()
	if err := c.serve(d); err != nil {
		b.Fatal(err)
	}
}

func recordFor(b *testing.B, c *crowd, d time.Duration) []sample {
	b.Helper()
	samples, err := c.record(d)
	if err != nil {
		b.Fatal(err)
	}
	return samples
}

// serveMeanwhile keeps the crowd reading until the function it returns is called.
func keepReading(b *testing.B, c *crowd) func() {
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for ctx.Err() == nil {
			if err := c.serve(50 * time.Millisecond); err != nil {
				b.Error(err)
				return
			}
		}
	})
	return func() {
		cancel()
		serving.Wait()
	}
}

// producer is a Python that ticks as napari does.
type producer struct {
	*child
	PID         int    `json:"pid"`
	ManagerPID  int    `json:"manager_pid"`
	ManagerPort int    `json:"manager_port"`
	Python      string `json:"python"`
	NumPy       string `json:"numpy"`
}

// tick is what a producer is asked for; see producer.py.
type tick struct {
	Hz      float64 `json:"hz"`
	Seconds float64 `json:"seconds"`
	Tiles   int     `json:"tiles"`
	Lone    bool    `json:"lone"`
}

type ticked struct {
	Ticks    int
	Seconds  float64
	UpdateMS quantiles `json:"update_ms"` // by tick: not sorted
	TickMS   quantiles `json:"tick_ms"`
}

func startProducer(b *testing.B) *producer {
	b.Helper()
	p := &producer{child: startPython(b, "producer.py")}
	p.read(p)
	return p
}

func (p *producer) address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.ManagerPort))
}

func (p *producer) run(t tick) { p.say(t) }

func (p *producer) done() (t ticked) {
	p.read(&t)
	return t
}

// startPython runs a script of .ci/bench in the environment for it.
func startPython(b *testing.B, script string, args ...string) *child {
	b.Helper()
	return startChild(b, pythonOf(b, script, args...))
}

// pythonOf is the command of startPython.
func pythonOf(b *testing.B, script string, args ...string) *exec.Cmd {
	b.Helper()
	python := filepath.Join(webmontest.Root(), ".venv", "bench", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		b.Fatal("the environment .venv/bench is not there: run .ci/venvs.sh bench")
	}
	return exec.Command(python, append([]string{filepath.Join(webmontest.Root(), ".ci", "bench", script)}, args...)...)
}

// child is a process that says JSON, a line each, and is told some.
type child struct {
	b     testing.TB
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
}

func startChild(t testing.TB, cmd *exec.Cmd) *child {
	t.Helper()
	p := &child{b: t, cmd: cmd}
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewReader(out)
	cmd.Stderr = os.Stderr
	// A group of its own, so that a manager goes with its process.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	return p
}

func (p *child) line() string {
	p.b.Helper()
	line, err := p.lines.ReadString('\n')
	if err != nil {
		p.stop()
		p.b.Fatalf("%s ended: %v", strings.Join(p.cmd.Args, " "), err)
	}
	return strings.TrimSpace(line)
}

func (p *child) read(v any) {
	p.b.Helper()
	line := p.line()
	if err := json.Unmarshal([]byte(line), v); err != nil {
		p.b.Fatalf("%s said %.200q: %v", strings.Join(p.cmd.Args, " "), line, err)
	}
}

func (p *child) say(v any) {
	p.b.Helper()
	line, err := json.Marshal(v)
	if err != nil {
		p.b.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.b.Fatal(err)
	}
}

// stop ends the process and what it started, politely first.
func (p *child) stop() {
	p.in.Close()
	_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, p.lines)
		_ = p.cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-ended
}

// cpuOf is the CPU time that a process has taken.
func cpuOf(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	const ticks = 100 // a second, on every Linux that Go runs on
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * time.Second / ticks
}

// rssOf is the memory of a process that is in RAM, in bytes.
func rssOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// quantiles are measurements, sorted before at is asked.
type quantiles []float64

func (q quantiles) sort() { slices.Sort(q) }

// at is the n-th percentile, NaN of nothing.
func (q quantiles) at(n int) float64 {
	if len(q) == 0 {
		return math.NaN()
	}
	return q[min(len(q)-1, len(q)*n/100)]
}

func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return "none"
}

func listenLoopback(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
