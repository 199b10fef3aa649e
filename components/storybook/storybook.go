// Package storybook shows every component in every state that it can have: empty,
// normal, stale, in error and huge. People look at it, tests check each story, and
// the browser tests take screenshots of it.
//
// The comments of the components say how they are used.
//
//	page, ok := storybook.Page(layout.Page{Prefix: "/lab", Asset: assets.URL}, "Viewer-normal")
package storybook

import (
	"strings"

	"github.com/a-h/templ"

	"webmon/components/layout"
	"webmon/components/ui"
)

// Story is one component in one state.
type Story struct {
	Component string // what it shows, such as "Viewer"
	State     string // in which state, such as "stale"
	// Content returns the component for the page around it.
	Content func(layout.Page) templ.Component
	// Document says that the content is a whole page.
	Document bool
	Size     Size
}

// Size is how much room a story needs.
type Size int

// The sizes of a story.
const (
	Small Size = iota
	Medium
	Large
)

// Name is the story's name in URLs.
func (s Story) Name() string { return ui.ID(strings.Fields(s.Component + " " + s.State)...) }

func (s Story) height() string {
	switch s.Size {
	case Small:
		return "h-32"
	case Medium:
		return "h-96"
	default:
		return "h-[720px]"
	}
}

// Page returns the page of all stories, or that of the story with the given
// name, and whether there is one. Only Prefix and Asset of p are needed. The
// pages are served at /storybook and /storybook/<name>.
func Page(p layout.Page, name string) (templ.Component, bool) {
	if name == "" {
		p.Title = "Storybook"
		return index(p, groups()), true
	}
	for _, s := range Stories() {
		if s.Name() == name {
			return Single(p, s), true
		}
	}
	return nil, false
}

// Single returns the page of one story.
func Single(p layout.Page, s Story) templ.Component {
	content := s.Content(p)
	if s.Document {
		return content
	}
	p.Title, p.Embed, p.Socket = s.Component+", "+s.State, true, ""
	return single(p, content)
}

// group is the stories of one component.
type group struct {
	component string
	stories   []Story
}

func groups() []group {
	var out []group
	for _, s := range Stories() {
		if len(out) == 0 || out[len(out)-1].component != s.Component {
			out = append(out, group{component: s.Component})
		}
		last := &out[len(out)-1]
		last.stories = append(last.stories, s)
	}
	return out
}
