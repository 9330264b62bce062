"""Lines through two measurements of the same cases: ordinary least squares, and Passing and Bablok's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import StatisticsError
from .estimates import CONFIDENCE, Estimate, pairs

_ = sentences_of(__name__)

SAME = 1e-12
"""Values are the same when they differ by less than this part of them: volumes are counts times a voxel's volume."""


@dataclass(frozen=True)
class Line:
    """b = intercept + slope * a."""

    slope: Estimate
    intercept: Estimate


def ordinary_regression(a: npt.ArrayLike, b: npt.ArrayLike) -> Line:
    """Least squares of b on a; intervals by Student's t.

    Raises
    ------
    StatisticsError
        If there are fewer than three pairs, or a is the same in all cases.
    """
    first, second = pairs(a, b, least=3)
    if np.ptp(first) == 0:
        raise StatisticsError(_("the first measurement is the same in all cases, so no line follows from it"))
    fit = stats.linregress(first, second)
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, first.size - 2))
    return Line(
        *(
            Estimate(float(value), float(value - t * error), float(value + t * error), first.size)
            for value, error in ((fit.slope, fit.stderr), (fit.intercept, fit.intercept_stderr))
        )
    )


def passing_bablok(a: npt.ArrayLike, b: npt.ArrayLike) -> Line:
    """Passing and Bablok's regression of b on a, for two methods that both have errors.

    Passing H, Bablok W. J Clin Chem Clin Biochem 1983; 21: 709-720: the slope is the median of the slopes between all
    pairs of points, shifted by the number of slopes below -1; slopes of -1 and pairs of equal points are left out, and
    pairs that differ in b alone have an infinite slope. Of two slopes in the middle the angles are averaged, as R's mcr
    does, so that the line is the same whichever method comes first. The intercept is the median of b - slope * a, its
    limits those at the limits of the slope. Both methods must rise together: more pairs of points must rise than fall.
    Limits lie at whole ranks, as in the paper, so the intervals of few cases hold in a little more than 95 %. There is
    no interval where it would reach to zero or infinity.

    Raises
    ------
    StatisticsError
        If there are fewer than three pairs, all are the same, they do not rise together, or half of them differ
        in one measurement alone.
    """
    first, second = pairs(a, b, least=3)
    slopes, below = _slopes(first, second)
    n, number = first.size, slopes.size
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    lowest = round((number - half) / 2)
    highest = number - lowest + 1
    middle = slopes[(number - 1) // 2 + below : number // 2 + below + 1]
    if middle[-1] <= 0 or not np.isfinite(middle[0]):
        raise StatisticsError(
            _("half of the pairs of cases differ in one measurement alone, so no line follows from them")
        )
    value = float(middle[0]) if middle.size == 1 else math.tan(float(np.arctan(middle).mean()))
    limits = slopes[[lowest + below - 1, highest + below - 1]] if lowest >= 1 and highest + below <= number else None
    if limits is None or limits[0] <= 0 or not np.isfinite(limits[1]):
        return Line(Estimate(value, None, None, n), Estimate(float(np.median(second - value * first)), None, None, n))
    low, high = float(limits[0]), float(limits[1])
    intercepts = [float(np.median(second - slope * first)) for slope in (value, high, low)]
    return Line(Estimate(value, low, high, n), Estimate(intercepts[0], intercepts[1], intercepts[2], n))


def _slopes(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], int]:
    """Slopes between all pairs of points, ascending, and how many lie below -1."""
    i, j = np.triu_indices(first.size, 1)
    rise, run = second[j] - second[i], first[j] - first[i]
    rise, run = (_cleared(each, values, i, j) for each, values in ((rise, second), (run, first)))
    if not (rise.any() or run.any()):
        raise StatisticsError(_("all points are the same, so no line follows from them"))
    if (np.sign(rise) * np.sign(run)).sum() <= 0:
        raise StatisticsError(
            _("the two measurements do not rise together, so Passing and Bablok's line does not exist")
        )
    falls_by_one = np.abs(rise + run) <= SAME * (np.abs(first[i]) + np.abs(first[j]))
    counted = ((rise != 0) | (run != 0)) & ~falls_by_one
    rise, run = rise[counted], run[counted]
    slopes = np.sort(np.divide(rise, run, out=np.full(rise.size, np.inf), where=run != 0))
    return slopes, int(np.count_nonzero(slopes < -1))


def _cleared(
    differences: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    i: npt.NDArray[np.intp],
    j: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """Differences of values, zero where they come from rounding alone."""
    return np.where(np.abs(differences) <= SAME * (np.abs(values[i]) + np.abs(values[j])), 0.0, differences)
