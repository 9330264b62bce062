"""One slice view of the layout: between pixels and RAS, and what is drawn in it."""

from __future__ import annotations

from typing import Any

from VHIWorkflowLib.scene.picking import Ras


class SliceView:
    """A slice view.

    Parameters
    ----------
    widget
        qMRMLSliceWidget.

    Attributes
    ----------
    node
        Its vtkMRMLSliceNode.
    """

    def __init__(self, widget: Any) -> None:
        self._view = widget.sliceView()
        self.node = widget.mrmlSliceNode()
        self._logic = widget.sliceLogic()

    @property
    def volume(self) -> Any:
        """The volume node that it shows; None when it shows none."""
        return self._logic.GetBackgroundLayer().GetVolumeNode()

    @property
    def interactor(self) -> Any:
        """Its vtkRenderWindowInteractor."""
        return self._view.interactorStyle().GetInteractor()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height, _ = self.node.GetDimensions()
        return width, height

    @property
    def normal(self) -> Ras:
        """Of its plane."""
        matrix = self.node.GetSliceToRAS()
        return tuple(matrix.GetElement(row, 2) for row in range(3))

    @property
    def right(self) -> Ras:
        """Direction that points right on the screen."""
        matrix = self.node.GetSliceToRAS()
        return tuple(matrix.GetElement(row, 0) for row in range(3))

    @property
    def up(self) -> Ras:
        """Direction that points up on the screen."""
        matrix = self.node.GetSliceToRAS()
        return tuple(matrix.GetElement(row, 1) for row in range(3))

    def ras(self, xy: tuple[int, int]) -> Ras:
        """Point under a pixel, counted from the lower left corner, RAS mm."""
        x, y, z, _ = self.node.GetXYToRAS().MultiplyPoint((xy[0], xy[1], 0.0, 1.0))
        return x, y, z

    def in_pixels(self, ras_data: Any) -> Any:
        """A copy of vtkPolyData in RAS mm with points in pixels of this view."""
        import vtk

        to_pixels = vtk.vtkTransform()
        to_pixels.SetMatrix(self.node.GetXYToRAS())
        to_pixels.Inverse()
        moved = vtk.vtkTransformPolyDataFilter()
        moved.SetTransform(to_pixels)
        moved.SetInputData(ras_data)
        moved.Update()
        flat = moved.GetOutput()
        points = flat.GetPoints()
        for n in range(points.GetNumberOfPoints() if points else 0):
            x, y, _ = points.GetPoint(n)
            points.SetPoint(n, x, y, 0.0)
        return flat

    def add(self, actor: Any) -> None:
        """Show a 2D actor."""
        self._renderer().AddViewProp(actor)

    def remove(self, actor: Any) -> None:
        """Show it no more; nothing happens when the view has gone."""
        renderer = self._renderer()
        if renderer is not None:
            renderer.RemoveViewProp(actor)

    def render(self) -> None:
        """Draw this view, and no other, as soon as there is time."""
        self._view.scheduleRender()

    def _renderer(self) -> Any:
        window = self._view.renderWindow()
        return window.GetRenderers().GetItemAsObject(0) if window is not None else None
