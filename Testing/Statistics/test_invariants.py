"""Swapping the readers flips signs and nothing else; other units scale raw figures and leave those on log scale.

Tested on the whole summary that `vhi agree` writes, so that a figure that is added has to say how it behaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.agreement.comparison import ComparedCase, Comparison
from VHIWorkflowLib.agreement.summary import summary
from VHIWorkflowLib.statistics.estimates import Estimate

VOXEL_MM3 = 1.2
Limits = tuple[float, float | None, float | None]
Rule = Callable[[Limits], Limits]


def negated(limits: Limits) -> Limits:
    value, low, high = limits
    return -value, None if high is None else -high, None if low is None else -low


def inverted(limits: Limits) -> Limits:
    value, low, high = limits
    return 1 / value, None if high is None else 1 / high, None if low is None else 1 / low


def times(factor: float) -> Rule:
    def rule(limits: Limits) -> Limits:
        value, low, high = limits
        return value * factor, None if low is None else low * factor, None if high is None else high * factor

    return rule


def same(limits: Limits) -> Limits:
    return limits


ON_SWAPPING: dict[str, Rule | None] = {
    r".*, bias": negated,
    r".*limit of agreement": negated,
    r".*proportional bias.*": negated,
    r".*(repeatability coefficient|smallest detectable change)": same,
    r".*(ICC\(.*\)|concordance|Pearson's r|Spearman's rho)": same,
    r".*Wilcoxon.*": same,
    r"cases with VHI of zero in .*": same,
    r".*Passing-Bablok slope": inverted,
    # where the line lies, and the line of least squares, which is another one the other way round
    r".*(Passing-Bablok intercept|least squares .*)": None,
}
"""What becomes of a figure when a and b change places; None: nothing simple. Lower and upper limits swap names."""

ON_SCALING: dict[str, str] = {
    r"log VHI, .*": "same",
    r"VHI \(mm3\), (bias|.*limit of agreement|repeatability.*|smallest.*|.*intercept)": "scaled",
    r"VHI \(mm3\), (proportional.*|.*slope|ICC.*|Lin's.*|Pearson.*|Spearman.*|Wilcoxon.*)": "same",
    r"cases with VHI of zero in .*": "same",
}
OTHER_LIMIT = {"lower limit of agreement": "upper limit of agreement"}
OTHER_LIMIT |= {upper: lower for lower, upper in OTHER_LIMIT.items()}


def volumes(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole voxels of two readers, some of them none, in mm3."""
    rng = np.random.default_rng(seed)
    truth = np.exp(rng.normal(6, 1.5, n))
    a, b = truth * np.exp(rng.normal(0, 0.2, n)), truth * np.exp(rng.normal(0.1, 0.3, n))
    b[rng.random(n) < 0.1] = 0
    return np.round(a) * VOXEL_MM3, np.round(b) * VOXEL_MM3


def figures(a: np.ndarray, b: np.ndarray, names: tuple[str, str] = ("a", "b"), voxel: float = VOXEL_MM3):
    """Summary by name: value, limits, and how many cases are behind it."""
    cases = tuple(
        ComparedCase(str(n), float(x), float(y), voxel, None) for n, (x, y) in enumerate(zip(a, b, strict=True))
    )
    found = {each.name: each.estimate for each in summary(Comparison(*names, cases, (), (), ()))}
    assert len(found) > 30
    return found


def limits_of(estimate: Estimate) -> Limits:
    return estimate.value, estimate.low, estimate.high


def rule_of(rules: dict, name: str):
    """The one rule that a figure follows."""
    (rule,) = (rule for pattern, rule in rules.items() if re.fullmatch(pattern, name))
    return rule


def swapped_name(name: str) -> str:
    for limit, other in OTHER_LIMIT.items():
        if name.endswith(limit):
            return name.replace(limit, other)
    return name


def assert_alike(found: Limits, expected: Limits, scale: float, name: str) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None), name
        if one is not None:
            assert one == pytest.approx(other, rel=1e-6, abs=1e-9 * scale), name


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 25))
def test_swapping_readers_flips_signs_and_nothing_else(seed, n):
    a, b = volumes(seed, n)
    there, back = figures(a, b, ("a", "b")), figures(b, a, ("b", "a"))
    scale = float(np.abs([a, b]).max())
    assert there.keys() == back.keys()
    for name, estimate in there.items():
        rule = rule_of(ON_SWAPPING, name)
        other = back[swapped_name(name)]
        assert (estimate is None) == (other is None), name
        if estimate is not None and rule is not None:
            assert estimate.n == other.n, name
            assert_alike(limits_of(other), rule(limits_of(estimate)), scale, name)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.floats(0.01, 1000))
def test_other_units_scale_raw_figures_and_leave_those_on_log_scale(seed, n, factor):
    a, b = volumes(seed, n)
    one, other = figures(a, b), figures(factor * a, factor * b, voxel=factor * VOXEL_MM3)
    scale = float(np.abs([a, b]).max())
    for name, estimate in one.items():
        rule = {"same": same, "scaled": times(factor)}[rule_of(ON_SCALING, name)]
        assert (estimate is None) == (other[name] is None), name
        if estimate is not None:
            expected = rule(limits_of(estimate))
            assert_alike(limits_of(other[name]), expected, scale * max(factor, 1), name)
