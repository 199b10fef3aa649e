"""The parts of napari that are private or moved, in one place.

napari from 0.5 on is meant. What a version does not have is looked for, never
assumed: the callers do without it and say so once in the log.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from typing import Any, Callable

import numpy as np

from .trouble import missing

# The kinds of layer that are pictures: they have levels, tiles and a slice.
PICTURES = ("image", "labels")

# Beyond this a contrast limit has no room on either side.
_FAR = 1e300


def version() -> str:
    """Return napari's version."""
    import napari

    return str(napari.__version__)


def qt_viewer(viewer: Any) -> Any:
    """Return the Qt widget of a viewer, or None if the viewer has no window (any more)."""
    try:
        return viewer.window._qt_viewer
    except (AttributeError, RuntimeError):
        return None


def qt_window(viewer: Any) -> Any:
    """Return the QMainWindow of a viewer, or None."""
    try:
        return viewer.window._qt_window
    except (AttributeError, RuntimeError):
        return None


def canvas(viewer: Any) -> Any:
    """Return what draws the viewer with vispy, or None."""
    return getattr(qt_viewer(viewer), "canvas", None)


def native(viewer: Any) -> Any:
    """Return the Qt widget that the viewer is drawn in, or None."""
    try:
        found: Any = getattr(canvas(viewer), "native", None)
        if found is not None:
            found.objectName()  # Qt's own may be gone already
        return found
    except (AttributeError, RuntimeError):
        return None


def canvas_size(viewer: Any) -> tuple[float, float]:
    """Return (rows, columns) of the whole canvas, in napari's pixels."""
    size = native(viewer).size()
    return float(max(size.height(), 1)), float(max(size.width(), 1))


def from_middle(viewer: Any, x: float, y: float) -> tuple[float, float]:
    """Return how many pixels of napari's a place lies right of and below the middle of the picture that it is in.

    x and y are shares of the canvas. In napari's grid mode each of the little pictures has a middle of its own, where
    all of them show the same place.
    """
    rows, columns = canvas_size(viewer)
    at = np.array([x * columns, y * rows])
    found = canvas(viewer)
    view = None
    finder = getattr(found, "_get_viewbox_at", None)
    if finder is not None:
        view = finder(at)
        view = view[0] if isinstance(view, tuple) else view
    if view is not None and view is not getattr(found, "view", None):
        corner = np.asarray(view.transform.map([0, 0]))[:2]
        middle = corner + np.asarray(view.rect.size) / 2
    else:
        middle = np.array([columns, rows]) / 2
    return float(at[0] - middle[0]), float(at[1] - middle[1])


def flush_moves(viewer: Any) -> None:
    """Have napari see the last place of the pointer now, which it else looks at a few milliseconds later."""
    emitter = getattr(getattr(canvas(viewer), "events", None), "mouse_move", None)
    for callback in getattr(emitter, "callbacks", ()):
        flush = getattr(callback, "flush", None)
        if flush is not None:
            flush()


def overlays(viewer: Any) -> dict[str, Any]:
    """Return napari's own overlays by our names for them: from 0.9 on they belong to the canvas or to the scene."""
    found = {}
    for name, owner, key, before in (
        ("axes", "scene", "axes", "axes"),
        ("floating_axes", "canvas", "axes", "floating_axes"),
        ("scale_bar", "canvas", "scale_bar", "scale_bar"),
        ("text", "canvas", "text", "text_overlay"),
        ("current_slice", "canvas", "current_slice", ""),
        ("crosshair", "scene", "crosshair", ""),
        ("grid_lines", "scene", "grid_lines", ""),
    ):
        have = getattr(getattr(viewer, owner, None), "overlays", None)
        try:
            model = have[key] if have is not None else getattr(viewer, before) if before else None
        except (AttributeError, KeyError):
            model = None
        if hasattr(model, "visible"):
            found[name] = model
    return found


def grid(viewer: Any) -> Any:
    """Return the model of napari's grid mode, or None: from 0.9 on it belongs to the canvas."""
    found = getattr(getattr(viewer, "canvas", None), "grid", None)
    return getattr(viewer, "grid", None) if found is None else found


def camera(viewer: Any) -> Any:
    """Return the camera model: from 0.9 on it belongs to the scene."""
    scene = getattr(viewer, "scene", None)
    found = getattr(scene, "camera", None)
    return viewer.camera if found is None else found


def screen(viewer: Any) -> tuple[list[float], list[float]]:
    """Return the directions that are right and down on the canvas, each a number for every axis on the screen.

    Which angles give which directions has changed between versions of napari, so they are not worked out from the angles.
    """
    found = camera(viewer)
    # Until 0.6 there was nothing to choose.
    depth, vertical, horizontal = (str(way) for way in getattr(found, "orientation", ("away", "down", "right")))
    across, below = -1.0 if horizontal == "left" else 1.0, -1.0 if vertical == "up" else 1.0
    if int(viewer.dims.ndisplay) != 3:
        return [0.0, across], [below, 0.0]
    ahead, up = np.asarray(found.view_direction, dtype=float), np.asarray(found.up_direction, dtype=float)
    flips = _unknown_flips(viewer)
    if flips is not None:
        right = np.cross(ahead, up) * flips  # what it shows by default is a mirror
        up = up * flips
    else:
        # Some orientations show the world as in a mirror.
        right = np.cross(up, ahead) * across * below * (-1.0 if depth == "towards" else 1.0)
    return [float(x) for x in right], [float(-x) for x in up]


def ahead(viewer: Any) -> np.ndarray:
    """Return the direction that is ahead in 3D, away from the eye: a number for every axis on the screen, of length 1."""
    flips = _unknown_flips(viewer)
    found = np.asarray(camera(viewer).view_direction, dtype=float)
    return found if flips is None else found * flips


def look(viewer: Any, ahead: np.ndarray, up: np.ndarray) -> None:
    """Turn the camera in 3D."""
    flips = _unknown_flips(viewer)
    if flips is not None:
        ahead, up = ahead * flips, up * flips
    camera(viewer).set_view_direction(tuple(float(x) for x in ahead), tuple(float(x) for x in up))


def _unknown_flips(viewer: Any) -> np.ndarray | None:
    """Return 1 or -1 for each axis where the camera's directions are those of a world that is not mirrored, None where they are right.

    napari from 0.6 on can show the world with its axes the other way, and its camera heeds that only since 0.9.
    """
    orientation = getattr(camera(viewer), "orientation", None)
    if orientation is None or _knows_orientations():
        return None
    return np.array([1.0 if str(way) == usual else -1.0 for way, usual in zip(orientation, ("towards", "down", "right"))])


@functools.lru_cache(maxsize=1)
def _knows_orientations() -> bool:
    return importlib.util.find_spec("napari.utils.camera_orientations") is not None and hasattr(
        importlib.import_module("napari.utils.camera_orientations"), "angles_from_view_and_up_directions"
    )


def world_units(viewer: Any) -> Any:
    """Return the units of a viewer's world, one for each of its last axes, or None."""
    return getattr(viewer.dims, "units", None) or getattr(viewer.layers, "units", None)


def disconnect(connections: list[tuple[Any, Callable[..., None]]]) -> None:
    """Take back what was connected to emitters of napari, and forget it."""
    for emitter, heard in connections:
        try:
            emitter.disconnect(heard)
        except (ValueError, RuntimeError):
            pass  # napari has let go of it first
    connections.clear()


def kind(layer: Any) -> str:
    """Return the kind of a layer in small letters, such as "image"."""
    return str(getattr(layer, "_type_string", None) or type(layer).__name__).lower()


def linked(layer: Any) -> set[Any]:
    """Return the other layers with which a layer shares something, as napari's menu links them."""
    try:
        from napari.layers.utils._link_layers import get_linked_layers
    except ImportError:
        missing("get_linked_layers", "layers that are linked are not marked")
        return set()
    found: set[Any] = get_linked_layers(layer)
    return found


def is_picture(layer: Any) -> bool:
    """Say whether a layer shows pixels of an array."""
    return kind(layer) in PICTURES


def displayed(layer: Any, viewer: Any) -> list[int]:
    """Return the axes of the layer's data that are on the screen, rows before columns."""
    found = getattr(getattr(layer, "_slice_input", None), "displayed", None)
    if found is not None:
        return [int(axis) for axis in found]
    missing("Layer._slice_input", "the axes on the screen are worked out from the sliders")
    offset = viewer.dims.ndim - layer.ndim
    return [axis - offset for axis in viewer.dims.displayed if axis >= offset]


def level_shapes(layer: Any) -> np.ndarray:
    """Return the shapes of a picture's levels (levels x axes), finest first, colours left out."""
    shapes = getattr(layer, "level_shapes", None)
    if shapes is None:
        shapes = [layer.data.shape[: layer.ndim]]
    return np.atleast_2d(np.asarray(shapes, dtype=np.int64))[:, : layer.ndim]


def level_data(layer: Any, level: int) -> Any:
    """Return the array of one level of a picture, as the user gave it."""
    return layer.data[level] if getattr(layer, "multiscale", False) else layer.data


def drawn(layer: Any) -> np.ndarray | None:
    """Return the pixels of the picture that napari holds now, or None.

    The axes are those on the screen, in the order of the screen, then colours
    if there are any. It is the array itself: nothing is computed or copied.
    """
    slice_ = getattr(layer, "_slice", None)
    if slice_ is None or getattr(slice_, "empty", False):
        return None
    raw = getattr(getattr(slice_, "image", None), "raw", None)
    return raw if isinstance(raw, np.ndarray) else None


def coarsest(layer: Any) -> np.ndarray | None:
    """Return all pixels of the coarsest level at this place of the sliders, which napari holds for the thumbnail, or None.

    The axes are as those of drawn(). It is the array itself.
    """
    slice_ = getattr(layer, "_slice", None)
    if slice_ is None or getattr(slice_, "empty", False) or not getattr(layer, "multiscale", False):
        return None
    raw = getattr(getattr(slice_, "thumbnail", None), "raw", None)
    return raw if isinstance(raw, np.ndarray) else None


def contrast_range(layer: Any) -> tuple[float, float]:
    """Return how far the contrast limits of a layer go, as two finite numbers that are a finite way apart, the limits within.

    napari takes a range such as (-inf, 1), of which there are neither bins nor a slider. Where it has no end it goes as far beyond
    the limits as these are apart.
    """
    low, high = (float(x) for x in layer.contrast_limits)
    least, most = (float(x) for x in getattr(layer, "contrast_limits_range", (low, high)))
    least, most = min(least, low, high), max(most, low, high)  # and not NaN, whichever of them is
    if np.isfinite(most - least):
        return least, most
    room = high - low
    if not (np.isfinite(room) and abs(low) < _FAR > abs(high)):
        return 0.0, 1.0
    room = abs(room) or 1.0
    both = bool(np.isfinite(least) and np.isfinite(most))
    return (
        low - room if both or not np.isfinite(least) else least,
        high + room if both or not np.isfinite(most) else most,
    )


def outside(layer: Any, viewer: Any, shape: Sequence[int]) -> tuple[str, int, int] | None:
    """Return (axis, plane, planes) of the first axis whose slider stands outside of a picture, None if none does.

    shape is that of level 0. The planes are the layer's own, whatever its scale and place are.
    """
    shown = displayed(layer, viewer)
    place = np.asarray(layer.world_to_data(viewer.dims.point), dtype=float)[-len(shape) :]
    labels = [str(name) for name in viewer.dims.axis_labels][-len(shape) :]
    for axis, planes in enumerate(shape):
        if axis in shown or not np.isfinite(place[axis]):
            continue
        plane = int(np.round(place[axis]))
        if not 0 <= plane < planes:
            return labels[axis], plane, int(planes)
    return None


def tile_to_data(layer: Any) -> Any:
    """Return the transform that places the pixels that napari holds, or None."""
    return getattr(getattr(layer, "_slice", None), "tile_to_data", None)


def visual(viewer: Any, layer: Any) -> Any:
    """Return napari's vispy object of a layer, or None."""
    mapping = getattr(canvas(viewer), "layer_to_visual", None)
    return None if mapping is None else mapping.get(layer)


def unit_scale(viewer: Any, layer: Any) -> np.ndarray | None:
    """Return by how much each axis is stretched because units differ between layers, or None."""
    scale = getattr(visual(viewer, layer), "_world_to_layer_units_scale", None)
    if scale is None or len(scale) != layer.ndim or all(s == 1 for s in scale):
        return None
    return np.asarray(scale, dtype=float)


def view_size(viewer: Any) -> tuple[float, float]:
    """Return (rows, columns) of the picture on the canvas, in napari's pixels.

    In napari's grid mode that is one of the little pictures.
    """
    found = canvas(viewer)
    size = getattr(found, "_current_viewbox_size", None)
    if size is not None and min(size) > 0:
        return float(size[1]), float(size[0])
    rows, columns = found.size
    return float(rows), float(columns)


def background(viewer: Any) -> str | None:
    """Return the colour on which napari draws, "#rrggbb", or None."""
    found: Any = getattr(getattr(canvas(viewer), "_scene_canvas", None), "bgcolor", None)
    try:
        red, green, blue = (round(min(max(float(x), 0.0), 1.0) * 255) for x in found.rgb)
    except (AttributeError, TypeError, ValueError):
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


def pixel_ratio(viewer: Any) -> float:
    """Return how many pixels of the screen a pixel of napari's is along a side."""
    native: Any = getattr(canvas(viewer), "native", None)
    try:
        return float(native.devicePixelRatioF())
    except (AttributeError, RuntimeError):
        return 1.0


def playing(viewer: Any) -> int | None:
    """Return the axis that napari animates just now, or None."""
    widget = getattr(qt_viewer(viewer), "dims", None)
    thread = getattr(widget, "_animation_thread", None)
    try:
        # Not widget.is_playing, which follows only with the first step.
        if thread is None or not thread.isRunning():
            return None
        axis = thread.axis
    except (AttributeError, RuntimeError):
        return None
    return None if axis is None else int(axis)


def text_units(layer: Any) -> list[str] | None:
    """Return the unit of each axis of a layer as text, or None."""
    units = getattr(layer, "units", None)
    return None if units is None else [text_of_unit(unit) for unit in units]


@functools.lru_cache(maxsize=256)
def text_of_unit(unit: Any) -> str:
    """Return a unit as text, which pint takes its time for."""
    return str(unit)


def plain(value: Any) -> Any:
    """Return a NumPy scalar or array as plain Python."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return value
