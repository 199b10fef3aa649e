"""A volume that a process offers."""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Callable, Protocol

import numpy as np

from ._about import Scales, Units, axes_of, limits_of, per_axis, pixel, shape_of, unit_of
from ._content import Content, Gone, levels_of
from ._convert import called, reason, written
from ._plain import words
from ._segment import Block, available, block_bytes, check_dtype, description
from ._shapes import Geometry, geometry, points_of, polylines, surface, tracks

__all__ = ["SharedVolume"]

log = logging.getLogger("webmon")

VOXELS = ("image", "labels")
GEOMETRIES = ("points", "lines", "tracks", "surface")
_MAKERS: dict[str, Callable[..., Geometry]] = {"points": points_of, "lines": polylines, "tracks": tracks, "surface": surface}
BLENDINGS = ("opaque", "translucent", "translucent_no_depth", "additive", "minimum", "multiplicative")
_CHANNELS = ("c", "channel")
_MAX_VOXELS = 1 << 61  # of what is asked for box by box, and need not fit into any memory
_KEPT = 32  # changes that are told one by one; the oldest are those of all before

_SAME: Any = object()  # what stays as it is

Box = tuple[list[int], list[int]]  # from, included, and to, not included, of each axis


class Owner(Protocol):
    """What a volume asks of the process that offers it."""

    def redeclare(self) -> None:
        """Note that something else is declared of a volume."""

    def told(self, volume: SharedVolume) -> None:
        """Note that the content of a volume has changed."""

    def remove(self, volume: SharedVolume) -> None:
        """Stop offering the volume, and close it."""


class SharedVolume:
    """A volume that people fly through; :meth:`Process.volume` makes it.

    Attributes
    ----------
    name : str
        As webmon knows it.
    kind : str
        "image", "labels", "points", "lines", "tracks" or "surface".
    shape : tuple of int
        Of the full resolution, in C order. Of points and the like how far they go, 0 where that is not known.
    dtype : numpy.dtype or None
        Of the voxels.
    axes : tuple of str
        The name of each axis.
    data : numpy.ndarray or object
        Of a volume that was made with a shape: the memory itself, which begins with zeros. Otherwise what was given.
    version : int
        How often the content was said to have changed.
    """

    def __init__(
        self,
        owner: Owner,
        name: str,
        *,
        kind: str | None,
        axes: str | Sequence[str] | None,
        shape: int | Sequence[int] | None = None,
        dtype: Any = None,
        data: Any = None,
        made_of: Any = None,
        attributes: Any = None,
        scale: Scales = None,
        units: Units = None,
        corner: Sequence[float] | None = None,
        matrix: Any = None,
        channels: str | int | None = None,
        rgb: bool = False,
        title: str | None = None,
        limits: tuple[float, float] | None = None,
        colormap: str | None = None,
        blending: str | None = None,
        opacity: float | None = None,
        hidden: bool = False,
        unit: str | None = None,
        mesh: Any = None,
        skeletons: Any = None,
        properties: Any = None,
        layer: str | None = None,
        client: dict[str, Any] | None = None,
    ) -> None:
        self._owner = owner
        self.name = name
        self.kind = kind or "image"
        self._wants = (mesh, skeletons, properties)
        for what, given, more in (("mesh", mesh, ()), ("skeletons", skeletons, ()), ("properties", properties, ("columns",))):
            if given is not None and not callable(given) and not any(hasattr(given, key) for key in ("__getitem__", *more)):
                raise TypeError(f"{what} of {name} must be a function or a dict, not {called(given)}")
        of_labels = any(given is not None for given in self._wants)
        self._lock = threading.Lock()
        self._closed = False
        self._block: Block | None = None
        self.data: Any = None
        self.dtype: np.dtype[Any] | None = None
        self.version = 0
        self._since = 0  # the version before the first of the changes
        self._changes: deque[tuple[int, Box | None]] = deque()  # the version that each led to, and where it was, None for anywhere
        self._sealed = True  # somebody has read the last of the changes: the next is one of its own
        self._generation = secrets.randbits(64) or 1
        content: Content
        if self.kind in GEOMETRIES:
            # Skeletons of a client of neuroglancer belong to labels that are nowhere else.
            if rgb or channels is not None or limits is not None or (of_labels and client is None):
                raise ValueError(f"{name} are {self.kind}, which have no channels, limits, meshes, skeletons and properties of labels")
            content, self.shape = self._of_geometry(made_of, attributes, None if axes is None else len(_named(axes)))
            self.data = made_of
        else:
            if self.kind not in VOXELS:
                raise ValueError(f"kind must be one of {', '.join(map(repr, VOXELS))}, not {written(kind)}")
            if self.kind != "labels" and client is None and of_labels:
                raise ValueError(f'meshes, skeletons and properties belong to labels: give {name} kind="labels"')
            content, self.shape = self._of_voxels(shape, dtype, data)
        if not self.shape:
            raise ValueError(f"the volume {name} has no axes: a volume has 1 to 8")
        names = axes_of(axes, self.shape, "", False)
        self.axes = tuple(names)
        self._about: dict[str, Any] = {
            "axes": names,
            "units": per_axis(units, names, "units", "", unit_of),
            "scale": per_axis(scale, names, "scale", 1.0, _size),
            "corner": _numbers(corner, names, "corner"),
            "matrix": _matrix(matrix, names),
            "channels": _channels(channels, names, self.shape, self.kind, rgb),
            "rgb": bool(rgb),
            "layer": layer,
            "client": client,
            **shown(
                name, title=title, limits=limits, colormap=colormap, blending=blending, opacity=opacity, hidden=hidden, unit=unit, note=None
            ),
        }
        if shape is not None and self.kind in VOXELS:
            content = self._in_memory()
        self._state = (f"{self._generation:016x}", content)

    def _of_voxels(self, shape: Any, dtype: Any, data: Any) -> tuple[Content, tuple[int, ...]]:
        """Return what is read of voxels, and their shape. Of those that are to be in memory that is not there yet."""
        name = self.name
        if data is None:
            sides = shape_of(shape)
            self.dtype = _checked(name, dtype, self.kind)
            block_bytes(sides, self.dtype)
            return Content([], self.dtype, len(sides)), sides
        if dtype is not None:
            raise ValueError(f"the dtype of {name} is that of its data: leave it out")
        content, self.dtype, sides = self._of_data(data)
        self.data = data
        return content, sides

    def _of_data(self, data: Any) -> tuple[Content, np.dtype[Any], tuple[int, ...]]:
        """Return what is read of voxels that were given, in which dtype, and their shape."""
        levels, own = levels_of(data, self.name)
        dtype = _checked(self.name, own, self.kind).newbyteorder("<")
        sides = shape_of(tuple(levels[0].shape), _MAX_VOXELS)
        return Content(levels, dtype, len(sides), None, *self._wants), dtype, sides

    def _of_geometry(self, given: Any, attributes: Any, rank: int | None) -> tuple[Content, tuple[int, ...]]:
        """Return what is read of a geometry, and how far it goes."""
        make = _MAKERS[self.kind]
        if callable(given):
            if rank is None:
                raise ValueError(f"the {self.kind} of {self.name} come from a function, so axes must say which axes they have")

            def made_now() -> Geometry:
                found = given()
                return geometry(*found, rank) if isinstance(found, Geometry) else make(found, attributes, rank)

            return Content([], None, rank, made_now, *self._wants), (0,) * rank
        made = make(given, attributes, rank)
        # The caller may go on to change what was given.
        values = {key: np.array(part) for key, part in made.attributes.items()}
        own = Geometry(np.array(made.vertices), np.array(made.edges), np.array(made.faces), values)
        far = np.ceil(own.vertices.max(axis=0)) if len(own.vertices) else np.zeros(own.vertices.shape[1])
        sides = tuple(int(n) if 0 < n < 1 << 40 else 0 for n in far)
        return Content([], None, len(sides), lambda: own), sides

    def _in_memory(self) -> Content:
        """Make the memory. Where there is none to be shared it is the process's own."""
        assert self.dtype is not None
        about = {"dtype": self.dtype.str, "shape": list(self.shape), "axes": self._about["axes"], "units": self._about["units"]}
        text = description(about, self.name)
        if available():
            try:
                self._block = block = Block(self.shape, self.dtype, text)
            except OSError as error:
                log.warning("the volume %s is not in shared memory, and is asked for instead: %s", self.name, error)
            else:
                self._generation = block.generation
                self.data = block.data
        if self.data is None:
            self.data = np.zeros(self.shape, self.dtype)
        return Content([self.data], self.dtype, len(self.shape), None, *self._wants)

    def _content(self, generation: str) -> Content:
        """Return what webmon reads. Raises Gone if that is of another generation."""
        now, content = self._state
        if now != generation or self._closed:
            raise Gone(f"the volume {self.name} was made again")
        return content

    def _declared(self) -> dict[str, Any]:
        """Return what webmon is told of the volume."""
        with self._lock:  # so that all of it is of one generation
            block, (generation, content), shape, dtype = self._block, self._state, self.shape, self.dtype
        out: dict[str, Any] = {
            "kind": self.kind,
            "generation": generation,
            "shm": block.name if block is not None else "",
            "shape": list(shape),
        }
        if dtype is not None:
            out["dtype"] = dtype.str
        if len(content.shapes) > 1:
            out["levels"] = [list(shape) for shape in content.shapes[1:]]
        for key, given in zip(("meshes", "skeletons", "properties"), self._wants):
            if given is not None:
                out[key] = True
        return {**out, **{key: value for key, value in self._about.items() if value is not None}}

    def _told(self) -> dict[str, Any]:
        """Return what webmon is told of the changes: those since the version "since", each with the version it led to."""
        with self._lock:
            self._sealed = True
            return {
                "generation": self._state[0],
                "version": self.version,
                "since": self._since,
                "changes": [[version, *(box or (None, None))] for version, box in self._changes],
            }

    def _look(self) -> None:
        """Go on without the shared memory where somebody has removed it; called now and then, in the server's threads."""
        block = self._block
        if block is None or block.found():
            return
        with self._lock:
            if self._block is not block:
                return  # closed
            log.warning(
                "the shared memory of the volume %s (%s) was removed, cut short or renamed by somebody else: it is asked for from now on",
                self.name, block.name,
            )  # fmt: skip
            self._block = None
            self._anew(self._state[1])
            block.close()
        self._owner.redeclare()

    def _anew(self, content: Content) -> None:
        """Make it another volume for those who read. The caller holds the lock."""
        self._state = (f"{secrets.randbits(64) or 1:016x}", content)
        self._changes.clear()
        self._since = self.version
        self._sealed = True

    def _grown(self) -> bool:
        """Make it another volume if its data have got another shape, as an array that grows along time has."""
        generation, content = self._state
        if self._block is not None or not content.levels:
            return False
        try:
            shapes = [tuple(int(n) for n in level.shape) for level in content.levels]
        except Exception:
            return False  # they are closed: reading them says so
        if shapes == content.shapes or len(shapes[0]) != len(self.shape):
            return False
        # The data are asked without the lock: they may have one of their own, which whoever says changed() may hold, as h5py has.
        grown = Content(content.levels, self.dtype, len(self.shape), None, *self._wants)
        with self._lock:
            if self._state[0] != generation:
                return True
            self.shape = grown.shapes[0]
            self._anew(grown)
        self._owner.redeclare()
        return True

    def changed(self, region: Any = None) -> None:
        """Say that the content has changed: who looks at the volume sees it within a second.

        Never blocks. Changes are told no more often than somebody wants them, and those between are told as one.

        Parameters
        ----------
        region : tuple of slice or int, optional
            Where it has changed, in voxels, as one would index the data. Default: it may be anywhere. Data that were given,
            and have another shape by now, are another volume.

        Raises
        ------
        TypeError, ValueError
            If the region is none of the volume's.

        Examples
        --------
        >>> volume.data[10:20] += 1
        >>> volume.changed(np.s_[10:20])
        """
        if self._grown():
            region = None
        box = None if region is None else box_of(region, self.shape)
        if box is not None and any(start >= end for start, end in zip(*box)):
            return  # nothing lies in it
        with self._lock:
            if self._closed:
                return
            self.version += 1
            if self._sealed or not self._changes:
                self._changes.append((self.version, box))
                self._sealed = False
                if len(self._changes) > _KEPT:
                    self._since = self._changes.popleft()[0]
            else:
                last = self._changes[-1][1]
                self._changes[-1] = (self.version, None if last is None or box is None else _both(last, box))
            if self._block is not None:
                self._block.tell(self.version)
        self._owner.told(self)

    def replace(self, data: Any, attributes: Any = None) -> None:
        """Put other data in the place of those that were given.

        Who looks sees them as a change, or as another volume where shape, levels or dtype differ.

        Parameters
        ----------
        data : object
            As ``data``, ``points``, ``lines``, ``tracks`` or ``surface`` of :meth:`Process.volume`, with as many axes as
            before. A volume that was made with a shape has its own memory, and none can be put in its place.
        attributes : dict, optional
            As for :meth:`Process.volume`.

        Raises
        ------
        TypeError, ValueError
            If they cannot be read, or have another number of axes.

        Examples
        --------
        >>> spots = process.volume("spots", points=found, axes="zyx")
        >>> spots.replace(found_again)
        """
        if self.kind in GEOMETRIES:
            content, sides = self._of_geometry(data, attributes, len(self.axes))
            dtype: np.dtype[Any] | None = None
        else:
            if self._block is not None or self.data is None:
                raise ValueError(f"the volume {self.name} was made with a shape: write to its data")
            content, dtype, sides = self._of_data(data)
            if len(sides) != len(self.axes):
                raise ValueError(f"the volume {self.name} has {len(self.axes)} axes, and the shape {sides} has {len(sides)}: make another volume")
        with self._lock:
            if self._closed:
                return
            same = self.kind in GEOMETRIES or (dtype == self.dtype and content.shapes == self._state[1].shapes)
            self.data, self.dtype, self.shape = data, dtype, sides
            if same:
                self._state = (self._state[0], content)
            else:
                self._anew(content)
        if not same:
            self._owner.redeclare()
        self.changed()

    def update(
        self,
        *,
        title: str | None = _SAME,
        limits: tuple[float, float] | None = _SAME,
        colormap: str | None = _SAME,
        blending: str | None = _SAME,
        opacity: float | None = _SAME,
        hidden: bool = _SAME,
        unit: str | None = _SAME,
        note: str | None = _SAME,
    ) -> None:
        """Change what people are told of the volume, and how it is shown to begin with.

        What is not given stays as it is.

        Parameters
        ----------
        title, limits, colormap, blending, opacity, hidden, unit : optional
            As for :meth:`Process.volume`.
        note : str or None, optional
            A sentence on what people see, such as "Every tenth slice is missing.".

        Raises
        ------
        TypeError, ValueError
            If an argument is of no use; it says which.
        """
        given = {
            "title": title, "limits": limits, "colormap": colormap, "blending": blending,
            "opacity": opacity, "hidden": hidden, "unit": unit, "note": note,
        }  # fmt: skip
        self._update({key: value for key, value in given.items() if value is not _SAME})

    def _update(self, given: dict[str, Any], placed: dict[str, Any] | None = None) -> None:
        new = {**shown(self.name, **given), **(placed or {})}
        with self._lock:
            if self._closed or all(self._about[key] == value for key, value in new.items()):
                return
            self._about = {**self._about, **new}  # the server may be writing out the old one
        self._owner.redeclare()

    def _restate(self, axes: list[str], *, scale: Scales, units: Units, corner: Any, matrix: Any, **given: Any) -> None:
        """Change where it lies, and what update changes."""
        placed = {
            "units": per_axis(units, axes, "units", "", unit_of),
            "scale": per_axis(scale, axes, "scale", 1.0, _size),
            "corner": _numbers(corner, axes, "corner"),
            "matrix": _matrix(matrix, axes),
        }
        self._update(given, placed)

    def close(self) -> None:
        """Stop offering the volume. Its data stay as they are for whoever has them. Calling it again does nothing."""
        self._owner.remove(self)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            block, self._block = self._block, None
        if block is not None:
            block.close()

    def _abandon(self) -> None:
        """In a forked child, which may write to the memory, but offers nothing."""
        self._closed = True
        self._lock = threading.Lock()
        block, self._block = self._block, None
        if block is not None:
            block.abandon()

    def __enter__(self) -> SharedVolume:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"version {self.version}"
        what = f"{self.shape} {self.dtype} {self.kind}" if self.dtype is not None else self.kind
        return f"<webmon.SharedVolume {self.name!r} {what}, {state}>"


def _checked(name: str, dtype: Any, kind: str) -> np.dtype[Any]:
    own = check_dtype(dtype)
    if own.names is not None:
        raise TypeError(f"{name} of {own} cannot be shown: its voxels are records. Make a volume of each field")
    if kind == "labels" and own.kind not in "biu":
        raise TypeError(f"labels are whole numbers, and {own} is none: leave kind out, or convert them")
    return own


def _named(axes: str | Sequence[str]) -> list[str]:
    try:
        return list(axes)
    except Exception as error:
        raise TypeError(f"axes must be a name for each axis, such as 'zyx': {reason(error)}") from error


def shown(name: str, **given: Any) -> dict[str, Any]:
    """Return how a volume is shown, as it is declared. Raises TypeError or ValueError saying what is of no use."""
    out: dict[str, Any] = {}
    for key, value in given.items():
        if key == "limits":
            out[key] = limits_of(value)
        elif key == "opacity":
            out[key] = None if value is None else _opacity(value)
        elif key == "hidden":
            out[key] = True if value else None
        elif key == "blending" and value is not None and value not in BLENDINGS:
            raise ValueError(f"blending must be one of {', '.join(map(repr, BLENDINGS))}, not {written(value)}")
        else:
            out[key] = words(value, f"the {key} of {name}")
    return out


def box_of(region: Any, shape: tuple[int, ...]) -> Box:
    """Return the box that holds a region. Raises TypeError or ValueError for what is none of the shape's."""
    entries = list(region) if isinstance(region, tuple) else [region]
    if any(entry is Ellipsis for entry in entries):
        at = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
        entries[at : at + 1] = [slice(None)] * (len(shape) - len(entries) + 1)
    if len(entries) > len(shape):
        raise ValueError(f"the region has {len(entries)} axes, and the volume has {len(shape)}")
    start, end = [0] * len(shape), list(shape)
    for axis, entry in enumerate(entries):
        side = shape[axis]
        if isinstance(entry, slice):
            try:
                places = range(*entry.indices(side))
            except Exception as error:
                raise TypeError(f"the region cannot be understood along axis {axis}: {reason(error)}") from error
            start[axis], end[axis] = (min(places[0], places[-1]), max(places[0], places[-1]) + 1) if places else (0, 0)
        elif isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
            place = int(entry) + (side if entry < 0 else 0)
            if not 0 <= place < side:
                raise ValueError(f"the region has {int(entry)} along axis {axis}, which has {side} voxels")
            start[axis], end[axis] = place, place + 1
        else:
            raise TypeError(f"the region must be slices and whole numbers, not {called(entry)}")
    return start, end


def _both(a: Box, b: Box) -> Box:
    """Return the box that holds two."""
    return [min(x, y) for x, y in zip(a[0], b[0])], [max(x, y) for x, y in zip(a[1], b[1])]


def _size(value: Any, what: str) -> float:
    size = pixel(value, what)
    if size < 0:
        raise ValueError(f"{what} must be more than 0, not {size}: say by the matrix that an axis runs the other way")
    return size


def _numbers(given: Any, axes: list[str], what: str) -> list[float] | None:
    if given is None:
        return None
    try:
        out = [float(x) for x in given]
    except Exception as error:
        raise TypeError(f"{what} must be a number for each of the axes {', '.join(axes)}: {reason(error)}") from error
    if len(out) != len(axes) or not all(map(math.isfinite, out)):
        raise ValueError(f"{what} must be a finite number for each of the axes {', '.join(axes)}, not {written(given)}")
    return out


def _matrix(given: Any, axes: list[str]) -> list[list[float]] | None:
    if given is None:
        return None
    rank = len(axes)
    try:
        out = np.asarray(given, np.float64)
    except Exception as error:
        raise TypeError(f"matrix must be {rank} rows of {rank + 1} numbers: {reason(error)}") from error
    if out.shape == (rank + 1, rank + 1):
        out = out[:rank]
    if out.shape != (rank, rank + 1) or not np.isfinite(out).all():
        raise ValueError(f"matrix must be {rank} rows of {rank + 1} finite numbers, from voxels to units, not {written(given)}")
    rows: list[list[float]] = out.tolist()
    return rows


def _channels(given: Any, axes: list[str], shape: tuple[int, ...], kind: str, rgb: bool) -> int:
    """Return the axis along which the items are channels, -1 for none."""
    if given is None:
        axis = len(axes) - 1 if rgb else next((i for i, name in enumerate(axes) if name in _CHANNELS and kind == "image"), -1)
    elif isinstance(given, str):
        if given not in axes:
            raise ValueError(f"channels must be one of the axes {', '.join(axes)}, not {given!r}")
        axis = axes.index(given)
    elif isinstance(given, (int, np.integer)) and -len(axes) <= given < len(axes):
        axis = -1 if given == -1 else int(given) % len(axes)
    else:
        raise ValueError(f"channels must be one of the axes {', '.join(axes)}, or -1 for none, not {written(given)}")
    if rgb and (axis < 0 or shape[axis] not in (3, 4) or kind != "image"):
        raise ValueError(f"with rgb the axis of the colours is 3 or 4 long, and the shape is {shape}")
    return axis


def _opacity(value: Any) -> float:
    try:
        out = float(value)
    except Exception as error:
        raise TypeError(f"opacity must be a number: {reason(error)}") from error
    if not 0 <= out <= 1:
        raise ValueError(f"opacity must be 0 to 1, not {out}")
    return out
