//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"webmon/shm/process/naparitest"
)

// plugin is a napari of today with the package, and what the test asks it.
type plugin struct {
	*naparitest.Process
	ids map[string]string // of the layers, by name
}

func startPlugin(t *testing.T, home string, args ...string) *plugin {
	t.Helper()
	n := naparitest.Start(t, naparitest.Options{Version: naparitest.Latest, Package: true, Home: home, Args: args})
	p := &plugin{Process: n}
	var layers struct{ IDs map[string]string }
	n.MustDo("layers", map[string]any{}, &layers)
	p.ids = layers.IDs
	return p
}

// get returns an attribute of napari's own, as text.
func (n *plugin) get(of, name string) string {
	if of, layer, ok := strings.Cut(of, ":"); ok {
		return n.answer("get", map[string]any{"of": of, "layer": layer, "name": name}, "value")
	}
	return n.answer("get", map[string]any{"of": of, "name": name}, "value")
}

// set changes an attribute of napari's own.
func (n *plugin) set(of, name string, value any) {
	args := map[string]any{"of": of, "name": name, "value": value}
	if of, layer, ok := strings.Cut(of, ":"); ok {
		args["of"], args["layer"] = of, layer
	}
	n.MustDo("set", args, nil)
}

// answer is one value of what a command of the driver answers, as JSON without
// quotes.
func (n *plugin) answer(command string, args map[string]any, key string) string {
	var all map[string]json.RawMessage
	n.MustDo(command, args, &all)
	return strings.Trim(string(all[key]), `"`)
}

// has waits until an attribute of napari's own is the text.
func (n *plugin) has(t *testing.T, of, name, want string) {
	t.Helper()
	until(t, fmt.Sprintf("napari's %s of the %s is %s", name, of, want), func() string {
		if got := n.get(of, name); got != want && !near(got, want) {
			return "it is " + got
		}
		return ""
	})
}

// near reports whether two texts are the same number or the same list of
// numbers, but for rounding.
func near(a, b string) bool {
	split := func(s string) []string { return strings.Split(strings.Trim(s, "[]"), ",") }
	return slices.EqualFunc(split(a), split(b), func(a, b string) bool {
		x, errx := strconv.ParseFloat(strings.TrimSpace(a), 64)
		y, erry := strconv.ParseFloat(strings.TrimSpace(b), 64)
		return errx == nil && erry == nil && math.Abs(x-y) <= 1e-3*max(1, math.Abs(x))
	})
}

// give gives a control a value as people do: into the field and Enter, out of
// the list, or by the button.
func (p *page) give(control, value string) {
	p.t.Helper()
	form := fmt.Sprintf("form[data-control=%q]", control)
	p.wait("the control "+control, fmt.Sprintf("document.querySelector(%q)", form))
	kind := ask[string](p, fmt.Sprintf(`(() => {
		const f = document.querySelector(%q);
		if (f.querySelector("select")) return "list";
		if (f.querySelector(".segmented")) return "segmented";
		return f.querySelector("input[type=number], input[type=text]") ? "field" : "switch";
	})()`, form))
	switch kind {
	case "list":
		ask[any](p, fmt.Sprintf(`(() => {
			const s = document.querySelector(%q);
			s.value = %q;
			s.dispatchEvent(new Event("input", {bubbles: true}));
			s.dispatchEvent(new Event("change", {bubbles: true}));
		})()`, form+" select", value))
	case "segmented":
		p.click(fmt.Sprintf("%s button[value=%q]", form, value))
	case "field":
		field := form + " :is(input[type=number], input[type=text])"
		p.do(chromedp.Focus(chromedp.CSS(field)))
		ask[any](p, fmt.Sprintf("void document.querySelector(%q).select()", field))
		p.key(value + "\r")
	default:
		p.click(form + " button[type=submit]")
	}
}

// holds waits until a control of the page has the value.
func (p *page) holds(control, want string) {
	p.t.Helper()
	until(p.t, "the control "+control+" shows "+want, func() string {
		got, err := evaluate[string](p, fmt.Sprintf(`(() => {
			const f = document.querySelector('form[data-control=%q]');
			const field = f?.querySelector("select, input[type=number], input[type=text]");
			if (field) return field.value;
			const pressed = f?.querySelector(".segmented [aria-pressed=true]");
			if (pressed) return pressed.value;
			const button = f?.querySelector("button[type=submit]");
			return button?.getAttribute("aria-checked") ?? button?.getAttribute("aria-pressed") ?? "nothing";
		})()`, control))
		switch {
		case err != nil:
			return err.Error()
		case got != want && !near(got, want):
			return "it shows " + got
		}
		return ""
	})
}

// TestE2EPlugin: the napari of today with the package in it shows everything,
// and is changed from the browser.
func TestE2EPlugin(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	found := w.source("napari", "attached", connected)
	if found.Kind != "napari" {
		t.Errorf("the source is %+v, want one of kind napari", found)
	}
	p := b.open(t, wide)
	p.visit(w.home + "/viewer?source=napari&view=tiles&token=" + w.token)
	p.live()
	image := n.ids["image"]
	levelOf := func() string { return n.get("layer:image", "data_level") }

	t.Run("tiles, picture and levels follow napari", func(t *testing.T) {
		p.t = t
		for _, zoom := range []float64{0.15, 0.6, 3} {
			n.Zoom(zoom)
			n.Center(2000, 1500)
			p.wait("pictures are drawn", `Number(document.querySelector("[data-viewer]").dataset.frames) > 0`)
			until(t, "the page has napari's level", func() string {
				level, _, _ := strings.Cut(p.value("level"), " ")
				if want := levelOf(); level != want {
					return fmt.Sprintf("it shows %q, napari draws %s", level, want)
				}
				return ""
			})
		}
		n.Zoom(0.3)
		p.wait("the picture lies under the tiles", `document.querySelector("[data-viewer]").dataset.pictures > 0`)
		p.shot("plugin-viewer")
		p.look(narrowLight)
		p.shot("plugin-viewer-narrow")
		p.look(wide)
		// The pixels are napari's: the value of one of level 0, by its place.
		var pixel struct{ Value float64 }
		n.Zoom(4)
		n.Center(1000, 1200)
		until(t, "the shared picture has the pixel that napari has", func() string {
			var arrays map[string]struct{ Shape []int }
			w.get("/api/v1/sources/napari/arrays", &arrays)
			if _, ok := arrays["layer."+image]; !ok {
				return fmt.Sprintf("there is no layer.%s in %v", image, arrays)
			}
			if _, err := w.try("GET", "/api/v1/sources/napari/arrays/layer."+image+"/value?index=0,0", "", &pixel); err != nil {
				return err.Error()
			}
			var slice struct {
				Level  int
				Corner [][]int `json:"corner_pixels"`
			}
			n.MustDo("slice", map[string]any{"layer": "image"}, &slice)
			var want struct{ Value float64 }
			scale := 1 << slice.Level
			n.MustDo("pixel", map[string]any{"row": slice.Corner[0][0] * scale, "column": slice.Corner[0][1] * scale}, &want)
			if pixel.Value != want.Value {
				return fmt.Sprintf("it is %v, napari has %v", pixel.Value, want.Value)
			}
			return ""
		})
	})

	t.Run("frame times and loads", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/loader?source=napari")
		p.live()
		n.MustDo("pan", map[string]any{"by": []float64{10, 10}, "steps": 30, "interval_ms": 16}, nil)
		draws(t, p, "frame_time")
		draws(t, p, "load_time")
		p.shot("plugin-loader")
	})

	t.Run("every control of a layer", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/layers?source=napari&layer=" + image)
		p.live()
		control := func(name string) string { return "layer." + image + "." + name }
		for _, change := range []struct{ control, value, attribute, want string }{
			{"opacity", "0.5", "opacity", "0.5"},
			{"blending", "additive", "blending", "additive"},
			{"gamma", "0.7", "gamma", "0.7"},
			{"colormap", "magma", "colormap", "magma"},
			{"contrast_low", "100", "contrast_limits", "[100, 4000]"},
			{"contrast_high", "3000", "contrast_limits", "[100, 3000]"},
			{"level", "2", "locked_data_level", "2"},
			{"level", "auto", "locked_data_level", "null"},
			{"visible", "", "visible", "false"},
			{"visible", "", "visible", "true"},
		} {
			p.give(control(change.control), change.value)
			n.has(t, "layer:image", change.attribute, change.want)
			if change.value != "" {
				p.holds(control(change.control), change.value)
			}
		}
		p.shot("plugin-layers")
		p.look(narrowLight)
		p.shot("plugin-layers-narrow")
		p.look(wide)

		// Changed in napari, seen in the browser.
		n.set("layer:image", "opacity", 0.25)
		p.holds(control("opacity"), "0.25")
		n.set("layer:image", "gamma", 1.5)
		p.holds(control("gamma"), "1.5")
		n.set("layer:image", "colormap", "gray")
		p.holds(control("colormap"), "gray")

		// Order and name.
		var order struct{ Names []string }
		n.MustDo("layers", map[string]any{}, &order)
		before := slices.Index(order.Names, "image")
		p.post(w, control("index"), strconv.Itoa(before+1))
		until(t, "the layer is one higher", func() string {
			n.MustDo("layers", map[string]any{}, &order)
			if at := slices.Index(order.Names, "image"); at != before+1 {
				return fmt.Sprint(order.Names)
			}
			return ""
		})
		for _, name := range []string{"renamed", "image"} {
			p.give(control("name"), name)
			until(t, "napari calls the layer "+name, func() string {
				n.MustDo("layers", map[string]any{}, &order)
				if !slices.Contains(order.Names, name) {
					return fmt.Sprint(order.Names)
				}
				return ""
			})
			p.says(".layer-row.layer-open", name)
		}

		// What is refused changes nothing and says why.
		p.give(control("opacity"), "7")
		p.wait("the reason is on the page", `document.querySelector('form[data-control="`+control("opacity")+`"] .control-error')?.innerText.includes("at most 1")`)
		n.has(t, "layer:image", "opacity", "0.25")
	})

	t.Run("camera, sliders and canvas", func(t *testing.T) {
		p.t = t
		p.give("camera.zoom", "0.5")
		n.has(t, "camera", "zoom", "0.5")
		n.Zoom(0.25)
		p.holds("camera.zoom", "0.25")
		p.give("dims.0", "3")
		until(t, "napari's slider is at 3", func() string {
			if step := n.get("dims", "current_step"); !strings.HasPrefix(step, "[3,") {
				return "it is at " + step
			}
			return ""
		})
		n.MustDo("step", map[string]any{"axis": 0, "step": 1}, nil)
		p.holds("dims.0", "1")
		p.give("dims.0.play", "")
		until(t, "napari plays", func() string { return differs(n.answer("playing", map[string]any{}, "axis"), "0") })
		p.holds("dims.0.play", "true")
		p.give("dims.0.play", "")
		until(t, "napari has stopped", func() string { return differs(n.answer("playing", map[string]any{}, "axis"), "null") })
		p.give("dims.ndisplay", "3D")
		n.has(t, "dims", "ndisplay", "3")
		p.give("camera.angle.0", "30")
		until(t, "napari's camera is turned", func() string {
			if angles := n.get("camera", "angles"); !strings.Contains(angles, "30") && !strings.Contains(angles, "29.9") {
				return angles
			}
			return ""
		})
		p.give("dims.ndisplay", "2D")
		n.has(t, "dims", "ndisplay", "2")
		p.give("show_grid", "")
		until(t, "napari draws the grid", func() string {
			if lines := n.answer("grid", map[string]any{}, "lines"); lines == "0" {
				return "it draws none"
			}
			return ""
		})
		p.give("show_grid", "")
		until(t, "napari draws no grid", func() string { return differs(n.answer("grid", map[string]any{}, "lines"), "0") })
		p.post(w, "reset_view", "")
		until(t, "napari shows everything", func() string {
			if n.get("camera", "zoom") == "0.25" {
				return "the camera has not moved"
			}
			return ""
		})
		p.click("form[action*='/commands/screenshot'] button[type=submit]")
		p.wait("the screenshot is on the page", `[...document.querySelectorAll("img[src*='arrays/screenshot.png']")].some(i => i.complete && i.naturalWidth > 100)`)
		picture, err := w.text("/api/v1/sources/napari/arrays/screenshot.png")
		if err != nil {
			t.Fatal(err)
		}
		shown, err := png.Decode(strings.NewReader(picture))
		if err != nil || shown.Bounds().Dx() < 100 {
			t.Errorf("the screenshot is no picture: %v", err)
		}
		p.shot("plugin-screenshot")
	})

	t.Run("killed, and started again", func(t *testing.T) {
		p.t = t
		n.Kill()
		w.source("napari", "gone", gone)
		until(t, "no segment of its is left", func() string {
			left, _ := filepath.Glob(fmt.Sprintf("/dev/shm/webmon-%d-*", n.PID))
			if len(left) > 0 {
				return fmt.Sprint(left)
			}
			return ""
		})
		p.says("#live-header", "gone")
		p.shot("plugin-gone")
		again := startPlugin(t, home)
		second := w.source("napari", "attached again", connected)
		if second.Instance == found.Instance {
			t.Error("the napari that started again has the instance of the last")
		}
		other := startPlugin(t, home, "--name", "second")
		w.source("second", "attached", connected)
		if again.PID == other.PID {
			t.Error("two naparis have one number")
		}
		p.visit(w.home + "/layers?source=second")
		p.live()
		p.says("#tab", "labels")
	})
	p.t = t
	p.calm("status of 422") // what was refused
	p.stayedHome(w.hosts()...)
}

// post sends a command as a script would; for what the page has small buttons
// for. An empty value is a command without arguments.
func (p *page) post(w *webmon, name, value string) {
	p.t.Helper()
	body := "{}"
	if value != "" {
		body = fmt.Sprintf(`{%q: %s}`, name, value)
	}
	var sent struct{ ID, Error string }
	if status, err := w.try("POST", "/sources/napari/commands/"+name, body, &sent); err != nil || status != 202 {
		p.t.Fatalf("POST %s: status %d, %s, %v", name, status, sent.Error, err)
	}
	until(p.t, name+" is applied", func() string {
		var life struct{ Status, Reason string }
		w.get("/api/v1/commands/"+sent.ID, &life)
		return differs(life.Status, "applied")
	})
}

func differs(got, want string) string {
	if got == want {
		return ""
	}
	return "it is " + got
}
