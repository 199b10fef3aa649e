"""Memory that other processes read: where each system keeps it, and how it is got, looked at and given back."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any, Protocol

from . import _private
from ._announce import try_lock

__all__ = ["Files", "Held", "Sections", "Store", "here"]

log = logging.getLogger("webmon")

_PAGE = 4096

# Linux's MADV_POPULATE_WRITE, which the module mmap does not name; how much is asked for at once, some 80 µs; and in all,
# because a webmon waits for the answer meanwhile.
_POPULATE_WRITE, _PIECE, _MOST_POPULATED = 23, 256 << 10, 256 << 20

_SPARE = 1 << 30  # bytes of a disk that are left to others
_ZEROS = bytes(1 << 20)


class Held(Protocol):
    """The memory of one segment, which this process has made. The methods are for one thread at a time."""

    memory: Any
    """All of it, as an mmap.mmap. What is not allocated must not be touched."""

    def allocate(self, start: int, end: int) -> None:
        """Have the machine keep room for those bytes, from start, included, to end. Raises OSError where it has none."""

    def sound(self) -> bool:
        """Say whether what is written gets to those who read, and does not end the process. One call of the system."""

    def found(self) -> bool:
        """Whether it is sound, and those who look for it by its name find it. Raises OSError where nothing has the name."""

    def writable(self) -> bool:
        """Whether its first page can be written to."""

    def remove(self) -> None:
        """Take the name away, if the segment has it still."""

    def close(self) -> None:
        """Let go of it. Who has it mapped keeps what is in it."""


class Store(Protocol):
    """Where one kind of system keeps segments."""

    def make(self, name: str, total: int) -> Held:
        """Make a segment of so many bytes, of which none is allocated yet. Raises OSError."""

    def sweep(self) -> None:
        """Remove what processes of this user have left that were killed."""


def here() -> Store | None:
    """Return the store of this system, None where there is none."""
    if sys.platform.startswith("linux"):
        return Files("/dev/shm")
    if sys.platform == "darwin":
        # Among the caches: no other user can read there, they are on no backup and in no index, and nothing clears them while
        # programs run. From the temporary folder macOS removes what was not opened for three days.
        home = os.environ.get("HOME", "")
        return Files(os.path.join(home, "Library", "Caches", "webmon", "segments") if os.path.isabs(home) else "", disk=True)
    if sys.platform == "win32":
        return Sections()
    return None


class Files:
    """Segments that are files: in Linux's shared memory, or on a disk in a folder that is the user's alone.

    A file is locked for as long as its process lives. One that can be locked was left by a process that was killed.

    Parameters
    ----------
    folder
        Where they are.
    disk
        Whether that is a folder of the user's alone on a disk, which is made where there is none.
    """

    def __init__(self, folder: str, disk: bool = False) -> None:
        self.folder = folder
        self.disk = disk

    def make(self, name: str, total: int) -> _File:
        import mmap  # missing on some platforms

        if self.disk:
            if not self.folder:
                raise OSError(errno.ENOENT, "there is no folder for shared arrays: HOME is not set")
            _private.make_dir(Path(self.folder))
        path = f"{self.folder}/{name}"
        with self._saying("a file cannot be made"):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        held = _File(self, path, fd, total)
        try:
            # For as long as this process lives, so that a sweep tells the segment from what a dead one has left. A process's
            # number says less: another one may have it by now, or it may be of another container.
            try_lock(fd)
            # On a disk nothing helps: Python's clean-up helper knows the system's shared memory alone.
            held.helped = not self.disk and _helper.watch(name, self.folder)
            with self._saying(f"there is no room for {total / (1 << 20):.0f} MiB"):
                os.ftruncate(fd, total)
                held.memory = mmap.mmap(fd, total)
        except BaseException:
            held.remove()
            held.close()
            raise
        return held

    def sweep(self) -> None:
        import fcntl

        try:
            if self.disk:
                _private.check_dir(Path(self.folder))
            names = os.listdir(self.folder)
        except OSError:
            return
        for name in names:
            match = _LEFT.match(name)
            if match is None:
                continue
            path = f"{self.folder}/{name}"
            try:
                fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            except OSError:
                continue
            try:
                info = os.fstat(fd)
                if info.st_uid != os.getuid():
                    continue
                # A living process with that number may be about to lock what it has just made. It tries once, so that nothing of it
                # is tried here meanwhile: a lock that it does not get leaves the segment to the next sweep.
                if _alive(int(match.group(1))) and time.time() - info.st_ctime <= 60:
                    continue
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            except OSError:
                pass
            finally:
                os.close(fd)

    @contextlib.contextmanager
    def _saying(self, what: str) -> Iterator[None]:
        """Make the system's errors ones that people read."""
        try:
            yield
        except OSError as error:
            where = self.folder if self.disk else f"the machine's shared memory ({self.folder})"
            raise OSError(error.errno, f"{what} in {where}: {error.strerror or error}") from None


class _File:
    """One file, which nobody but this process writes to."""

    def __init__(self, store: Files, path: str, fd: int, total: int) -> None:
        self._store = store
        self._path = path
        self._fd = fd
        self._total = total
        self.memory: Any = None
        self.helped = False  # the clean-up helper removes it with this process

    def allocate(self, start: int, end: int) -> None:
        # A segment begins as a hole. Writing through memory where the machine has no room for it would end the process.
        if self._store.disk:
            self._fill(start, end)
        elif hasattr(os, "posix_fallocate"):
            with self._store._saying(f"there is no room for {end / (1 << 20):.0f} MiB"):
                os.posix_fallocate(self._fd, start, end - start)
        if end - start > _PAGE:
            self._populate(start, end)

    def _fill(self, start: int, end: int) -> None:
        """Write zeros: no system keeps the promise of room on every kind of disk, and what is written is there."""
        with self._store._saying(f"there is no room for {end / (1 << 20):.0f} MiB"):
            disk = os.fstatvfs(self._fd)
            if disk.f_bavail * disk.f_frsize - _SPARE < end - start:
                raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}, of which {_SPARE >> 20} MiB stay free")
            while start < end:
                start += os.pwrite(self._fd, _ZEROS[: end - start], start)

    def _populate(self, start: int, end: int) -> None:
        """Put the memory into this process's page tables, where the system can.

        Otherwise each of the first frames has its thousands of pages put there by the thread that publishes. A piece at a
        time, because the interpreter's lock is held meanwhile.
        """
        start -= start % _PAGE
        end = min(end, start + _MOST_POPULATED)
        for at in range(start, end, _PIECE):
            try:
                self.memory.madvise(_POPULATE_WRITE, at, min(_PIECE, end - at))
            except (AttributeError, OSError):
                return  # not Linux, or one before 5.14: the pages come when they are written to
            time.sleep(0)  # whoever waits for the lock gets it

    def sound(self) -> bool:
        # Any program of this user may have removed the file or cut it short, such as the resource tracker of another Python,
        # or a log-out that clears shared memory.
        try:
            info = os.fstat(self._fd)
        except OSError:
            return False  # closed at this very moment
        return info.st_nlink > 0 and info.st_size >= self._total

    def found(self) -> bool:
        return self.sound() and self._same()

    def _same(self) -> bool:
        """Whether the file that is open has its name still. Raises OSError where nothing has."""
        own, named = os.fstat(self._fd), os.lstat(self._path)
        return (own.st_dev, own.st_ino) == (named.st_dev, named.st_ino)

    def writable(self) -> bool:
        return os.fstat(self._fd).st_size >= _PAGE

    def remove(self) -> None:
        try:
            if self._same():
                os.unlink(self._path)
        except OSError:
            pass
        if self.helped:
            _helper.forget(os.path.basename(self._path))

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Sections:
    r"""Segments that are named memory of Windows, in the namespace ``Local\`` of the user's session.

    Such memory has no file. It and its name go when nobody has it open any more, however that came about: there is nothing to
    be swept, and nobody can remove it or cut it short.
    """

    prefix = "Local\\"

    def make(self, name: str, total: int) -> _Section:
        import mmap

        held = _Section(_windows().create(self.prefix + name, total), total)
        try:
            # The name is opened a second time, so that the memory is an object of Python's that stays for as long as arrays
            # refer to it.
            held.memory = mmap.mmap(-1, total, tagname=self.prefix + name)  # type: ignore[call-arg, unused-ignore]
        except BaseException as error:
            held.close()
            if isinstance(error, OSError):
                raise OSError(error.errno, f"there is no room for {total / (1 << 20):.0f} MiB of shared memory: {error.strerror}") from None
            raise
        return held

    def sweep(self) -> None:
        pass


class _Section:
    """One piece of named memory."""

    def __init__(self, handle: int, total: int) -> None:
        self._handle = handle
        self._total = total
        self.memory: Any = None

    def allocate(self, start: int, end: int) -> None:
        # It begins as addresses without memory.
        _windows().commit(self.memory, start, end, self._total)

    def sound(self) -> bool:
        return self._handle != 0

    def found(self) -> bool:
        return self.sound()

    def writable(self) -> bool:
        return True

    def remove(self) -> None:
        pass  # the name goes with the last who has the memory open

    def close(self) -> None:
        handle, self._handle = self._handle, 0
        if handle:
            _windows().close(handle)


class _Windows:
    """The few calls of Windows that Python lacks."""

    _READWRITE = 0x04  # PAGE_READWRITE
    _RESERVE = 0x4000000  # SEC_RESERVE: addresses alone, and memory later
    _COMMIT = 0x1000  # MEM_COMMIT
    _ALREADY_EXISTS = 183
    _QUERY = 0x0008  # TOKEN_QUERY
    _USER = 1  # TokenUser

    def __init__(self) -> None:
        import ctypes
        from ctypes import wintypes

        pointer, handle, dword = ctypes.c_void_p, wintypes.HANDLE, wintypes.DWORD
        # Libraries of this module's own: other modules may have told ctypes other types for the shared ones.
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined, unused-ignore]
        security = ctypes.WinDLL("advapi32", use_last_error=True)  # type: ignore[attr-defined, unused-ignore]

        def call(library: Any, name: str, result: Any, *arguments: Any) -> Any:
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            return function

        self._create = call(kernel, "CreateFileMappingW", handle, handle, pointer, dword, dword, dword, wintypes.LPCWSTR)
        self._close = call(kernel, "CloseHandle", wintypes.BOOL, handle)
        self._allocate = call(kernel, "VirtualAlloc", pointer, pointer, ctypes.c_size_t, dword, dword)
        self._free = call(kernel, "LocalFree", pointer, pointer)
        self._this = call(kernel, "GetCurrentProcess", handle)
        self._token = call(security, "OpenProcessToken", wintypes.BOOL, handle, dword, ctypes.POINTER(handle))
        self._about = call(security, "GetTokenInformation", wintypes.BOOL, handle, ctypes.c_int, pointer, dword, ctypes.POINTER(dword))
        self._text = call(security, "ConvertSidToStringSidW", wintypes.BOOL, pointer, ctypes.POINTER(pointer))
        self._descriptor = call(
            security, "ConvertStringSecurityDescriptorToSecurityDescriptorW",
            wintypes.BOOL, wintypes.LPCWSTR, dword, ctypes.POINTER(pointer), pointer,
        )  # fmt: skip

        class Attributes(ctypes.Structure):
            _fields_ = (("length", dword), ("descriptor", pointer), ("inherit", wintypes.BOOL))

        self._attributes = Attributes
        self._ctypes = ctypes
        self._user = self._who()

    def _failed(self, what: str) -> OSError:
        code = self._ctypes.get_last_error()  # type: ignore[attr-defined, unused-ignore]
        reason = self._ctypes.FormatError(code).strip()  # type: ignore[attr-defined, unused-ignore]
        return OSError(errno.ENOMEM if code in (8, 1450, 1455) else errno.EACCES, f"{what}: {reason} (Windows' error {code})")

    def _who(self) -> str:
        """Return the user of this process, as text."""
        ctypes = self._ctypes
        token = ctypes.c_void_p()
        if not self._token(self._this(), self._QUERY, ctypes.byref(token)):
            raise self._failed("Windows does not say who runs this program")
        try:
            buffer = ctypes.create_string_buffer(256)
            text = ctypes.c_void_p()
            # The first of a TOKEN_USER is the address of its SID.
            if not self._about(token, self._USER, buffer, len(buffer), ctypes.byref(ctypes.c_ulong())) or not self._text(
                ctypes.c_void_p.from_buffer(buffer), ctypes.byref(text)
            ):
                raise self._failed("Windows does not say who runs this program")
            try:
                return str(ctypes.wstring_at(text.value or 0))
            finally:
                self._free(text)
        finally:
            self._close(token)

    def create(self, path: str, total: int) -> int:
        """Reserve named memory that lets in this user alone, and return its handle. Raises OSError, also where the name is taken."""
        ctypes = self._ctypes
        descriptor = ctypes.c_void_p()
        # The owner is named: that of what an administrator makes would be all administrators.
        if not self._descriptor(f"O:{self._user}D:P(A;;GA;;;{self._user})", 1, ctypes.byref(descriptor), None):
            raise self._failed("Windows makes no shared memory for this user alone")
        try:
            attributes = self._attributes(ctypes.sizeof(self._attributes), descriptor, False)
            handle: int | None = self._create(
                ctypes.c_void_p(-1), ctypes.byref(attributes), self._READWRITE | self._RESERVE, total >> 32, total & 0xFFFFFFFF, path
            )
            if not handle:
                raise self._failed(f"there is no room for {total / (1 << 20):.0f} MiB of shared memory")
            if ctypes.get_last_error() == self._ALREADY_EXISTS:  # type: ignore[attr-defined, unused-ignore]
                self._close(handle)
                raise FileExistsError(errno.EEXIST, f"somebody else has shared memory of the name {path}")
            return handle
        finally:
            self._free(descriptor)

    def commit(self, memory: Any, start: int, end: int, total: int) -> None:
        """Get memory for those bytes. Raises OSError where there is not enough."""
        ctypes = self._ctypes
        first = ctypes.c_char.from_buffer(memory)
        address = ctypes.addressof(first)
        del first  # it would keep the memory from being closed
        if not self._allocate(address + start, min(end, total) - start, self._COMMIT, self._READWRITE):
            raise self._failed(f"there is no room for {end / (1 << 20):.0f} MiB of shared memory")

    def close(self, handle: int) -> None:
        self._close(handle)


_system: _Windows | None = None


def _windows() -> _Windows:
    global _system
    if _system is None:
        _system = _Windows()
    return _system


class _Helper:
    """The clean-up helper: Python's resource tracker.

    It is a small process that removes the segments of this one should it be killed. Without it they stay until the next
    process that uses webmon begins.
    """

    def __init__(self) -> None:
        self._complained = False

    def watch(self, name: str, folder: str) -> bool:
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
                reason, folder,
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


_LEFT = re.compile(r"webmon-(\d+)-[A-Za-z0-9_.-]+\Z")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True
