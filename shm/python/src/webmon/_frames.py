"""The frames that a shared array takes: of which dtype and shape, and what becomes one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._about import check_colour
from ._convert import as_dtype, called, described, to_array
from ._segment import check_dtype, fields, unmaskable

__all__ = ["Frames"]

_MAX_CLASSES = 16  # of frames that are no NumPy arrays, and are known to become some


class Frames:
    """What may be published as a frame of an array.

    Raises TypeError where an array of the dtype cannot be shared.

    Parameters
    ----------
    name
        Of the array, for messages.
    dtype
        As it was given.
    colour
        Whether the last axis is colour.
    """

    def __init__(self, name: str, dtype: Any, colour: bool) -> None:
        self._name = name
        self._colour = colour
        self.packed = check_dtype(dtype)  # as a frame lies in shared memory
        self.dtype = as_dtype(dtype) or self.packed  # as it is published
        self.ways = [way for *_, way in fields(self.dtype)] if self.packed.names is not None else []  # to the fields of a record
        self._unmaskable = unmaskable(self.packed)
        # Classes of other libraries whose objects are known to become arrays, with the device that those were on.
        self._classes: dict[type, Any] = {}

    def converted(self, frame: Any, shape: tuple[int, ...], wanted: bool) -> np.ndarray[Any, Any] | None:
        """Return a frame of any class as an array; None where nobody wants it and it is known to become one that fits.

        shape is the largest that a frame may have. Raises TypeError or ValueError where it does not.
        """
        kind = type(frame)
        if not issubclass(kind, np.ndarray):
            said = described(frame)
            dtype = as_dtype(said[0]) if said else None
            if said and dtype is not None and not wanted and self._known(kind, said[2]):
                if dtype != self.dtype:
                    self.check_dtype(dtype)
                if said[1] != shape:
                    self.check_shape(tuple(said[1]), shape)
                return None
        else:
            said = dtype = None
        array = to_array(frame)
        if array is None:
            raise TypeError(
                f"a frame of the array {self._name} is an array, and this is a {called(frame)}: make it one with np.asarray(frame, {_literal(self.dtype)})"
            )
        if isinstance(array, np.ma.MaskedArray):
            if np.ma.getmask(array) is np.ma.nomask:
                return np.asarray(array)
            if self._unmaskable:
                self.check_dtype(array.dtype)
                raise TypeError(
                    f"the array {self._name} is shared as {self._unmaskable}, which has no NaN to stand for what is masked: "
                    "share it as a float, or publish frame.filled(...)"
                )
        elif said and dtype == array.dtype and tuple(said[1]) == array.shape:
            if len(self._classes) < _MAX_CLASSES or kind in self._classes:
                self._classes[kind] = said[2]
        else:
            self._classes.pop(kind, None)  # does not say, or not what it is
        return array

    def _known(self, kind: type, device: Any) -> bool:
        """Whether objects of the class are known to become arrays from where this one is."""
        if kind not in self._classes:
            return False
        known = self._classes[kind]
        try:
            return known is device or bool(known == device)
        except Exception:
            return False

    def check_dtype(self, other: np.dtype[Any]) -> None:
        """Raise TypeError unless frames of that dtype are taken."""
        own = self.dtype
        # Another byte order is converted while it is copied.
        if own.newbyteorder("=") == other.newbyteorder("="):
            return
        raise TypeError(f"the array {self._name} is shared as {own}, and this frame is of {other}: convert it with frame.astype({_literal(own)})")

    def check_shape(self, other: tuple[int, ...], shape: tuple[int, ...]) -> None:
        """Raise ValueError unless a frame of the other shape goes into that one."""
        if len(other) != len(shape):
            raise ValueError(f"the array {self._name} is shared with the shape {shape}, and this frame has the shape {other}: the number of axes must be the same")
        for n, most in zip(other, shape):
            if n > most:
                raise ValueError(f"the array {self._name} is shared with the shape {shape}, and this frame of {other} is larger: call resize() first")
        if self._colour:
            check_colour(self._name, other)


def _literal(dtype: np.dtype[Any]) -> str:
    return "..." if dtype.names is not None else repr(dtype.str if dtype.isbuiltin != 2 else dtype.name)
