package source_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"webmon/dashboard/source"
	"webmon/shm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// process is a source whose every word the test says.
type process struct {
	info shm.Info
	sink chan shm.Sink // gives the sink once Run has begun
	end  chan error
}

func newProcess(name string, pid int) *process {
	return &process{
		info: shm.Info{Name: name, Kind: shm.KindNapari, PID: pid, Instance: fmt.Sprint(name, pid)},
		sink: make(chan shm.Sink, 1), end: make(chan error, 1),
	}
}

func (p *process) Info() shm.Info        { return p.info }
func (p *process) Actions() []shm.Action { return nil }
func (p *process) Run(ctx context.Context, sink shm.Sink) error {
	p.sink <- sink
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.end:
		return err
	}
}
func (p *process) Command(_ shm.Command, report func(shm.Status, string)) { report(shm.Taken, "") }

// registry returns a registry that attaches the processes by their address.
func registry(t *testing.T, opts source.Options, processes map[string]*process) *source.Registry {
	t.Helper()
	var all sync.Map
	for address, p := range processes {
		all.Store(address, p)
	}
	return registryOf(t, opts, &all)
}

// registryOf is registry for processes that may still come.
func registryOf(t *testing.T, opts source.Options, processes *sync.Map) *source.Registry {
	t.Helper()
	opts.Attach = func(_ context.Context, target source.Target) (shm.Source, error) {
		p, ok := processes.LoadAndDelete(target.Address) // a process starts once
		if !ok {
			return nil, errors.New("nobody listens on " + target.Address)
		}
		return p.(*process), nil
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	r, err := source.NewRegistry(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func attach(t *testing.T, r *source.Registry, p *process, target source.Target) (*source.Source, shm.Sink) {
	t.Helper()
	src, err := r.Attach(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return src, <-p.sink
}

// A demo that nobody has asked for goes with the first process that is attached, and never comes
// back; one that was asked for stays. Simulations and maps drive away neither.
func TestTheDemoYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		demo, kept, model, napari := newProcess("demo", 1), newProcess("demo", 2), newProcess("waves", 3), newProcess("napari", 4)
		demo.info.Kind, kept.info.Kind, model.info.Kind = shm.KindDemo, shm.KindDemo, shm.KindModel
		var removed []string
		r := registry(t, source.Options{Removed: func(s *source.Source) { removed = append(removed, s.ID()) }},
			map[string]*process{"": demo, "kept": kept, "model": model, "napari": napari, "late": newProcess("demo", 5)})
		attach(t, r, demo, source.Target{Name: "demo", Kind: shm.KindDemo, Yields: true})
		attach(t, r, kept, source.Target{Name: "demo", Kind: shm.KindDemo, Address: "kept"})
		attach(t, r, model, source.Target{Name: "waves", Kind: shm.KindModel, Address: "model"})
		synctest.Wait()
		if len(removed) > 0 || r.Yielded("demo") {
			t.Fatalf("%v went although nothing real is attached", removed)
		}
		time.Sleep(time.Second)
		src, _ := attach(t, r, napari, source.Target{Name: "napari", Address: "napari"})
		synctest.Wait()
		if !slices.Equal(removed, []string{"demo"}) || !r.Yielded("demo") || r.Get("demo") != nil || r.Default() != src {
			t.Errorf("with a napari %q went, the default is %q", removed, r.Default().ID())
		}
		if s := r.Get("demo-2"); s == nil || !s.Running() || r.Yielded("demo-2") {
			t.Error("the demo that was asked for went too")
		}
		if s, err := r.Attach(t.Context(), source.Target{Name: "demo", Kind: shm.KindDemo, Address: "late", Yields: true}); s != nil || err != nil {
			t.Errorf("a demo that is late is shown: %v, %v", s, err)
		}
		napari.end <- shm.ErrGone
		time.Sleep(time.Minute)
		if r.Get("demo") != nil {
			t.Error("the demo takes the place of a napari that is gone")
		}
	})
}

func TestANapariThatStartsAgainContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newProcess("napari", 100), newProcess("napari", 200)
		r := registry(t, source.Options{}, map[string]*process{"one": first, "two": second})
		src, sink := attach(t, r, first, source.Target{Name: "napari", Address: "one"})
		if src.ID() != "napari" {
			t.Fatalf("id %q, want napari", src.ID())
		}
		sink.State("poll", "old")
		sink.Event(shm.Event{Topic: "frame_time", Value: map[string]shm.Value{"delta_ms": 16.0}})
		sink.Frame(0)
		first.end <- shm.ErrGone
		synctest.Wait()
		st := src.Status(time.Now())
		if st.Running || st.Connected || !strings.Contains(st.Problem, "killed") {
			t.Errorf("after the crash: running %v, connected %v, %q", st.Running, st.Connected, st.Problem)
		}
		if v, _, _ := src.State("poll"); v != "old" {
			t.Errorf("the last state of a process that is gone is %v, want it kept", v)
		}

		time.Sleep(30 * time.Second)
		again, sink := attach(t, r, second, source.Target{Name: "napari", Address: "two"})
		if again != src {
			t.Fatalf("the second napari became %q", again.ID())
		}
		sink.Event(shm.Event{Topic: "frame_time", Value: map[string]shm.Value{"delta_ms": 17.0}})
		if n := src.Series("frame_time.delta_ms").Total(); n != 2 {
			t.Errorf("%d frame times, want those of both", n)
		}
		if v, _, _ := src.State("poll"); v != nil {
			t.Errorf("the new process shows the old one's tiles: %v", v)
		}
		if st := src.Status(time.Now()); st.Starts != 2 || !st.Running || st.PID != 200 {
			t.Errorf("starts %d, running %v, pid %d", st.Starts, st.Running, st.PID)
		}
		var kinds []string
		for _, h := range src.Happened() {
			kinds = append(kinds, h.Kind)
		}
		if got := strings.Join(kinds, " "); got != "start end start" {
			t.Errorf("timeline %q", got)
		}
		if marks := src.Marks(); len(marks) != 2 {
			t.Errorf("marks %v, want the end and the new start", marks)
		}
		r.Close()
	})
}

func TestTwoAtOnceGetTwoNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := newProcess("My Scope!", 1), newProcess("My Scope!", 2), newProcess("My Scope!", 3)
		r := registry(t, source.Options{}, map[string]*process{"a": a, "b": b, "c": c})
		one, _ := attach(t, r, a, source.Target{Address: "a"})
		time.Sleep(time.Second)
		two, _ := attach(t, r, b, source.Target{Address: "b"})
		if one.ID() != "my-scope" || two.ID() != "my-scope-2" {
			t.Fatalf("ids %q and %q", one.ID(), two.ID())
		}
		if same, err := r.Attach(t.Context(), source.Target{Address: "b"}); err != nil || same != two {
			t.Errorf("attaching the same address again gave %v, %v", same, err)
		}
		if got := r.Default(); got != two {
			t.Errorf("default is %q, want the one that started last", got.ID())
		}
		b.end <- shm.ErrEnded
		synctest.Wait()
		if got := r.Default(); got != one {
			t.Errorf("default is %q, want the one that runs", got.ID())
		}
		three, _ := attach(t, r, c, source.Target{Address: "c"})
		if three != two {
			t.Errorf("the third became %q, want the name that is free", three.ID())
		}
		r.Close()
	})
}

// Who asks for nothing else sees a process, be it gone; a simulation only while
// there is no process, and while it runs: looking at it would have it run.
func TestDefaultPrefersProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model, far, napari := newProcess("waves", 1), newProcess("far", 2), newProcess("napari", 3)
		model.info.Kind, far.info.Kind = shm.KindModel, shm.KindRemote
		r := registry(t, source.Options{}, map[string]*process{"m": model, "f": far, "n": napari})
		expect := func(when, want string, waited bool) {
			t.Helper()
			if got := r.Default().ID(); got != want || r.HasProcess() != waited {
				t.Errorf("%s: the default is %q, HasProcess %v, want %q and %v", when, got, r.HasProcess(), want, waited)
			}
		}
		expect("nothing", source.Nobody, false)
		attach(t, r, model, source.Target{Address: "m"})
		expect("a model", "waves", false)
		time.Sleep(time.Second)
		attach(t, r, far, source.Target{Address: "f"})
		expect("a model that started later", "far", false)
		far.end <- shm.ErrEnded
		synctest.Wait()
		expect("one model left", "waves", false)
		attach(t, r, napari, source.Target{Address: "n"})
		expect("a process", "napari", true)
		napari.end <- shm.ErrEnded
		synctest.Wait()
		expect("a process that is gone", "napari", true)
		if err := r.Dismiss("napari"); err != nil {
			t.Fatal(err)
		}
		expect("a model again", "waves", false)
		model.end <- shm.ErrEnded
		synctest.Wait()
		expect("models that have ended", source.Nobody, false)
		r.Close()
	})
}

func TestSilenceAndReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("napari", 1)
		r := registry(t, source.Options{}, map[string]*process{"a": p})
		src, sink := attach(t, r, p, source.Target{Address: "a"})
		time.Sleep(time.Minute)
		if st := src.Status(time.Now()); !st.Connected || !st.Silent {
			t.Errorf("before the first frame: connected %v, silent %v, want both", st.Connected, st.Silent)
		}
		sink.Frame(0)
		time.Sleep(4 * time.Second)
		if st := src.Status(time.Now()); !st.Connected || st.Silent || st.Stale {
			t.Errorf("4 s after a frame: %+v", st)
		}
		time.Sleep(2 * time.Second)
		sink.State("poll", "fetched from what hangs")
		if st := src.Status(time.Now()); st.Age != 6*time.Second {
			t.Errorf("6 s after the last frame the data is %v old", st.Age)
		}
		if st := src.Status(time.Now()); st.Connected || !st.Stale || !st.Running {
			t.Errorf("6 s after a frame: connected %v, stale %v, running %v", st.Connected, st.Stale, st.Running)
		}
		sink.Frame(0)
		if st := src.Status(time.Now()); !st.Connected {
			t.Error("not connected although frames have resumed")
		}
		var kinds []string
		for _, h := range src.Happened() {
			kinds = append(kinds, h.Kind)
		}
		if got := strings.Join(kinds, " "); got != "start stale resume" {
			t.Errorf("timeline %q", got)
		}
		r.Close()
	})
}

func TestGoneSourcesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("napari", 1)
		var removed []string
		r := registry(t, source.Options{Removed: func(s *source.Source) { removed = append(removed, s.ID()) }},
			map[string]*process{"a": p})
		if got := r.Default().ID(); got != source.Nobody {
			t.Errorf("default without sources is %q", got)
		}
		attach(t, r, p, source.Target{Address: "a"})
		if err := r.Dismiss("napari"); err == nil {
			t.Error("a running source could be dismissed")
		}
		p.end <- shm.ErrEnded
		time.Sleep(9 * time.Minute)
		if r.Get("napari") == nil {
			t.Fatal("forgotten after 9 minutes")
		}
		if r.Idle().IsZero() {
			t.Error("a registry without processes is not idle")
		}
		time.Sleep(2 * time.Minute)
		if r.Get("napari") != nil || len(removed) != 1 {
			t.Errorf("after 11 minutes: still there %v, removed %v", r.Get("napari") != nil, removed)
		}
		r.Close()
	})
}

func TestAnAddressThatPeopleNamedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var processes sync.Map
		r := registryOf(t, source.Options{}, &processes)
		target := source.Target{Name: "napari", Address: "later", Again: true}
		src, err := r.Attach(t.Context(), target)
		if err == nil || src == nil {
			t.Fatalf("attached to nothing: %v, %v", src, err)
		}
		if st := src.Status(time.Now()); st.Problem != "Nobody listens on later." {
			t.Errorf("problem %q", st.Problem)
		}
		time.Sleep(time.Hour) // people asked for it: it is not forgotten
		if r.Get("napari") == nil {
			t.Fatal("forgotten although it is waited for")
		}
		p := newProcess("napari", 7)
		processes.Store("later", p)
		time.Sleep(3 * time.Second)
		<-p.sink
		if st := src.Status(time.Now()); !st.Running || st.PID != 7 {
			t.Errorf("not attached once it was there: %+v", st)
		}
		r.Close()
	})
}

func TestAStateThatIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("napari", 1)
		r := registry(t, source.Options{}, map[string]*process{"a": p})
		src, sink := attach(t, r, p, source.Target{Address: "a"})
		sink.State("layers", []shm.Value{"one"})
		sink.State("stage", 1.0)
		sink.State("layers", nil)
		if v, at, _ := src.State("layers"); v != nil || !at.IsZero() {
			t.Errorf("the layers are %v since %v", v, at)
		}
		if all := src.States(); len(all) != 1 || all["stage"] != 1.0 {
			t.Errorf("the states are %v", all)
		}
		r.Close()
	})
}

func TestDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("napari", 1)
		r := registry(t, source.Options{}, map[string]*process{"a": p})
		src, sink := attach(t, r, p, source.Target{Address: "a"})
		changed := func() bool {
			select {
			case <-sink.DemandChanged():
				return true
			default:
				return false
			}
		}
		if sink.Demand("poll") != 0 {
			t.Error("wanted by nobody, and asked for")
		}
		release := src.Want("poll")
		if !changed() || sink.Demand("poll") != 60 || sink.Demand("other") != 0 {
			t.Error("a feed's wish did not arrive")
		}
		release()
		release() // once is enough, twice does no harm
		if !changed() || sink.Demand("poll") != 0 {
			t.Error("a wish that was withdrawn stays")
		}
		if fresh := src.Read(time.Now()); fresh || !changed() || sink.Demand("poll") == 0 {
			t.Error("a read of the API does not count as watching")
		}
		time.Sleep(4 * time.Second)
		if fresh := src.Read(time.Now()); !fresh {
			t.Error("a second read within 5 s is not fresh")
		}
		time.Sleep(6 * time.Second)
		if sink.Demand("poll") != 0 || !changed() {
			t.Error("a read counts for longer than 5 s")
		}
		defer src.Want(source.All)()
		if sink.Demand("anything") != 60 {
			t.Error("a wish for all is none for one")
		}
		r.Close()
	})
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("napari", 1)
		r := registry(t, source.Options{}, map[string]*process{"a": p})
		src, sink := attach(t, r, p, source.Target{Address: "a"})
		start := time.Now()
		go func() {
			time.Sleep(time.Second)
			sink.State("poll", "now")
		}()
		src.Await(t.Context(), start)
		if d := time.Since(start); d != time.Second {
			t.Errorf("waited %v, want 1 s", d)
		}
		src.Await(t.Context(), start) // it has come already
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		src.Await(ctx, time.Now())
		if d := time.Since(start); d != time.Second+time.Minute {
			t.Errorf("waited %v for what never came", d)
		}

		// What was under way when it was asked is no answer, unless nothing else
		// follows.
		asked := time.Now()
		go func() {
			time.Sleep(time.Second)
			sink.State("filter", "old")
			sink.Frame(0)
			time.Sleep(time.Second)
			sink.Frame(0)
		}()
		src.Await(t.Context(), asked)
		if d := time.Since(asked); d != 2*time.Second {
			t.Errorf("waited %v, want 2 s", d)
		}
		r.Close()
	})
}

func TestNothingGrowsWithoutBound(t *testing.T) {
	p := newProcess("napari", 1)
	r := registry(t, source.Options{}, map[string]*process{"a": p})
	src, sink := attach(t, r, p, source.Target{Address: "a"})
	for i := range 1000 {
		sink.State(fmt.Sprint("state", i), int64(i))
		sink.Event(shm.Event{Topic: fmt.Sprint("event", i), Value: map[string]shm.Value{"x": 1.0}})
		sink.Notice(fmt.Sprint("key", i), "text")
	}
	st := src.Status(time.Now())
	if len(st.Topics) > 512 || len(src.SeriesNames()) > 64 || len(st.Notices) > 33 {
		t.Errorf("%d topics, %d series, %d notices kept", len(st.Topics), len(src.SeriesNames()), len(st.Notices))
	}
}

// What a process sent before webmon came stands where it belongs in time, and
// tells nothing of the rate now.
func TestThePastIsHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("scope", 1)
		r := registry(t, source.Options{}, map[string]*process{"one": p})
		src, sink := attach(t, r, p, source.Target{Name: "scope", Address: "one"})
		send := func(ago time.Duration, ms float64, past bool) {
			stamp := float64(time.Now().Add(-ago).UnixMicro()) / 1e6
			sink.Event(shm.Event{Topic: "exposure", Stamp: stamp, Past: past, Value: map[string]shm.Value{"ms": ms}})
		}
		send(time.Hour, 0, true) // longer ago than anything is kept
		send(10*time.Minute, 1, true)
		send(10*time.Second, 2, true)
		send(0, 3, false)
		send(5*time.Second, 4, true) // out of order
		info, ok := src.Event("exposure", time.Now())
		if !ok || info.Count != 3 || len(info.Recent) != 3 {
			t.Fatalf("%d messages, %d of them shown, want 3", info.Count, len(info.Recent))
		}
		if ago := time.Since(info.Recent[0].Time); ago != 10*time.Minute {
			t.Errorf("the first is %v old, want 10 min", ago)
		}
		if info.Rate > 1 {
			t.Errorf("the rate is %v, and one message came this second", info.Rate)
		}
		var b strings.Builder
		err := src.History("exposure").WriteJSON(&b, time.Now().Add(-time.Minute))
		if err != nil || strings.Count(b.String(), `"ms"`) != 2 {
			t.Errorf("the last minute is %s, %v, want two messages", b.String(), err)
		}
		if stats := src.Series("exposure.ms").Stats(15*time.Minute, time.Now()); stats.Count != 3 || stats.Last != 3 {
			t.Errorf("the series has %d values, the last %v; want 3 and 3", stats.Count, stats.Last)
		}
	})
}

// The largest size that anybody needs counts, and nobody's as soon as somebody needs all.
func TestSizes(t *testing.T) {
	src := registry(t, source.Options{}, nil).Get(source.Nobody)
	topic := shm.ArrayTopic("canvas")
	is := func(what string, rows, cols int) {
		t.Helper()
		if r, c := src.Size(topic); r != rows || c != cols {
			t.Errorf("%s: %d x %d, want %d x %d", what, r, c, rows, cols)
		}
	}
	is("nobody looks", 0, 0)
	wide, tall := src.WantUpTo(64, 512, topic), src.WantUpTo(256, 64, topic)
	is("two look", 256, 512)
	all := src.Want(topic)
	is("a third one needs all", 0, 0)
	all()
	is("the third one has gone", 256, 512)
	again := src.WantUpTo(64, 512, topic)
	wide()
	wide()
	is("one of two that need the same has gone", 256, 512)
	again()
	is("both have gone", 256, 64)
	tall()
	is("nobody looks any more", 0, 0)
	if src.Demand(topic) != 0 {
		t.Error("the array is wanted")
	}
}
