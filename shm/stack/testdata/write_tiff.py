"""Writes TIFF stacks in every way that webmon reads, by tifffile and by Pillow (libtiff), and says of each what is in it."""

import itertools
import json
import pathlib
import sys

import numpy as np
import tifffile
from PIL import Image

folder = pathlib.Path(sys.argv[1])
raws = set()


def pixels(shape, dtype):
    """Numbers that compress a little, of every size, the same for a shape and dtype."""
    y, x = np.mgrid[: shape[-2], : shape[-1]]
    planes = np.arange(np.prod(shape[:-2])).reshape(*shape[:-2], 1, 1)
    values = (planes * 977 + y * x * 3 + (x % 7) * 11 + 120) % 65536
    values = np.where((x + y + planes) % 5 == 0, 0, values)
    return values.astype("u2").view("i2").astype(dtype) if dtype != "uint16" else values.astype("u2")


def tell(name, data, axes, voxel=(0, 0, 0), names=None):
    """data has the axes, a subset of TCZYX in any order."""
    whole = data.reshape(data.shape + (1,) * (5 - data.ndim))
    order = axes + "".join(a for a in "TCZYX" if a not in axes)
    whole = whole.transpose([order.index(a) for a in "TCZYX"])
    raw = f"{data.dtype}-{axes}-{'x'.join(map(str, data.shape))}.raw"
    if raw not in raws:
        raws.add(raw)
        (folder / raw).write_bytes(np.ascontiguousarray(whole).astype(whole.dtype.newbyteorder("<")).tobytes())
    print(json.dumps({"name": name, "shape": whole.shape, "dtype": str(data.dtype), "raw": raw, "voxel": voxel, "names": names or []}))


number = itertools.count()
ways = [(None, None), ("lzw", None), ("lzw", True), ("zlib", None), ("zlib", True), (32946, None), (32946, True), ("packbits", None)]
layouts = [{}, {"rowsperstrip": 1}, {"rowsperstrip": 7}, {"tile": (16, 48)}, {"tile": (80, 64)}]

# A page a slice.
for dtype, byteorder, big, (compression, predictor), layout in itertools.product(
    ["uint8", "uint16", "int16"], "<>", [False, True], ways, layouts
):
    data = pixels((3, 61, 43), dtype)
    name = f"plain{next(number)}.tif"
    tifffile.imwrite(
        folder / name, data, photometric="minisblack", byteorder=byteorder, bigtiff=big,
        compression=compression, predictor=predictor, metadata=None, **layout,
    )
    tell(name, data, "ZYX")

# ImageJ's, with the axes that it knows, and as it writes them without compression: behind each other.
for dtype, byteorder, axes, (compression, predictor) in itertools.product(
    ["uint8", "uint16"], "<>", ["YX", "ZYX", "CYX", "TYX", "ZCYX", "TZYX", "TZCYX"], [(None, None), ("lzw", True), ("zlib", None)]
):
    data = pixels(tuple({"T": 2, "Z": 4, "C": 3, "Y": 33, "X": 27}[a] for a in axes), dtype)
    name = f"imagej{next(number)}.tif"
    tifffile.imwrite(
        folder / name, data, imagej=True, byteorder=byteorder, resolution=(1 / 0.12, 1 / 0.25), compression=compression,
        predictor=predictor, metadata={"axes": axes, "spacing": 1.5, "unit": "um"},
    )
    tell(name, data, axes, (1.5, 0.25, 0.12))

# OME-TIFF in every order of its axes, which tifffile writes as OME's order of dimensions.
for dtype, big, axes, (compression, predictor), layout in itertools.product(
    ["uint8", "uint16"], [False, True], ["YX", "ZYX", "CZYX", "TCZYX", "TZCYX", "ZTCYX", "ZCTYX", "CTZYX", "CZTYX"],
    [(None, None), ("zlib", True), ("packbits", None)], [{}, {"tile": (16, 16)}],
):
    data = pixels(tuple({"T": 2, "Z": 4, "C": 3, "Y": 33, "X": 27}[a] for a in axes), dtype)
    name = f"{next(number)}.ome.tif"
    metadata = {"axes": axes, "PhysicalSizeX": 120, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.25, "PhysicalSizeZ": 1.5, "PhysicalSizeZUnit": "µm"}
    names = None
    if "C" in axes:
        names = ["SEP-GluA1", "dsRed", "DAPI"]
        metadata["Channel"] = {"Name": names}
    tifffile.imwrite(folder / name, data, ome=True, bigtiff=big, photometric="minisblack", compression=compression, predictor=predictor, metadata=metadata, **layout)
    tell(name, data, axes, (1.5, 0.25, 0.12), names)

# A pyramid: the coarser pictures are below the pages and are no slices.
data = pixels((4, 64, 64), "uint16")
with tifffile.TiffWriter(folder / "pyramid.ome.tif", ome=True) as writer:
    writer.write(data, subifds=1, tile=(16, 16), photometric="minisblack", metadata={"axes": "ZYX"})
    writer.write(data[:, ::2, ::2], subfiletype=1, tile=(16, 16), photometric="minisblack", metadata=None)
tell("pyramid.ome.tif", data, "ZYX")

# By tifffile without metadata of others, which says the shape in its own words; also with one page for all.
data = pixels((5, 33, 27), "uint16")
tifffile.imwrite(folder / "shaped.tif", data, photometric="minisblack")
tell("shaped.tif", data, "ZYX")
tifffile.imwrite(folder / "truncated.tif", data, photometric="minisblack", truncate=True)
tell("truncated.tif", data, "ZYX")

# With its axes, which it writes where it is told them.
for axes, truncate in itertools.product(["YX", "ZYX", "CYX", "TYX", "CZYX", "ZCYX", "TZCYX", "TCZYX"], [False, True]):
    data = pixels(tuple({"T": 2, "Z": 4, "C": 3, "Y": 33, "X": 27}[a] for a in axes), "uint16")
    name = f"axes{next(number)}.tif"
    tifffile.imwrite(folder / name, data, photometric="minisblack", truncate=truncate, metadata={"axes": axes})
    tell(name, data, axes)

# The same of ImageJ, as it writes what is larger than 4 GiB.
for axes, byteorder in itertools.product(["ZYX", "TZYX", "TZCYX"], "<>"):
    data = pixels(tuple({"T": 2, "Z": 4, "C": 3, "Y": 33, "X": 27}[a] for a in axes), "uint16")
    name = f"truncated{next(number)}.tif"
    tifffile.imwrite(folder / name, data, imagej=True, truncate=True, byteorder=byteorder, metadata={"axes": axes, "spacing": 2, "unit": "nm"}, resolution=(0.01, 0.01))
    tell(name, data, axes, (0.002, 0.1, 0.1))
data = pixels((5, 33, 27), "uint16")

# Of several images in one OME-TIFF the first is the stack.
with tifffile.TiffWriter(folder / "two.ome.tif", ome=True) as writer:
    writer.write(data, photometric="minisblack", metadata={"axes": "ZYX"})
    writer.write(data[0, :9, :9], photometric="minisblack", metadata={"axes": "YX"})
tell("two.ome.tif", data, "ZYX")

# Pages one after another, as a camera's program writes them.
with tifffile.TiffWriter(folder / "one-by-one.tif", bigtiff=True) as writer:
    for page in data:
        writer.write(page, contiguous=False, photometric="minisblack", metadata=None, rowsperstrip=8)
tell("one-by-one.tif", data, "ZYX")

# In centimetres, which is how others than ImageJ say how large a pixel is.
tifffile.imwrite(folder / "centimetres.tif", data, photometric="minisblack", metadata=None, resolution=(1e4 / 0.5, 1e4 / 0.25), resolutionunit="CENTIMETER")
tell("centimetres.tif", data, "ZYX", (0, 0.25, 0.5))

# By libtiff.
for dtype, compression in itertools.product(["uint8", "uint16"], [None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"]):
    data = pixels((3, 61, 143), dtype)
    name = f"pillow{next(number)}.tif"
    pages = [Image.fromarray(page) for page in data]
    pages[0].save(folder / name, save_all=True, append_images=pages[1:], compression=compression)
    tell(name, data, "ZYX")
