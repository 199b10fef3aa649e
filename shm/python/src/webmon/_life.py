"""What all parts of a process share: whether it is offered, whether it has ended, and what its calls have cost."""

from __future__ import annotations

import time
from typing import NamedTuple

__all__ = ["Cost", "Life", "Stats"]


class Cost(NamedTuple):
    """What webmon has cost the threads that call the package, since the start.

    The time is that of the clock, inside set, send, publish, commands and so on. The server's own threads are not included.
    On a machine that has more to do than processors the time holds what others took in between.

    Attributes
    ----------
    seconds : float
        Time that the calls took, in seconds.
    calls : int
        How many calls there were.
    """

    seconds: float
    calls: int


class Stats(NamedTuple):
    """What has become of the events of a process, since its start.

    Attributes
    ----------
    waiting : int
        Events that no webmon has taken yet.
    lost : int
        Events that nobody will get: they came faster than they were taken, or waited for a webmon that did not come. The
        last 8192 messages are kept.
    topics : dict of str to int
        The lost events by topic, of the first 256 topics that lost any.
    """

    waiting: int
    lost: int
    topics: dict[str, int]


class Life:
    """Whether a process is offered, and what webmon has cost the threads that call the package.

    The counters are added to without a lock: at worst one of two calls at the same moment is not counted.
    """

    __slots__ = ("calls", "closed", "opened", "spent")

    def __init__(self) -> None:
        self.opened = False
        self.closed = False
        self.spent = 0  # ns
        self.calls = 0

    def count(self, began: int) -> None:
        """Count a call that began then, by time.perf_counter_ns."""
        self.spent += time.perf_counter_ns() - began
        self.calls += 1
