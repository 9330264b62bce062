"""Voxel sets as codes: a lossless numbering, and the components that scipy finds on the whole array."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import AXES, NEIGHBOURS_26, label_sets, neighbours_in_slice
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.measurement import mask_from

shapes = st.tuples(*[st.integers(1, 6)] * 3)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))
slice_axes = st.sampled_from(AXES)


def components(mask: BoolArray, slice_axis: int, within_volume: bool) -> set[frozenset[int]]:
    lattice = Lattice(mask.shape, slice_axis)
    runs = Runs.of(lattice.codes_of(mask))
    steps = lattice.within_slice + (lattice.between_slices if within_volume else ())
    count, label = runs.components(steps)
    found = [lattice.flat(runs.take(label == number).codes()) for number in range(count)]
    assert all(group.size for group in found)
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


@given(mask=masks, slice_axis=slice_axes)
def test_codes_are_ascending_and_lead_back_to_the_mask(mask: BoolArray, slice_axis: int) -> None:
    lattice = Lattice(mask.shape, slice_axis)
    codes = lattice.codes_of(mask)
    assert (np.diff(codes) > 0).all()
    flat = lattice.flat(codes)
    assert (mask_from(flat, mask.shape) == mask).all()
    assert (lattice.codes_at(flat) == codes).all()
    assert (lattice.codes_at(flat[::-1]) == codes[::-1]).all()
    assert (lattice.slices(codes) == np.unravel_index(flat, mask.shape)[slice_axis]).all()


@given(st.sets(st.integers(0, 60)).map(sorted))
def test_runs_are_stretches_of_consecutive_codes(codes: list[int]) -> None:
    given_codes = np.array(codes, dtype=np.int64)
    runs = Runs.of(given_codes)
    assert (runs.codes() == given_codes).all()
    assert (runs.lengths >= 1).all()
    assert int(runs.lengths.sum()) == len(codes)
    assert (runs.start[1:] > runs.stop[:-1]).all()


@given(st.sets(st.integers(0, 40)).map(sorted), st.lists(st.integers(-3, 45)))
def test_containing_finds_the_run_of_each_code_and_leaves_out_the_rest(codes: list[int], asked: list[int]) -> None:
    runs = Runs.of(np.array(codes, dtype=np.int64))
    stretches = list(zip(runs.start, runs.stop, strict=True))
    expected = [n for code in asked for n, (start, stop) in enumerate(stretches) if start <= code < stop]
    found = runs.containing(np.array(asked, dtype=np.int64))
    assert found.tolist() == expected


@given(mask=masks, slice_axis=slice_axes)
@example(mask=np.ones((3, 4, 5), dtype=bool), slice_axis=0)
@example(mask=np.ones((3, 4, 5), dtype=bool), slice_axis=1)
@example(mask=np.ones((1, 1, 1), dtype=bool), slice_axis=2)
def test_runs_lead_back_to_the_mask(mask: BoolArray, slice_axis: int) -> None:
    lattice = Lattice(mask.shape, slice_axis)
    runs = Runs.of(lattice.codes_of(mask))
    flat = lattice.flat_runs(runs)
    assert flat.tolist() == lattice.flat(runs.codes()).tolist()
    assert (mask_from(flat, mask.shape) == mask).all()
