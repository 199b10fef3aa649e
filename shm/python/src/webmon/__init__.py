"""webmon shows a running Python process live in the browser, and lets the browser steer it.

    import webmon

    webmon.serve(name="scope")                          # offers this process; returns at once
    webmon.set("stage", {"x": 1.5, "y": 2.0})           # a state: the latest value
    webmon.send("exposure", {"ms": 12.5})               # an event: kept in order, charted
    camera = webmon.share("camera", shape=(2048, 2048), dtype="uint16", axes="yx", units="um")
    camera.publish(frame)                               # never blocks, never waits for anyone

    @webmon.command                                     # becomes a form
    def set_exposure(ms: webmon.Range(0.1, 500)) -> None: ...

    webmon.attach(viewer)                               # a napari viewer

The functions act on one default :class:`Process`. Until :func:`serve` is called they only remember what they are told,
so that a library can use them whether or not its user wants to look.
"""

from __future__ import annotations

import logging as _logging
import threading as _threading
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Literal, TypeVar, overload

from ._about import Scales, Units
from ._actions import Control
from ._array import SharedArray
from ._forms import Range
from ._life import Cost, Stats
from ._process import Process
from ._version import __version__

__all__ = [
    "Control",
    "Cost",
    "Process",
    "Range",
    "SharedArray",
    "Stats",
    "__version__",
    "attach",
    "close",
    "command",
    "control",
    "poll",
    "send",
    "serve",
    "set",
    "share",
    "stats",
    "url",
    "wanted",
]

_F = TypeVar("_F", bound=Callable[..., Any])

_lock = _threading.Lock()  # guards _served
_opening = _threading.Lock()  # held while the default process is offered
# Kept when this module is loaded again, as in a notebook: the process goes on.
_served: Process | None = globals().get("_served")


def _default() -> Process:
    """The process that the functions act on: one that was closed is followed by a new one."""
    global _served
    process = _served
    if process is None or process._life.closed:
        with _lock:
            if _served is None or _served.closed:
                _served = Process._unopened()
            process = _served
    return process


def serve(
    name: str | None = None,
    *,
    commands: Literal["thread", "poll"] = "thread",
    launch: bool = True,
) -> Process:
    """Offers this process to webmon and returns at once; the process ends as ever, and the offer with it.

    Called again it returns the same :class:`Process`, so that a notebook's cell can be run twice. It may come before or
    after :func:`attach`: a script and its viewer are one process.

    Args:
        name: what people call the process. Default: the name of the script.
        commands: "thread" runs commands in a thread of their own; "poll" leaves them until :func:`poll` is called.
        launch: start the webmon program if it is found ($WEBMON, then the PATH) and none is running.

    Raises:
        ValueError: the process is offered already, under another name or with other commands.
    """
    process = _default()
    with _opening:
        if process._life.opened:
            process._serve(name, commands)
        else:
            process._open(name, kind="python", napari=None, commands=commands, launch=launch)
            process._served = True
    return process


def set(name: str, value: Any, **meta: Any) -> None:
    """Sets a state: people see the latest value. See :meth:`Process.set`."""
    _default().set(name, value, **meta)


def send(name: str, value: Any, **meta: Any) -> None:
    """Sends an event: events are kept in order, counted and charted. See :meth:`Process.send`."""
    _default().send(name, value, **meta)


def share(
    name: str,
    shape: int | Sequence[int],
    dtype: Any,
    axes: str | Sequence[str] | None = None,
    *,
    units: Units = None,
    scale: Scales = None,
    title: str | None = None,
    role: str = "",
    colormap: str | None = None,
    limits: tuple[float, float] | None = None,
    unit: str | None = None,
    layer: str | None = None,
    slots: int = 3,
) -> SharedArray:
    """Shares an array by shared memory. See :meth:`Process.share`."""
    return _default().share(
        name, shape, dtype, axes,
        units=units, scale=scale, title=title, role=role, colormap=colormap, limits=limits, unit=unit, layer=layer, slots=slots,
    )  # fmt: skip


def control(
    name: str,
    type: str,
    value: Any,
    *,
    set: Callable[[Any], object] | None = None,
    default: Any = None,
    min: float | None = None,
    max: float | None = None,
    step: float | None = None,
    scale: str | None = None,
    unit: str | None = None,
    choices: Iterable[str] | None = None,
    title: str | None = None,
    help: str | None = None,
    group: str | None = None,
) -> Control:
    """Declares a value that people may change. See :meth:`Process.control`."""
    return _default().control(
        name, type, value, set=set, default=default, min=min, max=max, step=step, scale=scale, unit=unit,
        choices=choices, title=title, help=help, group=group,
    )  # fmt: skip


@overload
def command(fn: _F) -> _F: ...
@overload
def command(
    fn: None = None, *, name: str | None = None, title: str | None = None, help: str | None = None, group: str | None = None
) -> Callable[[_F], _F]: ...
def command(
    fn: Any = None,
    *,
    name: str | None = None,
    title: str | None = None,
    help: str | None = None,
    group: str | None = None,
) -> Any:
    """Lets people call a function by a form. See :meth:`Process.command`."""
    return _default().command(fn, name=name, title=title, help=help, group=group)


def wanted(topic: str) -> float:
    """How often a second somebody wants the topic, 0.0 for nobody. See :meth:`Process.wanted`."""
    return _default().wanted(topic)


def poll() -> int:
    """Runs the commands that wait, in this thread, and returns how many ran; for serve(commands="poll")."""
    return _default().poll()


def stats() -> Stats:
    """How many events wait for a webmon, and how many were lost. See :meth:`Process.stats`."""
    return _default().stats()


def url() -> str | None:
    """Where people open the dashboard, token included; None if no webmon is running."""
    return _default().url


def attach(viewer: Any) -> Any:
    """Offers a napari viewer to webmon, with its layers, tiles, frame times, loads and everything that can be changed.

    Called again for the same viewer it returns the same attachment; its detach() ends the offer, as the viewer's end does.
    A script and its viewer are one process on the pages, whether :func:`serve` is called before, after or not at all: the
    script's arrays, values and commands stand beside the layers, and stay when the viewer is gone. While it is there all
    commands run in Qt's thread. Every further viewer is a process of its own, called by its title.
    """
    from . import _napari

    return _napari.attach(viewer)


def _offer_napari(title: str, version: str | None, clash: Callable[[Process], str | None]) -> Process:
    """Returns what a viewer is offered as: the default process, unless that has a viewer already or, as clash says, things of
    the same names as a viewer's; then a new one."""
    process = _default()
    with _opening:
        if process._orders.host is None:
            reason = clash(process)
            if reason is None:
                if not process._life.opened:
                    process._open(title, kind="napari", napari=version, commands="thread", launch=True)
                return process
            _logging.getLogger("webmon").warning("the viewer is a process of its own on the pages: %s", reason)
    return Process(title, kind="napari", napari=version)


def close() -> None:
    """Stops offering the process. Afterwards :func:`serve` may be called again."""
    global _served
    with _lock:
        process, _served = _served, None
    if process is not None:
        process.close()
