"""A server with the protocol of super_hydro on the real libzmq: a REP socket that looks
for requests between sleeps, and a thread that computes.

    python server.py NX NY FPS      # prints its port; ends with its standard input
"""

import os
import queue
import sys
import threading
import time

import numpy as np
import zmq

NX, NY, FPS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
LAYOUT = ("VBox(children=(FloatSlider(value=0.5, max=1.0, name='finger_x', step=0.01), FloatSlider(value=0.5, max=1.0, "
          "name='finger_y', step=0.01), FloatLogSlider(value=0.01, max=1.0, min=-10.0, name='cooling', step=0.2)))")
DEFAULTS = {"finger_x": 0.5, "finger_y": 0.5, "cooling": 0.01}
todo, answers, found, cache = queue.Queue(), queue.Queue(), queue.Queue(), {}
model = {"params": dict(DEFAULTS), "paused": False, "t": 0.0}
x, y = (np.arange(NX) / NX)[:, None], (np.arange(NY) / NY)[None, :]


def density():
    p = model["params"]
    r = np.hypot(x - p["finger_x"], y - p["finger_y"])
    return 1 + 0.5 * np.cos(40 * r - model["t"]) * np.exp(-4 * r)


def tracers():
    return np.array([[1.5, 2.5, NX / 2], [3.5, 4.5, NY / 2]])


def compute():
    while True:
        if model["paused"]:
            time.sleep(0.01)
        else:
            model["t"] += 0.1
        try:
            while True:
                todo.get_nowait()()
        except queue.Empty:
            time.sleep(1 / FPS)


def get(names):
    out = {}
    for name in names:
        if name == "available_commands":
            docs = {name: "Parameter " + name for name in DEFAULTS}
            out[name] = {"do": dict.fromkeys(["start", "pause", "reset", "reset_tracers", "quit"]), "get": {"layout": None, **docs},
                         "set": docs, "get_array": {"density": None, "tracers": None}}
        elif name == "layout":
            out[name] = LAYOUT
        else:
            todo.put(lambda name=name: found.put((name, model["params"][name])))
            if name not in cache:
                cache.update([found.get()])
            while not found.empty():
                cache.update([found.get()])
            out[name] = cache[name]
    return out


def send(socket, make):
    todo.put(lambda: answers.put(np.ascontiguousarray(make())))
    a = answers.get()
    socket.send_json({"dtype": str(a.dtype), "shape": a.shape}, zmq.SNDMORE)
    socket.send(a)


def second(socket, answer=None):
    socket.send(b"ok")
    v = socket.recv_json()
    if answer is not None:
        socket.send(answer)
    return v


socket = zmq.Context().socket(zmq.REP)
print(socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
threading.Thread(target=compute, daemon=True).start()
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
actions = {"start": lambda: model.update(paused=False), "pause": lambda: model.update(paused=True),
           "reset": lambda: model.update(params=dict(DEFAULTS), t=0.0), "reset_tracers": lambda: None}
while True:
    try:
        word = socket.recv(zmq.NOBLOCK)
    except zmq.Again:
        time.sleep(1 / FPS)
        continue
    if word == b"get":
        socket.send_json(get(second(socket)))
    elif word == b"set":
        todo.put(lambda values=second(socket, b"ok"): model["params"].update(values))
    elif word == b"do":
        todo.put(actions[second(socket, b"ok")])
    elif word == b"density":
        send(socket, density)
    elif word == b"tracers":
        send(socket, tracers)
    else:
        socket.send(b"Unknown Message")
