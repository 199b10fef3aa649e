//go:build linux

package e2e

import (
	"context"
	"fmt"
	"image"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"webmon/shm/process/naparitest"
)

// TestE2EOctree: the napari that shares its tiles starts webmon, and pages show
// what that napari says of itself, in pixels and in words.
func TestE2EOctree(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	b := startBrowser(t)
	home := t.TempDir()
	n := naparitest.Start(t, naparitest.Options{
		Version: naparitest.Octree,
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
			p.shot("octree-silent")
			p.key("2")
			p.says("#tab", "Move its camera once")
			p.key("1")
			asksToMove(t, n, p)
		}
	})
	n.Wake()

	t.Run("the whole image", func(t *testing.T) {
		p.t = t
		sameTiles(t, n, w, p, 0)
		if level := p.value("level"); !strings.HasPrefix(level, "6") {
			t.Errorf("the level is %q, want 6", level)
		}
		p.shot("octree-whole")
	})
	t.Run("zoom and pan", func(t *testing.T) {
		p.t = t
		for i, zoom := range []float64{0.05, 0.5, 2} {
			n.Zoom(zoom)
			sameTiles(t, n, w, p, 0)
			want := []string{"4", "1", "0"}[i]
			if level, _, _ := strings.Cut(p.value("level"), " "); level != want {
				t.Errorf("zoom %g: the level is %q, want %q", zoom, level, want)
			}
		}
		n.Center(1000, 64000)
		sameTiles(t, n, w, p, 0)
		n.Zoom(0.5)
		n.Center(30000, 20000)
		// A machine that is slow at drawing gets a longer way to be drawn.
		for steps := 90; ; steps *= 2 {
			before := paintings(p)
			n.MustDo("pan", map[string]any{"by": []float64{3600 / float64(steps), 5400 / float64(steps)}, "steps": steps, "interval_ms": 16}, nil)
			frames := paintings(p) - before
			if frames >= 20 {
				break
			}
			if steps > 1000 {
				t.Fatalf("%d pictures were painted during %d steps", frames, steps)
			}
		}
		sameTiles(t, n, w, p, 0)
		p.shot("octree-pan")
		n.Center(200000, 200000) // nothing of the image is in view
		until(t, "the page shows a view outside the image", func() string {
			want := n.State().Layers[0]
			return sameInAPI(w, want) + sameInWords(p, want)
		})
		p.shot("octree-outside")
		n.Center(32768, 32768)
	})
	t.Run("another layer", func(t *testing.T) {
		p.t = t
		n.MustDo("add", map[string]any{"name": "second", "size": 8192}, nil)
		n.Zoom(0.02)
		n.Center(4096, 4096)
		p.wait("two layers to choose from", `document.querySelectorAll("#live-viewer-panel .segmented a").length === 2`)
		sameTiles(t, n, w, p, 0)
		p.click("#live-viewer-panel .segmented a:nth-child(2)")
		p.wait("the second one is chosen", `document.querySelector("#live-viewer-panel .segmented a:nth-child(2)[aria-current]")`)
		p.live()
		sameTiles(t, n, w, p, 1)
		p.shot("octree-second-layer")
		p.visit(w.url)
		p.live()
	})
	t.Run("the grid of napari, switched from the page", func(t *testing.T) {
		p.t = t
		n.MustDo("select", map[string]any{"layer": "image 1"}, nil)
		showsGrid(t, n, true)
		ask[any](p, `void (window.lives = [], new MutationObserver(() => {
				const life = document.querySelector("#command-show_grid")?.dataset.life;
				if (life && life !== window.lives.at(-1)) window.lives.push(life);
			}).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true}))`)
		// A napari that is stopped fetches nothing: the command waits.
		n.Signal(syscall.SIGSTOP)
		p.click("#command-show_grid button[role=switch]")
		p.says("#command-show_grid .control-life", "Queued")
		p.shot("octree-command-queued")
		n.Signal(syscall.SIGCONT)
		p.says("#command-show_grid .control-life", "Taken")
		showsGrid(t, n, false)
		p.shot("octree-command-taken")
		if lives := ask[[]string](p, "window.lives"); !slices.Equal(lives, []string{"queued", "taken"}) {
			t.Errorf("the command was %v, want queued, then taken", lives)
		}
		p.click("[data-viewer-canvas]")
		p.key("g") // the same by the keyboard
		showsGrid(t, n, true)
		p.wait("the switch is on", `document.querySelector("#command-show_grid button").getAttribute("aria-checked") === "true"`)

		var sent struct {
			ID, Status string
			Steps      []struct{ Status string }
		}
		if status, err := w.try("POST", "/sources/napari/commands/show_grid", `{"show_grid": false}`, &sent); err != nil || status != 202 {
			t.Fatalf("POST show_grid: status %d: %v", status, err)
		}
		showsGrid(t, n, false)
		until(t, "the API says taken", func() string {
			w.get("/api/v1/commands/"+sent.ID, &sent)
			if sent.Status == "taken" && len(sent.Steps) == 2 && sent.Steps[0].Status == "queued" {
				return ""
			}
			return fmt.Sprintf("%+v", sent)
		})
	})
	t.Run("frame times and chunk loads", func(t *testing.T) {
		p.t = t
		p.key("2")
		for _, chart := range []string{"frame_time", "load_time", "chunk_size", "frame_rate", "throughput"} {
			draws(t, p, chart)
		}
		p.shot("octree-loader")
		// Not one is lost: what the pages say is what napari has counted.
		until(t, "as many chunks as napari loaded", func() string {
			state := n.State()
			loads, size := 0, int64(0)
			for _, l := range state.Layers {
				loads += l.Loads
				size += l.Bytes
			}
			var chunks []struct {
				Bytes int64 `json:"num_bytes"`
			}
			w.get("/api/v1/sources/napari/events/load_chunk?seconds=900", &chunks)
			got := int64(0)
			for _, c := range chunks {
				got += c.Bytes
			}
			if len(chunks) == loads && got == size && loads > 0 {
				return ""
			}
			return fmt.Sprintf("%d chunks of %d bytes, napari says %d of %d", len(chunks), got, loads, size)
		})
		allFrames(t, n, func() int { return w.count("napari", "frame_time", 900) })
		csv, err := w.text("/api/v1/sources/napari/events/load_chunk?format=csv")
		if head, _, _ := strings.Cut(csv, "\n"); err != nil || !strings.Contains(head, "num_bytes") || !strings.Contains(head, "time") {
			t.Errorf("CSV begins %.100q (%v)", csv, err)
		}
	})
	t.Run("messages that webmon has never heard of", func(t *testing.T) {
		p.t = t
		p.tab("messages")
		p.says("#live-messages", "frame_time")
		for i := range 12 {
			n.MustDo("message", map[string]any{"message": map[string]any{
				"probe": map[string]any{"temperature": 20 + i, "where": "stage"},
			}}, nil)
		}
		p.says(`[data-message-topic="probe"]`, "stage")
		p.says(`[data-message-topic="probe"]`, "31")
		draws(t, p, "probe.temperature")
		n.MustDo("data", map[string]any{"data": map[string]any{"filter": map[string]any{"sigma": 1.25}}}, nil)
		p.says("#live-messages", "1.25")
		p.shot("octree-messages")
		p.visit(w.home + "/individual/probe.temperature")
		draws(t, p, "probe.temperature")
		p.visit(w.home + "/status")
		p.live()
	})
	t.Run("what is known of the process", func(t *testing.T) {
		p.t = t
		row := `[data-row="napari"]`
		p.says(row, "0.4.11")
		p.says(row, "3.9")
		p.says(row, strconv.Itoa(n.PID))
		p.says(row, "live")
		until(t, "a latency is shown", func() string {
			cells := ask[[]string](p, `[...document.querySelectorAll('[data-row="napari"] > *')].map(e => e.innerText.trim())`)
			if len(cells) < 9 {
				return fmt.Sprint(cells)
			}
			latency, err := strconv.ParseFloat(cells[7], 64)
			if err != nil || latency <= 0 || latency > 1000 {
				return fmt.Sprintf("latency %q", cells[7])
			}
			return ""
		})
		p.says("#live-status", fmt.Sprintf("napari attached (process %d)", n.PID))
		p.shot("octree-status")
	})
	p.t = t
	p.calm()
	p.stayedHome(w.hosts()...)
}

// asksToMove waits until the viewer asks for a movement of napari's camera. It
// reports false if there has been one: on a busy machine napari's window is
// laid out slowly enough to move the camera by itself.
func asksToMove(t *testing.T, n *naparitest.Process, p *page) bool {
	t.Helper()
	moved := false
	until(t, "the page asks to move the camera", func() string {
		says := p.text("#live-viewer-stage")
		if strings.Contains(says, "Move the camera in napari") {
			return ""
		}
		if n.State().Ticks > 0 {
			t.Log("napari has moved its camera by itself")
			moved = true
			return ""
		}
		return fmt.Sprintf("it says %q", says)
	})
	return !moved
}

// launchedBy returns the webmon that the napari has started, by the address
// that came out of napari's own stdout.
func launchedBy(t *testing.T, n *naparitest.Process) address {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	printed, err := n.WaitStdout(ctx, func(stdout string) (string, bool) {
		for line := range strings.Lines(stdout) {
			if strings.HasPrefix(line, "http://") && strings.HasSuffix(line, "\n") {
				return line, true
			}
		}
		return "", false
	})
	if err != nil {
		t.Fatalf("webmon printed no address: %v\n%s", err, n.Stderr())
	}
	return readAddress(t, printed, false)
}

// showsGrid waits until the first layer does or does not show its grid.
func showsGrid(t *testing.T, n *naparitest.Process, want bool) {
	t.Helper()
	until(t, fmt.Sprintf("show_grid is %t in napari", want), func() string {
		if l := n.State().Layers[0]; l.ShowGrid != want {
			return fmt.Sprint(l.ShowGrid)
		}
		return ""
	})
}

type tile = [2]int // row, column

// sameTiles waits until API, text and pixels of the page agree with what
// napari says of that layer.
func sameTiles(t *testing.T, n *naparitest.Process, w address, p *page, layer int) {
	t.Helper()
	until(t, "the page shows what napari draws", func() string {
		want := n.State().Layers[layer]
		if want.TileState == nil || want.TileConfig == nil {
			return "napari does not know yet"
		}
		if problem := sameInAPI(w, want); problem != "" {
			return "API: " + problem
		}
		if problem := sameInWords(p, want); problem != "" {
			return "text: " + problem
		}
		if problem := sameInPixels(p, want); problem != "" {
			return "pixels: " + problem
		}
		if now := n.State().Layers[layer]; !sameSeen(now.TileState.Seen, want.TileState.Seen) {
			return "napari is still moving"
		}
		return ""
	})
}

func sameSeen(a, b []tile) bool {
	return maps.Equal(setOf(a), setOf(b))
}

func setOf(tiles []tile) map[tile]bool {
	set := map[tile]bool{}
	for _, t := range tiles {
		set[t] = true
	}
	return set
}

func sameInAPI(w address, want naparitest.Layer) string {
	layers, err := w.layers("napari")
	if err != nil {
		return err.Error()
	}
	got, ok := layers[want.ID]
	if !ok {
		return "no layer " + want.ID
	}
	c := want.TileConfig
	switch {
	case !sameSeen(got.State.Seen, want.TileState.Seen) || len(got.State.Seen) != len(want.TileState.Seen):
		return fmt.Sprintf("seen %v, want %v", got.State.Seen, want.TileState.Seen)
	case got.State.Corners != want.TileState.Corners:
		return fmt.Sprintf("corners %v, want %v", got.State.Corners, want.TileState.Corners)
	case got.Config.LevelIndex != c.LevelIndex || got.Config.TileSize != c.TileSize ||
		got.Config.BaseShape != c.BaseShape || got.Config.ImageShape != c.ImageShape || got.Config.ShapeInTiles != c.ShapeInTiles:
		return fmt.Sprintf("config %+v, want %+v", got.Config, *c)
	}
	return ""
}

func sameInWords(p *page, want naparitest.Layer) string {
	// Thin spaces between groups of digits are for people.
	word := func(key string) string { return strings.Join(strings.Fields(p.value(key)), "") }
	c := want.TileConfig
	shape := func(s [2]int, unit string) string { return fmt.Sprintf("%d×%d%s", s[0], s[1], unit) }
	for key, text := range map[string]string{
		"seen":        fmt.Sprintf("%dof%d", len(want.TileState.Seen), c.ShapeInTiles[0]*c.ShapeInTiles[1]),
		"tile_size":   shape([2]int{c.TileSize, c.TileSize}, "px"),
		"grid":        shape(c.ShapeInTiles, "tiles"),
		"image_shape": shape(c.ImageShape, "px"),
		"base_shape":  shape(c.BaseShape, "px"),
	} {
		if got := word(key); got != text {
			return fmt.Sprintf("%s says %q, want %q", key, got, text)
		}
	}
	if got := p.value("level"); !strings.HasPrefix(got+" ", fmt.Sprint(c.LevelIndex, " ")) {
		return fmt.Sprintf("level says %q, want %d", got, c.LevelIndex)
	}
	for i, key := range []string{"top_left", "bottom_right"} {
		got := strings.Split(strings.TrimSuffix(strings.ReplaceAll(word(key), "−", "-"), "px"), ",")
		for j, text := range got {
			x, err := strconv.ParseFloat(text, 64)
			_, decimals, _ := strings.Cut(text, ".")
			if err != nil || len(got) != 2 || math.Abs(x-want.TileState.Corners[i][j]) > 0.51*math.Pow10(-len(decimals)) {
				return fmt.Sprintf("%s says %q, want %v", key, got, want.TileState.Corners[i])
			}
		}
	}
	listed, err := evaluate[[]string](p, `[...document.querySelectorAll("#viewer-tiles [data-row]")].map(e => e.dataset.row)`)
	if err != nil {
		return err.Error()
	}
	var rows []tile
	for _, text := range listed {
		var r tile
		if _, err := fmt.Sscanf(text, "%d,%d", &r[0], &r[1]); err != nil {
			return err.Error()
		}
		rows = append(rows, r)
	}
	if !sameSeen(rows, want.TileState.Seen) {
		return fmt.Sprintf("the table lists %v, want %v", rows, want.TileState.Seen)
	}
	return ""
}

// sameInPixels looks at the tiles that napari draws and at those around them,
// in a screenshot.
func sameInPixels(p *page, want naparitest.Layer) string {
	c := want.TileConfig
	seen := setOf(want.TileState.Seen)
	look := map[tile]bool{}
	for t := range seen {
		for row := t[0] - 2; row <= t[0]+2; row++ {
			for col := t[1] - 2; col <= t[1]+2; col++ {
				if row >= 0 && col >= 0 && row < c.ShapeInTiles[0] && col < c.ShapeInTiles[1] {
					look[tile{row, col}] = true
				}
			}
		}
	}
	if len(seen) == 0 {
		for row := range min(c.ShapeInTiles[0], 8) {
			for col := range min(c.ShapeInTiles[1], 8) {
				look[tile{row, col}] = true
			}
		}
	}
	// Where the tiles are on the screen is the one thing the viewer is asked;
	// what is there is for the eye.
	scale := float64(c.BaseShape[0]) / float64(c.ImageShape[0]) * float64(c.TileSize)
	where, err := evaluate[struct {
		Left, Top, Right, Bottom float64
		Origin, Next             [2]float64
	}](p, fmt.Sprintf(`(() => {
			const root = document.querySelector("[data-viewer]");
			const box = root.querySelector("[data-viewer-canvas]").getBoundingClientRect();
			const at = (row, column) => {
				const [x, y] = root.viewer.toScreen(column * %g, row * %g);
				return [x + box.left, y + box.top];
			};
			const {x, y, width, height} = box;
			return {Left: x, Top: y, Right: x + width, Bottom: y + height, Origin: at(0, 0), Next: at(1, 1)};
		})()`, scale, scale))
	if err != nil {
		return err.Error()
	}
	picture := p.picture("last-tiles")
	side := where.Next[0] - where.Origin[0]
	looked, red := 0, 0
	for t := range look {
		// Five places of a tile, most of which must agree: the edge of the view
		// or a button may lie over some.
		votes, reds := 0, 0
		for _, d := range [][2]float64{{0.5, 0.5}, {0.25, 0.3}, {0.3, 0.75}, {0.7, 0.25}, {0.75, 0.7}} {
			x := where.Origin[0] + (float64(t[1])+d[1])*side
			y := where.Origin[1] + (float64(t[0])+d[0])*side
			if x < where.Left+1 || y < where.Top+1 || x > where.Right-1 || y > where.Bottom-60 {
				continue
			}
			switch kindOf(picture, x, y) {
			case "red":
				reds++
				votes++
			case "grey":
				votes++
			}
		}
		if votes < 3 {
			continue
		}
		looked++
		if isRed := reds > votes/2; isRed != seen[t] {
			return fmt.Sprintf("tile %v is red: %t; napari draws it: %t (tiles of %.1f px)", t, isRed, seen[t], side)
		} else if isRed {
			red++
		}
	}
	switch {
	case side < 8:
		return fmt.Sprintf("a tile has %.1f px only", side)
	case red < min(len(seen), 4) || looked == 0:
		return fmt.Sprintf("only %d of %d drawn tiles can be seen (tiles of %.1f px)", red, len(seen), side)
	}
	return ""
}

// kindOf names the colour of a place: a tile that is drawn is red, one that is
// not is grey, each with or without the yellow veil of the view.
func kindOf(picture image.Image, x, y float64) string {
	r16, g16, b16, _ := picture.At(int(x), int(y)).RGBA()
	r, g, b := int(r16>>8), int(g16>>8), int(b16>>8)
	switch {
	case r > 200 && g < 90 && b < 70:
		return "red"
	case r > 140 && r < 200 && g > 140 && g < 190 && b > 120 && b < 180:
		return "grey"
	}
	return fmt.Sprintf("%d %d %d", r, g, b)
}

// paintings is how many pictures the viewer of the page has painted.
func paintings(p *page) int {
	p.t.Helper()
	return ask[int](p, `Number(document.querySelector("[data-viewer]").dataset.frames)`)
}

// draws waits until a chart has numbers and has drawn something.
func draws(t *testing.T, p *page, chart string) {
	t.Helper()
	p.wait("the chart "+chart+" has numbers and lines", fmt.Sprintf(`(() => {
			const chart = document.querySelector('[data-chart=%q]');
			const numbers = [...chart.querySelectorAll("[data-stat] .stat-value")].map(e => parseFloat(e.textContent));
			if (numbers.length === 0 || numbers.some(Number.isNaN)) return false;
			const probe = document.createElement("i");
			const line = chart.querySelector("[data-chart-legend] svg");
			probe.style.color = getComputedStyle(line).color;
			document.body.append(probe);
			const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
			probe.remove();
			return [...chart.querySelectorAll("[data-chart-canvas] canvas")].some(canvas => {
				const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
				let found = 0;
				for (let i = 0; i < data.length; i += 4) {
					if (data[i + 3] > 200 && Math.abs(data[i] - r) < 12 && Math.abs(data[i + 1] - g) < 12 && Math.abs(data[i + 2] - b) < 12) found++;
				}
				return found > 5;
			});
		})()`, chart))
}
