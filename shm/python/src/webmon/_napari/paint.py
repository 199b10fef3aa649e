"""When the canvas paints, and how long a frame took."""

from __future__ import annotations

import time
from typing import Any, Callable

from . import compat
from .trouble import guarded, missing

# How often the event loop is looked at, and how often it must have turned freely
# without a paint until what comes next is no longer taken for the next frame.
LOOK_MS = 100
PAUSE_ROUNDS = 2


class Paints:
    """Measures frames at the paint.

    A frame is the time from one picture drawn to the next, however long napari
    was busy in between. After a pause, in which nothing was painted although the
    event loop was free (for 0.1 to 0.2 s), a frame begins with the first sign of
    the change that led to it (see stir) instead. A paint after a pause without
    such a sign is no frame, because nobody knows when it began.

    frame(time, delta_ms) is called for every frame, painted() at every paint.
    """

    def __init__(
        self,
        viewer: Any,
        frame: Callable[[float, float], None],
        painted: Callable[[], None],
    ) -> None:
        from qtpy.QtCore import QTimer

        self._frame = frame
        self._painted = painted
        self._last: float | None = None  # when the last picture was drawn, None in a pause
        self._stirred: float | None = None  # first sign of a change since then
        self.count = 0
        self.spent = 0.0  # seconds taken from the paints
        self._counted = 0
        self._rounds = 0
        self._timer = QTimer()
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._emitter = getattr(getattr(compat.canvas(viewer), "events", None), "draw", None)
        if self._emitter is None:
            missing("canvas.events.draw", "frame times are not measured")
            return
        try:
            # Before napari, which loads what the new view needs at the end of the
            # paint: that belongs to the next frame.
            self._emitter.connect(self._on_draw, after="swap_buffers")
        except (TypeError, ValueError, RuntimeError):
            self._emitter.connect(self._on_draw, position="last")

    def stir(self) -> None:
        """Something has changed that will lead to a paint."""
        if self._stirred is None:
            self._stirred = time.perf_counter()
            if self._rounds:
                self._last = None
            if not self._timer.isActive():
                self._timer.start()
        self._rounds = 0

    def close(self) -> None:
        """Stop measuring."""
        self._timer.stop()
        if self._emitter is not None:
            try:
                self._emitter.disconnect(self._on_draw)
            except (ValueError, RuntimeError):
                pass
            self._emitter = None

    @guarded("measuring a paint")
    def _on_draw(self, event: Any = None) -> None:
        now = time.perf_counter()
        began = self._stirred if self._last is None else self._last
        self._last, self._stirred = now, None
        self._rounds = 0
        self.count += 1
        if began is not None:
            self._frame(time.time(), (now - began) * 1000)
        if not self._timer.isActive():
            self._timer.start()
        self._painted()
        self.spent += time.perf_counter() - now

    @guarded("waiting for a paint")
    def _look(self) -> None:
        # A blocked event loop runs this once, however long it was blocked.
        if self.count != self._counted:
            self._counted = self.count
            self._rounds = 0
            return
        self._rounds += 1
        if self._rounds >= PAUSE_ROUNDS:
            self._timer.stop()
            self._last = self._stirred = None
