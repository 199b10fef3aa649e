"""Hands as they come from those who watch: what is none, their order, and their bounds."""

from __future__ import annotations

import threading

import pytest
from watching import until

from webmon import _hands
from webmon._orders import Host


def pan(dx, dy=0.0):
    return {"do": "pan", "dx": dx, "dy": dy}


@pytest.mark.parametrize(
    "message",
    [
        None, [], {}, {"n": 1}, {"n": -1, "events": []}, {"n": 1.5, "events": []}, {"n": True, "events": []}, {"n": 1 << 64, "events": []}, {"n": 1, "events": {}},
        {"n": 1, "events": [pan(0.1)] * 65},
        *({"n": 1, "events": [event]} for event in (
            None, "pan", {}, {"do": "fly"}, {"do": ["pan"]}, {"do": "pan"}, pan("1"), pan(float("nan")), pan(float("inf")), pan(101), pan(True),
            {"do": "zoom", "x": 0, "y": 0, "by": 0}, {"do": "zoom", "x": 0, "y": 0, "by": -1}, {"do": "zoom", "x": 17, "y": 0, "by": 1}, {"do": "zoom", "x": 0, "by": 1},
            {"do": "press", "x": 0, "y": 0, "button": "fourth"}, {"do": "press", "x": 0, "y": 0, "button": []}, {"do": "press", "x": 0, "y": 0, "mods": ["Hyper"]},
            {"do": "press", "x": 0, "y": 0, "mods": "Shift"}, {"do": "press", "x": 0, "y": 0, "mods": ["Shift"] * 5},
            {"do": "key", "key": "", "down": True}, {"do": "key", "key": "x" * 33, "down": True}, {"do": "key", "key": "x", "down": 1}, {"do": "key", "down": True},
        )),
    ],
)  # fmt: skip
def test_what_is_no_hand_is_refused_as_a_whole(message):
    with pytest.raises(ValueError):
        _hands.checked(message)


def test_events_have_what_they_need_and_no_more():
    n, events = _hands.checked(
        {"n": 7, "events": [{**pan(1, 2), "more": "left out"}, {"do": "reset"}, {"do": "press", "x": 0.5, "y": 1}, {"do": "wheel", "x": 0, "y": 0, "dy": 1, "mods": ["Alt"]}]}
    )
    assert n == 7 and events == [
        {"do": "pan", "dx": 1.0, "dy": 2.0},
        {"do": "reset"},
        {"do": "press", "x": 0.5, "y": 1.0, "button": "left", "mods": ()},
        {"do": "wheel", "x": 0.0, "y": 0.0, "dx": 0.0, "dy": 1.0, "mods": ("Alt",)},
    ]


def test_what_waits_is_joined_without_loss():
    waiting = []
    zoom = {"do": "zoom", "x": 0.5, "y": 0.5, "by": 2.0}
    move = {"do": "move", "x": 0.1, "y": 0.2, "button": "left", "mods": ()}
    _hands.join(waiting, [pan(0.1), pan(0.2, 0.3), zoom, zoom, {**zoom, "x": 0.6}, pan(0.1), move, move])
    _hands.join(waiting, [move, {"do": "point", "x": 0, "y": 0}, {"do": "point", "x": 1, "y": 0}])
    assert waiting == [
        {"do": "pan", "dx": pytest.approx(0.3), "dy": 0.3}, {**zoom, "by": 4.0}, {**zoom, "x": 0.6}, pan(0.1), move, move, move, {"do": "point", "x": 1, "y": 0},
    ]  # fmt: skip
    assert zoom["by"] == 2.0  # what is given is left as it was


class Hosted:
    """A host whose thread is the test's, and what it was told to do."""

    def __init__(self, process):
        self.process, self.done, self.waits = process, [], threading.Event()
        process.command(lambda: self.done.append("command"), name="mark")
        process._adopt(Host(lambda: None, self.waits.set, lambda n, events: self.done.append((n, [event["do"] for event in events]))), None)

    def run(self):
        until(self.waits.is_set, "something to do")
        return self.process.poll()


def test_hands_are_done_in_order_with_commands_and_never_answered(process, watcher):
    host = Hosted(process)

    def hand(n, *events):
        watcher.commands.put({"webmon": {"hands": {"n": n, "events": list(events)}}})

    hand(1, pan(0.1))
    hand(2, pan(0.1), {"do": "reset"})
    watcher.command("mark", id="a")
    hand(3, pan(0.1))
    hand(4, pan(0.1))
    host.run()
    assert host.done == [(2, ["pan", "reset"]), "command", (4, ["pan"])]
    assert watcher.next("command")["id"] == "a"
    assert not [message for message in watcher.drain() if "command" in message]


def test_hands_are_bounded_and_what_lets_go_passes(process, watcher):
    host = Hosted(process)
    press = {"do": "press", "x": 0, "y": 0, "button": "left", "mods": []}
    release = {**press, "do": "release"}
    refused = 0
    for n in range(1, 40):
        try:
            watcher.commands.put({"webmon": {"hands": {"n": n, "events": [press] * 63 + [release]}}})
        except ValueError as error:
            assert "has not come to the last 1000" in str(error)
            refused += 1
    assert refused == 24
    host.run()
    ((_, did),) = host.done
    assert did.count("press") == 15 * 63 and did.count("release") == 39


def test_hands_have_nothing_to_move_where_there_is_no_viewer(process, watcher):
    with pytest.raises(ValueError, match="nothing here that hands could move"):
        watcher.commands.put({"webmon": {"hands": {"n": 1, "events": [pan(0.1)]}}})


def test_the_largest_size_that_is_wanted_counts(process, watcher):
    topic = "array/canvas"

    def want(**notes):
        watcher.notes.update({f"want:{who}": {"topics": {topic: 10}, **note} for who, note in notes.items()})
        return process.wanted_size(topic)

    assert process.wanted_size(topic) is None
    assert want(a={"sizes": {topic: [100, 200]}}) == (100, 200)
    assert want(b={"sizes": {topic: [150, 90], "array/other": [1, 1]}}) == (150, 200)
    assert process.wanted_size("array/other") is None  # nobody wants its frames
    for nonsense in (None, [], [1], [0, 5], [1.5, 2], ["1", 2], 7):
        assert want(b={"sizes": {topic: nonsense}}) is None
    assert want(b={"sizes": 3}) is None
    assert want(b={}) is None
    watcher.notes.pop("want:b")
    assert process.wanted_size(topic) == (100, 200)


def test_a_number_goes_with_a_frame(process):
    with process.share("numbered", (2, 2), "uint8") as array:
        for wrong, error in ((1.5, TypeError), ("1", TypeError), (-1, ValueError), (1 << 64, ValueError)):
            with pytest.raises(error, match="user must be"):
                array.publish(array_of(), user=wrong)


def array_of():
    import numpy as np

    return np.zeros((2, 2), np.uint8)
