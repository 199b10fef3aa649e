package library

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Loaded reports whether a map is in memory, and whether there is one of that key at all. It
// counts as no use of it.
func (l *Library) Loaded(key string) (loaded, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.all[key]
	return it != nil && it.m != nil, it != nil
}

// Touch counts as a use of a map that is in memory.
func (l *Library) Touch(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if it := l.all[key]; it != nil && it.m != nil {
		it.used, it.asked = time.Now(), true
	}
}

// ImagesMark changes when a file of the map's images does, or comes or goes. It opens none, and
// is "" for a map of which nothing is known.
func (l *Library) ImagesMark(key string) string {
	l.mu.Lock()
	it := l.all[key]
	if it == nil || it.stacks == nil {
		l.mu.Unlock()
		return ""
	}
	source, images := it.source, it.images
	l.mu.Unlock()
	if _, ok := source.(Made); ok {
		return "made"
	}
	var paths []string
	for _, im := range images {
		if im.all != "" {
			paths = append(paths, im.all)
		}
		for _, path := range im.channels {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	all := strings.Join(paths, "\n")
	if z, ok := source.(zipSource); ok {
		return short(all + mark(z.path))
	}
	for _, path := range paths {
		all += "\n" + mark(path)
	}
	return short(all)
}

// Packed reports whether the images of a channel, counted from 1, of a session lie in a zip, and were
// not taken out of it yet: opening them would write all of them to the disk.
func (l *Library) Packed(key string, session, channel int) bool {
	l.mu.Lock()
	it := l.all[key]
	if it == nil || session < 0 || session >= len(it.stacks) {
		l.mu.Unlock()
		return false
	}
	source := it.source
	im, ok := of(it.images, it.stacks[session].name)
	l.mu.Unlock()
	z, zipped := source.(zipSource)
	if !ok || !zipped {
		return false
	}
	path := im.channels[channel]
	if path == "" {
		path = im.all
	}
	_, err := os.Stat(l.unpackedPath(z, path))
	return err != nil
}

// unpackedPath is where a file of a zip is put.
func (l *Library) unpackedPath(z zipSource, name string) string {
	return filepath.Join(l.o.Cache, short(mark(z.path)), short(name)+filepath.Ext(name))
}
