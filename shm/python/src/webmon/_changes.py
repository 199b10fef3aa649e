"""What has changed in a process and was not told yet, and the telling of it."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator
from typing import Callable

from ._demand import Demand
from ._resources import Mailbox

__all__ = ["DECLARED", "LOST", "Changes"]

LOST = "webmon.lost"  # the key of what the process has not kept
DECLARED = ("hello", "topics", "controls", "actions", "arrays", "volumes", "boards", LOST)
_DECLARE_HZ = 20  # how often changed declarations are told


class Changes:
    """Tells those who watch what has changed: a declaration at most 20 times a second, a state as often as it is wanted.

    Parameters
    ----------
    messages
        Where it is told.
    demand
        How often somebody wants a state.
    wake
        Has tell called soon.
    heard
        Whether anybody is connected. Who connects later reads everything first.
    """

    def __init__(self, messages: Mailbox, demand: Demand, wake: Callable[[], None], heard: Callable[[], bool]) -> None:
        self._messages = messages
        self._demand = demand
        self._wake = wake
        self._heard = heard
        self._stale: set[str] = set()  # of DECLARED
        self._told_declared = 0.0  # when they were told last, by time.perf_counter
        self._dirty: set[str] = set()  # states
        self._told: dict[str, float] = {}  # when each state was told last
        self._batches = 0  # that are open
        self._lock = threading.RLock()  # guards _batches

    def declared(self, key: str) -> None:
        """Note that a declaration has changed."""
        if key not in self._stale:
            self._stale.add(key)
            if not self._batches:
                self._wake()

    def state(self, name: str, hz: float, now: float) -> None:
        """Tell that a state has changed, which is wanted hz times a second, or have it told once it is due."""
        if name in self._dirty:
            return
        if now - self._told.get(name, -math.inf) >= 1 / hz and not self._batches:
            self._told[name] = now
            self._messages.put_first({"webmon": {"changed": [name]}})
        else:
            self._dirty.add(name)
            self._wake()

    def forgotten(self, name: str) -> None:
        """Have it told that a state is gone."""
        self._dirty.add(name)

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Make everything that is declared and set within it one change for those who watch."""
        with self._lock:
            self._batches += 1
        try:
            yield
        finally:
            with self._lock:
                self._batches -= 1
            self._wake()

    def tell(self) -> float:
        """Tell what has changed and is due; return in how many seconds there is more to tell."""
        if self._batches:
            return math.inf  # its end wakes the clock
        now = time.perf_counter()
        changed: list[str] = []
        wait = math.inf
        if self._stale:
            left = self._told_declared + 1 / _DECLARE_HZ - now
            if left > 0:
                wait = left
            else:
                self._told_declared = now
                changed += self._take()
        wants = self._demand.wants
        for name in list(self._dirty):
            hz = wants.get(name)
            if hz is None:
                self._dirty.discard(name)
                continue
            left = self._told.get(name, -math.inf) + 1 / hz - now
            if left > 0:
                wait = min(wait, left)
            else:
                # Before it is told, so that a value that comes at this moment is told again.
                self._dirty.discard(name)
                self._told[name] = now
                changed.append(name)
        if changed:
            self._messages.put_first({"webmon": {"changed": changed}})
        return wait

    def tell_declared(self) -> None:
        """Tell at once which declarations have changed, so that an answer to a command comes after what it has changed."""
        if self._stale and not self._batches:
            stale = self._take()
            if stale:
                self._messages.put_first({"webmon": {"changed": stale}})

    def forked(self) -> None:
        """In a forked child: a thread that is not here may hold the lock."""
        self._lock = threading.RLock()

    def _take(self) -> list[str]:
        stale = []
        for key in DECLARED:
            if key in self._stale:
                self._stale.discard(key)
                stale.append(key)
        return stale if self._heard() else []
