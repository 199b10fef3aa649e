package process_test

import (
	"strings"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
)

// A panic over one value, over one message or over the connection is none of the rest:
// the process is read on, and it is said what was left out.
func TestFaultsAreKeptToWhatTheyAreOf(t *testing.T) {
	t.Parallel()
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	r := watchPlayer(t, p, process.Options{})
	bad := true
	r.sink.OnState(func(topic string, v shm.Value) {
		if bad && topic == "stage" {
			panic("no such stage")
		}
	})
	r.sink.Want("stage", 10)
	r.sink.Want("lamp", 10)
	p.Set("stage", int64(1))
	p.Set("lamp", int64(1))
	r.sink.Wait(t, "the lamp, and word of the stage", func() bool {
		v, _ := r.sink.Latest("lamp")
		return v == int64(1) && strings.Contains(r.sink.Noticed("fault"), `Reading the value "stage": a fault in webmon: no such stage`)
	})
	r.sink.OnState(nil)
	p.Set("stage", int64(2))
	r.sink.Wait(t, "the stage, once it makes sense", func() bool {
		v, _ := r.sink.Latest("stage")
		return v == int64(2)
	})

	// A frame is passed on by what reads the messages, or by what fetches.
	frames := r.sink.Frames()
	r.sink.OnFrame(func(float64) { panic("no such frame") })
	p.Frame()
	r.sink.Wait(t, "word of the frame", func() bool { return strings.Contains(r.sink.Noticed("fault"), "no such frame") })
	r.sink.OnFrame(nil)
	r.sink.Wait(t, "frames again", func() bool {
		p.Frame()
		time.Sleep(time.Millisecond)
		return r.sink.Frames() > frames+1
	})
	p.Say(pickle.NewDict("moved", pickle.NewDict("to", int64(3))))
	r.sink.Wait(t, "a message", func() bool { return r.sink.Count("moved") == 1 })
}
