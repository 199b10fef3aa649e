"""How napari draws a picture: where it lies on the screen, and in which colours.

What is large, a table of colours, is made when the colormap changes, and shared
once under the state "colors". A layer names its table by a hash.
"""

from __future__ import annotations

import base64
import hashlib
import math
from typing import Any

import numpy as np

from . import compat
from .geometry import Placement, View
from .trouble import say_once

# Colours of a table of an image.
_SCALE = 256

# Colours of a table of labels that are shared; of more the first.
MOST_LABELS = 1 << 14

# JSON's numbers of a browser are exact up to here.
_EXACT = 1 << 53


class Table:
    """A table of colours as it is shared, and the hash that names it."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
        self.hash = hashlib.blake2b(repr(sorted(value.items())).encode(), digest_size=8).hexdigest()


def table_of(layer: Any, rgb: bool) -> Table | None:
    """Return the table of the colours of a picture, None for one that has its own colours, or that has none that is known.

    The table of an image has 256 colours, RGBA of 8 bits: the first is that of the lower limit and the last that of the upper,
    or with "steps" each stands for a 256th of the way between them. `over`, `under` and `nan` are RGBA or None. The table of
    labels is `{"kind": "cyclic"}`, whose first colour is not used, or `{"kind": "direct", "labels"}`, whose first colour is
    that of all labels that are not listed, and whose others are those of the listed ones.
    """
    if rgb:
        return None
    try:
        colormap = layer.colormap
        if compat.kind(layer) == "labels":
            return _labels(colormap)
        return _scale(colormap)
    except Exception:
        say_once("colours of " + compat.kind(layer), "the colormap of the layer %r is shown by its name alone", layer, error=True)
        return None


def _scale(colormap: Any) -> Table:
    steps = str(getattr(colormap, "interpolation", "linear")).rpartition(".")[2] == "zero"
    at = (np.arange(_SCALE) + 0.5) / _SCALE if steps else np.linspace(0, 1, _SCALE)
    # At the very ends the colours are those of what lies beyond.
    colours = colormap.map(np.clip(at, 1e-9, 1 - 1e-9))
    return Table({
        "kind": "scale",
        "table": _packed(colours),
        "steps": steps,
        "over": _colour(getattr(colormap, "high_color", None)),
        "under": _colour(getattr(colormap, "low_color", None)),
        "nan": _colour(getattr(colormap, "nan_color", None)),
    })  # fmt: skip


def _labels(colormap: Any) -> Table:
    background = int(getattr(colormap, "background_value", 0))
    listed = getattr(colormap, "color_dict", None)
    if listed is None:
        return Table({"kind": "cyclic", "table": _packed(np.asarray(colormap.colors)[:MOST_LABELS]), "background": background})
    labels = [int(label) for label in listed if label is not None][:MOST_LABELS]
    other = listed.get(None, (0, 0, 0, 0))
    return Table({
        "kind": "direct",
        "table": _packed(np.array([other, *(listed[label] for label in labels)], dtype=float)),
        "labels": [label if abs(label) < _EXACT else str(label) for label in labels],
        "background": background,
    })  # fmt: skip


def _packed(colours: Any) -> str:
    """Return RGBA of 0 to 1 (N x 4) as bytes in base64."""
    bytes_ = np.rint(np.clip(np.asarray(colours, dtype=float), 0, 1) * 255).astype(np.uint8)
    return base64.b64encode(bytes_.tobytes()).decode()


def _colour(rgba: Any) -> list[int] | None:
    if rgba is None:
        return None
    return [round(min(max(float(x), 0.0), 1.0) * 255) for x in rgba]


def matrix_of(place: Placement, view: View) -> list[list[float]] | None:
    """Return [[a, b, c], [d, e, f]], which leads from (row, column) in pixels of level 0 to (down, right) on the canvas.

    Rows and columns are those of the axes on the screen, counted from the outer corner of the first pixel; down and right are
    in units of napari's world. None in 3D, and for what lies flat on an axis.
    """
    if len(place.axes) != 2 or place.inverse is None or len(view.right) != 2:
        return None
    turned = np.array([view.down, view.right]) @ np.column_stack([place.linear, place.shift - place.linear @ (0.5, 0.5)])
    found: list[list[float]] = turned.tolist()
    return found if all(math.isfinite(x) for row in found for x in row) else None


def plain_facts(layer: Any, kind: str, table: Table | None) -> dict[str, Any]:
    """Return the rest of what is said of a picture: `colors`, `limits`, `gamma`, `interpolation`; of labels `contour` and `selection`."""
    found: dict[str, Any] = {"colors": None if table is None else table.hash}
    if kind == "labels":
        colormap = getattr(layer, "colormap", None)
        chosen = bool(getattr(colormap, "use_selection", getattr(layer, "show_selected_label", False)))
        selection = int(getattr(colormap, "selection", getattr(layer, "selected_label", 0)))
        found["contour"] = int(getattr(layer, "contour", 0))
        found["selection"] = (selection if abs(selection) < _EXACT else str(selection)) if chosen else None
        return found
    limits = [float(x) for x in getattr(layer, "contrast_limits", None) or ()]
    found["limits"] = limits if len(limits) == 2 and all(map(math.isfinite, limits)) else None
    found["gamma"] = float(getattr(layer, "gamma", 1.0))
    found["interpolation"] = str(getattr(layer, "interpolation2d", "nearest"))
    return found
