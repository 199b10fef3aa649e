"""Hands on the picture of a viewer, as they come from those who watch: checked, and joined where they wait."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["checked", "join", "letting_go"]

_MOST_EVENTS = 64  # of one message
_MODS = frozenset(("Shift", "Control", "Alt", "Meta"))
_BUTTONS = frozenset(("left", "middle", "right"))
_FAR = 16.0  # widths of the canvas that one event may go
_ZOOM = 1024.0
_NOTCHES = 100.0
_MOST_KEY = 32  # letters of a key's name

# What each event has besides "do".
_FIELDS: dict[str, tuple[str, ...]] = {
    "pan": ("dx", "dy"),
    "zoom": ("x", "y", "by"),
    "rotate": ("dx", "dy"),
    "reset": (),
    "point": ("x", "y"),
    "leave": (),
    "press": ("x", "y", "button", "mods"),
    "move": ("x", "y", "button", "mods"),
    "release": ("x", "y", "button", "mods"),
    "double": ("x", "y", "button", "mods"),
    "wheel": ("x", "y", "dx", "dy", "mods"),
    "key": ("key", "down", "mods"),
}


def checked(message: Any) -> tuple[int, list[dict[str, Any]]]:
    """Return the number of a message of hands and its events. Raises ValueError saying what is no hand."""
    if not isinstance(message, dict) or not _whole(message.get("n")) or not isinstance(message.get("events"), (list, tuple)):
        raise ValueError('hands are {"n": whole number, "events": [event, ...]}')
    events = message["events"]
    if len(events) > _MOST_EVENTS:
        raise ValueError(f"hands have {len(events)} events, and {_MOST_EVENTS} are the most")
    return message["n"], [_event(event) for event in events]


def _whole(n: Any) -> bool:
    return type(n) is int and 0 <= n < 1 << 64


def _event(event: Any) -> dict[str, Any]:
    do = event.get("do") if isinstance(event, dict) else None
    fields = _FIELDS.get(do) if isinstance(do, str) else None
    if fields is None:
        raise ValueError(f"{do!r:.40} is nothing that a hand does")
    return {"do": do, **{name: _FIELD[name](event, do) for name in fields}}


def _number(name: str, least: float, most: float) -> Any:
    def read(event: dict[str, Any], do: str) -> float:
        value = event.get(name)
        if do == "wheel" and name in ("dx", "dy") and value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise ValueError(f"{name} of {do} must be a number from {least:g} to {most:g}, not {value!r:.40}")
        return float(value)

    return read


def _mods(event: dict[str, Any], do: str) -> tuple[str, ...]:
    mods = event.get("mods") or ()
    if not isinstance(mods, (list, tuple)) or len(mods) > len(_MODS) or not all(isinstance(mod, str) and mod in _MODS for mod in mods):
        raise ValueError(f"mods of {do} must be of {', '.join(sorted(_MODS))}, not {mods!r:.80}")
    return tuple(mods)


def _button(event: dict[str, Any], do: str) -> str:
    button = event.get("button", "left")
    if not isinstance(button, str) or button not in _BUTTONS:
        raise ValueError(f"button of {do} must be one of {', '.join(sorted(_BUTTONS))}, not {button!r:.40}")
    return button


def _key(event: dict[str, Any], do: str) -> str:
    key = event.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= _MOST_KEY:
        raise ValueError(f"key of {do} must be the name of a key, not {key!r:.40}")
    return key


def _down(event: dict[str, Any], do: str) -> bool:
    down = event.get("down")
    if not isinstance(down, bool):
        raise ValueError(f"down of {do} must be true or false, not {down!r:.40}")
    return down


_FIELD: dict[str, Any] = {
    "x": _number("x", -_FAR, _FAR),  # a drag may leave the canvas
    "y": _number("y", -_FAR, _FAR),
    "dx": _number("dx", -_NOTCHES, _NOTCHES),
    "dy": _number("dy", -_NOTCHES, _NOTCHES),
    "by": _number("by", 1 / _ZOOM, _ZOOM),
    "button": _button,
    "mods": _mods,
    "key": _key,
    "down": _down,
}


def join(waiting: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    """Put events behind those that wait: of the same kind one after the other they become one that does the same."""
    for event in more:
        last = waiting[-1] if waiting else None
        do = event["do"]
        if last is not None and last["do"] == do:
            if do in ("pan", "rotate"):
                last["dx"] += event["dx"]
                last["dy"] += event["dy"]
                continue
            if do == "zoom" and (last["x"], last["y"]) == (event["x"], event["y"]):
                by = last["by"] * event["by"]
                if math.isfinite(by) and by > 0:
                    last["by"] = by
                    continue
            if do in ("point", "leave", "reset"):
                last.update(event)
                continue
        waiting.append(dict(event))


def letting_go(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those after which less is held: a process that takes no more of the others is not left with a button down."""
    return [event for event in events if event["do"] in ("release", "leave") or (event["do"] == "key" and not event["down"])]
