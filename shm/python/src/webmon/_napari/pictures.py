"""Pictures in shared memory: the slice of every picture on the screen, and the screenshot.

Nothing is copied, and no more memory is touched than the segment's header,
until somebody wants the array. The slice is napari's own array: it is copied
once, never computed again. Of one that is too large as a whole the part in view
is copied, with as many pixels as the screen has.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._segment import check_dtype
from . import compat, geometry
from .layers import Tracked, colormap_name

# A slice of more bytes is not shared as a whole, and of its part in view no more than so many.
MOST_BYTES = 256 << 20
PART_BYTES = 64 << 20

# Pixels of an overview that are shared at most.
_OVERVIEW = 1 << 20

# Such a part begins and ends at multiples of so many of its pixels.
_BLOCK = 128


class Part(NamedTuple):
    """The part of a slice that is shared of one that is too large as a whole, in pixels of the slice."""

    first: tuple[int, int]  # row, column
    last: tuple[int, int]  # not included
    stride: tuple[int, int]  # every so many pixels one is taken

    def of(self, raw: np.ndarray) -> np.ndarray:
        """Return these pixels of the slice; nothing is copied."""
        return raw[tuple(slice(*side) for side in zip(*self))]


def part_of(shape: tuple[int, int], seen: Any, per_screen: tuple[float, float], most: int) -> Part:
    """Return the part of a slice that the screen needs, at about the screen's resolution.

    Parameters
    ----------
    shape : rows, columns of the slice
    seen : [[row, column], [row, column]], the pixels of the slice on the screen, which may lie beyond it; None for all
    per_screen : pixels of the slice that a pixel of the screen goes, down and right
    most : pixels that the part has at most
    """
    first, last, stride = [], [], []
    for axis in range(2):
        step = 2 ** max(0, math.floor(math.log2(per_screen[axis]))) if per_screen[axis] > 1 else 1
        step = min(step, shape[axis])
        low, high = (0.0, float(shape[axis])) if seen is None else (float(seen[0][axis]), float(seen[1][axis]))
        # To whole blocks, and somewhat further than the screen goes, so that not each move needs another part.
        block, margin = _BLOCK * step, (high - low) / 8
        low, high = math.floor((low - margin) / block) * block, math.ceil((high + margin) / block) * block
        low = min(max(low, 0), (shape[axis] - 1) // block * block)
        first.append(low)
        last.append(max(min(high, shape[axis]), min(low + block, shape[axis])))
        stride.append(step)
    while True:
        sides = [-(-(b - a) // step) for a, b, step in zip(first, last, stride)]
        if sides[0] * sides[1] <= most:
            return Part((first[0], first[1]), (last[0], last[1]), (stride[0], stride[1]))
        stride[0 if sides[0] > sides[1] else 1] *= 2


class SharedSlice:
    """The shared array layer.<id> of one picture."""

    kind = "layer."  # begins the array's name

    def __init__(self, process: Any, tracked: Tracked) -> None:
        self._process = process
        self._tracked = tracked
        self._array: Any = None
        self._signature: Any = None
        self._shape: tuple[int, ...] = ()
        self._part: Part | None = None  # of the present slice, None for all of it
        self._copied: Part | None = None  # that was copied last
        self.topic = f"array/{self.kind}{tracked.id}"

    @property
    def partial(self) -> bool:
        """Whether the part in view is shared alone, so that what is shared follows the camera."""
        return self._part is not None

    def declare(self) -> None:
        """Have an array that the present slice goes into, or that says why there is none."""
        self._prepare()

    def publish(self) -> bool:
        """Copy the slice into the array; False if it was not copied and should be tried again."""
        raw = self._prepare()
        if raw is None:
            return True
        offset, step, level = self._placed()
        if self._part is not None:
            first, _, stride = self._part
            offset = (offset[0] + first[0] * step[0], offset[1] + first[1] * step[1])
            step = (step[0] * stride[0], step[1] * stride[1])
        copied = bool(self._array.publish(raw, offset=offset, step=step, level=level))
        if copied:
            self._copied = self._part
        return copied

    def moved(self) -> bool:
        """Say whether another part is in view than the one that was copied last."""
        raw = compat.drawn(self._tracked.layer)
        return self._part is not None and raw is not None and self._copied != self._part_in_view(raw)

    def close(self) -> None:
        """Take the array back."""
        if self._array is not None:
            self._array.close()
            self._array = None

    def _prepare(self) -> np.ndarray | None:
        """Return what is to be copied, with an array that it goes into; None if there is nothing."""
        tracked = self._tracked
        self._part = None
        why = tracked.nothing()
        raw = None if why else compat.drawn(tracked.layer)
        note = None
        if raw is not None and raw.nbytes > MOST_BYTES:
            size = f"{raw.nbytes / 1e6:.0f} MB, more than the {MOST_BYTES / 1e6:.0f} MB that are shared as a whole"
            if raw.ndim - tracked.rgb == 2:
                self._part = self._part_in_view(raw)
                raw = self._part.of(raw)
                note = f"The slice has {size}: it is shared as far as it is in view in napari, with as many of its pixels as napari's screen has."
            else:
                raw, why = None, f"The volume that napari shows has {size}. In 2D napari's slices are shared."
        if raw is not None:
            try:
                check_dtype(raw.dtype)
            except TypeError as error:
                raw, why = None, f"{error}."[:1].upper() + f"{error}."[1:]
        if raw is None:
            self._withhold(why or "napari draws nothing of the layer.")
        else:
            self._fit(raw, note)
        return raw

    def _part_in_view(self, raw: np.ndarray) -> Part:
        """Return which part of a slice is in view."""
        tracked = self._tracked
        view, place = geometry.view(tracked.viewer), tracked.place
        offset, step, _ = self._placed()
        seen = geometry.corners(view, place)
        if seen is not None:
            seen = ((np.asarray(seen) - offset) / step).tolist()
            if any(seen[1][axis] <= 0 or seen[0][axis] >= raw.shape[axis] for axis in range(2)):
                seen = None  # nothing of it is in view: all of it is as good as any part
        scale = view.zoom * view.ratio
        per_screen = [1 / max(scale * size * s, 1e-12) for size, s in zip(place.pixel[-2:], step)]
        most = PART_BYTES // (raw.itemsize * math.prod(raw.shape[2:]))
        return part_of((raw.shape[0], raw.shape[1]), seen, (per_screen[0], per_screen[1]), most)

    def _withhold(self, why: str) -> None:
        """Have an array that says why nothing is shared."""
        tracked = self._tracked
        if self._array is not None and len(self._shape) != len(tracked.place.axes) + tracked.rgb:
            self.close()  # it was of 2D, and this is 3D, or the other way round
        if self._array is None:
            shape = [int(n) for n in tracked.shapes[tracked.level][tracked.place.axes]]
            if tracked.rgb:
                shape.append(int(compat.level_data(tracked.layer, 0).shape[-1]))
            dtype = np.dtype(tracked.layer.dtype)
            if math.prod(shape) > 1 << 32:
                shape = [0] * len(shape)  # nobody knows which part of it will be shared
            with self._process.batch():
                try:
                    check_dtype(dtype)
                except TypeError:
                    dtype = np.dtype("u1")  # some must be told, and no frame comes
                self._array = self._shared(tuple(shape), dtype)
                self._array.withhold(why)
        else:
            self._array.update(**self._facts())
            self._array.withhold(why)

    def _fit(self, raw: np.ndarray, note: str | None) -> None:
        """Have an array that this slice goes into."""
        with self._process.batch():
            if self._array is not None and self._signed(raw.dtype, raw.ndim) != self._signature:
                self.close()
            if self._array is None:
                self._array = self._shared(self._room(raw, raw.shape), raw.dtype)
            elif any(n > room for n, room in zip(raw.shape, self._shape)):
                self._shape = self._room(raw, self._shape if self._part is None else raw.shape)
                self._array.resize(self._shape)
            self._array.withhold(None)
            self._array.update(note=note, **self._facts())

    def _shared(self, shape: tuple[int, ...], dtype: np.dtype) -> Any:
        """Declare an array of that shape, and return it."""
        tracked = self._tracked
        self._signature = self._signed(dtype, len(shape))
        self._shape = shape
        return self._process.share(
            self.kind + tracked.id,
            shape,
            dtype,
            self._axes(len(shape)),
            role="labels" if tracked.kind == "labels" else "rgb" if tracked.rgb else "",
            layer=tracked.id,
            **self._facts(),
        )

    def _signed(self, dtype: np.dtype, ndim: int) -> Any:
        """Return what cannot change in an array."""
        return dtype, self._axes(ndim), self._tracked.rgb

    def _facts(self) -> dict[str, Any]:
        """Return what can change: what is said of the array."""
        tracked, layer = self._tracked, self._tracked.layer
        units = compat.text_units(layer)
        shown = compat.displayed(layer, tracked.viewer)
        colours = [1.0] if tracked.rgb else []
        plain = tracked.kind == "labels" or tracked.rgb
        limits = None if plain else getattr(layer, "contrast_limits", None)
        if limits is not None:
            limits = [float(x) for x in limits]
        return {
            "title": str(layer.name),
            "units": None if units is None else [units[axis] for axis in shown] + [""] * len(colours),
            "scale": [float(layer.scale[axis]) for axis in shown] + colours,
            "colormap": None if plain else colormap_name(layer),
            "limits": limits if limits is not None and all(map(math.isfinite, limits)) else None,
        }

    def _room(self, raw: np.ndarray, least: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape for this slice and those to come."""
        shape = [max(a, b) for a, b in zip(raw.shape, least)]
        if self._part is not None or getattr(self._tracked.layer, "multiscale", False):
            # The next part of a level may be somewhat larger. Pages that are not written take no memory.
            for axis in range(min(2, raw.ndim)):
                shape[axis] = -(-shape[axis] * 5 // 4 // 256) * 256
        return tuple(shape)

    def _axes(self, ndim: int) -> tuple[str, ...]:
        labels = [str(name) for name in getattr(self._tracked.layer, "axis_labels", ())]
        shown = compat.displayed(self._tracked.layer, self._tracked.viewer)
        plain = ("z", "y", "x")[-len(shown) :]
        names: list[str] = []
        for place, axis in enumerate(shown):
            name = labels[axis] if axis < len(labels) else ""
            # napari calls axes "-2" and "-1" that nobody has named.
            names.append(plain[place] if not name or name.lstrip("-").isdigit() or name in names else name)
        if ndim > len(names):
            names.append("c")
        return tuple(names)

    def _placed(self) -> tuple[tuple[float, float], tuple[float, float], int]:
        """Return where the slice lies: offset and step in level-0 pixels, and its level."""
        tracked = self._tracked
        transform = compat.tile_to_data(tracked.layer)
        if not getattr(tracked.layer, "multiscale", False) or transform is None:
            return (0.0, 0.0), (1.0, 1.0), 0
        rows, columns = compat.displayed(tracked.layer, tracked.viewer)[-2:]
        scale, shift = np.asarray(transform.scale), np.asarray(transform.translate)
        step = (float(scale[rows]), float(scale[columns]))
        # The level itself is not kept with the slice, and the layer may be ahead of it.
        distance = np.abs(tracked.factors[:, [rows, columns]] - step).sum(axis=1)
        return (float(shift[rows]), float(shift[columns])), step, int(np.argmin(distance))


class SharedOverview(SharedSlice):
    """The shared array overview.<id> of a multiscale picture in 2D: all of the slice, at the coarsest level.

    napari draws and holds the rest only as far as it is in view. There is no such array for other pictures.
    """

    kind = "overview."

    def __init__(self, process: Any, tracked: Tracked) -> None:
        super().__init__(process, tracked)
        self._stride = 1  # every so many pixels of the level one is shared
        self._last: np.ndarray | None = None  # that was copied last

    def publish(self) -> bool:
        """Copy the level, unless it is as it was; False if it should be tried again."""
        raw = self._prepare()
        if raw is None or self._last is not None and raw.shape == self._last.shape and np.array_equal(raw, self._last):
            return True
        offset, step, level = self._placed()
        copied = bool(self._array.publish(raw, offset=offset, step=step, level=level))
        self._last = raw.copy() if copied else None
        return copied

    def close(self) -> None:
        """Take the array back."""
        self._last = None
        super().close()

    def forget(self) -> None:
        """Have the level copied although it is as it was: who looks now has not seen it."""
        self._last = None

    def _prepare(self) -> np.ndarray | None:
        tracked = self._tracked
        flat = int(tracked.viewer.dims.ndisplay) == 2 and len(tracked.place.axes) == 2
        raw = compat.coarsest(tracked.layer) if flat and tracked.nothing() is None else None
        try:
            if raw is None or raw.ndim - tracked.rgb != 2 or raw.size == 0:
                raise TypeError
            check_dtype(raw.dtype)
        except TypeError:
            self.close()
            return None
        self._stride = max(1, math.ceil(math.sqrt(raw.shape[0] * raw.shape[1] / _OVERVIEW)))
        raw = raw[:: self._stride, :: self._stride]
        self._fit(raw, None)
        return raw

    def _room(self, raw: np.ndarray, least: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(max(a, b) for a, b in zip(raw.shape, least))

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "title": f"{self._tracked.layer.name}, overview"}

    def _placed(self) -> tuple[tuple[float, float], tuple[float, float], int]:
        tracked = self._tracked
        level = int(getattr(tracked.layer, "_thumbnail_level", len(tracked.shapes) - 1))
        rows, columns = compat.displayed(tracked.layer, tracked.viewer)[-2:]
        factors = tracked.factors[level]
        return (0.0, 0.0), (float(factors[rows]) * self._stride, float(factors[columns]) * self._stride), level


class Screenshot:
    """The shared array "screenshot": RGBA, as napari took it last."""

    topic = "array/screenshot"

    def __init__(self, process: Any) -> None:
        self._process = process
        self._array: Any = None
        self._picture: np.ndarray | None = None
        self._shape: tuple[int, ...] = ()
        self.stale = False  # taken and not copied yet

    def take(self, picture: np.ndarray) -> None:
        """Keep a picture (rows x columns x 4, uint8) and publish it."""
        self._picture = np.ascontiguousarray(picture, dtype=np.uint8)
        if self._array is None:
            self._array = self._process.share(
                "screenshot", self._picture.shape, "uint8", ("y", "x", "c"), title="Screenshot", role="rgb"
            )
        elif self._picture.shape != self._shape:
            self._array.resize(self._picture.shape)
        self._shape = self._picture.shape
        self.stale = True
        self.publish()

    def publish(self) -> bool:
        """Copy the picture; False if it was not copied and should be tried again."""
        if self._array is None or self._picture is None:
            return True
        self.stale = not self._array.publish(self._picture)
        return not self.stale

    def close(self) -> None:
        """Take the array back."""
        if self._array is not None:
            self._array.close()
            self._array = None
