package board

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/board/file"
	"webmon/dashboard/chart"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm"
)

// content is what a card shows, of a source that there is.
type content struct {
	title, help string
	href        string // of the page on which it stands by itself
	menu        templ.Component
	// still has the content that scripts keep live; its children are the live region. nil: the
	// live region is all. version changes when still has to be made again.
	still   func(id string) templ.Component
	version string
	// live is the live region; nil: it is empty. liveVersion changes with what it shows, but not
	// with values, which come by the hub topic values.
	live        templ.Component
	liveVersion string
	values      string
}

// missing is a card of which there is nothing to show.
func missing(title, text string) content {
	return content{title: title, version: "missing", live: components.BoardMissing(text), liveVersion: text}
}

// numberWindow is the window of time of the numbers that stand by themselves.
const numberWindow = 10 * time.Second

// wants are the topics of the source that the live region of a card needs.
func (b *Boards) wants(c file.Card) []string {
	switch c.Kind {
	case file.Number:
		return append(chart.SpecFor(c.Name).Topics(), c.Name) // a state may be a number itself
	case file.Array:
		return []string{shm.TopicArrays, shm.ArrayTopic(c.Name)}
	case file.Control, file.Command:
		return []string{shm.TopicControls, shm.TopicActions}
	case file.Model:
		return []string{shm.TopicModel, shm.TopicArrays, shm.TopicControls}
	}
	return nil
}

// content is what a card shows at a moment.
func (b *Boards) content(m tab.Moment, c file.Card, window time.Duration) content {
	switch c.Kind {
	case file.Chart:
		return b.chart(m, c, window)
	case file.Number:
		return b.number(m, c)
	case file.Array:
		return b.array(m, c)
	case file.Control:
		return b.control(m, c)
	case file.Command:
		return b.command(m, c)
	case file.Model:
		return b.model(m, c)
	}
	return missing(c.Name, "This webmon knows no cards of the kind "+string(c.Kind)+".")
}

func (b *Boards) chart(m tab.Moment, c file.Card, window time.Duration) content {
	spec := chart.SpecOf(m.Source, c.Name)
	if c.Title != "" {
		spec.Title = c.Title
	}
	query := url.Values{"source": {m.Source.ID()}}
	// The numbers below a chart take some time to compute: only where the card is rendered.
	props := func() components.ChartProps {
		p := chart.ViewOf(m, window).Card(spec, m.Now)
		p.Scope = ui.ID("of", m.Source.ID())
		return p
	}
	return content{
		title: spec.Title, help: spec.Help,
		href: m.Prefix + "/individual/" + url.PathEscape(spec.Name) + "?" + query.Encode(),
		menu: lazily(func() templ.Component { return components.ChartMenu(menuOf(props())) }),
		still: func(string) templ.Component {
			return lazily(func() templ.Component { return components.BoardChart(props()) })
		},
		version: "chart " + string(spec.Unit) + spec.Title,
	}
}

// menuOf is a chart whose menu offers no pins: it is on the board.
func menuOf(p components.ChartProps) components.ChartProps {
	p.Pin, p.PinNumber = "", ""
	return p
}

func (b *Boards) number(m tab.Moment, c file.Card) content {
	spec := chart.SpecOf(m.Source, c.Name)
	stat := chart.Stat{Key: chart.Last, Unit: spec.Unit}
	if len(spec.Stats) > 0 {
		stat = spec.Stats[0]
	}
	if value, ok := stateNumber(m.Source, c.Name); ok {
		return content{
			title: c.Name, href: m.Prefix + "/messages?" + url.Values{"source": {m.Source.ID()}}.Encode(), version: "number",
			live: components.BoardNumber("last", "", value, ""), liveVersion: value,
		}
	}
	feed, err := chart.NewFeed(chart.Options{Spec: spec, Window: numberWindow, Series: m.Source.Series, Ended: m.Source.Ended})
	if err != nil {
		return missing(spec.Title, "It cannot be shown as a number.")
	}
	number := feed.Numbers(m.Now).Get(stat.Key)
	value, unit := stat.Unit.Format(number)
	title := stat.Title
	if title == "" {
		title = spec.Help
	}
	return content{
		title: spec.Title, help: spec.Help,
		href:    m.Prefix + "/individual/" + url.PathEscape(spec.Name) + "?" + url.Values{"source": {m.Source.ID()}}.Encode(),
		version: "number",
		live:    components.BoardNumber(stat.Label, title, value, unit), liveVersion: value + unit + spec.Title,
	}
}

// stateNumber writes the number at a path in a state, such as "stage.x". ok is false if there is
// none, or if it has a series: a number of an event.
func stateNumber(src *source.Source, name string) (text string, ok bool) {
	if src.Series(name) != nil {
		return "", false
	}
	for i, r := range name + "." {
		if r != '.' || i == 0 { // where the name of a topic may end
			continue
		}
		v, at, _ := src.State(name[:i])
		if at.IsZero() {
			continue
		}
		for key := range strings.SplitSeq(strings.TrimPrefix(name[i:], "."), ".") {
			if inside, is := v.(map[string]any); is && key != "" {
				v = inside[key]
			}
		}
		switch v := v.(type) {
		case int64:
			return ui.Count(v), true
		case float64:
			text, _ := chart.Plain.Format(v)
			return text, true
		}
	}
	return "", false
}

func (b *Boards) array(m tab.Moment, c file.Card) content {
	a := b.opts.Array(m, c.Name)
	title := c.Name
	if a.Open != nil && a.Open.Title != "" {
		title = a.Open.Title
	}
	href := m.Prefix + "/arrays?" + url.Values{"source": {m.Source.ID()}, "array": {c.Name}}.Encode()
	if c.View != "" {
		href += "&" + c.View
	}
	info := m.Source.Array(c.Name)
	out := content{title: title, href: href, live: components.BoardArrayLive(a)}
	switch {
	case info == nil:
		is := missing(title, m.Source.ID()+" shares no array "+c.Name+" now.")
		is.href = href
		return is
	case pixels.IsTable(info):
		out.version = "table"
		frame := pixels.Newest(m.Source, c.Name)
		if frame != nil {
			out.liveVersion = fmt.Sprint(frame.Seq, frame.Info.Generation, a.Link)
		}
	default:
		out.version = "picture " + c.View
		out.still = func(id string) templ.Component { return components.BoardArray(id, c.View, a) }
		if a.Open != nil {
			out.liveVersion = fmt.Sprintf("%v %+v", a.Link, a.Open.Config)
			for _, row := range a.List {
				if row.Current {
					out.liveVersion += fmt.Sprint(row.Problem, row.Note, row.Bytes == 0, row.Published == 0)
				}
			}
		}
	}
	return out
}

func (b *Boards) control(m tab.Moment, c file.Card) content {
	title := natural.Capital(strings.ReplaceAll(c.Name, "_", " "))
	action, ok := b.opts.Desk.Find(m.Source, c.Name)
	href := m.Prefix + "/controls?" + url.Values{"source": {m.Source.ID()}}.Encode()
	p, is := ui.ControlProps{}, false
	if ok {
		p, is = b.opts.Desk.CardControl(m.Source, action, m.Now)
	}
	if !is {
		return without(missing(title, m.Source.ID()+" has no control "+c.Name+" now."), href)
	}
	return content{
		title: p.Label, href: href, version: "control", values: steer.ValuesTopic(m.Source),
		live: ui.Control(p), liveVersion: steer.Part(p).Version,
	}
}

func (b *Boards) command(m tab.Moment, c file.Card) content {
	action, ok := b.opts.Desk.Find(m.Source, c.Name)
	href := m.Prefix + "/controls?" + url.Values{"source": {m.Source.ID()}}.Encode()
	if !ok {
		return without(missing(natural.Capital(strings.ReplaceAll(c.Name, "_", " ")), m.Source.ID()+" has no command "+c.Name+" now."), href)
	}
	p := b.opts.Desk.CardAction(m.Source, action, m.Now)
	return content{title: p.Label, href: href, version: "command", live: ui.ActionForm(p), liveVersion: steer.ActionPart(p).Version}
}

func (b *Boards) model(m tab.Moment, c file.Card) content {
	p, ok := b.opts.Model(m)
	if !ok || p.Key != c.Name {
		return missing(c.Name, m.Source.ID()+" is not the model "+c.Name+".")
	}
	href := p.Href
	if c.View != "" {
		href += "?" + c.View
	}
	return content{
		title: p.Title, href: href, version: "model " + c.View,
		still:       func(id string) templ.Component { return components.BoardModel(id, c.View, p) },
		live:        components.BoardModelLive(p),
		liveVersion: strings.Join([]string{p.Config, string(p.Phase), p.Problem}, "\x00"),
	}
}

func without(c content, href string) content {
	c.href = href
	return c
}

// lazily makes a component when it is rendered.
func lazily(make func() templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error { return make().Render(ctx, w) })
}
