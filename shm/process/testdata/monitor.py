"""napari's monitor without napari.

Builds the same manager with the same five resources as napari's own monitor
does, in any Python from 3.9 on and with any start method, and says on them
what a test tells it to say. It needs no display and starts in a fraction of a
second. What a real napari sends is tested with a real napari (driver.py);
this is for everything that depends on Python, NumPy or processes alone.

As napari, it starts the clients named in the file that NAPARI_MON names.

    monitor.py [--method fork|spawn|forkserver] [--protocol N] [--authkey KEY]
               [--fds IN OUT] [--no-numpy]

--protocol 5 gives the pickles of Python 3.14, where 5 became the default, in an
older Python.

One JSON object a line in, one line out, as in driver.py; the first line is

    {"event": "ready", "python": "3.13.0", "numpy": "2.5.5", "pid": 123,
     "manager_pid": 124, "manager_port": 40123, "method": "spawn"}

Commands:

    poll     {"layers": {id: {"level": n, "rows": [a, b], "cols": [a, b], ...}}}
             one napari tick: poll, one frame_time, and the commands taken.
             Answers {"commands": [...]}. A layer of null is sent as {}.
    ticks    {"n": n, "interval_ms": ms}   n ticks with the layers of the last poll
    load     {"n": n, "bytes": b, "ms": t} n load_chunk messages
    message  {"message": anything}         put into napari_messages
    data     {"data": {...}}               put into napari_data
    array    {"key": k, "dtype": d, "shape": [...], "order": "C"|"F"}
             put zeros, ones, twos, ... of that dtype into napari_data
    commands {}                            take client_messages without a tick
    client   {}                            {"client_data": {...}}
    reply    {"of": "message" or a key of napari_data}
             the manager's answer: {"hex": pickle}
    shutdown {}                            set napari_shutdown, keep running
    hang     {"seconds": s}
    quit     {}                            as napari quits: event, then the manager ends
    crash    {}                            end at once and leave the manager behind
"""

import argparse
import base64
import json
import multiprocessing
import os
import subprocess
import sys
import time
from multiprocessing import reduction
from multiprocessing.managers import SharedMemoryManager
from queue import Empty, Queue
from threading import Event

import wire

# These live in the manager's process, as MonitorApi's class attributes do in
# napari: under fork they are inherited, under spawn and forkserver that process
# imports this file again and makes its own.
_napari_data = {}
_napari_messages = Queue()
_napari_shutdown = Event()
_client_data = {}
_client_messages = Queue()


def napari_data():
    return _napari_data


def napari_messages():
    return _napari_messages


def napari_shutdown():
    return _napari_shutdown


def client_data():
    return _client_data


def client_messages():
    return _client_messages


RESOURCES = (napari_data, napari_messages, napari_shutdown, client_data, client_messages)


def imitate_protocol():
    """Make every process with the package pickle as a Python with another default."""
    protocol = os.environ.get("MONITOR_PICKLE_PROTOCOL")
    if protocol:
        pickler = reduction.ForkingPickler
        plain = pickler.dumps.__func__
        pickler.dumps = classmethod(lambda cls, obj, _=None: plain(cls, obj, int(protocol)))


# At import, so that the manager's process does it too.
imitate_protocol()


class Monitor:
    def __init__(self, options):
        for resource in RESOURCES:
            SharedMemoryManager.register(resource.__name__, callable=resource)
        self.manager = SharedMemoryManager(
            address=("127.0.0.1", 0),
            authkey=options.authkey.encode(),
            ctx=multiprocessing.get_context(options.method),
        )
        self.manager.start()
        self.napari_data = self.manager.napari_data()
        self.napari_messages = self.manager.napari_messages()
        self.napari_shutdown = self.manager.napari_shutdown()
        self.client_data = self.manager.client_data()
        self.client_messages = self.manager.client_messages()
        self.layers = {}
        self.last = None
        self.np = None
        if not options.no_numpy:
            try:
                import numpy

                self.np = numpy
            except ImportError:
                pass
        self.start_clients()

    def start_clients(self):
        path = os.environ.get("NAPARI_MON")
        if path in (None, "0"):
            return
        with open(os.path.expanduser(path)) as file:
            config = json.load(file)
        client = json.dumps({"server_port": self.manager.address[1]})
        env = dict(os.environ, NAPARI_MON_CLIENT=base64.b64encode(client.encode()).decode())
        for args in config["clients"]:
            subprocess.Popen(args, env=env)

    def layer(self, spec):
        """Return one layer of a poll as napari 0.4.11 sends it."""
        if spec is None:
            return {}
        level, tile, size = spec.get("level", 0), spec.get("tile_size", 256), spec.get("size", 65536)
        edge = size >> level
        rows, cols = range(*spec["rows"]), range(*spec["cols"])
        corners = spec.get(
            "corners",
            [
                [float(rows.start * tile << level), float(cols.start * tile << level)],
                [float(rows.stop * tile << level), float(cols.stop * tile << level)],
            ],
        )
        if self.np is not None:
            # The same operations as napari's, because they decide that the
            # array is in Fortran order.
            x, y = self.np.mgrid[rows.start : rows.stop, cols.start : cols.stop]
            seen = self.np.vstack((x.ravel(), y.ravel())).T
            corners = self.np.array(corners)
        else:
            seen = [[row, col] for row in rows for col in cols]
        tiles = -(-edge // tile)
        return {
            "tile_state": {"seen": seen, "corners": corners},
            "tile_config": {
                "base_shape": [size, size],
                "image_shape": (edge, edge),
                "shape_in_tiles": [tiles, tiles],
                "tile_size": tile,
                "level_index": level,
            },
        }

    def tick(self):
        self.napari_data.update({"poll": {"layers": self.layers}})
        now = time.time()
        delta = now - self.last if self.last is not None else 0
        self.napari_messages.put({"frame_time": {"time": now, "delta_ms": delta * 1000}})
        self.last = now
        return self.take()

    def take(self):
        taken = []
        while True:
            try:
                taken.append(self.client_messages.get_nowait())
            except Empty:
                return taken

    def do_poll(self, request):
        self.layers = {int(key): self.layer(spec) for key, spec in request["layers"].items()}
        return {"commands": self.tick()}

    def do_ticks(self, request):
        taken = []
        for _ in range(request["n"]):
            taken += self.tick()
            time.sleep(request.get("interval_ms", 16) / 1000)
        return {"commands": taken}

    def do_load(self, request):
        for _ in range(request.get("n", 1)):
            self.napari_messages.put(
                {"load_chunk": {"time": time.time(), "num_bytes": request["bytes"], "load_ms": request["ms"]}}
            )

    def do_message(self, request):
        self.napari_messages.put(request["message"])

    def do_data(self, request):
        self.napari_data.update(request["data"])

    def do_array(self, request):
        if self.np is None:
            raise RuntimeError("this Python has no NumPy")
        dtype = request["dtype"]
        if isinstance(dtype, list):
            dtype = [tuple(field) for field in dtype]
        shape = tuple(request["shape"])
        flat = self.np.arange(int(self.np.prod(shape, dtype=int)))
        array = flat.reshape(shape).astype(dtype, order=request.get("order", "C"))
        self.napari_data.update({request["key"]: array})

    def do_commands(self, request):
        return {"commands": self.take()}

    def do_client(self, request):
        return {"client_data": self.client_data.copy()}

    def do_reply(self, request):
        """Return what the manager answers on the wire, for a decoder's tests."""
        proxy, method, args = self.napari_data, "get", (request["of"],)
        if request["of"] == "message":
            proxy, method, args = self.napari_messages, "get_nowait", ()
        answer = wire.reply(self.manager, proxy, method, args)
        return {"hex": answer.hex()}

    def do_shutdown(self, request):
        self.napari_shutdown.set()

    def do_hang(self, request):
        time.sleep(request["seconds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", default=None, choices=multiprocessing.get_all_start_methods())
    parser.add_argument("--protocol", type=int, default=None)
    parser.add_argument("--authkey", default="napari")
    parser.add_argument("--fds", type=int, nargs=2, default=(0, 1))
    parser.add_argument("--no-numpy", action="store_true")
    options = parser.parse_args()
    if options.protocol is not None:
        os.environ["MONITOR_PICKLE_PROTOCOL"] = str(options.protocol)
        imitate_protocol()
    lines = os.fdopen(options.fds[0], "r", closefd=False)
    out = os.fdopen(options.fds[1], "w", buffering=1, closefd=False)

    monitor = Monitor(options)

    def write(answer):
        try:
            out.write(json.dumps(answer, default=str) + "\n")
        except OSError:
            pass  # nobody listens any more; the end of the input ends us

    write(
        {
            "event": "ready",
            "python": ".".join(map(str, sys.version_info[:3])),
            "numpy": monitor.np.__version__ if monitor.np is not None else "",
            "pid": os.getpid(),
            "manager_pid": monitor.manager._process.pid,
            "manager_port": monitor.manager.address[1],
            "method": multiprocessing.get_context(options.method).get_start_method(),
        }
    )
    for line in lines:
        request = {}
        try:
            request = json.loads(line)
            name = request.get("do")
            if name in ("quit", "crash"):
                write({"id": request.get("id"), "ok": True})
                if name == "crash":
                    os._exit(1)
                break
            do = getattr(monitor, "do_%s" % name, None)
            if do is None:
                raise ValueError("no command %r" % name)
            write({"id": request.get("id"), "ok": True, **(do(request) or {})})
        except Exception as err:
            write({"id": request.get("id"), "ok": False, "error": "%s: %s" % (type(err).__name__, err)})
    monitor.napari_shutdown.set()
    monitor.manager.shutdown()


if __name__ == "__main__":
    main()
