"""napari's canvas as the array "canvas": what napari itself has drawn, with all that lies on it.

Nothing is drawn for it, nothing is done in napari's paint, and nothing is read while nobody looks. While somebody does, what was drawn is
read when the paint is over.
"""

from __future__ import annotations

import math
import time
from typing import Any, Callable

import numpy as np

from .._display import advice
from . import compat
from .readback import NoPicture, ReadBack, device_size
from .trouble import logger, say_once

MOST_HZ = 30.0
_AGAIN = 0.002  # s until the card is asked again
_RETRY = 0.05  # s until what could not be shared is tried again
_EARLY = 0.003  # s before its time that a frame may come
_ROOM = 128  # the array's sides are multiples of it, so that not each pixel of a window that grows needs another one


def fitted(shape: tuple[int, int], most: tuple[int, int] | None) -> tuple[int, int]:
    """Return (rows, columns) of the largest picture of that form that has no more of either, and is not enlarged."""
    if most is None:
        return shape
    scale = min(1.0, most[0] / shape[0], most[1] / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


class Canvas:
    """The shared array "canvas": rows x columns x 4, uint8, as napari has drawn it.

    Attributes
    ----------
    watched : bool
        Whether somebody looks.
    why : str or None
        A sentence on why there is no picture just now.
    hands : int
        The number of the last message of hands that napari has followed.
    """

    name = "canvas"
    topic = "array/canvas"

    def __init__(self, process: Any, viewer: Any, changed: Callable[[], object]) -> None:
        self._process, self._viewer, self._changed = process, viewer, changed
        self.watched = False
        self.why: str | None = None
        self.hands = 0
        self._broken: str | None = None  # what OpenGL had against it
        self._reading = ReadBack()
        self._fresh = False  # something was drawn that was not read
        self._drawn = 0  # hands, of what was drawn last
        self._kept: np.ndarray | None = None  # that could not be shared yet
        self._hz, self._due = 0.0, 0.0
        self._wanted: tuple[int, int] | None = None
        self._read = (0, (1.0, 1.0))  # of what was read last: hands, pixels of napari's that one goes
        self._array: Any = None
        self._shape = self._room((1, 1))
        self._array = process.share(self.name, (*self._shape, 4), "uint8", ("y", "x", "c"), title="Canvas", role="rgb")
        self.look()

    def look(self) -> None:
        """See whether there is something to look at. Not in a paint."""
        why = self._broken or absent(self._viewer)
        if why == self.why:
            return
        self.why = why
        self._changed()
        if self._array is not None:
            self._array.withhold(why)
        if why is None and self.watched:
            self.ask()

    def demanded(self) -> bool:
        """See whether somebody looks; return whether somebody does."""
        hz = float(self._process.wanted(self.topic))
        most = self._process.wanted_size(self.topic) if hz > 0 else None
        if hz > 0:
            if not self.watched or most != self._wanted:
                self._broken = None
                self.watched = True
                self.look()
                self.ask()
            if hz > self._hz:
                self._due = min(self._due, time.perf_counter() + 1 / hz)
        elif self.watched:
            self.watched = False
            self._kept = None
            self._release()
        self._hz, self._wanted = hz, most
        return self.watched

    def ask(self) -> None:
        """Have napari draw once."""
        native = compat.native(self._viewer)
        if native is not None:
            native.update()

    def painted(self) -> None:
        """Note that something was drawn, in the paint. finish is called soon, if somebody looks."""
        self._fresh = True
        self._drawn = self.hands

    def finish(self, now: float) -> float:
        """Read and share what was drawn, outside of the paint; return when there is more to do."""
        if self.why is not None:
            self.look()  # it was drawn
        native = compat.native(self._viewer)
        if not self.watched or native is None:
            return math.inf
        try:
            if self._reading.pending:
                if not self._reading.finish(native, self._publish):
                    return now + _AGAIN
            elif self._fresh and self.why is None:
                if now + _EARLY < self._due:
                    return self._due
                if not self._begin(native, now):
                    return now + _AGAIN
        except Exception as error:
            self._breaks(error)
            return math.inf
        if self._kept is not None:
            self._publish(self._kept)
            if self._kept is not None:
                return now + _RETRY
        return self._due if self._fresh and self.why is None else math.inf

    def _begin(self, native: Any, now: float) -> bool:
        shape, ratio = device_size(native), compat.pixel_ratio(self._viewer)
        wanted = fitted(shape, self._wanted)
        self._fresh = False
        self._read = (self._drawn, (shape[0] / wanted[0] / ratio, shape[1] / wanted[1] / ratio))
        self._due = max(self._due, now - 0.05) + 1 / min(self._hz or MOST_HZ, MOST_HZ)
        return self._reading.begin(native, wanted, self._publish)

    def close(self) -> None:
        """Take the array back, and leave the card as it was."""
        self.watched = False
        self._release()
        if self._array is not None:
            self._array.close()
            self._array = None

    def _release(self) -> None:
        """Give back the memory of the card."""
        try:
            self._reading.close(compat.native(self._viewer))
        except Exception:
            logger.debug("giving back the memory of the card", exc_info=True)

    def _publish(self, pixels: np.ndarray) -> None:
        self._kept = None
        if self._array is None or not self.watched:
            return
        self._fit(pixels.shape)
        hands, step = self._read
        if not self._array.publish(pixels, step=step, user=hands):
            self._kept = pixels

    def _fit(self, shape: tuple[int, ...]) -> None:
        """Have room for a frame of that shape, and not much more than for the canvas."""
        have = math.prod(self._shape)
        if any(n > room for n, room in zip(shape, self._shape)) or have > 4 * math.prod(self._room(shape)):
            self._shape = self._room(shape)
            self._array.resize((*self._shape, 4))

    def _room(self, least: tuple[int, ...]) -> tuple[int, int]:
        """Return rows and columns for the canvas as it is, and somewhat larger."""
        rows, columns = least[:2]
        native = compat.native(self._viewer)
        if native is not None:
            size = device_size(native)
            rows, columns = max(rows, size[0]), max(columns, size[1])
        return -(-rows // _ROOM) * _ROOM, -(-columns // _ROOM) * _ROOM

    def _breaks(self, error: Exception) -> None:
        """Go on without the canvas until somebody looks anew, and say why."""
        say_once("canvas", "napari's canvas could not be read", error=True)
        self._broken = str(error) if isinstance(error, NoPicture) else f"OpenGL does not hand over what napari has drawn ({_short(error)})."
        self._reading.abandon()
        self._kept = None
        self.look()


def _short(error: Exception) -> str:
    lines = " ".join(str(error).split())
    return f"{type(error).__name__}: {lines}"[:200] if lines else type(error).__name__


def absent(viewer: Any) -> str | None:
    """Say why napari draws nothing just now, None if it does."""
    native = compat.native(viewer)
    if native is None or not hasattr(native, "makeCurrent"):
        return "This napari has no canvas of OpenGL."
    window = native.window()
    if window.isMinimized():
        return "napari's window is minimised: it draws nothing until it is shown again."
    if not window.isVisible():
        return "napari's window is hidden: it draws nothing until it is shown."
    blind = advice()
    if blind:
        return f"napari has no OpenGL to draw with: its window shows nothing either. {blind}"
    if not native.isVisible():
        return "napari shows no canvas: it does once there is a layer."
    handle = window.windowHandle()
    if handle is not None and not handle.isExposed():
        return "napari's window is not on the screen: it draws nothing until it is."
    if not native.isValid():
        return "napari has no OpenGL to draw with: its window shows nothing either."
    return None
