"""Volumes: what is declared of them, written in place and said to have changed."""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
from multiprocessing import connection

import numpy as np
import pytest
from watching import path_of, until

import webmon
from webmon import Process, _shapes


def linux(test):
    """Mark a test that looks at the files of segments, as Linux keeps them and as macOS does."""
    return pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /dev/shm")(pytest.mark.usefixtures("place")(test))


def declared(watcher, name="brain"):
    return watcher.data.get("volumes")[name]


@linux
def test_data_are_the_memory(process, watcher):
    brain = process.volume("brain", (3, 4, 5), "uint16", "zyx", scale=2, units="um", limits=(0, 9), title="A brain")
    assert brain.data.shape == (3, 4, 5) and brain.data.dtype == np.uint16 and not brain.data.any()
    brain.data[:] = np.arange(60).reshape(3, 4, 5)
    says = declared(watcher)
    assert says["shape"] == [3, 4, 5] and says["dtype"] == "<u2" and says["axes"] == ["z", "y", "x"] and says["kind"] == "image"
    assert says["scale"] == [2.0, 2.0, 2.0] and says["units"] == ["um"] * 3 and says["limits"] == [0.0, 9.0] and says["title"] == "A brain"
    path = path_of(says["shm"])
    with open(path, "rb") as file:
        header = file.read(4096)
        assert np.frombuffer(file.read(120), "<u2").tolist() == list(range(60))
    magic, version, size, generation, total, latest, stride, nbytes, slots, flags, pid = struct.unpack_from("<8sIIQQQQQIIQ", header)
    assert (magic, version, size, latest, stride, nbytes, slots, flags, pid) == (b"WEBMONSH", 1, 4096, 0, 4096, 120, 1, 4, os.getpid())
    assert f"{generation:016x}" == says["generation"] and total == os.stat(path).st_size == 8192
    brain.changed()
    with open(path, "rb") as file:
        assert struct.unpack_from("<Q", file.read(4096), 32)[0] == 1
    data = brain.data
    brain.close()
    assert not os.path.exists(path) and watcher.data.get("volumes") == {}
    data[:] = 7  # it is theirs for as long as they have it
    assert data.sum() == 7 * 60
    brain.changed()


@linux
def test_a_volume_ends_with_its_process():
    with Process("short", launch=False) as process:
        path = path_of(process.volume("a", 5, "u1")._declared()["shm"])
        assert os.path.exists(path)
    assert not os.path.exists(path)


@linux
def test_memory_that_somebody_removes_is_gone_on_without(process, watcher):
    brain = process.volume("brain", (3, 4, 5), "uint16")
    before = declared(watcher)
    os.unlink(path_of(before["shm"]))
    brain.data[:] = 5
    until(lambda: (watcher.want(volumes=1), declared(watcher)["shm"] == "")[1], "another declaration")
    assert declared(watcher)["generation"] != before["generation"] and brain.data.sum() == 5 * 60


def test_changes_are_told_while_somebody_wants_them(process, watcher):
    brain = process.volume("brain", (10, 20), "u1")
    brain.changed()
    watcher.want_topics({"volume/brain": 20.0})
    until(lambda: process.wanted("volume/brain"), "the demand")
    brain.changed(np.s_[2:4])
    watcher.until_changed("volume/brain")
    says = watcher.data.get("volume/brain")
    assert says == {"generation": declared(watcher)["generation"], "version": 2, "since": 0, "changes": [[2, None, None]]}
    for i in range(3):
        brain.changed(np.s_[i, 5:7])
    brain.changed(np.s_[3:3])  # nothing
    brain.changed(np.s_[-1, ...])
    says = watcher.data.get("volume/brain")
    assert says["changes"] == [[2, None, None], [6, [0, 0], [10, 20]]] and says["version"] == 6
    for _ in range(40):
        brain.changed(np.s_[:, ::-3])
        watcher.data.get("volume/brain")
    says = watcher.data.get("volume/brain")
    assert says["version"] == 46 and says["since"] == 14 and len(says["changes"]) == 32 and says["changes"][-1] == [46, [0, 1], [10, 20]]


@pytest.mark.parametrize(
    "region, box",
    [
        (np.s_[1], ([1, 0, 0], [2, 6, 7])),
        (np.s_[-1, 2:], ([4, 2, 0], [5, 6, 7])),
        (np.s_[..., 3], ([0, 0, 3], [5, 6, 4])),
        (np.s_[1, ..., 3], ([1, 0, 3], [2, 6, 4])),
        (np.s_[::2, 5:1:-2, np.int64(0)], ([0, 3, 0], [5, 6, 1])),
        (np.s_[:100], ([0, 0, 0], [5, 6, 7])),
        ((), ([0, 0, 0], [5, 6, 7])),
    ],
)
def test_regions(process, region, box):
    volume = process.volume("v", (5, 6, 7), "u1")
    volume.changed(region)
    assert volume._told()["changes"] == [[1, *box]]
    marked = np.zeros((5, 6, 7))
    marked[region] = 1
    inside = tuple(slice(a, b) for a, b in zip(*box))
    assert marked.sum() == marked[inside].sum()


@pytest.mark.parametrize("region", [np.s_[5], np.s_[0, 0, 0, 0], np.s_[-6], "x", 1.5, True, [1, 2], np.s_["a":]])
def test_regions_of_no_use(process, region):
    with pytest.raises((TypeError, ValueError), match="region"):
        process.volume("v", (5, 6, 7), "u1").changed(region)


@pytest.mark.parametrize(
    "given, says",
    [
        ({"shape": ()}, "no axes"),
        ({"shape": (1,) * 9}, "9 axes"),
        ({"shape": (1 << 20, 1 << 19, 2, 8)}, "too large"),
        ({"dtype": "O"}, "Python objects"),
        ({"dtype": "U3"}, "cannot be shared"),
        ({"dtype": [("a", "u1")]}, "its voxels are records"),
        ({"kind": "movie"}, "kind must be"),
        ({"kind": "labels", "dtype": "f4"}, "labels are whole numbers"),
        ({"axes": "zy"}, "2 axes"),
        ({"scale": -1}, "more than 0"),
        ({"scale": (1, 2)}, "an entry for each of the axes"),
        ({"corner": (1, 2)}, "corner must be"),
        ({"corner": (1, 2, float("nan"))}, "corner must be"),
        ({"matrix": [[1, 2], [3, 4]]}, "matrix must be"),
        ({"channels": "c"}, "one of the axes"),
        ({"channels": 3}, "one of the axes"),
        ({"rgb": True, "shape": (4, 3, 5)}, "3 or 4 long"),
        ({"opacity": 2}, "opacity"),
        ({"blending": "loud"}, "blending must be"),
        ({"limits": (2, 1)}, "limits"),
        ({"title": 5}, "title"),
        ({"name": "a b"}, "name of a volume"),
    ],
)
def test_what_is_of_no_use_is_said(process, given, says):
    arguments = {"name": "v", "shape": (2, 3, 4), "dtype": "u1", **given}
    with pytest.raises((TypeError, ValueError), match=says):
        process.volume(**arguments)
    assert process._volumes.names() == []


def test_channels(process):
    assert process.volume("a", (3, 4, 5), "u1", "cyx")._declared()["channels"] == 0
    assert process.volume("a", (3, 4, 5), "u1", "cyx", kind="labels")._declared()["channels"] == -1
    assert process.volume("a", (3, 4, 5), "u1", "cyx", channels=-1)._declared()["channels"] == -1
    assert process.volume("a", (3, 4, 5), "u1", channels="y")._declared()["channels"] == 1
    says = process.volume("a", (4, 5, 3), "u1", rgb=True)._declared()
    assert says["channels"] == 2 and says["rgb"]
    says = process.volume("a", (4, 4), "f4", matrix=np.eye(3))._declared()
    assert says["matrix"] == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_update(process, watcher):
    volume = process.volume("brain", (2, 2), "u1", limits=(0, 1))
    generation = declared(watcher)["generation"]
    watcher.drain()
    volume.update(limits=None, title="Brain", hidden=True, note="Half of it.")
    watcher.until_changed("volumes")
    says = declared(watcher)
    assert "limits" not in says and says["title"] == "Brain" and says["hidden"] and says["note"] == "Half of it."
    assert says["generation"] == generation
    with pytest.raises(ValueError, match="opacity"):
        volume.update(opacity=-1)


def test_a_volume_of_the_same_name_takes_its_place(process, watcher):
    first = process.volume("brain", (2, 2), "u1")
    second = process.volume("brain", (3, 3), "u1")
    assert declared(watcher)["shape"] == [3, 3]
    first.close()  # it is closed already
    first.changed()
    assert declared(watcher)["shape"] == [3, 3] and second.version == 0


def test_volumes_before_serve():
    brain = webmon.volume("brain", (2, 2), "u1")
    brain.data[:] = 1
    brain.changed()
    process = webmon.serve(launch=False)
    assert process._volumes.declared()["brain"]["shape"] == [2, 2]


@linux
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_writes_to_the_same_memory(process):
    brain = process.volume("brain", (2, 2), "u1")
    child = os.fork()
    if child == 0:
        brain.data[:] = 3
        brain.changed()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert brain.data.sum() == 12 and brain.version == 0
    assert os.path.exists(path_of(brain._declared()["shm"]))


# Volumes that are read on demand.


class Lazy:
    """Something sliceable that is no array."""

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key):
        return self.array[key]


class Frame:
    """A table as pandas has it, which is neither true nor false."""

    columns = ["name"]

    def __bool__(self):
        raise ValueError("The truth value of a DataFrame is ambiguous.")


class Asker:
    """Asks for parts of volumes as shm/PROTOCOL.md has it."""

    def __init__(self, process):
        host, port = process.address.split(":")
        self.connection = connection.Client((host, int(port)), authkey=process._offer.key.encode())
        self.connection.send((None, "volumes", (), {}))
        assert self.connection.recv() == ("#RETURN", None)
        self.process = process

    def __call__(self, op, volume, **more):
        generation = self.process._volumes._by_name[volume]._state[0] if volume in self.process._volumes.names() else ""
        asked = {"op": op, "volume": volume, "generation": generation, "level": 0, "from": [], "to": [], "id": 0, **more}
        self.connection.send_bytes(json.dumps(asked).encode())
        head = json.loads(self.connection.recv_bytes())
        return head, self.connection.recv_bytes() if head.get("bytes") else b""


@pytest.fixture
def ask(process):
    return Asker(process)


def test_boxes(process, ask):
    array = np.arange(120, dtype=">i4").reshape(4, 5, 6)
    process.volume("v", data=[Lazy(array), Lazy(array[::2, ::2, ::2])])
    head, body = ask("box", "v", **{"from": [1, 0, 2], "to": [3, 5, 4]})
    assert head == {"bytes": 80} and body == array[1:3, :, 2:4].astype("<i4").tobytes()
    assert ask("box", "v", level=1, **{"from": [0, 1, 2], "to": [2, 3, 3]})[1] == array[::2, ::2, ::2][:2, 1:3, 2:3].astype("<i4").tobytes()
    for wrong in ({"from": [0, 0, 0], "to": [4, 5, 7]}, {"level": 2}, {"level": -1}, {"from": [0], "to": [1]}, {"from": [2, 0, 0], "to": [1, 1, 1]}):
        assert ask("box", "v", **{"from": [0, 0, 0], "to": [1, 1, 1], **wrong})[0]["why"] == "box"
    assert ask("box", "v", generation="0" * 16)[0]["why"] == "gone"
    assert ask("box", "w")[0]["why"] == "gone"
    assert "nothing that volumes are asked for" in ask("dance", "v")[0]["error"]
    assert ask("box", "v", **{"from": [0, 0, 0], "to": [1, 1, "x"]})[0]["error"]
    ask.connection.send_bytes(b"no JSON")
    assert "error" in json.loads(ask.connection.recv_bytes())
    assert ask("box", "v", **{"from": [0, 0, 0], "to": [1, 1, 1]})[1] == b"\0\0\0\0"


def test_data_may_be_larger_than_any_memory(process, ask):
    class Brain(Lazy):
        def __getitem__(self, key):
            return np.full(tuple(place.stop - place.start for place in key), 7, "u1")

    brain = Brain(np.zeros((1, 1, 1), "u1"))
    brain.shape = (34432, 39552, 41408)
    volume = process.volume("v", data=brain)
    assert volume.shape == brain.shape
    assert ask("box", "v", **{"from": [34430, 0, 41407], "to": [34432, 1, 41408]})[1] == b"\7\7"
    volume.replace(brain)
    brain.shape = (1 << 30, 1 << 20, 1 << 12)
    with pytest.raises(ValueError, match="too large"):
        process.volume("w", data=brain)


@pytest.mark.parametrize("error", [ValueError("not today"), KeyError("x"), RuntimeError("é" * 5000), MemoryError()])
def test_what_data_raise_is_answered(process, ask, error):
    class Bad(Lazy):
        def __getitem__(self, key):
            raise error

    process.volume("v", data=Bad(np.zeros((2, 2))))
    head, _ = ask("box", "v", **{"from": [0, 0], "to": [1, 1]})
    assert head["error"] and head["why"] == "" and len(head["error"]) <= 1000
    assert ask("box", "v", **{"from": [0, 0], "to": [1, 1]})[0]["error"] == head["error"]


def test_data_of_another_shape_than_they_say(process, ask):
    lazy = Lazy(np.zeros((2, 2)))
    lazy.shape = (3, 3)
    process.volume("v", data=lazy)
    assert "(2, 2)" in ask("box", "v", **{"from": [0, 0], "to": [3, 3]})[0]["error"]


def test_volumes_without_shared_memory_are_asked_for(process, ask, monkeypatch):
    def none(*_):
        raise OSError(28, "no room")

    monkeypatch.setattr("webmon._volume.Block", none)
    brain = process.volume("brain", (2, 2), "u1")
    brain.data[:] = [[1, 2], [3, 4]]
    assert brain._declared()["shm"] == ""
    assert ask("box", "brain", **{"from": [0, 0], "to": [2, 2]})[1] == b"\1\2\3\4"


def test_data_in_h5py(process, ask, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(24, dtype="u2").reshape(2, 3, 4)
        process.volume("v", data=file["x"])
        assert ask("box", "v", **{"from": [1, 0, 0], "to": [2, 1, 2]})[1] == np.array([12, 13], "<u2").tobytes()
    assert ask("box", "v", **{"from": [1, 0, 0], "to": [2, 1, 2]})[0]["error"]


def test_h5py_is_read_while_the_program_writes_to_it(process, ask, tmp_path):
    h5py = pytest.importorskip("h5py")
    from h5py._objects import phil

    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("x", (4, 8, 8), "u2", maxshape=(None, 8, 8), chunks=(1, 4, 4))
        volume = process.volume("v", data=data)
        stopped = threading.Event()
        read, wrong, threads = [0] * 4, [], []

        def look(i):
            while not stopped.is_set():
                try:
                    got = volume._state[1].box(0, (i, 0, 0), (i + 1, 8, 8))
                    if (got != got.flat[0]).any():  # one write is one plane
                        wrong.append(got)
                except Exception as error:
                    wrong.append(error)
                read[i] += 1

        def write():
            for n in range(1, 400):
                data[n % 4] = n
                assert (data[n % 4] == n).all()
                if n % 20 == 0:
                    data.resize(len(data) + 1, axis=0)
                with phil:  # as in what h5py calls back
                    volume.changed()
            until(lambda: all(read), "all have read")

        writer = threading.Thread(target=write, daemon=True)
        for thread in (*(threading.Thread(target=look, args=(i,), daemon=True) for i in range(4)), writer):
            thread.start()
            threads.append(thread)
        writer.join(120)
        stopped.set()
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads) and wrong == []
        assert volume.shape == (23, 8, 8)
        at = {"from": [3, 0, 0], "to": [4, 1, 1]}
        assert ask("box", "v", **at)[1] == np.array([399], "<u2").tobytes()


def test_data_are_not_asked_under_a_lock(process):
    class Locked(Lazy):
        """Has a lock of its own, which somebody may hold who says that it has changed."""

        @property
        def shape(self):
            assert not volumes or not volumes[0]._lock.locked()
            return self._shape

        @shape.setter
        def shape(self, shape):
            self._shape = shape

    volumes = []
    data = Locked(np.zeros((2, 2)))
    volumes.append(process.volume("v", data=data))
    data.shape = (3, 2)
    volumes[0].changed()
    assert volumes[0].shape == (3, 2)


def test_data_in_dask_and_zarr(process, ask):
    array = np.arange(24, dtype="u2").reshape(2, 3, 4)
    process.volume("v", data=pytest.importorskip("dask.array").from_array(array, chunks=2))
    assert ask("box", "v", **{"from": [1, 0, 0], "to": [2, 1, 2]})[1] == np.array([12, 13], "<u2").tobytes()
    stored = pytest.importorskip("zarr").array(array, chunks=(1, 2, 2))
    process.volume("v", data=stored)
    assert ask("box", "v", **{"from": [1, 0, 0], "to": [2, 1, 2]})[1] == np.array([12, 13], "<u2").tobytes()


def test_replace(process, watcher):
    volume = process.volume("v", data=Lazy(np.zeros((2, 2), "u1")))
    before = declared(watcher, "v")["generation"]
    volume.replace(Lazy(np.ones((2, 2), "u1")))
    assert declared(watcher, "v")["generation"] == before and volume.version == 1
    volume.replace(np.ones((2, 3), "u1"))
    assert declared(watcher, "v")["generation"] != before and declared(watcher, "v")["shape"] == [2, 3] and volume.version == 2
    with pytest.raises(ValueError, match="axes"):
        volume.replace(np.ones(3))
    with pytest.raises(ValueError, match="write to its data"):
        process.volume("w", (2, 2), "u1").replace(np.ones((2, 2), "u1"))
    points = process.volume("points", points=np.zeros((3, 2)))
    points.replace([[1, 2]], {"a": [5]})
    assert points._state[1].geometry().vertices.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    "given, says",
    [
        ({}, "nothing was given"),
        ({"shape": (2, 2)}, "shape and dtype together"),
        ({"data": np.zeros((2, 2)), "dtype": "u1"}, "shape and dtype together"),
        ({"data": np.zeros((2, 2)), "points": [[1, 2]]}, "data and points was given"),
        ({"data": "x"}, "cannot be shared"),
        ({"data": np.zeros(())}, "no axes"),
        ({"data": {"a": 1}}, "something with a shape"),
        ({"data": [np.zeros((2, 2)), np.zeros((3, 3))]}, "from fine to coarse"),
        ({"data": [np.zeros((2, 2)), np.zeros(2)]}, "no coarser level"),
        ({"data": np.zeros((2, 2)), "mesh": len}, 'kind="labels"'),
        ({"data": np.zeros((2, 2), "u1"), "kind": "labels", "mesh": 5}, "mesh of v must be"),
        ({"data": np.zeros((2, 2)), "attributes": {}}, "no attributes"),
        ({"points": [[1, 2]], "kind": "image"}, "leave kind out"),
        ({"points": [1, 2]}, "vertices must be"),
        ({"points": [["a", "b"]]}, "vertices must be"),
        ({"points": [[1, 2]], "axes": "zyx"}, r"\(n, 3\)"),
        ({"points": [[1, 2]], "limits": (0, 1)}, "no channels, limits"),
        ({"points": [[1, 2]], "properties": Frame()}, "properties of labels"),
        ({"points": [[1, 2]], "mesh": {}}, "meshes"),
        ({"points": lambda: [[1, 2]]}, "axes must say"),
        ({"points": [[1, 2]], "attributes": {"a": [1, 2]}}, "for each of 1 vertices"),
        ({"points": [[1, 2]], "attributes": {"a": ["x"]}}, "numbers alone"),
        ({"lines": ([[1, 2]], [[0, 1]])}, "name vertex 1"),
        ({"lines": ([[1, 2]], [[0, 0.5]])}, "whole numbers"),
        ({"tracks": [[-1, 2, 3]]}, "ids of tracks"),
        ({"surface": 5}, "vertices, faces"),
        ({"surface": (np.eye(3), [[0, 1]])}, r"\(n, 3\)"),
        ({"surface": (np.full((3, 3), np.inf), [[0, 1, 2]])}, "finite"),
    ],
)
def test_what_cannot_be_a_volume(process, given, says):
    with pytest.raises((TypeError, ValueError), match=says):
        process.volume("v", **given)
    assert process._volumes.names() == []


def test_geometries_are_copied(process):
    points = np.zeros((2, 2), "f4")
    volume = process.volume("v", points=points)
    points[:] = 5
    assert not volume._state[1].geometry().vertices.any()


def test_numbers_of_vertices_become_what_holds_them():
    values = {"b": [True, False], "i": [-1, 300], "u": [0, 2**32 - 1], "big": [0, 2**40], "f": [0.5, 1], "c": np.zeros((2, 3), "f8")}
    got = {name: array.dtype.str for name, array in _shapes.attributes_of(values, 2).items()}
    assert got == {"b": "|u1", "i": "<i4", "u": "<u4", "big": "<f4", "f": "<f4", "c": "<f4"}


def test_tables_of_labels():
    columns = [("area", "number", "", [1.0, 2.0])]
    for given in ({"label": [3, 2**64 - 1], "area": [1, 2]}, {3: {"area": 1}, 2**64 - 1: {"area": np.float32(2)}}):
        table = _shapes.table(given)
        assert table.ids.tolist() == [3, 2**64 - 1] and [(*c[:3], c[3].tolist()) for c in table.columns] == columns
    assert _shapes.table({5: "a", 6: "b"}).columns == [("label", "label", "", ["a", "b"])]
    assert _shapes.table({}).ids.tolist() == []
    for wrong in ({-1: "a"}, {2**64: "a"}, {"x": "a"}, {1.5: "a"}, {"ids": [1, 2], "a": [1]}, 5):
        with pytest.raises((TypeError, ValueError)):
            _shapes.table(wrong)
