"""Undo and redo of whatever the reader did last: a step of cleaning, or a change of a region and the like."""

from __future__ import annotations

from VHIWorkflowLib.core.steps import Step

from .cleaning_steps import CleaningSteps
from .region_steps import RegionSteps


class UndoSteps(RegionSteps, CleaningSteps):
    """Undo and redo; see `Workflow`. The order is that of `study.region_history`."""

    def undo(self) -> bool:
        """Take back the latest thing that the reader did; says whether there was any."""
        if self.open.change_to_undo is None:
            return bool(self._step(lambda session: session.undo()))
        self.open.undo_change()
        self._regions_changed()
        return True

    def redo(self) -> bool:
        """Do the latest undone thing again; says whether there was any."""
        if self.open.change_to_redo is None:
            return bool(self._step(lambda session: session.redo()))
        self.open.redo_change()
        self._regions_changed()
        return True

    def undo_text(self) -> str | None:
        """What undo would take back, for the button; None when there is nothing."""
        change = None if self.case is None else self.case.open_case.change_to_undo
        if change is not None:
            return self.texts.undo(self.texts.region_change(change))
        steps = _last_group(self.session.steps) if self.session else []
        return self.texts.undo(self.texts.step(steps)) if steps else None

    def redo_text(self) -> str | None:
        """What redo would do again, for the button; None when there is nothing."""
        change = None if self.case is None else self.case.open_case.change_to_redo
        if change is not None:
            return self.texts.redo(self.texts.region_change(change))
        steps = _last_group(self.session.undone_steps[::-1]) if self.session else []
        return self.texts.redo(self.texts.step(steps)) if steps else None


def _last_group(steps: tuple[Step, ...]) -> list[Step]:
    """The steps at the end that are undone together."""
    return [step for step in steps if step.group == steps[-1].group]
