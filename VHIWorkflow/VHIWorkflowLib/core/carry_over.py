"""Decisions carried over to the islands of a changed mask, when the reader corrects a region or a threshold.

Of the new islands those count that touch a voxel kept before (DESIGN section 4, as for how much hangs on the normal
bone); those that touch only voxels removed before stay removed; those that touch neither are undecided. Where an island
had been removed in part, by a cut or within a slice only, the removed part is cut off the new island and removed again.
"""

from __future__ import annotations

import numpy as np

from .cleaning import CleaningSession
from .grids import IndexArray
from .partition import Unit
from .steps import Step
from .targets import CARRIED_OVER, CarriedOver


def carry_over(before: CleaningSession, after: CleaningSession) -> None:
    """Repeat the decisions of one session on another of the same start mode and grid, as one undo step.

    Time spent, undos and redos count on.

    Parameters
    ----------
    before
        The session whose decisions count.
    after
        A session without steps, on the islands as they are now.

    Raises
    ------
    CleaningError
        If the steps cannot be saved; see `CleaningSession`.
    """
    after.continue_effort_of(before)
    kept = before.kept_voxels()
    removed = np.setdiff1d(_all_voxels(before), kept)
    cut_off = removed_in_part(before)
    with after.as_one_step():
        for island in _touching(after, cut_off) & _touching(after, kept):
            voxels = after.partition.voxels_of(Unit(island))
            inside = np.isin(voxels, cut_off)
            if not inside.all():
                after.cut(island, voxels[inside])
        touched = _touching(after, kept)
        if after.start == "keep":
            after.keep(CarriedOver(tuple(sorted(touched))))
        else:
            after.remove(CarriedOver(tuple(sorted(_touching(after, removed) - touched))))


def has_own_steps(session: CleaningSession) -> bool:
    """Whether a session holds steps, in effect or undone, besides those carried over into it."""
    return bool(session.undone_steps or own_steps(session))


def own_steps(session: CleaningSession) -> tuple[Step, ...]:
    """Steps in effect besides those carried over."""
    carried = {step.group for step in session.steps if step.target["kind"] == CARRIED_OVER}
    return tuple(step for step in session.steps if step.group not in carried)


def _all_voxels(session: CleaningSession) -> IndexArray:
    voxels = session.partition.as_found()
    return np.concatenate(voxels) if voxels else np.empty(0, dtype=np.int64)


def removed_in_part(session: CleaningSession) -> IndexArray:
    """C-order positions of removed voxels whose island, as it was found, is kept in another part."""
    gone = ~session.mask().ravel()
    islands = session.partition.as_found()
    shared = [voxels[gone[voxels]] for voxels in islands if 0 < np.count_nonzero(gone[voxels]) < voxels.size]
    return np.concatenate(shared) if shared else np.empty(0, dtype=np.int64)


def _touching(session: CleaningSession, voxels: IndexArray) -> set[int]:
    return {unit.island for unit in session.partition.units_at(voxels, None)}
