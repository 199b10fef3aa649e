"""A view that was saved, restored: in parts, since a command's text is bounded.

A part is JSON, or a list of parts. That of the scene has "ndisplay", "order", "point" (world coordinates, one for each axis), "center", "zoom",
"angles" and "perspective"; that of a layer has "layer" and "kind", which name it, and "visible", "opacity", "blending",
"gamma", "colormap" and "contrast_limits". What a part does not have stays as it is.
"""

from __future__ import annotations

import json
import math
from typing import Any, Callable

from . import compat
from .controls import check_place
from .layers import colormap_name


def restore(viewer: Any, text: str) -> None:
    """Set what a part of a view says. Raises ValueError, with a sentence for people, for what is not there any more."""
    try:
        part = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("a part of a view is JSON") from None
    wrong = []
    for one in part if isinstance(part, list) else [part]:
        try:
            if not isinstance(one, dict):
                raise ValueError("a part of a view is a JSON object")
            if "layer" in one:
                _restore_layer(viewer, one)
            else:
                _restore_scene(viewer, one)
        except ValueError as error:
            # What can be restored is.
            wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong)[:500])


def _numbers(value: Any, count: int, what: str) -> list[float]:
    if not isinstance(value, list) or len(value) != count or not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in value):
        raise ValueError(f"{what} of the view is not a list of {count} numbers")
    for x in value:
        check_place(float(x))
    return [float(x) for x in value]


def _restore_scene(viewer: Any, part: dict[str, Any]) -> None:
    dims, camera = viewer.dims, compat.camera(viewer)
    shown = part.get("ndisplay")
    if shown is not None:
        if shown not in (2, 3):
            raise ValueError("a view shows 2 or 3 axes")
        dims.ndisplay = int(shown)
    # Of a view of other dims the camera alone makes sense.
    order = part.get("order")
    if isinstance(order, list) and sorted(order, key=str) == list(range(int(dims.ndim))):
        dims.order = tuple(order)
    point = part.get("point")
    axes = len(point) if isinstance(point, list) else int(dims.ndim)
    other = axes != int(dims.ndim)
    if point is not None and not other:
        dims.point = tuple(_numbers(point, int(dims.ndim), "point"))
    zoom = part.get("zoom")
    if zoom is not None:
        if not isinstance(zoom, (int, float)) or isinstance(zoom, bool) or not (math.isfinite(zoom) and zoom > 0):
            raise ValueError("the zoom of the view is no number greater than 0")
    if part.get("center") is not None:
        camera.center = tuple(_numbers(part["center"], len(camera.center), "center"))
    if part.get("angles") is not None and int(dims.ndisplay) == 3:
        camera.angles = tuple(_numbers(part["angles"], 3, "angles"))
    if part.get("perspective") is not None:
        (perspective,) = _numbers([part["perspective"]], 1, "perspective")
        camera.perspective = min(180.0, max(0.0, perspective))
    if zoom is not None:
        camera.zoom = float(zoom)  # last: what is on the screen decides what it means
    if other:
        raise ValueError(f"the view has {axes} axes and napari {int(dims.ndim)} now, so the sliders stay where they are")


def _restore_layer(viewer: Any, part: dict[str, Any]) -> None:
    name, kind = part["layer"], part.get("kind")
    layer = next((one for one in viewer.layers if str(one.name) == name and kind in (None, compat.kind(one))), None)
    if layer is None:
        raise ValueError(f"there is no layer {name!r} any more")
    wrong = []

    def attempt(key: str, set: Callable[[Any], None]) -> None:
        if part.get(key) is None:
            return
        try:
            set(part[key])
        except Exception as error:  # napari's own reasons, which differ from version to version
            wrong.append(f"{key}: {error}")

    attempt("visible", lambda value: setattr(layer, "visible", bool(value)))
    attempt("opacity", lambda value: setattr(layer, "opacity", min(1.0, max(0.0, float(value)))))
    attempt("blending", lambda value: setattr(layer, "blending", str(value)))
    if not getattr(layer, "rgb", False):
        if hasattr(layer, "gamma"):
            attempt("gamma", lambda value: setattr(layer, "gamma", _above_zero(value)))
        if getattr(layer, "contrast_limits", None) is not None:
            attempt("contrast_limits", lambda value: setattr(layer, "contrast_limits", _limits(value)))
        current = colormap_name(layer)
        if current is not None and part.get("colormap") != current:
            attempt("colormap", lambda value: setattr(layer, "colormap", str(value)))
    if wrong:
        raise ValueError(f"layer {name!r}: {'; '.join(wrong)}"[:500])


def _above_zero(value: Any) -> float:
    if not 0 < float(value) < math.inf:
        raise ValueError("it is no number greater than 0")
    return float(value)


def _limits(value: Any) -> tuple[float, float]:
    low, high = _numbers(value, 2, "the contrast")
    if not low < high:
        raise ValueError("the lower limit is not below the upper one")
    return low, high
