//go:build linux

package hosted

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/process/naparitest"
	"webmon/shm/segment"
	"webmon/shm/sourcetest"
)

const example = "../../python/examples/models.py"

func TestMain(m *testing.M) {
	// They wait more than they compute: for processes that start, hang and end.
	flag.Parse()
	_ = flag.Set("test.parallel", "8")
	goleak.VerifyTestMain(m)
}

// running is a model that runs in a test.
type running struct {
	t    *testing.T
	src  shm.Source
	sink *sourcetest.Sink
	end  func() // ends the run, and waits for that
}

// looked are the files that tests run models of, looked into once for all.
var looked sync.Map // file and Python -> *File

// open opens a model of a file.
func open(t *testing.T, o Options, key string) shm.Source {
	t.Helper()
	if o.Python == "" {
		o.Python = naparitest.Python(t, "numpy2")
	}
	file, _ := looked.LoadOrStore(o.File+"\n"+o.Python, New(Options{File: o.File, Python: o.Python}))
	for _, k := range file.(*File).look(context.Background(), false) {
		if k.Key == key {
			return newSource(New(o), k)
		}
	}
	t.Fatalf("there is no model %s in %s", key, o.File)
	return nil
}

// run runs a model until the test ends, and sees to it that nothing is left over.
func run(t *testing.T, o Options, key string) *running {
	t.Helper()
	r := &running{t: t, src: open(t, o, key), sink: sourcetest.NewSink()}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- r.src.Run(ctx, r.sink) }()
	r.end = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-result:
			if err != nil {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(sourcetest.Timeout):
			t.Errorf("Run has not returned after %v", sourcetest.Timeout)
		}
		if pid := r.src.Info().PID; pid != 0 {
			checkGone(t, pid)
		}
	})
	t.Cleanup(func() {
		r.end()
		if t.Failed() {
			t.Log(r.sink, r.state())
		}
	})
	r.sink.Want(shm.ArrayTopic(shm.ArrayDensity), 60)
	return r
}

// checkGone fails the test unless a process, all of its group and its shared memory
// are gone.
func checkGone(t *testing.T, pid int) {
	t.Helper()
	if left := group(pid); len(left) > 0 {
		t.Errorf("processes %v of the group %d are left over", left, pid)
	}
	if left, _ := filepath.Glob(filepath.Join(segment.Dir, fmt.Sprintf("webmon-%d-*", pid))); len(left) > 0 {
		t.Errorf("shared memory is left over: %v", left)
	}
}

// group lists the processes of a group that run.
func group(pgid int) []string {
	var left []string
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); len(f) > 2 && f[2] == fmt.Sprint(pgid) && f[0] != "Z" {
			left = append(left, filepath.Base(filepath.Dir(path)))
		}
	}
	return left
}

func (r *running) state() shm.ModelState {
	v, _ := r.sink.Latest(shm.TopicModel)
	if s, ok := v.(*shm.ModelState); ok {
		return *s
	}
	return shm.ModelState{}
}

func (r *running) wait(what string, ok func() bool) {
	r.t.Helper()
	r.sink.Wait(r.t, what, ok)
}

func (r *running) phase(want shm.ModelPhase) shm.ModelState {
	r.t.Helper()
	r.wait("the phase "+string(want), func() bool { return r.state().Phase == want })
	return r.state()
}

// slow waits for a phase in which something takes long.
func (r *running) slow(want string) {
	r.t.Helper()
	r.wait("the word that "+want, func() bool { return r.state().Phase == shm.ModelSlow && strings.Contains(r.state().Problem, want) })
}

// remark waits for a remark on the page.
func (r *running) remark(want string) {
	r.t.Helper()
	r.wait("the remark "+want, func() bool { return strings.Contains(strings.Join(r.state().Remarks, "\n"), want) })
}

// pictures waits for n more.
func (r *running) pictures(n int) {
	r.t.Helper()
	begin := r.sink.Frames()
	r.wait(fmt.Sprintf("%d pictures", n), func() bool { return r.sink.Frames() >= begin+n })
}

func (r *running) frame(array string) *shm.ArrayFrame {
	v, _ := r.sink.Latest(shm.ArrayTopic(array))
	f, _ := v.(*shm.ArrayFrame)
	return f
}

func (r *running) control(name string) shm.Control {
	v, _ := r.sink.Latest(shm.TopicControls)
	list, _ := v.(shm.Controls)
	c, _ := list.Get(name)
	return c
}

// do sends a command and returns what becomes of it in the end.
func (r *running) do(name string, value ...shm.Value) (shm.Status, string) {
	r.t.Helper()
	type outcome struct {
		status shm.Status
		text   string
	}
	ended := make(chan outcome, 1)
	cmd := shm.Command{ID: "c-" + name, Name: name}
	if len(value) > 0 {
		cmd.Args = map[string]shm.Value{name: value[0]}
	}
	r.src.Command(cmd, func(status shm.Status, text string) {
		switch status {
		case shm.Applied, shm.Refused, shm.Gone:
			ended <- outcome{status, text}
		}
	})
	select {
	case o := <-ended:
		return o.status, o.text
	case <-time.After(sourcetest.Timeout):
		r.t.Fatalf("nothing has become of %s %v: %s %+v", name, value, r.sink, r.state())
	}
	return "", ""
}

// must is do for what has to be applied.
func (r *running) must(name string, value ...shm.Value) {
	r.t.Helper()
	if status, text := r.do(name, value...); status != shm.Applied {
		r.t.Fatalf("%s %v: %s: %s", name, value, status, text)
	}
}
