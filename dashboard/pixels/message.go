package pixels

import (
	"errors"
	"math"

	"webmon/dashboard/frame"
	"webmon/shm"
)

// A picture on the socket is binary: magic, the length of a JSON header as a
// little-endian u32, the header, padded with spaces to a multiple of 8 bytes in
// all, and the pixels, little-endian and in row-major order.
const (
	magic      = "WMB1"
	prefixSize = len(magic) + 4
	// headRoom is what the members of a head take at most that are not the same at each rung, besides the topic's name.
	headRoom = 400
)

// errNoRoom says that too much is under way to browsers.
var errNoRoom = errors.New("there is no room for the picture")

// Added is one more entry of the header of a picture.
type Added struct {
	Key  string
	JSON []byte
}

// restOf are the members of a head that are the same at each rung, without braces.
func restOf(fr *shm.ArrayFrame, info *shm.ArrayInfo, added []Added) []byte {
	var w frame.Writer
	w.Object()
	w.Key("seq").Uint(fr.Seq)
	WriteStamp(w.Key("stamp"), fr)
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
	return w.Buf[1:]
}

// WriteStamp writes when the process made a frame, in ms, null if it is not known.
func WriteStamp(w *frame.Writer, fr *shm.ArrayFrame) {
	if fr.Stamp > 0 && fr.Stamp < 1e12 {
		w.Micros(int64(math.Round(fr.Stamp * 1e6)))
	} else {
		w.Null()
	}
}
