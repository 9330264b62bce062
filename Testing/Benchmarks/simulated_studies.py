"""Studies drawn by chance from models whose bias, limits of agreement, correlations, lines and medians are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import stats
from VHIWorkflowLib.statistics.bland_altman import (
    BlandAltman,
    bland_altman,
    mean_of,
    repeatability_coefficient,
    smallest_detectable_change,
)
from VHIWorkflowLib.statistics.correlation import concordance, correlation
from VHIWorkflowLib.statistics.estimates import Estimate, FloatArray
from VHIWorkflowLib.statistics.intraclass import Form, intraclass_correlations
from VHIWorkflowLib.statistics.regression import Line, ordinary_regression, passing_bablok
from VHIWorkflowLib.statistics.resampling import bootstrapped_mean, median_of

MEAN, SPREAD, ERROR = 100.0, 12.0, 4.0
"""Of cases, and of single readings of a case."""
BIAS = 3.0
READERS_SPREAD = 3.0
"""Standard deviation of the biases of all readers."""
DICE_SHAPE = (5.0, 2.0)
"""Of a beta distribution, as scores of overlap have."""
RANDOM = SPREAD**2 / (SPREAD**2 + READERS_SPREAD**2 + ERROR**2)
"""Reliability of a reader drawn from all readers."""
RELIABILITY = SPREAD**2 / (SPREAD**2 + ERROR**2)
TRUE_DIFFERENCES = math.sqrt(2) * ERROR
LEAST_FOR_BOOTSTRAP = 5
Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class Study:
    """One study of n cases.

    Attributes
    ----------
    a, b
        Two given readers, b higher by the bias.
    again
        A repeat of a by the same reader.
    two_readers, four_readers
        Readings by readers drawn from all readers, shape (n, 2) and (n, 4).
    one_way
        Each case by four readers of its own, who all have one bias.
    skewed
        Lognormal values with the median 1.
    scores
        Values between 0 and 1.
    """

    a: FloatArray
    b: FloatArray
    again: FloatArray
    two_readers: FloatArray
    four_readers: FloatArray
    one_way: FloatArray
    skewed: FloatArray
    scores: FloatArray

    @classmethod
    def drawn(cls, rng: np.random.Generator, n: int) -> Study:
        """A study of n cases."""
        truth = rng.normal(MEAN, SPREAD, n)
        a, b, again = (truth + shift + rng.normal(0, ERROR, n) for shift in (0, BIAS, 0))
        two, four = (
            truth[:, None] + rng.normal(0, READERS_SPREAD, (1, k)) + rng.normal(0, ERROR, (n, k)) for k in (2, 4)
        )
        one_way = truth[:, None] + rng.normal(0, ERROR, (n, 4))
        return cls(a, b, again, two, four, one_way, np.exp(rng.normal(0, 1, n)), rng.beta(*DICE_SHAPE, n))

    @cached_property
    def limits(self) -> BlandAltman:
        """Bias and limits of agreement of b against a."""
        return bland_altman(self.a, self.b)

    @cached_property
    def least_squares(self) -> Line:
        """Of b on a."""
        return ordinary_regression(self.a, self.b)

    @cached_property
    def robust_line(self) -> Line:
        """Passing and Bablok's, of b on a."""
        return passing_bablok(self.a, self.b)

    @cached_property
    def correlations(self) -> dict[str, dict[Form, Estimate]]:
        """Intraclass correlations of each table."""
        given = np.stack([self.a, self.b], axis=1)
        tables = {"given": given, "two": self.two_readers, "four": self.four_readers, "one way": self.one_way}
        return {name: intraclass_correlations(table) for name, table in tables.items()}


@dataclass(frozen=True)
class Figure:
    """A figure of a study, and its true value.

    ``at_least``: its interval is made to hold in at least 95 % of studies, not in just so many; ``unbiased``: over many
    studies the figure itself is right on average, however few the cases.
    """

    name: str
    truth: float
    of: Callable[[Study], Estimate]
    at_least: bool = False
    unbiased: bool = False


def figures() -> list[Figure]:
    """All figures that have an interval in a report."""
    return [*_of_differences(), *_of_readers(), *_of_lines(), *_of_values()]


def set_aside() -> list[Figure]:
    """Intervals that others report and a report of ours does not, for comparison."""
    middle = float(stats.beta.median(*DICE_SHAPE))
    return [
        Figure("ICC(2,1), two readers, 1996", RANDOM, _usual_random),
        Figure("median, percentile bootstrap", middle, lambda s: _bootstrapped_median(s.scores, "percentile")),
        Figure("median, BCa bootstrap", middle, lambda s: _bootstrapped_median(s.scores, "BCa")),
    ]


def _usual_random(study: Study) -> Estimate:
    """ICC(2,1) with the interval of McGraw and Wong."""
    return intraclass_correlations(study.two_readers, "1996")["2,1"]


def _bootstrapped_median(values: FloatArray, method: Literal["percentile", "BCa"]) -> Estimate:
    if values.size < LEAST_FOR_BOOTSTRAP:
        return Estimate(float(np.median(values)), None, None, values.size)
    found = stats.bootstrap((values,), np.median, n_resamples=2000, method=method, rng=np.random.default_rng(1))
    low, high = found.confidence_interval
    return Estimate(float(np.median(values)), float(low), float(high), values.size)


def _of_differences() -> list[Figure]:
    reach = Z * TRUE_DIFFERENCES
    return [
        Figure("bias", BIAS, lambda s: s.limits.bias, unbiased=True),
        Figure("lower limit of agreement", BIAS - reach, lambda s: s.limits.lower),
        Figure("upper limit of agreement", BIAS + reach, lambda s: s.limits.upper),
        Figure("proportional bias (slope)", 0.0, _proportional_bias, unbiased=True),
        Figure("smallest detectable change", reach, lambda s: smallest_detectable_change(s.a, s.b)),
        Figure("repeatability coefficient", reach, lambda s: repeatability_coefficient(s.a, s.again)),
    ]


def _of_readers() -> list[Figure]:
    concordant = 2 * SPREAD**2 / (2 * (SPREAD**2 + ERROR**2) + BIAS**2)
    return [
        Figure("ICC(1,1), four readers", RELIABILITY, lambda s: s.correlations["one way"]["1,1"]),
        Figure("ICC(1,k), four readers", _stepped_up(RELIABILITY, 4), lambda s: s.correlations["one way"]["1,k"]),
        Figure("ICC(2,1), two readers", RANDOM, lambda s: s.correlations["two"]["2,1"], at_least=True),
        Figure("ICC(2,k), two readers", _stepped_up(RANDOM, 2), lambda s: s.correlations["two"]["2,k"], at_least=True),
        Figure("ICC(2,1), four readers", RANDOM, lambda s: s.correlations["four"]["2,1"], at_least=True),
        Figure(
            "ICC(2,k), four readers", _stepped_up(RANDOM, 4), lambda s: s.correlations["four"]["2,k"], at_least=True
        ),
        Figure("ICC(3,1), two readers", RELIABILITY, lambda s: s.correlations["given"]["3,1"]),
        Figure("ICC(3,k), four readers", _stepped_up(RELIABILITY, 4), lambda s: s.correlations["four"]["3,k"]),
        Figure("Lin's concordance", concordant, lambda s: concordance(s.a, s.b), at_least=True),
        Figure("Pearson's r", RELIABILITY, lambda s: correlation(s.a, s.b).coefficient),
        Figure(
            "Spearman's rho",
            6 / math.pi * math.asin(RELIABILITY / 2),
            lambda s: correlation(s.a, s.b, "spearman").coefficient,
            at_least=True,
        ),
    ]


def _of_lines() -> list[Figure]:
    start = MEAN + BIAS - RELIABILITY * MEAN
    return [
        Figure("least squares slope", RELIABILITY, lambda s: s.least_squares.slope, unbiased=True),
        Figure("least squares intercept", start, lambda s: s.least_squares.intercept, unbiased=True),
        Figure("Passing-Bablok slope", 1.0, lambda s: s.robust_line.slope, at_least=True),
        Figure("Passing-Bablok intercept", BIAS, lambda s: s.robust_line.intercept, at_least=True),
    ]


def _of_values() -> list[Figure]:
    first, second = DICE_SHAPE
    return [
        Figure("mean change", BIAS, lambda s: mean_of(s.b - s.a), unbiased=True),
        Figure("median of normal values", MEAN, lambda s: median_of(s.a), unbiased=True),
        Figure("median of skewed values", 1.0, lambda s: median_of(s.skewed)),
        Figure("median of scores", float(stats.beta.median(first, second)), lambda s: median_of(s.scores)),
        Figure(
            "mean of scores, by bootstrap",
            first / (first + second),
            lambda s: bootstrapped_mean(s.scores, within=(0, 1)),
            unbiased=True,
        ),
    ]


def _proportional_bias(study: Study) -> Estimate:
    slope = study.limits.slope
    if slope is None:
        raise ValueError("drawn values are never equal")
    return slope


def _stepped_up(single: float, k: int) -> float:
    """Reliability of the mean of k readers, by Spearman and Brown."""
    return k * single / (1 + (k - 1) * single)
