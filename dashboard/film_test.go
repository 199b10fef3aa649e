package dashboard_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"testing"

	"webmon/dashboard"
)

// film opens a film, whose parts are its frames.
func (s *site) film(query string) *multipart.Reader {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.base+"/api/v1/sources/napari/arrays/camera/film"+query, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{}}
	s.t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { resp.Body.Close() })
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != 200 || err != nil || kind != "multipart/x-mixed-replace" {
		b, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("a film: %d %s %s", resp.StatusCode, kind, b)
	}
	return multipart.NewReader(resp.Body, params["boundary"])
}

func next(t *testing.T, r *multipart.Reader) (*multipart.Part, []byte) {
	t.Helper()
	part, err := r.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(part)
	if err != nil || fmt.Sprint(len(b)) != part.Header.Get("Content-Length") {
		t.Fatalf("a frame of %d bytes says that it has %s (%v)", len(b), part.Header.Get("Content-Length"), err)
	}
	return part, b
}

func red(img image.Image, x, y int) uint32 { r, _, _, _ := img.At(x, y).RGBA(); return r >> 8 }

// A film is the frames of an array as they come, all with the limits of the first one.
func TestFilms(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cam := s.camera("camera", 4, 5)
	cam.shoot()
	film := s.film("?seconds=600&fps=30&colormap=gray")
	for n, want := range []uint32{0, 8, 17} { // from 100 to 3104, and 100 more in each frame
		part, b := next(t, film)
		if got := part.Header.Get("Webmon-Seq"); got != fmt.Sprint(n+1) || part.Header.Get("Content-Type") != "image/png" {
			t.Errorf("frame %d: %v", n+1, part.Header)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil || img.Bounds().Size() != image.Pt(5, 4) {
			t.Fatalf("frame %d: %v", n+1, err)
		}
		if got := red(img, 0, 0); got != want {
			t.Errorf("the first pixel of frame %d is %d, want %d", n+1, got, want)
		}
		cam.shoot()
	}
	// One that is over, in the other format.
	film = s.film("?seconds=0.1&format=jpeg&low=0&high=4000&colormap=gray")
	part, b := next(t, film)
	if img, err := jpeg.Decode(bytes.NewReader(b)); err != nil || part.Header.Get("Content-Type") != "image/jpeg" || img.Bounds().Size() != image.Pt(5, 4) {
		t.Errorf("a frame of jpeg: %v", err)
	}
	for {
		if _, err := film.NextRawPart(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("the film does not end well: %v", err)
		}
	}
	for query, want := range map[string]int{
		"?seconds=0": 422, "?seconds=601": 422, "?fps=31": 422, "?fps=NaN": 422, "?format=gif": 422, "?colormap=none": 422, "?index=9,y": 422, "?index=y,x,x": 422,
	} {
		if status, body := s.ask("GET", "/api/v1/sources/napari/arrays/camera/film"+query, ""); status != want {
			t.Errorf("%s: %d %s, want %d", query, status, body, want)
		}
	}
	if status, _ := s.ask("GET", "/api/v1/sources/napari/arrays/none/film", ""); status != 404 {
		t.Errorf("a film of nothing: %d", status)
	}
	var open []*multipart.Reader
	for range 3 { // with the first one they are as many as there may be
		open = append(open, s.film("?seconds=600"))
	}
	if status, body := s.ask("GET", "/api/v1/sources/napari/arrays/camera/film", ""); status != 503 {
		t.Errorf("one film more than %d: %d %s", 1+len(open), status, body)
	}
}
