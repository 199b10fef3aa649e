package line

import (
	"math/rand/v2"
	"slices"
	"time"
)

// path is a line between a server and a browser in virtual time: bytes leave it at a rate, one after another,
// and arrive after a delay.
type path struct {
	rate  float64       // bytes a second
	delay time.Duration // one way
	loss  float64       // of packets of 1460 bytes; all that follow one wait for it for a round trip
	halts time.Duration // nothing arrives for so long, every two seconds
}

// mbit is a rate in bytes a second.
func mbit(n float64) float64 { return n * 1e6 / 8 }

var (
	gigabit  = path{rate: mbit(1000), delay: 100 * time.Microsecond}
	mbit100  = path{rate: mbit(100), delay: 2500 * time.Microsecond}
	mbit20   = path{rate: mbit(20), delay: 20 * time.Millisecond}
	mbit5    = path{rate: mbit(5), delay: 50 * time.Millisecond}
	lossy20  = path{rate: mbit(20), delay: 20 * time.Millisecond, loss: 0.01}
	loopback = path{rate: 3e9, delay: 20 * time.Microsecond}
)

// flight is a message on its way, or an acknowledgement.
type flight struct {
	at      time.Time
	n       uint64
	picture int // that is complete with it, 0: none
	text    bool
	sent    time.Time
}

// browser is one browser and what the server does for it: pictures of one topic in parts, and a text each 50 ms.
type browser struct {
	line   *Line
	choice Choice
	asks   Input // what is the browser's own of what a rung is chosen by
	path   path
	stalls time.Duration // of the page, once a second
	rng    *rand.Rand

	free  time.Time // when the line has sent all that it was given
	last  time.Time // when the last message arrives
	n     uint64
	left  int // bytes of the picture under way
	of    int // that picture
	shown int // the newest that was begun
	rung  Rung
	begun time.Time // of the figures
	down  []flight
	back  []flight

	// What came of it.
	rungs  map[Rung]int
	moves  int // of rungs
	lags   []time.Duration
	texts  []time.Duration
	missed int // texts that were not sent
	bytes  int
}

type scene struct {
	now   time.Time
	sizes Sizes
	all   []*browser
	frame int         // number of the newest picture
	born  []time.Time // of each
	exact int
	rate  float64
}

func newScene(paths ...path) *scene {
	s := &scene{now: time.Unix(1e9, 0), exact: 2 << 20, rate: 60, born: []time.Time{{}}}
	for i, p := range paths {
		b := &browser{line: New(s.now), path: p, rng: rand.New(rand.NewPCG(1, uint64(i))), rungs: map[Rung]int{}}
		b.line.RoundTrip(s.now, 2*p.delay)
		s.all = append(s.all, b)
	}
	return s
}

// real is the part of the exact size that pictures of a camera with noise come to, which is not what is guessed.
var real = [Rungs]float64{1, 0.41, 0.5, 0.074, 0.034, 0.022, 0.009, 0.003}

// run goes on for so long, with figures that begin again.
func (s *scene) run(d time.Duration) {
	for _, b := range s.all {
		b.again(s.now)
	}
	const tick = time.Millisecond / 2
	period := time.Duration(float64(time.Second) / s.rate)
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(tick) {
		if len(s.born) == 1 || s.now.Sub(s.born[len(s.born)-1]) >= period {
			s.born = append(s.born, s.now)
			s.frame = len(s.born) - 1
		}
		for _, b := range s.all {
			b.step(s)
		}
	}
}

func (b *browser) step(s *scene) {
	for len(b.down) > 0 && !b.down[0].at.After(s.now) {
		f := b.down[0]
		b.down = b.down[1:]
		switch {
		case f.text:
			b.texts = append(b.texts, f.at.Sub(f.sent))
		case f.picture > 0:
			b.lags = append(b.lags, f.at.Sub(s.born[f.picture]))
		}
		back := f.at.Add(b.path.delay + time.Millisecond)
		if in := f.at.Sub(f.at.Truncate(time.Second)); in < b.stalls {
			back = back.Add(b.stalls - in)
		}
		if f.text {
			back = back.Add(60 * time.Millisecond)
		}
		b.back = append(b.back, flight{at: back, n: f.n})
	}
	slices.SortStableFunc(b.back, func(x, y flight) int { return x.at.Compare(y.at) })
	for len(b.back) > 0 && !b.back[0].at.After(s.now) {
		b.line.Received(s.now, b.back[0].n)
		b.back = b.back[1:]
	}
	if s.now.UnixMicro()%50000 == 0 {
		if b.line.TextRoom(s.now) {
			b.send(s, 500, 0, true)
		} else {
			b.missed++
		}
	}
	for b.line.Room(s.now) > 0 {
		if b.left == 0 {
			if b.shown == s.frame {
				return
			}
			r, _ := b.choice.Step(b.input(s))
			if b.of > 0 && r != b.rung {
				b.moves++
			}
			b.rungs[r]++
			b.rung, b.shown, b.of = r, s.frame, s.frame
			b.left = int(float64(s.exact) * real[r])
			s.sizes.Note(r, s.exact, b.left, time.Duration(float64(s.exact)*real[r]))
		}
		part := min(b.left, b.line.Part())
		b.left -= part
		done := 0
		if b.left == 0 {
			done = b.of
		}
		b.send(s, part, done, false)
	}
}

// input is what the rung of the next picture is chosen by.
func (b *browser) input(s *scene) Input {
	in := b.asks
	in.Now, in.Line, in.Share, in.Sizes, in.Rate, in.Got = s.now, b.line.State(s.now), 1, &s.sizes, s.rate, -1
	if in.May == 0 {
		in.May = All
	}
	if took := s.now.Sub(b.begun).Seconds(); took > 0.5 {
		in.Got = float64(len(b.lags)) / took
	}
	return in
}

func (b *browser) send(s *scene, bytes, picture int, text bool) {
	b.n++
	b.line.Sent(s.now, bytes, !text)
	if b.free.Before(s.now) {
		b.free = s.now
	}
	b.bytes += bytes
	b.free = b.free.Add(time.Duration(float64(bytes+40) / b.path.rate * 1e9))
	at := b.free.Add(b.path.delay)
	for range bytes / 1460 {
		if b.rng.Float64() < b.path.loss {
			at = at.Add(2 * b.path.delay)
			break
		}
	}
	if in := at.Sub(at.Truncate(2 * time.Second)); in < b.path.halts {
		at = at.Add(b.path.halts - in)
	}
	if at.Before(b.last) {
		at = b.last
	}
	b.last = at
	b.down = append(b.down, flight{at: at, n: b.n, picture: picture, text: text, sent: s.now})
}

// again begins the figures again.
func (b *browser) again(now time.Time) {
	b.begun = now
	b.rungs, b.moves, b.lags, b.texts, b.missed, b.bytes = map[Rung]int{}, 0, nil, nil, 0, 0
}

// at is the time below which so many per cent of them are.
func at(d []time.Duration, percent int) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Clone(d)
	slices.Sort(d)
	return d[min(len(d)*percent/100, len(d)-1)]
}
