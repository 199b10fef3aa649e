"""Runs people's own simulations for webmon: the classes of a Python file, each in a process of its own.

This part is for webmon alone. webmon starts a Python and hands it these sources, so that nothing but NumPy has to be
installed there; what is said here goes to webmon by a private pipe, one JSON object a line. README.md says how such a class
is written.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
from typing import Any, Callable

__all__ = ["main"]

Say = Callable[[dict[str, Any]], None]


def _finite(value: Any) -> Any:
    """Make of numbers that JSON has no word for None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def _speaker(fd: int, token: str) -> Say:
    lock = threading.Lock()
    gone = False

    def say(message: dict[str, Any]) -> None:
        nonlocal gone
        # Whoever has the pipe by accident cannot imitate the token.
        line = f"{token} {json.dumps(_finite(message), allow_nan=False)}\n".encode()
        with lock:
            while line and not gone:
                try:
                    line = line[os.write(fd, line) :]
                except OSError:
                    gone = True  # webmon has ended, which another thread sees as well

    return say


def main(request: dict[str, Any], report: int, orders: int) -> None:
    """Do what webmon asks for: list the models of a file, or run one of them until webmon closes ``orders``.

    Parameters
    ----------
    request
        "do" is "list" or "run"; "file" is its path; "class" names the model to run, "options" are what people have
        asked for, "patience" is after how many seconds without progress something hangs; "token" begins every line.
    report
        Descriptor of the pipe to webmon.
    orders
        Descriptor of a pipe that only ever ends.
    """
    say = _speaker(report, request["token"])
    from . import find, host

    if request["do"] == "list":
        threading.Thread(target=_end_with, args=(orders, None), daemon=True, name="webmon end").start()
        find.tell(request["file"], float(request["patience"]), say)
        return
    run = host.Host(request, say)
    threading.Thread(target=_end_with, args=(orders, run), daemon=True, name="webmon end").start()
    run.run()


def _end_with(orders: int, run: Any) -> None:
    """End this process when webmon does, or when it has no more use for it."""
    try:
        while os.read(orders, 64):
            pass
    except OSError:
        pass
    if run is not None:
        import time

        run.stop()
        time.sleep(3)  # webmon itself waits less; this is for one that was killed
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        import signal

        os.killpg(0, signal.SIGKILL)  # with whatever the model has started
    os._exit(1)
