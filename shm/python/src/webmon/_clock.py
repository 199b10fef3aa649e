"""The thread of a process that does what is due later."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Callable

__all__ = ["Clock"]

log = logging.getLogger("webmon")

_TOGETHER = 0.002  # seconds: what changes at once is told at once
_AFTER_TROUBLE = 1.0  # seconds until a job that failed is tried again


class Clock:
    """Runs jobs in a thread of its own, one after the other, whenever it is woken or one of them is due.

    A job does what is due, and returns in how many seconds it wants to be called again, math.inf for not by itself.
    """

    def __init__(self, *jobs: Callable[[], float]) -> None:
        self._jobs = jobs
        self._alarm = threading.Event()
        self._stopped = False

    def start(self) -> None:
        """Start the thread. Raises RuntimeError where the machine has no more threads."""
        threading.Thread(target=self._run, name="webmon clock", daemon=True).start()

    def wake(self) -> None:
        """Have the jobs run soon; called in any thread."""
        self._alarm.set()

    def stop(self) -> None:
        """End the thread, after the job that runs."""
        self._stopped = True
        self._alarm.set()

    def forked(self) -> None:
        """In a forked child: a thread that is not here may hold the event's lock."""
        self._stopped = True
        self._alarm = threading.Event()

    def _run(self) -> None:
        wait = math.inf
        while not self._stopped:
            self._alarm.wait(None if wait == math.inf else wait)
            if self._alarm.is_set():
                self._alarm.clear()
                time.sleep(_TOGETHER)
            if self._stopped:
                return
            wait = min(self._due(job) for job in self._jobs)

    def _due(self, job: Callable[[], float]) -> float:
        try:
            return job()
        except Exception:
            log.exception("telling webmon what has changed failed")
            return _AFTER_TROUBLE
