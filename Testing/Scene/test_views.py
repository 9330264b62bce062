"""Slice views show the acquisition plane upright, whatever way the scan was stored and tilted."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from Study.study_cases import study_case
from VHIWorkflowLib.core.grids import FloatArray, Grid
from VHIWorkflowLib.scene.images import matrix_of
from VHIWorkflowLib.scene.views import (
    acquisition_axes,
    go_to,
    go_to_slice,
    show_acquisition_plane,
    shows_acquisition_plane,
    slice_in_view,
)

GRID = study_case().stir.grid
TILT = np.array([[1, 0, 0], [0, np.cos(0.5), -np.sin(0.5)], [0, np.sin(0.5), np.cos(0.5)]])


def stored(order: tuple[int, ...], signs: tuple[int, ...], thick: int) -> Grid:
    """A grid whose array axes (i, j, k) run along these patient axes in these directions; one of them is thick."""
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for column, (axis, sign) in enumerate(zip(order, signs, strict=True)):
        affine[axis, column] = sign * (3.3 if axis == thick else 0.6)
    affine[:3, :3] = TILT @ affine[:3, :3]
    shape = [40, 40, 40]
    return Grid((shape[0], shape[1], shape[2]), affine)


UPRIGHT: dict[int, FloatArray] = {
    0: np.array([[0, -1, 0], [0, 0, 1], [1, 0, 0]]),
    1: np.array([[-1, 0, 0], [0, 0, 1], [0, 1, 0]]),
    2: np.array([[-1, 0, 0], [0, 1, 0], [0, 0, 1]]),
}
"""Directions to the right, up and onwards in sagittal, coronal and axial views."""


@pytest.mark.parametrize("thick", [0, 1, 2], ids=["sagittal", "coronal", "axial"])
def test_the_plane_is_upright_however_it_is_stored(thick: int) -> None:
    for order, signs in product(permutations(range(3)), product((-1, 1), repeat=3)):
        axes = acquisition_axes(stored(order, signs, thick))
        np.testing.assert_allclose(axes, TILT @ UPRIGHT[thick].T, atol=1e-9)


@pytest.fixture
def view(slicer: Any, scene: Any) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    node.SetOrientationToDefault()
    node.SetFieldOfView(60, 60, 1)
    return node


def test_a_view_is_turned_and_stays_where_it_is(view: Any) -> None:
    middle = GRID.to_ras((3, 18, 20))[0]
    view.JumpSliceByCentering(*middle)
    assert not shows_acquisition_plane(view, GRID)
    assert slice_in_view(view, GRID) is None
    show_acquisition_plane(view, GRID)
    assert shows_acquisition_plane(view, GRID)
    assert slice_in_view(view, GRID) == 3
    np.testing.assert_allclose(matrix_of(view.GetSliceToRAS())[:3, :3], acquisition_axes(GRID), atol=1e-9)


def test_a_view_outside_the_volume_comes_to_its_nearest_slice(view: Any) -> None:
    view.JumpSliceByCentering(*GRID.to_ras((-40, 18, 20))[0])
    show_acquisition_plane(view, GRID)
    assert slice_in_view(view, GRID) == 0


def test_every_slice_is_shown_through_the_middle_of_its_voxels(view: Any) -> None:
    show_acquisition_plane(view, GRID)
    for number in range(GRID.shape[0]):
        go_to_slice(view, GRID, number)
        assert slice_in_view(view, GRID) == number
        middle = matrix_of(view.GetSliceToRAS())[:3, 3]
        assert GRID.from_ras(middle)[0, 0] == pytest.approx(number, abs=1e-6)


def test_the_picture_moves_only_for_points_out_of_sight(view: Any) -> None:
    show_acquisition_plane(view, GRID)
    go_to_slice(view, GRID, 0)
    across = matrix_of(view.GetSliceToRAS())[:3, :2]

    def in_plane() -> FloatArray:
        place: FloatArray = across.T @ matrix_of(view.GetSliceToRAS())[:3, 3]
        return place

    start = in_plane()
    near = matrix_of(view.GetSliceToRAS())[:3, 3] + 20 * across[:, 0]
    number = round(float(GRID.from_ras(near)[0, 0]))
    go_to(view, GRID, (near[0], near[1], near[2]))
    assert slice_in_view(view, GRID) == number
    np.testing.assert_allclose(in_plane(), start, atol=1e-6)
    far = matrix_of(view.GetSliceToRAS())[:3, 3] + 200 * across[:, 1]
    go_to(view, GRID, (far[0], far[1], far[2]))
    np.testing.assert_allclose(in_plane(), start + np.array((0, 200)), atol=1e-6)
