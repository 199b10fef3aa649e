// Package views keeps the views of a source that people have saved by name: where its
// camera looked, what its sliders showed, and how its layers looked. A view is in parts,
// each of them JSON that the process understands; what is in them is none of this
// package's business.
//
// The views of a source are a file of their own, which nobody but the user can read.
package views

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"webmon/private"
)

// Bounds of what is kept.
const (
	MaxViews   = 64      // of a source
	MaxParts   = 1025    // of a view: the scene, and a layer each
	MaxPart    = 4000    // bytes of a part: one fits the text of a command
	MaxBytes   = 1 << 20 // of all views of a source
	maxName    = 80      // letters
	maxSources = 256     // whose views are in memory
)

// View is a view that somebody has saved.
type View struct {
	Name  string            `json:"name"`
	Saved time.Time         `json:"saved"`
	By    string            `json:"by"` // as people know them
	About string            `json:"about"`
	Parts []json.RawMessage `json:"parts"`
}

// Store keeps views. It is safe for concurrent use.
type Store struct {
	dir string // "": the views last as long as the store

	mu   sync.Mutex
	of   map[string][]View // by source, in the order of their names
	went map[string]Went   // by source: the last one that somebody went to
}

// Went is what became of the last view of a source that somebody went to.
type Went struct {
	Name     string
	At       time.Time
	Problems []string // what could not be restored, a sentence each
}

// New returns a store that keeps its files in a folder, which is made at the first view.
// With "" the views last as long as the store.
func New(dir string) *Store {
	return &Store{dir: dir, of: map[string][]View{}, went: map[string]Went{}}
}

// file is what is kept of a source.
type file struct {
	Source string `json:"source"`
	Views  []View `json:"views"`
}

// path is the file of a source, whose name may be any text.
func (s *Store) path(source string) string {
	sum := sha256.Sum256([]byte(source))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:12])+".json")
}

// load returns the views of a source; mu is held. A file that is not believed, or makes no
// sense, is an error, and stays as it is.
func (s *Store) load(source string) ([]View, error) {
	if list, ok := s.of[source]; ok || s.dir == "" {
		return list, nil
	}
	var list []View
	b, err := private.Read(s.path(source), 2*MaxBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if list, err = decode(b, source); err != nil {
			return nil, fmt.Errorf("%s: %w", s.path(source), err)
		}
	}
	if len(s.of) >= maxSources {
		clear(s.of) // they are in their files
	}
	s.of[source] = list
	return list, nil
}

// decode reads a file of views. What in it is beyond the bounds is an error.
func decode(b []byte, source string) ([]View, error) {
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, errors.New("it is no file of views")
	}
	if f.Source != source {
		return nil, errors.New("it has the views of another source")
	}
	for i := range f.Views {
		if err := f.Views[i].check(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(f.Views, func(a, b View) int { return strings.Compare(a.Name, b.Name) })
	if len(f.Views) > MaxViews {
		return nil, errors.New("it has more views than there can be")
	}
	for i := 1; i < len(f.Views); i++ {
		if f.Views[i].Name == f.Views[i-1].Name {
			return nil, fmt.Errorf("it has two views called %q", f.Views[i].Name)
		}
	}
	return f.Views, nil
}

func (v View) check() error {
	if _, err := Name(v.Name); err != nil {
		return err
	}
	if len(v.Parts) > MaxParts {
		return fmt.Errorf("a view has at most %d parts", MaxParts)
	}
	for _, part := range v.Parts {
		if len(part) > MaxPart {
			return fmt.Errorf("a part of a view has at most %d bytes", MaxPart)
		}
	}
	return nil
}

// Name returns the name of a view without blanks around it, or an error, one sentence
// without a point, for what cannot be one.
func Name(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", errors.New("a view needs a name")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", errors.New("the name of a view has letters, digits and signs that can be seen")
	case utf8.RuneCountInString(name) > maxName:
		return "", fmt.Errorf("the name of a view has at most %d letters", maxName)
	}
	return name, nil
}

// List returns the views of a source, in the order of their names. The result is not
// changed by anybody.
func (s *Store) List(source string) ([]View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(source)
}

// Get returns a view; ok is false if there is none of the name.
func (s *Store) Get(source, name string) (v View, ok bool) {
	list, _ := s.List(source)
	i, ok := slices.BinarySearchFunc(list, name, func(v View, name string) int { return strings.Compare(v.Name, name) })
	if !ok {
		return View{}, false
	}
	return list[i], true
}

// Save keeps a view of a source, in the place of one of the same name.
func (s *Store) Save(source string, v View) error {
	if err := v.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.load(source)
	if err != nil {
		return err
	}
	list = slices.Clone(list)
	i, found := slices.BinarySearchFunc(list, v.Name, func(o View, name string) int { return strings.Compare(o.Name, name) })
	switch {
	case found:
		list[i] = v
	case len(list) >= MaxViews:
		return fmt.Errorf("there are %d views of it already: delete one first", MaxViews)
	default:
		list = slices.Insert(list, i, v)
	}
	return s.keep(source, list)
}

// Went notes what became of a view that somebody went to.
func (s *Store) Went(source, name string, problems []string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.went) >= maxSources {
		clear(s.went)
	}
	s.went[source] = Went{name, now, problems}
}

// Last returns what became of the last view of a source that somebody went to, the zero
// value if nobody has.
func (s *Store) Last(source string) Went {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.went[source]
}

// Delete forgets a view. ok is false if there is none of the name.
func (s *Store) Delete(source, name string) (ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.load(source)
	if err != nil {
		return false, err
	}
	i, ok := slices.BinarySearchFunc(list, name, func(v View, name string) int { return strings.Compare(v.Name, name) })
	if !ok {
		return false, nil
	}
	return true, s.keep(source, slices.Delete(slices.Clone(list), i, i+1))
}

// keep writes the views of a source; mu is held.
func (s *Store) keep(source string, list []View) error {
	b, err := json.Marshal(file{source, list})
	if err != nil {
		return err
	}
	if len(b) > MaxBytes {
		return fmt.Errorf("all views of it together have more than %d KiB: delete one first", MaxBytes>>10)
	}
	if s.dir != "" {
		if err := private.Write(s.path(source), b); err != nil {
			return err
		}
	} else if _, known := s.of[source]; !known && len(s.of) >= maxSources {
		return fmt.Errorf("there are views of %d sources already", maxSources)
	}
	s.of[source] = list
	return nil
}
