"""What may be said of an array, and of a frame: checked, and as it is declared.

The functions raise TypeError for what is of another type and ValueError for what is of no use, and say which it is.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, Callable, Union

import numpy as np

from ._convert import reason, written
from ._plain import clean
from ._segment import _MAX_DIMS

__all__ = ["Scales", "Units", "axes_of", "check_colour", "limits_of", "numbered", "per_axis", "pixel", "placed", "shape_of", "unit_of"]

_SPATIAL = frozenset("xyz")
_BY_NDIM = {0: "", 1: "x", 2: "yx", 3: "zyx", 4: "tzyx", 5: "tczyx"}
_MAX_SLOT = 1 << 40  # elements of a frame
_MAX_LEVEL = 53
_INF = math.inf

# What may say something of each axis: one entry an axis, or one for all spatial axes.
Units = Union[str, Sequence[Union[str, None]], None]
Scales = Union[float, Sequence[float], None]


def placed(offset: Any, step: Any, level: Any, stamp: Any) -> tuple[tuple[float, float], tuple[float, float], int, float | None]:
    """Return what publish is told of a frame as it is written. Raises TypeError or ValueError saying what cannot be."""
    try:
        row, column = offset
        down, right = step
        row, column, down, right = float(row), float(column), float(down), float(right)
        at = level if type(level) is int else operator.index(level)
        when = None if stamp is None else float(stamp)
    except Exception as error:
        raise TypeError(f"offset and step must be two numbers each, level a whole number and stamp seconds since the epoch: {reason(error)}") from error
    if not (-_INF < row < _INF and -_INF < column < _INF):
        raise ValueError(f"offset must be finite, not {(row, column)}")
    if not (0 < down < _INF and 0 < right < _INF):
        raise ValueError(f"step must be more than 0, and finite, not {(down, right)}")
    if not 0 <= at <= _MAX_LEVEL:
        raise ValueError(f"level must be 0 to {_MAX_LEVEL}, not {at}")
    if when is not None and not 0 <= when < 1 << 33:
        raise ValueError(f"stamp must be seconds since the epoch, not {when}")
    return (row, column), (down, right), at, when


def limits_of(limits: Any) -> list[float] | None:
    if limits is None:
        return None
    try:
        low, high = (float(v) for v in limits)
    except Exception as error:
        raise TypeError(f"limits must be two numbers (low, high): {reason(error)}") from error
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"limits must be two finite numbers, not {(low, high)}")
    if low > high:
        raise ValueError(f"limits must be (low, high), and {low} is more than {high}")
    return [low, high]


def shape_of(shape: int | Sequence[int], most: int = _MAX_SLOT) -> tuple[int, ...]:
    """Return a shape of at most so many elements."""
    try:
        given = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        out = tuple(int(n) for n in given)
        if any(n != m for n, m in zip(out, given)):
            raise ValueError
    except Exception:
        raise TypeError(f"shape must be whole numbers, not {written(shape)}") from None
    if len(out) > _MAX_DIMS:
        raise ValueError(f"an array of {len(out)} axes cannot be shared: {_MAX_DIMS} are the most")
    if any(n < 0 for n in out):
        raise ValueError(f"the shape {out} has an axis of less than 0")
    if math.prod(max(n, 1) for n in out) > most:
        raise ValueError(f"the shape {out} is too large to be shared")
    return out


def check_colour(name: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a shape ends with rows, columns and the samples of a colour."""
    if len(shape) >= 3 and shape[-1] in (3, 4):
        return
    what = f'the array {name} has the role "rgb", and {shape} is no shape of colours: they need rows, columns and a last axis of 3 or 4'
    places = [i for i, n in enumerate(shape[:-1]) if n in (3, 4)] if len(shape) >= 3 else []
    if places:
        raise ValueError(f"{what}. Move the colours there with np.moveaxis(frame, {places[0]}, -1), or leave the role out")
    raise ValueError(f"{what}. Leave the role out to show them as numbers")


def axes_of(axes: str | Sequence[str] | None, shape: tuple[int, ...], role: str, table: bool) -> list[str]:
    ndim = len(shape)
    if axes is None:
        if table and ndim == 1:
            return ["row"]
        colour = role == "rgb" and ndim >= 3
        plain = ndim - colour
        names = list(_BY_NDIM[plain]) if plain in _BY_NDIM else [f"axis{i}" for i in range(plain - 2)] + ["y", "x"]
        return names + ["c"] * colour
    try:
        names = [clean(str(axis)) for axis in axes]
    except Exception as error:
        raise TypeError(f"axes must be a name for each axis, such as 'zyx': {reason(error)}") from error
    if len(names) != ndim:
        raise ValueError(f"axes {axes!r} name {len(names)} axes, and the shape {shape} has {ndim}")
    if len(set(names)) != len(names):
        raise ValueError(f"axes {axes!r} name an axis twice")
    if any(not name or len(name) > 40 for name in names):
        raise ValueError(f"axes {axes!r}: the name of an axis has 1 to 40 letters")
    return names


def per_axis(value: Any, axes: list[str], what: str, nothing: Any, convert: Callable[[Any, str], Any]) -> list[Any] | None:
    if value is None:
        return None
    if issubclass(type(value), (str, int, float, np.number)):
        spatial = _SPATIAL.intersection(axes) or set(axes)
        return [convert(value, what) if axis in spatial else nothing for axis in axes]
    try:
        entries = list(value)
    except Exception as error:
        raise TypeError(f"{what} must be one entry, or one for each of the axes {', '.join(axes)}: {reason(error)}") from error
    if len(entries) != len(axes):
        raise ValueError(f"{what} {written(value)} must have an entry for each of the axes {', '.join(axes)}")
    return [nothing if entry is None else convert(entry, what) for entry in entries]


def unit_of(value: Any, what: str) -> str:
    try:
        return clean(str(value))
    except Exception as error:
        raise TypeError(f"{what} must be text: {reason(error)}") from error


def pixel(value: Any, what: str) -> float:
    try:
        size = float(value)
    except Exception as error:
        raise TypeError(f"{what} must be numbers: {reason(error)}") from error
    if not math.isfinite(size) or size == 0:
        raise ValueError(f"{what} must be finite numbers other than 0, not {size}")
    return size


def numbered(user: Any) -> int:
    """Return the number that goes with a frame."""
    if not issubclass(type(user), (int, np.integer)):
        raise TypeError(f"user must be a whole number, not {written(user)}")
    if not 0 <= user < 1 << 64:
        raise ValueError(f"user must be from 0 to 2**64 - 1, not {user}")
    return int(user)
