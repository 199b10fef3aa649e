"""Where a layer lies on the screen.

Places in a layer are (row, column) in pixels of level 0, counted from the outer
corner of the first pixel: that pixel spans 0 to 1. napari counts from the middle
of the pixel, where its world coordinates are, so 0.5 lies between the two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import compat

# How much larger than a pixel of the screen a pixel of a level may be and still
# fit: napari rounds the view to whole pixels, which moves the limit a little.
_TOLERANCE = 1.01


class Placement(NamedTuple):
    """How a layer's axes on the screen map to napari's world, also on the screen."""

    axes: list[int]  # the layer's axes on the screen, rows before columns
    linear: np.ndarray  # (n, n): world = linear @ data + shift, data counted from pixels' middles
    shift: np.ndarray  # (n,)
    inverse: list[list[float]] | None  # of linear, None where a layer is flat
    pixel: list[float]  # length of a level-0 pixel along each axis, in world units

    def to_world(self, places: Any) -> np.ndarray:
        """Map (N, 2) places in the layer to world coordinates of the axes on the screen."""
        world: np.ndarray = (np.asarray(places, dtype=float) - 0.5) @ self.linear.T + self.shift
        return world


def placement(viewer: Any, layer: Any) -> Placement:
    """Return where the layer lies. Evaluating napari's transforms takes a while: keep the result."""
    axes = compat.displayed(layer, viewer)
    transform = getattr(layer, "data_to_world", None) or layer._data_to_world
    origin = np.zeros(layer.ndim)
    start = np.asarray(transform(origin), dtype=float)[-layer.ndim :]
    linear = np.empty((len(axes), len(axes)))
    for column, axis in enumerate(axes):
        unit = origin.copy()
        unit[axis] = 1
        end = np.asarray(transform(unit), dtype=float)[-layer.ndim :]
        linear[:, column] = (end - start)[axes]
    shift = start[axes]
    stretch = compat.unit_scale(viewer, layer)
    if stretch is not None:
        linear = linear * stretch[axes][:, None]
        shift = shift * stretch[axes]
    try:
        inverse: list[list[float]] | None = np.linalg.inv(linear).tolist()
    except np.linalg.LinAlgError:
        inverse = None
    return Placement(axes, linear, shift, inverse, np.sqrt((linear**2).sum(axis=0)).tolist())


class View(NamedTuple):
    """What the camera shows."""

    center: tuple[float, ...]  # world coordinates of the axes on the screen
    zoom: float  # napari's pixels a world unit
    size: tuple[float, float]  # rows, columns, in napari's pixels
    ratio: float  # pixels of the screen a pixel of napari's
    right: tuple[float, ...] = ()  # the directions on the canvas, a number for each of these axes
    down: tuple[float, ...] = ()


def view(viewer: Any) -> View:
    """Return what the camera shows now."""
    camera = compat.camera(viewer)
    shown = int(viewer.dims.ndisplay)
    right, down = compat.screen(viewer)
    return View(
        tuple(float(x) for x in camera.center[-shown:]),
        float(camera.zoom),
        compat.view_size(viewer),
        compat.pixel_ratio(viewer),
        tuple(right),
        tuple(down),
    )


def corners(view: View, place: Placement) -> list[list[float]] | None:
    """Return [[row, column], [row, column]], the part of the layer that the canvas shows.

    It is the smallest such rectangle, and may lie outside the image. None in 3D.
    """
    if len(view.center) != 2 or len(place.axes) != 2 or place.inverse is None or not view.zoom > 0:
        return None
    # By hand: this is done in every frame, and NumPy takes longer for four numbers.
    (a, b), (c, d) = place.inverse
    y, x = view.center[0] - float(place.shift[0]), view.center[1] - float(place.shift[1])
    dy, dx = view.size[0] / view.zoom / 2, view.size[1] / view.zoom / 2
    row, column = a * y + b * x + 0.5, c * y + d * x + 0.5
    down, right = abs(a) * dy + abs(b) * dx, abs(c) * dy + abs(d) * dx
    return [[row - down, column - right], [row + down, column + right]]


def ideal_level(view: View, place: Placement, factors: list[list[float]]) -> int:
    """Return the level whose pixels fit the pixels of the screen.

    That is the coarsest level whose pixels are not larger than a pixel of the
    screen, along every axis on the screen that the levels divide; level 0 if all
    are larger. factors are level-0 pixels a pixel, of each level along each axis on the screen.

    napari chooses by the size of the view in pixels of the canvas instead, and so
    takes a coarser level on a screen with a high resolution, for a layer that is
    turned, or for one that is locked; in 3D it always takes the coarsest.
    """
    scale = view.zoom * view.ratio
    # Pixels of the screen a level-0 pixel, along each axis that the levels divide.
    on_screen = [(axis, scale * size) for axis, size in enumerate(place.pixel) if any(level[axis] > 1 for level in factors)]
    if not on_screen:
        return 0
    for level in range(len(factors) - 1, 0, -1):
        if all(factors[level][axis] * size <= _TOLERANCE for axis, size in on_screen):
            return level
    return 0
