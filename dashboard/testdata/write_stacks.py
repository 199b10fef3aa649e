"""Writes a stack of each kind by tifffile and by zarr-python, and says of each what is in it."""

import json
import pathlib
import sys

import numpy as np
import tifffile
import zarr

folder = pathlib.Path(sys.argv[1])


def pixels(shape, dtype):
    """Numbers of every size that compress a little."""
    y, x = np.mgrid[: shape[-2], : shape[-1]]
    planes = np.arange(np.prod(shape[:-2])).reshape(*shape[:-2], 1, 1)
    return ((planes * 977 + y * x * 3 + (x % 7) * 11 + 120) % 65536).astype("u2").view("i2").astype(dtype)


def tell(name, data, axes, voxel=(0, 0, 0), names=None):
    whole = np.ascontiguousarray(data.reshape(tuple(data.shape[axes.index(a)] if a in axes else 1 for a in "TCZYX")))
    (folder / (name + ".raw")).write_bytes(whole.astype(whole.dtype.newbyteorder("<")).tobytes())
    print(json.dumps({"name": name, "shape": whole.shape, "dtype": data.dtype.name, "raw": name + ".raw", "voxel": voxel, "names": names or []}))


for name, shape, axes, dtype, how in [
    ("plain.tif", (5, 40, 50), "ZYX", "uint8", {}),
    ("lzw.tif", (3, 40, 50), "ZYX", "uint16", {"compression": "lzw", "predictor": True, "rowsperstrip": 7}),
    ("signed.tif", (3, 40, 50), "ZYX", "int16", {"compression": "zlib"}),
]:
    data = pixels(shape, dtype)
    tifffile.imwrite(folder / name, data, photometric="minisblack", metadata={"axes": axes}, **how)
    tell(name, data, axes)

data = pixels((4, 2, 40, 50), "uint16")
tifffile.imwrite(folder / "fiji.tif", data, imagej=True, metadata={"axes": "ZCYX"})
tell("fiji.tif", data.transpose(1, 0, 2, 3), "CZYX")

data = pixels((2, 2, 3, 40, 50), "uint16")
tifffile.imwrite(folder / "times.ome.tif", data, photometric="minisblack", compression="zlib", tile=(32, 32), metadata={"axes": "TCZYX", "Channel": {"Name": ["GFP", "tdTomato"]}})
tell("times.ome.tif", data, "TCZYX", names=["GFP", "tdTomato"])

for name, version in [("two.ome.zarr", 2), ("three.ome.zarr", 3)]:
    data = pixels((2, 5, 40, 50), "uint16")
    axes = [{"name": "c", "type": "channel"}] + [{"name": a, "type": "space", "unit": "micrometer"} for a in "zyx"]
    scales = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 0.5, 0.25]}]}]}
    group = zarr.open_group(folder / name, mode="w", zarr_format=version)
    array = group.create_array("0", shape=data.shape, chunks=(1, 2, 16, 20), dtype=data.dtype)
    array[:] = data
    if version == 2:
        group.attrs["multiscales"] = [{"version": "0.4", **scales}]
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [scales]}
    tell(name, data, "CZYX", (2, 0.5, 0.25))
