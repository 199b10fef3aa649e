"""The objects that a process offers by its manager server.

They live in the process itself: the owner's thread uses them directly, without
any proxy, and everybody else by the names of the methods in ``exposed``.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from typing import Any, Callable

__all__ = ["Data", "Flag", "Inbox", "Mailbox", "Notes"]


class Data:
    """``napari_data``: what the process says of itself. Others may only read it.

    Values are never changed after they were stored, only replaced; a dict's own methods are atomic, so that no lock is
    needed. A value may also be rendered when somebody asks for it.
    """

    exposed = ("copy", "get", "items", "keys", "values", "__contains__", "__getitem__", "__len__")

    def __init__(self) -> None:
        self.values_: dict[str, Any] = {}
        self._rendered: dict[str, Callable[[], Any]] = {}

    def render(self, key: str, function: Callable[[], Any]) -> None:
        """Make the function's result the value of key; it is called for each who asks."""
        self._rendered[key] = function
        self.values_[key] = None

    def forget(self, key: str) -> None:
        """Take a key back that was rendered."""
        self._rendered.pop(key, None)
        self.values_.pop(key, None)

    def get(self, key: str, default: Any = None) -> Any:
        function = self._rendered.get(key)
        if function is not None:
            return function()
        return self.values_.get(key, default)

    def keys(self) -> list[str]:
        return list(self.values_)

    def copy(self) -> dict[str, Any]:
        return {key: self.get(key) for key in list(self.values_)}

    def values(self) -> list[Any]:
        return list(self.copy().values())

    def items(self) -> list[tuple[str, Any]]:
        return list(self.copy().items())

    def getvalue(self) -> dict[str, Any]:
        return self.copy()

    def __getitem__(self, key: str) -> Any:
        if key not in self.values_:
            raise KeyError(key)
        return self.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self.values_

    def __len__(self) -> int:
        return len(self.values_)


class Notes:
    """``client_data``: what those who watch say to the process.

    ``changed`` is called after each change, in the thread that made it.
    """

    exposed = (
        "clear",
        "copy",
        "get",
        "items",
        "keys",
        "pop",
        "popitem",
        "setdefault",
        "update",
        "values",
        "__contains__",
        "__delitem__",
        "__getitem__",
        "__len__",
        "__setitem__",
    )
    # A bound so that a watcher gone wrong cannot fill the process's memory with keys.
    most = 1000

    def __init__(self, changed: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._changed = changed
        self._values: dict[Any, Any] = {}
        self.written: dict[Any, float] = {}  # when each key was, by time.monotonic

    def _write(self, new: dict[Any, Any]) -> None:
        now = time.monotonic()
        with self._lock:
            if len(self._values.keys() | new.keys()) > self.most:
                raise ValueError(f"client_data has {self.most} keys already")
            self._values.update(new)
            for key in new:
                self.written[key] = now
        self._changed()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._write({key: value})

    def update(self, *args: Any, **kwds: Any) -> None:
        self._write(dict(*args, **kwds))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        with self._lock:
            if key in self._values:
                return self._values[key]
            if len(self._values) >= self.most:
                raise ValueError(f"client_data has {self.most} keys already")
            self._values[key] = default
            self.written[key] = time.monotonic()
        self._changed()
        return default

    def pop(self, key: Any, *default: Any) -> Any:
        with self._lock:
            value = self._values.pop(key, *default)
            self.written.pop(key, None)
        self._changed()
        return value

    def popitem(self) -> Any:
        with self._lock:
            key, value = self._values.popitem()
            self.written.pop(key, None)
        self._changed()
        return key, value

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self.written.clear()
        self._changed()

    def __delitem__(self, key: Any) -> None:
        self.pop(key)

    def get(self, key: Any, default: Any = None) -> Any:
        return self._values.get(key, default)

    def __getitem__(self, key: Any) -> Any:
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def copy(self) -> dict[Any, Any]:
        with self._lock:
            return dict(self._values)

    def keys(self) -> list[Any]:
        return list(self.copy())

    def values(self) -> list[Any]:
        return list(self.copy().values())

    def items(self) -> list[tuple[Any, Any]]:
        return list(self.copy().items())

    def getvalue(self) -> dict[Any, Any]:
        return self.copy()


class Mailbox:
    """``napari_messages``: a queue that forgets its oldest message rather than wait or grow, and counts what it forgets.

    What the process has to say of itself (put_first) comes before all events, and is not forgotten for their sake: an
    answer to a command is waited for. put takes no lock unless somebody waits for a message, because whoever holds one
    may be kept from going on; a deque's own methods are atomic.

    Parameters
    ----------
    most
        Events that are kept.
    forgot
        Called when events were forgotten, in the thread that has put one too many. It must return at once.
    """

    exposed = ("empty", "full", "get", "get_nowait", "join", "put", "put_nowait", "qsize", "task_done")
    most_first = 4096
    most_topics = 256  # whose lost events are counted apart

    def __init__(self, most: int, forgot: Callable[[], None] = lambda: None) -> None:
        self._most = most
        self._forgot = forgot
        self._first: deque[Any] = deque(maxlen=self.most_first)
        self._items: deque[Any] = deque()
        self._waiting: deque[Any] = deque()  # a locked lock for each that waits
        self.asked = 0.0  # when somebody last asked for a message, by time.monotonic
        self._fallen: deque[tuple[Any, int]] = deque()  # topics of events that were forgotten and are not counted yet
        self._counting = threading.Lock()  # guards those below
        self._lost: dict[str, int] = {}
        self._lost_total = 0

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        self._items.append(item)
        if len(self._items) > self._most:
            self._forget()
        if self._waiting:
            self._wake()

    def put_nowait(self, item: Any) -> None:
        self.put(item)

    def put_first(self, item: Any) -> None:
        """Put what is no event."""
        self._first.append(item)
        if self._waiting:
            self._wake()

    def _forget(self) -> None:
        while len(self._items) > self._most:
            try:
                old = self._items.popleft()
            except IndexError:
                break
            if isinstance(old, dict):
                for topic, value in old.items():
                    if topic == "webmon":
                        continue  # no event: that everything before it was taken, which is asked again
                    self._fallen.append((topic, len(value) if isinstance(value, list) else 1))
            else:
                self._fallen.append((None, 1))
        # Whoever counts at this moment, or next, counts these too.
        if self._counting.acquire(False):
            try:
                self._count()
            finally:
                self._counting.release()
        self._forgot()

    def _count(self) -> None:
        while self._fallen:
            topic, n = self._fallen.popleft()
            self._lost_total += n
            if isinstance(topic, str) and (topic in self._lost or len(self._lost) < self.most_topics):
                self._lost[topic] = self._lost.get(topic, 0) + n

    def events(self) -> int:
        """How many events wait."""
        return len(self._items)

    def lost(self) -> tuple[int, dict[str, int]]:
        """How many events were forgotten before anybody took them: all, and of each topic."""
        with self._counting:
            self._count()
            return self._lost_total, dict(self._lost)

    def _wake(self) -> None:
        try:
            self._waiting.popleft().release()
        except IndexError:
            pass  # its wait was over just now

    def _take(self) -> Any:
        """Take the next message; IndexError where there is none."""
        if self._first:
            try:
                return self._first.popleft()
            except IndexError:
                pass  # another one was faster
        return self._items.popleft()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        self.asked = time.monotonic()
        try:
            return self._take()
        except IndexError:
            if not block:
                raise queue.Empty from None
        deadline = None if timeout is None else time.monotonic() + max(timeout, 0.0)
        while True:
            signal = threading.Lock()
            signal.acquire()
            self._waiting.append(signal)
            # What came before the signal was there for put to see.
            try:
                item = self._take()
            except IndexError:
                pass
            else:
                self._leave(signal)
                return item
            # A bound, so that no thread hangs for ever over a wake-up that was lost.
            left = 3600.0 if deadline is None else deadline - time.monotonic()
            woken = left > 0 and signal.acquire(timeout=left)
            if not woken:
                self._leave(signal)
            try:
                return self._take()
            except IndexError:
                if deadline is not None and time.monotonic() >= deadline:
                    raise queue.Empty from None

    def _leave(self, signal: Any) -> None:
        try:
            self._waiting.remove(signal)
        except ValueError:
            # Woken at the same moment: the message is for the next who waits.
            if not self.empty() and self._waiting:
                self._wake()

    def get_nowait(self) -> Any:
        return self.get(False)

    def qsize(self) -> int:
        return len(self._first) + len(self._items)

    def empty(self) -> bool:
        return not self._first and not self._items

    def full(self) -> bool:
        return False

    def task_done(self) -> None:
        """Do nothing: nobody counts what is done."""

    def join(self) -> None:
        """Return at once: nobody counts what is done."""


class Inbox:
    """``client_messages``: commands for the process. What is put is handed on at once to ``arrived``."""

    exposed = Mailbox.exposed

    def __init__(self, arrived: Callable[[Any], None], waiting: Callable[[], int]) -> None:
        self._arrived = arrived
        self._waiting = waiting

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        self._arrived(item)

    def put_nowait(self, item: Any) -> None:
        self._arrived(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        raise queue.Empty  # commands are for this process alone

    def get_nowait(self) -> Any:
        raise queue.Empty

    def qsize(self) -> int:
        return self._waiting()

    def empty(self) -> bool:
        return not self._waiting()

    def full(self) -> bool:
        return False

    def task_done(self) -> None:
        """Do nothing: nobody counts what is done."""

    def join(self) -> None:
        """Return at once: nobody counts what is done."""


class Flag:
    """``napari_shutdown``: set once the process ends. Others may only look."""

    exposed = ("isSet", "is_set", "wait")

    def __init__(self) -> None:
        self._event = threading.Event()
        self.waiting = 0  # calls of wait under way

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    isSet = is_set

    def wait(self, timeout: float | None = None) -> bool:
        self.waiting += 1
        try:
            return self._event.wait(timeout)
        finally:
            self.waiting -= 1
