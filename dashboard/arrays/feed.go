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

// picture is the feed of a part of an array. [pixels.Part.Picture] has its frames.
type picture struct {
	src    *source.Source
	part   pixels.Part
	writer *pixels.Writer

	generation string // and number of the frame that was made last
	seq        uint64
}

func newPicture(at tab.Place) (tab.Pictures, error) {
	p, err := pixels.ParsePart(at.Detail)
	if err != nil {
		return tab.Pictures{}, err
	}
	f := &picture{src: at.Source, part: p, writer: pixels.NewWriter(at.Hub, at.Topic)}
	return tab.Pictures{Wants: []string{shm.ArrayTopic(p.Name)}, Next: f.next}, nil
}

// next is [tab.Pictures.Next]. A frame that cannot be read makes no picture. The list of
// arrays says why.
func (f *picture) next(now time.Time) hub.Picture {
	var made hub.Picture
	frame, err := pixels.Current(f.src, f.part.Name, func(frame *shm.ArrayFrame) error {
		if frame.Seq == f.seq && frame.Info.Generation == f.generation {
			return errSame
		}
		var err error
		made, err = f.part.Picture(f.writer, frame, pixels.Info(f.src, f.part.Name), now)
		return err
	})
	if err != nil {
		return nil
	}
	f.seq, f.generation = frame.Seq, frame.Info.Generation
	return made
}

var errSame = errors.New("the frame was sent before")
