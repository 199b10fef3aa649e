//go:build linux

package e2e

import (
	"strings"
	"testing"

	"webmon/shm/process/naparitest"
)

// TestE2ELatest: the napari that people install today has no octree. Its frame
// times arrive, and the pages say what else there is not, and why.
func TestE2ELatest(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	n := naparitest.Start(t, naparitest.Options{
		Version: naparitest.Latest,
		Client:  []string{webmonBinary(t), "--port", "0"},
		Home:    home,
		Env:     []string{raceReports(t)},
	})
	w := launchedBy(t, n)
	w.source("napari", "attached", connected)
	p := b.open(t, wide)
	p.visit(w.url)
	p.live()

	t.Run("before the camera has moved", func(t *testing.T) {
		p.t = t
		if asksToMove(t, n, p) {
			p.shot("latest-silent")
		}
	})
	n.Wake()
	t.Run("no tiles, and what to do", func(t *testing.T) {
		p.t = t
		p.says("#live-viewer-stage", "napari "+n.Napari+" does not share its tiles")
		p.says("#live-viewer-stage", "napari-webmon")
		// The command does not exist in this napari, and nobody is led to think so.
		p.visit(w.url)
		p.live()
		if p.text("#command-show_grid") != "" {
			t.Error("the page offers Show grid, which this napari does not have")
		}
		var answer struct{ Error string }
		status, err := w.try("POST", "/sources/napari/commands/show_grid", `{"show_grid": false}`, &answer)
		if err != nil || status != 404 || !strings.Contains(answer.Error, "show_grid") {
			t.Errorf("POST show_grid: status %d, %q (%v), want 404 and a sentence", status, answer.Error, err)
		}
		p.shot("latest-no-tiles")
		p.look(narrowLight)
		p.shot("latest-no-tiles-narrow")
		p.look(wide)
	})
	t.Run("frame times", func(t *testing.T) {
		p.t = t
		p.key("2")
		draws(t, p, "frame_time")
		draws(t, p, "frame_rate")
		p.says("#tab", "reports no chunk loads")
		p.shot("latest-loader")
		allFrames(t, n, func() int { return w.count("napari", "frame_time", 900) })
	})
	t.Run("what is known of the process", func(t *testing.T) {
		p.t = t
		p.tab("status")
		p.says(`[data-row="napari"]`, n.Napari)
		p.says(`[data-row="napari"]`, n.Python)
		p.shot("latest-status")
	})
	p.t = t
	p.calm()
	p.stayedHome(w.hosts()...)
}
