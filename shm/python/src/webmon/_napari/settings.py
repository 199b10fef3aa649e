"""The settings that one kind of layer has and another has not, as napari's own layer controls show them.

Each is a row of a table: its name is that of napari's attribute where there is one. What a version of
napari lacks is passed over.
"""

from __future__ import annotations

import functools
import math
import warnings
import weakref
from typing import Any, Callable, NamedTuple

import numpy as np

from . import compat

# A colour as napari takes it: a name, a text of hexadecimal digits, or red, green, blue and opacity from 0 to 1.
_HEX = "#{:02x}{:02x}{:02x}"

# How many numbers along a side the kernel of an interpolation may have.
_KERNEL = 9

# Beyond this a whole number is none any more on its way through JSON.
_WHOLE = 2**53


class Setting(NamedTuple):
    """One setting of a layer.

    get returns its value, None where the layer has no such setting now. limits returns what goes with the value: "min",
    "max" or "choices".
    """

    name: str
    type: str
    title: str
    section: str
    get: Callable[[Any], Any]
    set: Callable[[Any, Any], None]
    limits: Callable[[Any], dict[str, Any]]
    meta: dict[str, Any]


def _find(thing: Any, path: str) -> Any:
    for name in path.split("."):
        thing = getattr(thing, name, None)
        if thing is None:
            return None
    return thing


def _getter(type: str, path: str) -> Callable[[Any], Any]:
    convert = _CONVERT[type]

    def get(layer: Any) -> Any:
        found = _find(layer, path)
        return None if found is None else convert(found)

    return get


def _setter(path: str) -> Callable[[Any, Any], None]:
    owner, _, name = path.rpartition(".")

    def set(layer: Any, value: Any) -> None:
        setattr(_find(layer, owner) if owner else layer, name, value)

    return set


def hex_of(color: Any) -> str | None:
    """Return a colour of napari's as "#rrggbb", or "#rrggbbaa" if it is not opaque; None for what is none."""
    if isinstance(color, str):
        return _hex_of_name(str(color))
    try:
        red, green, blue, alpha = (min(255, max(0, round(float(x) * 255))) for x in np.asarray(color, dtype=float).reshape(-1)[:4])
    except (TypeError, ValueError, OverflowError):
        return None
    return _HEX.format(red, green, blue) + ("" if alpha == 255 else f"{alpha:02x}")


@functools.lru_cache(maxsize=1024)
def _hex_of_name(color: str) -> str | None:
    from napari.utils.colormaps.standardize_color import transform_color

    try:
        return hex_of(transform_color(color)[0])
    except Exception:
        return None


def _number(value: Any) -> float | None:
    found = np.asarray(value, dtype=float).reshape(-1)
    return float(found[-1]) if found.size and math.isfinite(found[-1]) else None


def _whole(value: Any) -> int | None:
    found = _number(value)
    return None if found is None or abs(found) > _WHOLE else round(found)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "bool": bool, "float": _number, "int": _whole, "choice": lambda value: str(getattr(value, "value", value)), "color": hex_of, "text": str,
}  # fmt: skip


def _nothing(layer: Any) -> dict[str, Any]:
    return {}


def _setting(
    name: str,
    type: str,
    title: str,
    section: str,
    *,
    path: str | None = None,
    get: Callable[[Any], Any] | None = None,
    set: Callable[[Any, Any], None] | None = None,
    limits: Callable[[Any], dict[str, Any]] = _nothing,
    **meta: Any,
) -> Setting:
    path = path or name
    return Setting(name, type, title, section, get or _getter(type, path), set or _setter(path), limits, meta)


def _while(path: str, value: Any, *settings: Setting) -> tuple[Setting, ...]:
    """Leave settings out that do nothing unless another one has a value, as napari hides them."""

    def only(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda layer: get(layer) if (found := _find(layer, path)) is not None and getattr(found, "value", found) == value else None

    return tuple(setting._replace(get=only(setting.get)) for setting in settings)


def _choices(find: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    """Return limits with the members of an enumeration of napari's."""

    def limits(layer: Any) -> dict[str, Any]:
        members = find(layer)
        return {"choices": [] if members is None else list(_members(members))}

    return limits


@functools.lru_cache(maxsize=64)
def _members(of: Any) -> tuple[str, ...]:
    return tuple(str(getattr(member, "value", member)) for member in of)


def _enum(module: str, name: str) -> Callable[[Any], Any]:
    @functools.lru_cache(maxsize=1)
    def find() -> Any:
        import importlib

        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            return None

    return lambda layer: find()


@functools.lru_cache(maxsize=2)
def _interpolations(custom: bool) -> tuple[str, ...]:
    from napari.layers.image._image_constants import Interpolation

    # What napari's own menu has; the custom one is there where there is a kernel for it.
    shown = [str(member) for member in getattr(Interpolation, "view_subset", lambda: Interpolation)()]
    return (*shown, "custom") if custom and "custom" not in shown and "custom" in [str(x) for x in Interpolation] else tuple(shown)


# Kernels are written as rows of numbers.


def _kernel(layer: Any) -> str | None:
    found = getattr(layer, "custom_interpolation_kernel_2d", None)
    if found is None:
        return None
    return "; ".join(" ".join(f"{x:g}" for x in row) for row in np.atleast_2d(np.asarray(found, dtype=float))[:_KERNEL, :_KERNEL])


def _set_kernel(layer: Any, value: str) -> None:
    try:
        rows = [[float(x) for x in row.replace(",", " ").split()] for row in value.strip().strip(";").split(";")]
    except ValueError:
        raise ValueError("write the kernel as rows of numbers, as in 1 2 1; 2 4 2; 1 2 1") from None
    if not (1 <= len(rows) <= _KERNEL and 1 <= len(rows[0]) <= _KERNEL) or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError(f"a kernel has from 1 to {_KERNEL} rows of equally many numbers, at most {_KERNEL}")
    if not np.isfinite(rows).all():
        raise ValueError("the numbers of a kernel must be finite")
    layer.custom_interpolation_kernel_2d = np.asarray(rows, dtype=np.float32)


# Planes through a volume, whose places and directions are along the three axes on the screen.

_NORMALS = {"z": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "x": (0.0, 0.0, 1.0)}


def _has_plane(layer: Any) -> bool:
    return getattr(layer, "plane", None) is not None and int(layer.ndim) >= 3


def _normal(layer: Any) -> str | None:
    if not _has_plane(layer):
        return None
    given = np.asarray(layer.plane.normal, dtype=float)
    return next((name for name, normal in _NORMALS.items() if np.allclose(given, normal)), "oblique")


def _set_normal(layer: Any, value: str) -> None:
    if value == "oblique":
        raise ValueError("choose z, y or x: an oblique plane is turned in napari")
    layer.plane.normal = _NORMALS[value]


def _normals(layer: Any) -> dict[str, Any]:
    return {"choices": [*_NORMALS, "oblique"]}


def _position(axis: int) -> Callable[[Any], Any]:
    return lambda layer: _number(layer.plane.position[axis]) if _has_plane(layer) else None


def _set_position(axis: int) -> Callable[[Any, Any], None]:
    def set(layer: Any, value: float) -> None:
        position = [float(x) for x in layer.plane.position]
        position[axis] = value
        layer.plane.position = tuple(position)

    return set


def _positions(axis: int) -> Callable[[Any], dict[str, Any]]:
    def limits(layer: Any) -> dict[str, Any]:
        # Along the axes on the screen in 3D, which are the last three unless somebody has rolled them.
        shown = [int(a) for a in getattr(getattr(layer, "_slice_input", None), "displayed", ())]
        shown = shown if len(shown) == 3 else list(range(int(layer.ndim)))[-3:]
        extent = compat.level_shapes(layer)[0][shown[axis]]
        return {"min": 0.0, "max": float(max(1, extent))}

    return limits


def _volume_only(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda layer: get(layer) if _has_plane(layer) else None


def _plane(section: str) -> tuple[Setting, ...]:
    return (
        _setting("depiction", "choice", "Depiction", section, get=_volume_only(_getter("choice", "depiction")),
                 limits=lambda layer: {"choices": ["volume", "plane"]}, help="The whole volume, or a plane through it."),
        *_while("depiction", "plane",
        _setting("plane_thickness", "float", "Plane thickness", section, path="plane.thickness",
                 get=_volume_only(_getter("float", "plane.thickness")), min=1.0, max=50.0, step=0.5, soft=True, unit="px"),
        _setting("plane_normal", "choice", "Plane normal", section, get=_normal, set=_set_normal, limits=_normals),
        *(_setting(f"plane_position.{axis}", "float", f"Plane at {name}", section, get=_position(axis), set=_set_position(axis),
                   limits=_positions(axis), soft=True, unit="px")
          for axis, name in enumerate(_NORMALS))),
    )  # fmt: skip


def _contrast_range(layer: Any) -> dict[str, Any]:
    least, most = compat.contrast_range(layer)
    value = float(layer.iso_threshold)
    return {"min": min(least, value), "max": max(most, value)}


def _scalar(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Leave a setting out where the data are colours."""
    return lambda layer: None if getattr(layer, "rgb", False) else get(layer)


def _projection(layer: Any) -> str | None:
    members = getattr(layer, "_projectionclass", None)
    # Where there is one way alone there is nothing to choose.
    return None if members is None or len(_members(members)) < 2 else str(getattr(layer.projection_mode, "value", layer.projection_mode))


_PROJECTION = _setting("projection_mode", "choice", "Projection", "Slice", get=_projection,
                       limits=_choices(lambda layer: layer._projectionclass),
                       help="How a thick slice becomes a picture: dims says how thick it is.")  # fmt: skip
_OUT_OF_SLICE = _setting("out_of_slice_display", "bool", "Out of slice", "Slice", help="Draw also what lies beside the slice, smaller.")


def _text(layer: Any) -> bool | None:
    found = _find(layer, "text.visible")
    return None if found is None else bool(found)


_TEXT = _setting("text_visible", "bool", "Text", "Look", path="text.visible", get=_text)

_IMAGE = (
    _setting("interpolation2d", "choice", "Interpolation", "2-D", limits=lambda layer: {"choices": list(_interpolations(True))}),
    *_while("interpolation2d", "custom", _setting("custom_interpolation_kernel_2d", "text", "Kernel", "2-D", get=_kernel, set=_set_kernel,
            help="Rows of numbers, as in 1 2 1; 2 4 2; 1 2 1.")),
    _setting("rendering", "choice", "Rendering", "3-D", limits=_choices(_enum("napari.layers.image._image_constants", "ImageRendering"))),
    *_while("rendering", "iso", _setting("iso_threshold", "float", "Iso threshold", "3-D", get=_scalar(_getter("float", "iso_threshold")),
            limits=_contrast_range, soft=True, help="The value at which the surface lies.")),
    *_while("rendering", "attenuated_mip", _setting("attenuation", "float", "Attenuation", "3-D", get=_scalar(_getter("float", "attenuation")),
            min=0.0, max=0.5, step=0.005, soft=True, default=0.05)),
    _setting("interpolation3d", "choice", "Interpolation in 3-D", "3-D", limits=lambda layer: {"choices": list(_interpolations(False))}),
    *_plane("3-D"),
    _PROJECTION,
)  # fmt: skip


def _color_mode(layer: Any) -> str | None:
    """Return how labels get their colours, None for a version of napari that does not tell."""
    direct = getattr(layer, "_direct_colormap", None)
    if direct is None or getattr(layer, "_original_random_colormap", None) is None:
        return None
    return "direct" if type(layer.colormap) is type(direct) else "auto"


def _set_color_mode(layer: Any, value: str) -> None:
    if value == "auto":
        layer.colormap = layer._original_random_colormap
        return
    is_default = getattr(layer, "_is_default_colors", None)
    if is_default is not None and is_default(layer._direct_colormap.color_dict):
        raise ValueError("nobody has given the labels colours of their own: layer.colormap in napari does")
    layer.colormap = layer._direct_colormap


def _least_label(layer: Any) -> dict[str, Any]:
    kind = np.dtype(getattr(layer, "dtype", int))
    return {"min": 0.0 if kind.kind in "ub" else float(max(np.iinfo(kind).min, -_WHOLE))}


_LABELS = (
    _setting("selected_label", "int", "Selected label", "Paint", limits=_least_label, step=1, help="Which label is painted and picked."),
    _setting("brush_size", "int", "Brush size", "Paint", min=1, max=40, step=1, soft=True, unit="px",
             set=lambda layer, value: setattr(layer, "brush_size", _at_least_one(value))),
    _setting("contiguous", "bool", "Contiguous", "Paint", help="The fill takes only what hangs together."),
    _setting("n_edit_dimensions", "int", "Dimensions of edits", "Paint", step=1,
             get=lambda layer: _whole(getattr(layer, "n_edit_dimensions", None)) if layer.ndim > 2 else None,
             limits=lambda layer: {"min": 2, "max": int(layer.ndim)}),
    _setting("preserve_labels", "bool", "Preserve labels", "Paint", help="Paint over the background alone."),
    _setting("contour", "int", "Contour", "Look", min=0, step=1, unit="px", help="The width of the outlines; 0 fills the labels."),
    _setting("show_selected_label", "bool", "Show selected alone", "Look"),
    _setting("color_mode", "choice", "Colours", "Look", get=_color_mode, set=_set_color_mode, limits=lambda layer: {"choices": ["auto", "direct"]}),
    _setting("rendering", "choice", "Rendering", "3-D", limits=_choices(_enum("napari.layers.labels._labels_constants", "LabelsRendering"))),
    *_while("rendering", "iso_categorical", _setting("iso_gradient_mode", "choice", "Gradient", "3-D",
            limits=_choices(_enum("napari.layers.labels._labels_constants", "IsoCategoricalGradientMode")), help="How the shading is worked out.")),
    *_plane("3-D"),
    _PROJECTION,
)  # fmt: skip


def _at_least_one(value: int) -> int:
    if not 1 <= value <= 10_000:
        raise ValueError("it must be from 1 to 10000 pixels")
    return value


def _symbols(layer: Any) -> dict[str, Any]:
    return {"choices": list(_members(_enum("napari.layers.points._points_constants", "Symbol")(layer) or ()))}


def _positive(path: str, what: str) -> Callable[[Any, Any], None]:
    set = _setter(path)

    def change(layer: Any, value: float) -> None:
        if not 0 <= value <= 1e6:
            raise ValueError(f"{what} must be from 0 to 1000000")
        set(layer, value)

    return change


def _limit(place: int) -> tuple[Callable[[Any], Any], Callable[[Any, Any], None]]:
    def get(layer: Any) -> Any:
        found = getattr(layer, "canvas_size_limits", None)
        return None if found is None else _number(found[place])

    def set(layer: Any, value: float) -> None:
        limits = [float(x) for x in layer.canvas_size_limits]
        limits[place] = value
        if not 0 <= limits[0] <= limits[1]:
            raise ValueError(f"the least size on the canvas must be at most the greatest, which are {limits[0]:g} and {limits[1]:g}")
        layer.canvas_size_limits = tuple(limits)

    return get, set


_CHOSEN = "Of the points that are selected, and of those that are added."
_POINTS = (
    _setting("current_size", "float", "Point size", "Points", set=_positive("current_size", "the size"), min=1, max=100, soft=True, help=_CHOSEN),
    _setting("current_symbol", "choice", "Symbol", "Points", limits=_symbols, help=_CHOSEN),
    _setting("current_face_color", "color", "Face colour", "Points", help=_CHOSEN),
    _setting("current_border_color", "color", "Border colour", "Points", help=_CHOSEN),
    _setting("current_border_width", "float", "Border width", "Points", set=_positive("current_border_width", "the width"), min=0, max=1, step=0.01,
             soft=True, help=_CHOSEN + " A share of their size, unless that is switched off."),
    _setting("border_width_is_relative", "bool", "Border width is a share", "Points",
             set=lambda layer, value: _set_relative(layer, value)),
    _setting("antialiasing", "float", "Antialiasing", "Look", min=0, max=10, step=0.1, soft=True, unit="px",
             set=_positive("antialiasing", "antialiasing")),
    _setting("shading", "choice", "Shading in 3-D", "Look", limits=_choices(_enum("napari.layers.points._points_constants", "Shading"))),
    _setting("canvas_size_min", "float", "Least size on the canvas", "Look", get=_limit(0)[0], set=_limit(0)[1], min=0, unit="px"),
    _setting("canvas_size_max", "float", "Greatest size on the canvas", "Look", get=_limit(1)[0], set=_limit(1)[1], min=0, unit="px"),
    _TEXT,
    _OUT_OF_SLICE,
    _PROJECTION,
)  # fmt: skip


def _set_relative(layer: Any, value: bool) -> None:
    widths = np.asarray(layer.border_width, dtype=float)
    if value and (widths.size and widths.max() > 1 or float(layer.current_border_width) > 1):
        raise ValueError("a border is wider than its point: as a share of the size it must be at most 1")
    layer.border_width_is_relative = value


_SHAPES_CHOSEN = "Of the shapes that are selected, and of those that are drawn."
_SHAPES = (
    _setting("current_edge_width", "float", "Edge width", "Shapes", set=_positive("current_edge_width", "the width"), min=0, max=40, step=0.5, soft=True,
             help=_SHAPES_CHOSEN),
    _setting("current_edge_color", "color", "Edge colour", "Shapes", help=_SHAPES_CHOSEN),
    _setting("current_face_color", "color", "Face colour", "Shapes", help=_SHAPES_CHOSEN),
    _TEXT,
    _PROJECTION,
)  # fmt: skip


def _mode_of_vectors(layer: Any) -> str:
    return str(getattr(layer.edge_color_mode, "value", layer.edge_color_mode))


def _vector_color(layer: Any) -> str | None:
    # By a feature, each vector has another one.
    if _mode_of_vectors(layer) != "direct":
        return None
    colors = layer.edge_color
    return hex_of(colors[0] if len(colors) else layer._edge.current_color)


def _features(layer: Any) -> list[str]:
    return [str(name) for name in getattr(getattr(layer, "features", None), "columns", ())]


def _vector_feature(layer: Any) -> str | None:
    names = _features(layer)
    found = _find(layer, "_edge.color_properties.name")
    return None if not names else str(found) if found in names else names[0]


def _set_vector_mode(layer: Any, value: str) -> None:
    if value != "direct" and not _features(layer):
        raise ValueError("the vectors have no features to be coloured by")
    if value != "direct" and _mode_of_vectors(layer) == "direct":
        layer.edge_color = _vector_feature(layer)
    layer.edge_color_mode = value
    if value == "direct" and _mode_of_vectors(layer) != "direct":
        layer.edge_color = hex_of(layer.edge_color[0]) if len(layer.edge_color) else "red"  # before 0.9 a colour alone ends it


def _set_vector_feature(layer: Any, value: str) -> None:
    mode = _mode_of_vectors(layer)
    layer.edge_color = value
    layer.edge_color_mode = mode if mode != "direct" else "colormap"


def _longer(path: str, what: str, least: float) -> Callable[[Any, Any], None]:
    set = _setter(path)

    def change(layer: Any, value: float) -> None:
        if not least <= value <= 1e6:
            raise ValueError(f"{what} must be from {least:g} to 1000000")
        set(layer, value)

    return change


_VECTORS = (
    _setting("edge_width", "float", "Width", "Vectors", set=_longer("edge_width", "the width", 0.01), min=0.01, max=20, soft=True),
    _setting("length", "float", "Length", "Vectors", set=_longer("length", "the length", 0.1), min=0.1, max=20, soft=True,
             help="By how much the vectors are stretched."),
    _setting("vector_style", "choice", "Style", "Vectors", limits=_choices(_enum("napari.layers.vectors._vectors_constants", "VectorStyle"))),
    _setting("edge_color_mode", "choice", "Coloured by", "Vectors", get=_mode_of_vectors, set=_set_vector_mode,
             limits=lambda layer: {"choices": ["direct", "cycle", "colormap"]}),
    _setting("edge_color", "color", "Colour", "Vectors", get=_vector_color),
    _setting("edge_color_feature", "choice", "Feature", "Vectors", get=_vector_feature, set=_set_vector_feature,
             limits=lambda layer: {"choices": _features(layer)}, help="What the colours say, where they are not the same for all."),
    _OUT_OF_SLICE,
    _PROJECTION,
)  # fmt: skip


def _most(name: str, least: float) -> Callable[[Any], dict[str, Any]]:
    return lambda layer: {"min": least, "max": max(least + 1, _number(getattr(layer, name, None)) or 0)}


_TRACKS = (
    _setting("color_by", "choice", "Coloured by", "Tracks", limits=lambda layer: {"choices": [str(name) for name in layer.properties_to_color_by]}),
    _setting("tail_width", "float", "Tail width", "Tracks", limits=_most("_max_width", 0.5), step=0.5, unit="px"),
    _setting("tail_length", "int", "Tail length", "Tracks", limits=_most("_max_length", 1), step=1, soft=True, unit="frames",
             set=_longer("tail_length", "the length", 1)),
    _setting("head_length", "int", "Head length", "Tracks", limits=_most("_max_length", 0), step=1, soft=True, unit="frames",
             set=_longer("head_length", "the length", 0), help="How far what lies ahead is drawn."),
    _setting("display_tail", "bool", "Tails", "Tracks"),
    _setting("display_id", "bool", "Numbers of the tracks", "Tracks"),
    _setting("display_graph", "bool", "Graph", "Tracks", help="Where tracks divide and join."),
    _setting("hide_completed_tracks", "bool", "Hide completed", "Tracks"),
    _PROJECTION,
)  # fmt: skip


def _lines(section: str, path: str, length: bool) -> tuple[Setting, ...]:
    """Return the settings of lines over a surface."""
    found = [
        _setting(f"{path}.color", "color", "Colour", section),
        _setting(f"{path}.width", "float", "Width", section, set=_positive(f"{path}.width", "the width"), min=0, max=10, step=0.1, soft=True, unit="px"),
    ]
    if length:
        found.append(_setting(f"{path}.length", "float", "Length", section, set=_positive(f"{path}.length", "the length"), min=0, max=50, step=0.5, soft=True))
    return (_setting(f"{path}.visible", "bool", "Shown", section), *_while(path + ".visible", True, *found))


_SURFACE = (
    _setting("shading", "choice", "Shading", "Surface", limits=_choices(_enum("napari.layers.surface._surface_constants", "Shading"))),
    *_lines("Wireframe", "wireframe", False),
    *_lines("Normals of faces", "normals.face", True),
    *_lines("Normals of vertices", "normals.vertex", True),
    _PROJECTION,
)

_BOX = (
    _setting("bounding_box.visible", "bool", "Shown", "Bounding box"),
    *_while("bounding_box.visible", True,
    _setting("bounding_box.lines", "bool", "Lines", "Bounding box"),
    _setting("bounding_box.line_thickness", "float", "Line thickness", "Bounding box", min=0, max=20, step=0.5, soft=True, unit="px",
             set=_positive("bounding_box.line_thickness", "the thickness")),
    _setting("bounding_box.line_color", "color", "Line colour", "Bounding box"),
    _setting("bounding_box.points", "bool", "Corners", "Bounding box"),
    _setting("bounding_box.point_size", "float", "Size of the corners", "Bounding box", min=0, max=50, step=0.5, soft=True, unit="px",
             set=_positive("bounding_box.point_size", "the size")),
    _setting("bounding_box.point_color", "color", "Colour of the corners", "Bounding box")),
)  # fmt: skip

_OF_KIND: dict[str, tuple[Setting, ...]] = {
    "image": _IMAGE, "labels": _LABELS, "points": _POINTS, "shapes": _SHAPES, "vectors": _VECTORS, "tracks": _TRACKS, "surface": _SURFACE,
}  # fmt: skip

# What tells of a change: emitters of the layer, and models that belong to it.
_EVENTS = (
    "mode", "editable", "interpolation2d", "interpolation3d", "custom_interpolation_kernel_2d", "rendering", "iso_threshold", "attenuation", "depiction",
    "plane", "projection_mode", "selected_label", "brush_size", "contiguous", "n_edit_dimensions", "preserve_labels", "contour", "show_selected_label",
    "iso_gradient_mode", "colormap", "size", "current_size", "symbol", "current_symbol", "current_face_color", "current_border_color", "face_color",
    "border_color", "border_width", "current_border_width", "border_width_is_relative", "antialiasing", "shading", "canvas_size_limits",
    "out_of_slice_display", "edge_width", "edge_color", "current_edge_color", "edge_color_mode", "length", "vector_style", "color_by", "tail_width",
    "tail_length", "head_length", "display_tail", "display_id", "display_graph", "hide_completed_tracks", "highlight", "locked",
)  # fmt: skip
_MODELS = ("bounding_box", "plane", "text", "wireframe", "normals.face", "normals.vertex", "_face", "_border", "_edge")


# What napari keeps for older scripts alone, by the class that has it.
_old: weakref.WeakKeyDictionary[type, frozenset[str]] = weakref.WeakKeyDictionary()


def _without_old(thing: Any, settings: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """Leave out the settings that napari warns of: something else has taken their place."""
    kind = type(thing)
    if kind not in _old:
        found = set()
        for setting in settings:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                read(thing, (setting,))
            if any(issubclass(one.category, (FutureWarning, DeprecationWarning)) for one in warned):
                found.add(setting.name)
        _old[kind] = frozenset(found)
    return tuple(setting for setting in settings if setting.name not in _old[kind])


def of(layer: Any) -> tuple[Setting, ...]:
    """Return what a layer of this kind may have, in the order of the page."""
    return _without_old(layer, (*_OF_KIND.get(compat.kind(layer), ()), *_BOX))


def read(layer: Any, settings: tuple[Setting, ...]) -> dict[str, dict[str, Any]]:
    """Return {name of a setting: its value, and its limits or choices} of those that the layer has now."""
    found: dict[str, dict[str, Any]] = {}
    for setting in settings:
        try:
            value = setting.get(layer)
            if value is None:
                continue
            entry = {"value": value, **setting.limits(layer)}
        except (AttributeError, ImportError, KeyError, IndexError, TypeError, ValueError):
            continue  # another version of napari has it elsewhere
        if setting.type == "choice":
            if not entry["choices"]:
                continue
            if value not in entry["choices"]:
                entry["choices"] = [*entry["choices"], value]
        found[setting.name] = entry
    return found


def emitters(layer: Any) -> list[Any]:
    """Return what tells that a setting of a layer has changed."""
    found = [getattr(layer.events, name, None) for name in _EVENTS]
    found = [emitter for emitter in found if type(emitter).__name__ != "WarningEmitter"]  # of what has another name now
    found += [_find(layer, path + ".events") for path in _MODELS]
    return [emitter for emitter in found if emitter is not None and callable(getattr(emitter, "connect", None))]


# Overlays of the canvas.

_OVERLAYS: tuple[tuple[str, str, tuple[tuple[str, str, str, dict[str, Any]], ...]], ...] = (
    ("scale_bar", "Scale bar", (
        ("colored", "bool", "In its own colour", {}),
        ("color", "color", "Colour", {}),
        ("ticks", "bool", "Ticks", {}),
        ("position", "choice", "Place", {}),
        ("font_size", "float", "Font size", {"min": 0, "max": 48, "step": 1, "help": "0 lets napari choose, where it can."}),
        ("box", "bool", "Box", {}),
        ("box_color", "color", "Colour of the box", {}),
        ("length", "float", "Length", {"min": 0, "help": "In the unit of the canvas; 0 lets napari choose."}),
        ("unit", "text", "Unit", {}),
    )),
    ("axes", "Axes", (
        ("colored", "bool", "In colours", {}),
        ("labels", "bool", "Names", {}),
        ("dashed", "bool", "Dashed", {}),
        ("arrows", "bool", "Arrows", {}),
    )),
)  # fmt: skip


def overlays(viewer: Any) -> list[tuple[Any, tuple[Setting, ...]]]:
    """Return the overlays of the canvas that have settings, and these."""
    found = []
    known = compat.overlays(viewer)
    for name, section, fields in _OVERLAYS:
        overlay = known.get(name)
        if overlay is None or not hasattr(overlay, "events"):
            continue
        settings = []
        for field, type, title, meta in fields:
            get, set = _chosen(field) if field in ("length", "font_size") else (_getter(type, field), _setter(field))
            limits: Callable[[Any], dict[str, Any]] = _positions_of if field == "position" else _nothing
            settings.append(Setting(field, type, title, section, get, set, limits, dict(meta)))
        kept = _without_old(overlay, tuple(settings))
        found.append((overlay, tuple(setting._replace(name=f"canvas.{name}.{setting.name}") for setting in kept)))
    return found


def _chosen(field: str) -> tuple[Callable[[Any], Any], Callable[[Any, Any], None]]:
    """Return get and set of a number that napari chooses itself where it is None, and we write as 0."""

    def get(overlay: Any) -> float | None:
        if not hasattr(overlay, field):
            return None
        found = getattr(overlay, field)
        return 0.0 if found is None else _number(found)

    def set(overlay: Any, value: float) -> None:
        setattr(overlay, field, value or None)

    return get, set


def _class_of(member: Any) -> Any:
    return type(member)


def _positions_of(overlay: Any) -> dict[str, Any]:
    return {"choices": list(_members(_class_of(overlay.position)))}
