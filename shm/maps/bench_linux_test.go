package maps

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	mapsDir    = flag.String("maps.dir", "", "folder to write the table to, besides printing it")
	mapsPython = flag.String("maps.python", "../../.venv/bench/bin/python", "a Python with pandas")
)

// spent is what something took: milliseconds of wall time and of CPU.
type spent struct{ Wall, CPU float64 }

// cpu returns the CPU time of this process so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// best runs something several times, and returns the least that it took.
func best(b *testing.B, times int, do func()) spent {
	s := spent{math.Inf(1), math.Inf(1)}
	for range times {
		runtime.GC()
		from, used := time.Now(), cpu(b)
		do()
		s.Wall = min(s.Wall, float64(time.Since(from).Nanoseconds())/1e6)
		s.CPU = min(s.CPU, float64((cpu(b)-used).Nanoseconds())/1e6)
	}
	return s
}

// parse parses every number of a map.
func parse(m *Map) {
	each(len(m.Sessions), func(i int) {
		s := m.Sessions[i]
		tables := append([]*Table{s.Table, s.User}, s.Int...)
		if s.Tracing != nil {
			tables = append(tables, s.Tracing.Points, s.Tracing.Segments)
		}
		for _, t := range tables {
			for _, name := range t.Names() {
				t.Column(name)
			}
		}
	}, func(int, error) {})
}

// BenchmarkBesidePandas measures what a map costs beside pandas doing the same.
func BenchmarkBesidePandas(b *testing.B) {
	dir := written(b, rr30a(b))
	const hundred = 100
	out, err := exec.Command(*mapsPython, "../../.ci/bench/maps.py", dir).Output()
	if err != nil {
		b.Fatalf("%s with pandas: %v", *mapsPython, err)
	}
	var py struct {
		Python, Pandas string
		Runs           int
		Load, Values   spent
		Pool           struct {
			spent
			Maps int
		}
	}
	if err := json.Unmarshal(out, &py); err != nil {
		b.Fatal(err)
	}
	open := func() *Map {
		m, err := Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		return m
	}
	m := open()
	if n := m.Runs("").Len(); n != py.Runs {
		b.Fatalf("got %d runs, pandas %d", n, py.Runs)
	}
	plot := Query{Stats: []string{"pDist", "ubssSum_int1"}, Session: All, Segment: All, Bad: true}
	values := func(m *Map) {
		if _, err := m.Values(plot); err != nil {
			b.Fatal(err)
		}
	}
	load := best(b, 20, func() { m := open(); m.Runs(""); parse(m) })
	first := best(b, 20, func() { values(open()) })
	again := best(b, 200, func() { values(m) })
	query := PoolQuery{Stat: "ubssSum_int1", Groups: []string{"a*"}, Transform: Divided, Baseline: "b*", Segment: All, Bad: true}
	pool := best(b, 3, func() {
		var all sync.WaitGroup
		var next atomic.Int32
		var mu sync.Mutex
		var found []PoolValue
		for range runtime.GOMAXPROCS(0) {
			all.Go(func() {
				for n := next.Add(1) - 1; n < hundred; n = next.Add(1) - 1 {
					v, err := open().Pool(query, int(n))
					if err != nil {
						b.Error(err)
					}
					mu.Lock()
					found = append(found, v...)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if rows := Summarise(found, 1, func(PoolValue) string { return "" }); len(rows) != 1 || rows[0].Maps.N != hundred {
			b.Errorf("got %v", rows)
		}
	})
	scale := hundred / float64(py.Pool.Maps)
	var table, targets strings.Builder
	fmt.Fprintf(&table, "Python %s, pandas %s\n\n| rr30a | webmon: time | CPU | pandas: time | CPU | time | CPU |\n|---|---|---|---|---|---|---|\n", py.Python, py.Pandas)
	for _, r := range []struct {
		name string
		us   spent
		them spent
	}{
		{"Load, every number read", load, py.Load},
		{"Load up to the first plot", first, spent{py.Load.Wall + py.Values.Wall, py.Load.CPU + py.Values.CPU}},
		{"Values of a plot", again, py.Values},
		{"A pool of 100 maps, from the disk", pool, spent{py.Pool.Wall * scale, py.Pool.CPU * scale}},
	} {
		fmt.Fprintf(&table, "| %s | %.2f ms | %.2f ms | %.2f ms | %.2f ms | × %.1f | × %.1f |\n", r.name, r.us.Wall, r.us.CPU, r.them.Wall, r.them.CPU, r.them.Wall/r.us.Wall, r.them.CPU/r.us.CPU)
	}
	verdict := func(met bool) string {
		if met {
			return "met"
		}
		return "**missed**"
	}
	fmt.Fprintf(&targets, "| A map of nine sessions loaded, against pandas | × 5 | × %.1f | %s |\n", py.Load.Wall/load.Wall, verdict(py.Load.Wall >= 5*load.Wall))
	fmt.Fprintf(&targets, "| Values of a plot | 5 ms | %.2f ms | %s |\n", again.Wall, verdict(again.Wall <= 5))
	fmt.Fprintf(&targets, "| A pool of 100 such maps on two cores | 3 s | %.2f s | %s |\n", pool.Wall/1000, verdict(pool.Wall <= 3000))
	fmt.Println("\n" + table.String() + "\n" + targets.String())
	if *mapsDir != "" {
		for name, text := range map[string]string{"maps.md": table.String(), "maps.targets": targets.String()} {
			if err := os.WriteFile(filepath.Join(*mapsDir, name), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
}
