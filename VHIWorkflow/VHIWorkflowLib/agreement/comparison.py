"""Two readings of the same cases, compared case by case and over all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.files.errors import InputError

from .masks import MaskAgreement, mask_agreement
from .sources import ReadCase, Source, array_of

Progress = Callable[[int, int], None]


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
    """

    name: str
    volume_a_mm3: float
    volume_b_mm3: float
    voxel_mm3: float
    masks: MaskAgreement | None

    @property
    def difference_mm3(self) -> float:
        """VHI of b less that of a."""
        return self.volume_b_mm3 - self.volume_a_mm3


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
    def smallest_voxel_mm3(self) -> float:
        """Smallest volume of a voxel among the cases, for the rule of zero on log scale."""
        return min(case.voxel_mm3 for case in self.cases)


def compare(a: Source, b: Source, progress: Progress = lambda done, total: None) -> Comparison:
    """Compare two readings of the same cases.

    Parameters
    ----------
    a, b
        From `read_source`.
    progress
        Is told how many cases of how many are done.

    Raises
    ------
    InputError
        If they have no case in common, or a name stands twice.
    """
    with_time_points = a.has_time_points and b.has_time_points
    of_a, of_b = a.by_name(with_time_points), b.by_name(with_time_points)
    common = sorted(of_a.keys() & of_b.keys())
    if not common:
        raise InputError(b.name, f"has no case in common with {a.name}; cases are matched by case_id or file name")
    compared, left_out = [], []
    for done, name in enumerate(common, start=1):
        try:
            compared.append(_compared(name, of_a[name], of_b[name]))
        except VHIError as error:
            left_out.append((name, str(error)))
        progress(done, len(common))
    only_a, only_b = sorted(of_a.keys() - of_b.keys()), sorted(of_b.keys() - of_a.keys())
    return Comparison(a.name, b.name, tuple(compared), tuple(only_a), tuple(only_b), tuple(left_out))


def _compared(name: str, a: ReadCase, b: ReadCase) -> ComparedCase:
    if a.mask is None or b.mask is None:
        return _by_numbers(name, a, b)
    mask_a, mask_b = a.mask(), b.mask()
    if not mask_a.grid.matches(mask_b.grid):
        raise InputError(name, "the masks lie on different grids; they are not of one scan")
    found = mask_agreement(array_of(mask_a), array_of(mask_b), mask_a.grid)
    voxel = mask_a.grid.voxel_volume_mm3
    return ComparedCase(name, found.overlap.voxels_a * voxel, found.overlap.voxels_b * voxel, voxel, found)


def _by_numbers(name: str, a: ReadCase, b: ReadCase) -> ComparedCase:
    voxel = a.voxel_mm3 or b.voxel_mm3
    volumes = []
    for case in (a, b):
        if case.volume_mm3 is not None:
            volumes.append(case.volume_mm3)
        elif case.mask is not None:
            mask = case.mask()
            volumes.append(float(array_of(mask).sum()) * mask.grid.voxel_volume_mm3)
    if voxel is None or len(volumes) < 2:
        raise InputError(name, "has neither a mask nor a volume in one of the readings")
    return ComparedCase(name, volumes[0], volumes[1], voxel, None)
