"""Scenes of napari, by name: what people have on its canvas, of every kind of layer and of every way in which it is drawn.

The data are the same each time, made up and small. A scene is a function of the viewer, which has no layers and its defaults when
it is called; its docstring says what is in it. The test in e2e holds the browser's picture of each against napari's own screenshot.

    python scenes.py [NAME ...]     shows them, one after the other
"""

import sys

import numpy as np

SCENES = {}
OWN_VIEW = "own view"  # what a scene returns that is not to be shown whole


def scene(function):
    """Add a scene under the name of its function."""
    SCENES[function.__name__] = function
    return function


def cells(shape=(240, 320)):
    """Return spots on a smooth ground, float32 from 0 to 1."""
    random = np.random.default_rng(7)
    grid = np.indices(shape).astype(np.float32)
    found = 0.15 + 0.1 * sum(np.sin(axis / (17 + 6 * n)) for n, axis in enumerate(grid)) / len(shape)
    for _ in range(40 if len(shape) == 2 else 25):
        middle = [random.uniform(0, n) for n in shape]
        radius = random.uniform(4, 16 if len(shape) == 2 else 9)
        far = sum((axis - m) ** 2 for axis, m in zip(grid, middle))
        found += random.uniform(0.3, 0.9) * np.exp(-far / (2 * radius**2 / 4))
    return np.clip(found, 0, 1).astype(np.float32)


def regions(shape=(240, 320)):
    """Return labels from 0 to 24, in blocks with holes."""
    grid = np.indices(shape)
    number = 1 + (grid[0] // 53 * 5 + grid[-1] // 67) % 24
    hole = sum((axis % n - n / 2) ** 2 for axis, n in zip((grid[0], grid[-1]), (53, 67))) > 24**2
    return np.where(hole, 0, number).astype(np.int32)


def sphere(rings=24):
    """Return the vertices, faces and values of a ball's surface."""
    theta, phi = np.meshgrid(np.linspace(0.01, np.pi - 0.01, rings), np.linspace(0, 2 * np.pi, 2 * rings), indexing="ij")
    vertices = np.stack([60 + 50 * np.cos(theta), 90 + 50 * np.sin(theta) * np.sin(phi), 120 + 50 * np.sin(theta) * np.cos(phi)], -1)
    row, column = np.mgrid[: rings - 1, : 2 * rings - 1]
    first = (row * 2 * rings + column).ravel()
    faces = np.concatenate([np.stack([first, first + 1, first + 2 * rings], 1), np.stack([first + 1, first + 2 * rings + 1, first + 2 * rings], 1)])
    return vertices.reshape(-1, 3), faces, np.cos(4 * phi).ravel()


def turned(viewer, angles=(20, -35, 40)):
    """Show in three dimensions, from a side."""
    viewer.dims.ndisplay = 3
    viewer.reset_view()
    camera(viewer).angles = angles


def camera(viewer):
    found = getattr(viewer, "scene", None)
    return viewer.camera if found is None else found.camera


def overlays(viewer):
    """Return the scale bar and the axes."""
    if hasattr(viewer, "scene"):  # since napari 0.9
        return viewer.canvas.overlays.scale_bar, viewer.scene.overlays.axes
    return viewer.scale_bar, viewer.axes


@scene
def image(viewer):
    """One image, uint16, with contrast limits and a gamma."""
    viewer.add_image((4000 * cells()).astype(np.uint16), contrast_limits=(200, 3500), gamma=0.7, colormap="viridis")


@scene
def image_and_labels(viewer):
    """Labels over an image, translucent, one of them selected."""
    viewer.add_image(cells(), contrast_limits=(0, 1))
    viewer.add_labels(regions(), opacity=0.5).selected_label = 7


@scene
def labels_direct(viewer):
    """Labels whose colours are given one by one."""
    from napari.utils.colormaps import DirectLabelColormap

    colours = {1: "red", 2: "#00ff0080", 3: "blue", 9: "orange", 13: "white", None: (0.4, 0.2, 0.6, 1), 0: "transparent"}
    viewer.add_image(cells(), contrast_limits=(0, 1), colormap="gray")
    viewer.add_labels(regions(), colormap=DirectLabelColormap(color_dict=colours), opacity=0.8)


@scene
def labels_contour(viewer):
    """Labels as contours, and alone the selected one of a second layer."""
    viewer.add_image(cells(), contrast_limits=(0, 1))
    viewer.add_labels(regions(), name="contours").contour = 3
    only = viewer.add_labels(regions()[::-1].copy(), name="only")
    only.selected_label, only.show_selected_label = 12, True


@scene
def points(viewer):
    """Points of several symbols, sizes and colours on an image."""
    random = np.random.default_rng(3)
    viewer.add_image(cells(), contrast_limits=(0, 1), colormap="magma")
    found = viewer.add_points(
        random.uniform((10, 10), (230, 310), (60, 2)),
        size=random.uniform(4, 18, 60),
        symbol=np.array(["disc", "square", "star", "cross", "ring", "diamond"])[np.arange(60) % 6],
        face_color=random.uniform(0, 1, (60, 4)),
        border_color="white",
        border_width=0.1,
    )
    found.selected_data = {3, 4, 17}


@scene
def points_with_text(viewer):
    """Points with texts of a feature."""
    viewer.add_points(
        np.array([[40, 60], [120, 200], [200, 100]]),
        size=20,
        features={"name": ["soma", "spine", "axon"]},
        text={"string": "{name}", "size": 12, "color": "yellow", "anchor": "upper_left"},
        face_color="cyan",
    )


@scene
def shapes(viewer):
    """Shapes of every type on an image."""
    viewer.add_image(cells(), contrast_limits=(0, 1))
    viewer.add_shapes(
        [
            np.array([[20, 20], [20, 100], [90, 100], [90, 20]]),
            np.array([[120, 40], [120, 140], [200, 140], [200, 40]]),
            np.array([[30, 150], [100, 200], [60, 300]]),
            np.array([[150, 180], [220, 200], [190, 290], [140, 280]]),
            np.array([[210, 20], [230, 150]]),
        ],
        shape_type=["rectangle", "ellipse", "path", "polygon", "line"],
        edge_width=4,
        edge_color=["red", "lime", "yellow", "cyan", "magenta"],
        face_color=["#ff000040", "#00ff0040", "transparent", "#00ffff60", "transparent"],
    )


@scene
def vectors(viewer):
    """Vectors, coloured by their direction."""
    at = np.stack(np.mgrid[10:240:20, 10:320:20], -1).reshape(-1, 2)
    angle = at[:, 0] / 40 + at[:, 1] / 60
    to = 14 * np.stack([np.sin(angle), np.cos(angle)], 1)
    viewer.add_vectors(
        np.stack([at, to], 1), edge_width=2, features={"angle": np.cos(angle)}, edge_color="angle", edge_colormap="turbo", vector_style="arrow"
    )


@scene
def tracks(viewer):
    """Tracks with their tails at a later time."""
    found = []
    for n in range(12):
        t = np.arange(40)
        found.append(np.stack([np.full(40, n), t, 120 + (20 + 8 * n) * np.sin(t / 6 + n), 20 + 7 * t + n], 1))
    viewer.add_tracks(np.concatenate(found), tail_length=25, tail_width=4, colormap="turbo")
    viewer.dims.set_current_step(0, 33)


@scene
def surface(viewer):
    """A surface in two dimensions: flat triangles with values."""
    row, column = np.mgrid[0:12, 0:16]
    vertices = np.stack([row.ravel() * 20.0, column.ravel() * 20.0 + 4 * np.sin(row.ravel())], 1)
    first = (row[:-1, :-1] * 16 + column[:-1, :-1]).ravel()
    faces = np.concatenate([np.stack([first, first + 1, first + 16], 1), np.stack([first + 1, first + 17, first + 16], 1)])
    viewer.add_surface((vertices, faces, np.sin(vertices[:, 0] / 30) * np.cos(vertices[:, 1] / 40)), colormap="plasma")


@scene
def additive(viewer):
    """Three channels that are added."""
    for n, colormap in enumerate(("red", "green", "blue")):
        viewer.add_image(np.roll(cells(), 30 * n, axis=n % 2), colormap=colormap, blending="additive", contrast_limits=(0, 1))


@scene
def minimum(viewer):
    """Two channels on white, by the minimum."""
    viewer.add_image(cells(), colormap="I Blue", blending="minimum", contrast_limits=(0, 1))
    viewer.add_image(cells()[::-1], colormap="I Orange", blending="minimum", contrast_limits=(0, 1))


@scene
def opaque_under_translucent(viewer):
    """An image that is opaque, one over a part of it that is translucent, and one that is hidden."""
    viewer.add_image(cells(), blending="opaque", colormap="cyan", contrast_limits=(0, 1))
    viewer.add_image(cells()[:120, :160], blending="translucent", opacity=0.6, colormap="red", contrast_limits=(0, 1), translate=(40, 90))
    viewer.add_image(np.ones((240, 320)), colormap="gray", visible=False)


@scene
def no_depth(viewer):
    """Labels and points without depth, over each other."""
    viewer.add_labels(regions(), blending="translucent_no_depth", opacity=0.7)
    viewer.add_points(np.array([[60, 60], [70, 80], [80, 100]]), size=50, face_color="#ff8800", blending="translucent_no_depth", opacity=0.6)


@scene
def rotated(viewer):
    """An image that is turned and scaled unequally."""
    viewer.add_image(cells(), rotate=25, scale=(1, 1.6), translate=(20, -30), contrast_limits=(0, 1), colormap="inferno")


@scene
def sheared(viewer):
    """Labels over an image, both sheared."""
    viewer.add_image(cells(), shear=[0.4], contrast_limits=(0, 1))
    viewer.add_labels(regions(), shear=[0.4], opacity=0.4)


@scene
def affine(viewer):
    """An image under a whole affine matrix, and points under the same."""
    matrix = np.array([[0.9, 0.35, 12], [-0.25, 1.2, 40], [0, 0, 1]])
    viewer.add_image(cells(), affine=matrix, contrast_limits=(0, 1), colormap="green")
    viewer.add_points(np.array([[0, 0], [239, 0], [0, 319], [239, 319]]), affine=matrix, size=15, face_color="red")


@scene
def mirrored(viewer):
    """An image that is mirrored by a negative scale, and its axes in the other order."""
    viewer.add_image(cells(), scale=(-1, 1), contrast_limits=(0, 1), colormap="twilight")
    viewer.dims.order = (1, 0)
    viewer.reset_view()


@scene
def colormap_of_ones_own(viewer):
    """A colormap with four colours at unequal places."""
    from napari.utils.colormaps import Colormap

    own = Colormap(
        np.array([[0, 0, 0.2, 1], [0.1, 0.8, 0.3, 1], [1, 0.9, 0.1, 1], [1, 1, 1, 1]]), controls=[0, 0.2, 0.6, 1], name="own"
    )
    viewer.add_image(cells(), colormap=own, contrast_limits=(0, 1))


@scene
def colormap_steps(viewer):
    """A colormap in steps, with other colours beyond the limits and for NaN."""
    from napari.utils.colormaps import Colormap

    found = cells()
    found[100:140, 60:120] = np.nan
    own = Colormap(
        np.array([[0.1, 0.2, 0.5, 1], [0.2, 0.7, 0.4, 1], [0.9, 0.8, 0.2, 1]]),
        controls=[0, 0.3, 0.6, 1],
        interpolation="zero",
        name="steps",
        high_color=(1, 0, 1, 1),
        low_color=(0, 0, 0, 1),
        nan_color=(1, 0, 0, 1),
    )
    viewer.add_image(found, colormap=own, contrast_limits=(0.2, 0.7))


@scene
def rgb_uint8(viewer):
    """Colours of 8 bits, with an alpha."""
    red = cells()
    alpha = np.broadcast_to(np.linspace(0.3, 1, 320), red.shape)
    viewer.add_image((255 * np.stack([red, red[::-1], red[:, ::-1], alpha], -1)).astype(np.uint8), rgb=True)


@scene
def rgb_uint16(viewer):
    """Colours of 16 bits."""
    red = cells()
    viewer.add_image((65535 * np.stack([red, red[::-1], red[:, ::-1]], -1)).astype(np.uint16), rgb=True)


@scene
def rgb_float(viewer):
    """Colours in floats."""
    red = cells()
    viewer.add_image(np.stack([red[:, ::-1], red, red[::-1]], -1), rgb=True, opacity=0.8)


@scene
def smooth(viewer):
    """An image of few pixels, interpolated."""
    viewer.add_image(cells()[::12, ::12], interpolation2d="cubic", colormap="viridis", contrast_limits=(0, 1))


@scene
def multiscale(viewer):
    """A multiscale image, of which napari draws a coarser level."""
    whole = np.tile(cells(), (12, 12))
    viewer.add_image([whole, whole[::2, ::2], whole[::4, ::4], whole[::8, ::8]], multiscale=True, contrast_limits=(0, 1), colormap="gray")
    camera(viewer).zoom = 0.4
    return OWN_VIEW


@scene
def series(viewer):
    """A time series at a later step, with labels of the same step."""
    frames = np.stack([np.roll(cells(), 15 * n, axis=1) for n in range(8)])
    viewer.add_image(frames, contrast_limits=(0, 1), colormap="bop blue")
    viewer.add_labels(np.stack([np.roll(regions(), 15 * n, axis=1) for n in range(8)]), opacity=0.4)
    viewer.dims.set_current_step(0, 5)


@scene
def thick(viewer):
    """A stack of which several slices are shown as their mean."""
    found = viewer.add_image(cells((32, 120, 160)), contrast_limits=(0, 1), projection_mode="mean")
    found.projection_mode = "mean"
    viewer.dims.set_current_step(0, 16)
    viewer.dims.margin_left = (5, 0, 0)
    viewer.dims.margin_right = (5, 0, 0)


@scene
def volume_mip(viewer):
    """A volume by its maximum, from a side."""
    viewer.add_image(cells((40, 96, 128)), contrast_limits=(0.1, 1), colormap="magma", rendering="mip")
    turned(viewer)


@scene
def volume_iso(viewer):
    """A volume as an isosurface, in perspective."""
    viewer.add_image(cells((24, 48, 64)), contrast_limits=(0, 1), colormap="bop orange", rendering="iso", iso_threshold=0.4)
    turned(viewer)
    camera(viewer).perspective = 30
    camera(viewer).zoom = 3  # in software each of its pixels takes long
    return OWN_VIEW


@scene
def volume_attenuated(viewer):
    """Two volumes that are added, attenuated."""
    viewer.add_image(cells((40, 96, 128)), colormap="green", blending="additive", rendering="attenuated_mip", contrast_limits=(0, 1))
    viewer.add_image(cells((40, 96, 128))[:, ::-1], colormap="magenta", blending="additive", rendering="attenuated_mip", contrast_limits=(0, 1))
    turned(viewer, (-30, 20, 60))


@scene
def volume_labels(viewer):
    """Labels in three dimensions beside points and a plane's image."""
    found = np.repeat(regions((96, 128))[None], 40, axis=0)
    found[:10] = 0
    viewer.add_labels(found)
    viewer.add_points(np.array([[20, 30, 30], [30, 70, 100]]), size=12, face_color="yellow")
    turned(viewer)


@scene
def surface_3d(viewer):
    """A ball, shaded, with vectors on it and tracks about it."""
    vertices, faces, values = sphere()
    viewer.add_surface((vertices, faces, values), colormap="turbo", shading="smooth")
    out = vertices[::11] - (60, 90, 120)
    viewer.add_vectors(np.stack([vertices[::11], 0.3 * out], 1), edge_color="white", edge_width=1)
    turned(viewer)


@scene
def grid(viewer):
    """Four layers in napari's grid."""
    viewer.add_image(cells(), contrast_limits=(0, 1), colormap="red")
    viewer.add_image(cells()[::-1], contrast_limits=(0, 1), colormap="green")
    viewer.add_labels(regions())
    viewer.add_points(np.array([[60, 60], [120, 160], [200, 260]]), size=30, face_color="cyan")
    viewer.grid.enabled = True
    viewer.reset_view()


@scene
def overlaid(viewer):
    """A scale bar in micrometres and the axes."""
    viewer.add_image(cells(), contrast_limits=(0, 1), scale=(0.5, 0.5), units=("um", "um"), colormap="gray")
    bar, axes = overlays(viewer)
    bar.visible = axes.visible = True
    axes.labels = True


def clear(viewer):
    """Take away what a scene has made: layers, and all that is not as napari begins."""
    viewer.layers.clear()
    # napari 0.9 ends in OpenGL now and then if others are added before it has drawn without those that are gone.
    from qtpy.QtWidgets import QApplication

    for _ in range(5):
        QApplication.processEvents()
    for overlay in overlays(viewer):
        overlay.visible = False
    viewer.grid.enabled = False
    viewer.dims.ndisplay = 2
    viewer.dims.order = tuple(range(viewer.dims.ndim))
    viewer.dims.margin_left = viewer.dims.margin_right = (0.0,) * viewer.dims.ndim
    camera(viewer).perspective = 0
    camera(viewer).angles = (0, 0, 90)


def show(viewer, name):
    """Show a scene and nothing else."""
    clear(viewer)
    if SCENES[name](viewer) is not OWN_VIEW:
        angles = camera(viewer).angles
        viewer.reset_view()
        camera(viewer).angles = angles


def main():
    import napari

    viewer = napari.Viewer()
    for name in sys.argv[1:] or SCENES:
        show(viewer, name)
        viewer.title = name
        viewer.show()
        input(name + ": Enter for the next")


if __name__ == "__main__":
    main()
