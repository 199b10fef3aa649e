package manager

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"webmon/shm/pickle"
)

var wireTime = flag.Duration("wire.time", 2*time.Second, "how long BenchmarkWire measures each case")

// measured is one row's half: what one client got.
type measured struct {
	Rate  float64 `json:"rate"` // calls or messages a second
	P50   float64 `json:"p50"`  // latency of a call, µs
	P99   float64 `json:"p99"`
	Calls int     `json:"calls"`
	CPU   float64 // µs of the manager's CPU a call, or share of a core where paced
}

// BenchmarkWire measures the Go client and Python's own client against the
// same manager of a real Python, and prints a Markdown table:
//
//	go test -run none -bench Wire ./shm/manager
//
// The interpreter is the first in WEBMON_PYTHONS, else the newest found, with
// NumPy where one has it. Without NumPy the poll holds bytes in place of arrays.
func BenchmarkWire(b *testing.B) {
	all := pythons(b)
	py := all[len(all)-1]
	for _, p := range all {
		if p.numpy != "" {
			py = p
		}
	}
	s := script(b, py, "server.py", "fork", testKey, "napari")
	peer := script(b, py, "bench.py", strconv.Itoa(s.Port), testKey)
	o := testOptions()
	o.ReuseBuffers = true
	c, conn := attach(b, s.addr(), o)
	data, messages, awkward := create(b, c, "napari_data"), create(b, c, "napari_messages"), create(b, c, "awkward")

	numpy := "no NumPy: bytes in place of arrays"
	if s.NumPy != "" {
		numpy = "NumPy " + s.NumPy
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\nPython %d.%d.%d, %s, %s %s/%s, %d CPUs\n", s.Python[0], s.Python[1], s.Python[2], numpy, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	python := func(format string, args ...any) measured {
		peer.start(format, args...)
		var m measured
		peer.read(&m)
		return m
	}
	var filling time.Duration // CPU of the manager that is not the client's doing
	// one runs one case as a benchmark of its own, once: each takes longer
	// than the testing package wants to see.
	one := func(name string, f func() measured) (m measured) {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				filling = 0
				before := cpuTime(s.Manager)
				start := time.Now()
				m = f()
				cpu := cpuTime(s.Manager) - before - filling
				m.CPU = float64(cpu.Microseconds()) / float64(max(m.Calls, 1))
				if strings.Contains(name, "60 Hz") {
					m.CPU = cpu.Seconds() / time.Since(start).Seconds()
				}
			}
			b.ReportMetric(m.Rate, "/s")
			if m.P50 > 0 {
				b.ReportMetric(m.P50, "p50-µs")
				b.ReportMetric(m.P99, "p99-µs")
			}
			b.ReportMetric(0, "ns/op") // says nothing here
		})
		return m
	}

	fmt.Fprintf(&table, "\n| Tiles | Reply | Go calls/s | p50 / p99 | Manager CPU a call | Python calls/s | p50 / p99 | Manager CPU a call | Go / Python |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, tiles := range []int{10, 100, 1000, 2000, 10_000} {
		s.run("%s", pollLine(tiles, s.NumPy != ""))
		before := c.Stats()
		if _, err := conn.Call(b.Context(), data, "get", "poll"); err != nil {
			b.Fatal(err)
		}
		size := c.Stats().Bytes - before.Bytes
		g := one(fmt.Sprintf("poll/%d tiles/Go", tiles), func() measured {
			return paced(b, 0, *wireTime, func() error {
				_, err := conn.Call(b.Context(), data, "get", "poll")
				return err
			})
		})
		p := one(fmt.Sprintf("poll/%d tiles/Python", tiles), func() measured { return python("poll %g", wireTime.Seconds()) })
		if g.Calls == 0 || p.Calls == 0 {
			continue // left out by -bench
		}
		fmt.Fprintf(&table, "| %d | %s | %.0f | %.0f / %.0f µs | %.0f µs | %.0f | %.0f / %.0f µs | %.0f µs | %.1f |\n",
			tiles, kilobytes(size), g.Rate, g.P50, g.P99, g.CPU, p.Rate, p.P50, p.P99, p.CPU, g.Rate/p.Rate)
	}

	const n = 30_000
	fill := func() {
		if _, err := conn.CallWait(b.Context(), time.Minute, awkward, "fill", n); err != nil {
			b.Fatal(err)
		}
	}
	drain := func(f func() int) func() measured {
		return func() measured {
			before := cpuTime(s.Manager)
			fill()
			filling = cpuTime(s.Manager) - before
			start := time.Now()
			got := f()
			if got != n {
				b.Fatalf("%d of %d messages", got, n)
			}
			return measured{Rate: n / time.Since(start).Seconds(), Calls: n}
		}
	}
	// The three take turns, so that a busy moment of the machine hits all; the
	// best round of each counts.
	var single, burst, own measured
	better := func(best *measured, m measured) {
		if m.Rate > best.Rate {
			*best = m
		}
	}
	for range 3 {
		better(&single, one("drain/Go one by one", drain(func() int {
			for i := range n {
				if _, err := conn.Call(b.Context(), messages, "get_nowait"); err != nil {
					b.Fatalf("message %d: %v", i, err)
				}
			}
			return n
		})))
		better(&burst, one("drain/Go pipelined", drain(func() int {
			got, err := conn.Drain(b.Context(), messages, n, func(_ pickle.Value, err error) error { return err })
			if err != nil {
				b.Fatal(err)
			}
			return got
		})))
		better(&own, one("drain/Python", drain(func() int { return python("drain %d", n).Calls })))
	}
	fmt.Fprintf(&table, "\n| Messages drained, best of 3 | a second | Manager CPU a message | against Python |\n|---|---|---|---|\n")
	for _, r := range []struct {
		name string
		m    measured
	}{{"Go, pipelined", burst}, {"Go, one by one", single}, {"Python", own}} {
		if r.m.Calls > 0 && own.Calls > 0 {
			fmt.Fprintf(&table, "| %s | %.0f | %.1f µs | %.1f |\n", r.name, r.m.Rate, r.m.CPU, r.m.Rate/own.Rate)
		}
	}

	fmt.Fprintf(&table, "\n| At 60 Hz, 1000 tiles | reached | p50 / p99 | Manager CPU |\n|---|---|---|---|\n")
	s.run("%s", pollLine(1000, s.NumPy != ""))
	for _, r := range []struct {
		name string
		m    measured
	}{
		{"Go: poll and drain", one("60 Hz/Go", func() measured {
			return paced(b, 60, 2**wireTime, func() error {
				_, err := conn.Call(b.Context(), data, "get", "poll")
				if err == nil {
					_, err = conn.Drain(b.Context(), messages, 1000, func(_ pickle.Value, err error) error { return err })
				}
				return err
			})
		})},
		{"Python: poll", one("60 Hz/Python", func() measured { return python("paced 60 %g", 2*wireTime.Seconds()) })},
	} {
		if r.m.Calls == 0 {
			continue
		}
		fmt.Fprintf(&table, "| %s | %.0f/s | %.0f / %.0f µs | %.2f %% |\n", r.name, r.m.Rate, r.m.P50, r.m.P99, 100*r.m.CPU)
	}
	fmt.Println(table.String())
}

// paced calls f as often as it can, or hz times a second, and measures it.
func paced(b *testing.B, hz float64, d time.Duration, f func() error) measured {
	var took []time.Duration
	start := time.Now()
	for time.Since(start) < d {
		t := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(t))
		if hz > 0 {
			time.Sleep(time.Until(start.Add(time.Duration(float64(len(took)) / hz * float64(time.Second)))))
		}
	}
	elapsed := time.Since(start)
	slices.Sort(took)
	at := func(q int) float64 { return float64(took[len(took)*q/100].Nanoseconds()) / 1e3 }
	return measured{Rate: float64(len(took)) / elapsed.Seconds(), P50: at(50), P99: at(99), Calls: len(took)}
}

// pollLine is the Python that makes napari's poll of so many tiles.
func pollLine(tiles int, numpy bool) string {
	seen, corners := fmt.Sprintf("b'x' * %d", 16*tiles), "[[0.5, 0.5], [1024.0, 1024.0]]"
	if numpy {
		seen = fmt.Sprintf("np.asfortranarray(np.stack([np.arange(%d) // 64, np.arange(%[1]d) %% 64], 1))", tiles)
		corners = "np.array(" + corners + ")"
	}
	return "napari_data.update({'poll': {'layers': {140234866358208: {'tile_state': {'seen': " + seen + ", 'corners': " + corners + "}, " +
		"'tile_config': {'base_shape': (16384, 16384), 'image_shape': (8192, 8192), 'shape_in_tiles': [32, 32], 'tile_size': 256, 'level_index': 1}}}}}); None"
}

func kilobytes(n uint64) string { return fmt.Sprintf("%.1f KB", float64(n)/1000) }

// cpuTime is the CPU time of a process so far; 0 where it cannot be known.
func cpuTime(pid int) time.Duration {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
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

// BenchmarkServer is the Go client against the Go server.
func BenchmarkServer(b *testing.B) {
	f := serve(b, ServerOptions{})
	o := testOptions()
	o.ReuseBuffers = true
	c, conn := attach(b, f.addr, o)
	data, messages := create(b, c, "napari_data"), create(b, c, "napari_messages")
	for _, tiles := range []int{10, 1000, 10_000} {
		a, _ := pickle.Int64Array(make([]int64, 2*tiles), true, tiles, 2)
		f.data.Set("poll", map[string]any{"layers": pickle.NewDict(int64(1)<<46, map[string]any{"tile_state": map[string]any{"seen": a}})})
		b.Run(fmt.Sprintf("poll/%d tiles", tiles), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Call(b.Context(), data, "get", "poll"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("drain", func(b *testing.B) {
		b.ReportAllocs()
		for left := b.N; left > 0; {
			n := min(left, 10_000)
			for range n {
				_ = f.messages.Put(map[string]any{"frame_time": map[string]any{"time": 1.5, "delta_ms": 16.5}})
			}
			got, err := conn.Drain(b.Context(), messages, n, func(_ pickle.Value, err error) error { return err })
			if err != nil || got != n {
				b.Fatal(got, err)
			}
			left -= n
		}
	})
}
