"""The cases that two readings disagree on most: which part of the measurement made it, and which islands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.study.redone import redo

from .common_grid import on_common_grid
from .comparison import ComparedCase, Comparison, Progress, each_case, matched
from .disputes import Dispute, ReasonTotal, disputes, reason_totals
from .sources import ReadCase, Source
from .swapped import Measured, SharedDifference, share_difference

MOST_CASES = 10
MOST_ISLANDS = 5
FEWEST_FOR_WORKERS = 4
"""A case here takes far longer than to start a process."""


@dataclass(frozen=True)
class Scene:
    """What a picture of a dispute needs: both masks on their grid, and the scan where there is a record of it."""

    grid: Grid
    a: BoolArray
    b: BoolArray
    stir: Volume | None


Draw = Callable[[Scene, Dispute], bytes]
"""Draws the slice of a dispute; a function of a module."""


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
    reasons
        Why the one reader does not count what the other does, over all disputes.
    share
        What each part of the measurement makes of the difference; None when the records do not tell, and ``problem``
        says why.
    pictures
        One for each of ``disputes``, as they were drawn; none when none were asked for.
    """

    case: ComparedCase
    grid: Grid | None = None
    disputes: tuple[Dispute, ...] = ()
    number_of_disputes: int = 0
    reasons: tuple[ReasonTotal, ...] = ()
    share: SharedDifference | None = None
    problem: str | None = None
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


def failures(
    a: Source,
    b: Source,
    found: Comparison,
    most: int = MOST_CASES,
    progress: Progress = lambda done, total: None,
    *,
    draw: Draw | None = None,
    jobs: int = 1,
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
    draw
        Draws the slice of a dispute; None for no pictures.
    jobs
        How many cases at a time.
    """
    of_a, of_b = matched(a, b)
    worst = [case for case in found.disputed if case.disputed_mm3 > 0][:most]
    items = [(case, of_a[case.name], of_b[case.name], draw) for case in worst]
    names = [case.name for case in worst]
    looked_into = each_case(_look_into, items, names, progress, jobs, fewest=FEWEST_FOR_WORKERS, at_once=1)
    return [failure for _, failure in looked_into]


def _look_into(given: tuple[ComparedCase, ReadCase, ReadCase, Draw | None]) -> Failure:
    case, a, b, draw = given
    if a.record is None or b.record is None:
        return _by_masks(case, a, b, draw, "there is no record of both readings")
    try:
        return _by_records(case, a.record, b.record, draw)
    except VHIError as error:
        return _by_masks(case, a, b, draw, error.sentence)


def _by_records(case: ComparedCase, a: Path, b: Path, draw: Draw | None) -> Failure:
    one, other = (Measured(each.case, each.session) for each in (redo(a), redo(b)))
    share = share_difference(one, other)
    stir = one.case.stir
    scene = Scene(stir.grid, one.session.mask(), other.session.mask(), stir)
    return _failure(case, scene, disputes(scene.a, scene.b, stir.grid, (one, other)), draw, share=share)


def _by_masks(case: ComparedCase, a: ReadCase, b: ReadCase, draw: Draw | None, problem: str) -> Failure:
    if a.mask is None or b.mask is None:
        return Failure(case, problem=problem)
    one, other, grid = on_common_grid(a.mask.read(), b.mask.read())
    return _failure(case, Scene(grid, one, other, None), disputes(one, other, grid), draw, problem=problem)


def _failure(
    case: ComparedCase,
    scene: Scene,
    found: Sequence[Dispute],
    draw: Draw | None,
    *,
    share: SharedDifference | None = None,
    problem: str | None = None,
) -> Failure:
    listed = tuple(found[:MOST_ISLANDS])
    pictures = () if draw is None else tuple(draw(scene, each) for each in listed)
    reasons = reason_totals(found, scene.grid.voxel_volume_mm3)
    return Failure(case, scene.grid, listed, len(found), reasons, share, problem, pictures)
