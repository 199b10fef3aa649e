"""A display without a screen, for a window that people see in the browser alone."""

from __future__ import annotations

import ctypes
import logging
import os
import secrets
import select
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["display"]

log = logging.getLogger("webmon")

_PATIENCE = 30.0  # seconds that Xvfb has to start
_SIZES = range(64, 8193)

# What Qt and OpenGL look for beside Xvfb, and Debian's package that has it. Mesa, which draws where there is no graphics card, comes with libgl1.
_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
# Platforms of Qt's that draw no OpenGL, without which napari shows nothing.
_BLIND = ("offscreen", "minimal", "vnc", "linuxfb")

# Kept when this module is loaded again, as in a notebook: the server goes on.
_started: tuple[subprocess.Popen[bytes], str] | None = globals().get("_started")


def display(size: tuple[int, int] = (1600, 1200)) -> str:
    """Make sure that there is a display for a window: where the machine has none, start one without a screen.

    To be called before the first window is made. The display is an Xvfb, drawn by Mesa in software. Only this user can reach it, and
    it ends with the process. Where there is a display already ($DISPLAY, $WAYLAND_DISPLAY, or another system than Linux) nothing is done.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels, 64 to 8192 each: the largest window that fits.

    Returns
    -------
    str
        What the display is called, such as ":7"; empty on a system where displays have no names.

    Raises
    ------
    RuntimeError
        If something is missing: it says what to install. Or if there is a window system already that has no OpenGL.
    ValueError
        If the size is out of range.

    Examples
    --------
    >>> webmon.display()
    ':7'
    >>> viewer = napari.Viewer()
    >>> webmon.attach(viewer)
    """
    global _started
    width, height = (int(n) for n in size)
    if width not in _SIZES or height not in _SIZES:
        raise ValueError(f"a display has from {_SIZES[0]} to {_SIZES[-1]} pixels along a side, not {width} x {height}")
    if not sys.platform.startswith("linux"):
        return ""
    if _started is not None and _started[0].poll() is not None and os.environ.get("DISPLAY") == _started[1]:
        log.warning("the display %s has ended, and another one is started", _started[1])
        del os.environ["DISPLAY"]
    found = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not found:
        platform = _running_platform()
        if platform is not None:
            raise RuntimeError(
                f"Qt runs already, on its platform {platform}, without a display: call webmon.display() before the first window, "
                "in a notebook before %gui qt, and start the process again"
            )
        _check()
        _started = _start(width, height)
        found = os.environ["DISPLAY"] = _started[1]
    wanted = os.environ.get("QT_QPA_PLATFORM", "")
    if wanted.split(":")[0] in _BLIND:
        log.warning("QT_QPA_PLATFORM=%s draws no OpenGL; xcb is used instead", wanted)
        os.environ["QT_QPA_PLATFORM"] = "xcb"
    return found


def _running_platform() -> str | None:
    """Return the platform of the Qt application that runs in this process, or None."""
    for binding in ("PyQt6", "PySide6", "PyQt5", "PySide2"):
        gui = sys.modules.get(f"{binding}.QtGui")
        if gui is not None and gui.QGuiApplication.instance() is not None:
            return str(gui.QGuiApplication.platformName())
    return None


def advice() -> str:
    """Return a sentence on what to do where a window that is there has no OpenGL, empty if that is not known."""
    platform = _running_platform()
    if platform is None or platform not in _BLIND or not sys.platform.startswith("linux"):
        return ""
    packages = missing()
    needs = f", which needs: sudo apt-get install {' '.join(packages)}" if packages else ""
    return f"Qt's platform {platform} has none: start the process again with webmon.display() before the first window{needs}."


def missing() -> list[str]:
    """Return the packages of Debian and Ubuntu that have what a window without a screen needs, and this machine lacks."""
    packages = [] if shutil.which("Xvfb") else ["xvfb"]
    for library, package in _LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            packages.append(package)
    return packages


def _check() -> None:
    packages = missing()
    if packages:
        raise RuntimeError(
            f"there is no display, and to make one some things are missing here: sudo apt-get install {' '.join(packages)} "
            "(these are names of Debian and Ubuntu; elsewhere install what brings the same)"
        )


def _start(width: int, height: int) -> tuple[subprocess.Popen[bytes], str]:
    """Start Xvfb on a free display and return it with the display's name."""
    folder = tempfile.mkdtemp(prefix="webmon-display-")  # mode 0700
    cookie = Path(folder) / "Xauthority"
    _write_cookie(cookie)
    # The shell ends the server when this process is gone, however it went: its stdin is a pipe that this process alone holds open.
    script = (
        'Xvfb -displayfd 1 -screen 0 "$1" -auth "$2/Xauthority" -nolisten tcp -noreset 2>/dev/null & server=$!; '
        'exec >&-; read -r _; kill "$server" 2>/dev/null; wait "$server"; rm -rf "$2"'
    )
    server = subprocess.Popen(
        ["/bin/sh", "-c", script, "webmon-display", f"{width}x{height}x24", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for this process
    )
    assert server.stdin is not None and server.stdout is not None
    number = _read_number(server.stdout.fileno())
    if not number:
        server.stdin.close()
        server.wait()
        raise RuntimeError('Xvfb did not start: run "Xvfb -displayfd 1" in a terminal to see why')
    os.environ["XAUTHORITY"] = str(cookie)
    return server, ":" + number


def _read_number(chosen: int) -> str:
    """Return the number that Xvfb writes to a pipe. Empty if it ends, or says nothing in time."""
    text = b""
    while not text.endswith(b"\n"):
        if not select.select([chosen], [], [], _PATIENCE)[0]:
            return ""
        piece = os.read(chosen, 16)
        if not piece:
            return ""
        text += piece
    return text.decode("ascii", "replace").strip()


def _write_cookie(path: Path) -> None:
    """Write a file of X's with a random cookie, which counts for every display: who cannot read it cannot use the display."""

    def counted(text: bytes) -> bytes:
        return struct.pack(">H", len(text)) + text

    anywhere = struct.pack(">H", 0xFFFF)
    content = anywhere + counted(b"") + counted(b"") + counted(b"MIT-MAGIC-COOKIE-1") + counted(secrets.token_bytes(16))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(fd, "wb") as file:
        file.write(content)
