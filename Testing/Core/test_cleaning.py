"""A cleaning session is its islands and an ordered list of steps: undone, redone, merged, cut and replayed exactly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import get_args

import numpy as np
import pytest
from Core.naive_cleaning import (
    OPENED,
    Both,
    TickingClock,
    assert_is_the_difference,
    assert_same,
    labels_and_decisions,
)
from Core.small_cases import AXES, oblique_affine, small_case
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.cleaning import CleaningRecord, CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.islands import Islands, find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.partition import Partition, Unit
from VHIWorkflowLib.core.steps import REASONS, Action, Reason, Step
from VHIWorkflowLib.core.targets import AtVoxel, SmallerThan, Target, TheseIslands, Touching, WholeSlice

seeds = st.integers(0, 99)
starts = st.sampled_from(get_args(StartMode))
randoms = st.randoms(use_true_random=False)

GRID = Grid((3, 6, 9), oblique_affine((0.6, 0.6, 3.3)))


def three_islands() -> BoolArray:
    """Island 1: a bar of 9 pixels through slices 0 to 2; island 2: 4 pixels in slice 0; island 3: 3 in slice 2."""
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[:, 0, 0:9] = True
    mask[0, 3, 0:4] = True
    mask[2, 5, 6:9] = True
    return mask


def islands_of(mask: BoolArray) -> Islands:
    lattice = Lattice(mask.shape, 0)
    return find_islands(Runs.of(lattice.codes_of(mask)), lattice)


def session_on(mask: BoolArray, start: StartMode = "remove") -> CleaningSession:
    return CleaningSession(islands_of(mask), GRID, np.flatnonzero(mask)[::2], start=start, clock=TickingClock())


def state_of(session: CleaningSession) -> tuple[object, ...]:
    """Everything that can be seen of a session but its clock and its counts of undo and redo."""
    labels, decided = labels_and_decisions(session)
    return (
        session.mask().tobytes(),
        session.conservative_mask().tobytes(),
        session.vhi,
        labels.tobytes(),
        decided.tobytes(),
        list(session.partition),
        [session.partition.score_of(island) for island in session.partition],
        [step.to_json() for step in session.steps],
        [step.to_json() for step in session.undone_steps],
    )


def through_json(steps: tuple[Step, ...]) -> list[Step]:
    return [Step.from_json(json.loads(json.dumps(step.to_json()))) for step in steps]


# Any steps: the session does what the naive model does


@settings(max_examples=60)
@given(seed=seeds, start=starts, axis=st.sampled_from(AXES), random=randoms)
def test_any_steps_leave_what_the_naive_model_leaves(seed: int, start: StartMode, axis: int, random: Random) -> None:
    both = Both.on(seed, start, axis)
    assert_same(both.session, both.naive)
    for _ in range(25):
        both.take_any_step(random)
        assert_same(both.session, both.naive)


@settings(max_examples=30)
@given(seed=seeds, start=starts, random=randoms)
def test_conservative_lies_inside_sensitive_inside_the_preliminary_mask_always(
    seed: int, start: StartMode, random: Random
) -> None:
    both = Both.on(seed, start)
    preliminary = both.fresh(start="remove").mask()
    for _ in range(25):
        both.take_any_step(random)
        sensitive, conservative = both.session.mask(), both.session.conservative_mask()
        assert not (conservative & ~sensitive).any()
        assert not (sensitive & ~preliminary).any()
        assert both.session.vhi.conservative_voxels <= both.session.vhi.sensitive_voxels


@settings(max_examples=50)
@given(seed=seeds, start=starts, axis=st.sampled_from(AXES), random=randoms)
def test_undo_restores_every_earlier_state_and_redo_every_later_one(
    seed: int, start: StartMode, axis: int, random: Random
) -> None:
    both = Both.on(seed, start, axis)
    for _ in range(20):
        both.take_any_step(random)
    session = both.session
    while session.redo():
        pass
    on_the_way_down = [state_of(session)]
    while session.undo():
        on_the_way_down.append(state_of(session))
    assert on_the_way_down[-1][:-1] == state_of(both.fresh())[:-1]
    on_the_way_up = [state_of(session)]
    while session.redo():
        on_the_way_up.append(state_of(session))
    assert on_the_way_up == on_the_way_down[::-1]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_a_hundred_thousand_random_steps_and_back_to_the_start(part: int) -> None:
    steps_taken = 0
    for episode in range(25):
        seed = 25 * part + episode
        random = Random(seed)
        both = Both.on(seed, "keep" if seed % 2 else "remove", seed % 3, longest=7)
        start = state_of(both.session)
        for number in range(1000):
            both.take_any_step(random)
            steps_taken += 1
            if number % 100 == 99:
                assert_same(both.session, both.naive)
        while both.naive.later:
            both.redo()
        assert_same(both.session, both.naive)
        end = state_of(both.session)
        record = both.session.recorded()
        while both.session.undo():
            pass
        assert state_of(both.session)[:-1] == start[:-1]
        assert both.session.undone_steps != ()
        while both.session.redo():
            pass
        assert state_of(both.session) == end
        again = both.fresh()
        again.replay(through_json(record.steps))
        assert state_of(again)[:6] == end[:6]
    assert steps_taken == 25_000


# Order and start mode


@given(seed=seeds, start=starts, random=randoms)
def test_the_order_of_independent_decisions_does_not_matter(seed: int, start: StartMode, random: Random) -> None:
    both = Both.on(seed, start)
    actions: tuple[Action, ...] = ("remove", "keep")
    decisions = [(random.choice(actions), TheseIslands((number,))) for number in both.naive.numbers]
    for action, target in decisions:
        both.decide(action, target)
    other = both.fresh()
    for action, target in random.sample(decisions, len(decisions)):
        getattr(other, action)(target)
    assert state_of(other)[:5] == state_of(both.session)[:5]


@given(seed=seeds, random=randoms)
def test_removing_the_rest_and_keeping_the_chosen_reach_the_same_mask(seed: int, random: Random) -> None:
    both = Both.on(seed, "remove")
    numbers = both.naive.numbers
    chosen = random.sample(numbers, random.randint(0, len(numbers)))
    both.session.remove(TheseIslands(tuple(set(numbers) - set(chosen))))
    keeping = both.fresh(start="keep")
    assert not keeping.mask().any()
    for number in chosen:
        keeping.keep(TheseIslands((number,)))
    assert (keeping.mask() == both.session.mask()).all()
    assert (keeping.conservative_mask() == both.session.conservative_mask()).all()
    assert keeping.vhi == both.session.vhi
    assert keeping.islands_removed() == both.session.islands_removed() == len(numbers) - len(chosen)


@pytest.mark.parametrize("start", get_args(StartMode))
def test_restore_takes_back_decisions_to_how_the_session_started(start: StartMode) -> None:
    session = session_on(three_islands(), start)
    before = session.mask()
    session.remove(TheseIslands((1,)))
    session.keep(TheseIslands((2, 3)))
    session.restore(WholeSlice(0))
    session.restore(WholeSlice(2))
    assert (session.mask() == before).all()
    assert [session.decision(Unit(number)) for number in (1, 2, 3)] == ["undecided"] * 3


def test_an_unknown_start_mode_is_refused() -> None:
    with pytest.raises(CleaningError, match="'remove' or 'keep', not 'all'"):
        CleaningSession(islands_of(three_islands()), GRID, start="all")  # type: ignore[arg-type]


def test_a_session_on_a_measured_case_starts_with_its_masks() -> None:
    case = small_case(3).measured()
    session = CleaningSession.of(case)
    assert (session.mask() == case.mask()).all()
    assert (session.conservative_mask() == case.conservative_mask()).all()
    assert session.vhi == case.vhi
    assert 0 < case.vhi.conservative_voxels < case.vhi.sensitive_voxels


# Scope


def test_removal_within_a_slice_leaves_the_other_slices() -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((1,)), in_slice=1)
    expected = three_islands()
    expected[1] = False
    assert (session.mask() == expected).all()
    assert session.decision(Unit(1)) == "partly"
    assert session.islands_removed() == 0
    session.remove(AtVoxel((0, 0, 4)))
    assert not session.mask()[:, 0].any()
    assert session.islands_removed() == 1


@pytest.mark.parametrize("in_slice", [-1, 3])
def test_a_slice_that_the_volume_does_not_have_is_refused(in_slice: int) -> None:
    session = session_on(three_islands())
    with pytest.raises(CleaningError, match=f"no slice {in_slice}"):
        session.remove(TheseIslands((1,)), in_slice=in_slice)
    assert session.steps == ()


def test_a_decision_that_changes_nothing_is_not_recorded() -> None:
    session = session_on(three_islands())
    assert session.remove(TheseIslands((1,)))
    assert not session.remove(TheseIslands((1,)))
    assert not session.remove(AtVoxel((1, 3, 3)))
    assert not session.restore(TheseIslands((2,)))
    assert len(session.steps) == 1
    assert len(session.remove(TheseIslands((1, 2))).steps[0].units) == 1


def test_keeping_what_already_counts_is_a_decision_and_recorded() -> None:
    session = session_on(three_islands())
    change = session.keep(TheseIslands((1,)))
    assert (change.shown, change.hidden) == ((), ())
    assert session.steps == change.steps != ()
    session.undo()
    assert session.decision(Unit(1)) == "undecided"


# Cuts


@given(seed=seeds, start=starts, axis=st.sampled_from(AXES), random=randoms)
def test_a_cut_partitions_the_voxels_keeps_decisions_and_is_undone(
    seed: int, start: StartMode, axis: int, random: Random
) -> None:
    both = Both.on(seed, start, axis)
    for _ in range(6):
        both.take_any_step(random)
    session = both.session
    before, mask_before, (labels_before, decided_before) = (
        state_of(session),
        session.mask(),
        labels_and_decisions(session),
    )
    steps_before, islands_before = len(session.steps), set(session.partition)
    both.cut_anything(random)
    if len(session.steps) == steps_before:
        assert state_of(session) == before
        return
    labels, decided = labels_and_decisions(session)
    (retired,) = islands_before - set(session.partition)
    made = set(session.partition) - islands_before
    assert len(made) >= 2
    assert (np.isin(labels, list(made)) == (labels_before == retired)).all()
    others = labels_before != retired
    assert (labels[others] == labels_before[others]).all()
    assert (decided == decided_before).all()
    assert (session.mask() == mask_before).all()
    assert session.steps[-1].units[0].island == retired
    session.undo()
    assert state_of(session)[:-1] == before[:-1]


def test_a_cut_separates_both_sides_of_the_drawing() -> None:
    session = session_on(three_islands())
    drawn = np.zeros(GRID.shape, dtype=bool)
    drawn[:, :, 0:4] = True
    session.cut(1, np.flatnonzero(drawn))
    assert list(session.partition) == [2, 3, 4, 5]
    session.remove(AtVoxel((1, 0, 1)))
    expected = three_islands()
    expected[:, 0, 0:4] = False
    assert (session.mask() == expected).all()


def test_a_cut_within_a_slice_takes_only_that_slice_of_the_drawing() -> None:
    session = session_on(three_islands())
    everywhere = np.arange(3 * 6 * 9)
    session.cut(1, everywhere, in_slice=0)
    session.remove(AtVoxel((0, 0, 0)))
    expected = three_islands()
    expected[0, 0] = False
    assert (session.mask() == expected).all()


@pytest.mark.parametrize(
    ("island", "drawn", "problem"),
    [(1, slice(None), "covers all"), (1, slice(0, 0), "covers none"), (9, slice(0, 3), "no island 9")],
)
def test_a_cut_that_cuts_nothing_is_refused_and_leaves_no_trace(island: int, drawn: slice, problem: str) -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((2,)))
    session.undo()
    before = state_of(session)
    with pytest.raises(CleaningError, match=problem):
        session.cut(island, np.arange(3 * 6 * 9)[drawn])
    assert state_of(session) == before
    assert session.redo()


def test_numbers_of_a_cut_that_was_undone_are_given_again() -> None:
    session = session_on(three_islands())
    for _ in range(3):
        session.cut(1, np.arange(4))
        assert list(session.partition) == [2, 3, 4, 5]
        session.undo()
        assert list(session.partition) == [1, 2, 3]


# Undo, redo, merged steps


def test_merged_steps_are_undone_and_redone_together() -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((3,)))
    with session.as_one_step():
        session.remove(TheseIslands((1,)), reason="vessel")
        session.cut(2, np.arange(29))
        session.keep(AtVoxel((0, 0, 0)), in_slice=0)
    after = state_of(session)
    assert len(session.undo().steps) == 3
    assert [step.group for step in session.steps] == [1]
    assert session.islands_removed() == 1
    assert len(session.redo().steps) == 3
    assert state_of(session) == after


def test_merging_inside_merging_is_one_step() -> None:
    session = session_on(three_islands())
    with session.as_one_step():
        session.remove(TheseIslands((1,)))
        with session.as_one_step():
            session.remove(TheseIslands((2,)))
        session.remove(TheseIslands((3,)))
    session.undo()
    assert session.steps == ()


def test_steps_before_and_after_a_merged_one_are_undone_apart() -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((1,)))
    with session.as_one_step():
        session.remove(TheseIslands((2,)))
    session.remove(TheseIslands((3,)))
    left = []
    while session.undo():
        left.append(len(session.steps))
    assert left == [2, 1, 0]


def test_undoing_a_merged_step_that_went_back_and_forth_reports_only_what_changed() -> None:
    session = session_on(three_islands())
    before = session.mask()
    with session.as_one_step():
        session.remove(TheseIslands((1, 2)))
        session.keep(TheseIslands((1,)))
    after = session.mask()
    undone = session.undo()
    assert_is_the_difference(undone.shown, undone.hidden, after, before)
    redone = session.redo()
    assert_is_the_difference(redone.shown, redone.hidden, before, after)


@pytest.mark.parametrize("walk", [CleaningSession.undo, CleaningSession.redo])
def test_undo_and_redo_are_refused_while_merging(walk: Callable[[CleaningSession], object]) -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((1,)))
    with session.as_one_step(), pytest.raises(CleaningError, match="finish merging"):
        walk(session)
    assert len(session.steps) == 1


def test_a_new_step_ends_what_could_be_redone() -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((1,)))
    session.undo()
    session.remove(TheseIslands((2,)))
    assert session.undone_steps == ()
    assert not session.redo()


def test_undo_and_redo_of_nothing_change_nothing_and_are_not_counted() -> None:
    session = session_on(three_islands())
    assert not session.undo()
    assert not session.redo()
    assert (session.undo_count, session.redo_count, session.seconds_spent) == (0, 0, 0)


# What goes wrong inside a step


class Failing:
    """A target that cannot make up its mind."""

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        raise RuntimeError("lost")

    def description(self) -> dict[str, object]:
        return {"kind": "failing"}


class Nowhere(Failing):
    """A target whose description fails after it has chosen."""

    def units(self, partition: Partition, grid: Grid, in_slice: int | None) -> list[Unit]:
        return partition.units(in_slice)

    def description(self) -> dict[str, object]:
        raise RuntimeError("lost")


@pytest.mark.parametrize("target", [Failing(), Nowhere()], ids=lambda target: type(target).__name__)
def test_an_error_inside_a_step_leaves_the_session_as_it_was(target: Target) -> None:
    session = session_on(three_islands())
    session.remove(TheseIslands((1,)))
    session.remove(TheseIslands((2,)))
    session.undo()
    before = state_of(session)
    with pytest.raises(RuntimeError, match="lost"):
        session.remove(target)
    assert state_of(session) == before
    assert session.redo()


def test_a_clock_that_fails_stops_steps_undo_and_redo_before_they_begin() -> None:
    class Clock(TickingClock):
        broken = False

        def __call__(self) -> datetime:
            if self.broken:
                raise OSError("no time")
            return super().__call__()

    clock = Clock()
    session = CleaningSession(islands_of(three_islands()), GRID, clock=clock)
    for number in (1, 2):
        session.remove(TheseIslands((number,)))
    session.undo()
    before = state_of(session)
    clock.broken = True
    for act in (
        lambda: session.remove(TheseIslands((3,))),
        session.undo,
        session.redo,
        lambda: session.cut(1, np.arange(3)),
    ):
        with pytest.raises(OSError, match="no time"):
            act()
        assert state_of(session) == before


def test_an_error_between_merged_steps_keeps_those_taken_as_one_step() -> None:
    session = session_on(three_islands())

    def remove_three_at_once() -> None:
        with session.as_one_step():
            session.remove(TheseIslands((1,)))
            session.remove(TheseIslands((2,)))
            session.remove(Failing())  # type: ignore[arg-type]

    with pytest.raises(RuntimeError, match="lost"):
        remove_three_at_once()
    assert len(session.steps) == 2
    session.undo()
    assert (session.mask() == three_islands()).all()


def test_saving_is_called_after_each_step_undo_and_redo_and_its_error_leaves_the_step() -> None:
    saved: list[int] = []

    def save() -> None:
        saved.append(len(session.steps))
        if len(saved) == 4:
            raise OSError("disk full")

    session = CleaningSession(islands_of(three_islands()), GRID, clock=TickingClock(), on_change=save)
    session.remove(TheseIslands((1,)))
    session.undo()
    session.redo()
    with pytest.raises(OSError, match="disk full"):
        session.remove(TheseIslands((2,)))
    assert not session.remove(TheseIslands((2,)))
    assert saved == [1, 0, 1, 2]
    assert len(session.steps) == 2


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
