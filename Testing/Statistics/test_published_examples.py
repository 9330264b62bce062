"""Figures that others printed, from the data that they printed."""

from __future__ import annotations

import numpy as np
import pytest
from VHIWorkflowLib.statistics.bland_altman import bland_altman, repeatability_coefficient
from VHIWorkflowLib.statistics.correlation import concordance, correlation
from VHIWorkflowLib.statistics.intraclass import FORMS, intraclass_correlations
from VHIWorkflowLib.statistics.paired_tests import wilcoxon_signed_rank
from VHIWorkflowLib.statistics.regression import passing_bablok

# Peak expiratory flow (l/min) of 17 subjects, two readings each: Bland and Altman, Lancet 1986; 1: 307-310, table 1
WRIGHT = np.array(
    [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427],
)
WRIGHT_AGAIN = np.array(
    [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421],
)
MINI = np.array(
    [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451],
)
MINI_AGAIN = np.array(
    [525, 415, 508, 444, 500, 625, 460, 390, 642, 432, 420, 605, 227, 467, 268, 370, 443],
)

# Six subjects, four judges: Shrout and Fleiss, Psychol Bull 1979; 86: 420-428, table 2
JUDGED = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

# Passing and Bablok's line as R's mcr prints it (mcreg, method "PaBa", analytical interval)
METHOD_1 = np.arange(1, 21)
METHOD_2 = [
    *(1.03, 2.05, 2.79, 3.67, 5.00, 5.82, 7.16, 7.69, 8.53, 10.38),
    *(11.11, 12.17, 13.47, 13.83, 15.15, 16.12, 16.94, 18.09, 19.13, 19.54),
]


def test_peak_flow_bias_and_limits_of_agreement():
    found = bland_altman(MINI, WRIGHT, method="1986")
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert found.standard_deviation == pytest.approx(38.8, abs=0.05)
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    # the paper takes 2 standard deviations, we 1.96; the half width of the limits' intervals is its 34.6
    limits = [found.bias.value + side * 2 * found.standard_deviation for side in (-1, 1)]
    assert limits == pytest.approx([-79.7, 75.5], abs=0.1)
    assert found.lower.value - found.lower.low == pytest.approx(34.6, abs=0.1)
    assert found.upper.high - found.upper.value == pytest.approx(34.6, abs=0.1)


def test_exact_limits_reach_further_outwards_than_inwards():
    exact, plain = bland_altman(MINI, WRIGHT), bland_altman(MINI, WRIGHT, method="1986")
    assert exact.upper.value == plain.upper.value
    assert exact.upper.high > plain.upper.high
    assert exact.upper.low > plain.upper.low


def test_peak_flow_repeatability():
    two_deviations = 2 / 1.959964
    assert repeatability_coefficient(WRIGHT, WRIGHT_AGAIN).value * two_deviations == pytest.approx(43.2, abs=0.2)
    assert repeatability_coefficient(MINI, MINI_AGAIN).value * two_deviations == pytest.approx(56.4, abs=0.2)


def test_peak_flow_correlation():
    assert correlation(WRIGHT, MINI).coefficient.value == pytest.approx(0.94, abs=0.005)


def test_judges_in_all_six_forms():
    found = intraclass_correlations(JUDGED)
    values = [round(found[form].value, 2) for form in FORMS]
    assert values == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    # intervals as R's psych prints them for the same table
    assert [(round(found[form].low, 2), round(found[form].high, 2)) for form in FORMS] == [
        (-0.13, 0.72),
        (0.02, 0.76),
        (0.34, 0.95),
        (-0.88, 0.91),
        (0.07, 0.93),
        (0.68, 0.99),
    ]


def test_passing_and_bablok_as_r_prints_it():
    line = passing_bablok(METHOD_1, METHOD_2)
    assert (line.slope.value, line.slope.low, line.slope.high) == pytest.approx(
        (1.0050, 0.9848077, 1.0265805), abs=2e-3
    )
    found = line.intercept
    assert (found.value, found.low, found.high) == pytest.approx((0.0125, -0.2975146, 0.1393271), abs=2e-2)


def test_concordance_by_its_definition_on_the_peak_flow():
    a, b = WRIGHT.astype(float), MINI.astype(float)
    expected = 2 * np.cov(a, b, ddof=0)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    found = concordance(a, b)
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high < 1


def test_signed_ranks_by_counting_all_signs():
    differences = np.array([1.5, -0.4, 2.2, 3.1, -0.9, 4.0])
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    sums = [sum(rank for rank, bit in zip(ranks, range(6), strict=True) if signs >> bit & 1) for signs in range(64)]
    below = ranks[differences < 0].sum()
    expected = min(1.0, 2 * np.mean(np.array(sums) <= below))
    assert wilcoxon_signed_rank(np.zeros(6), differences).p == pytest.approx(expected)
