"""What is drawn over one slice view alone: the outline under the cursor, its caption, a stroke, a cursor cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from VHIWorkflowLib.scene.picking import Ras

from .slice_view import SliceView

Colour = tuple[float, float, float]

HALO: Colour = (0.0, 0.0, 0.0)
HOVERED: Colour = (0.2, 1.0, 0.35)
HOVERED_REMOVED: Colour = (0.85, 0.65, 1.0)
STROKE: Colour = (1.0, 1.0, 1.0)
CAPTION_SIZE = 15
CAPTION_ABOVE_EDGE = 34
"""Pixels between caption and lower edge: above Slicer's own corner texts."""
CORNER_SIZE, CORNER_MARGIN = 13, 6
"""Of a caption in a corner; pixels."""
CROSS_ARM = 9
"""Pixels."""


class Canvas(Protocol):
    """A view that can be drawn over."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def add(self, actor: Any) -> None:
        """Show an actor."""

    def remove(self, actor: Any) -> None:
        """Show it no more."""


class Lines:
    """Lines with a dark halo, so that they are seen on bright and on dark tissue.

    Parameters
    ----------
    view
        Where.
    width
        Of the bright line, in pixels.
    """

    def __init__(self, view: SliceView, width: float = 2.0) -> None:
        self._view = view
        self._ras_data: Any = None
        self._bright = _line_actor(width)
        self._actors = (_line_actor(width + 2.5, HALO, 0.75), self._bright)
        for actor in self._actors:
            view.add(actor)

    def show(self, ras_data: Any, colour: Colour) -> None:
        """Show vtkPolyData in RAS mm."""
        self._ras_data = ras_data
        self._bright.GetProperty().SetColor(*colour)
        self.follow()

    def follow(self) -> None:
        """Follow the view when it is moved or zoomed."""
        if self._ras_data is None:
            return
        pixels = self._view.in_pixels(self._ras_data)
        for actor in self._actors:
            actor.GetMapper().SetInputData(pixels)
            actor.VisibilityOn()

    def hide(self) -> None:
        """Show nothing."""
        self._ras_data = None
        for actor in self._actors:
            actor.VisibilityOff()

    @property
    def is_shown(self) -> bool:
        """Whether something is shown."""
        return self._ras_data is not None

    def remove(self) -> None:
        """Take them out of the view."""
        for actor in self._actors:
            self._view.remove(actor)


class Caption:
    """Text at the lower edge, or in an upper corner: it says what is under the cursor and hides nothing of it."""

    def __init__(self, view: Canvas) -> None:
        import vtk

        self._view = view
        self._actor = vtk.vtkTextActor()
        style = self._actor.GetTextProperty()
        style.SetFontSize(CAPTION_SIZE)
        style.SetColor(1.0, 1.0, 1.0)
        style.SetBackgroundColor(0.0, 0.0, 0.0)
        style.SetBackgroundOpacity(0.65)
        style.SetJustificationToCentered()
        style.SetLineSpacing(1.15)
        self._actor.SetTextScaleModeToNone()
        self._actor.VisibilityOff()
        self._actor.PickableOff()
        view.add(self._actor)

    @property
    def text(self) -> str:
        """What it says; empty when nothing is shown."""
        return str(self._actor.GetInput() or "") if self._actor.GetVisibility() else ""

    def show(self, text: str, colour: Colour) -> None:
        """Show a text."""
        self._actor.SetInput(text)
        self._actor.GetTextProperty().SetColor(*colour)
        self._actor.SetDisplayPosition(self._view.size[0] // 2, CAPTION_ABOVE_EDGE)
        self._actor.VisibilityOn()

    def show_beside(self, text: str, colour: Colour, x: int) -> None:
        """Show a text in the upper corner that is farther from a column of pixels."""
        width, height = self._view.size
        style = self._actor.GetTextProperty()
        style.SetFontSize(CORNER_SIZE)
        style.SetVerticalJustificationToTop()
        if x < width // 2:
            style.SetJustificationToRight()
        else:
            style.SetJustificationToLeft()
        self._actor.SetInput(text)
        style.SetColor(*colour)
        self._actor.SetDisplayPosition(
            width - CORNER_MARGIN if x < width // 2 else CORNER_MARGIN, height - CORNER_MARGIN
        )
        self._actor.VisibilityOn()

    def hide(self) -> None:
        """Show nothing."""
        self._actor.VisibilityOff()

    def remove(self) -> None:
        """Take it out of the view."""
        self._view.remove(self._actor)


class Cross:
    """Where the cursor of the neighbouring view is."""

    def __init__(self, view: SliceView) -> None:
        self._view = view
        self._lines = Lines(view, 1.0)

    def show(self, ras: Ras) -> None:
        """Show it at a point and draw the view."""
        width = self._view.node.GetFieldOfView()[0] / max(self._view.size[0], 1)
        arms = []
        for direction in (self._view.right, self._view.up):
            for sign in (-1, 1):
                start, end = (
                    tuple(ras[n] + sign * width * pixels * direction[n] for n in range(3)) for pixels in (3, CROSS_ARM)
                )
                arms.append((start, end))
        self._lines.show(poly_data(arms), STROKE)
        self._view.render()

    def hide(self) -> None:
        """Hide it."""
        if self._lines.is_shown:
            self._lines.hide()
            self._view.render()

    def remove(self) -> None:
        """Take it out of the view."""
        self._lines.remove()


def poly_data(lines: Sequence[Sequence[Ras]]) -> Any:
    """VtkPolyData of polylines through points."""
    import vtk

    data, points, cells = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    for line in lines:
        cells.InsertNextCell(len(line))
        for point in line:
            cells.InsertCellPoint(points.InsertNextPoint(point))
    data.SetPoints(points)
    data.SetLines(cells)
    return data


def _line_actor(width: float, colour: Colour = STROKE, opacity: float = 1.0) -> Any:
    import vtk

    actor = vtk.vtkActor2D()
    mapper = vtk.vtkPolyDataMapper2D()
    mapper.SetInputData(vtk.vtkPolyData())
    actor.SetMapper(mapper)
    actor.GetProperty().SetLineWidth(width)
    actor.GetProperty().SetColor(*colour)
    actor.GetProperty().SetOpacity(opacity)
    actor.PickableOff()
    actor.VisibilityOff()
    return actor
