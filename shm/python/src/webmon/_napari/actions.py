"""What people may ask of napari."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from . import compat
from .controls import check_place
from .layers import Tracked

NAMES = ("reset_view", "look_at", "auto_contrast", "screenshot")


def register(
    process: Any, viewer: Any, tracked: dict[Any, Tracked], taken: Callable[[np.ndarray], None]
) -> None:
    """Declare the actions. taken(picture) is called with a screenshot."""

    def find(layer: str) -> Tracked:
        named = None
        for known in tracked.values():
            if known.id == layer:
                return known
            if str(known.layer.name) == layer:
                named = known
        if named is None:
            names = ", ".join(f"{known.id} ({known.layer.name})" for known in tracked.values()) or "none at all"
            raise ValueError(f"there is no layer {layer!r}: there are {names}")
        return named

    def reset_view() -> None:
        """Show all layers."""
        viewer.reset_view()

    def look_at(row: float, column: float, layer: str) -> None:
        """Put a pixel of a layer in the middle of the canvas; row and column count pixels of level 0."""
        check_place(row)
        check_place(column)
        place = find(layer).place
        axes = place.axes
        if len(axes) < 2:
            raise ValueError("the layer has no rows and columns on the screen")
        camera = compat.camera(viewer)
        center = np.asarray(camera.center, dtype=float)
        pixel = np.zeros(len(axes))
        pixel[-2:] = (row - 0.5, column - 0.5)
        center[-2:] = (place.linear @ pixel + place.shift)[-2:]  # in 3D the depth stays
        for coordinate in center:
            check_place(float(coordinate))
        camera.center = tuple(float(x) for x in center)

    def auto_contrast(layer: str) -> None:
        """Set the contrast limits of a layer to the least and the greatest value on the screen."""
        found = find(layer)
        if found.rgb or not hasattr(found.layer, "contrast_limits"):
            raise ValueError(f"the layer {found.layer.name!r} has no contrast limits")
        raw = compat.drawn(found.layer) if found.is_picture else None
        if raw is None:
            found.layer.reset_contrast_limits()
            return
        low, high = _range(raw)
        if not high > low:
            raise ValueError("all pixels on the screen have the same value")
        found.layer.contrast_limits = (low, high)

    def screenshot(canvas_only: bool = True) -> None:
        """Take a picture of the canvas, or of the whole window, and share it as the array "screenshot"."""
        taken(np.asarray(viewer.screenshot(canvas_only=canvas_only, flash=False)))

    process.command(reset_view, title="Reset view", group="camera")
    process.command(look_at, title="Look at", group="camera")
    process.command(auto_contrast, title="Auto contrast", group="layers")
    process.command(screenshot, title="Screenshot", group="canvas")


def _range(raw: np.ndarray) -> tuple[float, float]:
    if raw.dtype.kind == "f":
        raw = raw[np.isfinite(raw)]
        if raw.size == 0:
            raise ValueError("no pixel on the screen has a finite value")
    return float(raw.min()), float(raw.max())
