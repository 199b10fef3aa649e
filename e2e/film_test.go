//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestE2EFilm: what a real napari shows of a layer becomes a film, for programs as it comes, and on the page as a file.
func TestE2EFilm(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	n := startPlugin(t, home)
	n.MustDo("run", map[string]any{"code": sectionsScript}, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("napari", "attached", connected)
	var layers struct{ IDs map[string]string }
	n.MustDo("layers", map[string]any{}, &layers)
	name := "layer." + layers.IDs["stack"]

	req, err := http.NewRequestWithContext(t.Context(), "GET", w.base+"/api/v1/sources/napari/arrays/"+name+"/film?seconds=600&fps=30&low=0&high=255&colormap=gray", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK || err != nil {
		b, _ := io.ReadAll(resp.Body)
		t.Fatalf("a film: %s %s", resp.Status, b)
	}
	frames := multipart.NewReader(resp.Body, params["boundary"])
	for z := range 3 {
		n.MustDo("step", map[string]any{"axis": 1, "step": z}, nil)
		for want, got := stackVoxel(1, z, 5, 7), -1; got != want; { // frames of the places before come first
			part, err := frames.NextRawPart()
			if err != nil {
				t.Fatalf("the film ends before slice %d: %v", z, err)
			}
			b, err := io.ReadAll(part)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(b))
			if err != nil || img.Bounds().Dx() != 60 || img.Bounds().Dy() != 40 {
				t.Fatalf("a frame: %v", err)
			}
			r, _, _, _ := img.At(7, 5).RGBA()
			got = int(r >> 8)
		}
	}

	p := startBrowser(t).open(t, view{1400, 900, "dark"})
	p.visit(w.url)
	films := map[string]string{} // as data: addresses, by page
	for _, path := range []string{"/viewer?source=napari&view=canvas", "/viewer?source=napari&view=layer", "/arrays?source=napari&array=" + name} {
		p.visit(w.home + path)
		p.live()
		p.wait(path+" has a picture", `document.querySelector("[data-viewer]")?.dataset.pictures > 0 || document.querySelector("[data-canvas]")?.dataset.frames > 0 || document.querySelector("[data-array]")?.dataset.pictures > 0`)
		p.wait(path+" can be recorded", `document.querySelector("[data-film]").dataset.liveMounted !== undefined && !document.querySelector("[data-film-button]").disabled`)
		ask[bool](p, `(window.filmed = new Promise(done => document.addEventListener("film:saved", event => done(event.detail), {once: true})), true)`)
		p.key("r")
		p.wait("it is recorded", `document.querySelector("[data-film][data-recording] [aria-pressed=true]") && document.querySelector(".filmed")`)
		pictures := `(document.querySelector("[data-viewer], [data-canvas], [data-array]").dataset.pictures ?? document.querySelector("[data-canvas]")?.dataset.frames)`
		for z := range 6 {
			before := ask[string](p, pictures)
			n.MustDo("step", map[string]any{"axis": 1, "step": 2*z + 1}, nil)
			p.wait("another picture is drawn", pictures+` !== "`+before+`"`)
		}
		p.wait("something has been recorded", `/, [1-9][0-9]* kB|MB/.test(document.querySelector("[data-film-says]").textContent)`)
		p.shot("film-" + strings.Trim(strings.Map(func(r rune) rune {
			if r < 'a' || r > 'z' {
				return '-'
			}
			return r
		}, path), "-"))
		p.click("[data-film-button]")
		films[path] = ask[string](p, `filmed.then(({film}) => new Promise((done, failed) => {
			const reader = new FileReader();
			reader.onload = () => done(reader.result);
			reader.onerror = failed;
			reader.readAsDataURL(film);
		}))`)
		p.says("[data-film-says]", "napari-")
	}
	p.calm()
	// The files are films: they have a size, and frames that decode and of which not all are the same. A page of webmon may show none.
	p.do(chromedp.Navigate("about:blank"))
	for path, film := range films {
		different := ask[int](p, fmt.Sprintf(`(async () => {
			const video = Object.assign(document.createElement("video"), {muted: true, src: %q});
			const seen = new Set();
			const context = new OffscreenCanvas(48, 48).getContext("2d", {willReadFrequently: true});
			await new Promise((done, failed) => {
				video.onerror = () => failed(new Error(video.error?.message));
				video.onended = done;
				const next = () => {
					context.drawImage(video, 0, 0, 48, 48);
					seen.add(context.getImageData(0, 0, 48, 48).data.join());
					video.requestVideoFrameCallback(next);
				};
				video.requestVideoFrameCallback(next);
				video.play().catch(failed);
			});
			return video.videoWidth > 0 ? seen.size : -1;
		})()`, film))
		if different < 2 {
			t.Errorf("%s: the film has %d different frames", path, different)
		}
	}
}
