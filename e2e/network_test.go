//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"webmon/e2e/fakepage"
	"webmon/e2e/netline"
	"webmon/shm/process/naparitest"
)

// TestE2ESlowNetwork: process and webmon are at one end of a slow line, a real browser at the other. What moves comes over it with loss, and the page says so; a
// control that somebody sets there meanwhile comes back; what stands still becomes exact, bit by bit. A browser beside webmon gets all pictures exactly meanwhile.
func TestE2ESlowNetwork(t *testing.T) {
	endToEnd(t)
	for _, line := range []netline.Line{netline.Slow, netline.Lossy} {
		t.Run(strings.ReplaceAll(line.Name, "/", " per "), func(t *testing.T) { slowNetwork(t, line) })
	}
}

func slowNetwork(t *testing.T, line netline.Line) {
	wire := netline.Lay(t, line)
	home := t.TempDir()
	var python *naparitest.Process
	var w *webmon
	// What is started in a namespace stays there.
	if err := wire.Near.Do(func() error {
		python = naparitest.StartPackage(t, "numpy2", home)
		python.Run(`
import threading
rng = np.random.default_rng(1)
y, x = np.mgrid[:512, :512]
process = webmon.Process("lab", launch=False)
camera = process.share("camera", (512, 512), "uint16", axes="yx")
process.control("gain", "float", 0.0, min=0, max=100)
frames = [(1000 + 800 * np.sin((x + 3 * n) / 20) * np.cos(y / 31) + rng.normal(0, 25, (512, 512))).clip(0, 4000).astype("u2") for n in range(8)]
moving, ended = threading.Event(), threading.Event()
moving.set()
def publish():
    n = 0
    while not ended.wait(0.05):
        if moving.is_set():
            n += 1
            camera.publish(frames[n % 8])
threading.Thread(target=publish, daemon=True).start()
`, nil)
		w = startProgram(t, home, "--port", "0", "--host", wire.Near.Address)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b := startBrowser(t, chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { wire.Far.Enter(cmd) }))
	p := b.open(t, view{900, 700, "dark"})
	// At once: a page that is loaded before the process is known loads itself again when it is, which may end the next visit.
	p.visit(strings.Replace(w.url, "/?", "/arrays?source=lab&array=camera&", 1))
	p.live()

	const words = `document.querySelector("[data-quality-words]")?.textContent ?? ""`
	says := func(what string, holds func(text string) bool) {
		t.Helper()
		until(t, what, func() string {
			if text := ask[string](p, words); !holds(text) {
				return fmt.Sprintf("the page says %q", text)
			}
			return ""
		})
	}
	lossy := func(text string) bool { return strings.Contains(text, "lossy, 1 : ") }
	says("what moves is lossy", lossy)
	p.shot("network-moving")
	seen := map[float64]bool{}
	until(t, "the picture moves", func() string {
		seen[ask[float64](p, `document.querySelector("[data-array]").array.stats().channels[0]?.seq ?? -1`)] = true
		if len(seen) < 5 {
			return fmt.Sprintf("the pictures %v were seen", seen)
		}
		return ""
	})

	open := func(dial func(network, address string) (net.Conn, error), text func(time.Time, string, []byte)) *follower {
		return follow(t, fakepage.Options{
			Address: w.host(), Token: w.token, Dial: dial, Topics: []string{"lab/array/camera/y,x/0,0,512,512/1", "lab/values"},
			Takes: fakepage.All, Look: &[2]float64{0, 2000}, Text: text,
		})
	}
	beside := open(wire.Near.Dial, nil)
	echoes := make(chan float64, 1000)
	far := open(wire.Far.Dial, func(_ time.Time, topic string, text []byte) {
		var m struct{ Values struct{ Gain *float64 } }
		if topic == "lab/values" && json.Unmarshal(text, &m) == nil && m.Values.Gain != nil {
			select {
			case echoes <- *m.Values.Gain:
			default:
			}
		}
	})
	far.until("it is sent pictures with loss", func() bool { return far.last.Lossy() })
	for value := 1.0; value <= 5; value++ {
		before := far.n
		if err := far.page.Set("lab", "gain", value, uint64(value)); err != nil {
			t.Fatal(err)
		}
		came := false
		far.until(fmt.Sprintf("the value %g comes back, and pictures beside it", value), func() bool {
			for !came && len(echoes) > 0 {
				came = <-echoes == value
			}
			return came && far.n > before
		})
	}
	// Its own line was measured with its first pictures, on a machine that draws a browser meanwhile.
	beside.until("pictures come exactly to the browser beside webmon", func() bool { return !beside.last.Lossy() && beside.last.Step == 1 })
	besides := beside.n
	beside.until("pictures go on to come exactly to the browser beside webmon", func() bool {
		if beside.last.Lossy() || beside.last.Step != 1 {
			t.Fatalf("picture %d came as %s beside a browser on a slow line", beside.last.Seq, beside.last.How())
		}
		return beside.n > besides+20
	})
	says("it is lossy still", lossy)

	python.Run("moving.clear()", nil)
	says("what stands still is exact", func(text string) bool { return strings.HasPrefix(text, "exact") })
	p.shot("network-still")
	var shown float64
	until(t, "the page has the last picture", func() string {
		if shown = ask[float64](p, `document.querySelector("[data-array]").array.stats().channels[0]?.seq ?? -1`); shown < float64(far.last.Seq) {
			return fmt.Sprintf("it shows picture %g", shown)
		}
		return ""
	})
	exact := func(f *follower) []byte {
		t.Helper()
		f.until("it has the last picture exactly", func() bool { return float64(f.last.Seq) == shown && !f.last.Lossy() && f.last.Step == 1 })
		values, err := f.last.Exact()
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	if !bytes.Equal(exact(far), exact(beside)) {
		t.Error("the exact picture is another at the far end of the line")
	}
	python.Run("ended.set()", nil)
	p.calm("Cross-Origin-Opener-Policy") // which asks for HTTPS or for localhost
}

// follower is a fake page whose newest picture is looked at.
type follower struct {
	t    *testing.T
	page *fakepage.Page
	last *fakepage.Picture
	n    int // pictures that came
}

func follow(t *testing.T, options fakepage.Options) *follower {
	t.Helper()
	page, err := fakepage.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := page.Close(); err != nil {
			t.Errorf("a page's connection: %v", err)
		}
	})
	return &follower{t: t, page: page}
}

// until takes pictures as they come, until ok holds.
func (f *follower) until(what string, ok func() bool) {
	f.t.Helper()
	late := time.After(patience)
	for look := time.NewTicker(20 * time.Millisecond); f.last == nil || !ok(); {
		select {
		case p, open := <-f.page.Pictures():
			if !open {
				f.t.Fatalf("%s: the connection ended: %v", what, f.page.Close())
			}
			f.last = p
			f.n++
		case <-look.C:
		case <-late:
			f.t.Fatalf("never happened: %s, after %d pictures; the last is %+v", what, f.n, f.last)
		}
	}
}
