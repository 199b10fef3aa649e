// Package sections draws cross sections of what a napari shows: beside the plane on its canvas the two planes across it, through
// the place where its sliders and the crosshair are. They are made of the volumes of the layers (layer.<id>), in boxes of one voxel
// along the axis that they cut, of the level that fits the screen.
//
//	s := sections.New(sections.Options{Desk: desk, Budget: budget.Volumes})
//	tab.Pictures = s.Feeds()         // <source>/sections/<plane>/<size>[/<axis>]
//	s.Hand(author, browser, src, m)  // somebody points at a place
//
// The server draws: limits, colormaps, labels and blending are as napari has them, and everybody who looks at the same plane in
// the same size shares one picture. A feed reads while somebody looks, in a goroutine of its own, and rests twice as long
// as it has read; what nobody waits for is given up.
//
// Napari's sliders are its own. Along the axes on its canvas it has none; there the crosshair is webmon's, one for all who look
// at a source.
package sections

import (
	"encoding/json"
	"errors"
	"math"
	"sync"

	"webmon/dashboard/budget"
	"webmon/dashboard/hub"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/shm"
)

// Feed is the second part of the hub topics of the pictures.
const Feed = "sections"

// part is the part of the volumes' memory that planes may have.
const part = 8

// Options are what the sections are made of.
type Options struct {
	Desk   *steer.Desk     // moves napari's sliders
	Budget *budget.Account // of volumes; nil: one of 128 MiB
}

// Sections has where the crosshairs are, and the planes that were read last. Its methods are safe for concurrent use.
type Sections struct {
	desk    *steer.Desk
	kept    *budget.Cache
	reading *budget.Account

	mu     sync.Mutex // guards all below
	places map[*source.Source]*place
}

// place is where the crosshair of a source is.
type place struct {
	at      map[string]float64 // by axis of the canvas, in napari's coordinates; an axis that nobody has pointed along has none
	n       uint64             // counts the changes
	waiting map[*feed]func()   // told of changes
}

// New returns the sections.
func New(opts Options) *Sections {
	account := opts.Budget
	if account == nil {
		account = budget.New(1 << 30).Volumes
	}
	return &Sections{
		desk: opts.Desk, places: map[*source.Source]*place{},
		kept:    budget.NewCache(account.Part("cross sections", account.Limit()/part)),
		reading: account.Part("cross sections that are read", account.Limit()/part),
	}
}

// Uses are what the sections count of the memory.
func (s *Sections) Uses() []budget.Use { return []budget.Use{s.kept.Use(), s.reading.Use()} }

// Forget forgets the crosshair of a source that is forgotten.
func (s *Sections) Forget(src *source.Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.places, src)
}

// of is the place of a source; mu is held.
func (s *Sections) of(src *source.Source) *place {
	p := s.places[src]
	if p == nil {
		p = &place{at: map[string]float64{}, waiting: map[*feed]func(){}}
		s.places[src] = p
	}
	return p
}

// listen has wake called when the crosshair of a source has moved, until release is.
func (s *Sections) listen(src *source.Source, f *feed, wake func()) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(src).waiting[f] = wake
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if p := s.places[src]; p != nil {
			if delete(p.waiting, f); len(p.waiting) == 0 && len(p.at) == 0 {
				delete(s.places, src)
			}
		}
	}
}

// place puts the crosshair where it is along the axes of the canvas; dims has the sliders already.
func (s *Sections) place(src *source.Source, d *dims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[src]
	if p == nil {
		return
	}
	for i := range d.axes {
		if x, ok := p.at[d.axes[i].name]; ok && d.axes[i].shown {
			d.axes[i].point = x
		}
	}
}

// Hand is a place that somebody points at on a page. One of At, Canvas, and Layer with Pixel is given.
type Hand struct {
	Source string             `json:"source"`
	At     map[string]float64 `json:"at"`     // by axis, in napari's coordinates
	Canvas *[2]float64        `json:"canvas"` // x and y, shares of the canvas from its top left
	Layer  string             `json:"layer"`
	Pixel  *[2]float64        `json:"pixel"` // row and column of the layer's level 0
	Hand   string             `json:"hand"`  // random name of the page; see steer.Number
	N      uint64             `json:"n"`
}

// ReadHand reads a message of a page.
func ReadHand(message []byte) (m Hand, err error) {
	if err := json.Unmarshal(message, &m); err != nil {
		return m, err
	}
	if len(m.At) > maxAxes {
		return m, errors.New("a place has more axes than napari")
	}
	for _, x := range m.At {
		if math.Abs(x) > farthest { // JSON has neither NaN nor infinities
			return m, errors.New("a place is farther away than napari goes")
		}
	}
	if m.At == nil && m.Canvas == nil && (m.Layer == "" || m.Pixel == nil) {
		return m, errors.New("a message of the kind section-hand has no place")
	}
	return m, nil
}

// Hand moves napari's sliders and the crosshair to where somebody points. What napari does not have is left out.
func (s *Sections) Hand(by record.Author, browser any, src *source.Source, m Hand) {
	states, _, _ := src.State(shm.TopicDims)
	d, err := readDims(states)
	if err != nil {
		return
	}
	at := m.At
	switch {
	case m.Canvas != nil:
		camera, _, _ := src.State(shm.TopicCamera)
		at, _ = d.place(camera, clamp(m.Canvas[0]), clamp(m.Canvas[1]))
	case m.Pixel != nil:
		at = ofPixel(src, d, m.Layer, *m.Pixel)
	}
	number := steer.Number{N: m.N}
	if hub.IsWho(m.Hand) {
		number.Hand = m.Hand
	}
	moved := map[string]float64{}
	for i, a := range d.axes {
		x, ok := at[a.name]
		switch {
		case !ok:
		case a.shown:
			moved[a.name] = x
		case a.step > 0 && a.steps > 1 && s.desk != nil:
			step := math.Round((x - a.start) / a.step)
			s.desk.Drag(by, browser, src, slider(i), min(max(step, 0), float64(a.steps-1)), number)
		}
	}
	if len(moved) > 0 {
		s.move(src, moved)
	}
}

// move moves the crosshair along axes of the canvas.
func (s *Sections) move(src *source.Source, to map[string]float64) {
	s.mu.Lock()
	p := s.of(src)
	changed := false
	for name, x := range to {
		if now, ok := p.at[name]; (!ok || now != x) && (ok || len(p.at) < maxAxes) {
			p.at[name], changed = x, true
		}
	}
	var wakes []func()
	if changed {
		p.n++
		for _, wake := range p.waiting {
			wakes = append(wakes, wake)
		}
	}
	s.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

func clamp(x float64) float64 {
	if !(x >= 0) {
		return 0
	}
	return min(x, 1)
}
