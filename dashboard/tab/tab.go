// Package tab is the contract of a tab: a page of the dashboard, the topics it
// shows, and the feeds that keep it live. One table in the dashboard package
// lists all tabs; this package knows none of them.
//
// The plain kind of tab is a templ component that is rendered again whenever
// its topics have changed, at most four times a second and once for all
// browsers:
//
//	{Slug: "stage", Title: "Stage", Topics: []string{"stage"}, Live: components.Stage}
//
// A tab that draws pictures or charts has a Page, rendered when it is opened,
// and Feeds, which turn what the source sends into frames for the socket.
package tab

import (
	"context"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/door"
	"webmon/dashboard/hub"
	"webmon/dashboard/prefix"
	"webmon/dashboard/source"
)

// Tab is one page of the dashboard.
type Tab struct {
	Slug  string // its name in URLs: [a-z0-9-]+
	Title string // in the navigation
	Help  string // one sentence, in the help overlay
	// Key opens the tab on the keyboard: a small letter. "" for the next digit that is free, of
	// which there are ten.
	Key string

	// Needs is what somebody must be allowed to use the forms of the tab: door.Steer
	// by default, door.Look for a tab that changes nothing for others. For anybody
	// else its forms are rendered disabled.
	Needs door.Role

	// Topics are the topics of the source that the tab shows. While some browser
	// shows the tab, the source is asked for them.
	Topics []string

	// Live renders a plain tab from the present values of Topics. A plain tab needs
	// nothing else.
	Live func(components.TabData) templ.Component

	// Page renders the tab when it is opened, its live regions included. nil
	// for a plain tab.
	Page func(View) templ.Component

	// Frame renders the live regions of Page again, each in a layout.Fragment,
	// when the source has sent something. Its hub topic is LiveTopic. nil if Page
	// has no live regions.
	Frame func(Moment) templ.Component

	// List replaces Frame if the live region of Page is a list of many parts: only
	// the parts that have changed are rendered and sent. Its hub topic is
	// LiveTopic.
	List func(Moment) List

	// Items are the things that the tab lists, if each of them has a page of its
	// own. Page is then the list. nil for all other tabs.
	Items *Items

	// Feeds makes the feeds of the tab, by the second part of their hub topic:
	// "tiles" serves "<source>/tiles/<detail>".
	Feeds map[string]NewFeed

	// Pictures makes the feeds of the tab whose frames are pictures, by the second
	// part of their hub topic, as in Feeds.
	Pictures map[string]NewPictures
}

// Items are the things that a tab lists. Each has its page at /<slug>/<item>. An
// item may have a source of its own, which its page then shows.
type Items struct {
	// Open is called when the page of an item is requested, and makes the item
	// ready to be shown. The context says who requests it ([webmon/dashboard/door.Of]): for who may only
	// look, Open starts nothing. Its error is a [NoItem] if there is no such item.
	Open func(ctx context.Context, item string) (Item, error)

	// Starts reports whether Open would start something. nil: it never does.
	Starts func(item string) bool

	// Of returns the item that a source belongs to, "" for none.
	Of func(*source.Source) string

	// Topics are the topics of the item's source that its page shows.
	Topics []string

	// Page renders the page of an item.
	Page func(v View, item string) templ.Component

	// List returns the live region of an item's page as a list of parts. Its hub
	// topic is LiveTopic of the item's source.
	List func(m Moment, item string) List
}

// Item is a thing that is ready to be shown.
type Item struct {
	Title  string
	Source *source.Source // nil: the item has none now
	// Opening says that the item is about to have a source.
	Opening bool
}

// NoItem is the error of [Items.Open] for an item that does not exist: one sentence
// for people.
type NoItem string

// Error implements error.
func (e NoItem) Error() string { return string(e) }

// Moment is the source and the time that a live region is rendered for: once for
// all browsers whose people may use its forms, and once for all others.
type Moment struct {
	Source *source.Source
	Now    time.Time
	Prefix string // of every link, "" or like "/lab"
	Locked bool   // the forms are rendered disabled, for people who may not use them
}

// LockedFeeds is what comes between the source and the feed in the hub topics whose
// forms are disabled: "<source>/locked/<feed>[/<detail>]".
const LockedFeeds = "locked/"

// Topic is the hub topic of a feed of HTML, such as "layers/2": the one whose forms
// suit the page of the moment.
func (m Moment) Topic(feed string) string {
	if m.Locked {
		feed = LockedFeeds + feed
	}
	return m.Source.ID() + "/" + feed
}

// LiveTopic is the hub topic of the live regions of a tab.
func (m Moment) LiveTopic(slug string) string { return m.Topic("html/" + slug) }

// View is the request that a page is rendered for.
type View struct {
	Moment
	Request *http.Request // its query says what is shown: the window, the layer and so on
	CSRF    string        // token for the page's forms
}

// Place says which hub topic a feed is for.
type Place struct {
	Source *source.Source
	Prefix *prefix.Prefix // of every link; nil: none
	Topic  string         // whole name of the hub topic: "<source>/<feed>[/<detail>]"
	// Hub is that topic, which has the buffers for pictures. Only a feed of pictures may
	// use it.
	Hub *hub.Topic
	// Detail is what follows the feed's name in the topic, "" where nothing does.
	// It comes from a browser and must be checked.
	Detail string
	Locked bool // see Moment
}

// At returns the moment of the place at a time.
func (p Place) At(now time.Time) Moment {
	return Moment{Source: p.Source, Now: now, Prefix: p.Prefix.String(), Locked: p.Locked}
}

// NewFeed opens the feed of one hub topic. An error is one plain sentence for
// the log.
type NewFeed func(Place) (Feed, error)

// Feed turns what a source sends into the frames of one hub topic. It exists
// while at least one browser watches the topic.
type Feed struct {
	// Wants lists the topics that the feed needs from the source.
	Wants []string

	// Every is the least time between two calls of Next. 0: Next is called as soon
	// as the source has sent something, for at most 250 frames a second.
	Every time.Duration

	// Ordered says that the frames are deltas, which a browser needs in order. A
	// browser that falls behind is sent a snapshot. Otherwise each frame stands for
	// itself, and a browser gets the newest one.
	Ordered bool

	// Fresh says of an ordered feed that a newcomer gets a new snapshot, and not an
	// older one with the deltas after it.
	Fresh bool

	// Light says that Next costs next to nothing while there is nothing new. Next
	// is then called as soon as the source has sent something, and Every is the
	// least time between two frames instead of two calls.
	Light bool

	// Wake is for a feed that has something new without its source having sent
	// anything; nil for all others. It is called once, before the feed is asked for
	// a frame. From then on the feed calls wake, from any goroutine, when Next has
	// something to return. It may do so under a lock that Next takes.
	Wake func(wake func())

	// Apart says that the feed is of no source: pages beside any source watch it, as one of the
	// source Nobody, and have nothing to do with what becomes of that.
	Apart bool

	// Frames makes the frames. Its methods are called from one goroutine.
	Frames Frames
}

// Under has the HTML of the feed rendered under a context, such as one of ui.Lock. Call
// it before the feed is asked for a frame. It reports false for a feed of anything else.
func (f Feed) Under(ctx context.Context) bool {
	html, ok := f.Frames.(interface{ under(context.Context) })
	if ok {
		html.under(ctx)
	}
	return ok
}

// Frames makes the frames of a feed.
type Frames interface {
	// Snapshot returns a fresh snapshot: the frame that brings a new subscriber up
	// to date, nil if there is nothing to show yet. It must cover everything that
	// Next has returned.
	Snapshot(now time.Time) []byte

	// Next returns the frame for what has changed since it was last called, nil
	// if nothing has.
	Next(now time.Time) []byte
}

// NewPictures opens the pictures of one hub topic. An error is one plain
// sentence for the log.
type NewPictures func(Place) (Pictures, error)

// Pictures is a feed whose frames are pictures: large, mostly binary, each
// standing for itself. Each such feed has a goroutine of its own, so that pictures
// hold up neither the text nor the charts of the source. A picture is made about
// 60 times a second at most, and only while some browser could take it.
type Pictures struct {
	Wants []string      // topics that the feed needs from the source
	UpTo  [2]int        // rows and columns of their frames, if it needs no more; 0, 0: all
	Every time.Duration // least time between two pictures; 0: about 60 a second

	// Next returns the newest picture, nil if there is none since the last call.
	// It is called from one goroutine, which then has the picture written for the browsers, and closes it.
	Next func(now time.Time) hub.Picture

	// Run is for a feed that has to wait for what it draws, which Next must not do. It runs in a goroutine of its own
	// while the topic is watched, and returns when ctx is done. wake has Next called soon, if a browser can
	// take a picture. nil for all others.
	Run func(ctx context.Context, wake func())
}

// AsIs is Next of a feed whose pictures can be written in one way only.
func AsIs(next func(now time.Time) *hub.Message) func(now time.Time) hub.Picture {
	return func(now time.Time) hub.Picture {
		if m := next(now); m != nil {
			return hub.AsIs(m)
		}
		return nil
	}
}
