"""The commands in napari's palette."""

from __future__ import annotations

from typing import Any

from . import attach, attached
from .attachment import Attachment

NOT_RUNNING = "No webmon is running: start one with the command webmon in a terminal, and this viewer appears there."


def current() -> Any:
    """Return the viewer that people look at. Raises RuntimeError if there is none."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        raise RuntimeError("There is no napari viewer.")
    return getattr(viewer, "__wrapped__", viewer)


def start() -> None:
    """Show the viewer in the browser."""
    # Without the token: a notification may end up in a picture.
    _with_address(attach(current()), lambda address: _info(f"webmon shows this viewer at {address.split('?')[0]}"))


def stop() -> None:
    """Stop showing the viewer in the browser."""
    attachment = attached(current())
    if attachment is None:
        _info("webmon does not watch this viewer.")
    else:
        attachment.detach()


def open_dashboard() -> None:
    """Show the viewer in the browser, and open that."""
    _with_address(attach(current()), open_address)


def copy_address() -> None:
    """Put the dashboard's address on the clipboard. Whoever has it may change what napari shows."""
    attachment = attached(current())
    if attachment is None:
        _info("webmon does not watch this viewer yet: start it first.")
        return

    def copy(address: str) -> None:
        copy_text(address)
        _info("The address of the dashboard is on the clipboard.")

    _with_address(attachment, copy)


def open_address(address: str) -> None:
    """Open an address in the user's browser."""
    from qtpy.QtCore import QUrl
    from qtpy.QtGui import QDesktopServices

    QDesktopServices.openUrl(QUrl(address))


def copy_text(text: str) -> None:
    """Put text on the clipboard."""
    from qtpy.QtWidgets import QApplication

    QApplication.clipboard().setText(text)


def _with_address(attachment: Attachment, use: Any, tries: int = 50) -> None:
    """Call use with the address, as soon as the webmon that was just started has one."""
    address: str | None = attachment.process.url
    if address is not None:
        use(address)
    elif tries <= 0 or attachment.closed:
        _info(NOT_RUNNING)
    else:
        from qtpy.QtCore import QTimer

        QTimer.singleShot(100, lambda: _with_address(attachment, use, tries - 1))


def _info(text: str) -> None:
    from napari.utils.notifications import show_info

    show_info(text)
