"""Mouse events of a view before Slicer's own handling of them, and kept from it where we use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

Event = Literal["move", "press", "adjust", "release", "double", "enter", "leave"]
Handler = Callable[[Event, tuple[int, int]], bool]
"""Is given the event and the pixel, counted from the lower left corner; True keeps the event from others."""

EVENTS: dict[str, Event] = {
    "MouseMoveEvent": "move",
    "LeftButtonPressEvent": "press",
    "LeftButtonReleaseEvent": "release",
    "LeftButtonDoubleClickEvent": "double",
    "EnterEvent": "enter",
    "LeaveEvent": "leave",
}
BEFORE_SLICER = 2.0
"""Priority of our observers; those of the Segment Editor have 1, those of views 0."""


class MouseWatch:
    """Watches the mouse in one view until it is stopped.

    A press with Ctrl held is told as "adjust". With another modifier key held the event is Slicer's: with Shift or Alt
    everything is as in other modules.

    Parameters
    ----------
    interactor
        vtkRenderWindowInteractor of the view.
    handler
        Decides what becomes of each event.
    """

    def __init__(self, interactor: Any, handler: Handler) -> None:
        self._interactor = interactor
        self._handler = handler
        self._is_slicers = False
        self._tags = {name: interactor.AddObserver(name, self._on_event, BEFORE_SLICER) for name in EVENTS}

    def stop(self) -> None:
        """Watch no more."""
        for tag in self._tags.values():
            self._interactor.RemoveObserver(tag)
        self._tags = {}

    def _on_event(self, interactor: Any, name: str) -> None:
        event = EVENTS[name]
        if event == "press" and interactor.GetRepeatCount() > 0:
            event = "double"  # its first press has acted already
        with_ctrl = interactor.GetControlKey() and event == "press"
        if event in ("press", "double"):
            others = interactor.GetShiftKey() or interactor.GetAltKey()
            self._is_slicers = bool(others or (interactor.GetControlKey() and not with_ctrl))
        elif event == "release" and self._is_slicers:
            self._is_slicers = False
            return
        if self._is_slicers:
            return
        x, y = interactor.GetEventPosition()
        keep = self._handler("adjust" if with_ctrl else event, (x, y))
        command = interactor.GetCommand(self._tags[name]) if name in self._tags else None
        if command is not None:
            command.SetAbortFlag(1 if keep else 0)
