"""What people may ask of napari."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Callable

import numpy as np

from .._forms import Choice
from . import compat, views
from .controls import check_place
from .layers import Tracked
from .opening import Openings

NAMES = (
    "reset_view", "look_at", "auto_contrast", "screenshot", "remove_layer", "duplicate_layer", "select_all", "add_points_layer", "add_shapes_layer",
    "add_labels_layer", "link_layers", "unlink_layers", "open_path", "set_view",
)  # fmt: skip

# Beyond so many bytes a layer is not copied for somebody at a browser: napari would stand still meanwhile.
_COPIED = 2 << 30

# What of two layers may be linked. "all" is what they have in common.
_LINKED = ("all", "visible", "opacity", "blending", "contrast_limits", "colormap", "gamma")


class Actions:
    """Declares the actions, and those of layers again when there are other layers.

    taken(picture) is called with a screenshot.
    """

    def __init__(self, process: Any, viewer: Any, tracked: dict[Any, Tracked], taken: Callable[[np.ndarray], None]) -> None:
        self._process, self._viewer, self._tracked, self._taken = process, viewer, tracked, taken
        self._made: Any = None
        self.openings = Openings()

    def declare(self) -> None:
        """Declare all. What it has come to before an error is taken back by remove."""
        self._process.command(self.reset_view, title="Reset view", group="camera")
        self.update()
        self._process.command(self.screenshot, title="Screenshot", group="canvas")
        self._process.command(self.add_points_layer, title="Add points", group="layers")
        self._process.command(self.add_shapes_layer, title="Add shapes", group="layers")
        self._process.command(self.add_labels_layer, title="Add labels", group="layers")
        if hasattr(self._viewer.layers, "link_layers"):
            self._process.command(self.link_layers, title="Link the selected", group="layers")
            self._process.command(self.unlink_layers, title="Unlink the selected", group="layers")
        self._process.command(self.set_view, title="Set a part of a view", group="views")

    def open(self, openings: Openings) -> None:
        """Let people open what openings allow, and nothing else."""
        if openings == self.openings:
            return
        self.openings = openings
        if openings:
            self._process.command(self.open_path, title="Open", help=openings.told(), group="layers")
        else:
            self._process.remove_command("open_path")

    def update(self) -> None:
        """Let people choose from the layers that there are now, the top one first as in napari's list."""
        layers = [one for layer in reversed(self._viewer.layers) if (one := self._tracked.get(layer)) is not None]
        contrast = [one for one in layers if _has_contrast(one)]
        chosen = [one for one in layers if one.kind in ("points", "shapes")]
        made = [[(one.id, str(one.layer.name)) for one in of] for of in (layers, contrast, chosen)]
        if made == self._made:
            return
        self._made = made
        self._declare(self._look_at(), "Look at", "camera", made[0])
        self._declare(self._auto_contrast(), "Auto contrast", "layers", made[1])
        self._declare(self._select_all(), "Select all", "layers", made[2])
        self._declare(self._duplicate_layer(), "Duplicate", "layers", made[0])
        self._declare(self._remove_layer(), "Remove", "layers", made[0])

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

    def _remove_layer(self) -> Callable[..., None]:
        def remove_layer(layer: str) -> None:
            """Take a layer out of napari, with its data if nothing else holds them."""
            found = self._find(layer).layer
            if getattr(found, "locked", False):
                raise ValueError(f"the layer {found.name!r} is locked in napari")
            self._viewer.layers.remove(found)

        return remove_layer

    def _duplicate_layer(self) -> Callable[..., None]:
        def duplicate_layer(layer: str) -> None:
            """Put a copy of a layer, with its data, above it."""
            one = self._find(layer)
            found = one.layer
            size = getattr(found.data, "nbytes", 0) if isinstance(found.data, np.ndarray) else 0
            if size > _COPIED:
                raise ValueError(f"its data are {size / 2**30:.1f} GiB, more than the 2 GiB that are copied from here: duplicate it in napari")
            data, state, kind = found.as_layer_data_tuple()
            state["name"] = f"{found.name} copy"
            self._viewer.layers.insert(self._viewer.layers.index(found) + 1, type(found).create(deepcopy(data), state, kind))

        return duplicate_layer

    def _select_all(self) -> Callable[..., None]:
        def select_all(layer: str, all: bool = True) -> None:
            """Select all points or shapes of a layer, or none, so that their size and colours can be changed."""
            found = self._find(layer).layer
            found.selected_data = set(range(len(found.data))) if all else set()

        return select_all

    def _new(self, add: Callable[..., Any]) -> None:
        """Add an empty layer as napari's own buttons do: of the selected layers' scale, or of all."""
        layers = self._viewer.layers
        if not len(layers):
            add(ndim=max(int(self._viewer.dims.ndim), 2))
            return
        extent = layers.get_extent(layers.selection) if layers.selection and hasattr(layers, "get_extent") else layers.extent
        units = getattr(extent, "units", None)
        add(ndim=len(extent.step), scale=extent.step, **({} if units is None else {"units": units}))

    def add_points_layer(self) -> None:
        """Add an empty layer of points on top."""
        self._new(self._viewer.add_points)

    def add_shapes_layer(self) -> None:
        """Add an empty layer of shapes on top."""
        self._new(self._viewer.add_shapes)

    def add_labels_layer(self) -> None:
        """Add a layer of labels on top, as large as the image that is selected, or as all layers."""
        self._viewer._new_labels()

    def link_layers(self, what: Choice(_LINKED) = "all") -> None:  # type: ignore[valid-type]
        """Link the layers that are selected: what is changed of one is changed of all."""
        layers = self._chosen()
        self._viewer.layers.link_layers(layers, () if what == "all" else (what,))

    def unlink_layers(self) -> None:
        """End all links of the layers that are selected with each other."""
        self._viewer.layers.unlink_layers(self._chosen())

    def _chosen(self) -> list[Any]:
        chosen = [layer for layer in self._viewer.layers if layer in self._viewer.layers.selection]
        if len(chosen) < 2:
            raise ValueError("select two layers or more")
        return chosen

    def open_path(self, path: str) -> None:
        """Open a file, a folder or an address in napari."""
        allowed = self.openings.check(path)
        if not self._viewer.open(allowed):
            raise ValueError(f"napari found no layer in {path}")

    def set_view(self, part: str) -> None:
        """Restore a part of a view that was saved."""
        views.restore(self._viewer, part)

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
