"""Scans in the scene are the scans on disk: the same voxels, places and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from Core.small_cases import oblique_affine
from hypothesis import given
from hypothesis import strategies as st
from Study.study_cases import study_case
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.scene.axes import in_order_of
from VHIWorkflowLib.scene.errors import SceneError
from VHIWorkflowLib.scene.volumes import add_volume, volume_of

STIR = study_case().stir


def test_a_scan_comes_back_bit_by_bit(scene: Any) -> None:
    found = volume_of(add_volume(scene, STIR, "STIR"))
    assert found.array.dtype == np.float32
    np.testing.assert_array_equal(found.array, STIR.array)
    np.testing.assert_allclose(found.grid.affine, STIR.grid.affine, atol=1e-12)


def test_each_voxel_lies_where_slicer_says(scene: Any) -> None:
    import vtk

    node = add_volume(scene, STIR, "STIR")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    k, j, i = 4, 30, 7
    assert matrix.MultiplyPoint((i, j, k, 1))[:3] == pytest.approx(STIR.grid.to_ras((k, j, i))[0])
    assert node.GetImageData().GetScalarComponentAsDouble(i, j, k, 0) == STIR.array[k, j, i]


def test_the_scan_in_the_scene_is_a_copy(scene: Any) -> None:
    array = STIR.array.copy()
    node = add_volume(scene, Volume(array, STIR.grid), "STIR")
    array[...] = 0
    np.testing.assert_array_equal(volume_of(node).array, STIR.array)


def test_brightness_is_not_decided_by_a_few_voxels(scene: Any) -> None:
    array = STIR.array.copy()
    array[0, 0, :3] = 1e6
    node = add_volume(scene, Volume(array, STIR.grid), "STIR")
    assert node.GetDisplayNode().GetWindowLevelMax() <= STIR.array.max()
    assert node.GetDisplayNode().GetWindowLevelMin() >= STIR.array.min()
    assert not node.GetDisplayNode().GetAutoWindowLevel()


def test_a_transform_above_a_scan_counts(scene: Any) -> None:
    import vtk

    node, transform = add_volume(scene, STIR, "STIR"), scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved = vtk.vtkMatrix4x4()
    moved.SetElement(0, 3, 12.5)
    transform.SetMatrixTransformToParent(moved)
    node.SetAndObserveTransformNodeID(transform.GetID())
    np.testing.assert_allclose(volume_of(node).grid.affine[:3, 3] - STIR.grid.affine[:3, 3], (12.5, 0, 0), atol=1e-9)


def test_what_is_no_scan_is_said_so(scene: Any) -> None:
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T2")
    with pytest.raises(SceneError, match="'T2' holds no image"):
        volume_of(empty)
    import vtk

    colour = vtk.vtkImageData()
    colour.SetDimensions(4, 4, 4)
    colour.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    empty.SetAndObserveImageData(colour)
    with pytest.raises(SceneError, match="colour image"):
        volume_of(empty)


@given(order=st.permutations(range(3)), flips=st.tuples(*[st.booleans()] * 3))
def test_turned_axes_are_turned_back(order: list[int], flips: tuple[bool, bool, bool]) -> None:
    """Store a volume with its axes in any order and direction; voxel by voxel it is found again."""
    grid = Grid((3, 4, 5), oblique_affine((0.6, 0.7, 3.3)))
    volume = Volume(np.arange(60, dtype=np.float32).reshape(grid.shape), grid)
    places = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    steps = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    array, places = volume.array.transpose(order)[steps], places.transpose(*order, 3)[steps]
    affine = np.eye(4)
    origin = grid.to_ras(places[0, 0, 0])[0]
    for axis in range(3):
        one = [0, 0, 0]
        one[axis] = 1
        affine[:3, 2 - axis] = grid.to_ras(places[tuple(one)])[0] - origin
    affine[:3, 3] = origin
    found = in_order_of(Volume(array, Grid(array.shape, affine)), grid)
    assert found is not None
    np.testing.assert_array_equal(found.array, volume.array)


def test_another_grid_is_not_the_same_volume() -> None:
    grid = Grid((3, 4, 5), oblique_affine((0.6, 0.7, 3.3)))
    volume = Volume(np.zeros(grid.shape), grid)
    for other in (oblique_affine((0.6, 0.7, 3.4)), oblique_affine((0.6, 0.7, 3.3), origin=(0.0, 0.0, 0.0))):
        assert in_order_of(volume, Grid(grid.shape, other)) is None
