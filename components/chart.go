package components

import "strconv"

// ChartProps describe a chart: what stands still on the page, and the numbers
// it begins with. The script public/js/charts draws it and keeps it live.
type ChartProps struct {
	Name    string // in addresses and topics
	Title   string
	Help    string // one sentence: what is good, what is bad
	Empty   string // what to say while there are no numbers
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
	// Download is the address of its events, to which ?format=csv or json and
	// seconds are added; "" where there is none.
	Download string
	// Range is the address of a part of the chart, to which ?from and to are
	// added, in ms since the epoch; "" where the page has all there is.
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
	In                string // unit it is sent in
	Value, Unit       string // as shown now
}

// ChartWindow is one choice of the window of time.
type ChartWindow struct {
	Seconds int
	Label   string
	Href    string
	Current bool
}

func (p ChartProps) download(format string) string {
	return p.Download + "?seconds=" + strconv.Itoa(p.Window) + "&format=" + format
}

func (p ChartProps) atLeast() string { return strconv.FormatFloat(p.AtLeast, 'g', -1, 64) }

// chartDash is how the line of a chart is drawn, as a stroke-dasharray.
func chartDash(i int) string { return [...]string{"none", "5 3", "2 2"}[i%3] }
