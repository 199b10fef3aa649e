package dashboard

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
)

// tailFrames is how many deltas are kept for browsers that fall behind: about
// two seconds of a chart.
const tailFrames = 32

// leastGap is the least time between two frames of a stream, whatever its feed
// says: more no browser can show.
const leastGap = 4 * time.Millisecond

// pictureEvery is the time between two pictures of a feed, on average, and
// pictureSlack how much sooner one may follow: a process that sends 60 a second
// does not do so to the millisecond, and none of its frames should wait. Hence
// also a few more than 60: or one that came late would make all after it wait.
const (
	pictureEvery = 15 * time.Millisecond
	pictureSlack = pictureEvery / 2
)

// drawing bounds how many pictures are being made at a time, of all sources:
// half of the processors are left for everything else.
var drawing = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// pump turns what one source sends into frames: one goroutine for all feeds of
// the source and all browsers, and one more for each feed of pictures. It
// sleeps while nobody watches.
type pump struct {
	src  *source.Source
	ctx  context.Context
	kick chan struct{} // capacity one: a stream came, or wants a snapshot
	// forgotten is set before run is stopped because the source is forgotten.
	forgotten atomic.Bool
	// outdated tells that pages had better show another source, asked while
	// somebody watches; nil: never.
	outdated func() bool

	pictures sync.WaitGroup // the goroutines of feeds of pictures

	mu      sync.Mutex // guards all below
	streams map[*hub.Topic]*stream
	ended   bool // run has ended, or is about to
}

// stream is a feed that is being watched. What stands below snapshot is owned by
// run, or of pictures by show.
type stream struct {
	topic    *hub.Topic
	feed     tab.Feed
	picture  tab.Picture   // the feed, if it makes pictures; else nil
	kick     chan struct{} // of pictures, capacity one: there may be something to do
	release  func()        // of the topics it wants from the source, and of show
	light    bool          // asking the feed costs nothing
	woken    atomic.Bool   // the feed has something new by itself
	snapshot atomic.Bool
	last     time.Time // Next was called
	sent     time.Time // it returned a frame
	dirty    bool      // the source has sent something since
}

// newPump returns a pump that run sets going until ctx is done.
func newPump(ctx context.Context, src *source.Source) *pump {
	return &pump{src: src, ctx: ctx, kick: make(chan struct{}, 1), streams: map[*hub.Topic]*stream{}}
}

// open adds the feed of a topic.
func (p *pump) open(t *hub.Topic, feed tab.Feed) {
	if feed.Ordered() {
		t.Keep(tailFrames)
	}
	if _, ok := feed.(tab.Fresh); ok {
		t.Fresh()
	}
	s := &stream{topic: t, feed: feed, release: p.src.Want(feed.Wants()...), dirty: true}
	_, s.light = feed.(tab.Light)
	if waking, ok := feed.(tab.Waking); ok {
		waking.Wake(func() {
			s.woken.Store(true)
			p.wake()
		})
	}
	p.mu.Lock()
	p.streams[t] = s
	if picture, ok := feed.(tab.Picture); ok {
		ctx, cancel := context.WithCancel(p.ctx)
		s.picture, s.kick = picture, make(chan struct{}, 1)
		release := s.release
		s.release = func() { cancel(); release() }
		if !p.ended {
			p.pictures.Go(func() { s.show(ctx) })
		}
	}
	p.mu.Unlock()
	p.wake()
}

// close removes the feed of a topic.
func (p *pump) close(t *hub.Topic) {
	p.mu.Lock()
	s := p.streams[t]
	delete(p.streams, t)
	p.mu.Unlock()
	if s != nil {
		s.release()
	}
}

// refresh asks for a snapshot of a topic.
func (p *pump) refresh(t *hub.Topic) {
	p.mu.Lock()
	s := p.streams[t]
	p.mu.Unlock()
	switch {
	case s == nil:
	case s.picture != nil:
		s.wake() // there has not been one yet, or every browser would have it
	default:
		s.snapshot.Store(true)
		p.wake()
	}
}

// ready is called when a browser can take a picture of a topic again.
func (p *pump) ready(t *hub.Topic) {
	p.mu.Lock()
	s := p.streams[t]
	p.mu.Unlock()
	if s != nil && s.picture != nil {
		s.wake()
	}
}

func (p *pump) wake() { signal(p.kick) }

func (s *stream) wake() { signal(s.kick) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// show makes pictures until ctx is done.
func (s *stream) show(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		case <-timer.C:
		}
		now := time.Now()
		// Each second it is looked at in any case, as all feeds are.
		timer.Reset(time.Second)
		if now.Before(due) {
			timer.Reset(due.Sub(now))
			continue
		}
		if !s.topic.Ready() {
			continue // ready wakes us
		}
		select {
		case <-ctx.Done():
			return
		case drawing <- struct{}{}:
		}
		m := s.picture.Picture(time.Now())
		<-drawing
		if m == nil {
			continue
		}
		s.topic.Publish(m)
		if least := now.Add(-pictureSlack); due.Before(least) {
			due = least
		}
		due = due.Add(max(pictureEvery, s.feed.Every()))
	}
}

// run makes frames until the pump's context is done.
func (p *pump) run() {
	ctx := p.ctx
	defer p.pictures.Wait()
	defer func() {
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
	}()
	var streams []*stream
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		streams = streams[:0]
		for _, s := range p.streams {
			streams = append(streams, s)
		}
		p.mu.Unlock()

		now := time.Now()
		// Each second all are looked at: some pictures change with time alone.
		next := now.Add(time.Second)
		if len(streams) > 0 && p.outdated != nil && p.outdated() {
			reload(streams)
		}
		for _, s := range streams {
			if s.picture != nil {
				continue
			}
			if s.snapshot.Swap(false) {
				s.topic.Snapshot(message(s.feed.Snapshot(now)))
			}
			if s.woken.Swap(false) {
				s.dirty = true
			}
			// A source says several things for one frame of its own. That Next
			// had nothing for one of them must not delay the next, or every
			// picture comes by leastGap too late.
			from := s.last
			if s.light {
				from = s.sent
			}
			due := from.Add(s.feed.Every())
			if gap := s.sent.Add(leastGap); gap.After(due) {
				due = gap
			}
			if now.Before(due) {
				if s.dirty && due.Before(next) {
					next = due
				}
				continue
			}
			if !s.dirty && now.Sub(s.last) < time.Second {
				continue
			}
			s.last, s.dirty = now, false
			if frame := s.feed.Next(now); frame != nil {
				s.sent = now
				s.topic.Publish(hub.Text(frame))
			}
		}

		changed := p.src.Changed()
		if len(streams) == 0 {
			// Nobody watches: sleep until somebody does, whatever comes in.
			changed = nil
			next = now.Add(time.Hour)
		}
		timer.Reset(time.Until(next))
		select {
		case <-ctx.Done():
			if p.forgotten.Load() {
				reload(streams)
			}
			return
		case <-p.kick:
		case <-timer.C:
		case <-changed:
			for _, s := range streams {
				if s.picture != nil {
					s.wake()
				}
				s.dirty = true
			}
		}
	}
}

// reload has the pages that watch the streams load themselves again.
func reload(streams []*stream) {
	for _, s := range streams {
		if s.picture == nil { // no page has pictures alone, and theirs is another goroutine
			s.topic.Publish(hub.Text([]byte(`{"topic":"reload"}`)))
		}
	}
}

func message(frame []byte) *hub.Message {
	if frame == nil {
		return nil
	}
	return hub.Text(frame)
}
