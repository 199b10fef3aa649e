"""Writes pickles of many values, and what they should decode to, as JSON lines.

    python generate.py > numpy1.jsonl      # once a NumPy to be covered
    python generate.py --no-numpy > python.jsonl

Each line is {"name", "protocol", "pickle": base64, "want": plain value}. The
wanted value is made here, by Python, the way package pickle's Plain says it:
tuples and sets are lists, keys strings, bytes text with \\xNN for what is none, integers
beyond 2**53 strings, since JSON as Go reads it has not their digits. NaN and the infinities, which JSON lacks, are {"float": "nan"}.
"""
import base64
import collections
import datetime
import decimal
import json
import math
import pickle
import queue
import sys
import uuid

UTC = datetime.timezone.utc


def plain(v):
    if v is None or isinstance(v, (bool, str)):
        return v
    if isinstance(v, int):
        return v if abs(v) <= 2**53 else str(v)
    if isinstance(v, float):
        return v if math.isfinite(v) else {"float": str(v)}
    if isinstance(v, complex):
        return [plain(v.real), plain(v.imag)]
    if isinstance(v, (bytes, bytearray)):
        s = v.replace(b"\\", b"\\\\").decode(errors="backslashreplace")
        return "".join(f"\\x{ord(c):02x}" if c < " " and c not in "\n\t\r" or c == "\x7f" else c for c in s)
    if isinstance(v, datetime.datetime):
        s = v.isoformat()
        if v.tzinfo is None:
            s += "Z"
        s = s.replace("+00:00", "Z")
        if "." in s:  # Go drops trailing zeros of the fraction
            head, tail = s.split(".")
            n = len(tail) - len(tail.lstrip("0123456789"))
            s = head + "." + tail[:n].rstrip("0") + tail[n:]
        return s
    if isinstance(v, datetime.date):
        return v.isoformat() + "T00:00:00Z"
    if isinstance(v, datetime.timedelta):
        return v.total_seconds()
    if isinstance(v, dict):
        return {key(k): plain(e) for k, e in v.items()}
    if isinstance(v, (list, tuple, set, frozenset, collections.deque)):
        return [plain(e) for e in v]
    raise TypeError(type(v))


def key(k):
    if isinstance(k, str):
        return k
    if isinstance(k, (bool, int, float)) or k is None:
        return json.loads(json.dumps(list(json.loads(json.dumps({k: 0})))[0]))
    if isinstance(k, tuple):
        return repr(k)
    raise TypeError(type(k))


def same(v):
    return v, plain(v)


def instance(cls, *args, **parts):
    return dict({"class": cls, "args": plain(list(args))} if args else {"class": cls}, **parts)


def values():
    shared = ["shared"]
    yield "scalars", *same([None, True, False, 0, 1, -1, 255, 256, 65535, 65536, -2**31, 2**31, 2**53, 2**53 + 1, -2**53 - 1])
    yield "longs", *same([2**62, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 2**100, -(2**100), 2**2000, -(2**2047), 10**300])
    yield "floats", *same([0.0, -0.0, 1.5, -1e300, 5e-324, math.pi, float("nan"), float("inf"), float("-inf")])
    yield "text", *same(["", "a", "ä", "日本語", "😀", "x" * 255, "y" * 256, "line\nline\\u0041", "\x00\x7f"])
    yield "bytes", *same([b"", b"abc", bytes(range(256)), b"z" * 300, bytearray(b"array"), bytearray()])
    yield "tuples", *same([(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),))])
    yield "lists", *same([[], [1], list(range(1100)), [[[[]]]]])
    yield "dicts", *same({"": {}, "a": 1, 1: "int", -5: "neg", 2.5: "float", None: "none", True: "one again", (1, "x"): "tuple"})
    yield "big dict", *same({"k%d" % i: i for i in range(1200)})
    yield "sets", *same([set(), {7}, frozenset(), frozenset([8])])
    yield "shared", *same([shared, shared, {"again": shared}])
    yield "complex", *same([1 + 2j, complex(0, -1.5)])
    yield "collections", *same([
        collections.OrderedDict([("b", 1), ("a", 2)]), collections.defaultdict(list, x=[1]),
        collections.deque([1, 2, 3], 5), collections.deque(), collections.Counter("hello"),
    ])
    yield "datetimes", *same([
        datetime.datetime(2024, 2, 29, 23, 59, 58, 123456), datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 1, 2, 3),
        datetime.datetime(2024, 6, 1, 12, 0, tzinfo=UTC),
        datetime.datetime(2024, 6, 1, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=45))),
        datetime.date(2024, 2, 29), datetime.timedelta(days=-1, seconds=5, microseconds=7), datetime.timedelta(0),
    ])
    yield "exceptions", [ValueError("bad", 3), queue.Empty(), queue.Full()], [
        instance("builtins.ValueError", "bad", 3), instance("_queue.Empty"), instance("queue.Full")]  # Empty is the C one
    yield "objects", [decimal.Decimal("1.50"), datetime.time(1, 2, 3)], [
        instance("decimal.Decimal", "1.50"), instance("datetime.time", r"\x01\x02\x03\x00\x00\x00")]
    yield "class", [int, collections.OrderedDict, len], ["builtins.int", "collections.OrderedDict", "builtins.len"]
    u = uuid.UUID(int=5)
    yield "uuid", u, None  # only that it decodes: its state differs by version
    yield "frame_time", *same({"frame_time": {"time": 1700000000.125, "delta_ms": 16.75}})
    yield "views", [list({"a": 1}.items()), list({"a": 1})], [[["a", 1]], ["a"]]


def arrays(np):
    def a(v):
        v = np.asarray(v)
        return v, plain_array(v)

    def plain_array(v):
        if v.dtype.fields:
            if v.ndim:
                return [plain_array(e) for e in v]
            return {n: plain_array(v[n]) for n in v.dtype.names}
        if v.dtype.kind in "mM":
            if v.ndim:
                return [plain_array(np.asarray(e)) for e in v]
            if np.isnat(v):
                return None
            unit = np.datetime_data(v.dtype)[0]
            if unit == "generic":
                return int(v.astype("i8"))
            if v.dtype.kind == "m":
                return plain(float(v / np.timedelta64(1, "s")))
            ns = str(v.astype("M8[ns]"))
            head, _, tail = ns.partition(".")
            tail = tail.rstrip("0")
            return head + ("." + tail if tail else "") + "Z"
        return plain(v.tolist())

    rng = np.random.RandomState(1)
    for name, dt in [(k, k) for k in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()]:
        for order in "<>":
            base = (rng.rand(3, 4) * 200 - (0 if dt[0] in "bu" else 100)).astype(order + dt)
            yield "array " + order + name, *a(base)
    yield "array u8 max", *a(np.array([2**64 - 1, 0, 2**63], "u8"))
    yield "array f4 special", *a(np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], "f4"))
    yield "array f2 special", *a(np.array([np.nan, np.inf, -np.inf, 6e-8, 65504], "f2"))
    f = np.asfortranarray(np.arange(12).reshape(3, 4))
    yield "fortran", *a(f)
    yield "fortran >f4 3d", *a(np.asfortranarray(np.arange(24, dtype=">f4").reshape(2, 3, 4)))
    yield "transposed 3d", *a(np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2))
    yield "strided", *a(np.arange(20).reshape(4, 5)[::2, 1::2])
    yield "empty", *a(np.zeros((0, 2), "i8", order="F"))
    yield "0-d", *a(np.array(5.5))
    yield "ones", *a(np.ones((1, 1, 1, 1), "u1"))
    yield "text U", *a(np.array([["ab", "ä😀"], ["", "x\0y"]]))
    yield "text >U", *a(np.array(["ab", "cde"], ">U3"))
    yield "bytes S", *a(np.array([b"ab", b"", b"cde"]))
    yield "datetime64", *a(np.array(["2024-02-29T12:34:56.789012345", "NaT", "1969-12-31T23:59:59.5"], "M8[ns]"))
    for unit in "Y M W D h m s ms us".split():
        yield "datetime64 " + unit, *a(np.array(["2024-02-29", "1960-05-01"], "M8[%s]" % unit))
    yield "datetime64 25s", *a(np.array([0, 100], "M8[25s]"))
    yield "timedelta64", *a(np.array([1500, -1500, 0], "m8[ms]"))
    yield "timedelta64 generic", *a(np.array([3], "m8"))
    rec = np.zeros(3, [("x", "<i4"), ("y", ">f8"), ("name", "U3"), ("sub", "i2", (2, 2)), ("in", [("a", "u1"), ("b", "f4")])])
    rec["x"] = [1, 2, 3]
    rec["y"] = 0.5
    rec["name"] = ["a", "bc", ""]
    rec["sub"] = np.arange(12).reshape(3, 2, 2)
    rec["in"]["b"] = 2.5
    yield "structured", *a(rec)
    yield "structured aligned", *a(np.zeros(2, np.dtype([("a", "u1"), ("b", "f8")], align=True)))
    yield "structured titles", *a(np.array([(1, 2)], [(("the title", "n"), "i8"), ("m", "i8")]))
    yield "recarray", np.rec.array([(1, 2.5), (3, 4.5)], names="n,v"), plain_array(np.array([(1, 2.5), (3, 4.5)], [("n", "i8"), ("v", "f8")]))
    yield "matrix", np.matrix([[1, 2], [3, 4]]), [[1, 2], [3, 4]]
    yield "scalars", [np.float64(1.5), np.float32(2.5), np.int64(-3), np.uint8(200), np.uint64(2**64 - 1), np.bool_(True), np.complex64(1 + 2j),
                      np.str_("text"), np.bytes_(b"by"), rec[1]], \
        [1.5, 2.5, -3, 200, str(2**64 - 1), True, [1.0, 2.0], "text", "by", plain_array(rec[1:2])[0]]
    yield "time scalars", [np.datetime64("2024-02-29T01:02:03.5", "us"), np.timedelta64(2, "h"), np.datetime64("NaT")], ["2024-02-29T01:02:03.5Z", 7200.0, None]
    yield "dtypes", [np.dtype("f8"), np.dtype(">i2"), np.dtype("M8[ms]"), np.dtype("U5")], ["<f8", ">i2", "<M8[ms]", "<U5"]
    dt = np.dtype("f4")
    yield "shared dtype", *same_arrays(plain_array, np.zeros(2, dt), np.ones((2, 2), dt))
    seen = np.asfortranarray(np.stack([np.repeat(np.arange(4), 5), np.tile(np.arange(5), 4)], 1).astype("i8"))
    poll = {"poll": {"layers": {140234866358208: {
        "tile_state": {"seen": seen, "corners": np.array([[0.5, 1.25], [1024.0, 2048.5]])},
        "tile_config": {"base_shape": (16384, 16384), "image_shape": (8192, 8192), "shape_in_tiles": [32, 32], "tile_size": 256, "level_index": 1},
    }}}}
    yield "poll", poll, {"poll": {"layers": {"140234866358208": {
        "tile_state": {"seen": seen.tolist(), "corners": [[0.5, 1.25], [1024.0, 2048.5]]},
        "tile_config": plain(poll["poll"]["layers"][140234866358208]["tile_config"])}}}}


def same_arrays(p, *arrays):
    return list(arrays), [p(a) for a in arrays]


def main():
    items = list(values()) if "--no-numpy" in sys.argv else None
    if items is None:
        import numpy
        items = list(arrays(numpy))
    for name, value, want in items:
        for protocol in range(6):
            print(json.dumps({"name": name, "protocol": protocol, "pickle": base64.b64encode(pickle.dumps(value, protocol)).decode(), "want": want},
                             allow_nan=False))


if __name__ == "__main__":
    main()
