"""How much hangs on the normal bone: VHI recomputed with parts of the region left out.

The conservative threshold is a maximum, so a few voxels decide, and no reader can see which. With the decisions as they
stand, VHI is recomputed with each slice of the normal bone left out, and with its brightest voxels left out. What is
left out counts again where it lies inside the disease region, as if the reader had erased it from the normal bone. Of
the new islands those count that touch a voxel kept now.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .errors import MeasurementError
from .grids import IndexArray
from .groups import Groups
from .lattice import Runs
from .measurement import Preliminary
from .thresholds import Thresholds, normal_bone_statistics, thresholds_from

BRIGHTEST = (1, 5)
BRIGHTEST_SHARE = 0.005
NAMED_VOXELS = 5


@dataclass(frozen=True)
class LeftOut:
    """What the measurement would be with a part of the normal bone left out.

    Attributes
    ----------
    part
        "slice" or "brightest".
    which
        Slice number along the slice axis (from 0), or how many of the brightest voxels.
    voxels
        Voxels left out.
    thresholds
        None when the rest of the region gives none; ``problem`` then says why, and the counts are None.
    above_threshold_voxels, preliminary_voxels, vhi_voxels
        At or above the sensitive threshold, after dropping small groups, and after cleaning.
    """

    part: Literal["slice", "brightest"]
    which: int
    voxels: int
    thresholds: Thresholds | None = None
    above_threshold_voxels: int | None = None
    preliminary_voxels: int | None = None
    vhi_voxels: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class BrightVoxel:
    """One of the brightest voxels of the normal bone: array index (k, j, i), RAS place in mm, STIR intensity."""

    index: tuple[int, int, int]
    ras_mm: tuple[float, float, float]
    intensity: float


@dataclass(frozen=True)
class Stability:
    """VHI and what it would be with parts of the normal bone left out.

    Attributes
    ----------
    above_threshold_voxels, preliminary_voxels, vhi_voxels
        With the whole region: at or above the sensitive threshold, after dropping small groups, and after cleaning.
    left_out
        Each slice of the region, then its brightest 1, 5 and 0.5 % of voxels.
    brightest
        The voxels on which the thresholds hang most, the brightest first.
    """

    above_threshold_voxels: int
    preliminary_voxels: int
    vhi_voxels: int
    left_out: tuple[LeftOut, ...]
    brightest: tuple[BrightVoxel, ...]

    @property
    def vhi_range_voxels(self) -> tuple[int, int] | None:
        """Smallest and largest VHI over the left-out slices; None when no slice can be left out."""
        counts = [each.vhi_voxels for each in self.left_out if each.part == "slice" and each.vhi_voxels is not None]
        return (min(counts), max(counts)) if counts else None

    @property
    def top_voxel_effect(self) -> float | None:
        """VHI without the brightest voxel, divided by VHI; None when VHI is zero or there is none without it."""
        top = next(each for each in self.left_out if each.part == "brightest")
        return top.vhi_voxels / self.vhi_voxels if self.vhi_voxels and top.vhi_voxels is not None else None


def how_much_hangs_on_normal_bone(case: Preliminary, kept: IndexArray) -> Stability:
    """Recompute VHI with parts of the normal bone left out.

    Parameters
    ----------
    case
        Before cleaning. Thresholds set by hand do not depend on the region: they stay as they are.
    kept
        C-order positions of the voxels that cleaning left, ascending or not.
    """
    lattice = case.bone.lattice
    normal = np.sort(lattice.codes_of(case.normal_bone))
    intensities = case.stir.array.ravel()[lattice.flat(normal)].astype(np.float64)
    bright_first = _brightest_first(case, normal, intensities)
    kept_bone = case.bone.members(np.sort(lattice.codes_at(kept)))

    return Stability(
        above_threshold_voxels=case.above_threshold_voxels,
        preliminary_voxels=case.islands.voxels.size,
        vhi_voxels=int(np.unique(kept).size),
        left_out=tuple(
            _leave_out(case, part, normal[part.left], intensities[~part.left], kept_bone)
            for part in _parts(lattice.slices(normal), bright_first)
        ),
        brightest=tuple(_named(case, int(normal[n]), float(intensities[n])) for n in bright_first[:NAMED_VOXELS]),
    )


@dataclass(frozen=True)
class _Part:
    kind: Literal["slice", "brightest"]
    which: int
    left: npt.NDArray[np.bool_]


def _parts(slices: IndexArray, bright_first: IndexArray) -> Iterator[_Part]:
    """What is left out in turn; ``slices`` and ``bright_first`` describe the region's voxels."""
    for number in np.unique(slices):
        yield _Part("slice", int(number), slices == number)
    for count in (*BRIGHTEST, math.ceil(BRIGHTEST_SHARE * slices.size)):
        left = np.zeros(slices.size, dtype=bool)
        left[bright_first[:count]] = True
        yield _Part("brightest", count, left)


def _leave_out(
    case: Preliminary,
    part: _Part,
    left: IndexArray,
    rest: npt.NDArray[np.float64],
    kept_bone: npt.NDArray[np.bool_],
) -> LeftOut:
    """Measure with some voxels of the normal bone left out (codes), the intensities of the rest at hand."""
    bone = case.bone
    limits = case.thresholds
    if limits.iqr_multiple is not None:
        try:
            limits = thresholds_from(normal_bone_statistics(rest), case.settings.tolerance)
        except MeasurementError as error:
            return LeftOut(part.kind, part.which, left.size, problem=error.sentence)
    above = bone.at_or_above(limits.sensitive_cut, case.outside_normal_bone | bone.members(left))
    groups = Groups.within_slices(Runs.of(bone.codes[above]), bone.lattice).of_at_least(case.minimum_pixels)
    runs, island = groups.runs, groups.islands(bone.lattice).take(groups.of_run)
    touched = np.zeros(runs.start.size, dtype=bool)
    touched[island[runs.containing(bone.codes[above & kept_bone])]] = True
    return LeftOut(
        part.kind,
        part.which,
        left.size,
        thresholds=limits,
        above_threshold_voxels=int(above.sum()),
        preliminary_voxels=int(runs.lengths.sum()),
        vhi_voxels=int(runs.lengths[touched[island]].sum()),
    )


def _brightest_first(case: Preliminary, normal: IndexArray, intensities: npt.NDArray[np.float64]) -> IndexArray:
    """Positions in the region, the brightest first; equal ones by their place, so that storage order is no matter."""
    lattice = case.bone.lattice
    kji = np.stack(np.unravel_index(lattice.flat(normal), lattice.shape), axis=1)
    place = np.round(case.grid.to_ras(kji), 2)
    return np.lexsort((place[:, 0], place[:, 1], place[:, 2], -intensities))


def _named(case: Preliminary, code: int, intensity: float) -> BrightVoxel:
    lattice = case.bone.lattice
    k, j, i = (int(n) for n in np.unravel_index(int(lattice.flat(np.array([code]))[0]), lattice.shape))
    x, y, z = (round(float(v), 2) for v in case.grid.to_ras([(k, j, i)])[0])
    return BrightVoxel((k, j, i), (x, y, z), intensity)
