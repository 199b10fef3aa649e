//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// canvasPage is a page that looks at napari's canvas over a socket of its own, as the Viewer does, and
// moves it by the messages that the Viewer sends.
type canvasPage struct {
	*page
	name string // that it has given itself
	n    int    // of its last message
}

// canvasSocket opens the socket and keeps what comes: the head of the last picture, and who draws.
const canvasSocket = `new Promise((done, failed) => {
	const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
	socket.binaryType = "arraybuffer";
	let taken = 0;
	const of = window.canvasOf = {socket, pictures: 0, head: null, people: null, topic: %q, pixels: null};
	const who = "e2e-" + %q;
	of.watch = (...feeds) => socket.send(JSON.stringify({type: "watch", topics: feeds.map(f => "napari/" + f), who}));
	socket.onopen = () => { of.watch("people", "canvas-people", of.topic); done(true); };
	socket.onerror = failed;
	socket.onmessage = ({data}) => {
		taken++;
		if (typeof data === "string") {
			if (data.startsWith("{") && JSON.parse(data).topic === "napari/canvas-people") of.people = JSON.parse(data);
		} else {
			const length = new DataView(data).getUint32(4, true);
			of.head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 8, length)));
			of.pixels = new Uint8Array(data, 8 + length);
			of.pictures++;
		}
		socket.send(JSON.stringify({type: "ack", n: taken}));
	};
})`

// watchCanvas opens the socket of a page that has been let in.
func watchCanvas(p *page, name, size string) *canvasPage {
	p.t.Helper()
	p.visit(ask[string](p, `location.origin`) + "/status") // which shows no canvas
	p.live()
	ask[bool](p, fmt.Sprintf(canvasSocket, "canvas/"+size, name))
	return &canvasPage{page: p, name: name}
}

// hand sends events of hands, and returns the number of the message.
func (c *canvasPage) hand(events string) int {
	c.t.Helper()
	c.n++
	ask[bool](c.page, fmt.Sprintf(`(canvasOf.socket.send(JSON.stringify({type: "canvas-hand", source: "napari", page: %q, n: %d, events: [%s]})), true)`, c.name, c.n, events))
	return c.n
}

// draw says that the page wants to draw, or does not any more.
func (c *canvasPage) draw(on bool) {
	c.t.Helper()
	ask[bool](c.page, fmt.Sprintf(`(canvasOf.socket.send(JSON.stringify({type: "canvas-draw", source: "napari", page: %q, on: %v})), true)`, c.name, on))
}

// shown waits for a picture that shows everything that the page has sent.
func (c *canvasPage) shown() {
	c.t.Helper()
	c.wait("a picture shows what hands have done", fmt.Sprintf(`canvasOf.head?.hands[%q] === %d`, c.name, c.n))
}

// drawn waits until a page of the name draws, "" for nobody.
func (c *canvasPage) drawn(who string) {
	c.t.Helper()
	c.wait("who draws is "+who, fmt.Sprintf(`(canvasOf.people?.draw?.page ?? "") === %q`, who))
}

// numbers are those of an attribute of napari's that is a list.
func (n *plugin) numbers(t *testing.T, of, name string) (list []float64) {
	t.Helper()
	if err := json.Unmarshal([]byte(n.get(of, name)), &list); err != nil {
		t.Fatalf("%s of the %s: %v", name, of, err)
	}
	return list
}

func (n *plugin) number(t *testing.T, of, name string) (x float64) {
	t.Helper()
	if err := json.Unmarshal([]byte(n.get(of, name)), &x); err != nil {
		t.Fatalf("%s of the %s: %v", name, of, err)
	}
	return x
}

// layer is the id that webmon gives a layer of the name.
func (n *plugin) layer(name string) string {
	var layers struct{ IDs map[string]string }
	n.MustDo("layers", map[string]any{}, &layers)
	return layers.IDs[name]
}

// canvasSize is how large napari's canvas is, rows and columns, in its own pixels.
func canvasSize(t *testing.T, w *webmon) (rows, cols float64) {
	t.Helper()
	until(t, "napari tells the size of its canvas", func() string {
		var state struct {
			Canvas struct {
				Size []float64
				Why  *string
			}
		}
		w.get("/api/v1/sources/napari/state", &state)
		if len(state.Canvas.Size) != 2 {
			return fmt.Sprintf("it tells %+v", state.Canvas)
		}
		rows, cols = state.Canvas.Size[0], state.Canvas.Size[1]
		return ""
	})
	return rows, cols
}

// TestE2ECanvasHands: the real napari is moved and drawn in from two windows, and a third one that
// may only look changes nothing.
func TestE2ECanvasHands(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	w.source("napari", "attached", connected)
	b := startBrowser(t)
	owner := b.open(t, wide)
	owner.visit(w.url)
	owner.live()
	looks := owner.invite(w.home, "the wall", "look")

	ada := watchCanvas(owner, "0000ada0", "1024x768")
	second := b.open(t, wide)
	second.visit(w.url)
	second.live()
	bob := watchCanvas(second, "00000b0b", "256x192")
	third := b.open(t, wide)
	third.visit(looks)
	third.live()
	eve := watchCanvas(third, "000000e0", "1024x768")

	rows, cols := canvasSize(t, w)
	center := func() []float64 { return n.numbers(t, "camera", "center") }
	zoom := func() float64 { return n.number(t, "camera", "zoom") }
	far := func(a, b float64) bool { return math.Abs(a-b) > 1e-6*max(1, math.Abs(a)) }

	t.Run("pictures have the size that each page asks for", func(t *testing.T) {
		ada.t, bob.t, eve.t = t, t, t
		for _, c := range []*canvasPage{ada, bob, eve} {
			c.wait("a picture has come", `canvasOf.pictures > 0`)
		}
		until(t, "pictures are as large as asked for", func() string {
			size := func(c *canvasPage) (s struct{ Rows, Cols, Samples, Step int }) {
				return ask[struct{ Rows, Cols, Samples, Step int }](c.page, `(({rows, cols, samples, step}) => ({rows, cols, samples, step}))(canvasOf.head)`)
			}
			a, b := size(ada), size(bob)
			if a.Samples != 4 || a.Rows > 768 || a.Cols > 1024 || a.Step != 1 || b.Cols > 384 || b.Rows > 288 || b.Step < 2 {
				return fmt.Sprintf("they are %+v and %+v of a canvas of %v x %v", a, b, rows, cols)
			}
			return ""
		})
	})

	t.Run("a drag pans", func(t *testing.T) {
		ada.t = t
		n.Zoom(0.5)
		n.Center(2000, 1500)
		before := center()
		for range 10 { // joined on their way, none lost
			ada.hand(`{do: "pan", dx: 0.01, dy: -0.02}`)
		}
		ada.shown()
		after := center()
		i := len(after) - 2
		if wantY, wantX := before[i]+0.2*rows/0.5, before[i+1]-0.1*cols/0.5; far(after[i], wantY) || far(after[i+1], wantX) {
			t.Errorf("the camera went from %v to %v, want %v, %v", before, after, wantY, wantX)
		}
	})

	t.Run("the wheel zooms at the pointer", func(t *testing.T) {
		ada.t, bob.t = t, t
		before, was := center(), zoom()
		ada.hand(`{do: "zoom", x: 0.25, y: 0.75, by: 1.5}, {do: "zoom", x: 0.25, y: 0.75, by: 2}`)
		ada.shown()
		after := center()
		i := len(after) - 2
		if got := zoom(); far(got, 3*was) {
			t.Errorf("the zoom is %v, want 3 times %v", got, was)
		}
		// The place under the pointer has stayed.
		place := func(c []float64, zoom float64) (y, x float64) {
			return c[i] + (0.75-0.5)*rows/zoom, c[i+1] + (0.25-0.5)*cols/zoom
		}
		y0, x0 := place(before, was)
		y1, x1 := place(after, 3*was)
		if math.Hypot(y1-y0, x1-x0)*was > 1 { // of a pixel of the screen
			t.Errorf("the pointer was at %v, %v and is at %v, %v", y0, x0, y1, x1)
		}
		// Another page moves as well, and each knows its own movements.
		bob.hand(`{do: "zoom", x: 0.5, y: 0.5, by: 0.5}`)
		bob.shown()
		if got := zoom(); far(got, 1.5*was) {
			t.Errorf("the zoom is %v, want 1.5 times %v", got, was)
		}
		ada.wait("the picture tells of both pages", `Object.keys(canvasOf.head.hands).length === 2`)
	})

	t.Run("home shows all", func(t *testing.T) {
		ada.t = t
		n.Zoom(20)
		ada.hand(`{do: "reset"}`)
		ada.shown()
		if got := zoom(); got > 1 {
			t.Errorf("the zoom is %v, and all should be seen", got)
		}
	})

	t.Run("in 3-D a drag turns", func(t *testing.T) {
		ada.t = t
		n.set("dims", "ndisplay", 3)
		before := n.numbers(t, "camera", "angles")
		ada.hand(`{do: "rotate", dx: 0.25, dy: 0}`)
		ada.shown()
		after := n.numbers(t, "camera", "angles")
		if len(after) != 3 || fmt.Sprint(after) == fmt.Sprint(before) {
			t.Errorf("the camera's angles were %v and are %v", before, after)
		}
		n.set("dims", "ndisplay", 2)
		ada.hand(`{do: "reset"}`)
		ada.shown()
	})

	t.Run("who may only look moves nothing", func(t *testing.T) {
		eve.t, ada.t = t, t
		before, was := center(), zoom()
		eve.hand(`{do: "pan", dx: 0.5, dy: 0.5}, {do: "zoom", x: 0, y: 0, by: 3}`)
		eve.draw(true)
		eve.hand(`{do: "press", x: 0.5, y: 0.5, button: "left", mods: []}`)
		// What the server has heard of eve, it has heard before this comes.
		ask[bool](eve.page, `new Promise(done => {
			const then = canvasOf.people;
			canvasOf.watch("people", "canvas-people");
			(function look() { canvasOf.people === then ? setTimeout(look, 5) : done(true); })();
		})`)
		ada.hand(`{do: "pan", dx: 0, dy: 0}, {do: "zoom", x: 0.5, y: 0.5, by: 1.0001}`)
		ada.shown()
		if fmt.Sprint(center()) != fmt.Sprint(before) || math.Abs(zoom()/was-1.0001) > 1e-6 {
			t.Errorf("the camera went from %v, %v to %v, %v", before, was, center(), zoom())
		}
		if got := ask[string](ada.page, `JSON.stringify([canvasOf.people.draw, canvasOf.people.asking, Object.keys(canvasOf.head.hands)])`); strings.Contains(got, "e0") || !strings.HasPrefix(got, "[null,[]") {
			t.Errorf("who draws, waits and moves is %s", got)
		}
	})

	// Somewhere in the layers, at a zoom at which each of their pixels is seen.
	n.MustDo("add_layer", map[string]any{"kind": "shapes", "name": "shapes"}, nil)
	n.Zoom(4)
	n.Center(150, 150)
	// at is the share of the canvas at which a place of the layers is.
	at := func(y, x float64) string {
		return fmt.Sprintf("x: %v, y: %v", 0.5+(x-150)*4/cols, 0.5+(y-150)*4/rows)
	}
	press := func(y, x float64) string {
		return fmt.Sprintf(`{do: "press", %s, button: "left", mods: []}`, at(y, x))
	}
	move := func(y, x float64) string { return fmt.Sprintf(`{do: "move", %s, button: "left", mods: []}`, at(y, x)) }
	release := func(y, x float64) string {
		return fmt.Sprintf(`{do: "release", %s, button: "left", mods: []}`, at(y, x))
	}
	draws := func(layer, mode string) {
		n.MustDo("select", map[string]any{"layer": layer}, nil)
		n.set("layer:"+layer, "mode", mode)
		until(t, "napari tells that "+layer+" is in the mode "+mode, func() string {
			var state struct{ Canvas struct{ Layer, Mode string } }
			if w.get("/api/v1/sources/napari/state", &state); state.Canvas.Mode != mode || state.Canvas.Layer != n.layer(layer) {
				return fmt.Sprintf("it tells %+v", state.Canvas)
			}
			return ""
		})
	}

	t.Run("the pointer picks", func(t *testing.T) {
		ada.t = t
		draws("labels", "pan_zoom")
		var want struct{ Value int }
		n.MustDo("item", map[string]any{"layer": "labels", "at": []int{130, 170}}, &want)
		ada.hand(fmt.Sprintf(`{do: "point", %s}`, at(130, 170)))
		until(t, "napari says what is under the pointer", func() string {
			var state struct {
				Cursor struct {
					Position []float64
					Status   string
				}
			}
			w.get("/api/v1/sources/napari/state", &state)
			c := state.Cursor
			if i := len(c.Position) - 2; i < 0 || math.Abs(c.Position[i]-130) > 0.5 || math.Abs(c.Position[i+1]-170) > 0.5 || !strings.Contains(c.Status, "labels") ||
				!strings.HasSuffix(strings.TrimSpace(c.Status), fmt.Sprint(want.Value)) {
				return fmt.Sprintf("it says %+v, and %d is there", c, want.Value)
			}
			return ""
		})
	})

	points := func() (list [][]float64) {
		if err := json.Unmarshal([]byte(n.get("layer:points", "data")), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	t.Run("who draws adds points, and nobody else", func(t *testing.T) {
		ada.t, bob.t = t, t
		draws("points", "add")
		before := len(points())
		ada.hand(press(120, 160) + "," + release(120, 160)) // without having asked
		ada.draw(true)
		ada.drawn(ada.name)
		bob.draw(true)
		bob.hand(press(140, 140) + "," + release(140, 140))
		bob.wait("bob waits", `canvasOf.people.asking.length === 1`)
		ada.hand(press(130, 170) + "," + release(130, 170))
		ada.shown()
		all := points()
		if len(all) != before+1 {
			t.Fatalf("there are %d points, and were %d", len(all), before)
		}
		if p := all[before]; len(p) < 2 || math.Hypot(p[len(p)-2]-130, p[len(p)-1]-170) > 1 {
			t.Errorf("the new point is at %v", p)
		}
		if person := ask[string](bob.page, `canvasOf.people.draw.person`); person != "e2e-"+ada.name {
			t.Errorf("%q draws", person)
		}
	})

	t.Run("who draws paints labels", func(t *testing.T) {
		ada.t = t
		draws("labels", "paint")
		n.set("layer:labels", "brush_size", 6)
		n.set("layer:labels", "selected_label", 99)
		ada.hand(press(110, 110))
		for x := 112.0; x <= 150; x += 2 {
			ada.hand(move(110, x))
		}
		ada.hand(release(110, 150))
		ada.shown()
		until(t, "the stroke is in the labels", func() string {
			for _, x := range []int{110, 119, 130, 141, 150} {
				var v struct{ Value int }
				if n.MustDo("item", map[string]any{"layer": "labels", "at": []int{110, x}}, &v); v.Value != 99 {
					return fmt.Sprintf("at 110, %d is %d", x, v.Value)
				}
			}
			return ""
		})
	})

	t.Run("who draws drags a rectangle", func(t *testing.T) {
		ada.t = t
		draws("shapes", "add_rectangle")
		ada.hand(press(120, 120) + "," + move(140, 150) + "," + move(160, 180) + "," + release(160, 180))
		ada.shown()
		n.has(t, "layer:shapes", "nshapes", "2")
		draws("shapes", "pan_zoom")
	})

	t.Run("keys and the wheel are napari's own", func(t *testing.T) {
		ada.t = t
		draws("labels", "paint")
		n.set("layer:labels", "selected_label", 5)
		ada.hand(`{do: "key", key: "=", down: true, mods: []}, {do: "key", key: "=", down: false, mods: []}`)
		n.has(t, "layer:labels", "selected_label", "6")
		was := zoom()
		ada.hand(fmt.Sprintf(`{do: "wheel", %s, dx: 0, dy: -1, mods: []}`, at(150, 150)))
		ada.shown()
		if got := zoom(); got <= was {
			t.Errorf("the wheel has led from a zoom of %v to %v", was, got)
		}
		n.Zoom(4)
		n.Center(150, 150)
	})

	t.Run("who is gone lets go, and the next one draws", func(t *testing.T) {
		bob.t, ada.t = t, t
		draws("labels", "paint")
		n.set("layer:labels", "selected_label", 77)
		ada.hand(press(170, 110))
		ada.shown()
		ask[bool](ada.page, `(canvasOf.socket.close(), true)`)
		bob.drawn(bob.name)
		bob.hand(press(180, 130) + "," + move(180, 134) + "," + release(180, 134))
		bob.shown()
		until(t, "the other one has painted", func() string {
			var v struct{ Value int }
			if n.MustDo("item", map[string]any{"layer": "labels", "at": []int{180, 130}}, &v); v.Value != 77 {
				return fmt.Sprintf("there is %d", v.Value)
			}
			return ""
		})
		bob.draw(false)
		bob.drawn("")
	})

	t.Run("the canvas is an array like any other", func(t *testing.T) {
		bob.t = t
		// Who looks at it needs less than all of it, and whoever asks for the array gets all.
		ask[bool](eve.page, `(canvasOf.socket.close(), true)`)
		bob.wait("the process sends no more than is needed", `canvasOf.head.step === 1 && canvasOf.head.rows <= 192 && canvasOf.head.cols <= 256`)
		png, err := w.text("/api/v1/sources/napari/arrays/canvas.png")
		if err != nil || !strings.HasPrefix(png, "\x89PNG") {
			t.Errorf("the picture begins with %.8q: %v", png, err)
		}
		npy, err := w.text("/api/v1/sources/napari/arrays/canvas.npy")
		if shape := fmt.Sprintf("(%v, %v, 4)", rows, cols); err != nil || !strings.HasPrefix(npy, "\x93NUMPY") || !strings.Contains(npy[:min(len(npy), 200)], shape) {
			t.Errorf("the array begins with %.120q, and the canvas has %s: %v", npy, shape, err)
		}
	})

	t.Run("the record tells who has moved it", func(t *testing.T) {
		var changes []struct{ Who, Source, Name, To string }
		w.get("/api/v1/changes", &changes)
		found, drawn := 0, map[string]bool{}
		for _, c := range changes {
			if c.Source == "napari" && c.Name == "camera" {
				found++
			}
			if c.Name == "draw" {
				drawn[c.To] = true
			}
		}
		if found == 0 || found > 12 || !drawn["in points"] || !drawn["in labels"] || !drawn["in shapes"] || len(drawn) != 3 {
			t.Errorf("the record has %d entries of the camera: %+v", found, changes)
		}
	})
}

// canvasWindow is the Canvas of the Viewer in a window.
type canvasWindow struct{ *page }

// openCanvas opens the Canvas at an address of webmon.
func openCanvas(p *page, address string) canvasWindow {
	p.t.Helper()
	p.visit(address)
	p.live()
	p.wait("a picture of the canvas", `document.querySelector("[data-canvas]")?.canvas?.stats().frames > 0`)
	return canvasWindow{p}
}

// place is where in the window a share of napari's canvas is, in CSS pixels.
func (c canvasWindow) place(x, y float64) (left, top float64) {
	c.t.Helper()
	at := ask[[]float64](c.page, fmt.Sprintf(`(() => {
		const surface = document.querySelector("[data-canvas-surface]").getBoundingClientRect(), {rect, size} = document.querySelector("[data-canvas]").canvas.stats();
		return [surface.left + (rect.x + %v * rect.width) / size.ratio, surface.top + (rect.y + %v * rect.height) / size.ratio];
	})()`, x, y))
	return at[0], at[1]
}

// size is how many CSS pixels the picture is wide and high.
func (c canvasWindow) size() (width, height float64) {
	left, top := c.place(0, 0)
	right, bottom := c.place(1, 1)
	return right - left, bottom - top
}

// drag presses at a share of the canvas and moves the hand by so many CSS pixels.
func (c canvasWindow) drag(x, y, right, down float64) {
	c.t.Helper()
	left, top := c.place(x, y)
	c.mouse(chromedp.MouseMoved, left, top)
	c.mouse(chromedp.MousePressed, left, top)
	const steps = 5
	for i := range steps {
		share := float64(i+1) / steps
		c.mouse(chromedp.MouseMoved, left+right*share, top+down*share)
	}
	c.mouse(chromedp.MouseReleased, left+right, top+down)
	c.answered()
}

// answered waits until napari's picture shows all that hands have done here.
func (c canvasWindow) answered() {
	c.t.Helper()
	c.wait("napari's picture shows what was done", `(({scale, x, y}) => scale === 1 && x === 0 && y === 0)(document.querySelector("[data-canvas]").canvas.stats().move)`)
}

// TestE2ECanvasPages: people move napari and draw in it by the mouse on the Viewer's Canvas, in two windows, and one who may
// only look sees it in a third.
func TestE2ECanvasPages(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0")
	n := startPlugin(t, home)
	w.source("napari", "attached", connected)
	b := startBrowser(t)
	one, two, three := b.open(t, wide), b.open(t, wide), b.open(t, small)
	one.visit(w.url)
	one.live()
	looks := one.invite(w.home, "the wall", "look")
	three.visit(looks)
	three.live()
	const canvas = "/viewer?source=napari&view=canvas"
	ada := openCanvas(one, w.home+canvas+"&token="+w.token)
	two.visit(w.url)
	two.live()
	bob := openCanvas(two, w.home+canvas)
	eve := openCanvas(three, ask[string](three, `location.origin`)+canvas)

	rows, cols := canvasSize(t, w)
	center := func() (y, x float64) {
		c := n.numbers(t, "camera", "center")
		return c[len(c)-2], c[len(c)-1]
	}
	zoom := func() float64 { return n.number(t, "camera", "zoom") }
	on := func(t *testing.T) { ada.t, bob.t, eve.t = t, t, t }
	moves := func(what string, ok func() string) { t.Helper(); until(t, what, ok) }
	n.Zoom(4)
	n.Center(150, 150)
	share := func(y, x float64) (right, down float64) {
		cy, cx := center()
		return 0.5 + (x-cx)*zoom()/cols, 0.5 + (y-cy)*zoom()/rows
	}
	at := func(c canvasWindow, y, x float64) (left, top float64) { return c.place(share(y, x)) }

	t.Run("a drag moves the picture with the hand", func(t *testing.T) {
		on(t)
		width, height := ada.size()
		ada.drag(0.5, 0.5, 60, -30)
		wantY, wantX := 150+30/height*rows/4, 150-60/width*cols/4
		moves("napari's camera follows the hand", func() string {
			if y, x := center(); math.Hypot(y-wantY, x-wantX)*4 > 1.5 { // of napari's pixels
				return fmt.Sprintf("it is at %v, %v, want %v, %v", y, x, wantY, wantX)
			}
			return ""
		})
	})

	t.Run("the wheel zooms where the pointer is", func(t *testing.T) {
		on(t)
		was := zoom()
		left, top := at(ada, 170, 120)
		ada.mouse(chromedp.MouseMoved, left, top)
		ada.do(chromedp.MouseEvent(chromedp.MouseWheel, left, top, func(e *input.DispatchMouseEventParams) {
			e.DeltaX, e.DeltaY = 1e-9, -200 // a zero is left out, and Chromium wants both
		}))
		moves("the place under the pointer stays", func() string {
			if zoom() <= was*1.1 {
				return fmt.Sprintf("the zoom is %v and was %v", zoom(), was)
			}
			ada.answered()
			if l, h := at(ada, 170, 120); math.Hypot(l-left, h-top) > 2 {
				return fmt.Sprintf("it went from %v, %v to %v, %v", left, top, l, h)
			}
			return ""
		})
	})

	t.Run("f fits, and everybody sees it", func(t *testing.T) {
		on(t)
		bob.do(chromedp.Focus(chromedp.CSS("[data-canvas-surface]")))
		bob.key("f")
		moves("all is seen", func() string {
			if zoom() > 1 {
				return fmt.Sprintf("the zoom is %v", zoom())
			}
			return ""
		})
		bob.answered()
	})

	t.Run("in 3-D a drag turns", func(t *testing.T) {
		on(t)
		n.set("dims", "ndisplay", 3)
		ada.wait("the page knows", `document.querySelector("[data-canvas]").canvas.stats().state.ndisplay === 3`)
		before := n.get("camera", "angles")
		y, x := center()
		ada.drag(0.5, 0.5, 80, 40)
		moves("the camera has turned", func() string {
			if got := n.get("camera", "angles"); got == before {
				return "its angles are " + got
			}
			return ""
		})
		if cy, cx := center(); math.Hypot(cy-y, cx-x) > 1e-6 {
			t.Errorf("the camera went from %v, %v to %v, %v", y, x, cy, cx)
		}
		n.set("dims", "ndisplay", 2)
		ada.wait("the page knows", `document.querySelector("[data-canvas]").canvas.stats().state.ndisplay === 2`)
		n.Zoom(4)
		n.Center(150, 150)
	})

	t.Run("the pointer picks", func(t *testing.T) {
		on(t)
		n.MustDo("select", map[string]any{"layer": "labels"}, nil)
		moves("napari's words are on the page", func() string {
			left, top := at(ada, 130, 170)
			ada.mouse(chromedp.MouseMoved, left, top)
			if text := ada.text("[data-canvas-status]"); !strings.Contains(text, "labels [1") || !strings.Contains(text, "17") {
				return "it says " + text
			}
			return ""
		})
	})

	count := func() int {
		var list [][]float64
		if err := json.Unmarshal([]byte(n.get("layer:points", "data")), &list); err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	click := func(c canvasWindow, y, x float64) {
		left, top := at(c, y, x)
		c.mouse(chromedp.MouseMoved, left, top)
		c.mouse(chromedp.MousePressed, left, top)
		c.mouse(chromedp.MouseReleased, left, top)
	}
	added := func(want int) func() string {
		return func() string {
			if got := count(); got != want {
				return fmt.Sprintf("there are %d points, want %d", got, want)
			}
			return ""
		}
	}
	t.Run("who draws adds points, and the others see who it is", func(t *testing.T) {
		on(t)
		n.MustDo("select", map[string]any{"layer": "points"}, nil)
		n.set("layer:points", "mode", "add")
		before := count()
		click(ada, 140, 140) // which does not draw yet
		ada.click("[data-canvas-action=draw]")
		ada.wait("ada draws", `document.querySelector("[data-canvas]").canvas.stats().drawing`)
		ada.says("[data-canvas-drawer]", "You draw")
		bob.says("[data-canvas-drawer]", "draws")
		eve.says("[data-canvas-drawer]", "draws")
		click(ada, 130, 170)
		moves("a point is added", added(before+1))
		bob.click("[data-canvas-action=draw]")
		bob.says("[data-canvas-action=draw]", "Waiting")
		click(bob, 160, 160)
		ada.shot("canvas-draw")
		bob.shot("canvas-waiting")
		eve.shot("canvas-look")
		click(ada, 130, 175)
		moves("another point is added", added(before+2))
	})

	t.Run("who may only look has no button to draw, and moves nothing", func(t *testing.T) {
		on(t)
		if !ask[bool](eve.page, `document.querySelector("[data-canvas-action=draw]").disabled`) {
			t.Error("who may only look can press Draw")
		}
		before := count()
		y, x := center()
		left, top := eve.place(0.5, 0.5)
		eve.mouse(chromedp.MousePressed, left, top)
		eve.mouse(chromedp.MouseMoved, left+50, top+20)
		eve.mouse(chromedp.MouseReleased, left+50, top+20)
		click(ada, 120, 170)
		moves("ada's point is added", added(before+1))
		if cy, cx := center(); cy != y || cx != x {
			t.Errorf("who may only look has moved the camera from %v, %v to %v, %v", y, x, cy, cx)
		}
	})

	t.Run("the next one draws when somebody leaves", func(t *testing.T) {
		on(t)
		before := count()
		left, top := at(ada, 150, 150)
		ada.mouse(chromedp.MouseMoved, left, top)
		ada.mouse(chromedp.MousePressed, left, top)
		ada.wait("the press is sent", `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
		ada.visit("about:blank")
		// napari adds the point when the button is released, which webmon does for who is gone.
		moves("ada's point is added", added(before+1))
		bob.wait("bob draws", `document.querySelector("[data-canvas]").canvas.stats().drawing`)
		click(bob, 165, 165)
		moves("bob's point is added", added(before+2))
		bob.click("[data-canvas-action=draw]")
		eve.wait("nobody draws", `document.querySelector("[data-canvas-drawer]").hidden`)
		bob.wait("bob's page knows how long it takes from the hand to the picture", `document.querySelector("[data-canvas]").canvas.stats().lag !== null`)
		bob.calm()
		eve.calm("403")
	})
}
