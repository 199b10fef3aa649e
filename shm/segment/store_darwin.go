package segment

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// Dir is where the segments of this user are on macOS: among the caches, which no
// other user can read, which are on no backup and in no index, and which nothing clears
// while programs run. The folder of temporary files is no place for them, since macOS
// removes from there what was not opened for three days. Without a home Dir is "".
var Dir = func() string {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return ""
	}
	return filepath.Join(home, "Library", "Caches", "webmon", "segments")
}()

func storeIn(dir string) store { return files{dir: dir, disk: true} }

// reserve is for files in memory, which macOS has not.
func reserve(int, int) error { return errors.ErrUnsupported }

func nap(d time.Duration) { time.Sleep(d) }
