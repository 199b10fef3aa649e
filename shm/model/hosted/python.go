package hosted

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const choose = "or choose another Python with --python"

// findPython returns the path of the Python that runs models, or the sentence that
// says why there is none.
func findPython(asked, file string) (path, problem string) {
	if asked != "" {
		if info, err := os.Stat(asked); err == nil && info.IsDir() {
			asked = inEnvironment(asked)
		}
		path, err := exec.LookPath(asked)
		if err != nil {
			return "", fmt.Sprintf("There is no Python %s to run %s: name one with --python that has NumPy.", asked, file)
		}
		return absolute(path), ""
	}
	if folder := os.Getenv("VIRTUAL_ENV"); folder != "" {
		if path, err := exec.LookPath(inEnvironment(folder)); err == nil {
			return absolute(path), ""
		}
	}
	names := []string{"python3", "python"}
	if runtime.GOOS == "windows" {
		names = []string{"python", "py"} // python3 often opens the Microsoft Store there
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return absolute(path), ""
		}
	}
	return "", fmt.Sprintf("No Python was found to run %s: install Python 3.9 or later with NumPy, or name one with --python.", file)
}

// inEnvironment is where a virtual environment has its Python.
func inEnvironment(folder string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(folder, "Scripts", "python.exe")
	}
	return filepath.Join(folder, "bin", "python")
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// notStarted says that a Python could not be started.
func notStarted(python string, err error) string {
	return fmt.Sprintf("The Python %s could not be started: %v; mend that, %s.", python, err, choose)
}

// trouble says what is wrong with the Python itself, "" for nothing.
func (m *message) trouble() string {
	switch {
	case m.Old != "":
		return fmt.Sprintf("The Python %s is %s, and models need 3.9 or later: install one, %s.", m.from, m.Old, choose)
	case m.NumPy != nil && m.NumPy.Missing:
		return fmt.Sprintf("The Python %s has no NumPy: install it with %q, %s.", m.from, quoted(m.from)+" -m pip install numpy", choose)
	case m.NumPy != nil:
		return fmt.Sprintf("The NumPy of the Python %s cannot be used (%s): install another with %q, %s.",
			m.from, m.NumPy.Why, quoted(m.from)+" -m pip install --upgrade numpy", choose)
	}
	return ""
}

func quoted(path string) string {
	if strings.ContainsRune(path, ' ') {
		return "'" + path + "'"
	}
	return path
}
