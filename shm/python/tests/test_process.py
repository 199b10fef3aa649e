from __future__ import annotations

import contextlib
import io
import json
import logging
import socket
import sys
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing import process as mp_process

import numpy as np
import pytest
from watching import PATIENCE, Watcher, until

import webmon
from webmon import Process
from webmon._orders import Host


def test_what_it_says_of_itself(process, watcher):
    hello = watcher.data.get("hello")
    assert hello["protocol"] == 1 and hello["name"] == "scope" and hello["kind"] == "python"
    assert hello["python"] == sys.version.split()[0] and hello["package"] == webmon.__version__
    assert hello["instance"] == process.instance and hello["napari"] is None
    assert set(watcher.data.keys()) >= {"hello", "topics", "controls", "actions", "arrays"}
    assert dict(watcher.data.items())["topics"] == {} == watcher.data.get("arrays")
    assert watcher.data.get("nothing") is None and watcher.data.get("nothing", 3) == 3


def test_leaves_the_interpreter_alone(process, watcher, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    watcher.data.get("hello")
    Watcher(process.address, process._offer.key).messages.qsize()
    assert sys.stdout is out
    assert not hasattr(mp_process.current_process(), "_manager_server")


def test_manager_is_well_guarded(process, watcher):
    with pytest.raises(AuthenticationError):
        Watcher(process.address, "0" * 64)
    with pytest.raises(Exception, match="not offered"):
        watcher.data._callmethod("update", ({"hello": 1},))
    with pytest.raises(Exception, match="not offered"):
        watcher.shutdown._callmethod("set")
    # Whoever watches cannot end the server, nor destroy what it serves.
    from multiprocessing.managers import dispatch

    connect = lambda: watcher.manager._Client(watcher.manager.address, authkey=process._offer.key.encode())  # noqa: E731
    with pytest.raises(Exception, match="'shutdown' is nothing"):
        dispatch(connect(), None, "shutdown")
    for _ in range(5):
        dispatch(connect(), None, "decref", ("napari_data",))
    assert dispatch(connect(), None, "number_of_objects") == 5
    assert watcher.data.get("hello")["name"] == "scope"


class Evil:
    def __reduce__(self):
        return (sys.exit, ("ran",))


def test_requests_cannot_run_code(process, watcher):
    with pytest.raises(Exception, match="no plain data"):
        watcher.notes.update({"x": Evil()})
    assert watcher.notes.get("x") is None
    watcher.notes.update({"array": np.arange(3), "number": np.float32(2)})
    assert watcher.notes.get("array").tolist() == [0, 1, 2]


def test_strangers_do_no_harm(process, watcher):
    host, port = process.address.split(":")
    watcher.data.get("hello")
    before, strangers = set(process._offer.server._connections.values()), []
    for text in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x00\x00\x00\x04abcd"):
        stranger = socket.create_connection((host, int(port)))
        stranger.sendall(text)
        strangers.append(stranger)
    for stranger in strangers[1:]:  # all but the silent one are sent away
        stranger.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            while stranger.recv(4096):
                pass
    assert watcher.data.get("hello")["name"] == "scope"
    for stranger in strangers:
        stranger.close()
    until(lambda: set(process._offer.server._connections.values()) <= before)  # one of the watcher's may have closed since


def test_answers_are_not_delayed(process, watcher):
    process.set("poll", {"tiles": np.zeros(3000)})
    assert watcher.data.get("poll")["tiles"].nbytes == 24000
    nodelay = []
    for connection in list(process._offer.server._connections.values()):
        one = socket.socket(fileno=connection.fileno())
        nodelay.append(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        one.detach()
    assert nodelay and all(nodelay)


def test_states(process, watcher):
    value = {"x": 1.5, "at": [1, 2]}
    process.set("stage", value, title="Stage", unit="mm", fields={"x": {"title": "X"}})
    value["at"].append(3)
    assert watcher.data.get("stage") == {"x": 1.5, "at": [1, 2]}
    assert watcher.data.get("topics") == {"stage": {"kind": "state", "title": "Stage", "unit": "mm", "fields": {"x": {"title": "X"}}}}
    process.set("stage", 3)
    assert watcher.data.get("stage") == 3 and watcher.data.get("topics")["stage"]["unit"] == "mm"
    process.set("gone", None)
    assert "gone" in watcher.data.keys() and watcher.data.get("gone", 1) is None
    process.forget("gone")
    assert "gone" not in watcher.data.keys() and "gone" not in watcher.data.get("topics")


def test_events(process, watcher):
    before = time.time()
    process.send("exposure", {"ms": 12.5}, unit="ms")
    process.send("exposure", 3)
    process.send("exposure", {"ms": 1, "time": 5.0})
    first, second, third = (watcher.next("exposure") for _ in range(3))
    assert first["ms"] == 12.5 and before <= first["time"] <= time.time()
    assert second["value"] == 3 and third["time"] == 5.0
    assert watcher.data.get("topics")["exposure"] == {"kind": "event", "unit": "ms"}
    process.alive()
    while "alive" not in (message := watcher.next("webmon")):
        pass
    assert before <= message["alive"] <= time.time()


def test_names_and_kinds_are_checked(process):
    process.set("stage", 1)
    process.send("spot", 1)
    for wrong in [
        lambda: process.send("stage", 1),
        lambda: process.set("spot", 1),
        lambda: process.set("hello", {}),
        lambda: process.send("webmon", {}),
        lambda: process.send("command", {}),
        lambda: process.set("a b", 1),
        lambda: process.set("big", np.zeros(1 << 20)),
        lambda: process.control("x", "float", 1.0, scale="cubic"),
    ]:
        with pytest.raises(ValueError):
            wrong()
    for wrong in [lambda: process.set("stage", object()), lambda: process.set("stage", 1, colour="red"), lambda: process.set(3, 1)]:
        with pytest.raises(TypeError):
            wrong()


class Broken:
    """Can be looked at in no way."""

    __array__ = __float__ = __repr__ = __str__ = __eq__ = __hash__ = __bool__ = lambda self, *_, **__: 1 / 0
    __class__ = property(lambda self: 1 / 0)


def test_whatever_is_given_it_is_a_type_or_a_value_error(process, watcher):
    for hz in (0, 1e9):
        watcher.want_topics({"stage": hz, "spot": hz} if hz else {})
        for value in (np.ma.masked, {"mean": np.ma.masked}, np.ma.array(3, mask=True), {"x": float("nan"), "n": 3}):
            process.set("stage", value)
            process.send("spot", value)
        for wrong in (Broken(), {"x": Broken()}, [Broken()], {Broken: 1}, np.array([Broken], dtype=object), object(), 1 << 64):
            for call in (process.set, process.send):
                with pytest.raises((TypeError, ValueError), match="stage|spot"):
                    call("stage" if call == process.set else "spot", wrong)
        for name in (Broken(), [], None, 3, np.zeros(3), "a b", "half \ud800"):
            for call in (process.set, process.send):
                with pytest.raises((TypeError, ValueError), match="topic"):
                    call(name, 1)
        for meta in ({"title": Broken()}, {"unit": np.zeros(3)}, {"title": 3}, {"fields": 3}, {"fields": {"x": 3}}, {"fields": {"x": {"unit": 3}}}):
            for call in (process.set, process.send):
                with pytest.raises(TypeError, match="stage|spot"):
                    call("stage" if call == process.set else "spot", 1, **meta)
    process.set(np.str_("stage"), {"half \ud800": "\ud800"})
    assert watcher.data.get("stage") == {"half ?": "?"} and all(type(name) is str for name in watcher.data.keys())
    assert {"mean": None} in [{key: value for key, value in message["spot"].items() if key != "time"} for message in watcher.drain() if "spot" in message]


@pytest.mark.parametrize(
    "kwds",
    [{"default": lambda: 1}, {"min": "a"}, {"max": Broken}, {"step": object()}, {"choices": 3}, {"title": object()}, {"unit": 3}, {"help": b"x"}, {"group": []}],
    ids=str,
)
def test_a_control_that_cannot_be_told_leaves_the_others(process, watcher, kwds):
    process.control("gain", "float", np.array(1.5), min=np.float32(0), max=np.array(4), unit="half \ud800")
    with pytest.raises(TypeError):
        process.control("other", "float", 1.0, **kwds)
    assert watcher.data.get("controls") == {"gain": {"type": "float", "value": 1.5, "min": 0.0, "max": 4, "unit": "half ?"}}


def test_what_is_refused_is_not_declared(process, watcher):
    with pytest.raises(TypeError):
        process.set("stage", object())
    with pytest.raises(TypeError):
        process.send("spot", object())
    assert watcher.data.get("topics") == {} and "stage" not in watcher.data.keys()


def test_what_is_said_again_changes_nothing(process, watcher):
    for unit in ("mm", "mm", "um"):
        process.set("stage", 1, unit=unit, fields={"x": {"unit": unit}})
        process.send("spot", 1, unit=unit)
    assert watcher.data.get("topics")["stage"] == {"kind": "state", "unit": "um", "fields": {"x": {"unit": "um"}}}
    known = process._values.topics["stage"]
    process.set("stage", 1, unit="um")
    assert process._values.topics["stage"] is known


def test_messages_are_bounded(process, watcher):
    process.send("count", -1)
    watcher.until_changed("topics")
    for i in range(10000):
        process.send("count", i)
    assert process.stats().waiting == 8192
    assert watcher.next("count")["value"] == 10000 - 8192


def test_waiting_for_a_message(process, watch):
    process.send("count", 0)  # nobody is there to be told of a new topic
    process._messages.get()
    until(lambda: not process._changes._stale)
    watchers = [watch(process) for _ in range(4)]
    got = []

    def wait(watcher):
        got.append(watcher.messages.get(True, 30))

    threads = [threading.Thread(target=wait, args=(w,)) for w in watchers]
    for thread in threads:
        thread.start()
    until(lambda: len(process._messages._waiting) == 4)
    for i in range(4):
        process.send("count", i)
    for thread in threads:
        thread.join(30)
    assert sorted(m["count"]["value"] for m in got) == [0, 1, 2, 3]
    assert not process._messages._waiting and watchers[0].messages.empty()


def test_no_message_is_lost_between_two(process):
    """Many who wait, with waits that end all the time, get every message once."""
    got, done = [], threading.Event()

    def take():
        from queue import Empty

        while True:
            try:
                got.append(process._messages.get(True, 0.0005)["count"]["value"])
            except Empty:
                if done.is_set():
                    return

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(3000):
        process.send("count", i)
    done.set()
    for thread in threads:
        thread.join(30)
    assert sorted(got) == list(range(3000)) and process._messages.empty()


def test_changed_only_while_wanted(process, watcher):
    process.set("stage", 0)
    process.set("other", 0)
    assert process.wanted("stage") == 0.0
    watcher.want(stage=1000.0)
    assert process.wanted("stage") == 1000.0
    watcher.drain()
    process.set("other", 1)
    process.set("stage", 1)
    watcher.until_changed("stage")
    assert not any("other" in m.get("webmon", {}).get("changed", ()) for m in watcher.seen)


def test_the_last_value_is_told(process, watcher):
    """Also of many that come faster than wanted, and without one message each."""
    watcher.want(stage=5.0)
    for i in range(500):
        process.set("stage", i)
    while watcher.data.get("stage") != 499 or not any("stage" in m.get("webmon", {}).get("changed", ()) for m in watcher.seen):
        watcher.until_changed("stage")
    told = [m for m in watcher.seen + watcher.drain() if "stage" in m.get("webmon", {}).get("changed", ())]
    assert len(told) < 50
    # The last message comes after the last value: whoever reads then has it.
    process.set("stage", "last")
    watcher.until_changed("stage")
    if watcher.data.get("stage") != "last":
        watcher.until_changed("stage")
    assert watcher.data.get("stage") == "last"


def test_demand_of_several_and_its_end(process, watcher, monkeypatch):
    monkeypatch.setattr("webmon._demand._FORGET", 1.0)
    heard = []
    process.on_demand(lambda: heard.append(process.wanted("stage")))
    watcher.notes.update({"want:a": {"topics": {"stage": 5}, "t": 0}, "want:b": {"topics": {"stage": 20.0, "camera": 1}, "t": 0}})
    assert process.wanted("stage") == 20.0 and process.wanted("camera") == 1.0
    watcher.notes.pop("want:b")
    assert process.wanted("stage") == 5.0
    assert heard[-1] == 5.0
    # What is no demand does no harm.
    watcher.notes.update({"want:c": {"topics": {"stage": float("nan"), "x": "fast", "y": -1}}, "want:d": 3, "want:e": {"topics": 1}})
    assert process.wanted("stage") == 5.0 and process.wanted("x") == 0.0
    # Nobody refreshes it.
    until(lambda: process.wanted("stage") == 0.0)
    until(lambda: heard[-1] == 0.0)


def current(watcher):
    return watcher.next("webmon").get("current")


def test_asks_are_answered(process, watcher):
    process.set("stage", 1)
    ask = {"topics": {"stage": 5}, "t": 0}
    watcher.notes.update({"want:a": {**ask, "ask": 1}})
    until(lambda: current(watcher) == {"a": 1})
    # Each once, however often what is wanted is said again.
    watcher.notes.update({"want:a": {**ask, "ask": 1}})
    watcher.notes.update({"want:a": {**ask, "ask": 2}, "want:b": {**ask, "ask": 7}})
    assert until(lambda: current(watcher)) == {"a": 2, "b": 7}
    for nonsense in ("many", None, [1], 2.5):
        watcher.notes.update({"want:c": {**ask, "ask": nonsense}})
    watcher.notes.update({"want:a": {**ask, "ask": 3}})
    assert until(lambda: current(watcher)) == {"a": 3}


def test_who_works_out_what_is_wanted_answers(process, watcher):
    called = []
    host = Host(lambda: called.append(process.asked()), lambda: None)
    process._adopt(host, None)
    ask = {"topics": {"stage": 5}, "t": 0}
    watcher.notes.update({"want:a": {**ask, "ask": 1}})
    watcher.notes.update({"want:a": {**ask, "ask": 2}})
    assert called == [{"a": 1}, {"a": 2}] and process.asked() == {"a": 2}
    process.answer({"a": 1})  # before the second came
    assert process.asked() == {"a": 2}
    process.set("stage", "new")
    process.answer(process.asked())
    assert process.asked() == {}
    assert until(lambda: current(watcher)) == {"a": 1}
    assert until(lambda: current(watcher)) == {"a": 2}
    assert watcher.data.get("stage") == "new"
    # Once it does so no more, nobody waits for it.
    watcher.notes.update({"want:a": {**ask, "ask": 3}})
    process._part(host)
    assert until(lambda: current(watcher)) == {"a": 3}


def test_watchers(process, watcher):
    assert process.watchers() == 0
    watcher.notes.update({"webmon:watchers:a": 2, "webmon:watchers:b": 3, "webmon:watchers:c": "many"})
    assert process.watchers() == 5


def test_reader_is_claimed_by_one(process, watch):
    one, other = watch(process), watch(process)
    assert one.notes.setdefault("reader", {"id": "a"}) == {"id": "a"}
    assert other.notes.setdefault("reader", {"id": "b"}) == {"id": "a"}


def test_declarations_are_told(process, watcher):
    process.control("gain", "int", 1)
    watcher.until_changed("controls")
    process.command(lambda: None, name="go")
    watcher.until_changed("actions")
    process.send("spot", 1)
    watcher.until_changed("topics")
    process.share("camera", (2, 2), "u1")
    watcher.until_changed("arrays")


def test_batch_is_one_change(process, watcher):
    watcher.want(stage=100.0)
    watcher.drain()
    with process.batch():
        for i in range(50):
            process.control(f"c{i}", "int", i)
            process.set("stage", i)
        assert not watcher.drain()
    changed = []
    while not {"controls", "topics", "stage"} <= set(changed):
        changed += watcher.next("webmon").get("changed", ())
    assert changed.count("controls") == 1 == changed.count("stage")
    assert list(watcher.data.get("controls")) == [f"c{i}" for i in range(50)]


def test_a_control_is_set(process, watcher):
    got = []
    control = process.control("exposure", "float", 10, set=got.append, min=0.1, max=500, unit="ms", scale="log", title="Exposure", group="camera")
    declared = watcher.data.get("controls")["exposure"]
    assert declared == {"type": "float", "value": 10, "min": 0.1, "max": 500, "unit": "ms", "scale": "log", "title": "Exposure", "group": "camera"}
    assert watcher.answer("exposure", exposure=20) == ("applied", None)
    assert got == [20.0] and control.value == 20.0
    assert watcher.data.get("controls")["exposure"]["value"] == 20.0
    assert watcher.answer("exposure", exposure=1000) == ("refused", "exposure must be at most 500 ms")
    assert watcher.answer("exposure", value=3) == ("refused", "exposure takes one value, under its own name")
    assert got == [20.0] and control.value == 20.0
    control.update(30.0, max=None, unit="s")
    declared = watcher.data.get("controls")["exposure"]
    assert declared["value"] == 30.0 and declared["unit"] == "s" and "max" not in declared
    assert watcher.answer("exposure", exposure=1000)[0] == "applied"
    control.remove()
    assert "exposure" not in watcher.data.get("controls")
    assert watcher.answer("exposure", exposure=1)[0] == "refused"


def test_a_setter_refuses_fails_or_knows_better(process, watcher, caplog):
    def refuse(value):
        raise ValueError("the shutter is open")

    def fail(value):
        raise KeyError("port")

    process.control("a", "bool", False, set=refuse)
    process.control("b", "bool", False, set=fail)
    better = process.control("c", "int", 0, set=lambda value: better.update(value // 2 * 2))
    kept = process.control("d", "choice", "x", choices=["x", "y"])
    assert watcher.answer("a", a=True) == ("refused", "the shutter is open")
    assert not caplog.records
    assert watcher.answer("b", b=True) == ("refused", "KeyError: 'port'")
    assert "the command b failed" in caplog.text and caplog.records[0].name == "webmon"
    assert watcher.answer("c", c=5) == ("applied", None) and better.value == 4
    assert watcher.answer("d", d="y") == ("applied", None) and kept.value == "y"
    assert [c["value"] for c in watcher.data.get("controls").values()] == [False, False, 4, "y"]


def test_labels_belong_to_the_choices(process, watcher):
    control = process.control("mode", "choice", "1", choices=["1", "2"], labels=["slow", "fast"])
    assert watcher.answer("mode", mode="2") == ("applied", None) and control.value == "2"
    assert watcher.answer("mode", "a", mode="slow") == ("applied", None) and control.value == "1"

    def told():
        entry = watcher.data.get("controls")["mode"]
        return entry["choices"], entry.get("labels")

    for change, want in (
        ({}, (["1", "2"], ["slow", "fast"])),
        ({"choices": ["1", "2"]}, (["1", "2"], ["slow", "fast"])),
        ({"labels": ["SLOW", "FAST"]}, (["1", "2"], ["SLOW", "FAST"])),
        ({"choices": ["1", "2", "3"], "labels": ["a", "b", "c"]}, (["1", "2", "3"], ["a", "b", "c"])),
        ({"labels": None}, (["1", "2", "3"], None)),
        ({"labels": ["x", "y", "z"]}, (["1", "2", "3"], ["x", "y", "z"])),
        ({"choices": ["4", "1"]}, (["4", "1"], None)),
    ):
        control.update(**change)
        assert told() == want, change
    with pytest.raises(ValueError, match="with 2 choices needs as many labels"):
        control.update(labels=["one"])
    assert told() == (["4", "1"], None)


def test_values_are_there_before_the_answer(process, watcher):
    process.control("gain", "int", 0)
    process.send("spot", 1)
    for i in range(20):
        assert watcher.answer("gain", str(i), gain=i) == ("applied", None)
        changed = [m for m in watcher.seen if "controls" in m.get("webmon", {}).get("changed", ())]
        assert changed, "the answer came before the change"
        watcher.seen.clear()


def test_a_command(process, watcher):
    calls = []

    @process.command(title="Move the stage", group="stage")
    def move(x: webmon.Range(-5, 5, unit="mm"), fast: bool = False) -> None:
        """Moves the stage
        where it should be.

        Slowly."""
        calls.append((x, fast))
        if x == 5:
            raise ValueError("the stage is at its end")

    declared = watcher.data.get("actions")["move"]
    assert declared["title"] == "Move the stage" and declared["group"] == "stage" and declared["help"] == "Moves the stage where it should be."
    assert [a["name"] for a in declared["args"]] == ["x", "fast"]
    assert watcher.answer("move", x=2) == ("applied", None)
    assert watcher.answer("move", x=2, fast=True) == ("applied", None)
    assert watcher.answer("move", x=6) == ("refused", "x must be at most 5 mm")
    assert watcher.answer("move") == ("refused", "x is missing")
    assert watcher.answer("move", x=1, y=2) == ("refused", "move does not take y")
    assert calls == [(2, False), (2, True)]
    assert watcher.answer("move", x=5) == ("refused", "the stage is at its end")
    assert watcher.answer("fly") == ("refused", "scope has no command 'fly'")
    process.remove_command("move")
    process.remove_command("move")
    assert watcher.answer("move", x=1)[0] == "refused"
    with pytest.raises(ValueError, match="command already"):
        process.command(move)
        process.control("move", "int", 1)


def test_a_command_cannot_end_the_thread(process, watcher):
    @process.command
    def leave() -> None:
        sys.exit(3)

    assert watcher.answer("leave") == ("refused", "SystemExit: 3")
    assert watcher.answer("leave") == ("refused", "SystemExit: 3")


@pytest.mark.parametrize("commands", ["thread", "poll"])
def test_a_command_that_ends_it_all(watch, commands):
    with Process("scope", launch=False, commands=commands) as process:
        watcher = watch(process)
        process.command(process.close, name="end")
        waiting = threading.Thread(target=lambda: got.append(watcher.next("command")))
        got = []
        waiting.start()
        until(lambda: process._messages._waiting)
        watch(process).command("end")
        process.poll()
        waiting.join(30)
        assert [(a["status"], a["reason"]) for a in got] == [("applied", None)] and process.closed


def test_nonsense_is_refused_at_the_door(process, watcher):
    for message in (3, {}, {"webmon": 1}, {"webmon": {"name": 1}}, {"webmon": {"name": "x", "id": 5}}):
        with pytest.raises(ValueError, match="command"):
            watcher.commands.put(message)


def test_values_on_the_way_to_another(watch):
    with Process("scope", launch=False, commands="poll") as process:
        watcher, got = watch(process), []
        process.control("gain", "int", 0, set=lambda v: got.append(("gain", v)))
        process.control("zoom", "int", 0, set=lambda v: got.append(("zoom", v)))
        for i in range(100):
            watcher.command("gain", None, gain=i)
            watcher.command("zoom", None, zoom=i)
        assert watcher.commands.qsize() == 2
        assert process.poll() == 2
        assert got == [("gain", 99), ("zoom", 99)]
        # The release comes with an id and takes the place of what was on its way; every one with an id is answered.
        watcher.command("gain", "a", gain=1)
        watcher.command("gain", None, gain=2)
        watcher.command("gain", "b", gain=3)
        assert process.poll() == 2 and got[2:] == [("gain", 1), ("gain", 3)]
        answers = [m["command"]["id"] for m in watcher.drain() if "command" in m]
        assert answers == ["a", "b"]


def test_poll_runs_in_the_callers_thread(watch):
    with Process("scope", launch=False, commands="poll") as process:
        watcher, threads, waiting = watch(process), [], []
        process.on_waiting = lambda: waiting.append(threading.current_thread())

        @process.command
        def go() -> None:
            threads.append(threading.current_thread())

        assert process.poll() == 0
        watcher.command("go")
        assert len(waiting) == 1 and not threads
        assert process.poll() == 1 and process.poll() == 0
        assert threads == [threading.current_thread()] and waiting[0] is not threads[0]


def test_more_commands_than_anybody_runs(watch):
    with Process("scope", launch=False, commands="poll") as process:
        watcher = watch(process)
        for i in range(1001):
            watcher.command("go", str(i))
        answer = watcher.next("command")
        assert answer["id"] == "1000" and answer["status"] == "refused" and "1000 commands" in answer["reason"]


def test_closing_answers_what_waits(watch):
    process = Process("scope", launch=False, commands="poll")
    watcher = watch(process)
    watcher.command("go", "7")
    closing = threading.Thread(target=process.close)
    closing.start()
    answer = watcher.next("command")
    assert (answer["id"], answer["status"], answer["reason"]) == ("7", "refused", "the process is ending")
    closing.join(30)
    assert process.closed


def test_closing_tells_who_waits(watch, sources):
    process = Process("scope", launch=False)
    watcher, told = watch(process), []
    assert len(list(sources.iterdir())) == 1
    thread = threading.Thread(target=lambda: told.append(watcher.shutdown.wait(30)))
    thread.start()
    until(lambda: process._shutdown.waiting)
    process.close()
    thread.join(30)
    assert told == [True] and process.closed and not list(sources.iterdir())
    with pytest.raises(OSError):
        socket.create_connection(tuple(process.address.split(":")))
    # Whatever is still at work in the program is not disturbed.
    process.close()
    process.set("stage", 1)
    process.send("spot", 1)
    process.alive()
    assert process.share("camera", (2, 2), "u1").publish(np.zeros((2, 2), "u1")) is False
    assert "closed" in repr(process)


def test_cost(process):
    before = process.cost()
    process.set("stage", {"x": 1})
    process.send("spot", 1)
    after = process.cost()
    assert after.calls == before.calls + 2 and after.seconds > before.seconds


def test_many_threads_at_once(process, watcher):
    watcher.want_topics({f"t{i}": 50.0 for i in range(4)})
    control = process.control("gain", "int", 0)
    errors = []

    def work(n):
        try:
            for i in range(300):
                process.set(f"t{n}", {"i": i})
                process.send(f"e{n}", {"i": i})
                control.update(i)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert [watcher.data.get(f"t{n}") for n in range(4)] == [{"i": 299}] * 4
    events = {n: [] for n in range(4)}
    for message in watcher.seen + watcher.drain():
        for n in range(4):
            if f"e{n}" in message:
                events[n].append(message[f"e{n}"]["i"])
    assert all(list_ == list(range(300)) for list_ in events.values())


def test_module_functions(watch, caplog):
    caplog.set_level(logging.DEBUG)

    @webmon.command
    def go(n: int = 1) -> None: ...

    webmon.set("stage", 1)
    webmon.send("spot", 1)
    camera = webmon.share("camera", (2, 2), "u1")
    assert camera.publish(np.ones((2, 2), "u1")) is False
    webmon.control("gain", "int", 3)
    assert webmon.poll() == 0 and webmon.wanted("stage") == 0.0 and webmon.url() is None
    process = webmon.serve("lab", launch=False)
    watcher = watch(process)
    assert watcher.data.get("stage") == 1 and watcher.next("spot")["value"] == 1
    assert watcher.data.get("arrays")["camera"]["shm"] and "go" in watcher.data.get("actions") and "gain" in watcher.data.get("controls")
    assert webmon.serve("lab") is process and webmon.serve() is process
    with pytest.raises(ValueError, match="offered as 'lab' already"):
        webmon.serve("other")
    with pytest.raises(ValueError, match="already"):
        webmon.serve(commands="poll")
    webmon.close()
    assert process.closed
    again = webmon.serve("other", launch=False)
    assert again.name == "other" and again.instance != process.instance


def test_two_in_one_process(process, watch):
    with Process("other", launch=False) as other:
        process.set("stage", 1)
        other.set("stage", 2)
        assert (watch(process).data.get("stage"), watch(other).data.get("stage")) == (1, 2)


def test_wrong_arguments():
    for wrong in ({"kind": "robot"}, {"commands": "never"}):
        with pytest.raises(ValueError):
            Process("scope", launch=False, **wrong)
    with pytest.raises(TypeError):
        Process(3, launch=False)


def test_what_follows_a_closed_process(watch):
    """However a served process was closed, what is said afterwards is the next one's."""
    for close in (lambda process: process.close(), lambda _: webmon.close()):
        first = webmon.serve("scope", launch=False)
        close(first)
        webmon.set("stage", 2)
        webmon.send("spot", 1)
        webmon.share("camera", (2, 2), "u1")
        webmon.control("gain", "int", 3)
        webmon.command(lambda: None, name="go")
        assert first._data.get("stage") is None and not first._arrays.names()
        second = webmon.serve("scope", launch=False)
        watcher = watch(second)
        assert second is not first and watcher.data.get("stage") == 2 and watcher.next("spot")["value"] == 1
        assert watcher.data.get("arrays")["camera"]["shm"] and "gain" in watcher.data.get("controls") and "go" in watcher.data.get("actions")
        second.close()
        second.close()  # twice is no error


def test_submodules_are_left_alone():
    """The package's global is not called what a submodule is."""
    import types

    webmon.serve("scope", launch=False)
    assert isinstance(webmon._process, types.ModuleType)


def test_loaded_again(sources):
    """As in a notebook: the process that is offered goes on, and ends with the program."""
    import importlib

    process = webmon.serve("scope", launch=False)
    try:
        importlib.reload(webmon)
        assert webmon.serve("scope") is process
        webmon.set("stage", 1)
        assert process._data.get("stage") == 1 and len(list(sources.iterdir())) == 1
        importlib.reload(webmon._process)
        assert process in webmon._process.Process._live
        webmon._process._close_all()
        assert process.closed
    finally:
        webmon._process.Process = webmon.Process


def test_another_name_and_kind(process, watcher, sources):
    """hello and the announcement follow, in place: who knows the process goes on with it."""
    (path,) = sources.iterdir()
    before = path.stat().st_ino
    process._offer.become("a much longer name than before", ("napari", "0.9"))
    watcher.until_changed("hello")
    hello, about = watcher.data.get("hello"), json.loads(path.read_text())
    assert hello["name"] == about["name"] == "a much longer name than before" and hello["kind"] == about["kind"] == "napari" and hello["napari"] == "0.9"
    process._offer.become("x", ("python", None))
    assert json.loads(path.read_text())["name"] == "x" and path.stat().st_ino == before
    assert about["instance"] == hello["instance"] == process.instance


def test_lost_events_are_counted(process, watcher):
    """What is sent faster than it is taken is lost from the oldest on, and everybody can know how much that was."""
    for k in range(20000):
        process.send("b", {"k": k})
    for _ in range(100):
        process.send("rare", 1)
    assert process.stats() == (8192, 11908, {"b": 11908}) and process.stats().lost == 11908
    watcher.until_changed("webmon.lost")
    assert watcher.data.get("webmon.lost") == {"total": 11908, "topics": {"b": 11908}}
    got = [message["b"]["k"] for message in [*watcher.seen, *watcher.drain()] if "b" in message]
    assert got == list(range(11908, 20000))
    # They stay lost, whoever comes and goes.
    process._send_all("spot", [{"time": 0.0}] * 10)
    for _ in range(8192):
        process.send("b", 1)
    lost = Watcher(process.address, process._offer.key).data.get("webmon.lost")
    assert lost["topics"]["spot"] == 10 and lost["total"] == 11918 == process.stats().lost
    with pytest.raises(ValueError, match="webmon's own"):
        process.set("webmon.lost", 1)


def test_answers_are_not_lost_for_events(process, watcher):
    """A command is answered, and what has changed is told, whatever the process sends."""

    @process.command
    def flood() -> None:
        for k in range(20000):
            process.send("b", k)

    watcher.want(stage=1000.0)
    until(lambda: process.wanted("stage"))
    process.set("stage", 1)
    watcher.command("flood")
    answered = until(lambda: [m for m in watcher.drain() if "command" in m])
    assert answered[0]["command"]["status"] == "applied"
    process.control("gain", "int", 1)
    for k in range(20000):
        process.send("b", k)
    watcher.until_changed("controls")


def test_every_lost_event_is_counted_once():
    from webmon._resources import Mailbox

    box = Mailbox(100)
    taken = []

    def send(name):
        for k in range(5000):
            box.put({name: k})

    def take():
        # The end is put once all are sent, and comes before those that wait. However slow this thread is, it does not wait in vain.
        while (item := box.get(True, PATIENCE)) != "the end":
            taken.append(item)

    threads = [threading.Thread(target=send, args=(f"t{n}",)) for n in range(4)]
    taker = threading.Thread(target=take)
    for thread in (taker, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    box.put_first("the end")
    taker.join()
    total, topics = box.lost()
    assert total + len(taken) + box.qsize() == 20000 and sum(topics.values()) == total and box.qsize() <= 100
    # Of many topics the first ones are counted apart, and all of them together.
    for n in range(1000):
        box.put({f"many{n}": 1})
    total, topics = box.lost()
    assert total + len(taken) + box.qsize() == 21000 and len(topics) == Mailbox.most_topics


def test_stats_before_serving():
    webmon.close()
    for k in range(8200):
        webmon.send("b", k)
    assert webmon.stats() == (8192, 8, {"b": 8})
    assert webmon.serve("scope", launch=False)._data.get("webmon.lost") == {"total": 8, "topics": {"b": 8}}
