"""A process with a volume, for the benchmarks of volumes.

    volumes.py webmon image SIDE         SIDE^3 of uint8 by webmon.volume, in shared memory
    volumes.py neuroglancer image SIDE   the same in an array, served by Neuroglancer's own package
    volumes.py webmon labels SIDE        SIDE^3 of uint32, 352 labels that touch
    volumes.py neuroglancer labels SIDE  the same, as above
    volumes.py webmon both SIDE          an image, and labels of half the side
    volumes.py neuroglancer both SIDE

It says as JSON, one line, where it is; keys and the view are Neuroglancer's alone:

    {"port": 40123, "view": "abc", "keys": {"image": "abc.def"}, "python": "3.13.0", "numpy": "2.5.5"}

Then one JSON object a line in and one out:

    {"do": "changed"}                                           all volumes are new; what was kept of them is of no use
    {"do": "write", "stamp": 17.5}                              the first voxels of the image become the stamp, a double; changed
    {"do": "loop", "hz": 60, "seconds": 10, "changed": true}    works so long

A loop is NumPy's work at a steady rate: each time a slab of the image of 8 planes is written in place, after a smoothing of a
field of 256 x 256, the first voxels become the time, and with "changed" webmon is told. The answer has how long
each time took, how late it began, and when the time was written:

    {"ms": [2.1, ...], "late_ms": [0.1, ...], "stamps": [1764370000.1, ...]}
"""

import gc
import json
import sys
import time

import numpy as np

PLANES = 8  # of the image, that are written in a tick


def image(out):
    """Write waves with noise, as a microscope's picture: a block of 128^3 again and again."""
    rng = np.random.default_rng(1)
    n = 128
    z, y, x = np.ogrid[:n, :n, :n]
    waves = 100 + 30 * np.sin(z * (2 * np.pi / n)) + 30 * np.sin(y * (4 * np.pi / n)) * np.cos(x * (2 * np.pi / n))
    block = np.clip(waves + 12 * rng.standard_normal((n, n, n)), 0, 255).astype(np.uint8)
    for i in range(0, out.shape[0], n):
        part = out[i : i + n]
        for j in range(0, out.shape[1], n):
            for k in range(0, out.shape[2], n):
                to = part[:, j : j + n, k : k + n]
                to[:] = block[: to.shape[0], : to.shape[1], : to.shape[2]]
    stamp(out, 0)


def labels(out):
    """Write 4 x 8 x 11 labels with wavy faces, which fill the volume."""
    n = out.shape[0]
    _, y, x = np.ogrid[:1, :n, :n]
    for z in range(n):
        phase = 2 * np.pi / n
        a = z + 0.02 * n * (np.sin(3 * phase * y) + np.sin(4 * phase * x))
        b = y + 0.015 * n * (np.sin(5 * phase * z) + np.sin(4 * phase * x))
        c = x + 0.01 * n * (np.sin(5 * phase * z) + np.sin(6 * phase * y))
        cell = [np.clip(v * count / n, 0, count - 1).astype(np.uint32) for v, count in ((a, 4), (b, 8), (c, 11))]
        out[z] = (1 + (cell[0] * 8 + cell[1]) * 11 + cell[2])[0]


FILL = {"image": image, "labels": labels}


class Webmon:
    """The volumes are webmon's."""

    def __init__(self, sides):
        import webmon

        self.process = webmon.Process("bench", launch=False)
        self.volumes = {}
        for kind, side in sides.items():
            dtype = "uint8" if kind == "image" else "uint32"
            volume = self.process.volume(kind, (side,) * 3, dtype, axes="zyx", kind=kind, scale=8, units="nm")
            FILL[kind](volume.data)
            volume.changed()
            self.volumes[kind] = volume
        self.image = self.volumes["image"].data if "image" in self.volumes else None
        self.where = {}

    def changed(self, kinds=None, region=None):
        for kind in kinds or self.volumes:
            self.volumes[kind].changed(region)


class Neuroglancer:
    """The volumes are arrays of this process, and Neuroglancer's server is one of its threads."""

    def __init__(self, sides):
        import neuroglancer

        neuroglancer.set_server_bind_address("127.0.0.1")
        space = neuroglancer.CoordinateSpace(names=["z", "y", "x"], units="nm", scales=[8, 8, 8])
        self.viewer = neuroglancer.Viewer()
        self.volumes, arrays = {}, {}
        with self.viewer.txn() as state:
            for kind, side in sides.items():
                array = np.zeros((side,) * 3, "uint8" if kind == "image" else "uint32")
                FILL[kind](array)
                arrays[kind] = array
                self.volumes[kind] = neuroglancer.LocalVolume(array, dimensions=space)
                layer = neuroglancer.ImageLayer if kind == "image" else neuroglancer.SegmentationLayer
                state.layers[kind] = layer(source=self.volumes[kind])
            state.layout = "4panel"
        self.image = arrays.get("image")
        self.where = {
            "port": int(self.viewer.get_viewer_url().split(":")[2].split("/")[0]),
            "view": self.viewer.token,
            "keys": {kind: f"{self.viewer.token}.{volume.token}" for kind, volume in self.volumes.items()},
        }

    def changed(self, kinds=None, region=None):
        for kind in kinds or self.volumes:
            self.volumes[kind].invalidate()


def stamp(image, seconds):
    """Write a number into the first voxels."""
    image[0, 0, :8] = np.frombuffer(np.float64(seconds).tobytes(), np.uint8)


def loop(server, hz, seconds, changed):
    """Work at a steady rate."""
    ms, late, stamps = [], [], []
    field = np.random.default_rng(2).random((256, 256))
    slabs = server.image.shape[0] // PLANES
    gc.collect()
    begin = time.perf_counter()
    for n in range(int(hz * seconds)):
        due = begin + n / hz
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        start = time.perf_counter()
        for _ in range(2):
            field = 0.25 * (np.roll(field, 1, 0) + np.roll(field, -1, 0) + np.roll(field, 1, 1) + np.roll(field, -1, 1))
        slab = server.image[n % slabs * PLANES :][:PLANES]
        np.add(slab, 1, out=slab)
        now = time.time()
        stamp(server.image, now)
        if changed:
            server.changed(["image"], np.s_[n % slabs * PLANES : (n % slabs + 1) * PLANES])
        ms.append(1e3 * (time.perf_counter() - start))
        late.append(1e3 * (start - due))
        stamps.append(now)
    return {"ms": ms, "late_ms": late, "stamps": stamps}


def main():
    which, kind, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sides = {"image": side, "labels": side // 2} if kind == "both" else {kind: side}
    server = {"webmon": Webmon, "neuroglancer": Neuroglancer}[which](sides)

    def say(answer):
        print(json.dumps(answer), flush=True)

    say({**server.where, "python": sys.version.split()[0], "numpy": np.__version__})
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "changed":
            server.changed()
            say({})
        elif asked["do"] == "write":
            stamp(server.image, asked["stamp"])
            server.changed(["image"])
            say({})
        else:
            say(loop(server, asked["hz"], asked["seconds"], asked["changed"]))


main()
