//go:build linux

package e2e

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"webmon/shm/process/naparitest"
)

// light is the mean colour of the picture of an array on the page, 0 to 255, once it has drawn.
func (p *page) light() float64 {
	p.t.Helper()
	return ask[float64](p, `(async () => {
		const {viewer} = document.querySelector("[data-array]");
		const {size} = viewer.stats();
		const all = await viewer.readPixels(size.width / 4, size.height / 4, size.width / 2, size.height / 2);
		let sum = 0;
		for (let i = 0; i < all.length; i += 4) sum += (all[i] + all[i + 1] + all[i + 2]) / 3;
		return sum / (all.length / 4);
	})()`)
}

// seen are the colours of the picture of an array on the page, one of 13 x 13 places each.
func (p *page) seen() []float64 {
	p.t.Helper()
	return ask[[]float64](p, `(async () => {
		const {viewer} = document.querySelector("[data-array]");
		const {size} = viewer.stats();
		const out = [];
		for (let r = 1; r < 14; r++) for (let c = 1; c < 14; c++) {
			const [x, y] = [Math.floor(size.width / 4 + size.width / 2 * c / 14), Math.floor(size.height * (0.1 + 0.8 * r / 14))];
			const part = await viewer.readPixels(x, y, 6, 6);
			out.push(part.reduce((sum, v) => sum + v, 0) / part.length);
		}
		return out;
	})()`)
}

// likeness is how alike two pictures are: 1 for the same, about 0 for any two.
func likeness(a, b []float64) float64 {
	mean := func(x []float64) (m float64) {
		for _, v := range x {
			m += v / float64(len(x))
		}
		return m
	}
	ma, mb := mean(a), mean(b)
	var ab, aa, bb float64
	for i := range a {
		ab += (a[i] - ma) * (b[i] - mb)
		aa += (a[i] - ma) * (a[i] - ma)
		bb += (b[i] - mb) * (b[i] - mb)
	}
	return ab / math.Sqrt(aa*bb)
}

// commanded sends a command and returns how it has ended.
func (w *webmon) commanded(src, name, body string) (status, reason string) {
	w.t.Helper()
	var sent struct{ ID, Status, Reason string }
	if code, err := w.try("POST", "/sources/"+src+"/commands/"+name, body, &sent); code != 202 || err != nil {
		w.t.Fatalf("POST %s: %d, %v", name, code, err)
	}
	until(w.t, name+" has ended", func() string {
		w.get("/api/v1/commands/"+sent.ID, &sent)
		if sent.Status != "applied" && sent.Status != "refused" {
			return sent.Status
		}
		return ""
	})
	return sent.Status, sent.Reason
}

// TestE2ETour: what somebody sees who has only just built webmon. Every tab has something to show, and
// what can be changed changes the picture.
func TestE2ETour(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	w := startProgram(t, t.TempDir(), "--port", "0")
	p := b.open(t, wide)
	p.visit(w.url)
	p.live()
	applied := func(name, body string) {
		t.Helper()
		if status, reason := w.commanded("demo", name, body); status != "applied" {
			t.Errorf("%s %s was %s: %s", name, body, status, reason)
		}
	}

	for _, tab := range []struct{ path, has string }{
		{"/controls", `document.querySelector('form[action*="/commands/exposure"]') && document.querySelector('form[action*="/commands/fire_laser"]')`},
		{"/arrays", `document.querySelector("[data-array]")?.dataset.pictures > 0`},
		{"/volumes", `/Tissue/.test(document.querySelector("main").textContent)`},
		{"/maps", `/rr30a/.test(document.querySelector("main").textContent)`},
		{"/models", `document.querySelectorAll('main a[href*="/models/"]').length > 0`},
		{"/messages", `["stage.x", "focus.sharpness", "temperature.sensor"].every(name => document.querySelector("main").textContent.includes(name))`},
		{"/status", `/demo/.test(document.querySelector("#live-status").textContent)`},
		{"/loader", `document.querySelector('[data-chart="frame_time"]')`},
		{"/viewer", `Number(document.querySelector("[data-canvas]")?.dataset.frames) > 0`},
	} {
		p.visit(w.home + tab.path)
		p.live()
		p.wait(tab.path+" has something to show", "Boolean("+tab.has+")")
		p.says("#live-notices", "This is a demo")
	}

	t.Run("exposure and stage react", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/arrays?array=camera")
		p.live()
		p.wait("there is a picture", `document.querySelector("[data-array]")?.dataset.pictures > 2`)
		before := p.light()
		if before < 2 {
			t.Errorf("the picture is dark: %v", before)
		}
		applied("exposure", `{"exposure": 60}`)
		until(t, "four times the exposure is brighter", func() string {
			if now := p.light(); now < 1.5*before {
				return fmt.Sprintf("%v, was %v", now, before)
			}
			return ""
		})
		p.shot("tour-exposed")
		applied("exposure", `{"exposure": 15}`)
		until(t, "it is as dark as before", func() string {
			if now := p.light(); math.Abs(now-before) > 0.15*before {
				return fmt.Sprintf("%v, was %v", now, before)
			}
			return ""
		})
		here := p.seen()
		if same := likeness(here, p.seen()); same < 0.8 {
			t.Errorf("two pictures of the same place are alike by %.2f", same)
		}
		applied("move_stage", `{"x": 120, "y": 60, "relative": true}`)
		until(t, "another place is seen", func() string {
			if same := likeness(here, p.seen()); same > 0.5 {
				return fmt.Sprintf("they are alike by %.2f", same)
			}
			return ""
		})
		applied("move_stage", `{"x": 0, "y": 0, "relative": false}`)
		applied("autofocus", `{"range": 12, "planes": 21, "accuracy": "fine"}`)
		until(t, "the place of before is seen", func() string {
			if same := likeness(here, p.seen()); same < 0.7 {
				return fmt.Sprintf("they are alike by %.2f", same)
			}
			return ""
		})
		p.shot("tour-camera")
	})
	t.Run("what is refused says why", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/controls")
		p.live()
		p.press(`form[action*="/commands/fire_laser"] [type=submit]`)
		p.says("main", "the lid is open, so the interlock holds the laser back")
		p.shot("tour-refused")
		applied("lid", `{"lid": false}`)
		applied("fire_laser", `{"power": 100, "radius": 8}`)
	})
	t.Run("arrays of every kind", func(t *testing.T) {
		p.t = t
		for _, name := range []string{"segmentation", "overview", "stack", "profile", "trace"} {
			p.visit(w.home + "/arrays?array=" + name)
			p.live()
			p.wait(name+" is drawn", `document.querySelector("[data-array]")?.dataset.pictures > 0`)
			p.shot("tour-" + name)
		}
		p.visit(w.home + "/arrays?array=cells")
		p.live()
		p.says("main", "interphase")
		p.visit(w.home + "/arrays?array=snapshot")
		p.live()
		p.says("main", "Nothing has been snapped yet")
		applied("snap", `{"name": "tour", "frames": 2}`)
		p.says("main", "tour: number 1, 2 frames")
		p.wait("the snapshot is drawn", `document.querySelector("[data-array]")?.dataset.pictures > 0`)
		p.calm()
	})
}

// TestE2EDemoYields: the demo that nobody has asked for goes by itself when a process is there, whose
// pages those of the demo become; and it does not come back. The pages of a process that shares nothing
// say what to do.
func TestE2EDemoYields(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	p := b.open(t, wide)
	p.visit(w.url)
	p.visit(w.home + "/messages?source=demo")
	p.live()
	p.says("#live-notices", "This is a demo")
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(`process = webmon.Process("lab", launch=False)`, nil)
	w.source("lab", "connected", connected)
	p.wait("the page shows the process instead", `!/This is a demo/.test(document.body.textContent) && /lab/.test(document.querySelector(".picker").textContent)`)
	p.live()
	if all := w.sources(); len(all) != 1 || all[0].ID != "lab" {
		t.Errorf("the sources are %+v, want the process alone", all)
	}
	for path, step := range map[string]string{
		"/viewer": "napari", "/loader": "napari", "/layers": "napari", "/controls": "webmon.control", "/arrays": "webmon.share", "/volumes": "webmon.volume",
	} {
		p.visit(w.home + path)
		p.live()
		p.wait(path+" says what fills it", fmt.Sprintf(`document.querySelector("main").textContent.includes(%q)`, step))
		p.shot("bare" + strings.ReplaceAll(path, "/", "-"))
	}
	python.Kill()
	until(t, "the process is gone", func() string {
		if all := w.sources(); len(all) != 1 || all[0].Connected {
			return fmt.Sprintf("%+v", all)
		}
		return ""
	})
	p.visit(w.home + "/status")
	p.live()
	p.wait("what is gone is shown, and no demo", `!/This is a demo/.test(document.body.textContent)`)
	p.calm()
}
