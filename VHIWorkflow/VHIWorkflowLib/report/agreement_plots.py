"""Plots of two readings: VHI against each other, differences against means on both scales, and overlap of masks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.statistics.bland_altman import bland_altman
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import Estimate, FloatArray, logarithms
from VHIWorkflowLib.statistics.regression import passing_bablok

from .figures import counted, figures_of
from .group_plots import histogram
from .html import figure
from .scatter_plot import Level, Line, scatter


def agreement_plots(found: Comparison) -> str:
    """All plots of two readings with at least one case."""
    a, b = (np.array(values) for values in found.volumes)
    log_a, log_b = (logarithms(values, found.smallest_voxel_mm3)[0] for values in (a, b))
    return "".join(
        (
            _against_each_other(found, a, b),
            _differences(found, "VHI", "mm3", a, b),
            _differences(found, "log VHI", "ln mm3", log_a, log_b),
            _overlap(found),
        )
    )


def _against_each_other(found: Comparison, a: FloatArray, b: FloatArray) -> str:
    caption, line = f"VHI of both, {counted(len(found.cases))}; dotted: equality", None
    try:
        fitted = passing_bablok(a, b)
        line = Line(fitted.intercept.value, fitted.slope.value)
        slope, intercept = figures_of(fitted.slope), figures_of(fitted.intercept)
        caption += f"; line: Passing-Bablok, slope {slope}, intercept {intercept} mm3"
    except StatisticsError as error:
        caption += f"; no Passing-Bablok line: {error}"
    labels = (f"VHI of {found.a} (mm3)", f"VHI of {found.b} (mm3)")
    return figure(scatter(a, b, labels, _names(found), equality=True, line=line), caption)


def _differences(found: Comparison, what: str, unit: str, a: FloatArray, b: FloatArray) -> str:
    """Bland-Altman plot."""
    levels: list[Level] = []
    caption = f"Bland-Altman: differences of {what} against means, {counted(len(found.cases))}"
    try:
        agreed = bland_altman(a, b)
        levels = [
            Level(agreed.upper.value, "upper limit", True, _interval(agreed.upper)),
            Level(agreed.bias.value, "bias", False, _interval(agreed.bias)),
            Level(agreed.lower.value, "lower limit", True, _interval(agreed.lower)),
        ]
        limits = f"{figures_of(agreed.lower)} and {figures_of(agreed.upper)} {unit}"
        caption += f": bias {figures_of(agreed.bias)}, limits of agreement {limits}; shaded: 95 % intervals"
        if unit.startswith("ln"):
            ratios = [f"{math.exp(each.value):.2f}" for each in (agreed.bias, agreed.lower, agreed.upper)]
            caption += f". As ratios {found.b} / {found.a}: bias {ratios[0]}, limits {ratios[1]} and {ratios[2]}"
    except StatisticsError as error:
        caption += f"; no limits of agreement: {error}"
    labels = (f"mean {what} ({unit})", f"{what}, {found.b} less {found.a} ({unit})")
    return figure(scatter((a + b) / 2, b - a, labels, _names(found), levels=levels), caption)


def _overlap(found: Comparison) -> str:
    dice = [case.masks.overlap.dice for case in found.cases if case.masks is not None]
    known = [each for each in dice if each is not None]
    if not known:
        return ""
    median = f"median {np.median(known):.2f}"
    return figure(histogram(known, "Dice"), f"Dice of {counted(len(known))} with a mask in either reading, {median}")


def _interval(estimate: Estimate) -> tuple[float, float] | None:
    return None if estimate.low is None or estimate.high is None else (estimate.low, estimate.high)


def _names(found: Comparison) -> Sequence[str]:
    return [case.name for case in found.cases]
