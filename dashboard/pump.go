package dashboard

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/fault"
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
//
// A feed that panics is left alone for a while, then opened again and asked again. All
// other feeds go on.
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
	release  func()      // of the topics it wants from the source
	woken    atomic.Bool // the feed has called wake
	snapshot atomic.Bool // a snapshot is wanted

	feed   tab.Feed
	reopen func() (tab.Feed, error) // makes a feed in place of one that has panicked
	last   time.Time                // when Next was last called
	sent   time.Time                // when Next last returned a frame
	dirty  bool                     // there may be something new since last
	broken broken
}

// painter is a feed of pictures that is being watched. What stands below stop is owned
// by its goroutine.
type painter struct {
	topic *hub.Topic
	kick  chan struct{} // capacity one: there may be something to do
	stop  func()        // ends its goroutine, and releases the topics that it wants

	feed   tab.Pictures
	reopen func() (tab.Pictures, error)
	broken broken
	failed atomic.Pointer[error] // of Run, which has panicked
	end    func()                // ends Run; nil: there is none
}

// broken is how a feed has panicked.
type broken struct {
	times int       // since it last worked for a while; 0: it works
	until time.Time // not asked before
}

// mended is how long a feed must have worked for its faults to count as over.
const mended = time.Minute

// panicked says that the feed of a topic has, now.
func (b *broken) panicked(src *source.Source, topic string, now time.Time, err error) {
	if now.Sub(b.until) > mended {
		b.times = 0
	}
	b.times++
	b.until = now.Add(fault.Pause(b.times))
	src.Fault("feed", topic, fmt.Sprintf("The part %q of the page", partOf(topic)), err)
}

// partOf is what a topic is about, without the source, its details and what they may
// contain.
func partOf(topic string) string {
	_, rest, _ := strings.Cut(topic, "/")
	rest = strings.TrimPrefix(rest, tab.LockedFeeds)
	part, detail, _ := strings.Cut(rest, "/")
	if part == "html" {
		part = detail
	}
	return part
}

// newPump returns a pump. Its method run must be called, and ends when ctx is done.
func newPump(ctx context.Context, src *source.Source) *pump {
	return &pump{
		src: src, ctx: ctx, kick: make(chan struct{}, 1),
		streams: map[*hub.Topic]*stream{}, painters: map[*hub.Topic]*painter{},
	}
}

// open adds the feed of a topic, which reopen has made, and can make again.
func (p *pump) open(t *hub.Topic, feed tab.Feed, reopen func() (tab.Feed, error)) {
	if feed.Ordered {
		t.Keep(tailFrames)
	}
	if feed.Fresh {
		t.Fresh()
	}
	s := &stream{topic: t, feed: feed, reopen: reopen, release: p.src.Want(feed.Wants...), dirty: true}
	p.mu.Lock()
	p.streams[t] = s
	p.mu.Unlock()
	p.listen(s)
	p.wake()
}

// listen lets the feed of a stream say that it has something new.
func (p *pump) listen(s *stream) {
	if s.feed.Wake != nil {
		s.feed.Wake(func() {
			s.woken.Store(true)
			p.wake()
		})
	}
}

// paint adds the feed of a topic of pictures.
func (p *pump) paint(t *hub.Topic, feed tab.Pictures, reopen func() (tab.Pictures, error)) {
	t.Pictures()
	ctx, cancel := context.WithCancel(p.ctx)
	release := p.src.WantUpTo(feed.UpTo[0], feed.UpTo[1], feed.Wants...)
	w := &painter{topic: t, feed: feed, reopen: reopen, kick: make(chan struct{}, 1), stop: func() { cancel(); release() }}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.painters[t] = w
	if !p.ended {
		fault.Go(&p.pictures, func() { w.run(ctx, p) }, func(err error) { p.src.Fault("pump", t.Name(), "The pictures of the page", err) })
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

// begin lets the feed wait for what it draws.
func (w *painter) begin(ctx context.Context, p *pump) {
	if w.feed.Run == nil {
		return
	}
	ctx, w.end = context.WithCancel(ctx)
	wait := w.feed.Run
	fault.Go(&p.pictures, func() { wait(ctx, w.wake) }, func(err error) {
		if err != nil {
			w.failed.Store(&err)
			w.wake()
		}
	})
}

// run makes pictures until ctx is done.
func (w *painter) run(ctx context.Context, p *pump) {
	w.begin(ctx, p)
	defer w.topic.Drop()
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
		if now.Before(w.broken.until) {
			timer.Reset(w.broken.until.Sub(now))
			continue
		}
		newer := !now.Before(due) && w.topic.Ready(now)
		lacks, again := w.topic.Lacks(now)
		if newer || lacks {
			select {
			case <-ctx.Done():
				return
			case drawing <- struct{}{}:
			}
			painted, err := w.paint(ctx, p, newer)
			if err != nil {
				now := time.Now()
				w.topic.Drop() // it may be the picture that has panicked
				w.broken.panicked(p.src, w.topic.Name(), now, err)
				timer.Reset(w.broken.until.Sub(now))
				continue
			}
			if painted {
				if least := now.Add(-pictureSlack); due.Before(least) {
					due = least
				}
				due = due.Add(max(pictureEvery, w.feed.Every))
			}
			now = time.Now()
			_, again = w.topic.Lacks(now)
		}
		// Next is called each second in any case, as for all feeds.
		next := now.Add(time.Second)
		for _, at := range []time.Time{due, again} {
			if at.After(now) && at.Before(next) {
				next = at
			}
		}
		timer.Reset(next.Sub(now))
	}
}

// paint makes the next picture, if newer says that there is somebody for it, and has the last one written for those who lack it. It
// gives back the place among those who draw. A feed that has panicked is opened again first.
func (w *painter) paint(ctx context.Context, p *pump, newer bool) (painted bool, err error) {
	defer func() { <-drawing }()
	defer fault.Into(&err)
	if failed := w.failed.Swap(nil); failed != nil {
		w.feed.Next = nil
		return false, *failed
	}
	if w.feed.Next == nil {
		if w.end != nil {
			w.end()
			w.end = nil
		}
		if w.feed, err = w.reopen(); err != nil {
			return false, nil // what it showed is there no more
		}
		w.begin(ctx, p)
	}
	if newer {
		next := w.feed.Next
		w.feed.Next = nil // unless it returns
		picture := next(time.Now())
		w.feed.Next = next
		if picture != nil {
			w.topic.Paint(picture, time.Now())
			return true, nil
		}
	}
	w.topic.Refine(time.Now())
	return false, nil
}

// run makes frames until the pump's context is done.
func (p *pump) run() {
	defer p.pictures.Wait()
	defer func() {
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
	}()
	for times := 1; ; times++ {
		err := fault.Do(p.pump)
		if err == nil {
			return
		}
		// It is none of a feed's.
		p.src.Fault("pump", p.src.ID(), "What keeps the pages live", err)
		pause := time.NewTimer(fault.Pause(times))
		select {
		case <-p.ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// pump is run, until it panics.
func (p *pump) pump() {
	ctx := p.ctx
	var streams []*stream
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		var watched bool
		streams, watched = p.watched(streams[:0])
		now := time.Now()
		// Next of all feeds is called each second, because some change with time alone.
		next := now.Add(time.Second)
		if len(streams) > 0 && p.outdated != nil && p.outdated() {
			reload(p.src, streams)
		}
		for _, s := range streams {
			if due := p.step(s, now); due.Before(next) {
				next = due
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
				reload(p.src, streams)
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

// watched appends the streams that are watched, and reports whether anything is.
func (p *pump) watched(streams []*stream) ([]*stream, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.streams {
		streams = append(streams, s)
	}
	return streams, len(p.streams)+len(p.painters) > 0
}

// step publishes what a stream has now. It returns when there may be something before
// the next second.
func (p *pump) step(s *stream, now time.Time) (next time.Time) {
	later := now.Add(time.Second)
	if now.Before(s.broken.until) {
		return s.broken.until
	}
	if s.feed.Frames == nil && !p.mend(s, now) {
		return later
	}
	if s.snapshot.Swap(false) {
		frame, ok := p.ask(s, now, tab.Frames.Snapshot)
		if !ok {
			s.snapshot.Store(true)
			return s.broken.until
		}
		s.topic.Snapshot(message(frame))
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
		if s.dirty {
			return due
		}
		return later
	}
	if !s.dirty && now.Sub(s.last) < time.Second {
		return later
	}
	s.last, s.dirty = now, false
	if frame, _ := p.ask(s, now, tab.Frames.Next); frame != nil {
		s.sent = now
		s.topic.Publish(hub.Text(frame))
	}
	return later
}

// ask asks a feed for a frame. ok is false if it has panicked, and is to be opened again.
func (p *pump) ask(s *stream, now time.Time, of func(tab.Frames, time.Time) []byte) (frame []byte, ok bool) {
	if err := fault.Do(func() { frame = of(s.feed.Frames, now) }); err != nil {
		p.broke(s, now, err)
		return nil, false
	}
	return frame, true
}

// broke leaves a feed that has panicked alone for a while.
func (p *pump) broke(s *stream, now time.Time, err error) {
	s.feed.Frames = nil // what it was in the middle of is of no use any more
	s.broken.panicked(p.src, s.topic.Name(), now, err)
}

// mend opens a feed again that has panicked, and brings everybody up to date who watches
// it: the new one knows nothing of what the old one has told.
func (p *pump) mend(s *stream, now time.Time) bool {
	var frame []byte
	if err := fault.Catch(func() (err error) {
		if s.feed, err = s.reopen(); err == nil {
			p.listen(s)
			frame = s.feed.Frames.Snapshot(now)
		}
		return err
	}); err != nil {
		p.broke(s, now, err)
		return false
	}
	if frame != nil {
		s.topic.Publish(hub.Text(frame))
	}
	s.last, s.dirty = now, true
	return true
}

// reload makes the pages that watch the streams of a source load themselves again, but for a
// board, which has cards of others too.
func reload(of *source.Source, streams []*stream) {
	for _, s := range streams { // every page watches a stream, not only pictures
		if s.feed.Apart {
			continue
		}
		s.topic.Publish(hub.Text([]byte(`{"topic":"reload","source":"` + of.ID() + `"}`)))
	}
}

func message(frame []byte) *hub.Message {
	if frame == nil {
		return nil
	}
	return hub.Text(frame)
}
