"""Arrays in POSIX shared memory: rings of frames that one process writes and webmon reads."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import platform
import re
import secrets
import struct
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from shutil import which
from typing import Any

import numpy as np

from ._announce import try_lock
from ._convert import MASKED, as_dtype, called, exact
from ._plain import clean

__all__ = ["Block", "Segment", "describe", "description", "sweep"]

log = logging.getLogger("webmon")

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

# Linux's MADV_POPULATE_WRITE, which the module mmap does not name; how much is asked for at once, some 80 µs; and in all,
# because a webmon waits for the answer meanwhile.
_POPULATE_WRITE, _PIECE, _MOST_POPULATED = 23, 256 << 10, 256 << 20

# On other machines another core may see the stores in another order. Readers then check what they copied.
_CRC = platform.machine().lower() not in ("x86_64", "amd64")

_AVAILABLE = sys.platform.startswith("linux")
FOLDER = "/dev/shm"


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


class _File:
    """A file in shared memory, which nobody but this process writes to. The methods are for one thread at a time.

    Raises OSError where there is no shared memory, or not enough.
    """

    _flags = 0
    _unmaps = True  # nobody uses the memory after close

    def __init__(self, total: int) -> None:
        import mmap  # missing on some platforms

        self._pid = os.getpid()
        self.total = total
        self.generation = secrets.randbits(64) or 1
        self.name = f"{_PREFIX}-{self._pid}-{secrets.token_hex(6)}"
        self._path = f"{FOLDER}/{self.name}"
        self._committed = False
        self._buf: Any = None
        self._mmap: Any = None
        self._helped = False
        with _saying("a file cannot be made"):
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            # For as long as this process lives, so that a sweep tells the segment from what a dead one has left. A process's
            # number says less: another one may have it by now, or it may be of another container.
            try_lock(self._fd)
            self._helped = _helper.watch(self.name)
            with _saying(f"there is no room for {self.total / (1 << 20):.0f} MiB"):
                os.ftruncate(self._fd, self.total)
                self._mmap = mmap.mmap(self._fd, self.total)
            self._buf = memoryview(self._mmap)
        except BaseException:
            self.close()
            raise

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
        # A segment begins as a hole. Writing where the machine has no room for it would kill the process.
        if hasattr(os, "posix_fallocate"):
            with _saying(f"there is no room for {size / (1 << 20):.0f} MiB"):
                os.posix_fallocate(self._fd, 0, size)
        self._committed = size >= self.total

    @property
    def committed(self) -> bool:
        """Whether there is memory for the frames."""
        return self._committed

    def commit(self) -> None:
        """Get the memory for the frames. Raises OSError where there is not enough.

        That takes milliseconds, without holding the interpreter's lock.
        """
        if not self._committed:
            self._allocate(self.total)
            self._populate()

    def _populate(self) -> None:
        """Put the memory into this process's page tables, where the system can.

        Otherwise each of the first frames has its thousands of pages put there by the thread that publishes. A piece at a
        time, because the interpreter's lock is held meanwhile.
        """
        most = min(self.total, _MOST_POPULATED)
        for at in range(0, most, _PIECE):
            try:
                self._mmap.madvise(_POPULATE_WRITE, at, min(_PIECE, most - at))
            except (AttributeError, OSError):
                return  # not Linux, or one before 5.14: the pages come when they are written to
            time.sleep(0)  # whoever waits for the lock gets it

    def sound(self) -> bool:
        """Say whether what is written gets to those who read, and does not end the process. One call of the system.

        Any program of this user may have removed the file or cut it short, such as the resource tracker of another Python,
        or a log-out that clears shared memory.
        """
        try:
            info = os.fstat(self._fd)
        except OSError:
            return False  # closed at this very moment
        return info.st_nlink > 0 and info.st_size >= self.total

    def found(self) -> bool:
        """Whether it is sound, and those who look for it by its name find it."""
        try:
            return self.sound() and _same(self._path, self._fd)
        except OSError:
            return False

    def close(self) -> None:
        """Mark the segment as closed and remove its name; who has it mapped keeps what is in it."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        if os.getpid() == self._pid:
            try:
                # Where somebody has cut the file short there is nothing to write to.
                if self._buf is not None and os.fstat(fd).st_size >= _HEADER:
                    struct.pack_into("<I", self._buf, 60, self._flags | _FLAG_CLOSED)
            except (OSError, TypeError, ValueError):
                pass
            try:
                if _same(self._path, fd):
                    os.unlink(self._path)
            except OSError:
                pass
            if self._helped:
                _helper.forget(self.name)
        self._release(fd)

    def abandon(self) -> None:
        """Let go of a forked child's copy; the segment is the parent's."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._release(fd)

    def _release(self, fd: int) -> None:
        # Views into the memory would keep it mapped.
        self._let_go()
        self._buf = None
        mapped, self._mmap = self._mmap, None
        try:
            if mapped is not None and self._unmaps:
                mapped.close()
        except BufferError:
            pass  # a frame is being copied by another thread: the memory goes with the last view
        os.close(fd)

    def _let_go(self) -> None:
        """Release the views into the memory."""
        words: Any = getattr(self, "_words", None)
        if words is not None:
            words.release()


class Segment(_File):
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


class Block(_File):
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
            self.data: np.ndarray[Any, Any] = np.ndarray(tuple(shape), dtype, buffer=self._mmap, offset=_HEADER if data_bytes else 0)
        except BaseException:
            self.close()
            raise

    def tell(self, version: int) -> None:
        """Say how often the content has changed. Does nothing after close."""
        try:
            self._words[_LATEST] = version
        except ValueError:
            pass  # closed


def _same(path: str, fd: int) -> bool:
    """Whether the file that is open has that name still. Raises OSError where nothing has."""
    own, named = os.fstat(fd), os.lstat(path)
    return (own.st_dev, own.st_ino) == (named.st_dev, named.st_ino)


@contextlib.contextmanager
def _saying(what: str) -> Iterator[None]:
    """Make the system's errors ones that people read."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{what} in the machine's shared memory ({FOLDER}): {error.strerror or error}") from None


class _Helper:
    """The clean-up helper: Python's resource tracker.

    It is a small process that removes the segments of this one should it be killed. Without it they stay until the next
    process that uses webmon begins.
    """

    def __init__(self) -> None:
        self._complained = False

    def watch(self, name: str) -> bool:
        """Have the segment removed with this process; False where there is no helper."""
        try:
            reason = _no_helper(_executable(), getattr(sys, "frozen", False))
            if reason is None:
                from multiprocessing import resource_tracker

                resource_tracker.register(f"/{name}", "shared_memory")
                return True
        except Exception as error:
            log.debug("the resource tracker could not be started", exc_info=True)
            reason = f"it could not be started ({type(error).__name__}: {error})"
        if not self._complained:
            self._complained = True
            log.warning(
                "Python's resource tracker does not watch over the shared memory: %s. Should this process be killed, its shared "
                "arrays stay in %s until the next process that uses webmon begins",
                reason, FOLDER,
            )  # fmt: skip
        return False

    def forget(self, name: str) -> None:
        """Say that the segment is gone."""
        try:
            from multiprocessing import resource_tracker

            resource_tracker.unregister(f"/{name}", "shared_memory")
        except Exception:
            log.debug("the resource tracker could not be told", exc_info=True)


_helper = _Helper()


def _executable() -> str:
    """Return the program that multiprocessing starts its own processes with; "" if it knows none."""
    from multiprocessing import spawn

    return os.fsdecode(spawn.get_executable() or b"")


def _no_helper(executable: str, frozen: bool) -> str | None:
    """Say why the program cannot run Python's resource tracker, None if it can.

    A program that has Python built in, or was frozen into one file, would be started a second time instead.
    """
    if frozen:
        return "this program is a frozen one, in which Python cannot be started by itself"
    if not executable:
        return "Python does not know its own program (sys.executable is empty)"
    name = os.path.basename(executable).lower()
    if "python" not in name and "pypy" not in name:
        return f"Python is built into another program (sys.executable is {executable})"
    if which(executable) is None:
        return f"there is no program {executable} (sys.executable)"
    return None


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


_LEFT = re.compile(_PREFIX + r"-(\d+)-[0-9a-f]+\Z")


def sweep() -> None:
    """Remove the segments of this user's processes that were killed together with their resource trackers."""
    if not _AVAILABLE:
        return
    import fcntl

    try:
        names = os.listdir(FOLDER)
    except OSError:
        return
    for name in names:
        match = _LEFT.match(name)
        if match is None:
            continue
        path = f"{FOLDER}/{name}"
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
