"""The dock widget: start and stop, the address, who is watching, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from . import attach, attached, plugin

if TYPE_CHECKING:
    import napari

# The colours are napari's theme's; only what a label means is said here.
_HINT = (
    "No webmon is running. Start one with <b>webmon</b> in a terminal: it finds this viewer by itself. "
    "If the program is not on the PATH, the variable WEBMON says where it is."
)


class WebmonWidget(QWidget):  # type: ignore[misc]  # qtpy has no types
    """Shows a viewer in the browser, and how that goes. Starts nothing by itself."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._spent: Any = None  # seconds and ticks when last shown

        self._state = QLabel()
        self._state.setWordWrap(True)
        self._toggle = QPushButton()
        self._toggle.clicked.connect(self._on_toggle)

        self._address = QLineEdit()
        self._address.setReadOnly(True)
        self._address.setAccessibleName("Address of the dashboard")
        self._address.setPlaceholderText("no address yet")
        self._address.setToolTip("Whoever opens this address sees this viewer and may change what it shows.")
        self._open = QPushButton("Open")
        self._open.setAccessibleName("Open the dashboard in the browser")
        self._open.clicked.connect(self._on_open)
        self._copy = QPushButton("Copy")
        self._copy.setAccessibleName("Copy the address of the dashboard")
        self._copy.clicked.connect(self._on_copy)
        buttons = QHBoxLayout()
        buttons.addWidget(self._open)
        buttons.addWidget(self._copy)

        self._watching = QLabel()
        self._cost = QLabel()
        self._cost.setToolTip("The time of napari's own thread that webmon takes, over the last second.")
        facts = QFormLayout()
        facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, label in (("Watching", self._watching), ("Cost", self._cost)):
            label.setAccessibleName(name)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setWordWrap(True)
            facts.addRow(name, label)

        self._hint = QLabel(_HINT)
        self._hint.setWordWrap(True)
        self._hint.setAccessibleName("Hint")

        layout = QVBoxLayout()
        layout.addWidget(self._state)
        layout.addWidget(self._toggle)
        layout.addWidget(self._address)
        layout.addLayout(buttons)
        layout.addLayout(facts)
        layout.addWidget(self._hint)
        layout.addStretch(1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(220)

        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.show_state)
        self.show_state()

    def showEvent(self, event: Any) -> None:
        """Follow what happens while people can see it."""
        super().showEvent(event)
        self.show_state()
        self._timer.start()

    def hideEvent(self, event: Any) -> None:
        """Rest while nobody sees it."""
        self._timer.stop()
        super().hideEvent(event)

    def show_state(self) -> None:
        """Show how things are now."""
        attachment = attached(self._viewer)
        running = attachment is not None
        self._toggle.setText("Stop" if running else "Start")
        self._toggle.setAccessibleName("Stop showing this viewer" if running else "Show this viewer in the browser")
        self._toggle.setToolTip("" if running else "Offer this viewer to the browser, on this computer only.")
        address = attachment.process.url if attachment is not None else None
        for part in (self._address, self._open, self._copy):
            part.setEnabled(address is not None)
        if self._address.text() != (address or ""):
            self._address.setText(address or "")
            self._address.setCursorPosition(0)
        self._hint.setVisible(running and address is None)
        if attachment is None:
            self._state.setText("This viewer is not shown in the browser.")
            self._watching.setText("–")
            self._cost.setText("–")
            self._spent = None
            return
        self._state.setText("This viewer is shown in the browser." if address else "This viewer waits for webmon.")
        count = attachment.process.watchers()
        self._watching.setText({0: "nobody", 1: "1 browser"}.get(count, f"{count} browsers"))
        now = attachment.cost()
        before, self._spent = self._spent, now
        if before is None or now.seconds < before.seconds:
            self._cost.setText("…")
            return
        ticks = now.ticks - before.ticks
        micros = (now.seconds - before.seconds) * 1e6
        self._cost.setText(f"{micros / ticks:.0f} µs a tick" if ticks else "nothing to do")

    def _on_toggle(self) -> None:
        attachment = attached(self._viewer)
        if attachment is None:
            attach(self._viewer)
            # A webmon that has just been started needs a moment.
            for delay in (200, 500, 1000, 2000):
                QTimer.singleShot(delay, self._later)
        else:
            attachment.detach()
        self.show_state()

    def _later(self) -> None:
        try:
            self.show_state()
        except RuntimeError:
            pass  # the widget was closed meanwhile

    def _on_open(self) -> None:
        if self._address.text():
            plugin.open_address(self._address.text())

    def _on_copy(self) -> None:
        if self._address.text():
            plugin.copy_text(self._address.text())
