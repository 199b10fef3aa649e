package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What those who look at a volume that changes do, as five browsers with people at them would.
const (
	liveSide    = 512 // of the image; the labels have half of it
	lookers     = 5
	inView      = 24                    // chunks that a browser shows
	panEvery    = 50 * time.Millisecond // a person who moves sees two chunks more
	meshEvery   = 2 * time.Second       // and a mesh
	restlessGap = 25 * time.Millisecond // between two requests of somebody who moves without a pause
	rareChange  = 1500 * time.Millisecond
)

// BenchmarkVolumesLive is what the loop of a process takes that writes into a volume while people look at
// it, and how long a change takes to be seen.
func BenchmarkVolumesLive(b *testing.B) {
	var table strings.Builder
	var targets []target
	table.WriteString("| The loop of the process, 60 Hz | a pass: median | 99th percentile | late: 99th | 99th, against nobody | its CPU, of a core | the server’s CPU |\n|---|---|---|---|---|---|---|\n")
	b.Run("loop", func(b *testing.B) {
		own, peer := webmonVolumes(b, "both", liveSide), pythonVolumes(b, "both", liveSide)
		defer own.stop()
		defer peer.stop()
		var all [4]loops
		for range rounds {
			for i, s := range []*volumes{own, own, peer, peer} {
				all[i] = append(all[i], s.loop(i%2 == 1))
			}
		}
		for i, name := range []string{"webmon, nobody looks", "webmon, five browsers", "Python’s server in the process, nobody looks", "Python’s server, five browsers"} {
			l, alone := all[i], all[i/2*2]
			fmt.Fprintf(&table, "| %s | %.2f ms | %.2f ms | %.2f ms | × %.1f | %.0f %% | %s |\n", name, l.middle(func(l looped) float64 { return l.took.at(50) }),
				l.middle(p99), l.middle(func(l looped) float64 { return l.late.at(99) }), l.middle(p99)/alone.middle(p99),
				100*l.middle(func(l looped) float64 { return l.cpu }), serverText(l, i < 2))
		}
		r := all[1].middle(p99) / all[0].middle(p99)
		targets = append(targets, target{"A process’s loop with five browsers in its volumes, 99th percentile", "as without", fmt.Sprintf("× %.2f", r), r <= 1.1})
		b.ReportMetric(0, "ns/op")
	})
	table.WriteString("\n| From a change to an open view having it | changes | median | 99th percentile | longest |\n|---|---|---|---|---|\n")
	b.Run("seen", func(b *testing.B) {
		own := webmonVolumes(b, "image", liveSide)
		defer own.stop()
		worst := 0.0
		for _, c := range []struct {
			name           string
			rare, restless bool
		}{
			{"now and then", true, false},
			{"60 times a second", false, false},
			{"now and then, while somebody moves without a pause", true, true},
			{"60 times a second, while somebody moves without a pause", false, true},
		} {
			took := own.seen(c.rare, c.restless)
			fmt.Fprintf(&table, "| %s | %d | %.0f ms | %.0f ms | %.0f ms |\n", c.name, len(took), took.at(50), took.at(99), took.at(100))
			worst = max(worst, took.at(99))
		}
		targets = append(targets, target{"From a change of a volume to an open view, 99th percentile", "1 s", fmt.Sprintf("%.2f s", worst/1e3), worst <= 1000})
		b.ReportMetric(0, "ns/op")
	})
	publish(b, "volumeslive", table.String(), targets...)
}

// looped is what a loop took.
type looped struct {
	took, late  quantiles // ms, of each pass
	cpu, server float64   // of a core: of the process, of the server if it is another
}

type loops []looped

func p99(l looped) float64 { return l.took.at(99) }

// middle is the median of the rounds.
func (l loops) middle(of func(looped) float64) float64 {
	var list quantiles
	for _, one := range l {
		list = append(list, of(one))
	}
	list.sort()
	return list.at(50)
}

func serverText(l loops, another bool) string {
	if !another {
		return "in it"
	}
	return fmt.Sprintf("%.0f %%", 100*l.middle(func(l looped) float64 { return l.server }))
}

// asked is what volumes.py answers to a loop.
type asked struct {
	MS     quantiles
	Late   quantiles `json:"late_ms"`
	Stamps []float64 // s, when each change was written
}

// loop has the process work, alone or with browsers that look.
func (v *volumes) loop(watched bool) (l looped) {
	v.b.Helper()
	stop := func() {}
	if watched {
		stop = v.look()
		time.Sleep(2 * time.Second) // all is loaded, and the labels are known
	}
	cpu, server, begin := exactCPU(v.b, v.python), time.Duration(0), time.Now()
	if v.server != nil {
		server = exactCPU(v.b, v.server)
	}
	// Neuroglancer's server is spared the word that something has changed: it would find all labels anew for each mesh.
	v.python.say(map[string]any{"do": "loop", "hz": 60, "seconds": benchTime.Seconds(), "changed": v.server != nil})
	var a asked
	v.python.read(&a)
	took := time.Since(begin).Seconds()
	l.cpu = (exactCPU(v.b, v.python) - cpu).Seconds() / took
	if v.server != nil {
		l.server = (exactCPU(v.b, v.server) - server).Seconds() / took
	}
	stop()
	l.took, l.late = a.MS, a.Late
	l.took.sort()
	l.late.sort()
	return l
}

// look has browsers look until the function that it returns is called: each shows some chunks, asks for all of
// them again when it is told to, moves, and asks for meshes.
func (v *volumes) look() func() {
	ctx, cancel := context.WithCancel(v.b.Context())
	var all sync.WaitGroup
	for n := range lookers {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		shown := v.inView(rng)
		if v.server != nil {
			all.Go(func() { v.watch(ctx, shown, nil) })
		} else {
			v.tolerate(ctx, shown, nil)
		}
		all.Go(func() {
			var body bytes.Buffer
			pan, mesh := time.NewTicker(panEvery), time.NewTicker(meshEvery)
			defer pan.Stop()
			defer mesh.Stop()
			for {
				path := ""
				select {
				case <-ctx.Done():
					return
				case <-pan.C:
					v.tolerate(ctx, []string{v.anyChunk(rng)}, nil)
					path = v.anyChunk(rng)
				case <-mesh.C:
					path = fmt.Sprintf("/neuroglancer/mesh/%s/%d", v.keys["labels"], 1+rng.IntN(352))
				}
				v.note(ctx, v.fetch(ctx, path, &body))
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
		v.client.CloseIdleConnections()
	}
}

func (v *volumes) anyChunk(rng *rand.Rand) string {
	side := liveSide / chunkSide
	return v.chunkAt("image", 1, [3]int{rng.IntN(side) * chunkSide, rng.IntN(side) * chunkSide, rng.IntN(side) * chunkSide})
}

// inView are the chunks that a browser shows: the first one, which has the stamp, and others.
func (v *volumes) inView(rng *rand.Rand) []string {
	out := []string{v.chunkAt("image", 1, [3]int{})}
	for len(out) < inView {
		if next := v.anyChunk(rng); !slices.Contains(out, next) {
			out = append(out, next)
		}
	}
	return out
}

// note tells of an error, unless it comes of the end.
func (v *volumes) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		v.b.Error(err)
	}
}

// tolerate asks for chunks over the connections of a browser; each is handed to see.
func (v *volumes) tolerate(ctx context.Context, paths []string, see func(path string, chunk []byte)) {
	var asking sync.WaitGroup
	next := make(chan string, len(paths))
	for _, path := range paths {
		next <- path
	}
	close(next)
	for range min(connections, len(paths)) {
		asking.Go(func() {
			var body bytes.Buffer
			for path := range next {
				err := v.fetch(ctx, path, &body)
				v.note(ctx, err)
				if err == nil && see != nil {
					see(path, body.Bytes())
				}
			}
		})
	}
	asking.Wait()
}

// watch is a browser with an open view: it asks for what it shows whenever the view says that it is new.
func (v *volumes) watch(ctx context.Context, shown []string, see func(path string, chunk []byte)) {
	events, err := v.events(ctx, v.view)
	if err != nil {
		v.note(ctx, err)
		return
	}
	last := uint64(0)
	for {
		e, err := events()
		if err != nil {
			v.note(ctx, err)
			return
		}
		if g, ok := e.generation(v.keys["image"]); ok && g != last {
			last = g
			v.tolerate(ctx, shown, see)
		}
	}
}

// seen is how many milliseconds each change takes to be in a view that somebody has open.
func (v *volumes) seen(rare, restless bool) quantiles {
	v.b.Helper()
	ctx, cancel := context.WithCancel(v.b.Context())
	type arrival struct{ stamp, at float64 }
	var mu sync.Mutex // guards arrivals
	var arrivals []arrival
	rng := rand.New(rand.NewPCG(9, 9))
	shown := v.inView(rng)
	var all sync.WaitGroup
	all.Go(func() {
		v.watch(ctx, shown, func(path string, chunk []byte) {
			if path == shown[0] {
				mu.Lock()
				defer mu.Unlock()
				arrivals = append(arrivals, arrival{math.Float64frombits(binary.LittleEndian.Uint64(chunk)), float64(time.Now().UnixMicro()) / 1e6})
			}
		})
	})
	time.Sleep(time.Second) // it is loaded
	if restless {
		all.Go(func() {
			var body bytes.Buffer
			for tick := time.NewTicker(restlessGap); ctx.Err() == nil; <-tick.C {
				v.note(ctx, v.fetch(ctx, v.anyChunk(rng), &body))
			}
		})
	}
	var stamps []float64
	if rare {
		for range max(3, int(2**benchTime/rareChange)) {
			stamps = append(stamps, float64(time.Now().UnixMicro())/1e6)
			v.python.say(map[string]any{"do": "write", "stamp": stamps[len(stamps)-1]})
			v.python.read(new(struct{}))
			time.Sleep(rareChange + time.Duration(rng.IntN(300))*time.Millisecond)
		}
	} else {
		v.python.say(map[string]any{"do": "loop", "hz": 60, "seconds": 2 * benchTime.Seconds(), "changed": true})
		var a asked
		v.python.read(&a)
		stamps = a.Stamps
		time.Sleep(3 * time.Second)
	}
	cancel()
	all.Wait()
	v.client.CloseIdleConnections()
	var took quantiles
	next := 0
	for _, stamp := range stamps {
		for next < len(arrivals) && arrivals[next].stamp < stamp {
			next++
		}
		if next == len(arrivals) {
			v.b.Errorf("%d of %d changes were not seen", len(stamps)-len(took), len(stamps))
			break
		}
		took = append(took, 1e3*(arrivals[next].at-stamp))
	}
	took.sort()
	return took
}
