"""How a process and a webmon find each other: files in a folder of the user's, and locks that prove life."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path
from shutil import which
from typing import Any

from . import _private, _program

__all__ = ["Announcement", "announcements", "launch", "record", "runtime_dirs", "state_dir", "sweep_announcements", "try_lock"]

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


def runtime_dirs() -> list[Path]:
    """Return the folders in which processes and webmons of this user find each other, the one to use first.

    The others are those in which one may be that saw the machine in another state; they are only looked at. webmon has the
    same rule (instance.RuntimeDirs). Raises OSError, with what is wrong with each, where there is none.
    """
    dirs, refused = _runtime_dirs()
    if not dirs:
        raise OSError("there is no folder in which it could: " + "; ".join(refused))
    return dirs


def _runtime_dirs() -> tuple[list[Path], list[str]]:
    """Return the folders, and why those are not used that would have come before."""
    dirs: list[Path] = []
    refused: list[str] = []
    for path in _runtime_candidates():
        try:
            if dirs:
                _private.check_dir(path)
            else:
                _private.make_dir(path)
                if not os.access(path, os.W_OK | os.X_OK):
                    raise PermissionError(f"nothing can be written into the folder {path}")
        except OSError as error:
            if not dirs:
                refused.append(str(error))
        else:
            dirs.append(path)
    return dirs, refused


def _runtime_candidates() -> list[Path]:
    out: list[Path] = []
    xdg = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(xdg):
        out.append(Path(xdg, "webmon"))
    if sys.platform.startswith("linux"):
        run = Path(f"/run/user/{os.getuid()}")
        try:
            _private.check_dir(run)
        except OSError:
            pass
        else:
            if run / "webmon" not in out:
                out.append(run / "webmon")
    if sys.platform == "win32":
        out.append(Path(_temporary_dir(), "webmon"))
    else:
        # Any user may have made a folder of this name before.
        out.append(Path(_temporary_dir(), f"webmon-{os.getuid()}"))
    try:
        # Nobody else can put anything there. Several machines may share a home.
        out.append(state_dir() / f"run-{_machine()}")
    except OSError:
        pass
    return out


def _machine() -> str:
    """Return the name of this machine in the name of a file."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname()) or "unknown"


def state_dir() -> Path:
    """Return the folder for what outlives a process, such as webmon's log. Raises OSError if the user has no home."""
    xdg = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(xdg):
        return Path(xdg, "webmon")
    name = "APPDATA" if sys.platform == "win32" else "HOME"
    home = os.environ.get(name, "")
    if not os.path.isabs(home):
        raise FileNotFoundError(f"there is no folder for what is kept: {name} is not set")
    if sys.platform == "win32":
        return Path(home, "webmon")
    if sys.platform == "darwin":
        return Path(home, "Library", "Application Support", "webmon")
    return Path(home, ".local", "state", "webmon")


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
        folder = runtime_dirs()[0] / "sources"
        for problem in _runtime_dirs()[1]:
            log.warning("webmon finds this process in %s, because %s", folder, problem)
        _private.make_dir(folder)
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


def announcements() -> list[Path]:
    """Return the files of the processes that have announced themselves, and of those that died since."""
    out: list[Path] = []
    try:
        dirs = runtime_dirs()
    except OSError:
        return out
    for folder in dirs:
        try:
            _private.check_dir(folder / "sources")
            out += sorted((folder / "sources").iterdir())
        except OSError:
            pass
    return out


def sweep_announcements() -> None:
    """Remove the announcements of processes that are dead."""
    for path in announcements():
        if path.suffix not in (".json", ".tmp"):
            continue
        try:
            fd = _private.open_file(path, os.O_RDWR)
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
    try:
        dirs = runtime_dirs()
    except OSError:
        return None
    for folder in dirs:
        found = _record(folder)
        if found is not None:
            return found
    return None


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        fd = os.open(folder / "webmon.lock", os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        if _lock_is_free(fd):
            return None  # it died and left its record
        # After the look at the lock: whoever takes that removes the record of one that died.
        out = json.loads(_private.read(folder / "webmon.json"))
    except (OSError, ValueError):
        return None
    finally:
        os.close(fd)
    return out if isinstance(out, dict) and _lives(out.get("pid")) else None


def _lives(pid: Any) -> bool:
    """Whether there may be a process of that number: an address of one that died may be another program's by now."""
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
        return False
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


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
    """Return the path of the webmon program, None if there is none.

    It is $WEBMON if that is set, because somebody has chosen it. Otherwise it is the program that was installed with the package,
    because the two are of one version, and otherwise what is on the PATH.
    """
    named = os.environ.get("WEBMON")
    if named:
        found = which(named)
        if found is None:
            log.warning("WEBMON=%s is no program that can be run; webmon is not started", named)
        return found
    return _program.bundled() or which("webmon")


def launch(options: dict[str, str] | None = None) -> None:
    """Start webmon in the background if it is found and none runs, with options as its environment has them. Returns at once.

    Two that start together settle it among themselves: the second hands over to the first and ends.
    """
    try:
        threading.Thread(target=_launch, args=(options or {},), name="webmon launch", daemon=True).start()
    except RuntimeError as error:  # no more threads
        log.warning("webmon could not be started: %s", error)


def _launch(asked: dict[str, str]) -> None:
    try:
        if record() is not None:
            return
        program = find_webmon()
        if program is None:
            return
        environment = {k: v for k, v in os.environ.items() if k not in ("NAPARI_MON", "NAPARI_MON_CLIENT")}
        environment["WEBMON_LAUNCHED"] = "1"  # webmon then leaves this session, and shows no demo
        environment.setdefault("WEBMON_LINGER", _LINGER)
        environment.update(asked)
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
        log.warning("webmon ended with status %d; %s says why", status, _log_path(environment))


def _log_path(environment: dict[str, str]) -> str:
    """Return where a webmon with that environment has its log."""
    try:
        return environment.get("WEBMON_LOG_PATH") or str(state_dir() / "webmon.log")
    except OSError:
        return "its log"
