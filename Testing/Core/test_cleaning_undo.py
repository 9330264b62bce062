"""Undo and redo lead back and forth exactly, steps can be merged, and an error leaves a session as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from Core.cleaning_sessions import (
    GRID,
    islands_of,
    session_on,
    state_of,
    three_islands,
)
from Core.naive_cleaning import (
    TickingClock,
    assert_is_the_difference,
)
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.partition import Partition, Unit
from VHIWorkflowLib.core.targets import AtVoxel, Target, TheseIslands

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
