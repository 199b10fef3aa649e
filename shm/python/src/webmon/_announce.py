"""How a process and a webmon find each other: files in a folder of the user's, and locks that prove life."""

from __future__ import annotations

import json
import logging
import os
import secrets
import stat
import subprocess
import sys
import threading
from pathlib import Path
from shutil import which
from typing import Any

__all__ = ["Announcement", "launch", "record", "runtime_dir", "state_dir", "sweep_announcements", "try_lock"]

log = logging.getLogger("webmon")

# How long a webmon that a process has started stays after the last process and the last browser have gone.
_LINGER = "10m"


def _temporary_dir() -> str:
    if sys.platform == "win32":
        for name in ("TMP", "TEMP", "USERPROFILE"):
            if os.environ.get(name):
                return os.environ[name]
        return os.environ.get("SystemRoot", r"C:\Windows")
    return os.environ.get("TMPDIR") or "/tmp"


def runtime_dir() -> Path:
    """Return the folder for what lives as long as a process; webmon itself uses the same rule."""
    xdg = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(xdg):
        return Path(xdg, "webmon")
    if sys.platform.startswith("linux"):
        run = Path(f"/run/user/{os.getuid()}")
        try:
            info = run.stat()
        except OSError:
            pass
        else:
            if stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o022:
                return run / "webmon"
    if sys.platform == "win32":
        return Path(_temporary_dir(), "webmon")
    return Path(_temporary_dir(), f"webmon-{os.getuid()}")


def state_dir() -> Path:
    """Return the folder for what outlives a process, such as webmon's log."""
    xdg = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(xdg):
        return Path(xdg, "webmon")
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming", "webmon")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "webmon"
    return Path.home() / ".local" / "state" / "webmon"


def _private_dir(path: Path) -> None:
    """Make a folder that only its user can write to, or raise OSError saying what is wrong with the one there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise NotADirectoryError(f"{path} is not a folder")
    if sys.platform != "win32":
        if info.st_uid != os.getuid():
            raise PermissionError(f"the folder {path} belongs to another user")
        if info.st_mode & 0o022:
            raise PermissionError(f"the folder {path} can be written by others: run chmod 700 on it")


def try_lock(fd: int) -> bool:
    """Take an exclusive lock on an open file, which lasts until the file is closed; False if somebody else has it."""
    if sys.platform == "win32":
        import msvcrt

        try:
            # Beyond the content, which others must be able to read.
            os.lseek(fd, 1 << 30, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(fd, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Announcement:
    """The file that tells webmons of this process, locked for as long as the process lives.

    Raises OSError where the folder cannot be used.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        folder = runtime_dir()
        _private_dir(folder)
        folder /= "sources"
        _private_dir(folder)
        name = f"{os.getpid()}-{secrets.token_hex(8)}"
        self.path = folder / f"{name}.json"
        hidden = folder / f".{name}.tmp"
        self._fd = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            os.write(self._fd, json.dumps(content).encode())
            # The lock comes before the name, because a file that can be locked is taken for that of a dead process.
            if not try_lock(self._fd):
                raise OSError(f"{hidden} cannot be locked")
            if sys.platform == "win32":
                # An open file cannot be renamed there. So another one is made under the name, once the first is complete.
                os.close(self._fd)
                self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                try_lock(self._fd)
                os.write(self._fd, json.dumps(content).encode())
                os.unlink(hidden)
            else:
                os.rename(hidden, self.path)
        except BaseException:
            self.abandon()
            try:
                os.unlink(hidden)
            except OSError:
                pass
            raise

    def rewrite(self, content: dict[str, Any]) -> None:
        """Announces something else of the same process. Who has found it already is not told. Raises OSError."""
        if self._fd < 0:
            return
        # The file stays the same, because others may be trying its lock. One write, so that nobody reads half of it.
        text = json.dumps(content).encode().ljust(os.fstat(self._fd).st_size)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, text)

    def remove(self) -> None:
        """Take the announcement back."""
        if self._fd < 0:
            return
        if sys.platform == "win32":
            self.abandon()  # an open file cannot be removed there
        try:
            os.unlink(self.path)
        except OSError:
            pass
        self.abandon()

    def abandon(self) -> None:
        """Close a forked child's copy of the file, so that the lock goes with the parent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def sweep_announcements() -> None:
    """Remove the announcements of processes that are dead."""
    folder = runtime_dir() / "sources"
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        if path.suffix not in (".json", ".tmp"):
            continue
        try:
            fd = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            continue
        try:
            if path.suffix == ".tmp" and _age(fd) < 60:
                continue  # on its way to its lock
            if try_lock(fd):
                if sys.platform == "win32":
                    os.close(fd)
                    fd = -1
                os.unlink(path)
        except OSError:
            pass
        finally:
            if fd >= 0:
                os.close(fd)


def _age(fd: int) -> float:
    import time

    return time.time() - os.fstat(fd).st_mtime


def record() -> dict[str, Any] | None:
    """Return what the webmon that runs has left for others, None if none runs."""
    folder = runtime_dir()
    try:
        content = (folder / "webmon.json").read_bytes()
        fd = os.open(folder / "webmon.lock", os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        if _lock_is_free(fd):
            return None  # it died and left its record
    except OSError:
        return None
    finally:
        os.close(fd)
    try:
        out = json.loads(content)
    except ValueError:
        return None
    return out if isinstance(out, dict) else None


def _lock_is_free(fd: int) -> bool:
    if sys.platform == "win32":
        return try_lock(fd)
    import fcntl

    try:
        # Shared, and given back with the file: it is in the way of nobody but a webmon that starts this very moment,
        # which then finds the lock free at its next look.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def find_webmon() -> str | None:
    """Return the path of the webmon program: $WEBMON, or what is on the PATH. None if there is none."""
    named = os.environ.get("WEBMON")
    if named:
        found = which(named)
        if found is None:
            log.warning("WEBMON=%s is no program that can be run; webmon is not started", named)
        return found
    return which("webmon")


def launch() -> None:
    """Start webmon in the background if it is found and none runs. Returns at once.

    Two that start together settle it among themselves: the second hands over to the first and ends.
    """
    try:
        threading.Thread(target=_launch, name="webmon launch", daemon=True).start()
    except RuntimeError as error:  # no more threads
        log.warning("webmon could not be started: %s", error)


def _launch() -> None:
    try:
        if record() is not None:
            return
        program = find_webmon()
        if program is None:
            return
        environment = {k: v for k, v in os.environ.items() if k not in ("NAPARI_MON", "NAPARI_MON_CLIENT")}
        environment["WEBMON_LAUNCHED"] = "1"  # webmon then leaves this session, and shows no demo
        environment.setdefault("WEBMON_LINGER", _LINGER)
        if "WEBMON_LOG_PATH" not in environment:
            folder = state_dir()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            environment["WEBMON_LOG_PATH"] = str(folder / "webmon.log")
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            options["start_new_session"] = True  # Ctrl-C in the terminal of this process is not meant for webmon
        process = subprocess.Popen(
            [program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            env=environment,
            **options,
        )
    except (OSError, RuntimeError) as error:
        log.warning("webmon could not be started: %s", error)
        return
    status = process.wait()  # so that no zombie stays; in a thread that nobody waits for
    if status:
        log.warning("webmon ended with status %d; %s says why", status, environment.get("WEBMON_LOG_PATH", "its log"))
