"""A case read ahead by a process of its own is the case that would have been read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from BoneSegModelsLib.island_rank import load_rank_model
from Study.study_cases import study_case
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE
from VHIWorkflowLib.core.sentences import from_json, sentences_of, translated
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.study.case_inputs import CaseFiles, LoadedScans, load_scans
from VHIWorkflowLib.study.found_regions import FoundRegion, Model, Progress
from VHIWorkflowLib.study.read_ahead import ANSWER_NAME, Prepared, PrepareRequest, leave, prepare, take

CASE = study_case()
MODEL = Model("disease_region", "9.9", "0" * 64, notes=("as usual",))


class Finder:
    """Finds the regions of the study case."""

    def __init__(self, proposes: bool = True) -> None:
        self.proposes = proposes

    def check(self, *, disease_region: bool, normal_bone: bool) -> None:
        """Everything can be found."""

    def sha256s(self, *, disease_region: bool, normal_bone: bool) -> tuple[tuple[str, str], ...]:
        """No model."""
        return ()

    def disease_region(self, t1w: Volume, stir: Grid, progress: Progress | None = None) -> FoundRegion:
        """After six slices."""
        if progress:
            progress(6, 6)
        return FoundRegion(CASE.disease_region, MODEL, ("looks odd",))

    def normal_bone(self, stir: Volume, t1w: Volume, disease_region: BoolArray) -> FoundRegion:
        """If it can."""
        if not self.proposes:
            raise MeasurementError("no normal bone can be proposed")
        return FoundRegion(CASE.normal_bone & disease_region, replace(MODEL, name="normal_bone"), (), 0.7)


@pytest.fixture
def bare(files: CaseFiles) -> CaseFiles:
    """The two scans alone."""
    return CaseFiles(files.stir, files.t1w)


def assert_same_scans(one: LoadedScans, other: LoadedScans) -> None:
    for a, b in ((one.stir, other.stir), (one.t1w, other.t1w)):
        assert a.array.dtype == b.array.dtype
        assert np.array_equal(a.array, b.array)
        assert a.grid == b.grid
    assert (one.inputs, one.warnings) == (other.inputs, other.warnings)


def run(request_path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "VHIWorkflowLib.study.read_ahead", str(request_path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_process_leaves_the_scans_as_they_would_have_been_read(bare, tmp_path):
    done = run(PrepareRequest(bare, tmp_path / "ahead").write())
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"event": "done"}]
    prepared = take(tmp_path / "ahead", bare)
    assert_same_scans(prepared.scans, load_scans(bare))
    assert (prepared.found, prepared.problems) == ({}, ())


def test_what_models_find_comes_back_whole(bare, tmp_path):
    request = PrepareRequest(bare, tmp_path / "ahead", find_disease_region=True, propose_normal_bone=True)
    steps: list[tuple[int, int]] = []
    leave(prepare(request, lambda *step: steps.append(step), Finder()), request)
    found = take(tmp_path / "ahead", bare).found
    assert steps == [(6, 6)]
    assert np.array_equal(found[DISEASE_REGION].mask, CASE.disease_region)
    assert (found[DISEASE_REGION].model, found[DISEASE_REGION].warnings) == (MODEL, ("looks odd",))
    assert np.array_equal(found[NORMAL_BONE].mask, CASE.normal_bone & CASE.disease_region)
    assert found[NORMAL_BONE].confidence == 0.7


def test_a_proposal_takes_the_disease_region_that_is_given(files, tmp_path):
    request = PrepareRequest(replace(files, keep=None), tmp_path / "ahead", propose_normal_bone=True)
    assert set(prepare(request, finder=Finder()).found) == {NORMAL_BONE}


def test_what_cannot_be_found_is_said_and_the_rest_is_there(bare, tmp_path):
    request = PrepareRequest(bare, tmp_path / "ahead", find_disease_region=True, propose_normal_bone=True)
    leave(prepare(request, finder=Finder(proposes=False)), request)
    prepared = take(tmp_path / "ahead", bare)
    assert set(prepared.found) == {DISEASE_REGION}
    assert prepared.problems == ("no normal bone can be proposed",)


def test_warnings_and_problems_can_still_be_translated(bare, tmp_path):
    request = PrepareRequest(bare, tmp_path / "ahead")
    _ = sentences_of(__name__)
    warning, problem, doubt = _("T1w covers {share} %").format(share=50), _("no model"), _("look at slice 3")
    scans = replace(load_scans(bare), warnings=(warning, "a plain text"))
    found = FoundRegion(CASE.disease_region, Model("disease_region", "1", "0" * 64), (doubt,))
    leave(Prepared(scans, {DISEASE_REGION: found}, (problem,)), request)
    prepared = take(tmp_path / "ahead", bare)
    assert (prepared.scans.warnings, prepared.problems) == ((warning, "a plain text"), (problem,))
    told = (*prepared.scans.warnings, *prepared.problems, *prepared.found[DISEASE_REGION].warnings)
    said = [translated(text, lambda _context, template: f"[{template}]") for text in told]
    assert said == ["[T1w covers 50 %]", "a plain text", "[no model]", "[look at slice 3]"]


def test_ranks_come_back_for_the_islands_they_belong_to(files, tmp_path):
    request = PrepareRequest(replace(files, keep=None), tmp_path / "ahead", rank_islands=True)
    assert run(request.write()).returncode == 0
    prepared = take(tmp_path / "ahead", request.files)
    case = measure(CASE.stir, CASE.normal_bone, CASE.disease_region)
    expected = load_rank_model().scores(case, CASE.t1w)
    assert prepared.ranks_of(case).source == expected.source
    assert np.allclose(prepared.ranks_of(case).values, expected.values)
    fewer = CASE.disease_region & (np.indices(CASE.disease_region.shape)[2] > 8)
    assert prepared.ranks_of(measure(CASE.stir, CASE.normal_bone, fewer)) is None


def test_a_request_comes_through_its_file(files, tmp_path):
    request = PrepareRequest(replace(files, keep=None), tmp_path / "ahead", True, True, True)
    assert PrepareRequest.read(request.write()) == request


def test_scans_that_changed_since_are_read_anew(bare, tmp_path):
    request = PrepareRequest(bare, tmp_path / "ahead")
    leave(prepare(request, finder=Finder()), request)
    status = bare.t1w.path.stat()
    os.utime(bare.t1w.path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    assert take(tmp_path / "ahead", bare) is None


def test_nothing_is_taken_before_the_answer_is_whole(bare, tmp_path):
    request = PrepareRequest(bare, tmp_path / "ahead")
    assert take(tmp_path / "ahead", bare) is None
    leave(prepare(request, finder=Finder()), request)
    request.write()
    assert take(tmp_path / "ahead", bare) is None


def test_a_damaged_answer_is_an_error(bare, tmp_path):
    request = PrepareRequest(bare, tmp_path / "ahead")
    leave(prepare(request, finder=Finder()), request)
    (tmp_path / "ahead" / "t1w.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(RecordError, match=ANSWER_NAME):
        take(tmp_path / "ahead", bare)


def test_a_scan_that_cannot_be_read_is_one_line_and_status_2(bare, tmp_path):
    bare.stir.path.write_bytes(b"")
    done = run(PrepareRequest(bare, tmp_path / "ahead").write())
    assert (done.returncode, done.stderr) == (2, "")
    message = json.loads(done.stdout)
    assert message["event"] == "failed"
    assert from_json(message["message"]).startswith(str(bare.stir.path))
    assert take(tmp_path / "ahead", bare) is None
