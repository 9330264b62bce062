"""Volumes to files, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.grids import Grid, Volume

from .errors import RecordError
from .itk import itk_silent, simple_itk
from .safe_files import replacing
from .volumes import LPS_TO_RAS


def write_volume(path: Path, volume: Volume) -> None:
    """Write intensities or a mask in the format that the name ends in (.nii.gz, .nrrd, .mha), compressed.

    Raises
    ------
    RecordError
        If the file cannot be written.
    """
    array = volume.array.astype(np.uint8) if volume.array.dtype == np.bool_ else volume.array
    with replacing(path) as temporary, itk_silent():
        try:
            simple_itk().WriteImage(itk_image(array, volume.grid), os.fspath(temporary), True)
        except RuntimeError as error:
            raise RecordError(path, "cannot be written; check the space on the disk and the permissions") from error


def itk_image(array: npt.NDArray[Any], grid: Grid) -> Any:
    """ITK image of an array (k, j, i) on its grid; ITK's coordinates are LPS."""
    image = simple_itk().GetImageFromArray(array)
    lps = LPS_TO_RAS @ grid.affine
    spacing = np.array(grid.spacing_mm[::-1])
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    return image
