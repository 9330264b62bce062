"""Malformed scans, masks and markups: each a function that writes one, and words its error must hold.

The catalogue serves the tests of the readers and those of the command line. Take ``synthetic.write_good_case`` and
replace one argument by what an entry writes; nothing but a one-line error may come of it.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import SimpleITK
from Files import synthetic
from Files.dicom_files import SECONDARY_CAPTURE, position, write_enhanced, write_series
from Files.markup_files import box, curve, on_slice, write_markups
from pydicom.dataset import Dataset
from VHIWorkflowLib.core.grids import Grid

Argument = Literal["stir", "t1", "normal_bone", "disease_region"]


@dataclass(frozen=True)
class Malformed:
    """One malformed input.

    Parameters
    ----------
    name
        What is wrong, as a test id.
    argument
        Which input of a measurement it stands for.
    write
        Writes it into a folder and returns the path to name on the command line.
    expected
        Words of the error message.
    alone
        Whether the file is wrong by itself; else only together with the other inputs of the case.
    """

    name: str
    argument: Argument
    write: Callable[[Path], Path]
    expected: str
    alone: bool = True


CATALOGUE: list[Malformed] = []


def malformed(
    argument: Argument, expected: str, *, alone: bool = True
) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
    """Enter a writer into the catalogue under its own name."""

    def enter(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
        CATALOGUE.append(Malformed(write.__name__, argument, write, expected, alone))
        return write

    return enter


def _nifti(path: Path, *changes: tuple[str, int, tuple[float, ...]]) -> Path:
    """A NIfTI-1 scan whose header is changed: (format, offset, values) each."""
    plain = synthetic.write(path.with_name("good.nii"), synthetic.stored_intensities())
    content = bytearray(plain.read_bytes())
    plain.unlink()
    for form, offset, values in changes:
        struct.pack_into("<" + form, content, offset, *values)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def _edited(path: Path, old: bytes, new: bytes, *, compress: bool = True) -> Path:
    """An NRRD or MetaImage scan in whose header a text is replaced."""
    synthetic.write(path, synthetic.stored_intensities(), compress=compress)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    return path


def _float_scan(path: Path, places: int, value: float) -> Path:
    array = synthetic.stored_intensities().astype(np.float32)
    array.ravel()[100 : 100 + places] = value
    return synthetic.write(path, array)


def _cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


# Files that are no image at all


@malformed("stir", "does not exist")
def missing_file(folder: Path) -> Path:
    return folder / "absent.nii.gz"


@malformed("t1", "is empty")
def empty_file(folder: Path) -> Path:
    (folder / "empty.nii.gz").touch()
    return folder / "empty.nii.gz"


@malformed("stir", "is not a NIfTI")
def text_document(folder: Path) -> Path:
    (folder / "letter.txt").write_text("Dear colleague,\n", encoding="utf-8")
    return folder / "letter.txt"


@malformed("stir", "not compressed although its name ends in '.gz'")
def text_named_nifti(folder: Path) -> Path:
    (folder / "letter.nii.gz").write_text("Dear colleague,\n", encoding="utf-8")
    return folder / "letter.nii.gz"


@malformed("stir", "is not NRRD")
def nifti_named_nrrd(folder: Path) -> Path:
    return _nifti(folder / "scan.nii").rename(folder / "scan.nrrd")


@malformed("stir", "is not MetaImage")
def nrrd_named_mha(folder: Path) -> Path:
    return synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities()).rename(folder / "scan.mha")


@malformed("stir", "is compressed although")
def gzip_named_nii(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz").rename(folder / "scan.nii")


@malformed("stir", "cannot be opened")
def link_to_itself(folder: Path) -> Path:
    (folder / "scan.nii.gz").symlink_to(folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


@malformed("stir", "in one piece")
def nifti_of_a_pair(folder: Path) -> Path:
    return _nifti(folder / "scan.nii", ("4s", 344, (b"ni1\0",)))


@malformed("stir", "is NIfTI-2")
def nifti_2(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("i", 0, (540,)))


# Damaged voxel data


@malformed("stir", "damaged or cut off")
def nifti_gzip_truncated(folder: Path) -> Path:
    return _cut(_nifti(folder / "scan.nii.gz"), 0.6)


@malformed("t1", "damaged or cut off")
def nifti_gzip_flipped_byte(folder: Path) -> Path:
    path = _nifti(folder / "scan.nii.gz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)
    return path


@malformed("stir", "damaged or cut off")
def nifti_gzip_wrong_checksum(folder: Path) -> Path:
    path = _nifti(folder / "scan.nii.gz")
    content = bytearray(path.read_bytes())
    content[-5] ^= 0xFF
    path.write_bytes(content)
    return path


@malformed("stir", "bytes of voxel data")
def nifti_truncated(folder: Path) -> Path:
    return _cut(_nifti(folder / "scan.nii"), 0.6)


@malformed("stir", "more voxel data")
def nifti_with_more_data_than_announced(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("8h", 40, (3, 30, 32, 5, 1, 1, 1, 1)))


@malformed("stir", "damaged or cut off")
def nrrd_gzip_truncated(folder: Path) -> Path:
    return _cut(synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities()), 0.6)


@malformed("stir", "bytes of voxel data")
def nrrd_raw_truncated(folder: Path) -> Path:
    return _cut(synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities(), compress=False), 0.6)


@malformed("stir", "damaged or cut off")
def mha_zlib_truncated(folder: Path) -> Path:
    return _cut(synthetic.write(folder / "scan.mha", synthetic.stored_intensities()), 0.6)


@malformed("stir", "its voxel data cannot be read")
def mhd_without_its_voxel_file(folder: Path) -> Path:
    path = synthetic.write(folder / "scan.mhd", synthetic.stored_intensities(), compress=False)
    (folder / "scan.raw").unlink()
    return path


# Headers that promise what cannot be


@malformed("stir", "impossible image dimensions (wrong byte order?)")
def nifti_wrong_byte_order(folder: Path) -> Path:
    path = _nifti(folder / "scan.nii")
    content = bytearray(path.read_bytes())
    content[:4] = content[3::-1]
    path.write_bytes(content)
    return path


@malformed("stir", "wrong byte order?")
def nrrd_wrong_byte_order(folder: Path) -> Path:
    array = synthetic.stored_intensities().astype(np.float32)
    path = synthetic.write(folder / "scan.nrrd", array)
    path.write_bytes(path.read_bytes().replace(b"endian: little", b"endian: big", 1))
    return path


@malformed("stir", "bytes of voxel data")
def nifti_huge_dimensions_tiny_file(folder: Path) -> Path:
    return _nifti(folder / "scan.nii", ("8h", 40, (3, 400, 400, 400, 1, 1, 1, 1)))


@malformed("stir", "million that a volume may have")
def nifti_gzip_dimensions_of_terabytes(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("8h", 40, (3, 32767, 32767, 32767, 1, 1, 1, 1)))


@malformed("t1", "million that a volume may have")
def nrrd_dimensions_of_terabytes(folder: Path) -> Path:
    return _edited(folder / "scan.nrrd", b"sizes: 30 32 6", b"sizes: 300000 32000 6000")


@malformed("t1", "bytes of voxel data")
def mha_huge_dimensions_tiny_file(folder: Path) -> Path:
    return _edited(folder / "scan.mha", b"DimSize = 30 32 6", b"DimSize = 400 400 400")


@malformed("stir", "is a 2D image")
def nifti_2d(folder: Path) -> Path:
    flat = SimpleITK.GetImageFromArray(synthetic.stored_intensities()[0])
    SimpleITK.WriteImage(flat, folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


@malformed("t1", "is a 2D image")
def nifti_one_slice(folder: Path) -> Path:
    return synthetic.write(folder / "scan.nii.gz", synthetic.stored_intensities()[:1])


@malformed("stir", "is a 4D image")
def nifti_4d(folder: Path) -> Path:
    stack = SimpleITK.JoinSeries([synthetic.image(synthetic.stored_intensities(seed)) for seed in (1, 2)])
    SimpleITK.WriteImage(stack, folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


@malformed("stir", "is a 4D image")
def mha_4d(folder: Path) -> Path:
    stack = SimpleITK.JoinSeries([synthetic.image(synthetic.stored_intensities(seed)) for seed in (1, 2)])
    SimpleITK.WriteImage(stack, folder / "scan.mha")
    return folder / "scan.mha"


def _colour(path: Path) -> Path:
    array = np.stack([synthetic.stored_intensities().astype(np.uint8)] * 3, axis=-1)
    SimpleITK.WriteImage(synthetic.image(array, isVector=True), path)
    return path


@malformed("stir", "holds RGB colour values")
def nifti_rgb(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("2h", 70, (128, 24)))


@malformed("stir", "3 values per voxel")
def nrrd_rgb(folder: Path) -> Path:
    return _colour(folder / "scan.nrrd")


@malformed("stir", "ElementNumberOfChannels = 3")
def mha_rgb(folder: Path) -> Path:
    return _colour(folder / "scan.mha")


@malformed("t1", "holds complex values")
def nifti_complex(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("2h", 70, (32, 64)))


@malformed("stir", "NIfTI data type 1536")
def nifti_unknown_voxel_type(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("2h", 70, (1536, 128)))


@malformed("stir", "has no end")
def nrrd_header_without_end(folder: Path) -> Path:
    path = synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities())
    path.write_bytes(path.read_bytes()[:200])
    return path


@malformed("stir", "is encoded as 'bzip2'")
def nrrd_other_encoding(folder: Path) -> Path:
    return _edited(folder / "scan.nrrd", b"encoding: gzip", b"encoding: bzip2")


@malformed("stir", "not one file in the same folder")
def nrrd_that_points_elsewhere(folder: Path) -> Path:
    return _edited(folder / "scan.nhdr", b"data file: scan.raw.gz", b"data file: ../../../../etc/passwd")


@malformed("stir", "a symbolic link out of the folder")
def mhd_with_a_link_out_of_the_folder(folder: Path) -> Path:
    inner = folder / "inner"
    inner.mkdir()
    path = synthetic.write(inner / "scan.mhd", synthetic.stored_intensities(), compress=False)
    (inner / "scan.raw").rename(folder / "scan.raw")
    (inner / "scan.raw").symlink_to(folder / "scan.raw")
    return path


# Geometry


@malformed("stir", "spacing is negative")
def nifti_negative_spacing(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("f", 80, (-0.6,)))


@malformed("stir", "spacing is zero")
def nifti_zero_spacing(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("f", 88, (0.0,)))


@malformed("t1", "spacing is not a number")
def nifti_spacing_not_a_number(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("f", 84, (float("nan"),)))


@malformed("stir", "left and right are unknown")
def nifti_without_orientation(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("2h", 252, (0, 0)))


@malformed("stir", "mm apart")
def nifti_two_orientations(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("f", 268, (90.0,)))


@malformed("stir", "not orthogonal")
def nifti_sheared(folder: Path) -> Path:
    return _nifti(
        folder / "scan.nii.gz",
        ("2h", 252, (0, 1)),
        ("12f", 280, (0.6, 0.2, 0.0, 0.0, 0.0, 0.6708204, 0.0, 0.0, 0.0, 0.0, 3.3, 0.0)),
    )


@malformed("stir", "contradict each other")
def nifti_two_spacings(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("2h", 252, (0, 1)), ("f", 88, (3.0,)))


@malformed("stir", "does not say how the volume lies")
def nrrd_without_orientation(folder: Path) -> Path:
    return _edited(folder / "scan.nrrd", b"space: left-posterior-superior\n", b"")


@malformed("stir", "spacing is zero")
def nrrd_zero_spacing(folder: Path) -> Path:
    return _directions(folder / "scan.nrrd", b"(0.6,0,0) (0,0.7,0) (0,0,0)")


@malformed("t1", "spacing is not a number")
def nrrd_spacing_not_a_number(folder: Path) -> Path:
    return _directions(folder / "scan.nrrd", b"(0.6,0,0) (0,nan,0) (0,0,3.3)")


@malformed("stir", "not orthogonal")
def nrrd_sheared(folder: Path) -> Path:
    return _directions(folder / "scan.nrrd", b"(0.6,0,0) (0.2,0.7,0) (0,0,3.3)")


def _directions(path: Path, directions: bytes) -> Path:
    synthetic.write(path, synthetic.stored_intensities())
    head, data = path.read_bytes().split(b"\n\n", 1)
    lines = [
        b"space directions: " + directions if line.startswith(b"space directions") else line
        for line in head.split(b"\n")
    ]
    path.write_bytes(b"\n".join(lines) + b"\n\n" + data)
    return path


@malformed("stir", "spacing is negative")
def mha_negative_spacing(folder: Path) -> Path:
    return _edited(folder / "scan.mha", b"ElementSpacing = 0.", b"ElementSpacing = -0.")


@malformed("stir", "has no 'ElementSpacing'")
def mha_without_spacing(folder: Path) -> Path:
    return _edited(folder / "scan.mha", b"ElementSpacing", b"Comment")


# Intensities


@malformed("stir", "3 voxels whose intensities are not a finite number")
def intensities_not_a_number(folder: Path) -> Path:
    return _float_scan(folder / "scan.nii.gz", 3, float("nan"))


@malformed("t1", "1 voxel whose intensity is not a finite number")
def intensity_infinite(folder: Path) -> Path:
    return _float_scan(folder / "scan.nrrd", 1, float("inf"))


@malformed("stir", "same intensity (100) everywhere")
def constant_intensities(folder: Path) -> Path:
    return synthetic.write(folder / "scan.nii.gz", np.full(synthetic.SHAPE, 100, np.int16))


@malformed("stir", "scl_slope")
def slope_not_a_number(folder: Path) -> Path:
    return _nifti(folder / "scan.nii.gz", ("f", 112, (float("nan"),)))


@malformed("stir", "ElementToIntensityFunctionSlope = 2")
def mha_slope_that_itk_ignores(folder: Path) -> Path:
    return _edited(folder / "scan.mha", b"ElementType", b"ElementToIntensityFunctionSlope = 2\nElementType")


# Masks


@malformed("normal_bone", "empty mask")
def mask_empty(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", np.zeros(synthetic.SHAPE, np.uint8))


@malformed("disease_region", "negative values")
def mask_negative(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", -synthetic.disease_region().astype(np.int16))


@malformed("disease_region", "not whole numbers")
def mask_of_probabilities(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nrrd", (synthetic.disease_region() * 0.7).astype(np.float32))


@malformed("normal_bone", "not numbers")
def mask_not_a_number(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nrrd", np.full(synthetic.SHAPE, np.nan, np.float32))


@malformed("normal_bone", "different values, like a scan")
def mask_that_is_a_scan(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", synthetic.stored_intensities())


@malformed("normal_bone", "another grid", alone=False)
def mask_on_another_grid(folder: Path) -> Path:
    shifted = synthetic.image(synthetic.normal_bone(), origin=(-18.0, 35.0, 110.0))
    SimpleITK.WriteImage(shifted, folder / "mask.nii.gz")
    return folder / "mask.nii.gz"


@malformed("normal_bone", "another grid", alone=False)
def mask_of_another_size(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", synthetic.normal_bone()[:, :-1])


@malformed("normal_bone", "50", alone=False)
def mask_of_49_voxels(folder: Path) -> Path:
    mask = np.zeros(synthetic.SHAPE, np.uint8)
    mask[3, 10:17, 10:17] = 1
    return synthetic.write(folder / "mask.nii.gz", mask)


@malformed("normal_bone", "holds the segments")
def segmentation_without_normal_bone(folder: Path) -> Path:
    path = synthetic.write(folder / "mask.seg.nrrd", synthetic.normal_bone())
    keys = b"Segment0_Name:=Sacrum\nSegment0_LabelValue:=1\nSegment1_Name:=Ilium\nSegment1_LabelValue:=2\n"
    path.write_bytes(path.read_bytes().replace(b"\n\n", b"\n" + keys + b"\n", 1))
    return path


# Markups

SQUARE = [(8.0, 8.0), (8.0, 22.0), (22.0, 22.0), (22.0, 8.0)]


def stir_grid() -> Grid:
    """Grid of the good case."""
    affine = np.eye(4)
    affine[:3, :3] = synthetic.oblique_direction() * synthetic.SPACING_MM
    affine[:3, 3] = synthetic.ORIGIN_LPS
    return Grid(synthetic.SHAPE, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


@malformed("normal_bone", "no proper JSON")
def markup_that_is_no_json(folder: Path) -> Path:
    path = write_markups(folder / "bone.mrk.json", curve(on_slice(stir_grid(), 2, SQUARE)))
    return _cut(path, 0.5)


@malformed("normal_bone", "no proper JSON")
def markup_nested_without_end(folder: Path) -> Path:
    (folder / "bone.mrk.json").write_text("[" * 200_000, encoding="utf-8")
    return folder / "bone.mrk.json"


@malformed("normal_bone", "not a Slicer markup file of a known version")
def markup_of_another_program(folder: Path) -> Path:
    (folder / "bone.mrk.json").write_text(json.dumps({"markups": []}), encoding="utf-8")
    return folder / "bone.mrk.json"


@malformed("normal_bone", "only closed curves and ROIs")
def markup_line(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", curve(on_slice(stir_grid(), 2, SQUARE[:2]), kind="Line"))


@malformed("normal_bone", "needs at least 3")
def markup_of_two_points(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", curve(on_slice(stir_grid(), 2, SQUARE[:2])))


@malformed("normal_bone", "position that is not 3 numbers")
def markup_point_not_a_number(folder: Path) -> Path:
    points = on_slice(stir_grid(), 2, SQUARE)
    points[1, 1] = np.nan
    return write_markups(folder / "bone.mrk.json", curve(points))


@malformed("normal_bone", "does not lie on one STIR slice")
def markup_across_slices(folder: Path) -> Path:
    points = stir_grid().to_ras([(row / 8, row, column) for row, column in SQUARE])
    return write_markups(folder / "bone.mrk.json", curve(points))


@malformed("normal_bone", "leaves the field of view")
def markup_outside_the_scan(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", curve(on_slice(stir_grid(), 7, SQUARE)))


@malformed("normal_bone", "encloses no voxel")
def markup_too_small(folder: Path) -> Path:
    corners = [(8.2, 8.2), (8.2, 8.6), (8.6, 8.6)]
    return write_markups(folder / "bone.mrk.json", curve(on_slice(stir_grid(), 2, corners)))


@malformed("normal_bone", "encloses no voxel")
def markup_box_outside_the_scan(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", box([900.0, 0.0, 0.0], [5.0, 5.0, 5.0]))


@malformed("normal_bone", "not that of a box")
def markup_box_without_size(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", box(stir_grid().to_ras([(2, 15, 15)])[0], [0.0, 5.0, 5.0]))


# DICOM


@malformed("stir", "holds no DICOM scan")
def folder_without_images(folder: Path) -> Path:
    (folder / "scan").mkdir()
    (folder / "scan" / "notes.txt").write_text("nothing here", encoding="utf-8")
    return folder / "scan"


@malformed("stir", "holds no DICOM scan")
def dicom_captures_only(folder: Path) -> Path:
    return write_series(folder / "scan", sop_class=SECONDARY_CAPTURE)


@malformed("stir", "a slice is missing between")
def dicom_missing_slice(folder: Path) -> Path:
    return write_series(folder / "scan", slices=(0, 1, 2, 4, 5))


@malformed("t1", "lie at the same place")
def dicom_repeated_slice(folder: Path) -> Path:
    write_series(folder / "scan")
    return write_series(folder / "scan" / "again", slices=(2,)).parent


@malformed("stir", "2 series: 'T2 STIR cor' (6 images), 'T1 cor' (6 images); choose one")
def dicom_two_series(folder: Path) -> Path:
    write_series(folder / "scan")
    return write_series(folder / "scan", uid="1.2.3.101", description="T1 cor")


@malformed("stir", "2 different patients")
def dicom_two_subjects(folder: Path) -> Path:
    write_series(folder / "scan")
    return write_series(folder / "scan", uid="1.2.3.101", patient="P2")


@malformed("stir", "two patients in one series")
def dicom_two_subjects_in_one_series(folder: Path) -> Path:
    write_series(folder / "scan", slices=(0, 1, 2))
    return write_series(folder / "scan", slices=(3, 4, 5), patient="P2")


def _spoiled(folder: Path, keyword: str, value: object) -> Path:
    """A series in whose third slice a tag is changed, or left out if the value is None."""

    def change(k: int, image: Dataset) -> None:
        if k == 2 and value is None:
            delattr(image, keyword)
        elif k == 2:
            setattr(image, keyword, value)

    return write_series(folder / "scan", change=change)


@malformed("stir", "differ in orientation")
def dicom_turned_slice(folder: Path) -> Path:
    return _spoiled(folder, "ImageOrientationPatient", [1, 0, 0, 0, 1, 0])


@malformed("stir", "differ in pixel spacing")
def dicom_other_pixel_spacing(folder: Path) -> Path:
    return _spoiled(folder, "PixelSpacing", [0.9, 0.9])


@malformed("stir", "differ in size")
def dicom_other_size(folder: Path) -> Path:
    return _spoiled(folder, "Rows", 30)


@malformed("stir", "has no ImagePositionPatient")
def dicom_slice_without_position(folder: Path) -> Path:
    return _spoiled(folder, "ImagePositionPatient", None)


@malformed("stir", "right angle to the image plane")
def dicom_slice_shifted_sideways(folder: Path) -> Path:
    shift = 3 * synthetic.oblique_direction()[:, 0]
    return _spoiled(folder, "ImagePositionPatient", [f"{x:.10g}" for x in position(2) + shift])


@malformed("stir", "RescaleSlope that is not a finite number")
def dicom_slope_not_a_number(folder: Path) -> Path:
    return _spoiled(folder, "RescaleSlope", float("nan"))


@malformed("stir", "pixel data are damaged, cut off")
def dicom_pixels_cut_off(folder: Path) -> Path:
    write_series(folder / "scan")
    _cut(max((folder / "scan").iterdir()), 0.8)
    return folder / "scan"


@malformed("stir", "is a colour image")
def dicom_colour(folder: Path) -> Path:
    return _spoiled(folder, "SamplesPerPixel", 3)


@malformed("stir", "no usable scan")
def dicom_huge_size_tiny_file(folder: Path) -> Path:
    def change(_: int, image: Dataset) -> None:
        image.Rows = image.Columns = 65535

    return write_series(folder / "scan", change=change)


@malformed("stir", "is a single image")
def dicom_single_slice(folder: Path) -> Path:
    return min(write_series(folder / "scan").iterdir())


@malformed("stir", "a slice is missing between")
def dicom_enhanced_missing_frame(folder: Path) -> Path:
    return write_enhanced(folder / "scan.dcm", order=(0, 1, 3, 4, 5))


@malformed("stir", "announces 9 frames but describes 6")
def dicom_enhanced_without_its_frames(folder: Path) -> Path:
    def change(_: int, image: Dataset) -> None:
        image.NumberOfFrames = 9

    return write_enhanced(folder / "scan.dcm", change=change)


@malformed("stir", "header is damaged")
def dicom_header_damaged(folder: Path) -> Path:
    path = min(write_series(folder / "scan").iterdir())
    path.write_bytes(path.read_bytes()[:160])
    return path.parent


@malformed("t1", "a symbolic link out of the folder")
def dicom_link_out_of_the_folder(folder: Path) -> Path:
    inside = write_series(folder / "scan")
    victim = max(inside.iterdir())
    victim.rename(folder / "elsewhere.dcm")
    victim.symlink_to(folder / "elsewhere.dcm")
    return inside


@malformed("normal_bone", "is DICOM")
def mask_that_is_dicom(folder: Path) -> Path:
    return write_enhanced(folder / "mask.dcm")
