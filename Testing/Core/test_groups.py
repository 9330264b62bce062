"""Groups within slices and their islands in 3D: the components that scipy finds on the whole array."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import AXES, NEIGHBOURS_26, label_sets, neighbours_in_slice
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.morphology import remove_small_objects
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.groups import Groups, connected
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.measurement import mask_from

shapes = st.tuples(*[st.integers(1, 6)] * 3)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))
slice_axes = st.sampled_from(AXES)


def components(mask: BoolArray, slice_axis: int, within_volume: bool) -> set[frozenset[int]]:
    lattice = Lattice(mask.shape, slice_axis)
    groups = Groups.within_slices(Runs.of(lattice.codes_of(mask)), lattice)
    label = groups.of_run
    assert sorted(set(label.tolist())) == list(range(groups.number))
    if within_volume:
        label = groups.islands(lattice)[label]
    found = [lattice.flat(groups.runs.take(label == number).codes()) for number in np.unique(label)]
    return {frozenset(group.tolist()) for group in found}


def assert_components_are_scipys(mask: BoolArray, slice_axis: int) -> None:
    in_volume, _ = ndimage.label(mask, NEIGHBOURS_26)
    in_slice, _ = ndimage.label(mask, neighbours_in_slice(slice_axis))
    assert components(mask, slice_axis, within_volume=True) == label_sets(in_volume)
    assert components(mask, slice_axis, within_volume=False) == label_sets(in_slice)


@given(mask=masks, slice_axis=slice_axes)
@example(mask=np.zeros((3, 4, 5), dtype=bool), slice_axis=1)
@example(mask=np.ones((3, 4, 5), dtype=bool), slice_axis=2)
@example(mask=np.ones((1, 1, 1), dtype=bool), slice_axis=0)
def test_components_are_those_of_scipy(mask: BoolArray, slice_axis: int) -> None:
    assert_components_are_scipys(mask, slice_axis)


@pytest.mark.parametrize("slice_axis", AXES)
@pytest.mark.parametrize("density", [0.02, 0.1, 0.2, 0.35, 0.6])
def test_components_of_larger_masks_are_those_of_scipy(slice_axis: int, density: float) -> None:
    for seed in range(4):
        assert_components_are_scipys(np.random.default_rng(seed).random((9, 17, 13)) < density, slice_axis)


@pytest.mark.parametrize("slice_axis", AXES)
@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 5, 6), (4, 1, 6), (4, 5, 1), (2, 1, 1)])
def test_nothing_is_joined_across_the_border(slice_axis: int, shape: tuple[int, int, int]) -> None:
    """A row's last voxel and the next row's first one follow each other in memory, never in space."""
    for axis in AXES:
        mask = np.zeros(shape, dtype=bool)
        mask[tuple([0, -1] if a == axis else slice(None) for a in AXES)] = True
        assert_components_are_scipys(mask, slice_axis)
    for seed in range(20):
        mask = np.zeros(shape, dtype=bool)
        mask[tuple(np.random.default_rng(seed).choice([0, -1], (3, 3)))] = True
        assert_components_are_scipys(mask, slice_axis)


@pytest.mark.parametrize("slice_axis", AXES)
def test_each_of_the_26_neighbours_joins_and_none_farther(slice_axis: int) -> None:
    for step in np.argwhere(np.ones((5, 5, 5))) - 2:
        if not step.any():
            continue
        mask = np.zeros((5, 5, 5), dtype=bool)
        mask[2, 2, 2] = mask[tuple(step + 2)] = True
        near = np.abs(step).max() == 1
        assert len(components(mask, slice_axis, within_volume=True)) == (1 if near else 2)
        assert len(components(mask, slice_axis, within_volume=False)) == (1 if near and not step[slice_axis] else 2)


@given(
    count=st.integers(0, 12),
    edges=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20),
)
def test_components_of_a_graph_are_those_of_scipy_numbered_by_first_node(
    count: int, edges: list[tuple[int, int]]
) -> None:
    inside = np.array([edge for edge in edges if max(edge) < count], dtype=np.int64).reshape(-1, 2)
    number, component = connected(count, inside[:, 0], inside[:, 1])
    assert component.size == count
    firsts = list(dict.fromkeys(component.tolist()))
    assert firsts == list(range(number))
    if count:
        graph = coo_array((np.ones(len(inside)), inside.T), shape=(count, count))
        expected, label = connected_components(graph, directed=False)
        assert number == expected
        assert len(set(zip(component.tolist(), label.tolist(), strict=True))) == expected


def without_small_groups(mask: BoolArray, slice_axis: int, minimum_pixels: int) -> BoolArray:
    lattice = Lattice(mask.shape, slice_axis)
    groups = Groups.within_slices(Runs.of(lattice.codes_of(mask)), lattice).of_at_least(minimum_pixels)
    assert sorted(set(groups.of_run.tolist())) == list(range(groups.number))
    return mask_from(lattice.flat(groups.runs.codes()), mask.shape)


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
