"""Shows a running Python process live in the browser, and lets the browser steer it.

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
import os as _os
import threading as _threading
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Literal, TypeVar, overload

from ._about import Scales, Units
from ._actions import Control
from ._array import SharedArray
from ._board import Card
from ._display import display
from ._forms import Choice, Range
from ._life import Cost, Stats
from ._process import Process
from ._version import __version__
from ._volume import SharedVolume

__all__ = [
    "Choice",
    "Control",
    "Cost",
    "Process",
    "Range",
    "SharedArray",
    "SharedVolume",
    "Stats",
    "__version__",
    "attach",
    "board",
    "close",
    "command",
    "control",
    "display",
    "poll",
    "send",
    "serve",
    "set",
    "share",
    "show",
    "stats",
    "url",
    "volume",
    "wanted",
]

_F = TypeVar("_F", bound=Callable[..., Any])

_lock = _threading.Lock()  # guards _served
_opening = _threading.Lock()  # held while the default process is offered
# Kept when this module is loaded again, as in a notebook: the process goes on.
_served: Process | None = globals().get("_served")


def _default() -> Process:
    """Return the process that the functions act on: one that was closed is followed by a new one."""
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
    """Offer this process to webmon and return at once.

    The offer ends with the process, however that ends. Called again it returns the same :class:`Process`, so that a
    notebook's cell can be run twice. It may come before or after :func:`attach`: a script and its viewer are one process.

    Parameters
    ----------
    name : str, optional
        What people call the process, at most 80 letters. Default: the name of the script.
    commands : {"thread", "poll"}
        "thread" runs commands in a thread of their own. "poll" leaves them until :func:`poll` is called.
    launch : bool
        Start the webmon program if none is running and it is found: $WEBMON, the one that was installed with this package, the PATH.

    Returns
    -------
    Process
        The one that the functions of this package act on.

    Raises
    ------
    TypeError
        If the name is no text.
    ValueError
        If commands is something else, or the process is offered already, under another name or with other commands.
    OSError, RuntimeError
        If the machine has no port or no thread left.

    Examples
    --------
    >>> webmon.serve(name="scope")
    <webmon.Process 'scope' at 127.0.0.1:40123>
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
    """Set a state: people see the latest value.

    See :meth:`Process.set`.

    Examples
    --------
    >>> webmon.set("stage", {"x": 1.5, "y": 2.0}, unit="mm")
    """
    _default().set(name, value, **meta)


def send(name: str, value: Any, **meta: Any) -> None:
    """Send an event: events are kept in order, counted and charted.

    See :meth:`Process.send`.

    Examples
    --------
    >>> webmon.send("exposure", {"ms": 12.5})
    """
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
    """Share an array by shared memory.

    See :meth:`Process.share`.

    Examples
    --------
    >>> camera = webmon.share("camera", shape=(2048, 2048), dtype="uint16", axes="yx", units="um", scale=0.108)
    >>> camera.publish(frame)
    """
    return _default().share(
        name, shape, dtype, axes,
        units=units, scale=scale, title=title, role=role, colormap=colormap, limits=limits, unit=unit, layer=layer, slots=slots,
    )  # fmt: skip


def volume(
    name: str,
    shape: int | Sequence[int] | None = None,
    dtype: Any = None,
    axes: str | Sequence[str] | None = None,
    *,
    data: Any = None,
    points: Any = None,
    lines: Any = None,
    tracks: Any = None,
    surface: Any = None,
    attributes: Any = None,
    kind: Literal["image", "labels"] | None = None,
    scale: Scales = None,
    units: Units = None,
    corner: Sequence[float] | None = None,
    matrix: Any = None,
    channels: str | int | None = None,
    rgb: bool = False,
    title: str | None = None,
    limits: tuple[float, float] | None = None,
    colormap: str | None = None,
    blending: str | None = None,
    opacity: float | None = None,
    hidden: bool = False,
    unit: str | None = None,
    mesh: Any = None,
    skeletons: Any = None,
    properties: Any = None,
) -> SharedVolume:
    """Offer a volume that people fly through in the browser, while it changes.

    See :meth:`Process.volume`.

    Examples
    --------
    >>> brain = webmon.volume("brain", (128, 512, 512), "uint16", "zyx", scale=(2, 0.5, 0.5), units="um")
    >>> brain.data[64] = plane
    >>> brain.changed(np.s_[64])
    >>> em = webmon.volume("em", data=zarr.open("em.zarr")["0"], axes="zyx", units="nm", scale=8)
    """
    return _default().volume(
        name, shape, dtype, axes, data=data, points=points, lines=lines, tracks=tracks, surface=surface, attributes=attributes,
        kind=kind, scale=scale, units=units, corner=corner, matrix=matrix, channels=channels, rgb=rgb, title=title,
        limits=limits, colormap=colormap, blending=blending, opacity=opacity, hidden=hidden, unit=unit, mesh=mesh,
        skeletons=skeletons, properties=properties,
    )  # fmt: skip


def board(name: str, cards: Iterable[Card] | None, *, title: str | None = None, window: Literal[60, 10, 300, 900] = 60) -> None:
    """Bring a board: a page of cards with charts, numbers, arrays, controls and commands side by side.

    See :meth:`Process.board`.

    Examples
    --------
    >>> webmon.board("overview", ["array camera", "chart stage.x", "number stage.z", "control exposure", "command snap"])
    """
    _default().board(name, cards, title=title, window=window)


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
    labels: Iterable[str] | None = None,
    soft: bool = False,
    title: str | None = None,
    help: str | None = None,
    group: str | None = None,
    section: str | None = None,
) -> Control:
    """Declare a value that people may change.

    See :meth:`Process.control`.

    Examples
    --------
    >>> gain = webmon.control("gain", "int", 1, min=1, max=64, set=camera_driver.set_gain)
    """
    return _default().control(
        name, type, value, set=set, default=default, min=min, max=max, step=step, scale=scale, unit=unit,
        choices=choices, labels=labels, soft=soft, title=title, help=help, group=group, section=section,
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
    """Let people call a function by a form.

    See :meth:`Process.command`.

    Examples
    --------
    >>> @webmon.command
    ... def set_exposure(ms: webmon.Range(0.1, 500, unit="ms")) -> None:
    ...     camera_driver.exposure = ms
    """
    return _default().command(fn, name=name, title=title, help=help, group=group)


def wanted(topic: str) -> float:
    """Return how often a second somebody wants a topic, 0.0 for nobody.

    See :meth:`Process.wanted`.

    Examples
    --------
    >>> if webmon.wanted("spots"):
    ...     webmon.set("spots", count_spots(frame))
    """
    return _default().wanted(topic)


def poll() -> int:
    """Run the commands that wait, in this thread; for ``serve(commands="poll")``.

    Returns
    -------
    int
        How many commands ran.
    """
    return _default().poll()


def stats() -> Stats:
    """Return how many events wait for a webmon, and how many were lost because none took them in time."""
    return _default().stats()


def url() -> str | None:
    """Return where people open the dashboard, token included; None if no webmon is running."""
    return _default().url


def show(
    what: str | SharedArray | SharedVolume | Control | Process | None = None,
    *,
    width: int | str | None = None,
    height: int | str | None = None,
    theme: Literal["light", "dark"] | None = None,
    open: bool = False,
) -> None:
    """Show an array, a volume, a number, a control or the whole dashboard below the cell of a notebook, live.

    The cell has the page itself where jupyter-server-proxy is in the environment of Jupyter, and otherwise a link, with the
    reason. Run again, it shows the same of the same process. What is saved with the notebook holds no token. Outside of a
    notebook the address is printed.

    A process that is not offered yet is offered first, see :func:`serve`.

    Parameters
    ----------
    what : str, SharedArray, SharedVolume, Control or Process, optional
        What to show, by the name under which it was shared, declared, set or sent, or what was returned then. A name such as
        "exposure.ms" is the chart of one number. Default: the dashboard.
    width, height : int or str, optional
        Of the frame: pixels, or a length of CSS such as "50%". Default: all of the cell's width, and a height that suits.
    theme : {"light", "dark"}, optional
        Default: that of JupyterLab.
    open : bool
        Open it in the browser of this machine.

    Raises
    ------
    TypeError
        If this is nothing that can be shown.
    ValueError
        If there is nothing of that name, or another argument is of no use; it says which.
    RuntimeError
        Outside of a notebook, if no webmon is running and none can be started.

    Examples
    --------
    >>> camera = webmon.share("camera", shape=(2048, 2048), dtype="uint16", axes="yx")
    >>> webmon.show("camera", height=500)
    >>> webmon.show("exposure.ms")
    >>> webmon.show()
    """
    from . import _show

    process = what if isinstance(what, Process) else _default()
    if process is _default():
        with _opening:
            if not process._life.opened:
                process._open(None, kind="python", napari=None, commands="thread", launch=True)
    _show.show(process, what, width=width, height=height, theme=theme, open=open)


def attach(viewer: Any, *, open_paths: Iterable[str | _os.PathLike[str]] = (), open_urls: Iterable[str] = ()) -> Any:
    """Offer a napari viewer to webmon, with its layers, tiles, frame times, loads and everything that can be changed.

    A script and its viewer are one process on the pages, whether :func:`serve` is called before, after or not at all: the
    script's arrays, values and commands stand beside the layers, and stay when the viewer is gone. While the viewer is there
    all commands run in Qt's thread. Every further viewer is a process of its own, called by its title.

    Parameters
    ----------
    viewer : napari.Viewer
        Attached in the thread that runs its window.
    open_paths : iterable of str or os.PathLike, optional
        Folders of this machine: whoever may steer can open what lies in them as layers, once symbolic links are followed.
        By default nothing can be opened.
    open_urls : iterable of str, optional
        Beginnings of addresses that can be opened too, such as "https://data.example.org/zarr/".

    Returns
    -------
    Attachment
        The same one when called again for the same viewer. Its ``detach()`` ends the offer, as the viewer's end does.

    Raises
    ------
    RuntimeError
        If called in another thread than Qt's, or without Qt.
    TypeError
        If the viewer is none of napari's.
    ValueError
        If one of open_paths is no folder, or one of open_urls no address.

    Examples
    --------
    >>> viewer = napari.Viewer()
    >>> webmon.attach(viewer)
    >>> napari.run()
    """
    from . import _napari

    return _napari.attach(viewer, open_paths=open_paths, open_urls=open_urls)


def _offer_napari(title: str, version: str | None, clash: Callable[[Process], str | None]) -> Process:
    """Return what a viewer is offered as: the default process or a new one.

    It is a new one where the default process has a viewer already, or, as clash says, things of the same names as a viewer's.
    """
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
    """Stop offering the process.

    Those who watch are told, and announcement and shared memory are removed. Afterwards :func:`serve` may be called again,
    which begins a new process.
    """
    global _served
    with _lock:
        process, _served = _served, None
    if process is not None:
        process.close()
