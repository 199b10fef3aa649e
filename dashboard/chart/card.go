package chart

import (
	"net/url"
	"strconv"
	"time"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/series"
	"webmon/dashboard/source"
)

// View is what charts need to know of the page that shows them.
type View struct {
	Prefix string // of every link, "" or like "/lab"
	Source string // id of the source
	Window time.Duration
	Alone  bool // the chart is the whole page

	Series func(name string) *series.Series // as in Options; nil: there is no source
	Ended  func() time.Time                 // as in Options
	// IsTopic reports whether the source has an event topic of that name, whose
	// events can be downloaded; nil: it has none.
	IsTopic func(name string) bool
}

// Card returns the props of components.Chart: the chart with its present numbers.
// Frames of [Feed] keep it live.
func (v View) Card(spec Spec, now time.Time) components.ChartProps {
	p := components.ChartProps{
		Name:   spec.Name,
		Title:  spec.Title,
		Help:   spec.Help,
		Empty:  spec.Empty,
		Topic:  Topic(v.Source, spec.Name, v.Window),
		Window: int(v.Window / time.Second),
		Style:  string(spec.Style),
		Unit:   string(spec.Unit),
		Log:    spec.Log,
		Zero:   spec.Zero,
		Alone:  v.Alone,
		Option: Option(spec),
	}
	p.AtLeast = spec.AtLeast
	for _, line := range spec.Lines {
		p.Lines = append(p.Lines, components.ChartLine{Label: line.Label, Color: line.Color})
	}
	n := nothing()
	if f, err := NewFeed(Options{Spec: spec, Window: v.Window, Series: v.Series, Ended: v.Ended}); err == nil {
		n = f.Numbers(now)
	}
	for _, stat := range spec.Stats {
		text, unit := stat.Unit.Format(n.Get(stat.Key))
		p.Stats = append(p.Stats, components.ChartStat{
			Key: string(stat.Key), Label: stat.Label, Title: stat.Title,
			In: string(stat.Unit), Value: text, Unit: unit,
		})
	}
	query := url.Values{"source": {v.Source}, "window": {strconv.Itoa(p.Window)}}
	p.Href = v.Prefix + "/individual/" + url.PathEscape(spec.Name) + "?" + query.Encode()
	if v.Source != "" && v.Source != source.Nobody {
		p.Pin = ui.PinHref(v.Prefix, "chart", v.Source, spec.Name)
		p.PinNumber = ui.PinHref(v.Prefix, "number", v.Source, spec.Name)
	}
	if v.Source != "" && spec.Lines[0].Of == Values {
		p.Range = v.Prefix + "/api/v1/sources/" + url.PathEscape(v.Source) + "/charts/" + url.PathEscape(spec.Name)
	}
	topics := spec.Topics()
	for i := len(topics) - 1; i >= 0 && v.IsTopic != nil; i-- {
		if v.IsTopic(topics[i]) {
			p.Download = v.Prefix + "/api/v1/sources/" + url.PathEscape(v.Source) + "/events/" + url.PathEscape(topics[i])
			break
		}
	}
	return p
}

// Topic is the hub topic of a chart of a source.
func Topic(source, name string, window time.Duration) string {
	return source + "/chart/" + Detail(name, window)
}

// Windows returns the windows of time that people can choose; path is that of the
// page, query its present query.
func Windows(path string, query url.Values, now time.Duration) []components.ChartWindow {
	var all []components.ChartWindow
	for _, w := range series.Windows() {
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		seconds := int(w / time.Second)
		q.Set("window", strconv.Itoa(seconds))
		label := strconv.Itoa(seconds) + " s"
		if seconds >= 60 {
			label = strconv.Itoa(seconds/60) + " min"
		}
		all = append(all, components.ChartWindow{
			Seconds: seconds, Label: label, Href: path + "?" + q.Encode(), Current: w == now,
		})
	}
	return all
}
