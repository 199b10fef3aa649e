"""What people may open in napari from their browsers: nothing, unless the process allows it.

Paths are those of the machine on which napari runs. What is allowed is a list of folders, and a list of the
beginnings of addresses.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

# What is taken for an address, and not for a path.
_SCHEMES = ("http", "https", "s3", "gs", "ftp", "zarr", "file")


class Openings:
    """What may be opened.

    Parameters
    ----------
    paths : iterable of str or os.PathLike
        Folders: all that lies in one, once symbolic links are followed, may be opened.
    urls : iterable of str
        Beginnings of addresses, such as "https://data.example.org/zarr/": what begins with one, up to a "/", may be opened.

    Raises
    ------
    ValueError
        If a folder is none, or an address has no host.
    """

    def __init__(self, paths: Iterable[Any] = (), urls: Iterable[str] = ()) -> None:
        if isinstance(paths, (str, os.PathLike)):
            paths = [paths]
        if isinstance(urls, str):
            urls = [urls]
        self.folders = [os.path.realpath(os.path.expanduser(os.fspath(path))) for path in paths]
        for folder in self.folders:
            if not os.path.isdir(folder):
                raise ValueError(f"open_paths takes folders, and {folder} is none")
        self.urls = [self._address(url) for url in urls]

    def __bool__(self) -> bool:
        return bool(self.folders or self.urls)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Openings) and (self.folders, self.urls) == (other.folders, other.urls)

    __hash__ = None  # type: ignore[assignment]

    @staticmethod
    def _address(url: str) -> tuple[str, str, str]:
        """Return (scheme, host with port, path) of an address; raise ValueError for one that could lead elsewhere."""
        found = urlsplit(str(url))
        if found.scheme.lower() not in ("http", "https", "s3", "gs") or not found.hostname:
            raise ValueError("an address begins with http://, https://, s3:// or gs:// and a host")
        if found.username is not None or found.password is not None:
            raise ValueError("an address must not have a name or a password in it")
        path = unquote(found.path)
        if "\\" in path or any(part in (".", "..") for part in path.split("/")) or any(ord(letter) < 32 for letter in str(url)):
            raise ValueError("an address must not have . or .. in its path")
        return found.scheme.lower(), found.netloc.lower(), path

    def check(self, path: str) -> str:
        """Return what napari is to open; raise ValueError, with a sentence for people, for what it may not."""
        path = path.strip()
        if not path or "\0" in path:
            raise ValueError("write the path of a file or a folder")
        scheme = urlsplit(path).scheme.lower()
        if scheme in _SCHEMES and "://" in path:
            self._check_url(path)
            return path
        if not self.folders:
            raise ValueError("no folder may be opened from here: webmon.attach(viewer, open_paths=[folder]) allows one")
        asked = os.path.expanduser(path)
        # A path that begins nowhere is one within a folder that is allowed.
        candidates = [asked] if os.path.isabs(asked) else [os.path.join(folder, asked) for folder in self.folders]
        inside = False
        for candidate in candidates:
            real = os.path.realpath(candidate)
            if not any(real == folder or real.startswith(folder.rstrip(os.sep) + os.sep) for folder in self.folders):
                continue
            inside = True
            if os.path.exists(real):
                return real
        # Whether there is anything outside is not told.
        if inside:
            raise ValueError(f"there is no {path} in the folders that may be opened")
        raise ValueError(f"{path} is not in a folder that may be opened, which are {', '.join(self.folders)}")

    def _check_url(self, url: str) -> None:
        if not self.urls:
            raise ValueError("no address may be opened from here: webmon.attach(viewer, open_urls=[address]) allows one")
        scheme, host, path = self._address(url)
        for known in self.urls:
            if (scheme, host) == known[:2] and (path == known[2] or path.startswith(known[2].rstrip("/") + "/")):
                return
        raise ValueError(f"{url} is none of the addresses that may be opened, which begin with {', '.join(f'{s}://{h}{p}' for s, h, p in self.urls)}")

    def told(self) -> str:
        """Return what may be opened, as a sentence."""
        return "Of the machine on which napari runs: " + ", ".join([*self.folders, *(f"{s}://{h}{p}" for s, h, p in self.urls)]) + "."
