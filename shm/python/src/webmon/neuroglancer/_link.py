"""The connection of a viewer to webmon, which has its address and tells it what browsers do."""

from __future__ import annotations

import http.client
import json
import logging
import secrets
import socket
import threading
import time
import weakref
from typing import Any, Callable
from urllib.parse import quote

from .. import _announce
from .._process import Process
from .._webmon import START, Refused, Webmon, find

__all__ = ["Link", "Refused", "Webmon"]

log = logging.getLogger("webmon")

_RETRY = (0.1, 2.0)  # seconds between two tries, the first and the longest
_MOST = {"state": 8 << 20, "config": 1 << 20}  # bytes that webmon takes; it breaks off where more are sent


def _found(process: Process, stopped: threading.Event) -> tuple[Webmon, str]:
    """Return the webmon that runs, and the path of the process's volumes. Raises OSError if there is none, or it does not know it."""
    webmon, source = find(process, stopped)
    return webmon, f"/volumes/{source}"


class Link:
    """Keeps a viewer's view on webmon the same as the viewer's states, in a thread of its own.

    Parameters
    ----------
    viewer
        Held weakly: the link ends with it, and webmon keeps the last view.
    token
        Of the view.
    process
        Whose view it is.
    """

    def __init__(self, viewer: Any, token: str, process: Process) -> None:
        self.token = token
        self.client = secrets.token_hex(10)  # names this script in generations
        self.process = process
        self.problem = ""  # why there is no connection, a sentence
        self._viewer = weakref.ref(viewer)
        self._lock = threading.Lock()  # guards _number, _at and _sock
        self._number = 0  # of the last change
        self._at: tuple[Webmon, str] | None = None
        self._sock: socket.socket | None = None
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"webmon view {token[:8]}", daemon=True)
        weakref.finalize(viewer, Link.end, self)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._ready.is_set() and not self.stopped

    @property
    def stopped(self) -> bool:
        """Whether it has ended for good."""
        return self._stopped.is_set()

    def where(self, wait: float = START + 5) -> tuple[Webmon, str]:
        """Return webmon and the path of the process's volumes, once there is one. Raises RuntimeError that says why there is none."""
        until = time.monotonic() + wait
        while not self._ready.wait(0.2):
            hopeless = self.problem and _announce.record() is None and _announce.find_webmon() is None
            if hopeless or time.monotonic() > until:
                raise RuntimeError(f"the viewer has no address: {self.problem or 'webmon has not answered yet'}")
        if self.stopped:
            raise RuntimeError("the viewer has no address: it was stopped")
        with self._lock:
            at = self._at
        if at is None:
            raise RuntimeError(f"the viewer has no address: {self.problem or 'the connection to webmon was lost'}")
        return at

    def post(self, what: str, state: str, previous: str | None) -> tuple[str, int] | None:
        """Change a state on webmon: "state" or "config".

        Parameters
        ----------
        what
            Which.
        state
            JSON.
        previous
            The generation that is changed, None for whatever it is.

        Returns
        -------
        (str, int) or None
            The new generation and the number of the change; None where somebody else has changed it meanwhile.

        Raises
        ------
        OSError
            If webmon cannot be reached, or has the view no more.
        ValueError
            If it refuses the state; it says why.
        """
        if len(state) > _MOST[what]:
            raise ValueError(f"webmon refuses the {what}: it has {len(state)} bytes, and may have {_MOST[what]}")
        with self._lock:
            self._number += 1
            number, at = self._number, self._at
        if at is None:
            raise OSError("there is no connection to webmon")
        webmon, path = at
        body = f'{{"s":{state},"g":{number},"pg":{json.dumps(previous)},"c":"{self.client}"}}'
        try:
            answer = webmon.ask("POST", f"{path}/{what}/{self.token}", body.encode())
        except Refused as error:
            if error.status == 412:
                return None
            if error.status in (401, 404, 502, 503, 504):
                raise OSError(str(error)) from error
            raise ValueError(f"webmon refuses the {what}: {error}") from error
        return str(answer["g"]), int(answer["n"])

    def changed(self, versions: dict[str, int], timeout: float) -> None:
        """Tell webmon how often the content of volumes has changed, by their tokens: browsers know when it returns.

        Raises OSError or Refused, at the latest a moment after the timeout in seconds.
        """
        with self._lock:
            at = self._at
        if at is None:
            raise OSError("there is no connection to webmon")
        webmon, path = at
        webmon.ask("POST", f"{path}/changed/{self.token}", json.dumps({"versions": versions}).encode(), timeout)

    def view(self) -> dict[str, Any]:
        """Return what webmon has of the view now, and make the view if it has none. Raises OSError or Refused."""
        with self._lock:
            at = self._at
        if at is None:
            raise OSError("there is no connection to webmon")
        return self._view(*at)

    def _view(self, webmon: Webmon, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = webmon.ask("PUT", f"{path}/views/{self.token}", b"{}")
        return answer

    def lost(self) -> None:
        """Have the connection made again."""
        with self._lock:
            sock = self._sock
        if sock is not None:
            _shut(sock)

    def end(self, forget: bool = False) -> None:
        """End the connection; webmon keeps the view as it is now, unless it is to forget it."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        with self._lock:
            at = self._at
        if forget and at is not None:
            try:
                at[0].ask("DELETE", f"{at[1]}/views/{self.token}")
            except (OSError, Refused) as error:
                log.debug("the view %s was not forgotten: %s", self.token, error)
        self.lost()
        self._ready.set()

    def _run(self) -> None:
        wait = _RETRY[0]
        while not self._stopped.is_set():
            try:
                self._hold()
            except (OSError, Refused, http.client.HTTPException, ValueError) as error:
                if self.problem != str(error):
                    log.debug("the view %s has no connection: %s", self.token, error)
                self.problem = str(error)
            if self._ready.is_set():
                wait = _RETRY[0]  # there was a connection
            with self._lock:
                self._at, self._sock = None, None
            if not self._stopped.is_set():
                self._ready.clear()
            self._tell(lambda viewer: viewer._down())
            if self._viewer() is None:
                return
            self._stopped.wait(wait)
            wait = min(2 * wait, _RETRY[1])

    def _hold(self) -> None:
        """Connect, and take what browsers do until the connection ends."""
        webmon, path = at = _found(self.process, self._stopped)
        answer = self._view(webmon, path)
        with self._lock:
            self._at = at
        viewer = self._viewer()
        if viewer is None:
            return
        config, state = viewer._up(answer)
        synchronized = viewer._synchronized
        del viewer
        events_of = f"{path}/events/{self.token}?script=1&c={self.client}&gc={quote(config)}"
        sock, events = webmon.stream(events_of + (f"&gs={quote(state)}" if synchronized else ""))
        with self._lock:
            self._sock = sock
        self.problem = ""
        self._ready.set()
        if self._stopped.is_set():
            _shut(sock)
        for event in events:
            self._tell(lambda viewer, event=event: viewer._heard(event))  # type: ignore[misc]
        raise OSError("webmon has closed the connection")

    def _tell(self, what: Callable[[Any], object]) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        try:
            what(viewer)
        except Exception:
            log.exception("what a browser has done could not be taken")


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
