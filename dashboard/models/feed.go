package models

import (
	"fmt"
	"math"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// StateTopic is the hub topic of what a simulation is doing.
func StateTopic(src *source.Source) string { return src.ID() + "/model" }

// stateFeed is the feed "<source>/model": what a simulation is doing, with each
// of its pictures. A frame is JSON and stands for itself,
//
//	{"topic", "ts": ms since the epoch, "phase", "t", "time_unit", "frame",
//	 "step_ms", "finger": {"x", "y", "px", "py"} or null}
//
// with null for a number that is not known. phase is "stopped" once the run has
// ended.
type stateFeed struct {
	src     *source.Source
	seen    func(*source.Source)
	topic   string
	at      time.Time
	running bool
	length  int
}

func (m *Models) newState(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("the state of %s has no part %q", at.Source.ID(), at.Detail)
	}
	if !at.Source.IsModel() {
		return tab.Feed{}, fmt.Errorf("%s is no model", at.Source.ID())
	}
	return tab.Feed{
		Wants: []string{shm.TopicModel},
		// Slightly less than the time between two frames of a screen, so that a
		// state that comes with each of them is not delayed.
		Every: 15 * time.Millisecond,
		Light: true, Frames: &stateFeed{src: at.Source, topic: at.Topic, seen: m.Seen, length: 256},
	}, nil
}

func (f *stateFeed) Snapshot(now time.Time) []byte {
	return f.frame(f.src.Model(), f.src.Ended().IsZero(), now)
}

// Next is called about once a second even if nothing has come. So a run that has ended
// just when somebody came to see it starts again.
func (f *stateFeed) Next(now time.Time) []byte {
	running := f.src.Ended().IsZero()
	if !running {
		f.seen(f.src)
	}
	_, at, _ := f.src.State(shm.TopicModel)
	if at.Equal(f.at) && running == f.running {
		return nil
	}
	f.at, f.running = at, running
	return f.frame(f.src.Model(), running, now)
}

func (f *stateFeed) frame(st *shm.ModelState, running bool, now time.Time) []byte {
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
	w := frame.Begin(make([]byte, 0, f.length), f.topic, now)
	w.Key("phase").String(phase)
	w.Key("t").Float(st.Time)
	w.Key("time_unit").String(st.TimeUnit)
	w.Key("frame").Uint(st.Frame)
	w.Key("step_ms").Float(st.StepMS)
	w.Key("finger")
	if finger := st.Finger; finger != nil {
		w.Object()
		w.Key("x").Float(finger.X)
		w.Key("y").Float(finger.Y)
		w.Key("px").Float(finger.PX)
		w.Key("py").Float(finger.PY)
		w.EndObject()
	} else {
		w.Null()
	}
	b := w.End()
	f.length = max(f.length, len(b)+16)
	return b
}
