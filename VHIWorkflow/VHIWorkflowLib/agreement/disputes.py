"""Islands that two readers disagree on, and why the one reader does not count what the other does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.grids import BoolArray, Grid, IndexArray
from VHIWorkflowLib.core.islands import find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.masks import smallest_at_least
from VHIWorkflowLib.core.partition import Unit

from .swapped import Measured

NO_REASON = "removed"


@dataclass(frozen=True)
class Dispute:
    """An island (3D, 26 neighbours) of the voxels that either reader counts, not counted alike by both.

    Attributes
    ----------
    voxels_a, voxels_b, voxels_both
        How many of its voxels each counts, and both.
    slice_number
        Slice along the slice axis, from 0, with most of the disputed voxels.
    voxels
        Its C-order positions, ascending.
    why_not_a, why_not_b
        Why most of the voxels that only the other reader counts are not counted: the reason code of the removal, or
        "removed", "below threshold", "outside disease region", "normal bone", "small group"; None when the reader
        counts them all, or when only the masks are known.
    """

    voxels_a: int
    voxels_b: int
    voxels_both: int
    slice_number: int
    voxels: IndexArray
    why_not_a: str | None = None
    why_not_b: str | None = None

    @property
    def disputed_voxels(self) -> int:
        """Voxels that one reader counts and the other does not."""
        return self.voxels_a + self.voxels_b - 2 * self.voxels_both


def disputes(
    a: BoolArray, b: BoolArray, grid: Grid, readings: tuple[Measured, Measured] | None = None
) -> list[Dispute]:
    """Islands that are not the same in both masks, those with most disputed voxels first.

    Parameters
    ----------
    a, b
        Cleaned masks of the grid's shape (k, j, i).
    grid
        Of both.
    readings
        The readings of a and b, to say why; None when only masks are known.
    """
    lattice = Lattice(grid.shape, grid.slice_axis)
    islands = find_islands(Runs.of(lattice.codes_of(a | b)), lattice)
    in_a, in_b = a.ravel(), b.ravel()
    reasons = None if readings is None else [_removal_reasons(reading) for reading in readings]
    found = []
    for voxels in islands.island_voxels():
        one, other = in_a[voxels], in_b[voxels]
        if np.array_equal(one, other):
            continue
        slices = lattice.slices(lattice.codes_at(voxels[one != other]))
        why: list[str | None] = [None, None]
        if readings is not None and reasons is not None:
            only = (voxels[other & ~one], voxels[one & ~other])
            why = [_why(readings[n], reasons[n], only[n]) for n in (0, 1)]
        counts = (int(one.sum()), int(other.sum()), int((one & other).sum()))
        found.append(Dispute(*counts, int(np.bincount(slices).argmax()), np.sort(voxels), *why))
    return sorted(found, key=lambda each: (-each.disputed_voxels, int(each.voxels[0])))


@dataclass(frozen=True)
class ReasonTotal:
    """How often a reader did not count, for one reason, most of what only the other reader counts of an island.

    ``reader`` is 0 for reader a and 1 for reader b; ``volume_mm3`` is what only the other reader counts there.
    """

    reader: int
    reason: str
    islands: int
    volume_mm3: float


def reason_totals(found: Sequence[Dispute], voxel_mm3: float) -> tuple[ReasonTotal, ...]:
    """Reasons of all disputes, those with most volume first; none when only masks are known."""
    totals: dict[tuple[int, str], tuple[int, int]] = {}
    for each in found:
        only = (each.voxels_b - each.voxels_both, each.voxels_a - each.voxels_both)
        for reader, reason in enumerate((each.why_not_a, each.why_not_b)):
            if reason is not None:
                islands, voxels = totals.get((reader, reason), (0, 0))
                totals[reader, reason] = islands + 1, voxels + only[reader]
    made = [ReasonTotal(*key, islands, voxels * voxel_mm3) for key, (islands, voxels) in totals.items()]
    return tuple(sorted(made, key=lambda each: (-each.volume_mm3, each.reader, each.reason)))


def _why(reading: Measured, reasons: npt.NDArray[np.object_], voxels: IndexArray) -> str | None:
    """Why a reader does not count most of these voxels."""
    if voxels.size == 0:
        return None
    case = reading.case
    normal, region = case.normal_bone.ravel()[voxels], case.disease_region.ravel()[voxels]
    intensities = case.stir.array.ravel()[voxels]
    low = intensities < smallest_at_least(case.thresholds.sensitive_cut, intensities.dtype)
    given = reasons[voxels]
    why = [
        reason
        if reason is not None
        else "normal bone"
        if bone
        else "outside disease region"
        if not inside
        else "below threshold"
        if below
        else "small group"
        for reason, bone, inside, below in zip(given, normal, region, low, strict=True)
    ]
    return Counter(why).most_common(1)[0][0]


def _removal_reasons(reading: Measured) -> npt.NDArray[np.object_]:
    """For each voxel of the volume, in C order, the reason it was removed for; None where it was not removed."""
    session = reading.session
    found: npt.NDArray[np.object_] = np.full(reading.kept.size, None, dtype=object)
    by_island = {unit.island: step.reason for step in session.steps if step.action == "remove" for unit in step.units}
    for island in session.partition:
        voxels = session.partition.voxels_of(Unit(island))
        gone = voxels[~reading.kept[voxels]]
        found[gone] = by_island.get(island) or NO_REASON
    return found
