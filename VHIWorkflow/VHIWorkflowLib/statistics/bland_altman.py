"""Limits of agreement between two measurements of the same cases.

Bland JM, Altman DG. Statistical methods for assessing agreement between two methods of clinical measurement. Lancet
1986; 1: 307-310. The intervals of the limits are exact for normal differences (noncentral t; Carkeet A. Optom Vis Sci
2015; 92: e71-80): the approximation of 1986, which is offered too, is too narrow on one side for few cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import StatisticsError
from .estimates import CONFIDENCE, Estimate, FloatArray, numbers, pairs

_ = sentences_of(__name__)

COVERED = 0.95
"""Share of differences that the limits of agreement hold."""

LimitMethod = Literal["exact", "1986"]


@dataclass(frozen=True)
class BlandAltman:
    """Agreement of two measurements.

    Attributes
    ----------
    bias
        Mean of the differences b - a.
    standard_deviation
        Of the differences.
    lower, upper
        Limits of agreement.
    slope
        Of the differences on the means of both: proportional bias; None when all means are equal.
    slope_p
        That there is no proportional bias.
    """

    bias: Estimate
    standard_deviation: float
    lower: Estimate
    upper: Estimate
    slope: Estimate | None
    slope_p: float | None


def bland_altman(a: npt.ArrayLike, b: npt.ArrayLike, method: LimitMethod = "exact") -> BlandAltman:
    """Bias and limits of agreement of b against a.

    Parameters
    ----------
    a, b
        Two measurements of the same cases, at least two.
    method
        Of the intervals of the limits.

    Raises
    ------
    StatisticsError
        If there are fewer than two pairs, or a value is missing.
    """
    first, second = pairs(a, b, least=2)
    differences = second - first
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    lower, upper = _limits(mean, deviation, differences.size, method)
    slope, slope_p = _proportional_bias((first + second) / 2, differences)
    return BlandAltman(mean_of(differences), deviation, lower, upper, slope, slope_p)


def mean_of(values: npt.ArrayLike) -> Estimate:
    """Mean with its interval by Student's t; no interval for a single value."""
    found = numbers(values)
    mean = float(found.mean())
    if found.size == 1:
        return Estimate(mean, None, None, 1)
    half = _t(found.size) * float(found.std(ddof=1)) / math.sqrt(found.size)
    return Estimate(mean, mean - half, mean + half, found.size)


def repeatability_coefficient(a: npt.ArrayLike, b: npt.ArrayLike) -> Estimate:
    """Difference that two repeats on a case stay below in 95 % of cases.

    1.96 times the root of the mean squared difference: Bland JM, Altman DG. Measuring agreement in method comparison
    studies. Stat Methods Med Res 1999; 8: 135-160, section 2. Bias between the repeats counts as disagreement. The
    interval is that of a variance (chi squared), with as many degrees of freedom as cases.
    """
    first, second = pairs(a, b, least=2)
    squares = float(((second - first) ** 2).sum())
    z = stats.norm.ppf((1 + COVERED) / 2)
    low, high = (
        math.sqrt(squares / stats.chi2.ppf(p, first.size)) for p in ((1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2)
    )
    return Estimate(z * math.sqrt(squares / first.size), z * low, z * high, first.size)


def smallest_detectable_change(a: npt.ArrayLike, b: npt.ArrayLike) -> Estimate:
    """Change between two visits that exceeds what two readings of an unchanged case differ by in 95 %.

    1.96 standard deviations of the differences between repeats: half the width of the limits of agreement (de Vet HCW
    et al. J Clin Epidemiol 2006; 59: 1033-1039).
    """
    first, second = pairs(a, b, least=2)
    differences = second - first
    variance, freedom = float(differences.var(ddof=1)), differences.size - 1
    z = stats.norm.ppf((1 + COVERED) / 2)
    low, high = (
        z * math.sqrt(variance * freedom / stats.chi2.ppf(p, freedom))
        for p in ((1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2)
    )
    return Estimate(z * math.sqrt(variance), low, high, differences.size)


def _limits(mean: float, deviation: float, n: int, method: LimitMethod) -> tuple[Estimate, Estimate]:
    z = float(stats.norm.ppf((1 + COVERED) / 2))
    low, high = mean - z * deviation, mean + z * deviation
    if method == "1986":
        half = _t(n) * deviation * math.sqrt(3 / n)
        return Estimate(low, low - half, low + half, n), Estimate(high, high - half, high + half, n)
    if method != "exact":
        raise StatisticsError(_("there is no method {method!r} for limits of agreement").format(method=method))
    near, far = (
        float(stats.nct.ppf(p, n - 1, z * math.sqrt(n))) * deviation / math.sqrt(n)
        for p in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    )
    return Estimate(low, mean - far, mean - near, n), Estimate(high, mean + near, mean + far, n)


def _proportional_bias(means: FloatArray, differences: FloatArray) -> tuple[Estimate | None, float | None]:
    if np.ptp(means) == 0:
        return None, None
    n = means.size
    if n < 3:
        return Estimate(float(stats.linregress(means, differences).slope), None, None, n), None
    if np.ptp(differences) == 0:  # a level line through all points, and nothing to test it against
        return Estimate(0.0, 0.0, 0.0, n), None
    fit = stats.linregress(means, differences)
    half = _t(n - 1) * float(fit.stderr)
    return Estimate(float(fit.slope), float(fit.slope) - half, float(fit.slope) + half, n), float(fit.pvalue)


def _t(n: int) -> float:
    """Two-sided quantile of Student's t for n values and one estimated mean."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))
