"""The webmon that runs on this machine, as a script asks it."""

from __future__ import annotations

import hashlib
import html
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from . import _announce, _notebook
from ._process import Process

if TYPE_CHECKING:
    import asyncio

__all__ = ["Refused", "Webmon", "cell", "find", "reach"]

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

    def cell(self, path: str, title: str, *, width: str = "100%", height: str = "600px", theme: str | None = None) -> str:
        """Return what the cell of a notebook shows for one of webmon's pages, as HTML: the page, or a link and why it is one.

        A notebook is kept and passed on, so no token is in it: what is lets one browser in, once and soon. Raises OSError.

        Parameters
        ----------
        path
            Of the page, with its query.
        title
            What it is, in a few words.
        width, height
            Of the frame, as CSS has lengths.
        theme
            "dark", "light", or None for that of JupyterLab.
        """
        prefix, why = self._framed()
        joint = "&" if "?" in path else "?"
        ticket = self.ask("POST", "/api/v1/tickets")["ticket"] if self._token else ""
        query = "&".join([f"theme={theme}"] * bool(theme) + [f"ticket={quote(ticket)}"] * bool(ticket))
        address = html.escape(f"{self._public if prefix is None else prefix}{path}{joint if query else ''}{query}")
        title = html.escape(title)
        if prefix is None:
            return f'<p><a href="{address}" target="_blank">webmon: {title}</a><br>{html.escape(why)}</p>'
        # What is inside is read where frames are taken out of a notebook, such as before it is trusted.
        return (
            f'<iframe src="{address}" title="{title}" style="display: block; width: {width}; height: {height}; border: 0" allowfullscreen>'
            f"webmon: {title}. It is shown here live, once the cell was run.</iframe>"
        )

    def _framed(self) -> tuple[str | None, str]:
        """Return the path below which a cell can show pages, or None and a sentence why none can. Raises OSError."""
        place = _notebook.place()
        if not place.base:
            return None, place.why
        if self._tls and not place.entry:
            return (
                None,
                "webmon serves https, which Jupyter passes on only if this package is in the environment that Jupyter runs in, too.",
            )
        prefix = place.prefix(self._port or 0)
        if prefix != self._prefix:
            try:
                self.serve_below(prefix, _notebook.public_names())
            except Refused as error:
                return None, f"Jupyter cannot show it here. {error}"
        return prefix, ""

    def serve_below(self, prefix: str, hosts: list[str]) -> None:
        """Have it serve below a prefix of a proxy, which browsers reach by hosts, besides where it serves now.

        Raises OSError, or Refused if it serves below another one.
        """
        if self.ask("POST", "/api/v1/prefix", json.dumps({"prefix": prefix, "hosts": hosts}))["prefix"] == prefix:
            self._public = self._public[: len(self._public) - len(self._prefix)] + prefix
            self._prefix = prefix

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        """Return a connection. Raises OSError."""
        if not self._tls:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
            connection.connect()
            return connection
        context = _unvouched()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        plain = socket.create_connection((self._host, self._port or 443), timeout)
        try:
            wrapped = context.wrap_socket(plain, server_hostname=self._server_name or None)
            self._check(wrapped)
        except BaseException:
            plain.close()
            raise
        connection.sock = wrapped
        return connection

    async def join(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection as asyncio has them. Raises OSError."""
        import asyncio  # which no watched process needs

        if not self._tls:
            return await asyncio.open_connection(self._host, self._port)
        reader, writer = await asyncio.open_connection(
            self._host, self._port or 443, ssl=_unvouched(), server_hostname=self._server_name or self._host
        )
        try:
            self._check(writer.get_extra_info("ssl_object"))
        except BaseException:
            writer.close()
            raise
        return reader, writer

    def _check(self, connection: ssl.SSLSocket | ssl.SSLObject) -> None:
        """Raise OSError if another program than the user's webmon is at the other end."""
        seen = connection.getpeercert(binary_form=True) or b""
        if hashlib.sha256(seen).hexdigest() != self._certificate:
            raise OSError("another program than webmon answers at its address")

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


def _unvouched() -> ssl.SSLContext:
    """Return what believes any certificate: only the user's webmon can have left the fingerprint, which is checked then."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


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


def reach(process: Process) -> tuple[Webmon, str]:
    """Return what find does, and wait for a webmon that is being started."""
    until = time.monotonic() + START
    while _announce.record() is None and _announce.find_webmon() is not None and time.monotonic() < until:
        time.sleep(0.05)
    return find(process, threading.Event())


def cell(process: Process, page: str, title: str) -> str:
    """Return what the cell of a notebook shows for a page of a process, as HTML, or a sentence why there is none.

    Parameters
    ----------
    process
        Whose page it is.
    page
        Its path on webmon and its query, without the process: "/viewer?view=canvas".
    title
        What it is, in a few words.
    """
    try:
        webmon, source = reach(process)
        return webmon.cell(f"{page}{'&' if '?' in page else '?'}source={source}", title)
    except (OSError, Refused) as error:
        return html.escape(str(error))
