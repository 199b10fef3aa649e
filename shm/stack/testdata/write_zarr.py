"""Writes OME-Zarr images in every way that webmon reads, by zarr-python, and says of each what is in it."""

import itertools
import json
import pathlib
import sys
import zipfile

import numcodecs
import numpy as np
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

folder = pathlib.Path(sys.argv[1])
raws = set()
number = itertools.count()
sizes = {"T": 2, "C": 3, "Z": 3, "Y": 33, "X": 27}
chunks = {"T": 1, "C": 1, "Z": 2, "Y": 16, "X": 20}


def pixels(shape, dtype):
    """Numbers that compress a little, of every size, with a part that is the fill value."""
    y, x = np.mgrid[: shape[-2], : shape[-1]]
    planes = np.arange(np.prod(shape[:-2], dtype=int)).reshape(*shape[:-2], 1, 1)
    values = (planes * 977 + y * x * 3 + (x % 7) * 11 + 120) % 65536
    values = values.astype("u2").view(np.int16).astype(dtype) if dtype != "uint16" else values.astype("u2")
    values[..., 16:32, :20] = 7
    return values


def tell(name, data, axes, voxel=(0, 0, 0), names=None):
    whole = data.reshape(data.shape + (1,) * (5 - data.ndim))
    order = axes + "".join(a for a in "TCZYX" if a not in axes)
    whole = whole.transpose([order.index(a) for a in "TCZYX"])
    raw = f"{data.dtype.name}-{axes}-{'x'.join(map(str, data.shape))}.raw"
    if raw not in raws:
        raws.add(raw)
        (folder / raw).write_bytes(np.ascontiguousarray(whole).astype(whole.dtype.newbyteorder("<")).tobytes())
    print(json.dumps({"name": name, "shape": whole.shape, "dtype": data.dtype.name, "raw": raw, "voxel": voxel, "names": names or []}))


def write(dtype, axes, version, *, at="0", name=None, group="", data=None, **how):
    """One image, whose array has what how says. A chunk that is all fill value is not written."""
    if data is None:
        data = pixels(tuple(sizes[a] for a in axes), dtype)
    name = name or f"{next(number)}.ome.zarr"
    root = zarr.open_group(folder / name, mode="a", zarr_format=version)
    if group:
        root = root.create_group(group)
    how.setdefault("chunks", tuple(chunks[a] for a in axes))
    array = root.create_array(at, shape=data.shape, dtype=how.pop("stored", data.dtype), fill_value=7, **how)
    array[...] = data
    kinds = {"T": "time", "C": "channel", "Z": "space", "Y": "space", "X": "space"}
    units = {"Z": "micrometer", "Y": "micrometer", "X": "nanometer", "T": "second"}
    scale = {"T": 1.0, "C": 1.0, "Z": 3.0, "Y": 0.5, "X": 120.0}
    said = [{"name": a.lower(), "type": kinds[a], **({"unit": units[a]} if a in units else {})} for a in axes]
    multiscales = [{
        "axes": said, "name": "image",
        "datasets": [{"path": at, "coordinateTransformations": [{"type": "scale", "scale": [scale[a] for a in axes]}]}],
        "coordinateTransformations": [{"type": "scale", "scale": [0.5 if a == "Z" else 1.0 for a in axes]}],
    }]
    omero = {"channels": [{"label": n, "color": "00FF00"} for n in ["SEP-GluA1", "dsRed", "DAPI"]]} if "C" in axes else None
    about = {"multiscales": multiscales, **({"omero": omero} if omero else {})}
    if version == 2:
        multiscales[0]["version"] = "0.4"
        root.attrs.update(about)
    else:
        root.attrs["ome"] = {"version": "0.5", **about}
    voxel = (1.5 if "Z" in axes else 0, 0.5, 0.12)
    tell(name, data, axes, voxel, [c["label"] for c in omero["channels"]] if omero else None)
    return name, data, voxel


numcodecs.blosc.use_threads = False
compressors = {"none": None, "zstd": numcodecs.Zstd(3), "gzip": numcodecs.GZip(5), "zlib": numcodecs.Zlib(1), "lz4": numcodecs.LZ4()}
for cname, shuffle in itertools.product(["lz4", "lz4hc", "zstd", "zlib", "blosclz"], [0, 1, 2]):
    compressors[f"{cname}{shuffle}"] = numcodecs.Blosc(cname, clevel=5, shuffle=shuffle)
# Blocks that are smaller than a chunk, of which only some are needed.
compressors["blocks"] = numcodecs.Blosc("lz4", clevel=5, shuffle=1, blocksize=512)
compressors["bit-blocks"] = numcodecs.Blosc("zstd", clevel=5, shuffle=2, blocksize=512)

# Zarr 2.
for dtype, compressor in itertools.product(["uint8", "uint16", "int16"], compressors.values()):
    write(dtype, "ZYX", 2, compressors=compressor)
for separator, order, axes in itertools.product("./", "CF", ["YX", "ZYX", "CYX", "TYX", "CZYX", "TZYX", "TCYX", "TCZYX"]):
    write("uint16", axes, 2, compressors=compressors["lz41"], order=order, chunk_key_encoding={"name": "v2", "separator": separator})
for stored, compressor in itertools.product([">u2", ">i2", "<i2", "|i1"], [None, compressors["zstd2"]]):
    write(np.dtype(stored).name, "ZYX", 2, compressors=compressor, stored=stored)
for shape in [(3, 33, 27), (1, 33, 27), (2, 3, 7), (5, 64, 64)]:
    write("uint16", "ZYX", 2, compressors=compressors["blocks"], chunks=shape)
    write("uint8", "ZYX", 2, compressors=compressors["lz42"], chunks=shape)

# Noise that comes again far away, in blocks of which the last one is shorter.
noise = np.random.default_rng(13).integers(0, 65536, (20, 300), "u2")
far = np.concatenate([noise, np.zeros((50, 300), "u2"), *[noise] * 5])[None].repeat(2, axis=0)
for cname, shuffle in itertools.product(["lz4", "lz4hc", "zstd", "zlib", "blosclz"], [0, 1, 2]):
    for blocksize in (0, 65520, 100000):
        compressor = numcodecs.Blosc(cname, clevel=9, shuffle=shuffle, blocksize=blocksize)
        write("uint16", "ZYX", 2, data=far, chunks=far.shape, compressors=compressor)

# Zarr 3.
codecs = [(), GzipCodec(level=5), ZstdCodec(level=3), ZstdCodec(level=1, checksum=True), (ZstdCodec(), Crc32cCodec()), Crc32cCodec()]
codecs += [BloscCodec(cname=c, shuffle=s) for c, s in itertools.product(["lz4", "lz4hc", "zstd", "zlib", "blosclz"], ["noshuffle", "shuffle", "bitshuffle"])]
for dtype, codec in itertools.product(["uint8", "uint16", "int16"], codecs):
    write(dtype, "ZYX", 3, compressors=codec)
for separator, axes in itertools.product("./", ["YX", "ZYX", "CZYX", "TCZYX", "ZCYX", "XYZ"]):
    write("uint16", axes, 3, compressors=ZstdCodec(), chunk_key_encoding={"name": "default", "separator": separator})
    write("uint16", axes, 3, compressors=ZstdCodec(), chunk_key_encoding={"name": "v2", "separator": separator})
for endian, compressor in itertools.product(["little", "big"], [(), BloscCodec(cname="lz4", shuffle="shuffle")]):
    write("uint16", "ZYX", 3, compressors=compressor, serializer=BytesCodec(endian=endian))
    write("int16", "ZYX", 3, compressors=compressor, serializer=BytesCodec(endian=endian), filters=TransposeCodec(order=(2, 0, 1)))
# Shards.
for dtype, compressor in itertools.product(["uint8", "uint16"], [(), ZstdCodec(), BloscCodec(cname="lz4", shuffle="bitshuffle"), GzipCodec()]):
    write(dtype, "CZYX", 3, compressors=compressor, shards=(1, 4, 32, 40))
for location, index in itertools.product(["start", "end"], [[BytesCodec()], [BytesCodec(), Crc32cCodec()]]):
    sharding = ShardingCodec(chunk_shape=(1, 16, 20), codecs=[BytesCodec(), ZstdCodec()], index_codecs=index, index_location=location)
    write("uint16", "ZYX", 3, chunks=(4, 32, 40), serializer=sharding, compressors=())

# A pyramid, of which the full resolution is read.
for version in (2, 3):
    name, data, voxel = write("uint16", "ZYX", version)
    root = zarr.open_group(folder / name)
    coarse = root.create_array("1", data=data[:, ::2, ::2])
    about = root.attrs.asdict()
    m = (about["ome"] if version == 3 else about)["multiscales"][0]
    m["datasets"].append({"path": "1", "coordinateTransformations": [{"type": "scale", "scale": [3, 1, 240]}]})
    root.attrs.update(about)
    tell(name, data, "ZYX", voxel)

# As bioformats2raw writes it: images below a folder.
write("uint8", "TCZYX", 2, name="raw.zarr", group="0")
zarr.open_group(folder / "raw.zarr").attrs["bioformats2raw.layout"] = 3

# In a zip, as it is and compressed, at its top and one folder deeper.
for version, method, top in itertools.product([2, 3], [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ["", "image.ome.zarr/"]):
    name, data, voxel = write("uint16", "CZYX", version, **({"shards": (1, 4, 32, 40)} if version == 3 else {}))
    zipped = f"{next(number)}.ome.zarr.zip"
    with zipfile.ZipFile(folder / zipped, "w", method) as z:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file():
                z.write(path, top + str(path.relative_to(folder / name)))
    tell(zipped, data, "CZYX", voxel, ["SEP-GluA1", "dsRed", "DAPI"])

# Arrays alone, as others keep images: their axes are guessed from how many there are.
for version, axes in itertools.product([2, 3], ["YX", "ZYX", "CZYX"]):
    data = pixels(tuple(sizes[a] for a in axes), "uint16")
    name = f"alone{next(number)}.zarr"
    zarr.create_array(folder / name, data=data, zarr_format=version, chunks=tuple(chunks[a] for a in axes))
    tell(name, data, axes)
data = pixels((2, 5, 33, 27), "uint16")
zarr.create_array(folder / "named.zarr", data=data, zarr_format=3, dimension_names=["t", "z", "y", "x"])
tell("named.zarr", data, "TZYX")
