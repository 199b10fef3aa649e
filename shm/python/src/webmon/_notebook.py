"""The notebook that this process is the kernel of, if it is one, and what of webmon can be shown in its cells.

Pages of webmon stand in frames of their own origin alone. jupyter-server-proxy serves them below Jupyter's own address, at
``<base>webmon/``, which is the launcher's entry, or at ``<base>proxy/absolute/<port>/`` where Jupyter's own environment has the
proxy and not this package.
"""

from __future__ import annotations

import http.client
import importlib
import importlib.util
import json
import os
import ssl
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Place", "in_cell", "place", "public_names"]

_ENTRY = "webmon"  # as pyproject.toml and Jupyter's launcher call it
_PATIENCE = 5.0  # seconds for an answer of Jupyter's
_MOST = 1 << 20  # bytes that are read of what Jupyter says


class Place(NamedTuple):
    """Where a cell can show pages of webmon."""

    base: str = ""  # what Jupyter's addresses begin with, with a slash at both ends; "" where no cell can show them
    entry: bool = False  # Jupyter has the launcher's entry
    why: str = ""  # a sentence where no cell can show them

    def prefix(self, port: int) -> str:
        """Return the path below which Jupyter serves a webmon that listens on a port of this machine."""
        return f"{self.base}{_ENTRY}" if self.entry else f"{self.base}proxy/absolute/{port}"


def in_cell() -> bool:
    """Whether this process is the kernel of a notebook, or of what else shows HTML."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def place() -> Place:
    """Return where a cell can show pages of webmon. It asks Jupyter, and takes a few seconds at most where that does not answer."""
    if "google.colab" in sys.modules:
        return Place(
            why="webmon runs on Colab's machine, which your browser does not reach by this link: run it where you can reach it, such as by a tunnel."
        )
    if "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ:
        return Place(why="VS Code shows no pages of other programs in a cell, so this is a link.")
    about = _server()
    if about is None:
        return Place(why="The program that runs this notebook does not say where it is, so this is a link.")
    base = "/" + str(about.get("base_url") or "/").strip("/") + "/"
    base = base if base != "//" else "/"
    names = _proxied(about, base)
    if names is None:
        return Place(
            why="To have it here in the notebook, put jupyter-server-proxy into the environment that Jupyter runs in "
            "(pip install jupyter-server-proxy), and start Jupyter again."
        )
    return Place(base, _ENTRY in names)


def public_names() -> list[str]:
    """Return the names by which browsers reach Jupyter, as far as a hub tells; webmon refuses names that it does not know."""
    names = [name for name in os.environ.get("WEBMON_ALLOW_HOST", "").split(",") if name]
    for variable in ("JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST"):
        name = urlsplit(os.environ.get(variable, "")).hostname
        if name and name not in names:
            names.append(name)
    return names


def _server() -> dict[str, Any] | None:
    """Return what the Jupyter that has started this kernel says of itself in its runtime folder."""
    pid = os.environ.get("JPY_PARENT_PID", "")
    if pid.isdigit():
        try:
            runtime = importlib.import_module("jupyter_core.paths").jupyter_runtime_dir()
            with open(Path(runtime, f"jpserver-{pid}.json"), encoding="utf-8") as file:
                about = json.loads(file.read(_MOST))
            if isinstance(about, dict):
                return about
        except (ImportError, OSError, ValueError):
            pass
    hub = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
    return {"base_url": hub} if hub and pid else None


def _proxied(about: dict[str, Any], base: str) -> list[str] | None:
    """Return the names of what jupyter-server-proxy can start in a Jupyter; None where that has no such proxy."""
    status, body = _asked(about, f"{base}server-proxy/servers-info")
    if status == 404:
        return None
    try:
        return [str(one["name"]) for one in json.loads(body)["server_processes"]]
    except (ValueError, KeyError, TypeError):
        pass
    # It does not answer, such as one with a password. Most kernels have the environment of their Jupyter.
    if importlib.util.find_spec("jupyter_server_proxy") is None:
        return None
    found: Any = entry_points()
    group = "jupyter_serverproxy_servers"
    chosen = found.select(group=group) if hasattr(found, "select") else found.get(group, ())
    return [one.name for one in chosen]


def _asked(about: dict[str, Any], path: str) -> tuple[int, bytes]:
    """Return the status and the body of Jupyter's answer; 0 where there is none."""
    port = about.get("port")
    if not isinstance(port, int) or about.get("sock"):
        return 0, b""
    host = str(about.get("hostname") or "")
    if host in ("", "*", "0.0.0.0", "::", "localhost"):
        host = "127.0.0.1"
    token = about.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN", "")
    try:
        if about.get("secure"):
            # It is asked what it can start, and no authority has to vouch for that. Its token stays here.
            token = ""
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=_PATIENCE, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
        try:
            connection.request("GET", path, headers={"Authorization": f"token {token}"} if token else {})
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return 0, b""
