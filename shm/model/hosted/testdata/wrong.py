"""Models that do what models should not. Deeds are done when they are asked for, by the control of that name."""

import ctypes
import os
import subprocess
import sys
import threading
import time

import numpy as np


class Dropdown:
    """Stands in for a widget: they are known by the names of their classes."""

    def __init__(self, name, options, value=None):
        self.name, self.options, self.value, self.description = name, options, value, name


class FloatSlider:
    def __init__(self, name, min, max, step=0.1):
        self.name, self.min, self.max, self.step, self.value, self.description = name, min, max, step, min, name.title()


class FloatLogSlider(FloatSlider):
    base = 10.0


class IntSlider(FloatSlider):
    pass


class Checkbox:
    name, description, value = "trap", "Trap", True


class VBox:
    def __init__(self, *children):
        self.children = children
        self.name = "_"


class Good:
    """A model without fault."""

    params = dict(Nx=24, Ny=16, steps=3)

    def __init__(self, opts):
        self.opts = opts
        self.n = np.zeros((opts.Nx, opts.Ny))
        self.t = 0.0

    def get_density(self):
        return self.n

    def get_trace_particles(self):
        return []

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)

    def step(self, N, tracer_particles=None):
        self.t += N
        self.n[int(self.t) % self.n.shape[0]] += 1


class Wrong(Good):
    """Does what it is told."""

    deed, value, cooling, count, trap, late = "none", 0.0, 0.01, 3, True, 0
    layout = VBox(
        Dropdown(
            "deed",
            ["none", "raise", "exit", "os._exit", "segfault", "kill", "nan", "all nan", "shape", "dims", "complex", "text", "None", "sleep", "stick", "print", "children", "density", "close"],
        ),
        VBox(FloatSlider("value", 0, 1), FloatLogSlider("cooling", -10, 1, 0.2), IntSlider("count", 0, 100, 1), Checkbox()),
        FloatSlider("gone", 0, 1),
    )

    def step(self, N, tracer_particles=None):
        super().step(N)
        deed = self.deed
        if deed == "raise":
            raise RuntimeError("the vacuum decayed")
        elif deed == "exit":
            sys.exit(4)
        elif deed == "os._exit":
            os._exit(3)
        elif deed == "segfault":
            ctypes.string_at(0)
        elif deed == "kill":
            os.kill(os.getpid(), 9)
        elif deed == "nan":
            self.n[3, 4] = np.nan
        elif deed == "all nan":
            self.n[:] = np.nan
        elif deed == "sleep":
            self.deed = "none"
            time.sleep(3)
        elif deed == "stick":
            # A call into C that does not give the interpreter's lock back.
            ctypes.PyDLL(None).sleep(1000)
        elif deed == "print":
            for i in range(2000):
                print("line", i, "of a great many")
        elif deed == "close":
            os.closerange(3, 100)
            time.sleep(1000)
        elif deed == "children":
            self.deed = "none"
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])

    def get_density(self):
        if self.deed == "density":
            raise KeyError("n")
        if self.deed == "shape":
            self.late += 1  # at once it might be what has been asked for
        return {
            "shape": np.zeros((5, 5)) if self.late > 3 else self.n,
            "dims": np.zeros(5),
            "complex": self.n + 1j,
            "text": "not an array",
            "None": None,
        }.get(self.deed, self.n)

    def set(self, name, value):
        if name == "value" and value > 0.5:
            raise ValueError("value is more than the coils can take")
        if name == "count" and value == 13:
            raise KeyError("thirteen")
        super().set(name, value)


class Sliders(Good):
    """Has rows that cannot be understood, and some that can."""

    good, flag, number = 0.5, False, 4
    sliders = [
        ["good", "slider", "None", "range", 0, 1, 0.1],
        ["bad name!", "slider", "None", "range", 0, 1, 0.1],
        ["upside", "slider", "None", "range", 1, 0, 0.1],
        ["short", "slider"],
        7,
        ["flag", "toggle", "None", "checkbox", "None", "None", "None"],
        ["number", "slider", "None", "range", 0, 10, 1],
        ["missing", "slider", "None", "range", 0, 1, 0.1],
    ]


class Constructor(Good):
    """Cannot be made, and has begun a thread when that turns out."""

    def __init__(self, opts):
        super().__init__(opts)
        threading.Thread(target=time.sleep, args=(1000,)).start()
        raise OSError("the lattice has not been delivered")


class Wants(Good):
    """Wants what nobody has."""

    def __init__(self, opts, lattice):
        super().__init__(opts)


class Slow(Good):
    """Takes its time to be made."""

    def __init__(self, opts):
        super().__init__(opts)
        time.sleep(2.5)


class Sluggish(Good):
    """Takes its time for every picture."""

    def step(self, N, tracer_particles=None):
        super().step(N)
        time.sleep(0.6)


class Stuck(Good):
    """Takes its time in compiled code that lets nothing of Python run."""

    def step(self, N, tracer_particles=None):
        super().step(N)
        ctypes.PyDLL(None).usleep(900_000)


class Far(Good):
    """Begins beyond its sliders."""

    finger, cooling, shape = 5.0, 0.0, "hexagon"
    layout = VBox(Dropdown("shape", ["round", "square"]))
    sliders = [["finger", "slider", "None", "range", -2, 2, 0.1], ["cooling", "slider", "logarithmic", "range", -3, 1, 0.1]]


class Endless(Good):
    """Has a thread that does not end, and a step that does not."""

    def __init__(self, opts):
        super().__init__(opts)
        threading.Thread(target=time.sleep, args=(1000,)).start()

    def step(self, N, tracer_particles=None):
        time.sleep(1000)


class Incomplete:
    """Lacks a method."""

    def get_density(self):
        return np.zeros((2, 2))

    def get(self, name):
        return None

    def set(self, name, value):
        pass


class ModelBase(Good):
    """What others are derived from."""


class Helper:
    """No model at all."""
