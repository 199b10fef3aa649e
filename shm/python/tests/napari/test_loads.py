"""What is loaded, how that is seen, and that the user's data stay what they were."""

import numpy as np
import pytest
from conftest import CHUNK, camera, pattern, until


def move(viewer, zoom, y, x):
    camera(viewer).zoom = zoom
    camera(viewer).center = (0, y, x)


def painted(watcher, viewer):
    """Wait until napari has painted what was last asked for, and what that loaded has come."""
    count = []
    draw = viewer.window._qt_viewer.canvas.events.draw

    def drawn(event=None):
        count.append(1)

    draw.connect(drawn)
    viewer.window._qt_viewer.canvas.native.update()
    watcher.until(lambda: len(count) >= 1, "a paint")
    viewer.window._qt_viewer.canvas.native.update()
    watcher.until(lambda: len(count) >= 2, "a paint")
    draw.disconnect(drawn)


@pytest.mark.parametrize("kind", ["zarr", "dask"])
def test_single_chunks(viewer, watch, pyramid, kind):
    levels = pyramid
    if kind == "dask":
        da = pytest.importorskip("dask.array")
        # A cache of napari's own would keep chunks from being loaded at all.
        levels = [da.from_zarr(level) for level in pyramid]
    move(viewer, 0.1, 2048, 2048)
    layer = viewer.add_image(levels, multiscale=True, name="big", contrast_limits=[0, 4000], cache=False)
    move(viewer, 0.1, 2048, 2048)
    assert [a is b for a, b in zip(layer.data, levels)] == [True] * 5
    watcher = watch("layers", "poll")
    painted(watcher, viewer)
    before = watcher.until_layer("big", lambda _: True)["loads"]
    watcher.messages.clear()
    move(viewer, 1, 1000, 1200)
    watcher.until_layer("big", lambda x: x["level"] == 0 and x["loads"] > before)
    painted(watcher, viewer)
    (r0, c0), (r1, c1) = layer.corner_pixels
    count = (r1 // CHUNK[0] - r0 // CHUNK[0] + 1) * (c1 // CHUNK[1] - c0 // CHUNK[1] + 1)
    watcher.until(lambda: len(watcher.events("load_chunk")) >= count, f"{count} chunks")
    loads = watcher.events("load_chunk")
    own = watcher.layer("big")["id"]
    assert len(loads) == count
    for load in loads:
        assert load["num_bytes"] == CHUNK[0] * CHUNK[1] * 2
        assert (load["level"], load["layer"], load["how"], load["again"]) == (0, own, "chunk", False)
        assert load["load_ms"] > 0 and load["time"] > 1.7e9

    # One chunk further: napari takes the whole view anew, most of which it had.
    had = {(r, c) for r in range(r0 // CHUNK[0], r1 // CHUNK[0] + 1) for c in range(c0 // CHUNK[1], c1 // CHUNK[1] + 1)}
    watcher.messages.clear()
    move(viewer, 1, 1000 + CHUNK[0], 1200)
    watcher.until_layer("big", lambda x: x["loads"] > before + count)
    painted(watcher, viewer)
    (r0, c0), (r1, c1) = layer.corner_pixels
    now = {(r, c) for r in range(r0 // CHUNK[0], r1 // CHUNK[0] + 1) for c in range(c0 // CHUNK[1], c1 // CHUNK[1] + 1)}
    assert had & now and now - had
    watcher.until(lambda: len(watcher.events("load_chunk")) >= len(now), f"{len(now)} chunks")
    assert sum(load["again"] for load in watcher.events("load_chunk")) == len(had & now)
    details = watcher.until_layer("big", lambda x: x["reloads"] == len(had & now))
    assert details["loads"] == before + count + len(now)
    watcher.until_state("poll", lambda p: p["layers"][own]["tile_config"]["reloads"] == len(had & now))


def test_reloaded_tiles_are_marked_for_a_while(viewer, watch, pyramid):
    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000])
    watcher = watch("layers", "poll")
    move(viewer, 1, 1000, 1200)
    own = watcher.until_layer("big", lambda x: x["level"] == 0 and x["loads"] > 0)["id"]
    painted(watcher, viewer)

    def reloaded(poll):
        return np.asarray(poll["layers"][own]["tile_state"]["reloaded"])

    watcher.until_state("poll", lambda p: len(reloaded(p)) == 0)
    layer.refresh()
    found = watcher.until_state("poll", lambda p: len(reloaded(p)) > 0)
    seen = {tuple(t) for t in np.asarray(found["layers"][own]["tile_state"]["seen"]).tolist()}
    assert {tuple(t) for t in reloaded(found).tolist()} == seen
    watcher.until_state("poll", lambda p: len(reloaded(p)) == 0)


def test_whole_slices(viewer, watch):
    class Lazy:
        """An array that says nothing of its chunks."""

        shape, dtype, ndim, size = (5, 300, 400), np.dtype(np.uint16), 3, 5 * 300 * 400

        def __getitem__(self, key):
            return np.broadcast_to(pattern(300, 400), self.shape)[key]

        def __array__(self, dtype=None, copy=None):
            return np.broadcast_to(pattern(300, 400), self.shape)

    layer = viewer.add_image(Lazy(), name="lazy", contrast_limits=[0, 4000])
    watcher = watch("layers")
    viewer.dims.set_current_step(0, 3)
    watcher.until(lambda: len(watcher.events("load_chunk")) == 1)
    load = watcher.events("load_chunk")[0]
    assert (load["num_bytes"], load["level"], load["how"], load["again"]) == (300 * 400 * 2, 0, "slice", False)
    watcher.until_layer("lazy", lambda x: (x["loads"], x["load_bytes"], x["reloads"]) == (1, 240000, 0))
    layer.refresh()
    watcher.until_layer("lazy", lambda x: x["reloads"] == 1)
    viewer.dims.set_current_step(0, 4)
    watcher.until(lambda: len(watcher.events("load_chunk")) == 3)
    assert [load["again"] for load in watcher.events("load_chunk")] == [False, True, False]


def test_the_steps_of_a_series(viewer, watch, volume):
    da = pytest.importorskip("dask.array")  # which does not load the other steps with each
    levels = [da.from_zarr(level) for level in volume]
    viewer.add_image(levels, multiscale=True, name="series", contrast_limits=[0, 4000], cache=False)
    move(viewer, 2, 512, 512)
    watcher = watch("layers")
    painted(watcher, viewer)
    watcher.until_layer("series", lambda x: x["level"] == 0)
    painted(watcher, viewer)
    watcher.messages.clear()
    viewer.dims.set_current_step(0, 4)
    watcher.until(lambda: watcher.events("load_chunk"))
    painted(watcher, viewer)
    # The thumbnail is taken from the coarsest level, and both are another step than before.
    loads = watcher.events("load_chunk")
    assert {load["level"] for load in loads} == {0, 1} and not any(load["again"] for load in loads)
    watcher.messages.clear()
    viewer.layers["series"].refresh()
    watcher.until(lambda: len(watcher.events("load_chunk")) == len(loads))
    assert all(load["again"] for load in watcher.events("load_chunk"))


def test_nothing_counts_as_loaded_again_in_memory_or_after_new_data(viewer, watch, pyramid):
    layer = viewer.add_labels(np.zeros((100, 100), int), name="labels")
    big = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000])
    watcher = watch("layers")
    painted(watcher, viewer)
    layer.refresh()
    layer.refresh()
    big.data = list(pyramid)
    painted(watcher, viewer)
    watcher.until_layer("labels", lambda x: x["loads"] >= 2 and x["reloads"] == 0)
    watcher.until_layer("big", lambda x: x["reloads"] == 0)


def test_slices_loaded_beside_the_window(viewer, watch):
    import threading

    from napari.settings import get_settings

    go = threading.Event()

    class Slow:
        shape, dtype, ndim, size = (5, 600, 800), np.dtype(np.uint16), 3, 5 * 600 * 800

        def __getitem__(self, key):
            if threading.current_thread() is not threading.main_thread():
                assert go.wait(20)
            return np.broadcast_to(pattern(600, 800), self.shape)[key]

    settings = get_settings().experimental
    viewer.add_image(Slow(), name="slow", contrast_limits=[0, 4000])
    watcher = watch("layers", "poll")
    settings.async_ = True
    try:
        own = watcher.until_layer("slow", lambda x: x["loaded"])["id"]
        viewer.dims.set_current_step(0, 4)
        watcher.until_layer("slow", lambda x: not x["loaded"])

        def loading(poll):
            return len(np.asarray(poll["layers"][own]["tile_state"]["loading"]))

        watcher.until_state("poll", lambda p: loading(p) > 0)
        go.set()
        watcher.until_layer("slow", lambda x: x["loaded"] and x["loads"] >= 1)
        watcher.until_state("poll", lambda p: loading(p) == 0)
    finally:
        go.set()
        until(lambda: all(layer.loaded for layer in viewer.layers))
        settings.async_ = False


def test_detaching_leaves_no_trace(viewer, watch, pyramid):
    import zarr.storage

    from webmon._napari import attached

    get = zarr.storage.StorePath.get
    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000])
    owner = getattr(layer, "_slicing_state", layer)
    callbacks = {name: len(layer.events[name].callbacks) for name in layer.events.emitters}
    draws = len(viewer.window._qt_viewer.canvas.events.draw.callbacks)
    watcher = watch("layers")
    watcher.until_layer("big", lambda _: True)
    move(viewer, 1, 1000, 1200)
    watcher.until_layer("big", lambda x: x["loads"] > 0)
    assert zarr.storage.StorePath.get is not get
    assert "_make_slice_request_internal" in vars(owner)
    attached(viewer).detach()
    assert zarr.storage.StorePath.get is get
    assert "_make_slice_request_internal" not in vars(owner)
    assert {name: len(layer.events[name].callbacks) for name in layer.events.emitters} == callbacks
    assert len(viewer.window._qt_viewer.canvas.events.draw.callbacks) == draws
    assert [a is b for a, b in zip(layer.data, pyramid)] == [True] * 5
    layer.refresh()
