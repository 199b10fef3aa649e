"""The states of the viewer as a whole: camera, dims, cursor, histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import compat, volumes
from .geometry import View
from .layers import Tracked

# A histogram counts no more pixels than this of a slice, evenly spread.
_SAMPLE = 1 << 16
_BINS = 256
_MOST_STATUS = 1000  # letters


def camera(viewer: Any, view: View) -> dict[str, Any]:
    """Return the state "camera"."""
    found = compat.camera(viewer)
    return {
        "center": [float(x) for x in found.center],
        "zoom": view.zoom,
        "angles": [float(x) for x in found.angles],
        "perspective": float(found.perspective),
        "canvas": [round(n) for n in view.size],
        "right": list(view.right),
        "down": list(view.down),
        "background": compat.background(viewer),
    }


def dims(viewer: Any, moved: np.ndarray) -> dict[str, Any]:
    """Return the state "dims"; moved is the shift of the volumes."""
    found = viewer.dims
    ndim = int(found.ndim)
    units = compat.world_units(viewer)
    return {
        "ndim": int(found.ndim),
        "ndisplay": int(found.ndisplay),
        "order": [int(axis) for axis in found.order],
        "axis_labels": [str(label) for label in found.axis_labels],
        "current_step": [int(step) for step in found.current_step],
        "nsteps": [int(n) for n in found.nsteps],
        "point": [float(x) for x in found.point],
        "displayed": [int(axis) for axis in found.displayed],
        "playing": compat.playing(viewer),
        "unit": unit_on_screen(viewer, units),
        "range": [[float(x) for x in limits] for limits in found.range],
        # How the volumes of the layers lie in napari's world.
        "axes": volumes.axes_of(viewer, ndim),
        "units": None if units is None else [""] * (ndim - len(units)) + [compat.text_of_unit(unit) for unit in units][-ndim:],
        "shift": volumes.in_world(viewer, moved, units),
    }


def unit_on_screen(viewer: Any, units: Any) -> str | None:
    """Return the unit of the axes on the screen, of the units of the world; None if they have several or none is known."""
    try:
        found = {compat.text_of_unit(units[axis - viewer.dims.ndim]) for axis in viewer.dims.displayed}
    except (TypeError, IndexError):
        return None
    return found.pop() if len(found) == 1 else None


def cursor(viewer: Any, tracked: dict[Any, Tracked]) -> dict[str, Any]:
    """Return the state "cursor": where it is in world coordinates, and the pixel below it.

    The pixel is one of the active layer; without an active one, of the uppermost
    picture that is visible. It is looked up in the slice that napari holds.
    """
    position = [float(x) for x in viewer.cursor.position]
    layer = _under_cursor(viewer)
    value: Any = None
    if layer is not None:
        value = _value(
            layer.get_value(
                viewer.cursor.position,
                view_direction=getattr(viewer.cursor, "_view_direction", None),
                dims_displayed=list(viewer.dims.displayed),
                world=True,
            )
        )
    return {"position": position, "value": value, "layer": None if layer is None else tracked[layer].id, "status": status(viewer)}


def status(viewer: Any) -> str:
    """Return what napari's status bar says."""
    said = viewer.status
    if isinstance(said, dict):
        said = " ".join(str(said[key]) for key in ("layer_base", "coordinates") if said.get(key))
    return str(said)[:_MOST_STATUS]


def canvas(viewer: Any, tracked: dict[Any, Tracked], why: str | None) -> dict[str, Any]:
    """Return the state "canvas"; why is a sentence on why there is no picture of it."""
    rows, columns = compat.canvas_size(viewer) if compat.native(viewer) is not None else (0, 0)
    active = viewer.layers.selection.active
    one = tracked.get(active)
    mode = getattr(active, "mode", None)
    return {
        "size": [round(rows), round(columns)],
        "ratio": compat.pixel_ratio(viewer),
        "ndisplay": int(viewer.dims.ndisplay),
        "grid": bool(getattr(compat.grid(viewer), "enabled", False)),
        "layer": None if one is None else one.id,
        "mode": None if one is None or mode is None else str(mode),
        "why": why,
    }


def _under_cursor(viewer: Any) -> Any:
    active = viewer.layers.selection.active
    if active is not None:
        # Looking up a shape or a point can take long; napari does it in a thread of its own.
        return active if compat.is_picture(active) else None
    for layer in reversed(viewer.layers):
        if layer.visible and compat.is_picture(layer):
            return layer
    return None


def _value(value: Any) -> Any:
    if isinstance(value, tuple):  # of a multiscale layer: (level, value)
        value = value[-1]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    array = np.asarray(value)
    if array.ndim == 0 and array.dtype.kind in "biuf":
        return array.item()
    return "(" + ", ".join(f"{x:g}" if array.dtype.kind == "f" else str(x) for x in array.ravel()[:8].tolist()) + ")"


def histogram(tracked: Tracked) -> dict[str, Any] | None:
    """Return the histogram of the slice of an image over its contrast range, or None."""
    layer = tracked.layer
    if tracked.kind != "image" or tracked.rgb or not layer.visible:
        return None
    raw = compat.drawn(layer)
    if raw is None or raw.size == 0 or raw.dtype.kind not in "biuf":
        return None
    low, high = compat.contrast_range(layer)
    if not high > low:
        return None
    # Every n-th pixel along each axis, so that the sample has the picture's shape.
    step = max(1, int(np.ceil((raw.size / _SAMPLE) ** (1 / raw.ndim))))
    sample = raw[(slice(None, None, step),) * raw.ndim].ravel()
    # Work out the bins by hand: np.histogram takes several times as long.
    with np.errstate(over="ignore", invalid="ignore"):  # of values far beyond the range
        scaled = (sample.astype(np.float64) - low) / (high - low) * _BINS
    if raw.dtype.kind == "f":
        scaled = scaled[np.isfinite(scaled)]
    inside = scaled[(scaled >= 0) & (scaled <= _BINS)].astype(np.int64)
    counts = np.bincount(np.minimum(inside, _BINS - 1), minlength=_BINS)
    found: dict[str, Any] = {"low": low, "high": high, "counts": counts.tolist()}
    values = sample[np.isfinite(sample)] if raw.dtype.kind == "f" else sample
    if values.size:
        # Exactly: the middle of a bin is no value of a picture that is 0 all over.
        found.update(least=float(values.min()), greatest=float(values.max()), whole=raw.dtype.kind != "f")
    return found
