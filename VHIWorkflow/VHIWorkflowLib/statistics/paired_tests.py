"""Tests of whether two measurements of the same cases differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from .estimates import pairs

LARGEST_EXACT = 25
DIGITS = 10
"""Differences are the same that are so to this decimal of the largest value: volumes are counts times a voxel's."""


@dataclass(frozen=True)
class PairedTest:
    """Name of the test, its statistic, two-sided p, and how many pairs it used (equal pairs say nothing to ranks)."""

    name: str
    statistic: float
    p: float
    n: int


def wilcoxon_signed_rank(a: npt.ArrayLike, b: npt.ArrayLike) -> PairedTest:
    """Wilcoxon's signed-rank test; exact up to 25 pairs without ties, else by the normal approximation.

    Pairs that are equal are left out (Wilcoxon 1945). When all are equal, p is 1.

    Raises
    ------
    StatisticsError
        If there is no pair, or a value is missing.
    """
    first, second = pairs(a, b)
    largest = max(float(np.abs(first).max()), float(np.abs(second).max()))
    differences = np.round((second - first) / (largest or 1.0), DIGITS)
    differences = differences[differences != 0]
    if differences.size == 0:
        return PairedTest("Wilcoxon signed-rank", 0.0, 1.0, 0)
    exact = differences.size <= LARGEST_EXACT and np.unique(np.abs(differences)).size == differences.size
    found = stats.wilcoxon(differences, method="exact" if exact else "approx", correction=not exact)
    return PairedTest("Wilcoxon signed-rank", float(found.statistic), float(found.pvalue), differences.size)


def paired_t(a: npt.ArrayLike, b: npt.ArrayLike) -> PairedTest:
    """Student's paired t test.

    Raises
    ------
    StatisticsError
        If there are fewer than two pairs, or a value is missing.
    """
    first, second = pairs(a, b, least=2)
    differences = second - first
    if np.ptp(differences) == 0:
        return PairedTest("paired t", 0.0, 1.0 if differences[0] == 0 else 0.0, first.size)
    found = stats.ttest_rel(second, first)
    return PairedTest("paired t", float(found.statistic), float(found.pvalue), first.size)
