package library

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"webmon/natural"
	"webmon/shm/maps"
)

// How much of the folders is looked at.
const (
	maxDepth   = 8
	maxFolders = 20_000
	maxNames   = 400_000 // of files
	maxFound   = 10_000
)

// found is one map.
type found struct {
	name, path string // the path tells it apart from others
	place      string // where people see that it is; "": its path
	kind       Kind
	mark       string // changes when what can be seen from outside does
	problem    string
	source     source
	images     map[string]image
}

// sentence is the problem as people read it, "" for none.
func (f *found) sentence() string {
	if f.problem == "" {
		return ""
	}
	return natural.Sentence(f.problem)
}

// tree remembers what folders had in them, so that looking again costs one question a
// folder.
type tree struct {
	nodes  map[string]node
	zips   map[string]zipNode
	fresh  time.Time // since when nodes are remembered
	images map[string]imagesNode
}

// node is what a folder has.
type node struct {
	changed time.Time
	dirs    []string
	files   []string // names
	isMap   bool
	stacks  []string // tables of stacks
	problem string   // why it cannot be looked through
}

func osFS(dir string) fs.FS { return os.DirFS(dir) }

// look finds the maps below folders. notes say what was left out, a sentence each.
func (t *tree) look(dirs []string) (all []found, notes []string) {
	now := time.Now()
	// Once in a while everything is looked at anew: that a file in a folder becomes a session
	// table does not change the folder.
	if t.nodes == nil || now.Sub(t.fresh) > time.Minute {
		t.nodes, t.fresh = map[string]node{}, now
	}
	w := &walk{t: t, now: now, seen: map[string]bool{}, zips: map[string]zipNode{}}
	for _, dir := range dirs {
		w.folder(filepath.Clean(dir), 0)
	}
	t.zips = w.zips
	for dir := range t.images {
		if _, err := os.Lstat(filepath.Dir(dir)); err != nil {
			delete(t.images, dir)
		}
	}
	for path := range t.nodes {
		if !w.seen[path] {
			delete(t.nodes, path)
		}
	}
	// A zip beside the folder that it was made of, or that was unpacked from it, is the same
	// map again.
	folders := map[string]bool{}
	for _, f := range w.found {
		if f.kind == Folder {
			folders[f.path] = true
		}
	}
	w.found = slices.DeleteFunc(w.found, func(f found) bool {
		return f.kind == Zip && folders[strings.TrimSuffix(f.path, filepath.Ext(f.path))]
	})
	if w.unsaid > 0 {
		w.notes = append(w.notes, fmt.Sprintf("%d more folders were not looked through.", w.unsaid))
	}
	return w.found, w.notes
}

type walk struct {
	t     *tree
	now   time.Time
	seen  map[string]bool
	zips  map[string]zipNode
	files int
	found []found

	notes  []string
	unsaid int  // notes beyond maxNotes
	full   bool // no more is looked at, which was said
}

// maxNotes is how many notes there are at most.
const maxNotes = 20

func (w *walk) say(format string, args ...any) {
	if len(w.notes) >= maxNotes {
		w.unsaid++
		return
	}
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

// hidden are names of what is nobody's business: of Macs, of Python, of webmon.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "__")
}

func isZarr(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, ".zarr") || strings.HasSuffix(lower, ".mmap")
}

func (w *walk) add(f found) {
	if len(w.found) >= maxFound {
		if !w.full {
			w.full = true
			w.say("There are more than %d maps; the rest is not listed.", maxFound)
		}
		return
	}
	w.found = append(w.found, f)
}

// folder looks at a folder and those in it. A map folder is not looked into.
func (w *walk) folder(dir string, depth int) {
	if len(w.seen) >= maxFolders || w.files > maxNames {
		if !w.full {
			w.full = true
			w.say("There are more than %d folders, or more than %d files in them; the rest was not looked at.", maxFolders, maxNames)
		}
		return
	}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		if depth == 0 {
			w.say("%s cannot be looked through: %v.", dir, reason(err))
		}
		return
	}
	// Links may lead in circles: every folder is looked at under its own name, once.
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || w.seen[real] {
		return
	}
	w.seen[real] = true
	n, ok := w.t.nodes[real]
	if !ok || !n.changed.Equal(info.ModTime()) || w.now.Sub(n.changed) < 4*time.Second {
		n = readNode(dir, info.ModTime())
		w.t.nodes[real] = n
	}
	if n.problem != "" {
		w.say("%s cannot be looked through: %s.", dir, n.problem)
	}
	w.files += len(n.files) + len(n.dirs)
	if n.isMap {
		w.add(found{name: filepath.Base(dir), path: dir, kind: Folder, mark: mark(dir), source: folderSource{dir}, images: w.t.imagesOf(filepath.Join(dir, "raw"), dir)})
		return
	}
	for _, stack := range n.stacks {
		w.add(found{name: stack, path: filepath.Join(dir, stack), kind: Alone, mark: mark(dir), source: aloneSource{dir, stack}, images: w.t.imagesOf(dir, filepath.Join(dir, "raw"), filepath.Dir(dir))})
	}
	for _, name := range n.files {
		if strings.EqualFold(filepath.Ext(name), ".zip") && !isPacked(name) {
			w.zip(filepath.Join(dir, name))
		}
	}
	w.loose(dir, n)
	if depth >= maxDepth {
		if slices.ContainsFunc(n.dirs, func(name string) bool { return !isZarr(name) }) {
			w.say("%s has folders that were not looked through: they are more than %d deep.", dir, maxDepth)
		}
		return
	}
	for _, name := range n.dirs {
		if !isZarr(name) && (len(n.stacks) == 0 || name != "stackdb" && name != "line" && name != "raw") {
			w.folder(filepath.Join(dir, name), depth+1)
		}
	}
}

func reason(err error) string {
	if err == nil {
		return "it is no folder"
	}
	if p, ok := err.(*fs.PathError); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// readNode looks into a folder.
func readNode(dir string, changed time.Time) node {
	n := node{changed: changed}
	f, err := os.Open(dir)
	if err != nil {
		n.problem = reason(err)
		return n
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxNames)
	texts := false
	for _, e := range entries {
		name := e.Name()
		if hidden(name) {
			continue
		}
		isDir := e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
				isDir = info.IsDir()
			}
		}
		if isDir {
			n.dirs = append(n.dirs, name)
		} else {
			n.files = append(n.files, name)
			texts = texts || strings.EqualFold(filepath.Ext(name), ".txt")
		}
	}
	slices.Sort(n.dirs)
	slices.Sort(n.files)
	if texts {
		n.isMap = maps.Is(osFS(dir), filepath.Base(dir))
	}
	if !n.isMap && (texts || slices.Contains(n.dirs, "stackdb")) {
		n.stacks = maps.Stacks(osFS(dir))
	}
	return n
}

// mark is what can be seen of a path from outside.
func mark(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "gone"
	}
	return fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano())
}

// marks changes when a file in one of the folders does, or comes or goes.
func marks(dirs ...string) string {
	h := sha256.New()
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if hidden(e.Name()) || e.IsDir() {
				continue
			}
			if info, err := e.Info(); err == nil {
				fmt.Fprintf(h, "%s/%s %d %d\n", dir, e.Name(), info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// short is a mark that an address can have.
func short(mark string) string {
	h := sha256.Sum256([]byte(mark))
	return hex.EncodeToString(h[:6])
}
