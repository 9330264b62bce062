"""Fixtures for the tests of a study: one small case as files, and one that was measured."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from Study.study_cases import request_for, study_case
from VHIWorkflowLib.study.case_inputs import CaseFiles, Scan
from VHIWorkflowLib.study.measure_case import measure_case


@pytest.fixture(scope="session")
def written_once(tmp_path_factory) -> Path:
    """A study folder with scans in ``scans`` and a measured case in ``results``; not to be changed.

    It was moved since, so that nothing is found at the absolute paths of the record.
    """
    folder = tmp_path_factory.mktemp("study")
    files = study_case().write(folder / "then" / "scans")
    measure_case(request_for(files, folder / "then" / "results"))
    return (folder / "then").rename(folder / "now")


@pytest.fixture
def study(written_once, tmp_path) -> Path:
    """A copy of it, to spoil."""
    return Path(shutil.copytree(written_once, tmp_path / "study", copy_function=shutil.copyfile))


@pytest.fixture
def files(study) -> CaseFiles:
    """The files of the case in that copy."""
    scans = study / "scans"
    return CaseFiles(
        Scan(scans / "stir.nii.gz"),
        Scan(scans / "t1w.nii.gz"),
        (scans / "normal_bone.nii.gz",),
        scans / "disease_region.nii.gz",
        scans / "keep.nii.gz",
    )
