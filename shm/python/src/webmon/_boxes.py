"""Answers what webmon asks of volumes: boxes, meshes, skeletons, and what is known of labels.

A connection has a thread of its own, which asks nothing of the watched thread. At most so many as have a turn work at a time,
whoever asks.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import Any, Callable

import numpy as np

from ._content import Gone, NoLabel, Outside
from ._convert import reason
from ._volume import SharedVolume

__all__ = ["Boxes"]

log = logging.getLogger("webmon")

_TURNS = 4  # boxes that are made at a time
_WAIT = 0.25  # seconds after which who waits for a turn looks whether somebody still wants it

_MAX_SAID = 1000  # letters of what an exception says

_WHY: tuple[tuple[type[Exception], str], ...] = ((Gone, "gone"), (NoLabel, "label"), (Outside, "box"))


class Boxes:
    """Answers requests, see PROTOCOL.md.

    Parameters
    ----------
    find
        Returns the volume of a name, None if there is none.
    """

    def __init__(self, find: Callable[[str], SharedVolume | None]) -> None:
        self._find = find
        self._turns = threading.BoundedSemaphore(_TURNS)

    def answer(self, request: bytes, left: Callable[[], bool]) -> list[Any] | None:
        """Return the messages that answer a request: the head, and what it says follows.

        None if whoever has asked has left meanwhile, as left says.
        """
        while not self._turns.acquire(timeout=_WAIT):
            if left():
                return None
        try:
            if left():
                return None
            head, parts = self._made(json.loads(request))
        except Exception as error:
            # People's own code is at work here, and whatever it raises is for people to read.
            log.debug("a volume could not be read", exc_info=True)
            why = next((why for kind, why in _WHY if isinstance(error, kind)), "")
            return [json.dumps({"error": _said(error)[:_MAX_SAID], "why": why}).encode()]
        finally:
            self._turns.release()
        views = [memoryview(part).cast("B") if part.size else b"" for part in map(_flat, parts)]
        nbytes = sum(len(view) for view in views)
        answer: list[Any] = [json.dumps({**head, "bytes": nbytes}).encode()]
        if nbytes:
            answer.append(views[0] if len(views) == 1 else b"".join(views))
        return answer

    def forked(self) -> None:
        """In a forked child: threads that are not here may have the turns."""
        self._turns = threading.BoundedSemaphore(_TURNS)

    def _made(self, asked: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
        volume = self._find(asked["volume"])
        if volume is None:
            raise Gone(f"there is no volume {str(asked['volume'])[:80]!r}")
        content = volume._content(asked["generation"])
        op = asked["op"]
        if op == "box":
            return {}, [content.box(asked["level"], asked["from"], asked["to"])]
        if op == "mesh":
            return content.mesh(asked["id"]).sent()
        if op == "skeleton":
            return content.skeleton(asked["id"]).sent()
        if op == "geometry":
            return content.geometry().sent()
        if op == "labels":
            return content.labels().sent()
        raise ValueError(f"{str(op)[:80]!r} is nothing that volumes are asked for")


def _said(error: Exception) -> str:
    """Return what went wrong: a sentence of our own as it is, what others raise with its type."""
    sentence = type(error) in (Gone, NoLabel, Outside, ValueError, TypeError) and str(error)
    return sentence or reason(error)


def _flat(part: Any) -> np.ndarray[Any, Any]:
    if isinstance(part, bytes):
        return np.frombuffer(part, np.uint8)
    flat: np.ndarray[Any, Any] = part.reshape(-1).view(np.uint8) if part.size else np.zeros(0, np.uint8)
    return flat
