"""A line of text that must not widen the panel: as much as fits is shown, the whole of it in the tooltip."""

from __future__ import annotations

from typing import Any

import qt

FRAME_PIXELS = 12
"""Of a button, left and right of its text."""
LEAST_PIXELS = 60


def show_fitted(widget: Any, text: str, frame: int = FRAME_PIXELS) -> None:
    """Show a text on a button or label of the width it has now."""
    room = max(int(widget.width) - frame, LEAST_PIXELS)
    widget.setText(widget.fontMetrics().elidedText(text, qt.Qt.ElideRight, room))
    widget.setToolTip(text)
