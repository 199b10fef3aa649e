package library

import (
	"archive/zip"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webmon/shm/stack"
)

// Image is the images of one channel of a session.
type Image struct {
	stack.Image
	Channel int    // of the image, counted from 0
	Tag     string // changes with the pixels
	Release func() // has to be called once
}

// image is where the images of a session are: one file for all channels, or one for
// each.
type image struct {
	all      string         // path
	channels map[int]string // path by channel, counted from 1
}

// extensions of images, the longest first.
var extensions = []string{".ome.zarr.zip", ".zarr.zip", ".mmap.zip", ".ome.tiff", ".ome.tif", ".ome.zarr", ".tiff", ".tif", ".stk", ".zarr", ".mmap", ".ozx"}

// isPacked reports whether a zip is one image, and so no map.
func isPacked(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, ".zarr.zip") || strings.HasSuffix(lower, ".mmap.zip")
}

// imageName takes apart the name of an image: what it is of, and the channel, 0 for all.
func imageName(name string) (stem string, channel int, ok bool) {
	lower := strings.ToLower(name)
	for _, ext := range extensions {
		if strings.HasSuffix(lower, ext) {
			stem = name[:len(name)-len(ext)]
			if i := strings.LastIndex(strings.ToLower(stem), "_ch"); i > 0 {
				if n, err := strconv.Atoi(stem[i+3:]); err == nil && n > 0 && n < 100 {
					return stem[:i], n, true
				}
			}
			return stem, 0, stem != ""
		}
	}
	return "", 0, false
}

// index puts names of images together by what they are of.
func index(names []string, path func(name string) string) map[string]image {
	images := map[string]image{}
	for _, name := range names {
		stem, channel, ok := imageName(name)
		if !ok {
			continue
		}
		im := images[stem]
		if channel == 0 {
			im.all = path(name)
		} else {
			if im.channels == nil {
				im.channels = map[int]string{}
			}
			im.channels[channel] = path(name)
		}
		images[stem] = im
	}
	return images
}

// of returns the images of a stack.
func of(images map[string]image, stack string) (image, bool) {
	im, ok := images[stack]
	if !ok {
		im, ok = images[every]
	}
	return im, ok
}

// every stands for all stacks of a map whose sessions are the times of one image.
const every = ""

func folderImages(dirs ...string) map[string]image {
	all := map[string]image{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		var names []string
		for _, e := range entries {
			if !hidden(e.Name()) && len(names) < maxEntries {
				names = append(names, e.Name())
			}
		}
		for stem, im := range index(names, func(name string) string { return filepath.Join(dir, name) }) {
			if _, ok := all[stem]; !ok {
				all[stem] = im
			}
		}
		maps.Copy(all, ingestedImages(filepath.Join(dir, "ingested")))
	}
	return all
}

// images returns the images of a map in a folder. They are looked for again when one of
// the folders has changed.
func (t *tree) imagesOf(dirs ...string) map[string]image {
	now := ""
	for _, dir := range dirs {
		now += mark(dir) + "\n" + mark(filepath.Join(dir, "ingested")) + "\n"
	}
	if t.images == nil {
		t.images = map[string]imagesNode{}
	}
	n := t.images[dirs[0]]
	if n.mark != now {
		n = imagesNode{now, folderImages(dirs...)}
	}
	t.images[dirs[0]] = n
	return n.images
}

// imagesNode remembers the images of a folder.
type imagesNode struct {
	mark   string
	images map[string]image
}

// zipImages are named by their path in the zip; they are unpacked when they are opened.
func zipImages(z *zip.Reader, root string) map[string]image {
	var names []string
	at := map[string]string{}
	for _, f := range z.File {
		name := f.Name
		if root != "." {
			name = strings.TrimPrefix(name, root+"/")
		}
		base := strings.TrimPrefix(name, "raw/")
		if !strings.Contains(base, "/") && !isZarr(base) && !junk(base) {
			names = append(names, base)
			at[base] = f.Name
		}
	}
	return index(names, func(name string) string { return at[name] })
}

// Channels lists the channels of a session that have images, counted from 1. It opens no
// file, and knows nothing of a map that was never opened.
func (l *Library) Channels(key string, session int) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.all[key]
	if it == nil || session < 0 || session >= len(it.stacks) {
		return nil
	}
	if m, ok := it.source.(Made); ok {
		if m.Channels == nil {
			return nil
		}
		return m.Channels(session)
	}
	s := it.stacks[session]
	im, ok := of(it.images, s.name)
	if !ok {
		im, ok = it.images[ingested(session)]
	}
	if !ok {
		return nil
	}
	var found []int
	for c := range im.channels {
		found = append(found, c)
	}
	if len(found) == 0 {
		for c := range s.channels {
			found = append(found, c+1)
		}
	}
	slices.Sort(found)
	return found
}

// Image opens the images of a channel, counted from 1, of a session. The error wraps
// ErrNoImage if the session has none. Release must be called.
func (l *Library) Image(ctx context.Context, key string, session, channel int) (Image, error) {
	if _, err := l.Open(ctx, key); err != nil {
		return Image{}, err
	}
	l.mu.Lock()
	it := l.all[key]
	if it == nil || session < 0 || session >= len(it.stacks) {
		l.mu.Unlock()
		return Image{}, fmt.Errorf("session %d: %w", session, ErrNoImage)
	}
	source, name := it.source, it.stacks[session].name
	im, ok := of(it.images, name)
	_, own := it.images[name]
	if !ok {
		im, ok = it.images[ingested(session)]
		own = ok
	}
	sessions := len(it.stacks)
	l.mu.Unlock()
	if m, made := source.(Made); made {
		return l.madeImage(m, session, channel)
	}
	at := 0
	path := im.channels[channel]
	if path == "" {
		path, at = im.all, channel-1
	}
	if !ok || path == "" {
		return Image{}, fmt.Errorf("channel %d of session %d: %w", channel, session, ErrNoImage)
	}
	if z, zipped := source.(zipSource); zipped {
		var err error
		if path, err = l.unpacked(ctx, z, path); err != nil {
			return Image{}, err
		}
	}
	opened, err := l.stacks.open(path, func() (stack.Image, error) { return openImage(path) })
	if err != nil {
		return Image{}, err
	}
	if at < 0 || at >= opened.Info().Channels {
		opened.Release()
		return Image{}, fmt.Errorf("channel %d of session %d: %w", channel, session, ErrNoImage)
	}
	if !own && sessions > 1 {
		// The sessions are the times of one image.
		if session >= opened.Info().Times {
			opened.Release()
			return Image{}, fmt.Errorf("channel %d of session %d: %w", channel, session, ErrNoImage)
		}
		opened.Image = newMoment(opened.Image, session)
	}
	opened.Channel = at
	return opened, nil
}

// moment is one time of an image.
type moment struct {
	stack.Image
	info stack.Info
	time int
}

func newMoment(im stack.Image, time int) *moment {
	m := &moment{im, *im.Info(), time}
	m.info.Times = 1
	return m
}

func (m *moment) Info() *stack.Info { return &m.info }

func (m *moment) ReadPlane(ctx context.Context, t, c, z int, r stack.Rect, dst []byte) ([]byte, error) {
	if err := m.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	return m.Image.ReadPlane(ctx, m.time, c, z, r, dst)
}

func (l *Library) madeImage(m Made, session, channel int) (Image, error) {
	if m.Image == nil || m.Channels == nil || !slices.Contains(m.Channels(session), channel) {
		return Image{}, fmt.Errorf("channel %d of session %d: %w", channel, session, ErrNoImage)
	}
	name := fmt.Sprintf("made %s %d %d", m.Key, session, channel)
	return l.stacks.open(name, func() (stack.Image, error) { return m.Image(session, channel) })
}

// unpacked returns the path of a file of a zip, which it unpacks into the cache.
func (l *Library) unpacked(ctx context.Context, z zipSource, name string) (string, error) {
	if l.o.Cache == "" {
		return "", fmt.Errorf("images in zips are not read here: %w", ErrNoImage)
	}
	to := l.unpackedPath(z, name)
	l.stacks.unpacking.Lock()
	defer l.stacks.unpacking.Unlock()
	if _, err := os.Stat(to); err == nil {
		return to, nil
	}
	r, f, err := openZipFile(z.path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	i := slices.IndexFunc(r.File, func(f *zip.File) bool { return f.Name == name })
	if i < 0 {
		return "", ErrNoImage
	}
	l.room(int64(min(r.File[i].UncompressedSize64, maxCache)))
	temporary := to + ".part"
	_ = os.Remove(temporary)
	if _, err := unpackFile(ctx, r.File[i], temporary, maxCache); err != nil {
		_ = os.Remove(temporary)
		return "", fmt.Errorf("%s: %w", filepath.Base(z.path), err)
	}
	return to, os.Rename(temporary, to)
}

// maxCache bounds the files that were unpacked from zips, in bytes.
const maxCache = 16 << 30

// room takes away the oldest files of the cache until there is room for n bytes. A file
// that is open stays readable.
func (l *Library) room(n int64) {
	type kept struct {
		path string
		size int64
		at   time.Time
	}
	var files []kept
	total := n
	_ = filepath.WalkDir(l.o.Cache, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				files = append(files, kept{path, info.Size(), info.ModTime()})
				total += info.Size()
			}
		}
		return nil
	})
	slices.SortFunc(files, func(a, b kept) int { return a.at.Compare(b.at) })
	for _, f := range files {
		if total <= maxCache {
			break
		}
		if os.Remove(f.path) == nil {
			total -= f.size
		}
	}
}

// stacks are the images that are open.
type stacks struct {
	mu        sync.Mutex
	all       map[string]*openStack
	unpacking sync.Mutex
}

type openStack struct {
	im   stack.Image
	tag  string
	uses int
	last time.Time
	gone bool // it is closed with its last use
}

// maxOpen bounds the images that are open and not in use.
const maxOpen = 64

// open returns an open image. tag is what the file looked like when it was opened; when
// it looks different it is opened anew.
func (s *stacks) open(path string, open func() (stack.Image, error)) (Image, error) {
	file := path
	if at := strings.LastIndex(path, allSlices); at >= 0 {
		file = path[:at] // a folder
	}
	tag := short(mark(file) + path)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.known(path, tag)
	if o == nil {
		s.mu.Unlock()
		im, err := open()
		s.mu.Lock()
		if err != nil {
			return Image{}, err
		}
		if o = s.known(path, tag); o != nil {
			_ = im.Close() // somebody else was faster
		} else {
			if s.all == nil {
				s.all = map[string]*openStack{}
			}
			o = &openStack{im: im, tag: tag}
			s.all[path] = o
		}
	}
	o.uses++
	o.last = time.Now()
	var once sync.Once
	return Image{Image: o.im, Tag: tag, Release: func() {
		once.Do(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if o.uses--; o.gone && o.uses == 0 {
				_ = o.im.Close()
			}
		})
	}}, nil
}

// known returns an image that is open, unless its file has changed.
func (s *stacks) known(path, tag string) *openStack {
	o := s.all[path]
	if o != nil && o.tag != tag {
		s.drop(path, o)
		return nil
	}
	return o
}

// drop forgets an image, and closes it when nobody uses it any more.
func (s *stacks) drop(path string, o *openStack) {
	delete(s.all, path)
	if o.gone = true; o.uses == 0 {
		_ = o.im.Close()
	}
}

// idle closes images that nobody has used for a minute, and the oldest of too many.
func (s *stacks) idle(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var unused []string
	for path, o := range s.all {
		if o.uses > 0 {
			continue
		}
		if now.Sub(o.last) > time.Minute {
			s.drop(path, o)
		} else {
			unused = append(unused, path)
		}
	}
	slices.SortFunc(unused, func(a, b string) int { return s.all[a].last.Compare(s.all[b].last) })
	for len(unused) > maxOpen {
		s.drop(unused[0], s.all[unused[0]])
		unused = unused[1:]
	}
}

func (s *stacks) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path, o := range s.all {
		s.drop(path, o)
	}
}
