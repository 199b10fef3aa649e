"""Hands from elsewhere on napari's canvas: they move the camera, point and draw.

The camera is moved by napari's model of it, in whatever way it stands. All else reaches the canvas as Qt's own
events, so that napari, plugins and layers see what they always see.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import compat
from .controls import FARTHEST
from .trouble import say_once

_HALF_TURN = math.pi  # of a drag over the whole width
_ZOOMS = (1e-8, 1e12)


class Hands:
    """Applies events, in Qt's thread and in order."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    def apply(self, events: list[dict[str, Any]]) -> None:
        """Do what the events say; one that fails is left out."""
        for event in events:
            do = getattr(self, "_" + event["do"], None)
            if do is None:
                continue
            try:
                do(event)
            except Exception:
                say_once("hand " + event["do"], "a hand on the canvas (%s) could not be followed", event["do"], error=True)

    def close(self) -> None:
        """Let go of all that is held."""

    # The camera.

    def _pan(self, event: dict[str, Any]) -> None:
        rows, columns = compat.canvas_size(self._viewer)
        self._move(-event["dx"] * columns, -event["dy"] * rows)

    def _move(self, across: float, below: float) -> None:
        """Move what is in the middle by so many pixels of the canvas, right and down."""
        camera = compat.camera(self._viewer)
        right, down = (np.asarray(way) for way in compat.screen(self._viewer))
        zoom = float(camera.zoom)
        center = np.asarray(camera.center, dtype=float)
        center[-len(right) :] += (across * right + below * down) / zoom
        if np.all(np.abs(center) <= FARTHEST):
            camera.center = tuple(float(x) for x in center)

    def _zoom(self, event: dict[str, Any]) -> None:
        camera = compat.camera(self._viewer)
        before = float(camera.zoom)
        after = min(max(before * event["by"], _ZOOMS[0]), _ZOOMS[1])
        if not after > 0:
            return
        x, y = compat.from_middle(self._viewer, event["x"], event["y"])
        # The place under the hand stays where it is.
        left = 1 - before / after
        self._move(x * left, y * left)
        camera.zoom = after

    def _rotate(self, event: dict[str, Any]) -> None:
        viewer = self._viewer
        if int(viewer.dims.ndisplay) != 3:
            return
        rows, columns = compat.canvas_size(viewer)
        camera = compat.camera(viewer)
        right, down = (np.asarray(way) for way in compat.screen(viewer))
        ahead = np.asarray(camera.view_direction, dtype=float)
        # What is in front goes with the hand: so the eye goes against it.
        turn, tilt = event["dx"] * _HALF_TURN, event["dy"] * rows / columns * _HALF_TURN
        ahead = ahead * math.cos(turn) + right * math.sin(turn)
        ahead, down = ahead * math.cos(tilt) + down * math.sin(tilt), down * math.cos(tilt) - ahead * math.sin(tilt)
        camera.set_view_direction(tuple(map(float, ahead)), tuple(map(float, -down)))

    def _reset(self, _: dict[str, Any]) -> None:
        self._viewer.reset_view()
