"""One process, or one part of it, offered to webmon.

What a process consists of is in modules of their own, none of which knows this one:

======== ============================================================
_life    whether it is offered, and what its calls have cost
_offer   its name, its server, its announcement
_demand  what those who watch want
_changes what has changed and was not told yet
_values  its states and events
_actions its controls and commands
_orders  the commands that come, and who runs them
_arrays  the arrays that it shares
_volumes the volumes that it offers
_clock   the thread that does what is due later
======== ============================================================
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from multiprocessing import process as _mp
from typing import Any, Callable, Literal, TypeVar, overload

from . import _announce, _forms, _segment
from ._about import Scales, Units
from ._actions import Actions, Control
from ._array import SharedArray
from ._arrays import Arrays
from ._board import Boards, Card
from ._changes import LOST, Changes
from ._clock import Clock
from ._demand import Demand
from ._life import Cost, Life, Stats
from ._offer import Offer, checked_name
from ._orders import Host, Orders
from ._plain import MAX_EVENT, check_name, plain
from ._resources import Data, Flag, Inbox, Mailbox
from ._values import Values
from ._volume import SharedVolume
from ._volumes import Volumes

__all__ = ["Process"]

log = logging.getLogger("webmon")

F = TypeVar("F", bound=Callable[..., Any])

_MESSAGES = 8192  # kept for a webmon that is slow or not there yet
_LEAVE = 0.5  # seconds that those who watch have to hear of the end

# Kept when this module is loaded again, so that those made before end with the program too.
_living: set[Any] = globals().get("_living", set())


class Process:
    """A process that is offered to webmon under a name, from now on until :meth:`close` or its end.

    Most programs need only one, which :func:`webmon.serve` makes. Its methods may be called from every thread and never
    block. After close, and in a forked child, they do nothing.

    Parameters
    ----------
    name : str, optional
        What people call it, at most 80 letters. Default: the name of the script.
    kind : {"python", "napari", "model"}
        What it is.
    napari : str, optional
        The version of napari where it is one.
    commands : {"thread", "poll"}
        "thread" runs commands in a thread of their own, one after the other. "poll" leaves them until :meth:`poll` is
        called, and runs them in the caller's thread.
    launch : bool
        Start the webmon program if it is found ($WEBMON, then the PATH) and none is running.

    Attributes
    ----------
    name : str
        What people call it.
    instance : str
        16 hexadecimal digits that no other process has.
    address : str
        Host and port of its server.
    closed : bool
        Whether it has ended.
    on_waiting : callable or None
        With commands="poll": called without arguments, in any thread, when a command waits.

    Raises
    ------
    TypeError
        If the name is no text.
    ValueError
        If there is no such kind, or commands is something else.

    Examples
    --------
    >>> with webmon.Process("second") as process:
    ...     process.set("stage", {"x": 1.5})
    """

    _live: set[Process] = _living

    def __init__(
        self,
        name: str | None = None,
        *,
        kind: str = "python",
        napari: str | None = None,
        commands: Literal["thread", "poll"] = "thread",
        launch: bool = True,
    ) -> None:
        self._setup()
        self._open(name, kind=kind, napari=napari, commands=commands, launch=launch)

    @classmethod
    def _unopened(cls) -> Process:
        """Return one that takes everything already and is offered by _open."""
        self = cls.__new__(cls)
        self._setup()
        return self

    def _setup(self) -> None:
        self._lock = threading.Lock()  # held while the process is closed
        self._served = False  # somebody has asked for it by name, and not a viewer alone
        self._on_demand: Callable[[], object] | None = None
        self._clock = clock = Clock(
            lambda: self._arrays.mend_broken(),
            lambda: self._demand.expire(),
            lambda: self._changes.tell(),
        )
        self._life = life = Life()
        self._data = data = Data()
        self._messages = messages = Mailbox(_MESSAGES, lambda: self._changes.declared(LOST))
        self._shutdown = Flag()
        self._demand = demand = Demand(messages, clock.wake, self._noted)
        self._changes = changes = Changes(messages, demand, clock.wake, lambda: self._offer.heard())
        self._offer = Offer(data, changes)
        self._values = Values(life, data, messages, demand, changes)
        self._actions = Actions(life, changes)
        self._orders = Orders(life, messages, changes, self._run)
        self._arrays = Arrays(life, demand, changes, clock.wake)
        self._volumes = Volumes(life, data, demand, changes)
        self._boards = Boards(changes)
        data.values_["hello"] = None
        data.render("topics", lambda: dict(self._values.topics))
        data.render("controls", self._actions.declared_controls)
        data.render("actions", self._actions.declared_commands)
        data.render("arrays", self._arrays.declared)
        data.render("volumes", self._volumes.declared)
        data.render("boards", self._boards.declared)
        data.render(LOST, lambda: dict(zip(("total", "topics"), messages.lost())))

    # Its life.

    def _open(self, name: str | None, *, kind: str, napari: str | None, commands: str, launch: bool, announce: bool = True) -> None:
        polled = _polled(commands)
        self._offer.introduce(name, kind, napari)
        self._orders.polled = polled
        # multiprocessing imports the main module again into a spawned child. A script without a main guard must not be
        # offered once more by each.
        if getattr(_mp.current_process(), "_inheriting", False):
            self._life.closed = True
            log.debug("%s is not offered by a child that only imports it", self.name)
            return
        try:
            self._offer.serve(
                {
                    "napari_data": self._data,
                    "napari_messages": self._messages,
                    "napari_shutdown": self._shutdown,
                    "client_data": self._demand.notes,
                    "client_messages": Inbox(self._orders.arrived, self._orders.__len__),
                },
                self._volumes.boxes.answer,
            )
            self._clock.start()
        except BaseException:
            # Offered as a whole or not at all.
            self._offer.close()
            raise
        self._life.opened = True
        Process._live.add(self)
        _segment.sweep()
        self._arrays.open()
        if not announce:
            return  # the program that has started it knows where it is
        self._offer.announce()
        if launch:
            _announce.launch()

    def _serve(self, name: str | None, commands: str) -> None:
        """Take what serve() asks of a process that is offered already."""
        polled = _polled(commands)
        name = checked_name(name)
        if self._served:
            if (name and name != self.name) or self._orders.polled != polled:
                how = "poll" if self._orders.polled else "thread"
                advice = "" if self._orders.host is not None else ", or webmon.close() first"
                raise ValueError(f"this process is offered as {self.name!r} already, with commands={how!r}: call serve() with the same{advice}")
            return
        # A viewer has offered it. Name and commands are now the script's to choose.
        self._served = True
        self._orders.polled = polled
        if name and name != self.name:
            self._offer.become(name)

    def close(self) -> None:
        """Stop offering the process.

        Those who watch are told, and announcement and shared memory are removed. Calling it again does nothing.
        """
        with self._lock:
            if self._life.closed:
                return
            self._life.closed = True
        self._offer.withdraw()
        owed = self._orders.end()
        self._shutdown.set()
        self._clock.stop()
        # Whoever waits for the shutdown, or asks at this moment, hears of it.
        began = time.monotonic()
        read = owed or began - self._messages.asked < 2
        while self._offer.heard() and (self._shutdown.waiting or (read and not self._messages.empty())):
            if time.monotonic() > began + _LEAVE:
                break
            time.sleep(0.01)
        self._offer.close()
        self._arrays.close()
        self._volumes.close()
        self._demand.wants = {}
        Process._live.discard(self)

    def _forked(self) -> None:
        """Let go of everything, in a forked child: the process that is offered is the parent."""
        self._life.closed = True
        self._lock = threading.Lock()
        for part in (self._offer, self._demand, self._arrays, self._volumes, self._boards, self._changes, self._values, self._actions, self._orders, self._clock):
            part.forked()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.closed:
            return f"<webmon.Process {self.name!r}, closed>"
        return f"<webmon.Process {self.name!r} at {self.address}>" if self._life.opened else "<webmon.Process, not yet offered>"

    # A viewer as a part of it.

    def _adopt(self, host: Host, napari: str | None) -> None:
        """Make the process one with a viewer, whose thread runs all commands from now on."""
        self._orders.adopt(host)
        if self._offer.kind != ("napari", napari):
            self._offer.become(kind=("napari", napari))

    def _part(self, host: Host) -> None:
        """Go on without the viewer, which has taken with it what was its own."""
        if not self._orders.part(host):
            return
        self.answer(self.asked())
        if self._end_unless_used():
            return
        self._offer.become(kind=("python", None))
        self._orders.resume()

    def _end_unless_used(self) -> bool:
        """Close a process that only a viewer has offered, unless a script has served it or shares something by it.

        Returns whether the process has ended.
        """
        if not self._served and not any(self._names().values()):
            self.close()
        return self.closed

    def _names(self) -> dict[str, list[str]]:
        """Return the names of what it offers, by what that is."""
        return {
            "topic": list(self._values.topics),
            "command or control": [*self._actions.commands, *self._actions.controls],
            "array": self._arrays.names(),
            "volume": self._volumes.names(),
            "board": list(self._boards.declared()),
        }

    # What people see of it.

    @property
    def name(self) -> str:
        """What people call it."""
        return self._offer.name

    @property
    def instance(self) -> str:
        """16 hexadecimal digits that no other process has."""
        return self._offer.instance

    @property
    def address(self) -> str:
        """Host and port of its server."""
        return self._offer.address

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._life.closed

    @property
    def url(self) -> str | None:
        """Where people open the dashboard, token included; None if no webmon is running."""
        record = _announce.record()
        url = record.get("url") if record else None
        return url if isinstance(url, str) else None

    def watchers(self) -> int:
        """Return how many browsers look at this process."""
        return self._demand.watchers()

    def cost(self) -> Cost:
        """Return what webmon has cost the threads that call the package."""
        return Cost(self._life.spent / 1e9, self._life.calls)

    def stats(self) -> Stats:
        """Return how many events wait for a webmon, and how many were lost because none took them in time."""
        lost, topics = self._messages.lost()
        return Stats(self._messages.events(), lost, topics)

    # States and events.

    def set(self, name: str, value: Any, **meta: Any) -> None:
        """Set a state: people see the latest value.

        Parameters
        ----------
        name : str
            Of the topic: 1 to 80 letters, digits and _ . : - of ASCII, beginning with a letter, a digit or _.
        value : object
            Plain data, of at most 4 MiB: None, bool, int of up to 64 bits, float, str, lists, dicts, NumPy scalars and small
            arrays, and what stands for such, as records, dataclasses, times (text, ISO 8601), spans (seconds), masked values
            (None) and numbers of other libraries. It is copied.
        **meta
            ``title`` and ``unit``, text, and ``fields``, ``{path: {"title": ..., "unit": ...}}``. They stay until they are
            said again.

        Raises
        ------
        TypeError
            If the value is no plain data, or raises something when it is read.
        ValueError
            If the value is too large, or the name cannot be used or is an event's.

        Examples
        --------
        >>> process.set("stage", {"x": 1.5, "y": 2.0}, unit="mm")
        """
        self._values.set(name, value, meta)

    def send(self, name: str, value: Any, **meta: Any) -> None:
        """Send an event: events are kept in order, counted and charted.

        The last 8192 wait for a webmon that is slow or not there yet. What is lost before them is counted, on the pages and
        in :meth:`stats`.

        Parameters
        ----------
        name : str
            Of the topic: 1 to 80 letters, digits and _ . : - of ASCII, beginning with a letter, a digit or _.
        value : object
            A dict, to which ``"time"``, in seconds since the epoch, is added if it has none; or a number, which becomes
            ``{"value": number, "time": now}``. Other plain data, as for :meth:`set`, is sent as ``{"value": it, "time":
            now}``. At most 64 KiB.
        **meta
            ``title`` and ``unit``, text, and ``fields``, ``{path: {"title": ..., "unit": ...}}``. They stay until they are
            said again.

        Raises
        ------
        TypeError
            If the value is no plain data, or raises something when it is read.
        ValueError
            If the value is too large, or the name cannot be used or is a state's.

        Examples
        --------
        >>> process.send("exposure", {"ms": 12.5}, fields={"ms": {"unit": "ms"}})
        """
        self._values.send(name, value, meta)

    def _send_all(self, name: str, values: list[dict[str, Any]]) -> None:
        self._values.send_all(name, values)

    def forget(self, name: str) -> None:
        """Take a topic back; one that is not there is no error.

        Parameters
        ----------
        name : str
            Of the state or event.
        """
        self._values.forget(name)

    def alive(self) -> None:
        """Say that the process is well although nothing has changed; for those that paint, once a second."""
        if not self.closed:
            self._messages.put_first({"webmon": {"alive": time.time()}})

    def batch(self) -> AbstractContextManager[None]:
        """Make everything that is declared and set within it one change for those who watch.

        Returns
        -------
        context manager
            For a ``with`` statement; it gives nothing.
        """
        return self._changes.batch()

    # Demand.

    def wanted(self, topic: str) -> float:
        """Return how often somebody wants a topic.

        Parameters
        ----------
        topic : str
            The name of a state or event, or "array/" or "volume/" and that of an array or a volume.

        Returns
        -------
        float
            Times a second; 0.0 for nobody.
        """
        return self._demand.wants.get(topic, 0.0)

    def wanted_size(self, topic: str) -> tuple[int, int] | None:
        """Return how many pixels of an array are enough for all who look.

        Parameters
        ----------
        topic : str
            "array/" and the name of the array.

        Returns
        -------
        (int, int) or None
            Rows and columns, which need not be of the form of the array's frames; None where all pixels are wanted.
        """
        return self._demand.sizes.get(topic)

    def on_demand(self, callback: Callable[[], object] | None) -> None:
        """Have something called when what is wanted has changed.

        Parameters
        ----------
        callback : callable or None
            Called without arguments, from a thread of the server. None ends it.
        """
        self._on_demand = callback

    def asked(self) -> dict[str, int]:
        """Return who waits for what is wanted to be up to date, and the number of their ask."""
        return self._demand.asked()

    def answer(self, asks: dict[str, int]) -> None:
        """Say that what is wanted is up to date.

        Parameters
        ----------
        asks : dict of str to int
            What :meth:`asked` gave before it was brought up to date.
        """
        if not self.closed:
            self._demand.answer(asks)

    def _noted(self, changed: bool, asks: dict[str, int]) -> None:
        """Do what follows from what those who watch want now."""
        if self.closed:
            return
        self._arrays.look(changed)
        self._volumes.look(changed)
        host = self._orders.host
        for callback, due in ((self._on_demand, changed), (host.demanded if host is not None else None, changed or asks)):
            if callback is not None and due:
                try:
                    callback()
                except Exception:
                    log.exception("on_demand failed")
        if self._orders.host is None:
            self.answer(asks)

    # Controls and commands.

    def control(
        self,
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
        """Declare a value that people may change; the control of that name before is replaced.

        Parameters
        ----------
        name : str
            1 to 80 letters, digits and _ . : - of ASCII, beginning with a letter, a digit or _.
        type : {"float", "int", "bool", "choice", "text", "color"}
            What the value is. A color is the text "#rrggbb", or "#rrggbbaa" with its opacity.
        value : object
            The value now.
        set : callable, optional
            Called with a new value, after that was checked against type and limits. It raises ValueError to refuse the
            value. Without it the control itself keeps the value.
        default : object, optional
            What a reset goes back to.
        min, max : float, optional
            Limits of a number, both included.
        step : float, optional
            What a number goes up or down by.
        scale : {"linear", "log"}, optional
            Of a slider; "log" needs ``min > 0``.
        unit : str, optional
            Of a number, such as "ms".
        choices : iterable of str, optional
            What may be chosen, for "choice".
        labels : iterable of str, optional
            What people see instead, one for each of the choices.
        soft : bool, optional
            Whether the limits are only how far the slider goes, and any finite number is taken.
        title, help, group : str, optional
            What people read beside it, and what it stands together with.
        section : str, optional
            A heading within the group; pages fold what lies below it.

        Returns
        -------
        Control
            To be updated when the value changes here.

        Raises
        ------
        TypeError
            If an argument is of another type.
        ValueError
            If an argument is of no use, or the name is a command's.

        Examples
        --------
        >>> gain = process.control("gain", "int", 1, min=1, max=64, set=camera.set_gain)
        >>> gain.update(8)
        """
        check_name(name, "a control")
        if set is not None and not callable(set):
            raise TypeError(f"the set of {name} must be callable, not {set!r}")
        value = plain(value, f"the value of {name}", MAX_EVENT)
        declared = _forms.declare(
            type, value, default=default, min=min, max=max, step=step, scale=scale, unit=unit,
            choices=choices, labels=labels, soft=soft, title=title, help=help, group=group, section=section,
        )  # fmt: skip
        return self._actions.control(name, declared, set)

    @overload
    def command(self, fn: F) -> F: ...
    @overload
    def command(
        self, fn: None = None, *, name: str | None = None, title: str | None = None, help: str | None = None, group: str | None = None
    ) -> Callable[[F], F]: ...
    def command(
        self,
        fn: Any = None,
        *,
        name: str | None = None,
        title: str | None = None,
        help: str | None = None,
        group: str | None = None,
    ) -> Any:
        """Let people call a function by a form; a decorator, with or without arguments.

        The parameters' annotations become the fields: float, int, bool, str, Literal, Enum, :class:`Choice`, :class:`Range`;
        their defaults become what stands in them. To refuse what it is asked the function raises ValueError with the reason. Any other
        exception is shown with its type and written to the log. The result is not used.

        Parameters
        ----------
        fn : callable, optional
            The function, whose parameters can all be given by name.
        name : str, optional
            Default: the function's.
        title, group : str, optional
            What people read, and what it stands together with.
        help : str, optional
            Default: the first paragraph of the docstring.

        Returns
        -------
        callable
            The function itself; without ``fn`` a decorator.

        Raises
        ------
        TypeError
            If it is no function, or a parameter cannot be entered into a form.
        ValueError
            If the name cannot be used or is a control's.

        Examples
        --------
        >>> @process.command(group="stage")
        ... def move(x: float = 0.0, speed: Literal["slow", "fast"] = "slow") -> None:
        ...     stage.move(x, speed)
        """
        if fn is None:
            return lambda fn: self.command(fn, name=name, title=title, help=help, group=group)
        self._actions.command(fn, name, title, help, group)
        return fn

    def remove_command(self, name: str) -> None:
        """Take a command away; one that is not there is no error.

        Parameters
        ----------
        name : str
            Of the command.
        """
        self._actions.remove_command(name)

    def poll(self) -> int:
        """Run the commands that wait, in this thread; for ``commands="poll"``.

        While the process has a napari viewer, commands run in the viewer's thread alone: calls from others do nothing.

        Returns
        -------
        int
            How many commands ran.
        """
        return self._orders.poll()

    @property
    def on_waiting(self) -> Callable[[], object] | None:
        """With ``commands="poll"``: called without arguments, in any thread, when a command waits."""
        return self._orders.on_waiting

    @on_waiting.setter
    def on_waiting(self, callback: Callable[[], object] | None) -> None:
        self._orders.on_waiting = callback

    def _run(self, name: str, args: dict[str, Any]) -> None:
        if not self._actions.run(name, args):
            raise ValueError(f"{self.name} has no command {name[:80]!r}")

    # Arrays.

    def share(
        self,
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
        """Share an array by shared memory; frames are then offered by its :meth:`SharedArray.publish`.

        The memory, slots times a frame, is taken from the machine once somebody looks. Where it cannot be had the log and
        the pages say so, and it is tried again.

        Parameters
        ----------
        name : str
            1 to 80 letters, digits and _ . : - of ASCII, beginning with a letter, a digit or _. An array of that name
            before is closed.
        shape : int or sequence of int
            Of the largest frame, in C order; at most 8 axes.
        dtype : dtype
            Any NumPy dtype of numbers of up to 64 bits (complex: 2 x 64), or a record of up to 256 fields of numbers, times
            and texts. One that another library has added, such as bfloat16, is shown as the smallest of NumPy's own that
            holds all of its values.
        axes : str or sequence of str, optional
            A name for each axis, such as "tzyx" or ["time", "y", "x"].
        units : str or sequence of str, optional
            Of each axis, or one for all of x, y and z.
        scale : float or sequence of float, optional
            Units a pixel of each axis, or one for all of x, y and z.
        title : str, optional
            What people read.
        role : {"", "rgb", "labels", "table"}
            What the numbers are. With "rgb" the last axis is colour, 3 or 4 long: floats go from 0 to 1, uint16 from 0 to
            65535, every other whole number from 0 to 255. Records are a table.
        colormap : str, optional
            To begin with, such as "viridis".
        limits : (float, float), optional
            Contrast limits to begin with, in the unit of the values.
        unit : str, optional
            Of the values.
        layer : str, optional
            The id of the layer whose visible part the array is.
        slots : int
            Frames in the ring, 2 to 64.

        Returns
        -------
        SharedArray
            What frames are published by.

        Raises
        ------
        TypeError
            If the dtype cannot be shared, or another argument is of another type.
        ValueError
            If a record has too many fields, or another argument is of no use; it says which.

        Examples
        --------
        >>> camera = process.share("camera", (2048, 2048), "uint16", "yx", units="um", scale=0.108)
        >>> camera.publish(frame)
        """
        array = SharedArray(
            self._arrays, check_name(name, "an array"), shape, dtype, axes,
            units=units, scale=scale, title=title, role=role, colormap=colormap, limits=limits, unit=unit, layer=layer, slots=slots,
        )  # fmt: skip
        self._arrays.add(array)
        return array

    # Volumes.

    def volume(
        self,
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

        What it is made of is one of these:

        ``shape`` and ``dtype``
            The volume's ``data`` are a NumPy array that *is* shared memory, and begins with zeros. Write to it in place, and
            say so by :meth:`SharedVolume.changed`. Where the machine has no shared memory left, or none at all, the
            array is an ordinary one, of which webmon asks for the parts that people look at.
        ``data``
            Something that is too large, or not in memory. Boxes of it are read when people look at them, by threads of the
            package, at most four at a time: the data must take being read while your program goes on. Those of h5py are read
            one box a file at a time.
        ``points``, ``lines``, ``tracks`` or ``surface``
            A geometry, whose places are in voxels: voxel i goes from i to i + 1. Arrays are copied. A function that returns
            them, called without arguments, is called by those threads when somebody looks; it needs ``axes``.

        Parameters
        ----------
        name : str
            1 to 80 letters, digits and _ . : - of ASCII, beginning with a letter, a digit or _. A volume of that name
            before is closed.
        shape : int or sequence of int, optional
            In C order; 1 to 8 axes.
        dtype : dtype, optional
            Any NumPy dtype of numbers of up to 64 bits (complex: 2 x 64). Labels are whole numbers.
        axes : str or sequence of str, optional
            A name for each axis, such as "tzyx" or ["time", "y", "x"]. Volumes of one process with axes of the same names
            lie in one space.
        data : array_like or sequence of array_like, optional
            Anything with a shape and a dtype that can be sliced: of NumPy, dask, zarr, h5py, tensorstore, a memmap. A list
            of such is one volume in several resolutions, from fine to coarse.
        points : array_like of shape (n, rank) or callable, optional
            Places. Those with NaN are left out.
        lines : (vertices, edges), list of array_like or callable, optional
            Vertices of shape (n, rank) and edges of shape (m, 2), whole numbers which name the two vertices of each. Or
            a list of polylines, each of shape (n, rank).
        tracks : array_like of shape (n, 1 + rank) or callable, optional
            Rows of a track's id, a whole number, and a place, as napari has them. A track is in the order of the first axis.
        surface : (vertices, faces), (vertices, faces, values) or callable, optional
            Vertices of shape (n, rank), faces of shape (m, 3), counter-clockwise as seen from outside, and perhaps a number
            for each vertex. Or an object with ``vertices`` and ``faces``, such as a mesh of trimesh.
        attributes : dict of str to array_like, optional
            Of a geometry: a number, or up to 16, of each vertex.
        kind : {"image", "labels"}, optional
            What the voxels are; an image by default. Of labels each says which object a voxel belongs to, and 0 is none.
        scale : float or sequence of float, optional
            Units a voxel of each axis, or one for all of x, y and z.
        units : str or sequence of str, optional
            Of each axis, or one for all of x, y and z, such as "um".
        corner : sequence of float, optional
            Where the outer corner of the first voxel lies, in units. Default: the origin.
        matrix : array_like of shape (rank, rank + 1), optional
            Leads from voxels to units in place of scale and corner, for a volume that is turned or sheared.
        channels : str or int, optional
            The axis along which the items are channels that are shown at once, -1 for none. Default: an axis called "c".
        rgb : bool
            Whether the channels are three or four colours. They are then the last axis, if channels names no other.
        title : str, optional
            What people read.
        limits : (float, float), optional
            Contrast limits to begin with, in the unit of the values.
        colormap : str, optional
            To begin with, such as "viridis".
        blending : str, optional
            One of napari's names, such as "additive".
        opacity : float, optional
            0 to 1.
        hidden : bool
            Not shown to begin with.
        unit : str, optional
            Of the values.
        mesh : callable or mapping, optional
            Your own meshes instead of those that webmon makes of the labels: ``mesh(label)`` or ``mesh[label]`` is (vertices,
            faces), as for surface, in voxels of the volume. None, or a missing key, says that a label has none.
        skeletons : callable or mapping, optional
            The same for skeletons, which are (vertices, edges) or (vertices, edges, attributes).
        properties : dict, DataFrame or callable, optional
            What is known of the labels: a dict from labels to texts, numbers or dicts of those; a dict of columns, of which
            one, called "ids", "id", "label" or "index", has the labels, as ``skimage.measure.regionprops_table`` gives; a
            DataFrame whose index has the labels; or a function that returns one of these.

        Returns
        -------
        SharedVolume
            What data are written to, and changes are said by.

        Raises
        ------
        TypeError
            If the dtype cannot be shown, or another argument is of another type.
        ValueError
            If an argument is of no use; it says which.

        Examples
        --------
        >>> brain = process.volume("brain", (128, 512, 512), "uint16", "zyx", scale=(2, 0.5, 0.5), units="um")
        >>> brain.data[64] = plane
        >>> brain.changed(np.s_[64])
        >>> process.volume("em", data=zarr.open("em.zarr")["0"], axes="zyx", units="nm", scale=8)
        >>> process.volume("pyramid", data=[fine, half, quarter])
        >>> process.volume("cells", data=labels, kind="labels", properties={7: "Purkinje"}, mesh=lambda label: meshes.get(label))
        >>> process.volume("spots", points=[[1.5, 20, 30]], axes="zyx", attributes={"brightness": [120]})
        >>> process.volume("fibres", lines=[first, second], axes="zyx")
        >>> process.volume("paths", tracks=rows, axes="tyx")
        >>> process.volume("skin", surface=(vertices, faces))
        """
        return self._volume(
            name, shape, dtype, axes, data=data, points=points, lines=lines, tracks=tracks, surface=surface,
            attributes=attributes, kind=kind, scale=scale, units=units, corner=corner, matrix=matrix, channels=channels, rgb=rgb,
            title=title, limits=limits, colormap=colormap, blending=blending, opacity=opacity, hidden=hidden, unit=unit,
            mesh=mesh, skeletons=skeletons, properties=properties,
        )  # fmt: skip

    def board(self, name: str, cards: Iterable[Card] | None, *, title: str | None = None, window: int = 60) -> None:
        """Bring a board: a page of cards with charts, numbers, arrays, controls, commands and models side by side.

        It appears among the boards under the name of the process. People look at it as it is, and change copies of it; their own
        boards stay as they are. What a card stands for need not be there yet.

        Parameters
        ----------
        name : str
            1 to 40 small letters, digits and hyphens. A board of that name before is replaced.
        cards : iterable of str or mapping, or None
            In the order in which they are read, at most 48, of which at most 12 are arrays and models. A text is a kind and a name,
            as "chart stage.x". A mapping has the fields

            - kind: "chart" or "number" (of "frame_time", or of the number at a path in an event, as "stage.x"), "array", "control",
              "command" or "model"
            - name: of what it shows
            - source: the id of another process that it is of; this one without it
            - title: at most 80 letters
            - width and height: 1 to 6 columns and rows
            - view: how an array or a model is looked at: the query of the address of its own page, without source and array

            None takes the board back.
        title : str, optional
            At most 80 letters. Default: made of the name.
        window : {60, 10, 300, 900}
            What charts show, in seconds.

        Raises
        ------
        TypeError
            If something is of another type.
        ValueError
            If something is of no use: the text names the card and the field. If there are 16 boards already.

        Examples
        --------
        >>> process.board("overview", ["array camera", "chart stage.x", {"kind": "control", "name": "exposure", "width": 3}])
        """
        self._boards.set(name, cards, title, window)

    def _volume(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        axes: Any = None,
        *,
        data: Any = None,
        points: Any = None,
        lines: Any = None,
        tracks: Any = None,
        surface: Any = None,
        attributes: Any = None,
        kind: str | None = None,
        **about: Any,
    ) -> SharedVolume:
        """Do what volume says. Also takes what a viewer and a client of neuroglancer say: ``layer`` and ``client``."""
        check_name(name, "a volume")
        made_of = {"shape": shape, "data": data, "points": points, "lines": lines, "tracks": tracks, "surface": surface}
        given = [what for what, value in made_of.items() if value is not None]
        if len(given) != 1:
            what = " and ".join(given) if given else "nothing"
            raise ValueError(f"the volume {name} is made of one of {', '.join(made_of)}, and {what} was given")
        if (dtype is None) == (given == ["shape"]):
            raise ValueError(f"the volume {name} needs shape and dtype together")
        voxels = given[0] in ("shape", "data")
        if not voxels and kind is not None:
            raise ValueError(f"the volume {name} is made of {given[0]}: leave kind out")
        if voxels and attributes is not None:
            raise ValueError(f"the volume {name} is made of voxels, which have no attributes")
        volume = SharedVolume(
            self._volumes, name, kind=kind if voxels else given[0], axes=axes, shape=shape, dtype=dtype, data=data,
            made_of=None if voxels else made_of[given[0]], attributes=attributes, **about,
        )  # fmt: skip
        self._volumes.add(volume)
        return volume


def _polled(commands: str) -> bool:
    if commands not in ("thread", "poll"):
        raise ValueError(f"commands must be 'thread' or 'poll', not {commands!r}")
    return commands == "poll"


def _close_all() -> None:
    for process in list(Process._live):
        try:
            process.close()
        except Exception:
            log.debug("closing %s failed", process.name, exc_info=True)


def _forked() -> None:
    live, Process._live = Process._live, set()
    for process in live:
        try:
            process._forked()
        except Exception:
            pass  # there is nobody in a child to tell


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
