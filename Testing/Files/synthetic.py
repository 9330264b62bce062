"""Small synthetic scans and masks, and writers for every file format; no real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK
from VHIWorkflowLib.core.grids import Grid

SHAPE = (6, 32, 30)
"""Slices, rows, columns."""

SPACING_MM = (0.6, 0.7, 3.3)
"""Along (i, j, k)."""

ORIGIN_LPS = (-20.0, 35.0, 110.0)


def oblique_direction() -> np.ndarray:
    """Rotation (LPS) of an oblique coronal acquisition: columns are the directions of i, j and k."""
    tilt, turn = np.deg2rad(33), np.deg2rad(4)
    rows = np.array([np.cos(turn), np.sin(turn), 0.0])
    columns = np.array([0.0, np.sin(tilt), -np.cos(tilt)])
    columns -= rows * (rows @ columns)
    columns /= np.linalg.norm(columns)
    return np.stack([rows, columns, np.cross(rows, columns)], axis=1)


def stored_intensities(seed: int = 7) -> np.ndarray:
    """Whole numbers like those of a scanner, int16, shape ``SHAPE``; no two slices alike."""
    rng = np.random.default_rng(seed)
    return (rng.gamma(4, 40, SHAPE) + 100).astype(np.int16)


def normal_bone() -> np.ndarray:
    """Box of 200 voxels in two slices."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:4, 10:20, 10:20] = 1
    return mask


def disease_region() -> np.ndarray:
    """Box over all slices."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[:, 4:28, 4:26] = 1
    return mask


def image(array: np.ndarray, origin: tuple[float, ...] = ORIGIN_LPS, **kwargs: bool) -> SimpleITK.Image:
    """ITK image of an array (k, j, i) on the oblique grid."""
    made = SimpleITK.GetImageFromArray(array, **kwargs)
    made.SetSpacing(SPACING_MM)
    made.SetOrigin(origin)
    made.SetDirection(oblique_direction().ravel().tolist())
    return made


def write(path: Path, array: np.ndarray, *, compress: bool = True) -> Path:
    """Write an array (k, j, i) on the oblique grid in the format of the file's ending."""
    SimpleITK.WriteImage(image(array), path, compress)
    return path


def write_good_case(folder: Path) -> dict[str, Path]:
    """A small case that can be measured: the files for ``stir``, ``t1``, ``normal_bone`` and ``disease_region``."""
    return {
        "stir": write(folder / "stir.nii.gz", stored_intensities()),
        "t1": write(folder / "t1.nii.gz", stored_intensities(8)),
        "normal_bone": write(folder / "normal_bone.nii.gz", normal_bone()),
        "disease_region": write(folder / "disease_region.nii.gz", disease_region()),
    }


def stir_grid() -> Grid:
    """Grid of the good case."""
    affine = np.eye(4)
    affine[:3, :3] = oblique_direction() * SPACING_MM
    affine[:3, 3] = ORIGIN_LPS
    return Grid(SHAPE, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)
