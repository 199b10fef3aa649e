package edit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/shm/maps"
)

// By is who edits.
type By struct {
	Who string `json:"who"` // a name for people
	// Key tells people of one name apart, such as two browsers of one owner. Each has an undo
	// of their own.
	Key string `json:"key,omitempty"`
}

// Record is an edit that was made, as the journal has it.
type Record struct {
	N    int       `json:"n"` // one more than that of the record before
	Time time.Time `json:"time"`
	By
	Edit *Edit `json:"edit,omitempty"` // nil for an undo, a redo and what was measured
	Undo int   `json:"undo,omitempty"` // the record that is undone
	Redo int   `json:"redo,omitempty"` // the record that is made again
	Ops  []Op  `json:"ops"`
	// Measured says that webmon has measured an object that was edited before. It counts as no edit, and
	// is taken back with the edit.
	Measured bool `json:"measured,omitempty"`
}

// of is the record that the record makes, undoes or makes again.
func (r *Record) of() int {
	switch {
	case r.Undo > 0:
		return r.Undo
	case r.Redo > 0:
		return r.Redo
	}
	return r.N
}

// Conflict says that an edit is refused because of what was made of its object since.
type Conflict struct {
	Text  string
	By    string    // who has changed it; "" if that is not known
	Did   string    // the kind of edit
	Time  time.Time // zero if it is not known
	Value *Object   // the object now; nil if it is gone
}

// Error implements error.
func (c *Conflict) Error() string { return c.Text }

// entry is an edit and what is needed to take it back.
type entry struct {
	Record
	back   []Op // undoes it; in the edition of the record at, or makes it again if it is undone
	at     int  // the record that has made, undone or redone it last
	undone bool
	final  bool // an undone one that somebody has edited after
	saved  bool // whether it is in the files
}

// book is what was made of a map, in memory. It is not safe for concurrent use.
type book struct {
	id      string
	first   int // the number before the oldest record that is kept
	n       int // of the last record
	saved   int // of the last record that is in the files
	records []Record
	edits   map[int]*entry
	bytes   int
}

// How much of what was made is kept in memory, for undo and for edits of older editions.
const (
	maxRecords = 20_000
	maxKept    = 32 << 20 // bytes
)

func newBook(id string, from int) *book {
	return &book{id: id, first: from, n: from, saved: from, edits: map[int]*entry{}}
}

func (b *book) edition() string { return b.id + "-" + strconv.Itoa(b.n) }

// unsaved counts the edits by which the map differs from its files.
func (b *book) unsaved() int {
	n := 0
	for _, e := range b.edits {
		if e.saved == e.undone {
			n++
		}
	}
	return n
}

// wasSaved says that the files have everything.
func (b *book) wasSaved() {
	b.saved = b.n
	for _, e := range b.edits {
		e.saved = !e.undone
	}
	b.trim()
}

// trim forgets the oldest of what was saved.
func (b *book) trim() {
	for len(b.records) > 0 && b.records[0].N <= b.saved && (len(b.records) > maxRecords || b.bytes > maxKept) {
		r := &b.records[0]
		b.first = r.N
		b.bytes -= r.size()
		if e := b.edits[r.N]; e != nil && e.saved != e.undone {
			delete(b.edits, r.N)
		}
		b.records = b.records[1:]
	}
}

func (r *Record) size() int {
	n := 200
	for _, o := range r.Ops {
		n += 100 + len(o.Line)
		for _, l := range o.Lines {
			n += len(l)
		}
		n += 64 * (len(o.Cells) + len(o.Own))
	}
	return 2 * n
}

// add notes a record that was made; back undoes it.
func (b *book) add(r Record, back []Op) {
	b.n = r.N
	b.records = append(b.records, r)
	b.bytes += r.size()
	switch {
	case r.Measured:
	case r.Edit != nil:
		for _, e := range b.edits {
			if e.undone && e.By == r.By {
				e.final = true
			}
		}
		b.edits[r.N] = &entry{Record: r, back: back, at: r.N}
	default:
		e := b.edits[r.of()]
		if e == nil { // it was made and saved before webmon was started
			e = &entry{Record: Record{N: r.of(), By: r.By}, saved: r.Undo > 0}
			b.edits[r.of()] = e
		}
		e.back, e.at, e.undone = back, r.N, r.Undo > 0
	}
	b.trim()
}

// since returns the records after a number.
func (b *book) since(n int) []Record { return b.records[min(max(n-b.first, 0), len(b.records)):] }

// touch is a record that has changed an object.
type touch struct {
	*Record
	derived bool
	gone    bool // it has removed it
}

// follow finds the row that an object of an older edition has now, and what has changed it.
func (b *book) follow(session, row, n int) (now int, touched []touch) {
	lost := 0
	records := b.since(n)
	for i := range records {
		r := &records[i]
		for k := range r.Ops {
			o := &r.Ops[k]
			switch {
			case lost != 0:
				if o.Do == opInsert && o.Session == session && r.of() == lost {
					row, lost = o.Row, 0
				}
			case o.Do == opInsert && o.Session == session:
				if row >= o.Row {
					row++
				}
			case o.Do == opRemove && o.Session == session:
				if row == o.Row {
					lost = r.of()
					touched = append(touched, touch{r, false, true})
				} else if row > o.Row {
					row--
				}
			case o.Do == opLine && o.Session == session && o.Row == row:
				touched = append(touched, touch{r, o.Derived, false})
			case o.Do == opCells && slices.ContainsFunc(o.Cells, func(c maps.LinkCell) bool { return c.Session == session && c.Row == row }):
				touched = append(touched, touch{r, o.Derived, false})
			}
		}
	}
	if lost != 0 {
		return maps.None, touched
	}
	return row, touched
}

// place finds where a row would be put now that was at a place in an older edition.
func (b *book) place(session, row, n int) int {
	for _, r := range b.since(n) {
		for _, o := range r.Ops {
			if o.Session == session && o.Do == opInsert && row >= o.Row {
				row++
			} else if o.Session == session && o.Do == opRemove && row > o.Row {
				row--
			}
		}
	}
	return row
}

// parse reads an edition: the number of its last record, ok if rows of it can be found
// again.
func (b *book) parse(edition string) (n int, ok bool) {
	id, number, found := strings.Cut(edition, "-")
	n, err := strconv.Atoi(number)
	return n, found && err == nil && id == b.id && n >= b.first && n <= b.n
}

// doings are what edits are called after "has".
var doings = map[string]string{
	Add: "added it", Move: "moved it", Delete: "deleted it", Link: "linked it", Unlink: "unlinked it", Bad: "judged it", Note: "changed its note",
	UserType: "changed its user type", Pivot: "moved the landmark of its segment", Measure: "had it measured again",
}

// did says what a record was.
func (b *book) did(r *Record) string {
	if r.Edit != nil {
		return r.Edit.Do
	}
	if e := b.edits[r.of()]; e != nil && e.Edit != nil {
		return e.Edit.Do
	}
	return ""
}

func (b *book) conflict(m *maps.Map, t *touch, session, row int) *Conflict {
	kind := b.did(t.Record)
	doing := doings[kind]
	switch {
	case doing == "":
		doing = "changed it"
	case t.Undo > 0:
		doing += ", and taken that back"
	case t.Redo > 0:
		doing += " again"
	}
	c := &Conflict{By: t.Who, Did: kind, Time: t.Time, Value: ObjectOf(m, session, row)}
	who := t.Who
	if rest, ok := strings.CutPrefix(who, "the "); ok {
		who = "The " + rest // no name, as it begins a sentence
	}
	c.Text = fmt.Sprintf("%s has %s meanwhile.", who, doing)
	return c
}

// brought brings an edit of an older edition to this one, in place. The error is a Conflict
// if somebody else has changed the object since.
func (b *book) brought(m *maps.Map, e *Edit, edition string, by By) error {
	n, ok := b.parse(edition)
	if !ok {
		return &Conflict{
			Text:  "The map is not the one that this was made from any more: it has been read anew, or has changed too much since. Look at it again.",
			Value: ObjectOf(m, e.Session, e.Row),
		}
	}
	check := func(session int, row *int) error {
		now, touched := b.follow(session, *row, n)
		for i := range slices.Backward(touched) {
			if t := &touched[i]; !t.derived && t.By != by {
				return b.conflict(m, t, session, now)
			}
		}
		if now == maps.None {
			return &Conflict{Text: "You have deleted it meanwhile.", By: by.Who, Did: Delete}
		}
		*row = now
		return nil
	}
	if e.Do == Add {
		return nil
	}
	if e.Row >= 0 {
		if err := check(e.Session, &e.Row); err != nil {
			return err
		}
	}
	if e.Do == Link && e.To != nil && *e.To >= 0 {
		to := *e.To
		if err := check(e.Session+1, &to); err != nil {
			return err
		}
		e.To = &to
	}
	return nil
}

// undoing returns the edit that somebody would take back, or make again; nil for none.
func (b *book) undoing(by By, again bool) *entry {
	var last *entry
	for _, e := range b.edits {
		if e.By != by || e.undone != again || again && e.final {
			continue
		}
		if last == nil || !again && e.N > last.N || again && e.at > last.at {
			last = e
		}
	}
	return last
}

// taken returns the operations that take back an edit, or make it again, in the edition of
// now. The error is a Conflict if somebody else has changed what it has changed.
func (b *book) taken(m *maps.Map, e *entry) ([]Op, error) {
	if e.at < b.first {
		return nil, &Conflict{Text: "That was too long ago to be taken back."}
	}
	at := func(session, row int) (int, error) {
		now, touched := b.follow(session, row, e.at)
		for i := range slices.Backward(touched) {
			t := &touched[i]
			of := b.edits[t.of()]
			if t.Measured || t.By == e.By || of != nil && (of.undone || of.at != t.N) {
				continue
			}
			return 0, b.conflict(m, t, session, now)
		}
		if now == maps.None {
			return 0, &Conflict{Text: "The object is not there any more."}
		}
		return now, nil
	}
	ops := make([]Op, 0, len(e.back))
	for _, o := range e.back {
		var err error
		switch o.Do {
		case opInsert:
			row := b.place(o.Session, o.Row, e.at)
			o.Cells, o.Own, err = b.linksNow(m, o, row, e.at)
			o.Row = row
		case opCells:
			o.Cells = slices.Clone(o.Cells)
			for i := range o.Cells {
				c := &o.Cells[i]
				if c.Row, err = at(c.Session, c.Row); err != nil {
					break
				}
				if other, ok := beside(c.Block, c.Session); ok && number(c.Text) != maps.None {
					var to int
					if to, err = at(other, number(c.Text)); err != nil {
						break
					}
					c.Text = strconv.Itoa(to)
				}
			}
			if len(o.Cells) > 0 {
				o.Row = o.Cells[0].Row
			}
		default:
			o.Row, err = at(o.Session, o.Row)
			if err == nil && o.File == "db2" {
				o.Line = stillMeasured(m.Sessions[o.Session].Table, o.Row, o.Line)
			}
		}
		if err != nil {
			return nil, err
		}
		ops = append(ops, o)
	}
	return ops, nil
}

// stillMeasured returns a row of the table of objects as it is put back, with what was said of measuring the object since, unless
// the object was elsewhere then.
func stillMeasured(t *maps.Table, row int, line Line) Line {
	was, err := t.WithLines(map[int][]byte{row: line})
	if err != nil {
		return line
	}
	for _, name := range []string{"x", "y", "z", "cPnt", "cx", "cy", "parentID"} {
		if was.Cell(row, name) != t.Cell(row, name) {
			return line
		}
	}
	cells := map[string]string{}
	for _, name := range []string{"error", "warning", "isDirty"} {
		if now := t.Cell(row, name); t.Has(name) && now != was.Cell(row, name) {
			cells[name] = now
		}
	}
	if len(cells) == 0 {
		return line
	}
	if was, err = was.Set(row, cells); err != nil {
		return line
	}
	return was.Line(row)
}

// beside is the session whose rows a block of the object map has.
func beside(block string, session int) (int, bool) {
	switch block {
	case "next":
		return session + 1, true
	case "prev":
		return session - 1, true
	}
	return 0, false
}

func number(words string) int {
	if v, err := strconv.ParseFloat(words, 64); err == nil && v >= 0 && v < 1<<31 && v == float64(int(v)) {
		return int(v)
	}
	return maps.None
}

// linksNow are the links of a row that is put back, as far as what it was linked to is
// there and linked to nothing else.
func (b *book) linksNow(m *maps.Map, o Op, row, n int) (pointing []maps.LinkCell, own []string, err error) {
	own = slices.Clone(o.Own)
	drop := map[int]bool{} // sessions beside it to which the link is not made again
	l := m.Objects
	if l == nil {
		return nil, nil, nil
	}
	for _, c := range o.Cells {
		now, _ := b.follow(c.Session, c.Row, n)
		other, isRow := beside(c.Block, c.Session)
		if now == maps.None || isRow && other == o.Session && l.Cell(c.Block, c.Session, now) != "" {
			drop[c.Session] = true
			continue
		}
		if isRow {
			c.Text = strconv.Itoa(row)
		}
		c.Row = now
		pointing = append(pointing, c)
	}
	pointing = slices.DeleteFunc(pointing, func(c maps.LinkCell) bool { return drop[c.Session] })
	for i, block := range l.Blocks() {
		if i >= len(own) {
			break
		}
		side := strings.TrimSuffix(block, "TP")
		other, ok := beside(side, o.Session)
		if !ok {
			continue
		}
		if drop[other] {
			own[i] = "NAN"
		} else if to := number(own[i]); side == block && to != maps.None {
			now, _ := b.follow(other, to, n)
			if now == maps.None {
				drop[other] = true
				own[i] = "NAN"
			} else {
				own[i] = strconv.Itoa(now)
			}
		}
	}
	return pointing, own, nil
}
