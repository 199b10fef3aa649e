package sections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webmon/dashboard/budget"
	"webmon/dashboard/hub"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/natural"
	"webmon/shm"
)

const (
	leastSize = 64
	mostSize  = 1024 // rows and columns of a picture
	// rest is the least time between two planes that are read: nobody sees more while sliding. The process rests twice as long as it
	// took to read.
	rest = 50 * time.Millisecond
)

// A picture is one of [pixels.Writer], in colour. What its head says of a section is
//
//	"section": {"plane": "below" | "right", "axes": [down, right, cut], "units": [...], "through": [names of axes to choose from],
//	 "down": [first edge, last edge], "right": [...], "at": [of the crosshair, along axes], "places": [of each axis: how many, 0 for none],
//	 "step": [of each axis, between two places], "layers": [{"id", "name", "level", "voxel": [...] or null, "value", "problem"}], "left": [sentences]}
//
// in napari's coordinates. Where there is nothing to draw, rows and cols are 0 and "problem" says why.

// feed makes the pictures of one plane in one size.
type feed struct {
	s      *Sections
	src    *source.Source
	writer *pixels.Writer
	plane  string
	most   int
	into   string

	look chan struct{} // capacity one: something may be new

	mu   sync.Mutex // guards all below
	done *drawn     // is to be sent
}

// drawn is a scene with what was read of it, or why there is none.
type drawn struct {
	scene  *scene
	planes [][]byte // of its layers, nil for what could not be read
	err    error
}

// Feeds are the feeds of pictures: "<source>/sections/<plane>/<size>[/<axis>]". plane is "below" or "right", size the most rows and columns that
// the page can show, from 64 to 1024 in steps of 64, and axis the name of the axis that sections go into.
func (s *Sections) Feeds() map[string]tab.NewPictures {
	return map[string]tab.NewPictures{Feed: s.open}
}

func (s *Sections) open(at tab.Place) (tab.Pictures, error) {
	plane, size, _ := strings.Cut(at.Detail, "/")
	size, into, _ := strings.Cut(size, "/")
	n, err := strconv.Atoi(size)
	switch {
	case plane != below && plane != right:
		return tab.Pictures{}, fmt.Errorf("%q is no section: there are %s and %s", plane, below, right)
	case err != nil || n < leastSize || n > mostSize || n%leastSize != 0 || strconv.Itoa(n) != size:
		return tab.Pictures{}, fmt.Errorf("%q is no size of a section", size)
	case len(into) > 64 || strings.Contains(into, "/"):
		return tab.Pictures{}, fmt.Errorf("%q is no axis", natural.Clip(into, 80))
	}
	f := &feed{s: s, src: at.Source, writer: pixels.NewWriter(at.Hub, at.Topic), plane: plane, most: n, into: into, look: make(chan struct{}, 1)}
	f.writer.Uncounted = true
	return tab.Pictures{
		Wants: []string{shm.TopicDims, shm.TopicCamera, shm.TopicLayers, shm.TopicColors, shm.TopicVolumes, shm.TopicControls},
		Next:  f.next, Run: f.run,
	}, nil
}

// run reads what has changed until ctx is done.
func (f *feed) run(ctx context.Context, wake func()) {
	release := f.s.listen(f.src, f, wake)
	defer release()
	versions := wants{src: f.src}
	defer versions.set(nil)
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.look:
		}
		began := time.Now()
		d := &drawn{}
		d.scene, d.err = sceneOf(f.src, f.s, f.plane, f.most, f.into)
		looks := ""
		if d.err != nil {
			looks = "!" + d.err.Error()
			versions.set(nil)
		} else {
			looks = d.scene.looks()
			versions.set(d.scene.layers)
		}
		if looks == last {
			continue
		}
		if d.err == nil {
			if d.planes, d.err = f.s.read(ctx, f.src, d.scene); ctx.Err() != nil {
				return
			}
		}
		last = looks
		f.mu.Lock()
		f.done = d
		f.mu.Unlock()
		wake()
		timer := time.NewTimer(max(rest, 2*time.Since(began)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		shm.Signal(f.look) // for what has come meanwhile
	}
}

// wants are the versions of the volumes that are drawn.
type wants struct {
	src     *source.Source
	names   string
	release func()
}

func (w *wants) set(layers []layer) {
	var topics []string
	for i := range layers {
		topics = append(topics, shm.VolumeTopic(layers[i].info.Name))
	}
	names := strings.Join(topics, "\x00")
	if names == w.names {
		return
	}
	release := w.release
	w.names, w.release = names, nil
	if len(topics) > 0 {
		w.release = w.src.Want(topics...)
	}
	if release != nil {
		release()
	}
}

// read reads the planes of a scene. What cannot be read of a layer becomes its problem; an error is about all of them.
func (s *Sections) read(ctx context.Context, src *source.Source, sc *scene) ([][]byte, error) {
	planes := make([][]byte, len(sc.layers))
	reads := src.VolumeSource()
	for i := range sc.layers {
		l := &sc.layers[i]
		if l.problem != "" {
			continue
		}
		if data, ok := s.kept.Get(l.key); ok {
			planes[i] = data
			continue
		}
		if reads == nil {
			l.problem = "The process has ended, so nothing can be read of it."
			continue
		}
		data, err := s.plane(ctx, reads, l)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			l.problem = natural.Sentence(natural.Clip(err.Error(), 300))
			continue
		}
		s.kept.Put(l.key, data)
		planes[i] = data
	}
	return planes, nil
}

func (s *Sections) plane(ctx context.Context, reads shm.VolumeSource, l *layer) ([]byte, error) {
	waiting, cancel := context.WithTimeout(ctx, budget.Patience)
	defer cancel()
	if !s.reading.Wait(waiting, int64(l.size)) {
		return nil, errors.New("others are reading planes, and there is no room for this one besides: start webmon with more --memory")
	}
	defer s.reading.Give(int64(l.size))
	data, err := reads.ReadBox(ctx, &l.info, l.box, nil)
	if err == nil && len(data) != l.size {
		err = fmt.Errorf("a plane of %d bytes came with %d", l.size, len(data))
	}
	return data, err
}

// next is [tab.Pictures.Next].
func (f *feed) next(now time.Time) hub.Picture {
	shm.Signal(f.look)
	f.mu.Lock()
	d := f.done
	f.done = nil
	f.mu.Unlock()
	if d == nil {
		return nil
	}
	head, err := json.Marshal(f.head(d))
	if err != nil {
		return nil // NaN in a value: none is written, so this cannot be
	}
	rows, cols := 0, 0
	if d.err == nil {
		rows, cols = d.scene.rows, d.scene.cols
	}
	made, err := f.writer.Drawn(head, rows, cols, d.labels(), now, d.paint)
	if err != nil { // there is room again when a browser has taken what is under way
		f.mu.Lock()
		if f.done == nil {
			f.done = d
		}
		f.mu.Unlock()
		return nil
	}
	return made
}

// labels reports whether the picture shows labels, none of whose colours may become another one.
func (d *drawn) labels() bool {
	return d.err == nil && slices.ContainsFunc(d.scene.layers, func(l layer) bool { return l.labels })
}

type listed struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Level   int       `json:"level"`
	Voxel   []int     `json:"voxel"` // of level 0, under the crosshair
	Value   shm.Value `json:"value"`
	Text    string    `json:"text,omitempty"` // the value with all its digits, where a number has not them
	Problem string    `json:"problem,omitempty"`
}

func (f *feed) head(d *drawn) map[string]any {
	section := map[string]any{"plane": f.plane}
	head := map[string]any{"section": section}
	if d.err != nil {
		section["problem"] = natural.Sentence(d.err.Error())
		return head
	}
	sc := d.scene
	var names, units []string
	var at, step []float64
	var places []int
	for _, i := range []int{sc.v, sc.u, sc.cut} {
		a := sc.d.axes[i]
		names, units, at, step, places = append(names, a.name), append(units, a.unit), append(at, a.point), append(step, a.step), append(places, a.steps)
	}
	through := []string{}
	for _, i := range sc.through {
		through = append(through, sc.d.axes[i].name)
	}
	layers := []listed{}
	for i := range sc.layers[:min(len(sc.layers), maxListed)] {
		l := &sc.layers[i]
		e := listed{ID: l.id, Name: natural.Clip(l.name, 120), Level: l.box.Level, Voxel: l.at, Problem: l.problem}
		if data := d.planes[i]; data != nil && l.at != nil {
			if ink, ok := l.ink(); ok {
				e.Value = plain(ink.Values(data[l.under:], l.of))
				e.Text = pixels.Digits(e.Value)
			}
		}
		layers = append(layers, e)
	}
	for key, value := range map[string]any{
		"axes": names, "units": units, "through": through, "down": sc.v01, "right": sc.u01, "at": at, "places": places, "step": step,
		"layers": layers, "left": sc.left,
	} {
		section[key] = value
	}
	return head
}

// plain is a value that JSON can hold.
func plain(v shm.Value) shm.Value {
	if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	if list, ok := v.([]shm.Value); ok {
		for i := range list {
			list[i] = plain(list[i])
		}
	}
	return v
}

func (l *layer) ink() (*pixels.Ink, bool) {
	return pixels.NewInk(pixels.Paint{
		Descr: l.info.Descr, Labels: l.labels, Samples: l.samples, Limits: l.limits, Gamma: l.gamma, Colormap: l.colormap, Table: l.table, Selection: l.selected,
	})
}

// paint blends the layers, the lowest first, on napari's canvas: out has 3 bytes a pixel.
func (d *drawn) paint(out []byte) {
	sc := d.scene
	for i := 0; i+2 < len(out); i += 3 {
		copy(out[i:], sc.canvas[:])
	}
	first := true
	for i := range sc.layers {
		l, data := &sc.layers[i], d.planes[i]
		if data == nil {
			continue
		}
		ink, ok := l.ink()
		if !ok {
			continue
		}
		blend, covers := blendOf(l.blending, first)
		first = false
		alpha := clamp(l.opacity)
		covers = covers && alpha == 1
		share := float32(alpha / 255)
		for y, row := range l.down {
			if row < 0 {
				continue
			}
			at := 3 * y * sc.cols
			for _, col := range l.across {
				if col >= 0 {
					c := ink.At(data[row+col:], l.of)
					switch to := out[at : at+3 : at+3]; {
					case covers && c.A == 255:
						to[0], to[1], to[2] = c.R, c.G, c.B
					case blend == nil: // the usual way
						a := float32(c.A) * share
						to[0], to[1], to[2] = mix(to[0], c.R, a), mix(to[1], c.G, a), mix(to[2], c.B, a)
					default:
						blend(to, c, alpha)
					}
				}
				at += 3
			}
		}
	}
}

// blendOf is one of napari's ways to blend a pixel into those below it. nil is the usual one,
// mix. covers says that an opaque one takes their place. With additive and
// minimum the canvas does not count: of the lowest layer.
func blendOf(word string, lowest bool) (blend func(to []byte, c color.NRGBA, opacity float64), covers bool) {
	each := func(f func(below, above, alpha float64) float64) func([]byte, color.NRGBA, float64) {
		return func(to []byte, c color.NRGBA, opacity float64) {
			alpha := float64(c.A) / 255 * opacity
			for i, v := range [3]uint8{c.R, c.G, c.B} {
				to[i] = uint8(min(max(f(float64(to[i]), float64(v), alpha), 0), 255) + 0.5)
			}
		}
	}
	switch {
	case word == "additive" && lowest:
		return each(func(_, above, alpha float64) float64 { return above * alpha }), true
	case word == "additive":
		return each(func(below, above, alpha float64) float64 { return below + above*alpha }), false
	case word == "minimum" && lowest:
		return each(func(_, above, _ float64) float64 { return above }), true
	case word == "minimum":
		return each(func(below, above, alpha float64) float64 {
			if alpha == 0 {
				return below
			}
			return min(below, above)
		}), false
	case word == "multiplicative" && !lowest:
		return each(func(below, above, _ float64) float64 { return below * above / 255 }), false
	case word == "opaque" && !lowest:
		return each(func(below, above, alpha float64) float64 {
			if alpha == 0 {
				return below
			}
			return above
		}), true
	}
	return nil, true
}

// mix is the usual way to blend: above covers as much of what is below as alpha says.
func mix(below, above uint8, alpha float32) uint8 {
	return uint8(float32(below) + (float32(above)-float32(below))*alpha + 0.5)
}
