package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/hub"
	"webmon/shm"
)

// A picture on the socket is binary: magic, the length of a JSON header as a
// little-endian u32, the header, padded with spaces to a multiple of 8 bytes in
// all, and the pixels, little-endian and in row-major order.
const (
	magic      = "WMB1"
	prefixSize = len(magic) + 4
	// headerRoom is what the header takes at most besides the topic's name, the shape
	// and what is added to it.
	headerRoom = 640
)

// errNoRoom says that too much is under way to browsers.
var errNoRoom = errors.New("there is no room for the picture")

// Added is one more entry of the header of a picture.
type Added struct {
	Key  string
	JSON []byte
}

// Message reads the part of a frame straight into a message for the hub topic named. The
// header of the message is
//
//	{"topic", "ts": ms since the epoch, "seq", "stamp": the process's ms or null,
//	 "type": as shm.PixelType, "row", "col", "rows", "cols", "samples", "step",
//	 "full": of a sample of a colour the one that is as bright as can be,
//	 "shape": of the frame, "offset": [row, col], "pixel": [rows, cols] of level 0
//	 a pixel of the frame goes, "level", "rate": Hz, "missed"}
//
// with what is added. row and col are in pixels of the frame, rows and cols count what is sent:
// each of those stands for step times step pixels. step may be larger than was asked for,
// in a part that would be too large otherwise. info is what is known of the frames now.
func (p *Part) Message(to *hub.Topic, topic string, fr *shm.ArrayFrame, info *shm.ArrayInfo, now time.Time, added ...Added) (*hub.Message, error) {
	if why := Unfit(fr.Info); why != "" {
		return nil, errors.New(why)
	}
	d, _ := ParseDType(fr.Info.Descr) // fit, so it has one
	each := d.Pixels().Size()
	if each == 4 && p.Step > 1 && !p.Nearest {
		each = 8 // as means of whole numbers are
	}
	head := headerSize(topic, len(fr.Shape), added)
	at := hub.Headroom + head
	sel, size, err := p.Selection(fr.Shape, each, max(to.MostPicture()-at, 1))
	if err != nil {
		return nil, err
	}
	sel.Nearest = sel.Nearest || fr.Info.Role == "labels" // the mean of two labels is a third
	buf := to.Buffer(at + size)
	if buf == nil {
		return nil, errNoRoom
	}
	px, err := fr.Reader.ReadPlane(fr, sel, buf[at:at])
	if err != nil {
		to.PutBuffer(buf)
		return nil, err
	}
	if at+len(px.Data) > cap(buf) {
		to.PutBuffer(buf)
		return nil, fmt.Errorf("a picture has %d bytes where %d were asked for", len(px.Data), size)
	}
	if len(px.Data) > 0 && &px.Data[0] != &buf[:at+1][at] {
		copy(buf[at:cap(buf)], px.Data)
	}
	buf = buf[:at+len(px.Data)]
	if info == nil {
		info = fr.Info
	}
	appendHeader(buf[hub.Headroom:hub.Headroom], head, topic, fr, info, sel, px, now, added)
	return to.Lend(buf), nil
}

// headerSize is the offset at which the pixels begin, in bytes.
func headerSize(topic string, dims int, added []Added) int {
	n := prefixSize + headerRoom + len(topic) + 22*dims
	for _, a := range added {
		n += len(a.Key) + len(`"":,`) + len(a.JSON)
	}
	return (n + 7) &^ 7
}

// appendHeader appends what stands before the pixels, in so many bytes.
func appendHeader(b []byte, size int, topic string, fr *shm.ArrayFrame, info *shm.ArrayInfo, sel shm.Selection, px shm.Pixels, now time.Time, added []Added) {
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(size-prefixSize))
	w := frame.Begin(b[prefixSize:], topic, now) // in the room behind them
	w.Key("seq").Uint(fr.Seq)
	WriteStamp(w.Key("stamp"), fr)
	w.Key("type").String(string(px.Type))
	d, _ := ParseDType(fr.Info.Descr)
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
	for _, a := range added {
		w.Key(a.Key).Raw(a.JSON)
	}
	head := w.End()
	for len(head) < size-prefixSize {
		head = append(head, ' ')
	}
}

// WriteStamp writes when the process made a frame, in ms, null if it is not known.
func WriteStamp(w *frame.Writer, fr *shm.ArrayFrame) {
	if fr.Stamp > 0 && fr.Stamp < 1e12 {
		w.Micros(int64(math.Round(fr.Stamp * 1e6)))
	} else {
		w.Null()
	}
}
