"""The entry of the dashboard in Jupyter's launcher, by way of jupyter-server-proxy.

Jupyter starts ``python -m webmon._jupyter PORT PREFIX``, which becomes the webmon program. Where that cannot serve,
because it is not there or another webmon of the user runs already, a page at its place says so.
"""

from __future__ import annotations

import html
import logging
import os
import secrets
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import _announce, _private

__all__ = ["main", "server"]

log = logging.getLogger("webmon")


def server() -> dict[str, Any]:
    """Return what jupyter-server-proxy needs to start webmon and to show it."""
    environment = {}
    names = _public_names()
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


def _public_names() -> list[str]:
    """Return the names by which browsers reach Jupyter, as far as a hub tells; webmon refuses names that it does not know."""
    names = [name for name in os.environ.get("WEBMON_ALLOW_HOST", "").split(",") if name]
    for variable in ("JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST"):
        name = urlsplit(os.environ.get(variable, "")).hostname
        if name and name not in names:
            names.append(name)
    return names


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
    """Become webmon, or say on the port why not."""
    if len(arguments) != 2 or not arguments[0].isdigit():
        print("usage: python -m webmon._jupyter PORT PREFIX", file=sys.stderr)
        return 2
    port, prefix = arguments
    program = _announce.find_webmon()
    if program is None or _announce.record() is not None:
        _explain(int(port))
        return 0
    # Jupyter's proxy speaks plain http to what it starts, on this machine, whatever the environment says of https.
    command = [program, "--port", port, "--prefix", prefix, "--tls=false"]
    if sys.platform == "win32":
        return subprocess.call(command)
    os.execv(program, command)


def _explain(port: int) -> None:
    """Serve a page that says why there is no dashboard here, until there can be one."""

    class Page(BaseHTTPRequestHandler):
        server_version = "webmon"

        def do_GET(self) -> None:
            title, text, again = _why()
            body = _PAGE.format(title=html.escape(title), text=text, head='<meta http-equiv="refresh" content="2">' if again else "")
            data = body.encode()
            self.send_response(200 if again else 503)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(data)
            if again:
                # Jupyter starts this module again with the next request.
                threading.Thread(target=self.server.shutdown, daemon=True).start()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: Jupyter logs requests itself."""

    with HTTPServer(("127.0.0.1", port), Page) as page:
        page.serve_forever()


def _why() -> tuple[str, str, bool]:
    record = _announce.record()
    if record is not None:
        url = html.escape(str(record.get("url", "")), quote=True)
        return (
            "webmon runs already",
            f'It serves at <a href="{url}" target="_blank" rel="noreferrer">its own address</a>, which your browser reaches if it runs on the '
            "same machine. To have it here within Jupyter, stop that one first, on its Status page.",
            False,
        )
    if _announce.find_webmon() is None:
        return (
            "The webmon program is not found",
            "A wheel of <code>napari-webmon</code> brings it. Beside a package without it, put <code>webmon</code> on the PATH of the Jupyter server, "
            "or name it in the environment variable <code>WEBMON</code>.",
            False,
        )
    return "Starting webmon", "One moment.", True


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
