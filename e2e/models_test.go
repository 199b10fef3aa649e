//go:build linux

package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"webmon/shm/process/naparitest"
)

// fuses is a file of models that people wrote themselves: one that fails when it
// is told to.
const fuses = `import numpy as np


class Fuse:
    """A field that is even, until the fuse blows."""

    params = dict(Nx=24, Ny=16, steps=1, load=0.25)
    sliders = [["load", "slider", "None", "range", 0.0, 1.0, 0.01]]

    def __init__(self, opts):
        self.load, self.t = opts.load, 0.0
        self.n = np.ones((opts.Nx, opts.Ny))

    def get_density(self):
        return self.n

    def get_trace_particles(self):
        return []

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)

    def step(self, N, tracer_particles=None):
        self.t += N
        if self.load > 0.5:
            raise RuntimeError("the fuse has blown")
`

// small is a window that a machine without a graphics card draws in time.
var small = view{900, 700, "dark"}

// simulation is a model as the API lists it.
type simulation struct {
	Key, Phase, Source, Problem string
	People                      int
}

// model returns what is known of a simulation, without looking at it: that would
// have it run.
func (w *webmon) model(key string) simulation {
	w.t.Helper()
	var all []simulation
	w.get("/api/v1/models", &all)
	i := slices.IndexFunc(all, func(m simulation) bool { return m.Key == key })
	if i < 0 {
		w.t.Fatalf("there is no model %s: %+v", key, all)
	}
	return all[i]
}

// control is what a process says that a control is set to.
func (w *webmon) control(src, name string) any {
	w.t.Helper()
	var state struct {
		Controls map[string]struct{ Value any }
	}
	w.get("/api/v1/sources/"+src+"/state", &state)
	c, ok := state.Controls[name]
	if !ok {
		w.t.Fatalf("%s has no control %s", src, name)
	}
	return c.Value
}

// same reports whether a value of a process is the one that a page shows.
func same(value any, shown string) bool {
	x, ok := value.(float64)
	y, err := strconv.ParseFloat(shown, 64)
	return ok && err == nil && math.Abs(x-y) <= 1e-6*math.Abs(x)
}

// here waits until a page tells who looks at the model and which of them its own
// person is.
func (p *page) here(want string) {
	p.t.Helper()
	until(p.t, "the page says "+want, func() string {
		got, err := evaluate[string](p, `document.querySelector("[data-model-people]")?.getAttribute("aria-label") ?? ""`)
		if err != nil || got != want {
			return fmt.Sprint("it says ", got, err)
		}
		return ""
	})
}

// draws waits until a page has pictures of a model, and draws them.
func (p *page) draws() {
	p.t.Helper()
	p.wait("the page draws the model", `(s => s && s.density.rows > 0 && s.state)(document.querySelector("[data-model]")?.model?.stats())`)
}

// canvas is a point of the picture of a model, as parts of its box.
func (p *page) canvas(x, y float64) (float64, float64) {
	p.t.Helper()
	box := ask[[]float64](p, `(r => [r.x, r.y, r.width, r.height])((e => (e.scrollIntoView({block: "center"}), e.getBoundingClientRect()))(document.querySelector("[data-model] [data-viewer-canvas]")))`)
	side := min(box[2], box[3]) // of the square that the field is drawn in
	return box[0] + box[2]/2 + (x-0.5)*side*0.9, box[1] + box[3]/2 - (y-0.5)*side*0.9
}

// press presses a button that may be rendered again at any moment.
func (p *page) press(selector string) {
	p.t.Helper()
	p.wait(selector+" is pressed", fmt.Sprintf(`(button => button && (button.click(), true))(document.querySelector(%q))`, selector))
}

// place is a place in the box of a model.
type place struct{ X, Y float64 }

func (p place) near(q place) bool { return math.Abs(p.X-q.X) < 0.02 && math.Abs(p.Y-q.Y) < 0.02 }

// density is the density of a model at a place.
func (w *webmon) density(src string, p place, n int) float64 {
	w.t.Helper()
	var got struct{ Value float64 }
	w.get(fmt.Sprintf("/api/v1/sources/%s/arrays/density/value?index=%d,%d", src, int(p.X*float64(n))%n, int(p.Y*float64(n))%n), &got)
	return got.Value
}

func TestE2EModels(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	python := naparitest.Python(t, "numpy2")
	home := t.TempDir()
	file := filepath.Join(home, "fuses.py")
	if err := os.WriteFile(file, []byte(fuses), 0o600); err != nil {
		t.Fatal(err)
	}
	b := startBrowser(t)
	const n = 32
	w := startProgram(t, home, "--port", "0", "--grace", "1s", "--Nx", fmt.Sprint(n), "--Ny", fmt.Sprint(n), "--python", python, "--model", file)
	const key = "becvortices"
	address := w.home + "/models/" + key
	one, two := b.open(t, small), b.open(t, small)
	visit := func(p *page, address string) {
		t.Helper()
		p.visit(w.url) // with the token
		p.visit(address)
		p.live()
	}
	var src string

	t.Run("who comes", func(t *testing.T) {
		one.t, two.t, w.t = t, t, t
		visit(one, w.home+"/models")
		if m := w.model(key); m.Phase != "stopped" || m.People != 0 {
			t.Errorf("before anybody came the model is %+v", m)
		}
		one.click(`[data-model-key="` + key + `"] a`)
		one.says(".model-doing", "running")
		one.here("1 person here, you are the blue one")
		one.draws()
		visit(two, address)
		one.here("2 people here, you are the blue one")
		two.here("2 people here, you are the orange one")
		two.draws()
		m := w.model(key)
		if m.People != 2 || m.Phase != "running" {
			t.Errorf("the API says %+v, want two people at a model that runs", m)
		}
		src = m.Source
	})

	t.Run("a slider", func(t *testing.T) {
		one.t, two.t, w.t = t, t, t
		drag := func(p *page, name string, parts ...float64) {
			x, y := p.at(name, p.slider(name)/1000)
			p.mouse(chromedp.MousePressed, x, y)
			for _, part := range parts {
				x, y = p.at(name, part)
				p.mouse(chromedp.MouseMoved, x, y)
			}
		}
		letGo := func(p *page, name string, part float64) string {
			x, y := p.at(name, part)
			p.mouse(chromedp.MouseReleased, x, y)
			return p.exact(name)
		}
		drag(one, "cooling", 0.5, 0.4, 0.3)
		held := one.exact("cooling")
		two.shows("cooling", held) // before it is let go
		// Both at once: each hand keeps what it holds, and the last one wins.
		drag(two, "cooling", 0.6, 0.7, 0.8)
		last := two.exact("cooling")
		if got := one.exact("cooling"); got != held {
			t.Errorf("the hand that holds the slider at %s is jerked to %s", held, got)
		}
		letGo(one, "cooling", 0.3)
		until(t, "the first hand's is taken", func() string {
			if got := w.control(src, "cooling"); !same(got, held) {
				return fmt.Sprintf("it is %v, want %s", got, held)
			}
			return ""
		})
		if got := letGo(two, "cooling", 0.8); got != last {
			t.Errorf("the other hand lets go of %s and not of %s", got, last)
		}
		one.shows("cooling", last)
		two.shows("cooling", last)
		if got := w.control(src, "cooling"); !same(got, last) {
			t.Errorf("the model has %v, want %s as the pages show", got, last)
		}
	})

	var finger place
	t.Run("a finger", func(t *testing.T) {
		one.t, two.t, w.t = t, t, t
		x, y := one.canvas(0.4, 0.5)
		one.mouse(chromedp.MousePressed, x, y)
		for _, part := range []float64{0.45, 0.5, 0.55, 0.6} {
			x, y = one.canvas(part, 0.65)
			one.mouse(chromedp.MouseMoved, x, y)
		}
		finger = ask[place](one, `(h => ({X: h.x, Y: h.y}))(document.querySelector("[data-model]").model.stats().hand)`)
		if finger.X < 0.5 || finger.X > 0.7 || finger.Y < 0.55 || finger.Y > 0.75 {
			t.Fatalf("the hand is at %v", finger)
		}
		until(t, "the other page shows the hand", func() string {
			dots := ask[[]struct {
				place
				Colour int
				Held   bool
			}](two, `document.querySelector("[data-model]").model.stats().dots`)
			for _, dot := range dots {
				if dot.Held && dot.Colour == 0 && dot.near(finger) {
					return ""
				}
			}
			return fmt.Sprintf("it shows %+v, want one at %v", dots, finger)
		})
		two.wait("it says who points", `document.querySelector('[data-model-people] [data-person="0"]').title.includes("pointing")`)
		two.canvas(0.5, 0.5) // into view
		two.shot("models-finger-" + small.String())
		for name, want := range map[string]float64{"finger_x": finger.X, "finger_y": finger.Y} {
			until(t, "the other page's slider is there", func() string {
				if got := two.slider(name); math.Abs(got-want) > 0.02 {
					return fmt.Sprintf("%s shows %g, want %g", name, got, want)
				}
				return ""
			})
		}
		until(t, "the fluid makes way", func() string {
			away := place{1 - finger.X, 1 - finger.Y}
			if there, elsewhere := w.density(src, finger, n), w.density(src, away, n); there > elsewhere/2 {
				return fmt.Sprintf("the density is %g there and %g on the other side", there, elsewhere)
			}
			return ""
		})
		one.mouse(chromedp.MouseReleased, x, y)
		two.wait("nobody points any more", `!document.querySelector("[data-model-people] .people-held")`)
		if got := w.control(src, "finger_x"); math.Abs(got.(float64)-finger.X) > 0.02 {
			t.Errorf("let go at %v the finger is at %v", finger, got)
		}
	})

	t.Run("who comes late, and who leaves", func(t *testing.T) {
		one.t, two.t, w.t = t, t, t
		three := b.open(t, small)
		visit(three, address)
		three.here("3 people here, you are the pink one")
		three.draws()
		three.shows("cooling", one.exact("cooling"))
		one.here("3 people here, you are the blue one")
		three.close()
		one.here("2 people here, you are the blue one")

		// A page that is loaded again is the same person's.
		two.do(chromedp.Reload())
		two.live()
		two.here("2 people here, you are the orange one")
		two.draws()
		two.shows("cooling", one.exact("cooling"))
	})

	t.Run("the last one out, the first one in", func(t *testing.T) {
		one.t, two.t, w.t = t, t, t
		cooling := one.exact("cooling")
		two.close()
		one.here("1 person here, you are the blue one")
		one.visit(w.home + "/models")
		one.live()
		until(t, "the model stops", func() string {
			if m := w.model(key); m.Phase != "stopped" || m.People != 0 {
				return fmt.Sprintf("%+v", m)
			}
			return ""
		})
		one.says(`[data-model-key="`+key+`"]`, "stopped")
		one.visit(address)
		one.live()
		one.says(".model-doing", "running")
		one.draws()
		one.here("1 person here, you are the blue one")
		if got := one.exact("cooling"); got == cooling {
			t.Errorf("the cooling is still %s, want a run that begins again", got)
		}
	})

	t.Run("a model that fails", func(t *testing.T) {
		one.t, w.t = t, t
		one.visit(w.home + "/models/fuse")
		one.live()
		one.draws()
		one.enter(form("load")+" input[type=number]", "0.75")
		one.key("\r")
		one.says("[data-model-problem]", "the fuse has blown")
		one.says("#live-model-head", "failed")
		ask[bool](one, `(scrollTo(0, 0), true)`)
		one.shot("models-failed-" + small.String())
		if m := w.model(key); m.Problem != "" {
			t.Errorf("another model is %+v", m)
		}
		one.press(".model-failure button[type=submit]")
		one.says(".model-doing", "running")
		one.wait("the failure is gone", `!document.querySelector("[data-model-problem]")`)
		one.wait("it begins as it did before", fmt.Sprintf(`document.querySelector('%s input[type=number]')?.value === "0.25"`, form("load")))
	})
	one.t = t
	one.calm()
}
