"""Drives napari 0.4.11 with its octree, the last one that shares tiles.

See driver.py for the protocol. Started with NAPARI_MON and
NAPARI_EXPERIMENTAL_OCTREE=1 in the environment.

napari 0.4.11 runs as it is with the versions of its time that the requirement
file pins: NumPy before 1.24 (it uses np.float), vispy 0.7.3, pydantic 1.10,
magicgui 0.8.1, superqt 0.6.1, PyQt5 5.15.9, and Python 3.9, which still takes a
float for the interval of a QTimer. One shim is left:

- center_shim: vispy 0.7.3 zooms when a script moves the camera.
"""

import os

import driver


def center_shim():
    """Let a script move the camera of vispy 0.7.3 without zooming.

    Its PanZoomCamera takes the position of the middle of the view for half the
    size of the view, so that setting the center shows a region as large as its
    distance from the origin. Later versions use the size, and so does this.
    Panning with the mouse takes another way and was always right.
    """
    import vispy
    from vispy.scene.cameras import PanZoomCamera

    if vispy.__version__ != "0.7.3":
        raise RuntimeError("center_shim is for vispy 0.7.3, this is " + vispy.__version__)

    def move(camera, center):
        rect = camera.rect
        width, height = rect.size
        camera.rect = (center[0] - width / 2, center[1] - height / 2, width, height)

    PanZoomCamera.center = PanZoomCamera.center.setter(move)


def describe(layer):
    """Return what the octree of a layer says to the monitor, and its options."""
    from napari.components.experimental.chunk import chunk_loader

    messages = layer.remote_messages
    info = chunk_loader.get_info(id(layer))
    return {
        "show_grid": layer.display.show_grid,
        "tile_state": messages.get("tile_state"),
        "tile_config": messages.get("tile_config"),
        "loads": info.stats.counts.loads if info else 0,
        "bytes": info.stats.counts.bytes if info else 0,
    }


def canvas(viewer):
    return driver.qt_viewer(viewer).canvas.size[::-1]


def main():
    options = driver.arguments(__doc__.splitlines()[0])
    os.environ.setdefault("NAPARI_EXPERIMENTAL_OCTREE", "1")

    import napari

    center_shim()
    with napari.gui_qt(force=True):
        viewer = napari.Viewer()
        viewer.window.resize(*options.window)
        for n in range(options.layers):
            driver.add(viewer, "image %d" % (n + 1), options.size, options.load_ms)
        keep = driver.Driver(viewer, options, describe, canvas)
    del keep


# The manager's process imports the main module again under spawn and
# forkserver: without the guard that would start a second napari.
if __name__ == "__main__":
    main()
