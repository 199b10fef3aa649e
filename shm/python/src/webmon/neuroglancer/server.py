"""What takes the place of Neuroglancer's own server: webmon."""

from __future__ import annotations

import logging
from typing import Any, Callable
from urllib.parse import urlsplit

from .. import _announce
from . import _viewer
from ._loops import handlers

__all__ = [
    "debug",
    "defer_callback",
    "get_server_url",
    "is_server_running",
    "register_viewer",
    "set_dev_server_content_source",
    "set_server_bind_address",
    "set_static_content_source",
    "start",
    "stop",
]

log = logging.getLogger("webmon")

_kept = False  # the log has said whose client there is
debug = False  # taken from scripts that set it; webmon has a log of its own


def set_server_bind_address(bind_address: str | None = None, bind_port: int = 0) -> None:
    """Say where webmon listens if a viewer starts it. One that runs already goes on as it is, and the log says so.

    Parameters
    ----------
    bind_address : str, optional
        Default: 127.0.0.1.
    bind_port : int
        0: webmon's usual port, or the next one that is free.
    """
    port = int(bind_port)
    if not 0 <= port <= 65535:
        raise ValueError(f"bind_port must be a port, 1 to 65535, or 0, not {port}")
    _viewer.bind.clear()
    if bind_address is not None:
        _viewer.bind["WEBMON_HOST"] = str(bind_address)
    if port:
        _viewer.bind["WEBMON_PORT"] = str(port)
    record = _announce.record()
    if record is not None and _viewer.bind:
        at = urlsplit(str(record.get("url", "")))
        log.warning("webmon runs already, at %s: where it listens is said when it is started", at.netloc)


def set_static_content_source(
    source: Any = None, url: str | None = None, path: str | None = None, file_open: Callable[..., Any] | None = None
) -> None:
    """Take the place of another client, and go on with webmon's own: the log says so, once.

    A page that webmon serves may do all that the user may, so its scripts come with webmon alone. Where nothing is given, the
    client that comes with the server is what is asked for, and what there is.

    Parameters
    ----------
    source, url, path, file_open
        As ``neuroglancer`` has them: where another client comes from. None of it is opened.
    """
    for given in (source, url, path):
        if given is not None:
            _keep_own(f"{given!r:.200}")
            return


def set_dev_server_content_source() -> None:
    """Take the place of a client that is built on demand, as set_static_content_source does. Nothing is built."""
    _keep_own("one that a development server builds")


def _keep_own(other: str) -> None:
    global _kept
    if not _kept:
        _kept = True
        log.warning(
            "the client of Neuroglancer is the one that webmon was built with, and not %s: pages of webmon may do all that you may, "
            "so their scripts come with webmon alone. The script goes on with that one",
            other,
        )


def is_server_running() -> bool:
    """Return whether there are viewers that were not stopped."""
    return bool(_viewer.running())


def start() -> None:
    """Start webmon if none runs; a viewer does so by itself."""
    _announce.launch(_viewer.bind)


def stop() -> None:
    """End all viewers of this process: their addresses lead nowhere, and their data may go. webmon goes on."""
    _viewer.stop_all()


def get_server_url() -> str:
    """Return what comes before ``/v/<token>/`` in the addresses of viewers, webmon's token not included.

    Raises
    ------
    ValueError
        If there is no viewer, or no webmon.
    """
    for viewer in _viewer.running():
        try:
            webmon, path = viewer._link.where()
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        return str(webmon.address(path, token=False))
    raise ValueError("there is no viewer: make one first")


def register_viewer(viewer: Any) -> None:
    """Do nothing: a viewer of this package has its place on webmon by itself.

    Raises
    ------
    TypeError
        For a viewer of another package.
    """
    if not isinstance(viewer, _viewer._OnWebmon):
        raise TypeError(f"make the viewer by webmon.neuroglancer.Viewer, not by {type(viewer).__module__}.{type(viewer).__qualname__}")


def defer_callback(callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Have a function called in the thread that calls the handlers of actions."""
    handlers.call(callback, *args, **kwargs)
