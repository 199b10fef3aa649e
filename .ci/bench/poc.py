"""What there was before: the way of the proof of concept of 2020.

    poc.py serve PORT    Flask-SocketIO fed from the manager at that port
    poc.py poll PORT     the manager's client alone, for the first hop
    poc.py emit BYTES    Flask-SocketIO alone, for the second hop
    poc.py png SIDE FILE     a camera of 2048 x 2048 pixels as base64 PNG, SIDE pixels wide
    poc.py jpeg SIDE FILE    the same as JPEG
    poc.py specimen SIDE FILE QUALITY HOST   the frames of a file as base64 JPEG
    poc.py density N STEPS   a superfluid on a grid of N x N as RGBA, STEPS time steps a picture

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

png, jpeg: what one does today to see a camera in a browser. The camera is in
this very process, which spares it a hop; 60 times a second it has the next frame of
the file, of 16 bits, of which every nth pixel is taken, stretched to 8 bits between fixed
limits, compressed by Pillow (PNG at its fastest), written as base64 into JSON,
and emitted with number and time in "corners", which come first.

specimen: the same of frames that a file has, one after the other, uint16, for one
browser over a slow line, as gray values between the limits of the made-up
specimen. A value that a browser sets ("set", {"gain": x}) is emitted again
("values", {"gain": x}).

density: what an interactive simulation with a web page does today. A process
of its own steps a Gross-Pitaevskii equation with NumPy, as lean as that can be,
and is asked for the density by the process that serves the pages; there it is
coloured by a table of 256 colours and emitted as a string of as many characters
as there are bytes of RGBA, 60 times a second at most, with number and the time
at which it was computed in "corners", which come first.
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


def picture(side, kind, file):
    import base64
    import io

    from PIL import Image

    frames = np.fromfile(file, "<u2").reshape(-1, 2048, 2048)
    options = {"compress_level": 1} if kind == "png" else {"quality": 90}

    def tick(socketio):
        n, due = 0, time.perf_counter()
        while True:
            socketio.sleep(max(0, due - time.perf_counter()))
            taken = time.time()
            step = 2048 // side
            part = frames[n % len(frames)][::step, ::step]
            low, high = 100, 1700
            gray = (np.clip(part, low, high).astype("float32") - low) * (255 / (high - low))
            file = io.BytesIO()
            Image.fromarray(gray.astype("uint8")).save(file, kind, **options)
            text = base64.b64encode(file.getvalue()).decode()
            socketio.emit("frame", {"corners": [[n, taken], [0, 0]], "image": f"data:image/{kind};base64,{text}"})
            n += 1
            due = max(due + 1 / 60, time.perf_counter())

    run(tick)


def specimen(side, file, quality, host):
    import base64
    import io

    from PIL import Image

    frames = np.fromfile(file, "<u2").reshape(-1, side, side)
    low, high = 100, 1700

    def tick(socketio):
        socketio.on_event("set", lambda values: socketio.emit("values", values))
        n, due = 0, time.perf_counter()
        while True:
            socketio.sleep(max(0, due - time.perf_counter()))
            taken = time.time()
            gray = (np.clip(frames[n % len(frames)], low, high).astype("float32") - low) * (255 / (high - low))
            out = io.BytesIO()
            Image.fromarray(gray.astype("uint8")).save(out, "jpeg", quality=quality)
            text = base64.b64encode(out.getvalue()).decode()
            socketio.emit("frame", {"corners": [[n, taken], [0, 0]], "image": f"data:image/jpeg;base64,{text}"})
            n += 1
            due = max(due + 1 / 60, time.perf_counter())

    run(tick, host)


def simulate(pipe, side, steps):
    """Answer every request with a density and when it was computed."""
    psi = np.sqrt(0.5) * np.ones((side, side), complex)
    psi *= np.exp(0.1j * np.random.default_rng(1).standard_normal((side, side)))
    k = 2 * np.pi * np.fft.fftfreq(side)
    kinetic = (k[:, None] ** 2 + k[None, :] ** 2) / 2
    dt = 0.1 / kinetic.max()
    propagate = np.exp(-1j * dt * kinetic)
    total = (abs(psi) ** 2).sum()
    x = np.arange(side) - side / 2
    finger = 2.5 * np.exp(-(x[:, None] ** 2 + x[None, :] ** 2) / 8)
    while pipe.recv():
        for _ in range(steps):
            psi = np.fft.ifft2(propagate * np.fft.fft2(psi))
            n = psi.real**2 + psi.imag**2
            psi *= np.sqrt(total / n.sum()) * np.exp(-1j * dt * (n + finger - 0.5))
        pipe.send((n, time.time()))


def density(side, steps):
    import multiprocessing

    pipe, other = multiprocessing.Pipe()
    multiprocessing.Process(target=simulate, args=(other, side, steps), daemon=True).start()
    colours = np.random.default_rng(1).integers(0, 255, (256, 4)).astype("uint8")

    def tick(socketio):
        n, due = 0, time.perf_counter()
        while True:
            socketio.sleep(max(0, due - time.perf_counter()))
            pipe.send(True)
            field, taken = pipe.recv()
            image = colours[(field.T[::-1] * (255 / field.max())).astype("uint8")]
            socketio.emit("frame", {"corners": [[n, taken], [0, 0]], "rgba": image.tobytes().decode("latin-1")})
            n += 1
            due = max(due + 1 / 60, time.perf_counter())

    run(tick)


def run(task, host="127.0.0.1"):
    """Serve browsers while the task runs."""
    from flask import Flask
    from flask_socketio import SocketIO

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Flask("poc")
    socketio = SocketIO(app, async_mode="threading", json=NumpyJSON)
    socketio.start_background_task(task, socketio)
    with socket.socket() as s:
        s.bind((host, 0))
        free = s.getsockname()[1]
    print(json.dumps({"port": free}), flush=True)
    socketio.run(app, host=host, port=free, allow_unsafe_werkzeug=True)


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
    command, number = sys.argv[1], int(sys.argv[2])
    if command in ("png", "jpeg"):
        picture(number, command, sys.argv[3])
    elif command == "specimen":
        specimen(number, sys.argv[3], int(sys.argv[4]), sys.argv[5])
    elif command == "density":
        density(number, int(sys.argv[3]))
    else:
        {"serve": serve, "poll": poll, "emit": emit}[command](number)
