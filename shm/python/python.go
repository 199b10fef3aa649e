// Package python holds the sources of the Python package beside it, for the
// programs that webmon starts in Pythons where it is not installed.
package python

import (
	"embed"
	"io/fs"
	"path"
	"regexp"
	"sync"
)

// Named one by one: a pattern that names the folder would leave out what begins
// with an underscore, and take what Python leaves beside its sources.
//
//go:embed src/webmon/*.py src/webmon/_models/*.py src/webmon/_napari/*.py
var files embed.FS

// Sources returns the text of every module, by its path, such as
// "webmon/_models/host.py". It must not be changed.
var Sources = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, pattern := range []string{"src/webmon/*.py", "src/webmon/*/*.py"} {
		names, _ := fs.Glob(files, pattern)
		for _, name := range names {
			text, err := files.ReadFile(name)
			if err != nil {
				panic(err) // it is part of this program
			}
			dir, base := path.Split(name)
			out[path.Join(dir[len("src/"):], base)] = string(text)
		}
	}
	return out
})

var version = regexp.MustCompile(`(?m)^__version__ = "([^"]+)"$`)

// Version returns the version of the package. The program has the same: its file
// _version.py is the one place where it stands.
var Version = sync.OnceValue(func() string {
	m := version.FindStringSubmatch(Sources()["webmon/_version.py"])
	if m == nil {
		panic("_version.py has no version") // it is part of this program
	}
	return m[1]
})
