"""Volumes that are in the scene already can be read: loaded from files, from DICOM, or made there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Files.dicom_files import write_series
from pydicom import dcmread
from Scene.scenes import assert_scene_shows, node_counts
from Study.study_cases import ROLES, study_case
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.files.volumes import read_image
from VHIWorkflowLib.scene.hierarchy import hierarchy_of
from VHIWorkflowLib.scene.volumes import add_volume
from VHIWorkflowLib.scene.workflow import Workflow

CASE = study_case()
NAMES = {"case_id": "N 1", "time_point": "baseline", "reader": "AB"}


def loaded(scene: Any, path: Path, *others: Path) -> Any:
    """A volume node as Slicer loads it from one file, or from several in their order."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", path.stem)
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    if others:
        storage.ResetFileNameList()
        for each in (path, *others):
            storage.AddFileName(str(each))
        storage.SetSingleFile(False)
    assert storage.ReadData(node)
    node.SetAndObserveStorageNodeID(storage.GetID())
    node.CreateDefaultDisplayNodes()
    return node


def mark(workflow: Workflow) -> None:
    """Give both regions, on the grid that the case has."""
    from VHIWorkflowLib.core.grids import Volume
    from VHIWorkflowLib.scene.axes import in_order_of

    for kind, mask in ((DISEASE_REGION, CASE.disease_region), (NORMAL_BONE, CASE.normal_bone)):
        volume = in_order_of(Volume(mask, CASE.stir.grid), workflow.open.stir.grid)
        assert volume is not None
        workflow.set_region(kind, volume.array)


def inputs(workflow: Workflow) -> dict[str, Path]:
    return {each.role: each.path for each in workflow.finish().inputs}


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
def test_volumes_loaded_from_files_are_recorded_with_these(scene: Any, tmp_path: Path, out: Path, ending: str) -> None:
    CASE.write(tmp_path, ending)
    stir, t1w = (loaded(scene, tmp_path / f"{role}{ending}") for role in ROLES[:2])
    workflow = Workflow(scene)
    case = workflow.open_nodes(stir, t1w, **NAMES, out=out)
    assert (case.stir_node, case.t1w_node) == (stir, t1w)
    mark(workflow)
    workflow.click(workflow.islands("size")[0].centre_ras)
    assert_scene_shows(workflow)
    found = inputs(workflow)
    assert (found["stir"], found["t1w"]) == (tmp_path / f"stir{ending}", tmp_path / f"t1w{ending}")
    assert not (workflow.open.folder / "stir.nrrd").exists()


def test_volumes_without_files_are_written_to_the_case_folder(scene: Any, out: Path) -> None:
    stir, t1w = add_volume(scene, CASE.stir, "a"), add_volume(scene, CASE.t1w, "b")
    workflow = Workflow(scene)
    workflow.open_nodes(stir, t1w, **NAMES, out=out)
    mark(workflow)
    assert_scene_shows(workflow)
    found = inputs(workflow)
    assert found["stir"] == workflow.open.folder / "stir.nrrd"
    np.testing.assert_array_equal(read_image(found["stir"]).array, CASE.stir.array)


def test_volumes_that_were_changed_since_are_written_anew(scene: Any, tmp_path: Path, out: Path) -> None:
    CASE.write(tmp_path)
    stir, t1w = (loaded(scene, tmp_path / f"{role}.nii.gz") for role in ROLES[:2])
    stir.GetImageData().SetScalarComponentFromDouble(5, 5, 2, 0, 999.0)
    workflow = Workflow(scene)
    workflow.open_nodes(stir, t1w, **NAMES, out=out)
    assert workflow.open.stir.array.max() == 999.0
    assert workflow.open.files.stir.path == workflow.open.folder / "stir.nrrd"
    assert workflow.open.files.t1w.path == tmp_path / "t1w.nii.gz"


def test_a_dicom_series_is_recorded_with_its_folder_and_uid(scene: Any, tmp_path: Path, out: Path) -> None:
    write_series(tmp_path / "dicom")
    by_place = sorted((tmp_path / "dicom").iterdir(), key=lambda path: int(dcmread(path).InstanceNumber))
    stir = loaded(scene, *by_place)
    workflow = Workflow(scene)
    workflow.open_nodes(stir, stir, **NAMES, out=out)
    assert workflow.open.files.stir.path == tmp_path / "dicom"
    assert workflow.open.files.stir.series


def test_a_case_is_continued_and_the_reader_keeps_the_volumes(scene: Any, out: Path) -> None:
    stir, t1w = add_volume(scene, CASE.stir, "mine"), add_volume(scene, CASE.t1w, "mine too")
    hierarchy_of(scene)
    before = node_counts(scene)
    workflow = Workflow(scene)
    workflow.open_nodes(stir, t1w, **NAMES, out=out)
    mark(workflow)
    workflow.remove(TheseIslands((1,)))
    left = workflow.vhi
    workflow.close_case()
    assert node_counts(scene) == before
    assert stir.GetName() == "mine"
    workflow.open_nodes(stir, t1w, **NAMES, out=out)
    assert workflow.vhi == left
    assert workflow.undo_text() == "Undo: remove island 1"


def test_segments_come_under_the_patient_of_the_volume(scene: Any, out: Path) -> None:
    """As loaded from DICOM: patient and study are in the hierarchy, and stay there."""
    hierarchy = hierarchy_of(scene)
    stir, t1w = add_volume(scene, CASE.stir, "STIR"), add_volume(scene, CASE.t1w, "T1w")
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Doe^J")
    study = hierarchy.CreateStudyItem(patient, "MRI SIJ")
    hierarchy.CreateItem(study, stir)
    workflow = Workflow(scene)
    case = workflow.open_nodes(stir, t1w, **NAMES, out=out)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(case.segmentation_node)) == study
    workflow.close_case()
    assert hierarchy.GetItemByDataNode(stir)
    assert hierarchy.GetItemName(study) == "MRI SIJ"


def test_a_volume_deleted_by_the_reader_comes_back_from_the_file(scene: Any, out: Path) -> None:
    stir, t1w = add_volume(scene, CASE.stir, "a"), add_volume(scene, CASE.t1w, "b")
    workflow = Workflow(scene)
    workflow.open_nodes(stir, t1w, **NAMES, out=out)
    scene.RemoveNode(stir)
    assert not workflow.case.is_complete
    workflow.make_complete()
    assert workflow.case.stir_node is not stir
    assert workflow.case.is_complete
