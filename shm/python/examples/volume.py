"""A made-up development: cells that grow in a volume, with labels and points.

    python shm/python/examples/volume.py

The image is written in place and said to have changed. The labels are computed when somebody looks at them.
"""

import time

import numpy as np

import webmon

SHAPE = (64, 192, 192)
SCALE = (1.0, 0.5, 0.5)  # um a voxel


class Cells:
    """Labels that are in no memory: each voxel belongs to the nearest cell that reaches it."""

    shape, dtype = SHAPE, np.dtype("uint16")

    def __init__(self, places: np.ndarray, radius: float) -> None:
        self.places, self.radius = places, radius

    def __getitem__(self, key: "tuple[slice, ...]") -> np.ndarray:
        out = np.zeros([len(range(*part.indices(n))) for part, n in zip(key, SHAPE)], self.dtype)
        nearest = np.full(out.shape, self.radius**2, "f4")
        axes = [(np.arange(n)[part] + 0.5) * size for part, n, size in zip(key, SHAPE, SCALE)]
        z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
        for label, place in enumerate(self.places * SCALE, 1):
            away = (z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2
            closer = away < nearest
            out[closer], nearest[closer] = label, away[closer]
        return out


def main() -> None:
    webmon.serve(name="embryo")
    rng = np.random.default_rng(1)
    places = rng.uniform(0.1, 0.9, (40, 3)) * SHAPE

    about = {"axes": "zyx", "scale": SCALE, "units": "um"}
    image = webmon.volume("image", SHAPE, "uint8", limits=(0, 255), **about)
    names = {label: f"Cell {label}" for label in range(1, len(places) + 1)}
    labels = webmon.volume("cells", data=Cells(places, 4), kind="labels", properties=names, **about)
    webmon.volume("middles", points=places, attributes={"cell": np.arange(1, len(places) + 1)}, **about)

    for step in range(1, 1_000_000):
        radius = 4 + 6 * (step % 60) / 60
        labels.replace(Cells(places, radius))
        for z in range(0, SHAPE[0], 16):
            part = np.s_[z : z + 16]
            inside = Cells(places, radius)[part, :, :] > 0
            image.data[part] = np.where(inside, 160, 20) + rng.integers(0, 40, inside.shape)
            image.changed(part)
        time.sleep(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
