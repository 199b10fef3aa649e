"""A napari with a made-up multiscale image larger than the screen, offered to webmon.

    python viewer.py

Pan and zoom in napari and look at the Viewer page; change the layers from the Layers page. With zarr installed the image
lies in a zarr store in a temporary folder, and every chunk that is loaded is seen; without it, in memory.
"""

import tempfile

import napari
import numpy as np

import webmon


def cells(size: int, seed: int = 3) -> np.ndarray:
    """Returns an image (size, size), uint16, of bright spots of some ten pixels on a dim background; its edges fit together."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])

    def smooth(width: float) -> np.ndarray:
        noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size), np.float32)) * np.exp(-((frequency * width) ** 2)), (size, size))
        return noise / noise.std()

    spots, tissue, texture = smooth(60), smooth(900), smooth(8)
    picture = 300 + 2400 * np.clip(spots - 0.6, 0, 1.5) * (1 + 0.15 * texture) * np.clip(1 + 0.4 * tissue, 0.2, 2) + 60 * np.abs(texture)
    return np.clip(picture, 0, 65535).astype(np.uint16)


def pyramid(image: np.ndarray, least: int = 256) -> list:
    """Returns the image and smaller ones, each half the size of the one before (the mean of 2 x 2 pixels), down to least pixels."""
    levels = [image]
    while min(levels[-1].shape) >= 2 * least:
        rows, columns = (n // 2 for n in levels[-1].shape)
        halved = levels[-1][: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3))
        levels.append(halved.astype(image.dtype))
    return levels


def stored(levels: list, folder: str) -> list:
    """Returns the levels out of a zarr store in the folder, in chunks of 256 x 256; as they are where zarr is not installed."""
    try:
        import zarr
    except ImportError:
        return levels
    group = zarr.open_group(folder, mode="w")
    create = getattr(group, "create_array", None) or group.create_dataset  # zarr 3, zarr 2
    out = []
    for i, level in enumerate(levels):
        array = create(str(i), shape=level.shape, chunks=(256, 256), dtype=level.dtype)
        array[:] = level
        out.append(array)
    return out


def main() -> None:
    levels = pyramid(np.tile(cells(4096), (2, 2)))
    with tempfile.TemporaryDirectory(prefix="webmon-viewer-") as folder:
        levels = stored(levels, folder)
        viewer = napari.Viewer(title="webmon")
        viewer.add_image(levels, multiscale=True, name="cells", colormap="viridis", contrast_limits=[300, 3500])
        webmon.attach(viewer)
        napari.run()


if __name__ == "__main__":
    main()
