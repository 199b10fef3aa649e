package chart

import (
	"errors"
	"math"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/series"
)

// Options say what a Feed reads and what its hub topic is.
type Options struct {
	Topic  string        // the hub topic, written into every frame
	Spec   Spec          // what is drawn; see SpecFor
	Window time.Duration // one of series.Windows

	// Series returns the series with a name, nil while there is none. Required.
	Series func(name string) *series.Series
	// Marks returns the moments to mark, oldest first; nil: none.
	Marks func() []series.Mark
	// Ended returns when the process ended, zero while it runs. The page of a
	// process that has ended shows its last window. nil: it never ends.
	Ended func() time.Time
}

// Feed makes the frames of one chart over one window, for all browsers that
// watch it. A frame is a JSON object:
//
//	{"topic": "napari/chart/frame_time/60", "ts": <ms since the epoch, when it was made>,
//	 "kind": "snapshot"|"delta", "seq": n, "width": <ms of a bucket>, "end": <ms, or null>,
//	 "lines": [[<index of the first bucket>, step, count, mean, min_at, min, max_at, max, ...], ...],
//	 "stats": [{"last": ..., "median": ..., ...}, ...], "marks": [[<ms>, "text"], ...]}
//
// A line is a flat list. It begins with the absolute index of its first bucket,
// which is the bucket's time divided by the width. Then each bucket has seven
// numbers:
//
//   - step: its index minus that of the bucket before (0 for the first)
//   - count and mean of its values
//   - min_at and min: the lowest value, and when it was, in ms after the bucket's start
//   - max_at and max: the same for the highest value
//
// A bucket without values (count 0) is a gap, and its last five numbers are 0.
//
// A snapshot holds the whole window. A delta holds every bucket that has changed
// since the delta before. It holds these buckets whole, not the difference, so that
// merging it twice does no harm. It may be merged only into the state of seq-1, or
// of a snapshot with the same seq. Frames have stats and marks only when they are
// new; marks is always the whole list.
type Feed struct {
	opts   Options
	level  time.Duration // the window whose buckets are read
	width  time.Duration // of those buckets
	every  time.Duration
	lines  []lineState
	seq    uint64
	ended  time.Time
	looked time.Time   // when Options.Ended was last called
	sent   time.Time   // when the last delta was sent
	told   time.Time   // when the last stats were sent
	marks  int         // how many marks the pages have been sent
	marked series.Mark // the last of them

	buckets []series.Bucket // to use again
	raw     []series.Bucket // to use again
	values  []float64       // to use again
	size    int             // of the last snapshot, bytes
}

// lineState is how far the deltas of a line have come.
type lineState struct {
	Line
	begun  bool
	newest int64  // index of the newest bucket in any delta
	points uint32 // how many points it held then
}

// How often things are sent.
const (
	fastest     = 60 * time.Millisecond // a chart of a minute cannot show more
	slowest     = 250 * time.Millisecond
	statsEvery  = 250 * time.Millisecond
	endedEvery  = 250 * time.Millisecond
	silentEvery = time.Second // a delta that only says what time it is
)

// perSecond is the window whose buckets are a second wide.
const perSecond = 15 * time.Minute

// NewFeed returns a feed. It holds nothing that needs closing.
func NewFeed(opts Options) (*Feed, error) {
	width := series.Width(opts.Window)
	if width == 0 {
		return nil, errors.New("chart: " + opts.Window.String() + " is no window of time that charts have")
	}
	if opts.Series == nil || len(opts.Spec.Lines) == 0 {
		return nil, errors.New("chart: a feed needs series to read and lines to draw")
	}
	f := &Feed{opts: opts, level: opts.Window, width: width}
	for _, line := range opts.Spec.Lines {
		if line.Of != Values { // one value a second; all lines have the same width
			f.level, f.width = perSecond, series.Width(perSecond)
		}
		f.lines = append(f.lines, lineState{Line: line})
	}
	// A chart is about a thousand columns wide. It looks the same until time has
	// moved on by one column.
	f.every = min(slowest, max(fastest, opts.Window/1000))
	return f, nil
}

// Snapshot implements [tab.Frames]: the whole window.
func (f *Feed) Snapshot(now time.Time) []byte { return f.snapshot(now) }

func (f *Feed) snapshot(now time.Time) []byte {
	f.look(now)
	w := f.begin(make([]byte, 0, f.size+f.size/8+512), now, "snapshot")
	w.Key("lines").Array()
	for i := range f.lines {
		line := &f.lines[i]
		f.read(line, f.oldest(now), now)
		if !line.begun {
			f.advance(line)
		}
		f.writeLine(&w)
	}
	w.EndArray()
	f.writeStats(&w, now)
	writeMarks(&w, f.currentMarks())
	b := w.End()
	f.size = len(b)
	return b
}

// Next implements [tab.Frames]: what has changed since it was last called. Once a
// second it returns a frame even if nothing has changed, so that the page knows the
// time, and that the connection works.
func (f *Feed) Next(now time.Time) []byte {
	f.look(now)
	lines := frame.Writer{Buf: make([]byte, 0, 1024)}
	var changed, back bool
	lines.Array()
	for i := range f.lines {
		line := &f.lines[i]
		from := f.oldest(now)
		if line.begun {
			from = max(from, line.newest)
		}
		f.read(line, from, now)
		if line.begun && len(f.buckets) > 0 && f.buckets[0].Index == line.newest &&
			f.buckets[0].Count+f.buckets[0].Gaps == line.points {
			f.buckets = f.buckets[1:]
		}
		changed = changed || len(f.buckets) > 0
		back = back || f.setBack(line)
		f.writeLine(&lines)
		f.advance(line)
	}
	lines.EndArray()
	marks := f.currentMarks()
	news := len(marks) != f.marks || len(marks) > 0 && marks[len(marks)-1] != f.marked
	if !changed && !news && !back && now.Sub(f.sent) < silentEvery && !now.Before(f.sent) {
		return nil
	}
	f.sent = now
	f.seq++
	if back {
		// The series has begun again, further back in time. What the pages have is
		// not part of it any more.
		for i := range f.lines {
			f.lines[i].begun = false
		}
		return f.snapshot(now)
	}
	w := f.begin(make([]byte, 0, len(lines.Buf)+512), now, "delta")
	w.Key("lines").Raw(lines.Buf)
	if now.Sub(f.told) >= f.statsEvery() || now.Before(f.told) {
		f.told = now
		f.writeStats(&w, now)
	}
	if news {
		f.marks = len(marks)
		if len(marks) > 0 {
			f.marked = marks[len(marks)-1]
		}
		writeMarks(&w, marks)
	}
	return w.End()
}

// statsEvery is the time between two frames with stats. Those of a longer window
// cost more and change less.
func (f *Feed) statsEvery() time.Duration {
	if f.opts.Window > 2*time.Minute {
		return time.Second
	}
	return statsEvery
}

// look finds out whether the process has ended.
func (f *Feed) look(now time.Time) {
	if f.opts.Ended != nil && (now.Sub(f.looked) >= endedEvery || now.Before(f.looked)) {
		f.looked = now
		f.ended = f.opts.Ended()
	}
}

// index is the index of the bucket that contains a time.
func (f *Feed) index(t time.Time) int64 { return t.UnixMicro() / f.width.Microseconds() }

// read puts the buckets of a line from the given index on into f.buckets.
func (f *Feed) read(line *lineState, from int64, now time.Time) {
	f.buckets = f.buckets[:0]
	s := f.opts.Series(line.Series)
	if s == nil {
		return
	}
	if line.Of == Values {
		f.buckets = s.Buckets(f.buckets, f.level, from)
		return
	}
	f.buckets = f.seconds(s, line.Of, from, f.until(now))
}

// edge is the time at the right edge of the chart: now, or when the process ended,
// so that its last window stays visible.
func (f *Feed) edge(now time.Time) time.Time {
	if !f.ended.IsZero() && f.ended.Before(now) {
		return f.ended
	}
	return now
}

// oldest is the index of the bucket before the first one that a page can show: a
// line comes in from it at the left edge.
func (f *Feed) oldest(now time.Time) int64 { return f.index(f.edge(now).Add(-f.opts.Window)) - 1 }

// until is the index of the present second, which is not over yet, or of the second
// after the one in which the process ended.
func (f *Feed) until(now time.Time) int64 {
	if edge := f.edge(now); edge != now {
		return f.index(edge) + 1
	}
	return f.index(now)
}

// seconds returns a bucket of one value for each whole second with an index from
// from up to, not including, until. A second in which nothing came has the value
// zero. The seconds before the first value have no bucket. The result uses the
// memory of f.buckets.
func (f *Feed) seconds(s *series.Series, of Of, from, until int64) []series.Bucket {
	f.raw = s.Buckets(f.raw[:0], perSecond, math.MinInt64)
	out := f.buckets[:0]
	if len(f.raw) == 0 {
		return out
	}
	raw := f.raw
	for index := max(from, raw[0].Index); index < until; index++ {
		for len(raw) > 0 && raw[0].Index < index {
			raw = raw[1:]
		}
		b := series.Bucket{Index: index, Count: 1, MinAt: 500_000, MaxAt: 500_000}
		if len(raw) > 0 && raw[0].Index == index {
			b.Max = raw[0].Sum
			if of == Rate {
				b.Max = float64(raw[0].Count)
			}
			b.Min, b.Sum = b.Max, b.Max
		}
		out = append(out, b)
	}
	return out
}

// setBack reports whether the series of a line has begun again at an earlier time
// than what was sent of it.
func (f *Feed) setBack(line *lineState) bool {
	if !line.begun || len(f.buckets) > 0 || line.Of != Values {
		return false
	}
	s := f.opts.Series(line.Series)
	if s == nil {
		return false
	}
	at, _, ok := s.Last()
	return ok && f.index(at) < line.newest
}

// advance notes that the buckets of a line in f.buckets have been sent.
func (f *Feed) advance(line *lineState) {
	if n := len(f.buckets); n > 0 {
		b := f.buckets[n-1]
		line.begun, line.newest, line.points = true, b.Index, b.Count+b.Gaps
	}
}

func (f *Feed) begin(b []byte, now time.Time, kind string) frame.Writer {
	w := frame.Begin(b, f.opts.Topic, now)
	w.Key("kind").String(kind)
	w.Key("seq").Uint(f.seq)
	w.Key("width").Int(f.width.Milliseconds())
	w.Key("end")
	if f.ended.IsZero() {
		w.Null()
	} else {
		w.Time(f.ended)
	}
	return w
}

// precision is how many significant digits are sent: more than anybody can see.
const precision = 7

// writeLine writes f.buckets in the form of a frame.
func (f *Feed) writeLine(w *frame.Writer) {
	w.Array()
	for i, bucket := range f.buckets {
		if i == 0 {
			w.Int(bucket.Index)
			w.Int(0)
		} else {
			w.Int(bucket.Index - f.buckets[i-1].Index)
		}
		w.Uint(uint64(bucket.Count))
		w.Digits(bucket.Sum/float64(max(1, bucket.Count)), precision)
		w.Micros(int64(bucket.MinAt))
		w.Digits(bucket.Min, precision)
		w.Micros(int64(bucket.MaxAt))
		w.Digits(bucket.Max, precision)
	}
	w.EndArray()
}

func (f *Feed) writeStats(w *frame.Writer, now time.Time) {
	w.Key("stats").Array()
	for i := range f.lines {
		writeNumbers(w, f.describe(&f.lines[i], now), now)
	}
	w.EndArray()
}

// Numbers are the statistics of one line.
type Numbers struct {
	series.Stats
	PerSec, SumPerSec float64 // over the last 5 s
}

// nothing are the numbers of a line without values.
func nothing() Numbers {
	return Numbers{Stats: series.Describe(nil), PerSec: math.NaN(), SumPerSec: math.NaN()}
}

// Get returns the number with a key.
func (n Numbers) Get(key StatKey) float64 {
	switch key {
	case Last:
		return n.Last
	case Median:
		return n.Median
	case P99:
		return n.P99
	case Min:
		return n.Min
	case Max:
		return n.Max
	case Mean:
		return n.Mean
	case PerSec:
		return n.PerSec
	case SumRate:
		return n.SumPerSec
	}
	return math.NaN()
}

// Numbers returns the statistics of the chart's first line.
func (f *Feed) Numbers(now time.Time) Numbers {
	f.look(now)
	return f.describe(&f.lines[0], now)
}

func (f *Feed) describe(line *lineState, now time.Time) Numbers {
	s := f.opts.Series(line.Series)
	if s == nil {
		return nothing()
	}
	recent := s.Stats(rateOver, now)
	n := Numbers{PerSec: recent.RatePerSec, SumPerSec: recent.SumPerSec}
	if line.Of == Values {
		n.Stats = s.Stats(f.opts.Window, f.edge(now))
		return n
	}
	until := f.until(now)
	f.buckets = f.seconds(s, line.Of, until-int64(f.opts.Window/time.Second), until)
	f.values = f.values[:0]
	for _, b := range f.buckets {
		f.values = append(f.values, b.Min)
	}
	last := math.NaN()
	if len(f.values) > 0 {
		last = f.values[len(f.values)-1]
	}
	n.Stats = series.Describe(f.values)
	n.Last, n.LastAt = last, recent.LastAt
	n.Span = time.Duration(n.Count) * time.Second
	return n
}

func writeNumbers(w *frame.Writer, n Numbers, now time.Time) {
	w.Object()
	for _, key := range [...]StatKey{Last, Median, P99, Min, Max, Mean, PerSec, SumRate} {
		w.Key(string(key)).Digits(n.Get(key), precision)
	}
	w.Key("count").Int(int64(n.Count))
	w.Key("gaps").Int(int64(n.Gaps))
	w.Key("span").Digits(n.Span.Seconds(), precision)
	w.Key("age")
	if n.LastAt.IsZero() {
		w.Null()
	} else {
		w.Digits(max(0, now.Sub(n.LastAt).Seconds()), precision)
	}
	w.EndObject()
}

func (f *Feed) currentMarks() []series.Mark {
	if f.opts.Marks == nil {
		return nil
	}
	return f.opts.Marks()
}

func writeMarks(w *frame.Writer, marks []series.Mark) {
	w.Key("marks").Array()
	for _, m := range marks {
		w.Array()
		w.Time(m.Time)
		w.String(m.Text)
		w.EndArray()
	}
	w.EndArray()
}
