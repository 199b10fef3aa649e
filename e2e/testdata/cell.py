"""Runs a file as the cell of a notebook, in a kernel of its own, until a line comes on stdin.

    cell.py FILE

Says one line: {"html": what the cell shows, or null, "text": what it printed, "error": its traceback, or null}.
"""

import json
import sys

import jupyter_client


def run(client, code):
    """Execute code and return what became of it."""
    found = {"html": None, "text": "", "error": None}
    client.execute(code)
    while True:
        message = client.get_iopub_msg(timeout=120)
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            found["text"] += content["text"]
        elif kind == "execute_result":
            found["html"] = content["data"].get("text/html")
        elif kind == "error":
            found["error"] = "\n".join(content["traceback"])
        elif kind == "status" and content["execution_state"] == "idle":
            return found


def main():
    kernel = jupyter_client.KernelManager()
    kernel.start_kernel()
    try:
        client = kernel.client()
        client.start_channels()
        client.wait_for_ready(timeout=120)
        with open(sys.argv[1]) as file:
            print(json.dumps(run(client, file.read())), flush=True)
        sys.stdin.readline()
        client.stop_channels()
    finally:
        kernel.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
