"""webmon.neuroglancer with the real package, and a real webmon. What browsers do is said over the wire; e2e has a real one."""

from __future__ import annotations

import base64
import gc
import io
import json
import os
import subprocess
import sys
import threading
import time
import weakref
from urllib.parse import quote

import numpy as np
import pytest

PATIENCE = 30.0
PROGRAM = os.environ.get("TESTED_WEBMON")  # the program, built

try:
    import neuroglancer as package
except ImportError:
    package = None


def test_it_says_what_is_missing():
    if package is not None:
        pytest.skip("the package is here")
    with pytest.raises(ImportError, match="pip install neuroglancer"):
        import webmon.neuroglancer  # noqa: F401


if package is not None:
    import webmon.neuroglancer as neuroglancer
    from webmon.neuroglancer._link import Link, Refused

with_package = pytest.mark.skipif(package is None, reason="the package neuroglancer is not in this environment: make test-py has one with it")


def until(what, is_so):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class Server:
    """A webmon."""

    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAM, "--port", "0", "--log-path", str(self.folder / "webmon.log")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until("webmon runs", lambda: (self.folder / "run" / "webmon" / "webmon.json").exists())

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        (self.folder / "run" / "webmon" / "webmon.json").unlink(missing_ok=True)


@pytest.fixture
def server(tmp_path):
    if PROGRAM is None:
        assert not os.environ.get("CI"), "TESTED_WEBMON must name the program"
        pytest.skip("TESTED_WEBMON names no program")
    server = Server(tmp_path)
    yield server
    neuroglancer.stop()
    server.kill()


class Browser:
    """What a browser does that has a viewer open."""

    def __init__(self, viewer):
        self.webmon, self.path = viewer._link.where()
        self.token = viewer.token
        self.states = {}
        self.sock, events = self.webmon.stream(f"{self.path}/events/{self.token}?c=browser&gc=&gs=")
        threading.Thread(target=self.listen, args=(events,), daemon=True).start()
        until("the browser has the states", lambda: len(self.states) == 2)

    def listen(self, events):
        try:
            for event in events:
                self.states[event["k"]] = event
        except OSError:
            pass

    @property
    def state(self):
        return self.states["s"]["s"]

    @property
    def config(self):
        return self.states["c"]["s"]

    def change(self, number=1, previous=None, **state):
        previous = self.states["s"]["g"] if previous is None else previous
        new = {**self.state, **state}
        answer = self.post(f"state/{self.token}", {"s": new, "g": number, "pg": previous, "c": "browser"})
        self.states["s"] = {"s": new, "g": answer["g"]}  # it is not told of its own change

    def act(self, action, **state):
        self.post(f"action/{self.token}", {"action": action, "state": state})

    def post(self, path, body):
        return self.webmon.ask("POST", f"{self.path}/{path}", body if isinstance(body, bytes) else json.dumps(body).encode())

    def get(self, path):
        connection = self.webmon.connect(PATIENCE)
        response = self.webmon._send(connection, "GET", f"{self.path}/neuroglancer/{path}", None)
        return response.status, response.read()


def png(width, height):
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGBA", (width, height), (255, 0, 0, 255)).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def dimensions(**more):
    return neuroglancer.CoordinateSpace(**{"names": ["x", "y", "z"], "units": "nm", "scales": [8, 8, 10], **more})


def key_of(viewer, layer=0):
    return viewer.state.layers[layer].source[0].url.rpartition("/")[2]


def shown(viewer, source, layer=None):
    with viewer.txn() as state:
        state.layers.append(name="data", layer=(layer or neuroglancer.SegmentationLayer)(source=source))
    return key_of(viewer, len(viewer.state.layers) - 1)


@with_package
def test_modules_are_those_of_the_package():
    import webmon.neuroglancer.tool.merge_tool as tool
    import webmon.neuroglancer.viewer_state as state

    assert state is package.viewer_state and state.__spec__.name == "neuroglancer.viewer_state"
    assert tool is sys.modules["neuroglancer.tool.merge_tool"]
    assert neuroglancer.LocalVolume is package.LocalVolume and neuroglancer.url_state is package.url_state
    assert neuroglancer.Viewer is not package.Viewer and neuroglancer.webdriver.Webdriver is not package.webdriver.Webdriver
    with pytest.raises(AttributeError, match="neither webmon.neuroglancer nor neuroglancer has 'Wiever'"):
        neuroglancer.Wiever  # noqa: B018
    with pytest.raises(ValueError, match="1 to 64 letters"):
        neuroglancer.Viewer(token="a/b")


@with_package
def test_another_client_is_not_served_and_that_is_said_once(caplog, monkeypatch, tmp_path):
    import argparse

    monkeypatch.setattr(neuroglancer.server, "_kept", False)
    neuroglancer.set_static_content_source()  # that of the server, which it is
    assert not caplog.records
    neuroglancer.set_static_content_source(url="http://localhost:8080")
    neuroglancer.set_static_content_source(path=str(tmp_path), file_open=lambda *args: 1 / 0)
    neuroglancer.set_static_content_source(object())
    neuroglancer.set_dev_server_content_source()
    parser = argparse.ArgumentParser()
    neuroglancer.cli.add_server_arguments(parser)
    for given in (["--static-content-url", "http://localhost:1"], ["--static-content-dev-server"]):
        neuroglancer.cli.handle_server_arguments(parser.parse_args(given))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "and not 'http://localhost:8080': pages of webmon may do all that you may" in caplog.text
    with pytest.raises(TypeError):
        neuroglancer.set_static_content_source(folder="x")


@with_package
def test_in_a_notebook(monkeypatch):
    from webmon import _notebook
    from webmon.neuroglancer._link import Webmon

    class Standing(Webmon):
        def ask(self, method, path, body=None, timeout=0.0):
            return {"/api/v1/tickets": {"ticket": "once"}, "/api/v1/prefix": {"prefix": "/lab/webmon"}}[path]

    def of(url, place):
        monkeypatch.setattr(_notebook, "place", lambda: place)
        monkeypatch.setattr(viewer._link, "where", lambda: (Standing({"url": url}), "/volumes/it"))
        return viewer._repr_html_()

    viewer = neuroglancer.Viewer(token="mine")
    assert "no webmon is running" in viewer._repr_html_()
    for url in ("http://127.0.0.1:1/?token=t", "http://127.0.0.1:1/lab/webmon/?token=t"):
        shown = of(url, _notebook.Place("/lab/", True))
        assert shown.startswith('<iframe src="/lab/webmon/volumes/it/v/mine/?ticket=once" ') and "token=" not in shown
    # Without Jupyter's proxy the policy of webmon lets no other origin show it.
    shown = of("http://127.0.0.1:1/?token=t", _notebook.Place(why="It is a link."))
    assert shown.startswith('<p><a href="http://127.0.0.1:1/volumes/it/v/mine/?ticket=once" ') and "It is a link." in shown and "token=" not in shown
    neuroglancer.stop()


@with_package
def test_no_webmon_is_said():
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.title = "alone"
    assert viewer.state.title == "alone"
    with pytest.raises(RuntimeError, match="no webmon is running"):
        viewer.get_viewer_url()
    assert "no webmon is running" in repr(viewer)
    neuroglancer.stop()


@with_package
def test_a_connection_that_was_there_is_made_again_soon():
    class Stopped(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            if len(waits) == 8:
                self.set()

    class Alone:
        def _down(self):
            pass

    def hold():
        if len(waits) == 6:
            link._ready.set()
        raise OSError("not there")

    waits, viewer = [], Alone()
    link = Link(viewer, "t", None)
    link._stopped, link._hold = Stopped(), hold
    link._run()
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 0.1, 0.2]


@with_package
def test_a_script_and_browsers_share_a_state(server):
    viewer = neuroglancer.Viewer(token="mine")
    assert f"/v/mine/?token={viewer._link.where()[0]._token}" in viewer.get_viewer_url()
    assert neuroglancer.server.get_server_url() + "/v/mine/?" in viewer.get_viewer_url()
    browser = Browser(viewer)
    with viewer.txn() as state:
        state.title = "first"
    until("the browser has it", lambda: browser.state.get("title") == "first")
    changed = threading.Event()
    viewer.shared_state.add_changed_callback(changed.set)
    browser.change(title="second")
    assert changed.wait(PATIENCE)
    assert viewer.state.title == "second" and viewer.shared_state.state_generation == "browser/1"
    with pytest.raises(Refused) as refused:
        browser.change(2, "browser/0", title="late")
    assert refused.value.status == 412

    # Without a lock, what a browser has done meanwhile is in the way.
    with pytest.raises(neuroglancer.trackable_state.ConcurrentModificationError):
        with viewer.txn(lock=False) as state:
            browser.change(3, title="between")
            state.title = "lost"
    assert viewer.state.title == "between"
    tries = []

    def change(state):
        tries.append(state.title)
        if len(tries) < 3:
            browser.change(3 + len(tries), title=f"between {len(tries)}", previous=viewer.shared_state.state_generation)
        state.title = "mine"
        return "done"

    assert viewer.retry_txn(change) == "done" and tries == ["between", "between 1", "between 2"]
    # With a lock it is the browser that comes too late.
    with viewer.txn() as state:
        browser.change(9, title="ignored", previous=viewer.shared_state.state_generation)
        state.title = "kept"
    until("the browser has what is kept", lambda: browser.state["title"] == "kept")
    assert viewer.state.title == "kept"
    with pytest.raises(ValueError, match="refuses the state.*may have"):
        viewer.set_state({"title": "x" * (9 << 20)})
    assert viewer.state.title == "kept"


@with_package
def test_actions(server):
    viewer = neuroglancer.Viewer()
    browser = Browser(viewer)
    came, done = [], threading.Event()

    def act(state):
        came.append(state)
        viewer.screenshot(timeout=PATIENCE)  # a handler may wait for a browser
        done.set()

    viewer.actions.add("mine", lambda state: 1 / 0)
    viewer.actions.add("mine", act)
    with viewer.config_state.txn() as config:
        config.input_event_bindings.viewer["keyt"] = "mine"
        config.status_messages["a"] = "press t"
    until("the browser has the binding", lambda: browser.config.get("inputEventBindings") == {"viewer": {"keyt": "mine"}})
    assert {"mine", "screenshot"} <= set(browser.config["actions"]) and browser.config["statusMessages"] == {"a": "press t"}
    browser.act("mine", mousePosition=[1, 2, 3], selectedValues={"a": {"value": "18446744073709551615"}})
    until("a picture is asked for", lambda: browser.config.get("screenshot"))
    browser.act("screenshot", screenshot={"id": browser.config["screenshot"], "image": png(1, 1), "imageType": "image/png", "width": 1, "height": 1})
    assert done.wait(PATIENCE)
    assert came[0].mouse_voxel_coordinates.tolist() == [1, 2, 3] and came[0].selected_values["a"].value == 2**64 - 1


@with_package
def test_pictures(server):
    viewer = neuroglancer.Viewer()
    viewer.get_viewer_url()
    with pytest.raises(TimeoutError, match="nobody has the viewer open: http"):
        viewer.screenshot(timeout=0.1)
    browser = Browser(viewer)
    statistics = []

    def draw(sizes):
        asked = set()
        for width, height in sizes:
            until("a picture is asked for", lambda: browser.config.get("screenshot") not in (None, *asked))
            name = browser.config["screenshot"]
            asked.add(name)
            total = {"visibleChunksTotal": 9, "visibleChunksGpuMemory": 4, "visibleChunksDownloading": 5}
            browser.act("screenshotStatistics", screenshotStatistics={"id": name, "chunkSources": [], "total": total})
            if width:
                browser.act("screenshot", screenshot={"id": name, "image": png(width, height), "imageType": "image/png", "width": width, "height": height})

    thread = threading.Thread(target=draw, args=([(3, 2), (10, 5)],))
    thread.start()
    # The first one has another size than was asked for.
    picture = viewer.screenshot(size=[10, 5], timeout=PATIENCE, statistics_callback=lambda s: statistics.append(s.total.visible_chunks_total))
    thread.join()
    assert picture.screenshot.image_pixels.shape == (5, 10, 4) and statistics == [9, 9]
    assert viewer.config_state.state.viewer_size is None
    until("no picture is asked for any more", lambda: not browser.config.get("screenshot"))
    thread = threading.Thread(target=draw, args=([(0, 0)],))
    thread.start()
    with pytest.raises(TimeoutError, match=r"4 of 9 chunks that are visible are there, 5 are on their way"):
        viewer.screenshot(timeout=2)
    thread.join()


@with_package
def test_voxels_of_the_browser(server):
    pytest.importorskip("tensorstore")
    viewer = neuroglancer.Viewer()
    browser = Browser(viewer)
    data = np.arange(4 * 6 * 200, dtype="<u2").reshape(4, 6, 200)
    side = 2
    stopped = threading.Event()

    def answer():
        answered = set()
        while not stopped.wait(0.005):
            for request in browser.config.get("volumeRequests", []):
                if request["id"] in answered:
                    continue
                answered.add(request["id"])
                at = f"volume_response/{viewer.token}/{request['id']}"
                if request["kind"] == "volume_info":
                    info = {
                        "dimensions": {"x": [1, ""], "y": [1, ""], "z": [1, ""]}, "order": [2, 1, 0], "chunkShape": [side] * 3, "gridOrigin": [0] * 3,
                        "lowerBound": [0] * 3, "upperBound": list(data.shape), "dataType": "uint16",
                    }  # fmt: skip
                    browser.post(f"{at}/info", info if request["layer"] == "a" else {"error": "Invalid layer"})
                    continue
                x, y, z = (side * n for n in request["chunkGridPosition"])
                part = data[x : x + side, y : y + side, z : z + side]
                parameters = {"dtype": "uint16", "order": [2, 1, 0], "chunkDataSize": list(part.shape)}
                browser.post(f"{at}/chunk?p={quote(json.dumps(parameters))}", part.tobytes("F"))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        volume = viewer.volume("a").result(PATIENCE)
        # 600 chunks, of which browsers are asked for some at a time.
        np.testing.assert_array_equal(volume.read().result(PATIENCE), data)
        with pytest.raises(ValueError, match="Invalid layer"):
            viewer.volume("b").result(PATIENCE)
    finally:
        stopped.set()
        thread.join()
    until("nothing is asked for any more", lambda: not viewer.config_state.state.volume_requests)


@with_package
def test_own_data(server):
    viewer = neuroglancer.Viewer(token="mine")
    viewer.get_viewer_url()
    data = np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)
    volume = neuroglancer.LocalVolume(data, dimensions(), voxel_offset=[1, 2, 3], volume_type="image", max_downsampling=8, downsampling="2d")
    key = shown(viewer, volume, neuroglancer.ImageLayer)
    browser = Browser(viewer)
    status, info = browser.get(f"info/{key}")
    info = json.loads(info)
    assert status == 200 and info["coordinateSpace"] == {"x": [8e-9, "m"], "y": [8e-9, "m"], "z": [1e-8, "m"]}
    told = {name: info[name] for name in ("shape", "voxelOffset", "dataType", "volumeType", "maxDownsampling", "downsamplingLayout", "chunkLayout")}
    assert told == {
        "shape": [5, 6, 7], "voxelOffset": [1, 2, 3], "dataType": "uint16", "volumeType": "image",
        "maxDownsampling": 8, "downsamplingLayout": "2d", "chunkLayout": "flat",
    }  # fmt: skip
    status, chunk = browser.get(f"raw/{key}/1,1,1/1,0,2/4,6,7")
    assert status == 200
    np.testing.assert_array_equal(np.frombuffer(chunk, "<u2").reshape((3, 6, 5), order="F"), data[1:4, 0:6, 2:7])

    before = browser.config.get("sourceGenerations", {}).get(key)
    data += 1
    volume.invalidate()
    until("the browser is told", lambda: browser.config.get("sourceGenerations", {}).get(key) not in (None, before))
    _, chunk = browser.get(f"raw/{key}/1,1,1/0,0,0/1,1,1")
    assert np.frombuffer(chunk, "<u2").tolist() == [1]
    # A volume that no layer shows any more is let go.
    viewer.set_state({})
    until("it is not there any more", lambda: browser.get(f"info/{key}")[0] == 404)
    gone = weakref.ref(volume)
    del volume
    gc.collect()
    assert gone() is None


def of_options():
    """LocalVolumes with each of the options, and what webmon says of them otherwise than the package does."""
    cube = np.zeros((4, 5, 6), np.uint8)
    named = neuroglancer.CoordinateSpace(
        names=["x", "y", "c"], units=["nm", "um", ""], scales=[8, 0.5, 1], coordinate_arrays=[None, None, neuroglancer.CoordinateArray(labels=["r", "g", "b"])]
    )
    spaces = {
        "no dimensions": {},
        "SI": {"dimensions": neuroglancer.CoordinateSpace(names=["a", "b'", "c^"], units=["ms", "kHz", ""], scales=[0.25, 3e3, 1e-7])},
        "units with numbers": {"dimensions": neuroglancer.CoordinateSpace(names=["x", "y", "z"], units=["4nm", "2.5um", "1e3 m".replace(" ", "")], scales=[1, 2, 3])},
        "as JSON": {"dimensions": neuroglancer.CoordinateSpace({"x": [3e-9, "m"], "y": [0.5, "rad/s"], "t": [0.1, "s"]})},
        "names of positions": {"dimensions": named},
        "names of positions as JSON": {"dimensions": neuroglancer.CoordinateSpace({"x": [1, "m"], "y": [1, "m"], "c": {"coordinates": [4, -2], "labels": ["p", "q"]}})},
    }
    options = {
        "image": {"volume_type": "image"}, "segmentation": {"volume_type": "segmentation"},
        "offset": {"voxel_offset": [1, -2, 3 << 20]}, "offset of floats": {"voxel_offset": np.array([1.75, -1.75, 2])},
        "npz": {"encoding": "npz"}, "raw": {"encoding": "raw"}, "jpeg": {"encoding": "jpeg"},
        "voxels of a chunk": {"max_voxels_per_chunk_log2": 12}, "2d": {"downsampling": "2d"}, "3d": {"downsampling": "3d"}, "no downsampling": {"downsampling": None},
        "flat": {"chunk_layout": "flat"}, "isotropic": {"chunk_layout": "isotropic", "downsampling": "2d"},
        "max_downsampling": {"max_downsampling": 8}, "no limit": {"max_downsampling": float("inf"), "max_downsampled_size": float("inf")},
        "max_downsampled_size": {"max_downsampled_size": 33}, "max_downsampling_scales": {"max_downsampling_scales": 2},
        "mesh_options": {"mesh_options": {"max_quadrics_error": 10.0, "max_normal_angle_deviation": 30, "lock_boundary_vertices": False}},
    }  # fmt: skip
    for name, more in {**spaces, **options}.items():
        yield name, neuroglancer.LocalVolume(cube, **{"dimensions": dimensions(), **more} if name not in spaces else more), {}
    # What the client cannot show is converted.
    shown_as = {"bool": "uint8", "float16": "float32", "complex64": "float32"}
    for dtype in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">u2", ">f4", "?", "c8"):
        for shape in ((4, 5, 6), (4, 5), (2, 3, 4, 5)):
            volume = neuroglancer.LocalVolume(np.zeros(shape, dtype))
            told = {"dataType": shown_as[volume.data_type]} if volume.data_type in shown_as else {}
            yield f"{dtype} {shape}", volume, told
    try:
        import tensorstore
    except ImportError:
        return
    store = tensorstore.open({
        "driver": "array", "array": np.zeros((2, 3), np.uint16).tolist(), "dtype": "uint16",
        "transform": {"input_inclusive_min": [4, -5], "input_shape": [2, 3], "input_labels": ["x", ""], "output": [{"input_dimension": 0, "offset": -4}, {"input_dimension": 1, "offset": 5}]},
        "schema": {"dimension_units": ["4 nm", None]},
    }).result()  # fmt: skip
    yield "tensorstore", neuroglancer.LocalVolume(store), {}


@with_package
def test_options_are_told_as_the_package_tells_them(server):
    from neuroglancer.json_utils import json_encoder_default

    viewer = neuroglancer.Viewer()
    browser = Browser(viewer)
    for name, volume, otherwise in of_options():
        viewer.set_state({})
        shown(viewer, volume, neuroglancer.ImageLayer)
        want = json.loads(json.dumps(volume.info(), default=json_encoder_default))
        status, got = browser.get(f"info/{key_of(viewer)}")
        assert status == 200, (name, got)
        got = json.loads(got)
        assert isinstance(got.pop("generation"), int)
        want = {"maxVoxelsPerChunkLog2": 18, **want, **otherwise}  # 18 is the client's own
        del want["generation"]
        want["voxelOffset"] = [int(x) for x in want["voxelOffset"]]  # it goes out as text there
        if want["encoding"] == "npz":
            want["encoding"] = "raw"
        if got["dataType"] != want["dataType"] and want["dataType"] in ("uint64", "int64"):
            assert want["volumeType"] == "image" and got.pop("dataType") in ("uint32", "int32")  # the client draws no image of 64 bits
            del want["dataType"]
        space = want["coordinateSpace"]
        assert list(got["coordinateSpace"]) == list(space), name  # in this order
        want["coordinateSpace"] = {axis: [pytest.approx(of[0], rel=1e-11), of[1]] if isinstance(of, list) else of for axis, of in space.items()}
        assert got == want, name


@with_package
def test_what_is_invalidated_is_told_before_anything_else(server, monkeypatch):
    viewer = neuroglancer.Viewer()
    viewer.get_viewer_url()
    data = np.zeros((4, 4, 4), np.uint8)
    volume = neuroglancer.LocalVolume(data, dimensions())
    key = shown(viewer, volume)
    browser = Browser(viewer)
    assert browser.get(f"info/{key}")[0] == 200

    def told():
        """Return the generation that whoever comes now is told."""
        sock, events = browser.webmon.stream(f"{browser.path}/events/{viewer.token}?c=other&gc=&gs=")
        try:
            return next(event for event in events if event["k"] == "c")["s"].get("sourceGenerations", {}).get(key, 0)
        finally:
            sock.close()

    volumes, posts = viewer._volumes, []
    changed = viewer._link.changed
    monkeypatch.setattr(viewer._link, "changed", lambda *args: (posts.append(args), changed(*args)))
    for i in range(3):
        monkeypatch.setattr(volumes, "_told", float("-inf"))  # the last time is long ago
        before = told()
        data[:] = i + 1
        volume.invalidate()
        assert told() > before and len(posts) == i + 1
        assert browser.get(f"raw/{key}/1,1,1/0,0,0/1,1,1") == (200, bytes([i + 1]))
        assert browser.get(f"raw/{key}/4,4,4/0,0,0/1,1,1") == (200, bytes([i + 1]))
    # A fast loop waits for webmon now and then alone. A picture waits for it in any case.
    monkeypatch.setattr(volumes, "_told", float("inf"))
    before = told()
    for _ in range(100):
        volume.invalidate()
    assert len(posts) == 3
    viewer.async_screenshot(lambda reply: None)
    assert len(posts) == 4 and posts[-1][0] == {volume.token: 103} and told() > before

    # A webmon that does not answer holds up nothing for long.
    def fail(versions, timeout):
        posts.append(versions)
        raise OSError("no answer")

    monkeypatch.setattr(viewer._link, "changed", fail)
    monkeypatch.setattr(volumes, "_told", float("-inf"))
    for _ in range(3):
        volume.invalidate()
        viewer.async_screenshot(lambda reply: None)
    assert len(posts) == 5
    before = told()
    until("it is told of all the same", lambda: told() > before or browser.config["sourceGenerations"][key] >= before)


def triangles(mesh):
    status, data = mesh
    assert status == 200, data
    return (len(data) - 4 - 12 * int(np.frombuffer(data, "<u4", 1)[0])) // 12


@with_package
def test_meshes_are_simplified_as_mesh_options_say(server, caplog):
    viewer = neuroglancer.Viewer()
    browser = Browser(viewer)
    z, y, x = np.indices((24, 24, 24)) - 11.5
    ball = (z * z + y * y + x * x < 100).astype(np.uint32) * 7
    metres = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="m", scales=[1, 1, 1])

    def made(space=None, **options):
        key = shown(viewer, neuroglancer.LocalVolume(ball, space or metres, mesh_options=options))
        return browser.get(f"mesh/{key}/7")

    usual, whole = triangles(made()), triangles(made(max_quadrics_error=-1))
    assert triangles(made(max_quadrics_error=float("nan"))) == whole
    assert usual < whole / 2
    # As there, an error counts in the units of the axes: in nanometres next to none is allowed.
    few, many = triangles(made(max_quadrics_error=1e6)), triangles(made(dimensions(), max_quadrics_error=1e6))
    assert few <= 256 < usual < many
    assert triangles(made(max_quadrics_error=1e6, max_normal_angle_deviation=0)) > usual
    assert triangles(made(max_quadrics_error=np.float32(1), lock_boundary_vertices=True)) > 0
    assert not caplog.records
    for options, why in (({"max_error": 1}, "max_error"), ({"max_quadrics_error": "x"}, "float|real"), ({"lock_boundary_vertices": 1.5}, "integer"), ({"lock_boundary_vertices": 1 << 40}, "greater|large")):
        with pytest.raises((TypeError, OverflowError), match=why) as theirs:
            neuroglancer.LocalVolume(ball, metres, mesh_options=options).get_object_mesh(7)
        caplog.clear()
        status, text = made(**options)
        assert status == 500 and str(theirs.value) in text.decode() and [record.levelname for record in caplog.records] == ["WARNING"] and str(theirs.value) in caplog.text


@with_package
def test_images_in_layers_of_labels(server):
    viewer = neuroglancer.Viewer()
    browser = Browser(viewer)
    data = np.zeros((4, 4, 4), np.uint64)
    data[1:3, 1:3, 1:3] = 2**63 + 5
    data[0, 0, 0] = 9

    def info(key):
        return json.loads(browser.get(f"info/{key}")[1])

    # Labels alone: they are no numbers to take a mean of.
    key = shown(viewer, neuroglancer.LocalVolume(data, dimensions(), volume_type="image"))
    assert (info(key)["dataType"], info(key)["volumeType"]) == ("uint64", "segmentation")
    assert triangles(browser.get(f"mesh/{key}/{2**63 + 5}")) > 0 and browser.get(f"mesh/{key}/8")[0] == 404
    assert np.frombuffer(browser.get(f"raw/{key}/2,2,2/0,0,0/1,1,1")[1], "<u8").tolist() == [0]
    # Both: an image, with meshes all the same.
    both = neuroglancer.LocalVolume(data.astype(np.uint8), dimensions())
    with viewer.txn() as state:
        state.layers["image"] = neuroglancer.ImageLayer(source=both)
        state.layers["labels"] = neuroglancer.SegmentationLayer(source=both)
    key = both.token
    key = f"{viewer.token}.{key}"
    assert info(key)["volumeType"] == "image" and triangles(browser.get(f"mesh/{key}/9")) > 0
    # What has no labels is an image wherever it is.
    for array in (np.zeros((4, 4, 4), np.float32), np.zeros((4, 4, 4))):
        key = shown(viewer, neuroglancer.LocalVolume(array, dimensions()))
        assert (info(key)["volumeType"], browser.get(f"mesh/{key}/1")[0]) == ("image", 405)
    for array in (np.zeros((4, 4), np.uint32), np.zeros((2, 2, 2, 2), np.uint64)):
        key = shown(viewer, neuroglancer.LocalVolume(array))
        assert (info(key)["dataType"], browser.get(f"mesh/{key}/1")[0]) == (array.dtype.name, 405)


@with_package
def test_own_meshes_and_skeletons(server):
    class Meshed(neuroglancer.LocalVolume):
        def get_object_mesh(self, object_id):
            if object_id != 2**63 + 5:
                raise neuroglancer.local_volume.InvalidObjectIdForMesh
            return np.uint32(3).tobytes() + np.array([[0, 0, 0], [8e-9, 0, 0], [0, 8e-9, 3e-8]], "<f4").tobytes() + np.array([0, 1, 2], "<u4").tobytes()

    class Skeletons(neuroglancer.skeleton.SkeletonSource):
        def __init__(self, offset=None):
            super().__init__(dimensions(), voxel_offset=offset)
            self.vertex_attributes["width"] = neuroglancer.skeleton.VertexAttributeInfo(np.float32, 1)

        def get_skeleton(self, object_id):
            if object_id != 7:
                return None
            return neuroglancer.skeleton.Skeleton([[1, 2, 3], [4, 5, 6]], [[0, 1]], {"width": [0.5, 1.5]})

    viewer = neuroglancer.Viewer()
    key = shown(viewer, Meshed(np.zeros((2, 2, 2), np.uint64), dimensions()))
    browser = Browser(viewer)
    status, mesh = browser.get(f"mesh/{key}/{2**63 + 5}")
    assert status == 200 and mesh[:4] == b"\3\0\0\0" and mesh[40:] == np.array([0, 1, 2], "<u4").tobytes()
    np.testing.assert_allclose(np.frombuffer(mesh, "<f4", 9, 4), [0, 0, 0, 8e-9, 0, 0, 0, 8e-9, 3e-8], rtol=1e-6)
    assert browser.get(f"mesh/{key}/1")[0] == 404

    for offset, told, first in ((None, [0, 0, 0], 1), ([0.5, 0, 0], [0, 0, 0], 1.5), ([2, 0, 0], [2, 0, 0], 1)):
        key = shown(viewer, Skeletons(offset))
        status, info = browser.get(f"skeletoninfo/{key}")
        info = json.loads(info)
        assert status == 200 and info["attributes"] == {"width": {"dataType": "float32", "numComponents": 1}} and info["voxelOffset"] == told
        status, skeleton = browser.get(f"skeleton/{key}/7")
        want = np.array([2, 1], "<u4").tobytes() + np.array([first, 2, 3, 4 + first - 1, 5, 6], "<f4").tobytes()
        assert status == 200 and skeleton == want + np.array([0, 1], "<u4").tobytes() + np.array([0.5, 1.5], "<f4").tobytes()
        assert browser.get(f"skeleton/{key}/8")[0] == 404


@with_package
def test_what_cannot_be_shown_is_said(server):
    viewer = neuroglancer.Viewer()
    for make, why in (
        (lambda: neuroglancer.LocalVolume(np.zeros((2, 2, 2)), dimensions(), volume_type="segmentation"), "a segmentation is of whole numbers"),
        (lambda: neuroglancer.LocalVolume(np.zeros((2, 2, 2), "M8[s]"), dimensions()), "datetime64"),
    ):
        with pytest.raises(TypeError, match=why):
            shown(viewer, make())
    assert not viewer.state.layers


@with_package
def test_the_address_outlives_the_script_and_webmon(server):
    viewer = neuroglancer.Viewer(token="mine")
    address = viewer.get_viewer_url()
    browser = Browser(viewer)
    with viewer.txn() as state:
        state.title = "last"
    until("the browser has it", lambda: browser.state.get("title") == "last")
    link = weakref.ref(viewer._link)
    del viewer
    gc.collect()
    until("the browser is told that the script has ended", lambda: "has ended" in str(browser.config.get("statusMessages")))
    assert browser.state["title"] == "last"
    until("the thread has ended", lambda: link() is None or not link()._thread.is_alive())

    again = neuroglancer.Viewer(token="mine")
    assert again.get_viewer_url() == address
    with again.txn() as state:
        state.title = "again"
    until("the browser follows", lambda: browser.state.get("title") == "again" and "has ended" not in str(browser.config))

    server.kill()
    with again.txn() as state:  # webmon is not there
        state.title = "without"
    server.start()
    until("there is an address", lambda: "/v/mine/" in repr(again))
    assert Browser(again).state["title"] == "without"

    url = neuroglancer.to_url(again.state)
    assert neuroglancer.parse_url(url).title == "without"
    neuroglancer.stop()
    assert not neuroglancer.is_server_running() and "stopped" in repr(again)
    with pytest.raises(ValueError, match="no viewer"):
        neuroglancer.server.get_server_url()


@with_package
def test_a_state_in_the_address(server):
    viewer = neuroglancer.UnsynchronizedViewer()
    with viewer.txn() as state:
        state.layers["a"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(np.zeros((1, 1, 1), np.uint8), dimensions()))
    state = neuroglancer.parse_url(viewer.get_viewer_url())
    key = state.layers["a"].source[0].url.rpartition("/")[2]
    webmon, path = viewer._link.where()
    assert webmon.ask("GET", f"{path}/neuroglancer/info/{key}")["shape"] == [1, 1, 1]


@with_package
def test_the_package_itself_can_use_webmon(server, monkeypatch):
    for module in (package, package.viewer, package.server):
        for name, value in list(vars(module).items()):
            if not name.startswith("__"):
                monkeypatch.setattr(module, name, value)
    neuroglancer.install()
    viewer = package.Viewer()
    assert "/volumes/" in viewer.get_viewer_url() and package.server.get_server_url() in viewer.get_viewer_url()
    assert package.is_server_running()
    package.stop()
    assert not package.is_server_running()
