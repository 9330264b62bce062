"""What a reader draws in a slice view, as voxels of the volume: closed curves, lasso, brush."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.grids import BoolArray, FloatArray, Grid, IndexArray
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.markups import OUTLINE_DECIMALS, fill_polygon

from .errors import SceneError

_ = sentences_of(__name__)

ON_ONE_SLICE = 0.5
"""So many slice spacings the points of one outline may lie from their slice."""


def slice_at(grid: Grid, points_ras: npt.ArrayLike) -> int:
    """The slice on which points (n, 3) in RAS mm lie, from 0.

    Raises
    ------
    SceneError
        If they lie on several slices, or outside the volume.
    """
    along = grid.from_ras(points_ras)[:, grid.slice_axis]
    number = round(float(np.median(along)))
    if not 0 <= number < grid.shape[grid.slice_axis]:
        raise SceneError(_("the drawing lies outside the STIR; draw it on a slice of the STIR"))
    if np.abs(along - number).max() > ON_ONE_SLICE + 1e-6:
        raise SceneError(_("the drawing does not lie on one STIR slice; draw it in the view of the acquisition plane"))
    return number


def inside_outline(points_ras: npt.ArrayLike, grid: Grid) -> IndexArray:
    """Voxels of one slice whose centre lies inside a closed outline.

    Parameters
    ----------
    points_ras
        Corners (n, 3) in RAS mm, at least 3, on one slice; the last is joined to the first. Where the outline crosses
        itself the even-odd rule holds; what lies outside the volume does not count.

    Returns
    -------
    IndexArray
        C-order positions, ascending.

    Raises
    ------
    SceneError
        As `slice_at`.
    """
    number = slice_at(grid, points_ras)
    polygon = np.delete(grid.from_ras(points_ras), grid.slice_axis, axis=1).round(OUTLINE_DECIMALS)
    rows, columns = _slice_shape(grid)
    return _positions(fill_polygon(polygon, (rows, columns)), number, grid)


def under_brush(points_ras: npt.ArrayLike, radius_mm: float, grid: Grid) -> IndexArray:
    """Voxels of one slice whose centre lies within a radius of a stroke through points (n, 3) in RAS mm.

    At least the voxels under the points themselves are marked, however small the brush.

    Returns
    -------
    IndexArray
        C-order positions, ascending.

    Raises
    ------
    SceneError
        As `slice_at`.
    """
    number = slice_at(grid, points_ras)
    spacing = np.delete(np.array(grid.spacing_mm), grid.slice_axis)
    stroke = np.delete(grid.from_ras(points_ras), grid.slice_axis, axis=1)
    shape = np.array(_slice_shape(grid))
    painted = np.zeros(shape, dtype=bool)
    under = np.rint(stroke).astype(int)
    under = under[((under >= 0) & (under < shape)).all(axis=1)]
    painted[tuple(under.T)] = True
    reach = radius_mm / spacing
    for start, end in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
        low = np.clip(np.floor(np.minimum(start, end) - reach), 0, shape).astype(int)
        high = np.clip(np.ceil(np.maximum(start, end) + reach) + 1, low, shape).astype(int)
        centres = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
        near = _distance((centres - start) * spacing, (end - start) * spacing) <= radius_mm
        painted[tuple(map(slice, low, high))] |= near
    return _positions(painted, number, grid)


def mask_of_curves(nodes: Sequence[Any], grid: Grid) -> BoolArray:
    """Voxels whose centre lies inside any of several closed curves, just as Slicer draws them; shape (k, j, i).

    Raises
    ------
    SceneError
        If a node is no closed curve, has fewer than three points, or does not lie on one slice of the volume.
    """
    mask = np.zeros(grid.shape, dtype=bool)
    for node in nodes:
        try:
            mask.ravel()[inside_outline(_curve_points(node), grid)] = True
        except SceneError as error:
            raise SceneError(_("'{name}' cannot be used: {error}").format(name=node.GetName(), error=error)) from error
    return mask


def _curve_points(node: Any) -> FloatArray:
    """Points of the line that Slicer draws, in RAS mm, shape (n, 3)."""
    from vtk.util.numpy_support import vtk_to_numpy

    if not node.IsA("vtkMRMLMarkupsClosedCurveNode"):
        raise SceneError(_("it is no closed curve; draw the region with the closed curve tool"))
    if node.GetNumberOfDefinedControlPoints() < 3:
        raise SceneError(_("a closed curve needs at least 3 points"))
    points: FloatArray = vtk_to_numpy(node.GetCurvePointsWorld().GetData()).astype(np.float64)
    return points


def _distance(from_start: FloatArray, piece: FloatArray) -> FloatArray:
    """Distance of points (..., 2), given from the start of a straight piece, to the piece."""
    length = float(piece @ piece)
    share = np.clip(from_start @ piece / length, 0, 1) if length else np.zeros(from_start.shape[:-1])
    distance: FloatArray = np.linalg.norm(from_start - share[..., None] * piece, axis=-1)
    return distance


def _slice_shape(grid: Grid) -> tuple[int, int]:
    rows, columns = (size for axis, size in enumerate(grid.shape) if axis != grid.slice_axis)
    return rows, columns


def _positions(pixels: BoolArray, number: int, grid: Grid) -> IndexArray:
    """C-order positions in the volume of pixels of a slice, ascending."""
    index = np.insert(np.argwhere(pixels), grid.slice_axis, number, axis=1)
    return np.sort(np.ravel_multi_index(tuple(index.T), grid.shape)).astype(np.int64)
