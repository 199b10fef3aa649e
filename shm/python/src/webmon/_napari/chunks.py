"""The grid of tiles of a level: the chunks of its array, or a stated size."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

# More tiles than this are not listed: neighbours are taken together until they are fewer.
MOST_TILES = 16384


class Axis(NamedTuple):
    """The chunks along one axis."""

    size: int  # of the regular part
    length: int  # pixels of the axis
    starts: np.ndarray | None  # where chunks begin, if they are not all of one size

    def chunk_of(self, pixel: int) -> int:
        """Return the number of the chunk that holds a pixel."""
        if self.starts is not None:
            return int(np.searchsorted(self.starts, pixel, side="right")) - 1
        return pixel // self.size

    def span(self, chunk: int) -> tuple[int, int]:
        """Return the first pixel of a chunk, and the one after its last within the axis."""
        if self.starts is None:
            return min(chunk * self.size, self.length), min((chunk + 1) * self.size, self.length)
        last = chunk + 1 >= len(self.starts)
        return int(self.starts[chunk]), self.length if last else int(self.starts[chunk + 1])


class Chunks(NamedTuple):
    """The chunks of an array."""

    axes: tuple[Axis, ...]

    @property
    def shape(self) -> list[int]:
        """Pixels of a chunk along each axis, of the regular part."""
        return [axis.size for axis in self.axes]


def chunks_of(data: Any) -> Chunks | None:
    """Return the chunks of an array-like, or None if it says nothing that can be used.

    Understood are zarr (a size for each axis), dask and xarray (the sizes of all
    chunks for each axis) and tensorstore.
    """
    try:
        shape = [operator.index(n) for n in data.shape]
        said = getattr(data, "chunks", None)
        if said is None:
            layout = getattr(data, "chunk_layout", None)
            said = getattr(getattr(layout, "read_chunk", None), "shape", None)
            if said is None or any(getattr(layout, "grid_origin", None) or ()):
                return None
        if len(said) != len(shape):
            return None
        return Chunks(tuple(_axis(chunk, length) for chunk, length in zip(said, shape)))
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return None


def _axis(chunk: Any, length: int) -> Axis:
    if isinstance(chunk, Sequence):
        sizes = [operator.index(n) for n in chunk]
        if not sizes or min(sizes) < 1 or sum(sizes) != length:
            raise ValueError("chunks that do not cover the axis")
        first = sizes[0]
        if all(n == first for n in sizes[:-1]) and sizes[-1] <= first:
            return Axis(first, length, None)
        return Axis(first, length, np.concatenate([[0], np.cumsum(sizes[:-1])]))
    size = operator.index(chunk)
    if size < 1:
        raise ValueError("an empty chunk")
    return Axis(min(size, max(length, 1)), length, None)


class Grid(NamedTuple):
    """The tiles of a level along its two axes on the screen."""

    image: tuple[int, int]  # pixels: rows, columns
    tile: tuple[int, int]  # pixels of a tile: rows, columns
    stated: bool  # not the chunks of the array
    chunked: bool  # a tile is exactly a chunk, numbered as it is

    @property
    def tiles(self) -> tuple[int, int]:
        """How many tiles there are: rows, columns."""
        rows, columns = (max(1, -(-n // t)) for n, t in zip(self.image, self.tile))
        return rows, columns

    def within(self, first: Sequence[float], last: Sequence[float]) -> tuple[int, int, int, int] | None:
        """Return (first row, first column, last row, last column) of the tiles of a region.

        The region is from pixel first to pixel last of this level, both
        included; what lies outside the image is cut off. None for nothing.
        """
        found = []
        for low, high, length, tile in zip(first, last, self.image, self.tile):
            low, high = max(0, math.floor(low)), min(length - 1, math.floor(high))
            if high < low:
                return None
            found.append((low // tile, high // tile))
        (top, bottom), (left, right) = found
        return top, left, bottom, right

    def grouped(self, first: Sequence[float], last: Sequence[float]) -> Grid:
        """Return a grid with at most MOST_TILES tiles in the region: this one, or a coarser one."""
        factor = 1
        grid = self
        while True:
            span = grid.within(first, last)
            if span is None or (span[2] - span[0] + 1) * (span[3] - span[1] + 1) <= MOST_TILES:
                return grid
            factor *= 2
            tile = (self.tile[0] * factor, self.tile[1] * factor)
            grid = Grid(self.image, tile, True, False)


def grid_of(chunks: Chunks | None, shape: Sequence[int], axes: Sequence[int], whole: bool = False) -> Grid:
    """Return the tiles of a level of that shape along the two axes on the screen.

    whole says that napari takes the level as a whole: without chunks it is one tile then.
    """
    image = (int(shape[axes[0]]), int(shape[axes[1]]))
    if chunks is None and whole:
        return Grid(image, (max(image[0], 1), max(image[1], 1)), True, False)
    if chunks is None:
        # Few enough to be seen, small enough to tell parts of a view apart.
        side = 256 if max(image) <= 4096 else 512
        return Grid(image, (side, side), True, False)
    rows, columns = chunks.axes[axes[0]], chunks.axes[axes[1]]
    regular = rows.starts is None and columns.starts is None
    return Grid(image, (rows.size, columns.size), not regular, regular)


def numbered(span: tuple[int, int, int, int] | None) -> np.ndarray:
    """Return the tiles of a span as (N, 2) int64 (row, column), in Fortran order as napari sends them."""
    if span is None:
        return np.empty((0, 2), dtype=np.int64, order="F")
    top, left, bottom, right = span
    rows, columns = bottom - top + 1, right - left + 1
    tiles = np.empty((rows * columns, 2), dtype=np.int64, order="F")
    tiles[:, 0] = np.repeat(np.arange(top, bottom + 1), columns)
    tiles[:, 1] = np.tile(np.arange(left, right + 1), rows)
    return tiles
