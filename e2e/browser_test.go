//go:build linux

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
	"webmon/lacking"
)

// browser is a headless Chromium, the same for all pages of a test.
type browser struct {
	t   testing.TB
	ctx context.Context
}

// startBrowser starts Chromium and ends it with the test. more are further options of it.
func startBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	options, ok := webmontest.Chromium(profile(t))
	if !ok {
		lacking.Skip(t, "Chromium is not installed: .ci/system.sh says what to install")
	}
	options = append(options, chromedp.WSURLReadTimeout(patience))
	options = append(options, more...)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		end, cancelEnd := context.WithTimeout(ctx, patience)
		defer cancelEnd()
		_ = chromedp.Cancel(end) // else cancel ends it less politely
		cancel()
		cancelAllocator()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return &browser{t: t, ctx: ctx}
}

// profile makes a folder for what a Chromium keeps, and removes it with the test.
func profile(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	// Not TempDir: some processes of Chromium go on writing for a moment after
	// the first one has ended, which makes removing fail.
	t.Cleanup(func() {
		until(t, "the profile of Chromium is removed", func() string {
			if err := os.RemoveAll(folder); err != nil {
				return err.Error()
			}
			return ""
		})
	})
	return folder
}

// view is what kind of window a page is looked at in.
type view struct {
	width, height int
	scheme        string // dark or light
}

var (
	wide        = view{1400, 900, "dark"}
	wideLight   = view{1400, 900, "light"}
	narrow      = view{390, 844, "dark"}
	narrowLight = view{390, 844, "light"}
)

func (v view) String() string { return fmt.Sprintf("%d-%s", v.width, v.scheme) }

// page is a window of the browser with cookies of its own, as somebody else's.
type page struct {
	t     testing.TB
	ctx   context.Context
	close context.CancelFunc

	mu       sync.Mutex // guards all below
	problems []string   // what the browser's console says: errors and warnings
	requests []string   // URLs
}

// open makes a window. It is closed at the end of t, or by close: a live page
// takes much of a machine that draws in software.
func (b *browser) open(t testing.TB, v view) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx, close: cancel}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatalf("opening a window: %v", err)
	}
	p.look(v)
	t.Cleanup(func() { p.obeyed(t) })
	t.Cleanup(func() {
		p.t = t // a part of the test may have had it, and is over
		if t.Failed() && ctx.Err() == nil {
			p.shot("failed-" + t.Name())
			t.Logf("page: %s", p.text("body"))
			t.Logf("console: %s", strings.Join(p.console(), "\n"))
		}
	})
	return p
}

// listen notes what happens in the window.
func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.requests = append(p.requests, e.URL)
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, "exception: "+(&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			var words []string
			for _, arg := range e.Args {
				words = append(words, string(arg.Value)+arg.Description)
			}
			p.problems = append(p.problems, string(e.Type)+": "+strings.Join(words, " "))
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			p.problems = append(p.problems, string(e.Entry.Level)+": "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// console returns what the browser complained about so far.
func (p *page) console() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// calm fails the test if the browser complained about anything, apart from
// what is expected.
func (p *page) calm(expected ...string) {
	p.t.Helper()
	expected = append(expected,
		"GPU stall due to ReadPixels", // drawing in software
		"willReadFrequently",          // the tests' own reading of charts
	)
	for _, problem := range p.console() {
		if !slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(problem, e) }) {
			p.t.Errorf("the browser complains: %s", problem)
		}
	}
}

// obeyed fails the test if the page did what its policy forbids, whatever else the
// test expects the browser to complain about.
func (p *page) obeyed(t testing.TB) {
	t.Helper()
	for _, problem := range p.console() {
		if strings.Contains(problem, "Content Security Policy") {
			t.Errorf("the policy of the page is violated: %s", problem)
		}
	}
}

// stayedHome fails the test if the page asked anybody but the hosts for anything.
func (p *page) stayedHome(hosts ...string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, request := range p.requests {
		u, err := url.Parse(request)
		if err != nil || u.Scheme != "data" && u.Scheme != "blob" && !slices.Contains(hosts, u.Host) {
			p.t.Errorf("the page asked for %.200s", request)
		}
	}
	if len(p.requests) == 0 {
		p.t.Error("no request was seen at all")
	}
}

// look changes the window's size and the system's colour scheme.
func (p *page) look(v view) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(v.width), int64(v.height)))
	if err == nil {
		_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}},
		})
	}
	if err != nil {
		p.t.Fatalf("setting the window to %v: %v", v, err)
	}
}

// visit loads an address.
func (p *page) visit(address string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		p.t.Fatalf("loading %s: %v", address, err)
	}
}

// do runs steps in the window.
func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// evaluate runs a JavaScript expression in the page and waits for its value if
// that is a promise.
func evaluate[T any](p *page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// ask is evaluate that fails the test.
func ask[T any](p *page, expression string) T {
	p.t.Helper()
	v, err := evaluate[T](p, expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait waits until a JavaScript expression, or what it promises, is true. It may be asked while the
// page is being loaded.
func (p *page) wait(what, expression string) {
	p.t.Helper()
	until(p.t, what, func() string {
		ok, err := evaluate[bool](p, "Promise.resolve(("+expression+")).then(Boolean)")
		switch {
		case err != nil:
			return err.Error()
		case !ok:
			return expression
		}
		return ""
	})
}

// live waits until the page is connected.
func (p *page) live() {
	p.t.Helper()
	p.wait("the page is connected", `document.getElementById("socket-state")?.textContent.trim() === "live"`)
}

// says waits until an element holds the text.
func (p *page) says(selector, text string) {
	p.t.Helper()
	until(p.t, selector+" says "+text, func() string {
		got := p.text(selector)
		if strings.Contains(got, text) {
			return ""
		}
		return fmt.Sprintf("it says %.1000q", got)
	})
}

// text returns the visible text of the elements, in one line.
func (p *page) text(selector string) string {
	got, err := evaluate[string](p, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.innerText).join("\n")`, selector))
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(got), " ")
}

// value returns a number of the page by its key: data-value or data-stat.
func (p *page) value(key string) string {
	return p.text(fmt.Sprintf("[data-value=%q], [data-stat=%q] .stat-value", key, key))
}

// key presses a key, as on the keyboard.
func (p *page) key(key string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(key))
}

// tab opens a tab by the key of its place.
func (p *page) tab(slug string) {
	p.t.Helper()
	key := ask[string](p, fmt.Sprintf(`[...document.querySelectorAll("#tabs a")].find(a => new URL(a.href).pathname.endsWith(%q))?.getAttribute("aria-keyshortcuts") ?? ""`, "/"+slug))
	switch key {
	case "":
		p.t.Fatalf("the tab %s has no key", slug)
	case "0": // a picture that has the focus takes it for itself
		p.do(chromedp.Evaluate[chromedp.Void](`document.activeElement?.blur()`))
	}
	p.key(key)
}

// click clicks the middle of the element, as a mouse does.
func (p *page) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// artifacts is the folder of the pictures that the tests take.
var artifacts = filepath.Join(webmontest.Root(), "artifacts")

// shot takes a picture of what the window shows and keeps it in artifacts/.
func (p *page) shot(name string) { p.png(name) }

// picture is shot for who looks at it. To decode it takes as long as to take it.
func (p *page) picture(name string) image.Image {
	p.t.Helper()
	b := p.png(name)
	if b == nil {
		return image.NewRGBA(image.Rect(0, 0, 1, 1))
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
	return picture
}

// png is the picture as a file, nil if the browser did not take it.
func (p *page) png(name string) []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Errorf("taking a screenshot: %v", err)
		return nil
	}
	if err := os.MkdirAll(artifacts, 0o755); err != nil {
		p.t.Fatal(err)
	}
	name = strings.NewReplacer("/", "-", " ", "-").Replace(name) + ".png"
	if err := os.WriteFile(filepath.Join(artifacts, name), b, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return b
}
