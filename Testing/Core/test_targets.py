"""Each target chooses exactly the islands, or parts within a slice, that its sentence says."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import pytest
from Core.naive_cleaning import Both
from Core.small_cases import AXES, oblique_affine
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.islands import find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.partition import Partition, Unit
from VHIWorkflowLib.core.targets import (
    AtVoxel,
    BesidePlane,
    RankBelow,
    SmallerThan,
    Target,
    TheseIslands,
    Touching,
    WholeSlice,
)

GRID = Grid((3, 6, 9), oblique_affine((0.6, 0.6, 3.3)))


def two_islands(scores: list[float] | None = None) -> Partition:
    """Island 1: 3 x 3 pixels in slices 0 and 1, joined; island 2: two groups in slice 2 and a bridge in slice 1."""
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[0:2, 0:3, 0:3] = True
    mask[2, 4, 4:6] = mask[2, 4, 7:9] = True
    mask[1, 5, 5:8] = True
    lattice = Lattice(GRID.shape, 0)
    return Partition(find_islands(Runs.of(lattice.codes_of(mask)), lattice), scores)


def numbers(target: Target, partition: Partition, in_slice: int | None = None) -> list[int]:
    return [unit.island for unit in target.units(partition, GRID, in_slice)]


@given(seed=st.integers(0, 99), axis=st.sampled_from(AXES), random=st.randoms(use_true_random=False))
def test_every_target_chooses_what_its_sentence_says(seed: int, axis: int, random: Random) -> None:
    both = Both.on(seed, "remove", axis)
    both.cut_anything(random)
    session, grid = both.session, both.session.grid
    in_slice = random.choice([None, *range(grid.shape[axis])])
    target = both.any_target(random, in_slice)
    units = target.units(session.partition, grid, in_slice)
    voxels = [session.partition.voxels_of(unit) for unit in units]
    chosen = sorted(voxel for each in voxels for voxel in each.tolist())
    assert chosen == np.flatnonzero(both.naive.chosen(target, in_slice)).tolist()
    assert len(set(units)) == len(units)
    assert all((unit.part is None) == (in_slice is None) for unit in units)
    assert json.loads(json.dumps(target.description()))["kind"]


def test_islands_by_number_are_taken_once_and_in_the_order_given() -> None:
    assert numbers(TheseIslands((2, 1, 2)), two_islands()) == [2, 1]
    parts = TheseIslands((2, 1)).units(two_islands(), GRID, 2)
    assert [unit.island for unit in parts] == [2, 2]
    assert len({unit.part for unit in parts}) == 2


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_number_that_no_island_has_is_refused_by_name(number: int) -> None:
    with pytest.raises(CleaningError, match=f"there is no island {number}"):
        TheseIslands((1, number)).units(two_islands(), GRID, None)


@pytest.mark.parametrize("index", [(0, 5, 5), (3, 0, 0), (-1, 0, 0), (0, 0, 9)])
def test_a_click_beside_all_islands_or_outside_the_volume_chooses_nothing(index: tuple[int, int, int]) -> None:
    assert numbers(AtVoxel(index), two_islands()) == []


def test_a_click_in_another_slice_than_the_scope_chooses_nothing() -> None:
    assert numbers(AtVoxel((0, 1, 1)), two_islands(), in_slice=1) == []
    assert numbers(AtVoxel((0, 1, 1)), two_islands(), in_slice=0) == [1]


def test_a_mask_chooses_all_islands_it_touches_even_by_one_voxel() -> None:
    drawn = np.zeros(GRID.shape, dtype=bool)
    assert numbers(Touching.mask(drawn), two_islands()) == []
    drawn[0, 2, 2] = True
    assert numbers(Touching.mask(drawn, "lasso"), two_islands()) == [1]
    drawn[2, 4, 8] = True
    assert numbers(Touching.mask(drawn, "lasso"), two_islands()) == [1, 2]
    assert Touching.mask(drawn, "lasso").description() == {"kind": "touching", "tool": "lasso", "drawn_voxels": 2}


@pytest.mark.parametrize("position", [-1, 3 * 6 * 9])
def test_a_drawing_from_another_grid_is_refused(position: int) -> None:
    with pytest.raises(CleaningError, match="outside the volume"):
        Touching(np.array([0, position])).units(two_islands(), GRID, None)


@given(
    centre=st.tuples(*[st.floats(-4.0, 12.0)] * 3),
    radius=st.floats(0.0, 9.0),
    turn=st.tuples(*[st.floats(-180.0, 180.0)] * 3),
)
def test_a_sphere_holds_the_voxel_centres_within_its_radius(
    centre: tuple[float, float, float], radius: float, turn: tuple[float, float, float]
) -> None:
    grid = Grid((5, 8, 7), oblique_affine((0.6, 0.7, 3.3), turn))
    point = grid.to_ras([centre])[0]
    distance = np.linalg.norm(grid.to_ras(np.argwhere(np.ones(grid.shape))) - point, axis=1)
    inside = set(Touching.sphere((point[0], point[1], point[2]), radius, grid).voxels.tolist())
    assert set(np.flatnonzero(distance < radius - 1e-9).tolist()) <= inside
    assert inside <= set(np.flatnonzero(distance < radius + 1e-9).tolist())


def test_islands_across_a_plane_stay_untouched() -> None:
    partition = two_islands()
    k, j, i = 1.0, 3.0, 4.0
    point = GRID.to_ras([(k, j, i)])[0].tolist()
    along_rows = GRID.affine[:3, 1].tolist()
    against = [-x for x in along_rows]
    assert numbers(BesidePlane(tuple(point), tuple(along_rows)), partition) == [2]
    assert numbers(BesidePlane(tuple(point), tuple(against)), partition) == [1]
    through_one = GRID.to_ras([(1.0, 1.0, 4.0)])[0].tolist()
    assert numbers(BesidePlane(tuple(through_one), tuple(against)), partition) == []


@pytest.mark.parametrize("normal", [(0.0, 0.0, 0.0), (np.nan, 0.0, 1.0), (np.inf, 0.0, 0.0)])
def test_a_plane_without_a_direction_is_refused(normal: tuple[float, float, float]) -> None:
    with pytest.raises(CleaningError, match="normal"):
        BesidePlane((0.0, 0.0, 0.0), normal).units(two_islands(), GRID, None)


@pytest.mark.parametrize(("pixels", "chosen"), [(7, []), (8, [2]), (18, [2]), (19, [1, 2])])
def test_smaller_than_does_not_choose_islands_of_that_very_size(pixels: int, chosen: list[int]) -> None:
    assert numbers(SmallerThan.pixels(pixels, GRID), two_islands()) == chosen
    assert numbers(SmallerThan(pixels * GRID.voxel_volume_mm3), two_islands()) == chosen


def test_smaller_than_within_a_slice_counts_the_part() -> None:
    assert numbers(SmallerThan.pixels(3, GRID), two_islands(), in_slice=2) == [2, 2]
    assert numbers(SmallerThan.pixels(3, GRID), two_islands(), in_slice=1) == []


def test_rank_below_needs_scores_and_takes_those_below() -> None:
    assert numbers(RankBelow(0.5), two_islands([0.4, 0.5])) == [1]
    with pytest.raises(CleaningError, match="no rank scores"):
        RankBelow(0.5).units(two_islands(), GRID, None)


@pytest.mark.parametrize("scores", [[0.5], [0.5, 0.5, 0.5], [0.5, np.nan], [[0.1, 0.2]]])
def test_scores_that_do_not_fit_the_islands_are_refused(scores: list[float]) -> None:
    with pytest.raises(CleaningError, match="2 finite rank scores"):
        two_islands(scores)


def test_islands_made_by_a_cut_inherit_the_score_and_lose_it_with_the_cut() -> None:
    partition = two_islands([0.4, 0.7])
    cut = partition.cut(1, np.array([0, 1, 2]))
    assert [partition.score_of(number) for number in cut.made] == [0.4, 0.4]
    partition.uncut(cut)
    assert [partition.score_of(number) for number in (1, 2, 3, 4)] == [0.4, 0.7, None, None]


def test_a_whole_slice_takes_the_islands_that_reach_into_it() -> None:
    assert numbers(WholeSlice(0), two_islands()) == [1]
    assert numbers(WholeSlice(1), two_islands()) == [1, 2]
    assert numbers(WholeSlice(2), two_islands()) == [2]
    assert numbers(WholeSlice(2), two_islands(), in_slice=2) == [2, 2]
    with pytest.raises(CleaningError, match="slice 1 is not the slice 2"):
        WholeSlice(1).units(two_islands(), GRID, 2)


@pytest.mark.parametrize(
    "target",
    [
        AtVoxel(tuple(np.array([1, 2, 3]))),
        SmallerThan.pixels(np.int64(3), GRID),
        SmallerThan(np.float32(2.5)),
        RankBelow(np.float32(0.5)),
        WholeSlice(np.int64(1)),
        BesidePlane(tuple(np.zeros(3, np.float32)), tuple(np.ones(3, np.float32))),
        Touching(np.array([1, 2])),
        TheseIslands((1,)),
    ],
    ids=lambda target: type(target).__name__,
)
def test_targets_made_from_numpy_numbers_can_be_written_as_json(target: Target) -> None:
    assert json.loads(json.dumps(target.description())) == target.description()


def test_island_numbers_from_numpy_can_be_written_as_json() -> None:
    partition = two_islands()
    unit = TheseIslands((np.int64(2),)).units(partition, GRID, None)[0]
    assert unit == Unit(2)
    assert json.dumps(partition.reference(unit).island) == "2"
