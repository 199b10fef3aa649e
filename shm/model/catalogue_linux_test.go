package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/process/naparitest"
)

// A file that waits for others to be imported is in the list already.
func TestFilesThatWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "waves.py")
	if err := os.WriteFile(path, []byte("class Tank:\n    get_density = get = set = step = print\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := New(Options{})
	defer c.Close()
	for range importsAtOnce {
		c.imports <- struct{}{} // as others do
	}
	if err := c.Add(Spec{Model: path, Python: naparitest.Python(t, "numpy2")}); err != nil {
		t.Fatal(err)
	}
	first := func() shm.ModelInfo { return c.List()[0] }
	if got := first(); got.Key != "waves" || got.Title != "waves.py" || got.Problem != "" || !strings.Contains(got.About, "is being imported") {
		t.Errorf("%+v", got)
	}
	<-c.imports
	c.Ready(t.Context())
	if got := first(); got.Key != "tank" || got.Title != "Tank" || got.Problem != "" {
		t.Errorf("%+v", got)
	}
}
