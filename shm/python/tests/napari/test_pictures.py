"""The slices themselves, in shared memory."""

import numpy as np
from conftest import camera, pattern


def want_slice(watcher, name):
    own = watcher.until_layer(name, lambda _: True)["id"]
    watcher.want("layers", "array/layer." + own, "arrays")
    return own


def shows(watcher, layer, own, check=lambda frame: True):
    """Wait until the shared frame is what napari has on the screen; return it."""

    def same():
        frame = watcher.frame("layer." + own)
        raw = layer._slice.image.raw
        return frame is not None and frame.data.shape == raw.shape and np.array_equal(frame.data, raw) and check(frame) and frame

    return watcher.until(same, f"the slice of {layer.name}")


def test_a_part_of_a_level_and_its_place(viewer, watch, pyramid):
    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000], colormap="magma")
    watcher = watch("layers")
    own = want_slice(watcher, "big")
    about = watcher.state("arrays")["layer." + own]
    assert (about["layer"], about["role"], about["colormap"], about["limits"]) == (own, "", "magma", [0, 4000])
    assert about["axes"] == ["y", "x"] and about["title"] == "big"
    seen = set()
    for zoom, y, x in ((1, 1000, 1200), (1, 3000, 2500), (0.4, 2000, 2000), (0.15, 2000, 2000)):
        camera(viewer).zoom, camera(viewer).center = zoom, (0, y, x)
        level = max(n for n in range(5) if n == 0 or zoom * 2**n <= 1.01)
        frame = shows(watcher, layer, own, lambda f: f.level == level and f.level == layer.data_level)
        seen.add(level)
        (r0, c0), (r1, c1) = layer.corner_pixels
        assert frame.data.shape == (r1 - r0 + 1, c1 - c0 + 1)
        assert frame.step == (2**level, 2**level) and frame.offset == (r0 * 2**level, c0 * 2**level)
        # Pixels of level 0 at the place where the frame says it lies.
        rows = (frame.offset[0] + frame.step[0] * np.arange(frame.data.shape[0])).astype(int)
        columns = (frame.offset[1] + frame.step[1] * np.arange(frame.data.shape[1])).astype(int)
        assert np.array_equal(frame.data, np.asarray(pyramid[0])[rows][:, columns])
    assert seen == {0, 1, 2}


def test_axes_are_those_of_the_screen(viewer, watch, volume):
    layer = viewer.add_image(volume, multiscale=True, name="series", contrast_limits=[0, 4000], axis_labels=("t", "v", "u"))
    watcher = watch("layers", "dims")
    own = want_slice(watcher, "series")
    viewer.dims.set_current_step(0, 3)
    frame = shows(watcher, layer, own)
    assert watcher.state("arrays")["layer." + own]["axes"] == ["v", "u"]
    viewer.dims.order = (0, 2, 1)
    camera(viewer).zoom, camera(viewer).center = 2, (0, 700, 300)
    frame = shows(watcher, layer, own, lambda f: f.level == 0)
    assert watcher.state("arrays")["layer." + own]["axes"] == ["u", "v"]
    corner = layer.corner_pixels[0]
    assert frame.offset == (corner[2], corner[1])
    whole = np.asarray(volume[0])[3].T
    r, c = (int(n) for n in frame.offset)
    assert np.array_equal(frame.data, whole[r : r + frame.data.shape[0], c : c + frame.data.shape[1]])
    viewer.dims.order = (0, 1, 2)
    viewer.dims.ndisplay = 3
    frame = shows(watcher, layer, own, lambda f: f.data.ndim == 3)
    assert watcher.state("arrays")["layer." + own]["axes"] == ["t", "v", "u"] and frame.level == 1


def test_labels_colours_and_plain_arrays(viewer, watch):
    labels = viewer.add_labels(np.arange(12000).reshape(100, 120) // 7, name="labels")
    rgb = viewer.add_image(np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8), rgb=True, name="rgb")
    flags = viewer.add_image(np.eye(50, dtype=bool), name="flags")
    watcher = watch("layers")
    for layer, role in ((labels, "labels"), (rgb, "rgb"), (flags, "")):
        own = want_slice(watcher, layer.name)
        frame = shows(watcher, layer, own)
        assert watcher.state("arrays")["layer." + own]["role"] == role
        assert frame.offset == (0, 0) and frame.step == (1, 1) and frame.level == 0
    own = want_slice(watcher, "labels")
    labels.selected_label = 3
    labels.paint((50, 50), 3)
    assert (labels.data == 3).sum() > 7
    shows(watcher, labels, own)
    # Other data, of another type and size.
    flags.data = np.linspace(0, 1, 200 * 300, dtype=np.float32).reshape(200, 300)
    own = want_slice(watcher, "flags")
    assert shows(watcher, flags, own).data.dtype == np.float32


def test_nothing_is_copied_while_nobody_looks(viewer, watch):
    layer = viewer.add_image(np.zeros((5, 100, 100), np.uint16), name="image", contrast_limits=[0, 10])
    watcher = watch("layers")
    own = watcher.until_layer("image", lambda _: True)["id"]
    array = "layer." + own
    viewer.dims.set_current_step(0, 4)
    watcher.until(lambda: watcher.events("load_chunk"))
    assert watcher.frame(array) is None
    watcher.want("layers", "array/" + array)
    first = shows(watcher, layer, own).seq
    watcher.want("layers")
    viewer.layers["image"].data = np.ones((5, 100, 100), np.uint16)
    watcher.until_layer("image", lambda x: x["loads"] >= 2)
    assert watcher.frame(array).seq == first
    # Whoever comes later sees what is there now.
    watcher.want("layers", "array/" + array)
    assert shows(watcher, layer, own).seq > first


def test_the_frame_that_comes_last_is_shared(viewer, watch):
    """More slices than somebody wants: the last one is not lost."""
    data = np.stack([pattern(200, 200) + t for t in range(50)])
    layer = viewer.add_image(data, name="series", contrast_limits=[0, 4000])
    watcher = watch("layers")
    own = watcher.until_layer("series", lambda _: True)["id"]
    watcher.want("layers", "array/layer." + own, hz=5)
    shows(watcher, layer, own)
    for t in range(50):
        viewer.dims.set_current_step(0, t)
    frame = shows(watcher, layer, own)
    assert np.array_equal(frame.data, data[49])
    assert frame.seq < 40


def declared(watcher, layer, condition):
    """Wait until what is declared of a layer's array fulfils the condition; return it."""
    from webmon._napari.layers import id_of

    name = "layer." + id_of(layer)
    return watcher.until_state("arrays", lambda arrays: name in arrays and condition(arrays[name]))[name]


def test_a_layer_that_is_shown_later_than_it_is_added(viewer, watch):
    data = pattern(60, 80)
    early = viewer.add_image(data, visible=False, name="early")
    watcher = watch("layers")
    late = viewer.add_labels(data.astype(np.int32), visible=False, name="late")
    for layer in (early, late):
        about = declared(watcher, layer, lambda about: about["shm"] == "")
        assert about["note"] == "The layer is hidden in napari." and about["shape"] == [60, 80]
        own = want_slice(watcher, layer.name)
        layer.visible = True
        shows(watcher, layer, own)
        assert "note" not in watcher.state("arrays")["layer." + own]
        # Once more: it is hidden, its data are replaced, and it is removed and added again.
        layer.visible = False
        declared(watcher, layer, lambda about: about["shm"] == "")
        layer.data = np.arange(12 * 14, dtype=np.uint8).reshape(12, 14)
        viewer.layers.remove(layer)
        viewer.layers.append(layer)
        layer.visible = True
        assert shows(watcher, layer, own).data.dtype == layer.data.dtype


def test_a_layer_that_comes_by_asynchronous_slicing(viewer, watch):
    from napari.settings import get_settings

    get_settings().experimental.async_ = True
    try:
        watcher = watch("layers")
        for layer in (
            viewer.add_image(pattern(60, 80), name="image"),
            viewer.add_labels(pattern(60, 80).astype(np.int32), name="labels"),
            viewer.add_image(np.full((30, 40, 3), 7, np.uint8), rgb=True, name="rgb"),
        ):
            shows(watcher, layer, want_slice(watcher, layer.name))
    finally:
        get_settings().experimental.async_ = False


def test_the_slider_is_outside_of_a_layer(viewer, watch):
    long = viewer.add_image(np.stack([pattern(50, 60) + z for z in range(20)]), name="long")
    short = viewer.add_image(np.stack([pattern(50, 60) + z for z in range(15)]), name="short")
    watcher = watch("layers", "poll")
    viewer.dims.set_current_step(0, 3)
    own = watcher.layer("short")["id"]
    watcher.want("layers", "poll", "array/layer." + own)
    assert np.array_equal(shows(watcher, short, own).data, short.data[3])
    viewer.dims.set_current_step(0, 18)
    about = declared(watcher, short, lambda about: about["shm"] == "")
    assert "stands at plane 18" in about["note"] and "planes 0 to 14" in about["note"]
    assert watcher.frame("layer." + own) is None
    poll = watcher.until_state("poll", lambda poll: poll["layers"][own]["note"] == about["note"])
    assert len(poll["layers"][own]["tile_state"]["seen"]) == 0 and poll["layers"][own]["tile_state"]["corners"] is not None
    other = next(entry for key, entry in poll["layers"].items() if key != own)
    assert other["note"] is None and len(other["tile_state"]["seen"]) == 1
    # A layer that is added there begins with nothing, too.
    new = viewer.add_image(short.data[:5], name="new", translate=(2, 0, 0))
    assert "stands at plane 16, and the layer has the planes 0 to 4" in declared(watcher, new, lambda about: about["shm"] == "")["note"]
    viewer.dims.set_current_step(0, 4)
    assert np.array_equal(shows(watcher, short, own).data, short.data[4])
    fresh = want_slice(watcher, "new")
    assert np.array_equal(shows(watcher, new, fresh).data, new.data[2])
    assert long.visible


def test_three_dimensions_and_back(viewer, watch, monkeypatch):
    from webmon._napari import pictures
    from webmon._napari.layers import IN_3D

    layer = viewer.add_image(np.stack([pattern(20, 30) + z for z in range(10)]), name="stack", axis_labels=("z", "y", "x"))
    flat = viewer.add_image(pattern(20, 30), name="flat")
    watcher = watch("layers", "poll")
    own = want_slice(watcher, "stack")
    watcher.want("layers", "poll", "array/layer." + own)
    shows(watcher, layer, own)
    viewer.dims.ndisplay = 3
    shows(watcher, layer, own, lambda frame: frame.data.shape == (10, 20, 30))
    poll = watcher.until_state("poll", lambda poll: poll["layers"][own]["note"] == IN_3D)
    assert "tile_config" not in poll["layers"][own] and poll["layers"][own]["name"] == "stack"
    assert declared(watcher, flat, lambda about: True)["axes"] == ["y", "x"]
    layer.visible = False
    watcher.until_state("poll", lambda poll: "hidden" in poll["layers"][own]["note"])
    viewer.dims.ndisplay = 2
    declared(watcher, layer, lambda about: len(about["shape"]) == 2 and about["shm"] == "")
    layer.visible = True
    shows(watcher, layer, own, lambda frame: frame.data.shape == (20, 30))
    # A volume of any size may be shown in 3D; one that is too large is not shared.
    monkeypatch.setattr(pictures, "MOST_BYTES", 2000)
    viewer.dims.ndisplay = 3
    about = declared(watcher, layer, lambda about: about["shm"] == "")
    assert about["note"].startswith("The volume that napari shows has ") and about["axes"] == ["z", "y", "x"]


def test_what_is_said_of_an_array_follows_its_layer(viewer, watch):
    from napari.utils import Colormap

    layer = viewer.add_image(pattern(20, 30), name="first", colormap="magma", contrast_limits=(0, 10))
    viewer.add_image(pattern(20, 30), name="other")
    watcher = watch("layers")
    own = want_slice(watcher, "first")
    before = shows(watcher, layer, own).seq
    generation = declared(watcher, layer, lambda about: True)["generation"]
    layer.name = "second"
    layer.contrast_limits = (5, 900)
    layer.colormap = "viridis"
    layer.scale = (2, 3)
    about = declared(watcher, layer, lambda about: about["title"] == "second" and about["scale"] == [2, 3])
    assert about["limits"] == [5, 900] and about["colormap"] == "viridis"
    layer.name = "other"  # napari finds a name that is free
    about = declared(watcher, layer, lambda about: about["title"] == layer.name)
    layer.colormap = Colormap([[0, 0, 0, 1], [0.2, 0.4, 0.6, 1]], name="my own")
    about = declared(watcher, layer, lambda about: about["colormap"] == "my own")
    # It is the same array all the time.
    assert about["generation"] == generation and watcher.frame("layer." + own).seq >= before


def test_limits_that_are_no_numbers(viewer, watch):
    viewer.add_image(np.full((20, 30), np.nan, np.float32), name="nothing but nan")
    watcher = watch("layers")
    shows_nan = watcher.until(lambda: watcher.state("arrays"), "arrays")
    assert [about["title"] for name, about in shows_nan.items() if name.startswith("layer.") and about["shm"]] == ["nothing but nan"]
    own = want_slice(watcher, "nothing but nan")
    watcher.until(lambda: watcher.frame("layer." + own), "the slice")
    assert np.isnan(watcher.frame("layer." + own).data).all()


def shows_part(watcher, layer, own, whole, check=lambda frame: True):
    """Wait for a part of a slice that is too large as a whole and that has what it should where it says it lies."""

    def right():
        frame = watcher.frame("layer." + own)
        if frame is None or not check(frame):
            return None
        (r, c), (dr, dc) = frame.offset, frame.step
        rows, columns = (int(r) + int(dr) * np.arange(frame.data.shape[0])), (int(c) + int(dc) * np.arange(frame.data.shape[1]))
        assert rows[-1] < whole.shape[0] and columns[-1] < whole.shape[1]
        assert np.array_equal(frame.data, whole[np.ix_(rows, columns)])
        return frame

    return watcher.until(right, f"the part of {layer.name} in view")


def test_the_part_in_view_of_a_slice_that_is_too_large(viewer, watch, monkeypatch):
    from webmon._napari import pictures

    monkeypatch.setattr(pictures, "MOST_BYTES", 1 << 18)
    whole = pattern(2400, 2000)
    watcher = watch("layers")
    colours = np.stack([whole & 255, whole >> 8, whole & 15], axis=-1).astype(np.uint8)
    for name, add, pixels in (
        ("gray", viewer.add_image, whole),
        ("float", viewer.add_image, whole[::2].astype("f8")),
        ("labels", viewer.add_labels, whole[:1200].astype(np.int32)),
        ("colours", viewer.add_image, colours),
    ):
        layer = add(pixels, name=name)
        own = want_slice(watcher, layer.name)
        assert declared(watcher, layer, lambda about: about["shm"])["note"].startswith("The slice has ")
        camera(viewer).zoom, camera(viewer).center = 0.1, (0, 1000, 1000)
        coarse = shows_part(watcher, layer, own, pixels, lambda frame: frame.step == (8, 8))
        assert coarse.data.size < pixels.size / 20
        camera(viewer).zoom, camera(viewer).center = 2, (0, 600, 1000)
        fine = shows_part(watcher, layer, own, pixels, lambda frame: frame.step == (1, 1))
        assert fine.offset[0] <= 550 and fine.offset[0] + fine.data.shape[0] >= 650 and fine.data.shape[0] < 1000
        # A small move needs nothing new, a far one does.
        camera(viewer).center = (0, 602, 1003)
        camera(viewer).center = (0, 1150, 200)
        shows_part(watcher, layer, own, pixels, lambda frame: frame.offset[1] < fine.offset[1] and frame.offset[0] > fine.offset[0])
        viewer.layers.remove(layer)


def test_parts_of_levels_and_of_slices_that_are_long(viewer, watch, monkeypatch):
    from webmon._napari import pictures

    monkeypatch.setattr(pictures, "MOST_BYTES", 1 << 18)
    # The coarsest level is too large as a whole.
    levels = [pattern(2000, 1500), pattern(1000, 750, 2)]
    layer = viewer.add_image(levels, multiscale=True, name="levels", contrast_limits=(0, 4000))
    watcher = watch("layers")
    own = want_slice(watcher, "levels")
    camera(viewer).zoom, camera(viewer).center = 0.1, (0, 1000, 750)
    shows_part(watcher, layer, own, levels[0], lambda frame: frame.level == 1 and frame.step == (8, 8))
    viewer.layers.clear()
    # One that is huge along one axis, on its side.
    long = np.broadcast_to((np.arange(100_000) % 251).astype(np.uint8), (20, 100_000))
    layer = viewer.add_image(long, name="long", contrast_limits=(0, 255))
    viewer.dims.order = (1, 0)
    own = want_slice(watcher, "long")
    camera(viewer).zoom, camera(viewer).center = 1, (0, 80_000, 10)
    frame = shows_part(watcher, layer, own, long.T, lambda frame: frame.offset[0] > 70_000)
    assert frame.step == (1, 1) and frame.data.shape[1] == 20 and frame.data.shape[0] < 4000


def test_a_part_is_bounded():
    from webmon._napari.pictures import Part, part_of

    assert part_of((1000, 900), None, (1.0, 1.0), 1 << 20) == Part((0, 0), (1000, 900), (1, 1))
    # Blocks of 128 pixels around what is seen, and an eighth of it more on each side.
    assert part_of((10000, 10000), [[4000, 4000], [4800, 4400]], (1.0, 0.2), 1 << 20) == Part((3840, 3840), (4992, 4480), (1, 1))
    assert part_of((10000, 10000), [[0, 0], [8000, 8000]], (9.9, 4.0), 1 << 30) == Part((0, 0), (9216, 9216), (8, 4))
    for shape, seen, per_screen in (
        ((17000, 17000), None, (0.01, 0.01)),
        ((1, 10**12), None, (1.0, 1.0)),
        ((10**7, 100), [[-5e6, -50.0], [5e7, 700.0]], (1e5, 1e5)),
        ((100, 10**7), [[50.0, 9.9999999e6], [60.0, 2e7]], (0.1, 0.1)),
    ):
        part = part_of(shape, seen, per_screen, 1 << 16)
        assert all(0 <= a < b <= n for a, b, n in zip(part.first, part.last, shape))
        assert 0 < np.prod([-(-(b - a) // s) for a, b, s in zip(*part)]) <= 1 << 16


def test_the_overview_is_all_of_a_picture_of_which_napari_holds_a_part(viewer, watch, pyramid):
    layer = viewer.add_image(pyramid, multiscale=True, name="big", contrast_limits=[0, 4000])
    viewer.add_image(np.zeros((4, 4)), name="plain")
    camera(viewer).zoom, camera(viewer).center = 2, (0, 1000, 1200)
    watcher = watch("layers", "arrays")
    own = watcher.until_layer("big", lambda _: True)["id"]
    plain = watcher.until_layer("plain", lambda _: True)["id"]
    watcher.want("layers", "array/overview." + own, "arrays")

    def whole():
        frame = watcher.frame("overview." + own)
        raw = layer._slice.thumbnail.raw
        return frame is not None and frame.data.shape == raw.shape and np.array_equal(frame.data, raw) and frame

    frame = watcher.until(whole, "the overview")
    factor = layer.level_shapes[0][0] / layer._slice.thumbnail.raw.shape[0]
    assert frame.offset == (0, 0) and frame.step == (factor, factor) and frame.level == len(layer.level_shapes) - 1
    arrays = watcher.state("arrays")
    assert arrays["overview." + own]["layer"] == own and "overview." + plain not in arrays
    viewer.dims.ndisplay = 3
    watcher.until_state("arrays", lambda found: "overview." + own not in found)
