// Package chart turns the series of a source into charts. For each chart it has
// the title and how to read the numbers ([Spec]), the go-echarts option with which
// a page starts ([Option]), the frames that keep the chart live ([Feed]), and the
// props of the component that shows it ([View.Card]).
//
// The package neither draws nor keeps history: the page draws, and package series
// keeps the history.
//
//	spec := chart.SpecFor("frame_time")
//	feed, err := chart.NewFeed(chart.Options{
//		Topic: "napari/chart/frame_time/60", Spec: spec, Window: time.Minute,
//		Series: src.Series, Marks: src.Marks,
//	})
//	snapshot := feed.Snapshot(time.Now()) // for a page that has just opened
//	delta := feed.Next(time.Now())        // for all pages, some 16 times a second
package chart

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/dashboard/series"
	"webmon/shm"
)

// Spec says what a chart shows and how to read it.
type Spec struct {
	Name  string // in URLs and topics: that of a known chart, otherwise that of the series
	Title string
	Help  string // one sentence: what is good, what is bad
	Empty string // shown while there are no numbers: why, and what to do

	Lines []Line
	Unit  Unit // of the values drawn
	Style Style
	Log   bool // begins with a logarithmic axis; people can switch
	Zero  bool // the axis begins at zero

	// AtLeast is the least upper end of the axis, so that small changes look small;
	// 0: the axis ends at the highest value.
	AtLeast    float64
	Thresholds []Threshold
	Stats      []Stat // the numbers below the chart
}

// Line is one line of a chart.
type Line struct {
	Series string // name of the series, "<topic>.<path>"
	Label  string // in the legend
	Of     Of
	Color  int // 1 to 8: which of the page's series colours
}

// Of says which number of the series a line draws.
type Of int

// What a line can draw.
const (
	Values Of = iota // the values themselves: the lowest and highest of each bucket
	Rate             // how many came in each second
	Sum              // the sum of the values of each second
)

// Style is how the values of a line are drawn.
type Style string

// The styles.
const (
	Connected Style = "line" // values follow each other
	Dots      Style = "dots" // each value stands for itself
	Steps     Style = "step" // each value holds for a whole second
)

// Threshold is a well-known value, drawn as a horizontal line.
type Threshold struct {
	Value float64
	Label string // such as "60 Hz"
}

// Stat is one number below a chart.
type Stat struct {
	Key   StatKey
	Label string
	Unit  Unit
	Title string // more about it
}

// StatKey names a number of a frame's stats.
type StatKey string

// The numbers that a chart can show. Rates are those of the last 5 seconds, so that
// they show the present. All others are those of the chart's window.
const (
	Last    StatKey = "last"
	Median  StatKey = "median"
	P99     StatKey = "p99"
	Min     StatKey = "min"
	Max     StatKey = "max"
	Mean    StatKey = "mean"
	PerSec  StatKey = "rate"
	SumRate StatKey = "sum"
)

// rateOver is the time that rates are taken over.
const rateOver = 5 * time.Second

// Known returns the charts of the numbers that napari's monitor sends, in the
// order in which they are shown.
func Known() []Spec {
	const redraw = " napari draws a frame only when something changes: move its camera."
	return []Spec{
		{
			Name:  "frame_time",
			Title: "Frame time",
			Help: "The time from one frame to the next. Good: below 16.7 ms, that is 60 frames a second. " +
				"Bad: above 33 ms the view stutters; single peaks are hitches.",
			Empty: "No frame yet." + redraw,
			Lines: []Line{{Series: "frame_time.delta_ms", Label: "frame time", Color: 1}},
			Unit:  Milliseconds, Style: Connected, Zero: true, AtLeast: 20,
			Thresholds: []Threshold{{16.7, "60 Hz"}, {33.3, "30 Hz"}},
			Stats: append(spread(Milliseconds),
				Stat{PerSec, "rate", Frames, "Frames a second, over the last 5 s"}),
		},
		{
			Name:  "load_time",
			Title: "Load time",
			Help: "The time to load one chunk of the image. Good: short and even, then tiles fill in as you pan. " +
				"Bad: a rising median means a slow disk or network; a high 99th percentile leaves single tiles blurred for a long time.",
			Empty: noChunks,
			Lines: []Line{{Series: "load_chunk.load_ms", Label: "load time of a chunk", Color: 2}},
			Unit:  Milliseconds, Style: Dots, Zero: true, AtLeast: 10,
			Stats: append(spread(Milliseconds),
				Stat{PerSec, "rate", Chunks, "Chunks loaded a second, over the last 5 s"}),
		},
		{
			Name:  "chunk_size",
			Title: "Chunk size",
			Help: "The bytes of one loaded chunk. Good: even, some hundred KiB to a few MiB. " +
				"Bad: very small chunks cost more in requests than in data; very large ones make each load long.",
			Empty: noChunks,
			Lines: []Line{{Series: "load_chunk.num_bytes", Label: "bytes of a chunk", Color: 3}},
			Unit:  Bytes, Style: Dots, Zero: true, AtLeast: 1024,
			Stats: append(spread(Bytes),
				Stat{SumRate, "throughput", BytesPerSec, "Loaded a second, over the last 5 s; 1 MB is 1 000 000 bytes"}),
		},
		{
			Name:  "frame_rate",
			Title: "Frame rate",
			Help: "The frames of each second. Good: near 60 while you move the camera. " +
				"Zero is normal while nothing moves. Bad: well below 30 during a movement.",
			Empty: "No frame yet." + redraw,
			Lines: []Line{{Series: "frame_time.delta_ms", Label: "frames a second", Of: Rate, Color: 1}},
			Unit:  Frames, Style: Steps, Zero: true, AtLeast: 20,
			Stats: bySecond(Frames),
		},
		{
			Name:  "throughput",
			Title: "Throughput",
			Help: "The bytes of all chunks loaded in each second. Good: as many as the disk or network can give while tiles are missing. " +
				"Bad: few, while the load time is high.",
			Empty: noChunks,
			Lines: []Line{{Series: "load_chunk.num_bytes", Label: "bytes a second", Of: Sum, Color: 3}},
			Unit:  BytesPerSec, Style: Steps, Zero: true, AtLeast: 1e6,
			Stats: bySecond(BytesPerSec),
		},
	}
}

const noChunks = "No chunk has been loaded yet. Pan or zoom to tiles that napari has not shown before. " +
	"napari reports the chunks that it loads when it runs with the plugin napari-webmon, or with its octree (0.4, NAPARI_EXPERIMENTAL_OCTREE=1)."

func spread(unit Unit) []Stat {
	return []Stat{
		{Last, "last", unit, "The latest value"},
		{Median, "median", unit, "Half of the window's values are below"},
		{P99, "99th percentile", unit, "99 of 100 of the window's values are below"},
		{Max, "highest", unit, "The highest value of the window"},
	}
}

func bySecond(unit Unit) []Stat {
	return []Stat{
		{Last, "last second", unit, "The value of the last whole second"},
		{Median, "median", unit, "Half of the window's seconds are below"},
		{Min, "lowest", unit, "The lowest second of the window"},
		{Max, "highest", unit, "The highest second of the window"},
	}
}

// SpecFor returns the chart with a name: one of [Known], by its own name or that of
// its series, otherwise a plain chart of the series called name.
func SpecFor(name string) Spec {
	known := Known()
	for _, spec := range known {
		if spec.Name == name || spec.Lines[0].Of == Values && spec.Lines[0].Series == name {
			return spec
		}
	}
	unit := unitOf(name)
	return Spec{
		Name:  name,
		Title: name,
		Help:  "A number that the process sends.",
		Empty: "The process has not sent this number yet.",
		Lines: []Line{{Series: name, Label: name, Color: 1 + int(hash(name)%8)}},
		Unit:  unit, Style: Connected, Zero: unit == Bytes || unit == BytesPerSec,
		Stats: append(spread(unit), Stat{PerSec, "rate", Hertz, "Values a second, over the last 5 s"}),
	}
}

// Observed is the chart of a number as its simulation describes it. i is the index
// of the number among those of the simulation.
func Observed(spec Spec, o shm.Observable, i int) Spec {
	if o.Title != "" {
		spec.Title, spec.Lines[0].Label = o.Title, o.Title
	}
	if o.Help != "" {
		spec.Help = o.Help
	}
	unit := Unit(o.Unit)
	for j := range spec.Stats {
		if spec.Stats[j].Unit == spec.Unit {
			spec.Stats[j].Unit = unit
		}
	}
	spec.Unit, spec.Zero = unit, false
	spec.Empty = "The simulation has not reported this number yet."
	spec.Lines[0].Color = 1 + i%8
	return spec
}

// hash is FNV-1a, so that a name has the same colour in every process.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// Topics returns the topics of a source that a chart may draw from. A series
// is named "<topic>.<path>", and both may contain dots.
func (s Spec) Topics() []string {
	var topics []string
	for _, line := range s.Lines {
		for i, r := range line.Series {
			if r == '.' && i > 0 && !slices.Contains(topics, line.Series[:i]) {
				topics = append(topics, line.Series[:i])
			}
		}
		if !strings.Contains(line.Series, ".") && line.Series != "" {
			topics = append(topics, line.Series)
		}
	}
	return topics
}

// maxName bounds the length of a chart's name in a topic, in bytes.
const maxName = 150

// Detail writes the part of a hub topic that names a chart and its window:
// "frame_time/60". It is what ParseDetail reads.
func Detail(name string, window time.Duration) string {
	return url.PathEscape(name) + "/" + strconv.Itoa(int(window/time.Second))
}

// ParseDetail reads "<chart>/<window in seconds>", with the chart's name escaped as
// in the path of a URL. Anything else, which a browser may send, is an error.
func ParseDetail(detail string) (name string, window time.Duration, err error) {
	escaped, seconds, ok := strings.Cut(detail, "/")
	if !ok {
		return "", 0, fmt.Errorf("chart %.40q: no window of time is named", detail)
	}
	name, err = url.PathUnescape(escaped)
	if err != nil || name == "" || len(name) > maxName {
		return "", 0, fmt.Errorf("chart %.40q: not a chart's name", escaped)
	}
	for _, w := range series.Windows() {
		if seconds == strconv.Itoa(int(w/time.Second)) {
			return name, w, nil
		}
	}
	return "", 0, fmt.Errorf("chart %.40q: %.20q is no window of time that charts have", name, seconds)
}

// ParseWindow returns the window of that many seconds, a minute if charts have no
// such window.
func ParseWindow(seconds string) time.Duration {
	for _, w := range series.Windows() {
		if seconds == strconv.Itoa(int(w/time.Second)) {
			return w
		}
	}
	return time.Minute
}
