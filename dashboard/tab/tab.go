// Package tab is the contract of a tab: a page of the dashboard, the topics it
// shows, and the feeds that keep it live. The tabs there are stand in one
// table, in the dashboard package; this package knows none of them.
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
	"webmon/dashboard/hub"
	"webmon/dashboard/source"
)

// Tab is one page of the dashboard.
type Tab struct {
	Slug  string // its route and the name in URLs: [a-z0-9-]+
	Title string // in the navigation
	Help  string // one sentence, in the help overlay

	// Topics of the source that the tab shows. While it is open somewhere the
	// source is asked for them.
	Topics []string

	// Live is all that a plain tab needs: it renders the tab from the present
	// values of Topics.
	Live func(components.TabData) templ.Component

	// Page renders the tab when it is opened, its live regions included. nil
	// for a plain tab.
	Page func(View) templ.Component

	// Frame renders the live regions of Page again, each in a layout.Fragment,
	// when something has come in. Its hub topic is LiveTopic. nil if Page has
	// none.
	Frame func(Moment) templ.Component

	// List stands in place of Frame where the live region of Page is a list of
	// many parts: only those that have changed are rendered and sent. Its hub
	// topic is LiveTopic.
	List func(Moment) List

	// Items makes the tab one of many things: Page is their list, and each has a
	// page of its own. nil for all other tabs.
	Items *Items

	// Feeds makes the feeds of the tab, by the second part of their hub topic:
	// "tiles" serves "<source>/tiles/<detail>".
	Feeds map[string]NewFeed

	// Pictures makes the feeds of the tab whose frames are pictures, by the second
	// part of their hub topic, as Feeds does.
	Pictures map[string]NewPictures
}

// Items are the things that a tab lists. Each has its page at /<slug>/<item>, and
// perhaps a source of its own, which that page is for.
type Items struct {
	// Open is called when the page of an item is asked for, and makes it ready to
	// be shown. Its error is a [NoItem] where there is no such item.
	Open func(ctx context.Context, item string) (Item, error)

	// Of returns the item whose source it is, "" for none.
	Of func(*source.Source) string

	// Topics of the item's source that its page shows.
	Topics []string

	// Page renders the page of an item.
	Page func(v View, item string) templ.Component

	// List is the live regions of an item's page in parts. Their hub topic is
	// LiveTopic of the item's source.
	List func(m Moment, item string) List
}

// Item is a thing that is ready to be shown.
type Item struct {
	Title  string
	Source *source.Source // nil: it has none now
	// Opening says that it is about to have one.
	Opening bool
}

// NoItem is the error of [Items.Open] for an item that there is not: one sentence, for
// people.
type NoItem string

// Error implements error.
func (e NoItem) Error() string { return string(e) }

// LiveTopic is the hub topic that renders the live regions of a tab again.
func LiveTopic(src *source.Source, slug string) string { return src.ID() + "/html/" + slug }

// Moment is what a live region is rendered for, once for all browsers.
type Moment struct {
	Source *source.Source
	Now    time.Time
	Prefix string // of every link, "" or like "/lab"
}

// View is what a page is rendered for.
type View struct {
	Moment
	Request *http.Request // for its query: window, layer and so on are kept in the URL
	CSRF    string        // token for the page's forms
}

// Place says which hub topic a feed is for.
type Place struct {
	Source *source.Source
	Prefix string // of every link, "" or like "/lab"
	Topic  string // whole name of the hub topic: "<source>/<feed>[/<detail>]"
	// Detail is what follows the feed's name in the topic, "" where nothing does.
	// It comes from a browser and must be checked.
	Detail string
}

// At is the place at a moment.
func (p Place) At(now time.Time) Moment {
	return Moment{Source: p.Source, Now: now, Prefix: p.Prefix}
}

// NewFeed opens the feed of one hub topic. An error is one plain sentence for
// the log.
type NewFeed func(Place) (Feed, error)

// Feed turns what a source sends into the frames of one hub topic. It lives
// while at least one browser watches the topic.
type Feed struct {
	// Wants lists the topics that the feed needs from the source.
	Wants []string

	// Every is the least time between two calls of Next; 0 for as soon as
	// something has come, but no more than 250 frames a second.
	Every time.Duration

	// Ordered says that every frame counts. The frames are deltas then: a browser
	// that falls behind is given a snapshot. If it is false each frame stands for
	// itself, and a browser gets the latest one.
	Ordered bool

	// Fresh says of an ordered feed that a newcomer is told what is so now, and
	// not an older snapshot with all that has come since.
	Fresh bool

	// Light says that Next costs next to nothing while there is nothing new. The
	// feed is asked as soon as something has come, and Every bounds its frames
	// alone.
	Light bool

	// Wake is for a feed that knows more than what its source sends; nil for all
	// others. It is called once, before the feed is asked for anything. From then
	// on the feed calls wake, from any goroutine, when Next has something to
	// return; it may do so under a lock that Next takes.
	Wake func(wake func())

	// Frames makes the frames. Its methods are called from one goroutine.
	Frames Frames
}

// Frames makes the frames of a feed.
type Frames interface {
	// Snapshot returns the frame that brings a newcomer up to date, nil if there
	// is nothing to show yet. It must cover all that Next has returned.
	Snapshot(now time.Time) []byte

	// Next returns the frame for what has changed since it was last called, nil
	// if nothing has.
	Next(now time.Time) []byte
}

// NewPictures opens the pictures of one hub topic. An error is one plain
// sentence for the log.
type NewPictures func(Place) (Pictures, error)

// Pictures is a feed whose frames are pictures: large, mostly binary, each
// standing for itself. They are made in a goroutine of the feed's own, so that
// they hold up neither the text nor the charts of the source, at most 60 times a
// second, and only while some browser could take one.
type Pictures struct {
	Wants []string      // topics that the feed needs from the source
	Every time.Duration // least time between two pictures; 0 for 60 a second

	// Next returns the newest picture, nil if there is none since the last call.
	// It is called from one goroutine.
	Next func(now time.Time) *hub.Message
}
