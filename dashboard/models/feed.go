package models

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"webmon/dashboard/hub"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// StateTopic is the hub topic of what a simulation is doing.
func StateTopic(src *source.Source) string { return src.ID() + "/model" }

// stateFeed is the feed "<source>/model": what a simulation is doing, with each
// of its pictures. A frame is JSON and stands for itself,
//
//	{"topic", "ts": ms since the epoch, "phase", "t", "time_unit", "steps",
//	 "frame", "step_ms", "rate", "finger": {"x", "y", "px", "py"} or null}
//
// with null for a number that is not known. phase is "stopped" once the run has
// ended.
type stateFeed struct {
	src     *source.Source
	seen    func(*source.Source)
	begin   []byte // {"topic":"...","ts":
	at      time.Time
	running bool
	length  int
}

func (m *Models) newState(src *source.Source, topic, detail string) (tab.Feed, error) {
	if detail != "" {
		return nil, fmt.Errorf("the state of %s has no part %q", src.ID(), detail)
	}
	if !src.IsModel() {
		return nil, fmt.Errorf("%s is no model", src.ID())
	}
	begin := strconv.AppendQuote([]byte(`{"topic":`), topic)
	return &stateFeed{src: src, seen: m.Seen, begin: append(begin, `,"ts":`...), length: 256}, nil
}

func (f *stateFeed) Wants() []string { return []string{shm.TopicModel} }

// Every is a little less than the time between two pictures of a screen, so that
// a state that comes with each is not held up.
func (f *stateFeed) Every() time.Duration { return 15 * time.Millisecond }
func (f *stateFeed) Ordered() bool        { return false }

// Light implements [tab.Light].
func (f *stateFeed) Light() {}

func (f *stateFeed) Snapshot(now time.Time) []byte {
	value, _, _ := f.src.State(shm.TopicModel)
	return f.frame(value, f.src.Ended().IsZero(), now)
}

// Next is called about once a second also when nothing has come. A run that
// ended just as somebody came to see it begins again.
func (f *stateFeed) Next(now time.Time) []byte {
	running := f.src.Ended().IsZero()
	if !running {
		f.seen(f.src)
	}
	value, at, _ := f.src.State(shm.TopicModel)
	if at.Equal(f.at) && running == f.running {
		return nil
	}
	f.at, f.running = at, running
	return f.frame(value, running, now)
}

func (f *stateFeed) frame(value shm.Value, running bool, now time.Time) []byte {
	st, _ := value.(*shm.ModelState)
	if st == nil && running {
		return nil
	}
	if st == nil {
		st = &shm.ModelState{Time: math.NaN()}
	}
	phase := string(st.Phase)
	if !running {
		phase = stopped
	}
	b := append(make([]byte, 0, f.length), f.begin...)
	b = hub.AppendStamp(b, now)
	b = append(b, `,"phase":`...)
	b = appendText(b, phase)
	b = append(b, `,"t":`...)
	b = appendNumber(b, st.Time)
	b = append(b, `,"time_unit":`...)
	b = appendText(b, st.TimeUnit)
	b = append(b, `,"steps":`...)
	b = strconv.AppendUint(b, st.Steps, 10)
	b = append(b, `,"frame":`...)
	b = strconv.AppendUint(b, st.Frame, 10)
	b = append(b, `,"step_ms":`...)
	b = appendNumber(b, st.StepMS)
	b = append(b, `,"rate":`...)
	b = appendNumber(b, st.Rate)
	b = append(b, `,"finger":`...)
	if finger := st.Finger; finger != nil {
		b = append(b, `{"x":`...)
		b = appendNumber(b, finger.X)
		b = append(b, `,"y":`...)
		b = appendNumber(b, finger.Y)
		b = append(b, `,"px":`...)
		b = appendNumber(b, finger.PX)
		b = append(b, `,"py":`...)
		b = appendNumber(b, finger.PY)
		b = append(b, '}')
	} else {
		b = append(b, "null"...)
	}
	b = append(b, '}')
	f.length = max(f.length, len(b)+16)
	return b
}

func appendNumber(b []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, x, 'g', -1, 64)
}

// appendText writes a text that JSON need not escape, as those of models are;
// else it takes the long way.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			if out, err := shm.AppendJSON(b, s); err == nil {
				return out
			}
			return append(b, `""`...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
