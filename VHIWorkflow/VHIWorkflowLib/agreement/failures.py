"""The cases that two readings disagree on most: which part of the measurement made it, and which islands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.study.redone import redo

from .common_grid import on_common_grid
from .comparison import ComparedCase, Comparison, Progress, matched
from .disputes import Dispute, disputes
from .sources import ReadCase, Source
from .swapped import Measured, SharedDifference, share_difference

MOST_CASES = 10
MOST_ISLANDS = 5


@dataclass(frozen=True)
class Scene:
    """What a picture of a dispute needs: the scan, and both masks on its grid."""

    stir: Volume
    a: BoolArray
    b: BoolArray


@dataclass(frozen=True)
class Failure:
    """A case that readings disagree on.

    Attributes
    ----------
    case
        As compared.
    grid
        Of the masks; None when there are none.
    disputes
        Islands not counted alike, those with most disputed voxels first; only the first few.
    number_of_disputes
        How many there are.
    share
        What each part of the measurement makes of the difference; None when the records do not tell, and ``problem``
        says why.
    scene
        For pictures; None without records.
    """

    case: ComparedCase
    grid: Grid | None
    disputes: tuple[Dispute, ...]
    number_of_disputes: int
    share: SharedDifference | None
    problem: str | None
    scene: Scene | None = field(repr=False)


def failures(
    a: Source,
    b: Source,
    found: Comparison,
    most: int = MOST_CASES,
    progress: Progress = lambda done, total: None,
) -> list[Failure]:
    """Look into the cases with most disputed volume.

    Parameters
    ----------
    a, b
        The readings.
    found
        What `compare` found.
    most
        Look into so many cases, those with most disputed volume.
    progress
        Is told how many of how many are done.
    """
    of_a, of_b = matched(a, b)
    worst = [case for case in found.disputed if case.disputed_mm3 > 0][:most]
    looked_into = []
    for done, case in enumerate(worst, start=1):
        looked_into.append(_look_into(case, of_a[case.name], of_b[case.name]))
        progress(done, len(worst))
    return looked_into


def _look_into(case: ComparedCase, a: ReadCase, b: ReadCase) -> Failure:
    if a.record is None or b.record is None:
        return _by_masks(case, a, b, "there is no record of both readings")
    try:
        return _by_records(case, a.record, b.record)
    except VHIError as error:
        return _by_masks(case, a, b, str(error))


def _by_records(case: ComparedCase, a: Path, b: Path) -> Failure:
    readings = [Measured(each.case, each.session) for each in (redo(a), redo(b))]
    share = share_difference(readings[0], readings[1])
    masks = [reading.session.mask() for reading in readings]
    stir = readings[0].case.stir
    islands = disputes(masks[0], masks[1], stir.grid, (readings[0], readings[1]))
    scene = Scene(stir, masks[0], masks[1])
    return Failure(case, stir.grid, tuple(islands[:MOST_ISLANDS]), len(islands), share, None, scene)


def _by_masks(case: ComparedCase, a: ReadCase, b: ReadCase, problem: str) -> Failure:
    if a.mask is None or b.mask is None:
        return Failure(case, None, (), 0, None, problem, None)
    one, other, grid = on_common_grid(a.mask.read(), b.mask.read())
    islands = disputes(one, other, grid)
    return Failure(case, grid, tuple(islands[:MOST_ISLANDS]), len(islands), None, problem, None)
