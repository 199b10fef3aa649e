package edit

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// Lacks says which kinds of edit a map cannot keep, and why, in a sentence each: those for which the table of points that it was made of has no
// column. It is empty for a map with files of its own.
func Lacks(m *maps.Map) map[string]string {
	lacks := map[string]string{}
	o := m.Origin
	if o == nil {
		return lacks
	}
	c := o.Columns
	column := func(kind, what string, has bool) {
		if !has {
			lacks[kind] = fmt.Sprintf("The table %s has no column for %s, which could not be saved: add one to it, and say which it is.", o.File, what)
		}
	}
	column(Note, "notes", c.Note != "")
	column(Bad, "whether an object is bad", c.Bad != "" || c.Accept != "")
	column(UserType, "user types", c.UserType != "")
	if len(m.Sessions) > 1 {
		column(Link, "what is the same in several sessions (an ID)", c.ID != "")
		column(Unlink, "what is the same in several sessions (an ID)", c.ID != "")
	}
	lacks[Pivot] = fmt.Sprintf("A table of points such as %s has no landmarks.", o.File)
	lacks[Measure] = fmt.Sprintf("A table of points such as %s has no intensities that webmon measures.", o.File)
	return lacks
}

// kept says why an edit could not be saved in the table of points that the map was made of.
func (c *compile) kept() error {
	o := c.m.Origin
	if o == nil {
		return nil
	}
	if words := Lacks(c.m)[c.Do]; words != "" {
		return refuse("do", "%s", words)
	}
	switch c.Do {
	case Add, Move:
		switch {
		case o.Columns.Z == "" && c.Z != nil && *c.Z != 0:
			return refuse("z", "The table %s has no column for z, so an object can be at slice 0 only: add one to it, and say which it is.", o.File)
		case c.Point != nil:
			return refuse("point", "The table %s does not keep to which point of the tracing an object belongs: it is the nearest.", o.File)
		case c.Segment != nil && o.Columns.Segment == "":
			return refuse("segment", "The table %s has no column for segments: an object belongs to the nearest.", o.File)
		case c.Type != "" && c.Type != maps.Spine:
			return refuse("type", "The objects of the table %s are all of one type, %s.", o.File, maps.Spine)
		}
	case Delete:
		if len(c.m.Sessions) > 1 && c.s.Len() == 1 {
			return refuse("row", "It is the only object of session %d, and a table of points such as %s has no session without objects.", c.Session, o.File)
		}
	}
	return nil
}

// saveTable writes the edits into the table of points that the map was made of. The map is read again after it, so that undo reaches back
// to the save and no further.
func (d *Desk) saveTable(key string, e *editor, keep bool) ([]string, error) {
	o := e.m.Origin
	if o == nil {
		return nil, &Refused{"", "The table of points was changed by another program since the edits were made, and webmon does not have the one before any more: reload the map to drop the edits."}
	}
	was := ""
	if o.Data != nil {
		was = sumOf(o.Data)
	}
	disk := sumFile(filepath.Join(e.dir, o.File))
	if disk != was && !keep {
		e.foreign = true
		return nil, &Changed{[]string{o.File}}
	}
	data, read, err := o.Saved(e.m)
	if err != nil {
		return nil, &Refused{"", "The map cannot be saved: " + sentence(err)}
	}
	man := manifest{ID: e.book.id, From: e.book.n, Name: e.m.Name, All: sumsOf(read.Files())}
	files := map[string][]byte{}
	if sum := sumOf(data); sum != disk {
		man.Files = append(man.Files, manifestFile{o.File, sum})
		files[o.File] = data
	}
	if side := library.Sidecar(o.File); o.Data == nil {
		text, err := json.MarshalIndent(o.Columns, "", "  ")
		if err != nil {
			return nil, err
		}
		text = append(text, '\n')
		// Somebody may have said something else of a table that was to come.
		if _, err := os.Lstat(filepath.Join(e.dir, side)); err != nil {
			man.Files = append(man.Files, manifestFile{side, sumOf(text)})
			files[side] = text
		}
	}
	if err := save(e.dir, e.place, man, files); err != nil {
		if _, gone := os.Stat(filepath.Join(e.place, manifestName)); gone == nil {
			e.stuck = "A save was interrupted: " + sentence(err) + " It is completed when the map is loaded again."
		}
		return nil, &Refused{"", "The map cannot be saved: " + sentence(err)}
	}
	e.forget()
	d.shelf.Reload(key)
	var written []string
	for _, f := range man.Files {
		written = append(written, f.Path)
	}
	return written, nil
}
