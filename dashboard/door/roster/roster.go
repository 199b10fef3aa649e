// Package roster knows people by a file that says who has which token. The file holds
// hashes of the tokens, so that reading it lets nobody in.
//
//	r, err := roster.Open(path, logger)
//	...
//	go r.Run(ctx) // reads the file again when it changes
//	person, known, err := r.Know(request)
//
// It is closed rather than open when something is wrong: a file that cannot be read,
// or that others may write, lets nobody in and ends the sessions of all.
package roster

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"webmon/dashboard/door"
	"webmon/fault"
	"webmon/private"
)

// every is how often the file is looked at. A token that is shown is looked up in the
// file as it is, so this is how long the session of a person who was taken out lasts.
const every = 500 * time.Millisecond

// Roster knows people by a file. Its methods are safe for concurrent use.
type Roster struct {
	path   string
	logger *slog.Logger

	mu      sync.Mutex // guards what follows
	seen    fs.FileInfo
	changed fs.FileInfo // not nil: what somebody seems to be writing
	problem string      // why the file cannot be read; "" if it can
	people  map[Hash]*person
}

// person is somebody in the file.
type person struct {
	Entry
	gone chan struct{} // closed when they are taken out, changed, or their token has expired
	over bool          // gone is closed
}

func (p *person) end() {
	if !p.over {
		p.over = true
		close(p.gone)
	}
}

// Open reads the file. It is an error if there is none, or if others may read or
// write it. Lines that cannot be read are logged.
func Open(path string, logger *slog.Logger) (*Roster, error) {
	r := &Roster{path: path, logger: logger}
	b, info, err := load(path)
	if err != nil {
		return nil, err
	}
	r.take(b, info)
	return r, nil
}

// Run looks at the file and at the clock until ctx is done.
func (r *Roster) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// What panics lets nobody in, like any other file that cannot be read.
			if err := fault.Do(func() { r.look(true) }); err != nil {
				r.mu.Lock()
				r.lose(err)
				r.mu.Unlock()
			}
		}
	}
}

// Know tells who sends a request by its bearer token; see [door.Keeper].
func (r *Roster) Know(req *http.Request) (door.Person, bool, error) {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return door.Person{}, false, nil
	}
	r.look(false)
	r.mu.Lock()
	defer r.mu.Unlock()
	// How long the search in the map takes tells of the hash alone, and whoever does
	// not know a token cannot choose its hash.
	p := r.people[HashOf(token)]
	if p == nil {
		return door.Person{}, false, nil
	}
	if p.ended(time.Now()) {
		p.end()
		return door.Person{}, false, door.Wrong(fmt.Sprintf("The token of %s was good until %s. Ask for another.", p.Name, p.Until.Format("2006-01-02 15:04")))
	}
	return door.Person{Name: p.Name, Role: p.Role, Gone: p.gone}, true, nil
}

// look reads the file again if it has changed, and ends what has expired. Another file
// of the same name is whole at once. The same file with another content may still be
// being written, as editors do: it is read when it has rested from one tick to the
// next, so that nobody loses their session to a file that is half there.
func (r *Roster) look(tick bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := state(r.path)
	switch {
	case err != nil:
		r.lose(err)
	case r.problem == "" && same(info, r.seen):
		r.changed = nil
	case r.problem == "" && os.SameFile(info, r.seen) && info.Mode() == r.seen.Mode() && !(tick && same(info, r.changed)):
		if tick {
			r.changed = info
		}
	default:
		b, info, err := load(r.path)
		if err != nil {
			r.lose(err)
		} else {
			r.take(b, info)
		}
	}
	now := time.Now()
	for _, p := range r.people {
		if p.ended(now) {
			p.end()
		}
	}
}

// same reports whether nothing says that a file has changed.
func same(a, b fs.FileInfo) bool {
	return b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime())
}

// lose ends everybody's session. mu must be held, here and in take.
func (r *Roster) lose(err error) {
	r.changed = nil
	if r.problem != err.Error() {
		r.problem = err.Error()
		r.logger.Error("the file of people lets nobody in", "error", err)
	}
	for _, p := range r.people {
		p.end()
	}
	r.people = nil
}

// take makes what the file holds what counts. Who is in it as before, with the same
// token and role, keeps their sessions.
func (r *Roster) take(b []byte, info fs.FileInfo) {
	people, bad := Parse(b)
	for _, line := range bad {
		r.logger.Warn("a line of the file of people lets nobody in", "file", r.path, "line", line.Line, "reason", line.Reason)
	}
	now := make(map[Hash]*person, len(people))
	for _, e := range people {
		p := r.people[e.Hash]
		if p == nil || p.over || p.Name != e.Name || p.Role != e.Role {
			p = &person{gone: make(chan struct{})}
		}
		p.Entry = e
		now[e.Hash] = p
	}
	for hash, p := range r.people {
		if now[hash] != p {
			p.end()
		}
	}
	r.people, r.seen, r.changed, r.problem = now, info, nil, ""
	r.logger.Info("read the file of people", "file", r.path, "people", len(people), "bad_lines", len(bad))
}

// open opens the file, if nobody else can read or write it.
func open(path string) (*os.File, fs.FileInfo, error) {
	if err := private.CheckDir(filepath.Dir(path)); err != nil {
		return nil, nil, err
	}
	f, err := private.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// state returns the state of the file.
func state(path string) (fs.FileInfo, error) {
	f, info, err := open(path)
	if err == nil {
		f.Close()
	}
	return info, err
}

// load reads the file, with its state before.
func load(path string) ([]byte, fs.FileInfo, error) {
	f, info, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = tooLarge(path)
	}
	return b, info, err
}

func tooLarge(path string) error {
	return fmt.Errorf("%s is larger than the %d bytes that a file of people may have", path, maxFile)
}
