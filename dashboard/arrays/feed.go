package arrays

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"sync"
	"time"

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

	generation string // and number of the frame that was made last
	seq        uint64
	free       buffers
}

func newPicture(at tab.Place) (tab.Pictures, error) {
	p, err := pixels.ParsePart(at.Detail)
	if err != nil {
		return tab.Pictures{}, err
	}
	f := &picture{src: at.Source, topic: at.Topic, part: p}
	return tab.Pictures{Wants: []string{shm.ArrayTopic(p.Name)}, Next: f.next}, nil
}

// next is [tab.Pictures.Next]. A frame that cannot be read makes no picture: why
// stands in the list of arrays.
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

var errSame = errors.New("the frame was sent before")

// make reads the part of a frame right to where it is sent from.
func (f *picture) make(frame *shm.ArrayFrame, now time.Time) (*hub.Message, error) {
	if why := pixels.Unfit(frame.Info); why != "" {
		return nil, errors.New(why)
	}
	d, _ := pixels.ParseDType(frame.Info.Descr) // fit, so it has one
	each := d.Pixels().Size()
	if each == 4 && f.part.Step > 1 && !f.part.Nearest {
		each = 8 // as means of whole numbers are
	}
	sel, size, err := f.part.Selection(frame.Shape, each)
	if err != nil {
		return nil, err
	}
	sel.Nearest = sel.Nearest || frame.Info.Role == "labels" // the mean of two labels is a third
	head := headerSize(f.topic, len(frame.Shape))
	at := hub.Headroom + head
	buf := f.free.get(at + size)
	px, err := frame.Reader.ReadPlane(frame, sel, buf[at:at])
	if err != nil {
		f.free.put(buf)
		return nil, err
	}
	if len(px.Data) > 0 && &px.Data[0] != &buf[:at+1][at] {
		// More than there should be: what it has become is elsewhere.
		buf = append(buf[:at], px.Data...)
	}
	buf = buf[:at+len(px.Data)]
	f.appendHeader(buf[hub.Headroom:hub.Headroom], head, frame, sel, px, now)
	return hub.Lend(buf, func() { f.free.put(buf) }), nil
}

// headerSize is where the pixels begin.
func headerSize(topic string, dims int) int {
	return (prefixSize + headerRoom + len(topic) + 22*dims + 7) &^ 7
}

// appendHeader appends what stands before the pixels, in so many bytes.
func (f *picture) appendHeader(b []byte, size int, frame *shm.ArrayFrame, sel shm.Selection, px shm.Pixels, now time.Time) {
	info := frame.Info
	if i := pixels.Info(f.src, f.part.Name); i != nil {
		info = i // what is known of its frames now
	}
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(size-prefixSize))
	number := func(key string, x float64) {
		b = append(b, key...)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			b = append(b, "null"...)
			return
		}
		b = strconv.AppendFloat(b, x, 'g', -1, 64)
	}
	whole := func(key string, n int) { b = strconv.AppendInt(append(b, key...), int64(n), 10) }

	b = append(b, `{"topic":`...)
	b = strconv.AppendQuote(b, f.topic) // of characters that need no quoting
	b = append(b, `,"ts":`...)
	b = hub.AppendStamp(b, now)
	b = strconv.AppendUint(append(b, `,"seq":`...), frame.Seq, 10)
	stamp := math.NaN()
	if frame.Stamp > 0 {
		stamp = frame.Stamp * 1e3
	}
	if stamp < 1e15 {
		b = strconv.AppendFloat(append(b, `,"stamp":`...), stamp, 'f', 3, 64)
	} else {
		b = append(b, `,"stamp":null`...)
	}
	b = append(append(append(b, `,"type":"`...), px.Type...), '"')
	whole(`,"row":`, px.Row)
	whole(`,"col":`, px.Col)
	whole(`,"rows":`, px.Rows)
	whole(`,"cols":`, px.Cols)
	whole(`,"samples":`, px.Samples)
	whole(`,"step":`, sel.Step)
	d, _ := pixels.ParseDType(frame.Info.Descr)
	whole(`,"full":`, int(d.Full()))
	for i, n := range frame.Shape {
		if i == 0 {
			whole(`,"shape":[`, n)
		} else {
			whole(`,`, n)
		}
	}
	number(`],"offset":[`, frame.Offset[0])
	number(`,`, frame.Offset[1])
	number(`],"pixel":[`, frame.Step[0])
	number(`,`, frame.Step[1])
	whole(`],"level":`, frame.Level)
	number(`,"rate":`, math.Round(info.Stats.Rate*100)/100)
	b = strconv.AppendUint(append(b, `,"missed":`...), info.Stats.Missed, 10)
	b = append(b, '}')
	for len(b) < size {
		b = append(b, ' ')
	}
}

// buffers are what messages were made in and can be made in again.
type buffers struct {
	mu   sync.Mutex
	free [][]byte
}

// get returns an empty buffer with room for n bytes.
func (p *buffers) get(n int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.free) > 0 {
		last := len(p.free) - 1
		b := p.free[last]
		p.free = p.free[:last]
		// One that is much too large is left over from another shape.
		if cap(b) >= n && cap(b)/4 <= n+1<<16 {
			return b[:0]
		}
	}
	return make([]byte, 0, n)
}

func (p *buffers) put(b []byte) {
	const most = 3 // one is made, one is the latest, one is still under way
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < most {
		p.free = append(p.free, b[:0])
	}
}
