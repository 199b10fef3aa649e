"""Arrays in POSIX shared memory: rings of frames that one process writes and webmon reads."""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import secrets
import struct
import sys
import time
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Segment", "describe", "sweep"]

log = logging.getLogger("webmon")

_HEADER = 4096
_SLOT = 256
_MAX_JSON = 3960
_MAX_DIMS = 8
_PREFIX = "webmon"
_FLAG_CRC, _FLAG_CLOSED = 1, 2
# Places of the header's 64-bit fields.
_LATEST, _HEARTBEAT, _PUBLISHED = 4, 9, 10

_FIXED = struct.Struct("<8sIIQQQQQIIQ")
_FRAME = struct.Struct("<QQQQI4x8Q4dI")  # from byte 16 of a slot on

# Segments smaller than this get their memory at once, others when somebody first looks.
_SMALL = 1 << 20

# Elsewhere another core may see our stores in another order, and readers check what they copied.
_CRC = platform.machine().lower() not in ("x86_64", "amd64")

_AVAILABLE = sys.platform.startswith("linux")


def _align(n: int) -> int:
    return -(-n // _HEADER) * _HEADER


def check_dtype(given: Any) -> np.dtype[Any]:
    """Returns the dtype in which frames lie in memory: the given one without padding.

    Raises TypeError for what cannot be shared.
    """
    dtype: np.dtype[Any] = np.dtype(given)
    if dtype.hasobject:
        raise TypeError(f"an array of {dtype} cannot be shared: its elements are Python objects, which live in this process alone")
    if dtype.names is not None:
        return np.dtype(_fields(dtype, ""))
    if dtype.subdtype is not None:
        raise TypeError(f"an array of {dtype} cannot be shared: make its inner shape further axes")
    if dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize <= 8) or (dtype.kind == "c" and dtype.itemsize <= 16):
        return dtype
    raise TypeError(f"an array of {dtype} cannot be shared: use bool, integers, floats or complex numbers of up to 64 bits each, or records of them")


def _fields(dtype: np.dtype[Any], prefix: str) -> list[Any]:
    """Lists the fields of a record without padding; those of records within records get the names of both."""
    out: list[Any] = []
    assert dtype.names is not None
    for name in dtype.names:
        inner = dtype[name]
        base, shape = inner.subdtype or (inner, ())
        if base.names is not None:
            if shape:
                raise TypeError(f"the field {prefix + name!r} cannot be shared: it is an array of records")
            out += _fields(base, f"{prefix}{name}.")
        elif base.kind in "biuSUMm" or (base.kind == "f" and base.itemsize <= 8) or (base.kind == "c" and base.itemsize <= 16):
            out.append((prefix + name, base.str, shape) if shape else (prefix + name, base.str))
        else:
            raise TypeError(f"the field {prefix + name!r} of {base} cannot be shared: use numbers or text of fixed length")
    return out


def describe(dtype: np.dtype[Any]) -> Any:
    """Returns the dtype in NumPy's notation: text, or a list for records."""
    if dtype.names is None:
        return dtype.str
    return [[name, base.str, list(shape)] if shape else [name, base.str] for name, base, shape in _described(dtype)]


def _described(dtype: np.dtype[Any]) -> Any:
    for name in dtype.names or ():
        base, shape = dtype[name].subdtype or (dtype[name], ())
        yield name, base, shape


class Segment:
    """One ring in shared memory. The methods are for one thread at a time.

    Raises OSError where there is no shared memory, or not enough.
    """

    def __init__(self, shape: Sequence[int], dtype: np.dtype[Any], slots: int, about: dict[str, Any]) -> None:
        from multiprocessing.shared_memory import SharedMemory  # missing on some platforms

        self.shape = tuple(shape)
        self.dtype = dtype
        self.nslots = slots
        self._pid = os.getpid()
        count = 1
        for n in self.shape:
            count *= n
        self.data_bytes = count * dtype.itemsize
        self.stride = _align(_SLOT + self.data_bytes)
        self.total = _HEADER + slots * self.stride
        self.generation = secrets.randbits(64) or 1
        text = json.dumps(about, separators=(",", ":")).encode()
        if len(text) > _MAX_JSON:
            raise ValueError(f"the description of the array is {len(text)} bytes long, and {_MAX_JSON} are the most: use fewer or shorter fields")
        # Tracked, so that the resource tracker removes it should this process be killed.
        self._shm = SharedMemory(name=f"{_PREFIX}-{self._pid}-{secrets.token_hex(6)}", create=True, size=self.total)
        self.name = self._shm.name
        self._buf: Any = self._shm.buf
        self._committed = False
        try:
            self._lock_file()
            self._allocate(_HEADER if self.total > _SMALL else self.total)
            flags = _FLAG_CRC if _CRC else 0
            buf: Any = self._buf
            struct.pack_into("<I", buf, 128, len(text))
            buf[136 : 136 + len(text)] = text
            _FIXED.pack_into(
                buf, 0, b"WEBMONSH", 1, _HEADER, self.generation, self.total, 0, self.stride, self.data_bytes, slots, flags, self._pid
            )
        except BaseException:
            self.close()
            raise
        self.latest = 0
        # Aligned stores of eight bytes each, which no reader sees half done.
        self._words = buf[:_HEADER].cast("Q")
        self._places = [self._place(i, self.shape) for i in range(slots)]
        self._slot_words = [buf[_HEADER + i * self.stride :][:16].cast("Q") for i in range(slots)]
        self._tails: dict[tuple[int, ...], tuple[Any, ...]] = {}

    def _lock_file(self) -> None:
        """Locks the segment for as long as this process lives, so that a sweep tells it from what a dead one has left.

        A process's number says less: another one may have it by now, or it may be of another container.
        """
        if _AVAILABLE:
            from ._announce import try_lock

            fd = getattr(self._shm, "_fd", -1)
            if fd >= 0:
                try_lock(fd)

    def _allocate(self, size: int) -> None:
        # A segment begins as a hole. Writing where the machine has no room for it would kill the process.
        fd = getattr(self._shm, "_fd", -1)
        if fd >= 0 and hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(fd, 0, size)
            except OSError as error:
                raise OSError(
                    error.errno,
                    f"the machine's shared memory (/dev/shm) has no room for {size / (1 << 20):.0f} MiB: {error.strerror}",
                ) from None
        self._committed = size >= self.total

    @property
    def committed(self) -> bool:
        """Whether there is memory for the frames."""
        return self._committed

    def commit(self) -> None:
        """Gets the memory for the frames; takes milliseconds, without holding the interpreter's lock. Raises OSError
        where there is not enough."""
        if not self._committed:
            self._allocate(self.total)

    def _place(self, slot: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        at = _HEADER + slot * self.stride + _SLOT
        out: np.ndarray[Any, Any] = np.ndarray(shape, self.dtype, buffer=self._buf, offset=at)
        return out

    def beat(self, published: int, now_ns: int) -> None:
        """Says that publish was called."""
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
    ) -> None:
        """Writes a frame of the dtype, not larger than the shape, into the next slot."""
        k = self.latest + 1
        slot = k % self.nslots
        shape = frame.shape
        place = self._places[slot] if shape == self.shape else self._place(slot, shape)
        words = self._slot_words[slot]
        words[0] = k
        if place.dtype.names is None:
            np.copyto(place, frame)
        elif frame.size:
            _copy_records(place, frame)
        crc = 0
        if _CRC:
            crc = zlib.crc32(place.reshape(-1).view(np.uint8)) if place.size else 0
        tail = self._tails.get(shape)
        if tail is None:
            if len(self._tails) > 64:
                self._tails.clear()
            tail = self._tails[shape] = (len(shape), *shape, *((0,) * (_MAX_DIMS - len(shape))))
        _FRAME.pack_into(
            self._buf,
            _HEADER + slot * self.stride + 16,
            time_ns,
            crc,
            place.nbytes,
            0,
            *tail,
            offset[0],
            offset[1],
            step[0],
            step[1],
            level,
        )
        words[1] = k
        self._words[_LATEST] = k
        self.latest = k

    def close(self) -> None:
        """Marks the segment as closed and removes its name; who has it mapped keeps what is in it."""
        shm, self._shm = self._shm, None  # type: ignore[assignment]
        if shm is None:
            return
        if os.getpid() == self._pid:
            try:
                flags = (_FLAG_CRC if _CRC else 0) | _FLAG_CLOSED
                struct.pack_into("<I", self._buf, 60, flags)
            except (TypeError, ValueError):
                pass
            try:
                shm.unlink()
            except FileNotFoundError:
                # Somebody has removed the file. The tracker must not look for it.
                _forget(shm)
        self._release(shm)

    def abandon(self) -> None:
        """Lets go of a forked child's copy; the segment is the parent's."""
        shm, self._shm = self._shm, None  # type: ignore[assignment]
        if shm is not None:
            self._release(shm)

    def _release(self, shm: Any) -> None:
        # Views into the memory would keep it mapped.
        for word in [getattr(self, "_words", None), *getattr(self, "_slot_words", [])]:
            if word is not None:
                word.release()
        self._places = []
        self._buf = None
        try:
            shm.close()
        except BufferError:
            # A frame is being copied by another thread; the memory goes with the last view. Without this the object
            # would try once more when it is collected, and complain.
            fd = getattr(shm, "_fd", -1)
            if fd >= 0:
                os.close(fd)
                shm._fd = -1
            shm.close = lambda: None


def _forget(shm: Any) -> None:
    try:
        from multiprocessing import resource_tracker

        resource_tracker.unregister(shm._name, "shared_memory")
    except Exception:
        log.debug("the resource tracker could not be told", exc_info=True)


def _copy_records(place: np.ndarray[Any, Any], frame: np.ndarray[Any, Any]) -> None:
    if frame.dtype == place.dtype and frame.flags.c_contiguous and place.flags.c_contiguous:
        np.copyto(place.reshape(-1).view(np.uint8), frame.reshape(-1).view(np.ndarray).view(np.uint8))
        return
    _copy_fields(place, frame.view(np.ndarray), "")


def _copy_fields(place: np.ndarray[Any, Any], frame: np.ndarray[Any, Any], prefix: str) -> None:
    for name in frame.dtype.names or ():
        if frame.dtype[name].names is not None:
            _copy_fields(place, frame[name], f"{prefix}{name}.")
        else:
            place[prefix + name] = frame[name]


_LEFT = re.compile(_PREFIX + r"-(\d+)-[0-9a-f]+\Z")


def sweep() -> None:
    """Removes the segments of this user's processes that were killed together with their resource trackers."""
    if not _AVAILABLE:
        return
    import fcntl

    try:
        names = os.listdir("/dev/shm")
    except OSError:
        return
    for name in names:
        match = _LEFT.match(name)
        if match is None:
            continue
        path = f"/dev/shm/{name}"
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            info = os.fstat(fd)
            if info.st_uid != os.getuid():
                continue
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A living process with that number may be about to lock what it has just made.
            if not _alive(int(match.group(1))) or time.time() - info.st_ctime > 60:
                os.unlink(path)
        except OSError:
            pass
        finally:
            os.close(fd)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True
