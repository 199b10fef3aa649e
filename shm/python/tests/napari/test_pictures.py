"""The slices themselves, in shared memory."""

import numpy as np
from conftest import camera, pattern


def want_slice(watcher, name):
    own = watcher.until_layer(name, lambda _: True)["id"]
    watcher.want("layers", "array/layer." + own, "arrays")
    return own


def shows(watcher, layer, own, check=lambda frame: True):
    """Wait until the shared frame is what napari has on the screen; return it."""

    def same():
        frame = watcher.frame("layer." + own)
        raw = layer._slice.image.raw
        return frame is not None and frame.data.shape == raw.shape and np.array_equal(frame.data, raw) and check(frame) and frame

    return watcher.until(same, f"the slice of {layer.name}")


def test_a_part_of_a_level_and_its_place(viewer, watch, pyramid):
    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000], colormap="magma")
    watcher = watch("layers")
    own = want_slice(watcher, "big")
    about = watcher.state("arrays")["layer." + own]
    assert (about["layer"], about["role"], about["colormap"], about["limits"]) == (own, "", "magma", [0, 4000])
    assert about["axes"] == ["y", "x"] and about["title"] == "big"
    seen = set()
    for zoom, y, x in ((1, 1000, 1200), (1, 3000, 2500), (0.4, 2000, 2000), (0.15, 2000, 2000)):
        camera(viewer).zoom, camera(viewer).center = zoom, (0, y, x)
        level = max(n for n in range(5) if n == 0 or zoom * 2**n <= 1.01)
        frame = shows(watcher, layer, own, lambda f: f.level == level and f.level == layer.data_level)
        seen.add(level)
        (r0, c0), (r1, c1) = layer.corner_pixels
        assert frame.data.shape == (r1 - r0 + 1, c1 - c0 + 1)
        assert frame.step == (2**level, 2**level) and frame.offset == (r0 * 2**level, c0 * 2**level)
        # Pixels of level 0 at the place where the frame says it lies.
        rows = (frame.offset[0] + frame.step[0] * np.arange(frame.data.shape[0])).astype(int)
        columns = (frame.offset[1] + frame.step[1] * np.arange(frame.data.shape[1])).astype(int)
        assert np.array_equal(frame.data, np.asarray(pyramid[0])[rows][:, columns])
    assert seen == {0, 1, 2}


def test_axes_are_those_of_the_screen(viewer, watch, volume):
    layer = viewer.add_image(volume, multiscale=True, name="series", contrast_limits=[0, 4000], axis_labels=("t", "v", "u"))
    watcher = watch("layers", "dims")
    own = want_slice(watcher, "series")
    viewer.dims.set_current_step(0, 3)
    frame = shows(watcher, layer, own)
    assert watcher.state("arrays")["layer." + own]["axes"] == ["v", "u"]
    viewer.dims.order = (0, 2, 1)
    camera(viewer).zoom, camera(viewer).center = 2, (0, 700, 300)
    frame = shows(watcher, layer, own, lambda f: f.level == 0)
    assert watcher.state("arrays")["layer." + own]["axes"] == ["u", "v"]
    corner = layer.corner_pixels[0]
    assert frame.offset == (corner[2], corner[1])
    whole = np.asarray(volume[0])[3].T
    r, c = (int(n) for n in frame.offset)
    assert np.array_equal(frame.data, whole[r : r + frame.data.shape[0], c : c + frame.data.shape[1]])
    viewer.dims.order = (0, 1, 2)
    viewer.dims.ndisplay = 3
    frame = shows(watcher, layer, own, lambda f: f.data.ndim == 3)
    assert watcher.state("arrays")["layer." + own]["axes"] == ["t", "v", "u"] and frame.level == 1


def test_labels_colours_and_plain_arrays(viewer, watch):
    labels = viewer.add_labels(np.arange(12000).reshape(100, 120) // 7, name="labels")
    rgb = viewer.add_image(np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8), rgb=True, name="rgb")
    flags = viewer.add_image(np.eye(50, dtype=bool), name="flags")
    watcher = watch("layers")
    for layer, role in ((labels, "labels"), (rgb, "rgb"), (flags, "")):
        own = want_slice(watcher, layer.name)
        frame = shows(watcher, layer, own)
        assert watcher.state("arrays")["layer." + own]["role"] == role
        assert frame.offset == (0, 0) and frame.step == (1, 1) and frame.level == 0
    own = want_slice(watcher, "labels")
    labels.selected_label = 3
    labels.paint((50, 50), 3)
    assert (labels.data == 3).sum() > 7
    shows(watcher, labels, own)
    # Other data, of another type and size.
    flags.data = np.linspace(0, 1, 200 * 300, dtype=np.float32).reshape(200, 300)
    own = want_slice(watcher, "flags")
    assert shows(watcher, flags, own).data.dtype == np.float32


def test_nothing_is_copied_while_nobody_looks(viewer, watch):
    layer = viewer.add_image(np.zeros((5, 100, 100), np.uint16), name="image", contrast_limits=[0, 10])
    watcher = watch("layers")
    own = watcher.until_layer("image", lambda _: True)["id"]
    array = "layer." + own
    viewer.dims.set_current_step(0, 4)
    watcher.until(lambda: watcher.events("load_chunk"))
    assert watcher.frame(array) is None
    watcher.want("layers", "array/" + array)
    first = shows(watcher, layer, own).seq
    watcher.want("layers")
    viewer.layers["image"].data = np.ones((5, 100, 100), np.uint16)
    watcher.until_layer("image", lambda x: x["loads"] >= 2)
    assert watcher.frame(array).seq == first
    # Whoever comes later sees what is there now.
    watcher.want("layers", "array/" + array)
    assert shows(watcher, layer, own).seq > first


def test_the_frame_that_comes_last_is_shared(viewer, watch):
    """More slices than somebody wants: the last one is not lost."""
    data = np.stack([pattern(200, 200) + t for t in range(50)])
    layer = viewer.add_image(data, name="series", contrast_limits=[0, 4000])
    watcher = watch("layers")
    own = watcher.until_layer("series", lambda _: True)["id"]
    watcher.want("layers", "array/layer." + own, hz=5)
    shows(watcher, layer, own)
    for t in range(50):
        viewer.dims.set_current_step(0, t)
    frame = shows(watcher, layer, own)
    assert np.array_equal(frame.data, data[49])
    assert frame.seq < 40


def test_a_slice_that_is_too_large_is_left_out(viewer, watch, monkeypatch):
    from webmon._napari import pictures

    monkeypatch.setattr(pictures, "MOST_BYTES", 1000)
    viewer.add_image(np.zeros((100, 100)), name="large")
    viewer.add_image(np.zeros((5, 5)), name="small")
    watcher = watch("layers")
    watcher.until_state("layers", lambda x: len(x) == 2)
    arrays = watcher.state("arrays")
    assert [about["title"] for about in arrays.values()] == ["small"]
