"""How a process is found and reached: its name, its server and its announcement."""

from __future__ import annotations

import logging
import os
import platform
import re
import secrets
import sys
import time
from pathlib import Path
from typing import Any, Callable

from . import _announce
from ._changes import Changes
from ._resources import Data
from ._server import Server
from ._version import PROTOCOL, __version__

__all__ = ["Offer", "checked_name"]

log = logging.getLogger("webmon")

_KINDS = ("python", "napari", "model")


class Offer:
    """What a process says of itself to those who look for one, and where it listens."""

    def __init__(self, data: Data, changes: Changes) -> None:
        self._data = data
        self._changes = changes
        self.name = ""
        self.kind: tuple[str, str | None] = ("python", None)  # and the version of napari, where it is one
        self.instance = ""
        self.address = ""  # host and port, once it is served
        self.key = ""  # what a client has to know
        self.server: Server | None = None
        self.announcement: _announce.Announcement | None = None
        self._started = 0.0  # when it was served, s since the epoch

    def introduce(self, name: str | None, kind: str, napari: str | None) -> None:
        """Say what the process is. Raises ValueError where there is no such kind, TypeError for a name that is no text."""
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, _KINDS))}, not {kind!r}")
        self.name = checked_name(name) or checked_name(_default_name()) or "python"
        self.instance = secrets.token_hex(8)
        self.kind = kind, napari
        self._greet()

    def become(self, name: str | None = None, kind: tuple[str, str | None] | None = None) -> None:
        """Make the process another kind, or give it another name; who watches goes on."""
        self.name = name or self.name
        self.kind = kind or self.kind
        self._greet()
        if self.announcement is not None:
            try:
                self.announcement.rewrite(self._about())
            except OSError as error:
                log.debug("the announcement could not be changed: %s", error)

    def serve(self, resources: dict[str, Any], asked: Callable[[bytes, Callable[[], bool]], list[Any] | None]) -> None:
        """Begin to listen; asked answers what volumes are asked for. Raises OSError or RuntimeError where the machine has no port or no thread for that."""
        self.key = secrets.token_hex(32)
        self.server = server = Server(resources, self.key.encode("ascii"), asked)
        server.start()
        self.address = server.address
        self._started = time.time()

    def announce(self) -> None:
        """Let webmon find the process, or say in the log why it cannot."""
        try:
            _announce.sweep_announcements()
            self.announcement = _announce.Announcement(self._about())
        except OSError as error:
            log.warning("webmon cannot find this process: %s", error)

    def heard(self) -> bool:
        """Whether anybody is connected."""
        server = self.server
        return server is not None and server.connections > 0

    def withdraw(self) -> None:
        """Take the announcement back: nobody finds the process any more."""
        if self.announcement is not None:
            self.announcement.remove()

    def close(self) -> None:
        """End the server, and with it all connections."""
        server, self.server = self.server, None
        if server is not None:
            server.close()

    def forked(self) -> None:
        """In a forked child: what is offered is the parent."""
        if self.announcement is not None:
            self.announcement.abandon()
        if self.server is not None:
            self.server.abandon()

    def _greet(self) -> None:
        kind, napari = self.kind
        self._data.values_["hello"] = {
            "protocol": PROTOCOL,
            "name": self.name,
            "kind": kind,
            "pid": os.getpid(),
            "instance": self.instance,
            "python": platform.python_version(),
            "napari": napari,
            "package": __version__,
            "asks": True,
        }
        self._changes.declared("hello")

    def _about(self) -> dict[str, Any]:
        """Return what is announced of the process."""
        return {
            "protocol": PROTOCOL,
            "name": self.name,
            "kind": self.kind[0],
            "pid": os.getpid(),
            "instance": self.instance,
            "address": self.address,
            "authkey": self.key,
            "started": self._started,
        }


def checked_name(name: str | None) -> str | None:
    """Return the name as people see it, None if there is none to speak of. Raises TypeError for what is no text."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"the name must be text, not {type(name).__name__}")
    return (name or "").strip()[:80].strip() or None


def _default_name() -> str:
    """Return the name of the script."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None) or (sys.argv[0] if sys.argv else "")
    stem = Path(file).stem if file else ""
    if "ipykernel" in sys.modules and stem in ("", "ipykernel_launcher", "__main__"):
        return "jupyter"
    if stem == "__main__":
        stem = Path(file).parent.name
    return re.sub(r"[^\w. -]+", "-", stem).strip("-") or "python"
