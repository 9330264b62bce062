"""The thresholds follow the rule of the study, decided as if in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.thresholds import (
    DEFAULT_TOLERANCE,
    NormalBoneStatistics,
    normal_bone_statistics,
    thresholds_by_hand,
    thresholds_from,
)

HALF = Fraction(1, 2)


def sensitive_at(k: int, q3: Fraction, iqr: Fraction) -> Fraction:
    return q3 + (Fraction(3, 2) + Fraction(k, 20)) * iqr


def rule(q3: Fraction, iqr: Fraction, upper: Fraction, equal_within: Fraction) -> int:
    """The rule as it is written, integer by integer: a > b means that a exceeds b by more than what counts as equal."""
    k = 0
    if upper - sensitive_at(0, q3, iqr) > equal_within:
        while not sensitive_at(k, q3, iqr) - (upper - HALF * iqr) > equal_within:
            k += 1
        return k
    while not upper - sensitive_at(k, q3, iqr) > equal_within:
        k -= 1
    return k


def distance_to_a_tie(q3: Fraction, iqr: Fraction, upper: Fraction, equal_within: Fraction, k: int) -> Fraction:
    """How far the nearest comparison around the result is from being decided by a hair."""
    return min(
        abs(abs(difference) - equal_within)
        for n in (k - 1, k, k + 1, 0)
        for difference in (
            sensitive_at(n, q3, iqr) - (upper - HALF * iqr),
            upper - sensitive_at(n, q3, iqr),
        )
    )


def steps_above_start(multiple: float | None) -> int:
    assert multiple is not None
    return round((multiple - 1.5) * 20)


def statistics(q1: float, q3: float, maximum: float) -> NormalBoneStatistics:
    return NormalBoneStatistics(1000, q1, (q1 + q3) / 2, q3, maximum)


finite = st.floats(min_value=-2000.0, max_value=4000.0, allow_nan=False)


@given(q3=finite, iqr=st.floats(0.5, 500.0), above=st.floats(0.0, 25.0), tolerance=st.sampled_from([0.0, 1e-6, 1e-3]))
@example(q3=100.0, iqr=20.0, above=0.0, tolerance=1e-6)
@example(q3=100.0, iqr=20.0, above=0.05, tolerance=0.0)
@example(q3=100.0, iqr=0.5, above=600.0, tolerance=1e-6)
def test_the_thresholds_are_those_of_the_rule(q3: float, iqr: float, above: float, tolerance: float) -> None:
    described = statistics(q3 - iqr, q3, q3 + above * iqr)
    assume(described.maximum > 1 and described.iqr > 10 * tolerance * described.maximum)
    exact = Fraction(described.q3), Fraction(described.iqr), Fraction(described.maximum)
    equal_within = Fraction(tolerance) * exact[2]
    k = rule(*exact, equal_within)
    assume(distance_to_a_tie(*exact, equal_within, k) > Fraction(1, 10**9))
    found = thresholds_from(described, tolerance)
    assert steps_above_start(found.iqr_multiple) == k
    assert found.sensitive == pytest.approx(float(sensitive_at(k, exact[0], exact[1])), rel=1e-12)
    assert found.conservative == described.maximum


@given(q3=st.integers(60, 400), iqr=st.integers(1, 55), above=st.floats(0, 4), quarters=st.integers(0, 3))
@example(q3=300, iqr=40, above=1.5, quarters=0)  # U equals L at k = 0
@example(q3=300, iqr=40, above=2.5, quarters=0)  # U - L equals IQR / 2 at k = 10
@example(q3=300, iqr=40, above=0.05, quarters=0)  # U equals L at k = -29
def test_ties_on_grey_levels_are_ties_however_the_scan_is_stored(
    q3: int, iqr: int, above: float, quarters: int
) -> None:
    """Quartiles of whole grey levels are whole quarters; the rule on these, exactly, with no tolerance at all.

    The maximum lies at most 4 IQR above Q3 (real cases: 1.6 to 3.5): far beyond, n times the rounding of a float32
    IQR outgrows the tolerance.
    """
    level_q3 = Fraction(q3) + Fraction(quarters, 4)
    upper = max(Fraction(q3 + round(above * iqr)), level_q3)
    k = rule(level_q3, Fraction(iqr), upper, Fraction(0))
    for slope in (1.0, 0.1, 1 / 3, 4.884004884004884, 0.0059):
        for kind in (np.float64, np.float32):
            stored = [float(kind(float(level) * slope)) for level in (level_q3 - iqr, level_q3, upper)]
            found = thresholds_from(statistics(*stored))
            assert steps_above_start(found.iqr_multiple) == k, (slope, kind)


def test_with_tolerance_zero_a_tie_is_left_to_the_arithmetic() -> None:
    described = [statistics(*(level * slope for level in (260, 300, 400))) for slope in np.linspace(0.1, 3, 500)]
    plain = {thresholds_from(each, tolerance=0).iqr_multiple for each in described}
    tolerant = {thresholds_from(each).iqr_multiple for each in described}
    assert tolerant == {2.05}
    assert plain == {2.0, 2.05}


@pytest.mark.parametrize(
    ("maximum", "multiple"),
    [
        (100.0, -0.05),
        (100.5, 0.0),
        (101.0, 0.0),
        (101.5, 0.05),
        (129.0, 1.4),
        (129.5, 1.45),
        (130.0, 1.45),
        (130.1, 1.5),
    ],
)
def test_the_sensitive_threshold_steps_down_until_it_is_below_the_conservative(maximum: float, multiple: float) -> None:
    found = thresholds_from(statistics(80.0, 100.0, maximum))
    assert found.iqr_multiple == pytest.approx(multiple, abs=1e-12)
    assert found.sensitive < found.conservative


@given(ratio=st.floats(1, 9), tolerance=st.sampled_from([0.0, DEFAULT_TOLERANCE, 0.01]))
def test_a_maximum_far_above_the_quartiles_gives_its_thresholds_at_once_or_is_refused(
    ratio: float, tolerance: float
) -> None:
    described = statistics(10.0, 11.0, 10.0**ratio + 11.0)
    if 0.45 * described.iqr <= max(tolerance, 1e-9) * described.maximum:
        with pytest.raises(MeasurementError, match="too narrow"):
            thresholds_from(described, tolerance)
        return
    found = thresholds_from(described, tolerance)
    upper, margin = described.maximum, tolerance * described.maximum
    below = found.sensitive - 1 / 20
    slack = 1e-12 * upper
    assert found.sensitive > upper - 0.5 + margin - slack
    assert not below > upper - 0.5 + margin + slack
    assert found.sensitive <= upper


@pytest.mark.parametrize("iqr", [1e-300, 1e-30, 1e-13, 1e-10])
@pytest.mark.parametrize("tolerance", [0.0, DEFAULT_TOLERANCE])
def test_quartiles_that_differ_by_rounding_only_are_refused(iqr: float, tolerance: float) -> None:
    with pytest.raises(MeasurementError, match="too narrow beside its maximum"):
        thresholds_from(NormalBoneStatistics(100, 0.0, 0.0, iqr, 4095.0), tolerance)


@settings(max_examples=50)
@given(
    levels=st.lists(st.integers(1, 300), min_size=50, max_size=120),
    top=st.integers(0, 700),
    factor=st.sampled_from([0.001, 0.1, 1 / 3, 2.0, 2.4420024420024, 1000.0]),
    kind=st.sampled_from([np.float32, np.float64]),
)
def test_scaling_all_intensities_scales_the_thresholds_and_keeps_the_multiple(
    levels: list[int], top: int, factor: float, kind: type[np.floating]
) -> None:
    whole = np.array([*levels, max(levels) + top])
    q1, q3 = np.percentile(whole, (25, 75))
    assume(q3 > q1 and max(levels) + top <= q3 + 4 * (q3 - q1))
    as_integers = thresholds_from(normal_bone_statistics(whole))
    scaled = thresholds_from(normal_bone_statistics((whole * factor).astype(kind)))
    assert scaled.iqr_multiple == as_integers.iqr_multiple
    assert scaled.sensitive == pytest.approx(as_integers.sensitive * factor, rel=1e-6)
    assert scaled.conservative == pytest.approx(as_integers.conservative * factor, rel=1e-6)


@given(st.lists(st.floats(0.5, 4000.0), min_size=50, max_size=90))
def test_the_statistics_are_the_sorted_values_read_off_by_linear_interpolation(values: list[float]) -> None:
    ordered = sorted(values)

    def quantile(share: Fraction) -> float:
        place = share * (len(ordered) - 1)
        low = place.numerator // place.denominator
        high = min(low + 1, len(ordered) - 1)
        return float(Fraction(ordered[low]) + (place - low) * (Fraction(ordered[high]) - Fraction(ordered[low])))

    q1, median, q3 = (quantile(Fraction(n, 4)) for n in (1, 2, 3))
    assume(q3 - q1 > 1e-6)
    found = normal_bone_statistics(values)
    assert (found.q1, found.median, found.q3) == pytest.approx((q1, median, q3), rel=1e-12)
    assert found.maximum == ordered[-1]
    assert found.voxels == len(values)


def test_fifty_voxels_are_enough_and_forty_nine_are_not() -> None:
    assert normal_bone_statistics(np.arange(1.0, 51.0)).voxels == 50
    with pytest.raises(MeasurementError, match="49 voxels, at least 50"):
        normal_bone_statistics(np.arange(1.0, 50.0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_numbers_are_refused(value: float) -> None:
    with pytest.raises(MeasurementError, match="not numbers"):
        normal_bone_statistics([*range(100), value])


def test_a_constant_middle_half_is_refused_by_its_intensity() -> None:
    with pytest.raises(MeasurementError, match=r"one single intensity \(7\)"):
        normal_bone_statistics([1.0, *[7.0] * 98, 20.0])


@pytest.mark.parametrize("offset", [-99.0, -250.0])
def test_a_maximum_that_is_not_positive_is_refused(offset: float) -> None:
    with pytest.raises(MeasurementError, match="no positive intensity"):
        normal_bone_statistics(np.arange(100.0) + offset)


@pytest.mark.parametrize("tolerance", [-1e-9, 0.011, np.nan, np.inf])
def test_a_tolerance_that_makes_no_sense_is_refused(tolerance: float) -> None:
    with pytest.raises(MeasurementError, match="tolerance"):
        thresholds_from(statistics(10, 20, 40), tolerance)
    with pytest.raises(MeasurementError, match="tolerance"):
        thresholds_by_hand(10, 20, tolerance)


@pytest.mark.parametrize(
    ("sensitive", "conservative"), [(0, 5), (-1, 5), (6, 5), (np.nan, 5), (5, np.inf), (np.inf, np.inf)]
)
def test_thresholds_by_hand_must_be_positive_and_in_order(sensitive: float, conservative: float) -> None:
    with pytest.raises(MeasurementError):
        thresholds_by_hand(sensitive, conservative)


def test_thresholds_by_hand_have_no_multiple() -> None:
    found = thresholds_by_hand(100.0, 100.0)
    assert (found.iqr_multiple, found.sensitive, found.conservative) == (None, 100.0, 100.0)
    assert found.margin == pytest.approx(1e-4)


@given(st.lists(st.floats(-4000.0, 4000.0, width=32), min_size=50, max_size=90))
def test_quartiles_are_those_of_numpy_to_the_last_bit(values: list[float]) -> None:
    q1, median, q3 = np.percentile(values, (25, 50, 75))
    assume(q3 > q1 and max(values) > 0)
    found = normal_bone_statistics(values)
    assert (found.q1, found.median, found.q3, found.maximum) == (q1, median, q3, max(values))
