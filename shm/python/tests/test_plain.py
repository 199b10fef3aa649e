from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import pickle
import types
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from webmon import _plain
from webmon._plain import MAX_EVENT, MAX_STATE, check_name, plain


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
        (b"OK\r\n", "OK\r\n"),
        (bytearray(b"\xff\x00\\"), "\\xff\\x00\\\\"),
        (np.bytes_(b"abc"), "abc"),
        (1 - 2j, [1.0, -2.0]),
        (np.complex64(1j), [0.0, 1.0]),
        (Decimal("1.25"), 1.25),
        (Fraction(1, 4), 0.25),
        (datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), "2020-01-01T00:00:00+00:00"),
        (datetime.date(2020, 1, 31), "2020-01-31"),
        (datetime.timedelta(minutes=1.5), 90.0),
        (np.datetime64("2020-01-01T00:00:00.250"), "2020-01-01T00:00:00.250"),
        (np.datetime64("2020-02"), "2020-02"),
        (np.datetime64("NaT", "s"), None),
        (np.timedelta64(1500, "us"), 0.0015),
        (np.timedelta64(3, "Y"), 3),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (range(3), [0, 1, 2]),
        (collections.deque([1]), [1]),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        ({"k\ud800": 1}, {"k?": 1}),
        ({datetime.date(2020, 1, 31): 1}, {"2020-01-31": 1}),
        (np.ma.masked, None),
        (np.ma.array(3.0, mask=True), None),
        (np.ma.array(3), 3),
        (np.ma.array([1, 2], mask=[False, True]), [1, None]),
        (np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]]), [[1, None], [3, 4]]),
        (np.array([None, 2, "x"]), [None, 2, "x"]),
        (np.array([b"a", b"\xff"]), ["a", "\\xff"]),
        (np.array(["2020-01-01", "NaT"], "M8[D]"), ["2020-01-01", None]),
        (np.zeros((2, 0), "U3"), [[], []]),
        (np.array([[["a"]]]), [[["a"]]]),
        (np.zeros(2, "i4,f4"), [{"f0": 0, "f1": 0.0}, {"f0": 0, "f1": 0.0}]),
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
        (np.arange(3, dtype="g"), "f8"),
        (np.arange(3, dtype="G"), "c16"),
        (np.arange(3).view(np.recarray), "i8"),
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
    [
        object(), lambda: 0, {1, 2}, (n for n in range(3)), np.void(b"raw"), np.zeros(2, "V3"), np.array([object()]),
        np.array([(object(),)], "O,")[0], {(1, 2): 3}, {None: 1}, {"deep": [Stage]},
    ],
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


    twice = []
    twice += [twice, {"again": twice}, np.array([twice, None], dtype=object)]
    for value in (twice, range(1 << 40), collections.UserList([0] * (MAX_STATE // 16)), {1 << 70: 1}):
        with pytest.raises(ValueError, match="stage"):
            plain(value, "stage")
    zero = np.array(None)
    zero[()] = zero
    with pytest.raises(ValueError, match="nested"):
        plain(zero)


RECORD = [("u", "U5"), ("s", "S5"), ("t", "M8[ms]"), ("d", "m8[ms]"), ("c", "c8"), ("at", "i4", 2), ("in", [("k", ">u2")]), ("o", "O")]


def test_one_rule_for_rows_and_arrays():
    rows = np.array([("abc", b"xy", "2020-01-01", 5, 1 + 2j, [1, 2], (7,), None)] * 2, dtype=RECORD)
    want = {"u": "abc", "s": "xy", "t": "2020-01-01T00:00:00.000", "d": 0.005, "c": [1.0, 2.0], "at": [1, 2], "in": {"k": 7}, "o": None}

    def same(got):
        got["at"] = got["at"].tolist()
        return got == want

    assert same(plain(rows[0])) and same(plain(np.rec.array(rows)[1])) and same(plain(rows[:1].reshape(())))
    assert all(map(same, plain(rows)))
    # With titles, in another order in memory, overlapping and with a hole.
    odd = np.dtype({"names": ["b", "a"], "formats": ["u1", "<u2"], "offsets": [4, 4], "titles": ["Bee", "Ay"], "itemsize": 9})
    assert plain(np.zeros(1, odd)[0]) == {"b": 0, "a": 0}


def test_what_is_masked_is_none_or_nan():
    floats = np.ma.masked_greater(np.array([1.0, 1e20], "f4"), 5)
    got = plain({"a": floats})["a"]
    assert type(got) is np.ndarray and got.dtype == "f4" and got[0] == 1 and np.isnan(got[1])
    assert floats.data[1] == np.float32(1e20)  # the caller's own
    got = plain(np.ma.array([1j, 1], mask=[1, 0]))
    assert np.isnan(got[0]) and got[1] == 1
    assert plain(np.ma.array([1, 2], mask=[0, 0])).tolist() == [1, 2]
    rows = np.ma.array([(1, 2.0, (3,), [4, 5])], dtype=[("n", "i4"), ("x", "f8"), ("in", [("k", "u1")]), ("at", "i2", 2)])
    rows["n"] = np.ma.masked
    rows.mask["in"]["k"] = True
    rows.mask["at"][0, 1] = True
    want = {"n": None, "x": 2.0, "in": {"k": None}, "at": [4, None]}
    assert plain(rows[0]) == want and plain(rows) == [want]
    rows[0] = np.ma.masked
    assert plain(rows[0]) == {"n": None, "x": None, "in": {"k": None}, "at": [None, None]}


class Units(np.ndarray):
    """An array whose items are arrays again, as astropy's quantities are."""

    def __getitem__(self, key):
        return np.ndarray.__getitem__(self, key if self.ndim else ...).view(Units)


class Tensor:
    """An array of another library."""

    def __init__(self, array):
        self.array = np.asarray(array)

    def __dlpack__(self, **kwds):
        return self.array.__dlpack__(**kwds)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Field:
    """What has an array, and is none."""

    def __init__(self, array):
        self.data = array


class Number:
    def __float__(self):
        return 1.5


class Whole:
    def __index__(self):
        return 7


class Row:
    """A row of a table, as pandas and SQLite have them."""

    def keys(self):
        return ["a", 2]

    def __getitem__(self, key):
        return [key]


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (np.array(3.0).view(Units), 3.0),
        (np.array([3, 4]).view(Units), [3, 4]),
        (np.array([(3, "a")], "i4,U2").view(Units), [{"f0": 3, "f1": "a"}]),
        (Tensor([1.0, 2.0]), [1.0, 2.0]),
        (Tensor(4), 4),
        (Field(np.array([1.5])), [1.5]),
        (memoryview(np.arange(3, dtype="f4")), [0.0, 1.0, 2.0]),
        (Number(), 1.5),
        (Whole(), 7),
        (Row(), {"a": ["a"], 2: [2]}),
    ],
)
def test_takes_what_other_libraries_have(value, want):
    for got in (plain(value), plain({"a": value})["a"]):
        assert (got.tolist() if isinstance(got, np.ndarray) else got) == want


class Trap:
    """Raises whatever is asked of it."""

    def __init__(self, error):
        self.error = error

    def _spring(self, *_, **__):
        raise self.error

    __array__ = __float__ = __len__ = __iter__ = __getitem__ = keys = __repr__ = __str__ = __eq__ = __bool__ = _spring
    data = property(_spring)


class Liar:
    """Says with each look that it is something else."""

    __class__ = property(lambda self: 1 / 0)


def traps(error):
    """One of each kind of thing that raises."""
    yield Trap(error)
    for base in (dict, list, tuple, str, int, float, collections.UserDict, collections.UserList, np.ndarray):
        names = ("__iter__", "items", "keys", "__len__", "__array__", "__array_finalize__", "__str__", "__int__", "__float__", "__getitem__")
        wrong = type(base.__name__, (base,), {name: Trap._spring for name in names if hasattr(base, name) and name != "__array_finalize__"})
        one = wrong((2,)) if base is np.ndarray else wrong()
        one.error = error
        yield one
    for names in (["__array__"], ["__dlpack__", "__dlpack_device__"], ["__float__"], ["__index__"], ["__fspath__"], ["keys", "__getitem__"]):
        one = type("Wrong", (), dict.fromkeys(names, Trap._spring))()
        one.error = error
        yield one


@pytest.mark.parametrize("error", [RuntimeError("broken"), RecursionError("deep"), SystemError("C"), ZeroDivisionError(), LookupError("x"), MemoryError()])
def test_raises_only_type_and_value_errors(error):
    for trap in traps(error):
        for value in (trap, {"a": trap}, [trap], {"a": [{"b": trap}]}, {"b": (1, trap)}):
            try:
                plain(value, "stage")
            except (TypeError, ValueError) as refused:
                assert "stage" in str(refused) and type(refused) in (TypeError, ValueError)
            # Others are taken, without the method that raises.
    with pytest.raises(TypeError, match="stage cannot be shown: reading it raised ZeroDivisionError"):
        plain({"a": Liar()}, "stage")


def test_ctrl_c_is_not_a_value():
    for error in (KeyboardInterrupt(), SystemExit(1)):
        with pytest.raises(type(error)):
            plain({"a": Trap(error)})


def test_dtypes_of_machine_learning():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert plain(ml_dtypes.bfloat16(1.5)) == 1.5 and plain({"n": ml_dtypes.int4(-3)}) == {"n": -3}
    for name in ("bfloat16", "float8_e5m2", "float8_e4m3fn", "uint4"):
        got = plain(np.ones((2, 2), getattr(ml_dtypes, name)))
        assert got.dtype.str in ("<f4", "|u1") and got.tolist() == [[1, 1], [1, 1]]


def test_names():
    assert check_name("layer.3:a-b_C", "a topic")
    for bad in ("", ".a", "a b", "a/b", "ä", "a" * 81, "a\n"):
        with pytest.raises(ValueError, match="a topic"):
            check_name(bad, "a topic")
    with pytest.raises(TypeError):
        check_name(3, "a topic")


def test_keys_that_are_known():
    """A key that was found good once is taken again, one that only equals it is not, and few are remembered."""

    class Key(str):
        pass

    assert plain({"known": 1.0}) == {"known": 1.0}
    (key,) = plain({Key("known"): 1.0})
    assert type(key) is str
    half = "\ud800"
    assert list(plain({"known": 1.0, half: 2.0})) == ["known", "?"]
    assert half not in _plain._keys and "x" * 256 not in _plain._keys
    for n in range(2 * _plain._MOST_KEYS):
        assert plain({f"k{n}": n}) == {f"k{n}": n}
    assert len(_plain._keys) <= _plain._MOST_KEYS


def test_the_copy_is_ones_own():
    """What a dict holds afterwards, and what a list in it does, makes no difference."""
    inner = [1]
    given = {"a": 1.0, "b": inner}
    for value in (given, {"a": 1.0}):
        copy = plain(value)
        assert copy == value and copy is not value
    copy = plain(given)
    inner.append(2)
    given["c"] = 3
    assert copy == {"a": 1.0, "b": [1]}
