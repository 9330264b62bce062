"""The small case for tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from Study.study_cases import study_case
from VHIWorkflowLib.study.case_inputs import CaseFiles


@pytest.fixture(scope="session")
def shared_files(tmp_path_factory) -> CaseFiles:
    """Scans and masks of the small case; not to be changed."""
    return study_case().write(tmp_path_factory.mktemp("scans"))


@pytest.fixture
def files(tmp_path: Path) -> CaseFiles:
    """Scans and masks of the small case, to spoil."""
    return study_case().write(tmp_path / "scans")
