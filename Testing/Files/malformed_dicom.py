"""DICOM that is no scan, or not one scan."""

from __future__ import annotations

from pathlib import Path

from Files import synthetic
from Files.dicom_files import SECONDARY_CAPTURE, position, write_enhanced, write_series
from Files.malformed_entries import Entries, cut
from pydicom.dataset import Dataset

ENTRIES = Entries()


# DICOM


@ENTRIES.enter("stir", "holds no DICOM scan")
def folder_without_images(folder: Path) -> Path:
    (folder / "scan").mkdir()
    (folder / "scan" / "notes.txt").write_text("nothing here", encoding="utf-8")
    return folder / "scan"


@ENTRIES.enter("stir", "holds no DICOM scan")
def dicom_captures_only(folder: Path) -> Path:
    return write_series(folder / "scan", sop_class=SECONDARY_CAPTURE)


@ENTRIES.enter("stir", "a slice is missing between")
def dicom_missing_slice(folder: Path) -> Path:
    return write_series(folder / "scan", slices=(0, 1, 2, 4, 5))


@ENTRIES.enter("t1", "lie at the same place")
def dicom_repeated_slice(folder: Path) -> Path:
    write_series(folder / "scan")
    return write_series(folder / "scan" / "again", slices=(2,)).parent


@ENTRIES.enter("stir", "2 series: 'T2 STIR cor' (6 images), 'T1 cor' (6 images); choose one")
def dicom_two_series(folder: Path) -> Path:
    write_series(folder / "scan")
    return write_series(folder / "scan", uid="1.2.3.101", description="T1 cor")


@ENTRIES.enter("stir", "2 different patients")
def dicom_two_subjects(folder: Path) -> Path:
    write_series(folder / "scan")
    return write_series(folder / "scan", uid="1.2.3.101", patient="P2")


@ENTRIES.enter("stir", "two patients in one series")
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


@ENTRIES.enter("stir", "differ in orientation")
def dicom_turned_slice(folder: Path) -> Path:
    return _spoiled(folder, "ImageOrientationPatient", [1, 0, 0, 0, 1, 0])


@ENTRIES.enter("stir", "differ in pixel spacing")
def dicom_other_pixel_spacing(folder: Path) -> Path:
    return _spoiled(folder, "PixelSpacing", [0.9, 0.9])


@ENTRIES.enter("stir", "differ in size")
def dicom_other_size(folder: Path) -> Path:
    return _spoiled(folder, "Rows", 30)


@ENTRIES.enter("stir", "has no ImagePositionPatient")
def dicom_slice_without_position(folder: Path) -> Path:
    return _spoiled(folder, "ImagePositionPatient", None)


@ENTRIES.enter("stir", "right angle to the image plane")
def dicom_slice_shifted_sideways(folder: Path) -> Path:
    shift = 3 * synthetic.oblique_direction()[:, 0]
    return _spoiled(folder, "ImagePositionPatient", [f"{x:.10g}" for x in position(2) + shift])


@ENTRIES.enter("stir", "RescaleSlope that is not a finite number")
def dicom_slope_not_a_number(folder: Path) -> Path:
    return _spoiled(folder, "RescaleSlope", float("nan"))


@ENTRIES.enter("stir", "pixel data are damaged, cut off")
def dicom_pixels_cut_off(folder: Path) -> Path:
    write_series(folder / "scan")
    cut(max((folder / "scan").iterdir()), 0.8)
    return folder / "scan"


@ENTRIES.enter("stir", "is a colour image")
def dicom_colour(folder: Path) -> Path:
    return _spoiled(folder, "SamplesPerPixel", 3)


@ENTRIES.enter("stir", "no usable scan")
def dicom_huge_size_tiny_file(folder: Path) -> Path:
    def change(_: int, image: Dataset) -> None:
        image.Rows = image.Columns = 65535

    return write_series(folder / "scan", change=change)


@ENTRIES.enter("stir", "is a single image")
def dicom_single_slice(folder: Path) -> Path:
    return min(write_series(folder / "scan").iterdir())


@ENTRIES.enter("stir", "a slice is missing between")
def dicom_enhanced_missing_frame(folder: Path) -> Path:
    return write_enhanced(folder / "scan.dcm", order=(0, 1, 3, 4, 5))


@ENTRIES.enter("stir", "announces 9 frames but describes 6")
def dicom_enhanced_without_its_frames(folder: Path) -> Path:
    def change(_: int, image: Dataset) -> None:
        image.NumberOfFrames = 9

    return write_enhanced(folder / "scan.dcm", change=change)


@ENTRIES.enter("stir", "header is damaged")
def dicom_header_damaged(folder: Path) -> Path:
    path = min(write_series(folder / "scan").iterdir())
    path.write_bytes(path.read_bytes()[:160])
    return path.parent


@ENTRIES.enter("t1", "a symbolic link out of the folder")
def dicom_link_out_of_the_folder(folder: Path) -> Path:
    inside = write_series(folder / "scan")
    victim = max(inside.iterdir())
    victim.rename(folder / "elsewhere.dcm")
    victim.symlink_to(folder / "elsewhere.dcm")
    return inside


@ENTRIES.enter("normal_bone", "is DICOM")
def mask_that_is_dicom(folder: Path) -> Path:
    return write_enhanced(folder / "mask.dcm")
