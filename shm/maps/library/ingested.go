package library

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"webmon/shm/stack"
	"webmon/shm/stack/slices"
)

// What the server that came before webmon made of the images of a map, below its folder raw/ingested: a folder tp0, tp1, ... for each
// session with a PNG for each channel and slice, and a PNG MAX_..._tp0_ch2.png of the maximum of all slices.

// ingested is the key of such images of a session; no stack has that name.
func ingested(session int) string { return "\x00tp" + strconv.Itoa(session) }

// allSlices ends the path of such images: "tp0/*_ch2" are the slices of channel 2 in the folder tp0.
const allSlices = "/*_ch"

// ingestedImages finds such images.
func ingestedImages(dir string) map[string]image {
	all := map[string]image{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return all
	}
	put := func(session, channel int, path string) {
		im := all[ingested(session)]
		if im.channels == nil {
			im.channels = map[int]string{}
		}
		if im.channels[channel] == "" || strings.Contains(path, allSlices) {
			im.channels[channel] = path
		}
		all[ingested(session)] = im
	}
	for _, e := range entries[:min(len(entries), maxEntries)] {
		name := e.Name()
		if n, ok := strings.CutPrefix(name, "tp"); ok && e.IsDir() {
			session, err := strconv.Atoi(n)
			if err != nil || session < 0 {
				continue
			}
			for channel := range slicesIn(filepath.Join(dir, name)) {
				put(session, channel, filepath.Join(dir, name)+allSlices+strconv.Itoa(channel))
			}
			continue
		}
		stem, isMax := strings.CutPrefix(strings.TrimSuffix(strings.ToLower(name), ".png"), "max_")
		if at := strings.LastIndex(stem, "_tp"); isMax && at >= 0 && strings.HasSuffix(strings.ToLower(name), ".png") {
			session, channel, ok := strings.Cut(stem[at+3:], "_ch")
			i, err := strconv.Atoi(session)
			c, err2 := strconv.Atoi(channel)
			if ok && err == nil && err2 == nil && i >= 0 && c > 0 && c < 100 {
				put(i, c, filepath.Join(dir, name))
			}
		}
	}
	return all
}

// slicesIn finds the slices in a folder: by channel and slice, the path.
func slicesIn(dir string) map[int]map[int]string {
	found := map[int]map[int]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return found
	}
	for _, e := range entries[:min(len(entries), maxEntries)] {
		if _, channel, slice, ok := slices.Number(e.Name()); ok && !hidden(e.Name()) {
			if found[channel] == nil {
				found[channel] = map[int]string{}
			}
			found[channel][slice] = filepath.Join(dir, e.Name())
		}
	}
	return found
}

// openImage opens an image of any kind that a map can have.
func openImage(path string) (stack.Image, error) {
	if at := strings.LastIndex(path, allSlices); at >= 0 {
		channel, err := strconv.Atoi(path[at+len(allSlices):])
		if err != nil {
			return nil, ErrNoImage
		}
		dir := path[:at]
		im, err := slices.Open(slicesIn(dir)[channel])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(dir), err)
		}
		return im, nil
	}
	if strings.EqualFold(filepath.Ext(path), ".png") {
		im, err := slices.Open(map[int]string{0: path})
		if err != nil {
			return nil, err
		}
		return im, nil
	}
	im, err := stack.Open(path)
	if err != nil && errors.Is(err, stack.ErrFormat) && strings.EqualFold(filepath.Ext(path), ".stk") {
		return nil, fmt.Errorf("%s is no stack of MetaMorph's that webmon can read: %w", filepath.Base(path), err)
	}
	return im, err
}
