package models

import (
	"sync"

	"webmon/components/ui"
	"webmon/dashboard/prose"
	"webmon/shm"
)

// about is what a model says about itself, as HTML.
type about struct {
	text       string   // the docstring it was made of
	line       ui.Prose // the first paragraph, for a card
	words      string   // the same as plain text
	lead, rest ui.Prose
}

// abouts keeps the about of each model by its key, because lists are rendered several
// times a second, but docstrings change only with their files. The zero value is empty.
type abouts struct {
	mu   sync.Mutex // guards made
	made map[string]about
}

// mostAbouts bounds how many are kept. Those of models whose files are gone stay until
// then.
const mostAbouts = 500

func (a *abouts) of(info shm.ModelInfo) about {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, ok := a.made[info.Key]; ok && last.text == info.About {
		return last
	}
	if a.made == nil || len(a.made) >= mostAbouts {
		a.made = map[string]about{}
	}
	line, words := prose.Line(info.About)
	lead, rest := prose.Render(info.About)
	made := about{text: info.About, line: ui.Prose(line), words: words, lead: ui.Prose(lead), rest: ui.Prose(rest)}
	a.made[info.Key] = made
	return made
}
