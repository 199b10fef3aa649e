"""The canvas: what napari draws, and hands on it."""

import numpy as np
import pytest
from conftest import camera, pattern


def seen(viewer):
    return np.asarray(viewer.screenshot(canvas_only=True, flash=False))


def shown(watcher, viewer, check=lambda frame: True):
    """Wait until the shared canvas is what napari's own screenshot shows; return the frame."""
    found = []

    def same():
        frame = watcher.frame("canvas")
        if frame is None or not check(frame):
            return False
        own = seen(viewer)
        found[:] = [frame.data.shape, own.shape]
        if frame.data.shape == own.shape:
            found.append(np.abs(frame.data[..., :3].astype(int) - own[..., :3]).mean())
        return frame.data.shape == own.shape and np.array_equal(frame.data[..., :3], own[..., :3]) and frame

    try:
        return watcher.until(same, "the canvas")
    except AssertionError:
        raise AssertionError(f"the canvas stayed at {found}") from None


def scene(viewer, kind):
    rng = np.random.default_rng(0)
    image = pattern(300, 400)
    if kind == "image and labels":
        viewer.add_image(image, contrast_limits=[0, 4000], colormap="magma")
        viewer.add_labels((image // 500).astype(int), opacity=0.4)
    elif kind == "additive":
        viewer.add_image(image, contrast_limits=[0, 4000], colormap="green")
        viewer.add_image(image[::-1], contrast_limits=[0, 4000], colormap="magenta", blending="additive")
    elif kind == "opaque":
        viewer.add_image(image, contrast_limits=[0, 4000], opacity=0.5, blending="opaque")
    elif kind == "points and shapes":
        viewer.add_points(rng.uniform(0, 300, (40, 2)), size=12, face_color="red")
        viewer.add_shapes([np.array([[20, 20], [200, 300]])], shape_type="rectangle", edge_width=5, face_color="#00ff0080")
    elif kind == "volume":
        viewer.add_image(rng.uniform(0, 1, (20, 60, 70)), rendering="mip")
        viewer.dims.ndisplay = 3
        camera(viewer).angles = (20, 30, 40)
    elif kind == "grid":
        for at in range(3):
            viewer.add_image(image * (at + 1), contrast_limits=[0, 9000])
        from webmon._napari import compat

        compat.grid(viewer).enabled = True
    viewer.reset_view()


@pytest.fixture
def plain(viewer):
    """The viewer, without grid at the end."""
    from webmon._napari import compat

    yield viewer
    compat.grid(viewer).enabled = False


@pytest.mark.parametrize("kind", ["image and labels", "additive", "opaque", "points and shapes", "volume", "grid"])
def test_the_canvas_is_what_napari_draws(plain, watch, kind):
    scene(plain, kind)
    watcher = watch("canvas", "array/canvas")
    frame = shown(watcher, plain)
    assert frame.offset == (0, 0) and frame.step == (1, 1) and frame.user == 0
    assert (frame.data[..., 3] == 255).all()
    about = watcher.state("arrays")["canvas"]
    assert (about["dtype"], about["axes"], about["role"], about["title"]) == ("|u1", ["y", "x", "c"], "rgb", "Canvas")


def test_hands_move_the_camera(plain, watch):
    viewer = plain
    viewer.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    watcher = watch("canvas", "camera", "array/canvas")
    watcher.until(lambda: watcher.frame("canvas"), "the canvas")
    before = np.array(camera(viewer).center)
    n = watcher.hand({"do": "pan", "dx": 0.25, "dy": -0.5})
    watcher.until(lambda: watcher.frame("canvas").user == n, "the picture after the hand")
    size = watcher.state("canvas")["size"]
    moved = (np.array(camera(viewer).center) - before) * camera(viewer).zoom
    assert moved[-2:] == pytest.approx([size[0] / 2, -size[1] / 4])
    shown(watcher, viewer)
