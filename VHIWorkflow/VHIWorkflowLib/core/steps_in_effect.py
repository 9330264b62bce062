"""The steps in effect on the islands of a case: put into effect one after the other, and taken back bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .decisions import DECIDES, Decision, DecisionTable
from .errors import CleaningError
from .grids import IndexArray
from .partition import Cut, Partition, Unit
from .sentences import sentences_of
from .steps import Step

_ = sentences_of(__name__)


@dataclass(frozen=True)
class Change:
    """What a step, undo or redo did to the cleaned mask: C-order positions that came in, and that went."""

    shown: tuple[IndexArray, ...] = ()
    hidden: tuple[IndexArray, ...] = ()
    steps: tuple[Step, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything happened."""
        return bool(self.steps)


@dataclass(frozen=True)
class _Done:
    """A step in effect, and how to take it back: earlier decisions of parts, and the cut."""

    step: Step
    before: tuple[tuple[int, Decision], ...] = ()
    cut: Cut | None = None


class StepsInEffect:
    """Steps on a partition and its decisions, in order; true when there is one.

    Each costs in proportion to the islands it touches, not to the volume, and so does taking it back.
    """

    def __init__(self, partition: Partition, decisions: DecisionTable) -> None:
        self._partition = partition
        self._decisions = decisions
        self._done: list[_Done] = []

    def __len__(self) -> int:
        return len(self._done)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in order."""
        return tuple(done.step for done in self._done)

    @property
    def latest(self) -> Step:
        """The latest step; there must be one."""
        return self._done[-1].step

    def perform(self, step: Step, units: Sequence[Unit]) -> Change:
        """Put a step into effect on units.

        Raises
        ------
        CleaningError
            If a cut is not one of a single island along a drawing inside it; nothing has changed then.
        """
        if step.action == "cut":
            if step.drawn is None or len(units) != 1:
                raise CleaningError(_("a cut needs one island and a drawing"))
            if not np.isin(step.drawn, self._partition.voxels_of(units[0])).all():
                raise CleaningError(_("the drawing lies partly outside island {island}").format(island=units[0].island))
            cut = self._partition.cut(units[0].island, step.drawn)
            self._decisions.inherit(cut)
            self._done.append(_Done(step, cut=cut))
            return Change(steps=(step,))
        parts = [part for unit in units for part in self._partition.parts_of(unit)]
        before = tuple((part, self._decisions[part]) for part in parts)
        shown, hidden = self._decisions.decide((part, DECIDES[step.action]) for part in parts)
        self._done.append(_Done(step, before))
        return Change(shown, hidden, (step,))

    def repeat(self, step: Step) -> Change:
        """Put a recorded step into effect on the units it names, or refuse it whole.

        Raises
        ------
        CleaningError
            If a unit is not there, or as ``perform``.
        """
        scope = None if step.action == "cut" else step.in_slice
        return self.perform(step, [self._partition.find(reference, scope) for reference in step.units])

    def take_back(self) -> Change:
        """Take back the latest step, which the change names; there must be one."""
        done = self._done.pop()
        if done.cut is not None:
            self._partition.uncut(done.cut)
            self._decisions.forget(done.cut)
        shown, hidden = self._decisions.decide(done.before)
        return Change(shown, hidden, (done.step,))

    def take_back_to(self, number: int) -> None:
        """Take back all but the first steps."""
        while len(self._done) > number:
            self.take_back()


def joined(changes: Sequence[Change]) -> Change:
    """One change for several in a row: what came in and went again, or the other way round, is left out."""
    shown = tuple(voxels for change in changes for voxels in change.shown)
    hidden = tuple(voxels for change in changes for voxels in change.hidden)
    if shown and hidden:
        came, went = np.concatenate(shown), np.concatenate(hidden)
        voxels, place = np.unique(np.concatenate([came, went]), return_inverse=True)
        net = np.bincount(place, np.repeat([1, -1], [came.size, went.size]))
        shown = (voxels[net > 0],) if (net > 0).any() else ()
        hidden = (voxels[net < 0],) if (net < 0).any() else ()
    return Change(shown, hidden, tuple(step for change in changes for step in change.steps))
