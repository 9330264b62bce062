"""A figure with its confidence interval, and pairs of measurements that figures are worked out from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import StatisticsError

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure, the limits of its confidence interval, and how many cases are behind it.

    A limit is None where there is no interval: too few cases, or a figure that has none.
    """

    value: float
    low: float | None
    high: float | None
    n: int

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two limits or none")


def numbers(values: npt.ArrayLike, *, least: int = 1, what: str = "cases") -> FloatArray:
    """Values as a float array of one axis.

    Raises
    ------
    StatisticsError
        If there are fewer than ``least``, or one is not a number.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise StatisticsError(f"one row of numbers is needed, not an array of shape {found.shape}")
    if found.size < least:
        raise StatisticsError(
            f"at least {least} {what} are needed, there {'is' if found.size == 1 else 'are'} {found.size}"
        )
    if not np.isfinite(found).all():
        raise StatisticsError("a value is missing or not a number")
    return found


def pairs(a: npt.ArrayLike, b: npt.ArrayLike, *, least: int = 1) -> tuple[FloatArray, FloatArray]:
    """Two measurements of the same cases, in the same order.

    Raises
    ------
    StatisticsError
        As `numbers`, or if the numbers of cases differ.
    """
    first, second = numbers(a, least=least), numbers(b, least=least)
    if first.size != second.size:
        raise StatisticsError(f"{first.size} and {second.size} values are no pairs")
    return first, second


def logarithms(values: FloatArray, smallest: float) -> tuple[FloatArray, int]:
    """Natural logarithms of volumes, and how many volumes were zero.

    A volume of zero has no logarithm. Wherever volumes are put on a log scale, zero counts as half of the smallest
    volume that can be measured, one voxel: so a case without inflammation stays in, and the rule does not hang on the
    other cases.

    Parameters
    ----------
    values
        Volumes, zero or more.
    smallest
        Volume of a voxel, in the same unit.

    Raises
    ------
    StatisticsError
        If a volume is negative, or the smallest one is not positive.
    """
    if (values < 0).any():
        raise StatisticsError("a volume is negative")
    if not (math.isfinite(smallest) and smallest > 0):
        raise StatisticsError("the volume of a voxel must be positive")
    zero = values == 0
    return np.log(np.where(zero, smallest / 2, values)), int(zero.sum())
