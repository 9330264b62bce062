"""What holds for all figures, and what is said where one does not exist; see also `test_invariants`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.statistics.bland_altman import bland_altman, mean_of, smallest_detectable_change
from VHIWorkflowLib.statistics.correlation import concordance, correlation
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import logarithms
from VHIWorkflowLib.statistics.intraclass import FORMS, intraclass_correlations
from VHIWorkflowLib.statistics.paired_tests import paired_t, wilcoxon_signed_rank
from VHIWorkflowLib.statistics.regression import ordinary_regression, passing_bablok
from VHIWorkflowLib.statistics.resampling import bootstrapped_mean, median_of

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(3, 40)


def volumes(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two readings of the same cases, with noise and bias."""
    rng = np.random.default_rng(seed)
    truth = np.exp(rng.normal(6, 1.5, n))
    return truth * np.exp(rng.normal(0, 0.2, n)), truth * np.exp(rng.normal(0.1, 0.3, n))


@settings(deadline=None)
@given(SEEDS, SIZES)
def test_intervals_hold_their_value(seed, n):
    a, b = volumes(seed, n)
    found = bland_altman(a, b)
    estimates = [found.bias, found.lower, found.upper, smallest_detectable_change(a, b), concordance(a, b)]
    estimates += [correlation(a, b).coefficient, correlation(a, b, "spearman").coefficient, median_of(a)]
    estimates += [*intraclass_correlations(np.stack([a, b], axis=1)).values(), bootstrapped_mean(a)]
    line = ordinary_regression(a, b)
    for each in [*estimates, line.slope, line.intercept]:
        assert each.n == n
        if each.low is not None:
            assert each.low <= each.value + 1e-9
            assert each.value <= each.high + 1e-9


def test_passing_and_bablok_does_not_care_which_reader_comes_first():
    a, b = volumes(3, 26)  # 325 slopes: the median is one of them
    there, back = passing_bablok(a, b), passing_bablok(b, a)
    assert back.slope.value == pytest.approx(1 / there.slope.value)
    assert (back.slope.low, back.slope.high) == pytest.approx((1 / there.slope.high, 1 / there.slope.low))


def test_passing_and_bablok_finds_a_line_without_noise():
    x = np.array([1.0, 2, 4, 8, 16])
    line = passing_bablok(x, 3 + 2 * x)
    assert (line.slope.value, line.intercept.value) == pytest.approx((2, 3))


def test_zero_counts_as_half_a_voxel_on_log_scale():
    values, zeros = logarithms(np.array([0.0, 1.2, 12.0]), 1.2)
    assert zeros == 1
    assert values == pytest.approx(np.log([0.6, 1.2, 12.0]))


def test_two_cases_give_figures_without_intervals_or_wide_ones():
    found = bland_altman([10, 20], [11, 25])
    assert found.bias.value == 3
    assert found.bias.high - found.bias.low > 40
    assert (found.slope.low, found.slope_p) == (None, None)
    assert median_of([1, 2]).low is None
    assert bootstrapped_mean([1.0, 2.0]).low is None


def test_one_case_gives_a_mean_and_nothing_else():
    assert mean_of([5]) == mean_of([5])
    assert mean_of([5]).low is None
    with pytest.raises(StatisticsError, match="at least 2 cases are needed, there is 1"):
        bland_altman([1], [2])


@pytest.mark.parametrize("form", FORMS)
def test_readers_who_agree_wholly_correlate_with_one(form):
    found = intraclass_correlations([[1, 1], [4, 4], [9, 9]])[form]
    assert (found.value, found.low, found.high) == (1, 1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correlation([1, 1, 1], [1, 2, 3]), "the same in all cases"),
        (lambda: concordance([1, 2, 3], [2, 2, 2]), "the same in all cases"),
        (lambda: correlation([1, 2], [1, 2]), "at least 3"),
        (lambda: bland_altman([1, 2, 3], [1, 2]), "no pairs"),
        (lambda: bland_altman([1, np.nan], [1, 2]), "missing"),
        (lambda: intraclass_correlations([[1, 2]]), "at least 2 cases"),
        (lambda: intraclass_correlations([[2, 2], [2, 2]]), "all values are equal"),
        (lambda: passing_bablok([1, 1, 1], [1, 1, 1]), "all points are the same"),
        (lambda: passing_bablok([1, 2, 3], [3, 2, 1]), "do not rise together"),
        (lambda: passing_bablok([1, 1, 1, 1, 2], [1, 2, 3, 4, 5]), "differ in one measurement alone"),
        (lambda: ordinary_regression([1, 1, 1], [1, 2, 3]), "no line"),
        (lambda: logarithms(np.array([-1.0]), 1.0), "negative"),
        (lambda: logarithms(np.array([1.0]), 0.0), "positive"),
    ],
)
def test_what_cannot_be_worked_out_is_said(call, message):
    with pytest.raises(StatisticsError, match=message):
        call()


def test_equal_pairs_do_not_differ():
    assert wilcoxon_signed_rank([1, 2, 3], [1, 2, 3]).p == 1
    assert paired_t([1, 2, 3], [1, 2, 3]).p == 1


def test_the_same_cases_always_give_the_same_interval():
    a, _ = volumes(1, 12)
    assert bootstrapped_mean(a) == bootstrapped_mean(a.copy())
    assert intraclass_correlations(a.reshape(6, 2)) == intraclass_correlations(a.reshape(6, 2).copy())


def test_limits_of_a_mean_stay_within_what_values_can_be():
    found = bootstrapped_mean([1, 1, 1, 1, 1, 0.9, 0.5, 0], within=(0, 1))
    assert 0 <= found.low < found.value < found.high == 1
