"""Drives a napari of today that is attached to webmon by the Python package.

See driver.py for the protocol, whose commands work here too. The viewer holds,
from the bottom up:

    image    multiscale, uint16, larger than the screen, in a zarr store with chunks of --chunk pixels
             (--dask: the same through dask); pixel(row, column) of level 0 = expected(row, column)
    series   5 x 256 x 256, uint16, in memory, invisible: gives the viewer an axis with a slider
    labels   512 x 512
    points   20

Its first line says, beside what every driver's does, {"ready": true, "address":
host:port of the process that webmon attaches to, "instance": text}. Nothing
starts a webmon unless --launch is given; then the package does, as for a user.

More commands; those that name a layer take {"layer": name}:

    get      {"of": "camera"|"dims"|"viewer"|"cursor"|"layer", "name": attribute}
                                               {"value": it}
    set      {"of": ..., "name": attribute, "value": v}
    layers   {}                                {"names": [...] bottom first, "selected": [...], "ids": {name: webmon's id}}
    clear    {}                                all layers are removed
    add_layer {"kind": "image"|"labels"|"volume"|"cells"|"points"|"shapes"|"multiscale", "name": name}
    move     {"layer": name, "index": n}       0: bottom
    step     {"axis": n, "step": n}
    playing  {}                                {"axis": n or null}
    refresh  {"layer": name}                   have napari slice it again
    async    {"on": bool}                      napari's asynchronous slicing
    slice    {"layer": name}                   what napari holds: {"shape", "level", "sum", "corner_pixels"}
    item     {"layer": name, "at": [row, column]}
                                               {"value": of the layer's data}
    pixel    {"row": r, "column": c}           {"value": expected pixel of the image's level 0}
    grid     {}                                {"lines": how many tile borders are drawn, 0 for none}
    paints   {}                                {"count": paints of the canvas}
    scenes   {}                                {"names": what scenes.py has}
    scene    {"name": name}                    show it and nothing else
    shot     {"path": path}                    PNG of the canvas without the flash of a screenshot: {"size": rows, columns}
    run      {"code": text}                    executes it, with np and viewer; {"out": what it has left in out}
    fit      {"size": [rows, columns]}         make the canvas so large: {"size": what it is, "at": [x, y] on the display}
    noise    {}                                one image without an edge in sight, its pixels from 60 to 199
    time_paints {"paints": n, "hz": f}         move and paint so often, f times a second at most: {"ms": [from the move until it is
                                               painted and what comes of that is done], "thread_ms": of napari's thread in all, a paint}
    cost     {}                                {"seconds", "ticks"} that webmon took of napari's thread
    detach, attach {}                          leave webmon, and come back
"""

import argparse
import json
import os
import sys
import tempfile
import time

import driver
import mesa
import scenes


def expected(row, column):
    """Return the pixel of level 0: the same at every level, so that a picture says where it is."""
    return (row // 16 * 61 + column // 16 * 7) % 4000


def levels(folder, size, chunk, dask):
    """Write the image into a zarr store and return its levels, each half the one before."""
    import numpy as np
    import zarr

    group = zarr.open_group(folder, mode="w")
    found = []
    level = 0
    while size >> level >= 256:
        n, step = size >> level, 1 << level
        array = group.create_array(str(level), shape=(n, n), chunks=(chunk, chunk), dtype="u2")
        columns = np.arange(n) * step
        for row in range(0, n, chunk):  # a strip at a time: the whole may be large
            rows = np.arange(row, min(row + chunk, n))[:, None] * step
            array[row : row + chunk] = expected(rows, columns[None, :]).astype(np.uint16)
        found.append(array)
        level += 1
    if dask:
        import dask.array

        found = [dask.array.from_zarr(array) for array in found]
    return found


class Driver(driver.Driver):
    """The commands of the module's docstring, beside those of every driver."""

    def __init__(self, viewer, options, data, attach):
        self.data = data
        self.attach = attach
        self.attachment = attach()
        self.paints = 0
        self.draw = driver.qt_viewer(viewer).canvas.events.draw
        self.draw.connect(self._on_draw)
        super().__init__(viewer, options, lambda layer: {}, lambda viewer: driver.qt_viewer(viewer).canvas.size)

    def _on_draw(self, event=None):
        self.paints += 1

    def _ready(self):
        import napari

        line = {
            "event": "ready",
            "ready": True,
            "napari": napari.__version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "pid": os.getpid(),
        }
        line.update(self.do_attach({}))
        self._write(line)

    def _of(self, request):
        what = request["of"]
        if what == "layer":
            return self.viewer.layers[request["layer"]]
        if what == "camera":
            return camera(self.viewer)
        return {"viewer": self.viewer, "dims": self.viewer.dims, "cursor": self.viewer.cursor}[what]

    def do_get(self, request):
        value = getattr(self._of(request), request["name"])
        try:
            json.dumps(driver.plain(value))
        except TypeError:
            value = getattr(value, "name", None) or str(value)  # a colormap, an enum
        return {"value": value}

    def do_set(self, request):
        setattr(self._of(request), request["name"], request["value"])

    def do_center(self, request):
        camera(self.viewer).center = (0, *request["center"])

    def do_zoom(self, request):
        camera(self.viewer).zoom = request["zoom"]

    def do_layers(self, request):
        from webmon._napari.layers import id_of

        layers = self.viewer.layers
        return {
            "names": [layer.name for layer in layers],
            "selected": [layer.name for layer in layers if layer in layers.selection],
            "ids": {layer.name: id_of(layer) for layer in layers},
        }

    def do_add_layer(self, request):
        import numpy as np

        kind, name = request["kind"], request["name"]
        if kind == "multiscale":
            self.viewer.add_image(self.data, multiscale=True, name=name, contrast_limits=[0, 4000])
        elif kind == "image":
            rows, columns = np.mgrid[:300, :400]
            self.viewer.add_image(expected(rows, columns).astype(np.uint16), name=name, contrast_limits=[0, 4000])
        elif kind == "labels":
            self.viewer.add_labels(np.ones((100, 100), int), name=name)
        elif kind == "volume":
            ramp = np.arange(12 * 20 * 24, dtype=np.uint16).reshape(12, 20, 24)
            self.viewer.add_image(ramp, name=name, contrast_limits=[0, 6000], scale=(2, 1, 1))
        elif kind == "cells":
            cells = np.zeros((12, 20, 24), np.uint32)
            cells[2:8, 4:12, 4:16] = 70
            self.viewer.add_labels(cells, name=name, scale=(2, 1, 1))
        elif kind == "points":
            self.viewer.add_points(np.zeros((3, 2)), name=name)
        elif kind == "shapes":
            self.viewer.add_shapes([np.array([[0, 0], [50, 50]])], shape_type="line", name=name)
        else:
            raise ValueError("no layer of kind %r" % kind)

    def do_clear(self, request):
        self.viewer.layers.clear()

    def do_move(self, request):
        layers = self.viewer.layers
        index, wanted = layers.index(layers[request["layer"]]), int(request["index"])
        layers.move(index, wanted + 1 if wanted > index else wanted)

    def do_step(self, request):
        self.viewer.dims.set_current_step(int(request["axis"]), int(request["step"]))

    def do_playing(self, request):
        from webmon._napari import compat

        return {"axis": compat.playing(self.viewer)}

    def do_refresh(self, request):
        self.viewer.layers[request["layer"]].refresh()

    def do_async(self, request):
        from napari.settings import get_settings

        get_settings().experimental.async_ = bool(request["on"])

    def do_slice(self, request):
        layer = self.viewer.layers[request["layer"]]
        raw = layer._slice.image.raw
        return {
            "shape": raw.shape,
            "level": layer.data_level,
            "sum": int(raw.sum(dtype="int64")),
            "corner_pixels": layer.corner_pixels,
        }

    def do_item(self, request):
        return {"value": self.viewer.layers[request["layer"]].data[tuple(request["at"])]}

    def do_pixel(self, request):
        return {"value": expected(int(request["row"]), int(request["column"]))}

    def do_grid(self, request):
        from vispy.scene.visuals import Line

        lines = [child for child in driver.qt_viewer(self.viewer).canvas.view.scene.children if isinstance(child, Line)]
        return {"lines": sum(len(line.pos) // 2 for line in lines)}

    def do_paints(self, request):
        return {"count": self.paints}

    def do_scenes(self, request):
        return {"names": list(scenes.SCENES)}

    def do_scene(self, request):
        scenes.show(self.viewer, request["name"])

    def do_shot(self, request):
        picture = self.viewer.screenshot(request["path"], canvas_only=True, flash=False)
        return {"size": picture.shape[:2]}

    def do_run(self, request):
        import numpy as np

        names = {"np": np, "viewer": self.viewer, "out": None}
        exec(request["code"], names)
        return {"out": names["out"]}

    def do_fit(self, request):
        from qtpy.QtCore import QPoint
        from qtpy.QtWidgets import QApplication

        rows, columns = request["size"]
        native = driver.qt_viewer(self.viewer).canvas.native
        window = self.viewer.window._qt_window
        for _ in range(50):
            wrong = columns - native.width(), rows - native.height()
            if wrong == (0, 0):
                break
            window.resize(window.width() + wrong[0], window.height() + wrong[1])
            QApplication.processEvents()
        at = native.mapToGlobal(QPoint(0, 0))
        return {"size": [native.height(), native.width()], "at": [at.x(), at.y()]}

    def do_noise(self, request):
        import numpy as np

        scenes.clear(self.viewer)
        image = np.random.default_rng(5).integers(60, 200, (1200, 1600), np.uint8)
        self.viewer.add_image(image, contrast_limits=(0, 255), name="noise")
        camera(self.viewer).zoom = 2
        camera(self.viewer).center = (0, 600, 800)

    def do_time_paints(self, request):
        from qtpy.QtWidgets import QApplication

        native = driver.qt_viewer(self.viewer).canvas.native
        view, took, every = camera(self.viewer), [], 1 / request["hz"]
        center = view.center
        spent, due = time.thread_time(), time.perf_counter()
        for n in range(int(request["paints"])):
            while time.perf_counter() < due:
                QApplication.processEvents()
                time.sleep(0.0005)
            began = time.perf_counter()
            view.center = (center[0], center[1] + n % 7, center[2] + n % 5)
            native.repaint()
            QApplication.processEvents()  # what others do in this thread because of it
            took.append(1e3 * (time.perf_counter() - began))
            due = max(due + every, began)
        spent = time.thread_time() - spent
        view.center = center
        return {"ms": took, "thread_ms": 1e3 * spent / len(took)}

    def do_cost(self, request):
        return dict(self.attachment.cost()._asdict())

    def do_detach(self, request):
        self.attachment.detach()

    def do_attach(self, request):
        if self.attachment.closed:
            self.attachment = self.attach()
        process = self.attachment.process
        return {"address": process.address, "instance": process.instance}

    def state(self):
        canvas = self.canvas(self.viewer)
        found = camera(self.viewer)
        layers = []
        for layer in self.viewer.layers:
            entry = {"name": layer.name, "visible": bool(layer.visible), "opacity": float(layer.opacity)}
            if hasattr(layer, "data_level"):
                entry.update(
                    data_level=int(layer.data_level),
                    level_shapes=layer.level_shapes,
                    corner_pixels=layer.corner_pixels,
                    loaded=bool(layer.loaded),
                )
            layers.append(entry)
        return {
            "camera": {"center": found.center, "zoom": float(found.zoom), "angles": found.angles},
            "canvas": canvas,
            "dims": {"current_step": self.viewer.dims.current_step, "ndisplay": self.viewer.dims.ndisplay},
            "layers": driver.plain(layers),
        }


def camera(viewer):
    scene = getattr(viewer, "scene", None)
    return viewer.camera if scene is None else scene.camera


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=4096, help="edge of the image in pixels, a power of two")
    parser.add_argument("--chunk", type=int, default=256, help="edge of a chunk in pixels")
    parser.add_argument("--dask", action="store_true", help="give napari dask arrays instead of zarr's own")
    parser.add_argument("--launch", action="store_true", help="let the package start a webmon ($WEBMON, the PATH)")
    parser.add_argument("--name", default="napari", help="what the process calls itself")
    parser.add_argument("--window", type=int, nargs=2, default=(1000, 800), metavar=("W", "H"), help="window size")
    parser.add_argument("--fds", type=int, nargs=2, default=(0, 1), metavar=("IN", "OUT"), help="descriptors of the protocol")
    driver.from_a_terminal()
    options = parser.parse_args()
    options.load_ms = 0

    import napari
    import numpy as np
    import webmon
    from webmon import _napari

    mesa.guard()
    with tempfile.TemporaryDirectory(prefix="webmon-plugin-") as folder:
        data = levels(folder, options.size, options.chunk, options.dask)
        viewer = napari.Viewer()
        viewer.window.resize(*options.window)
        viewer.add_image(data, multiscale=True, name="image", contrast_limits=[0, 4000])
        series = np.arange(5, dtype=np.uint16)[:, None, None] * 100 + np.zeros((5, 256, 256), np.uint16)
        viewer.add_image(series, name="series", contrast_limits=[0, 500], visible=False)
        viewer.add_labels((np.indices((512, 512)) // 64).sum(axis=0), name="labels", opacity=0.3)
        viewer.add_points(np.random.default_rng(1).uniform(0, 512, (20, 2)), name="points")

        def attach():
            if options.launch:
                return webmon.attach(viewer)
            process = webmon.Process(
                options.name, kind="napari", napari=napari.__version__, commands="poll", launch=False
            )
            return _napari.attach(viewer, process)

        keep = Driver(viewer, options, data, attach)
        napari.run()
        del keep


if __name__ == "__main__":
    main()
