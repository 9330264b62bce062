"""What a session records: reasons and times, steps that replay exactly or are refused, and their JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from random import Random

import numpy as np
import pytest
from Core.cleaning_sessions import (
    GRID,
    islands_of,
    randoms,
    seeds,
    session_on,
    starts,
    state_of,
    three_islands,
    through_json,
)
from Core.naive_cleaning import (
    OPENED,
    Both,
    TickingClock,
)
from Core.small_cases import AXES, oblique_affine
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.cleaning import CleaningRecord, CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.steps import REASONS, Reason, Step
from VHIWorkflowLib.core.targets import AtVoxel, SmallerThan, TheseIslands, Touching, WholeSlice

# Reasons and times


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_goes_into_the_record(reason: Reason) -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((1,)), reason=reason)
    assert session.steps[0].reason == reason
    assert through_json(session.steps)[0].reason == reason
    assert str(session.steps[0]).endswith(f": {reason}")


def test_the_reasons_are_the_fixed_list() -> None:
    assert REASONS == ("vessel", "joint fluid", "facet joint", "artefact", "coil flare", "outside bone", "other")


def test_times_come_from_the_clock_in_order_and_seconds_run_to_the_latest_step() -> None:
    session = session_on(three_islands())
    assert session.seconds_spent == 0
    for number in (1, 2, 3):
        session.remove(TheseIslands((number,)))
    opened = OPENED + timedelta(seconds=2)
    assert [step.at for step in session.steps] == [opened + timedelta(seconds=2 * n) for n in (1, 2, 3)]
    assert session.seconds_spent == 6
    session.undo()
    assert session.seconds_spent == 8
    session.redo()
    assert session.seconds_spent == 10
    assert [step.at for step in session.steps] == [opened + timedelta(seconds=2 * n) for n in (1, 2, 3)]
    assert (session.undo_count, session.redo_count) == (1, 1)


def test_without_a_clock_of_its_own_a_session_takes_utc_to_the_millisecond() -> None:
    session = CleaningSession(islands_of(three_islands()), GRID)
    session.remove(TheseIslands((1,)))
    (step,) = session.steps
    assert step.at.tzinfo is UTC
    assert step.at.microsecond % 1000 == 0
    assert through_json(session.steps)[0].at == step.at


# Replay


@settings(max_examples=40)
@given(seed=seeds, start=starts, axis=st.sampled_from(AXES), random=randoms)
def test_replay_equals_live_also_after_json(seed: int, start: StartMode, axis: int, random: Random) -> None:
    both = Both.on(seed, start, axis)
    both_fresh = both.fresh()
    for _ in range(25):
        both.take_any_step(random)
    live = state_of(both.session)
    both_fresh.replay(through_json(both.session.steps))
    assert state_of(both_fresh)[:-1] == live[:-1]


@settings(max_examples=40)
@given(seed=seeds, start=starts, random=randoms)
def test_a_resumed_session_goes_on_as_if_it_had_never_stopped(seed: int, start: StartMode, random: Random) -> None:
    both = Both.on(seed, start)
    again = both.fresh()
    for _ in range(20):
        both.take_any_step(random)
    record = both.session.recorded()
    kept = replace(record, steps=tuple(through_json(record.steps)), undone=tuple(through_json(record.undone)))
    again.resume(kept)
    assert state_of(again) == state_of(both.session)
    assert again.recorded().seconds_spent == record.seconds_spent
    assert (again.undo_count, again.redo_count) == (record.undo_count, record.redo_count)
    while both.naive.later:
        both.redo()
        again.redo()
        assert state_of(again)[:-1] == state_of(both.session)[:-1]
    while both.naive.earlier:
        both.undo()
        again.undo()
        assert state_of(again)[:6] == state_of(both.session)[:6]


def test_replayed_steps_are_undone_in_their_groups_and_new_ones_follow() -> None:
    session = session_on(three_islands())
    with session.as_one_step():
        session.remove(TheseIslands((1,)))
        session.remove(TheseIslands((2,)))
    again = session_on(three_islands())
    again.replay(session.steps)
    again.remove(TheseIslands((3,)))
    assert [step.group for step in again.steps] == [1, 1, 2]
    again.undo()
    again.undo()
    assert again.steps == ()


def recorded_on_three_islands() -> tuple[Step, ...]:
    session = session_on(three_islands())
    session.remove(TheseIslands((3,)), reason="vessel")
    session.remove(TheseIslands((1,)), in_slice=1)
    session.cut(1, np.arange(4))
    session.remove(SmallerThan.pixels(5, GRID))
    return session.steps


def altered(change: Callable[[BoolArray], None]) -> BoolArray:
    mask = three_islands()
    change(mask)
    return mask


def one_voxel_less(mask: BoolArray) -> None:
    mask[2, 5, 8] = False


def one_voxel_elsewhere(mask: BoolArray) -> None:
    mask[2, 5, 8], mask[2, 4, 8] = False, True


def one_island_more(mask: BoolArray) -> None:
    mask[0, 3, 6:9] = True


def one_island_joined(mask: BoolArray) -> None:
    mask[2, 1:5, 6] = True


def nothing_left(mask: BoolArray) -> None:
    mask[:] = False


@pytest.mark.parametrize(
    "change", [one_voxel_less, one_voxel_elsewhere, one_island_more, one_island_joined, nothing_left]
)
def test_a_step_that_does_not_fit_an_altered_mask_is_refused_by_name(change: Callable[[BoolArray], None]) -> None:
    session = session_on(altered(change))
    before = state_of(session)
    with pytest.raises(CleaningError, match=r"^step 1 \(remove island 3 of 3 voxels at voxel \(6, 5, 2\): vessel\)"):
        session.replay(recorded_on_three_islands())
    assert state_of(session) == before


def in_the_bar(mask: BoolArray) -> None:
    mask[1, 0, 4] = False
    mask[1, 1, 4] = True


def in_island_two(mask: BoolArray) -> None:
    mask[0, 3, 3], mask[0, 4, 3] = False, True


@pytest.mark.parametrize(("change", "number"), [(in_the_bar, 2), (in_island_two, 4)])
def test_a_later_step_that_does_not_fit_takes_the_earlier_ones_back(
    change: Callable[[BoolArray], None], number: int
) -> None:
    session = session_on(altered(change))
    before = state_of(session)
    with pytest.raises(CleaningError, match=rf"^step {number} \("):
        session.replay(recorded_on_three_islands())
    assert state_of(session) == before


def test_a_step_from_another_volume_is_refused_even_if_its_voxel_does_not_exist_here() -> None:
    small = Grid((2, 3, 4), oblique_affine((0.6, 0.6, 3.3)))
    mask = np.ones((2, 3, 4), dtype=bool)
    session = CleaningSession(islands_of(mask), small, clock=TickingClock())
    with pytest.raises(CleaningError, match=r"step 1 .* lies outside the volume"):
        session.replay(recorded_on_three_islands())
    assert session.mask().all()


def reference_changed(step: Step, **changes: object) -> Step:
    return replace(step, units=tuple(replace(unit, **changes) for unit in step.units))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda step: reference_changed(step, island=2),
        lambda step: reference_changed(step, voxels=4),
        lambda step: reference_changed(step, digest="0" * 16),
        lambda step: reference_changed(step, first_voxel=(2, 5, 7)),
        lambda step: reference_changed(step, first_voxel=(-1, 5, 6)),
        lambda step: replace(step, in_slice=0),
    ],
)
def test_a_tampered_step_is_refused(tamper: Callable[[Step], Step]) -> None:
    session = session_on(three_islands())
    before = state_of(session)
    with pytest.raises(CleaningError, match="step 1 "):
        session.replay([tamper(recorded_on_three_islands()[0])])
    assert state_of(session) == before


@pytest.mark.parametrize("drawn", [None, np.arange(27, 31), np.array([0, 1, 300]), np.empty(0, np.int64)])
def test_a_cut_whose_drawing_does_not_fit_the_island_is_refused(drawn: np.ndarray | None) -> None:
    steps = list(recorded_on_three_islands()[:3])
    steps[2] = replace(steps[2], drawn=drawn)
    session = session_on(three_islands())
    before = state_of(session)
    with pytest.raises(CleaningError, match=r"step 3 \(cut"):
        session.replay(steps)
    assert state_of(session) == before


def test_steps_are_only_repeated_on_a_session_without_steps() -> None:
    steps = recorded_on_three_islands()
    session = session_on(three_islands())
    session.remove(TheseIslands((2,)))
    for _ in range(2):
        before = state_of(session)
        with pytest.raises(CleaningError, match="without steps of its own"):
            session.replay(steps)
        assert state_of(session) == before
        session.undo()


def test_a_record_of_the_other_start_mode_is_refused() -> None:
    session = session_on(three_islands(), "keep")
    with pytest.raises(CleaningError, match="'remove', this one in 'keep'"):
        session.resume(CleaningRecord("remove", recorded_on_three_islands()))
    assert session.steps == ()


def test_undone_steps_that_do_not_fit_are_refused_on_resuming_not_on_redo() -> None:
    steps = recorded_on_three_islands()
    session = session_on(altered(in_the_bar))
    before = state_of(session)
    record = CleaningRecord("remove", steps[:1], steps[1:], undo_count=3, redo_count=1, seconds_spent=60)
    with pytest.raises(CleaningError, match=r"^step 2 \(remove island 1 of 9 voxels at voxel \(0, 0, 1\) in slice 1\)"):
        session.resume(record)
    assert state_of(session) == before
    assert (session.undo_count, session.redo_count, session.seconds_spent) == (0, 0, 0)


def test_seconds_of_earlier_sittings_are_counted_on() -> None:
    session = session_on(three_islands())
    session.resume(CleaningRecord("remove", recorded_on_three_islands(), seconds_spent=100.5))
    assert session.seconds_spent == 100.5
    session.undo()
    assert session.seconds_spent == 102.5


# The record


def test_a_step_as_json_says_what_which_where_why_and_when() -> None:
    session = session_on(three_islands())
    session.remove(AtVoxel((2, 5, 7)), in_slice=np.int64(2), reason="joint fluid")  # type: ignore[arg-type]
    document = json.loads(json.dumps(session.steps[0].to_json()))
    digest = document["islands"][0].pop("digest")
    assert len(digest) == 16
    assert document == {
        "action": "remove",
        "target": {"kind": "click", "voxel_ijk": [7, 5, 2]},
        "scope": "slice",
        "slice": 2,
        "islands": [{"island": 3, "first_voxel_ijk": [6, 5, 2], "voxels": 3}],
        "reason": "joint fluid",
        "at": "2026-03-02T09:30:04.000+00:00",
        "group": 1,
    }


def test_a_cut_as_json_holds_the_drawing_in_runs() -> None:
    session = session_on(three_islands())
    session.cut(1, np.array([1, 2, 3, 7, 100]), in_slice=np.int64(0))  # type: ignore[arg-type]
    document = json.loads(json.dumps(session.steps[0].to_json()))
    assert (document["drawn_runs"], document["slice"]) == ([[1, 3], [7, 1]], 0)
    (again,) = through_json(session.steps)
    assert again.drawn is not None
    assert again.drawn.tolist() == [1, 2, 3, 7]


def test_a_session_on_an_empty_mask_has_nothing_to_do_and_does_it() -> None:
    session = session_on(np.zeros(GRID.shape, dtype=bool), "keep")
    assert not session.keep(WholeSlice(0))
    assert not session.remove(Touching.mask(np.ones(GRID.shape, dtype=bool)))
    assert session.vhi.sensitive_voxels == session.kept_voxels().size == session.islands_removed() == 0
