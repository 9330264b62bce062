"""The page of `vhi agree`: how far readings agree, case by case and over all, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.agreement.failures import Failure
from VHIWorkflowLib.agreement.summary import Statistic, summary
from VHIWorkflowLib.agreement.tables import CASE_COLUMNS, case_cells
from VHIWorkflowLib.statistics.bland_altman import bland_altman
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import FloatArray, logarithms
from VHIWorkflowLib.statistics.regression import passing_bablok

from .failures_section import RULE as FAILURES_RULE
from .failures_section import failures_section
from .figures import figures_of
from .html import bullets, contents, figure, note, page, paragraphs, records, section, table
from .methods import made_by
from .svg import scatter

RULES = (
    "Cases are matched by case_id (with the time point where both readings have time points) or by file name.",
    "A subject read at several time points counts as several cases, and intervals take cases as independent.",
    "Masks are compared voxel by voxel on one grid; masks on pieces of one lattice of voxels (cropped, or without "
    "empty slices) are put into a common box, masks of other grids are left out and named.",
    "An island (3D, 26 neighbours) counts as found when it shares a voxel with the other mask.",
    "Two empty masks agree that there is nothing; their overlap cannot be said, so they are counted and left out of "
    "the medians of overlap. When one mask is empty, overlap is 0. Distances are left out where a mask is empty.",
    "Surface distances are between the centres of surface voxels, in mm, spacing between slices included.",
    "On log scale (natural logarithm) a VHI of zero counts as half a voxel of the case with the smallest voxels.",
    "Differences are b less a. The repeatability coefficient counts bias as disagreement, the smallest detectable "
    "change (1.96 standard deviations of the differences) does not.",
    "Intervals cover 95 %: of medians by bootstrap over cases (bias-corrected and accelerated), of limits of agreement "
    "exactly for normal differences (noncentral t), of intraclass correlations by F (McGraw and Wong 1996 for the "
    "two-way random forms), of Lin's concordance by its transformed variance, of other correlations by Fisher's "
    "transformation. In simulated studies of 8, 20 and 60 cases the bootstrap intervals of medians held the median in "
    "92, 92 and 96 %, those of ICC(2,1) with four readers in 95, 94 and 92 %; all others within 93 to 98 %.",
    "Where too few cases are there for an interval (six for one of a median), none is given.",
)


def agreement_report(
    comparisons: Sequence[Comparison], failures: Sequence[Sequence[Failure]] = (), methods: Sequence[str] = ()
) -> str:
    """The whole page.

    Parameters
    ----------
    comparisons
        Each pair of readings, from `compare`.
    failures
        Of each pair, from `failures`.
    methods
        Sentences on how the readings were made.
    """
    titles = [title_of(found) for found in comparisons]
    sections = [
        section(title_of(found), agreement_parts(found, failures[place] if failures else None))
        for place, found in enumerate(comparisons)
    ]
    return page(
        "Agreement of VHI",
        paragraphs(made_by()),
        contents([*titles, "Methods and rules"]),
        *sections,
        section("Methods and rules", paragraphs(*methods), bullets([*RULES, FAILURES_RULE])),
    )


def title_of(found: Comparison) -> str:
    """Heading of a pair of readings."""
    return f"Agreement of {found.a} and {found.b}"


def agreement_parts(found: Comparison, failures: Sequence[Failure] | None) -> str:
    """Everything on one pair of readings, without its heading."""
    parts = [_cases_left_out(found)]
    if found.cases:
        parts += [_plots(found), _summary(summary(found), len(found.cases))]
        if failures is not None:
            parts.append(failures_section(found, failures))
        parts.append(_cases(found))
    return "".join(parts)


def _cases_left_out(found: Comparison) -> str:
    sentences = []
    for names, reading in ((found.only_a, found.a), (found.only_b, found.b)):
        if names:
            sentences.append(f"Only in {reading}, left out ({len(names)}): {', '.join(names)}.")
    if found.left_out:
        sentences.append(f"Could not be compared and left out: {len(found.left_out)}.")
    sentences += [f"{name}: {problem}." for name, problem in found.left_out]
    compared = (
        f"{len(found.cases)} {'case' if len(found.cases) == 1 else 'cases'} compared: a is {found.a}, b is {found.b}."
    )
    return paragraphs(compared) + note(*sentences)


def _plots(found: Comparison) -> str:
    a, b = (np.array(values) for values in found.volumes)
    names = [case.name for case in found.cases]
    caption, line = f"VHI of both, {len(names)} cases", None
    try:
        fitted = passing_bablok(a, b)
        line = (fitted.intercept.value, fitted.slope.value, "Passing-Bablok")
        caption += f"; Passing-Bablok slope {figures_of(fitted.slope)}, intercept {figures_of(fitted.intercept)}"
    except StatisticsError as error:
        caption += f"; no Passing-Bablok line: {error}"
    labels = (f"VHI of {found.a} (mm3)", f"VHI of {found.b} (mm3)")
    parts = [figure(scatter(a, b, labels, names, diagonal=True, line=line), caption)]
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
    return records(f"Cases of {found.a} and {found.b}", CASE_COLUMNS, [case_cells(found, case) for case in found.cases])
