"""What the two napari drivers share: a huge lazy image and a line protocol.

A driver is a plain napari script, as a user would write it, that a test can
steer: it reads one JSON object a line and answers each with one line. So a
test can compare what a browser shows with what napari itself says.

    -> {"id": 1, "do": "zoom", "zoom": 0.5}
    <- {"id": 1, "ok": true}
    -> {"id": 2, "do": "state"}
    <- {"id": 2, "ok": true, "camera": {...}, "layers": [...], ...}
    -> {"id": 3, "do": "fly"}
    <- {"id": 3, "ok": false, "error": "no command 'fly'"}

The first line it writes by itself, once napari's event loop runs:

    <- {"event": "ready", "napari": "0.4.11", "python": "3.9.18", "pid": 123,
        "manager_pid": 124, "manager_port": 40123}

By default the protocol is on stdin and stdout. With --fds IN OUT it is on two
other descriptors, which leaves stdin and stdout to napari and to the clients
that napari starts, as in real life. At the end of the input napari quits, so
that a driver does not outlive the test.

Commands (all coordinates are row, column in pixels of level 0):

    center   {"center": [y, x]}                move the camera
    zoom     {"zoom": z}                       screen pixels per level-0 pixel
    wake     {}                                move the camera back and forth until the monitor ticks
    pan      {"by": [dy, dx], "steps": n, "interval_ms": ms}
                                               move by so much, n times; answers at the end
    wander   {"interval_ms": ms, "period": s}  look around, in and out, until "still"
    still    {}                                end of wandering
    state    {}                                everything napari knows, see Driver.state
    level    {}                                {layer name: level in view}
    select   {"layer": name or null}           select one layer, or none
    add      {"name": name, "size": n}         add another multiscale layer
    remove   {"layer": name}
    hide     {"layer": name, "visible": bool}
    message  {"message": {...}}                put into napari_messages
    data     {"data": {...}}                   put into napari_data
    reply    {"of": "poll"|"message"|...}
                                               the manager's answer: {"hex": pickle, "skeleton": its types};
                                               see Driver.do_reply
    skeleton {"hex": pickle}                   {"skeleton": its types}
    screenshot {"path": path}                  PNG of the canvas
    hang     {"seconds": s, "until": path}     block the Qt thread for so long, or until that file is there;
                                               answers before it does
    quit     {}                                close the viewer; answers before it does
"""

import argparse
import json
import math
import os
import signal
import sys
import threading
import time
import traceback

import numpy as np

import wire

TILE = 256


class LazyImage:
    """A level of a multiscale image that computes its pixels when asked.

    Array-like as napari wants it: shape, dtype, ndim, slicing, and __array__,
    which napari calls in a worker thread. Slicing gives another lazy view, so
    an image of any size costs nothing until a tile is loaded; this stands for
    a store on a disk or in a network, with load_ms of latency.

    The picture is the same at every level: rings around the middle, and the
    bits of row XOR column, so that every tile differs from its neighbours.
    """

    dtype = np.dtype(np.uint8)
    ndim = 2

    def __init__(self, size, step, load_ms, rows=None, cols=None):
        self._size = size  # of level 0, in pixels
        self._step = step  # level-0 pixels per pixel of this level
        self._load_ms = load_ms
        self._rows = range(size // step) if rows is None else rows
        self._cols = range(size // step) if cols is None else cols

    @property
    def shape(self):
        return (len(self._rows), len(self._cols))

    @property
    def size(self):
        return len(self._rows) * len(self._cols)

    @property
    def nbytes(self):
        return self.size * self.dtype.itemsize

    @property
    def chunksize(self):
        return (TILE, TILE)

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, key):
        if not isinstance(key, tuple):
            key = (key,)
        key = [k for k in key if k is not Ellipsis]
        key += [slice(None)] * (2 - len(key))
        if all(isinstance(k, slice) for k in key):
            return LazyImage(
                self._size, self._step, self._load_ms, self._rows[key[0]], self._cols[key[1]]
            )
        return np.asarray(self)[tuple(key)]  # single pixels, for the status bar

    def __array__(self, dtype=None, copy=None):
        if self._load_ms:
            time.sleep(self._load_ms / 1000)
        rows = np.asarray(self._rows, dtype=np.int64)[:, None] * self._step
        cols = np.asarray(self._cols, dtype=np.int64)[None, :] * self._step
        middle = self._size / 2
        rings = 60 * np.sin(np.hypot(rows - middle, cols - middle) * (40 / self._size))
        bits = ((rows >> 8) ^ (cols >> 8)) & 63
        pixels = (110 + rings + bits).astype(self.dtype)
        return pixels if dtype is None else pixels.astype(dtype)


def multiscale(size, load_ms=2):
    """Return the levels of a square image, each half the one before.

    The last one fits into a single tile, so that napari's octree adds none.
    """
    levels = []
    step = 1
    while True:
        levels.append(LazyImage(size, step, load_ms))
        if size // step <= TILE:
            return levels
        step *= 2


def plain(value):
    """Return value as what JSON can hold."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, range, set)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return value


def arguments(description):
    """Parse the command line that both drivers share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", type=int, default=65536, help="edge of the image in pixels, a power of two")
    parser.add_argument("--layers", type=int, default=1, help="number of multiscale layers to begin with")
    parser.add_argument("--load-ms", type=float, default=2, help="latency of one read in ms")
    parser.add_argument("--window", type=int, nargs=2, default=(1000, 800), metavar=("W", "H"), help="window size")
    parser.add_argument("--fds", type=int, nargs=2, default=(0, 1), metavar=("IN", "OUT"), help="descriptors of the protocol")
    from_a_terminal()
    return parser.parse_args()


def from_a_terminal():
    """Take signals as a program started from a terminal does.

    Who runs the tests under nohup, or in the background of a script, has these
    ignored, and so has everything that is started from there.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Driver:
    """Serves the line protocol inside napari's event loop.

    The versions of napari differ only in describe, the part of "state" that
    belongs to one layer, so that is what a driver hands in.
    """

    def __init__(self, viewer, options, describe, canvas):
        from qtpy.QtCore import QObject, QTimer, Signal

        class Lines(QObject):
            came = Signal(str)
            ended = Signal()

        self.viewer = viewer
        self.options = options
        self.describe = describe
        self.canvas = canvas
        self._QTimer = QTimer
        self._out = os.fdopen(options.fds[1], "w", buffering=1, closefd=False)
        # Frames that napari sent to its monitor, counted where it sends them.
        self.ticks = 0
        self._wander = None  # the timer that moves the camera, if one does
        poll = qt_viewer(viewer)._qt_poll
        if poll is not None:
            poll.events.poll.connect(self._on_poll)

        self._lines = Lines()
        self._lines.came.connect(self._on_line)
        self._lines.ended.connect(self._quit)
        # A thread reads, because a QSocketNotifier and buffered lines do not
        # go together; Qt queues its signals over to the GUI thread.
        threading.Thread(target=self._read, name="driver-stdin", daemon=True).start()
        QTimer.singleShot(0, self._ready)

    def _on_poll(self, event=None):
        self.ticks += 1

    def _ready(self):
        import napari

        line = {
            "event": "ready",
            "napari": napari.__version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "pid": os.getpid(),
        }
        line.update(manager())
        self._write(line)

    def _read(self):
        try:
            with os.fdopen(self.options.fds[0], "r", closefd=False) as lines:
                for line in lines:
                    self._lines.came.emit(line)
            self._lines.ended.emit()
        except RuntimeError:
            return  # Qt is gone: napari quit first
        # A test that was killed must leave no napari behind, whatever napari
        # is doing or asking just now.
        time.sleep(10)
        os._exit(3)

    def _write(self, answer):
        try:
            self._out.write(json.dumps(answer) + "\n")
            self._out.flush()
        except OSError:
            pass  # nobody listens any more; the end of the input ends us

    def _on_line(self, line):
        request = {}
        try:
            request = json.loads(line)
            do = getattr(self, "do_" + str(request.get("do")), None)
            if do is None:
                raise ValueError("no command %r" % request.get("do"))
            answer = do(request)
            if answer is LATER:
                return
            self.answer(request, answer)
        except Exception as err:
            traceback.print_exc()
            self._write({"id": request.get("id"), "ok": False, "error": "%s: %s" % (type(err).__name__, err)})

    def answer(self, request, fields=None):
        self._write({"id": request.get("id"), "ok": True, **plain(fields or {})})

    # The commands.

    def do_center(self, request):
        y, x = request["center"]
        self.viewer.camera.center = (0, y, x)

    def do_zoom(self, request):
        self.viewer.camera.zoom = request["zoom"]

    def do_wake(self, request):
        # napari's QtPoll ignores the first camera event of all and those that
        # come within 10 ms of the last, so it takes several.
        start = self.ticks
        steps = iter(range(100))
        timer = self._QTimer(self._lines)

        def step():
            if self.ticks > start:
                self.viewer.camera.center = center
                timer.stop()
                self.answer(request, {"ticks": self.ticks})
                return
            n = next(steps, None)
            if n is None:
                timer.stop()
                self._write({"id": request.get("id"), "ok": False, "error": "napari does not tick"})
                return
            self.viewer.camera.center = (center[0], center[1], center[2] + 1 + n % 2)

        center = self.viewer.camera.center
        timer.timeout.connect(step)
        timer.start(40)
        return LATER

    def do_pan(self, request):
        dy, dx = request["by"]
        left = [int(request["steps"])]
        timer = self._QTimer(self._lines)

        def step():
            if left[0] <= 0:
                timer.stop()
                self.answer(request, {"ticks": self.ticks})
                return
            left[0] -= 1
            z, y, x = self.viewer.camera.center
            self.viewer.camera.center = (z, y + dy, x + dx)

        timer.timeout.connect(step)
        timer.start(int(request.get("interval_ms", 33)))
        return LATER

    def do_wander(self, request):
        self.do_still(request)
        timer = self._wander = self._QTimer(self._lines)
        size = self.options.size
        period = float(request.get("period", 30))
        closest, widest = 2.0, 0.5 * min(self.canvas(self.viewer)) / size
        start = time.monotonic()

        def step():
            phase = 2 * math.pi * (time.monotonic() - start) / period
            # From far out to close up and back, while the middle goes round:
            # incommensurable turns, so that it does not see the same twice.
            depth = (1 - math.cos(phase)) / 2
            self.viewer.camera.zoom = widest * (closest / widest) ** depth
            self.viewer.camera.center = (
                0,
                size * (0.5 + 0.3 * math.sin(phase * 0.7)),
                size * (0.5 + 0.3 * math.cos(phase * 0.618)),
            )

        timer.timeout.connect(step)
        timer.start(int(request.get("interval_ms", 33)))

    def do_still(self, request):
        if self._wander is not None:
            self._wander.stop()
            self._wander = None

    def do_state(self, request):
        return self.state()

    def state(self):
        """Return camera, canvas and layers as napari itself has them now."""
        camera = self.viewer.camera
        chosen = selection(self.viewer)
        layers = []
        for layer in self.viewer.layers:
            layers.append(
                {
                    "name": layer.name,
                    "id": str(id(layer)),  # as in the poll; too large for a JavaScript number
                    "selected": layer in chosen,
                    "visible": bool(layer.visible),
                    "data_level": int(layer.data_level),
                    "level_shapes": plain(np.asarray(layer.level_shapes)),
                    **self.describe(layer),
                }
            )
        return {
            "camera": {"center": plain(camera.center[-2:]), "zoom": float(camera.zoom)},
            "canvas": plain(self.canvas(self.viewer)),  # height, width in screen pixels
            "layers": layers,
            "ticks": self.ticks,
            "time": time.time(),
        }

    def do_level(self, request):
        return {"levels": {layer.name: int(layer.data_level) for layer in self.viewer.layers}}

    def do_select(self, request):
        layers = self.viewer.layers
        layers.selection.clear()
        if request.get("layer") is not None:
            layers.selection.add(layers[request["layer"]])

    def do_add(self, request):
        add(self.viewer, request["name"], int(request.get("size", self.options.size)), self.options.load_ms)

    def do_remove(self, request):
        del self.viewer.layers[request["layer"]]

    def do_hide(self, request):
        self.viewer.layers[request["layer"]].visible = bool(request["visible"])

    def do_message(self, request):
        monitor().send_message(request["message"])

    def do_data(self, request):
        monitor().add_data(request["data"])

    def do_reply(self, request):
        """Take an answer of the manager from the wire.

        "create" is for napari_data, "message" takes the first one from
        napari_messages, "empty" asks client_messages, which napari has emptied,
        "data" is all of napari_data; anything else is one of its keys.
        """
        api = monitor()._api
        remote = api._remote
        of = request["of"]
        if of == "create":
            pickled = wire.create(api.manager, request.get("name", "napari_data"))
        elif of == "message":
            pickled = wire.reply(api.manager, remote.napari_messages, "get_nowait", ())
        elif of == "empty":
            pickled = wire.reply(api.manager, remote.client_messages, "get_nowait", ())
        elif of == "data":
            pickled = wire.reply(api.manager, remote.napari_data, "copy", ())
        else:
            pickled = wire.reply(api.manager, remote.napari_data, "get", (of,))
        return {"hex": pickled.hex(), "skeleton": skeleton_text(pickled)}

    def do_skeleton(self, request):
        return {"skeleton": skeleton_text(bytes.fromhex(request["hex"]))}

    def do_screenshot(self, request):
        self.viewer.screenshot(request["path"], canvas_only=True)

    def do_hang(self, request):
        self.answer(request)
        end, path = time.monotonic() + request["seconds"], request.get("until")
        while time.monotonic() < end and not (path and os.path.exists(path)):
            time.sleep(0.02)
        return LATER

    def do_quit(self, request):
        self.answer(request)
        self._QTimer.singleShot(0, self._quit)
        return LATER

    def _quit(self):
        self.viewer.close()


def skeleton_text(pickled):
    # napari's Empty and the like have no fields worth writing out.
    return json.dumps(wire.skeleton_of(pickled), sort_keys=True)


LATER = object()  # returned by a command that answers by itself


def add(viewer, name, size, load_ms):
    """Add a multiscale layer of the lazy image."""
    return viewer.add_image(
        multiscale(size, load_ms), name=name, multiscale=True, contrast_limits=[0, 255], rgb=False
    )


def selection(viewer):
    return viewer.layers.selection


def qt_viewer(viewer):
    # Not public, but the way to the poll timer in all versions.
    window = viewer.window
    return getattr(window, "_qt_viewer", None) or window.qt_viewer


def monitor():
    """Return napari's monitor, the object that talks to webmon."""
    from napari.components.experimental.monitor import monitor as instance

    return instance


def manager():
    """Return the pid and port of the manager process, or nothing."""
    api = monitor()._api
    if api is None:
        return {}
    return {"manager_pid": api.manager._process.pid, "manager_port": api.manager.address[1]}
