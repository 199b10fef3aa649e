//go:build linux && pictures

package e2e

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
	"webmon/shm/process/naparitest"
)

// A model is to have its pace in its picture.
func init() { webmonBinary = webmontest.Binary }

// TestPictures makes the README's pictures: the package's two examples, the
// demo's last minute in the loader, and a model that is stirred. It is built only
// when asked for:
//
//	go test -tags pictures -run TestPictures ./e2e
//	go test -tags pictures -run TestPictures/model ./e2e
func TestPictures(t *testing.T) {
	b := startBrowser(t)
	window := view{1400, 760, "dark"}
	keep := func(p *page, name string) {
		p.shot(name)
		if err := os.Rename(filepath.Join(artifacts, name+".png"), filepath.Join(webmontest.Root(), "public", "img", name+".png")); err != nil {
			t.Fatal(err)
		}
		p.close()
	}
	home := t.TempDir()
	example := func(venv, name string) {
		root := naparitest.Root(t)
		cmd := exec.Command(filepath.Join(root, ".venv", venv, "bin/python"), filepath.Join(root, "shm/python/examples", name))
		cmd.Env = append(userEnviron(t, home), "DISPLAY="+naparitest.StartDisplay(t), "LIBGL_ALWAYS_SOFTWARE=1", "NAPARI_CONFIG=",
			"PYTHONPATH="+filepath.Join(root, "shm/python/src"))
		cmd.Dir, cmd.SysProcAttr = home, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}

	t.Run("model", func(t *testing.T) {
		w := startProgram(t, t.TempDir(), "--port", "0", "--demo")
		p := b.open(t, view{1400, 1000, "dark"})
		p.visit(w.url)
		p.visit(w.home + "/models/becvortices")
		p.live()
		p.draws()
		stir := func(phase float64) (x, y float64) {
			return p.canvas(0.5+0.28*math.Cos(phase), 0.5+0.28*math.Sin(phase))
		}
		x, y := stir(0)
		p.mouse(chromedp.MousePressed, x, y)
		for begin := time.Now(); time.Since(begin) < 20*time.Second; {
			x, y = stir(time.Since(begin).Seconds() / 2)
			p.mouse(chromedp.MouseMoved, x, y)
			time.Sleep(20 * time.Millisecond) // as a hand moves
		}
		keep(p, "model")
		w.stop(t)
	})

	t.Run("demo", func(t *testing.T) {
		demo := startProgram(t, t.TempDir(), "--demo", "--port", "0")
		time.Sleep(65 * time.Second) // until the window of a minute is full
		p := b.open(t, window)
		p.visit(demo.url)
		p.tab("loader")
		draws(t, p, "frame_time")
		time.Sleep(2 * time.Second)
		keep(p, "loader")
		demo.stop(t)
	})

	t.Run("examples", func(t *testing.T) {
		example("napari-latest", "viewer.py")
		example("numpy2", "camera.py")
		w := startProgram(t, home, "--port", "0")
		w.source("napari", "attached", connected)
		w.source("scope", "attached", connected)
		open := func(path string) *page {
			p := b.open(t, window)
			p.visit(w.home + path + "&token=" + w.token)
			p.live()
			return p
		}
		p := open("/layers?source=napari")
		p.give("camera.zoom", "0.45")
		p.give("camera.center.0", "2600")
		p.give("camera.center.1", "3400")
		p.give("layer.1.colormap", "magma")
		p.wait("a histogram", `document.querySelector(".histogram, svg[class*=histogram]")`)
		time.Sleep(8 * time.Second) // until what was done is old news
		keep(p, "layers")

		p = open("/viewer?source=napari&view=tiles")
		p.wait("a picture", `document.querySelector("[data-viewer]").dataset.pictures > 0`)
		time.Sleep(3 * time.Second)
		keep(p, "viewer")

		p = open("/arrays?source=scope&array=camera")
		p.wait("a picture", `document.querySelector("[data-array] canvas")`)
		time.Sleep(3 * time.Second)
		keep(p, "arrays")
	})
}
