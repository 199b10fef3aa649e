"""Whether the package and a webmon fit each other."""

from __future__ import annotations

import re
from typing import Any

from ._version import PROTOCOL, __version__

__all__ = ["misfit"]

_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.\d")


def misfit(version: Any, protocol: Any) -> str | None:
    """Return why a webmon and this package do not fit and what to do about it; None if they do, or nothing is known.

    They fit if they speak the same protocol and have the same major and minor version. webmon has the same rule
    (dashboard/fit.go).

    Parameters
    ----------
    version, protocol
        What the webmon says of itself, such as "0.1.0+g0fe1e07abcde" and 1.
    """
    theirs, ours = _minor(version), _minor(__version__)
    if theirs is None or ours is None or (theirs == ours and protocol == PROTOCOL):
        return None
    clipped = str(version)[:80]
    what = f"the webmon that shows this process is version {clipped}, and the package webmon in this process is version {__version__}"
    if theirs == ours:
        what += f": they speak protocol {str(protocol)[:20]} and {PROTOCOL}"
    what += ". The pages may lack something or be wrong. "
    if theirs < ours:
        return what + "Stop that webmon on its page Status, and start the one of the package with: python -m webmon"
    return what + "Install the package of that webmon's version here"


def _minor(version: Any) -> tuple[int, int] | None:
    found = _VERSION.match(version) if isinstance(version, str) else None
    return (int(found[1]), int(found[2])) if found else None
