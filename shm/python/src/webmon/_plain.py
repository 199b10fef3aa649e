"""Turns what people hand over into plain data of its own.

What comes out is pickled later by another thread, so it must share nothing
with what the caller may go on to change, and hold nothing whose pickling could
run code or fail.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import re
from typing import Any

import numpy as np

__all__ = ["MAX_EVENT", "MAX_STATE", "check_name", "plain"]

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


def check_name(name: str, what: str) -> str:
    """Returns name if it can be that of a topic, control, action or array, else raises ValueError."""
    if not isinstance(name, str):
        raise TypeError(f"the name of {what} must be text, not {type(name).__name__}")
    if not _NAME.match(name):
        raise ValueError(
            f"{name[:100]!r} cannot be the name of {what}: use 1 to 80 letters, digits and _ . : -, beginning with a letter, digit or _"
        )
    return name


class _Budget:
    __slots__ = ("left", "most", "what")

    def __init__(self, most: int, what: str) -> None:
        self.left = self.most = most
        self.what = what

    def take(self, n: int) -> None:
        self.left -= n
        if self.left < 0:
            raise ValueError(
                f"{self.what} is larger than {self.most >> 10} KiB: big arrays belong into webmon.share(), other data in smaller pieces"
            )


def plain(value: Any, what: str = "the value", most: int = MAX_STATE) -> Any:
    """Returns a copy of value made of None, bool, int, float, str, list, dict and small arrays alone.

    NumPy scalars become Python's, tuples lists, dataclasses and named tuples dicts, members of an Enum their values and
    paths text. Arrays of numbers stay arrays, copied; those of text become lists.

    Raises TypeError for what is no plain data, ValueError for what is larger than ``most`` bytes or nested too deeply.
    """
    # What most calls are about, without any detour.
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict and len(value) <= 32:
        out = {}
        try:
            for key, item in value.items():
                inner = type(item)
                if type(key) is str and (
                    inner in _ATOMS
                    or (inner is int and _INT_MIN <= item <= _INT_MAX)
                    or (inner is str and len(item) < 256 and item.isascii())
                ):
                    out[key] = item
                else:
                    break
            else:
                return out
        except RuntimeError:
            pass  # another thread is at work on it
    return _copy(value, what, _Budget(most, what), 0)


def _copy(value: Any, what: str, budget: _Budget, depth: int) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        budget.take(_ITEM)
        return value
    if kind is int:
        budget.take(_ITEM)
        if not _INT_MIN <= value <= _INT_MAX:
            raise ValueError(f"{what} holds a whole number of more than 64 bits; use a float or a text")
        return value
    if kind is str:
        budget.take(_ITEM + len(value))
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode(errors="replace").decode()
        return value
    if depth >= _DEPTH:
        raise ValueError(f"{what} is nested more than {_DEPTH} deep, or holds itself")
    if isinstance(value, enum.Enum):
        return _copy(value.value, what, budget, depth + 1)
    if isinstance(value, dict):
        budget.take(_ITEM)
        out = {}
        # A list first: another thread may be at work on the dict.
        for key, item in list(value.items()):
            if type(key) is not str:
                if isinstance(key, enum.Enum):
                    key = key.value
                if isinstance(key, str):
                    key = str(key)
                elif isinstance(key, (int, np.integer)) and not isinstance(key, bool):
                    key = int(key)
                else:
                    raise TypeError(f"{what} has a key of type {type(key).__name__}: keys must be text or whole numbers")
            out[key] = _copy(item, f"{what}[{key!r}]" if depth < 4 else what, budget, depth + 1)
        return out
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _copy(dict(zip(value._fields, value)), what, budget, depth)
    if isinstance(value, (list, tuple)):
        budget.take(_ITEM * len(value))
        return [_copy(item, what, budget, depth + 1) for item in list(value)]
    if isinstance(value, np.ndarray):
        return _array(value, what, budget, depth)
    if isinstance(value, np.generic):
        return _scalar(value, what, budget, depth)
    if isinstance(value, str):
        return _copy(str(value), what, budget, depth)
    if isinstance(value, int):
        return _copy(int(value), what, budget, depth)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, os.PathLike):
        return _copy(os.fsdecode(os.fspath(value)), what, budget, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return _copy(fields, what, budget, depth)
    raise TypeError(
        f"{what} is a {type(value).__module__}.{type(value).__qualname__}, which cannot be shown: "
        "use None, bool, int, float, str, lists, dicts, NumPy scalars and small arrays"
    )


def _scalar(value: np.generic, what: str, budget: _Budget, depth: int) -> Any:
    kind = value.dtype.kind
    if kind in "biuf":
        item = value.item()
        # A long double stays one.
        return _copy(item if isinstance(item, (bool, int, float)) else float(item), what, budget, depth)
    if kind == "U":
        return _copy(str(value), what, budget, depth)
    if kind == "V" and value.dtype.names:
        return _copy(dict(zip(value.dtype.names, value.item())), what, budget, depth)
    raise TypeError(f"{what} is a NumPy {value.dtype}, which cannot be shown: use a number or a text")


def _array(value: np.ndarray[Any, Any], what: str, budget: _Budget, depth: int) -> Any:
    kind = value.dtype.kind
    if value.ndim == 0:
        return _copy(value[()], what, budget, depth)
    if kind in "biuf":
        budget.take(_ITEM + value.nbytes)
        dtype = value.dtype
        # Half and long double are known by NumPy alone.
        if kind == "f" and dtype.itemsize not in (4, 8):
            dtype = np.dtype(np.float32 if dtype.itemsize == 2 else np.float64)
        return np.array(value, dtype=dtype.newbyteorder("="), order="C", subok=False)
    if kind == "U":
        budget.take(value.nbytes)
        return _copy(value.tolist(), what, budget, depth)
    raise TypeError(f"{what} is an array of {value.dtype}, which cannot be shown as it is: use arrays of numbers, or webmon.share()")
