"""What there was before: the way of the proof of concept of 2020.

    poc.py serve PORT    Flask-SocketIO fed from the manager at that port
    poc.py poll PORT     the manager's client alone, for the first hop
    poc.py emit BYTES    Flask-SocketIO alone, for the second hop

serve: a background thread sleeps 16.7 ms, takes the messages one by one until
the queue says Empty, gets the poll, and emits the first layer's tiles to every
browser, as JSON, arrays as lists, each time, changed or not. That is what the
proof of concept did, with today's Flask-SocketIO in its own default mode,
threads, since eventlet, which it used, is no longer maintained. Messages for charts are dropped here: its pages
fetched them ten times a second, which is left out in its favour. Prints
{"port": N} once it serves.

poll: the same loop, without a server. A JSON object a line in, {"seconds": 5},
and one out with every new tick it saw, by the number and time that producer.py
puts into the corners: {"ticks": n, "latency_ms": [...]}.

emit: emits so many bytes 60 times a second, with number and time in "corners".
Prints {"port": N} as serve does.
"""

import json
import logging
import socket
import sys
import time
from multiprocessing.managers import SharedMemoryManager
from queue import Empty

import numpy as np

INTERVAL = 0.0167  # s, the proof of concept's own


class NumpyJSON:
    """json that writes arrays as lists."""

    loads = staticmethod(json.loads)

    @staticmethod
    def dumps(obj, **kwargs):
        return json.dumps(obj, default=np.ndarray.tolist, **kwargs)


def connect(port):
    for name in ("napari_data", "napari_messages"):
        SharedMemoryManager.register(name)
    manager = SharedMemoryManager(address=("localhost", port), authkey=b"napari")
    manager.connect()
    return manager.napari_data(), manager.napari_messages()


def read(data, messages):
    """Return the first layer of the poll, after the messages."""
    while True:
        try:
            messages.get_nowait()
        except Empty:
            break
    poll = data.get("poll")
    if not poll:
        return None
    return next(iter(poll["layers"].values()), None)


def serve(port):
    data, messages = connect(port)

    def shuttle(socketio):
        while True:
            socketio.sleep(INTERVAL)
            tiles = read(data, messages)
            if tiles is not None:
                socketio.emit("set_tile_data", tiles)

    run(shuttle)


def emit(size):
    pad = "." * (size - 80)

    def tick(socketio):
        n, due = 0, time.perf_counter()
        while True:
            socketio.sleep(max(0, due - time.perf_counter()))
            socketio.emit("set_tile_data", {"corners": [[n, time.time()], [0, 0]], "pad": pad})
            n += 1
            due = max(due + 1 / 60, time.perf_counter())

    run(tick)


def run(task):
    """Serve browsers while the task runs."""
    from flask import Flask
    from flask_socketio import SocketIO

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Flask("poc")
    socketio = SocketIO(app, async_mode="threading", json=NumpyJSON)
    socketio.start_background_task(task, socketio)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        free = s.getsockname()[1]
    print(json.dumps({"port": free}), flush=True)
    socketio.run(app, host="127.0.0.1", port=free, allow_unsafe_werkzeug=True)


def poll(port):
    data, messages = connect(port)
    print("{}", flush=True)
    for line in sys.stdin:
        end = time.perf_counter() + json.loads(line)["seconds"]
        last, latency_ms = None, []
        while time.perf_counter() < end:
            time.sleep(INTERVAL)
            tiles = read(data, messages)
            if tiles is None:
                continue
            n, t = tiles["tile_state"]["corners"][0]
            if (n, t) != last:
                last = (n, t)
                latency_ms.append((time.time() - t) * 1000)
        print(json.dumps({"ticks": len(latency_ms), "latency_ms": latency_ms}), flush=True)


if __name__ == "__main__":
    {"serve": serve, "poll": poll, "emit": emit}[sys.argv[1]](int(sys.argv[2]))
