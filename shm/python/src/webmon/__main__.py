"""``python -m webmon`` says where the dashboard is, and which processes it can find."""

from __future__ import annotations

import json
import os
import sys

from . import _announce, _private


def main() -> int:
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
    print(record["url"] if record and record.get("url") else "No webmon is running. Start it with: webmon")
    for line in processes:
        print(" ", line)
    return 0 if record else 1


if __name__ == "__main__":
    sys.exit(main())
