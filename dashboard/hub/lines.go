package hub

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/line"
)

// LineInfo is what is known of one browser's connection.
type LineInfo struct {
	Browser any    // as in Options.Kinds
	Who     string // the name that its page gives its visitor; "" if it gives none
	Since   time.Time
	Bytes   float64       // a second, sent of late
	Rate    float64       // bytes a second that the line carries; 0: not known
	RTT     time.Duration // of late; 0: not known
	Exact   bool          // somebody wants exact pictures, whatever the line carries
	Limit   float64       // bytes a second that somebody allows; 0: as the line carries

	Pictures []PictureInfo // by topic
}

// PictureInfo is how one browser is sent the pictures of one topic.
type PictureInfo struct {
	Topic string
	Rung  line.Rung
	Step  line.Step
	Ratio float64       // bytes of the exact picture for one that was sent
	FPS   float64       // of late
	Lag   time.Duration // from the first byte given to the socket to the paint; 0: not known
	Why   line.Why      // it stands on that rung
}

// Lines tells of all browsers, those first that have been there longest.
func (h *Hub) Lines(now time.Time) []LineInfo {
	h.mu.Lock()
	clients := make([]*client, 0, len(h.clients))
	for c := range h.clients {
		clients = append(clients, c)
	}
	h.mu.Unlock()
	slices.SortFunc(clients, func(a, b *client) int { return a.since.Compare(b.since) })
	out := make([]LineInfo, len(clients))
	for i, c := range clients {
		state := c.line.State(now)
		out[i] = LineInfo{
			Browser: c, Since: c.since, Bytes: c.pace.last(), Rate: state.Rate, RTT: state.Smooth,
			Exact: c.exact.Load(), Limit: float64(c.limit.Load()),
		}
		if who := c.who.Load(); who != nil {
			out[i].Who = *who
		}
		for _, s := range c.subs.Load().pictures {
			if p, ok := s.place.shown.info(now); ok {
				p.Topic = s.topic.name
				out[i].Pictures = append(out[i].Pictures, p)
			}
		}
		slices.SortFunc(out[i].Pictures, func(a, b PictureInfo) int { return cmp.Compare(a.Topic, b.Topic) })
	}
	return out
}

// shown is how a browser was sent the pictures of a topic of late.
type shown struct {
	mu    sync.Mutex // guards all below
	any   bool
	rung  line.Rung
	ratio float64
	fps   float64 // when the last was sent
	at    time.Time
	lag   time.Duration
	why   line.Why

	begun   time.Time // when the first was sent
	came    float64   // as fps, of those that the page has received
	arrival time.Time
}

// latelyFor is the time within which what was sent counts mostly.
const latelyFor = time.Second

// reason notes why a picture is sent at a rung.
func (s *shown) reason(why line.Why) {
	s.mu.Lock()
	s.why = why
	s.mu.Unlock()
}

// sent notes that a picture of so many bytes is being sent.
func (s *shown) sent(now time.Time, r line.Rung, exact, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fps = lately(s.fps, s.at, now) + perSecond
	if !s.any {
		s.begun = now
	}
	s.any, s.at, s.rung, s.ratio = true, now, r, float64(exact)/float64(max(bytes, 1))
}

// lately is what is left of a rate that was noted at a time.
func lately(rate float64, at, now time.Time) float64 {
	return rate * math.Exp(-float64(now.Sub(at))/float64(latelyFor))
}

// perSecond is what one picture adds to a rate.
const perSecond = float64(time.Second) / float64(latelyFor)

// arrived notes that the page has received a picture.
func (s *shown) arrived(now time.Time) {
	s.mu.Lock()
	s.came, s.arrival = lately(s.came, s.arrival, now)+perSecond, now
	s.mu.Unlock()
}

// got is how many pictures a second the page has received of late, -1 as long as that says nothing.
func (s *shown) got(now time.Time) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.any || now.Sub(s.begun) < 3*latelyFor {
		return -1
	}
	return lately(s.came, s.arrival, now)
}

// painted notes that the page has painted a picture whose sending began at a time.
func (s *shown) painted(now, began time.Time) {
	s.mu.Lock()
	s.lag = now.Sub(began)
	s.mu.Unlock()
}

// info is what is told of it. ok is false if nothing was sent.
func (s *shown) info(now time.Time) (p PictureInfo, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return PictureInfo{Rung: s.rung, Step: s.rung.Step(), Ratio: s.ratio, FPS: lately(s.fps, s.at, now), Lag: s.lag, Why: s.why}, s.any
}

// losses writes why the browser has pictures with losses, if it has.
func (c *client) losses(w *frame.Writer) {
	any := false
	for _, s := range c.subs.Load().pictures {
		if !seen(s.place.seen.Load()).lossy() {
			continue
		}
		now := time.Now()
		if !any {
			any = true
			w.Key("rate").Int(int64(c.line.State(now).Rate))
			w.Key("pictures").Object()
		}
		p, _ := s.place.shown.info(now)
		w.Key(s.topic.name).String(p.Why.String())
	}
	if any {
		w.EndObject()
	}
}

// pace is a rate, taken from a sum that is looked at about once a second.
type pace struct {
	mu   sync.Mutex // guards all below
	at   time.Time
	sum  uint64
	rate float64
}

// look takes the sum now.
func (p *pace) look(now time.Time, sum uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if since := now.Sub(p.at).Seconds(); !p.at.IsZero() && since > 0 {
		p.rate = float64(sum-p.sum) / since
	}
	p.at, p.sum = now, sum
}

// last is the rate between the last two looks.
func (p *pace) last() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rate
}
