package shm

import (
	"bytes"
	"encoding/base64"
	"image/png"
)

// TopicThumbnails is the state topic of the thumbnails of a napari's layers; its value is
// a *Thumbnails.
const TopicThumbnails = "thumbnails"

// Bounds of what is taken of a thumbnail.
const (
	maxThumbnail = 32 << 10 // bytes of its text
	maxThumbSide = 64       // pixels
)

// Thumbnails are small pictures of layers, as PNG.
type Thumbnails struct {
	of   map[string]string
	sent Value
}

// ThumbnailsOf takes what a process has sent under TopicThumbnails. What is no PNG of at
// most 64 x 64 pixels is left out; of what is written as JSON nothing is.
func ThumbnailsOf(sent Value) *Thumbnails {
	out := &Thumbnails{of: map[string]string{}, sent: sent}
	all, _ := sent.(map[string]Value)
	for id, v := range all {
		text, ok := v.(string)
		if len(out.of) == maxLayers {
			break
		}
		if ok && isThumbnail(text) {
			out.of[id] = text
		}
	}
	return out
}

func isThumbnail(text string) bool {
	if len(text) > maxThumbnail {
		return false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(b) != text { // Go passes over line ends
		return false
	}
	about, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || about.Width > maxThumbSide || about.Height > maxThumbSide {
		return false
	}
	_, err = png.Decode(bytes.NewReader(b))
	return err == nil
}

// Get returns the thumbnail of a layer as the base64 of a PNG, "" if there is none. It
// may be called of nil.
func (t *Thumbnails) Get(layer string) string {
	if t == nil {
		return ""
	}
	return t.of[layer]
}

// Sent returns what the process has sent, as it is.
func (t *Thumbnails) Sent() Value { return t.sent }

// MarshalJSON writes what the process has sent, as it is.
func (t *Thumbnails) MarshalJSON() ([]byte, error) { return AppendJSON(nil, t.sent) }

func (t *Thumbnails) appendJSON(b []byte) []byte { return appendSent(b, t.sent) }

func (t *Thumbnails) size() int64 {
	n := mapSize(len(t.of)) + SizeOf(t.sent)
	for id := range t.of {
		n += int64(len(id))
	}
	return n
}
