"""The page of `vhi agree`: how far readings agree, case by case and over all, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.agreement.failures import Failure
from VHIWorkflowLib.agreement.reference import References
from VHIWorkflowLib.agreement.summary import Statistic, summary
from VHIWorkflowLib.agreement.tables import CASE_COLUMNS, case_cells
from VHIWorkflowLib.statistics.bland_altman import bland_altman
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import FloatArray, logarithms
from VHIWorkflowLib.statistics.regression import passing_bablok

from .failures_section import failures_section
from .figures import figures_of
from .html import bullets, contents, figure, note, page, paragraphs, records, section, table
from .methods import made_by
from .reference_section import TITLE as REFERENCES_TITLE
from .reference_section import reference_parts
from .rules import AGREEMENT_RULES, FAILURES_RULE, REFERENCE_RULES
from .svg import scatter


def agreement_report(
    comparisons: Sequence[Comparison],
    failures: Sequence[Sequence[Failure]] = (),
    references: References | None = None,
    methods: Sequence[str] = (),
) -> str:
    """The whole page.

    Parameters
    ----------
    comparisons
        Each pair of readings, from `compare`.
    failures
        Of each pair, from `failures`.
    references
        All readers against composite masks, from `make_references`; None for two readers.
    methods
        Sentences on how the readings were made.
    """
    parts = [
        (title_of(found), agreement_parts(found, failures[place] if failures else None))
        for place, found in enumerate(comparisons)
    ]
    rules = [*AGREEMENT_RULES, FAILURES_RULE]
    if references is not None:
        parts.append((REFERENCES_TITLE, reference_parts(references)))
        rules += REFERENCE_RULES
    parts.append(("Methods and rules", paragraphs(*methods) + bullets(rules)))
    return page(
        "Agreement of VHI",
        paragraphs(made_by()),
        contents([title for title, _ in parts]),
        *(section(title, part) for title, part in parts),
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
