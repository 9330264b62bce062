"""Intraclass correlation in its six forms, with confidence intervals.

Shrout PE, Fleiss JL. Intraclass correlations: uses in assessing rater reliability. Psychol Bull 1979; 86: 420-428; the
interval of the two-way random forms after McGraw KO, Wong SP. Psychol Methods 1996; 1: 30-46 (degrees of freedom by
Satterthwaite).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import stats

from .errors import StatisticsError
from .estimates import CONFIDENCE, Estimate

Form = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]
FORMS: tuple[Form, ...] = get_args(Form)
"""1: each case read by other readers; 2: readers are a sample of all readers; 3: these readers only.

``,1``: reliability of a single reader; ``,k``: of the mean of all of them.
"""


@dataclass(frozen=True)
class _MeanSquares:
    n: int
    k: int
    cases: float
    readers: float
    within: float
    error: float


def intraclass_correlations(table: npt.ArrayLike) -> dict[Form, Estimate]:
    """All six forms.

    Parameters
    ----------
    table
        Measurements, shape (cases, readers); at least two of each, none missing.

    Raises
    ------
    StatisticsError
        If the table is too small, has a missing value, or all its values are equal.
    """
    found = np.asarray(table, dtype=np.float64)
    if found.ndim != 2 or min(found.shape) < 2:
        raise StatisticsError(f"at least 2 cases and 2 readers are needed, not a table of shape {found.shape}")
    if not np.isfinite(found).all():
        raise StatisticsError("a value is missing or not a number")
    squares = _mean_squares(found)
    if squares.cases == 0 and squares.within == 0:
        raise StatisticsError("all values are equal, so there is no correlation between readers")
    single = {"1": _one_way(squares), "2": _random(squares), "3": _fixed(squares)}
    result: dict[Form, Estimate] = {}
    for form in FORMS:
        model, unit = form.split(",")
        result[form] = single[model] if unit == "1" else _of_mean(single[model], squares.k)
    return {form: result[form] for form in FORMS}


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


def _random(s: _MeanSquares) -> Estimate:
    value = _ratio(s.cases - s.error, s.cases + (s.k - 1) * s.error + s.k * (s.readers - s.error) / s.n)
    if s.error == 0 and s.readers == 0:
        return Estimate(value, 1.0, 1.0, s.n)
    a = s.k * value / (s.n * (1 - value)) if value < 1 else math.inf
    b = 1 + s.k * value * (s.n - 1) / (s.n * (1 - value)) if value < 1 else math.inf
    if not (math.isfinite(a) and math.isfinite(b)):
        return Estimate(value, None, None, s.n)
    top = (a * s.readers + b * s.error) ** 2
    freedom = top / ((a * s.readers) ** 2 / (s.k - 1) + (b * s.error) ** 2 / ((s.n - 1) * (s.k - 1)))
    upper_f = float(stats.f.ppf((1 + CONFIDENCE) / 2, s.n - 1, freedom))
    lower_f = float(stats.f.ppf((1 + CONFIDENCE) / 2, freedom, s.n - 1))
    others = s.k * s.readers + (s.k * s.n - s.k - s.n) * s.error
    low = s.n * (s.cases - upper_f * s.error) / (upper_f * others + s.n * s.cases)
    high = s.n * (lower_f * s.cases - s.error) / (others + s.n * lower_f * s.cases)
    return Estimate(value, low, high, s.n)


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


def _stepped_up(value: float, k: int) -> float:
    denominator = 1 + (k - 1) * value
    return k * value / denominator if denominator > 0 else -math.inf


def _ratio(above: float, below: float) -> float:
    return above / below if below else 1.0
