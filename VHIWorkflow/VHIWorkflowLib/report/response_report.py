"""The page of `vhi response`: change of VHI by subject, by group and over all, and how it goes with other scores."""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.agreement.limits import Limits
from VHIWorkflowLib.agreement.response import Response, ScoreCorrelation, SubjectChange, log_verdict, verdict
from VHIWorkflowLib.agreement.response_study import ResponseStudy
from VHIWorkflowLib.agreement.response_tables import SUBJECT_COLUMNS, subject_cells, summaries

from .figures import figures_of, p_value
from .group_plots import bars, boxes, slopes
from .html import bullets, figure, note, number, page, paragraphs, records, section, table
from .methods import made_by, methods_of
from .rules import RESPONSE_RULES
from .scatter_plot import scatter

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
    names = [subject.subject for subject in found.subjects]
    left_out = (
        [f"Left out, one time point only ({len(found.incomplete)}): {', '.join(found.incomplete)}."]
        if found.incomplete
        else []
    )
    return "".join(
        (
            paragraphs(
                f"{len(names)} subjects with both {found.baseline} and {found.follow_up}.",
                study.limits.source,
                *_limit_sentences(found, study.limits),
            ),
            note(*left_out),
            _plots(study, names),
            _summary(study),
            _scores(study.scores),
            records(
                f"Change of {len(names)} subjects",
                SHOWN_COLUMNS,
                [_shown(subject_cells(study, each)) for each in found.subjects],
            ),
        )
    )


def _shown(cells: Sequence[str]) -> list[str]:
    return [cell for column, cell in zip(SUBJECT_COLUMNS, cells, strict=True) if column not in POINTS]


def _plots(study: ResponseStudy, names: Sequence[str]) -> str:
    found, limit = study.found, study.limits.change_mm3
    ends = (found.baseline, found.follow_up)
    lines = slopes([_pair(each) for each in found.subjects], names, ends, "VHI (mm3)")
    order = sorted(found.subjects, key=lambda subject: -subject.change_mm3)
    waterfall = bars(
        [subject.change_mm3 for subject in order],
        [subject.subject for subject in order],
        "change of VHI (mm3)",
        () if limit is None else (-limit, limit),
    )
    dashed = "" if limit is None else "; dashed: smallest detectable change"
    parts = [
        figure(lines, f"VHI of each subject, {len(names)} subjects"),
        figure(waterfall, f"Change of each subject, {len(names)} subjects{dashed}"),
    ]
    if study.groups:
        groups = [(name, [_pair(each) for each in group.subjects]) for name, group in study.groups.items()]
        caption = f"VHI by group, {len(names)} subjects: median, quartiles, smallest and largest; a line each"
        parts.append(figure(boxes(groups, ends, "VHI (mm3)"), caption))
    return "".join(parts)


def _pair(subject: SubjectChange) -> tuple[float, float]:
    return subject.baseline_mm3, subject.follow_up_mm3


def _summary(study: ResponseStudy) -> str:
    rows = []
    for name, summary in summaries(study):
        rows += [[name, what, figures_of(estimate), str(estimate.n)] for what, estimate in summary.estimates]
        rows += [[name, f"{what}, {test.name} p", p_value(test.p), str(test.n)] for what, test in summary.tests]
    caption = f"Figures over {len(study.found.subjects)} subjects, with 95 % intervals"
    return table(caption, ("group", "statistic", "value", "subjects"), rows)


def _scores(scores: Sequence[ScoreCorrelation]) -> str:
    if not scores:
        return ""
    plots = [
        figure(
            scatter(each.scores, each.changes_mm3, (each.score, "change of VHI (mm3)"), each.names),
            f"Change of VHI against {each.score}, {len(each.names)} subjects",
        )
        for each in scores
        if each.names
    ]
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
    return table("Change of VHI and other scores, with 95 % intervals", columns, rows) + "".join(plots)


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
