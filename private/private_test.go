package private_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"webmon/lacking"
	"webmon/private"
)

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "webmon", "secret")
	if _, err := private.Read(path, 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, want := range []string{"first", "second"} {
		if err := private.Write(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := private.Read(path, 100); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if _, err := private.Read(path, 3); err == nil || private.Refused(err) {
		t.Errorf("more than was allowed: %v", err)
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v, want %v", name, info.Mode().Perm(), want)
		}
	}
}

// TestNotBelieved: each of these files could have been written or read by somebody else.
func TestNotBelieved(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(path string) error
		says   string
		folder bool // the folder is at fault
		unix   bool // a matter of owners and modes
	}{
		{"readable by all", func(p string) error { return os.Chmod(p, 0o644) }, "others have access to it, its mode is 0644: run chmod 600", false, true},
		{"readable by the group", func(p string) error { return os.Chmod(p, 0o640) }, "others have access", false, true},
		{"writable by the group", func(p string) error { return os.Chmod(p, 0o620) }, "can be written by others", false, true},
		{"a link", func(p string) error { return errors.Join(os.Rename(p, p+"-other"), os.Symlink(p+"-other", p)) }, "a link", false, false},
		{"a link to nowhere", func(p string) error { return errors.Join(os.Remove(p), os.Symlink("nowhere", p)) }, "a link", false, false},
		{"a folder in its place", func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o700)) }, "not a file but a folder", false, true},
		{"a folder that all may write to", func(p string) error { return os.Chmod(filepath.Dir(p), 0o777) }, "run chmod 700", true, true},
		{"a folder that all may write to, with the sticky bit", func(p string) error { return os.Chmod(filepath.Dir(p), 0o777|fs.ModeSticky) }, "by others", true, true},
		{"a folder that the group may write to", func(p string) error { return os.Chmod(filepath.Dir(p), 0o770) }, "by others", true, true},
		{"a folder that is a link", func(p string) error {
			d := filepath.Dir(p)
			return errors.Join(os.Rename(d, d+"-other"), os.Symlink(d+"-other", d))
		}, "not a folder but a link", true, false},
		{"of another user", func(p string) error { return chown(p) }, "another user", false, true},
		{"a folder of another user", func(p string) error { return chown(filepath.Dir(p)) }, "another user", true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.unix && runtime.GOOS == "windows" {
				t.Skip("folders of a user are closed to others there")
			}
			path := filepath.Join(t.TempDir(), "webmon", "secret")
			if err := private.Write(path, []byte("secret")); err != nil {
				t.Fatal(err)
			}
			if err := test.spoil(path); errors.Is(err, fs.ErrPermission) {
				lacking.Skip(t, "only root gives files away: %v", err)
			} else if err != nil {
				t.Fatal(err)
			}
			got, err := private.Read(path, 100)
			var refused *private.Error
			if got != nil || !errors.As(err, &refused) || !strings.Contains(err.Error(), test.says) || refused.Folder != test.folder {
				t.Errorf("got %q, %v, want an error with %q", got, err, test.says)
			}
			err = private.Write(path, []byte("another"))
			if test.folder {
				if !errors.As(err, &refused) {
					t.Errorf("it was written there: %v", err)
				}
				return
			}
			if test.name == "a folder in its place" {
				return // which nothing replaces
			}
			if got, readErr := private.Read(path, 100); err != nil || readErr != nil || string(got) != "another" {
				t.Errorf("a new one does not take its place: %q, %v, %v", got, err, readErr)
			}
			if b, err := os.ReadFile(path + "-other"); err == nil && string(b) != "secret" {
				t.Errorf("it was written through the link: %q", b)
			}
		})
	}
}
