"""Brightness and contrast of a scan by dragging with Ctrl held, as the left button alone is for cleaning."""

from __future__ import annotations

from typing import Any

import numpy as np

from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.volumes import brightness_of, set_brightness
from VHIWorkflowLib.study.last_view import Brightness

from .drawing import poly_data
from .slice_view import SliceView

DOUBLINGS = 3.0
"""A drag across the whole view makes the window so many times twice as wide."""
WINDOWS = 2.0
"""A drag over the whole height of the view moves the window by so many times its width."""


class BrightnessDrag:
    """A `gestures.Gesture`: to the right for less contrast, up for a darker picture, as everywhere in Slicer.

    Parameters
    ----------
    view
        Where it is dragged.
    volume
        vtkMRMLScalarVolumeNode that is shown there.
    """

    def __init__(self, view: SliceView, volume: Any) -> None:
        self._view, self._volume = view, volume
        self._before = brightness_of(volume)
        self._start: Ras | None = None

    def extend(self, ras: Ras) -> None:
        """See `gestures.Gesture`."""
        if self._start is None:
            self._start = ras
        way = np.subtract(ras, self._start)
        width, height, _ = self._view.node.GetFieldOfView()
        across, upwards = float(way @ np.array(self._view.right)) / width, float(way @ np.array(self._view.up)) / height
        window = self._before.white - self._before.black
        level = (self._before.white + self._before.black) / 2 + upwards * WINDOWS * window
        half = window * 2.0 ** (across * DOUBLINGS) / 2
        set_brightness(self._volume, Brightness(level - half, level + half))

    def picture(self) -> Any:
        """Nothing is drawn."""
        return poly_data([])

    def finish(self) -> None:
        """The picture stays as it is."""
