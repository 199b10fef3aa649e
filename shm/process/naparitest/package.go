//go:build linux

package naparitest

import (
	"path/filepath"
	"testing"
)

// StartPackage runs a Python with NumPy ("numpy1", which is Python 3.9, or
// "numpy2", the newest Python) that finds the package in shm/python, with the
// runtime folder and all others below a home of its own. Run executes code in it. It
// skips the test where the environment is missing, and fails it under CI.
func StartPackage(t testing.TB, python, home string) *Process {
	t.Helper()
	short(t)
	root := Root(t)
	if home == "" {
		home = t.TempDir()
	}
	argv := []string{venv(t, root, python), filepath.Join(root, "shm/process/testdata/package.py")}
	env := append(environ(t, home), "PYTHONPATH="+filepath.Join(root, "shm/python/src"))
	return spawn(t, argv, env, home)
}

// Run executes Python code in a process that StartPackage has started, and decodes
// what it leaves in the variable out into out, unless that is nil. An error of
// Python's fails the test. Names stay from one call to the next.
func (p *Process) Run(code string, out any) {
	p.t.Helper()
	answer := struct{ Out any }{out}
	p.MustDo("run", map[string]any{"code": code}, &answer)
}

// Python returns the path of the Python of one of those environments, for tests
// that start it themselves. It skips the test where that is missing, and fails it
// under CI.
func Python(t testing.TB, name string) string {
	t.Helper()
	short(t)
	return venv(t, Root(t), name)
}
