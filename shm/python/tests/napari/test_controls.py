"""What people change from outside, and what napari's user changes, stay the same thing."""

import numpy as np
import pytest
from conftest import camera, until


@pytest.fixture
def scene(viewer, watch, volume):
    """An image, multiscale and three-dimensional, labels and points; and a watcher."""
    viewer.add_image(volume, multiscale=True, name="series", contrast_limits=[0, 4000])
    viewer.layers["series"].contrast_limits_range = (0, 65535)
    viewer.add_labels(np.ones((1024, 1024), int), name="labels")
    viewer.add_points(np.zeros((3, 2)), name="points")
    watcher = watch("layers", "camera", "dims", "controls")
    watcher.until_state("layers", lambda found: len(found) == 3)
    return watcher


def prefix(watcher, name):
    return "layer." + watcher.layer(name)["id"]


def test_every_control_of_a_layer_from_outside(viewer, scene):
    layer, own = viewer.layers["series"], prefix(scene, "series")
    for name, value, read in (
        ("visible", False, lambda: layer.visible),
        ("visible", True, lambda: layer.visible),
        ("opacity", 0.25, lambda: layer.opacity),
        ("blending", "additive", lambda: str(layer.blending)),
        ("gamma", 1.5, lambda: layer.gamma),
        ("colormap", "magma", lambda: layer.colormap.name),
        ("contrast_high", 3000.0, lambda: layer.contrast_limits[1]),
        ("contrast_low", 500.0, lambda: layer.contrast_limits[0]),
        ("level", "1", lambda: str(layer.locked_data_level)),
        ("selected", True, lambda: layer in viewer.layers.selection),
        ("selected", False, lambda: layer in viewer.layers.selection),
        ("name", "renamed", lambda: layer.name),
        ("index", 2, lambda: viewer.layers.index(layer)),
        ("index", 1, lambda: viewer.layers.index(layer)),
    ):
        scene.set(f"{own}.{name}", value)
        assert read() == value, name
        scene.until_control(f"{own}.{name}", value)
    assert layer.data_level == 1
    scene.set(f"{own}.level", "auto")
    assert layer.locked_data_level is None
    controls = scene.state("controls")
    assert {c["group"] for name, c in controls.items() if name.startswith(own + ".")} == {own}
    assert controls[own + ".level"]["choices"] == ["auto", "0", "1"]
    assert (controls[own + ".contrast_low"]["min"], controls[own + ".contrast_low"]["max"]) == (0, 65535)
    assert {"gray", "magma", "viridis"} < set(controls[own + ".colormap"]["choices"])
    names = {name.split(".")[-1] for name in controls if name.startswith(prefix(scene, "points") + ".")}
    assert {"visible", "opacity", "blending", "name", "index", "selected", "mode"} <= names


def test_what_is_refused_changes_nothing(viewer, scene):
    layer, own = viewer.layers["series"], prefix(scene, "series")
    for name, value, reason in (
        ("contrast_low", 4000.0, "below the upper limit, which is 4000"),
        ("contrast_high", 0.0, "above the lower limit, which is 0"),
        ("contrast_high", 1e31, "as far as napari can go"),
        ("contrast_low", -1e31, "as far as napari can go"),
        ("opacity", 2.0, "at most 1"),
        ("blending", "wild", "one of"),
        ("level", "7", "one of"),
        ("index", 3, "at most 2"),
        ("name", "  ", "a layer needs a name"),
        ("visible", "yes", "true or false"),
    ):
        status, why = scene.order(f"{own}.{name}", {f"{own}.{name}": value})
        assert status == "refused" and reason in why, (name, why)
    status, why = scene.order("look_at", {"row": 1.0, "column": 1.0, "layer": "nothing"})
    assert status == "refused" and "one of" in why and "(series)" in why and "(points)" in why
    status, why = scene.order("auto_contrast", {"layer": "points"})
    assert status == "refused" and "(series)" in why and "(points)" not in why  # which have no contrast
    status, why = scene.order("remove_everything", {})
    assert status == "refused"
    assert (tuple(layer.contrast_limits), layer.opacity, layer.name, layer.visible) == ((0, 4000), 1, "series", True)
    assert [x.name for x in viewer.layers] == ["series", "labels", "points"]


def test_what_napari_changes_is_told(viewer, scene):
    layer, own = viewer.layers["series"], prefix(scene, "series")
    for name, value, change in (
        ("visible", False, lambda v: setattr(layer, "visible", v)),
        ("visible", True, lambda v: setattr(layer, "visible", v)),
        ("opacity", 0.5, lambda v: setattr(layer, "opacity", v)),
        ("blending", "opaque", lambda v: setattr(layer, "blending", v)),
        ("gamma", 0.7, lambda v: setattr(layer, "gamma", v)),
        ("colormap", "viridis", lambda v: setattr(layer, "colormap", v)),
        ("contrast_low", 100.0, lambda v: setattr(layer, "contrast_limits", (v, 2000))),
        ("contrast_high", 2500.0, lambda v: setattr(layer, "contrast_limits", (100, v))),
        ("level", "0", lambda v: setattr(layer, "locked_data_level", int(v))),
        ("name", "other", lambda v: setattr(layer, "name", v)),
        ("selected", True, lambda v: viewer.layers.selection.add(layer)),
        ("index", 2, lambda v: viewer.layers.move(0, 3)),
    ):
        change(value)
        assert scene.until_control(f"{own}.{name}", value)["value"] == value
    scene.until_control(prefix(scene, "labels") + ".index", 0)
    layer.contrast_limits_range = (0, 5000)
    scene.until_state("controls", lambda c: c[own + ".contrast_high"]["max"] == 5000)
    layer.gamma = 3  # which napari's own slider does not reach
    assert scene.until_control(own + ".gamma", 3)["max"] == 3
    layer.colormap = {"name": "mine", "colors": [[0, 0, 0, 1], [0, 1, 0, 1]]}
    assert "mine" in scene.until_control(own + ".colormap", "mine")["choices"]
    scene.set(own + ".colormap", "mine")


def test_modes_of_each_kind(viewer, scene):
    for name, mode in (("series", "transform"), ("labels", "paint"), ("labels", "polygon"), ("points", "add"), ("points", "select")):
        layer, own = viewer.layers[name], prefix(scene, name) + ".mode"
        assert scene.control(own)["choices"] == [str(x) for x in layer._modeclass]
        scene.set(own, mode)
        assert layer.mode == mode
        layer.mode = "pan_zoom"
        scene.until_control(own, "pan_zoom")
    labels, own = viewer.layers["labels"], prefix(scene, "labels") + ".mode"
    assert scene.order(own, {own: "add_rectangle"})[0] == "refused"
    labels.editable = False
    assert scene.order(own, {own: "paint"}) == ("refused", "napari leaves the layer in the mode pan_zoom: it cannot be edited")
    labels.editable, labels.visible = True, False
    assert scene.order(own, {own: "paint"}) == ("refused", "napari leaves the layer in the mode pan_zoom: it is hidden")
    labels.visible = True
    labels.mode = "erase"
    scene.until_control(own, "erase")


def test_contrast_beyond_the_range_widens_it(viewer, scene):
    layer, own = viewer.layers["series"], prefix(scene, "series")
    for name, value, limits, ranged in (
        ("contrast_high", 70000.0, (0, 70000), (0, 70000)),
        ("contrast_low", -250.5, (-250.5, 70000), (-250.5, 70000)),
        ("contrast_low", 10.0, (10, 70000), (-250.5, 70000)),
        ("contrast_high", 1e30, (10, 1e30), (-250.5, 1e30)),
    ):
        scene.set(f"{own}.{name}", value)
        assert (tuple(layer.contrast_limits), tuple(layer.contrast_limits_range)) == (limits, ranged)
        scene.until_control(f"{own}.{name}", value)
        for end in ("contrast_low", "contrast_high"):  # of both sliders
            control = scene.control(f"{own}.{end}")
            assert ((control["min"], control["max"]), control["soft"]) == (ranged, True)
    for refused in (float("nan"), float("inf"), 5.0):
        assert scene.order(f"{own}.contrast_high", {f"{own}.contrast_high": refused})[0] == "refused"
    # What lies beyond anything, but within the range of the data, is as good as the data.
    layer.contrast_limits_range = (0, 1e35)
    scene.set(own + ".contrast_high", 5e34)
    assert layer.contrast_limits[1] == 5e34


def chosen(watcher, action):
    """What people may choose as the layer of an action: [(value, label), ...], None if there is no such action."""
    declared = watcher.data.get("actions").get(action)
    if declared is None:
        return None
    argument = next(arg for arg in declared["args"] if arg["name"] == "layer")
    assert argument["type"] == "choice" and argument["value"] == argument["choices"][0]
    return list(zip(argument["choices"], argument["labels"]))


def test_layers_to_choose_from(viewer, scene):
    def layers(*names):
        return [(str(scene.layer(name)["id"]), name) for name in names]

    assert chosen(scene, "look_at") == layers("points", "labels", "series")  # the top one first
    assert chosen(scene, "auto_contrast") == layers("series")
    added = viewer.add_image(np.eye(8), name="<b>\u202e")
    viewer.add_image(np.zeros((8, 8, 3), "uint8"), rgb=True, name="colours")
    scene.until_state("layers", lambda x: len(x) == 5)
    assert chosen(scene, "look_at") == layers("colours", "<b>\u202e", "points", "labels", "series")
    assert chosen(scene, "auto_contrast") == layers("<b>\u202e", "series")
    added.name = "renamed"
    until(lambda: ("renamed" in [label for _, label in chosen(scene, "auto_contrast")]))
    viewer.layers.move(0, 5)
    until(lambda: chosen(scene, "look_at")[0][1] == "series")
    # Programs send the value, or the name that only one layer has.
    for value in (scene.layer("renamed")["id"], "renamed"):
        added.contrast_limits = (0.25, 0.5)
        assert scene.order("auto_contrast", {"layer": value}) == ("applied", None)
        assert tuple(added.contrast_limits) == (0, 1)
    gone = scene.layer("renamed")["id"]
    viewer.layers.remove(added)
    assert scene.order("look_at", {"row": 1.0, "column": 1.0, "layer": gone})[0] == "refused"
    # Without layers there is nothing to choose from, and so nothing to do.
    viewer.layers.clear()
    assert chosen(scene, "look_at") is None and chosen(scene, "auto_contrast") is None
    assert {"reset_view", "screenshot"} <= set(scene.data.get("actions"))
    assert not {"look_at", "auto_contrast", "remove_layer", "duplicate_layer", "select_all"} & set(scene.data.get("actions"))
    viewer.add_points(np.zeros((3, 2)), name="again")
    assert [label for _, label in chosen(scene, "look_at")] == ["again"] and chosen(scene, "auto_contrast") is None


def test_controls_come_and_go_with_the_layers(viewer, scene):
    added = viewer.add_image(np.zeros((10, 10)), name="more")
    own = "layer." + scene.until_state("layers", lambda x: len(x) == 4)[3]["id"]
    assert scene.until_control(own + ".index", 3)["max"] == 3
    scene.until_state("controls", lambda c: c[prefix(scene, "series") + ".index"]["max"] == 3)
    viewer.layers.remove(added)
    scene.until_state("controls", lambda c: not any(name.startswith(own + ".") for name in c))
    scene.until_state("controls", lambda c: c[prefix(scene, "series") + ".index"]["max"] == 2)
    assert own not in scene.state("arrays")
    viewer.layers.clear()
    scene.until_state("controls", lambda c: not any(name.startswith("layer.") for name in c))
    assert scene.until_state("layers", lambda x: x == []) == []


def test_camera(viewer, scene):
    found = camera(viewer)
    scene.set("camera.zoom", 2.5)
    scene.set("camera.center.0", 111.0)
    scene.set("camera.center.1", 222.0)
    assert (found.zoom, tuple(found.center[-2:])) == (2.5, (111, 222))
    assert scene.control("camera.center.0")["title"] == "Centre y"
    assert "camera.angle.0" not in scene.state("controls")
    found.zoom = 1.25
    found.center = (0, 10, 20)
    zoom = scene.until_control("camera.zoom", 1.25)
    assert zoom["scale"] == "log" and zoom["min"] < 1.25 < zoom["max"]
    scene.until_control("camera.center.1", 20)
    scene.set("dims.ndisplay", "3D")
    scene.until_state("controls", lambda c: "camera.angle.2" in c and "camera.center.2" in c)
    assert "dims.0" not in scene.state("controls")
    scene.set("camera.angle.1", 30.0)
    assert found.angles[1] == pytest.approx(30)
    found.angles = (0, 45, 90)
    scene.until_control("camera.angle.2", 90)
    viewer.dims.ndisplay = 2
    scene.until_control("dims.ndisplay", "2D")
    scene.until_state("controls", lambda c: "camera.angle.0" not in c and "dims.0" in c)


def test_dims_and_play(viewer, scene):
    control = scene.control("dims.0")
    assert (control["type"], control["min"], control["max"]) == ("int", 0, 5)
    scene.set("dims.0", 4)
    assert viewer.dims.current_step[0] == 4
    viewer.dims.set_current_step(0, 1)
    scene.until_control("dims.0", 1)
    scene.set("dims.0.play", True)
    steps = set()
    scene.until(lambda: steps.add(viewer.dims.current_step[0]) or len(steps) > 2, "steps")
    assert scene.until_state("dims", lambda d: d["playing"] == 0)
    scene.until_control("dims.0.play", True)
    scene.set("dims.0.play", False)
    scene.until_state("dims", lambda d: d["playing"] is None)
    widget = viewer.window._qt_viewer.dims
    widget.play(0)
    from webmon._napari import compat

    assert compat.playing(viewer) == 0  # at once, not with the first step
    scene.until_control("dims.0.play", True)
    widget.stop()
    scene.until_control("dims.0.play", False)


def test_look_at_and_reset(viewer, scene):
    labels = viewer.layers["labels"]
    labels.scale, labels.translate = (2, 4), (10, 20)
    scene.until_layer("labels", lambda x: x["scale"] == [2, 4])
    assert scene.order("look_at", {"row": 100.5, "column": 50.5, "layer": "labels"}) == ("applied", None)
    # The middle of row 100 is at 100 * 2 + 10.
    assert tuple(camera(viewer).center[-2:]) == pytest.approx((210, 220))
    own = scene.layer("series")["id"]
    assert scene.order("look_at", {"row": 0.0, "column": 0.0, "layer": own}) == ("applied", None)
    assert tuple(camera(viewer).center[-2:]) == pytest.approx((-0.5, -0.5))
    camera(viewer).zoom = 100
    assert scene.order("reset_view", {}) == ("applied", None)
    assert camera(viewer).zoom < 10


def test_auto_contrast(viewer, scene):
    own = scene.layer("series")["id"]
    assert scene.order("auto_contrast", {"layer": own}) == ("applied", None)
    layer = viewer.layers["series"]
    raw = layer._slice.image.raw
    assert tuple(layer.contrast_limits) == (raw.min(), raw.max())
    scene.until_control(f"layer.{own}.contrast_high", float(raw.max()))


def test_tile_grid(viewer, scene, pyramid):
    from vispy.scene.visuals import Line

    def lines():
        return [child for child in viewer.window._qt_viewer.canvas.view.scene.children if isinstance(child, Line)]

    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000])
    viewer.layers.selection = {layer}
    camera(viewer).zoom, camera(viewer).center = 1, (0, 1000, 1200)
    scene.until_layer("big", lambda x: x["level"] == 0)
    before = viewer.screenshot(flash=False)
    assert scene.control("show_grid")["value"] is False and not lines()
    scene.set("show_grid", True)
    until(lambda: len(lines()) == 1)
    # Borders of chunks, in world coordinates: a chunk's first pixel begins half a pixel before it.
    def borders(axis, level):
        ends = lines()[0].pos[:, 1 - axis]
        step = (256, 512)[axis] << level
        return np.allclose((ends + 0.5) % step, 0) and len(np.unique(ends)) >= 2

    scene.until(lambda: borders(0, 0) and borders(1, 0))
    after = viewer.screenshot(flash=False)
    assert (after != before).any()
    scene.set(f"layer.{scene.layer('big')['id']}.level", "2")
    scene.until(lambda: borders(0, 2) and borders(1, 2))
    layer.visible = False
    viewer.layers.selection.clear()
    scene.set("show_grid", False)
    scene.until(lambda: not lines())


def test_dragging_is_applied_without_an_answer(viewer, scene):
    own = prefix(scene, "series")
    for value in (0.1, 0.2, 0.3):
        scene.commands.put({"webmon": {"id": None, "name": own + ".opacity", "args": {own + ".opacity": value}}})
    scene.until(lambda: viewer.layers["series"].opacity == 0.3)
    scene.until_control(own + ".opacity", 0.3)
    assert scene.events("command") == []


def test_screenshot(viewer, scene):
    scene.want("layers", "array/screenshot", "arrays")
    assert scene.order("screenshot", {"canvas_only": True}) == ("applied", None)
    frame = scene.until(lambda: scene.frame("screenshot"))
    rows, columns = viewer.window._qt_viewer.canvas.size
    assert frame.data.shape == (rows, columns, 4) and frame.data.dtype == np.uint8
    assert np.array_equal(frame.data, viewer.screenshot(canvas_only=True, flash=False))
    about = scene.state("arrays")["screenshot"]
    assert about["role"] == "rgb" and about["axes"] == ["y", "x", "c"]
    # Another size is another segment.
    assert scene.order("screenshot", {"canvas_only": False}) == ("applied", None)
    scene.until(lambda: (scene.frame("screenshot") is not None) and scene.frame("screenshot").data.shape[1] > columns)
    assert scene.state("arrays")["screenshot"]["generation"] != about["generation"]


def test_a_screenshot_taken_while_nobody_looked(viewer, scene):
    assert scene.order("screenshot", {}) == ("applied", None)
    assert scene.frame("screenshot") is None
    scene.want("layers", "array/screenshot")
    scene.until(lambda: scene.frame("screenshot") is not None)


def test_a_failing_callback_of_somebody_else(viewer, scene):
    """A control's setter that fails is answered, and napari goes on."""
    layer = viewer.layers["series"]

    def broken(event=None):
        raise RuntimeError("a callback of somebody else's")

    layer.events.opacity.connect(broken)
    try:
        own = prefix(scene, "series")
        status, why = scene.order(own + ".opacity", {own + ".opacity": 0.5})
        assert status == "refused" and "somebody else's" in why
    finally:
        layer.events.opacity.disconnect(broken)
    scene.set(own + ".opacity", 0.75)
    assert layer.opacity == 0.75


@pytest.mark.parametrize("value", [1e308, -1e308, 1e31])
def test_places_too_far_for_napari(viewer, scene, value):
    before = tuple(camera(viewer).center)
    for name, args in (
        ("camera.center.0", {"camera.center.0": value}),
        ("camera.center.1", {"camera.center.1": value}),
        ("look_at", {"row": value, "column": 1.0, "layer": scene.layer("series")["id"]}),
    ):
        status, why = scene.order(name, args)
        assert status == "refused" and "between -1e+30 and 1e+30" in why
    assert tuple(camera(viewer).center) == before


@pytest.mark.parametrize("value", [-0.0, 5e-324, 1e-300, 1e15])
def test_places_that_napari_can_go_to(viewer, scene, value):
    scene.set("camera.center.0", value)
    assert camera(viewer).center[-2] == value


def test_contrast_beyond_the_range_of_the_data(viewer, scene):
    layer, own = viewer.layers["series"], prefix(scene, "series")
    layer.contrast_limits_range = (0, 5000)
    layer.contrast_limits = (-100, 70000)
    controls = scene.until_state("controls", lambda c: c[own + ".contrast_high"]["value"] == 70000)
    limits = {(controls[f"{own}.contrast_{end}"]["min"], controls[f"{own}.contrast_{end}"]["max"]) for end in ("low", "high")}
    assert len(limits) == 1 and min(limits)[0] <= -100 and max(limits)[1] >= 70000
