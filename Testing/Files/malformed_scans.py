"""Scans whose geometry or intensities make no sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from Files import synthetic
from Files.malformed_entries import Entries, edited, float_scan, nifti

ENTRIES = Entries()


# Geometry


@ENTRIES.enter("stir", "spacing is negative")
def nifti_negative_spacing(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("f", 80, (-0.6,)))


@ENTRIES.enter("stir", "spacing is zero")
def nifti_zero_spacing(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("f", 88, (0.0,)))


@ENTRIES.enter("t1", "spacing is not a number")
def nifti_spacing_not_a_number(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("f", 84, (float("nan"),)))


@ENTRIES.enter("stir", "left and right are unknown")
def nifti_without_orientation(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("2h", 252, (0, 0)))


@ENTRIES.enter("stir", "mm apart")
def nifti_two_orientations(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("f", 268, (90.0,)))


@ENTRIES.enter("stir", "not orthogonal")
def nifti_sheared(folder: Path) -> Path:
    return nifti(
        folder / "scan.nii.gz",
        ("2h", 252, (0, 1)),
        ("12f", 280, (0.6, 0.2, 0.0, 0.0, 0.0, 0.6708204, 0.0, 0.0, 0.0, 0.0, 3.3, 0.0)),
    )


@ENTRIES.enter("stir", "contradict each other")
def nifti_two_spacings(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("2h", 252, (0, 1)), ("f", 88, (3.0,)))


@ENTRIES.enter("stir", "does not say how the volume lies")
def nrrd_without_orientation(folder: Path) -> Path:
    return edited(folder / "scan.nrrd", b"space: left-posterior-superior\n", b"")


@ENTRIES.enter("stir", "spacing is zero")
def nrrd_zero_spacing(folder: Path) -> Path:
    return _directions(folder / "scan.nrrd", b"(0.6,0,0) (0,0.7,0) (0,0,0)")


@ENTRIES.enter("t1", "spacing is not a number")
def nrrd_spacing_not_a_number(folder: Path) -> Path:
    return _directions(folder / "scan.nrrd", b"(0.6,0,0) (0,nan,0) (0,0,3.3)")


@ENTRIES.enter("stir", "not orthogonal")
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


@ENTRIES.enter("stir", "spacing is negative")
def mha_negative_spacing(folder: Path) -> Path:
    return edited(folder / "scan.mha", b"ElementSpacing = 0.", b"ElementSpacing = -0.")


@ENTRIES.enter("stir", "has no 'ElementSpacing'")
def mha_without_spacing(folder: Path) -> Path:
    return edited(folder / "scan.mha", b"ElementSpacing", b"Comment")


# Intensities


@ENTRIES.enter("stir", "3 voxels whose intensities are not a finite number")
def intensities_not_a_number(folder: Path) -> Path:
    return float_scan(folder / "scan.nii.gz", 3, float("nan"))


@ENTRIES.enter("t1", "1 voxel whose intensity is not a finite number")
def intensity_infinite(folder: Path) -> Path:
    return float_scan(folder / "scan.nrrd", 1, float("inf"))


@ENTRIES.enter("stir", "same intensity (100) everywhere")
def constant_intensities(folder: Path) -> Path:
    return synthetic.write(folder / "scan.nii.gz", np.full(synthetic.SHAPE, 100, np.int16))


@ENTRIES.enter("stir", "scl_slope")
def slope_not_a_number(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("f", 112, (float("nan"),)))


@ENTRIES.enter("stir", "ElementToIntensityFunctionSlope = 2")
def mha_slope_that_itk_ignores(folder: Path) -> Path:
    return edited(folder / "scan.mha", b"ElementType", b"ElementToIntensityFunctionSlope = 2\nElementType")
