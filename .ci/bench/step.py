"""Time steps of the two-dimensional Gross-Pitaevskii equation in NumPy, for the
benchmarks.

    step.py

Says as JSON, one line, {"python": "3.13.0", "numpy": "2.5.5"}. Then one JSON object
a line in and one out:

    {"kind": "lean", "n": 128, "seconds": 0.1}     ->     {"median_ms": 0.61, "steps": 160}

"lean" is as little as NumPy can do for a step: tables for everything that does
not change, one exponential, one norm, fft2 and ifft2. "bec" and "vortices" are
renditions of what super_hydro does in a step of its models BEC and BECVortices,
written for this comparison from a reading of it: the same transforms, exponentials,
norms and temporary arrays, and nothing cached that it does not cache. BECVortices
draws its trap again each step. Tracers are off, and so is numexpr, which it uses for
two of the exponentials where that is installed.
"""

import json
import sys
import time

import numpy as np

MU, COOLING, DT_SCALE = 0.5, 0.01, 0.1


class Field:
    """What both have: grid, trap, a state with a phase in it."""

    def __init__(self, n):
        self.n = n
        self.x = (np.arange(n) - n / 2.0)[:, None]
        self.y = (np.arange(n) - n / 2.0)[None, :]
        kx = 2 * np.pi * np.fft.fftfreq(n)[:, None]
        ky = 2 * np.pi * np.fft.fftfreq(n)[None, :]
        self.K = (kx**2 + ky**2) / 2.0
        self.dt = DT_SCALE / self.K.max()
        self.phase = -1j * abs(1 + 1j * COOLING) / (1 + 1j * COOLING)
        rho2 = (2 * self.x / n) ** 2 + (2 * self.y / n) ** 2
        self.trap = 100 * MU * np.clip((rho2 - 0.8) / 0.2, 0, 1)
        self.psi = np.sqrt(MU) * np.exp(3j * np.arctan2(self.y, self.x)) * (rho2 < 0.9)
        self.total = (abs(self.psi) ** 2).sum()


class Lean(Field):
    def __init__(self, n):
        super().__init__(n)
        self.expK = np.exp(self.phase * self.dt * self.K)
        finger = 5 * MU * np.exp(-(self.x**2 + self.y**2) / 8)
        self.V = self.trap + finger - MU
        self.f = self.phase * self.dt

    def step(self):
        psi = self.psi
        n = psi.real**2 + psi.imag**2
        psi *= np.exp(self.f * (self.V + n))
        psi *= np.sqrt(self.total / n.sum())
        yt = np.fft.fft2(psi)
        yt *= self.expK
        self.psi = np.fft.ifft2(yt)


class BEC(Field):
    def __init__(self, n):
        super().__init__(n)
        self.z, self.v, self.target = 0j, 0j, 3 + 2j

    def external(self, finger):
        return self.trap + finger

    def step(self):
        half = self.n / 2.0
        density = (self.psi.conj() * self.psi).real
        # The finger's potential follows on its spring, no faster than sound.
        self.z += self.dt * self.v
        self.v += self.dt * (-10 * (self.z - self.target) - 4 * self.v)
        fastest = np.sqrt(density.mean())
        if abs(self.v) > fastest:
            self.v *= fastest / abs(self.v)
        dx = (self.x - self.z.real + half) % self.n - half
        dy = (self.y - self.z.imag + half) % self.n - half
        finger = 5 * MU * np.exp(-(dx**2 + dy**2) / 2.0 / 2.0**2)
        V = self.external(finger) + density - MU
        self.psi[...] = np.exp(self.phase * self.dt * V) * self.psi
        self.psi *= np.sqrt(self.total / density.sum())
        kinetic = np.exp(self.phase * self.dt * self.K)
        self.psi[...] = np.fft.ifftn(kinetic * np.fft.fftn(self.psi, axes=(-1, -2)), axes=(-1, -2))


class Vortices(BEC):
    def external(self, finger):
        theta = np.angle(self.x + 1j * self.y)
        rho2 = ((2 * self.x / self.n) ** 2 + (2 * self.y / self.n) ** 2) * (1 - 0.1 * np.cos(theta - 0.0))
        t = (rho2 - 0.8) / 0.2
        with np.errstate(all="ignore"):
            rise = (1 + np.tanh(3 * np.tan(np.pi * (2 * t - 1) / 2))) / 2
        return 100 * MU * np.where(t < 0, 0.0, np.where(t < 1, rise, 1.0)) + super().external(finger)


KINDS = {"lean": Lean, "bec": BEC, "vortices": Vortices}


def main():
    """Answer one line after the other."""
    print(json.dumps({"python": sys.version.split()[0], "numpy": np.__version__}), flush=True)
    fields = {}
    for line in sys.stdin:
        ask = json.loads(line)
        key = ask["kind"], ask["n"]
        if key not in fields:
            fields[key] = KINDS[ask["kind"]](ask["n"])
            fields[key].step()
        step, took = fields[key].step, []
        end = time.perf_counter() + ask["seconds"]
        while time.perf_counter() < end or len(took) < 3:
            start = time.perf_counter()
            step()
            took.append(time.perf_counter() - start)
        took.sort()
        if not np.isfinite(fields[key].psi).all():
            raise SystemExit("the steps have run away")
        print(json.dumps({"median_ms": 1e3 * took[len(took) // 2], "steps": len(took)}), flush=True)


if __name__ == "__main__":
    main()
