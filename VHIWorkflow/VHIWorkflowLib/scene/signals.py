"""A list of callables that are told when something has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

What = Literal["study", "case", "regions", "masks", "session", "results", "nodes", "leaving"]
"""What may change.

"study": the list, or the state of a case in it; "case": another case, or none; "regions": a region, a threshold or the
start mode, and with them islands; "masks": what the segments show; "session": decisions, undo and redo, VHI; "results":
the table; "nodes": the reader deleted nodes of the case, or they were made again; "leaving", always
alone: the case that is open will be taken out of the scene, and can be looked at for the last time.
"""

Listener = Callable[[frozenset[What]], None]


class Signal:
    """Tells its listeners, in the order in which they came, what has changed."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def connect(self, listener: Listener) -> None:
        """Tell a listener from now on; twice is once."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def disconnect(self, listener: Listener) -> None:
        """Tell a listener no more; nothing happens when it was not told before."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def emit(self, changed: Iterable[What]) -> None:
        """Tell all listeners."""
        what = frozenset(changed)
        for listener in tuple(self._listeners):
            listener(what)
