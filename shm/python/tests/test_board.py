"""Boards: what a process may bring, and what it is told where it may not."""

from __future__ import annotations

import json

import pytest

import webmon


def declared(process):
    return {name: json.loads(text) for name, text in process._data.get("boards").items()}


def test_a_board_is_declared_as_it_is_read(process, watch):
    process.board(
        "overview",
        ["array camera", "chart stage.m/s", {"kind": "control", "name": "gain", "source": "other", "width": 3}],
        title=" Night ",
        window=300,
    )
    want = {
        "webmon": "board", "version": 1, "window": 300, "title": "Night",
        "cards": [{"kind": "array", "name": "camera"}, {"kind": "chart", "name": "stage.m/s"}, {"kind": "control", "name": "gain", "source": "other", "width": 3}],
    }  # fmt: skip
    assert declared(process) == {"overview": want}
    watcher = watch(process)
    assert json.loads(watcher.data.get("boards")["overview"]) == want
    assert "boards" in watcher.data.keys()
    process.board("overview", None)
    watcher.until_changed("boards")
    assert watcher.data.get("boards") == {}


def test_a_board_of_the_same_name_is_replaced_and_none_takes_it_back(process):
    process.board("a", ["chart x"])
    process.board("a", ["chart y"])
    assert [card["name"] for card in declared(process)["a"]["cards"]] == ["y"]
    process.board("a", None)
    process.board("a", None)
    assert declared(process) == {}


def test_the_functions_of_the_package_act_on_the_default_process():
    webmon.board("a", ["command snap"], title="A")
    assert declared(webmon._default())["a"]["title"] == "A"


@pytest.mark.parametrize(
    "name, cards, more, error, says",
    [
        ("A", [], {}, ValueError, "small letters"),
        ("", [], {}, ValueError, "small letters"),
        (3, [], {}, ValueError, "small letters"),
        ("a" * 41, [], {}, ValueError, "small letters"),
        ("a", "chart x", {}, TypeError, "a list, not one card"),
        ("a", {"kind": "chart", "name": "x"}, {}, TypeError, "a list, not one card"),
        ("a", [1], {}, TypeError, r"cards\[0\] of the board a is a dict"),
        ("a", ["chart x", "graph y"], {}, ValueError, r"the kind of cards\[1\] .* not 'graph'"),
        ("a", ["chart"], {}, ValueError, r"the name of cards\[0\]"),
        ("a", [{"kind": "chart", "name": "x" * 151}], {}, ValueError, r"the name of cards\[0\]"),
        ("a", [{"kind": "chart", "name": 3}], {}, TypeError, r"the name of cards\[0\] .* is a text, not int"),
        ("a", [{"kind": "chart", "name": "x", "colour": "red"}], {}, ValueError, "no field 'colour'"),
        ("a", [{"kind": "chart", "name": "x", "width": 7}], {}, ValueError, r"the width of cards\[0\]"),
        ("a", [{"kind": "chart", "name": "x", "height": True}], {}, ValueError, r"the height of cards\[0\]"),
        ("a", [{"kind": "chart", "name": "x", "title": "a\nb"}], {}, ValueError, r"the title of cards\[0\]"),
        ("a", ["chart x"], {"title": "x" * 81}, ValueError, "the title of the board a"),
        ("a", ["chart x"], {"window": 61}, ValueError, "the window of the board a"),
        ("a", [f"chart n{i}" for i in range(49)], {}, ValueError, "49 cards"),
    ],
)
def test_what_makes_no_sense_is_named(process, name, cards, more, error, says):
    with pytest.raises(error, match=says):
        process.board(name, cards, **more)
    assert declared(process) == {}


def test_boards_are_bounded(process):
    for i in range(16):
        process.board(f"b{i}", ["chart x"])
    with pytest.raises(ValueError, match="at most 16 boards"):
        process.board("one-more", ["chart x"])
    process.board("b3", ["chart y"])  # in the place of another
    with pytest.raises(ValueError, match="bytes"):
        process.board("b3", [{"kind": "array", "name": f"n{i}", "view": "x" * 2000} for i in range(40)])
    assert len(declared(process)) == 16
