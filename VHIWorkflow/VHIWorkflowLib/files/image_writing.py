"""Volumes to files, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import RecordError
from .itk import itk_image, itk_silent, simple_itk
from .safe_files import replacing

_ = sentences_of(__name__)


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
            raise RecordError(path, _("cannot be written; check the space on the disk and the permissions")) from error
