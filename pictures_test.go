//go:build linux && pictures

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"webmon/shm/napari/naparitest"
)

// TestPictures makes the README's pictures: a real napari in the viewer, and
// the demo's last minute in the loader. It is built only when asked for:
//
//	go test -tags pictures -run TestPictures .
func TestPictures(t *testing.T) {
	b := startBrowser(t)
	window := view{1400, 760, "dark"}
	keep := func(p *page, name string) {
		p.shot(name)
		if err := os.Rename(filepath.Join("artifacts", name+".png"), filepath.Join("public", "img", name+".png")); err != nil {
			t.Fatal(err)
		}
		p.close()
	}

	demo := startProgram(t, t.TempDir(), "--demo", "--port", "0")
	time.Sleep(65 * time.Second) // until the window of a minute is full
	p := b.open(t, window)
	p.visit(demo.url)
	p.key("2")
	draws(t, p, "frame_time")
	time.Sleep(2 * time.Second)
	keep(p, "loader")

	n := naparitest.Start(t, naparitest.Options{
		Version: naparitest.Octree,
		Client:  []string{webmonBinary(t), "--port", "0"},
	})
	w := launchedBy(t, n)
	n.Wake()
	n.Zoom(0.05)
	n.Center(29000, 35500)
	p = b.open(t, window)
	p.visit(w.url)
	p.live()
	sameTiles(t, n, w, p, 0)
	keep(p, "viewer")
}
