package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"webmon/shm/maps/made"
	"webmon/shm/stack/stacktest"
)

// The stack that every session has, and the panes that show it.
const (
	paneSide   = 512
	stackSide  = 1024
	paneSlices = 240
	paneRate   = 60 // slices a second that are aimed at
)

// roll holds a key on the first pane for a number of milliseconds: a step each animation frame, from the first slice on,
// which all panes follow. It resolves to what was seen of them.
const roll = `(async (key, ms) => {
  const map = document.querySelector("[data-map]").map;
  const stage = document.querySelector(".map-pane-stage");
  const seen = new Map();
  const look = () => {
    for (const {session, drawn} of map.panes().panes) {
      const s = seen.get(session) ?? {drawn: "", n: -1};
      if (drawn !== s.drawn) seen.set(session, {drawn, n: s.n + 1});
    }
  };
  look();
  let steps = 0, busy = 0;
  const begin = performance.now();
  await new Promise(done => requestAnimationFrame(function next(now) {
    look();
    const from = performance.now();
    if (from - begin > ms) return done();
    stage.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
    steps++;
    busy += performance.now() - from;
    requestAnimationFrame(next);
  }));
  const took = (performance.now() - begin) / 1000;
  const panes = [...seen.values()].map(s => s.n / took);
  return {Took: took, Steps: steps / took, Least: Math.min(...panes), Mean: panes.reduce((a, b) => a + b, 0) / panes.length, Busy: busy / steps, Planes: map.panes().planes};
})`

type rolled struct {
	Took, Steps, Least, Mean, Busy float64
	Planes                         struct{ Bytes, Planes, Requests, Asked float64 }
}

// BenchmarkMapPanes counts the slices that a real browser draws in nine panes while a key is held: slices that nobody has
// seen before, and, backwards, those that the browser has.
func BenchmarkMapPanes(b *testing.B) {
	var table strings.Builder
	var targets []target
	table.WriteString("| Stack of 1024 × 1024 uint16 | panes of 512 × 512 | shown | key steps a second | slices a second in every pane | in the slowest | CPU of webmon, of a core |\n|---|---|---|---|---|---|---|\n")
	b.Run("panes", func(b *testing.B) {
		browser, end := startChromium(b)
		defer end()
		for _, way := range []struct {
			name string
			w    stacktest.TIFF
		}{{"uncompressed", stacktest.TIFF{}}, {"deflate", stacktest.TIFF{Compression: 8, Predictor: 2, StripRows: 64}}} {
			dir := mapWithStacks(b, way.w)
			cmd := webmon(b, "--port", "0", "--token", benchToken, "--log-level", "warn", "--maps", dir)
			server := startChild(b, cmd)
			address := server.line()
			for _, panes := range []int{9, 1} {
				for _, project := range []string{"single", "sliding"} {
					r, used := measurePanes(b, browser, address, panes, project, server)
					for i, of := range []string{"", ", again"} {
						fmt.Fprintf(&table, "| %s%s | %d | %s | %.0f | %.1f | %.1f | %.2f |\n", way.name, of, panes, project, r[i].Steps, r[i].Mean, r[i].Least, used[i])
						fmt.Printf("%s%s, %d panes, %s: %+v, CPU %.2f\n", way.name, of, panes, project, r[i], used[i])
					}
					if way.name == "uncompressed" && (panes == 9 || project == "sliding") {
						what := map[string]string{"single": "Slices a second in each of nine panes", "sliding": "Sliding maxima of five a second"}[project]
						if panes == 9 && project == "sliding" {
							continue
						}
						targets = append(targets, target{what, fmt.Sprint(paneRate), fmt.Sprintf("%.0f", r[0].Mean), r[0].Mean >= paneRate*0.95})
					}
				}
			}
			server.stop()
		}
		b.ReportMetric(0, "ns/op")
	})
	publish(b, "panes", table.String(), targets...)
}

// measurePanes holds a key forwards, then backwards, for the time of the benchmark or until the ends of the stack.
func measurePanes(b *testing.B, browser context.Context, address string, panes int, project string, server *child) (r [2]rolled, used [2]float64) {
	b.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	defer cancel()
	ctx, cancelWait := context.WithTimeout(ctx, openWait)
	defer cancelWait()
	show := strings.Trim(strings.Join(strings.Fields(fmt.Sprint([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}[:panes])), ","), "[]")
	must := func(steps ...chromedp.Action[chromedp.Void]) {
		b.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			b.Fatal(err)
		}
	}
	must(chromedp.EmulateViewport(3*paneSide+24, 3*(paneSide+40)), chromedp.Navigate(address))
	home, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.origin"))
	if err != nil {
		b.Fatal(err)
	}
	must(chromedp.Navigate(home+"/maps/rr30a?marks=0&tracing=0&slice=0&project="+project+"&show="+show),
		chromedp.Poll[chromedp.Void](`Boolean(document.querySelector("[data-map]")?.map?.panes())`),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`
const panes = document.querySelector("[data-map-panes]");
panes.style.cssText = "position:fixed;inset:0;z-index:99;margin:0;gap:4px;align-content:start;grid-template-columns:repeat(3,%[1]dpx)";
document.body.append(panes);0`, paneSide)),
		chromedp.Poll[chromedp.Void](fmt.Sprintf(`(() => {
  const p = document.querySelector("[data-map]").map.panes();
  return p.panes.length === %d && p.panes.every(p => p.drawn && p.view?.scale === 0.5) && p.planes.requests === 0;
})()`, panes)))
	for i, key := range []string{".", ","} {
		before, begin := exactCPU(b, server), time.Now()
		r[i], err = chromedp.Run(ctx, chromedp.Evaluate[rolled](fmt.Sprintf(`%s(%q, %d)`, roll, key, min(benchTime.Milliseconds(), 1000*paneSlices/paneRate)), chromedp.EvalAwaitPromise))
		if err != nil {
			b.Fatal(err)
		}
		used[i] = (exactCPU(b, server) - before).Seconds() / time.Since(begin).Seconds()
	}
	return r, used
}

// mapWithStacks writes a map of nine sessions, each with a stack, and returns the folder above it.
func mapWithStacks(b *testing.B, w stacktest.TIFF) string {
	b.Helper()
	dir := b.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "rr30a"), made.RR30a()); err != nil {
		b.Fatal(err)
	}
	raw := filepath.Join(dir, "rr30a", "raw")
	if err := os.MkdirAll(raw, 0o755); err != nil {
		b.Fatal(err)
	}
	w.Rows, w.Cols, w.Bits = stackSide, stackSide, 16
	planes := stacktest.Noise(1, 24, w.Rows, w.Cols, w.Bits)
	for len(planes) < paneSlices {
		planes = append(planes, planes[:min(24, paneSlices-len(planes))]...)
	}
	first := filepath.Join(raw, "rr30a_s0_ch1.tif")
	if err := os.WriteFile(first, w.Write(planes), 0o644); err != nil {
		b.Fatal(err)
	}
	// The sessions have the same file under names of their own.
	for i := 1; i < 9; i++ {
		if err := os.Link(first, filepath.Join(raw, fmt.Sprintf("rr30a_s%d_ch1.tif", i))); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}
