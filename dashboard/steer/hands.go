package steer

import (
	"slices"
	"sync"
	"time"

	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

const (
	// handsEvery is the least time between two messages of hands to one process: as often as
	// screens paint.
	handsEvery = time.Second / 60
	// maxPages bounds the pages of which it is known what the process has done of theirs, and
	// keepPages is how long that is known of a page that does nothing any more.
	maxPages  = 32
	keepPages = 30 * time.Second
	// maxUndone bounds the messages of one page that the process may not have done yet.
	maxUndone = 256
	// maxHeld bounds the keys that one browser may hold down.
	maxHeld = 32
	// noteEvery is the least time between two notes in the record of what one browser does.
	// The record joins notes that follow each other closely.
	noteEvery = time.Second
)

// Names in the record of what people do at a canvas.
const (
	camera = "camera"
	draw   = "draw"
)

// hands passes what people do at the canvases of viewers on to their processes. It knows what
// each process has done of it, and who draws.
type hands struct {
	failed func(error) // told of a panic; constant

	mu    sync.Mutex // guards all below
	of    map[string]*canvas
	looks map[any][]string // the canvases at which each browser looks, by their sources
}

func newHands() *hands { return &hands{of: map[string]*canvas{}, looks: map[any][]string{}} }

// canvas is what people do at the canvas of one source.
type canvas struct {
	failed func(error)

	mu      sync.Mutex // guards all below
	src     handled
	queue   shm.HandQueue
	from    map[string]uint64 // numbers of the last messages of the pages in queue
	n       uint64            // of the last message to the process
	resting bool              // nothing is sent until the timer has come

	pages    map[string]*handPage
	browsers map[any]*handBrowser

	baton
}

// handled is what hands can be given to: a [source.Source].
type handled interface {
	ID() string
	Hands(n uint64, events []shm.Hand) bool
	Starts() int
}

// handPage is what is known of the messages of one page.
type handPage struct {
	seen time.Time
	done uint64   // number of its last message that was done, as far as undone does not tell
	sent []undone // oldest first
}

// undone is a message of a page and the message to the process in which it went.
type undone struct {
	to     uint64
	starts int // processes that there had been then
	n      uint64
}

// handBrowser is what a browser holds down at a canvas.
type handBrowser struct {
	points  bool // the pointer rests on the canvas
	x, y    float64
	buttons []string
	keys    []string
	noted   string // what was last noted in the record of what it does, and when
	notedAt time.Time
}

func (h *hands) canvas(src handled) *canvas {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.of[src.ID()]
	if c == nil {
		c = &canvas{
			failed: h.failed, from: map[string]uint64{},
			pages: map[string]*handPage{}, browsers: map[any]*handBrowser{},
		}
		h.of[src.ID()] = c
	}
	c.mu.Lock()
	c.src = src
	c.mu.Unlock()
	return c
}

// Hands passes on what somebody does at the canvas of a source. Of what draws it passes on
// only that of the browser that draws there, see [Desk.Draw], and reports false if it has left
// some of it out.
func (d *Desk) Hands(by record.Author, browser any, src *source.Source, m HandsMessage) bool {
	c := d.hands.canvas(src)
	moved, drawn, all := c.hear(browser, m, time.Now())
	note := func(name, to string) {
		if c.notes(browser, name+" "+to, time.Now()) {
			d.changes.Add(record.Entry{Author: by, Source: src.ID(), Name: name, To: to, Status: record.Sent})
		}
	}
	if moved {
		note(camera, "moved in the picture")
	}
	if drawn {
		note(draw, "in "+activeLayer(src))
	}
	return all
}

// activeLayer is what people call the layer in which a viewer draws.
func activeLayer(src *source.Source) string {
	value, _, _ := src.State(shm.TopicCanvas)
	state, _ := value.(map[string]shm.Value)
	id, _ := state["layer"].(string)
	if l := src.Layers().Get(id); l != nil {
		return natural.Short(l.Name, maxLogged)
	}
	return "the active layer"
}

// hear takes a message of a page. moved and drawn say what is to be noted in the record, all is
// false if some of it was left out because others draw.
func (c *canvas) hear(browser any, m HandsMessage, now time.Time) (moved, drawn, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.browsers[browser]
	if b == nil {
		b = &handBrowser{}
		c.browsers[browser] = b
	}
	all = true
	events := make([]shm.Hand, 0, len(m.Events))
	for _, e := range m.Events {
		switch {
		case e.Do.Draws() && !c.draws(browser, now):
			all = false
		case b.takes(e):
			events = append(events, e)
			moved = moved || e.Do == shm.HandPan || e.Do == shm.HandZoom || e.Do == shm.HandRotate || e.Do == shm.HandReset
			drawn = drawn || e.Do == shm.HandPress || e.Do == shm.HandKey && e.Down
		}
	}
	c.page(m.Page, now)
	if m.N > c.from[m.Page] {
		c.from[m.Page] = m.N
	}
	c.give(events, now)
	return moved, drawn, all
}

// notes reports whether what a browser does is to be noted in the record again.
func (c *canvas) notes(browser any, what string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.browsers[browser]
	if b == nil || b.noted == what && now.Sub(b.notedAt) < noteEvery {
		return false
	}
	b.noted, b.notedAt = what, now
	return true
}

// takes notes what a browser holds down. It reports false of what makes no sense, such as
// the release of a button that is up.
func (b *handBrowser) takes(e shm.Hand) bool {
	switch e.Do {
	case shm.HandPoint, shm.HandMove, shm.HandWheel:
		b.points, b.x, b.y = true, e.X, e.Y
	case shm.HandLeave:
		was := b.points
		b.points = false
		return was
	case shm.HandPress, shm.HandDouble:
		b.points, b.x, b.y = true, e.X, e.Y
		if !slices.Contains(b.buttons, e.Button) {
			b.buttons = append(b.buttons, e.Button)
		}
	case shm.HandRelease:
		b.x, b.y = e.X, e.Y
		i := slices.Index(b.buttons, e.Button)
		if i < 0 {
			return false
		}
		b.buttons = slices.Delete(b.buttons, i, i+1)
	case shm.HandKey:
		i := slices.Index(b.keys, e.Key)
		switch {
		case e.Down && i < 0:
			if len(b.keys) >= maxHeld {
				return false
			}
			b.keys = append(b.keys, e.Key)
		case !e.Down && i < 0:
			return false
		case !e.Down:
			b.keys = slices.Delete(b.keys, i, i+1)
		}
	}
	return true
}

// lets returns what lets go of all that a browser holds down.
func (b *handBrowser) lets() (events []shm.Hand) {
	for _, button := range b.buttons {
		events = append(events, shm.Hand{Do: shm.HandRelease, X: b.x, Y: b.y, Button: button})
	}
	for _, key := range b.keys {
		events = append(events, shm.Hand{Do: shm.HandKey, Key: key})
	}
	b.buttons, b.keys = nil, nil
	return events
}

// gone is called when a browser is there no more.
func (c *canvas) gone(browser any, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.giveUp(browser, now)
	b := c.browsers[browser]
	if b == nil {
		return
	}
	delete(c.browsers, browser)
	events := b.lets()
	if b.points {
		events = append(events, shm.Hand{Do: shm.HandLeave})
	}
	c.give(events, now)
}

// give sends events to the process, at once or with what comes until the timer does. mu is
// held, here and in all methods below that do not lock it.
func (c *canvas) give(events []shm.Hand, now time.Time) {
	c.queue.Add(events...)
	if !c.resting {
		c.send(now)
	}
}

// send sends what waits, and has what comes next wait for a moment.
func (c *canvas) send(now time.Time) {
	c.resting = c.queue.Len() > 0 || len(c.from) > 0
	if !c.resting {
		return
	}
	// The number rises over the lives of several webmons too, of which one process may have
	// two at a time.
	c.n = max(c.n+1, uint64(now.UnixMicro()))
	to, starts := c.n, c.src.Starts()
	if c.queue.Len() == 0 || !c.src.Hands(c.n, c.queue.Take(c.queue.Len())) {
		to = 0 // nothing more will become of it, so no picture can show it
	}
	for page, n := range c.from {
		c.page(page, now).add(undone{to, starts, n})
	}
	clear(c.from)
	time.AfterFunc(handsEvery, fault.Func(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.send(time.Now())
	}, c.failed))
}

// page returns what is known of a page, and forgets pages that have done nothing for long.
func (c *canvas) page(name string, now time.Time) *handPage {
	p := c.pages[name]
	if p == nil {
		c.sweep(now)
		if len(c.pages) >= maxPages {
			var oldest string
			for name, o := range c.pages {
				if oldest == "" || o.seen.Before(c.pages[oldest].seen) {
					oldest = name
				}
			}
			delete(c.pages, oldest)
		}
		p = &handPage{}
		c.pages[name] = p
	}
	p.seen = now
	return p
}

// sweep forgets the pages that have done nothing for long.
func (c *canvas) sweep(now time.Time) {
	for name, p := range c.pages {
		if now.Sub(p.seen) >= keepPages {
			delete(c.pages, name)
		}
	}
}

// add notes that a message of the page was sent.
func (p *handPage) add(u undone) {
	if len(p.sent) >= maxUndone {
		p.sent = slices.Delete(p.sent, 0, 1) // what comes after it tells of it
	}
	p.sent = append(p.sent, u)
}

// until returns the number of the page's last message that was done, if the process that
// there is after so many starts has done everything up to a message.
func (p *handPage) until(message uint64, starts int) uint64 {
	for _, u := range slices.Backward(p.sent) {
		if u.to <= message || u.starts != starts {
			return u.n
		}
	}
	return p.done
}

// settle forgets the messages of the page that were done before a moment ago.
func (p *handPage) settle(message uint64, starts int) {
	// A little older picture may be made after a newer one, and has to tell the same.
	const kept = 64
	for len(p.sent) > kept && (p.sent[0].to <= message || p.sent[0].starts != starts) {
		p.done = p.sent[0].n
		p.sent = slices.Delete(p.sent, 0, 1)
	}
}

// Done is the number of the last message of a page that a picture shows.
type Done struct {
	Page string
	N    uint64
}

// Done returns, of each page that has lately moved something at the canvas of a source, the
// number of its last message that a frame shows, 0 for none. message is the frame's
// [shm.ArrayFrame.User]. The pages are in the order of their names.
func (d *Desk) Done(src *source.Source, message uint64) []Done {
	return d.hands.canvas(src).done(message, time.Now())
}

func (c *canvas) done(message uint64, now time.Time) []Done {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	starts := c.src.Starts()
	list := make([]Done, 0, len(c.pages))
	for name, p := range c.pages {
		list = append(list, Done{name, p.until(message, starts)})
		p.settle(message, starts)
	}
	slices.SortFunc(list, func(a, b Done) int { return natural.Compare(a.Page, b.Page) })
	return list
}
