package shm

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"strings"
	"testing"
)

func picture(t testing.TB, side int) string {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestThumbnails(t *testing.T) {
	good := picture(t, 32)
	sent := map[string]Value{
		"1": good, "2": picture(t, 65), "3": "x", "4": good[:40], "5": 1.5, "6": good + "\n",
		"7": strings.Repeat("A", maxThumbnail+4), "8": base64.StdEncoding.EncodeToString([]byte(`<svg onload="x">`)),
	}
	got := ThumbnailsOf(sent)
	for id := range sent {
		if (got.Get(id) != "") != (id == "1") {
			t.Errorf("thumbnail %s is %.20q", id, got.Get(id))
		}
	}
	if (*Thumbnails)(nil).Get("1") != "" || ThumbnailsOf("x").Get("1") != "" || SizeOf(got) < int64(len(good)) {
		t.Error("no thumbnails")
	}
	if b, err := AppendJSON(nil, ThumbnailsOf(map[string]Value{"1": good})); err != nil || !json.Valid(b) {
		t.Error(err)
	}
}

func FuzzThumbnails(f *testing.F) {
	f.Add(picture(f, 4))
	f.Add("iVBORw0KGgo=")
	f.Fuzz(func(t *testing.T, text string) {
		got := ThumbnailsOf(map[string]Value{"1": text}).Get("1")
		if strings.Trim(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != "" {
			t.Errorf("%q", got)
		}
	})
}
