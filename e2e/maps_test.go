//go:build linux

package e2e

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestE2EMap: the page of the demo's map, whose images are drawn at its own points. Marks
// lie on the spines in every pane within one pixel, by what is on the canvases.
func TestE2EMap(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	w := startProgram(t, t.TempDir(), "--demo", "--port", "0")
	p := b.open(t, wide)
	p.visit(w.url)
	const page = `document.querySelector("[data-map]").map`

	// Only the ring around the selected run is drawn, over spines that are not too bright to tell their middles.
	p.visit(w.home + "/maps/rr30a?show=0,1,2&marks=0&tracing=0&contrast=0~300")
	p.wait("the plot is drawn", `document.querySelector(".map-plot-box")?.dataset.drawn > 1000`)
	drawn := `(() => {
  const panes = ` + page + `.panes().panes;
  return panes.length === 3 && panes.every(p => new RegExp("slice=" + p.slice + "&").test(p.drawn));
})()`
	p.wait("the images are drawn", drawn)

	// keep keeps what is on the canvas of each pane in the page, measure finds the middle of
	// what differs between two such (the ring), and from there the middle of the light.
	p.do(chromedp.Evaluate[chromedp.Void](`
window.keep = () => new Promise(done => requestAnimationFrame(() => setTimeout(() => done([...document.querySelectorAll("[data-map-pane]")].map(pane => {
  const canvas = pane.querySelector("canvas");
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
})))));
window.measure = (marked, plain) => {
  let n = 0, x = 0, y = 0;
  for (let i = 0; i < marked.data.length; i += 4) {
    if (marked.data[i] === plain.data[i] && marked.data[i + 2] === plain.data[i + 2]) continue;
    n++;
    x += i / 4 % marked.width;
    y += Math.floor(i / 4 / marked.width);
  }
  const ring = [x / n + 0.5, y / n + 0.5];
  let [cx, cy] = ring;
  for (let k = 0; k < 30; k++) {
    let sum = 0, sx = 0, sy = 0;
    for (let py = Math.floor(cy) - 9; py <= cy + 9; py++) {
      for (let px = Math.floor(cx) - 9; px <= cx + 9; px++) {
        const far = (px + 0.5 - cx) ** 2 + (py + 0.5 - cy) ** 2;
        const light = plain.data[(py * plain.width + px) * 4];
        const weight = Math.max(light - 20, 0) * Math.exp(-far / 18);
        sum += weight;
        sx += weight * (px + 0.5);
        sy += weight * (py + 0.5);
      }
    }
    if (!(sum > 0)) return {n, ring, light: null};
    [cx, cy] = [sx / sum, sy / sum];
  }
  return {n, ring, light: [cx, cy]};
};0`))
	type found struct {
		N           int
		Ring, Light []float64
	}
	var x, y, far []float64
	for run := 0; run < 140; run += 10 {
		p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("%s.select(%d, 0);0", page, run)))
		p.wait("every pane is at the run", fmt.Sprintf(`%s.panes().panes.every(p => p.place) && %s`, page, drawn))
		scale := ask[float64](p, page+".panes().panes[0].view.scale")
		present := ask[[]bool](p, page+".panes().panes.map(p => p.place.row !== null)")
		all := ask[[]found](p, fmt.Sprintf(`(async () => {
  const marked = await keep();
  %s.select(null);
  const plain = await keep();
  return marked.map((m, i) => measure(m, plain[i]));
})()`, page))
		for i, f := range all {
			if f.N < 50 {
				t.Errorf("run %d, session %d: a ring of %d pixels", run, i, f.N)
			}
			if !present[i] || f.Light == nil || len(f.Ring) != 2 {
				continue
			}
			dx, dy := (f.Light[0]-f.Ring[0])/scale, (f.Light[1]-f.Ring[1])/scale
			x, y, far = append(x, dx), append(y, dy), append(far, math.Hypot(dx, dy))
		}
	}
	slices.Sort(x)
	slices.Sort(y)
	slices.Sort(far)
	n := len(far)
	if n < 20 {
		t.Fatalf("%d spines were measured", n)
	}
	t.Logf("of %d spines the middle ones lie %.2f right and %.2f below their marks; nine of ten within %.2f pixels, all within %.2f", n, x[n/2], y[n/2], far[n*9/10], far[n-1])
	// A neck draws some of them towards its dendrite, evenly in all directions.
	if math.Abs(x[n/2]) > 0.25 || math.Abs(y[n/2]) > 0.25 || far[n*9/10] > 1 {
		t.Errorf("marks do not lie on their spines")
	}

	t.Run("a click on a point, keys, and a link", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/maps/rr30a?show=0,5&color=dynamics&lines=1")
		p.wait("the plot is drawn", `document.querySelector(".map-plot-box")?.dataset.drawn > 1000`)
		at := ask[[]float64](p, `(() => {
  const box = document.querySelector(".map-plot-box").getBoundingClientRect();
  const [x, y] = `+page+`.placeOf(3, 4);
  return [box.left + x, box.top + y];
})()`)
		p.do(chromedp.MouseClickXY(at[0], at[1]))
		p.says("#map-selected", "Run 3, session 4 b2, row 41")
		p.wait("it is said to all", `document.getElementById("announce").textContent.startsWith("Run 3, session 4")`)
		p.wait("the pane where it is absent shows where it would be", page+`.panes().panes[1].place?.row === null && `+page+`.panes().panes.every(p => new RegExp("slice=" + p.slice + "&").test(p.drawn))`)
		p.wait("it stands in the address", `new URL(location.href).searchParams.get("run") === "3"`)
		// Down the sessions by keys alone; then the images, each at its own slice.
		p.key(kb.ArrowLeft)
		p.says("#map-selected", "Run 3, session 3")
		// Where it is absent the server says where it would be, and the pane goes there.
		p.wait("every pane is at the run", page+`.panes().panes.every(p => p.place)`)
		z := ask[[]int](p, page+".panes().panes.map(p => p.slice)")
		p.do(chromedp.Focus(chromedp.CSS("[data-map-pane] .map-pane-stage")))
		p.key(".")
		p.key(".")
		p.wait("both have gone two slices", fmt.Sprintf("%s.panes().panes.every((p, i) => p.slice === [%d, %d][i])", page, z[0]+2, z[1]+2))
		p.key("1")
		p.wait("the key of a channel is the image's", page+`.stats().options.channel === 1 && location.pathname.endsWith("/maps/rr30a")`)
		p.key("z")
		p.key("z")
		p.wait("the maximum of all is drawn", page+`.panes().panes.every(p => /slice=all/.test(p.drawn))`)
		p.wait("all of that stands in the address", `/channel=1/.test(location.search) && /project=all/.test(location.search)`)
		link := ask[string](p, "location.href")
		p.shot("map-" + wide.String())
		p.visit(link)
		p.says("#map-selected", "Run 3, session 0")
		p.wait("the link shows the same", page+`.panes().panes.every(p => /channel=1&slice=all/.test(p.drawn))`)
		// The browser remembers it.
		p.visit(w.home + "/maps/rr30a")
		p.wait("the last options are back", page+`.stats().options.project === "all" && `+page+`.stats().options.color === "dynamics"`)
	})
	t.Run("narrow and light", func(t *testing.T) {
		p.t = t
		for _, v := range []view{narrow, wideLight} {
			p.look(v)
			p.visit(w.home + "/maps/rr30a?" + url.Values{"run": {"12"}, "color": {"segment"}, "show": {"0,1,2,3,4,5,6,7,8"}, "hx": {"1"}, "hy": {"1"}}.Encode())
			p.wait("the plot is drawn", `document.querySelector(".map-plot-box")?.dataset.drawn > 1000`)
			if over := ask[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				t.Errorf("the page is %d px wider than a window of %v", over, v)
			}
			// What is far from the window holds no pixels.
			p.wait("some panes are not drawn", page+`.panes().panes.some(p => !p.visible)`)
			p.shot("map-" + strings.ReplaceAll(v.String(), "/", "-"))
		}
	})
	p.calm()
	p.close()
}

// TestE2EMapTogether: two browsers look at a map together. What one selects is selected at the
// other, and the hand of one is at the same spine on the other's page.
func TestE2EMapTogether(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	w := startProgram(t, t.TempDir(), "--demo", "--port", "0")
	ada, bob := startBrowser(t).open(t, wide), startBrowser(t).open(t, wideLight)
	const of = `document.querySelector("[data-map]").map`
	enter := func(p *page, query string) {
		t.Helper()
		p.visit(w.url)
		p.visit(w.home + "/maps/rr30a?" + query)
		p.live()
		p.wait("the plot is drawn", `document.querySelector(".map-plot-box")?.dataset.drawn > 1000`)
	}
	ready := of + `.panes().panes.every(p => p.visible ? p.view && new RegExp("slice=" + p.slice + "&").test(p.drawn) : true)`
	people := func(p *page, want string) {
		t.Helper()
		p.wait("it says "+want, fmt.Sprintf(`document.querySelector("[data-map-people]").getAttribute("aria-label") === %q`, want))
	}
	enter(ada, "show=0,1&together=1")
	people(ada, "1 person here, you are the blue one")
	ada.says("[data-map-together-note]", "Nobody else")
	enter(bob, "show=1,2")
	bob.click("#map-together")
	bob.wait("it stands in the address", `new URL(location.href).searchParams.get("together") === "1"`)
	people(bob, "2 people here, you are the orange one")
	people(ada, "2 people here, you are the blue one")

	click := func(p *page, run, session int) {
		t.Helper()
		at := ask[[]float64](p, fmt.Sprintf(`(() => {
  const box = document.querySelector(".map-plot-box");
  box.scrollIntoView({block: "center"});
  const {left, top} = box.getBoundingClientRect();
  const [x, y] = %s.placeOf(%d, %d);
  return [left + x, top + y];
})()`, of, run, session))
		p.do(chromedp.MouseClickXY(at[0], at[1]))
	}
	click(ada, 3, 1)
	bob.says("#map-selected", "Run 3, session 1")
	bob.wait("the panes are at the run", ready)
	ada.wait("the panes are at the run", ready)

	// Another zoom and another slice, so that the hand is at the same spine and not at the same pixel.
	bob.do(chromedp.Focus(chromedp.CSS(`[data-session="1"] .map-pane-stage`)))
	bob.key("+")
	bob.key("+")
	bob.key(kb.ArrowRight)
	where := func(p *page) []float64 {
		t.Helper()
		return ask[[]float64](p, `(() => {
  const pane = `+of+`.panes().panes.find(p => p.session === 1);
  const box = document.querySelector('[data-session="1"] .map-pane-stage').getBoundingClientRect();
  const [x, y] = `+of+`.screenOf(1, pane.place.x, pane.place.y);
  return [box.left + x, box.top + y, pane.view.scale];
})()`)
	}
	from := where(ada)
	ada.mouse(chromedp.MouseMoved, from[0]+30, from[1])
	ada.mouse(chromedp.MouseMoved, from[0], from[1])
	var far []float64
	until(t, "the hand is at the spine", func() string {
		to := where(bob)
		hand := ask[[]float64](bob, `(() => {
  const hand = document.querySelector('[data-session="1"] .map-hand[data-person="0"]')?.getBoundingClientRect();
  return hand ? [hand.left, hand.top] : [];
})()`)
		if len(hand) != 2 {
			return "there is none"
		}
		if to[2] <= from[2] {
			return "the other has not zoomed"
		}
		far = []float64{hand[0] - to[0], hand[1] - to[1]}
		// A pointer is told in whole pixels, which are larger at the other's zoom.
		if d := math.Hypot(far[0], far[1]); d > 2 {
			return fmt.Sprintf("it is %.2f pixels away", d)
		}
		return ""
	})
	t.Logf("the hand is %.2f right and %.2f below its spine, at %.3g times the zoom", far[0], far[1], where(bob)[2]/from[2])
	bob.wait("the one who points is marked", `document.querySelector('[data-map-people] [data-person="0"]').title.includes("pointing")`)
	bob.shot("map-together-" + strings.ReplaceAll(wideLight.String(), "/", "-"))

	// In the plot, by values; and not where the axes are others.
	at := ask[[]float64](ada, `(() => {
  const box = document.querySelector(".map-plot-box").getBoundingClientRect();
  const [x, y] = `+of+`.placeOf(3, 1);
  return [box.left + x, box.top + y];
})()`)
	ada.mouse(chromedp.MouseMoved, at[0], at[1])
	bob.wait("the hand is at the point", `(() => {
  const hand = document.querySelector(".map-plot-box .map-hand")?.getBoundingClientRect();
  const box = document.querySelector(".map-plot-box").getBoundingClientRect();
  const [x, y] = `+of+`.placeOf(3, 1);
  return hand && Math.hypot(hand.left - box.left - x, hand.top - box.top - y) < 2;
})()`)
	bob.do(chromedp.Evaluate[chromedp.Void](`(field => { field.value = "z"; field.dispatchEvent(new Event("input", {bubbles: true})); })(document.querySelector("[data-map-form] [name=y]"));0`))
	bob.wait("there is no hand on other axes", `!document.querySelector(".map-hand")`)

	// The last one who selects leads; who comes again follows.
	ada.mouse(chromedp.MouseMoved, 5, 5) // what is under a pointer is said before what is selected
	click(bob, 3, 2)
	chosen := ask[string](bob, `document.getElementById("map-selected").textContent.split(",").slice(0, 2).join(",")`)
	ada.says("#map-selected", chosen)
	ada.do(chromedp.Reload())
	ada.live()
	ada.says("#map-selected", chosen)
	people(ada, "2 people here, you are the blue one")
	bob.do(chromedp.Focus(chromedp.CSS(".map-plot-box")))
	bob.key(kb.Escape)
	ada.says("#map-selected", "Nothing is selected")
	bob.mouse(chromedp.MouseMoved, 5, 5)

	// Who looks alone again neither hears nor is heard.
	bob.do(chromedp.Evaluate[chromedp.Void]("scrollTo(0, 0);0")) // the head of the page lies over what is scrolled to
	bob.click("#map-together")
	people(ada, "1 person here, you are the blue one")
	click(ada, 3, 0)
	ada.says("#map-selected", "Run ")
	bob.says("#map-selected", "Nothing is selected")
	if ask[bool](bob, `document.querySelector("[data-map-people]").children.length > 0 && !document.querySelector("[data-map-people]").hidden`) {
		t.Error("people are listed at who looks alone")
	}
	for _, p := range []*page{ada, bob} {
		p.calm()
		p.close()
	}
}
