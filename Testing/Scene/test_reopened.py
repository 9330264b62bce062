"""A scene saved and opened again goes on where it was, with its files in place, moved or lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from Scene.scenes import assert_scene_shows, node_counts, saved_and_opened
from VHIWorkflowLib.core.segment_kinds import NORMAL_BONE
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.files.worklists import read_worklist, write_worklist
from VHIWorkflowLib.scene.errors import SceneError
from VHIWorkflowLib.scene.workflow import Workflow


@pytest.fixture
def own_list(worklist: Path, tmp_path: Path) -> Path:
    """A copy of the list and its scans, to move and delete."""
    shutil.copytree(worklist.parent, tmp_path / "study")
    return tmp_path / "study" / worklist.name


@pytest.fixture
def read_half(scene: Any, own_list: Path, out: Path) -> Workflow:
    """A case half read."""
    workflow = Workflow(scene)
    workflow.open_study(own_list, out, "AB")
    workflow.open_case(0)
    workflow.remove(TheseIslands((1, 2)), reason="vessel")
    workflow.remove(TheseIslands((3,)))
    workflow.undo()
    workflow.erase_voxel(workflow.hangs()[0].voxel)
    workflow.remove(TheseIslands((5,)), reason="artefact")
    return workflow


@pytest.fixture
def opened_again(read_half: Workflow, tmp_path: Path) -> Any:
    """The scene of it, saved and opened by a program that has just started."""
    read_half.case.show_surface(True)
    return saved_and_opened(read_half.scene, tmp_path / "case.mrb")


def assert_continues(workflow: Workflow, before: Workflow) -> None:
    assert workflow.session.mask().sum() == before.session.mask().sum()
    assert workflow.vhi.sensitive_mm3 == pytest.approx(before.vhi.sensitive_mm3)
    assert workflow.session.recorded().steps == before.session.recorded().steps
    assert workflow.undo_text() == "Undo: remove island 5 (artefact)"
    assert str(workflow.open.origin(NORMAL_BONE)) == "drawn"
    assert_scene_shows(workflow)
    workflow.undo()
    workflow.click(workflow.islands("size")[0].centre_ras)
    assert_scene_shows(workflow)
    workflow.finish()


def test_a_scene_without_a_case_has_nothing_to_go_on_with(scene: Any) -> None:
    assert Workflow(scene).attach() is None


def test_a_scene_goes_on_where_it_was(opened_again: Any, read_half: Workflow) -> None:
    counts = node_counts(opened_again)
    workflow = Workflow(opened_again)
    case = workflow.attach()
    assert case is workflow.case is workflow.attach()
    assert workflow.notice is None
    assert workflow.position == 0
    assert node_counts(opened_again) == counts
    assert_continues(workflow, read_half)
    workflow.open_case(1)
    assert_scene_shows(workflow)
    workflow.close_study()
    assert node_counts(opened_again) == {"vtkMRMLSubjectHierarchyNode": 1, "items": 0}


def test_a_scene_older_than_the_folder_shows_the_case_as_last_left(opened_again: Any, read_half: Workflow) -> None:
    read_half.undo()
    read_half.remove(TheseIslands((7, 8)))
    workflow = Workflow(opened_again)
    workflow.attach()
    assert workflow.vhi == read_half.vhi
    assert workflow.undo_text() == "Undo: remove 2 islands"
    assert_scene_shows(workflow)


def test_results_that_moved_are_made_again_from_the_scene(opened_again: Any, read_half: Workflow, out: Path) -> None:
    out.rename(out.with_name("elsewhere"))
    workflow = Workflow(opened_again)
    workflow.attach()
    assert workflow.notice == "Files were not where they had been; taken from the scene: the record, the regions."
    assert_continues(workflow, read_half)


def test_another_folder_can_be_named(opened_again: Any, read_half: Workflow, out: Path, tmp_path: Path) -> None:
    shutil.rmtree(out)
    out.write_text("a file where the folder was")
    workflow = Workflow(opened_again)
    workflow.attach(tmp_path / "new")
    assert workflow.open.folder.is_relative_to(tmp_path / "new")
    assert_continues(workflow, read_half)


def test_with_all_files_lost_the_scene_itself_goes_on(
    opened_again: Any, read_half: Workflow, own_list: Path, out: Path
) -> None:
    shutil.rmtree(own_list.parent)
    shutil.rmtree(out)
    workflow = Workflow(opened_again)
    workflow.attach()
    assert workflow.study is None
    assert workflow.notice is not None
    assert "the scans" in workflow.notice
    assert_continues(workflow, read_half)


def test_a_lost_region_file_comes_from_the_scene(opened_again: Any, read_half: Workflow, own_list: Path) -> None:
    (own_list.parent / "S 01" / "baseline" / "disease_region.nii.gz").unlink()
    workflow = Workflow(opened_again)
    workflow.attach()
    assert workflow.notice == "Files were not where they had been; taken from the scene: the regions."
    assert_continues(workflow, read_half)


def test_a_case_that_left_the_list_goes_on_without_it(opened_again: Any, read_half: Workflow, own_list: Path) -> None:
    write_worklist(read_worklist(own_list)[1:], own_list)
    workflow = Workflow(opened_again)
    workflow.attach()
    assert workflow.position is None
    assert_continues(workflow, read_half)


def test_a_blinded_case_goes_on_blinded(
    new_workflow: Callable[..., Workflow], tmp_path: Path, out: Path, worklist: Path
) -> None:
    """And never under the name of another one: without its own list it does not go on."""
    workflow = new_workflow(blinded=True, seed=5)
    workflow.open_case(1)
    workflow.remove(TheseIslands((1, 2)))
    opened = saved_and_opened(workflow.scene, tmp_path / "case.mrb")
    again = Workflow(opened)
    again.attach()
    assert again.case.title == "Case 2"
    assert again.study.blinded
    assert again.open.key == workflow.open.key
    assert again.vhi == workflow.vhi
    assert_scene_shows(again)
    shutil.rmtree(out)
    again.close()
    lost = Workflow(saved_and_opened(workflow.scene, tmp_path / "again.mrb"))
    with pytest.raises(SceneError, match="blinded list and cannot go on without it"):
        lost.attach()
    other = Workflow(workflow.scene)
    other.open_study(worklist, out, "AB", blinded=True, seed=6)
    with pytest.raises(SceneError, match="cannot go on without it: there is no such list"):
        lost.attach()


def test_the_texts_of_the_scene_follow_each_step(workflow: Workflow) -> None:
    """Slicer says nothing before it saves, so the scene must be ready at any time."""
    from VHIWorkflowLib.scene.reopened import RECORD_ROLE

    for step in (lambda: workflow.remove(TheseIslands((1,))), workflow.undo, workflow.finish):
        step()
        record = (workflow.open.folder / "case.json").read_text(encoding="utf-8")
        assert workflow.case.nodes.get(RECORD_ROLE).GetText() == record
