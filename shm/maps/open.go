package maps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"webmon/fault"
)

// What a map may have at most. Real ones have some tens of sessions of some hundreds
// of objects.
const (
	maxSessions = 1024
	maxFile     = 256 << 20 // bytes of one text file
	maxMap      = 512 << 20 // bytes of all text files of a map
	maxLines    = 1 << 24   // lines of all text files of a map
	maxColumns  = 4096      // of a table
	maxSheet    = 4 << 20   // bytes of a session table
	maxRuns     = 1 << 26   // objects of all sessions x sessions
)

// ErrNoMap says that a folder holds no map.
var ErrNoMap = errors.New("there is no map in the folder")

// Open reads the map in a folder.
func Open(dir string) (*Map, error) {
	return Read(os.DirFS(dir), path.Base(strings.ReplaceAll(dir, string(os.PathSeparator), "/")))
}

// Read reads the map whose folder is the root of a file system. name is the folder's.
func Read(files fs.FS, name string) (*Map, error) {
	r := newReader(files)
	prefix, ok := r.prefix(name)
	if !ok {
		return nil, ErrNoMap
	}
	return r.read(prefix)
}

// Is reports whether a folder holds a map. It reads no more than the beginnings of a
// few files.
func Is(files fs.FS, name string) bool {
	_, ok := newReader(files).prefix(name)
	return ok
}

func newReader(files fs.FS) *reader {
	r := &reader{files: files, have: map[string]string{}}
	for _, dir := range []string{".", "stackdb", "line"} {
		entries, _ := fs.ReadDir(files, dir)
		for _, e := range entries {
			if !e.IsDir() && !hidden(e.Name()) {
				p := path.Join(dir, e.Name())
				r.have[strings.ToLower(p)] = p
			}
		}
	}
	return r
}

// Stacks lists the stacks that a folder has tables of objects for, in itself or in its
// folder stackdb, whether it holds a map or not.
func Stacks(files fs.FS) []string {
	var found []string
	for lower, p := range newReader(files).have {
		if strings.HasSuffix(lower, "_db2.txt") {
			found = append(found, path.Base(p[:len(p)-len("_db2.txt")]))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// ReadStack reads a stack alone, which belongs to no map, as a map of one session. Its
// tables of objects, intensities and tracings lie together in the folder, or in its
// folders stackdb and line.
func ReadStack(files fs.FS, stack string) (*Map, error) {
	r := newReader(files)
	m := &Map{Name: stack}
	s := newSession(0, 0, stack, func(string, int) string { return "" })
	for _, dir := range []string{"", "stackdb/"} {
		if _, ok := r.find(dir + stack + "_db2.txt"); ok {
			s.dir = dir
			break
		}
	}
	for _, dir := range []string{"line/", s.dir, ""} {
		if _, ok := r.find(dir + stack + "_l.txt"); ok {
			s.lines = dir
			break
		}
	}
	m.Sessions = []*Session{s}
	if _, ok := r.find(s.file("db2")); !ok {
		return nil, fmt.Errorf("there is no %s_db2.txt in the folder", stack)
	}
	return r.finish(m)
}

// FromFiles reads a map from files that are not on a disk. It keeps their data.
func FromFiles(name string, files []File) (*Map, error) {
	r := &reader{have: map[string]string{}, data: map[string][]byte{}}
	for _, f := range files {
		r.have[strings.ToLower(f.Path)] = f.Path
		r.data[f.Path] = f.Data
	}
	return r.read(name)
}

// hidden are files that a Mac leaves everywhere.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }

// reader reads the files of one map.
type reader struct {
	files fs.FS
	have  map[string]string // lower case -> path
	data  map[string][]byte // what is not on a disk

	mu       sync.Mutex
	total    int64
	lines    int
	problems []Problem
	rest     []File // read and not understood
}

// prefix finds with what the names of the map's files begin: the folder's name, or, for
// a folder that was renamed, that of its session table.
func (r *reader) prefix(folder string) (string, bool) {
	if p, ok := r.have[strings.ToLower(folder)+".txt"]; ok {
		return strings.TrimSuffix(p, path.Ext(p)), true
	}
	var found []string
	for lower, p := range r.have {
		if stem, ok := strings.CutSuffix(lower, "_objmap.txt"); ok && !strings.Contains(stem, "/") {
			if _, ok := r.have[stem+".txt"]; ok {
				found = append(found, p[:len(stem)])
			}
		}
	}
	if len(found) == 0 {
		for lower, p := range r.have {
			if !strings.Contains(lower, "/") && strings.HasSuffix(lower, ".txt") && r.isSheet(p) {
				found = append(found, strings.TrimSuffix(p, path.Ext(p)))
			}
		}
	}
	if len(found) == 0 {
		return "", false
	}
	slices.Sort(found)
	return found[0], true
}

// isSheet reports whether a file looks like a session table.
func (r *reader) isSheet(p string) bool {
	f, err := r.files.Open(p)
	if err != nil {
		return false
	}
	defer f.Close()
	begin, _ := io.ReadAll(io.LimitReader(f, 64<<10))
	return newSheet(newText(begin)).Has("hsStack")
}

// find returns the path of a file, whatever the case of its letters.
func (r *reader) find(p string) (string, bool) {
	found, ok := r.have[strings.ToLower(p)]
	return found, ok
}

// load reads a file; nil, nil if there is none.
func (r *reader) load(p string) (*text, error) {
	p, ok := r.find(p)
	if !ok {
		return nil, nil
	}
	if r.data != nil {
		return r.count(r.data[p])
	}
	f, err := r.files.Open(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	defer f.Close()
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	if size > maxFile {
		return nil, fmt.Errorf("%s has %d MiB; a file of a map may have %d", p, size>>20, maxFile>>20)
	}
	data := make([]byte, 0, size+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		if len(data) > maxFile {
			return nil, fmt.Errorf("%s has more than %d MiB", p, maxFile>>20)
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, max(len(data), 4096))
		}
	}
	return r.count(data)
}

// count bounds what a map has in all.
func (r *reader) count(data []byte) (*text, error) {
	r.mu.Lock()
	r.total += int64(len(data))
	r.lines += max(bytes.Count(data, []byte{'\n'}), bytes.Count(data, []byte{'\r'}))
	total, lines := r.total, r.lines
	r.mu.Unlock()
	if total > maxMap || lines > maxLines {
		return nil, fmt.Errorf("the files of the map have more than %d MiB, or than %d lines", maxMap>>20, maxLines)
	}
	return newText(data), nil
}

func (r *reader) problem(file string, session, row int, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{File: file, Session: session, Row: row, Text: fmt.Sprintf(format, args...)})
	}
}

// maxProblems bounds what is told of a broken map.
const maxProblems = 1000

func (r *reader) read(prefix string) (*Map, error) {
	t, err := r.load(prefix + ".txt")
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, ErrNoMap
	}
	if n := t.size(); n > maxSheet {
		return nil, fmt.Errorf("%s.txt has %d KiB, which is too much for a session table", prefix, n>>10)
	}
	m := &Map{Name: prefix, Sheet: newSheet(t)}
	stacks := m.Sheet.Cells("hsStack")
	labels := map[string][]string{}
	cells := func(label string, i int) string {
		c, ok := labels[label]
		if !ok {
			c = m.Sheet.Cells(label)
			labels[label] = c
		}
		if i < len(c) {
			return c[i]
		}
		return ""
	}
	if len(stacks) > maxSessions {
		return nil, fmt.Errorf("%s.txt has %d sessions; a map may have %d", prefix, len(stacks), maxSessions)
	}
	for cell, stack := range stacks {
		if stack != "" {
			stack = strings.TrimSuffix(stack, "_ch1")
			if slices.ContainsFunc(m.Sessions, func(s *Session) bool { return s.Stack == stack }) {
				r.problem(prefix+".txt", len(m.Sessions), None, "It has the same stack as a session before it, so that both have the same files.")
			}
			m.Sessions = append(m.Sessions, newSession(len(m.Sessions), cell, stack, cells))
		}
	}
	if len(m.Sessions) == 0 {
		return nil, fmt.Errorf("%s.txt names no stacks (hsStack), so the map has no sessions", prefix)
	}
	for word := range strings.SplitSeq(m.Sheet.Cell("mapCond", 0), ";") {
		if word = strings.TrimSpace(word); word != "" {
			m.Condition = append(m.Condition, word)
		}
	}
	if err := r.maps(m); err != nil {
		return nil, err
	}
	return r.finish(m)
}

// finish reads the sessions of a map.
func (r *reader) finish(m *Map) (*Map, error) {
	errs := make([]error, len(m.Sessions))
	each(len(m.Sessions), func(i int) { errs[i] = r.session(m.Sessions[i]) }, func(i int, err error) { errs[i] = err })
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	objects := 0
	for _, s := range m.Sessions {
		objects += s.Len()
	}
	if objects*len(m.Sessions) > maxRuns {
		return nil, fmt.Errorf("the map has %d objects in %d sessions, which is more than a map can have", objects, len(m.Sessions))
	}
	m.DefaultType = m.defaultType()
	m.have, m.rest, m.read = r.have, r.rest, slices.Clone(r.problems)
	m.Problems = m.problems()
	return m, nil
}

// newSession makes a session of what the session table says of it.
func newSession(index, cell int, stack string, cells func(label string, i int) string) *Session {
	c := func(label string) string { return cells(label, cell) }
	f := func(label string) float64 {
		v, _ := number([]byte(c(label)))
		return v
	}
	return &Session{
		dir: "stackdb/", lines: "line/",
		Index: index, Cell: cell, Stack: stack, Imported: c("importedStackName"),
		Date: c("date"), Time: c("time"), Condition: c("condStr"), Days: f("days"), Hours: f("hours"),
		PX: whole(f("px")), PY: whole(f("py")), PZ: whole(f("pz")), DX: f("dx"), DY: f("dy"), DZ: f("dz"),
		Channels: whole(f("numChannels")), Channel: whole(f("defaultChannel")),
	}
}

// whole returns a count, 0 for what is none.
func whole(v float64) int {
	if math.IsNaN(v) || v < 0 || v > 1<<30 {
		return 0
	}
	return int(v)
}

// maps reads the object map and the segment map.
func (r *reader) maps(m *Map) error {
	read := func(name string) (*Links, error) {
		p, ok := r.find(name)
		if !ok {
			return nil, nil
		}
		t, err := r.load(p)
		if err != nil {
			return nil, err
		}
		l, err := newLinks(t)
		if err != nil {
			r.problem(p, None, None, "It was left out: %v.", err)
			r.keep(p, t)
		}
		return l, nil
	}
	var err error
	if m.Objects, err = read(m.Name + "_objMap.txt"); err != nil {
		return err
	}
	if m.Segments, err = read(m.Name + "_segMap.txt"); err != nil {
		return err
	}
	if m.Segments != nil && m.Segments.Rows == 0 {
		r.keep(m.Name+"_segMap.txt", m.Segments.text)
		m.Segments = nil
	}
	for _, name := range []string{"!" + m.Name + "_segMap.txt", m.Name + "_!segMap.txt", m.Name + "!_segMap.txt", m.Name + "_segMap!.txt"} {
		t, err := r.load(name)
		if err != nil {
			return err
		}
		if t != nil {
			m.SegmentsOff = m.Segments == nil
			r.keep(name, t)
		}
	}
	return nil
}

// keep notes a file that is written back as it was read.
func (r *reader) keep(p string, t *text) {
	if found, ok := r.find(p); ok {
		p = found
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = append(r.rest, File{p, t.bytes()})
}

// each calls do with the numbers below n, several at a time.
func each(n int, do func(i int), failed func(i int, err error)) {
	var all sync.WaitGroup
	var next atomic.Int64
	for range min(n, runtime.GOMAXPROCS(0)) {
		fault.Go(&all, func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := fault.Do(func() { do(i) }); err != nil {
					failed(i, err)
				}
			}
		}, func(err error) { failed(0, err) })
	}
	all.Wait()
}

// session reads the files of a session.
func (r *reader) session(s *Session) error {
	table := func(p string) (*Table, error) {
		t, err := r.load(p)
		if t == nil || err != nil {
			return nil, err
		}
		if len(t.lines) < 2 {
			found, _ := r.find(p)
			r.problem(found, s.Index, None, "It has no line of names, so it is read as if it were not there.")
			r.keep(found, t)
			return nil, nil
		}
		return r.table(p, t, 1)
	}
	stem := s.dir + s.Stack
	var err error
	if s.Table, err = table(stem + "_db2.txt"); err != nil {
		return err
	}
	if s.Table == nil {
		r.problem(stem+"_db2.txt", s.Index, None, "It is missing, so the session has no objects.")
	}
	for c := range 3 {
		t, err := table(fmt.Sprintf("%s_Int%d.txt", stem, c+1))
		if err != nil {
			return err
		}
		if t != nil {
			for len(s.Int) <= c {
				s.Int = append(s.Int, nil)
			}
			s.Int[c] = t
		}
	}
	if t, err := r.load(stem + "_user.txt"); err != nil {
		return err
	} else if t != nil && len(t.lines) > 0 {
		if s.User, err = r.table(s.file("user"), t, 0); err != nil {
			return err
		}
	}
	t, err := r.load(s.file("l"))
	if err != nil {
		return err
	}
	if t != nil {
		s.Tracing = newTracing(t)
		for _, w := range []*Table{s.Tracing.Segments, s.Tracing.Points} {
			if err := w.fits(s.file("l")); err != nil {
				return err
			}
		}
	}
	s.fallback()
	return nil
}

// table reads a table, unless its names and rows announce more cells than a map can
// have.
func (r *reader) table(p string, t *text, head int) (*Table, error) {
	w := newTable(t, head, len(t.lines))
	return w, w.fits(p)
}

// fits says why a table is too large.
func (t *Table) fits(p string) error {
	if n := (len(t.names) + 1) * len(t.rows); n > maxCells {
		return fmt.Errorf("%s has %d rows of %d columns, which is more than a map can have", p, len(t.rows), len(t.names))
	}
	return nil
}

// fallback takes from the head of db2 what the session table does not say.
func (s *Session) fallback() {
	head := s.Table.Head()
	if s.Table == nil {
		head = map[string]string{}
	}
	f := func(key string) float64 {
		v, _ := number([]byte(head[key]))
		return v
	}
	for _, n := range []struct {
		to  *int
		key string
	}{{&s.PX, "pixelx"}, {&s.PY, "pixely"}, {&s.PZ, "pixelz"}} {
		if *n.to == 0 {
			*n.to = whole(f(n.key))
		}
	}
	for _, n := range []struct {
		to  *float64
		key string
	}{{&s.DX, "voxelx"}, {&s.DY, "voxely"}, {&s.DZ, "voxelz"}} {
		if !(*n.to > 0) {
			*n.to = f(n.key)
		}
		if !(*n.to > 0) {
			*n.to = 1
		}
	}
	if s.Channels == 0 {
		s.Channels = max(len(s.Int), 1)
	}
	if s.Channel < 1 || s.Channel > s.Channels {
		s.Channel = 1
	}
}

// defaultType is what the session table says; for a map without one object of it, the
// first type that can be followed and that is there.
func (m *Map) defaultType() Type {
	want := Spine
	if c := m.Sheet.Cell("defaultAnnotation", 0); c != "" {
		want = typeOf(c)
	}
	for _, t := range []Type{want, Spine, Other, Node} {
		for _, s := range m.Sessions {
			if slices.Contains(s.Types(), t) {
				return t
			}
		}
	}
	return want
}

// File is a text file of a map.
type File struct {
	Path string // below the map's folder, with "/"
	Data []byte
}

// Files returns all text files of the map as they are to be written, in a fixed order.
// Of a map that was not changed they are what was read, byte for byte.
func (m *Map) Files() []File {
	var files []File
	add := func(p string, data []byte) {
		if found, ok := m.have[strings.ToLower(p)]; ok {
			p = found
		}
		files = append(files, File{p, data})
	}
	if m.Sheet != nil {
		add(m.Name+".txt", m.Sheet.Bytes())
	}
	if m.Objects != nil {
		add(m.Name+"_objMap.txt", m.Objects.Bytes())
	}
	if m.Segments != nil {
		add(m.Name+"_segMap.txt", m.Segments.Bytes())
	}
	for _, s := range m.Sessions {
		if s.Table != nil {
			add(s.file("db2"), s.Table.Bytes())
		}
		for c, t := range s.Int {
			if t != nil {
				add(s.file("Int"+strconv.Itoa(c+1)), t.Bytes())
			}
		}
		if s.User != nil {
			add(s.file("user"), s.User.Bytes())
		}
		if s.Tracing != nil {
			add(s.file("l"), s.Tracing.Bytes())
		}
	}
	return append(files, m.rest...)
}

// file returns the path of a file of the session.
func (s *Session) file(kind string) string {
	dir := s.dir
	if kind == "l" {
		dir = s.lines
	}
	return dir + s.Stack + "_" + kind + ".txt"
}
