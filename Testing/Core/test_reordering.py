"""A mask that another program stored in another order lies on the voxels it was drawn on, and on no others."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import ALL_STORAGES, Storage, oblique_affine
from scipy.spatial.transform import Rotation
from VHIWorkflowLib.core.grids import FloatArray, Grid, Volume
from VHIWorkflowLib.core.reordering import on_grid

SHAPE = (5, 5, 5)
GRID = Grid(SHAPE, oblique_affine((0.6, 0.7, 3.3)))
NUMBERS = np.arange(125).reshape(SHAPE)


def moved(by_voxels: tuple[float, float, float]) -> FloatArray:
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.to_ras(by_voxels)[0]
    return affine


def turned_about_its_diagonal() -> FloatArray:
    """First and last voxel stay where they are, the others move by up to half a millimetre."""
    first, last = GRID.to_ras([(0, 0, 0), (4, 4, 4)])
    axis = (last - first) / np.linalg.norm(last - first)
    turn = Rotation.from_rotvec(np.deg2rad(5) * axis).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn @ GRID.affine[:3, :3]
    affine[:3, 3] = first
    return affine


@pytest.mark.parametrize("storage", ALL_STORAGES)
def test_a_volume_stored_in_any_order_comes_back(storage: Storage) -> None:
    found = on_grid(Volume(storage.array(NUMBERS), storage.grid(GRID)), GRID)
    assert found is not None
    assert np.array_equal(found.array, NUMBERS)
    assert GRID.matches(found.grid)


@pytest.mark.parametrize(
    "affine",
    [
        moved((1, 0, 0)),
        moved((0, 0, 0.2)),
        turned_about_its_diagonal(),
        oblique_affine((0.6, 0.7, 3.4)),
        oblique_affine((0.3, 0.7, 3.3)),
    ],
    ids=["next slice", "a fifth of a voxel", "turned", "thicker", "finer"],
)
@pytest.mark.parametrize("storage", [ALL_STORAGES[0], ALL_STORAGES[-1]])
def test_other_voxels_are_not_taken_for_the_same(affine: FloatArray, storage: Storage) -> None:
    other = Grid(SHAPE, affine)
    assert on_grid(Volume(storage.array(NUMBERS), storage.grid(other)), GRID) is None


def test_a_part_of_the_voxels_is_not_the_same() -> None:
    assert on_grid(Volume(NUMBERS[:, :4], Grid((5, 4, 5), GRID.affine)), GRID) is None
