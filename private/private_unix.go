//go:build unix

package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// isLink reports whether opening failed because the path is a link. The systems say so
// in different words.
func isLink(path string, err error) bool {
	if !errors.Is(err, syscall.ELOOP) && !errors.Is(err, syscall.EMLINK) {
		return false
	}
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// check says what is wrong with the owner or the mode, "" for nothing. forbidden are the
// rights that others must not have.
func check(info fs.FileInfo, forbidden fs.FileMode) string {
	advice := "run chmod 600 on it"
	if info.IsDir() {
		advice = "run chmod 700 on it"
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode().Perm(); {
	case !ok || int(st.Uid) != os.Getuid():
		return "is not believed: it belongs to another user"
	case mode&forbidden&0o022 != 0:
		return fmt.Sprintf("is not believed: it can be written by others, its mode is %04o: %s", mode, advice)
	case mode&forbidden != 0:
		return fmt.Sprintf("is not believed: others have access to it, its mode is %04o: %s", mode, advice)
	}
	return ""
}
