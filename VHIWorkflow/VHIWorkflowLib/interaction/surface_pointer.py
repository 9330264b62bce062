"""The mouse in a 3D view: a click decides on the island that is hit, a drag turns the view as always."""

from __future__ import annotations

from typing import Any

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.workflow import Workflow

from .hooks import Hooks
from .mouse import Event, MouseWatch
from .tool import Options

STILL_PIXELS = 4
"""A press and release closer together than this is a click, not a drag."""


class SurfacePointer:
    """Clicks in one 3D view.

    Parameters
    ----------
    widget
        qMRMLThreeDWidget.
    workflow, options, hooks
        What is cleaned, how, and who is told.
    """

    def __init__(self, widget: Any, workflow: Workflow, options: Options, hooks: Hooks) -> None:
        self._view = widget.threeDView()
        self._workflow, self._options, self._hooks = workflow, options, hooks
        self._pressed: tuple[int, int] | None = None
        self._mouse = MouseWatch(self._view.interactor(), self._on_mouse)

    def stop(self) -> None:
        """Let go of the view."""
        self._mouse.stop()

    def _on_mouse(self, event: Event, xy: tuple[int, int]) -> bool:
        """Act on an event; True keeps it from Slicer."""
        if self._hooks.is_placing() or self._workflow.session is None:
            return False
        if event == "press":
            self._pressed = xy
        elif event == "release":
            pressed, self._pressed = self._pressed, None
            if pressed is not None and max(abs(xy[0] - pressed[0]), abs(xy[1] - pressed[1])) < STILL_PIXELS:
                self._click(xy)
        return event == "double"

    def _click(self, xy: tuple[int, int]) -> None:
        hit = surface_point(self._view, xy)
        if hit is None:
            return
        try:
            self._workflow.click_surface(hit, reason=self._options.reason)
        except VHIError as error:
            self._hooks.failed(error)


def surface_point(view: Any, xy: tuple[int, int]) -> Ras | None:
    """Point on the first surface under a pixel of a qMRMLThreeDView, RAS mm; None where there is none."""
    import vtk

    picker = vtk.vtkCellPicker()
    picker.SetTolerance(0.001)
    if not picker.Pick(xy[0], xy[1], 0, view.renderWindow().GetRenderers().GetFirstRenderer()):
        return None
    x, y, z = picker.GetPickPosition()
    return x, y, z
