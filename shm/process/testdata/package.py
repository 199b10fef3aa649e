"""A Python with the package in shm/python, for a test to steer.

The line protocol is that of driver.py, with one command:

    run   {"code": text}   executes it; answers {"out": the value it has left in out}

The code finds np, webmon and whatever earlier code has left. The first line it
writes has no port: "webmon.Process(...)" makes one, and "offered()" says where:

    {"address": "127.0.0.1:40123", "authkey": 64 hex digits}
"""

import argparse
import json
import os
import sys
import traceback

import numpy as np

import webmon
from webmon import _announce


def offered():
    """Returns what this process announces, of its newest Process."""
    paths = (_announce.runtime_dirs()[0] / "sources").glob("%d-*.json" % os.getpid())
    return json.loads(max(paths, key=lambda path: path.stat().st_mtime_ns).read_text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fds", type=int, nargs=2, required=True)
    lines, out = (os.fdopen(fd, mode) for fd, mode in zip(parser.parse_args().fds, "rw"))

    def write(answer):
        out.write(json.dumps(answer) + "\n")
        out.flush()

    write({"event": "ready", "python": sys.version.split()[0], "numpy": np.__version__, "pid": os.getpid()})
    names = {"np": np, "webmon": webmon, "offered": offered}
    for line in lines:
        request = json.loads(line)
        answer = {"id": request["id"], "ok": True}
        if request["do"] == "quit":
            write(answer)
            break
        names["out"] = None
        try:
            exec(request["code"], names)
            answer["out"] = names["out"]
        except Exception:
            answer.update(ok=False, error=traceback.format_exc())
        write(answer)


if __name__ == "__main__":
    main()
