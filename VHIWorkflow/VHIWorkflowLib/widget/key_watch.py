"""Keys of the module: installed on the main window while the module is shown, gone when it is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

from .shortcut_list import Shortcut

OBJECT_NAME = "VHIWorkflowShortcut"


class KeyWatch:
    """Shortcuts whose parent is the main window, so that they act while a slice view has the keyboard.

    Parameters
    ----------
    window
        Main window; without one there are no keys.
    """

    def __init__(self, window: Any) -> None:
        self._window = window
        self._shortcuts: list[Any] = []
        self._slots: list[Callable[[], None]] = []
        self._release = _ReleaseFilter()
        self._borrowed: list[Any] = []

    @property
    def is_installed(self) -> bool:
        """Whether keys act."""
        return bool(self._shortcuts)

    def install(self, actions: dict[Shortcut, Callable[[], None]], released: Callable[[], None]) -> None:
        """Let keys act.

        Parameters
        ----------
        actions
            What each key does.
        released
            Called when a key that is held is let go of.
        """
        self.remove()
        if self._window is None:
            return
        for shortcut, action in actions.items():
            slot = self._held(action, released) if shortcut.held else action
            key = qt.QShortcut(qt.QKeySequence(shortcut.keys), self._window)
            key.setObjectName(f"{OBJECT_NAME}_{shortcut.keys}")
            key.setAutoRepeat(False)
            key.connect("activated()", slot)
            key.connect("activatedAmbiguously()", slot)
            self._shortcuts.append(key)
            self._slots.append(slot)

    def remove(self) -> None:
        """Let no key act any more."""
        self._release.stop()
        for key in self._shortcuts:
            key.disconnect("activated()")
            key.disconnect("activatedAmbiguously()")
            key.setEnabled(False)
            key.setParent(None)
            key.deleteLater()
        self._shortcuts, self._slots = [], []

    def _held(self, action: Callable[[], None], released: Callable[[], None]) -> Callable[[], None]:
        def press() -> None:
            action()
            self._release.wait(released)

        return press


class _ReleaseFilter(qt.QObject):
    """Waits for the key that is held now to be let go of, or for the window to lose the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self._released: Callable[[], None] | None = None

    def wait(self, released: Callable[[], None]) -> None:
        """Call `released` once."""
        self.stop()
        self._released = released
        slicer.app.installEventFilter(self)

    def stop(self) -> None:
        """Wait no more; what waits is called."""
        released, self._released = self._released, None
        if released is not None:
            slicer.app.removeEventFilter(self)
            released()

    def eventFilter(self, _watched: Any, event: Any) -> bool:  # noqa: N802 (Qt's name)
        """Qt asks before each event of the application, only while a key is held."""
        kind = event.type()
        let_go = kind == qt.QEvent.KeyRelease and not event.isAutoRepeat()
        if let_go or kind in (qt.QEvent.ApplicationDeactivate, qt.QEvent.WindowDeactivate):
            self.stop()
        return False
