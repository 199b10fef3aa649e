//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package discover

import (
	"errors"
	"os"
)

func locked(*os.File) (bool, error) {
	return false, errors.New("webmon knows no such locks on this system")
}
