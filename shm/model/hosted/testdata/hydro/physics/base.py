"""What the models have in common."""

import numpy as np

from ..sizes import NX


class ModelBase:
    def get_density(self):
        return np.ones((NX, 5))

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)

    def step(self, N):
        pass
