"""A file of a package."""

from .. import sizes
from .base import ModelBase


class Flow(ModelBase):
    """A model whose methods are inherited."""

    NX = sizes.NX
