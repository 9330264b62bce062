"""Every fact told of an island, against brute force over its voxels."""

from __future__ import annotations

import numpy as np
import pytest
from Core.small_cases import ALL_STORAGES, Storage, small_case
from VHIWorkflowLib.core.facts import IslandFacts, island_facts
from VHIWorkflowLib.core.grids import IndexArray
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.targets import Touching


def by_brute_force(case: Preliminary, voxels: IndexArray) -> IslandFacts:
    grid, axis = case.grid, case.grid.slice_axis
    places = [tuple(int(n) for n in np.unravel_index(voxel, grid.shape)) for voxel in voxels]
    in_mm = np.array([grid.affine @ [i, j, k, 1] for k, j, i in places])[:, :3]
    normal_mm = np.array([grid.affine @ [i, j, k, 1] for k, j, i in np.argwhere(case.normal_bone)])[:, :3]
    stir = [float(case.stir.array[place]) for place in places]
    limits = case.thresholds
    bone = case.disease_region | case.normal_bone

    def at_edge(place: tuple[int, ...]) -> bool:
        for other in range(3):
            for step in (-1, 1):
                neighbour = list(place)
                neighbour[other] += step
                outside = not 0 <= neighbour[other] < grid.shape[other]
                if other != axis and (outside or not bone[tuple(neighbour)]):
                    return True
        return False

    low, high = (tuple(pick(place[a] for place in places) for a in range(3)) for pick in (min, max))
    centroid = in_mm.mean(axis=0)
    return IslandFacts(
        voxels=len(places),
        volume_mm3=len(places) * abs(float(np.linalg.det(grid.affine[:3, :3]))),
        slices=(low[axis], high[axis]),
        box=((low[0], low[1], low[2]), (high[0], high[1], high[2])),
        centroid_mm=(centroid[0], centroid[1], centroid[2]),
        peak_stir=max(stir),
        mean_stir=sum(stir) / len(stir),
        conservative_share=sum(value >= limits.conservative - limits.margin for value in stir) / len(stir),
        distance_to_normal_bone_mm=min(float(np.linalg.norm(normal_mm - point, axis=1).min()) for point in in_mm),
        touches_edge=any(at_edge(place) for place in places),
    )


def assert_equal(found: IslandFacts, expected: IslandFacts) -> None:
    for name in ("voxels", "slices", "box", "peak_stir", "touches_edge"):
        assert getattr(found, name) == getattr(expected, name), name
    for name in ("volume_mm3", "centroid_mm", "mean_stir", "conservative_share", "distance_to_normal_bone_mm"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("storage", ALL_STORAGES[::7])
def test_every_fact_is_that_of_brute_force(seed: int, storage: Storage) -> None:
    case = storage.case(small_case(seed)).measured()
    islands = case.islands.island_voxels()
    facts = island_facts(case, islands)
    assert len(facts) == len(islands) > 5
    for found, voxels in zip(facts, islands, strict=True):
        assert_equal(found, by_brute_force(case, voxels))


def test_the_small_cases_have_islands_of_both_kinds_of_every_fact() -> None:
    case = small_case(0).measured()
    facts = island_facts(case, case.islands.island_voxels())
    assert {fact.touches_edge for fact in facts} == {True, False}
    assert len({fact.conservative_share for fact in facts}) > 2
    assert any(fact.slices[0] != fact.slices[1] for fact in facts)


def test_facts_of_parts_and_of_islands_in_another_order_are_their_own() -> None:
    case = small_case(2).measured()
    parts = case.islands.part_voxels()[::-1]
    for found, voxels in zip(island_facts(case, parts), parts, strict=True):
        assert_equal(found, by_brute_force(case, voxels))


def test_no_islands_have_no_facts() -> None:
    assert island_facts(small_case(0).measured(), []) == []


def test_an_island_beside_the_normal_bone_is_one_voxel_away_and_not_at_the_edge_for_that() -> None:
    case = small_case(0).measured()
    k, j, i = (int(n) for n in np.argwhere(case.normal_bone)[0])
    beside = Touching(np.array([np.ravel_multi_index((k, j, i - 1), case.grid.shape)])).voxels
    (fact,) = island_facts(case, [beside])
    assert fact.distance_to_normal_bone_mm == pytest.approx(0.6)
    neighbours = [(k, j - 1, i - 1), (k, j + 1, i - 1), (k, j, i - 2)]
    assert fact.touches_edge == (not all(case.disease_region[place] for place in neighbours))
