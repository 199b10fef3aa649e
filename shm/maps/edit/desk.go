package edit

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	webmaps "webmon/shm/maps"
	"webmon/shm/maps/library"
)

// Shelf is where the maps are: a [library.Library].
type Shelf interface {
	Open(ctx context.Context, key string) (library.Opened, error)
	Replace(key, was string, m *webmaps.Map, unsaved int) (library.Opened, error)
	Saved(key string)
	Reload(key string)
}

// Options are what a desk is made of.
type Options struct {
	// State is the folder for edits of maps that have no folder of their own, such as those in
	// zips; "": they cannot be edited.
	State string
	Now   func() time.Time // nil: time.Now
	// Failed is told of what panics while something is measured, and why images could not be read; may be nil.
	Failed func(error)
}

// Desk edits the maps of a library. Its methods are safe for concurrent use.
type Desk struct {
	opts  Options
	shelf Shelf

	mu  sync.Mutex
	all map[string]*editor // by key of the map

	measuring measuring
}

// editor edits one map.
type editor struct {
	mu      sync.Mutex
	dir     string // the map's folder; "": it has none
	place   string // where its journal is
	m       *webmaps.Map
	book    *book // nil: nothing is known yet
	journal *journal
	lock    *flock.Flock
	base    map[string]string // SHA-256 of the files that the journal changes
	foreign bool              // the files are not those any more
	loose   bool              // the map is a table of points
	stuck   string            // why nothing can be edited, a sentence
	busy    bool              // another webmon edits it

	publishing sync.Mutex

	pending map[place]bool // what has to be measured
	idle    chan struct{}  // closed when pending becomes empty; nil while it is
}

// NewDesk returns a desk. Use must be called before anybody edits.
func NewDesk(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Desk{opts: o, all: map[string]*editor{}}
}

// Use says whose maps are edited. What is edited is measured again if the shelf is [Pictures] also.
func (d *Desk) Use(s Shelf) {
	d.shelf = s
	d.measuring.pictures, _ = s.(Pictures)
}

// Changed says that other programs have changed files of the map since; nothing was
// written.
type Changed struct{ Files []string }

// Error implements error.
func (c *Changed) Error() string {
	return fmt.Sprintf("Another program has changed %s since the edits were made. Either its files are kept, and the edits are dropped (reload), or the edits are written over them (save with keep).", list(c.Files))
}

func list(files []string) string {
	if n := len(files); n > 3 {
		return fmt.Sprintf("%s and %d other files", files[0], n-1)
	}
	out := ""
	for i, f := range files {
		switch {
		case i > 0 && i == len(files)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += f
	}
	return out
}

// Done is what became of an edit.
type Done struct {
	N       int // the number of its record
	Edition string
	Edit    Edit    // with the rows of the edition that it was made from
	Session int     // of the object
	Row     int     // of the object in the new edition; None if it is gone
	Value   *Object // nil if it is gone
	Unsaved int
}

// State is how it stands with the edits of a map.
type State struct {
	Edition string
	Unsaved int
	Foreign bool   // its files were changed by another program since the first of the edits
	Stuck   string // why it cannot be edited, a sentence; "" if it can
	CanSave bool
	Undo    string // the kind of edit that undo would take back; "" for none
	Redo    string
	// Measuring is how many objects are being measured, each of which becomes a record of its own.
	Measuring int
	Lacks     map[string]string // as Lacks says
}

// placeOf is where the journal of a map is; "" if it cannot have one.
func (d *Desk) placeOf(key, dir, name string, loose bool) string {
	switch {
	case dir != "" && loose:
		// Tables of a stack of that name may lie beside it.
		return filepath.Join(dir, folderName, url.PathEscape(name)+".points")
	case dir != "":
		return filepath.Join(dir, folderName, url.PathEscape(name))
	case d.opts.State != "":
		return filepath.Join(d.opts.State, url.PathEscape(key))
	}
	return ""
}

func (d *Desk) editor(key string) *editor {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.all[key]
	if e == nil {
		e = &editor{}
		d.all[key] = e
	}
	return e
}

// known returns the editor of a map that was edited; nil for none.
func (d *Desk) known(key string) *editor {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all[key]
}

// Loaded takes a map that was read, and returns it with the edits that are not saved, and
// their number. It completes a save that was interrupted. It is for [library.Options].
func (d *Desk) Loaded(key, dir string, m *webmaps.Map) (*webmaps.Map, int, error) {
	loose := m.Origin != nil
	place := d.placeOf(key, dir, m.Name, loose)
	e := d.known(key)
	if e == nil {
		if place == "" || !anything(place) {
			sums := sumsOf(m.Files())
			return named(m, newBook(idOf(sums), 0).edition()), 0, nil
		}
		e = d.editor(key)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	defer d.measureLater(key, e)
	e.dir, e.place, e.loose = dir, place, loose
	if place != "" {
		changed, err := recovered(dir, place)
		if err != nil {
			return nil, 0, err
		}
		if changed {
			e.forget()
			if loose {
				return nil, 0, library.ErrAgain
			}
			if m, err = again(dir, m); err != nil {
				return nil, 0, err
			}
		}
	}
	return e.loaded(m)
}

// anything reports whether there is something beside a map.
func anything(place string) bool {
	entries, err := os.ReadDir(place)
	return err == nil && len(entries) > 0
}

func named(m *webmaps.Map, edition string) *webmaps.Map {
	return m.With(func(m *webmaps.Map) { m.Edition = edition })
}

// again reads a map whose files have changed since.
func again(dir string, m *webmaps.Map) (*webmaps.Map, error) {
	return readAs(os.DirFS(dir), m)
}

func readAs(files fs.FS, m *webmaps.Map) (*webmaps.Map, error) {
	if m.Sheet == nil {
		return webmaps.ReadStack(files, m.Name)
	}
	return webmaps.Read(files, m.Name)
}

// loaded takes the map as its files have it.
func (e *editor) loaded(m *webmaps.Map) (*webmaps.Map, int, error) {
	sums := sumsOf(m.Files())
	if e.book != nil {
		switch {
		case e.m != nil:
			e.foreign = !maps.Equal(sums, e.base)
			return e.m, e.book.unsaved(), nil
		case maps.Equal(sums, e.base):
			return named(m, e.book.edition()), 0, nil
		}
		e.forget()
	}
	e.base, e.book, e.foreign, e.stuck = sums, newBook(idOf(sums), 0), false, ""
	if e.place == "" {
		return named(m, e.book.edition()), 0, nil
	}
	j, h, records, err := readJournal(e.place)
	if err != nil {
		e.stuck = sentence(err)
		return named(m, e.book.edition()), 0, nil
	}
	if j == nil {
		return named(m, e.book.edition()), 0, nil
	}
	at := m
	if !maps.Equal(sums, h.Files) {
		if len(records) == 0 {
			j.close()
			return named(m, e.book.edition()), 0, nil
		}
		if at, err = e.old(m, h); err != nil {
			j.close()
			e.stuck = fmt.Sprintf("There are %d edits that were not saved, and another program has changed the files of the map since; %v. Reload the map to drop the edits.", len(records), err)
			return named(m, e.book.edition()), 0, nil
		}
		e.foreign = true
	}
	b := newBook(h.ID, h.From)
	for _, r := range records {
		next, back, err := Apply(at, r.Ops)
		if err != nil {
			j.close()
			e.stuck = fmt.Sprintf("The edit %d in the journal cannot be made: %s Reload the map to drop the edits.", r.N, sentence(err))
			return named(m, e.book.edition()), 0, nil
		}
		at = next
		b.add(r, back)
		e.touched(at, &r)
	}
	e.book, e.base = b, h.Files
	if len(records) == 0 {
		j.close()
		return named(m, b.edition()), 0, nil
	}
	if err := e.hold(); err != nil {
		j.close()
		e.stuck = sentence(err)
		return named(m, b.edition()), 0, nil
	}
	e.journal = j
	e.m = named(at, b.edition())
	return e.m, b.unsaved(), nil
}

// old reads the files that a journal changes, from where they were kept.
func (e *editor) old(m *webmaps.Map, h *head) (*webmaps.Map, error) {
	z, err := zip.OpenReader(filepath.Join(e.place, baseName))
	if err != nil {
		return nil, errors.New("the files that they were made from are not there any more")
	}
	defer z.Close()
	sub, err := fs.Sub(z, h.Name)
	if err != nil {
		return nil, err
	}
	at, err := readAs(sub, m)
	if err != nil || !maps.Equal(sumsOf(at.Files()), h.Files) {
		return nil, errors.New("the files that they were made from are damaged")
	}
	return at, nil
}

// hold keeps other webmons from editing the same map.
func (e *editor) hold() error {
	if e.lock != nil {
		return nil
	}
	l := flock.New(filepath.Join(e.place, "lock"), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if e.busy = err == nil && !ok; e.busy {
		err = errors.New("another webmon is editing this map, which one alone can do at a time")
	}
	if err != nil {
		_ = l.Close()
		return err
	}
	e.lock = l
	return nil
}

// forget lets go of everything; the editor is as new.
func (e *editor) forget() {
	e.journal.close()
	if e.lock != nil {
		_ = e.lock.Close()
	}
	e.journal, e.lock, e.m, e.book, e.base, e.foreign, e.stuck, e.busy = nil, nil, nil, nil, nil, false, "", false
	e.settled()
}

// Close lets go of all maps. Nothing has to be written.
func (d *Desk) Close() {
	d.measuring.close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.all {
		e.mu.Lock()
		e.forget()
		e.mu.Unlock()
	}
}

// begin returns the editor of a map with the map in it, locked.
func (d *Desk) begin(ctx context.Context, key string) (*editor, error) {
	for {
		o, err := d.shelf.Open(ctx, key)
		if err != nil {
			return nil, err
		}
		e := d.editor(key)
		e.mu.Lock()
		if e.book == nil {
			e.loose = o.Origin != nil
			e.dir, e.place = o.Dir, d.placeOf(key, o.Dir, o.Name, e.loose)
			sums := sumsOf(o.Files())
			b := newBook(idOf(sums), 0)
			if b.edition() != o.Edition {
				e.mu.Unlock()
				continue // it has been read anew meanwhile
			}
			e.book, e.base = b, sums
		}
		if e.busy && e.hold() == nil {
			// The other webmon has left, and may have left edits.
			e.forget()
			e.mu.Unlock()
			d.shelf.Reload(key)
			continue
		}
		if e.stuck != "" {
			defer e.mu.Unlock()
			return nil, &Refused{"", e.stuck}
		}
		if e.m != nil || o.Edition == e.book.edition() {
			if e.m == nil {
				e.m = o.Map
			}
			return e, nil
		}
		e.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// write puts a record into the journal, and makes the map of it.
func (e *editor) write(r Record) (*Record, error) {
	next, back, err := Apply(e.m, r.Ops)
	if err != nil {
		return nil, &Refused{"", sentence(err)}
	}
	if n := next.Size(); n > maxMemory {
		return nil, &Refused{"", "The map is as large as a map can be."}
	}
	if e.journal == nil {
		if err := e.start(); err != nil {
			return nil, err
		}
	}
	r.N = e.book.n + 1
	if err := e.journal.add(&r); err != nil {
		return nil, &Refused{"", sentence(err)}
	}
	e.book.add(r, back)
	e.m = named(next, e.book.edition())
	e.touched(e.m, &r)
	return &r, nil
}

// nowhere is why a map without a place for its journal is not edited.
const nowhere = "This map cannot be edited: there is no folder for the journal of its edits."

// maxMemory bounds a map that is edited, in bytes.
const maxMemory = 2 << 30

// start makes the journal of a map, and keeps the files that it changes.
func (e *editor) start() error {
	if e.place == "" {
		return &Refused{"", nowhere}
	}
	if err := os.MkdirAll(e.place, 0o755); err != nil {
		return &Refused{"", "This map cannot be edited: " + sentence(err)}
	}
	if err := e.hold(); err != nil {
		return &Refused{"", sentence(err)}
	}
	if j, _, records, err := readJournal(e.place); err != nil || len(records) > 0 {
		j.close()
		return &Refused{"", "There are edits of this map that another webmon has made and not saved: reload the map first."}
	} else {
		j.close()
	}
	path := filepath.Join(e.place, baseName)
	f, err := os.Create(path + ".new")
	if err == nil {
		err = library.WriteZip(context.Background(), e.m, f)
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		e.journal, err = newJournal(e.place, head{ID: e.book.id, From: e.book.n, Name: e.m.Name, Files: e.base})
	}
	if err == nil {
		// The names of the folders have to last as long as what is in them.
		for _, dir := range []string{filepath.Dir(e.place), filepath.Dir(filepath.Dir(e.place))} {
			err = errors.Join(err, syncDir(dir))
		}
	}
	if err != nil {
		e.journal.close()
		e.journal = nil
		return &Refused{"", "This map cannot be edited: " + sentence(err)}
	}
	return nil
}

// Do makes an edit that was asked for in an edition. The error is a [Refused], a
// [Conflict] with what somebody else has made of the object, or why the map cannot be
// opened. If there is none, the edit is on the disk.
func (d *Desk) Do(ctx context.Context, key string, by By, edition string, what Edit) (Done, error) {
	e, err := d.begin(ctx, key)
	if err != nil {
		return Done{}, err
	}
	done, err := func() (Done, error) {
		defer e.mu.Unlock()
		asked := what
		if err := e.book.brought(e.m, &what, edition, by); err != nil {
			return Done{}, err
		}
		now := d.opts.Now()
		ops, err := what.Ops(e.m, by.Who, now)
		if err != nil {
			return Done{}, err
		}
		r, err := e.write(Record{Time: now, By: by, Edit: &what, Ops: ops})
		if err != nil {
			return Done{}, err
		}
		done := e.done(r)
		done.Edit = asked
		return done, nil
	}()
	if err == nil {
		d.publish(ctx, key, e)
		d.measure(key)
	}
	return done, err
}

// done says what became of a record.
func (e *editor) done(r *Record) Done {
	d := Done{N: r.N, Edition: e.book.edition(), Row: webmaps.None, Unsaved: e.book.unsaved()}
	if len(r.Ops) > 0 {
		o := r.Ops[0]
		d.Session = o.Session
		if o.Do != opRemove {
			d.Row, d.Value = o.Row, ObjectOf(e.m, o.Session, o.Row)
		}
	}
	return d
}

// Undo takes back the last edit of somebody that is not taken back. The error is a
// [Conflict] if somebody else has changed the object since.
func (d *Desk) Undo(ctx context.Context, key string, by By) (Done, error) {
	return d.take(ctx, key, by, false)
}

// Redo makes again what somebody has taken back last.
func (d *Desk) Redo(ctx context.Context, key string, by By) (Done, error) {
	return d.take(ctx, key, by, true)
}

func (d *Desk) take(ctx context.Context, key string, by By, again bool) (Done, error) {
	e, err := d.begin(ctx, key)
	if err != nil {
		return Done{}, err
	}
	done, err := func() (Done, error) {
		defer e.mu.Unlock()
		last := e.book.undoing(by, again)
		if last == nil {
			if again {
				return Done{}, &Refused{"", "You have taken back nothing that could be made again."}
			}
			return Done{}, &Refused{"", "You have made no edit of this map that could be taken back."}
		}
		ops, err := e.book.taken(e.m, last)
		if err != nil {
			return Done{}, err
		}
		r := Record{Time: d.opts.Now(), By: by, Ops: ops, Undo: last.N}
		if again {
			r.Undo, r.Redo = 0, last.N
		}
		made, err := e.write(r)
		if err != nil {
			return Done{}, err
		}
		done := e.done(made)
		if last.Edit != nil {
			done.Edit = *last.Edit
		}
		return done, nil
	}()
	if err == nil {
		d.publish(ctx, key, e)
		d.measure(key)
	}
	return done, err
}

// publish puts the map as it is now into the library. The edits are on the disk already:
// nothing is lost if it is not.
func (d *Desk) publish(ctx context.Context, key string, e *editor) {
	ctx = context.WithoutCancel(ctx)
	e.publishing.Lock()
	defer e.publishing.Unlock()
	for range 100 {
		o, err := d.shelf.Open(ctx, key)
		if err != nil {
			return
		}
		e.mu.Lock()
		m, unsaved := e.m, 0
		if e.book != nil {
			unsaved = e.book.unsaved()
			if o.Map == m && e.book.n == e.book.saved {
				e.m = nil // the library may forget it
			}
		}
		e.mu.Unlock()
		if m == nil || o.Map == m {
			return
		}
		if _, err := d.shelf.Replace(key, o.Version, m, unsaved); !errors.Is(err, library.ErrOther) {
			return
		}
	}
}

// Save writes the edits into the files of the map, and returns which files have changed. With
// keep, they are written over what other programs have changed since; without, that is an
// error that is a [Changed]. The files before are kept.
func (d *Desk) Save(ctx context.Context, key string, keep bool) ([]string, error) {
	d.settle(ctx, key, patience)
	e, err := d.begin(ctx, key)
	if err != nil {
		return nil, err
	}
	written, err := d.save(key, e, keep)
	e.mu.Unlock()
	d.publish(ctx, key, e)
	return written, err
}

func (d *Desk) save(key string, e *editor, keep bool) ([]string, error) {
	if e.book.n == e.book.saved {
		return nil, nil
	}
	if e.dir == "" {
		return nil, &Refused{"", "This map is no folder that could be written to. Its zip has the edits: download it, and put it into a folder of maps."}
	}
	if e.loose {
		return d.saveTable(key, e, keep)
	}
	files := e.m.Files()
	sums := sumsOf(files)
	var foreign []string
	var man manifest
	data := map[string][]byte{}
	for _, f := range files {
		disk := sumFile(filepath.Join(e.dir, filepath.FromSlash(f.Path)))
		if disk != e.base[f.Path] {
			foreign = append(foreign, f.Path)
		}
		if disk != sums[f.Path] {
			man.Files = append(man.Files, manifestFile{f.Path, sums[f.Path]})
			data[f.Path] = f.Data
		}
	}
	if len(foreign) > 0 && !keep {
		e.foreign = true
		return nil, &Changed{foreign}
	}
	man.ID, man.From, man.Name, man.All = e.book.id, e.book.n, e.m.Name, sums
	if err := save(e.dir, e.place, man, data); err != nil {
		// Whatever was decided is completed first when the map is read again.
		if _, gone := os.Stat(filepath.Join(e.place, manifestName)); gone == nil {
			e.stuck = "A save was interrupted: " + sentence(err) + " It is completed when the map is loaded again."
		}
		return nil, &Refused{"", "The map cannot be saved: " + sentence(err)}
	}
	e.journal.close()
	_ = e.lock.Close()
	e.journal, e.lock, e.base, e.foreign = nil, nil, sums, false
	e.book.wasSaved()
	e.settled() // what was not measured by now stays marked as out of date
	d.shelf.Saved(key)
	var written []string
	for _, f := range man.Files {
		written = append(written, f.Path)
	}
	return written, nil
}

// Reload drops the edits of a map that are not saved, and reads its files again. The journal
// of the edits is kept under another name until the next one is dropped.
func (d *Desk) Reload(ctx context.Context, key string) error {
	if _, err := d.shelf.Open(ctx, key); err != nil && d.known(key) == nil {
		return err
	}
	e := d.editor(key)
	e.mu.Lock()
	if e.place != "" && anything(e.place) {
		if err := e.hold(); err != nil {
			e.mu.Unlock()
			return &Refused{"", "The edits cannot be dropped: " + sentence(err)}
		}
	}
	e.journal.close()
	e.journal = nil
	if e.place != "" {
		path := filepath.Join(e.place, journalName)
		if err := os.Rename(path, path+".dropped"); err != nil && !errors.Is(err, os.ErrNotExist) {
			e.mu.Unlock()
			return &Refused{"", "The edits cannot be dropped: " + sentence(err)}
		}
		_ = os.Remove(filepath.Join(e.place, baseName))
	}
	e.forget()
	e.mu.Unlock()
	d.shelf.Reload(key)
	return nil
}

// Follow finds the row that an object of an edition has now, and returns the edition of now with
// it. The error is a [Conflict] if the object is gone, with who has deleted it, or if rows of that
// edition cannot be found again.
func (d *Desk) Follow(ctx context.Context, key, edition string, session, row int) (now int, at string, err error) {
	e, err := d.begin(ctx, key)
	if err != nil {
		return webmaps.None, "", err
	}
	defer e.mu.Unlock()
	at = e.book.edition()
	n, ok := e.book.parse(edition)
	if !ok {
		return webmaps.None, at, &Conflict{Text: "The map has been read anew since, so that nobody knows which row it has now."}
	}
	now, touched := e.book.follow(session, row, n)
	if now == webmaps.None {
		return now, at, e.book.conflict(e.m, &touched[len(touched)-1], session, now)
	}
	return now, at, nil
}

// State says how it stands with the edits of a map; edits are those that are not saved, the
// oldest first, the most of them.
func (d *Desk) State(ctx context.Context, key string, by By, most int) (State, []Record, error) {
	o, err := d.shelf.Open(ctx, key)
	if err != nil {
		return State{}, nil, err
	}
	e := d.known(key)
	if e == nil {
		s := State{Edition: o.Edition, CanSave: o.Dir != "", Lacks: Lacks(o.Map)}
		if d.placeOf(key, o.Dir, o.Name, o.Origin != nil) == "" {
			s.Stuck = nowhere
		}
		return s, nil, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.book == nil {
		return State{Edition: o.Edition, CanSave: o.Dir != "", Stuck: e.stuck, Lacks: Lacks(o.Map)}, nil, nil
	}
	s := State{Edition: e.book.edition(), Unsaved: e.book.unsaved(), Foreign: e.foreign, Stuck: e.stuck, CanSave: e.dir != "", Measuring: len(e.pending), Lacks: Lacks(o.Map)}
	kind := func(last *entry) string {
		switch {
		case last == nil:
			return ""
		case last.Edit == nil:
			return "edit"
		}
		return last.Edit.Do
	}
	s.Undo, s.Redo = kind(e.book.undoing(by, false)), kind(e.book.undoing(by, true))
	records := e.book.since(e.book.saved)
	return s, slices.Clone(records[max(0, len(records)-most):]), nil
}
