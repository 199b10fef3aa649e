"""Arrays and dtypes of other libraries, as NumPy has them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

__all__ = ["MASKED", "as_dtype", "called", "described", "exact", "numbers", "reason", "to_array", "written"]

# How a frame shows what is masked, by the kind of its values; those that are missing here have nothing to show it by.
MASKED: dict[str, Any] = {"f": np.nan, "c": np.nan, "M": "NaT", "m": "NaT", "S": b"", "U": ""}

_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__")
_NAMES = re.compile(r"bool|u?int\d+|b?float\d+|complex\d+")
_EXACT = [np.dtype(name) for name in ("?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16")]


def called(value: Any) -> str:
    """Return what a value is, for a message: the name of its type."""
    kind = type(value)
    try:
        module, name = str(kind.__module__), str(kind.__qualname__)
    except Exception:  # of a metaclass
        return "value"
    return name if module in ("", "builtins") else f"{module}.{name}"


def reason(error: BaseException) -> str:
    """Return what an exception says, on one line, and not too long."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    name = type(error).__name__
    return f"{name}: {text[:300]}" if text else name


def written(value: Any) -> str:
    """Return a value as people have written it, for a message."""
    try:
        text = repr(value)
    except Exception:
        return f"a {called(value)}"
    return text if len(text) <= 200 else f"{text[:200]}..."


def as_dtype(given: Any) -> np.dtype[Any] | None:
    """Return the NumPy dtype that is meant, None where there is none.

    Other libraries have dtypes of their own by NumPy's names, such as torch.float32.
    """
    try:
        dtype: np.dtype[Any] = np.dtype(given)
        return dtype
    except Exception:
        pass
    try:
        name = str(given).rpartition(".")[2]
        return np.dtype(name) if _NAMES.fullmatch(name) else None
    except Exception:
        return None


def exact(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the smallest of NumPy's own dtypes that holds all values of one that a library has added.

    Such a one is bfloat16. None for others.
    """
    if dtype.isbuiltin != 2 and dtype.num < 256:
        return None
    for own in _EXACT:
        try:
            if np.can_cast(dtype, own, "safe"):
                return own
        except Exception:
            return None
    return None


def to_array(value: Any) -> np.ndarray[Any, Any] | None:
    """Return value as an array of NumPy's own class, or a masked one; None for what is no array.

    The array is over the same memory where that can be. The value may be of any other class that NumPy can convert, offer __dlpack__ or a buffer, or have its array as ``data``.

    Raises TypeError where the conversion fails, whatever the value's own methods raise.
    """
    try:
        kind = type(value)  # what it says of its class may be another's, whom it stands for
        if issubclass(kind, np.ndarray):
            return value if issubclass(kind, np.ma.MaskedArray) else np.asarray(value)
        if issubclass(kind, (str, bytes, bytearray)):
            return None
        if issubclass(kind, np.generic) or any(hasattr(kind, name) for name in _PROTOCOLS):
            return np.asarray(value)
        if hasattr(kind, "__dlpack__") and hasattr(np, "from_dlpack"):
            return np.from_dlpack(value)
        try:
            view = memoryview(value)
        except TypeError:
            data = getattr(value, "data", None)
            return data if isinstance(data, np.ndarray) else None
        return np.asarray(view)
    except Exception as error:
        raise TypeError(f"this {called(value)} does not become a NumPy array: {reason(error)}") from error


def numbers(given: Any) -> np.ndarray[Any, Any]:
    """Return what a model hands out as an array of NumPy's own class and dtypes, lists included.

    Of a masked array NaN stands for what is masked; one of whole numbers becomes floats. Raises whatever NumPy does where that
    cannot be.
    """
    array: Any = to_array(given)
    if array is None:
        array = np.asarray(given)
    own = exact(array.dtype)
    if own is not None:
        array = array.astype(own)
    if isinstance(array, np.ma.MaskedArray):
        if array.dtype.kind in "biu":
            array = array.astype(np.float32 if array.dtype.itemsize <= 2 else np.float64)
        if array.dtype.kind in "fc" and np.ma.getmask(array) is not np.ma.nomask:
            return np.asarray(array.filled(np.nan))
    return np.asarray(array)


def described(value: Any) -> tuple[Any, Any, Any] | None:
    """Return what an array of another library says of itself, without any conversion.

    That is its dtype, its shape, and the device that it is on, which is None if it names none. None where it does not say
    both of the first.
    """
    try:
        dtype, shape = value.dtype, value.shape
        device = value.device if hasattr(type(value), "device") else None
        if dtype is None or type(shape) is not tuple and not isinstance(shape, tuple):
            return None
        return dtype, shape, device
    except Exception:
        return None
