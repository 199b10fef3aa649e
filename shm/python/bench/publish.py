"""What webmon costs the process it watches, as a Markdown table.

    PYTHONPATH=shm/python/src python shm/python/bench/publish.py [SECONDS]

A tick is what a program does for each frame: a state, an event and a shared array of 2048 x 2048 uint16. The watcher is
another process, which takes every message and reads every frame that comes. SECONDS is how long each rate is measured.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing.managers import BaseManager, SyncManager

import numpy as np

SHAPE = (2048, 2048)
TICKS = 2000


class Manager(BaseManager):
    pass


for name in ("napari_data", "napari_messages", "client_data"):
    Manager.register(name)


def watch(address: str, key: str, hz: float, ready, stop) -> None:
    """Wants everything hz times a second and takes every message, until told to stop."""
    host, port = address.split(":")
    manager = Manager((host, int(port)), authkey=key.encode())
    manager.connect()
    notes, messages, data = manager.client_data(), manager.napari_messages(), manager.napari_data()

    def refresh() -> None:
        while not stop.is_set():
            notes.update({"want:bench": {"topics": {"stage": hz, "array/camera": hz}, "t": time.time()}})
            ready.set()
            stop.wait(1)

    threading.Thread(target=refresh, daemon=True).start()
    while not stop.is_set():
        try:
            message = messages.get(True, 0.2)
        except Exception:
            continue
        if "stage" in message.get("webmon", {}).get("changed", ()):
            data.get("stage")


class Watcher:
    def __init__(self, process, hz: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop, ready = context.Event(), context.Event()
        self._child = context.Process(target=watch, args=(process.address, process._offer.key, hz, ready, self._stop))
        self._child.start()
        ready.wait(60)
        while not process.wanted("array/camera"):
            time.sleep(0.01)

    def close(self) -> None:
        self._stop.set()
        self._child.join(60)


def ticks(process, camera, frame, rate: float) -> tuple[float, float, float]:
    """Returns median microseconds of set and send, and of publish, at the rate, and the share of frames copied."""
    values, frames, copied = [], [], 0
    due = time.perf_counter()
    for i in range(TICKS if rate > 500 else int(rate * 5)):
        a = time.perf_counter()
        process.set("stage", {"x": 1.5, "y": i})
        process.send("frame", {"interval_ms": 16.7, "spots": i})
        b = time.perf_counter()
        copied += camera.publish(frame)
        c = time.perf_counter()
        values.append(b - a)
        frames.append(c - b)
        due += 1 / rate
        while time.perf_counter() < due:
            time.sleep(max(due - time.perf_counter(), 0) / 2)
    return statistics.median(values) * 1e6, statistics.median(frames) * 1e6, copied / len(frames)


def rate(work, seconds: float) -> float:
    """Calls work for so long and returns how often a second that was."""
    gc.collect()
    for _ in range(20):
        work()
    n, began = 0, time.perf_counter()
    while True:
        for _ in range(5):
            work()
        n += 5
        took = time.perf_counter() - began
        if took > seconds:
            return n / took


def main(seconds: float) -> None:
    import webmon

    frame = np.random.default_rng(0).integers(0, 4096, SHAPE, dtype=np.uint16)
    print("| A tick of the watched thread, median | set + send | publish | frames copied |")
    print("|---|---|---|---|")
    with webmon.Process("bench", launch=False) as process:
        camera = process.share("camera", SHAPE, "uint16")
        for who, hz in (("Nobody watching", 0.0), ("One watcher, 60 a second", 60.0)):
            watcher = Watcher(process, hz) if hz else None
            while watcher and not camera.publish(frame):
                time.sleep(0.01)  # the memory is taken when somebody first looks
            # Nobody watching: also at 60 a second, so that the caches are as cold as they are in life.
            set_send, publish, copied = ticks(process, camera, frame, 60)
            print(f"| {who} | {set_send:.1f} µs | {publish:.1f} µs | {copied:.0%} |", flush=True)
            if watcher:
                watcher.close()
            else:
                set_send, publish, copied = ticks(process, camera, frame, 1e9)
                print(f"| {who}, without a pause | {set_send:.1f} µs | {publish:.1f} µs | {copied:.0%} |", flush=True)

        print("\n| 2048 x 2048 uint16, flat out | frames a second | GB/s | of a copy |")
        print("|---|---|---|---|")
        # Into three places in turn, as the ring has them.
        places = [np.empty(SHAPE, np.uint16) for _ in range(3)]
        state = [0]

        def copy() -> None:
            state[0] = (state[0] + 1) % 3
            np.copyto(places[state[0]], frame)

        watcher = Watcher(process, 1e9)
        while not camera.publish(frame):
            time.sleep(0.01)
        # In turns, so that what else the machine does hits both.
        copies, published = [], []
        for _ in range(5):
            copies.append(rate(copy, seconds / 5))
            published.append(rate(lambda: camera.publish(frame), seconds / 5))
        watcher.close()
    reference, shared = statistics.median(copies), statistics.median(published)

    manager = SyncManager()
    manager.start()
    try:
        shelf = manager.dict()
        pickled = rate(lambda: shelf.update({"camera": frame}), seconds)
    finally:
        manager.shutdown()
    for what, fps in (("np.copyto alone", reference), ("publish, wanted", shared), ("update of a multiprocessing manager's dict (pickled)", pickled)):
        print(f"| {what} | {fps:,.0f} | {fps * frame.nbytes / 1e9:.1f} | {fps / reference:.0%} |")
    print(f"\n*Python {sys.version.split()[0]}, NumPy {np.__version__}, {os.cpu_count()} cores*")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        # Beside whatever else of the user's runs.
        os.environ["XDG_RUNTIME_DIR"] = folder
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
