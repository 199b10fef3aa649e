from __future__ import annotations

import os
import subprocess
import sys
import threading
import zlib

import numpy as np
import pytest
import watching
from watching import Ring, path_of, until

import webmon
from webmon import Process, _memory, _segment, _server

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /dev/shm to look into"),
    pytest.mark.usefixtures("place"),
]


def segments():
    """The names of this process's segments."""
    return [name for name in os.listdir(watching.FOLDER) if name.startswith(f"webmon-{os.getpid()}-")] if os.path.isdir(watching.FOLDER) else []


@pytest.fixture
def camera(process, watcher):
    """Shares an array that somebody wants and returns it with a reader of its segment."""

    def share(*args, hz=1e9, **kwds):
        array = process.share("camera", *args, **kwds)
        if hz:
            watcher.want_topics({"array/camera": hz})
        return array, Ring(watcher.data.get("arrays")["camera"])

    return share


def test_what_is_declared(process, watcher):
    process.share("camera", (3, 2048, 2048), np.uint16, "cyx", units="um", scale=0.5, title="Camera", colormap="viridis", limits=(0, 4095), unit="counts", layer="3")
    declared = watcher.data.get("arrays")["camera"]
    assert declared.pop("shm").startswith(f"webmon-{os.getpid()}-")
    assert len(declared.pop("generation")) == 16
    assert declared == {
        "dtype": "<u2", "shape": [3, 2048, 2048], "axes": ["c", "y", "x"], "units": ["", "um", "um"], "scale": [1.0, 0.5, 0.5],
        "title": "Camera", "role": "", "colormap": "viridis", "limits": [0.0, 4095.0], "unit": "counts", "layer": "3",
    }  # fmt: skip


def test_what_is_said_of_an_array_changes(process, watcher):
    array = process.share("camera", (8, 9), np.uint16, "yx", units="um", limits=(0, 10), title="Camera")
    watcher.want_topics({"array/camera": 1e9})
    array.publish(np.ones((8, 9), np.uint16))
    before = watcher.data.get("arrays")["camera"]
    array.update(title="Other", limits=(2, 7), colormap="magma", scale=[2, 3], units=["mm", None], note="Every second row.")
    now = watcher.data.get("arrays")["camera"]
    assert now == {**before, "title": "Other", "limits": [2.0, 7.0], "colormap": "magma", "scale": [2.0, 3.0], "units": ["mm", ""], "note": "Every second row."}
    array.update(limits=None, note=None)
    now = watcher.data.get("arrays")["camera"]
    assert "limits" not in now and "note" not in now and now["title"] == "Other" and now["shm"] == before["shm"]
    for wrong in ({"limits": (0, float("nan"))}, {"scale": [1, 2, 3]}, {"units": ["um"] * 3}):
        with pytest.raises(ValueError):
            array.update(title="half", **wrong)
        assert watcher.data.get("arrays")["camera"] == now
    array.resize((9, 9))
    assert watcher.data.get("arrays")["camera"]["units"] == ["mm", ""]


def test_frames_are_taken_back(process, watcher):
    array = process.share("camera", (8, 9), np.uint16, "yx")
    watcher.want_topics({"array/camera": 1e9})
    frame = np.ones((8, 9), np.uint16)
    assert array.publish(frame)
    old = Ring(watcher.data.get("arrays")["camera"])
    array.withhold("Nothing is shown.")
    about = watcher.data.get("arrays")["camera"]
    assert about["shm"] == "" and about["note"] == "Nothing is shown." and about["shape"] == [8, 9] and old.closed
    assert not array.publish(frame)
    array.resize((10, 10))
    assert watcher.data.get("arrays")["camera"]["shm"] == ""
    array.withhold("Another reason.")
    assert watcher.data.get("arrays")["camera"]["note"] == "Another reason."
    array.withhold(None)
    about = watcher.data.get("arrays")["camera"]
    assert about["shm"] and "note" not in about
    assert array.publish(np.full((10, 10), 7, np.uint16))
    assert (Ring(about).read()[0] == 7).all()
    array.close()
    array.withhold("Too late.")
    array.withhold(None)
    assert watcher.data.get("arrays") == {}


def test_a_frame(camera):
    array, ring = camera((4, 6), "uint16", axes="yx", units=["um", None])
    frame = np.arange(24, dtype="u2").reshape(4, 6)
    assert array.wanted
    assert array.publish(frame, offset=(2, 3.5), step=(0.5, 2), level=3, stamp=1234.5)
    got, about = ring.read()
    np.testing.assert_array_equal(got, frame)
    assert about["k"] == 1 and about["offset"] == (2, 3.5) and about["step"] == (0.5, 2) and about["level"] == 3 and about["time"] == 1234.5
    assert ring.mode == 0o600 and ring.nslots == 3 and ring.pid == os.getpid() and ring.published == 1 and not ring.closed
    frame[:] = 0
    assert ring.read()[0][3, 5] == 23
    for i in range(2, 9):
        assert array.publish(frame + i)
        got, about = ring.read()
        assert about["k"] == i and (got == i).all()
    assert array.published == array.copied == 8


@pytest.mark.parametrize(
    "dtype",
    ["?", "i1", "u1", "<i2", ">u2", "<u4", ">i8", "u8", "f2", ">f2", "f4", ">f8", "c8", ">c16"],
)
def test_every_dtype(camera, dtype):
    array, ring = camera((3, 5), dtype)
    frame = (np.arange(15) % 2 if dtype == "?" else np.arange(15)).astype(dtype).reshape(3, 5)
    assert array.publish(frame)
    assert ring.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(ring.read()[0], frame)
    # Another byte order is converted.
    if np.dtype(dtype).itemsize > 1:
        assert array.publish(frame.astype(np.dtype(dtype).newbyteorder("S")))
        np.testing.assert_array_equal(ring.read()[0], frame)


@pytest.mark.parametrize(
    "dtype",
    [
        object, "S4", "U4", "M8[ns]", "V8", np.longdouble, np.clongdouble, "O,i4", [("a", "f4", 2), ("b", "O")], [("a", [("b", "i4")], 3)],
        [("a", "g")], [("a", "V3")], [], [("a.b", "i4"), ("a", [("b", "i4")])],
    ],
)
def test_refused_dtypes(process, dtype):
    with pytest.raises(TypeError, match="cannot be shared"):
        process.share("camera", (2, 2), dtype)


@pytest.mark.parametrize(
    "frame",
    [
        np.asfortranarray(np.arange(12, dtype="i4").reshape(3, 4)),
        np.arange(48, dtype="i4").reshape(6, 8)[::2, ::-2],
        np.broadcast_to(np.arange(4, dtype="i4"), (3, 4)),
        np.frombuffer(np.arange(12, dtype="i4").tobytes(), "i4").reshape(3, 4),
        np.ma.masked_array(np.arange(12, dtype="i4").reshape(3, 4)),
        np.arange(6, dtype="i4").reshape(2, 3),
        np.zeros((0, 4), "i4"),
        np.zeros((3, 0), "i4"),
    ],
    ids=["Fortran", "strided", "broadcast", "read-only", "masked", "smaller", "empty", "no columns"],
)
def test_every_layout(camera, frame):
    array, ring = camera((3, 4), "i4")
    assert array.publish(frame)
    got = ring.read()[0]
    assert got.shape == frame.shape
    np.testing.assert_array_equal(got, np.asarray(frame))


@pytest.mark.parametrize("shape", [(), (5,), 5, (0,), (0, 7), (2, 1, 3, 1, 2, 1, 1, 2)])
def test_every_shape(camera, shape):
    array, ring = camera(shape, "f8")
    frame = np.random.default_rng(0).random(shape)
    assert array.publish(frame)
    np.testing.assert_array_equal(ring.read()[0], frame)


SPOTS = np.dtype([("x", "f4"), ("y", "f4"), ("n", "u2"), ("at", "f8", (2,)), ("label", "U4")])


def spots(n, dtype=SPOTS):
    out = np.zeros(n, dtype)
    out["x"], out["n"] = np.arange(n) / 2, np.arange(n)
    return out


def test_records(camera):
    array, ring = camera(100, SPOTS)
    declared = array._declared()
    assert declared["role"] == "table" and declared["axes"] == ["row"]
    assert declared["dtype"] == [["x", "<f4"], ["y", "<f4"], ["n", "<u2"], ["at", "<f8", [2]], ["label", "<U4"]]
    for frame in (spots(100), spots(7), spots(0), spots(14)[::2], spots(5).view(np.recarray), np.rec.array(spots(5))):
        assert array.publish(frame)
        got = ring.read()[0]
        assert got.tobytes() == np.ascontiguousarray(frame).tobytes() and len(got) == len(frame)


def test_records_with_holes_and_records_within(camera):
    inner = np.dtype([("row", "i2"), ("col", "f8")], align=True)
    dtype = np.dtype([("at", inner), ("n", ">u4"), ("v", "f4", (3,))], align=True)
    array, ring = camera(10, dtype)
    assert array._declared()["dtype"] == [["at.row", "<i2"], ["at.col", "<f8"], ["n", ">u4"], ["v", "<f4", [3]]]
    frame = np.zeros(4, dtype)
    frame["at"]["row"], frame["at"]["col"], frame["n"], frame["v"] = [1, 2, 3, 4], 0.5, 7, np.arange(12).reshape(4, 3)
    assert array.publish(frame)
    got = ring.read()[0]
    assert got["at.row"].tolist() == [1, 2, 3, 4] and (got["n"] == 7).all() and got["v"].tolist() == frame["v"].tolist()


def test_wrong_frames(camera):
    array, ring = camera((3, 4), "u2")
    for frame, error, why in [
        (np.zeros((3, 4), "u1"), TypeError, "shared as uint16, and this frame is of uint8"),
        (np.zeros((3, 4), SPOTS), TypeError, "shared as uint16"),
        (np.zeros((4, 4), "u2"), ValueError, r"\(3, 4\), and this frame of \(4, 4\) is larger"),
        (np.zeros(4, "u2"), ValueError, r"\(3, 4\), and this frame has the shape \(4,\)"),
        ([[1.5]], TypeError, r"this is a list: make it one with np.asarray\(frame, '<u2'\)"),
    ]:
        with pytest.raises(error, match=why):
            array.publish(frame)
    assert ring.published == 0 and array.publish(np.zeros((3, 4), "u2"))


def test_wrong_arguments(process):
    for kwds, why in [
        ({"shape": (2,) * 9}, "8 are the most"),
        ({"shape": (-1, 2)}, "less than 0"),
        ({"shape": (1 << 30, 1 << 30)}, "too large"),
        ({"axes": "yxz"}, "3 axes"),
        ({"axes": "yy"}, "twice"),
        ({"role": "movie"}, "role"),
        ({"slots": 1}, "2 to 64"),
        ({"slots": 65}, "2 to 64"),
        ({"limits": (0, float("inf"))}, "finite"),
        ({"units": ["um"]}, "an entry for each"),
        ({"dtype": [(f"a_rather_long_name_of_field_{i}", "f4") for i in range(200)], "shape": 3}, "to describe"),
        ({"dtype": [(f"f{i}", "?") for i in range(257)], "shape": 3}, "256 are the most"),
        ({"axes": "yx", "units": ["m" * 4000, None]}, "to describe"),
    ]:
        with pytest.raises(ValueError, match=why):
            process.share("camera", **{"shape": (2, 2), "dtype": "u1", **kwds})
    with pytest.raises(ValueError, match="an array"):
        process.share("my camera", (2, 2), "u1")
    assert not segments()


def test_what_is_no_colour_is_refused(process, camera):
    for shape, why in [
        ((3, 64, 64), r"\(3, 64, 64\) is no shape of colours: .* np\.moveaxis\(frame, 0, -1\)"),
        ((64, 4, 64), r"np\.moveaxis\(frame, 1, -1\)"),
        ((64, 64, 2), r"\(64, 64, 2\) is no shape of colours: .* Leave the role out"),
        ((64, 3), "rows, columns"),
        ((), "rows, columns"),
    ]:
        with pytest.raises(ValueError, match=why):
            process.share("camera", shape, "u1", role="rgb")
    array, ring = camera((6, 6, 4), "u1", role="rgb")
    assert array.publish(np.zeros((2, 6, 3), "u1"))
    with pytest.raises(ValueError, match="no shape of colours"):
        array.publish(np.zeros((6, 6, 2), "u1"))
    with pytest.raises(ValueError, match="no shape of colours"):
        array.resize((3, 6, 6))
    assert array.shape == (6, 6, 4)


def test_nobody_looks(camera, process, watcher):
    array, ring = camera((3, 4), "u2", hz=0)
    for _ in range(3):
        assert array.publish(np.zeros((3, 4), "u2")) is False
    # Nothing is written while nobody looks; who is there is told how many there were.
    assert array.published == 3 and ring.published == 0 == ring.heartbeat
    watcher.want_topics({"stage": 1.0})
    until(lambda: ring.published == 3)
    assert ring.latest == 0 and array.copied == 0 and not array.wanted and ring.heartbeat > 0
    array.publish(np.zeros((3, 4), "u2"))
    array.close()
    assert ring.published == 4


class Picture:
    """An array of another library, which says what it is and becomes NumPy's when it is asked to."""

    device = "cpu"

    def __init__(self, array, dtype=None):
        self.array, self.dtype, self.shape, self.asked = array, array.dtype if dtype is None else dtype, array.shape, 0

    def __array__(self, *args, **kwds):
        self.asked += 1
        if self.device != "cpu":
            raise TypeError("it lies in a graphics card: use .get()")
        return self.array


class Liar(Picture):
    pass


class Strict:
    """A dtype as other libraries have them."""

    def __repr__(self):
        return "torch.uint16"


def test_what_says_what_it_is_is_converted_only_when_wanted(process, watcher):
    array = process.share("camera", (3, 4), Strict())
    assert array.dtype == "u2"
    first, second = (Picture(np.full((3, 4), n, "u2"), dtype) for n, dtype in ((1, None), (2, Strict())))
    # The first tells that its class can be converted.
    for picture in (first, second, first, second):
        assert array.publish(picture) is False
    assert first.asked == 1 and second.asked == 0 and array.published == 4
    watcher.want_topics({"array/camera": 1e9})
    assert array.publish(second) and second.asked == 1
    assert (Ring(watcher.data.get("arrays")["camera"]).read()[0] == 2).all()


class Bare:
    """Becomes an array, and does not say of what kind."""

    def __init__(self, array):
        self.array = array

    def __array__(self, *args, **kwds):
        return self.array


class Tensor:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **kwds):
        return self.array.__dlpack__(**kwds)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Field:
    def __init__(self, array):
        self.data = array
        self.dtype = array.dtype


class Kelvin(np.ndarray):
    """Refuses to be copied into what has no unit, as astropy's quantities do."""

    def __array_function__(self, *args):
        raise TypeError("units differ")


class Broken:
    def __init__(self, error):
        self.error = error

    def __array__(self, *args, **kwds):
        raise self.error


class Wrecked:
    __class__ = dtype = shape = __array__ = property(lambda self: 1 / 0)
    __repr__ = __eq__ = __iter__ = __float__ = lambda self, *_: 1 / 0


def on_card():
    picture = Picture(np.zeros((3, 4), "u2"))
    picture.device = "cuda:0"
    return picture


GOOD, OTHER, LARGE = (np.ones(shape, dtype) for shape, dtype in (((3, 4), "u2"), ((3, 4), "f4"), ((3, 5), "u2")))


@pytest.mark.parametrize(
    ("frame", "want"),
    [
        (Bare(GOOD), None),
        (Tensor(GOOD), None),
        (Field(GOOD), None),
        (memoryview(GOOD), None),
        (np.rec.array(GOOD), None),
        (GOOD.view(Kelvin), None),
        (np.ma.array(GOOD), None),
        (Picture(GOOD), None),
        (Picture(OTHER), "float32"),
        (Picture(LARGE), "larger"),
        (Liar(OTHER, np.dtype("u2")), "float32"),
        (Bare(OTHER), "float32"),
        (Bare(LARGE), "larger"),
        (Tensor(OTHER), "float32"),
        (Field(LARGE), "larger"),
        (Bare(np.array("text")), "<U4"),
        (Bare(np.array([object()])), "object"),
        ([[1, 2], [3, 4]], "a list"),
        (((1.5,),), "a tuple"),
        (3, "a int"),
        ("text", "a str"),
        (b"text", "a bytes"),
        (None, "a NoneType"),
        (object(), "an? .*object"),
        ((n for n in range(3)), "a generator"),
        (np.uint16(3), "number of axes"),
        (np.ma.array(GOOD, mask=GOOD > 0), r"uint16, which has no NaN .*: share it as a float, or publish frame.filled"),
        (np.ma.array(GOOD, mask=GOOD > 1), "no NaN"),
        (np.ma.masked, "float64"),
        (on_card(), r"does not become a NumPy array: TypeError: it lies in a graphics card: use \.get\(\)"),
        (Broken(RuntimeError("no data")), "RuntimeError: no data"),
        (Broken(RecursionError("deep")), "RecursionError: deep"),
        (Broken(MemoryError()), "MemoryError"),
    ],
)
def test_the_same_answer_whether_anybody_looks_or_not(process, watcher, frame, want):
    array = process.share("camera", (3, 4), "u2")
    array.publish(Picture(GOOD))  # its class is known from now on
    for hz in (0, 1e9, 0):
        watcher.want_topics({"array/camera": hz} if hz else {})
        for _ in range(2):
            before = array.published
            if want is None:
                assert array.publish(frame) is bool(hz) and array.published == before + 1
            else:
                with pytest.raises((TypeError, ValueError), match=want) as raised:
                    array.publish(frame)
                assert raised.type in (TypeError, ValueError) and array.published == before
        if want is None and hz:
            assert (Ring(watcher.data.get("arrays")["camera"]).read()[0] == 1).all()


def test_what_cannot_even_be_asked_what_it_is(process, watcher):
    array = process.share("camera", (3, 4), "u2")
    for hz in (0, 1e9):
        watcher.want_topics({"array/camera": hz} if hz else {})
        with pytest.raises(TypeError, match="Wrecked does not become a NumPy array: ZeroDivisionError"):
            array.publish(Wrecked())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_ctrl_c_while_a_frame_is_converted(camera, error):
    array, _ = camera((3, 4), "u2")
    with pytest.raises(type(error)):
        array.publish(Broken(error))


@pytest.mark.parametrize(
    ("kwds", "why"),
    [
        ({"offset": (1,)}, "two numbers"),
        ({"offset": 3}, "two numbers"),
        ({"offset": (0, float("nan"))}, "offset must be finite"),
        ({"step": (0, 1)}, "more than 0"),
        ({"step": (1, float("inf"))}, "more than 0"),
        ({"level": -1}, "0 to 53"),
        ({"level": 1.5}, "whole number"),
        ({"level": 1 << 40}, "0 to 53"),
        ({"stamp": "now"}, "seconds since"),
        ({"stamp": float("nan")}, "seconds since"),
        ({"stamp": -1}, "seconds since"),
    ],
)
def test_where_a_frame_lies_is_checked_whether_anybody_looks_or_not(process, watcher, kwds, why):
    array = process.share("camera", (3, 4), "u2")
    for hz in (0, 1e9):
        watcher.want_topics({"array/camera": hz} if hz else {})
        with pytest.raises((TypeError, ValueError), match=why):
            array.publish(GOOD, **kwds)
        assert array.publish(GOOD, offset=np.array([1, 2]), step=[np.float32(2), 3], level=np.int64(1), stamp=np.float64(5)) is bool(hz)


def test_what_is_masked_is_nan(camera):
    for dtype in ("f2", ">f4", "f8", "c8"):
        array, ring = camera((2, 3), dtype)
        frame = np.ma.array(np.arange(6).reshape(2, 3).astype(dtype), mask=[[1, 0, 0], [0, 0, 1]])
        frame.data[frame.mask] = 1e4
        for one in (frame, frame[:, ::-2], frame[:1], np.ma.array(np.zeros((0, 3), dtype), mask=np.zeros((0, 3)))):
            assert array.publish(one)
            np.testing.assert_array_equal(ring.read()[0], one.filled(np.nan))
        assert frame.data[0, 0] == 1e4  # the caller's own


def test_masked_records(camera):
    dtype = np.dtype([("x", "f4"), ("in", [("at", "f8", (2,)), ("t", "M8[ms]")]), ("label", "U4"), ("raw", "S3")], align=True)
    array, ring = camera(10, dtype)
    frame = np.ma.zeros(3, dtype)
    frame["x"], frame["in"]["at"], frame["in"]["t"], frame["label"], frame["raw"] = 1e20, 1e20, 5, "abc", b"xyz"
    frame[1] = np.ma.masked
    frame.mask["in"]["at"][2, 0] = True
    assert array.publish(frame)
    got = ring.read()[0]
    assert np.isnan(got["x"]).tolist() == [False, True, False]
    assert np.isnan(got["in.at"]).tolist() == [[False] * 2, [True] * 2, [True, False]]
    assert np.isnat(got["in.t"]).tolist() == [False, True, False]
    assert got["label"].tolist() == ["abc", "", "abc"] and got["raw"].tolist() == [b"xyz", b"", b"xyz"]
    array, ring = camera(10, SPOTS)
    with pytest.raises(TypeError, match="uint16, in the field 'n', which has no NaN"):
        array.publish(np.ma.array(spots(3)))
    assert array.publish(np.ma.array(spots(3)).filled()) and array.publish(spots(3).view(np.ma.MaskedArray).data)


def test_records_of_odd_dtypes(camera):
    dtype = np.dtype({"names": ["b", "a", ""], "formats": ["u1", ">u2", ("f4", (0,))], "offsets": [4, 4, 6], "titles": ["Bee", "Ay", None], "itemsize": 9})
    array, ring = camera(4, dtype)
    frame = np.zeros(3, dtype)
    frame["a"] = [1, 2, 3]
    assert array.publish(frame) and ring.dtype.names == ("b", "a", "f2")
    assert ring.read()[0]["a"].tolist() == [1, 2, 3] and ring.read()[0]["b"].tolist() == frame["b"].tolist()
    array, ring = camera(4, [("half \ud800", "f2")])
    assert array.publish(np.ones(2, [("half \ud800", "f2")])) and ring.read()[0]["half ?"].tolist() == [1, 1]
    array, ring = camera(4, [("nothing", "U0")])
    assert array.publish(np.zeros(2, [("nothing", "U0")])) and ring.read()[0].shape == (2,)


def test_as_many_fields_as_are_shown(camera, process):
    def records(n):
        return np.dtype([("more", [(f"m{i}", "u1") for i in range(n - 156)]), *((f"f{i}", "f4") for i in range(156))])

    # With short names all of them go into the description.
    array, ring = camera(3, [(f"{i:x}", "u1") for i in range(256)])
    assert len(ring.dtype) == 256
    for dtype in ([(f"f{i}", "f4") for i in range(257)], records(257), records(5000)):
        for opened in (process, Process._unopened()):
            with pytest.raises(ValueError, match="256 are the most"):
                opened.share("camera", 3, dtype)
    # A process that is offered later has to know at once, too.
    with pytest.raises(ValueError, match="bytes to describe"):
        Process._unopened().share("camera", 3, [(f"a_long_name_of_a_field_{i}", "f4") for i in range(200)])


@pytest.mark.parametrize(
    ("kwds", "error", "why"),
    [
        ({"dtype": "uint17"}, TypeError, "not uint17"),
        ({"dtype": 3.5}, TypeError, "not float"),
        ({"shape": (2.5, 2)}, TypeError, "whole numbers"),
        ({"shape": "ab"}, TypeError, "whole numbers"),
        ({"shape": Broken(None)}, TypeError, "whole numbers"),
        ({"shape": (1 << 39,), "dtype": "f8", "slots": 8}, ValueError, "too large"),
        ({"axes": 3}, TypeError, "axes"),
        ({"title": 3}, TypeError, "title of camera must be text, not int"),
        ({"colormap": object()}, TypeError, "colormap of camera must be text"),
        ({"unit": b"um"}, TypeError, "unit"),
        ({"layer": 3}, TypeError, "layer"),
        ({"limits": 3}, TypeError, "two numbers"),
        ({"limits": (3, "a")}, TypeError, "two numbers"),
        ({"limits": (1, 2, 3)}, TypeError, "two numbers"),
        ({"limits": (2, 1)}, ValueError, "is more than"),
        ({"scale": (1, 0)}, ValueError, "other than 0"),
        ({"scale": float("nan")}, ValueError, "other than 0"),
        ({"scale": object()}, TypeError, "scale"),
        ({"role": "rgb"}, ValueError, "no shape of colours"),
        ({"slots": 2.5}, ValueError, "2 to 64"),
    ],
)
def test_what_would_not_be_shown_is_refused(process, kwds, error, why):
    with pytest.raises(error, match=why):
        process.share("camera", **{"shape": (2, 2), "dtype": "u1", **kwds})


@pytest.mark.parametrize("argument", ["name", "shape", "dtype", "axes", "scale", "title", "role", "colormap", "limits", "unit", "layer", "slots"])
def test_share_raises_only_type_and_value_errors(process, argument):
    for wrong in (Wrecked(), {argument: 1}, object(), np.zeros((2, 2)), np.ma.masked):
        with pytest.raises((TypeError, ValueError)) as raised:
            process.share(**{"name": "camera", "shape": (2, 2), "dtype": "u1", argument: wrong})
        assert raised.type in (TypeError, ValueError) and "camera" not in process._arrays.names()


def test_what_is_said_later_is_checked_too(process, watcher):
    array = process.share("camera", (2, 2), "u1", title="Camera")
    for kwds in ({"title": 3}, {"colormap": object()}, {"unit": b"um"}, {"note": 1}, {"limits": 3}, {"limits": (2, 1)}, {"scale": 0}, {"units": ["um"]}):
        with pytest.raises((TypeError, ValueError)):
            array.update(**kwds)
    array.update(note="Half \ud800")
    declared = watcher.data.get("arrays")["camera"]
    assert declared["title"] == "Camera" and declared["note"] == "Half ?"


def test_text_that_cannot_be_encoded(process, watcher):
    process.share("camera", (2, 2), "u1", axes=["y", "x\ud800"], units=["\udfff", "um"], title="Half \ud800")
    declared = watcher.data.get("arrays")["camera"]
    assert declared["axes"] == ["y", "x?"] and declared["units"] == ["?", "um"] and declared["title"] == "Half ?"


@pytest.mark.parametrize(
    ("name", "memory"),
    [
        ("bfloat16", "f4"), ("float8_e4m3fn", "f4"), ("float8_e5m2", "f4"), ("float8_e8m0fnu", "f4"), ("float6_e2m3fn", "f4"),
        ("int4", "i1"), ("uint4", "u1"), ("int2", "i1"),
    ],
)  # fmt: skip
def test_dtypes_of_machine_learning(camera, name, memory):
    dtype = np.dtype(getattr(pytest.importorskip("ml_dtypes"), name))
    array, ring = camera((3, 4), dtype)
    frame = np.ones((3, 4), dtype)
    assert array.dtype == dtype and ring.dtype == memory and array.publish(frame) and (ring.read()[0] == 1).all()
    with pytest.raises(TypeError, match=f"is of {np.dtype(memory)}: convert it with frame.astype\\('{name}'\\)"):
        array.publish(np.ones((3, 4), memory))
    array, ring = camera(3, [("a", dtype), ("n", "i4")])
    frame = np.ones(3, [("a", dtype), ("n", "i4")])
    assert array.publish(frame) and ring.read()[0]["a"].tolist() == [1, 1, 1]


def test_no_more_than_twice_as_often_as_wanted(camera):
    array, ring = camera((3, 4), "u2", hz=0.001)
    assert [array.publish(np.zeros((3, 4), "u2")) for _ in range(50)] == [True] + [False] * 49
    assert ring.latest == 1 and ring.published == 50


def test_in_the_mean(camera, watcher, monkeypatch):
    array, ring = camera((3, 4), "u2", hz=60.0)
    frame, now = np.zeros((3, 4), "u2"), [10**9]

    class Clock:
        perf_counter_ns = staticmethod(lambda: now[0])
        time_ns = staticmethod(lambda: now[0])

    monkeypatch.setattr("webmon._array.time", Clock)

    def copied(every_ms, n):
        """How many of n frames are copied that come so often."""
        out = 0
        for _ in range(n):
            out += array.publish(frame)
            now[0] += int(every_ms * 1e6)
        return out

    assert copied(1000 / 60, 100) == 100
    assert copied(1, 1000) in range(119, 125)
    now[0] += 10**9
    # One that was late is made up for.
    late = 0
    for _ in range(20):
        late += copied(40, 1) + copied(1, 1) + copied(9, 1)
    assert late == 60
    # A rate that was low once is none for ever.
    watcher.want_topics({"array/camera": 0.001})
    now[0] += 10**12
    assert copied(1, 10) == 1
    watcher.want_topics({"array/camera": 60.0})
    now[0] += 10**8
    assert copied(1000 / 60, 100) == 100


def test_big_ones_take_memory_only_when_wanted(process, watcher):
    array = process.share("camera", (2048, 2048), "u2")
    path = path_of(array._segment.name)
    frame = np.ones((2048, 2048), "u2")
    assert array.publish(frame) is False
    assert os.stat(path).st_blocks * 512 < 1 << 20 < os.stat(path).st_size
    watcher.want_topics({"array/camera": 1e9})
    assert array.publish(frame)
    assert os.stat(path).st_blocks * 512 >= 3 * frame.nbytes


@pytest.fixture
def room(monkeypatch):
    """Lets no more bytes be had at once than it says."""
    most = [1 << 60]
    real, written = os.posix_fallocate, os.pwrite

    def allocate(fd, offset, size):
        if size > most[0]:
            raise OSError(28, "No space left on device")
        real(fd, offset, size)

    def write(fd, content, offset):
        if offset + len(content) > most[0]:
            raise OSError(28, "No space left on device")
        return written(fd, content, offset)

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    monkeypatch.setattr(os, "pwrite", write)
    return most


def test_no_room(process, watcher, room, caplog):
    room[0] = 4096
    array = process.share("camera", (2048, 2048), "u2")
    assert watcher.data.get("arrays")["camera"]["shm"]
    watcher.want_topics({"array/camera": 10.0})
    assert array.publish(np.ones((2048, 2048), "u2")) is False
    assert watcher.data.get("arrays")["camera"]["shm"] == "" and "no room for 24 MiB" in caplog.text


def test_no_shared_memory_at_all(process, watcher, monkeypatch):
    monkeypatch.setattr(_segment, "STORE", None)
    array = process.share("camera", (2, 2), "u2")
    watcher.want_topics({"array/camera": 10.0})
    assert watcher.data.get("arrays")["camera"]["shm"] == "" and array.publish(np.zeros((2, 2), "u2")) is False and array.published == 1
    array.resize((3, 3))
    array.close()


def test_resize(camera, watcher):
    array, ring = camera((3, 4), "u2")
    array.publish(np.zeros((3, 4), "u2"))
    array.resize((3, 4))
    assert Ring(watcher.data.get("arrays")["camera"]).latest == 1
    array.resize((5, 2))
    declared = watcher.data.get("arrays")["camera"]
    assert declared["shape"] == [5, 2] and ring.closed
    new = Ring(declared)
    assert array.publish(np.full((5, 2), 7, "u2")) and (new.read()[0] == 7).all() and new.about["shape"] == [5, 2]
    with pytest.raises(ValueError, match="larger"):
        array.publish(np.zeros((3, 4), "u2"))
    with pytest.raises(ValueError, match="2 axes"):
        array.resize((3, 4, 5))
    assert ring.read() is not None  # who has it mapped keeps it


def test_close_and_share_again(process, watcher, camera):
    array, ring = camera((3, 4), "u2")
    with process.share("camera", (2, 2), "u1") as other:
        assert ring.closed and array.publish(np.zeros((3, 4), "u2")) is False
        array.close()  # is not the one that has its name now
        assert watcher.data.get("arrays")["camera"]["shape"] == [2, 2]
        name = watcher.data.get("arrays")["camera"]["shm"]
        assert os.path.exists(path_of(name))
    assert not watcher.data.get("arrays") and not os.path.exists(path_of(name))
    assert other.publish(np.zeros((2, 2), "u1")) is False and "closed" in repr(other)


def test_several_threads_publish_one_array(camera):
    array, ring = camera((300, 300), "u4")
    wrong, done = [], threading.Event()

    def write(n):
        frame = np.full((300, 300), n, "u4")
        for _ in range(300):
            array.publish(frame)

    def read():
        while not done.is_set():
            if ring.latest and (got := ring.read()) and got[0].min() != got[0].max():
                wrong.append(got[1])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    reader = threading.Thread(target=read)
    for thread in [reader, *threads]:
        thread.start()
    for thread in threads:
        thread.join(60)
    done.set()
    reader.join(60)
    assert not wrong and ring.latest == array.copied > 0


def test_closing_while_others_publish(process, watcher):
    watcher.want_topics({"array/camera": 1e9})
    frame, errors = np.zeros((200, 200), "u2"), []
    array = process.share("camera", (200, 200), "u2")
    done = threading.Event()

    def write():
        try:
            while not done.is_set():
                array.publish(frame)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    for i in range(50):
        array.resize((200 + i % 2, 200))
    array.close()
    done.set()
    thread.join(60)
    assert not errors
    assert not segments()


def test_crc_where_stores_may_be_reordered(camera, monkeypatch):
    monkeypatch.setattr(_segment, "_CRC", True)
    array, ring = camera((3, 4), "u2")
    assert ring.flags & 1
    for frame in (np.arange(12, dtype="u2").reshape(3, 4), np.ones((2, 2), "u2"), np.zeros((0, 4), "u2")):
        array.publish(frame)
        assert ring.read()[1]["crc"] == zlib.crc32(frame.tobytes())
    records = camera(10, SPOTS)
    assert records[0].publish(spots(3)) and records[1].read()[1]["crc"] == zlib.crc32(spots(3).tobytes())


@pytest.fixture
def unserved():
    """What webmon's functions are told before serve()."""
    webmon.close()
    yield
    webmon.close()


def test_too_much_to_describe_before_serving(unserved):
    """What no segment has room for is refused at once, not by serve()."""
    with pytest.raises(ValueError, match="to describe"):
        webmon.share("table", 4, [(f"a_rather_long_name_of_field_{i}", "f4") for i in range(200)])
    webmon.share("camera", (4, 4), "u2")
    process = webmon.serve("scope", launch=False)
    assert list(process._data.get("arrays")) == ["camera"] and process._offer.announcement.path.exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("no"), MemoryError(), OverflowError("too large")])
def test_an_array_that_cannot_be_had(unserved, watch, monkeypatch, caplog, error):
    """That array alone is left out, and said; the rest is offered."""
    real = _segment.Segment.__init__

    def make(self, shape, *args):
        if shape == (3, 3):
            raise error
        real(self, shape, *args)

    monkeypatch.setattr(_segment.Segment, "__init__", make)
    bad, good = webmon.share("bad", (3, 3), "u1"), webmon.share("good", (4, 4), "u1")
    process = webmon.serve("scope", launch=False)
    later = webmon.share("later", (3, 3), "u1")
    declared = watch(process).data.get("arrays")
    assert declared["bad"]["shm"] == "" == declared["later"]["shm"] and declared["good"]["shm"]
    assert process._offer.announcement.path.exists()
    assert [r.getMessage().split(":")[0] for r in caplog.records] == ["the array bad is not shared", "the array later is not shared"]
    assert not bad.publish(np.zeros((3, 3), "u1")) and not later.publish(np.zeros((3, 3), "u1")) and good.published == 0


def test_a_shape_that_cannot_be_described(process):
    """resize() leaves the array as it was."""
    room = 3960 - len('{"dtype":"|u1","shape":[9,9],"axes":["y","x"],"units":["",""]}')
    array = process.share("camera", (9, 9), "u1", units=["m" * room, None])
    before = array._segment.name
    with pytest.raises(ValueError, match="to describe"):
        array.resize((1 << 20, 1 << 20))
    assert array.shape == (9, 9) and array._segment.name == before and process._data.get("arrays")["camera"]["shape"] == [9, 9]


def test_what_fails_half_way_is_not_offered(unserved, sources, monkeypatch):
    start = _server.Server.start
    monkeypatch.setattr("webmon._server.Server.start", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        webmon.serve("scope", launch=False)
    assert not sources.exists() or not list(sources.iterdir())
    monkeypatch.setattr("webmon._server.Server.start", start)
    webmon.set("stage", 1)
    assert webmon.serve("scope", launch=False)._data.get("stage") == 1 and len(list(sources.iterdir())) == 1


def unlink(path):
    os.unlink(path)


def cut(path):
    os.truncate(path, 0)


def cut_by_half(path):
    os.truncate(path, os.path.getsize(path) // 2)


def rename(path):
    os.rename(path, path + "-moved")


def replace(path):
    os.unlink(path)
    with open(path, "w") as other:
        other.write("other")


def link(path):
    os.link(path, path + "-moved")
    os.unlink(path)


@pytest.fixture(params=[unlink, cut, cut_by_half, rename, replace, link])
def ruin(request):
    """What somebody else may do to the file of a segment."""
    touched = []

    def ruin(array):
        path = path_of(array._segment.name)
        touched.extend((path, path + "-moved"))
        request.param(path)

    yield ruin
    for path in touched:
        if os.path.exists(path):
            os.unlink(path)


def test_a_segment_that_somebody_ruins(camera, watcher, caplog, ruin):
    """It is noticed, and made again, while frames are published all the time."""
    array, ring = camera((64, 64), "u2")
    frame = np.arange(64 * 64, dtype="u2").reshape(64, 64)
    assert array.publish(frame)
    before = array._segment.name
    watcher.until_changed("arrays")
    ruin(array)

    def again():
        watcher.want_topics({"array/camera": 1e9})
        return array.publish(frame) and array._segment.name != before

    until(again, "another segment")
    declared = watcher.data.get("arrays")["camera"]
    assert declared["shm"] != before and "problem" not in declared
    got, _ = Ring(declared).read()
    np.testing.assert_array_equal(got, frame)
    assert caplog.text.count("somebody else") == 1
    watcher.until_changed("arrays")


def test_frames_that_nobody_can_read_are_not_copied(camera, ruin):
    """publish() does not say that it has copied what is lost, nor does it write where there is no memory any more."""
    array, ring = camera((64, 64), "u2")
    frame = np.zeros((64, 64), "u2")
    assert array.publish(frame)
    array._owner.mend = lambda array: None  # nobody mends it
    ruin(array)
    if array._segment.sound():
        return  # it still has a name: who reads it goes on
    assert not array.publish(frame) and array.copied == 1 and array.published == 2


def test_a_segment_that_is_ruined_while_nobody_looks(process, watcher, ruin):
    """The next who looks has it made again; publishing goes on in between."""
    array = process.share("camera", (64, 64), "u2")
    before = array._segment.name
    ruin(array)
    for _ in range(3):
        assert not array.publish(np.zeros((64, 64), "u2"))
    watcher.want_topics({"array/camera": 1e9})
    until(lambda: array._segment.name != before)
    assert array.publish(np.ones((64, 64), "u2"))
    assert Ring(watcher.data.get("arrays")["camera"]).published == 4


def test_another_pythons_resource_tracker(camera, watcher, place):
    """It removes what its process has attached to, when that ends: before Python 3.13 without being asked."""
    if place == "on disk":
        return  # it knows nothing there
    array, _ = camera((64, 64), "u2")
    before = array._segment.name
    subprocess.run(
        [sys.executable, "-c", f"from multiprocessing import resource_tracker as r; r.register('/{before}', 'shared_memory')"], check=True
    )
    until(lambda: not os.path.exists(path_of(before)), "the tracker to remove it")
    frame = np.ones((64, 64), "u2")
    assert not array.publish(frame)
    until(lambda: array.publish(frame), "another segment")
    assert array._segment.name != before and Ring(watcher.data.get("arrays")["camera"]).read()[0].max() == 1


def test_no_room_at_first(process, watcher, room, monkeypatch, caplog):
    """An array that could not have its memory gets it later, and says until then why it has none."""
    monkeypatch.setattr("webmon._array._RETRY", 0.0)
    monkeypatch.setattr("webmon._array._RETRY_RARELY", 0.0)
    room[0] = 1 << 20
    monkeypatch.setattr("webmon._arrays._LOOK", 0.0)
    array = process.share("camera", (1024, 1024), "u2")
    frame = np.ones((1024, 1024), "u2")
    for _ in range(3):
        watcher.want_topics({"array/camera": 1e9})
        assert not array.publish(frame)
    declared = watcher.data.get("arrays")["camera"]
    assert declared["shm"] == "" and "no room for 6 MiB" in declared["problem"] and "No space left" in declared["problem"]
    assert caplog.text.count("is not shared") == 1
    room[0] = 1 << 60
    watcher.want_topics({"array/camera": 1e9})
    assert array.publish(frame) and "problem" not in watcher.data.get("arrays")["camera"]


@pytest.mark.parametrize("error", [OSError(30, "Read-only file system"), OSError(2, "No such file or directory"), OSError(24, "Too many open files")])
def test_no_shared_memory_at_first(process, watcher, monkeypatch, error):
    monkeypatch.setattr("webmon._array._RETRY", 0.0)
    monkeypatch.setattr("webmon._arrays._LOOK", 0.0)
    real, broken = os.open, [True]

    def opened(path, *args, **kwds):
        if broken[0] and str(path).startswith(f"{watching.FOLDER}/"):
            raise error
        return real(path, *args, **kwds)

    monkeypatch.setattr(os, "open", opened)
    array = process.share("camera", (4, 4), "u2")
    declared = watcher.data.get("arrays")["camera"]
    assert declared["shm"] == "" and error.strerror in declared["problem"] and watching.FOLDER in declared["problem"]
    broken[0] = False
    watcher.want_topics({"array/camera": 1e9})
    assert array.publish(np.zeros((4, 4), "u2")) and watcher.data.get("arrays")["camera"]["shm"]


def test_all_of_the_memory_is_mapped_with_the_first_look():
    """The thread that publishes puts no page into the page tables, which takes milliseconds a frame."""
    segment = _segment.Segment((1024, 1024), np.dtype("u2"), 3, b"{}")
    try:

        def mapped():
            """Kilobytes of the segment that this process has in its page tables."""
            with open("/proc/self/smaps") as file:
                of = file.read().split(segment.name)[1]
            return int(of.split("\nRss:")[1].split()[0])

        assert mapped() < 64
        segment.commit()
        if mapped() < 64:
            pytest.skip("this Linux cannot")
        assert mapped() << 10 >= segment.total
        segment.write(np.full((1024, 1024), 7, "u2"), 1, (0.0, 0.0), (1.0, 1.0), 0)
        assert segment.latest == 1 and (segment._places[1] == 7).all()
    finally:
        segment.close()


def test_memory_that_cannot_be_mapped_at_once_comes_later(monkeypatch):
    """An older Linux, and other systems, know no such advice."""
    monkeypatch.setattr(_memory, "_POPULATE_WRITE", 12345)
    segment = _segment.Segment((1024, 1024), np.dtype("u2"), 2, b"{}")
    try:
        segment.commit()
        assert segment.committed
        segment.write(np.full((1024, 1024), 7, "u2"), 1, (0.0, 0.0), (1.0, 1.0), 0)
        assert (segment._places[1] == 7).all()
    finally:
        segment.close()
