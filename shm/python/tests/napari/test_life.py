"""How an attachment begins and ends, what it costs, and that nothing of it reaches napari."""

import logging
import threading
import time

import numpy as np
import pytest
from conftest import Watcher, camera, pump, until

from webmon import Process
from webmon._napari import attach, attached


@pytest.fixture
def another():
    """Opens further viewers, and closes them."""
    import napari

    opened = []

    def make():
        opened.append(napari.Viewer())
        return opened[-1]

    yield make
    for viewer in opened:
        try:
            viewer.close()
        except RuntimeError:
            pass  # closed by the test
    pump()


def test_attached_once(viewer, watch):
    watch()
    first = attached(viewer)
    assert attach(viewer) is first and first.viewer is viewer
    hello = first.process._data.get("hello")
    assert hello["kind"] == "napari" and hello["protocol"] == 1
    first.detach()
    first.detach()
    assert first.closed and first.process.closed and attached(viewer) is None


def test_ids_stay_when_attached_again(viewer, watch):
    viewer.add_image(np.zeros((5, 5)), name="image")
    before = watch("layers").until_layer("image", lambda _: True)["id"]
    attached(viewer).detach()
    assert watch("layers").until_layer("image", lambda _: True)["id"] == before


def test_closing_a_viewer_ends_its_process_alone(viewer, watch, another, monkeypatch):
    import webmon._announce

    monkeypatch.setattr(webmon._announce, "launch", lambda: None)
    watch("layers")
    second = another()
    two = attach(second)
    assert two is not attached(viewer) and two.process is not attached(viewer).process
    assert two.process.name == "napari"
    watcher = Watcher(two.process)
    watcher.want("layers")
    second.add_image(np.zeros((5, 5)), name="there")
    watcher.until_layer("there", lambda _: True)
    assert two.process._data.get("hello")["napari"] == __import__("napari").__version__
    second.close()
    until(lambda: two.closed, "the end")
    assert two.process.closed and attached(second) is None
    assert not attached(viewer).closed


def test_only_a_viewer_with_a_window(viewer):
    from napari.components import ViewerModel

    with pytest.raises(TypeError, match="window"):
        attach(ViewerModel())
    with pytest.raises(TypeError, match="napari viewer"):
        attach(object())


def test_nothing_is_worked_out_while_nobody_looks(viewer, watch, monkeypatch):
    viewer.add_image(np.zeros((5, 100, 100)), name="image", contrast_limits=[0, 1])
    watcher = watch("layers", "camera", "dims", "poll", "cursor", "histograms", "colors")
    watcher.until_layer("image", lambda _: True)
    attachment = attached(viewer)
    watcher.want()
    until(lambda: not any(attachment.process.wanted(t) for t in ("layers", "camera", "poll")))
    pump()
    built = []
    monkeypatch.setattr(attachment, "_build", lambda topic, view: built.append(topic))
    painted = attachment._paints.count
    for n in range(5):
        camera(viewer).zoom = 2 + n
        viewer.dims.set_current_step(0, n)
        viewer.cursor.position = (n, n, n)
        until(lambda: attachment._paints.count > painted)
        painted = attachment._paints.count
    assert built == []
    monkeypatch.undo()
    watcher.want("camera", "dims")
    watcher.until_state("camera", lambda c: c["zoom"] == 6)
    watcher.until_state("dims", lambda d: d["current_step"][0] == 4)


def test_who_asks_is_told_what_there_is(viewer, watch):
    layer = viewer.add_image(np.zeros((5, 100, 100)), name="image", contrast_limits=[0, 1])
    watcher = watch()
    process = attached(viewer).process
    topics = dict.fromkeys(("layers", "camera", "dims", "controls"), 10)
    for n in range(1, 6):
        layer.opacity = n / 10
        camera(viewer).zoom = n
        topics = {**topics, f"one more {n}": 1}
        watcher.client_data.update([("want:test", {"topics": topics, "t": time.time(), "ask": n})])
        answered = lambda: {"current": {"test": n}} in watcher.events("webmon")  # noqa: E731
        watcher._refreshed = time.monotonic() + 60  # or it would say what is wanted itself
        watcher.until(answered, "the answer")
        assert watcher.layer("image")["opacity"] == pytest.approx(n / 10)
        assert watcher.state("camera")["zoom"] == pytest.approx(n)
        assert watcher.control(f"layer.{watcher.layer('image')['id']}.opacity")["value"] == pytest.approx(n / 10)
    assert process.asked() == {}


def test_frames(viewer, watch):
    viewer.add_image(np.zeros((100, 100)), name="image")
    watcher = watch()
    until(lambda: attached(viewer)._paints._last is None, "a pause")
    # On a busy machine a pause would lie between two of the frames below.
    attached(viewer)._paints._timer.setInterval(600_000)
    watcher.listen()
    watcher.messages.clear()
    for n in range(10):
        before = attached(viewer)._paints.count
        camera(viewer).center = (0, n, n)
        watcher.until(lambda: attached(viewer)._paints.count > before, "a paint")
    frames = watcher.events("frame_time")
    assert len(frames) >= 10
    assert all(frame["delta_ms"] > 0 for frame in frames)
    assert all(b["time"] >= a["time"] for a, b in zip(frames, frames[1:]))
    # The frames of one go follow each other without a gap; the first begins with the change and not with the pause before.
    span = (frames[-1]["time"] - frames[0]["time"]) * 1000
    assert sum(frame["delta_ms"] for frame in frames[1:]) == pytest.approx(span, abs=20)


def test_a_pause_is_no_frame(viewer, watch):
    viewer.add_image(np.zeros((100, 100)), name="image")
    watcher = watch()
    paints = attached(viewer)._paints
    until(lambda: paints._last is None and not paints._timer.isActive(), "a pause")
    watcher.listen()
    watcher.messages.clear()
    # A paint for no reason that anybody knows.
    before = paints.count
    viewer.window._qt_viewer.canvas.native.update()
    watcher.until(lambda: paints.count > before, "a paint")
    assert watcher.events("frame_time") == []
    # And while nothing is painted, the process says that it lives.
    watcher.messages.clear()
    watcher.until(lambda: any("alive" in m.get("webmon", {}) for m in watcher.messages), "a sign of life")


def test_failures_stay_inside(viewer, watch, monkeypatch, caplog):
    from webmon._napari import layers, states, trouble

    monkeypatch.setattr(trouble, "_said", set())
    viewer.add_image(np.zeros((100, 100)), name="image")
    watcher = watch("layers", "camera", "poll", "dims")
    watcher.until_layer("image", lambda _: True)

    def broken(*args, **kwargs):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(states, "camera", broken)
    monkeypatch.setattr(layers.Tracked, "poll", broken)
    monkeypatch.setattr(layers.Tracked, "_details", broken)
    with caplog.at_level(logging.WARNING, logger="webmon"):
        for n in range(5):
            camera(viewer).zoom = 3 + n
            viewer.layers["image"].opacity = n / 10
            painted = attached(viewer)._paints.count
            watcher.until(lambda: attached(viewer)._paints.count > painted)
        # The other states go on, and a layer that cannot be described has at least a name.
        viewer.dims.ndisplay = 3
        watcher.until_state("dims", lambda d: d["ndisplay"] == 3)
        watcher.until_state("layers", lambda found: set(found[0]) == {"id", "kind", "name"})
    said = [record for record in caplog.records if "broken on purpose" in str(record.exc_info)]
    kinds = {record.getMessage().split(":")[0] for record in said}
    assert len(said) == len(kinds) >= 2  # once each
    monkeypatch.undo()
    camera(viewer).zoom = 9
    watcher.until_state("camera", lambda c: c["zoom"] == 9)


def test_an_older_napari(viewer, watch, monkeypatch):
    """What a version lacks is left out, and the rest works."""
    from webmon._napari import compat

    monkeypatch.setattr(compat, "tile_to_data", lambda layer: None)
    monkeypatch.setattr(compat, "unit_scale", lambda viewer, layer: None)
    monkeypatch.setattr(compat, "visual", lambda viewer, layer: None)
    monkeypatch.setattr(compat, "playing", lambda viewer: None)
    layer = viewer.add_image(np.zeros((3, 100, 100)), name="image", contrast_limits=[0, 1])
    watcher = watch("layers", "poll", "dims")
    own = watcher.until_layer("image", lambda _: True)["id"]
    watcher.until_state("poll", lambda p: "tile_state" in p["layers"][own])
    watcher.set(f"layer.{own}.opacity", 0.5)
    watcher.set("show_grid", True)
    watcher.set("show_grid", False)
    assert layer.opacity == 0.5


def test_cost_is_counted(viewer, watch):
    watcher = watch("camera")
    viewer.add_image(np.zeros((100, 100)), name="image")
    attachment = attached(viewer)
    before = attachment.cost()
    camera(viewer).zoom = 7
    watcher.until_state("camera", lambda c: c["zoom"] == 7)
    after = attachment.cost()
    assert after.ticks > before.ticks and after.seconds > before.seconds


def test_a_process_of_ones_own(viewer):
    with Process("mine", kind="napari", commands="poll", launch=False) as process:
        attachment = attach(viewer, process)
        assert attachment.process is process
        attachment.detach()
        assert process.closed


@pytest.fixture
def script(viewer, monkeypatch):
    """webmon's functions, as a script uses them, with nothing of a test before."""
    import webmon

    monkeypatch.setattr(webmon._announce, "launch", lambda: None)
    webmon.close()
    yield webmon
    if attached(viewer) is not None:
        attached(viewer).detach()
    webmon.close()


OWN = {"layers", "camera", "dims", "poll", "cursor", "histograms", "colors", "frame_time", "load_chunk"}


def shares(script):
    """What a script shares besides its viewer."""
    script.set("stage", 1)
    script.control("gain", "int", 1)

    @script.command
    def expose() -> None: ...

    return script.share("frames", shape=(4, 4), dtype="uint8")


@pytest.mark.parametrize("order", ["serve share attach", "share attach serve", "attach share serve", "attach serve share", "share attach"])
def test_a_script_and_its_viewer_are_one(viewer, script, order):
    """In every order there is one process, and what the script shares outlives the viewer."""
    viewer.add_image(np.zeros((8, 8), np.uint8), name="image")
    for step in order.split():
        if step == "serve":
            process = script.serve("scope", launch=False)
        elif step == "share":
            array = shares(script)
        else:
            attachment = script.attach(viewer)
    process = attachment.process
    hello = process._data.get("hello")
    assert hello["kind"] == "napari" and hello["napari"] and hello["name"] == ("scope" if "serve" in order else "napari")
    assert script.attach(viewer) is attachment
    if "serve" in order:
        assert script.serve("scope") is process is script.serve()
        with pytest.raises(ValueError, match="as 'scope' already") as refused:
            script.serve("other")
        assert "close" not in str(refused.value)  # which would stop the viewer
    assert {"frames", "layer." + next(iter(attachment._tracked.values())).id} <= set(process._data.get("arrays"))
    assert {"expose", "reset_view"} <= set(process._data.get("actions")) and {"gain", "camera.zoom"} <= set(process._data.get("controls"))
    announced = process._offer.announcement.path
    watcher = Watcher(process)
    watcher.want("array/frames", "stage")
    instance = hello["instance"]

    attachment.detach()
    assert not process.closed and announced.exists()
    hello = process._data.get("hello")
    assert hello["kind"] == "python" and hello["napari"] is None and hello["instance"] == instance
    assert list(process._data.get("arrays")) == ["frames"]
    assert list(process._data.get("actions")) == ["expose"] and list(process._data.get("controls")) == ["gain"]
    assert not OWN & {*process._data.get("topics"), *process._data.keys()} and process._data.get("stage") == 1
    assert array.publish(np.zeros((4, 4), np.uint8))
    watcher.leave()

    # And the next viewer takes its place.
    again = script.attach(viewer)
    assert again.process is process and process._data.get("hello")["kind"] == "napari" and "layers" in process._data.keys()


def test_a_viewer_alone_ends_its_process(viewer, script):
    attachment = script.attach(viewer)
    attachment.detach()
    assert attachment.process.closed
    script.serve("scope", launch=False)
    served = script.attach(viewer).process
    attached(viewer).detach()
    assert not served.closed  # serve() was called: the process goes on until the script ends


def test_after_close(viewer, script):
    """What comes after close() goes to the process that is offered then."""
    first = script.serve("scope", launch=False)
    script.attach(viewer)
    first.close()
    second = script.attach(viewer).process
    assert second is not first and not second.closed
    script.set("stage", 2)
    assert second._data.get("stage") == 2 and script.serve("scope") is second
    script.close()
    third = script.attach(viewer)
    assert third.process is not second and not third.process.closed and not third.closed


def test_whose_thread_runs_commands(viewer, script):
    """Qt's while there is a viewer, whichever was first; what the script has chosen before and after."""
    ran = []

    @script.command
    def where() -> None:
        ran.append(threading.get_ident())

    def run(process):
        watcher = Watcher(process)
        watcher.commands.put({"webmon": {"id": "1", "name": "where", "args": {}}})
        until(lambda: ran, "the command")
        watcher.leave()
        return ran.pop()

    process = script.serve("scope", launch=False)
    mine = threading.get_ident()
    assert run(process) != mine
    attachment = script.attach(viewer)
    assert run(process) == mine
    # A loop of the script's in another thread leaves them alone.
    other = threading.Thread(target=lambda: ran.append(script.poll()))
    other.start()
    other.join()
    assert ran.pop() == 0
    attachment.detach()
    assert run(process) != mine


def test_the_demand_of_a_script(viewer, script):
    """A script's own on_demand is left alone by a viewer."""
    calls = []
    process = script.serve("scope", launch=False)
    process.on_demand(lambda: calls.append(1))
    attachment = script.attach(viewer)
    watcher = Watcher(process)
    watcher.want("camera")
    until(lambda: calls and attachment._wanted, "both to hear of it")
    attachment.detach()
    calls.clear()
    watcher.want("stage")
    until(lambda: calls, "the script to hear of it")
    watcher.leave()


@pytest.mark.parametrize("what", ["camera", "frame_time", "screenshot", "layer.1"])
def test_names_that_napari_has_too(viewer, script, caplog, what):
    """A script that uses them keeps them: its viewer is a process of its own then, and that is said."""
    if what == "camera":
        script.send(what, {"ms": 1})
    elif what == "frame_time":
        script.set(what, 1)
    elif what == "screenshot":
        script.command(lambda: None, name=what)
    else:
        script.share(what, (4, 4), "u1")
    process = script.serve("scope", launch=False)
    attachment = script.attach(viewer)
    assert attachment.process is not process and f"{what} of the script has the name of one of napari's" in caplog.text
    attachment.detach()
    assert attachment.process.closed and not process.closed


def test_every_viewer_by_its_title(viewer, script, another):
    second = another()
    second.title = "overview"
    first, two = script.attach(viewer), script.attach(second)
    assert [one.process._data.get("hello")["name"] for one in (first, two)] == ["napari", "overview"]
    with pytest.raises(ValueError, match="has a viewer already"):
        attach(another(), first.process)
    two.detach()
    assert two.process.closed and not first.process.closed


def test_what_fails_half_way(viewer, script, monkeypatch):
    """A viewer that cannot be attached leaves the script's process as it was."""
    process = script.serve("scope", launch=False)
    array = shares(script)
    monkeypatch.setattr("webmon._napari.actions.Actions.update", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        script.attach(viewer)
    assert not process.closed and process._orders.host is None and attached(viewer) is None and array._segment is not None
    assert process._data.get("hello")["kind"] == "python" and not OWN & set(process._data.keys())
    monkeypatch.undo()
    monkeypatch.setattr(script._announce, "launch", lambda: None)
    assert script.attach(viewer).process is process
