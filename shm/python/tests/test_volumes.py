"""Volumes: what is declared of them, written in place and said to have changed."""

from __future__ import annotations

import os
import struct
import sys

import numpy as np
import pytest
from watching import until

import webmon
from webmon import Process

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="shared memory is Linux's for now")


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
    path = f"/dev/shm/{says['shm']}"
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
        path = f"/dev/shm/{process.volume('a', 5, 'u1')._declared()['shm']}"
        assert os.path.exists(path)
    assert not os.path.exists(path)


@linux
def test_memory_that_somebody_removes_is_gone_on_without(process, watcher):
    brain = process.volume("brain", (3, 4, 5), "uint16")
    before = declared(watcher)
    os.unlink(f"/dev/shm/{before['shm']}")
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
    assert os.path.exists(f"/dev/shm/{brain._declared()['shm']}")
