"""Geometries and tables of labels, as people have them and as they are sent."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._convert import called, exact, reason, to_array
from ._plain import clean

__all__ = ["Geometry", "Table", "attributes_of", "geometry", "points_of", "polylines", "skeleton", "surface", "table", "tracks"]

_MAX_ATTRIBUTES = 32
_MAX_COLUMNS = 256
_MAX_NAME = 80
_MAX_TEXT = 4096
_SENT = {"b": "|u1", "u1": "|u1", "i1": "|i1", "u2": "<u2", "i2": "<i2", "u4": "<u4", "i4": "<i4"}
_IDS = ("ids", "id", "label", "index")  # what the column of the labels may be called


class Geometry(NamedTuple):
    """Vertices (n, rank), edges (m, 2), faces (k, 3), and values of each vertex: name -> (n,) or (n, components)."""

    vertices: np.ndarray[Any, Any]
    edges: np.ndarray[Any, Any]
    faces: np.ndarray[Any, Any]
    attributes: dict[str, np.ndarray[Any, Any]]

    def sent(self) -> tuple[dict[str, Any], list[Any]]:
        """Return the head of the answer, and what follows it."""
        head = {
            "rank": self.vertices.shape[1],
            "vertices": len(self.vertices),
            "edges": len(self.edges),
            "faces": len(self.faces),
            "attributes": [
                {"name": name, "dtype": values.dtype.str, "components": values.shape[1] if values.ndim == 2 else 1}
                for name, values in self.attributes.items()
            ],
        }
        return head, [self.vertices, self.edges, self.faces, *self.attributes.values()]


_NO_EDGES, _NO_FACES = np.zeros((0, 2), "<u4"), np.zeros((0, 3), "<u4")


def geometry(vertices: Any, edges: Any = None, faces: Any = None, attributes: Any = None, rank: int | None = None) -> Geometry:
    """Return a geometry, checked. Raises TypeError or ValueError that says what is wrong with which part."""
    at = _array(vertices, "the vertices")
    if at.ndim != 2 or at.dtype.kind not in "biuf" or (rank is not None and at.shape[1] != rank):
        raise ValueError(f"the vertices must be numbers of the shape (n, {rank or 'axes'}), not {at.dtype} of the shape {at.shape}")
    out = np.ascontiguousarray(at, "<f4")
    if not np.isfinite(out).all():
        raise ValueError(f"vertex {int(np.argmin(np.isfinite(out).all(axis=1)))} does not lie at finite numbers")
    return Geometry(out, _indices(edges, 2, len(out), "edges"), _indices(faces, 3, len(out), "faces"), attributes_of(attributes, len(out)))


def _array(given: Any, what: str) -> np.ndarray[Any, Any]:
    try:
        array: Any = to_array(given)
        if array is None:
            array = np.asarray(given)
        own = exact(array.dtype)
        return np.asarray(array if own is None else array.astype(own))
    except Exception as error:
        raise TypeError(f"{what} do not become an array: {reason(error)}") from error


def _indices(given: Any, width: int, most: int, what: str) -> np.ndarray[Any, Any]:
    if given is None:
        return _NO_EDGES if width == 2 else _NO_FACES
    array = _array(given, f"the {what}")
    if array.size == 0:
        return _NO_EDGES if width == 2 else _NO_FACES
    if array.ndim != 2 or array.shape[1] != width or array.dtype.kind not in "iu":
        raise ValueError(f"the {what} must be whole numbers of the shape (n, {width}), not {array.dtype} of the shape {array.shape}")
    if array.min() < 0 or array.max() >= most:
        raise ValueError(f"the {what} name vertex {int(array.min() if array.min() < 0 else array.max())}, and there are {most}")
    return np.ascontiguousarray(array, "<u4")


def attributes_of(given: Any, n: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return the values of each of n vertices by their names."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"the attributes must be a dict from names to values, not {called(given)}")
    out: dict[str, np.ndarray[Any, Any]] = {}
    for name, values in list(given.items())[:_MAX_ATTRIBUTES]:
        name = clean(str(name))[:_MAX_NAME]
        array = _array(values, f"the values of {name}")
        if array.ndim not in (1, 2) or len(array) != n or (array.ndim == 2 and not 1 <= array.shape[1] <= 16):
            raise ValueError(f"the attribute {name} must have a value, or up to 16, for each of {n} vertices, and has the shape {array.shape}")
        out[name] = _sent(array, name)
    return out


def _sent(array: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind not in "biuf":
        raise TypeError(f"the attribute {name} is of {array.dtype}: numbers alone can be shown")
    dtype = _SENT.get("b" if kind == "b" else f"{kind}{size}")
    if dtype is None:
        dtype = "<f4"
        if kind in "iu" and array.size and array.max() < 1 << 32:
            least = array.min()
            dtype = "<u4" if least >= 0 else "<i4" if least >= -(1 << 31) and array.max() < 1 << 31 else "<f4"
    return np.ascontiguousarray(array, dtype)


def points_of(given: Any, attributes: Any = None, rank: int | None = None) -> Geometry:
    """Return points; those that lie nowhere are left out."""
    at = _array(given, "the points")
    if at.ndim != 2 and at.size == 0 and rank is not None:
        at = at.reshape(0, rank)
    values = attributes_of(attributes, len(at) if at.ndim else 0)
    if at.ndim == 2 and at.dtype.kind == "f":
        somewhere = np.isfinite(at).all(axis=1)
        if not somewhere.all():
            at, values = at[somewhere], {name: value[somewhere] for name, value in values.items()}
    return geometry(at, None, None, values, rank)


def polylines(given: Any, attributes: Any = None, rank: int | None = None) -> Geometry:
    """Return lines: (vertices, edges), or a list of polylines, each an array of points."""
    if isinstance(given, tuple) and len(given) == 2:
        return geometry(given[0], given[1], None, attributes, rank)
    parts = [_array(line, f"the points of line {i}") for i, line in enumerate(given)]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    edges = [np.stack([np.arange(a, b - 1), np.arange(a + 1, b)], axis=1) for a, b in zip(starts[:-1], starts[1:]) if b > a + 1]
    if not parts:
        return geometry(np.zeros((0, rank or 1)), None, None, attributes, rank)
    return geometry(np.concatenate(parts), np.concatenate(edges) if edges else None, None, attributes, rank)


def tracks(given: Any, attributes: Any = None, rank: int | None = None) -> Geometry:
    """Return tracks: rows of a track's id and a place, in the order of time within each track."""
    at = _array(given, "the tracks")
    if at.ndim != 2 or at.shape[1] < 2 or at.dtype.kind not in "iuf" or (rank is not None and at.shape[1] != rank + 1):
        raise ValueError(f"tracks must be numbers of the shape (n, 1 + axes), the first of them the track's id, not {at.dtype} of the shape {at.shape}")
    values = attributes_of(attributes, len(at))
    order = np.lexsort((at[:, 1], at[:, 0]))
    at = at[order]
    ids = at[:, 0]
    if len(ids) and not (np.isfinite(ids).all() and ids.min() >= 0 and ids.max() < 1 << 32):
        raise ValueError("the ids of tracks must be whole numbers from 0 to 2^32 - 1")
    same = np.flatnonzero(ids[1:] == ids[:-1])
    edges = np.stack([same, same + 1], axis=1)
    return geometry(at[:, 1:], edges, None, {"id": ids.astype("<u4"), **{name: value[order] for name, value in values.items()}}, rank)


def surface(given: Any, attributes: Any = None, rank: int | None = None) -> Geometry:
    """Return a surface: (vertices, faces), (vertices, faces, values or a dict of them), or what has vertices and faces."""
    if isinstance(given, Geometry):
        return geometry(*given[:3], attributes if attributes is not None else given.attributes, rank)
    if isinstance(given, (tuple, list)) and len(given) in (2, 3):
        vertices, faces = given[0], given[1]
        values = given[2] if len(given) == 3 else None
    elif hasattr(given, "vertices") and hasattr(given, "faces"):
        vertices, faces, values = given.vertices, given.faces, None
    else:
        raise TypeError(f"a mesh must be (vertices, faces), not {called(given)}")
    if values is not None and not isinstance(values, Mapping):
        values = {"value": values}
    both = {**(values or {}), **(attributes or {})}
    return geometry(vertices, None, faces, both, rank)


def skeleton(given: Any, rank: int | None = None) -> Geometry:
    """Return a skeleton: (vertices, edges), (vertices, edges, a dict of values), or what has vertices and edges."""
    if isinstance(given, Geometry):
        return geometry(*given, rank)
    if isinstance(given, (tuple, list)) and len(given) in (2, 3):
        return geometry(given[0], given[1], None, given[2] if len(given) == 3 else None, rank)
    for name in ("vertices", "vertex_positions"):
        if hasattr(given, name) and hasattr(given, "edges"):
            return geometry(getattr(given, name), given.edges, None, getattr(given, "vertex_attributes", None), rank)
    raise TypeError(f"a skeleton must be (vertices, edges), not {called(given)}")


class Table(NamedTuple):
    """Labels, and columns of a value for each: name, kind, unit, and texts or numbers."""

    ids: np.ndarray[Any, Any]
    columns: list[tuple[str, str, str, Any]]

    def sent(self) -> tuple[dict[str, Any], list[Any]]:
        """Return the head of the answer, and what follows it."""
        import json

        columns: list[dict[str, Any]] = []
        parts: list[Any] = [self.ids]
        for name, kind, unit, values in self.columns:
            part = values if kind == "number" else json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
            columns.append({"name": name, "kind": kind, "unit": unit, "bytes": memoryview(part).nbytes})
            parts.append(part)
        return {"labels": len(self.ids), "columns": columns}, parts


def table(given: Any) -> Table:
    """Return what is known of labels.

    That is a dict from labels to texts, numbers or dicts; or a dict of columns, one of which, called "ids", "id", "label" or
    "index", has the labels; or a DataFrame of pandas, whose index has them. Raises TypeError or ValueError otherwise.
    """
    ids: Any
    columns: dict[str, Any]
    if hasattr(given, "columns") and hasattr(given, "index") and hasattr(given, "to_dict"):
        ids, columns = given.index, {str(name): list(given[name]) for name in given.columns}
    elif isinstance(given, Mapping):
        key = next((name for name in _IDS if name in given and _many(given[name])), None)
        if key is not None:
            ids, columns = given[key], {str(name): list(values) for name, values in given.items() if name != key}
        else:
            ids, columns = _by_label(given)
    else:
        raise TypeError(f"properties must be a dict or a table, not {called(given)}")
    numbers = _labels(ids)
    out = []
    named = False
    for name, values in list(columns.items())[:_MAX_COLUMNS]:
        if len(values) != len(numbers):
            raise ValueError(f"the column {name} of properties has {len(values)} values for {len(numbers)} labels")
        kind, column = _column(name, values)
        if kind == "label":
            kind, named = "string" if named else "label", True
        out.append((clean(name)[:_MAX_NAME], kind, "", column))
    return Table(numbers, out)


def _labels(ids: Any) -> np.ndarray[Any, Any]:
    # One by one: of a list of whole numbers on both sides of 2^63 NumPy makes floats.
    try:
        out = [operator.index(label) for label in ids]
    except Exception as error:
        raise TypeError(f"the labels of properties must be whole numbers: {reason(error)}") from error
    if out and not (min(out) >= 0 and max(out) < 1 << 64):
        raise ValueError("the labels of properties must be whole numbers from 0 to 2^64 - 1")
    return np.array(out, "<u8")


def _many(value: Any) -> bool:
    return isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, (str, bytes)) or hasattr(value, "__array__")


def _by_label(given: Mapping[Any, Any]) -> tuple[list[Any], dict[str, Any]]:
    ids = list(given)
    columns: dict[str, list[Any]] = {}
    for i, label in enumerate(ids):
        values = given[label]
        if not isinstance(values, Mapping):
            values = {"label" if isinstance(values, str) else "value": values}
        for name, value in values.items():
            columns.setdefault(str(name), [None] * len(ids))[i] = value
    return ids, columns


def _column(name: str, values: Sequence[Any]) -> tuple[str, Any]:
    """Return the kind of a column, and its values."""
    some = [value for value in values if value is not None]
    if any(isinstance(value, (list, tuple, set, frozenset)) for value in some):
        words = [" ".join(sorted("_".join(str(tag).split()) for tag in value)) if value is not None else "" for value in values]
        return "tags", [clean(text)[:_MAX_TEXT] for text in words]
    if all(isinstance(value, (bool, int, float, np.number, np.bool_)) for value in some):
        return "number", np.array([np.nan if value is None else float(value) for value in values], "<f8")
    texts = [clean(str(value))[:_MAX_TEXT] if value is not None else "" for value in values]
    kind = {"label": "label", "name": "label", "description": "description", "tags": "tags"}.get(name.lower(), "string")
    return kind, texts
