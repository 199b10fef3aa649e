package instance

import (
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"webmon/private"
)

// Running returns what the webmon that holds the lock in dir has said of itself, nil if
// none does, or if it has only just started.
func Running(dir string) *Record {
	if !held(dir) {
		return nil
	}
	r, err := readRecord(dir)
	if err != nil {
		return nil
	}
	return &r
}

// held reports whether a webmon holds the lock in dir. It changes nothing there.
func held(dir string) bool {
	path := filepath.Join(dir, lockName)
	if _, err := os.Stat(path); err != nil || private.CheckDir(dir) != nil {
		return false
	}
	l := flock.New(path, flock.SetPermissions(0o600))
	free, err := l.TryRLock()
	if err != nil || !free {
		return err == nil
	}
	_ = l.Unlock()
	return false
}
