"""A reading from the worklist to the table, blinded or not, and what is on record of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from Scene.scenes import all_texts, assert_scene_shows
from Study.study_cases import files_below, study_case
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.targets import TheseIslands, Touching
from VHIWorkflowLib.files.results import COLUMNS, read_rows
from VHIWorkflowLib.scene.errors import SceneError
from VHIWorkflowLib.scene.workflow import Workflow
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.measure_case import Request, measure_case

EFFORT = ("seconds_spent", "undo_count", "redo_count", "undone")


def read(workflow: Workflow, position: int) -> None:
    """Read a case as its truth says: keep what was to be kept, after some back and forth."""
    workflow.open_case(position)
    workflow.remove(TheseIslands(tuple(workflow.session.partition)), reason="other")
    seed = {"S 01": {"baseline": 1, "week 16": 2}, "S 02": {"baseline": 3}}[workflow.open.key.case_id]
    workflow.keep(Touching.mask(study_case(seed[workflow.open.key.time_point]).keep))
    workflow.undo()
    workflow.redo()


def cells(workflow: Workflow) -> list[list[str]]:
    table = workflow.results_node.GetTable()
    columns = [table.GetColumn(number) for number in range(table.GetNumberOfColumns())]
    return [[column.GetValue(row) for column in columns] for row in range(table.GetNumberOfRows())]


def test_a_list_is_read_to_its_end(new_workflow: Callable[..., Workflow], out: Path) -> None:
    workflow = new_workflow()
    told: list[frozenset[str]] = []
    workflow.changed.connect(told.append)
    assert workflow.results_node.GetNumberOfRows() == 0
    read(workflow, 0)
    assert workflow.finish_and_next() is workflow.case
    assert any("results" in what for what in told)
    assert workflow.position == 1
    assert [case.state for case in workflow.study] == ["done", "new", "new"]
    assert_scene_shows(workflow)
    read(workflow, 1)
    workflow.finish_and_next()
    read(workflow, 2)
    assert workflow.finish_and_next() is None
    assert [case.state for case in workflow.study] == ["done"] * 3
    rows = cells(workflow)
    with (out / "results.tsv").open(newline="", encoding="utf-8") as file:
        header, *expected = csv.reader(file, delimiter="\t")
    assert (tuple(header), rows) == (COLUMNS, expected)
    assert [row.vhi_sensitive_mm3 for row in read_rows(out / "results.tsv")] == pytest.approx(
        [case.vhi_mm3 for case in workflow.study], abs=1e-3
    )


def test_a_finished_case_is_opened_again_changed_and_finished_again(
    new_workflow: Callable[..., Workflow], out: Path
) -> None:
    workflow = new_workflow()
    read(workflow, 0)
    first = workflow.finish()
    workflow.open_case(1)
    workflow.open_case(0)
    assert workflow.vhi == first.vhi
    assert workflow.row_text().split("\t") == cells(workflow)[0]
    workflow.undo()
    assert workflow.study[0].state == "begun"
    with pytest.raises(SceneError, match="finish it first"):
        workflow.row_text()
    second = workflow.finish()
    assert second.vhi != first.vhi
    assert workflow.results_node.GetNumberOfRows() == 1
    assert (out / "results.history.tsv").exists()


def test_flags_and_exports(new_workflow: Callable[..., Workflow], tmp_path: Path) -> None:
    workflow = new_workflow()
    with pytest.raises(SceneError, match="finish a case first"):
        workflow.export_results(tmp_path / "all.csv")
    read(workflow, 1)
    workflow.flag("joint fluid or oedema?")
    assert workflow.study[1].flag == "joint fluid or oedema?"
    workflow.flag(None)
    assert workflow.study[1].flag is None
    workflow.write_overview(tmp_path / "overview.png")
    assert (tmp_path / "overview.png").read_bytes()[1:4] == b"PNG"
    workflow.finish()
    workflow.export_results(tmp_path / "all.csv")
    assert "week 16" in (tmp_path / "all.csv").read_text(encoding="utf-8-sig")


def test_a_blinded_list_tells_no_name_and_no_time_point(new_workflow: Callable[..., Workflow], tmp_path: Path) -> None:
    """Neither in the names of nodes and items, nor in texts, tables, attributes or file names."""
    workflow = new_workflow(blinded=True, seed=5)
    scene = workflow.scene
    order = [(case.key.case_id, case.key.time_point) for case in workflow.study]
    assert order != sorted(order)
    for position in range(3):
        read(workflow, position)
        workflow.case.show_surface(True)
        assert workflow.case.title == f"Case {position + 1}"
        workflow.finish()
        assert scene.WriteToMRB(str(tmp_path / f"{position}.mrb"))
        with ZipFile(tmp_path / f"{position}.mrb") as saved:
            text = "\n".join([*saved.namelist(), all_texts(scene)])
        assert f"Case {position + 1}" in text
        for secret in ("S 01", "S 02", "baseline", "week 16"):
            assert secret not in text, secret
    assert [row[:3] for row in cells(workflow)] == [[f"Case {n}", "", "AB"] for n in (1, 2, 3)]
    assert workflow.row_text().split("\t")[:2] == ["Case 3", ""]
    workflow.write_overview(tmp_path / "overview.png")
    with pytest.raises(SceneError, match="names of a blinded list"):
        workflow.export_results(tmp_path / "all.csv")


def test_the_record_is_that_of_the_command_line_repeating_the_steps(
    new_workflow: Callable[..., Workflow], tmp_path: Path
) -> None:
    """File by file, time stamps and effort apart."""
    workflow = new_workflow()
    read(workflow, 0)
    part = next(row for row in workflow.islands("size") if row.slices[0] < row.slices[1])
    workflow.click(part.centre_ras, in_slice=workflow.slice_number(part.centre_ras))
    whole = next(number for number in workflow.session.partition if number != part.number)
    workflow.cut(workflow.session.partition.voxels_of(Unit(whole))[:4])
    workflow.finish()
    ours = workflow.open
    request = Request(ours.key, ours.files, tmp_path / "again", steps=ours.folder)
    outcome = measure_case(request)
    assert_same_files(files_below(ours.folder), files_below(outcome.folder))
    (row,), (again,) = (read_rows(folder / "results.tsv") for folder in (workflow.study.out, tmp_path / "again"))
    assert row.cleaning_seconds > 0
    assert replace(again, measured_at=row.measured_at, cleaning_seconds=row.cleaning_seconds) == row


def test_so_is_the_record_with_regions_drawn_and_thresholds_moved_by_hand(
    new_workflow: Callable[..., Workflow], tmp_path: Path
) -> None:
    from VHIWorkflowLib.core.segment_kinds import NORMAL_BONE
    from VHIWorkflowLib.study.case_inputs import CaseFiles

    workflow = new_workflow()
    workflow.open_case(0)
    workflow.remove(TheseIslands((1, 2)), reason="vessel")
    mask = workflow.open.normal_bone.copy()
    mask[1, :16] = False
    workflow.set_region(NORMAL_BONE, mask)
    workflow.erase_voxel(workflow.hangs()[0].voxel)
    workflow.undo()
    workflow.islands("rank")
    workflow.remove(TheseIslands((4,)), reason="artefact")
    workflow.finish()
    ours = workflow.open
    drawn = ours.folder / "regions.seg.nrrd"
    files = CaseFiles(ours.files.stir, ours.files.t1w, (drawn,), ours.files.disease_region)
    outcome = measure_case(Request(ours.key, files, tmp_path / "again", steps=ours.folder))
    assert_same_files(files_below(ours.folder), files_below(outcome.folder))


def assert_same_files(ours: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    """Label map and segmentation byte by byte, the record entry by entry but for times."""
    assert set(theirs) <= set(ours)
    for name in ("labelmap.nii.gz", "segmentation.seg.nrrd"):
        assert ours[name] == theirs[name], name
    one, other = (json.loads(files["case.json"]) for files in (ours, theirs))
    for document in (one, other):
        del document["measured_at"]
        for effort in EFFORT:
            del document["cleaning"][effort]
        document["inputs"] = [
            {key: value for key, value in each.items() if key in ("role", "sha256")}
            for each in document["inputs"]
            if each["role"] != "steps"
        ]
    assert one == other


def test_the_record_of_a_reading_replays_to_what_the_scene_shows(new_workflow: Callable[..., Workflow]) -> None:
    workflow = new_workflow()
    read(workflow, 2)
    workflow.finish()
    record = read_record(workflow.open.folder)
    assert record.vhi == workflow.vhi
    other = new_workflow()
    other.open_case(2)
    np.testing.assert_array_equal(other.session.mask(), workflow.session.mask())
