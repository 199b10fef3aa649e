package edit

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"webmon/fault"
	webmaps "webmon/shm/maps"
	"webmon/shm/maps/library"
	"webmon/shm/maps/measure"
)

// Pictures is where the images of the maps are: a [library.Library].
type Pictures interface {
	Channels(key string, session int) []int
	Image(ctx context.Context, key string, session, channel int) (library.Image, error)
}

// place is an object of the edition of now.
type place struct{ session, row int }

// How much is measured.
const (
	maxPending = 10_000           // objects of a map; more stay marked as out of date
	maxMeasure = 30 * time.Second // for one object
	patience   = 10 * time.Second // that a save has for what is not measured yet
)

// webmon is who measures.
var webmon = By{Who: "webmon"}

// measuring measures what was edited, one object at a time, in a goroutine that is there while there is something to do.
type measuring struct {
	pictures Pictures

	mu      sync.Mutex
	all     sync.WaitGroup
	keys    []string // maps with something to measure
	running bool
	closed  bool
	cancel  context.CancelFunc
}

// touched notes which objects have to be measured after a record, and finds again those from before. It is called with each
// record in turn.
func (e *editor) touched(m *webmaps.Map, r *Record) {
	if r.Measured {
		// What is out of date still has no images.
		for _, o := range r.Ops {
			delete(e.pending, place{o.Session, o.Row})
		}
		return
	}
	for i := range r.Ops {
		o := &r.Ops[i]
		switch o.Do {
		case opInsert, opRemove:
			e.shift(o)
			if o.Do == opInsert {
				e.note(m, place{o.Session, o.Row})
			}
		case opLine:
			if strings.HasPrefix(o.File, "Int") {
				e.note(m, place{o.Session, o.Row})
			}
		}
	}
}

// shift finds the objects again after a row came or went.
func (e *editor) shift(o *Op) {
	moved := map[place]bool{}
	for p := range e.pending {
		if p.session == o.Session {
			switch {
			case o.Do == opInsert && p.row >= o.Row:
				p.row++
			case o.Do == opRemove && p.row == o.Row:
				continue
			case o.Do == opRemove && p.row > o.Row:
				p.row--
			}
		}
		moved[p] = true
	}
	e.pending = moved
}

// note notes an object that has to be measured, or has not any more.
func (e *editor) note(m *webmaps.Map, p place) {
	if !isDirty(m, p) {
		delete(e.pending, p)
		return
	}
	if len(e.pending) >= maxPending {
		return
	}
	if e.pending == nil {
		e.pending = map[place]bool{}
	}
	if e.idle == nil {
		e.idle = make(chan struct{})
	}
	e.pending[p] = true
}

// settled says that there is nothing to measure any more.
func (e *editor) settled() {
	e.pending = nil
	if e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
}

// isDirty reports whether intensities of a spine are out of date, and could be measured.
func isDirty(m *webmaps.Map, p place) bool {
	s := m.Sessions[p.session]
	if p.row < 0 || p.row >= s.Len() || s.Types()[p.row] != webmaps.Spine || s.Table.Value(p.row, "intBad") > 0 {
		return false
	}
	return slices.ContainsFunc(s.Int, func(t *webmaps.Table) bool { return t.Value(p.row, "isDirty") > 0 })
}

// measureLater measures what there is of an editor that is locked.
func (d *Desk) measureLater(key string, e *editor) {
	if len(e.pending) > 0 {
		d.measure(key)
	}
}

// measure measures what of a map has to be, later.
func (d *Desk) measure(key string) {
	w := &d.measuring
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pictures == nil || w.closed {
		return
	}
	if !slices.Contains(w.keys, key) {
		w.keys = append(w.keys, key)
	}
	if w.running {
		return
	}
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	w.running = true
	failed := func(err error) {
		if d.opts.Failed != nil {
			d.opts.Failed(err)
		}
	}
	fault.Go(&w.all, func() {
		for {
			key, ok := w.next()
			if !ok {
				return
			}
			if err := fault.Catch(func() error { return d.measureMap(ctx, key) }); err != nil && ctx.Err() == nil {
				failed(err)
				d.giveUp(key)
			}
		}
	}, failed)
}

// next returns the key of a map with something to measure; ok is false if there is none, and the worker ends.
func (w *measuring) next() (key string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.keys) == 0 {
		w.running = false
		w.cancel()
		return "", false
	}
	key, w.keys = w.keys[0], w.keys[1:]
	return key, true
}

func (w *measuring) close() {
	w.mu.Lock()
	w.closed = true
	if w.cancel != nil {
		w.cancel()
	}
	w.mu.Unlock()
	w.all.Wait()
}

// giveUp leaves what has to be measured of a map as it is, marked as out of date.
func (d *Desk) giveUp(key string) {
	if e := d.known(key); e != nil {
		e.mu.Lock()
		e.settled()
		e.mu.Unlock()
	}
}

// settle waits until nothing of a map has to be measured, but no longer than that.
func (d *Desk) settle(ctx context.Context, key string, long time.Duration) {
	e := d.known(key)
	if e == nil || d.measuring.pictures == nil {
		return
	}
	e.mu.Lock()
	idle := e.idle
	e.mu.Unlock()
	if idle == nil {
		return
	}
	d.measure(key)
	late := time.NewTimer(long)
	defer late.Stop()
	select {
	case <-idle:
	case <-late.C:
	case <-ctx.Done():
	}
}

// measureMap measures everything of a map. It ends when the map goes.
func (d *Desk) measureMap(ctx context.Context, key string) error {
	for {
		e := d.known(key)
		if e == nil {
			return nil
		}
		e.mu.Lock()
		if len(e.pending) == 0 || e.m == nil || e.book == nil || e.stuck != "" {
			e.settled()
			e.mu.Unlock()
			return nil
		}
		m, n := e.m, e.book.n
		p := slices.MinFunc(places(e.pending), func(a, b place) int {
			if a.session != b.session {
				return a.session - b.session
			}
			return a.row - b.row
		})
		e.mu.Unlock()
		if _, err := d.shelf.Open(ctx, key); err != nil {
			d.giveUp(key) // its folder is gone, or webmon ends
			return nil
		}
		ops := d.measured(ctx, key, m, p)
		if ctx.Err() != nil {
			return nil
		}
		if d.writeMeasured(e, p, n, ops) {
			d.publish(ctx, key, e)
		}
	}
}

func places(of map[place]bool) []place {
	all := make([]place, 0, len(of))
	for p := range of {
		all = append(all, p)
	}
	return all
}

// measured returns what measuring an object changes; nothing if there are no images that it could be measured in, or if they cannot be
// read, which whoever looks at them is told.
func (d *Desk) measured(ctx context.Context, key string, m *webmaps.Map, p place) []Op {
	ctx, stop := context.WithTimeout(ctx, maxMeasure)
	defer stop()
	s := m.Sessions[p.session]
	var channels []measure.Channel
	stretched := false
	for _, c := range d.measuring.pictures.Channels(key, p.session) {
		if c > len(s.Int) || s.Int[c-1] == nil {
			continue
		}
		im, err := d.measuring.pictures.Image(ctx, key, p.session, c)
		if err != nil {
			continue
		}
		defer im.Release()
		if im.Info().Stretched {
			stretched = true
			continue
		}
		channels = append(channels, measure.Channel{Number: c, Image: im.Image, At: im.Channel})
	}
	c := &compile{m: m, s: s, Edit: &Edit{Session: p.session, Row: p.row}}
	if len(channels) == 0 {
		if !stretched || s.Table.Cell(p.row, "warning") == stretchedWords {
			return nil
		}
		ops, _ := c.set("db2", p.row, map[string]string{"warning": stretchedWords}, true)
		return ops
	}
	r, err := measure.Spine(ctx, s, p.row, channels)
	if err != nil {
		return nil
	}
	var ops []Op
	for _, file := range files(s) {
		cells := r.Cells[file]
		if file == "db2" {
			for name, words := range cells {
				if t := s.Table; t.Cell(p.row, name) == words || words == "0" && t.Cell(p.row, name) == "" {
					delete(cells, name)
				}
			}
		} else if cells != nil {
			cells["intmSeconds"] = seconds(d.opts.Now())
		}
		more, err := c.set(file, p.row, cells, true)
		if err != nil {
			return nil
		}
		ops = append(ops, more...)
	}
	return ops
}

// stretchedWords are what the column warning says of an object whose images cannot be measured.
const stretchedWords = "images are 8 bit and stretched slice by slice: not measured;"

// writeMeasured puts what was measured of an object of record n into the journal, unless somebody has changed the object since:
// then it is measured anew.
func (d *Desk) writeMeasured(e *editor, p place, n int, ops []Op) (written bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.book == nil || e.m == nil || n < e.book.first || n > e.book.n || e.stuck != "" {
		return false
	}
	now, touched := e.book.follow(p.session, p.row, n)
	if now == webmaps.None {
		return false
	}
	if slices.ContainsFunc(touched, func(t touch) bool { return !t.Measured }) {
		return false // it is still pending if it has to be measured
	}
	p.row = now
	delete(e.pending, p)
	if len(ops) == 0 {
		return false
	}
	for i := range ops {
		ops[i].Row = now
		if strings.HasPrefix(ops[i].File, "Int") {
			// Rows are numbered in these files; it may be another now.
			t, _ := tableOf(e.m.Sessions[p.session], ops[i].File)
			line, err := renumbered(t, now, ops[i].Line)
			if err != nil {
				return false
			}
			ops[i].Line = line
		}
	}
	// Where the journal has no room the object stays marked as out of date.
	_, err := e.write(Record{Time: d.opts.Now(), By: webmon, Ops: ops, Measured: true})
	return err == nil
}

// renumbered returns a row with the number that the row has now, if it had that of its place before.
func renumbered(t *webmaps.Table, row int, line Line) (Line, error) {
	if row >= t.Len() || !t.Has("idx") {
		return line, nil
	}
	was := t.Cell(row, "idx")
	changed, err := t.WithLines(map[int][]byte{row: line})
	if err != nil {
		return nil, err
	}
	if changed.Cell(row, "idx") == was {
		return line, nil
	}
	if changed, err = changed.Set(row, map[string]string{"idx": was}); err != nil {
		return nil, err
	}
	return changed.Line(row), nil
}
