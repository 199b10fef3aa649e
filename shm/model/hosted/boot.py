# What a Python that runs models executes first. It comes by the standard input, and everything else after it: nothing of
# webmon has to be installed there, and nothing is left on the disk.
import sys

if sys.path[:1] == [""]:
    del sys.path[0]  # the working folder: it is the folder of the models that comes first


def _boot():
    import os

    # Pipes of our own. Whatever the models print, in Python or in C, goes to standard error, and who asks them for input
    # hears that there is none.
    stdin = sys.stdin.buffer
    orders, report = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    token = stdin.readline().decode().strip()

    if sys.version_info < (3, 9):
        os.write(report, ("%s {\"old\": \"%s\"}\n" % (token, sys.version.split()[0])).encode())
        return

    import faulthandler
    import importlib.abc
    import importlib.util
    import json
    import linecache

    faulthandler.enable(all_threads=False)  # a crash says where; the threads that talk to webmon are nobody's business

    request = json.loads(stdin.readline())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdin = open(0, closefd=False)
    os.write(report, ("%s %s\n" % (token, json.dumps({"python": sys.version.split()[0], "executable": sys.executable}))).encode())

    try:
        import numpy
    except Exception as error:
        why = {"why": "%s: %s" % (type(error).__name__, error), "missing": isinstance(error, ModuleNotFoundError)}
        os.write(report, ("%s %s\n" % (token, json.dumps({"numpy": why}))).encode())
        return
    if tuple(int(part) for part in numpy.__version__.split(".")[:2]) < (1, 20):
        why = {"why": "it has NumPy %s, and 1.20 is the oldest that will do" % numpy.__version__, "missing": False}
        os.write(report, ("%s %s\n" % (token, json.dumps({"numpy": why}))).encode())
        return

    sources = request.pop("sources")
    root = "<webmon>"

    class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
        def find_spec(self, name, path=None, target=None):
            base = name.replace(".", "/")
            for file in (base + "/__init__.py", base + ".py"):
                if file in sources:
                    package = file.endswith("/__init__.py")
                    spec = importlib.util.spec_from_loader(name, self, origin=root + file[len("webmon") :], is_package=package)
                    spec.loader_state = file
                    return spec
            return None

        def get_source(self, name):
            return sources[self.find_spec(name).loader_state]

        def is_package(self, name):
            return self.find_spec(name).loader_state.endswith("/__init__.py")

        def get_code(self, name):
            spec = self.find_spec(name)
            text = sources[spec.loader_state]
            linecache.cache[spec.origin] = (len(text), None, text.splitlines(True), spec.origin)
            return compile(text, spec.origin, "exec", dont_inherit=True)

    sys.meta_path.insert(0, Sources())
    request["token"] = token
    from webmon import _models

    _models.main(request, report, orders)
    if request["do"] == "list":
        os._exit(0)  # whatever the file has begun


_boot()
