"""The models of the torture test (e2e/torture_test.go): one as people write them, and one that does wrong."""

import os
import random
import sys
import time

import numpy as np


class Even:
    """Every point of the field is the number of the step."""

    params = {"Nx": 48, "Ny": 32, "steps": 1, "gain": 1.0}
    sliders = [["gain", "slider", "None", "range", 0.0, 1e7, 1.0]]

    def __init__(self, opts):
        self.gain, self.t = opts.gain, 0
        self.shape = (opts.Nx, opts.Ny)

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)

    def step(self, N, tracer_particles=None):
        time.sleep(0.05)
        self.t += N

    def get_density(self):
        return np.full(self.shape, float(self.t))

    def get_trace_particles(self):
        return []


class Restless(Even):
    """Does at each step whatever it likes."""

    params = {"Nx": 24, "Ny": 16, "steps": 1, "gain": 1.0}

    def __init__(self, opts):
        super().__init__(opts)
        self.rng = random.Random()
        self.density = super().get_density()
        self.particles = []
        if self.rng.random() < 0.1:
            raise ValueError("not this time \x00\ud800 <script>")

    def step(self, N, tracer_particles=None):
        super().step(N)
        rng = self.rng
        if rng.random() < 0.7:
            return
        self.particles = []
        what = rng.randrange(14)
        if what == 0:
            raise RuntimeError("x" * 200_000)
        elif what == 1:
            os._exit(rng.randrange(256))
        elif what == 2:
            os.kill(os.getpid(), 9)
        elif what == 3:
            raise SystemExit
        elif what == 4:  # whatever pipe there is
            for fd in range(1, 30):
                try:
                    os.set_blocking(fd, False)
                    os.write(fd, rng.choice([os.urandom(3000), b"{}\n" * 500, b"[" * 60_000 + b"\n", b"\n" * 5000, b"null\n"]))
                except OSError:
                    pass
        elif what == 5:
            print("\udcff\x00" * 10, file=sys.stderr)
            sys.stdout.write("a line without an end " * 50_000)
        elif what == 6:
            self.density = rng.choice([np.full(self.shape, np.nan), np.full(self.shape, np.inf), np.zeros((0, 5)), np.zeros((5, 0)), np.zeros(())])
        elif what == 7:
            self.density = rng.choice([None, "density", [[1, 2], [3]], np.zeros((3, 4, 5)), np.zeros((1, 200_000)), np.zeros(self.shape, complex), np.array([[object()]])])
        elif what == 8:
            self.density = rng.choice([np.zeros((2000, 1500)), np.full(self.shape, 1e308), np.zeros(self.shape, "M8[s]"), np.zeros(self.shape, bool)])
        elif what == 9:
            self.particles = rng.choice([[float("nan")] * 50, np.zeros((2, 300_000)), "particles", [complex(np.inf, np.nan)] * 1000, None, [[1]]])
        elif what == 10:
            self.gain = rng.choice([float("nan"), float("-inf"), "x" * 100_000, None, 1 << 200, self])
        elif what == 11:
            time.sleep(rng.choice([1, 4, 1000]))
        elif what == 12:
            if os.fork() == 0:  # somebody who stays behind, with the pipes
                time.sleep(20)
                os._exit(0)
        else:
            for fd in range(3, 30):
                try:
                    os.close(fd)
                except OSError:
                    pass

    def get_density(self):
        return self.density

    def get_trace_particles(self):
        return self.particles
