//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package discover

import (
	"errors"
	"io/fs"
	"os"
)

func open(path string) (*os.File, error) { return os.Open(path) }

func private(fs.FileInfo, fs.FileMode) error { return nil }

func locked(*os.File) (bool, error) {
	return false, errors.New("webmon knows no such locks on this system")
}
