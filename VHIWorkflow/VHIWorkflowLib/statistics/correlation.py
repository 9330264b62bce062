"""Correlation of two measurements, and Lin's concordance, with confidence intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import stats

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import StatisticsError
from .estimates import CONFIDENCE, Estimate, FloatArray, pairs

_ = sentences_of(__name__)

Kind = Literal["pearson", "spearman"]
ConcordanceInterval = Literal["t", "1989"]
LEAST_FOR_INTERVAL = 4
"""Fisher's transformation needs n - 3 degrees of freedom."""
LEAST_FOR_JACKKNIFE = 8


@dataclass(frozen=True)
class Correlation:
    """A coefficient with its interval, and the p of there being no correlation."""

    coefficient: Estimate
    p: float


def correlation(a: npt.ArrayLike, b: npt.ArrayLike, kind: Kind = "pearson") -> Correlation:
    """Correlation of two measurements.

    The interval is one of the inverse hyperbolic tangent: for Pearson's coefficient Fisher's, with variance
    1 / (n - 3); for Spearman's by the jackknife over cases, of fewer than eight cases with the variance
    (1 + r^2 / 2) / (n - 3) (Bonett DG, Wright TA. Psychometrika 2000; 65: 23-28). That variance alone is too small for
    more cases and coefficients near 1 (at 0.97 the interval held in 90 to 94 % of simulated studies); the jackknife
    held in 94 to 98 % at 0.7, 0.9 and 0.97.

    Raises
    ------
    StatisticsError
        If there are fewer than three pairs, or one measurement is the same in all cases.
    """
    first, second = pairs(a, b, least=3)
    _check_spread(first, second)
    found = stats.pearsonr(first, second) if kind == "pearson" else stats.spearmanr(first, second)
    value, n = float(found.statistic), first.size
    if n < LEAST_FOR_INTERVAL or abs(value) >= 1 - 1e-12:
        return Correlation(Estimate(value, None, None, n), float(found.pvalue))
    error = math.sqrt((1.0 if kind == "pearson" else 1 + value**2 / 2) / (n - 3))
    if kind == "spearman" and n >= LEAST_FOR_JACKKNIFE:
        error = _jackknife_error(first, second)
    return Correlation(_around(value, _normal_quantile() * error, n), float(found.pvalue))


def concordance(a: npt.ArrayLike, b: npt.ArrayLike, method: ConcordanceInterval = "t") -> Estimate:
    """Lin's concordance correlation coefficient, with its interval.

    Lin LI. A concordance correlation coefficient to evaluate reproducibility. Biometrics 1989; 45: 255-268, variance of
    the inverse hyperbolic tangent as corrected in Biometrics 2000; 56: 324-325. Variances are divided by n, as there.
    With the normal quantile of the paper the interval of eight cases held the coefficient in 91 % of simulated studies;
    Student's with n - 2 degrees of freedom, as many as the variance is divided by, holds it in at least 94 %.

    Parameters
    ----------
    a, b
        Two measurements of the same cases.
    method
        Quantile of the interval: Student's "t", or the normal one of "1989".

    Raises
    ------
    StatisticsError
        If there are fewer than three pairs, or one measurement is the same in all cases, or there is no such method.
    """
    if method not in get_args(ConcordanceInterval):
        raise StatisticsError(
            _("there is no method {method!r} for the interval of Lin's concordance").format(method=method)
        )
    first, second = pairs(a, b, least=3)
    _check_spread(first, second)
    n = first.size
    covariance = float(np.mean((first - first.mean()) * (second - second.mean())))
    deviations = float(first.std() * second.std())
    shift = float(first.mean() - second.mean()) / math.sqrt(deviations)
    r = covariance / deviations
    c = 2 * covariance / (float(first.var() + second.var()) + float(first.mean() - second.mean()) ** 2)
    if n < LEAST_FOR_INTERVAL or c in (-1.0, 0.0, 1.0) or abs(r) >= 1 - 1e-12:
        return Estimate(c, None, None, n)
    variance = (
        (1 - r**2) * c**2 / ((1 - c**2) * r**2)
        + 2 * c**3 * (1 - c) * shift**2 / (r * (1 - c**2) ** 2)
        - c**4 * shift**4 / (2 * r**2 * (1 - c**2) ** 2)
    ) / (n - 2)
    quantile = _t(n - 2) if method == "t" else _normal_quantile()
    return _around(c, quantile * math.sqrt(max(variance, 0.0)), n)


def _around(value: float, half: float, n: int) -> Estimate:
    """Interval of the inverse hyperbolic tangent, brought back."""
    return Estimate(value, math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half), n)


def _jackknife_error(first: FloatArray, second: FloatArray) -> float:
    """Standard error of the inverse hyperbolic tangent of Spearman's coefficient, leaving out each case in turn.

    A coefficient of 1 without one of the cases counts as if half a swap of neighbours were missing from it.
    """
    n = first.size
    highest = 1 - 6 / ((n - 1) ** 3 - (n - 1))
    left_out = []
    for place in range(n):
        one, other = (stats.rankdata(np.delete(values, place)) for values in (first, second))
        spread = float(one.std() * other.std())
        coefficient = float(np.mean((one - n / 2) * (other - n / 2))) / spread if spread else 0.0
        left_out.append(math.atanh(min(max(coefficient, -highest), highest)))
    return math.sqrt((n - 1) * float(np.var(left_out)))


def _normal_quantile() -> float:
    return float(stats.norm.ppf((1 + CONFIDENCE) / 2))


def _t(freedom: int) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))


def _check_spread(first: FloatArray, second: FloatArray) -> None:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        raise StatisticsError(_("one of the measurements is the same in all cases, so it correlates with nothing"))
