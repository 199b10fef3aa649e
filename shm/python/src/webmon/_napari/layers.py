"""One layer of napari, as webmon shows it."""

from __future__ import annotations

import itertools
import math
import os
import weakref
from typing import Any, Callable

import numpy as np

from . import compat, geometry, looks, settings
from .chunks import Chunks, Grid, chunks_of, grid_of, numbered
from .geometry import Placement, View
from .loads import Loads
from .trouble import say_once

# How long a tile that was loaded again is marked.
RELOADED_SECONDS = 1.0

# What is said of a picture while the viewer shows three dimensions.
IN_3D = "napari shows its layers in 3D, where nothing is drawn in tiles."

_ids: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_numbers = itertools.count(1)

# What changes what. Names that a kind of layer or a version of napari lacks are passed over.
_DETAIL_EVENTS = (
    "name", "visible", "opacity", "blending", "gamma", "colormap", "contrast_limits",
    "contrast_limits_range", "units", "axis_labels", "locked_data_level", "scale", "translate",
    "loaded", "data", "properties", "features",
    "interpolation2d", "contour", "selected_label", "show_selected_label",
)  # fmt: skip
_TABLE_EVENTS = ("colormap", "colors", "color_mode")
_PLACE_EVENTS = ("scale", "translate", "rotate", "shear", "affine", "units")
_PICTURE_EVENTS = ("set_data", "labels_update", "paint", "loaded")


def id_of(layer: Any) -> str:
    """Return the layer's id: a small whole number as text, its own for as long as it lives."""
    found = _ids.get(layer)
    if found is None:
        found = _ids[layer] = str(next(_numbers))
    return found


class Tracked:
    """Follows one layer.

    touched(layer, what) is called when something changes: "details", "place", "picture",
    "data", "thumbnail", or "controls" for what its controls alone say. It may be called in any thread, and does next to nothing.
    """

    def __init__(
        self,
        viewer: Any,
        layer: Any,
        loads: Loads | None,
        touched: Callable[[Tracked, str], None],
    ) -> None:
        self.viewer = viewer
        self.layer = layer
        self.id = id_of(layer)
        self.kind = compat.kind(layer)
        self.is_picture = compat.is_picture(layer)
        self._touched = touched
        self._fixed: dict[str, Any] | None = None
        self._place: Placement | None = None
        self._matrix: tuple[Any, Any, Any] | None = None  # where the picture lies on the screen, and of what that is
        self._table: looks.Table | None = None
        self._table_of: Any = None  # the layer, as long as it is that of its colormap
        self._shapes: np.ndarray | None = None
        self._factors: np.ndarray | None = None
        self._screen_factors: list[list[float]] | None = None  # along the axes on the screen
        self._chunks: dict[int, Chunks | None] = {}
        self._connections: list[tuple[Any, Callable[..., None]]] = []
        for names, what, at_once in (
            (_DETAIL_EVENTS, "details", self._forget_details),
            (_TABLE_EVENTS, "details", self._forget_table),
            (_PLACE_EVENTS, "place", self.forget_place),
            (_PICTURE_EVENTS, "picture", None),
            (("data",), "data", self._forget_data),
            (("thumbnail",), "thumbnail", None),
        ):
            for name in names:
                emitter = getattr(layer.events, name, None)
                if emitter is not None:
                    self._connect(emitter, what, at_once)
        for emitter in settings.emitters(layer):
            self._connect(emitter, "controls", None)
        self.loads = loads

    def _connect(self, emitter: Any, what: str, at_once: Callable[[], None] | None) -> None:
        def heard(event: Any = None) -> None:
            if at_once is not None:
                at_once()
            self._touched(self, what)

        emitter.connect(heard)
        self._connections.append((emitter, heard))

    def close(self) -> None:
        """Let go of the layer."""
        compat.disconnect(self._connections)
        if self.loads is not None:
            self.loads.close()

    def _forget_details(self) -> None:
        self._fixed = None

    def _forget_table(self) -> None:
        self._fixed = self._table_of = None

    def forget_place(self) -> None:
        """Forget where the layer is: it has moved, or what is on the screen has."""
        self._place = self._screen_factors = None

    def _forget_data(self) -> None:
        self._fixed = self._place = self._shapes = self._factors = self._screen_factors = None
        self._chunks.clear()
        if self.loads is not None:
            self.loads.forget()

    # What is known of a picture.

    @property
    def place(self) -> Placement:
        """Where the layer lies."""
        if self._place is None:
            self._place = geometry.placement(self.viewer, self.layer)
        return self._place

    @property
    def shapes(self) -> np.ndarray:
        """Pixels of every level along every axis, colours left out."""
        if self._shapes is None:
            self._shapes = compat.level_shapes(self.layer)
        return self._shapes

    @property
    def factors(self) -> np.ndarray:
        """Level-0 pixels that a pixel of each level covers along each axis."""
        if self._factors is None:
            self._factors = self.shapes[0] / np.maximum(self.shapes, 1)
        return self._factors

    @property
    def level(self) -> int:
        """The level that napari has chosen."""
        return int(getattr(self.layer, "data_level", 0))

    @property
    def rgb(self) -> bool:
        """Whether the last axis of the data are colours."""
        return bool(getattr(self.layer, "rgb", False))

    def chunks(self, level: int) -> Chunks | None:
        """Return the chunks of a level's array, None if it has none."""
        if level not in self._chunks:
            self._chunks[level] = chunks_of(compat.level_data(self.layer, level))
        return self._chunks[level]

    def ideal_level(self, view: View) -> int:
        """Return the level that would fit the screen."""
        if self._screen_factors is None:
            self._screen_factors = self.factors[:, self.place.axes].tolist()
        return geometry.ideal_level(view, self.place, self._screen_factors)

    def grid(self, level: int) -> Grid:
        """Return the tiles of a level."""
        return grid_of(self.chunks(level), self.shapes[level], self.place.axes, whole=not getattr(self.layer, "multiscale", False))

    def shown(self, level: int, corners: Any) -> tuple[Any, Any] | None:
        """Return (first, last) pixel of the level that napari draws, both included, or None.

        corners is what the canvas shows of the layer.
        """
        axes, layer = self.place.axes, self.layer
        if not layer.visible or compat.drawn(layer) is None and getattr(layer, "loaded", True):
            return None
        if getattr(layer, "multiscale", False):
            found = np.asarray(layer.corner_pixels)[:, axes]
            return found[0].tolist(), found[1].tolist()
        # napari holds all of such an image, but not all is on the screen.
        if corners is None:
            return None
        (top, left), (bottom, right) = corners
        return (top, left), (math.ceil(bottom) - 1, math.ceil(right) - 1)

    def nothing(self) -> str | None:
        """Return why napari draws no pixels of the picture at all, as a sentence, None if it does draw some."""
        layer = self.layer
        if not layer.visible:
            return "The layer is hidden in napari."
        if 0 in self.shapes[0]:
            return f"The layer has no pixels: its shape is {' × '.join(map(str, self.shapes[0].tolist()))}."
        if compat.drawn(layer) is not None:
            return None
        outside = compat.outside(layer, self.viewer, self.shapes[0])
        if outside is not None:
            name, plane, planes = outside
            return f"The slider of axis {name} stands at plane {plane}, and the layer has the planes 0 to {planes - 1}: napari draws nothing of it there."
        if not getattr(layer, "loaded", True):
            return "napari is loading the layer."
        return "napari draws nothing of the layer at this place of the sliders."

    def note(self) -> str | None:
        """Return what people should know of how napari draws the picture, as a sentence, None for nothing."""
        return self.nothing() or (IN_3D if self.viewer.dims.ndisplay == 3 else None)

    # States.

    def details(self, view: View, selected: bool) -> dict[str, Any]:
        """Return the layer's entry of the state "layers"."""
        if self._fixed is None:
            self._fixed = self._details()
        found = dict(self._fixed, selected=selected, loaded=bool(getattr(self.layer, "loaded", True)))
        linked = compat.linked(self.layer)
        if linked:
            found["linked"] = sorted((id_of(layer) for layer in linked if layer in self.viewer.layers), key=int)
        if self.is_picture:
            found["picture"] = dict(found.get("picture", {}), matrix=self.matrix(view))
        if self.is_picture and self.loads is not None:
            layer, level = self.layer, self.level
            found["level"] = level
            found["ideal_level"] = self.ideal_level(view)
            found["locked_level"] = getattr(layer, "locked_data_level", None)
            found["corners"] = np.asarray(layer.corner_pixels).tolist()
            chunks = self.chunks(level)
            found["chunk"] = None if chunks is None else chunks.shape
            found["chunk_stated"] = chunks is None
            found["loads"] = self.loads.count
            found["load_bytes"] = self.loads.nbytes
            found["reloads"] = self.loads.reloads
            found["loads_how"] = self.loads.how
            found["loads_since"] = self.loads.since
        return found

    def matrix(self, view: View) -> list[list[float]] | None:
        """Return where the picture lies on the screen (looks.matrix_of)."""
        place, ways = self.place, (view.right, view.down)
        if self._matrix is None or self._matrix[0] is not place or self._matrix[1] != ways:
            self._matrix = place, ways, looks.matrix_of(place, view)
        found: list[list[float]] | None = self._matrix[2]
        return found

    @property
    def table(self) -> looks.Table | None:
        """The colours of the picture."""
        if self._table_of is not self.layer:
            self._table, self._table_of = looks.table_of(self.layer, self.rgb), self.layer
        return self._table

    def _details(self) -> dict[str, Any]:
        layer = self.layer
        found: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "name": str(layer.name),
            "visible": bool(layer.visible),
            "opacity": float(layer.opacity),
            "blending": str(layer.blending),
            "ndim": int(layer.ndim),
            "scale": [float(x) for x in layer.scale],
            "translate": [float(x) for x in layer.translate],
            "units": compat.text_units(layer),
            "axes": [str(name) for name in getattr(layer, "axis_labels", ())] or None,
            "path": _path(layer),
        }
        for name, key in (("contrast_limits", "contrast_limits"), ("contrast_limits_range", "contrast_range")):
            limits = getattr(layer, name, None)
            if limits is not None and not self.rgb:
                found[key] = [float(x) for x in limits]
        if not self.rgb:
            gamma = getattr(layer, "gamma", None)
            if gamma is not None:
                found["gamma"] = float(gamma)
            colormap = colormap_name(layer)
            if colormap is not None:
                found["colormap"] = colormap
        if self.is_picture:
            found["picture"] = looks.plain_facts(layer, self.kind, self.table)
        try:
            found.update(self._shape_of_data())
        except Exception:
            say_once("shape of " + self.kind, "the shape of a %s layer could not be told", self.kind, error=True)
        return found

    def _shape_of_data(self) -> dict[str, Any]:
        layer = self.layer
        if self.is_picture:
            dtype = np.dtype(layer.dtype)
            shape = [int(n) for n in compat.level_data(layer, 0).shape]
            return {
                "shape": shape,
                "dtype": dtype.str if dtype.names is None else str(dtype),
                "rgb": self.rgb,
                "multiscale": bool(getattr(layer, "multiscale", False)),
                "levels": self.shapes.tolist(),
                "nbytes": math.prod(shape) * dtype.itemsize,
            }
        data = layer.data
        if self.kind == "surface":
            data = data[0]  # the vertices
        if isinstance(data, list):  # shapes: a list of arrays of their own lengths
            return {"shape": [len(data)], "nbytes": sum(int(np.asarray(d).nbytes) for d in data[:10000])}
        array = np.asarray(data)
        return {"shape": list(array.shape), "dtype": array.dtype.str, "nbytes": int(array.nbytes)}

    def poll(self, view: View) -> tuple[dict[str, Any], Any, float | None]:
        """Return the layer's entry of "poll", what it depends on, and when it changes by itself.

        The second value compares equal as long as the entry does not change.
        """
        place, level = self.place, self.level
        name, note = str(self.layer.name), self.note()
        if len(place.axes) != 2 or self.loads is None or 0 in self.shapes[0]:
            return {"name": name, "note": note}, (name, note), None
        corners = geometry.corners(view, place)
        grid = self.grid(level)
        shown = self.shown(level, corners)
        span = None
        if shown is not None:
            grid = grid.grouped(*shown)
            span = grid.within(*shown)
        loading = self._loading(grid, level, span)
        again, until = self.loads.reloaded(level, RELOADED_SECONDS)
        marked = sorted(again) if grid.chunked else []
        ideal = self.ideal_level(view)
        key = (
            level, ideal, grid, span, loading, tuple(marked), self.loads.reloads,
            None if corners is None else (*corners[0], *corners[1]), name, note, self.shapes.tobytes(),
        )  # fmt: skip
        base, image = self.shapes[0][place.axes], self.shapes[level][place.axes]
        entry: dict[str, Any] = {
            "name": name,
            "note": note,
            "tile_config": {
                "name": name,
                "base_shape": [int(n) for n in base],
                "image_shape": [int(n) for n in image],
                "shape_in_tiles": list(grid.tiles),
                "tile_size": int(max(grid.tile)),
                "tile_shape": list(grid.tile),
                "level_index": level,
                "ideal_level": ideal,
                "levels": self.shapes[:, place.axes].tolist(),
                "stated": grid.stated,
                "reloads": self.loads.reloads,
            }
        }
        if shown is not None or self.layer.visible and corners is not None:
            entry["tile_state"] = {
                "seen": numbered(span),
                "corners": None if corners is None else np.asarray(corners, dtype=float),
                "loading": _pairs(loading),
                "reloaded": _pairs(marked),
            }
        return entry, key, until

    def _loading(
        self, grid: Grid, level: int, span: tuple[int, int, int, int] | None
    ) -> tuple[tuple[int, int], ...]:
        """Return the tiles that are asked for and have not come."""
        if span is None or getattr(self.layer, "loaded", True):
            return ()
        have = None
        came = self.loads.region if self.loads is not None else None
        if came is not None and came[0] == level and len(came[1].first) == 2:
            have = grid.within(came[1].first, came[1].last)
        top, left, bottom, right = span
        return tuple(
            (row, column)
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
            if have is None or not (have[0] <= row <= have[2] and have[1] <= column <= have[3])
        )


def _pairs(tiles: Any) -> np.ndarray:
    return np.array(tiles, dtype=np.int64, order="F") if tiles else numbered(None)


def colormap_name(layer: Any) -> str | None:
    """Return the name of the colormap that people may choose for the layer, None if it has no such."""
    if compat.kind(layer) == "labels":
        return None
    colormap = getattr(layer, "colormap", None)
    if isinstance(colormap, str):
        return colormap
    name = getattr(colormap, "name", None)
    return None if name is None else str(name)


def _path(layer: Any) -> str | None:
    path = getattr(getattr(layer, "source", None), "path", None)
    return None if not path else os.fspath(path)
