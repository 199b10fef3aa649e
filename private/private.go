// Package private reads and writes the files that webmon believes: tokens, keys,
// the record of the webmon that runs, announcements of processes. Such a file must
// belong to the user, lie in a folder that nobody else can write to, and be
// accessible to nobody else. Otherwise somebody else may have written or read it,
// and what it says counts for nothing.
//
//	b, err := private.Read(path, 4096)
//	var refused *private.Error
//	switch {
//	case errors.As(err, &refused): // says in one sentence what is wrong
//	case errors.Is(err, fs.ErrNotExist): // there is none yet
//	}
//
// On Windows the folders of a user are closed to others by themselves; only links
// are refused there.
package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Error says why a file or a folder is not believed.
type Error struct {
	Path   string
	Reason string // continues a sentence that begins with the path
	Folder bool   // the folder is at fault, so that no file in it can be believed
}

func (e *Error) Error() string {
	what := "the file "
	if e.Folder {
		what = "the folder "
	}
	return what + e.Path + " " + e.Reason
}

// Dir makes the folder with mode 0700 if it is not there, and checks it as [CheckDir]
// does.
func Dir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("making the folder %s: %w", path, err)
	}
	return CheckDir(path)
}

// CheckDir returns an [*Error] if somebody else could put files into the folder: it is a
// link or no folder, belongs to another user, or others may write to it.
func CheckDir(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &Error{path, "is not believed: it is not a folder but " + kind(info.Mode()), true}
	}
	if bad := check(info, 0o022); bad != "" {
		return &Error{path, bad, true}
	}
	return nil
}

// Open opens a file for reading. It follows no link, does not wait where a pipe has the
// name, and returns an [*Error] if the file belongs to another user or others have any
// access to it. It does not look at the folder; [CheckDir] does.
func Open(path string) (*os.File, error) {
	f, err := open(path)
	if isLink(path, err) {
		return nil, &Error{path, "is not believed: it is a link to elsewhere", false}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	reason := ""
	if !info.Mode().IsRegular() {
		reason = "is not believed: it is not a file but " + kind(info.Mode())
	} else if bad := check(info, 0o077); bad != "" {
		reason = bad
	}
	if reason != "" {
		f.Close()
		return nil, &Error{path, reason, false}
	}
	return f, nil
}

// Read returns the content of a file of at most limit bytes. It returns an [*Error] if
// the file or its folder is not believed.
func Read(path string, limit int64) ([]byte, error) {
	if err := CheckDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("the file %s has more than %d bytes", path, limit)
	}
	return b, err
}

// Write replaces the content of a file at once: a reader sees either the old content or
// the new. Only the user can read the file. It makes the folder if need be, and writes
// nothing into one that is not believed.
func Write(path string, b []byte) error {
	if err := Dir(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Refused reports whether err says that a file is not believed, while its folder is: a new
// file can take its place.
func Refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.Folder
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a link to elsewhere"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	}
	return "something special"
}
