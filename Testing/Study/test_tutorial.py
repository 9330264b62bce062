"""The tutorial's six cases: what each step of it needs is there, and the bundled models do something sensible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.files.segmentation_files import read_labelmap, read_segmentation
from VHIWorkflowLib.files.volumes import read_mask
from VHIWorkflowLib.files.worklists import WorklistCase, read_worklist
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.measure_case import Outcome, Request, measure_case

pytestmark = pytest.mark.slow

TRUTH_NAME = "inflammation.nii.gz"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], WorklistCase]:
    """Cases of the worklist that `vhi demo --worklist` writes, by subject and time point."""
    folder = tmp_path_factory.mktemp("tutorial")
    command = [sys.executable, "-m", "VHIWorkflowLib", "demo", "--worklist", folder]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == f"worklist {folder / 'worklist.tsv'}\n"
    return {(case.case_id, case.time_point): case for case in read_worklist(folder / "worklist.tsv")}


def truth_of(case: WorklistCase) -> Volume:
    """What is inflammation; empty in the subject that has none."""
    return read_mask(case.stir.path.with_name(TRUTH_NAME), allow_empty=True)


def measured(case: WorklistCase, out: Path) -> Outcome:
    """Measure a case with the truth as the reader."""
    files = CaseFiles(
        case.stir, case.t1w, case.normal_bone, case.disease_region, keep=case.stir.path.with_name(TRUTH_NAME)
    )
    return measure_case(Request(CaseKey(case.case_id, case.time_point, "truth"), files, out))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def test_three_subjects_were_examined_twice(cases: dict[tuple[str, str], WorklistCase]) -> None:
    assert sorted(cases) == [(f"tutorial {n}", when) for n in (1, 2, 3) for when in ("baseline", "week 16")]
    for case in cases.values():
        assert case.stir.path.is_file()
        assert case.t1w.path.is_file()
        assert case.keep is None  # the reader cleans


def test_less_is_given_from_subject_to_subject(cases: dict[tuple[str, str], WorklistCase]) -> None:
    given = [(bool(case.normal_bone), case.disease_region is not None) for case in cases.values()]
    assert given == [(True, True)] * 2 + [(False, True)] * 2 + [(False, False)] * 2


def test_inflammation_goes_comes_and_vanishes(cases: dict[tuple[str, str], WorklistCase]) -> None:
    voxels = {key: int(truth_of(case).array.sum()) for key, case in cases.items()}
    assert voxels["tutorial 1", "week 16"] < 0.8 * voxels["tutorial 1", "baseline"]
    assert voxels["tutorial 2", "week 16"] > voxels["tutorial 2", "baseline"]
    assert voxels["tutorial 3", "baseline"] > 0
    assert voxels["tutorial 3", "week 16"] == 0


@pytest.mark.parametrize("key", [("tutorial 1", "baseline"), ("tutorial 2", "week 16"), ("tutorial 3", "baseline")])
def test_cleaning_leads_close_to_the_truth(
    cases: dict[tuple[str, str], WorklistCase], key: tuple[str, str], tmp_path: Path
) -> None:
    """With all that is missing found by the bundled models."""
    outcome = measured(cases[key], tmp_path)
    found = read_labelmap(outcome.folder / "labelmap.nii.gz").array > 0
    assert overlap(found, truth_of(cases[key]).array) > 0.6


def test_the_bundled_networks_find_most_of_the_bone(cases: dict[tuple[str, str], WorklistCase], tmp_path: Path) -> None:
    """They learned from patients and miss the back of the phantom's sacrum."""
    case = cases["tutorial 3", "baseline"]
    segments = read_segmentation(measured(case, tmp_path).folder / "segmentation.seg.nrrd")
    bone = read_mask(case.stir.path.with_name("disease_region.nii.gz")).array
    assert 0.7 < overlap(segments["Disease region"].array, bone) < 0.85
