package tab

import (
	"slices"
	"time"

	"github.com/a-h/templ"
)

// List is a live region of many parts at one moment.
type List struct {
	// Whole renders all of it: a layout.Fragment with the element of every part.
	Whole templ.Component
	// Version changes when anything but the parts has changed.
	Version string
	Parts   []Part
}

// Add appends parts to the list, and version to the list's version.
func (l *List) Add(version string, parts []Part) {
	l.Version += version
	l.Parts = append(l.Parts, parts...)
}

// Part is one part of a list.
type Part struct {
	// ID is the id of the part's element. When a part comes, goes or moves, the
	// whole list is rendered.
	ID string
	// Version changes when the part has changed. An age that grows is no change:
	// the page counts ages on by itself.
	Version string
	Frame   templ.Component // renders it again: a layout.Fragment
}

// list makes the frames of a List, which are deltas.
type list struct {
	renderer
	look    func(now time.Time) List
	begun   bool
	version string
	parts   []told
}

// told is what the pages have been sent of a part.
type told struct{ id, version string }

// NewList returns a feed of the list that look returns. Only the parts that have
// changed are rendered. look is called at most four times a second.
func NewList(wants []string, look func(now time.Time) List) Feed {
	return Feed{Wants: wants, Every: fragmentEvery, Ordered: true, Fresh: true, Frames: &list{look: look}}
}

func (f *list) Snapshot(now time.Time) []byte {
	l := f.look(now)
	if !f.begun {
		f.tell(l)
	}
	return f.html(l.Whole)
}

func (f *list) Next(now time.Time) []byte {
	l := f.look(now)
	same := f.begun && l.Version == f.version &&
		slices.EqualFunc(l.Parts, f.parts, func(p Part, t told) bool { return p.ID == t.id })
	if !same {
		f.tell(l)
		return f.html(l.Whole)
	}
	var changed []templ.Component
	for i, p := range l.Parts {
		if p.Version != f.parts[i].version {
			f.parts[i].version = p.Version
			changed = append(changed, p.Frame)
		}
	}
	return f.html(changed...)
}

// tell notes what the pages have been sent.
func (f *list) tell(l List) {
	f.begun, f.version, f.parts = true, l.Version, f.parts[:0]
	for _, p := range l.Parts {
		f.parts = append(f.parts, told{p.ID, p.Version})
	}
}
