"""The same as test_forms.py for annotations that are text."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Literal, Optional

import pytest

import webmon
from webmon import Process

if TYPE_CHECKING:
    from somewhere import Something


class Gain(enum.Enum):
    LOW = 1


def test_text_is_understood(process: Process, watcher):
    class Local(enum.Enum):
        A = 1

    @process.command
    def go(ms: webmon.Range(0.1, 500), gain: Gain = Gain.LOW, mode: Literal["a", "b"] = "a", n: Optional[int] = None, here: Local = Local.A) -> Something:  # noqa: UP045
        raise AssertionError

    fields = {a["name"]: a["type"] for a in watcher.data.get("actions")["go"]["args"]}
    assert fields == {"ms": "float", "gain": "choice", "mode": "choice", "n": "int", "here": "choice"}


def test_text_that_means_nothing(process: Process):
    with pytest.raises(TypeError, match="'Something' of its parameter 'x' means nothing here"):

        @process.command
        def go(x: Something) -> None: ...
