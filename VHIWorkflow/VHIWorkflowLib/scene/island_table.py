"""The islands of a case as a reader goes through them: what each is, what was decided, and which to look at next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import Decision
from VHIWorkflowLib.core.grids import FloatArray
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.steps import Reason

from .picking import Ras

Order = Literal["rank", "size"]


@dataclass(frozen=True)
class IslandRow:
    """An island as the table and the hover text show it.

    Attributes
    ----------
    number
        From 1, the largest first; islands made by a cut come after.
    score
        Probability that readers keep it, 0 to 1; None without ranking.
    rank
        Place by score, 1 the most likely inflammation; None without ranking.
    voxels, volume_mm3
        Size.
    slices
        First and last slice along the slice axis, from 0, both inside.
    peak
        Largest STIR intensity.
    decision
        "undecided", "kept", "removed" or "partly".
    counts
        Whether it is part of VHI now, "partly" when some parts are.
    reason
        Given with the latest decision on it, or None.
    centre_ras
        Of its voxel nearest to its centre, to jump to.
    """

    number: int
    score: float | None
    rank: int | None
    voxels: int
    volume_mm3: float
    slices: tuple[int, int]
    peak: float
    decision: Decision | Literal["partly"]
    counts: bool | Literal["partly"]
    reason: Reason | None
    centre_ras: Ras


class IslandTable:
    """Rows of all islands of a session, as things stand when asked; what never changes is worked out once.

    Parameters
    ----------
    case
        Before cleaning.
    session
        Its cleaning.
    """

    def __init__(self, case: Preliminary, session: CleaningSession) -> None:
        self._case = case
        self._session = session
        self._as_found: dict[int, IslandRow] = {}
        self._found = case.islands.number

    def is_of(self, session: CleaningSession) -> bool:
        """Whether this is the table of a session."""
        return self._session is session

    def rows(self, order: Order = "rank") -> list[IslandRow]:
        """All islands. "size": the largest first. "rank": those first whose decision is most likely to change.

        That is the least likely inflammation when all islands count at first, the most likely when none does; without
        ranks, the order is by size.
        """
        reasons, ranks = self._reasons(), self._ranks()
        rows = [self._as_it_stands(number, reasons, ranks) for number in self._session.partition]
        by_size = sorted(rows, key=lambda row: (-row.voxels, row.number))
        if order == "size" or not ranks:
            return by_size
        sign = 1 if self._session.start == "remove" else -1
        return sorted(by_size, key=lambda row: sign * (row.score or 0.0))

    def row(self, number: int) -> IslandRow:
        """One island; KeyError when there is none of that number."""
        if number not in self._session.partition:
            raise KeyError(number)
        return self._as_it_stands(number, self._reasons(), self._ranks())

    def next_suspicious(self, after: int | None = None) -> IslandRow | None:
        """The undecided island that would cost most if it stayed undecided wrongly; None when all are decided.

        That is, in voxels of VHI, its size times the probability that a reader would decide the other way; without
        ranks its size.

        Parameters
        ----------
        after
            Number of an island: the next one after it, and behind the last the first again.
        """
        order = sorted(self.rows("size"), key=lambda row: -self._at_stake(row))
        undecided = [row for row in order if row.decision == "undecided"]
        if after is None or not undecided:
            return undecided[0] if undecided else None
        places = {row.number: place for place, row in enumerate(order)}
        here = places.get(after, -1)
        return next((row for row in undecided if places[row.number] > here), undecided[0])

    def _at_stake(self, row: IslandRow) -> float:
        if row.score is None:
            return float(row.voxels)
        return row.voxels * (1 - row.score if self._session.start == "remove" else row.score)

    def _as_it_stands(self, number: int, reasons: dict[int, Reason | None], ranks: dict[int, int]) -> IslandRow:
        row = self._as_found.get(number)
        if row is None:
            row = self._described(number)
            if number <= self._found:
                self._as_found[number] = row
        decision = self._session.decision(Unit(number))
        undecided_counts = self._session.start == "remove"
        counts: bool | Literal["partly"] = (
            "partly" if decision == "partly" else decision == "kept" or (decision == "undecided" and undecided_counts)
        )
        return replace(row, rank=ranks.get(number), decision=decision, counts=counts, reason=reasons.get(number))

    def _described(self, number: int) -> IslandRow:
        grid, partition = self._case.grid, self._session.partition
        voxels = partition.voxels_of(Unit(number))
        kji = np.stack(np.unravel_index(voxels, grid.shape), axis=1)
        along = kji[:, grid.slice_axis]
        return IslandRow(
            number=number,
            score=partition.score_of(number),
            rank=None,
            voxels=voxels.size,
            volume_mm3=voxels.size * grid.voxel_volume_mm3,
            slices=(int(along.min()), int(along.max())),
            peak=float(self._case.stir.array.ravel()[voxels].max()),
            decision="undecided",
            counts=True,
            reason=None,
            centre_ras=_centre(grid.to_ras(kji)),
        )

    def _ranks(self) -> dict[int, int]:
        scores = {number: self._session.partition.score_of(number) for number in self._session.partition}
        known = {number: score for number, score in scores.items() if score is not None}
        order = sorted(known, key=lambda number: (-known[number], number))
        return {number: place for place, number in enumerate(order, start=1)}

    def _reasons(self) -> dict[int, Reason | None]:
        """Reason of the latest decision on each island, or on a part of it."""
        return {unit.island: step.reason for step in self._session.steps if step.action != "cut" for unit in step.units}


def _centre(ras: FloatArray) -> Ras:
    """The point, of some (n, 3), that lies nearest to their mean."""
    nearest = int(np.argmin(np.linalg.norm(ras - ras.mean(axis=0), axis=1)))
    x, y, z = (float(value) for value in ras[nearest])
    return x, y, z
