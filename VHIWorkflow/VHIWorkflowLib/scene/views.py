"""Slice views that show the plane in which the scan was acquired, upright, and move from slice to slice in it.

Slicer's ``RotateToVolumePlane`` keeps each view near its own plane, so the acquisition plane of an oblique scan ends up
in the Red view for one case and in the Green for another. Here a view is turned by the scan's slice axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import FloatArray, Grid

from .images import matrix_of, vtk_matrix
from .picking import Ras

ALIGNED_COSINE = 0.9998
"""Views whose normal lies within about one degree of the slice axis show the acquisition plane."""

RIGHT, ANTERIOR, SUPERIOR = 0, 1, 2


def acquisition_axes(grid: Grid) -> FloatArray:
    """Directions of a view on the acquisition plane: right on the screen, up, and from slice to slice; columns, RAS.

    As radiologists hang it: axial and coronal with the patient's right on the left, sagittal with anterior on the left;
    the head up, in axial slices the front up.
    """
    directions = grid.affine[:3, :3] / np.linalg.norm(grid.affine[:3, :3], axis=0)
    normal = directions[:, 2 - grid.slice_axis]
    in_plane = [directions[:, 2 - axis] for axis in range(3) if axis != grid.slice_axis]
    across = int(np.argmax(np.abs(normal)))
    wanted = {
        RIGHT: ((ANTERIOR, -1), (SUPERIOR, 1)),
        ANTERIOR: ((RIGHT, -1), (SUPERIOR, 1)),
        SUPERIOR: ((RIGHT, -1), (ANTERIOR, 1)),
    }[across]
    (right_axis, right_sign), (up_axis, up_sign) = wanted
    first, second = in_plane
    if abs(first[right_axis]) < abs(second[right_axis]):
        first, second = second, first
    right = first * np.sign(first[right_axis]) * right_sign
    up = second * np.sign(second[up_axis]) * up_sign
    return np.stack([right, up, normal * np.sign(normal[across])], axis=1)


def show_acquisition_plane(slice_node: Any, grid: Grid) -> None:
    """Turn a slice view (vtkMRMLSliceNode) to the acquisition plane, on the slice nearest to where it is."""
    here = matrix_of(slice_node.GetSliceToRAS())[:3, 3]
    turned = np.eye(4)
    turned[:3, :3] = acquisition_axes(grid)
    turned[:3, 3] = here
    slice_node.GetSliceToRAS().DeepCopy(vtk_matrix(turned))
    slice_node.UpdateMatrices()
    go_to_slice(slice_node, grid, int(np.clip(_place(slice_node, grid), 0, grid.shape[grid.slice_axis] - 1)))


def shows_acquisition_plane(slice_node: Any, grid: Grid) -> bool:
    """Whether a slice view looks along the slice axis."""
    normal = matrix_of(slice_node.GetSliceToRAS())[:3, 2]
    return bool(abs(normal @ acquisition_axes(grid)[:, 2]) >= ALIGNED_COSINE)


def slice_in_view(slice_node: Any, grid: Grid) -> int | None:
    """The slice that a view shows, from 0; None when it shows another plane, or none of the volume."""
    place = _place(slice_node, grid)
    inside = 0 <= place < grid.shape[grid.slice_axis]
    return place if inside and shows_acquisition_plane(slice_node, grid) else None


def go_to_slice(slice_node: Any, grid: Grid, number: int) -> None:
    """Move a view along its normal to the middle of a slice, from 0, without moving the picture."""
    place = np.zeros(3)
    place[grid.slice_axis] = number
    there = grid.to_ras(place)[0]
    matrix = matrix_of(slice_node.GetSliceToRAS())
    normal = matrix[:3, 2]
    matrix[:3, 3] += normal * float(normal @ (there - matrix[:3, 3]))
    slice_node.GetSliceToRAS().DeepCopy(vtk_matrix(matrix))
    slice_node.UpdateMatrices()


def go_to(slice_node: Any, grid: Grid, ras: Ras) -> None:
    """Move a view to the slice through a point in RAS mm; the picture moves only where the point would not be seen."""
    number = int(np.clip(np.rint(grid.from_ras(ras)[0, grid.slice_axis]), 0, grid.shape[grid.slice_axis] - 1))
    go_to_slice(slice_node, grid, number)
    matrix = matrix_of(slice_node.GetSliceToRAS())
    away = matrix[:3, :2].T @ (np.asarray(ras) - matrix[:3, 3])
    width, height, _ = slice_node.GetFieldOfView()
    if abs(away[0]) > width / 2 or abs(away[1]) > height / 2:
        matrix[:3, 3] += matrix[:3, :2] @ away
        slice_node.GetSliceToRAS().DeepCopy(vtk_matrix(matrix))
        slice_node.UpdateMatrices()


def _place(slice_node: Any, grid: Grid) -> int:
    """Number of the slice nearest to the middle of a view; it may lie outside the volume."""
    middle = matrix_of(slice_node.GetSliceToRAS())[:3, 3]
    return int(np.rint(grid.from_ras(middle)[0, grid.slice_axis]))
