"""The page of `vhi agree`: how far readings agree, case by case and over all, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from VHIWorkflowLib import __version__
from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.agreement.summary import Statistic, summary
from VHIWorkflowLib.agreement.tables import CASE_COLUMNS, case_cells
from VHIWorkflowLib.statistics.bland_altman import bland_altman
from VHIWorkflowLib.statistics.estimates import Estimate, FloatArray, logarithms

from .html import figure, number, page, paragraphs, table, text
from .svg import scatter

RULES = (
    "An island (3D, 26 neighbours) counts as found when it shares a voxel with the other mask.",
    "Two empty masks agree that there is nothing; their overlap cannot be said, so they are counted and left out of "
    "the medians of overlap. Distances are left out where one mask is empty.",
    "On log scale a VHI of zero counts as half a voxel.",
    "Intervals cover 95 %: of medians by bootstrap over cases (bias-corrected and accelerated), of limits of agreement "
    "exactly for normal differences (noncentral t), of intraclass correlations by F, of other correlations by Fisher's "
    "transformation. With few cases bootstrap intervals are too narrow.",
)


def agreement_report(comparisons: Sequence[Comparison]) -> str:
    """The whole page.

    Parameters
    ----------
    comparisons
        Each pair of readings, from `compare`.
    """
    parts = [paragraphs(f"Made by VHIWorkflow {__version__}. For research only; not a medical device.")]
    for found in comparisons:
        parts += [f"<h2>{text(found.a)} and {text(found.b)}</h2>\n", _cases_left_out(found)]
        if found.cases:
            parts += [_plots(found), _summary(summary(found), len(found.cases)), _cases(found)]
    parts += ["<h2>Rules</h2>\n", paragraphs(*RULES)]
    return page("Agreement of VHI", *parts)


def figures_of(estimate: Estimate) -> str:
    """A figure with its interval, as it is printed."""
    if estimate.low is None or estimate.high is None:
        return number(estimate.value)
    return f"{number(estimate.value)} ({number(estimate.low)} to {number(estimate.high)})"


def _cases_left_out(found: Comparison) -> str:
    sentences = [f"{len(found.cases)} cases compared."]
    for names, reading in ((found.only_a, found.a), (found.only_b, found.b)):
        if names:
            sentences.append(f"Only in {reading}, left out ({len(names)}): {', '.join(names)}.")
    sentences += [f"Left out: {name}: {problem}." for name, problem in found.left_out]
    return paragraphs(*sentences)


def _plots(found: Comparison) -> str:
    a, b = (np.array(values) for values in found.volumes)
    names = [case.name for case in found.cases]
    equal = scatter(a, b, (f"VHI of {found.a} (mm3)", f"VHI of {found.b} (mm3)"), names, diagonal=True)
    parts = [figure(equal, f"VHI of both, {len(names)} cases")]
    log_a, log_b = (logarithms(values, found.smallest_voxel_mm3)[0] for values in (a, b))
    for scale, one, other in (("VHI (mm3)", a, b), ("log VHI", log_a, log_b)):
        parts.append(_bland_altman(scale, one, other, names))
    return "".join(parts)


def _bland_altman(scale: str, a: FloatArray, b: FloatArray, names: Sequence[str]) -> str:
    levels: list[tuple[float, str, bool]] = []
    caption = f"Differences of {scale} against means, {len(names)} cases"
    if len(names) >= 2:
        found = bland_altman(a, b)
        limits = ((found.upper, "upper limit"), (found.lower, "lower limit"))
        levels = [(found.bias.value, "bias", False), *((limit.value, label, True) for limit, label in limits)]
        caption += f": bias {figures_of(found.bias)}, limits {figures_of(found.lower)} and {figures_of(found.upper)}"
    return figure(scatter((a + b) / 2, b - a, (f"mean {scale}", f"difference {scale}"), names, levels=levels), caption)


def _summary(statistics: Sequence[Statistic], cases: int) -> str:
    rows = [
        [each.name, figures_of(each.estimate) if each.estimate else f"none: {each.problem}", _n(each)]
        for each in statistics
    ]
    return table(f"Figures over {cases} cases, with 95 % intervals", ("statistic", "value", "cases"), rows)


def _n(statistic: Statistic) -> str:
    return str(statistic.estimate.n) if statistic.estimate else ""


def _cases(found: Comparison) -> str:
    return table(f"Cases of {found.a} and {found.b}", CASE_COLUMNS, [case_cells(found, case) for case in found.cases])
