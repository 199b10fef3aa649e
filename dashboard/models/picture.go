package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"time"

	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/shm"
)

const (
	// thumbnail is the greatest length of the longer side of a picture in the list, in
	// pixels.
	thumbnail = 240
	// pictureFor is how long a picture of a running simulation is shown before a newer
	// one is made.
	pictureFor = time.Second
)

// Picture is a PNG.
type Picture struct {
	Data []byte
	ETag string // quoted
}

// pictures are the last pictures that were made. The zero value is empty.
type pictures struct {
	mu   sync.Mutex // guards made, and is held while a picture is made, so that each is made once
	made map[string]made
}

type made struct {
	Picture
	at    time.Time // when it was made from a density; zero: it comes with the model
	seq   uint64    // of that density
	stamp float64
}

// Picture returns what a model looks like. While the model runs, that is the newest
// density that anybody was shown. Otherwise it is the picture that comes with the
// model, otherwise its last density. ok is false if there is none of them.
func (m *Models) Picture(key string, now time.Time) (p Picture, ok bool, err error) {
	info, known := m.info(key)
	if !known {
		return Picture{}, false, ErrUnknown
	}
	src := m.Source(key)
	running := src != nil && src.Running()
	if !running && len(info.Picture) > 0 {
		return m.pictures.own(key, info.Picture), true, nil
	}
	if frame := density(src); frame != nil {
		p, err := m.pictures.of(key, frame, now)
		if err == nil {
			return p, true, nil
		}
		if len(info.Picture) == 0 {
			return Picture{}, false, fmt.Errorf("the picture of %s cannot be made: %w", key, err)
		}
	}
	if len(info.Picture) > 0 {
		return m.pictures.own(key, info.Picture), true, nil
	}
	return Picture{}, false, nil
}

// pictureVersion changes when Picture would return another picture; ok says whether it
// would return any.
func (m *Models) pictureVersion(info shm.ModelInfo, src *source.Source, running bool, now time.Time) (version string, ok bool) {
	if !running && len(info.Picture) > 0 || density(src) == nil {
		return "0", len(info.Picture) > 0
	}
	_, at, _ := src.State(shm.ArrayTopic(shm.ArrayDensity))
	return strconv.FormatInt(at.Truncate(pictureFor).Unix(), 36), true
}

// density is the newest density that was read for a page, nil for none.
func density(src *source.Source) *shm.ArrayFrame {
	if src == nil {
		return nil
	}
	value, _, _ := src.State(shm.ArrayTopic(shm.ArrayDensity))
	frame, _ := value.(*shm.ArrayFrame)
	return frame
}

// own is the picture that comes with a model.
func (p *pictures) own(key string, data []byte) Picture {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last, ok := p.made[key]; ok && last.at.IsZero() && bytes.Equal(last.Data, data) {
		return last.Picture
	}
	return p.keep(key, made{Picture: picture(data)})
}

// of is a picture of a density, made at most once every pictureFor.
func (p *pictures) of(key string, frame *shm.ArrayFrame, now time.Time) (Picture, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, ok := p.made[key]
	ok = ok && !last.at.IsZero()
	if ok && (last.seq == frame.Seq && last.stamp == frame.Stamp || now.Sub(last.at) < pictureFor) {
		return last.Picture, nil
	}
	img, err := pixels.ReadThumbnail(frame, thumbnail)
	switch {
	case err != nil && ok:
		return last.Picture, nil // the density was overwritten meanwhile, or its run is gone
	case err != nil:
		return Picture{}, err
	}
	var b bytes.Buffer
	if err := pixels.WritePNG(&b, img); err != nil {
		return Picture{}, err
	}
	return p.keep(key, made{Picture: picture(b.Bytes()), at: now, seq: frame.Seq, stamp: frame.Stamp}), nil
}

// keep remembers a picture; mu is held.
func (p *pictures) keep(key string, m made) Picture {
	if p.made == nil {
		p.made = map[string]made{}
	}
	p.made[key] = m
	return m.Picture
}

func picture(data []byte) Picture {
	sum := sha256.Sum256(data)
	return Picture{Data: data, ETag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}
