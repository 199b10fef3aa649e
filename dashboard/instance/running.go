package instance

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// Running returns what the webmon that holds the lock in dir has said of itself, nil if
// none does, or if it has only just started.
func Running(dir string) *Record {
	in, err := Acquire(dir)
	if err == nil {
		in.Release()
		return nil
	}
	if !errors.Is(err, ErrTaken) {
		return nil
	}
	b, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return nil
	}
	var r Record
	if json.Unmarshal(b, &r) != nil {
		return nil
	}
	return &r
}
