"""What of a process is shown in the cell of a notebook, or at an address."""

from __future__ import annotations

import html
import importlib
import re
import webbrowser
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from . import _notebook
from ._actions import Control
from ._array import SharedArray
from ._process import Process
from ._volume import SharedVolume
from ._webmon import Refused, Webmon, reach

__all__ = ["Shown", "show"]

_LENGTH = re.compile(r"[0-9]+(\.[0-9]+)?(px|%|em|rem|ch|vh|vw)")
_MOST = 10_000  # px


class Page(NamedTuple):
    """A page of webmon, of a process."""

    title: str
    path: str  # "" for that of a topic, which depends on what was sent
    query: dict[str, str]
    height: int  # px, as is usual for it
    alone: bool = True  # without webmon's header


class Shown:
    """A page of webmon as the last line of a cell shows it."""

    def __init__(self, process: Process, page: Page, width: str, height: str, theme: str | None) -> None:
        self._process = process
        self._page = page
        self._size = width, height
        self._theme = theme

    def address(self) -> str:
        """Return where people open it, webmon's token included. Raises OSError or Refused where there is no webmon."""
        webmon, source = reach(self._process)
        return webmon.address(_path(webmon, source, self._page))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": repr(self)}

    def _html(self) -> str:
        page = self._page
        width, height = self._size
        try:
            webmon, source = reach(self._process)
            path = _path(webmon, source, page) + ("&embed=1" if page.alone else "")
            return webmon.cell(path, f"{page.title} of {self._process.name}", width=width, height=height, theme=self._theme)
        except (OSError, Refused) as error:
            return html.escape(f"{page.title} of {self._process.name} cannot be shown: {error}")

    def __repr__(self) -> str:
        return f"webmon: {self._page.title} of {self._process.name}"


def show(
    process: Process,
    what: Any,
    *,
    width: int | str | None,
    height: int | str | None,
    theme: str | None,
    open: bool,
) -> None:
    """Do what webmon.show says; process is the one that the functions of the package act on."""
    if theme not in (None, "light", "dark"):
        raise ValueError(f"theme must be 'light', 'dark' or None, not {theme!r}")
    process, page = _found(process, what)
    shown = Shown(process, page, _length(width, "width", "100%"), _length(height, "height", f"{page.height}px"), theme)
    if _notebook.in_cell():
        importlib.import_module("IPython.display").display(shown)
    elif not open:
        print(f"{shown}: {_address(shown)}")
    if open:
        webbrowser.open(_address(shown))


def _address(shown: Shown) -> str:
    try:
        return shown.address()
    except (OSError, Refused) as error:
        raise RuntimeError(str(error)) from error


def _length(given: int | str | None, name: str, usual: str) -> str:
    """Return a length as CSS has it. Raises TypeError or ValueError."""
    if given is None:
        return usual
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise TypeError(f"{name} must be a whole number of pixels, or text such as '50%', not {type(given).__name__}")
    if isinstance(given, int):
        if not 1 <= given <= _MOST:
            raise ValueError(f"{name} must be 1 to {_MOST} pixels, not {given}")
        return f"{given}px"
    if not _LENGTH.fullmatch(given):
        raise ValueError(f"{name} must be a number of pixels, or text such as '50%' or '30em', not {given!r}")
    return given


def _found(process: Process, what: Any) -> tuple[Process, Page]:
    """Return the process that something belongs to, and its page. Raises TypeError or ValueError."""
    if what is None:
        return process, _whole(process)
    if isinstance(what, Process):
        return what, _whole(what)
    if isinstance(what, str):
        return process, _named(process, what)
    for one in [process, *Process._live]:
        if isinstance(what, SharedArray) and one._arrays.get(what.name) is what:
            return one, _array(what)
        if isinstance(what, SharedVolume) and one._volumes.get(what.name) is what:
            return one, _volume(what.name)
        if isinstance(what, Control) and one._actions.controls.get(what.name) is what:
            return one, _control(what.name)
    if isinstance(what, (SharedArray, SharedVolume, Control)):
        raise ValueError(f"{what.name} is closed, or was replaced by another of its name: show that, or webmon.show({what.name!r})")
    raise TypeError(f"what is shown must be a name, or what share, volume, control or serve have returned, not {type(what).__name__}")


def _named(process: Process, name: str) -> Page:
    array = process._arrays.get(name)
    if array is not None:
        return _array(array)
    names = process._names()
    if name in names["volume"]:
        return _volume(name)
    if name in names["command or control"]:
        return _control(name)
    topic = next((topic for topic in names["topic"] if name == topic or name.startswith(f"{topic}.")), None)
    if topic is not None:
        return Page(name, f"/individual/{quote(name)}" if name != topic else "", {}, 300)
    known = sorted({one for of in names.values() for one in of})
    raise ValueError(f"{process.name} has nothing that is called {name[:80]!r}; it has {', '.join(known[:20]) or 'nothing yet'}")


def _whole(process: Process) -> Page:
    if process._offer.kind[0] == "napari":
        path = "/viewer"
    else:
        path = "/arrays" if process._arrays.names() else "/messages"
    return Page("Dashboard", path, {}, 640, alone=False)


def _array(array: SharedArray) -> Page:
    return Page(array.name, "/arrays", {"array": array.name}, 320 if array.dtype.names else 420)


def _volume(name: str) -> Page:
    return Page(name, "/volumes/{source}/" + quote(name), {}, 520)


def _control(name: str) -> Page:
    return Page(name, "/controls", {"search": name}, 180)


def _path(webmon: Webmon, source: str, page: Page) -> str:
    """Return the path and the query of a page of the source. Raises OSError or Refused."""
    path, query = page.path.format(source=source), page.query
    if not path:
        number = _number(webmon, source, page.title)
        path, query = (f"/individual/{quote(number)}", {}) if number else ("/messages", {"search": page.title})
    return f"{path}?{urlencode({'source': unquote(source), **query})}"


def _number(webmon: Webmon, source: str, topic: str) -> str | None:
    """Return the one number of a topic, as webmon calls it, None where there are more or none."""
    value = webmon.ask("GET", f"/api/v1/sources/{source}/state").get(topic)
    if value is None:
        sent = webmon.ask("GET", f"/api/v1/sources/{source}/events/{quote(topic)}?seconds=900&format=json")
        value = sent[-1] if sent else None
    found = list(_numbers(topic, value))
    return found[0] if len(found) == 1 else None


def _numbers(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "time":
                yield from _numbers(f"{name}.{key}", inner)
    elif isinstance(value, (int, float)):
        yield name
