"""The arrays that a process shares."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterable
from typing import Any, Callable

from ._array import SharedArray
from ._changes import Changes
from ._demand import Demand
from ._life import Life

__all__ = ["Arrays"]

log = logging.getLogger("webmon")

_LOOK = 0.5  # seconds between two looks at the arrays' memory, at least


class Arrays:
    """The arrays of a process by their names; what _array.Owner asks for.

    Parameters
    ----------
    life
        Of the process.
    demand
        How often somebody wants an array.
    changes
        Told when an array is declared differently.
    wake
        Has mend_broken called soon.
    """

    def __init__(self, life: Life, demand: Demand, changes: Changes, wake: Callable[[], None]) -> None:
        self.life = life
        self.demand = demand
        self._changes = changes
        self._wake = wake
        self._lock = threading.RLock()  # held while an array comes or goes
        self._by_name: dict[str, SharedArray] = {}
        self._broken: set[SharedArray] = set()  # that could not be written to
        self._looked = 0.0  # when all were looked after, by time.monotonic

    def names(self) -> list[str]:
        """Return the names of the arrays that are shared."""
        return list(self._by_name)

    def get(self, name: str) -> SharedArray | None:
        """Return the array of a name, None if there is none."""
        return self._by_name.get(name)

    def declared(self) -> dict[str, Any]:
        """Return what webmon is told of the arrays."""
        return {array.name: array._declared() for array in list(self._by_name.values())}

    def add(self, array: SharedArray) -> None:
        """Share an array; the one of that name before is closed."""
        with self._lock:
            old = self._by_name.get(array.name)
            self._by_name[array.name] = array
        if old is not None:
            old._close()
        if self.life.closed:
            array._close()
        elif self.life.opened:
            array._open()
        self.redeclare()

    def remove(self, array: SharedArray) -> None:
        """End an array; one that is not there is no error."""
        with self._lock:
            if self._by_name.get(array.name) is array:
                del self._by_name[array.name]
                self.redeclare()
        array._close()

    def redeclare(self) -> None:
        """Note that something else is declared of an array."""
        self._changes.declared("arrays")

    def mend(self, array: SharedArray) -> None:
        """Have the clock look after an array that could not be written to."""
        self._broken.add(array)
        self._wake()

    def mend_broken(self) -> float:
        """Look after the arrays that could not be written to: a job of the clock's."""
        while self._broken:
            self._look([self._broken.pop()])
        return math.inf

    def look(self, changed: bool) -> None:
        """Look after the memory of all arrays: at once where what is wanted has changed, otherwise now and then.

        Each webmon says once a second what it wants, and so has this called.
        """
        if changed or time.monotonic() - self._looked >= _LOOK:
            self._look(list(self._by_name.values()))

    def open(self) -> None:
        """Make the arrays' memory, now that the process is offered."""
        for array in list(self._by_name.values()):
            array._open()

    def close(self) -> None:
        """End all arrays."""
        for array in list(self._by_name.values()):
            array._close()

    def forked(self) -> None:
        """In a forked child: the memory is the parent's, and a thread that is not here may hold the lock."""
        for array in list(self._by_name.values()):
            array._abandon()
        self._lock = threading.RLock()

    def _look(self, arrays: Iterable[SharedArray]) -> None:
        self._looked = time.monotonic()
        for array in arrays:
            try:
                array._look()
            except Exception:
                log.exception("the array %s could not be looked after", array.name)
