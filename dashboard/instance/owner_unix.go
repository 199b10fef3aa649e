//go:build unix

package instance

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkOwner makes sure that nobody else can put files into the folder.
func checkOwner(dir string, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Getuid() {
		return fmt.Errorf("the folder %s belongs to another user", dir)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("the folder %s can be written by others: run chmod 700 on it", dir)
	}
	return nil
}
