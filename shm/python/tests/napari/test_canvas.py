"""The canvas: what napari draws, and hands on it."""

import numpy as np
import pytest
from conftest import camera, pattern, pump, until


def seen(viewer):
    return np.asarray(viewer.screenshot(canvas_only=True, flash=False))


def shown(watcher, viewer, check=lambda frame: True):
    """Wait until the shared canvas is what napari's own screenshot shows; return the frame."""
    found = []

    def same():
        frame = watcher.frame("canvas")
        if frame is None or not check(frame):
            return False
        own = seen(viewer)
        found[:] = [frame.data.shape, own.shape]
        if frame.data.shape == own.shape:
            found.append(np.abs(frame.data[..., :3].astype(int) - own[..., :3]).mean())
        return frame.data.shape == own.shape and np.array_equal(frame.data[..., :3], own[..., :3]) and frame

    try:
        return watcher.until(same, "the canvas")
    except AssertionError:
        raise AssertionError(f"the canvas stayed at {found}") from None


def scene(viewer, kind):
    rng = np.random.default_rng(0)
    image = pattern(300, 400)
    if kind == "image and labels":
        viewer.add_image(image, contrast_limits=[0, 4000], colormap="magma")
        viewer.add_labels((image // 500).astype(int), opacity=0.4)
    elif kind == "additive":
        viewer.add_image(image, contrast_limits=[0, 4000], colormap="green")
        viewer.add_image(image[::-1], contrast_limits=[0, 4000], colormap="magenta", blending="additive")
    elif kind == "opaque":
        viewer.add_image(image, contrast_limits=[0, 4000], opacity=0.5, blending="opaque")
    elif kind == "points and shapes":
        viewer.add_points(rng.uniform(0, 300, (40, 2)), size=12, face_color="red")
        viewer.add_shapes([np.array([[20, 20], [200, 300]])], shape_type="rectangle", edge_width=5, face_color="#00ff0080")
    elif kind == "volume":
        viewer.add_image(rng.uniform(0, 1, (20, 60, 70)), rendering="mip")
        viewer.dims.ndisplay = 3
        camera(viewer).angles = (20, 30, 40)
    elif kind == "grid":
        for at in range(3):
            viewer.add_image(image * (at + 1), contrast_limits=[0, 9000])
        from webmon._napari import compat

        compat.grid(viewer).enabled = True
    viewer.reset_view()


@pytest.fixture
def plain(viewer):
    """The viewer, without grid at the end."""
    from webmon._napari import compat

    yield viewer
    compat.grid(viewer).enabled = False


@pytest.mark.parametrize("kind", ["image and labels", "additive", "opaque", "points and shapes", "volume", "grid"])
def test_the_canvas_is_what_napari_draws(plain, watch, kind):
    scene(plain, kind)
    watcher = watch("canvas", "array/canvas")
    frame = shown(watcher, plain)
    px = 1 / watcher.state("canvas")["ratio"]  # napari's, to a pixel of the screen
    assert frame.offset == (0, 0) and frame.step == pytest.approx((px, px)) and frame.user == 0
    assert (frame.data[..., 3] == 255).all()
    about = watcher.state("arrays")["canvas"]
    assert (about["dtype"], about["axes"], about["role"], about["title"]) == ("|u1", ["y", "x", "c"], "rgb", "Canvas")


def settled(watcher, n):
    """Wait until the canvas has been drawn after that message of hands."""
    return watcher.until(lambda: (f := watcher.frame("canvas")) and f.user >= n and f, f"the picture after hand {n}")


def where(viewer, x, y):
    """Where a place on the canvas, in shares of it, lies in napari's world."""
    from webmon._napari import compat

    canvas = compat.canvas(viewer)
    rows, columns = compat.canvas_size(viewer)
    at = np.array([x * columns, y * rows])
    view = canvas._get_viewbox_at(at)[0] if hasattr(canvas, "_get_viewbox_at") else canvas.view
    mapped = (view.transform * view.scene.transform).imap([*at, 0, 1])
    return mapped[:2] / mapped[3]


def pixel_of(viewer, layer, row, column):
    """The place on the canvas, in shares of it, of a pixel of a layer that is neither scaled nor moved."""
    from webmon._napari import compat

    view = compat.canvas(viewer).view
    mapped = (view.transform * view.scene.transform).map([column, row, 0, 1])
    rows, columns = compat.canvas_size(viewer)
    return {"x": float(mapped[0] / mapped[3] / columns), "y": float(mapped[1] / mapped[3] / rows)}


def begin(viewer, watch, *topics):
    watcher = watch("canvas", "camera", "cursor", "array/canvas", *topics)
    watcher.until(lambda: watcher.frame("canvas"), "the canvas")
    return watcher


ORIENTATIONS = [("away", "down", "right"), ("towards", "up", "left"), ("away", "up", "right"), ("towards", "down", "right")]


@pytest.fixture(params=ORIENTATIONS, ids="-".join)
def oriented(plain, request):
    if hasattr(camera(plain), "orientation"):
        camera(plain).orientation = request.param
    elif request.param != ORIENTATIONS[0]:
        pytest.skip("this napari has one orientation")
    yield plain
    if hasattr(camera(plain), "orientation"):
        camera(plain).orientation = ORIENTATIONS[0]


def test_the_picture_goes_with_the_hand(oriented, watch):
    viewer = oriented
    viewer.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    viewer.reset_view()
    watcher = begin(viewer, watch)
    place = where(viewer, 0.5, 0.5)
    settled(watcher, watcher.hand({"do": "pan", "dx": 0.25, "dy": -0.125}))
    assert where(viewer, 0.75, 0.375) == pytest.approx(place, abs=1e-3)
    shown(watcher, viewer)


def test_the_place_under_the_hand_stays_where_it_is(oriented, watch):
    viewer = oriented
    viewer.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    viewer.reset_view()
    watcher = begin(viewer, watch)
    zoom, place = camera(viewer).zoom, where(viewer, 0.1, 0.8)
    settled(watcher, watcher.hand({"do": "zoom", "x": 0.1, "y": 0.8, "by": 2}, {"do": "zoom", "x": 0.1, "y": 0.8, "by": 1.5}))
    assert camera(viewer).zoom == pytest.approx(zoom * 3)
    assert where(viewer, 0.1, 0.8) == pytest.approx(place, abs=1e-3)
    shown(watcher, viewer)
    settled(watcher, watcher.hand({"do": "reset"}))
    assert camera(viewer).zoom == pytest.approx(zoom)


def test_each_picture_of_the_grid_is_zoomed_about_the_hand(plain, watch):
    scene(plain, "grid")
    watcher = begin(plain, watch)
    watcher.until_state("canvas", lambda c: c["grid"])
    place = where(plain, 0.9, 0.2)
    settled(watcher, watcher.hand({"do": "zoom", "x": 0.9, "y": 0.2, "by": 2}))
    assert where(plain, 0.9, 0.2) == pytest.approx(place, abs=1e-3)
    place = where(plain, 0.25, 0.25)
    settled(watcher, watcher.hand({"do": "pan", "dx": 0.05, "dy": 0.1}))
    assert where(plain, 0.3, 0.35) == pytest.approx(place, abs=1e-3)
    shown(watcher, plain)


def test_what_is_in_front_goes_with_the_hand_in_3d(oriented, watch):
    viewer = oriented
    scene(viewer, "volume")
    watcher = begin(viewer, watch)
    watcher.until_state("canvas", lambda c: c["ndisplay"] == 3)
    for angles in ((0, 0, 90), (20, 30, 40)):
        camera(viewer).angles = angles
        for by, way in (((0.125, 0), "right"), ((0, 0.125), "down")):
            pump()
            before = directions(viewer)
            for one, of in (("right", "down"), ("right", "ahead"), ("down", "ahead")):
                assert before[one] @ before[of] == pytest.approx(0, abs=1e-5)
            near = -before["ahead"]
            settled(watcher, watcher.hand({"do": "rotate", "dx": by[0], "dy": by[1]}))
            after = directions(viewer)
            rows, columns = watcher.state("canvas")["size"]
            angle = np.pi * (by[0] + by[1] * rows / columns)
            # Where what was nearest is now: so far along the hand's way.
            assert [near @ after[name] for name in ("right", "down", "ahead")] == pytest.approx(
                [np.sin(angle) * (way == "right"), np.sin(angle) * (way == "down"), -np.cos(angle)], abs=1e-5
            )
    shown(watcher, viewer)


def directions(viewer):
    """The unit vectors of the canvas in napari's world, as vispy draws it."""
    from webmon._napari import compat

    view = compat.canvas(viewer).view
    transform = view.transform * view.scene.transform
    middle = np.array(compat.canvas_size(viewer)[::-1]) / 2
    point = lambda *at: (lambda p: p[:3] / p[3])(transform.imap([*at, 1]))  # noqa: E731
    found = {
        "right": point(middle[0] + 50, middle[1], 0) - point(*middle, 0),
        "down": point(middle[0], middle[1] + 50, 0) - point(*middle, 0),
        "ahead": compat.ahead(viewer)[::-1],
    }
    return {name: way / np.linalg.norm(way) for name, way in found.items()}


def test_a_hand_points_and_napari_says_what_is_there(plain, watch):
    layer = plain.add_image(pattern(300, 400), contrast_limits=[0, 4000], name="field")
    plain.reset_view()
    watcher = begin(plain, watch)
    pump()
    watcher.hand({"do": "point", **pixel_of(plain, layer, 100, 200)})
    said = watcher.until_state("cursor", lambda c: "[100" in c["status"] and "200]" in c["status"])
    assert said["status"].endswith(f": {layer.data[100, 200]}") and said["position"] == pytest.approx([100, 200], abs=0.5)
    assert said["value"] == layer.data[100, 200]
    watcher.hand({"do": "leave"})
    watcher.until_state("cursor", lambda c: c["status"] == "")


def test_a_brush_draws_all_of_its_way(plain, watch):
    layer = plain.add_labels(np.zeros((300, 400), int))
    plain.reset_view()
    layer.mode, layer.brush_size, layer.selected_label = "paint", 1, 3
    watcher = begin(plain, watch)
    watcher.until_state("canvas", lambda c: c["mode"] == "paint" and c["layer"])
    pump()
    way = [pixel_of(plain, layer, *at) for at in ((50, 50), (50, 150), (150, 150), (150, 250))]
    at = {"button": "left", "mods": []}
    settled(watcher, watcher.hand({"do": "press", **way[0], **at}, *({"do": "move", **to, **at} for to in way[1:]), {"do": "release", **way[-1], **at}))
    assert (layer.data[50, 50:151] == 3).all() and (layer.data[50:151, 150] == 3).all() and (layer.data[150, 150:251] == 3).all()
    assert (layer.data != 0).sum() == 301
    settled(watcher, watcher.hand({"do": "move", **way[0], **at}))
    assert (layer.data != 0).sum() == 301  # nothing is held any more
    settled(watcher, watcher.hand(*({"do": "key", "key": "z", "down": down, "mods": ["Control"]} for down in (True, False))))
    assert not layer.data.any()
    shown(watcher, plain)


def test_a_click_adds_a_point_and_a_key_ends_it(plain, watch):
    layer = plain.add_points(np.zeros((0, 2)), size=5)
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    plain.layers.selection.active = layer
    plain.reset_view()
    watcher = begin(plain, watch)
    pump()
    at = {"button": "left", "mods": []}
    keys = [{"do": "key", "key": "2", "down": down, "mods": []} for down in (True, False)]
    settled(watcher, watcher.hand(*keys))
    assert layer.mode == "add"
    for row, column in ((20, 30), (200, 350)):
        place = pixel_of(plain, layer, row, column)
        settled(watcher, watcher.hand({"do": "press", **place, **at}, {"do": "release", **place, **at}))
    assert layer.data == pytest.approx(np.array([[20, 30], [200, 350]]), abs=0.5)
    settled(watcher, watcher.hand(*({"do": "key", "key": "Delete", "down": down, "mods": []} for down in (True, False))))
    assert len(layer.data) == 1


def test_a_drag_draws_a_rectangle(plain, watch):
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    layer = plain.add_shapes()
    plain.reset_view()
    layer.mode = "add_rectangle"
    watcher = begin(plain, watch)
    pump()
    at = {"button": "left", "mods": []}
    corners = [pixel_of(plain, layer, *corner) for corner in ((40, 60), (100, 120), (160, 220))]
    settled(
        watcher,
        watcher.hand({"do": "press", **corners[0], **at}, {"do": "move", **corners[1], **at}, {"do": "move", **corners[2], **at}, {"do": "release", **corners[2], **at}),
    )
    assert len(layer.data) == 1
    assert (layer.data[0].min(axis=0), layer.data[0].max(axis=0)) == (pytest.approx([40, 60], abs=1), pytest.approx([160, 220], abs=1))


def test_a_double_click_ends_a_polygon(plain, watch):
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    layer = plain.add_shapes()
    plain.reset_view()
    layer.mode = "add_polygon"
    watcher = begin(plain, watch)
    pump()
    at = {"button": "left", "mods": []}
    events = []
    for corner in ((40, 60), (40, 200), (200, 200)):
        place = pixel_of(plain, layer, *corner)
        events += [{"do": "press", **place, **at}, {"do": "release", **place, **at}]
    settled(watcher, watcher.hand(*events, {"do": "double", **place, **at}, {"do": "release", **place, **at}))
    assert len(layer.data) == 1 and len(layer.data[0]) == 3


def test_plugins_see_the_mouse_and_the_keys(plain, watch):
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    plain.reset_view()
    seen, keys = [], []

    def clicked(viewer, event):
        seen.append((event.type, event.button, tuple(m.name for m in event.modifiers)))
        yield
        while event.type == "mouse_move":
            seen.append((event.type, event.button, ()))
            yield
        seen.append((event.type, event.button, ()))

    def turned(viewer, event):
        seen.append((event.type, tuple(event.delta)))
        event.handled = True

    plain.mouse_drag_callbacks.append(clicked)
    plain.mouse_wheel_callbacks.append(turned)
    plain.bind_key("k", lambda _: keys.append("k"), overwrite=True)
    try:
        watcher = begin(plain, watch)
        place = {"x": 0.5, "y": 0.5, "mods": ["Shift", "Alt"]}
        watcher.hand(
            {"do": "press", **place, "button": "right"},
            {"do": "move", "x": 0.6, "y": 0.5, "mods": [], "button": "right"},
            {"do": "release", **place, "button": "right"},
            {"do": "wheel", **place, "dx": 0, "dy": 2},
            {"do": "key", "key": "k", "down": True, "mods": []},
            {"do": "key", "key": "k", "down": False, "mods": []},
        )
        watcher.until(lambda: keys, "the key")
        assert seen == [("mouse_press", 2, ("Shift", "Alt")), ("mouse_move", 2, ()), ("mouse_release", 2, ()), ("mouse_wheel", (0, -2))]
    finally:
        plain.mouse_drag_callbacks.remove(clicked)
        plain.mouse_wheel_callbacks.remove(turned)
        plain.bind_key("k", None)


def test_a_hand_that_is_taken_away_holds_nothing(plain, watch):
    from webmon._napari import attached

    layer = plain.add_labels(np.zeros((300, 400), int))
    plain.reset_view()
    layer.mode, layer.brush_size = "paint", 1
    watcher = begin(plain, watch)
    pump()
    settled(watcher, watcher.hand({"do": "press", **pixel_of(plain, layer, 50, 50), "button": "left", "mods": []}))
    native = plain.window._qt_viewer.canvas.native
    assert native._vispy_mouse_data["press_event"] is not None
    watcher.leave()
    attached(plain).detach()
    assert native._vispy_mouse_data["press_event"] is None and layer.data[50, 50] == 1


@pytest.mark.parametrize(
    ("key", "mods", "may"),
    [("w", ["Control"], False), ("Q", ["Control", "Shift"], False), ("o", ["Control"], False), ("F4", ["Alt"], False), ("f", ["Alt"], False),
     ("p", ["Control", "Shift"], False), ("c", ["Control", "Shift"], False), ("/", ["Control", "Alt"], False), ("F10", [], False), ("Meta", [], False),
     ("Delete", ["Control"], False), ("z", ["Meta"], False), ("z", ["Control"], True), ("Z", ["Control", "Shift"], True), ("ArrowUp", ["Alt"], True),
     ("y", ["Control"], True), ("c", ["Control"], True), ("p", [], True), ("Escape", [], True), ("Shift", ["Shift"], True)],
)  # fmt: skip
def test_keys_that_close_or_open_something_are_left_out(key, mods, may):
    from webmon._napari.hands import allowed

    assert allowed(key, tuple(mods)) is may


# What is read, and when.


class Counted:
    """Counts the paints of a viewer's canvas, and the reads of them."""

    def __init__(self, viewer, monkeypatch):
        from webmon._napari.readback import ReadBack

        self.paints = self.reads = 0
        self._emitter = viewer.window._qt_viewer.canvas.events.draw
        self._emitter.connect(self._painted, position="last")
        begin = ReadBack.begin

        def counted(*args):
            self.reads += 1
            return begin(*args)

        monkeypatch.setattr(ReadBack, "begin", counted)

    def _painted(self, event=None):
        self.paints += 1

    def close(self):
        self._emitter.disconnect(self._painted)


@pytest.fixture
def counted(plain, monkeypatch):
    counts = Counted(plain, monkeypatch)
    yield counts
    counts.close()


def test_nothing_is_drawn_or_read_while_nobody_looks(plain, watch, counted):
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    plain.reset_view()
    watcher = watch("canvas", "camera", "layers", "controls")
    watcher.until_state("canvas", lambda c: c["size"])
    for _ in range(50):
        pump()
    paints = counted.paints
    for _ in range(50):
        pump()
    assert counted.paints == paints  # nothing but what napari draws by itself
    camera(plain).zoom *= 1.1
    watcher.until(lambda: counted.paints > paints, "the paint")
    assert counted.reads == 0 and watcher.frame("canvas") is None


def test_one_picture_comes_to_whoever_begins_to_look(plain, watch, counted):
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    plain.reset_view()
    watcher = watch("canvas")
    watcher.until_state("canvas", lambda c: c["size"])
    for _ in range(50):
        pump()
    paints = counted.paints
    watcher.want("canvas", "array/canvas")
    frame = watcher.until(lambda: watcher.frame("canvas"), "the canvas")
    for _ in range(50):
        pump()
        watcher.listen()
    assert (frame.seq, watcher.frame("canvas").seq, counted.reads) == (1, 1, 1)
    assert counted.paints == paints + 1
    watcher.want("canvas")
    watcher.until(lambda: plain.window._qt_viewer.canvas is not None and not attached_canvas(plain).watched, "nobody looking")
    watcher.want("canvas", "array/canvas")
    watcher.until(lambda: watcher.frame("canvas").seq > frame.seq, "another canvas")


def attached_canvas(viewer):
    from webmon._napari import attached

    return attached(viewer)._canvas


def test_the_last_of_many_pictures_comes(plain, watch):
    """Those in between may be left out, the last one never."""
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    plain.reset_view()
    watcher = watch("canvas")
    watcher.want("canvas", "array/canvas", hz=5)
    watcher.until(lambda: watcher.frame("canvas"), "the canvas")
    for _ in range(20):
        camera(plain).zoom *= 1.02
        pump()
    shown(watcher, plain)


@pytest.mark.parametrize("sizes", [[100, 4096], [4096, 200], [97, 131]])
def test_no_more_pixels_than_are_wanted(plain, watch, sizes):
    scene(plain, "image and labels")
    watcher = watch("canvas")
    watcher.sizes = {"array/canvas": sizes}
    watcher.want("canvas", "array/canvas")
    frame = watcher.until(lambda: watcher.frame("canvas"), "the canvas")
    own = seen(plain)[..., :3].astype(float)
    rows, columns = frame.data.shape[:2]
    assert rows <= sizes[0] and columns <= sizes[1] and (rows == sizes[0] or columns == sizes[1])
    ratio = watcher.state("canvas")["ratio"]
    assert frame.step == pytest.approx((own.shape[0] / rows / ratio, own.shape[1] / columns / ratio))
    assert rows / columns == pytest.approx(own.shape[0] / own.shape[1], rel=0.02)
    # Each pixel is the mean of those that lie in its place.
    edges = [np.floor(np.arange(n) * size / n).astype(int) for n, size in ((rows, own.shape[0]), (columns, own.shape[1]))]
    mean = np.add.reduceat(np.add.reduceat(own, edges[0], axis=0), edges[1], axis=1)
    mean /= np.add.reduceat(np.ones(own.shape[0]), edges[0])[:, None, None] * np.add.reduceat(np.ones(own.shape[1]), edges[1])[:, None]
    assert np.abs(frame.data[..., :3] - mean).mean() < 6
    watcher.sizes = {}
    watcher.want("canvas", "array/canvas")
    shown(watcher, plain)


def test_the_largest_of_those_who_look_is_followed():
    from webmon._napari.canvas import fitted
    from webmon._napari.readback import steps

    assert fitted((768, 1024), None) == (768, 1024)
    assert fitted((768, 1024), (4000, 4000)) == (768, 1024)
    assert fitted((768, 1024), (384, 4000)) == (384, 512)
    assert fitted((768, 1024), (1, 1)) == (1, 1)
    assert steps((768, 1024), (768, 1024)) == []
    assert steps((768, 1024), (600, 800)) == [(600, 800)]
    assert steps((768, 1025), (100, 133)) == [(384, 513), (192, 257), (100, 133)]


# What may go wrong.


class OpenGL:
    """PyOpenGL with some functions replaced, for those who read alone: napari draws by the others."""

    def __init__(self, **replaced):
        self.__dict__.update(replaced)

    def __getattr__(self, name):
        from OpenGL import GL

        return getattr(GL, name)


@pytest.mark.parametrize("name", ["glReadPixels", "glBindFramebuffer", "glMapBuffer", "glBlitFramebuffer", "glClientWaitSync", "glGenBuffers"])
def test_an_error_of_opengl_is_said_and_napari_draws_on(plain, watch, counted, monkeypatch, name):
    from OpenGL.error import GLError

    from webmon._napari import readback

    scene(plain, "image and labels")
    watcher = watch("canvas", "arrays")
    before = seen(plain)

    def broken(*_):
        raise GLError(1282, "this card has had enough")

    with monkeypatch.context() as patch:
        patch.setattr(readback, "opengl", lambda: OpenGL(**{name: broken}))
        watcher.sizes = {"array/canvas": [100, 100]}
        watcher.want("canvas", "arrays", "array/canvas")
        state = watcher.until_state("canvas", lambda c: "had enough" in (c["why"] or ""))
        assert "OpenGL" in state["why"]
        watcher.until_state("arrays", lambda a: a["canvas"].get("note") == state["why"] and not a["canvas"]["shm"])
        paints = counted.paints
        camera(plain).zoom *= 1.1
        watcher.until(lambda: counted.paints > paints, "napari's paint")
    assert not np.array_equal(seen(plain), before)
    # Whoever looks anew has it tried again.
    watcher.want("canvas", "arrays")
    watcher.until(lambda: not attached_canvas(plain).watched, "nobody looking")
    watcher.sizes = {}
    watcher.want("canvas", "arrays", "array/canvas")
    watcher.until_state("canvas", lambda c: c["why"] is None)
    shown(watcher, plain)


@pytest.mark.parametrize("name", ["glBindFramebuffer", "glReadPixels"])
def test_an_opengl_without_a_function_is_said(plain, watch, monkeypatch, name):
    from webmon._napari import readback

    monkeypatch.setattr(readback, "opengl", lambda: OpenGL(**{name: None}))
    watcher = watch("canvas")
    watcher.want("canvas", "array/canvas")
    watcher.until_state("canvas", lambda c: name in (c["why"] or ""))


@pytest.mark.parametrize("name", ["glMapBuffer", "glFenceSync", "glBindBuffer"])
def test_an_old_opengl_is_read_at_once(plain, watch, monkeypatch, name):
    from webmon._napari import readback

    scene(plain, "image and labels")
    monkeypatch.setattr(readback, "opengl", lambda: OpenGL(**{name: None}))
    shown(watch("canvas", "array/canvas"), plain)


def test_a_window_that_is_not_shown_says_so(plain, watch):
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    watcher = watch("canvas", "arrays", "array/canvas")
    shown(watcher, plain)
    window = plain.window._qt_window
    for hide, word in ((window.hide, "hidden"), (window.showMinimized, "minimised")):
        hide()
        assert word in watcher.until_state("canvas", lambda c: c["why"])["why"]
        assert word in watcher.until_state("arrays", lambda a: not a["canvas"]["shm"])["canvas"]["note"]
        window.showNormal()
        watcher.until_state("canvas", lambda c: c["why"] is None)
        shown(watcher, plain)


def test_a_window_that_grows_and_shrinks_is_followed(plain, watch):
    plain.add_image(pattern(300, 400), contrast_limits=[0, 4000])
    watcher = watch("canvas", "arrays", "array/canvas")
    window = plain.window._qt_window
    before = window.size()
    try:
        for size in ((1300, 1000), (700, 560)):
            window.resize(*size)
            frame = shown(watcher, plain)
            room = watcher.until_state("arrays", lambda a: a["canvas"]["shm"])["canvas"]["shape"]
            assert all(n <= most for n, most in zip(frame.data.shape, room))
    finally:
        window.resize(before)


def test_a_viewer_that_is_watched_can_be_closed(watch):
    """Of its own: the others share one."""
    import napari
    from conftest import Watcher

    from webmon import Process
    from webmon._napari import attach

    own = napari.Viewer()
    process = Process("own", kind="napari", commands="poll", launch=False)
    try:
        own.add_image(pattern(100, 100))
        attachment = attach(own, process)
        watcher = Watcher(process)
        watcher.want("canvas", "array/canvas")
        watcher.until(lambda: watcher.frame("canvas"), "the canvas")
        watcher.hand({"do": "press", "x": 0.5, "y": 0.5, "button": "left", "mods": []})
        watcher.leave()
    finally:
        own.close()
    until(lambda: attachment.closed, "the end of the attachment")
    assert process.closed


# The widget of OpenGL itself.


@pytest.fixture
def widget(window):
    """A widget that draws a colour for each place, in a framebuffer of so many samples."""
    from OpenGL import GL
    from qtpy.QtGui import QSurfaceFormat
    from qtpy.QtWidgets import QOpenGLWidget

    class Drawn(QOpenGLWidget):
        painted = 0

        def paintGL(self):
            GL.glEnable(GL.GL_SCISSOR_TEST)
            size = self.size() * self.devicePixelRatioF()
            for row in range(0, size.height(), 8):
                GL.glScissor(0, row, size.width(), 8)
                GL.glClearColor(row / 255, 0.5, 1 - row / 255, 0.5)
                GL.glClear(GL.GL_COLOR_BUFFER_BIT)
            self.painted += 1

    made = []

    def make(samples=0):
        one = Drawn()
        form = QSurfaceFormat.defaultFormat()
        form.setSamples(samples)
        form.setAlphaBufferSize(8)
        one.setFormat(form)
        one.resize(100, 64)
        one.show()
        until(one.isValid, "the widget")
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
        one.deleteLater()
    pump()


def read(widget, wanted):
    """What ReadBack makes of it, and OpenGL's state before and after."""
    from OpenGL import GL

    from webmon._napari.readback import ReadBack

    back, found = ReadBack(), []
    names = [
        "READ_FRAMEBUFFER_BINDING", "DRAW_FRAMEBUFFER_BINDING", "RENDERBUFFER_BINDING", "PIXEL_PACK_BUFFER_BINDING", "PACK_ALIGNMENT",
        "PACK_ROW_LENGTH", "PACK_SKIP_ROWS", "PACK_SKIP_PIXELS", "SCISSOR_TEST", "SCISSOR_BOX", "VIEWPORT", "READ_BUFFER", "CURRENT_PROGRAM",
    ]  # fmt: skip

    def state():
        widget.makeCurrent()
        try:
            return [np.asarray(GL.glGetIntegerv(getattr(GL, "GL_" + name))).tolist() for name in names]
        finally:
            widget.doneCurrent()

    until(lambda: widget.painted, "the paint")
    # Somebody else has left it like this.
    widget.makeCurrent()
    buffer = GL.glGenBuffers(1)
    GL.glBindBuffer(GL.GL_PIXEL_PACK_BUFFER, buffer)
    GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
    GL.glPixelStorei(GL.GL_PACK_ROW_LENGTH, 7)
    GL.glPixelStorei(GL.GL_PACK_SKIP_ROWS, 2)
    widget.doneCurrent()
    states = [state()]
    done = back.begin(widget, wanted, lambda pixels: found.append(pixels.copy()))
    states.append(state())
    until(lambda: done or back.finish(widget, lambda pixels: found.append(pixels.copy())), "the pixels")
    states.append(state())
    assert len(found) == 1 and not back.pending
    back.close(widget)
    return found[0], states


@pytest.mark.parametrize("samples", [0, 4])
@pytest.mark.parametrize("wanted", [(64, 100), (32, 50), (20, 31), (1000, 1000)])
def test_pixels_are_read_and_the_state_is_given_back(widget, samples, wanted):
    one = widget(samples)
    pixels, states = read(one, wanted)
    assert states[1] == states[0] and states[2] == states[0]
    ratio = one.devicePixelRatioF()
    assert pixels.shape == (min(wanted[0], int(64 * ratio)), min(wanted[1], int(100 * ratio)), 4)
    assert (pixels[..., 3] == 255).all() and (pixels == pixels[:, :1]).all()
    # OpenGL counts rows from below.
    red = pixels[:, 0, 0].astype(int)
    assert (np.diff(red) <= 0).all() and red[0] > red[-1] and pixels[0, 0, 1] in (127, 128)
    if wanted[0] == 64 and ratio == 1:
        assert red.tolist() == [row // 8 * 8 for row in range(63, -1, -1)]


def test_a_context_that_is_made_anew_is_read(widget):
    from qtpy.QtWidgets import QWidget

    from webmon._napari.readback import ReadBack

    one, back, found = widget(), ReadBack(), []

    def take(pixels):
        found.append(pixels.copy())

    def taken():
        found.clear()
        done = back.begin(one, (16, 25), take)
        until(lambda: done or back.finish(one, take), "the pixels")
        return found

    until(lambda: one.painted, "the paint")
    assert len(taken()) == 1
    first, one.painted = one.context(), 0
    # Qt makes another context in another window. What belonged to the first is lost with it.
    other = QWidget()
    other.resize(200, 200)
    one.setParent(other)
    other.show()
    one.show()
    until(lambda: one.painted and one.context() is not first, "the paint in another window")
    back.pending = True  # something was on its way
    assert back.finish(one, take) and not back.pending
    assert len(taken()) == 1
    back.close(one)
    one.setParent(None)
    other.close()
