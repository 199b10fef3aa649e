"""Particles that move with the flow of a model, and where they are in its picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._convert import numbers

__all__ = ["Tracers", "pixels"]

_MOST = 100_000


def pixels(places: Any, model: Any, shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Places of particles as float32 of shape [2, N], x above y, in pixels of the density.

    Complex places are x + iy in the units of the model's box, whose middle is 0, where the model has Lxy, the box's sides.
    Real ones, and those of other models, are pixels. Real ones have the shape [2, N], or are N pairs.

    Raises ValueError for what is no list of places.
    """
    if places is None:
        return np.empty((2, 0), np.float32)
    array = numbers(places)
    if array.size == 0:
        return np.empty((2, 0), np.float32)
    if array.dtype.kind == "c":
        array = array.ravel()
        x, y = array.real, array.imag
        sides = getattr(model, "Lxy", None)
        if sides is not None:
            lx, ly = (float(side) for side in sides)
            x = (x + lx / 2) % lx / lx * shape[0]
            y = (y + ly / 2) % ly / ly * shape[1]
        array = np.stack([x, y])
    elif array.dtype.kind in "fiub" and array.ndim == 2 and 2 in array.shape:
        array = array if array.shape[0] == 2 else array.T
    else:
        raise ValueError(
            f"it gave an array of {array.dtype} of shape {array.shape}; complex numbers, an array [2, N] or pairs (x, y) are wanted"
        )
    return np.ascontiguousarray(array[:, :_MOST], np.float32)


class Tracers:
    """What a model's ``step(N, tracer_particles)`` gets if it has a velocity: its step moves them along.

    The model has get_v() (velocity as a complex array), xy, Lxy and Nxy.
    """

    def __init__(self, model: Any, number: int, density: np.ndarray[Any, Any]) -> None:
        rng = np.random.default_rng(1)
        weight = np.asarray(density, float).ravel()
        weight = np.where(np.isfinite(weight) & (weight > 0), weight, 0)  # none where there is a hole
        total = weight.sum()
        # As dense as the density is; a place within a pixel at random, or they would lie on a grid.
        at = rng.choice(weight.size, number, p=weight / total) if total > 0 else rng.integers(0, weight.size, number)
        nx, ny = density.shape
        lx, ly = (float(side) for side in model.Lxy)
        i, j = np.divmod(at, ny)
        spread = rng.random((2, number)) - 0.5
        self._places: np.ndarray[Any, Any] = ((i + spread[0]) / nx - 0.5) * lx + 1j * ((j + spread[1]) / ny - 0.5) * ly
        self._velocity: Any = None

    def get_tracer_particles(self) -> np.ndarray[Any, Any]:
        """Return the places, complex, in the units of the box."""
        return self._places

    def get_inds(self, pos: Any, model: Any) -> tuple[Any, Any]:
        """Where places lie in the grid, as float indices."""
        (lx, ly), (nx, ny) = model.Lxy, model.Nxy
        return (pos.real + lx / 2) % lx / lx * nx, (pos.imag + ly / 2) % ly / ly * ny

    def update_tracer_velocity(self, model: Any = None, state: Any = None) -> None:
        """Take the flow as it is now."""
        self._velocity = (model if model is not None else state).get_v()

    def update_tracer_pos(self, dt: float, model: Any = None, state: Any = None) -> None:
        """Move every particle for a time dt."""
        model = model if model is not None else state
        if self._velocity is None:
            self.update_tracer_velocity(model)
        x, y = self.get_inds(self._places, model)
        nx, ny = self._velocity.shape
        flow = self._velocity[x.round().astype(int) % nx, y.round().astype(int) % ny]
        self._places = self._places + dt * np.where(np.isfinite(flow), flow, 0)  # what drifts into a hole stays there
