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
	"webmon/shm"
)

// tailFrames is how many deltas are kept for browsers that fall behind: about
// two seconds of a chart.
const tailFrames = 32

// leastGap is the least time between two frames of a stream, whatever its feed
// says: no browser can show more.
const leastGap = 4 * time.Millisecond

// pictureEvery is the least time between two pictures of a feed, on average. It
// allows slightly more than 60 a second, so that one late frame does not delay
// those after it. pictureSlack is how much sooner than that one picture may
// follow: a process that sends 60 frames a second does not send them evenly, and
// none of them should wait.
const (
	pictureEvery = 15 * time.Millisecond
	pictureSlack = pictureEvery / 2
)

// drawing bounds how many pictures of all sources are made at the same time: half
// of the processors are left for everything else.
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
	// outdated reports whether the pages of this source should show another one
	// instead. It is called while somebody watches; nil: they never should.
	outdated func() bool

	pictures sync.WaitGroup // the goroutines of feeds of pictures

	mu       sync.Mutex // guards all below
	streams  map[*hub.Topic]*stream
	painters map[*hub.Topic]*painter
	ended    bool // run has ended, or is about to
}

// stream is a feed that is being watched. What stands below snapshot is owned by
// run.
type stream struct {
	topic    *hub.Topic
	feed     tab.Feed
	release  func()      // of the topics it wants from the source
	woken    atomic.Bool // the feed has called wake
	snapshot atomic.Bool // a snapshot is wanted
	last     time.Time   // when Next was last called
	sent     time.Time   // when Next last returned a frame
	dirty    bool        // there may be something new since last
}

// painter is a feed of pictures that is being watched.
type painter struct {
	topic *hub.Topic
	feed  tab.Pictures
	kick  chan struct{} // capacity one: there may be something to do
	stop  func()        // ends its goroutine, and releases the topics that it wants
}

// newPump returns a pump. Its method run must be called, and ends when ctx is done.
func newPump(ctx context.Context, src *source.Source) *pump {
	return &pump{
		src: src, ctx: ctx, kick: make(chan struct{}, 1),
		streams: map[*hub.Topic]*stream{}, painters: map[*hub.Topic]*painter{},
	}
}

// open adds the feed of a topic.
func (p *pump) open(t *hub.Topic, feed tab.Feed) {
	if feed.Ordered {
		t.Keep(tailFrames)
	}
	if feed.Fresh {
		t.Fresh()
	}
	s := &stream{topic: t, feed: feed, release: p.src.Want(feed.Wants...), dirty: true}
	if feed.Wake != nil {
		feed.Wake(func() {
			s.woken.Store(true)
			p.wake()
		})
	}
	p.mu.Lock()
	p.streams[t] = s
	p.mu.Unlock()
	p.wake()
}

// paint adds the feed of a topic of pictures.
func (p *pump) paint(t *hub.Topic, feed tab.Pictures) {
	ctx, cancel := context.WithCancel(p.ctx)
	release := p.src.Want(feed.Wants...)
	w := &painter{topic: t, feed: feed, kick: make(chan struct{}, 1), stop: func() { cancel(); release() }}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.painters[t] = w
	if !p.ended {
		p.pictures.Go(func() { w.run(ctx) })
	}
	p.wake() // run tells the painters what the source sends, and sleeps while nobody watches
}

// close removes the feed of a topic.
func (p *pump) close(t *hub.Topic) {
	p.mu.Lock()
	s, w := p.streams[t], p.painters[t]
	delete(p.streams, t)
	delete(p.painters, t)
	p.mu.Unlock()
	if s != nil {
		s.release()
	}
	if w != nil {
		w.stop()
	}
}

// refresh asks for a snapshot of a topic.
func (p *pump) refresh(t *hub.Topic) {
	p.mu.Lock()
	s, w := p.streams[t], p.painters[t]
	p.mu.Unlock()
	if s != nil {
		s.snapshot.Store(true)
		p.wake()
	}
	if w != nil {
		w.wake() // there has been no picture yet: otherwise the hub would have sent it
	}
}

// ready is called when a browser can take a picture of a topic again.
func (p *pump) ready(t *hub.Topic) {
	p.mu.Lock()
	w := p.painters[t]
	p.mu.Unlock()
	if w != nil {
		w.wake()
	}
}

// sent tells the painters that the source has sent something.
func (p *pump) sent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.painters {
		w.wake()
	}
}

func (p *pump) wake() { shm.Signal(p.kick) }

func (w *painter) wake() { shm.Signal(w.kick) }

// run makes pictures until ctx is done.
func (w *painter) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.kick:
		case <-timer.C:
		}
		now := time.Now()
		// Next is called each second in any case, as for all feeds.
		timer.Reset(time.Second)
		if now.Before(due) {
			timer.Reset(due.Sub(now))
			continue
		}
		if !w.topic.Ready() {
			continue // ready wakes the painter
		}
		select {
		case <-ctx.Done():
			return
		case drawing <- struct{}{}:
		}
		m := w.feed.Next(time.Now())
		<-drawing
		if m == nil {
			continue
		}
		w.topic.Publish(m)
		if least := now.Add(-pictureSlack); due.Before(least) {
			due = least
		}
		due = due.Add(max(pictureEvery, w.feed.Every))
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
		watched := len(p.streams)+len(p.painters) > 0
		p.mu.Unlock()

		now := time.Now()
		// Next of all feeds is called each second, because some change with time alone.
		next := now.Add(time.Second)
		if len(streams) > 0 && p.outdated != nil && p.outdated() {
			reload(streams)
		}
		for _, s := range streams {
			if s.snapshot.Swap(false) {
				s.topic.Snapshot(message(s.feed.Frames.Snapshot(now)))
			}
			if s.woken.Swap(false) {
				s.dirty = true
			}
			// A source sends several things for one frame of its own. If Next had
			// nothing to return for one of them, the next one must not wait for
			// that. Otherwise every frame would come later by leastGap.
			from := s.last
			if s.feed.Light {
				from = s.sent
			}
			due := from.Add(s.feed.Every)
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
			if frame := s.feed.Frames.Next(now); frame != nil {
				s.sent = now
				s.topic.Publish(hub.Text(frame))
			}
		}

		changed := p.src.Changed()
		if !watched {
			// Nobody watches: sleep until somebody does, whatever the source sends.
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
				s.dirty = true
			}
			p.sent()
		}
	}
}

// reload makes the pages that watch the streams load themselves again.
func reload(streams []*stream) {
	for _, s := range streams { // every page watches a stream, not only pictures
		s.topic.Publish(hub.Text([]byte(`{"topic":"reload"}`)))
	}
}

func message(frame []byte) *hub.Message {
	if frame == nil {
		return nil
	}
	return hub.Text(frame)
}
