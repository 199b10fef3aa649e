// Package hub fans frames out to browsers. It knows topics by name and frames
// as bytes. What they mean is the business of the page and of the feeds. Of the
// messages of a page it reads only those about frames: which topics the page
// watches, and what it has painted. All others are handed on unread (Options.Kinds).
//
// A topic keeps one short tail of frames for all browsers, and each browser only
// has its position in it. Publishing a frame therefore costs one store and, for
// each browser, one write that never blocks. A browser that cannot keep up skips
// the frames that it missed; they are not queued for it:
//
//	h := hub.New(hub.Options{Open: open, Close: close})
//	...
//	topic.Publish(hub.Text(frame)) // from the goroutine that owns the topic
//	...
//	h.Serve(ctx, conn)             // one call per browser, until it is gone
//
// The page acknowledges what it has received, and what it has painted. From that [line.Line] knows what the connection carries. As much is under
// way as it carries without a queue, so that what arrives is never old, and pictures ([Picture]) are written for it as it carries them.
package hub

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"webmon/dashboard/budget"
	"webmon/fault"
)

// Limits of what a browser may ask for.
const (
	maxTopicsPerClient = 64
	maxTopicName       = 256      // bytes
	maxMessage         = 16 << 10 // bytes from the page
	minWho, maxWho     = 8, 64    // letters of the name that a page gives its visitor
)

// Options configure a Hub. The zero value of each has the default named.
type Options struct {
	// Open is called when the first browser watches a topic, before any frame
	// is asked for. An error refuses the topic; the browser's other topics are
	// not affected. nil: any topic may be watched.
	Open func(*Topic) error
	// Close is called when the last browser has left a topic.
	Close func(*Topic)
	// May reports whether a browser may watch a topic. It must return at once. nil:
	// every browser may watch every topic.
	May func(browser any, topic string) bool
	// Refresh is called when some browser needs a snapshot of the topic. It
	// must return at once and have Topic.Snapshot called soon. It may be
	// called again before that.
	Refresh func(*Topic)
	// Kinds are further kinds of message that a page may send, by their "type". A
	// function is called with every message of its kind: JSON of at most 16 KiB of
	// which only the type was checked. It must not keep the message, and must return
	// at once. browser tells connections apart and means nothing else. An error is
	// logged, and the connection goes on. Messages of other kinds are ignored.
	Kinds map[string]func(browser any, message []byte) error
	// Watching is called when a browser has asked for topics, with those that
	// it got, and with none once the browser is gone. For one browser it is never
	// called twice at the same time. who is the name that the page gives its
	// visitor, the same on all pages of one person; "" if the page gives none. No
	// frame of the topics has been asked for yet. Watching must return at once and
	// must not call the hub. nil: not called.
	Watching func(browser any, who string, topics []string)
	// Greeting is the first message of every connection; nil: none.
	Greeting func() []byte

	// Ready is called when a browser can take a frame of a topic again, after
	// Topic.Ready has reported that none could. It must return at once.
	Ready func(*Topic)

	// Bytes is how many bytes of pictures, and of other messages of at least 64 KiB, may be under way to a browser and not
	// painted before it gets no further one: 4 MiB. Two are always allowed. Smaller messages are sent all the same.
	Bytes int
	// WriteTimeout is how long a browser may block one message: 10 s.
	WriteTimeout time.Duration
	// PingEvery is the time between pings, in whole seconds: 5 s. A browser that
	// answers no ping for four times as long counts as gone. So a browser that has
	// vanished is soon noticed, and one that is busy for a while is not cut off.
	PingEvery time.Duration

	// Budget says how many bytes of frames may be kept for the browsers together, and for
	// one of them; nil: one of 1 GiB.
	Budget *budget.Budget

	Logger *slog.Logger // nil: slog.Default()
	// Faults is told of what panics: a function of these options, whose call is then
	// all that is lost, or what the hub does for a browser, which is then left. nil:
	// only the log is.
	Faults *fault.Ledger
}

// Hub is the set of topics that are watched and the browsers that watch them.
type Hub struct {
	opts Options

	// mu guards topics, clients and subscriptions (writes of Topic.subs). It is
	// taken when a browser comes, goes or changes its topics, never when a frame
	// is published.
	mu      sync.Mutex
	topics  map[string]*Topic
	clients map[*client]struct{}

	stats    counters
	browsers atomic.Int64 // as many as clients
	latency  latencies

	farewell atomic.Pointer[Message]
	carriers sync.WaitGroup // of topics; nobody waits for them
}

// Context returns the context that Serve was called with for a browser, as Options.Kinds,
// Options.Watching and Topic.Opener name it.
func Context(browser any) context.Context {
	if c, ok := browser.(*client); ok {
		return c.ctx
	}
	return context.Background()
}

// Last is the cause with which the context of [Hub.Serve] is cancelled to end one
// connection for good: its last message, and the code of its close.
type Last struct {
	Message *Message // nil: none
	Code    int      // of RFC 6455
}

// Error implements error.
func (*Last) Error() string { return "the connection was ended" }

// Farewell makes m the last message of every connection that ends because
// Serve's ctx does.
func (h *Hub) Farewell(m *Message) { h.farewell.Store(m) }

type counters struct {
	// Of browsers that are gone: each counts what it is sent, so that those who write to several at a time have no counter in common.
	sent, bytes      atomic.Uint64
	skipped, refused atomic.Uint64
}

// New returns a hub without browsers.
func New(opts Options) *Hub {
	if opts.Bytes <= 0 {
		opts.Bytes = 4 << 20
	}
	if opts.WriteTimeout <= 0 {
		opts.WriteTimeout = 10 * time.Second
	}
	if opts.PingEvery <= 0 {
		opts.PingEvery = 5 * time.Second
	}
	if opts.Budget == nil {
		opts.Budget = budget.New(1 << 30)
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Hub{opts: opts, topics: map[string]*Topic{}, clients: map[*client]struct{}{}}
}

// Stats are sums since the hub began, and how many browsers and topics there are now.
type Stats struct {
	Browsers int
	Topics   int
	Sent     uint64 // messages
	Bytes    uint64 // of their payload
	Skipped  uint64 // frames that a browser never got because a newer one was there
	// Paint is the time from the server stamping a frame to its
	// acknowledgement after the paint, over the last minute or so.
	PaintMedian, PaintP99 time.Duration
}

// Stats returns the hub's sums.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	s := Stats{Browsers: len(h.clients), Topics: len(h.topics), Sent: h.stats.sent.Load(), Bytes: h.stats.bytes.Load()}
	for c := range h.clients {
		s.Sent += c.sent.Load()
		s.Bytes += c.bytes.Load()
	}
	h.mu.Unlock()
	s.Skipped = h.stats.skipped.Load()
	s.PaintMedian, s.PaintP99 = h.latency.quantiles()
	return s
}

// watch replaces the set of topics that c watches. who is the name that the page
// gives its visitor. keep says that the page still shows what it was sent of the
// topics that it watches already.
func (h *Hub) watch(c *client, who string, names []string, keep bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.clients[c]; !ok {
		return
	}
	old := c.subs.Load().all
	before := make(map[string]*sub, len(old))
	for _, s := range old {
		before[s.topic.name] = s
	}
	next := make([]*sub, 0, len(names))
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if len(next) == maxTopicsPerClient {
			h.opts.Logger.Warn("browser watches too many topics", "limit", maxTopicsPerClient)
			break
		}
		if name == "" || len(name) > maxTopicName || seen[name] {
			continue
		}
		seen[name] = true
		if h.opts.May != nil && !h.opts.May(c, name) {
			h.stats.refused.Add(1)
			h.opts.Logger.Debug("topic not allowed", "topic", name)
			continue
		}
		if s := before[name]; s != nil {
			delete(before, name)
			// Without keep the page has been drawn again: what it was sent before is
			// gone with the old elements, so it needs everything again. A topic whose
			// frames stand for themselves is sent again in any case: it costs little,
			// and an element that has just been added may show it too.
			if !keep || s.topic.depth == 1 {
				s.begin()
			}
			next = append(next, s)
			continue
		}
		t := h.topics[name]
		if t == nil {
			t = &Topic{name: name, hub: h, depth: 1, opener: c}
			t.kept.account = h.opts.Budget.Browsers.Part(name, h.opts.Budget.OneBrowser)
			t.tail.Store(&tail{})
			t.subs.Store(&[]*sub{})
			if !t.kept.take(topicBytes) {
				h.stats.refused.Add(1)
				h.opts.Logger.Warn("topic refused: there is no room for more frames", "limit", h.opts.Budget.Browsers.Limit())
				continue
			}
			if h.opts.Open != nil {
				if err := fault.Catch(func() error { return h.opts.Open(t) }); err != nil {
					t.kept.close()
					if h.opts.Faults.Note("topic", name, err) {
						h.call("topic", name, func() { h.opts.Close(t) }) // what it has begun
					}
					h.stats.refused.Add(1)
					h.opts.Logger.Debug("topic refused", "topic", name, "error", err)
					continue
				}
			}
			h.topics[name] = t
		}
		s := newSub(t, c)
		s.begin()
		t.add(s)
		next = append(next, s)
	}
	if !IsWho(who) {
		who = ""
	}
	c.who.Store(&who)
	if h.opts.Watching != nil {
		got := make([]string, len(next))
		for i, s := range next {
			got[i] = s.topic.name
		}
		h.call("watching", "", func() { h.opts.Watching(c, who, got) })
	}
	c.subs.Store(subsOf(next))
	for _, s := range before {
		h.drop(s)
	}
	c.signal()
}

// IsWho reports whether a page may call a visitor by that name: 8 to 64 letters,
// digits, "_" and "-". So many letters are not those of somebody else by chance,
// and none of them needs escaping in JSON, HTML or a URL.
func IsWho(who string) bool {
	if len(who) < minWho || len(who) > maxWho {
		return false
	}
	for i := range len(who) {
		switch c := who[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// drop ends a subscription; mu is held.
func (h *Hub) drop(s *sub) {
	t := s.topic
	if t.remove(s) > 0 {
		return
	}
	delete(h.topics, t.name)
	if h.opts.Close != nil {
		h.call("topic", t.name, func() { h.opts.Close(t) })
	}
	t.kept.close()
}

// call calls a function of the hub's owner. If that panics, the call is lost, and what
// the hub itself is doing goes on.
func (h *Hub) call(part, about string, f func()) {
	if err := fault.Do(f); err != nil {
		h.opts.Faults.Note(part, about, err)
	}
}

// Topic is one named stream of frames.
type Topic struct {
	name  string
	hub   *Hub
	depth int  // frames kept; set by Open, before anything is published
	fresh bool // newcomers get no snapshot that is older than they are; set by Open

	tail atomic.Pointer[tail]   // written by the topic's owner
	subs atomic.Pointer[[]*sub] // written under hub.mu
	// asked is set while a snapshot is wanted, so that it is asked for once,
	// however many newcomers need it.
	asked atomic.Bool
	// awaited is set while the topic's owner waits for a browser that can take
	// a frame.
	awaited atomic.Bool
	kept    kept
	carrier carrier
	gallery *gallery // nil: its frames are no pictures; set by Open

	opener any // the browser for which the topic was opened

	Owner any // for whoever opened the topic; the hub does not touch it
}

// tail is the end of a topic's stream: frames first, first+1, ... and a
// snapshot that stands for everything up to and including frame snap. The
// numbers begin at 1. A tail is never changed, only replaced.
type tail struct {
	first    uint64
	frames   []*Message
	snap     uint64
	snapshot *Message

	came  []time.Time               // when each of the frames did, where they stand for themselves
	joins []atomic.Pointer[Message] // the frames from each on as one message; nil where there are few browsers
}

// last is the number of the last frame, 0 before any.
func (t *tail) last() uint64 {
	if len(t.frames) == 0 {
		return t.snap
	}
	return t.first + uint64(len(t.frames)) - 1
}

// Name returns the topic's name, as the page asked for it.
func (t *Topic) Name() string { return t.name }

// Opener returns the browser that watched the topic first. It may be gone.
func (t *Topic) Opener() any { return t.opener }

// Keep makes the topic one whose frames are deltas: the last n of them are kept
// for browsers that fall behind, and a browser that is further behind gets a
// snapshot. Without Keep each frame stands for itself, and a browser gets the
// newest one. Call Keep in Options.Open.
func (t *Topic) Keep(n int) { t.depth = max(1, n) }

// Fresh makes newcomers wait for a new snapshot. Otherwise they get an older one
// and the frames after it, and their page would show for a moment what was so
// then. Call Fresh in Options.Open.
func (t *Topic) Fresh() { t.fresh = true }

// Publish makes m the topic's newest frame. Only the topic's owner may call
// it, from one goroutine at a time.
func (t *Topic) Publish(m *Message) {
	old := t.tail.Load()
	next := &tail{snap: old.snap, snapshot: old.snapshot}
	switch {
	case t.tooLarge(m):
		if t.depth == 1 {
			return // the frame before it stays
		}
		// A delta is missing: everybody needs a snapshot.
		next.snap, next.snapshot = old.last()+1, nil
	case t.depth == 1:
		next.snap = old.last() + 1
		next.snapshot = m // a frame that stands for itself is its own snapshot
		if len(*t.subs.Load()) >= many {
			next.waiting(old, m, time.Now())
		}
	default:
		frames := old.frames
		next.first = old.first
		if len(frames) == 0 {
			next.first = old.last() + 1
		}
		// A browser that is further behind than the tail gets a snapshot.
		bytes := 0
		for _, f := range frames {
			bytes += f.size
		}
		for len(frames) > 0 && (len(frames) == t.depth || bytes+m.size > t.hub.tailBytes()) {
			bytes -= frames[0].size
			frames, next.first = frames[1:], next.first+1
		}
		// A new slice: browsers are still reading the old one.
		next.frames = append(append(make([]*Message, 0, min(t.depth, len(frames)+8)), frames...), m)
	}
	if len(next.frames) > 1 && len(*t.subs.Load()) >= many {
		next.joins = make([]atomic.Pointer[Message], len(next.frames))
	}
	t.store(old, next)
	if t.depth == 1 && old.snapshot != nil {
		old.snapshot.release()
	}
	t.signal(m)
}

// store makes next the tail, and counts what it keeps.
func (t *Topic) store(old, next *tail) {
	t.kept.add(next.bytes() - old.bytes())
	t.tail.Store(next)
}

// bytes is how many bytes the tail keeps. A message whose buffer is lent is counted with
// its buffer.
func (t *tail) bytes() int64 {
	n := 0
	for _, m := range t.frames {
		n += len(m.wire)
	}
	if t.snapshot != nil && t.snapshot.free == nil && (len(t.frames) == 0 || t.frames[len(t.frames)-1] != t.snapshot) {
		n += len(t.snapshot.wire)
	}
	if t.joins != nil {
		n += n * len(t.joins) / 2 // of which each may be made
	}
	return int64(n)
}

// tooLarge reports whether a message is larger than one may be, or there is no room for
// one of its size. It is counted then.
func (t *Topic) tooLarge(m *Message) bool {
	b := t.hub.opts.Budget
	if m.free != nil || int64(m.size) <= t.hub.opts.Budget.OneBrowser/2 && (m.size < big || b.Browsers.Over() <= 0) {
		return false
	}
	t.kept.account.Dropped(1, int64(m.size))
	t.hub.opts.Logger.Warn("frame left out: there is no room for it", "topic", t.name, "bytes", m.size)
	return true
}

// tailBytes is how many bytes of deltas a topic keeps for browsers that fall behind: so
// many that those of all topics of a browser fit into its part of the budget.
func (h *Hub) tailBytes() int { return int(h.opts.Budget.OneBrowser / maxTopicsPerClient) }

// Snapshot makes m stand for all frames published so far. Only the topic's
// owner may call it. nil says that there is nothing to show yet.
func (t *Topic) Snapshot(m *Message) {
	t.asked.Store(false)
	if m == nil || t.tooLarge(m) {
		return
	}
	old := t.tail.Load()
	t.store(old, &tail{first: old.first, frames: old.frames, snap: max(1, old.last()), snapshot: m})
	t.signal(m)
}

// signal sends m, which is new, to all browsers that watch the topic. The
// browsers' own goroutines copy a big message into the sockets, in parallel.
func (t *Topic) signal(m *Message) {
	subs := *t.subs.Load()
	if len(subs) >= many && m.size < big {
		t.carry()
		return
	}
	now := time.Now()
	for _, s := range subs {
		switch c := s.client; {
		case c.full.Load(): // the browser's next acknowledgement sends it
		case m.size < big:
			c.push(false, now)
		case !c.held.Load():
			c.signal()
		}
	}
}

func (t *Topic) add(s *sub) {
	old := *t.subs.Load()
	subs := append(append(make([]*sub, 0, len(old)+1), old...), s)
	t.subs.Store(&subs)
}

func (t *Topic) remove(s *sub) (left int) {
	old := *t.subs.Load()
	subs := make([]*sub, 0, len(old))
	for _, o := range old {
		if o != s {
			subs = append(subs, o)
		}
	}
	t.subs.Store(&subs)
	return len(subs)
}

// sub is one browser's place in one topic's stream.
type sub struct {
	topic  *Topic
	client *client
	next   atomic.Uint64 // number of the frame to send next; 0: needs a snapshot
	since  atomic.Uint64 // number of the topic's last frame when the browser began
	place  *place        // in a topic of pictures; nil in all others
}

func newSub(t *Topic, c *client) *sub {
	s := &sub{topic: t, client: c}
	if t.gallery != nil {
		s.place = &place{}
		s.place.rung.Store(-1)
		s.place.exact.Store(-1)
	}
	return s
}

func subsOf(all []*sub) *subs {
	out := &subs{all: all}
	for _, s := range all {
		if s.place != nil {
			out.pictures = append(out.pictures, s)
		} else {
			out.texts = append(out.texts, s)
		}
	}
	return out
}

// begin makes the browser get a snapshot first, and then every later frame.
func (s *sub) begin() {
	s.since.Store(s.topic.tail.Load().last())
	s.next.Store(0)
	if s.place != nil {
		s.place.seen.Store(0)
	}
}

// take returns the next message for the browser, nil if it has them all, and
// how many frames the browser skips with it. If pictures is false, a picture is
// not taken; left then says that there is one. together says that it gets what has come in one message of several; otherwise,
// and of frames that stand for themselves, it gets the newest. The message must be released.
func (s *sub) take(pictures, together bool) (m *Message, skipped uint64, left bool) {
	for {
		t := s.topic.tail.Load()
		next, last := s.next.Load(), t.last()
		switch {
		case next > last: // up to date
			return nil, 0, false
		case next > 0 && len(t.frames) > 0 && next >= t.first && (together || t.came == nil): // in order
			m = t.frames[next-t.first]
			if m.size >= big && !pictures {
				return nil, 0, true
			}
			if together {
				if all := t.from(next); all != nil {
					s.next.CompareAndSwap(next, last+1)
					return all, 0, false
				}
			}
			s.next.CompareAndSwap(next, next+1)
			return m, 0, false
		case t.snapshot != nil && (len(t.frames) == 0 || t.snap+1 >= t.first) &&
			(next > 0 || !s.topic.fresh || t.snap >= s.since.Load()):
			m = t.snapshot
			if m.size >= big && !pictures {
				return nil, 0, true
			}
			if !m.retain() {
				continue // there is a newer one: this one's buffer has been given back
			}
			if s.next.CompareAndSwap(next, t.snap+1) && next > 0 {
				skipped = t.snap - next
			}
			return m, skipped, false
		default: // no snapshot that the kept frames continue
			s.topic.refresh()
			return nil, 0, false
		}
	}
}

func (t *Topic) refresh() {
	if t.hub.opts.Refresh != nil && t.asked.CompareAndSwap(false, true) {
		t.hub.call("topic", t.name, func() { t.hub.opts.Refresh(t) })
	}
}
