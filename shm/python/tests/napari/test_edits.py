"""Layers that are added, copied, linked, opened and removed from outside; views; thumbnails."""

import base64
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import Watcher, camera, until

from webmon import Process
from webmon._napari import attach, attached
from webmon._napari.opening import Openings


@pytest.fixture
def scene(viewer, watch):
    viewer.add_image(np.linspace(0, 1, 32 * 48).reshape(32, 48), name="image")
    viewer.add_points(np.array([[5.0, 5], [10, 20]]), name="points")
    watcher = watch("layers", "camera", "dims", "thumbnails")
    watcher.until_state("layers", lambda found: len(found) == 2)
    return watcher


def ids(watcher):
    return {layer["name"]: layer["id"] for layer in watcher.state("layers")}


def test_layers_are_added_copied_and_removed(viewer, scene):
    viewer.layers.selection = {viewer.layers["image"]}
    for action, kind in (("add_points_layer", "points"), ("add_shapes_layer", "shapes"), ("add_labels_layer", "labels")):
        viewer.layers.selection = {viewer.layers["image"]}
        assert scene.order(action, {}) == ("applied", None)
        assert viewer.layers[-1]._type_string == kind
    assert viewer.layers[-1].data.shape == (32, 48)
    scene.until_state("layers", lambda found: len(found) == 5)
    assert scene.order("duplicate_layer", {"layer": ids(scene)["image"]}) == ("applied", None)
    copy = viewer.layers["image copy"]
    assert viewer.layers.index(copy) == 1 and np.array_equal(copy.data, viewer.layers["image"].data)
    copy.data[0, 0] = 7
    assert viewer.layers["image"].data[0, 0] == 0
    gone = ids(scene)["points"]
    assert scene.order("remove_layer", {"layer": gone}) == ("applied", None)
    assert "points" not in [layer.name for layer in viewer.layers]
    status, why = scene.order("remove_layer", {"layer": gone})
    assert status == "refused" and "must be one of" in why
    if hasattr(viewer.layers["image"], "locked"):
        viewer.layers["image"].locked = True
        status, why = scene.order("remove_layer", {"layer": ids(scene)["image"]})
        assert status == "refused" and "locked" in why
        viewer.layers["image"].locked = False
    viewer.layers.clear()
    assert scene.order("add_shapes_layer", {}) == ("applied", None)


def test_all_points_are_selected(viewer, scene):
    points = viewer.layers["points"]
    assert scene.order("select_all", {"layer": ids(scene)["points"]}) == ("applied", None)
    assert set(points.selected_data) == {0, 1}
    scene.set(f"layer.{ids(scene)['points']}.current_face_color", "#ff0000")
    assert np.allclose(points.face_color, (1, 0, 0, 1))
    assert scene.order("select_all", {"layer": ids(scene)["points"], "all": False}) == ("applied", None)
    assert not points.selected_data


def test_layers_are_linked(viewer, scene):
    other = viewer.add_image(np.eye(32), name="other")
    image = viewer.layers["image"]
    viewer.layers.selection = {image}
    assert scene.order("link_layers", {}) == ("refused", "select two layers or more")
    viewer.layers.selection = {image, other}
    assert scene.order("link_layers", {"what": "opacity"}) == ("applied", None)
    image.opacity, image.gamma = 0.25, 1.5
    assert other.opacity == 0.25 and other.gamma == 1
    scene.until_layer("image", lambda layer: layer.get("linked") == [ids(scene)["other"]])
    assert scene.order("unlink_layers", {}) == ("applied", None)
    scene.until_layer("image", lambda layer: "linked" not in layer)
    image.opacity = 0.5
    assert other.opacity == 0.25
    viewer.layers.selection = {image, viewer.layers["points"]}
    status, why = scene.order("link_layers", {"what": "gamma"})
    assert status == "refused" and "gamma" in why


def test_thumbnails(viewer, scene):
    own = ids(scene)["image"]

    def pixels():
        found = (scene.state("thumbnails") or {}).get(own)
        if found is None:
            return None
        image = pytest.importorskip("PIL.Image").open(io.BytesIO(base64.b64decode(found)))
        return np.asarray(image.convert("RGBA"))

    layer = viewer.layers["image"]
    scene.until(lambda: np.array_equal(pixels(), layer.thumbnail))
    before = layer.thumbnail.copy()
    layer.colormap = "magma"
    assert not np.array_equal(layer.thumbnail, before)
    scene.until(lambda: np.array_equal(pixels(), layer.thumbnail))
    gone = ids(scene)["points"]
    scene.until_state("thumbnails", lambda found: gone in found)
    viewer.layers.remove(viewer.layers["points"])
    scene.until_state("thumbnails", lambda found: own in found and gone not in found)
    # While nobody looks none is made.
    attachment = attached(viewer)
    scene.want("layers")
    until(lambda: not scene.listen() and attachment.process.wanted("thumbnails") == 0)
    held = dict(attachment._thumbnails)
    viewer.add_image(np.eye(8), name="late")
    scene.until_layer("late", lambda layer: True)
    assert attachment._thumbnails == held


def test_a_view_is_restored_in_parts(viewer, scene):
    image = viewer.layers["image"]
    viewer.add_image(np.zeros((6, 32, 48)), name="series")
    for part in (
        {"ndisplay": 2, "order": [0, 1, 2], "point": [3.0, 0, 0], "center": [0, 10, 20], "zoom": 4.5, "angles": [0, 0, 90], "perspective": 0},
        {"layer": "image", "kind": "image", "visible": False, "opacity": 0.5, "blending": "additive", "gamma": 1.25, "colormap": "magma",
         "contrast_limits": [0.25, 0.75]},
    ):  # fmt: skip
        assert scene.order("set_view", {"part": json.dumps(part)}) == ("applied", None)
    assert viewer.dims.current_step[0] == 3 and camera(viewer).zoom == 4.5 and tuple(camera(viewer).center[-2:]) == (10, 20)
    assert (image.visible, image.opacity, str(image.blending), image.gamma, image.colormap.name) == (False, 0.5, "additive", 1.25, "magma")
    assert tuple(image.contrast_limits) == (0.25, 0.75)
    assert scene.order("set_view", {"part": json.dumps({"ndisplay": 3, "angles": [10, 20, 30], "zoom": 2})}) == ("applied", None)
    assert viewer.dims.ndisplay == 3 and camera(viewer).angles == pytest.approx((10, 20, 30))
    for part, reason in (
        ("{", "is JSON"),
        ("[1]", "a JSON object"),
        ("[" * 3000, "is JSON"),
        ('{"layer": "gone"}', "no layer 'gone'"),
        ('{"layer": "image", "kind": "points"}', "no layer 'image'"),
        ('{"zoom": -1}', "greater than 0"),
        ('{"zoom": NaN}', "greater than 0"),
        ('{"center": [1, "a", 2]}', "list of 3 numbers"),
        ('{"center": [1, 2, 1e300]}', "as far as napari can go"),
        ('{"ndisplay": 4}', "2 or 3"),
        ('{"point": [1, 2]}', "has 2 axes and napari 3"),
        ('{"layer": "image", "contrast_limits": [1, 0], "opacity": 0.75}', "not below"),
        ('{"layer": "image", "colormap": "no such map"}', "colormap"),
    ):
        status, why = scene.order("set_view", {"part": part})
        assert status == "refused" and reason in why, (part, why)
    assert image.opacity == 0.75  # what could be done was


def test_nothing_is_opened_unless_it_is_allowed(viewer, scene):
    assert "open_path" not in scene.data.get("actions")
    assert scene.order("open_path", {"path": "/etc/hostname"})[0] == "refused"


def test_what_lies_in_a_folder_is_opened(viewer, tmp_path):
    folder, elsewhere = tmp_path / "data", tmp_path / "data-other"
    folder.mkdir()
    elsewhere.mkdir()
    imageio = pytest.importorskip("imageio.v3")
    imageio.imwrite(folder / "cells.png", np.arange(64, dtype=np.uint8).reshape(8, 8))
    imageio.imwrite(elsewhere / "secret.png", np.zeros((8, 8), np.uint8))
    (folder / "link.png").symlink_to(elsewhere / "secret.png")
    (folder / "notes.nothing").write_text("none")
    process = Process("test", kind="napari", napari="0", commands="poll", launch=False)
    attachment = attach(viewer, process, open_paths=[folder])
    watcher = Watcher(process)
    try:
        watcher.want("layers")
        assert str(folder) in watcher.data.get("actions")["open_path"]["help"]
        for path in (str(folder / "cells.png"), "cells.png"):
            assert watcher.order("open_path", {"path": path}) == ("applied", None)
            assert viewer.layers[-1].data.shape == (8, 8)
        count = len(viewer.layers)
        for path, reason in (
            (str(elsewhere / "secret.png"), "not in a folder that may be opened"),
            (str(folder / ".." / "data-other" / "secret.png"), "not in a folder"),
            (str(folder / "link.png"), "not in a folder"),
            ("link.png", "not in a folder"),
            ("../data-other/secret.png", "not in a folder"),
            ("/etc/passwd", "not in a folder"),
            ("~/x", "not in a folder"),
            ("missing.png", "there is no missing.png"),
            ("  ", "write the path"),
            ("https://example.org/a.zarr", "no address may be opened"),
            ("notes.nothing", ""),
        ):
            status, why = watcher.order("open_path", {"path": path})
            assert status == "refused" and reason in why, (path, why)
        assert len(viewer.layers) == count
        # It can be taken back: what is given last counts.
        attachment.let_open(Openings())
        assert "open_path" not in watcher.data.get("actions")
    finally:
        watcher.leave()
        attachment.detach()


def test_addresses_are_allowed_by_name():
    openings = Openings(urls=["https://data.example.org/zarr/", "s3://bucket"])
    for url in ("https://data.example.org/zarr/a.zarr", "HTTPS://DATA.example.org/zarr/a.zarr", "s3://bucket/b/c"):
        assert openings.check(url) == url
    for url in (
        "https://data.example.org/zarrs/a", "https://data.example.org/", "http://data.example.org/zarr/a", "https://data.example.org:8443/zarr/a",
        "https://data.example.org.evil.example/zarr/a", "https://data.example.org@evil.example/zarr/a", "https://data.example.org/zarr/../b",
        "https://data.example.org/zarr/%2e%2e/b", "https://data.example.org/zarr/..\\b", "s3://bucket2/a", "file:///etc/passwd", "ftp://data.example.org/zarr/a",
        "https:///zarr/a",
    ):  # fmt: skip
        with pytest.raises(ValueError):
            openings.check(url)
    for wrong in ("data.example.org", "file:///data", "https://me:secret@data.example.org/"):
        with pytest.raises(ValueError):
            Openings(urls=[wrong])
    with pytest.raises(ValueError, match="is none"):
        Openings(paths=[os.devnull])
    assert Openings(paths=Path("/")).check("/") == "/"
    assert not Openings() and Openings() == Openings([], [])
