package segment

import (
	"os"
	"testing"
)

const usual = "memory"

// tried are a folder of the test's own among the shared memory, and the kind that macOS
// has, which works here too.
var tried = map[string]func(testing.TB) store{
	usual:     func(t testing.TB) store { return files{dir: memory(t)} },
	"on disk": onDisk,
}

// memory is a folder of the test's own among the shared memory.
func memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(Dir, "webmon-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
