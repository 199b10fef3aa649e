"""A client of a manager, as people's own scripts attach to napari's monitor.

    python client.py PORT KEY

Prints {"python", "numpy"}, then runs each line of stdin as Python, with the
proxies of the five resources as globals, and prints the value of its last
expression as JSON. connect(PORT) goes on with the manager at another port.
"""
import ast
import json
import multiprocessing
import multiprocessing.managers
import pickle
import queue
import sys
import threading
import time
import traceback


class Manager(multiprocessing.managers.BaseManager):
    pass


names = ("napari_data", "napari_messages", "napari_shutdown", "client_data", "client_messages")
for name in names:
    Manager.register(name)


def raises(f, *args, **kwds):
    """The class and text of what a call raises."""
    try:
        return ["nothing", repr(f(*args, **kwds))]
    except Exception as e:
        return [type(e).__module__ + "." + type(e).__name__, str(e)]


def main():
    port, key = int(sys.argv[1]), sys.argv[2].encode()
    multiprocessing.current_process().authkey = key  # for proxies that are unpickled

    def connect(port):
        m = env["m"] = Manager(("127.0.0.1", port), authkey=key)
        m.connect()
        for name in names:
            env[name] = getattr(m, name)()

    env = {"connect": connect, "raises": raises, "pickle": pickle, "queue": queue, "threading": threading, "time": time, "Manager": Manager}
    connect(port)
    try:
        import numpy
        env["np"] = env["numpy"] = numpy
    except ImportError:
        numpy = None
    print(json.dumps({"python": list(sys.version_info[:3]), "numpy": numpy and numpy.__version__}), flush=True)
    for line in sys.stdin:
        try:
            tree = ast.parse(line)
            value = None
            if tree.body and isinstance(tree.body[-1], ast.Expr):
                last = ast.Expression(tree.body.pop().value)
                exec(compile(tree, "<stdin>", "exec"), env)
                value = eval(compile(last, "<stdin>", "eval"), env)
            else:
                exec(compile(tree, "<stdin>", "exec"), env)
            print(json.dumps({"value": value}, default=repr), flush=True)
        except Exception:
            print(json.dumps({"error": traceback.format_exc()}), flush=True)


if __name__ == "__main__":
    main()
