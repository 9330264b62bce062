"""Lines through two measurements of the same cases: ordinary least squares, and Passing and Bablok's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from .errors import StatisticsError
from .estimates import CONFIDENCE, Estimate, pairs


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
        raise StatisticsError("the first measurement is the same in all cases, so no line follows from it")
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
    pairs of points, shifted by the number of slopes below -1; slopes of -1 and pairs of equal points are left out. The
    intercept is the median of b - slope * a, its limits those at the limits of the slope. Both methods must rise
    together.

    Raises
    ------
    StatisticsError
        If there are fewer than three pairs, or too few different ones for a slope or its interval.
    """
    first, second = pairs(a, b, least=3)
    slopes, below = _slopes(first, second)
    n, number = first.size, slopes.size
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    lowest = round((number - half) / 2)
    highest = number - lowest + 1
    middle = (
        (slopes[(number - 1) // 2 + below : number // 2 + below + 1]).mean() if below + number // 2 < number else np.nan
    )
    if not np.isfinite(middle):
        raise StatisticsError("the two measurements do not rise together, so Passing and Bablok's line does not exist")
    value = float(middle)
    if (
        lowest < 1
        or highest + below > number
        or not np.isfinite(slopes[[lowest + below - 1, highest + below - 1]]).all()
    ):
        return Line(Estimate(value, None, None, n), Estimate(float(np.median(second - value * first)), None, None, n))
    low, high = float(slopes[lowest + below - 1]), float(slopes[highest + below - 1])
    intercepts = [float(np.median(second - slope * first)) for slope in (value, high, low)]
    return Line(Estimate(value, low, high, n), Estimate(intercepts[0], intercepts[1], intercepts[2], n))


def _slopes(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], int]:
    """Slopes between all pairs of points, ascending, and how many lie below -1."""
    i, j = np.triu_indices(first.size, 1)
    rise, run = second[j] - second[i], first[j] - first[i]
    apart = (rise != 0) | (run != 0)
    rise, run = rise[apart], run[apart]
    with np.errstate(divide="ignore"):
        slopes = np.where(run == 0, np.sign(rise) * np.inf, rise / np.where(run == 0, 1, run))
    slopes = np.sort(slopes[slopes != -1])
    if slopes.size == 0:
        raise StatisticsError("all points are the same, so no line follows from them")
    return slopes, int(np.count_nonzero(slopes < -1))
