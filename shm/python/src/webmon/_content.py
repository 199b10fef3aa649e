"""What a volume is made of, as the threads that answer webmon read it."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable

import numpy as np

from ._convert import MASKED, as_dtype, called, exact, reason, to_array, written
from ._shapes import Geometry, Table, skeleton, surface, table

__all__ = ["Content", "Gone", "NoLabel", "Outside", "levels_of"]

_MAX_BOX = 1 << 30  # bytes
_MAX_LEVELS = 32
_DASK_WORKERS = 2  # threads of dask for one box


class Gone(Exception):
    """The volume is not there any more, or was made again."""


class NoLabel(Exception):
    """There is nothing for a label."""


class Outside(Exception):
    """The box lies outside of the volume."""


_locks: dict[str, Any] = {}  # of the files of HDF5 that are read: one reader at a time, so that the watched thread gets its turn


class Content:
    """Levels of voxels and what belongs to their labels, or a geometry. It never changes.

    Parameters
    ----------
    levels
        From fine to coarse, each anything that has a shape and can be sliced.
    dtype
        In which boxes are answered.
    rank
        How many axes the volume has.
    make
        Returns the geometry, where there are no levels.
    mesh, skeletons, properties
        As they were given.
    """

    def __init__(
        self,
        levels: Sequence[Any],
        dtype: np.dtype[Any] | None,
        rank: int,
        make: Callable[[], Geometry] | None = None,
        mesh: Any = None,
        skeletons: Any = None,
        properties: Any = None,
    ) -> None:
        self.levels = list(levels)
        self.shapes = [tuple(int(n) for n in level.shape) for level in self.levels]
        self._dtype = dtype
        self._rank = rank
        self._make = make
        self._mesh = mesh
        self._skeletons = skeletons
        self._properties = properties
        self._locks = [_lock_of(level) for level in self.levels]

    def box(self, level: int, start: Sequence[int], end: Sequence[int]) -> np.ndarray[Any, Any]:
        """Return the voxels from start, included, to end, not included, in C order."""
        if self._dtype is None:
            raise ValueError("it has no voxels")
        if not 0 <= level < len(self.levels):
            raise Outside(f"it has no level {level}")
        shape = self.shapes[level]
        if len(start) != len(shape) or len(end) != len(shape) or not all(0 <= a <= b <= n for a, b, n in zip(start, end, shape)):
            raise Outside(f"{list(start)} to {list(end)} of {list(shape)}")
        sides = tuple(b - a for a, b in zip(start, end))
        if math.prod(sides) * self._dtype.itemsize > _MAX_BOX:
            raise ValueError(f"a box of more than {_MAX_BOX >> 20} MiB is more than is read at once")
        if 0 in sides:
            return np.zeros(sides, self._dtype)
        data = self.levels[level]
        with self._locks[level]:
            part = data[tuple(slice(a, b) for a, b in zip(start, end))]
            out = _computed(part)
        if out.shape != sides:
            raise ValueError(f"its data gave an array of the shape {out.shape} where {sides} was asked for")
        if isinstance(out, np.ma.MaskedArray):
            out = out.filled(MASKED.get(out.dtype.kind, 0))
        own = exact(out.dtype)
        return np.ascontiguousarray(out if own is None else out.astype(own), self._dtype)

    def mesh(self, label: int) -> Geometry:
        """Return people's own mesh of a label."""
        return surface(_of_label(self._mesh, label, "mesh"), rank=self._rank)

    def skeleton(self, label: int) -> Geometry:
        """Return people's own skeleton of a label."""
        return skeleton(_of_label(self._skeletons, label, "skeleton"), self._rank)

    def labels(self) -> Table:
        """Return what is known of the labels."""
        properties = self._properties
        if properties is None:
            raise ValueError("it has no properties of its labels")
        return table(properties() if callable(properties) else properties)

    def geometry(self) -> Geometry:
        """Return the geometry."""
        if self._make is None:
            raise ValueError("it is made of voxels, and is no geometry")
        return self._make()


def _of_label(given: Any, label: int, what: str) -> Any:
    if given is None:
        raise NoLabel(f"it has no {what} of its own for {label}")
    if callable(given):
        found = given(label)
    else:
        try:
            found = given[label]
        except (KeyError, IndexError):
            found = None
    if found is None:
        raise NoLabel(f"it has no {what} for {label}")
    return found


def _computed(part: Any) -> np.ndarray[Any, Any]:
    """Return what data gave as an array of NumPy's."""
    if type(part).__module__.partition(".")[0] == "dask":
        part = part.compute(scheduler="threads", num_workers=_DASK_WORKERS)
    array: Any = to_array(part)
    return array if array is not None else np.asarray(part)


def _lock_of(level: Any) -> Any:
    if type(level).__module__.partition(".")[0] != "h5py":
        return contextlib.nullcontext()
    try:
        return _locks.setdefault(str(level.file.filename), threading.Lock())
    except Exception:
        return threading.Lock()  # it is closed: reading it says so


def levels_of(data: Any, name: str) -> tuple[list[Any], np.dtype[Any]]:
    """Return the levels of what was given as data, from fine to coarse, and their dtype.

    Raises TypeError or ValueError for what cannot be read as a volume.
    """
    if not _sliceable(data) and isinstance(data, Mapping):
        raise TypeError(f"the data of {name} must be something with a shape and a dtype, or a list of levels, not {called(data)}")
    if (isinstance(data, Sequence) or type(data).__name__ == "MultiScaleData") and len(data) and all(_sliceable(level) for level in data):
        levels = list(data)
    elif _sliceable(data):
        levels = [data]
    else:
        array = to_array(data)
        try:
            levels = [np.asarray(data) if array is None else array]
        except Exception as error:
            raise TypeError(f"the data of {name} cannot be read: {reason(error)}") from error
    if len(levels) > _MAX_LEVELS:
        raise ValueError(f"{name} has {len(levels)} levels, and {_MAX_LEVELS} are the most")
    before = tuple(levels[0].shape)
    for i, level in enumerate(levels[1:], 1):
        shape = tuple(level.shape)
        if len(shape) != len(before) or any(n > m or (n == 0 and m > 0) for n, m in zip(shape, before)):
            raise ValueError(f"level {i} of {name} has the shape {shape}, which is no coarser level of {before}: give them from fine to coarse")
        before = shape
    given = levels[0].dtype
    dtype = as_dtype(getattr(given, "numpy_dtype", given))
    if dtype is None:
        raise TypeError(f"the data of {name} have the dtype {written(levels[0].dtype)}, which is none of NumPy's")
    return levels, dtype


def _sliceable(data: Any) -> bool:
    kind = type(data)
    return hasattr(kind, "__getitem__") and hasattr(data, "shape") and hasattr(data, "dtype") and isinstance(data.shape, tuple) and kind.__name__ != "MultiScaleData"
