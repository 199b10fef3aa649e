# Without "from __future__ import annotations": annotations here are the objects themselves. test_forms_text.py has them as text.
import enum
import functools
from typing import Annotated, Any, Callable, Literal, NewType, Optional, Union

import numpy as np
import pytest

import webmon
from webmon import Range
from webmon._forms import Choice, arguments, check, declare


class Gain(enum.Enum):
    LOW = "low gain"
    HIGH = "high gain"


Ms = NewType("Ms", float)


def form(fn):
    return [a.declared for a in arguments(fn)]


def one(annotation, *default):
    def fn(x):
        pass

    fn.__annotations__["x"] = annotation
    if default:
        fn.__defaults__ = default
    (argument,) = arguments(fn)
    assert argument.declared.pop("name") == "x"
    return argument


@pytest.mark.parametrize(
    ("annotation", "default", "want"),
    [
        (float, (), {"type": "float", "value": 0.0}),
        (float, (2,), {"type": "float", "value": 2.0, "default": 2.0}),
        (int, (3,), {"type": "int", "value": 3, "default": 3}),
        (bool, (), {"type": "bool", "value": False}),
        (str, ("a",), {"type": "text", "value": "a", "default": "a"}),
        (np.float32, (), {"type": "float", "value": 0.0}),
        (np.uint8, (), {"type": "int", "value": 0}),
        (Ms, (), {"type": "float", "value": 0.0}),
        (Literal["a", "b"], ("b",), {"type": "choice", "value": "b", "default": "b", "choices": ["a", "b"]}),
        (Literal[1, 2, 4], (), {"type": "choice", "value": "1", "choices": ["1", "2", "4"]}),
        (Literal[True, False], (True,), {"type": "bool", "value": True, "default": True}),
        (Gain, (Gain.HIGH,), {"type": "choice", "value": "HIGH", "default": "HIGH", "choices": ["LOW", "HIGH"]}),
        (Choice(["a", "b"]), (), {"type": "choice", "value": "a", "choices": ["a", "b"]}),
        (Choice([1, 2], ["one", ""]), (2,), {"type": "choice", "value": "2", "default": "2", "choices": ["1", "2"], "labels": ["one", ""]}),
        (Annotated[int, Choice([1, 2], ["AB", "C"])], (), {"type": "choice", "value": "1", "choices": ["1", "2"], "labels": ["AB", "C"]}),
        (Choice([Gain.LOW, None]), (None,), {"type": "choice", "value": "LOW", "choices": ["LOW", "None"]}),
        (Range(0.1, 500), (), {"type": "float", "value": 0.1, "min": 0.1, "max": 500}),
        (Range(1, 10), (), {"type": "int", "value": 1, "min": 1, "max": 10}),
        (Range(1, 10), (2.5,), {"type": "float", "value": 2.5, "default": 2.5, "min": 1, "max": 10}),
        (Range(-9, -1), (), {"type": "int", "value": -1, "min": -9, "max": -1}),
        (Range(0, 1, step=0.25, unit="V"), (), {"type": "float", "value": 0.0, "min": 0, "max": 1, "step": 0.25, "unit": "V"}),
        (Range(1.0, 1e6, scale="log"), (), {"type": "float", "value": 1.0, "min": 1.0, "max": 1e6, "scale": "log"}),
        (Annotated[float, Range(0, 5)], (), {"type": "float", "value": 0.0, "min": 0, "max": 5}),
        (Annotated[int, "a note", Range(0, 5)], (), {"type": "int", "value": 0, "min": 0, "max": 5}),
        (Optional[int], (), {"type": "int", "value": 0}),
        (Optional[float], (None,), {"type": "float", "value": 0.0}),
        (Optional[Range(0, 5)], (), {"type": "int", "value": 0, "min": 0, "max": 5}),
        (Union[int, float], (1,), {"type": "float", "value": 1.0, "default": 1.0}),
    ],
)
def test_annotations(annotation, default, want):
    assert one(annotation, *default).declared == want


def test_default_alone_says_enough():
    def fn(a=True, b=1, c=0.5, d="x", e=Gain.LOW):
        pass

    assert [f["type"] for f in form(fn)] == ["bool", "int", "float", "text", "choice"]


def test_values_come_as_annotated():
    assert one(Literal[1, 2]).convert("2") == 2
    assert one(Gain).convert("HIGH") is Gain.HIGH
    assert one(float).convert(3) == 3.0 and type(one(float).convert(3)) is float
    assert type(one(int).convert(3.0)) is int
    assert one(Optional[int]).required is False


@pytest.mark.parametrize("annotation", [list, list[int], dict, Any, Callable, object, Union[int, str], bytes, complex, Annotated[str, Range(0, 1)]])
def test_refuses_what_is_no_field(annotation):
    with pytest.raises(TypeError, match=r"fn cannot be a command: its parameter 'x'"):
        one(annotation)


def test_refuses_with_a_reason():
    def bare(x):
        pass

    def starred(*x: int):
        pass

    async def later(x: int):
        pass

    def limits(x: Range(0, 5) = 9):
        pass

    def none_of_them(x: Literal["a"] = "b"):
        pass

    exec("def positional(x: int, /): pass", scope := {})
    for fn, why in [
        (bare, "needs an annotation"),
        (starred, "any number of values"),
        (later, "async"),
        (limits, "must be at most 5"),
        (none_of_them, "none of its choices"),
        (scope["positional"], "leave out the /"),
    ]:
        with pytest.raises(TypeError, match=why):
            form(fn)


def test_what_else_can_be_called():
    class Stage:
        def move(self, x: float, y: float = 1.0):
            pass

        def __call__(self, z: int):
            pass

    assert [f["name"] for f in form(Stage().move)] == ["x", "y"]
    assert [f["name"] for f in form(Stage())] == ["z"]
    assert [f["name"] for f in form(functools.partial(Stage().move, 3.0))] == ["y"]

    @functools.wraps(Stage.move)
    def wrapper(*args, **kwds):
        pass

    assert [f["name"] for f in form(functools.partial(wrapper, None))] == ["x", "y"]


def test_range():
    assert Range(0.1, 500, unit="ms") == Range(0.1, 500, unit="ms") != Range(0.1, 400)
    assert hash(Range(0, 1)) == hash(Range(0, 1))
    assert repr(Range(0.1, 500, unit="ms")) == "Range(0.1, 500, unit='ms')"
    assert Range(np.float64(0), np.int8(3)).hi == 3
    for bad in [(5, 1), (0, 1, -1), (0, 1, None, None, "cubic"), (0, 1, None, None, "log")]:
        with pytest.raises(ValueError, match="Range"):
            Range(*bad)
    for bad in [("0", 1), (0, float("nan")), (True, 2)]:
        with pytest.raises(TypeError, match="Range"):
            Range(*bad)


LAYER = declare("choice", "1", choices=["1", "2", "3", "4"], labels=["nuclei", "1", "twice", "twice"])
COLOUR = "x must be a colour: # and the six hexadecimal digits of red, green and blue, or eight with the opacity"
SOFT = declare("float", 1.0, min=0.0, max=2.0, soft=True)
NUMBER = declare("float", 1.0, min=0, max=5, unit="ms")


@pytest.mark.parametrize(
    ("declared", "value", "want"),
    [
        (NUMBER, 5, 5.0),
        (NUMBER, np.float32(0.5), 0.5),
        (NUMBER, 5.1, "x must be at most 5 ms"),
        (NUMBER, -1, "x must be at least 0 ms"),
        (NUMBER, float("nan"), "x must be a finite number"),
        (NUMBER, "3", "x must be a number"),
        (NUMBER, True, "x must be a number"),
        (NUMBER, None, "x must be a number"),
        (declare("int", 1), 2.0, 2),
        (declare("int", 1), 2.5, "x must be a whole number"),
        (declare("bool", True), False, False),
        (declare("bool", True), 1, "x must be true or false"),
        (declare("choice", "a", choices=["a", "b"]), "b", "b"),
        (declare("choice", "a", choices=["a", "b"]), "c", "x must be one of a, b"),
        (declare("choice", "a", choices=["a", "b"]), ["a"], "x must be one of a, b"),
        (LAYER, "2", "2"),
        (LAYER, "nuclei", "1"),
        (LAYER, "1", "1"),
        (LAYER, 2, "2"),
        (LAYER, 2.0, "2"),
        (LAYER, True, "x must be one of 1 (nuclei), 2 (1), 3 (twice), 4 (twice)"),
        (LAYER, "twice", "x must be one of 1 (nuclei), 2 (1), 3 (twice), 4 (twice)"),
        (SOFT, 1e9, 1e9),
        (SOFT, -3, -3.0),
        (SOFT, float("inf"), "x must be a finite number"),
        (declare("text", ""), "µ", "µ"),
        (declare("text", ""), "a" * 5000, "x must be a text of at most 4096 bytes"),
        (declare("color", "#FF0000"), " #00FF00ff", "#00ff00"),
        (declare("color", "#ff0000"), "#00ff0080", "#00ff0080"),
        (declare("color", "#ff0000"), "red", COLOUR),
        (declare("color", "#ff0000"), 3, COLOUR),
        (declare("text", ""), 3, "x must be a text of at most 4096 bytes"),
    ],
)
def test_check(declared, value, want):
    if isinstance(want, str) and want.startswith("x must"):
        with pytest.raises(ValueError) as refused:
            check(declared, "x", value)
        assert str(refused.value) == want
    else:
        got = check(declared, "x", value)
        assert got == want and type(got) is type(want)


def test_declare_refuses():
    with pytest.raises(ValueError, match="no type 'number'"):
        declare("number", 1)
    with pytest.raises(ValueError, match="needs choices"):
        declare("choice", "a")
    with pytest.raises(ValueError, match="log scale"):
        declare("float", 1.0, min=0, scale="log")


    with pytest.raises(ValueError, match="with 2 choices needs as many labels, not 1"):
        declare("choice", "a", choices=["a", "b"], labels=["A"])
    with pytest.raises(TypeError, match="not the text 'AB'"):
        declare("choice", "a", choices=["a", "b"], labels="AB")
    with pytest.raises(ValueError, match="with 0 choices"):
        declare("int", 1, labels=["one"])
    with pytest.raises(TypeError, match="labels of a control must be texts"):
        declare("choice", "a", choices=["a"], labels=3)


def test_choice():
    for values in ([], ["a", "a"], [1, "1"]):
        with pytest.raises(ValueError, match="no two that read the same"):
            Choice(values)
    with pytest.raises(ValueError, match="as many labels"):
        Choice([1, 2], ["one"])
    assert Choice([1, 2]) == Choice([1, 2]) != Choice([1, 2], ["a", "b"]) and Choice([1]) != Choice(["1"])
    assert hash(Choice([1, 2])) == hash(Choice([1, 2])) and repr(Choice([1], ["a"])) == "Choice([1], labels=['a'])"

    def bin_pixels(by: Choice([1, 2.5, Gain.HIGH], ["one", "some", "most"])):
        pass

    (argument,) = arguments(bin_pixels, {"Choice": Choice, "Gain": Gain})
    assert [argument.convert(x) for x in ("1", 1, "one", "2.5", 2.5, "HIGH", "most")] == [1, 1, 1, 2.5, 2.5, Gain.HIGH, Gain.HIGH]


def test_attributes_of_module():
    assert webmon.Range is Range and webmon.Choice is Choice
