"""What a picture's slices load, how long that takes, and what of it was there already.

napari cuts a slice out of a layer's array by calling a request, in its own
thread or in one beside it. The request is replaced by one that looks on. Single
chunks are seen in two ways, both without touching the user's arrays: dask tells
callbacks about its tasks, and zarr reads every chunk through a StorePath. Of
anything else only the whole slice is seen.

A chunk counts as loaded again without need if the previous slice of the same
level had it: it was loaded then, or lay in that slice at the same place of the
sliders. So does a whole slice if the previous one, at the same place, had all
of it and is not simply in memory.
"""

from __future__ import annotations

import contextlib
import contextvars
import math
import re
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple, Optional

import numpy as np

from . import compat
from .chunks import Chunks, chunks_of
from .trouble import missing, say_once

# Beyond so many chunks of one slice the rest is one message: the queue to
# webmon is bounded, and what else is in it should not be pushed out.
MOST_MESSAGES = 256


class Region(NamedTuple):
    """What a slice took of a level."""

    place: tuple[Any, ...]  # of the sliders, and which axes were on the screen
    axes: tuple[int, ...]  # on the screen
    first: tuple[int, ...]  # pixel of the level, along those axes
    last: tuple[int, ...]  # included

    def covers(self, other: Region) -> bool:
        """Say whether all of the other region is in this one."""
        return self.place == other.place and all(
            a <= c and d <= b for a, b, c, d in zip(self.first, self.last, other.first, other.last)
        )


class _Chunk(NamedTuple):
    level: int
    index: tuple[int, ...]  # of the chunk, along all axes
    seconds: float
    nbytes: int
    time: float  # when it had come, s since the epoch


class _Watch:
    """Gathers the chunks that one request loads, from whichever thread."""

    def __init__(self) -> None:
        self.arrays: list[_Source] = []
        self.chunks: list[_Chunk] = []  # list.append is atomic
        self.computed = False  # dask has computed something in this thread
        self.thread = threading.get_ident()


class _Source:
    """One level's array, in the form in which its chunks can be recognised."""

    def __init__(self, data: Any, level: int) -> None:
        self.level = level
        self.chunks: Optional[Chunks] = chunks_of(data)
        self.name: Optional[str] = None  # of a dask array's tasks
        self.store: Any = None  # of a zarr array
        self.path = ""
        self.itemsize = int(np.dtype(data.dtype).itemsize)
        if type(data).__module__.split(".")[0] == "xarray":
            # Not .data, which reads an array that is not dask's.
            data = getattr(getattr(data, "variable", None), "_data", data)
        if self.chunks is None:
            return
        if hasattr(data, "__dask_graph__"):
            name = getattr(data, "name", None)
            self.name = name if isinstance(name, str) else None
        elif type(data).__module__.split(".")[0] == "zarr" and getattr(data, "shards", None) is None:
            place = getattr(data, "store_path", None)
            if place is not None and _zarr.available():
                self.store, self.path = place.store, place.path

    @property
    def watched(self) -> bool:
        """Whether its single chunks are seen."""
        return self.name is not None or self.store is not None

    def index_of(self, path: str) -> Optional[tuple[int, ...]]:
        """Return which chunk lies at a path of the zarr store, None if it is none of this array."""
        assert self.chunks is not None
        prefix = self.path + "/" if self.path else ""
        if not path.startswith(prefix):
            return None
        # "c/3/5" or "3.5", by the format and the array's own choice.
        rest = path[len(prefix) :]
        if not re.fullmatch(r"(c[/.])?\d+([/.]\d+)*", rest):
            return None
        index = tuple(int(n) for n in re.findall(r"\d+", rest))
        return index if len(index) == len(self.chunks.axes) else None

    def chunk_bytes(self, index: tuple[int, ...]) -> int:
        """Return the bytes of a chunk's pixels; at the edge only of those within the image."""
        assert self.chunks is not None
        sizes = (min(a.size, a.length - i * a.size) for a, i in zip(self.chunks.axes, index))
        return math.prod(sizes) * self.itemsize


_current: contextvars.ContextVar[Optional[_Watch]] = contextvars.ContextVar("webmon_slice", default=None)


class _ZarrReads:
    """Looks on while zarr reads chunks, for as long as a layer is watched.

    zarr carries the context of the thread that asks into its own threads, so
    that reads of anything else than a slice are passed on untouched.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._class: Any = None
        self._originals: dict[str, Any] = {}

    def available(self) -> bool:
        """Look on from now on, if anybody watches; zarr is imported already by whoever asks."""
        with self._lock:
            if self._class is None and self._users > 0:
                self._install()
            return self._class is not None

    def begin(self) -> None:
        with self._lock:
            self._users += 1

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._class is not None:
                for name, original in self._originals.items():
                    setattr(self._class, name, original)
                self._originals.clear()
                self._class = None

    def _install(self) -> None:
        try:
            from zarr.storage import StorePath
        except ImportError:  # no zarr, or zarr 2: whole slices are timed
            return
        get = StorePath.__dict__.get("get")
        if get is None:
            missing("zarr StorePath.get", "loads from zarr are timed a slice at a time")
            return

        async def timed_get(self: Any, *args: Any, **kwargs: Any) -> Any:
            watch = _current.get()
            if watch is None:
                return await get(self, *args, **kwargs)
            start = time.perf_counter()
            result = await get(self, *args, **kwargs)
            _note_read(watch, self, result, start)
            return result

        self._class = StorePath
        self._originals = {"get": get}
        StorePath.get = timed_get
        get_sync = StorePath.__dict__.get("get_sync")
        if get_sync is None:
            return

        def timed_get_sync(self: Any, *args: Any, **kwargs: Any) -> Any:
            watch = _current.get()
            start = time.perf_counter()
            result = get_sync(self, *args, **kwargs)
            if watch is not None:
                _note_read(watch, self, result, start)
            return result

        self._originals["get_sync"] = get_sync
        StorePath.get_sync = timed_get_sync


_zarr = _ZarrReads()
begin_watching = _zarr.begin
end_watching = _zarr.end


def _note_read(watch: _Watch, place: Any, result: Any, start: float) -> None:
    try:
        if result is None:
            return  # a chunk that was never written is not in the store
        for source in watch.arrays:
            if source.store is None or (source.store is not place.store and source.store != place.store):
                continue
            index = source.index_of(place.path)
            if index is not None:
                watch.chunks.append(
                    _Chunk(source.level, index, time.perf_counter() - start, source.chunk_bytes(index), time.time())
                )
                return
    except Exception:
        say_once("zarr reads", "a read of zarr could not be recognised", error=True)


@contextlib.contextmanager
def _dask_tasks(watch: _Watch) -> Iterator[None]:
    """Look on while dask computes chunks of the watched arrays in this thread."""
    names = {source.name: source for source in watch.arrays if source.name is not None}
    if not names:
        yield
        return
    try:
        from dask.callbacks import Callback
    except ImportError:
        yield
        return
    begun: dict[Any, float] = {}

    def start(_graph: Any) -> None:
        # Callbacks are everybody's; the scheduler calls them in the thread that computes.
        if threading.get_ident() == watch.thread:
            watch.computed = True

    def before(key: Any, _graph: Any, _state: Any) -> None:
        if type(key) is tuple and key and key[0] in names and threading.get_ident() == watch.thread:
            begun[key] = time.perf_counter()

    def after(key: Any, result: Any, _graph: Any, _state: Any, _worker: Any) -> None:
        since = begun.pop(key, None) if type(key) is tuple else None
        if since is not None:
            seconds = time.perf_counter() - since
            nbytes = int(getattr(result, "nbytes", 0))
            watch.chunks.append(_Chunk(names[key[0]].level, tuple(key[1:]), seconds, nbytes, time.time()))

    with Callback(start=start, pretask=before, posttask=after):
        yield


class Loads:
    """The loads of one picture.

    send(topic, value) is called in the thread that slices, changed() after it,
    both once a slice or more often.
    """

    def __init__(self, layer: Any, id: str, send: Callable[[str, Any], None], changed: Callable[[], None]) -> None:
        self._layer = layer
        self._id = id
        self._send = send
        self._changed = changed
        self._lock = threading.Lock()
        self._owner: Any = None
        self._before: dict[int, Region] = {}  # level -> its last slice
        self._loaded: dict[int, set[tuple[int, ...]]] = {}  # level -> the chunks that it loaded
        self._sources: dict[int, _Source] = {}  # level -> its array
        self.count = 0
        self.nbytes = 0
        self.reloads = 0
        self.region: Optional[tuple[int, Region]] = None  # level and region of the newest slice that has come
        self._reloaded: dict[tuple[int, tuple[int, ...]], float] = {}  # (level, chunk on the screen) -> when
        self._watch()

    def _watch(self) -> None:
        # From 0.7 on slicing has an object of its own beside the layer.
        owner = getattr(self._layer, "_slicing_state", self._layer)
        original = getattr(owner, "_make_slice_request_internal", None)
        if original is None:
            missing("slice request", "loads are not timed")
            return

        def make(*args: Any, **kwargs: Any) -> Any:
            return _Request(original(*args, **kwargs), self)

        owner._make_slice_request_internal = make
        self._owner = owner

    def close(self) -> None:
        """Leave the layer as it was."""
        if self._owner is not None:
            self._owner.__dict__.pop("_make_slice_request_internal", None)
            self._owner = None

    def forget(self) -> None:
        """The layer has other data now: nothing of it was there before."""
        with self._lock:
            self._before.clear()
            self._loaded.clear()
            self._sources.clear()
            self._reloaded.clear()
            self.region = None

    def reloaded(self, level: int, span: float) -> tuple[list[tuple[int, ...]], Optional[float]]:
        """Return the chunks on the screen loaded again within the last span seconds.

        And when the first of them is older than that, by time.monotonic().
        """
        if not self._reloaded:
            return [], None
        now = time.monotonic()
        with self._lock:
            self._reloaded = {k: t for k, t in self._reloaded.items() if now - t < span}
            found = [(index, t) for (at, index), t in self._reloaded.items() if at == level]
        return [index for index, _ in found], min((t + span for _, t in found), default=None)

    def slice(self, request: Any) -> Any:
        """Cut the slice, and see what that loads."""
        try:
            watch, level, region = self._prepare(request)
        except Exception:
            say_once("slice request", "a slice could not be timed", error=True)
            return request()
        token = _current.set(watch)
        start = time.perf_counter()
        try:
            with _dask_tasks(watch):
                response = request()
        finally:
            _current.reset(token)
        seconds = time.perf_counter() - start
        try:
            self._finish(watch, request, response, level, region, seconds)
        except Exception:
            say_once("slice response", "a slice could not be counted", error=True)
        return response

    def _prepare(self, request: Any) -> tuple[_Watch, int, Region]:
        level = int(getattr(request, "data_level", 0))
        thumbnail = int(getattr(request, "thumbnail_level", level))
        watch = _Watch()
        for at, name in ((level, "data_at_data_level"), (thumbnail, "data_at_thumbnail_level")):
            # Levels that napari keeps in memory itself are not loaded.
            data = getattr(request, name, None)
            if data is not None and isinstance(data, np.ndarray):
                continue
            if any(source.level == at for source in watch.arrays):
                continue
            if at not in self._sources:
                self._sources[at] = _Source(compat.level_data(self._layer, at), at)
            watch.arrays.append(self._sources[at])
        return watch, level, _region(request, level, self._layer)

    def _finish(
        self, watch: _Watch, request: Any, response: Any, level: int, region: Region, seconds: float
    ) -> None:
        single = any(source.watched for source in watch.arrays) and (
            bool(watch.chunks) or watch.computed or all(source.name is None for source in watch.arrays)
        )
        messages, reloads, nbytes = [], 0, 0
        with self._lock:
            if single:
                loaded: dict[int, set[tuple[int, ...]]] = {source.level: set() for source in watch.arrays}
                rest: dict[tuple[int, bool], int] = {}
                for chunk in watch.chunks:
                    again = self._had(chunk, region)
                    loaded[chunk.level].add(chunk.index)
                    if again:
                        reloads += 1
                        if chunk.level == level:
                            key = tuple(chunk.index[axis] for axis in region.axes)
                            self._reloaded[level, key] = time.monotonic()
                    nbytes += chunk.nbytes
                    if len(messages) < MOST_MESSAGES:
                        messages.append(self._message(chunk.time, chunk.nbytes, chunk.seconds, chunk.level, "chunk", again))
                    else:
                        rest[chunk.level, again] = rest.get((chunk.level, again), 0) + chunk.nbytes
                count = len(watch.chunks)
                for (at, again), more in rest.items():
                    messages.append(self._message(time.time(), more, seconds, at, "slice", again))
                self._loaded.update(loaded)
            else:
                nbytes = _loaded_bytes(response)
                count = 1 if nbytes else 0
                before = self._before.get(level)
                data = getattr(request, "data_at_data_level", None)
                in_memory = isinstance(data, np.ndarray) and not isinstance(data, np.memmap)
                cached = in_memory and not isinstance(compat.level_data(self._layer, level), np.ndarray)
                if cached:
                    count = 0
                again = not in_memory and before is not None and before.covers(region)
                if count:
                    reloads = int(again)
                    messages.append(self._message(time.time(), nbytes, seconds, level, "slice", again))
                else:
                    nbytes = 0
            if len(self._reloaded) > 4 * MOST_MESSAGES:  # nobody has asked for a while
                newest = sorted(self._reloaded.items(), key=lambda item: item[1])[-MOST_MESSAGES:]
                self._reloaded = dict(newest)
            self._before[level] = region
            for source in watch.arrays:
                if source.level != level:
                    self._before[source.level] = _whole(region, source, self._layer)
            self.region = (level, region)
            self.count += count
            self.nbytes += nbytes
            self.reloads += reloads
        for message in messages:
            self._send("load_chunk", message)
        self._changed()

    def _message(self, at: float, nbytes: int, seconds: float, level: int, how: str, again: bool) -> dict[str, Any]:
        return {
            "time": at,
            "num_bytes": nbytes,
            "load_ms": seconds * 1000,
            "level": level,
            "layer": self._id,
            "how": how,
            "again": again,
        }

    def _had(self, chunk: _Chunk, region: Region) -> bool:
        if chunk.index in self._loaded.get(chunk.level, ()):
            return True
        before = self._before.get(chunk.level)
        source = self._sources.get(chunk.level)
        if before is None or before.place != region.place or source is None or source.chunks is None:
            return False
        for axis, first, last in zip(before.axes, before.first, before.last):
            along = source.chunks.axes[axis]
            if not along.chunk_of(first) <= chunk.index[axis] <= along.chunk_of(last):
                return False
        return True


class _Request:
    """A slice request of napari's that tells Loads when it is called."""

    __slots__ = ("_loads", "_request")

    def __init__(self, request: Any, loads: Loads) -> None:
        self._request = request
        self._loads = loads

    def __call__(self) -> Any:
        return self._loads.slice(self._request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)


def _region(request: Any, level: int, layer: Any) -> Region:
    axes = tuple(int(axis) for axis in request.slice_input.displayed)
    point = getattr(getattr(request, "data_slice", None), "point", ())
    margins = [getattr(getattr(request, "data_slice", None), side, ()) for side in ("margin_left", "margin_right")]
    place = (axes, *(_rounded(p) for p in point), *(_exact(m) for side in margins for m in side))
    shape = compat.level_shapes(layer)[level]
    if getattr(request, "multiscale", False) and len(axes) == 2:
        corners = np.asarray(request.corner_pixels)
        first = tuple(int(corners[0, axis]) for axis in axes)
        last = tuple(int(min(corners[1, axis], shape[axis] - 1)) for axis in axes)
    else:
        first = (0,) * len(axes)
        last = tuple(int(shape[axis]) - 1 for axis in axes)
    return Region(place, axes, first, last)


def _whole(region: Region, source: _Source, layer: Any) -> Region:
    shape = compat.level_shapes(layer)[source.level]
    last = tuple(int(shape[axis]) - 1 for axis in region.axes)
    return Region(region.place, region.axes, (0,) * len(region.axes), last)


def _rounded(x: float) -> Optional[int]:
    return None if math.isnan(x) else round(x)


def _exact(x: float) -> Optional[float]:
    return None if math.isnan(x) else float(x)


def _loaded_bytes(response: Any) -> int:
    """Return the bytes of pixels that a slice brought, the thumbnail's included."""
    if getattr(response, "empty", False):
        return 0
    total = 0
    seen: list[Any] = []
    for name in ("image", "thumbnail"):
        raw = getattr(getattr(response, name, None), "raw", None)
        if raw is not None and not any(raw is other for other in seen):
            seen.append(raw)
            total += int(getattr(raw, "nbytes", 0))
    return total
