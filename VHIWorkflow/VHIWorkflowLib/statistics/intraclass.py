"""Intraclass correlation in its six forms, with confidence intervals.

Shrout PE, Fleiss JL. Intraclass correlations: uses in assessing rater reliability. Psychol Bull 1979; 86: 420-428. The
intervals of the one-way and the two-way fixed forms are exact for normal readings (F). Those of the two-way random
forms are generalised confidence intervals (Ionan AC et al. BMC Med Res Methodol 2014; 14: 121), which hold the
correlation in at least 95 % of studies. The usual approximation (McGraw KO, Wong SP. Psychol Methods 1996; 1: 30-46,
degrees of freedom by Satterthwaite), which is offered too, held it in 89 % of simulated studies of 60 cases and two
readers (Testing/Benchmarks/coverage.py), and the less the more readers differ. Two readers say little about all
readers, so these intervals are wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import stats

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import StatisticsError
from .estimates import CONFIDENCE, Estimate

_ = sentences_of(__name__)

Form = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]
RandomInterval = Literal["generalised", "1996"]
FORMS: tuple[Form, ...] = get_args(Form)
"""1: each case read by other readers; 2: readers are a sample of all readers; 3: these readers only.

``,1``: reliability of a single reader; ``,k``: of the mean of all of them.
"""

LEAST = -1.0
DRAWS = 20_000
SEED = 20230508
"""The same table always gives the same interval."""


@dataclass(frozen=True)
class _MeanSquares:
    n: int
    k: int
    cases: float
    readers: float
    within: float
    error: float


def intraclass_correlations(table: npt.ArrayLike, method: RandomInterval = "generalised") -> dict[Form, Estimate]:
    """All six forms.

    Below zero there is no reliability, and how far below says nothing: of few cases that are alike the average forms
    have no lower end. Values and limits below -1 are given as -1.

    Parameters
    ----------
    table
        Measurements, shape (cases, readers); at least two of each, none missing.
    method
        Of the intervals of the two-way random forms.

    Raises
    ------
    StatisticsError
        If the table is too small, has a missing value, or all its values are equal, or there is no such method.
    """
    if method not in get_args(RandomInterval):
        raise StatisticsError(
            _("there is no method {method!r} for intervals of intraclass correlations").format(method=method)
        )
    found = np.asarray(table, dtype=np.float64)
    if found.ndim != 2:
        raise StatisticsError(_("a table of cases and readers is needed"))
    if min(found.shape) < 2:
        cases, readers = found.shape
        raise StatisticsError(
            _("at least 2 cases and 2 readers are needed, there are {cases} and {readers}").format(
                cases=cases, readers=readers
            )
        )
    if not np.isfinite(found).all():
        raise StatisticsError(_("a value is missing or not a number"))
    squares = _mean_squares(found)
    if squares.cases == 0 and squares.within == 0:
        raise StatisticsError(_("all values are equal, so there is no correlation between readers"))
    single = {"1": _one_way(squares), "2": _random(squares, method), "3": _fixed(squares)}
    result: dict[Form, Estimate] = {}
    for form in FORMS:
        model, unit = form.split(",")
        result[form] = single[model] if unit == "1" else _of_mean(single[model], squares.k)
    return {form: _bounded(result[form]) for form in FORMS}


def _mean_squares(table: npt.NDArray[np.float64]) -> _MeanSquares:
    n, k = table.shape
    grand = table.mean()
    cases, readers = table.mean(axis=1), table.mean(axis=0)
    between_cases = k * float(((cases - grand) ** 2).sum())
    between_readers = n * float(((readers - grand) ** 2).sum())
    within = float(((table - cases[:, None]) ** 2).sum())
    error = max(within - between_readers, 0.0)
    return _MeanSquares(
        n, k, between_cases / (n - 1), between_readers / (k - 1), within / (n * (k - 1)), error / ((n - 1) * (k - 1))
    )


def _one_way(s: _MeanSquares) -> Estimate:
    value = (s.cases - s.within) / (s.cases + (s.k - 1) * s.within)
    return _by_f(value, s.within, s.n * (s.k - 1), s)


def _fixed(s: _MeanSquares) -> Estimate:
    value = _ratio(s.cases - s.error, s.cases + (s.k - 1) * s.error)
    return _by_f(value, s.error, (s.n - 1) * (s.k - 1), s)


def _random(s: _MeanSquares, method: RandomInterval) -> Estimate:
    value = _ratio(s.cases - s.error, s.cases + (s.k - 1) * s.error + s.k * (s.readers - s.error) / s.n)
    if s.error == 0 and s.readers == 0:
        return Estimate(value, 1.0, 1.0, s.n)
    limits = _generalised(s) if method == "generalised" else _by_satterthwaite(s, value)
    if limits is None:
        return Estimate(value, None, None, s.n)
    return Estimate(value, min(limits[0], value), max(limits[1], value), s.n)


def _generalised(s: _MeanSquares) -> tuple[float, float]:
    """Quantiles of the correlation over mean squares that the readings are compatible with, drawn with a fixed seed."""
    rng = np.random.default_rng(SEED)
    freedoms = (s.n - 1, s.k - 1, (s.n - 1) * (s.k - 1))
    cases, readers, error = (
        freedom * square / rng.chisquare(freedom, DRAWS)
        for freedom, square in zip(freedoms, (s.cases, s.readers, s.error), strict=True)
    )
    below = s.n * cases + s.k * readers + (s.n * s.k - s.n - s.k) * error
    lowest = -1 / (s.k - 1)
    drawn = np.divide(s.n * (cases - error), below, out=np.full(DRAWS, lowest), where=below > 0)
    low, high = np.quantile(np.maximum(drawn, lowest), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _by_satterthwaite(s: _MeanSquares, value: float) -> tuple[float, float] | None:
    """Limits of McGraw and Wong; None where they do not exist."""
    if value >= 1:
        return None
    a = s.k * value / (s.n * (1 - value))
    b = 1 + s.k * value * (s.n - 1) / (s.n * (1 - value))
    top = (a * s.readers + b * s.error) ** 2
    freedom = top / ((a * s.readers) ** 2 / (s.k - 1) + (b * s.error) ** 2 / ((s.n - 1) * (s.k - 1)))
    upper_f = float(stats.f.ppf((1 + CONFIDENCE) / 2, s.n - 1, freedom))
    lower_f = float(stats.f.ppf((1 + CONFIDENCE) / 2, freedom, s.n - 1))
    others = s.k * s.readers + (s.k * s.n - s.k - s.n) * s.error
    low = s.n * (s.cases - upper_f * s.error) / (upper_f * others + s.n * s.cases)
    high = s.n * (lower_f * s.cases - s.error) / (others + s.n * lower_f * s.cases)
    return low, high


def _by_f(value: float, below: float, freedom: int, s: _MeanSquares) -> Estimate:
    """Interval from the F ratio of the mean square between cases and another one."""
    if below == 0:
        return Estimate(value, 1.0, 1.0, s.n)
    ratio = s.cases / below
    low = ratio / float(stats.f.ppf((1 + CONFIDENCE) / 2, s.n - 1, freedom))
    high = ratio * float(stats.f.ppf((1 + CONFIDENCE) / 2, freedom, s.n - 1))
    return Estimate(value, (low - 1) / (low + s.k - 1), (high - 1) / (high + s.k - 1), s.n)


def _of_mean(single: Estimate, k: int) -> Estimate:
    """Reliability of the mean of k readers, by Spearman and Brown."""
    low, high = (None if limit is None else _stepped_up(limit, k) for limit in (single.low, single.high))
    return Estimate(_stepped_up(single.value, k), low, high, single.n)


def _bounded(estimate: Estimate) -> Estimate:
    low, high = (None if each is None else max(each, LEAST) for each in (estimate.low, estimate.high))
    return Estimate(max(estimate.value, LEAST), low, high, estimate.n)


def _stepped_up(value: float, k: int) -> float:
    denominator = 1 + (k - 1) * value
    return k * value / denominator if denominator > 0 else -math.inf


def _ratio(above: float, below: float) -> float:
    return above / below if below else 1.0
