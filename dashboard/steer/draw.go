package steer

import (
	"slices"
	"strings"
	"time"

	"webmon/dashboard/source"
	"webmon/fault"
)

// The feeds of a canvas, by the second part of their hub topics. Whoever watches one of them
// looks at the canvas.
const (
	FeedCanvas  = "canvas"
	FeedDrawing = "canvas-people"
)

const (
	// drawRest is how long somebody who draws may do nothing while others wait to draw.
	drawRest = time.Minute
	// maxAsking bounds those who wait.
	maxAsking = 16
)

// Drawer is who draws at the canvas of a source, or waits to draw.
type Drawer struct {
	Person string // id, as in the frames of dashboard/people; "" if nobody knows them there
	Name   string // "" for none
	Colour int    // 0 to 11
	Page   string // the name that the page has given itself; "" for none
}

// baton is who draws at a canvas: one at a time.
type baton struct {
	drawing *drawing // nil: nobody
	asking  []*drawing
	version uint64
	wake    func() // of the feed that tells; nil: there is none
}

// drawing is a browser that draws, or waits to.
type drawing struct {
	Drawer
	browser any
	last    time.Time // when it last drew
}

// Draw says that a browser wants to draw at the canvas of a source, or does not any more. One
// at a time draws. Whoever wants to while somebody else does waits, and everybody sees it. They get
// their turn when that one gives up or leaves, or has not drawn for a minute.
func (d *Desk) Draw(browser any, src *source.Source, who Drawer, on bool) {
	d.hands.canvas(src).draw(browser, who, on, time.Now())
}

// Drawing returns who draws at the canvas of a source, nil for nobody, and who waits to, in
// their order. It changes only with version.
func (d *Desk) Drawing(src *source.Source) (drawer *Drawer, asking []Drawer, version uint64) {
	c := d.hands.canvas(src)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drawing != nil {
		who := c.drawing.Drawer
		drawer = &who
	}
	for _, a := range c.asking {
		asking = append(asking, a.Drawer)
	}
	return drawer, asking, c.version
}

// OnDrawing has wake called whenever Drawing has another answer. It may be called under a
// lock that Drawing takes.
func (d *Desk) OnDrawing(src *source.Source, wake func()) {
	c := d.hands.canvas(src)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake = wake
}

// Watching is told the topics that a browser watches, none once it is gone; see hub.Options. Whoever
// does not look at a canvas any more lets go of what they held down, and does not draw any more.
func (d *Desk) Watching(browser any, topics []string) {
	now := time.Now()
	for _, c := range d.hands.watching(browser, topics) {
		c.gone(browser, now)
	}
}

// watching is told the topics that a browser watches. It returns the canvases at which it looks
// no more.
func (h *hands) watching(browser any, topics []string) (left []*canvas) {
	var now []string
	for _, topic := range topics {
		id, feed, _ := strings.Cut(topic, "/")
		if (feed == FeedDrawing || strings.HasPrefix(feed, FeedCanvas+"/")) && !slices.Contains(now, id) {
			now = append(now, id)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.looks[browser]
	if len(now) > 0 {
		h.looks[browser] = now
	} else {
		delete(h.looks, browser)
	}
	for id, c := range h.of {
		if len(topics) == 0 || slices.Contains(before, id) && !slices.Contains(now, id) {
			left = append(left, c)
		}
	}
	return left
}

func (c *canvas) draw(browser any, who Drawer, on bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !on:
		c.giveUp(browser, now)
	case c.drawing != nil && c.drawing.browser == browser:
		if c.drawing.Drawer != who {
			c.drawing.Drawer = who
			c.told()
		}
	case c.drawing == nil || now.Sub(c.drawing.last) >= drawRest:
		c.pass(&drawing{who, browser, now}, now)
	default:
		is := func(a *drawing) bool { return a.browser == browser }
		if slices.ContainsFunc(c.asking, is) || len(c.asking) >= maxAsking {
			return
		}
		c.asking = append(c.asking, &drawing{who, browser, now})
		c.told()
		c.await(now)
	}
}

// draws reports whether a browser draws, as it does now. mu is held, here and in all methods
// below.
func (c *canvas) draws(browser any, now time.Time) bool {
	if c.drawing == nil || c.drawing.browser != browser {
		return false
	}
	c.drawing.last = now
	return true
}

// giveUp says that a browser neither draws nor waits to.
func (c *canvas) giveUp(browser any, now time.Time) {
	n := len(c.asking)
	c.asking = slices.DeleteFunc(c.asking, func(a *drawing) bool { return a.browser == browser })
	if len(c.asking) != n {
		c.told()
	}
	if c.drawing != nil && c.drawing.browser == browser {
		c.next(now)
	}
}

// next makes the one draw who has waited longest, nobody if none waits.
func (c *canvas) next(now time.Time) {
	var to *drawing
	if len(c.asking) > 0 {
		to = c.asking[0]
		to.last = now
	}
	c.pass(to, now)
}

// pass makes somebody draw, nil for nobody. What was held down by who drew before is let go.
func (c *canvas) pass(to *drawing, now time.Time) {
	if c.drawing != nil {
		if b := c.browsers[c.drawing.browser]; b != nil {
			if events := b.lets(); len(events) > 0 {
				c.give(events, now)
			}
		}
	}
	c.drawing = to
	if to != nil {
		c.asking = slices.DeleteFunc(c.asking, func(a *drawing) bool { return a.browser == to.browser })
	}
	c.told()
	if len(c.asking) > 0 {
		c.await(now)
	}
}

// await looks again when who draws may have rested for long enough.
func (c *canvas) await(now time.Time) {
	holder := c.drawing
	time.AfterFunc(holder.last.Add(drawRest).Sub(now), fault.Func(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.drawing != holder || len(c.asking) == 0 {
			return // another one has begun since, or nobody waits any more
		}
		now := time.Now()
		if now.Sub(holder.last) >= drawRest {
			c.next(now)
		} else {
			c.await(now)
		}
	}, c.failed))
}

// told has the feed tell who draws.
func (c *canvas) told() {
	c.version++
	if c.wake != nil {
		c.wake()
	}
}
