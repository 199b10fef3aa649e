"""What people may change in a model: its ``sliders`` or its ``layout``, as the controls of webmon."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._convert import written
from .._plain import _NAME as _GOOD_NAME
from .._plain import plain
from .trouble import short

__all__ = ["Knob", "knobs"]


@dataclass
class Knob:
    """One value that people may change. The limits are those of the value itself, not of its logarithm."""

    name: str
    type: str  # "float", "int", "bool", "choice" or "text"; "number": float or int, as the value is
    min: float | None = None
    max: float | None = None
    step: float | None = None
    log: bool = False
    title: str | None = None
    help: str | None = None
    unit: str | None = None
    start: Any = None  # what the widget stands at, where the model does not tell
    members: dict[str, Any] = field(default_factory=dict)  # of a choice: what stands for each text

    def settle(self, value: Any) -> None:
        """Make it one that the model's start is a value of: it begins there, and can be put back to it."""
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if self.type == "number":
            whole = all(limit is None or float(limit).is_integer() for limit in (self.min, self.max, self.step))
            integer = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
            self.type = "int" if whole and integer and not self.log else "float"
        elif self.type == "int" and isinstance(value, (float, np.floating)) and math.isfinite(value) and not float(value).is_integer():
            self.type = "float"
        elif self.type == "choice":
            try:
                self.shown(value)
            except ValueError:
                if not isinstance(value, (str, bool, int, float, np.generic)):
                    raise
                text = short(value, 200)
                self.members = {text if text not in self.members else f"{text} (start)": value, **self.members}

    def shown(self, value: Any) -> Any:
        """Return the model's value as people see it. Raises ValueError where that cannot be."""
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, np.generic):
            value = value.item()
        if self.type == "choice":
            for text, member in self.members.items():
                try:
                    if member is value or bool(member == value):
                        return text
                except Exception:
                    continue
            raise ValueError(f"it is {short(written(value), 60)}, which is none of {', '.join(self.members)}")
        if self.type == "text":
            return short(value, 4000)
        if not isinstance(value, (bool, int, float)):
            try:
                value = plain(value)  # of a library that has numbers of its own
            except (TypeError, ValueError):
                pass
        if self.type == "bool":
            if value is None or isinstance(value, (bool, int, float)):
                return bool(value)
            raise ValueError(f"it is {short(written(value), 60)}, which is neither true nor false")
        if not isinstance(value, (bool, int, float)):
            raise ValueError(f"it is {short(written(value), 60)}, which is no number")
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"it is {number}, which a field cannot hold")
        if self.type == "int":
            if number != int(number):
                raise ValueError(f"it is {number:g}, which is no whole number")
            return int(number)
        return number

    def taken(self, value: Any) -> Any:
        """Return what people have chosen as the model wants it."""
        return self.members.get(value, value) if self.members else value

    def declared(self) -> dict[str, Any]:
        """Return the arguments of Process.control."""
        return {
            "min": self.min,
            "max": self.max,
            "step": self.step,
            "scale": "log" if self.log else None,
            "title": self.title if self.title != self.name else None,
            "help": self.help,
            "unit": self.unit,
            "choices": list(self.members) or None,
        }


def knobs(model: Any, params: Mapping[str, Any]) -> tuple[list[Knob], list[str]]:
    """Return what the model lets people change, in its order, and what is wrong with what was left out."""
    found: list[Knob] = []
    problems: list[str] = []
    rows = _attribute(model, "sliders", problems)
    layout = _attribute(model, "layout", problems)
    if rows is not None:
        _from_rows(rows, found, problems)
    if layout is not None:
        _from_widget(layout, found, problems, set())
    # A finger needs no slider: people point into the picture.
    if {"finger_x", "finger_y"} <= params.keys():
        for name, title in (("finger_x", "Finger x"), ("finger_y", "Finger y")):
            found.append(Knob(name, "float", 0.0, 1.0, 0.01, title=title))
    out: dict[str, Knob] = {}
    for knob in found:
        out.setdefault(knob.name, knob)
    docs = _texts(model, "params_doc") or _texts(model, "param_docs")
    units = _texts(model, "units")
    for knob in out.values():
        knob.help = knob.help or docs.get(knob.name)
        knob.unit = units.get(knob.name)
    return list(out.values()), problems


def _attribute(model: Any, name: str, problems: list[str]) -> Any:
    try:
        value = getattr(model, name, None)
        return value() if callable(value) and not hasattr(value, "children") and not isinstance(value, type) else value
    except Exception as error:
        problems.append(f"{name} cannot be read: {type(error).__name__}: {short(error)}.")
        return None


def _texts(model: Any, name: str) -> dict[str, str]:
    try:
        value = getattr(model, name, None)
    except Exception:
        return {}
    if not isinstance(value, Mapping):
        return {}
    return {key: short(text) for key, text in value.items() if isinstance(key, str) and isinstance(text, str) and text.strip()}


# Rows of the attribute sliders.


def _from_rows(rows: Any, found: list[Knob], problems: list[str]) -> None:
    if isinstance(rows, (str, Mapping)) or not isinstance(rows, Iterable):
        problems.append(f"sliders is {short(repr(rows), 80)} instead of a list of rows.")
        return
    for i, row in enumerate(rows, 1):
        try:
            knob = _row(row)
            if any(knob.name == other.name for other in found):
                raise ValueError(f"there is a row for {knob.name} already, whose control is shown")
            found.append(knob)
        except Exception as error:
            what = f" ({short(repr(row[0]), 40)})" if isinstance(row, (list, tuple)) and row else ""
            problems.append(f"Row {i} of sliders{what} is left out: {short(error)}.")


def _row(row: Any) -> Knob:
    if not isinstance(row, (list, tuple)):
        raise ValueError(f"it is {short(repr(row), 80)} instead of a list [name, 'slider' or 'toggle', 'logarithmic' or 'None', 'range' or 'checkbox', min, max, step]")
    if len(row) < 2:
        raise ValueError("it needs a name and 'slider' or 'toggle'")
    name = _name(row[0])
    kind = str(row[1]).strip().lower()
    form = str(row[3]).strip().lower() if len(row) > 3 else ""
    if kind == "toggle" or form == "checkbox":
        return Knob(name, "bool")
    if kind != "slider":
        raise ValueError(f"its second entry is {short(repr(row[1]), 40)} instead of 'slider' or 'toggle'")
    if len(row) < 6:
        raise ValueError(f"it has {len(row)} entries, and a slider needs min and max as the fifth and sixth")
    scale = str(row[2]).strip().lower()
    if scale not in ("logarithmic", "log", "none", "linear", ""):
        raise ValueError(f"its third entry is {short(repr(row[2]), 40)} instead of 'logarithmic' or 'None'")
    low, high = _number(row[4], "min"), _number(row[5], "max")
    if not low < high:
        raise ValueError(f"its min, {low:g}, is not less than its max, {high:g}")
    step = _number(row[6], "step") if len(row) > 6 and row[6] not in (None, "None") else None
    if step is not None and step <= 0:
        raise ValueError(f"its step is {step:g}, and must be more than 0")
    if scale in ("logarithmic", "log"):
        return _logarithmic(name, low, high, 10.0)
    return Knob(name, "number", low, high, step)


def _logarithmic(name: str, low: float, high: float, base: float) -> Knob:
    try:
        least, most = base**low, base**high
    except OverflowError:
        least = most = math.inf
    if not (0 < least < most < math.inf):
        raise ValueError(f"its limits are exponents of {base:g}, and {base:g}^{low:g} to {base:g}^{high:g} is no range")
    return Knob(name, "float", least, most, log=True)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _GOOD_NAME.match(value):
        raise ValueError(f"its name is {short(repr(value), 60)}: a name is made of letters, digits and _ . : -")
    return value


def _number(value: Any, what: str) -> float:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            pass
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"its {what} is {short(repr(value), 40)} instead of a number")
    return value


# Widgets of the attribute layout. They are known by the names of their classes: that way a model can be run by a Python
# without ipywidgets, and with whatever stands in for it.

_SPECIAL = frozenset(["density", "quit", "reset", "reset_tracers", "fps", "messages", "controls"])
_INT = frozenset(["IntSlider", "BoundedIntText", "IntText"])
_FLOAT = frozenset(["FloatSlider", "BoundedFloatText", "FloatText"])
_BOOL = frozenset(["Checkbox", "ToggleButton", "Valid"])
_CHOICE = frozenset(["Dropdown", "Select", "RadioButtons", "ToggleButtons", "SelectionSlider"])
_TEXT = frozenset(["Text", "Textarea", "Combobox"])
_OTHER = frozenset(
    ["FloatRangeSlider", "IntRangeSlider", "SelectionRangeSlider", "SelectMultiple", "ColorPicker", "DatePicker", "TimePicker", "FileUpload", "Play"]
)


def _from_widget(widget: Any, found: list[Knob], problems: list[str], seen: set[int]) -> None:
    if id(widget) in seen or len(seen) > 10_000:
        return
    seen.add(id(widget))
    children = getattr(widget, "children", None)
    kinds = {base.__name__ for base in type(widget).__mro__}
    name = getattr(widget, "name", None)
    title = getattr(widget, "description", None)
    title = short(title, 80) if isinstance(title, str) and title.strip() else None
    if not isinstance(name, str) or name in ("", "_"):
        name = _from_title(title)
    known = kinds & (_INT | _FLOAT | _BOOL | _CHOICE | _TEXT | _OTHER | {"FloatLogSlider"})
    if known and name not in _SPECIAL:
        try:
            knob = _widget(widget, kinds, name, title)
            if any(knob.name == other.name for other in found):
                raise ValueError(f"there is a control {knob.name} already")
            found.append(knob)
        except Exception as error:
            problems.append(f"The {sorted(known)[0]} {name or title or 'without a name'} of the layout is left out: {short(error)}.")
    if isinstance(children, Iterable):
        for child in children:
            _from_widget(child, found, problems, seen)


def _from_title(title: str | None) -> str:
    """Return a name made of a description: what people did before widgets had names."""
    return "_".join("".join(c if c.isalnum() and c.isascii() else " " for c in title or "").split())


def _widget(widget: Any, kinds: set[str], name: str, title: str | None) -> Knob:
    name = _name(name)
    start = getattr(widget, "value", None)
    if kinds & _OTHER:
        raise ValueError("webmon has nothing like it; use a slider, a check box, a choice or a text")
    if "FloatLogSlider" in kinds:
        base = _number(getattr(widget, "base", 10.0), "base")
        if base <= 0 or base == 1:
            raise ValueError(f"its base is {base:g}")
        low, high = _number(getattr(widget, "min", 0.0), "min"), _number(getattr(widget, "max", 4.0), "max")
        knob = _logarithmic(name, min(low, high) if base > 1 else max(low, high), max(low, high) if base > 1 else min(low, high), base)
    elif kinds & _BOOL:
        knob = Knob(name, "bool")
    elif kinds & _CHOICE:
        knob = Knob(name, "choice", members=_members(getattr(widget, "options", ())))
    elif kinds & _TEXT:
        knob = Knob(name, "text")
    else:
        kind = "int" if kinds & _INT else "float"
        knob = Knob(name, kind)
        if not kinds & {"IntText", "FloatText"} or "BoundedIntText" in kinds or "BoundedFloatText" in kinds:
            knob.min, knob.max = _number(getattr(widget, "min", 0), "min"), _number(getattr(widget, "max", 100), "max")
            if not knob.min < knob.max:
                raise ValueError(f"its min, {knob.min:g}, is not less than its max, {knob.max:g}")
        step = getattr(widget, "step", None)
        knob.step = _number(step, "step") if step is not None else (1 if kind == "int" else None)
    knob.title, knob.start = title, start
    tip = getattr(widget, "tooltip", None) or getattr(widget, "description_tooltip", None)
    knob.help = short(tip) if isinstance(tip, str) and tip.strip() else None
    return knob


def _members(options: Any) -> dict[str, Any]:
    pairs: list[tuple[Any, Any]]
    if isinstance(options, Mapping):
        pairs = list(options.items())
    else:
        pairs = [o if isinstance(o, tuple) and len(o) == 2 else (o, o) for o in options]
    out = {short(label, 200): value for label, value in pairs}
    if not out:
        raise ValueError("it has no options")
    return out
