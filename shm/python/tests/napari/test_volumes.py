"""Layers as volumes: what is declared of them, and what is read of them beside napari."""

import json
import threading
from multiprocessing import connection

import numpy as np
import pytest
from conftest import SIZE


class Asker:
    """Asks for parts of volumes as shm/PROTOCOL.md has it."""

    def __init__(self, process):
        host, port = process.address.split(":")
        self.connection = connection.Client((host, int(port)), authkey=process._offer.key.encode())
        self.connection.send((None, "volumes", (), {}))
        assert self.connection.recv() == ("#RETURN", None)

    def __call__(self, op, volume, about, **more):
        asked = {"op": op, "volume": volume, "generation": about["generation"], "level": 0, "from": [], "to": [], "id": 0, **more}
        self.connection.send_bytes(json.dumps(asked).encode())
        head = json.loads(self.connection.recv_bytes())
        assert "error" not in head, head
        return head, self.connection.recv_bytes() if head.get("bytes") else b""


@pytest.fixture
def look(viewer, watch):
    """Attach the viewer; return the watcher, who asks, and what finds the volume of a layer."""
    from webmon._napari.layers import id_of

    def begin():
        watcher = watch("layers")
        process = next(iter(__import__("webmon").Process._live))

        def of(layer, condition=lambda about: True):
            name = f"layer.{id_of(layer)}"
            return watcher.until_state("volumes", lambda all: name in all and condition(all[name]))[name]

        return watcher, Asker(process), of

    return begin


def vertices(head, body):
    return np.frombuffer(body, "<f4", head["vertices"] * head["rank"]).reshape(-1, head["rank"])


def placed(about, voxel):
    """Where a place in voxels lies, in units."""
    return np.asarray(about["corner"]) + np.asarray(about["scale"]) * np.asarray(voxel)


def test_pictures(viewer, look):
    image = viewer.add_image(
        np.arange(5 * 40 * 50, dtype="u2").reshape(5, 40, 50), name="nuclei", scale=(2, 0.5, 0.5), translate=(10, 0, 0), contrast_limits=(5, 500),
        colormap="magenta", blending="additive", opacity=0.5,
    )  # fmt: skip
    labels = viewer.add_labels(np.ones((5, 20, 25), "u4"), scale=(2, 1, 1), translate=(10, 0.25, 0.25), visible=False)
    rgb = viewer.add_image(np.zeros((40, 50, 3), "u1"), rgb=True)
    pyramid = viewer.add_image([np.zeros((5, 64, 64), "f4"), np.ones((5, 32, 32), "f4")], multiscale=True)
    viewer.dims.axis_labels = ("depth", "y", "-1")
    watcher, ask, of = look()
    about = of(image)
    assert about["kind"] == "image" and about["dtype"] == "<u2" and about["shape"] == [5, 40, 50] and about["title"] == "nuclei"
    assert about["axes"] == ["depth", "y", "x"] and about["scale"] == [2, 0.5, 0.5] and about["limits"] == [5, 500] and about["layer"]
    assert about["colormap"] == "magenta" and about["blending"] == "additive" and about["opacity"] == 0.5 and "hidden" not in about
    assert ask("box", f"layer.{about['layer']}", about, **{"from": [1, 2, 3], "to": [2, 3, 5]})[1] == image.data[1:2, 2:3, 3:5].tobytes()
    # What lies at one place in napari's world lies at one place in webmon's.
    other = of(labels)
    assert other["kind"] == "labels" and other["hidden"] and other["dtype"] == "<u4"
    for world in ((10, 0, 0), (14, 3, 2.5)):
        ours, theirs = (placed(one, np.asarray(layer.world_to_data(world)) + 0.5) for one, layer in ((about, image), (other, labels)))
        np.testing.assert_allclose(ours, theirs)
    # The finest pixels begin at whole multiples of their size; of axis 0 that is 1, as the pyramid has it.
    np.testing.assert_allclose(about["corner"], [10 - 1 + 0.5, 0, 0])
    np.testing.assert_allclose(of(pyramid)["corner"], [0, -0.25, -0.25])
    about = of(rgb)
    assert about["rgb"] and about["channels"] == 2 and about["axes"] == ["y", "x", "c"] and about["shape"] == [40, 50, 3]
    about = of(pyramid)
    assert about["levels"] == [[5, 32, 32]] and about["shape"] == [5, 64, 64]
    assert np.frombuffer(ask("box", f"layer.{about['layer']}", about, level=1, **{"from": [0, 0, 0], "to": [1, 1, 2]})[1], "<f4").tolist() == [1, 1]


def test_turned_layers_have_a_matrix(viewer, look):
    image = viewer.add_image(np.zeros((8, 8)), rotate=30, scale=(2, 3), translate=(5, 7))
    _, _, of = look()
    about = of(image)
    assert "scale" not in about and "corner" not in about
    at = np.asarray(about["matrix"]) @ [4.5, 2.5, 1] - np.asarray(about["matrix"]) @ [0.5, 0.5, 1]
    np.testing.assert_allclose(at, np.subtract(image.data_to_world((4, 2)), image.data_to_world((0, 0))))


def test_changes_are_followed(viewer, look):
    image = viewer.add_image(np.zeros((4, 40, 50), "u1"), name="one")
    labels = viewer.add_labels(np.zeros((4, 40, 50), "u2"))
    watcher, ask, of = look()
    first, topic = of(image), f"volume/layer.{of(image)['layer']}"
    painted = f"volume/layer.{of(labels)['layer']}"
    watcher.want("layers", topic, painted, "volumes")
    image.name, image.contrast_limits, image.visible, image.scale = "two", (3, 9), False, (2, 1, 1)
    about = of(image, lambda about: about["title"] == "two" and about["scale"] == [2, 1, 1])
    assert about["limits"] == [3, 9] and about["hidden"] and about["generation"] == first["generation"]
    image.visible = True
    viewer.dims.set_point(0, 1)

    version = watcher.state(topic)["version"]
    for step in (2, 3, 1):
        viewer.dims.set_current_step(0, step)
        watcher.until(lambda: image.loaded)
    assert watcher.state(topic)["version"] == version, "a slider is no change of the data"
    image.data[1] = 7
    image.refresh()
    watcher.until(lambda: watcher.state(topic)["version"] > version, "another version")
    version = watcher.state(painted)["version"]
    labels.data_setitem((np.array([1, 1]), np.array([5, 6]), np.array([7, 9])), 3)
    watcher.until(lambda: watcher.state(painted)["version"] > version, "what was painted")

    version = watcher.state(topic)["version"]
    image.data = np.full((4, 40, 50), 9, "u1")
    watcher.until(lambda: watcher.state(topic)["version"] > version, "other data")
    about = of(image, lambda about: ask("box", f"layer.{about['layer']}", about, **{"from": [0, 0, 0], "to": [1, 1, 1]})[1] == b"\t")
    assert about["generation"] == first["generation"]
    image.data = np.full((2, 3, 4), 5, "u1")
    about = of(image, lambda about: about["shape"] == [2, 3, 4])
    assert about["generation"] != first["generation"]
    viewer.layers.remove(image)
    watcher.until_state("volumes", lambda all: f"layer.{about['layer']}" not in all)


def test_geometries(viewer, look):
    points = viewer.add_points([[0, 1, 2], [3, 4, 5]], size=[2, 4], features={"brightness": [5, 6]}, scale=(2, 1, 1))
    vectors = viewer.add_vectors(np.array([[[0, 0, 0], [1, 2, 3]]]), length=2)
    shapes = viewer.add_shapes([np.array([[0, 0], [0, 4], [4, 4], [4, 0]]), np.array([[0, 0], [5, 5]])], shape_type=["rectangle", "line"])
    tracks = viewer.add_tracks(np.array([[1, 0, 5, 5], [1, 1, 6, 6], [2, 0, 1, 1]]))
    surface = viewer.add_surface((np.eye(3), np.array([[0, 1, 2]]), np.array([0.5, 1, 2])))
    _, ask, of = look()

    def read(layer):
        about = of(layer)
        return about, *ask("geometry", f"layer.{about['layer']}", about)

    about, head, body = read(points)
    assert about["kind"] == "points" and about["scale"] == [2, 1, 1]
    assert vertices(head, body).tolist() == [[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]]
    assert {a["name"] for a in head["attributes"]} == {"brightness", "size", "color"}
    about, head, body = read(vectors)
    assert about["kind"] == "lines" and head["edges"] == 1 and vertices(head, body).tolist() == [[0.5, 0.5, 0.5], [2.5, 4.5, 6.5]]
    about, head, body = read(shapes)
    assert about["kind"] == "lines" and about["axes"] == ["y", "x"] and head["vertices"] == 7 and head["edges"] == 5
    about, head, body = read(tracks)
    assert about["kind"] == "tracks" and head["rank"] == 3 and head["edges"] == 1 and "id" in {a["name"] for a in head["attributes"]}
    assert vertices(head, body).tolist() == [[0.5, 5.5, 5.5], [1.5, 6.5, 6.5], [0.5, 1.5, 1.5]]
    about, head, body = read(surface)
    assert about["kind"] == "surface" and head["faces"] == 1 and [a["name"] for a in head["attributes"]] == ["value"]
    points.add([7, 7, 7])
    assert ask("geometry", f"layer.{of(points)['layer']}", of(points))[0]["vertices"] == 3


def test_data_are_read_beside_napari(viewer, look):
    """Neither in Qt's thread, nor by napari's slicing: a box that takes for ever keeps nothing."""
    threads, go = [], threading.Event()

    class Slow:
        shape, dtype, ndim, size = (3, 40, 50), np.dtype("u1"), 3, 6000

        def __getitem__(self, key):
            if threading.current_thread().name == "webmon volumes":
                threads.append(key)
                assert go.wait(30)
            return np.zeros(self.shape, "u1")[key]

        def __array__(self, dtype=None, copy=None):
            return np.zeros(self.shape, "u1")

    image = viewer.add_image(Slow(), contrast_limits=(0, 1))
    watcher, ask, of = look()
    about, got = of(image), []
    asking = threading.Thread(target=lambda: got.append(ask("box", f"layer.{about['layer']}", about, **{"from": [0, 0, 0], "to": [3, 40, 1]})))
    asking.start()
    watcher.until(lambda: threads, "the read")
    image.name = "goes on"
    watcher.until_layer("goes on", lambda layer: True)
    assert not got and not watcher.events("load_chunk")
    go.set()
    asking.join(30)
    assert len(got[0][1]) == 120


def test_labels_have_the_properties_of_their_features(viewer, look):
    pandas = pytest.importorskip("pandas")
    labels = viewer.add_labels(np.ones((4, 4), "u1"), features=pandas.DataFrame({"index": [0, 1], "area": [0.0, 16.0]}))
    _, ask, of = look()
    about = of(labels)
    assert about["properties"]
    head, body = ask("labels", f"layer.{about['layer']}", about)
    assert head["labels"] == 2 and [c["name"] for c in head["columns"]] == ["area"] and np.frombuffer(body, "<f8")[3] == 16


def test_detaching_takes_the_volumes_back(viewer, look):
    image = viewer.add_image(np.zeros((4, 4)))
    _, _, of = look()
    of(image)
    from webmon._napari import attached

    process = attached(viewer).process
    attached(viewer).detach()
    assert process._volumes.names() == []


def test_data_of_dask_and_zarr(viewer, look, pyramid):
    """What layers are mostly made of: in several resolutions, and computed when they are read."""
    array = pytest.importorskip("dask.array").from_array(np.arange(24, dtype="u2").reshape(2, 3, 4), chunks=2) + 1
    stored, computed = viewer.add_image(pyramid, multiscale=True), viewer.add_image(array)
    _, ask, of = look()
    about = of(stored)
    assert about["levels"] == [[SIZE >> level] * 2 for level in range(1, 5)]
    for level, data in enumerate(pyramid):
        body = ask("box", f"layer.{about['layer']}", about, level=level, **{"from": [8, 16], "to": [72, 50]})[1]
        assert body == np.asarray(data[8:72, 16:50]).tobytes()
    about = of(computed)
    assert ask("box", f"layer.{about['layer']}", about, **{"from": [1, 0, 0], "to": [2, 1, 2]})[1] == np.array([13, 14], "<u2").tobytes()
