"""A figure with its confidence interval, and pairs of measurements that figures are worked out from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import StatisticsError

_ = sentences_of(__name__)

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


def numbers(values: npt.ArrayLike, *, least: int = 1, what: str = _("cases")) -> FloatArray:
    """Values as a float array of one axis.

    Raises
    ------
    StatisticsError
        If there are fewer than ``least``, or one is not a number.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise StatisticsError(
            _("one row of numbers is needed, not an array of shape {shape}").format(shape=found.shape)
        )
    if found.size < least:
        problem = (
            _("at least {least} {what} are needed, there is {count}")
            if found.size == 1
            else _("at least {least} {what} are needed, there are {count}")
        )
        raise StatisticsError(problem.format(least=least, what=what, count=found.size))
    if not np.isfinite(found).all():
        raise StatisticsError(_("a value is missing or not a number"))
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
        raise StatisticsError(
            _("{first_count} and {second_count} values are no pairs").format(
                first_count=first.size, second_count=second.size
            )
        )
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
        raise StatisticsError(_("a volume is negative"))
    if not (math.isfinite(smallest) and smallest > 0):
        raise StatisticsError(_("the volume of a voxel must be positive"))
    zero = values == 0
    return np.log(np.where(zero, smallest / 2, values)), int(zero.sum())
