"""Sessions on three islands, and what can be seen of a session, for the tests of cleaning."""

from __future__ import annotations

import json
from typing import get_args

import numpy as np
from Core.naive_cleaning import (
    TickingClock,
    labels_and_decisions,
)
from Core.small_cases import oblique_affine
from hypothesis import strategies as st
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.islands import Islands, find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.steps import Step

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
