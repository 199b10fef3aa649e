package hub

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"webmon/dashboard/line"
)

// Picture is a picture that can be written in several ways: at some of the rungs of [line.Ladder].
// It was read once, and is written once a rung for all browsers that stand on it. It is used by one goroutine at a time.
type Picture interface {
	// Rungs are the rungs at which it can be written. There is at least [line.AsIs].
	Rungs() line.Set
	// At is the message with the picture at a rung, nil if there is no room for it. It is called at most once a
	// rung with a message as its result. The message at line.AsIs may be the memory that the picture itself is in: the
	// topic keeps every message until it has called Close. window is what the pages of the topic draw, for rungs that are lossy.
	At(r line.Rung, window Window, now time.Time) *Message
	// Size is how many bytes the message at line.AsIs has, whether or not it was asked for.
	Size() int
	// Rate is how many pictures a second its source makes, 0 if that is not known.
	Rate() float64
	// Close gives back what the picture holds.
	Close()
}

// Window is a range of the values of an array: what black and white stand for.
type Window struct {
	Low, High float64
	Known     bool // false: no page has told what it draws
}

// StillAfter is how long a picture must be the newest for browsers that have it with losses to be sent it exactly.
const StillAfter = 250 * time.Millisecond

const (
	// windowMargin is how much wider than what the pages draw the window is at each side, as a part of that.
	windowMargin = 0.1
	// againAfter is how long after a picture for which there was no room the next attempt is made.
	againAfter = 100 * time.Millisecond
)

// gallery is what a topic of pictures has besides other topics.
type gallery struct {
	sizes  line.Sizes
	newest atomic.Pointer[painting] // written by the topic's painter
	held   Picture                  // the newest one; of the painter
	again  time.Time                // no picture is written before, because there was no room; of the painter
	nearby nearby                   // of the painter

	looks struct {
		sync.Mutex        // guards the window, and Window.of of the subs
		window     Window // the one in use
		of         Window // what it was made of
	}
}

// painting is a picture, at the rungs at which it was written so far. It is never changed, only replaced.
type painting struct {
	number  uint64 // counts up in the topic, from 1
	at      time.Time
	size    int // bytes of it as it is
	still   bool
	rate    float64
	may     line.Set
	written [line.Rungs]*Message
}

// seen is what a browser was sent of a topic of pictures last: the number of the picture, and the rung. 0 is nothing.
type seen uint64

func seenOf(number uint64, r line.Rung) seen { return seen(number<<4 | uint64(r)) }

func (s seen) number() uint64  { return uint64(s >> 4) }
func (s seen) rung() line.Rung { return line.Rung(s & 15) }
func (s seen) lossy() bool     { return s > 0 && s.rung().Step().Lossy() }

// Pictures makes the topic one of pictures, which [Topic.Paint] takes; nothing else may be published to it. Call
// Pictures in Options.Open.
func (t *Topic) Pictures() { t.gallery = &gallery{} }

// Window is what the pages draw of the topic: all that any of them draws, and a tenth of it more at each
// side. It does not change for a change within that tenth, so that contrast does not flicker. Pages that
// have a picture of the topic without losses do not count, unless there are no others.
func (t *Topic) Window() Window {
	g := t.gallery
	var lossy, all Window
	g.looks.Lock()
	defer g.looks.Unlock()
	for _, s := range *t.subs.Load() {
		if p := s.place; p != nil && p.look.Known {
			all = all.with(p.look)
			if seen(p.seen.Load()).lossy() {
				lossy = lossy.with(p.look)
			}
		}
	}
	of := lossy
	if !of.Known {
		of = all
	}
	if !of.Known || g.looks.window.Known && near(of, g.looks.window, g.looks.of) {
		return g.looks.window
	}
	margin := windowMargin * (of.High - of.Low)
	g.looks.of, g.looks.window = of, Window{of.Low - margin, of.High + margin, true}
	return g.looks.window
}

// with is the smallest window that holds both.
func (w Window) with(other Window) Window {
	if !w.Known {
		return other
	}
	return Window{min(w.Low, other.Low), max(w.High, other.High), true}
}

// near reports whether a window that was made of one range suits another one as well.
func near(is, window, was Window) bool {
	margin := windowMargin * (was.High - was.Low)
	return is.Low >= window.Low && is.High <= window.High && is.Low <= was.Low+margin && is.High >= was.High-margin
}

// look notes what a browser draws of a topic.
func (c *client) look(topic string, low, high float64) {
	const most = math.MaxFloat64 / 4 // so that the margin is a number
	if !(low < high) || low < -most || high > most {
		return
	}
	for _, s := range c.subs.Load().pictures {
		if s.topic.name == topic {
			looks := &s.topic.gallery.looks
			looks.Lock()
			s.place.look = Window{low, high, true}
			looks.Unlock()
		}
	}
}

// place is what a browser has besides other topics in one of pictures.
type place struct {
	look   Window        // guarded by the topic's looks
	seen   atomic.Uint64 // a seen
	rung   atomic.Int32  // at which it is sent a newer picture; -1: not chosen yet
	exact  atomic.Int32  // at which it is sent the newest one exactly
	choice line.Choice   // of the painter
	shown  shown
}

// Ready reports whether some browser could be sent a newer picture at once. If none
// can, making one would be wasted: Options.Ready is called when one can.
func (t *Topic) Ready(now time.Time) bool {
	if t.anyReady(now) {
		return true
	}
	t.awaited.Store(true)
	return t.anyReady(now) // one may have become ready before it saw awaited
}

func (t *Topic) anyReady(now time.Time) bool {
	for _, s := range *t.subs.Load() {
		if s.ready(now) {
			return true
		}
	}
	return false
}

// ready reports whether the browser could be sent a newer picture of the topic. It is not while it has still to be
// sent the newest one.
func (s *sub) ready(now time.Time) bool {
	p := s.topic.gallery.newest.Load()
	if p != nil && seen(s.place.seen.Load()).number() < p.number {
		return false
	}
	return s.client.roomy(now, s)
}

// Lacks reports whether there is something to do for [Topic.Refine], and otherwise when there will be without
// anybody's doing; zero: never.
func (t *Topic) Lacks(now time.Time) (yes bool, next time.Time) {
	p := t.gallery.newest.Load()
	if p == nil || t.gallery.held == nil {
		return false, next
	}
	if again := t.gallery.again; now.Before(again) {
		return false, again
	}
	if t.asked.Load() {
		return true, next
	}
	if p.still {
		return false, next
	}
	for _, s := range *t.subs.Load() {
		if seen(s.place.seen.Load()).lossy() || s.place.rung.Load() > int32(line.Squeezed) {
			next = p.at.Add(StillAfter)
			return !now.Before(next), next
		}
	}
	return false, next
}

// Paint takes a newer picture, has it written for all browsers that can be sent one, and sends it to them. The topic keeps it,
// for those that come later or get it exactly, and closes the one before. Ready, Lacks, Paint, Refine and Drop are
// called from one goroutine: that of the topic's painter.
func (t *Topic) Paint(p Picture, now time.Time) {
	g := t.gallery
	old := g.newest.Load()
	next := &painting{number: 1, at: now, size: p.Size(), rate: p.Rate(), may: p.Rungs().With(line.AsIs)}
	if old != nil {
		next.number = old.number + 1
	}
	t.asked.Store(false)
	g.sizes.Expect(next.size)
	var wanted line.Set
	for _, s := range *t.subs.Load() {
		if s.client.roomy(now, s) {
			wanted = wanted.With(s.choose(next, now))
		}
	}
	g.newest.Store(next)
	t.Drop()
	g.held = p
	old.release()
	t.write(wanted, now)
}

// Refine writes the newest picture for those browsers that can be sent it and for which it was not written yet: they
// have come later, or were busy, or have it with losses while it stands still.
func (t *Topic) Refine(now time.Time) {
	g := t.gallery
	p := g.newest.Load()
	if p == nil || g.held == nil {
		return
	}
	asked := t.asked.Swap(false)
	still := p.still || now.Sub(p.at) >= StillAfter
	var wanted line.Set
	for _, s := range *t.subs.Load() {
		is := seen(s.place.seen.Load())
		switch {
		case is.number() < p.number && asked && s.client.roomy(now, s):
			r := s.choose(p, now)
			if wanted = wanted.With(r); !still || !r.Step().Lossy() {
				continue
			}
		case !still || !is.lossy() || is.number() < p.number:
			continue
		}
		exact := line.Rest(s.input(p, now))
		s.place.exact.Store(int32(exact))
		wanted = wanted.With(exact)
	}
	if still && !p.still {
		next := *p
		next.still = true
		g.newest.Store(&next)
	}
	t.write(wanted, now)
}

// Drop closes the picture that the topic holds. What was written of it stays.
func (t *Topic) Drop() {
	if held := t.gallery.held; held != nil {
		t.gallery.held = nil
		held.Close()
	}
}

// write has the newest picture written at the rungs where it is not yet, and sends it. Who is on a fast line does not
// wait for those that are compressed.
func (t *Topic) write(wanted line.Set, now time.Time) {
	g := t.gallery
	for r := range wanted.Each {
		p := g.newest.Load()
		if p.written[r] == nil && p.may.Has(r) {
			var window Window
			if r.Step().Lossy() {
				window = t.Window()
			}
			began := time.Now()
			m := g.held.At(r, window, now)
			if m == nil {
				g.again = now.Add(againAfter)
				t.asked.Store(true)
				continue
			}
			g.sizes.Note(r, p.size, m.size, time.Since(began))
			next := *p
			next.written[r] = m
			g.newest.Store(&next)
		}
		t.show()
	}
}

// show has the browsers' own goroutines send what is new: copying pictures into sockets takes time, and goes on in parallel.
func (t *Topic) show() {
	for _, s := range *t.subs.Load() {
		if !s.client.held.Load() {
			s.client.signal()
		}
	}
}

// release gives back the messages.
func (p *painting) release() {
	if p == nil {
		return
	}
	for _, m := range p.written {
		if m != nil {
			m.release()
		}
	}
}

// nearby is the rung of all browsers of a topic whose lines are fast. They share a machine or a room, which is what is too slow if anything
// is: each for itself would choose another rung, and to write a picture at many of them takes longest of all.
type nearby struct {
	choice line.Choice
	of     uint64 // number of the picture for which it was chosen
	rung   line.Rung
	why    line.Why
}

// nearby chooses it for the newest picture. in is what one of these browsers has to say of it.
func (t *Topic) nearby(in line.Input, p *painting, now time.Time) (line.Rung, line.Why) {
	n := &t.gallery.nearby
	if n.of == p.number {
		return n.rung, n.why
	}
	browsers, got, came, busy := 0, 0, 0.0, 0
	for _, s := range *t.subs.Load() {
		other := s.input(p, now)
		if !other.Line.Fast || other.Exact || other.May&^line.Lossless == 0 || other.Line.Limit > 0 {
			continue
		}
		browsers++
		if other.Got >= 0 {
			got, came = got+1, came+other.Got
		}
		if other.Busy {
			busy++
		}
	}
	in.Got, in.Busy, in.Share = -1, 2*busy > browsers, 1
	if got > 0 {
		in.Got = came / float64(got)
	}
	in.May = p.may
	n.rung, n.why = n.choice.Step(in)
	n.of = p.number
	return n.rung, n.why
}

// choose says at which rung the browser is sent a picture while it moves.
func (s *sub) choose(p *painting, now time.Time) line.Rung {
	in := s.input(p, now)
	var r line.Rung
	var why line.Why
	if in.Line.Fast && !in.Exact && in.May&^line.Lossless != 0 && in.Line.Limit == 0 {
		r, why = s.topic.nearby(in, p, now)
	} else {
		r, why = s.place.choice.Step(in)
	}
	if !in.May.Has(r) {
		r = line.AsIs
	}
	s.place.rung.Store(int32(r))
	s.place.shown.reason(why)
	return r
}

// input is what a rung is chosen by.
func (s *sub) input(p *painting, now time.Time) line.Input {
	c := s.client
	got := s.place.shown.got(now)
	return line.Input{
		Now: now, Line: c.line.State(now), Share: c.share(now), Sizes: &s.topic.gallery.sizes, May: p.may & line.Set(c.takes.Load()),
		Rate: p.rate, Got: got, Busy: c.flight.waits(c.acked.Load(), c.painted.Load()), Exact: c.exact.Load(),
	}
}

// share is the part of the line that one picture of the page may use: those that move share it.
func (c *client) share(now time.Time) float64 {
	moving := 0
	for _, s := range c.subs.Load().pictures {
		if p := s.topic.gallery.newest.Load(); p != nil && now.Sub(p.at) < time.Second {
			moving++
		}
	}
	return 1 / float64(max(moving, 1))
}

// next is what a browser is to be sent next of a topic of pictures.
type next struct {
	m       *Message // nil: nothing; must be released
	p       *painting
	rung    line.Rung
	skipped uint64 // pictures
	refines bool   // it has the picture, with losses
}

// picture takes what the browser is to be sent next.
func (s *sub) picture() next {
	g := s.topic.gallery
	for {
		p := g.newest.Load()
		if p == nil {
			s.topic.refresh()
			return next{}
		}
		out := next{p: p}
		is := seen(s.place.seen.Load())
		switch {
		case is.number() < p.number:
			out.rung = line.Rung(s.place.rung.Load())
		case is.lossy() && p.still:
			out.rung, out.refines = line.Rung(s.place.exact.Load()), true
		default:
			return next{}
		}
		if out.rung < 0 || p.written[out.rung] == nil {
			s.topic.refresh() // Refine writes it
			return next{}
		}
		if out.m = p.written[out.rung]; !out.m.retain() {
			continue // there is a newer one
		}
		if s.place.seen.CompareAndSwap(uint64(is), uint64(seenOf(p.number, out.rung))) && is.number() > 0 && !out.refines {
			out.skipped = p.number - is.number() - 1
		}
		return out
	}
}

// AsIs is a picture that can be written in one way only: as the message.
func AsIs(m *Message) Picture { return &asIs{m: m} }

type asIs struct {
	m     *Message
	taken bool
}

func (p *asIs) Rungs() line.Set { return line.SetOf(line.AsIs) }
func (p *asIs) Size() int       { return p.m.size }
func (p *asIs) Rate() float64   { return 0 }

func (p *asIs) At(line.Rung, Window, time.Time) *Message {
	p.taken = true
	return p.m
}

func (p *asIs) Close() {
	if !p.taken {
		p.m.release()
	}
}
