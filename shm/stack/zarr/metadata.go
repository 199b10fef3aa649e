package zarr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"webmon/shm"
	"webmon/shm/stack/plane"
)

// Limits of what is believed.
const (
	mostMetadata = 4 << 20   // bytes of one file of metadata
	mostChunk    = 256 << 20 // bytes of a chunk that is decoded
	mostInner    = 1 << 20   // chunks in a shard
	mostRank     = 8         // axes
)

// An image's attributes, as OME-NGFF has them from 0.1 to 0.5.
type attributes struct {
	Multiscales []multiscale    `json:"multiscales"`
	Omero       *omero          `json:"omero"`
	Plate       json.RawMessage `json:"plate"`
	Layout      json.RawMessage `json:"bioformats2raw.layout"`
	OME         *attributes     `json:"ome"` // 0.5 has it all in there
	Version     json.RawMessage `json:"version"`
	Dimensions  []string        `json:"_ARRAY_DIMENSIONS"`
}

type multiscale struct {
	Version  json.RawMessage   `json:"version"`
	Axes     []json.RawMessage `json:"axes"` // names in 0.3, else objects
	Datasets []struct {
		Path            string           `json:"path"`
		Transformations []transformation `json:"coordinateTransformations"`
	} `json:"datasets"`
	Transformations []transformation `json:"coordinateTransformations"`
}

type transformation struct {
	Type  string    `json:"type"`
	Scale []float64 `json:"scale"`
}

type axis struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Unit string `json:"unit"`
}

type omero struct {
	Channels []struct {
		Label string `json:"label"`
	} `json:"channels"`
}

// array is how an array lies in its files, of either version.
type array struct {
	path      string
	shape     []int
	chunk     []int
	order     []int // the axes in the order in which they lie in a chunk, the last one fastest
	size      int   // bytes a pixel
	signed    bool
	bigEndian bool
	fill      uint16 // the pixel where there is no chunk
	key       string // "v2": numbers and separator; "default": with a "c" before
	separator string
	codecs    []codec
	names     []string // of the axes, if the array says so
	// Of an array whose files have several chunks each (shards): how many pixels a file has, and what its index
	// is like. chunk is that of what is in it.
	shard      []int
	indexFirst bool
	indexSum   bool
	format     string // "Zarr 2" or "Zarr 3", with what compressed it
}

// metadata finds the array of full resolution, and what is said of it.
func metadata(s store) (*array, *plane.Info, error) {
	return metadataAt(s, "", 0)
}

func metadataAt(s store, at string, depth int) (*array, *plane.Info, error) {
	about, isArray, err := group(s, at)
	if err != nil {
		return nil, nil, err
	}
	if isArray {
		// An array alone: what its axes are is said in it, or guessed from how many there are.
		a, err := arrayAt(s, at)
		if err != nil {
			return nil, nil, err
		}
		info, err := describe(a, nil, nil, nil)
		return a, info, err
	}
	if len(about.Multiscales) == 0 {
		switch {
		case about.Plate != nil:
			return nil, nil, errors.New("it is a plate of many images; open one of them")
		case about.Layout != nil && depth == 0:
			return metadataAt(s, path.Join(at, "0"), 1) // as bioformats2raw writes, the first of its images
		}
		return nil, nil, errNoOME
	}
	m := about.Multiscales[0]
	if len(m.Datasets) == 0 {
		return nil, nil, errors.New("its multiscales have no datasets")
	}
	data := m.Datasets[0]
	name := path.Join(at, path.Clean(data.Path))
	if data.Path == "" || !fs.ValidPath(path.Clean(data.Path)) || !fs.ValidPath(name) {
		return nil, nil, fmt.Errorf("its image is at %q, which is outside of it", data.Path)
	}
	a, err := arrayAt(s, name)
	if err != nil {
		return nil, nil, err
	}
	axes := make([]axis, len(m.Axes))
	for i, raw := range m.Axes {
		if json.Unmarshal(raw, &axes[i]) != nil && json.Unmarshal(raw, &axes[i].Name) != nil {
			return nil, nil, fmt.Errorf("its axis %d has no name", i)
		}
	}
	if len(axes) == 0 && len(a.shape) == 5 { // 0.1 and 0.2 knew no others
		for _, name := range []string{"t", "c", "z", "y", "x"} {
			axes = append(axes, axis{Name: name})
		}
	}
	scale := make([]float64, len(a.shape))
	for i := range scale {
		scale[i] = 1
	}
	said := false
	for _, t := range slices.Concat(data.Transformations, m.Transformations) {
		if t.Type != "scale" {
			continue
		}
		if len(t.Scale) != len(scale) {
			return nil, nil, fmt.Errorf("its scale has %d numbers, and its shape %d", len(t.Scale), len(scale))
		}
		for i := range scale {
			scale[i] *= t.Scale[i]
		}
		said = true
	}
	if !said {
		scale = nil
	}
	info, err := describe(a, axes, scale, about.Omero)
	if err != nil {
		return nil, nil, err
	}
	version := strings.Trim(string(about.Version), `"`)
	if version == "" {
		version = strings.Trim(string(m.Version), `"`)
	}
	if version != "" && len(version) < 20 {
		info.Format = "OME-Zarr " + version + strings.TrimLeft(info.Format, "Zar 0123456789")
	}
	return a, info, nil
}

// group reads what a group says of itself, of either version. isArray is for what is an array instead.
func group(s store, at string) (about attributes, isArray bool, err error) {
	b, err := read(s, path.Join(at, "zarr.json"), mostMetadata)
	switch {
	case err == nil:
		var node struct {
			Type       string     `json:"node_type"`
			Attributes attributes `json:"attributes"`
		}
		if err := json.Unmarshal(b, &node); err != nil {
			return about, false, fmt.Errorf("its zarr.json cannot be read: %w", err)
		}
		if about = node.Attributes; about.OME != nil {
			about = *about.OME
		}
		return about, node.Type == "array", nil
	case !errors.Is(err, fs.ErrNotExist):
		return about, false, err
	}
	if b, err = read(s, path.Join(at, ".zattrs"), mostMetadata); err == nil {
		if err := json.Unmarshal(b, &about); err != nil {
			return about, false, fmt.Errorf("its .zattrs cannot be read: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return about, false, err
	}
	file, _, none := s.open(path.Join(at, ".zarray"))
	if none == nil {
		file.Close()
		return about, true, nil
	}
	if err != nil {
		if file, _, none = s.open(path.Join(at, ".zgroup")); none != nil {
			return about, false, plane.ErrFormat
		}
		file.Close()
	}
	return about, false, nil
}

// describe makes of the axes what a stack is. Axes, scale and omero may be nil.
func describe(a *array, axes []axis, scale []float64, om *omero) (*plane.Info, error) {
	if axes == nil {
		names := a.names
		if len(names) != len(a.shape) || slices.ContainsFunc(names, func(n string) bool { return len(n) != 1 || !strings.Contains("tczyx", n) }) {
			names = map[int][]string{2: {"y", "x"}, 3: {"z", "y", "x"}, 4: {"c", "z", "y", "x"}, 5: {"t", "c", "z", "y", "x"}}[len(a.shape)]
		}
		for _, n := range names {
			axes = append(axes, axis{Name: n})
		}
	}
	if len(axes) != len(a.shape) {
		return nil, fmt.Errorf("it names %d axes, and its shape has %d", len(axes), len(a.shape))
	}
	info := &plane.Info{Times: 1, Channels: 1, Slices: 1, Rows: 1, Cols: 1, Type: shm.U8, Format: a.format, Packed: true}
	if a.size == 2 {
		info.Type = shm.U16
	}
	if a.signed {
		info.Base = -1 << (8*a.size - 1)
	}
	a.names = nil
	for i, x := range axes {
		name, n := strings.ToLower(x.Name), a.shape[i]
		to := map[string]*int{"t": &info.Times, "c": &info.Channels, "z": &info.Slices, "y": &info.Rows, "x": &info.Cols}[name]
		if to == nil {
			if n != 1 {
				return nil, fmt.Errorf("it has an axis %q of %d; webmon knows t, c, z, y and x", x.Name, n)
			}
			name = ""
		} else {
			if slices.Contains(a.names, name) {
				return nil, fmt.Errorf("it has two axes %q", x.Name)
			}
			*to = n
		}
		a.names = append(a.names, name)
		if scale == nil || !(scale[i] > 0) || scale[i] > 1e12 {
			continue
		}
		switch unit := lengths[x.Unit]; name {
		case "x":
			info.Voxel.X = scale[i] * unit
		case "y":
			info.Voxel.Y = scale[i] * unit
		case "z":
			info.Voxel.Z = scale[i] * unit
		case "t":
			info.Interval = scale[i] * times[x.Unit]
		}
	}
	if !slices.Contains(a.names, "y") || !slices.Contains(a.names, "x") {
		return nil, errors.New("its axes are not those of an image: there is no y or no x")
	}
	if err := info.Valid(); err != nil {
		return nil, err
	}
	if om != nil {
		for k, c := range om.Channels {
			if c.Label != "" && k < info.Channels {
				if info.Names == nil {
					info.Names = make([]string, info.Channels)
				}
				info.Names[k] = c.Label
			}
		}
	}
	return info, nil
}

// lengths are micrometres a unit, as OME-NGFF spells them, and as others do. An axis without a unit has none.
var lengths = map[string]float64{
	"micrometer": 1, "micrometre": 1, "micron": 1, "um": 1, "\u00b5m": 1, "\u03bcm": 1, "nanometer": 1e-3, "nanometre": 1e-3, "nm": 1e-3,
	"millimeter": 1e3, "mm": 1e3, "centimeter": 1e4, "cm": 1e4, "decimeter": 1e5, "meter": 1e6, "m": 1e6,
	"picometer": 1e-6, "angstrom": 1e-4, "inch": 25400,
}

var times = map[string]float64{"second": 1, "s": 1, "millisecond": 1e-3, "ms": 1e-3, "microsecond": 1e-6, "minute": 60, "hour": 3600, "day": 86400}

// arrayAt reads the metadata of an array, of either version.
func arrayAt(s store, at string) (*array, error) {
	b, err := read(s, path.Join(at, "zarr.json"), mostMetadata)
	var a *array
	switch {
	case err == nil:
		a, err = array3(b)
	case errors.Is(err, fs.ErrNotExist):
		if b, err = read(s, path.Join(at, ".zarray"), mostMetadata); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("there is no array at %q", at)
			}
			return nil, err
		}
		if a, err = array2(b); err == nil && a.names == nil {
			var about attributes
			if b, err := read(s, path.Join(at, ".zattrs"), mostMetadata); err == nil && json.Unmarshal(b, &about) == nil {
				a.names = about.Dimensions
			}
		}
	default:
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	a.path = at
	return a, a.check()
}

// check looks at sizes.
func (a *array) check() error {
	rank := len(a.shape)
	if rank < 2 || rank > mostRank || len(a.chunk) != rank || a.shard != nil && len(a.shard) != rank {
		return fmt.Errorf("its shape is %v and that of its chunks %v", a.shape, a.chunk)
	}
	size := a.size
	for i, n := range a.chunk {
		if a.shape[i] < 1 || a.shape[i] > plane.MostBytes || n < 1 || n > mostChunk {
			return fmt.Errorf("its shape is %v and that of its chunks %v", a.shape, a.chunk)
		}
		if size *= n; size > mostChunk {
			return fmt.Errorf("its chunks of %v pixels have more than %d MiB", a.chunk, mostChunk>>20)
		}
	}
	inner := 1
	for i, n := range a.shard {
		if n < 1 || n > math.MaxInt32 || n%a.chunk[i] != 0 {
			return fmt.Errorf("its shards of %v cannot be made of chunks of %v", a.shard, a.chunk)
		}
		if inner *= n / a.chunk[i]; inner > mostInner {
			return fmt.Errorf("its shards of %v have more than %d chunks", a.shard, mostInner)
		}
	}
	return nil
}

func (a *array) bytes() int {
	n := a.size
	for _, k := range a.chunk {
		n *= k
	}
	return n
}

// setType takes the number of bits and the sign.
func (a *array) setType(name string) error {
	switch name {
	case "uint8", "u1", "int8", "i1":
		a.size = 1
	case "uint16", "u2", "int16", "i2":
		a.size = 2
	default:
		return fmt.Errorf("its pixels are of type %q; webmon reads whole numbers of 8 and 16 bits", name)
	}
	a.signed = name[0] == 'i'
	return nil
}

// setFill takes the value of pixels that no chunk has.
func (a *array) setFill(raw json.RawMessage) error {
	text := strings.Trim(string(raw), `"`)
	value := 0.0
	if text != "" && text != "null" {
		var err error
		if value, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("its fill value is %.40s", raw)
		}
	}
	least, most := 0.0, float64(int(1)<<(8*a.size)-1)
	if a.signed {
		least, most = -float64(int(1)<<(8*a.size-1)), float64(int(1)<<(8*a.size-1)-1)
	}
	if value != math.Trunc(value) || value < least || value > most {
		return fmt.Errorf("its fill value is %.40s, which no pixel of it can be", raw)
	}
	a.fill = uint16(int(value - least))
	return nil
}

// array2 reads a .zarray.
func array2(b []byte) (*array, error) {
	var m struct {
		Format     int                   `json:"zarr_format"`
		Shape      []int                 `json:"shape"`
		Chunks     []int                 `json:"chunks"`
		Dtype      json.RawMessage       `json:"dtype"`
		Compressor json.RawMessage       `json:"compressor"`
		Filters    []struct{ ID string } `json:"filters"`
		Fill       json.RawMessage       `json:"fill_value"`
		Order      string                `json:"order"`
		Separator  string                `json:"dimension_separator"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("its .zarray cannot be read: %w", err)
	}
	if m.Format != 2 {
		return nil, fmt.Errorf("its .zarray is of Zarr %d; webmon reads 2 and 3", m.Format)
	}
	a := &array{shape: m.Shape, chunk: m.Chunks, key: "v2", separator: m.Separator, format: "Zarr 2"}
	var dtype string
	if json.Unmarshal(m.Dtype, &dtype) != nil || len(dtype) < 2 {
		return nil, fmt.Errorf("its pixels are of type %.40s; webmon reads whole numbers of 8 and 16 bits", m.Dtype)
	}
	a.bigEndian = dtype[0] == '>'
	if err := a.setType(dtype[1:]); err != nil {
		return nil, err
	}
	if err := a.setFill(m.Fill); err != nil {
		return nil, err
	}
	switch a.separator {
	case "":
		a.separator = "."
	case ".", "/":
	default:
		return nil, fmt.Errorf("the names of its chunks have %q between numbers", a.separator)
	}
	for i := range m.Shape {
		a.order = append(a.order, i)
	}
	switch m.Order {
	case "C", "":
	case "F":
		slices.Reverse(a.order)
	default:
		return nil, fmt.Errorf("its order is %q", m.Order)
	}
	if len(m.Filters) > 0 {
		return nil, fmt.Errorf("its chunks have gone through the filter %.40q; webmon knows none", m.Filters[0].ID)
	}
	if c := string(m.Compressor); c != "" && c != "null" {
		var how struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(m.Compressor, &how); err != nil {
			return nil, fmt.Errorf("what compressed its chunks cannot be read: %w", err)
		}
		codec, err := codecOf(how.ID, nil)
		if err != nil {
			return nil, err
		}
		a.codecs = append(a.codecs, codec)
	}
	a.named()
	return a, nil
}

// named puts what compressed the chunks into the format that people read.
func (a *array) named() {
	if a.shard != nil {
		a.format += ", sharded"
	}
	for _, c := range a.codecs {
		if c.less == 0 {
			a.format += ", " + c.name
			return
		}
	}
	a.format += ", uncompressed"
}

// step is a codec of Zarr 3.
type step struct {
	Name          string          `json:"name"`
	Configuration json.RawMessage `json:"configuration"`
}

// UnmarshalJSON takes a codec without configuration as its name, too.
func (s *step) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &s.Name)
	}
	type plain step
	return json.Unmarshal(b, (*plain)(s))
}

// array3 reads a zarr.json.
func array3(b []byte) (*array, error) {
	var m struct {
		Format     int             `json:"zarr_format"`
		Node       string          `json:"node_type"`
		Shape      []int           `json:"shape"`
		Type       json.RawMessage `json:"data_type"`
		Grid       step            `json:"chunk_grid"`
		Key        step            `json:"chunk_key_encoding"`
		Fill       json.RawMessage `json:"fill_value"`
		Codecs     []step          `json:"codecs"`
		Names      []*string       `json:"dimension_names"`
		Storage    []step          `json:"storage_transformers"`
		Attributes attributes      `json:"attributes"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("its zarr.json cannot be read: %w", err)
	}
	if m.Format != 3 || m.Node != "array" {
		return nil, fmt.Errorf("its zarr.json is a %.20q of Zarr %d, and no array of Zarr 3", m.Node, m.Format)
	}
	a := &array{shape: m.Shape, format: "Zarr 3"}
	var typ string
	if json.Unmarshal(m.Type, &typ) != nil {
		typ = string(m.Type[:min(len(m.Type), 40)])
	}
	if err := a.setType(typ); err != nil {
		return nil, err
	}
	if err := a.setFill(m.Fill); err != nil {
		return nil, err
	}
	for _, n := range m.Names {
		if n == nil {
			n = new(string)
		}
		a.names = append(a.names, *n)
	}
	if len(m.Storage) > 0 {
		return nil, fmt.Errorf("its chunks have gone through %.40q, which webmon does not know", m.Storage[0].Name)
	}
	var grid struct {
		Shape []int `json:"chunk_shape"`
	}
	if m.Grid.Name != "regular" || json.Unmarshal(m.Grid.Configuration, &grid) != nil {
		return nil, fmt.Errorf("its chunks lie in a grid of kind %.40q; webmon knows regular ones", m.Grid.Name)
	}
	a.chunk = grid.Shape
	var key struct {
		Separator string `json:"separator"`
	}
	if len(m.Key.Configuration) > 0 {
		if err := json.Unmarshal(m.Key.Configuration, &key); err != nil {
			return nil, fmt.Errorf("how its chunks are named cannot be read: %w", err)
		}
	}
	switch a.key, a.separator = m.Key.Name, key.Separator; {
	case a.key != "default" && a.key != "v2", a.separator != "" && a.separator != "." && a.separator != "/":
		return nil, fmt.Errorf("its chunks are named by %.40q with %.10q between numbers", a.key, a.separator)
	case a.separator == "" && a.key == "default":
		a.separator = "/"
	case a.separator == "":
		a.separator = "."
	}
	steps := m.Codecs
	// Of a file with many chunks the codecs are inside.
	if n := len(steps); n > 0 && steps[n-1].Name == "sharding_indexed" {
		if n > 1 {
			return nil, fmt.Errorf("its shards have gone through %q besides", steps[0].Name)
		}
		var c struct {
			Shape    []int  `json:"chunk_shape"`
			Codecs   []step `json:"codecs"`
			Index    []step `json:"index_codecs"`
			Location string `json:"index_location"`
		}
		if err := json.Unmarshal(steps[n-1].Configuration, &c); err != nil {
			return nil, fmt.Errorf("how its shards are made cannot be read: %w", err)
		}
		a.shard, a.chunk, steps = a.chunk, c.Shape, c.Codecs
		switch a.indexFirst = c.Location == "start"; c.Location {
		case "", "start", "end":
		default:
			return nil, fmt.Errorf("the index of its shards is at %.20q", c.Location)
		}
		index := &array{shape: []int{1}, size: 8}
		if err := index.setCodecs(c.Index); err != nil || index.bigEndian || len(index.codecs) > 1 || len(index.codecs) == 1 && index.codecs[0].less != 4 {
			return nil, errors.New("the index of its shards is compressed or big-endian, and webmon reads neither")
		}
		a.indexSum = len(index.codecs) == 1
	}
	if err := a.setCodecs(steps); err != nil {
		return nil, err
	}
	a.named()
	return a, nil
}

// setCodecs takes what leads from an array to bytes: perhaps transpose, then bytes, then what compresses.
func (a *array) setCodecs(steps []step) error {
	a.order = nil
	for i := range a.shape {
		a.order = append(a.order, i)
	}
	seen := false
	for _, s := range steps {
		switch {
		case s.Name == "transpose" && !seen:
			var c struct {
				Order json.RawMessage `json:"order"`
			}
			var next []int
			if json.Unmarshal(s.Configuration, &c) != nil || json.Unmarshal(c.Order, &next) != nil {
				switch strings.Trim(string(c.Order), `"`) {
				case "C":
					continue
				case "F":
					slices.Reverse(a.order)
					continue
				}
				return fmt.Errorf("its axes are turned in a way that cannot be read: %.40s", s.Configuration)
			}
			turned, once := make([]int, len(a.order)), make([]bool, len(a.order))
			if len(next) != len(a.order) {
				return fmt.Errorf("its axes are turned by %v, and there are %d", next, len(a.order))
			}
			for i, k := range next {
				if k < 0 || k >= len(a.order) || once[k] {
					return fmt.Errorf("its axes are turned by %v", next)
				}
				turned[i], once[k] = a.order[k], true
			}
			a.order = turned
		case s.Name == "bytes" && !seen:
			var c struct {
				Endian string `json:"endian"`
			}
			if len(s.Configuration) > 0 && json.Unmarshal(s.Configuration, &c) != nil {
				return fmt.Errorf("its order of bytes is %.40s", s.Configuration)
			}
			if seen, a.bigEndian = true, c.Endian == "big"; c.Endian != "" && c.Endian != "big" && c.Endian != "little" {
				return fmt.Errorf("its order of bytes is %.40q", c.Endian)
			}
		case !seen:
			return fmt.Errorf("its chunks have gone through %.40q, which webmon does not know", s.Name)
		default:
			c, err := codecOf(s.Name, s.Configuration)
			if err != nil {
				return err
			}
			if len(a.codecs) == 8 {
				return errors.New("its chunks have gone through more than eight codecs")
			}
			a.codecs = append(a.codecs, c)
		}
	}
	if !seen {
		return errors.New("it does not say how its pixels become bytes")
	}
	return nil
}
