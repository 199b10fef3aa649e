package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// head is the first line of a journal.
type head struct {
	Journal int               `json:"journal"` // 1, the version of the format
	ID      string            `json:"id"`      // of the editions
	From    int               `json:"from"`    // the number of the last record that is in the files
	Name    string            `json:"name"`    // of the map
	Files   map[string]string `json:"files"`   // what the records change: path -> SHA-256, in hex
}

// How much a journal may have.
const (
	maxJournal = 64 << 20 // bytes
	maxLine    = 16 << 20
)

// journal is the file of what was made of a map and is not in its files.
type journal struct {
	file   *os.File
	size   int64
	broken error // why nothing can be added any more
}

// decodeJournal reads a journal. A last line that is not whole is left out: it was never
// answered. good is how many bytes are whole; damaged says that what follows is more than a
// torn line.
func decodeJournal(data []byte) (h head, records []Record, good int, damaged bool, err error) {
	line, rest, whole := bytes.Cut(data, []byte{'\n'})
	if !whole {
		return h, nil, 0, false, errors.New("it has no first line")
	}
	if err := json.Unmarshal(line, &h); err != nil || h.Journal != 1 || h.From < 0 || h.From > 1<<40 || h.ID == "" || len(h.ID) > 64 || bytes.ContainsAny([]byte(h.ID), "-/\\") {
		return h, nil, 0, false, errors.New("its first line is not that of a journal of webmon")
	}
	good = len(line) + 1
	for n := h.From + 1; len(rest) > 0; n++ {
		line, next, whole := bytes.Cut(rest, []byte{'\n'})
		if !whole {
			return h, records, good, false, nil
		}
		var r Record
		if json.Unmarshal(line, &r) != nil || r.N != n || len(r.Ops) > 1<<20 {
			// A disk that lost its power leaves zeros behind; what can be read after is no tail.
			return h, records, good, len(bytes.Trim(next, "\x00\n")) > 0, nil
		}
		records = append(records, r)
		good += len(line) + 1
		rest = next
	}
	return h, records, good, false, nil
}

// readJournal reads the journal in a folder, and opens it for what follows. All are nil if
// there is none.
func readJournal(dir string) (*journal, *head, []Record, error) {
	path := filepath.Join(dir, journalName)
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil, nil
	}
	if err == nil && info.Size() > maxJournal+maxLine {
		err = fmt.Errorf("it has %d MiB", info.Size()>>20)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("the journal of edits %s cannot be read: %w", path, err)
	}
	h, records, good, damaged, err := decodeJournal(data)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("the journal of edits %s cannot be read: %w", path, err)
	}
	if damaged {
		if err := os.WriteFile(path+".damaged", data, 0o600); err != nil {
			return nil, nil, nil, fmt.Errorf("the journal of edits %s is damaged, and cannot be kept: %w", path, err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("the journal of edits %s cannot be written: %w", path, err)
	}
	if err := f.Truncate(int64(good)); err != nil {
		f.Close()
		return nil, nil, nil, fmt.Errorf("the journal of edits %s cannot be written: %w", path, err)
	}
	return &journal{file: f, size: int64(good)}, &h, records, nil
}

// newJournal makes the journal of a folder, or puts an empty one in place of it.
func newJournal(dir string, h head) (*journal, error) {
	h.Journal = 1
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, journalName)
	if err := writeFile(path+".new", append(line, '\n')); err != nil {
		return nil, err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, err
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &journal{file: f, size: int64(len(line) + 1)}, nil
}

var errFull = fmt.Errorf("there are %d MiB of edits that are not saved: save the map first", maxJournal>>20)

// add writes a record. It is on the disk when there is no error; otherwise it is not in
// the journal.
func (j *journal) add(r *Record) error {
	if j.broken != nil {
		return j.broken
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if len(line) > maxLine || j.size+int64(len(line)) > maxJournal {
		return errFull
	}
	if _, err = j.file.WriteAt(line, j.size); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// What was written of it must not be there when the journal is read again.
		if back := errors.Join(j.file.Truncate(j.size), j.file.Sync()); back != nil {
			j.broken = fmt.Errorf("the journal of edits cannot be written: %w", err)
		}
		return err
	}
	j.size += int64(len(line))
	return nil
}

func (j *journal) close() {
	if j != nil {
		_ = j.file.Close()
	}
}

// writeFile writes a file that is on the disk when there is no error.
func writeFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
