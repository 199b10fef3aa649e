"""The entry of the dashboard in Jupyter's launcher, by way of jupyter-server-proxy.

Jupyter starts ``python -m webmon._jupyter PORT PREFIX``, which becomes the webmon program. If a webmon of the user runs
already, it passes on to that one, which then serves below the prefix, too. Where there is none, or that one has another
prefix, a page at its place says so.
"""

from __future__ import annotations

import asyncio
import html
import logging
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from . import _announce, _notebook, _private
from ._webmon import Refused, Webmon

__all__ = ["main", "server"]

log = logging.getLogger("webmon")

_HEAD = 1 << 16  # bytes of a request's head, and that are passed on at once
_PATIENCE = 30.0  # seconds for a request's head


def server() -> dict[str, Any]:
    """Return what jupyter-server-proxy needs to start webmon and to show it."""
    environment = {}
    names = _notebook.public_names()
    if names:
        environment["WEBMON_ALLOW_HOST"] = ",".join(names)
    path = "webmon/"
    token = _token()
    if token:
        # Jupyter tells the launcher's addresses only to who has logged in. The token then goes into a cookie.
        path += f"?token={token}"
        environment["WEBMON_TOKEN"] = token
    return {
        "command": [sys.executable or "python3", "-m", "webmon._jupyter", "{port}", "{base_url}webmon"],
        "environment": environment,
        "timeout": 30,
        # webmon knows its prefix. Without this the proxy would add it to redirects a second time.
        "absolute_url": True,
        "new_browser_tab": True,
        "launcher_entry": {
            "enabled": True,
            "title": "webmon",
            "icon_path": str(Path(__file__).with_name("icon.svg")),
            "path_info": path,
        },
    }


def _token() -> str | None:
    """Return the token that webmon keeps for its user, so that a bookmark outlives Jupyter.

    It is made as webmon would make it, if need be. None where there is no place for it: the page then asks for the one that
    webmon has.
    """
    if os.environ.get("WEBMON_TOKEN"):
        return os.environ["WEBMON_TOKEN"]
    try:
        path = _announce.state_dir() / "token"
        try:
            token = _private.read(path, 4096).decode("ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            token = ""
        except _private.NotBelieved as error:
            # A folder that is not believed lets nothing be written either.
            log.warning("a new token is made, because somebody else may know the old one: %s", error)
            token = ""
        if len(token) == 40 and all(c in "0123456789abcdefABCDEF" for c in token):
            return token
        token = secrets.token_hex(20)
        _private.write(path, token.encode("ascii") + b"\n")
        return token
    except (OSError, ValueError):
        return None


def main(arguments: list[str]) -> int:
    """Become webmon, or stand on the port for the one that runs, or say there why there is none."""
    if len(arguments) != 2 or not arguments[0].isdigit():
        print("usage: python -m webmon._jupyter PORT PREFIX", file=sys.stderr)
        return 2
    port, prefix = arguments
    program = _announce.find_webmon()
    if program is None or _announce.record() is not None:
        asyncio.run(_Door(prefix).serve(int(port)))
        return 1  # Jupyter starts again what ends with an error, and nothing else
    # Jupyter's proxy speaks plain http to what it starts, on this machine, whatever the environment says of https.
    command = [program, "--port", port, "--prefix", prefix, "--tls=false"]
    if sys.platform == "win32":
        return subprocess.call(command)
    os.execv(program, command)


class _Page(NamedTuple):
    """What is said where nothing can be passed on."""

    title: str
    text: str  # HTML
    again: bool = False  # Jupyter starts this module again, which then becomes webmon


class _Door:
    """Passes on what comes to the port to the webmon that runs, byte by byte, or answers why it does not.

    Parameters
    ----------
    prefix
        Below which Jupyter serves the port.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._done: asyncio.Event | None = None
        self._asked: tuple[Any, Webmon] | None = None  # which webmon serves below the prefix, by its record

    async def serve(self, port: int) -> None:
        """Serve on a port of this machine until there is room for a webmon."""
        self._done = asyncio.Event()
        server = await asyncio.start_server(self._came, "127.0.0.1", port, limit=_HEAD)
        async with server:
            await self._done.wait()

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.get_running_loop().run_in_executor(None, self._there)
            if isinstance(there, _Page):
                await _say(there, reader, writer)
                if there.again and self._done is not None:
                    self._done.set()
                return
            to_reader, to_writer = await there.join()
            try:
                await asyncio.gather(_pass(reader, to_writer), _pass(to_reader, writer))
            finally:
                to_writer.close()
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            log.debug("a connection by way of Jupyter ended: %s", error)
        finally:
            writer.close()

    def _there(self) -> Webmon | _Page:
        """Return the webmon to pass on to, or what to say instead."""
        record = _announce.record()
        if record is None:
            if _announce.find_webmon() is None:
                return _Page(
                    "The webmon program is not found",
                    "A wheel of <code>napari-webmon</code> brings it. Beside a package without it, put <code>webmon</code> on the PATH of the "
                    "Jupyter server, or name it in the environment variable <code>WEBMON</code>.",
                )
            return _Page("Starting webmon", "One moment.", again=True)
        if self._asked is not None and self._asked[0] == record:
            return self._asked[1]
        webmon = Webmon(record)
        try:
            webmon.serve_below(self._prefix, _notebook.public_names())
        except (OSError, Refused) as error:
            url = html.escape(str(record.get("url", "")), quote=True)
            return _Page(
                "webmon runs already, elsewhere",
                f'{html.escape(str(error))} It is at <a href="{url}" target="_blank" rel="noreferrer">its own address</a>, which your browser '
                "reaches if it runs on the same machine. To have it here within Jupyter, stop that one first, on its Status page.",
            )
        self._asked = (_announce.record(), webmon)
        return webmon


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Write what is read until it ends, and then say so."""
    while data := await reader.read(_HEAD):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()


async def _say(page: _Page, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a request with a page."""
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE)
    head = '<meta http-equiv="refresh" content="2">' if page.again else ""
    body = _PAGE.format(title=html.escape(page.title), text=page.text, head=head).encode()
    status = "200 OK" if page.again else "503 Service Unavailable"
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    await writer.drain()


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{head}
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 34rem; margin: 15vh auto 0; padding: 0 1.5rem }}
h1 {{ font-size: 1.25rem }}
</style></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
