"""The viewers; see :mod:`webmon.neuroglancer`."""

from ._viewer import UnsynchronizedViewer, Viewer

__all__ = ["UnsynchronizedViewer", "Viewer"]
