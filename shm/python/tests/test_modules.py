"""How the modules of the package depend on each other."""

from __future__ import annotations

import ast
from pathlib import Path

import webmon

FOLDER = Path(webmon.__file__).parent


def imported(path):
    """The modules of the package that a module names, also where only its types are asked for."""
    out = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            names = [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
            out.update(name for name in names if (FOLDER / f"{name}.py").exists())
    return out


def test_no_circles():
    """A module knows those below it alone: what a process consists of does not know the process."""
    left = {path.stem: imported(path) for path in FOLDER.glob("_*.py") if not path.stem.startswith("__")}
    assert {"_offer", "_values", "_actions", "_orders", "_arrays"} <= left["_process"] and "_array" in left["_arrays"]
    while left:
        lowest = {name for name, below in left.items() if not below & left.keys()}
        assert lowest, f"in a circle: {sorted(left)}"
        for name in lowest:
            del left[name]
