package line

import "time"

const (
	// spareShare is the part of a line that pictures may take: the rest is for text, and for a rate that
	// was taken for higher than it is.
	spareShare = 0.85
	// upShare is the part that a better rung may take at most for it to be chosen.
	upShare = 0.75
	// core is the part of a processor that writing a picture may take.
	core = 0.6
	// enough is the part of the source's pictures that must arrive on a fast line.
	enough = 0.8

	// downAfter is for how long a rung must be too much before it is left, and upAfter for how long a better one
	// must be carried before it is chosen. While the line is being measured, eager takes its place.
	downAfter, upAfter, eager = 250 * time.Millisecond, 2 * time.Second, 200 * time.Millisecond
	// again is for how long a rung that became too much is not tried again, and vain one that was too much as soon as it was tried; that doubles
	// each time, up to mostAgain.
	again, vain, mostAgain = 4 * time.Second, 12 * time.Second, 2 * time.Minute
	// doubt is for how long a better rung may seem not to be carried without its patience beginning again: sizes
	// differ from picture to picture.
	doubt = 500 * time.Millisecond
	// dare is the part of the pictures a second that are wanted which must be known to be carried for a rung to be tried.
	dare = 0.6
	// brim is how many times the pictures a second of the source a fast line must be known to carry for it not to be full.
	brim = 1.15
	// soon is the time within which a rung that is left after it was chosen counts as tried in vain.
	soon = 8 * time.Second
	// begin is the rung of a line of which nothing but a round trip is known, and beginFar where that is long: the first
	// picture is soon there, and a better one follows as soon as the line is known.
	begin, beginFar Rung = 4, 6
	// far is such a round trip.
	far = 30 * time.Millisecond
)

// Input is what a rung is chosen by.
type Input struct {
	Now   time.Time
	Line  State
	Share float64 // of the line that this picture may take, above 0 and up to 1
	Sizes *Sizes
	May   Set     // rungs at which the picture can be written and that the page can read
	Rate  float64 // pictures a second of the source; 0: not known
	Got   float64 // pictures a second that arrived of late; below 0: not known
	Busy  bool    // the page has pictures that it has not painted yet, so it is what holds them up
	Exact bool    // somebody wants exact pictures alone
}

// Why says why a picture stands on a rung.
type Why uint8

// The reasons.
const (
	Carries Why = iota // the line carries the best
	Wished             // somebody wants exact pictures alone
	Only               // the picture or the page knows no other way
	Unknown            // nothing is known of the line yet
	Slow               // the line carries no more
	Bounded            // somebody has bounded the rate
	Work               // a better one would take the server too long to write
)

// String is the reason as a sentence without its full stop.
func (w Why) String() string {
	return [...]string{
		"The line carries it as it is",
		"Somebody asked for exact pictures",
		"There is no other way to write it",
		"The line is still being measured",
		"The line carries no more",
		"The rate was bounded by hand",
		"To write a better one takes the server too long",
	}[w]
}

// Choice is the rung on which one picture of one browser stands while it moves. The zero value stands nowhere yet. It is for
// one goroutine at a time.
type Choice struct {
	rung   Rung
	why    Why
	chosen bool
	since  time.Time // when the rung was chosen
	up     bool      // it was a better one than the one before

	bad, good time.Time // since when it is too much, and since when a better one would be carried
	wellAt    time.Time // when one last would have been

	tried [Rungs]struct { // in vain
		until time.Time
		pause time.Duration
	}
}

// Rung is where the picture stands, and why.
func (c *Choice) Rung() (Rung, Why) { return c.rung, c.why }

// Step chooses the rung of the next picture.
func (c *Choice) Step(in Input) (Rung, Why) {
	if in.Share <= 0 || in.Share > 1 {
		in.Share = 1
	}
	if in.Exact || in.May&^Lossless == 0 {
		in.May &= Lossless
		why := Only
		if in.Exact {
			why = Wished
		}
		c.stand(in.Now, sparing(in), why)
		return c.rung, c.why
	}
	if !c.chosen || !in.May.Has(c.rung) {
		c.stand(in.Now, opening(in), Unknown)
		if in.Line.Fast {
			c.why = Carries
		}
		return c.rung, c.why
	}
	if !in.Line.Known {
		return c.rung, c.why
	}
	c.down(in)
	c.rise(in)
	return c.rung, c.why
}

// Rest is the rung at which a picture that stands still is sent exactly: the sooner one.
func Rest(in Input) Rung {
	in.May &= Lossless
	return sparing(in)
}

// stand moves to a rung.
func (c *Choice) stand(now time.Time, r Rung, why Why) {
	if !c.chosen || r != c.rung {
		c.up = c.chosen && r < c.rung
		c.rung, c.chosen, c.since = r, true, now
		c.bad, c.good = time.Time{}, time.Time{}
	}
	c.why = why
}

// opening is the first rung.
func opening(in Input) Rung {
	if in.Line.Known || in.Line.Limit > 0 {
		r, _ := fit(in, spareShare, func(Rung) bool { return true })
		return r
	}
	if in.Line.Fast {
		return best(in.May)
	}
	if in.Line.Least >= far {
		return nearest(in.May, beginFar)
	}
	return nearest(in.May, begin)
}

// down leaves a rung that is too much.
func (c *Choice) down(in Input) {
	if !c.tooMuch(in) {
		c.bad = time.Time{}
		return
	}
	if c.bad.IsZero() {
		c.bad = in.Now
	}
	patience := downAfter
	if in.Line.Fast {
		patience = 6 * downAfter // so that a moment in which the machine is busy does not count
	}
	if in.Now.Sub(c.bad) < patience {
		return
	}
	t := &c.tried[c.rung]
	if c.up && in.Now.Sub(c.since) < soon {
		t.pause = min(max(2*t.pause, vain), mostAgain)
	} else {
		t.pause = again
	}
	t.until = in.Now.Add(t.pause)
	worse := func(r Rung) bool { return r > c.rung }
	r, ok := fit(in, spareShare, worse)
	if !ok && r <= c.rung {
		return // there is nothing below
	}
	c.stand(in.Now, r, c.reason(in, Slow))
}

// tooMuch reports whether the rung asks for more than the line carries.
func (c *Choice) tooMuch(in Input) bool {
	if in.Line.Fast {
		// Such a line is limited by the machine: what arrives tells, not a rate. One that is full to the brim has a queue.
		if in.Rate > 0 && in.Line.Queue > slack && speed(in, c.rung, 1) < brim*min(in.Rate, 60) {
			return true
		}
		return in.Rate > 0 && in.Got >= 0 && !in.Busy && in.Got < enough*min(in.Rate, 60)
	}
	return speed(in, c.rung, 1) < wanted(in, c.rung)*0.9
}

// rise goes to a better rung that has been carried for a while.
func (c *Choice) rise(in Input) {
	free := func(r Rung) bool { return r < c.rung && !in.Now.Before(c.tried[r].until) }
	share := upShare
	if in.Line.Startup {
		share = spareShare // the rate is still rising
	}
	r, ok := fit(in, share, free)
	if next := above(in.May, c.rung); (!ok || r >= c.rung) && free(next) && worthTrying(in, next) {
		r, ok = next, true
	}
	if !ok || r >= c.rung {
		if in.Now.Sub(c.wellAt) > doubt {
			c.good = time.Time{}
		}
		otherwise := c.why
		if otherwise == Unknown && !in.Line.Startup {
			otherwise = Slow
		}
		c.why = c.reason(in, otherwise)
		return
	}
	c.wellAt = in.Now
	if c.good.IsZero() {
		c.good = in.Now
	}
	patience := upAfter
	if in.Line.Startup || in.Line.Fast {
		patience = eager
	}
	if in.Now.Sub(c.good) < patience {
		return
	}
	why := Slow
	if r == best(in.May) {
		why = Carries
	}
	c.stand(in.Now, r, why)
	c.why = c.reason(in, why)
}

// reason is why it is no better rung than that.
func (c *Choice) reason(in Input, otherwise Why) Why {
	up := best(in.May)
	if c.rung == up {
		return Carries
	}
	for r := c.rung - 1; r >= 0; r-- {
		if !in.May.Has(r) {
			continue
		}
		if in.Line.Limit > 0 && in.Line.Limit < in.Line.Rate {
			return Bounded
		}
		if in.Line.Fast && !works(in, r) {
			return Work
		}
		break
	}
	return otherwise
}

// fit is the best rung of those that are allowed at which enough pictures a second are carried by so much of the line;
// otherwise the last one, and false.
func fit(in Input, share float64, allowed func(Rung) bool) (Rung, bool) {
	last := Rung(-1)
	for r := range in.May.Each {
		if !allowed(r) {
			continue
		}
		last = r
		if speed(in, r, share) >= wanted(in, r) {
			return r, true
		}
	}
	if last < 0 {
		return best(in.May), false
	}
	return last, false
}

// wanted is how many pictures a second a rung must reach.
func wanted(in Input, r Rung) float64 {
	n := least[r]
	if in.Rate > 0 {
		n = min(n, 0.95*in.Rate)
	}
	return n
}

// speed is how many pictures a second that share of the line, and the server, come to at a rung.
func speed(in Input, r Rung, share float64) float64 {
	carried := in.Line.Rate
	if in.Line.Limit > 0 && (in.Line.Limit < carried || carried == 0) {
		carried = in.Line.Limit
	}
	n := 240.0
	if size := in.Sizes.Bytes(r); size > 0 && carried > 0 {
		n = min(n, carried*share*in.Share/size)
	}
	if took := in.Sizes.Took(r); took > 0 {
		n = min(n, core/took.Seconds())
	}
	return n
}

// sparing is the exact rung at which a picture arrives soonest.
func sparing(in Input) Rung {
	if !in.May.Has(Squeezed) {
		return AsIs
	}
	if !in.May.Has(AsIs) {
		return Squeezed
	}
	if !in.Line.Known && in.Line.Limit == 0 {
		if in.Line.Fast {
			return AsIs
		}
		return Squeezed
	}
	if in.Line.Fast && in.Line.Rate >= wholeRate && in.Line.Limit == 0 || speed(in, AsIs, spareShare) >= wanted(in, AsIs) {
		return AsIs
	}
	if speed(in, AsIs, 1) >= speed(in, Squeezed, 1) {
		return AsIs
	}
	return Squeezed
}

// above is the next better rung of a set; the rung itself if there is none.
func above(s Set, r Rung) Rung {
	for up := r - 1; up >= 0; up-- {
		if s.Has(up) {
			return up
		}
	}
	return r
}

// worthTrying reports whether the next better rung is tried although the line is not known to carry it: there is room on the line,
// and what it carries is not known before it is asked for. What is known must not be far from it.
func worthTrying(in Input, r Rung) bool {
	if !in.Line.Spare || in.Line.Queue >= slack || !works(in, r) {
		return false
	}
	if in.Line.Fast {
		return in.Rate > 0 && in.Got >= 0.95*min(in.Rate, 60) && speed(in, r, 1) >= dare*wanted(in, r)
	}
	return speed(in, r, 1) >= dare*wanted(in, r)
}

// works reports whether the server writes enough pictures a second at a rung.
func works(in Input, r Rung) bool {
	took := in.Sizes.Took(r)
	return took <= 0 || core/took.Seconds() >= wanted(in, r)
}

// best is the best rung of a set; AsIs of none.
func best(s Set) Rung {
	for r := range s.Each {
		return r
	}
	return AsIs
}

// nearest is the rung of a set that is nearest to another, rather below it than above.
func nearest(s Set, to Rung) Rung {
	for r := to; r < Rungs; r++ {
		if s.Has(r) {
			return r
		}
	}
	for r := to; r >= 0; r-- {
		if s.Has(r) {
			return r
		}
	}
	return AsIs
}
