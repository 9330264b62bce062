"""Figures that others printed, from the data that they printed (`published_data`).

Looked up in the sources that are named, but for papers that only the packages quote: Bland and Altman 1986, Shrout and
Fleiss 1979 and Giavarina 2015, whose figures are those in the packages' own tests. No printed example of exact
intervals of limits of agreement was found; `test_coverage` checks those by simulation.
"""

from __future__ import annotations

import numpy as np
import pytest
from Statistics.published_data import CREATININE, FIFTY, GIAVARINA, JUDGED, PEAK_FLOW, REPLICATES, TWENTY
from VHIWorkflowLib.statistics.bland_altman import bland_altman, repeatability_coefficient
from VHIWorkflowLib.statistics.correlation import concordance, correlation
from VHIWorkflowLib.statistics.estimates import Estimate
from VHIWorkflowLib.statistics.intraclass import FORMS, intraclass_correlations
from VHIWorkflowLib.statistics.paired_tests import wilcoxon_signed_rank
from VHIWorkflowLib.statistics.regression import Line, passing_bablok
from VHIWorkflowLib.statistics.resampling import median_of

WRIGHT, WRIGHT_AGAIN, MINI, MINI_AGAIN = PEAK_FLOW.T
TWO = 2 / 1.959964
"""The paper takes 2 standard deviations where we take 1.96."""


def three(estimate: Estimate) -> tuple[float, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high


def test_peak_flow_bias_and_limits_of_agreement():
    """Bland and Altman 1986, as ``tests/testthat/test-pefr.r`` of blandr 0.6.0 quotes it."""
    found = bland_altman(MINI, WRIGHT, method="1986")
    deviation = found.standard_deviation
    assert round(found.bias.value, 1) == -2.1
    assert round(deviation, 1) == 38.8
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    limits = [round(round(found.bias.value, 1) + side * 2 * round(deviation, 1), 1) for side in (-1, 1)]
    assert limits == [-79.7, 75.5]
    # the paper's limits reach from -114.3 to -45.1 and from 40.9 to 110.1
    assert found.lower.value - found.lower.low == pytest.approx(114.3 - 79.7, abs=0.1)
    assert found.lower.high - found.lower.value == pytest.approx(79.7 - 45.1, abs=0.1)
    assert found.upper.value - found.upper.low == pytest.approx(75.5 - 40.9, abs=0.1)
    assert found.upper.high - found.upper.value == pytest.approx(110.1 - 75.5, abs=0.1)


def test_thirty_samples_of_giavarina():
    """Biochem Med 2015; 25: 141-151, as ``tests/testthat/test-giavarina.r`` of blandr 0.6.0 quotes it."""
    found = bland_altman(GIAVARINA[:, 1], GIAVARINA[:, 0], method="1986")
    assert (round(found.bias.value, 2), round(found.standard_deviation, 2)) == (-27.17, 34.81)
    assert (round(found.lower.value, 2), round(found.upper.value, 2)) == (-95.39, 41.05)
    assert (round(found.bias.low, 2), round(found.bias.high, 2)) == (-40.16, -14.17)
    # from a rounded standard error of 11.01 the paper has these, and one of 65.36, which that error does not give
    limits = (found.lower.low, found.lower.high, found.upper.low)
    assert limits == pytest.approx((-117.90, -72.88, 18.54), abs=0.01)


def test_exact_limits_reach_further_outwards_than_inwards():
    exact, plain = bland_altman(MINI, WRIGHT), bland_altman(MINI, WRIGHT, method="1986")
    assert exact.upper.value == plain.upper.value
    assert exact.upper.high > plain.upper.high
    assert exact.upper.low > plain.upper.low


def test_peak_flow_repeatability():
    """43.2 and 56.4 l/min in Bland and Altman 1986, rounded on the way: 2 x 21.6 and 2 x 28.2; not in the packages."""
    assert repeatability_coefficient(WRIGHT, WRIGHT_AGAIN).value * TWO == pytest.approx(43.2, abs=0.2)
    assert repeatability_coefficient(MINI, MINI_AGAIN).value * TWO == pytest.approx(56.4, abs=0.2)


def test_peak_flow_correlation():
    """Printed as 0.94 in Bland and Altman 1986; not in the packages."""
    assert round(correlation(WRIGHT, MINI).coefficient.value, 2) == 0.94


def test_judges_in_all_six_forms():
    """Shrout and Fleiss 1979, as ``tests/testthat/test_ICC.R`` of psych 2.5.3 quotes it."""
    found = intraclass_correlations(JUDGED)
    assert [round(found[form].value, 2) for form in FORMS] == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


def test_intervals_of_all_six_forms_as_r_prints_them():
    """Output of psych's ICC for the same table: ``md/interRaterICC.md`` of the repository dwoll/RExRepos."""
    found = intraclass_correlations(JUDGED, method="1996")
    assert [round(found[form].low, 3) for form in FORMS] == [-0.133, 0.019, 0.342, -0.884, 0.071, 0.676]
    assert [round(found[form].high, 2) for form in FORMS] == [0.72, 0.76, 0.95, 0.91, 0.93, 0.99]
    ours = intraclass_correlations(JUDGED)
    assert all(ours[form] == found[form] for form in FORMS if not form.startswith("2"))
    assert ours["2,1"].low == pytest.approx(found["2,1"].low, abs=0.02)  # another method, near for few readers alike
    assert ours["2,1"].high == pytest.approx(found["2,1"].high, abs=0.03)


@pytest.mark.parametrize(
    ("methods", "slope", "intercept", "within"),
    [
        pytest.param(
            CREATININE,
            (1.08800890, 1.0, 1.17300462),
            (-0.11717286, -0.20011495, -0.0200000),
            {"values": 2e-4, "slope": 2e-4, "intercept": 2e-4},
            id="creatinine of mcr 1.3.3.1, inst/unitTests/runit.mcPaBa.R",
        ),
        pytest.param(
            FIFTY,
            (1.02058852, 0.95848879, 1.09232010),
            (-0.63975298, -2.33308082, 0.84097310),
            {"values": 1e-5, "slope": 4e-4, "intercept": 1.1e-2},
            id="TD15 of mcr 1.3.3.1, inst/unitTests/runit.mcPaBa.R",
        ),
        pytest.param(
            np.array([np.arange(1.0, 21.0), TWENTY]),
            (1.0050, 0.9848077, 1.0265805),
            (0.0125, -0.2975146, 0.1393271),
            {"values": 1e-3, "slope": 1.5e-3, "intercept": 1.6e-2},
            id="mcreg of mcr, quoted in tests/test_regression.py of methcomp",
        ),
    ],
)
def test_passing_and_bablok_as_r_prints_it(methods, slope, intercept, within):
    """The paper rounds the ranks of the limits to whole ones, mcr takes the mean of two slopes at half a rank.

    Values of the creatinine, given to 0.01, make slopes of -1, which mcr tells from others with rounding errors.
    """
    line: Line = passing_bablok(*methods)
    assert (line.slope.value, line.intercept.value) == pytest.approx((slope[0], intercept[0]), abs=within["values"])
    assert three(line.slope)[1:] == pytest.approx(slope[1:], abs=within["slope"])
    assert three(line.intercept)[1:] == pytest.approx(intercept[1:], abs=within["intercept"])


def test_passing_and_bablok_of_points_that_rise_throughout():
    """Sen's seven points in ``tests/pbtest.R`` of the R package deming 1.4-1: intercept 6, slope 4."""
    line = passing_bablok([1, 2, 3, 4, 10, 12, 18], [9, 15, 19, 20, 45, 55, 78])
    assert (line.intercept.value, line.slope.value) == pytest.approx((6, 4))


def test_passing_and_bablok_of_six_points_with_noise():
    """``tests/pbtest.R`` of deming 1.4-1: intercept 1/8, slope 1.05."""
    line = passing_bablok([1, 2, 3, 4, 5, 6], [2, 1.2, 4.1, 3.5, 6.3, 3])
    assert (line.intercept.value, line.slope.value) == pytest.approx((1 / 8, 1.05))


def test_concordance_as_r_prints_it():
    """``docs/articles/agree_tests.html`` of the R package SimplyAgree 0.3.0: 0.4791, 95 % interval 0.1276 to 0.7237."""
    found = concordance(*REPLICATES.T, method="1989")
    assert [round(each, 4) for each in three(found)] == [0.4791, 0.1276, 0.7237]
    wider = concordance(*REPLICATES.T)
    assert wider.value == found.value
    assert wider.low < found.low < found.high < wider.high


def test_bias_of_the_same_pairs_as_r_prints_it():
    """The same page: bias 0.4383, 95 % interval -0.1669 to 1.0436."""
    x, y = REPLICATES.T
    assert [round(each, 4) for each in three(bland_altman(y, x).bias)] == [0.4383, -0.1669, 1.0436]


def test_median_between_order_statistics_by_its_formula():
    """Of ten values, the pairs at ranks 2 and 3 hold in 97.85 and 89.06 %, and 95 % lies 0.6576 of the way inwards.

    No printed example was found; this is Hettmansperger and Sheather's formula by hand, with 10 values 1 to 10.
    """
    assert three(median_of(np.arange(1.0, 11.0))) == pytest.approx((5.5, 2.6576, 8.3424), abs=1e-4)


def test_signed_ranks_by_counting_all_signs():
    differences = np.array([1.5, -0.4, 2.2, 3.1, -0.9, 4.0])
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    sums = [sum(rank for rank, bit in zip(ranks, range(6), strict=True) if signs >> bit & 1) for signs in range(64)]
    below = ranks[differences < 0].sum()
    expected = min(1.0, 2 * np.mean(np.array(sums) <= below))
    assert wilcoxon_signed_rank(np.zeros(6), differences).p == pytest.approx(expected)
