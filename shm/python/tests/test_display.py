"""The display without a screen."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from watching import until

import webmon
from webmon import _display

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are started on Linux alone")

with_xvfb = pytest.mark.skipif(which("Xvfb") is None, reason="Xvfb is not installed: .ci/system.sh says what to install")

# A process that makes a display and says which, and with which key.
MAKES = """
import os, sys
import webmon
print(webmon.display((800, 600)), flush=True)
print(os.environ["XAUTHORITY"], os.environ["DISPLAY"], os.environ.get("QT_QPA_PLATFORM", "-"), flush=True)
assert webmon.display() == os.environ["DISPLAY"]
sys.stdin.read()
"""


@pytest.fixture
def bare(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_display, "_started", None)
    return monkeypatch


def test_a_display_that_is_there_is_used(bare):
    bare.setenv("DISPLAY", ":73")
    assert webmon.display() == ":73" and _display._started is None
    bare.delenv("DISPLAY")
    bare.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert webmon.display() == "wayland-7"


def test_what_is_missing_is_named(bare):
    bare.setattr(_display, "_LIBRARIES", {"libnowhere.so.9": "libnowhere9"})
    bare.setenv("PATH", "/nowhere")
    with pytest.raises(RuntimeError, match="sudo apt-get install xvfb libnowhere9 "):
        webmon.display()


def test_a_window_system_without_a_display_is_too_early(bare):
    class Running:
        class QGuiApplication:
            @staticmethod
            def instance():
                return object()

            @staticmethod
            def platformName():
                return "offscreen"

    for name in [name for name in sys.modules if name.endswith(".QtGui")]:
        bare.delitem(sys.modules, name)
    bare.setitem(sys.modules, "PyQt6.QtGui", Running)
    with pytest.raises(RuntimeError, match="before the first window"):
        webmon.display()


@pytest.mark.parametrize("size", [(0, 100), (100, 9000), (-5, -5)])
def test_sizes_have_limits(size):
    with pytest.raises(ValueError, match="64 to 8192"):
        webmon.display(size)


@with_xvfb
@pytest.mark.parametrize("end", ["quits", "is killed"])
def test_it_is_ones_own_and_ends_with_the_process(bare, end):
    bare.setattr(_display, "_LIBRARIES", {})
    code = "from webmon import _display; _display._LIBRARIES.clear()\n" + MAKES
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.path.dirname(os.path.dirname(webmon.__file__))}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        name = process.stdout.readline().strip()
        cookie, display, platform = process.stdout.readline().split()
        cookie = Path(cookie)
        assert name == display and name[0] == ":" and platform == "xcb"
        assert stat.S_IMODE(cookie.stat().st_mode) == 0o600 and stat.S_IMODE(cookie.parent.stat().st_mode) == 0o700
        place = Path(f"/tmp/.X11-unix/X{name[1:]}")
        assert place.exists()
        if end == "quits":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGKILL)
        process.wait()
        until(lambda: not place.exists() and not cookie.parent.exists(), "the end of the display")
