"""What the host of people's simulations makes of their classes, without a process of its own. Go's tests run it whole."""

from __future__ import annotations

import os
import sys
import textwrap
import types
from pathlib import Path

import numpy as np
import pytest

from webmon import _forms
from webmon._models import _finite, find
from webmon._models.controls import knobs
from webmon._models.host import Host
from webmon._models.options import Options, construct, parameters
from webmon._models.tracers import Tracers, pixels
from webmon._models.trouble import ModelError, does_not_import, raised, trace

README = Path(__file__).parents[1] / "README.md"
EXAMPLE = Path(__file__).parents[1] / "examples" / "models.py"


@pytest.fixture(autouse=True)
def own_imports(monkeypatch):
    """What the host does to the interpreter, which it has for itself, is undone."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def module(tmp_path):
    """Imports the text of a file as the host does."""

    def load(text, name="waves.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return find.load(str(path))

    return load


class Plain:
    params = {"Nx": 8, "Ny": 4, "steps": 2}

    def __init__(self, opts):
        self.n = np.ones((opts.Nx, opts.Ny))

    def get_density(self):
        return self.n

    def get_trace_particles(self):
        return []

    def get(self, name):
        return getattr(self, name)

    def set(self, name, value):
        setattr(self, name, value)

    def step(self, N, tracer_particles=None):
        self.n = self.n + N


# Options.


def test_options_stand_in_an_order():
    options = Options({"Nx": 16}, {"Nx": 32, "Ny": 64, "winding": 3})
    assert (options.Nx, options.Ny, options.winding, options.steps) == (16, 64, 3, 20)
    assert options["Nx"] == 16 and "winding" in options and dict(**options)["Ny"] == 64
    assert getattr(options, "nothing", 5) == 5
    with pytest.raises(AttributeError, match="params of the class"):
        _ = options.nothing


def test_parameters_of_base_classes_are_included():
    class Derived(Plain):
        params = {"Ny": 5, "depth": 1.0}

    assert parameters(Derived) == {"Nx": 8, "Ny": 5, "steps": 2, "depth": 1.0}


def test_constructors():
    given = Options({}, {"Nx": 8, "Ny": 4, "depth": 2.0})

    class Nothing:
        def __init__(self):
            self.got = ()

    class Named:
        def __init__(self, Nx, depth, Ny=100, steps=7):
            self.got = (Nx, depth, Ny, steps)

    class Old:
        def __init__(self, Nxy, opts):
            self.got = (Nxy, opts.Nx)

    class Positional:
        def __init__(self, options, /, *rest):
            self.got = (options.Nx, rest)

    class Everything:
        def __init__(self, **kw):
            self.got = (kw["Nx"], kw["depth"])

    class Wants:
        def __init__(self, opts, lattice, colour):
            pass

    got = [construct(cls, given).got for cls in (Nothing, Named, Old, Positional, Everything)]
    # The default of an argument stands where neither people nor params have said anything.
    assert got == [(), (8, 2.0, 4, 7), ((8, 4), 8), (8, ()), (8, 2.0)]
    assert construct(type("Bare", (), {}), given) is not None
    with pytest.raises(ModelError, match="needs lattice and colour, which webmon does not know"):
        construct(Wants, given)


# Controls.


def widget(kind, **about):
    about.setdefault("name", "_")
    return type(kind, (), {})() if not about else type(kind, (), about)()


def test_rows():
    model = types.SimpleNamespace(
        sliders=[
            ["cooling", "slider", "logarithmic", "range", -10, 1, 0.2],
            ("depth", "slider", None, "range", 0, 1, 0.1),
            ["corners", "slider", "None", "range", 0, 10, 1],
            ["trap", "toggle", "None", "checkbox", "None", "None", "None"],
        ],
        params_doc={"depth": "How deep"},
        units={"depth": "m"},
    )
    found, problems = knobs(model, {})
    assert not problems
    cooling, depth, corners, trap = found
    assert cooling.log and cooling.min == pytest.approx(1e-10) and cooling.max == pytest.approx(10)
    assert (depth.min, depth.max, depth.step, depth.help, depth.unit) == (0, 1, 0.1, "How deep", "m")
    depth.settle(0)
    corners.settle(np.int64(3))
    assert (depth.type, corners.type, trap.type) == ("float", "int", "bool")


@pytest.mark.parametrize(
    "row, why",
    [
        (7, "it is 7 instead of a list"),
        ([], "it needs a name"),
        ([3, "slider"], "its name is 3"),
        (["x"], "it needs a name and"),
        (["x", "knob", "None", "range", 0, 1, 0.1], "its second entry is 'knob'"),
        (["x", "slider", "cubic", "range", 0, 1, 0.1], "its third entry is 'cubic'"),
        (["x", "slider", "None", "range", 0], "it has 5 entries"),
        (["x", "slider", "None", "range", "a", 1, 0.1], "its min is 'a' instead of a number"),
        (["x", "slider", "None", "range", 0, float("nan"), 0.1], "its max is nan"),
        (["x", "slider", "None", "range", 2, 1, 0.1], "its min, 2, is not less than its max, 1"),
        (["x", "slider", "None", "range", 0, 1, -1], "its step is -1"),
        (["x", "slider", "logarithmic", "range", 0, 1000, 1], "is no range"),
    ],
)
def test_rows_that_make_no_sense_leave_the_others(row, why):
    good = ["good", "slider", "None", "range", 0, 1, 0.1]
    found, problems = knobs(types.SimpleNamespace(sliders=[row, good]), {})
    assert [knob.name for knob in found] == ["good"]
    assert len(problems) == 1 and problems[0].startswith("Row 1 of sliders") and why in problems[0]


def test_widgets():
    inner = widget("FloatSlider", name="depth", min=0, max=2, step=0.1, description="Depth of water", value=1.0)
    loop = widget("VBox")
    loop.children = (
        inner,
        widget("FloatLogSlider", name="cooling", base=2, min=-1, max=3, value=1.0),
        widget("IntSlider", name="corners", min=0, max=10, value=3),
        widget("Checkbox", description="The trap", value=True),
        widget("Dropdown", name="shape", options=[("round", 0), ("square", 1)], value=1),
        widget("IntText", name="seed", value=1, step=1),
        widget("BoundedFloatText", name="bound", min=1, max=5, step=0.5, value=2),
        widget("Canvas", name="density"),
        widget("Button", name="reset"),
        widget("IntSlider", name="fps", min=0, max=60),
        widget("FloatRangeSlider", name="range", min=0, max=1),
        widget("IntSlider", name="upside", min=3, max=1),
        loop,  # which must not be walked for ever
    )
    found, problems = knobs(types.SimpleNamespace(layout=loop), {"finger_x": 0.5, "finger_y": 0.5})
    by = {knob.name: knob for knob in found}
    assert list(by) == ["depth", "cooling", "corners", "The_trap", "shape", "seed", "bound", "finger_x", "finger_y"]
    assert by["depth"].title == "Depth of water" and (by["cooling"].min, by["cooling"].max) == (0.5, 8)
    assert [by[name].type for name in ("corners", "The_trap", "shape", "seed", "bound")] == ["int", "bool", "choice", "int", "float"]
    assert by["seed"].min is None and by["bound"].max == 5
    assert by["shape"].shown(1) == "square" and by["shape"].taken("round") == 0
    with pytest.raises(ValueError, match="none of round, square"):
        by["shape"].shown(2)
    assert len(problems) == 2 and "range of the layout" in problems[0] and "upside" in problems[1]


def test_layouts_that_raise_are_told():
    class Model:
        @property
        def layout(self):
            raise RuntimeError("no widgets here")

    found, problems = knobs(Model(), {})
    assert not found and problems == ["layout cannot be read: RuntimeError: no widgets here."]
    found, problems = knobs(types.SimpleNamespace(sliders="cooling"), {})
    assert not found and "instead of a list of rows" in problems[0]


@pytest.mark.parametrize("value", [[1, 2], None, "three", float("nan"), 1j])
def test_values_that_are_no_numbers(value):
    knob = knobs(types.SimpleNamespace(sliders=[["x", "slider", "None", "range", 0, 1, 0.1]]), {})[0][0]
    knob.settle(value)
    with pytest.raises(ValueError):
        knob.shown(value)


# Tracers.


def test_places_become_pixels():
    box = types.SimpleNamespace(Lxy=(16.0, 8.0))
    np.testing.assert_allclose(pixels([0, -8 + 4j, 8j], box, (32, 16)), [[16, 0, 16], [8, 0, 8]])
    np.testing.assert_allclose(pixels(np.array([3 + 4j]), object(), (32, 16)), [[3], [4]])
    np.testing.assert_allclose(pixels([(1, 2), (3, 4), (5, 6)], box, (32, 16)), [[1, 3, 5], [2, 4, 6]])
    np.testing.assert_allclose(pixels((np.arange(4), np.arange(4) + 0.5), box, (8, 8)), [[0, 1, 2, 3], [0.5, 1.5, 2.5, 3.5]])
    for nothing in (None, [], np.empty((2, 0))):
        assert pixels(nothing, box, (8, 8)).shape == (2, 0)
    for wrong in ("here", np.zeros((3, 3)), [object()]):
        with pytest.raises(ValueError):
            pixels(wrong, box, (8, 8))


def test_tracers_follow_the_density_and_the_flow():
    density = np.zeros((16, 8))
    density[4:6, 2] = 1
    model = types.SimpleNamespace(Lxy=(16.0, 8.0), Nxy=(16, 8), get_v=lambda: np.full((16, 8), 1 + 0.5j))
    tracers = Tracers(model, 500, density)
    x, y = pixels(tracers.get_tracer_particles(), model, (16, 8))
    assert x.min() >= 3.5 and x.max() <= 5.5 and y.min() >= 1.5 and y.max() <= 2.5
    tracers.update_tracer_velocity(model)
    tracers.update_tracer_pos(2.0, model)
    moved = pixels(tracers.get_tracer_particles(), model, (16, 8))
    np.testing.assert_allclose(moved, [x + 2, y + 1], atol=1e-4)
    assert len(Tracers(model, 10, np.zeros((16, 8))).get_tracer_particles()) == 10  # an empty box has them anywhere


# Finding.


MODELS = """
    import abc

    class {base}:
        def get_density(self): pass
        def get_trace_particles(self): pass
        def get(self, name): pass
        def set(self, name, value): pass
        def step(self, N): pass

    class Waves({base}):
        '''Waves.

            Indented.
        '''
        title = "All waves"

    class _Hidden(Waves): pass

    class Abstract(Waves, abc.ABC):
        @abc.abstractmethod
        def reset(self): pass

    class Half:
        def get_density(self): pass
        def step(self, N): pass

    class New:
        layout = None
        def get_density(self): pass
        def get(self, name): pass
        def set(self, name, value): pass
        def step(self, N): pass

    class Other: pass
    from collections import OrderedDict
"""


def test_models_of_a_file(module):
    found, left = find.models(module(MODELS.format(base="WavesBase")))
    assert [entry["class"] for entry in found] == ["Waves", "Half", "New"]
    waves, half, new = found
    assert waves == {"class": "Waves", "title": "All waves", "about": "Waves.\n\nIndented.", "problem": ""}
    assert "has no methods get and set." in half["problem"]
    assert new["problem"] == "" and new["about"] == ""
    assert {entry["class"] for entry in left} == {"WavesBase", "_Hidden", "Abstract"}


def test_exports_decide(module):
    text = MODELS.format(base="Base") + "    __all__ = ['New', 'missing', 'Waves', 'OrderedDict']\n"
    assert [entry["class"] for entry in find.models(module(text))[0]] == ["New", "Waves"]


def test_imported_models_count_where_there_are_no_others(module):
    module(MODELS.format(base="WavesBase"), "mine.py")
    assert [entry["class"] for entry in find.models(module("from mine import Waves, Half, WavesBase", "others.py"))[0]] == ["Waves"]


def test_lookup_says_what_there_is(module):
    waves = module(MODELS.format(base="WavesBase"))
    assert find.lookup(waves, "Waves", "waves.py") is waves.Waves
    for name, why in (("Tides", "has no model Tides any more; it has Waves, New."), ("Half", "not a complete model"), ("", "choose one of its models")):
        with pytest.raises(ModelError, match=why):
            find.lookup(waves, name, "waves.py")


SIBLINGS = """
    from .parts import SIZE
    from ..core import tools
    import beside

    class Waves:
        size = SIZE + tools.MORE + beside.LESS
        def get_density(self): pass
        def get(self, name): pass
        def set(self, name, value): pass
        def step(self, N): pass

    if __name__ == "__main__":
        raise SystemExit("it is run as a script")
"""


@pytest.fixture
def tree(tmp_path):
    """Writes files; returns the path of the one they are about."""

    def write(about, **files):
        for name, text in {about: SIBLINGS, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return str(tmp_path / about)

    return write


PARTS = {"hydro/core/tools.py": "MORE = 10", "hydro/physics/parts.py": "SIZE = 1", "hydro/physics/beside.py": "LESS = 100"}


@pytest.mark.parametrize("inits", [["hydro/__init__.py", "hydro/core/__init__.py", "hydro/physics/__init__.py"], ["hydro/physics/__init__.py"], []])
def test_files_of_packages(tree, inits):
    file = tree("hydro/physics/gpe.py", **PARTS, **dict.fromkeys(inits, ""))
    module = find.load(file)
    assert module.__name__ == "hydro.physics.gpe" and module.Waves.size == 111
    assert [entry["class"] for entry in find.models(module)[0]] == ["Waves"]
    assert sys.modules["hydro.physics.gpe"] is module and sys.modules["hydro.physics"].gpe is module


def test_a_package_that_imports_its_own_file(tree):
    inits = {"hydro/__init__.py": "from .physics import gpe", "hydro/core/__init__.py": "", "hydro/physics/__init__.py": "from .gpe import Waves"}
    module = find.load(tree("hydro/physics/gpe.py", **PARTS, **inits))
    assert module.Waves is sys.modules["hydro.physics"].Waves  # it is imported once
    assert [entry["class"] for entry in find.models(module)[0]] == ["Waves"]


def test_the_file_of_a_package_itself(tree):
    tree("hydro/physics/gpe.py", **PARTS, **{"hydro/__init__.py": "", "hydro/core/__init__.py": ""})
    module = find.load(tree("hydro/physics/__init__.py", **{"hydro/physics/__init__.py": "from .gpe import Waves"}))
    assert module.__name__ == "hydro.physics" and [entry["class"] for entry in find.models(module)[0]] == ["Waves"]


def test_packages_that_fail_are_done_without(tree):
    inits = {"hydro/__init__.py": "from importlib.metadata import version\nversion('surely-not-installed')", "hydro/core/__init__.py": "", "hydro/physics/__init__.py": ""}
    remarks = []
    module = find.load(tree("hydro/physics/gpe.py", **PARTS, **inits), remarks.append)
    assert module.Waves.size == 111 and len(remarks) == 1
    assert remarks[0].startswith("hydro/__init__.py does not import: line 2: the distribution 'surely-not-installed' is not installed")


def test_what_packages_lack_is_told(tree):
    file = tree("hydro/physics/gpe.py", **{**PARTS, "hydro/__init__.py": "1 / 0", "hydro/physics/parts.py": ""})
    with pytest.raises(ModelError) as error:
        find.load(file)
    assert error.value.problem.startswith("gpe.py does not import: line 2: ImportError: cannot import name 'SIZE'")
    assert "Before that: hydro/__init__.py does not import: line 1: ZeroDivisionError" in error.value.problem


def test_modules_that_a_package_lacks(tree):
    parts = {name: text for name, text in PARTS.items() if "parts" not in name}
    with pytest.raises(ModelError, match=r"line 2: there is no module 'parts' in 'hydro\.physics'"):
        find.load(tree("hydro/physics/gpe.py", **parts, **{"hydro/__init__.py": "", "hydro/physics/__init__.py": ""}))


def test_folders_that_cannot_be_names(tree):
    parts = {name.replace("hydro", "hydro 2.0"): text for name, text in PARTS.items()}
    assert find.load(tree("hydro 2.0/physics/gpe.py", **parts)).Waves.size == 111


def test_methods_may_be_properties_and_tracers_are_optional(module):
    found, left = find.models(
        module("""
            from functools import cached_property

            class Four:
                sliders = []
                def get_density(self): pass
                def get(self, name): pass
                def set(self, name, value): pass
                def step(self, N): pass

            class Given(Four):
                @property
                def get_density(self): return [[1.0]]
                @cached_property
                def step(self): return print
        """)
    )
    assert [(entry["class"], entry["problem"]) for entry in found] == [("Four", ""), ("Given", "")] and not left


def test_files_with_the_name_of_a_library(module):
    import json

    assert module("class X: pass", "json.py").X.__module__ != "json"
    assert sys.modules["json"] is json


@pytest.mark.parametrize(
    "text, problem",
    [
        ("x = 1\ny = (\n", "waves.py does not import: line 2: "),
        ("import math\n\nmath.sqrt(-1)\n", "waves.py does not import: line 3: ValueError: "),
        ("import sys\nsys.exit()\n", "waves.py does not import: line 2: it calls sys.exit."),
        ("from nowhere.at import all\n", "waves.py does not import: line 1: there is no module 'nowhere' in the Python"),
        ("raise ValueError\n", "waves.py does not import: line 1: ValueError."),
    ],
)
def test_files_that_do_not_import(module, text, problem):
    with pytest.raises(ModelError) as error:
        module(text)
    assert error.value.problem.startswith(problem)
    assert "_models" not in error.value.detail and "importlib" not in error.value.detail


def test_troubles_are_told_whatever_they_are():
    class Nasty(Exception):
        def __str__(self):
            raise RuntimeError("not even that")

    assert "step raised Nasty" in raised("step", Nasty(), "x.py").problem
    assert trace(Nasty())
    assert does_not_import(SystemExit(2), "x.py").problem.startswith("x.py does not import: it calls sys.exit")
    assert _finite({"a": [1.0, float("nan"), (float("inf"), "x")]}) == {"a": [1.0, None, [None, "x"]]}


# Running, for what can be seen without another process.


@pytest.fixture
def host(tmp_path):
    """A host whose model is made of the text of a class."""
    hosts = []

    def make(body="", patience=60.0, **options):
        path = tmp_path / f"waves{len(hosts)}.py"
        path.write_text(
            "import numpy as np\n\nclass Waves:\n    params = {'Nx': 8, 'Ny': 4, 'steps': 2}\n"
            "    def __init__(self, opts):\n        self.n = np.ones((opts.Nx, opts.Ny))\n"
            "    def get_density(self):\n        return self.n\n    def get_trace_particles(self):\n        return []\n"
            "    def get(self, name):\n        return getattr(self, name)\n    def set(self, name, value):\n        setattr(self, name, value)\n"
            "    def step(self, N, tracer_particles=None):\n        self.n = self.n + N\n" + textwrap.indent(textwrap.dedent(body), "    ")
        )
        said = []
        one = Host({"file": str(path), "class": "Waves", "options": options, "patience": patience}, said.append)
        one.said = said
        hosts.append(one)
        one._make()
        one._phase = "running"
        return one

    yield make
    for one in hosts:
        if one._process is not None:
            one._process.close()


def last(host, key):
    return [message[key] for message in host.said if key in message][-1]


def test_a_picture(host, sources):
    one = host(Nx=6)
    assert not sources.exists()  # webmon alone knows of it
    one._advance()
    state = last(one, "state")
    assert (state["phase"], state["frame"], state["steps"]) == ("running", 1, 2)
    assert last(one, "physics")["sum"] == 6 * 4 * 3


@pytest.mark.parametrize(
    "signature, calls", [("self", 2), ("self, N", 1), ("self, N, tracers", 1), ("self, *args", 1), ("self, tracer_particles=None", 2), ("self, N=1, **kw", 1)]
)
def test_ways_to_step(host, signature, calls):
    one = host(f"calls = 0\ndef step({signature}):\n    self.calls += 1\n")
    one._advance()
    assert one._model.calls == calls and last(one, "state")["phase"] == "running"


@pytest.mark.parametrize(
    "given, shown",
    [
        ("np.ones((3, 5), np.float16)", "<f2"),
        ("np.ones((3, 5), '>f4')", "<f4"),
        ("np.ones((3, 5), np.longdouble)", "<f8"),
        ("np.ones((3, 5), bool)", "|b1"),
        ("np.ones((6, 10), np.int8)[::2, ::2]", "|i1"),
        ("[[1, 2], [3, 4]]", "<i8"),
        ("type('Field', (), {'data': np.ones((3, 5), 'f4')})()", "<f4"),
        ("np.ones((3, 5)).view(type('Metre', (np.ndarray,), {}))", "<f8"),
        ("np.ma.array(np.ones((3, 5)))", "<f8"),
        ("np.ma.array(np.ones((3, 5), 'i2'))", "<f4"),
        ("np.ma.array([[1, 2], [3, 1 << 40]], mask=[[0, 0], [0, 1]])", "<f8"),
    ],
)
def test_densities(host, given, shown):
    one = host(f"def get_density(self):\n    return {given}\n")
    assert one._density_array.dtype.str == shown
    one._advance()
    assert last(one, "state")["phase"] == "running"


@pytest.mark.parametrize(
    "given, why",
    [
        ("None", "returned None"),
        ("'text'", "gave str 'text'"),
        ("self.n * 1j", "complex numbers"),
        ("self.n[0]", r"of shape \(4,\)"),
        ("self.n[:0]", r"of shape \(0, 4\)"),
        ("np.array([[None]])", "an array of object"),
        ("type('Gpu', (), {'__array__': lambda self, *a, **k: 1 / 0})()", "gave what is no array: NumPy raised ZeroDivisionError in line 18"),
        ("1 / 0", "get_density raised ZeroDivisionError in line 18: division by zero"),
    ],
)
def test_densities_that_cannot_be_shown(host, given, why):
    with pytest.raises(ModelError, match=why):
        host(f"def get_density(self):\n    return {given}\n")


def remarks(host):
    """What stands on the page: texts by their keys."""
    out = {}
    for message in host.said:
        if "notice" in message:
            out.pop(message["notice"]["key"], None)
            if message["notice"]["text"]:
                out[message["notice"]["key"]] = message["notice"]["text"]
    return out


def test_nan_is_a_hole(host):
    one = host("bad = np.nan\ndef get_density(self):\n    n = self.n.copy()\n    n[0, :2] = self.bad\n    return n\n")
    for bad in (np.nan, np.inf, -np.inf):
        one._model.bad = bad
        one._physics_last = 0
        one._advance()
        n = float(one._model.n[1, 0])
        assert last(one, "state")["phase"] == "running"
        assert last(one, "physics") == {"sum": 30 * n, "min": n, "max": n}
    assert np.isinf(one._good[0, :2]).all() and not remarks(one)


def test_what_is_masked_is_a_hole(host):
    one = host("def get_density(self):\n    return np.ma.masked_equal(np.arange(32).reshape(8, 4), 5)\n")
    one._advance()
    assert np.isnan(one._good[1, 1]) and last(one, "physics")["sum"] == 31 * 16 - 5 and last(one, "state")["phase"] == "running"
    one = host("def get_density(self):\n    n = np.ma.array(self.n, mask=False)\n    n.data[2:4] = 1e20\n    n[2:4] = np.ma.masked\n    return n\n")
    one._advance()
    assert last(one, "physics") == {"sum": 6 * 4 * 3, "min": 3, "max": 3} and np.isnan(one._good[2:4]).all()


def test_a_density_that_is_nan_everywhere_is_told_until_it_is_not(host):
    one = host("bad = 1.0\ndef get_density(self):\n    return self.n * self.bad\n")
    one._model.bad = np.nan
    one._physics_last = 0
    one._advance()
    assert last(one, "state")["phase"] == "running" and np.isnan(last(one, "physics")["sum"])
    assert remarks(one)["empty"].startswith("The density is NaN (not a number) in all of its 32 points after 2 steps")
    one._model.bad = 1.0
    one._advance()
    assert not remarks(one)
    assert "empty" in remarks(host("def get_density(self):\n    return self.n * np.nan\n"))  # also from the start


def test_properties_in_the_place_of_methods(host):
    one = host(
        "@property\ndef get_density(self):\n    return self.n\n@property\ndef get_trace_particles(self):\n    return [(1, 2), (3, 4), (5, 6)]\n"
    )
    one._advance()
    assert last(one, "state")["phase"] == "running" and one._tracer_array.shape == (2, 3)


def test_a_model_without_tracers(host):
    one = host("get_trace_particles = None\n")
    one._advance()
    assert last(one, "state")["phase"] == "running" and one._tracer_array is None and not remarks(one)


STARTS = """
    x, zero, half, on, off, shape = 5.0, 0, 2.5, 3, None, "hexagon"
    sliders = [
        ["x", "slider", "None", "range", -2, 2, 0.1],
        ["zero", "slider", "logarithmic", "range", -3, 1, 0.1],
        ["on", "toggle", "None", "checkbox", "None", "None", "None"],
        ["off", "toggle", "None", "checkbox", "None", "None", "None"],
    ]
    class VBox:
        def __init__(self, *children):
            self.children = children
    class IntSlider:
        name, description, value, min, max, step = "half", "", 0, 0, 10, 1
    class Dropdown:
        name, description, value, options = "shape", "", "round", ["round", "square"]
    layout = VBox(IntSlider(), Dropdown())
"""


@pytest.mark.parametrize("name, start, other", [("x", 5.0, -1.0), ("zero", 0, 0.1), ("half", 2.5, 3.0), ("on", True, False), ("off", False, True), ("shape", "hexagon", "round")])
def test_a_start_that_is_no_value_of_its_control_can_be_gone_back_to(host, name, start, other):
    one = host(STARTS)
    control = one._controls[name]
    assert control.value == start and control._declared["default"] == start and not remarks(one)
    for value in (other, start):
        one._set(one._knobs[name], _forms.check(control._declared, name, value))
        assert control.value == value
    if name == "x":
        for wrong in (4.9, -3.0):
            with pytest.raises(ValueError, match="must be at"):
                _forms.check(control._declared, name, wrong)


def test_rows_that_are_left_out_are_told_with_the_reason(host):
    one = host(
        "x, y, text = 1.0, 2.0, 'no'\nsliders = [['x', 'slider', 'None', 'range', 3, 3, 0.1], ['y', 'slider', 'None', 'range', 0, 9, 1],"
        " ['y', 'slider', 'None', 'range', 0, 5, 1], ['gone', 'slider', 'None', 'range', 0, 5, 1], ['text', 'slider', 'None', 'range', 0, 5, 1],"
        " ['z', 'slider', 'None', 'range', 0, float('nan'), 1], ['z', 'slider', 'None', 'range', 0, 5, 0], ['z', 'slider', 'None'], None]\n"
    )
    assert list(one._controls) == ["y"]
    told = "\n".join(remarks(one).values())
    for why in ("its min, 3, is not less than its max, 3", "there is a row for y already", "gone is left out: get('gone') raised AttributeError", "text is left out: it is 'no', which is no number",
                "its max is nan instead of a number", "its step is 0, and must be more than 0", "it has 3 entries", "it is None instead of a list"):  # fmt: skip
        assert why in told


def test_dtypes_of_machine_learning(host):
    pytest.importorskip("ml_dtypes")
    one = host("def get_density(self):\n    import ml_dtypes\n    return self.n.astype(ml_dtypes.bfloat16)\n")
    one._advance()
    assert one._density_array.dtype == "f4" and last(one, "state")["phase"] == "running"


def test_values_of_other_libraries():
    class Tensor:
        def __array__(self, *args, **kwds):
            return np.array(0.5)

    class Broken:
        __float__ = __repr__ = __array__ = lambda self, *_, **__: 1 / 0

    knob = knobs(types.SimpleNamespace(sliders=[["x", "slider", "None", "range", 0, 1, 0.1]]), {})[0][0]
    knob.settle(0.5)
    for value in (Tensor(), np.array(0.5).view(type("Metre", (np.ndarray,), {})), np.ma.array(0.5), np.array([0.5])[0]):
        assert knob.shown(value) == 0.5
    for value in (Broken(), np.ma.masked):
        with pytest.raises(ValueError, match="which is no number"):
            knob.shown(value)


def test_the_dtype_may_change_and_the_shape_when_asked(host):
    one = host("sliders = [['Nx', 'slider', 'None', 'range', 1, 99, 1]]\nNx = 8\ndef set(self, name, value):\n    self.n = np.ones((value, 4), int)\n")
    one._model.n = one._model.n.astype(np.float32)
    one._advance()
    assert one._density_array.dtype == np.float32
    one._set(one._knobs["Nx"], 5)
    one._advance()
    assert last(one, "state")["phase"] == "running" and one._density_array.shape == (5, 4)
    one._model.n = np.ones((6, 4))
    one._advance()
    state = last(one, "state")
    assert state["phase"] == "failed" and state["problem"] == "get_density gave an array of shape (6, 4) after 6 steps; until then it was (5, 4)."


def test_reset_sets_defaults_first(host):
    one = host(
        "x = 1.0\nlog = ()\nsliders = [['x', 'slider', 'None', 'range', 0, 9, 0.1]]\n"
        "def set(self, name, value):\n    self.log += ((name, value),)\n    self.x = value\ndef reset(self):\n    self.log += ('reset',)\n"
    )
    one._set(one._knobs["x"], 3.0)
    one._reset()
    assert one._model.log == (("x", 3.0), ("x", 1.0), "reset")
    assert one._controls["x"].value == 1.0


def test_what_a_model_may_not_be_called(host):
    one = host("x = 1.0\nsliders = [['reset', 'slider', 'None', 'range', 0, 9, 0.1], ['x', 'slider', 'None', 'range', 0, 9, 0.1]]\n")
    assert list(one._controls) == ["x"]
    assert last(one, "notice")["text"].startswith("reset is left out: that is the name of a button")


def test_properties_that_raise(host):
    one = host(
        "@property\ndef limits(self):\n    raise RuntimeError\n@property\ndef colormap(self):\n    return 1 / 0\n"
        "@property\ndef t(self):\n    return 1 / 0\n@property\ndef pot_z(self):\n    return 1 / 0\n"
    )
    one._advance()
    assert last(one, "state")["phase"] == "running"


def test_observables_that_are_wrong_are_told_once(host):
    one = host("observables = {'spin': ('Spin', 'hbar', 'Of all')}\nbad = False\ndef get_observables(self):\n    return {'spin': 'up'} if self.bad else {'spin': 0.5}\n")
    assert last(one, "ready")["observables"][0] == {"name": "spin", "title": "Spin", "unit": "hbar", "help": "Of all"}
    one._send_physics()
    assert last(one, "physics")["spin"] == 0.5
    one._model.bad = True
    one._send_physics()
    one._send_physics()
    notices = [message["notice"]["text"] for message in one.said if "notice" in message]
    assert len(notices) == 1 and "get_observables gave what is no number" in notices[0]


def test_the_example_of_the_readme(module):
    text = README.read_text(encoding="utf-8").split("A simulation of your own")[1]
    found, left = find.models(module(text.split("```python\n")[1].split("```")[0]))
    assert [entry["class"] for entry in found] == ["Diffusion"] and not left and not found[0]["problem"]


def test_the_examples_run():
    module = find.load(os.fspath(EXAMPLE))
    for entry in find.models(module)[0]:
        cls = getattr(module, entry["class"])
        model = construct(cls, Options({"Nx": 48, "Ny": 32}, parameters(cls)))
        for _ in range(5):
            model.step(4)
            density = model.get_density()
            assert density.shape == (48, 32) and np.isfinite(density).all()
        for knob in knobs(model, parameters(cls))[0]:
            model.set(knob.name, model.get(knob.name))
