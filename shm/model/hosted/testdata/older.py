"""A superfluid in the form that super_hydro's models have: parameters as attributes, init() for what follows from them, a
layout of widgets, tracers that step moves, and no get_trace_particles."""

import numpy as np


class Widget:
    def __init__(self, name="_", children=(), **about):
        self.name, self.children = name, children
        self.__dict__.update(about)


class VBox(Widget):
    pass


class FloatSlider(Widget):
    pass


class FloatLogSlider(Widget):
    pass


class Canvas(Widget):
    pass


class ModelBase:
    params = {"Nx": 32, "Ny": 32}

    def __init__(self, opts):
        params = {}
        for cls in reversed(type(self).mro()):
            params.update(getattr(cls, "params", {}))
        self.params = {name: getattr(opts, name, params[name]) for name in params}
        for name, value in self.params.items():
            setattr(self, name, value)

    def init(self):
        self.Nxy = self.Nx, self.Ny
        self.Lxy = np.asarray(self.Nxy) * 1.0
        self.xy = (np.arange(self.Nx) - self.Nx / 2)[:, None], (np.arange(self.Ny) - self.Ny / 2)[None, :]

    def get(self, param):
        return getattr(self, param)

    def set(self, param, value):
        setattr(self, param, value)
        self.init()


class Superfluid(ModelBase):
    """A superfluid that flows to the right."""

    params = {"Nx": 24, "Ny": 12, "cooling": 0.01, "tracer_particles": 50, "finger_x": 0.75, "finger_y": 0.5, "v": 0.5}
    layout = VBox(
        children=[
            FloatLogSlider("cooling", base=10, min=-10, max=1, step=0.2, description="Cooling", value=1.0),
            FloatSlider("v", min=-1, max=1, step=0.1, description="v/c", value=0.0),
            Canvas("density"),
        ]
    )
    t = 0.0

    def __init__(self, opts):
        super().__init__(opts=opts)
        self.init()
        self.data = np.ones(self.Nxy, complex)
        self.pot_z = 0j

    def get_density(self):
        return abs(self.data) ** 2

    def get_phase(self):
        return np.angle(self.data)

    def get_v(self):
        return np.full(self.Nxy, self.v + 0j)

    def step(self, N, tracer_particles=None):
        for _ in range(N):
            if tracer_particles is not None:
                tracer_particles.update_tracer_velocity(model=self)
                tracer_particles.update_tracer_pos(0.1, model=self)
            self.data = self.data * np.exp(0.01j)
            self.t += 0.1
        self.pot_z = complex(6 * self.finger_x, 0)
