"""The boards that a process brings: pages of cards, which webmon shows as they are."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Union

from ._changes import Changes

__all__ = ["Boards", "Card"]

# A card as a dict of its fields, or as a text: its kind, a space, and the name of what it shows.
Card = Union[str, Mapping[str, Any]]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_KINDS = ("chart", "number", "array", "control", "command", "model")
_FIELDS = ("kind", "name", "source", "title", "width", "height", "view")
_WINDOWS = (10, 60, 300, 900)  # seconds
_MAX_BOARDS = 16
_MAX_CARDS = 48
_MAX_TEXT = 48 << 10  # bytes
_MAX_SIDE = 6  # columns of the grid, and rows that a card can have
_MAX_NAME = 150  # bytes
_MAX_TITLE = 80  # letters


class Boards:
    """The boards of a process by their names, as texts.

    Parameters
    ----------
    changes
        Told when a board comes, goes or changes.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._lock = threading.Lock()  # held while a board comes or goes
        self._by_name: dict[str, str] = {}

    def declared(self) -> dict[str, str]:
        """Return what webmon is told of the boards."""
        return dict(self._by_name)

    def forked(self) -> None:
        """In a forked child: a thread that is not here may hold the lock."""
        self._lock = threading.Lock()

    def set(self, name: str, cards: Iterable[Card] | None, title: str | None, window: int) -> None:
        """Do what Process.board says."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"a board is called by 1 to 40 small letters, digits and hyphens, and {name!r} is no such name")
        text = None if cards is None else _written(name, cards, title, window)
        with self._lock:
            if text is None:
                if self._by_name.pop(name, None) is None:
                    return
            elif self._by_name.get(name) == text:
                return
            elif name not in self._by_name and len(self._by_name) >= _MAX_BOARDS:
                raise ValueError(f"a process brings at most {_MAX_BOARDS} boards, and {name} would be one more")
            else:
                self._by_name = {**self._by_name, name: text}
        self._changes.declared("boards")


def _written(name: str, cards: Iterable[Card], title: str | None, window: int) -> str:
    """Return a board as webmon reads it. Raises TypeError or ValueError naming the field that cannot be."""
    if isinstance(cards, (str, Mapping)):
        raise TypeError(f"the cards of the board {name} are a list, not one card")
    if type(window) is not int or window not in _WINDOWS:
        raise ValueError(f"the window of the board {name} is one of {', '.join(map(str, _WINDOWS))} seconds, not {window!r}")
    listed = [_card(f"cards[{i}] of the board {name}", card) for i, card in enumerate(cards)]
    if len(listed) > _MAX_CARDS:
        raise ValueError(f"the board {name} has {len(listed)} cards, and at most {_MAX_CARDS} are shown")
    whole: dict[str, Any] = {"webmon": "board", "version": 1, "window": window, "cards": listed}
    if title is not None:
        whole["title"] = _title(f"the title of the board {name}", title)
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > _MAX_TEXT:
        raise ValueError(f"the board {name} takes {len(text.encode())} bytes, and at most {_MAX_TEXT} are read")
    return text


def _card(what: str, card: Card) -> dict[str, Any]:
    if isinstance(card, str):
        kind, _, name = card.partition(" ")
        card = {"kind": kind, "name": name.strip()}
    if not isinstance(card, Mapping):
        raise TypeError(f'{what} is a dict of its fields or a text such as "chart frame_time", not {type(card).__name__}')
    for field in card:
        if field not in _FIELDS:
            raise ValueError(f"{what} has no field {field!r}: there are {', '.join(_FIELDS)}")
    out = {field: value for field, value in card.items() if value is not None}
    if out.get("kind") not in _KINDS:
        raise ValueError(f"the kind of {what} is one of {', '.join(_KINDS)}, not {out.get('kind')!r}")
    for field in ("name", "source", "title", "view"):
        if field in out and not isinstance(out[field], str):
            raise TypeError(f"the {field} of {what} is a text, not {type(out[field]).__name__}")
    if not 0 < len(out.get("name", "").encode(errors="replace")) <= _MAX_NAME:
        raise ValueError(
            f"the name of {what} has 1 to {_MAX_NAME} bytes: it is that of the chart, number, array, control, command or model"
        )
    if "title" in out:
        out["title"] = _title(f"the title of {what}", out["title"])
    for field in ("width", "height"):
        if field in out and (type(out[field]) is not int or not 1 <= out[field] <= _MAX_SIDE):
            raise ValueError(f"the {field} of {what} is a whole number from 1 to {_MAX_SIDE}, not {out[field]!r}")
    return out


def _title(what: str, title: str) -> str:
    if not isinstance(title, str):
        raise TypeError(f"{what} is a text, not {type(title).__name__}")
    title = title.strip()
    if not 0 < len(title) <= _MAX_TITLE or not title.isprintable():
        raise ValueError(f"{what} has 1 to {_MAX_TITLE} letters that can be seen")
    return title
