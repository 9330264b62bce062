"""Fixtures for the tests of the scene: Slicer's own MRML from the slicer-core wheel, and a small list of cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from Study.study_cases import ROLES, study_case, ticking_clock
from VHIWorkflowLib.files.worklists import Scan, WorklistCase, write_worklist
from VHIWorkflowLib.scene.workflow import Workflow

settings.register_profile("scene", deadline=None, derandomize=True, database=None)
settings.load_profile("scene")

CASES = (("S 01", "baseline", 1), ("S 01", "week 16", 2), ("S 02", "baseline", 3))


@pytest.fixture(scope="session")
def slicer() -> Any:
    return pytest.importorskip("slicer", reason="NOTHING OF THE SCENE WAS TESTED: slicer-core is not installed")


@pytest.fixture
def scene(slicer: Any) -> Any:
    return slicer.vtkMRMLScene()


@pytest.fixture(scope="session")
def worklist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cases with both regions, two of one subject; not to be changed."""
    folder = tmp_path_factory.mktemp("list")
    cases = []
    for case_id, time_point, seed in CASES:
        place = folder / case_id / time_point
        study_case(seed).write(place)
        stir, t1w, normal_bone, disease_region, _ = (place / f"{role}.nii.gz" for role in ROLES)
        cases.append(WorklistCase(case_id, time_point, Scan(stir), Scan(t1w), (normal_bone,), disease_region))
    write_worklist(cases, folder / "worklist.tsv")
    return folder / "worklist.tsv"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder for results, not there yet."""
    return tmp_path / "readings"


@pytest.fixture
def new_workflow(scene: Any, worklist: Path, out: Path) -> Callable[..., Workflow]:
    """A workflow on the scene, with the list opened."""

    def new(**options: Any) -> Workflow:
        workflow = Workflow(scene, clock=ticking_clock())
        workflow.open_study(worklist, out, "AB", **options)
        return workflow

    return new


@pytest.fixture
def workflow(new_workflow: Callable[..., Workflow]) -> Workflow:
    """A workflow with its first case open."""
    workflow = new_workflow()
    workflow.open_case(0)
    return workflow
