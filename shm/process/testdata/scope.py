"""A process with the package, by the package in shm/python, that a test tells what to do.

It offers a state, an event, a control and commands, and ticks 60 times a second
from the start. It needs no display.

    scope.py [--name NAME] [--fds IN OUT]

One JSON object a line in, one line out, as in driver.py; the first line is

    {"event": "ready", "python": "3.13.0", "pid": 123, "manager_pid": 123,
     "manager_port": 40123}

Commands:

    ticks    {}                        {"ticks": n, "commands": [...]}: ticks so far, commands done
    pause    {"on": bool}              no state and no event changes while it is on
    fork     {}                        {"child": pid}: a child that lives on and inherits everything
    close    {}                        take the offer back, keep running
    quit     {}                        end as a script ends
"""

import argparse
import json
import os
import platform
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../python/src"))

import webmon


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="scope")
    parser.add_argument("--fds", type=int, nargs=2, default=(0, 1))
    options = parser.parse_args()
    commands = open(options.fds[0])
    answers = open(options.fds[1], "w")

    def answer(**what):
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    process = webmon.serve(name=options.name, launch=False)
    done = []
    state = {"ticks": 0, "paused": False}

    def expose(ms):
        done.append(["exposure", ms])
        exposure.update(ms)

    exposure = webmon.control("exposure", "float", 10.0, min=0.1, max=500, unit="ms", set=expose)

    @webmon.command
    def shoot(n: webmon.Range(1, 1000) = 3) -> None:
        """Takes pictures."""
        if n == 13:
            raise ValueError("not that many")
        done.append(["shoot", n])

    webmon.board("overview", ["chart temperature.celsius", "number stage.x", {"kind": "control", "name": "exposure", "width": 3}], title="Overview")

    def tick():
        while True:
            if not state["paused"]:
                state["ticks"] += 1
                webmon.set("stage", {"x": state["ticks"], "y": 2.0})
                webmon.send("temperature", {"celsius": 20 + state["ticks"] % 5})
            time.sleep(1 / 60)

    threading.Thread(target=tick, daemon=True).start()
    answer(
        event="ready",
        python=platform.python_version(),
        pid=os.getpid(),
        manager_pid=os.getpid(),
        manager_port=int(process.address.rpartition(":")[2]),
    )
    for line in commands:
        request = json.loads(line)
        what = {}
        if request["do"] == "ticks":
            what = {"ticks": state["ticks"], "commands": list(done)}
        elif request["do"] == "pause":
            state["paused"] = request["on"]
        elif request["do"] == "fork":
            child = os.fork()
            if child == 0:
                while True:
                    time.sleep(1)
            what = {"child": child}
        elif request["do"] == "close":
            webmon.close()
        elif request["do"] != "quit":
            answer(id=request["id"], ok=False, error="there is no command " + request["do"])
            continue
        answer(id=request["id"], ok=True, **what)
        if request["do"] == "quit":
            return


if __name__ == "__main__":
    main()
