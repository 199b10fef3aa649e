package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/hub"
	"webmon/dashboard/line"
	"webmon/dashboard/pixels/jpeg"
	"webmon/dashboard/pixels/packed"
	"webmon/shm"
)

const (
	// countsEvery is the least time between two distributions of values that browsers on a rung are sent.
	countsEvery = 250 * time.Millisecond
	// leastLossy is how many bytes an exact picture has for it to be worth any loss: text on its page has as many.
	leastLossy = 8 << 10
	// exactWhole is the largest whole number up to which a float of 64 bits has each.
	exactWhole = 1 << 53
)

// Buffers has the memory of messages, and bounds it. It is a [hub.Topic].
type Buffers interface {
	MostPicture() int
	Buffer(n int) []byte
	PutBuffer(b []byte)
	Lend(b []byte) *hub.Message
}

// Writer writes the pictures of one topic at the rungs of [line.Ladder]. It is used by one goroutine at a time, that of the
// topic's feed.
type Writer struct {
	to    Buffers
	topic string
	// Uncounted leaves out how the values are distributed, where no page asks for that.
	Uncounted bool

	table   tableOf
	bins    []uint32              // used again
	counts  counts                // of the picture at counted
	counted time.Time             // zero: never
	told    [line.Rungs]time.Time // when a picture at the rung had counts
}

// NewWriter returns a writer of the topic, which has the buffers.
func NewWriter(to Buffers, topic string) *Writer { return &Writer{to: to, topic: topic} }

// picture is a [hub.Picture]: samples, read once into the buffer that is the message at [line.AsIs].
type picture struct {
	w    *Writer
	buf  []byte // Headroom, head and samples
	head int    // bytes of the head in it
	lent bool   // it belongs to a message
	px   shm.Pixels
	step int
	full float64
	rest []byte // the members of the head that are the same at each rung, without braces

	nearest bool
	may     line.Set
	rate    float64
	number  uint64
}

// numbers is the number of the last picture of any topic. It begins with the time, so that pictures of a webmon that was started
// again have higher ones.
var numbers atomic.Uint64

func nextNumber(now time.Time) uint64 {
	for {
		last := numbers.Load()
		next := max(last+1, uint64(max(now.UnixMilli(), 0))<<8) // below 2^53 for as long as anybody may care
		if numbers.CompareAndSwap(last, next) {
			return next
		}
	}
}

// Picture reads the part of a frame for the topic of the writer. The head of its messages is
//
//	{"topic", "ts": ms since the epoch, "seq", "stamp": the process's ms or null,
//	 "full": of a sample of a colour the one that is as bright as can be,
//	 "shape": of the frame, "offset": [row, col], "pixel": [rows, cols] of level 0
//	 a pixel of the frame goes, "level", "rate": Hz, "missed",
//	 "type": as shm.PixelType, "row", "col", "rows", "cols", "samples", "step", "frame": number of the picture, counting up}
//
// with what is added. row and col are in pixels of the frame, rows and cols count what is sent:
// each of those stands for step times step pixels. step may be larger than was asked for,
// in a part that would be too large otherwise. info is what is known of the frames now.
//
// Behind the head of a message at line.AsIs come the samples, little-endian. At other rungs there is also "of", the bytes of those, and "coded", which
// says what comes behind the head; type and all others are about what that becomes:
//
//	{"as": "packed", "predict": as packed.Predict}
//	{"as": "bytes", "low", "high"}: bytes, of which 0 and 255 are low and high, and what is beyond them
//	{"as": "jpeg", "quality", "low", "high"}: the same as JPEG; low and high are left out of colours, whose samples are 3 and go from 0 to full
//
// with "scale" if so many exact pixels, more than 1, went along a side of one.
//
// At times those with losses also have "counts", how the values of the exact picture are distributed; see counts.write.
func (p *Part) Picture(w *Writer, fr *shm.ArrayFrame, info *shm.ArrayInfo, now time.Time, added ...Added) (hub.Picture, error) {
	if why := Unfit(fr.Info); why != "" {
		return nil, errors.New(why)
	}
	d, _ := ParseDType(fr.Info.Descr) // fit, so it has one
	each := d.Pixels().Size()
	if each == 4 && p.Step > 1 && !p.Nearest {
		each = 8 // as means of whole numbers are
	}
	if info == nil {
		info = fr.Info
	}
	pic := &picture{w: w, full: d.Full(), rest: restOf(fr, info, added), rate: info.Stats.Rate}
	pic.head = w.room(len(pic.rest))
	at := hub.Headroom + pic.head
	sel, size, err := p.Selection(fr.Shape, each, max(w.to.MostPicture()-at, 1))
	if err != nil {
		return nil, err
	}
	labels := fr.Info.Role == "labels"
	sel.Nearest = sel.Nearest || labels // the mean of two labels is a third
	buf := w.to.Buffer(at + size)
	if buf == nil {
		return nil, errNoRoom
	}
	px, err := fr.Reader.ReadPlane(fr, sel, buf[at:at])
	if err == nil && at+len(px.Data) > cap(buf) {
		err = fmt.Errorf("a picture has %d bytes where %d were asked for", len(px.Data), size)
	}
	if err != nil {
		w.to.PutBuffer(buf)
		return nil, err
	}
	if len(px.Data) > 0 && &px.Data[0] != &buf[:at+1][at] {
		copy(buf[at:cap(buf)], px.Data)
	}
	pic.buf = buf[:at+len(px.Data)]
	px.Data = pic.buf[at:]
	pic.px, pic.step, pic.nearest, pic.number = px, sel.Step, sel.Nearest, nextNumber(now)
	pic.may = pic.rungs(labels || p.Exact)
	return pic, nil
}

// Drawn is a picture of colours that paint draws, with 3 bytes a pixel. head are the members of its messages' heads
// besides those that tell of pixels, as a JSON object; see [Part.Picture]. exact says that no colour may change. An error says that there is no room.
func (w *Writer) Drawn(head []byte, rows, cols int, exact bool, now time.Time, paint func(pixels []byte)) (hub.Picture, error) {
	pic := &picture{w: w, full: 255, rest: head[1 : len(head)-1], step: 1, number: nextNumber(now)}
	pic.head = w.room(len(pic.rest))
	at := hub.Headroom + pic.head
	size := 3 * rows * cols
	buf := w.to.Buffer(at + size)
	if buf == nil {
		return nil, errNoRoom
	}
	pic.buf = buf[:at+size]
	pic.px = shm.Pixels{Type: shm.U8, Rows: rows, Cols: cols, Samples: 3, Data: pic.buf[at:]}
	if size > 0 {
		paint(pic.px.Data)
	}
	pic.may = pic.rungs(exact)
	return pic, nil
}

// rungs are those at which the picture can be written. exact says that no value may change.
func (p *picture) rungs(exact bool) line.Set {
	px := &p.px
	may := line.SetOf(line.AsIs)
	if len(px.Data) == 0 {
		return may
	}
	may = may.With(line.Squeezed)
	switch {
	case exact, len(px.Data) < leastLossy, max(px.Rows, px.Cols) > jpeg.MostSide, px.Samples == 2:
		return may
	case px.Samples == 4 && !allOpaque(px, p.full): // JPEG has no opacity
		return may
	case (px.Type == shm.U64 || px.Type == shm.I64) && px.Samples == 1 && !narrow(px):
		return may // their window would have to be told with more digits than there are
	}
	for r := range line.Rungs {
		if kind := r.Step().Kind; kind == line.JPEG || kind == line.Bytes && px.Samples == 1 && px.Type != shm.U8 {
			may = may.With(r)
		}
	}
	return may
}

// narrow reports whether floats have all of the whole numbers of 64 bits that are there.
func narrow(px *shm.Pixels) bool {
	for at := 0; at < len(px.Data); at += 8 {
		if v := valueOf(px.Type, px.Data[at:]); math.Abs(v) > exactWhole {
			return false
		}
	}
	return true
}

// Rungs implements [hub.Picture].
func (p *picture) Rungs() line.Set { return p.may }

// Size implements [hub.Picture].
func (p *picture) Size() int { return len(p.buf) - hub.Headroom }

// Rate implements [hub.Picture].
func (p *picture) Rate() float64 { return p.rate }

// Close implements [hub.Picture].
func (p *picture) Close() {
	if !p.lent {
		p.w.to.PutBuffer(p.buf)
	}
}

// scratch has what is written until its size is known.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// mostScratch is how large a buffer of scratch is kept, bytes.
const mostScratch = 16 << 20

// At implements [hub.Picture].
func (p *picture) At(r line.Rung, window hub.Window, now time.Time) *hub.Message {
	step := r.Step()
	to := p.w.to
	if step.Kind == line.Exact {
		head := p.headOf(p.shown(), now, nil)
		copy(p.buf[hub.Headroom:], padded(head, p.head))
		p.lent = true
		return to.Lend(p.buf)
	}
	room := scratch.Get().(*[]byte)
	body := (*room)[:0]
	defer func() {
		if *room = body[:0]; cap(body) > mostScratch {
			*room = nil
		}
		scratch.Put(room)
	}()
	var head []byte
	if step.Kind == line.Packed {
		how := packed.How{Rows: p.px.Rows, Cols: p.px.Cols, Samples: p.px.Samples, Bytes: p.px.Type.Size(), Float: p.px.Type == shm.F32 || p.px.Type == shm.F64}
		var err error
		if body, how, err = packed.Append(body, p.px.Data, how); err != nil {
			panic(err) // what is read of an array always fits
		}
		head = p.headOf(p.shown(), now, func(w *frame.Writer) {
			w.Key("as").String("packed")
			w.Key("predict").String(string(how.Predict))
		})
	} else {
		head, body = p.lossy(body, r, window, now)
	}
	size := (prefixSize + len(head) + 7) &^ 7
	n := hub.Headroom + size + len(body)
	buf := to.Buffer(n + n/8) // the next one is a little larger or smaller, and may use it again
	if buf == nil {
		return nil
	}
	buf = buf[:n]
	copy(buf[hub.Headroom:], padded(head, size))
	copy(buf[hub.Headroom+size:], body)
	return to.Lend(buf)
}

// lossy is what a rung's message has with losses.
func (p *picture) lossy(body []byte, r line.Rung, is hub.Window, now time.Time) (head, to []byte) {
	step := r.Step()
	colour := p.px.Samples >= 3
	var tells bool
	if !p.w.Uncounted {
		tells = now.Sub(p.w.told[r]) >= countsEvery
	}
	low, high := 0.0, p.full
	if !colour {
		low, high = is.Low, is.High
		known := is.Known && low < high && !math.IsInf(high-low, 0)
		if tells || !known && p.w.counted.IsZero() {
			p.count(now)
		}
		if !known {
			low, high = p.w.counts.window()
		}
		// Steps beyond what the type can hold would be wasted.
		if most := map[shm.PixelType]float64{shm.U8: math.MaxUint8, shm.U16: math.MaxUint16}[p.px.Type]; most > 0 && low < most && high > 0 {
			low, high = max(low, 0), min(high, most)
		}
	} else if tells {
		p.count(now)
	}
	if high-low > math.MaxFloat64 {
		low, high = max(low, -math.MaxFloat64/4), min(high, math.MaxFloat64/4)
	}
	win := newWindow(&p.px, low, high, step.Scale, p.nearest, &p.w.table)
	switch {
	case step.Kind == line.Bytes:
		n := win.rows * win.cols
		if cap(body) < n {
			body = make([]byte, n)
		}
		body = body[:n]
		for row := range win.rows {
			win.row(body[row*win.cols:(row+1)*win.cols], row)
		}
	case colour:
		body = jpeg.AppendColor(body, win.rows, win.cols, step.Quality, win.row)
	default:
		body = jpeg.AppendGray(body, win.rows, win.cols, step.Quality, win.row)
	}
	becomes := shown{shm.U8, win.rows, win.cols, win.each, step.Scale, p.full}
	head = p.headOf(becomes, now, func(w *frame.Writer) {
		w.Key("as").String(step.Kind.String())
		if step.Kind == line.JPEG {
			w.Key("quality").Int(int64(step.Quality))
		}
		if step.Scale > 1 {
			w.Key("scale").Int(int64(step.Scale))
		}
		if !colour {
			w.Key("low").Float(low)
			w.Key("high").Float(high)
		}
	})
	if tells {
		p.w.told[r] = now
		w := frame.Writer{Buf: head[:len(head)-1]}
		w.Key("counts")
		p.w.counts.write(&w, low, high)
		w.EndObject()
		head = w.Buf
	}
	return head, body
}

// count counts the values, unless that was done a moment ago.
func (p *picture) count(now time.Time) {
	if w := p.w; w.counted.IsZero() || now.Sub(w.counted) >= countsEvery {
		w.counts = countValues(&p.px, w.bins)
		if n := len(w.counts.bins); n > 0 && cap(w.counts.bins) > cap(w.bins) {
			w.bins = w.counts.bins
		}
		w.counted = now
	}
}

// shown is what a message becomes when it is read.
type shown struct {
	pixels              shm.PixelType
	rows, cols, samples int
	scale               int
	full                float64
}

// shown is the picture as it is.
func (p *picture) shown() shown {
	return shown{p.px.Type, p.px.Rows, p.px.Cols, p.px.Samples, 1, p.full}
}

// headOf is the JSON of a head; coded writes how the pixels are written, nil if they are as they are.
func (p *picture) headOf(s shown, now time.Time, coded func(*frame.Writer)) []byte {
	w := frame.Begin(make([]byte, 0, p.head), p.w.topic, now)
	w.Buf = append(append(w.Buf, ','), p.rest...)
	w.Key("type").String(string(s.pixels))
	for _, n := range []struct {
		key   string
		value int
	}{
		{"row", p.px.Row}, {"col", p.px.Col}, {"rows", s.rows}, {"cols", s.cols}, {"samples", s.samples}, {"step", p.step * s.scale}, {"full", int(s.full)},
	} {
		w.Key(n.key).Int(int64(n.value))
	}
	w.Key("frame").Uint(p.number)
	if coded != nil {
		w.Key("of").Int(int64(len(p.px.Data)))
		w.Key("coded").Object()
		coded(&w)
		w.EndObject()
	}
	return w.End()
}

// padded is what stands before the pixels, in size bytes.
func padded(head []byte, size int) []byte {
	b := append(make([]byte, 0, size), magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(size-prefixSize))
	b = append(b, head...)
	for len(b) < size {
		b = append(b, ' ')
	}
	return b
}

// room is how many bytes a head takes at most, with so many of the members that are the same at each rung.
func (w *Writer) room(rest int) int { return (prefixSize + headRoom + 6*len(w.topic) + rest + 7) &^ 7 }
