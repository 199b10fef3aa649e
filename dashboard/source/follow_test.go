package source_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/source"
	"webmon/shm"
)

// followed is a process that is followed.
type followed struct {
	die   context.CancelFunc // as far as its announcement tells
	begun chan struct{}
	over  chan struct{}
}

func follow(r *source.Registry, t source.Target) *followed {
	ctx, cancel := context.WithCancel(context.Background())
	f := &followed{cancel, make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(f.over)
		r.Follow(ctx, t, func() { close(f.begun) })
	}()
	return f
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestFollow attaches again for as long as the process lives, and no longer.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all sync.Map
		r := registryOf(t, source.Options{}, &all)
		first := newProcess("cam", 1)
		all.Store("a", first)
		f := follow(r, source.Target{Name: "cam", Kind: shm.KindPython, Address: "a"})
		<-f.begun
		<-first.sink
		src := r.Get("cam")
		if src == nil || !src.Connected(time.Now()) {
			t.Fatal("not attached")
		}
		if same, err := r.Attach(t.Context(), source.Target{Kind: shm.KindNapari, Address: "a"}); same != src || err != nil {
			t.Errorf("handed over what is followed: %v, %v", same, err)
		}
		// webmon lost it, and it is alive.
		first.end <- shm.ErrGone
		again := newProcess("cam", 1)
		all.Store("a", again)
		sink := <-again.sink
		if st := src.Status(time.Now()); !st.Running || st.Starts != 2 {
			t.Errorf("attached again: %+v", st)
		}
		// It died, and its connections do not tell.
		sink.State("stage", "last")
		f.die()
		<-f.over
		st := src.Status(time.Now())
		if st.Running || !strings.Contains(st.Problem, "killed") {
			t.Errorf("after its death: running %v, %q", st.Running, st.Problem)
		}
		if v, _, _ := src.State("stage"); v != "last" {
			t.Errorf("its last state is %v", v)
		}
		// One that starts again takes its place.
		third := newProcess("cam", 2)
		all.Store("b", third)
		g := follow(r, source.Target{Name: "cam", Kind: shm.KindPython, Address: "b"})
		<-third.sink
		if st := src.Status(time.Now()); !st.Running || st.PID != 2 {
			t.Errorf("started again: %+v", st)
		}
		// It says itself that it ends: nobody asks it any more.
		third.end <- shm.ErrEnded
		all.Store("b", newProcess("cam", 2))
		time.Sleep(time.Hour)
		if st := src.Status(time.Now()); st.Running || st.Starts != 3 {
			t.Errorf("after its end: %+v", st)
		}
		if closed(g.over) {
			t.Error("Follow has returned although the process lives")
		}
		g.die()
		<-g.over
	})
}

// TestFollowOneThatDoesNotAnswer shows it, and gives its place to another.
func TestFollowOneThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all sync.Map
		r := registryOf(t, source.Options{}, &all)
		f := follow(r, source.Target{Name: "cam", Kind: shm.KindPython, Address: "a"})
		<-f.begun
		src := r.Get("cam")
		if src == nil {
			t.Fatal("nothing is shown of it")
		}
		if st := src.Status(time.Now()); st.Running || !strings.Contains(st.Problem, "Nobody listens") {
			t.Errorf("%+v", st)
		}
		other := newProcess("cam", 2)
		all.Store("b", other)
		g := follow(r, source.Target{Name: "cam", Kind: shm.KindPython, Address: "b"})
		<-other.sink
		if st := src.Status(time.Now()); st.PID != 2 {
			t.Errorf("the place is %+v", st)
		}
		late := newProcess("cam", 1)
		all.Store("a", late)
		<-late.sink
		if st := r.Get("cam-2"); st == nil || st.Status(time.Now()).PID != 1 {
			t.Error("the late one has no name of its own")
		}
		for _, f := range []*followed{f, g} {
			f.die()
			<-f.over
		}
	})
}

// TestManyAtOnce attaches to all of them, whichever is slow.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		p := newProcess("fast", 1)
		r, err := source.NewRegistry(source.Options{Logger: slog.New(slog.DiscardHandler), Attach: func(ctx context.Context, target source.Target) (shm.Source, error) {
			if target.Address == "slow" {
				select {
				case <-slow:
				case <-ctx.Done():
				}
				return newProcess("slow", 2), ctx.Err()
			}
			return p, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		f := follow(r, source.Target{Name: "slow", Address: "slow"})
		g := follow(r, source.Target{Name: "fast", Address: "fast"})
		<-g.begun
		if closed(f.begun) {
			t.Error("the slow one is attached")
		}
		r.Close() // ends everything, also what is under way
		<-f.over
		<-g.over
		late := follow(r, source.Target{Name: "late", Address: "late"})
		<-late.over
	})
}

// TestWithoutFrames: a process that sends none is well while it answers.
func TestWithoutFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("cam", 1)
		p.info.Kind = shm.KindPython
		r := registry(t, source.Options{}, map[string]*process{"a": p})
		src, sink := attach(t, r, p, source.Target{Name: "cam", Kind: shm.KindPython, Address: "a"})
		answer := func(n int) {
			for range n {
				time.Sleep(time.Second)
				sink.Cost(shm.Cost{Calls: 1})
			}
		}
		answer(60)
		if st := src.Status(time.Now()); !st.Connected || st.Silent || st.Stale || st.Framed || st.Age > time.Second {
			t.Errorf("while it answers: %+v", st)
		}
		// A first read has what it waits for as soon as all states are there.
		sink.State("a", int64(1))
		sink.State("b", int64(1))
		time.Sleep(time.Second)
		asked := time.Now()
		go func() {
			time.Sleep(time.Millisecond)
			sink.State("a", int64(2))
			time.Sleep(time.Millisecond)
			sink.State("b", int64(2))
		}()
		src.Await(t.Context(), asked)
		if took := time.Since(asked); took != 2*time.Millisecond {
			t.Errorf("a read took %v", took)
		}
		time.Sleep(10 * time.Second)
		if st := src.Status(time.Now()); st.Connected || !st.Stale || !st.Running {
			t.Errorf("while it does not answer: %+v", st)
		}
		answer(1)
		if st := src.Status(time.Now()); !st.Connected {
			t.Errorf("once it answers again: %+v", st)
		}
		var words []string
		for _, h := range src.Happened() {
			words = append(words, h.Kind)
		}
		if got := strings.Join(words, " "); got != "start stale resume" {
			t.Errorf("timeline %q", got)
		}
		r.Close()
	})
}
