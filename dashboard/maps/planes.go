package maps

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"webmon/dashboard/answer"
	"webmon/dashboard/pixels"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
	"webmon/shm/stack"
)

const (
	// maxPlane is how many bytes the rectangle of an answer may have before it is made smaller.
	maxPlane = 64 << 20
	// forever lets a browser keep an answer whose address has the tag of its pixels.
	forever = "private, max-age=604800, immutable"
)

// part is what of a stack is asked for.
type part struct {
	session, channel int // the channel is counted from 1
	from, to         int // slices, both included; what they have in common is their maximum
	rect             stack.Rect
	step             int
	light            *[2]float64 // values drawn dark and bright: pixels of 16 bits become those of 8 that are drawn
}

// image opens the images that a request names.
func (m *Maps) image(ctx context.Context, q asked, o library.Opened, key string) (library.Image, part, error) {
	p := part{}
	var err error
	if p.session, err = q.number("session", "session", len(o.Sessions)); err != nil {
		return library.Image{}, p, err
	}
	p.session = max(p.session, 0)
	s := o.Sessions[p.session]
	p.channel = max(s.Channel, 1)
	if text := q.Get("channel"); text != "" {
		if p.channel, err = strconv.Atoi(text); err != nil || p.channel < 1 || p.channel > 64 {
			return library.Image{}, p, refuse("channel", "channel must be a whole number from 1")
		}
	}
	im, err := m.opts.Library.Image(ctx, key, p.session, p.channel)
	switch {
	case errors.Is(err, library.ErrNoImage):
		return im, p, missing("Session %d has no images of channel %d.", p.session, p.channel)
	case err != nil && ctx.Err() != nil:
		return im, p, ctx.Err()
	case err != nil:
		return im, p, &Failure{Status: http.StatusUnprocessableEntity, Text: natural.Sentence(err.Error())}
	}
	if err := p.parse(q, im.Info(), s); err != nil {
		im.Release()
		return library.Image{}, p, err
	}
	return im, p, nil
}

// parse reads slice, rect and step.
func (p *part) parse(q asked, info *stack.Info, s *maps.Session) error {
	last := info.Slices - 1
	switch text := q.Get("slice"); {
	case text == "all":
		p.from, p.to = 0, last
	case text == "":
		p.from = min(max(cmp.Or(s.PZ, info.Slices)/2, 0), last)
		p.to = p.from
	default:
		from, to, ranged := strings.Cut(text, "-")
		a, err := strconv.Atoi(from)
		b := a
		if err == nil && ranged {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 0 || b < a {
			return refuse("slice", "slice must be a number from 0, a range such as 29-33, or all")
		}
		if a > last {
			return refuse("slice", "there is no slice %d; the stack has %d, counted from 0", a, info.Slices)
		}
		p.from, p.to = a, min(b, last)
	}
	p.rect = info.Whole()
	if text := q.Get("rect"); text != "" {
		var n [4]int
		parts := strings.Split(text, ",")
		ok := len(parts) == 4
		for i := 0; ok && i < 4; i++ {
			v, err := strconv.Atoi(parts[i])
			n[i], ok = v, err == nil && v >= 0 && v < 1<<30 && (i < 2 || v > 0)
		}
		if !ok {
			return refuse("rect", "rect must be row,column,rows,columns")
		}
		if n[0] >= info.Rows || n[1] >= info.Cols {
			return refuse("rect", "rect begins outside of the stack, which has %d rows and %d columns", info.Rows, info.Cols)
		}
		p.rect = stack.Rect{Row: n[0], Col: n[1], Rows: min(n[2], info.Rows-n[0]), Cols: min(n[3], info.Cols-n[1])}
	}
	p.step = 1
	if text := q.Get("step"); text != "" {
		v, err := strconv.Atoi(text)
		if err != nil || v < 1 || v > 1024 {
			return refuse("step", "step must be a whole number from 1 to 1024")
		}
		p.step = v
	}
	var err error
	if p.light, err = q.limits(); err != nil {
		return err
	}
	if info.Type != shm.U16 {
		p.light = nil
	}
	if info.Bytes(p.rect) > maxPlane {
		return refuse("rect", "the part has %d MiB, and may have %d: ask for a smaller one", info.Bytes(p.rect)>>20, maxPlane>>20)
	}
	return nil
}

// limits reads low and high, values between which pixels are drawn from dark to bright; nil without them.
func (q asked) limits() (*[2]float64, error) {
	if q.Get("low") == "" && q.Get("high") == "" {
		return nil, nil
	}
	out := &[2]float64{}
	for i, field := range []string{"low", "high"} {
		var err error
		if out[i], err = q.float(field, math.NaN(), -1e6, 1e6); err != nil {
			return nil, err
		}
		if math.IsNaN(out[i]) {
			return nil, refuse(field, "low and high go together")
		}
	}
	if out[1] <= out[0] {
		return nil, refuse("high", "high must be above low")
	}
	return out, nil
}

// pixels is the type of the answer's pixels.
func (p *part) pixels(info *stack.Info) shm.PixelType {
	if p.light != nil {
		return shm.U8
	}
	return info.Type
}

// rows and cols of the answer.
func (p *part) size() (rows, cols int) {
	return (p.rect.Rows + p.step - 1) / p.step, (p.rect.Cols + p.step - 1) / p.step
}

// getPlane answers GET /maps/<map>/plane?session=&channel=&slice=&rect=&step=&low=&high=&tag=:
// the pixels of a part of a plane, row by row, unsigned of 8 or 16 bits, little-endian. slice
// is one, a range of which the maximum is sent, or all. step makes one pixel of as many by as
// many: their mean. With low and high, pixels of 16 bits are sent as the 8 bits that are
// drawn, from 0 at low to 255 at high. Who names the tag that getImages told may keep the answer.
func (m *Maps) getPlane(w http.ResponseWriter, r *http.Request) error {
	return m.withPlane(w, r, func(im library.Image, p part) error {
		info := im.Info()
		rows, cols := p.size()
		w.Header().Set("Webmon-Plane", fmt.Sprintf("%s %d %d %d %d", p.pixels(info), rows, cols, p.from, p.to))
		return m.send(w, r, m.texts, binaryType, int64(info.Bytes(p.rect)), func(b *answer.Body) error {
			data, err := m.read(r.Context(), im, p)
			if err != nil {
				return err
			}
			b.Adopt(data)
			return nil
		})
	})
}

// getPlanePNG answers GET /maps/<map>/plane.png, which takes what getPlane takes, and
// gamma and colormap.
func (m *Maps) getPlanePNG(w http.ResponseWriter, r *http.Request) error {
	q := ask(r)
	gamma, err := q.float("gamma", 1, 0.01, 100)
	if err != nil {
		return err
	}
	limits, err := q.limits()
	if err != nil {
		return err
	}
	return m.withPlane(w, r, func(im library.Image, p part) error {
		info := im.Info()
		rows, cols := p.size()
		p.light = nil // of colours there are more
		if limits != nil {
			limits[0], limits[1] = limits[0]-float64(info.Base), limits[1]-float64(info.Base)
		}
		return m.send(w, r, m.files, "image/png", int64(info.Bytes(p.rect)+2*rows*cols), func(b *answer.Body) error {
			data, err := m.read(r.Context(), im, p)
			if err != nil {
				return err
			}
			img, err := pixels.Draw(shm.Pixels{Type: info.Type, Rows: rows, Cols: cols, Samples: 1, Data: data}, limits, q.Get("colormap"), gamma)
			if err != nil {
				return err
			}
			return pixels.WritePNG(b, img)
		})
	})
}

// withPlane answers with what f makes of the plane that a request names, unless the
// browser has it.
func (m *Maps) withPlane(w http.ResponseWriter, r *http.Request, f func(library.Image, part) error) error {
	key := r.PathValue("map")
	o, err := m.open(r.Context(), key)
	if err != nil {
		return err
	}
	im, p, err := m.image(r.Context(), ask(r), o, key)
	if err != nil {
		return err
	}
	defer im.Release()
	keep := askAgain
	if r.URL.Query().Get("tag") == im.Tag {
		keep = forever
	}
	if fresh(w, r, keep, r.URL.Path, r.URL.RawQuery, im.Tag) {
		return nil
	}
	err = f(im, p)
	if err != nil {
		h := w.Header()
		h.Del("ETag")
		h.Set("Cache-Control", "no-store")
	}
	if errors.Is(err, stack.ErrRange) {
		err = refuse("rect", "%s", err.Error())
	}
	return err
}

// read reads a part of a stack, into memory that nobody else has.
func (m *Maps) read(ctx context.Context, im library.Image, p part) ([]byte, error) {
	info := im.Info()
	if p.step == 1 && p.light == nil {
		return m.pixels(ctx, im, p, nil)
	}
	table := (*[1 << 16]uint8)(nil)
	if p.light != nil {
		var err error
		if table, err = m.table(ctx, p.light[0]-float64(info.Base), p.light[1]-float64(info.Base)); err != nil {
			return nil, err
		}
	}
	buffer := scratch.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= mostScratch {
			scratch.Put(buffer)
		}
	}()
	rows, cols := p.size()
	out := make([]byte, 0, rows*cols*p.pixels(info).Size())
	// One slice that is only copied is read in bands, which stay in the processor's cache until they have become smaller.
	band := p.rect.Rows
	if !info.Packed && p.from == p.to {
		band = min(band, max(bandBytes/max(info.Bytes(stack.Rect{Rows: p.step, Cols: p.rect.Cols}), 1), 1)*p.step)
	}
	for row := 0; row < p.rect.Rows; row += band {
		part := p
		part.rect.Row, part.rect.Rows = p.rect.Row+row, min(band, p.rect.Rows-row)
		data, err := m.pixels(ctx, im, part, *buffer)
		if err != nil {
			return nil, err
		}
		*buffer = data
		if p.step > 1 {
			data = stack.Mean(data, data, info.Type, part.rect.Rows, part.rect.Cols, p.step)
		}
		if table != nil {
			data = stack.Light(data, data, table)
		}
		out = append(out, data...)
	}
	return out, nil
}

// bandBytes is how many bytes of a slice are read at a time.
const bandBytes = 128 << 10

// scratch are buffers for what is read of stacks before it is made smaller; larger ones than mostScratch are let go.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

const mostScratch = 8 << 20

// pixels reads a part of a stack as it is, into dst where that is large enough. The maximum of
// all slices is kept, since it takes long and everybody looks at it; so are, for a sliding
// maximum, slices that have to be unpacked, since the next one needs all of them but one.
func (m *Maps) pixels(ctx context.Context, im library.Image, p part, dst []byte) ([]byte, error) {
	info := im.Info()
	switch {
	case p.from == p.to:
		return im.ReadPlane(ctx, 0, im.Channel, p.from, p.rect, dst)
	case p.from == 0 && p.to == info.Slices-1 && info.Bytes(info.Whole()) <= maxPlane:
		all, err := m.projection(ctx, im)
		if err != nil {
			return nil, err
		}
		return cut(all, info, p.rect, dst), nil
	case !info.Packed || p.to-p.from >= fewSlices:
		return stack.ReadMax(ctx, im, 0, im.Channel, p.from, p.to, p.rect, dst)
	}
	dst = dst[:0]
	for z := p.from; z <= p.to; z++ {
		slice, err := m.cached(ctx, fmt.Sprintf("slice %s %d %d %v", im.Tag, im.Channel, z, p.rect), func() ([]byte, error) {
			return im.ReadPlane(ctx, 0, im.Channel, z, p.rect, nil)
		})
		if err != nil {
			return nil, err
		}
		if z == p.from {
			dst = append(dst, slice...)
		} else {
			stack.Max(dst, slice, info.Type)
		}
	}
	return dst, nil
}

// fewSlices is how many slices a maximum may have, less one, whose slices are kept.
const fewSlices = 16

// cut copies a rectangle out of a whole plane.
func cut(all []byte, info *stack.Info, r stack.Rect, dst []byte) []byte {
	size := info.Type.Size()
	dst = dst[:0]
	for row := range r.Rows {
		at := ((r.Row+row)*info.Cols + r.Col) * size
		dst = append(dst, all[at:at+r.Cols*size]...)
	}
	return dst
}

// table is how bright each pixel of 16 bits is between two values, as the script of a page computes it
// (brightness, in public/js/maps/light.js).
func (m *Maps) table(ctx context.Context, low, high float64) (*[1 << 16]uint8, error) {
	data, err := m.cached(ctx, fmt.Sprintf("light %v %v", low, high), func() ([]byte, error) {
		out := make([]byte, 1<<16)
		scale := 255 / math.Max(high-low, 1e-9)
		for v := range out {
			out[v] = uint8(min(max(float64((float64(v)-low)*scale)+0.5, 0), 255))
		}
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	return (*[1 << 16]uint8)(data), nil
}

// making lets those who want the same thing at once wait for the first.
type making struct {
	mu    sync.Mutex
	under map[string]chan struct{}
}

// turn returns once nobody makes the thing of that name; done must be called. It returns
// the error of ctx when that ends first.
func (k *making) turn(ctx context.Context, name string) (done func(), err error) {
	for {
		k.mu.Lock()
		other, busy := k.under[name]
		if !busy {
			if k.under == nil {
				k.under = map[string]chan struct{}{}
			}
			mine := make(chan struct{})
			k.under[name] = mine
			k.mu.Unlock()
			return func() {
				k.mu.Lock()
				delete(k.under, name)
				k.mu.Unlock()
				close(mine)
			}, nil
		}
		k.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// cached returns what is kept under a name, or makes it, once for all who ask at once.
func (m *Maps) cached(ctx context.Context, name string, f func() ([]byte, error)) ([]byte, error) {
	if data, ok := m.kept.Get(name); ok {
		return data, nil
	}
	done, err := m.making.turn(ctx, name)
	if err != nil {
		return nil, err
	}
	defer done()
	if data, ok := m.kept.Get(name); ok {
		return data, nil
	}
	data, err := f()
	if err == nil {
		m.kept.Put(name, data)
	}
	return data, err
}

// projection is the maximum of all slices of a channel. It must not be changed.
func (m *Maps) projection(ctx context.Context, im library.Image) ([]byte, error) {
	info := im.Info()
	name := fmt.Sprintf("all %s %d", im.Tag, im.Channel)
	return m.cached(ctx, name, func() ([]byte, error) {
		return stack.ReadMax(ctx, im, 0, im.Channel, 0, info.Slices-1, info.Whole(), nil)
	})
}

// sampled is how many slices of a stack its contrast is taken from, at least.
const sampled = 9

// contrast returns the values between which a channel is drawn from dark to bright, and
// the least and the greatest of those that were looked at.
func (m *Maps) contrast(ctx context.Context, im library.Image) (out [4]float64, err error) {
	info := im.Info()
	if info.Bytes(info.Whole()) > maxPlane {
		most := float64(int(1)<<(8*info.Type.Size()) - 1)
		return [4]float64{0, most, 0, most}, nil
	}
	data, err := m.cached(ctx, fmt.Sprintf("contrast %s %d", im.Tag, im.Channel), func() ([]byte, error) {
		counts := make([]int, 1<<(8*info.Type.Size()))
		total := 0
		var plane []byte
		for i := range min(sampled, info.Slices) {
			z := (2*i + 1) * info.Slices / (2 * min(sampled, info.Slices))
			if plane, err = im.ReadPlane(ctx, 0, im.Channel, z, info.Whole(), plane); err != nil {
				return nil, err
			}
			total += count(counts, plane, info.Type)
		}
		at := func(part float64) int {
			left := int(part * float64(total))
			for v, n := range counts {
				if left -= n; left < 0 {
					return v
				}
			}
			return len(counts) - 1
		}
		low, high, least, most := at(0.02), at(0.9995), at(0), at(1)
		for most > least && counts[most] == 0 {
			most--
		}
		if high <= low {
			high = low + 1
		}
		b := make([]byte, 0, 16)
		for _, v := range []int{low, high, least, most} {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
		return b, nil
	})
	if err != nil {
		return out, err
	}
	for i := range out {
		out[i] = float64(binary.LittleEndian.Uint32(data[4*i:])) + float64(info.Base)
	}
	return out, nil
}

func count(counts []int, plane []byte, t shm.PixelType) int {
	if t == shm.U8 {
		for _, v := range plane {
			counts[v]++
		}
		return len(plane)
	}
	for i := 0; i+1 < len(plane); i += 2 {
		counts[binary.LittleEndian.Uint16(plane[i:])]++
	}
	return len(plane) / 2
}

// imageInfo is what a script must know of the images of a channel of a session.
type imageInfo struct {
	Session int     `json:"session"`
	Channel int     `json:"channel"`
	Tag     string  `json:"tag"`
	Type    string  `json:"type"`
	Rows    int     `json:"rows"`
	Cols    int     `json:"cols"`
	Slices  int     `json:"slices"`
	Base    int     `json:"base"` // to be added to a pixel for its value
	Name    string  `json:"name,omitempty"`
	Low     float64 `json:"low"` // drawn dark
	High    float64 `json:"high"`
	Least   float64 `json:"least"`
	Most    float64 `json:"most"`
	Problem string  `json:"problem,omitempty"`
	// Stretched says that slices cannot be compared.
	Stretched bool `json:"stretched,omitempty"`
}

// getImages answers GET /maps/<map>/images?session=: the images of a session, or of all, as
// JSON: {"images": [...]} in the order of sessions and channels.
func (m *Maps) getImages(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("map")
	o, err := m.open(r.Context(), key)
	if err != nil {
		return err
	}
	only, err := ask(r).number("session", "session", len(o.Sessions))
	if err != nil {
		return err
	}
	list := []imageInfo{}
	for j := range o.Sessions {
		if only != maps.All && j != only {
			continue
		}
		for _, c := range m.opts.Library.Channels(key, j) {
			info, err := m.describe(r.Context(), key, j, c)
			if err != nil && r.Context().Err() != nil {
				return r.Context().Err()
			}
			if errors.Is(err, library.ErrNoImage) {
				continue
			}
			list = append(list, info)
		}
	}
	return m.send(w, r, m.texts, "application/json", 0, func(b *answer.Body) error {
		out, err := json.Marshal(map[string]any{"images": list})
		if err != nil {
			return err
		}
		_, err = io.WriteString(b, string(out)+"\n")
		return err
	})
}

// describe says what the images of a channel are.
func (m *Maps) describe(ctx context.Context, key string, session, channel int) (imageInfo, error) {
	out := imageInfo{Session: session, Channel: channel}
	im, err := m.opts.Library.Image(ctx, key, session, channel)
	if err == nil {
		defer im.Release()
		info := im.Info()
		out.Tag, out.Type, out.Rows, out.Cols, out.Slices, out.Base = im.Tag, string(info.Type), info.Rows, info.Cols, info.Slices, info.Base
		out.Stretched = info.Stretched
		if im.Channel < len(info.Names) {
			out.Name = info.Names[im.Channel]
		}
		var v [4]float64
		v, err = m.contrast(ctx, im)
		out.Low, out.High, out.Least, out.Most = v[0], v[1], v[2], v[3]
	}
	if err != nil {
		out.Problem = natural.Sentence(err.Error())
	}
	return out, err
}
