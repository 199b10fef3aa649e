// Package made has maps to show and to test with: a real one, and maps made up, of which
// the truth is known.
package made

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io/fs"
)

// RR30aZip is the map rr30a of nine sessions as its authors publish it, a zip with the
// folder rr30a, without images. rr30a.md names its source and licence.
//
//go:embed rr30a.zip
var RR30aZip []byte

// RR30a is the folder of the map rr30a.
func RR30a() fs.FS {
	z, err := zip.NewReader(bytes.NewReader(RR30aZip), int64(len(RR30aZip)))
	if err != nil {
		panic(err) // it is part of the program
	}
	dir, err := fs.Sub(z, "rr30a")
	if err != nil {
		panic(err)
	}
	return dir
}
