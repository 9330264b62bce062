"""Removing, keeping and restoring islands; and what there is to know of islands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import IndexArray
from VHIWorkflowLib.core.measurement import Vhi
from VHIWorkflowLib.core.ranking import RankScores
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.steps import Reason
from VHIWorkflowLib.core.steps_in_effect import Change
from VHIWorkflowLib.core.targets import AtVoxel, RankBelow, Target

from .at_hand import AtHand
from .errors import SceneError
from .island_table import IslandRow, Order
from .picking import Pick, Ras, counts, outline, pick, pick_surface, view_axis, voxel_at

_ = sentences_of(__name__)


class CleaningSteps(AtHand):
    """Steps of cleaning; see `Workflow`."""

    @property
    def vhi(self) -> Vhi | None:
        """Size of what is left; None as long as a region is missing."""
        session = self.session
        return None if session is None else session.vhi

    def set_start(self, start: StartMode) -> None:
        """Choose whether all islands count at first ("remove") or none ("keep"); only while no step is in effect."""
        self.open.set_start(start)
        self._case.show_masks()
        self._keep_in_scene()
        self.changed.emit({"regions", "masks", "session"})

    def click(self, ras: Ras, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Remove the island at a point, or restore it when it is removed; keep and restore in keep mode.

        Parameters
        ----------
        ras
            Where, in mm.
        in_slice
            Limit the step to the part within this slice; None for the whole island.
        reason
            Of number keys: the island is removed for this reason, also when it was removed without or for another one.

        Returns
        -------
        Change
            Empty where there is no island.
        """
        return self._click(pick(self._reading.session, ras, in_slice), in_slice, reason)

    def click_surface(self, ras: Ras, *, reason: Reason | None = None, again: bool = False) -> Change:
        """The same for a point on the surface of an island in a 3D view.

        ``again`` means that the island that was there may have gone from the view: it is brought back.
        """
        return self._click(self._pick_surface(ras, again), None, reason)

    def remove(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Remove what a target of `core.targets` chooses, in 3D or within one slice."""
        return self._choose(target, lambda session: session.remove(target, in_slice=in_slice, reason=reason))

    def keep(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Keep what a target chooses."""
        return self._choose(target, lambda session: session.keep(target, in_slice=in_slice, reason=reason))

    def restore(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Take back the decisions on what a target chooses."""
        return self._choose(target, lambda session: session.restore(target, in_slice=in_slice, reason=reason))

    def cut(self, voxels: IndexArray, *, in_slice: int | None = None) -> Change:
        """Cut the island that most of the painted voxels (C-order positions) lie on, along the painting.

        Raises
        ------
        SceneError
            If they lie on none.
        """

        def cut(session: CleaningSession) -> Change:
            units = session.partition.units_at(voxels, None)
            if not units:
                raise SceneError(_("there is no island under the brush; paint over the one to cut"))
            shared = [np.isin(session.partition.voxels_of(unit), voxels).sum() for unit in units]
            return session.cut(units[int(np.argmax(shared))].island, voxels, in_slice=in_slice)

        return self._step(cut)

    @contextmanager
    def as_one_step(self) -> Iterator[None]:
        """Merge all steps taken inside the ``with`` block into one for undo."""
        with self._reading.session.as_one_step():
            yield

    @property
    def has_ranks(self) -> bool:
        """Whether the islands have ranks."""
        session = self.session
        return session is not None and session.rank_source is not None

    def rank_islands(self, scores: RankScores | None = None) -> None:
        """Rank the islands, which takes seconds on a large case; done by itself where ranks are asked for first.

        A ranking that cannot be had is a warning of the case; islands then go by their size.

        Parameters
        ----------
        scores
            Made before, for the regions and thresholds as they are.
        """
        reading = self._reading
        try:
            reading.session.rank(scores or self._ranker(reading.case, self.open.t1w))
        except VHIError as error:
            self.open.warnings.append(self.texts.no_ranks(error))
            self._cannot_rank = reading.session
        self._table = None
        self.changed.emit({"session"})

    def islands(self, order: Order = "rank") -> list[IslandRow]:
        """All islands: the largest first, or those first whose decision is most likely to change."""
        if order == "rank":
            self._make_ranks()
        return self._islands.rows(order)

    def island_at(self, ras: Ras) -> IslandRow | None:
        """The island at a point, removed or not, for the hover text; None where there is none."""
        found = pick(self._reading.session, ras)
        return None if found is None else self._islands.row(found.unit.island)

    def surface_island_at(self, ras: Ras) -> IslandRow | None:
        """The island at a point on the surface in a 3D view, for the hover text; None where there is none."""
        found = self._pick_surface(ras, again=False)
        return None if found is None else self._islands.row(found.unit.island)

    def outline_at(self, ras: Ras, normal: Ras, *, in_slice: int | None = None) -> Any:
        """Outline of the island at a point in the view plane through it; None where there is none.

        Parameters
        ----------
        normal
            Of the view plane: third column of the slice node's SliceToRAS.
        in_slice
            As for `click`: outline that part only.

        Returns
        -------
        vtkPolyData
            Lines, RAS mm.
        """
        session = self._reading.session
        found = pick(session, ras, in_slice)
        return None if found is None else outline(session, found, view_axis(session.grid, normal))

    def voxels_at(self, ras: Ras, in_slice: int) -> int:
        """Voxels of the part of an island in a slice that a click at a point would decide on; 0 where there is none."""
        session = self._reading.session
        found = pick(session, ras, in_slice)
        return 0 if found is None else session.partition.size_of(found.unit)

    def next_suspicious(self, after: int | None = None) -> IslandRow | None:
        """The undecided island whose wrong decision would cost most, or the next one after an island."""
        self._make_ranks()
        return self._islands.next_suspicious(after)

    def slice_number(self, ras: Ras) -> int | None:
        """Slice of the acquisition through a point, from 0; None outside the volume."""
        grid = self.open.stir.grid
        voxel = voxel_at(grid, ras)
        return None if voxel is None else voxel[grid.slice_axis]

    def _pick_surface(self, ras: Ras, again: bool) -> Pick | None:
        return pick_surface(self._reading.session, ras, removed_too=again or self._case.shows_removed_surface)

    def _choose(self, target: Target, act: Callable[[CleaningSession], Change]) -> Change:
        if isinstance(target, RankBelow):
            self._make_ranks()
        return self._step(act)

    def _make_ranks(self) -> None:
        if not self.has_ranks and self._reading.session is not self._cannot_rank:
            self.rank_islands()

    def _click(self, picked: Pick | None, in_slice: int | None, reason: Reason | None) -> Change:
        if picked is None:
            return Change()
        session, target = self._reading.session, AtVoxel(picked.voxel)
        unit_counts = counts(session, picked.unit) or session.decision(picked.unit) == "partly"
        if reason is not None:
            return self._remove_for(picked, in_slice, reason)
        if session.start == "remove":
            act = session.remove if unit_counts else session.restore
        else:
            act = session.restore if counts(session, picked.unit) else session.keep
        return self._step(lambda _: act(target, in_slice=in_slice))

    def _remove_for(self, picked: Pick, in_slice: int | None, reason: Reason) -> Change:
        """Remove for a reason what may be removed already."""
        target = AtVoxel(picked.voxel)

        def remove(session: CleaningSession) -> Change:
            row = self._islands.row(picked.unit.island)
            if row.decision == "removed" and row.reason == reason:
                return Change()
            done = session.remove(target, in_slice=in_slice, reason=reason)
            if done:
                return done
            with session.as_one_step():
                session.restore(target, in_slice=in_slice)
                return Change(steps=session.remove(target, in_slice=in_slice, reason=reason).steps)

        return self._step(remove)

    def _step(self, act: Callable[[CleaningSession], Change]) -> Change:
        """Take a step, show it, and tell it; a step that could not be saved stands in memory and is shown too."""
        case, session = self._case, self._reading.session
        steps = session.steps
        try:
            change = act(session)
        except BaseException:
            if session.steps != steps:
                case.show_masks()
                self.changed.emit({"masks", "session"})
            raise
        if change:
            case.apply(change)
            self._keep_in_scene()
            self.changed.emit({"masks", "session"})
            self._begun()
        return change
