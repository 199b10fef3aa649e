// Package webmontest builds the program for the tests and benchmarks that run it
// as people do, in a process of its own.
package webmontest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Root is the folder of the checkout.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Binary returns the path of the program, built once for all tests of a run.
func Binary(t testing.TB) string { return build(t, plain) }

// RaceBinary returns the path of the program built with the race detector. It
// needs a C compiler; outside CI, where there is none, it is built without.
func RaceBinary(t testing.TB) string { return build(t, race) }

var (
	plain = sync.OnceValues(func() (string, error) { return compile("webmon") })
	race  = sync.OnceValues(func() (string, error) {
		path, err := compile("webmon-race", "-race")
		if err != nil && os.Getenv("CI") == "" && bytes.Contains([]byte(err.Error()), []byte("cgo")) {
			return plain()
		}
		return path, err
	})
)

func build(t testing.TB, once func() (string, error)) string {
	t.Helper()
	path, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// compile builds the program into the cache of the checkout.
func compile(name string, flags ...string) (string, error) {
	path := filepath.Join(Root(), ".cache", "e2e", name)
	args := append(append([]string{"build"}, flags...), "-o", path, ".")
	cmd := exec.Command("go", args...)
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}
