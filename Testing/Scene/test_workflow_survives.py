"""What users do to a scene: close it, delete and rename things in it, go back and forth through dozens of cases."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Scene.scenes import assert_scene_shows, delete_item, node_counts, segment_bytes
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.scene.hierarchy import hierarchy_of
from VHIWorkflowLib.scene.results_table import results_node
from VHIWorkflowLib.scene.workflow import Workflow

EMPTY = {"vtkMRMLSubjectHierarchyNode": 1, "items": 0}


def memory_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_switching_fifty_times_leaves_no_node_behind(new_workflow: Callable[..., Workflow], scene: Any) -> None:
    workflow = new_workflow()
    workflow.open_case(0)
    counts = node_counts(scene)
    for turn in range(50):
        workflow.open_case(turn % 3)
        workflow.case.show_surface(turn % 7 == 0)
        workflow.remove(TheseIslands((1 + turn % 5,)))
    workflow.open_case(0)
    assert node_counts(scene) == counts
    workflow.close_study()
    assert node_counts(scene) == EMPTY


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is counted on Linux only")
def test_switching_does_not_use_up_memory(new_workflow: Callable[..., Workflow]) -> None:
    """Scans of 20 MB each, kept in the scene and beside it: fifty lost cases would be 2 GB."""
    workflow = new_workflow()
    for turn in range(6):
        workflow.open_case(turn % 3)
    gc.collect()
    before = memory_mb()
    for turn in range(50):
        workflow.open_case(turn % 3)
        workflow.click(workflow.islands("size")[0].centre_ras)
    gc.collect()
    assert memory_mb() - before < 30


def test_the_scene_closed_in_the_middle_loses_nothing(workflow: Workflow, scene: Any) -> None:
    told: list[frozenset[str]] = []
    workflow.changed.connect(told.append)
    workflow.remove(TheseIslands((1, 2)), reason="vessel")
    left = workflow.vhi
    told.clear()
    scene.Clear(False)
    assert workflow.case is None
    assert workflow.vhi is None
    assert workflow.notice is not None
    assert "all of it is saved" in workflow.notice
    assert [what for what in told if "nodes" in what] == []
    assert any("case" in what for what in told)
    assert workflow.study[0].state == "begun"
    workflow.open_case(0)
    assert workflow.vhi == left
    assert workflow.notice is None
    assert workflow.undo_text() == "Undo: remove 2 islands (vessel)"
    assert_scene_shows(workflow)


def test_asking_while_the_scene_closes_leaves_no_node_behind(workflow: Workflow, scene: Any) -> None:
    """As a view does that is drawn again while its volume goes, with the cursor over an island."""
    place, asked = workflow.islands("size")[0].centre_ras, []

    def ask(*_event: Any) -> None:
        if workflow.case is not None:
            asked.append(workflow.island_at(place))

    tag = scene.AddObserver(scene.NodeRemovedEvent, ask)
    scene.Clear(False)
    scene.RemoveObserver(tag)
    assert asked
    assert workflow.case is None
    assert set(node_counts(scene)) <= set(EMPTY)


def test_a_scene_closed_before_a_case_was_opened_is_no_event(new_workflow: Callable[..., Workflow], scene: Any) -> None:
    workflow = new_workflow()
    scene.Clear(False)
    assert workflow.notice is None
    workflow.open_case(1)
    assert_scene_shows(workflow)
    workflow.finish()
    assert workflow.results_node.GetNumberOfRows() == 1


@pytest.mark.parametrize("what", ["segmentation", "stir", "t1w", "chart", "all"])
def test_deleted_nodes_come_back_as_they_were(workflow: Workflow, scene: Any, what: str) -> None:
    workflow.remove(TheseIslands((2,)))
    before, counts = segment_bytes(workflow.case), node_counts(scene)
    told: list[frozenset[str]] = []
    workflow.changed.connect(told.append)
    case = workflow.case
    nodes = {
        "segmentation": case.segmentation_node,
        "stir": case.stir_node,
        "t1w": case.t1w_node,
        "chart": case.chart_node,
    }
    for node in nodes.values() if what == "all" else [nodes[what]]:
        hierarchy = hierarchy_of(scene)
        delete_item(scene, hierarchy.GetItemByDataNode(node))
        assert not scene.IsNodePresent(node)
    assert {"nodes"} in told
    assert not workflow.case.is_complete
    workflow.make_complete()
    assert workflow.case.is_complete
    assert segment_bytes(workflow.case) == before
    workflow.click(workflow.islands("size")[0].centre_ras)
    assert_scene_shows(workflow)
    lost = counts - node_counts(scene)
    assert set(lost) <= {"vtkMRMLSegmentationDisplayNode", "vtkMRMLScalarVolumeDisplayNode"}
    workflow.close_study()
    left = node_counts(scene)
    assert {name: left[name] for name in EMPTY} == EMPTY


def test_a_step_right_after_a_deletion_makes_nodes_again(workflow: Workflow, scene: Any) -> None:
    scene.RemoveNode(workflow.case.segmentation_node)
    workflow.remove(TheseIslands((1,)))
    assert_scene_shows(workflow)


def test_a_deleted_segment_comes_back(workflow: Workflow) -> None:
    workflow.case.segmentation_node.GetSegmentation().RemoveSegment("conservative")
    workflow.remove(TheseIslands((1,)))
    assert_scene_shows(workflow)


def test_deleting_the_patient_in_the_data_module_loses_nothing(workflow: Workflow, scene: Any) -> None:
    workflow.remove(TheseIslands((1,)))
    hierarchy = hierarchy_of(scene)
    delete_item(scene, hierarchy.GetItemByName("S 01"))
    workflow.make_complete()
    workflow.remove(TheseIslands((2,)))
    assert_scene_shows(workflow)
    workflow.open_case(1)
    assert_scene_shows(workflow)
    workflow.close_study()
    assert node_counts(scene)["items"] == 0


def test_renaming_everything_changes_nothing(workflow: Workflow, scene: Any) -> None:
    for number in range(scene.GetNumberOfNodes()):
        scene.GetNthNode(number).SetName(f"renamed {number}")
    segmentation = workflow.case.segmentation_node.GetSegmentation()
    for number in range(segmentation.GetNumberOfSegments()):
        segmentation.GetNthSegment(number).SetName("the same")
    workflow.remove(TheseIslands((1, 4)))
    workflow.finish()
    assert_scene_shows(workflow)
    workflow.close_study()
    assert node_counts(scene) == EMPTY


def test_edits_of_a_mask_by_hand_are_overwritten_where_a_step_comes(workflow: Workflow) -> None:
    """Masks follow decisions; painting in them is no decision."""
    from VHIWorkflowLib.core.segment_kinds import SENSITIVE

    workflow.case.segments.set_mask(SENSITIVE, np.zeros(workflow.open.stir.grid.shape, dtype=bool))
    workflow.case.show_masks()
    assert_scene_shows(workflow)


def test_both_cases_of_a_subject_lie_under_one_patient(new_workflow: Callable[..., Workflow], scene: Any) -> None:
    workflow = new_workflow()
    hierarchy = hierarchy_of(scene)

    def under(node: Any) -> tuple[str, str]:
        study = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))
        return hierarchy.GetItemName(hierarchy.GetItemParent(study)), hierarchy.GetItemName(study)

    first = workflow.open_case(0)
    assert under(first.stir_node) == under(first.segmentation_node) == under(first.chart_node) == ("S 01", "baseline")
    second = Workflow(scene)
    second.open_study(workflow._source, workflow.study.out, "CD")
    shown = second.open_case(1)
    assert under(shown.t1w_node) == ("S 01", "week 16")
    assert hierarchy.GetNumberOfItemChildren(hierarchy.GetSceneItemID(), False) == 1
    second.close_case()
    assert_scene_shows(workflow)
    assert hierarchy.GetItemByName("S 01")
    workflow.close_case()
    assert not hierarchy.GetItemByName("S 01")


def test_lists_of_nodes_show_what_a_reader_has_a_use_for(workflow: Workflow, scene: Any) -> None:
    workflow.case.show_surface(True)
    nodes = [scene.GetNthNode(number) for number in range(scene.GetNumberOfNodes())]
    shown = {node.GetName() for node in nodes if not node.GetHideFromEditors() and node.IsA("vtkMRMLStorableNode")}
    title = "S 01  baseline"
    assert shown == {f"{title} STIR", f"{title} T1w", title, f"{title} islands in 3D", "VHI results"}


def test_two_readers_do_not_overwrite_each_other(new_workflow: Callable[..., Workflow], scene: Any) -> None:
    one = new_workflow()
    one.open_case(0)
    one.remove(TheseIslands((1,)))
    one.finish()
    other = Workflow(scene)
    other.open_study(one._source, one.study.out, "CD")
    other.open_case(0)
    assert other.undo_text() is None
    other.finish()
    assert other.results_node.GetNumberOfRows() == 2
    assert results_node(scene) is one.results_node


def test_a_workflow_that_is_gone_is_not_told(scene: Any, new_workflow: Callable[..., Workflow]) -> None:
    workflow = new_workflow()
    workflow.open_case(0)
    told: list[frozenset[str]] = []
    workflow.changed.connect(told.append)
    workflow.close()
    told.clear()
    scene.RemoveNode(workflow.case.stir_node)
    scene.Clear(False)
    assert told == []


def test_the_table_of_results_is_there_again_with_a_case_after_the_scene_was_closed(
    new_workflow: Callable[..., Workflow], scene: Any
) -> None:
    workflow = new_workflow()
    workflow.open_case(0)
    workflow.finish()
    scene.Clear(False)
    assert results_node(scene) is None
    workflow.open_case(1)
    assert results_node(scene).GetNumberOfRows() == 1
