"""What went wrong in somebody's model, in words for whoever wrote it."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import PackageNotFoundError
from types import TracebackType
from typing import Any

__all__ = ["ModelError", "does_not_import", "raised", "short", "stack", "trace"]

# Where the host's own code lies: nobody who writes a model wants to see it in a traceback.
_OWN = os.path.dirname(os.path.dirname(sys._getframe().f_code.co_filename))
_LONG = 300


class ModelError(Exception):
    """Why a model cannot go on: one sentence, and a traceback where there is one."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.detail = detail


def short(value: Any, most: int = _LONG) -> str:
    """Text on one line that is not too long to be read."""
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception as error:
        text = f"<{type(value).__name__} whose text raises {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def _own(filename: str) -> bool:
    return filename.startswith((_OWN + os.sep, _OWN + "/", "<frozen importlib", "<string>"))


def trace(error: BaseException) -> str:
    """Return the traceback, from the first line on that is not the host's."""
    tb: TracebackType | None = error.__traceback__
    while tb is not None and _own(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, tb))
    except Exception:  # an exception whose own text raises
        return type(error).__name__


def stack(thread: int) -> str:
    """Where a thread is, without the host's own lines."""
    frame = sys._current_frames().get(thread)
    if frame is None:
        return ""
    lines = [line for line in traceback.extract_stack(frame) if not _own(line.filename)]
    return "Where it is now:\n" + "".join(traceback.format_list(lines)) if lines else ""


def _line(error: BaseException, file: str) -> int | None:
    """Return the line of the file in which the error came up."""
    if isinstance(error, SyntaxError) and error.filename and os.path.basename(error.filename) == os.path.basename(file):
        return error.lineno
    found = None
    tb = error.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == file:
            found = tb.tb_lineno
        tb = tb.tb_next
    return found


def raised(what: str, error: BaseException, file: str) -> ModelError:
    """Return what to say of a part of a model that has raised."""
    if isinstance(error, ModelError):
        return error
    line = _line(error, file)
    where = f" in line {line}" if line else ""
    if isinstance(error, SystemExit):
        return ModelError(f"{what} called sys.exit{where}.", trace(error))
    text = short(error)
    return ModelError(f"{what} raised {type(error).__name__}{where}{': ' + text if text else ''}{'' if text.endswith('.') else '.'}", trace(error))


def does_not_import(error: BaseException, file: str, name: str = "") -> ModelError:
    """Return what to say of a file that does not import. name is what people call it: its last part, unless it says more."""
    if isinstance(error, ModelError):
        return error
    name = name or os.path.basename(file)
    line = _line(error, file)
    where = f"line {line}: " if line else ""
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    top, _, _ = missing.partition(".")
    if isinstance(error, PackageNotFoundError):
        problem = (
            f"{name} does not import: {where}the distribution {short(error.args[0] if error.args else missing, 80)!r} is not installed in the Python that runs it ({sys.executable}). "
            "Install it there, or choose another Python with --python."
        )
    elif top in sys.modules:
        parent, _, last = missing.rpartition(".")
        problem = f"{name} does not import: {where}there is no module {last!r} in {parent or top!r}: its file is missing, or is called otherwise."
    elif top:
        problem = (
            f"{name} does not import: {where}there is no module {top!r} in the Python that runs it ({sys.executable}). "
            "Install it there, or choose another Python with --python."
        )
    elif isinstance(error, SyntaxError):
        problem = f"{name} does not import: {where}{short(error.msg or 'invalid syntax')}."
    elif isinstance(error, SystemExit):
        problem = f"{name} does not import: {where}it calls sys.exit. Put what is only for a script under: if __name__ == '__main__'."
    else:
        text = short(error)
        problem = f"{name} does not import: {where}{type(error).__name__}{': ' + text if text else ''}{'' if text.endswith('.') else '.'}"
    return ModelError(problem, trace(error))
