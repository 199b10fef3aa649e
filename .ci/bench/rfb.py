"""jupyter_rfb as a notebook has it, without the notebook.

    rfb.py SIDE FILE HOST    the frames of a file, uint16, SIDE pixels along a side, for one browser

The widget is jupyter_rfb's own RemoteFrameBuffer, with its own quality, its own JPEGs and
its own limit of frames under way. Beside it is a number of ipywidgets, which is the control.
Their comms send what a kernel sends, in the form in which Jupyter's server passes it on
(v1.kernel.websocket.jupyter.org), over Tornado, which is Jupyter's server too; each message of
the browser is answered with the kernel's being idle, for which ipywidgets' page waits before it
sends the next change of a model. What is left out is in favour of jupyter_rfb: the kernel is the
server, so that nothing passes through ZeroMQ, and it does not say that it is busy.

The camera is a task in this very process, 60 times a second. The newest frame is stretched to 8
bits between the limits of the made-up specimen when the widget wants one. Its number and time are in
the messages, as "corners".

Prints {"port": N, "frames": ID, "gain": ID}, the IDs being those of the comms, once it serves.
"""

import asyncio
import contextlib
import io
import json
import socket
import sys
import time
import uuid

import comm
import numpy as np
from comm.base_comm import BaseComm
from tornado import web, websocket

PROTOCOL = "v1.kernel.websocket.jupyter.org"
SESSION = uuid.uuid4().hex

page = None  # the socket of the browser, None before it came


def publish(kind, content, parent=None, metadata=None, buffers=None):
    """Send a message of the kernel to the browser, if there is one."""
    if page is None:
        return
    header = {
        "msg_id": uuid.uuid4().hex,
        "username": "username",
        "session": SESSION,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "msg_type": kind,
        "version": "5.4",
    }
    parts = [b"iopub", *(json.dumps(part).encode() for part in (header, parent or {}, metadata or {}, content))]
    parts += map(bytes, buffers or [])
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    table = b"".join(n.to_bytes(8, "little") for n in (len(offsets), *offsets))
    page.write_message(table + b"".join(parts), binary=True)


class Comm(BaseComm):
    """A comm whose other end is the browser."""

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        publish(msg_type, {"data": data or {}, "comm_id": self.comm_id, **keys}, None, metadata, buffers)


class Channels(websocket.WebSocketHandler):
    """What Jupyter's server has for a kernel."""

    def select_subprotocol(self, subprotocols):
        return PROTOCOL if PROTOCOL in subprotocols else None

    def check_origin(self, origin):
        return True

    def open(self):
        global page
        page = self

    def on_message(self, message):
        count = int.from_bytes(message[:8], "little")
        offsets = [int.from_bytes(message[8 * i : 8 * i + 8], "little") for i in range(1, count + 1)]
        parts = [message[a:b] for a, b in zip(offsets, offsets[1:])]
        header, parent, metadata, content = map(json.loads, parts[1:5])
        msg = {"header": header, "parent_header": parent, "metadata": metadata, "content": content, "buffers": parts[5:]}
        comm.get_comm_manager().comm_msg(None, None, msg)
        publish("status", {"execution_state": "idle"}, header)

    def on_close(self):
        global page
        page = None


async def main(side, file, host):
    comm.create_comm = Comm
    import ipywidgets
    from jupyter_rfb import RemoteFrameBuffer

    frames = np.fromfile(file, "<u2").reshape(-1, side, side)
    low, high = 100, 1700

    class Camera(RemoteFrameBuffer):
        """The newest frame."""

        taken = drawn = (0, 0.0)  # number and time of the newest frame and of the one that is sent

        def get_frame(self):
            self.drawn = self.taken
            gray = np.clip(frames[self.drawn[0] % len(frames)], low, high).astype("float32") - low
            return (gray * (255 / (high - low))).astype("uint8")

        def send(self, content, buffers=None):
            super().send({"corners": [self.drawn, (0, 0)], **content}, buffers)

    with contextlib.redirect_stdout(io.StringIO()):  # where there is no notebook, it prints what it displays
        camera = Camera()
    gain = ipywidgets.FloatText()
    with socket.socket() as s:
        s.bind((host, 0))
        port = s.getsockname()[1]
    web.Application([("/api/kernels/bench/channels", Channels)]).listen(port, host)
    print(json.dumps({"port": port, "frames": camera.comm.comm_id, "gain": gain.comm.comm_id}), flush=True)

    n, due = 0, time.perf_counter()
    while True:
        await asyncio.sleep(max(0, due - time.perf_counter()))
        camera.taken = (n, time.time())
        camera.request_draw()
        n += 1
        due = max(due + 1 / 60, time.perf_counter())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
