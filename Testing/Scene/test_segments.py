"""The segments hold the masks bit by bit, whatever a reader or Slicer did to the segmentation in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from Core.cleaning_sessions import GRID, session_on, three_islands
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.core.steps_in_effect import Change
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.scene.segments import LOOKS, REMOVED, CaseSegments

BINARY = "Binary labelmap"
STRONG = np.isin(np.arange(three_islands().size), np.flatnonzero(three_islands())[::2])


@pytest.fixture
def segments(scene: Any) -> CaseSegments:
    """With three islands shown."""
    segments = CaseSegments.add(scene, GRID, "case")
    segments.set_mask(SENSITIVE, three_islands())
    segments.set_mask(CONSERVATIVE, STRONG.reshape(GRID.shape))
    return segments


def assert_shows(segments: CaseSegments, session: CleaningSession) -> None:
    np.testing.assert_array_equal(segments.mask_of(SENSITIVE), session.mask())
    np.testing.assert_array_equal(segments.mask_of(CONSERVATIVE), session.conservative_mask())
    np.testing.assert_array_equal(segments.mask_of(REMOVED), three_islands() & ~session.mask())


def image_in_slicer(node: Any, segment_id: str) -> Any:
    import slicer

    image = slicer.vtkOrientedImageData()
    assert node.GetBinaryLabelmapRepresentation(segment_id, image)
    return image


def test_every_segment_has_its_name_colour_code_and_layer(segments: CaseSegments) -> None:
    segmentation = segments.node.GetSegmentation()
    assert segmentation.GetNumberOfLayers() == segmentation.GetNumberOfSegments() == 5
    for kind in LOOKS:
        segment = segmentation.GetSegment(kind.segment_id)
        assert segment.GetName() == kind.name
        assert segment.GetColor() == pytest.approx(kind.colour)
        assert segment.GetTerminology() == kind.terminology.entry()


def test_masks_are_thin_outlines_with_a_faint_fill(segments: CaseSegments) -> None:
    display = segments.node.GetDisplayNode()
    assert not display.GetVisibility3D()
    for kind in (SENSITIVE, CONSERVATIVE, NORMAL_BONE, DISEASE_REGION):
        assert display.GetSegmentOpacity2DFill(kind.segment_id) <= 0.2
        assert display.GetSegmentOpacity2DOutline(kind.segment_id) >= 0.5
        assert segments.is_visible(kind)
    assert not segments.is_visible(REMOVED)


def test_slicer_finds_each_voxel_at_its_place(segments: CaseSegments) -> None:
    import vtk

    image, matrix = image_in_slicer(segments.node, "sensitive"), vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    k, j, i = (int(n) for n in np.argwhere(three_islands())[-1])
    assert image.GetScalarComponentAsDouble(i, j, k, 0) == 1
    assert matrix.MultiplyPoint((i, j, k, 1))[:3] == pytest.approx(GRID.to_ras((k, j, i))[0])


def test_steps_undo_and_redo_are_mirrored_voxel_by_voxel(segments: CaseSegments) -> None:
    session = session_on(three_islands())
    steps = (
        lambda: session.remove(TheseIslands((1,)), in_slice=1),
        lambda: session.remove(TheseIslands((2, 3))),
        lambda: session.restore(TheseIslands((3,))),
        lambda: session.cut(1, np.flatnonzero(three_islands())[:4]),
        session.undo,
        session.undo,
        session.redo,
    )
    for step in steps:
        segments.apply(step(), STRONG)
        assert_shows(segments, session)


def test_only_the_voxels_of_a_step_are_written(segments: CaseSegments) -> None:
    """A voxel that someone else marked outside the step stays as it is."""
    mark = np.flatnonzero(~three_islands())[:1]
    segments.write(SENSITIVE, mark, True)
    session = session_on(three_islands())
    segments.apply(session.remove(TheseIslands((2,))), STRONG)
    assert segments.mask_of(SENSITIVE).ravel()[mark].all()


def test_whoever_shows_the_segments_is_told(segments: CaseSegments) -> None:
    told = []
    segmentation = segments.node.GetSegmentation()
    for event in (segmentation.SourceRepresentationModified, segmentation.SegmentModified):
        segmentation.AddObserver(event, lambda _object, name: told.append(name))
    segments.apply(Change(hidden=(np.flatnonzero(three_islands())[:1],), steps=()), STRONG)
    assert len(told) >= 4


def test_renamed_segments_are_found(segments: CaseSegments) -> None:
    segments.node.GetSegmentation().GetSegment("sensitive").SetName("Läsionen")
    session = session_on(three_islands())
    segments.apply(session.remove(TheseIslands((1,))), STRONG)
    assert_shows(segments, session)


def test_deleted_segments_come_back(segments: CaseSegments) -> None:
    segments.node.GetSegmentation().RemoveSegment("sensitive")
    assert segments.missing == [SENSITIVE]
    assert segments.make_complete() == [SENSITIVE]
    segments.set_mask(SENSITIVE, three_islands())
    assert segments.missing == []
    np.testing.assert_array_equal(segments.mask_of(SENSITIVE), three_islands())


def test_segments_that_slicer_put_on_one_layer_get_their_own_again(segments: CaseSegments) -> None:
    """Slicer joins what does not overlap; writing one must not change the other."""
    segments.set_mask(CONSERVATIVE, np.zeros(GRID.shape, dtype=bool))
    region = np.zeros(GRID.shape, dtype=bool)
    region[1, 4, :] = True
    segments.set_mask(DISEASE_REGION, region)
    segments.node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert segments.node.GetSegmentation().GetNumberOfLayers() == 1
    np.testing.assert_array_equal(segments.mask_of(SENSITIVE), three_islands())
    session = session_on(three_islands())
    segments.apply(session.remove(TheseIslands((2,))), np.zeros_like(STRONG))
    np.testing.assert_array_equal(segments.mask_of(SENSITIVE), session.mask())
    np.testing.assert_array_equal(segments.mask_of(DISEASE_REGION), region)


def test_a_segment_that_an_effect_cropped_is_read_and_written(segments: CaseSegments, slicer: Any) -> None:
    """The Segment Editor leaves images on a part of the grid."""
    image = image_in_slicer(segments.node, "sensitive")
    cropped = slicer.vtkOrientedImageData()
    cropped.DeepCopy(image)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    part = [0, 8, 0, 3, 0, 2]
    slicer.vtkOrientedImageDataResample.CopyImage(image, cropped, part)
    segments.node.GetSegmentation().GetSegment("sensitive").AddRepresentation(BINARY, cropped)
    expected = three_islands()
    expected[:, 4:, :] = False
    np.testing.assert_array_equal(segments.mask_of(SENSITIVE), expected)
    assert logic.GetSegmentStatus(segments.node.GetSegmentation().GetSegment("sensitive")) is not None
    island = np.flatnonzero(three_islands())[-3:]
    segments.write(SENSITIVE, island, True)
    expected.ravel()[island] = True
    np.testing.assert_array_equal(segments.mask_of(SENSITIVE), expected)


def test_edits_are_in_the_file_that_slicer_saves(segments: CaseSegments, tmp_path: Any) -> None:
    from VHIWorkflowLib.files.segmentation_files import read_segmentation

    session = session_on(three_islands())
    segments.apply(session.remove(TheseIslands((1,))), STRONG)
    node = segments.node
    storage = node.CreateDefaultStorageNode()
    node.GetScene().AddNode(storage)
    storage.SetFileName(str(tmp_path / "case.seg.nrrd"))
    assert storage.WriteData(node)
    found = read_segmentation(tmp_path / "case.seg.nrrd", GRID)
    np.testing.assert_array_equal(found["Sensitive"].array, session.mask())
