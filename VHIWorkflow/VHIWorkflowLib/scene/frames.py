"""What part of a scan a slice view shows: remembered in mm, shown again in a view of any size."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import FloatArray, Grid
from VHIWorkflowLib.study.last_view import Frame

from .images import matrix_of, vtk_matrix
from .views import acquisition_axes

HALF_A_VOXEL = 0.5


def whole_frame(grid: Grid) -> Frame:
    """The frame of all that a scan shows in its acquisition plane."""
    return _frame(grid, *_box_of(grid))


def frame_in_view(slice_node: Any, grid: Grid) -> Frame | None:
    """The piece of a scan that a view on its acquisition plane shows (vtkMRMLSliceNode); None when it shows nothing."""
    axes = acquisition_axes(grid)
    columns, rows, _ = slice_node.GetDimensions()
    to_ras = matrix_of(slice_node.GetXYToRAS())
    corners = np.array([to_ras @ (x, y, 0.0, 1.0) for x, y in ((0, 0), (columns, rows))])[:, :3] @ axes[:, :2]
    low, high = _box_of(grid)
    low, high = np.maximum(low, corners.min(axis=0)), np.minimum(high, corners.max(axis=0))
    return _frame(grid, low, high) if (low < high).all() else None


def show_frame(slice_node: Any, grid: Grid, frame: Frame) -> None:
    """Show a piece of a scan as large as a view on its acquisition plane can show it; the slice stays."""
    columns, rows, _ = slice_node.GetDimensions()
    mm_per_pixel = max(frame.width_mm / max(columns, 1), frame.height_mm / max(rows, 1))
    matrix = matrix_of(slice_node.GetSliceToRAS())
    across = matrix[:3, :2]
    matrix[:3, 3] += across @ (across.T @ (np.asarray(frame.centre) - matrix[:3, 3]))
    slice_node.GetSliceToRAS().DeepCopy(vtk_matrix(matrix))
    slice_node.SetXYZOrigin(0.0, 0.0, 0.0)
    depth = slice_node.GetFieldOfView()[2]
    slice_node.SetFieldOfView(mm_per_pixel * max(columns, 1), mm_per_pixel * max(rows, 1), depth)
    slice_node.UpdateMatrices()


def _box_of(grid: Grid) -> tuple[FloatArray, FloatArray]:
    """Ends of a grid along the directions of the acquisition plane, mm."""
    ends = [(-HALF_A_VOXEL, size - HALF_A_VOXEL) for size in grid.shape]
    ends[grid.slice_axis] = (0.0, 0.0)
    corners = grid.to_ras(np.array(list(product(*ends)))) @ acquisition_axes(grid)[:, :2]
    return corners.min(axis=0), corners.max(axis=0)


def _frame(grid: Grid, low: FloatArray, high: FloatArray) -> Frame:
    """The frame between two corners, given along the directions of the acquisition plane; its middle on slice 0."""
    axes = acquisition_axes(grid)
    onwards = float(grid.to_ras(np.zeros(3))[0] @ axes[:, 2])
    x, y, z = axes @ np.array([*(low + high) / 2, onwards])
    width, height = high - low
    return Frame((float(x), float(y), float(z)), float(width), float(height))
