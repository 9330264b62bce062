"""Where voxels lie: volumes, slices, round trips and overlap in any oblique geometry."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import ALL_STORAGES, Storage, oblique_affine
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import FloatArray, Grid, Volume, bounding_box
from VHIWorkflowLib.core.measurement import Vhi

spacings = st.tuples(*[st.floats(0.2, 6.0)] * 3)
angles = st.tuples(*[st.floats(-180.0, 180.0)] * 3)
signs = st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3)
origins = st.tuples(*[st.floats(-300.0, 300.0)] * 3)
affines = st.builds(
    lambda spacing, turn, sign, origin: oblique_affine(spacing, turn, origin) @ np.diag([*sign, 1.0]),
    spacings,
    angles,
    signs,
    origins,
)
shapes = st.tuples(*[st.integers(1, 7)] * 3)


@given(affine=affines, voxels=st.integers(0, 10**7))
def test_vhi_in_mm3_is_voxels_times_the_determinant(affine: FloatArray, voxels: int) -> None:
    grid = Grid((5, 6, 7), affine)
    determinant = abs(np.linalg.det(affine[:3, :3]))
    assert grid.voxel_volume_mm3 == pytest.approx(determinant, rel=1e-12)
    vhi = Vhi(voxels, voxels // 2, grid.voxel_volume_mm3)
    assert vhi.sensitive_mm3 == pytest.approx(voxels * determinant, rel=1e-12)
    assert vhi.conservative_mm3 == pytest.approx(voxels // 2 * determinant, rel=1e-12)


@given(affine=affines, kji=st.tuples(*[st.floats(-10, 400)] * 3))
def test_indices_go_to_ras_by_the_affine_and_back(affine: FloatArray, kji: tuple[float, float, float]) -> None:
    grid = Grid((5, 6, 7), affine)
    k, j, i = kji
    point = grid.to_ras([kji])
    assert point[0] == pytest.approx((affine @ [i, j, k, 1])[:3], abs=1e-9)
    assert grid.from_ras(point)[0] == pytest.approx(kji, abs=1e-7)


def test_spacing_is_in_the_order_of_array_axes() -> None:
    grid = Grid((5, 6, 7), oblique_affine((0.5, 0.75, 3.0)))
    assert grid.spacing_mm == pytest.approx((3.0, 0.75, 0.5))


@pytest.mark.parametrize(
    ("spacing_kji", "slice_axis"),
    [
        ((3.3, 0.6, 0.6), 0),
        ((0.6, 3.3, 0.6), 1),
        ((0.6, 0.6, 3.3), 2),
        ((0.4, 0.6, 0.6), 0),  # thin slices, square pixels
        ((0.6, 0.4, 0.6), 1),
        ((3.3, 0.6, 0.601), 0),
        ((3.3, 0.6, 0.9), 0),  # no two equal: the largest
        ((0.9, 3.3, 0.6), 1),
        ((0.6, 0.9, 3.3), 2),
        ((1.0, 1.0, 1.0), 0),
    ],
)
def test_the_slice_axis_is_the_one_that_differs_from_square_pixels(
    spacing_kji: tuple[float, float, float], slice_axis: int
) -> None:
    k, j, i = spacing_kji
    grid = Grid((4, 4, 4), oblique_affine((i, j, k)))
    assert grid.slice_axis == slice_axis
    assert grid.pixel_area_mm2 == pytest.approx(k * j * i / spacing_kji[slice_axis])


@pytest.mark.parametrize("storage", ALL_STORAGES)
def test_a_voxel_stays_where_it_is_however_it_is_stored(storage: Storage) -> None:
    grid = Grid((3, 4, 5), oblique_affine((0.6, 0.7, 3.3)))
    there = storage.grid(grid)
    number = np.arange(60).reshape(grid.shape)
    places = grid.to_ras(np.argwhere(number >= 0))
    order = storage.array(number).ravel()
    assert there.to_ras(np.argwhere(number.reshape(there.shape) >= 0)) == pytest.approx(places[order], abs=1e-9)
    assert there.voxel_volume_mm3 == pytest.approx(grid.voxel_volume_mm3, rel=1e-12)
    assert there.spacing_mm[there.slice_axis] == pytest.approx(3.3)


def test_grids_match_within_the_rounding_of_headers_and_not_beyond() -> None:
    affine = oblique_affine((0.5952381, 0.5952381, 3.3))
    grid = Grid((25, 336, 336), affine)
    rounded = affine.copy()
    rounded[:3, :3] *= 1 + 2e-5
    rounded[:3, 3] = np.round(affine[:3, 3], 3)
    assert grid.matches(Grid((25, 336, 336), rounded))
    shifted = affine.copy()
    shifted[:3, 3] += affine[:3, 0] / 10
    assert not grid.matches(Grid((25, 336, 336), shifted))
    turned = oblique_affine((0.5952381, 0.5952381, 3.3), angles_degrees=(17.1, -31.0, 48.0))
    assert not grid.matches(Grid((25, 336, 336), turned))
    assert not grid.matches(Grid((24, 336, 336), affine))


@pytest.mark.parametrize("storage", ALL_STORAGES[1:])
def test_another_order_of_the_same_voxels_does_not_match(storage: Storage) -> None:
    grid = Grid((5, 5, 5), oblique_affine((0.6, 0.6, 3.3)))
    assert not grid.matches(storage.grid(grid))


@settings(max_examples=60)
@given(shape=shapes, other_shape=shapes, affine=affines, other_affine=affines)
def test_share_inside_counts_voxel_centres_in_the_other_field(
    shape: tuple[int, int, int], other_shape: tuple[int, int, int], affine: FloatArray, other_affine: FloatArray
) -> None:
    other_affine = np.hstack([other_affine[:, :3], affine[:, 3:] + [[1.3], [-2.1], [0.7], [0.0]]])
    grid, other = Grid(shape, affine), Grid(other_shape, other_affine)
    place = other.from_ras(grid.to_ras(np.argwhere(np.ones(shape))))
    far_from_rim = (np.abs(np.abs(place + 0.5) % 1) > 1e-6).all()
    inside = ((place >= -0.5) & (place <= np.array(other_shape) - 0.5)).all(axis=1)
    if far_from_rim:
        assert grid.share_inside(other) == pytest.approx(inside.mean(), abs=1e-12)


def test_a_grid_lies_wholly_inside_itself_and_half_inside_its_half() -> None:
    affine = oblique_affine((0.6, 0.6, 3.3))
    grid = Grid((8, 10, 12), affine)
    assert grid.share_inside(grid) == 1
    assert grid.share_inside(Grid((4, 10, 12), affine)) == 0.5
    away = affine.copy()
    away[:3, 3] += 500
    assert grid.share_inside(Grid((8, 10, 12), away)) == 0


def sheared() -> FloatArray:
    affine = np.diag([0.6, 0.6, 3.3, 1.0])
    affine[0, 2] = 0.4
    return affine


@pytest.mark.parametrize(
    ("shape", "affine", "problem"),
    [
        ((2, 3, 4), np.diag([1.0, np.nan, 1.0, 1.0]), "finite 4 x 4"),
        ((2, 3, 4), np.diag([1.0, np.inf, 1.0, 1.0]), "finite 4 x 4"),
        ((2, 3, 4), np.eye(3), "finite 4 x 4"),
        ((2, 3, 4), np.diag([1.0, 0.0, 1.0, 1.0]), "zero along"),
        ((2, 3, 4), sheared(), "not orthogonal"),
        ((2, 3), np.eye(4), "three axes"),
        ((2, 0, 4), np.eye(4), "three axes"),
    ],
)
def test_geometry_that_cannot_be_measured_is_refused(
    shape: tuple[int, int, int], affine: FloatArray, problem: str
) -> None:
    with pytest.raises(MeasurementError, match=problem):
        Grid(shape, affine)


def test_a_grid_does_not_follow_later_changes_of_the_matrix_it_was_made_from() -> None:
    affine = np.eye(4)
    grid = Grid((2, 2, 2), affine)
    affine[0, 0] = 7
    assert grid.affine[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        grid.affine[0, 0] = 7


def test_a_volume_whose_array_does_not_fit_its_grid_is_refused() -> None:
    with pytest.raises(MeasurementError, match="does not fit"):
        Volume(np.zeros((2, 3, 4)), Grid((4, 3, 2), np.eye(4)))


@given(shape=shapes, seed=st.integers(0, 999), density=st.sampled_from([0.0, 0.03, 0.2, 1.0]), margin=st.integers(0, 2))
def test_the_bounding_box_is_the_smallest_that_holds_the_mask(
    shape: tuple[int, int, int], seed: int, density: float, margin: int
) -> None:
    mask = np.random.default_rng(seed).random(shape) < density
    places = np.argwhere(mask)
    box = bounding_box(mask, margin)
    if not mask.any():
        assert mask[box].size == 0
        return
    low, high = np.maximum(places.min(0) - margin, 0), np.minimum(places.max(0) + margin, np.array(shape) - 1)
    assert [(side.start, side.stop - 1) for side in box] == list(zip(low, high, strict=True))


def test_grids_are_equal_only_to_the_last_bit() -> None:
    affine = np.diag([0.6, 0.6, 3.3, 1.0])
    moved = affine.copy()
    moved[0, 3] = 1e-9
    assert Grid((5, 8, 8), affine) == Grid((5, 8, 8), affine.copy())
    assert len({Grid((5, 8, 8), affine), Grid((5, 8, 8), affine.copy())}) == 1
    assert Grid((5, 8, 8), affine) != Grid((5, 8, 8), moved)
    assert Grid((5, 8, 8), affine) != Grid((5, 8, 9), affine)
