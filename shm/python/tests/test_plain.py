from __future__ import annotations

import collections
import dataclasses
import enum
import pickle
from pathlib import Path

import numpy as np
import pytest

from webmon._plain import MAX_EVENT, check_name, plain


class Gain(enum.Enum):
    LOW = 1
    HIGH = 2


class Shade(enum.IntEnum):
    DARK = 0


@dataclasses.dataclass
class Stage:
    x: float
    at: Path


Point = collections.namedtuple("Point", "row col")


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        ("µm", "µm"),
        ("broken \ud800", "broken ?"),
        ({"x": 1.5, "y": None}, {"x": 1.5, "y": None}),
        ((1, [2, (3,)]), [1, [2, [3]]]),
        ({1: {"a": np.float32(0.5)}}, {1: {"a": 0.5}}),
        ({np.int64(7): 1}, {7: 1}),
        ({Gain.HIGH: Gain.LOW}, {2: 1}),
        (Shade.DARK, 0),
        (np.bool_(True), True),
        (np.uint16(65535), 65535),
        (np.float16(1.5), 1.5),
        (np.str_("text"), "text"),
        (np.array(4, "u1"), 4),
        (Point(1, 2), {"row": 1, "col": 2}),
        (Stage(1.0, Path("/data/a.tif")), {"x": 1.0, "at": "/data/a.tif"}),
        (np.array(["a", "b"]), ["a", "b"]),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (np.array([(1, 2.5)], dtype=[("n", "i4"), ("v", "f8")])[0], {"n": 1, "v": 2.5}),
    ],
)
def test_becomes_plain(value, want):
    got = plain(value)
    assert got == want
    assert type(got) is type(want)
    assert pickle.loads(pickle.dumps(got)) == want


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.arange(6, dtype=">u2").reshape(2, 3).T, "u2"),
        (np.arange(4, dtype="f2"), "f4"),
        (np.arange(8)[::2], "i8"),
        (np.zeros((0, 2)), "f8"),
        (np.array([True, False]), "?"),
    ],
)
def test_arrays_stay_arrays(array, dtype):
    got = plain({"a": array})["a"]
    assert type(got) is np.ndarray and got.dtype == dtype and got.flags.c_contiguous
    np.testing.assert_array_equal(got, array)


def test_shares_nothing():
    inner, array = {"x": 1.0}, np.zeros(3)
    value = {"a": [inner], "b": array, "flat": {"y": 2.0}}
    got = plain(value)
    inner["x"], array[0], value["flat"]["y"] = 9.0, 9.0, 9.0
    assert got["a"] == [{"x": 1.0}] and got["b"][0] == 0 and got["flat"] == {"y": 2.0}


@pytest.mark.parametrize(
    "value",
    [object(), lambda: 0, {1, 2}, b"bytes", 1j, np.complex64(1), np.zeros(2, complex), np.array([None]), {(1, 2): 3}, {None: 1}, {"deep": [Stage]}],
)
def test_refuses_what_cannot_be_shown(value):
    with pytest.raises(TypeError, match="stage"):
        plain(value, "stage")


def test_refuses_what_is_too_large_or_too_deep():
    with pytest.raises(ValueError, match=r"share\(\)"):
        plain(np.zeros(MAX_EVENT + 1, "u1"), "spot", MAX_EVENT)
    with pytest.raises(ValueError, match="64 KiB"):
        plain(list(range(MAX_EVENT)), "spot", MAX_EVENT)
    with pytest.raises(ValueError, match="64 bits"):
        plain({"n": 1 << 70})
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested"):
        plain(loop)


def test_names():
    assert check_name("layer.3:a-b_C", "a topic")
    for bad in ("", ".a", "a b", "a/b", "ä", "a" * 81, "a\n"):
        with pytest.raises(ValueError, match="a topic"):
            check_name(bad, "a topic")
    with pytest.raises(TypeError):
        check_name(3, "a topic")
