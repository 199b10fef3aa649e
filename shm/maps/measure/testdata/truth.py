"""Measures spines with NumPy, in another way than webmon does: masks over whole planes.

It reads one line of JSON from standard input and prints one line of JSON. Lengths are micrometres, slices whole
numbers from 0, images arrays [slice][row][column].
"""

import json
import sys

import numpy as np


def masks(shape, said):
    """The pixels of the spine and of the dendrite, as arrays [row][column] of truth values."""
    dx, dy = said["dx"], said["dy"]
    # Nothing of either lies further from the head than a window of 160 pixels.
    top, left = max(int(said["y"] / dy) - 80, 0), max(int(said["x"] / dx) - 80, 0)
    full, shape = shape, (min(160, shape[0] - top), min(160, shape[1] - left))
    r, c = np.mgrid[top : top + shape[0], left : left + shape[1]]
    px, py = c * dx, r * dy
    line = np.array(said["line"], float)
    step = np.hypot(*np.diff(line[:, :2], axis=0).T)
    along = np.concatenate([[0], np.cumsum(step)])
    at = along[said["point"]]
    from_, to = max(at - said["dMinus"], 0), min(at + said["dPlus"], along[-1])
    # The piece of the line, with its ends between points where they fall there.
    inner = (along > from_) & (along < to)
    cut = np.array(
        [[np.interp(a, along, line[:, 0]), np.interp(a, along, line[:, 1])] for a in [from_, *along[inner], to]]
    )
    lengths = np.hypot(*np.diff(cut, axis=0).T)
    keep = np.concatenate([[True], lengths > 1e-9])
    cut = cut[keep]
    # A pixel is in if the nearest place of the line is nearer than the radius; the ends are flat.
    best = np.full(shape, np.inf)
    beyond = np.zeros(shape, bool)
    last = len(cut) - 2
    for i in range(len(cut) - 1):
        (ax, ay), (bx, by) = cut[i], cut[i + 1]
        t = ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        s = np.clip(t, 0, 1)
        d = np.hypot(px - ax - s * (bx - ax), py - ay - s * (by - ay))
        out = ((t < -1e-9) if i == 0 else np.zeros(shape, bool)) | ((t > 1 + 1e-9) if i == last else np.zeros(shape, bool))
        nearer = d < best - 1e-9
        best = np.where(nearer, d, best)
        beyond = np.where(nearer, out, beyond)
    dendrite = (best <= said["radius"] + 1e-9) & ~beyond
    x, y, cx, cy = said["x"], said["y"], said["cx"], said["cy"]
    length = np.hypot(x - cx, y - cy)
    ux, uy = (x - cx) / length, (y - cy) / length
    a = (px - cx) * ux + (py - cy) * uy
    b = np.abs((px - cx) * uy - (py - cy) * ux)
    box = (a >= -said["extendTail"] - 1e-9) & (a <= length + said["extendHead"] + 1e-9) & (b <= said["spineWidth"] / 2 + 1e-9)
    spine = box & ~dendrite
    # Of what is left, the part around the head.
    seed = (int(np.floor(y / dy + 0.5)) - top, int(np.floor(x / dx + 0.5)) - left)
    part = np.zeros(shape, bool)
    if spine[seed]:
        part[seed] = True
        while True:
            grown = part.copy()
            grown[1:] |= part[:-1]
            grown[:-1] |= part[1:]
            grown[:, 1:] |= part[:, :-1]
            grown[:, :-1] |= part[:, 1:]
            grown &= spine
            if (grown == part).all():
                break
            part = grown
    whole = []
    for window in (part, dendrite):
        mask = np.zeros(full, bool)
        mask[top : top + shape[0], left : left + shape[1]] = window
        whole.append(mask)
    return whole


def offsets(mask):
    """The candidates of the background: whole pixels by the longer side of the shape's box."""
    r, c = np.nonzero(mask)
    n = max(r.max() - r.min() + 1, c.max() - c.min() + 1)
    return [(i * n, j * n) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def moved(mask, by):
    r, c = np.nonzero(mask)
    r, c = r + by[0], c + by[1]
    if r.min() < 0 or c.min() < 0 or r.max() >= mask.shape[0] or c.max() >= mask.shape[1]:
        return None
    out = np.zeros_like(mask)
    out[r, c] = True
    return out


def values(stack, mask, z, n):
    r, c = np.nonzero(mask)
    v = stack[z - n : z + n + 1, r, c].astype(float).ravel()
    return {"Sum": v.sum(), "Mean": v.mean(), "SD": v.std(ddof=1), "N": float(v.size)}


def main():
    said = json.load(sys.stdin)
    stacks = [np.fromfile(f, "<u2").reshape(said["shape"]) for f in said["images"]]
    answers = []
    for one in said["objects"]:
        one = {**said, **one}
        spine, dendrite = masks(said["shape"][1:], one)
        n, z, cz = one["zPlusMinus"], one["z"], one["cz"]
        reference = stacks[one["reference"]]

        def darkest(mask):
            best = None
            for by in offsets(mask):
                m = moved(mask, by)
                if m is None:
                    continue
                total = values(reference, m, z, n)["Sum"]
                if best is None or total < best[0]:
                    best = (total, by, m)
            return best

        _, by, background = darkest(spine)
        if "sbxPos" in one:
            by = (round((one["sbyPos"] - one["y"]) / one["dy"]), round((one["sbxPos"] - one["x"]) / one["dx"]))
            background = moved(spine, by)
        _, _, dendriteBackground = darkest(dendrite)
        channels = []
        for stack in stacks:
            c = {}
            for name, mask, at in [
                ("s", spine, z),
                ("sb", background, z),
                ("d", dendrite, cz),
                ("db", dendriteBackground, z),
            ]:
                for k, v in values(stack, mask, at, n).items():
                    c[name + k] = v
            c["sbxPos"], c["sbyPos"] = one["x"] + by[1] * one["dx"], one["y"] + by[0] * one["dy"]
            c["ubssSum"], c["ubssMean"] = c["sSum"] - c["sbSum"], c["sMean"] - c["sbMean"]
            c["ubsdSum"], c["ubsdMean"] = c["dSum"] - c["dbSum"], c["dMean"] - c["dbMean"]
            channels.append(c)
        for i, t in enumerate(channels):
            o = channels[1 if i == 0 else 0] if len(channels) > 1 else None
            t["utssdtds"], t["utsmdtdm"] = t["ubssSum"] / t["ubsdSum"], t["ubssMean"] / t["ubsdMean"]
            if o is None:
                continue
            t["utssmoss"], t["utsmmosm"] = t["ubssSum"] - o["ubssSum"], t["ubssMean"] - o["ubssMean"]
            t["utssdoss"], t["utsmdosm"] = t["ubssSum"] / o["ubssSum"], t["ubssMean"] / o["ubssMean"]
            t["utssmods"], t["utsmmodm"] = t["ubssSum"] - o["ubsdSum"], t["ubssMean"] - o["ubsdMean"]
            t["utssdods"], t["utsmdodm"] = t["ubssSum"] / o["ubsdSum"], t["ubssMean"] / o["ubsdMean"]
            t["utdsdods"], t["utdmdodm"] = t["ubsdSum"] / o["ubsdSum"], t["ubsdMean"] / o["ubsdMean"]
            t["uSEV"] = t["utsmdtdm"] / (o["ubssMean"] / o["ubsdMean"])
        answers.append({"channels": channels, "sLen2d": float(np.hypot(one["x"] - one["cx"], one["y"] - one["cy"])),
                        "sLen3d": float(np.sqrt((one["x"] - one["cx"]) ** 2 + (one["y"] - one["cy"]) ** 2 + ((z - one["czExact"]) * one["dz"]) ** 2))})
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
