package instance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"webmon/private"
)

// RuntimeDirs are the folders for what lives as long as a process: the lock, the record and
// the announcements. The first is the one to use; the others are those in which a process or
// a webmon may be that saw the machine in another state, and are only looked at. They are
// the same for all sessions of a user on a machine, with or without the environment
// variables of a desktop. The Python package has the same rule (runtime_dirs in
// _announce.py).
//
// refused says why a folder that would have come earlier is not used: another user has it,
// or nothing can be written there. Without any folder dirs is nil.
func RuntimeDirs() (dirs []string, refused []error) {
	for _, dir := range runtimeCandidates() {
		if len(dirs) > 0 {
			if private.CheckDir(dir) == nil {
				dirs = append(dirs, dir)
			}
			continue
		}
		err := private.Dir(dir)
		if err == nil {
			err = writable(dir)
		}
		if err != nil {
			refused = append(refused, err)
			continue
		}
		dirs = append(dirs, dir)
	}
	return dirs, refused
}

// RuntimeDir is the [Place] in the folders of [RuntimeDirs].
func RuntimeDir() string {
	dirs, _ := RuntimeDirs()
	return Place(dirs)
}

// Place is the folder in which a webmon runs, otherwise the first, "" if there is none.
func Place(dirs []string) string {
	for _, dir := range dirs {
		if held(dir) {
			return dir
		}
	}
	if len(dirs) == 0 {
		return ""
	}
	return dirs[0]
}

// SystemDir is where Linux has a folder for each user who has logged in, by number. Tests
// put an empty folder there, to be on a machine without.
var SystemDir = "/run/user"

func runtimeCandidates() (out []string) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		out = append(out, filepath.Join(dir, "webmon"))
	}
	if runtime.GOOS == "linux" {
		dir := filepath.Join(SystemDir, strconv.Itoa(os.Getuid()))
		if private.CheckDir(dir) == nil && (len(out) == 0 || out[0] != filepath.Join(dir, "webmon")) {
			out = append(out, filepath.Join(dir, "webmon"))
		}
	}
	if runtime.GOOS == "windows" {
		out = append(out, filepath.Join(os.TempDir(), "webmon")) // a folder of the user's own there
	} else {
		// Any user may have made a folder of this name before.
		out = append(out, filepath.Join(os.TempDir(), fmt.Sprintf("webmon-%d", os.Getuid())))
	}
	// Nobody else can put anything there. It comes last because several machines may share a
	// home, of which each has a folder of its own therefore.
	if dir, err := StateDir(); err == nil {
		out = append(out, filepath.Join(dir, "run-"+machine()))
	}
	return out
}

// machine is the name of this machine in the name of a file.
func machine() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, name)
}

// StateDir is the folder for what outlives a process: the token and the log.
func StateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "webmon"), nil
	}
	switch runtime.GOOS {
	case "windows", "darwin":
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "webmon"), err
	}
	home, err := os.UserHomeDir()
	if err == nil && !filepath.IsAbs(home) {
		err = errors.New("$HOME is not an absolute path")
	}
	if err != nil {
		return "", fmt.Errorf("there is no folder for what is kept: %w", err)
	}
	return filepath.Join(home, ".local", "state", "webmon"), nil
}
