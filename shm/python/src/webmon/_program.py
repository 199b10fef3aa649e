"""The program webmon as it comes with the package: a wheel for a platform brings it, a checkout or the sources do not."""

from __future__ import annotations

import functools
import os
import sys
from importlib import metadata
from pathlib import Path
from shutil import which

__all__ = ["bundled"]

_DISTRIBUTION = "napari-webmon"


@functools.lru_cache(maxsize=1)
def bundled() -> str | None:
    """Return the path of the program that was installed with this package, None if none was.

    It need not be on the PATH: that of an environment which is not activated is found too.
    """
    name = "webmon.exe" if sys.platform == "win32" else "webmon"
    here = Path(__file__)
    for distribution in metadata.distributions(name=_DISTRIBUTION):
        files = distribution.files or []
        # A checkout on the PYTHONPATH may hide a package that is installed, whose program is of another version.
        if not any(file.name == here.name and _same(distribution.locate_file(file), here) for file in files):
            continue
        candidates = [Path(str(distribution.locate_file(file))) for file in files if file.name == name]
        candidates.append(here.parent.parent / "bin" / name)  # pip install --target moves it there, and does not note it
        for candidate in candidates:
            found = which(os.path.normpath(candidate))
            if found is not None:
                return found
    return None


def _same(path: object, other: Path) -> bool:
    try:
        return os.path.samefile(str(path), other)
    except OSError:
        return False
