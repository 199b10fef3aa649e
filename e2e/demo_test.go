//go:build linux

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The tiles of the demo, whose viewer opens with its canvas, and what is true once that is drawn.
const (
	tiles         = "/viewer?view=tiles"
	canvasIsDrawn = `Number(document.querySelector("[data-canvas]")?.dataset.frames) > 0`
)

// TestE2EDemo looks at the demo as somebody does who has just built webmon.
func TestE2EDemo(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	w := startProgram(t, home, "--demo", "--port", quietPort(t))
	began := time.Now()

	t.Run("every page, wide and narrow, dark and light", func(t *testing.T) {
		for _, v := range []view{wide, wideLight, narrow, narrowLight} {
			p := b.open(t, v)
			p.visit(w.url)
			if got := ask[string](p, "location.search"); got != "" {
				t.Errorf("the token stays in the address: %q", got)
			}
			for _, path := range []string{"/viewer", "/viewer?view=layer", tiles, "/loader", "/layers", "/controls", "/messages", "/status", "/individual/frame_time"} {
				p.visit(w.home + path)
				p.live()
				if path == "/viewer" {
					p.wait("the canvas is drawn", canvasIsDrawn)
				} else if strings.HasPrefix(path, "/viewer") {
					p.wait("tiles are drawn", `document.querySelector("[data-viewer]").dataset.ready === "true"`)
				} else if strings.Contains("/loader /individual/frame_time", path) {
					draws(t, p, "frame_time")
				}
				if !strings.HasPrefix(path, "/individual") {
					p.says("#live-notices", "This is a demo")
				}
				if over := ask[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
					t.Errorf("%s is %d px wider than a window of %v", path, over, v)
				}
				p.shot("demo" + strings.NewReplacer("/", "-", "?view=", "-").Replace(path) + "-" + v.String())
			}
			p.calm()
			p.stayedHome(w.hosts()...)
			p.close()
		}
	})
	p := b.open(t, wide)
	t.Run("keys", func(t *testing.T) {
		p.t = t
		p.visit(w.url)
		p.live()
		for i, path := range []string{"/viewer", "/loader", "/layers", "/controls", "/arrays", "/volumes", "/models", "/maps", "/messages", "/status"} {
			p.key(strconv.Itoa((i + 1) % 10))
			p.wait("key "+strconv.Itoa((i+1)%10)+" opens "+path, fmt.Sprintf(`location.pathname === %q &&
				document.querySelector("#tabs [aria-current=page]").getAttribute("href") === %q`, path, path))
		}
		if n := ask[int](p, `performance.getEntriesByType("navigation").length + performance.getEntriesByType("resource").filter(e => e.name.endsWith("/ws")).length`); n != 1 {
			t.Errorf("%d loads of a page, want 1: tabs keep page and socket", n)
		}
		p.key("1")
		p.wait("the canvas is drawn", canvasIsDrawn)
		p.visit(w.home + tiles)
		p.live()
		p.wait("tiles are drawn", `document.querySelector("[data-viewer]")?.dataset.ready === "true"`)
		p.do(chromedp.Focus(chromedp.CSS("[data-viewer-canvas]")))
		scale := `document.querySelector("[data-viewer]").viewer.stats().camera.scale`
		// It follows napari's view at first, which moves.
		p.key("f")
		p.wait("the whole image is shown, and at rest", `(async () => {
			const {viewer} = document.querySelector("[data-viewer]");
			const {mode, camera} = viewer.stats();
			for (let i = 0; i < 20; i++) await new Promise(requestAnimationFrame);
			return mode === "fit" && camera.scale === viewer.stats().camera.scale;
		})()`)
		fit := ask[float64](p, scale)
		p.key("+")
		p.wait("+ zooms in", fmt.Sprintf("%s > %g", scale, fit*1.2))
		p.key("-")
		p.key("-")
		p.wait("- zooms out", fmt.Sprintf("%s < %g", scale, fit*0.9))
		p.key("f")
		p.wait("f shows the whole image", fmt.Sprintf("Math.abs(%s / %g - 1) < 1e-6", scale, fit))

		p.key(" ")
		p.wait("space pauses", `!document.getElementById("paused").hidden`)
		frames := ask[string](p, `document.querySelector("[data-viewer]").dataset.frames`)
		words := p.text("#live-viewer-panel")
		sent := w.count("demo", "frame_time", 900)
		until(t, "the demo goes on", func() string {
			if now := w.count("demo", "frame_time", 900); now < sent+60 {
				return fmt.Sprint(now)
			}
			return ""
		})
		if now := ask[string](p, `document.querySelector("[data-viewer]").dataset.frames`); now != frames {
			t.Errorf("the paused picture went from frame %s to %s", frames, now)
		}
		if now := p.text("#live-viewer-panel"); now != words {
			t.Errorf("paused numbers went from %q to %q", words, now)
		}
		if icons := ask[int](p, `[...document.querySelectorAll("[data-action=pause] svg")].filter(e => e.checkVisibility()).length`); icons != 1 {
			t.Errorf("the button shows %d icons", icons)
		}
		p.shot("demo-paused")
		p.key(" ")
		p.wait("space goes on", fmt.Sprintf(`document.getElementById("paused").hidden &&
			Number(document.querySelector("[data-viewer]").dataset.frames) > %s`, frames))

		theme := `getComputedStyle(document.documentElement).backgroundColor`
		dark := ask[string](p, theme)
		for range 2 { // from the system's to a chosen one, and on
			p.key("t")
		}
		p.key("?")
		p.wait("? opens the help", `document.getElementById("help").open`)
		p.shot("demo-help")
		p.do(chromedp.KeyEvent("\x1b"))
		p.wait("escape closes it", `!document.getElementById("help").open`)
		seen := []string{dark, ask[string](p, theme)}
		p.key("t")
		if seen = append(seen, ask[string](p, theme)); len(slices.Compact(slices.Sorted(slices.Values(seen)))) < 2 {
			t.Errorf("t leaves the colours as they are: %v", seen)
		}
	})
	t.Run("mouse", func(t *testing.T) {
		p.t = t
		p.visit(w.url)
		p.visit(w.home + tiles)
		p.live()
		p.wait("tiles are drawn", `document.querySelector("[data-viewer]").dataset.ready === "true"`)
		camera := func(of string) float64 {
			return ask[float64](p, `document.querySelector("[data-viewer]").viewer.stats().camera.`+of)
		}
		scale := camera("scale")
		p.do(chromedp.MouseEvent(chromedp.MouseWheel, 500, 450, func(e *input.DispatchMouseEventParams) {
			e.DeltaX, e.DeltaY = 1e-9, -400 // a zero is left out, and Chromium wants both
		}))
		p.wait("the wheel zooms in", fmt.Sprintf(`document.querySelector("[data-viewer]").viewer.stats().camera.scale > %g`, scale*1.3))
		x := camera("x")
		p.do(chromedp.DragAndDropXY(700, 450, 500, 450, 10))
		p.wait("a drag moves the picture", fmt.Sprintf(`document.querySelector("[data-viewer]").viewer.stats().camera.x > %g`, x))
		p.do(chromedp.MouseEvent(chromedp.MouseMoved, 400, 400))
		p.says("[data-viewer-readout]", "y ")

		p.key("2")
		draws(t, p, "frame_time")
		draws(t, p, "load_time")
		box := ask[struct{ X, Y, Width, Height float64 }](p, `(({x, y, width, height}) => ({X: x, Y: y, Width: width, Height: height}))(
			document.querySelector('[data-chart="frame_time"] [data-chart-picture]').getBoundingClientRect())`)
		at := func(share float64) (x, y float64) { return box.X + box.Width*share, box.Y + box.Height/2 }
		_, py := at(0)
		place := 0.97
		until(t, "what is pointed at is read", func() string {
			px, _ := at(place)
			p.do(chromedp.MouseEvent(chromedp.MouseMoved, px, py))
			got := p.text(`[data-chart="frame_time"] [data-chart-readout]`)
			if strings.Contains(got, "ms") {
				return ""
			}
			place = max(0.8, place-0.01) // nothing may have come in that moment
			return fmt.Sprintf("it says %q", got)
		})
		p.wait("all charts share the reading line", `[...document.querySelectorAll("[data-chart-cursor]")].every(e => !e.hidden)`)
		p.shot("demo-crosshair")
		from, _ := at(0.6)
		to, _ := at(0.9)
		p.do(chromedp.DragAndDropXY(from, py, to, py, 10))
		p.wait("a drag zooms in, and time stands still", `!document.querySelector("[data-chart-live]").hidden`)
		p.shot("demo-zoomed")
		p.do(chromedp.KeyEvent("\x1b"))
		p.wait("escape leads back to the present", `document.querySelector("[data-chart-live]").hidden`)
		p.click(`[data-chart-bar] [data-window="300"]`)
		p.wait("the window is in the address and in all charts", `location.search.includes("window=300") &&
			[...document.querySelectorAll("[data-chart]")].every(e => e.dataset.window === "300" && e.dataset.topic.endsWith("/300"))`)
		draws(t, p, "frame_time")

		p.tab("messages")
		p.says("#live-messages", "frame_time")
		p.do(chromedp.SendKeys(chromedp.CSS("#messages-search"), "frame_t"))
		p.wait("a search leaves what matches", `(all => {
			const left = all.filter(e => e.checkVisibility());
			return left.length > 0 && left.length < all.length / 2 && left.every(e => e.textContent.includes("frame_t"));
		})([...document.querySelectorAll("[data-message-topic]")])`)
		p.shot("demo-search")
		p.calm()
	})
	t.Run("back and forward", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/loader")
		p.live()
		draws(t, p, "frame_time")
		p.tab("status")
		p.says("#live-status", "demo")
		p.tab("messages")
		p.says("#live-messages", "frame_time")
		for _, step := range []struct{ go_, path, shows string }{
			{"back", "/status", "#live-status"},
			{"back", "/loader", `[data-chart="frame_time"]`},
			{"forward", "/status", "#live-status"},
			{"forward", "/messages", "#live-messages"},
			{"go(-2)", "/loader", `[data-chart="frame_time"]`},
		} {
			call := step.go_
			if !strings.HasSuffix(call, ")") {
				call += "()"
			}
			ask[any](p, "void history."+call)
			p.wait(step.go_+" leads to "+step.path, fmt.Sprintf(`location.pathname === %q &&
				document.querySelector("#tabs [aria-current=page]").getAttribute("href") === %q &&
				document.querySelector(%q) !== null`, step.path, step.path, step.shows))
			p.live()
			if heads := ask[int](p, `document.querySelectorAll("header.head").length`); heads != 1 {
				t.Fatalf("%s leaves a page with %d heads", step.go_, heads)
			}
		}
		draws(t, p, "frame_time") // it is alive again
		p.shot("demo-back")
	})
	t.Run("the past is there at once", func(t *testing.T) {
		p.t = t
		until(t, "the demo has run for a while", func() string {
			if time.Since(began) < 15*time.Second {
				return "not yet"
			}
			return ""
		})
		p.visit(w.home + "/loader?window=60")
		p.live()
		draws(t, p, "frame_time")
		p.click(`[data-chart="frame_time"] [data-chart-table] summary`)
		p.wait("the table reaches back to before the page was opened", `(() => {
				const rows = [...document.querySelectorAll('[data-chart="frame_time"] [data-chart-table] tbody tr')];
				const text = rows.at(-1)?.cells[0]?.textContent.trim() ?? "";
				const time = /(\d+):(\d+):([\d.]+)/.exec(text);
				if (!time) return false;
				const oldest = new Date();
				oldest.setHours(time[1], time[2], 0, Number(time[3]) * 1000);
				if (oldest > new Date()) oldest.setDate(oldest.getDate() - 1); // it has been midnight since
				return oldest.getTime() < performance.timeOrigin - 1000;
			})()`)
		p.shot("demo-loader-table")
	})
	t.Run("for those who cannot see it", func(t *testing.T) {
		p.t = t
		for _, path := range []string{"/viewer", tiles, "/loader", "/layers", "/controls", "/messages", "/status"} {
			p.visit(w.home + path)
			p.live()
			accessible(t, p, path)
		}
	})
	t.Run("a browser without WebGL", func(t *testing.T) {
		p := b.open(t, wide)
		if _, err := chromedp.Call(p.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
			Source: `const get = HTMLCanvasElement.prototype.getContext;
				HTMLCanvasElement.prototype.getContext = function (kind, ...more) { return kind === "webgl2" ? null : get.call(this, kind, ...more); };`,
		}); err != nil {
			t.Fatal(err)
		}
		p.visit(w.url)
		p.visit(w.home + tiles)
		p.live()
		p.says("[data-viewer-note]", "no WebGL2")
		p.says("#live-viewer-panel", "tiles drawn")
		p.shot("demo-no-webgl")
		p.calm()
		p.close()
	})
	t.Run("without the token, and where nothing is", func(t *testing.T) {
		for _, v := range []view{wide, narrowLight} {
			p := b.open(t, v)
			p.visit(w.home + "/loader?window=300")
			p.says("main", "needs its token")
			p.shot("login-" + v.String())
			p.do(chromedp.SendKeys(chromedp.CSS("#token"), "0123456789012345678901234567890123456789"),
				chromedp.Submit(chromedp.CSS("#token")))
			p.says("main", "not this webmon's token")
			p.shot("login-wrong-" + v.String())
			p.do(chromedp.SendKeys(chromedp.CSS("#token"), w.token), chromedp.Submit(chromedp.CSS("#token")))
			p.live()
			if got := ask[string](p, "location.pathname + location.search"); got != "/loader?window=300" {
				t.Errorf("the token leads to %s", got)
			}
			p.visit(w.home + "/nowhere")
			p.says("main", "There is nothing at this address.")
			p.shot("404-" + v.String())
			p.visit(w.home + "/viewer?source=nobody")
			p.says("main", `There is no source "nobody"`)
			p.calm("401", "404")
			p.close()
		}
	})
	t.Run("storybook", func(t *testing.T) {
		p := b.open(t, wide)
		p.visit(w.url)
		p.visit(w.home + "/storybook")
		p.wait("stories are there", `document.querySelectorAll("iframe").length > 20`)
		p.shot("storybook")
		p.calm()
		p.stayedHome(w.hosts()...)
		p.close()
	})
	t.Run("behind a proxy that adds a prefix, and in a frame", func(t *testing.T) {
		p.do(chromedp.Navigate("about:blank")) // it need not paint meanwhile
		for _, strips := range []bool{false, true} {
			t.Run(fmt.Sprintf("strips %t", strips), func(t *testing.T) { behindProxy(t, b, strips) })
		}
	})
	t.Run("nothing attached, until something is", func(t *testing.T) {
		home := t.TempDir()
		// Nobody serves at that port: napari was gone before we came.
		empty := startProgramIn(t, home, []string{"NAPARI_MON_CLIENT=" +
			base64.StdEncoding.EncodeToString([]byte(`{"server_port": 1}`))}, "--port", "0")
		p := b.open(t, wide)
		p.visit(empty.url)
		p.live()
		p.says("#live-viewer-stage", "No napari is attached")
		p.shot("empty-viewer")
		for _, path := range []string{"loader", "layers", "controls", "messages", "status"} {
			p.tab(path)
			p.wait(path, fmt.Sprintf("location.pathname === %q", "/"+path))
			if path == "loader" {
				p.says(`[data-chart="frame_time"]`, "No frame yet")
			}
			p.shot("empty-" + path)
		}
		p.look(narrowLight)
		p.key("1")
		p.says("#live-viewer-stage", "No napari is attached")
		if over := ask[int](p, `(e => e.scrollWidth - e.clientWidth)(document.querySelector(".viewer-empty"))`); over > 0 {
			t.Errorf("what to do is %d px wider than its place", over)
		}
		p.shot("empty-viewer-narrow")
		p.look(wide)
		if stdout, status := runProgram(t, home, "--demo"); status != 0 || strings.TrimSpace(stdout) != empty.url {
			t.Errorf("a second webmon ended with %d and printed %q, want 0 and %s", status, stdout, empty.url)
		}
		p.says("#live-notices", "This is a demo") // the page has gone on by itself
		p.wait("the canvas or tiles are drawn", canvasIsDrawn+` || document.querySelector("[data-viewer]")?.dataset.ready === "true"`)
		p.calm()
		p.close()
	})
	t.Run("webmon starts again", func(t *testing.T) {
		p.t = t
		p.visit(w.home + "/loader")
		p.live()
		w.stop(t)
		p.says("#socket-state", "reconnecting")
		p.shot("demo-reconnecting")
		connectionIsRead(p)
		again := startProgram(t, home, "--demo", "--port", strings.Split(w.host(), ":")[1])
		if again.url != w.url {
			t.Errorf("the address is %s, was %s", again.url, w.url)
		}
		// Sessions end with the webmon that has begun them. The bookmark begins another.
		p.says("#socket-state", "signed out, sign in")
		p.shot("demo-signed-out")
		p.click("#socket-state a")
		p.says("main", "webmon has been started again since")
		p.visit(again.url)
		p.visit(again.home + "/loader")
		p.live()
		draws(t, p, "frame_time")
		p.tab("status")
		p.click("[data-dialog=stop]")
		p.says("#stop", "Stop webmon?")
		p.shot("demo-stop")
		p.click("#stop [type=submit].btn-danger")
		p.says("body", "webmon has stopped")
		p.shot("demo-stopped")
		if status := again.await(t); status != 0 {
			t.Errorf("webmon ended with %d: %s", status, again.stderr)
		}
		p.calm("WebSocket connection to", "htmx:ws:error", "Failed to load resource")
		p.stayedHome(w.hosts()...)
	})
}

// connectionIsRead checks that what a page says of its lost connection can be read,
// whatever it is, on screens of any width and beside the longest name of a source.
func connectionIsRead(p *page) {
	p.t.Helper()
	for _, width := range []int{320, 390, 561, 768, 901, 1024, 1101, 1400} {
		p.look(view{width, 844, "dark"})
		p.wait("charts have the width of the screen", `document.documentElement.scrollWidth <= innerWidth`) // they follow it with the next frame
		for _, state := range [][2]string{
			{"connecting", "connecting"}, {"reconnecting", "reconnecting in 3 s"}, {"reconnecting", "not reachable, again in 3 s"},
			{"stopped", "stopped"}, {"signed-out", "signed out, sign in"},
		} {
			wrong := ask[string](p, fmt.Sprintf(`(() => {
				const [root, state, name] = [document.documentElement, document.getElementById("socket-state"), document.querySelector(".picker .truncate")];
				const before = [root.dataset.connection, state.textContent, name.textContent];
				[root.dataset.connection, state.textContent, name.textContent] = [%q, %q, "a-source-with-a-very-long-name-of-a-machine.hydro.lab"];
				const wrong = [];
				const is = state.getBoundingClientRect();
				if (is.width < 60 || is.height < 14) wrong.push("it is not there");
				if (is.left < 0 || is.right > innerWidth || state.scrollWidth > state.clientWidth) wrong.push("it is cut");
				if (root.scrollWidth > innerWidth) {
					const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest("nav"));
					wrong.push("the page is wider than the screen, with " + wide.map(e => e.tagName + "." + e.className).join(", "));
				}
				for (const other of document.querySelectorAll(".head .brand, .head .picker, .head .btn, .head .tabs, .head .meter, .main")) {
					const at = other.getBoundingClientRect();
					if (at.width && at.left < is.right - 1 && at.right > is.left + 1 && at.top < is.bottom - 1 && at.bottom > is.top + 1) wrong.push("it lies over " + other.className);
				}
				[root.dataset.connection, state.textContent, name.textContent] = before;
				return wrong.join(", ");
			})()`, state[0], state[1]))
			if wrong != "" {
				p.t.Errorf("%q on a screen of %d px: %s", state[1], width, wrong)
			}
		}
	}
	p.look(narrow)
	p.shot("demo-reconnecting-narrow")
	p.look(wide)
}

// behindProxy opens a webmon under a prefix, by way of a proxy that passes the
// prefix on or takes it off.
func behindProxy(t *testing.T, b *browser, strips bool) {
	const prefix = "/lab/webmon"
	w := startProgram(t, t.TempDir(), "--demo", "--port", "0", "--prefix", prefix)
	target, err := url.Parse("http://" + w.host())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
			if strips {
				r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, prefix)
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, err.Error())
		},
	}
	mux := http.NewServeMux()
	mux.Handle(prefix+"/", proxy)
	mux.HandleFunc("/notebook", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><title>notebook</title><link rel="icon" href="data:,">
			<h1>A page of the lab</h1><iframe id="chart" width="800" height="420" src="`+prefix+`/individual/frame_time"></iframe>
			<iframe id="viewer" width="800" height="420" src="`+prefix+`/viewer?view=tiles&embed=1"></iframe>`)
	})
	lab := httptest.NewServer(mux)
	t.Cleanup(func() {
		lab.CloseClientConnections()
		lab.Close()
	})
	labHost := strings.TrimPrefix(lab.URL, "http://")

	p := b.open(t, wide)
	p.visit(lab.URL + prefix + "/?token=" + w.token)
	p.live()
	if got := ask[string](p, "location.pathname"); got != prefix+"/viewer" {
		t.Errorf("the first page is %s", got)
	}
	p.wait("the canvas is drawn", canvasIsDrawn)
	p.click("#command-show_grid button[role=switch]")
	p.says("#command-show_grid .control-life", "Applied")
	p.key("2")
	draws(t, p, "frame_time")
	p.click(`[data-chart-bar] [data-window="10"]`)
	draws(t, p, "frame_time")
	p.tab("messages")
	p.says("#live-messages", "frame_time")
	p.tab("status")
	p.says("#live-status", "demo")
	p.click(".brand")
	p.live()
	p.mu.Lock()
	for _, request := range p.requests {
		if u, err := url.Parse(request); err != nil || u.Host != "" && !strings.HasPrefix(u.Path, prefix+"/") {
			t.Errorf("the page asked for %s, which is not under the prefix", request)
		}
	}
	p.mu.Unlock()

	p.visit(lab.URL + "/notebook")
	for frame, what := range map[string]string{
		"chart":  `!Number.isNaN(parseFloat(d.querySelector("[data-stat=median] .stat-value").textContent))`,
		"viewer": `d.querySelector("[data-viewer]").dataset.ready === "true"`,
	} {
		p.wait("the frame "+frame+" is live", fmt.Sprintf(`(d => d.getElementById("socket-state").textContent === "live" && %s)(
			document.getElementById(%q).contentDocument)`, what, frame))
	}
	p.shot(fmt.Sprintf("proxy-frame-strips-%t", strips))
	p.calm()
	p.stayedHome(labHost)
	p.close()
}

// accessible fails the test if what the browser tells screen readers goes on
// lacking something: a page that has just been loaded is not told whole.
func accessible(t *testing.T, p *page, path string) {
	t.Helper()
	until(t, path+" is told whole", func() string {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			return err.Error()
		}
		return strings.Join(untold(tree.Nodes, path), "; ")
	})
}

// untold is what is missing in what screen readers are told of the page.
func untold(nodes []*accessibility.Node, path string) (missing []string) {
	text := func(v *accessibility.Value) string {
		var s string
		if v != nil {
			_ = json.Unmarshal(v.Value, &s) // not a string: not a name
		}
		return strings.TrimSpace(s)
	}
	found := map[string][]string{} // names by role
	for _, node := range nodes {
		if node.Ignored {
			continue
		}
		role, name := text(node.Role), text(node.Name)
		found[role] = append(found[role], name)
		switch role {
		case "button", "link", "switch", "textbox", "searchbox", "checkbox", "heading", "dialog", "DisclosureTriangle", "region", "application", "toolbar", "Iframe":
			if name == "" {
				missing = append(missing, fmt.Sprintf("a %s has no name", role))
			}
		}
	}
	for role, name := range map[string]string{"navigation": "Tabs", "main": "", "heading": "", "banner": "", "link": "Viewer"} {
		if !slices.Contains(found[role], name) && (name != "" || len(found[role]) == 0) {
			missing = append(missing, fmt.Sprintf("no %s %q among %q", role, name, found[role]))
		}
	}
	want := map[string][2]string{
		"/viewer":   {"application", "napari's canvas"},
		tiles:       {"application", "Tile viewer, level"},
		"/loader":   {"group", "Frame time. The numbers are below."},
		"/layers":   {"searchbox", "Search layers"},
		"/controls": {"searchbox", "Search controls"},
		"/messages": {"searchbox", "Search topics and values"},
		"/status":   {"table", "Table of the sources"},
	}[path]
	if !slices.ContainsFunc(found[want[0]], func(name string) bool { return strings.HasPrefix(name, want[1]) }) {
		missing = append(missing, fmt.Sprintf("no %s %q among %q", want[0], want[1], found[want[0]]))
	}
	return missing
}
