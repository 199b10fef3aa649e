// Package discover finds the processes that offer themselves to webmon. Each process
// leaves a file, its announcement, in a folder of the user, and holds a lock on the
// file for as long as it lives. The lock tells a process that lives from one that was
// killed, and from another process that got the same process number.
//
//	err := discover.Watch(ctx, discover.Options{
//		Dir:   filepath.Join(instance.RuntimeDir(), discover.Folder),
//		Found: func(a discover.Announcement) { ... attach to a.Address ... },
//		Lost:  func(a discover.Announcement) { ... },
//	})
//
// What a file says is not trusted until it is checked. The folder and the file must
// belong to the user alone, the file must be small and whole, and the address must be
// one of this machine. A file whose lock is free belongs to a dead process and is
// removed.
//
// The package connects to nothing. Package process does that.
package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"webmon/beat"
	"webmon/fault"
	"webmon/private"
	"webmon/shm"
)

// Folder is the name of the folder of announcements inside webmon's runtime
// folder.
const Folder = "sources"

const (
	protocol = 1
	// defaultEvery is the time between two looks. It is short, so that a process is
	// on the page before people have changed windows.
	defaultEvery = 500 * time.Millisecond

	maxFile    = 16 << 10 // bytes of an announcement
	maxEntries = 4096     // names looked at in the folder
	maxFound   = 256      // processes at a time
	maxName    = 80       // bytes
)

// Announcement is what a process says about itself so that webmon finds it.
type Announcement struct {
	Name     string
	Kind     shm.Kind // python, napari or model
	PID      int
	Instance string  // random, new with each start of the process
	Address  string  // host:port of the process's manager, on this machine
	Authkey  []byte  // key of the manager
	Started  float64 // when the process began, s since the epoch
	Path     string  // of the announcement's file
}

// Options say where to look. Dir is required.
type Options struct {
	// Dir is the folder of announcements. It may not be there yet.
	Dir string
	// Every is the time between two looks. Default 500 ms.
	Every time.Duration
	// Found is called for each process that is found. Lost is called when a process
	// has died or has taken its announcement back. Watch calls both in its own
	// goroutine, so they must return soon. Either may be nil.
	Found, Lost func(Announcement)
	// Logger gets what is wrong with a file, once for each file. Default: none.
	Logger *slog.Logger
	// Faults is told of what panics. Of that the one file is left out, or the one call.
	Faults *fault.Ledger
}

// Watch looks for processes at once, and then again and again until ctx is done. When
// it returns, Lost has not been called for the processes that still live.
func Watch(ctx context.Context, o Options) {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	for _, f := range []*func(Announcement){&o.Found, &o.Lost} {
		if *f == nil {
			*f = func(Announcement) {}
		}
	}
	l := newLooker(o.Dir, o.Logger)
	l.faults = o.Faults
	call := func(f func(Announcement), a Announcement) {
		if err := fault.Do(func() { f(a) }); err != nil {
			o.Faults.Note("discover", a.Path, err)
		}
	}
	known := map[string]Announcement{}
	timer := time.NewTimer(beat.Next(o.Every))
	defer timer.Stop()
	for {
		now := map[string]Announcement{}
		for _, a := range l.look(known) {
			now[a.Path] = a
		}
		// First what is gone, so that a process that starts again gets its old place.
		for path, a := range known {
			if b, ok := now[path]; !ok || b.Instance != a.Instance {
				delete(known, path)
				call(o.Lost, a)
			}
		}
		for _, path := range byStart(now) {
			if _, ok := known[path]; !ok {
				known[path] = now[path]
				call(o.Found, now[path])
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			timer.Reset(beat.Next(o.Every))
		}
	}
}

// Scan looks once. It returns the processes that live, oldest first.
func Scan(dir string, logger *slog.Logger) []Announcement {
	found := map[string]Announcement{}
	for _, a := range newLooker(dir, logger).look(nil) {
		found[a.Path] = a
	}
	var out []Announcement
	for _, path := range byStart(found) {
		out = append(out, found[path])
	}
	return out
}

// byStart orders announcements by when their processes began.
func byStart(m map[string]Announcement) []string {
	paths := make([]string, 0, len(m))
	for path := range m {
		paths = append(paths, path)
	}
	slices.SortFunc(paths, func(a, b string) int {
		x, y := m[a], m[b]
		if x.Started != y.Started {
			if x.Started < y.Started {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return paths
}

// fileName is the form of the names of announcements: <pid>-<random>.json.
var fileName = regexp.MustCompile(`^([1-9][0-9]{0,9})-[A-Za-z0-9_]{1,64}\.json$`)

// looker looks into one folder. It remembers what it has complained about.
type looker struct {
	dir    string
	logger *slog.Logger
	faults *fault.Ledger
	said   map[string]string
}

func newLooker(dir string, logger *slog.Logger) *looker {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &looker{dir: dir, logger: logger, said: map[string]string{}}
}

// complain writes to the log what it has not written before.
func (l *looker) complain(path string, err error) {
	text := err.Error()
	if l.said[path] == text {
		return
	}
	if len(l.said) >= maxEntries {
		clear(l.said)
	}
	l.said[path] = text
	l.logger.Warn("announcement ignored", "file", path, "error", err)
}

// look returns the processes that live. It does not read a file that it knows again.
func (l *looker) look(known map[string]Announcement) []Announcement {
	err := private.CheckDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.complain(l.dir, err)
		return nil
	}
	folder, err := os.Open(l.dir)
	if err != nil {
		l.complain(l.dir, err)
		return nil
	}
	defer folder.Close()
	names, err := folder.Readdirnames(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		l.complain(l.dir, err)
	}
	slices.Sort(names)
	// Those that are known come first: however many others announce themselves, a process
	// keeps its place for as long as it lives.
	var first []string
	for path := range known {
		first = append(first, filepath.Base(path))
	}
	slices.Sort(first)
	names = append(first, slices.DeleteFunc(names, func(name string) bool {
		_, ok := known[filepath.Join(l.dir, name)]
		return ok
	})...)
	var out []Announcement
	for _, name := range names {
		m := fileName.FindStringSubmatch(name)
		if m == nil {
			continue // not yet under its final name, or no announcement
		}
		if len(out) == maxFound {
			l.complain(l.dir, fmt.Errorf("more than %d processes announce themselves; the rest is left out until one of these has ended", maxFound))
			break
		}
		path := filepath.Join(l.dir, name)
		var before *Announcement
		if a, ok := known[path]; ok {
			before = &a
		}
		a, alive, err := l.file(path, before)
		if err == nil && alive && strconv.Itoa(a.PID) != m[1] {
			err = fmt.Errorf("it is of process %d by its name and of %d by its content", atoi(m[1]), a.PID)
		}
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			l.complain(path, err)
		case err == nil && alive:
			out = append(out, a)
		}
	}
	return out
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// file checks one announcement, and removes it if its process is dead. before is what
// the announcement said when it was last read, nil if it has not been read.
func (l *looker) file(path string, before *Announcement) (a Announcement, alive bool, err error) {
	defer func() { l.faults.Note("discover", path, err) }()
	defer fault.Into(&err)
	f, err := private.Open(path)
	if err != nil {
		return a, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return a, false, err
	}
	switch held, err := locked(f); {
	case err != nil:
		return a, false, fmt.Errorf("whether its process lives cannot be told: %w", err)
	case !held:
		f.Close() // Windows removes no open file
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return a, false, fmt.Errorf("its process is dead, and it cannot be removed: %w", err)
		}
		l.logger.Debug("announcement of a dead process removed", "file", path)
		return a, false, nil
	}
	if before != nil {
		return *before, true, nil
	}
	if info.Size() > maxFile {
		return a, false, fmt.Errorf("it has %d bytes; an announcement has %d at most", info.Size(), maxFile)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return a, false, err
	}
	if a, err = Parse(b); err != nil {
		return a, false, err
	}
	a.Path = path
	return a, true, nil
}

var (
	instanceName = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,80}$`)
	keyDigits    = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

// Parse reads the content of an announcement. The error says in one sentence
// what is wrong with it.
func Parse(b []byte) (Announcement, error) {
	var a Announcement
	if len(b) > maxFile {
		return a, fmt.Errorf("it has %d bytes; an announcement has %d at most", len(b), maxFile)
	}
	var in struct {
		Protocol int      `json:"protocol"`
		Name     string   `json:"name"`
		Kind     string   `json:"kind"`
		PID      int      `json:"pid"`
		Instance string   `json:"instance"`
		Address  string   `json:"address"`
		Authkey  string   `json:"authkey"`
		Started  *float64 `json:"started"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&in); err != nil {
		return a, fmt.Errorf("it is no announcement: %w", err)
	}
	if d.More() {
		return a, errors.New("it is no announcement: something follows it")
	}
	address, err := netip.ParseAddrPort(in.Address)
	switch kind := shm.Kind(in.Kind); {
	case in.Protocol != protocol:
		return a, fmt.Errorf("it speaks protocol %d; this webmon speaks %d: install a package and a webmon of the same time", in.Protocol, protocol)
	case cleaned(in.Name) == "":
		return a, errors.New("it has no name")
	case kind != shm.KindPython && kind != shm.KindNapari && kind != shm.KindModel:
		return a, fmt.Errorf("its kind is %.40q instead of python, napari or model", in.Kind)
	case in.PID < 1 || in.PID > math.MaxInt32:
		return a, fmt.Errorf("its pid is %d", in.PID)
	case !instanceName.MatchString(in.Instance):
		return a, errors.New("its instance is no random text")
	case err != nil || address.Port() == 0:
		return a, fmt.Errorf("its address is %.80q instead of one such as 127.0.0.1:40123", in.Address)
	case !address.Addr().IsLoopback():
		return a, fmt.Errorf("its address %.80q is not on this machine", in.Address)
	case !keyDigits.MatchString(in.Authkey):
		return a, errors.New("its authkey is not 64 hex digits")
	case in.Started == nil || *in.Started < 0:
		return a, errors.New("it does not say when its process started")
	}
	return Announcement{
		Name: cleaned(in.Name), Kind: shm.Kind(in.Kind), PID: in.PID, Instance: in.Instance,
		Address: address.String(), Authkey: []byte(in.Authkey), Started: *in.Started,
	}, nil
}

// cleaned returns a name as one line that is not too long.
func cleaned(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
	for len(s) > maxName {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
