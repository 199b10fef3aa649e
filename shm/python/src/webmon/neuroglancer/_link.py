"""The connection of a viewer to webmon, which has its address and tells it what browsers do."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import secrets
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any, Callable
from urllib.parse import parse_qs, quote, urlsplit

from .. import _announce
from .._process import Process

__all__ = ["Link", "Refused", "Webmon"]

log = logging.getLogger("webmon")

_PATIENCE = 15.0  # seconds for an answer
_SILENCE = 50.0  # seconds after which a stream is taken for broken: webmon sends a sign of life every 15
_RETRY = (0.1, 2.0)  # seconds between two tries, the first and the longest
_MOST = {"state": 8 << 20, "config": 1 << 20}  # bytes that webmon takes; it breaks off where more are sent
_START = 20.0  # seconds that webmon may take to start and to find the process


class Refused(RuntimeError):
    """Says in webmon's words why it does not do what it was asked for."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Webmon:
    """The webmon that runs on this machine.

    Parameters
    ----------
    record
        What it has left for others, see _announce.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        public = urlsplit(str(record.get("url", "")))
        near = urlsplit(str(record.get("handover", ""))) if record.get("handover") else public
        self._host, self._port = near.hostname or "127.0.0.1", near.port
        self._tls = near.scheme == "https"
        self._certificate, self._server_name = str(record.get("certificate", "")), str(record.get("server_name", ""))
        self._prefix = public.path.rstrip("/")
        self._token = parse_qs(public.query).get("token", [""])[0]
        self._public = f"{public.scheme}://{public.netloc}{self._prefix}"

    def address(self, path: str, token: bool = True) -> str:
        """Return what people open to get to a path, which begins with a slash."""
        return self._public + path + (f"?token={quote(self._token)}" if token and self._token else "")

    def below(self, address: str) -> str | None:
        """Return an address of webmon without its origin, as it is below Jupyter's; None if webmon was not started there."""
        if not self._prefix.endswith("/webmon") or not address.startswith(self._public + "/"):
            return None
        return self._prefix + address[len(self._public) :]

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        """Return a connection. Raises OSError."""
        if not self._tls:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
            connection.connect()
            return connection
        # No authority has to vouch for it: only the user's webmon can have left the fingerprint.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        plain = socket.create_connection((self._host, self._port or 443), timeout)
        try:
            wrapped = context.wrap_socket(plain, server_hostname=self._server_name or None)
            seen = wrapped.getpeercert(binary_form=True) or b""
            if hashlib.sha256(seen).hexdigest() != self._certificate:
                raise OSError("another program than webmon answers at its address")
        except BaseException:
            plain.close()
            raise
        connection.sock = wrapped
        return connection

    def ask(self, method: str, path: str, body: Any = None, timeout: float = _PATIENCE) -> Any:
        """Return the answer to a request, None if it is empty. Raises OSError, or Refused for an answer that says why not."""
        connection = self.connect(timeout)
        try:
            response = self._send(connection, method, path, body)
            return _answer(response)
        except http.client.HTTPException as error:
            raise OSError(f"webmon broke off: {error!r}") from error
        finally:
            connection.close()

    def stream(self, path: str) -> tuple[socket.socket, Iterator[dict[str, Any]]]:
        """Open a stream of events. Returns its socket, by which others can end it, and the events. None of them is a sign of life."""
        connection = self.connect(_SILENCE)
        assert connection.sock is not None
        sock = connection.sock
        try:
            response = self._send(connection, "GET", path, None)
            if response.status != 200:
                _answer(response)
        except BaseException:
            connection.close()
            raise
        return sock, _events(connection, response)

    def _send(self, connection: http.client.HTTPConnection, method: str, path: str, body: Any) -> http.client.HTTPResponse:
        headers = {"Connection": "close"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, self._prefix + path, body, headers)
        return connection.getresponse()


def _answer(response: http.client.HTTPResponse) -> Any:
    data = response.read()
    if 200 <= response.status < 300:
        return json.loads(data) if data else None
    try:
        text = json.loads(data)
        text = text.get("error") or text.get("message") or ""
    except (ValueError, AttributeError):
        text = data.decode("utf-8", "replace").strip()
    raise Refused(response.status, str(text)[:1000] or f"webmon answers with the status {response.status}")


def _events(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    try:
        while True:
            line = response.readline()
            if not line:
                return
            if line.startswith(b"data:"):
                yield json.loads(line[5:])
    finally:
        response.close()
        connection.close()


def _found(process: Process, stopped: threading.Event) -> tuple[Webmon, str]:
    """Return the webmon that runs, and the path of the process's volumes. Raises OSError if there is none, or it does not know it."""
    record = _announce.record()
    if record is None:
        raise OSError(
            "no webmon is running: start the program webmon, or put it on the PATH or into the environment variable WEBMON, so that it is started"
        )
    webmon = Webmon(record)
    until = time.monotonic() + _START
    while True:
        for source in webmon.ask("GET", "/api/v1/sources"):
            if source.get("instance") == process.instance:
                return webmon, f"/volumes/{quote(str(source['id']), safe='')}"
        if time.monotonic() > until:
            raise OSError(f"webmon does not find the process {process.name}")
        if process.closed:
            raise OSError(f"the process {process.name} is not offered any more")
        if stopped.wait(0.05):
            raise OSError("the viewer was stopped")


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

    def where(self, wait: float = _START + 5) -> tuple[Webmon, str]:
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
