"""A real napari on a real display, and a webmon that looks at it through the manager.

.ci/test-napari-plugin.sh starts these tests as they are meant to run.
"""

import gc
import mmap
import os
import struct
import sys
import time
import uuid
from multiprocessing.managers import BaseManager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("napari")
pytest.importorskip("qtpy")

sys.path.append(str(Path(__file__).resolve().parents[4] / "shm/process/testdata"))
import mesa

mesa.guard()

PATIENCE = 20  # seconds until a condition must have come true


def pump():
    """Let Qt do what it has to do."""
    from qtpy.QtWidgets import QApplication

    QApplication.processEvents()
    time.sleep(0.002)


def until(condition, what="it"):
    """Run Qt until condition() is true, and return what it returned."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        for _ in range(5):  # asking takes longer than napari's own work
            pump()
    raise AssertionError(f"{what} did not come within {PATIENCE} s")


class Watcher:
    """What a webmon does: asks, wants, listens and commands, over the wire alone."""

    def __init__(self, process):
        class Manager(BaseManager):
            pass

        names = ("napari_data", "napari_messages", "napari_shutdown", "client_data", "client_messages")
        for name in names:
            Manager.register(name)
        host, port = process.address.split(":") if isinstance(process.address, str) else process.address
        manager = Manager((host, int(port)), authkey=process._offer.key.encode())
        manager.connect()
        self.data, self.queue, self.shutdown, self.client_data, self.commands = (getattr(manager, name)() for name in names)
        self.messages = []
        self.topics = {}
        self.sizes = {}
        self.moved = 0  # the last message of hands
        self._refreshed = 0.0

    def leave(self):
        """Close the connection: a process that ends waits a moment for whoever has still to read."""
        connection = self.data._tls.connection
        del self.data._tls.connection
        connection.close()

    def want(self, *topics, hz=60, **rates):
        self.topics = {**dict.fromkeys(topics, hz), **rates}
        self._refreshed = 0.0
        self.listen()

    def listen(self):
        """Refresh what is wanted and take what has come."""
        if time.monotonic() - self._refreshed > 1:
            self._refreshed = time.monotonic()
            self.client_data.update([("want:test", {"topics": dict(self.topics), "sizes": dict(self.sizes), "t": time.time()})])
        for _ in range(self.queue.qsize()):
            message = self.queue.get_nowait()
            for topic, value in message.items():
                # A list is many events of the topic.
                self.messages += [{topic: one} for one in (value if isinstance(value, list) else [value])]

    def until(self, condition, what="it"):
        def check():
            self.listen()
            return condition()

        return until(check, what)

    def state(self, name):
        return self.data.get(name)

    def until_state(self, name, condition):
        """Wait until the state, which must be wanted, fulfils the condition; return it."""
        assert name in self.topics or name in ("controls", "actions", "arrays", "volumes", "topics")
        found = []

        def check():
            found[:] = [self.state(name)]
            return condition(found[0])

        try:
            self.until(check, name)
        except AssertionError:
            raise AssertionError(f"{name} stayed at {found[0]}") from None
        return found[0]

    def events(self, topic):
        self.listen()
        return [message[topic] for message in self.messages if topic in message]

    def order(self, name, args):
        """Send a command and return (status, reason)."""
        order = uuid.uuid4().hex
        self.commands.put({"webmon": {"id": order, "name": name, "args": args}})
        answers = []

        def answered():
            answers[:] = [event for event in self.events("command") if event["id"] == order]
            return answers

        self.until(answered, f"the answer to {name}")
        assert len(answers) == 1
        return answers[0]["status"], answers[0]["reason"]

    def hand(self, *events):
        """Send a message of hands; return its number."""
        self.moved += 1
        self.commands.put({"webmon": {"hands": {"n": self.moved, "events": list(events)}}})
        return self.moved

    def set(self, name, value):
        assert self.order(name, {name: value}) == ("applied", None)

    def control(self, name):
        return self.state("controls")[name]

    def until_control(self, name, value):
        found = []

        def check():
            found[:] = [self.state("controls").get(name)]
            return found[0] is not None and found[0]["value"] == pytest.approx(value, abs=1e-9)

        try:
            self.until(check, name)
        except AssertionError:
            raise AssertionError(f"{name} stayed at {found[0]} instead of {value!r}") from None
        return found[0]

    def layer(self, name):
        return next(layer for layer in self.state("layers") if layer["name"] == name)

    def until_layer(self, name, condition):
        return self.until_state(
            "layers", lambda layers: any(layer["name"] == name and condition(layer) for layer in layers)
        ) and self.layer(name)

    def frame(self, name):
        """Return the newest frame of an array as webmon reads it, None if there is none."""
        about = (self.state("arrays") or {}).get(name)
        return None if about is None or not about["shm"] else Frame.read(about)


class Frame:
    """A frame out of shared memory, read as PROTOCOL.md says."""

    @classmethod
    def read(cls, about):
        try:
            file = os.open("/dev/shm/" + about["shm"], os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            if os.fstat(file).st_size < 4096:
                return None
            with mmap.mmap(file, 0, prot=mmap.PROT_READ) as m:
                latest, stride = struct.unpack_from("<QQ", m, 32)
                (slots,) = struct.unpack_from("<I", m, 56)
                if latest == 0:
                    return None
                at = 4096 + latest % slots * stride
                begin, end = struct.unpack_from("<QQ", m, at)
                assert begin == end == latest
                self = cls()
                self.seq = latest
                nbytes, self.user = struct.unpack_from("<2Q", m, at + 32)
                (ndim,) = struct.unpack_from("<I", m, at + 48)
                shape = struct.unpack_from(f"<{ndim}Q", m, at + 56)
                self.offset = struct.unpack_from("<2d", m, at + 120)
                self.step = struct.unpack_from("<2d", m, at + 136)
                (self.level,) = struct.unpack_from("<I", m, at + 152)
                self.data = np.frombuffer(m[at + 256 : at + 256 + nbytes], dtype=np.dtype(about["dtype"])).reshape(shape)
                return self
        finally:
            os.close(file)


@pytest.fixture(scope="session")
def window():
    """One napari window for all tests that can share it: opening one takes a while."""
    import napari

    viewer = napari.Viewer()
    viewer.window.resize(800, 640)
    until(lambda: viewer.window._qt_viewer.canvas.size[0] > 400, "the window")
    # napari collects garbage whenever a layer goes, which takes long with all that is imported.
    gc.collect()
    gc.freeze()
    yield viewer
    gc.unfreeze()
    viewer.close()


@pytest.fixture
def viewer(window):
    """An empty viewer that nobody watches."""
    yield window
    from webmon._napari import attached

    attachment = attached(window)
    if attachment is not None:
        attachment.detach()
    for layer in window.layers:
        if hasattr(layer, "mode"):
            layer.mode = "pan_zoom"
    pump()
    window.layers.clear()
    window.dims.ndisplay = 2
    window.dims.order = tuple(range(window.dims.ndim))
    window.dims.axis_labels = tuple(str(axis - window.dims.ndim) for axis in range(window.dims.ndim))
    camera(window).angles = (0, 0, 0)
    pump()


@pytest.fixture
def watch(viewer):
    """watch(topic, ...) attaches the viewer and returns a Watcher that wants these topics."""
    from webmon import Process
    from webmon._napari import attach, attached

    watchers = []

    def begin(*topics, hz=60):
        process = Process("test", kind="napari", napari="0", commands="poll", launch=False)
        attach(viewer, process)
        watcher = Watcher(process)
        watchers.append(watcher)
        watcher.want(*topics, hz=hz)
        return watcher

    yield begin
    attachment = attached(viewer)
    if attachment is not None:
        watchers[-1].leave()
        attachment.detach()


def camera(viewer):
    scene = getattr(viewer, "scene", None)
    return viewer.camera if scene is None else scene.camera


def pattern(rows, columns, step=1):
    """Pixels that say where they are, the same on every level."""
    y, x = np.arange(rows)[:, None] * step, np.arange(columns) * step
    return ((y // 4 * 61 + x // 4 * 7) % 4000).astype(np.uint16)


SIZE, CHUNK = 4096, (256, 512)


@pytest.fixture(scope="session")
def pyramid(tmp_path_factory):
    """A multiscale image in a zarr store, larger than the screen; chunks are not square."""
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path_factory.mktemp("store")), mode="w")
    for level in range(5):
        n = SIZE >> level
        array = group.create_array(str(level), shape=(n, n), chunks=CHUNK, dtype="u2")
        array[:] = pattern(n, n, 1 << level)
    return [group[str(level)] for level in range(5)]


@pytest.fixture(scope="session")
def volume(tmp_path_factory):
    """A time series of 6 steps, two levels, in a zarr store with one step a chunk."""
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path_factory.mktemp("series")), mode="w")
    for level in range(2):
        n = 1024 >> level
        array = group.create_array(str(level), shape=(6, n, n), chunks=(1, 128, 128), dtype="u2")
        array[:] = np.stack([pattern(n, n, 1 << level) + t for t in range(6)])
    return [group[str(level)] for level in range(2)]
