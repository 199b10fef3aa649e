package process

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"webmon/shm"
	"webmon/shm/sourcetest"
)

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := sourcetest.NewSink()
		p := newPace(sink, defaultLull)
		ctx, cancel := context.WithCancel(t.Context())
		want := func(topic string, hz float64) {
			sink.Want(topic, hz)
			shm.Signal(p.hurry)
		}
		rest := func(what string, rested bool, took time.Duration) {
			t.Helper()
			start := time.Now()
			if got, d := p.rest(ctx), time.Since(start); got != rested || d != took {
				t.Errorf("%s: rested %v for %v, want %v for %v", what, got, d, rested, took)
			}
		}
		time.Sleep(100 * time.Millisecond) // synctest begins at a whole second
		rest("nobody watches", true, 150*time.Millisecond)
		rest("nobody watches still", true, 250*time.Millisecond)
		want(shm.TopicPoll, 60)
		rest("watched", false, 0)
		want(shm.TopicPoll, 0)
		rest("a signal that was for nothing", true, 250*time.Millisecond)
		want("stage", 1)
		rest("what has never come is wanted", true, 250*time.Millisecond)
		p.heard("stage")
		rest("and has come", false, 0)
		want("stage", 0)
		time.AfterFunc(10*time.Millisecond, func() { want("lamp", 1) })
		time.AfterFunc(20*time.Millisecond, func() { want(wantMessages, 1) })
		rest("somebody comes", true, 20*time.Millisecond)
		want(wantMessages, 0)
		time.AfterFunc(30*time.Millisecond, cancel)
		rest("the end", true, 30*time.Millisecond)
	})
}
