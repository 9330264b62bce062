"""Clicks, undo and redo through the workflow: decided, shown in the scene, and on disk when the call returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from Scene.scenes import assert_scene_shows, segment_bytes
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.ranking import RankScores, RankSource
from VHIWorkflowLib.core.targets import RankBelow, SmallerThan, TheseIslands
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.scene.errors import SceneError
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.workflow import Workflow
from VHIWorkflowLib.study.case_files import read_record


def session_of(workflow: Workflow) -> CleaningSession:
    assert workflow.session is not None
    return workflow.session


def centre(workflow: Workflow, number: int) -> Ras:
    return next(row.centre_ras for row in workflow.islands("size") if row.number == number)


def saved_steps(workflow: Workflow) -> list[str]:
    return [str(step) for step in read_record(workflow.open.folder).cleaning.steps]


def test_a_click_removes_an_island_and_the_next_brings_it_back(workflow: Workflow) -> None:
    before = workflow.vhi
    place = centre(workflow, 1)
    workflow.click(place)
    assert workflow.vhi.sensitive_voxels == before.sensitive_voxels - session_of(workflow).partition.size_of(Unit(1))
    assert_scene_shows(workflow)
    assert len(saved_steps(workflow)) == 1
    workflow.click(place)
    assert workflow.vhi == before
    assert_scene_shows(workflow)
    assert [step.action for step in session_of(workflow).steps] == ["remove", "restore"]


def test_in_keep_mode_a_click_keeps(workflow: Workflow) -> None:
    workflow.set_start("keep")
    assert workflow.vhi.sensitive_voxels == 0
    assert_scene_shows(workflow)
    place = centre(workflow, 2)
    workflow.click(place)
    assert workflow.vhi.sensitive_voxels == session_of(workflow).partition.size_of(Unit(2))
    workflow.click(place)
    assert workflow.vhi.sensitive_voxels == 0
    assert [step.action for step in session_of(workflow).steps] == ["keep", "restore"]
    with pytest.raises(VHIError, match="before the first step"):
        workflow.set_start("remove")


def test_a_click_beside_all_islands_does_nothing(workflow: Workflow) -> None:
    grid = workflow.open.stir.grid
    x, y, z = (float(n) for n in grid.to_ras((2, 18, 12))[0])
    assert not workflow.click((x, y, z))
    assert not workflow.click((1e4, 0.0, 0.0))
    assert workflow.undo_text() is None
    assert workflow.island_at((1e4, 0.0, 0.0)) is None


def test_a_click_in_slice_scope_takes_the_part(workflow: Workflow) -> None:
    row = next(row for row in workflow.islands("size") if row.slices[0] < row.slices[1])
    number = workflow.slice_number(row.centre_ras)
    workflow.click(row.centre_ras, in_slice=number)
    assert session_of(workflow).decision(Unit(row.number)) == "partly"
    assert_scene_shows(workflow)
    assert workflow.undo_text() == f"Undo: remove island {row.number} in slice {number}"
    workflow.click(row.centre_ras)
    assert session_of(workflow).decision(Unit(row.number)) == "removed"


def test_number_keys_remove_for_a_reason_and_change_it(workflow: Workflow) -> None:
    place = centre(workflow, 3)
    workflow.click(place, reason="vessel")
    assert workflow.undo_text() == "Undo: remove island 3 (vessel)"
    removed = workflow.vhi
    assert not workflow.click(place, reason="vessel")
    workflow.click(place, reason="artefact")
    assert workflow.vhi == removed
    assert workflow.island_at(place).reason == "artefact"
    workflow.undo()
    assert workflow.island_at(place).reason == "vessel"
    assert_scene_shows(workflow)


def test_a_click_in_3d_takes_the_island_under_it(workflow: Workflow) -> None:
    workflow.case.show_surface(True)
    row = workflow.islands("size")[0]
    assert workflow.surface_island_at(row.centre_ras) == row
    workflow.click_surface(row.centre_ras, reason="coil flare")
    assert session_of(workflow).decision(Unit(row.number)) == "removed"
    assert_scene_shows(workflow)


def test_the_buttons_say_what_they_do(workflow: Workflow) -> None:
    assert (workflow.undo_text(), workflow.redo_text()) == (None, None)
    workflow.remove(TheseIslands((1,)), reason="vessel")
    workflow.remove(TheseIslands((2, 3, 4)))
    with workflow.as_one_step():
        workflow.keep(TheseIslands((5,)))
        workflow.keep(TheseIslands((6,)))
    assert workflow.undo_text() == "Undo: keep 2 islands"
    workflow.undo()
    assert workflow.undo_text() == "Undo: remove 3 islands"
    assert workflow.redo_text() == "Redo: keep 2 islands"
    workflow.undo()
    assert workflow.undo_text() == "Undo: remove island 1 (vessel)"
    assert workflow.redo_text() == "Redo: remove 3 islands"
    workflow.redo()
    assert workflow.redo_text() == "Redo: keep 2 islands"


def test_texts_are_translated(scene: Any, worklist: Any, out: Any) -> None:
    german = {
        "Undo: {step}": "Rückgängig: {step}",
        "remove {what}{where}{why}": "{what}{where}{why} entfernen",
        "island {number}": "Insel {number}",
        " ({reason})": " ({reason})",
        "vessel": "Gefäß",
    }
    workflow = Workflow(scene, translate=lambda _context, text: german.get(text, text))
    workflow.open_study(worklist, out, "AB")
    workflow.open_case(0)
    workflow.remove(TheseIslands((1,)), reason="vessel")
    assert workflow.undo_text() == "Rückgängig: Insel 1 (Gefäß) entfernen"


def test_a_brush_cuts_the_island_it_covers_most(workflow: Workflow) -> None:
    session = session_of(workflow)
    voxels = session.partition.voxels_of(Unit(1))
    other = session.partition.voxels_of(Unit(2))[:2]
    workflow.cut(np.concatenate([voxels[:5], other]))
    assert 1 not in session.partition
    assert 2 in session.partition
    assert workflow.undo_text() == "Undo: cut island 1"
    assert_scene_shows(workflow)
    with pytest.raises(SceneError, match="no island under the brush"):
        workflow.cut(np.array([0]))


def test_many_steps_and_as_many_undos_restore_the_scene_bit_by_bit(workflow: Workflow) -> None:
    before, vhi = segment_bytes(workflow.case), workflow.vhi
    rng = np.random.default_rng(7)
    rows = workflow.islands("size")
    after = []
    for _ in range(60):
        row = rows[int(rng.integers(len(rows)))]
        in_slice = workflow.slice_number(row.centre_ras) if rng.random() < 0.3 else None
        assert workflow.click(row.centre_ras, in_slice=in_slice)
        after.append(segment_bytes(workflow.case))
    while workflow.undo_text() is not None:
        assert segment_bytes(workflow.case) == after.pop()
        workflow.undo()
    assert segment_bytes(workflow.case) == before
    assert workflow.vhi == vhi
    while workflow.redo():
        pass
    assert_scene_shows(workflow)


def test_listeners_are_told_once_what_changed(workflow: Workflow) -> None:
    told: list[frozenset[str]] = []
    workflow.changed.connect(told.append)
    workflow.changed.connect(told.append)
    workflow.click(centre(workflow, 1))
    workflow.undo()
    assert told == [{"masks", "session"}, {"study"}, {"masks", "session"}]
    workflow.changed.disconnect(told.append)
    workflow.redo()
    assert len(told) == 3


def test_the_list_says_at_the_first_step_that_a_case_is_begun(workflow: Workflow) -> None:
    assert workflow.study[0].state == "new"
    workflow.click(centre(workflow, 1))
    assert workflow.study[0].state == "begun"


def test_a_step_that_cannot_be_saved_is_shown_and_said(workflow: Workflow) -> None:
    workflow.click(centre(workflow, 2))
    record = workflow.open.folder / "case.json"
    record.unlink()
    record.mkdir()
    with pytest.raises(RecordError):
        workflow.remove(SmallerThan(1e9))
    assert workflow.vhi.sensitive_voxels == 0
    assert_scene_shows(workflow)


def test_islands_are_ranked_when_ranks_are_asked_for(workflow: Workflow) -> None:
    assert not workflow.has_ranks
    first = workflow.islands("rank")[0]
    assert workflow.has_ranks
    assert first.rank == max(row.rank or 0 for row in workflow.islands("size"))
    workflow.undo()
    workflow.remove(RankBelow(0.5))
    assert session_of(workflow).steps == () or session_of(workflow).steps[0].target["model"]["name"] == "island_rank"


def test_ranks_made_elsewhere_are_taken(workflow: Workflow) -> None:
    count = len(workflow.islands("size"))
    workflow.rank_islands(RankScores(np.linspace(0, 1, count), RankSource("elsewhere", "1", "0" * 64)))
    assert [row.number for row in workflow.islands("rank")] == list(range(1, count + 1))


def test_without_a_ranking_the_reading_goes_on_by_size(scene: Any, worklist: Any, out: Any) -> None:
    asked = []

    def broken(case: Preliminary, t1w: Any) -> RankScores:
        asked.append(case)
        raise VHIError("the model is missing")

    workflow = Workflow(scene, ranker=broken)
    workflow.open_study(worklist, out, "AB")
    workflow.open_case(0)
    assert [row.number for row in workflow.islands("rank")] == [row.number for row in workflow.islands("size")]
    assert workflow.next_suspicious() is not None
    assert workflow.next_suspicious(1) is not None
    assert len(asked) == 1
    assert "The islands have no ranks: the model is missing" in workflow.open.warnings
    with pytest.raises(VHIError, match="have no rank scores"):
        workflow.remove(RankBelow(0.5))


def test_hovering_outlines_the_island(workflow: Workflow) -> None:
    row = workflow.islands("size")[0]
    normal = workflow.open.stir.grid.affine[:3, 2]
    lines = workflow.outline_at(row.centre_ras, tuple(normal))
    assert lines.GetNumberOfLines() >= 8
    assert workflow.island_at(row.centre_ras) == row
    assert workflow.outline_at((1e4, 0.0, 0.0), tuple(normal)) is None


def test_steps_need_a_case_and_its_regions(scene: Any, new_workflow: Callable[..., Workflow]) -> None:
    empty = Workflow(scene)
    assert (empty.vhi, empty.thresholds, empty.undo_text(), empty.session) == (None, None, None, None)
    for step in (empty.undo, empty.finish, empty.islands, lambda: empty.click((0, 0, 0))):
        with pytest.raises(SceneError, match="no case is open"):
            step()
    with pytest.raises(SceneError, match="no list is open"):
        empty.open_case(0)
    workflow = new_workflow()
    with pytest.raises(SceneError, match="the list has 3 cases, none at place 8"):
        workflow.open_case(7)
