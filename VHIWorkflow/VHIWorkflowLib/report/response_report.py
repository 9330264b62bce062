"""The page of `vhi response`: change of VHI by subject, by group and over all, and how it goes with other scores."""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.agreement.limits import Limits
from VHIWorkflowLib.agreement.response import Response, ScoreCorrelation, log_verdict, verdict
from VHIWorkflowLib.agreement.response_study import ResponseStudy
from VHIWorkflowLib.agreement.response_tables import ALL, SUBJECT_COLUMNS, subject_cells, summaries

from .figures import counted, figures_of, p_value
from .html import bullets, note, number, page, paragraphs, records, section, table
from .methods import made_by, methods_of
from .response_plots import response_plots, score_plots
from .rules import RESPONSE_RULES

POINTS = ("a", "b")
"""The same in each row, and in the headings of the page."""
SHOWN_COLUMNS = tuple(column for column in SUBJECT_COLUMNS if column not in POINTS)


def response_report(study: ResponseStudy) -> str:
    """The whole page."""
    return page(
        "Change of VHI",
        paragraphs(made_by()),
        response_parts(study),
        section("Methods and rules", paragraphs(*methods_of(study.rows)), bullets(RESPONSE_RULES)),
    )


def response_parts(study: ResponseStudy) -> str:
    """Everything on the change, without title and rules."""
    found = study.found
    count = counted(len(found.subjects), "subject")
    left_out = (
        [f"Left out, without VHI at one of the time points ({len(found.incomplete)}): {', '.join(found.incomplete)}."]
        if found.incomplete
        else []
    )
    return "".join(
        (
            paragraphs(
                f"{count} with both {found.baseline} and {found.follow_up}.",
                study.limits.source,
                *_limit_sentences(found, study.limits),
            ),
            note(*left_out),
            response_plots(study),
            _summary(study),
            _scores(study.scores),
            records(
                f"Change of {count}",
                SHOWN_COLUMNS,
                [_shown(subject_cells(study, each)) for each in found.subjects],
            ),
        )
    )


def _shown(cells: Sequence[str]) -> list[str]:
    return [cell for column, cell in zip(SUBJECT_COLUMNS, cells, strict=True) if column not in POINTS]


def _summary(study: ResponseStudy) -> str:
    """A row for each figure, a column for all subjects and for each group."""
    columns = list(summaries(study))
    sizes = {name: len(group.subjects) for name, group in study.groups.items()}
    sizes[ALL] = len(study.found.subjects)
    cells: dict[str, dict[str, str]] = {}
    for name, summary in columns:
        for what, each in summary.estimates:
            cells.setdefault(what, {})[name] = _with_n(figures_of(each), each.n, sizes[name])
        for what, test in summary.tests:
            cells.setdefault(f"{what}, {test.name} p", {})[name] = _with_n(p_value(test.p), test.n, sizes[name])
    names = [name for name, _ in columns]
    rows = [[what, *(values.get(name, "") for name in names)] for what, values in cells.items()]
    headings = [f"{name} ({sizes[name]:,})" for name in names]
    caption = f"Figures over {counted(sizes[ALL], 'subject')}, with 95 % intervals"
    return table(caption, ("statistic", *headings), rows)


def _with_n(words: str, n: int, size: int) -> str:
    """A figure, with the number of subjects behind it where these are not all of the column."""
    return words if n == size else f"{words}, {counted(n, 'subject')}"


def _scores(scores: Sequence[ScoreCorrelation]) -> str:
    if not scores:
        return ""
    rows = [
        [
            each.score,
            *("none" if one is None else figures_of(one) for one in (each.spearman, each.pearson)),
            str(len(each.names)),
            each.problem or "",
        ]
        for each in scores
    ]
    columns = ("score", "Spearman's rho", "Pearson's r", "subjects", "note")
    return table("Change of VHI and other scores, with 95 % intervals", columns, rows) + score_plots(scores)


def _limit_sentences(found: Response, limits: Limits) -> list[str]:
    sentences = []
    if limits.change_mm3 is not None:
        verdicts = [verdict(subject, limits) for subject in found.subjects]
        sentences.append(
            f"Smallest detectable change: {number(limits.change_mm3)} mm3. VHI fell by more in "
            f"{verdicts.count('fell')} subjects, rose by more in {verdicts.count('rose')}, and stayed within it in "
            f"{verdicts.count('within')}."
        )
    if limits.log_ratio is not None:
        verdicts = [log_verdict(subject, limits) for subject in found.subjects]
        sentences.append(
            f"On log scale it is {number(limits.log_ratio)}: VHI fell by more in {verdicts.count('fell')} subjects, "
            f"rose by more in {verdicts.count('rose')}, and stayed within it in {verdicts.count('within')}."
        )
    return sentences
