"""Every setting that a kind of layer has is set from outside, and what napari sets is told."""

import numpy as np
import pytest
from conftest import until

from webmon._napari import settings

# What is sent for settings of which not every value will do, and what napari then has.
SENT = {
    "custom_interpolation_kernel_2d": "1 2 1; 2 4 2; 1 2 1",
    "canvas_size_min": 3.0,
    "canvas_size_max": 500.0,
    "selected_label": 3,
    "brush_size": 17,
    "contour": 2,
    "n_edit_dimensions": 3,
    "plane_normal": "y",
    "edge_color_mode": "colormap",
    "edge_color_feature": "speed",
    "color_mode": "direct",
    "interpolation2d": "custom",
    "depiction": "plane",
}


@pytest.fixture
def scene(viewer, watch):
    """A layer of each kind, and a watcher."""
    r = np.random.default_rng(0)
    viewer.add_image(r.random((4, 32, 32)), name="image")
    labels = viewer.add_labels(r.integers(0, 5, (4, 32, 32)), name="labels")
    labels.colormap = {1: "red", 2: "blue", None: "gray"}
    labels.colormap = labels._original_random_colormap
    viewer.add_points(r.random((5, 3)) * 30, name="points", features={"speed": np.arange(5.0)})
    viewer.add_shapes([np.array([[0, 1, 1], [0, 1, 10], [0, 10, 10], [0, 10, 1]])], name="shapes")
    viewer.add_vectors(r.random((5, 2, 3)) * 20, name="vectors", features={"speed": np.arange(5.0), "angle": np.arange(5.0) + 1})
    viewer.add_tracks(np.array([[k, t, t, t + k] for k in range(2) for t in range(4)], float), name="tracks", features={"speed": np.arange(8.0)})
    viewer.add_surface((r.random((5, 3)) * 30, np.array([[0, 1, 2], [2, 3, 4]]), np.arange(5.0)), name="surface")
    watcher = watch("layers", "controls")
    watcher.until_state("layers", lambda found: len(found) == 7)
    yield watcher
    for overlay, _ in settings.overlays(viewer):
        overlay.visible = False


def other(control):
    """Return another value that the control takes."""
    value = control["value"]
    if control["type"] == "bool":
        return not value
    if control["type"] == "choice":
        return next((c for c in control["choices"] if c not in (value, "custom", "oblique")), value)
    if control["type"] == "color":
        return "#12345678" if value != "#12345678" else "#123456"
    least, most = control.get("min", 0), control.get("max", value + 10)
    half = (least + most) / 2
    found = half if half != value else (half + most) / 2
    return round(found) if control["type"] == "int" else found


KINDS = ["image", "labels", "points", "shapes", "vectors", "tracks", "surface"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting(viewer, scene, kind):
    layer = viewer.layers[kind]
    own = f"layer.{scene.layer(kind)['id']}."
    seen = []
    # By number: a choice may bring a setting, or take it away.
    for setting in settings.of(layer):
        name = own + setting.name
        if name not in scene.state("controls"):
            continue
        control = scene.control(name)
        assert control["section"] == setting.section and control["group"] == own[:-1]
        value = SENT[setting.name] if setting.name in SENT else other(control)
        if setting.name == "rendering":
            value = "iso" if kind == "image" else control["value"]
        assert scene.order(name, {name: value}) == ("applied", None), setting.name
        now = setting.get(layer)
        assert now == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value), setting.name
        scene.until_state("controls", lambda c: c[name]["value"] == now)
        seen.append(setting.name)
    expected = {
        "image": "interpolation2d custom_interpolation_kernel_2d rendering iso_threshold interpolation3d depiction plane_thickness "
        "plane_normal plane_position.0 plane_position.2 projection_mode bounding_box.visible bounding_box.line_color",
        "labels": "selected_label brush_size contiguous n_edit_dimensions preserve_labels contour show_selected_label color_mode rendering iso_gradient_mode",
        "points": "current_size current_symbol current_face_color current_border_color current_border_width border_width_is_relative antialiasing "
        "shading canvas_size_min canvas_size_max text_visible projection_mode",
        "shapes": "current_edge_width current_edge_color current_face_color text_visible",
        "vectors": "edge_width length vector_style edge_color_mode edge_color_feature projection_mode",
        "tracks": "color_by tail_width tail_length head_length display_tail display_id display_graph hide_completed_tracks",
        "surface": "shading wireframe.visible wireframe.color wireframe.width normals.face.visible normals.face.length normals.vertex.color projection_mode",
    }[kind].split()
    assert set(expected) <= set(seen), set(expected) - set(seen)


def test_what_napari_sets_is_told(viewer, scene):
    layers = viewer.layers

    def name(kind, setting):
        return f"layer.{scene.layer(kind)['id']}.{setting}"

    for kind, setting, value, change in (
        ("image", "rendering", "iso", lambda layer: setattr(layer, "rendering", "iso")),
        ("image", "depiction", "plane", lambda layer: setattr(layer, "depiction", "plane")),
        ("image", "plane_thickness", 7, lambda layer: setattr(layer.plane, "thickness", 7)),
        ("image", "plane_normal", "oblique", lambda layer: setattr(layer.plane, "normal", (1, 1, 0))),
        ("image", "projection_mode", "max", lambda layer: setattr(layer, "projection_mode", "max")),
        ("image", "bounding_box.visible", True, lambda layer: setattr(layer.bounding_box, "visible", True)),
        ("labels", "selected_label", 4, lambda layer: setattr(layer, "selected_label", 4)),
        ("labels", "brush_size", 55, lambda layer: setattr(layer, "brush_size", 55)),
        ("labels", "contour", 3, lambda layer: setattr(layer, "contour", 3)),
        ("points", "current_face_color", "#ff0000", lambda layer: setattr(layer, "current_face_color", "red")),
        ("points", "current_size", 250, lambda layer: setattr(layer, "current_size", 250)),
        ("points", "text_visible", False, lambda layer: setattr(layer.text, "visible", False)),
        ("shapes", "current_edge_color", "#0000ff80", lambda layer: setattr(layer, "current_edge_color", "#0000ff80")),
        ("shapes", "current_edge_width", 60, lambda layer: setattr(layer, "current_edge_width", 60)),
        ("vectors", "edge_color", "#00ff00", lambda layer: setattr(layer, "edge_color", "#00ff00")),
        ("tracks", "tail_length", 120, lambda layer: setattr(layer, "tail_length", 120)),
        ("tracks", "color_by", "speed", lambda layer: setattr(layer, "color_by", "speed")),
        ("surface", "wireframe.visible", True, lambda layer: setattr(layer.wireframe, "visible", True)),
        ("surface", "normals.face.visible", True, lambda layer: setattr(layer.normals.face, "visible", True)),
        ("surface", "normals.face.color", "#ffffff", lambda layer: setattr(layer.normals.face, "color", "white")),
    ):
        change(layers[kind])
        scene.until_control(name(kind, setting), value)
    # The points that are selected have their own colour, which napari takes over.
    layers["points"].selected_data = {0, 1}
    assert scene.order(name("points", "current_face_color"), {name("points", "current_face_color"): "#0000ff"}) == ("applied", None)
    assert np.allclose(layers["points"].face_color[:2], (0, 0, 1, 1)) and not np.allclose(layers["points"].face_color[2], (0, 0, 1, 1))


def test_settings_come_and_go(viewer, scene):
    own = f"layer.{scene.layer('vectors')['id']}."
    assert "edge_color" in {n.removeprefix(own) for n in scene.state("controls")}
    scene.set(own + "edge_color_mode", "cycle")
    scene.until_state("controls", lambda c: own + "edge_color" not in c and own + "edge_color_feature" in c)
    image = f"layer.{scene.layer('image')['id']}."
    assert image + "attenuation" not in scene.state("controls")
    scene.set(image + "rendering", "attenuated_mip")
    scene.set(image + "attenuation", 0.1)
    assert viewer.layers["image"].attenuation == 0.1
    scene.set(own + "edge_color_mode", "direct")
    scene.until_state("controls", lambda c: own + "edge_color" in c)


@pytest.mark.parametrize(
    ("kind", "setting", "value", "reason"),
    [
        ("image", "custom_interpolation_kernel_2d", "1 2; 3", "equally many numbers"),
        ("image", "custom_interpolation_kernel_2d", "one two", "rows of numbers"),
        ("image", "custom_interpolation_kernel_2d", "nan", "must be finite"),
        ("image", "custom_interpolation_kernel_2d", "1 " * 10, "at most 9"),
        ("image", "plane_normal", "oblique", "turned in napari"),
        ("image", "rendering", "wild", "must be one of"),
        ("labels", "brush_size", 0, "from 1 to 10000"),
        ("labels", "selected_label", -1, "at least 0"),
        ("points", "current_size", -1.0, "from 0 to 1000000"),
        ("points", "current_face_color", "red", "must be a colour"),
        ("points", "canvas_size_min", 1e9, "must be at most the greatest"),
        ("shapes", "current_edge_width", 1e9, "from 0 to 1000000"),
        ("vectors", "length", 0.0, "from 0.1"),
        ("tracks", "color_by", "nothing", "must be one of"),
    ],
)
def test_what_is_refused(viewer, scene, kind, setting, value, reason):
    if kind == "labels" and setting == "selected_label":
        viewer.layers["labels"].data = viewer.layers["labels"].data.astype("uint8")
    viewer.layers["image"].interpolation2d, viewer.layers["image"].depiction = "custom", "plane"
    name = f"layer.{scene.layer(kind)['id']}.{setting}"
    scene.until(lambda: name in scene.state("controls"))
    scene.until_state("controls", lambda c: c[name].get("min", 0) != -(2.0**53))
    before = settings.read(viewer.layers[kind], settings.of(viewer.layers[kind]))
    status, why = scene.order(name, {name: value})
    assert status == "refused" and reason in why, why
    assert settings.read(viewer.layers[kind], settings.of(viewer.layers[kind])) == before


def test_overlays_and_thick_slices(viewer, scene):
    scale_bar, axes = (overlay for overlay, _ in settings.overlays(viewer))
    for name, value, get in (
        ("canvas.scale_bar.colored", True, lambda: scale_bar.colored),
        ("canvas.scale_bar.color", "#00ff00", lambda: settings.hex_of(scale_bar.color)),
        ("canvas.scale_bar.position", "top_left", lambda: str(scale_bar.position)),
        ("canvas.scale_bar.length", 5.0, lambda: scale_bar.length),
        ("canvas.scale_bar.length", 0.0, lambda: scale_bar.length or 0.0),
        ("canvas.axes.dashed", True, lambda: axes.dashed),
        ("dims.0.margin_left", 1.0, lambda: viewer.dims.margin_left[0]),
        ("dims.0.margin_right", 2.0, lambda: viewer.dims.margin_right[0]),
        ("dims.0.margin_right", 0.0, lambda: viewer.dims.margin_right[0]),
        ("dims.0.margin_left", 0.0, lambda: viewer.dims.margin_left[0]),
    ):
        scene.set(name, value)
        assert get() == value, name
    scale_bar.ticks = not scale_bar.ticks
    scene.until_control("canvas.scale_bar.ticks", scale_bar.ticks)
    assert scene.order("dims.0.margin_left", {"dims.0.margin_left": -1.0})[0] == "refused"
    assert {c["section"] for n, c in scene.state("controls").items() if n.startswith("canvas.scale_bar.")} == {"Scale bar"}


def test_colours_as_napari_names_them():
    for given, want in (
        ("red", "#ff0000"), ("#FF000080", "#ff000080"), (np.array([0, 1, 0, 1.0]), "#00ff00"), (np.array([[0, 0, 1, 0.0]]), "#0000ff00"),
        ("no such colour", None), (np.array([0.5]), None), (None, None), (np.array([2, -1, 0, 1.0]), "#ff0000"),
    ):  # fmt: skip
        assert settings.hex_of(given) == want


def test_nothing_is_worked_out_while_nobody_looks(viewer, scene):
    """A setting that changes often, such as the selection of points, is looked at ten times a second at most."""
    from webmon._napari import attached

    attachment = attached(viewer)
    count = []
    for controls in attachment._layer_controls.values():
        update = controls.update
        controls.update = lambda update=update: (count.append(1), update())
    points = viewer.layers["points"]
    for size in range(200):
        points.current_size = size + 1
    until(lambda: scene.control(f"layer.{scene.layer('points')['id']}.current_size")["value"] == 200)
    assert len(count) < 100
