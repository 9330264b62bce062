"""Label maps and segmentations: voxel for voxel, byte for byte, and as 3D Slicer itself reads and writes them."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from VHIWorkflowLib.core import segment_kinds
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE, Code
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.segmentation_files import (
    Segment,
    read_labelmap,
    read_segmentation,
    write_labelmap,
    write_segmentation,
)

KINDS = (SENSITIVE, CONSERVATIVE, NORMAL_BONE, DISEASE_REGION)

SNOMED = {
    ("85756007", "Tissue"),
    ("49755003", "Morphologically Altered Structure"),
    ("23583003", "Inflammation"),
    ("272673000", "Bone"),
    ("39723000", "Sacroiliac joint"),
    ("54735007", "Sacrum"),
    ("51440002", "Right and left"),
}
"""The codes as they stand in the terminologies that come with Slicer."""


def oblique_grid(shape: tuple[int, int, int] = (7, 12, 10), *, left_handed: bool = False) -> Grid:
    """Grid of an oblique coronal acquisition."""
    angle = np.deg2rad(31)
    directions = np.array([[-1, 0, 0], [0, np.sin(angle), np.cos(angle)], [0, -np.cos(angle), np.sin(angle)]])
    if left_handed:
        directions[:, 2] *= -1
    affine = np.eye(4)
    affine[:3, :3] = directions * [0.595238, 0.595238, 3.3]
    affine[:3, 3] = [88.123456789, -41.5, 17.0 / 3]
    return Grid(shape, affine)


@pytest.fixture(params=[False, True], ids=["one-hand", "other-hand"])
def grid(request: pytest.FixtureRequest) -> Grid:
    return oblique_grid(left_handed=request.param)


def masks(grid: Grid) -> list[BoolArray]:
    """Sensitive, conservative (inside it), normal bone, disease region (around the first two)."""
    disease = np.zeros(grid.shape, dtype=bool)
    disease[1:6, 2:11, 1:6] = True
    sensitive = disease & (np.random.default_rng(1).random(grid.shape) < 0.4)
    conservative = sensitive & (np.random.default_rng(2).random(grid.shape) < 0.5)
    normal = np.zeros(grid.shape, dtype=bool)
    normal[2:5, 3:9, 7:9] = True
    return [sensitive, conservative, normal, disease]


def segments(grid: Grid) -> list[Segment]:
    return [Segment(kind, mask) for kind, mask in zip(KINDS, masks(grid), strict=True)]


def labels(grid: Grid) -> np.ndarray:
    sensitive, conservative = masks(grid)[:2]
    return sensitive.astype(np.uint8) + conservative


def test_labelmap_reads_back_on_its_grid(tmp_path: Path, grid: Grid) -> None:
    path = tmp_path / "labelmap.nii.gz"
    write_labelmap(path, labels(grid), grid)
    volume = read_labelmap(path)
    assert volume.array.dtype == np.uint8
    np.testing.assert_array_equal(volume.array, labels(grid))
    np.testing.assert_allclose(volume.grid.affine, grid.affine, atol=1e-5)
    assert os.listdir(tmp_path) == ["labelmap.nii.gz"]


def test_the_same_masks_give_the_same_bytes(tmp_path: Path, grid: Grid) -> None:
    for folder in ("a", "b"):
        write_labelmap(tmp_path / folder / "labelmap.nii.gz", labels(grid), grid)
        write_segmentation(tmp_path / folder / "segmentation.seg.nrrd", segments(grid), grid)
        time.sleep(1.1)  # a time stamp in seconds would show
    for name in ("labelmap.nii.gz", "segmentation.seg.nrrd"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_segmentation_reads_back_voxel_for_voxel(tmp_path: Path, grid: Grid) -> None:
    path = tmp_path / "segmentation.seg.nrrd"
    write_segmentation(path, segments(grid), grid)
    found = read_segmentation(path)
    assert list(found) == ["Sensitive", "Conservative", "Normal bone", "Disease region"]
    for segment in segments(grid):
        np.testing.assert_array_equal(found[segment.kind.name].array, segment.mask)
        np.testing.assert_allclose(found[segment.kind.name].grid.affine, grid.affine, atol=1e-12)


def test_empty_segments_are_kept(tmp_path: Path, grid: Grid) -> None:
    path = tmp_path / "segmentation.seg.nrrd"
    write_segmentation(path, [Segment(kind, np.zeros(grid.shape, dtype=bool)) for kind in KINDS], grid)
    assert {name: int(volume.array.sum()) for name, volume in read_segmentation(path).items()} == {
        kind.name: 0 for kind in KINDS
    }


def test_every_code_is_one_that_slicer_lists() -> None:
    codes = {code for code in vars(segment_kinds).values() if isinstance(code, Code)}
    assert {(code.value, code.meaning) for code in codes} == SNOMED
    assert {code.scheme for code in codes} == {"SCT"}
    assert [kind.name for kind in KINDS] == ["Sensitive", "Conservative", "Normal bone", "Disease region"]


@pytest.mark.parametrize("spoiled", ["shape", "type", "label"])
def test_labels_that_are_none_are_refused(tmp_path: Path, spoiled: str) -> None:
    grid = oblique_grid()
    array = {
        "shape": np.zeros((3, 3, 3), np.uint8),
        "type": np.zeros(grid.shape, np.int16),
        "label": np.full(grid.shape, 3, np.uint8),
    }[spoiled]
    with pytest.raises(ValueError, match="labels 0, 1 and 2"):
        write_labelmap(tmp_path / "labelmap.nii.gz", array, grid)
    assert os.listdir(tmp_path) == []


def test_masks_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="masks of shape"):
        write_segmentation(tmp_path / "s.seg.nrrd", [Segment(SENSITIVE, np.zeros((2, 2, 2), bool))], oblique_grid())


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    ).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_is_named_and_the_old_files_stay(small_disk: Path) -> None:
    grid = oblique_grid((60, 60, 60))
    noise = np.random.default_rng(0).random(grid.shape) < 0.5
    write_labelmap(small_disk / "labelmap.nii.gz", np.zeros(grid.shape, np.uint8), grid)
    write_segmentation(small_disk / "segmentation.seg.nrrd", [Segment(SENSITIVE, ~noise & noise)], grid)
    before = {file.name: file.read_bytes() for file in small_disk.iterdir()}
    filler = small_disk / "filler"
    filler.write_bytes(bytes(36_000))
    with pytest.raises(RecordError, match=r"labelmap\.nii\.gz: .*(disk|space)"):
        write_labelmap(small_disk / "labelmap.nii.gz", noise.astype(np.uint8), grid)
    with pytest.raises(RecordError, match=r"segmentation\.seg\.nrrd: the disk is full"):
        write_segmentation(small_disk / "segmentation.seg.nrrd", [Segment(SENSITIVE, noise)], grid)
    filler.unlink()
    assert {file.name: file.read_bytes() for file in small_disk.iterdir()} == before


def test_labelmap_that_is_not_whole_after_writing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SimpleITK.WriteImage

    def cut_off(image: object, name: str, *rest: object) -> None:
        real(image, name, *rest)
        os.truncate(name, os.path.getsize(name) - 20)

    monkeypatch.setattr(SimpleITK, "WriteImage", cut_off)
    grid = oblique_grid()
    with pytest.raises(RecordError, match="was not written whole"):
        write_labelmap(tmp_path / "labelmap.nii.gz", labels(grid), grid)
    assert os.listdir(tmp_path) == []


def test_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    grid = oblique_grid()
    with pytest.raises(RecordError, match="the folder is read-only"):
        write_labelmap(tmp_path / "labelmap.nii.gz", labels(grid), grid)
    assert os.listdir(tmp_path) == []


def edited(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Segment0_Layer:=0", b"Segment0_Layer:=9", "'Sensitive' has no layer"),
        (b"Name:=Conservative", b"Name:=Sensitive", "two segments named 'Sensitive'"),
        (b"sizes: 4 10 12 7", b"sizes: 4 10 12 9", "bytes of voxel data"),
        (b"sizes: 4 10 12 7", b"sizes: 4 9999 9999 9999", "million"),
        (b"NRRD0004", b"PK\x03\x04....", "not NRRD"),
    ],
)
def test_damaged_segmentations_are_named(tmp_path: Path, old: bytes, new: bytes, words: str) -> None:
    path = tmp_path / "segmentation.seg.nrrd"
    write_segmentation(path, segments(oblique_grid()), oblique_grid())
    edited(path, old, new)
    with pytest.raises(RecordError, match=words) as caught:
        read_segmentation(path)
    assert str(caught.value).count(str(path)) == 1


def test_cut_off_and_missing_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "segmentation.seg.nrrd"
    with pytest.raises(RecordError, match="segmentation"):
        read_segmentation(path)
    write_segmentation(path, segments(oblique_grid()), oblique_grid())
    os.truncate(path, path.stat().st_size - 30)
    with pytest.raises(RecordError, match="cut off"):
        read_segmentation(path)


def test_plain_volume_is_no_segmentation_and_a_scan_no_labelmap(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    SimpleITK.WriteImage(image, str(tmp_path / "scan.nrrd"))
    with pytest.raises(RecordError, match="holds no segments"):
        read_segmentation(tmp_path / "scan.nrrd")
    with pytest.raises(RecordError, match="is not a label map"):
        read_labelmap(tmp_path / "scan.nrrd")


def test_segmentation_of_another_scan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "segmentation.seg.nrrd"
    grid = oblique_grid()
    write_segmentation(path, segments(grid), grid)
    elsewhere = grid.affine.copy()
    elsewhere[:3, 3] += grid.affine[:3, 0] * 0.5
    with pytest.raises(RecordError, match="belongs to another scan"):
        read_segmentation(path, Grid(grid.shape, elsewhere))
    with pytest.raises(RecordError, match="reaches out of the STIR"):
        read_segmentation(path, Grid((4, 12, 10), grid.affine))


# The real thing: Slicer's own segmentation classes, from the slicer-core wheel.


@pytest.fixture(scope="module")
def slicer() -> Any:
    return pytest.importorskip("slicer", reason="SLICER DID NOT READ OUR SEGMENTATION: slicer-core is not installed")


def load(slicer: Any, scene: Any, path: Path) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    storage = node.CreateDefaultStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.ReadData(node) == 1
    assert storage.GetUserMessages().GetNumberOfMessages() == 0
    node.SetAndObserveStorageNodeID(storage.GetID())
    return node


def save(node: Any, path: Path, *, crop: bool = False) -> None:
    storage = node.GetStorageNode()
    storage.SetFileName(str(path))
    storage.SetCropToMinimumExtent(crop)
    assert storage.WriteData(node) == 1


def segment_in_slicer(slicer: Any, node: Any, segment_id: str, grid: Grid) -> tuple[BoolArray, np.ndarray]:
    """Mask of a segment on a whole grid, and the matrix from its voxel indices (i, j, k) to RAS."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    image = slicer.vtkOrientedImageData()
    assert node.GetBinaryLabelmapRepresentation(segment_id, image)
    first_i, last_i, first_j, last_j, first_k, last_k = image.GetExtent()
    mask = np.zeros(grid.shape, dtype=bool)
    if first_i <= last_i:
        part = mask[first_k : last_k + 1, first_j : last_j + 1, first_i : last_i + 1]
        part[...] = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(part.shape) != 0
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return mask, np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def test_slicer_opens_four_named_coloured_coded_segments(tmp_path: Path, slicer: Any, grid: Grid) -> None:
    path = tmp_path / "segmentation.seg.nrrd"
    write_segmentation(path, segments(grid), grid)
    scene = slicer.vtkMRMLScene()
    node = load(slicer, scene, path)
    segmentation = node.GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 4
    for number, written in enumerate(segments(grid)):
        kind = written.kind
        assert segmentation.GetNthSegmentID(number) == kind.segment_id
        segment = segmentation.GetSegment(kind.segment_id)
        assert segment.GetName() == kind.name
        assert segment.GetColor() == pytest.approx(kind.colour)
        assert segment.GetTerminology() == kind.terminology.entry()
        mask, matrix = segment_in_slicer(slicer, node, kind.segment_id, grid)
        np.testing.assert_array_equal(mask, written.mask)
        np.testing.assert_allclose(matrix, grid.affine, atol=1e-9)


def test_slicer_understands_the_terminology(tmp_path: Path, slicer: Any) -> None:
    logic, entry = slicer.vtkSlicerTerminologiesModuleLogic, slicer.vtkSlicerTerminologyEntry()
    for kind in KINDS:
        assert logic.DeserializeTerminologyEntry(kind.terminology.entry(), entry)
        assert entry.GetCategoryObject().GetCodeValue() == kind.terminology.category.value
        assert entry.GetTypeObject().GetCodeMeaning() == kind.terminology.type.meaning
        assert entry.GetRegionObject().GetCodingSchemeDesignator() == "SCT"
        assert logic.SerializeTerminologyEntry(entry) == kind.terminology.entry()


def test_slicer_takes_the_scan_as_reference_geometry(tmp_path: Path, slicer: Any, grid: Grid) -> None:
    path = tmp_path / "segmentation.seg.nrrd"
    write_segmentation(path, segments(grid), grid)
    node = load(slicer, slicer.vtkMRMLScene(), path)
    converter = slicer.vtkSegmentationConverter
    text = node.GetSegmentation().GetConversionParameter(converter.GetReferenceImageGeometryParameterName())
    image = slicer.vtkOrientedImageData()
    assert converter.DeserializeImageGeometry(text, image)
    k, j, i = grid.shape
    assert image.GetExtent() == (0, i - 1, 0, j - 1, 0, k - 1)
    assert image.GetSpacing() == pytest.approx(grid.spacing_mm[::-1], rel=1e-12)


@pytest.mark.parametrize("crop", [False, True], ids=["whole", "cropped"])
def test_what_slicer_saves_again_is_read_the_same(tmp_path: Path, slicer: Any, grid: Grid, crop: bool) -> None:
    first, again = tmp_path / "first.seg.nrrd", tmp_path / "again.seg.nrrd"
    write_segmentation(first, segments(grid), grid)
    scene = slicer.vtkMRMLScene()
    node = load(slicer, scene, first)
    assert node.GetSegmentation().SetSegmentIndex("disease_region", 0)
    save(node, again, crop=crop)
    found = read_segmentation(again, grid)
    assert list(found) == ["Disease region", "Sensitive", "Conservative", "Normal bone"]
    for segment in segments(grid):
        np.testing.assert_array_equal(found[segment.kind.name].array, segment.mask)
        assert found[segment.kind.name].grid == grid
    cropped = next(iter(read_segmentation(again).values())).grid
    assert cropped.shape == ((5, 9, 8) if crop else grid.shape)


def test_empty_segments_stay_empty_in_slicer_and_back(tmp_path: Path, slicer: Any) -> None:
    grid = oblique_grid()
    first, again = tmp_path / "first.seg.nrrd", tmp_path / "again.seg.nrrd"
    nothing = np.zeros(grid.shape, dtype=bool)
    write_segmentation(first, [Segment(SENSITIVE, nothing), Segment(NORMAL_BONE, masks(grid)[2])], grid)
    scene = slicer.vtkMRMLScene()
    save(load(slicer, scene, first), again)
    found = read_segmentation(again, grid)
    assert not found["Sensitive"].array.any()
    np.testing.assert_array_equal(found["Normal bone"].array, masks(grid)[2])


def test_slicer_reads_the_label_map_in_the_right_place(tmp_path: Path, slicer: Any, grid: Grid) -> None:
    path = tmp_path / "labelmap.nii.gz"
    write_labelmap(path, labels(grid), grid)
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    scene = slicer.vtkMRMLScene()
    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.ReadData(node) == 1
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    affine = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
    array = vtk_to_numpy(node.GetImageData().GetPointData().GetScalars()).reshape(grid.shape)
    stored = Grid(grid.shape, affine)  # Slicer may turn an axis round; what counts is where each voxel lies
    indices = grid.from_ras(stored.to_ras(np.argwhere(array >= 0)))
    np.testing.assert_allclose(indices, np.rint(indices), atol=1e-3)
    np.testing.assert_array_equal(labels(grid)[tuple(np.rint(indices).astype(int).T)], array.ravel())
