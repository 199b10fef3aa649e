"""Finds the models of a file."""

from __future__ import annotations

import ast
import faulthandler
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import threading
import time
from functools import cached_property
from types import ModuleType
from typing import Any, Callable

from .trouble import ModelError, does_not_import, short

__all__ = ["METHODS", "load", "lookup", "tell"]

METHODS = ("get_density", "get", "set", "step")
_INIT = "__init__.py"
_GETS_ON = 0.01  # of a processor, that an import needs at least: one that waits and looks again now and then takes less


def _packages(file: str) -> list[str]:
    """Return the folders of the packages that a file is in, the outermost first; none for a file that stands alone.

    Those are the folders above it with an ``__init__.py``. A relative import can ask for more: such folders are packages
    all the same, as Python has them without that file.
    """
    out: list[str] = []
    folder, base = os.path.split(file)
    while os.path.isfile(os.path.join(folder, _INIT)) and os.path.dirname(folder) != folder:
        out.insert(0, folder)
        folder = os.path.dirname(folder)
    try:
        with open(file, "rb") as f:
            imports = [node.level for node in ast.walk(ast.parse(f.read())) if isinstance(node, ast.ImportFrom)]
    except (OSError, SyntaxError, ValueError, RecursionError):
        imports = []  # to be told when it is imported
    while len(out) < max(imports, default=0) and os.path.dirname(folder) != folder:
        out.insert(0, folder)
        folder = os.path.dirname(folder)
    return out


def _free(name: str) -> str:
    """Return the name of a module, another one where a library has it: it was not meant to replace that."""
    name = name.replace(".", "_")
    return f"webmon_user_{name}" if name in sys.modules else name


def _execute(name: str, file: str, folder: str | None = None) -> ModuleType:
    """Import one file under a name. It is a package if a folder of submodules is given."""
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=None if folder is None else [folder])
    if spec is None or spec.loader is None:
        raise ModelError(f"{os.path.basename(file)} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    # Classes are looked up there when they are pickled, which models with processes of their own do.
    _register(name, module)
    spec.loader.exec_module(module)
    return module


def _register(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)


def _bare(name: str, folder: str) -> ModuleType:
    """Return a package that is nothing but its folder."""
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [folder]
    module = importlib.util.module_from_spec(spec)
    _register(name, module)
    return module


def load(file: str, remark: Callable[[str], None] = lambda text: None) -> ModuleType:
    """Import a file: one in a package by its dotted name, as ``python -m`` has it, another one as ``python file.py`` does.

    A package whose own ``__init__.py`` fails is done without if the file can be; ``remark`` is told that.

    Raises ModelError saying why it does not import.
    """
    folder, base = os.path.split(file)
    sys.argv = [file]
    packages = _packages(file)
    root = os.path.dirname(packages[0]) if packages else folder
    if root not in sys.path[:1]:
        sys.path.insert(0, root)
    if packages and folder not in sys.path:
        sys.path.append(folder)  # for imports of what lies beside it; last, since its names may be those of libraries
    name = ""
    broken: ModelError | None = None
    for package in packages:
        name = f"{name}.{os.path.basename(package).replace('.', '_')}" if name else _free(os.path.basename(package))
        if name in sys.modules:
            continue  # imported by the one above it
        init = os.path.join(package, _INIT)
        if not os.path.isfile(init):
            _bare(name, package)
            continue
        try:
            _execute(name, init, package)
        except BaseException as error:
            broken = broken or does_not_import(error, init, os.path.relpath(init, root))
            _bare(name, package)
    try:
        if base != _INIT:
            name = f"{name}.{base[:-3]}" if name else _free(os.path.splitext(base)[0])
        elif broken:
            raise broken
        module = sys.modules.get(name)
        if module is None or not _same(module, file):
            module = _execute(name, file)
    except FileNotFoundError as error:
        if error.filename == file:
            raise ModelError(f"There is no file {file} any more.") from None
        raise does_not_import(error, file) from None
    except BaseException as error:
        own = does_not_import(error, file)
        if broken and own is not broken:  # what that has not done may be all that the file lacks
            raise ModelError(f"{own.problem} Before that: {broken.problem}", f"{own.detail}\nBefore that:\n{broken.detail}") from None
        raise own from None
    if broken:
        remark(f"{broken.problem} The models of {base} run without what it does.")
    return module


def _same(module: ModuleType, file: str) -> bool:
    try:
        return os.path.samefile(module.__file__ or "", file)
    except (AttributeError, OSError):
        return False


def _has(cls: type, name: str) -> bool:
    """Whether a class has a method; what a property gives is seen when there is a model."""
    value = getattr(cls, name, None)
    return callable(value) or isinstance(value, (property, cached_property))


def _missing(cls: type) -> list[str]:
    return [name for name in METHODS if not _has(cls, name)]


def _why_not(cls: type) -> str:
    """Why a class with all methods is no model to be run, "" if it is one."""
    if inspect.isabstract(cls):
        return "it is abstract"
    if cls.__name__.startswith("_"):
        return "its name begins with an underscore"
    if cls.__name__.endswith(("Base", "Mixin")) or cls.__name__.startswith(("Base", "Abstract")):
        return "its name says that others are derived from it"
    if getattr(cls, "_is_protocol", False):
        return "it is a protocol"
    return ""


def _looks_like(cls: type) -> bool:
    """Whether a class that lacks methods was meant to be a model."""
    has = sum(_has(cls, name) for name in METHODS)
    return has >= 3 or (_has(cls, "get_density") and has >= 2) or (has >= 1 and (hasattr(cls, "sliders") or hasattr(cls, "layout")))


def _classes(module: ModuleType) -> list[type]:
    """Return the classes that a file is about: those of its __all__. Without one those it defines, or imports."""
    exported = getattr(module, "__all__", None)
    if isinstance(exported, (list, tuple)):
        named = [getattr(module, name, None) for name in exported if isinstance(name, str)]
        return [cls for cls in named if isinstance(cls, type)]
    every = list(dict.fromkeys(value for value in list(vars(module).values()) if isinstance(value, type)))
    own = [cls for cls in every if cls.__module__ == module.__name__]
    if any(_looks_like(cls) or not _missing(cls) for cls in own):
        return own
    return [cls for cls in every if not _missing(cls) and not _why_not(cls)]


def _about(cls: type) -> str:
    doc = cls.__doc__  # not inherited: what is said of another class need not be true of this one
    return inspect.cleandoc(doc).strip() if isinstance(doc, str) else ""


def title(cls: type) -> str:
    """Return what people call the model."""
    value = vars(cls).get("title")
    return short(value, 80) if isinstance(value, str) and value.strip() else cls.__name__


def models(module: ModuleType) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return what to say of the models of a file, in their order, and of the classes that were left out."""
    found, left = [], []
    classes = _classes(module)
    for cls in classes:
        missing = _missing(cls)
        why = _why_not(cls)
        problem = ""
        if why and (not missing or _looks_like(cls)):
            left.append({"class": cls.__name__, "why": why})
            continue
        if missing:
            if not _looks_like(cls) or issubclass(cls, (BaseException, ModuleType)):
                continue
            heirs = [c.__name__ for c in classes if c is not cls and issubclass(c, cls) and not _missing(c)]
            if heirs:
                left.append({"class": cls.__name__, "why": f"it lacks {', '.join(missing)} and {heirs[0]} is derived from it"})
                continue
            names = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
            problem = (
                f"{cls.__name__} is not a complete model: it has no {'method' if len(missing) == 1 else 'methods'} {names}. "
                f"A model has {', '.join(METHODS[:-1])} and {METHODS[-1]}."
            )
        found.append({"class": cls.__name__, "title": title(cls), "about": _about(cls), "problem": problem})
    return found, left


def lookup(module: ModuleType, name: str, file: str) -> type:
    """Return the class of that name. Raises ModelError saying what there is instead."""
    found, _ = models(module)
    base = os.path.basename(file)
    for entry in found:
        if entry["class"] == name:
            if entry["problem"]:
                raise ModelError(entry["problem"])
            for cls in _classes(module):
                if cls.__name__ == name:
                    return cls
    names = [entry["class"] for entry in found if not entry["problem"]]
    if name:
        raise ModelError(f"{base} has no model {name} any more" + (f"; it has {', '.join(names)}." if names else "."))
    if names:
        raise ModelError(f"{base} imports now: choose one of its models ({', '.join(names)}) from the list.")
    raise ModelError(nothing(base))


def nothing(base: str) -> str:
    """Return what to say of a file without models."""
    return f"{base} has no models: a model is a class with the methods {', '.join(METHODS[:-1])} and {METHODS[-1]}."


def _near(folder: str) -> list[str]:
    """Return the files that the models depend on and that people may be about to change."""
    out = []
    for module in list(sys.modules.values()):
        try:
            path = getattr(module, "__file__", None)
        except Exception:
            continue
        if isinstance(path, str) and path.startswith(folder + os.sep) and os.sep + "site-packages" + os.sep not in path:
            out.append(path)
    return sorted(set(out))[:1000]


def _give_up(patience: float) -> None:
    """End the process once an import has taken so many seconds of the processor, or has made nothing of as many.

    A busy machine, or a cold disk, is no reason to: an import that gets on there takes its time. The last word of one that is
    given up is where it is, said without the interpreter's lock, so whatever it does.
    """
    faulthandler.dump_traceback_later(patience, exit=True)
    clock = time.process_time
    if hasattr(time, "pthread_getcpuclockid"):
        main = time.pthread_getcpuclockid(threading.main_thread().ident or 0)

        def clock() -> float:
            return time.clock_gettime(main)

    used, worked = clock(), time.monotonic()
    began = looked = used
    while True:
        time.sleep(min(patience / 10, 1.0))
        now, looked, used = time.monotonic(), used, clock()
        if used - looked >= _GETS_ON * min(patience / 10, 1.0):
            worked = now
        left = patience - max(used - began, now - worked)
        faulthandler.dump_traceback_later(max(left, 0.001), exit=True)


def tell(file: str, patience: float, say: Callable[[dict[str, Any]], None]) -> None:
    """Say what models a file has."""
    threading.Thread(target=_give_up, args=(patience,), daemon=True, name="webmon patience").start()
    folder = ([*_packages(file), os.path.dirname(file)])[0]
    try:
        found, left = models(load(file))
    except ModelError as error:
        say({"failed": {"problem": error.problem, "detail": error.detail}, "files": _near(folder)})
        return
    if not found:
        say({"failed": {"problem": nothing(os.path.basename(file)), "detail": "\n".join(f"{e['class']} is left out: {e['why']}." for e in left)}, "files": _near(folder)})
        return
    say({"models": found, "left": left, "files": _near(folder)})
