"""Blocks of eight voxels: the same runs as from the whole volume, whatever its size and wherever the bone lies."""

from __future__ import annotations

import numpy as np
from Core.small_cases import AXES
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from VHIWorkflowLib.core.blocks import BLOCK, Blocks, positions_of_true
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
    blocks = Blocks.holding(lattice.in_order(region), np.empty(0, dtype=np.int64))
    found = lattice.runs_between(blocks.ends(blocks.of(lattice.in_order(region & chosen))))
    expected = Runs.of(lattice.codes_of(region & chosen))
    assert found.start.tolist() == expected.start.tolist()
    assert found.stop.tolist() == expected.stop.tolist()


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(arrays(np.bool_, size), arrays(np.bool_, size))))
def test_blocks_hold_every_voxel_of_their_masks_and_little_else(masks: tuple[BoolArray, BoolArray]) -> None:
    either = masks[0] | masks[1]
    others = np.flatnonzero(masks[1])
    blocks = Blocks.holding(masks[0], others)
    places = blocks.of(np.arange(either.size))
    assert places[blocks.places(others)].tolist() == others.tolist()
    assert (np.diff(places) > 0).all()
    assert either[places].sum() == either.sum()
    near = np.isin(places // BLOCK, [np.flatnonzero(either) // BLOCK, np.flatnonzero(either) // BLOCK + 1])
    assert (near | (places >= either.size // BLOCK * BLOCK)).all()


@given(arrays(np.bool_, st.integers(0, 40)))
def test_positions_are_those_of_numpy(mask: BoolArray) -> None:
    assert positions_of_true(mask).tolist() == np.flatnonzero(mask).tolist()
