"""The masks before cleaning: comparing in the scan's own type, small groups, and areas."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import AXES, oblique_affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.morphology import remove_small_objects
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.masks import BoneVoxels, pixels_for_area, runs_without_small_groups, smallest_at_least
from VHIWorkflowLib.core.measurement import mask_from

shapes = st.tuples(*[st.integers(1, 6)] * 3)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))


def without_small_groups(mask: BoolArray, slice_axis: int, minimum_pixels: int) -> BoolArray:
    lattice = Lattice(mask.shape, slice_axis)
    runs, _ = runs_without_small_groups(Runs.of(lattice.codes_of(mask)), lattice, minimum_pixels)
    return mask_from(lattice.flat(runs.codes()), mask.shape)


def slice_by_slice(mask: BoolArray, slice_axis: int, minimum_pixels: int) -> BoolArray:
    result = np.zeros_like(mask)
    for number in range(mask.shape[slice_axis]):
        place = tuple(number if axis == slice_axis else slice(None) for axis in AXES)
        result[place] = remove_small_objects(mask[place], max_size=minimum_pixels - 1, connectivity=2)
    return result


@given(mask=masks, slice_axis=st.sampled_from(AXES), minimum_pixels=st.integers(1, 7))
def test_small_groups_go_slice_by_slice(mask: BoolArray, slice_axis: int, minimum_pixels: int) -> None:
    expected = slice_by_slice(mask, slice_axis, minimum_pixels)
    assert (without_small_groups(mask, slice_axis, minimum_pixels) == expected).all()


@pytest.mark.parametrize("slice_axis", AXES)
@pytest.mark.parametrize("density", [0.05, 0.15, 0.3, 0.5])
def test_small_groups_of_larger_masks_go_slice_by_slice(slice_axis: int, density: float) -> None:
    mask = np.random.default_rng(5).random((12, 20, 16)) < density
    for minimum_pixels in (1, 2, 4, 9):
        expected = slice_by_slice(mask, slice_axis, minimum_pixels)
        assert (without_small_groups(mask, slice_axis, minimum_pixels) == expected).all()


@given(
    cut=st.floats(-1e6, 1e6),
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1),
    kind=st.sampled_from([np.float32, np.float64]),
)
def test_comparing_in_the_type_of_the_scan_is_comparing_in_float64(
    cut: float, values: list[float], kind: type[np.floating]
) -> None:
    smallest = smallest_at_least(cut, np.dtype(kind))
    stored = np.array(
        [*values, cut, np.nextafter(kind(cut), kind(-np.inf)), np.nextafter(kind(cut), kind(np.inf))], kind
    )
    assert ((stored >= smallest) == (stored.astype(np.float64) >= cut)).all()


def test_a_cut_beyond_all_numbers_of_a_type_lets_none_through() -> None:
    largest = np.finfo(np.float32).max
    assert not np.float32(largest) >= smallest_at_least(1e39, np.dtype(np.float32))


@given(
    stored=arrays(np.bool_, (3, 4, 5)),
    others=arrays(np.bool_, (3, 4, 5)),
    slice_axis=st.sampled_from(AXES),
)
def test_members_are_the_voxels_that_both_have(stored: BoolArray, others: BoolArray, slice_axis: int) -> None:
    lattice = Lattice((3, 4, 5), slice_axis)
    bone = BoneVoxels.of(np.zeros((3, 4, 5)), stored, lattice)
    member = bone.members(lattice.codes_of(others))
    found = mask_from(lattice.flat(bone.codes[member]), stored.shape)
    assert (found == (stored & others)).all()


def test_voxels_near_a_threshold_are_those_that_equal_it_within_the_margin() -> None:
    lattice = Lattice((1, 1, 7), 0)
    stir = np.array([[[1.0, 8.9, 9.0, 10.0, 11.0, 11.1, 10.0]]])
    bone = BoneVoxels.of(stir, np.ones((1, 1, 7), dtype=bool), lattice)
    outside = np.array([True] * 6 + [False])
    assert bone.near(10.0, 1.0, outside) == 3
    assert bone.near(10.0, 0.0, outside) == 1
    assert bone.at_or_above(9.0, outside).tolist() == [False, False, True, True, True, True, False]


@pytest.mark.parametrize(
    ("area_mm2", "pixel_mm", "pixels"),
    [
        (1.39, 0.5952381, 4),
        (1.4172, 0.5952381, 4),
        (1.42, 0.5952381, 5),
        (1.0, 0.5, 4),
        (1.0, 1.0, 1),
        (0.0, 0.5, 1),
        (1.01, 1, 2),
    ],
)
def test_the_smallest_group_can_be_an_area(area_mm2: float, pixel_mm: float, pixels: int) -> None:
    assert pixels_for_area(area_mm2, Grid((5, 9, 9), oblique_affine((pixel_mm, pixel_mm, 3.3)))) == pixels


@pytest.mark.parametrize("area_mm2", [-0.1, np.nan, np.inf])
def test_an_area_that_makes_no_sense_is_refused(area_mm2: float) -> None:
    with pytest.raises(MeasurementError, match="area"):
        pixels_for_area(area_mm2, Grid((5, 9, 9), np.eye(4)))
