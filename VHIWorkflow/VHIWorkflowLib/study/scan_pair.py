"""The two scans of a case: whether they belong together, and whether each is what it was given as."""

from __future__ import annotations

import numpy as np

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.resampling import check_overlap
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.image_header import shown
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.files.volumes import is_dicom

_ = sentences_of(__name__)

EVERY_NTH = 3
"""Rows and columns looked at; the contrast of a scan does not hang on single pixels."""

GIVEN_TWICE = _("STIR and T1w are one and the same scan")
EXCHANGED = _("STIR and T1w look exchanged: fat is bright on what was given as STIR")


def check_patients(stir: Scan, t1w: Scan) -> None:
    """Check that two DICOM series are of one patient; other files do not say whose they are.

    Raises
    ------
    InputError
        If both have a PatientID and it differs.
    """
    if not (is_dicom(stir.path) and is_dicom(t1w.path)):
        return
    from VHIWorkflowLib.files.dicom_series import patient_id

    ours, theirs = (patient_id(scan.path, scan.series) for scan in (stir, t1w))
    if ours and theirs and ours != theirs:
        problem = _("is of patient '{theirs}', but the STIR of patient '{ours}'; choose two scans of one examination")
        raise InputError(t1w.path, problem.format(theirs=shown(theirs), ours=shown(ours)))


def check_pair(where: Scan, stir: Volume, t1w: Volume) -> tuple[str, ...]:
    """Check two scans against each other.

    Parameters
    ----------
    where
        The T1w, for the error.

    Returns
    -------
    Warnings for the record: too little overlap, one scan given twice, or contrasts that look exchanged.

    Raises
    ------
    InputError
        If they do not overlap at all.
    """
    try:
        warnings = check_overlap(stir.grid, t1w.grid)
    except MeasurementError as error:
        raise InputError(where.path, error.sentence) from error
    if np.array_equal(stir.array, t1w.array):
        return (*warnings, GIVEN_TWICE)
    return (*warnings, EXCHANGED) if _look_exchanged(stir, t1w) else warnings


def _look_exchanged(stir: Volume, t1w: Volume) -> bool:
    from BoneSegModelsLib.scaling import look_exchanged  # seldom slow, but not needed to start

    return look_exchanged(*(scan.array[:, ::EVERY_NTH, ::EVERY_NTH] for scan in (stir, t1w)))
