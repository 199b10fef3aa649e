package volumes

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"strconv"
	"time"

	"webmon/dashboard/pixels"
	"webmon/dashboard/volumes/level"
	"webmon/shm"
)

// pictureSide is the longest side of the small picture of a volume, in pixels.
const pictureSide = 128

// whatPicture is what a problem of a small picture is one of.
const whatPicture = "picture"

// getPicture sends a small picture of a volume: the plane in its middle.
func (v *Volumes) getPicture(w http.ResponseWriter, r *http.Request) error {
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	if !vol.Kind.IsVoxels() {
		return &Failure{404, vol.title() + " has no voxels."}
	}
	ctx, cancel := context.WithTimeout(r.Context(), chunkTime)
	defer cancel()
	tag := `"` + strconv.Quote(l.epoch(s)) + `"`
	tag = `"` + strconv.FormatUint(hash(tag), 16) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	data, release, err := v.flights.make(ctx, l.epoch(s)+"/picture", 1<<20, func(ctx context.Context) ([]byte, error) {
		return l.picture(ctx, vol, s)
	})
	if err != nil {
		h.Del("ETag")
		if r.Context().Err() != nil {
			return nil // nobody waits for the answer
		}
		f := why(err)
		l.mu.Lock()
		s.fail(whatPicture, "", f, time.Now())
		l.mu.Unlock()
		return f
	}
	defer release()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data)
	return nil
}

// undrawn is why there was no small picture of a volume lately, "" if nothing is known of that.
func (l *live) undrawn(key string, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.shown[key]; s != nil {
		for _, p := range s.problems {
			if p.What == whatPicture && now.Sub(p.At) < problemAge {
				return p.Text
			}
		}
	}
	return ""
}

func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(text) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// picture draws the plane in the middle of a volume, of every so many voxels one: a mean of the whole
// plane would read all of it.
func (l *live) picture(ctx context.Context, v *volume, s *shown) ([]byte, error) {
	down, right := -1, -1 // the axes
	for i := len(v.Shape) - 1; i >= 0; i-- {
		if i == v.Channels || pixels.IsTime(v.Axes[i]) {
			continue
		}
		if right < 0 {
			right = i
		} else if down < 0 {
			down = i
		}
	}
	if right < 0 {
		return nil, &Failure{404, "There is nothing to draw."}
	}
	from, shape := 0, v.Shape
	for k, c := range v.Levels {
		if down < 0 || c.Shape[down] >= pictureSide/2 || c.Shape[right] >= pictureSide/2 {
			from, shape = k+1, c.Shape
		}
	}
	box := shm.Box{Level: from, From: make([]int, len(shape)), To: make([]int, len(shape))}
	for i, n := range shape {
		box.From[i], box.To[i] = n/2, n/2+1
		if i == down || i == right || i == v.Channels {
			box.From[i], box.To[i] = 0, n
		}
	}
	rows, cols := 1, shape[right]
	if down >= 0 {
		rows = shape[down]
	}
	step := max(1, (max(rows, cols)+pictureSide-1)/pictureSide)
	d, _ := level.ParseDType(v.Descr)
	channels := 1
	if v.Channels >= 0 {
		channels = shape[v.Channels]
	}
	if rows*cols*channels > 64<<20 {
		return nil, &Failure{404, "The plane is too large for a small picture."}
	}
	raw, err := l.read(ctx, v, s, box, nil)
	if err != nil {
		return nil, err
	}
	// Where a voxel lies in the box.
	stride := make([]int, len(shape))
	n := d.Size
	for i := len(shape) - 1; i >= 0; i-- {
		stride[i] = n
		n *= box.To[i] - box.From[i]
	}
	if len(raw) != n {
		return nil, wrong("A box of %d bytes came with %d.", n, len(raw))
	}
	h := l.histogram(ctx, v, s)
	low, high := 0.0, 1.0
	switch {
	case v.Limits != nil:
		low, high = v.Limits[0], v.Limits[1]
	case h != nil:
		low, high = h.Low, h.High
	}
	table, ok := pixels.Colors(v.Colormap, 256)
	if !ok {
		table, _ = pixels.Colors("gray", 256)
	}
	out := image.NewRGBA(image.Rect(0, 0, (cols+step-1)/step, (rows+step-1)/step))
	full := 255.0
	switch {
	case d.Kind == 'f', d.Kind == 'b':
		full = 1
	case d.Kind == 'u' && d.Size == 2:
		full = 65535
	}
	for y := 0; y < rows; y += step {
		for x := 0; x < cols; x += step {
			at := x * stride[right]
			if down >= 0 {
				at += y * stride[down]
			}
			var c color.RGBA
			switch {
			case v.Kind == shm.VolumeLabels:
				c = labelColor(raw[at : at+d.Size])
			case v.RGB && channels >= 3:
				var part [3]uint8
				for k := range part {
					part[k] = uint8(255 * clamp(d.Float(raw[at+k*stride[v.Channels]:])/full))
				}
				c = color.RGBA{part[0], part[1], part[2], 255}
			default:
				c = table[int(255*clamp((d.Float(raw[at:])-low)/math.Max(high-low, 1e-300)))]
			}
			out.SetRGBA(x/step, y/step, c)
		}
	}
	var b bytes.Buffer
	err = png.Encode(&b, out)
	return b.Bytes(), err
}

// labelColor is a colour for a label, black for none.
func labelColor(bits []byte) color.RGBA {
	zero := true
	for _, b := range bits {
		zero = zero && b == 0
	}
	if zero {
		return color.RGBA{0, 0, 0, 255}
	}
	h := hash(string(bits))
	return color.RGBA{uint8(80 + h%176), uint8(80 + h>>16%176), uint8(80 + h>>32%176), 255}
}
