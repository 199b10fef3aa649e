package model

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/sourcetest"
)

// kept is a family of models that do nothing.
type kept struct {
	infos  []shm.ModelInfo
	opened []string
}

func (k *kept) list() []shm.ModelInfo { return k.infos }
func (k *kept) ready(context.Context) {}
func (k *kept) close()                {}
func (k *kept) open(_ context.Context, key string) (shm.Source, error) {
	k.opened = append(k.opened, key)
	return idle{}, nil
}

// idle is a source that waits for its end.
type idle struct{}

func (idle) Info() shm.Info                                { return shm.Info{Name: "idle", Kind: shm.KindModel} }
func (idle) Actions() []shm.Action                         { return nil }
func (idle) Command(shm.Command, func(shm.Status, string)) {}
func (idle) Run(ctx context.Context, _ shm.Sink) error {
	<-ctx.Done()
	return nil
}

func infos(keys ...string) (out []shm.ModelInfo) {
	for _, k := range keys {
		out = append(out, shm.ModelInfo{Key: k})
	}
	return out
}

func TestKeysAreTold(t *testing.T) {
	mine, other, builtin := &kept{infos: infos("waves", "becflow")}, &kept{infos: infos("waves")}, &kept{infos: infos("becflow", "becsoliton")}
	c := &Catalogue{
		opts: Options{Grace: time.Minute}, builtin: builtin,
		named: []named{{Spec{Model: "a.py"}, mine}, {Spec{Model: "b.py"}, other}},
	}
	var keys []string
	for _, info := range c.List() {
		keys = append(keys, info.Key)
	}
	// What is part of webmon keeps its address whatever people name.
	if want := []string{"waves", "becflow-2", "waves-2", "becflow", "becsoliton"}; !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	for _, key := range keys {
		if _, err := c.Open(t.Context(), key, nil); err != nil {
			t.Errorf("opening %s: %v", key, err)
		}
	}
	if !slices.Equal(mine.opened, []string{"waves", "becflow"}) || !slices.Equal(other.opened, []string{"waves"}) {
		t.Errorf("opened %v and %v under their own keys, want waves and becflow, and waves", mine.opened, other.opened)
	}
	if _, err := c.Open(t.Context(), "nothing", nil); err == nil {
		t.Error("a model that does not exist was opened")
	}
}

func TestSpecCheck(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mine.py")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, tt := range []struct{ model, want, problem string }{
		{"mine.py", file, ""},
		{file, file, ""},
		{"tcp://127.0.0.1:9000", "tcp://127.0.0.1:9000", ""},
		{"tcp://[::1]:9000", "tcp://[::1]:9000", ""},
		{"tcp://127.0.0.1", "", "not tcp://host:port"},
		{"tcp://:9000", "", "not tcp://host:port"},
		{"tcp://a:99999", "", "not tcp://host:port"},
		{"http://a:1", "", "neither a Python file nor"},
		{"other.py", "", "there is no file other.py"},
		{dir, "", "is not a Python file"},
		{"mine.txt", "", "there is no file"},
	} {
		s := Spec{Model: tt.model}
		err := s.Check()
		if err != nil != (tt.problem != "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
			t.Errorf("%s: %v, want %q", tt.model, err, tt.problem)
		}
		if err == nil && !samePath(s.Model, tt.want) {
			t.Errorf("%s became %s, want %s", tt.model, s.Model, tt.want)
		}
	}
}

func samePath(a, b string) bool {
	ra, errA := filepath.EvalSymlinks(a)
	rb, errB := filepath.EvalSymlinks(b)
	return a == b || errA == nil && errB == nil && ra == rb
}

// A run lasts while somebody looks, and somewhat longer.
func TestVisited(t *testing.T) {
	const grace = 200 * time.Millisecond
	run := func(v *visited, sink shm.Sink) (ended chan error) {
		ended = make(chan error, 1)
		go func() { ended <- v.Run(t.Context(), sink) }()
		return ended
	}
	wait := func(ended chan error, what string) {
		t.Helper()
		select {
		case err := <-ended:
			if !errors.Is(err, shm.ErrEnded) {
				t.Errorf("%s: it ended with %v, want shm.ErrEnded", what, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: it goes on", what)
		}
	}
	still := func(ended chan error, what string) {
		t.Helper()
		select {
		case err := <-ended:
			t.Fatalf("%s: it ended with %v", what, err)
		case <-time.After(4 * grace):
		}
	}

	t.Run("nobody", func(t *testing.T) {
		wait(run(&visited{Source: idle{}, grace: grace}, sourcetest.NewSink()), "nobody ever came")
	})
	t.Run("watchers", func(t *testing.T) {
		var n atomic.Int64
		n.Store(1)
		ended := run(&visited{Source: idle{}, grace: grace, watchers: func() int { return int(n.Load()) }}, sourcetest.NewSink())
		still(ended, "with a watcher")
		n.Store(0)
		wait(ended, "after the watcher")
	})
	t.Run("demand", func(t *testing.T) {
		sink := sourcetest.NewSink()
		sink.Want(shm.TopicModel, 60)
		ended := run(&visited{Source: idle{}, grace: grace}, sink)
		still(ended, "with demand")
		sink.Want(shm.TopicModel, 0)
		wait(ended, "after the demand")
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := (&visited{Source: idle{}, grace: grace}).Run(ctx, sourcetest.NewSink()); err != nil {
			t.Errorf("told to stop it returned %v, want nil", err)
		}
	})
	t.Run("failure", func(t *testing.T) {
		err := (&visited{Source: broken{}, grace: grace}).Run(t.Context(), sourcetest.NewSink())
		if !errors.Is(err, shm.ErrGone) {
			t.Errorf("a run that broke off returned %v, want its own error", err)
		}
	})
}

type broken struct{ idle }

func (broken) Run(context.Context, shm.Sink) error { return fmt.Errorf("broken: %w", shm.ErrGone) }
