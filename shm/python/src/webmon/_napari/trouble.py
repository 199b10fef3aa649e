"""Nothing that goes wrong in here may reach napari's event loop."""

from __future__ import annotations

import functools
import logging
from typing import Any, Callable, TypeVar, cast

logger = logging.getLogger("webmon")

_F = TypeVar("_F", bound=Callable[..., Any])
_said: set[str] = set()


def say_once(kind: str, text: str, *args: object, error: bool = False) -> None:
    """Log text, with the traceback of the exception at hand if error is set.

    The second and every further report of the same kind goes to the debug
    level: what goes wrong in a paint goes wrong sixty times a second.
    """
    level = logging.DEBUG if kind in _said else (logging.ERROR if error else logging.WARNING)
    _said.add(kind)
    logger.log(level, text, *args, exc_info=error)


def missing(what: str, effect: str) -> None:
    """Log once that this napari lacks something and what does not work then."""
    say_once("missing " + what, "this napari has no %s: %s", what, effect)


def guarded(kind: str) -> Callable[[_F], _F]:
    """Return a decorator for callbacks that are called by napari or Qt.

    Whatever is raised is logged, once for each kind, and the callback returns None.
    """

    def decorate(function: _F) -> _F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception:
                say_once(kind, "%s failed; napari goes on without it", kind, error=True)
                return None

        return cast(_F, call)

    return decorate
