package zarr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"

	"webmon/shm/stack/plane"
)

// MapManager is what the Format of an image of MapManagerCore begins with: a folder or a zip with an array of [z][y][x] for each
// time and channel. Its tables of points and segments are pickles, which are not opened: to open one runs what is in it.
const MapManager = "MapManagerCore"

// Limits of what of an image of MapManagerCore is looked for.
const (
	mostTimes      = 256
	mostOfChannels = 32
)

var errNoOME = errors.New("it is Zarr, and has no image of OME's (no multiscales)")

// many is an image of which each time and channel is an array of its own. Times may have different numbers of slices: a plane that a
// time does not have is empty.
type many struct {
	store  store
	info   plane.Info
	arrays [][]part // by time and channel
}

// part is where a channel of a time is.
type part struct {
	im *Image // nil: there is none
	c  int    // which channel of it
}

// mapManager opens an image of MapManagerCore; nil, nil if it is none.
func mapManager(s store) (*many, error) {
	m := &many{store: s}
	for _, layout := range []struct {
		at    func(t int) string
		whole bool // the array of a time has all channels
	}{
		{func(t int) string { return strconv.Itoa(t) }, false},
		{func(t int) string { return path.Join("images", strconv.Itoa(t)) }, false},
		{func(t int) string { return "img-" + strconv.Itoa(t) }, true},
	} {
		for t := range mostTimes {
			parts, err := timeAt(s, layout.at(t), layout.whole)
			if err != nil {
				return nil, fmt.Errorf("time %d: %w", t, err)
			}
			if parts == nil {
				if t > 0 { // they are numbered from 0 or from 1
					break
				}
				continue
			}
			m.arrays = append(m.arrays, parts)
		}
		if len(m.arrays) > 0 {
			return m, m.describe()
		}
	}
	return nil, nil
}

// timeAt opens the channels of a time, which are numbered from 0 or from 1; nil if there are none.
func timeAt(s store, at string, whole bool) ([]part, error) {
	if whole {
		im, err := alone(s, at)
		if im == nil || err != nil {
			return nil, err
		}
		var parts []part
		for c := range min(im.info.Channels, mostOfChannels) {
			parts = append(parts, part{im, c})
		}
		return parts, nil
	}
	var parts []part
	for c := range mostOfChannels {
		im, err := alone(s, path.Join(at, strconv.Itoa(c)))
		if err != nil {
			return nil, fmt.Errorf("channel %d: %w", c, err)
		}
		switch {
		case im != nil:
			parts = append(parts, part{im, 0})
		case c > 0:
			return parts, nil
		}
	}
	return parts, nil
}

// alone opens an array; nil if there is none.
func alone(s store, at string) (*Image, error) {
	there := false
	for _, name := range []string{".zarray", "zarr.json"} {
		if file, _, err := s.open(path.Join(at, name)); err == nil {
			file.Close()
			there = true
		}
	}
	if !there {
		return nil, nil
	}
	if _, isArray, err := group(s, at); err != nil || !isArray {
		return nil, err
	}
	a, err := arrayAt(s, at)
	if err != nil {
		return nil, err
	}
	info, err := describe(a, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	return newImage(s, a, info), nil
}

// describe finds what the image is as a whole.
func (m *many) describe() error {
	first := m.arrays[0][0].im.info
	m.info = plane.Info{Times: len(m.arrays), Channels: 1, Slices: 1, Rows: first.Rows, Cols: first.Cols, Type: first.Type, Base: first.Base, Packed: true, Format: MapManager + ", " + first.Format}
	for t, parts := range m.arrays {
		m.info.Channels = max(m.info.Channels, len(parts))
		for c, p := range parts {
			i := p.im.info
			if i.Rows != first.Rows || i.Cols != first.Cols || i.Type != first.Type || i.Base != first.Base || i.Times != 1 {
				return fmt.Errorf("time %d, channel %d has %d x %d pixels of type %s and the first has %d x %d of %s, so they are no stack",
					t, c, i.Rows, i.Cols, i.Type, first.Rows, first.Cols, first.Type)
			}
			m.info.Slices = max(m.info.Slices, i.Slices)
		}
	}
	if b, err := read(m.store, ".zattrs", mostMetadata); err == nil {
		var said any
		if json.Unmarshal(b, &said) == nil {
			find(said, 0, map[string]*float64{"xVoxel": &m.info.Voxel.X, "yVoxel": &m.info.Voxel.Y, "zVoxel": &m.info.Voxel.Z})
		}
	}
	return m.info.Valid()
}

// find looks for numbers by their names, wherever they are; JSON in a text of JSON is looked through as well. The first counts.
func find(in any, depth int, numbers map[string]*float64) {
	if depth > 12 {
		return
	}
	switch v := in.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if n, ok := v[name].(float64); ok {
				if to := numbers[name]; to != nil && *to == 0 && n > 0 && n < 1e6 {
					*to = n
				}
				continue
			}
			find(v[name], depth+1, numbers)
		}
	case []any:
		for _, e := range v {
			find(e, depth+1, numbers)
		}
	case string:
		var inner any
		if len(v) > 1 && (v[0] == '{' || v[0] == '[') && json.Unmarshal([]byte(v), &inner) == nil {
			find(inner, depth+1, numbers)
		}
	}
}

// Info implements plane.Image.
func (m *many) Info() *plane.Info { return &m.info }

// Close implements plane.Image.
func (m *many) Close() error { return m.store.Close() }

// ReadPlane implements plane.Image.
func (m *many) ReadPlane(ctx context.Context, t, c, z int, r plane.Rect, dst []byte) ([]byte, error) {
	if err := m.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	if c < len(m.arrays[t]) && z < m.arrays[t][c].im.info.Slices {
		p := m.arrays[t][c]
		return p.im.ReadPlane(ctx, 0, p.c, z, r, dst)
	}
	dst = plane.Grow(dst, m.info.Bytes(r))
	clear(dst)
	return dst, nil
}
