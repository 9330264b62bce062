"""The sensitive and the conservative mask before cleaning, as sets of voxels of the imaged bone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .blocks import positions_of_true
from .errors import MeasurementError
from .grids import BoolArray, Grid, IndexArray
from .lattice import Lattice
from .sentences import sentences_of

_ = sentences_of(__name__)

MINIMUM_GROUP_PIXELS = 4
"""Smaller groups within a slice are dropped (Hepburn et al. 2023)."""


@dataclass(frozen=True)
class BoneVoxels:
    """The voxels of the disease region as given, with their STIR intensities.

    Attributes
    ----------
    lattice
        Numbers the voxels.
    codes
        Ascending, shape (n,).
    intensities
        Floating, shape (n,), in the order of the codes.
    """

    lattice: Lattice
    codes: IndexArray
    intensities: npt.NDArray[np.floating]

    @classmethod
    def of(cls, stir: npt.NDArray[np.floating], region: BoolArray, lattice: Lattice) -> BoneVoxels:
        """Collect the voxels of a region, both arrays of shape (k, j, i)."""
        positions = positions_of_true(lattice.in_order(region))
        return cls(lattice, lattice.codes_in_order(positions), lattice.in_order(stir).take(positions))

    def members(self, codes: IndexArray) -> npt.NDArray[np.bool_]:
        """Which of these voxels are among others given by ascending codes; shape (n,)."""
        member = np.zeros(self.codes.size, dtype=bool)
        if self.codes.size:
            position = np.minimum(np.searchsorted(self.codes, codes), self.codes.size - 1)
            member[position[self.codes[position] == codes]] = True
        return member

    def at_or_above(self, cut: float, outside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Voxels at or above a cut that are not in the normal bone (``outside`` false); shape (n,)."""
        above: npt.NDArray[np.bool_] = self.intensities >= smallest_at_least(cut, self.intensities.dtype)
        above &= outside
        return above

    def near(self, threshold: float, margin: float, outside: npt.NDArray[np.bool_]) -> int:
        """Number of voxels, not in the normal bone, whose intensity equals a threshold within the margin."""
        low, high = (smallest_at_least(threshold + 2 * side, self.intensities.dtype) for side in (-margin, margin))
        candidates = self.intensities[(self.intensities >= low) & (self.intensities <= high) & outside]
        return int(np.count_nonzero(np.abs(candidates.astype(np.float64) - threshold) <= margin))


def smallest_at_least(cut: float, dtype: np.dtype[np.floating]) -> npt.NDArray[np.floating]:
    """Smallest number of a floating type that is not below a float64 cut, as an array of no axes.

    Comparing with it is comparing in float64, without converting every intensity.

    Examples
    --------
    >>> float(smallest_at_least(0.1, np.dtype(np.float32))) >= 0.1
    True
    """
    with np.errstate(over="ignore"):
        value: npt.NDArray[np.floating] = np.asarray(cut, dtype=dtype)
    if float(value) < cut:
        value = np.asarray(np.nextafter(value, np.asarray(np.inf, dtype=dtype)))
    return value


def pixels_for_area(area_mm2: float, grid: Grid) -> int:
    """Smallest number of pixels whose area is not below a limit in mm2.

    The study's 4 px correspond to 1.39 mm2.

    Raises
    ------
    MeasurementError
        If the area is negative or not a number.

    Examples
    --------
    >>> pixels_for_area(1.39, Grid((25, 336, 336), np.diag([0.5952381, 0.5952381, 3.3, 1.0])))
    4
    """
    return max(1, math.ceil(check_area(area_mm2) / grid.pixel_area_mm2 - 1e-6))


def check_area(area_mm2: float) -> float:
    """Check the area of the smallest group that stays, in mm2; returns it.

    Raises
    ------
    MeasurementError
        If it is negative or not a number.
    """
    if not (math.isfinite(area_mm2) and area_mm2 >= 0):
        raise MeasurementError(
            _("the smallest group's area must be zero or more mm2, not {area_mm2:g}").format(area_mm2=area_mm2)
        )
    return area_mm2
