package chart

import (
	"errors"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"webmon/dashboard/series"
)

// Options say what a Feed reads and what it is called.
type Options struct {
	Topic  string        // the hub topic, written into every frame
	Spec   Spec          // what is drawn; SpecFor
	Window time.Duration // one of series.Windows

	// Series returns the series of a name, nil while there is none. Needed.
	Series func(name string) *series.Series
	// Marks returns the moments to mark, oldest first; nil: none.
	Marks func() []series.Mark
	// Ended returns when the process ended, zero while it is there; the page
	// then keeps the last window standing. nil: it never ends.
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
// A line is a flat list: the absolute index of its first bucket (its time
// divided by the width), then seven numbers a bucket: how much its index is
// above that of the bucket before (0 for the first), how many values it holds
// and their mean, and where in it, in ms, its lowest and highest lie. A bucket
// without values (count 0) is a gap, and its last five numbers are 0.
//
// A snapshot holds the whole window. A delta holds every bucket that has
// changed since the delta before, whole again and not the difference, so that
// merging it twice does no harm; it may be merged only onto the state of
// seq-1 or of a snapshot with that seq. stats and marks stand only in frames
// where they are new; marks is always the whole list.
type Feed struct {
	opts   Options
	level  time.Duration // the window whose buckets are read
	width  time.Duration // of those buckets
	every  time.Duration
	lines  []lineState
	seq    uint64
	ended  time.Time
	looked time.Time   // when ended was asked for
	sent   time.Time   // the last delta
	told   time.Time   // the last stats
	marks  int         // how many marks the pages know of
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
	points uint32 // that it held then
}

// How often things are sent.
const (
	fastest     = 60 * time.Millisecond // more than a picture of a minute can show
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
		if line.Of != Values { // drawn by the second, and all lines have one width
			f.level, f.width = perSecond, series.Width(perSecond)
		}
		f.lines = append(f.lines, lineState{Line: line})
	}
	// A picture has some thousand columns: more often than the time moves on
	// by one there is nothing to see.
	f.every = min(slowest, max(fastest, opts.Window/1000))
	return f, nil
}

// Snapshot implements [tab.Frames]: the whole window.
func (f *Feed) Snapshot(now time.Time) []byte { return f.snapshot(now) }

func (f *Feed) snapshot(now time.Time) []byte {
	f.look(now)
	b := f.begin(make([]byte, 0, f.size+f.size/8+512), now, "snapshot")
	b = append(b, `,"lines":[`...)
	for i := range f.lines {
		line := &f.lines[i]
		if i > 0 {
			b = append(b, ',')
		}
		f.read(line, f.oldest(now), now)
		if !line.begun {
			f.advance(line)
		}
		b = f.appendLine(b)
	}
	b = append(b, ']')
	b = f.appendStats(b, now)
	b = f.appendMarks(b, f.currentMarks())
	b = append(b, '}')
	f.size = len(b)
	return b
}

// Next implements [tab.Frames]: what has changed since it was last called. Once a
// second it returns a frame even if nothing has, so that the page knows the
// time and that all is well.
func (f *Feed) Next(now time.Time) []byte {
	f.look(now)
	b := make([]byte, 0, 1024)
	var changed, back bool
	b = append(b, `,"lines":[`...)
	for i := range f.lines {
		line := &f.lines[i]
		if i > 0 {
			b = append(b, ',')
		}
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
		b = f.appendLine(b)
		f.advance(line)
	}
	b = append(b, ']')
	marks := f.currentMarks()
	news := len(marks) != f.marks || len(marks) > 0 && marks[len(marks)-1] != f.marked
	if !changed && !news && !back && now.Sub(f.sent) < silentEvery && !now.Before(f.sent) {
		return nil
	}
	f.sent = now
	f.seq++
	if back {
		// The series began anew, further back in time: what the pages have
		// is no part of it any more.
		for i := range f.lines {
			f.lines[i].begun = false
		}
		return f.snapshot(now)
	}
	body := b
	b = f.begin(make([]byte, 0, len(body)+512), now, "delta")
	b = append(b, body...)
	if now.Sub(f.told) >= f.statsEvery() || now.Before(f.told) {
		f.told = now
		b = f.appendStats(b, now)
	}
	if news {
		f.marks = len(marks)
		if len(marks) > 0 {
			f.marked = marks[len(marks)-1]
		}
		b = f.appendMarks(b, marks)
	}
	return append(b, '}')
}

// statsEvery is how often the numbers are told: the longer the window, the
// dearer they are and the less they change.
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

// index is that of the bucket a time lies in.
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

// edge is the time at the right of the picture: now, or when the process
// ended, so that its last window stays to be seen.
func (f *Feed) edge(now time.Time) time.Time {
	if !f.ended.IsZero() && f.ended.Before(now) {
		return f.ended
	}
	return now
}

// oldest is the index of the first bucket that a page can show, and the one
// before it, from which a line comes in at the left.
func (f *Feed) oldest(now time.Time) int64 { return f.index(f.edge(now).Add(-f.opts.Window)) - 1 }

// until is the index of the second under way, or of the one after that in
// which the process ended.
func (f *Feed) until(now time.Time) int64 {
	if edge := f.edge(now); edge != now {
		return f.index(edge) + 1
	}
	return f.index(now)
}

// seconds returns a bucket of one value for each whole second from the given
// one up to, not including, until. A second in which nothing came is zero, but
// there is none before the first in which something did. The result is in
// f.buckets' memory.
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

// setBack reports whether a line's series lies before what was sent of it.
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

// advance notes how far the deltas of a line have come with f.buckets.
func (f *Feed) advance(line *lineState) {
	if n := len(f.buckets); n > 0 {
		b := f.buckets[n-1]
		line.begun, line.newest, line.points = true, b.Index, b.Count+b.Gaps
	}
}

func (f *Feed) begin(b []byte, now time.Time, kind string) []byte {
	b = append(b, `{"topic":`...)
	b = appendString(b, f.opts.Topic)
	b = append(b, `,"ts":`...)
	b = appendMillis(b, now)
	b = append(b, `,"kind":"`...)
	b = append(b, kind...)
	b = append(b, `","seq":`...)
	b = strconv.AppendUint(b, f.seq, 10)
	b = append(b, `,"width":`...)
	b = strconv.AppendInt(b, f.width.Milliseconds(), 10)
	b = append(b, `,"end":`...)
	if f.ended.IsZero() {
		return append(b, "null"...)
	}
	return appendMillis(b, f.ended)
}

// appendLine appends f.buckets in the form of a frame.
func (f *Feed) appendLine(b []byte) []byte {
	b = append(b, '[')
	for i, bucket := range f.buckets {
		if i == 0 {
			b = strconv.AppendInt(b, bucket.Index, 10)
			b = append(b, ',', '0')
		} else {
			b = append(b, ',')
			b = strconv.AppendInt(b, bucket.Index-f.buckets[i-1].Index, 10)
		}
		b = append(b, ',')
		b = strconv.AppendUint(b, uint64(bucket.Count), 10)
		b = append(b, ',')
		b = appendNumber(b, bucket.Sum/float64(max(1, bucket.Count)))
		b = append(b, ',')
		b = appendMicros(b, bucket.MinAt)
		b = append(b, ',')
		b = appendNumber(b, bucket.Min)
		b = append(b, ',')
		b = appendMicros(b, bucket.MaxAt)
		b = append(b, ',')
		b = appendNumber(b, bucket.Max)
	}
	return append(b, ']')
}

func (f *Feed) appendStats(b []byte, now time.Time) []byte {
	b = append(b, `,"stats":[`...)
	for i := range f.lines {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendStats(b, f.describe(&f.lines[i], now), now)
	}
	return append(b, ']')
}

// Numbers are the statistics of one line.
type Numbers struct {
	series.Stats
	PerSec, SumPerSec float64 // over the last 5 s
}

// nothing are the numbers where none have come.
func nothing() Numbers {
	return Numbers{Stats: series.Describe(nil), PerSec: math.NaN(), SumPerSec: math.NaN()}
}

// Get returns the number of a key.
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

func appendStats(b []byte, n Numbers, now time.Time) []byte {
	for i, key := range [...]StatKey{Last, Median, P99, Min, Max, Mean, PerSec, SumRate} {
		if i == 0 {
			b = append(b, '{', '"')
		} else {
			b = append(b, ',', '"')
		}
		b = append(b, key...)
		b = append(b, '"', ':')
		b = appendNumber(b, n.Get(key))
	}
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, int64(n.Count), 10)
	b = append(b, `,"gaps":`...)
	b = strconv.AppendInt(b, int64(n.Gaps), 10)
	b = append(b, `,"span":`...)
	b = appendNumber(b, n.Span.Seconds())
	b = append(b, `,"age":`...)
	if n.LastAt.IsZero() {
		b = append(b, "null"...)
	} else {
		b = appendNumber(b, max(0, now.Sub(n.LastAt).Seconds()))
	}
	return append(b, '}')
}

func (f *Feed) currentMarks() []series.Mark {
	if f.opts.Marks == nil {
		return nil
	}
	return f.opts.Marks()
}

func (f *Feed) appendMarks(b []byte, marks []series.Mark) []byte {
	b = append(b, `,"marks":[`...)
	for i, m := range marks {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = appendMillis(b, m.Time)
		b = append(b, ',')
		b = appendString(b, m.Text)
		b = append(b, ']')
	}
	return append(b, ']')
}

// appendMillis appends a time in ms since the epoch.
func appendMillis(b []byte, t time.Time) []byte {
	return strconv.AppendFloat(b, float64(t.UnixMicro())/1e3, 'f', -1, 64)
}

// appendMicros appends µs as ms.
func appendMicros(b []byte, us uint32) []byte {
	b = strconv.AppendUint(b, uint64(us/1000), 10)
	if rest := us % 1000; rest != 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
	return b
}

// appendNumber appends v with seven significant digits, more than a picture or
// a reader can tell apart; null where it is no number.
func appendNumber(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.AppendInt(b, int64(v), 10)
	}
	return strconv.AppendFloat(b, v, 'g', 7, 64)
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s { // an invalid byte comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
