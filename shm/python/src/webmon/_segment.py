"""Arrays in shared memory: rings of frames and volumes that one process writes and webmon reads."""

from __future__ import annotations

import json
import math
import os
import platform
import secrets
import struct
import sys
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._convert import MASKED, as_dtype, called, exact
from ._memory import Held, Store, here
from ._plain import clean

__all__ = ["Block", "Segment", "available", "describe", "description", "sweep"]

_HEADER = 4096
_SLOT = 256
_MAX_JSON = 3960
_MAX_FIELDS = 256  # of a record that webmon reads, those of records within included
_MAX_DIMS = 8
_MAX_TOTAL = 1 << 42  # bytes of a segment
_PREFIX = "webmon"
_FLAG_CRC, _FLAG_CLOSED, _FLAG_VOLUME = 1, 2, 4
# Places of the header's 64-bit fields.
_LATEST, _HEARTBEAT, _PUBLISHED = 4, 9, 10

_FIXED = struct.Struct("<8sIIQQQQQIIQ")
_FRAME = struct.Struct("<QQQQI4x8Q4dI")  # from byte 16 of a slot on

# Segments smaller than this get their memory at once, others when somebody first looks.
_SMALL = 1 << 20

# On other machines another core may see the stores in another order. Readers then check what they copied.
_CRC = platform.machine().lower() not in ("x86_64", "amd64")

# Where this system keeps segments; None where it has no place for them.
STORE: Store | None = here()


def available() -> bool:
    """Whether this system has a place for segments."""
    return STORE is not None


def _align(n: int) -> int:
    return -(-n // _HEADER) * _HEADER


def check_dtype(given: Any) -> np.dtype[Any]:
    """Return the dtype in which frames of the given one lie in memory.

    That is the same without padding. One that another library has added becomes the smallest of NumPy's own that holds every
    value. Raises TypeError for what cannot be shared.
    """
    dtype = as_dtype(given)
    if dtype is None:
        raise TypeError(f"the dtype must be one of NumPy's, such as 'uint16', not {given if type(given) is str else called(given)}")
    if dtype.hasobject:
        raise TypeError(f"an array of {dtype} cannot be shared: its elements are Python objects, which live in this process alone")
    if dtype.names is not None:
        return np.dtype([(name, base.str, shape) if shape else (name, base.str) for name, base, shape, _ in fields(dtype)])
    if dtype.subdtype is not None:
        raise TypeError(f"an array of {dtype} cannot be shared: make its inner shape further axes")
    own = _own(dtype)
    if own is None or own.kind not in "biufc":
        raise TypeError(f"an array of {dtype} cannot be shared: use bool, integers, floats or complex numbers of up to 64 bits each, or records of them")
    return own


def _own(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the dtype in which values of the given one lie in memory, None if they cannot."""
    if dtype.isbuiltin == 2 or dtype.num >= 256:
        return exact(dtype)
    kind, size = dtype.kind, dtype.itemsize
    return dtype if kind in "biuSUMm" or (kind == "f" and size <= 8) or (kind == "c" and size <= 16) else None


def fields(dtype: np.dtype[Any]) -> list[tuple[str, np.dtype[Any], tuple[int, ...], tuple[str, ...]]]:
    """List the fields of a record.

    Each has its name, its dtype in memory, its shape if it is an array, and the way to it through records within, whose
    fields get the names of both. Raises TypeError for what cannot be shared.
    """
    out: list[Any] = []
    seen: set[str] = set()

    def add(dtype: np.dtype[Any], way: tuple[str, ...]) -> None:
        for at, field in enumerate(dtype.names or ()):
            here = (*way, field)
            name = clean(".".join(here)) or f"f{at}"  # as NumPy calls one without a name
            base, shape = dtype[field].subdtype or (dtype[field], ())
            if base.names is not None:
                if shape:
                    raise TypeError(f"the field {name!r} cannot be shared: it is an array of records")
                add(base, here)
                continue
            own = _own(base)
            if own is None:
                raise TypeError(f"the field {name!r} of {base} cannot be shared: use numbers or text of fixed length")
            if name in seen:
                raise TypeError(f"records with two fields that read {name!r} cannot be shared: give one another name")
            seen.add(name)
            out.append((name, own, shape, here))

    add(dtype, ())
    if not out:
        raise TypeError("records without fields cannot be shared: there is nothing to show")
    return out


def unmaskable(dtype: np.dtype[Any]) -> str:
    """Return what of a dtype, in memory, has no value that stands for what is masked; "" if all has."""
    if dtype.names is None:
        return "" if dtype.kind in MASKED else str(dtype)
    for name, base, _ in _described(dtype):
        if base.kind not in MASKED:
            return f"{base}, in the field {name!r}"
    return ""


def total_bytes(shape: Sequence[int], dtype: np.dtype[Any], slots: int) -> int:
    """Return the bytes of a segment. Raises ValueError where there are too many for any machine."""
    total = _HEADER + slots * _align(_SLOT + math.prod(shape) * dtype.itemsize)
    if total > _MAX_TOTAL:
        raise ValueError(f"{slots} frames of {dtype} of the shape {tuple(shape)} are too large to be shared")
    return total


def block_bytes(shape: Sequence[int], dtype: np.dtype[Any]) -> int:
    """Return the bytes of an array that is written in place. Raises ValueError where there are too many for any machine."""
    total = _HEADER + _align(math.prod(shape) * dtype.itemsize)
    if total > _MAX_TOTAL:
        raise ValueError(f"a volume of {dtype} of the shape {tuple(shape)} is too large to be in memory")
    return total


def describe(dtype: np.dtype[Any]) -> Any:
    """Return the dtype in NumPy's notation: text, or a list for records."""
    if dtype.names is None:
        return dtype.str
    return [[name, base.str, list(shape)] if shape else [name, base.str] for name, base, shape in _described(dtype)]


def _described(dtype: np.dtype[Any]) -> Any:
    for name in dtype.names or ():
        base, shape = dtype[name].subdtype or (dtype[name], ())
        yield name, base, shape


def description(about: dict[str, Any], name: str) -> bytes:
    """Return what a segment says of its array.

    Raises ValueError where that is more than a segment has room for, and webmon reads.
    """
    dtype = about["dtype"]
    if not isinstance(dtype, str) and len(dtype) > _MAX_FIELDS:
        raise ValueError(f"the array {name} cannot be shared: its records have {len(dtype)} fields, and {_MAX_FIELDS} are the most")
    text = json.dumps(about, separators=(",", ":")).encode()
    if len(text) > _MAX_JSON:
        raise ValueError(
            f"the array {name} cannot be shared: its fields, axes and units take {len(text)} bytes to describe, and {_MAX_JSON} "
            "are the most: share fewer fields at once, or give them shorter names"
        )
    return text


class _Shared:
    """A segment, which nobody but this process writes to. The methods are for one thread at a time.

    Raises OSError where there is no shared memory, or not enough.
    """

    _flags = 0
    _unmaps = True  # nobody uses the memory after close

    def __init__(self, total: int) -> None:
        if STORE is None:
            raise OSError(f"webmon knows no shared memory on {sys.platform}")
        self._pid = os.getpid()
        self.total = total
        self.generation = secrets.randbits(64) or 1
        self.name = f"{_PREFIX}-{self._pid}-{secrets.token_hex(6)}"
        self._allocated = 0  # bytes, from the first on
        self._held: Held | None = STORE.make(self.name, total)
        self._buf: Any = memoryview(self._held.memory)

    def _head(self, text: bytes, stride: int, data_bytes: int, slots: int) -> None:
        """Write the header."""
        buf = self._buf
        struct.pack_into("<I", buf, 128, len(text))
        buf[136 : 136 + len(text)] = text
        _FIXED.pack_into(
            buf, 0, b"WEBMONSH", 1, _HEADER, self.generation, self.total, 0, stride, data_bytes, slots, self._flags, self._pid
        )
        # Aligned stores of eight bytes each, which no reader sees half done.
        self._words = buf[:_HEADER].cast("Q")

    def _allocate(self, size: int) -> None:
        """Get the memory for so many of the first bytes."""
        held = self._held
        if held is None:
            raise ValueError("it is closed")
        if size > self._allocated:
            held.allocate(self._allocated, size)
            self._allocated = size

    @property
    def committed(self) -> bool:
        """Whether there is memory for the frames."""
        return self._allocated >= self.total

    def commit(self) -> None:
        """Get the memory for the frames. Raises OSError where there is not enough.

        That takes milliseconds, without holding the interpreter's lock.
        """
        self._allocate(self.total)

    def sound(self) -> bool:
        """Say whether what is written gets to those who read, and does not end the process. One call of the system."""
        held = self._held
        return held is not None and held.sound()

    def found(self) -> bool:
        """Whether it is sound, and those who look for it by its name find it."""
        held = self._held
        try:
            return held is not None and held.found()
        except OSError:
            return False

    def close(self) -> None:
        """Mark the segment as closed and remove its name; who has it mapped keeps what is in it."""
        held, self._held = self._held, None
        if held is None:
            return
        if os.getpid() == self._pid:
            try:
                # Where somebody has cut the file short there is nothing to write to.
                if self._buf is not None and self._allocated and held.writable():
                    struct.pack_into("<I", self._buf, 60, self._flags | _FLAG_CLOSED)
            except (OSError, TypeError, ValueError):
                pass
            held.remove()
        self._release(held)

    def abandon(self) -> None:
        """Let go of a forked child's copy; the segment is the parent's."""
        held, self._held = self._held, None
        if held is not None:
            self._release(held)

    def _release(self, held: Held) -> None:
        # Views into the memory would keep it mapped.
        self._let_go()
        self._buf = None
        mapped, held.memory = held.memory, None
        try:
            if mapped is not None and self._unmaps:
                mapped.close()
        except BufferError:
            pass  # a frame is being copied by another thread: the memory goes with the last view
        held.close()

    def _let_go(self) -> None:
        """Release the views into the memory."""
        words: Any = getattr(self, "_words", None)
        if words is not None:
            words.release()


class Segment(_Shared):
    """One ring in shared memory. The methods are for one thread at a time.

    Raises OSError where there is no shared memory, or not enough.
    """

    def __init__(self, shape: Sequence[int], dtype: np.dtype[Any], slots: int, text: bytes) -> None:
        self._flags = _FLAG_CRC if _CRC else 0
        self.shape = tuple(shape)
        self.dtype = dtype
        self.nslots = slots
        self.data_bytes = math.prod(self.shape) * dtype.itemsize
        self.stride = _align(_SLOT + self.data_bytes)
        super().__init__(_HEADER + slots * self.stride)
        try:
            self._allocate(_HEADER if self.total > _SMALL else self.total)
            self._head(text, self.stride, self.data_bytes, slots)
            self.latest = 0
            self._places = [self._place(i, self.shape) for i in range(slots)]
            self._slot_words = [self._buf[_HEADER + i * self.stride :][:32].cast("Q") for i in range(slots)]
        except BaseException:
            self.close()
            raise
        self._tails: dict[tuple[int, ...], tuple[Any, ...]] = {}

    def _place(self, slot: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        at = _HEADER + slot * self.stride + _SLOT
        out: np.ndarray[Any, Any] = np.ndarray(shape, self.dtype, buffer=self._buf, offset=at)
        return out

    def beat(self, published: int, now_ns: int) -> None:
        """Say that publish was called."""
        words = self._words
        words[_HEARTBEAT] = now_ns
        words[_PUBLISHED] = published

    def write(
        self,
        frame: np.ndarray[Any, Any],
        time_ns: int,
        offset: tuple[float, float],
        step: tuple[float, float],
        level: int,
        user: int = 0,
        ways: Sequence[Sequence[str]] = (),
    ) -> None:
        """Write a frame of the dtype, not larger than the shape, into the next slot.

        Of a masked one NaN stands for what is masked. user is a number that goes with it. ways are those to the fields of a record.
        """
        k = self.latest + 1
        slot = k % self.nslots
        shape = frame.shape
        place = self._places[slot] if shape == self.shape else self._place(slot, shape)
        words = self._slot_words[slot]
        words[0] = k
        # All that can be is written before the copy, which leaves nothing of this process in the caches: what comes after it
        # keeps those waiting who read.
        tail = self._tails.get(shape)
        if tail is None:
            if len(self._tails) > 64:
                self._tails.clear()
            tail = self._tails[shape] = (len(shape), *shape, *((0,) * (_MAX_DIMS - len(shape))))
        _FRAME.pack_into(
            self._buf,
            _HEADER + slot * self.stride + 16,
            time_ns,
            0,
            place.nbytes,
            user,
            *tail,
            offset[0],
            offset[1],
            step[0],
            step[1],
            level,
        )
        latest = self._words
        mask = None
        if type(frame) is not np.ndarray:
            mask, frame = np.ma.getmask(frame), np.asarray(frame)
        if place.dtype.names is None:
            np.copyto(place, frame)
            if mask is not None and mask is not np.ma.nomask:
                np.copyto(place, MASKED[place.dtype.kind], where=mask)
        elif place.nbytes:
            _copy_records(place, frame, mask, ways)
        if _CRC:
            words[3] = zlib.crc32(place.reshape(-1).view(np.uint8)) if place.size else 0
        words[1] = k
        latest[_LATEST] = k
        self.latest = k

    def _let_go(self) -> None:
        super()._let_go()
        for word in getattr(self, "_slot_words", []):
            word.release()
        self._places = []


class Block(_Shared):
    """One array in shared memory, which is written in place.

    Raises OSError where there is no shared memory, or not enough. All of the memory is there from the beginning, because
    writing where the machine has none would end the process.

    Attributes
    ----------
    data : numpy.ndarray
        The memory itself. It stays good for as long as somebody has it, also after close.
    """

    _flags = _FLAG_VOLUME
    _unmaps = False

    def __init__(self, shape: Sequence[int], dtype: np.dtype[Any], text: bytes) -> None:
        data_bytes = math.prod(shape) * dtype.itemsize
        stride = _align(data_bytes)
        super().__init__(_HEADER + stride)
        try:
            self._allocate(self.total)
            self._head(text, stride, data_bytes, 1)
            # It refers to the mapping, which therefore is not closed here, but goes with the last who refers to it.
            self.data: np.ndarray[Any, Any] = np.ndarray(tuple(shape), dtype, buffer=self._buf.obj, offset=_HEADER if data_bytes else 0)
        except BaseException:
            self.close()
            raise

    def tell(self, version: int) -> None:
        """Say how often the content has changed. Does nothing after close."""
        try:
            self._words[_LATEST] = version
        except ValueError:
            pass  # closed


def _copy_records(place: np.ndarray[Any, Any], frame: np.ndarray[Any, Any], mask: Any, ways: Sequence[Sequence[str]]) -> None:
    if mask is None and frame.dtype == place.dtype and frame.flags.c_contiguous and place.flags.c_contiguous:
        np.copyto(place.reshape(-1).view(np.uint8), frame.reshape(-1).view(np.uint8))
        return
    for name, way in zip(place.dtype.names or (), ways):
        field, hidden = frame, mask
        for part in way:
            field = field[part]
            hidden = None if hidden is None or hidden is np.ma.nomask else hidden[part] if hidden.dtype.names else hidden
        place[name] = field
        if hidden is not None and hidden is not np.ma.nomask:
            target = place[name]
            target[hidden] = np.array(MASKED[target.dtype.kind], target.dtype)


def sweep() -> None:
    """Remove the segments of this user's processes that were killed, and nobody has cleaned up after."""
    if STORE is not None:
        STORE.sweep()
