"""What is said of how napari draws a picture."""

import base64

import numpy as np
import pytest
from conftest import camera

from webmon._napari import looks


def table(watcher, picture):
    found = watcher.until_state("colors", lambda colors: picture["colors"] in colors)[picture["colors"]]
    return found, np.frombuffer(base64.b64decode(found["table"]), np.uint8).reshape(-1, 4)


def test_a_picture_lies_where_napari_draws_it(viewer, watch):
    layer = viewer.add_image(
        np.zeros((30, 40, 50)), name="turned", scale=(1, 2, 3), translate=(4, 5, 6), rotate=(20, 0, 0), shear=(0.1, 0.2, 0.3)
    )
    layer.affine = [[1, 0, 0, 1], [0, 0.9, 0.2, 2], [0, -0.1, 1.1, 3], [0, 0, 0, 1]]
    watcher = watch("layers", "colors")

    def matrix(check):
        return np.array(watcher.until_layer("turned", lambda found: check(found["picture"]["matrix"]))["picture"]["matrix"])

    def agrees(ways, axes):
        def check(found):
            if found is None:
                return False
            for place in ((0, 0), (12, 31)):
                point = [0.0, 0.0, 0.0]
                point[axes[0]], point[axes[1]] = place[0] - 0.5, place[1] - 0.5
                world = np.asarray(layer.data_to_world(point))
                want = [ways[0] * world[axes[0]], ways[1] * world[axes[1]]]
                if not np.allclose(np.array(found) @ (*place, 1), want):
                    return False
            return True

        return matrix(check)

    agrees((1, 1), (1, 2))
    viewer.dims.order = (0, 2, 1)
    agrees((1, 1), (2, 1))
    layer.scale = (1, -2, 3)
    agrees((1, 1), (2, 1))
    if hasattr(camera(viewer), "orientation2d"):
        camera(viewer).orientation2d = ("up", "left")
        agrees((-1, -1), (2, 1))
    viewer.dims.ndisplay = 3
    watcher.until_layer("turned", lambda found: found["picture"]["matrix"] is None)


def test_the_colours_of_an_image_are_sent_once(viewer, watch):
    from napari.utils.colormaps import Colormap

    layer = viewer.add_image(np.zeros((4, 4)), name="a", colormap="viridis", contrast_limits=(0, 2), gamma=0.5)
    viewer.add_image(np.zeros((4, 4)), name="b", colormap="viridis")
    viewer.add_image(np.zeros((4, 4, 3)), name="c", rgb=True)
    watcher = watch("layers", "colors")
    a = watcher.until_layer("a", lambda _: True)["picture"]
    assert (a["limits"], a["gamma"], a["interpolation"]) == ([0, 2], 0.5, "nearest")
    found, colours = table(watcher, a)
    assert np.array_equal(colours, np.rint(layer.colormap.map(np.linspace(0, 1, 256)) * 255))
    assert (found["over"], found["under"], found["steps"]) == (None, None, False)
    assert watcher.until_layer("b", lambda _: True)["picture"]["colors"] == a["colors"]
    assert watcher.until_layer("c", lambda _: True)["picture"]["colors"] is None
    assert len(watcher.state("colors")) == 1

    layer.colormap = Colormap([[1, 0, 0], [0, 0, 1]], name="mine", interpolation="zero", high_color="yellow", nan_color="white")
    changed = watcher.until_layer("a", lambda found: found["picture"]["colors"] != a["colors"])["picture"]
    found, colours = table(watcher, changed)
    assert colours[127].tolist() == [255, 0, 0, 255] and colours[128].tolist() == [0, 0, 255, 255]
    assert (found["steps"], found["over"], found["nan"]) == (True, [255, 255, 0, 255], [255, 255, 255, 255])


def test_the_colours_of_labels(viewer, watch):
    colormaps = pytest.importorskip("napari.utils.colormaps")
    if not hasattr(colormaps, "DirectLabelColormap"):
        pytest.skip("this napari has other labels")
    layer = viewer.add_labels(np.arange(16).reshape(4, 4), name="cells")
    watcher = watch("layers", "colors")
    cells = watcher.until_layer("cells", lambda _: True)["picture"]
    found, colours = table(watcher, cells)
    assert found["kind"] == "cyclic" and np.array_equal(colours, np.rint(layer.colormap.colors * 255))
    assert (cells["contour"], cells["selection"]) == (0, None)
    layer.contour, layer.selected_label, layer.show_selected_label = 2, 7, True
    after = watcher.until_layer("cells", lambda found: found["picture"]["selection"] == 7)["picture"]
    assert (after["contour"], after["colors"]) == (2, cells["colors"])
    layer.colormap = colormaps.DirectLabelColormap(color_dict={1: "red", 9000: "#00ff0080", None: "blue"})
    direct = watcher.until_layer("cells", lambda found: found["picture"]["colors"] != cells["colors"])["picture"]
    found, colours = table(watcher, direct)
    assert found["kind"] == "direct" and found["labels"] == [1, 9000, 0]
    assert colours.tolist() == [[0, 0, 255, 255], [255, 0, 0, 255], [0, 255, 0, 128], [0, 0, 0, 0]]


def test_labels_beyond_the_numbers_of_a_browser_are_texts():
    colormaps = pytest.importorskip("napari.utils.colormaps")
    if not hasattr(colormaps, "DirectLabelColormap"):
        pytest.skip("this napari has other labels")
    colormap = colormaps.DirectLabelColormap(color_dict={2**60 + 1: "red", None: "blue"})
    assert looks._labels(colormap).value["labels"] == [str(2**60 + 1), 0]
    many = colormaps.DirectLabelColormap(color_dict={None: "blue", **dict.fromkeys(range(1, looks.MOST_LABELS + 5), "red")})
    assert len(looks._labels(many).value["labels"]) == looks.MOST_LABELS
