"""What people may change: layers, camera, dims.

A group of controls belongs to one thing of napari's. It knows how to make its
controls, how to read them back from napari, and when it has to be made again
because other controls are needed.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Callable

from . import compat, settings
from .layers import Tracked, colormap_name
from .trouble import say_once


class Group:
    """Some controls that are read together."""

    def __init__(self, process: Any, group: str) -> None:
        self._process = process
        self._group = group
        self._controls: dict[str, Any] = {}
        self._made: Any = None  # what the present controls were made for

    def needed(self) -> Any:
        """Return something that is equal as long as the same controls are needed."""
        return None

    def make(self) -> None:
        """Make all controls with add."""
        raise NotImplementedError

    def read(self) -> dict[str, dict[str, Any]]:
        """Return {name of a control: what to update it with}, without the group's prefix."""
        raise NotImplementedError

    def add(self, name: str, type: str, value: Any, set: Callable[[Any], object], **meta: Any) -> None:
        """Declare a control, whose setter is followed by reading the group back."""

        def change(value: Any) -> None:
            set(value)
            # napari may have made another value of it: what it has is what is said.
            try:
                self.update()
            except Exception:
                say_once("controls of " + self._group, "%s could not be read back", self._group, error=True)

        self._controls[name] = self._process.control(name, type, value, set=change, group=self._group, **meta)

    def update(self) -> None:
        """Say what napari has now."""
        needed = self.needed()
        if needed != self._made:
            with self._process.batch():
                before, self._controls = self._controls, {}
                self.make()
                for name, control in before.items():
                    if name not in self._controls:
                        control.remove()
            self._made = needed
            return
        for name, now in self.read().items():
            control = self._controls.get(name)
            if control is not None:
                control.update(**now)

    def remove(self) -> None:
        """Take all controls away."""
        for control in self._controls.values():
            control.remove()
        self._controls.clear()
        self._made = None


def _limits(low: float, high: float, value: float) -> tuple[float, float]:
    """Return limits that hold the value, which napari does not keep within any."""
    return min(low, value), max(high, value)


class LayerControls(Group):
    """Group layer.<id>."""

    def __init__(self, process: Any, tracked: Tracked) -> None:
        self._prefix = "layer." + tracked.id
        super().__init__(process, self._prefix)
        self._tracked = tracked
        self._layer = tracked.layer
        self._viewer = tracked.viewer
        self._settings = settings.of(self._layer)
        self._found: dict[str, dict[str, Any]] = {}  # what they are now

    def needed(self) -> Any:
        layer = self._layer
        self._found = settings.read(layer, self._settings)
        return (
            tuple(self._found),
            colormap_name(layer) is not None and not self._tracked.rgb,
            getattr(layer, "contrast_limits", None) is not None and not self._tracked.rgb,
            len(self._tracked.shapes) if self._tracked.is_picture else 0,
        )

    def make(self) -> None:
        layer, now = self._layer, self.read()
        prefix = self._prefix

        def add(name: str, type: str, set: Callable[[Any], object], **meta: Any) -> None:
            name = f"{prefix}.{name}"
            if name in now:
                # What can change is read; the rest is said once.
                found = dict(now[name])
                self.add(name, type, found.pop("value"), set, **{**meta, **found})

        def attribute(name: str) -> Callable[[Any], None]:
            return lambda value: setattr(layer, name, value)

        add("visible", "bool", attribute("visible"), title="Visible")
        add("opacity", "float", attribute("opacity"), title="Opacity", default=1.0, min=0.0, max=1.0, step=0.01)
        add("contrast_low", "float", self._set_low, title="Contrast from", soft=True)
        add("contrast_high", "float", self._set_high, title="Contrast to", soft=True)
        add("gamma", "float", attribute("gamma"), title="Gamma", default=1.0, scale="log", step=0.01)
        add("colormap", "choice", self._set_colormap, title="Colormap")
        add("blending", "choice", attribute("blending"), title="Blending")
        add("level", "choice", self._set_level, title="Level", default="auto",
            help="Which level of the image napari shows: what it chooses by itself, or always the same.")  # fmt: skip
        add("name", "text", self._set_name, title="Name")
        add("index", "int", self._set_index, title="Position", step=1, help="Where the layer lies among the others: 0 is at the bottom.")
        add("selected", "bool", self._set_selected, title="Selected")
        add("mode", "choice", self._set_mode, title="Mode",
            help="What a press of the mouse on napari's canvas does with the layer.")  # fmt: skip
        for setting in self._settings:
            add(setting.name, setting.type, partial(setting.set, layer), title=setting.title, section=setting.section, **setting.meta)

    def read(self) -> dict[str, dict[str, Any]]:
        layer = self._layer
        found: dict[str, dict[str, Any]] = {
            "visible": {"value": bool(layer.visible)},
            "opacity": {"value": float(layer.opacity)},
            "name": {"value": str(layer.name)},
            "selected": {"value": layer in self._viewer.layers.selection},
        }
        count = len(self._viewer.layers)
        if layer in self._viewer.layers:
            found["index"] = {"value": self._viewer.layers.index(layer), "min": 0, "max": max(0, count - 1)}
        mode = getattr(layer, "mode", None)
        if mode is not None:
            found["mode"] = {"value": str(mode), "choices": _with(_modes(layer), str(mode))}
        blending = str(layer.blending)
        found["blending"] = {"value": blending, "choices": _with(_blendings(layer), blending)}
        if not self._tracked.rgb:
            limits = getattr(layer, "contrast_limits", None)
            if limits is not None:
                low, high = (float(x) for x in limits)
                # Both have the same limits, so that either can follow the other.
                least, most = compat.contrast_range(layer)
                found["contrast_low"] = {"min": least, "max": most, "value": low}
                found["contrast_high"] = {"min": least, "max": most, "value": high}
            gamma = getattr(layer, "gamma", None)
            if gamma is not None:
                found["gamma"] = dict(zip(("min", "max"), _limits(0.2, 2.0, float(gamma))), value=float(gamma))
            colormap = colormap_name(layer)
            if colormap is not None:
                found["colormap"] = {"value": colormap, "choices": _with(_colormaps(layer), colormap)}
        if self._tracked.is_picture and len(self._tracked.shapes) > 1 and hasattr(layer, "locked_data_level"):
            locked = layer.locked_data_level
            found["level"] = {
                "value": "auto" if locked is None else str(locked),
                "choices": ["auto", *map(str, range(len(self._tracked.shapes)))],
            }
        # Those of napari's own layer controls were read when it was asked which there are.
        found.update(self._found)
        return {f"{self._prefix}.{name}": entry for name, entry in found.items()}

    def _check_limit(self, value: float) -> None:
        """Raise ValueError for what the card cannot count. napari itself widens its range to whatever it is told."""
        least, most = compat.contrast_range(self._layer)
        if hasattr(self._layer, "contrast_limits_range") and not math.isfinite(sum(self._layer.contrast_limits_range)):
            # Qt's slider cannot follow within a range without an end, and napari then ends.
            self._layer.contrast_limits_range = (least, most)
        if not least <= value <= most:
            check_place(value)

    def _set_low(self, value: float) -> None:
        self._check_limit(value)
        high = float(self._layer.contrast_limits[1])
        if not value < high:
            raise ValueError(f"it must be below the upper limit, which is {high:g}")
        self._layer.contrast_limits = (value, high)

    def _set_high(self, value: float) -> None:
        self._check_limit(value)
        low = float(self._layer.contrast_limits[0])
        if not value > low:
            raise ValueError(f"it must be above the lower limit, which is {low:g}")
        self._layer.contrast_limits = (low, value)

    def _set_colormap(self, value: str) -> None:
        if value != colormap_name(self._layer):  # one of the user's own is known by no name
            self._layer.colormap = value

    def _set_level(self, value: str) -> None:
        self._layer.locked_data_level = None if value == "auto" else int(value)
        # napari works out its own choice when it paints.
        native = getattr(compat.canvas(self._viewer), "native", None)
        if native is not None:
            native.update()

    def _set_name(self, value: str) -> None:
        if not value.strip():
            raise ValueError("a layer needs a name")
        self._layer.name = value.strip()

    def _set_mode(self, value: str) -> None:
        layer = self._layer
        layer.mode = value
        if str(layer.mode) != value:  # of which napari says nothing
            why = "" if layer.visible else ": it is hidden"
            if layer.visible and not getattr(layer, "editable", True):
                why = ": it cannot be edited"
            raise ValueError(f"napari leaves the layer in the mode {layer.mode}{why}")

    def _set_index(self, value: int) -> None:
        layers = self._viewer.layers
        index = layers.index(self._layer)
        # napari counts before it takes the layer out.
        layers.move(index, value + 1 if value > index else value)

    def _set_selected(self, value: bool) -> None:
        selection = self._viewer.layers.selection
        if value:
            selection.add(self._layer)
        else:
            selection.discard(self._layer)


def _with(choices: list[str], value: str) -> list[str]:
    return choices if value in choices else [*choices, value]


def _modes(layer: Any) -> list[str]:
    """Return the modes of this kind of layer by napari's names."""
    return [str(mode) for mode in getattr(layer, "_modeclass", None) or ()]


def _blendings(layer: Any) -> list[str]:
    try:
        from napari.layers.base._base_constants import Blending

        return [str(entry) for entry in Blending]
    except ImportError:
        return ["translucent", "translucent_no_depth", "additive", "minimum", "opaque"]


def _colormaps(layer: Any) -> list[str]:
    # The names that napari's own menu has, for an image; tracks have their own.
    names = getattr(layer, "colormaps", None) or getattr(layer, "_colormaps", None)
    if not names:
        from napari.utils.colormaps import AVAILABLE_COLORMAPS

        names = AVAILABLE_COLORMAPS
    return [str(name) for name in names if name not in ("label_colormap", "custom")]


class CameraControls(Group):
    """Group camera."""

    def __init__(self, process: Any, viewer: Any) -> None:
        super().__init__(process, "camera")
        self._viewer = viewer

    def needed(self) -> Any:
        dims = self._viewer.dims
        return int(dims.ndisplay), tuple(dims.displayed), tuple(dims.axis_labels), _unit(self._viewer)

    def make(self) -> None:
        dims = self._viewer.dims
        shown = int(dims.ndisplay)
        now = self.read()
        zoom = now["camera.zoom"]
        self.add("camera.zoom", "float", zoom["value"], self._set_zoom, title="Zoom", scale="log",
                 min=zoom["min"], max=zoom["max"], help="Pixels of the canvas to a unit of the world.")  # fmt: skip
        for place, axis in enumerate(list(dims.displayed)[-shown:]):
            name = f"camera.center.{place}"
            if name in now:
                self.add(name, "float", now[name]["value"], partial(self._set_center, place),
                         title="Centre " + axis_name(dims, axis), unit=_unit(self._viewer))  # fmt: skip
        for place in range(3 if shown == 3 else 0):
            name = f"camera.angle.{place}"
            self.add(name, "float", now[name]["value"], partial(self._set_angle, place),
                     title=f"Angle {place}", min=-180.0, max=180.0, step=1.0, default=0.0, unit="°")  # fmt: skip

    def read(self) -> dict[str, dict[str, Any]]:
        camera = compat.camera(self._viewer)
        shown = int(self._viewer.dims.ndisplay)
        zoom = float(camera.zoom)
        least, most = self._zooms()
        least, most = _limits(least, most, zoom)
        found: dict[str, dict[str, Any]] = {"camera.zoom": {"value": zoom, "min": least, "max": most}}
        for place, value in enumerate(camera.center[-shown:]):
            found[f"camera.center.{place}"] = {"value": float(value)}
        if shown == 3:
            for place, angle in enumerate(camera.angles):
                found[f"camera.angle.{place}"] = {"value": _half_turn(float(angle))}
        return found

    def _zooms(self) -> tuple[float, float]:
        """Return useful limits: from all layers small in the middle, to single pixels."""
        try:
            extent = self._viewer.layers.extent
            axes = list(self._viewer.dims.displayed)
            longest = float(max((extent.world[1] - extent.world[0])[axes]))
            pixel = float(min(extent.step[axes]))
            rows, columns = compat.view_size(self._viewer)
            if not (math.isfinite(longest) and longest > 0 and pixel > 0):
                return 1e-3, 1e3
            # Powers of ten, so that they change with the layers and not with each pixel of the window.
            least = 10.0 ** math.floor(math.log10(min(rows, columns) / longest / 4))
            most = 10.0 ** math.ceil(math.log10(64 / pixel))
            return least, max(most, least * 10)
        except Exception:
            say_once("zoom limits", "the limits of the zoom could not be told", error=True)
            return 1e-3, 1e3

    def _set_zoom(self, value: float) -> None:
        if not value > 0:
            raise ValueError("the zoom must be greater than 0")
        compat.camera(self._viewer).zoom = value

    def _set_center(self, place: int, value: float) -> None:
        check_place(value)
        camera = compat.camera(self._viewer)
        center = list(camera.center)
        center[len(center) - int(self._viewer.dims.ndisplay) + place] = value
        camera.center = tuple(center)

    def _set_angle(self, place: int, value: float) -> None:
        camera = compat.camera(self._viewer)
        angles = list(camera.angles)
        angles[place] = value
        camera.angles = tuple(angles)


# Beyond this napari and the graphics card, which counts in single precision, can
# no longer tell places apart, and overflow.
FARTHEST = 1e30


def check_place(value: float) -> None:
    """Raise ValueError for a coordinate that napari cannot go to."""
    if not abs(value) <= FARTHEST:
        raise ValueError(f"it must be between {-FARTHEST:g} and {FARTHEST:g}, as far as napari can go")


def _half_turn(angle: float) -> float:
    """Return the same angle from -180 to 180 degrees."""
    return angle if -180 <= angle <= 180 else (angle + 180) % 360 - 180


def _unit(viewer: Any) -> str | None:
    from .states import unit_on_screen

    unit = unit_on_screen(viewer, compat.world_units(viewer))
    return None if unit == "pixel" else unit


def axis_name(dims: Any, axis: int) -> str:
    """Return what people call an axis."""
    label = str(dims.axis_labels[axis])
    # napari calls axes "-2", or "0", that nobody has named.
    if label and not label.lstrip("-").isdigit():
        return label
    from_end = dims.ndim - axis
    return {1: "x", 2: "y", 3: "z"}.get(from_end, f"axis {axis}")


# napari's names of the margins of a slice, and what people read of them.
_MARGINS = {"margin_left": "before", "margin_right": "after"}


class DimsControls(Group):
    """Group dims."""

    def __init__(self, process: Any, viewer: Any) -> None:
        super().__init__(process, "dims")
        self._viewer = viewer

    def _axes(self) -> list[int]:
        dims = self._viewer.dims
        return [axis for axis in range(dims.ndim) if axis not in dims.displayed and dims.nsteps[axis] > 1]

    def needed(self) -> Any:
        return tuple(self._axes()), tuple(self._viewer.dims.axis_labels)

    def make(self) -> None:
        dims, now = self._viewer.dims, self.read()
        self.add("dims.ndisplay", "choice", now["dims.ndisplay"]["value"], self._set_ndisplay,
                 title="Display", choices=["2D", "3D"])  # fmt: skip
        for axis in self._axes():
            label = axis_name(dims, axis)
            step = now[f"dims.{axis}"]
            self.add(f"dims.{axis}", "int", step["value"], partial(self._set_step, axis),
                     title=label, min=0, max=step["max"], step=1)  # fmt: skip
            self.add(f"dims.{axis}.play", "bool", now[f"dims.{axis}.play"]["value"],
                     partial(self._set_play, axis), title=f"Play {label}")  # fmt: skip
        for axis in self._axes():
            label = axis_name(dims, axis)
            for side, words in _MARGINS.items():
                name = f"dims.{axis}.{side}"
                if name in now:
                    self.add(name, "float", now[name]["value"], partial(self._set_margin, side, axis), title=f"{label} {words}", default=0.0,
                             min=0.0, max=now[name]["max"], soft=True, section="Thick slices",
                             help="How much beside the slice is shown with it, as the projection of each layer says.")  # fmt: skip

    def read(self) -> dict[str, dict[str, Any]]:
        dims = self._viewer.dims
        playing = compat.playing(self._viewer)
        found: dict[str, dict[str, Any]] = {"dims.ndisplay": {"value": f"{int(dims.ndisplay)}D"}}
        for axis in self._axes():
            found[f"dims.{axis}"] = {"value": int(dims.current_step[axis]), "max": int(dims.nsteps[axis]) - 1}
            found[f"dims.{axis}.play"] = {"value": playing == axis}
            for side in _MARGINS:
                margins = getattr(dims, side, ())
                if len(margins) > axis:
                    first, last, _ = (float(x) for x in dims.range[axis])
                    value = float(margins[axis])
                    found[f"dims.{axis}.{side}"] = {"value": value, "max": max(float(f"{last - first:.4g}"), value)}
        return found

    def _set_margin(self, side: str, axis: int, value: float) -> None:
        check_place(value)
        if value < 0:
            raise ValueError("a slice cannot be thinner than it is: give 0 or more")
        margins = list(getattr(self._viewer.dims, side))
        margins[axis] = value
        setattr(self._viewer.dims, side, tuple(margins))

    def _set_ndisplay(self, value: str) -> None:
        self._viewer.dims.ndisplay = int(value[0])

    def _set_step(self, axis: int, value: int) -> None:
        self._viewer.dims.set_current_step(axis, value)

    def _set_play(self, axis: int, value: bool) -> None:
        widget = getattr(compat.qt_viewer(self._viewer), "dims", None)
        if widget is None or not hasattr(widget, "play"):
            raise ValueError("this napari cannot play")
        playing = compat.playing(self._viewer)
        if value and playing != axis:
            widget.play(axis)
        elif not value and playing == axis:
            widget.stop()


class OverlayLooks(Group):
    """How the overlays look, in group canvas: a section for each."""

    def __init__(self, process: Any, viewer: Any) -> None:
        super().__init__(process, "canvas")
        self._overlays = settings.overlays(viewer)
        self._found: dict[str, dict[str, Any]] = {}

    def needed(self) -> Any:
        self._found = {}
        for overlay, own in self._overlays:
            self._found.update(settings.read(overlay, own))
        return tuple(self._found)

    def make(self) -> None:
        for overlay, own in self._overlays:
            for setting in own:
                if setting.name in self._found:
                    found = dict(self._found[setting.name])
                    self.add(setting.name, setting.type, found.pop("value"), partial(setting.set, overlay),
                             title=setting.title, section=setting.section, **{**setting.meta, **found})  # fmt: skip

    def read(self) -> dict[str, dict[str, Any]]:
        return self._found


class CanvasControls(Group):
    """Group canvas."""

    def __init__(self, process: Any, get: Callable[[], bool], set: Callable[[bool], None]) -> None:
        super().__init__(process, "canvas")
        self._get, self._set = get, set

    def needed(self) -> Any:
        return True

    def make(self) -> None:
        self.add("show_grid", "bool", self._get(), self._set, title="Tile grid", default=False,
                 help="Draw the borders of the tiles over napari's canvas.")  # fmt: skip

    def read(self) -> dict[str, dict[str, Any]]:
        return {"show_grid": {"value": self._get()}}

