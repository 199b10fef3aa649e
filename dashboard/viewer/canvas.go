package viewer

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"webmon/dashboard/frame"
	"webmon/dashboard/hub"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/shm"
)

const (
	// The sides of a canvas that a page asks for are multiples of sideStep, so that pages of about
	// one size share their pictures.
	sideStep = 64
	maxSide  = 4096
)

// canvas is the feed of the whole canvas as a viewer draws it, "<source>/canvas/<cols>x<rows>":
// as many device pixels as the page can show, in multiples of 64, at most 4096. Its frames are
// those of [pixels.Part.Picture], with
//
//	"hands": {page: n, ...}
//
// in the header: of each page that has done something at the canvas lately, the number of
// the last of its messages that the picture shows, 0 for none. What a page has done since is on
// its way.
type canvas struct {
	desk       *steer.Desk
	src        *source.Source
	rows, cols int
	writer     *pixels.Writer

	generation string // and number of the frame that was made last
	seq        uint64
}

// canvasPictures opens the feed; see [tab.NewPictures].
func (p page) canvasPictures(at tab.Place) (tab.Pictures, error) {
	rows, cols, err := parseSides(at.Detail)
	if err != nil {
		return tab.Pictures{}, err
	}
	f := &canvas{desk: p.desk, src: at.Source, rows: rows, cols: cols, writer: pixels.NewWriter(at.Hub, at.Topic)}
	f.writer.Uncounted = true // what napari has drawn has no contrast to choose
	return tab.Pictures{
		Wants: []string{shm.ArrayTopic(shm.ArrayCanvas)}, UpTo: [2]int{rows, cols}, Next: f.next,
	}, nil
}

// parseSides reads "<cols>x<rows>".
func parseSides(text string) (rows, cols int, err error) {
	w, h, _ := strings.Cut(text, "x")
	for _, side := range []struct {
		text string
		to   *int
	}{{w, &cols}, {h, &rows}} {
		n, err := strconv.Atoi(side.text)
		if err != nil || n < sideStep || n > maxSide || n%sideStep != 0 || strconv.Itoa(n) != side.text {
			return 0, 0, fmt.Errorf("%q is no size of a canvas: <columns>x<rows> is needed, in multiples of %d up to %d", text, sideStep, maxSide)
		}
		*side.to = n
	}
	return rows, cols, nil
}

var errSame = errors.New("the frame was sent before")

// next is [tab.Pictures.Next].
func (f *canvas) next(now time.Time) hub.Picture {
	var made hub.Picture
	fr, err := pixels.Current(f.src, shm.ArrayCanvas, func(fr *shm.ArrayFrame) error {
		if fr.Seq == f.seq && fr.Info.Generation == f.generation {
			return errSame
		}
		if len(fr.Shape) != 3 {
			return errors.New("a canvas has rows, columns and colours")
		}
		part := pixels.Part{
			Name: shm.ArrayCanvas, Index: pixels.Index{pixels.Down, pixels.Right, pixels.Samples},
			Rows: fr.Shape[0], Cols: fr.Shape[1], Step: stepFor(fr.Shape, f.rows, f.cols),
		}
		var err error
		made, err = part.Picture(f.writer, fr, f.src.Array(shm.ArrayCanvas), now, pixels.Added{Key: "hands", JSON: f.done(fr)})
		return err
	})
	if err != nil {
		return nil
	}
	f.seq, f.generation = fr.Seq, fr.Info.Generation
	return made
}

// stepFor is how many pixels of a frame go along a pixel of a page that asks for less than
// another one. It is the step by which the picture comes closest to what was asked for: half
// of the pixels too many look better than half of them missing.
func stepFor(shape []int, rows, cols int) int {
	ratio := max(float64(shape[0])/float64(rows), float64(shape[1])/float64(cols))
	return max(1, int(math.Round(ratio)))
}

// done is what of everybody's hands a frame shows, as JSON.
func (f *canvas) done(fr *shm.ArrayFrame) []byte {
	var w frame.Writer
	w.Object()
	for _, d := range f.desk.Done(f.src, fr.User) {
		w.Key(d.Page).Uint(d.N)
	}
	w.EndObject()
	return w.Buf
}

// drawers is the feed of who draws at the canvas, "<source>/canvas-people". Its frames are
//
//	{"topic", "ts": ms since the epoch, "draw": drawer or null, "asking": [drawer, ...]}
//
// with {"person": id, "name", "colour": 0 to 11, "page"} of each, as the people of the source
// are called in dashboard/people. name and page are left out where there is none. Who
// waits to draw is asking, in order.
type drawers struct {
	desk    *steer.Desk
	src     *source.Source
	topic   string
	version uint64
	told    bool
}

// peopleOfCanvas opens the feed; see [tab.NewFeed].
func (p page) peopleOfCanvas(at tab.Place) (tab.Feed, error) {
	if at.Detail != "" {
		return tab.Feed{}, fmt.Errorf("those who draw at %s are not told apart by %q", at.Source.ID(), at.Detail)
	}
	f := &drawers{desk: p.desk, src: at.Source, topic: at.Topic}
	return tab.Feed{Light: true, Wake: func(wake func()) { p.desk.OnDrawing(at.Source, wake) }, Frames: f}, nil
}

func (f *drawers) Snapshot(now time.Time) []byte {
	drawer, asking, _ := f.desk.Drawing(f.src)
	return f.frame(drawer, asking, now)
}

func (f *drawers) Next(now time.Time) []byte {
	drawer, asking, version := f.desk.Drawing(f.src)
	if f.told && version == f.version {
		return nil
	}
	f.told, f.version = true, version
	return f.frame(drawer, asking, now)
}

func (f *drawers) frame(drawer *steer.Drawer, asking []steer.Drawer, now time.Time) []byte {
	w := frame.Begin(nil, f.topic, now)
	w.Key("draw")
	if drawer == nil {
		w.Null()
	} else {
		writeDrawer(&w, *drawer)
	}
	w.Key("asking").Array()
	for _, a := range asking {
		writeDrawer(&w, a)
	}
	w.EndArray()
	return w.End()
}

func writeDrawer(w *frame.Writer, d steer.Drawer) {
	w.Object()
	w.Key("person").String(d.Person)
	if d.Name != "" {
		w.Key("name").String(d.Name)
	}
	w.Key("colour").Int(int64(d.Colour))
	if d.Page != "" {
		w.Key("page").String(d.Page)
	}
	w.EndObject()
}
