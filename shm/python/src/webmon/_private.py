"""Files that are believed: of this user, closed to others, in a folder that nobody else can write to.

webmon has the same rule (the Go package private). What such a file says counts; what any other says may have been written, or
read, by somebody else.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

__all__ = ["NotBelieved", "check_dir", "make_dir", "open_file", "read", "write"]


class NotBelieved(PermissionError):
    """Says in one sentence why a file or a folder is not believed."""


def make_dir(path: Path) -> None:
    """Make a folder with mode 0700 if it is not there, and check it as check_dir does. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_dir(path)


def check_dir(path: Path) -> None:
    """Raise NotBelieved if somebody else could put files into the folder, OSError if there is none."""
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise NotBelieved(f"{path} is not believed: it is not a folder")
    _check(path, info, 0o022)


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file, and return its descriptor.

    Follows no link, and does not wait where a pipe has the name. Raises NotBelieved if the file belongs to another user or
    others have access to it, OSError if there is none. It does not look at the folder.
    """
    if sys.platform == "win32" and path.is_symlink():
        raise NotBelieved(f"the file {path} is not believed: it is a link to elsewhere")
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        fd = os.open(path, flags)
    except OSError:
        if path.is_symlink():
            raise NotBelieved(f"the file {path} is not believed: it is a link to elsewhere") from None
        raise
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise NotBelieved(f"{path} is not believed: it is not a file")
        _check(path, info, 0o077)
    except BaseException:
        os.close(fd)
        raise
    return fd


def read(path: Path, limit: int = 1 << 16) -> bytes:
    """Return what a file holds, limit bytes at most. Raises NotBelieved for it or its folder, OSError if there is none."""
    check_dir(path.parent)
    with open(open_file(path), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(f"the file {path} has more than {limit} bytes")
    return content


def write(path: Path, content: bytes) -> None:
    """Replace what a file holds at once, with mode 0600. Raises NotBelieved for the folder, OSError."""
    make_dir(path.parent)
    hidden = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(content)
        os.replace(hidden, path)
    except BaseException:
        hidden.unlink()
        raise


def _check(path: Path, info: os.stat_result, forbidden: int) -> None:
    if sys.platform == "win32":
        return  # the folders of a user are closed to others by themselves
    if info.st_uid != os.getuid():
        raise NotBelieved(f"{path} is not believed: it belongs to another user")
    mode = stat.S_IMODE(info.st_mode)
    if mode & forbidden:
        advice = "chmod 700" if stat.S_ISDIR(info.st_mode) else "chmod 600"
        raise NotBelieved(f"{path} is not believed: others have access to it, its mode is {mode:04o}: run {advice} on it")
