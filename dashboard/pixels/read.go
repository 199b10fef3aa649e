package pixels

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webmon/dashboard/source"
	"webmon/natural"
	"webmon/shm"
)

// Info returns how a source's process declares an array, nil if it shares none with
// that name.
func Info(src *source.Source, name string) *shm.ArrayInfo { return src.Array(name) }

// Newest returns the newest frame of an array, nil if there is none yet, or if the
// process has withdrawn its frames.
func Newest(src *source.Source, name string) *shm.ArrayFrame {
	if info := Info(src, name); info != nil && info.Withheld() {
		return nil
	}
	value, _, _ := src.State(shm.ArrayTopic(name))
	frame, _ := value.(*shm.ArrayFrame)
	return frame
}

// attempts is how many frames that turn out to be overwritten are tried before a feed
// waits for the next one.
const attempts = 4

// Current calls read with the newest frame. If the frame was overwritten meanwhile, it
// tries the next one, until there is no newer one.
func Current(src *source.Source, name string, read func(*shm.ArrayFrame) error) (*shm.ArrayFrame, error) {
	var last *shm.ArrayFrame
	err := error(shm.ErrOvertaken)
	for range attempts {
		frame := Newest(src, name)
		if frame == nil || frame == last {
			return nil, err
		}
		last = frame
		if err = read(frame); !errors.Is(err, shm.ErrOvertaken) {
			return frame, err
		}
	}
	return nil, err
}

// ErrNoFrame says that a process has published nothing in an array yet.
var ErrNoFrame = errors.New("the array has no frame yet")

// Problem says in a sentence why nothing newer can be read of an array, "" if it can.
func Problem(src *source.Source, name string) string {
	info := Info(src, name)
	if info == nil || info.Stats.Problem == "" {
		return ""
	}
	return natural.Sentence(info.Stats.Problem)
}

// WhyNone says in a sentence why an array has no frame that could be read.
func WhyNone(src *source.Source, name string) string {
	info, problem := Info(src, name), Problem(src, name)
	switch {
	case problem != "":
		return problem
	case info != nil && info.Stats.Published > 0:
		return fmt.Sprintf("None of the %d frames so far was copied, because nobody looked. The next one will be.", info.Stats.Published)
	}
	return "No frame has been published yet."
}

// patience is how long Read waits for a frame that is not overwritten while it is read.
const patience = 3 * time.Second

// AwaitList returns when the list of a process's arrays, or their counts, have come
// after since, or when ctx is done.
func AwaitList(ctx context.Context, src *source.Source, since time.Time) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		if _, at, _ := src.State(shm.TopicArrays); at.After(since) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look is the time between two looks at what a source has.
const look = 2 * time.Millisecond

// present is the newest frame of what a process declares as the array now: not one
// of the array that had its name before it was shared again, or had another shape.
// again reports that there is nothing but such a one.
func present(src *source.Source, name string) (frame *shm.ArrayFrame, at time.Time, again bool) {
	value, at, _ := src.State(shm.ArrayTopic(name))
	frame, _ = value.(*shm.ArrayFrame)
	if info := Info(src, name); frame != nil && info != nil && frame.Info.Generation != info.Generation {
		return nil, time.Time{}, true
	}
	return frame, at, false
}

// Read calls read with the newest frame of an array, and with the next one if that was
// overwritten meanwhile. It waits until ctx is done for a frame that came after since,
// or for the first frame of an array that was shared again. Then it accepts an older
// frame of the same array.
func Read(ctx context.Context, src *source.Source, name string, since time.Time, read func(*shm.ArrayFrame) error) (*shm.ArrayFrame, error) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	end := time.Now().Add(patience)
	waiting := !since.IsZero()
	var last *shm.ArrayFrame
	err := error(ErrNoFrame)
	for {
		frame, at, again := present(src, name)
		if info := Info(src, name); info != nil && info.Withheld() {
			// It may be shared again by now, which the process has yet to say.
			frame, again, err = nil, false, refuse("", errors.New(info.Note))
		}
		if frame != nil && frame != last && (!waiting || at.After(since)) {
			last = frame
			if err = read(frame); !errors.Is(err, shm.ErrOvertaken) {
				return frame, err
			}
		}
		if !waiting && (frame == nil && !again || time.Now().After(end) || Problem(src, name) != "") {
			break // no newer one, or none that would be seen
		}
		select {
		case <-ctx.Done():
			if !waiting {
				return nil, err
			}
			waiting = false
		case <-tick.C:
		}
	}
	if errors.Is(err, shm.ErrOvertaken) {
		err = fmt.Errorf("%s overwrites its frames faster than they can be read: %w", name, err)
	}
	return nil, err
}
