"""The entry of the dashboard in Jupyter's launcher, by way of jupyter-server-proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["server"]


def server() -> dict[str, Any]:
    """Returns what jupyter-server-proxy needs to start webmon and to show it."""
    raise NotImplementedError
