//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// sevenLayers puts one layer of each kind into napari, and nothing else.
const sevenLayers = `
r = np.random.default_rng(0)
viewer.layers.clear()
viewer.add_image(r.random((4, 64, 64)), name="image")
viewer.add_labels(r.integers(0, 5, (4, 64, 64)), name="labels")
viewer.add_points(r.random((5, 3)) * [3, 60, 60], name="points", size=6)
viewer.add_shapes([np.array([[0, 1, 1], [0, 1, 30], [0, 30, 30], [0, 30, 1]])], name="shapes")
viewer.add_vectors(r.random((5, 2, 3)) * 20, name="vectors", features={"speed": np.arange(5.0), "angle": np.arange(5.0)})
viewer.add_tracks(np.array([[k, t, 10 * t, 10 * t + k] for k in range(2) for t in range(4)], float), name="tracks", features={"speed": np.arange(8.0)})
viewer.add_surface((r.random((5, 3)) * 60, np.array([[0, 1, 2], [2, 3, 4]]), np.arange(5.0)), name="surface")
viewer.layers.selection = {viewer.layers["image"]}
`

// setting is what the state "controls" says of one.
type setting struct {
	Type, Section string
	Value         any
	Min, Max      *float64
	Choices       []string
}

// other is another value that the control takes.
func (s setting) other() any {
	switch s.Type {
	case "bool":
		return s.Value != true
	case "color":
		if s.Value == "#12345678" {
			return "#123456"
		}
		return "#12345678"
	case "choice":
		for _, c := range s.Choices {
			if c != s.Value && c != "custom" && c != "oblique" && c != "direct" {
				return c
			}
		}
		return s.Value
	case "text":
		return "1 2 1; 2 4 2; 1 2 1"
	}
	low, high := 1.0, 9.0
	if s.Min != nil {
		low = *s.Min
	}
	if s.Max != nil {
		high = *s.Max
	}
	half := (low + high) / 2
	if s.Type == "int" {
		half = float64(int(half))
	}
	if half == s.Value {
		return high
	}
	return half
}

func (n *plugin) run(code string) string {
	return n.answer("run", map[string]any{"code": code}, "out")
}

// TestE2ELayerSettings: every setting of every kind of layer is changed from outside, and napari has it; what
// the page shows of layers, what it does with them, and views.
func TestE2ELayerSettings(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	w.source("napari", "attached", connected)
	n.run(sevenLayers)
	var layers struct{ IDs map[string]string }
	n.MustDo("layers", map[string]any{}, &layers)
	controls := func() (all map[string]setting) {
		var state struct{ Controls map[string]setting }
		w.get("/api/v1/sources/napari/state", &state)
		return state.Controls
	}
	set := func(name string, value any) {
		t.Helper()
		body, err := json.Marshal(map[string]any{name: value})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := w.try("POST", "/sources/napari/commands/"+url.PathEscape(name), string(body), nil); err != nil || status != 202 {
			t.Errorf("%s = %v: status %d, %v", name, value, status, err)
		}
	}
	until(t, "the controls of all layers", func() string {
		all := controls()
		for name, id := range layers.IDs {
			if _, ok := all["layer."+id+".mode"]; !ok {
				return "none of the layer " + name
			}
		}
		return ""
	})

	t.Run("every setting over the API", func(t *testing.T) {
		count := 0
		for _, kind := range []string{"image", "labels", "points", "shapes", "vectors", "tracks", "surface"} {
			prefix := "layer." + layers.IDs[kind] + "."
			// What brings further settings comes first.
			for _, first := range []struct {
				name  string
				value any
			}{{"interpolation2d", "custom"}, {"rendering", "iso"}, {"depiction", "plane"}, {"bounding_box.visible", true},
				{"wireframe.visible", true}, {"normals.face.visible", true}, {"normals.vertex.visible", true}} {
				if c, ok := controls()[prefix+first.name]; ok && (c.Type != "choice" || strings.Contains(strings.Join(c.Choices, " "), fmt.Sprint(first.value))) && kind != "labels" {
					set(prefix+first.name, first.value)
				}
			}
			for name, c := range controls() {
				short, ok := strings.CutPrefix(name, prefix)
				if !ok || c.Section == "" || short == "color_mode" || short == "edge_color_mode" || short == "edge_color_feature" || short == "interpolation2d" || short == "rendering" ||
					short == "depiction" || strings.HasSuffix(short, ".visible") {
					continue
				}
				value := c.other()
				set(name, value)
				count++
				until(t, fmt.Sprintf("napari's %s of the %s is %v", short, kind, value), func() string {
					got := n.run(fmt.Sprintf(`
from webmon._napari import settings
layer = viewer.layers[%q]
out = {s.name: s.get(layer) for s in settings.of(layer)}[%q]`, kind, short))
					if want := fmt.Sprint(value); got != want && !near(got, want) {
						return "it is " + got
					}
					return ""
				})
			}
		}
		if count < 50 {
			t.Errorf("only %d settings were changed", count)
		}
	})

	p := b.open(t, wide)
	open := func(kind string) {
		p.visit(w.home + "/layers?source=napari&layer=" + layers.IDs[kind] + "&token=" + w.token)
		p.live()
		p.wait("the layer is open", fmt.Sprintf(`document.getElementById("layer-open-title")?.textContent === %q`, kind))
		ask[any](p, `void document.querySelectorAll("details.control-section").forEach(d => { d.open = true })`)
	}
	for _, of := range []struct{ kind, name, value, get, want string }{
		{"image", "projection_mode", "max", `str(getattr(layer.projection_mode, "value", layer.projection_mode))`, "max"},
		{"image", "bounding_box.line_thickness", "4", `layer.bounding_box.line_thickness`, "4.0"},
		{"labels", "contour", "3", `layer.contour`, "3"},
		{"labels", "preserve_labels", "", `layer.preserve_labels`, "false"},
		{"points", "current_face_color", "#00ff0080", `layer.current_face_color`, "#00ff0080"},
		{"points", "current_size", "25", `float(layer.current_size)`, "25"},
		{"points", "mode", "add", `layer.mode`, "add"},
		{"shapes", "current_edge_width", "7", `layer.current_edge_width`, "7"},
		{"vectors", "vector_style", "arrow", `str(getattr(layer.vector_style, "value", layer.vector_style))`, "arrow"},
		{"tracks", "tail_length", "120", `layer.tail_length`, "120"},
		{"surface", "shading", "smooth", `str(getattr(layer.shading, "value", layer.shading))`, "smooth"},
	} {
		t.Run("the page sets "+of.name+" of "+of.kind, func(t *testing.T) {
			p.t = t
			open(of.kind)
			control := "layer." + layers.IDs[of.kind] + "." + of.name
			p.give(control, of.value)
			until(t, "napari has it", func() string {
				if got := n.run(fmt.Sprintf("layer = viewer.layers[%q]\nout = %s", of.kind, of.get)); got != of.want && !near(got, of.want) {
					return "it has " + got
				}
				return ""
			})
			for _, v := range []view{narrowLight, wide} {
				p.look(v)
				p.shot("layers-" + of.kind + "-" + v.String())
			}
		})
	}

	t.Run("the browser's own field for colours", func(t *testing.T) {
		p.t = t
		open("shapes")
		control := "layer." + layers.IDs["shapes"] + ".current_face_color"
		n.run(`viewer.layers["shapes"].current_face_color = "#ff000080"`)
		p.holds(control, "#ff000080")
		ask[any](p, fmt.Sprintf(`(() => {
			const f = document.querySelector('form[data-control=%q] input[type=color]');
			for (const [value, name] of [["#00aa00", "input"], ["#00ff00", "input"], ["#00ff00", "change"]]) {
				f.value = value;
				f.dispatchEvent(new Event(name, {bubbles: true}));
			}
		})()`, control))
		// It knows no opacity, which stays.
		until(t, "napari has the colour", func() string {
			if got := n.run(`out = viewer.layers["shapes"].current_face_color`); got != "#00ff0080" {
				return "it has " + got
			}
			return ""
		})
		p.holds(control, "#00ff0080")
	})

	t.Run("sections stay open, and thumbnails are napari's", func(t *testing.T) {
		p.t = t
		open("image")
		row := fmt.Sprintf(`document.querySelector('[data-layer="%s"] .layer-thumb')`, layers.IDs["image"])
		p.wait("a thumbnail", row+`?.naturalWidth === 32`)
		before := ask[string](p, row+".src")
		n.run(`viewer.layers["image"].colormap = "magma"`)
		p.wait("another thumbnail", fmt.Sprintf("%s?.src !== %q", row, before))
		n.run(`viewer.add_points(np.zeros((1, 3)), name="late")`)
		p.wait("another layer", `[...document.querySelectorAll(".layer-name")].some(a => a.textContent.includes("late"))`)
		p.wait("the sections are open", `document.querySelectorAll("details.control-section[open]").length > 1`)
	})

	t.Run("layers are linked, copied and removed", func(t *testing.T) {
		p.t = t
		n.run(`viewer.layers.selection = {viewer.layers["image"]}`)
		open("image")
		p.click(fmt.Sprintf(`form[data-control="layer.%s.selected"] button`, layers.IDs["labels"]))
		until(t, "two are selected", func() string { return isNot(n.run(`out = len(viewer.layers.selection)`), "2") })
		p.click("#action-link_layers button[type=submit]")
		p.wait("the link is shown", fmt.Sprintf(`document.querySelector('[data-layer="%s"] .layer-linked')?.title === "Linked with labels"`, layers.IDs["image"]))
		n.run(`viewer.layers["image"].opacity = 0.25`)
		until(t, "the other follows", func() string { return isNot(n.run(`out = viewer.layers["labels"].opacity`), "0.25") })
		p.shot("layers-linked")
		p.click("#action-unlink_layers button[type=submit]")
		p.wait("no link", `!document.querySelector(".layer-linked")`)
		p.click("#action-duplicate_layer button[type=submit]")
		until(t, "a copy", func() string { return isNot(n.run(`out = "image copy" in viewer.layers`), "true") })
		id := n.run(`
from webmon._napari.layers import id_of
out = id_of(viewer.layers["image copy"])`)
		p.visit(w.home + "/layers?source=napari&layer=" + id)
		p.live()
		p.wait("it is open", `document.getElementById("layer-open-title")?.textContent === "image copy"`)
		p.click(fmt.Sprintf(`[data-dialog="remove-%s"]`, id))
		p.wait("a question", fmt.Sprintf(`document.getElementById("remove-%s").open`, id))
		p.shot("layers-remove")
		p.click(fmt.Sprintf(`#remove-%s button.btn-danger`, id))
		until(t, "it is removed", func() string { return isNot(n.run(`out = "image copy" in viewer.layers`), "false") })
		var changes []struct{ Name, To string }
		w.get("/api/v1/changes", &changes)
		found := false
		for _, c := range changes {
			found = found || c.Name == "remove_layer"
		}
		if !found {
			t.Errorf("the record does not say who removed the layer: %v", changes)
		}
		if got := n.run(`out = "open_path" in viewer.window._qt_viewer.__dict__`); got != "false" {
			t.Error(got)
		}
	})

	t.Run("views", func(t *testing.T) {
		p.t = t
		n.run(`viewer.dims.ndisplay = 2; viewer.layers["points"].visible = False; viewer.layers["image"].colormap = "viridis"`)
		n.Zoom(5)
		n.Center(20, 30)
		open("image")
		p.do(chromedp.Focus(chromedp.CSS("#view-name")))
		p.key("the <nucleus>\r")
		p.says("#live-layer-views", "the <nucleus>")
		n.run(`viewer.dims.ndisplay = 3; viewer.layers["points"].visible = True; viewer.layers["image"].colormap = "gray"`)
		n.Zoom(1)
		var list []struct{ Name, About string }
		w.get("/api/v1/sources/napari/views", &list)
		if len(list) != 1 || list[0].Name != "the <nucleus>" || !strings.HasPrefix(list[0].About, "2-D, ") {
			t.Errorf("the views are %v", list)
		}
		// The address alone moves nothing.
		p.visit(w.home + "/layers?source=napari&view=" + url.QueryEscape("the <nucleus>"))
		p.live()
		p.says(".view-asked", "Go to this view")
		p.shot("layers-view-asked")
		if got := n.run(`out = viewer.dims.ndisplay`); got != "3" {
			t.Errorf("napari shows %s axes after the address was opened", got)
		}
		p.click(".view-asked button")
		for get, want := range map[string]string{
			`viewer.dims.ndisplay`: "2", `viewer.layers["points"].visible`: "false", `viewer.layers["image"].colormap.name`: "viridis",
			`[round(float(x)) for x in viewer.scene.camera.center][-2:]`: "[20, 30]", `round(float(viewer.scene.camera.zoom), 3)`: "5",
		} {
			until(t, get+" is restored", func() string { return isNot(n.run("out = "+get), want) })
		}
		p.says("#live-layer-views", "is shown")
		p.shot("layers-view-gone-to")
		// What is not there any more is told, and the rest is restored.
		n.run(`viewer.layers.remove("vectors")`)
		var went struct {
			Done     bool
			Problems []string
		}
		if status, err := w.try("POST", "/sources/napari/views/go", `{"name": "the <nucleus>"}`, &went); err != nil || status != 200 || !went.Done ||
			len(went.Problems) != 1 || !strings.Contains(went.Problems[0], "no layer 'vectors'") {
			t.Errorf("status %d, %v, %+v", status, err, went)
		}
		if status, err := w.try("POST", "/sources/napari/views/delete", `{"name": "the <nucleus>"}`, nil); err != nil || status != 200 {
			t.Error(status, err)
		}
		if status, _ := w.try("POST", "/sources/napari/views/go", `{"name": "the <nucleus>"}`, nil); status != 404 {
			t.Errorf("a view that was deleted: status %d", status)
		}
	})
	p.calm()
}

// isNot says how a text is not the one that is wanted, "" if it is.
func isNot(got, want string) string {
	if got == want || near(got, want) {
		return ""
	}
	return fmt.Sprintf("it is %q", got)
}
