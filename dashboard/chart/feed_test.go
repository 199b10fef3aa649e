package chart

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/series"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123_457_000, time.UTC)

// told is a frame as a page reads it.
type told struct {
	Topic string           `json:"topic"`
	TS    float64          `json:"ts"`
	Kind  string           `json:"kind"`
	Seq   int              `json:"seq"`
	Width float64          `json:"width"`
	End   *float64         `json:"end"`
	Lines [][]float64      `json:"lines"`
	Stats []map[string]any `json:"stats"`
	Marks [][]any          `json:"marks"`
}

func parse(t *testing.T, b []byte) *told {
	t.Helper()
	if b == nil {
		return nil
	}
	var f told
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return &f
}

// page puts frames together as public/js/charts/stream.js does.
type page struct {
	seq     int
	buckets []map[int64][6]float64
}

// take returns false if the page needs a snapshot.
func (p *page) take(f *told) bool {
	if f.Kind == "snapshot" {
		p.seq, p.buckets = f.Seq, nil
		for range f.Lines {
			p.buckets = append(p.buckets, map[int64][6]float64{})
		}
	} else if f.Seq <= p.seq {
		return true
	} else if f.Seq > p.seq+1 || p.buckets == nil {
		return false
	}
	p.seq = f.Seq
	for i, line := range f.Lines {
		if len(line) == 0 {
			continue
		}
		index := int64(line[0])
		for at := 1; at < len(line); at += 7 {
			index += int64(line[at])
			p.buckets[i][index] = [6]float64(line[at+1 : at+7])
		}
	}
	return true
}

type lines struct {
	series map[string]*series.Series
	marks  series.Marks
	ended  time.Time
}

func (s *lines) feed(t *testing.T, spec Spec, window time.Duration) *Feed {
	t.Helper()
	f, err := NewFeed(Options{
		Topic: "napari/chart/x", Spec: spec, Window: window,
		Series: func(name string) *series.Series { return s.series[name] },
		Marks:  s.marks.List,
		Ended:  func() time.Time { return s.ended },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newSource(names ...string) *lines {
	s := &lines{series: map[string]*series.Series{}}
	for _, name := range names {
		s.series[name] = series.New(series.Options{})
	}
	return s
}

// Pages that come at any time, miss frames, get some twice and ask for
// snapshots when they must, all end up with what the series holds.
func TestPagesAgreeWithTheSeries(t *testing.T) {
	for _, window := range []time.Duration{10 * time.Second, time.Minute, 15 * time.Minute} {
		t.Run(window.String(), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(window), 1))
			src := newSource("n.v")
			feed := src.feed(t, SpecFor("n.v"), window)
			pages := []*page{{seq: -1}, {seq: -1}, {seq: -1}}
			var old []*told
			now := epoch
			for range 2500 { // 74 s: longer than the windows but the last
				now = now.Add(time.Duration(r.IntN(60)) * time.Millisecond)
				for range r.IntN(4) {
					v := r.NormFloat64()
					if r.IntN(30) == 0 {
						v = math.NaN()
					}
					src.series["n.v"].Append(now.Add(-time.Duration(r.IntN(20))*time.Millisecond), v)
				}
				f := parse(t, feed.Next(now))
				if f == nil {
					continue
				}
				old = append(old, f)
				for i, p := range pages {
					if i > 0 && r.IntN(10) == 0 {
						continue // lost on the way
					}
					if i > 0 && r.IntN(10) == 0 {
						p.take(old[r.IntN(len(old))]) // one of long ago
					}
					if !p.take(f) {
						p.take(parse(t, feed.Snapshot(now)))
					}
				}
			}
			now = now.Add(2 * time.Second)
			last := parse(t, feed.Next(now))
			width := series.Width(window)
			from := now.Add(-window).UnixMicro()/width.Microseconds() + 1
			want := src.series["n.v"].Buckets(nil, window, from)
			for i, p := range pages {
				if !p.take(last) {
					p.take(parse(t, feed.Snapshot(now)))
				}
				if len(want) == 0 {
					t.Fatal("the test tests nothing")
				}
				for _, b := range want {
					got, ok := p.buckets[0][b.Index]
					if !ok {
						t.Fatalf("page %d: bucket %d is missing", i, b.Index)
					}
					expect := [6]float64{
						float64(b.Count), b.Sum / float64(max(1, b.Count)),
						float64(b.MinAt) / 1e3, b.Min, float64(b.MaxAt) / 1e3, b.Max,
					}
					for j := range got {
						if math.Abs(got[j]-expect[j]) > 1e-6*max(1, math.Abs(expect[j])) {
							t.Fatalf("page %d, bucket %d: got %v, want %v", i, b.Index, got, expect)
						}
					}
				}
			}
		})
	}
}

// What a delta says must follow from the delta before, not from a snapshot
// that only some pages were given.
func TestSnapshotsDoNotDisturbDeltas(t *testing.T) {
	src := newSource("n.v")
	feed := src.feed(t, SpecFor("n.v"), time.Minute)
	now := epoch
	first, second := &page{seq: -1}, &page{seq: -1}
	src.series["n.v"].Append(now, 1)
	first.take(parse(t, feed.Snapshot(now)))
	for i := range 100 {
		now = now.Add(70 * time.Millisecond)
		src.series["n.v"].Append(now, float64(i))
		second.take(parse(t, feed.Snapshot(now))) // for the second alone
		if f := parse(t, feed.Next(now)); f != nil {
			if !first.take(f) || !second.take(f) {
				t.Fatalf("delta %d does not follow", f.Seq)
			}
		}
	}
	want := src.series["n.v"].Buckets(nil, time.Minute, 0)
	if len(first.buckets[0]) != len(want) || len(second.buckets[0]) != len(want) {
		t.Errorf("the pages have %d and %d buckets, want %d", len(first.buckets[0]), len(second.buckets[0]), len(want))
	}
}

func TestNothingNew(t *testing.T) {
	src := newSource("n.v")
	feed := src.feed(t, SpecFor("n.v"), time.Minute)
	src.series["n.v"].Append(epoch, 5)
	if f := parse(t, feed.Next(epoch)); f == nil || len(f.Lines[0]) != 8 {
		t.Fatalf("the first value: got %+v", f)
	}
	if f := feed.Next(epoch.Add(100 * time.Millisecond)); f != nil {
		t.Errorf("nothing new: got %s", f)
	}
	f := parse(t, feed.Next(epoch.Add(1100*time.Millisecond)))
	if f == nil || len(f.Lines[0]) != 0 || f.Seq != 2 {
		t.Errorf("after a second of nothing: got %+v, want an empty delta that tells the time", f)
	}
	src.marks.Add(epoch, "napari ended")
	f = parse(t, feed.Next(epoch.Add(1200*time.Millisecond)))
	if f == nil || len(f.Marks) != 1 || f.Marks[0][1] != "napari ended" {
		t.Errorf("a new mark: got %+v", f)
	}
	if f := feed.Next(epoch.Add(1300 * time.Millisecond)); f != nil {
		t.Errorf("the mark again: got %s", f)
	}
	if f := parse(t, feed.Snapshot(epoch)); len(f.Marks) != 1 {
		t.Errorf("a snapshot has %d marks, want all", len(f.Marks))
	}
}

func TestSeriesThatComesLater(t *testing.T) {
	src := newSource()
	feed := src.feed(t, SpecFor("n.v"), time.Minute)
	p := &page{seq: -1}
	snapshot := parse(t, feed.Snapshot(epoch))
	p.take(snapshot)
	if snapshot.Stats[0]["last"] != nil || snapshot.Stats[0]["age"] != nil {
		t.Errorf("numbers of nothing: got %v", snapshot.Stats[0])
	}
	src.series["n.v"] = series.New(series.Options{})
	for i := range 20 {
		src.series["n.v"].Append(epoch.Add(time.Duration(i)*time.Second), 7)
	}
	f := parse(t, feed.Next(epoch.Add(20*time.Second)))
	if f == nil || !p.take(f) || len(p.buckets[0]) != 20 {
		t.Errorf("a series that came later: the page has %d buckets, want 20", len(p.buckets[0]))
	}
}

func TestClockSetBack(t *testing.T) {
	src := newSource("n.v")
	feed := src.feed(t, SpecFor("n.v"), time.Minute)
	src.series["n.v"].Append(epoch, 1)
	p := &page{seq: -1}
	p.take(parse(t, feed.Snapshot(epoch)))
	back := epoch.Add(-time.Hour)
	src.series["n.v"].Append(back, 2)
	f := parse(t, feed.Next(back))
	if f == nil || f.Kind != "snapshot" || !p.take(f) {
		t.Fatalf("got %+v, want a snapshot", f)
	}
	if len(p.buckets[0]) != 1 {
		t.Errorf("the page has %d buckets, want the new one alone", len(p.buckets[0]))
	}
	src.series["n.v"].Append(back.Add(time.Second), 3)
	if f := parse(t, feed.Next(back.Add(time.Second))); f == nil || !p.take(f) || len(p.buckets[0]) != 2 {
		t.Errorf("after it: got %+v", f)
	}
}

func TestPerSecond(t *testing.T) {
	src := newSource("load_chunk.num_bytes")
	s := src.series["load_chunk.num_bytes"]
	start := epoch.Truncate(time.Second)
	s.Append(start.Add(100*time.Millisecond), 1000)
	s.Append(start.Add(200*time.Millisecond), 2000)
	s.Append(start.Add(3500*time.Millisecond), 500) // two seconds of nothing between
	feed := src.feed(t, SpecFor("throughput"), 10*time.Second)
	p := &page{seq: -1}
	p.take(parse(t, feed.Snapshot(start.Add(4200*time.Millisecond))))
	first := start.Unix()
	for i, want := range []float64{3000, 0, 0, 500} {
		if got, ok := p.buckets[0][first+int64(i)]; !ok || got[5] != want || got[1] != want {
			t.Errorf("second %d: got %v, %v, want %v", i, got, ok, want)
		}
	}
	if len(p.buckets[0]) != 4 {
		t.Errorf("got %d seconds, want the 4 whole ones", len(p.buckets[0]))
	}
	if f := parse(t, feed.Next(start.Add(4300*time.Millisecond))); f == nil || !p.take(f) || len(f.Lines[0]) != 0 {
		t.Errorf("within a second: got %+v", f)
	}
	f := parse(t, feed.Next(start.Add(5100*time.Millisecond)))
	if f == nil || !p.take(f) || len(p.buckets[0]) != 5 {
		t.Errorf("a further second: got %+v", f)
	}
	n := feed.Numbers(start.Add(5100 * time.Millisecond))
	if n.Last != 0 || n.Max != 3000 || n.Count != 5 {
		t.Errorf("numbers: got %+v", n)
	}
}

func TestEnded(t *testing.T) {
	src := newSource("n.v")
	for i := range 600 {
		src.series["n.v"].Append(epoch.Add(time.Duration(i)*100*time.Millisecond), 3)
	}
	src.ended = epoch.Add(time.Minute)
	feed := src.feed(t, SpecFor("n.v"), time.Minute)
	f := parse(t, feed.Snapshot(epoch.Add(10*time.Minute)))
	if f.End == nil || *f.End != float64(src.ended.UnixMicro())/1e3 {
		t.Fatalf("end: got %v", f.End)
	}
	if got := (len(f.Lines[0]) - 1) / 7; got < 599 {
		t.Errorf("nine minutes after the end a page gets %d buckets, want the last minute", got)
	}
	if f.Stats[0]["median"] != 3.0 || f.Stats[0]["rate"] != 0.0 {
		t.Errorf("numbers: got %v, want those of the last minute, and no rate now", f.Stats[0])
	}
	src.ended = time.Time{}
	if f := parse(t, feed.Snapshot(epoch.Add(11*time.Minute))); f.End != nil {
		t.Error("after it started again: still ended")
	}
}

func TestNewFeedRefuses(t *testing.T) {
	get := func(string) *series.Series { return nil }
	for name, opts := range map[string]Options{
		"a window that charts do not have": {Spec: SpecFor("x"), Window: 7 * time.Second, Series: get},
		"no series":                        {Spec: SpecFor("x"), Window: time.Minute},
		"no lines":                         {Window: time.Minute, Series: get},
	} {
		if _, err := NewFeed(opts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, w := range series.Windows() {
		f, err := NewFeed(Options{Spec: SpecFor("x"), Window: w, Series: get})
		if err != nil {
			t.Fatal(err)
		}
		if f.every < 50*time.Millisecond || f.every > 250*time.Millisecond {
			t.Errorf("window %v: every %v", w, f.every)
		}
	}
}

func TestStrangeNames(t *testing.T) {
	src := newSource()
	spec := SpecFor("n.v")
	f, err := NewFeed(Options{
		Topic: "a\"b\\c\n\x00</script>\xff\u2028", Spec: spec, Window: time.Minute,
		Series: func(string) *series.Series { return src.series[""] },
	})
	if err != nil {
		t.Fatal(err)
	}
	got := parse(t, f.Snapshot(epoch))
	if want := "a\"b\\c\n\x00</script>\ufffd\u2028"; got.Topic != want {
		t.Errorf("got topic %q, want %q", got.Topic, want)
	}
}

func TestHugeValues(t *testing.T) {
	src := newSource("n.v")
	for _, v := range []float64{math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64} {
		src.series["n.v"].Append(epoch, v)
	}
	f := parse(t, src.feed(t, SpecFor("n.v"), time.Minute).Snapshot(epoch))
	if f == nil || len(f.Lines[0]) != 8 {
		t.Errorf("got %+v", f)
	}
}

func benchFeed(b *testing.B, window time.Duration) (*Feed, *series.Series, time.Time) {
	s := series.New(series.Options{})
	now := epoch
	for i := range 54_000 {
		now = epoch.Add(time.Duration(i) * time.Second / 60)
		s.Append(now, 16+float64(i%7))
	}
	f, err := NewFeed(Options{
		Topic: "napari/chart/frame_time/60", Spec: SpecFor("frame_time"), Window: window,
		Series: func(string) *series.Series { return s },
	})
	if err != nil {
		b.Fatal(err)
	}
	return f, s, now
}

// BenchmarkNext is a feed's whole work for one told: a second of it is a
// second of a chart at its own rate, numbers included.
func BenchmarkNext(b *testing.B) {
	for _, window := range []time.Duration{10 * time.Second, time.Minute, 15 * time.Minute} {
		b.Run(window.String(), func(b *testing.B) {
			f, s, now := benchFeed(b, window)
			f.Snapshot(now)
			b.ReportAllocs()
			bytes, frames := 0, 0
			for b.Loop() {
				for range int(f.every / (time.Second / 60)) {
					now = now.Add(time.Second / 60)
					s.Append(now, 16.7)
				}
				if told := f.Next(now); told != nil {
					bytes += len(told)
					frames++
				}
			}
			b.ReportMetric(float64(bytes)/float64(max(1, frames)), "bytes/frame")
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	for _, window := range []time.Duration{time.Minute, 15 * time.Minute} {
		b.Run(window.String(), func(b *testing.B) {
			f, _, now := benchFeed(b, window)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = len(f.Snapshot(now))
			}
			b.ReportMetric(float64(n), "bytes/frame")
		})
	}
}

func TestTopicNames(t *testing.T) {
	if got := Topic("napari", "frame_time", time.Minute); got != "napari/chart/frame_time/60" {
		t.Errorf("got %q", got)
	}
	if got := Topic("napari", "a b/c", time.Minute); strings.Count(got, "/") != 3 {
		t.Errorf("got %q, want the name's slash escaped", got)
	}
}

// The frames that the page's own tests put together (stream.test.js): a
// snapshot, deltas, a gap, a mark, the end, each as a page receives it.
func TestFramesOfThePageTests(t *testing.T) {
	src := newSource("frame_time.delta_ms")
	s := src.series["frame_time.delta_ms"]
	feed := src.feed(t, SpecFor("frame_time"), 10*time.Second)
	feed.opts.Topic = Topic("napari", "frame_time", 10*time.Second)
	now := epoch
	play := func(n int) {
		for i := range n {
			now = now.Add(time.Second / 60)
			v := 16 + float64(i%3)/10
			if i%250 == 200 {
				v = 120
			}
			s.Append(now, v)
		}
	}
	var frames []json.RawMessage
	add := func(b []byte) {
		if b == nil {
			t.Fatal("nothing to send")
		}
		frames = append(frames, b)
	}
	play(300)
	add(feed.Snapshot(now))
	for range 5 {
		play(4)
		add(feed.Next(now))
	}
	s.Append(now.Add(30*time.Millisecond), math.NaN())
	now = now.Add(400 * time.Millisecond)
	src.marks.Add(now, "napari ended")
	add(feed.Next(now))
	src.ended = now
	now = now.Add(1500 * time.Millisecond)
	add(feed.Next(now))

	type bucket struct {
		Index int64   `json:"index"`
		Count uint32  `json:"count"`
		Min   float64 `json:"min"`
		Max   float64 `json:"max"`
	}
	var want []bucket
	for _, b := range s.Buckets(nil, 10*time.Second, 0) {
		want = append(want, bucket{b.Index, b.Count, b.Min, b.Max})
	}
	got, err := json.MarshalIndent(map[string]any{"frames": frames, "buckets": want, "spike": 120}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "frames.json", append(got, '\n'))
}
