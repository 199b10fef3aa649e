"""The small things of the benchmarks as Python does them: decoding a message
and polls, encoding tiles for the page, rendering a table. Prints a Markdown
table.

    micro.py
"""

import json
import pickle
import sys
import time

import numpy as np
from jinja2 import Environment

TABLE = Environment(autoescape=True).from_string(
    "<table><thead><tr>{% for c in columns %}<th scope='col'>{{ c }}</th>{% endfor %}</tr></thead><tbody>"
    "{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</tbody></table>"
)


def poll(tiles):
    index = np.arange(tiles)
    layer = {
        "tile_state": {"seen": np.vstack((index // 64, index % 64)).T, "corners": np.array([[0.0, 0.0], [1024.0, 1024.0]])},
        "tile_config": {
            "base_shape": [16384, 16384],
            "image_shape": (8192, 8192),
            "shape_in_tiles": [32, 32],
            "tile_size": 256,
            "level_index": 1,
        },
    }
    return {"layers": {140234866358208: layer}}


def microseconds(f):
    """Return the median time of a call, of rounds of a fifth of a second in all."""
    took, end = [], time.perf_counter() + 0.2
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(20):
            f()
        took.append((time.perf_counter() - start) / 20)
    return 1e6 * sorted(took)[len(took) // 2]


def main():
    message = pickle.dumps(("#RETURN", {"frame_time": {"time": 1.7e9, "delta_ms": 16.5}}))
    cases = [("pickle.loads of a frame_time message", lambda: pickle.loads(message))]
    for tiles in (10, 1000, 10000):
        data = pickle.dumps(("#RETURN", poll(tiles)))
        cases.append((f"pickle.loads of a poll of {tiles} tiles", lambda data=data: pickle.loads(data)))
    tiles = poll(10000)["layers"][140234866358208]
    cases.append(("json.dumps of 10000 tiles for the page", lambda: json.dumps(tiles, default=np.ndarray.tolist)))
    rows = [[f"tile {i}", i // 13, i % 13, 256] for i in range(166)]
    cases.append(("Jinja2 renders a table of 166 rows", lambda: TABLE.render(columns=["Tile", "Row", "Column", "Side"], rows=rows)))
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"| CPython {python}, NumPy {np.__version__} | µs |\n|---|---|")
    for name, f in cases:
        print(f"| {name} | {microseconds(f):.1f} |")


if __name__ == "__main__":
    main()
