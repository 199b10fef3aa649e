package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/segment"
	"webmon/shm/sourcetest"
)

// attachPackage attaches to what the process offers with the code and runs the
// source until the test ends. done says how it went.
func attachPackage(t *testing.T, p *naparitest.Process, code string) (sink *sourcetest.Sink, done <-chan error) {
	t.Helper()
	var at struct{ Address, Authkey string }
	p.Run(code+"\nout = offered()", &at)
	src, err := process.Attach(t.Context(), process.Options{Address: at.Address, Authkey: []byte(at.Authkey)})
	if err != nil {
		t.Fatal(err)
	}
	sink = sourcetest.NewSink()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		ended <- src.Run(ctx, sink)
	}()
	t.Cleanup(func() { cancel(); <-ran })
	return sink, ended
}

func latestFrame(sink *sourcetest.Sink, name string) *shm.ArrayFrame {
	v, _ := sink.Latest(shm.ArrayTopic(name))
	f, _ := v.(*shm.ArrayFrame)
	return f
}

func firstByte(t *testing.T, f *shm.ArrayFrame) int {
	t.Helper()
	b, err := f.Reader.ReadAll(f, nil)
	if err != nil || len(b) == 0 {
		return -1
	}
	return int(b[0])
}

// The arrays of a real Python: declared, read while wanted and only then, of
// another shape, closed, and gone with their process.
func TestArrays(t *testing.T) {
	t.Parallel()
	for _, python := range []string{"numpy1", "numpy2"} {
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			p := naparitest.StartPackage(t, python, "")
			sink, done := attachPackage(t, p, `
import threading, time
p = webmon.Process("scope", launch=False)
camera = p.share("camera", (64, 48), "uint8", "yx", units="um", title="A camera")
table = p.share("table", (10,), [("x", "f4"), ("n", "i2")])
frame, ticks, stop = np.zeros((64, 48), "uint8"), 0, threading.Event()
def tick():
    global ticks
    while not stop.wait(1 / 60):
        frame[:] = ticks = ticks + 1 & 127
        camera.publish(frame)
threading.Thread(target=tick, daemon=True).start()
`)
			sink.Wait(t, "both arrays", func() bool { return sharedArray(sink, "camera") != nil && sharedArray(sink, "table") != nil })
			camera := sharedArray(sink, "camera")
			if camera.Title != "A camera" || camera.Descr != "|u1" || fmt.Sprint(camera.Shape) != "[64 48]" || camera.Stats.Problem != "" {
				t.Errorf("%+v", camera)
			}

			// Nobody wants its frames, but somebody looks how often they come.
			sink.Want(shm.TopicArrays, 1)
			sink.Wait(t, "the rate", func() bool { s := sharedArray(sink, "camera").Stats; return s.Rate > 20 && s.Published > 60 })
			var copied int
			if p.Run("out = camera.copied", &copied); copied != 0 {
				t.Errorf("%d frames were copied that nobody wanted", copied)
			}
			if f := latestFrame(sink, "camera"); f != nil {
				t.Errorf("frame %+v", f)
			}

			sink.Want(shm.ArrayTopic("camera"), 60)
			sink.Wait(t, "frames", func() bool { _, n := sink.Latest(shm.ArrayTopic("camera")); return n > 30 })
			f := latestFrame(sink, "camera")
			if f.Info.Name != "camera" || f.Seq == 0 || f.Stamp == 0 || fmt.Sprint(f.Shape) != "[64 48]" {
				t.Errorf("%+v", f)
			}
			sink.Wait(t, "what was seen", func() bool { s := sharedArray(sink, "camera").Stats; return s.Seen > 30 })

			// Another shape is another segment.
			p.Run(`stop.set(); time.sleep(0.1); camera.resize((8, 8)); frame = np.full((8, 8), 200, "uint8")`, nil)
			sink.Wait(t, "the new shape", func() bool { a := sharedArray(sink, "camera"); return fmt.Sprint(a.Shape) == "[8 8]" })
			sink.Wait(t, "a frame of it", func() bool {
				p.Run("camera.publish(frame)", nil)
				f := latestFrame(sink, "camera")
				return fmt.Sprint(f.Shape) == "[8 8]" && firstByte(t, f) == 200
			})

			// Records.
			sink.Want(shm.ArrayTopic("table"), 10)
			sink.Wait(t, "records", func() bool {
				p.Run(`r = np.zeros(3, table.dtype); r["x"] = [0.5, 1.5, 2.5]; r["n"] = [1, 2, 3]; table.publish(r)`, nil)
				return latestFrame(sink, "table") != nil
			})
			f = latestFrame(sink, "table")
			if rows, err := f.Reader.ReadRecords(f, 1, 3); err != nil || fmt.Sprint(rows) != "[[1.5 2] [2.5 3]]" {
				t.Errorf("rows %v, %v", rows, err)
			}

			// One that is closed is no more; the last frame of another outlives its
			// process, also one that was killed.
			p.Run("table.close()", nil)
			sink.Wait(t, "the end of the table", func() bool { return sharedArray(sink, "table") == nil })
			p.Kill()
			if err := <-done; !errors.Is(err, shm.ErrGone) && !errors.Is(err, shm.ErrEnded) {
				t.Errorf("the end: %v", err)
			}
			if got := firstByte(t, latestFrame(sink, "camera")); got != 200 {
				t.Errorf("the last frame begins with %d", got)
			}
		})
	}
}

// A process takes its frames back and says why, shares them again, and changes what
// it says of them, under the eyes of somebody who looks.
func TestArrayThatIsWithheld(t *testing.T) {
	t.Parallel()
	p := naparitest.StartPackage(t, "numpy2", "")
	sink, _ := attachPackage(t, p, `
p = webmon.Process("scope", launch=False)
a = p.share("a", (4, 4), "uint16", title="one")
a.withhold("Nothing is shown.")
`)
	sink.Want(shm.TopicArrays, 10)
	sink.Want(shm.ArrayTopic("a"), 1000)
	problem := func(want string) func() bool {
		return func() bool { a := sharedArray(sink, "a"); return a != nil && a.Stats.Problem == want }
	}
	sink.Wait(t, "why there is nothing", problem("Nothing is shown."))
	if a := sharedArray(sink, "a"); !a.Withheld() {
		t.Errorf("withheld, and %+v", a)
	}
	for n := range 3 {
		p.Run("a.withhold(None)", nil)
		sink.Wait(t, "that it is shared", problem(""))
		sink.Wait(t, "a frame", func() bool {
			p.Run(fmt.Sprintf("a.publish(np.full((4, 4), %d, 'uint16'))", n), nil)
			f := latestFrame(sink, "a")
			if f == nil {
				return false
			}
			b, err := f.Reader.ReadAll(f, nil)
			return err == nil && b[0] == byte(n)
		})
		generation := sharedArray(sink, "a").Generation
		p.Run(fmt.Sprintf("a.update(title='title %d', limits=(0, %d), note='a part')", n, n+1), nil)
		sink.Wait(t, "what is said of it", func() bool {
			a := sharedArray(sink, "a")
			return a.Title == fmt.Sprintf("title %d", n) && a.Limits != nil && a.Limits[1] == float64(n+1) && a.Note == "a part" && !a.Withheld()
		})
		if a := sharedArray(sink, "a"); a.Generation != generation || a.Stats.Problem != "" {
			t.Errorf("after another title: %+v", a)
		}
		p.Run("a.withhold('Gone once more.')", nil)
		sink.Wait(t, "that it is gone", problem("Gone once more."))
	}
}

// An array whose segment is not what was declared says so, and is read again once
// that is mended.
// What is wrong with a segment is said, for as long as it is.
func TestArrayProblems(t *testing.T) {
	t.Parallel()
	p := naparitest.Play(t, naparitest.PlayOptions{})
	w, err := segment.Create(segment.Spec{Name: "a", DType: "<u2", Shape: []int{4, 4}, Axes: []string{"y", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	publish := func() {
		if err := w.Publish(make([]byte, 32), segment.Frame{}); err != nil {
			t.Error(err)
		}
	}
	path := filepath.Join(segment.Dir, w.Info().Shm)
	moved := path + "-moved"
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(moved)
	described := func(more ...any) *pickle.Dict {
		return pickle.NewDict(append([]any{
			"shm", w.Info().Shm, "generation", w.Info().Generation, "dtype", "<u2", "shape", list(int64(4), int64(4)), "axes", list("y", "x"), "units", nil,
		}, more...)...)
	}
	p.Declare("arrays", pickle.NewDict("a", described()))
	p.Set("array/a", pickle.NewDict("no", "frame"))
	p.Set("later", int64(1))
	r := watchPlayer(t, p, process.Options{})
	sink := r.sink
	problem := func() string {
		if a := sharedArray(sink, "a"); a != nil {
			return a.Stats.Problem
		}
		return "nothing is declared"
	}
	sink.Want(shm.ArrayTopic("a"), 10)
	sink.Wait(t, "what is wrong", func() bool { return strings.Contains(problem(), "there is no segment") })
	sink.Wait(t, "a state", func() bool { _, n := sink.Latest("later"); return n > 0 })
	if v, n := sink.Latest(shm.ArrayTopic("a")); n > 0 {
		t.Errorf("a state under the name of an array was taken for a frame: %v", v)
	}
	if err := os.Rename(moved, path); err != nil {
		t.Fatal(err)
	}
	sink.Wait(t, "that it is mended", func() bool { return problem() == "" })
	sink.Wait(t, "a frame", func() bool { publish(); return latestFrame(sink, "a") != nil })
	// Removed by somebody, which the process that writes is told.
	if err := os.Link(path, moved); err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	os.Remove(moved)
	if err := w.Publish(make([]byte, 32), segment.Frame{}); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("a frame that nobody finds: %v", err)
	}
	sink.Wait(t, "that it is removed", func() bool {
		return strings.Contains(problem(), "was removed") || strings.Contains(problem(), "there is no segment")
	})
	// Or the process says itself that it has none.
	p.Declare("arrays", pickle.NewDict("a", pickle.NewDict(
		"shm", "", "generation", "0000000000000000", "dtype", "<u2", "shape", list(int64(4), int64(4)), "problem", "there is no room for 6 MiB")))
	sink.Wait(t, "why", func() bool {
		return problem() == "The process could not get any shared memory for it: there is no room for 6 MiB"
	})
	// A frame of an array that is not shared any more would hold the memory.
	p.Declare("arrays", pickle.NewDict())
	sink.Wait(t, "no frame", func() bool { return latestFrame(sink, "a") == nil })
}

// A segment that somebody ruins under the hands of a real Python is made again, and
// read again.
func TestRuinedSegments(t *testing.T) {
	t.Parallel()
	for _, python := range []string{"numpy1", "numpy2"} {
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			p := naparitest.StartPackage(t, python, "")
			sink, _ := attachPackage(t, p, `
import os, threading
p = webmon.Process("scope", launch=False)
a = p.share("a", (4, 4), "uint8")
stop, n = threading.Event(), 0
def tick():
    while not stop.wait(1 / 60):
        a.publish(np.full((4, 4), n, "uint8"))
threading.Thread(target=tick, daemon=True).start()
`)
			sink.Wait(t, "the array", func() bool { return sharedArray(sink, "a") != nil })
			sink.Want(shm.ArrayTopic("a"), 60)
			for i, ruin := range []string{"os.unlink(path)", "os.truncate(path, 0)", "os.rename(path, path + 'x'); os.unlink(path + 'x')"} {
				p.Run(fmt.Sprintf("n = %d", 2*i+1), nil)
				sink.Wait(t, "a frame before", func() bool { f := latestFrame(sink, "a"); return f != nil && firstByte(t, f) == 2*i+1 })
				before := sharedArray(sink, "a").Shm
				p.Run(fmt.Sprintf("path = '/dev/shm/' + a._declared()['shm']; %s; n = %d", ruin, 2*i+2), nil)
				sink.Wait(t, "a frame after "+ruin, func() bool { f := latestFrame(sink, "a"); return f != nil && firstByte(t, f) == 2*i+2 })
				sink.Wait(t, "no problem", func() bool { a := sharedArray(sink, "a"); return a.Shm != before && a.Stats.Problem == "" })
			}
			p.Run("stop.set()", nil)
		})
	}
}
