"""Slicer's Data Probe below the panel, folded while the module is shown: it takes the room of ten lines."""

from __future__ import annotations

from typing import Any

import slicer

NAME = "DataProbeCollapsibleWidget"


class DataProbeFold:
    """Folds it, and leaves it as it was; the reader may open it meanwhile.

    Parameters
    ----------
    window
        Main window; nothing happens without one.
    """

    def __init__(self, window: Any) -> None:
        self._window = window
        self._folded: Any = None

    def fold(self) -> None:
        """Fold it, if it is there and open."""
        found = slicer.util.findChildren(self._window, NAME) if self._window is not None else []
        if self._folded is None and found and not found[0].collapsed:
            self._folded = found[0]
            self._folded.collapsed = True

    def unfold(self) -> None:
        """Open it again, if it was open before."""
        folded, self._folded = self._folded, None
        if folded is not None:
            folded.collapsed = False
