"""An array that a process shares."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ._about import Scales, Units, axes_of, check_colour, limits_of, numbered, per_axis, pixel, placed, shape_of, unit_of
from ._convert import written
from ._demand import Demand
from ._frames import Frames
from ._life import Life
from ._plain import words
from ._segment import Segment, available, describe, description, total_bytes

log = logging.getLogger("webmon")

_ROLES = ("", "rgb", "labels", "table")
_ORIGIN, _UNIT, _LEVEL = (0.0, 0.0), (1.0, 1.0), 0
_RETRY, _RETRY_RARELY = 1.0, 30.0  # s until a segment that could not be made is tried again, at first and in the end

_SAME: Any = object()  # what stays as it is


class Owner(Protocol):
    """What an array asks of the process that shares it."""

    @property
    def life(self) -> Life:
        """Whether the process is offered, and what its calls have cost."""

    @property
    def demand(self) -> Demand:
        """How often somebody wants the array."""

    def redeclare(self) -> None:
        """Note that something else is declared of an array."""

    def mend(self, array: SharedArray) -> None:
        """Have another thread call the array's _look soon."""

    def remove(self, array: SharedArray) -> None:
        """Stop sharing the array, and close it."""


class SharedArray:
    """An array whose frames webmon reads out of shared memory; :meth:`Process.share` makes it.

    Attributes
    ----------
    name : str
        As webmon knows it.
    shape : tuple of int
        Of the largest frame, in C order.
    dtype : numpy.dtype
        Of the frames.
    published : int
        How many frames were published, whether or not anybody looked.
    copied : int
        How many of those were copied into shared memory.
    closed : bool
        Whether it is shared no more: it was closed, or another was shared under its name.
    """

    def __init__(
        self,
        owner: Owner,
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
        self._owner = owner
        self._life = owner.life
        self._demand = owner.demand
        self._topic = f"array/{name}"
        if type(role) is not str or role not in _ROLES:
            raise ValueError(f"role must be one of {', '.join(map(repr, _ROLES))}, not {written(role)}")
        self._frames = Frames(name, dtype, role == "rgb")
        self._packed = self._frames.packed
        self.dtype = self._frame_dtype = self._frames.dtype
        self.shape = shape_of(shape)
        if not issubclass(type(slots), (int, np.integer)) or not 2 <= slots <= 64:
            raise ValueError(f"slots must be 2 to 64, not {written(slots)}")
        slots = int(slots)
        if role == "rgb":
            check_colour(name, self.shape)
        self._slots = slots
        names = axes_of(axes, self.shape, role, self._packed.names is not None)
        if self._packed.names is not None and not role:
            role = "table"
        self._about: dict[str, Any] = {
            "dtype": describe(self._packed),
            "shape": list(self.shape),
            "axes": names,
            "units": per_axis(units, names, "units", "", unit_of),
            "scale": per_axis(scale, names, "scale", 1.0, pixel),
            "title": words(title, f"the title of {name}"),
            "role": role,
            "colormap": words(colormap, f"the colormap of {name}"),
            "limits": limits_of(limits),
            "unit": words(unit, f"the unit of {name}"),
            "layer": words(layer, f"the layer of {name}"),
            "note": None,
        }
        self._withheld = False
        self._text = self._describe(self.shape)
        self._lock = threading.Lock()
        self._segment: Segment | None = None
        self._closed = False
        self._problem = ""  # why there is no segment, where there could be one
        self._pause = _RETRY  # s, from a failure until it is tried again
        self._retry = 0.0  # not before, by time.monotonic
        self._told = -1  # of published, to those who read
        self.published = 0
        self.copied = 0
        self._last = 0  # ns, when a frame was copied last
        self._due = 0.0  # and when the next should be, were they copied as often as allowed

    def _open(self) -> None:
        """Make the segment, since the process is offered now."""
        with self._lock:
            if self._segment is None:
                self._make()

    def _describe(self, shape: tuple[int, ...]) -> bytes:
        """Return what the segment for that shape says of the array. Raises ValueError where it has no room for that."""
        about = {key: self._about[key] for key in ("dtype", "shape", "axes", "units")}
        total_bytes(shape, self._packed, self._slots)
        return description({**about, "shape": list(shape)}, self.name)

    def _make(self) -> None:
        """Make the segment, with memory for its frames where somebody looks.

        What goes wrong is said, leaves this array alone out, and is tried again. The caller holds the lock.
        """
        self._segment = None
        if self._closed or self._withheld or not self._life.opened or self._life.closed:
            return
        if not available():
            self._problem = "arrays are shared on Linux, macOS and Windows"
            return
        segment = None
        try:
            segment = Segment(self.shape, self._packed, self._slots, self._text)
            if self.wanted:
                segment.commit()
        except Exception as error:
            # Whatever this machine has against it: the rest of the process is shared all the same.
            if segment is not None:
                segment.close()
            self._failed(error)
            return
        self._segment = segment
        self._told = -1
        self._problem, self._pause = "", _RETRY

    def _failed(self, error: Exception) -> None:
        """Say once for what reason there is no segment."""
        text = str(error) or type(error).__name__
        self._retry = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _RETRY_RARELY)
        if text != self._problem:
            log.warning("the array %s is not shared: %s", self.name, text, exc_info=not isinstance(error, (OSError, ImportError)))
        self._problem = text

    def _declared(self) -> dict[str, Any]:
        """Return what webmon is told. Where there is no shared memory the segment has no name, and the problem says why."""
        segment = self._segment
        out = {
            "shm": segment.name if segment else "",
            "generation": f"{segment.generation if segment else 0:016x}",
            **{key: value for key, value in self._about.items() if value is not None or key in ("units", "scale")},
        }
        if segment is None and self._problem and not self._withheld:
            out["problem"] = self._problem
        return out

    def _look(self) -> None:
        """Keep the segment well.

        Called each second while a webmon is there, and at once when a frame could not be written; never by a thread that
        publishes.
        """
        segment = self._segment
        if segment is None:
            if available() and self._life.opened and time.monotonic() >= self._retry:
                with self._lock:
                    if self._segment is None:
                        self._make()
                if self._segment is not None:
                    log.info("the array %s is shared now", self.name)
                    self._owner.redeclare()
        elif not segment.found():
            with self._lock:
                if self._segment is not segment:
                    return  # closed, or replaced already
                log.warning(
                    "the shared memory of the array %s (%s) was removed, cut short or renamed by somebody else: it is made again",
                    self.name, segment.name,
                )  # fmt: skip
                segment.close()
                self._make()
            self._owner.redeclare()
        else:
            self._tell(segment)
        self._demanded()

    def _tell(self, segment: Segment) -> None:
        """Bring the counter of frames that nobody wants up to date."""
        published = self.published
        if published != self._told:
            try:
                segment.beat(published, time.time_ns())
                self._told = published
            except (ValueError, TypeError):
                pass  # closed at this very moment

    def _demanded(self) -> None:
        """Get the memory once somebody looks. Called from the server's threads."""
        segment = self._segment
        if segment is None or segment.committed or not self.wanted:
            return
        try:
            segment.commit()
        except OSError as error:
            with self._lock:
                if self._segment is segment:
                    self._segment = None
                    segment.close()
                    self._failed(error)
            self._owner.redeclare()
        except (ValueError, TypeError):
            pass  # closed at this very moment

    @property
    def closed(self) -> bool:
        """Whether it is shared no more: it was closed, or another was shared under its name."""
        return self._closed

    @property
    def wanted(self) -> bool:
        """Whether somebody looks at the array."""
        return self._topic in self._demand.wants

    def publish(
        self,
        frame: Any,
        *,
        offset: tuple[float, float] = _ORIGIN,
        step: tuple[float, float] = _UNIT,
        level: int = _LEVEL,
        stamp: float | None = None,
        user: int = 0,
    ) -> bool:
        """Offer a frame. Never blocks and never waits for anyone.

        The frame is copied only if somebody looks, and at most twice as often as they want. Otherwise a call takes about a
        microsecond. The caller may go on to change the frame. Errors come whether or not anybody looks.

        Parameters
        ----------
        frame : array_like with a dtype
            Of the shared dtype, in any byte order, and with as many axes as the shared shape; smaller on any axis, if need
            be, and not necessarily contiguous. Of a masked array NaN is shown where it is masked (NaT for times, nothing
            for text). Arrays of other libraries are taken if NumPy can convert them, or by their ``__dlpack__``. Those with
            a dtype and a shape are converted only if somebody looks, and once for each class to see whether that can be;
            others are converted each time.
        offset : (float, float)
            Row and column of the outer corner of its first pixel in its layer, in pixels of level 0.
        step : (float, float)
            How many pixels of level 0 a pixel goes, down and right.
        level : int
            Of a multiscale image, 0 to 53; 0 is the full resolution.
        stamp : float, optional
            When the frame was taken, in seconds since the epoch. Default: now.
        user : int, optional
            A number of the caller's own that goes with the frame, from 0 to 2**64 - 1.

        Returns
        -------
        bool
            Whether the frame was copied. It is not if nobody looks, if another thread is publishing the same array at the
            same moment, in a forked child, and after close.

        Raises
        ------
        TypeError
            If the frame is no array or of another dtype, or a masked array of whole numbers, which have no NaN.
        ValueError
            If the frame has another number of axes or is larger than the shape, or another argument is out of its range.

        Examples
        --------
        >>> camera.publish(frame, stamp=time.time())
        True
        """
        began = time.perf_counter_ns()
        life = self._life
        try:
            if type(frame) is not np.ndarray:
                frame = self._frames.converted(frame, self.shape, self.wanted)
                if frame is None:
                    self.published += 1  # told by _look
                    return False
            if frame.dtype is not self._frame_dtype and frame.dtype != self._frame_dtype:
                self._frames.check_dtype(frame.dtype)
            if frame.shape != self.shape:
                self._frames.check_shape(frame.shape, self.shape)
            if offset is not _ORIGIN or step is not _UNIT or level is not _LEVEL or stamp is not None:
                offset, step, level, stamp = placed(offset, step, level, stamp)
            if user:
                user = numbered(user)
            hz = self._demand.wants.get(self._topic)
            if not hz:
                self.published += 1  # told by _look
                return False
            now = time.time_ns()
            segment = self._offer(now)
            if segment is None or not segment.committed:
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
                    self._frames.check_shape(frame.shape, self.shape)  # it may have been resized meanwhile
                segment.write(frame, now if stamp is None else int(stamp * 1e9), offset, step, level, user, self._frames.ways)
                self._last = began
                self._due = max(due, began) + interval
                self.copied += 1
            finally:
                self._lock.release()
            return True
        finally:
            life.spent += time.perf_counter_ns() - began
            life.calls += 1

    def _offer(self, now_ns: int) -> Segment | None:
        """Count a frame that somebody wants; return the segment, None if there is none to write to."""
        self.published = published = self.published + 1
        segment = self._segment
        if segment is not None:
            if not segment.sound():
                self._owner.mend(self)
                return None
            try:
                # Without the lock: at worst the counter of a concurrent call is overwritten.
                segment.beat(published, now_ns)
                self._told = published
            except (ValueError, TypeError):
                return None  # closed at this very moment
        return segment

    def resize(self, shape: int | Sequence[int]) -> None:
        """Give the array another shape; its name and everything else stay.

        Parameters
        ----------
        shape : int or sequence of int
            Of the largest frame, in C order, with as many axes as before.

        Raises
        ------
        TypeError
            If the shape is no whole numbers.
        ValueError
            If the number of axes is another one, or the shape is of no use.
        """
        new = shape_of(shape)
        if len(new) != len(self.shape):
            raise ValueError(f"the array {self.name} has {len(self.shape)} axes, and {new} has {len(new)}: share another array instead")
        if self._about["role"] == "rgb":
            check_colour(self.name, new)
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
        self._owner.redeclare()

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
        """Change what people are told of the array; its frames go on.

        What is not given stays as it is.

        Parameters
        ----------
        units, scale, title, colormap, limits, unit : optional
            As for :meth:`Process.share`.
        note : str or None, optional
            A sentence on what the frames are, such as "Every second row.".

        Raises
        ------
        TypeError
            If an argument is of another type.
        ValueError
            If an argument is of no use; it says which.
        """
        names = self._about["axes"]
        given = {"units": units, "scale": scale, "title": title, "colormap": colormap, "limits": limits, "unit": unit, "note": note}
        new = {key: value for key, value in given.items() if value is not _SAME}
        if "units" in new:
            new["units"] = per_axis(units, names, "units", "", unit_of)
        if "scale" in new:
            new["scale"] = per_axis(scale, names, "scale", 1.0, pixel)
        if "limits" in new:
            new["limits"] = limits_of(limits)
        for key in new.keys() & {"title", "colormap", "unit", "note"}:
            new[key] = words(new[key], f"the {key} of {self.name}")
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
        self._owner.redeclare()

    def withhold(self, note: str | None) -> None:
        """Take the frames back, and say why there are none.

        Parameters
        ----------
        note : str or None
            A sentence that says why. After None frames can be published again.
        """
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
        self._owner.redeclare()

    def close(self) -> None:
        """Stop sharing. Calling it again, or publishing afterwards, does nothing."""
        self._owner.remove(self)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            segment, self._segment = self._segment, None
            if segment is not None:
                if segment.sound():
                    self._tell(segment)
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
