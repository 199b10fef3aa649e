"""What the tests share."""

from __future__ import annotations

import os
import signal
from shutil import which

import pytest
import watching
from watching import PATIENCE, Subject, Watcher

import webmon
from webmon import Process, _memory, _segment


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """No test sees the user's own processes, nor they it, and none starts a webmon."""
    for variable, folder in (("XDG_RUNTIME_DIR", "run"), ("XDG_STATE_HOME", "state")):
        (tmp_path / folder).mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(tmp_path / folder))
    (tmp_path / "tmp").mkdir(mode=0o700)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    for name in list(os.environ):
        if name == "WEBMON" or name.startswith(("WEBMON_", "NAPARI_MON", "JUPYTERHUB_")):
            monkeypatch.delenv(name)
    folders = os.environ.get("PATH", "").split(os.pathsep)
    monkeypatch.setenv("PATH", os.pathsep.join(f for f in folders if which("webmon", path=f) is None))
    yield
    webmon.close()
    for process in list(Process._live):
        process.close()


@pytest.fixture(params=["in memory", "on disk"])
def place(request, tmp_path, monkeypatch):
    """Segments as Linux keeps them, and as macOS does, which works here too."""
    if request.param == "on disk":
        folder = str(tmp_path / "segments")
        monkeypatch.setattr(_segment, "STORE", _memory.Files(folder, disk=True))
        monkeypatch.setattr(watching, "FOLDER", folder)
    return request.param


@pytest.fixture
def sources(tmp_path):
    return tmp_path / "run" / "webmon" / "sources"


@pytest.fixture
def process():
    with Process("scope", launch=False) as process:
        yield process


@pytest.fixture
def watch():
    def watch(process):
        return Watcher(process.address, process._offer.key)

    return watch


@pytest.fixture
def watcher(process, watch):
    return watch(process)


@pytest.fixture
def subject(sources, tmp_path):
    subjects = []

    def start(code):
        subjects.append(Subject(code, sources, tmp_path))
        return subjects[-1]

    yield start
    for one in subjects:
        try:
            os.killpg(one.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        one.popen.stdin.close()
        one.popen.wait(PATIENCE)
