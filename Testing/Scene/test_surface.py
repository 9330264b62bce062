"""In 3D those islands are seen that count, and a click on one takes that one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from Study.study_cases import study_case
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import FloatArray
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.scene.case_nodes import CaseNodes
from VHIWorkflowLib.scene.picking import counts, pick_surface
from VHIWorkflowLib.scene.surface import IslandSurface


@pytest.fixture
def session() -> CleaningSession:
    case = study_case()
    return CleaningSession.of(measure(case.stir, case.normal_bone, case.disease_region))


@pytest.fixture
def surface(scene: Any, session: CleaningSession) -> IslandSurface:
    surface = IslandSurface(CaseNodes(scene, "case", "S 01", "baseline"), "3D", "removed")
    surface.show(session, True)
    return surface


def seen(surface: IslandSurface) -> FloatArray:
    """Middle of each face, RAS mm."""
    from vtk.util.numpy_support import vtk_to_numpy

    data = surface.node.GetPolyData()
    faces = vtk_to_numpy(data.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    middle: FloatArray = vtk_to_numpy(data.GetPoints().GetData())[faces].mean(axis=1)
    return middle


def islands_seen(surface: IslandSurface, session: CleaningSession) -> set[int]:
    """The islands whose voxels are nearest to the faces."""
    found = set()
    for x, y, z in seen(surface):
        picked = pick_surface(session, (float(x), float(y), float(z)))
        assert picked is not None
        found.add(picked.unit.island)
    return found


def assert_shows_what_counts(surface: IslandSurface, session: CleaningSession) -> None:
    expected = {number for number in session.partition if counts(session, Unit(number))}
    assert islands_seen(surface, session) == expected


def test_every_island_is_seen_at_its_place(surface: IslandSurface, session: CleaningSession) -> None:
    assert_shows_what_counts(surface, session)
    places = session.grid.to_ras(np.argwhere(session.mask()))
    margin = max(session.grid.spacing_mm)
    assert (seen(surface).min(axis=0) >= places.min(axis=0) - margin).all()
    assert (seen(surface).max(axis=0) <= places.max(axis=0) + margin).all()


def test_removed_islands_vanish_and_come_back(surface: IslandSurface, session: CleaningSession) -> None:
    faces = surface.node.GetPolyData().GetNumberOfCells()
    surface.apply(session, session.remove(TheseIslands((1, 3, 5))))
    assert_shows_what_counts(surface, session)
    surface.apply(session, session.undo())
    assert surface.node.GetPolyData().GetNumberOfCells() == faces


def test_parts_and_cuts_are_followed(surface: IslandSurface, session: CleaningSession) -> None:
    large = next(n for n in session.partition if len(session.partition.parts_of(Unit(n))) > 1)
    number = session.partition.parts[session.partition.parts_of(Unit(large))[0]].slice_number
    faces = surface.node.GetPolyData().GetNumberOfCells()
    surface.apply(session, session.remove(TheseIslands((large,)), in_slice=number))
    assert surface.node.GetPolyData().GetNumberOfCells() != faces
    middle = session.grid.from_ras(seen(surface))
    rest = np.argwhere(session.mask())
    for place in middle:
        assert np.abs(rest - place).max(axis=1).min() < 1.5
    surface.apply(session, session.undo())
    surface.apply(session, session.cut(1, session.partition.voxels_of(Unit(1))[:4]))
    assert_shows_what_counts(surface, session)


def test_nothing_is_worked_out_while_it_is_hidden(surface: IslandSurface, session: CleaningSession) -> None:
    surface.show(session, False)
    before = surface.node.GetPolyData().GetNumberOfCells()
    surface.apply(session, session.remove(TheseIslands((1,))))
    assert surface.node.GetPolyData().GetNumberOfCells() == before
    assert not surface.is_shown
    surface.show(session, True)
    assert_shows_what_counts(surface, session)


def test_when_all_is_removed_nothing_is_seen(surface: IslandSurface, session: CleaningSession) -> None:
    surface.apply(session, session.remove(TheseIslands(tuple(session.partition))))
    assert surface.node.GetPolyData().GetNumberOfCells() == 0
    surface.show(None, True)
    assert not surface.is_shown


def test_what_does_not_count_is_seen_faintly_where_it_is_asked_for(
    surface: IslandSurface, session: CleaningSession
) -> None:
    surface.apply(session, session.remove(TheseIslands((1, 3))))
    assert surface.removed_node.GetPolyData().GetNumberOfCells() == 0
    surface.show_removed(session, True)
    assert surface.shows_removed
    assert surface.removed_node.GetDisplayNode().GetOpacity() < 1
    assert removed_seen(surface, session) == {1, 3}
    surface.apply(session, session.undo())
    assert removed_seen(surface, session) == set()
    surface.show(session, False)
    assert not surface.removed_node.GetDisplayVisibility()


def removed_seen(surface: IslandSurface, session: CleaningSession) -> set[int]:
    """The islands whose voxels are nearest to the faint faces."""
    from vtk.util.numpy_support import vtk_to_numpy

    data = surface.removed_node.GetPolyData()
    faces = vtk_to_numpy(data.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    middles = vtk_to_numpy(data.GetPoints().GetData())[faces].mean(axis=1)
    picked = [pick_surface(session, (float(x), float(y), float(z)), removed_too=True) for x, y, z in middles]
    return {each.unit.island for each in picked if each is not None}
