"""What napari shows, read from outside."""

import contextlib

import numpy as np
import pytest
from conftest import CHUNK, SIZE, camera, pattern, until


def test_every_kind_of_layer(viewer, watch):
    viewer.add_image(
        np.zeros((40, 50), np.uint16), name="image", contrast_limits=[0, 100], gamma=0.5, colormap="viridis", opacity=0.5,
        blending="additive", scale=(2, 3), translate=(10, 20), units=("um", "um"), axis_labels=("y", "x"),
    )  # fmt: skip
    viewer.add_image(np.zeros((40, 50, 3), np.uint8), name="rgb", rgb=True)
    viewer.add_labels(np.zeros((40, 50), int), name="labels", visible=False)
    viewer.add_points(np.zeros((7, 2)), name="points")
    viewer.add_shapes([np.array([[0, 0], [5, 5]])], shape_type="line", name="shapes")
    viewer.add_surface((np.eye(3, 3), np.array([[0, 1, 2]]), np.arange(3.0)), name="surface")
    viewer.add_tracks(np.array([[1, 0, 5, 5], [1, 1, 6, 6]]), name="tracks")
    viewer.add_vectors(np.zeros((4, 2, 2)), name="vectors")
    watcher = watch("layers", "poll")
    layers = watcher.until_state("layers", lambda found: len(found) == 8)
    assert [layer["name"] for layer in layers] == [layer.name for layer in viewer.layers]
    kinds = {layer["name"]: layer["kind"] for layer in layers}
    assert kinds == {n: "image" if n == "rgb" else n for n in kinds}
    image = watcher.layer("image")
    expected = {
        "visible": True, "opacity": 0.5, "blending": "additive", "gamma": 0.5, "colormap": "viridis",
        "contrast_limits": [0.0, 100.0], "shape": [40, 50], "dtype": "<u2", "ndim": 2, "rgb": False, "scale": [2.0, 3.0],
        "translate": [10.0, 20.0], "axes": ["y", "x"], "multiscale": False, "levels": [[40, 50]], "level": 0,
        "chunk": None, "chunk_stated": True, "loaded": True, "nbytes": 4000, "path": None, "units": ["micrometer", "micrometer"],
    }  # fmt: skip
    assert {key: image[key] for key in expected} == expected
    rgb = watcher.layer("rgb")
    assert rgb["rgb"] and rgb["shape"] == [40, 50, 3] and rgb["levels"] == [[40, 50]] and "colormap" not in rgb
    assert watcher.layer("labels")["visible"] is False
    assert watcher.layer("points")["shape"] == [7, 2]
    assert "levels" not in watcher.layer("points")
    # Ids are small numbers as text, and a layer keeps its own.
    ids = {layer["name"]: layer["id"] for layer in layers}
    assert len(set(ids.values())) == 8 and all(0 < int(i) < 10**6 for i in ids.values())
    viewer.layers.move(0, 8)
    viewer.layers.remove("rgb")
    viewer.layers["points"].name = "dots"
    moved = watcher.until_state("layers", lambda found: [x["name"] for x in found][-1] == "image" and len(found) == 7)
    renamed = watcher.until_state("layers", lambda found: "dots" in [x["name"] for x in found])
    assert [x["id"] for x in moved] == [x["id"] for x in renamed]
    assert watcher.layer("dots")["id"] == ids["points"]
    # Pictures alone have tiles.
    poll = watcher.until_state("poll", lambda p: set(p["layers"]) == {ids["image"], ids["labels"]})
    assert "tile_state" not in poll["layers"][ids["labels"]]  # it is not visible


def drawn_directions(viewer):
    """Return where a step to the right and one downwards on the canvas lead, by the transforms with which napari draws."""
    canvas = viewer.window._qt_viewer.canvas
    view = canvas.view
    transform = view.transform * view.scene.transform
    middle = np.array(canvas.size[::-1]) / 2
    shown = int(viewer.dims.ndisplay)

    def at(dx, dy):
        mapped = np.asarray(transform.imap([*(middle + (dx, dy)), 0, 1]))
        return (mapped[:shown] / mapped[3])[::-1]

    steps = [at(20, 0) - at(0, 0), at(0, 20) - at(0, 0)]
    return [(step / np.linalg.norm(step)).tolist() for step in steps]


@pytest.mark.parametrize("orientation", [None, ("away", "down", "right"), ("towards", "up", "right"), ("away", "up", "left")])
def test_the_directions_on_the_canvas_are_those_that_napari_draws(viewer, watch, orientation):
    viewer.add_image(np.zeros((5, 40, 50), np.uint8))
    if orientation is not None:
        camera(viewer).orientation = orientation
    watcher = watch("camera", "dims")
    shown = []

    def told(found):
        right, down = drawn_directions(viewer)
        shown[:] = [found, right, down]
        return found["right"] == pytest.approx(right, abs=1e-3) and found["down"] == pytest.approx(down, abs=1e-3)

    def check():
        try:
            watcher.until_state("camera", told)
        except AssertionError:
            raise AssertionError(f"webmon says {shown[0]['right']}, {shown[0]['down']} and napari draws {shown[1:]}") from None

    check()
    viewer.dims.ndisplay = 3
    for angles in ((0, 0, 90), (0, 0, 0), (30, 0, 0), (0, 30, 0), (0, 0, 30), (25, -40, 70), (-100, 50, 160)):
        camera(viewer).angles = angles
        check()


def test_the_world_of_the_volumes(viewer, watch):
    viewer.add_image(np.zeros((3, 5, 40, 50), np.uint8), scale=(1, 2, 0.5, 0.25), axis_labels=("t", "z", "y", "x"), units=("s", "um", "um", "um"))
    watcher = watch("dims")
    viewer.dims.axis_labels = ("t", "z", "y", "x")
    found = watcher.until_state("dims", lambda d: d["axes"] == ["t", "z", "y", "x"])
    assert found["shift"] == [0.5, 1, 0.25, 0.125]
    assert found["units"] == ["second", "micrometer", "micrometer", "micrometer"]
    assert found["range"] == [[0, 2, 1], [0, 8, 2], [0, 19.5, 0.5], [0, 12.25, 0.25]]
    # A layer with smaller pixels in another unit moves all of them.
    viewer.add_image(np.zeros((40, 50), np.uint8), scale=(100, 100), units=("nm", "nm"))
    found = watcher.until_state("dims", lambda d: d["shift"][2] != 0.25)
    by = 1 if found["units"][2] == "micrometer" else 1000
    assert found["shift"][2:] == pytest.approx([0.05 * by, 0.05 * by])
    viewer.layers[0].scale = (1, 3, 0.5, 0.25)
    watcher.until_state("dims", lambda d: d["shift"][1] == pytest.approx(1.5 * by))


def test_camera_and_dims(viewer, watch):
    viewer.add_image(np.zeros((3, 5, 40, 50), np.uint8), axis_labels=("t", "z", "y", "x"))
    watcher = watch("camera", "dims")
    camera(viewer).center = (0, 12, 34)
    camera(viewer).zoom = 3.5
    found = watcher.until_state("camera", lambda c: c["zoom"] == 3.5)
    assert found["center"] == [0, 12, 34]
    assert found["canvas"] == list(viewer.window._qt_viewer.canvas.size)
    viewer.dims.set_current_step(0, 2)
    found = watcher.until_state("dims", lambda d: d["current_step"][0] == 2)
    assert found["nsteps"] == [3, 5, 40, 50]
    assert found["axis_labels"] == ["t", "z", "y", "x"]
    assert (found["ndim"], found["ndisplay"], found["displayed"], found["playing"]) == (4, 2, [2, 3], None)
    viewer.dims.ndisplay = 3
    watcher.until_state("dims", lambda d: d["ndisplay"] == 3 and d["displayed"] == [1, 2, 3])
    camera(viewer).angles = (10, 20, 30)
    watcher.until_state("camera", lambda c: c["angles"] == pytest.approx([10, 20, 30]))
    viewer.dims.ndisplay = 2
    viewer.dims.order = (0, 1, 3, 2)
    watcher.until_state("dims", lambda d: d["displayed"] == [3, 2])
    before = viewer.window._qt_viewer.canvas.size
    viewer.window.resize(760, 600)
    until(lambda: viewer.window._qt_viewer.canvas.size != before)
    watcher.until_state("camera", lambda c: c["canvas"] == list(viewer.window._qt_viewer.canvas.size))
    viewer.window.resize(800, 640)


def test_cursor(viewer, watch, pyramid):
    data = pattern(40, 50)
    viewer.add_image(data, name="image")
    rgb = np.arange(40 * 50 * 3, dtype=np.uint8).reshape(40, 50, 3)
    viewer.add_image(rgb, rgb=True, name="rgb")
    viewer.layers.selection.active = viewer.layers["image"]
    watcher = watch("cursor", "layers")
    viewer.cursor.position = (12, 34)
    found = watcher.until_state("cursor", lambda c: c["position"] == [12, 34])
    assert found["value"] == data[12, 34] and found["layer"] == watcher.layer("image")["id"]
    viewer.layers.selection.active = viewer.layers["rgb"]
    watcher.until_state("cursor", lambda c: c["value"] == "({}, {}, {})".format(*rgb[12, 34]))
    viewer.cursor.position = (-12, 34)
    watcher.until_state("cursor", lambda c: c["value"] is None and c["position"] == [-12, 34])
    viewer.layers.selection.clear()
    viewer.add_image(pyramid, multiscale=True, contrast_limits=[0, 4000])
    viewer.cursor.position = (100, 200)
    watcher.until_state("cursor", lambda c: isinstance(c["value"], int) and c["position"] == [100, 200])


def test_histograms(viewer, watch):
    data = np.zeros((300, 400), np.uint16)
    data[:100] = 999
    viewer.add_image(data, name="image", contrast_limits=[0, 1000])
    viewer.layers["image"].contrast_limits_range = (0, 1000)
    viewer.add_labels(np.zeros((30, 30), int))
    watcher = watch("histograms", "layers")
    layer = watcher.until_layer("image", lambda _: True)["id"]
    found = watcher.until_state("histograms", lambda h: layer in h and h[layer]["high"] == 1000)
    assert list(found) == [layer] and found[layer]["low"] == 0
    counts = np.array(found[layer]["counts"])
    assert counts[0] + counts[-1] == counts.sum() > 1000
    assert counts[-1] / counts.sum() == pytest.approx(1 / 3, abs=0.02)
    viewer.layers["image"].data = np.full((300, 400), 999, np.uint16)
    watcher.until_state("histograms", lambda h: h[layer]["counts"][0] == 0 < h[layer]["counts"][-1])
    viewer.layers["image"].visible = False
    watcher.until_state("histograms", lambda h: layer not in h)


def tiles(entry):
    return {tuple(tile) for tile in np.asarray(entry["tile_state"]["seen"]).tolist()}


def expected_tiles(layer, chunk):
    (r0, c0), (r1, c1) = layer.corner_pixels
    return {(r, c) for r in range(r0 // chunk[0], r1 // chunk[0] + 1) for c in range(c0 // chunk[1], c1 // chunk[1] + 1)}


@pytest.mark.parametrize("kind", ["zarr", "dask", "plain"])
def test_tiles_with_pan_zoom_and_levels(viewer, watch, pyramid, kind):
    levels, chunk = pyramid, CHUNK
    if kind == "dask":
        da = pytest.importorskip("dask.array")
        levels = [da.from_zarr(level) for level in pyramid]
    elif kind == "plain":
        levels, chunk = [np.asarray(level) for level in pyramid], None
    layer = viewer.add_image(levels, multiscale=True, name="big", contrast_limits=[0, 4000])
    watcher = watch("poll", "layers")
    own = watcher.until_layer("big", lambda _: True)["id"]

    def entry(poll):
        return poll["layers"][own]

    seen_levels = set()
    for zoom in (2.0, 0.6, 0.3, 0.15):
        camera(viewer).zoom = zoom
        for center in ((0, 900, 1500), (0, 2000, 2600)):
            camera(viewer).center = center
            size = viewer.window._qt_viewer.canvas.size
            # What fits, from nothing but the zoom: the coarsest pixel no larger than the screen's.
            ideal = max(n for n in range(5) if n == 0 or zoom * 2**n <= 1.01)
            found = entry(watcher.until_state("poll", lambda p: (
                entry(p)["tile_config"]["ideal_level"] == ideal
                and entry(p)["tile_config"]["level_index"] == layer.data_level == ideal
                and tiles(entry(p)) == expected_tiles(layer, entry(p)["tile_config"]["tile_shape"])
                and np.allclose(np.mean(entry(p)["tile_state"]["corners"], axis=0), np.array(center[1:]) + 0.5)
            )))  # fmt: skip
            config, corners = found["tile_config"], np.asarray(found["tile_state"]["corners"])
            assert corners[1] - corners[0] == pytest.approx(np.array(size) / zoom)
            n = SIZE >> ideal
            tile = chunk or ((256, 256) if n <= 4096 else (512, 512))
            assert config["tile_shape"] == [min(t, n) for t in tile] and config["stated"] is (chunk is None)
            assert config["base_shape"] == [SIZE, SIZE] and config["image_shape"] == [n, n]
            assert config["shape_in_tiles"] == [-(-n // t) for t in config["tile_shape"]]
            assert config["levels"] == [[SIZE >> k] * 2 for k in range(5)] and config["name"] == "big"
            seen = np.asarray(found["tile_state"]["seen"])
            assert seen.dtype == np.int64 and seen.shape[1] == 2 and len(seen)
            assert np.asarray(found["tile_state"]["loading"]).shape == (0, 2)
            seen_levels.add(ideal)
            details = watcher.until_layer("big", lambda x: x["level"] == ideal)
            assert details["ideal_level"] == ideal and details["chunk_stated"] is (chunk is None)
    assert seen_levels == {0, 1, 2}


def test_a_locked_level_is_not_the_ideal_one(viewer, watch, pyramid):
    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000])
    watcher = watch("layers", "poll")
    camera(viewer).zoom = 1
    watcher.until_layer("big", lambda x: x["level"] == x["ideal_level"] == 0 and x["locked_level"] is None)
    layer.locked_data_level = 3
    found = watcher.until_layer("big", lambda x: x["level"] == 3)
    assert found["ideal_level"] == 0 and found["locked_level"] == 3
    watcher.until_state("poll", lambda p: p["layers"][found["id"]]["tile_config"]["level_index"] == 3)
    layer.locked_data_level = None
    camera(viewer).zoom = 0.99
    watcher.until_layer("big", lambda x: x["locked_level"] is None and x["level"] == 0)


def test_corners_of_a_layer_that_is_scaled_moved_and_transposed(viewer, watch):
    layer = viewer.add_image(np.zeros((3, 200, 400), np.uint8), name="image", scale=(1, 2, 0.5), translate=(0, 100, -50))
    watcher = watch("poll", "layers")
    camera(viewer).zoom = 2
    camera(viewer).center = (0, 300, 20)
    own = watcher.until_layer("image", lambda _: True)["id"]

    def right(poll, middle, *pixels):
        # The slider below the canvas may still take some of its height.
        size = np.array(viewer.window._qt_viewer.canvas.size) / pixels
        corners = poll["layers"][own].get("tile_state", {}).get("corners", np.zeros((2, 2)))
        return np.allclose(corners, [middle - size / 2, middle + size / 2])

    # World 300 is row (300 - 100) / 2 = 100, whose middle is 100.5; a row is 4 pixels of the screen, a column 1.
    watcher.until_state("poll", lambda p: right(p, np.array([100.5, 140.5]), 4, 1))
    viewer.dims.order = (0, 2, 1)  # napari then shows all
    camera(viewer).zoom = 2
    camera(viewer).center = (0, 20, 300)
    # Columns of the layer now go down the screen.
    poll = watcher.until_state("poll", lambda p: right(p, np.array([140.5, 100.5]), 1, 4))
    assert poll["layers"][own]["tile_config"]["base_shape"] == [400, 200]
    assert layer.ndim == 3


def test_in_3d_there_are_no_tiles(viewer, watch, volume):
    viewer.add_image(volume, multiscale=True, name="series", contrast_limits=[0, 4000])
    watcher = watch("poll", "layers")
    camera(viewer).zoom = 2
    own = watcher.until_layer("series", lambda x: x["level"] == 0)["id"]
    viewer.dims.ndisplay = 3
    watcher.until_state("poll", lambda p: "tile_state" not in p["layers"][own])
    watcher.until_layer("series", lambda x: x["level"] == 1)
    viewer.dims.ndisplay = 2
    watcher.until_state("poll", lambda p: "tile_state" in p["layers"][own])


@pytest.mark.parametrize("dtype", ["bool", "u1", "i1", "u2", "i4", "u8", "f2", "f4", "f8"])
def test_the_histogram_of_a_picture_of_one_value(viewer, watch, dtype):
    viewer.add_image(np.zeros((64, 64), dtype), name="flat")
    watcher = watch("layers", "histograms")
    own = watcher.until_layer("flat", lambda _: True)["id"]
    found = watcher.until_state("histograms", lambda h: own in h)[own]
    assert (found["least"], found["greatest"]) == (0, 0) and sum(found["counts"]) == 64 * 64
    assert found["whole"] == (np.dtype(dtype).kind != "f")


@pytest.mark.parametrize(("low", "high"), [(-np.inf, 1), (0, np.inf), (-np.inf, np.inf), (-1e308, 1e308)])
def test_a_contrast_range_without_an_end(viewer, watch, low, high):
    # napari takes such a range, whatever its own slider says of it. There are no bins of it, and a slider needs two ends.
    layer = viewer.add_image(pattern(40, 50) / 255, contrast_limits=(0.25, 0.75))
    with contextlib.suppress(OverflowError, ValueError):
        layer.contrast_limits_range = (low, high)
    assert tuple(layer.contrast_limits_range) == (low, high)
    watcher = watch("layers", "histograms", "controls")
    found = watcher.until_state("histograms", lambda f: f and all(f.values()))
    ((identity, bins),) = found.items()
    assert np.isfinite([bins["low"], bins["high"], bins["high"] - bins["low"]]).all() and bins["low"] < bins["high"]
    assert bins["low"] <= 0.25 and bins["high"] >= 0.75
    assert sum(bins["counts"]) > 0
    for name in ("contrast_low", "contrast_high"):
        control = watcher.control(f"layer.{identity}.{name}")
        assert np.isfinite([control["value"], control["min"], control["max"], control["max"] - control["min"]]).all()
        assert control["min"] <= 0.25 and control["max"] >= 0.75
    with contextlib.suppress(OverflowError, ValueError):
        watcher.set(f"layer.{identity}.contrast_low", 0.125)
    until(lambda: layer.contrast_limits[0] == 0.125)
