"""Two readings of the same cases, compared case by case and over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from VHIWorkflowLib.core.errors import MeasurementError, VHIError
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.study.workers import in_processes

from .common_grid import on_common_grid
from .masks import MaskAgreement, mask_agreement
from .sources import ReadCase, Source

_ = sentences_of(__name__)

Progress = Callable[[int, int], None]
FEWEST_FOR_WORKERS = 40
"""Fewer cases are done before further processes have started."""
CASES_AT_ONCE = 8

Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class ComparedCase:
    """One case of both readings.

    Attributes
    ----------
    name
        Of the case, with its time point where these tell cases apart.
    volume_a_mm3, volume_b_mm3
        VHI.
    voxel_mm3
        Volume of a voxel.
    masks
        Agreement of the masks; None when only the numbers are known.
    time_point
        Empty where time points do not tell cases apart.
    """

    name: str
    volume_a_mm3: float
    volume_b_mm3: float
    voxel_mm3: float
    masks: MaskAgreement | None
    time_point: str = ""

    @property
    def case_id(self) -> str:
        """Name without the time point."""
        return self.name.removesuffix(f" {self.time_point}") if self.time_point else self.name

    @property
    def difference_mm3(self) -> float:
        """VHI of b less that of a."""
        return self.volume_b_mm3 - self.volume_a_mm3

    @property
    def disputed_mm3(self) -> float:
        """Volume that one reading counts and the other does not; at least the difference, where masks are unknown."""
        if self.masks is None:
            return abs(self.difference_mm3)
        overlap = self.masks.overlap
        return (overlap.voxels_a + overlap.voxels_b - 2 * overlap.voxels_both) * self.voxel_mm3


@dataclass(frozen=True)
class Comparison:
    """Reading a compared with reading b.

    Attributes
    ----------
    a, b
        Names of the readings.
    cases
        Compared, in the order of their names.
    only_a, only_b
        Cases that the other reading lacks.
    left_out
        Cases of both that could not be compared, and why.
    """

    a: str
    b: str
    cases: tuple[ComparedCase, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def volumes(self) -> tuple[list[float], list[float]]:
        """VHI of both in mm3, in the order of the cases."""
        return [case.volume_a_mm3 for case in self.cases], [case.volume_b_mm3 for case in self.cases]

    @property
    def disputed(self) -> list[ComparedCase]:
        """Cases by how much the readers disagree, the most first: by disputed volume, else by difference of VHI."""
        return sorted(self.cases, key=lambda case: (-case.disputed_mm3, case.name))

    @property
    def smallest_voxel_mm3(self) -> float:
        """Smallest volume of a voxel among the cases, for the rule of zero on log scale."""
        return min(case.voxel_mm3 for case in self.cases)


def compare(a: Source, b: Source, progress: Progress = lambda done, total: None, jobs: int = 1) -> Comparison:
    """Compare two readings of the same cases.

    Parameters
    ----------
    a, b
        From `read_source`.
    progress
        Is told how many cases of how many are done.
    jobs
        How many cases at a time.

    Raises
    ------
    InputError
        If they have no case in common, or a name stands twice.
    """
    of_a, of_b = matched(a, b)
    common = sorted(of_a.keys() & of_b.keys())
    if not common:
        raise InputError(
            b.name, _("has no case in common with {a}; cases are matched by case_id or file name").format(a=a.name)
        )
    compared, left_out = [], []
    pairs = [(name, of_a[name], of_b[name]) for name in common]
    for name, found in each_case(_one, pairs, common, progress, jobs):
        if isinstance(found, ComparedCase):
            compared.append(found)
        else:
            left_out.append((name, found))
    only_a, only_b = sorted(of_a.keys() - of_b.keys()), sorted(of_b.keys() - of_a.keys())
    return Comparison(a.name, b.name, tuple(compared), tuple(only_a), tuple(only_b), tuple(left_out))


def matched(a: Source, b: Source) -> tuple[dict[str, ReadCase], dict[str, ReadCase]]:
    """Cases of both readings by the names that they are matched by; time points count where both have them.

    Raises
    ------
    InputError
        If a name stands twice in a reading.
    """
    with_time_points = a.has_time_points and b.has_time_points
    return a.by_name(with_time_points), b.by_name(with_time_points)


def each_case(
    work: Callable[[Given], Found],
    items: Sequence[Given],
    names: Sequence[str],
    progress: Progress,
    jobs: int,
    *,
    fewest: int = FEWEST_FOR_WORKERS,
    at_once: int = CASES_AT_ONCE,
) -> Iterator[tuple[str, Found]]:
    """Name and what a function of a module gives for each case, in order, several cases at a time.

    Raises
    ------
    InputError
        If a case ends the process that works on it.
    """
    done = 0
    try:
        for found in in_processes(work, items, jobs, fewest=fewest, at_once=at_once):
            yield names[done], found
            done += 1
            progress(done, len(items))
    except BrokenProcessPool as error:
        raise InputError(names[done], _("it or a later case ended a process (memory?); try --jobs 1")) from error


_Pair = tuple[str, ReadCase, ReadCase]


def _one(pair: _Pair) -> ComparedCase | str:
    try:
        return _compared(*pair)
    except VHIError as error:
        return error.sentence


def _compared(name: str, a: ReadCase, b: ReadCase) -> ComparedCase:
    if a.mask is None or b.mask is None:
        return _by_numbers(name, a, b)
    mask_a, mask_b, grid = on_common_grid(a.mask.read(), b.mask.read())
    found = mask_agreement(mask_a, mask_b, grid)
    voxel = grid.voxel_volume_mm3
    volumes = found.overlap.voxels_a * voxel, found.overlap.voxels_b * voxel
    return ComparedCase(name, *volumes, voxel, found, time_point_in(name, a))


def time_point_in(name: str, case: ReadCase) -> str:
    """The time point of a case, if it is part of the name that the case is matched by."""
    return case.time_point if name != case.case_id else ""


def _by_numbers(name: str, a: ReadCase, b: ReadCase) -> ComparedCase:
    voxel = a.voxel_mm3 or b.voxel_mm3
    volumes = []
    for case in (a, b):
        if case.volume_mm3 is not None:
            volumes.append(case.volume_mm3)
        elif case.mask is not None:
            mask = case.mask.read()
            voxel = voxel or mask.grid.voxel_volume_mm3
            volumes.append(float(mask.array.sum()) * mask.grid.voxel_volume_mm3)
    if voxel is None or len(volumes) < 2:
        raise MeasurementError(_("one of the readings has neither a mask nor VHI of it"))
    return ComparedCase(name, volumes[0], volumes[1], voxel, None, time_point_in(name, a))
