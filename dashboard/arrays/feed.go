package arrays

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/hub"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// A frame on the socket is binary: magic, the length of a JSON header as a
// little-endian u32, the header, padded with spaces to a multiple of 8 bytes in
// all, and the pixels, little-endian and in row-major order.
const (
	magic      = "WMB1"
	prefixSize = len(magic) + 4
	// headerRoom is what the header takes at most besides the topic's name and
	// the shape.
	headerRoom = 640
)

// picture is the feed of a part of an array. The header of its frames is
//
//	{"topic", "ts": ms since the epoch, "seq", "stamp": the process's ms or null,
//	 "type": as shm.PixelType, "row", "col", "rows", "cols", "samples", "step",
//	 "full": of a sample of a colour the one that is as bright as can be,
//	 "shape": of the frame, "offset": [row, col], "pixel": [rows, cols] of level 0
//	 a pixel of the frame goes, "level", "rate": Hz, "missed"}
//
// row and col are in pixels of the frame, rows and cols count what is sent:
// each of those stands for step times step pixels. step may be larger than was
// asked for, in a part that would be too large otherwise.
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
	return tab.Pictures{Wants: []string{shm.ArrayTopic(p.Name)}, Next: f.next}, nil
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
		m, err = f.make(frame, now)
		return err
	})
	if err != nil {
		return nil
	}
	f.seq, f.generation = frame.Seq, frame.Info.Generation
	return m
}

var (
	errSame   = errors.New("the frame was sent before")
	errNoRoom = errors.New("there is no room for the picture")
)

// make reads the part of a frame straight into the message.
func (f *picture) make(frame *shm.ArrayFrame, now time.Time) (*hub.Message, error) {
	if why := pixels.Unfit(frame.Info); why != "" {
		return nil, errors.New(why)
	}
	d, _ := pixels.ParseDType(frame.Info.Descr) // fit, so it has one
	each := d.Pixels().Size()
	if each == 4 && f.part.Step > 1 && !f.part.Nearest {
		each = 8 // as means of whole numbers are
	}
	head := headerSize(f.topic, len(frame.Shape))
	at := hub.Headroom + head
	sel, size, err := f.part.Selection(frame.Shape, each, max(f.hub.MostPicture()-at, 1))
	if err != nil {
		return nil, err
	}
	sel.Nearest = sel.Nearest || frame.Info.Role == "labels" // the mean of two labels is a third
	buf := f.hub.Buffer(at + size)
	if buf == nil {
		return nil, errNoRoom
	}
	px, err := frame.Reader.ReadPlane(frame, sel, buf[at:at])
	if err != nil {
		f.hub.PutBuffer(buf)
		return nil, err
	}
	if at+len(px.Data) > cap(buf) {
		f.hub.PutBuffer(buf)
		return nil, fmt.Errorf("a picture has %d bytes where %d were asked for", len(px.Data), size)
	}
	if len(px.Data) > 0 && &px.Data[0] != &buf[:at+1][at] {
		copy(buf[at:cap(buf)], px.Data)
	}
	buf = buf[:at+len(px.Data)]
	f.appendHeader(buf[hub.Headroom:hub.Headroom], head, frame, sel, px, now)
	return f.hub.Lend(buf), nil
}

// headerSize is the offset at which the pixels begin, in bytes.
func headerSize(topic string, dims int) int {
	return (prefixSize + headerRoom + len(topic) + 22*dims + 7) &^ 7
}

// appendHeader appends what stands before the pixels, in so many bytes.
func (f *picture) appendHeader(b []byte, size int, fr *shm.ArrayFrame, sel shm.Selection, px shm.Pixels, now time.Time) {
	info := fr.Info
	if i := pixels.Info(f.src, f.part.Name); i != nil {
		info = i // what is known of its frames now
	}
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(size-prefixSize))
	w := frame.Begin(b[prefixSize:], f.topic, now) // in the room behind them
	w.Key("seq").Uint(fr.Seq)
	writeStamp(w.Key("stamp"), fr)
	w.Key("type").String(string(px.Type))
	d, _ := pixels.ParseDType(fr.Info.Descr)
	for _, n := range []struct {
		key   string
		value int
	}{
		{"row", px.Row}, {"col", px.Col}, {"rows", px.Rows}, {"cols", px.Cols}, {"samples", px.Samples},
		{"step", sel.Step}, {"full", int(d.Full())},
	} {
		w.Key(n.key).Int(int64(n.value))
	}
	w.Key("shape").Array()
	for _, n := range fr.Shape {
		w.Int(int64(n))
	}
	w.EndArray()
	w.Key("offset").Array()
	w.Float(fr.Offset[0])
	w.Float(fr.Offset[1])
	w.EndArray()
	w.Key("pixel").Array()
	w.Float(fr.Step[0])
	w.Float(fr.Step[1])
	w.EndArray()
	w.Key("level").Int(int64(fr.Level))
	w.Key("rate").Float(math.Round(info.Stats.Rate*100) / 100)
	w.Key("missed").Uint(info.Stats.Missed)
	head := w.End()
	for len(head) < size-prefixSize {
		head = append(head, ' ')
	}
}

// writeStamp writes when the process made a frame, in ms, null if it is not known.
func writeStamp(w *frame.Writer, fr *shm.ArrayFrame) {
	if fr.Stamp > 0 && fr.Stamp < 1e12 {
		w.Micros(int64(math.Round(fr.Stamp * 1e6)))
	} else {
		w.Null()
	}
}
