"""The volumes that a process offers."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from ._boxes import Boxes
from ._changes import Changes
from ._demand import Demand
from ._life import Life
from ._resources import Data
from ._volume import SharedVolume

__all__ = ["Volumes"]

log = logging.getLogger("webmon")

_LOOK = 1.0  # seconds between two looks at the volumes' memory, at least


class Volumes:
    """The volumes of a process by their names; what _volume.Owner asks for.

    Parameters
    ----------
    life
        Of the process.
    data
        Where the version of each volume is read.
    demand
        How often somebody wants to hear of changes.
    changes
        Told when a volume has changed, or is declared differently.
    """

    def __init__(self, life: Life, data: Data, demand: Demand, changes: Changes) -> None:
        self._life = life
        self._data = data
        self._demand = demand
        self._changes = changes
        self._lock = threading.RLock()  # held while a volume comes or goes
        self._by_name: dict[str, SharedVolume] = {}
        self.boxes = Boxes(self._by_name.get)
        self._looked = 0.0  # when all were looked after, by time.monotonic

    def names(self) -> list[str]:
        """Return the names of the volumes that are offered."""
        return list(self._by_name)

    def get(self, name: str) -> SharedVolume | None:
        """Return the volume of a name, None if there is none."""
        return self._by_name.get(name)

    def declared(self) -> dict[str, Any]:
        """Return what webmon is told of the volumes."""
        return {volume.name: volume._declared() for volume in list(self._by_name.values())}

    def add(self, volume: SharedVolume) -> None:
        """Offer a volume; the one of that name before is closed."""
        with self._lock:
            old = self._by_name.get(volume.name)
            self._by_name[volume.name] = volume
            self._data.render(_topic(volume), volume._told)
        if old is not None:
            old._close()
        if self._life.closed:
            volume._close()
        self.redeclare()

    def remove(self, volume: SharedVolume) -> None:
        """End a volume; one that is not there is no error."""
        with self._lock:
            if self._by_name.get(volume.name) is volume:
                del self._by_name[volume.name]
                self._data.forget(_topic(volume))
                self.redeclare()
        volume._close()

    def redeclare(self) -> None:
        """Note that something else is declared of a volume."""
        self._changes.declared("volumes")

    def told(self, volume: SharedVolume) -> None:
        """Note that the content of a volume has changed."""
        began = time.perf_counter_ns()
        topic = _topic(volume)
        hz = self._demand.wants.get(topic)
        if hz is not None:
            self._changes.state(topic, hz, began / 1e9)
        self._life.count(began)

    def look(self, changed: bool) -> None:
        """Look after the memory of all volumes: at once where what is wanted has changed, otherwise now and then."""
        if changed or time.monotonic() - self._looked >= _LOOK:
            self._looked = time.monotonic()
            for volume in list(self._by_name.values()):
                try:
                    volume._look()
                except Exception:
                    log.exception("the volume %s could not be looked after", volume.name)

    def close(self) -> None:
        """End all volumes."""
        for volume in list(self._by_name.values()):
            volume._close()

    def forked(self) -> None:
        """In a forked child: what is offered is the parent's, and a thread that is not here may hold the lock."""
        for volume in list(self._by_name.values()):
            volume._abandon()
        self._lock = threading.RLock()
        self.boxes.forked()


def _topic(volume: SharedVolume) -> str:
    return f"volume/{volume.name}"
