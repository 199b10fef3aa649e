package viewer

import (
	"bytes"
	"slices"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/source"
)

// told makes the frames of a feed that tells how something is now. A frame stands for itself, and there is
// one whenever it says something else than the one before.
type told struct {
	src   *source.Source
	topic string
	of    []string // topics of the source: what is told changes with them alone
	// write writes the members after topic and ts. It reports false if there is nothing to tell.
	write func(*frame.Writer) bool

	seen  []uint64 // numbers of the states of which the last frame was made
	body  []byte   // of the last frame: all but its head
	frame []byte
}

// Snapshot is [webmon/dashboard/tab.Frames].
func (f *told) Snapshot(now time.Time) []byte {
	if f.frame == nil {
		f.Next(now)
	}
	return f.frame
}

// Next is [webmon/dashboard/tab.Frames].
func (f *told) Next(now time.Time) []byte {
	seen := make([]uint64, len(f.of))
	for i, topic := range f.of {
		_, _, seen[i] = f.src.State(topic)
	}
	if f.frame != nil && slices.Equal(seen, f.seen) {
		return nil
	}
	f.seen = seen
	body := frame.Writer{Buf: make([]byte, 0, len(f.body)+64)}
	if !f.write(&body) || bytes.Equal(body.Buf, f.body) {
		return nil
	}
	f.body = body.Buf
	w := frame.Begin(make([]byte, 0, len(f.body)+128), f.topic, now)
	w.Raw(f.body)
	f.frame = w.End()
	return f.frame
}

// rawMembers writes the members of an object that was written as JSON.
func rawMembers(w *frame.Writer, object []byte) { w.Raw(object[1 : len(object)-1]) }
