"""Regions drawn, loaded, found and corrected through the workflow, with thresholds and masks that follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Scene.scenes import assert_scene_shows, segment_bytes
from scipy.ndimage import binary_dilation
from Study.study_cases import ROLES, study_case, ticking_clock
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.worklists import Scan, WorklistCase, write_worklist
from VHIWorkflowLib.scene.errors import CancelledError, SceneError
from VHIWorkflowLib.scene.segments import CaseSegments
from VHIWorkflowLib.scene.workflow import Workflow
from VHIWorkflowLib.study.found_regions import FoundRegion, Model, Progress

CASE = study_case()
GRID = CASE.stir.grid
MODEL = Model("disease_region", "9.9", "0" * 64, "numpy 2", "cpu", "float32")


class Finder:
    """Knows the regions, and works slice by slice."""

    def check(self, *, disease_region: bool, normal_bone: bool) -> None:
        """All can be found."""

    def sha256s(self, *, disease_region: bool, normal_bone: bool) -> tuple[tuple[str, str], ...]:
        """One model."""
        return ((MODEL.name, MODEL.sha256),)

    def disease_region(self, t1w: Volume, stir: Grid, progress: Progress | None = None) -> FoundRegion:
        """As it is."""
        for done in range(1, 7):
            if progress:
                progress(done, 6)
        return FoundRegion(CASE.disease_region, MODEL)

    def normal_bone(self, stir: Volume, t1w: Volume, disease_region: BoolArray) -> FoundRegion:
        """As it is."""
        return FoundRegion(CASE.normal_bone, Model("normal_bone", "1", "1" * 64), ("look at it",), 0.8)


@pytest.fixture
def bare(scene: Any, tmp_path: Path, out: Path) -> Workflow:
    """A case of two scans, opened."""
    CASE.write(tmp_path / "scans")
    stir, t1w = (Scan(tmp_path / "scans" / f"{role}.nii.gz") for role in ROLES[:2])
    write_worklist([WorklistCase("S 07", "baseline", stir, t1w)], tmp_path / "list.tsv")
    workflow = Workflow(scene, clock=ticking_clock(), finder=Finder())
    workflow.open_study(tmp_path / "list.tsv", out, "AB")
    workflow.open_case(0)
    return workflow


@pytest.fixture
def found(bare: Workflow) -> Workflow:
    """The same with both regions found."""
    bare.segment_disease_region()
    bare.propose_normal_bone()
    return bare


def test_a_case_of_two_scans_waits_for_its_regions(bare: Workflow) -> None:
    assert bare.session is None
    assert (bare.vhi, bare.thresholds) == (None, None)
    assert_scene_shows(bare)
    with pytest.raises(SceneError, match="cannot be cleaned yet: the disease region has not been found yet"):
        bare.undo()
    with pytest.raises(MeasurementError, match="needs the disease region"):
        bare.propose_normal_bone()


def test_found_regions_give_islands_at_once(found: Workflow) -> None:
    assert found.thresholds is not None
    assert len(found.islands("size")) == found.open.reading.case.islands.number
    assert_scene_shows(found)
    assert found.study[0].state == "begun"
    assert str(found.open.origin(DISEASE_REGION)) == "disease_region 9.9"


def test_progress_is_told_and_stopping_changes_nothing(bare: Workflow) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    with pytest.raises(CancelledError):
        bare.segment_disease_region(progress, cancelled=lambda: len(told) == 3)
    assert told == [(1, 6), (2, 6), (3, 6)]
    assert bare.open.disease_region is None
    assert not bare.open.folder.exists()
    assert_scene_shows(bare)


def test_a_scene_closed_while_the_networks_run_keeps_what_they_find(bare: Workflow, scene: Any) -> None:
    with pytest.raises(SceneError, match="found and saved, but its case is not open any more"):
        bare.segment_disease_region(lambda done, total: scene.Clear(False) if done == 3 else None)
    assert bare.case is None
    bare.open_case(0)
    np.testing.assert_array_equal(bare.open.disease_region, CASE.disease_region)
    assert_scene_shows(bare)


def test_normal_bone_is_drawn_with_curves_and_previewed(bare: Workflow, scene: Any) -> None:
    bare.segment_disease_region()
    nodes = []
    for number in (1, 2, 3):
        node = scene.AddNewNodeByClass("vtkMRMLMarkupsClosedCurveNode", f"curve {number}")
        for corner in ((14.6, 9.6), (14.6, 14.4), (21.4, 14.4), (21.4, 9.6)):
            node.AddControlPointWorld(*GRID.to_ras((number, *corner))[0])
        nodes.append(node)
    preview = bare.normal_bone_preview(nodes)
    assert bare.open.normal_bone is None
    bare.propose_normal_bone()  # nothing of a proposal is left in what is drawn instead of it
    bare.set_region(NORMAL_BONE, nodes)
    assert preview.thresholds == bare.thresholds
    assert preview.voxels == bare.open.normal_bone.sum() > 100
    assert str(bare.open.origin(NORMAL_BONE)) == "drawn"
    assert_scene_shows(bare)
    few = bare.normal_bone_preview(scene.AddNewNodeByClass("vtkMRMLMarkupsClosedCurveNode", "begun"))
    assert "needs at least 3 points" in few.problem


def test_a_segment_edited_in_the_segment_editor_is_taken(found: Workflow) -> None:
    mask = found.open.normal_bone.copy()
    mask[1] = False
    found.case.segments.set_mask(NORMAL_BONE, mask)
    assert found.normal_bone_preview(found.case.segmentation_node).voxels == mask.sum()
    found.set_region(NORMAL_BONE, found.case.segmentation_node)
    np.testing.assert_array_equal(found.open.normal_bone, mask)
    assert str(found.open.origin(NORMAL_BONE)) == "normal_bone 1, edited"
    assert_scene_shows(found)


def test_another_segmentation_is_taken_by_the_name_of_its_segment(bare: Workflow, scene: Any) -> None:
    other = CaseSegments.add(scene, GRID, "by hand")
    segmentation = other.node.GetSegmentation()
    other.set_mask(DISEASE_REGION, CASE.disease_region)
    bare.set_region(DISEASE_REGION, other.node)
    np.testing.assert_array_equal(bare.open.disease_region, CASE.disease_region)
    for segment_id in ("sensitive", "conservative", "removed"):
        segmentation.RemoveSegment(segment_id)
    segmentation.GetSegment("normal_bone").SetName("bone")
    assert "is empty" in bare.normal_bone_preview(other.node).problem
    two = CaseSegments.add(scene, GRID, "two").node
    two.GetSegmentation().RemoveSegment("normal_bone")
    with pytest.raises(SceneError, match="'two' holds no single segment named 'Normal bone'"):
        bare.set_region(NORMAL_BONE, two)


def test_regions_are_loaded_from_files(bare: Workflow, tmp_path: Path) -> None:
    bare.load_region(DISEASE_REGION, tmp_path / "scans" / "disease_region.nii.gz")
    bare.load_region(NORMAL_BONE, tmp_path / "scans" / "normal_bone.nii.gz")
    np.testing.assert_array_equal(bare.open.normal_bone, CASE.normal_bone)
    assert str(bare.open.origin(NORMAL_BONE)) == "given"
    with pytest.raises(InputError, match=r"there\.nii\.gz"):
        bare.load_region(NORMAL_BONE, tmp_path / "there.nii.gz")
    assert_scene_shows(bare)


def test_painting_adds_and_takes_away(found: Workflow) -> None:
    voxels = np.flatnonzero(CASE.normal_bone)[:7]
    found.add_to_region(NORMAL_BONE, voxels, remove=True)
    assert found.open.normal_bone.sum() == CASE.normal_bone.sum() - 7
    found.add_to_region(NORMAL_BONE, voxels)
    np.testing.assert_array_equal(found.open.normal_bone, CASE.normal_bone)
    assert_scene_shows(found)


def test_every_stroke_is_undone_and_made_again_in_the_scene(found: Workflow) -> None:
    voxels = np.flatnonzero(CASE.normal_bone)
    acts = {
        "paint normal bone": lambda: found.add_to_region(NORMAL_BONE, voxels[:4] + 400),
        "outline normal bone": lambda: found.add_to_region(NORMAL_BONE, voxels[9:12] + 400, outline=True),
        "remove island 2": lambda: found.remove(TheseIslands((2,))),
        "erase normal bone": lambda: found.add_to_region(NORMAL_BONE, voxels[:7], remove=True),
        "erase a voxel of normal bone": lambda: found.erase_voxel(found.hangs()[0].voxel),
        "edit disease region": lambda: found.set_region(DISEASE_REGION, CASE.disease_region & CASE.keep),
    }
    before = []
    for act in acts.values():
        before.append(segment_bytes(found.case))
        act()
    after = [*before[1:], segment_bytes(found.case)]
    assert found.redo_text() is None
    for text, state in zip(reversed(acts), reversed(before), strict=True):
        assert found.undo_text() == f"Undo: {text}"
        assert found.undo()
        assert found.redo_text() == f"Redo: {text}"
        assert segment_bytes(found.case) == state
        assert_scene_shows(found)
    for text, state in zip(acts, after, strict=True):
        assert found.redo_text() == f"Redo: {text}"
        assert found.redo()
        assert segment_bytes(found.case) == state
        assert_scene_shows(found)


def test_found_regions_are_undone_until_the_case_is_bare(found: Workflow) -> None:
    assert found.undo_text() == "Undo: propose normal bone"
    found.undo()
    assert found.undo_text() == "Undo: find disease region"
    found.undo()
    assert (found.session, found.undo_text(), found.open.disease_region) == (None, None, None)
    assert_scene_shows(found)
    found.redo()
    found.redo()
    assert str(found.open.origin(NORMAL_BONE)) == "normal_bone 1"
    assert_scene_shows(found)
    found.open_case(0)
    assert (found.undo_text(), found.redo_text()) == (None, None)


def test_thresholds_moved_by_hand_are_on_record_and_can_be_taken_back(found: Workflow) -> None:
    computed, before = found.thresholds, found.vhi
    found.set_thresholds(computed.conservative, computed.conservative + 20)
    assert found.thresholds.iqr_multiple is None
    assert found.vhi.sensitive_voxels < before.sensitive_voxels
    assert_scene_shows(found)
    found.finish()
    assert found.results_node.GetTable().GetColumnByName("iqr_multiple").GetValue(0) == ""
    with pytest.raises(MeasurementError, match="must not lie above"):
        found.set_thresholds(500, 400)
    found.reset_thresholds()
    assert (found.thresholds, found.vhi) == (computed, before)


def test_decisions_outlast_a_corrected_region(found: Workflow) -> None:
    found.remove(TheseIslands((1, 2, 3)), reason="vessel")
    left = found.vhi.sensitive_voxels
    voxel = found.hangs()[0].voxel
    found.erase_voxel(voxel)
    assert not found.open.normal_bone[voxel]
    assert {row.decision for row in found.islands("size") if not row.counts} == {"removed"}
    assert abs(found.vhi.sensitive_voxels - left) < left
    assert found.undo_text() == "Undo: erase a voxel of normal bone"
    assert_scene_shows(found)


def test_what_hangs_on_the_region_is_said_in_plain_words(found: Workflow) -> None:
    hangs = found.hangs()
    weights = [abs(np.log(hang.ratio)) for hang in hangs if hang.ratio]
    assert weights == sorted(weights, reverse=True)
    top = next(hang for hang in hangs if hang.part == "brightest" and hang.which == 1)
    stability = found.open.reading.stability()
    assert top.ratio == stability.top_voxel_effect
    assert top.voxel == stability.brightest[0].index == (2, 18, 12)
    np.testing.assert_allclose(top.ras, GRID.to_ras(top.voxel)[0], atol=0.01)
    assert top.text == f"Without normal bone's brightest voxel VHI would be {abs(top.ratio - 1) * 100:.0f} % larger."
    for hang in hangs:
        if hang.part == "slice":
            assert hang.voxel[0] == hang.which
            assert found.open.normal_bone[hang.voxel]


def test_the_histogram_shows_regions_and_thresholds(found: Workflow) -> None:
    chart = found.case.chart_node
    assert chart.GetNumberOfPlotSeriesNodes() == 4
    names = [chart.GetNthPlotSeriesNode(number).GetName() for number in range(4)]
    assert names == ["Normal bone", "Disease region", "Sensitive", "Conservative"]

    def column(series: int, which: str) -> list[float]:
        node = chart.GetNthPlotSeriesNode(series)
        values = node.GetTableNode().GetTable().GetColumnByName(getattr(node, f"Get{which}ColumnName")())
        return [values.GetValue(row) for row in range(values.GetNumberOfValues())]

    assert sum(column(0, "Y")) == pytest.approx(100)
    assert 99 < sum(column(1, "Y")) <= 100
    assert column(2, "X") == [found.thresholds.sensitive] * 2
    assert column(3, "X") == [found.thresholds.conservative] * 2
    assert column(2, "Y")[1] == pytest.approx(max(column(0, "Y") + column(1, "Y")))


def test_what_was_read_ahead_is_taken(
    scene: Any, tmp_path: Path, out: Path, bare: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from VHIWorkflowLib.study import open_case
    from VHIWorkflowLib.study.read_ahead import PrepareRequest, leave, prepare, take

    files = bare.study[0].files
    request = PrepareRequest(
        files, tmp_path / "ahead", find_disease_region=True, propose_normal_bone=True, rank_islands=True
    )
    leave(prepare(request, finder=Finder()), request)
    prepared = take(tmp_path / "ahead", files)
    assert prepared is not None

    def unread(files: Any) -> None:
        raise AssertionError("the scans were read again")

    monkeypatch.setattr(open_case, "load_scans", unread)
    bare.open_case(0, prepared)
    np.testing.assert_array_equal(bare.open.disease_region, CASE.disease_region)
    assert bare.thresholds is not None
    assert bare.has_ranks
    assert_scene_shows(bare)


def test_t1w_may_lie_on_another_grid(scene: Any, tmp_path: Path, out: Path, slicer: Any) -> None:
    from VHIWorkflowLib.files.image_writing import write_volume

    files = CASE.write(tmp_path / "scans")
    affine = GRID.affine.copy()
    affine[:3, 0] *= 2
    coarse = Volume(np.ascontiguousarray(CASE.t1w.array[:, :, ::2]), Grid((6, 36, 20), affine))
    write_volume(tmp_path / "coarse.nii.gz", coarse)
    case = WorklistCase(
        "S 08", "baseline", files.stir, Scan(tmp_path / "coarse.nii.gz"), files.normal_bone, files.disease_region
    )
    write_worklist([case], tmp_path / "list.tsv")
    workflow = Workflow(scene)
    workflow.open_study(tmp_path / "list.tsv", out, "AB")
    shown = workflow.open_case(0)
    assert shown.t1w_node.GetImageData().GetDimensions() == (20, 36, 6)
    assert shown.stir_node.GetImageData().GetDimensions() == (40, 36, 6)
    assert_scene_shows(workflow)


def test_normal_bone_on_a_single_slice_is_said_to_need_more(found: Workflow) -> None:
    bone = found.open.normal_bone
    number = int(np.argmax(bone.sum(axis=(1, 2))))
    alone = np.zeros_like(bone)
    alone[number] = binary_dilation(bone[number])
    found.set_region(NORMAL_BONE, alone)
    texts = [hang.text for hang in found.hangs() if hang.part == "slice"]
    assert texts == [f"All of the normal bone lies on slice {number}: mark it on further slices."]
