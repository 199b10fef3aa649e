//go:build unix

package instance

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// writable says why no file can be made in a folder of the user's, nil if one can.
func writable(dir string) error {
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("nothing can be written into the folder %s: %w", dir, err)
	}
	return nil
}
