"""Pictures in shared memory: the slice of every picture on the screen, and the screenshot.

Nothing is copied, and no more memory is touched than the segment's header,
until somebody wants the array. The slice is napari's own array: it is copied
once, never computed again.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import compat
from .layers import Tracked, colormap_name
from .trouble import say_once

# A slice of more bytes is not shared: in 3D it may be a volume of any size.
MOST_BYTES = 256 << 20


class SharedSlice:
    """The shared array layer.<id> of one picture."""

    def __init__(self, process: Any, tracked: Tracked) -> None:
        self._process = process
        self._tracked = tracked
        self._array: Any = None
        self._signature: Any = None
        self._shape: tuple[int, ...] = ()
        self.topic = f"array/layer.{tracked.id}"

    def declare(self) -> None:
        """Make the array known, with the room that the present slice needs."""
        raw = self._raw()
        if raw is not None:
            self._fit(raw)

    def publish(self) -> bool:
        """Copy the slice into the array; False if it was not copied and should be tried again."""
        raw = self._raw()
        if raw is None:
            return True
        self._fit(raw)
        offset, step, level = self._placed()
        return bool(self._array.publish(raw, offset=offset, step=step, level=level))

    def close(self) -> None:
        """Take the array back."""
        if self._array is not None:
            self._array.close()
            self._array = None

    def _raw(self) -> Optional[np.ndarray]:
        raw = compat.drawn(self._tracked.layer)
        if raw is None or raw.size == 0:
            return None
        if raw.dtype.hasobject or raw.nbytes > MOST_BYTES:
            say_once(
                "large slice",
                "the slice of the layer %r is not shared: %.0f MB of %s is too much",
                self._tracked.layer.name, raw.nbytes / 1e6, raw.dtype,
            )  # fmt: skip
            return None
        return raw

    def _fit(self, raw: np.ndarray) -> None:
        """Have an array that this slice goes into."""
        tracked, layer = self._tracked, self._tracked.layer
        axes = self._axes(raw)
        signature = (raw.dtype, raw.ndim, axes, tracked.rgb)
        if self._array is not None and signature != self._signature:
            self.close()
        if self._array is not None:
            if any(n > room for n, room in zip(raw.shape, self._shape)):
                self._shape = self._room(raw, self._shape)
                self._array.resize(self._shape)
            return
        self._signature = signature
        self._shape = self._room(raw, raw.shape)
        labels = tracked.kind == "labels"
        units = compat.text_units(layer)
        shown = compat.displayed(layer, tracked.viewer)
        limits = None if labels or tracked.rgb else getattr(layer, "contrast_limits", None)
        scale = [float(layer.scale[axis]) for axis in shown]
        self._array = self._process.share(
            "layer." + tracked.id,
            self._shape,
            raw.dtype,
            axes,
            units=None if units is None else [units[axis] for axis in shown] + [""] * (len(axes) - len(shown)),
            scale=scale + [1.0] * (len(axes) - len(shown)),
            title=str(layer.name),
            role="labels" if labels else "rgb" if tracked.rgb else "",
            colormap=None if labels or tracked.rgb else colormap_name(layer),
            limits=None if limits is None else [float(x) for x in limits],
            layer=tracked.id,
        )

    def _room(self, raw: np.ndarray, least: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape for this slice and those to come."""
        shape = [max(a, b) for a, b in zip(raw.shape, least)]
        if getattr(self._tracked.layer, "multiscale", False):
            # The next part of a level may be somewhat larger. Pages that are not written take no memory.
            for axis in range(min(2, raw.ndim)):
                shape[axis] = -(-shape[axis] * 5 // 4 // 256) * 256
        return tuple(shape)

    def _axes(self, raw: np.ndarray) -> tuple[str, ...]:
        labels = [str(name) for name in getattr(self._tracked.layer, "axis_labels", ())]
        shown = compat.displayed(self._tracked.layer, self._tracked.viewer)
        plain = ("z", "y", "x")[-len(shown) :]
        names = []
        for place, axis in enumerate(shown):
            name = labels[axis] if axis < len(labels) else ""
            # napari calls axes "-2" and "-1" that nobody has named.
            names.append(plain[place] if not name or name.lstrip("-").isdigit() or name in names else name)
        if raw.ndim > len(names):
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


class Screenshot:
    """The shared array "screenshot": RGBA, as napari took it last."""

    topic = "array/screenshot"

    def __init__(self, process: Any) -> None:
        self._process = process
        self._array: Any = None
        self._picture: Optional[np.ndarray] = None
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
