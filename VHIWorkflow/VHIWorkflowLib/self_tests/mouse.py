"""Simulated mouse: events as a view gets them from the window system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import qt
import slicer
import vtk

from VHIWorkflowLib.scene.picking import Ras


class Mouse:
    """A mouse over one slice or 3D view, moved in pixels counted from the lower left corner.

    Parameters
    ----------
    view
        qMRMLSliceView or qMRMLThreeDView.
    """

    def __init__(self, view: Any) -> None:
        self._modifiers = qt.Qt.NoModifier
        self._widget = view.VTKWidget()
        self._window = view.renderWindow()

    def enter(self, xy: tuple[float, float]) -> None:
        """Come into the view at a pixel."""
        here = self._local(xy)
        there = qt.QPointF(self._widget.mapToGlobal(here.toPoint()))
        qt.QApplication.sendEvent(self._widget, qt.QEnterEvent(here, here, there))
        slicer.app.processEvents()

    def move(self, xy: tuple[float, float], button: Any = None) -> None:
        """Move to a pixel, with a button held or none."""
        self._send(qt.QEvent.MouseMove, xy, qt.Qt.NoButton, button)

    def press(self, xy: tuple[float, float], button: Any = None) -> None:
        """Press a button, the left one when None."""
        button = qt.Qt.LeftButton if button is None else button
        self._send(qt.QEvent.MouseButtonPress, xy, button, button)

    def release(self, xy: tuple[float, float], button: Any = None) -> None:
        """Let go of it."""
        self._send(qt.QEvent.MouseButtonRelease, xy, qt.Qt.LeftButton if button is None else button, None)

    def click(self, xy: tuple[float, float]) -> None:
        """Move to a pixel, press and let go."""
        self.move(xy)
        self.press(xy)
        self.release(xy)

    def double_click(self, xy: tuple[float, float]) -> None:
        """Click twice, as quickly as makes it one double-click."""
        self.click(xy)
        self._send(qt.QEvent.MouseButtonDblClick, xy, qt.Qt.LeftButton, qt.Qt.LeftButton)
        self.release(xy)

    def drag(self, points: Sequence[tuple[float, float]], button: Any = None, modifiers: Any = None) -> None:
        """Drag through pixels with a button held, the left one when None, and perhaps a modifier key."""
        button = qt.Qt.LeftButton if button is None else button
        self._modifiers = qt.Qt.NoModifier if modifiers is None else modifiers
        self.move(points[0])
        self.press(points[0], button)
        for xy in points[1:]:
            self.move(xy, button)
        self.release(points[-1], button)
        self._modifiers = qt.Qt.NoModifier

    def wheel(self, xy: tuple[float, float], steps: int) -> None:
        """Turn the wheel away from the reader."""
        here = self._local(xy)
        event = qt.QWheelEvent(
            here,
            qt.QPointF(self._widget.mapToGlobal(here.toPoint())),
            qt.QPoint(0, 0),
            qt.QPoint(0, 120 * steps),
            qt.Qt.NoButton,
            qt.Qt.NoModifier,
            qt.Qt.NoScrollPhase,
            False,
            qt.Qt.MouseEventNotSynthesized,
        )
        qt.QApplication.sendEvent(self._widget, event)
        slicer.app.processEvents()

    def _send(self, kind: Any, xy: tuple[float, float], button: Any, held: Any) -> None:
        buttons = qt.Qt.NoButton if held is None else held
        event = qt.QMouseEvent(kind, self._local(xy), button, buttons, self._modifiers)
        qt.QApplication.sendEvent(self._widget, event)
        slicer.app.processEvents()

    def _local(self, xy: tuple[float, float]) -> Any:
        height = self._window.GetSize()[1]
        ratio = self._widget.devicePixelRatioF()
        return qt.QPointF(xy[0] / ratio, (height - 1 - xy[1]) / ratio)


def pixel_of(slice_node: Any, ras: Ras) -> tuple[float, float]:
    """Pixel of a slice view over a point in RAS mm."""
    to_pixels = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(slice_node.GetXYToRAS(), to_pixels)
    x, y, _, _ = to_pixels.MultiplyPoint((*ras, 1.0))
    return round(x), round(y)


def pixel_of_surface(view: Any, ras: Ras) -> tuple[float, float]:
    """Pixel of a 3D view over a point in RAS mm."""
    renderer = view.renderWindow().GetRenderers().GetFirstRenderer()
    renderer.SetWorldPoint(*ras, 1.0)
    renderer.WorldToDisplay()
    x, y, _ = renderer.GetDisplayPoint()
    return round(x), round(y)


def circle_around(slice_node: Any, ras: Ras, radius_mm: float, corners: int = 24) -> list[tuple[float, float]]:
    """Pixels of a circle around a point in the plane of a slice view."""
    matrix = slice_node.GetSliceToRAS()
    right, up = (np.array([matrix.GetElement(row, column) for row in range(3)]) for column in (0, 1))
    angles = np.linspace(0, 2 * np.pi, corners + 1)
    return [
        pixel_of(slice_node, tuple(np.array(ras) + radius_mm * (np.cos(angle) * right + np.sin(angle) * up)))
        for angle in angles
    ]
