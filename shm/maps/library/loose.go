package library

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"webmon/shm/maps"
	"webmon/shm/stack"
)

// looseSource is a table of points, a tracing and an image, as far as they are there, that
// are a map of one session or more together.
type looseSource struct {
	name        string
	points, swc string // paths; "" for none
	pictures    image
	hasImage    bool
}

// sidecar is where it is remembered which column of a table is what: beside it.
func sidecar(points string) string { return points + ".columns.json" }

// loose finds tables of points, tracings and images in a folder, and puts those of one
// name together. A folder's only table and only image belong together whatever their names.
func (w *walk) loose(dir string, n node) {
	by := map[string]*looseSource{}
	var order []string
	of := func(stem string) *looseSource {
		s := by[stem]
		if s == nil {
			s = &looseSource{name: stem}
			by[stem] = s
			order = append(order, stem)
		}
		return s
	}
	for _, name := range n.files {
		ext := strings.ToLower(filepath.Ext(name))
		stem := strings.TrimSuffix(name, filepath.Ext(name))
		switch ext {
		case ".csv", ".tsv":
			if s := of(stem); s.points == "" {
				s.points = filepath.Join(dir, name)
			}
		case ".swc":
			of(stem).swc = filepath.Join(dir, name)
		}
	}
	zarrs := slices.DeleteFunc(slices.Clone(n.dirs), func(name string) bool { return !isZarr(name) })
	images := index(append(slices.Clone(n.files), zarrs...), func(name string) string { return filepath.Join(dir, name) })
	if len(images) == 1 && len(order) == 1 && by[order[0]].points != "" {
		for _, im := range images {
			by[order[0]].pictures, by[order[0]].hasImage = im, true
		}
		images = nil
	}
	for stem, im := range images {
		s := of(stem)
		s.pictures, s.hasImage = im, true
	}
	slices.Sort(order)
	for _, stem := range order {
		s := by[stem]
		path := s.points
		for _, p := range []string{s.swc, filepath.Join(dir, stem)} {
			if path == "" {
				path = p
			}
		}
		f := found{name: s.name, path: path, kind: Loose, mark: s.outside(), source: *s}
		if s.hasImage {
			f.images = map[string]image{every: s.pictures}
		}
		w.add(f)
	}
}

// outside changes with each of the files.
func (s *looseSource) outside() string {
	all := ""
	for _, p := range s.files() {
		all += mark(p) + "\n"
	}
	return all
}

func (s *looseSource) files() []string {
	var all []string
	if s.points != "" {
		all = append(all, s.points, sidecar(s.points))
	}
	if s.swc != "" {
		all = append(all, s.swc)
	}
	if s.pictures.all != "" {
		all = append(all, s.pictures.all)
	}
	for _, p := range s.pictures.channels {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

func (s looseSource) fingerprint() string { return s.outside() }
func (s looseSource) folder() string      { return "" }

func (s looseSource) open() (*maps.Map, error) {
	voxel, channels, size := s.voxel()
	var tracks map[string]*maps.Tracks
	columns := maps.Columns{X: "x", Y: "y", DX: voxel.X, DY: voxel.Y, DZ: voxel.Z}
	points := &maps.Points{Names: []string{"x", "y"}}
	if s.points != "" {
		p, c, err := readPoints(s.points)
		if err != nil {
			return nil, err
		}
		points, columns = p, c
	}
	if s.swc != "" {
		data, err := readSmall(s.swc)
		if err != nil {
			return nil, err
		}
		t, err := maps.ReadSWC(data, columns.DZ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(s.swc), err)
		}
		tracks = map[string]*maps.Tracks{"": t}
	}
	m, err := maps.PointsMap(s.name, points, columns, tracks)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if s.hasImage {
		m = m.With(func(m *maps.Map) {
			for j, session := range m.Sessions {
				m.Sessions[j] = session.With(func(c *maps.Session) {
					c.Channels, c.PZ = max(channels, 1), size.slices
					c.PX, c.PY = size.cols, size.rows
				})
			}
		})
	}
	return m, nil
}

// extent is the size of an image.
type extent struct{ slices, rows, cols int }

// voxel asks the image for what it knows.
func (s looseSource) voxel() (stack.Voxel, int, extent) {
	path := s.pictures.all
	channels := len(s.pictures.channels)
	for _, p := range s.pictures.channels {
		path = p
	}
	if path == "" {
		return stack.Voxel{}, 0, extent{}
	}
	im, err := stack.Open(path)
	if err != nil {
		return stack.Voxel{}, channels, extent{}
	}
	defer im.Close()
	info := im.Info()
	if s.pictures.all != "" {
		channels = info.Channels
	}
	return info.Voxel, channels, extent{info.Slices, info.Rows, info.Cols}
}

// maxTable bounds a table of points and a tracing, in bytes.
const maxTable = 256 << 20

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.New(filepath.Base(path) + ": " + reason(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTable+1))
	if err == nil && len(data) > maxTable {
		err = fmt.Errorf("it has more than %d MiB", maxTable>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return data, nil
}

// readPoints reads a table and what is remembered of its columns.
func readPoints(path string) (*maps.Points, maps.Columns, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, maps.Columns{}, err
	}
	p, err := maps.ReadPoints(data)
	if err != nil {
		return nil, maps.Columns{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	c, err := remembered(sidecar(path))
	if err != nil {
		return p, c, fmt.Errorf("%s: %w", filepath.Base(path), ErrColumns)
	}
	if err := c.Check(p); err != nil {
		return p, c, fmt.Errorf("%s: %w: %w", filepath.Base(path), err, ErrColumns)
	}
	return p, c, nil
}

func remembered(path string) (c maps.Columns, err error) {
	f, err := os.Open(path)
	if err != nil {
		return c, ErrColumns
	}
	defer f.Close()
	return c, json.NewDecoder(io.LimitReader(f, 64<<10)).Decode(&c)
}

// Columns are what is known of a table of points: its names, its first rows, and which
// column is what, guessed unless somebody has said it.
type Columns struct {
	Names  []string
	Rows   [][]string // the first ten
	Is     maps.Columns
	Said   bool // somebody has said it
	Number int  // of all rows
}

// Columns returns what is known of the table of points of a map.
func (l *Library) Columns(key string) (Columns, error) {
	s, err := l.table(key)
	if err != nil {
		return Columns{}, err
	}
	p, c, err := readPoints(s.points)
	if p == nil {
		return Columns{}, err
	}
	found := Columns{Names: p.Names, Rows: p.Rows[:min(len(p.Rows), 10)], Is: c, Said: err == nil, Number: len(p.Rows)}
	if err != nil {
		found.Is = p.Guess()
		voxel, _, _ := s.voxel()
		found.Is.DX, found.Is.DY, found.Is.DZ = voxel.X, voxel.Y, voxel.Z
	}
	return found, nil
}

func (l *Library) table(key string) (looseSource, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.all[key]
	if it == nil {
		return looseSource{}, fmt.Errorf("%q: %w", key, ErrUnknown)
	}
	s, ok := it.source.(looseSource)
	if !ok || s.points == "" {
		return s, fmt.Errorf("%s has no table of points", it.Name)
	}
	return s, nil
}

// SetColumns remembers which column of a table of points is what, beside the table.
func (l *Library) SetColumns(key string, c maps.Columns) error {
	s, err := l.table(key)
	if err != nil {
		return err
	}
	p, _, err := readPoints(s.points)
	if p == nil {
		return err
	}
	if err := c.Check(p); err != nil {
		return err
	}
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	to := sidecar(s.points)
	temporary := filepath.Join(filepath.Dir(to), ".webmon-"+filepath.Base(to))
	if err := os.WriteFile(temporary, append(data, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.Rename(temporary, to); err != nil {
		return err
	}
	l.Reload(key)
	l.Look()
	return nil
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
