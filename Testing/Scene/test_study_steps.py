"""The report of the results folder from the scene, and what is said where there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from Scene.test_workflow import read
from VHIWorkflowLib.files.worklists import read_worklist, write_worklist
from VHIWorkflowLib.report.report_process import MODULE
from VHIWorkflowLib.scene.errors import SceneError
from VHIWorkflowLib.scene.workflow import Workflow


def test_the_report_holds_the_change_from_the_earlier_to_the_later_time_point(
    new_workflow: Callable[..., Workflow], out: Path
) -> None:
    workflow = new_workflow()
    for position in (1, 0):
        read(workflow, position)
        workflow.finish()
    report = workflow.write_report()
    assert report.page == out / "report" / "report.html"
    assert report.time_points == ("baseline", "week 16")
    assert "Response, read by AB" in report.page.read_text(encoding="utf-8")
    assert (out / "report" / "patients" / "S 01.html").exists()


def test_a_process_beside_slicer_reads_what_the_scene_has(
    new_workflow: Callable[..., Workflow], tmp_path: Path
) -> None:
    """Every step is on disk when it returns, also one that was taken after its case was finished."""
    workflow = new_workflow()
    for position in (0, 1):
        read(workflow, position)
        workflow.finish()
    before = workflow.write_report(tmp_path / "before")
    workflow.undo()
    request = workflow.report_request(tmp_path / "beside")
    subprocess.run([sys.executable, "-m", MODULE, *request.arguments], capture_output=True, check=True, timeout=120)
    here = workflow.write_report(tmp_path / "here")
    assert request.time_points == here.time_points == ("baseline", "week 16")
    for name in ("report.html", "patients/S 01.html", "effort.tsv"):
        assert (request.out / name).read_bytes() == (here.out / name).read_bytes()
    assert (before.out / "effort.tsv").read_bytes() != (here.out / "effort.tsv").read_bytes()


def test_a_list_that_names_the_later_time_point_first_gives_the_same_change(
    scene: Any, worklist: Path, out: Path, tmp_path: Path
) -> None:
    backwards = tmp_path / "backwards.tsv"
    write_worklist(read_worklist(worklist)[::-1], backwards)
    workflow = Workflow(scene)
    workflow.open_study(backwards, out, "AB")
    for position in (1, 2):
        read(workflow, position)
        workflow.finish()
    assert workflow.write_report().time_points == ("baseline", "week 16")


def test_with_one_time_point_there_is_no_response(new_workflow: Callable[..., Workflow], tmp_path: Path) -> None:
    workflow = new_workflow()
    read(workflow, 0)
    workflow.finish()
    report = workflow.write_report(tmp_path / "elsewhere")
    assert (report.page, report.time_points) == (tmp_path / "elsewhere" / "report.html", None)
    assert "Response" not in report.page.read_text(encoding="utf-8")


def test_nothing_to_report_is_said(scene: Any, new_workflow: Callable[..., Workflow], out: Path) -> None:
    with pytest.raises(SceneError, match="nothing to report yet; open a list"):
        Workflow(scene).write_report()
    with pytest.raises(SceneError, match="nothing to report yet; finish a case"):
        new_workflow().write_report()
    assert not (out / "report").exists()


def test_a_blinded_list_has_no_report(new_workflow: Callable[..., Workflow], out: Path) -> None:
    workflow = new_workflow(blinded=True, seed=5)
    read(workflow, 0)
    workflow.finish()
    for ask in (workflow.write_report, workflow.report_request):
        with pytest.raises(SceneError, match="names of a blinded list"):
            ask()
    assert not (out / "report").exists()
