"""What lies under the cursor is the island at that voxel, and its outline is its rim."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from Core.cleaning_sessions import GRID, session_on, three_islands
from Core.small_cases import AXES, oblique_affine
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.islands import find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.scene.picking import Pick, outline, pick, pick_surface, view_axis, voxel_at

SESSION = session_on(three_islands())


def ras(kji: Any) -> tuple[float, float, float]:
    x, y, z = (float(n) for n in GRID.to_ras(kji)[0])
    return x, y, z


@given(st.tuples(st.floats(-0.49, 2.49), st.floats(-0.49, 5.49), st.floats(-0.49, 8.49)))
def test_the_voxel_at_a_point_is_the_one_whose_centre_is_nearest(place: tuple[float, float, float]) -> None:
    assert voxel_at(GRID, ras(place)) == tuple(int(np.floor(n + 0.5)) for n in place)


def test_outside_the_volume_there_is_nothing() -> None:
    for place in ((-0.6, 0, 0), (2.6, 0, 0), (0, 6, 0), (0, 0, -1)):
        assert voxel_at(GRID, ras(place)) is None
        assert pick(SESSION, ras(place)) is None


def test_each_voxel_of_an_island_picks_it() -> None:
    for voxel in np.argwhere(three_islands()):
        expected = SESSION.partition.units_at(np.array([np.ravel_multi_index(tuple(voxel), GRID.shape)]), None)
        found = pick(SESSION, ras(voxel + np.array((0.3, -0.4, 0.4))))
        assert found is not None
        assert [found.unit] == expected


def test_a_tiny_island_is_picked_from_right_beside_it_but_not_from_another_slice() -> None:
    beside = pick(SESSION, ras((0, 4, 3)))
    assert beside is not None
    assert beside.unit == Unit(2)
    assert beside.voxel == (0, 3, 3)
    assert pick(SESSION, ras((1, 4, 3))) is None
    assert pick(SESSION, ras((0, 5, 1))) is None


def test_within_a_slice_the_part_is_picked() -> None:
    found = pick(SESSION, ras((1, 0, 4)), in_slice=1)
    assert found is not None
    assert SESSION.partition.parts[found.unit.part or -1].slice_number == 1
    assert pick(SESSION, ras((1, 0, 4)), in_slice=2) is None


def test_removed_islands_are_picked_too_but_not_on_the_surface() -> None:
    session = session_on(three_islands())
    on_surface = ras((0.4, 0.6, 4))
    assert pick_surface(session, on_surface) is not None
    session.remove(TheseIslands((1,)), in_slice=0)
    found = pick_surface(session, on_surface)
    assert found is not None
    assert found.voxel[0] == 1
    session.remove(TheseIslands((1,)))
    assert pick(session, ras((0, 0, 4))) is not None
    found = pick_surface(session, on_surface)
    assert found is None or found.unit == Unit(2)


@pytest.mark.parametrize("axis", AXES)
def test_one_looks_along_the_axis_nearest_to_the_normal(axis: int) -> None:
    direction = GRID.affine[:3, 2 - axis] / GRID.spacing_mm[axis]
    x, y, z = -direction + (0.1, -0.05, 0.1)
    assert view_axis(GRID, (x, y, z)) == axis


def rim(mask: BoolArray) -> Counter[tuple[tuple[float, ...], ...]]:
    """Edges between a pixel of a mask and a neighbour outside it, one by one."""
    edges: Counter[tuple[tuple[float, ...], ...]] = Counter()
    padded = np.pad(mask, 1)
    for row, column in np.argwhere(mask):
        for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            if not padded[row + 1 + down, column + 1 + right]:
                middle = np.array([row + down / 2, column + right / 2])
                half = np.array([abs(right), abs(down)]) / 2
                edges[tuple(sorted((tuple(middle - half), tuple(middle + half))))] += 1
    return edges


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("slice_axis", AXES)
def test_the_outline_is_the_rim_of_the_island_in_the_plane(axis: int, slice_axis: int) -> None:
    pytest.importorskip("vtk", reason="slicer-core has no wheel for this Python")
    spacing = [0.6, 0.6, 0.6]
    spacing[2 - slice_axis] = 3.3
    grid = Grid((6, 7, 8), oblique_affine((spacing[0], spacing[1], spacing[2])))
    rng = np.random.default_rng(axis)
    mask = rng.random(grid.shape) < 0.3
    lattice = Lattice(grid.shape, slice_axis)
    session = CleaningSession(find_islands(Runs.of(lattice.codes_of(mask)), lattice), grid)
    largest = np.zeros(grid.shape, dtype=bool)
    largest.ravel()[session.partition.voxels_of(Unit(1))] = True
    voxel = np.argwhere(largest)[largest.sum() // 2]
    k, j, i = (int(n) for n in voxel)
    lines = outline(session, Pick(Unit(1), (k, j, i)), axis)
    points = np.array([lines.GetPoint(number) for number in range(lines.GetNumberOfPoints())])
    places = grid.from_ras(points)
    np.testing.assert_allclose(places[:, axis], voxel[axis], atol=1e-6)
    corners = np.delete(places, axis, axis=1).round(3).reshape(-1, 2, 2)
    found = Counter(tuple(sorted(tuple(float(n) for n in corner) for corner in edge)) for edge in corners)
    assert found == rim(largest.take(voxel[axis], axis=axis))
    assert lines.GetNumberOfLines() == len(corners)
