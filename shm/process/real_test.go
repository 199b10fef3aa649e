//go:build linux

package process_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"webmon/shm"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// tick makes a monitor script tick as napari does until the returned function
// is called, or the process ends.
func tick(t *testing.T, p *naparitest.Process) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			if err := p.Do(context.Background(), "ticks", map[string]any{"n": 4, "interval_ms": 16}, nil); err != nil {
				if !errors.Is(err, naparitest.ErrExited) {
					t.Errorf("tick: %v", err)
				}
				return
			}
		}
	})
	stop = func() {
		cancel()
		done.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// aPoll is a layer as napari 0.4.11 sends it.
var aPoll = map[string]any{"layers": map[string]any{
	"140234866534800": map[string]any{"level": 2, "rows": []int{3, 6}, "cols": []int{10, 12}},
	"140234866534999": nil,
}}

// TestConformanceMonitor runs the suite against a manager of Python's own.
func TestConformanceMonitor(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		p := naparitest.StartMonitor(t, naparitest.MonitorOptions{Python: "numpy1"})
		p.MustDo("poll", aPoll, nil)
		src := attach(t, process.Options{Address: p.Address(), PID: p.PID})
		stop := tick(t, p)
		return sourcetest.Process{
			Source:  src,
			Quit:    func() { stop(); p.Quit() },
			Kill:    func() { p.Kill() },
			State:   shm.TopicPoll,
			Command: showGrid(false),
		}
	})
}

// TestEveryPython attaches to a manager of every Python and start method.
func TestEveryPython(t *testing.T) {
	t.Parallel()
	tests := []naparitest.MonitorOptions{
		{Python: "numpy1", Method: "forkserver"},
		{Python: "numpy2", Method: "spawn"},
		{Python: "numpy2", Method: "forkserver"},
		{Python: "numpy2", Method: "fork", Protocol: 5},
	}
	for _, python := range naparitest.Pythons() {
		tests = append(tests, naparitest.MonitorOptions{Python: python})
	}
	for _, o := range tests {
		t.Run(o.Python+" "+o.Method, func(t *testing.T) {
			t.Parallel()
			p := naparitest.StartMonitor(t, o)
			r := run(t, attach(t, process.Options{Address: p.Address()}))
			info := r.Info()
			if info.PID != p.PID {
				t.Errorf("PID = %d, want %d", info.PID, p.PID)
			}
			// Without NumPy nothing is mapped that tells the folder.
			if strings.HasPrefix(o.Python, "numpy") && info.Python != p.Python {
				t.Errorf("Python = %q, want %q", info.Python, p.Python)
			}
			r.sink.Want(shm.TopicPoll, 60)
			p.MustDo("poll", aPoll, nil)
			r.sink.Wait(t, "the poll", func() bool { return r.poll() != nil && r.frames() > 0 })
			checkAPoll(t, r.poll())

			var reported []shm.Status
			var mu sync.Mutex
			r.Command(showGrid(false), func(s shm.Status, _ string) {
				mu.Lock()
				defer mu.Unlock()
				reported = append(reported, s)
			})
			got := func() []shm.Status {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(reported)
			}
			r.sink.Wait(t, "the command to be queued", func() bool { return len(got()) == 1 })
			var taken struct{ Commands []map[string]any }
			p.MustDo("poll", aPoll, &taken)
			if len(taken.Commands) != 1 || taken.Commands[0]["show_grid"] != false {
				t.Errorf("the process took %v, want show_grid false", taken.Commands)
			}
			r.sink.Wait(t, "the command to be taken", func() bool { return len(got()) == 2 })
			if want := []shm.Status{shm.Queued, shm.Taken}; !slices.Equal(got(), want) {
				t.Errorf("life of the command = %v, want %v", got(), want)
			}

			p.MustDo("message", map[string]any{"message": map[string]any{"focus": map[string]any{"z": 1.5}}}, nil)
			p.MustDo("message", map[string]any{"message": "just text"}, nil)
			r.sink.Wait(t, "messages", func() bool { return r.sink.Count(process.TopicMessage) > 0 })
			if e := r.sink.Events("focus"); len(e) != 1 || e[0].Value.(map[string]shm.Value)["z"] != 1.5 {
				t.Errorf("focus = %+v", e)
			}
			if e := r.sink.Events(process.TopicMessage); e[0].Value != "just text" {
				t.Errorf("message = %+v", e)
			}

			if err := r.stop(t); err != nil {
				t.Errorf("Run = %v after a clean stop", err)
			}
			var left struct {
				ClientData map[string]any `json:"client_data"`
			}
			p.MustDo("client", nil, &left)
			if len(left.ClientData) != 1 || left.ClientData["webmon:instance"] != info.Instance {
				t.Errorf("client_data after a clean stop = %v, want the instance alone", left.ClientData)
			}
			// An object that was given back once too often would be gone.
			p.MustDo("poll", aPoll, nil)
			p.MustDo("message", map[string]any{"message": 1}, nil)
		})
	}
}

func checkAPoll(t *testing.T, poll *shm.TilePoll) {
	t.Helper()
	l := poll.Layer("140234866534800")
	if l == nil || l.State == nil || l.Config == nil {
		t.Fatalf("layer is not there whole: %+v", poll)
	}
	if want := []int64{3, 3, 4, 4, 5, 5}; !slices.Equal(l.State.Rows, want) {
		t.Errorf("rows = %v, want %v", l.State.Rows, want)
	}
	if want := []int64{10, 11, 10, 11, 10, 11}; !slices.Equal(l.State.Cols, want) {
		t.Errorf("cols = %v, want %v", l.State.Cols, want)
	}
	if want := [2][2]float64{{3 * 1024, 10 * 1024}, {6 * 1024, 12 * 1024}}; l.State.Corners != want || !l.State.HasCorners {
		t.Errorf("corners = %v, want %v", l.State.Corners, want)
	}
	if want := (shm.TileConfig{
		BaseShape: [2]int64{65536, 65536}, ImageShape: [2]int64{16384, 16384},
		ShapeInTiles: [2]int64{64, 64}, TileSize: 256, LevelIndex: 2, IdealLevel: -1,
	}); !reflect.DeepEqual(*l.Config, want) {
		t.Errorf("config = %+v, want %+v", *l.Config, want)
	}
	if e := poll.Layer("140234866534999"); e == nil || e.State != nil || e.Config != nil {
		t.Errorf("a layer that is not drawn yet = %+v, want it without state and config", e)
	}
}

// TestEnds tells how a process went.
func TestEnds(t *testing.T) {
	t.Parallel()
	type end struct {
		name string
		do   func(p *naparitest.Process)
		want []error
	}
	ends := []end{
		{"quit", func(p *naparitest.Process) { p.Quit() }, []error{shm.ErrEnded, shm.ErrGone}},
		{"SIGKILL", func(p *naparitest.Process) { p.Kill() }, []error{shm.ErrOwner}},
		{"SIGKILL of the whole group", func(p *naparitest.Process) { p.SignalGroup(syscall.SIGKILL) }, []error{shm.ErrGone}},
		{"shutdown event", func(p *naparitest.Process) { p.MustDo("shutdown", nil, nil) }, []error{shm.ErrEnded}},
	}
	for _, method := range []string{"fork", "spawn", "forkserver"} {
		tests := ends
		if method != "fork" { // where processes are related otherwise
			tests = ends[:2]
		}
		for _, tt := range tests {
			t.Run(method+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				p := naparitest.StartMonitor(t, naparitest.MonitorOptions{Method: method})
				src := attach(t, process.Options{Address: p.Address()})
				if got := src.Info().PID; got != p.PID {
					t.Errorf("PID = %d, want %d", got, p.PID)
				}
				r := run(t, src)
				p.MustDo("poll", aPoll, nil)
				r.sink.Wait(t, "a frame", func() bool { return r.frames() > 0 })
				tt.do(p)
				err := r.wait(t)
				if !slices.ContainsFunc(tt.want, func(want error) bool { return errors.Is(err, want) }) {
					t.Errorf("Run = %v, want %v", err, tt.want)
				}
			})
		}
	}
}

// TestAHangIsNoEnd stops a process, its manager with it, for longer than any
// call may take.
func TestAHangIsNoEnd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	p := naparitest.StartMonitor(t, naparitest.MonitorOptions{})
	r := run(t, attach(t, process.Options{Address: p.Address()}))
	p.MustDo("poll", aPoll, nil)
	r.sink.Wait(t, "a frame", func() bool { return r.frames() == 1 })
	p.SignalGroup(syscall.SIGSTOP)
	r.sink.Wait(t, "the notice of a hang", func() bool { return r.sink.Noticed("hang") != "" })
	p.SignalGroup(syscall.SIGCONT)
	// What the manager took off the queue for a connection given up is lost.
	tick(t, p)
	r.sink.Wait(t, "frames after the hang", func() bool { return r.frames() >= 5 })
}

// TestTwoWebmons shares a process between two: one reads, the other says
// where, and takes over.
func TestTwoWebmons(t *testing.T) {
	t.Parallel()
	p := naparitest.StartMonitor(t, naparitest.MonitorOptions{})
	first := run(t, attach(t, process.Options{Address: p.Address(), ID: "a", URL: "http://127.0.0.1:5050/?x=1"}))
	p.MustDo("poll", aPoll, nil)
	first.sink.Wait(t, "a frame", func() bool { return first.frames() == 1 })
	second := run(t, attach(t, process.Options{Address: p.Address(), ID: "b", URL: "javascript:alert(1)"}))
	second.sink.Wait(t, "word of the other reader", func() bool { return second.sink.Noticed("reader") != "" })
	if got, want := second.Info().Reader, "http://127.0.0.1:5050/?x=1"; got != want {
		t.Errorf("Reader = %q, want %q", got, want)
	}
	if a, b := first.Info().Instance, second.Info().Instance; a != b {
		t.Errorf("the two call one process %q and %q", a, b)
	}
	// State is not used up by reading.
	second.sink.Want(shm.TopicPoll, 10)
	second.sink.Wait(t, "the poll", func() bool { return second.poll() != nil })
	for range 20 {
		p.MustDo("poll", aPoll, nil)
	}
	first.sink.Wait(t, "20 frames more", func() bool { return first.sink.Count(shm.TopicFrameTime) == 21 })
	if n := second.sink.Count(shm.TopicFrameTime); n != 0 {
		t.Errorf("the second took %d messages from the first", n)
	}
	if err := first.stop(t); err != nil {
		t.Fatal(err)
	}
	second.sink.Wait(t, "the second to take over", func() bool { return second.Info().Reader == "" })
	// The manager's thread that waited for the first may take one more message
	// to nobody.
	tick(t, p)
	second.sink.Wait(t, "frames", func() bool { return second.frames() >= 5 })
}

// TestRealNapari attaches to the real napari with octree and holds what comes
// against what napari itself knows.
func TestRealNapari(t *testing.T) {
	t.Parallel()
	p := naparitest.Start(t, naparitest.Options{Version: naparitest.Octree, Layers: 2})
	src := attach(t, process.Options{Address: p.Address()})
	info := src.Info()
	if info.Napari != p.Napari || info.Python != p.Python || info.PID != p.PID {
		t.Errorf("Info = %+v, want napari %s, Python %s, PID %d", info, p.Napari, p.Python, p.PID)
	}
	r := run(t, src)
	r.sink.Want(shm.TopicPoll, 60)

	// Nothing comes until the camera has moved; a command waits that long.
	var steps []shm.Status
	var mu sync.Mutex
	r.Command(showGrid(false), func(s shm.Status, _ string) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, s)
	})
	got := func() []shm.Status {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(steps)
	}
	// A window that gets its size late has moved the camera already.
	r.sink.Wait(t, "the command to be queued", func() bool { return len(got()) >= 1 })
	p.MustDo("wake", nil, nil)
	r.sink.Wait(t, "the command to be taken", func() bool { return len(got()) == 2 })
	r.sink.Wait(t, "30 frames", func() bool { return r.frames() >= 30 })
	r.sink.Wait(t, "chunks", func() bool { return r.sink.Count(shm.TopicLoadChunk) > 0 })
	if s := p.State(); s.Layers[0].ShowGrid && s.Layers[1].ShowGrid {
		t.Error("show_grid false did not reach any layer")
	}

	for _, tt := range []struct {
		zoom  float64
		level int
	}{{0.05, 4}, {0.2, 2}, {1, 0}} {
		p.MustDo("zoom", map[string]any{"zoom": tt.zoom}, nil)
		r.sink.Wait(t, "the same tiles as napari's", func() bool {
			state := p.State()
			return state.Layers[0].TileConfig.LevelIndex == tt.level && sameTiles(r.poll(), state)
		})
	}

	r.sink.Wait(t, "the cost", func() bool { return r.sink.LastCost().Calls > 0 })
	t.Logf("cost %+v after %d frames", r.sink.LastCost(), r.frames())
	p.Quit()
	if err := r.wait(t); !errors.Is(err, shm.ErrEnded) && !errors.Is(err, shm.ErrGone) {
		t.Errorf("Run = %v, want ErrEnded", err)
	} else {
		t.Logf("after quit: %v", err)
	}
}

func sameTiles(poll *shm.TilePoll, state naparitest.State) bool {
	for _, l := range state.Layers {
		got := poll.Layer(l.ID)
		if got == nil || got.State == nil || got.Config == nil || l.TileState == nil ||
			len(got.State.Rows) != len(l.TileState.Seen) || got.State.Corners != l.TileState.Corners ||
			got.Config.LevelIndex != int64(l.TileConfig.LevelIndex) {
			return false
		}
		for i, tile := range l.TileState.Seen {
			if got.State.Rows[i] != int64(tile[0]) || got.State.Cols[i] != int64(tile[1]) {
				return false
			}
		}
	}
	return len(state.Layers) == len(poll.Layers)
}

// TestNewestNapari attaches to a napari without octree: frames, no tiles.
func TestNewestNapari(t *testing.T) {
	t.Parallel()
	p := naparitest.Start(t, naparitest.Options{Version: naparitest.Latest})
	r := run(t, attach(t, process.Options{Address: p.Address()}))
	if info := r.Info(); info.Napari != p.Napari || info.Python != p.Python || info.PID != p.PID {
		t.Errorf("Info = %+v, want napari %s, Python %s, PID %d", info, p.Napari, p.Python, p.PID)
	}
	r.sink.Want(shm.TopicPoll, 60)
	p.MustDo("wake", nil, nil)
	r.sink.Wait(t, "30 frames", func() bool { return r.frames() >= 30 })
	r.sink.Wait(t, "the poll", func() bool { return r.poll() != nil })
	if n := len(r.poll().Layers); n != 0 {
		t.Errorf("%d layers in the poll, want none", n)
	}
	if a := r.Actions(); len(a) != 0 {
		t.Errorf("Actions = %v, want none: this napari has no show_grid", a)
	}
	p.Kill()
	if err := r.wait(t); !errors.Is(err, shm.ErrOwner) {
		t.Errorf("Run = %v, want ErrOwner: the manager lives on", err)
	}
}
