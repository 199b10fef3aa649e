"""What napari itself draws over the canvas, and its grid mode, as controls of the group canvas."""

from __future__ import annotations

from functools import partial
from typing import Any

from . import compat
from .controls import Group

# Our name, title, help.
_OVERLAYS = (
    ("axes", "Axes", "Show the axes of the scene, where its origin is."),
    ("floating_axes", "Axes in the corner", "Show the directions of the axes in a corner of the canvas."),
    ("scale_bar", "Scale bar", "Show how long a unit is."),
    ("current_slice", "Current slice", "Show where the sliders stand."),
    ("crosshair", "Crosshair", "Show where the cursor is in all pictures."),
    ("grid_lines", "Grid lines", "Show a grid with numbers in the scene."),
)


class OverlayControls(Group):
    """Overlays and grid mode, those that this napari has."""

    def __init__(self, process: Any, viewer: Any) -> None:
        super().__init__(process, "canvas")
        self._viewer = viewer

    def needed(self) -> Any:
        return tuple(compat.overlays(self._viewer)), compat.grid(self._viewer) is not None

    def make(self) -> None:
        now = self.read()

        def add(name: str, type: str, set: Any, **meta: Any) -> None:
            name = "canvas." + name
            if name in now:
                self.add(name, type, now[name]["value"], set, **meta)

        for name, title, about in _OVERLAYS:
            add(name, "bool", partial(self._show, name), title=title, default=False, help=about)
        add("text", "text", self._write, title="Text", default="", help="A text in a corner of the canvas; none to show nothing.")
        add("grid", "bool", partial(self._set_grid, "enabled"), title="Grid of layers", default=False,
            help="Show each layer in a picture of its own, all of the same place.")  # fmt: skip
        add("grid_stride", "int", self._set_stride, title="Layers a picture", default=1, step=1, min=-64, max=64, soft=True,
            help="How many layers share a picture of the grid; less than 0 to begin with the lowest.")  # fmt: skip
        for place, name, title in ((0, "grid_rows", "Rows of the grid"), (1, "grid_columns", "Columns of the grid")):
            add(name, "int", partial(self._set_shape, place), title=title, default=-1, step=1, min=-1, max=64,
                help="-1 for as many as are needed.")  # fmt: skip

    def read(self) -> dict[str, dict[str, Any]]:
        overlays, grid = compat.overlays(self._viewer), compat.grid(self._viewer)
        found: dict[str, Any] = {name: bool(model.visible) for name, model in overlays.items()}
        text = overlays.get("text")
        if text is not None:
            found["text"] = str(text.text) if text.visible else ""
        if grid is not None:
            found.update(grid=bool(grid.enabled), grid_stride=int(grid.stride), grid_rows=int(grid.shape[0]), grid_columns=int(grid.shape[1]))
        return {"canvas." + name: {"value": value} for name, value in found.items()}

    def _show(self, name: str, shown: bool) -> None:
        compat.overlays(self._viewer)[name].visible = shown

    def _write(self, text: str) -> None:
        model = compat.overlays(self._viewer)["text"]
        if text:
            model.text = text
        model.visible = bool(text)

    def _set_grid(self, name: str, value: Any) -> None:
        setattr(compat.grid(self._viewer), name, value)

    def _set_stride(self, value: int) -> None:
        if value == 0:
            raise ValueError("no picture of the grid can have 0 layers: use 1 or more, or less than 0 to begin with the lowest")
        self._set_grid("stride", value)

    def _set_shape(self, place: int, value: int) -> None:
        if value == 0:
            raise ValueError("a grid needs rows and columns: use 1 or more, or -1 for as many as are needed")
        shape = list(compat.grid(self._viewer).shape)
        shape[place] = value
        self._set_grid("shape", tuple(shape))
