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
}

// image opens the images that a request names.
func (m *Maps) image(r *http.Request, o library.Opened, key string) (library.Image, part, error) {
	q, p := ask(r), part{}
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
	im, err := m.opts.Library.Image(r.Context(), key, p.session, p.channel)
	switch {
	case errors.Is(err, library.ErrNoImage):
		return im, p, missing("Session %d has no images of channel %d.", p.session, p.channel)
	case err != nil && r.Context().Err() != nil:
		return im, p, r.Context().Err()
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
	if info.Bytes(p.rect) > maxPlane {
		return refuse("rect", "the part has %d MiB, and may have %d: ask for a smaller one", info.Bytes(p.rect)>>20, maxPlane>>20)
	}
	return nil
}

// rows and cols of the answer.
func (p *part) size() (rows, cols int) {
	return (p.rect.Rows + p.step - 1) / p.step, (p.rect.Cols + p.step - 1) / p.step
}

// getPlane answers GET /maps/<map>/plane?session=&channel=&slice=&rect=&step=&tag=: the
// pixels of a part of a plane, row by row, unsigned of 8 or 16 bits, little-endian. slice
// is one, a range of which the maximum is sent, or all. step makes one pixel of as many by as
// many: their mean. Who names the tag that getImages told may keep the answer.
func (m *Maps) getPlane(w http.ResponseWriter, r *http.Request) error {
	return m.withPlane(w, r, func(im library.Image, p part) error {
		info := im.Info()
		rows, cols := p.size()
		h := w.Header()
		h.Set("Webmon-Plane", fmt.Sprintf("%s %d %d %d %d", info.Type, rows, cols, p.from, p.to))
		return m.send(w, r, m.texts, binaryType, int64(info.Bytes(p.rect)), func(b *answer.Body) error {
			data, err := m.read(r.Context(), im, p, nil)
			if err != nil {
				return err
			}
			b.Adopt(data)
			return nil
		})
	})
}

// getPlanePNG answers GET /maps/<map>/plane.png, which takes what getPlane takes, and low, high,
// gamma and colormap.
func (m *Maps) getPlanePNG(w http.ResponseWriter, r *http.Request) error {
	q := ask(r)
	gamma, err := q.float("gamma", 1, 0.01, 100)
	if err != nil {
		return err
	}
	var limits *[2]float64
	if q.Get("low") != "" || q.Get("high") != "" {
		limits = &[2]float64{}
		for i, field := range []string{"low", "high"} {
			if limits[i], err = q.float(field, math.NaN(), -65536, 65536); err != nil {
				return err
			}
			if math.IsNaN(limits[i]) {
				return refuse(field, "low and high go together")
			}
		}
		if limits[1] <= limits[0] {
			return refuse("high", "high must be above low")
		}
	}
	return m.withPlane(w, r, func(im library.Image, p part) error {
		info := im.Info()
		rows, cols := p.size()
		if limits != nil {
			limits[0], limits[1] = limits[0]-float64(info.Base), limits[1]-float64(info.Base)
		}
		return m.send(w, r, m.files, "image/png", int64(info.Bytes(p.rect)+2*rows*cols), func(b *answer.Body) error {
			data, err := m.read(r.Context(), im, p, nil)
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
	im, p, err := m.image(r, o, key)
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

// read reads a part of a stack. The maximum of all slices is kept, since it takes long
// and everybody looks at it.
func (m *Maps) read(ctx context.Context, im library.Image, p part, dst []byte) ([]byte, error) {
	info := im.Info()
	var data []byte
	var err error
	switch {
	case p.from == p.to:
		data, err = im.ReadPlane(ctx, 0, im.Channel, p.from, p.rect, dst)
	case p.from == 0 && p.to == info.Slices-1 && info.Bytes(info.Whole()) <= maxPlane:
		var all []byte
		if all, err = m.projection(ctx, im); err == nil {
			data = cut(all, info, p.rect)
		}
	default:
		data, err = stack.ReadMax(ctx, im, 0, im.Channel, p.from, p.to, p.rect, dst)
	}
	if err != nil || p.step == 1 {
		return data, err
	}
	return shrink(data, info.Type, p.rect.Rows, p.rect.Cols, p.step), nil
}

// cut copies a rectangle out of a whole plane.
func cut(all []byte, info *stack.Info, r stack.Rect) []byte {
	size := info.Type.Size()
	out := make([]byte, info.Bytes(r))
	for row := range r.Rows {
		at := ((r.Row+row)*info.Cols + r.Col) * size
		copy(out[row*r.Cols*size:], all[at:at+r.Cols*size])
	}
	return out
}

// shrink makes one pixel of step by step: their mean, rounded. It works in place.
func shrink(data []byte, t shm.PixelType, rows, cols, step int) []byte {
	out := data[:0]
	outCols := (cols + step - 1) / step
	sums := make([]uint32, outCols)
	for row := 0; row < rows; row += step {
		clear(sums)
		high := min(step, rows-row)
		for y := row; y < row+high; y++ {
			if t == shm.U8 {
				for x, v := range data[y*cols : (y+1)*cols] {
					sums[x/step] += uint32(v)
				}
				continue
			}
			line := data[2*y*cols : 2*(y+1)*cols]
			for x := range cols {
				sums[x/step] += uint32(binary.LittleEndian.Uint16(line[2*x:]))
			}
		}
		for i, sum := range sums {
			n := uint32(high * min(step, cols-i*step))
			v := (sum + n/2) / n
			if t == shm.U8 {
				out = append(out, uint8(v))
			} else {
				out = binary.LittleEndian.AppendUint16(out, uint16(v))
			}
		}
	}
	return out
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
