//go:build linux

package e2e

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"webmon/lacking"
	"webmon/shm/process/naparitest"
)

// offers makes volumes whose voxels readsThem knows.
const offers = `
import numpy as np, webmon
webmon.serve(name="scope")
rng = np.random.default_rng(1)
brain = webmon.volume("brain", (70, 130, 140), "uint16", "zyx", scale=(2, 0.5, 0.5), units="um", limits=(0, 4095))
brain.data[:] = rng.integers(0, 4096, brain.data.shape)
brain.changed()
cells = webmon.volume("cells", (70, 130, 140), "uint32", "zyx", kind="labels")
cells.data[:] = (np.indices(cells.data.shape) // 9).sum(axis=0)
cells.changed()
webmon.volume("field", data=rng.standard_normal((20, 30, 40, 3)).astype(">f8"), axes="zyxc")
`

// readsThem reads a volume by its address with zarr in both formats, with dask, and with napari's own model of a
// viewer, and holds it against what it was made of.
const readsThem = `
import sys, warnings
import dask.array as da
import numpy as np
import zarr
from napari.components import ViewerModel

warnings.filterwarnings("ignore", message="Both zarr.json")
address, name = sys.argv[1].rstrip("/"), sys.argv[2]
rng = np.random.default_rng(1)
brain = rng.integers(0, 4096, (70, 130, 140)).astype("u2")
cells = (np.indices(brain.shape) // 9).sum(axis=0).astype("u4")
field = np.moveaxis(rng.standard_normal((20, 30, 40, 3)), -1, 0)
want = {"brain": brain, "cells": cells, "field": field}[name]
for version in 3, 2:
    got = zarr.open_array(address + "/0", mode="r", zarr_format=version)
    assert got.dtype == want.dtype and (got[:] == want).all(), (version, got)
scales = zarr.open_group(address, mode="r").attrs["ome"]["multiscales"][0]
levels = [da.from_zarr(address, component=d["path"]) for d in scales["datasets"]]
assert (levels[0].compute() == want).all()
if name == "brain":
    assert [a["unit"] for a in scales["axes"]] == ["micrometer"] * 3
    assert scales["datasets"][1]["coordinateTransformations"] == [
        {"type": "scale", "scale": [2, 1, 1]}, {"type": "translation", "translation": [1, 0.5, 0.5]}]
    mean = brain.astype(float).reshape(70, 65, 2, 70, 2).mean((2, 4))
    assert (levels[1].compute() == np.floor(mean + 0.5)).all()
if name == "cells":
    # Blocks of 2 by 2 by 2 voxels: the value that most have, the lowest of several.
    blocks = cells.reshape(35, 2, 65, 2, 70, 2).transpose(0, 2, 4, 1, 3, 5).reshape(-1, 8)
    counts = (blocks[:, :, None] == blocks[:, None, :]).sum(axis=2)
    mode = np.where(counts == counts.max(axis=1, keepdims=True), blocks, 2**32 - 1).min(axis=1)
    assert (levels[1].compute().ravel() == mode).all()
viewer = ViewerModel()
add = viewer.add_labels if name == "cells" else viewer.add_image
layer = add(levels, multiscale=True) if len(levels) > 1 else add(levels[0])
data = layer.data[0] if len(levels) > 1 else layer.data
assert data.shape == want.shape
at = tuple(n // 2 for n in want.shape)
assert np.asarray(data[at]) == want[at]
`

// TestE2EVolumesElsewhere: zarr, dask and napari read a volume at the address that its page gives.
func TestE2EVolumesElsewhere(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	python := naparitest.Python(t, "napari-latest")
	if out, err := exec.Command(python, "-c", "import aiohttp, dask, napari, zarr").CombinedOutput(); err != nil {
		lacking.Skip(t, "zarr reads over http with aiohttp: %s", out)
	}
	home := t.TempDir()
	process := naparitest.StartPackage(t, "numpy2", home)
	process.Run(offers, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("scope", "connected", connected)
	script := filepath.Join(t.TempDir(), "reads.py")
	if err := os.WriteFile(script, []byte(readsThem), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), python, args...)
		cmd.Env = append(userEnviron(t, home), "QT_QPA_PLATFORM=offscreen")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	code := regexp.MustCompile(`(?s)<code>(.*?)</code>`)
	for _, name := range []string{"brain", "cells", "field"} {
		until(t, name+" is offered", func() string {
			status, err := w.try("POST", "/volumes/scope/offers?for=hour&volume="+name, "{}", nil)
			if status != 303 {
				return fmt.Sprint(status, err)
			}
			return ""
		})
		page, err := w.text("/volumes/scope/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var address string
		var codes []string
		for _, m := range code.FindAllStringSubmatch(page, -1) {
			text := html.UnescapeString(m[1])
			switch {
			case strings.HasSuffix(text, "/newest/"):
				address = text
			case strings.Contains(text, "import") && !strings.Contains(text, "napari"):
				codes = append(codes, text)
			}
		}
		if address == "" || len(codes) != 2 {
			t.Fatalf("the page of %s has the address %q and the code %q", name, address, codes)
		}
		run(script, address, name)
		for _, c := range codes {
			run("-W", "error", "-c", c)
		}
	}
}

// TestE2EManyPoints: Neuroglancer's client loads a hundred thousand points from the browser's own address, and shows
// others when they have changed.
func TestE2EManyPoints(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	process := naparitest.StartPackage(t, "numpy2", home)
	process.Run(`
import numpy as np, webmon
webmon.serve(name="scope")
rng = np.random.default_rng(1)
def somewhere(): return rng.uniform(0, (60, 80, 100), (100_000, 3)).astype("f4")
spots = webmon.volume("spots", points=somewhere(), axes="zyx", scale=(2, 1, 1), units="um", attributes={"brightness": np.arange(100_000, dtype="f4")})
`, nil)
	w := startProgram(t, home, "--port", "0")
	w.source("scope", "connected", connected)
	var page string
	frame := regexp.MustCompile(`/volumes/scope/v/[0-9a-f]+/`)
	until(t, "the points have a page", func() string {
		var err error
		page, err = w.text("/volumes/scope/spots")
		if frame.FindString(page) == "" {
			return fmt.Sprint(err)
		}
		return ""
	})
	b := startBrowser(t)
	p := b.open(t, wide)
	t.Cleanup(p.close)
	p.visit(w.url)
	p.visit(w.home + frame.FindString(page))
	const source = `window.viewer?.layerManager.managedLayers[0]?.layer?.dataSources?.[0]`
	p.wait("the points are loaded", source+`?.loadState !== undefined && !`+source+`.loadState.error && window.viewer.isReady()`)
	if got := ask[string](p, source+`.spec.url`); !strings.HasPrefix(got, "precomputed://"+w.home+"/volumes/scope/points/webmon.") {
		t.Errorf("the source is %q", got)
	}
	until(t, "points are drawn", func() string {
		img := p.picture("points")
		n := 0
		for y := 100; y < img.Bounds().Dy(); y += 2 {
			for x := 0; x < img.Bounds().Dx(); x += 2 {
				if r, g, b, _ := img.At(x, y).RGBA(); r > 0xb000 && g > 0xb000 && b < 0x8000 { // the client's own yellow
					n++
				}
			}
		}
		if n < 500 {
			return fmt.Sprintf("%d of the pixels are yellow", n)
		}
		return ""
	})
	// Other points, at another address, which the view is told.
	before := ask[string](p, source+`.spec.url`)
	process.Run(`spots.replace(somewhere())`, nil)
	p.wait("the view shows the points that came", source+`?.spec.url !== `+strconv.Quote(before)+` && `+source+`.loadState !== undefined && !`+source+`.loadState.error`)
	p.calm()
}
