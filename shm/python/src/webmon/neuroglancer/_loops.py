"""Threads that call what people have registered, one after the other."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import Any, Callable

__all__ = ["handlers", "replies"]

log = logging.getLogger("webmon")


class Loop:
    """A thread that begins with the first call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()  # guards _thread
        self._thread: threading.Thread | None = None
        self._calls: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = queue.SimpleQueue()

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Have a function called soon. What it raises is logged."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._calls.put((function, args, kwargs))

    def _run(self) -> None:
        while True:
            function, args, kwargs = self._calls.get()
            try:
                function(*args, **kwargs)
            except Exception:
                log.exception("%s failed", getattr(function, "__qualname__", function))
            del function, args, kwargs  # what they hold may go

    def forked(self) -> None:
        """In a forked child, which has none of the threads."""
        self.__init__(self._name)  # type: ignore[misc]


handlers = Loop("webmon actions")  # of actions, and what is deferred
replies = Loop("webmon replies")  # of screenshots and voxels, for which a handler may wait

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=handlers.forked)
    os.register_at_fork(after_in_child=replies.forked)
