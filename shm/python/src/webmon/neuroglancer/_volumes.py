"""What a viewer shows of the script's own data: volumes of the process, with the options of Neuroglancer's client."""

from __future__ import annotations

import hashlib
import logging
import math
import operator
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from neuroglancer import local_volume, viewer_state

from .._process import Process
from .._volume import SharedVolume
from ._link import Link, Refused

__all__ = ["Volumes"]

log = logging.getLogger("webmon")

_PROMPT = 1.0  # seconds that webmon may take to tell the browsers what was invalidated
_AGAIN = 0.5  # seconds between two times that a script waits for that
_SPARED = 10.0  # seconds without, after a time that webmon has not answered
_OTHERWISE = (OSError, Refused, ValueError)  # upon which browsers hear of it as of other volumes, within a second

_TOKEN = re.compile(r"[0-9A-Za-z_-]{1,64}")


def checked_token(token: Any) -> str:
    """Return the token of a viewer. Raises ValueError for what cannot stand in an address."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ValueError(f"the token of a viewer is a text of 1 to 64 letters, digits, hyphens and underscores, not {str(token)[:80]!r}")
    return token


class Volumes:
    """The volumes of one viewer.

    Parameters
    ----------
    process
        Which offers them.
    token
        Of the viewer.
    link
        To webmon.
    """

    def __init__(self, process: Process, token: str, link: Link) -> None:
        self._process = process
        self._token = token
        self._link = link
        self._lock = threading.Lock()  # guards the next three
        self._untold: set[str] = set()  # tokens of volumes of whose last change webmon was not told in a request
        self._told = -math.inf  # when it was last told
        self._spared = -math.inf  # until when it is not, because it did not answer
        self._labelled: set[str] = set()  # tokens of volumes that are in layers of labels alone
        self._offered: dict[str, SharedVolume] = {}  # by the tokens of the volumes
        self._counts: dict[str, int] = {}  # how often each was said to have changed

    def become(self, volumes: dict[str, Any]) -> None:
        """Offer these volumes, by their tokens, and no others.

        Raises TypeError or ValueError for one that cannot be shown.
        """
        for token in [token for token in self._offered if token not in volumes]:
            self._counts.pop(token, None)
            self._offered.pop(token).close()
        for token, volume in list(volumes.items()):
            if token in self._offered:
                continue
            try:
                make = self._voxels if isinstance(volume, local_volume.LocalVolume) else self._skeletons
                self._offered[token] = make(volume)
                self._counts[token] = volume.change_count
            except BaseException:
                del volumes[token]
                raise

    def changed(self, volumes: dict[str, Any]) -> None:
        """Tell of each volume that was invalidated."""
        for token, volume in list(volumes.items()):
            offered = self._offered.get(token)
            if offered is not None and self._counts.get(token) != volume.change_count:
                self._counts[token] = volume.change_count
                offered.changed()
                with self._lock:
                    self._untold.add(token)
        # The real package is done with its browsers' configuration when it returns. Twice a second is as often as
        # browsers can follow; in a faster loop they hear of the last change as of those of other volumes.
        if time.monotonic() >= self._told + _AGAIN:
            self.flush()

    def flush(self) -> None:
        """Have webmon tell the browsers of every change so far, before what they are told next. It takes little more than a second at most."""
        with self._lock:
            now = time.monotonic()
            if not self._untold or now < self._spared or not self._link.connected:
                return
            told, self._untold, self._told = self._untold, set(), now
        versions = {token: offered.version for token, offered in list(self._offered.items()) if token in told}
        if not versions:
            return
        try:
            self._link.changed(versions, _PROMPT)
        except _OTHERWISE as error:
            log.debug("webmon was not told of a change in a request: %s", error)
            with self._lock:
                self._spared = time.monotonic() + _SPARED
                self._untold |= told

    def used(self, layers: Any) -> None:
        """Note in which layers of a state the script's own volumes are, before they are offered."""
        in_labels: set[str] = set()
        elsewhere: set[str] = set()
        for managed in layers or ():
            layer = getattr(managed, "layer", None)
            for source in getattr(layer, "source", None) or ():
                volume = getattr(source, "url", None)
                if isinstance(volume, local_volume.LocalVolume):
                    (in_labels if isinstance(layer, viewer_state.SegmentationLayer) else elsewhere).add(volume.token)
        self._labelled = in_labels - elsewhere

    def name(self, layers: Any) -> None:
        """Call the volumes what the layers that show them are called."""
        if not isinstance(layers, list):
            return
        for layer in layers:
            if not isinstance(layer, dict) or not isinstance(layer.get("name"), str):
                continue
            sources = layer.get("source")
            for source in sources if isinstance(sources, list) else [sources]:
                url = source.get("url") if isinstance(source, dict) else source
                if isinstance(url, str) and url.startswith("python://"):
                    offered = self._offered.get(url.rpartition(".")[2])
                    if offered is not None:
                        try:
                            offered.update(title=layer["name"])
                        except (TypeError, ValueError) as error:
                            log.debug("a volume is not called %r: %s", layer["name"], error)

    def close(self) -> None:
        """Offer none any more."""
        self.become({})

    def _name(self, token: str) -> str:
        return "neuroglancer." + hashlib.sha256(f"{self._token}.{token}".encode()).hexdigest()[:16]

    def _voxels(self, volume: Any) -> SharedVolume:
        dimensions = volume.dimensions
        kind = np.dtype(volume.data.dtype).kind
        labels = volume.volume_type == "segmentation" or (volume.token in self._labelled and kind in "biu")
        if labels and kind not in "biu":
            raise TypeError(f"a segmentation is of whole numbers, and the data are {np.dtype(volume.data.dtype)}: give volume_type='image', or convert them")
        client = {
            "viewer": self._token,
            "token": volume.token,
            "voxel_offset": [int(x) for x in volume.voxel_offset],
            "chunk_layout": volume.chunk_layout,
            "downsampling": volume.downsampling_layout,
            "max_downsampling": _whole(volume.max_downsampling),
            "max_downsampled_size": _whole(volume.max_downsampled_size),
            "max_downsampling_scales": _whole(volume.max_downsampling_scales),
            "max_voxels_per_chunk_log2": _whole(volume.max_voxels_per_chunk_log2),
            # The others hold the same values, and are no gain on the way from webmon.
            "encoding": "jpeg" if volume.encoding == "jpeg" else "raw",
            "coordinates": _coordinates(dimensions),
        }
        meshes = _meshes(volume)
        if meshes is None:
            meshes = _simplified(volume, client)
        return self._process._volume(
            self._name(volume.token), data=_data(volume), axes=list(dimensions.names), kind="labels" if labels else "image",
            scale=_scales(dimensions), units=[unit or "" for unit in dimensions.units], channels=-1, mesh=meshes,
            client={key: value for key, value in client.items() if value is not None},
        )  # fmt: skip

    def _skeletons(self, source: Any) -> SharedVolume:
        dimensions = source.dimensions
        if dimensions.rank != 3:
            raise ValueError(f"skeletons lie in three dimensions, and these in {dimensions.rank}")
        offset = np.asarray(source.voxel_offset, np.float64)
        whole = bool((offset == np.round(offset)).all()) and bool((np.abs(offset) < 1 << 31).all())
        kinds = {name: (np.dtype(info.data_type), int(info.num_components)) for name, info in source.vertex_attributes.items()}

        def get(label: int) -> Any:
            made = source.get_skeleton(label)
            if made is None:
                return None
            given = made.vertex_attributes or {}
            count = len(made.vertex_positions)
            attributes = {name: np.asarray(given[name], dtype).reshape(count, components) for name, (dtype, components) in kinds.items()}
            return np.asarray(made.vertex_positions) + (0 if whole else offset), made.edges, attributes

        client: dict[str, Any] = {"viewer": self._token, "token": source.token}
        if whole:
            client["voxel_offset"] = [int(x) for x in offset]
        return self._process._volume(
            self._name(source.token), lines=lambda: (np.zeros((0, 3), np.float32), np.zeros((0, 2), np.uint32)),
            attributes={name: np.zeros((0, components), dtype) for name, (dtype, components) in kinds.items()},
            axes=list(dimensions.names), scale=[float(x) for x in dimensions.scales], units=list(dimensions.units), skeletons=get, client=client,
        )  # fmt: skip


def _whole(value: Any) -> int | None:
    """Return a number of an option, None for no limit."""
    return None if value is None or math.isinf(value) else int(value)


def _scales(dimensions: Any) -> list[float]:
    """Return the scale of each axis. Those whose positions have names need none."""
    scales = [float(x) for x in dimensions.scales]
    return [1.0 if array is not None and math.isnan(x) else x for x, array in zip(scales, dimensions.coordinate_arrays)]


def _coordinates(dimensions: Any) -> list[Any] | None:
    """Return the names of positions along each axis, None if none has any."""
    arrays = dimensions.coordinate_arrays
    if all(array is None for array in arrays):
        return None
    named = [None if array is None else array.to_json() for array in arrays]
    try:
        return [None if one is None else [[int(x) for x in one["coordinates"]], [str(x) for x in one["labels"]]] for one in named]
    except (TypeError, ValueError, OverflowError) as error:
        log.warning("the positions of an axis have no names, because these are not at whole numbers: %s", error)
        return None


def _simplified(volume: Any, client: dict[str, Any]) -> Callable[[int], Any] | None:
    """Put into client how the meshes of a volume are simplified. Where its options are wrong, return what says so when a mesh is wanted.

    The package's own mesher says what is wrong, where it is there.
    """
    options = getattr(volume, "_mesh_options", None)
    if not options:
        return None
    try:
        try:
            from neuroglancer import _neuroglancer
        except ImportError:
            pass
        else:
            _neuroglancer.OnDemandObjectMeshGenerator(np.zeros((1, 1, 1), np.uint8), (1.0, 1.0, 1.0), np.zeros(3), **options)
        left = dict(options)
        error, angle, fixed = left.pop("max_quadrics_error", None), left.pop("max_normal_angle_deviation", None), left.pop("lock_boundary_vertices", None)
        if left:
            raise TypeError(f"{next(iter(left))!r} is none of mesh_options: max_quadrics_error, max_normal_angle_deviation, lock_boundary_vertices")
        if error is not None:
            client["mesh_error"] = _voxels_of(float(error), volume.dimensions.scales)
        if angle is not None and not math.isnan(float(angle)):
            client["mesh_angle"] = min(max(float(angle), 0.0), 90.0)
        if fixed is not None and operator.index(fixed):
            client["mesh_fixed"] = True
    except (TypeError, ValueError, OverflowError) as error:
        why = error
        log.warning("a volume has no meshes, because of its mesh_options: %s", why)

        def fail(label: int) -> Any:
            raise type(why)(f"mesh_options: {why}")

        return fail
    return None


def _voxels_of(error: float, scales: Any) -> float:
    """Return how far in voxels a surface may be from the whole one for the greatest error of a quadric that the package allows; -1: no simplification.

    There an edge costs the sum of squared distances from planes, each weighted by the area of its triangle, at each of its three corners; it
    may be the given number times the square of a voxel's volume, all in the units of the axes. webmon gives each corner a third, and counts in voxels.
    """
    if not error >= 0:
        return -1.0
    side = float(np.prod(np.abs(np.asarray(scales, np.float64)[-3:]))) ** (1 / 3)
    voxels = side * math.sqrt(error / 3)
    return min(voxels, 1e6) if voxels == voxels else 1e6


def _data(volume: Any) -> Any:
    """Return what boxes are cut out of."""
    data = volume.data
    # The package's readers know dask, h5py and zarr by their types.
    return data._data if type(data) is local_volume.DataWrapper else data


def _meshes(volume: Any) -> Callable[[int], Any] | None:
    """Return what gives the script's own meshes in voxels, None if webmon is to make them."""
    own = getattr(volume.get_object_mesh, "__func__", volume.get_object_mesh)
    if own is local_volume.LocalVolume.get_object_mesh:
        return None
    scales = np.asarray(volume.dimensions.scales, np.float64)

    def get(label: int) -> Any:
        try:
            encoded = volume.get_object_mesh(label)
        except (local_volume.InvalidObjectIdForMesh, local_volume.MeshesNotSupportedForVolume, local_volume.MeshImplementationNotAvailable):
            return None
        return None if encoded is None else decoded(encoded, scales)

    return get


def decoded(encoded: Any, scales: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return vertices, in voxels, and faces of a mesh as Neuroglancer has it. Raises ValueError for what is none."""
    data = bytes(encoded)
    count = int(np.frombuffer(data, "<u4", 1)[0]) if len(data) >= 4 else -1
    if count < 0 or len(data) < 4 + 12 * count or (len(data) - 4 - 12 * count) % 12:
        raise ValueError(f"get_object_mesh returned {len(data)} bytes, which are no mesh: the number of vertices as uint32, float32 vertices, uint32 faces")
    vertices = np.frombuffer(data, "<f4", 3 * count, 4).reshape(-1, 3) / scales
    return vertices, np.frombuffer(data, "<u4", -1, 4 + 12 * count).reshape(-1, 3)


