package line

import (
	"fmt"
	"testing"
	"time"
)

// fps is how many pictures a second arrived in the last run of d.
func (b *browser) fps(d time.Duration) float64 { return float64(len(b.lags)) / d.Seconds() }

// told fails the test with what became of a browser.
func told(t *testing.T, b *browser, d time.Duration, why string) {
	t.Helper()
	t.Errorf("%s: %.1f pictures a second on the rungs %v after %d moves, lag %v and %v at the 95th, texts %v and %v, %d of them left out, rate %.0f of %.0f", why,
		b.fps(d), b.rungs, b.moves, at(b.lags, 50), at(b.lags, 95), at(b.texts, 50), at(b.texts, 95), b.missed, b.line.State(b.begun.Add(d)).Rate, b.path.rate)
}

// settled is what a line comes to with pictures of 2 MiB at 60 Hz.
var settled = []struct {
	name string
	path path
	rung Rung
	fps  float64
	lag  time.Duration // at the 95th percentile
}{
	{"this machine", loopback, 0, 55, 5 * time.Millisecond},
	{"1 Gbit/s", gigabit, 0, 50, 40 * time.Millisecond},
	{"100 Mbit/s", mbit100, 3, 50, 40 * time.Millisecond},
	{"20 Mbit/s", mbit20, 4, 25, 120 * time.Millisecond},
	{"5 Mbit/s", mbit5, 5, 10, 250 * time.Millisecond},
	{"20 Mbit/s with loss", lossy20, 4, 20, 200 * time.Millisecond},
	{"1 Mbit/s", path{rate: mbit(1), delay: 50 * time.Millisecond}, 6, 5, 350 * time.Millisecond},
}

// Every line comes to the rung that it carries, without a queue, and stays there.
func TestEachLineComesToItsRung(t *testing.T) {
	for _, c := range settled {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(c.path)
			b := s.all[0]
			s.run(5 * time.Second)
			const d = 30 * time.Second
			s.run(d)
			part := time.Duration(float64(leastPart) / c.path.rate * 1e9) // no line is busy with less
			switch {
			case b.rung != c.rung:
				told(t, b, d, fmt.Sprintf("rung %d, not %d", b.rung, c.rung))
			case b.moves > 2: // a better rung is tried now and then
				told(t, b, d, "it does not stay")
			case b.fps(d) < c.fps:
				told(t, b, d, "too few pictures")
			case at(b.lags, 95) > c.lag:
				told(t, b, d, "pictures come late")
			case at(b.texts, 95) > c.path.delay+55*time.Millisecond+part && c.path.loss == 0:
				told(t, b, d, "text waits behind pictures")
			case b.missed > 3:
				told(t, b, d, "text was left out")
			}
		})
	}
}

// The first picture is there soon, whatever the line.
func TestTheFirstPictureIsThereSoon(t *testing.T) {
	for _, c := range settled {
		s := newScene(c.path)
		b := s.all[0]
		s.run(2 * time.Second)
		if len(b.lags) == 0 || b.lags[0] > c.path.delay+500*time.Millisecond {
			told(t, b, 2*time.Second, c.name)
		}
	}
}

// No rate, of hundreds, makes a browser go up and down.
func TestNoRateOscillates(t *testing.T) {
	for n := 0.4; n < 900; n *= 1.3 {
		for _, delay := range []time.Duration{1500 * time.Microsecond, 15 * time.Millisecond, 60 * time.Millisecond} {
			s := newScene(path{rate: mbit(n), delay: delay})
			b := s.all[0]
			s.run(10 * time.Second)
			const d = 20 * time.Second
			s.run(d)
			if b.moves > 4 {
				told(t, b, d, fmt.Sprintf("%.2f Mbit/s, %v", n, delay))
			}
		}
	}
}

// A line that changes is followed down at once, and up within some seconds.
func TestALineThatChangesIsFollowed(t *testing.T) {
	s := newScene(mbit100)
	b := s.all[0]
	for i, p := range []int{2, 4, 3, 2, 5, 3, 4, 2, 1, 4, 1, 3, 1, 2} {
		c := settled[p]
		b.path = c.path
		s.run(5 * time.Second) // what was under way on a line that was two hundred times as fast takes three
		const d = 5 * time.Second
		s.run(d)
		if b.rung > c.rung+1 || b.rung < c.rung-1 || at(b.lags, 95) > 2*c.lag || b.fps(d) < c.fps/2 {
			told(t, b, d, fmt.Sprintf("step %d, %s", i, c.name))
		}
	}
}

// A browser on a slow line takes nothing from one beside it.
func TestASlowBrowserBesideAFastOne(t *testing.T) {
	s := newScene(loopback, mbit5)
	s.run(5 * time.Second)
	const d = 10 * time.Second
	s.run(d)
	if b := s.all[0]; b.rung != AsIs || b.fps(d) < 55 || b.moves > 0 {
		told(t, b, d, "the fast one")
	}
	if b := s.all[1]; b.rung != 5 || b.fps(d) < 10 {
		told(t, b, d, "the slow one")
	}
}

// A page that is busy for a moment each second stands where it would otherwise.
func TestABusyPageIsNoSlowLine(t *testing.T) {
	for _, c := range settled[:5] {
		s := newScene(c.path)
		b := s.all[0]
		b.stalls = 200 * time.Millisecond
		s.run(5 * time.Second)
		const d = 20 * time.Second
		s.run(d)
		if b.rung > c.rung+1 || b.moves > 4 {
			told(t, b, d, c.name)
		}
	}
}

// A machine that halts for a moment, as one does that has too much to do, is no slower line.
func TestAMachineThatHaltsIsNoSlowLine(t *testing.T) {
	for _, c := range settled {
		s := newScene(c.path)
		b := s.all[0]
		b.path.halts = 250 * time.Millisecond
		s.run(8 * time.Second)
		const d = 20 * time.Second
		s.run(d)
		if b.rung > c.rung+1 || b.fps(d) < c.fps*0.7 || at(b.texts, 50) > c.path.delay+80*time.Millisecond {
			told(t, b, d, c.name)
		}
	}
}

func TestARateIsBoundedByHand(t *testing.T) {
	for _, p := range []path{loopback, mbit100} {
		s := newScene(p)
		b := s.all[0]
		b.line.Limit(500e3)
		s.run(5 * time.Second)
		const d = 10 * time.Second
		s.run(d)
		if got := float64(b.bytes) / d.Seconds(); got > 600e3 || got < 200e3 {
			told(t, b, d, fmt.Sprintf("%.0f bytes a second", got))
		}
		if _, why := b.choice.Rung(); why != Bounded {
			told(t, b, d, why.String())
		}
	}
}

func TestExactPicturesAloneAreExact(t *testing.T) {
	for _, c := range settled {
		s := newScene(c.path)
		b := s.all[0]
		b.asks.Exact = true
		s.run(5 * time.Second)
		const d = 20 * time.Second
		s.run(d)
		if b.rungs[AsIs]+b.rungs[Squeezed] == 0 || len(b.rungs) > 2 || b.rungs[AsIs]+b.rungs[Squeezed] < len(b.lags)-2 {
			told(t, b, d, c.name)
		}
		for r := range b.rungs {
			if r > Squeezed {
				told(t, b, d, c.name)
			}
		}
		if c.path.loss == 0 && at(b.texts, 95) > c.path.delay+70*time.Millisecond {
			told(t, b, d, c.name+": text waits behind pictures")
		}
		if _, why := b.choice.Rung(); why != Wished {
			told(t, b, d, why.String())
		}
	}
}

// A machine that cannot send exact pictures fast enough sends others, and tries again more and more rarely.
func TestAFastLineIsJudgedByWhatArrives(t *testing.T) {
	var c Choice
	var sizes Sizes
	now := time.Unix(1e9, 0)
	for r := range Rungs {
		took := 20 * time.Millisecond
		if r == AsIs || r == 2 {
			took = 2 * time.Millisecond
		}
		sizes.Note(r, 8<<20, int(8<<20*guess[r]), took)
	}
	in := Input{Line: State{Rate: 380e6, Least: 100 * time.Microsecond, Fast: true, Known: true}, Sizes: &sizes, May: All, Rate: 60}
	moves, last := []time.Duration{}, Rung(-1)
	for d := time.Duration(0); d < 3*time.Minute; d += 20 * time.Millisecond {
		in.Now = now.Add(d)
		in.Got, in.Line.Rate = 60, 900e6
		if c.rung == AsIs {
			in.Got, in.Line.Rate = 40, 380e6
		}
		r, _ := c.Step(in)
		if r != AsIs && r != 2 {
			t.Fatalf("rung %d after %v", r, d)
		}
		if r != last {
			moves, last = append(moves, d), r
		}
	}
	if len(moves) < 6 || len(moves) > 16 {
		t.Fatalf("moves at %v", moves)
	}
	if in.Busy, in.Got = true, 20; c.tooMuch(in) {
		t.Error("a page that paints slowly counts as a slow line")
	}
}

func TestRestIsTheSoonerExactRung(t *testing.T) {
	var sizes Sizes
	sizes.Note(AsIs, 2<<20, 2<<20, 0)
	sizes.Note(Squeezed, 2<<20, 1<<20, 10*time.Millisecond)
	in := Input{Line: State{Rate: 625e3, Known: true, Least: 100 * time.Millisecond}, Share: 1, Sizes: &sizes, May: All, Rate: 60}
	if r := Rest(in); r != Squeezed {
		t.Errorf("rung %d on a slow line", r)
	}
	in.Line = State{Rate: 1e9, Known: true, Fast: true, Least: time.Millisecond / 10}
	if r := Rest(in); r != AsIs {
		t.Errorf("rung %d on a fast line", r)
	}
	in.May = SetOf(AsIs, 4)
	if r := Rest(in); r != AsIs {
		t.Errorf("rung %d of one that cannot be packed", r)
	}
}
