"""Masks that were cropped, stored in another order, or written as DICOM SEG, are compared voxel by voxel."""

from __future__ import annotations

import sys
from pathlib import Path

import highdicom
import numpy as np
import pytest
from Agreement.test_agree import GRID
from CommandLine.command_lines import run_here
from Files import dicom_files, synthetic
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from VHIWorkflowLib.agreement.common_grid import on_common_grid
from VHIWorkflowLib.agreement.comparison import compare
from VHIWorkflowLib.agreement.sources import read_source
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.files.dicom_segmentation import read_dicom_segmentation
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.volumes import read_image


def random_mask(seed: int) -> Volume:
    return Volume(np.random.default_rng(seed).random(GRID.shape) < 0.2, GRID)


def cropped(volume: Volume, box: tuple[slice, slice, slice]) -> Volume:
    affine = volume.grid.affine.copy()
    affine[:3, 3] = volume.grid.to_ras([each.start for each in box])[0]
    array = volume.array[box]
    return Volume(array, Grid(array.shape, affine))


def reordered(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """The same voxels with array axes in another order, some of them run backwards."""
    steps = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    array = volume.array.transpose(order)[steps]
    first = [0, 0, 0]
    turn = np.zeros((4, 4))
    turn[3, 3] = 1
    for axis, (source, flip) in enumerate(zip(order, flips, strict=True)):
        turn[2 - source, 2 - axis] = -1 if flip else 1
        first[source] = volume.array.shape[source] - 1 if flip else 0
    turn[:3, 3] = first[::-1]
    return Volume(array, Grid(array.shape, volume.grid.affine @ turn))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_the_order_of_storage_and_cropping_do_not_matter(seed, order, flips):
    whole = random_mask(seed)
    box = (slice(1, 3), slice(2, 11), slice(3, 12))
    piece = reordered(cropped(whole, box), tuple(order), flips)
    a, b, grid = on_common_grid(whole, piece)
    assert grid.matches(GRID)
    expected = np.zeros(GRID.shape, dtype=bool)
    expected[box] = whole.array[box]
    assert np.array_equal(a, whole.array)
    assert np.array_equal(b, expected)
    b, a, grid = on_common_grid(piece, whole)
    assert a.sum() == whole.array.sum()
    assert (a & b).sum() == expected.sum()


@pytest.mark.parametrize(
    "other",
    [
        np.diag([0.6, 0.6, 3.0, 1.0]),
        GRID.affine + np.eye(4)[[3, 3, 3, 3]] * 0.3,
        np.diag([0.3, 0.3, 3.3, 1.0]),
    ],
)
def test_other_lattices_are_refused(other):
    with pytest.raises(MeasurementError, match="different grids"):
        on_common_grid(random_mask(1), Volume(random_mask(2).array, Grid(GRID.shape, other)))


def test_masks_far_apart_are_refused():
    far = GRID.affine.copy()
    far[0, 3] = 600.0
    with pytest.raises(MeasurementError, match="far apart"):
        on_common_grid(random_mask(1), Volume(random_mask(2).array, Grid(GRID.shape, far)))


@pytest.fixture
def dicom(tmp_path: Path) -> Path:
    folder = tmp_path / "series"
    folder.mkdir()
    dicom_files.write_series(folder)
    return folder


def write_seg(series: Path, mask: np.ndarray, path: Path, labels: tuple[str, ...] = ("Sensitive",)) -> None:
    """Write a mask on the images of a series, and its opposite as further segments, as other software would."""
    grid = read_image(series).grid

    def slice_of(image: Dataset) -> float:
        left, back, up = image.ImagePositionPatient
        return float(grid.from_ras((-left, -back, up))[0, 0])

    images = sorted((dcmread(each) for each in series.iterdir()), key=slice_of)
    for image in images:
        for name in ("StudyID", "StudyTime", "AccessionNumber", "PatientBirthDate", "PatientSex"):
            if name not in image:
                setattr(image, name, "")
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in enumerate(labels, start=1)
    ]
    pixels = np.stack([mask, *(~mask for _ in labels[1:])], axis=-1).astype(np.uint8)
    highdicom.seg.Segmentation(
        source_images=images,
        pixel_array=pixels,
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=highdicom.UID(),
        series_number=9,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="made",
        manufacturer_model_name="for a test",
        software_versions="1",
        device_serial_number="1",
    ).save_as(path)


def test_a_dicom_segmentation_agrees_with_the_same_mask_as_nifti(dicom, tmp_path):
    scan = read_image(dicom)
    mask = np.zeros(scan.grid.shape, dtype=bool)
    mask[1:3, 4:9, 5:8] = True
    for name in ("seg", "nifti"):
        (tmp_path / name).mkdir()
    write_seg(dicom, mask, tmp_path / "seg" / "S1.dcm")
    write_volume(tmp_path / "nifti" / "S1.nii.gz", Volume(mask.astype(np.uint8), scan.grid))
    found = compare(read_source(str(tmp_path / "seg")), read_source(str(tmp_path / "nifti")))
    assert found.left_out == ()
    assert found.cases[0].masks.overlap.dice == 1
    assert found.cases[0].masks.overlap.voxels_a == mask.sum()


def test_one_of_several_segments_must_be_named(dicom, tmp_path):
    mask = np.zeros(synthetic.SHAPE, dtype=bool)
    mask[1, 4:9, 5:8] = True
    write_seg(dicom, mask, tmp_path / "S1.dcm", ("Sensitive", "other"))
    assert read_dicom_segmentation(tmp_path / "S1.dcm", "sensitive").array.sum() == mask.sum()
    with pytest.raises(InputError, match="'Sensitive', 'other'"):
        read_dicom_segmentation(tmp_path / "S1.dcm")


def test_dicom_that_is_no_segmentation_is_said(dicom, tmp_path):
    with pytest.raises(InputError, match="no segmentation"):
        read_dicom_segmentation(sorted(dicom.iterdir())[0])
    (tmp_path / "S2.dcm").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read as a DICOM segmentation"):
        read_dicom_segmentation(tmp_path / "S2.dcm")


def test_without_highdicom_a_sentence_says_what_to_do(dicom, tmp_path, capsys, monkeypatch):
    mask = np.ones(synthetic.SHAPE, dtype=bool)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_seg(dicom, mask, tmp_path / name / "S1.dcm")
    monkeypatch.setitem(sys.modules, "highdicom", None)
    done = run_here(capsys, "agree", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    assert "S1.dcm: is DICOM; install the Python package highdicom" in done.problem
