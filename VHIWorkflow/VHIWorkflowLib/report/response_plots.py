"""Plots of the change between two time points: a line and a bar for each subject, boxes by group, other scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from VHIWorkflowLib.agreement.response import ScoreCorrelation, SubjectChange
from VHIWorkflowLib.agreement.response_study import ResponseStudy

from .figures import counted, figures_of
from .group_plots import Pair, bars, boxes, slopes
from .html import figure
from .scatter_plot import scatter

VHI = "VHI (mm3)"


def response_plots(study: ResponseStudy) -> str:
    """Lines and boxes on plain and on logarithmic axes, and bars of the change, absolute and in percent."""
    parts = [_lines(study, logarithmic) for logarithmic in (False, True)]
    limit = study.limits.change_mm3
    parts.append(_waterfall(study, "change of VHI (mm3)", lambda subject: subject.change_mm3, limit))
    parts.append(_waterfall(study, "change of VHI (%)", lambda subject: subject.change_percent, None))
    if study.groups:
        parts += [_boxes(study, logarithmic) for logarithmic in (False, True)]
    return "".join(parts)


def score_plots(scores: Sequence[ScoreCorrelation]) -> str:
    """Change of VHI against each other score."""
    return "".join(_score(each) for each in scores if each.names)


def _lines(study: ResponseStudy, logarithmic: bool) -> str:
    subjects = study.found.subjects
    pairs = [_pair(subject, logarithmic) for subject in subjects]
    names = [subject.subject for subject in subjects]
    plot = slopes(pairs, names, _ends(study), VHI, logarithmic=logarithmic)
    return figure(plot, f"VHI of each subject, {counted(len(subjects), 'subject')}{_scale(logarithmic)}")


def _waterfall(
    study: ResponseStudy, label: str, value_of: Callable[[SubjectChange], float | None], limit: float | None
) -> str:
    values = [(value_of(subject), subject.subject) for subject in study.found.subjects]
    known = sorted(((value, name) for value, name in values if value is not None), reverse=True)
    if not known:
        return ""
    levels = () if limit is None else (-limit, limit)
    caption = f"{label[0].upper()}{label[1:]} of each subject, {counted(len(known), 'subject')}"
    if limit is not None:
        caption += "; dashed: smallest detectable change"
    if len(known) < len(values):
        caption += f"; {counted(len(values) - len(known), 'subject')} with a baseline of zero left out"
    return figure(bars([value for value, _ in known], [name for _, name in known], label, levels), caption)


def _boxes(study: ResponseStudy, logarithmic: bool) -> str:
    groups = [
        (name, [_pair(subject, logarithmic) for subject in group.subjects]) for name, group in study.groups.items()
    ]
    caption = (
        f"VHI by group, {counted(len(study.found.subjects), 'subject')}: median, quartiles, smallest and largest, and "
        f"a line for each subject{_scale(logarithmic)}"
    )
    return figure(boxes(groups, _ends(study), VHI, logarithmic=logarithmic), caption)


def _score(each: ScoreCorrelation) -> str:
    caption = f"Change of VHI against {each.score}, {counted(len(each.names), 'subject')}"
    if each.spearman is not None:
        caption += f": Spearman's rho {figures_of(each.spearman)}"
    return figure(scatter(each.scores, each.changes_mm3, (each.score, "change of VHI (mm3)"), each.names), caption)


def _pair(subject: SubjectChange, logarithmic: bool) -> Pair:
    """VHI before and after; on a logarithmic axis zero lies where it counts on log scale."""
    if not logarithmic:
        return subject.baseline_mm3, subject.follow_up_mm3
    before, after = subject.logarithms
    return math.exp(before), math.exp(after)


def _ends(study: ResponseStudy) -> tuple[str, str]:
    return study.found.baseline, study.found.follow_up


def _scale(logarithmic: bool) -> str:
    return "; logarithmic axis, zero as half a voxel" if logarithmic else ""
