from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest
from watching import until

import webmon
from webmon import _jupyter


def test_what_the_proxy_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://hub.example.org/user/ada/")
    monkeypatch.setenv("WEBMON_ALLOW_HOST", "lab")
    told = _jupyter.server()
    assert told["command"] == [sys.executable, "-m", "webmon._jupyter", "{port}", "{base_url}webmon"]
    assert told["environment"]["WEBMON_ALLOW_HOST"] == "lab,hub.example.org"
    entry, token = told["launcher_entry"], told["environment"]["WEBMON_TOKEN"]
    assert entry["path_info"] == f"webmon/?token={token}" and len(token) == 40
    assert ElementTree.parse(entry["icon_path"]).getroot().tag.endswith("svg")
    # It is the one that webmon keeps, and others cannot read it.
    kept = tmp_path / "state" / "webmon" / "token"
    assert kept.read_text() == token + "\n" and stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert _jupyter.server()["environment"]["WEBMON_TOKEN"] == token


@pytest.fixture
def started():
    """Starts what Jupyter starts and returns a function that asks it for its page."""
    processes = []

    def start(prefix="/lab/webmon"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        env = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(webmon.__file__))}
        process = subprocess.Popen([sys.executable, "-m", "webmon._jupyter", str(port), prefix], env=env, stdout=subprocess.PIPE, text=True)
        processes.append(process)

        def ask():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/lab/webmon/", timeout=30) as page:
                    return page.status, page.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()
            except OSError:
                return None

        return process, ask

    yield start
    for process in processes:
        process.kill()
        process.communicate()


class Near:
    """Stands where a webmon listens, with its record and its lock."""

    def __init__(self, folder, url, refused):
        self.prefixes = prefixes = []

        class Answers(BaseHTTPRequestHandler):
            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body.encode())

            def do_GET(self):
                self.answer(200, f"GET {self.path} for {self.headers['Host'].split(':')[0]}".replace("127.0.0.1", "localhost"))

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prefixes.append((asked, self.headers["Authorization"]))
                assert self.path.endswith("/api/v1/prefix")
                if refused:
                    self.answer(409, json.dumps({"error": refused}))
                else:
                    self.answer(200, json.dumps({"prefix": asked["prefix"]}))

            def log_message(self, format, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        folder.mkdir(mode=0o700)
        (folder / "webmon.json").touch(mode=0o600)
        (folder / "webmon.json").write_text(json.dumps({"url": url.format(port=self.server.server_port), "pid": os.getpid()}))
        self.fd = os.open(folder / "webmon.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def end(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            self.server.shutdown()
            self.server.server_close()


@pytest.fixture
def running(tmp_path):
    """Starts what stands for a webmon."""
    all = []

    def start(url, refused=""):
        all.append(Near(tmp_path / "run" / "webmon", url, refused))
        return all[-1]

    yield start
    for one in all:
        one.end()


def program(tmp_path, monkeypatch):
    path = tmp_path / "webmon-program"
    path.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:])\n")
    path.chmod(0o755)
    monkeypatch.setenv("WEBMON", str(path))


def test_becomes_webmon(started, tmp_path, monkeypatch):
    program(tmp_path, monkeypatch)
    process, _ = started()
    out, _ = process.communicate(timeout=30)
    args = eval(out)
    assert args[0] == "--port" and args[1].isdigit() and args[2:] == ["--prefix", "/lab/webmon", "--tls=false"]


def test_says_that_there_is_no_webmon(started, tmp_path, monkeypatch):
    process, ask = started()
    status, page = until(ask)
    assert status == 503 and "not found" in page and process.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="uses flock")
def test_passes_on_to_the_webmon_that_runs(started, tmp_path, monkeypatch, running):
    program(tmp_path, monkeypatch)
    monkeypatch.setenv("JUPYTERHUB_HOST", "https://hub.lab.org")
    near = running(url="http://127.0.0.1:{port}/?token=a%22b")
    process, ask = started()
    status, page = until(ask)
    assert (status, page) == (200, "GET /lab/webmon/ for localhost")
    assert near.prefixes == [({"prefix": "/lab/webmon", "hosts": ["hub.lab.org"]}, 'Bearer a"b')]
    assert ask() == (status, page) and len(near.prefixes) == 1
    near.end()
    # That one has ended: this one makes room for it.
    status, page = until(lambda: (found := ask()) and found[0] == 200 and "http-equiv" in found[1] and found)
    assert process.wait(30) == 1  # upon which Jupyter starts it again


@pytest.mark.skipif(sys.platform == "win32", reason="uses flock")
def test_says_that_webmon_runs_elsewhere(started, tmp_path, monkeypatch, running):
    program(tmp_path, monkeypatch)
    running(url="http://127.0.0.1:{port}/other/?token=a%22b", refused="This webmon is served at /other already.")
    process, ask = started()
    status, page = until(ask)
    assert status == 503 and "is served at /other already" in page and "/other/?token=a%22b&quot;".replace("&quot;", "") in page
    assert process.poll() is None


def test_wrong_arguments(capsys):
    assert _jupyter.main(["x"]) == 2 and "usage" in capsys.readouterr().err


def test_a_token_that_others_may_know(tmp_path, caplog):
    path = tmp_path / "state" / "webmon" / "token"
    first = _jupyter._token()
    assert first and _jupyter._token() == first and path.stat().st_mode & 0o777 == 0o600
    for spoil in (
        lambda: path.chmod(0o644),
        lambda: path.chmod(0o620),
        lambda: path.rename(path.with_name("other")) and path.symlink_to("other"),
    ):
        before = _jupyter._token()
        spoil()
        caplog.clear()
        token = _jupyter._token()
        assert token and len(token) == 40 and token != before and "somebody else" in caplog.text
        assert _jupyter._token() == token
    path.write_text("garbage")
    assert len(_jupyter._token() or "") == 40
    # Where others can write, nothing is kept.
    path.parent.chmod(0o777)
    assert _jupyter._token() is None
    path.parent.chmod(0o700)
