// Package viewer is the tab with the tile viewer: which tiles of a multiscale
// layer napari draws, and where its view is. The page draws the picture
// (public/js/viewer). This package makes the frames that say what to draw, and the
// same as numbers and tables, also for people who cannot see the picture.
package viewer

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/shm"
)

const (
	slug      = "viewer"
	gridFeed  = "grid"
	stateFeed = "canvas-state"
	partsFeed = "canvas-parts"
)

// loadingFor is how long a process may send nothing before the page says what to do
// about it.
const loadingFor = 2 * time.Second

// page makes the tab.
type page struct{ desk *steer.Desk }

// Tab returns the tab.
func Tab(desk *steer.Desk) tab.Tab {
	p := page{desk}
	return tab.Tab{
		Slug: slug, Title: "Viewer",
		Help:   "Which tiles of a multiscale image napari draws, and where its view is.",
		Topics: slices.Concat(topics, []string{shm.TopicCanvas, shm.TopicDims}),
		Page: func(v tab.View) templ.Component {
			layer := v.Request.URL.Query().Get("layer")
			if !shm.IsLayerID(layer) {
				layer = firstLayer
			}
			m := p.model(v.Moment, layer, chosenView(v.Request.URL.Query()))
			if m.Canvas != nil {
				for _, props := range m.Canvas.Controls() {
					props.CSRF = v.CSRF
				}
			}
			if grid, ok := p.grid(v.Moment); ok {
				grid.CSRF = v.CSRF
				m.Grid, m.GridTopic, m.ValuesTopic = &grid, v.Topic(gridFeed), steer.ValuesTopic(v.Source)
			}
			return components.ViewerPage(m)
		},
		Frame: nil, // a frame belongs to one layer: see feeds
		Feeds: map[string]tab.NewFeed{
			"tiles":    newFeed,
			"pictures": newPictures,
			"colors":   newColors,
			"viewer": func(at tab.Place) (tab.Feed, error) {
				layer, c, err := readDetail(at.Detail)
				if err != nil {
					return tab.Feed{}, err
				}
				return tab.NewFragment(slices.Concat(topics, []string{shm.TopicCanvas, shm.TopicDims}), func(now time.Time) templ.Component {
					return components.ViewerFrame(p.model(at.At(now), layer, c))
				}), nil
			},
			gridFeed:          p.gridFeed,
			partsFeed:         p.partsFeed,
			stateFeed:         newStateFeed,
			steer.FeedDrawing: p.peopleOfCanvas,
		},
		Pictures: map[string]tab.NewPictures{steer.FeedCanvas: p.canvasPictures},
	}
}

// grid is the control that shows napari's own grid of tiles; ok is false for a
// process that has none.
func (p page) grid(m tab.Moment) (props ui.ControlProps, ok bool) {
	action, ok := p.desk.Find(m.Source, steer.ActionGrid)
	if !ok {
		return ui.ControlProps{}, false
	}
	return p.desk.ControlOf(m.Source, action, m.Now)
}

// gridFeed keeps the control of the grid up to date on open pages: the process may
// end and start again, and other people may use the control.
func (p page) gridFeed(at tab.Place) (tab.Feed, error) {
	if _, ok := p.grid(at.At(time.Now())); !ok || at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("%s has no grid to switch", at.Source.ID())
	}
	return tab.NewList([]string{shm.TopicControls}, func(now time.Time) tab.List {
		props, ok := p.grid(at.At(now))
		if !ok {
			return tab.List{Whole: templ.NopComponent}
		}
		return tab.List{Whole: components.ControlFrame(props), Parts: []tab.Part{steer.Part(props)}}
	}), nil
}

// model is the content of the page at a moment.
func (p page) model(m tab.Moment, layer string, c choice) components.Viewer {
	src := m.Source
	st := src.Status(m.Now)
	v := components.Viewer{
		Prefix: m.Prefix, Source: src.ID(), Name: st.Name, Napari: st.Napari, Link: tab.StateOf(src, st),
		TilesTopic: src.ID() + "/tiles/" + layer,
		AttachCode: components.HowToAttach,
	}
	poll := src.Poll()
	chosen := choose(poll, layer)
	v.State = state(src, st, poll, chosen, m.Now)
	v.Ours, v.Kinds = isOurs(src), kinds(src)
	p.fill(&v, m, poll, chosen)
	p.views(&v, m, st, c, layer, chosen)
	c.view = v.View
	v.LiveTopic = src.ID() + "/viewer/" + c.detail(layer)
	for i := range v.Layers {
		if !c.auto {
			v.Layers[i].Href += "&view=" + string(c.view)
		}
	}
	return v
}

// fill writes what there is to show of a layer.
func (p page) fill(v *components.Viewer, m tab.Moment, poll *shm.TilePoll, chosen *shm.TileLayer) {
	src := m.Source
	if v.State != components.ViewerLive && v.State != components.ViewerNoTiled {
		return
	}
	v.Note = chosen.Note
	if info := arrayOf(src, chosen.ID); info != nil {
		v.NoPicture = info.Stats.Problem
		if v.NoPicture == "" {
			v.Part = info.Note
		}
	}
	for i, l := range poll.Layers {
		v.Layers = append(v.Layers, components.ViewerLayer{
			ID: l.ID, Label: label(l, i), Current: l.ID == chosen.ID,
			Href: m.Prefix + "/" + slug + "?source=" + url.QueryEscape(src.ID()) + "&layer=" + l.ID,
		})
	}
	v.Picture = pictureTopic(src, chosen.ID)
	if v.State == components.ViewerNoTiled {
		v.Volume = whole(m, chosen.ID)
		return
	}
	v.Tiles = tiles(chosen)
}

// label is what pages call a layer: its name in napari, if it is known.
func label(l shm.TileLayer, i int) string {
	if l.Name != "" {
		return ui.Name(l.Name)
	}
	return "Layer " + strconv.Itoa(i+1)
}

// state says what there is to show, or why there is nothing.
func state(src *source.Source, st source.Status, poll *shm.TilePoll, chosen *shm.TileLayer, now time.Time) components.ViewerState {
	switch {
	case src.ID() == source.Nobody:
		return components.ViewerNone
	case chosen != nil && chosen.Config != nil:
		return components.ViewerLive
	case chosen != nil && chosen.Note != "":
		return components.ViewerNoTiled
	case chosen != nil:
		return components.ViewerLoading
	case src.IsModel():
		return components.ViewerModel
	case poll == nil && st.Kind != shm.KindNapari && st.Kind != shm.KindDemo:
		return components.ViewerForeign
	case poll != nil && isOurs(src):
		return components.ViewerNoLayer
	case poll != nil && sharesNoTiles(st.Napari):
		return components.ViewerNoTiles
	case poll != nil:
		return components.ViewerNoLayer
	case st.Running && now.Sub(st.Began) < loadingFor:
		return components.ViewerLoading
	case st.Silent:
		return components.ViewerSilent
	case !st.Running:
		return components.ViewerLoading
	case !isOurs(src) && sharesNoTiles(st.Napari):
		return components.ViewerNoTiles
	}
	return components.ViewerNoLayer
}

// isOurs reports whether it is a napari with the package. Such a napari shares its
// tiles, whatever its version, as soon as a layer has some.
func isOurs(src *source.Source) bool { return src.Layers() != nil }

// sharesNoTiles reports whether napari of this version cannot share its tiles by
// itself. Its octree was removed in 0.5, and fails from 0.4.18 on. It reports false for
// an unknown version.
func sharesNoTiles(version string) bool {
	major, rest, ok := strings.Cut(version, ".")
	if !ok {
		return false
	}
	minor, patch, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if err != nil {
		return false
	}
	patch, _, _ = strings.Cut(patch, ".")
	p, err := strconv.Atoi(patch)
	return major != "0" || n >= 5 || n == 4 && err == nil && p >= 18
}

// kinds counts the layers of a napari with the package by their kinds, such as
// "2 points".
func kinds(src *source.Source) []string {
	layers := src.Layers()
	if layers == nil {
		return nil
	}
	var order []string
	counts := map[string]int{}
	for _, l := range layers.List {
		if l.Kind == "" {
			continue
		}
		if counts[l.Kind]++; counts[l.Kind] == 1 {
			order = append(order, l.Kind)
		}
	}
	for i, kind := range order {
		order[i] = ui.Count(counts[kind]) + " " + kind
	}
	return order
}

// whole is what is known of a layer that is not drawn in tiles.
func whole(m tab.Moment, layer string) *components.ViewerWhole {
	w := &components.ViewerWhole{Level: -1}
	if l := m.Source.Layers().Get(layer); l != nil {
		w.Level, w.Levels = l.Level, l.Levels
		var names []string
		for _, name := range l.Axes {
			// napari calls axes without a name "-2" and "-1".
			if name != "" && !strings.HasPrefix(name, "-") {
				names = append(names, name)
			}
		}
		w.Axes = strings.Join(names, ", ")
	}
	if info := arrayOf(m.Source, layer); info != nil && !info.Withheld() {
		w.Planes = m.Prefix + "/arrays?source=" + url.QueryEscape(m.Source.ID()) + "&array=" + url.QueryEscape(info.Name)
	}
	return w
}

func tiles(l *shm.TileLayer) *components.ViewerTiles {
	c := l.Config
	t := &components.ViewerTiles{
		Level: c.LevelIndex, TileSize: c.TileSize,
		BaseShape: c.BaseShape, ImageShape: c.ImageShape, Grid: c.ShapeInTiles,
	}
	t.Ideal, t.Excess = idealLevel(c)
	t.Levels, t.TileShape, t.Stated, t.Reloads = c.Levels, c.TileShape, c.Stated, c.Reloads
	if s := l.State; s != nil {
		t.Loading, t.Reloaded = len(s.Loading), len(s.Reloaded)
		n := min(len(s.Rows), components.MaxTileRows)
		t.Seen = len(s.Rows)
		t.Rows, t.Cols = s.Rows[:n], s.Cols[:n]
		t.Corners, t.HasCorners = s.Corners, s.HasCorners
	}
	return t
}
