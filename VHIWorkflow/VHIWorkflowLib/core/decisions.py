"""What was decided on each part, and the cleaned mask that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from .errors import CleaningError
from .grids import IndexArray
from .measurement import Vhi
from .partition import Cut, Partition
from .sentences import sentences_of
from .steps import Action

_ = sentences_of(__name__)

StartMode = Literal["remove", "keep"]
Decision = Literal["undecided", "kept", "removed"]

DECIDES: dict[Action, Decision] = {"remove": "removed", "keep": "kept", "restore": "undecided"}


class DecisionTable:
    """Decisions on the parts of a partition, with mask and voxel counts kept up to date part by part.

    Parameters
    ----------
    partition
        Whose parts are decided on.
    conservative
        C-order positions of the conservative voxels; none when None.
    start
        "remove": undecided parts count; "keep": they do not.

    Attributes
    ----------
    mask, conservative
        Cleaned sensitive mask, and all conservative voxels; shape (n,) for the n voxels of the volume in C order.
    """

    def __init__(self, partition: Partition, conservative: IndexArray | None, start: StartMode) -> None:
        if start not in ("remove", "keep"):
            raise CleaningError(_("a session starts in mode 'remove' or 'keep', not {start!r}").format(start=start))
        volume = int(np.prod(partition.lattice.shape))
        self.mask = np.zeros(volume, dtype=bool)
        self.conservative = np.zeros(volume, dtype=bool)
        if conservative is not None:
            self.conservative[conservative] = True
        self._partition = partition
        self._undecided_is_kept = start == "remove"
        self._decisions: list[Decision] = ["undecided"] * len(partition.parts)
        self._voxels = self._conservative_voxels = 0
        if self._undecided_is_kept:
            for part in range(len(partition.parts)):
                self._count(part, kept=True)

    def __getitem__(self, part: int) -> Decision:
        return self._decisions[part]

    def is_kept(self, part: int) -> bool:
        """Whether a part counts, by decision or by start mode."""
        decision = self._decisions[part]
        return decision == "kept" or (decision == "undecided" and self._undecided_is_kept)

    def vhi(self, voxel_volume_mm3: float) -> Vhi:
        """Size of the cleaned mask."""
        return Vhi(self._voxels, self._conservative_voxels, voxel_volume_mm3)

    def decide(
        self, decisions: Iterable[tuple[int, Decision]]
    ) -> tuple[tuple[IndexArray, ...], tuple[IndexArray, ...]]:
        """Set decisions on parts; returns the voxels of those that came into the mask and of those that went."""
        shown: list[IndexArray] = []
        hidden: list[IndexArray] = []
        for part, decision in decisions:
            was_kept = self.is_kept(part)
            self._decisions[part] = decision
            kept = self.is_kept(part)
            if kept != was_kept:
                self._count(part, kept)
                (shown if kept else hidden).append(self._partition.parts[part].voxels)
        return tuple(shown), tuple(hidden)

    def inherit(self, cut: Cut) -> None:
        """Give the parts that a cut made the decisions of the parts they come from."""
        self._decisions += [self._decisions[parent] for parent in cut.parents]

    def forget(self, cut: Cut) -> None:
        """Forget the parts of a cut that was taken back."""
        del self._decisions[cut.first_part :]

    def _count(self, part: int, kept: bool) -> None:
        voxels = self._partition.parts[part].voxels
        self.mask[voxels] = kept
        sign = 1 if kept else -1
        self._voxels += sign * voxels.size
        self._conservative_voxels += sign * int(self.conservative[voxels].sum())
