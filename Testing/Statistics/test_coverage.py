"""Every interval of a report holds as often as it says, and what should be right on average is, in simulated studies.

A short form of ``Testing/Benchmarks/coverage.py``, which has 1,000 studies of each size: 300 studies with fixed seeds,
and bands of three standard errors. A study of two cases has wide intervals or none, never a wrong one.
"""

from __future__ import annotations

import math

import pytest
from Benchmarks.coverage import Found, simulated
from Benchmarks.simulated_studies import figures

RUNS = 300
ERRORS = 3
LOW, HIGH = (0.95 + side * ERRORS * math.sqrt(0.95 * 0.05 / RUNS) for side in (-1, 1))
FIGURES = {figure.name: figure for figure in figures()}


@pytest.fixture(scope="module", params=[2, 8, 20])
def studies(request) -> tuple[int, dict[str, Found | str]]:
    return request.param, simulated(figures(), request.param, RUNS)


def test_intervals_hold_as_often_as_they_say(studies):
    n, found = studies
    for name, each in found.items():
        if isinstance(each, Found) and each.held is not None:
            assert each.held >= LOW, (n, name, each.held)
            assert FIGURES[name].at_least or each.held <= HIGH, (n, name, each.held)


def test_figures_that_should_be_right_on_average_are(studies):
    n, found = studies
    for name, each in found.items():
        if FIGURES[name].unbiased and isinstance(each, Found) and n > 2:
            assert each.is_right_on_average, (n, name, each.mean_error)


def test_every_figure_has_an_interval_from_eight_cases_on(studies):
    n, found = studies
    if n >= 8:
        for name, each in found.items():
            assert isinstance(each, Found), (name, each)
            assert each.without <= 0.06 * RUNS, (n, name, each.without)


def test_of_two_cases_there_is_a_refusal_no_interval_or_one_that_holds(studies):
    n, found = studies
    if n == 2:
        refused = {name for name, each in found.items() if isinstance(each, str)}
        without = {name for name, each in found.items() if isinstance(each, Found) and each.held is None}
        assert refused == {
            "Lin's concordance",
            "Pearson's r",
            "Spearman's rho",
            "least squares slope",
            "least squares intercept",
            "Passing-Bablok slope",
            "Passing-Bablok intercept",
        }
        assert without == {
            "proportional bias (slope)",
            "median of normal values",
            "median of skewed values",
            "median of scores",
            "mean of scores, by bootstrap",
        }
        assert all("at least 3 cases are needed, there are 2" in found[name] for name in refused)
