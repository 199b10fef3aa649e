"""A manager for the tests, offered the way napari's monitor offers its own.

    python server.py START KEY WHAT [PROTOCOL]

START is fork, spawn, forkserver or thread (served by a thread of this
process); WHAT is napari (the five resources) or other (none of them).
PROTOCOL is that of the replies' pickles where it is not Python's default.
Prints {"port", "python", "numpy", "manager"} (pid of the manager's process),
then runs each line of stdin as Python, with the proxies as globals, and prints
the value of its last expression as JSON.
"""
import ast
import json
import multiprocessing
import multiprocessing.connection
import multiprocessing.managers
import multiprocessing.reduction
import os
import queue
import sys
import threading
import traceback

_objects = {}


class Awkward:
    """Methods that answer in ways a dict or queue never does."""

    def fail(self, text):
        raise ValueError(text, "first line\nsecond line: with a colon")

    def lambda_(self):
        return lambda: 1

    def echo(self, *args, **kwds):
        return [args, kwds]

    _sleeping = 0

    def sleep(self, seconds):
        import time
        self._sleeping += 1
        time.sleep(seconds)

    def sleeping(self):
        """Return how many calls of sleep have begun."""
        return self._sleeping

    def nested(self, depth):
        v = []
        for _ in range(depth):
            v = [v]
        return v

    def blob(self, n):
        return b"x" * n

    def fill(self, n):
        q = _make("napari_messages")
        for i in range(n):
            q.put({"frame_time": {"time": 1700000000.5 + i, "delta_ms": 16.25}})

    def die(self):
        os._exit(7)

    def numpy(self, expression):
        import numpy
        return eval(expression, {"np": numpy})


def _make(name):
    kind = {"napari_data": dict, "client_data": dict, "napari_shutdown": threading.Event, "awkward": Awkward}.get(name, queue.Queue)
    if name not in _objects:
        _objects[name] = kind()
    return _objects[name]


def napari_data():
    return _make("napari_data")


def napari_messages():
    return _make("napari_messages")


def napari_shutdown():
    return _make("napari_shutdown")


def client_data():
    return _make("client_data")


def client_messages():
    return _make("client_messages")


def awkward():
    return _make("awkward")


class Manager(multiprocessing.managers.SyncManager):
    pass


class Other(multiprocessing.managers.BaseManager):
    pass


Other.register("something_else", callable=awkward)

for f in (napari_data, napari_messages, napari_shutdown, client_data, client_messages, awkward):
    Manager.register(f.__name__, callable=f)


def use_protocol(protocol):
    """Make the manager's process pickle its replies with a given protocol."""
    import copyreg
    import io
    import pickle

    class Pickler(multiprocessing.reduction.ForkingPickler):
        def __init__(self, file, _=None):
            super().__init__(file, protocol)

        @classmethod
        def dumps(cls, obj, _=None):
            buf = io.BytesIO()
            cls(buf).dump(obj)
            return buf.getbuffer()

    multiprocessing.connection._ForkingPickler = Pickler


def main():
    start, key, what = sys.argv[1:4]
    protocol = int(sys.argv[4]) if len(sys.argv) > 4 else None
    cls = Manager if what == "napari" else Other
    key = key.encode()
    if start == "thread":
        if protocol:
            use_protocol(protocol)
        m = cls(("127.0.0.1", 0), authkey=key)
        server = m.get_server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        m = cls(server.address, authkey=key)
        m.connect()
        address, pid = server.address, os.getpid()
    else:
        m = cls(("127.0.0.1", 0), authkey=key, ctx=multiprocessing.get_context(start))
        m.start(use_protocol, (protocol,)) if protocol else m.start()
        address, pid = m.address, m._process.pid
    env = {"m": m, "os": os}
    if what == "napari":
        for name in ("napari_data", "napari_messages", "napari_shutdown", "client_data", "client_messages", "awkward"):
            env[name] = getattr(m, name)()
    try:
        import numpy
        env["np"] = env["numpy"] = numpy
    except ImportError:
        numpy = None
    print(json.dumps({"port": address[1], "python": list(sys.version_info[:3]), "numpy": numpy and numpy.__version__, "manager": pid}), flush=True)
    for line in sys.stdin:
        try:
            tree = ast.parse(line)
            value = None
            if isinstance(tree.body[-1], ast.Expr):
                last = ast.Expression(tree.body.pop().value)
                exec(compile(tree, "<stdin>", "exec"), env)
                value = eval(compile(last, "<stdin>", "eval"), env)
            else:
                exec(compile(tree, "<stdin>", "exec"), env)
            print(json.dumps({"value": value}, default=repr), flush=True)
        except Exception:
            print(json.dumps({"error": traceback.format_exc()}), flush=True)
    if start != "thread":
        m.shutdown()


if __name__ == "__main__":
    main()
