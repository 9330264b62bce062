"""Islands are the 26-connected components, and their parts within slices partition them."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import (
    ALL_STORAGES,
    AXES,
    NEIGHBOURS_26,
    Storage,
    as_sets,
    label_sets,
    neighbours_in_slice,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.islands import Islands, find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs

shapes = st.tuples(*[st.integers(1, 6)] * 3)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))


def islands_of(mask: BoolArray, slice_axis: int = 0, minimum_pixels: int = 1) -> Islands:
    lattice = Lattice(mask.shape, slice_axis)
    return find_islands(Runs.of(lattice.codes_of(mask)), lattice, minimum_pixels)


def large_groups(mask: BoolArray, slice_axis: int, minimum_pixels: int) -> BoolArray:
    groups, _ = ndimage.label(mask, neighbours_in_slice(slice_axis))
    return np.asarray(mask & (np.bincount(groups.ravel()) >= minimum_pixels)[groups])


@given(mask=masks, slice_axis=st.sampled_from(AXES), minimum_pixels=st.integers(1, 5))
def test_islands_are_the_components_of_what_the_small_groups_leave(
    mask: BoolArray, slice_axis: int, minimum_pixels: int
) -> None:
    islands = islands_of(mask, slice_axis, minimum_pixels)
    left = large_groups(mask, slice_axis, minimum_pixels)
    labels, number = ndimage.label(left, NEIGHBOURS_26)
    assert islands.number == number == len(islands.island_voxels())
    assert as_sets(islands.island_voxels()) == label_sets(labels)
    assert islands.voxels.size == left.sum()


@given(mask=masks, slice_axis=st.sampled_from(AXES), minimum_pixels=st.integers(1, 5))
def test_parts_within_slices_partition_the_islands(mask: BoolArray, slice_axis: int, minimum_pixels: int) -> None:
    islands = islands_of(mask, slice_axis, minimum_pixels)
    parts, whole = islands.part_voxels(), islands.island_voxels()
    groups, _ = ndimage.label(large_groups(mask, slice_axis, minimum_pixels), neighbours_in_slice(slice_axis))
    assert as_sets(parts) == label_sets(groups)
    assert len(parts) == len(islands.part_island) == len(islands.part_slice)
    for number, voxels in enumerate(whole):
        own = [part for part, island in zip(parts, islands.part_island, strict=True) if island == number]
        assert np.concatenate(own).tolist() == voxels.tolist()
    for part, slice_number in zip(parts, islands.part_slice, strict=True):
        assert set(np.unravel_index(part, mask.shape)[slice_axis].tolist()) == {slice_number}


@given(mask=masks, slice_axis=st.sampled_from(AXES))
def test_the_largest_island_comes_first_and_equals_by_their_first_voxel(mask: BoolArray, slice_axis: int) -> None:
    islands = islands_of(mask, slice_axis)
    lattice = islands.lattice
    keys = [(-voxels.size, int(lattice.codes_at(voxels).min())) for voxels in islands.island_voxels()]
    assert keys == sorted(keys)
    first = [int(lattice.codes_at(part)[0]) for part in islands.part_voxels()]
    order = list(zip(islands.part_island.tolist(), islands.part_slice.tolist(), first, strict=True))
    assert order == sorted(order)
    for part in islands.part_voxels():
        assert (np.diff(lattice.codes_at(part)) > 0).all()


@pytest.mark.parametrize("storage", ALL_STORAGES)
def test_the_same_islands_are_found_however_the_mask_is_stored(storage: Storage) -> None:
    mask = np.random.default_rng(11).random((5, 19, 18)) < 0.12
    number = np.arange(mask.size).reshape(mask.shape)
    there = islands_of(storage.array(mask), storage.order.index(0), 3)
    back = storage.array(number).ravel()
    here = islands_of(mask, 0, 3)
    assert here.number > 3
    assert as_sets([back[voxels] for voxels in there.island_voxels()]) == as_sets(here.island_voxels())
    assert as_sets([back[voxels] for voxels in there.part_voxels()]) == as_sets(here.part_voxels())


@pytest.mark.parametrize("slice_axis", AXES)
def test_an_empty_mask_has_no_islands(slice_axis: int) -> None:
    islands = islands_of(np.zeros((3, 4, 5), dtype=bool), slice_axis)
    assert (islands.number, islands.island_voxels(), islands.part_voxels()) == (0, [], [])


@pytest.mark.parametrize("slice_axis", AXES)
def test_a_full_mask_is_one_island_with_a_part_in_each_slice(slice_axis: int) -> None:
    islands = islands_of(np.ones((3, 4, 5), dtype=bool), slice_axis)
    assert islands.number == 1
    assert islands.part_slice.tolist() == list(range((3, 4, 5)[slice_axis]))


def test_a_single_voxel_is_an_island_unless_it_is_too_small() -> None:
    mask = np.zeros((3, 4, 5), dtype=bool)
    mask[2, 3, 4] = True
    assert islands_of(mask).voxels.tolist() == [59]
    assert islands_of(mask, minimum_pixels=2).number == 0


def test_a_group_small_in_its_slice_goes_even_where_neighbouring_slices_are_full() -> None:
    mask = np.zeros((3, 4, 4), dtype=bool)
    mask[0], mask[2] = True, True
    mask[1, 1, 1:4] = True
    islands = islands_of(mask, minimum_pixels=4)
    assert islands.number == 2
    assert islands.voxels.size == 32
