"""Records what a Python client and a Python manager say to each other.

    python capture.py >> captured.jsonl      # once a Python to be covered

A relay between the two writes {"python", "client": base64, "server": base64},
one line for a connection.
"""
import base64
import json
import multiprocessing.managers
import queue
import socket
import sys
import threading
import time

objects = {"napari_data": {}, "napari_messages": queue.Queue(), "napari_shutdown": threading.Event()}


class Manager(multiprocessing.managers.BaseManager):
    pass


class Client(multiprocessing.managers.BaseManager):
    pass


for name in objects:
    Manager.register(name, callable=lambda name=name: objects[name])
    Client.register(name)


def relay(address, records):
    """Listens and passes every connection on to address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(a, b, record):
        while True:
            data = a.recv(65536)
            if not data:
                break
            record.extend(data)
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)

    def accept():
        while True:
            a, _ = listener.accept()
            b = socket.create_connection(address)
            record = (bytearray(), bytearray())
            records.append(record)
            for x, y, r in ((a, b, record[0]), (b, a, record[1])):
                threading.Thread(target=pump, args=(x, y, r), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()


def main():
    server = Manager(("127.0.0.1", 0), authkey=b"napari").get_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    records = []
    m = Client(relay(server.address, records), authkey=b"napari")
    m.connect()
    data, messages, event = m.napari_data(), m.napari_messages(), m.napari_shutdown()
    data.update({"poll": {"layers": {5: {"tile_config": {"base_shape": (1, 2)}}}}, "f": 1.5})
    data.get("poll"), data.keys(), data.copy(), data._getvalue(), str(data)
    messages.put({"frame_time": {"time": 1.5, "delta_ms": 2}})
    messages.qsize(), messages.get_nowait()
    event.set(), event.wait(0.1)
    for f in (messages.get_nowait, lambda: data.pop("no"), lambda: data._callmethod("no"), lambda: m._create("no")):
        try:
            f()
        except Exception:
            pass
    time.sleep(0.1)
    for client, srv in records:
        print(json.dumps({"python": "%d.%d" % sys.version_info[:2], "client": base64.b64encode(client).decode(), "server": base64.b64encode(srv).decode()}))


if __name__ == "__main__":
    main()
