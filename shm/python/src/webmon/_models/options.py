"""What a model is constructed with."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from .trouble import ModelError

__all__ = ["Options", "construct", "parameters"]

# What models may expect that do not say otherwise in their params.
_DEFAULTS: dict[str, Any] = {
    "Nx": 128,
    "Ny": 128,
    "steps": 20,
    "dt_t_scale": 0.1,
    "healing_length": 1.0,
    "cooling_steps": 100,
    "tracer_particles": 1000,
    "fps": 60,
}


def parameters(cls: type) -> dict[str, Any]:
    """Return the ``params`` of a class and of those it is derived from."""
    out: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        params = vars(base).get("params")
        if isinstance(params, Mapping):
            out.update(params)
    return out


class Options(Mapping[str, Any]):
    """What people have asked for, then what the model's ``params`` say, then what is usual; as attributes and as a mapping."""

    def __init__(self, given: Mapping[str, Any], params: Mapping[str, Any]) -> None:
        self._values = {**_DEFAULTS, **params, **given}
        self._meant = {*params, *given}

    def meant(self, name: str) -> bool:
        """Whether people or the model have said what it is, so that it stands above the default of an argument."""
        return name in self._meant

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"webmon gives no option {name!r}: put it with its default into the params of the class")

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{key}={value!r}' for key, value in self._values.items())})"


# What people call the argument that takes all options.
_ALL = ("opts", "opt", "options", "args", "config", "params", "settings")


def construct(cls: type, options: Options) -> Any:
    """Make a model, with those arguments that its constructor takes.

    Raises ModelError where it wants something else, and whatever it raises itself.
    """
    try:
        signature = inspect.signature(cls)
    except (TypeError, ValueError):
        return cls(opts=options)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    unknown = []
    everything = False
    for p in signature.parameters.values():
        value: Any
        if p.kind is p.VAR_KEYWORD:
            if not everything:
                kwargs.update({key: options[key] for key in options if key not in signature.parameters})
            continue
        if p.kind is p.VAR_POSITIONAL:
            continue
        if p.name in _ALL and p.name not in options:
            value, everything = options, True
        elif p.name == "Nxy":
            value = (options.Nx, options.Ny)
        elif p.name in options and (p.default is p.empty or options.meant(p.name)):
            value = options[p.name]
        elif p.default is p.empty:
            unknown.append(p.name)
            continue
        else:
            continue
        if p.kind is p.POSITIONAL_ONLY:
            args.append(value)
        else:
            kwargs[p.name] = value
    if unknown:
        raise ModelError(
            f"{cls.__name__} cannot be constructed: its __init__ needs {' and '.join(unknown)}, which webmon does not know. "
            "It gives opts, Nxy, and every name in the params of the class; give the others a default."
        )
    return cls(*args, **kwargs)
