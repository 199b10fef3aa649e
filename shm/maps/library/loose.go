package library

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/shm/maps"
	"webmon/shm/stack"
	"webmon/shm/stack/zarr"
)

// looseSource is a table of points, a tracing and an image, as far as they are there, that
// are a map of one session or more together.
type looseSource struct {
	name        string
	points, swc string // paths; "" for none
	table       string // where the table of points is, or would be
	pictures    image
	hasImage    bool
}

// Sidecar is where it is remembered which column of a table is what: beside it.
func Sidecar(points string) string { return points + ".columns.json" }

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
		if s.table = s.points; s.table == "" {
			s.table = filepath.Join(dir, stem+".csv")
		}
		path := s.points
		for _, p := range []string{s.swc, filepath.Join(dir, stem)} {
			if path == "" {
				path = p
			}
		}
		// It is the same map when a table comes to an image.
		f := found{name: s.name, path: filepath.Join(dir, stem), place: path, kind: Loose, mark: s.outside(), source: *s}
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
	all := []string{s.table, Sidecar(s.table)}
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
func (s looseSource) folder() string      { return filepath.Dir(s.table) }

func (s looseSource) open() (*maps.Map, error) {
	info, channels := s.info()
	tracks := map[string]*maps.Tracks{}
	// The columns of a table that a save would make.
	columns := maps.Columns{X: "x", Y: "y", Z: "z", ID: "id", Note: "note", Bad: "bad", UserType: "userType", DX: info.Voxel.X, DY: info.Voxel.Y, DZ: info.Voxel.Z}
	var data []byte
	if info, err := os.Stat(s.table); s.points == "" && err == nil && info.Mode().IsRegular() {
		s.points = s.table // it was made since the folder was looked at
	}
	if s.points != "" {
		d, _, c, err := readPoints(s.points)
		if err != nil {
			return nil, err
		}
		data, columns = d, c
	}
	packed := strings.HasPrefix(info.Format, zarr.MapManager)
	if s.points == "" && packed && info.Times > 1 {
		columns.Session = "session"
		for t := range info.Times {
			tracks[strconv.Itoa(t+1)] = nil
		}
	}
	if s.swc != "" {
		d, err := readSmall(s.swc)
		if err != nil {
			return nil, err
		}
		t, err := maps.ReadSWC(d, columns.DZ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(s.swc), err)
		}
		tracks = map[string]*maps.Tracks{"": t}
		if s.points == "" {
			columns.Segment = "segment"
		}
	}
	m, err := maps.FromTable(s.name, filepath.Base(s.table), data, columns, tracks)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if s.hasImage {
		m = m.With(func(m *maps.Map) {
			for j, session := range m.Sessions {
				m.Sessions[j] = session.With(func(c *maps.Session) {
					c.Channels, c.PZ = max(channels, 1), info.Slices
					c.PX, c.PY = info.Cols, info.Rows
				})
			}
		})
	}
	if packed {
		m = m.Told(maps.Problem{File: filepath.Base(s.pictures.path()), Session: maps.None, Row: maps.None,
			Text: "It is of MapManagerCore. Its images are read; its tables of points and segments are pickles, which are not opened, since to open one runs what is in it. Export them there as CSV."})
	}
	return m, nil
}

// path is a file of the image.
func (im *image) path() string {
	if im.all != "" {
		return im.all
	}
	for _, p := range im.channels {
		return p
	}
	return ""
}

// info asks the image for what it knows.
func (s looseSource) info() (info stack.Info, channels int) {
	channels = len(s.pictures.channels)
	path := s.pictures.path()
	if path == "" {
		return info, 0
	}
	im, err := stack.Open(path)
	if err != nil {
		return info, channels
	}
	defer im.Close()
	if s.pictures.all != "" {
		channels = im.Info().Channels
	}
	return *im.Info(), channels
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
func readPoints(path string) ([]byte, *maps.Points, maps.Columns, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, nil, maps.Columns{}, err
	}
	p, err := maps.ReadPoints(data)
	if err != nil {
		return nil, nil, maps.Columns{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	c, err := remembered(Sidecar(path))
	if err != nil {
		return data, p, c, fmt.Errorf("%s: %w", filepath.Base(path), ErrColumns)
	}
	if err := c.Check(p); err != nil {
		return data, p, c, fmt.Errorf("%s: %w: %w", filepath.Base(path), err, ErrColumns)
	}
	return data, p, c, nil
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
	_, p, c, err := readPoints(s.points)
	if p == nil {
		return Columns{}, err
	}
	found := Columns{Names: p.Names, Rows: p.Rows[:min(len(p.Rows), 10)], Is: c, Said: err == nil, Number: len(p.Rows)}
	if err != nil {
		found.Is = p.Guess()
		info, _ := s.info()
		found.Is.DX, found.Is.DY, found.Is.DZ = info.Voxel.X, info.Voxel.Y, info.Voxel.Z
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
	_, p, _, err := readPoints(s.points)
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
	to := Sidecar(s.points)
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
