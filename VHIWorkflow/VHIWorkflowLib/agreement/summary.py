"""Figures over all cases of a comparison: medians of overlap and distance, and agreement of the volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from VHIWorkflowLib.statistics.bland_altman import bland_altman, repeatability_coefficient, smallest_detectable_change
from VHIWorkflowLib.statistics.correlation import concordance, correlation
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import Estimate, FloatArray, logarithms
from VHIWorkflowLib.statistics.intraclass import FORMS, intraclass_correlations
from VHIWorkflowLib.statistics.paired_tests import wilcoxon_signed_rank
from VHIWorkflowLib.statistics.regression import Line, ordinary_regression, passing_bablok
from VHIWorkflowLib.statistics.resampling import bootstrapped_mean, median_of

from .comparison import ComparedCase, Comparison

RAW_SCALE, LOG_SCALE = "VHI (mm3)", "log VHI"
SMALLEST_CHANGE = "smallest detectable change"


@dataclass(frozen=True)
class Statistic:
    """A figure over all cases; ``problem`` says why there is none."""

    name: str
    estimate: Estimate | None
    problem: str | None = None


def summary(found: Comparison) -> list[Statistic]:
    """Figures over all cases of a comparison, in the order in which they are reported."""
    if not found.cases:
        return []
    return [*mask_statistics(found.cases), *_of_volumes(found)]


def mask_statistics(cases: Sequence[ComparedCase]) -> list[Statistic]:
    """Figures over the masks of some cases; none where only numbers are known."""
    masks = [case.masks for case in cases if case.masks is not None]
    if not masks:
        return []
    columns: dict[str, list[float | None]] = {
        "Dice": [each.overlap.dice for each in masks],
        "Jaccard": [each.overlap.jaccard for each in masks],
        "volume similarity": [each.overlap.volume_similarity for each in masks],
        "95th percentile of surface distances (mm)": [
            each.distances.hd95_mm if each.distances else None for each in masks
        ],
        "mean surface distance (mm)": [each.distances.mean_mm if each.distances else None for each in masks],
        "islands of b found by a": [each.islands.sensitivity for each in masks],
        "islands of a found by b": [each.islands.precision for each in masks],
    }
    empty = sum(each.overlap.both_empty for each in masks)
    return [
        *_mean_dice(columns["Dice"]),
        *(each for name, values in columns.items() for each in quartiles(name, values)),
        Statistic("cases with two empty masks", Estimate(float(empty), None, None, len(masks))),
    ]


def _mean_dice(values: Sequence[float | None]) -> list[Statistic]:
    """Mean of Dice, which other studies report, with its bootstrap interval."""
    known = [value for value in values if value is not None]
    return [Statistic("Dice, mean", bootstrapped_mean(known, within=(0, 1)))] if known else []


def quartiles(name: str, values: Sequence[float | None]) -> list[Statistic]:
    """Median with its interval, and quartiles, of what some cases have."""
    known = np.array([value for value in values if value is not None])
    if known.size == 0:
        return [Statistic(f"{name}, median", None, "no case has it")]
    return [
        Statistic(f"{name}, median", median_of(known)),
        Statistic(f"{name}, first quartile", Estimate(float(np.percentile(known, 25)), None, None, known.size)),
        Statistic(f"{name}, third quartile", Estimate(float(np.percentile(known, 75)), None, None, known.size)),
    ]


def _of_volumes(found: Comparison) -> list[Statistic]:
    a, b = (np.array(values) for values in found.volumes)
    log_a, zeros_a = logarithms(a, found.smallest_voxel_mm3)
    log_b, zeros_b = logarithms(b, found.smallest_voxel_mm3)
    test = wilcoxon_signed_rank(a, b)
    return [
        *_on_scale(RAW_SCALE, a, b),
        *_on_scale(LOG_SCALE, log_a, log_b),
        *_tried(["VHI (mm3), Spearman's rho"], lambda: [correlation(a, b, "spearman").coefficient]),
        *_tried(
            ["VHI (mm3), Passing-Bablok slope", "VHI (mm3), Passing-Bablok intercept"],
            lambda: _line(passing_bablok(a, b)),
        ),
        *_tried(
            ["VHI (mm3), least squares slope", "VHI (mm3), least squares intercept"],
            lambda: _line(ordinary_regression(a, b)),
        ),
        Statistic("VHI (mm3), Wilcoxon signed-rank p", Estimate(test.p, None, None, test.n)),
        Statistic(f"cases with VHI of zero in {found.a}", Estimate(float(zeros_a), None, None, a.size)),
        Statistic(f"cases with VHI of zero in {found.b}", Estimate(float(zeros_b), None, None, b.size)),
    ]


def _on_scale(scale: str, a: FloatArray, b: FloatArray) -> list[Statistic]:
    """Agreement of volumes, raw or as logarithms."""
    limits = ("bias", "lower limit of agreement", "upper limit of agreement", "proportional bias (slope)")
    forms = [f"ICC({form})" for form in FORMS]
    repeats = ("repeatability coefficient", SMALLEST_CHANGE)

    def named(names: Sequence[str]) -> list[str]:
        return [f"{scale}, {name}" for name in names]

    return [
        *_tried(named(limits), lambda: _limits(a, b)),
        *_tried(named(repeats), lambda: [repeatability_coefficient(a, b), smallest_detectable_change(a, b)]),
        *_tried(named(forms), lambda: list(intraclass_correlations(np.stack([a, b], axis=1)).values())),
        *_tried(named(["Lin's concordance"]), lambda: [concordance(a, b)]),
        *_tried(named(["Pearson's r"]), lambda: [correlation(a, b).coefficient]),
    ]


def _tried(names: Sequence[str], work: Callable[[], Sequence[Estimate | None]]) -> list[Statistic]:
    """Figures by their names, or why there are none."""
    try:
        return [Statistic(name, each) for name, each in zip(names, work(), strict=True)]
    except StatisticsError as error:
        return [Statistic(name, None, error.sentence) for name in names]


def _limits(a: FloatArray, b: FloatArray) -> list[Estimate | None]:
    found = bland_altman(a, b)
    return [found.bias, found.lower, found.upper, found.slope]


def _line(line: Line) -> list[Estimate | None]:
    return [line.slope, line.intercept]
