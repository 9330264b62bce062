"""Blocks of eight voxels: the same positions and runs as from the whole volume, whatever its size and shape."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import AXES
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from VHIWorkflowLib.core.blocks import BLOCK, blocks_holding, in_blocks, positions_of_true, stretches
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.lattice import Lattice, Runs

shapes = st.one_of(
    st.tuples(*[st.integers(1, 6)] * 3),
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.sampled_from([7, 8, 16, 19, 40])),
)
regions_and_chosen = shapes.flatmap(lambda shape: st.tuples(arrays(np.bool_, shape), arrays(np.bool_, shape)))


@given(regions_and_chosen, st.sampled_from(AXES))
@example((np.ones((2, 3, 8), dtype=bool), np.ones((2, 3, 8), dtype=bool)), 0)
@example((np.ones((3, 4, 5), dtype=bool), np.ones((3, 4, 5), dtype=bool)), 1)
@example((np.zeros((3, 4, 5), dtype=bool), np.ones((3, 4, 5), dtype=bool)), 2)
@example((np.zeros((1, 1, 1), dtype=bool), np.ones((1, 1, 1), dtype=bool)), 2)
def test_runs_found_in_blocks_are_those_of_the_whole_volume(
    region_and_chosen: tuple[BoolArray, BoolArray], slice_axis: int
) -> None:
    region, chosen = region_and_chosen
    lattice = Lattice(region.shape, slice_axis)
    numbers = blocks_holding(in_blocks(lattice.in_order(region)))
    in_them = in_blocks(lattice.in_order(region & chosen)).take(numbers, axis=0)
    found = lattice.runs_between(*stretches(in_them, numbers))
    expected = Runs.of(lattice.codes_of(region & chosen))
    assert found.start.tolist() == expected.start.tolist()
    assert found.stop.tolist() == expected.stop.tolist()


@pytest.mark.parametrize("density", [0.01, 0.1, 0.5, 0.9])
def test_stretches_of_a_long_array_begin_and_end_where_it_changes(density: float) -> None:
    rng = np.random.default_rng(7)
    mask = np.repeat(rng.random(5000) < density, rng.integers(1, 30, 5000))
    numbers = blocks_holding(in_blocks(mask))
    first, last = stretches(in_blocks(mask).take(numbers, axis=0), numbers)
    change = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    assert first.tolist() == change[0::2].tolist()
    assert last.tolist() == (change[1::2] - 1).tolist()


@given(st.integers(1, 70).flatmap(lambda size: arrays(np.bool_, size)))
def test_the_blocks_of_a_mask_are_those_with_any_voxel_of_it(mask: BoolArray) -> None:
    blocks = in_blocks(mask)
    assert blocks.ravel()[: mask.size].tolist() == mask.tolist()
    assert not blocks.ravel()[mask.size :].any()
    assert blocks_holding(blocks).tolist() == sorted(set((np.flatnonzero(mask) // BLOCK).tolist()))


@given(arrays(np.bool_, st.integers(0, 40)))
def test_positions_are_those_of_numpy(mask: BoolArray) -> None:
    assert positions_of_true(mask).tolist() == np.flatnonzero(mask).tolist()
