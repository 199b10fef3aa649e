"""What webmon takes from napari that is private or may move: also run with the napari that comes next.

A failure there alone is a change of napari's, which .ci/test-napari-plugin.sh says.
"""

import threading

import numpy as np
from conftest import camera, pattern, until


def test_a_viewer_is_attached_and_let_go(viewer, watch):
    from webmon._napari import attached

    viewer.add_image(pattern(300, 400), name="image", contrast_limits=[0, 4000])
    watcher = watch("layers", "camera", "dims", "cursor", "poll", "histograms")
    own = watcher.until_layer("image", lambda x: x["shape"] == [300, 400])["id"]
    camera(viewer).zoom = 1.5
    watcher.until_state("camera", lambda c: c["zoom"] == 1.5)
    watcher.until_state("histograms", lambda h: sum(h[own]["counts"]) > 0)
    watcher.until(lambda: watcher.events("frame_time"), "a frame")
    watcher.set(f"layer.{own}.opacity", 0.5)
    assert viewer.layers["image"].opacity == 0.5
    watcher.leave()
    attached(viewer).detach()


def test_the_slice_is_the_picture(viewer, watch):
    pixels = np.stack([pattern(200, 300) + t for t in range(3)])
    layer = viewer.add_image(pixels, name="series", contrast_limits=[0, 4000])
    watcher = watch("layers")
    name = "layer." + watcher.until_layer("series", lambda _: True)["id"]
    watcher.want("layers", "array/" + name)
    viewer.dims.set_current_step(0, 2)
    watcher.until(lambda: watcher.frame(name) is not None and np.array_equal(watcher.frame(name).data, pixels[2]), "the picture")
    assert layer.data is pixels


def test_chunks_are_counted_from_the_first_slice_on(viewer, watch, volume):
    watcher = watch("layers")
    viewer.add_image(volume[0], name="series", contrast_limits=[0, 4000], cache=False)
    first = watcher.until_layer("series", lambda x: x["loads"] >= 64)
    assert first["loads_how"] == "chunk" and first["loads"] % 64 == 0


def test_what_is_loading_is_marked_until_it_has_come(viewer, watch):
    """The loading marks do not depend on layer.events.loaded, which 0.7 to 0.9.2 never emit."""
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

        def loading(poll):
            return len(np.asarray(poll["layers"][own]["tile_state"]["loading"]))

        watcher.until_layer("slow", lambda x: not x["loaded"])
        watcher.until_state("poll", lambda p: loading(p) > 0)
        go.set()
        watcher.until_layer("slow", lambda x: x["loaded"] and x["loads"] >= 1)
        watcher.until_state("poll", lambda p: loading(p) == 0)
    finally:
        go.set()
        until(lambda: all(layer.loaded for layer in viewer.layers))
        settings.async_ = False
