"""What people may change in a process, and what they may call."""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, Callable, NamedTuple

from . import _forms
from ._changes import Changes
from ._life import Life
from ._plain import MAX_EVENT, check_name, plain

__all__ = ["Actions", "Control"]


class _Same:
    """Stands for what is left out, where None means something."""

    def __repr__(self) -> str:
        return "unchanged"


_SAME = _Same()


class Control:
    """A value that people may change; :meth:`Process.control` makes it.

    Attributes
    ----------
    name : str
        As webmon knows it.
    """

    def __init__(self, actions: Actions, name: str, declared: dict[str, Any], setter: Callable[[Any], object] | None) -> None:
        self.name = name
        self._actions = actions
        self._declared = declared  # replaced, never changed
        self._setter = setter
        self._updates = 0

    @property
    def value(self) -> Any:
        """The value now."""
        return self._declared["value"]

    def update(
        self,
        value: Any = _SAME,
        *,
        min: float | None | _Same = _SAME,
        max: float | None | _Same = _SAME,
        choices: Iterable[str] | _Same = _SAME,
        labels: Iterable[str] | None | _Same = _SAME,
        title: str | None | _Same = _SAME,
        help: str | None | _Same = _SAME,
        unit: str | None | _Same = _SAME,
    ) -> None:
        """Say that the value, or what it may be, has changed.

        What is left out stays. The setter is not called. A call is cheap enough for every frame: webmon hears of it at most
        20 times a second.

        Parameters
        ----------
        value : object, optional
            The value now, of the control's type.
        min, max : float or None, optional
            Limits of a number; None takes the limit away.
        choices : iterable of str, optional
            What may be chosen. Other choices take the labels away, unless there are new ones too.
        labels : iterable of str or None, optional
            What people see instead, one for each of the choices.
        title, help, unit : str or None, optional
            What people read beside the control.

        Raises
        ------
        TypeError
            If something that is given is no plain data.
        ValueError
            If the value is larger than 64 KiB or is no colour where it must be one, or there is not a label for each of the choices.
        """
        began = time.perf_counter_ns()
        change: dict[str, Any] = {}
        for key, entry in (("min", min), ("max", max), ("title", title), ("help", help), ("unit", unit)):
            if entry is not _SAME:
                change[key] = plain(entry)
        if not isinstance(choices, _Same):
            change["choices"] = [str(choice) for choice in choices]
        if isinstance(labels, _Same):
            if change.get("choices", self._declared.get("choices")) != self._declared.get("choices"):
                change["labels"] = None
        else:
            change["labels"] = _forms.labelled(change.get("choices", self._declared.get("choices")), labels)
        if value is not _SAME:
            change["value"] = plain(value, f"the value of {self.name}", MAX_EVENT)
            if self._declared["type"] == "color":
                change["value"] = _forms.color(value, f"the value of {self.name}")
        self._actions.change(self, change)
        self._actions.life.count(began)

    def remove(self) -> None:
        """Take the control away."""
        self._actions.remove_control(self)

    def __repr__(self) -> str:
        return f"<webmon.Control {self.name!r} = {self.value!r}>"


class _Command(NamedTuple):
    fn: Callable[..., Any]
    arguments: list[_forms.Argument]
    declared: dict[str, Any]


class Actions:
    """The controls and the commands of a process. No two of them have the same name."""

    def __init__(self, life: Life, changes: Changes) -> None:
        self.life = life
        self._changes = changes
        self._lock = threading.RLock()  # held while something is declared
        self.controls: dict[str, Control] = {}
        self.commands: dict[str, _Command] = {}

    def declared_controls(self) -> dict[str, Any]:
        """Return what webmon is told of the controls."""
        return {control.name: control._declared for control in list(self.controls.values())}

    def declared_commands(self) -> dict[str, Any]:
        """Return what webmon is told of the commands."""
        return {name: command.declared for name, command in list(self.commands.items())}

    def control(self, name: str, declared: dict[str, Any], setter: Callable[[Any], object] | None) -> Control:
        """Add a control of that declaration. Raises ValueError where a command has the name."""
        control = Control(self, name, declared, setter)
        with self._lock:
            if name in self.commands:
                raise ValueError(f"{name} is a command already: choose another name")
            self.controls[name] = control
            self._changes.declared("controls")
        return control

    def change(self, control: Control, change: dict[str, Any]) -> None:
        """Declare something else of a control; None takes it out of the declaration, but for the value."""
        with self._lock:
            old = control._declared
            new = {key: entry for key, entry in {**old, **change}.items() if entry is not None or key == "value"}
            control._updates += 1
            if new != old:
                control._declared = new
                self._changes.declared("controls")

    def remove_control(self, control: Control) -> None:
        """Take a control away; one that is not there is no error."""
        with self._lock:
            if self.controls.get(control.name) is control:
                del self.controls[control.name]
                self._changes.declared("controls")

    def command(self, fn: Callable[..., Any], name: str | None, title: str | None, help: str | None, group: str | None) -> None:
        """Add a command, whose help is its docstring unless another is given.

        Raises TypeError where a parameter cannot be entered into a form, ValueError where the name cannot be used.
        """
        if not callable(fn):
            raise TypeError(f"a command must be a function, not {fn!r}")
        name = check_name(str(name or getattr(fn, "__name__", "")), "a command")
        arguments = _forms.arguments(fn, _caller_scope())
        declared: dict[str, Any] = {"args": [argument.declared for argument in arguments]}
        for key, text in (("title", title), ("help", help if help is not None else _docstring(fn)), ("group", group)):
            if text:
                declared[key] = text
        with self._lock:
            if name in self.controls:
                raise ValueError(f"{name} is a control already: choose another name")
            self.commands[name] = _Command(fn, arguments, declared)
            self._changes.declared("actions")

    def remove_command(self, name: str) -> None:
        """Take a command away; one that is not there is no error."""
        with self._lock:
            if self.commands.pop(name, None) is not None:
                self._changes.declared("actions")

    def run(self, name: str, args: dict[str, Any]) -> bool:
        """Set the control of that name, or call the command; False where there is neither.

        Raises ValueError where what was entered cannot be, and whatever the function raises.
        """
        control = self.controls.get(name)
        if control is not None:
            _set(control, args)
            return True
        command = self.commands.get(name)
        if command is not None:
            _call(command, name, dict(args))
        return command is not None

    def forked(self) -> None:
        """In a forked child: a thread that is not here may hold the lock."""
        self._lock = threading.RLock()


def _set(control: Control, args: dict[str, Any]) -> None:
    name = control.name
    if args.keys() != {name}:
        raise ValueError(f"{name} takes one value, under its own name")
    value = _forms.check(control._declared, name, args[name])
    updates = control._updates
    if control._setter is not None:
        control._setter(value)
    if control._updates == updates:
        control.update(value)


def _call(command: _Command, name: str, args: dict[str, Any]) -> None:
    values = {}
    for argument in command.arguments:
        if argument.name in args:
            values[argument.name] = argument.convert(args.pop(argument.name))
        elif argument.required:
            raise ValueError(f"{argument.name} is missing")
    if args:
        raise ValueError(f"{name} does not take {', '.join(sorted(map(str, args)))[:200]}")
    command.fn(**values)


def _caller_scope() -> dict[str, Any]:
    """Return the names that stand where a command is declared: annotations that are text may use them."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == __package__:
        frame = frame.f_back
    return dict(frame.f_locals)


def _docstring(fn: Any) -> str:
    """Return the first paragraph of the function's docstring, on one line."""
    text = inspect.getdoc(fn) if inspect.isroutine(fn) else None
    return " ".join(text.strip().split("\n\n")[0].split()) if text else ""
