"""What webmon.show puts into a cell, and the notebook that it stands in."""

from __future__ import annotations

import html
import json
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

import webmon
from webmon import _notebook, _show, _webmon

TOKEN = "0123456789abcdef"


class Standing(_webmon.Webmon):
    """A webmon that answers what a real one would."""

    def __init__(self, url=f"http://127.0.0.1:5050/?token={TOKEN}", refuses="", events=()):
        super().__init__({"url": url})
        self.refuses, self.events, self.asked = refuses, list(events), []

    def ask(self, method, path, body=None, timeout=0.0):
        self.asked.append((method, path, body))
        if path == "/api/v1/tickets":
            return {"ticket": f"t{len(self.asked)}", "seconds": 600}
        if path == "/api/v1/prefix":
            if self.refuses:
                raise _webmon.Refused(409, self.refuses)
            return {"prefix": json.loads(body)["prefix"]}
        if path.endswith("/state"):
            return {"stage": {"x": 1.5, "y": 2}, "temperature": 21.5}
        return self.events


@pytest.fixture
def cell(monkeypatch):
    """Runs show as in a cell of a notebook and returns what is displayed."""
    shown = []
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(kernel=object())))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=shown.append))

    def run(*args, place=None, at=None, **kwargs):
        at = at or Standing()
        monkeypatch.setattr(_show, "reach", lambda process: (at, "scope"))
        monkeypatch.setattr(_notebook, "place", lambda: place or _notebook.Place("/lab/", True))
        assert webmon.show(*args, **kwargs) is None
        return shown.pop()._repr_mimebundle_()

    return run


def frame(bundle):
    """The address and the style of the frame that a cell displays."""
    text = bundle["text/html"]
    assert TOKEN not in text and text.startswith("<iframe ") and text.endswith("</iframe>")
    src = html.unescape(text.split('src="')[1].split('"')[0])
    split = urlsplit(src)
    assert not split.netloc
    return split.path, {k: v[0] for k, v in parse_qs(split.query).items()}, text.split('style="')[1].split('"')[0]


@pytest.fixture
def offered():
    webmon.serve(name="scope", launch=False)
    webmon.share("camera", (8, 8), "uint16", "yx")
    webmon.volume("brain", (4, 4, 4), "uint8", "zyx")
    webmon.control("gain", "float", 1.0)
    webmon.set("stage", {"x": 1.5, "y": 2})
    webmon.set("temperature", 21.5)
    webmon.send("exposure", {"ms": 3})

    @webmon.command
    def home() -> None:
        """Goes home."""


@pytest.mark.parametrize(
    ("what", "path", "query"),
    [
        ("camera", "/lab/webmon/arrays", {"array": "camera", "embed": "1"}),
        ("brain", "/lab/webmon/volumes/scope/brain", {"embed": "1"}),
        ("gain", "/lab/webmon/controls", {"search": "gain", "embed": "1"}),
        ("home", "/lab/webmon/controls", {"search": "home", "embed": "1"}),
        ("exposure.ms", "/lab/webmon/individual/exposure.ms", {"embed": "1"}),
        ("exposure", "/lab/webmon/individual/exposure.ms", {"embed": "1"}),
        ("temperature", "/lab/webmon/individual/temperature", {"embed": "1"}),
        ("stage", "/lab/webmon/messages", {"search": "stage", "embed": "1"}),
        (None, "/lab/webmon/arrays", {}),
    ],
)
def test_what_is_shown_by_name(offered, cell, what, path, query):
    at = Standing(events=[{"time": 1.0, "ms": 2}, {"time": 2.0, "ms": 3}])
    bundle = cell(what, at=at)
    got, asked, style = frame(bundle)
    assert got == path and asked.pop("ticket").startswith("t") and asked == {"source": "scope", **query}
    assert "width: 100%" in style and "px" in style
    assert bundle["text/plain"] == f"webmon: {what or 'Dashboard'} of scope"
    assert ("POST", "/api/v1/prefix", json.dumps({"prefix": "/lab/webmon", "hosts": []})) in at.asked


def test_objects_are_shown_too(offered, cell):
    process = webmon.serve(launch=False)
    for one, path in (
        (process._arrays.get("camera"), "/lab/webmon/arrays"),
        (process._volumes.get("brain"), "/lab/webmon/volumes/scope/brain"),
        (process._actions.controls["gain"], "/lab/webmon/controls"),
        (process, "/lab/webmon/arrays"),
    ):
        assert frame(cell(one))[0] == path
    old = process._arrays.get("camera")
    webmon.share("camera", (4, 4), "uint8", "yx")
    assert old.closed and not process._arrays.get("camera").closed
    with pytest.raises(ValueError, match="camera is closed, or was replaced"):
        cell(old)
    with webmon.Process("second", launch=False) as second:
        other = second.share("camera", (4, 4), "uint8", "yx")
        assert cell(other)["text/plain"] == "webmon: camera of second"


def test_sizes_and_themes(offered, cell):
    _, query, style = frame(cell("camera", width=300, height="50vh", theme="light"))
    assert query["theme"] == "light" and "width: 300px" in style and "height: 50vh" in style
    assert "theme" not in frame(cell("camera"))[1]
    for wrong in ({"width": 0}, {"height": "1px; x"}, {"height": "tall"}, {"theme": "blue"}, {"width": 10**6}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            cell("camera", **wrong)
    for wrong in (True, 1.5, [1]):
        with pytest.raises(TypeError, match="width"):
            cell("camera", width=wrong)


def test_what_cannot_be_shown(offered, cell):
    with pytest.raises(ValueError, match=r"nothing that is called 'camara'; it has .*camera"):
        cell("camara")
    with pytest.raises(TypeError, match="ndarray"):
        cell(np.zeros(3))


def test_titles_are_text(cell):
    with webmon.Process("<b>&", launch=False) as process:
        process.share("a", 3, "u1")
        text = cell(process._arrays.get("a"))["text/html"]
    assert "<b>" not in text and "&lt;b&gt;&amp;" in text


def test_a_link_says_why(offered, cell):
    for place, at, why in (
        (_notebook.Place(why="Because <so>."), None, "Because &lt;so&gt;."),
        (None, Standing(refuses="This webmon is served at /other already."), "This webmon is served at /other already."),
        (_notebook.Place("/lab/", False), Standing(f"https://127.0.0.1:5050/?token={TOKEN}"), "https"),
    ):
        text = cell("camera", place=place, at=at)["text/html"]
        assert "<iframe" not in text and TOKEN not in text and "ticket=" in text and 'target="_blank"' in text
        assert why in text and 'href="http' in text


def test_the_proxy_without_the_entry(offered, cell):
    assert frame(cell("camera", place=_notebook.Place("/user/ada/", False)))[0] == "/user/ada/proxy/absolute/5050/arrays"


def test_without_a_webmon(offered, monkeypatch, capsys):
    monkeypatch.setattr(_webmon, "START", 0.0)
    with pytest.raises(RuntimeError, match="no webmon is running"):
        webmon.show("camera")
    # In a cell it is said there, and what follows in the cell goes on.
    process = webmon.serve(launch=False)
    shown = _show.Shown(process, _show._named(process, "camera"), "100%", "1px", None)
    assert shown._repr_mimebundle_()["text/html"].startswith("camera of scope cannot be shown: no webmon is running")


def test_outside_of_a_notebook(offered, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(_show, "reach", lambda process: (Standing(), "scope"))
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert webmon.show("camera") is None
    address = f"http://127.0.0.1:5050/arrays?source=scope&array=camera&token={TOKEN}"
    assert capsys.readouterr().out == f"webmon: camera of scope: {address}\n" and not opened
    webmon.show("camera", open=True)
    assert opened == [address] and not capsys.readouterr().out


def test_it_offers_the_process(cell):
    webmon.share("camera", (8, 8), "uint16", "yx")
    cell("camera")
    assert webmon.serve(name="later", launch=False).name == "later"


def test_a_cell_that_is_run_twice(sources):
    """Everything of a cell may be said again: there is one process, and one of each."""
    all = []
    for _ in range(2):
        process = webmon.serve(name="scope", launch=False)
        webmon.share("camera", (8, 8), "uint16", "yx").publish(np.zeros((8, 8), np.uint16))
        webmon.volume("brain", (4, 4, 4), "uint8", "zyx")
        webmon.control("gain", "float", 1.0)
        webmon.set("stage", {"x": 1})
        webmon.send("exposure", {"ms": 1})

        @webmon.command
        def home() -> None:
            """Goes home."""

        all.append(process)
    assert all[0] is all[1] and len(list(sources.glob("*.json"))) == 1
    assert {kind: len(names) for kind, names in process._names().items()} == {"topic": 2, "command or control": 2, "array": 1, "volume": 1, "board": 0}


# The notebook.


@pytest.fixture
def jupyter(monkeypatch, tmp_path):
    """Stands where a Jupyter listens; returns a function that says what its proxy answers."""
    answer = {}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answer["of"](self.path, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("JPY_PARENT_PID", "4242")
    for name in ("VSCODE_PID", "VSCODE_CWD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "jupyter_core", types.ModuleType("jupyter_core"))
    monkeypatch.setitem(sys.modules, "jupyter_core.paths", types.SimpleNamespace(jupyter_runtime_dir=lambda: str(tmp_path)))
    about = {
        "base_url": "/lab/user/x/",
        "hostname": "localhost",
        "port": server.server_port,
        "secure": False,
        "sock": "",
        "token": "secret",
    }

    def stands(of, **more):
        answer["of"] = of
        (tmp_path / "jpserver-4242.json").write_text(json.dumps({**about, **more}))

    yield stands
    server.shutdown()
    server.server_close()


def servers(*names):
    def of(path, authorization):
        assert (path, authorization) == ("/lab/user/x/server-proxy/servers-info", "token secret")
        return 200, json.dumps({"server_processes": [{"name": name} for name in names]}).encode()

    return of


def test_jupyter_is_asked_what_it_has(jupyter):
    jupyter(servers("other", "webmon"))
    assert _notebook.place() == ("/lab/user/x/", True, "")
    assert _notebook.place().prefix(5050) == "/lab/user/x/webmon"
    jupyter(servers("other"))
    assert _notebook.place().prefix(5050) == "/lab/user/x/proxy/absolute/5050"
    jupyter(lambda path, authorization: (404, b"{}"))
    assert not _notebook.place().base and "jupyter-server-proxy" in _notebook.place().why


def test_a_jupyter_that_does_not_answer(jupyter, monkeypatch):
    """What is installed beside the kernel says what Jupyter has."""
    for of in (lambda path, authorization: (403, b""), lambda path, authorization: (200, b"<html>")):
        jupyter(of, token="")
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert not _notebook.place().base
        monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
        assert _notebook.place().base == "/lab/user/x/"


def test_other_notebooks(jupyter, monkeypatch, tmp_path):
    jupyter(servers("webmon"))
    monkeypatch.setenv("VSCODE_PID", "1")
    assert "VS Code" in _notebook.place().why
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert "Colab" in _notebook.place().why
    monkeypatch.delitem(sys.modules, "google.colab")
    monkeypatch.delenv("VSCODE_PID")
    for broken in ("[]", "{", "\xff"):
        (tmp_path / "jpserver-4242.json").write_text(broken, encoding="latin-1")
        assert not _notebook.place().base and _notebook.place().why
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert _notebook.place().base == "/user/ada/"
    monkeypatch.delenv("JPY_PARENT_PID")
    assert not _notebook.place().base
