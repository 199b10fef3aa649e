"""A viewer that webmon watches."""

from __future__ import annotations

import math
import threading
import time
from typing import Any, Callable, NamedTuple

from .._orders import Host
from .._webmon import cell
from . import actions, compat, geometry, loads, settings, states, thumbnails, volumes
from .canvas import Canvas
from .canvas_controls import OverlayControls
from .controls import CameraControls, CanvasControls, DimsControls, Group, LayerControls, OverlayLooks
from .geometry import View
from .hands import Hands
from .layers import Tracked, id_of
from .opening import Openings
from .overlay import TileGrid
from .paint import Paints
from .pictures import Screenshot, SharedOverview, SharedSlice
from .trouble import guarded, logger, missing, say_once

# What may be out of date.
CAMERA, DIMS, CURSOR, LAYERS, POLL, HISTOGRAMS, CONTROLS, GRID, PICTURES, ARRAYS, PARTS, CANVAS, DRAWN, THUMBNAILS, COLORS = (
    1 << n for n in range(15)
)
EVERYTHING = (1 << 15) - 1

_STATES = (
    # topic, bit, at most so often a second, title
    ("poll", POLL, 60.0, "Tiles"),
    ("camera", CAMERA, 60.0, "Camera"),
    ("cursor", CURSOR, 20.0, "Cursor"),
    ("dims", DIMS, 60.0, "Dims"),
    ("canvas", CANVAS, 20.0, "Canvas"),
    ("layers", LAYERS, 20.0, "Layers"),
    ("histograms", HISTOGRAMS, 4.0, "Histograms"),
    ("thumbnails", THUMBNAILS, 2.0, "Thumbnails"),
    ("colors", COLORS, 20.0, "Colours"),
)
_EVENTS = ("frame_time", "load_chunk")
_CONTROL, _PREFIXES = "show_grid", ("layer.", "camera.", "dims.", "canvas.")  # what controls are called
_QUICK_HZ = 20.0  # states that may be shared so often take next to no time
_CONTROLS_HZ = 10.0
_ARRAYS_HZ = 10.0
_RETRY_SECONDS = 0.05


def clash(process: Any) -> str | None:
    """Say what of a process has a name that a viewer's things have, or None."""
    names = process._names()
    for what, own, prefixes in (
        ("topic", (*(topic for topic, *_ in _STATES), *_EVENTS), ()),
        ("command or control", (*actions.NAMES, _CONTROL), _PREFIXES),
        ("array", ("screenshot", Canvas.name), ("layer.", "overview.")),
        ("volume", (), ("layer.",)),
    ):
        for name in names[what]:
            if name in own or name.startswith(prefixes):
                return f"the {what} {name} of the script has the name of one of napari's"
    return None


def _bridge(run: Callable[[], None], mark: Callable[[int], None]) -> Any:
    """Return an object whose signals carry calls from any thread into Qt's."""
    from qtpy.QtCore import QObject, Signal

    class Bridge(QObject):  # type: ignore[misc]  # qtpy has no types
        waiting = Signal()
        marked = Signal(int)

    bridge = Bridge()
    bridge.waiting.connect(run)
    bridge.marked.connect(mark)
    return bridge


class Cost(NamedTuple):
    """What webmon has taken of napari's thread since the viewer was attached."""

    seconds: float
    ticks: int  # paints, and times when something was shared or a command was run


class Attachment:
    """A napari viewer that is offered to webmon, until detach() is called or it is closed.

    Made by webmon.attach(viewer), and to be used in Qt's thread.

    Attributes
    ----------
    viewer : napari.Viewer
    process : webmon.Process
        What is offered: its url is where people open the dashboard.
    """

    def __init__(self, viewer: Any, process: Any, ended: Callable[[Attachment], None]) -> None:
        from qtpy.QtCore import Qt, QTimer

        self.viewer = viewer
        self.process = process
        self.closed = False
        self._ended = ended
        self._thread = threading.get_ident()
        self._wanted = 0  # bits of what somebody wants, or what is done anyway
        self._dirty = EVERYTHING
        self._due: dict[str, float] = {}
        self._last_poll: Any = None
        self._poll_again = math.inf
        self._order: Any = None
        self._last_states: dict[str, Any] = {}
        self._scheduled = False
        self._connections: list[tuple[Any, Callable[..., None]]] = []
        self._tracked: dict[Any, Tracked] = {}
        self._slices: dict[Any, SharedSlice] = {}
        self._overviews: dict[Any, SharedOverview] = {}
        self._volumes: dict[Any, volumes.LayerVolume] = {}
        self._stale_volumes: set[Any] = set()  # what is declared of them
        self._shift: Any = None  # of all volumes, None where it is to be worked out again
        self._stale_slices: set[Any] = set()
        self._stale_overviews: set[Any] = set()
        self._stale_arrays: set[Any] = set()  # what is declared of them
        self._stale_histograms: set[Any] = set()
        self._histograms: dict[str, Any] = {}
        self._stale_thumbnails: set[Any] = set()
        self._thumbnails: dict[str, str] = {}
        self._layer_controls: dict[Any, LayerControls] = {}
        self._stale_controls: set[Any] = set()
        self._actions: actions.Actions | None = None
        self._painted_alive = 0
        self._spent = 0.0
        self._ticks = 0
        self._screenshot = Screenshot(process)
        self._grid = TileGrid(viewer)

        loads.begin_watching()
        self._bridge = _bridge(self._run_commands, self._mark)
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setTimerType(getattr(Qt, "TimerType", Qt).PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._second = QTimer()
        self._second.setInterval(1000)
        self._second.timeout.connect(self._each_second)
        self._paints = Paints(viewer, self._on_frame, self._on_painted)

        self._hands = Hands(viewer)
        self._canvas: Canvas | None = None
        self._host = Host(self._from_elsewhere, self._from_elsewhere_waiting, self._on_hands)
        process._adopt(self._host, compat.version())
        self._groups: list[Group] = [
            CameraControls(process, viewer),
            DimsControls(process, viewer),
            CanvasControls(process, lambda: self._grid.shown, self._set_grid),
            OverlayControls(process, viewer),
            OverlayLooks(process, viewer),
        ]
        try:
            with process.batch():
                self._connect()
                self._canvas = Canvas(process, viewer, lambda: self._mark(CANVAS))
                for layer in viewer.layers:
                    self._add(layer)
                for group in self._groups:
                    group.update()
                self._actions = actions.Actions(process, viewer, self._tracked, self._take)
                self._actions.declare()
                view = self._view()
                for topic, _, _, title in _STATES:
                    # A topic that was never set is unknown, and cannot be wanted.
                    process.set(topic, self._first(topic, view), title=title)
        except BaseException:
            self.detach()
            raise
        self._second.start()
        self._demanded()
        self._run_commands()

    def let_open(self, openings: Openings) -> None:
        """Let people open what openings allow from their browsers."""
        if self._actions is not None:
            self._actions.open(openings)

    def cost(self) -> Cost:
        """Return what webmon has taken of napari's thread."""
        return Cost(self._spent + self._paints.spent, self._ticks + self._paints.count)

    def _repr_html_(self) -> str:
        """Return what a notebook shows of it: a link to the canvas, and the page itself where webmon is a part of Jupyter."""
        return cell(self.process, "/viewer?view=canvas", self.process.name)

    # Coming and going.

    def detach(self) -> None:
        """Stop watching the viewer, which is left as it was."""
        if self.closed:
            return
        self.closed = True
        with self.process.batch():
            for step in (
                self._timer.stop, self._second.stop, self._paints.close, self._disconnect, self._grid.remove, self._screenshot.close,
                self._hands.close, *(() if self._canvas is None else (self._canvas.close,)),
                *(one.close for one in self._tracked.values()), loads.end_watching, self._take_back,
            ):  # fmt: skip
                try:
                    step()
                except Exception:
                    # Qt's objects may be gone already when the window is.
                    logger.debug("detaching from napari", exc_info=True)
        self._tracked.clear()
        self._ended(self)
        self.process._part(self._host)

    def _take_back(self) -> None:
        """Take out of the process what the viewer has put there: the rest is the script's."""
        process = self.process
        for one in (*self._slices.values(), *self._overviews.values()):
            one.close()
        for volume in self._volumes.values():
            volume.close()
        for group in (*self._groups, *self._layer_controls.values()):
            group.remove()
        if self._actions is not None:
            self._actions.remove()
        for topic in (*(topic for topic, *_ in _STATES), *_EVENTS):
            process.forget(topic)

    def _connect(self) -> None:
        viewer = self.viewer
        camera = compat.camera(viewer)
        for group, names, bits, paints in (
            (camera.events, ("center", "zoom", "angles", "perspective", "orientation"), CAMERA | POLL | LAYERS | GRID | CONTROLS | PARTS, True),
            (viewer.dims.events,
             ("ndim", "ndisplay", "order", "axis_labels", "range", "point", "current_step", "margin_left", "margin_right"),
             DIMS | POLL | LAYERS | GRID | CONTROLS | ARRAYS | CANVAS, True),
            (viewer.cursor.events, ("position",), CURSOR, False),
            (viewer.events, ("status",), CURSOR, False),
            (getattr(compat.grid(viewer), "events", None), ("enabled", "stride", "shape"), CANVAS | CONTROLS | CAMERA, True),
            *((model.events, ("visible", "text"), CONTROLS, True) for model in compat.overlays(viewer).values()),
            (viewer.layers.events, ("inserted", "removed", "reordered", "moved"), EVERYTHING, True),
            (viewer.layers.selection.events, ("changed", "active"), LAYERS | CONTROLS | GRID | CURSOR | CANVAS, False),
        ):  # fmt: skip
            for name in names:
                emitter = getattr(group, name, None)
                if emitter is not None:
                    self._listen(emitter, bits, paints, name)
        for overlay, _ in settings.overlays(viewer):
            overlay.events.connect(self._on_overlay)
            self._connections.append((overlay.events, self._on_overlay))
        window = compat.qt_viewer(viewer)
        try:
            window.destroyed.connect(self._on_destroyed)
        except (AttributeError, RuntimeError):
            missing("QtViewer.destroyed", "the end of a viewer is noticed only when Python ends")
        thread = getattr(getattr(window, "dims", None), "_animation_thread", None)
        for signal in ("started", "finished"):
            try:
                getattr(thread, signal).connect(self._on_play)
            except AttributeError:
                missing("QtDims._animation_thread", "playing is noticed when the next step comes")

    def _listen(self, emitter: Any, bits: int, paints: bool, name: str) -> None:
        moved = name in ("ndim", "ndisplay", "order")
        listed = name in ("inserted", "removed")

        def heard(event: Any = None) -> None:
            # Called often: nothing is worked out here.
            began = time.perf_counter()
            if paints:
                self._paints.stir()
            if moved:
                for one in self._tracked.values():
                    one.forget_place()
                # Also those that are hidden, of which napari says nothing.
                self._stale_arrays.update(self._slices)
            if moved or name == "axis_labels":
                self._move_volumes()
            if listed:
                self._list_layers()
            self._mark(bits)
            self._spent += time.perf_counter() - began

        # After napari, whose objects of a new layer are looked at; all else before it, to see when a change begins.
        try:
            emitter.connect(heard, position="last" if listed else "first")
        except TypeError:
            emitter.connect(heard)  # a signal of psygnal's, which some models of napari have
        self._connections.append((emitter, heard))

    def _disconnect(self) -> None:
        compat.disconnect(self._connections)
        window = compat.qt_viewer(self.viewer)
        thread = getattr(getattr(window, "dims", None), "_animation_thread", None)
        slots: tuple[tuple[Any, Callable[..., None]], ...] = (
            (getattr(window, "destroyed", None), self._on_destroyed),
            (getattr(thread, "started", None), self._on_play),
            (getattr(thread, "finished", None), self._on_play),
        )
        for signal, slot in slots:
            try:
                signal.disconnect(slot)
            except (AttributeError, RuntimeError, TypeError):
                pass

    def _on_destroyed(self, *_: Any) -> None:
        self.detach()

    def _on_overlay(self, event: Any = None) -> None:
        self._paints.stir()
        self._mark(CONTROLS)

    def _on_play(self) -> None:
        self._mark(DIMS | CONTROLS)

    # Layers.

    @guarded("following the layers")
    def _list_layers(self) -> None:
        with self.process.batch():
            self._move_volumes()
            for layer in [layer for layer in self._tracked if layer not in self.viewer.layers]:
                self._remove(layer)
            for layer in self.viewer.layers:
                if layer not in self._tracked:
                    self._add(layer)
            if self._actions is not None:
                self._actions.update()

    def _add(self, layer: Any) -> None:
        try:
            one = Tracked(self.viewer, layer, self._loads_of(layer), self._touched)
            self._tracked[layer] = one
            if one.is_picture:
                self._slices[layer] = SharedSlice(self.process, one)
                self._overviews[layer] = SharedOverview(self.process, one)
                self._declare(self._slices[layer], layer)
                self._declare(self._overviews[layer], layer)
            self._volumes[layer] = volumes.LayerVolume(self.process, one, self._moved)
            self._declare_volume(self._volumes[layer], layer)
            self._layer_controls[layer] = LayerControls(self.process, one)
            self._layer_controls[layer].update()
        except Exception:
            say_once("layer " + compat.kind(layer), "the layer %r is shown only in part", layer, error=True)
        self._stale_slices.add(layer)
        self._stale_histograms.add(layer)
        self._stale_thumbnails.add(layer)
        # Positions go up to the number of layers.
        self._stale_controls.update(self._tracked)

    def _loads_of(self, layer: Any) -> loads.Loads | None:
        """Return what counts the loads of a picture, None for other layers."""
        if not compat.is_picture(layer):
            return None
        found = loads.loads_of(layer)
        found.tell_to(id_of(layer), self.process._send_all, lambda: self._on_loads(layer), self._loads_watched)
        return found

    def _loads_watched(self) -> bool:
        return bool(self._wanted & (POLL | LAYERS)) or self.process.wanted("load_chunk") > 0

    def _on_loads(self, layer: Any) -> None:
        one = self._tracked.get(layer)
        if one is not None:
            self._touched(one, "loads")

    def _remove(self, layer: Any) -> None:
        one = self._tracked.pop(layer)
        one.close()
        for shared in (self._slices.pop(layer, None), self._overviews.pop(layer, None)):
            if shared is not None:
                shared.close()
        volume = self._volumes.pop(layer, None)
        if volume is not None:
            volume.close()
        controls = self._layer_controls.pop(layer, None)
        if controls is not None:
            controls.remove()
        self._histograms.pop(one.id, None)
        self._thumbnails.pop(one.id, None)
        for stale in (self._stale_thumbnails, self._stale_slices, self._stale_overviews, self._stale_arrays, self._stale_volumes, self._stale_histograms, self._stale_controls):
            stale.discard(layer)
        self._stale_controls.update(self._tracked)

    def _touched(self, one: Tracked, what: str) -> None:
        """Something of a layer has changed. In any thread."""
        layer = one.layer
        bits = {"controls": CONTROLS | CANVAS, "thumbnail": THUMBNAILS}.get(what, LAYERS | POLL)
        if what not in ("loads", "controls", "thumbnail") and one.is_picture:
            self._stale_arrays.add(layer)
            bits |= ARRAYS
        if what in ("details", "data"):
            self._stale_volumes.add(layer)
            bits |= ARRAYS | COLORS
        elif what == "place":
            self._move_volumes()
            bits |= ARRAYS | DIMS
        if what == "loads":
            pass
        elif what == "controls":
            self._stale_controls.add(layer)
        elif what == "thumbnail":
            self._stale_thumbnails.add(layer)
        elif what == "picture":
            self._stale_slices.add(layer)
            self._stale_overviews.add(layer)
            self._stale_histograms.add(layer)
            bits |= PICTURES | HISTOGRAMS | CURSOR
        else:
            self._stale_controls.add(layer)
            self._stale_histograms.add(layer)
            bits |= CONTROLS | GRID | HISTOGRAMS
            if what == "data":
                self._stale_slices.add(layer)
                self._stale_overviews.add(layer)
                bits |= PICTURES
        if threading.get_ident() == self._thread:
            if what != "loads":
                self._paints.stir()
            self._mark(bits)
        else:
            try:
                self._bridge.marked.emit(bits)
            except RuntimeError:
                pass  # Qt is gone

    def _move_volumes(self) -> None:
        """Note that the volumes may lie elsewhere: they lie in one space."""
        self._shift = None
        self._stale_volumes.update(self._volumes)

    def _moved(self) -> Any:
        if self._shift is None:
            self._shift = volumes.shift(self.viewer.layers, self.viewer.dims.ndim)
        return self._shift

    # Painting.

    def _on_frame(self, at: float, delta_ms: float) -> None:
        self.process.send("frame_time", {"time": at, "delta_ms": delta_ms})

    def _on_painted(self) -> None:
        canvas = self._canvas
        if canvas is not None and (canvas.watched or canvas.why is not None):
            canvas.painted()
            self._dirty |= DRAWN
            self._wanted |= DRAWN
            self._scheduled = False  # later than now: whoever looks waits for it
        # Also what has no event: a level that napari has chosen, a size of the window, the mode of a layer.
        self._mark(POLL | LAYERS | CAMERA | GRID | PARTS | CANVAS)

    @guarded("the beat of each second")
    def _each_second(self) -> None:
        if self.process.closed:
            self.detach()
            return
        if self._paints.count == self._painted_alive:
            self.process.alive()
        self._painted_alive = self._paints.count
        if self._canvas is not None:
            self._canvas.look()
        self._demanded()
        # Controls are kept in step also while nobody looks: a program may read them.
        if self._dirty & CONTROLS:
            self._update_controls()
        # So is what is declared of the arrays.
        if self._dirty & ARRAYS:
            self._update_arrays()

    # Demand and commands.

    def _from_elsewhere(self) -> None:
        try:
            self._bridge.marked.emit(-1)
        except RuntimeError:
            pass  # Qt is gone

    def _from_elsewhere_waiting(self) -> None:
        try:
            self._bridge.waiting.emit()
        except RuntimeError:
            pass

    def _on_hands(self, n: int, events: list[dict[str, Any]]) -> None:
        self._hands.apply(events)
        canvas = self._canvas
        if canvas is not None:
            canvas.hands = n
            if canvas.watched and any(event["do"] not in ("point", "leave") for event in events):
                canvas.ask()  # also where nothing has moved: whoever moved it waits for the picture

    @guarded("running commands")
    def _run_commands(self) -> None:
        began = time.perf_counter()
        while not self.closed and self.process.poll():
            pass
        if not self.closed and self._dirty & CONTROLS:
            self._update_controls()
        self._ticks += 1
        self._spent += time.perf_counter() - began

    def _demanded(self) -> None:
        """See what somebody wants now."""
        wanted = self.process.wanted
        bits = 0
        for topic, bit, _, _ in _STATES:
            if wanted(topic) > 0:
                bits |= bit
        for layer, slice_ in self._slices.items():
            if wanted(slice_.topic) > 0:
                bits |= PICTURES | (PARTS if slice_.partial else 0)
            else:
                # Whoever comes next has not seen the present one.
                self._stale_slices.add(layer)
        for layer, overview in self._overviews.items():
            if wanted(overview.topic) > 0:
                bits |= PICTURES
            else:
                self._stale_overviews.add(layer)
                overview.forget()
        if wanted(self._screenshot.topic) > 0:
            bits |= PICTURES
        if self._canvas is not None and self._canvas.demanded():
            bits |= DRAWN
        if bits or wanted("controls") > 0 or self.process.watchers() > 0:
            bits |= CONTROLS | ARRAYS
        if self._grid.shown:
            bits |= GRID
        new = bits & ~self._wanted
        self._wanted = bits
        # Nobody was told of loads while nobody looked.
        self._dirty |= new & (PICTURES | POLL | LAYERS)
        if self.process.asked():
            self._scheduled = False  # later than now
            self._schedule(0)
        elif self._dirty & bits:
            self._schedule(0)

    def _mark(self, bits: int) -> None:
        """Note what may be out of date. Costs next to nothing while nobody wants it."""
        if bits < 0:
            self._demanded()
            self._dirty |= PICTURES
            bits = 0
        self._dirty |= bits
        if not self._scheduled and self._dirty & self._wanted:
            self._schedule(0)

    def _schedule(self, seconds: float) -> None:
        if self.closed or self._scheduled:
            return
        self._scheduled = True
        self._timer.start(max(0, math.ceil(seconds * 1000)))

    # The tick.

    def _tick(self) -> None:
        self._scheduled = False
        if self.closed:
            return
        began = time.perf_counter()
        asks = self.process.asked()
        try:
            soonest = self._work(began, bool(asks))
        except Exception:
            say_once("tick", "what napari shows could not be shared", error=True)
            soonest = began + 1
        self.process.answer(asks)
        if soonest < math.inf:
            self._schedule(soonest - time.perf_counter())
        self._ticks += 1
        self._spent += time.perf_counter() - began

    def _work(self, now: float, asked: bool) -> float:
        """Share what is wanted, out of date and due; return when there is more to do.

        For somebody who has asked, everything is due but what takes long.
        """
        soonest = math.inf
        wanted = self.process.wanted
        todo = self._dirty & self._wanted
        view: View | None = None
        for topic, bit, most, _ in _STATES:
            if not todo & bit:
                continue
            hz = wanted(topic)
            if hz <= 0:
                continue
            due = self._due.get(topic, 0.0)
            if now + 0.0005 < due and not (asked and most >= _QUICK_HZ):
                soonest = min(soonest, due)
                continue
            self._due[topic] = now + 1 / min(hz, most)
            self._dirty &= ~bit
            if view is None:
                view = self._view()
            self._share(topic, view)
            soonest = min(soonest, self._poll_again if topic == "poll" else math.inf)
        if todo & GRID:
            self._dirty &= ~GRID
            self._update_grid(view)
        if todo & CONTROLS:
            due = self._due.get("controls", 0.0)
            if now + 0.0005 < due and not asked:
                soonest = min(soonest, due)
            else:
                self._due["controls"] = now + 1 / _CONTROLS_HZ
                self._update_controls()
        if todo & ARRAYS:
            due = self._due.get("arrays", 0.0)
            if now + 0.0005 < due and not asked:
                soonest = min(soonest, due)
            else:
                self._due["arrays"] = now + 1 / _ARRAYS_HZ
                self._update_arrays()
        if todo & DRAWN and self._canvas is not None:
            self._dirty &= ~DRAWN
            again = self._canvas.finish(now)
            if again < math.inf:
                self._dirty |= DRAWN
                soonest = min(soonest, again)
        if todo & PARTS:
            self._dirty &= ~PARTS
            todo |= self._follow_parts()
        if todo & PICTURES:
            soonest = min(soonest, self._publish(now))
        return soonest

    @guarded("sharing a state")
    def _share(self, topic: str, view: View) -> None:
        value = self._build(topic, view)
        if topic == "poll":
            if value is None:
                return  # as before
        elif self._last_states.get(topic) == value:
            return
        else:
            self._last_states[topic] = value
        self.process.set(topic, value)

    def _view(self) -> View:
        return geometry.view(self.viewer)

    def _first(self, topic: str, view: View) -> Any:
        try:
            return self._build(topic, view)
        except Exception:
            say_once("sharing a state", "the state %s could not be told", topic, error=True)
            return [] if topic == "layers" else {}

    def _build(self, topic: str, view: View) -> Any:
        viewer = self.viewer
        if topic == "poll":
            return self._poll(view)
        if topic == "camera":
            return states.camera(viewer, view)
        if topic == "dims":
            return states.dims(viewer, self._moved())
        if topic == "cursor":
            return states.cursor(viewer, self._tracked)
        if topic == "canvas":
            return states.canvas(viewer, self._tracked, None if self._canvas is None else self._canvas.why)
        if topic == "layers":
            return self._layers(view)
        if topic == "thumbnails":
            return self._all_thumbnails()
        if topic == "colors":
            tables = (one.table for one in self._tracked.values() if one.is_picture)
            return {table.hash: table.value for table in tables if table is not None}
        return self._all_histograms()

    def _poll(self, view: View) -> dict[str, Any] | None:
        """Return the state "poll", or None if it is as it was."""
        entries, key, again = {}, [], math.inf
        for layer in self.viewer.layers:
            one = self._tracked.get(layer)
            if one is None or not one.is_picture:
                continue
            try:
                entry, part, until = one.poll(view)
            except Exception:
                say_once("tiles of " + one.kind, "the tiles of the layer %r could not be told", layer, error=True)
                entry, part, until = {}, None, None
            entries[one.id] = entry
            key.append((one.id, part))
            if until is not None:
                again = min(again, until)
        # A mark on a tile goes by itself.
        self._poll_again = time.perf_counter() + (again - time.monotonic()) + 0.01
        if again < math.inf:
            self._dirty |= POLL
        if key == self._last_poll:
            return None
        self._last_poll = key
        return {"layers": entries}

    def _layers(self, view: View) -> list[dict[str, Any]]:
        chosen = self.viewer.layers.selection
        found = []
        for layer in self.viewer.layers:
            one = self._tracked.get(layer)
            if one is None:
                continue
            try:
                found.append(one.details(view, layer in chosen))
            except Exception:
                say_once("details of " + one.kind, "the layer %r could not be described", layer, error=True)
                found.append({"id": one.id, "kind": one.kind, "name": str(layer.name)})
        return found

    def _all_thumbnails(self) -> dict[str, str]:
        stale, self._stale_thumbnails = self._stale_thumbnails, set()
        for layer in stale:
            one = self._tracked.get(layer)
            if one is None:
                continue
            made = thumbnails.of(layer)
            if made is None:
                self._thumbnails.pop(one.id, None)
            else:
                self._thumbnails[one.id] = made
        return dict(self._thumbnails)

    def _all_histograms(self) -> dict[str, Any]:
        stale, self._stale_histograms = self._stale_histograms, set()
        for layer in stale:
            one = self._tracked.get(layer)
            if one is None:
                continue
            try:
                counted = states.histogram(one)
            except Exception:
                say_once("histogram", "the histogram of the layer %r could not be counted", layer, error=True)
                counted = None
            if counted is None:
                self._histograms.pop(one.id, None)
            else:
                self._histograms[one.id] = counted
        return dict(self._histograms)

    @guarded("drawing the tile grid")
    def _update_grid(self, view: View | None = None) -> None:
        if self._grid.shown:
            self._grid.update(self._tracked, view or self._view())

    def _set_grid(self, shown: bool) -> None:
        self._grid.set(shown)
        self._demanded()
        self._update_grid()

    @guarded("keeping controls in step")
    def _update_controls(self) -> None:
        self._dirty &= ~CONTROLS
        stale, self._stale_controls = self._stale_controls, set()
        if self._reordered():
            stale = set(self._tracked)
        for group in self._groups:
            group.update()
        for layer in stale:
            controls = self._layer_controls.get(layer)
            if controls is not None:
                controls.update()
        if stale and self._actions is not None:
            self._actions.update()

    @guarded("declaring the arrays")
    def _update_arrays(self) -> None:
        self._dirty &= ~ARRAYS
        stale, self._stale_arrays = self._stale_arrays, set()
        for layer in stale:
            for shared in (self._slices.get(layer), self._overviews.get(layer)):
                if shared is not None:
                    self._declare(shared, layer)

        stale, self._stale_volumes = self._stale_volumes, set()
        for layer in stale:
            volume = self._volumes.get(layer)
            if volume is not None:
                self._declare_volume(volume, layer)

    def _declare_volume(self, volume: volumes.LayerVolume, layer: Any) -> None:
        try:
            volume.update()
        except Exception:
            say_once("volume of " + compat.kind(layer), "the layer %r could not be offered as a volume", layer, error=True)

    def _declare(self, slice_: SharedSlice, layer: Any) -> None:
        try:
            slice_.declare()
        except Exception:
            say_once("array", "the slice of the layer %r could not be declared", layer, error=True)

    def _follow_parts(self) -> int:
        """Note which slices are shared in part, and now another part is in view; return what is to be done for them."""
        bits = 0
        for layer, slice_ in self._slices.items():
            if slice_.partial and self.process.wanted(slice_.topic) > 0 and slice_.moved():
                self._stale_slices.add(layer)
                bits = PICTURES
        return bits

    def _reordered(self) -> bool:
        """Say whether layers, their order or the selection may differ from what the controls say."""
        order = ([one.id for one in self._tracked.values()], [id(layer) for layer in self.viewer.layers],
                 frozenset(id(layer) for layer in self.viewer.layers.selection))  # fmt: skip
        changed: bool = order != self._order
        self._order = order
        return changed

    def _publish(self, now: float) -> float:
        """Copy the pictures that somebody looks at; return when to try again what was too early."""
        self._dirty &= ~PICTURES
        soonest = math.inf
        wanted = self.process.wanted
        every: tuple[tuple[dict[Any, Any], set[Any]], ...] = (
            (self._slices, self._stale_slices),
            (self._overviews, self._stale_overviews),
        )
        for shared, stale in every:
            for layer in list(stale):
                slice_ = shared.get(layer)
                if slice_ is None:
                    stale.discard(layer)
                    continue
                hz = wanted(slice_.topic)
                if hz <= 0:
                    continue
                due = self._due.get(slice_.topic, 0.0)
                if now + 0.0005 < due:
                    soonest = min(soonest, due)
                    continue
                # First, so that a change while it is copied is seen.
                stale.discard(layer)
                try:
                    copied = slice_.publish()
                except Exception:
                    say_once("slice", "the slice of the layer %r could not be shared", layer, error=True)
                    continue
                self._due[slice_.topic] = now + 1 / min(hz, 60.0)
                if slice_.partial:
                    self._wanted |= PARTS
                if not copied:
                    stale.add(layer)
                    soonest = min(soonest, now + _RETRY_SECONDS)
        if self._screenshot.stale and wanted(self._screenshot.topic) > 0 and not self._screenshot.publish():
            soonest = min(soonest, now + _RETRY_SECONDS)
        if soonest < math.inf:
            self._dirty |= PICTURES
        return soonest

    def _take(self, picture: Any) -> None:
        self._screenshot.take(picture)
        self._mark(PICTURES)
