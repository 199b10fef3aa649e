package zarr

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync/atomic"
)

// store is where the files of an image are. Names are slash-separated and below the image's
// folder; an error wraps fs.ErrNotExist where there is no such file.
type store interface {
	// open opens a file, of which size is how many bytes it has.
	open(name string) (file object, size int64, err error)
	Close() error
}

// object is a file of a store.
type object interface {
	io.ReaderAt
	io.Closer
}

// read reads a whole file, unless it has more than most bytes.
func read(s store, name string, most int64) ([]byte, error) {
	file, size, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if size > most {
		return nil, fmt.Errorf("%s has %d bytes; webmon reads %d", name, size, most)
	}
	b := make([]byte, size)
	return b, readFull(file, b, 0)
}

// readFull fills b from an offset.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("it has become shorter: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// folder is a folder on the disk. No link leads out of it.
type folder struct{ root *os.Root }

func (f folder) open(name string) (object, int64, error) {
	// Looked at before it is opened, since opening a pipe would wait for whoever writes it.
	stat, err := f.root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !stat.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is no file: %w", name, fs.ErrNotExist)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	return file, stat.Size(), nil
}

func (f folder) Close() error { return f.root.Close() }

// mostDirectory is how many bytes of a zip are read to know what is in it, some two hundred thousand files.
const mostDirectory = 16 << 20

// mostDeflated is how many bytes a file in a zip may have that is compressed there.
const mostDeflated = 512 << 20

// archive is a zip with a folder in it.
type archive struct {
	file   file
	files  map[string]*zip.File
	prefix string // of the folder in it, with a slash, or ""
}

// file is a zip on the disk.
type file interface {
	io.ReaderAt
	io.Closer
}

// budget is a file of which so much may be read and no more.
type budget struct {
	io.ReaderAt
	left atomic.Int64
}

var errDirectory = fmt.Errorf("the directory of the zip has more than %d MiB", mostDirectory>>20)

func (b *budget) ReadAt(p []byte, at int64) (int, error) {
	if b.left.Add(-int64(len(p))) < 0 {
		return 0, errDirectory
	}
	return b.ReaderAt.ReadAt(p, at)
}

func openZip(f file, size int64) (*archive, error) {
	limited := &budget{ReaderAt: f}
	limited.left.Store(mostDirectory)
	z, err := zip.NewReader(limited, size)
	if err != nil {
		return nil, fmt.Errorf("the zip cannot be read: %w", err)
	}
	limited.left.Store(1 << 62) // from here on what is read is bounded by what it is for
	a := &archive{file: f, files: make(map[string]*zip.File, len(z.File))}
	best := -1
	for _, file := range z.File {
		name := path.Clean(strings.TrimPrefix(file.Name, "./"))
		if strings.HasSuffix(file.Name, "/") || !fs.ValidPath(name) {
			continue
		}
		a.files[name] = file
		// The image's folder is the outermost one that has metadata.
		switch path.Base(name) {
		case ".zattrs", ".zgroup", ".zarray", "zarr.json":
			depth := strings.Count(name, "/")
			prefix := strings.TrimSuffix(name, path.Base(name))
			if !strings.HasPrefix(name, "__MACOSX/") && (best < 0 || depth < best || depth == best && prefix < a.prefix) {
				best, a.prefix = depth, prefix
			}
		}
	}
	return a, nil
}

func (a *archive) open(name string) (object, int64, error) {
	file := a.files[a.prefix+name]
	if file == nil {
		return nil, 0, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	if file.UncompressedSize64 > 1<<40 {
		return nil, 0, fmt.Errorf("%s says that it has %d bytes", name, file.UncompressedSize64)
	}
	if file.Method == zip.Store && file.CompressedSize64 == file.UncompressedSize64 {
		at, err := file.DataOffset()
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", name, err)
		}
		size := int64(file.UncompressedSize64)
		return stored{io.NewSectionReader(a.file, at, size)}, size, nil
	}
	if file.UncompressedSize64 > mostDeflated {
		return nil, 0, fmt.Errorf("%s is compressed in the zip and has %d bytes; webmon reads %d", name, file.UncompressedSize64, mostDeflated)
	}
	return &deflated{file: file}, int64(file.UncompressedSize64), nil
}

func (a *archive) Close() error { return a.file.Close() }

// stored is a file in a zip that lies there as it is.
type stored struct{ *io.SectionReader }

func (stored) Close() error { return nil }

// deflated is a file in a zip that is compressed: to read a part of it all before that is
// read.
type deflated struct{ file *zip.File }

func (d *deflated) ReadAt(b []byte, at int64) (int, error) {
	r, err := d.file.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if _, err := io.CopyN(io.Discard, r, at); err != nil {
		return 0, err
	}
	return io.ReadFull(r, b)
}

func (d *deflated) Close() error { return nil }
