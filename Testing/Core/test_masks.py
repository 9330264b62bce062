"""The masks before cleaning: comparing in the scan's own type, small groups, and areas."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import AXES, oblique_affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.lattice import Lattice
from VHIWorkflowLib.core.masks import BoneVoxels, pixels_for_area, smallest_at_least
from VHIWorkflowLib.core.measurement import mask_from

shapes = st.tuples(*[st.integers(1, 6)] * 3)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))


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
