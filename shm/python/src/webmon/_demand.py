"""What those who watch a process want of it, and how often."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Any, Callable

from . import _fit
from ._resources import Mailbox, Notes

__all__ = ["Demand"]

log = logging.getLogger("webmon")

_FORGET = 5.0  # seconds after which somebody who wanted something is taken for gone


class Demand:
    """What is wanted, from what everybody who watches notes in client_data.

    Parameters
    ----------
    messages
        Where it is told that what somebody asked for is up to date.
    wake
        Has expire called soon.
    noted
        Called after each note, in the thread of whoever made it, with whether what is wanted has changed, and who has
        asked for it to be up to date, with the number of their ask.
    """

    def __init__(self, messages: Mailbox, wake: Callable[[], None], noted: Callable[[bool, dict[str, int]], None]) -> None:
        self.wants: dict[str, float] = {}  # times a second, by topic; replaced as a whole, so that looking into it needs no lock
        self.sizes: dict[str, tuple[int, int]] = {}  # (rows, columns) that are enough, of topics that nobody wants more of; replaced likewise
        self.notes = Notes(self._read)
        self._messages = messages
        self._wake = wake
        self._noted = noted
        self._lock = threading.Lock()  # guards those below
        self._until = math.inf  # when the next who wants something is forgotten, by time.monotonic
        self._asked: dict[str, int] = {}  # the last ask of each who wants something
        self._asks: dict[str, int] = {}  # those that are not answered yet
        self._warned = False  # of a webmon that does not fit

    def asked(self) -> dict[str, int]:
        """Who waits for what is wanted to be up to date, and the number of their ask."""
        with self._lock:
            return dict(self._asks)

    def answer(self, asks: dict[str, int]) -> None:
        """Say that what is wanted is up to date since these were asked."""
        if not asks:
            return
        with self._lock:
            self._asks = {who: ask for who, ask in self._asks.items() if asks.get(who) != ask}
        self._messages.put({"webmon": {"current": asks}})  # behind the events that were sent before

    def watchers(self) -> int:
        """How many browsers look at this process."""
        now = time.monotonic()
        total = 0
        for key, value in self.notes.items():
            if isinstance(key, str) and key.startswith("webmon:watchers:") and isinstance(value, int):
                if now - self.notes.written.get(key, 0.0) < _FORGET:
                    total += value
        return total

    def expire(self) -> float:
        """Forget who has not said again what they want; return the seconds until the next is to be forgotten."""
        if time.monotonic() >= self._until:
            self._read()
        return max(self._until - time.monotonic(), 0.0) + 0.01

    def forked(self) -> None:
        """In a forked child: nobody watches it, and a thread that is not here may hold the lock."""
        self.wants, self.sizes = {}, {}
        self._lock = threading.Lock()

    def _read(self) -> None:
        """Work out what is wanted, since client_data has changed."""
        with self._lock:
            now = time.monotonic()
            wants: dict[str, float] = {}
            sizes: dict[str, tuple[int, int] | None] = {}
            asked: dict[str, int] = {}
            until = math.inf
            for key, value in self.notes.items():
                if not (isinstance(key, str) and key.startswith("want:") and isinstance(value, dict)):
                    continue
                end = self.notes.written.get(key, 0.0) + _FORGET
                if end <= now:
                    continue
                until = min(until, end)
                if not self._warned:
                    misfit = _fit.misfit(value.get("version"), value.get("protocol"))
                    if misfit is not None:
                        self._warned = True
                        log.warning("%s", misfit)
                ask = value.get("ask")
                if isinstance(ask, int):
                    asked[key[5:]] = ask
                topics = value.get("topics")
                if not isinstance(topics, dict):
                    continue
                enough = value.get("sizes")
                for topic, hz in topics.items():
                    if isinstance(hz, (int, float)) and 0 < hz < math.inf:
                        wants[topic] = max(wants.get(topic, 0.0), float(hz))
                        size = _size(enough.get(topic)) if isinstance(enough, dict) else None
                        sizes[topic] = _larger(size, sizes.get(topic, size))
            least = {topic: size for topic, size in sizes.items() if size is not None}
            changed = wants != self.wants or least != self.sizes
            self.wants, self.sizes = wants, least
            asks = {who: ask for who, ask in asked.items() if self._asked.get(who) != ask}
            self._asked = asked
            self._asks.update(asks)
            sooner = until < self._until
            self._until = until
        if sooner:
            self._wake()
        self._noted(changed, asks)


def _size(value: Any) -> tuple[int, int] | None:
    """Return (rows, columns) that somebody says are enough, None for all."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    if not all(isinstance(n, int) and n > 0 for n in value):
        return None
    return int(value[0]), int(value[1])


def _larger(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    if one is None or other is None:
        return None
    return max(one[0], other[0]), max(one[1], other[1])
