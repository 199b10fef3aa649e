package process_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// Whoever asks has what the process had then, also of what nobody watches: values,
// those that it works out only while somebody wants them, topics that nobody has heard
// of, arrays, and what it has sent.
func TestRefresh(t *testing.T) {
	t.Parallel()
	p := naparitest.StartPackage(t, "numpy2", "")
	var at struct{ Address, Authkey string }
	p.Run(`
import queue, threading
p = webmon.Process("scope", launch=False)
truth, questions = 0, queue.Queue()
p.set("stage", 0)
p.set("lazy", 0)
def answer():
    while True:
        questions.get()
        asks = p.asked()
        if p.wanted("lazy"):
            p.set("lazy", truth)
        p.answer(asks)
threading.Thread(target=answer, daemon=True).start()
p._adopt(webmon._orders.Host(lambda: questions.put(None), lambda: None), None)
camera = p.share("camera", (4, 4), "uint8")
out = offered()`, &at)
	r := run(t, attach(t, process.Options{Address: at.Address, Authkey: []byte(at.Authkey)}))
	r.sink.Wait(t, "all of it", func() bool {
		_, n := r.sink.Latest("stage")
		return n > 0 && sharedArray(r.sink, "camera") != nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), sourcetest.Timeout)
	defer cancel()
	state := func(name string) string {
		v, _ := r.sink.Latest(name)
		return fmt.Sprint(v)
	}
	for i := 1; i <= 10; i++ {
		switch {
		case i == 4: // as a read of the API
			r.sink.Want("lazy", 10)
			r.sink.Want(shm.TopicArrays, 10)
		case i == 8:
			r.sink.Want("lazy", 0)
		}
		p.Run(fmt.Sprintf(`
truth = %[1]d
p.set("stage", truth)
p.set("new%[1]d", truth)
p.send("moved", {"to": truth})
camera.resize((4, 4 + truth))
other = p.share("other%[1]d", (2,), "uint8")`, i), nil)
		r.Refresh(ctx, nil)
		got := fmt.Sprintln(state("stage"), state(fmt.Sprint("new", i)), r.sink.Count("moved"), sharedArray(r.sink, "camera").Shape, sharedArray(r.sink, fmt.Sprint("other", i)) != nil)
		if want := fmt.Sprintln(i, i, 3*i-2, []int{4, 4 + i}, true); got != want {
			t.Errorf("asked for all it is %s, want %s", got, want)
		}
		if lazy := state("lazy"); i >= 4 && i < 8 && lazy != fmt.Sprint(i) {
			t.Errorf("what is worked out for those who want it is %s, want %d", lazy, i)
		}
		p.Run(fmt.Sprintf(`p.set("stage", %d); p.send("moved", {"to": 0})`, 100*i), nil)
		r.Refresh(ctx, []string{"stage"})
		if got := state("stage"); got != fmt.Sprint(100*i) {
			t.Errorf("asked for alone it is %s, want %d", got, 100*i)
		}
		p.Run(`p.send("moved", {"to": 0})`, nil)
		r.Refresh(ctx, []string{})
		if n := r.sink.Count("moved"); n != 3*i {
			t.Errorf("%d of %d events have come", n, 3*i)
		}
	}
	if ctx.Err() != nil {
		t.Error("it took too long")
	}
}

// A process that does not know the question is asked for what it has all the same, and
// one that has ended holds nobody up.
func TestRefreshOfAnOlderProcess(t *testing.T) {
	t.Parallel()
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Set("stage", stage(0))
	r := watchPlayer(t, p, process.Options{})
	r.sink.Wait(t, "the first value", func() bool { return stageOf(r) == `{"x":0}` })
	for i := range 5 {
		p.SetQuietly("stage", stage(i))
		p.SetQuietly("later", pickle.NewDict("x", int64(i)))
		r.Refresh(t.Context(), nil)
		later, _ := r.sink.Latest("later")
		if got := stageOf(r); got != fmt.Sprintf(`{"x":%d}`, i) || fmt.Sprint(later) != fmt.Sprintf("map[x:%d]", i) {
			t.Errorf("it is %s and %v, want %d", got, later, i)
		}
	}
	r.stop(t)
	began := time.Now()
	r.Refresh(t.Context(), nil)
	if time.Since(began) > sourcetest.Timeout/2 {
		t.Error("a source that does not run holds people up")
	}
}
