//go:build !windows

package edit

import (
	"errors"
	"os"
)

// syncDir puts the names of a folder on the disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
