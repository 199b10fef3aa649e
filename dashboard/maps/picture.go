package maps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"net/http"
	"net/url"

	"webmon/dashboard/answer"
	"webmon/dashboard/pixels"
	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// pictureSide is how many pixels the small picture of a map has on each side.
const pictureSide = 256

// getPicture answers GET /maps/<map>/picture.png: the first session of a map with something in it, its
// images if there are some, with its objects and tracings.
func (m *Maps) getPicture(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("map")
	e, ok := m.entry(key)
	if !ok {
		return missing("There is no map %.80q.", key)
	}
	if fresh(w, r, askAgain, key, e.Version) {
		return nil
	}
	ctx := r.Context()
	data, err := m.cached(ctx, "picture "+key+" "+e.Version, func() ([]byte, error) {
		o, err := m.open(ctx, key)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = pixels.WritePNG(&b, m.draw(ctx, key, o.Map))
		return b.Bytes(), err
	})
	if err != nil {
		w.Header().Del("ETag")
		return err
	}
	return m.send(w, r, m.files, "image/png", int64(len(data)), func(b *answer.Body) error {
		_, err := b.Write(data)
		return err
	})
}

// draw draws a session of a map, from above.
func (m *Maps) draw(ctx context.Context, key string, o *maps.Map) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, pictureSide, pictureSide))
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 255
	}
	session := 0
	for j, s := range o.Sessions {
		if all, _ := s.Count(o.DefaultType); all > 0 {
			session = j
			break
		}
	}
	if session >= len(o.Sessions) {
		return out
	}
	s := o.Sessions[session]
	// Where micrometres are in the picture: that of the whole stack, or of what there is.
	x0, y0, wide := 0.0, 0.0, math.Max(float64(s.PX)*s.DX, float64(s.PY)*s.DY)
	if !(wide > 0) {
		x0, y0, wide = extent(s)
	}
	scale := pictureSide / wide
	m.underlay(ctx, key, o, session, out)
	light := make([]float64, pictureSide*pictureSide)
	spot := func(x, y, strength float64) {
		u, v := (x-x0)*scale, (y-y0)*scale
		if !(u >= 0 && v >= 0 && u < pictureSide-1 && v < pictureSide-1) {
			return
		}
		iu, iv := int(u), int(v)
		fu, fv := u-float64(iu), v-float64(iv)
		at := iv*pictureSide + iu
		light[at] += strength * (1 - fu) * (1 - fv)
		light[at+1] += strength * fu * (1 - fv)
		light[at+pictureSide] += strength * (1 - fu) * fv
		light[at+pictureSide+1] += strength * fu * fv
	}
	t := tracedOf(o, session, maps.All)
	for i := range t.session {
		spot(t.columns[0][i], t.columns[1][i], 0.35)
	}
	glow(out, light, color.RGBA{86, 180, 233, 255})
	clear(light)
	x, y := s.Table.Column("x"), s.Table.Column("y")
	for i, kind := range s.Types() {
		if kind == o.DefaultType && i < len(x) && i < len(y) {
			d := 0.45 / scale
			for _, at := range [][2]float64{{0, 0}, {d, 0}, {-d, 0}, {0, d}, {0, -d}} {
				spot(x[i]+at[0], y[i]+at[1], 0.6)
			}
		}
	}
	glow(out, light, color.RGBA{240, 228, 66, 255})
	return out
}

// extent is where the objects of a session are, in micrometres: the corner, and the longer side.
func extent(s *maps.Session) (x0, y0, wide float64) {
	span := func(v []float64) (least, most float64) {
		least, most = math.Inf(1), math.Inf(-1)
		for _, x := range v {
			if !math.IsNaN(x) {
				least, most = min(least, x), max(most, x)
			}
		}
		return least, most
	}
	left, right := span(s.Table.Column("x"))
	top, bottom := span(s.Table.Column("y"))
	if !(right >= left && bottom >= top) {
		return 0, 0, 1
	}
	wide = max(right-left, bottom-top, 1e-6) * 1.1
	return (left + right - wide) / 2, (top + bottom - wide) / 2, wide
}

// glow blends a colour into a picture, as much of it as there is light.
func glow(out *image.RGBA, light []float64, c color.RGBA) {
	for i, v := range light {
		if v <= 0 {
			continue
		}
		v = min(v, 1)
		for k, of := range [3]uint8{c.R, c.G, c.B} {
			p := &out.Pix[4*i+k]
			*p = uint8(float64(*p)*(1-v) + float64(of)*v + 0.5)
		}
	}
}

// underlay draws the maximum of the session's default channel, if there are images. A map whose
// images cannot be read has a picture of its objects all the same.
func (m *Maps) underlay(ctx context.Context, key string, o *maps.Map, session int, out *image.RGBA) {
	channels := m.opts.Library.Channels(key, session)
	if len(channels) == 0 {
		return
	}
	channel := channels[0]
	for _, c := range channels {
		if c == o.Sessions[session].Channel {
			channel = c
		}
	}
	im, err := m.opts.Library.Image(ctx, key, session, channel)
	if err != nil {
		if !errors.Is(err, library.ErrNoImage) {
			m.opts.Logger.Debug("a map's picture has no image", "map", key, "error", err)
		}
		return
	}
	defer im.Release()
	info := im.Info()
	side := max(info.Rows, info.Cols)
	p := part{from: 0, to: info.Slices - 1, rect: info.Whole(), step: max(1, side/pictureSide)}
	if info.Bytes(p.rect) > maxPlane {
		return
	}
	data, err := m.read(ctx, im, p)
	if err != nil {
		m.opts.Logger.Debug("a map's picture has no image", "map", key, "error", err)
		return
	}
	rows, cols := p.size()
	img, err := pixels.Draw(shm.Pixels{Type: info.Type, Rows: rows, Cols: cols, Samples: 1, Data: data}, nil, "gray", 1)
	if err != nil {
		return
	}
	f := float64(max(rows, cols)) / pictureSide
	for v := range pictureSide {
		for u := range pictureSide {
			x, y := int(float64(u)*f), int(float64(v)*f)
			if x < cols && y < rows {
				c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
				out.SetRGBA(u, v, c)
			}
		}
	}
}

// pictureHref is the address of the small picture of a map.
func (m *Maps) pictureHref(e library.Entry) string {
	return fmt.Sprintf("%s/%s/%s/picture.png", m.opts.Prefix.String(), slug, url.PathEscape(e.Key))
}
