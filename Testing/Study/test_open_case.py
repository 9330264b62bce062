"""A case on the screen: regions come and change at any time, nothing decided is lost, and all of it is on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from Study.study_cases import KEY, files_below, repeated_from_its_steps, study_case, ticking_clock
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE
from VHIWorkflowLib.core.targets import TheseIslands, Touching
from VHIWorkflowLib.core.thresholds import thresholds_by_hand
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.study import case_in_work
from VHIWorkflowLib.study.case_files import RECORD_NAME, earlier_records, read_record
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.found_regions import FoundRegion, Model
from VHIWorkflowLib.study.measure_case import Request, measure_case
from VHIWorkflowLib.study.open_case import OpenCase
from VHIWorkflowLib.study.reading import Sitting
from VHIWorkflowLib.study.region_files import REGIONS_NAME, write_regions
from VHIWorkflowLib.study.region_origins import DRAWN, GIVEN, RegionOrigin
from VHIWorkflowLib.study.verification import verify_folder

CASE = study_case()
MODEL = Model("disease_region", "9.9", "0" * 64, "numpy 2", "cpu", "float32", ("as | usual",))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder for results, not there yet."""
    return tmp_path / "readings"


@pytest.fixture
def bare(files: CaseFiles) -> CaseFiles:
    """The two scans alone."""
    return CaseFiles(files.stir, files.t1w)


@pytest.fixture
def opened(bare: CaseFiles, out: Path) -> Callable[[], OpenCase]:
    """Opens the case of two scans."""
    return lambda: OpenCase.open(KEY, bare, Sitting(out, clock=ticking_clock()))


@pytest.fixture
def case(opened: Callable[[], OpenCase]) -> OpenCase:
    """The case with both regions drawn."""
    case = opened()
    case.set_region(DISEASE_REGION, CASE.disease_region)
    case.set_region(NORMAL_BONE, CASE.normal_bone)
    return case


def brightest(case: OpenCase) -> tuple[int, int, int]:
    assert case.reading is not None
    return case.reading.stability().brightest[0].index


def test_a_case_without_regions_says_what_is_missing_and_writes_nothing(opened, out):
    case = opened()
    assert case.reading is None
    assert case.problem == "the disease region has not been found yet"
    assert case.state == "new"
    assert not out.exists()


def test_drawn_regions_give_thresholds_at_once_and_are_there_again(case, opened):
    assert case.problem is None
    again = opened()
    assert np.array_equal(again.normal_bone, CASE.normal_bone)
    assert np.array_equal(again.disease_region, CASE.disease_region)
    assert str(again.origin(NORMAL_BONE)) == "drawn"
    assert again.reading.case.thresholds == case.reading.case.thresholds
    assert again.state == "begun"


def test_one_region_alone_is_kept_too(opened):
    opened().set_region(NORMAL_BONE, CASE.normal_bone)
    again = opened()
    assert np.array_equal(again.normal_bone, CASE.normal_bone)
    assert again.reading is None
    assert again.state == "begun"


def test_a_region_can_be_taken_away_again(case, opened):
    case.set_region(NORMAL_BONE, np.zeros_like(CASE.normal_bone))
    assert case.problem == "the normal bone is not marked yet"
    again = opened()
    assert again.normal_bone is None
    assert np.array_equal(again.disease_region, CASE.disease_region)
    again.set_region(DISEASE_REGION, np.zeros_like(CASE.normal_bone))
    assert opened().state == "new"


def test_a_preview_says_what_a_region_would_give_and_changes_nothing(case):
    before = files_below(case.folder)
    assert case.preview(CASE.normal_bone).thresholds == case.reading.case.thresholds
    few = np.zeros_like(CASE.normal_bone)
    few[2, 18, 10:14] = True
    assert case.preview(few).voxels == 4
    assert "at least 50 are needed" in case.preview(few).problem
    assert files_below(case.folder) == before


def test_erasing_the_brightest_voxel_keeps_decisions_and_the_record_of_how_they_came_about(case, opened):
    session = case.reading.session
    session.remove(TheseIslands((1, 3)), reason="vessel")
    session.remove(TheseIslands((5,)))
    steps = session.recorded().steps
    case.erase_from_normal_bone(brightest(case))
    after = case.reading.session
    assert case.reading.case.statistics.voxels == CASE.normal_bone.sum() - 1
    assert [step.target["kind"] for step in after.steps] == ["carried_over"]
    ((number, earlier),) = earlier_records(case.folder)
    assert number == 1
    assert [step.units for step in read_record(earlier).cleaning.steps] == [step.units for step in steps]
    assert (case.folder / "regions.1.seg.nrrd").exists()
    assert np.array_equal(opened().reading.session.mask(), after.mask())


def test_what_was_removed_stays_removed_and_what_was_kept_stays(case):
    session = case.reading.session
    session.remove(TheseIslands((1, 3, 5)))
    kept, removed = session.mask(), case.reading.case.mask() & ~session.mask()
    case.erase_from_normal_bone(brightest(case))
    now = case.reading.session.mask()
    assert not (now & removed).any()
    assert now[kept & case.reading.case.mask()].all()


def test_many_small_corrections_keep_one_earlier_record(case):
    case.reading.session.remove(TheseIslands((1,)))
    for _ in range(4):
        case.erase_from_normal_bone(brightest(case))
    assert len(earlier_records(case.folder)) == 1
    session = case.reading.session
    still_kept = next(n for n in session.partition if session.decision(Unit(n)) == "undecided")
    session.remove(TheseIslands((still_kept,)))
    case.erase_from_normal_bone(brightest(case))
    assert len(earlier_records(case.folder)) == 2


def test_the_command_line_makes_the_same_record_from_the_same_steps(case, out, tmp_path):
    case.reading.session.remove(TheseIslands((1, 3)), reason="vessel")
    case.erase_from_normal_bone(brightest(case))
    case.reading.session.remove(TheseIslands((4,)))
    case.finish()
    repeated = repeated_from_its_steps(case.folder, case.files, tmp_path / "repeated")
    for name in ("labelmap.nii.gz", "segmentation.seg.nrrd"):
        assert (repeated / name).read_bytes() == (case.folder / name).read_bytes()
    here, there = read_record(case.folder), read_record(repeated)
    assert [each for each in there.inputs if each.role != "steps"] == list(here.inputs)
    assert [(step.action, step.units) for step in there.cleaning.steps] == [
        (step.action, step.units) for step in here.cleaning.steps
    ]
    same = {"inputs": here.inputs, "cleaning": here.cleaning, "measured_at": here.measured_at}
    assert replace(there, **same) == here
    assert {each.verdict for each in verify_folder(out)} == {"same"}


def test_a_program_that_ended_between_region_and_record_loses_no_decision(case, opened):
    case.reading.session.remove(TheseIslands((1, 3, 5)))
    before = files_below(case.folder)
    case.erase_from_normal_bone(brightest(case))
    expected = case.reading.session.mask()
    (case.folder / RECORD_NAME).write_bytes(before[RECORD_NAME])
    again = opened()
    assert np.array_equal(again.reading.session.mask(), expected)


def test_decisions_are_carried_over_also_from_regions_that_came_with_the_case(files, out):
    case = OpenCase.open(KEY, files, Sitting(out, clock=ticking_clock()))
    case.reading.session.remove(TheseIslands((1, 3, 5)))
    left = case.reading.session.mask().sum()
    everything = case.reading.case.mask().sum()
    case.erase_from_normal_bone(brightest(case))
    assert case.reading.session.steps
    assert abs(int(case.reading.session.mask().sum()) - int(left)) < (everything - left) / 2


@pytest.mark.parametrize("end", ["after the change", "after it was undone"])
def test_nor_where_the_regions_came_from_files_of_their_own(files, out, end):
    def opened() -> OpenCase:
        return OpenCase.open(KEY, files, Sitting(out, clock=ticking_clock()))

    case = opened()
    case.reading.session.remove(TheseIslands((1, 3, 5)))
    before = files_below(case.folder)
    case.erase_from_normal_bone(brightest(case))
    if end == "after it was undone":
        before = files_below(case.folder)
        case.undo_change()
    expected = case.reading.session.mask()
    (case.folder / RECORD_NAME).write_bytes(before[RECORD_NAME])
    assert np.array_equal(opened().reading.session.mask(), expected)


def test_regions_of_another_scan_are_not_taken_for_the_recorded_ones(case, opened):
    case.reading.session.remove(TheseIslands((1,)))
    region = replace(case._regions[NORMAL_BONE], mask=np.roll(CASE.normal_bone, 3, axis=2))
    write_regions(case.folder, {**case._regions, NORMAL_BONE: region}, case.stir.grid)
    with pytest.raises(RecordError, match="was made from other scans or regions"):
        opened()


def test_what_cannot_be_saved_is_not_in_effect(case, monkeypatch):
    case.reading.session.remove(TheseIslands((1,)))
    reading, files = case.reading, files_below(case.folder)

    def disk_full(*_args):
        raise RecordError(case.folder / REGIONS_NAME, "the disk is full")

    monkeypatch.setattr(case_in_work, "write_regions", disk_full)
    with pytest.raises(RecordError, match="full"):
        case.erase_from_normal_bone(brightest(case))
    assert case.reading is reading
    assert np.array_equal(case.normal_bone, CASE.normal_bone)
    assert files_below(case.folder).items() >= files.items()


def test_what_a_model_found_and_the_reader_changed_is_recorded_as_such(opened):
    case = opened()
    case.set_found(DISEASE_REGION, FoundRegion(CASE.disease_region, MODEL, ("looks odd",)))
    case.set_region(NORMAL_BONE, CASE.normal_bone)
    record = case.reading.record("begun")
    assert record.disease_region.origin == "disease_region 9.9"
    assert record.warnings[0] == "disease_region: looks odd"
    smaller = CASE.disease_region.copy()
    smaller[0] = False
    case.correct(DISEASE_REGION, smaller)
    again = opened()
    record = again.reading.record("begun")
    assert record.disease_region.origin == "disease_region 9.9, edited"
    assert record.models == (MODEL,)
    assert read_record(again.folder).models == (MODEL,)


def test_the_reader_is_told_how_a_region_came_about():
    found = RegionOrigin.of(FoundRegion(CASE.disease_region, MODEL))
    proposed = replace(found, confidence=0.8)
    told = [origin.in_words() for origin in (GIVEN, DRAWN, found, found.edited(), proposed, proposed.edited())]
    assert told == [
        "given",
        "drawn",
        "found by disease_region 9.9",
        "found by disease_region 9.9, edited",
        "proposed by disease_region 9.9",
        "proposed by disease_region 9.9, edited",
    ]


def test_a_case_measured_in_a_batch_can_be_gone_on_with(files, bare, out):
    measured = measure_case(Request(KEY, files, out))
    case = OpenCase.open(KEY, bare, Sitting(out))
    assert case.state == "done"
    assert case.reading.session.vhi == measured.record.vhi
    case.reading.session.restore(Touching.mask(case.reading.case.mask()))
    assert case.state == "begun"
    assert case.reading.session.vhi.sensitive_voxels == 0


def test_a_finished_case_that_is_changed_keeps_its_earlier_record(case):
    case.reading.session.remove(TheseIslands((1,)))
    first = case.finish()
    case.erase_from_normal_bone(brightest(case))
    case.finish()
    ((_, earlier),) = earlier_records(case.folder)
    assert read_record(earlier).vhi == first.vhi


def test_thresholds_by_hand_and_back(case, opened):
    computed = case.reading.case.thresholds
    case.reading.session.remove(TheseIslands((1,)))
    case.set_thresholds(thresholds_by_hand(400, 450))
    assert case.reading.case.thresholds.iqr_multiple is None
    assert opened().reading.case.thresholds == case.reading.case.thresholds
    case.set_thresholds(None)
    assert opened().reading.case.thresholds == computed


def test_the_start_mode_is_chosen_before_the_first_step(case, opened):
    case.set_start("keep")
    assert case.reading.session.vhi.sensitive_voxels == 0
    case.reading.session.keep(TheseIslands((2,)))
    with pytest.raises(MeasurementError, match="undo all steps first"):
        case.set_start("remove")
    assert opened().start == "keep"


def test_what_was_kept_in_keep_mode_stays_when_a_region_changes(case):
    case.set_start("keep")
    case.reading.session.keep(TheseIslands((2,)))
    kept = case.reading.session.mask()
    case.erase_from_normal_bone(tuple(np.argwhere(CASE.normal_bone)[0]))
    assert np.array_equal(case.reading.session.mask(), kept)


def test_the_start_mode_can_be_chosen_again_when_all_steps_are_undone(case, opened):
    case.reading.session.remove(TheseIslands((1,)))
    case.reading.session.undo()
    case.set_start("keep")
    assert (case.start, case.reading.session.steps, case.reading.session.undone_steps) == ("keep", (), ())
    again = opened()
    assert (again.start, again.reading.session.vhi.sensitive_voxels) == ("keep", 0)
    (earlier,) = case.folder.glob("case.*.json")
    assert len(read_record(earlier).cleaning.undone) == 1


def test_a_ranking_that_cannot_be_used_is_a_warning(bare, case, out):
    def damaged(_case: Preliminary, _t1w: object) -> None:
        raise InputError(Path("rank.json"), "is damaged")

    again = OpenCase.open(KEY, bare, Sitting(out), ranker=damaged)
    assert again.reading is not None
    assert again.warnings == ["the islands have no ranks: rank.json: is damaged"]
