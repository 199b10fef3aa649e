"""The manifest, the commands and the dock widget."""

from pathlib import Path

import pytest
from conftest import Watcher, camera, until

import webmon
from webmon._napari import attached, plugin


@pytest.fixture(autouse=True)
def no_program(monkeypatch):
    """No test starts a webmon, or opens a browser."""
    import webmon._announce

    monkeypatch.setattr(webmon._announce, "launch", lambda: None)
    opened = []
    monkeypatch.setattr(plugin, "open_address", opened.append)
    return opened


@pytest.fixture
def address(monkeypatch):
    """Pretend that a webmon runs, whose address is the last of the list."""
    addresses = ["http://127.0.0.1:5050/?token=abc"]
    monkeypatch.setattr(webmon.Process, "url", property(lambda self: addresses[-1]))
    return addresses


def test_manifest():
    from npe2 import PluginManifest

    manifest = PluginManifest.from_file(Path(webmon.__file__).parent / "napari.yaml")
    assert (manifest.name, manifest.display_name) == ("napari-webmon", "webmon")
    manifest.validate_imports()
    commands = {command.id.split(".")[1]: command for command in manifest.contributions.commands}
    assert set(commands) == {"start", "stop", "open", "copy", "widget"}
    assert [widget.command for widget in manifest.contributions.widgets] == ["napari-webmon.widget"]


def test_commands(viewer, no_program, address):
    plugin.stop()
    plugin.start()
    assert attached(viewer) is not None
    plugin.copy_address()
    from qtpy.QtWidgets import QApplication

    assert QApplication.clipboard().text() == address[0]
    plugin.open_dashboard()
    assert no_program == [address[0]]
    plugin.stop()
    assert attached(viewer) is None
    # Opening begins by itself, and waits for a webmon that is starting.
    address.append(None)
    plugin.open_dashboard()
    assert attached(viewer) is not None and len(no_program) == 1
    address.append("http://127.0.0.1:6060/")
    until(lambda: no_program[1:] == ["http://127.0.0.1:6060/"])


def test_widget(viewer, no_program, address):
    from qtpy.QtWidgets import QApplication

    from webmon._napari.widget import WebmonWidget

    address.append(None)
    widget = WebmonWidget(viewer)
    dock = viewer.window.add_dock_widget(widget, name="webmon")
    assert attached(viewer) is None
    assert widget._toggle.text() == "Start" and not widget._open.isEnabled()
    assert widget._hint.isHidden()
    widget._toggle.click()
    attachment = attached(viewer)
    assert attachment is not None
    assert widget._toggle.text() == "Stop" and not widget._hint.isHidden()
    address.append("http://127.0.0.1:5050/?token=abc")
    until(widget._open.isEnabled)
    assert widget._address.text() == address[-1] and widget._hint.isHidden()
    widget._open.click()
    assert no_program == [address[-1]]
    widget._copy.click()
    assert QApplication.clipboard().text() == address[-1]
    watcher = Watcher(attachment.process)
    assert widget._watching.text() == "nobody"
    for count, text in ((1, "1 browser"), (3, "3 browsers")):
        watcher.client_data.update([("webmon:watchers:test", count)])
        until(lambda text=text: widget._watching.text() == text)
    camera(viewer).zoom = 5
    until(lambda: "µs a tick" in widget._cost.text() or "nothing to do" in widget._cost.text())
    for part in (widget._toggle, widget._address, widget._open, widget._copy, widget._watching, widget._cost):
        assert part.accessibleName()
    widget._toggle.click()
    assert attached(viewer) is None and widget._toggle.text() == "Start" and widget._watching.text() == "–"
    viewer.window.remove_dock_widget(dock)
