"""The reader's cleaning session: decisions on islands, undo and redo without limit, and replay.

The state is the islands and an ordered list of steps, nothing else; `steps_in_effect` does what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from .decisions import DECIDES, Decision, DecisionTable, StartMode
from .errors import CleaningError
from .grids import BoolArray, Grid, IndexArray
from .islands import Islands
from .measurement import Preliminary, Vhi
from .partition import Partition, Unit
from .ranking import RankScores, RankSource
from .sentences import sentences_of
from .steps import Action, Reason, Step
from .steps_in_effect import Change, StepsInEffect, joined
from .targets import Json, RankBelow, Target, TheseIslands

_ = sentences_of(__name__)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, with time zone, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class CleaningRecord:
    """A session as it is kept: start mode, steps in effect, undone steps (the next to redo first), and the effort."""

    start: StartMode
    steps: tuple[Step, ...]
    undone: tuple[Step, ...] = ()
    undo_count: int = 0
    redo_count: int = 0
    seconds_spent: float = 0.0


class CleaningSession:
    """Decisions on the islands of one case.

    Parameters
    ----------
    islands
        Of the preliminary sensitive mask.
    grid
        Of the volume.
    conservative
        C-order positions of the preliminary mask's conservative voxels.
    start
        "remove": all islands count until removed; "keep": none counts until kept.
    clock
        Gives each step its time.
    scores
        Rank score of each island, in the order of ``islands``. With ``RankScores``, steps that go by rank are recorded
        with the model's name, version and hash.
    on_change
        Called after each step, undo and redo, to save it. What it raises goes to the caller; the step itself stands.

    Raises
    ------
    CleaningError
        From any step that cannot be taken; the session is then as it was.
    """

    def __init__(
        self,
        islands: Islands,
        grid: Grid,
        conservative: IndexArray | None = None,
        *,
        start: StartMode = "remove",
        clock: Clock = utc_now,
        scores: npt.ArrayLike | RankScores | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.grid = grid
        self.start: StartMode = start
        self.rank_source: RankSource | None = None
        self.partition = Partition(islands)
        if scores is not None:
            self.rank(scores)
        self.undo_count = 0
        self.redo_count = 0
        self._clock = clock
        self._on_change = on_change
        self._undone: list[Step] = []
        self._open_group: int | None = None
        self._opened_at = self._last_at = clock()
        self._seconds_before = 0.0
        self._decisions = DecisionTable(self.partition, conservative, start)
        self._in_effect = StepsInEffect(self.partition, self._decisions)

    @classmethod
    def of(
        cls,
        case: Preliminary,
        *,
        start: StartMode = "remove",
        clock: Clock = utc_now,
        scores: npt.ArrayLike | RankScores | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> CleaningSession:
        """A session on a measured case."""
        conservative = case.islands.voxels[case.conservative]
        return cls(case.islands, case.grid, conservative, start=start, clock=clock, scores=scores, on_change=on_change)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps in effect, in order."""
        return self._in_effect.steps

    @property
    def undone_steps(self) -> tuple[Step, ...]:
        """Steps that redo would take again, the next one first."""
        return tuple(reversed(self._undone))

    @property
    def vhi(self) -> Vhi:
        """Size of what is left."""
        return self._decisions.vhi(self.grid.voxel_volume_mm3)

    @property
    def seconds_spent(self) -> float:
        """Seconds from opening the session to its latest step, undo or redo, and in earlier sittings."""
        return self._seconds_before + (self._last_at - self._opened_at).total_seconds()

    def mask(self) -> BoolArray:
        """A copy of the cleaned sensitive mask, shape (k, j, i)."""
        return self._decisions.mask.reshape(self.grid.shape).copy()

    def conservative_mask(self) -> BoolArray:
        """Conservative voxels of the cleaned mask, shape (k, j, i)."""
        return (self._decisions.mask & self._decisions.conservative).reshape(self.grid.shape)

    def kept_voxels(self) -> IndexArray:
        """C-order positions of the cleaned mask's voxels, island by island."""
        kept = [
            self.partition.parts[part].voxels
            for island in self.partition
            for part in self.partition.parts_of(Unit(island))
            if self._decisions.is_kept(part)
        ]
        return np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)

    def decision(self, unit: Unit) -> Decision | Literal["partly"]:
        """What was decided on an island or a part; "partly" when its parts differ."""
        found = {self._decisions[part] for part in self.partition.parts_of(unit)}
        return found.pop() if len(found) == 1 else "partly"

    def islands_removed(self) -> int:
        """Number of islands, as they now stand, of which nothing is left."""
        return sum(
            not any(self._decisions.is_kept(part) for part in self.partition.parts_of(Unit(island)))
            for island in self.partition
        )

    def rank(self, scores: npt.ArrayLike | RankScores) -> None:
        """Give the islands rank scores, at the start or later; decisions do not change. See `Partition.rank`."""
        self.partition.rank(scores.values if isinstance(scores, RankScores) else scores)
        self.rank_source = scores.source if isinstance(scores, RankScores) else None

    def remove(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Remove what a target chooses, in 3D or within one slice; nothing is recorded where nothing changes."""
        return self._decide("remove", target, in_slice, reason)

    def keep(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Keep what a target chooses."""
        return self._decide("keep", target, in_slice, reason)

    def restore(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Take back the decisions on what a target chooses: as the session started."""
        return self._decide("restore", target, in_slice, reason)

    def cut(self, island: int, drawn: IndexArray, *, in_slice: int | None = None) -> Change:
        """Cut an island along drawn voxels: what is inside the drawing and what is outside become islands of their own.

        Decisions stay as they are.

        Parameters
        ----------
        island
            Number of the island.
        drawn
            C-order positions; those outside the island do not matter.
        in_slice
            Let the drawing count within one slice only.

        Raises
        ------
        CleaningError
            If there is no such island, or the drawing covers all or none of it.
        """
        in_slice = None if in_slice is None else int(in_slice)
        unit = TheseIslands((island,)).units(self.partition, self.grid, None)[0]
        voxels = self.partition.voxels_of(unit)
        inside = voxels[np.isin(voxels, drawn)]
        if in_slice is not None:
            inside = inside[self.partition.lattice.slices(self.partition.lattice.codes_at(inside)) == in_slice]
        step = self._new_step("cut", {"kind": "drawn"}, [unit], in_slice, None)
        return self._take(replace(step, drawn=inside), [unit])

    @contextmanager
    def as_one_step(self) -> Iterator[None]:
        """Merge all decisions taken inside the ``with`` block into one undo step."""
        outer = self._open_group
        self._open_group = outer if outer is not None else self._next_group()
        try:
            yield
        finally:
            self._open_group = outer

    def undo(self) -> Change:
        """Take back the latest undo step; an empty change when there is none."""
        self._refuse_while_merging()
        if not self._in_effect:
            return Change()
        at, changes = self._clock(), []
        group = self._in_effect.latest.group
        while self._in_effect and self._in_effect.latest.group == group:
            self._undone.append(self._in_effect.latest)
            changes.append(self._in_effect.take_back())
        self.undo_count += 1
        self._last_at = at
        self._on_change()
        return joined(changes)

    def redo(self) -> Change:
        """Take the latest undone step again; an empty change when there is none."""
        self._refuse_while_merging()
        if not self._undone:
            return Change()
        at, changes = self._clock(), []
        group = self._undone[-1].group
        while self._undone and self._undone[-1].group == group:
            changes.append(self._in_effect.repeat(self._undone[-1]))
            self._undone.pop()
        self.redo_count += 1
        self._last_at = at
        self._on_change()
        return joined(changes)

    def recorded(self) -> CleaningRecord:
        """The session as it is kept."""
        return CleaningRecord(
            self.start, self.steps, self.undone_steps, self.undo_count, self.redo_count, self.seconds_spent
        )

    def replay(self, steps: Iterable[Step]) -> None:
        """Repeat recorded steps, with their own times, on a session that has none.

        Raises
        ------
        CleaningError
            Names the first step that does not fit this case; none of them then stays in effect.
        """
        if self._in_effect or self._undone:
            raise CleaningError(_("recorded steps can only be repeated on a session without steps of its own"))
        for number, step in enumerate(steps, start=1):
            try:
                self._in_effect.repeat(step)
            except CleaningError as error:
                self._in_effect.take_back_to(0)
                raise CleaningError(
                    _("step {number} ({step}) does not fit this case: {error}").format(
                        number=number, step=step.said, error=error
                    )
                ) from error

    def resume(self, record: CleaningRecord) -> None:
        """Go on where a recorded session of the same start mode was left, undone steps and effort included.

        Raises
        ------
        CleaningError
            If the start mode is another one, or as ``replay``.
        """
        if record.start != self.start:
            raise CleaningError(
                _("the recorded session started in mode {recorded!r}, this one in {start!r}").format(
                    recorded=record.start, start=self.start
                )
            )
        self.replay([*record.steps, *record.undone])
        self._in_effect.take_back_to(len(record.steps))
        self._undone = list(record.undone)[::-1]
        self.undo_count, self.redo_count = record.undo_count, record.redo_count
        self._seconds_before = record.seconds_spent

    def continue_effort_of(self, earlier: CleaningSession) -> None:
        """Count time, undos and redos on from another session on the same case."""
        self._seconds_before = earlier.seconds_spent
        self.undo_count, self.redo_count = earlier.undo_count, earlier.redo_count

    def _decide(self, action: Action, target: Target, in_slice: int | None, reason: Reason | None) -> Change:
        if in_slice is not None and not 0 <= in_slice < self.grid.shape[self.grid.slice_axis]:
            raise CleaningError(_("there is no slice {in_slice} in this volume").format(in_slice=in_slice))
        in_slice = None if in_slice is None else int(in_slice)
        decision = DECIDES[action]
        units = [
            unit
            for unit in target.units(self.partition, self.grid, in_slice)
            if any(self._decisions[part] != decision for part in self.partition.parts_of(unit))
        ]
        if not units:
            return Change()
        description = target.description()
        if isinstance(target, RankBelow) and self.rank_source is not None:
            description["model"] = dict(self.rank_source.document())
        return self._take(self._new_step(action, description, units, in_slice, reason), units)

    def _new_step(
        self, action: Action, target: dict[str, Json], units: list[Unit], in_slice: int | None, reason: Reason | None
    ) -> Step:
        group = self._open_group if self._open_group is not None else self._next_group()
        references = tuple(self.partition.reference(unit) for unit in units)
        return Step(action, target, references, in_slice, reason, self._clock(), group)

    def _take(self, step: Step, units: list[Unit]) -> Change:
        """Put a new step into effect."""
        change = self._in_effect.perform(step, units)
        self._undone.clear()
        self._last_at = step.at
        self._on_change()
        return change

    def _refuse_while_merging(self) -> None:
        if self._open_group is not None:
            raise CleaningError(_("finish merging steps before undoing or redoing"))

    def _next_group(self) -> int:
        return self._in_effect.latest.group + 1 if self._in_effect else 1
