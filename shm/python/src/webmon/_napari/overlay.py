"""The borders of the tiles, drawn over napari's canvas."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import compat
from .geometry import View, corners
from .layers import Tracked

_COLOUR = (0.2, 1.0, 0.9, 0.7)
_MOST_LINES = 4000  # more would be a coloured area


class TileGrid:
    """Draws the tiles of the selected pictures; of the uppermost visible one if none is selected."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self.shown = False
        self._lines: Any = None
        self._key: Any = None

    def set(self, shown: bool) -> None:
        """Switch it on or off. Raises ValueError where napari's canvas is not as expected."""
        if shown and compat.canvas(self._viewer) is None:
            raise ValueError("this napari has no canvas to draw on")
        self.shown = shown
        if not shown:
            self.remove()

    def update(self, tracked: dict[Any, Tracked], view: View) -> None:
        """Follow the levels and the layers."""
        if not self.shown:
            return
        parts, key, parent = [], [], None
        for one in self._chosen(tracked):
            lines, place = _lines(one, view)
            visual = compat.visual(self._viewer, one.layer)
            if lines is None or visual is None:
                continue
            parent = visual.node.parent if parent is None else parent
            parts.append(lines)
            key.append((one.id, place))
        if (key, parent) == self._key:
            return
        self._key = (key, parent)
        if not parts or parent is None:
            self.remove(keep_key=True)
            return
        points = np.concatenate(parts)
        if self._lines is None:
            from vispy.scene.visuals import Line

            self._lines = Line(pos=points, color=_COLOUR, connect="segments", method="gl", parent=parent)
            self._lines.set_gl_state("translucent", depth_test=False)
            self._lines.order = 1_000_000  # above all layers
            self._lines.interactive = False
        else:
            if self._lines.parent is not parent:
                self._lines.parent = parent
            self._lines.set_data(pos=points)

    def remove(self, keep_key: bool = False) -> None:
        """Take the lines off the canvas."""
        if not keep_key:
            self._key = None
        if self._lines is not None:
            self._lines.parent = None
            self._lines = None
            native = getattr(compat.canvas(self._viewer), "native", None)
            if native is not None:
                native.update()

    def _chosen(self, tracked: dict[Any, Tracked]) -> list[Tracked]:
        viewer = self._viewer
        if viewer.dims.ndisplay != 2:
            return []
        visible = [tracked[layer] for layer in viewer.layers if layer in tracked and layer.visible]
        pictures = [one for one in visible if one.is_picture]
        chosen = [one for one in pictures if one.layer in viewer.layers.selection]
        return chosen or pictures[-1:]


def _lines(one: Tracked, view: View) -> tuple[np.ndarray | None, Any]:
    """Return the ends of the lines, (2 N, 2) as (x, y) in napari's scene, and what they depend on."""
    place, level = one.place, one.level
    region = corners(view, place)
    if region is None:
        return None, None
    factors = one.factors[level][place.axes]
    first, last = np.asarray(region) / factors
    # A margin, so that not each move of the camera needs new lines.
    margin = (last - first) / 2
    grid = one.grid(level).grouped(first - margin, last + margin)
    span = grid.within(first - margin, last + margin)
    if span is None or span[2] - span[0] + span[3] - span[1] > _MOST_LINES:
        return None, None
    # Whole tiles: the lines stay the same until another tile comes into sight.
    top, left, bottom, right = span
    image = np.asarray(grid.image)
    rows = np.minimum(np.arange(top, bottom + 2) * grid.tile[0], image[0]) * factors[0]
    columns = np.minimum(np.arange(left, right + 2) * grid.tile[1], image[1]) * factors[1]
    ends = np.empty((2 * (len(rows) + len(columns)), 2))
    across = ends[: 2 * len(rows)]
    across[0::2, 0] = across[1::2, 0] = rows
    across[0::2, 1], across[1::2, 1] = columns[0], columns[-1]
    down = ends[2 * len(rows) :]
    down[0::2, 1] = down[1::2, 1] = columns
    down[0::2, 0], down[1::2, 0] = rows[0], rows[-1]
    key = (level, span, grid, place.linear.tobytes(), place.shift.tobytes())
    return place.to_world(ends)[:, ::-1].astype(np.float32), key
