"""Masks in DICOM Segmentation objects (one file, often without the empty slices), read through highdicom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.sentences import sentences_of

from .dicom_access import dicom_errors
from .errors import InputError
from .image_header import shown

_ = sentences_of(__name__)

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
REVERSE_AXES = np.eye(4)[[2, 1, 0, 3]]


def read_dicom_segmentation(path: Path, segment: str | None = None) -> Volume:
    """Read one segment.

    Parameters
    ----------
    path
        A DICOM SEG file.
    segment
        Label of the segment wanted, upper and lower case alike; a single segment is taken whatever its label.

    Returns
    -------
    Volume
        Boolean array indexed (k, j, i) on its grid in RAS mm. Slices that the file leaves out at either end are not
        part of it.

    Raises
    ------
    InputError
        If it is no DICOM SEG of parallel, equally spaced slices, none of several segments was chosen, or highdicom is
        not installed.
    """
    highdicom = highdicom_for(path)
    from pydicom import dcmread

    with dicom_errors(path, _("cannot be read as a DICOM segmentation (damaged file?); export it again")):
        dataset = dcmread(path)
        if dataset.get("SOPClassUID") != SEGMENTATION_STORAGE:
            raise InputError(path, _("is DICOM, but no segmentation (SEG); export the mask as SEG, NIfTI or NRRD"))
        found = highdicom.seg.Segmentation.from_dataset(dataset)
        volume = found.get_volume(segment_numbers=[_chosen(path, found, segment)], combine_segments=True, relabel=True)
        array = np.asarray(volume.array) > 0
        affine = LPS_TO_RAS @ volume.affine @ REVERSE_AXES
    try:
        return Volume(array, Grid(array.shape, affine))
    except MeasurementError as error:
        raise InputError(path, error.sentence) from error


def highdicom_for(path: Path) -> Any:
    """The library that reads these files, loaded only now.

    Raises
    ------
    InputError
        If it is not installed; the message says what to do about this path.
    """
    try:
        import highdicom
    except ImportError as error:
        problem = _(
            "is DICOM; install the Python package highdicom to read masks in it, or export them as NIfTI or NRRD"
        )
        raise InputError(path, problem) from error
    return highdicom


def _chosen(path: Path, found: object, segment: str | None) -> int:
    """Number of the segment wanted."""
    numbers = list(found.segment_numbers)  # type: ignore[attr-defined]
    labels = {n: str(found.get_segment_description(n).segment_label) for n in numbers}  # type: ignore[attr-defined]
    if len(labels) == 1:
        return int(numbers[0])
    wanted = [n for n, label in labels.items() if segment is not None and label.casefold() == segment.casefold()]
    if len(wanted) != 1:
        known = ", ".join(f"'{shown(label)}'" for label in labels.values())
        raise InputError(
            path, _("holds the segments {known}, not a single one; export the wanted segment alone").format(known=known)
        )
    return int(wanted[0])
