"""Makes up arrays, and with NumPy what must come of them.

    python oracle.py SEED CASES

Each case goes out as a line of JSON and then as blobs, each of them a length of eight bytes and so many
bytes: the array in C order; of a box of the coarser level the greatest magnitude of each block, as float64,
its values, those as the client gets them, and its values with the first axis running fastest.
"""

import itertools
import json
import sys

import numpy as np

SEED, CASES = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(SEED)
WHOLE = ["?", "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8"]
FLOATS = ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "g", "<c8", ">c8", "<c16", ">c16", "G"]
np.seterr(all="ignore")


def choose(options):
    return options[int(rng.integers(len(options)))]


def array(dtype, shape):
    """An array with many equal values, or with all bits there are, and of floats some that are not finite."""
    n = int(np.prod(shape))
    style = choose(["few", "any", "wide"])
    if dtype.kind == "b":
        a = rng.random(n) < rng.random()
    elif dtype.kind in "ui":
        info = np.iinfo(dtype)
        low, high = (max(info.min, -2), 3) if style == "few" else (info.min, info.max)
        a = rng.integers(low, high, n, dtype.newbyteorder("="), endpoint=True)
        if style == "wide":
            a[rng.random(n) < 0.8] = choose([info.min, info.max])
    else:
        a = rng.normal(0, 1 if style == "few" else 100, n).astype(dtype.newbyteorder("="))
        if dtype.kind == "c":
            a = a + 1j * rng.normal(0, 3, n).astype(a.real.dtype)
        if style == "wide":
            lost = rng.random(n)
            a[lost < 0.3] = np.nan
            a[lost < 0.03] = np.inf
            a[lost < 0.015] = -np.inf
    return a.astype(dtype).reshape(shape)


def mean(block):
    if block.dtype.kind in "bui":
        # In Python's own numbers: a half goes away from zero.
        total, count = sum(int(v) for v in block.ravel()), block.size
        whole = (2 * abs(total) + count) // (2 * count)
        return whole if total >= 0 else -whole
    return np.nanmean(np.abs(block) if block.dtype.kind == "c" else block.astype(np.longdouble, copy=False))


def mode(block):
    values, counts = np.unique(block, return_counts=True)
    return values[counts.argmax()]


def native(dtype):
    if dtype.kind == "c":
        return np.dtype("<f4" if dtype.itemsize == 8 else "<f8")
    if dtype.kind == "f":
        return np.dtype({2: "<f4", 4: "<f4"}.get(dtype.itemsize, "<f8"))
    return dtype.newbyteorder("<")


def client(a, labels, limits):
    """What the client gets of native values."""
    if a.dtype.kind == "b":
        return a.astype("u1")
    if a.dtype.itemsize < 8:
        return a
    if labels:
        return a.astype("<u8")
    if a.dtype.kind == "i" and limits:
        return a.clip(-(2**31), 2**31 - 1).astype("<i4")
    if a.dtype.kind == "u" and limits:
        return a.clip(0, 2**32 - 1).astype("<u4")
    return a.astype("<f4")


def blob(a):
    data = a.tobytes()
    sys.stdout.buffer.write(len(data).to_bytes(8, "little") + data)


for _ in range(CASES):
    labels = rng.random() < 0.4
    dtype = np.dtype(choose(WHOLE if labels or rng.random() < 0.5 else FLOATS))
    rank = int(rng.integers(1, 7))
    longest = [400, 40, 16, 9, 6, 4][rank - 1]
    shape = [int(rng.integers(1, longest, endpoint=True)) for _ in range(rank)]
    factors = [choose([1, 2, 2, 3, 4, int(rng.integers(1, 2 * n, endpoint=True))]) for n in shape]
    coarse = [-(-n // f) for n, f in zip(shape, factors)]
    start = [int(rng.integers(n)) for n in coarse]
    end = [int(rng.integers(s + 1, n, endpoint=True)) for s, n in zip(start, coarse)]
    a = array(dtype, shape)
    if rng.random() < 0.3:
        a = np.asfortranarray(a)
    limits = rng.random() < 0.5
    box = [e - s for s, e in zip(start, end)]
    out = np.empty(box, native(dtype))
    most = np.zeros(box)
    for at in itertools.product(*(range(n) for n in box)):
        where = tuple(slice((s + i) * f, (s + i + 1) * f) for s, i, f in zip(start, at, factors))
        block = a[where]
        if dtype.kind in "fc":
            sizes = np.abs(block.astype("c16" if dtype.kind == "c" else "f8"))
            most[at] = np.max(sizes[np.isfinite(sizes)], initial=0)
        out[at] = mode(block) if labels else mean(block)
    about = {"descr": a.dtype.str, "shape": shape, "factors": factors, "start": start, "end": end, "labels": bool(labels), "limits": bool(limits)}
    sys.stdout.buffer.write(json.dumps(about).encode() + b"\n")
    blob(np.ascontiguousarray(a))
    blob(most)
    blob(out)
    blob(client(out, labels, limits))
    blob(np.frombuffer(out.tobytes(order="F"), "u1"))
