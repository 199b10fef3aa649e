"""A napari that ticks at a steady rate, for the benchmarks.

    producer.py

Builds the manager as napari's monitor does (shm/process/testdata/monitor.py) and
says as JSON, one line, where it is:

    {"pid": 123, "manager_pid": 124, "manager_port": 40123, "python": "3.13.0", "numpy": "2.5.5"}

Then one JSON object a line in and one out:

    {"hz": 60, "seconds": 10, "tiles": 100, "lone": false}

ticks so long: each tick is what napari does in a frame, one update with the
poll, one frame_time message, one look for commands. The camera moves with each
tick: the view's corners hold [[n, t], [0, 0]], the number of the tick in this
run and the time just before the update, so that whoever receives the picture,
however many hops later, knows which it is. "lone" tiles touch no other, so that
each is a rectangle of its own. The answer comes when all ticks are done:

    {"ticks": 600, "seconds": 10.0, "update_ms": [0.2, ...], "tick_ms": [0.4, ...]}

update_ms: for each tick, from the time in the corners to the time in its
frame_time, which is how long update took. tick_ms: how long all three calls
kept this process from its own work.
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shm/process/testdata"))

import monitor
import numpy as np

LAYER = 140234866358208
SIDE = 16384  # tiles of a level


def seen(tiles, lone):
    """Return N x 2 (row, col), in Fortran order as napari makes it."""
    step = 2 if lone else 1
    cols = max(1, int(tiles**0.5))
    index = np.arange(tiles)
    return np.vstack((step * (index // cols), step * (index % cols))).T


def run(m, hz, seconds, tiles, lone=False):
    layer = {
        "tile_state": {"seen": seen(tiles, lone), "corners": None},
        "tile_config": {
            "base_shape": [SIDE * 256, SIDE * 256],
            "image_shape": (SIDE * 256, SIDE * 256),
            "shape_in_tiles": [SIDE, SIDE],
            "tile_size": 256,
            "level_index": 0,
        },
    }
    update_ms, tick_ms = [], []
    began = due = time.perf_counter()
    last = time.time()
    while due - began < seconds:
        time.sleep(max(0.0, due - time.perf_counter()))
        t0 = time.time()
        layer["tile_state"]["corners"] = np.array([[len(tick_ms), t0], [0.0, 0.0]])
        m.napari_data.update({"poll": {"layers": {LAYER: layer}}})
        t1 = time.time()
        m.napari_messages.put({"frame_time": {"time": t1, "delta_ms": (t1 - last) * 1000}})
        m.take()
        last = t1
        update_ms.append((t1 - t0) * 1000)
        tick_ms.append((time.time() - t0) * 1000)
        # As a screen does: what is late waits for the next frame.
        due += 1 / hz
        while due < time.perf_counter():
            due += 1 / hz
    return {
        "ticks": len(tick_ms),
        "seconds": time.perf_counter() - began,
        "update_ms": update_ms,
        "tick_ms": tick_ms,
    }


def main():
    m = monitor.Monitor(argparse.Namespace(authkey="napari", method="fork", no_numpy=False))
    ready = {
        "pid": os.getpid(),
        "manager_pid": m.manager._process.pid,
        "manager_port": m.manager.address[1],
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
    }
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(m, **json.loads(line))), flush=True)
    m.napari_shutdown.set()
    m.manager.shutdown()


if __name__ == "__main__":
    main()
