// Package arrays is the tab of the arrays that a process shares in memory. It lists
// them, and shows the open one as a live picture, or an array of records as a table and
// charts. Only the part of a frame that some browser shows is read, in the resolution
// in which it is shown, and straight into the message for the browsers.
package arrays

import (
	"fmt"
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
	"webmon/shm"
)

const slug = "arrays"

// waitingFor is how long a process may take after it was attached to list its arrays,
// before the page says that it shares none.
const waitingFor = 2 * time.Second

// Tab returns the tab. origin returns the page of the map whose images a source is; ok is false for any
// other source; nil: there are no maps. The tab's feeds are
//
//	<source>/arrays[/<name>]                                    the list, with an array open
//	<source>/array/<name>/<index>/<row>,<col>,<rows>,<cols>/<step>[/n][/e]  pictures
//	<source>/records/<name>                                     the table of an array of records
//	<source>/columns/<name>                                     its columns, for charts
func Tab(origin func(*source.Source) (href, name string, ok bool)) tab.Tab {
	p := pages{origin}
	return tab.Tab{
		Slug: slug, Title: "Arrays",
		Help:   "The arrays that the process shares in memory, live: pictures of any number of dimensions, and tables.",
		Needs:  door.Look,
		Topics: []string{shm.TopicArrays},
		Page: func(v tab.View) templ.Component {
			return components.ArraysPage(p.page(v.Moment, v.Request.URL.Query().Get("array")))
		},
		Feeds: map[string]tab.NewFeed{
			"arrays":  p.newList,
			"records": newRecords,
		},
		Pictures: map[string]tab.NewPictures{
			"array":   newPicture,
			"columns": newColumns,
		},
	}
}

// demoCamera is the array of the demo that is open unless somebody chooses another.
const demoCamera = "camera"

// pages makes the pages of the tab.
type pages struct {
	origin func(*source.Source) (href, name string, ok bool)
}

// Card is what a card with an array needs: the page of the arrays with it open.
func Card(m tab.Moment, name string) components.Arrays { return pages{}.page(m, name) }

// newList opens the feed of the list and of the numbers of the array that is
// open.
func (p pages) newList(at tab.Place) (tab.Feed, error) {
	name := at.Detail
	if name != "" && !pixels.IsName(name) {
		return tab.Feed{}, fmt.Errorf("%q is no name of an array", name)
	}
	wants := []string{shm.TopicArrays}
	if at.Source.IsMap() && name != "" {
		wants = append(wants, shm.ArrayTopic(name)) // for what is to be made ready before there is a picture
	}
	return tab.NewFragment(wants, func(now time.Time) templ.Component {
		return components.ArraysFrame(p.page(at.At(now), name))
	}), nil
}

// page is the page as it is at a moment, with the array of the name open.
func (p pages) page(m tab.Moment, name string) components.Arrays {
	src := m.Source
	st := src.Status(m.Now)
	_, at, _ := src.State(shm.TopicArrays)
	list := src.Arrays()
	if !pixels.IsName(name) {
		name = ""
	}
	switch {
	case name != "":
	case len(list) == 1:
		name = list[0].Name
	case st.Kind == shm.KindDemo && list.Get(demoCamera) != nil:
		name = demoCamera // people who look at the demo do not know its arrays
	}
	a := components.Arrays{
		Prefix: m.Prefix, Source: src.ID(), Name: st.Name, Link: tab.StateOf(src, st),
		LiveTopic: src.ID() + "/arrays", State: components.ArraysLive,
	}
	if name != "" {
		a.LiveTopic += "/" + name
	}
	if src.IsMap() {
		a.Of = &components.ArraysOrigin{Name: st.Name}
		if p.origin != nil {
			if href, name, ok := p.origin(src); ok {
				a.Of.Href, a.Of.Name = href, name
			}
		}
	}
	switch {
	case src.ID() == source.Nobody:
		a.State = components.ArraysNone
	case len(list) > 0:
	case at.IsZero() && st.Running && (src.IsMap() || m.Now.Sub(st.Began) < waitingFor):
		a.State = components.ArraysWaiting
	default:
		a.State = components.ArraysEmpty
	}
	for i := range list {
		r := row(m, &list[i], list[i].Name == name)
		if !st.Running {
			r.Rate = 0 // the last rate is out of date
		}
		a.List = append(a.List, r)
	}
	switch info := list.Get(name); {
	case info != nil:
		a.Open = view(m, info)
	case name != "":
		a.Open = &components.ArrayView{Name: name}
	}
	return a
}

// title is the title of an array, "" if it has none.
func title(info *shm.ArrayInfo) string {
	if info.Title == "" {
		return ""
	}
	return ui.Name(info.Title)
}

// row is an array in the list.
func row(m tab.Moment, info *shm.ArrayInfo, open bool) components.ArrayRow {
	r := components.ArrayRow{
		Name: info.Name, Title: title(info), Current: open,
		Href:  m.Prefix + "/" + slug + "?source=" + url.QueryEscape(m.Source.ID()) + "&array=" + url.QueryEscape(info.Name),
		DType: pixels.TypeName(info), Axes: strings.Join(info.Axes, ", "), Table: pixels.IsTable(info),
		Rate: info.Stats.Rate, Published: info.Stats.Published, Missed: info.Stats.Missed,
		Problem: info.Stats.Problem, Note: info.Note,
	}
	if frame := pixels.Newest(m.Source, info.Name); frame != nil {
		r.Published = max(r.Published, frame.Seq) // it is counted once a second only
	}
	shape := make([]int64, len(info.Shape))
	for i, n := range info.Shape {
		shape[i] = int64(n)
	}
	r.Shape = ui.Shape(shape...)
	if len(shape) == 0 {
		r.Shape = "a single value"
		if info.Withheld() && info.Descr == "" && len(info.Fields) == 0 {
			r.Shape = "" // of which nothing is known
		}
	}
	if item, ok := pixels.ItemBytes(info); ok {
		n := pixels.Count(info.Shape)
		if n > 0 && item > (1<<62)/n {
			n, item = 1<<62, 1
		}
		r.Bytes = int64(n) * int64(item)
	}
	if r.Problem == "" && !r.Table {
		r.Problem = pixels.Unfit(info)
	}
	return r
}

// config is what the script of the picture needs to know.
type config struct {
	Source   string        `json:"source"`
	Name     string        `json:"name"`
	Topic    string        `json:"topic"` // of its pictures, what is shown of it follows
	Shape    []int         `json:"shape"`
	Axes     []string      `json:"axes"`
	Units    []string      `json:"units"`
	Scale    []float64     `json:"scale"`
	DType    string        `json:"dtype"`
	Role     string        `json:"role"`
	Colormap string        `json:"colormap"`
	Limits   *[2]float64   `json:"limits"`
	Unit     string        `json:"unit"`
	Pixels   shm.PixelType `json:"pixels"` // in which every value has all its digits
	Full     float64       `json:"full"`   // of a sample of a colour
}

// view is the array that is open.
func view(m tab.Moment, info *shm.ArrayInfo) *components.ArrayView {
	src := m.Source.ID()
	base := m.Prefix + "/api/v1/sources/" + url.PathEscape(src) + "/arrays/" + url.PathEscape(info.Name)
	v := &components.ArrayView{Name: info.Name, Title: title(info), NPY: base + ".npy"}
	if pixels.IsTable(info) {
		r := records(m.Source, info)
		v.Records, v.Plane = &r, base+".csv"
		return v
	}
	if pixels.Unfit(info) != "" {
		return v
	}
	index := pixels.DefaultIndex(info)
	d, _ := pixels.ParseDType(info.Descr)
	v.Config = config{
		Source: src, Name: info.Name, Topic: src + "/array/" + info.Name,
		Shape: info.Shape, Axes: info.Axes, Units: info.Units, Scale: info.Scale,
		DType: d.Name(), Role: info.Role, Colormap: info.Colormap, Limits: info.Limits,
		Unit: info.Unit, Pixels: d.Pixels(), Full: d.Full(),
	}
	if pixels.IsVolume(info) {
		v.Volume = m.Prefix + "/volumes/" + url.PathEscape(src) + "/" + url.PathEscape(info.Name)
	}
	v.PNG = base + ".png?index=" + url.QueryEscape(index.String())
	if y, _, c := index.Roles(); len(index) > 2 && (c < 0 || len(index) > 3) && y >= 0 {
		v.Plane = base + ".npy?plane=" + url.QueryEscape(index.String())
	}
	return v
}
