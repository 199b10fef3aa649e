package board

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"webmon/dashboard/board/file"
	"webmon/natural"
	"webmon/private"
)

// MaxBoards is how many boards people can have. With file.MaxBytes it bounds what is kept
// of them.
const MaxBoards = 64

// ErrNone says that there is no board of a name.
var ErrNone = errors.New("there is no such board")

// Outdated says that somebody else has changed a board since.
type Outdated struct {
	Generation string // that it has now; "" if it does not exist
}

// Error implements error.
func (o *Outdated) Error() string {
	if o.Generation == "" {
		return "the board does not exist any more: somebody has deleted it"
	}
	return "somebody else has changed the board since: read it again, and change what it is now"
}

// names are the names that people's boards can have.
var names = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// IsName reports whether a board of people's own can have a name.
func IsName(name string) bool { return names.MatchString(name) }

// Store keeps people's boards, each in a file of its own that nobody but the user can
// read. It is safe for concurrent use.
type Store struct {
	dir string // "": the boards last as long as the store

	mu     sync.Mutex // guards all below
	loaded bool
	boards map[string]*kept
	wakes  map[string]func() // by topic
}

// kept is one board.
type kept struct {
	board      file.Board // of problem: only what it is called
	generation string
	problem    string // why its file cannot be read; it then stays as it is
}

// NewStore returns a store that keeps its files in a folder, which is made at the first
// board. With "" the boards last as long as the store.
func NewStore(dir string) *Store {
	return &Store{dir: dir, boards: map[string]*kept{}, wakes: map[string]func(){}}
}

// load reads the files, once; mu is held.
func (s *Store) load() error {
	if s.loaded || s.dir == "" {
		return nil
	}
	list, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder of the boards cannot be read: %w", err)
	}
	for _, entry := range list {
		name, ok := strings.CutSuffix(entry.Name(), suffix)
		if !ok || !IsName(name) || len(s.boards) >= MaxBoards {
			continue
		}
		text, err := private.Read(s.path(name), file.MaxBytes+1)
		k := &kept{board: file.Board{Title: name}}
		if err == nil {
			var b file.Board
			if b, err = file.Decode(text, file.Options{}); err == nil {
				k.board, k.generation = b, generation(text)
			}
		}
		if err != nil {
			k.problem = "Its file " + s.path(name) + " cannot be used: " + natural.Sentence(err.Error())
		}
		s.boards[name] = k
	}
	s.loaded = true
	return nil
}

const suffix = ".json"

func (s *Store) path(name string) string { return filepath.Join(s.dir, name+suffix) }

// generation names a content of a board.
func generation(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Info is a board in a list.
type Info struct {
	Name, Title string
	Cards       int
	Generation  string
	Problem     string // why it cannot be shown, one sentence; "" if it can
}

// List returns the boards, in the order of their titles.
func (s *Store) List() ([]Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return nil, err
	}
	out := make([]Info, 0, len(s.boards))
	for name, k := range s.boards {
		out = append(out, Info{name, k.board.Title, len(k.board.Cards), k.generation, k.problem})
	}
	slices.SortFunc(out, func(a, b Info) int {
		if c := natural.Compare(a.Title, b.Title); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
}

// Get returns a board and its generation. Nobody changes what it returns.
func (s *Store) Get(name string) (file.Board, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.get(name)
	if err != nil {
		return file.Board{}, "", err
	}
	return k.board, k.generation, nil
}

// get is Get; mu is held.
func (s *Store) get(name string) (*kept, error) {
	if err := s.load(); err != nil {
		return nil, err
	}
	k := s.boards[name]
	switch {
	case k == nil:
		return nil, ErrNone
	case k.problem != "":
		return nil, errors.New(strings.TrimSuffix(k.problem, "."))
	}
	return k, nil
}

// Put keeps a board whole. match is the generation that it takes the place of: "" if there
// must be none of the name, "*" for any. Otherwise, or if the board has another one, the
// error is an *Outdated.
func (s *Store) Put(name string, b file.Board, match string) (now string, created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.get(name)
	switch {
	case errors.Is(err, ErrNone):
		if match != "" && match != "*" {
			return "", false, &Outdated{}
		}
		created = true
	case err != nil:
		return "", false, err
	case match != "*" && match != k.generation:
		return "", false, &Outdated{k.generation}
	}
	now, err = s.keep(name, b)
	return now, created, err
}

// Create keeps a new board under a name made of its title.
func (s *Store) Create(b file.Board) (name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return "", err
	}
	base := NameFor(b.Title)
	name = base
	for i := 2; s.boards[name] != nil; i++ {
		name = fmt.Sprintf("%s-%d", base[:min(len(base), 36)], i)
	}
	_, err = s.keep(name, b)
	return name, err
}

// NameFor makes the name of a board from its title.
func NameFor(title string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case out.Len() >= 32:
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			out.WriteRune(r)
		case out.Len() > 0 && !strings.HasSuffix(out.String(), "-"):
			out.WriteByte('-')
		}
	}
	if name := strings.Trim(out.String(), "-"); name != "" {
		return name
	}
	return "board"
}

// Change edits a board. edit gets a copy of what it is at that moment, so that nobody's
// change takes another one's back; its error is returned, and leaves the board as it is.
func (s *Store) Change(name string, edit func(*file.Board) error) (now string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.get(name)
	if err != nil {
		return "", err
	}
	b := k.board.Clone()
	if err := edit(&b); err != nil {
		return "", err
	}
	return s.keep(name, b)
}

// keep writes a board; mu is held.
func (s *Store) keep(name string, b file.Board) (now string, err error) {
	if !IsName(name) {
		return "", fmt.Errorf("the name of a board has 1 to 40 small letters, digits and hyphens, and %q is none", name)
	}
	text, err := file.Encode(b)
	if err != nil {
		return "", err
	}
	old := s.boards[name]
	if old == nil && len(s.boards) >= MaxBoards {
		return "", fmt.Errorf("there are %d boards already: delete one first", MaxBoards)
	}
	now = generation(text)
	if old != nil && old.generation == now {
		return now, nil
	}
	if s.dir != "" {
		if err := private.Write(s.path(name), text); err != nil {
			return "", fmt.Errorf("the board was not kept: %w", err)
		}
	}
	s.boards[name] = &kept{board: b.Clone(), generation: now}
	s.tell()
	return now, nil
}

// Delete forgets a board. match is as in Put, but never "".
func (s *Store) Delete(name, match string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return err
	}
	k := s.boards[name]
	switch {
	case k == nil:
		return ErrNone
	case match != "*" && match != k.generation:
		return &Outdated{k.generation}
	}
	if s.dir != "" {
		if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the board was not deleted: %w", err)
		}
	}
	delete(s.boards, name)
	s.tell()
	return nil
}

// Wake has wake called after every change, in the place of what the same topic had called
// before. It is called under a lock that Get and List take.
func (s *Store) Wake(topic string, wake func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wakes) >= maxWakes {
		clear(s.wakes) // a feed is asked each second in any case
	}
	s.wakes[topic] = wake
}

// maxWakes is how many topics are told of changes: those of each board, as whoever may and who
// may not change it sees it.
const maxWakes = 2 * MaxBoards

// tell says that something has changed; mu is held.
func (s *Store) tell() {
	for _, wake := range s.wakes {
		wake()
	}
}
