"""The states and events of a process."""

from __future__ import annotations

import threading
import time
from typing import Any

from ._changes import DECLARED, Changes
from ._demand import Demand
from ._life import Life
from ._plain import MAX_EVENT, MAX_STATE, check_name, plain, words
from ._resources import Data, Mailbox

__all__ = ["Values"]

_TOGETHER = 128  # events in one message
_RESERVED_STATES = frozenset(DECLARED)
_RESERVED_EVENTS = ("webmon", "command")


class Values:
    """What a process says of itself by name: states, whose latest value counts, and events, which are kept in order."""

    def __init__(self, life: Life, data: Data, messages: Mailbox, demand: Demand, changes: Changes) -> None:
        self._life = life
        self._values = data.values_
        self._messages = messages
        self._demand = demand
        self._changes = changes
        self._lock = threading.RLock()  # held while topics changes
        self.topics: dict[str, dict[str, Any]] = {}  # what is declared of each; the inner dicts are replaced, never changed
        self._events: set[str] = set()  # those of them that are events

    def set(self, name: str, value: Any, meta: dict[str, Any]) -> None:
        """Do what Process.set says."""
        began = time.perf_counter_ns()
        if type(name) is not str:
            name = check_name(name, "a topic")
        value = plain(value, name, MAX_STATE)
        values = self._values
        if meta or name not in values or name in _RESERVED_STATES:
            self._declare(name, "state", meta)
        values[name] = value
        wants = self._demand.wants
        if name in wants:
            self._changes.state(name, wants[name], began / 1e9)
        life = self._life
        life.spent += time.perf_counter_ns() - began
        life.calls += 1

    def send(self, name: str, value: Any, meta: dict[str, Any]) -> None:
        """Do what Process.send says."""
        began = time.perf_counter_ns()
        if type(name) is not str:
            name = check_name(name, "a topic")
        value = plain(value, name, MAX_EVENT)
        if meta or name not in self._events:
            self._declare(name, "event", meta)
        if type(value) is not dict:
            value = {"value": value, "time": time.time()}
        elif "time" not in value:
            value["time"] = time.time()
        life = self._life
        if not life.closed:
            self._messages.put({name: value})
        life.spent += time.perf_counter_ns() - began
        life.calls += 1

    def send_all(self, name: str, values: list[dict[str, Any]]) -> None:
        """Send many events of one topic: plain dicts, each with its "time", that nobody else goes on to change."""
        if name not in self._events:
            self._declare(name, "event", {})
        for first in range(0, 0 if self._life.closed else len(values), _TOGETHER):
            self._messages.put({name: values[first : first + _TOGETHER]})

    def forget(self, name: str) -> None:
        """Take a topic back."""
        with self._lock:
            self.topics.pop(name, None)
            self._events.discard(name)
            if name not in DECLARED:
                self._values.pop(name, None)
                self._changes.forgotten(name)
            self._changes.declared("topics")

    def forked(self) -> None:
        """In a forked child: a thread that is not here may hold the lock."""
        self._lock = threading.RLock()

    def _declare(self, name: str, kind: str, meta: dict[str, Any]) -> None:
        known = self.topics.get(name)
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
            self.topics[name] = new
            if kind == "event":
                self._events.add(name)
            self._changes.declared("topics")


def _said(meta: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what is said of a topic, checked. Raises TypeError for what is of another form."""
    said: dict[str, Any] = plain(meta, f"what is said of {name}")
    fields = said.get("fields")
    if fields is not None and not (isinstance(fields, dict) and all(isinstance(of, dict) for of in fields.values())):
        raise TypeError(f'the fields of {name} must be {{path: {{"title", "unit"}}}}, not {fields!r:.200}')
    for of in (said, *(fields or {}).values()):
        for key in ("title", "unit"):
            words(of.get(key), f"the {key} of {name}")
    return said
