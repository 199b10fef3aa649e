"""What a picture's slices load, how long that takes, and what of it was there already.

napari cuts a slice out of a layer's array by calling a request, in its own
thread or in one beside it. The request is replaced by one that looks on. Single
chunks are seen in two ways, both without touching the user's arrays: dask tells
callbacks about its tasks, and zarr reads every chunk through a StorePath. Where
only something larger is seen, a shard of zarr's or tasks that dask has merged,
the chunks are those of it that the slice took, and each has its share of the
slice's time. Of anything else only the whole slice is seen.

The thread that slices only notes what happened and when. What that means is
worked out in a thread of our own, which takes its time while nobody looks.

A chunk counts as loaded again without need if the previous slice of the same
level had it: it was loaded then, or lay in that slice at the same place of the
sliders. So does a whole slice if the previous one, at the same place, had all
of it and is not simply in memory.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import math
import re
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import numpy as np

from . import compat
from .chunks import Axis, Chunks, chunks_of
from .trouble import logger, missing, say_once

# Beyond so many chunks of one slice the rest is one message: the queue to
# webmon is bounded, and what else is in it should not be pushed out.
MOST_MESSAGES = 256

# How long slices are gathered while nobody looks, and how many at most.
GATHER_SECONDS = 0.25
MOST_GATHERED = 64

# How a load was seen, as messages and states say it.
CHUNK = "chunk"  # by itself
SHARE = "share"  # as a part of something larger, whose time the chunks share
SLICE = "slice"  # a whole slice

# Chunks of one slice that are counted one by one; no store has more that are of use.
_MOST_SHARES = 1 << 16


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
    at: tuple[int, ...]  # its number along each axis
    seconds: float
    nbytes: int
    time: float  # when it had come, s since the epoch
    how: str


class _Read(NamedTuple):
    """A read of zarr's, as it happened."""

    place: Any  # StorePath
    start: float  # by time.perf_counter
    end: float
    part: Any  # what a read of a part of the file brought, None for all of it


class _Watch:
    """Notes what one request does, from whichever thread. Nothing is worked out here."""

    def __init__(self, loads: Loads, known: _Known) -> None:
        self.loads = loads
        self.known = known
        self.kept = False  # of a level that napari reads as a whole, once, and keeps
        self.arrays: list[_Source] = []
        # list.append is atomic
        self.reads: list[_Read] = []
        self.begun: list[tuple[Any, int, float]] = []  # key of a task of dask's, thread, when
        self.ended: list[tuple[Any, int, float]] = []
        self.graphs: list[Any] = []  # what dask has computed in this thread
        self.thread = threading.get_ident()
        self.in_memory = False  # all of the level
        self.nbytes = 0  # of the pixels that came
        self.start = self.end = 0.0  # by time.perf_counter
        self.time = 0.0  # of the end, s since the epoch

    def asked(self, request: Any) -> None:
        """Take over what the slice is of."""
        self.slice_input = request.slice_input
        self.data_slice = getattr(request, "data_slice", None)
        corners = getattr(request, "corner_pixels", None)
        self.corners = None if corners is None else np.array(corners)  # napari may go on with its own
        self.multiscale = bool(getattr(request, "multiscale", False))
        self.level = int(getattr(request, "data_level", 0))
        self.thumbnail = int(getattr(request, "thumbnail_level", self.level))

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Look on at what this thread does."""
        token = _current.set(self)
        self.start = time.perf_counter()
        try:
            with _dask_tasks(self):
                yield
        finally:
            _current.reset(token)
            self.end, self.time = time.perf_counter(), time.time()

    @property
    def seconds(self) -> float:
        return self.end - self.start


class _Source:
    """One level's array, in the form in which its chunks can be recognised."""

    def __init__(self, data: Any, level: int) -> None:
        self.level = level
        self.shape = tuple(int(n) for n in data.shape)
        self.chunks: Chunks | None = chunks_of(data)
        self.shards: Chunks | None = None  # of a zarr array that has them: files of many chunks
        self.name: str | None = None  # of a dask array's tasks
        self.held = False  # its chunks are in memory already, as parts of the graph
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
            self.held = _held(data, self.name)
        elif type(data).__module__.split(".")[0] == "zarr":
            place = getattr(data, "store_path", None)
            sizes = getattr(data, "shards", None)
            if sizes is not None:
                self.shards = Chunks(tuple(Axis(int(n), length, None) for n, length in zip(sizes, self.shape)))
            if place is not None and _zarr.available():
                self.store, self.path = place.store, place.path

    @property
    def watched(self) -> bool:
        """Whether its single chunks are seen."""
        return self.name is not None or self.store is not None

    def index_of(self, path: str) -> tuple[int, ...] | None:
        """Return which chunk, or shard, lies at a path of the zarr store, None if it is none of this array."""
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
        return math.prod(axis.span(i)[1] - axis.span(i)[0] for axis, i in zip(self.chunks.axes, index)) * self.itemsize

    def chunks_in(self, spans: list[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
        """Return the chunks that hold any pixel from first to last, both included, of each axis."""
        assert self.chunks is not None
        along = [
            range(axis.chunk_of(first), axis.chunk_of(last) + 1) if last >= first else range(0)
            for axis, (first, last) in zip(self.chunks.axes, spans)
        ]
        return itertools.islice(itertools.product(*along), _MOST_SHARES)


def _held(data: Any, name: str | None) -> bool:
    """Say whether the chunks of a dask array are arrays in its graph, as da.from_array of a NumPy array makes them."""
    try:
        layer = data.__dask_graph__().layers[name]
        # Others would make all of their tasks just to be looked at.
        if type(layer).__name__ != "MaterializedLayer":
            return False
        first = layer.mapping.get((name,) + (0,) * data.ndim)
    except (AttributeError, KeyError, TypeError):
        return False
    return isinstance(getattr(first, "value", first), np.ndarray)


class _Known:
    """What is known of a layer's data, until it has other data."""

    def __init__(self, data: Any = None) -> None:
        self.data = data  # the layer's
        self.made = False  # a request has been made
        self.before: dict[int, Region] = {}  # level -> its last slice
        self.loaded: dict[int, set[tuple[int, ...]]] = {}  # level -> the chunks that it loaded
        self.sources: dict[int, _Source] = {}  # level -> its array
        self.shapes: Any = None  # of all levels
        self.given: dict[int, bool] = {}  # level -> whether the user's own array is in memory


_current: contextvars.ContextVar[_Watch | None] = contextvars.ContextVar("webmon_slice", default=None)


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

        clock = time.perf_counter

        async def timed_get(self: Any, *args: Any, **kwargs: Any) -> Any:
            watch = _current.get()
            if watch is None:
                return await get(self, *args, **kwargs)
            start = clock()
            result = await get(self, *args, **kwargs)
            if result is not None:  # a chunk that was never written is not in the store
                part = result if len(args) > 1 or "byte_range" in kwargs else None
                watch.reads.append(_Read(self, start, clock(), part))
            return result

        self._class = StorePath
        self._originals = {"get": get}
        StorePath.get = timed_get
        get_sync = StorePath.__dict__.get("get_sync")
        if get_sync is None:
            return

        def timed_get_sync(self: Any, *args: Any, **kwargs: Any) -> Any:
            watch = _current.get()
            start = clock()
            result = get_sync(self, *args, **kwargs)
            if watch is not None and result is not None:
                part = result if len(args) > 1 or "byte_range" in kwargs else None
                watch.reads.append(_Read(self, start, clock(), part))
            return result

        self._originals["get_sync"] = get_sync
        StorePath.get_sync = timed_get_sync


_zarr = _ZarrReads()


class _Counting:
    """The thread that makes loads of what was noted, while any viewer is watched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards users and thread
        self._users = 0
        self._thread: threading.Thread | None = None
        self._noted: deque[_Watch] = deque()
        self._some = threading.Event()  # there is something
        self._now = threading.Event()  # and somebody looks
        self._at_work = False

    def at_rest(self) -> bool:
        """Whether all that was noted is counted and told."""
        return not self._noted and not self._at_work

    def put(self, watch: _Watch) -> None:
        """Take over what a request has done. Called by the thread that slices, which has no time."""
        self._noted.append(watch)
        if not self._some.is_set():
            self._some.set()
        if watch.loads.watched() or len(self._noted) >= MOST_GATHERED:
            self._now.set()

    def begin(self) -> None:
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webmon loads", daemon=True)
                self._thread.start()

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users > 0 or self._thread is None:
                return
            thread, self._thread = self._thread, None
        self._some.set()
        self._now.set()
        thread.join(1)
        self._noted.clear()

    def _run(self) -> None:
        this = threading.current_thread()
        while self._thread is this:
            self._some.wait()
            self._now.wait(GATHER_SECONDS)
            self._at_work = True
            self._some.clear()
            self._now.clear()
            found: dict[Loads, list[dict[str, Any]]] = {}
            while self._noted and self._thread is this:
                watch = self._noted.popleft()
                try:
                    found.setdefault(watch.loads, []).extend(watch.loads.finish(watch))
                except Exception:
                    say_once("slice response", "a slice could not be counted", error=True)
                time.sleep(0)  # napari first
            for loads, messages in found.items():
                try:
                    loads.tell(messages)
                except Exception:
                    logger.debug("telling of loads", exc_info=True)
            self._at_work = False


_counting = _Counting()


class _NewLayers:
    """Looks on at layers from their first slice on, which they cut when they are made, before any viewer has them."""

    MOST = 8  # slices of a layer that are kept until a watched viewer has it

    def __init__(self) -> None:
        self._users = 0
        self._class: Any = None
        self._original: Any = None
        self._waiting: weakref.WeakSet[Loads] = weakref.WeakSet()

    def begin(self) -> None:
        self._users += 1
        if self._users == 1:
            self._install()

    def end(self) -> None:
        self._users -= 1
        if self._users > 0:
            return
        if self._class is not None:
            setattr(self._class, _MAKE, self._original)
            self._class = None
        for loads in list(self._waiting):
            loads.close()
        self._waiting.clear()

    def take(self, layer: Any) -> Loads:
        """Return what has looked on at a layer since it was made, or what does from now on."""
        for loads in list(self._waiting):
            if loads.layer is layer:
                self._waiting.discard(loads)
                return loads
        return Loads(layer)

    def _install(self) -> None:
        from napari.layers._scalar_field import scalar_field

        # From 0.7 on slicing has an object of its own beside the layer.
        for name in ("ScalarFieldSlicingState", "ScalarFieldBase"):
            found = getattr(scalar_field, name, None)
            original = getattr(found, "__dict__", {}).get(_MAKE)
            if original is not None:
                break
        else:
            missing("scalar field", "the first slice of a layer is not counted")
            return
        waiting = self._waiting

        def make(owner: Any, *args: Any, **kwargs: Any) -> Any:
            # Those that are known answer by themselves, and call this.
            if _MAKE in vars(owner):
                return original(owner, *args, **kwargs)
            try:
                loads = Loads(getattr(owner, "layer", owner))
                waiting.add(loads)
            except Exception:
                say_once("new layer", "the first slice of a layer could not be timed", error=True)
                return original(owner, *args, **kwargs)
            return getattr(owner, _MAKE)(*args, **kwargs)

        self._class, self._original = found, original
        setattr(found, _MAKE, make)


_new_layers = _NewLayers()
loads_of = _new_layers.take


def begin_watching() -> None:
    """Look after one viewer more, from now on."""
    _zarr.begin()
    _counting.begin()
    try:
        _new_layers.begin()
    except Exception:
        say_once("new layers", "the first slice of a layer is not counted", error=True)


def end_watching() -> None:
    """Look after one viewer less."""
    _new_layers.end()
    _counting.end()
    _zarr.end()


def _zarr_chunks(watch: _Watch, regions: dict[int, Region]) -> Iterator[_Chunk]:
    """Return the chunks that were read from zarr stores."""
    shares: dict[tuple[int, tuple[int, ...]], Any] = {}  # (level, shard) -> its table of chunks, None if that was not seen
    for read in watch.reads:
        for source in watch.arrays:
            if source.store is None or (source.store is not read.place.store and source.store != read.place.store):
                continue
            index = source.index_of(read.place.path)
            if index is None:
                continue
            if source.shards is None:
                ended = watch.time - (watch.end - read.end)
                yield _Chunk(source.level, index, read.end - read.start, source.chunk_bytes(index), ended, CHUNK)
            elif shares.get((source.level, index)) is None:
                shares[source.level, index] = read.part
            break
    if not shares:
        return
    sources = {source.level: source for source in watch.arrays}
    parts: list[tuple[_Source, tuple[int, ...]]] = []
    for (level, shard), table in shares.items():
        source = sources[level]
        assert source.shards is not None
        # What napari takes of the axes on the screen it cuts out of all the others.
        eager = watch.multiscale and level == watch.level and len(regions[level].axes) == 2
        spans = _spans(watch, source, regions[level], others=eager)
        box = [axis.span(i) for axis, i in zip(source.shards.axes, shard)]
        inside = [(max(low, first), min(high - 1, last)) for (first, last), (low, high) in zip(spans, box)]
        written = _written(source, shard, table)
        parts += [(source, index) for index in source.chunks_in(inside) if written is None or written(index)]
    yield from _shared(watch, parts)


def _written(source: _Source, shard: tuple[int, ...], table: Any) -> Callable[[tuple[int, ...]], bool] | None:
    """Return a function that says whether a chunk is in a shard, by the table of its chunks; None if that is not known."""
    assert source.shards is not None and source.chunks is not None
    if table is None:
        return None
    counts = [outer.size // inner.size for outer, inner in zip(source.shards.axes, source.chunks.axes)]
    entries = math.prod(counts)
    try:
        raw = bytes(table.to_bytes())
    except AttributeError:
        return None
    # Offset and length of each, and a checksum or none.
    if len(raw) not in (16 * entries, 16 * entries + 4):
        return None
    there = (np.frombuffer(raw[: 16 * entries], "<u8").reshape(*counts, 2) != np.uint64(0xFFFFFFFFFFFFFFFF)).any(axis=-1)
    return lambda index: bool(there[tuple(i - s * n for i, s, n in zip(index, shard, counts))])


def _dask_chunks(watch: _Watch, regions: dict[int, Region]) -> Iterator[_Chunk]:
    """Return the chunks that dask has computed."""
    sources = {source.name: source for source in watch.arrays if source.name is not None}
    if not sources or not watch.graphs:
        return
    # Callbacks are everybody's; the scheduler calls them in the thread that computes.
    begun = {key: at for key, thread, at in watch.begun if thread == watch.thread and type(key) is tuple}
    seen = set()
    for key, thread, at in watch.ended:
        source = sources.get(key[0]) if thread == watch.thread and type(key) is tuple and key else None
        if source is None or key not in begun:
            continue
        seen.add(source.level)
        index = tuple(key[1:])
        yield _Chunk(source.level, index, at - begun[key], source.chunk_bytes(index), watch.time - (watch.end - at), CHUNK)
    parts: list[tuple[_Source, tuple[int, ...]]] = []
    for source in sources.values():
        if source.level in seen:
            continue
        taken = list(source.chunks_in(_spans(watch, source, regions[source.level])))
        # Tasks of its name that did not run were in a cache; if there are none, they were merged with others.
        if source.held or not any((source.name, *index) in graph for graph in watch.graphs for index in taken[:1]):
            parts += [(source, index) for index in taken]
    yield from _shared(watch, parts)


def _shared(watch: _Watch, parts: list[tuple[_Source, tuple[int, ...]]]) -> Iterator[_Chunk]:
    each = watch.seconds / max(1, len(parts))
    for source, index in parts:
        yield _Chunk(source.level, index, each, source.chunk_bytes(index), watch.time, SHARE)


def _spans(watch: _Watch, source: _Source, region: Region, others: bool = False) -> list[tuple[int, int]]:
    """Return the first and the last pixel that a slice took of a level along each axis of the array.

    others says that it took all of the axes that are not on the screen.
    """
    spans = [(0, length - 1) for length in source.shape]
    for axis, first, last in zip(region.axes, region.first, region.last):
        spans[axis] = (max(0, first), min(last, source.shape[axis] - 1))
    if others or watch.data_slice is None:
        return spans
    full = watch.known.shapes[0]
    for axis, (point, left, right) in enumerate(
        zip(watch.data_slice.point, watch.data_slice.margin_left, watch.data_slice.margin_right)
    ):
        if axis in region.axes or math.isnan(point):
            continue
        factor = full[axis] / max(1, source.shape[axis])
        left, right = (0.0 if math.isnan(m) else m for m in (left, right))
        low, high = (min(max(0, round(x / factor)), source.shape[axis] - 1) for x in (point - left, point + right))
        spans[axis] = (low, high)
    return spans


@contextlib.contextmanager
def _dask_tasks(watch: _Watch) -> Iterator[None]:
    """Look on while dask computes in this thread."""
    if not any(source.name is not None for source in watch.arrays):
        yield
        return
    try:
        from dask.callbacks import Callback
    except ImportError:
        yield
        return
    thread, clock = threading.get_ident, time.perf_counter
    begun, ended = watch.begun.append, watch.ended.append

    def start(graph: Any) -> None:
        if thread() == watch.thread:
            watch.graphs.append(graph)

    # Called for each task, so they only note.
    def before(key: Any, _graph: Any, _state: Any) -> None:
        begun((key, thread(), clock()))

    def after(key: Any, _result: Any, _graph: Any, _state: Any, _worker: Any) -> None:
        ended((key, thread(), clock()))

    with Callback(start=start, pretask=before, posttask=after):
        yield


# The method of napari's that makes a slice request.
_MAKE = "_make_slice_request_internal"


class Loads:
    """The loads of one picture: of a layer that is there, told from tell_to on."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self._id = ""
        self._send: Callable[[str, list[dict[str, Any]]], None] = lambda topic, values: None
        self._changed: Callable[[], None] = lambda: None
        self.watched: Callable[[], bool] = lambda: False
        self._early: list[_Watch] | None = []  # slices from before tell_to, None after it
        self._lock = threading.Lock()
        self._owner: Any = None
        self._known = _Known()
        self.since = time.time()  # when counting began
        self.count = 0
        self.nbytes = 0
        self.reloads = 0
        self.how: str | None = None  # the coarsest way in which the newest slice's loads were seen
        self.region: tuple[int, Region] | None = None  # level and region of the newest slice that has come
        self._reloaded: dict[tuple[int, tuple[int, ...]], float] = {}  # (level, chunk on the screen) -> when
        self._watch()

    def tell_to(
        self,
        id: str,
        send: Callable[[str, list[dict[str, Any]]], None],
        changed: Callable[[], None],
        watched: Callable[[], bool],
    ) -> None:
        """Count from now on, what has been noted before included.

        send(topic, values) and changed() are called in a thread of our own, changed only while watched(), which says
        whether somebody looks.
        """
        self._id, self._send, self._changed, self.watched = id, send, changed, watched
        early, self._early = self._early, None
        for watch in early or ():
            _counting.put(watch)

    def _watch(self) -> None:
        owner = getattr(self.layer, "_slicing_state", self.layer)
        original = getattr(owner, _MAKE, None)
        if original is None:
            missing("slice request", "loads are not timed")
            return

        def make(*args: Any, **kwargs: Any) -> Any:
            watch = self._first()
            if watch is None:
                return _Request(original(*args, **kwargs), self)
            with watch.looking():
                request = original(*args, **kwargs)
            self._made(watch, request)
            return _Request(request, self)

        setattr(owner, _MAKE, make)
        self._owner = owner

    def _first(self) -> _Watch | None:
        """Return what looks on while the first request of a layer's data is made, None later.

        Then napari may read the level for thumbnails, to keep it.
        """
        try:
            data = self.layer.data
            if self._known.data is not data:
                self._known = _Known(data)
            known = self._known
            if known.made or not getattr(self.layer, "multiscale", False):
                return None
            known.made = True
            watch = _Watch(self, known)
            watch.kept = True
            watch.arrays.append(self._source(known, len(data) - 1))
            return watch
        except Exception:
            say_once("slice request", "a slice could not be timed", error=True)
            return None

    def _made(self, watch: _Watch, request: Any) -> None:
        try:
            watch.asked(request)
            # Whole, whatever is on the screen.
            watch.level, watch.corners, watch.multiscale = watch.arrays[0].level, None, False
            if watch.level == watch.thumbnail and (watch.reads or watch.graphs):
                self._note(watch)
        except Exception:
            say_once("slice response", "a slice could not be counted", error=True)

    def _source(self, known: _Known, level: int) -> _Source:
        if level not in known.sources:
            known.sources[level] = _Source(compat.level_data(self.layer, level), level)
        return known.sources[level]

    def _note(self, watch: _Watch) -> None:
        if watch.known.shapes is None:
            watch.known.shapes = [tuple(int(n) for n in shape) for shape in compat.level_shapes(self.layer)]
        early = self._early
        if early is None:
            _counting.put(watch)
        elif len(early) < _NewLayers.MOST:
            early.append(watch)

    def close(self) -> None:
        """Leave the layer as it was."""
        if self._owner is not None:
            self._owner.__dict__.pop(_MAKE, None)
            self._owner = None

    def forget(self) -> None:
        """Forget what was loaded: the layer has other data now."""
        with self._lock:
            self._known = _Known(self.layer.data)
            self._reloaded.clear()
            self.region = None

    def reloaded(self, level: int, span: float) -> tuple[list[tuple[int, ...]], float | None]:
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
        """Cut the slice, and note what that does."""
        try:
            watch = self._prepare(request)
        except Exception:
            say_once("slice request", "a slice could not be timed", error=True)
            return request()
        with watch.looking():
            response = request()
        try:
            watch.nbytes = _loaded_bytes(response)
            self._note(watch)
        except Exception:
            say_once("slice response", "a slice could not be counted", error=True)
        return response

    def _prepare(self, request: Any) -> _Watch:
        known = self._known
        watch = _Watch(self, known)
        watch.asked(request)
        for at, name in ((watch.level, "data_at_data_level"), (watch.thumbnail, "data_at_thumbnail_level")):
            # Levels that napari keeps in memory itself are not loaded.
            data = getattr(request, name, None)
            if isinstance(data, np.ndarray):
                if at == watch.level:
                    watch.in_memory = not isinstance(data, np.memmap)
                    if at not in known.given:
                        known.given[at] = isinstance(compat.level_data(self.layer, at), np.ndarray)
                continue
            if any(source.level == at for source in watch.arrays):
                continue
            watch.arrays.append(self._source(known, at))
        return watch

    # In our own thread.

    def finish(self, watch: _Watch) -> list[dict[str, Any]]:
        """Count what a slice has loaded, and return the messages about it."""
        known, level = watch.known, watch.level
        region = _region(watch, level)
        regions = {level: region}
        for source in watch.arrays:
            if source.level != level:
                regions[source.level] = _whole(watch, region, source.level)
        single = any(source.watched for source in watch.arrays) and (
            bool(watch.reads or watch.graphs) or all(source.name is None for source in watch.arrays)
        )
        chunks = [*_zarr_chunks(watch, regions), *_dask_chunks(watch, regions)] if single else []
        messages: list[dict[str, Any]] = []
        reloads, nbytes, how = 0, 0, None
        with self._lock:
            if single:
                loaded: dict[int, set[tuple[int, ...]]] = {source.level: set() for source in watch.arrays}
                rest: dict[tuple[int, bool], int] = {}
                held = {source.level for source in watch.arrays if source.held}
                for chunk in chunks:
                    again = chunk.level not in held and self._had(watch, chunk, region)
                    loaded[chunk.level].add(chunk.at)
                    if again:
                        reloads += 1
                        if chunk.level == level:
                            key = tuple(chunk.at[axis] for axis in region.axes)
                            self._reloaded[level, key] = time.monotonic()
                    nbytes += chunk.nbytes
                    how = SHARE if SHARE in (how, chunk.how) else chunk.how
                    if len(messages) < MOST_MESSAGES:
                        messages.append(self._message(chunk.time, chunk.nbytes, chunk.seconds, chunk.level, chunk.how, again))
                    else:
                        rest[chunk.level, again] = rest.get((chunk.level, again), 0) + chunk.nbytes
                count = len(chunks)
                for (at, again), more in rest.items():
                    messages.append(self._message(watch.time, more, watch.seconds, at, SLICE, again))
                known.loaded.update(loaded)
            else:
                cached = watch.in_memory and not known.given.get(level, False)
                count = 1 if watch.nbytes and not cached else 0
                before = known.before.get(level)
                again = not watch.in_memory and before is not None and before.covers(region)
                if count:
                    reloads, nbytes, how = int(again), watch.nbytes, SLICE
                    messages.append(self._message(watch.time, nbytes, watch.seconds, level, SLICE, again))
            if len(self._reloaded) > 4 * MOST_MESSAGES:  # nobody has asked for a while
                newest = sorted(self._reloaded.items(), key=lambda item: item[1])[-MOST_MESSAGES:]
                self._reloaded = dict(newest)
            known.before.update(regions)
            if known is self._known and not watch.kept:
                self.region = (level, region)
            self.count += count
            self.nbytes += nbytes
            self.reloads += reloads
            self.how = how or self.how
        return messages

    def tell(self, messages: list[dict[str, Any]]) -> None:
        """Say what was counted."""
        if messages:
            self._send("load_chunk", messages)
        if self.watched():
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

    def _had(self, watch: _Watch, chunk: _Chunk, region: Region) -> bool:
        known = watch.known
        if chunk.at in known.loaded.get(chunk.level, ()):
            return True
        before = known.before.get(chunk.level)
        source = known.sources.get(chunk.level)
        if before is None or before.place != region.place or source is None or source.chunks is None:
            return False
        for axis, first, last in zip(before.axes, before.first, before.last):
            along = source.chunks.axes[axis]
            if not along.chunk_of(first) <= chunk.at[axis] <= along.chunk_of(last):
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


def _region(watch: _Watch, level: int) -> Region:
    axes = tuple(int(axis) for axis in watch.slice_input.displayed)
    point = getattr(watch.data_slice, "point", ())
    margins = [getattr(watch.data_slice, side, ()) for side in ("margin_left", "margin_right")]
    place = (axes, *(_rounded(p) for p in point), *(_exact(m) for side in margins for m in side))
    shape = watch.known.shapes[level]
    if watch.multiscale and len(axes) == 2 and watch.corners is not None:
        corners = watch.corners
        first = tuple(int(corners[0, axis]) for axis in axes)
        last = tuple(int(min(corners[1, axis], shape[axis] - 1)) for axis in axes)
    else:
        first = (0,) * len(axes)
        last = tuple(shape[axis] - 1 for axis in axes)
    return Region(place, axes, first, last)


def _whole(watch: _Watch, region: Region, level: int) -> Region:
    last = tuple(watch.known.shapes[level][axis] - 1 for axis in region.axes)
    return Region(region.place, region.axes, (0,) * len(region.axes), last)


def _rounded(x: float) -> int | None:
    return None if math.isnan(x) else round(x)


def _exact(x: float) -> float | None:
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
