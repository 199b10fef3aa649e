"""What webmon does inside a napari. Nothing here is imported until a viewer is attached.

attach() watches a viewer and offers it to webmon; see attachment.py for how.
Everything runs in Qt's thread, in one tick that is shared by all that is wanted,
and nothing is worked out while nobody wants it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .attachment import Attachment

__all__ = ["attach", "attached"]

_attached: list[Attachment] = []


def attach(viewer: Any, process: Any = None, open_paths: Iterable[Any] = (), open_urls: Iterable[str] = ()) -> Attachment:
    """Offer a napari viewer to webmon, with its layers, tiles, frame times, loads and controls.

    Called again for the same viewer it returns the same attachment. The offer
    ends with detach() or with the viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        A viewer with a window.
    process : webmon.Process, optional
        What to offer it as. By default webmon's own default process while
        that has no viewer, otherwise a new one.
    open_paths, open_urls : iterable of str, optional
        Folders, and beginnings of addresses, that may be opened from a browser.

    Raises
    ------
    TypeError
        The viewer is no napari viewer with a window.
    RuntimeError
        The call does not come from Qt's thread.
    """
    from . import compat

    # napari hands plugins a proxy of its viewer.
    viewer = getattr(viewer, "__wrapped__", viewer)
    from .opening import Openings

    openings = Openings(open_paths, open_urls)
    found = attached(viewer)
    if found is not None:
        if not found.process.closed:
            if openings:
                found.let_open(openings)
            return found
        found.detach()  # webmon.close() was called
    if not hasattr(viewer, "layers") or not hasattr(viewer, "dims"):
        raise TypeError(f"a napari viewer is needed, not {type(viewer).__name__}")
    if compat.canvas(viewer) is None:
        raise TypeError("the viewer has no window: attach a napari.Viewer() that is still open")
    from qtpy.QtCore import QCoreApplication, QThread

    app = QCoreApplication.instance()
    if app is None or app.thread() is not QThread.currentThread() and app.thread() != QThread.currentThread():
        raise RuntimeError("a viewer can only be attached in the thread that runs its window, which is Qt's main thread")
    from .. import _offer_napari
    from .._display import advice
    from .attachment import Attachment, clash
    from .trouble import logger

    own = process is None
    if own:
        process = _offer_napari(str(getattr(viewer, "title", "") or "napari"), compat.version(), clash)
    elif process._orders.host is not None:
        raise ValueError(f"{process!r} has a viewer already: every further one needs a process of its own")
    try:
        new = Attachment(viewer, process, _ended)
    except Exception:
        if own:
            process._end_unless_used()
        raise
    _attached.append(new)
    new.let_open(openings)
    blind = advice()
    if blind:
        logger.warning("napari has no OpenGL to draw with, so that its canvas stays empty here and in the browser. %s", blind)
    return new


def attached(viewer: Any) -> Attachment | None:
    """Return the attachment of a viewer, or None."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    for one in _attached:
        if one.viewer is viewer:
            return one
    return None


def _ended(attachment: Attachment) -> None:
    if attachment in _attached:
        _attached.remove(attachment)
