package instance

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// RuntimeDir is the folder for what lives as long as a process: the lock and
// the record. It is the same for all sessions of a user on a machine, with or
// without the environment variables of a desktop.
func RuntimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "webmon")
	}
	if runtime.GOOS == "linux" {
		dir := fmt.Sprintf("/run/user/%d", os.Getuid())
		if info, err := os.Stat(dir); err == nil && info.IsDir() && checkOwner(dir, info) == nil {
			return filepath.Join(dir, "webmon")
		}
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(os.TempDir(), "webmon") // a folder of the user's own there
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("webmon-%d", os.Getuid()))
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
	if err != nil {
		return "", fmt.Errorf("finding the folder for the token: %w", err)
	}
	return filepath.Join(home, ".local", "state", "webmon"), nil
}
