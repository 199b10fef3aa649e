package source_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/budget"
	"webmon/dashboard/source"
	"webmon/shm"
)

// small is a budget of 48 MiB: 18 for all sources, 12 for one.
func small() *budget.Budget { return budget.New(48 << 20) }

// live is how many bytes are on the heap once the garbage is collected.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func text(n, i int) string { return strings.Repeat(string(rune('a'+i%26)), n) }

// Several times as much as there is room for comes in, in the shapes that values have: what
// is kept stays below the budget, the newest is there, and what is gone is counted and said.
func TestAHistoryIsBoundedInBytes(t *testing.T) {
	keys := func(n, i int) shm.Value {
		m := map[string]shm.Value{}
		for j := range n {
			m[fmt.Sprintf("key %d of %d", j, i)] = "x"
		}
		return m
	}
	for name, offer := range map[string]func(sink shm.Sink){
		"long texts": func(sink shm.Sink) {
			for i := range 80 << 10 / 20 {
				sink.Event(shm.Event{Topic: fmt.Sprint("topic", i%4), Value: map[string]shm.Value{"text": text(20<<10, i), "i": int64(i)}})
			}
		},
		"wide maps": func(sink shm.Sink) {
			for i := range 150 {
				sink.Event(shm.Event{Topic: fmt.Sprint("topic", i%4), Value: map[string]shm.Value{"wide": keys(2000, i), "i": int64(i)}})
			}
		},
		"nested lists": func(sink shm.Sink) {
			for i := range 200 {
				list := make([]shm.Value, 4000)
				for j := range list {
					list[j] = []shm.Value{float64(j)}
				}
				sink.Event(shm.Event{Topic: "topic", Value: map[string]shm.Value{"list": list, "i": int64(i)}})
			}
		},
		"rows of many topics": func(sink shm.Sink) {
			for i := range 150_000 {
				sink.Event(shm.Event{Topic: fmt.Sprint("topic", i%8), Value: map[string]shm.Value{
					"i": float64(i), "b": 1.0, "c": 1.0, "d": 1.0, "e": 1.0, "f": 1.0}})
			}
		},
		"one message of each topic": func(sink shm.Sink) {
			for i := range 256 {
				sink.Event(shm.Event{Topic: fmt.Sprint("topic", i), Value: map[string]shm.Value{"text": text(300<<10, i), "i": int64(i)}})
			}
		},
		"states": func(sink shm.Sink) {
			for i := range 200 {
				sink.State(fmt.Sprint("state", i), text(400<<10, i))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProcess("scope", 1)
			p.info.Kind = shm.KindPython
			b := small()
			r := registry(t, source.Options{Budget: b}, map[string]*process{"one": p})
			src, sink := attach(t, r, p, source.Target{Name: "scope", Address: "one"})
			before := live()
			offer(sink)
			grown := live() - before
			kept := src.Status(time.Now()).Kept
			t.Logf("%.1f MiB on the heap, %.1f MiB counted, %d let go", float64(grown)/(1<<20), float64(kept.Used)/(1<<20), kept.Dropped)
			if kept.Used > kept.Limit || grown > kept.Limit*5/4 {
				t.Errorf("%d bytes are on the heap and %d counted, with a limit of %d", grown, kept.Used, kept.Limit)
			}
			if kept.Used < kept.Limit/4 || grown < kept.Limit/8 {
				t.Errorf("only %d bytes are kept where %d may be", grown, kept.Limit)
			}
			if kept.Dropped == 0 || b.Whole.Use().Dropped == 0 {
				t.Error("nothing is counted as let go")
			}
			said := fmt.Sprint(src.Status(time.Now()).Notices)
			if !strings.Contains(said, "--memory") {
				t.Errorf("the notices say %s", said)
			}
			if name == "states" {
				if v, _, _ := src.State("state199"); v == nil {
					t.Error("the newest state is gone")
				}
				if v, _, _ := src.State("state0"); v != nil {
					t.Error("the oldest state is there")
				}
				return
			}
			newest, all := time.Time{}, 0
			for _, e := range src.Events(time.Now()) {
				all += len(e.Recent)
				if n := len(e.Recent); n > 0 && e.Recent[n-1].Time.After(newest) {
					newest = e.Recent[n-1].Time
				}
			}
			if all == 0 || time.Since(newest) > time.Minute {
				t.Error("the newest message is gone")
			}
			runtime.KeepAlive(src)
		})
	}
}

// Of all sources the oldest goes first, whichever has sent it; and a source that is
// forgotten gives its room back.
func TestTheOldestOfAllSourcesGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		processes := map[string]*process{}
		for i := range 4 {
			p := newProcess(fmt.Sprint("scope", i), 100+i)
			p.info.Kind = shm.KindPython
			processes[fmt.Sprint(i)] = p
		}
		b := small()
		r := registry(t, source.Options{Budget: b, Forget: time.Minute}, processes)
		var all []*source.Source
		for i := range 4 {
			src, sink := attach(t, r, processes[fmt.Sprint(i)], source.Target{Name: "scope", Address: fmt.Sprint(i)})
			all = append(all, src)
			for j := range 60 { // 6 MiB twice, for the history and for the page: 8 are a source's
				sink.Event(shm.Event{Topic: "t", Value: text(100<<10, j)})
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second)
		}
		if b.Sources.Over() > 0 {
			t.Errorf("all sources together keep %d of %d", b.Sources.Used(), b.Sources.Limit())
		}
		first, last := all[0].Status(time.Now()).Kept, all[3].Status(time.Now()).Kept
		if first.Used > last.Used/4 {
			t.Errorf("the first source still keeps %d, and the last %d", first.Used, last.Used)
		}
		if e, _ := all[3].Event("t", time.Now()); len(e.Recent) < 20 {
			t.Errorf("of the last source %d messages are left", len(e.Recent))
		}
		for _, p := range processes {
			p.end <- shm.ErrEnded
		}
		time.Sleep(2 * time.Minute)
		if n := len(r.List()); n != 0 {
			t.Fatalf("%d sources are left", n)
		}
		if used := b.Sources.Used(); used > 1<<20 {
			t.Errorf("%d bytes are counted although all sources are forgotten", used)
		}
	})
}

// The buckets of numbers fill for a quarter of an hour, and are counted too: a process of many
// numbers still has room for messages, and many such processes stay within the budget.
func TestNumbersTakeTheirPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		processes := map[string]*process{}
		for i := range 6 {
			p := newProcess(fmt.Sprint("scope", i), 100+i)
			p.info.Kind = shm.KindPython
			processes[fmt.Sprint(i)] = p
		}
		b := small()
		r := registry(t, source.Options{Budget: b}, processes)
		var all []*source.Source
		var sinks []shm.Sink
		for i := range 6 {
			src, sink := attach(t, r, processes[fmt.Sprint(i)], source.Target{Name: "scope", Address: fmt.Sprint(i)})
			all, sinks = append(all, src), append(sinks, sink)
			sink.State("stage", "here")
		}
		for i := range 5000 { // 100 s
			values := map[string]shm.Value{}
			for j := range 100 {
				values[fmt.Sprint("n", j)] = float64(i)
			}
			for _, sink := range sinks {
				sink.Event(shm.Event{Topic: "numbers", Value: values})
			}
			time.Sleep(20 * time.Millisecond)
			if i%100 == 0 && b.Sources.Used() > b.Sources.Limit()*5/4 {
				t.Fatalf("after %d messages %d bytes are kept, and %d may be", i, b.Sources.Used(), b.Sources.Limit())
			}
		}
		if b.Sources.Use().Dropped == 0 {
			t.Error("nothing was let go: the test says nothing")
		}
		for i, src := range all {
			st := src.Status(time.Now())
			if st.Kept.Used > st.Kept.Limit {
				t.Errorf("source %d keeps %d of %d", i, st.Kept.Used, st.Kept.Limit)
			}
			if v, _, _ := src.State("stage"); v == nil {
				t.Errorf("source %d has lost its state to numbers", i)
			}
			if e, ok := src.Event("numbers", time.Now()); !ok || len(e.Recent) == 0 {
				t.Errorf("source %d has no message", i)
			}
			if said := fmt.Sprint(st.Notices); !strings.Contains(said, "numbers come in") {
				t.Errorf("source %d says %s", i, said)
			}
		}
	})
}

// A value that would be the whole history is left out.
func TestAValueThatIsTooLarge(t *testing.T) {
	p := newProcess("scope", 1)
	r := registry(t, source.Options{Budget: small()}, map[string]*process{"one": p})
	src, sink := attach(t, r, p, source.Target{Name: "scope", Address: "one"})
	sink.State("camera", "small")
	sink.State("camera", text(2<<20, 0))
	sink.Event(shm.Event{Topic: "log", Value: []shm.Value{text(1<<20, 1), text(1<<20, 2)}})
	if v, _, _ := src.State("camera"); v != nil {
		t.Errorf("the state is %T", v)
	}
	if _, ok := src.Event("log", time.Now()); ok {
		t.Error("the event is there")
	}
	st := src.Status(time.Now())
	if said := fmt.Sprint(st.Notices); !strings.Contains(said, `"camera" takes 2.0 MiB`) || !strings.Contains(said, `"log" takes`) || st.Kept.Dropped != 2 {
		t.Errorf("%s, %+v", said, st.Kept)
	}
}

// A process that names ever new topics takes no place from those that send.
func TestIdleTopicsMakePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess("scope", 1)
		p.info.Kind = shm.KindPython
		r := registry(t, source.Options{}, map[string]*process{"one": p})
		src, sink := attach(t, r, p, source.Target{Name: "scope", Address: "one"})
		number := map[string]shm.Value{"x": 1.0}
		for i := range 3 {
			sink.Event(shm.Event{Topic: "slow", Value: map[string]shm.Value{"x": float64(i)}})
		}
		for i := range 1000 {
			sink.Event(shm.Event{Topic: fmt.Sprint("junk", i), Value: number})
		}
		sink.Event(shm.Event{Topic: "new", Value: number})
		if _, ok := src.Event("new", time.Now()); ok || len(src.Events(time.Now())) != 256 {
			t.Error("a topic has taken the place of one that is not idle")
		}
		if said := fmt.Sprint(src.Status(time.Now()).Notices); !strings.Contains(said, "More than 256 event topics") {
			t.Errorf("the notices say %s", said)
		}
		time.Sleep(31 * time.Second)
		for range 3 {
			for i := range 300 {
				sink.Event(shm.Event{Topic: fmt.Sprint("other", i), Value: number})
			}
			sink.Event(shm.Event{Topic: "new", Value: number})
		}
		// The topics of one message each have made place, and the one that is as idle and
		// has sent more has not.
		if e, ok := src.Event("slow", time.Now()); !ok || e.Count != 3 {
			t.Errorf("the slow topic is gone: %+v", e)
		}
		time.Sleep(31 * time.Second)
		sink.Event(shm.Event{Topic: "new", Value: number})
		if _, ok := src.Event("new", time.Now()); !ok || len(src.Events(time.Now())) != 256 {
			t.Errorf("a new topic has got no place among %d", len(src.Events(time.Now())))
		}
		if src.Series("new.x") == nil {
			t.Error("a new number has got no series")
		}
		for i := range 40 {
			sink.Notice(fmt.Sprint("kind", i), "text")
		}
		time.Sleep(31 * time.Second)
		sink.Notice("now", text(2000, 0))
		if st := src.Status(time.Now()); len(st.Notices) > 32 || !strings.Contains(fmt.Sprint(st.Notices), "now") || len(fmt.Sprint(st.Notices)) > 32*700 {
			t.Errorf("%d notices", len(st.Notices))
		}
	})
}

// An export takes memory for a part of the log at a time, whatever comes meanwhile.
func TestAnExportOfALongHistory(t *testing.T) {
	p := newProcess("scope", 1)
	r := registry(t, source.Options{}, map[string]*process{"one": p})
	src, sink := attach(t, r, p, source.Target{Name: "scope", Address: "one"})
	const n = 20_000
	for i := range n {
		sink.Event(shm.Event{Topic: "t", Value: map[string]shm.Value{"i": float64(i)}})
		if i%100 == 0 {
			sink.Event(shm.Event{Topic: "t", Value: map[string]shm.Value{"word": "w"}})
		}
	}
	more := 0
	var b bytes.Buffer
	err := src.History("t").WriteCSV(writerFunc(func(p []byte) (int, error) {
		if more++; more < 50 { // it has to end all the same
			sink.Event(shm.Event{Topic: "t", Value: map[string]shm.Value{"i": -1.0}})
		}
		return b.Write(p)
	}), time.Now().Add(-time.Hour))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if err != nil || len(lines) != 1+n+n/100 || lines[0] != "time,i,word" {
		t.Fatalf("%d lines, the first %q, %v", len(lines), lines[0], err)
	}
	at := 0
	for _, line := range lines[1:] {
		if _, rest, _ := strings.Cut(line, ","); rest == fmt.Sprintf("%d,", at) {
			at++
		} else if rest != ",w" {
			t.Fatalf("after %d comes %q", at, line)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
