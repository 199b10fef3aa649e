// Package outbox hands over what there is to see of a simulation that webmon runs or
// reaches itself: its arrays, each frame of them made only for those who want it, and
// how many pictures there are a second.
//
//	density, err := outbox.NewArray(spec, shm.ArrayInfo{Title: "Density"}, func(b []byte) { ... })
//	outbox.Tell(sink, time.Now(), density) // and again about once a second
//	for version := uint64(1); ; version++ {
//		...
//		err := density.Offer(sink, version, time.Now())
//		state.Rate = rate.Count(time.Now())
//	}
//
// Version counts the states of the simulation that can be told from each other:
// whoever begins to look at one that stands still gets the frame that nobody wanted
// when it was offered, because [Array.Behind] then says so.
//
// It knows nothing of what is in the arrays, has no goroutine and sets no pace. What
// people ask of a simulation is in package inbox.
package outbox

import (
	"fmt"
	"slices"
	"time"

	"webmon/shm"
	"webmon/shm/segment"
)

// Array is one array of a simulation. An Array is not safe for concurrent use, but its
// frames are. A nil Array stands for an array that does not exist, or not yet: Shape,
// Behind and Tell take it.
type Array struct {
	ring  *segment.Local
	topic string
	fill  func(b []byte)
	shown uint64 // the version that the newest frame shows
}

// NewArray returns an array whose frames are kept in this process. It uses the title,
// the unit, the colour map and the limits of about. fill writes a frame: all of b, in C
// order.
func NewArray(s segment.Spec, about shm.ArrayInfo, fill func(b []byte)) (*Array, error) {
	ring, err := segment.NewLocal(s)
	if err != nil {
		return nil, err
	}
	info := ring.Info()
	info.Title, info.Unit, info.Colormap, info.Limits = about.Title, about.Unit, about.Colormap, about.Limits
	ring.SetInfo(info)
	return &Array{ring: ring, topic: shm.ArrayTopic(s.Name), fill: fill}, nil
}

// Shape returns the shape of the frames, in C order. It is nil for a nil Array.
func (a *Array) Shape() []int {
	if a == nil {
		return nil
	}
	return a.ring.Info().Shape
}

// Offer hands over the frame of a version if somebody wants it. Otherwise it is
// only counted.
func (a *Array) Offer(sink shm.Sink, version uint64, now time.Time) error {
	if sink.Demand(a.topic) <= 0 {
		a.ring.Offer()
		return nil
	}
	frame, err := a.ring.Fill(segment.Frame{Stamp: now}, a.fill)
	if err != nil {
		return fmt.Errorf("offer a frame: %w", err)
	}
	a.shown = version
	sink.State(a.topic, frame)
	return nil
}

// Behind reports whether somebody wants the array, and its newest frame does not show
// the version.
func (a *Array) Behind(sink shm.Sink, version uint64) bool {
	return a != nil && a.shown != version && sink.Demand(a.topic) > 0
}

// Tell says which arrays there are and how their frames come. Without arrays it says
// nothing. It must be called when the arrays change, and about once a second for the
// rate of frames.
func Tell(sink shm.Sink, now time.Time, arrays ...*Array) {
	var list shm.Arrays
	for _, a := range arrays {
		if a != nil {
			info := a.ring.Info()
			info.Stats = a.ring.Stats(now)
			list = append(list, info)
		}
	}
	if list != nil {
		shm.SortArrays(list)
		sink.State(shm.TopicArrays, list)
	}
}

// rateOver is the number of pictures whose rate is told.
const rateOver = 32

// Rate counts recent pictures a second. The zero value has seen no picture.
type Rate struct{ at []time.Time }

// Count counts a picture and returns the rate with it, 0 as long as that is unknown.
func (r *Rate) Count(now time.Time) float64 {
	if len(r.at) == rateOver {
		r.at = slices.Delete(r.at, 0, 1)
	}
	r.at = append(r.at, now)
	if d := now.Sub(r.at[0]).Seconds(); d > 0 {
		return float64(len(r.at)-1) / d
	}
	return 0
}

// Stop forgets the pictures so far: those to come are others.
func (r *Rate) Stop() { r.at = r.at[:0] }
