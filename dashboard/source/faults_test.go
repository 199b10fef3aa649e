package source_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/shm"
)

// unsound panics in whatever is asked of it, as long as bad is set.
type unsound struct {
	*process
	info, run, attach bool
}

func (u *unsound) Info() shm.Info {
	if u.info {
		panic("no info")
	}
	return u.process.Info()
}

func (u *unsound) Run(ctx context.Context, sink shm.Sink) error {
	if u.run {
		panic("no run")
	}
	return u.process.Run(ctx, sink)
}

// An adapter that panics has lost its connection. It is attached to again, after pauses
// that grow: also to a process that would not be tried again if it had ended.
func TestAdaptersThatPanicAreTriedAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		target source.Target
		follow bool
		bad    unsound
		again  bool
	}{
		{"a napari that has started webmon", source.Target{Name: "napari", Kind: shm.KindNapari, Address: "a"}, false, unsound{run: true}, true},
		{"whose info panics", source.Target{Name: "napari", Kind: shm.KindNapari, Address: "a"}, false, unsound{info: true}, false},
		{"an address that people gave", source.Target{Name: "napari", Kind: shm.KindNapari, Address: "a", Again: true}, false, unsound{run: true}, true},
		{"one that announces itself", source.Target{Name: "napari", Kind: shm.KindPython, Address: "a"}, true, unsound{run: true}, true},
		{"one that cannot be attached to", source.Target{Name: "napari", Kind: shm.KindPython, Address: "a"}, true, unsound{attach: true}, true},
		{"a simulation", source.Target{Name: "flow", Kind: shm.KindModel, Address: "model:flow"}, false, unsound{run: true}, false}, // with the next visit
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				faults := fault.NewLedger(slog.New(slog.NewTextHandler(&log, nil)))
				var mu sync.Mutex
				var tries []time.Time
				good := newProcess("napari", 7)
				r, err := source.NewRegistry(source.Options{
					Faults: faults, Logger: slog.New(slog.DiscardHandler),
					Attach: func(context.Context, source.Target) (shm.Source, error) {
						mu.Lock()
						defer mu.Unlock()
						tries = append(tries, time.Now())
						if len(tries) > 4 {
							return good, nil
						}
						u := test.bad
						u.process = newProcess("napari", len(tries))
						if u.attach {
							panic("no attaching")
						}
						return &u, nil
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				if test.follow {
					f := follow(r, test.target)
					defer func() { f.die(); <-f.over }()
				} else if _, err := r.Attach(t.Context(), test.target); (err != nil) != test.bad.info {
					t.Errorf("attaching says %v", err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				mu.Lock()
				n := len(tries)
				mu.Unlock()
				if strings.Count(log.String(), "stack=") != 1 {
					t.Errorf("the log has %s", log.String())
				}
				if !test.again {
					if n != 1 {
						t.Errorf("it was tried %d times", n)
					}
					return
				}
				if n != 5 {
					t.Fatalf("it was tried %d times, want 4 and the one that works", n)
				}
				select {
				case <-good.sink:
				default:
					t.Error("the one that works does not run")
				}
				src := r.Get("napari")
				if src == nil || !src.Running() {
					t.Error("it does not run")
				}
				if first, last := tries[1].Sub(tries[0]), tries[4].Sub(tries[3]); first < time.Second || last <= first && !test.target.Again || last > 30*time.Second {
					t.Errorf("the pauses go from %v to %v", first, last)
				}
			})
		})
	}
}

// What cannot be kept of what a process sends is left out, and said; what comes after it is
// kept, and no lock is left.
func TestValuesThatPanic(t *testing.T) {
	faults := fault.NewLedger(slog.New(slog.DiscardHandler))
	p := newProcess("napari", 7)
	r := registry(t, source.Options{Faults: faults}, map[string]*process{"a": p})
	src, sink := attach(t, r, p, source.Target{Name: "napari", Address: "a"})
	sink.Event(shm.Event{Topic: "bad", Value: map[string]shm.Value{"n": (*big.Int)(nil)}})
	sink.Event(shm.Event{Topic: "good", Value: map[string]shm.Value{"n": 1.0}})
	sink.State("stage", int64(1))
	if e, ok := src.Event("good", time.Now()); !ok || e.Count != 1 {
		t.Error("what came after it was not kept")
	}
	found := false
	for _, n := range src.Status(time.Now()).Notices {
		found = found || n.Key == "fault.sink" && strings.Contains(n.Text, "A message of bad has failed because of a fault in webmon")
	}
	if !found {
		t.Errorf("notices: %+v", src.Status(time.Now()).Notices)
	}
	// What becomes of a command is told in the adapter's goroutine.
	src.Command(shm.Command{ID: "1", Name: "go"}, func(shm.Status, string) { panic("nobody listens") })
	if counts := faults.Counts(); len(counts) != 2 || counts[0].Part != "command" || counts[1].Part != "sink" {
		t.Errorf("counts %v", counts)
	}
}
