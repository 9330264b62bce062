"""What made readers disagree: shares that add up, reasons of removals, and both from records with pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from Agreement.test_agree import masks_of, rows_of
from CommandLine.command_lines import run_here
from hypothesis import given, settings
from hypothesis import strategies as st
from Study.study_cases import request_for, study_case, ticking_clock
from VHIWorkflowLib.agreement.disputes import disputes
from VHIWorkflowLib.agreement.swapped import PARTS, Measured, share_difference
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.study.case_inputs import load_case
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.found_regions import Networks, bundled_regions
from VHIWorkflowLib.study.reading import Reading, Sitting

SEEDS = st.integers(0, 2**32 - 1)
CASE = study_case()


def region_without(seed: int, share: float = 0.1) -> BoolArray:
    """The disease region less a random column block."""
    start = int(np.random.default_rng(seed).integers(2, 30))
    region = CASE.disease_region.copy()
    region[:, :, start : start + round(share * region.shape[2])] = False
    return region


def bone_without(seed: int) -> BoolArray:
    """The normal bone less some of its voxels, at random."""
    left_out = np.random.default_rng(seed).random(CASE.normal_bone.shape) < 0.2
    return CASE.normal_bone & ~left_out


def reading(bone: BoolArray, region: BoolArray, seed: int | None) -> Measured:
    """A reader who removes some islands at random, cuts one, and removes a piece within one slice."""
    case = measure(CASE.stir, bone, region)
    session = CleaningSession.of(case)
    if seed is not None:
        rng = np.random.default_rng(seed)
        numbers = list(session.partition)
        for number in numbers:
            if rng.random() < 0.4:
                session.remove(TheseIslands((number,)), reason="vessel" if number % 2 else None)
        largest = session.partition.voxels_of(Unit(numbers[0]))
        made = session.cut(numbers[0], largest[: largest.size // 2])
        assert made
        session.remove(TheseIslands((max(session.partition),)))
    return Measured(case, session)


def random_reading(seed: int) -> Measured:
    return reading(bone_without(seed), region_without(seed + 1), seed)


@settings(max_examples=20, deadline=None)
@given(SEEDS, SEEDS)
def test_shares_add_up_to_the_difference_and_swapping_readers_flips_signs(one, other):
    a, b = random_reading(one), random_reading(other)
    there, back = share_difference(a, b), share_difference(b, a)
    difference = b.session.vhi.sensitive_voxels - a.session.vhi.sensitive_voxels
    assert there.voxels == difference
    assert sum(there.parts.values()) == pytest.approx(difference, abs=1e-9)
    assert there.parts == pytest.approx({part: -share for part, share in back.parts.items()}, abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_part_that_is_the_same_makes_no_difference(seed):
    bone, region = CASE.normal_bone, CASE.disease_region
    by_cleaning = share_difference(reading(bone, region, None), reading(bone, region, seed))
    assert by_cleaning.parts["cleaning"] == pytest.approx(by_cleaning.voxels)
    assert by_cleaning.main_part == "cleaning"
    by_region = share_difference(reading(bone, region, None), reading(bone, region_without(seed, 0.4), None))
    assert by_region.parts["normal bone"] == 0
    assert by_region.voxels < 0
    same = share_difference(reading(bone, region, seed), reading(bone, region, seed))
    assert (same.voxels, same.main_part) == (0, None)


def test_readings_of_different_scans_are_refused():
    a = reading(CASE.normal_bone, CASE.disease_region, None)
    other = Grid(CASE.stir.grid.shape, CASE.stir.grid.affine @ np.diag([1.1, 1, 1, 1]))
    moved = type(CASE.stir)(CASE.stir.array, other)
    case = measure(moved, CASE.normal_bone, CASE.disease_region)
    with pytest.raises(MeasurementError, match="different grids"):
        share_difference(a, Measured(case, CleaningSession.of(case)))


def test_a_dispute_says_why_the_other_reader_does_not_count_it():
    a = reading(CASE.normal_bone, CASE.disease_region, None)
    case = measure(CASE.stir, CASE.normal_bone, CASE.disease_region)
    session = CleaningSession.of(case)
    session.remove(TheseIslands((1,)), reason="joint fluid")
    session.remove(TheseIslands((2,)))
    b = Measured(case, session)
    found = disputes(a.session.mask(), b.session.mask(), case.grid, (a, b))
    assert [each.why_not_b for each in found] == ["joint fluid", "removed"]
    assert [each.why_not_a for each in found] == [None, None]
    assert [each.disputed_voxels for each in found] == [session.partition.size_of(Unit(number)) for number in (1, 2)]


def test_a_dispute_by_region_or_threshold_is_no_removal():
    a = reading(CASE.normal_bone, CASE.disease_region, None)
    largest = a.case.islands.island_voxels()[0]
    region = CASE.disease_region.copy()
    region.ravel()[largest] = False
    b = reading(CASE.normal_bone, region, None)
    found = disputes(a.session.mask(), b.session.mask(), a.case.grid, (a, b))
    assert found[0].why_not_b == "outside disease region"
    bright = CASE.normal_bone.copy()
    bright.ravel()[a.case.islands.island_voxels()[5][:3]] = True
    c = reading(bright, CASE.disease_region, None)
    why = {each.why_not_b for each in disputes(a.session.mask(), c.session.mask(), a.case.grid, (a, c))}
    assert "below threshold" in why
    assert all(reason is None or reason in ("below threshold", "normal bone", "small group") for reason in why)


@pytest.fixture
def two_readers(tmp_path: Path) -> Path:
    """Results of readers AB, who removes two islands, and CD, who drew another region and removes others."""
    files = CASE.write(tmp_path)
    for reader, removed, region in (("AB", (1, 2), None), ("CD", (2, 3, 4), region_without(3, 0.2))):
        loaded = load_case(request_for(files, tmp_path / "results").files, bundled_regions(Networks()))
        if region is not None:
            loaded = type(loaded)(**{**loaded.__dict__, "disease_region": region})
        work = Reading(CaseKey("S 01", "pre", reader), loaded, Sitting(tmp_path / "results", clock=ticking_clock()))
        for number in removed:
            work.session.remove(TheseIslands((number,)), reason="vessel")
        work.finish()
    return tmp_path / "results"


def test_failures_and_islands_from_records(two_readers, tmp_path, capsys):
    out = tmp_path / "out"
    done = run_here(capsys, "agree", f"{two_readers}#AB", f"{two_readers}#CD", "--out", out)
    assert done.status == 0, done.err
    case = rows_of(out / "failures.tsv")[0]
    parts = [float(case[f"by_{part.replace(' ', '_')}_mm3"]) for part in PARTS]
    assert sum(parts) == pytest.approx(float(case["volume_difference_mm3"]), rel=1e-4)
    assert parts[0] == 0
    assert case["note"] == ""
    islands = rows_of(out / "islands.tsv")
    assert {"vessel", "outside disease region"} & {each["why_not_b"] for each in islands}
    disputed = [float(each["disputed_mm3"]) for each in islands]
    assert disputed == sorted(disputed, reverse=True)
    assert [each["island"] for each in islands] == [str(n) for n in range(1, len(islands) + 1)]
    reasons = rows_of(out / "reasons.tsv")
    assert {each["reason"] for each in reasons} >= {"vessel", "outside disease region"}
    total = sum(float(each["volume_mm3"]) for each in reasons)
    assert total == pytest.approx(float(case["disputed_mm3"]), rel=1e-4)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count('<img src="data:image/jpeg;base64,') == len(islands)
    assert "VHIWorkflow" in page


def test_without_records_the_report_says_what_it_cannot_tell(tmp_path, capsys):
    first, second = masks_of(tmp_path / "a", {"S1": 9, "S2": 4}), masks_of(tmp_path / "b", {"S1": 5, "S2": 4})
    out = tmp_path / "out"
    assert run_here(capsys, "agree", first, second, "--out", out).status == 0
    found = rows_of(out / "failures.tsv")
    assert [(each["case_id"], each["by_cleaning_mm3"]) for each in found] == [("S1", "")]
    assert "no record" in found[0]["note"]
    assert len(rows_of(out / "islands.tsv")) == 1
    assert rows_of(out / "reasons.tsv") == []
    assert (out / "report.html").read_text(encoding="utf-8").count("<img") == 1


def test_a_record_whose_scan_is_gone_is_said(two_readers, tmp_path, capsys):
    (tmp_path / "stir.nii.gz").unlink()
    out = tmp_path / "out"
    assert run_here(capsys, "agree", f"{two_readers}#AB", f"{two_readers}#CD", "--out", out).status == 0
    assert "no longer there" in rows_of(out / "failures.tsv")[0]["note"]
    assert rows_of(out / "islands.tsv")
