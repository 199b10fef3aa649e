package components

import (
	"strconv"

	"webmon/components/ui"
)

// ChartProps describe a chart: the parts of it that do not change, and the numbers
// that it shows first. The script public/js/charts draws it and keeps it live.
type ChartProps struct {
	Name    string // in URLs and topics
	Title   string
	Help    string // one sentence: what is good, what is bad
	Empty   string // shown while there are no numbers
	Topic   string // hub topic that brings its frames, "<source>/chart/<name>/<window>"
	Window  int    // seconds
	Style   string // "line", "dots" or "step"
	Unit    string // of the values drawn
	Log     bool   // begins with a logarithmic axis
	Zero    bool   // the axis begins at zero
	AtLeast float64
	Lines   []ChartLine
	Stats   []ChartStat
	Option  any // the ECharts option to start from; colours are "var(--name)", formatters "@name"
	Alone   bool
	Href    string // of the page that shows it alone
	// Download is the URL of its events, to which the parameters format ("csv" or
	// "json") and seconds are added; "" for none.
	Download string
	// Pin and PinNumber are the URLs that put the chart, and the number that it draws, on a
	// board (ui.PinHref); "" for none.
	Pin, PinNumber string
	// Scope begins the ids of its elements on a page with charts of several sources; "" on any
	// other.
	Scope string
	// Range is the URL of a part of the chart, to which the parameters from and to
	// are added, in ms since the epoch; "" if the page has all values already.
	Range string
}

// ChartLine is one line of a chart.
type ChartLine struct {
	Label string
	Color int // 1 to 8
}

// ChartStat is one number below a chart.
type ChartStat struct {
	Key, Label, Title string
	In                string // unit in which frames have it
	Value, Unit       string // as shown now
}

// ChartWindow is one choice of the window of time.
type ChartWindow struct {
	Seconds int
	Label   string
	Href    string
	Current bool
}

// id is the id of the chart's card; those of its other elements begin with it.
func (p ChartProps) id() string {
	if p.Scope == "" {
		return ui.ID("chart", p.Name)
	}
	return p.Scope + "-" + ui.ID("chart", p.Name)
}

func (p ChartProps) download(format string) string {
	return p.Download + "?seconds=" + strconv.Itoa(p.Window) + "&format=" + format
}

func (p ChartProps) atLeast() string { return strconv.FormatFloat(p.AtLeast, 'g', -1, 64) }

// chartDash is how the line of a chart is drawn, as a stroke-dasharray.
func chartDash(i int) string { return [...]string{"none", "5 3", "2 2"}[i%3] }
