"""Voxel sets as codes and as runs: a lossless numbering."""

from __future__ import annotations

import numpy as np
from Core.small_cases import AXES
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.measurement import mask_from

shapes = st.tuples(*[st.integers(1, 6)] * 3)
masks = shapes.flatmap(lambda shape: arrays(np.bool_, shape))
slice_axes = st.sampled_from(AXES)


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
