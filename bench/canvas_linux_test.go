package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"webmon/shm/process/naparitest"
)

// The canvas that is looked at, in pixels, and how often it is painted where it is paced.
const (
	canvasCols, canvasRows = 1024, 768
	canvasRate             = 30
	canvasTopic            = "canvas/1024x768"
)

// What a real browser needs to look at napari by VNC, beside webmon in the same run.
const vncPackages = "novnc websockify x11vnc"

// counting counts in a page what comes over its sockets.
const counting = `(() => {
  window.benchBytes = 0;
  window.WebSocket = new Proxy(WebSocket, {construct(target, args) {
    const socket = new target(...args);
    socket.addEventListener("message", e => { window.benchBytes += typeof e.data === "string" ? e.data.length : e.data.byteLength ?? e.data.size; });
    return socket;
  }});
})()`

// strips gives a page the object bench, which looks at the left edge of a canvas with noise on it. What is dragged to the right uncovers
// that edge: black or white, by the page's theme, where it only moves the picture that it has, noise again once napari's own has come.
const strips = `((selector) => {
  const canvas = document.querySelector(selector);
  const context = canvas.getContext("2d");
  const strip = (x, y) => {
    const data = context.getImageData(x, y, 4, 64).data;
    let sum = 0, bare = 0;
    for (let i = 0; i < data.length; i += 4) { sum = (Math.imul(sum, 31) + data[i]) | 0; if (data[i] < 40 || data[i] > 220) bare++; }
    return {sum, bare};
  };
  const edge = () => strip(0, canvas.height >> 1);
  const bench = window.bench = {
    rest: edge().sum,
    edge: () => edge().sum,
    // Resolves to the ms from the next movement of the pointer to the first animation frame that has napari's picture of it.
    arm() {
      const before = edge().sum;
      bench.lag = new Promise(done => addEventListener("pointermove", e => {
        const began = e.timeStamp;
        requestAnimationFrame(function look(now) {
          const {sum, bare} = edge();
          if (sum !== before && bare === 0) done(performance.now() - began);
          else if (now - began > 5000) done(-1);
          else requestAnimationFrame(look);
        });
      }, {capture: true, once: true}));
      return true;
    },
    // A page that moves its last picture until napari's own comes says whether it does.
    still() {
      const move = document.querySelector("[data-canvas]")?.canvas.stats().move;
      return !move || (move.x === 0 && move.y === 0);
    },
    // Resolves once the edge is as it was at first, by napari's own pictures, and stays so.
    settled: () => new Promise(done => {
      let same = 0;
      const began = performance.now();
      requestAnimationFrame(function look(now) {
        same = edge().sum === bench.rest && bench.still() ? same + 1 : 0;
        if (same > 3 || now - began > 3000) done(same > 3);
        else requestAnimationFrame(look);
      });
    }),
    // Counts the pictures that are shown, by what is in their middle.
    count() {
      let last = null, n = 0, on = true;
      requestAnimationFrame(function look() {
        const {sum} = strip(canvas.width >> 1, canvas.height >> 1);
        if (sum !== last) n++;
        last = sum;
        if (on) requestAnimationFrame(look);
      });
      bench.counted = () => { on = false; return n; };
      return true;
    },
  };
  const box = canvas.getBoundingClientRect();
  return {X: box.left, Y: box.top, Width: canvas.width, Height: canvas.height};
})`

// BenchmarkCanvas is what it costs a real napari that its canvas can be looked at, and how fast it answers to a hand in a browser, beside
// noVNC of the same pixels.
func BenchmarkCanvas(b *testing.B) {
	var table strings.Builder
	var targets []target
	b.Run("canvas", func(b *testing.B) {
		c := startCanvas(b)
		c.measurePaints(&table, &targets)
		c.measureHands(&table, &targets)
		b.ReportMetric(0, "ns/op")
	})
	publish(b, "canvas", table.String(), targets...)
}

// canvasBench is a napari with noise on its canvas, and a webmon that is attached to it.
type canvasBench struct {
	b       *testing.B
	napari  *naparitest.Process
	display string
	at      [2]int // of the canvas on the display
	server  *child
	address string
	port    int
	browser context.Context
}

func startCanvas(b *testing.B) *canvasBench {
	c := &canvasBench{b: b, display: naparitest.StartDisplay(b)}
	home := b.TempDir()
	cmd := webmon(b, "--port", "0", "--token", benchToken, "--log-level", "warn")
	for name, folder := range map[string]string{"XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "state"} {
		if err := os.MkdirAll(filepath.Join(home, folder), 0o700); err != nil {
			b.Fatal(err)
		}
		cmd.Env = append(cmd.Env, name+"="+filepath.Join(home, folder))
	}
	c.server = startChild(b, cmd)
	b.Cleanup(c.server.stop)
	c.address = c.server.line()
	var err error
	if c.port, err = portOf(c.address); err != nil {
		b.Fatal(err)
	}
	c.napari = naparitest.Start(b, naparitest.Options{Version: naparitest.Latest, Package: true, Home: home, Display: c.display})
	c.napari.MustDo("noise", nil, nil)
	var fit struct{ Size, At [2]int }
	c.napari.MustDo("fit", map[string]any{"size": []int{canvasRows, canvasCols}}, &fit)
	if fit.Size != [2]int{canvasRows, canvasCols} {
		b.Fatalf("napari's canvas is %v, not %v", fit.Size, [2]int{canvasRows, canvasCols})
	}
	c.at = fit.At
	browser, end := startChromium(b)
	b.Cleanup(end)
	c.browser = browser
	return c
}

// source waits until webmon has the napari, and returns its id.
func (c *canvasBench) source() string {
	c.b.Helper()
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequest("GET", fmt.Sprintf("http://127.0.0.1:%d/api/v1/sources", c.port), nil)
		if err != nil {
			c.b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+benchToken)
		resp, err := client.Do(req)
		if err != nil {
			continue
		}
		var sources []struct {
			ID, Kind  string
			Connected bool
		}
		err = json.NewDecoder(resp.Body).Decode(&sources)
		resp.Body.Close()
		for _, s := range sources {
			if err == nil && s.Kind == "napari" && s.Connected && s.ID != "demo" {
				return s.ID
			}
		}
	}
	c.b.Fatal("webmon did not attach to napari")
	return ""
}

// painted is what paints of a napari took, block by block.
type painted struct {
	ms     quantiles // from the move until it is painted, the mean of each block: what OpenGL does not do at once the next paint waits for
	thread quantiles // ms of napari's own thread a paint
}

// paint has napari move and paint for a block, so often a second at most.
func (c *canvasBench) paint(p *painted, paints int, hz float64) {
	c.b.Helper()
	var took struct {
		MS       quantiles
		ThreadMS float64 `json:"thread_ms"`
	}
	c.napari.MustDo("time_paints", map[string]any{"paints": paints, "hz": hz}, &took)
	sum := 0.0
	for _, ms := range took.MS {
		sum += ms
	}
	p.ms = append(p.ms, sum/float64(len(took.MS)))
	p.thread = append(p.thread, took.ThreadMS)
}

func (p *painted) row(name string, beside *painted) string {
	p.ms.sort()
	p.thread.sort()
	ratio := "| |"
	if beside != nil {
		ratio = fmt.Sprintf("| × %.2f | %+.2f ms |", p.ms.at(50)/beside.ms.at(50), p.ms.at(50)-beside.ms.at(50))
	}
	return fmt.Sprintf("| %s | %.2f ms | %.2f ms %s %.2f ms |\n", name, p.ms.at(50), p.ms.at(100), ratio, p.thread.at(50))
}

// measurePaints compares napari's paint with and without webmon, and with and without somebody who looks, alternately.
func (c *canvasBench) measurePaints(table *strings.Builder, targets *[]target) {
	b := c.b
	rounds := max(2, int(benchTime.Seconds()))
	table.WriteString("| A canvas of 1024 × 768 | from a move until it is painted: median of the blocks | slowest | beside the line above | more | napari’s own thread, a paint |\n|---|---|---|---|---|---|\n")

	var without, attached painted
	for range rounds {
		// There and back again, so that a machine that becomes slower meanwhile does so for both.
		c.napari.MustDo("detach", nil, nil)
		c.paint(&without, 30, 1000)
		c.napari.MustDo("attach", nil, nil)
		c.source()
		c.paint(&attached, 60, 1000)
		c.napari.MustDo("detach", nil, nil)
		c.paint(&without, 30, 1000)
	}
	c.napari.MustDo("attach", nil, nil)
	table.WriteString(without.row("as fast as it can, no webmon", nil))
	table.WriteString(attached.row("the same, webmon attached, nobody looks", &without))
	ratio := attached.ms.at(50) / without.ms.at(50)
	*targets = append(*targets, target{"napari’s paint with webmon attached and nobody looking", "× 1.00", fmt.Sprintf("× %.2f, of its thread’s time × %.2f", ratio, attached.thread.at(50)/without.thread.at(50)), ratio < 1.03})

	var alone, watched, chromium, alone2 painted
	id := c.source()
	for range rounds {
		c.paint(&alone, 2*canvasRate, canvasRate)
		func() {
			crowd := crowdAt(b, pageOf(benchToken, id+"/"+canvasTopic), c.port, 1)
			defer crowd.close()
			readFor(b, crowd, 500*time.Millisecond)
			crowd.recorded = true
			done := keepReading(b, crowd)
			c.paint(&watched, 2*canvasRate, canvasRate)
			done()
			if got := float64(crowd.bytes) / (canvasRows * canvasCols * 4); got < canvasRate {
				b.Logf("%.0f of %d pictures came to who looks", got, 2*canvasRate)
			}
		}()
		c.paint(&alone2, 2*canvasRate, canvasRate)
		p := c.open(b)
		c.paint(&chromium, 2*canvasRate, canvasRate)
		p.close()
	}
	table.WriteString(alone.row(fmt.Sprintf("%d times a second, nobody looks", canvasRate), nil))
	table.WriteString(watched.row("the same, one looks who only reads what comes", &alone))
	table.WriteString(alone2.row("again nobody", nil))
	table.WriteString(chromium.row("one looks, in a Chromium that draws in software on the same two cores", &alone2))
	more := watched.ms.at(50) - alone.ms.at(50)
	*targets = append(*targets, target{"napari’s paint with one looking at 1024 × 768, more", "2 ms", fmt.Sprintf("%.2f ms, of its thread’s time %.2f ms", more, watched.thread.at(50)-alone.thread.at(50)), more < 2})
	table.WriteString("\n")
}

// canvasPage is a page of the browser that shows the canvas, by whatever server.
type canvasPage struct {
	b      testing.TB
	ctx    context.Context
	close  context.CancelFunc
	shown  struct{ X, Y float64 } // where the canvas begins in the page
	frames string                 // an expression for the pictures that have come, if the page counts them
}

// open opens webmon's page of the canvas, as large as that is, and waits until it shows it.
func (c *canvasBench) open(b testing.TB) *canvasPage {
	b.Helper()
	p := c.window(b)
	p.must(chromedp.Navigate(c.address))
	home, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("location.origin"))
	if err != nil {
		b.Fatal(err)
	}
	p.frames = `Number(document.querySelector("[data-canvas]").dataset.frames)`
	p.must(chromedp.Navigate(home+"/viewer?view=canvas&source="+c.source()),
		chromedp.Poll[chromedp.Void](`document.querySelector("[data-canvas]")?.dataset.state === "live"`),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector("[data-canvas-surface]").style.cssText = "position:fixed;left:0;top:0;z-index:99;width:%dpx;height:%dpx";0`,
			canvasCols, canvasRows)),
		chromedp.Poll[chromedp.Void](fmt.Sprintf(`(p => p && p.rows === %d && p.cols === %d)(document.querySelector("[data-canvas]").canvas.stats().picture)`, canvasRows, canvasCols)))
	p.look("[data-canvas-surface]")
	return p
}

// window opens a window of the browser that counts what comes.
func (c *canvasBench) window(b testing.TB) *canvasPage {
	b.Helper()
	ctx, cancel := chromedp.NewContext(c.browser, chromedp.WithNewBrowserContext())
	ctx, cancelWait := context.WithTimeout(ctx, 10*time.Minute)
	p := &canvasPage{b: b, ctx: ctx, close: func() { cancelWait(); cancel() }}
	p.must(chromedp.EmulateViewport(1200, 900))
	if _, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: counting}); err != nil {
		b.Fatal(err)
	}
	return p
}

func (p *canvasPage) must(steps ...chromedp.Action[chromedp.Void]) {
	p.b.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.b.Fatal(err)
	}
}

func ask[T any](p *canvasPage, expression string) T {
	p.b.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.b.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

// look says which canvas of the page is looked at.
func (p *canvasPage) look(selector string) {
	p.b.Helper()
	p.shown = struct{ X, Y float64 }(ask[struct{ X, Y float64 }](p, fmt.Sprintf("%s(%q)", strips, selector)))
}

// mouse moves, presses and releases at a pixel of the canvas.
func (p *canvasPage) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.b.Helper()
	p.must(chromedp.MouseEvent(kind, p.shown.X+x, p.shown.Y+y, func(e *input.DispatchMouseEventParams) {
		e.Button, e.ClickCount = "left", 1
		if kind != chromedp.MouseReleased {
			e.Buttons = 1
		}
	}))
}

// handled is how a server of the canvas answers to a hand.
type handled struct {
	lag                  quantiles // ms
	rate                 float64   // pictures a second while the hand moves on and on
	server, napari, chip float64   // CPU, of a core: of what serves, of napari, of the whole machine
	bytes                float64   // a second
	lost                 int       // movements whose picture never came
}

// drag measures single movements for the time of the benchmark, then a hand that goes on and on for as long.
func (c *canvasBench) drag(p *canvasPage, serving func() time.Duration) (h handled) {
	b := c.b
	const x, y, step = 500, 380, 8
	p.mouse(chromedp.MousePressed, x, y)
	p.mouse(chromedp.MouseMoved, x+step, y)
	p.mouse(chromedp.MouseMoved, x, y)
	time.Sleep(time.Second)
	p.rest()
	for end := time.Now().Add(*benchTime); time.Now().Before(end); {
		ask[bool](p, "bench.arm()")
		p.mouse(chromedp.MouseMoved, x+step, y)
		if lag := ask[float64](p, "bench.lag"); lag < 0 {
			h.lost++
		} else {
			h.lag = append(h.lag, lag)
		}
		p.mouse(chromedp.MouseMoved, x, y)
		if !ask[bool](p, "bench.settled()") {
			p.rest() // it has come to rest elsewhere
		}
	}
	h.lag.sort()

	ask[bool](p, "bench.count()")
	frames := func() float64 {
		if p.frames == "" {
			return 0
		}
		return ask[float64](p, p.frames)
	}
	before, bytes, served, own, all, began := frames(), ask[float64](p, "benchBytes"), serving(), cpuOf(c.napari.PID), machineCPU(), time.Now()
	for n := 0; time.Since(began) < *benchTime; n++ {
		at := n % 200 // there and back again
		if at > 100 {
			at = 200 - at
		}
		p.mouse(chromedp.MouseMoved, x+2*float64(at), y)
		time.Sleep(time.Until(began.Add(time.Duration(n+1) * time.Second / 60)))
	}
	took := time.Since(began).Seconds()
	h.server, h.napari, h.chip = (serving()-served).Seconds()/took, (cpuOf(c.napari.PID)-own).Seconds()/took, (machineCPU()-all).Seconds()/took
	h.bytes = (ask[float64](p, "benchBytes") - bytes) / took
	counted := ask[float64](p, "bench.counted()")
	if p.frames != "" {
		counted = frames() - before
	}
	h.rate = counted / took
	p.mouse(chromedp.MouseReleased, x, y)
	if len(h.lag) == 0 {
		b.Errorf("none of %d movements was seen", h.lost)
	}
	return h
}

// rest waits until the edge stands still, and takes it as it is then for that at rest.
func (p *canvasPage) rest() {
	p.b.Helper()
	ask[bool](p, `(async () => {
		for (let same = 0, last = null; same < 10;) {
			await new Promise(requestAnimationFrame);
			const before = bench.rest = bench.edge();
			same = before === last && bench.still() ? same + 1 : 0;
			last = before;
		}
		return true;
	})()`)
}

// measureHands drags in webmon's page, then in noVNC's, both in the same browser and at the same napari.
func (c *canvasBench) measureHands(table *strings.Builder, targets *[]target) {
	b := c.b
	table.WriteString("| A hand drags in Chromium | until napari’s picture of it is there: median | 95th | pictures a second | CPU of what serves | of napari | of the whole machine, of two cores | to the browser, a second |\n|---|---|---|---|---|---|---|---|\n")
	row := func(name string, h handled) {
		fmt.Fprintf(table, "| %s | %.0f ms | %.0f ms | %.1f | %.2f | %.2f | %.2f | %s |\n", name, h.lag.at(50), h.lag.at(95), h.rate, h.server, h.napari, h.chip, sizeText(h.bytes))
		fmt.Printf("%s: %d movements, %d without a picture: %.0f\n", name, len(h.lag), h.lost, []float64(h.lag))
	}
	p := c.open(b)
	own := c.drag(p, func() time.Duration { return exactCPU(b, c.server) })
	p.close()
	row("webmon, the Canvas view", own)
	var draw painted
	c.paint(&draw, 2*canvasRate, canvasRate)
	draw.ms.sort()
	*targets = append(*targets, target{
		"From a drag in the browser to napari’s picture of it, 95th percentile", fmt.Sprintf("80 ms and napari’s paint of %.0f ms", draw.ms.at(50)),
		fmt.Sprintf("%.0f ms", own.lag.at(95)), own.lag.at(95) <= 80+draw.ms.at(50),
	})

	for _, program := range []string{"x11vnc", "websockify"} {
		if _, err := exec.LookPath(program); err != nil {
			fmt.Printf("noVNC is not measured: sudo apt-get install %s\n", vncPackages)
			return
		}
	}
	vnc, web := freePort(b), freePort(b)
	server := exec.Command("x11vnc", "-display", c.display, "-localhost", "-rfbport", strconv.Itoa(vnc), "-nopw", "-forever", "-shared", "-quiet", "-no6", "-noipv6",
		"-clip", fmt.Sprintf("%dx%d+%d+%d", canvasCols, canvasRows, c.at[0], c.at[1]))
	x11vnc := startChild(b, server)
	defer x11vnc.stop()
	proxy := startChild(b, exec.Command("websockify", "--web", "/usr/share/novnc", fmt.Sprintf("127.0.0.1:%d", web), fmt.Sprintf("127.0.0.1:%d", vnc)))
	defer proxy.stop()
	awaitPort(b, vnc)
	awaitPort(b, web)
	p = c.window(b)
	defer p.close()
	p.must(chromedp.Navigate(fmt.Sprintf("http://127.0.0.1:%d/vnc_lite.html", web)),
		chromedp.Poll[chromedp.Void](fmt.Sprintf(`(c => c && c.width === %d && c.height === %d)(document.querySelector("#screen canvas"))`, canvasCols, canvasRows)))
	time.Sleep(2 * time.Second)
	p.look("#screen canvas")
	other := c.drag(p, func() time.Duration { return groupCPU(x11vnc.cmd.Process.Pid) + groupCPU(proxy.cmd.Process.Pid) })
	row("noVNC (x11vnc, websockify), the same pixels", other)
	fmt.Fprintf(table, "| webmon against noVNC | ÷ %.1f | ÷ %.1f | × %.1f | | | | |\n", other.lag.at(50)/own.lag.at(50), other.lag.at(95)/own.lag.at(95), own.rate/other.rate)
}

// freePort is a port that was free a moment ago.
func freePort(b *testing.B) int {
	b.Helper()
	l := listenLoopback(b)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// awaitPort waits until somebody serves at a port.
func awaitPort(b *testing.B, port int) {
	b.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var conn net.Conn
		if conn, err = net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			conn.Close()
			return
		}
	}
	b.Fatal(err)
}

// groupCPU is the CPU time of all processes of a group that still run.
func groupCPU(pgid int) (sum time.Duration) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if of, err := syscall.Getpgid(pid); err == nil && of == pgid {
			sum += cpuOf(pid)
		}
	}
	return sum
}

// machineCPU is the time that the cores have not rested.
func machineCPU() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	sum := 0
	for i, field := range strings.Fields(line)[1:] {
		if n, err := strconv.Atoi(field); err == nil && i < 8 && i != 3 && i != 4 { // idle, iowait; guests are in the others
			sum += n
		}
	}
	return time.Duration(sum) * time.Second / 100
}
