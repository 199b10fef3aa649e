// Package library keeps the maps of some folders: it finds them, loads each when it is
// first asked for, shares it, and forgets it when nobody has used it for a while.
//
//	l := library.New(library.Options{Dirs: dirs})
//	fault.Go(&all, func() { l.Run(ctx) }, failed)
//	o, err := l.Open(ctx, "rr30a")
//
// A map is a folder in the format of shm/maps, a zip with such a folder, a stack with
// its tables that belongs to no map, or a table of points, a tracing, an image, or several
// of these of one name. Nothing that is found is believed, and all that is kept is bounded.
package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm/maps"
	"webmon/shm/stack"
)

// Why there is nothing.
var (
	ErrUnknown = errors.New("there is no such map")
	ErrNoImage = errors.New("there are no images")
	// ErrColumns is wrapped where a table of points can be read once somebody has said
	// which of its columns is what.
	ErrColumns = errors.New("which column is what has to be said")
	// ErrAgain is what Options.Loaded returns when it has changed the files of the map, which are read again then.
	ErrAgain = errors.New("the files of the map have changed")
	// ErrOther is wrapped where a map is not what it was when the change to it began.
	ErrOther = errors.New("the map has changed meanwhile")
)

// Kind is what a map was found as.
type Kind string

// The kinds of what is found.
const (
	Folder  Kind = "folder"
	Zip     Kind = "zip"
	Alone   Kind = "stack"  // tables of a stack that belongs to no map
	Loose   Kind = "points" // a table of points, a tracing, an image, or several of these
	Program Kind = "made"   // on no disk
)

// Options are what a library is made of.
type Options struct {
	Dirs  []string      // folders below which maps are; the first takes what is uploaded
	Made  []Made        // maps that are on no disk
	Cache string        // folder for images out of zips; "": images of zips are not offered
	Bytes int64         // of maps in memory; 0: 1 GiB
	Idle  time.Duration // after which an unused map is forgotten; 0: ten minutes
	Every time.Duration // how often folders are looked through; 0: two seconds
	// Loaded is told of every map that was read, before anybody gets it, and may put
	// another in its place with the number of edits that are not saved. dir is the map's
	// folder, "" for what has none. It may be nil.
	Loaded func(key, dir string, m *maps.Map) (*maps.Map, int, error)
	Failed func(error) // told of what panics; may be nil
}

// Made is a map that is on no disk.
type Made struct {
	Key, Name, Place string
	Open             func() (*maps.Map, error)
	Channels         func(session int) []int // that have images, counted from 1; may be nil
	Image            func(session, channel int) (stack.Image, error)
}

// Facts are what is known of a map that was opened.
type Facts struct {
	Sessions, Objects, Segments, Runs int
	Conditions                        []string // of its sessions, each once, in their order
}

// Entry is a map in the list.
type Entry struct {
	Key       string // what addresses name it by; it stays while the program runs
	Name      string
	Kind      Kind
	Place     string   // its folder or file
	Condition []string // words
	Facts     *Facts   // nil before it was opened for the first time
	Unsaved   int      // edits
	Problem   string   // why it cannot be read, a sentence
	Columns   bool     // which column is what has to be said first
	Changed   bool     // another program has changed its files, and it has unsaved edits
	Pictured  bool     // some session has images
	Version   string   // changes with the map
	Edition   string   // names what edits have made of the files; "": nobody keeps edits, or it was never opened
}

// Opened is a map that was opened.
type Opened struct {
	*maps.Map
	Version string // changes with the map
	Unsaved int
	Dir     string // its folder; "": it has none, and cannot be saved there
}

// Library is safe for concurrent use.
type Library struct {
	o     Options
	mu    sync.Mutex
	keys  map[string]string // by path
	all   map[string]*item  // by key
	notes []string          // what of the folders was not looked at
	gone  map[string]gone   // by key, of maps that are not there any more
	news  uint64

	looking sync.Mutex // one looks through the folders at a time
	tree    tree
	loads   chan struct{} // bounds the maps that are read at the same time
	stacks  stacks
	wake    chan struct{}
}

// item is one map.
type item struct {
	Entry
	source source
	mark   string // of the source when it was found last

	m       *maps.Map
	seq     int    // counts what Replace has put in
	read    string // mark of what m was read from
	size    int64
	used    time.Time
	flight  *flight
	stacks  []sessionStack // of the sessions; kept when the map is forgotten
	images  map[string]image
	asked   bool // somebody wants it in memory
	unread  bool // it could not be read while it had this mark
	waiting bool // its facts are not known yet
}

// sessionStack is what is remembered of a session.
type sessionStack struct {
	name     string
	channels int
}

// flight is one reading of a map, for all who wait.
type flight struct {
	done chan struct{}
	err  error
}

// New returns a library. It finds nothing before Look or Run.
func New(o Options) *Library {
	if o.Bytes == 0 {
		o.Bytes = 1 << 30
	}
	if o.Idle == 0 {
		o.Idle = 10 * time.Minute
	}
	if o.Every == 0 {
		o.Every = 2 * time.Second
	}
	if o.Failed == nil {
		o.Failed = func(error) {}
	}
	l := &Library{o: o, keys: map[string]string{}, all: map[string]*item{}, loads: make(chan struct{}, 2), wake: make(chan struct{}, 1)}
	for _, m := range o.Made {
		l.all[m.Key] = &item{Entry: Entry{Key: m.Key, Name: m.Name, Kind: Program, Place: m.Place, Version: "made", Pictured: m.Image != nil}, source: m, mark: "made", waiting: true}
	}
	return l
}

// Run looks through the folders until ctx is done, opens what is new once, so that its
// facts are known, and forgets what is not used.
func (l *Library) Run(ctx context.Context) {
	for _, dir := range l.dirs() {
		sweep(dir)
	}
	defer l.stacks.close()
	var all sync.WaitGroup
	defer all.Wait()
	fault.Go(&all, func() { l.learn(ctx) }, l.o.Failed)
	tick := time.NewTicker(l.o.Every)
	defer tick.Stop()
	for {
		if err := fault.Do(l.Look); err != nil {
			l.o.Failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look looks through the folders, once.
func (l *Library) Look() {
	l.looking.Lock()
	defer l.looking.Unlock()
	found, notes := l.tree.look(l.dirs())
	marks := l.loaded()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.notes, notes) {
		l.notes = notes
		l.news++
	}
	seen := map[string]bool{}
	for _, f := range found {
		key := l.keyOf(f)
		seen[key] = true
		it := l.all[key]
		switch {
		case it == nil:
			it = &item{Entry: Entry{Key: key, Name: f.name, Kind: f.kind, Place: cmp.Or(f.place, f.path), Problem: f.sentence(), Version: short(f.mark)}, source: f.source, mark: f.mark, waiting: true}
			l.all[key] = it
			l.news++
		case it.mark != f.mark:
			it.mark, it.source, it.unread, it.waiting, it.Problem = f.mark, f.source, false, true, f.sentence()
			l.news++
		}
		if pictured, place := len(f.images) > 0, cmp.Or(f.place, f.path); it.Pictured != pictured || it.Place != place {
			it.Pictured, it.Place = pictured, place
			l.news++
		}
		it.images = f.images
		delete(l.gone, key)
	}
	now := time.Now()
	for key, it := range l.all {
		if !seen[key] && it.Kind != Program {
			delete(l.all, key)
			if l.gone == nil || len(l.gone) >= maxFound {
				l.gone = map[string]gone{}
			}
			l.gone[key] = gone{it.Name, it.Place}
			l.news++
			continue
		}
		l.outdated(it, marks[it])
		if it.m != nil && now.Sub(it.used) > l.o.Idle {
			it.forget()
		}
	}
	l.stacks.idle(now)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// loaded returns of each map in memory what it was read from, and what its files look like
// now. The disk is asked while nobody waits for it.
func (l *Library) loaded() map[*item]compared {
	l.mu.Lock()
	all := map[*item]compared{}
	sources := map[*item]source{}
	for _, it := range l.all {
		if it.m != nil && it.Kind != Program {
			all[it], sources[it] = compared{was: it.read}, it.source
		}
	}
	l.mu.Unlock()
	for it, c := range all {
		c.is = sources[it].fingerprint()
		all[it] = c
	}
	return all
}

// compared are two fingerprints of the files of a map.
type compared struct{ was, is string }

// outdated drops a map whose files have changed since it was read, unless it has edits
// that are not in them: then it says so.
func (l *Library) outdated(it *item, c compared) {
	if it.m == nil || it.flight != nil || c.was == "" || it.read != c.was {
		return
	}
	same := c.is == c.was
	switch {
	case same && it.Changed:
		it.Changed = false
		l.news++
	case !same && it.Unsaved == 0:
		it.forget()
		it.waiting = true
		l.news++
	case !same && !it.Changed:
		it.Changed = true
		l.news++
	}
}

func (it *item) forget() {
	it.m, it.size, it.read, it.asked = nil, 0, "", false
}

// keyOf returns the key of what was found, which stays the same while the program runs.
func (l *Library) keyOf(f found) string {
	if key, ok := l.keys[f.path]; ok {
		return key
	}
	name := slug(f.name)
	taken := func(key string) bool {
		if _, ok := l.all[key]; ok {
			return true
		}
		for _, k := range l.keys {
			if k == key {
				return true
			}
		}
		return false
	}
	key := name
	for n := 2; taken(key); n++ {
		key = name + "-" + strconv.Itoa(n)
	}
	l.keys[f.path] = key
	return key
}

// slug makes a name one that an address can have.
func slug(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, name)
	if s = strings.Trim(s, ".-"); s == "" {
		return "map"
	}
	return s[:min(len(s), 100)]
}

// List returns the maps in the natural order of their names, at once.
func (l *Library) List() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Entry, 0, len(l.all))
	for _, it := range l.all {
		list = append(list, it.Entry)
	}
	slices.SortFunc(list, func(a, b Entry) int {
		if c := natural.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return natural.Compare(a.Key, b.Key)
	})
	return list
}

// News is a number that grows when the list changes.
func (l *Library) News() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.news
}

// Notes say what of the folders was not looked at, a sentence each. They are not to be changed.
func (l *Library) Notes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.notes
}

// gone is a map that was there.
type gone struct{ name, place string }

// Gone returns a sentence about a map that was there and is not any more, "" for any other.
func (l *Library) Gone(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g, ok := l.gone[key]; ok {
		return fmt.Sprintf("The map %s is not there any more: %s was moved or deleted. When it is back it appears by itself.", g.name, g.place)
	}
	return ""
}

// Size returns the bytes of the maps in memory, and how many there may be.
func (l *Library) Size() (bytes, limit int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range l.all {
		bytes += it.size
	}
	return bytes, l.o.Bytes
}

// Stats count what a library has.
type Stats struct {
	Maps     int // that were found
	Problems int // of these, that cannot be read
	Loaded   int // of these, that are in memory
	Edited   int // of these, that have edits that are not saved
	Unsaved  int // edits that are not saved
	Stacks   int // image stacks that are open
}

// Stats counts what there is now.
func (l *Library) Stats() Stats {
	l.stacks.mu.Lock()
	s := Stats{Stacks: len(l.stacks.all)}
	l.stacks.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Maps = len(l.all)
	for _, it := range l.all {
		if it.Problem != "" && !it.Columns {
			s.Problems++
		}
		if it.m != nil {
			s.Loaded++
		}
		if it.Unsaved > 0 {
			s.Edited++
		}
		s.Unsaved += it.Unsaved
	}
	return s
}

// Open returns a map, which is read if it is not in memory: once, for all who wait. It
// counts as a use.
func (l *Library) Open(ctx context.Context, key string) (Opened, error) {
	for {
		l.mu.Lock()
		it := l.all[key]
		if it == nil {
			l.mu.Unlock()
			return Opened{}, fmt.Errorf("%q: %w", key, ErrUnknown)
		}
		if it.m != nil {
			it.used, it.asked = time.Now(), true
			o := it.opened()
			l.mu.Unlock()
			return o, nil
		}
		it.asked = true
		f := it.flight
		if f == nil {
			f = l.load(it)
		}
		l.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return Opened{}, ctx.Err()
		}
		if f.err != nil {
			return Opened{}, f.err
		}
	}
}

func (it *item) opened() Opened {
	return Opened{Map: it.m, Version: it.Version, Unsaved: it.Unsaved, Dir: it.source.folder()}
}

// load reads a map in the background. Whoever waits may leave.
func (l *Library) load(it *item) *flight {
	f := &flight{done: make(chan struct{})}
	it.flight = f
	source, key := it.source, it.Key
	end := func(m *maps.Map, mark string, unsaved int, err error) {
		var known facts
		if err == nil {
			known = factsOf(m)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		it.flight, it.waiting = nil, false
		f.err = err
		it.Problem, it.Columns = "", errors.Is(err, ErrColumns)
		if err != nil {
			it.Problem, it.unread = natural.Sentence(err.Error()), true
		} else {
			l.keep(it, m, known, mark, unsaved)
		}
		l.news++
		close(f.done)
	}
	var none sync.WaitGroup
	fault.Go(&none, func() {
		l.loads <- struct{}{}
		defer func() { <-l.loads }()
		var m *maps.Map
		var unsaved int
		mark := source.fingerprint()
		err := fault.Catch(func() (err error) {
			if m, err = source.open(); err != nil {
				return err
			}
			if n := m.Size(); n > l.o.Bytes {
				return fmt.Errorf("the map needs about %d MiB of memory, and all maps may have %d", n>>20, l.o.Bytes>>20)
			}
			if l.o.Loaded != nil {
				m, unsaved, err = l.o.Loaded(key, source.folder(), m)
				if errors.Is(err, ErrAgain) {
					mark = source.fingerprint()
					if m, err = source.open(); err == nil {
						m, unsaved, err = l.o.Loaded(key, source.folder(), m)
					}
				}
			}
			return err
		})
		end(m, mark, unsaved, err)
	}, func(err error) { end(nil, "", 0, err) })
	return f
}

// keep puts a map that was read into memory, and forgets those that nobody has used for
// longest until all have room.
func (l *Library) keep(it *item, m *maps.Map, known facts, mark string, unsaved int) {
	it.read, it.unread, it.Changed = mark, false, false
	it.put(m, known, unsaved)
	total := int64(0)
	for _, other := range l.all {
		total += other.size
	}
	for total > l.o.Bytes {
		var oldest *item
		for _, other := range l.all {
			if other != it && other.m != nil && (oldest == nil || other.used.Before(oldest.used)) {
				oldest = other
			}
		}
		if oldest == nil {
			return
		}
		total -= oldest.size
		oldest.forget()
	}
}

func version(mark string, seq int) string { return short(mark) + "-" + strconv.Itoa(seq) }

// put puts a map into memory.
func (it *item) put(m *maps.Map, known facts, unsaved int) {
	it.seq++
	it.m, it.used, it.Unsaved, it.Condition, it.Version = m, time.Now(), unsaved, m.Condition, version(it.read, it.seq)
	it.Edition = m.Edition
	it.Facts, it.stacks, it.size = &known.Facts, known.stacks, known.size
}

// facts are what is remembered of a map.
type facts struct {
	Facts
	stacks []sessionStack
	size   int64
}

func factsOf(m *maps.Map) facts {
	f := facts{Facts: Facts{Sessions: len(m.Sessions), Segments: m.SegmentRuns().Len(), Runs: m.Runs("").Len(), Conditions: m.Conditions()}, size: m.Size()}
	for _, s := range m.Sessions {
		f.Objects += s.Len()
		f.stacks = append(f.stacks, sessionStack{s.Stack, max(s.Channels, 1)})
	}
	return f
}

// learn opens each map that was found, so that its facts are known, one after the other.
// It is not kept in memory by that.
func (l *Library) learn(ctx context.Context) {
	for {
		key := l.unknown()
		if key == "" {
			select {
			case <-ctx.Done():
				return
			case <-l.wake:
			}
			continue
		}
		if err := l.glance(ctx, key, func(Opened) error { return nil }); err != nil && ctx.Err() != nil {
			return
		}
	}
}

// Each opens many maps, some at the same time, and calls do with each; it returns an error
// for each, nil where all went well. A map that was not in memory is forgotten again
// when do returns, so that any number of maps need no more memory than a few. do must not
// keep the map, and is called by several goroutines.
func (l *Library) Each(ctx context.Context, keys []string, do func(i int, o Opened) error) []error {
	errs := make([]error, len(keys))
	var all sync.WaitGroup
	var next atomic.Int64
	for range min(len(keys), runtime.GOMAXPROCS(0)) {
		fault.Go(&all, func() {
			for i := int(next.Add(1)) - 1; i < len(keys); i = int(next.Add(1)) - 1 {
				errs[i] = fault.Catch(func() error { return l.glance(ctx, keys[i], func(o Opened) error { return do(i, o) }) })
			}
		}, l.o.Failed)
	}
	all.Wait()
	return errs
}

// glance calls do with a map, which is no use of it: a map that nobody else has asked for is
// forgotten after it.
func (l *Library) glance(ctx context.Context, key string, do func(Opened) error) error {
	for {
		l.mu.Lock()
		it := l.all[key]
		if it == nil {
			l.mu.Unlock()
			return fmt.Errorf("%q: %w", key, ErrUnknown)
		}
		if it.m != nil {
			o := it.opened()
			l.mu.Unlock()
			defer func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				if it.m == o.Map && !it.asked && it.Unsaved == 0 {
					it.forget()
				}
			}()
			return do(o)
		}
		f := it.flight
		if f == nil {
			f = l.load(it)
		}
		l.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if f.err != nil {
			return f.err
		}
	}
}

// unknown returns a map whose facts are not known, "" if there is none.
func (l *Library) unknown() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	best := ""
	for key, it := range l.all {
		if it.waiting && it.flight == nil && it.m == nil && !it.unread && it.Problem == "" && (best == "" || natural.Compare(key, best) < 0) {
			best = key
		}
	}
	return best
}

// Replace puts a changed map in place of the one of a version, with the number of its
// edits that are not saved. The error wraps ErrOther if that is not the version any more.
func (l *Library) Replace(key, was string, m *maps.Map, unsaved int) (Opened, error) {
	known := factsOf(m)
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.all[key]
	if it == nil {
		return Opened{}, fmt.Errorf("%q: %w", key, ErrUnknown)
	}
	if it.m == nil || it.Version != was {
		return Opened{}, ErrOther
	}
	it.put(m, known, unsaved)
	l.news++
	return it.opened(), nil
}

// Saved says that the files of the map are now those of the version in memory.
func (l *Library) Saved(key string) {
	l.mu.Lock()
	it := l.all[key]
	l.mu.Unlock()
	if it == nil {
		return
	}
	now := it.source.fingerprint()
	l.mu.Lock()
	defer l.mu.Unlock()
	if it.m != nil {
		it.read, it.Unsaved, it.Changed = now, 0, false
		l.news++
	}
}

// Reload forgets the map, so that it is read again from its files.
func (l *Library) Reload(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if it := l.all[key]; it != nil {
		it.forget()
		it.Unsaved, it.Changed, it.unread, it.Problem = 0, false, false, ""
		it.waiting = true
		l.news++
	}
}

// Dir returns the folder of a map, "" if it has none.
func (l *Library) Dir(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if it := l.all[key]; it != nil {
		return it.source.folder()
	}
	return ""
}

// Accepts is the folder that takes what is uploaded; "" if there is none.
func (l *Library) Accepts() string {
	if dirs := l.dirs(); len(dirs) > 0 {
		return dirs[0]
	}
	return ""
}

// dirs are the folders that are looked through.
func (l *Library) dirs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.o.Dirs
}

// maxDirs is how many folders may be added.
const maxDirs = 256

// AddDir has another folder looked through from now on. One that is looked through already is
// none. The error is a sentence.
func (l *Library) AddDir(dir string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("%q is no path from the root", dir)
	}
	dir = filepath.Clean(dir)
	info, err := os.Stat(dir)
	if err == nil && info.IsDir() {
		var f *os.File
		if f, err = os.Open(dir); err == nil {
			f.Close()
		}
	}
	if err != nil || !info.IsDir() {
		return fmt.Errorf("%s cannot be looked through: %s", dir, reason(err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.o.Dirs, dir) {
		return nil
	}
	if len(l.o.Dirs) >= maxDirs {
		return fmt.Errorf("%d folders are looked through already, which is the most", maxDirs)
	}
	sweep(dir)
	l.o.Dirs = append(slices.Clone(l.o.Dirs), dir)
	l.news++
	return nil
}

// source is where a map comes from.
type source interface {
	open() (*maps.Map, error)
	// fingerprint changes when any file of the map does.
	fingerprint() string
	// folder is the map's folder, "" if it has none that it could be saved in.
	folder() string
}

func (m Made) open() (*maps.Map, error) { return m.Open() }
func (m Made) fingerprint() string      { return "made" }
func (m Made) folder() string           { return "" }

// folderSource is a map folder.
type folderSource struct{ dir string }

func (s folderSource) open() (*maps.Map, error) { return maps.Open(s.dir) }
func (s folderSource) folder() string           { return s.dir }
func (s folderSource) fingerprint() string {
	return marks(s.dir, filepath.Join(s.dir, "stackdb"), filepath.Join(s.dir, "line"))
}

// aloneSource is the tables of a stack that belongs to no map.
type aloneSource struct{ dir, stack string }

func (s aloneSource) open() (*maps.Map, error) { return maps.ReadStack(osFS(s.dir), s.stack) }
func (s aloneSource) folder() string           { return s.dir }
func (s aloneSource) fingerprint() string {
	return marks(s.dir, filepath.Join(s.dir, "stackdb"), filepath.Join(s.dir, "line"))
}
