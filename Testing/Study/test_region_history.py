"""Undo and redo of changes of regions: masks, thresholds, origins and decisions come back, on disk too."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Study.study_cases import KEY, repeated_from_its_steps, study_case, ticking_clock
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.core.thresholds import thresholds_by_hand
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.study import case_in_work
from VHIWorkflowLib.study.case_files import RECORD_NAME, earlier_records, read_record
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.found_regions import FoundRegion, Model
from VHIWorkflowLib.study.open_case import OpenCase
from VHIWorkflowLib.study.reading import Sitting
from VHIWorkflowLib.study.region_files import REGIONS_NAME, RegionInWork
from VHIWorkflowLib.study.region_history import PackedRegion, RegionChange
from VHIWorkflowLib.study.region_origins import DRAWN

CASE = study_case()
PROPOSED = FoundRegion(CASE.normal_bone, Model("normal_bone", "1", "1" * 64), ("look at it",), 0.8)


@pytest.fixture
def opened(files: CaseFiles, tmp_path: Path) -> Callable[[], OpenCase]:
    """Opens the case of two scans."""
    bare = CaseFiles(files.stir, files.t1w)
    return lambda: OpenCase.open(KEY, bare, Sitting(tmp_path / "readings", clock=ticking_clock()))


@pytest.fixture
def case(opened: Callable[[], OpenCase]) -> OpenCase:
    """The case with both regions drawn; that cannot be undone any more."""
    case = opened()
    case.set_region(DISEASE_REGION, CASE.disease_region)
    case.set_region(NORMAL_BONE, CASE.normal_bone)
    case.history.clear()
    return case


@dataclass(frozen=True)
class Seen:
    """All that can be seen of a case."""

    regions: tuple[bytes | None, bytes | None]
    origins: tuple[Any, Any]
    start: str
    problem: str | None
    thresholds: Any = None
    mask: bytes | None = None
    decisions: tuple[Any, ...] = ()
    steps: tuple[Any, ...] = ()

    @classmethod
    def of(cls, case: OpenCase) -> Seen:
        regions = tuple(None if mask is None else mask.tobytes() for mask in (case.normal_bone, case.disease_region))
        found = cls(regions, (case.origin(NORMAL_BONE), case.origin(DISEASE_REGION)), case.start, case.problem)
        if case.reading is None:
            return found
        session = case.reading.session
        return replace(
            found,
            thresholds=case.reading.case.thresholds,
            mask=session.mask().tobytes(),
            decisions=tuple(
                (n, session.partition.size_of(Unit(n)), session.decision(Unit(n))) for n in session.partition
            ),
            steps=tuple(str(step.to_json()) for step in session.steps),
        )


def undo(case: OpenCase) -> bool:
    """As the workflow does; false when there is nothing."""
    if case.change_to_undo is not None:
        case.undo_change()
        return True
    return case.reading is not None and bool(case.reading.session.undo())


def redo(case: OpenCase) -> bool:
    """As the workflow does; false when there is nothing."""
    if case.change_to_redo is not None:
        case.redo_change()
        return True
    return case.reading is not None and bool(case.reading.session.redo())


def stroke(case: OpenCase, seed: int = 0) -> None:
    """Take a few voxels out of the normal bone."""
    mask = case.normal_bone.copy()
    inside = np.flatnonzero(mask)
    mask.ravel()[np.random.default_rng(seed).choice(inside, 3, replace=False)] = False
    case.correct(NORMAL_BONE, mask, how="erase")


def is_on_disk(case: OpenCase, opened: Callable[[], OpenCase]) -> bool:
    """Whether the case opened again is as it is now."""
    return replace(Seen.of(opened()), steps=()) == replace(Seen.of(case), steps=())


def test_a_region_is_packed_bit_by_bit_in_a_small_part_of_its_mask():
    rng = np.random.default_rng(0)
    for shape in ((1, 1, 1), (3, 5, 7), CASE.normal_bone.shape):
        region = RegionInWork(rng.random(shape) < 0.3, DRAWN, (Path("bone.nrrd"),))
        again = PackedRegion.of(region).unpacked()
        assert np.array_equal(again.mask, region.mask)
        assert (again.origin, again.files) == (region.origin, region.files)
    large = np.zeros((20, 300, 300), dtype=bool)
    large[3:9, 100:180, 60:110] = True
    assert len(PackedRegion.of(RegionInWork(large, DRAWN)).bits) < large.size / 500


def test_nothing_can_be_undone_when_a_case_has_just_been_opened(case, opened):
    assert (case.change_to_undo, case.change_to_redo) == (None, None)
    for act in (case.undo_change, case.redo_change):
        with pytest.raises(MeasurementError, match="no change of a region"):
            act()
    stroke(case)
    assert opened().change_to_undo is None


def test_a_stroke_is_undone_and_made_again(case, opened):
    before = Seen.of(case)
    stroke(case)
    after = Seen.of(case)
    assert after != before
    assert case.change_to_undo == RegionChange("erase", NORMAL_BONE)
    case.undo_change()
    assert Seen.of(case) == before
    assert is_on_disk(case, opened)
    assert (case.change_to_undo, case.change_to_redo) == (None, RegionChange("erase", NORMAL_BONE))
    case.redo_change()
    assert Seen.of(case) == after
    assert is_on_disk(case, opened)
    assert case.change_to_redo is None


def test_cleaning_before_and_after_a_change_is_undone_in_order(case, opened):
    session = case.reading.session
    moments = [Seen.of(case)]
    for act in (
        lambda: case.reading.session.remove(TheseIslands((1, 3)), reason="vessel"),
        lambda: case.reading.session.cut(5, case.reading.session.partition.voxels_of(Unit(5))[:2]),
        lambda: case.erase_from_normal_bone(case.reading.stability().brightest[0].index),
        lambda: case.reading.session.remove(TheseIslands((6,))),
        lambda: case.set_found(NORMAL_BONE, PROPOSED),
        lambda: case.reading.session.remove(TheseIslands((2,)), reason="artefact"),
    ):
        act()
        moments.append(Seen.of(case))
    assert case.reading.session is not session
    for moment in moments[-2::-1]:
        assert undo(case)
        assert Seen.of(case) == moment
        assert is_on_disk(case, opened)
    assert not undo(case)
    for moment in moments[1:]:
        assert redo(case)
        assert Seen.of(case) == moment
        assert is_on_disk(case, opened)
    assert not redo(case)
    effort = read_record(case.folder).cleaning
    assert (effort.undo_count, effort.redo_count) == (6, 6)


def test_a_change_that_cannot_be_measured_with_is_undone_with_all_decisions(case, opened):
    case.reading.session.remove(TheseIslands((1, 3, 5)))
    before = Seen.of(case)
    few = np.zeros_like(CASE.normal_bone)
    few[2, 18, 10:14] = True
    case.set_region(NORMAL_BONE, few)
    assert "at least 50 are needed" in case.problem
    case.set_region(NORMAL_BONE, np.zeros_like(few))
    assert case.problem == "the normal bone is not marked yet"
    case.undo_change()
    assert "at least 50 are needed" in case.problem
    assert not (case.folder / RECORD_NAME).exists()
    case.undo_change()
    assert Seen.of(case) == before
    assert is_on_disk(case, opened)
    case.redo_change()
    case.redo_change()
    assert case.problem == "the normal bone is not marked yet"
    case.set_region(NORMAL_BONE, CASE.normal_bone)
    assert case.reading.session.mask().tobytes() == before.mask
    assert (case.reading.session.undo_count, case.reading.session.redo_count) == (2, 2)


def test_the_change_that_first_made_a_case_measurable_is_undone_to_the_start(opened):
    case = opened()
    case.set_region(DISEASE_REGION, CASE.disease_region)
    case.set_found(NORMAL_BONE, PROPOSED)
    case.reading.session.remove(TheseIslands((1,)))
    last = Seen.of(case)
    while undo(case):
        pass
    assert case.problem == "the disease region has not been found yet"
    assert case.state == "new"
    while redo(case):
        pass
    assert Seen.of(case) == last
    assert str(case.origin(NORMAL_BONE)) == "normal_bone 1"
    assert is_on_disk(case, opened)


def test_thresholds_and_start_mode_are_undone_like_regions(case):
    before = Seen.of(case)
    case.set_thresholds(thresholds_by_hand(400, 450))
    moved = Seen.of(case)
    case.set_start("keep")
    case.reading.session.keep(TheseIslands((2,)))
    undo(case)
    assert case.change_to_undo == RegionChange("start")
    undo(case)
    assert Seen.of(case) == moved
    undo(case)
    assert Seen.of(case) == before


@pytest.mark.parametrize("act", ["step", "stroke", "thresholds"])
def test_whatever_is_done_anew_ends_what_could_be_done_again(case, act):
    case.reading.session.remove(TheseIslands((1,)))
    stroke(case)
    case.undo_change()
    case.reading.session.undo()
    if act == "step":
        case.reading.session.remove(TheseIslands((2,)))
    elif act == "stroke":
        stroke(case, seed=7)
    else:
        case.set_thresholds(thresholds_by_hand(400, 450))
    assert case.change_to_redo is None
    assert not case.reading.session.redo()
    if act != "step":
        case.undo_change()
        assert not case.reading.session.redo()


def test_the_same_region_again_is_no_change_and_steps_stay_one_by_one(case):
    case.reading.session.remove(TheseIslands((1,)))
    case.reading.session.remove(TheseIslands((3,)))
    case.correct(NORMAL_BONE, CASE.normal_bone, how="paint")
    assert case.change_to_undo is None
    assert len(case.reading.session.steps) == 2


def test_what_cannot_be_saved_is_not_undone(case, monkeypatch):
    case.reading.session.remove(TheseIslands((1,)))
    stroke(case)
    after = Seen.of(case)

    def disk_full(*_args: object) -> None:
        raise RecordError(case.folder / REGIONS_NAME, "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(case_in_work, "write_regions", disk_full)
        with pytest.raises(RecordError, match="full"):
            case.undo_change()
    assert Seen.of(case) == after
    case.undo_change()
    assert case.reading.session.steps[-1].reason is None
    assert case.change_to_redo is not None


def test_going_back_and_forth_keeps_no_further_copies_but_never_loses_a_finished_record(case):
    case.reading.session.remove(TheseIslands((1,)))
    stroke(case)
    case.reading.session.remove(TheseIslands((2,)))
    for _ in range(4):
        while undo(case):
            pass
        while redo(case):
            pass
    assert len(earlier_records(case.folder)) == 1
    undo(case)
    first = case.finish()
    undo(case)
    assert case.state == "begun"
    assert read_record(earlier_records(case.folder)[-1][1]).vhi == first.vhi


def test_the_command_line_makes_the_same_record_after_undo_and_redo(case, tmp_path):
    case.reading.session.remove(TheseIslands((1, 3)), reason="vessel")
    stroke(case)
    case.reading.session.remove(TheseIslands((4,)))
    stroke(case, seed=1)
    undo(case)
    undo(case)
    redo(case)
    case.finish()
    repeated = repeated_from_its_steps(case.folder, case.files, tmp_path / "repeated")
    for name in ("labelmap.nii.gz", "segmentation.seg.nrrd"):
        assert (repeated / name).read_bytes() == (case.folder / name).read_bytes()
    here, there = read_record(case.folder), read_record(repeated)
    assert here.normal_bone == there.normal_bone
    assert here.thresholds == there.thresholds
    assert here.vhi == there.vhi
    assert [step.to_json() for step in there.cleaning.steps] == [step.to_json() for step in here.cleaning.steps]


def change_something(case: OpenCase, choose: random.Random) -> None:
    """Take any step or make any change, which may turn out to be none."""
    kind = choose.choice(["step", "step", "stroke", "region", "proposal", "thresholds"])
    session = case.reading.session
    if kind == "step":
        act = session.remove if choose.random() < 0.7 else session.restore
        act(TheseIslands((choose.choice(list(session.partition)),)))
    elif kind == "stroke":
        stroke(case, seed=choose.randrange(99))
    elif kind == "region":
        mask = CASE.disease_region.copy()
        mask[:, choose.randrange(2, 30)] = False
        case.correct(DISEASE_REGION, mask)
    elif kind == "proposal":
        case.set_found(NORMAL_BONE, PROPOSED)
    else:
        case.set_thresholds(thresholds_by_hand(choose.randrange(380, 420), 450))


@pytest.mark.parametrize("seed", range(6))
def test_any_walk_of_strokes_and_steps_is_undone_to_the_start_and_made_again(case, seed):
    choose = random.Random(seed)
    moments = [Seen.of(case)]
    for _ in range(40):
        kind = choose.choice(["undo", "redo", *["new"] * 4])
        if kind == "undo" and undo(case):
            moments.pop()
        elif kind == "redo" and redo(case):
            moments.append(Seen.of(case))
        elif kind == "new":
            change_something(case, choose)
            if Seen.of(case) != moments[-1]:
                moments.append(Seen.of(case))
        assert Seen.of(case) == moments[-1]
    assert len(moments) > 10
    for moment in moments[-2::-1]:
        assert undo(case)
        assert Seen.of(case) == moment
    assert not undo(case)
    for moment in moments[1:]:
        assert redo(case)
        assert Seen.of(case) == moment
