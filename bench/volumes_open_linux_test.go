package bench

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
)

// How a page is opened.
const (
	openWidth, openHeight = 1200, 800
	openLook              = 50 * time.Millisecond // between two looks at whether all is loaded
	openStays             = time.Second           // that it has to stay so
	openWait              = 3 * time.Minute
)

// allLoaded is whether the client, in a page of its own or in webmon's, shows all that its view has.
const allLoaded = `(() => {
  const v = window.viewer ?? document.querySelector("[data-volume-frame]")?.contentWindow?.viewer;
  return Boolean(v && v.layerManager.managedLayers.length > 0 && v.isReady());
})()`

// BenchmarkVolumesOpen is the time from going to the page of a volume in a real browser to all of it being there, beside
// Neuroglancer's own page.
func BenchmarkVolumesOpen(b *testing.B) {
	var table strings.Builder
	table.WriteString("| 1024³ in four panels | rounds | page to all loaded | CPU of the serving process |\n|---|---|---|---|\n")
	var targets []target
	b.Run("page", func(b *testing.B) {
		browser, end := startChromium(b)
		defer end()
		own, peer := webmonVolumes(b, "image", imageSide), pythonVolumes(b, "image", imageSide)
		defer own.stop()
		defer peer.stop()
		var took, cpu [2]quantiles
		for range rounds {
			for i, v := range []*volumes{own, peer} {
				t, c := v.open(browser)
				took[i], cpu[i] = append(took[i], t.Seconds()), append(cpu[i], c.Seconds())
			}
		}
		for i, name := range []string{"webmon", "Neuroglancer’s Python server"} {
			rounds := fmt.Sprintf("%.1f", took[i])
			took[i].sort()
			cpu[i].sort()
			fmt.Fprintf(&table, "| %s | %s s | %.1f s | %.2f s |\n", name, strings.Trim(rounds, "[]"), took[i].at(50), cpu[i].at(50))
		}
		r, c := took[0].at(50)/took[1].at(50), cpu[1].at(50)/cpu[0].at(50)
		fmt.Fprintf(&table, "| ratio | | × %.2f | ÷ %.1f |\n", r, c)
		targets = append(targets, target{"A volume of 1024³ in a browser, until all is loaded, against Python", "× 0.6", fmt.Sprintf("× %.2f", r), r <= 0.6})
		b.ReportMetric(0, "ns/op")
	})
	publish(b, "volumesopen", table.String(), targets...)
}

// startChromium starts a browser. The function ends it.
func startChromium(b *testing.B) (context.Context, func()) {
	b.Helper()
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		b.Fatal(err)
	}
	options, ok := webmontest.Chromium(profile)
	if !ok {
		b.Fatal("Chromium is not installed: .ci/system.sh says what to install")
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), append(options, chromedp.WSURLReadTimeout(openWait))...)
	ctx, cancel := chromedp.NewContext(allocator)
	end := func() {
		polite, cancelPolite := context.WithTimeout(ctx, 10*time.Second)
		defer cancelPolite()
		_ = chromedp.Cancel(polite) // else cancel ends it less politely
		cancel()
		cancelAllocator()
		_ = os.RemoveAll(profile) // a process of it may still write
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		b.Fatalf("starting Chromium: %v", err)
	}
	return ctx, end
}

// open opens the page of the volume in a new window without a cache, and returns how long that took until all was
// loaded, and the CPU time of the process that serves.
func (v *volumes) open(browser context.Context) (took, cpu time.Duration) {
	v.b.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	defer cancel()
	ctx, cancelWait := context.WithTimeout(ctx, openWait)
	defer cancelWait()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(openWidth, openHeight)); err != nil {
		v.b.Fatal(err)
	}
	page := v.page
	if v.login != "" {
		err := chromedp.Do(ctx, chromedp.Navigate(v.login))
		home := ""
		if err == nil { // it leads to a host name of webmon's own
			home, err = chromedp.Run(ctx, chromedp.Evaluate[string]("location.origin"))
		}
		if err != nil {
			v.b.Fatal(err)
		}
		page = home + page
	}
	before, begin := exactCPU(v.b, v.serves()), time.Now()
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		v.b.Fatalf("loading %s: %v", page, err)
	}
	since := time.Time{} // when it was first seen to be loaded
	for {
		loaded, err := chromedp.Run(ctx, chromedp.Evaluate[bool](allLoaded))
		now := time.Now()
		switch {
		case err != nil:
			v.b.Fatalf("%s: %v", page, err)
		case !loaded:
			since = time.Time{}
		case since.IsZero():
			since, took, cpu = now, now.Sub(begin), exactCPU(v.b, v.serves())-before
		case now.Sub(since) >= openStays:
			return took, cpu
		}
		time.Sleep(openLook)
	}
}
