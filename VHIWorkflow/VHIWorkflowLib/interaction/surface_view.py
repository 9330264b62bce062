"""One 3D view of the layout: what is under a pixel, and what is drawn in it."""

from __future__ import annotations

from typing import Any

from VHIWorkflowLib.scene.picking import Ras

from .drawing import Colour

LIFT = -2.0
"""Depth offset that lets a highlighted surface win over the same surface below it."""


class SurfaceView:
    """A 3D view.

    Parameters
    ----------
    widget
        qMRMLThreeDWidget.
    """

    def __init__(self, widget: Any) -> None:
        self._view = widget.threeDView()

    @property
    def interactor(self) -> Any:
        """Its vtkRenderWindowInteractor."""
        return self._view.interactor()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self._view.renderWindow().GetSize()
        return width, height

    def add(self, actor: Any) -> None:
        """Show an actor."""
        self._renderer().AddViewProp(actor)

    def remove(self, actor: Any) -> None:
        """Show it no more; nothing happens when the view has gone."""
        renderer = self._renderer()
        if renderer is not None:
            renderer.RemoveViewProp(actor)

    def render(self) -> None:
        """Draw this view, and no other, as soon as there is time."""
        self._view.scheduleRender()

    def surface_point(self, xy: tuple[int, int]) -> Ras | None:
        """Point on the first surface under a pixel, RAS mm; None where there is none."""
        import vtk

        picker = vtk.vtkCellPicker()
        picker.SetTolerance(0.001)
        if not picker.Pick(xy[0], xy[1], 0, self._renderer()):
            return None
        x, y, z = picker.GetPickPosition()
        return x, y, z

    def _renderer(self) -> Any:
        window = self._view.renderWindow()
        return window.GetRenderers().GetFirstRenderer() if window is not None else None


class Highlight:
    """The connected piece of a surface under the cursor, in another colour."""

    def __init__(self, view: SurfaceView) -> None:
        import vtk

        self._view = view
        self._piece = vtk.vtkPolyDataConnectivityFilter()
        self._piece.SetExtractionModeToClosestPointRegion()
        mapper = vtk.vtkPolyDataMapper()
        mapper.SetInputConnection(self._piece.GetOutputPort())
        mapper.ScalarVisibilityOff()
        mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(LIFT, LIFT)
        self._actor = vtk.vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.PickableOff()
        self._actor.VisibilityOff()
        view.add(self._actor)

    def show(self, surface: Any, ras: Ras, colour: Colour) -> None:
        """Highlight the piece of a surface (vtkPolyData, RAS mm) at a point."""
        self._piece.SetInputData(surface)
        self._piece.SetClosestPoint(*ras)
        self._actor.GetProperty().SetColor(*colour)
        self._actor.VisibilityOn()

    def hide(self) -> None:
        """Highlight nothing."""
        self._actor.VisibilityOff()

    def remove(self) -> None:
        """Take it out of the view."""
        self._view.remove(self._actor)
