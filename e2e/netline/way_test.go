package netline

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// sent has n packets of a size come at once, and returns when each came out.
func sent(t *testing.T, w *way, now time.Duration, n, size int) (out []time.Duration) {
	t.Helper()
	for range n {
		w.come(now, w.buffer()[:size])
	}
	return drained(t, w)
}

// drained lets time pass until nothing is under way, and returns when each packet came out.
func drained(t *testing.T, w *way) (out []time.Duration) {
	t.Helper()
	for range 100000 {
		at, waiting := w.due()
		if !waiting {
			return out
		}
		for b := w.next(at); b != nil; b = w.next(at) {
			out = append(out, at)
			w.release(b)
		}
	}
	t.Fatal("the line never becomes empty")
	return nil
}

func near(a, b time.Duration) bool { return (a - b).Abs() <= 10*time.Microsecond }

func TestPacketsTakeTheTimeOfTheirSize(t *testing.T) {
	w := newWay(Line{Rate: 1e6, Delay: 20 * ms}, 1)
	out := sent(t, w, 0, 5, 1000)
	if len(out) != 5 {
		t.Fatalf("%d of 5 packets came out", len(out))
	}
	for i, at := range out {
		if want := time.Duration(i+1)*ms + 20*ms; !near(at, want) {
			t.Errorf("packet %d came out after %v, want %v", i, at, want)
		}
	}
	// After a rest the line is free at once: a rest saves nothing up.
	if out := sent(t, w, time.Second, 2, 1000); len(out) != 2 || !near(out[0], time.Second+21*ms) || !near(out[1], time.Second+22*ms) {
		t.Errorf("after a rest packets came out at %v", out)
	}
	if c := w.counts; c.Came != 7 || c.Passed != 7 || c.Bytes != 7000 || c.Lost+c.Dropped != 0 {
		t.Errorf("it counts %+v", c)
	}
}

func TestQueueIsBounded(t *testing.T) {
	w := newWay(Line{Rate: 1e6, Delay: 20 * ms, Queue: 10}, 1)
	if out := sent(t, w, 0, 30, 1000); len(out) != 11 { // one is on the line
		t.Errorf("%d packets of 30 came out", len(out))
	}
	if w.counts.Dropped != 19 {
		t.Errorf("%d packets were dropped", w.counts.Dropped)
	}
	// What is on its way behind the line takes no room in the queue.
	w = newWay(Line{Rate: 1e6, Delay: time.Second, Queue: 10}, 1)
	for i := range 100 {
		w.come(time.Duration(i)*2*ms, w.buffer()[:1000])
	}
	if out := drained(t, w); len(out) != 100 {
		t.Errorf("%d packets of 100 came out of a long line", len(out))
	}
}

func TestLossIsAsOftenAsSaidAndTheSameEachTime(t *testing.T) {
	lost := func(seed uint64) (pattern []bool) {
		w := newWay(Line{Rate: 1e9, Loss: 0.01}, seed)
		for i := range 20000 {
			pattern = append(pattern, !w.come(time.Duration(i)*ms, w.buffer()[:100]))
			drained(t, w)
		}
		if n := w.counts.Lost; n < 140 || n > 260 {
			t.Errorf("%d of 20000 packets are lost", n)
		}
		if w.counts.Passed+w.counts.Lost != w.counts.Came {
			t.Errorf("it counts %+v", w.counts)
		}
		return pattern
	}
	same, other := 0, 0
	a, b, c := lost(1), lost(1), lost(2)
	for i := range a {
		if a[i] != b[i] {
			same++
		}
		if a[i] != c[i] {
			other++
		}
	}
	if same != 0 || other == 0 {
		t.Errorf("%d packets differ with the same seed, %d with another", same, other)
	}
}

func TestWhatWaitsGoesAtTheNewRateAndInOrder(t *testing.T) {
	w := newWay(Line{Rate: 1e5, Delay: 100 * ms}, 1)
	for range 10 {
		w.come(0, w.buffer()[:1000])
	}
	w.set(5*ms, Line{Rate: 1e6, Delay: ms})
	out := drained(t, w)
	if len(out) != 10 {
		t.Fatalf("%d of 10 packets came out", len(out))
	}
	// The first was on the line; the others were faster and do not overtake it.
	for i, at := range out {
		if want := 110 * ms; !near(at, want) {
			t.Errorf("packet %d came out at %v, want %v", i, at, want)
		}
	}
	if out := sent(t, w, time.Second, 1, 1000); !near(out[0], 1002*ms) {
		t.Errorf("a packet after the change came out at %v", out[0])
	}
}

func TestBuffersComeBack(t *testing.T) {
	w := newWay(Line{Rate: 1e6, Queue: 4}, 1)
	for i := range 50 {
		sent(t, w, time.Duration(i)*time.Second, 20, 1500)
	}
	if n := len(w.spare); n > 6 {
		t.Errorf("%d buffers were made for a queue of 4", n)
	}
}

func TestLinesThatCannotBe(t *testing.T) {
	for _, line := range Lines {
		if err := line.check(); err != nil {
			t.Errorf("%s: %v", line.Name, err)
		}
	}
	for name, line := range map[string]Line{
		"no rate":         {},
		"a negative rate": {Rate: -1},
		"delay":           {Rate: 1, Delay: -1},
		"loss":            {Rate: 1, Loss: 1},
		"queue":           {Rate: 1, Queue: -1},
		"packets":         {Rate: 1, MTU: 70000},
	} {
		if line.check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzWay(f *testing.F) {
	f.Add([]byte{1, 200, 3, 4, 0, 6, 255, 8})
	f.Fuzz(func(t *testing.T, steps []byte) {
		w := newWay(Line{Rate: 1e6, Delay: ms, Queue: 5}, 1)
		now, last := time.Duration(0), time.Duration(-1)
		next, expected := byte(0), byte(0) // packets are numbered
		take := func(at time.Duration) {
			for b := w.next(at); b != nil; b = w.next(at) {
				if at < last {
					t.Fatalf("time goes back from %v to %v", last, at)
				}
				if b[0]-expected > next-expected {
					t.Fatalf("packet %d came out, %d was next", b[0], expected)
				}
				last, expected = at, b[0]+1
				w.release(b)
			}
		}
		for _, step := range steps {
			switch step % 4 {
			case 0:
				now += time.Duration(step) * 100 * time.Microsecond
				take(now)
			case 1:
				w.set(now, Line{Rate: 1e3 * float64(1+int(step)), Delay: time.Duration(step) * ms, Loss: float64(step) / 300, Queue: 1 + int(step)%7})
			default:
				b := w.buffer()[:20+int(step)]
				b[0] = next
				if w.come(now, b) {
					next++
				}
			}
			if w.waiting.n > 255 {
				t.Fatal("the queue has no bound")
			}
		}
		for at, waiting := w.due(); waiting; at, waiting = w.due() {
			take(max(now, at))
		}
		if c := w.counts; c.Came != c.Passed+c.Lost+c.Dropped || expected != next {
			t.Fatalf("it counts %+v; %d of %d came out", c, expected, next)
		}
	})
}
