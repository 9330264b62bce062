"""What of the difference between two readers comes from the normal bone, the disease region and the cleaning.

VHI is recomputed with each of these parts taken from either reader, in all eight combinations. A part's share is the
mean, over all orders in which the parts can be swapped one after the other, of what swapping it changes (Shapley LS.
A value for n-person games. Ann Math Stud 1953; 28: 307-317). So the shares add up to the whole difference, and swapping
the readers flips their signs.

The cleaning of one reader is applied to the mask of another so: of the islands those count that touch a voxel kept,
less the voxels that were removed from an island of which another piece was kept (a cut, or a removal within one slice).
Applied to the reader's own mask this gives the reader's own VHI.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.carry_over import removed_in_part
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.islands import Islands
from VHIWorkflowLib.core.measurement import Preliminary, measure
from VHIWorkflowLib.core.sentences import sentences_of

_ = sentences_of(__name__)

Part = Literal["normal bone", "disease region", "cleaning"]
PARTS: tuple[Part, ...] = get_args(Part)

Choice = tuple[bool, ...]
"""For each of the parts whether it is that of the second reader."""


@dataclass(frozen=True)
class Measured:
    """A reader's measurement of a case, redone: up to cleaning, and the cleaning."""

    case: Preliminary
    session: CleaningSession

    @cached_property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Voxels kept, in C order."""
        return self.session.mask().ravel()

    @cached_property
    def cut_off(self) -> npt.NDArray[np.bool_]:
        """Voxels removed from an island of which another piece was kept, in C order."""
        found = np.zeros(self.kept.size, dtype=bool)
        found[removed_in_part(self.session)] = True
        return found


@dataclass(frozen=True)
class SharedDifference:
    """Difference of VHI of reader b and reader a, part by part; ``parts`` adds up to ``voxels``."""

    voxels: int
    voxel_volume_mm3: float
    parts: dict[Part, float]

    @property
    def main_part(self) -> Part | None:
        """The part that makes most of the difference; None when no part makes any."""
        part = max(PARTS, key=lambda each: abs(self.parts[each]))
        return part if self.parts[part] else None


def share_difference(a: Measured, b: Measured) -> SharedDifference:
    """Share the difference between two readings of one scan out among their parts.

    The normal bone brings its thresholds with it, also those set by hand, and tolerance and smallest group.

    Raises
    ------
    MeasurementError
        If the readings lie on different grids, or a combination cannot be measured.
    """
    if not a.case.grid.matches(b.case.grid):
        raise MeasurementError(_("the readings lie on different grids; they are not of one scan"))
    voxels = _all_combinations(a, b)
    parts = dict.fromkeys(PARTS, 0.0)
    for order in permutations(range(len(PARTS))):
        chosen = [False] * len(PARTS)
        for part in order:
            before = voxels[tuple(chosen)]
            chosen[part] = True
            parts[PARTS[part]] += (voxels[tuple(chosen)] - before) / math.factorial(len(PARTS))
    return SharedDifference(voxels[(True,) * 3] - voxels[(False,) * 3], a.case.grid.voxel_volume_mm3, parts)


def _all_combinations(a: Measured, b: Measured) -> dict[Choice, int]:
    """VHI in voxels for each choice of parts."""
    found: dict[Choice, int] = {}
    for bone, region in product((False, True), repeat=2):
        islands = _islands(b if bone else a, b if region else a)
        for cleaning in (False, True):
            found[bone, region, cleaning] = _cleaned(islands, b if cleaning else a)
    return found


def _islands(bone: Measured, region: Measured) -> Islands:
    if bone is region:
        return bone.case.islands
    of = bone.case
    return measure(of.stir, of.normal_bone, region.case.disease_region, of.settings, of.thresholds).islands


def _cleaned(islands: Islands, reader: Measured) -> int:
    """VHI in voxels of the islands once they are cleaned as a reader did."""
    return sum(
        int(np.count_nonzero(~reader.cut_off[voxels]))
        for voxels in islands.island_voxels()
        if reader.kept[voxels].any()
    )
