"""A watcher that speaks the protocol by itself, and processes to be watched."""

from __future__ import annotations

import json
import mmap
import os
import socket
import struct
import subprocess
import sys
import textwrap
import time
from multiprocessing import connection
from multiprocessing.managers import BaseManager
from pathlib import Path

import numpy as np

import webmon

NAMES = ("napari_data", "napari_messages", "napari_shutdown", "client_data", "client_messages")
PATIENCE = 30.0


def until(condition, what="the condition"):
    """Waits until condition() is true and returns what it gave."""
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(0.005)


def _client_without_delay(address):
    # The standard library's own client waits 40 ms for each of its connections; there are many here.
    one = socket.create_connection(address)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection.Connection(one.detach())


connection.SocketClient = _client_without_delay


class Manager(BaseManager):
    pass


for _name in NAMES:
    Manager.register(_name)


class Watcher:
    """A client of the five resources by the standard library's own proxies."""

    def __init__(self, address, authkey):
        host, port = address.split(":")
        self.manager = Manager((host, int(port)), authkey=authkey.encode())
        self.manager.connect()
        self.data, self.messages, self.shutdown, self.notes, self.commands = (getattr(self.manager, name)() for name in NAMES)
        self.seen = []
        # What has changed is told to those who are connected, and a proxy connects with its first call.
        self.messages.qsize()

    def want(self, **topics):
        self.notes.update({"want:test": {"topics": topics, "t": time.time()}})

    def want_topics(self, topics):
        self.want(**topics)

    def next(self, wanted):
        """The next message with the key wanted; what comes before is kept in seen."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            message = self.messages.get(True, PATIENCE)
            self.seen.append(message)
            if wanted in message:
                return message[wanted]
        raise AssertionError(f"no {wanted} among {self.seen}")

    def until_changed(self, *names):
        """Waits until all these are said to have changed."""
        left = set(names)
        while left:
            left -= set(self.next("webmon").get("changed", ()))

    def drain(self):
        out = []
        while self.messages.qsize():
            out.append(self.messages.get_nowait())
        return out

    def command(self, name, id="1", **args):
        self.commands.put({"webmon": {"id": id, "name": name, "args": args}})

    def answer(self, name, id="1", **args):
        """Sends a command and returns its status and reason."""
        self.command(name, id, **args)
        while True:
            answer = self.next("command")
            if answer["id"] == id:
                return answer["status"], answer["reason"]


FOLDER = "/dev/shm"  # where segments are; tests have other places too


def path_of(name):
    """The file of a segment."""
    return f"{FOLDER}/{name}"


class Ring:
    """Reads a segment as shm/PROTOCOL.md has it, with none of the package's own code."""

    def __init__(self, declared):
        fd = os.open(path_of(declared["shm"]), os.O_RDONLY)
        try:
            self.size = os.fstat(fd).st_size
            self.mode = os.fstat(fd).st_mode & 0o777
            self.map = mmap.mmap(fd, self.size, prot=mmap.PROT_READ)
        finally:
            os.close(fd)
        (magic, self.version, self.header_bytes, generation, self.total, _, self.stride, self.data_bytes, self.nslots, self.flags, self.pid) = (
            struct.unpack_from("<8sIIQQQQQIIQ", self.map)
        )
        assert magic == b"WEBMONSH"
        assert self.version == 1 and self.header_bytes == 4096 and self.stride % 4096 == 0
        assert f"{generation:016x}" == declared["generation"]
        assert self.total <= self.size
        (length,) = struct.unpack_from("<I", self.map, 128)
        self.about = json.loads(self.map[136 : 136 + length])
        assert self.about == {key: declared[key] for key in ("dtype", "shape", "axes", "units")}
        descr = self.about["dtype"]
        self.dtype = np.dtype(descr) if isinstance(descr, str) else np.dtype([tuple(tuple(e) if isinstance(e, list) else e for e in f) for f in descr])

    latest = property(lambda self: struct.unpack_from("<Q", self.map, 32)[0])
    heartbeat = property(lambda self: struct.unpack_from("<Q", self.map, 72)[0])
    published = property(lambda self: struct.unpack_from("<Q", self.map, 80)[0])
    closed = property(lambda self: bool(struct.unpack_from("<I", self.map, 60)[0] & 2))

    def read(self):
        """The newest frame and what is said of it; None if it was overwritten meanwhile."""
        k = self.latest
        assert k
        at = 4096 + (k % self.nslots) * self.stride
        begin, end, time_ns, crc, nbytes, _, ndim = struct.unpack_from("<QQQQQQI", self.map, at)
        shape = struct.unpack_from("<8Q", self.map, at + 56)[:ndim]
        offset = struct.unpack_from("<2d", self.map, at + 120)
        step = struct.unpack_from("<2d", self.map, at + 136)
        (level,) = struct.unpack_from("<I", self.map, at + 152)
        data = self.map[at + 256 : at + 256 + nbytes]
        if begin != k or end != k or struct.unpack_from("<Q", self.map, at)[0] != k:
            return None
        assert nbytes <= self.data_bytes
        frame = np.frombuffer(data, self.dtype).reshape(shape) if nbytes else np.empty(shape, self.dtype)
        return frame, {"k": k, "time": time_ns / 1e9, "offset": offset, "step": step, "level": level, "crc": crc}


class Subject:
    """A process of its own that is watched."""

    def __init__(self, code, sources, cwd):
        self.sources = sources
        script = cwd / f"subject{len(list(cwd.glob('subject*.py')))}.py"
        # What a shell has started in the background ignores SIGINT, and so do its children.
        script.write_text("import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" + textwrap.dedent(code))
        # Not our own errors' place: a full pipe would stop it.
        self.output = script.with_suffix(".out")
        with self.output.open("w") as out:
            self.popen = subprocess.Popen(
                [sys.executable, str(script)],
                env={**os.environ, "PYTHONPATH": str(Path(webmon.__file__).parents[1]), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self.popen.pid

    def text(self):
        return self.output.read_text()

    def says(self, text):
        def said():
            assert self.popen.poll() is None or text in self.text(), f"it ended and said: {self.text()}"
            return text in self.text()

        until(said, f"{text!r}")
        return self

    def announced(self):
        paths = until(lambda: list(self.sources.glob(f"{self.pid}-*.json")), f"the announcement; it said {self.text()}")
        assert len(paths) == 1
        return paths[0], json.loads(paths[0].read_text())

    def watch(self):
        about = self.announced()[1]
        return Watcher(about["address"], about["authkey"])

    def segments(self):
        return [name for name in os.listdir(FOLDER) if name.startswith(f"webmon-{self.pid}-")]

    def tell(self, line):
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def end(self, sig=9, group=False):
        (os.killpg if group else os.kill)(self.pid, sig)
        return self.popen.wait(PATIENCE)
