package library

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"

	"webmon/shm/maps"
)

// What a zip may have at most.
const (
	maxDirectory = 16 << 20 // bytes of its list of files
	maxEntries   = 100_000
	maxUnpacked  = 64 << 30 // bytes of all files
	// A zip that grows to more than this, and to more than maxRatio of its size, is a bomb.
	maxHarmless = 64 << 20
	maxRatio    = 200
)

// checkDirectory looks at the end of a zip, so that its list of files is not read if that
// is too long: every entry costs memory.
func checkDirectory(r io.ReaderAt, size int64) error {
	const end = 22
	n := min(size, end+1<<16)
	tail := make([]byte, n)
	if _, err := r.ReadAt(tail, size-n); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for i := len(tail) - end; i >= 0; i-- {
		if tail[i] != 'P' || binary.LittleEndian.Uint32(tail[i:]) != 0x06054b50 {
			continue
		}
		if i+end+int(binary.LittleEndian.Uint16(tail[i+20:])) > len(tail) {
			continue
		}
		length, at := uint64(binary.LittleEndian.Uint32(tail[i+12:])), uint64(binary.LittleEndian.Uint32(tail[i+16:]))
		if length == 0xffffffff || at == 0xffffffff || binary.LittleEndian.Uint16(tail[i+10:]) == 0xffff {
			if i < 20 || binary.LittleEndian.Uint32(tail[i-20:]) != 0x07064b50 {
				return errors.New("it is no zip, or not whole")
			}
			var big [56]byte
			if _, err := r.ReadAt(big[:], int64(binary.LittleEndian.Uint64(tail[i-12:])&(1<<62-1))); err != nil {
				return errors.New("it is no zip, or not whole")
			}
			length, at = binary.LittleEndian.Uint64(big[40:]), binary.LittleEndian.Uint64(big[48:])
		}
		if length > maxDirectory || at > uint64(size) || uint64(size)-at > maxDirectory+1<<17 {
			return fmt.Errorf("its list of files has more than %d MiB", maxDirectory>>20)
		}
		return nil
	}
	return errors.New("it is no zip, or not whole")
}

// openZip reads the list of files of a zip, and refuses what could do harm: paths that
// lead out, links, bombs.
func openZip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	if err := checkDirectory(r, size); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, errors.New("it is no zip, or not whole")
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("it has %d files; a zip of a map may have %d", len(z.File), maxEntries)
	}
	total, names := uint64(0), map[string]bool{}
	for _, f := range z.File {
		if err := checkName(f); err != nil {
			return nil, err
		}
		lower := strings.ToLower(strings.TrimSuffix(f.Name, "/"))
		if names[lower] {
			return nil, fmt.Errorf("it has %q twice", f.Name)
		}
		names[lower] = true
		if total += f.UncompressedSize64; f.UncompressedSize64 > maxUnpacked || total > maxUnpacked {
			return nil, fmt.Errorf("its files have more than %d GiB", maxUnpacked>>30)
		}
	}
	if total > maxHarmless && total/maxRatio > uint64(size) {
		return nil, fmt.Errorf("its files have %d MiB, more than %d times the zip: it looks like one made to fill memory", total>>20, maxRatio)
	}
	return z, nil
}

// checkName refuses names that lead out of the folder, and what is no file.
func checkName(f *zip.File) error {
	name := f.Name
	switch {
	case name == "" || strings.ContainsAny(name, "\\\x00:") || strings.HasPrefix(name, "/"):
		return fmt.Errorf("it has a file %q, which is no name of a file in a folder", name)
	case slices.Contains(strings.Split(name, "/"), ".."):
		return fmt.Errorf("it has a file %q, which would be outside of the folder", name)
	case len(name) > 1000:
		return errors.New("it has a file whose name has more than 1000 letters")
	case f.Mode()&(fs.ModeType&^fs.ModeDir) != 0:
		return fmt.Errorf("%q is a link or a device, and only files and folders are taken", name)
	case !fs.ValidPath(strings.TrimSuffix(name, "/")):
		return fmt.Errorf("it has a file %q, which is no name of a file in a folder", name)
	}
	return nil
}

// rootOf finds the folder of the map in a zip: at its top, in its only folder, or one
// deeper. name is that of the folder, or of the zip.
func rootOf(z *zip.Reader, zipName string) (root, name string, ok bool) {
	dirs := map[string]bool{}
	for _, f := range z.File {
		if junk(f.Name) || !strings.EqualFold(path.Ext(f.Name), ".txt") {
			continue
		}
		if d := path.Dir(f.Name); strings.Count(d, "/") < 2 {
			dirs[d] = true
		}
	}
	sorted := make([]string, 0, len(dirs))
	for d := range dirs {
		sorted = append(sorted, d)
	}
	slices.SortFunc(sorted, func(a, b string) int {
		if c := strings.Count(a, "/") - strings.Count(b, "/"); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for _, d := range sorted[:min(len(sorted), 100)] {
		sub, err := fs.Sub(z, d)
		if err != nil {
			continue
		}
		name = path.Base(d)
		if d == "." {
			name = strings.TrimSuffix(zipName, path.Ext(zipName))
		}
		if maps.Is(sub, name) {
			return d, name, true
		}
	}
	return "", "", false
}

// junk is what Macs put into zips.
func junk(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part != "." && hidden(part) })
}

// zipNode remembers what a zip is, while it does not change.
type zipNode struct {
	mark, root, name, problem string
	isMap                     bool
	images                    map[string]image
}

// zip looks at a zip. One that holds no map is left out; one that cannot be read is
// listed with the reason once it is not being written any more.
func (w *walk) zip(p string) {
	now := mark(p)
	n, ok := w.t.zips[p]
	if !ok || n.mark != now {
		n = zipNode{mark: now}
		z, file, err := openZipFile(p)
		if err == nil {
			if n.root, n.name, n.isMap = rootOf(z, filepath.Base(p)); n.isMap {
				n.images = zipImages(z, n.root)
			}
			file.Close()
		} else if n.problem = err.Error(); !ok || w.now.Sub(modified(p)).Seconds() < 4 {
			n.mark = "" // it is looked at again
		}
	}
	w.zips[p] = n
	stem := strings.TrimSuffix(filepath.Base(p), filepath.Ext(p))
	switch {
	case n.isMap:
		w.add(found{name: n.name, path: p, kind: Zip, mark: now, source: zipSource{p, n.root, n.name}, images: n.images})
	case n.problem != "" && n.mark != "":
		w.add(found{name: stem, path: p, kind: Zip, mark: now, source: zipSource{p, ".", stem}, problem: n.problem})
	}
}

func openZipFile(p string) (*zip.Reader, *os.File, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var z *zip.Reader
		if z, err = openZip(f, info.Size()); err == nil {
			return z, f, nil
		}
	}
	f.Close()
	return nil, nil, err
}

// zipSource is a map in a zip, which is read in place.
type zipSource struct{ path, root, name string }

func (s zipSource) folder() string      { return "" }
func (s zipSource) fingerprint() string { return mark(s.path) }

func (s zipSource) open() (*maps.Map, error) {
	z, f, err := openZipFile(s.path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(s.path), err)
	}
	defer f.Close()
	sub, err := fs.Sub(z, s.root)
	if err != nil {
		return nil, err
	}
	return maps.Read(sub, s.name)
}

// unpack writes the files below root of a zip into a folder that is there and empty.
func unpack(ctx context.Context, z *zip.Reader, size int64, root, dir string) error {
	left := int64(maxUnpacked)
	if most := max(size*maxRatio, maxHarmless); most < left {
		left = most
	}
	for _, f := range z.File {
		name := f.Name
		if root != "." {
			var below bool
			if name, below = strings.CutPrefix(name, root+"/"); !below || name == "" {
				continue
			}
		}
		if junk(name) || strings.HasSuffix(name, "/") {
			continue
		}
		if err := checkName(f); err != nil {
			return err
		}
		n, err := unpackFile(ctx, f, filepath.Join(dir, filepath.FromSlash(name)), left)
		if left -= n; err != nil {
			return err
		}
	}
	return nil
}

// unpackFile writes one file of a zip, of at most left bytes.
func unpackFile(ctx context.Context, f *zip.File, to string, left int64) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, err
	}
	in, err := f.Open()
	if err != nil {
		return 0, fmt.Errorf("%s cannot be read", f.Name)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	from := &until{ctx: ctx, r: in}
	n, err := io.Copy(out, io.LimitReader(from, left+1))
	if err == nil && n > left {
		err = errors.New("its files are larger than they say, or than a zip may have")
	} else if from.damaged {
		err = fmt.Errorf("%s is damaged", f.Name)
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return n, err
}

// until reads until its context is done, and tells an error of the zip from others.
type until struct {
	ctx     context.Context
	r       io.Reader
	damaged bool
}

func (u *until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := u.r.Read(p)
	u.damaged = err != nil && !errors.Is(err, io.EOF)
	return n, err
}

// uploads begins the names of folders into which something is being unpacked.
const uploads = ".webmon-upload-"

// sweep takes away what an upload into a folder that was killed has left.
func sweep(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), uploads) {
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// Put takes a zip with a map, which becomes a folder of the name key. The error is a
// sentence that says what of it is refused.
func (l *Library) Put(ctx context.Context, key string, r io.ReaderAt, size int64) error {
	into := l.Accepts()
	if into == "" {
		return errors.New("there is no folder for maps; webmon is started with --maps FOLDER")
	}
	if slug(key) != key {
		return fmt.Errorf("%q cannot be the name of a map: letters, digits, and . _ - can be in it", key)
	}
	to := filepath.Join(into, key)
	l.mu.Lock()
	_, taken := l.all[key]
	l.mu.Unlock()
	if _, err := os.Lstat(to); err == nil || taken {
		return fmt.Errorf("there is a map %s already", key)
	}
	z, err := openZip(r, size)
	if err != nil {
		return fmt.Errorf("the zip is refused: %w", err)
	}
	root, _, ok := rootOf(z, key)
	if !ok {
		return errors.New("the zip is refused: there is no map in it; a map has a session table NAME.txt, and NAME_objMap.txt beside it")
	}
	temporary, err := os.MkdirTemp(into, uploads)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	if err := unpack(ctx, z, size, root, temporary); err != nil {
		return fmt.Errorf("the zip is refused: %w", err)
	}
	if _, err := maps.Open(temporary); err != nil {
		return fmt.Errorf("the zip is refused: %w", err)
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	if err := os.Rename(temporary, to); err != nil {
		return err
	}
	l.Look()
	return nil
}

// Zip writes the files of a map, without its images, as they would be saved: in a folder
// of the map's name.
func (l *Library) Zip(ctx context.Context, key string, w io.Writer) error {
	o, err := l.Open(ctx, key)
	if err != nil {
		return err
	}
	return WriteZip(ctx, o.Map, w)
}

// WriteZip writes the files of a map into a zip, in a folder of its name.
func WriteZip(ctx context.Context, m *maps.Map, w io.Writer) error {
	z := zip.NewWriter(w)
	// A save waits for the zip of the set before.
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, f := range m.Files() {
		if err := ctx.Err(); err != nil {
			return err
		}
		out, err := z.Create(m.Name + "/" + f.Path)
		if err != nil {
			return err
		}
		if _, err := out.Write(f.Data); err != nil {
			return err
		}
	}
	return z.Close()
}
