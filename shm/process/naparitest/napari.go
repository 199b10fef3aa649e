//go:build linux

package naparitest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"webmon/lacking"
)

// The naparis that .ci/venvs.sh installs.
const (
	Octree = "0.4.11" // with octree, on Python 3.9: tiles, chunks, commands
	Latest = "latest" // what PyPI served last: of itself frame times only
)

// Options says which napari to run and how.
type Options struct {
	// Version is Octree or Latest. Required.
	Version string
	// Package has the napari, which must be Latest, attached by the Python
	// package instead of its monitor: testdata/plugin.py, with its commands. It
	// announces itself in Runtime.
	Package bool
	// Args are further arguments of testdata/plugin.py; only with Package.
	Args []string
	// Client is the command line that napari starts as its monitor client.
	// Empty: napari serves its monitor and starts nothing.
	Client []string
	// Env is added to the environment, "NAME=value" each, last one wins.
	Env []string
	// Home is HOME, the working folder, and the place of the XDG folders
	// (state, runtime, config, cache). Give the same one to several naparis
	// of a test so that their clients find each other. Default: a new one.
	Home string
	// Display is an X display from StartDisplay, for several naparis on one.
	// Default: a new one for this napari.
	Display string
	// Size is the edge of the image in pixels, a power of two from 256 up.
	// Default 65536, which is nine levels.
	Size int
	// Layers is the number of multiscale layers. Default 1.
	Layers int
	// LoadMS is the latency of one tile in milliseconds. Default 2.
	LoadMS float64
}

// Start runs a napari with a multiscale image and waits until its window is up
// and its monitor serves. It skips the test where the environment is missing or
// with -short, and fails it under CI.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	short(t)
	root := Root(t)
	var driver string
	switch o.Version {
	case Octree:
		driver = "drive_octree.py"
	case Latest:
		driver = "drive_latest.py"
	default:
		t.Fatalf("naparitest: no napari %q: use Octree or Latest", o.Version)
	}
	if o.Package {
		driver = "plugin.py"
	}
	python := venv(t, root, "napari-"+o.Version)
	if o.Home == "" {
		o.Home = t.TempDir()
	}
	if o.Display == "" {
		o.Display = StartDisplay(t)
	}
	argv := []string{python, filepath.Join(root, "shm/process/testdata", driver)}
	if o.Size != 0 {
		argv = append(argv, "--size", fmt.Sprint(o.Size))
	}
	if o.Layers != 0 {
		argv = append(argv, "--layers", fmt.Sprint(o.Layers))
	}
	if o.LoadMS != 0 {
		argv = append(argv, "--load-ms", fmt.Sprint(o.LoadMS))
	}
	argv = append(argv, o.Args...)
	env := append(environ(t, o.Home),
		"DISPLAY="+o.Display,
		"NAPARI_CONFIG=", // keep settings in memory
		"LIBGL_ALWAYS_SOFTWARE=1",
	)
	if o.Package {
		// The package of this checkout: the environment has a copy, which may be older.
		env = append(env, "PYTHONPATH="+filepath.Join(root, "shm/python/src"))
		return spawn(t, argv, append(env, o.Env...), o.Home)
	}
	env = append(env, "NAPARI_MON="+monitorFile(t, o.Client))
	if o.Version == Octree {
		// A napari of today refuses to start with this one.
		env = append(env, "NAPARI_EXPERIMENTAL_OCTREE=1")
	}
	p := spawn(t, argv, append(env, o.Env...), o.Home)
	if p.ManagerPort == 0 {
		t.Fatalf("napari %s did not start its monitor:\n%s%s", p.Napari, p.Stdout(), p.Stderr())
	}
	return p
}

// MonitorOptions says in which Python to play napari's monitor.
type MonitorOptions struct {
	// Python is a version such as "3.12", or the name of an environment that
	// has NumPy: "numpy1" (Python 3.9) or "numpy2" (the newest Python).
	// Default "numpy2".
	Python string
	// Method is the start method: fork, spawn or forkserver. Default: Python's.
	Method string
	// Protocol is the pickle protocol of the manager's replies. Default:
	// Python's, which is 4 up to Python 3.13 and 5 from then on.
	Protocol int
	// AuthKey is the manager's key. Default "napari".
	AuthKey string
	// Client, Env and Home are as in Options.
	Client []string
	Env    []string
	Home   string
}

// StartMonitor runs napari's monitor without napari: testdata/monitor.py. It
// skips the test where that Python is missing, and fails it under CI.
func StartMonitor(t testing.TB, o MonitorOptions) *Process {
	t.Helper()
	short(t)
	root := Root(t)
	if o.Python == "" {
		o.Python = "numpy2"
	}
	var python string
	if strings.HasPrefix(o.Python, "numpy") {
		python = venv(t, root, o.Python)
	} else {
		python = findPython(t, o.Python)
	}
	if o.Home == "" {
		o.Home = t.TempDir()
	}
	argv := []string{python, filepath.Join(root, "shm/process/testdata/monitor.py")}
	if o.Method != "" {
		argv = append(argv, "--method", o.Method)
	}
	if o.Protocol != 0 {
		argv = append(argv, "--protocol", fmt.Sprint(o.Protocol))
	}
	if o.AuthKey != "" {
		argv = append(argv, "--authkey", o.AuthKey)
	}
	env := append(environ(t, o.Home), "NAPARI_MON="+monitorFile(t, o.Client))
	return spawn(t, argv, append(env, o.Env...), o.Home)
}

// ScopeOptions says which process with the package to run.
type ScopeOptions struct {
	// Python is as in MonitorOptions.
	Python string
	// Name is what the process calls itself. Default "scope".
	Name string
	// Env and Home are as in Options.
	Env  []string
	Home string
}

// StartScope runs a Python program that offers itself by the package in
// shm/python: testdata/scope.py. It announces itself in Runtime. The test is
// skipped where that Python is missing, and fails under CI.
func StartScope(t testing.TB, o ScopeOptions) *Process {
	t.Helper()
	short(t)
	root := Root(t)
	if o.Python == "" {
		o.Python = "numpy2"
	}
	var python string
	if strings.HasPrefix(o.Python, "numpy") {
		python = venv(t, root, o.Python)
	} else {
		python = findPython(t, o.Python)
	}
	if o.Home == "" {
		o.Home = t.TempDir()
	}
	argv := []string{python, filepath.Join(root, "shm/process/testdata/scope.py")}
	if o.Name != "" {
		argv = append(argv, "--name", o.Name)
	}
	return spawn(t, argv, append(environ(t, o.Home), o.Env...), o.Home)
}

// Runtime returns webmon's runtime folder of a user with that home.
func Runtime(home string) string { return filepath.Join(home, "run", "webmon") }

// environ returns the environment of the test without anything that would
// reach a real napari, a real webmon or a real home folder of the user.
func environ(t testing.TB, home string) []string {
	t.Helper()
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case strings.HasPrefix(name, "NAPARI"), strings.HasPrefix(name, "WEBMON_"),
			strings.HasPrefix(name, "XDG_"), strings.HasPrefix(name, "QT_"),
			strings.HasPrefix(name, "PYTHON"), strings.HasPrefix(name, "VIRTUAL_ENV"),
			name == "DISPLAY", name == "WAYLAND_DISPLAY", name == "HOME", name == mark:
			continue
		}
		env = append(env, variable)
	}
	for name, folder := range map[string]string{
		"XDG_STATE_HOME":  "state",
		"XDG_CONFIG_HOME": "config",
		"XDG_CACHE_HOME":  "cache",
		"XDG_DATA_HOME":   "data",
		"XDG_RUNTIME_DIR": "run",
	} {
		path := filepath.Join(home, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+path)
	}
	return append(env, "HOME="+home, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "PYTHONFAULTHANDLER=1")
}

// monitorFile writes the file that NAPARI_MON names.
func monitorFile(t testing.TB, client []string) string {
	t.Helper()
	clients := [][]string{}
	if len(client) > 0 {
		clients = append(clients, client)
	}
	folder := t.TempDir()
	b, err := json.Marshal(map[string]any{
		"clients":  clients,
		"log_path": filepath.Join(folder, "monitor.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "monitor.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Root returns the folder of go.mod, above the test's own.
func Root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			t.Fatal("naparitest: no go.mod above the working folder")
		}
		folder = parent
	}
}

// venv returns the Python of an environment that .ci/venvs.sh made.
func venv(t testing.TB, root, name string) string {
	t.Helper()
	folder := filepath.Join(root, ".venv", name)
	if _, err := os.Stat(filepath.Join(folder, ".complete")); err != nil {
		lacking.Skip(t, "the environment .venv/%s is not there: run .ci/venvs.sh %s", name, name)
	}
	return filepath.Join(folder, "bin", "python")
}

// Pythons returns the versions of the plain Pythons that tests are to run in:
// those that must be there, and each newer one that is.
func Pythons() []string {
	all := []string{"3.9", "3.10", "3.11", "3.12", "3.13"}
	for minor := 14; minor <= 19; minor++ {
		if version := fmt.Sprintf("3.%d", minor); lookPython(version) != "" {
			all = append(all, version)
		}
	}
	return all
}

// findPython returns a plain Python of that version, such as "3.12".
func findPython(t testing.TB, version string) string {
	t.Helper()
	path := lookPython(version)
	if path == "" {
		lacking.Skip(t, "Python %s is not there: install python%s, or run \"pyenv install %s\"", version, version, version)
	}
	return path
}

// lookPython is findPython for a Python that may be missing: then it returns "".
func lookPython(version string) string {
	roots := []string{os.Getenv("PYENV_ROOT")}
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, ".pyenv"))
	}
	for _, root := range roots {
		if root == "" {
			continue
		}
		found, _ := filepath.Glob(filepath.Join(root, "versions", version+".*", "bin", "python"))
		if len(found) > 0 {
			return found[0]
		}
	}
	// pyenv's shims answer for versions that are not switched on, so ask.
	if path, err := exec.LookPath("python" + version); err == nil {
		if exec.Command(path, "-c", "").Run() == nil {
			return path
		}
	}
	return ""
}

// short skips what needs Python when tests are to need Go alone.
func short(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Python; skipped with -short")
	}
}
