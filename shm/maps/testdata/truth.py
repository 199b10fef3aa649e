"""Computes what webmon computes of a map, from its files, with pandas: python truth.py FOLDER > JSON."""

import io
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

folder = Path(sys.argv[1])
name = folder.name


def lines(path):
    return re.split("\r\n|\r|\n", path.read_bytes().decode("latin-1"))


def table(path, head):
    return pd.read_csv(io.StringIO("\n".join(lines(path)[head:])), index_col=False)


sheet = {line.split("\t")[0]: line.split("\t")[1:] for line in lines(folder / f"{name}.txt")}
stacks = [cell.removesuffix("_ch1") for cell in sheet["hsStack"] if cell]
n = len(stacks)
conditions = sheet["condStr"][:n]
dz = [float(v) for v in sheet["dz"][:n]]
db = [table(folder / "stackdb" / f"{s}_db2.txt", 1) for s in stacks]
int1 = [table(folder / "stackdb" / f"{s}_Int1.txt", 1) for s in stacks]


def tracing(stack):
    text = lines(folder / "line" / f"{stack}_l.txt")
    rows = int(re.search(r"numHeaderRow=(\d+)", text[0])[1])
    return pd.read_csv(io.StringIO("\n".join(text[2 + rows :])), index_col=False)


line = [tracing(s) for s in stacks]

text = lines(folder / f"{name}_objMap.txt")
head = dict(pair.split("=") for pair in text[0].split(";") if pair)
rows = int(head["rows"])
blocks = head["blockNames"].split(",")
grid = pd.read_csv(io.StringIO("\n".join(text[1 : 1 + rows * len(blocks)])), sep="\t", header=None, na_values="NAN").to_numpy(float)
following = grid[blocks.index("next") * rows :][:rows]
preceding = grid[blocks.index("prev") * rows :][:rows]

# The objects of all sessions, one below the other.
objects = []
for j in range(n):
    o = db[j][["roiType", "parentID", "pDist", "isBad", "userType"]].copy()
    o["ubssSum"], o["session"], o["row"] = int1[j]["ubssSum"], j, np.arange(len(o))
    objects.append(o[o.roiType == "spineROI"])
objects = pd.concat(objects, ignore_index=True)
objects["bad"] = objects.isBad == 1

# A run is known by its last object; every object finds that.
key = {(s, r): i for i, (s, r) in enumerate(zip(objects.session, objects.row))}
run = np.full(len(objects), -1)
runs = 0
for i in range(len(objects)):  # in the order of session, then row
    s, r = objects.session[i], objects.row[i]
    before = preceding[r, s]
    if s > 0 and not math.isnan(before) and following[int(before), s - 1] == r and (s - 1, int(before)) in key:
        run[i] = run[key[s - 1, int(before)]]
    else:
        run[i] = runs
        runs += 1
objects["run"] = run
matrix = np.full((runs, n), -1)
matrix[objects.run, objects.session] = objects.row


def dynamics(o):
    there = set(zip(o.run, o.session))
    code = []
    for r, s in zip(o.run, o.session):
        before = s == 0 or (r, s - 1) in there
        after = s == n - 1 or (r, s + 1) in there
        code.append({(True, True): 4, (False, True): 1, (True, False): 2, (False, False): 3}[before, after])
    return code


objects["dynamics"] = dynamics(objects)
good = objects[~objects.bad].copy()
good["after"] = dynamics(good)
objects["after"] = good.after.reindex(objects.index)


def cell(v):
    v = float(v)
    return None if math.isnan(v) or math.isinf(v) else v


def lengths(points, dz):
    x, y, z = (points[c].to_numpy() for c in "xyz")
    half = [min(5, i, len(z) - 1 - i) for i in range(len(z))]
    smooth = np.array([z[i - h : i + h + 1].mean() for i, h in enumerate(half)])
    flat = np.hypot(np.diff(x), np.diff(y))
    return flat.sum(), np.hypot(flat, np.diff(z) * dz).sum(), np.hypot(flat, np.diff(smooth) * dz).sum()


def report(bad, filtered):
    shown = objects if bad else objects[~objects.bad]
    there = set(zip(shown.run, shown.session)) if filtered else set(zip(objects.run, objects.session))
    out = []
    count = {}
    for j in range(n):
        for segment in sorted(line[j].ID.unique()):
            every = objects[(objects.session == j) & (objects.parentID == segment)]
            o = shown[(shown.session == j) & (shown.parentID == segment)]
            d = o.after if filtered and not bad else o.dynamics
            flat, deep, smooth = lengths(line[j][line[j].ID == segment], dz[j])
            added, lost = int(d.isin([1, 3]).sum()), int(d.isin([2, 3]).sum())
            count[j, segment] = len(o)
            turnover = math.nan
            if j > 0:
                was = shown[(shown.session == j - 1) & (shown.parentID == segment)]
                gone = sum((r, j) not in there for r in was.run)
                new = sum((r, j - 1) not in there for r in o.run)
                turnover = (gone + new) / (count[j - 1, segment] + len(o)) if count[j - 1, segment] + len(o) else math.nan
            out.append(
                [j, int(segment), len(every), int(every.bad.sum()), len(o), added, lost, int((d == 3).sum()), int((d == 4).sum())]
                + [cell(v) for v in (flat, deep, smooth, len(o) / deep, turnover)]
            )
    return out


survival = []
for k in range(n):
    of = set(good[good.session == k].run)
    for m in range(k, n):
        survival.append([k, m, len(of), len(of & set(objects[objects.session == m].run))])

order = objects.sort_values(["run", "session"])
base = objects[objects.session == 0].set_index("run").ubssSum
values = [
    [int(r), int(s), int(w), cell(u), cell(p), int(d), None if math.isnan(a) else int(a), int(g), bool(b), cell(100 * (u - base.get(r, math.nan)) / base.get(r, math.nan))]
    for r, s, w, u, p, d, a, g, b in zip(
        order.run, order.session, order.row, order.ubssSum, order.pDist, order.dynamics, order.after, order.parentID, order.bad
    )
]

# A pool of this map: the good objects, averaged over a group's sessions, as percent of b*.
wide = good.pivot(index="run", columns="session", values="ubssSum")


def group(prefix):
    return wide[[j for j in wide.columns if conditions[j].startswith(prefix)]].mean(axis=1)


pool = []
for prefix in "a", "d":
    y = (100 * (group(prefix) - group("b")) / group("b")).dropna()
    pool.append([prefix, len(y), y.mean(), y.std(), y.sem()])

json.dump(
    {
        "runs": matrix.tolist(),
        "values": values,
        "reports": {f"{bad:d}{filtered:d}": report(bad, filtered) for bad in (False, True) for filtered in (False, True)},
        "survival": survival,
        "pool": [[p, k, *map(cell, rest)] for p, k, *rest in pool],
    },
    sys.stdout,
)
