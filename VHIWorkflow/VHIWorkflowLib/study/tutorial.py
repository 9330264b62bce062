"""The worklist of the tutorial: three synthetic subjects, each examined twice, made on the spot.

What a reader gets ready-made becomes less from subject to subject: at first both regions, so that only cleaning is left
to learn; then the disease region alone, with normal bone to be proposed or marked; at last the scans alone. What is
inflammation in truth lies beside the scans, for comparison afterwards; the worklist does not name it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from VHIWorkflowLib.files.worklists import WorklistCase, write_worklist
from VHIWorkflowLib.phantom import make_phantom

from .demo import write_phantom
from .found_regions import Progress

WORKLIST_NAME = "worklist.tsv"
TIME_POINTS = ("baseline", "week 16")


@dataclass(frozen=True)
class TutorialSubject:
    """One synthetic subject.

    Attributes
    ----------
    case_id
        Its name.
    seed
        Its anatomy (`make_phantom`).
    loads
        How much inflammation at each of `TIME_POINTS`.
    normal_bone, disease_region
        Whether the worklist gives this region.
    """

    case_id: str
    seed: int
    loads: tuple[float, float]
    normal_bone: bool
    disease_region: bool


SUBJECTS = (
    TutorialSubject("tutorial 1", 1, (1.0, 0.4), normal_bone=True, disease_region=True),
    TutorialSubject("tutorial 2", 2, (0.7, 0.9), normal_bone=False, disease_region=True),
    TutorialSubject("tutorial 3", 3, (0.4, 0.0), normal_bone=False, disease_region=False),
)
"""One gets better under treatment, one slightly worse, one is free of inflammation at the end."""


def write_tutorial(folder: Path, progress: Progress | None = None) -> Path:
    """Write the scans of the six cases and their worklist.

    Parameters
    ----------
    folder
        To write into; `<case_id>/<time point>/stir.nii.gz` and so on. Cases that are there already are made anew.
    progress
        Is told how many cases of how many are done.

    Returns
    -------
    Path of the worklist. It is written last: where it is, all cases are whole.

    Raises
    ------
    RecordError
        If the folder cannot be written.
    """
    cases = []
    for subject in SUBJECTS:
        for number, (time_point, load) in enumerate(zip(TIME_POINTS, subject.loads, strict=True), start=1):
            cases.append(_write_case(folder, subject, number, time_point, load))
            if progress is not None:
                progress(len(cases), len(SUBJECTS) * len(TIME_POINTS))
    worklist = folder / WORKLIST_NAME
    write_worklist(cases, worklist)
    return worklist


def _write_case(folder: Path, subject: TutorialSubject, number: int, time_point: str, load: float) -> WorklistCase:
    phantom = make_phantom(subject.seed, number, lesion_load=load)
    files = write_phantom(phantom, folder / subject.case_id / time_point)
    case = WorklistCase(subject.case_id, time_point, files.stir, files.t1w)
    if subject.normal_bone:
        case = replace(case, normal_bone=files.normal_bone)
    if subject.disease_region:
        case = replace(case, disease_region=files.disease_region)
    return case
