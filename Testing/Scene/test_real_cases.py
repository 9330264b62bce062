"""The scene on real scans: oblique, stored left-handed, with hundreds of islands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from RealCases import REAL_CASES, RealCase, real_cases
from Scene.scenes import assert_scene_shows, node_counts, saved_and_opened, segment_bytes
from VHIWorkflowLib.files.worklists import Scan, WorklistCase, write_worklist
from VHIWorkflowLib.scene.views import show_acquisition_plane, shows_acquisition_plane, slice_in_view
from VHIWorkflowLib.scene.volumes import add_volume
from VHIWorkflowLib.scene.workflow import Workflow

pytestmark = pytest.mark.real_cases
NAMES = ("1013", "1016")


@pytest.fixture
def workflow(scene: Any, tmp_path: Path) -> Workflow:
    """Two real cases in a list."""
    cases = []
    for name in NAMES:
        folder = REAL_CASES / name
        stir, t1w = Scan(folder / "stir.nii.gz"), Scan(folder / "t1w.nii.gz")
        regions = (folder / "normal_bone.nii.gz",), folder / "disease_region.nii.gz"
        cases.append(WorklistCase(name, "baseline", stir, t1w, *regions))
    write_worklist(cases, tmp_path / "worklist.tsv")
    workflow = Workflow(scene)
    workflow.open_study(tmp_path / "worklist.tsv", tmp_path / "out", "AB")
    return workflow


@pytest.mark.parametrize("position", range(len(NAMES)), ids=NAMES)
def test_a_hundred_clicks_and_undos_restore_the_scene_bit_by_bit(workflow: Workflow, position: int) -> None:
    case = workflow.open_case(position)
    assert_scene_shows(workflow)
    before = segment_bytes(case)
    rows = workflow.islands("size")
    for place in np.resize(np.random.default_rng(3).permutation(len(rows)), 100):
        assert workflow.click(rows[int(place)].centre_ras)
    assert_scene_shows(workflow)
    for _ in range(100):
        workflow.undo()
    assert workflow.undo_text() is None
    assert segment_bytes(case) == before


def test_a_saved_scene_goes_on_though_slicer_turns_its_axes_round(workflow: Workflow, tmp_path: Path) -> None:
    workflow.open_case(1)
    workflow.click(workflow.islands("size")[5].centre_ras, reason="vessel")
    counts = node_counts(workflow.scene)
    again = Workflow(saved_and_opened(workflow.scene, tmp_path / "case.mrb"))
    case = again.attach()
    assert case is not None
    assert again.vhi == workflow.vhi
    assert_scene_shows(again)
    again.click(again.islands("size")[0].centre_ras)
    assert_scene_shows(again)
    assert counts["vtkMRMLSegmentationNode"] == node_counts(again.scene)["vtkMRMLSegmentationNode"] == 1


@pytest.mark.parametrize("position", range(len(NAMES)), ids=NAMES)
@pytest.mark.parametrize("preset", ["Axial", "Sagittal", "Coronal"])
def test_any_view_shows_the_acquisition_plane(workflow: Workflow, position: int, preset: str) -> None:
    workflow.open_case(position)
    grid = workflow.open.stir.grid
    view = workflow.scene.AddNewNodeByClass("vtkMRMLSliceNode", "view")
    getattr(view, f"SetOrientationTo{preset}")()
    view.JumpSliceByCentering(*grid.to_ras((np.array(grid.shape) - 1) / 2)[0])
    show_acquisition_plane(view, grid)
    assert shows_acquisition_plane(view, grid)
    assert slice_in_view(view, grid) == (grid.shape[grid.slice_axis] - 1) // 2


@pytest.mark.parametrize("case", list(real_cases()), ids=lambda case: case.case_id)
def test_a_scan_opens_with_grey_marrow_and_lesions_that_are_not_white(scene: Any, case: RealCase) -> None:
    stir = case.stir()
    display = add_volume(scene, stir, "STIR").GetDisplayNode()
    black, white = display.GetWindowLevelMin(), display.GetWindowLevelMax()
    marrow = (np.median(stir.array[case.normal_bone()]) - black) / (white - black)
    assert 0.19 <= marrow <= 0.5
    if case.has_manual_masks:
        lesion = (np.median(stir.array[case.majority()]) - black) / (white - black)
        assert marrow + 0.04 < lesion < 0.9
