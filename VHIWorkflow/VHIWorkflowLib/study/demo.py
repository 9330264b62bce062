"""A synthetic case from its making to its records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.files.segmentation_files import read_labelmap
from VHIWorkflowLib.phantom import Phantom, make_phantom

from .case_inputs import CaseFiles
from .case_record import CaseKey
from .measure_case import Outcome, Request, measure_case
from .reading import LABELMAP_NAME

SCANS = "scans"


@dataclass(frozen=True)
class Demo:
    """What was measured, where the synthetic scans lie, and how the result compares with the truth."""

    outcome: Outcome
    scans: Path
    truth_voxels: int
    dice: float


def make_and_measure(out: Path, seed: int = 1) -> Demo:
    """Make a phantom, measure and clean it with the truth as the reader, and compare.

    Raises
    ------
    VHIError
        If the folder cannot be written.
    """
    phantom = make_phantom(seed)
    case_id = f"phantom {seed}"
    scans = out / SCANS / case_id
    files = write_phantom(phantom, scans)
    outcome = measure_case(Request(CaseKey(case_id, "baseline", "demo"), files, out / "results", figure=True))
    found = read_labelmap(outcome.folder / LABELMAP_NAME).array > 0
    truth = phantom.lesions.array
    overlap = int(np.count_nonzero(found & truth))
    return Demo(outcome, scans, int(truth.sum()), 2 * overlap / max(int(found.sum()) + int(truth.sum()), 1))


def write_phantom(phantom: Phantom, folder: Path) -> CaseFiles:
    """Write a phantom's scans and masks as NIfTI; the truth is what its reader keeps."""
    volumes = {
        "stir": phantom.stir,
        "t1w": phantom.t1w,
        "normal_bone": phantom.normal_bone,
        "disease_region": phantom.disease_region,
        "inflammation": phantom.lesions,
    }
    paths = {name: folder / f"{name}.nii.gz" for name in volumes}
    for name, volume in volumes.items():
        write_volume(paths[name], volume)
    return CaseFiles(
        stir=Scan(paths["stir"]),
        t1w=Scan(paths["t1w"]),
        normal_bone=(paths["normal_bone"],),
        disease_region=paths["disease_region"],
        keep=paths["inflammation"],
    )
