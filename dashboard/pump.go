package dashboard

import (
	"context"
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

// pump turns what one source sends into frames: one goroutine for all feeds of
// the source and all browsers. It sleeps while nobody watches.
type pump struct {
	src  *source.Source
	kick chan struct{} // capacity one: a stream came, or wants a snapshot
	// forgotten is set before run is stopped because the source is forgotten.
	forgotten atomic.Bool
	// outdated tells that pages had better show another source, asked while
	// somebody watches; nil: never.
	outdated func() bool

	mu      sync.Mutex // guards streams
	streams map[*hub.Topic]*stream
}

// stream is a feed that is being watched. All but snapshot is owned by run.
type stream struct {
	topic    *hub.Topic
	feed     tab.Feed
	release  func() // of the topics it wants from the source
	snapshot atomic.Bool
	last     time.Time // Next was called
	sent     time.Time // it returned a frame
	dirty    bool      // the source has sent something since
}

func newPump(src *source.Source) *pump {
	return &pump{src: src, kick: make(chan struct{}, 1), streams: map[*hub.Topic]*stream{}}
}

// open adds the feed of a topic.
func (p *pump) open(t *hub.Topic, feed tab.Feed) {
	if feed.Ordered() {
		t.Keep(tailFrames)
	}
	s := &stream{topic: t, feed: feed, release: p.src.Want(feed.Wants()...), dirty: true}
	p.mu.Lock()
	p.streams[t] = s
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
	if s != nil {
		s.snapshot.Store(true)
		p.wake()
	}
}

func (p *pump) wake() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// run makes frames until ctx is done.
func (p *pump) run(ctx context.Context) {
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
			if s.snapshot.Swap(false) {
				s.topic.Snapshot(message(s.feed.Snapshot(now)))
			}
			// A source says several things for one frame of its own. That Next
			// had nothing for one of them must not delay the next, or every
			// picture comes by leastGap too late.
			due := s.last.Add(s.feed.Every())
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
				s.dirty = true
			}
		}
	}
}

// reload has the pages that watch the streams load themselves again.
func reload(streams []*stream) {
	for _, s := range streams {
		s.topic.Publish(hub.Text([]byte(`{"topic":"reload"}`)))
	}
}

func message(frame []byte) *hub.Message {
	if frame == nil {
		return nil
	}
	return hub.Text(frame)
}
