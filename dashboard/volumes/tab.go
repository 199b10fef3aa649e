package volumes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/door"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/dashboard/volumes/view"
	"webmon/natural"
	"webmon/shm"
)

// waitingFor is how long a process may take after it was attached to list its volumes, before the page
// says that it has none.
const waitingFor = 2 * time.Second

// pageWait is how long a page waits for a sample of the voxels, from which it has the contrast.
const pageWait = 1500 * time.Millisecond

// Tab returns the tab. Its feeds are
//
//	<source>/html/volumes        the list
//	<source>/volume/<token>      the panel beside a view
func (v *Volumes) Tab() tab.Tab {
	return tab.Tab{
		Slug: slug, Title: "Volumes",
		Help: "What of the process's data has three dimensions or more, in Neuroglancer, live and together.",
		// Who may only look changes a copy of a view.
		Needs:  door.Look,
		Topics: []string{shm.TopicVolumes, shm.TopicArrays},
		Page:   func(w tab.View) templ.Component { return components.VolumesPage(v.list(w.Moment)) },
		Frame:  func(m tab.Moment) templ.Component { return components.VolumesFrame(v.list(m)) },
		Feeds:  map[string]tab.NewFeed{"volume": v.newPanel},
	}
}

// Href is the address of the page of a volume.
func Href(prefix, source, name string) string {
	return prefix + "/" + slug + "/" + url.PathEscape(source) + "/" + url.PathEscape(name)
}

// list is the list as it is at a moment.
func (v *Volumes) list(m tab.Moment) components.Volumes {
	src := m.Source
	st := src.Status(m.Now)
	_, at, _ := src.State(shm.TopicVolumes)
	out := components.Volumes{Source: src.ID(), Name: st.Name, Link: tab.StateOf(src, st), LiveTopic: m.LiveTopic(slug), State: components.VolumesLive}
	all := volumesOf(src)
	switch {
	case src.ID() == source.Nobody:
		out.State = components.VolumesNone
	case len(all) > 0:
	case at.IsZero() && st.Running && m.Now.Sub(st.Began) < waitingFor:
		out.State = components.VolumesWaiting
	default:
		out.State = components.VolumesEmpty
	}
	l := v.live(src)
	looking := map[string]int{}
	for _, w := range v.views.List(src.ID()) {
		if is, ended := w.Script(); is && w.Of() == nil {
			title := w.Title
			if title == "" {
				title = w.Token
			}
			out.Views = append(out.Views, components.VolumeView{
				Key: w.Token, Title: title, Looking: w.Browsers(), Ended: !ended.IsZero(),
				Href: m.Prefix + "/" + slug + "/" + url.PathEscape(src.ID()) + "/view/" + w.Token,
			})
		}
		if n := w.Browsers(); n > 0 {
			for _, key := range keysOf(w) {
				looking[key] += n
			}
		}
	}
	for i := range all {
		vol := &all[i]
		c := components.VolumeCard{
			Name: vol.Name, Title: vol.title(), Href: Href(m.Prefix, src.ID(), vol.Name), Kind: string(vol.Kind),
			Shape: shapeText(vol.Shape), Axes: strings.Join(vol.Axes, ", "), DType: dtypeName(vol.Descr), Voxel: vol.voxel(),
			Looking: looking[vol.Key], Problem: vol.Problem, Note: vol.Note,
		}
		if vol.Kind.IsVoxels() && vol.Problem == "" {
			c.Bytes = int64(pixels.Count(vol.Shape)) * int64(itemSize(vol.Descr))
			c.Picture = m.Prefix + "/" + slug + "/" + url.PathEscape(src.ID()) + "/picture/" + vol.Key
		}
		switch {
		case vol.Array != nil:
			c.From = "a shared array"
		case vol.Layer != "":
			c.From = "a layer"
		case vol.Kind.IsVoxels() && vol.Shm == "":
			c.From = "read on demand"
		}
		if vol.Problem != "" {
			c.Problem = sentence(errors.New(vol.Problem))
		} else {
			c.Problem = l.undrawn(vol.Key, m.Now)
		}
		out.List = append(out.List, c)
	}
	return out
}

func shapeText(shape []int) string {
	out := make([]int64, len(shape))
	for i, n := range shape {
		out[i] = int64(n)
	}
	return ui.Shape(out...)
}

// voxel is the size of a voxel, "" if the process does not say.
func (v *volume) voxel() string {
	if v.Scale == nil {
		return ""
	}
	unit, same := "", true
	var parts []string
	for i, name := range v.Axes {
		if i == v.Channels || pixels.IsTime(name) {
			continue
		}
		u := axisOf(v.Units, i)
		if len(parts) > 0 && u != unit {
			same = false
		}
		unit = u
		parts = append(parts, fmt.Sprintf("%.4g", v.scale(i)))
	}
	text := strings.Join(parts, " × ")
	if same && unit != "" {
		text += " " + unitText(unit)
	}
	return text
}

// unitText is a unit as people write it.
func unitText(unit string) string {
	if rest, ok := strings.CutPrefix(unit, "u"); ok && (rest == "m" || rest == "s") {
		return "µ" + rest
	}
	return unit
}

// Page is the page of a volume for a request; its error is a *Failure.
func (v *Volumes) Page(w tab.View, name string) (components.Volume, error) {
	src := w.Source
	vol := look(w.Request.Context(), src, func() *volume { return named(src, name) })
	if vol == nil {
		return components.Volume{}, &Failure{http.StatusNotFound, fmt.Sprintf("%s has no volume %.80q.", src.ID(), name)}
	}
	out := components.Volume{Title: vol.title(), List: w.Prefix + "/" + slug + "?source=" + url.QueryEscape(src.ID())}
	if vol.Problem != "" {
		out.Problem = sentence(errors.New(vol.Problem))
		return out, nil
	}
	ctx, cancel := context.WithTimeout(w.Request.Context(), pageWait)
	defer cancel()
	at, err := v.shared(ctx, src, vol)
	if err != nil {
		return out, failure(err)
	}
	return v.pageOf(w, out, at, Href(w.Prefix, src.ID(), vol.Name))
}

// ViewPage is the page of a view that a script has made, by its token; its error is a *Failure.
func (v *Volumes) ViewPage(w tab.View, token string) (components.Volume, error) {
	src := w.Source
	at := v.views.Get(src.ID(), token)
	if at == nil || at.Of() != nil {
		return components.Volume{}, &Failure{http.StatusNotFound, "There is no such view any more."}
	}
	out := components.Volume{Title: at.Title, List: w.Prefix + "/" + slug + "?source=" + url.QueryEscape(src.ID())}
	if out.Title == "" {
		out.Title = "View " + natural.Clip(at.Token, 12)
	}
	return v.pageOf(w, out, at, w.Prefix+"/"+slug+"/"+url.PathEscape(src.ID())+"/view/"+at.Token)
}

// pageOf is the page of a view, whose address is here.
func (v *Volumes) pageOf(w tab.View, out components.Volume, at *view.View, here string) (components.Volume, error) {
	src := w.Source
	p := door.Of(w.Request.Context())
	switch {
	case p.Role < door.Steer, w.Request.URL.Query().Get("own") != "":
		var err error
		if at, err = v.own(src, at, p); err != nil {
			return out, err
		}
		out.Own = true
		if p.Role >= door.Steer {
			out.Other = here
		}
	default:
		out.Other = here + "?own=1"
	}
	out.Client = v.clientAt(src, at)
	out.Panel = v.panel(w.Moment, at)
	out.Panel.CSRF = w.CSRF
	return out, nil
}

func (v *Volumes) clientAt(src *source.Source, at *view.View) string {
	return v.opts.Prefix.String() + "/" + slug + "/" + url.PathEscape(src.ID()) + "/v/" + at.Token + "/"
}

// newPanel opens the feed of the panel beside a view.
func (v *Volumes) newPanel(at tab.Place) (tab.Feed, error) {
	w := v.views.Get(at.Source.ID(), at.Detail)
	if w == nil {
		return tab.Feed{}, errors.New("there is no such view")
	}
	feed := tab.NewFragment([]string{shm.TopicVolumes, shm.TopicArrays}, func(now time.Time) templ.Component {
		return components.VolumePanelFrame(v.panel(at.At(now), w))
	})
	feed.Wake = func(wake func()) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.panels) >= maxPanels {
			clear(v.panels) // they are brought up to date when their sources send something
		}
		v.panels[panel{w, at.Locked}] = wake
	}
	return feed, nil
}

// maxPanels bounds how many panels are told when their view has changed.
const maxPanels = 1024

type panel struct {
	view   *view.View
	locked bool
}

// told wakes the panels of a view. It is called under locks of the view.
func (v *Volumes) told(at *view.View) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, locked := range []bool{false, true} {
		if wake := v.panels[panel{at, locked}]; wake != nil {
			wake()
		}
	}
}

// read wakes the panels of a source, volumes of which are being read: it need not have sent anything itself.
func (v *Volumes) read(source string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for p, wake := range v.panels {
		if p.view.Source == source {
			wake()
		}
	}
}
