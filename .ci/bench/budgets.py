"""The processes that once made webmon take gigabytes (e2e/budgets_test.go), each as it did.

    budgets.py KIND NAME

The kinds: history, choices, states, keys, arrays. Each announces itself, prints "ready", does what it does,
prints "done" once webmon has taken all of it, and stays until it is killed.
"""

import pickle
import sys
import time

import numpy as np
from torture import Hostile, ready

import webmon


def settle(process):
    """Wait until webmon has taken all messages."""
    while process.messages.events():
        time.sleep(0.005)


def history(name):
    """456 MB of messages in four topics."""
    process = Hostile(name, messages=200)
    process.announce()
    for n in range(4560):
        while process.messages.events() > 100:
            time.sleep(0.002)
        process.messages.put({f"topic{n % 4}": {"n": n, "text": chr(97 + n % 26) * 100_000}})
    settle(process)
    process.messages.put({"end": {"n": 4560}})


def choices(name):
    """228 KB of pickle that are gigabytes once written out: one list of choices, shared by all controls."""
    process = Hostile(name)
    shared = [f"choice {i} ".ljust(210, "x") for i in range(600)]
    control = {"type": "choice", "value": shared[0], "choices": shared, "labels": shared}
    controls = {f"c{i}": control for i in range(10_000)}
    assert 200_000 < len(pickle.dumps(controls)) < 260_000
    process.data.values_["controls"] = controls
    process.data.values_["stage"] = {"x": 1.5}
    process.announce()
    process.tell("controls")


def states(name):
    """34 MB of states."""
    process = Hostile(name)
    for i in range(114):
        process.data.values_[f"state{i}"] = {"text": chr(97 + i % 26) * 300_000}
    process.announce()


def keys(name):
    """One message of a million keys, the same in a thousand messages, and a topic that was there before."""
    process = Hostile(name)
    process.announce()
    process.messages.put({"before": {"n": 1}})
    settle(process)
    process.messages.put({f"key{i}": i for i in range(1_000_000)})
    for j in range(1000):
        while process.messages.events() > 100:
            time.sleep(0.002)
        process.messages.put({f"other{j * 1000 + i}": i for i in range(1000)})
    settle(process)
    process.messages.put({"before": {"n": 2}})


def arrays(name):
    """Arrays that change all the time, one that is large, and a table."""
    webmon.serve(name=name)
    large = webmon.share("large", shape=(2048, 2048), dtype="uint16", axes="yx")
    small = webmon.share("small", shape=(40, 50), dtype="uint16", axes="yx")
    table = webmon.share("table", shape=(100,), dtype=[("x", "f4"), ("n", "u4")])
    pictures = [webmon.share(f"picture{i}", shape=(512, 512), dtype="uint16", axes="yx") for i in range(16)]
    ready()
    print("done", flush=True)
    frame = np.random.default_rng(1).integers(0, 60_000, (512, 512)).astype("uint16")
    while True:
        large.publish(np.tile(frame, (4, 4)))
        small.publish(frame[:40, :50])
        table.publish(np.zeros(100, [("x", "f4"), ("n", "u4")]))
        for _ in range(20):
            for picture in pictures:
                picture.publish(frame)
            time.sleep(0.03)


def main():
    kind, name = sys.argv[1:]
    {f.__name__: f for f in (history, choices, states, keys, arrays)}[kind](name)
    print("done", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
