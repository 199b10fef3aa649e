"""A browser that a script drives by Selenium, with a viewer of :mod:`webmon.neuroglancer` open."""

from __future__ import annotations

from typing import Any

from neuroglancer import webdriver as _theirs
from neuroglancer.webdriver import WebdriverBase

from ._viewer import Viewer

__all__ = ["Webdriver", "WebdriverBase"]


class Webdriver(_theirs.Webdriver):  # type: ignore[misc]
    """Neuroglancer's own, which needs ``selenium``.

    Parameters
    ----------
    viewer : Viewer, optional
        That the browser opens; a new one by default.
    **kwargs
        As for ``neuroglancer.webdriver.Webdriver``.
    """

    def __init__(self, viewer: Any = None, **kwargs: Any) -> None:
        super().__init__(viewer=Viewer() if viewer is None else viewer, **kwargs)
