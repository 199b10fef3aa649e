package edit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"webmon/shm/maps"
)

// What is beside a map, in the folder .webmon/<name> of its folder.
const (
	folderName   = ".webmon"
	journalName  = "journal"
	baseName     = "base.zip"      // the files that the journal changes
	manifestName = "manifest.json" // while a save is being made
	nextName     = "next"          // the files to be
	beforeName   = "before-"       // with a number: the files that the last save has replaced
)

// manifest says what a save does. It is there from the moment that all new files are on
// the disk until all of them have their names: a save that was killed meanwhile is
// completed by what finds it.
type manifest struct {
	From  int               `json:"from"` // the record up to which the files have the edits
	ID    string            `json:"id"`
	Name  string            `json:"name"`
	Files []manifestFile    `json:"files"`
	All   map[string]string `json:"all"` // path -> SHA-256 of every file, changed or not
}

type manifestFile struct {
	Path string `json:"path"` // below the map's folder
	Sum  string `json:"sum"`
}

func sumOf(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// sumsOf returns the SHA-256 of each file of a map.
func sumsOf(files []maps.File) map[string]string {
	all := make(map[string]string, len(files))
	for _, f := range files {
		all[f.Path] = sumOf(f.Data)
	}
	return all
}

// idOf is an id for editions of a map whose files have these sums.
func idOf(sums map[string]string) string {
	h := sha256.New()
	var paths []string
	for p := range sums {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		fmt.Fprintf(h, "%s %s\n", p, sums[p])
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// maxText bounds a file that is compared.
const maxText = 256 << 20

// sumFile returns the SHA-256 of a file; "" if there is none, or it cannot be read.
func sumFile(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxText {
		return ""
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return sumOf(data)
}

// step is called between the steps of a save; tests stop there.
var step = func(string) {}

// save writes files into a map's folder, so that all of them are there or none. place is
// the folder beside it. It returns when the manifest is gone.
func save(dir, place string, man manifest, data map[string][]byte) error {
	next := filepath.Join(place, nextName)
	if err := os.RemoveAll(next); err != nil {
		return err
	}
	if err := os.MkdirAll(next, 0o755); err != nil {
		return err
	}
	for i, f := range man.Files {
		if err := writeFile(filepath.Join(next, strconv.Itoa(i)), data[f.Path]); err != nil {
			return err
		}
		step("next")
	}
	if err := syncDir(next); err != nil {
		return err
	}
	text, err := json.Marshal(man)
	if err != nil {
		return err
	}
	path := filepath.Join(place, manifestName)
	if err := writeFile(path+".new", text); err != nil {
		return err
	}
	step("manifest")
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	if err := syncDir(place); err != nil {
		return err
	}
	step("decided")
	return complete(dir, place, man)
}

// complete gives the new files of a save their names, as far as they do not have them, puts
// an empty journal in place of the old one, and takes the manifest away.
func complete(dir, place string, man manifest) error {
	before := filepath.Join(place, beforeName+strconv.Itoa(man.From))
	if err := os.MkdirAll(before, 0o755); err != nil {
		return err
	}
	dirs := map[string]bool{}
	for i, f := range man.Files {
		from, to := filepath.Join(place, nextName, strconv.Itoa(i)), filepath.Join(dir, filepath.FromSlash(f.Path))
		if _, err := os.Lstat(from); errors.Is(err, os.ErrNotExist) {
			continue // it has its name, which was looked at before
		}
		keep := filepath.Join(before, filepath.FromSlash(f.Path))
		if err := preserve(to, keep); err != nil {
			return fmt.Errorf("%s cannot be kept before it is replaced: %w", f.Path, err)
		}
		step("kept")
		// A folder that people share keeps who may read its files.
		if info, err := os.Stat(to); err == nil {
			_ = os.Chmod(from, info.Mode().Perm())
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
		dirs[filepath.Dir(to)] = true
		step("renamed")
	}
	for d := range dirs {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	j, err := newJournal(place, head{ID: man.ID, From: man.From, Name: man.Name, Files: man.All})
	if err != nil {
		return err
	}
	j.close()
	step("journal")
	if err := os.Remove(filepath.Join(place, manifestName)); err != nil {
		return err
	}
	if err := syncDir(place); err != nil {
		return err
	}
	step("done")
	sweep(place, man.From)
	return nil
}

// preserve keeps a file under another name, unless it is kept already.
func preserve(path, keep string) error {
	if _, err := os.Lstat(keep); err == nil {
		return nil
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(keep), 0o755); err != nil {
		return err
	}
	if os.Link(path, keep) == nil {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := writeFile(keep+".new", data); err != nil {
		return err
	}
	return os.Rename(keep+".new", keep)
}

// sweep takes away what nobody needs after a save: all sets before but the last one.
func sweep(place string, from int) {
	_ = os.RemoveAll(filepath.Join(place, nextName))
	_ = os.Remove(filepath.Join(place, baseName))
	entries, _ := os.ReadDir(place)
	for _, e := range entries {
		if n, ok := strings.CutPrefix(e.Name(), beforeName); ok && n != strconv.Itoa(from) {
			_ = os.RemoveAll(filepath.Join(place, e.Name()))
		}
	}
}

// recovered completes a save that was killed, or takes away what it had not decided to
// write yet. It reports whether files of the map have changed by that.
func recovered(dir, place string) (bool, error) {
	path := filepath.Join(place, manifestName)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		_ = os.RemoveAll(filepath.Join(place, nextName))
		_ = os.Remove(path + ".new")
		return false, nil
	}
	if err != nil {
		return false, err
	}
	man, err := decodeManifest(data)
	if err != nil {
		return false, fmt.Errorf("a save of the map was interrupted, and %s cannot be read: %w", path, err)
	}
	// Everything has to be there before anything is done.
	for i, f := range man.Files {
		next := filepath.Join(place, nextName, strconv.Itoa(i))
		if _, err := os.Lstat(next); err == nil {
			if sumFile(next) != f.Sum {
				return false, fmt.Errorf("a save of the map was interrupted, and what it wanted to write of %s is damaged: the files before it are in %s", f.Path, place)
			}
		} else if sumFile(filepath.Join(dir, filepath.FromSlash(f.Path))) != f.Sum {
			return false, fmt.Errorf("a save of the map was interrupted, and somebody has changed %s since: the files before it are in %s", f.Path, place)
		}
	}
	return true, complete(dir, place, man)
}

// decodeManifest reads a manifest; its paths stay within the map's folder.
func decodeManifest(data []byte) (man manifest, err error) {
	if err := json.Unmarshal(data, &man); err != nil {
		return man, errors.New("it is no manifest")
	}
	if man.From < 0 || man.ID == "" || len(man.Files) > 1<<16 {
		return man, errors.New("it is no manifest of webmon")
	}
	for _, f := range man.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return man, fmt.Errorf("%q is no file of the map", f.Path)
		}
	}
	return man, nil
}
