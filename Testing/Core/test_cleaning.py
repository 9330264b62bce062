"""A cleaning session is its islands and an ordered list of steps: decided, in one slice or all, and cut."""

from __future__ import annotations

from random import Random
from typing import get_args

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
    Both,
    assert_same,
    labels_and_decisions,
)
from Core.small_cases import AXES, small_case
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.steps import Action
from VHIWorkflowLib.core.targets import AtVoxel, TheseIslands, WholeSlice

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


def test_islands_can_be_ranked_later_also_when_one_was_cut():
    early, late = (CleaningSession(islands_of(three_islands()), GRID, scores=s) for s in ([0.9, 0.2, 0.4], None))
    for session in (early, late):
        session.cut(1, np.flatnonzero(three_islands())[:4])
    late.rank([0.9, 0.2, 0.4])
    for session in (early, late):
        assert [session.partition.score_of(number) for number in session.partition] == [0.2, 0.4, 0.9, 0.9]
        session.undo()
        assert [session.partition.score_of(number) for number in session.partition] == [0.9, 0.2, 0.4]
    with pytest.raises(CleaningError, match="3 finite rank scores are needed"):
        late.rank([0.9])
