"""What a process knows of an array that it shares."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from ._segment import _AVAILABLE, _MAX_DIMS, Segment, check_dtype, describe, description

if TYPE_CHECKING:
    from ._process import Process

log = logging.getLogger("webmon")

_ROLES = ("", "rgb", "labels", "table")
_SPATIAL = frozenset("xyz")
_BY_NDIM = {0: "", 1: "x", 2: "yx", 3: "zyx", 4: "tzyx", 5: "tczyx"}
_MAX_SLOT = 1 << 40

# What may say something of each axis: one entry an axis, or one for all spatial axes.
Units = Union[str, Sequence[Union[str, None]], None]
Scales = Union[float, Sequence[float], None]

_SAME: Any = object()  # what stays as it is


class SharedArray:
    """An array whose frames webmon reads out of shared memory. Made by :meth:`Process.share`.

    Attributes:
        name: as webmon knows it.
        shape: the largest frame, in C order.
        dtype: of the frames.
        published: how often publish was called, whether or not anybody looked.
        copied: how many of those frames were copied into shared memory.
    """

    def __init__(
        self,
        process: Process,
        name: str,
        shape: int | Sequence[int],
        dtype: Any,
        axes: str | Sequence[str] | None,
        *,
        units: Units,
        scale: Scales,
        title: str | None,
        role: str,
        colormap: str | None,
        limits: tuple[float, float] | None,
        unit: str | None,
        layer: str | None,
        slots: int,
    ) -> None:
        self.name = name
        self._process = process
        self._topic = f"array/{name}"
        self._frame_dtype = np.dtype(dtype)
        self.dtype = self._frame_dtype
        self._packed = check_dtype(dtype)
        self.shape = _shape(shape)
        if role not in _ROLES:
            raise ValueError(f"role must be one of {', '.join(map(repr, _ROLES))}, not {role!r}")
        if not isinstance(slots, int) or not 2 <= slots <= 64:
            raise ValueError(f"slots must be 2 to 64, not {slots!r}")
        if role == "rgb":
            _check_colour(name, self.shape)
        self._slots = slots
        names = _axes(axes, self.shape, role, self._packed.names is not None)
        if self._packed.names is not None and not role:
            role = "table"
        self._about: dict[str, Any] = {
            "dtype": describe(self._packed),
            "shape": list(self.shape),
            "axes": names,
            "units": _per_axis(units, names, "units", "", str),
            "scale": _per_axis(scale, names, "scale", 1.0, float),
            "title": title,
            "role": role,
            "colormap": colormap,
            "limits": _limits(limits),
            "unit": unit,
            "layer": layer,
            "note": None,
        }
        self._withheld = False
        self._text = self._describe(self.shape)
        self._lock = threading.Lock()
        self._segment: Segment | None = None
        self._closed = False
        self.published = 0
        self.copied = 0
        self._last = 0  # ns, when a frame was copied last
        self._due = 0.0  # and when the next should be, were they copied as often as allowed

    def _open(self) -> None:
        """The process is offered now."""
        with self._lock:
            if self._segment is None:
                self._make()
        self._demanded()

    def _describe(self, shape: tuple[int, ...]) -> bytes:
        """What the segment for that shape says of the array. Raises ValueError where it has no room for that."""
        about = {key: self._about[key] for key in ("dtype", "shape", "axes", "units")}
        return description({**about, "shape": list(shape)}, self.name)

    def _make(self) -> None:
        """Makes the segment. What goes wrong is said, and leaves this array alone out. The caller holds the lock."""
        self._segment = None
        if not _AVAILABLE or self._closed or self._withheld or not self._process._opened or self._process.closed:
            return
        try:
            self._segment = Segment(self.shape, self._packed, self._slots, self._text)
        except Exception as error:
            # Whatever this machine has against it: the rest of the process is shared all the same.
            log.warning("the array %s is not shared: %s", self.name, error, exc_info=not isinstance(error, (OSError, ImportError)))

    def _declared(self) -> dict[str, Any]:
        """What webmon is told. Where there is no shared memory the segment has no name."""
        segment = self._segment
        return {
            "shm": segment.name if segment else "",
            "generation": f"{segment.generation if segment else 0:016x}",
            **{key: value for key, value in self._about.items() if value is not None or key in ("units", "scale")},
        }

    def _demanded(self) -> None:
        """Gets the memory once somebody looks. Called from the server's threads."""
        segment = self._segment
        if segment is None or segment.committed or self._process.wanted(self._topic) <= 0:
            return
        try:
            segment.commit()
        except OSError as error:
            log.warning("the array %s is not shared: %s", self.name, error)
            with self._lock:
                if self._segment is segment:
                    self._segment = None
                    segment.close()
            self._process._redeclare("arrays")
        except (ValueError, TypeError):
            pass  # closed at this very moment

    @property
    def wanted(self) -> bool:
        """Whether somebody looks at the array."""
        return self._process.wanted(self._topic) > 0

    def publish(
        self,
        frame: Any,
        *,
        offset: tuple[float, float] = (0.0, 0.0),
        step: tuple[float, float] = (1.0, 1.0),
        level: int = 0,
        stamp: float | None = None,
    ) -> bool:
        """Offers a frame. Never blocks and never waits for anyone.

        It is copied only if somebody looks, and at most twice as often as they want; else this takes about a
        microsecond. The caller may go on to change the frame.

        Args:
            frame: an array of the shared dtype; its shape may be smaller on any axis. It need not be contiguous.
            offset: (row, column) of the outer corner of its first pixel in its layer, in pixels of level 0.
            step: how many pixels of level 0 a pixel goes, down and right.
            level: of a multiscale image; 0 is the full resolution.
            stamp: when the frame was taken, in seconds since the epoch; now if None.

        Returns:
            Whether the frame was copied. It is not if nobody looks, if another thread is publishing the same array at
            the same moment, in a forked child, and after close.

        Raises:
            TypeError: the frame is of another dtype.
            ValueError: it has another number of axes, or is larger than the shape.
        """
        began = time.perf_counter_ns()
        process = self._process
        try:
            if type(frame) is not np.ndarray:
                if not process._wants.get(self._topic):
                    # What is no array yet may take long to become one.
                    self._offer(time.time_ns())
                    return False
                frame = np.asarray(frame)
            if frame.dtype is not self._frame_dtype and frame.dtype != self._frame_dtype:
                self._check_dtype(frame)
            if frame.shape != self.shape:
                self._check_shape(frame)
            now = time.time_ns()
            segment = self._offer(now)
            hz = process._wants.get(self._topic)
            if not hz or segment is None or not segment.committed:
                return False
            # Twice as often as wanted, in the mean: a frame that comes soon after one that was late is not to be missed.
            interval = 500e6 / hz
            due = min(self._due, self._last + 3 * interval)
            if began < due - min(2 * interval, 50e6):
                return False
            if not self._lock.acquire(False):
                return False
            try:
                segment = self._segment
                if segment is None or self._closed:
                    return False
                if frame.shape != self.shape:
                    self._check_shape(frame)  # it may have been resized meanwhile
                segment.write(frame, now if stamp is None else int(stamp * 1e9), offset, step, level)
                self._last = began
                self._due = max(due, began) + interval
                self.copied += 1
            finally:
                self._lock.release()
            return True
        finally:
            process._spent += time.perf_counter_ns() - began
            process._calls += 1

    def _offer(self, now_ns: int) -> Segment | None:
        """Counts a frame; returns the segment, None if there is none."""
        self.published = published = self.published + 1
        segment = self._segment
        if segment is not None:
            try:
                # Without the lock: at worst the counter of a concurrent call is overwritten.
                segment.beat(published, now_ns)
            except (ValueError, TypeError):
                return None  # closed at this very moment
        return segment

    def _check_dtype(self, frame: np.ndarray[Any, Any]) -> None:
        own, other = self._frame_dtype, frame.dtype
        # Another byte order is converted while it is copied.
        if own.newbyteorder("=") == other.newbyteorder("="):
            return
        raise TypeError(f"the array {self.name} is shared as {own}, and this frame is of {other}: convert it with frame.astype({_literal(own)})")

    def _check_shape(self, frame: np.ndarray[Any, Any]) -> None:
        if frame.ndim != len(self.shape):
            raise ValueError(f"the array {self.name} is shared with the shape {self.shape}, and this frame has the shape {frame.shape}: the number of axes must be the same")
        for n, most in zip(frame.shape, self.shape):
            if n > most:
                raise ValueError(f"the array {self.name} is shared with the shape {self.shape}, and this frame of {frame.shape} is larger: call resize() first")
        if self._about["role"] == "rgb":
            _check_colour(self.name, frame.shape)

    def resize(self, shape: int | Sequence[int]) -> None:
        """Gives the array another shape, with the same number of axes: a new segment under the same name."""
        new = _shape(shape)
        if len(new) != len(self.shape):
            raise ValueError(f"the array {self.name} has {len(self.shape)} axes, and {new} has {len(new)}: share another array instead")
        if self._about["role"] == "rgb":
            _check_colour(self.name, new)
        with self._lock:
            if self._closed or new == self.shape:
                return
            self._text = self._describe(new)
            old = self._segment
            self.shape = new
            self._about = {**self._about, "shape": list(new)}
            self._make()
            self._last = 0
            self._due = 0.0
            if old is not None:
                old.close()
        self._demanded()
        self._process._redeclare("arrays")

    def update(
        self,
        *,
        units: Units = _SAME,
        scale: Scales = _SAME,
        title: str | None = _SAME,
        colormap: str | None = _SAME,
        limits: tuple[float, float] | None = _SAME,
        unit: str | None = _SAME,
        note: str | None = _SAME,
    ) -> None:
        """Changes what people are told of the array; its frames go on. What is not given stays as it is.

        Args:
            units, scale, title, colormap, limits, unit: as for :meth:`Process.share`.
            note: a sentence on what the frames are, such as "Every second row.".

        Raises:
            ValueError: an argument is of no use; says which.
        """
        names = self._about["axes"]
        given = {"units": units, "scale": scale, "title": title, "colormap": colormap, "limits": limits, "unit": unit, "note": note}
        new = {key: value for key, value in given.items() if value is not _SAME}
        if "units" in new:
            new["units"] = _per_axis(units, names, "units", "", str)
        if "scale" in new:
            new["scale"] = _per_axis(scale, names, "scale", 1.0, float)
        if "limits" in new:
            new["limits"] = _limits(limits)
        with self._lock:
            if all(self._about[key] == value for key, value in new.items()):
                return
            # Another dict: the server may be writing out this one.
            old, self._about = self._about, {**self._about, **new}
            try:
                self._text = self._describe(self.shape)  # of the next segment
            except ValueError:
                self._about = old
                raise
        self._process._redeclare("arrays")

    def withhold(self, note: str | None) -> None:
        """Takes the frames back, and says in a sentence why there are none; they can be published again after withhold(None)."""
        with self._lock:
            withheld = note is not None
            if self._closed or (self._withheld == withheld and (note is None or self._about["note"] == note)):
                return
            self._about = {**self._about, "note": note}
            changed = self._withheld != withheld
            self._withheld = withheld
            if changed:
                old = self._segment
                self._make()
                self._last = 0
                self._due = 0.0
                if old is not None:
                    old.close()
        if changed:
            self._demanded()
        self._process._redeclare("arrays")

    def close(self) -> None:
        """Stops sharing. Calling it again, or publishing afterwards, does nothing."""
        self._process._unshare(self)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            segment, self._segment = self._segment, None
            if segment is not None:
                segment.close()

    def _abandon(self) -> None:
        """In a forked child. The lock may be held by a thread that the child has not."""
        self._closed = True
        self._lock = threading.Lock()
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.abandon()

    def __enter__(self) -> SharedArray:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{self.published} published"
        return f"<webmon.SharedArray {self.name!r} {self.shape} {self.dtype}, {state}>"


def _literal(dtype: np.dtype[Any]) -> str:
    return repr(dtype.str) if dtype.names is None else "..."


def _shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    try:
        out = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    except (TypeError, ValueError):
        raise TypeError(f"shape must be whole numbers, not {shape!r}") from None
    if len(out) > _MAX_DIMS:
        raise ValueError(f"an array of {len(out)} axes cannot be shared: {_MAX_DIMS} are the most")
    if any(n < 0 for n in out):
        raise ValueError(f"the shape {out} has an axis of less than 0")
    if math.prod(max(n, 1) for n in out) > _MAX_SLOT:
        raise ValueError(f"the shape {out} is too large to be shared")
    return out


def _limits(limits: Any) -> list[float] | None:
    if limits is None:
        return None
    low, high = (float(v) for v in limits)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"limits must be two finite numbers, not {limits!r}")
    return [low, high]


def _check_colour(name: str, shape: tuple[int, ...]) -> None:
    """Raises ValueError unless a shape ends with rows, columns and the samples of a colour."""
    if len(shape) >= 3 and shape[-1] in (3, 4):
        return
    what = f'the array {name} has the role "rgb", and {shape} is no shape of colours: they need rows, columns and a last axis of 3 or 4'
    places = [i for i, n in enumerate(shape[:-1]) if n in (3, 4)] if len(shape) >= 3 else []
    if places:
        raise ValueError(f"{what}. Move the colours there with np.moveaxis(frame, {places[0]}, -1), or leave the role out")
    raise ValueError(f"{what}. Leave the role out to show them as numbers")


def _axes(axes: str | Sequence[str] | None, shape: tuple[int, ...], role: str, table: bool) -> list[str]:
    ndim = len(shape)
    if axes is None:
        if table and ndim == 1:
            return ["row"]
        colour = role == "rgb" and ndim >= 3
        plain = ndim - colour
        names = list(_BY_NDIM[plain]) if plain in _BY_NDIM else [f"axis{i}" for i in range(plain - 2)] + ["y", "x"]
        return names + ["c"] * colour
    names = [str(axis) for axis in axes]
    if len(names) != ndim:
        raise ValueError(f"axes {axes!r} name {len(names)} axes, and the shape {shape} has {ndim}")
    if len(set(names)) != len(names):
        raise ValueError(f"axes {axes!r} name an axis twice")
    if any(not name or len(name) > 40 for name in names):
        raise ValueError(f"axes {axes!r}: the name of an axis has 1 to 40 letters")
    return names


def _per_axis(value: Any, axes: list[str], what: str, nothing: Any, convert: Any) -> list[Any] | None:
    if value is None:
        return None
    if isinstance(value, (str, int, float, np.number)):
        spatial = _SPATIAL.intersection(axes) or set(axes)
        return [convert(value) if axis in spatial else nothing for axis in axes]
    out = [nothing if entry is None else convert(entry) for entry in value]
    if len(out) != len(axes):
        raise ValueError(f"{what} {value!r} must have an entry for each of the axes {', '.join(axes)}")
    return out
