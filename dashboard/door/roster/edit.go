package roster

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"webmon/dashboard/door"
	"webmon/private"
)

// head is what a new file begins with.
const head = "# Who may open webmon, besides whoever has its own token. webmon people changes this file;\n" +
	"# by hand it can be changed too, and is read again at once.\n" +
	"# role  until       hash of the token" + "                                                        name\n"

// Add gives a person a token and writes them into the file, which it creates if need
// be. until is a day or a time as [ParseUntil] reads it, or never. The token is not
// kept anywhere: whoever adds somebody hands it on.
func Add(path, name string, role door.Role, until string, now time.Time) (token string, err error) {
	if err := door.CheckName(name); err != nil {
		return "", err
	}
	if strings.Contains(name, "#") {
		return "", errors.New("a name holds no #: comments begin with it")
	}
	end, err := ParseUntil(until)
	if err != nil {
		return "", err
	}
	if !end.IsZero() && !now.Before(end) {
		return "", fmt.Errorf("%s is over", until)
	}
	token = door.NewSecret()
	hash := HashOf(token)
	return token, edit(path, true, func(b []byte) ([]byte, error) {
		for _, line := range named(b, name) {
			return nil, fmt.Errorf("line %d of %s is %s already: remove them first", line+1, path, name)
		}
		if len(b) == 0 {
			b = []byte(head)
		} else if b[len(b)-1] != '\n' {
			b = append(b, '\n')
		}
		return fmt.Appendf(b, "%-7s %-11s %s%s %s\n", role, until, hashPrefix, hex.EncodeToString(hash[:]), name), nil
	})
}

// Remove takes a person out of the file.
func Remove(path, name string) error {
	return edit(path, false, func(b []byte) ([]byte, error) {
		lines := named(b, name)
		if len(lines) == 0 {
			return nil, fmt.Errorf("there is no %q in %s: webmon people list shows who is", name, path)
		}
		var out []byte
		n := 0
		for line := range bytes.Lines(b) {
			if len(lines) > 0 && lines[0] == n {
				lines = lines[1:]
			} else {
				out = append(out, line...)
			}
			n++
		}
		return out, nil
	})
}

// named returns the numbers, from 0, of the lines that have the name, also of those
// that contradict each other.
func named(b []byte, name string) []int {
	var out []int
	n := 0
	for line := range bytes.Lines(b) {
		if e, err := parseLine(string(line)); err == nil && e.Name != "" && folded(e.Name) == folded(name) {
			out = append(out, n)
		}
		n++
	}
	return out
}

// Read reads the file of people; see [Parse].
func Read(path string) ([]Entry, []BadLine, error) {
	b, _, err := load(path)
	if err != nil {
		return nil, nil, err
	}
	people, bad := Parse(b)
	return people, bad, nil
}

// edit replaces what the file holds by what change makes of it, at once: whoever reads
// it sees either the old content or the new. Two edits at the same time follow each
// other.
func edit(path string, create bool, change func([]byte) ([]byte, error)) error {
	if create {
		if err := private.Dir(filepath.Dir(path)); err != nil {
			return err
		}
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("locking %s: %w", path, err)
	}
	defer lock.Unlock()
	b, _, err := load(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		err = nil
	}
	if err != nil {
		return err
	}
	if b, err = change(b); err != nil {
		return err
	}
	if len(b) > maxFile {
		return tooLarge(path)
	}
	if err := private.Write(path, b); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
