"""The processes of the torture test (e2e/torture_test.go), good and hostile.

    torture.py good NAME         what people run: an array, events, a state, a control, a command
    torture.py KIND NAME SEED    one that does wrong, as KIND says, until it is killed

The kinds: bombs, mangled, silent, declarations, shared, keys, flood, segments.
Each announces itself as every process with the package does, and prints "ready" once it has.
"""

import functools
import os
import pickle
import random
import secrets
import sys
import threading
import time

import numpy as np

import webmon
from webmon import _announce
from webmon._resources import Data, Flag, Inbox, Mailbox, Notes
from webmon._server import Server

INF, NAN = float("inf"), float("nan")


def ready():
    print("ready", flush=True)


def good(name):
    """Count frames, events and a state up, and do what is asked. Every pixel of a frame is its number."""
    life = secrets.token_hex(4)
    webmon.serve(name=name)
    camera = webmon.share("camera", shape=(120, 160), dtype="uint16", axes="yx", units="um")
    values = {"gain": 1.0}

    def set_gain(value):
        values["gain"] = value

    webmon.control("gain", "float", 1.0, set=set_gain, min=0, max=1e9)
    # The one is for what is to be found in the record later, the other is what a flood sets.
    for other in ("kept", "noise"):
        webmon.control(other, "float", 1.0, set=functools.partial(values.__setitem__, other), min=0, max=1e9)

    @webmon.command
    def add(a: int, b: int) -> None:
        webmon.set("sum", {"a": a, "b": b, "sum": a + b})

    ready()
    frame = np.empty((120, 160), "uint16")
    n = 0
    due = time.perf_counter()
    while True:
        n += 1
        frame[:] = n & 0xFFFF
        camera.publish(frame)
        webmon.send("count", {"life": life, "n": n})
        if n % 5 == 0:
            webmon.set("clock", {"life": life, "n": n})
        due = max(due + 1 / 20, time.perf_counter() - 0.1)
        time.sleep(max(0.0, due - time.perf_counter()))


class Hostile:
    """A process without what keeps the package from saying nonsense."""

    def __init__(self, name, server=Server, messages=4096):
        self.data, self.messages, self.shutdown = Data(), Mailbox(messages), Flag()
        self.notes = Notes(lambda: None)
        self.key = secrets.token_hex(32)
        self.instance = secrets.token_hex(8)
        self.name = name
        self.hello()
        self.server = server(
            {
                "napari_data": self.data,
                "napari_messages": self.messages,
                "napari_shutdown": self.shutdown,
                "client_data": self.notes,
                "client_messages": Inbox(self.take, lambda: 0),
            },
            self.key.encode(),
        )
        self.server.start()

    def hello(self):
        self.data.values_["hello"] = {
            "protocol": 1,
            "name": self.name,
            "kind": "python",
            "pid": os.getpid(),
            "instance": self.instance,
            "python": "3.13.0",
            "napari": None,
            "package": "0.1.0",
            "asks": True,
        }

    def take(self, item):
        """Answer a command by anything but what is right."""
        self.messages.put_first({"command": random.choice([None, [], {}, {"id": "x"}, {"id": item, "status": "applied"}, {"id": NAN, "status": 7}])})

    def announce(self):
        self.announcement = announce(self.name, self.server.address, self.key, self.instance)

    def tell(self, *names):
        self.messages.put_first({"webmon": {"changed": list(names)}})


def announce(name, address, key, instance):
    announcement = _announce.Announcement(
        {
            "protocol": 1,
            "name": name,
            "kind": "python",
            "pid": os.getpid(),
            "instance": instance,
            "address": address,
            "authkey": key,
            "started": time.time(),
        }
    )
    ready()
    return announcement


def nested(depth, value=()):
    for _ in range(depth):
        value = [value]
    return value


def laughs(levels, width=10):
    """Return a list that shares its items: a small pickle, and 10 ** levels of values to whoever writes them all out."""
    value = "ha" * 20
    for _ in range(levels):
        value = [value] * width
    return value


def bomb(rng):
    """Return bytes in the place of an answer."""
    head = b"\x80\x04"
    return rng.choice(
        [
            b"",
            os.urandom(rng.randrange(1, 200)),
            head + b"(" * 100_000 + b".",
            head + b"]" * 100_000 + b".",
            head + b"K\x01" * 200_000 + b".",
            head + b"\x8e" + (1 << 40).to_bytes(8, "little") + b"x",  # BINBYTES8 of 1 TiB
            head + b"\x8d" + (1 << 33).to_bytes(8, "little") + b"x",  # BINUNICODE8 of 8 GiB
            head + b"\x95" + (1 << 62).to_bytes(8, "little") + b".",  # a frame of 4 EiB
            head + b"cos\nsystem\n(X\x04\x00\x00\x00trueetR.",
            head + b"h\xff.",  # what was never remembered
            head + b"]" + b"q\x00" + b"h\x00a" * 1000 + b".",  # a list that holds itself
            head + b"\x8a\xff" + b"\xff" * 255 + b".",  # a long integer
            pickle.dumps(("#RETURN", nested(300))),
            pickle.dumps(("#RETURN", laughs(9))),
            pickle.dumps(("#TRACEBACK", "x" * 1_000_000)),
            pickle.dumps(("#ERROR", NAN)),
            pickle.dumps(("#NOTHING", None)),
            pickle.dumps(("#RETURN", np.zeros(100_000))),
            pickle.dumps(("#RETURN", {i: i for i in range(100_000)})),
            pickle.dumps("#RETURN"),
            pickle.dumps(("#RETURN",)),
        ]
    )


def bombs(name, rng):
    """A manager whose answers are bombs, the first one or a later one."""

    class Bomber(Server):
        def _send(self, connection, message):
            if rng.random() < 0.2:
                try:
                    connection.send_bytes(bomb(rng))
                except Exception:
                    connection.close()
            else:
                super()._send(connection, message)

    process = Hostile(name, Bomber)
    process.data.values_["state"] = {"x": 1}
    process.announce()
    while True:
        process.messages.put({"event": {"n": rng.random()}})
        time.sleep(0.05)


def mangled(name, rng):
    """A manager on a line that changes bytes, loses them, and breaks off."""

    class Mangler(Server):
        def _send(self, connection, message):
            data = bytearray(pickle.dumps(message))
            what = rng.random()
            if what < 0.1:
                for _ in range(rng.randrange(1, 8)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
            elif what < 0.15:
                data = data[: rng.randrange(len(data))]
            elif what < 0.18:
                os.write(connection.fileno(), rng.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00", b"GET / HTTP/1.1\r\n\r\n"]))
                connection.close()
                return
            connection.send_bytes(bytes(data))

    process = Hostile(name, Mangler)
    process.data.values_["stage"] = {"x": 1.0, "y": [1, 2, 3]}
    process.announce()
    while True:
        process.messages.put({"event": {"n": rng.random(), "text": "x" * rng.randrange(100)}})
        time.sleep(0.02)


def silent(name, rng):
    """Something that listens, and is no manager or says nothing."""
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    announcement = announce(name, f"127.0.0.1:{listener.getsockname()[1]}", secrets.token_hex(32), secrets.token_hex(8))
    assert announcement is not None
    held = []
    while True:
        client, _ = listener.accept()
        what = rng.randrange(5)
        if what == 0:
            held.append(client)  # and never a word
            held = held[-50:]
            continue
        try:
            if what == 1:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            elif what == 2:
                client.sendall(b"\x00\x00\x00\x1f#CHALLENGE#" + os.urandom(20))
            elif what == 3:
                client.sendall(b"\xff\xff\xff\xff" + (1 << 60).to_bytes(8, "big"))
            elif what == 4:
                for _ in range(20):
                    client.sendall(b"\x00")
                    time.sleep(0.05)
        except OSError:
            pass
        client.close()


def declaration(rng, deep=True):
    """Return something that stands where a value should."""
    some = [
        None, True, -1, 0, 1 << 70, INF, -INF, NAN, 1e308, "", "x" * 5000, "<script>alert(1)</script>", "\x00\ud7ff", b"bytes", (), [], {}, {"": None},
        np.float64(NAN), np.array([INF, NAN]), np.zeros((2, 0)), np.bool_(True), complex(NAN, INF), nested(60), laughs(3), list(range(3000)), {i: i for i in range(300)},
    ]  # fmt: skip
    if deep and rng.random() < 0.3:
        return {rng.choice(["low", "high", "counts", "type", "x", "value"]): declaration(rng, False) for _ in range(rng.randrange(6))}
    return rng.choice(some)


def control(rng):
    keys = ["value", "default", "min", "max", "step", "scale", "unit", "soft", "choices", "labels", "title", "help", "group"]
    return {"type": rng.choice(["float", "int", "bool", "choice", "text", "rgb", None]), **{k: declaration(rng) for k in keys if rng.random() < 0.6}}


def array(rng):
    return {
        "shm": rng.choice(["", "webmon-1-nothing", "../../etc/passwd", "x" * 300, None]),
        "generation": rng.choice(["0" * 16, "f" * 16, "nonsense", 7]),
        "dtype": rng.choice(["<u2", "|b1", "<f8", "<c16", ">i8", "O", [("a", "<f4", (1 << 28, 0)), ("b", "|S9")], [("a", "<f8", (0,))], [["x", "<u1"]] * 300, None]),
        "shape": rng.choice([[], [0], [1 << 40, 0], [0, 1 << 40], [1 << 20, 1 << 20], [3, 4], [-1, 2], [NAN], [1] * 9, "wide", None]),
        "axes": rng.choice([["y", "x"], ["a"] * 9, [7], None, "yx"]),
        "units": rng.choice([["um", None], [NAN], None]),
        "scale": rng.choice([[INF, 1.0], [0.0, 1.0], [NAN, NAN], None]),
        "role": rng.choice(["rgb", "labels", "table", "", None, 7]),
        "limits": rng.choice([[NAN, 1.0], [-INF, INF], [2.0, 1.0], [0, 1], None]),
        "colormap": declaration(rng),
        "note": declaration(rng),
        "title": declaration(rng),
    }


def layer(rng):
    return {
        "id": rng.choice(["1", 'a"b', "</div>", 7, None]),
        "kind": rng.choice(["image", "labels", "points", 3]),
        "name": declaration(rng),
        "visible": True,
        "contrast_limits": rng.choice([[NAN, INF], [-INF, 1.0], [0, 1], "all", None]),
        "contrast_range": rng.choice([[-INF, 1.0], [INF, NAN], [0, 1], None]),
        "gamma": rng.choice([NAN, INF, 0, -1, 1.0]),
        "shape": rng.choice([[1 << 40, 0], [NAN], [20, 30], None]),
        "scale": rng.choice([[NAN, INF], [0, 0], [1, 1], None]),
        "levels": rng.choice([[[1 << 50, 1 << 50]], [[NAN]], [], None]),
        "nbytes": rng.choice([1 << 70, NAN, -5]),
        "loads": rng.choice([NAN, -1, 1 << 63]),
    }


def histogram(rng):
    return {
        "low": rng.choice([-INF, NAN, 0.0, 1e308]),
        "high": rng.choice([INF, NAN, 1.0, -1e308]),
        "counts": rng.choice([[NAN] * 256, [1 << 62] * 256, [], [1] * 100_000, "many", [-1, 5]]),
        "least": rng.choice([NAN, INF, 0]),
        "greatest": rng.choice([NAN, -INF, 1]),
        "whole": declaration(rng),
    }


def declared(rng, key):
    """Return what may stand under a key of napari_data."""
    few = range(rng.randrange(40))
    if rng.random() < 0.2:
        return declaration(rng)
    if key == "controls":
        return {rng.choice([f"c{i}", "layer.1.contrast_low", 7, ""]): control(rng) for i in few}
    if key == "actions":
        return {f"a{i}": {"title": declaration(rng), "args": rng.choice([[control(rng)], [{"name": "x", **control(rng)}], declaration(rng)])} for i in few}
    if key == "arrays":
        return {rng.choice([f"r{i}", "", 3, "a/b"]): array(rng) for i in few}
    if key == "topics":
        return {f"t{i}": {"kind": declaration(rng), "title": declaration(rng), "fields": declaration(rng)} for i in few}
    if key == "layers":
        return [layer(rng) for _ in few]
    if key == "histograms":
        return {rng.choice(["1", 'a"b', 7]): histogram(rng) for _ in few}
    if key == "poll":
        return {"layers": {i: {"tile_state": declaration(rng), "tile_config": declaration(rng)} for i in few}}
    return declaration(rng)


def declarations(name, rng):
    """Declare controls, actions, arrays, layers and histograms that make no sense, and others each moment."""
    process = Hostile(name)
    process.announce()
    made = ["controls", "actions", "arrays", "topics", "layers", "histograms", "poll", "camera", "dims", "cursor", "webmon.lost", "model"]
    while True:
        for key in made:
            process.data.values_[key] = declared(rng, key)
        if rng.random() < 0.2:
            process.data.values_["hello"] = declaration(rng)
        else:
            process.hello()
        process.tell(*made, "hello")
        time.sleep(0.2)


def shared(name, rng):
    """Says values that are small as they come and huge once written out."""
    process = Hostile(name)
    process.announce()
    while True:
        choices = [f"choice {i}" for i in range(1000)]
        process.data.values_["controls"] = {f"c{i}": {"type": "choice", "value": choices[0], "choices": choices, "labels": choices} for i in range(4000)}
        process.data.values_["actions"] = {f"a{i}": {"title": "A", "args": [{"name": "x", "type": "choice", "choices": choices}] * 64} for i in range(500)}
        process.data.values_["laughs"] = laughs(rng.randrange(2, 8))
        process.data.values_["text"] = ["t" * 100_000] * 500
        process.tell("controls", "actions", "laughs", "text")
        process.messages.put({"laughs": laughs(rng.randrange(2, 7)), "list": [laughs(3)] * 100})
        time.sleep(0.5)


def keys(name, rng):
    """Sends messages of very many keys, and states under very many names."""
    process = Hostile(name)
    process.announce()
    n = 0
    while True:
        many = rng.choice([1_000, 100_000])
        process.messages.put({f"k{n + i}": i for i in range(many)})
        process.data.values_.update({f"s{n + i}": i for i in range(500)})
        for old in [key for key in process.data.values_ if key.startswith("s")][:-2000]:
            del process.data.values_[old]
        n += many
        time.sleep(0.5)


def flood(name, rng):
    """Send as fast as it can: many small events, large ones, and a state of megabytes."""
    process = Hostile(name, messages=500)
    process.announce()
    payload = "x" * 50_000
    while True:
        for i in range(100):
            process.messages.put({f"small{i % 20}": {"n": i, "x": rng.random()}})
        process.messages.put({"large": {"text": payload, "list": list(range(500))}})
        process.data.values_["huge"] = {"text": payload * rng.randrange(1, 100)}
        process.tell("huge")
        time.sleep(0.005)


def segments(name, rng):
    """Shares arrays, and cuts, grows, overwrites and removes their memory while it is read."""
    process = webmon.serve(name=name)
    assert process is not None
    shapes = [(64, 64), (7,), (3, 50, 60), (480, 640, 3), (0, 5)]
    arrays = [webmon.share(f"m{i}", shape=shape, dtype="uint8") for i, shape in enumerate(shapes)]
    ready()

    def publish():
        while True:
            for one, shape in zip(arrays, shapes):
                try:
                    one.publish(np.full(shape, rng.randrange(256), "uint8"))
                except Exception:
                    pass  # its memory has just been taken away
            time.sleep(0.01)

    threading.Thread(target=publish, daemon=True).start()
    while True:
        time.sleep(rng.random() / 5)
        prefix = f"webmon-{os.getpid()}-"
        for file in [f for f in os.listdir("/dev/shm") if f.startswith(prefix)]:
            path = os.path.join("/dev/shm", file)
            try:
                with open(path, "r+b", buffering=0) as f:
                    what = rng.randrange(5)
                    if what == 0:
                        os.ftruncate(f.fileno(), rng.choice([0, 1, 64, 4095, 4096, 5000]))
                    elif what == 1:
                        # A hole, so that no memory is taken.
                        os.ftruncate(f.fileno(), rng.choice([1 << 20, 1 << 32]))
                    elif what == 2:
                        f.seek(rng.randrange(0, 160))
                        f.write(os.urandom(rng.choice([1, 4, 8])))
                    elif what == 3:
                        f.seek(4096 + rng.randrange(0, 160))
                        f.write(rng.choice([b"\xff" * 8, os.urandom(8), b"\x00" * 8]))
                    else:
                        os.unlink(path)
            except OSError:
                pass


def main():
    kind, name = sys.argv[1:3]
    if kind == "good":
        good(name)
    kinds = {f.__name__: f for f in (bombs, mangled, silent, declarations, shared, keys, flood, segments)}
    kinds[kind](name, random.Random(int(sys.argv[3])))


if __name__ == "__main__":
    main()
