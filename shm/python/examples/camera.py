"""A pretend microscope that webmon can watch and steer: a camera, a stage, detected spots and a shutter.

    pip install ./shm/python        (in a checkout of webmon)
    python camera.py
    webmon                           (unless it was found and started)

Ctrl-C ends it.
"""

from __future__ import annotations

import threading
import time
from typing import Literal

import numpy as np

import webmon

SIZE = 2048
RATE = 60  # frames a second

SPOT = np.dtype([("x", "f4"), ("y", "f4"), ("brightness", "f4"), ("frame", "u4")])


class Microscope:
    """What a real one would do with its hardware, with random numbers."""

    def __init__(self) -> None:
        self.exposure_ms = 10.0
        self.gain = "normal"
        self.light = True
        self.stage = {"x": 0.0, "y": 0.0, "z": 0.0}
        self.goal = dict(self.stage)
        self._random = np.random.default_rng(1)
        # Noise and blobs are made once: a camera costs its computer nothing either.
        self._noise = self._random.integers(90, 130, (SIZE + 64, SIZE + 64), dtype=np.uint16)
        self._blobs = self._random.uniform(100, SIZE - 100, (40, 2))
        row, col = np.mgrid[-24:25, -24:25]
        self._blob = np.exp(-(row**2 + col**2) / 120)
        self._frame = np.empty((SIZE, SIZE), np.uint16)

    def grab(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the next frame, in the same memory each time as cameras do, and the spots in it."""
        row, col = self._random.integers(0, 64, 2)
        np.copyto(self._frame, self._noise[row : row + SIZE, col : col + SIZE])
        if self.light:
            self._blobs += self._random.normal(0, 0.7, self._blobs.shape)
            np.clip(self._blobs, 30, SIZE - 30, out=self._blobs)
            height = self.exposure_ms * {"low": 30, "normal": 100, "high": 300}[self.gain]
            blob = np.minimum(self._blob * height, 60000).astype(np.uint16)
            for y, x in self._blobs.astype(int):
                self._frame[y - 24 : y + 25, x - 24 : x + 25] += blob
        spots = np.zeros(len(self._blobs), SPOT)
        spots["y"], spots["x"] = self._blobs.T
        spots["brightness"] = self._random.normal(self.exposure_ms * 100, 20, len(spots))
        spots["frame"] = number
        return self._frame, spots

    def move(self, seconds: float) -> None:
        """Brings the stage nearer to where it should be."""
        for axis, goal in self.goal.items():
            way = goal - self.stage[axis]
            self.stage[axis] += max(-2.0 * seconds, min(2.0 * seconds, way))


def main() -> None:
    scope = Microscope()
    stop = threading.Event()

    webmon.serve(name="scope")
    camera = webmon.share("camera", (SIZE, SIZE), "uint16", axes="yx", units="um", scale=0.108, colormap="gray", limits=(90, 1500), unit="counts")
    table = webmon.share("spots", 1000, SPOT, title="Detected spots")

    # Values that people may change. The new value comes checked against type and limits.
    def set_exposure(ms: float) -> None:
        scope.exposure_ms = ms
        webmon.send("exposure", {"ms": ms})

    def set_gain(name: str) -> None:
        scope.gain = name

    webmon.control(
        "exposure", "float", scope.exposure_ms, set=set_exposure, default=10.0,
        min=0.1, max=500, scale="log", unit="ms", title="Exposure", group="camera",
    )  # fmt: skip
    webmon.control("gain", "choice", scope.gain, set=set_gain, choices=["low", "normal", "high"], title="Gain", group="camera")

    # Functions that people may call: their annotations become a form.
    @webmon.command(group="stage", title="Move the stage")
    def move(
        x: webmon.Range(-5.0, 5.0, unit="mm") = 0.0,
        y: webmon.Range(-5.0, 5.0, unit="mm") = 0.0,
        z: webmon.Range(0.0, 2.0, unit="mm") = 0.0,
    ) -> None:
        """Moves to a place, at 2 mm a second."""
        if not scope.light:
            raise ValueError("the light is off: nobody would see where the stage goes")
        scope.goal = {"x": x, "y": y, "z": z}

    @webmon.command(title="Light")
    def light(switch: Literal["on", "off"] = "on") -> None:
        """Switches the light."""
        scope.light = switch == "on"
        webmon.send("light", {"on": scope.light})

    @webmon.command(title="End the program")
    def end() -> None:
        """Ends this program."""
        stop.set()

    print(f"{RATE} frames a second of {SIZE} x {SIZE} pixels; Ctrl-C ends it. Dashboard: {webmon.url() or 'start webmon to see it'}")
    number, due, last = 0, time.perf_counter(), time.perf_counter()
    try:
        while not stop.is_set():
            frame, spots = scope.grab(number)
            camera.publish(frame)
            table.publish(spots)
            number += 1
            now = time.perf_counter()
            scope.move(now - last)
            webmon.set("stage", scope.stage, title="Stage", unit="mm")
            webmon.send("frame", {"interval_ms": (now - last) * 1e3, "spots": len(spots)})
            last = now
            due = max(due + 1 / RATE, now - 0.1)
            stop.wait(max(due - time.perf_counter(), 0))
    except KeyboardInterrupt:
        pass
    cost = webmon.serve().cost()
    print(f"{number} frames; webmon took {cost.seconds / max(number, 1) * 1e6:.0f} microseconds of each")
    webmon.close()


if __name__ == "__main__":
    main()
