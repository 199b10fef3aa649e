//go:build linux

package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"webmon/shm/maps/made"
	"webmon/shm/stack/stacktest"
)

// ofPanes is what a page says of its panes, and drawnAll whether each has drawn its slice.
const (
	ofPanes  = `document.querySelector("[data-map]").map.panes()`
	drawnAll = `(() => {
  const panes = document.querySelector("[data-map]")?.map?.panes().panes ?? [];
  return panes.some(p => p.drawn) && panes.every(p => !p.visible || new RegExp("slice=" + p.slice + "&").test(p.drawn));
})()`
)

// paneView is what a pane shows.
type paneView struct{ X, Y, Scale, Z float64 }

// within is whether two numbers are the same but for how an address writes them.
func within(a, b, most float64) bool { return math.Abs(a-b) <= most }

// touch puts fingers down, moves them on a straight way, and lifts them: from and to have x and y of each.
func (p *page) touch(from, to [][2]float64) {
	p.t.Helper()
	points := func(share float64) (out []*input.TouchPoint) {
		for i := range from {
			id := float64(i)
			out = append(out, &input.TouchPoint{X: from[i][0] + share*(to[i][0]-from[i][0]), Y: from[i][1] + share*(to[i][1]-from[i][1]), ID: &id})
		}
		return out
	}
	send := func(kind input.DispatchTouchEventType, points []*input.TouchPoint) {
		p.t.Helper()
		if _, err := chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
			p.t.Fatal(err)
		}
	}
	send("touchStart", points(0))
	if from[0] != to[0] {
		for i := 1; i <= 10; i++ {
			send("touchMove", points(float64(i)/10))
		}
	}
	send("touchEnd", []*input.TouchPoint{})
}

// TestE2EMapPanes: the panes of a map by keys and by fingers, in the whole window, by a link, and where files are not as they should be.
func TestE2EMapPanes(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "files"), made.RR30a()); err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(dir, "files", "raw")
	if err := os.MkdirAll(raw, 0o755); err != nil {
		t.Fatal(err)
	}
	stack := func(session int) string { return filepath.Join(raw, fmt.Sprintf("rr30a_s%d_ch1.tif", session)) }
	tiff := func(seed uint64) []byte {
		return stacktest.TIFF{Rows: 96, Cols: 128, Bits: 16}.Write(stacktest.Noise(seed, 40, 96, 128, 16))
	}
	write := func(session int, data []byte) {
		t.Helper()
		if err := os.WriteFile(stack(session), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(0, tiff(1))
	write(1, tiff(2)[:5000])
	write(2, []byte("no image"))
	w := startProgram(t, t.TempDir(), "--demo", "--port", "0", "--maps", dir)
	p := b.open(t, wide)
	p.visit(w.url)
	view := func(i int) paneView { return ask[paneView](p, fmt.Sprintf("%s.panes[%d].view", ofPanes, i)) }
	width := func() float64 {
		return ask[float64](p, `document.querySelector(".map-pane-stage").clientWidth`)
	}
	focus := func() {
		t.Helper()
		p.do(chromedp.Focus(chromedp.CSS("[data-map-pane] .map-pane-stage")))
	}

	t.Run("a key that is held, and a link to what is shown", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/maps/rr30a?show=0,1,2,3")
		p.wait("the images are drawn", drawnAll)
		focus()
		from := view(0)
		for range 12 {
			p.key(".")
		}
		p.key("+")
		p.key(kb.ArrowRight)
		p.wait("all panes have followed, and drawn it", fmt.Sprintf(`%s.panes[0].slice === %v && %s`, ofPanes, from.Z+12, drawnAll))
		p.wait("it stands in the address", `new URL(location.href).searchParams.get("view")?.split("~").length === 4`)
		was, wide0 := view(0), width()
		asked := ask[float64](p, ofPanes+".planes.asked")
		if asked > 60 {
			t.Errorf("%v requests for a dozen steps of four panes", asked)
		}
		link := ask[string](p, "location.href")
		p.look(narrow)
		p.visit(link)
		p.wait("its panes are there", `document.querySelector("[data-map-pane] .map-pane-slider") !== null`)
		p.do(chromedp.ScrollIntoView(chromedp.CSS("[data-map-pane]")))
		p.wait("the link shows its images", drawnAll)
		got := view(0)
		if !within(got.X, was.X, 0.1) || !within(got.Y, was.Y, 0.1) || got.Z != was.Z || !within(width()/got.Scale, wide0/was.Scale, 0.2) {
			t.Errorf("the link shows %+v in %v pixels, and %+v in %v was copied", got, width(), was, wide0)
		}
		p.look(wide)
		p.visit(w.home + "/maps/rr30a")
		p.wait("the browser remembers it", drawnAll+` && `+ofPanes+`.panes.length === 4`)
		if got := view(0); !within(got.X, was.X, 0.1) || got.Z != was.Z {
			t.Errorf("what was looked at last is %+v, want %+v", got, was)
		}
		// A run in the address does not move what the address shows; one that somebody selects does.
		p.visit(link + "&run=3")
		p.wait("the run is selected", ofPanes+`.panes.every(p => p.place) && `+drawnAll)
		if got := view(0); !within(got.X, was.X, 0.1) || got.Z != was.Z {
			t.Errorf("with a run the link shows %+v, want %+v", got, was)
		}
		p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-map]").map.select(4, 0);0`))
		p.wait("another one is in the middle", fmt.Sprintf(`Math.abs(%s.panes[0].view.x - %v) > 1`, ofPanes, was.X))
	})
	t.Run("the whole window", func(t *testing.T) {
		p.t = t
		p.look(wide)
		p.visit(w.home + "/maps/rr30a?show=0,1,2&run=12")
		p.wait("the images are drawn", drawnAll+` && `+ofPanes+`.panes.every(p => p.place)`)
		focus()
		small, before := width(), view(0)
		p.key(kb.Enter)
		full := `(() => {
  const box = document.querySelector("[data-map-pane]").getBoundingClientRect();
  return box.left === 0 && box.top === 0 && box.width === innerWidth && box.height === innerHeight;
})()`
		p.wait("one image has the window", full)
		p.wait("it is drawn in it", drawnAll)
		if got := view(0); got.X != before.X || got.Scale <= before.Scale || width() <= small {
			t.Errorf("in the window it shows %+v, before %+v", got, before)
		}
		if out := ask[bool](p, `document.querySelectorAll("[data-map-pane]")[1].inert && document.activeElement.matches(".map-pane-stage")`); !out {
			t.Error("the focus can leave it")
		}
		p.key(".")
		p.wait("its keys work", fmt.Sprintf("%s.panes[0].slice === %v && %s", ofPanes, math.Round(before.Z)+1, drawnAll))
		p.shot("map-pane-full-" + wide.String())
		p.key(kb.Escape)
		p.wait("escape gives it back", `!`+full+` && !document.querySelector("[inert]") && document.activeElement.matches(".map-pane-stage")`)
		p.wait("what was selected stays", `new URL(location.href).searchParams.get("run") === "12"`)
		if got := view(0); !within(got.Scale, before.Scale, 1e-6) {
			t.Errorf("back on the page it shows %+v, before %+v", got, before)
		}
		p.click("[data-map-full]")
		p.wait("its button does the same", full)
		p.click("[data-map-full]")
		p.wait("and gives it back", `!`+full)
	})
	t.Run("fingers", func(t *testing.T) {
		p.t = t
		p.look(narrow)
		if _, err := chromedp.Call(p.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 5}); err != nil {
			t.Fatal(err)
		}
		p.visit(w.home + "/maps/rr30a?show=0&run=3")
		p.wait("its pane is there", `document.querySelector("[data-map-pane] .map-pane-slider") !== null`)
		p.do(chromedp.ScrollIntoView(chromedp.CSS("[data-map-pane]")))
		p.wait("the image is drawn", drawnAll+` && `+ofPanes+`.panes.every(p => p.place)`)
		if !ask[bool](p, `matchMedia("(pointer: coarse)").matches`) {
			t.Fatal("the browser has no fingers")
		}
		p.do(chromedp.ScrollIntoView(chromedp.CSS("[data-map-pane]")))
		at := func(x, y float64) [2]float64 {
			return ask[[2]float64](p, fmt.Sprintf(`(() => {
  const box = document.querySelector(".map-pane-stage").getBoundingClientRect();
  return [box.left + %v * box.width, box.top + %v * box.height];
})()`, x, y))
		}
		for _, button := range ask[[][2]float64](p, `[...document.querySelectorAll("[data-map-pane] button")].map(b => b.getBoundingClientRect()).filter(b => b.width > 0).map(b => [b.width, b.height])`) {
			if button[0] < 44 || button[1] < 44 {
				t.Errorf("a button of %v pixels is small for a thumb", button)
			}
		}
		// The run's mark is in the middle: a finger beside it selects, one on nothing selects nothing.
		p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-map]").map.select(null);0`))
		middle := at(0.5, 0.5)
		p.touch([][2]float64{{middle[0] + 14, middle[1]}}, [][2]float64{{middle[0] + 14, middle[1]}})
		p.wait("a tap selects", `document.querySelector("[data-map]").map.stats().selected !== null`)
		p.wait("it is drawn", drawnAll)
		v := view(0)
		from, to := at(0.6, 0.6), at(0.4, 0.5)
		p.touch([][2]float64{from}, [][2]float64{to})
		p.wait("a drag pans", fmt.Sprintf(`%s.panes[0].view.x > %v && %s.panes[0].view.y > %v`, ofPanes, v.X+(from[0]-to[0])/v.Scale*0.7, ofPanes, v.Y+(from[1]-to[1])/v.Scale*0.7))
		v = view(0)
		p.touch([][2]float64{at(0.45, 0.5), at(0.55, 0.5)}, [][2]float64{at(0.25, 0.5), at(0.75, 0.5)})
		p.wait("two fingers zoom", fmt.Sprintf(`%s.panes[0].view.scale > %v`, ofPanes, 2*v.Scale))
		if got := view(0); !within(got.X, v.X, 12/v.Scale) || !within(got.Y, v.Y, 12/v.Scale) {
			t.Errorf("what was between the fingers has gone from %+v to %+v", v, got)
		}
		p.click("[data-map-full]")
		slider := func(y float64) [2]float64 {
			return ask[[2]float64](p, fmt.Sprintf(`(() => {
  const box = document.querySelector(".map-pane-full .map-pane-slider").getBoundingClientRect();
  return [box.left + box.width / 2, box.top + %v * box.height];
})()`, y))
		}
		p.touch([][2]float64{slider(0.5)}, [][2]float64{slider(0.02)})
		p.wait("a thumb on the edge goes to the first slices", ofPanes+`.panes[0].slice < 5 && `+drawnAll)
		p.touch([][2]float64{slider(0.05)}, [][2]float64{slider(0.97)})
		p.wait("and to the last ones", ofPanes+`.panes[0].slice > 60 && `+drawnAll)
		if over := ask[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("the page is %d px wider than the window", over)
		}
		p.shot("map-pane-full-" + narrow.String())
		p.click("[data-map-full]")
		p.shot("map-pane-touch-" + narrow.String())
		if _, err := chromedp.Call(p.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: false}); err != nil {
			t.Fatal(err)
		}
		p.look(wide)
	})
	t.Run("files that are broken, gone and changed", func(t *testing.T) {
		p.t = t
		p.look(wide)
		p.visit(w.home + "/maps/files?show=0,1,2,3&slice=5")
		p.do(chromedp.ScrollIntoView(chromedp.CSS("[data-map-pane]")))
		p.wait("what can be read is drawn", ofPanes+`.panes[0].drawn !== ""`)
		says := func(session int, text string) {
			t.Helper()
			p.says(fmt.Sprintf(`[data-session="%d"] .map-pane-why`, session), text)
		}
		says(1, "rr30a_s1_ch1.tif")
		says(2, "rr30a_s2_ch1.tif")
		says(3, "This session has no images.")
		write(1, tiff(2))
		// What has changed in the folder is noticed some time after: one tries again until it is.
		again := func(session int) string {
			return fmt.Sprintf(`(document.querySelector('[data-session="%d"] .map-pane-why:not([hidden]) button')?.click(), true) && `, session)
		}
		p.wait("once it is whole it is drawn", again(1)+ofPanes+`.panes[1].drawn !== "" && document.querySelector('[data-session="1"] .map-pane-why').hidden`)
		// Another file in its place: what is asked for next shows that, and nothing of the old one.
		write(0, tiff(9))
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(stack(0), later, later); err != nil {
			t.Fatal(err)
		}
		was := ask[string](p, ofPanes+`.panes[0].drawn`)
		focus()
		p.key(kb.End)
		p.wait("the other file is shown", ofPanes+`.panes[0].slice === 39 && /slice=39&/.test(`+ofPanes+`.panes[0].drawn)`)
		if tag := func(key string) string { return key[strings.LastIndex(key, "tag="):] }; tag(was) == tag(ask[string](p, ofPanes+`.panes[0].drawn`)) {
			t.Error("what is shown has the tag of the old file")
		}
		if err := os.Remove(stack(0)); err != nil {
			t.Fatal(err)
		}
		p.key(kb.Home)
		p.wait("that it is gone is said", `/no such file|no images/i.test(document.querySelector('[data-session="0"] .map-pane-why').innerText)`)
		p.shot("map-pane-why-" + wide.String())
		write(0, tiff(1))
		p.wait("once it is back it is drawn", again(0)+ofPanes+`.panes[0].slice === 0 && /slice=0&/.test(`+ofPanes+`.panes[0].drawn)`)
	})
	p.t = t
	p.calm("the server responded with a status of 422") // the pictures of a page without scripts
	p.close()
}
