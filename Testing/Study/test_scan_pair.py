"""Two scans that are not a pair: another patient's is refused, one given twice or in the other's place is on record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from Files import synthetic
from Files.dicom_files import write_series
from RealCases import REAL_CASES
from Study.study_cases import request_for
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.volumes import read_image
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_inputs import CaseFiles, Scan, load_scans
from VHIWorkflowLib.study.measure_case import measure_case
from VHIWorkflowLib.study.scan_pair import EXCHANGED, GIVEN_TWICE, check_pair

T1W = {"uid": "1.2.3.101", "description": "T1 cor"}
SOMEWHERE = Scan(Path("t1w.nii.gz"))


def dicom_pair(folder: Path, patients: tuple[str, str]) -> CaseFiles:
    write_series(folder / "stir", patient=patients[0])
    write_series(folder / "t1w", patient=patients[1], array=synthetic.stored_intensities(8), **T1W)
    return CaseFiles(Scan(folder / "stir"), Scan(folder / "t1w"))


def test_two_series_of_one_patient_are_a_pair(tmp_path):
    assert load_scans(dicom_pair(tmp_path, ("P1", "P1"))).warnings == ()


def test_a_patient_without_an_id_is_not_another_one(tmp_path):
    assert load_scans(dicom_pair(tmp_path, ("P1", ""))).warnings == ()


def test_two_series_of_two_patients_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"t1w: is of patient 'P2', but the STIR of patient 'P1'; choose"):
        load_scans(dicom_pair(tmp_path, ("P1", "P2")))


def test_two_patients_in_one_folder_are_refused_although_each_series_was_chosen(tmp_path):
    dicom_pair(tmp_path, ("P1", "P2"))
    with pytest.raises(InputError, match="but the STIR of patient"):
        load_scans(CaseFiles(Scan(tmp_path, "T2 STIR cor"), Scan(tmp_path, "T1 cor")))


def test_one_scan_given_twice_is_a_warning_in_the_record(files, tmp_path):
    record = measure_case(request_for(replace(files, t1w=files.stir), tmp_path / "out")).record
    assert record.warnings == (GIVEN_TWICE,)


def test_the_scans_of_a_phantom_are_told_apart():
    phantom = make_phantom()
    assert check_pair(SOMEWHERE, phantom.stir, phantom.t1w) == ()
    assert EXCHANGED in check_pair(SOMEWHERE, phantom.t1w, phantom.stir)


@pytest.mark.parametrize("factor", [1, -1])
def test_scans_of_no_contrast_are_not_called_exchanged(factor):
    noise = np.random.default_rng(1).normal(100, 5, synthetic.SHAPE).astype(np.float32)
    grid = synthetic.stir_grid()
    assert check_pair(SOMEWHERE, Volume(noise, grid), Volume(factor * noise + 1, grid)) == ()


@pytest.mark.real_cases
@pytest.mark.skipif(not REAL_CASES.is_dir(), reason="NOT RUN: the real cases in ../shared/data/sij_mri are absent")
def test_real_scans_are_told_apart():
    found = 0
    for path in sorted(REAL_CASES.glob("*/stir.nii.gz")):
        stir, t1w = read_image(path), read_image(path.with_name("t1w.nii.gz"))
        assert EXCHANGED not in check_pair(SOMEWHERE, stir, t1w)
        assert EXCHANGED in check_pair(SOMEWHERE, t1w, stir)
        found += 1
    assert found == 8
