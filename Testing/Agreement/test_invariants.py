"""What must not matter: which reader is a; the unit of volume, but for figures in that unit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.agreement.comparison import ComparedCase, Comparison
from VHIWorkflowLib.agreement.summary import LOG_SCALE, RAW_SCALE, summary
from VHIWorkflowLib.statistics.estimates import Estimate

VOXEL_MM3 = 1.2
VOLUMES = st.one_of(st.just(0.0), st.floats(VOXEL_MM3, 50_000))
PAIRS = st.lists(st.tuples(VOLUMES, VOLUMES), min_size=8, max_size=25, unique=True).filter(
    lambda pairs: len({round(b - a, 6) for a, b in pairs}) > 3
)

SAME = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)", "Lin's concordance", "Pearson's r")
SAME += ("repeatability coefficient", "smallest detectable change", "Spearman's rho", "Wilcoxon signed-rank p")
LIMITS = ("lower limit of agreement", "upper limit of agreement")
IN_MM3 = ("bias", "lower limit of agreement", "upper limit of agreement")
IN_MM3 += ("repeatability coefficient", "smallest detectable change", "least squares intercept")


def compared(pairs: list[tuple[float, float]], scale: float = 1.0) -> dict[str, Estimate | None]:
    cases = [ComparedCase(f"{n}", scale * a, scale * b, scale * VOXEL_MM3, None) for n, (a, b) in enumerate(pairs)]
    return {each.name: each.estimate for each in summary(Comparison("A", "B", tuple(cases), (), (), ()))}


def as_tuple(estimate: Estimate | None, factor: float = 1.0) -> tuple[float | None, ...]:
    """Value and interval times a factor; a negative one swaps the limits."""
    if estimate is None:
        return ()
    limits = [None if each is None else factor * each for each in (estimate.low, estimate.high)]
    return (factor * estimate.value, *(limits if factor > 0 else limits[::-1]), estimate.n)


def assert_close(found: tuple[float | None, ...], expected: tuple[float | None, ...], name: str, size: float = 1.0):
    """The same figures but for rounding, relative to a size; what is missing is missing in both."""
    assert [each is None for each in found] == [each is None for each in expected], name
    known = [each for each in found if each is not None]
    assert known == pytest.approx([each for each in expected if each is not None], rel=1e-5, abs=1e-6 * size), name


@settings(max_examples=25, deadline=None)
@given(PAIRS)
def test_swapping_readers_flips_signs_and_nothing_else(pairs):
    there, back = compared(pairs), compared([(b, a) for a, b in pairs])
    largest = max(max(pair) for pair in pairs)
    for scale, size in ((RAW_SCALE, largest), (LOG_SCALE, 1.0)):
        turned = {name: (name, 1) for name in SAME}
        turned |= {name: (name, -1) for name in ("bias", "proportional bias (slope)")}
        turned |= {LIMITS[n]: (LIMITS[1 - n], -1) for n in (0, 1)}
        for name, (other, sign) in turned.items():
            if f"{scale}, {name}" in there:
                found = as_tuple(back[f"{scale}, {name}"])
                assert_close(found, as_tuple(there[f"{scale}, {other}"], sign), name, size)


@settings(max_examples=25, deadline=None)
@given(PAIRS, st.floats(0.01, 100))
def test_another_unit_of_volume_scales_raw_figures_and_leaves_those_on_log_scale(pairs, scale):
    before, after = compared(pairs), compared(pairs, scale)
    for name, estimate in before.items():
        in_mm3 = name.startswith(RAW_SCALE) and name.removeprefix(f"{RAW_SCALE}, ") in (
            *IN_MM3,
            "Passing-Bablok intercept",
        )
        factor, size = (scale, scale * max(max(pair) for pair in pairs)) if in_mm3 else (1.0, 1.0)
        assert_close(as_tuple(after[name]), as_tuple(estimate, factor), name, size)
