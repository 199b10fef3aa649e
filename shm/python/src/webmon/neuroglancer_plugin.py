"""A plugin of pytest that has tests of ``neuroglancer`` run against webmon: ``pytest -p webmon.neuroglancer_plugin``."""

from __future__ import annotations

from . import neuroglancer

neuroglancer.install()
