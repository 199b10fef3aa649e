package steer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/record"
	"webmon/shm"
)

// told is a process that notes what it is told.
type told struct {
	mu     sync.Mutex // guards values
	values []string   // "name value", and "form" where somebody waits for what becomes of it
}

func (p *told) ID() string { return "scope" }

func (p *told) Command(c shm.Command, _ func(shm.Status, string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	form := ""
	if c.ID != "" {
		form = " form"
	}
	p.values = append(p.values, fmt.Sprint(c.Name, " ", c.Args[c.Name], form))
}

func (p *told) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.values)
}

// bench is a process, and pages at it.
type bench struct {
	process told
	desk    *Desk
}

func newBench() *bench { return &bench{desk: New(nil, nil)} }

// drag is a value that comes over a page's socket.
func (b *bench) drag(page, name string, n uint64, value float64) {
	b.desk.sets.move(setKey{page, name}, &b.process, setValue{name: name, value: value, Number: Number{page, n}})
}

// point is a place that comes over a page's socket.
func (b *bench) point(page string, x, y float64) {
	b.desk.sets.move(setKey{page, fingerKey}, &b.process,
		setValue{name: shm.ControlFingerX, value: x}, setValue{name: shm.ControlFingerY, value: y})
}

// post is a value that comes by a form.
func (b *bench) post(page, name string, n uint64, value float64) (sent bool) {
	_, sent = b.desk.send(record.Entry{}, &b.process, name, map[string]shm.Value{name: value}, Number{page, n})
	return sent
}

// Whoever lets go last has the last word, however late anything comes.
func TestTheLastHandWins(t *testing.T) {
	rest := func() { time.Sleep(time.Second) }
	for name, tt := range map[string]struct {
		do   func(b *bench)
		want []string
	}{
		"a value waits while another page posts": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			b.drag("ada", "gain", 2, 2) // waits for its turn
			b.post("bob", "gain", 1, 9)
		}, []string{"gain 1", "gain 9 form"}},
		"a value waits while another page drags": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			b.drag("ada", "gain", 2, 2)
			b.drag("bob", "gain", 1, 9)
		}, []string{"gain 1", "gain 9"}},
		"a value waits while its own form comes": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			b.drag("ada", "gain", 2, 2)
			b.post("ada", "gain", 2, 2)
			b.post("bob", "gain", 1, 9)
		}, []string{"gain 1", "gain 2 form", "gain 9 form"}},
		"a form comes after another hand": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			b.drag("bob", "gain", 1, 9)
			if b.post("ada", "gain", 1, 1) {
				b.process.Command(shm.Command{Name: "not late"}, nil)
			}
		}, []string{"gain 1", "gain 9"}},
		"a form comes before what was let go": {func(b *bench) {
			b.drag("bob", "gain", 1, 9)
			rest()
			b.post("ada", "gain", 7, 1)
			b.post("bob", "gain", 2, 8)
			b.drag("ada", "gain", 6, 3)
			b.drag("ada", "gain", 7, 1)
		}, []string{"gain 9", "gain 1 form", "gain 8 form"}},
		"a form where the socket has lost the last value": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			b.drag("bob", "gain", 1, 9)
			b.post("ada", "gain", 2, 2)
		}, []string{"gain 1", "gain 9", "gain 2 form"}},
		"forms of one page in the wrong order": {func(b *bench) {
			b.post("ada", "gain", 2, 2)
			b.post("ada", "gain", 1, 1)
		}, []string{"gain 2 form"}},
		"a form of the grip before": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			rest()
			b.drag("ada", "gain", 2, 2)
			b.post("ada", "gain", 1, 1)
		}, []string{"gain 1", "gain 2"}},
		"one that holds still and then lets go": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			b.drag("bob", "gain", 1, 9)
			b.post("bob", "gain", 1, 9)
			rest()
			b.drag("ada", "gain", 2, 1)
			b.post("ada", "gain", 2, 1)
		}, []string{"gain 1", "gain 9", "gain 9 form", "gain 1", "gain 1 form"}},
		"three hands": {func(b *bench) {
			for _, page := range []string{"ada", "bob", "cy"} {
				b.drag(page, "gain", 1, 1)
				b.drag(page, "gain", 2, 2)
			}
			b.post("cy", "gain", 2, 2)
			b.post("ada", "gain", 2, 2)
			b.post("bob", "gain", 2, 2)
		}, []string{"gain 1", "gain 1", "gain 1", "gain 2 form"}},
		"other programs have no numbers": {func(b *bench) {
			b.drag("ada", "gain", 5, 5)
			b.desk.send(record.Entry{}, &b.process, "gain", map[string]shm.Value{"gain": 6.}, Number{})
			b.desk.send(record.Entry{}, &b.process, "gain", map[string]shm.Value{"gain": 7.}, Number{})
			b.post("ada", "gain", 5, 5)
		}, []string{"gain 5", "gain 6 form", "gain 7 form"}},
		"other controls are no concern of it": {func(b *bench) {
			b.drag("ada", "gain", 1, 1)
			b.drag("ada", "gain", 2, 2)
			b.post("bob", "mode", 1, 9)
		}, []string{"gain 1", "mode 9 form", "gain 2"}},
		"a hand on the picture and the arrow keys of a slider": {func(b *bench) {
			b.point("ada", 0.1, 0.1)
			b.point("ada", 0.2, 0.2) // waits
			b.drag("bob", "finger_x", 1, 0.9)
			rest()
			b.post("bob", "finger_x", 1, 0.9)
		}, []string{"finger_x 0.1", "finger_y 0.1", "finger_x 0.9", "finger_y 0.2", "finger_x 0.9 form"}},
		"two hands on the picture": {func(b *bench) {
			b.point("ada", 0.1, 0.1)
			b.point("ada", 0.2, 0.2) // waits
			b.point("bob", 0.8, 0.8)
			b.point("bob", 0.9, 0.9) // waits
		}, []string{"finger_x 0.1", "finger_y 0.1", "finger_x 0.8", "finger_y 0.8", "finger_x 0.9", "finger_y 0.9"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				tt.do(b)
				rest()
				synctest.Wait()
				if got := b.process.all(); !slices.Equal(got, tt.want) {
					t.Errorf("the process was told\n%q, want\n%q", got, tt.want)
				}
				if n := len(b.desk.sets.steering("scope").moving); n > 0 {
					t.Errorf("%d controls are still moving", n)
				}
			})
		})
	}
}

// However hands and ways interleave: what the process was told last is what was done
// last, as far as the server could know.
func TestTheLastHandWinsInAnyOrder(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			up := func(most time.Duration) time.Duration { return time.Duration(random.Int64N(int64(most))) }
			b := newBench()
			var last struct { // of what was heard, by when it was heard first
				at    time.Time
				value float64
			}
			for hand := range 2 + random.IntN(3) {
				page := fmt.Sprint("page-", hand)
				newest := struct {
					n     uint64
					at    time.Time
					value float64
				}{}
				at, arrives := time.Now().Add(up(50*time.Millisecond)), time.Time{}
				for n := uint64(1); n <= 40; n++ {
					at = at.Add(up(30 * time.Millisecond))
					value := float64(1000*hand) + float64(n)
					// A socket keeps the order.
					if over := at.Add(up(80 * time.Millisecond)); over.After(arrives) {
						arrives = over
					} else {
						arrives = arrives.Add(time.Microsecond)
					}
					first := arrives
					time.AfterFunc(time.Until(arrives), func() { b.drag(page, "gain", n, value) })
					if n%10 == 0 { // let go; forms do not keep it
						posted := at.Add(up(400 * time.Millisecond))
						if posted.Before(first) {
							first = posted
						}
						time.AfterFunc(time.Until(posted), func() { b.post(page, "gain", n, value) })
					}
					newest.n, newest.at, newest.value = n, first, value
				}
				if newest.at.After(last.at) {
					last.at, last.value = newest.at, newest.value
				}
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			all := b.process.all()
			got := all[len(all)-1]
			if want := fmt.Sprint("gain ", last.value); got != want && got != want+" form" {
				t.Errorf("seed %d: the last that the process was told is %q, want %q", seed, got, want)
			}
		})
	}
}

// What is remembered of hands is bounded, in number and time.
func TestHandsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		for i := range 10 * maxHands {
			b.post(fmt.Sprint("page-", i), "gain", 1, 1)
		}
		st := b.desk.sets.steering("scope")
		if n := len(st.turns["gain"].hands); n > maxHands {
			t.Errorf("%d hands are remembered", n)
		}
		for i := range 1000 {
			b.post("ada", fmt.Sprint("control-", i), uint64(i+1), 1)
			time.Sleep(time.Second)
		}
		if n := len(st.turns); n > 130 {
			t.Errorf("%d controls are remembered", n)
		}
	})
}
