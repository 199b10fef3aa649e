package chart

import (
	"math"
	"strconv"
	"time"

	"webmon/dashboard/series"
)

// partBuckets is how many buckets a part of a window has at most: two for each
// pixel of a wide chart.
const partBuckets = 2000

// partWidths are the widths that the buckets of a part can have. In the narrowest
// ones each point is alone, and is shown at its own microsecond.
var partWidths = [...]time.Duration{
	1 * time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second,
}

// partWidth is the narrowest width in which a part has few enough buckets.
func partWidth(span time.Duration) time.Duration {
	for _, w := range partWidths {
		if span/w <= partBuckets {
			return w
		}
	}
	return series.Width(perSecond)
}

// Part returns the part of a chart between two times, in buckets as narrow as a
// chart of that part can show. It is a frame as described at [Feed], with the kind
// "part" and without stats and marks. It reaches half its length beyond both times,
// so that lines come in from the sides. Its "since" is the time, in ms since the
// epoch, from which on no value is missing: fast series keep their points for less
// than the longest window.
func Part(opts Options, from, to, now time.Time) ([]byte, error) {
	opts.Window = perSecond
	f, err := NewFeed(opts)
	if err != nil {
		return nil, err
	}
	f.look(now)
	beyond := to.Sub(from) / 2
	first, last := from.Add(-beyond), to.Add(beyond)
	if f.opts.Spec.Lines[0].Of == Values {
		f.width = partWidth(to.Sub(from))
	}
	since := first
	w := f.begin(make([]byte, 0, 4096), now, "part")
	w.Key("lines").Array()
	for i := range f.lines {
		line := &f.lines[i]
		f.buckets = f.buckets[:0]
		if s := f.opts.Series(line.Series); s != nil {
			if line.Of == Values {
				f.buckets = s.Part(f.buckets, f.width, first, last)
			} else {
				f.buckets = f.seconds(s, line.Of, f.index(first), min(f.index(last)+1, f.until(now)))
			}
			if kept := s.Kept(); line.Of == Values && kept.After(since) {
				since = kept
			}
		}
		f.writeLine(&w)
	}
	w.EndArray()
	w.Key("since").Time(since)
	return w.End(), nil
}

// ParseMillis reads a time in ms since the epoch, false if the text is not one.
func ParseMillis(text string) (time.Time, bool) {
	ms, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(ms) || ms < 0 || ms > 1e14 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(math.Round(ms * 1e3))), true
}
