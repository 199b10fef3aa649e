package process

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

const (
	maxLayers = 1024    // of one poll
	maxTiles  = 1 << 20 // drawn of one layer, since more tiles would be one red area
	maxPixels = 1 << 53 // along a side: JavaScript counts no further
	maxPlace  = 1 << 60 // pixels from the origin: where a page can still draw the view
	maxLevel  = 53      // halving maxPixels that often leaves one pixel
)

// note says what was wrong with a part of a message. The other parts were kept.
type note struct{ key, text string }

// errNoPoll says that napari has not ticked yet.
var errNoPoll = errors.New("no poll yet")

// decodePoll turns what napari calls the poll into a TilePoll. It takes every part that it
// understands. It leaves out the other parts, with a note for each kind. An error says that
// it understands no part. The result shares no memory with v.
func decodePoll(v pickle.Value) (*shm.TilePoll, []note, error) {
	if v == nil {
		return nil, nil, errNoPoll
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil, nil, fmt.Errorf("it is %s instead of a dict with the layers", kindOf(v))
	}
	if why := heavy(v, maxSent, 8); why != "" {
		return nil, nil, errors.New(why)
	}
	inner, ok := d.Get("layers")
	if !ok {
		return nil, nil, errors.New(`it has no entry "layers"`)
	}
	layers, ok := inner.(*pickle.Dict)
	if !ok {
		return nil, nil, fmt.Errorf("its layers are %s instead of a dict", kindOf(inner))
	}
	p := pollDecoder{poll: &shm.TilePoll{}}
	entries := layers.Entries
	if len(entries) > maxLayers {
		p.note("layers", "napari sent %d layers; the first %d are shown", len(entries), maxLayers)
		entries = entries[:maxLayers]
	}
	if len(entries) > 0 {
		p.poll.Layers = make([]shm.TileLayer, 0, len(entries))
	}
	for _, e := range entries {
		p.layer(e.Key, e.Value)
	}
	return p.poll, p.list, nil
}

type pollDecoder struct {
	notes
	poll *shm.TilePoll
}

func (p *pollDecoder) note(key, format string, args ...any) { p.add("poll."+key, format, args...) }

func (p *pollDecoder) layer(key, v pickle.Value) {
	l := shm.TileLayer{}
	switch k := key.(type) {
	case int64:
		l.ID = fmt.Sprint(k)
	case *big.Int:
		l.ID = k.String()
	case string:
		l.ID = natural.Clip(k, 80)
	default:
		p.note("id", "napari sent a layer under %s instead of a number; that layer is left out", kindOf(key))
		return
	}
	if p.poll.Layer(l.ID) != nil {
		return // 1 and "1" cannot come from napari, and ids must be unique
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		p.note("layer", "napari sent %s instead of a dict for a layer; the layer is shown without its tiles", kindOf(v))
		p.poll.Layers = append(p.poll.Layers, l)
		return
	}
	l.Name, l.Note = words1(d, "name", maxTitle), words1(d, "note", maxNote)
	if v, ok := d.Get("tile_state"); ok {
		l.State = p.state(v)
	}
	if v, ok := d.Get("tile_config"); ok {
		l.Config = p.config(v)
		if c, ok := v.(*pickle.Dict); ok && l.Name == "" {
			l.Name = words1(c, "name", maxTitle)
		}
	}
	p.poll.Layers = append(p.poll.Layers, l)
}

// state decodes {"seen": N x 2 (row, col), "corners": 2 x 2}.
func (p *pollDecoder) state(v pickle.Value) *shm.TileState {
	d, ok := v.(*pickle.Dict)
	if !ok {
		if v != nil {
			p.note("tile_state", "napari sent %s instead of a dict for tile_state; the layer is shown without its tiles", kindOf(v))
		}
		return nil
	}
	s := &shm.TileState{}
	if v, ok := d.Get("seen"); ok {
		s.Rows, s.Cols = p.seen(v)
	}
	if v, ok := d.Get("corners"); ok && v != nil {
		s.Corners, s.HasCorners = p.corners(v)
	}
	s.Loading, s.Reloaded = p.tiles(d, "loading"), p.tiles(d, "reloaded")
	return s
}

// tiles returns the N x 2 tiles under a key, nil if there are none.
func (p *pollDecoder) tiles(d *pickle.Dict, key string) [][2]int64 {
	v, ok := d.Get(key)
	if !ok || v == nil {
		return nil
	}
	rows, cols := p.seen(v)
	if len(rows) == 0 {
		return nil
	}
	tiles := make([][2]int64, len(rows))
	for i := range rows {
		tiles[i] = [2]int64{rows[i], cols[i]}
	}
	return tiles
}

func (p *pollDecoder) seen(v pickle.Value) (rows, cols []int64) {
	bad := func() ([]int64, []int64) {
		p.note("seen", "napari sent %s for the tiles in view instead of N x 2 whole numbers; the layer is shown without them", kindOf(v))
		return nil, nil
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case *pickle.Array:
		n := v.Len()
		if n == 0 {
			return nil, nil // NumPy makes (0,), (0, 2) and (2, 0) of nothing
		}
		if len(v.Shape) != 2 || v.Shape[1] != 2 {
			return bad()
		}
		if v.Shape[0] > maxTiles {
			p.note("tiles", "napari sent %d tiles in view; more than %d are not shown", v.Shape[0], maxTiles)
			return nil, nil
		}
		var err error
		if rows, err = v.AppendColumn(make([]int64, 0, v.Shape[0]), 0); err == nil {
			cols, _ = v.AppendColumn(make([]int64, 0, v.Shape[0]), 1)
			return rows, cols
		}
		flat, err := v.AppendFloat64s(nil)
		if err != nil {
			return bad()
		}
		rows, cols = make([]int64, 0, len(flat)/2), make([]int64, 0, len(flat)/2)
		for i := 0; i+1 < len(flat); i += 2 {
			r, okr := whole(flat[i])
			c, okc := whole(flat[i+1])
			if !okr || !okc {
				p.note("seen.nan", "napari sent a tile in view whose row or column is no whole number; it is left out")
				continue
			}
			rows, cols = append(rows, r), append(cols, c)
		}
		return rows, cols
	}
	items, ok := sequence(v)
	if !ok {
		return bad()
	}
	if len(items) > maxTiles {
		p.note("tiles", "napari sent %d tiles in view; more than %d are not shown", len(items), maxTiles)
		return nil, nil
	}
	for _, item := range items {
		pair, ok := pair(item)
		if !ok {
			return bad()
		}
		r, okr := whole(pair[0])
		c, okc := whole(pair[1])
		if !okr || !okc {
			p.note("seen.nan", "napari sent a tile in view whose row or column is no whole number; it is left out")
			continue
		}
		rows, cols = append(rows, r), append(cols, c)
	}
	return rows, cols
}

func (p *pollDecoder) corners(v pickle.Value) (corners [2][2]float64, ok bool) {
	var rows []pickle.Value
	switch v := v.(type) {
	case *pickle.Array:
		if len(v.Shape) != 2 || v.Shape[0] != 2 || v.Shape[1] != 2 {
			break
		}
		flat, err := v.AppendFloat64s(make([]float64, 0, 4))
		if err != nil {
			break
		}
		corners = [2][2]float64{{flat[0], flat[1]}, {flat[2], flat[3]}}
		return corners, p.finite(corners)
	default:
		rows, _ = sequence(v)
	}
	if len(rows) == 2 {
		var ok0, ok1 bool
		corners[0], ok0 = pair(rows[0])
		corners[1], ok1 = pair(rows[1])
		if ok0 && ok1 {
			return corners, p.finite(corners)
		}
	}
	p.note("corners", "napari sent %s for the corners of the view instead of 2 x 2 numbers; the view is not shown", kindOf(v))
	return [2][2]float64{}, false
}

func (p *pollDecoder) finite(corners [2][2]float64) bool {
	for _, c := range corners {
		for _, x := range c {
			if !(math.Abs(x) <= maxPlace) {
				p.note("corners.nan", "napari sent corners of the view that are no numbers, or that are beyond any image; the view is not shown")
				return false
			}
		}
	}
	return true
}

// config decodes the shape of the level in use. It takes all of it or nothing, because a
// viewer can do nothing with half of it.
func (p *pollDecoder) config(v pickle.Value) *shm.TileConfig {
	d, ok := v.(*pickle.Dict)
	if !ok {
		if v != nil {
			p.note("tile_config", "napari sent %s instead of a dict for tile_config; the layer is shown without its grid", kindOf(v))
		}
		return nil
	}
	c := &shm.TileConfig{IdealLevel: -1}
	ok = true
	size := func(key string, into *[2]int64) {
		v, _ := d.Get(key)
		var good bool
		if *into, good = sizes(v); !good {
			p.note("config."+key, "napari sent %s for %s instead of two sizes; the layer is shown without its grid", kindOf(v), key)
			ok = false
		}
	}
	number := func(key string, least, most int64, into *int64) {
		v, _ := d.Get(key)
		x, good := number(v)
		if good {
			*into, good = whole(x)
		}
		if !good || *into < least || *into > most {
			p.note("config."+key, "napari sent %s for %s instead of a whole number from %d to %d; the layer is shown without its grid", kindOf(v), key, least, most)
			ok = false
		}
	}
	size("base_shape", &c.BaseShape)
	size("image_shape", &c.ImageShape)
	size("shape_in_tiles", &c.ShapeInTiles)
	number("tile_size", 1, maxPixels, &c.TileSize)
	number("level_index", 0, maxLevel, &c.LevelIndex)
	if !ok {
		return nil
	}
	p.moreConfig(c, d)
	return c
}

// moreConfig decodes what only a process with the package says. Each part counts for itself.
func (p *pollDecoder) moreConfig(c *shm.TileConfig, d *pickle.Dict) {
	given := func(key string) (pickle.Value, bool) {
		v := scalar(entry(d, key))
		return v, v != nil
	}
	bad := func(key string, v pickle.Value) {
		p.note("config."+key, "The process sent %s for %s, which is left out", kindOf(v), key)
	}
	if v, ok := given("tile_shape"); ok {
		if c.TileShape, ok = sizes(v); !ok {
			bad("tile_shape", v)
		}
	}
	if v, ok := given("ideal_level"); ok {
		x, ok := number(v)
		n, w := whole(x)
		if ok && w && n >= 0 && n <= maxLevel {
			c.IdealLevel = n
		} else if !ok || n != -1 {
			bad("ideal_level", v)
		}
	}
	if v, ok := given("levels"); ok {
		c.Levels = levels(v)
		if c.Levels == nil {
			bad("levels", v)
		}
	}
	if v, ok := given("stated"); ok {
		if c.Stated, ok = v.(bool); !ok {
			bad("stated", v)
		}
	}
	if v, ok := given("reloads"); ok {
		x, ok := number(v)
		n, w := whole(x)
		if ok && w && n >= 0 {
			c.Reloads = n
		} else {
			bad("reloads", v)
		}
	}
}

// sizes returns two sizes of at least one pixel.
func sizes(v pickle.Value) (out [2]int64, ok bool) {
	n, ok := pair(v)
	for i := range out {
		var w bool
		out[i], w = whole(n[i])
		ok = ok && w && out[i] >= 1 && out[i] <= maxPixels
	}
	if !ok {
		return [2]int64{}, false
	}
	return out, true
}

// levels returns the sizes of all levels, nil if one size makes no sense.
func levels(v pickle.Value) [][2]int64 {
	var out [][2]int64
	if a, ok := v.(*pickle.Array); ok {
		if len(a.Shape) != 2 || a.Shape[1] != 2 || a.Shape[0] > maxLevel+1 {
			return nil
		}
		for i := range a.Shape[0] {
			rows, okr := a.Float64(i, 0)
			cols, okc := a.Float64(i, 1)
			level, ok := sizes(pickle.Tuple{rows, cols})
			if !okr || !okc || !ok {
				return nil
			}
			out = append(out, level)
		}
		return out
	}
	items, ok := sequence(v)
	if !ok || len(items) > maxLevel+1 {
		return nil
	}
	for _, item := range items {
		level, ok := sizes(item)
		if !ok {
			return nil
		}
		out = append(out, level)
	}
	return out
}

// sequence returns the items of a list or tuple.
func sequence(v pickle.Value) ([]pickle.Value, bool) {
	switch v := v.(type) {
	case *pickle.List:
		return v.Items, true
	case pickle.Tuple:
		return v, true
	}
	return nil, false
}

// pair returns two numbers out of a list, a tuple or an array.
func pair(v pickle.Value) (out [2]float64, ok bool) {
	if a, ok := v.(*pickle.Array); ok {
		if len(a.Shape) != 1 || a.Shape[0] != 2 {
			return out, false
		}
		x, okx := a.Float64(0)
		y, oky := a.Float64(1)
		return [2]float64{x, y}, okx && oky
	}
	items, ok := sequence(v)
	if !ok || len(items) != 2 {
		return out, false
	}
	x, okx := number(items[0])
	y, oky := number(items[1])
	return [2]float64{x, y}, okx && oky
}

// number returns a number, or an array of no dimensions that holds one.
func number(v pickle.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case *pickle.Array:
		if len(v.Shape) == 0 {
			return v.Float64()
		}
	}
	return 0, false
}

// whole returns x as an int64 if it is a whole number of moderate size.
func whole(x float64) (int64, bool) {
	if x != math.Trunc(x) || math.Abs(x) > maxPixels {
		return 0, false // NaN and the infinities too
	}
	return int64(x), true
}

// kindOf names what was found where something else was expected.
func kindOf(v pickle.Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case bool:
		return fmt.Sprintf("the bool %v", v)
	case int64, *big.Int:
		return natural.Clip(fmt.Sprintf("the number %v", v), 60)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case string:
		return fmt.Sprintf("the text %q", natural.Clip(v, 40))
	case []byte:
		return fmt.Sprintf("%d bytes", len(v))
	case *pickle.List:
		return fmt.Sprintf("a list of %d", len(v.Items))
	case pickle.Tuple:
		return fmt.Sprintf("a tuple of %d", len(v))
	case *pickle.Dict:
		return fmt.Sprintf("a dict of %d", v.Len())
	case *pickle.Set:
		return fmt.Sprintf("a set of %d", len(v.Items))
	case *pickle.Array:
		return "an " + v.String()
	case *pickle.Object:
		return "a " + natural.Clip(v.Class.String(), 60)
	case *pickle.Global:
		return "the class " + natural.Clip(v.String(), 60)
	}
	return "something else"
}
