// Package people keeps who looks at what together: at the picture of a source, or at
// something else that has a room. It knows where each of them points, and what one of them
// has said last, such as what is selected. Somebody counts as one person on however many
// pages. They count for a moment longer after their last page has gone, because it may only
// be loading again.
//
// The pages of a source that show its people watch the topic "<source>/people", or that of one of
// [People.Feeds]; that is how they are counted:
//
//	p := people.New()
//	hub.Options{Watching: p.Watching}
//	n := p.Count("becvortices")
//
// A topic that begins with one of [People.Rooms] is a room by itself.
package people

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/tab"
	"webmon/fault"
)

// Topic is the name of the feed of people: "<source>/people".
const Topic = "people"

// Colours is how many colours there are to tell people apart.
const Colours = 12

const (
	// missed is how long somebody still counts after the last of their pages has
	// gone. A page that is loaded again is back by then, even on a slow machine.
	missed = 4 * time.Second
	// kept is how long somebody's place in the list and colour are reserved for
	// them after their last page has gone.
	kept = 15 * time.Second
	// listed bounds the people that a frame names.
	listed = 64
	// every is the least time between two frames.
	every = time.Second / 60
)

// MaxSaid bounds, in bytes, what somebody says in a room, and where they point.
const MaxSaid = 512

// People are all people who look at some source. Its methods are safe for
// concurrent use.
type People struct {
	Faults *fault.Ledger // told of what panics when somebody has left; set before use, or nil
	// Name returns what the person at a browser is called, "" for nobody in
	// particular; set before use. nil: nobody has a name.
	Name func(connection any) string
	// Rooms are what the topics begin with that are a room each, named as the topic; set before
	// use.
	Rooms []string
	// Feeds are further feeds of a source besides Topic by which its pages show its people; set
	// before use.
	Feeds []string

	mu       sync.Mutex // guards all below
	rooms    map[string]*room
	browsers map[any]*browser
	nameless int    // connections whose page gave no name, so far
	versions uint64 // given to all rooms so far
}

// browser is one connection.
type browser struct {
	id    string   // of the person
	name  string   // of the person, "" for none; as long as the connection lasts
	rooms []string // where it is
}

// room is one source, or something else, and those who look at it.
type room struct {
	people  []*person // in the order in which they came
	version uint64    // changes whenever the next frame would differ; unique across rooms
	wake    func()    // wakes the feed; nil without one
	told    bool      // the feed has been woken since it last looked
	said    []byte    // what one of them has said last, JSON; nil before
	saidBy  string    // the person's id
	saidN   uint64    // greater than that of whatever was said before
}

// person is somebody who looks at a source, or has just left it.
type person struct {
	id      string
	name    string // "" for none
	colour  int
	pages   int
	left    time.Time // when the last page went; meaningless while pages > 0
	gone    bool      // the last page went so long ago that they do not count any more
	hand    []byte    // where they point, JSON
	presses any       // the browser in which they point; nil: they do not
}

// New returns an empty set of people.
func New() *People {
	return &People{rooms: map[string]*room{}, browsers: map[any]*browser{}}
}

// Watching is told the topics that a browser watches, none once it is gone; see
// hub.Options.
func (p *People) Watching(connection any, who string, topics []string) {
	var sources []string
	for _, topic := range topics {
		room := topic
		switch src, feed, _ := strings.Cut(topic, "/"); {
		case feed == Topic, slices.Contains(p.Feeds, feed):
			room = src
		case !p.isRoom(topic):
			continue
		}
		if !slices.Contains(sources, room) {
			sources = append(sources, room)
		}
	}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.browsers[connection]
	if b == nil && len(sources) == 0 {
		return
	}
	if b == nil {
		b = &browser{}
		if p.Name != nil {
			b.name = p.Name(connection)
		}
		p.browsers[connection] = b
	}
	id := who
	// Everybody sees the ids of the others. Whoever has another name does not become
	// one of them by giving their id.
	if id == "" || p.taken(sources, id, b.name) {
		// No page can give such an id: hub.IsWho allows no dot.
		if id = b.id; !strings.HasPrefix(id, ".") {
			p.nameless++
			id = "." + strconv.Itoa(p.nameless)
		}
	}
	before := *b
	b.id, b.rooms = id, sources
	// Enter first, then leave, so that nobody who stays is without a page in between.
	for _, src := range sources {
		if before.id != id || !slices.Contains(before.rooms, src) {
			p.enter(src, id, b.name, now)
		}
	}
	for _, src := range before.rooms {
		if before.id != id || !slices.Contains(sources, src) {
			p.leave(src, before.id, connection, now)
		}
	}
	if len(sources) == 0 {
		delete(p.browsers, connection)
	}
}

// isRoom reports whether a topic is a room by itself.
func (p *People) isRoom(topic string) bool {
	return slices.ContainsFunc(p.Rooms, func(begin string) bool { return strings.HasPrefix(topic, begin) })
}

// taken reports whether somebody of another name is there with the id. mu must be held,
// here and in all methods below that do not lock it.
func (p *People) taken(sources []string, id, name string) bool {
	return slices.ContainsFunc(sources, func(src string) bool {
		r := p.rooms[src]
		if r == nil {
			return false
		}
		who := r.get(id)
		return who != nil && who.pages > 0 && who.name != name
	})
}

// enter adds a page of a person to a source.
func (p *People) enter(src, id, name string, now time.Time) {
	r := p.room(src)
	r.forget(now)
	who := r.get(id)
	if who == nil {
		who = &person{id: id, colour: r.colour()}
		r.people = append(r.people, who)
	}
	who.pages++
	who.gone, who.name = false, name
	p.changed(r)
}

// leave takes a page of a person from a source.
func (p *People) leave(src, id string, connection any, now time.Time) {
	r := p.rooms[src]
	who := r.get(id)
	if who.presses == connection {
		who.presses = nil
		p.changed(r)
	}
	if who.pages--; who.pages > 0 {
		return
	}
	who.left = now
	failed := p.Faults.Noted("people", src)
	time.AfterFunc(missed, fault.Func(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if who.pages == 0 && time.Since(who.left) >= missed {
			who.gone = true
			p.changed(r)
		}
	}, failed))
	time.AfterFunc(kept, fault.Func(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if r.forget(time.Now()); len(r.people) == 0 && p.rooms[src] == r {
			delete(p.rooms, src)
		}
	}, failed))
}

// room returns the room of a source. It makes one if there is none.
func (p *People) room(src string) *room {
	r := p.rooms[src]
	if r == nil {
		r = &room{}
		p.rooms[src] = r
	}
	return r
}

func (r *room) get(id string) *person {
	for _, who := range r.people {
		if who.id == id {
			return who
		}
	}
	return nil
}

// changed says that the next frame of a room differs, and wakes its feed. The feed
// is woken once, however much changes until it looks.
func (p *People) changed(r *room) {
	p.versions++
	r.version = p.versions
	if !r.told && r.wake != nil {
		r.told = true
		r.wake()
	}
}

// forget removes the people who have been away for too long.
func (r *room) forget(now time.Time) {
	r.people = slices.DeleteFunc(r.people, func(who *person) bool {
		return who.pages == 0 && now.Sub(who.left) >= kept
	})
}

// colour returns a colour for somebody new: the first one that nobody has and that
// is reserved for nobody. If there is none, it is the first one that the fewest
// people who are there have.
func (r *room) colour() int {
	var theirs, reserved [Colours]int
	for _, who := range r.people {
		if !who.gone {
			theirs[who.colour]++
		}
		reserved[who.colour]++
	}
	if i := slices.Index(reserved[:], 0); i >= 0 {
		return i
	}
	return slices.Index(theirs[:], slices.Min(theirs[:]))
}

// Hand is told where somebody presses on the picture of a source: x from 0 (left)
// to 1 (right), y from 0 (bottom) to 1 (top). down is false once they let go. Hand
// reports whether the browser looks at the source at all.
func (p *People) Hand(connection any, src string, x, y float64, down bool) bool {
	if !down {
		return p.Point(connection, src, nil)
	}
	var w frame.Writer
	w.Array()
	w.Digits(x, 5)
	w.Digits(y, 5)
	w.EndArray()
	return p.Point(connection, src, w.Buf)
}

// Point is told where somebody points in a room, as JSON of at most MaxSaid bytes; nil: nowhere
// any more. It reports whether the browser is in the room at all.
func (p *People) Point(connection any, name string, hand []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, b := p.in(connection, name)
	if r == nil || len(hand) > MaxSaid {
		return false
	}
	who := r.get(b.id)
	switch {
	case hand != nil:
		if who.presses == connection && bytes.Equal(who.hand, hand) {
			return true
		}
		who.presses, who.hand = connection, hand
	case who.presses == connection:
		who.presses, who.hand = nil, nil
	default:
		return true // this page does not point; another one of theirs may
	}
	p.changed(r)
	return true
}

// Say is told what counts for all who are in a room from now on, as JSON of at most MaxSaid
// bytes. It reports whether the browser is in the room at all.
func (p *People) Say(connection any, name string, word []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, b := p.in(connection, name)
	if r == nil || len(word) > MaxSaid {
		return false
	}
	p.changed(r)
	r.said, r.saidBy, r.saidN = word, b.id, p.versions
	return true
}

// in returns a room and who is in it by a connection; nil if nobody is.
func (p *People) in(connection any, name string) (*room, *browser) {
	b := p.browsers[connection]
	if b == nil || !slices.Contains(b.rooms, name) {
		return nil, nil
	}
	return p.rooms[name], b
}

// Who is somebody who looks at a source, as the frames of the feed name them.
type Who struct {
	ID     string
	Name   string // "" for none
	Colour int    // 0 to 11
}

// Who returns who is at a browser among those who look at a source, or are in a room; ok is
// false if nobody there is.
func (p *People) Who(connection any, src string) (who Who, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, b := p.in(connection, src)
	if r == nil {
		return Who{}, false
	}
	if is := r.get(b.id); is != nil {
		return Who{is.id, is.name, is.colour}, true
	}
	return Who{}, false
}

// Count returns how many people look at the source with the id, or are in a room.
func (p *People) Count(src string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[src]
	if r == nil {
		return 0
	}
	n := 0
	for _, who := range r.people {
		if !who.gone {
			n++
		}
	}
	return n
}

// feed is the feed of the people of a source, or in a room. A frame is JSON,
//
//	{"topic", "ts": ms since the epoch, "people": [{"id", "name", "colour": 0 to 11, "hand": [x, y] or null}],
//	 "said": {"n", "by": id, "what"}}
//
// with the people who are there, in the order in which they came. Who has no name has
// none in the frame. hand is where somebody presses now, see [People.Hand], or what
// [People.Point] was told. said is what [People.Say] was told last; it is left out before. A
// frame lists at most 64 people, and prefers those who point. "more" then says how many are left out.
type feed struct {
	people  *People
	src     string
	topic   string
	version uint64 // of which the last frame was made
	size    int    // of that frame
}

// Feed makes the feed of people; see [tab.NewFeed].
func (p *People) Feed(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("the people at %s are not told apart by %q", at.Source.ID(), at.Detail)
	}
	return p.feed(at.Source.ID(), at.Topic), nil
}

// Room makes the feed of a room, whose topic begins with one of Rooms; see [tab.NewFeed].
func (p *People) Room(at tab.Place) (tab.Feed, error) {
	if !p.isRoom(at.Topic) {
		return tab.Feed{}, fmt.Errorf("%.80q is no room", at.Topic)
	}
	f := p.feed(at.Topic, at.Topic)
	f.Apart = true
	return f, nil
}

func (p *People) feed(room, topic string) tab.Feed {
	f := &feed{people: p, src: room, topic: topic}
	return tab.Feed{Every: every, Light: true, Wake: f.wake, Frames: f}
}

// wake is [tab.Feed.Wake].
func (f *feed) wake(wake func()) {
	f.people.mu.Lock()
	defer f.people.mu.Unlock()
	r := f.people.room(f.src)
	r.wake, r.told = wake, false
}

func (f *feed) Snapshot(now time.Time) []byte {
	f.people.mu.Lock()
	defer f.people.mu.Unlock()
	return f.frame(f.people.rooms[f.src], now)
}

func (f *feed) Next(now time.Time) []byte {
	f.people.mu.Lock()
	defer f.people.mu.Unlock()
	r := f.people.rooms[f.src]
	if r == nil || r.version == f.version {
		return nil // the room was removed, or nothing has changed
	}
	r.told = false
	f.version = r.version
	return f.frame(r, now)
}

// frame tells who is in a room, which may be nil.
func (f *feed) frame(r *room, now time.Time) []byte {
	var people []*person
	if r != nil {
		people = r.people
	}
	count, pressing := 0, 0
	for _, who := range people {
		if !who.gone {
			count++
			if who.presses != nil {
				pressing++
			}
		}
	}
	idle := max(0, min(count, listed)-pressing) // how many of those who do not press are listed
	w := frame.Begin(make([]byte, 0, f.size+64), f.topic, now)
	w.Key("people").Array()
	n := 0
	for _, who := range people {
		switch {
		case n == listed, who.gone:
			continue
		case who.presses == nil:
			if idle == 0 {
				continue
			}
			idle--
		}
		n++
		w.Object()
		w.Key("id").String(who.id)
		if who.name != "" {
			w.Key("name").String(who.name)
		}
		w.Key("colour").Int(int64(who.colour))
		w.Key("hand")
		if who.presses == nil {
			w.Null()
		} else {
			w.Raw(who.hand)
		}
		w.EndObject()
	}
	w.EndArray()
	if count > n {
		w.Key("more").Int(int64(count - n))
	}
	if r != nil && r.said != nil {
		w.Key("said").Object()
		w.Key("n").Uint(r.saidN)
		w.Key("by").String(r.saidBy)
		w.Key("what").Raw(r.said)
		w.EndObject()
	}
	b := w.End()
	f.size = len(b)
	return b
}
