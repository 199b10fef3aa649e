"""What is loaded, how that is seen, and that the user's data stay what they were."""

import numpy as np
import pytest
from conftest import CHUNK, camera, pattern

from webmon._napari.loads import _counting


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
    watcher.until(_counting.at_rest, "the count of what was loaded")


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

    # One chunk further: napari takes the whole view again, most of which it had.
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
    layer = viewer.add_image(levels, multiscale=True, name="series", contrast_limits=[0, 4000], cache=False)
    move(viewer, 2, 512, 512)
    watcher = watch("layers")
    painted(watcher, viewer)
    watcher.until_layer("series", lambda x: x["level"] == 0)
    painted(watcher, viewer)
    watcher.messages.clear()
    viewer.dims.set_current_step(0, 4)
    first, last = layer.corner_pixels[:, 1:] // 128
    count = (last - first + 1).prod() + 16  # of the thumbnail
    watcher.until(lambda: len(watcher.events("load_chunk")) == count)
    # The thumbnail is taken from the coarsest level, and both are another step than before.
    loads = watcher.events("load_chunk")
    assert {load["level"] for load in loads} == {0, 1} and not any(load["again"] for load in loads)
    watcher.messages.clear()
    viewer.layers["series"].refresh()
    watcher.until(lambda: len(watcher.events("load_chunk")) == count)
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


def test_detaching_leaves_no_trace(viewer, watch, pyramid):
    import zarr.storage

    from webmon._napari import attached

    get = zarr.storage.StorePath.get
    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000])
    owner = getattr(layer, "_slicing_state", layer)
    make = type(owner)._make_slice_request_internal
    callbacks = {name: len(layer.events[name].callbacks) for name in layer.events.emitters}
    draws = len(viewer.window._qt_viewer.canvas.events.draw.callbacks)
    watcher = watch("layers")
    watcher.until_layer("big", lambda _: True)
    move(viewer, 1, 1000, 1200)
    watcher.until_layer("big", lambda x: x["loads"] > 0)
    assert zarr.storage.StorePath.get is not get
    assert "_make_slice_request_internal" in vars(owner)
    assert type(owner)._make_slice_request_internal is not make
    attached(viewer).detach()
    assert zarr.storage.StorePath.get is get
    assert type(owner)._make_slice_request_internal is make
    assert "_make_slice_request_internal" not in vars(owner)
    assert {name: len(layer.events[name].callbacks) for name in layer.events.emitters} == callbacks
    assert len(viewer.window._qt_viewer.canvas.events.draw.callbacks) == draws
    assert [a is b for a, b in zip(layer.data, pyramid)] == [True] * 5
    layer.refresh()


def store_reads(monkeypatch):
    """Return the paths that zarr reads chunks at, as they come, whoever asks."""
    from zarr.storage import LocalStore

    reads, get = [], LocalStore.get

    async def noted(self, key, *args, **kwargs):
        found = await get(self, key, *args, **kwargs)
        if found is not None and "/c/" in f"/{key}":
            reads.append(key)
        return found

    monkeypatch.setattr(LocalStore, "get", noted)
    return reads


@pytest.mark.parametrize("multiscale", [False, True])
def test_the_first_slice_of_a_layer_counts(viewer, watch, volume, monkeypatch, multiscale):
    reads = store_reads(monkeypatch)
    watcher = watch("layers")
    data = volume if multiscale else volume[0]
    viewer.add_image(data, multiscale=multiscale, name="series", contrast_limits=[0, 4000], cache=False)
    painted(watcher, viewer)
    layer = watcher.until_layer("series", lambda x: x["loads"] == len(reads))
    assert len(reads) >= 64 and layer["loads_how"] == "chunk"
    assert len(watcher.events("load_chunk")) == len(reads)


@pytest.fixture(scope="session")
def sharded(tmp_path_factory):
    """Four shards of 4 x 4 chunks; of the last one only a chunk was written."""
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path_factory.mktemp("shards")), mode="w")
    found = []
    for level in range(2):
        n = 1024 >> level
        array = group.create_array(str(level), shape=(n, n), chunks=(n // 8, n // 8), shards=(n // 2, n // 2), dtype="u2")
        array[: n // 2] = pattern(n // 2, n, 1 << level)
        array[n // 2 :, : n // 2] = 1
        array[n // 2 : n // 2 + 5, n // 2 : n // 2 + 5] = 1
        found.append(array)
    return found


def test_chunks_of_shards(viewer, watch, sharded):
    watcher = watch("layers", "poll")
    layer = viewer.add_image(sharded, multiscale=True, name="shards", contrast_limits=[0, 4000], cache=False)
    painted(watcher, viewer)
    watcher.until_layer("shards", lambda x: x["loads"] > 0)
    move(viewer, 4, 300, 300)
    painted(watcher, viewer)
    before = watcher.until_layer("shards", lambda x: x["level"] == 0)["loads"]
    watcher.messages.clear()
    layer.refresh()
    (r0, c0), (r1, c1) = layer.corner_pixels
    assert (r1 - r0, c1 - c0) < (512, 512)
    count = (r1 // 128 - r0 // 128 + 1) * (c1 // 128 - c0 // 128 + 1)
    # The thumbnail is of the other level: two shards as a whole, one of which has all.
    watcher.until_layer("shards", lambda x: x["loads"] > before)
    loads = [load for load in watcher.events("load_chunk") if load["level"] == 0]
    assert len(loads) == count
    assert {(load["how"], load["num_bytes"], load["again"]) for load in loads} == {("share", 128 * 128 * 2, True)}
    assert watcher.layer("shards")["loads_how"] == "share"

    # A chunk that was never written is in no shard.
    watcher.messages.clear()
    move(viewer, 4, 760, 760)
    painted(watcher, viewer)
    (r0, c0), (r1, c1) = layer.corner_pixels
    rows, columns = range(r0 // 128, r1 // 128 + 1), range(c0 // 128, c1 // 128 + 1)
    written = [(r, c) for r in rows for c in columns if r < 4 or c < 4 or (r, c) == (4, 4)]
    assert len(written) < len(rows) * len(columns)
    watcher.until(lambda: len([load for load in watcher.events("load_chunk") if load["level"] == 0]) >= len(written))
    assert len([load for load in watcher.events("load_chunk") if load["level"] == 0]) == len(written)


@pytest.mark.parametrize("kind", ["numpy", "mapped", "one chunk", "kept by napari"])
def test_dask_that_merges_its_tasks(viewer, watch, kind):
    da = pytest.importorskip("dask.array")
    pixels = np.stack([pattern(512, 512) + t for t in range(4)])
    data = {
        "numpy": lambda: da.from_array(pixels, chunks=(1, 128, 128)),
        "mapped": lambda: da.from_array(pixels, chunks=(1, 128, 128)).map_blocks(lambda x: x + 1),
        "one chunk": lambda: da.zeros((4, 512, 512), chunks=(1, 512, 512), dtype="u2"),
        "kept by napari": lambda: da.from_array(pixels, chunks=(1, 128, 128)).map_blocks(lambda x: x + 1),
    }[kind]()
    count = 1 if kind == "one chunk" else 16
    watcher = watch("layers")
    viewer.add_image(data, name="lazy", contrast_limits=[0, 4000], cache=kind == "kept by napari")
    painted(watcher, viewer)
    before = watcher.until_layer("lazy", lambda x: x["loads"] >= count)["loads"]
    assert before % count == 0  # napari may cut the first slice twice
    watcher.messages.clear()
    viewer.dims.set_current_step(0, 3)
    watcher.until_layer("lazy", lambda x: x["loads"] == before + count)
    loads = watcher.events("load_chunk")
    assert len(loads) == count
    assert {(load["num_bytes"], load["level"], load["again"]) for load in loads} == {(512 * 512 * 2 // count, 0, False)}
    assert {load["how"] for load in loads} <= {"share", "chunk"}
    if kind == "numpy":
        # What is in memory anyway is not loaded again without need.
        viewer.layers["lazy"].refresh()
        watcher.until_layer("lazy", lambda x: x["loads"] == before + 2 * count)
        assert not any(load["again"] for load in watcher.events("load_chunk"))


@pytest.mark.parametrize("kind", ["zarr", "dask"])
def test_a_chunk_costs_napari_nothing_while_nobody_looks(viewer, watch, volume, kind):
    """The thread that slices does as much for many chunks as for few, but for two notes a task of dask's."""
    import sys

    import webmon

    levels = [volume[0]]
    if kind == "dask":
        da = pytest.importorskip("dask.array")
        levels = [da.from_zarr(level) for level in levels]
    layer = viewer.add_image(levels, multiscale=True, name="series", contrast_limits=[0, 4000], cache=False)
    move(viewer, 1, 500, 500)
    watcher = watch()
    painted(watcher, viewer)
    home = webmon.__file__.rsplit("/", 1)[0]

    def calls(side):
        layer.corner_pixels = np.array([[0, 0, 0], [0, side - 1, side - 1]])
        layer.refresh()
        found = []

        def called(frame, event, arg):
            if event == "call" and frame.f_code.co_filename.startswith(home):
                found.append(frame.f_code.co_name)

        sys.setprofile(called)  # of this thread alone
        try:
            layer.refresh()
        finally:
            sys.setprofile(None)
        return found

    few, many = calls(128), calls(1024)  # 1 chunk and 64, beside the thumbnail's
    noted = {"before", "after"}
    assert [name for name in few if name not in noted] == [name for name in many if name not in noted]
    assert "slice" in many and (kind == "dask") == ("after" in many)
    # They are counted all the same.
    watcher.until(lambda: len(watcher.events("load_chunk")) >= 65)


def test_what_was_not_told_while_nobody_looked_is_there_for_who_comes(viewer, watch, volume):
    layer = viewer.add_image(volume[0], name="series", contrast_limits=[0, 4000], cache=False)
    watcher = watch()
    layer.refresh()
    watcher.until(lambda: len(watcher.events("load_chunk")) == 64)
    watcher.want("layers", "poll")
    found = watcher.until_layer("series", lambda x: x["loads"] == 64)
    assert 0 < found["loads_since"] <= watcher.events("load_chunk")[0]["time"]


def test_the_thread_that_counts_ends_with_the_last_viewer(viewer, watch):
    import threading

    from webmon._napari import attached

    def counts():
        return [thread for thread in threading.enumerate() if thread.name == "webmon loads"]

    watch()
    assert len(counts()) == 1
    attached(viewer).detach()
    assert not counts()
    watch()
    assert len(counts()) == 1
