"""The commands that come to a process, and who runs them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any, Callable

from . import _hands
from ._changes import Changes
from ._life import Life
from ._resources import Mailbox

__all__ = ["Host", "Orders"]

log = logging.getLogger("webmon")

_MOST = 1000  # commands that wait
_MOST_HANDS = 1000  # events of hands that wait
_MOST_REASON = 1000  # letters of the reason why one was refused


class Host:
    """Who has taken a process over: a viewer, whose thread alone may run its commands. Made in that thread.

    Parameters
    ----------
    demanded
        Called in any thread when what is wanted has changed, or when somebody asks for it as it is now, which
        Process.answer is called for.
    waiting
        Called in any thread when commands wait.
    hands
        Does what hands do, in the host's thread: called with the number of the message and its events (see _hands).
    """

    def __init__(
        self,
        demanded: Callable[[], object],
        waiting: Callable[[], object],
        hands: Callable[[int, list[dict[str, Any]]], object] | None = None,
    ) -> None:
        self.thread = threading.get_ident()
        self.demanded = demanded
        self.waiting = waiting
        self.hands = hands


class _Order:
    """A command that has come."""

    __slots__ = ("args", "hands", "id", "name", "replaced")

    def __init__(self, id: str | None, name: str, args: dict[str, Any]) -> None:
        self.id, self.name, self.args = id, name, args
        self.replaced = False  # by a newer value on its way to the same control
        self.hands: tuple[int, list[dict[str, Any]]] | None = None  # what they do, where it is no command


class Orders:
    """The commands that wait, oldest first, and those that run them: a thread of their own, poll, or a host's thread.

    Parameters
    ----------
    life
        Of the process.
    messages
        Where answers go.
    changes
        What a command has changed is told before its answer.
    run
        Runs a command by its name with its arguments; raises ValueError to refuse it.
    """

    def __init__(self, life: Life, messages: Mailbox, changes: Changes, run: Callable[[str, dict[str, Any]], None]) -> None:
        self._life = life
        self._messages = messages
        self._changes = changes
        self._run = run
        self.polled = False  # commands wait for poll, while there is no host
        self.on_waiting: Callable[[], object] | None = None  # then called, in any thread, when one waits
        self.host: Host | None = None
        self._waiting: deque[_Order] = deque()
        self._lock = threading.Lock()  # guards host, _waiting and _dispatcher
        self._arrival = threading.Semaphore(0)
        self._dispatcher: threading.Thread | None = None
        self._running: tuple[int, _Order] | None = None  # and the thread that it runs in

    def __len__(self) -> int:
        return len(self._waiting)

    def arrived(self, message: Any) -> None:
        """Take a message for the process, in a thread of the server. Raises ValueError for what is no command."""
        body = message.get("webmon") if isinstance(message, dict) else None
        if isinstance(body, dict) and "hands" in body:
            self._reached(*_hands.checked(body["hands"]))
            return
        if not isinstance(body, dict) or not isinstance(body.get("name"), str):
            raise ValueError('a command is {"webmon": {"id", "name", "args"}}')
        id, args = body.get("id"), body.get("args")
        if id is not None and not isinstance(id, str):
            raise ValueError("the id of a command is text or None")
        order = _Order(id, body["name"], args if isinstance(args, dict) else {})
        if self._life.closed:
            self._answer(order, "the process is ending")
            return
        with self._lock:
            # A hand drags faster than some processes move.
            for other in self._waiting:
                if other.id is None and other.name == order.name and other.hands is None:
                    other.replaced = True
            if order.id is None or any(o.replaced for o in self._waiting):
                self._waiting = deque(o for o in self._waiting if not o.replaced)
            full = len(self._waiting) >= _MOST
            if not full:
                self._waiting.append(order)
        if full:
            self._answer(order, f"the process has not come to the last {_MOST} commands yet")
            return
        self._call_runner()

    def _reached(self, n: int, events: list[dict[str, Any]]) -> None:
        """Take what hands do behind the commands that came before it, joined with what waits of theirs."""
        with self._lock:
            host = self.host
            if host is None or host.hands is None or self._life.closed:
                raise ValueError("there is nothing here that hands could move")
            last = self._waiting[-1] if self._waiting else None
            if last is not None and last.hands is not None:
                waiting = last.hands[1]
                full = len(waiting) + len(events) > _MOST_HANDS
                _hands.join(waiting, _hands.letting_go(events) if full else events)
                del waiting[2 * _MOST_HANDS :]
                last.hands = n, waiting
                if full:
                    raise ValueError(f"the process has not come to the last {_MOST_HANDS} events of hands yet")
                return
            if len(self._waiting) >= _MOST:
                raise ValueError(f"the process has not come to the last {_MOST} commands yet")
            order = _Order(None, "", {})
            order.hands = n, []
            _hands.join(order.hands[1], events)
            self._waiting.append(order)
        self._call_runner()

    def adopt(self, host: Host) -> None:
        """Have the host's thread run all commands from now on. Raises RuntimeError where there is a host already."""
        with self._lock:
            if self.host is not None:
                raise RuntimeError("this process has a viewer already")
            self.host = host

    def part(self, host: Host) -> bool:
        """Let the host go; False where it is not there any more. resume follows, unless the process ends."""
        with self._lock:
            if self.host is not host:
                return False
            self.host = None
        return True

    def resume(self) -> None:
        """Have the commands run that the host has left."""
        for _ in range(len(self._waiting)):
            self._call_runner()

    def poll(self) -> int:
        """Run the commands that wait, if this thread may, and return how many ran."""
        host = self.host
        if host is not None:
            mine = threading.get_ident() == host.thread
        else:
            mine = self.polled
        if not mine:
            return 0
        done = 0
        # Those that come meanwhile wait for the next call, so that it ends.
        for _ in range(len(self._waiting)):
            if not self._run_next():
                break
            done += 1
        return done

    def end(self) -> bool:
        """Refuse what waits, and answer the command that ends the process; return whether somebody waits for that."""
        with self._lock:
            left, self._waiting = list(self._waiting), deque()
        for order in left:
            self._answer(order, "the process is ending")
        running = self._running
        if running is not None and running[0] == threading.get_ident():
            # Afterwards there is nobody to answer.
            self._answer(running[1], None)
            left.append(running[1])
            running[1].id = None
        self._arrival.release()
        return bool(left)

    def forked(self) -> None:
        """In a forked child: a thread that is not here may hold the lock."""
        self.host = None
        self._lock = threading.Lock()

    def _call_runner(self) -> None:
        """Have whoever runs commands run one that waits."""
        host = self.host
        if host is not None or self.polled:
            callback = host.waiting if host is not None else self.on_waiting
            if callback is not None:
                try:
                    callback()
                except Exception:
                    log.exception("on_waiting failed")
            return
        if self._dispatcher is None:
            with self._lock:
                if self._dispatcher is None:
                    self._dispatcher = threading.Thread(target=self._dispatch, name="webmon commands", daemon=True)
                    self._dispatcher.start()
        self._arrival.release()

    def _dispatch(self) -> None:
        while not self._life.closed:
            self._arrival.acquire()
            try:
                self._run_next(lambda: self.host is None and not self.polled)
            except BaseException as error:  # SystemExit of a command, which was refused and must not end the thread
                log.debug("a command raised %r", error)

    def _run_next(self, may: Callable[[], bool] = lambda: True) -> bool:
        """Run the command that has waited longest, if this thread may."""
        with self._lock:
            if not self._waiting or not may():
                return False
            order = self._waiting.popleft()
        began = time.perf_counter_ns()
        try:
            self._running = threading.get_ident(), order
            try:
                if order.hands is None:
                    self._run(order.name, order.args)
                elif self.host is not None and self.host.hands is not None:
                    self.host.hands(*order.hands)
            finally:
                self._running = None
                self._life.count(began)
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

    def _answer(self, order: _Order, refused: str | None) -> None:
        if order.id is None:
            return
        self._changes.tell_declared()
        self._messages.put_first(
            {
                "command": {
                    "id": order.id,
                    "status": "applied" if refused is None else "refused",
                    "reason": None if refused is None else refused[:_MOST_REASON],
                    "time": time.time(),
                }
            }
        )
