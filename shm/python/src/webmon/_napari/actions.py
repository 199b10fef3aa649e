"""What people may ask of napari."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .._forms import Choice
from . import compat
from .controls import check_place
from .layers import Tracked

NAMES = ("reset_view", "look_at", "auto_contrast", "screenshot")


class Actions:
    """Declares the actions, and those of layers again when there are other layers.

    taken(picture) is called with a screenshot.
    """

    def __init__(self, process: Any, viewer: Any, tracked: dict[Any, Tracked], taken: Callable[[np.ndarray], None]) -> None:
        self._process, self._viewer, self._tracked, self._taken = process, viewer, tracked, taken
        self._made: Any = None

    def declare(self) -> None:
        """Declare all. What it has come to before an error is taken back by remove."""
        self._process.command(self.reset_view, title="Reset view", group="camera")
        self.update()
        self._process.command(self.screenshot, title="Screenshot", group="canvas")

    def update(self) -> None:
        """Let people choose from the layers that there are now, the top one first as in napari's list."""
        layers = [one for layer in reversed(self._viewer.layers) if (one := self._tracked.get(layer)) is not None]
        contrast = [one for one in layers if _has_contrast(one)]
        made = [[(one.id, str(one.layer.name)) for one in of] for of in (layers, contrast)]
        if made == self._made:
            return
        self._made = made
        self._declare(self._look_at(), "Look at", "camera", made[0])
        self._declare(self._auto_contrast(), "Auto contrast", "layers", made[1])

    def _declare(self, run: Callable[..., None], title: str, group: str, layers: list[tuple[str, str]]) -> None:
        if not layers:  # nothing to choose from
            self._process.remove_command(run.__name__)
            return
        run.__annotations__["layer"] = Choice([id for id, _ in layers], [name for _, name in layers])
        self._process.command(run, title=title, group=group)

    def remove(self) -> None:
        """Take all actions away."""
        for name in NAMES:
            self._process.remove_command(name)

    def _find(self, id: str) -> Tracked:
        for one in self._tracked.values():
            if one.id == id:
                return one
        raise ValueError(f"there is no layer {id!r}")

    def reset_view(self) -> None:
        """Show all layers."""
        self._viewer.reset_view()

    def _look_at(self) -> Callable[..., None]:
        def look_at(row: float, column: float, layer: str) -> None:
            """Put a pixel of a layer in the middle of the canvas; row and column count pixels of level 0."""
            check_place(row)
            check_place(column)
            place = self._find(layer).place
            axes = place.axes
            if len(axes) < 2:
                raise ValueError("the layer has no rows and columns on the screen")
            camera = compat.camera(self._viewer)
            center = np.asarray(camera.center, dtype=float)
            pixel = np.zeros(len(axes))
            pixel[-2:] = (row - 0.5, column - 0.5)
            center[-2:] = (place.linear @ pixel + place.shift)[-2:]  # in 3D the depth stays
            for coordinate in center:
                check_place(float(coordinate))
            camera.center = tuple(float(x) for x in center)

        return look_at

    def _auto_contrast(self) -> Callable[..., None]:
        def auto_contrast(layer: str) -> None:
            """Set the contrast limits of a layer to the least and the greatest value on the screen."""
            found = self._find(layer)
            raw = compat.drawn(found.layer) if found.is_picture else None
            if raw is None:
                found.layer.reset_contrast_limits()
                return
            low, high = _range(raw)
            if not high > low:
                raise ValueError("all pixels on the screen have the same value")
            found.layer.contrast_limits = (low, high)

        return auto_contrast

    def screenshot(self, canvas_only: bool = True) -> None:
        """Take a picture of the canvas, or of the whole window, and share it as the array "screenshot"."""
        self._taken(np.asarray(self._viewer.screenshot(canvas_only=canvas_only, flash=False)))


def _has_contrast(one: Tracked) -> bool:
    return not one.rgb and getattr(one.layer, "contrast_limits", None) is not None


def _range(raw: np.ndarray) -> tuple[float, float]:
    if raw.dtype.kind == "f":
        raw = raw[np.isfinite(raw)]
        if raw.size == 0:
            raise ValueError("no pixel on the screen has a finite value")
    return float(raw.min()), float(raw.max())
