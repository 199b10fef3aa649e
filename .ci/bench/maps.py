"""What a map of dendritic spines costs in Python with pandas, the way PyMapManager goes, for the benchmarks.

    maps.py FOLDER [MAPS]

Reads the tables of every session, links the objects into runs, and makes the values of one plot as it did: a matrix of
runs and sessions a statistic. Prints JSON: milliseconds of wall time and of CPU, the best of several, and for a pool of so
many maps (each the same folder) those of all together. It was written for this comparison from a reading of it.
"""

import io
import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd


def read(path, head):
    return pd.read_csv(io.StringIO(re.sub("\r\n?", "\n", path.read_bytes().decode("latin-1"))), header=head, index_col=False)


class Map:
    def __init__(self, folder):
        name = folder.name
        sheet = {}
        for line in (folder / f"{name}.txt").read_text("latin-1").splitlines():
            label, *cells = line.split("\t")
            sheet[label] = cells
        self.conditions = [c for c in sheet["condStr"] if c]
        self.stacks = [s.removesuffix("_ch1") for s in sheet["hsStack"] if s]
        self.db, self.int, self.line = [], [], []
        for stack in self.stacks:
            self.db.append(read(folder / "stackdb" / f"{stack}_db2.txt", 1))
            self.int.append([read(folder / "stackdb" / f"{stack}_Int{c}.txt", 1) for c in (1, 2)])
            path = folder / "line" / f"{stack}_l.txt"
            rows = int(re.search(rb"numHeaderRow=(\d+)", path.read_bytes())[1])
            self.line.append(read(path, 2 + rows))
        text = (folder / f"{name}_objMap.txt").read_text().split("\n", 1)
        head = dict(p.split("=") for p in text[0].split(";") if p)
        grid = pd.read_csv(io.StringIO(text[1]), sep="\t", header=None, na_values="NAN").to_numpy(float)
        blocks = grid.reshape(int(head["blocks"]), int(head["rows"]), -1)
        names = head["blockNames"].split(",")
        self.runs = self.follow(blocks[names.index("next")], blocks[names.index("prev")])

    def follow(self, following, preceding):
        runs = []
        n = len(self.stacks)
        spines = [(d.roiType == "spineROI").to_numpy() for d in self.db]
        for j in range(n):
            for i in np.flatnonzero(spines[j]):
                if j > 0 and not np.isnan(preceding[i, j]):
                    continue
                run = np.full(n, np.nan)
                row, k = i, j
                while True:
                    run[k] = row
                    after = following[int(row), k]
                    k += 1
                    if np.isnan(after) or k == n:
                        break
                    row = after
                runs.append(run)
        return np.array(runs)

    def values(self, name):
        table = self.int if name.endswith("_int1") else None
        out = np.full(self.runs.shape, np.nan)
        for j in range(len(self.stacks)):
            column = (table[j][0][name.removesuffix("_int1")] if table else self.db[j][name]).to_numpy(float)
            there = ~np.isnan(self.runs[:, j])
            out[there, j] = column[self.runs[there, j].astype(int)]
        return out


def best(do, times):
    wall, cpu = [], []
    for _ in range(times):
        w, c = time.perf_counter(), time.process_time()
        do()
        wall.append(time.perf_counter() - w)
        cpu.append(time.process_time() - c)
    return {"wall": 1000 * min(wall), "cpu": 1000 * min(cpu)}


def pool(folder, maps):
    means = []
    for _ in range(maps):
        m = Map(folder)
        v = pd.DataFrame(m.values("ubssSum_int1"), columns=m.conditions)
        base = v[[c for c in v if c.startswith("b")]].mean(axis=1)
        means.append((v[[c for c in v if c.startswith("a")]].mean(axis=1) / base).mean())
    return np.mean(means)


folder = Path(sys.argv[1])
maps = int(sys.argv[2]) if len(sys.argv) > 2 else 10
m = Map(folder)
json.dump(
    {
        "python": sys.version.split()[0],
        "pandas": pd.__version__,
        "runs": len(m.runs),
        "load": best(lambda: Map(folder), 7),
        "values": best(lambda: [m.values(s) for s in ("pDist", "ubssSum_int1")], 50),
        "pool": best(lambda: pool(folder, maps), 1) | {"maps": maps},
    },
    sys.stdout,
)
