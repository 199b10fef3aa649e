"""What a form needs to know of a value: from annotations, and back from what people entered."""

from __future__ import annotations

import enum
import functools
import inspect
import math
import re
import sys
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Callable, Literal, Union

import numpy as np

from ._convert import called, reason
from ._plain import MAX_EVENT, check_name, clean, plain, words

__all__ = ["Argument", "Choice", "Range", "arguments", "check", "declare", "labelled"]

_MAX_TEXT = 4096  # bytes, as in the dashboard's forms
_NAMED = 20  # choices that are named to whoever sends none of them
_TYPES = ("float", "int", "bool", "choice", "text", "color")
_COLOR = re.compile("#[0-9a-f]{6}([0-9a-f]{2})?", re.ASCII)


class Range:
    """A number with limits, as an annotation of a command's argument.

    The argument is an int if all of lo, hi, step and the default are, and a float otherwise. Type checkers that dislike a
    call as an annotation take ``Annotated[float, webmon.Range(0.1, 500)]``; then float or int says which.

    Parameters
    ----------
    lo, hi : float or int, optional
        The least and the greatest value, both included. None is no limit.
    step : float or int, optional
        What the field goes up or down by.
    unit : str, optional
        Of the value, such as "ms".
    scale : {"linear", "log"}, optional
        Of a slider; "log" needs ``lo > 0``.

    Raises
    ------
    TypeError
        If a number is none, or not finite.
    ValueError
        If lo is greater than hi, step is not greater than 0, or there is no such scale.

    Examples
    --------
    >>> @webmon.command
    ... def set_exposure(ms: webmon.Range(0.1, 500, unit="ms", scale="log") = 10) -> None: ...
    """

    __slots__ = ("hi", "lo", "scale", "step", "unit")

    def __init__(
        self,
        lo: float | None = None,
        hi: float | None = None,
        step: float | None = None,
        unit: str | None = None,
        scale: str | None = None,
    ) -> None:
        for name, value in (("lo", lo), ("hi", hi), ("step", step)):
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)) or not math.isfinite(value)
            ):
                raise TypeError(f"Range: {name} must be a finite number or None, not {value!r}")
        if lo is not None and hi is not None and lo > hi:
            raise ValueError(f"Range: lo {lo} is greater than hi {hi}")
        if step is not None and step <= 0:
            raise ValueError(f"Range: step {step} must be greater than 0")
        _check_scale(scale, lo, "Range")
        self.lo, self.hi, self.step, self.unit, self.scale = _number(lo), _number(hi), _number(step), unit, scale

    def __call__(self) -> None:
        # typing accepts only what can be called as an annotation within Optional and Annotated before Python 3.11.
        raise TypeError("a Range is an annotation, not a function")

    def __repr__(self) -> str:
        parts = [repr(self.lo), repr(self.hi)]
        parts += [f"{name}={value!r}" for name in ("step", "unit", "scale") if (value := getattr(self, name)) is not None]
        return f"Range({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in Range.__slots__)

    def __hash__(self) -> int:
        return hash((self.lo, self.hi, self.step, self.unit, self.scale))


class Choice:
    """One of some values, as an annotation of a command's argument.

    Programs send a value, or its text; people see its label; the function gets the value. Type checkers that dislike a
    call as an annotation take ``Annotated[int, webmon.Choice([1, 2, 4])]``.

    Parameters
    ----------
    values : iterable
        What the argument may be. Each reads as another text.
    labels : iterable of str, optional
        What people see instead, one for each of the values.

    Raises
    ------
    ValueError
        If there are no values, two read the same, or there is not a label for each.

    Examples
    --------
    >>> @webmon.command
    ... def bin_pixels(by: webmon.Choice([1, 2, 4], labels=["not at all", "2 x 2", "4 x 4"]) = 1) -> None: ...
    """

    __slots__ = ("labels", "members")

    def __init__(self, values: typing.Iterable[Any], labels: typing.Iterable[str] | None = None) -> None:
        values = list(values)
        self.members = {clean(_text(value)): value for value in values}
        if not values or len(self.members) != len(values):
            raise ValueError("Choice: it needs values, and no two that read the same")
        self.labels = labelled(list(self.members), labels)

    def __call__(self) -> None:
        # As that of Range.
        raise TypeError("a Choice is an annotation, not a function")

    def __repr__(self) -> str:
        labels = "" if self.labels is None else f", labels={self.labels!r}"
        return f"Choice({list(self.members.values())!r}{labels})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Choice):
            return NotImplemented
        return list(self.members.items()) == list(other.members.items()) and self.labels == other.labels

    def __hash__(self) -> int:
        return hash((*self.members, *(self.labels or ())))


def _texts(values: Any, what: str) -> list[str]:
    try:
        return [clean(str(value)) for value in values]
    except Exception as error:
        raise TypeError(f"the {what} of a control must be texts: {reason(error)}") from error


def labelled(choices: list[str] | None, labels: Any) -> list[str] | None:
    """Return labels as a list of texts, None for None. Raises ValueError if there is not one for each of the choices."""
    if labels is None:
        return None
    if isinstance(labels, str):
        raise TypeError(f"the labels of a control must be a list of texts, not the text {labels[:40]!r}")
    texts = _texts(labels, "labels")
    if len(texts) != len(choices or ()):
        raise ValueError(f"a control with {len(choices or ())} choices needs as many labels, not {len(texts)}")
    return texts


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _check_scale(scale: str | None, lo: Any, what: str) -> None:
    if scale not in (None, "linear", "log"):
        raise ValueError(f"{what}: scale must be 'linear' or 'log', not {scale!r}")
    if scale == "log" and (lo is None or lo <= 0):
        raise ValueError(f"{what}: a log scale needs a least value greater than 0")


def declare(
    type: str,
    value: Any,
    *,
    default: Any = None,
    min: float | None = None,
    max: float | None = None,
    step: float | None = None,
    scale: str | None = None,
    unit: str | None = None,
    choices: typing.Iterable[str] | None = None,
    labels: typing.Iterable[str] | None = None,
    soft: bool = False,
    title: str | None = None,
    help: str | None = None,
    group: str | None = None,
    section: str | None = None,
) -> dict[str, Any]:
    """Return the declaration of a control or an argument; what is None is left out, but for the value."""
    if type not in _TYPES:
        raise ValueError(f"there is no type {type!r} of control: use one of {', '.join(_TYPES)}")
    if type == "color":
        value = color(value, "the value of a control")
        default = None if default is None else color(default, "default of a control")
    # What is declared is written out with that of all other controls: nothing of it may be left that cannot be.
    given = {
        "value": plain(value, "the value of a control", MAX_EVENT),
        **{
            key: plain(entry, f"{key} of a control", MAX_EVENT)
            for key, entry in (("default", default), ("min", min), ("max", max), ("step", step))
        },
    }
    for key in ("min", "max", "step"):
        if given[key] is not None and (isinstance(given[key], bool) or not isinstance(given[key], (int, float))):
            raise TypeError(f"{key} of a control must be a number, not {called(given[key])}")
    texts = None if choices is None else _texts(choices, "choices")
    if type == "choice" and not texts:
        raise ValueError("a control of type choice needs choices")
    _check_scale(scale, given["min"], "a control")
    out: dict[str, Any] = {"type": type, "value": given.pop("value")}
    for key, entry in (
        *given.items(),
        ("scale", scale),
        ("unit", words(unit, "the unit of a control")),
        ("soft", True if soft else None),
        ("choices", texts),
        ("labels", labelled(texts, labels)),
        ("title", words(title, "the title of a control")),
        ("help", words(help, "the help of a control")),
        ("group", words(group, "the group of a control")),
        ("section", words(section, "the section of a control")),
    ):
        if entry is not None:
            out[key] = entry
    return out


def color(value: Any, name: str) -> str:
    """Return a colour the one way it is written: "#rrggbb", or "#rrggbbaa" if it is not opaque, in small letters.

    Raises ValueError, with a sentence for people, for what is none.
    """
    found = value.strip().lower() if isinstance(value, str) else ""
    if not _COLOR.fullmatch(found):
        raise ValueError(f"{name} must be a colour: # and the six hexadecimal digits of red, green and blue, or eight with the opacity")
    return found[:7] if found[7:] == "ff" else found


def check(declared: dict[str, Any], name: str, value: Any) -> Any:
    """Return value as the declared type has it.

    Raises ValueError, with a sentence for people, for what the declaration does not allow.
    """
    kind = declared["type"]
    if isinstance(value, np.generic):
        value = value.item()
    if kind == "bool":
        if isinstance(value, bool):
            return value
        raise ValueError(f"{name} must be true or false")
    if kind == "choice":
        return _chosen(declared["choices"], declared.get("labels") or [], name, value)
    if kind == "color":
        return color(value, name)
    if kind == "text":
        if isinstance(value, str) and len(value.encode(errors="replace")) <= _MAX_TEXT:
            return value
        raise ValueError(f"{name} must be a text of at most {_MAX_TEXT} bytes")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number")
    unit = f" {declared['unit']}" if declared.get("unit") else ""
    least, most = declared.get("min"), declared.get("max")
    # What it began with may lie beyond the limits, and can be gone back to.
    if value != declared.get("default") and not declared.get("soft"):
        if least is not None and value < least:
            raise ValueError(f"{name} must be at least {least:g}{unit}")
        if most is not None and value > most:
            raise ValueError(f"{name} must be at most {most:g}{unit}")
    if kind == "float":
        return float(value)
    if value != int(value):
        raise ValueError(f"{name} must be a whole number")
    return int(value)


def _chosen(choices: list[str], labels: list[str], name: str, value: Any) -> str:
    """Return the choice that is meant: by its text, by its number, or by a label that only one has."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        if value in choices:
            return value
        if labels.count(value) == 1:
            return choices[labels.index(value)]
    named = list(choices[:_NAMED])
    for place, label in enumerate(labels[:_NAMED]):
        if label != named[place]:
            named[place] += f" ({label})"
    raise ValueError(f"{name} must be one of {', '.join(named)}{', ...' if len(choices) > _NAMED else ''}")


@dataclass
class Argument:
    """One argument of a command."""

    name: str
    declared: dict[str, Any]  # as on the wire, with "name"
    required: bool = True
    # What the function gets for each text that people choose.
    members: dict[str, Any] = field(default_factory=dict)

    def convert(self, value: Any) -> Any:
        value = check(self.declared, self.name, value)
        return self.members.get(value, value) if self.members else value


_UNIONS: tuple[Any, ...] = (Union, types.UnionType) if sys.version_info >= (3, 10) else (Union,)
_HOW = (
    "use float, int, bool, str, Literal[...], an Enum, webmon.Choice(values) or webmon.Range(lo, hi), as in def set_exposure(ms: webmon.Range(0.1, 500))"
)


def arguments(fn: Callable[..., Any], scope: typing.Mapping[str, Any] = types.MappingProxyType({})) -> list[Argument]:
    """Return what a form needs for each of fn's parameters. scope has the names that stand where it is declared.

    Raises TypeError, naming function and parameter, for those that cannot be entered into a form.
    """
    name = getattr(fn, "__qualname__", repr(fn))
    if inspect.iscoroutinefunction(fn) or inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise TypeError(f"{name} cannot be a command: it is async or a generator; make a plain function that starts it")
    try:
        signature = inspect.signature(fn)
    except Exception as error:  # from Python 3.14 on annotations are evaluated here
        raise TypeError(f"{name} cannot be a command: {type(error).__name__}: {error}") from None
    hints = _hints(fn, name, signature, scope)
    out = []
    for parameter in signature.parameters.values():
        what = f"{name} cannot be a command: its parameter {parameter.name!r}"
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            if parameter.name in hints:
                raise TypeError(f"{what} takes any number of values, which a form cannot; name each")
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise TypeError(f"{what} cannot be given by its name; leave out the /")
        try:
            check_name(parameter.name, "an argument")
        except ValueError:
            raise TypeError(f"{what} needs a name of letters, digits and _") from None
        out.append(_argument(parameter, hints, what))
    return out


def _hints(fn: Callable[..., Any], name: str, signature: inspect.Signature, local: typing.Mapping[str, Any]) -> dict[str, Any]:
    """Return the annotations of the parameters. String annotations are resolved in the function's scope."""
    target: Any = inspect.unwrap(fn)
    while isinstance(target, (types.MethodType, functools.partial)):
        target = inspect.unwrap(target.__func__ if isinstance(target, types.MethodType) else target.func)
    if not inspect.isroutine(target) and not inspect.isclass(target):
        target = type(target).__call__
    names = {**getattr(target, "__globals__", {})}
    code, closure = getattr(target, "__code__", None), getattr(target, "__closure__", None) or ()
    for free, cell in zip(getattr(code, "co_freevars", ()), closure):
        try:
            names[free] = cell.cell_contents
        except ValueError:
            pass  # not yet assigned
    out = {}
    for parameter in signature.parameters.values():
        hint = parameter.annotation
        if hint is parameter.empty:
            continue
        if isinstance(hint, str):
            try:
                # typing.get_type_hints evaluates all annotations at once. One that cannot be evaluated, such as the
                # result's, must not be a reason to refuse the others.
                hint = eval(hint, names, dict(local))
            except Exception as error:
                raise TypeError(
                    f"{name} cannot be a command: the annotation {hint!r} of its parameter {parameter.name!r} means nothing here "
                    f"({type(error).__name__}: {error})"
                ) from None
        out[parameter.name] = hint
    return out


def _argument(parameter: inspect.Parameter, hints: dict[str, Any], what: str) -> Argument:
    has_default = parameter.default is not parameter.empty
    default = parameter.default if has_default else None
    hint = hints.get(parameter.name)
    if hint is None:
        # No annotation: the default says enough, if there is one.
        if isinstance(default, (bool, int, float, str, enum.Enum)):
            hint = type(default)
        else:
            raise TypeError(f"{what} needs an annotation: {_HOW}")
    limits, choice, optional = None, None, False
    while True:
        origin = typing.get_origin(hint)
        if isinstance(hint, Range):
            limits, hint = hint, (float if _is_float(hint, default) else int)
        elif origin is typing.Annotated:
            hint, *extras = typing.get_args(hint)
            for extra in extras:
                if isinstance(extra, Range):
                    limits = extra
                elif isinstance(extra, Choice):
                    choice = extra
            if isinstance(hint, Range):
                limits, hint = hint, (float if _is_float(hint, default) else int)
        elif origin in _UNIONS:
            inner = [t for t in typing.get_args(hint) if t is not type(None)]
            optional = optional or len(inner) < len(typing.get_args(hint))
            if set(inner) == {int, float}:
                inner = [float]
            if len(inner) != 1:
                raise TypeError(f"{what} is one of several types, {_shown(hint)}: {_HOW}")
            hint = inner[0]
        elif isinstance(hint, typing.NewType if isinstance(typing.NewType, type) else ()) or hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif hasattr(hint, "__value__"):  # type alias
            hint = hint.__value__
        else:
            break
    if optional and not has_default:
        has_default, default = True, None

    members: dict[str, Any] = {}
    if isinstance(hint, Choice):
        choice = hint
    if choice is not None:
        kind, members = "choice", dict(choice.members)
    elif typing.get_origin(hint) is Literal:
        values = typing.get_args(hint)
        if set(values) == {True, False} and all(isinstance(v, bool) for v in values):
            kind = "bool"
        else:
            kind, members = "choice", {_text(value): value for value in values}
            if len(members) != len(values):
                raise TypeError(f"{what} has two choices that read the same, {_shown(hint)}")
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        kind, members = "choice", dict(hint.__members__)
        if not members:
            raise TypeError(f"{what} is an Enum without members")
    elif isinstance(hint, type) and issubclass(hint, (bool, np.bool_)):
        kind = "bool"
    elif isinstance(hint, type) and issubclass(hint, (int, np.integer)):
        kind = "int"
    elif isinstance(hint, type) and issubclass(hint, (float, np.floating)):
        kind = "float"
    elif isinstance(hint, type) and issubclass(hint, str):
        kind = "text"
    else:
        raise TypeError(f"{what} is {_shown(hint)}, which is no field of a form: {_HOW}")
    if limits is not None and kind not in ("int", "float"):
        raise TypeError(f"{what} has limits but is no number: {_shown(hint)}")

    shown: Any = default
    if has_default and default is not None:
        if members:
            for text, member in members.items():
                if member is default or (type(member) is type(default) and member == default):
                    shown = text
                    break
            else:
                raise TypeError(f"{what} has the default {default!r}, which is none of its choices {', '.join(members)}")
    choices = list(members) or None
    entries: dict[str, Any] = {} if choice is None else {"labels": choice.labels}
    if limits is not None:
        entries = {"min": limits.lo, "max": limits.hi, "step": limits.step, "unit": limits.unit, "scale": limits.scale}
    declared = {"name": parameter.name, **declare(kind, None, choices=choices, **entries)}
    if has_default and default is not None:
        try:
            shown = check(declared, parameter.name, shown)
        except ValueError as error:
            raise TypeError(f"{what} has a default that it does not allow: {error}") from None
        declared["value"] = declared["default"] = shown
    else:
        declared["value"] = _beginning(declared)
    return Argument(parameter.name, declared, required=not has_default, members=members)


def _is_float(limits: Range, default: Any) -> bool:
    values = [v for v in (limits.lo, limits.hi, limits.step, default) if v is not None]
    return not values or any(isinstance(v, (float, np.floating)) for v in values)


def _beginning(declared: dict[str, Any]) -> Any:
    """Return what stands in the field before anybody has entered anything."""
    kind = declared["type"]
    if kind == "bool":
        return False
    if kind == "choice":
        return declared["choices"][0]
    if kind == "text":
        return ""
    least, most = declared.get("min"), declared.get("max")
    zero = 0 if kind == "int" else 0.0
    if least is not None and least > zero:
        return least
    if most is not None and most < zero:
        return most
    return zero


def _text(value: Any) -> str:
    return value.name if isinstance(value, enum.Enum) else str(value)


def _shown(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint).replace("typing.", "")
