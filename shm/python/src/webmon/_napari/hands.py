"""Hands from elsewhere on napari's canvas: they move the camera, point and draw.

The camera is moved by napari's model of it, in whatever way it stands. All else reaches the canvas as Qt's own
events, so that napari, plugins and layers see what they always see.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import compat
from .controls import FARTHEST
from .trouble import say_once

_HALF_TURN = math.pi  # of a drag over the whole width
_ZOOMS = (1e-8, 1e12)
_NOTCH = 120  # of a wheel, in Qt's eighths of a degree

_BUTTONS = {"left": "LeftButton", "middle": "MiddleButton", "right": "RightButton"}
_MODIFIERS = {"Shift": "ShiftModifier", "Control": "ControlModifier", "Alt": "AltModifier", "Meta": "MetaModifier"}

# What a browser calls a key, and what Qt does.
_KEYS = {
    **{name: name for name in ("Escape", "Tab", "Backspace", "Insert", "Delete", "Home", "End", "PageUp", "PageDown")},
    **{name: name for name in ("Shift", "Control", "Alt", "Meta", *(f"F{n}" for n in range(1, 13)))},
    **{"Arrow" + name: name for name in ("Left", "Right", "Up", "Down")},
    "Enter": "Return",
    " ": "Space",
}
# Of napari's own keys with Alt, and with Control, those that only move something or draw.
_WITH_ALT = frozenset(("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Alt", "Shift", "Control"))
_NOT_WITH_CONTROL = frozenset((*"wqonpsjkfmh,?/", "Tab", "Delete", "Backspace"))
# Those that open a console or a dialog.
_NOT_WITH_BOTH = frozenset("ci")
_NEVER = frozenset(("F1", "F10", "F11", "ContextMenu", "Meta", "OS", "Tab"))


def allowed(key: str, mods: tuple[str, ...]) -> bool:
    """Say whether a key may reach napari: none that closes a window, opens a dialog, a menu or a console, or deletes a layer."""
    if key in _NEVER or "Meta" in mods or (key[:1] == "F" and key[1:].isdigit() and mods):
        return False
    name = key.lower() if len(key) == 1 else key
    if "Alt" in mods:
        return key in _WITH_ALT or ("Control" in mods and name == "t")
    if "Control" in mods:
        return name not in _NOT_WITH_CONTROL and not ("Shift" in mods and name in _NOT_WITH_BOTH)
    return True


class Hands:
    """Applies events, in Qt's thread and in order."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._inside = False  # the pointer is over the canvas
        self._at = (0.0, 0.0)
        self._buttons: list[str] = []  # that are down
        self._keys: dict[str, tuple[str, ...]] = {}  # that are down, and what was held beside them

    def apply(self, events: list[dict[str, Any]]) -> None:
        """Do what the events say; one that fails is left out."""
        for event in events:
            do = getattr(self, "_" + event["do"], None)
            if do is None:
                continue
            try:
                do(event)
            except Exception:
                say_once("hand " + event["do"], "a hand on the canvas (%s) could not be followed", event["do"], error=True)

    def close(self) -> None:
        """Let go of all that is held."""
        for button in list(self._buttons):
            self._release({"x": self._at[0], "y": self._at[1], "button": button, "mods": ()})
        for key, mods in list(self._keys.items()):
            self._key({"key": key, "down": False, "mods": mods})
        if self._inside:
            self._leave({})

    # The camera.

    def _pan(self, event: dict[str, Any]) -> None:
        rows, columns = compat.canvas_size(self._viewer)
        self._shift(-event["dx"] * columns, -event["dy"] * rows)

    def _shift(self, across: float, below: float) -> None:
        """Move what is in the middle by so many pixels of the canvas, right and down."""
        camera = compat.camera(self._viewer)
        right, down = (np.asarray(way) for way in compat.screen(self._viewer))
        zoom = float(camera.zoom)
        center = np.asarray(camera.center, dtype=float)
        center[-len(right) :] += (across * right + below * down) / zoom
        if np.all(np.abs(center) <= FARTHEST):
            camera.center = tuple(float(x) for x in center)

    def _zoom(self, event: dict[str, Any]) -> None:
        camera = compat.camera(self._viewer)
        before = float(camera.zoom)
        after = min(max(before * event["by"], _ZOOMS[0]), _ZOOMS[1])
        if not after > 0:
            return
        x, y = compat.from_middle(self._viewer, event["x"], event["y"])
        # The place under the hand stays where it is.
        left = 1 - before / after
        self._shift(x * left, y * left)
        camera.zoom = after

    def _rotate(self, event: dict[str, Any]) -> None:
        viewer = self._viewer
        if int(viewer.dims.ndisplay) != 3:
            return
        rows, columns = compat.canvas_size(viewer)
        right, down = (np.asarray(way) for way in compat.screen(viewer))
        ahead = compat.ahead(viewer)
        # What is in front goes with the hand: so the eye goes against it.
        turn, tilt = event["dx"] * _HALF_TURN, event["dy"] * rows / columns * _HALF_TURN
        ahead = ahead * math.cos(turn) + right * math.sin(turn)
        ahead, down = ahead * math.cos(tilt) + down * math.sin(tilt), down * math.cos(tilt) - ahead * math.sin(tilt)
        compat.look(viewer, ahead, -down)

    def _reset(self, _: dict[str, Any]) -> None:
        self._viewer.reset_view()

    # What reaches napari as Qt's own events.

    def _point(self, event: dict[str, Any]) -> None:
        self._enter(event)
        self._moved(event, ())

    def _leave(self, _: dict[str, Any]) -> None:
        from qtpy.QtCore import QEvent

        if self._inside and not self._buttons:  # whoever drags has it wherever the pointer is
            self._inside = False
            for widget in self._around()[1:]:  # it may still be over the window
                self._send(QEvent(_of(QEvent, "Type", "Leave")), widget)

    def _press(self, event: dict[str, Any]) -> None:
        self._button(event, "MouseButtonPress")

    def _double(self, event: dict[str, Any]) -> None:
        self._button(event, "MouseButtonDblClick")

    def _button(self, event: dict[str, Any], type: str) -> None:
        button = event["button"]
        if button in self._buttons or _blocked():
            return
        self._enter(event)
        self._moved(event, event["mods"])  # as a pointer comes to where it presses
        self._buttons.append(button)
        self._send(self._mouse(type, event, button))

    def _move(self, event: dict[str, Any]) -> None:
        self._enter(event)
        self._moved(event, event["mods"])

    def _release(self, event: dict[str, Any]) -> None:
        button = event["button"]
        if button in self._buttons:
            self._buttons.remove(button)
            self._at = event["x"], event["y"]
            self._send(self._mouse("MouseButtonRelease", event, button))

    def _wheel(self, event: dict[str, Any]) -> None:
        if _blocked():
            return
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtGui import QWheelEvent

        self._enter(event)
        local, far = self._place(event)
        turned = QPoint(round(-event["dx"] * _NOTCH), round(-event["dy"] * _NOTCH))
        phase = _of(Qt, "ScrollPhase", "NoScrollPhase")
        self._send(QWheelEvent(local, far, QPoint(), turned, self._held(), _modifiers(event["mods"]), phase, False))

    def _key(self, event: dict[str, Any]) -> None:
        from qtpy.QtCore import QEvent, Qt
        from qtpy.QtGui import QKeyEvent

        native = compat.native(self._viewer)
        key, mods, down = event["key"], event["mods"], event["down"]
        if down:
            code = _code(Qt, key)
            if code is None or not allowed(key, mods) or _blocked():
                return
            again = key in self._keys
            self._keys[key] = mods
        else:
            if key not in self._keys:
                return
            del self._keys[key]
            code, again = _code(Qt, key), False
        text = key if len(key) == 1 and "Control" not in mods else ""
        type = _of(QEvent, "Type", "KeyPress" if down else "KeyRelease")
        made = QKeyEvent(type, code, _modifiers(mods), text, again)
        # To the canvas alone: what it does not know would go on to the window, and its menus.
        (native.keyPressEvent if down else native.keyReleaseEvent)(made)

    def _enter(self, event: dict[str, Any]) -> None:
        from qtpy.QtGui import QEnterEvent

        self._at = event["x"], event["y"]
        if self._inside:
            return
        self._inside = True
        local, far = self._place(event)
        for widget in self._around():
            self._send(QEnterEvent(local, local, far), widget)

    def _around(self) -> list[Any]:
        """Return the window, and all widgets in it that the canvas lies in, itself the last: a pointer that comes enters them in this order."""
        widget, found = compat.native(self._viewer), []
        while widget is not None:
            found.append(widget)
            widget = None if widget.isWindow() else widget.parentWidget()
        return found[::-1]

    def _moved(self, event: dict[str, Any], mods: tuple[str, ...]) -> None:
        # vispy and napari leave out what follows soon after another: here each was chosen to be sent.
        native = compat.native(self._viewer)
        if hasattr(native, "_last_time"):
            native._last_time = 0
        self._send(self._mouse("MouseMove", {**event, "mods": mods}, None))
        if self._buttons:
            compat.flush_moves(self._viewer)

    def _mouse(self, type: str, event: dict[str, Any], button: str | None) -> Any:
        from qtpy.QtCore import QEvent, Qt
        from qtpy.QtGui import QMouseEvent

        local, far = self._place(event)
        pressed = _of(Qt, "MouseButton", "NoButton" if button is None else _BUTTONS[button])
        return QMouseEvent(_of(QEvent, "Type", type), local, local, far, pressed, self._held(), _modifiers(event["mods"]))

    def _place(self, event: dict[str, Any]) -> tuple[Any, Any]:
        """Return where it is on the canvas and on the screen."""
        from qtpy.QtCore import QPointF

        rows, columns = compat.canvas_size(self._viewer)
        local = QPointF(event["x"] * columns, event["y"] * rows)
        return local, QPointF(compat.native(self._viewer).mapToGlobal(local.toPoint()))

    def _held(self) -> Any:
        from qtpy.QtCore import Qt

        held = _of(Qt, "MouseButton", "NoButton")
        for button in self._buttons:
            held = held | _of(Qt, "MouseButton", _BUTTONS[button])
        return Qt.MouseButtons(held) if hasattr(Qt, "MouseButtons") else held

    def _send(self, event: Any, widget: Any = None) -> None:
        from qtpy.QtCore import QCoreApplication

        QCoreApplication.sendEvent(compat.native(self._viewer) if widget is None else widget, event)


def _of(owner: Any, group: str, name: str) -> Any:
    """Return a constant of Qt's, wherever the binding has it."""
    return getattr(getattr(owner, group, owner), name)


def _modifiers(mods: tuple[str, ...]) -> Any:
    from qtpy.QtCore import Qt

    found = _of(Qt, "KeyboardModifier", "NoModifier")
    for mod in mods:
        found = found | _of(Qt, "KeyboardModifier", _MODIFIERS[mod])
    return Qt.KeyboardModifiers(found) if hasattr(Qt, "KeyboardModifiers") else found


def _code(qt: Any, key: str) -> int | None:
    """Return the number of a key in Qt, None for one that no canvas knows."""
    if len(key) == 1 and key != " ":
        return ord(key.upper())
    name = _KEYS.get(key)
    if name is None:
        return None
    code = _of(qt, "Key", "Key_" + name)
    return int(getattr(code, "value", code))


def _blocked() -> bool:
    """Say whether a dialog of napari's waits for somebody at its own screen: nothing else can be touched there either."""
    from qtpy.QtWidgets import QApplication

    return QApplication.activeModalWidget() is not None
