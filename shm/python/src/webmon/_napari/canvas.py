"""napari's canvas as the array "canvas": what napari itself has drawn, with all that lies on it.

Nothing is drawn for it, and nothing is read while nobody looks. While somebody does, each paint is asked
for once it is over, and copied into the ring afterwards, outside of the paint.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._display import advice
from . import compat
from .readback import NoPicture, ReadBack, device_size
from .trouble import logger, say_once

MOST_HZ = 30.0
_AGAIN = 0.002  # s until the card is asked again
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

    def __init__(self, process: Any, viewer: Any) -> None:
        self._process, self._viewer = process, viewer
        self.watched = False
        self.why: str | None = None
        self.hands = 0
        self._broken: str | None = None  # what OpenGL had against it
        self._reading = ReadBack()
        self._missed = False  # something was drawn that nobody has seen
        self._due = 0.0
        self._wanted: tuple[int, int] | None = None
        self._read = (0, (1.0, 1.0))  # of what is on its way: hands, pixels of napari's that one goes
        self._shape = (0, 0)
        self._array: Any = None
        shape = self._room()
        self._array = process.share(self.name, shape, "uint8", ("y", "x", "c"), title="Canvas", role="rgb")
        self.look()

    def look(self) -> bool:
        """See whether there is something to look at; return whether that has changed."""
        why = self._broken or absent(self._viewer)
        if why == self.why:
            return False
        self.why = why
        if self._array is not None:
            self._array.withhold(why)
        if why is None:
            self.ask()
        return True

    def demanded(self) -> bool:
        """See whether somebody looks; return whether somebody does."""
        watched = bool(self._process.wanted(self.topic) > 0)
        if watched:
            most = self._process.wanted_size(self.topic)
            if not self.watched or most != self._wanted:
                self._wanted = most
                self._broken = None
                self.look()
                self.ask()
        elif self.watched:
            self._missed = False
        self.watched = watched
        return watched

    def ask(self) -> None:
        """Have napari draw once."""
        native = compat.native(self._viewer)
        if native is not None:
            native.update()

    def painted(self, now: float) -> None:
        """Have what was drawn read, in the paint that has drawn it. Called while somebody looks."""
        if self._reading.pending or now + 0.003 < self._due or self.why is not None:
            self._missed = True
            return
        self._missed = False
        native = compat.native(self._viewer)
        try:
            shape = device_size(native)
            wanted = fitted(shape, self._wanted)
            self._reading.begin(native, wanted)
            ratio = compat.pixel_ratio(self._viewer)
            self._read = (self.hands, (shape[0] / wanted[0] / ratio, shape[1] / wanted[1] / ratio))
            self._due = max(self._due, now - 0.05) + 1 / min(self._process.wanted(self.topic) or MOST_HZ, MOST_HZ)
        except Exception as error:
            self._breaks(error)

    def finish(self, now: float) -> float:
        """Share what has been read, outside of the paint; return when there is more to do."""
        if self._reading.pending:
            try:
                done = self._reading.finish(compat.native(self._viewer), self._publish)
            except Exception as error:
                self._breaks(error)
                return math.inf
            if not done:
                return now + _AGAIN
        if self._missed and self.watched and self.why is None:
            if now + 0.003 < self._due:
                return self._due
            self._missed = False
            self.ask()
        return math.inf

    def close(self) -> None:
        """Take the array back, and leave the card as it was."""
        self.watched = False
        try:
            self._reading.close(compat.native(self._viewer))
        except Exception:
            logger.debug("giving back the memory of the card", exc_info=True)
        if self._array is not None:
            self._array.close()
            self._array = None

    def _publish(self, pixels: np.ndarray) -> None:
        if self._array is None:
            return
        if any(n > room for n, room in zip(pixels.shape, self._shape)):
            self._array.resize(self._room(pixels.shape))
        hands, step = self._read
        if not self._array.publish(pixels, step=step, user=hands):
            self._missed = True

    def _room(self, least: tuple[int, ...] = (1, 1)) -> tuple[int, int, int]:
        rows, columns = least[:2]
        native = compat.native(self._viewer)
        if native is not None:
            size = device_size(native)
            rows, columns = max(rows, size[0]), max(columns, size[1])
        self._shape = (-(-rows // _ROOM) * _ROOM, -(-columns // _ROOM) * _ROOM)
        return *self._shape, 4

    def _breaks(self, error: Exception) -> None:
        """Go on without the canvas, and say why."""
        say_once("canvas", "napari's canvas could not be read", error=True)
        text = str(error) if isinstance(error, NoPicture) else f"OpenGL does not hand over what napari has drawn ({_short(error)})."
        self._broken = text
        self._reading.pending = False
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
    if not native.isVisible():
        return "napari's window is hidden: it draws nothing until it is shown."
    if not native.isValid():
        return f"napari has no OpenGL to draw with: its window shows nothing either. {advice()}".rstrip()
    return None
