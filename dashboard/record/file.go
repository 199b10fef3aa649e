package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"webmon/private"
)

const (
	// writeEvery is the least time between two writes, and retryEvery the time after
	// which a write that has failed is tried again.
	writeEvery = time.Second
	retryEvery = time.Minute

	// maxLine bounds a line of a file: an entry with every letter escaped.
	maxLine = 16 << 10
)

// names are the files of the record: "changes-20261128-000001.jsonl", with the day in UTC
// and a number. Their order by name is that in which they were written.
var names = regexp.MustCompile(`^changes-(\d{8})-(\d{6})\.jsonl$`)

// day writes the day of a time as the names of files have it.
func day(t time.Time) string { return t.UTC().Format("20060102") }

// file is where the record is written.
type file struct {
	dir  string
	name string // of the present file; "" before the first write
	size int64  // of the present file
	torn bool   // its last line may have no end
}

// load reads what the folder has. It belongs to Open.
func (l *Log) load() {
	now := time.Now()
	list, err := parts(l.opts.Dir)
	if err == nil {
		err = private.CheckDir(l.opts.Dir)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.opts.Logger.Warn("the record of changes could not be read", "error", err)
		}
		return
	}
	byID := map[string]*node{}
	skipped := 0
	for _, p := range list {
		if p.day < day(now.Add(-Keep)) {
			continue // write removes it
		}
		f, err := private.Open(filepath.Join(l.opts.Dir, p.name))
		if err != nil {
			l.opts.Logger.Warn("a part of the record of changes could not be read", "error", err)
			continue
		}
		n, err := read(io.LimitReader(f, 2*maxPart), func(e Entry) {
			// A later line has what has become of an earlier one since.
			if n := byID[e.ID]; n != nil {
				l.replace(n, &e)
				n.dirty = false
				return
			}
			byID[e.ID] = l.insert(&e)
		})
		f.Close()
		if skipped += n; err != nil {
			l.opts.Logger.Warn("a part of the record of changes could not be read", "error", err)
		}
	}
	if skipped > 0 {
		// A webmon that was killed, or a full disk, leaves half a line.
		l.opts.Logger.Info("lines of the record of changes were left out", "lines", skipped)
	}
	slices.SortStableFunc(l.list, func(a, b *node) int { return a.entry.Time.Compare(b.entry.Time) })
	l.bytes = 0
	for _, n := range l.list {
		l.bytes += n.entry.size()
	}
	for l.bytes > maxBytes {
		l.drop()
	}
	l.sweep(now)
}

// read calls add for each entry of a file, and returns how many lines it left out:
// those that are torn, too long, or no entry.
func read(r io.Reader, add func(Entry)) (skipped int, err error) {
	b := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := b.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = b.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return skipped, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if e, ok := decode(line); ok && !long {
				add(e)
			} else {
				skipped++
			}
		}
		if err != nil {
			return skipped, nil
		}
	}
}

// decode reads one line. ok is false if it is no entry.
func decode(line []byte) (e Entry, ok bool) {
	if json.Unmarshal(line, &e) != nil || e.ID == "" || e.Name == "" || e.Time.IsZero() {
		return e, false
	}
	if e.Until.Before(e.Time) {
		e.Until = e.Time
	}
	e.Time, e.Until = e.Time.UTC(), e.Until.UTC()
	e.Count = max(1, e.Count)
	e.cut()
	return e, true
}

// part is a file of the record.
type part struct {
	name, day string
	size      int64
}

// parts lists the files of the record, oldest first.
func parts(dir string) ([]part, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	var out []part
	for _, e := range entries {
		m := names.FindStringSubmatch(e.Name())
		info, err := e.Info()
		if m == nil || err != nil || !info.Mode().IsRegular() {
			continue
		}
		out = append(out, part{e.Name(), m[1], info.Size()})
	}
	return out, nil
}

// run writes what has changed, until Close.
func (l *Log) run() {
	defer close(l.done)
	for {
		select {
		case <-l.wake:
		case <-l.stop:
			l.write()
			return
		}
		pause := writeEvery
		if !l.write() {
			pause = retryEvery
			l.signal()
		}
		select {
		case <-time.After(pause):
		case <-l.stop:
			l.write()
			return
		}
	}
}

// write writes the entries that have changed. It reports whether it could.
func (l *Log) write() bool {
	l.mu.Lock()
	var nodes []*node
	var entries []*Entry
	for _, n := range l.list {
		if n.dirty {
			n.dirty = false
			nodes, entries = append(nodes, n), append(entries, n.entry)
		}
	}
	l.mu.Unlock()
	if len(nodes) == 0 {
		return true
	}
	done, err := l.file.write(entries, time.Now())
	l.mu.Lock()
	for _, n := range nodes[done:] {
		n.dirty = true
	}
	before := l.failed
	l.failed = ""
	if err != nil {
		l.failed = "The record of changes cannot be written to disk: " + cause(err) + "."
	}
	now := l.failed
	l.mu.Unlock()
	switch {
	case now != "" && before == "":
		l.opts.Logger.Warn("changes are kept in memory only", "error", err)
	case now == "" && before != "":
		l.opts.Logger.Info("changes are kept on disk again")
	}
	return err == nil
}

// write appends entries, and returns how many were written.
func (f *file) write(entries []*Entry, now time.Time) (done int, err error) {
	if err := private.Dir(f.dir); err != nil {
		return 0, err
	}
	for done < len(entries) {
		if err := f.choose(now); err != nil {
			return done, err
		}
		var b []byte
		n := 0
		if f.torn {
			b = append(b, '\n')
		}
		for _, e := range entries[done:] {
			line, err := json.Marshal(e)
			if err != nil {
				line = nil // cannot happen: a time beyond the year 9999
			}
			if b = append(b, line...); line != nil {
				b = append(b, '\n')
			}
			if n++; f.size+int64(len(b)) >= maxPart {
				break
			}
		}
		if err := f.append(b); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// choose opens another file when the day or the present file is over, and removes
// the files that are too old or too many.
func (f *file) choose(now time.Time) error {
	if f.name != "" && f.name[len("changes-"):][:8] == day(now) && f.size < maxPart {
		return nil
	}
	list, err := parts(f.dir)
	if err != nil {
		return err
	}
	name, size, number := "", int64(0), 0
	for _, p := range list {
		if p.day != day(now) {
			continue
		}
		fmt.Sscanf(p.name[len("changes-20060102-"):], "%d", &number) // names has checked it
		name, size = p.name, p.size
	}
	if name == "" || size >= maxPart {
		name, size = fmt.Sprintf("changes-%s-%06d.jsonl", day(now), number+1), 0
	}
	f.name, f.size, f.torn = name, size, size > 0
	total := int64(0)
	for _, p := range slices.Backward(list) {
		if total += p.size; p.name != name && (total > maxBytes-maxPart || p.day < day(now.Add(-Keep))) {
			if err := os.Remove(filepath.Join(f.dir, p.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// append writes at the end of the present file.
func (f *file) append(b []byte) (err error) {
	path := filepath.Join(f.dir, f.name)
	w, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := w.Write(b)
	f.size += int64(n)
	f.torn = err != nil && n > 0
	return errors.Join(err, w.Close())
}

// cause is what the system says was wrong, without the path.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}
