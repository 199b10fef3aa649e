"""The webmon that runs on this machine, as a script asks it."""

from __future__ import annotations

import hashlib
import html
import http.client
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from . import _announce
from ._process import Process

__all__ = ["Refused", "Webmon", "cell", "find"]

PATIENCE = 15.0  # seconds for an answer
SILENCE = 50.0  # seconds after which a stream is taken for broken: webmon sends a sign of life every 15
START = 20.0  # seconds that webmon may take to start and to find a process


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
        if not token or not self._token:
            return self._public + path
        return f"{self._public}{path}{'&' if '?' in path else '?'}token={quote(self._token)}"

    def below(self, address: str) -> str | None:
        """Return an address of webmon without its origin, as it is below Jupyter's; None if webmon was not started there."""
        if not self._prefix.endswith("/webmon") or not address.startswith(self._public + "/"):
            return None
        return self._prefix + address[len(self._public) :]

    def cell(self, address: str, title: str) -> str:
        """Return what the cell of a notebook shows for one of webmon's addresses, as HTML: a link, and the page below it where that can be.

        Pages of webmon are shown in frames of their own origin alone, which they are where webmon is a part of Jupyter.
        """
        below = self.below(address) if "JPY_PARENT_PID" in os.environ else None  # in a kernel that Jupyter has started
        link = f'<a href="{html.escape(below or address)}" target="_blank">{html.escape(title)}</a>'
        if below is None:
            return link
        return (
            f'{link}<iframe src="{html.escape(below)}" title="{html.escape(title)}"'
            ' style="display: block; width: 100%; height: 600px; border: 0" allowfullscreen></iframe>'
        )

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

    def ask(self, method: str, path: str, body: Any = None, timeout: float = PATIENCE) -> Any:
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
        connection = self.connect(SILENCE)
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


def find(process: Process, stopped: threading.Event) -> tuple[Webmon, str]:
    """Return the webmon that runs, once it has found the process, and what it calls that in addresses, quoted.

    Raises OSError, after START seconds at the latest, if there is none or it does not find it, and as soon as stopped is set.
    """
    record = _announce.record()
    if record is None:
        raise OSError(
            "no webmon is running: start the program webmon; it is started by itself if it came with the package, is on the PATH or in the environment variable WEBMON"
        )
    webmon = Webmon(record)
    until = time.monotonic() + START
    while True:
        for source in webmon.ask("GET", "/api/v1/sources"):
            if source.get("instance") == process.instance:
                return webmon, quote(str(source["id"]), safe="")
        if time.monotonic() > until:
            raise OSError(f"webmon does not find the process {process.name}")
        if process.closed:
            raise OSError(f"the process {process.name} is not offered any more")
        if stopped.wait(0.05):
            raise OSError("the viewer was stopped")



def cell(process: Process, page: str, title: str) -> str:
    """Return what the cell of a notebook shows for a page of a process, as HTML, or a sentence why there is none.

    It waits for a webmon that is being started.

    Parameters
    ----------
    process
        Whose page it is.
    page
        Its path on webmon and its query, without the process: "/viewer?view=canvas".
    title
        Of the link.
    """
    until = time.monotonic() + START
    while _announce.record() is None and _announce.find_webmon() is not None and time.monotonic() < until:
        time.sleep(0.05)
    try:
        webmon, source = find(process, threading.Event())
    except (OSError, Refused) as error:
        return html.escape(str(error))
    return webmon.cell(webmon.address(f"{page}{'&' if '?' in page else '?'}source={source}"), title)
