"""Simulations to look at and to play with, each in a class that can be copied and changed.

    webmon --model models.py

Every class has five methods: get_density, get_trace_particles, get, set and step. Whoever opens its page sees the
density live, moves the sliders, and points into the picture. NumPy is all they need.
"""

import numpy as np


class GrayScott:
    """Stripes and spots that grow by themselves: the Gray-Scott model of two chemicals.

    U is fed, V eats it and is taken away: u' = Du lap(u) - u v^2 + F (1 - u), v' = Dv lap(v) + u v^2 - (F + k) v. The
    picture is v. Point into it to drop some there. Small changes of the feed and of the kill make stripes, spots that
    divide, or waves; with F = 0.026 and k = 0.051 it never comes to rest.

    J. E. Pearson, Science 261, 189 (1993).
    """

    title = "Gray-Scott"  # on its page; the name of the class is what it is called in addresses

    # What people may choose before it begins, by names of the command line (--Nx and so on), and where sliders stand.
    params = {"Nx": 192, "Ny": 192, "steps": 8, "feed": 0.037, "kill": 0.060, "finger_x": 0.5, "finger_y": 0.5}

    # name, kind, scale, form, least, most, step
    sliders = [
        ["feed", "slider", "None", "range", 0.01, 0.10, 0.001],
        ["kill", "slider", "None", "range", 0.04, 0.07, 0.001],
    ]
    params_doc = {"feed": "How fast U is fed, and everything washed out", "kill": "How fast V is taken away"}
    limits = (0.0, 0.4)  # of the colours, to begin with

    def __init__(self, opts):
        self.feed, self.kill = opts.feed, opts.kill
        self.finger_x, self.finger_y = opts.finger_x, opts.finger_y
        self.t = 0.0
        self.u = np.ones((opts.Nx, opts.Ny), np.float32)
        self.v = np.zeros((opts.Nx, opts.Ny), np.float32)
        seeds = np.random.default_rng(1).random((12, 2))
        for x, y in seeds:
            self._drop(x, y)

    def get_density(self):
        return self.v  # shape [Nx, Ny]; y goes up in the picture

    def get_trace_particles(self):
        return []  # it has none

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)
        if name in ("finger_x", "finger_y"):
            self._drop(self.finger_x, self.finger_y)

    def step(self, N, tracer_particles=None):
        u, v = self.u, self.v
        for _ in range(N):
            reaction = u * v * v
            u += 0.16 * _laplacian(u) - reaction + self.feed * (1 - u)
            v += 0.08 * _laplacian(v) + reaction - (self.feed + self.kill) * v
            self.t += 1.0

    def _drop(self, x, y):
        """Puts some V where a finger points: x and y go from 0 to 1, and over the edge they come back."""
        nx, ny = self.v.shape
        i = (int(x * nx) + np.arange(-3, 4)) % nx
        j = (int(y * ny) + np.arange(-3, 4)) % ny
        self.u[np.ix_(i, j)], self.v[np.ix_(i, j)] = 0.5, 0.5


def _laplacian(a):
    """Sum of the differences to the four neighbours; the box is periodic."""
    out = -4 * a
    out[1:] += a[:-1]
    out[0] += a[-1]
    out[:-1] += a[1:]
    out[-1] += a[0]
    out[:, 1:] += a[:, :-1]
    out[:, 0] += a[:, -1]
    out[:, :-1] += a[:, 1:]
    out[:, -1] += a[:, 0]
    return out


class WaveTank:
    """Waves on shallow water, with corks that float on it.

    A paddle on the left makes waves of the frequency you choose; a wall with two slits, if you put it there, makes them
    interfere. Your finger is a second paddle. The corks are carried by the flow of the water.
    """

    title = "Wave tank"
    params = {"Nx": 240, "Ny": 160, "steps": 4, "frequency": 0.04, "strength": 1.0, "damping": 1e-3, "slits": True, "finger_x": 0.7, "finger_y": 0.5}
    sliders = [
        ["frequency", "slider", "None", "range", 0.01, 0.1, 0.001],
        ["strength", "slider", "None", "range", 0, 2, 0.1],
        ["damping", "slider", "logarithmic", "range", -4, -1, 0.1],  # from 10^-4 to 10^-1
        ["slits", "toggle", "None", "checkbox", "None", "None", "None"],
    ]
    units = {"frequency": "per step"}
    observables = {"energy": ("Energy of the waves", "")}
    colormap = "gray"
    limits = (-1.0, 1.0)

    def __init__(self, opts):
        self.shape = opts.Nx, opts.Ny
        for name in ("frequency", "strength", "damping", "slits", "finger_x", "finger_y"):
            setattr(self, name, opts[name])
        self.reset()
        self._build()

    def reset(self):  # optional: without it the Reset button makes a new model
        nx, ny = self.shape
        self.t = 0
        self.h = np.zeros((nx, ny), np.float32)  # height of the water
        self.vx = np.zeros((nx + 1, ny), np.float32)  # its flow through the sides of each cell
        self.vy = np.zeros((nx, ny + 1), np.float32)
        self.reset_tracers()

    def reset_tracers(self):  # optional
        self.corks = np.random.default_rng(2).random((2, 150)) * np.array(self.shape)[:, None]

    def _build(self):
        """Opens or closes the wall: 0 where no water goes through."""
        nx, ny = self.shape
        self.open = np.ones((nx + 1, ny), np.float32)
        if self.slits:
            wall = np.ones(ny, bool)
            for middle in (0.4, 0.6):
                wall[int(middle * ny) - 4 : int(middle * ny) + 4] = False
            self.open[nx // 3, wall] = 0

    def get_density(self):
        return self.h

    def get_trace_particles(self):
        return self.corks  # [2, N]: x above y, in pixels

    def get_observables(self):  # optional: what is charted
        return {"energy": 0.5 * float((self.h**2).sum() + (self.vx**2).sum() + (self.vy**2).sum())}

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)
        if name == "slits":
            self._build()

    def step(self, N, tracer_particles=None):
        h, vx, vy = self.h, self.vx, self.vy
        nx, ny = self.shape
        keep = 1 - self.damping
        i, j = int(self.finger_x * (nx - 1)), int(self.finger_y * (ny - 1))
        for _ in range(N):
            vx[1:-1] = keep * (vx[1:-1] - 0.25 * (h[1:] - h[:-1]))
            vx *= self.open
            vy[:, 1:-1] = keep * (vy[:, 1:-1] - 0.25 * (h[:, 1:] - h[:, :-1]))
            h -= vx[1:] - vx[:-1] + vy[:, 1:] - vy[:, :-1]
            push = self.strength * np.sin(2 * np.pi * self.frequency * self.t)
            h[:2] = 0.5 * push
            h[i - 1 : i + 2, j - 1 : j + 2] += 0.15 * push
            h[-20:] *= 0.97  # a beach
            self.t += 1
        x, y = np.clip(self.corks.astype(int), 0, np.array([nx - 1, ny - 1])[:, None])
        self.corks[0] = (self.corks[0] + N * vx[x, y]).clip(0, nx - 1)
        self.corks[1] = (self.corks[1] + N * vy[x, y]).clip(0, ny - 1)


class Ising:
    """The Ising model: a magnet that forgets its order when it gets hot.

    Each pixel is a little magnet, up or down, that likes to be as its four neighbours are, and is shaken by the
    temperature (in units of J/k). Below 2.269 they agree over the whole picture; just there you see islands of every
    size. Your finger turns those beneath it up.
    """

    title = "Ising magnet"
    params = {"Nx": 192, "Ny": 192, "steps": 2, "temperature": 2.269, "field": 0.0, "finger_x": 0.5, "finger_y": 0.5}
    sliders = [
        ["temperature", "slider", "None", "range", 0.5, 5, 0.001],
        ["field", "slider", "None", "range", -0.5, 0.5, 0.01],
    ]
    units = {"temperature": "J/k", "field": "J"}
    observables = {"magnetization": ("Magnetization", "per site"), "energy": ("Energy", "J per site")}
    time_unit = "sweeps"
    limits = (-1, 1)

    def __init__(self, opts):
        if opts.Nx % 2 or opts.Ny % 2:
            raise ValueError("Nx and Ny must be even: the sites are turned like the squares of a chessboard")
        self.temperature, self.field, self.t = opts.temperature, opts.field, 0
        self.finger_x, self.finger_y = opts.finger_x, opts.finger_y
        self.random = np.random.default_rng()
        shape = opts.Nx, opts.Ny
        self.spins = np.where(self.random.random(shape) < 0.5, 1, -1).astype(np.int8)
        i, j = np.indices(shape)
        self.white = (i + j) % 2 == 0

    def get_density(self):
        return self.spins

    def get_trace_particles(self):
        return []

    def get_observables(self):
        right = np.roll(self.spins, -1, 0) + np.roll(self.spins, -1, 1)
        return {"magnetization": float(self.spins.mean()), "energy": -float((self.spins * right).mean())}

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)
        if name in ("finger_x", "finger_y"):
            nx, ny = self.spins.shape
            i = (int(self.finger_x * nx) + np.arange(-6, 7)) % nx
            j = (int(self.finger_y * ny) + np.arange(-6, 7)) % ny
            self.spins[np.ix_(i, j)] = 1

    def step(self, N, tracer_particles=None):
        # The chance to turn, for each sum of neighbours and each direction: Metropolis.
        sums, spins = np.arange(-4, 5)[:, None], np.array([-1, 1])[None, :]
        chance = np.exp(np.minimum(-2 * spins * (sums + self.field) / self.temperature, 0)).astype(np.float32)
        s = self.spins
        for _ in range(N):
            for squares in (self.white, ~self.white):  # neighbours are never turned at once
                near = np.roll(s, 1, 0) + np.roll(s, -1, 0) + np.roll(s, 1, 1) + np.roll(s, -1, 1)
                turn = self.random.random(s.shape, np.float32) < chance[near + 4, (s + 1) // 2]
                s[turn & squares] *= -1
            self.t += 1
