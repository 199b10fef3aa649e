//go:build linux

package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"webmon/dashboard"
	"webmon/dashboard/source"
	"webmon/shm"
)

// desk is a process that does what it is told: a napari with the plugin, as far
// as its controls go.
type desk struct {
	sink chan shm.Sink

	mu       sync.Mutex // guards all below
	to       shm.Sink
	controls shm.Controls
	actions  []shm.Action
	layers   []string // ids, bottom first
	got      []shm.Command
	refuse   string // why commands are refused; "" if they are not
	deaf     bool   // commands are not answered, and change nothing
	busy     bool   // commands wait for answer to be called
	waiting  []func()
}

func bound(x float64) *float64 { return &x }

// newDesk is a process with n layers.
func newDesk(n int) *desk {
	d := &desk{sink: make(chan shm.Sink, 1)}
	for i := range n {
		id := fmt.Sprint(i + 1)
		d.layers = append(d.layers, id)
		p, g := "layer."+id+".", "layer."+id
		d.controls = append(d.controls,
			shm.Control{Name: p + "visible", Title: "Visible", Type: shm.Bool, Value: i%3 != 2, Group: g},
			shm.Control{Name: p + "opacity", Title: "Opacity", Type: shm.Float, Value: 1.0, Default: 1.0, Min: bound(0), Max: bound(1), Step: 0.01, Group: g},
			shm.Control{Name: p + "blending", Title: "Blending", Type: shm.Choice, Value: "additive", Choices: []string{"additive", "minimum", "opaque", "translucent", "translucent_no_depth"}, Group: g},
			shm.Control{Name: p + "gamma", Title: "Gamma", Type: shm.Float, Value: 1.0, Default: 1.0, Min: bound(0.2), Max: bound(2), Group: g},
			shm.Control{Name: p + "colormap", Title: "Colormap", Type: shm.Choice, Value: "green", Choices: []string{"gray", "green", "magenta", "viridis", "cyan"}, Group: g},
			shm.Control{Name: p + "contrast_low", Title: "Contrast from", Type: shm.Float, Value: 120.0, Min: bound(0), Max: bound(4095), Group: g},
			shm.Control{Name: p + "contrast_high", Title: "Contrast to", Type: shm.Float, Value: 2400.0, Min: bound(0), Max: bound(4095), Group: g},
			shm.Control{Name: p + "name", Title: "Name", Type: shm.Text, Value: "channel " + id, Group: g},
			shm.Control{Name: p + "index", Title: "Place", Type: shm.Int, Value: int64(i), Min: bound(0), Max: bound(float64(n - 1)), Group: g},
			shm.Control{Name: p + "level", Title: "Level", Type: shm.Choice, Value: "auto", Choices: []string{"auto", "0", "1", "2"}, Group: g},
			shm.Control{Name: p + "selected", Title: "Selected", Type: shm.Bool, Value: i == n-1, Group: g},
		)
	}
	d.controls = append(d.controls,
		shm.Control{Name: "camera.zoom", Title: "Zoom", Type: shm.Float, Value: 1.5, Min: bound(0.01), Max: bound(100), Scale: "log", Group: "camera"},
		shm.Control{Name: "camera.center.0", Title: "Centre y", Type: shm.Float, Value: 512.25, Unit: "µm", Group: "camera"},
		shm.Control{Name: "camera.center.1", Title: "Centre x", Type: shm.Float, Value: 300.5, Unit: "µm", Group: "camera"},
		shm.Control{Name: "camera.angle.0", Title: "Angle x", Type: shm.Float, Value: 0.0, Default: 0.0, Min: bound(-180), Max: bound(180), Unit: "°", Group: "camera"},
		shm.Control{Name: "dims.ndisplay", Title: "Display", Type: shm.Choice, Value: "2D", Choices: []string{"2D", "3D"}, Group: "dims"},
		shm.Control{Name: "dims.t", Title: "t", Type: shm.Int, Value: int64(3), Min: bound(0), Max: bound(99), Group: "dims"},
		shm.Control{Name: "dims.t.play", Title: "Play t", Type: shm.Bool, Value: false, Group: "dims"},
		shm.Control{Name: "show_grid", Title: "Show grid", Type: shm.Bool, Value: false, Group: "canvas"},
		shm.Control{Name: "exposure", Title: "Exposure", Type: shm.Float, Value: 12.5, Default: 10.0, Min: bound(0.1), Max: bound(500), Scale: "log", Unit: "ms", Help: "How long the camera sees.", Group: "scope"},
		shm.Control{Name: "frames", Type: shm.Int, Value: int64(10), Default: int64(1), Min: bound(1), Max: bound(1000), Group: "scope"},
	)
	d.actions = []shm.Action{
		{Name: "reset_view", Title: "Reset view", Group: "camera"},
		{Name: "auto_contrast", Title: "Auto contrast", Args: []shm.Control{{Name: "layer", Type: shm.Choice, Choices: []string{"1", "2"}, Labels: []string{"channel 1", "channel 2"}}}, Group: "canvas"},
		{Name: "screenshot", Title: "Take screenshot", Args: []shm.Control{{Name: "canvas_only", Title: "Canvas only", Type: shm.Bool, Default: true}}, Group: "canvas"},
		{Name: "snap", Title: "Snap", Help: "Takes frames, one after the other.", Args: []shm.Control{
			{Name: "ms", Title: "Exposure", Type: shm.Float, Default: 5.0, Min: bound(0.1), Max: bound(500), Scale: "log", Unit: "ms"},
			{Name: "count", Title: "Frames", Type: shm.Int, Default: int64(1), Min: bound(1)},
		}, Group: "scope"},
	}
	return d
}

func (d *desk) Info() shm.Info {
	return shm.Info{Name: "scope", Kind: shm.KindNapari, Instance: "i1", PID: 4711, Python: "3.13.0", Napari: "0.9.2", Package: "0.1.0"}
}

func (d *desk) Actions() []shm.Action { return d.actions }

func (d *desk) Run(ctx context.Context, sink shm.Sink) error {
	d.mu.Lock()
	d.to = sink
	d.mu.Unlock()
	d.say()
	d.sink <- sink
	<-ctx.Done()
	return nil
}

// say tells everything there is.
func (d *desk) say() {
	d.mu.Lock()
	defer d.mu.Unlock()
	get := func(name string) shm.Value { c, _ := d.controls.Get(name); return c.Value }
	var layers []shm.Value
	histograms := map[string]shm.Value{}
	for i, id := range d.layers {
		p := "layer." + id + "."
		layers = append(layers, map[string]shm.Value{
			"id": id, "kind": []string{"image", "labels", "points", "shapes"}[i%4], "name": get(p + "name"), "visible": get(p + "visible"), "selected": get(p + "selected"),
			"shape": []shm.Value{int64(20), int64(20000), int64(30000)}, "dtype": "uint16", "axes": []shm.Value{"z", "y", "x"}, "rgb": false,
			"scale": []shm.Value{2.0, 0.65, 0.65}, "units": []shm.Value{"µm", "µm", "µm"}, "translate": []shm.Value{0.0, 0.0, 0.0},
			"multiscale": true, "levels": []shm.Value{
				[]shm.Value{int64(20), int64(20000), int64(30000)}, []shm.Value{int64(20), int64(10000), int64(15000)}, []shm.Value{int64(20), int64(5000), int64(7500)}},
			"level": int64(2), "ideal_level": int64(1), "chunk": []shm.Value{int64(1), int64(256), int64(256)}, "chunk_stated": false,
			"loaded": true, "nbytes": int64(24_000_000_000), "loads": int64(318), "load_bytes": int64(41_000_000), "reloads": int64(7), "path": "/data/embryo.zarr",
		})
		var counts []shm.Value
		for j := range 256 {
			x := float64(j-40) / 30
			counts = append(counts, int64(200000/(1+x*x)/(1+x*x)))
		}
		histograms[id] = map[string]shm.Value{"low": 0.0, "high": 4095.0, "counts": counts}
	}
	d.to.State(shm.TopicControls, slices.Clone(d.controls))
	d.to.State(shm.TopicActions, shm.Actions(d.actions))
	d.to.State(shm.TopicLayers, shm.LayersOf(layers))
	d.to.State(shm.TopicHistograms, shm.HistogramsOf(histograms))
	d.to.Frame(0)
}

func (d *desk) Command(c shm.Command, report func(shm.Status, string)) {
	d.mu.Lock()
	if d.busy {
		d.waiting = append(d.waiting, func() { d.take(c, report) })
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	d.take(c, report)
}

// answer takes the oldest command that waits, and reports whether there was one.
func (d *desk) answer() bool {
	d.mu.Lock()
	if len(d.waiting) == 0 {
		d.mu.Unlock()
		return false
	}
	take := d.waiting[0]
	d.waiting = d.waiting[1:]
	d.mu.Unlock()
	take()
	return true
}

func (d *desk) take(c shm.Command, report func(shm.Status, string)) {
	d.mu.Lock()
	d.got = append(d.got, c)
	refuse, deaf := d.refuse, d.deaf
	if !deaf && refuse == "" {
		for i := range d.controls {
			if v, ok := c.Args[d.controls[i].Name]; ok {
				d.controls[i].Value = v
			}
		}
		d.move(c)
	}
	d.mu.Unlock()
	switch {
	case deaf:
		return
	case refuse != "" && c.ID != "":
		report(shm.Refused, refuse)
	case refuse == "":
		d.say()
		if c.ID != "" {
			report(shm.Taken, "")
			report(shm.Applied, "")
		}
	}
}

// move puts a layer in its place, as a control's index says.
func (d *desk) move(c shm.Command) {
	for i, id := range d.layers {
		if to, ok := c.Args["layer."+id+".index"].(int64); ok {
			d.layers = slices.Insert(slices.Delete(d.layers, i, i+1), int(to), id)
			return
		}
	}
}

// set changes a control as the process itself would.
func (d *desk) set(name string, v shm.Value) {
	d.mu.Lock()
	for i := range d.controls {
		if d.controls[i].Name == name {
			d.controls[i].Value = v
		}
	}
	d.mu.Unlock()
	d.say()
}

// commands are those that came for a name: on the way to others, and those
// somebody waits for.
func (d *desk) commands(name string) (dragged, posted []shm.Value) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.got {
		switch {
		case c.Name != name:
		case c.ID == "":
			dragged = append(dragged, c.Args[name])
		default:
			posted = append(posted, c.Args[name])
		}
	}
	return dragged, posted
}

// serveDesk serves a dashboard of the process, and returns its address.
func serveDesk(t testing.TB, d *desk) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := dashboard.New(dashboard.Options{
		Listener: l, Logger: slog.New(slog.DiscardHandler),
		Attach: func(context.Context, source.Target, dashboard.Self) (shm.Source, error) { return d, nil },
	})
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	if _, err := s.Attach(ctx, source.Target{Name: "scope", Kind: shm.KindNapari, Address: "here"}); err != nil {
		t.Fatal(err)
	}
	<-d.sink
	return "http://" + l.Addr().String()
}

// form is a selector of the form of a control.
func form(name string) string { return fmt.Sprintf(`form[data-control="%s"]`, name) }

// slider and exact are what a page shows of a control, once it has it: a model that begins tells its controls
// after its first picture.
func (p *page) slider(name string) float64 {
	p.t.Helper()
	p.wait(name+" is there", fmt.Sprintf(`document.querySelector('%s input[type=range]') !== null`, form(name)))
	return ask[float64](p, fmt.Sprintf(`document.querySelector('%s input[type=range]').valueAsNumber`, form(name)))
}

func (p *page) exact(name string) string {
	p.t.Helper()
	p.wait(name+" is there", fmt.Sprintf(`document.querySelector('%s input[type=number]') !== null`, form(name)))
	return ask[string](p, fmt.Sprintf(`document.querySelector('%s input[type=number]').value`, form(name)))
}

// shows waits until a control holds a value.
func (p *page) shows(name, want string) {
	p.t.Helper()
	until(p.t, name+" shows "+want, func() string {
		if got := p.exact(name); got != want {
			return "it shows " + got
		}
		return ""
	})
}

// at is a point of a slider, as a part of its width.
func (p *page) at(name string, part float64) (x, y float64) {
	box := ask[[]float64](p, fmt.Sprintf(`(r => [r.x, r.y, r.width, r.height])((e => (e.scrollIntoView({block: "center"}), e.getBoundingClientRect()))(document.querySelector('%s input[type=range]')))`, form(name)))
	thumb := 8.0
	return box[0] + thumb + (box[2]-2*thumb)*part, box[1] + box[3]/2
}

// watchShown has the page note, in shown.list, what a control shows from now on.
func (p *page) watchShown(name string) {
	p.t.Helper()
	ask[bool](p, fmt.Sprintf(`(() => {
		const note = globalThis.shown = {list: [], since: performance.now()};
		const look = () => {
			if (note !== globalThis.shown) return;
			const now = document.querySelector('%s input[type=number]').value;
			if (note.list.at(-1) !== now) note.list.push(now);
			requestAnimationFrame(look);
		};
		look();
		return true;
	})()`, form(name)))
}

// enter types a text in place of what a field holds.
func (p *page) enter(selector, text string) {
	p.t.Helper()
	ask[bool](p, fmt.Sprintf(`(e => (e.focus(), e.select(), true))(document.querySelector('%s'))`, selector))
	p.do(chromedp.KeyEvent(text))
}

func (p *page) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.t.Helper()
	if err := p.point(kind, x, y); err != nil {
		p.t.Fatal(err)
	}
}

// point is mouse for a goroutine that is not the test's.
func (p *page) point(kind input.DispatchMouseEventType, x, y float64) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, chromedp.MouseEvent(kind, x, y, func(e *input.DispatchMouseEventParams) {
		e.Button, e.ClickCount = "left", 1
		if kind != chromedp.MouseReleased {
			e.Buttons = 1
		}
	}))
}

func TestE2EControls(t *testing.T) {
	endToEnd(t)
	b := startBrowser(t)
	d := newDesk(4)
	base := serveDesk(t, d)
	one, two := b.open(t, wide), b.open(t, wide)
	for _, p := range []*page{one, two} {
		p.visit(base + "/controls")
		p.live()
		p.shows("exposure", "12.5")
	}

	t.Run("a slider that is dragged", func(t *testing.T) {
		one.t, two.t = t, t
		before := one.slider("exposure")
		x, y := one.at("exposure", before/1000)
		one.mouse(chromedp.MousePressed, x, y)
		for part := before / 1000; part <= 0.8; part += 0.05 {
			x, y = one.at("exposure", part)
			one.mouse(chromedp.MouseMoved, x, y)
		}
		until(t, "values on the way reach the process", func() string {
			if dragged, posted := d.commands("exposure"); len(dragged) == 0 || len(posted) > 0 {
				return fmt.Sprintf("%d were dragged and %d posted", len(dragged), len(posted))
			}
			return ""
		})
		held := one.exact("exposure")
		two.shows("exposure", held)

		// Somebody else, here the process itself, changes it meanwhile.
		d.set("exposure", 1.5)
		two.shows("exposure", "1.5")
		d.set("frames", int64(77)) // comes after it, so what came before has been seen
		one.shows("frames", "77")
		if got := one.exact("exposure"); got != held {
			t.Errorf("the hand that holds the slider at %s is jerked to %s", held, got)
		}

		x, y = one.at("exposure", 0.9)
		one.mouse(chromedp.MouseMoved, x, y)
		last := one.exact("exposure")
		one.mouse(chromedp.MouseReleased, x, y)
		until(t, "what was let go is posted", func() string {
			if _, posted := d.commands("exposure"); len(posted) != 1 || fmt.Sprint(posted[0]) != last {
				return fmt.Sprintf("posted %v, want %s once", posted, last)
			}
			return ""
		})
		one.shows("exposure", last)
		two.shows("exposure", last)
		one.wait("the page says that it was applied", fmt.Sprintf(`document.querySelector('%s .life-applied')`, form("exposure")))
		d.set("exposure", 2.5)
		one.shows("exposure", "2.5") // free again
		two.shows("exposure", "2.5")
	})

	t.Run("two hands at one slider", func(t *testing.T) {
		one.t, two.t = t, t
		pages := []*page{one, two}
		for i, p := range pages {
			p.watchShown("exposure")
			x, y := p.at("exposure", p.slider("exposure")/1000)
			p.mouse(chromedp.MousePressed, x, y)
			x, y = p.at("exposure", 0.3+0.4*float64(i))
			p.mouse(chromedp.MouseMoved, x, y)
		}
		for range 5 { // each moves a little, in turn
			for i, p := range pages {
				x, y := p.at("exposure", p.slider("exposure")/1000+0.01)
				p.mouse(chromedp.MouseMoved, x, y)
				if shown := p.slider("exposure"); shown < 300+400*float64(i) || shown > 400+400*float64(i) {
					t.Errorf("hand %d is jerked to %g", i, shown)
				}
			}
		}
		var last string
		for i, p := range pages {
			x, y := p.at("exposure", p.slider("exposure")/1000)
			last = p.exact("exposure")
			p.mouse(chromedp.MouseReleased, x, y)
			until(t, "it is posted", func() string {
				if _, posted := d.commands("exposure"); fmt.Sprint(posted[len(posted)-1]) != last || len(posted) != 2+i {
					return fmt.Sprint("posted: ", posted)
				}
				return ""
			})
		}
		for _, p := range pages {
			p.shows("exposure", last)
		}
		d.set("frames", int64(78)) // comes after it, so what came before has been seen
		for _, p := range pages {
			p.shows("frames", "78")
			if got := p.exact("exposure"); got != last {
				t.Errorf("at the end a page shows %s, where the process has %s", got, last)
			}
		}
		if shown := ask[[]string](two, "shown.list"); slices.Index(shown, last) != len(shown)-1 {
			t.Errorf("whoever let go last saw %v, want nothing after %s", shown, last)
		}
	})

	t.Run("two hands move one slider at the same moment", func(t *testing.T) {
		one.t, two.t = t, t
		pages := []*page{one, two}
		before, posts := d.commands("exposure")
		// Each hand has a half of the slider for itself, so that a value tells whose it is.
		low := func(i int) float64 { return 100 + 500*float64(i) }
		high := func(i int) float64 { return low(i) + 300 }
		// The page does not scroll meanwhile: the ends of the slider are where they are.
		place := func(p *page) func(part float64) (x, y float64) {
			from, y := p.at("exposure", 0)
			to, _ := p.at("exposure", 1)
			return func(part float64) (float64, float64) { return from + (to-from)*part, y }
		}
		moved := make(chan error, len(pages))
		for i, p := range pages {
			at := place(p)
			x, y := at(p.slider("exposure") / 1000)
			p.mouse(chromedp.MousePressed, x, y)
			x, y = at((low(i) + 50) / 1000)
			p.mouse(chromedp.MouseMoved, x, y)
			go func() {
				moved <- func() error {
					for range 20 {
						now, err := evaluate[float64](p, fmt.Sprintf(`document.querySelector('%s input[type=range]').valueAsNumber`, form("exposure")))
						if err != nil {
							return err
						}
						if now < low(i) || now > high(i) {
							return fmt.Errorf("hand %d is jerked to %g", i, now)
						}
						if now += 10; now > high(i) {
							now = low(i) + 50
						}
						x, y := at(now / 1000)
						if err := p.point(chromedp.MouseMoved, x, y); err != nil {
							return err
						}
					}
					return nil
				}()
			}()
		}
		for range pages {
			if err := <-moved; err != nil {
				t.Fatal(err)
			}
		}
		held := []string{one.exact("exposure"), two.exact("exposure")}
		if held[0] == held[1] {
			t.Errorf("both pages show %s while each holds the slider at a place of its own", held[0])
		}
		shown := func(value string) float64 {
			x, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		until(t, "values of both hands reach the process", func() string {
			// Of two values within one tick the newer takes the other's place, so one hand's last may not be there.
			dragged, _ := d.commands("exposure")
			dragged = dragged[len(before):]
			if len(dragged) == 0 || !slices.Contains(held, fmt.Sprint(dragged[len(dragged)-1])) {
				return fmt.Sprintf("hands hold %v, and the process has got %v", held, dragged)
			}
			between := math.Sqrt(shown(held[0]) * shown(held[1])) // the scale is logarithmic
			for i := range pages {
				if !slices.ContainsFunc(dragged, func(v shm.Value) bool { return shown(fmt.Sprint(v)) < between == (i == 0) }) {
					return fmt.Sprintf("nothing of hand %d is among %v", i, dragged)
				}
			}
			return ""
		})

		released := make(chan error, len(pages))
		for _, p := range pages {
			x, y := place(p)(p.slider("exposure") / 1000)
			go func() { released <- p.point(chromedp.MouseReleased, x, y) }()
		}
		for range pages {
			if err := <-released; err != nil {
				t.Fatal(err)
			}
		}
		// Both have said where they let go before their forms come. The form of the one that was
		// earlier may come after the other's value: it is late then, and goes no further.
		until(t, "what was posted last is on both pages", func() string {
			_, posted := d.commands("exposure")
			got := posted[len(posts):]
			for _, v := range got {
				if !slices.Contains(held, fmt.Sprint(v)) {
					return fmt.Sprintf("posted %v by hands that hold %v", got, held)
				}
			}
			if len(got) == 0 {
				return "nothing is posted"
			}
			for _, p := range pages {
				if now := p.exact("exposure"); now != fmt.Sprint(got[len(got)-1]) {
					return fmt.Sprintf("posted %v, a page shows %s", got, now)
				}
			}
			return ""
		})
		d.set("exposure", 2.5)
		for _, p := range pages {
			p.shows("exposure", "2.5") // free again
		}
	})

	t.Run("a process that answers late", func(t *testing.T) {
		one.t, two.t = t, t
		d.mu.Lock()
		d.busy = true
		d.mu.Unlock()
		waiting := func() int {
			d.mu.Lock()
			defer d.mu.Unlock()
			return len(d.waiting)
		}
		// Away and back to where it was: the echo of the first values is that of
		// the last one too.
		start := one.slider("exposure") / 1000
		x, y := one.at("exposure", start)
		one.mouse(chromedp.MousePressed, x, y)
		for _, part := range []float64{0.2, 0.4, start, 0.6, start} {
			before := waiting()
			x, y = one.at("exposure", part)
			one.mouse(chromedp.MouseMoved, x, y)
			until(t, "a value is on its way", func() string {
				if waiting() == before {
					return fmt.Sprint(before, " wait")
				}
				return ""
			})
		}
		one.watchShown("exposure")
		last := one.exact("exposure")
		one.mouse(chromedp.MouseReleased, x, y)
		one.wait("the page says that it waits", fmt.Sprintf(`document.querySelector('%s').dataset.life === "queued"`, form("exposure")))
		// Longer than a value without any word of what became of it is kept.
		one.wait("that takes a while", `performance.now() - shown.since > 3500`)
		for d.answer() {
			one.do(chromedp.Sleep(50 * time.Millisecond)) // for the page to show it, if it would
		}
		d.mu.Lock()
		d.busy = false
		d.mu.Unlock()
		two.shows("exposure", last)
		one.wait("the page says that it was applied", fmt.Sprintf(`document.querySelector('%s .life-applied')`, form("exposure")))
		if shown := ask[[]string](one, "shown.list"); len(shown) != 1 || shown[0] != last {
			t.Errorf("under the hand that let go of %s the slider went through %v", last, shown)
		}
		d.set("exposure", 2.5)
		one.shows("exposure", "2.5") // free again
		two.shows("exposure", "2.5")
	})

	t.Run("a value typed", func(t *testing.T) {
		one.t, two.t = t, t
		enter := func(text string) { one.enter(form("frames")+" input[type=number]", text) }
		enter("42")
		d.set("frames", int64(5)) // while somebody types
		two.shows("frames", "5")
		if got := one.exact("frames"); got != "42" {
			t.Errorf("what is being typed has become %q", got)
		}
		one.key("\r")
		two.shows("frames", "42")

		enter("5000")
		one.key("\r")
		one.says(form("frames")+" .control-error", "Frames must be at most 1000.")
		one.shows("frames", "42")
		if id := ask[string](one, fmt.Sprintf(`document.querySelector('%s input[type=number]').getAttribute("aria-describedby") ?? ""`, form("frames"))); !strings.Contains(id, "-error") {
			t.Errorf("the field is described by %q, want its error too", id)
		}
		enter("7")
		one.key("\x1b")
		one.shows("frames", "42")
		if _, posted := d.commands("frames"); fmt.Sprint(posted) != "[42]" {
			t.Errorf("the process got %v, want what was entered, once", posted)
		}

		enter("42") // what it is already: nothing is posted when the field is left
		one.key("\t")
		for _, value := range []int64{9, 42} {
			d.set("frames", value)
			one.shows("frames", fmt.Sprint(value))
		}
	})

	t.Run("keys move a slider", func(t *testing.T) {
		one.t, two.t = t, t
		one.do(chromedp.Focus(chromedp.CSS(form("frames") + " input[type=range]")))
		one.do(chromedp.KeyEvent("\u0303\u0303")) // two presses of the right arrow
		two.shows("frames", "44")
		until(t, "it is posted once at the end", func() string {
			if _, posted := d.commands("frames"); fmt.Sprint(posted[len(posted)-1]) != "44" {
				return fmt.Sprint("posted: ", posted)
			}
			return ""
		})
	})

	t.Run("a command that is refused", func(t *testing.T) {
		one.t, two.t = t, t
		d.mu.Lock()
		d.refuse = "the shutter is closed"
		d.mu.Unlock()
		d.set("frames", int64(44))
		one.click(form("frames") + " .control-reset")
		one.says(form("frames")+" .control-error", "the shutter is closed")
		one.shows("frames", "44")
		d.mu.Lock()
		d.refuse = ""
		d.mu.Unlock()
		one.says("#command-log", "the shutter is closed")
		one.click(form("frames") + " .control-reset")
		two.shows("frames", "1")
	})

	t.Run("an action", func(t *testing.T) {
		one.t = t
		one.enter(`#value-snap-count`, "0")
		one.click("#action-snap button[type=submit]")
		one.says("#action-snap .control-error", "Frames must be at least 1")
		one.enter(`#value-snap-count`, "3")
		one.click("#action-snap button[type=submit]")
		one.says("#action-snap", "Applied.")
		one.says("#command-log", "ms 5 ms, count 3")
	})
	for _, p := range []*page{one, two} {
		p.t = t
		p.calm("422")
	}
}

func TestE2ELayers(t *testing.T) {
	endToEnd(t)
	b := startBrowser(t)
	d := newDesk(6)
	base := serveDesk(t, d)
	p := b.open(t, wide)
	p.visit(base + "/layers")
	p.live()
	names := func() string { return p.text(".layer-rows .layer-name > .truncate") }
	if got := names(); got != "channel 6 channel 5 channel 4 channel 3 channel 2 channel 1" {
		t.Errorf("the list is %q, want the top layer first", got)
	}
	p.says("#layer-open-title", "channel 6") // the one that is selected in napari

	eye := form("layer.5.visible") + " button"
	before := ask[string](p, fmt.Sprintf(`document.querySelector('%s').getAttribute("aria-pressed")`, eye))
	p.click(eye)
	p.wait("the eye closes or opens", fmt.Sprintf(`document.querySelector('%s').getAttribute("aria-pressed") !== %q`, eye, before))
	// The eye does not wait for the post.
	until(t, "it is posted, once", func() string {
		if _, posted := d.commands("layer.5.visible"); len(posted) != 1 || fmt.Sprint(posted[0]) == before {
			return fmt.Sprintf("posted %v, where it was %s", posted, before)
		}
		return ""
	})

	p.click(`[data-layer="6"] .layer-order button[aria-label$=down]`)
	until(t, "the layer moves down", func() string {
		if got := names(); !strings.HasPrefix(got, "channel 5 channel 6") {
			return got
		}
		return ""
	})

	p.click(`[data-layer="2"] .layer-name`)
	p.says("#layer-open-title", "channel 2")
	p.live()
	if n := ask[int](p, `document.querySelectorAll('form[data-control^="layer."]:not(.control-icon)').length`); n > 12 {
		t.Errorf("%d controls of layers are on the page, want those of the open one alone", n)
	}
	d.set("layer.2.contrast_high", 3000.0)
	p.shows("layer.2.contrast_high", "3000")
	p.wait("the line in the histogram follows", `Math.abs(document.querySelector('[data-follow="layer.2.contrast_high"]').getAttribute("x1") - 187.5) < 0.5`)
	d.set("layer.2.name", "renamed")
	p.says("#layer-open-title", "renamed")
	p.says(`[data-layer="2"]`, "renamed")

	p.click(`#action-auto_contrast button[type=submit]`)
	until(t, "auto contrast is for this layer", func() string {
		d.mu.Lock()
		defer d.mu.Unlock()
		if last := d.got[len(d.got)-1]; last.Name != "auto_contrast" || last.Args["layer"] != "2" {
			return fmt.Sprint(last)
		}
		return ""
	})
	p.key("g")
	p.wait("g shows the grid", fmt.Sprintf(`document.querySelector('%s button').getAttribute("aria-checked") === "true"`, form("show_grid")))
	p.calm()
	for _, v := range []view{wide, wideLight, narrow, narrowLight} {
		p.look(v)
		p.shot("layers-" + v.String())
	}
	p.visit(base + "/controls")
	p.live()
	for _, v := range []view{wide, wideLight, narrow, narrowLight} {
		p.look(v)
		p.shot("controls-" + v.String())
	}
}

// Without script every control is a plain form.
func TestControlsWithoutScript(t *testing.T) {
	d := newDesk(3)
	base := serveDesk(t, d)
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	defer client.CloseIdleConnections()
	get := func(path string) string {
		req, _ := http.NewRequest("GET", base+path, nil)
		req.Header.Set("Accept", "text/html")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
		}
		return string(b)
	}
	forms := regexp.MustCompile(`(?s)<form[^>]* action="([^"]+)"[^>]*>.*?name="csrf" value="([^"]+)"`)
	post := func(page, name string, values url.Values) *http.Response {
		for _, m := range forms.FindAllStringSubmatch(get(page), -1) {
			if !strings.HasSuffix(strings.SplitN(m[1], "?", 2)[0], "/commands/"+name) {
				continue
			}
			values.Set("csrf", m[2])
			req, _ := http.NewRequest("POST", base+strings.ReplaceAll(m[1], "&amp;", "&"), strings.NewReader(values.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Accept", "text/html")
			req.Header.Set("Referer", base+page)
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp
		}
		t.Fatalf("%s has no form of %s", page, name)
		return nil
	}
	for _, test := range []struct{ page, name, value string }{
		{"/controls", "exposure", "33.5"},
		{"/controls", "show_grid", "true"},
		{"/layers", "layer.3.opacity", "0.25"},
		{"/layers", "layer.1.visible", "false"},
		{"/layers", "layer.2.index", "0"},
	} {
		resp := post(test.page, test.name, url.Values{test.name: {test.value}})
		if resp.StatusCode != 200 || resp.Request.URL.Path != test.page {
			t.Errorf("%s led to %d %s, want back to %s", test.name, resp.StatusCode, resp.Request.URL, test.page)
		}
		if _, posted := d.commands(test.name); len(posted) != 1 || fmt.Sprint(posted[0]) != test.value {
			t.Errorf("%s: the process got %v, want %s", test.name, posted, test.value)
		}
	}
	if !strings.Contains(get("/controls"), `value="33.5"`) {
		t.Error("the page does not show what was set")
	}
	resp := post("/controls", "snap", url.Values{"ms": {"2"}, "count": {"4"}})
	if resp.StatusCode != 200 {
		t.Errorf("an action led to %d", resp.StatusCode)
	}
	if resp := post("/controls", "exposure", url.Values{"exposure": {"9000"}}); resp.StatusCode != 422 {
		t.Errorf("a value that is too large led to %d, want 422", resp.StatusCode)
	}
}
