"""``python -m webmon`` is the program webmon, with all its options; ``python -m webmon where`` says where it runs.

The program is found as :func:`webmon.serve` finds it: it need not be on the PATH. Files of models run with this Python, unless
they are told another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from . import _announce, _private

_NOT_FOUND = """The program webmon is not found. A wheel of napari-webmon for this platform brings it; the sources, which are installed here, do not.
Put webmon on the PATH, or name it in the environment variable WEBMON.
python -m webmon where says which processes are offered, without the program."""


def main(arguments: list[str]) -> int:
    """Become the program, or say where it runs."""
    if arguments and arguments[0] == "where":
        if len(arguments) > 1:
            print("usage: python -m webmon where", file=sys.stderr)
            return 2
        return where()
    program = _announce.find_webmon()
    if program is None:
        if not os.environ.get("WEBMON"):
            print(_NOT_FOUND, file=sys.stderr)
        return 1
    environment = dict(os.environ)
    if sys.executable:
        environment.setdefault("WEBMON_PYTHON", sys.executable)
    try:
        if sys.platform != "win32":
            os.execve(program, [program, *arguments], environment)
        process = subprocess.Popen([program, *arguments], env=environment)
    except OSError as error:
        print(f"{program} cannot be run: {error}", file=sys.stderr)
        return 1
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # Ctrl-C reaches the program too, which ends in its own way


def where() -> int:
    """Print the address of the webmon that runs, and a line for every process that is offered."""
    record = _announce.record()
    processes = []
    for path in _announce.announcements():
        if path.suffix != ".json":
            continue
        try:
            fd = _private.open_file(path, os.O_RDWR)
        except OSError:
            continue
        with open(fd, encoding="utf-8") as file:
            if _announce.try_lock(fd):
                continue  # of a dead process
            try:
                about = json.load(file)
            except ValueError:
                continue
        processes.append(f"{about.get('name')} (process {about.get('pid')})")
    print(record["url"] if record and record.get("url") else "No webmon is running. Start it with: python -m webmon")
    for line in processes:
        print(" ", line)
    return 0 if record else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
