"""The thumbnails of the layers, as napari's own list shows them."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

# napari's own are 32 pixels along a side.
_MOST = 64


def png(pixels: np.ndarray) -> bytes:
    """Return a picture (y x c, uint8, red, green, blue and opacity) as PNG."""
    rows, columns, _ = pixels.shape

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    # Each row begins with its filter, which is none.
    raw = np.zeros((rows, 1 + 4 * columns), np.uint8)
    raw[:, 1:] = pixels.reshape(rows, -1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw.tobytes(), 6)) + chunk(b"IEND", b"")


def of(layer: Any) -> str | None:
    """Return the layer's thumbnail as the base64 of a PNG, None if it has none that is of use."""
    found = getattr(layer, "thumbnail", None)
    if found is None:
        return None
    found = np.asarray(found)
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[2] != 4 or not 0 < found.size <= _MOST * _MOST * 4:
        return None
    return base64.b64encode(png(found)).decode("ascii")
