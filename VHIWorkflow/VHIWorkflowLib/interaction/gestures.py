"""What a drag with the left button does: lasso, cut, plane, and drawing normal bone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from VHIWorkflowLib.core.grids import BoolArray, FloatArray
from VHIWorkflowLib.core.segment_kinds import NORMAL_BONE
from VHIWorkflowLib.core.targets import BesidePlane, Target, Touching
from VHIWorkflowLib.scene.drawings import inside_outline, under_brush
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.workflow import Workflow

from .drawing import poly_data
from .slice_view import SliceView
from .tool import Options, Tool

CIRCLE_CORNERS = 32
ENOUGH_POINTS = 3
SHORTEST_LINE_MM = 1.0
"""A shorter line has no direction a reader could have meant."""
SIDE_MARK_SHARE = 0.15
"""Length of the mark that shows the side of a plane, as a share of the line."""

Drawn = Callable[[BoolArray], None]
"""Is told the normal bone as it would be when the button were let go of now."""


class Gesture(Protocol):
    """One drag, from pressing the button to letting go of it."""

    def extend(self, ras: Ras) -> None:
        """The cursor came to a point."""

    def picture(self) -> Any:
        """What is drawn so far, as vtkPolyData in RAS mm."""

    def finish(self) -> None:
        """The button was let go of: do it. VHIError when it cannot be done; nothing has changed then."""


def begin(tool: Tool, workflow: Workflow, options: Options, view: SliceView, drawn: Drawn) -> Gesture | None:
    """The gesture of a tool; None for a tool that acts at once."""
    if tool is Tool.LASSO:
        return Lasso(workflow, options)
    if tool is Tool.PLANE:
        return PlaneCut(workflow, options, view)
    if tool is Tool.CUT:
        return IslandCut(workflow, options, view)
    if tool is Tool.OUTLINE:
        return BoneOutline(workflow, drawn)
    if tool in (Tool.PAINT, Tool.ERASE):
        return BoneBrush(workflow, options, view, drawn, erase=tool is Tool.ERASE)
    return None


def decide(workflow: Workflow, options: Options, target: Target, in_slice: int | None) -> None:
    """Remove what a target chooses, or keep it when no island counts at first."""
    session = workflow.session
    if session is not None and session.start == "keep":
        workflow.keep(target, in_slice=in_slice)
    else:
        workflow.remove(target, in_slice=in_slice, reason=options.reason)


def scope(workflow: Workflow, options: Options, ras: Ras) -> int | None:
    """The slice that steps are limited to at a point; None when they are not."""
    return workflow.slice_number(ras) if options.slice_only else None


class _Path:
    """Points of a drag."""

    def __init__(self) -> None:
        self.points: list[Ras] = []

    def extend(self, ras: Ras) -> None:
        if not self.points or self.points[-1] != ras:
            self.points.append(ras)

    def closed(self) -> Any:
        """The path and the line that closes it."""
        return poly_data([[*self.points, self.points[0]]]) if self.points else poly_data([])


class Lasso(_Path):
    """Decides on every island that lies inside or is touched."""

    def __init__(self, workflow: Workflow, options: Options) -> None:
        super().__init__()
        self._workflow, self._options = workflow, options

    def picture(self) -> Any:
        """See `Gesture`."""
        return self.closed()

    def finish(self) -> None:
        """See `Gesture`."""
        if len(self.points) < ENOUGH_POINTS:
            return
        voxels = inside_outline(self.points, self._workflow.open.stir.grid)
        if voxels.size:
            in_slice = scope(self._workflow, self._options, self.points[0])
            decide(self._workflow, self._options, Touching(voxels, "lasso"), in_slice)


class PlaneCut(_Path):
    """Decides on every island that lies wholly on one side of a plane through the line, across the view."""

    def __init__(self, workflow: Workflow, options: Options, view: SliceView) -> None:
        super().__init__()
        self._workflow, self._options, self._view = workflow, options, view

    def picture(self) -> Any:
        """The line, and arrows to the side that is meant: the right-hand side as one draws."""
        if len(self.points) < 2:
            return poly_data([])
        start, end, side = self._line()
        mark = side * float(np.linalg.norm(end - start)) * SIDE_MARK_SHARE
        lines = [[start, end]]
        for share in (0.2, 0.5, 0.8):
            foot = start + share * (end - start)
            along = (end - start) * SIDE_MARK_SHARE * 0.25
            lines += [[foot, foot + mark], [foot + mark * 0.6 + along, foot + mark, foot + mark * 0.6 - along]]
        return poly_data([[tuple(point) for point in line] for line in lines])

    def finish(self) -> None:
        """See `Gesture`."""
        if len(self.points) < 2:
            return
        start, end, side = self._line()
        if np.linalg.norm(end - start) < SHORTEST_LINE_MM:
            return
        target = BesidePlane(_ras(start), _ras(side))
        decide(self._workflow, self._options, target, scope(self._workflow, self._options, self.points[0]))

    def _line(self) -> tuple[Any, Any, Any]:
        """Both ends and the unit vector to the right of the line, as seen on the screen."""
        start, end = np.array(self.points[0]), np.array(self.points[-1])
        right, up = np.array(self._view.right), np.array(self._view.up)
        across, upwards = (end - start) @ right, (end - start) @ up
        side = upwards * right - across * up
        length = np.linalg.norm(side)
        return start, end, side / length if length else side


class _Brush(_Path):
    """A stroke of the round brush."""

    def __init__(self, workflow: Workflow, options: Options, view: SliceView) -> None:
        super().__init__()
        self._workflow, self._view = workflow, view
        self._radius_mm = options.brush_radius_mm

    def picture(self) -> Any:
        """The way of the brush, and the brush."""
        if not self.points:
            return poly_data([])
        return poly_data([self.points, circle(self.points[-1], self._radius_mm, self._view)])

    def voxels(self) -> Any:
        """C-order positions of the voxels under it."""
        return under_brush(self.points, self._radius_mm, self._workflow.open.stir.grid)


class IslandCut(_Brush):
    """Cuts the island under the brush along the stroke."""

    def __init__(self, workflow: Workflow, options: Options, view: SliceView) -> None:
        super().__init__(workflow, options, view)
        self._options = options

    def finish(self) -> None:
        """See `Gesture`."""
        if self.points:
            self._workflow.cut(self.voxels(), in_slice=self._workflow.slice_number(self.points[0]))


class BoneOutline(_Path):
    """Adds what is inside the outline to the normal bone."""

    def __init__(self, workflow: Workflow, drawn: Drawn) -> None:
        super().__init__()
        self._workflow, self._drawn = workflow, drawn

    def extend(self, ras: Ras) -> None:
        """See `Gesture`; the normal bone as it would be is told."""
        super().extend(ras)
        if len(self.points) >= ENOUGH_POINTS:
            self._drawn(with_voxels(self._workflow, self._voxels(), erase=False))

    def picture(self) -> Any:
        """See `Gesture`."""
        return self.closed()

    def finish(self) -> None:
        """See `Gesture`."""
        if len(self.points) >= ENOUGH_POINTS:
            self._workflow.add_to_region(NORMAL_BONE, self._voxels(), outline=True)

    def _voxels(self) -> Any:
        return inside_outline(self.points, self._workflow.open.stir.grid)


class BoneBrush(_Brush):
    """Paints normal bone, or erases it."""

    def __init__(self, workflow: Workflow, options: Options, view: SliceView, drawn: Drawn, *, erase: bool) -> None:
        super().__init__(workflow, options, view)
        self._drawn, self._erase = drawn, erase

    def extend(self, ras: Ras) -> None:
        """See `Gesture`; the normal bone as it would be is told."""
        super().extend(ras)
        self._drawn(with_voxels(self._workflow, self.voxels(), erase=self._erase))

    def finish(self) -> None:
        """See `Gesture`."""
        self._workflow.add_to_region(NORMAL_BONE, self.voxels(), remove=self._erase)


def with_voxels(workflow: Workflow, voxels: Any, *, erase: bool) -> BoolArray:
    """The normal bone with voxels (C-order positions) added or erased, shape (k, j, i); nothing changes."""
    now = workflow.open.normal_bone
    mask = np.zeros(workflow.open.stir.grid.shape, dtype=bool) if now is None else now.copy()
    mask.ravel()[voxels] = not erase
    return mask


def circle(centre: Ras, radius_mm: float, view: SliceView) -> Sequence[Ras]:
    """Points of a circle in the plane of a view."""
    angles = np.linspace(0, 2 * np.pi, CIRCLE_CORNERS + 1)
    points = np.array(centre) + radius_mm * (
        np.cos(angles)[:, None] * np.array(view.right) + np.sin(angles)[:, None] * np.array(view.up)
    )
    return [_ras(point) for point in points]


def _ras(point: FloatArray) -> Ras:
    x, y, z = (float(n) for n in point)
    return x, y, z
