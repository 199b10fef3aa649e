package arrays

import (
	"errors"
	"time"

	"webmon/dashboard/hub"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// picture is the feed of a part of an array. [pixels.Part.Message] has its frames.
type picture struct {
	src   *source.Source
	topic string
	part  pixels.Part

	hub *hub.Topic // has the buffers, and knows how many there may be

	generation string // and number of the frame that was made last
	seq        uint64
}

func newPicture(at tab.Place) (tab.Pictures, error) {
	p, err := pixels.ParsePart(at.Detail)
	if err != nil {
		return tab.Pictures{}, err
	}
	f := &picture{src: at.Source, topic: at.Topic, part: p, hub: at.Hub}
	return tab.Pictures{Wants: []string{shm.ArrayTopic(p.Name)}, Next: tab.AsIs(f.next)}, nil
}

// next is [tab.Pictures.Next]. A frame that cannot be read makes no picture. The list of
// arrays says why.
func (f *picture) next(now time.Time) *hub.Message {
	var m *hub.Message
	frame, err := pixels.Current(f.src, f.part.Name, func(frame *shm.ArrayFrame) error {
		if frame.Seq == f.seq && frame.Info.Generation == f.generation {
			return errSame
		}
		var err error
		m, err = f.part.Message(f.hub, f.topic, frame, pixels.Info(f.src, f.part.Name), now)
		return err
	})
	if err != nil {
		return nil
	}
	f.seq, f.generation = frame.Seq, frame.Info.Generation
	return m
}

var errSame = errors.New("the frame was sent before")
