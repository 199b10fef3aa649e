"""One process, or one part of it, offered to webmon."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import platform
import re
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import process as _mp
from pathlib import Path
from typing import Any, Callable, Literal, NamedTuple, TypeVar, overload

from . import _announce, _forms, _segment
from ._arrays import Scales, SharedArray, Units
from ._plain import MAX_EVENT, MAX_STATE, check_name, plain, words
from ._resources import Data, Flag, Inbox, Mailbox, Notes
from ._server import Server
from ._version import __version__

__all__ = ["Control", "Cost", "Process", "Stats"]

log = logging.getLogger("webmon")

F = TypeVar("F", bound=Callable[..., Any])

_PROTOCOL = 1
_MESSAGES = 8192  # kept for a webmon that is slow or not there yet
_TOGETHER = 128  # events in one message
_COMMANDS = 1000  # that wait
_FORGET = 5.0  # seconds after which somebody who wanted something is taken for gone
_LOOK = 0.5  # seconds between two looks at the arrays' memory, at least
_DECLARE_HZ = 20  # how often changed declarations are told
_LOST = "webmon.lost"  # the key of what the process has not kept
_DECLARED = ("hello", "topics", "controls", "actions", "arrays", _LOST)
_RESERVED_STATES = frozenset(_DECLARED)
_KINDS = ("python", "napari", "model")
_RESERVED_EVENTS = ("webmon", "command")


# Kept when this module is loaded again, so that those made before end with the program too.
_living: set[Any] = globals().get("_living", set())


class Cost(NamedTuple):
    """What webmon has cost the threads that call the package, since the start."""

    # By the clock, inside set, send, publish, commands and so on; the server's own threads not included. On a machine
    # that has more to do than processors it holds what others took in between.
    seconds: float
    calls: int


class Stats(NamedTuple):
    """What has become of the events of a process, since its start."""

    waiting: int  # events that no webmon has taken yet
    # Events that came faster than they were taken, or waited for a webmon that did not come: the last 8192 are kept.
    lost: int
    topics: dict[str, int]  # of them, by topic


class _Same:
    """Stands for what is left out, where None means something."""

    def __repr__(self) -> str:
        return "unchanged"


_SAME = _Same()


class Control:
    """A value that people may change. Made by :meth:`Process.control`."""

    def __init__(self, process: Process, name: str, declared: dict[str, Any], setter: Callable[[Any], object] | None) -> None:
        self.name = name
        self._process = process
        self._declared = declared  # replaced, never changed
        self._setter = setter
        self._updates = 0

    @property
    def value(self) -> Any:
        """The value now."""
        return self._declared["value"]

    def update(
        self,
        value: Any = _SAME,
        *,
        min: float | None | _Same = _SAME,
        max: float | None | _Same = _SAME,
        choices: Iterable[str] | _Same = _SAME,
        title: str | None | _Same = _SAME,
        help: str | None | _Same = _SAME,
        unit: str | None | _Same = _SAME,
    ) -> None:
        """Says that the value, or what it may be, has changed. What is left out stays.

        Cheap enough for every frame: webmon hears of it at most 20 times a second. The setter is not called.
        """
        began = time.perf_counter_ns()
        change: dict[str, Any] = {}
        for key, entry in (("min", min), ("max", max), ("title", title), ("help", help), ("unit", unit)):
            if entry is not _SAME:
                change[key] = plain(entry)
        if not isinstance(choices, _Same):
            change["choices"] = [str(choice) for choice in choices]
        if value is not _SAME:
            change["value"] = plain(value, f"the value of {self.name}", MAX_EVENT)
        with self._process._lock:
            old = self._declared
            new = {key: entry for key, entry in {**old, **change}.items() if entry is not None or key == "value"}
            self._updates += 1
            if new != old:
                self._declared = new
                self._process._redeclare("controls")
        self._process._count(began)

    def remove(self) -> None:
        """Takes the control away."""
        self._process._remove_control(self)

    def __repr__(self) -> str:
        return f"<webmon.Control {self.name!r} = {self.value!r}>"


class _Command(NamedTuple):
    fn: Callable[..., Any]
    arguments: list[_forms.Argument]
    declared: dict[str, Any]


class _Order:
    """A command that has come."""

    __slots__ = ("args", "id", "name", "replaced")

    def __init__(self, id: str | None, name: str, args: dict[str, Any]) -> None:
        self.id, self.name, self.args = id, name, args
        self.replaced = False  # by a newer value on its way to the same control


class _Host:
    """Who has taken a process over: a viewer, whose thread alone may run its commands."""

    def __init__(self, demanded: Callable[[], object], waiting: Callable[[], object]) -> None:
        self.thread = threading.get_ident()
        # What is wanted has changed, or somebody asks for it as it is now, which answer() is called for; called in any thread.
        self.demanded = demanded
        self.waiting = waiting  # commands wait; called in any thread


class Process:
    """Offers this process to webmon under a name, from now on until :meth:`close` or its end.

    Most programs need only one, which :func:`webmon.serve` makes. Its methods may be called from every thread, never
    block, and after close, or in a forked child, do nothing.

    Args:
        name: what people call it. Default: the name of the script.
        kind: "python", "napari" or "model".
        napari: the version of napari where it is one.
        commands: "thread" runs commands in a thread of their own, one after the other; "poll" leaves them until
            :meth:`poll` is called, in the caller's thread.
        launch: start the webmon program if it is found ($WEBMON, then the PATH) and none is running.
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
        """One that takes everything already and is offered by _open."""
        self = cls.__new__(cls)
        self._setup()
        return self

    def _setup(self) -> None:
        self.name = ""
        self.instance = ""
        self.address = ""
        self.closed = False
        self.on_waiting: Callable[[], None] | None = None
        self._opened = False
        self._served = False  # somebody has asked for it by name, and not a viewer alone
        self._poll = False  # commands wait for poll(), while there is no host
        self._host: _Host | None = None
        self._spent = 0  # ns
        self._calls = 0
        self._server: Server | None = None
        self._announcement: _announce.Announcement | None = None
        self._clock: threading.Thread | None = None

        self._lock = threading.RLock()  # guards the registries below
        self._topics: dict[str, dict[str, Any]] = {}
        self._controls: dict[str, Control] = {}
        self._commands: dict[str, _Command] = {}
        self._arrays: dict[str, SharedArray] = {}
        self._broken: set[SharedArray] = set()  # that the clock is to look after
        self._looked = 0.0  # when all arrays were looked after, by time.monotonic

        self._data = Data()
        self._messages = Mailbox(_MESSAGES, lambda: self._redeclare(_LOST))
        self._shutdown = Flag()
        self._notes = Notes(self._noted)
        self._inbox = Inbox(self._arrived, lambda: len(self._orders))
        self._data.values_["hello"] = None
        self._data.render("topics", lambda: dict(self._topics))
        self._data.render("controls", lambda: {c.name: c._declared for c in list(self._controls.values())})
        self._data.render("actions", lambda: {name: c.declared for name, c in list(self._commands.items())})
        self._data.render("arrays", lambda: {a.name: a._declared() for a in list(self._arrays.values())})

        self._data.render(_LOST, lambda: dict(zip(("total", "topics"), self._messages.lost())))

        # Demand. _wants is replaced as a whole, so that looking into it needs no lock.
        self._wants: dict[str, float] = {}
        self._wanted_until = math.inf  # when the next who wants something is forgotten
        self._on_demand: Callable[[], object] | None = None
        self._asked: dict[str, int] = {}  # the last ask of each who wants something
        self._asks: dict[str, int] = {}  # those that are not answered yet
        self._demand_lock = threading.Lock()

        # What has changed and was not told yet. The clock tells it.
        self._told: dict[str, float] = {}  # when each state was told last
        self._dirty: set[str] = set()
        self._stale: set[str] = set()  # of _DECLARED
        self._batches = 0
        self._wake = threading.Event()
        self._told_declared = 0.0

        # Commands that wait, oldest first.
        self._orders: deque[_Order] = deque()
        self._orders_lock = threading.Lock()
        self._arrival = threading.Semaphore(0)
        self._dispatcher: threading.Thread | None = None
        self._running: tuple[int, _Order] | None = None  # and the thread it runs in

    def _open(
        self, name: str | None, *, kind: str, napari: str | None, commands: str, launch: bool, announce: bool = True
    ) -> None:
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, _KINDS))}, not {kind!r}")
        name = _checked(name, commands)
        self.name = name or _checked(_default_name(), commands) or "python"
        self.instance = secrets.token_hex(8)
        self._poll = commands == "poll"
        self._kind = kind, napari
        self._greet()
        # multiprocessing imports the main module again into a spawned child. A script without a main guard must not be
        # offered once more by each.
        if getattr(_mp.current_process(), "_inheriting", False):
            self.closed = True
            log.debug("%s is not offered by a child that only imports it", self.name)
            return
        key = secrets.token_hex(32)
        self._server = server = Server(
            {
                "napari_data": self._data,
                "napari_messages": self._messages,
                "napari_shutdown": self._shutdown,
                "client_data": self._notes,
                "client_messages": self._inbox,
            },
            key.encode("ascii"),
        )
        try:
            server.start()
            self._clock = threading.Thread(target=self._run_clock, name="webmon clock", daemon=True)
            self._clock.start()
        except BaseException:
            # Offered as a whole or not at all.
            self._server = None
            server.close()
            raise
        self.address = server.address
        self._key = key
        self._opened = True
        Process._live.add(self)
        _segment.sweep()
        for array in list(self._arrays.values()):
            array._open()
        self._started = time.time()
        if not announce:
            return  # whoever has started it knows where it is
        try:
            _announce.sweep_announcements()
            self._announcement = _announce.Announcement(self._about())
        except OSError as error:
            log.warning("webmon cannot find this process: %s", error)
        if launch:
            _announce.launch()

    def _greet(self) -> None:
        """Says what the process is."""
        kind, napari = self._kind
        self._data.values_["hello"] = {
            "protocol": _PROTOCOL,
            "name": self.name,
            "kind": kind,
            "pid": os.getpid(),
            "instance": self.instance,
            "python": platform.python_version(),
            "napari": napari,
            "package": __version__,
            "asks": True,
        }
        self._redeclare("hello")

    def _about(self) -> dict[str, Any]:
        """What is announced of the process."""
        return {
            "protocol": _PROTOCOL,
            "name": self.name,
            "kind": self._kind[0],
            "pid": os.getpid(),
            "instance": self.instance,
            "address": self.address,
            "authkey": self._key,
            "started": self._started,
        }

    def _become(self, name: str | None = None, kind: str | None = None, napari: str | None = None) -> None:
        """Makes the process another kind, or gives it another name; who watches goes on."""
        if name is not None:
            self.name = name
        if kind is not None:
            self._kind = kind, napari
        self._greet()
        if self._announcement is not None:
            try:
                self._announcement.rewrite(self._about())
            except OSError as error:
                log.debug("the announcement could not be changed: %s", error)

    def _serve(self, name: str | None, commands: str) -> None:
        """Takes what serve() asks of a process that is offered already."""
        name = _checked(name, commands)
        if self._served:
            if (name and name != self.name) or self._poll != (commands == "poll"):
                how = "poll" if self._poll else "thread"
                advice = "" if self._host is not None else ", or webmon.close() first"
                raise ValueError(f"this process is offered as {self.name!r} already, with commands={how!r}: call serve() with the same{advice}")
            return
        # A viewer has offered it. Name and commands are now the script's to choose.
        self._served = True
        self._poll = commands == "poll"
        if name and name != self.name:
            self._become(name)

    # A viewer as a part of it.

    def _adopt(self, host: _Host, napari: str | None) -> None:
        """Makes the process one with a viewer, whose thread runs all commands from now on."""
        with self._orders_lock:
            if self._host is not None:
                raise RuntimeError("this process has a viewer already")
            self._host = host
        if self._kind != ("napari", napari):
            self._become(kind="napari", napari=napari)

    def _part(self, host: _Host) -> None:
        """The viewer has gone, and has taken with it what was its own."""
        with self._orders_lock:
            if self._host is not host:
                return
            self._host = None
            left = len(self._orders)
        self.answer(self.asked())
        if self._end_unless_used():
            return
        self._become(kind="python")
        for _ in range(left):
            self._arrived_one()

    def _end_unless_used(self) -> bool:
        """Closes a process that nobody has served and that offers nothing, which a viewer alone has offered. What a script
        shares stays. Returns whether the process has ended."""
        if not (self._served or self._topics or self._controls or self._commands or self._arrays):
            self.close()
        return self.closed

    # What people see of it.

    @property
    def url(self) -> str | None:
        """Where people open the dashboard, token included; None if no webmon is running."""
        record = _announce.record()
        url = record.get("url") if record else None
        return url if isinstance(url, str) else None

    def watchers(self) -> int:
        """How many browsers look at this process."""
        now = time.monotonic()
        total = 0
        for key, value in self._notes.items():
            if isinstance(key, str) and key.startswith("webmon:watchers:") and isinstance(value, int):
                if now - self._notes.written.get(key, 0.0) < _FORGET:
                    total += value
        return total

    def cost(self) -> Cost:
        """What webmon has cost the threads that call the package."""
        return Cost(self._spent / 1e9, self._calls)

    def stats(self) -> Stats:
        """How many events wait for a webmon, and how many were lost because none took them in time."""
        lost, topics = self._messages.lost()
        return Stats(self._messages.events(), lost, topics)

    def _count(self, began: int) -> None:
        self._spent += time.perf_counter_ns() - began
        self._calls += 1

    # States and events.

    def set(self, name: str, value: Any, **meta: Any) -> None:
        """Sets a state: people see the latest value.

        Args:
            name: of the topic: letters, digits and _ . : -
            value: plain data: None, bool, int, float, str, lists, dicts, NumPy scalars and small arrays, and what stands for
                such, as records, dataclasses, datetimes (text), masked values (None) and numbers of
                other libraries. It is copied.
            meta: "title", "unit" and "fields" ({path: {"title", "unit"}}), to declare once or anew.

        Raises:
            TypeError: the value is no plain data, or raises something when it is read.
            ValueError: it is larger than 4 MiB, or the name cannot be used.
        """
        began = time.perf_counter_ns()
        if type(name) is not str:
            name = check_name(name, "a topic")
        value = plain(value, name, MAX_STATE)
        if name not in self._data.values_ or meta or name in _RESERVED_STATES:
            self._declare_topic(name, "state", meta)
        self._data.values_[name] = value
        hz = self._wants.get(name)
        if hz is not None:
            now = began / 1e9
            if now - self._told.get(name, -math.inf) >= 1 / hz and not self._batches and name not in self._dirty:
                self._told[name] = now
                self._messages.put_first({"webmon": {"changed": [name]}})
            elif name not in self._dirty:
                self._dirty.add(name)
                self._wake.set()
        self._spent += time.perf_counter_ns() - began
        self._calls += 1

    def send(self, name: str, value: Any, **meta: Any) -> None:
        """Sends an event: events are kept in order, counted and charted.

        The last 8192 wait for a webmon that is slow or not there yet; what is lost before them is counted, on the pages and
        in :meth:`stats`.

        Args:
            name: of the topic: letters, digits and _ . : -
            value: a dict, to which "time" is added if it has none, or a number, which becomes {"value": number, "time":
                now}. Other plain data is sent as {"value": it, "time": now}.
            meta: "title", "unit" and "fields" ({path: {"title", "unit"}}), to declare once or anew.

        Raises:
            TypeError: the value is no plain data, or raises something when it is read.
            ValueError: it is larger than 64 KiB, or the name cannot be used.
        """
        began = time.perf_counter_ns()
        if type(name) is not str:
            name = check_name(name, "a topic")
        value = plain(value, name, MAX_EVENT)
        known = self._topics.get(name)
        if meta or known is None or known["kind"] != "event":
            self._declare_topic(name, "event", meta)
        if type(value) is not dict:
            value = {"value": value, "time": time.time()}
        elif "time" not in value:
            value["time"] = time.time()
        if not self.closed:
            self._messages.put({name: value})
        self._spent += time.perf_counter_ns() - began
        self._calls += 1

    def _send_all(self, name: str, values: list[dict[str, Any]]) -> None:
        """Sends many events of one topic: plain dicts, each with its "time", that nobody else goes on to change."""
        known = self._topics.get(name)
        if known is None or known["kind"] != "event":
            self._declare_topic(name, "event", {})
        for first in range(0, 0 if self.closed else len(values), _TOGETHER):
            self._messages.put({name: values[first : first + _TOGETHER]})

    def alive(self) -> None:
        """Says that the process is well although nothing has changed; for those that paint, once a second."""
        if not self.closed:
            self._messages.put_first({"webmon": {"alive": time.time()}})

    def _declare_topic(self, name: str, kind: str, meta: dict[str, Any]) -> None:
        known = self._topics.get(name)
        if known is not None and known["kind"] == kind:
            # Said again with each value, as in a loop.
            for key, entry in meta.items():
                if key not in known or (known[key] is not entry and (type(entry) not in (str, dict) or known[key] != entry)):
                    break
            else:
                return
        unknown = meta.keys() - {"title", "unit", "fields"}
        if unknown:
            raise TypeError(f"{name}: there is no {', '.join(sorted(unknown))} to declare, only title, unit and fields")
        if known is None:
            check_name(name, "a topic")
            if name in (_RESERVED_STATES if kind == "state" else _RESERVED_EVENTS):
                raise ValueError(f"{name} is a name of webmon's own: choose another")
        elif known["kind"] != kind:
            raise ValueError(f"{name} is {'a state' if kind == 'event' else 'an event'} already: choose another name")
        new = {"kind": kind, **{key: entry for key, entry in (known or {}).items() if key != "kind"}, **_said(meta, name)}
        if new == known:
            return
        with self._lock:
            self._topics[name] = new
            self._redeclare("topics")

    def forget(self, name: str) -> None:
        """Takes a topic back."""
        with self._lock:
            self._topics.pop(name, None)
            if name not in _DECLARED:
                self._data.values_.pop(name, None)
                self._dirty.add(name)
            self._redeclare("topics")

    # Demand.

    def wanted(self, topic: str) -> float:
        """How often a second somebody wants the topic, 0.0 for nobody. An array's topic is "array/" and its name."""
        return self._wants.get(topic, 0.0)

    def on_demand(self, callback: Callable[[], object] | None) -> None:
        """Has callback called, from a thread of the server, when what is wanted has changed. None ends it."""
        self._on_demand = callback

    def asked(self) -> dict[str, int]:
        """Who waits for what is wanted to be up to date, and the number of their ask."""
        with self._demand_lock:
            return dict(self._asks)

    def answer(self, asks: dict[str, int]) -> None:
        """Says that what is wanted is up to date since these were asked."""
        if not asks or self.closed:
            return
        with self._demand_lock:
            self._asks = {who: ask for who, ask in self._asks.items() if asks.get(who) != ask}
        self._messages.put({"webmon": {"current": asks}})  # behind the events that were sent before

    def _noted(self) -> None:
        """client_data has changed."""
        with self._demand_lock:
            now = time.monotonic()
            wants: dict[str, float] = {}
            asked: dict[str, int] = {}
            until = math.inf
            for key, value in self._notes.items():
                if not (isinstance(key, str) and key.startswith("want:") and isinstance(value, dict)):
                    continue
                end = self._notes.written.get(key, 0.0) + _FORGET
                if end <= now:
                    continue
                until = min(until, end)
                ask = value.get("ask")
                if isinstance(ask, int):
                    asked[key[5:]] = ask
                topics = value.get("topics")
                if not isinstance(topics, dict):
                    continue
                for topic, hz in topics.items():
                    if isinstance(hz, (int, float)) and 0 < hz < math.inf:
                        wants[topic] = max(wants.get(topic, 0.0), float(hz))
            changed = wants != self._wants
            self._wants = wants
            asks = {who: ask for who, ask in asked.items() if self._asked.get(who) != ask}
            self._asked = asked
            self._asks.update(asks)
            sooner = until < self._wanted_until
            self._wanted_until = until
        if sooner:
            self._wake.set()
        if self.closed:
            return
        self._look_after(list(self._arrays.values()), changed)
        host = self._host
        for callback, due in ((self._on_demand, changed), (host.demanded if host is not None else None, changed or asks)):
            if callback is not None and due:
                try:
                    callback()
                except Exception:
                    log.exception("on_demand failed")
        if self._host is None:
            self.answer(asks)

    def _look_after(self, arrays: list[SharedArray], changed: bool) -> None:
        """Keeps the arrays' memory well. A webmon says once a second what it wants, and so has this done."""
        now = time.monotonic()
        if not changed and now - self._looked < _LOOK:
            return
        self._looked = now
        for array in arrays:
            try:
                array._look()
            except Exception:
                log.exception("the array %s could not be looked after", array.name)

    def _mend(self, array: SharedArray) -> None:
        """Has the clock look after an array that could not be written to."""
        self._broken.add(array)
        self._wake.set()

    # Telling what has changed.

    def _redeclare(self, key: str) -> None:
        if key not in self._stale:
            self._stale.add(key)
            if not self._batches:
                self._wake.set()

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Makes everything that is declared and set within it one change for those who watch."""
        with self._lock:
            self._batches += 1
        try:
            yield
        finally:
            with self._lock:
                self._batches -= 1
            self._wake.set()

    def _tell(self, now: float) -> float:
        """Tells what has changed and is due; returns how many seconds from now there is more to tell."""
        if self._batches:
            return math.inf  # its end wakes the clock
        changed: list[str] = []
        wait = math.inf
        if self._stale:
            left = self._told_declared + 1 / _DECLARE_HZ - now
            if left > 0:
                wait = left
            else:
                self._told_declared = now
                changed += self._take_stale()
        for name in list(self._dirty):
            hz = self._wants.get(name)
            if hz is None:
                self._dirty.discard(name)
                continue
            left = self._told.get(name, -math.inf) + 1 / hz - now
            if left > 0:
                wait = min(wait, left)
            else:
                # First, so that a value that comes at this moment is told again.
                self._dirty.discard(name)
                self._told[name] = now
                changed.append(name)
        if changed:
            self._messages.put_first({"webmon": {"changed": changed}})
        return wait

    def _take_stale(self) -> list[str]:
        stale = []
        for key in _DECLARED:
            if key in self._stale:
                self._stale.discard(key)
                stale.append(key)
        # Who connects later reads everything first.
        server = self._server
        return stale if server is not None and server.connections else []

    def _run_clock(self) -> None:
        wait = math.inf
        while not self.closed:
            until = self._wanted_until - time.monotonic()
            wait = min(wait, max(until, 0.0) + 0.01)
            self._wake.wait(None if wait == math.inf else wait)
            if self._wake.is_set():
                self._wake.clear()
                # Much that changes at once is told at once.
                time.sleep(0.002)
            if self.closed:
                return
            try:
                while self._broken:
                    self._look_after([self._broken.pop()], True)
                if time.monotonic() >= self._wanted_until:
                    self._noted()
                wait = self._tell(time.perf_counter())
            except Exception:
                log.exception("telling webmon what has changed failed")
                wait = 1.0

    # Controls.

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
        title: str | None = None,
        help: str | None = None,
        group: str | None = None,
    ) -> Control:
        """Declares a value that people may change, or declares it anew.

        Args:
            name: letters, digits and _ . : -
            type: "float", "int", "bool", "choice" or "text".
            value: now.
            set: called with a new value, after it was checked against type and limits; raises ValueError to refuse it.
                Without one the control itself keeps the value.
            default: what a reset goes back to.
            min, max, step, scale, unit: of a number; scale is "linear" or "log".
            choices: of a choice, as texts.
            title, help, group: for people.
        """
        check_name(name, "a control")
        if set is not None and not callable(set):
            raise TypeError(f"the set of {name} must be callable, not {set!r}")
        value = plain(value, f"the value of {name}", MAX_EVENT)
        declared = _forms.declare(
            type, value, default=default, min=min, max=max, step=step, scale=scale, unit=unit, choices=choices, title=title, help=help, group=group
        )  # fmt: skip
        with self._lock:
            if name in self._commands:
                raise ValueError(f"{name} is a command already: choose another name")
            control = Control(self, name, declared, set)
            self._controls[name] = control
            self._redeclare("controls")
        return control

    def _remove_control(self, control: Control) -> None:
        with self._lock:
            if self._controls.get(control.name) is control:
                del self._controls[control.name]
                self._redeclare("controls")

    # Commands.

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
        """Lets people call a function by a form; to be used as a decorator, with or without arguments.

        The parameters' annotations become the fields: float, int, bool, str, Literal, Enum, :class:`Range`, and their
        defaults what stands in them. The docstring becomes the help. To refuse what it is asked the function raises
        ValueError with the reason; any other exception is shown with its type and written to the log. The result is not
        used.

        Raises:
            TypeError: a parameter cannot be entered into a form.
        """
        if fn is None:
            return lambda fn: self.command(fn, name=name, title=title, help=help, group=group)
        if not callable(fn):
            raise TypeError(f"a command must be a function, not {fn!r}")
        name = check_name(str(name or getattr(fn, "__name__", "")), "a command")
        parameters = _forms.arguments(fn, _caller_scope())
        declared: dict[str, Any] = {"args": [a.declared for a in parameters]}
        for key, text in (("title", title), ("help", help if help is not None else _docstring(fn)), ("group", group)):
            if text:
                declared[key] = text
        with self._lock:
            if name in self._controls:
                raise ValueError(f"{name} is a control already: choose another name")
            self._commands[name] = _Command(fn, parameters, declared)
            self._redeclare("actions")
        return fn

    def remove_command(self, name: str) -> None:
        """Takes a command away; one that is not there is no error."""
        with self._lock:
            if self._commands.pop(name, None) is not None:
                self._redeclare("actions")

    def _arrived(self, message: Any) -> None:
        """A message for the process has come, in a thread of the server."""
        body = message.get("webmon") if isinstance(message, dict) else None
        if not isinstance(body, dict) or not isinstance(body.get("name"), str):
            raise ValueError('a command is {"webmon": {"id", "name", "args"}}')
        id, args = body.get("id"), body.get("args")
        if id is not None and not isinstance(id, str):
            raise ValueError("the id of a command is text or None")
        order = _Order(id, body["name"], args if isinstance(args, dict) else {})
        if self.closed:
            self._answer(order, "the process is ending")
            return
        with self._orders_lock:
            # A hand drags faster than some processes move.
            for other in self._orders:
                if other.id is None and other.name == order.name:
                    other.replaced = True
            if order.id is None or any(o.replaced for o in self._orders):
                self._orders = deque(o for o in self._orders if not o.replaced)
            full = len(self._orders) >= _COMMANDS
            if not full:
                self._orders.append(order)
        if full:
            self._answer(order, f"the process has not come to the last {_COMMANDS} commands yet")
            return
        self._arrived_one()

    def _arrived_one(self) -> None:
        """Has whoever runs commands run one that waits."""
        host = self._host
        if host is not None or self._poll:
            callback = host.waiting if host is not None else self.on_waiting
            if callback is not None:
                try:
                    callback()
                except Exception:
                    log.exception("on_waiting failed")
            return
        if self._dispatcher is None:
            with self._orders_lock:
                if self._dispatcher is None:
                    self._dispatcher = threading.Thread(target=self._dispatch, name="webmon commands", daemon=True)
                    self._dispatcher.start()
        self._arrival.release()

    def _dispatch(self) -> None:
        while not self.closed:
            self._arrival.acquire()
            try:
                self._run_next(lambda: self._host is None and not self._poll)
            except BaseException as error:  # SystemExit of a command, which was refused and must not end the thread
                log.debug("a command raised %r", error)

    def poll(self) -> int:
        """Runs the commands that wait, in this thread, and returns how many ran. For commands="poll".

        While the process has a napari viewer, commands run in the viewer's thread alone: calls from others do nothing.
        """
        host = self._host
        if host is not None:
            mine = threading.get_ident() == host.thread
        else:
            mine = self._poll
        if not mine:
            return 0
        done = 0
        # Those that come meanwhile wait for the next call, so that it ends.
        for _ in range(len(self._orders)):
            if not self._run_next():
                break
            done += 1
        return done

    def _run_next(self, may: Callable[[], bool] = lambda: True) -> bool:
        """Runs the command that has waited longest, if this thread may."""
        with self._orders_lock:
            if not self._orders or not may():
                return False
            order = self._orders.popleft()
        began = time.perf_counter_ns()
        try:
            self._running = threading.get_ident(), order
            try:
                self._run(order)
            finally:
                self._running = None
                self._spent += time.perf_counter_ns() - began
                self._calls += 1
        except ValueError as error:
            self._answer(order, str(error) or "ValueError")
        except BaseException as error:
            log.error("the command %s failed", order.name, exc_info=True)
            text = str(error)
            self._answer(order, f"{type(error).__name__}: {text}" if text else type(error).__name__)
            if not isinstance(error, Exception):
                raise
        else:
            self._answer(order, None)
        return True

    def _run(self, order: _Order) -> None:
        control = self._controls.get(order.name)
        if control is not None:
            if order.args.keys() != {order.name}:
                raise ValueError(f"{order.name} takes one value, under its own name")
            value = _forms.check(control._declared, order.name, order.args[order.name])
            updates = control._updates
            if control._setter is not None:
                control._setter(value)
            if control._updates == updates:
                control.update(value)
            return
        command = self._commands.get(order.name)
        if command is None:
            raise ValueError(f"{self.name} has no command {order.name[:80]!r}")
        args = dict(order.args)
        values = {}
        for argument in command.arguments:
            if argument.name in args:
                values[argument.name] = argument.convert(args.pop(argument.name))
            elif argument.required:
                raise ValueError(f"{argument.name} is missing")
        if args:
            raise ValueError(f"{order.name} does not take {', '.join(sorted(map(str, args)))[:200]}")
        command.fn(**values)

    def _answer(self, order: _Order, refused: str | None) -> None:
        if order.id is None:
            return
        # What the command has changed is told before that it was applied.
        stale = self._take_stale() if self._stale and not self._batches else []
        if stale:
            self._messages.put_first({"webmon": {"changed": stale}})
        self._messages.put_first(
            {
                "command": {
                    "id": order.id,
                    "status": "applied" if refused is None else "refused",
                    "reason": None if refused is None else refused[:1000],
                    "time": time.time(),
                }
            }
        )

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
        """Shares an array by shared memory; frames are then offered by its publish.

        The memory, slots times a frame, is taken from the machine once somebody looks.

        Args:
            name: letters, digits and _ . : - ; an array of that name before is closed.
            shape: of the largest frame, in C order; at most 8 axes.
            dtype: any NumPy dtype of numbers of up to 64 bits (complex: 2 x 64), or a record of up to 256 fields of numbers,
                times and texts. One that another library has added, such as bfloat16, is shown as the smallest of NumPy's
                own that holds all of its values.
            axes: a name for each, such as "tzyx" or ["time", "y", "x"].
            units: of each axis, or one for all of x, y and z.
            scale: units a pixel of each axis, or one for all of x, y and z.
            title: for people.
            role: "", "rgb" (the last axis is colour, 3 or 4 long: floats go from 0 to 1, uint16 from 0 to 65535, every
                other whole number from 0 to 255), "labels" or "table".
            colormap: to begin with, such as "viridis".
            limits: contrast limits to begin with.
            unit: of the values.
            layer: the id of the layer whose visible part the array is.
            slots: frames in the ring, 2 to 64.

        Raises:
            TypeError: the dtype cannot be shared, or another argument is of another type.
            ValueError: a record has too many fields, or another argument is of no use; says which.
        """
        name = check_name(name, "an array")
        array = SharedArray(
            self, name, shape, dtype, axes,
            units=units, scale=scale, title=title, role=role, colormap=colormap, limits=limits, unit=unit, layer=layer, slots=slots,
        )  # fmt: skip
        with self._lock:
            old = self._arrays.get(name)
            self._arrays[name] = array
        if old is not None:
            old._close()
        if self.closed:
            array._close()
        elif self._opened:
            array._open()
        self._redeclare("arrays")
        return array

    def _unshare(self, array: SharedArray) -> None:
        with self._lock:
            if self._arrays.get(array.name) is array:
                del self._arrays[array.name]
                self._redeclare("arrays")
        array._close()

    # The end.

    def close(self) -> None:
        """Stops offering the process: tells who watches, removes announcement and shared memory. Calling it again does
        nothing."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        if self._announcement is not None:
            self._announcement.remove()
        with self._orders_lock:
            left, self._orders = list(self._orders), deque()
        for order in left:
            self._answer(order, "the process is ending")
        running = self._running
        if running is not None and running[0] == threading.get_ident():
            # The command that ends everything; afterwards there is nobody to answer.
            self._answer(running[1], None)
            left.append(running[1])
            running[1].id = None
        self._shutdown.set()
        self._wake.set()
        self._arrival.release()
        server = self._server
        if server is not None:
            # Whoever waits for the shutdown, or asks at this moment, hears of it.
            began = time.monotonic()
            read = bool(left) or began - self._messages.asked < 2
            while server.connections and (self._shutdown.waiting or (read and not self._messages.empty())):
                if time.monotonic() > began + 0.5:
                    break
                time.sleep(0.01)
            server.close()
        for array in list(self._arrays.values()):
            array._close()
        self._wants = {}
        Process._live.discard(self)

    def _abandon(self) -> None:
        """In a forked child: the process that is offered is the parent. Locks may be held by threads that are not here."""
        self.closed = True
        self._host = None
        self._wants = {}
        if self._announcement is not None:
            self._announcement.abandon()
        if self._server is not None:
            self._server.abandon()
        for array in list(self._arrays.values()):
            array._abandon()
        self._lock = threading.RLock()
        self._orders_lock = threading.Lock()
        self._demand_lock = threading.Lock()
        self._wake = threading.Event()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.closed:
            return f"<webmon.Process {self.name!r}, closed>"
        return f"<webmon.Process {self.name!r} at {self.address}>" if self._opened else "<webmon.Process, not yet offered>"


def _checked(name: str | None, commands: str) -> str | None:
    """Returns the name as people see it, None if there is none to speak of."""
    if commands not in ("thread", "poll"):
        raise ValueError(f"commands must be 'thread' or 'poll', not {commands!r}")
    if name is not None and not isinstance(name, str):
        raise TypeError(f"the name must be text, not {type(name).__name__}")
    return (name or "").strip()[:80].strip() or None


def _said(meta: dict[str, Any], name: str) -> dict[str, Any]:
    """What is said of a topic, checked. Raises TypeError for what is of another form."""
    said: dict[str, Any] = plain(meta, f"what is said of {name}")
    fields = said.get("fields")
    if fields is not None and not (isinstance(fields, dict) and all(isinstance(of, dict) for of in fields.values())):
        raise TypeError(f'the fields of {name} must be {{path: {{"title", "unit"}}}}, not {fields!r:.200}')
    for of in (said, *(fields or {}).values()):
        for key in ("title", "unit"):
            words(of.get(key), f"the {key} of {name}")
    return said


def _default_name() -> str:
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None) or (sys.argv[0] if sys.argv else "")
    stem = Path(file).stem if file else ""
    if "ipykernel" in sys.modules and stem in ("", "ipykernel_launcher", "__main__"):
        return "jupyter"
    if stem == "__main__":
        stem = Path(file).parent.name
    return re.sub(r"[^\w. -]+", "-", stem).strip("-") or "python"


def _caller_scope() -> dict[str, Any]:
    """The names that stand where a command is declared: annotations that are text may use them."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == __package__:
        frame = frame.f_back
    return dict(frame.f_locals)


def _docstring(fn: Any) -> str:
    """The first paragraph of the function's docstring, on one line."""
    import inspect

    text = inspect.getdoc(fn) if inspect.isroutine(fn) else None
    return " ".join(text.strip().split("\n\n")[0].split()) if text else ""


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
            process._abandon()
        except Exception:
            pass  # there is nobody in a child to tell


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
