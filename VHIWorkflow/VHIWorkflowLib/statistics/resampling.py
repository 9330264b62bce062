"""Confidence intervals by drawing cases anew, and for medians by their ranks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from .estimates import CONFIDENCE, Estimate, FloatArray, numbers

DRAWS = 2000
SEED = 20230508
"""The same cases always give the same interval."""
LEAST_FOR_INTERVAL = 6
"""Of fewer values not even the smallest and the largest hold the median in 95 % of samples (2^(1 - n) > 0.05)."""

Statistic = Callable[[FloatArray], FloatArray]
"""Works along the last axis."""


def bootstrapped(values: npt.ArrayLike, statistic: Statistic, draws: int = DRAWS) -> Estimate:
    """A statistic of the cases with its bootstrap interval (bias-corrected and accelerated).

    Efron B. J Am Stat Assoc 1987; 82: 171-185. Cases are drawn whole. There is no interval for fewer than six cases. In
    simulated studies of 8, 20 and 60 cases the interval of a median held it in 92, 92 and 96 % (Testing/Benchmarks).

    Parameters
    ----------
    values
        One for each case, shape (n,).
    statistic
        Of an array of shape (..., n), along the last axis.
    draws
        How often cases are drawn.

    Raises
    ------
    StatisticsError
        If there is no value, or one is missing.
    """
    found = numbers(values)
    value = float(statistic(found))
    if found.size < LEAST_FOR_INTERVAL:
        return Estimate(value, None, None, found.size)
    if np.ptp(found) == 0:
        return Estimate(value, value, value, found.size)
    drawn = np.random.default_rng(SEED).integers(0, found.size, (draws, found.size))
    resampled = np.sort(statistic(found[drawn]))
    low, high = (np.quantile(resampled, share) for share in _shares(found, statistic, value, resampled))
    return Estimate(value, float(low), float(high), found.size)


def median_of(values: npt.ArrayLike) -> Estimate:
    """Median with the interval between two order statistics, which holds it in at least 95 % of samples of any shape.

    Conover WJ. Practical Nonparametric Statistics, 3rd ed., 1999, section 3.2. No interval below six cases, where even
    the smallest and the largest value hold the median less often.
    """
    found = np.sort(numbers(values))
    n = found.size
    outside = int(stats.binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    while outside > 0 and stats.binom.cdf(outside - 1, n, 0.5) > (1 - CONFIDENCE) / 2:
        outside -= 1
    if outside < 1:
        return Estimate(float(np.median(found)), None, None, n)
    return Estimate(float(np.median(found)), float(found[outside - 1]), float(found[n - outside]), n)


def _shares(found: FloatArray, statistic: Statistic, value: float, resampled: FloatArray) -> tuple[float, float]:
    """Which quantiles of the resampled statistic are the limits, corrected for bias and skewness."""
    below = (np.count_nonzero(resampled < value) + np.count_nonzero(resampled <= value)) / (2 * resampled.size)
    bias = float(stats.norm.ppf(np.clip(below, 1 / resampled.size, 1 - 1 / resampled.size)))
    left_out = statistic(np.stack([np.delete(found, each) for each in range(found.size)]))
    spread = left_out.mean() - left_out
    squares = float((spread**2).sum())
    acceleration = float((spread**3).sum()) / (6 * squares**1.5) if squares else 0.0
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    low, high = (float(stats.norm.cdf(bias + (bias + side) / (1 - acceleration * (bias + side)))) for side in (-z, z))
    return low, high
