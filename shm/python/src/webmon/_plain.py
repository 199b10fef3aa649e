"""Turns what people hand over into plain data of its own.

What comes out is pickled later by another thread, so it must share nothing
with what the caller may go on to change, and hold nothing whose pickling could
run code or fail.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import operator
import os
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ._convert import called, exact, reason, to_array

__all__ = ["MAX_EVENT", "MAX_STATE", "check_name", "clean", "plain", "words"]

# How much one value may hold: bytes of texts and arrays, and ITEM for
# everything else. A message waits in a queue with thousands of others, a state
# is kept once.
MAX_STATE = 4 << 20
MAX_EVENT = 64 << 10
_ITEM = 16
_DEPTH = 32

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,79}\Z")

_ATOMS = frozenset({type(None), bool, float})
_INT_MIN, _INT_MAX = -(1 << 63), (1 << 64) - 1

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

# Seconds a step of NumPy's times: so many, or so many steps a second.
_UNITS = {
    "W": (7 * 86400, 1), "D": (86400, 1), "h": (3600, 1), "m": (60, 1), "s": (1, 1),
    "ms": (1, 10**3), "us": (1, 10**6), "ns": (1, 10**9), "ps": (1, 10**12), "fs": (1, 10**15), "as": (1, 10**18),
}  # fmt: skip


def check_name(name: str, what: str) -> str:
    """Return name if it can be that of a topic, control, action or array. Raises ValueError otherwise."""
    if not issubclass(type(name), str):
        raise TypeError(f"the name of {what} must be text, not {called(name)}")
    if not _NAME.match(name):
        raise ValueError(
            f"{name[:100]!r} cannot be the name of {what}: use 1 to 80 letters, digits and _ . : -, beginning with a letter, digit or _"
        )
    return str.__str__(name)


def clean(text: str) -> str:
    """Return text that can be encoded: halves of pairs, as file names have them, become question marks."""
    text = str.__str__(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def words(value: Any, what: str) -> str | None:
    """Return text for people, or None, as it was given. Raises TypeError for anything else."""
    if value is None:
        return None
    if not issubclass(type(value), str):
        raise TypeError(f"{what} must be text, not {called(value)}")
    return clean(value)


_keys: set[str] = set()  # that were found to be short and ASCII
_MOST_KEYS = 1024


def _short_key(key: str) -> bool:
    """Say whether a key can be taken as it is, and remember it if so."""
    if len(key) >= 256 or not key.isascii():
        return False
    if len(_keys) < _MOST_KEYS:
        _keys.add(key)
    return True


class _Refused(Exception):
    """What cannot be shown: the error that says so."""

    def __init__(self, error: type[Exception], text: str) -> None:
        super().__init__(text)
        self.error = error


class _Budget:
    __slots__ = ("left", "most", "what")

    def __init__(self, most: int, what: str) -> None:
        self.left = self.most = most
        self.what = what

    def take(self, n: int) -> None:
        self.left -= n
        if self.left < 0:
            raise _Refused(
                ValueError,
                f"{self.what} is larger than {self.most >> 10} KiB: big arrays belong into webmon.share(), other data in smaller pieces",
            )


def plain(value: Any, what: str = "the value", most: int = MAX_STATE) -> Any:
    r"""Return a copy of value made of None, bool, int, float, str, list, dict and small arrays alone.

    NumPy scalars become Python's, tuples lists, records, dataclasses, named tuples and other mappings dicts, members of an
    Enum their values, paths and UUIDs text. Arrays of numbers stay arrays, copied; those of anything else become lists.
    Values are as in the table of a shared array: times are text as NumPy writes it, spans seconds, bytes text (with \xNN for
    what is none), complex numbers [real, imaginary]; what is masked or no time (NaT) is None, or NaN in an array of floats.
    Numbers and arrays of other libraries become what NumPy or float() makes of them, without their units.

    Raises TypeError for what is no plain data, or raises anything when it is read, ValueError for what is larger than
    ``most`` bytes or nested too deeply.
    """
    # What most calls are about, without any detour: a thread that works 60 times a second has forgotten everything by the
    # next time, so that each function and each object that is looked at costs as much as the rest of the call in a loop.
    kind = type(value)
    if kind is dict and len(value) <= 32:
        out: dict[Any, Any] = value.copy()  # at once, so that no other thread comes between
        for key in out:
            if type(key) is not str or (key not in _keys and not _short_key(key)):
                break
            item = out[key]
            inner = type(item)
            if inner is float or inner in _ATOMS:
                continue
            if (inner is int and _INT_MIN <= item <= _INT_MAX) or (inner is str and len(item) < 256 and item.isascii()):
                continue
            break
        else:
            return out
    elif kind in _ATOMS:
        return value
    error: Exception
    try:
        return _copy(value, what, _Budget(most, what), 0)
    except _Refused as refused:
        error = refused.error(str(refused))
    except Exception as raised:
        # People's own classes are at work here, and an experiment must not end because one cannot be looked at.
        error = TypeError(f"{what} cannot be shown: reading it raised {reason(raised)}")
        error.__cause__ = raised
    raise error


def _copy(value: Any, what: str, budget: _Budget, depth: int) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        budget.take(_ITEM)
        return value
    if kind is int:
        budget.take(_ITEM)
        if not _INT_MIN <= value <= _INT_MAX:
            raise _Refused(ValueError, f"{what} holds a whole number of more than 64 bits; use a float or a text")
        return value
    if kind is str:
        budget.take(_ITEM + len(value))
        return clean(value)
    if depth >= _DEPTH:
        raise _Refused(ValueError, f"{what} is nested more than {_DEPTH} deep, or holds itself")
    if isinstance(value, enum.Enum):
        return _copy(value.value, what, budget, depth + 1)
    if isinstance(value, dict):
        # A list first: another thread may be at work on the dict.
        return _dict(list(value.items()), what, budget, depth)
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return _dict(zip(kind._fields, value), what, budget, depth)
    if kind is list or kind is tuple:
        budget.take(_ITEM * len(value))
        return [_copy(item, what, budget, depth + 1) for item in list(value)]
    if isinstance(value, np.ndarray):
        return _array(value, what, budget, depth)
    if isinstance(value, np.generic):
        return _scalar(value, None, what, budget, depth)
    if isinstance(value, str):
        return _copy(str.__str__(value), what, budget, depth)
    if isinstance(value, int):
        return _copy(int.__int__(value), what, budget, depth)
    if isinstance(value, float):
        return _copy(float.__float__(value), what, budget, depth)
    if isinstance(value, complex):
        budget.take(2 * _ITEM)
        return [value.real, value.imag]
    if isinstance(value, (bytes, bytearray)):
        budget.take(_ITEM + len(value))
        return _text(bytes(value))
    if isinstance(value, datetime.datetime):
        # What is no time, such as pandas' NaT, differs from itself.
        return _copy(value.isoformat() if value == value else None, what, budget, depth + 1)
    if isinstance(value, datetime.timedelta):
        return _copy(value.total_seconds(), what, budget, depth + 1)
    if isinstance(value, (datetime.date, datetime.time)):
        return _copy(value.isoformat(), what, budget, depth + 1)
    if isinstance(value, os.PathLike):
        return _copy(os.fsdecode(os.fspath(value)), what, budget, depth + 1)
    if isinstance(value, uuid.UUID):
        return _copy(str(value), what, budget, depth + 1)
    if dataclasses.is_dataclass(kind):
        return _dict([(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)], what, budget, depth)
    if isinstance(value, Mapping) or (hasattr(kind, "keys") and hasattr(kind, "__getitem__")):
        return _dict(((key, value[key]) for key in value.keys()), what, budget, depth)
    if isinstance(value, Sequence) and not isinstance(value, memoryview):
        budget.take(_ITEM * len(value))
        out = []
        for item in value:
            budget.take(1)
            out.append(_copy(item, what, budget, depth + 1))
        return out
    if kind.__name__ == "NAType" and kind.__module__.split(".")[0] == "pandas":
        return None
    nbytes = getattr(value, "nbytes", None) if hasattr(kind, "nbytes") else None
    if isinstance(nbytes, int) and nbytes > budget.left:
        budget.take(nbytes)  # before it is read from wherever it lies
    array = to_array(value)
    if array is not None:
        return _array(array, what, budget, depth + 1)
    if hasattr(kind, "__index__"):
        return _copy(operator.index(value), what, budget, depth + 1)
    if hasattr(kind, "__float__"):
        return _copy(float(value), what, budget, depth + 1)
    raise _Refused(
        TypeError,
        f"{what} is a {called(value)}, which cannot be shown: "
        "use None, bool, int, float, str, lists, dicts, NumPy scalars and small arrays",
    )


def _dict(items: Iterable[tuple[Any, Any]], what: str, budget: _Budget, depth: int) -> dict[Any, Any]:
    budget.take(_ITEM)
    out: dict[Any, Any] = {}
    for key, item in items:
        if isinstance(key, enum.Enum):
            key = key.value
        if isinstance(key, (datetime.date, os.PathLike, uuid.UUID)):
            key = str(key)
        if isinstance(key, str):
            budget.take(len(key))
            key = clean(key)
        elif isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            key = _copy(int(key), f"a key of {what}", budget, depth)
        else:
            raise _Refused(TypeError, f"{what} has a key of type {called(key)}: keys must be text or whole numbers")
        out[key] = _copy(item, f"{what}[{key!r:.80}]" if depth < 4 else what, budget, depth + 1)
    return out


def _text(value: bytes) -> str:
    r"""Return bytes as people read them.

    That is UTF-8, with \xNN for each byte that is none or a control character, and \\ for a backslash, so that no two become
    the same. webmon does so with those of shared records.
    """
    text = value.replace(b"\\", b"\\\\").decode(errors="backslashreplace")
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _time(value: Any) -> str | float | int | None:
    """Return a time as NumPy writes it, a span in seconds; what has no unit, or a span of years or months, in steps of it."""
    if np.isnat(value):
        return None
    unit, count = np.datetime_data(value.dtype)
    if value.dtype.kind == "M" and unit != "generic":
        return str(value)
    steps = int(value.astype("i8")) * count
    if unit not in _UNITS:
        return steps
    times, per = _UNITS[unit]
    return steps * times / per


def _scalar(value: Any, mask: Any, what: str, budget: _Budget, depth: int) -> Any:
    """Return a NumPy scalar. mask, None for none, says of a record which of its fields are masked, and of anything else whether it is."""
    dtype = value.dtype
    kind = dtype.kind
    if dtype.names is not None:
        budget.take(_ITEM)
        out = {}
        for name in dtype.names:
            hidden = None if mask is None else mask[name] if mask.dtype.names else mask
            field = value[name]
            inner = f"{what}[{name!r:.80}]" if depth < 4 else what
            if isinstance(field, np.ndarray):
                array = field if hidden is None else np.ma.array(field, mask=hidden)
                out[clean(name)] = _array(array, inner, budget, depth + 1)
            elif isinstance(field, np.generic):
                out[clean(name)] = _scalar(field, hidden, inner, budget, depth + 1)
            else:  # of objects
                out[clean(name)] = None if hidden is not None and hidden else _copy(field, inner, budget, depth + 1)
        return out
    if mask is not None and mask:
        return None
    if kind == "b":
        return bool(value)
    if kind in "iu":
        return _copy(int(value), what, budget, depth)
    if kind == "f" and dtype.isbuiltin != 2:
        return _copy(float(value), what, budget, depth)
    if kind == "c":
        budget.take(2 * _ITEM)
        return [float(value.real), float(value.imag)]
    if kind == "U":
        return _copy(str(value), what, budget, depth)
    if kind == "S":
        budget.take(_ITEM + dtype.itemsize)
        return _text(bytes(value))
    if kind in "Mm":
        budget.take(_ITEM)
        return _time(value)
    own = exact(dtype)
    if own is not None:
        return _scalar(np.asarray(value).astype(own)[()], None, what, budget, depth)
    raise _Refused(TypeError, f"{what} is a NumPy {dtype}, which cannot be shown: use a number or a text")


def _array(value: np.ndarray[Any, Any], what: str, budget: _Budget, depth: int) -> Any:
    if depth >= _DEPTH:
        raise _Refused(ValueError, f"{what} is nested more than {_DEPTH} deep, or holds itself")
    mask: Any = None
    if isinstance(value, np.ma.MaskedArray):
        mask = np.asarray(np.ma.getmaskarray(value))
    value = np.asarray(value)
    own = exact(value.dtype)
    if own is not None:
        budget.take(own.itemsize * value.size)
        value = value.astype(own)
    kind = value.dtype.kind
    if value.ndim == 0:
        item = value[()]
        hidden = None if mask is None else mask[()]
        if isinstance(item, np.generic):
            return _scalar(item, hidden, what, budget, depth)
        return None if hidden is not None and hidden else _copy(item, what, budget, depth + 1)
    if kind in "biufc":
        hides = mask is not None and bool(mask.any())
        if not hides or kind in "fc":
            budget.take(_ITEM + value.nbytes)
            dtype = value.dtype
            # Half and long double are known by NumPy alone.
            if kind == "f" and dtype.itemsize not in (4, 8):
                dtype = np.dtype(np.float32 if dtype.itemsize == 2 else np.float64)
            elif kind == "c" and dtype.itemsize > 16:
                dtype = np.dtype(np.complex128)
            out = np.array(value, dtype=dtype.newbyteorder("="), order="C", subok=False)
            if hides:
                out[mask] = np.nan
            return out
        budget.take(_ITEM * value.size)
        return np.ma.array(value, mask=mask).tolist()
    if kind == "V" and value.dtype.names is None:
        raise _Refused(TypeError, f"{what} is an array of {value.dtype}, which cannot be shown as it is: use arrays of numbers, or webmon.share()")
    budget.take(_ITEM * len(value) + (value.nbytes if value.ndim == 1 and kind in "SU" else 0))
    return [_item(value[i], None if mask is None else mask[i], what, budget, depth + 1) for i in range(len(value))]


def _item(value: Any, mask: Any, what: str, budget: _Budget, depth: int) -> Any:
    """One item of an array, which is an array itself where that has several axes."""
    if isinstance(value, np.ndarray):
        return _array(value if mask is None else np.ma.array(value, mask=mask), what, budget, depth)
    if isinstance(value, np.generic):
        return _scalar(value, mask, what, budget, depth)
    return None if mask is not None and mask else _copy(value, what, budget, depth)
