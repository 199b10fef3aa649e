"""Drives a napari of today, which has no octree but still starts clients.

See driver.py for the protocol. Started with NAPARI_MON in the environment.
"""

import driver


def describe(layer):
    """Return which part of which level the layer shows."""
    return {"corner_pixels": layer.corner_pixels, "loaded": bool(layer.loaded)}


def canvas(viewer):
    return driver.qt_viewer(viewer).canvas.size


def main():
    options = driver.arguments(__doc__.splitlines()[0])

    import napari

    viewer = napari.Viewer()
    viewer.window.resize(*options.window)
    for n in range(options.layers):
        driver.add(viewer, "image %d" % (n + 1), options.size, options.load_ms)
    keep = driver.Driver(viewer, options, describe, canvas)
    napari.run()
    del keep


# The manager's process imports the main module again under spawn and
# forkserver: without the guard that would start a second napari.
if __name__ == "__main__":
    main()
