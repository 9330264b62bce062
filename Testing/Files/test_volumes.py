"""Scans and masks are read with their true values and place, whatever way they are stored."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from Files import synthetic
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.volumes import read_image, read_mask, sha256_of

REAL_CASES = Path(__file__).parents[2] / "../shared/data/sij_mri"
ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


def expected_affine() -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = synthetic.oblique_direction() * synthetic.SPACING_MM
    affine[:3, 3] = synthetic.ORIGIN_LPS
    return np.diag([-1, -1, 1, 1]) @ affine


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_every_format_gives_the_same_values_and_grid(tmp_path, ending, dtype, compress):
    array = (synthetic.stored_intensities() % 256).astype(dtype)
    volume = read_image(synthetic.write(tmp_path / f"scan{ending}", array, compress=compress))
    assert volume.array.dtype == np.float32
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.grid.affine, expected_affine(), atol=1e-5)


def test_nifti_slope_and_intercept_are_applied(tmp_path):
    array = synthetic.stored_intensities()
    path = synthetic.write(tmp_path / "scan.nii", array)
    content = bytearray(path.read_bytes())
    struct.pack_into("<2f", content, 112, 2.3619, -3.0)
    path.write_bytes(content)
    np.testing.assert_allclose(read_image(path).array, array * np.float64(np.float32(2.3619)) - 3, rtol=2e-7)


def test_nifti_with_a_header_extension_is_read(tmp_path):
    array = synthetic.stored_intensities()
    path = synthetic.write(tmp_path / "scan.nii", array)
    content = path.read_bytes()
    extended = bytearray(content[:348] + b"\1\0\0\0" + struct.pack("<2i24s", 32, 6, b"a comment") + content[352:])
    struct.pack_into("<f", extended, 108, 384.0)
    path.write_bytes(extended)
    np.testing.assert_array_equal(read_image(path).array, array)


def test_nifti_stored_with_the_other_byte_order_is_read(tmp_path):
    array = synthetic.stored_intensities()
    path = synthetic.write(tmp_path / "scan.nii", array)
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    fields = [(0, "i", 1), (40, "h", 8), (68, "h", 4), (76, "f", 12), (252, "h", 2), (256, "f", 18)]
    for offset, form, count in [*fields, (352, "h", array.size)]:
        width = struct.calcsize(form)
        block = content[offset : offset + width * count].reshape(count, width)
        block[:] = block[:, ::-1].copy()
    path.write_bytes(content.tobytes())
    np.testing.assert_array_equal(read_image(path).array, array)


@pytest.mark.parametrize("permutation", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize("flips", [(False, False, True), (True, False, False), (True, True, True)])
def test_permuted_and_flipped_storage_keeps_every_voxel_in_its_place(tmp_path, permutation, flips):
    plain = read_image(synthetic.write(tmp_path / "plain.nrrd", synthetic.stored_intensities()))
    stored = SimpleITK.PermuteAxes(synthetic.image(synthetic.stored_intensities()), permutation)
    stored = SimpleITK.Flip(stored, flips)
    for ending in (".nii.gz", ".nrrd", ".mha"):
        SimpleITK.WriteImage(stored, tmp_path / f"other{ending}")
        other = read_image(tmp_path / f"other{ending}")
        k, j, i = np.indices(plain.array.shape).reshape(3, -1)
        where = np.rint(other.grid.from_ras(plain.grid.to_ras(np.stack([k, j, i], axis=1)))).astype(int)
        np.testing.assert_array_equal(other.array[tuple(where.T)], plain.array[k, j, i])


@pytest.mark.parametrize("ending", [".nii.gz", ".mha"])
def test_a_fourth_axis_of_one_element_is_no_obstacle(tmp_path, ending):
    array = synthetic.stored_intensities()
    stack = SimpleITK.JoinSeries([synthetic.image(array)])
    SimpleITK.WriteImage(stack, tmp_path / f"scan{ending}")
    volume = read_image(tmp_path / f"scan{ending}")
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.grid.affine, expected_affine(), atol=1e-5)


def test_nothing_is_printed_when_a_header_is_odd(tmp_path, capfd):
    path = synthetic.write(tmp_path / "scan.nii", synthetic.stored_intensities())
    content = bytearray(path.read_bytes())
    struct.pack_into("<f", content, 80, 0.6005)
    path.write_bytes(content)
    read_image(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_mask_is_every_label_but_zero(tmp_path, ending, dtype):
    labels = synthetic.normal_bone().astype(dtype)
    labels[0, 0, 0] = 7
    mask = read_mask(synthetic.write(tmp_path / f"mask{ending}", labels))
    assert mask.array.dtype == np.bool_
    np.testing.assert_array_equal(mask.array, labels != 0)


@pytest.mark.parametrize(("slope", "marked"), [(1.0, [1, 255]), (2.0, [2, 510]), (0.5, None)])
def test_bytes_that_a_nifti_header_scales_are_scaled_before_they_are_labels(tmp_path, slope, marked):
    labels = np.zeros_like(synthetic.normal_bone(), dtype=np.uint8)
    labels.ravel()[:2] = 1, 255
    path = synthetic.write(tmp_path / "mask.nii", labels)
    content = bytearray(path.read_bytes())
    struct.pack_into("<ff", content, 112, slope, 0.0)
    path.write_bytes(content)
    if marked is None:
        with pytest.raises(InputError, match="not whole numbers"):
            read_mask(path)
    else:
        assert read_image(path).array.ravel()[:2].tolist() == marked
        assert np.flatnonzero(read_mask(path).array).tolist() == [0, 1]


def write_segmentation(path: Path, array: np.ndarray, segments: list[tuple[str, int, int]]) -> Path:
    """A segmentation as Slicer writes it: segments are (name, label, layer); ``array`` (k, j, i[, layer])."""
    made = synthetic.image(array, isVector=array.ndim == 4)
    SimpleITK.WriteImage(made, path)
    keys = "".join(
        f"Segment{n}_Name:={name}\nSegment{n}_LabelValue:={label}\nSegment{n}_Layer:={layer}\n"
        for n, (name, label, layer) in enumerate(segments)
    )
    head, data = path.read_bytes().split(b"\n\n", 1)
    head = head.replace(b"kinds: vector", b"kinds: list")
    path.write_bytes(head + b"\n" + keys.encode() + b"\n" + data)
    return path


def test_the_single_segment_is_taken_whatever_its_name(tmp_path):
    path = write_segmentation(tmp_path / "one.seg.nrrd", synthetic.normal_bone(), [("Anything", 1, 0)])
    np.testing.assert_array_equal(read_mask(path, segment="Normal bone").array, synthetic.normal_bone())


def test_segments_that_overlap_are_told_apart_by_name(tmp_path):
    layers = np.stack([synthetic.normal_bone() * 3, synthetic.disease_region()], axis=-1)
    segments = [("Normal bone", 3, 0), ("Disease region", 1, 1)]
    path = write_segmentation(tmp_path / "two.seg.nrrd", layers, segments)
    np.testing.assert_array_equal(read_mask(path, segment="normal BONE").array, synthetic.normal_bone())
    np.testing.assert_array_equal(read_mask(path, segment="Disease region").array, synthetic.disease_region())
    with pytest.raises(InputError, match="'Normal bone', 'Disease region'"):
        read_mask(path)


def test_hash_of_a_detached_header_covers_its_voxels(tmp_path):
    one = synthetic.write(tmp_path / "scan.mhd", synthetic.stored_intensities(1), compress=False)
    before = sha256_of(one)
    voxels = bytearray((tmp_path / "scan.raw").read_bytes())
    voxels[100] ^= 1
    (tmp_path / "scan.raw").write_bytes(voxels)
    assert sha256_of(one) != before
    assert len(before) == 64


def test_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_series_cannot_be_chosen_in_a_file(tmp_path):
    path = synthetic.write(tmp_path / "scan.nrrd", synthetic.stored_intensities())
    with pytest.raises(InputError, match="no series 'STIR'"):
        read_image(path, series="STIR")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_file_without_read_permission(tmp_path):
    path = synthetic.write(tmp_path / "scan.nrrd", synthetic.stored_intensities())
    path.chmod(0)
    with pytest.raises(InputError, match="rights"):
        read_image(path)


def test_nifti_in_several_gzip_members_is_read(tmp_path):
    plain = synthetic.write(tmp_path / "scan.nii", synthetic.stored_intensities()).read_bytes()
    (tmp_path / "scan.nii.gz").write_bytes(gzip.compress(plain[:5000]) + gzip.compress(plain[5000:]))
    np.testing.assert_array_equal(read_image(tmp_path / "scan.nii.gz").array, synthetic.stored_intensities())


@pytest.mark.real_cases
@pytest.mark.skipif(not REAL_CASES.is_dir(), reason="NOT RUN: the real cases in ../shared/data/sij_mri are absent")
def test_real_scan_is_the_same_however_it_is_stored(tmp_path):
    path = REAL_CASES / "1007/stir.nii.gz"
    slope = np.float64(np.float32(struct.unpack_from("<f", gzip.decompress(path.read_bytes()), 112)[0]))
    original = read_image(path)
    scaled = SimpleITK.ReadImage(str(path), SimpleITK.sitkFloat32)
    stored = np.rint(SimpleITK.GetArrayFromImage(scaled) / slope).astype(np.int16)
    integers = SimpleITK.GetImageFromArray(stored)
    integers.CopyInformation(scaled)
    SimpleITK.WriteImage(scaled, tmp_path / "float.nrrd", True)
    SimpleITK.WriteImage(integers, tmp_path / "integers.nrrd", True)
    SimpleITK.WriteImage(integers, tmp_path / "integers.mha", True)
    for name, scale in (("float.nrrd", 1.0), ("integers.nrrd", slope), ("integers.mha", slope)):
        other = read_image(tmp_path / name)
        assert original.grid.matches(other.grid)
        np.testing.assert_allclose(other.array * scale, original.array, rtol=2.5e-7)
