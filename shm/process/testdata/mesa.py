"""Keeps Mesa's software renderer from ending the naparis of the tests.

When a layer goes, vispy deletes the programs that have drawn it. Mesa 22.3, which Debian 12 has, then ends by SIGSEGV in a draw soon after,
also in a napari that nobody watches. With guard no program is deleted.
"""

from __future__ import annotations


def guard() -> None:
    """Have vispy keep the programs of layers that go, in this process."""
    from vispy.gloo.glir import GlirProgram

    GlirProgram.delete = lambda program: None
