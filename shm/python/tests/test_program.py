"""How the program is found, and whether it fits."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import webmon
from webmon import _fit, _version

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs of these tests are shell scripts")

SOURCES = Path(webmon.__file__).parent
FIND = "from webmon import _announce; print(_announce.find_webmon())"


def program(path, says):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho {says} "$WEBMON_PYTHON" "$@"\n')
    path.chmod(0o755)
    return path


def installed(folder, *records):
    """The package below a folder as pip leaves it, with lines of its RECORD."""
    site = folder / "lib" / "site-packages"
    shutil.copytree(SOURCES, site / "webmon", ignore=shutil.ignore_patterns("__pycache__"))
    info = site / "napari_webmon-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: napari-webmon\nVersion: 0.1.0\n")
    (info / "RECORD").write_text("".join(f"{line},,\n" for line in ("webmon/__init__.py", "webmon/_program.py", *records)))
    return site


def run(arguments, path="/nowhere", folders=(), **environment):
    env = {**os.environ, "PATH": str(path), "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=60)


def found(**how):
    done = run(["-c", FIND], **how)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_program_that_came_with_the_package_comes_before_the_path(tmp_path):
    site = installed(tmp_path / "env", "../../bin/webmon")
    own, other = program(tmp_path / "env" / "bin" / "webmon", "own"), program(tmp_path / "path" / "webmon", "other")
    assert found(folders=[site]) == str(own)
    assert found(folders=[site], path=other.parent) == str(own)
    # Who names one has chosen it.
    assert found(folders=[site], WEBMON=str(other)) == str(other)
    done = run(["-c", FIND], folders=[site], WEBMON=str(tmp_path / "none"))
    assert done.stdout.strip() == "None" and "is no program that can be run" in done.stderr
    # One that is gone, or cannot be run, is none.
    own.chmod(0o644)
    assert found(folders=[site], path=other.parent) == str(other)
    own.unlink()
    assert found(folders=[site]) == "None"


def test_pip_installs_into_a_target(tmp_path):
    site = installed(tmp_path, "../../bin/webmon")
    moved = program(site / "bin" / "webmon", "own")  # where pip install --target puts it
    assert found(folders=[site]) == str(moved)


def test_a_checkout_takes_the_path(tmp_path):
    # The package that is installed is another copy: its program is not that of the checkout.
    site = installed(tmp_path / "env", "../../bin/webmon")
    program(tmp_path / "env" / "bin" / "webmon", "own")
    other = program(tmp_path / "path" / "webmon", "other")
    checkout = tmp_path / "checkout"
    shutil.copytree(SOURCES, checkout / "webmon", ignore=shutil.ignore_patterns("__pycache__"))
    assert found(folders=[checkout, site], path=other.parent) == str(other)
    assert found(folders=[checkout, site]) == "None"


def test_the_module_is_the_program(tmp_path):
    site = installed(tmp_path / "env", "../../bin/webmon")
    program(tmp_path / "env" / "bin" / "webmon", "own")
    done = run(["-m", "webmon", "--port", "0", "a b"], folders=[site], WEBMON_PYTHON="")
    assert (done.returncode, done.stdout.split(" ", 1)) == (0, ["own", " --port 0 a b\n"])
    environment = {k: v for k, v in os.environ.items() if k != "WEBMON_PYTHON"}
    environment["PYTHONPATH"] = str(site)
    done = subprocess.run([sys.executable, "-m", "webmon", "--demo"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"own {sys.executable} --demo\n"


def test_the_module_without_a_program(tmp_path):
    site = installed(tmp_path)
    done = run(["-m", "webmon", "--port", "0"], folders=[site])
    assert done.returncode == 1 and "A wheel of napari-webmon for this platform brings it" in done.stderr
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    done = run(["-m", "webmon"], folders=[site], WEBMON=str(broken))
    assert done.returncode == 1 and f"{broken} cannot be run" in done.stderr and "Traceback" not in done.stderr


def test_where(tmp_path):
    """It needs no program, and lists what is offered."""
    site = installed(tmp_path)
    done = run(["-m", "webmon", "where"], folders=[site])
    assert done.returncode == 1 and done.stdout == "No webmon is running. Start it with: python -m webmon\n"
    webmon.serve("scope", launch=False)
    try:
        done = run(["-m", "webmon", "where"], folders=[site])
    finally:
        webmon.close()
    assert f"  scope (process {os.getpid()})\n" in done.stdout
    done = run(["-m", "webmon", "where", "else"], folders=[site])
    assert done.returncode == 2 and done.stderr == "usage: python -m webmon where\n"


@pytest.mark.parametrize(
    ("version", "protocol", "why"),
    [
        ("0.1.0", 1, None),
        ("0.1.9+g0fe1e07abcde.dirty", 1, None),
        ("v0.1.0", 1, None),  # none that is known
        (None, 1, None),
        (b"0.2.0", 1, None),
        ("0.2.0", 1, "Install the package of that webmon's version here"),
        ("1.0.0", 1, "Install the package of that webmon's version here"),
        ("0.0.9", 1, "start the one of the package with: python -m webmon"),
        ("0.1.0", 2, "they speak protocol 2 and 1"),
        ("0.1.0", None, "they speak protocol None and 1"),
        ("0.2.0" + "x" * 1000, 1, "is version 0.2.0xxx"),
    ],
)
def test_who_fits(monkeypatch, version, protocol, why):
    monkeypatch.setattr(_fit, "__version__", "0.1.4")
    said = _fit.misfit(version, protocol)
    assert (said is None) if why is None else (said is not None and why in said and len(said) < 500)


def test_a_webmon_that_does_not_fit_is_said_once(process, watcher, caplog):
    want = {"topics": {"stage": 5}, "t": 0}
    with caplog.at_level(logging.WARNING, logger="webmon"):
        watcher.notes.update({"want:a": {**want, "version": _version.__version__ + "+g0fe1e07abcde", "protocol": _version.PROTOCOL}})
        assert not caplog.messages and process.wanted("stage") == 5.0
        for n in range(3):
            watcher.notes.update({f"want:{n}": {**want, "version": "99.0.0", "protocol": _version.PROTOCOL}})
    assert len(caplog.messages) == 1 and "99.0.0" in caplog.messages[0]
    assert process.wanted("stage") == 5.0
