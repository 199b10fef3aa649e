"""Runs one model: steps it, shows it, and changes it as people wish."""

from __future__ import annotations

import inspect
import math
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Callable

import numpy as np

from .._actions import Control
from .._array import SharedArray
from .._convert import numbers, written
from .._process import Process
from .controls import Knob, knobs
from .find import load, lookup, title
from .options import Options, construct, parameters
from .tracers import Tracers, pixels
from .trouble import ModelError, raised, short, stack

__all__ = ["Host"]

_PHYSICS_EVERY = 0.1  # s
_VALUES_EVERY = 0.5  # s between two looks whether the model has changed its parameters itself
_PULSE = 0.25  # s
# What helps where shared memory has a size of its own.
_ADVICE = " Make room in /dev/shm, or give a container more (docker run --shm-size=2g)." if sys.platform.startswith("linux") else ""
_ACTIONS = frozenset(["start", "pause", "step", "reset", "reset_tracers", "restart"])
_BUILTIN = {
    "sum": ("Sum of the density", "All points of the density added up."),
    "min": ("Least density", "The least value of the density."),
    "max": ("Greatest density", "The greatest value of the density."),
}


class Host:
    """One run of a model. ``run`` belongs to the main thread; ``stop`` may be called from any."""

    def __init__(self, request: Mapping[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
        self._say = say
        self._file: str = request["file"]
        self._name: str = request["class"]
        self._given: dict[str, Any] = dict(request["options"])
        self._patience = float(request["patience"])
        self._wake = threading.Event()
        self._stopping = False
        # What is being done with the model, and since when: replaced as a whole, for the thread that looks at it.
        self._doing: tuple[str, float] | None = None
        self._slow: tuple[str, float] | None = None  # what was said to take long
        self._main = threading.get_ident()

        self._process: Process | None = None
        self._phase = "starting"
        self._problem = self._detail = ""
        self._once = False  # one picture more, then pause
        self._frame = self._steps = 0
        self._step_ms = 0.0
        self._took = 0.0  # s that the last picture has taken
        self._pictures: deque[float] = deque(maxlen=61)
        self._physics_last = self._values_last = -math.inf
        self._told: dict[str, Any] = {}
        self._noted: set[str] = set()
        self._shape_may_change = False

    def stop(self) -> None:
        """End run after what the model is doing now."""
        self._stopping = True
        self._wake.set()

    # The life of a run.

    def run(self) -> None:
        """Run until stop is called, or until it turns out that the model cannot be made."""
        threading.Thread(target=self._pulse, daemon=True, name="webmon pulse").start()
        try:
            try:
                self._make()
            except Exception as error:  # of a property, say, that nobody has thought of
                raise raised(f"What there is of {self._name or 'the model'}", error, self._file) from None
        except ModelError as error:
            self._doing = None
            self._say({"failed": {"problem": error.problem, "detail": error.detail}})
            return
        process = self._process
        assert process is not None
        self._phase = "running"
        self._state()
        due = time.perf_counter()
        try:
            while not self._stopping:
                now = time.perf_counter()
                moving = self._phase == "running" or self._once
                wait = due - now if moving else None
                if wait is None or wait > 0:
                    self._wake.wait(wait)
                if self._stopping:
                    break
                if self._wake.is_set():
                    self._wake.clear()
                    self._take()
                    if due > time.perf_counter():
                        continue
                if not (self._phase == "running" or self._once):
                    continue
                # To absolute deadlines; what is late does not make the next ones come faster.
                period = 1 / self._fps
                due = max(due + period, time.perf_counter() - period) if moving else time.perf_counter() + period
                self._advance()
        finally:
            process.close()

    def _make(self) -> None:
        """Import, construct and declare the model."""
        base = os.path.basename(self._file)
        self._doing = (f"{base} has not been imported", time.monotonic())
        module = load(self._file, lambda text: self._notice("package", text))
        self._doing = None
        self._cls = lookup(module, self._name, self._file)
        params = parameters(self._cls)
        self._options = Options(self._given, params)
        for name in ("Nx", "Ny", "steps"):
            value = self._options[name]
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= 1 << 20:
                raise ModelError(f"{name} is {short(repr(value), 60)} instead of a whole number from 1 on.")
        self._n = int(self._options["steps"])
        fps = self._options["fps"]
        self._fps = min(max(float(fps), 0.1), 60.0) if isinstance(fps, (int, float)) and fps > 0 else 60.0
        self._construct()
        density = self._get_density()
        self._good = density.copy()
        process = self._process = Process._unopened()
        self._knobs: dict[str, Knob] = {}
        self._controls: dict[str, Control] = {}
        found, problems = self._guard("reading the controls", lambda: knobs(self._model, params))
        self._density_array = self._share("density", density)
        self._phase_array: SharedArray | None = None
        if callable(getattr(self._model, "get_phase", None)):
            self._phase_array = process.share(
                "phase", density.shape, "float32", ("x", "y"), title="Phase", unit="rad", colormap="twilight", limits=(-math.pi, math.pi)
            )
        self._tracer_array: SharedArray | None = None
        self._find_tracers()
        for knob in found:
            self._declare(knob)
        for name, title_, help_, do in (
            ("start", "Start", "Lets the simulation run.", self._start),
            ("pause", "Pause", "Holds the simulation; it can still be changed.", self._pause),
            ("step", "Step", "Computes one picture further and pauses.", self._one),
            ("reset", "Reset", "Goes back to the start, with all parameters at their defaults.", self._reset),
        ):
            process.command(name=name, title=title_, help=help_)(do)
        if self._tracer_array is not None:
            process.command(name="reset_tracers", title="Reset tracers", help="Spreads the tracers again.")(self._reset_tracers)
        process.on_waiting = self._wake.set
        process.on_demand(self._demanded)
        process._open(title(self._cls), kind="model", napari=None, commands="poll", launch=False, announce=False)
        observables = self._observables()
        self._publish(density)
        # Before anything is said of it: whoever hears finds everything.
        self._say(
            {
                "ready": {
                    "address": process.address,
                    "key": process._offer.key,
                    "title": process.name,
                    "pid": os.getpid(),
                    "observables": observables,
                    "time_unit": self._text("time_unit"),
                }
            }
        )
        for problem in problems:
            self._notice(f"controls:{problem}", problem)

    def _construct(self) -> None:
        name = self._cls.__name__
        self._model = self._guard(
            f"{name} has not been constructed", lambda: construct(self._cls, self._options), said=f"The constructor of {name}"
        )
        self._find_step()
        self._steps = 0

    def _find_step(self) -> None:
        """Find out how step is called."""
        self._tracers_named = self._tracers_second = False
        self._step_takes_n = True
        try:
            given = list(inspect.signature(self._model.step).parameters.values())
        except (TypeError, ValueError):
            return  # of compiled code, which seldom tells
        takes = [p for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._tracers_named = any(p.name == "tracer_particles" and p.kind is not p.POSITIONAL_ONLY for p in given)
        self._tracers_second = not self._tracers_named and len(takes) > 1 and takes[1].default is inspect.Parameter.empty
        first = takes[0].name if takes else ""
        self._step_takes_n = bool(takes) and first != "tracer_particles" or any(p.kind is p.VAR_POSITIONAL for p in given)
        extra = [p.name for p in takes[2:] if p.default is p.empty and p.name != "tracer_particles"]
        if extra:
            raise ModelError(f"step of {self._cls.__name__} needs {' and '.join(extra)}, which webmon does not know: it is called as step(N) or step(N, tracer_particles).")

    def _step(self) -> None:
        model, tracers = self._model, self._tracers
        kwargs = {"tracer_particles": tracers} if self._tracers_named else {}
        if not self._step_takes_n:
            for _ in range(self._n):
                model.step(**kwargs)
        elif self._tracers_second:
            model.step(self._n, tracers)
        else:
            model.step(self._n, **kwargs)

    # One picture.

    def _advance(self) -> None:
        began = time.perf_counter()
        try:
            self._guard("step", self._step)
            took = (time.perf_counter() - began) * 1e3 / self._n
            self._step_ms = took if self._step_ms == 0 else 0.9 * self._step_ms + 0.1 * took
            self._steps += self._n
            self._show()
        except ModelError as error:
            self._fail(error)
            return
        self._took = time.perf_counter() - began
        if self._took > 0.1:
            # Compiled code may have let nothing else run meanwhile: what people ask for waits for this moment.
            time.sleep(min(self._took / 20, 0.1))
        if self._once:
            self._once = False
            self._phase = "paused"
        self._state()

    def _show(self) -> None:
        """Hand a picture out. Raises ModelError where there is none to show."""
        density = self._get_density()
        old = self._good.shape
        if density.shape != old and not self._shape_may_change:
            raise ModelError(f"get_density gave an array of shape {density.shape} after {self._steps} steps; until then it was {old}.")
        if density.shape != old or density.dtype != self._density_array.dtype:
            self._density_array = self._share("density", density)
            if self._phase_array is not None:
                self._phase_array.resize(density.shape)
        self._shape_may_change = False
        self._frame += 1
        now = time.perf_counter()
        self._pictures.append(now)
        if density.shape == self._good.shape and density.dtype == self._good.dtype:
            np.copyto(self._good, density)
        else:
            self._good = density.copy()
        self._publish(self._good)
        if now - self._physics_last >= _PHYSICS_EVERY:
            self._physics_last = now
            self._send_physics()

    def _publish(self, density: np.ndarray[Any, Any]) -> None:
        stamp = time.time()
        array = self._density_array
        array.publish(density, stamp=stamp)
        if array._segment is None and array.wanted and not array._closed:
            self._notice("memory", f"The machine has no shared memory for the pictures: {array._problem or 'none could be had'}.{_ADVICE}")
        if self._phase_array is not None and self._phase_array.wanted:
            try:
                phase = self._guard("get_phase", lambda: numbers(self._model.get_phase()))
                if phase.shape != density.shape or phase.dtype.kind not in "fiub":
                    raise ModelError(f"get_phase gave an array of {phase.dtype} of shape {phase.shape}; real numbers of the density's shape {density.shape} are wanted.")
                self._phase_array.publish(phase.astype(np.float32), stamp=stamp)
            except ModelError as error:
                self._notice("phase", f"{error.problem} The phase is not shown.")
        if self._tracer_array is not None and self._tracer_array.wanted:
            try:
                places = self._places()
                if places.shape[1] > self._tracer_array.shape[1]:
                    self._tracer_array.resize(places.shape)
                self._tracer_array.publish(places, stamp=stamp)
            except ModelError as error:
                self._notice("tracers", f"{error.problem} The tracers are not shown.")

    def _share(self, name: str, like: np.ndarray[Any, Any]) -> SharedArray:
        assert self._process is not None
        return self._process.share(
            name, like.shape, like.dtype, ("x", "y"), title="Density", colormap=self._text("colormap") or "viridis", limits=self._limits()
        )

    def _limits(self) -> tuple[float, float] | None:
        """Return what the model itself says of the range of its density."""
        try:
            low, high = (float(v) for v in self._model.limits)
        except Exception:
            return None
        return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None

    def _text(self, name: str) -> str:
        try:
            value = getattr(self._model, name, None)
        except Exception:
            return ""
        return short(value, 40) if isinstance(value, str) else ""

    def _get_density(self) -> np.ndarray[Any, Any]:
        """Return the density, as it can be shown. Raises ModelError saying what is wrong with it."""
        given = self._guard("get_density", lambda: self._told_by("get_density"))
        if given is None:
            raise ModelError("get_density returned None: it has to return an array [Nx, Ny].")
        try:
            density = numbers(given)
        except Exception as error:
            cause = error.__cause__
            raise raised("get_density gave what is no array: NumPy", cause if isinstance(cause, Exception) else error, self._file) from None
        after = f" after {self._steps} steps" if self._steps else ""
        if density.dtype.kind == "c":
            raise ModelError(f"get_density gave complex numbers{after}: return the density itself, such as abs(psi)**2.")
        if density.dtype.kind not in "fiub":
            raise ModelError(f"get_density gave {_what(given, density)}{after}: it has to be an array of numbers of shape [Nx, Ny].")
        if density.ndim != 2 or 0 in density.shape:
            raise ModelError(f"get_density gave an array of shape {density.shape}{after}: it has to be of shape [Nx, Ny].")
        if density.dtype.kind == "f" and density.dtype.itemsize > 8:
            density = density.astype(np.float64)
        elif not density.dtype.isnative:
            density = density.astype(density.dtype.newbyteorder("="))
        self._look_at(density, after)
        return density

    def _look_at(self, density: np.ndarray[Any, Any], after: str) -> None:
        """Work out the numbers of a density. NaN and infinity are data: holes in the picture, which no number counts."""
        low, high = float(density.min()), float(density.max())
        if math.isfinite(low) and math.isfinite(high):
            self._physics = {"sum": float(density.sum()), "min": low, "max": high}
            self._notice("empty", "")
            return
        finite = density[np.isfinite(density)]
        if finite.size:
            self._physics = {"sum": float(finite.sum(dtype=np.float64)), "min": float(finite.min()), "max": float(finite.max())}
            self._notice("empty", "")
            return
        self._physics = dict.fromkeys(_BUILTIN, math.nan)
        if "empty" not in self._noted:
            kind = "NaN (not a number)" if math.isnan(low) else "infinite"
            self._notice("empty", f"The density is {kind} in all of its {density.size} points{after}: there is nothing to see. Reset goes back to the start; a smaller time step may help.")

    def _told_by(self, name: str) -> Any:
        """Return what a method of the model returns, or a property of that name is."""
        value = getattr(self._model, name)
        return value() if callable(value) else value

    # Tracers.

    def _find_tracers(self) -> None:
        self._tracers: Tracers | None = None
        self._own_tracers = False
        wanted = self._options["tracer_particles"]
        number = int(wanted) if isinstance(wanted, (int, float, np.number)) and 0 < wanted <= 100_000 else 0
        model = self._model
        most = 0
        if _declares(model, "get_trace_particles"):
            try:
                places = self._guard("get_trace_particles", lambda: self._told_by("get_trace_particles"))
                most = self._pixels(places).shape[1]
            except ModelError as error:
                self._notice("tracers", f"{error.problem} The tracers are not shown.")
        self._own_tracers = most > 0
        if not most and number and (self._tracers_named or self._tracers_second) and "tracer_particles" in parameters(self._cls) and callable(getattr(model, "get_v", None)):
            try:
                self._tracers = Tracers(model, number, self._good)
                most = number
            except Exception as error:
                self._notice("tracers", f"The model has a velocity, but no tracers can be made: {short(error)}.")
        if most:
            assert self._process is not None
            if self._tracer_array is None or self._tracer_array.shape[1] < most:
                self._tracer_array = self._process.share("tracers", (2, most), "float32", ("xy", "particle"), title="Tracers", unit="px")

    def _places(self) -> np.ndarray[Any, Any]:
        if self._tracers is not None:
            return self._pixels(self._tracers.get_tracer_particles())
        return self._pixels(self._guard("get_trace_particles", lambda: self._told_by("get_trace_particles")))

    def _pixels(self, places: Any) -> np.ndarray[Any, Any]:
        try:
            shape = self._good.shape
            return pixels(places, self._model, (shape[0], shape[1]))
        except Exception as error:
            raise ModelError(f"get_trace_particles cannot be understood: {short(error)}.") from None

    def _reset_tracers(self) -> None:
        if self._tracers is not None:
            self._find_tracers()
        elif callable(getattr(self._model, "reset_tracers", None)):
            self._asked("reset_tracers", self._model.reset_tracers)
        else:
            raise ValueError("the model's tracers are its own, and it has no method reset_tracers")

    # What a physicist watches.

    def _observed(self) -> dict[str, float]:
        """Return the model's own numbers."""
        get = getattr(self._model, "get_observables", None)
        if not callable(get):
            return {}
        try:
            value = self._guard("get_observables", get)
            if not isinstance(value, Mapping):
                raise ModelError(f"get_observables gave {type(value).__name__} instead of a dict of numbers.")
            return {str(name)[:80]: float(number) for name, number in list(value.items())[:32]}
        except ModelError as error:
            self._notice("observables", f"{error.problem} They are not shown.")
        except Exception as error:
            self._notice("observables", f"get_observables gave what is no number: {short(error)}.")
        return {}

    def _observables(self) -> list[dict[str, str]]:
        """Return what the numbers are, in the order of their charts."""
        about = getattr(self._model, "observables", None)
        about = about if isinstance(about, Mapping) else {}
        out = []
        for name in self._observed():
            said = about.get(name)
            parts = [said] if isinstance(said, str) else list(said) if isinstance(said, (list, tuple)) else []
            words = [part if isinstance(part, str) else "" for part in parts[:3]] + ["", "", ""]
            out.append({"name": name, "title": words[0] or name.replace("_", " "), "unit": words[1], "help": words[2]})
        known = {entry["name"] for entry in out}
        out += [{"name": name, "title": words[0], "unit": "", "help": words[1]} for name, words in _BUILTIN.items() if name not in known]
        return out

    def _send_physics(self) -> None:
        self._say({"physics": {**self._physics, **self._observed()}, "time": time.time()})

    # Parameters.

    def _declare(self, knob: Knob) -> None:
        assert self._process is not None
        if knob.name in _ACTIONS:
            self._notice(f"control:{knob.name}", f"{knob.name} is left out: that is the name of a button; give the parameter another.")
            return
        try:
            value = self._get(knob)
            knob.settle(value)
            value = knob.shown(value)
            self._controls[knob.name] = self._process.control(
                knob.name, knob.type, value, set=lambda new: self._set(knob, new), default=value, **knob.declared()
            )
        except ModelError as error:
            self._notice(f"control:{knob.name}", f"{knob.name} is left out: {error.problem}")
            return
        except (TypeError, ValueError) as error:
            self._notice(f"control:{knob.name}", f"{knob.name} is left out: {short(error)}.")
            return
        self._knobs[knob.name] = knob

    def _get(self, knob: Knob) -> Any:
        try:
            return self._guard(f"get({knob.name!r})", lambda: self._model.get(knob.name))
        except ModelError:
            params = parameters(self._cls)
            if knob.name in params:
                return params[knob.name]
            if knob.start is not None:
                return knob.start
            raise

    def _set(self, knob: Knob, value: Any) -> None:
        """Set a parameter to a value that the process has checked."""
        if knob.name == "steps" and isinstance(value, (int, float)):
            self._n = max(int(value), 1)
        self._shape_may_change = True
        before = self._doing
        self._doing = (f"set({knob.name!r}, {short(repr(value), 40)}) has not returned", time.monotonic())
        try:
            self._model.set(knob.name, knob.taken(value))
        except ValueError:
            raise
        except BaseException as error:
            trouble = raised(f"set({knob.name!r}, {short(repr(value), 40)})", error, self._file)
            sys.stderr.write(trouble.detail)
            raise ValueError(trouble.problem) from None
        finally:
            self._doing = before
        try:
            shown = knob.shown(self._get(knob))
        except (ModelError, ValueError):
            shown = value  # what was set, where the model does not tell
        self._controls[knob.name].update(shown)

    def _read_values(self) -> None:
        """Look whether the model has changed its parameters itself."""
        self._values_last = time.perf_counter()
        for name, knob in self._knobs.items():
            try:
                self._read_value(name, knob)
            except (ModelError, ValueError):
                continue  # the last that was good stays

    def _read_value(self, name: str, knob: Knob) -> None:
        self._controls[name].update(knob.shown(self._guard(f"get({name!r})", lambda: self._model.get(name))))

    # What people ask for.

    def _take(self) -> None:
        """Run what has come, and show what has become of it."""
        process = self._process
        assert process is not None
        waiting = bool(process._orders)
        while process._orders and not self._stopping:
            try:
                if process.poll() == 0:
                    break
            except BaseException:  # of a SystemExit that a command has raised, and that was answered
                continue
        if self._stopping:
            return
        if waiting:
            self._read_values()
            if self._phase == "paused":
                self._refresh()
            self._state()
        elif self._phase != "running":
            self._publish(self._good)  # somebody has begun to look

    def _demanded(self) -> None:
        self._wake.set()

    def _refresh(self) -> None:
        """Show the model as it is now, without a step."""
        if self._phase == "running":
            return
        try:
            self._show()
        except ModelError as error:
            self._fail(error)

    def _start(self) -> None:
        self._needs_health()
        self._phase, self._once = "running", False

    def _pause(self) -> None:
        self._needs_health()
        self._phase, self._once = "paused", False
        self._pictures.clear()

    def _one(self) -> None:
        self._needs_health()
        self._phase, self._once = "paused", True
        self._wake.set()

    def _needs_health(self) -> None:
        if self._phase == "failed":
            raise ValueError("the model has failed: reset it, or restart it")

    def _reset(self) -> None:
        self._shape_may_change = True
        try:
            if callable(getattr(self._model, "reset", None)):
                for name, control in self._controls.items():
                    default = control._declared.get("default")
                    if default is not None and default != control.value:
                        self._set(self._knobs[name], default)
                self._guard("reset", self._model.reset)
                self._steps = 0
            else:
                self._construct()
            self._n = int(self._options["steps"]) if "steps" not in self._knobs else self._n
            if not self._own_tracers:
                self._find_tracers()
            self._show()
        except ModelError as error:
            self._fail(error)
            raise ValueError(error.problem) from None
        if self._phase == "failed":
            self._phase = "running"
            self._problem = self._detail = ""
        self._read_values()

    # What is said of it.

    def _state(self) -> None:
        now = time.perf_counter()
        if now - self._values_last >= _VALUES_EVERY:
            self._read_values()
        state: dict[str, Any] = {
            "phase": self._phase,
            "frame": self._frame,
            "steps": self._steps,
            "t": self._time(),
            "step_ms": self._step_ms,
            "took": self._took,
            "rate": self._rate(now),
            "stamp": time.time(),
        }
        values = {name: control.value for name, control in self._controls.items()}
        if "finger_x" in values and "finger_y" in values:
            state["finger"] = [values["finger_x"], values["finger_y"], *self._potential()]
        if values != self._told:
            self._told = state["values"] = values
        if self._problem:
            state["problem"], state["detail"] = self._problem, self._detail
        self._say({"state": state})

    def _rate(self, now: float) -> float:
        times = self._pictures
        while len(times) > 2 and now - times[0] > 2:
            times.popleft()
        if self._phase != "running" or len(times) < 2 or times[-1] <= times[0]:
            return 0.0
        return (len(times) - 1) / (times[-1] - times[0])

    def _time(self) -> float:
        try:
            value = float(getattr(self._model, "t", math.nan))
        except Exception:
            return math.nan
        return value

    def _potential(self) -> list[float]:
        """Where the potential is that follows the finger: 0 to 1 across the box."""
        try:
            z, (lx, ly) = complex(self._model.pot_z), self._model.Lxy
            return [z.real / float(lx) + 0.5, z.imag / float(ly) + 0.5]
        except Exception:
            return [math.nan, math.nan]

    def _fail(self, error: ModelError) -> None:
        self._phase, self._once = "failed", False
        self._problem, self._detail = error.problem, error.detail
        self._pictures.clear()
        self._publish(self._good)
        self._state()

    def _notice(self, key: str, text: str) -> None:
        """Say once what stands on the page while the model runs, or take that back with an empty text."""
        if text and key not in self._noted and len(self._noted) < 100:
            self._noted.add(key)
            self._say({"notice": {"key": key, "text": text}})
        elif not text and key in self._noted:
            self._noted.remove(key)
            self._say({"notice": {"key": key, "text": ""}})

    # Guarding against what people's code may do.

    def _guard(self, what: str, call: Callable[[], Any], said: str = "") -> Any:
        """Call a part of the model. Whatever it raises becomes a ModelError; that it takes long is noticed."""
        before = self._doing
        self._doing = (what if " " in what else f"{what} has not returned", time.monotonic())
        try:
            return call()
        except ModelError:
            raise
        except BaseException as error:
            raise raised(said or what, error, self._file) from None
        finally:
            self._doing = before

    def _asked(self, what: str, call: Callable[[], Any]) -> None:
        try:
            self._guard(what, call)
        except ModelError as error:
            raise ValueError(error.problem) from None

    def _pulse(self) -> None:
        """Say about once a second that this process lives, and what the model is busy with for long."""
        beat = 0.0
        while True:
            time.sleep(_PULSE)
            now = time.monotonic()
            doing = self._doing
            if doing is not None and now - doing[1] > self._patience:
                if self._slow is not doing:
                    self._slow = doing
                    what = "The model has not finished a step" if doing[0].startswith("step ") else doing[0]
                    self._say({"slow": {"what": what, "seconds": now - doing[1], "detail": stack(self._main)}})
            elif self._slow is not None:
                self._slow = None
                self._say({"goes_on": self._phase})
            if now - beat >= min(1.0, self._patience / 4):
                beat = now
                self._say({"alive": True})


def _declares(model: Any, name: str) -> bool:
    """Whether a model has a method, or a property, that is not None. What raises is there, to say so where it is used."""
    try:
        return getattr(model, name, None) is not None
    except Exception:
        return True


def _what(given: Any, array: np.ndarray[Any, Any]) -> str:
    if isinstance(given, np.ndarray):
        return f"an array of {array.dtype}"
    return f"{type(given).__name__} {short(written(given), 60)}"
