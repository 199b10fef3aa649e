"""The layers as volumes, which people fly through in the browser.

Nothing is read of a layer's data until somebody looks, and then by the package's own threads, straight from the arrays that the
layer was given: never by napari's slicing, and never in Qt's thread.

All layers of a viewer lie in one space. napari puts the middle of a pixel where the transforms say that the pixel is; webmon says
where its outer corner is. So that the pixels of the finest layers begin at whole multiples of their size, everything is moved by
half of such a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._shapes import Geometry, geometry, points_of, polylines, surface, tracks
from .._volume import BLENDINGS
from . import compat
from .layers import Tracked, colormap_name
from .trouble import missing, say_once

_PLAIN = ("x", "y", "z", "t")  # axes that nobody has named, from the last on
_KINDS = {"points": "points", "vectors": "lines", "shapes": "lines", "tracks": "tracks", "surface": "surface"}
_ROUND = 64  # corners of an ellipse
_OPEN = ("line", "path")  # shapes that do not end where they begin


def name_of(tracked: Tracked) -> str:
    """Return the name of a layer's volume."""
    return f"layer.{tracked.id}"


def matrix(layer: Any) -> np.ndarray:
    """Return what leads from the layer's data to napari's world: axes x (axes + 1)."""
    ndim = int(layer.ndim)
    origin = np.asarray(layer.data_to_world((0.0,) * ndim), dtype=float)[-ndim:]
    columns = [np.asarray(layer.data_to_world(row), dtype=float)[-ndim:] - origin for row in np.eye(ndim)]
    return np.column_stack([*columns, origin])


def shift(layers: Iterable[Any], ndim: int) -> np.ndarray:
    """Return half the size of the smallest pixels of all layers along each of the viewer's axes, in each axis' first unit."""
    least = np.full(ndim, np.inf)
    units: list[Any] = [None] * ndim
    for layer in layers:
        try:
            sizes = np.linalg.norm(matrix(layer)[:, :-1], axis=0)
        except Exception:
            say_once("matrix", "the place of the layer %r could not be told", layer, error=True)
            continue
        for axis in range(1, min(len(sizes), ndim) + 1):
            unit = _unit(layer, -axis)
            if units[-axis] is None:
                units[-axis] = unit
            least[-axis] = min(least[-axis], sizes[-axis] * _factor(unit, units[-axis]))
    return np.where(np.isfinite(least), least, 0) / 2


def _unit(layer: Any, axis: int) -> Any:
    units = getattr(layer, "units", None)
    return None if units is None else units[axis]


def _factor(unit: Any, into: Any) -> float:
    """Return how many of one unit another is; 1 where that makes no sense."""
    if unit is None or into is None or unit == into:
        return 1.0
    try:
        return float((1 * unit).to(into).magnitude)
    except Exception:
        return 1.0


def first_units(layers: Iterable[Any], ndim: int) -> list[Any]:
    """Return the unit of each of a viewer's axes in which the shift is: that of the first layer that has the axis."""
    found: list[Any] = [None] * ndim
    for layer in layers:
        for axis in range(1, min(int(layer.ndim), ndim) + 1):
            if found[-axis] is None:
                found[-axis] = _unit(layer, -axis)
    return found


def in_world(viewer: Any, moved: np.ndarray, units: Any) -> list[float]:
    """Return the shift of each axis in the units of the viewer's world: with it napari's coordinates are those of the volumes."""
    ndim = int(viewer.dims.ndim)
    into = [None] * ndim if units is None else [None] * (ndim - len(units)) + list(units)[-ndim:]
    return [float(by) * _factor(unit, to) for by, unit, to in zip(moved, first_units(viewer.layers, ndim), into)]


def axes_of(viewer: Any, ndim: int) -> list[str]:
    """Return the names of the last axes of a viewer."""
    labels = [str(name) for name in viewer.dims.axis_labels][-ndim:]
    labels = [""] * (ndim - len(labels)) + labels
    names: list[str] = []
    for place, label in enumerate(labels):
        back = ndim - place
        # napari calls axes "-2" and "-1", or "0" and "1", that nobody has named.
        plain = not label or label.lstrip("-").isdigit() or label in names or len(label) > 40
        names.append((_PLAIN[back - 1] if back <= len(_PLAIN) else f"axis{back}") if plain else label)
    return names if len(set(names)) == ndim else [_PLAIN[n - 1] if n <= len(_PLAIN) else f"axis{n}" for n in range(ndim, 0, -1)]


class LayerVolume:
    """The volume layer.<id> of one layer."""

    def __init__(self, process: Any, tracked: Tracked, moved: Callable[[], np.ndarray]) -> None:
        self._process = process
        self._tracked = tracked
        self._moved = moved  # returns the shift
        self._volume: Any = None
        self._fixed: Any = None  # what another volume is made for when it changes
        self._data: Any = None  # that the volume reads
        self._seen: Any = None  # where the slice was when it was set last
        self._connections: list[tuple[Any, Callable[..., None]]] = []
        for name, heard in (("data", self._new_data), ("labels_update", self._painted), ("paint", self._painted), ("set_data", self._sliced)):
            emitter = getattr(tracked.layer.events, name, None)
            if emitter is not None:
                emitter.connect(heard)
                self._connections.append((emitter, heard))

    def update(self) -> None:
        """Declare what the layer is now."""
        layer = self._tracked.layer
        if not self._tracked.is_picture and self._tracked.kind not in _KINDS:
            return
        facts = self._facts()
        fixed = (self._tracked.kind, tuple(facts["axes"]), self._signed())
        if self._volume is None or fixed != self._fixed:
            self._volume = None
            self._data = layer.data
            self._volume = self._process._volume(name_of(self._tracked), **self._made_of(), **facts, layer=self._tracked.id)
            self._fixed = fixed
            return
        if self._tracked.is_picture and layer.data is not self._data:
            self._data = layer.data
            self._volume.replace(self._levels())
        axes = facts.pop("axes")
        for key in ("channels", "rgb"):
            facts.pop(key, None)
        self._volume._restate(list(axes), **facts)

    def close(self) -> None:
        """Take the volume back."""
        compat.disconnect(self._connections)
        if self._volume is not None:
            self._volume.close()
            self._volume = None

    # What is said by napari: the version is raised at once, and the rest is worked out by update.

    def _changed(self, region: Any = None) -> None:
        if self._volume is not None:
            try:
                self._volume.changed(region)
            except (TypeError, ValueError):
                self._volume.changed()

    def _new_data(self, event: Any = None) -> None:
        if not self._tracked.is_picture or self._tracked.layer.data is self._data:
            self._changed()

    def _painted(self, event: Any = None) -> None:
        self._changed(_painted_region(event))

    def _sliced(self, event: Any = None) -> None:
        """Take it for a change of the data that the slice was set again where nothing has moved."""
        seen = self._at()
        if seen == self._seen and seen is not None:
            self._changed()
        self._seen = seen

    def _at(self) -> Any:
        layer = self._tracked.layer
        found = getattr(layer, "_slice_input", None)
        if found is None:
            missing("Layer._slice_input", "data that are written to in place are not noticed")
            return None
        corners = getattr(layer, "corner_pixels", None)
        return repr(found), getattr(layer, "data_level", 0), None if corners is None else np.asarray(corners).tobytes()

    # What is declared.

    def _levels(self) -> Any:
        layer = self._tracked.layer
        return list(layer.data) if getattr(layer, "multiscale", False) else layer.data

    def _signed(self) -> Any:
        """Return what makes it another volume."""
        layer = self._tracked.layer
        if not self._tracked.is_picture:
            return int(layer.ndim), self._rank()
        levels = list(layer.data) if getattr(layer, "multiscale", False) else [layer.data]
        return tuple(tuple(int(n) for n in level.shape) for level in levels), str(layer.dtype), self._tracked.rgb

    def _rank(self) -> int:
        layer = self._tracked.layer
        return int(layer.data[0].shape[1]) if self._tracked.kind == "surface" else int(layer.ndim)

    def _made_of(self) -> dict[str, Any]:
        layer, kind = self._tracked.layer, self._tracked.kind
        if kind == "image":
            return {"data": self._levels()}
        if kind == "labels":
            made = {"data": self._levels(), "kind": "labels"}
            if len(getattr(layer, "features", ())):
                made["properties"] = lambda: layer.features.set_index("index") if "index" in layer.features else layer.features
            return made
        make = _MAKERS[kind]
        return {_KINDS[kind]: lambda: make(layer)}

    def _facts(self) -> dict[str, Any]:
        """Return what can change: what is said of the volume."""
        tracked, layer, viewer = self._tracked, self._tracked.layer, self._tracked.viewer
        rank = self._rank()
        names = axes_of(viewer, rank)
        placed = matrix(layer)[-rank:][:, [*range(int(layer.ndim) - rank, int(layer.ndim)), int(layer.ndim)]]
        units = compat.text_units(layer)
        # From the middle of the first pixel to its corner, and by the shift.
        moved = self._moved()[-rank:] if rank else np.zeros(0)
        moved = np.concatenate([np.zeros(rank - len(moved)), moved])
        factors = [_factor(first, _unit(layer, axis - rank)) for axis, first in enumerate(first_units(self._tracked.viewer.layers, rank))]
        placed[:, -1] += moved * factors - placed[:, :-1] @ np.full(rank, 0.5)
        facts: dict[str, Any] = {"axes": names, "scale": None, "corner": None, "matrix": None}
        facts["units"] = None if units is None else ["" if unit in ("pixel", "dimensionless", "") else unit for unit in units[-rank:]]
        diagonal = placed.diagonal().copy()
        straight = bool(np.isfinite(placed).all() and (diagonal > 0).all() and np.array_equal(placed[:, :-1], np.diag(diagonal)))
        if tracked.is_picture and tracked.rgb:
            names.append("rgb" if "c" in names else "c")
            facts["rgb"] = True
            if facts["units"] is not None:
                facts["units"].append("")
        if straight:
            extra = len(names) - rank
            facts["scale"] = [*diagonal.tolist(), *[1.0] * extra]
            facts["corner"] = [*placed[:, -1].tolist(), *[0.0] * extra]
        else:
            whole = np.eye(len(names), len(names) + 1)
            whole[:rank, :rank], whole[:rank, -1] = placed[:, :-1], placed[:, -1]
            facts["matrix"] = whole
        limits = getattr(layer, "contrast_limits", None) if tracked.kind == "image" and not tracked.rgb else None
        blending = str(getattr(layer, "blending", ""))
        facts.update(
            title=str(layer.name),
            limits=None if limits is None or not all(map(math.isfinite, limits)) else (float(limits[0]), float(limits[1])),
            colormap=None if tracked.kind != "image" or tracked.rgb else colormap_name(layer),
            blending=blending if blending in BLENDINGS else None,
            opacity=min(max(float(layer.opacity), 0.0), 1.0),
            hidden=not layer.visible,
        )
        return facts


def _painted_region(event: Any) -> Any:
    """Return the box of what was painted, None for anywhere."""
    try:
        starts, ends = [], []
        for indices, *_ in event.value:
            starts.append([int(np.min(at)) for at in indices])
            ends.append([int(np.max(at)) + 1 for at in indices])
        return tuple(slice(a, b) for a, b in zip(np.min(starts, axis=0), np.max(ends, axis=0)))
    except Exception:
        return None


# Geometries of layers, read in the package's threads. napari's pixel i has its middle at i, and webmon's goes from i to i + 1.


def _features(layer: Any, n: int) -> dict[str, Any]:
    """Return the numbers that people have given to each item."""
    found: dict[str, Any] = {}
    table = getattr(layer, "features", None)
    if table is None:
        return found
    for name in table.columns:
        values = np.asarray(table[name])
        if values.dtype.kind in "biuf" and values.shape == (n,):
            found[str(name)] = values
    return found


def _points(layer: Any) -> Geometry:
    data = np.array(layer.data, dtype=np.float32)
    found = _features(layer, len(data))
    size = np.asarray(getattr(layer, "size", ()))
    if size.shape == (len(data),):
        found.setdefault("size", size)
    colour = np.asarray(getattr(layer, "face_color", ()))
    if colour.shape == (len(data), 4):
        found.setdefault("color", np.clip(np.rint(colour * 255), 0, 255).astype(np.uint8))
    return points_of(data + 0.5, found)


def _vectors(layer: Any) -> Geometry:
    data = np.asarray(layer.data, dtype=np.float32)
    length = float(getattr(layer, "length", 1))
    ends = np.stack([data[:, 0], data[:, 0] + data[:, 1] * length], axis=1).reshape(-1, data.shape[2]) + 0.5
    found = {key: np.repeat(value, 2) for key, value in _features(layer, len(data)).items()}
    return geometry(ends, np.arange(len(ends)).reshape(-1, 2), None, found)


def _shapes(layer: Any) -> Geometry:
    lines = []
    for shape, kind in zip(list(layer.data), list(layer.shape_type)):
        corners = np.asarray(shape, dtype=np.float32)
        if kind == "ellipse" and len(corners) == 4:
            turn = np.linspace(0, 2 * np.pi, _ROUND + 1)[:, None]
            across, down = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
            corners = corners.mean(axis=0) + across * np.cos(turn) + down * np.sin(turn)
        elif kind not in _OPEN:
            corners = np.concatenate([corners, corners[:1]])
        lines.append(corners + 0.5)
    number = np.concatenate([np.full(len(line), i, np.uint32) for i, line in enumerate(lines)]) if lines else np.zeros(0, np.uint32)
    return polylines(lines, {"shape": number}, int(layer.ndim))


def _tracks(layer: Any) -> Geometry:
    data = np.array(layer.data, dtype=np.float64)
    data[:, 1:] += 0.5
    return tracks(data, _features(layer, len(data)))


def _surface(layer: Any) -> Geometry:
    vertices, faces, *values = layer.data
    vertices = np.asarray(vertices, dtype=np.float32) + 0.5
    found = {"value": values[0]} if values and np.shape(values[0]) == (len(vertices),) else None
    return surface((vertices, faces, found) if found else (vertices, faces))


_MAKERS: dict[str, Callable[[Any], Geometry]] = {
    "points": _points,
    "vectors": _vectors,
    "shapes": _shapes,
    "tracks": _tracks,
    "surface": _surface,
}
