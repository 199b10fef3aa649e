"""Neuroglancer's Python package with webmon as its server.

    import webmon.neuroglancer as neuroglancer

    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.dimensions = neuroglancer.CoordinateSpace(names=["x", "y", "z"], units="nm", scales=[10, 10, 10])
        state.layers["em"] = neuroglancer.ImageLayer(source=neuroglancer.LocalVolume(data, state.dimensions))
    print(viewer)

States, layers and local volumes are the classes of the package ``neuroglancer`` itself, which has to be there:
``pip install neuroglancer``. What is different is where people look. A viewer's address is on webmon, beside
everything else that the process shows; it stays when the script has ended, and a script that is started again with the same token
takes it up. Data are read, made coarser and meshed by webmon.

Everything of ``neuroglancer`` is here under the same name, modules included. :func:`install` makes a script that imports
``neuroglancer`` use webmon without a change.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from types import ModuleType
from typing import Any

try:
    import neuroglancer as _theirs
except ImportError as error:
    if error.name is not None and error.name.partition(".")[0] != "neuroglancer":
        raise
    raise ImportError(
        "webmon.neuroglancer needs the package neuroglancer, whose classes it uses: pip install neuroglancer",
        name="neuroglancer",
    ) from error

from . import server, viewer
from ._viewer import UnsynchronizedViewer, Viewer
from .server import is_server_running, set_dev_server_content_source, set_server_bind_address, set_static_content_source, stop

__all__ = [
    "UnsynchronizedViewer",
    "Viewer",
    "install",
    "is_server_running",
    "server",
    "set_dev_server_content_source",
    "set_server_bind_address",
    "set_static_content_source",
    "stop",
    "viewer",
]

_OURS = ("server", "viewer", "webdriver", "cli")  # modules that are not the package's own


class _Modules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of neuroglancer as modules of this package: the same ones, not copies."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        rest = name[len(__name__) + 1 :]
        if not name.startswith(__name__ + ".") or rest.startswith("_") or rest.partition(".")[0] in _OURS:
            return None
        try:
            if importlib.util.find_spec("neuroglancer." + rest) is None:
                return None
        except ImportError:
            return None
        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module("neuroglancer" + spec.name[len(__name__) :])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It has run already, and is what it was: the import has put its own spec there.
        spec = module.__spec__
        if spec is not None and spec.loader_state is not None:
            module.__spec__ = spec.loader_state


if not any(type(finder).__name__ == "_Modules" and type(finder).__module__ == __name__ for finder in sys.meta_path):
    sys.meta_path.insert(0, _Modules())


def __getattr__(name: str) -> Any:
    if name in _OURS:
        return importlib.import_module(f"{__name__}.{name}")
    try:
        return getattr(_theirs, name)
    except AttributeError:
        pass
    if not name.startswith("_"):
        try:
            return importlib.import_module("neuroglancer." + name)
        except ImportError:
            pass
    raise AttributeError(f"neither webmon.neuroglancer nor neuroglancer has {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_theirs)})


def install() -> None:
    """Make the package ``neuroglancer`` use webmon instead of its own server, for code that imports it by that name.

    It is called before the first viewer is made.

    Examples
    --------
    >>> import webmon.neuroglancer
    >>> webmon.neuroglancer.install()
    >>> import neuroglancer
    >>> neuroglancer.Viewer()
    http://127.0.0.1:5050/volumes/script/v/5f.../
    """
    theirs_viewer = importlib.import_module("neuroglancer.viewer")
    theirs_server = importlib.import_module("neuroglancer.server")
    for kind in (Viewer, UnsynchronizedViewer):
        for module in (_theirs, theirs_viewer):
            setattr(module, kind.__name__, kind)
    for name in server.__all__:
        if name == "debug":
            continue
        function = getattr(server, name)
        setattr(theirs_server, name, function)
        if hasattr(_theirs, name):
            setattr(_theirs, name, function)
