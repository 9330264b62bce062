"""Change of VHI between two time points as tables and plots in the scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from VHIWorkflowLib.agreement.response import SubjectChange
from VHIWorkflowLib.agreement.response_study import ResponseStudy
from VHIWorkflowLib.agreement.response_tables import SUBJECT_COLUMNS, SUMMARY_COLUMNS, subject_cells, summary_rows

from .plot_nodes import BLUE, GREY, ORANGE, Curve, PlotNodes
from .texts import Texts

COLOURS = (BLUE, ORANGE, GREY)


@dataclass(frozen=True)
class ResponseNodes:
    """Nodes of a response: two vtkMRMLTableNode, as ``cases.tsv`` and ``summary.tsv``, and two vtkMRMLPlotChartNode.

    Attributes
    ----------
    study
        What they show.
    subjects, summary
        Tables.
    spaghetti
        A line for each subject from baseline (0) to follow-up (1), in the colour of its group.
    waterfall
        A bar for each subject, the largest rise first, with the smallest detectable change where one is known.
    """

    study: ResponseStudy
    subjects: Any
    summary: Any
    spaghetti: Any
    waterfall: Any


def response_nodes(scene: Any, study: ResponseStudy, reader: str, texts: Texts) -> ResponseNodes:
    """Show the change of VHI as a reader read it, in place of what was shown of that reader before."""
    title = texts.response_title(reader)
    nodes = PlotNodes(scene, f"response {reader}")
    found = study.found
    ends = texts.time_points_axis(found.baseline, found.follow_up)
    rows = [subject_cells(study, subject) for subject in found.subjects]
    return ResponseNodes(
        study,
        nodes.table(texts.cases_title(title), SUBJECT_COLUMNS, rows),
        nodes.table(texts.summary_title(title), SUMMARY_COLUMNS, summary_rows(study)),
        nodes.chart(title, (ends, texts.volume_axis()), _spaghetti(study, texts)),
        nodes.chart(title, (texts.subjects_axis(), texts.change_axis()), _waterfall(study, texts)),
    )


def _spaghetti(study: ResponseStudy, texts: Texts) -> list[Curve]:
    groups = {name: group.subjects for name, group in study.groups.items()} or {texts.cases(): study.found.subjects}
    return [
        _lines(name, subjects, COLOURS[place % len(COLOURS)]) for place, (name, subjects) in enumerate(groups.items())
    ]


def _lines(name: str, subjects: Sequence[SubjectChange], colour: tuple[float, float, float]) -> Curve:
    """One line for all subjects, with a gap between them."""
    x = np.tile([0.0, 1.0, np.nan], len(subjects))
    y = np.array([[each.baseline_mm3, each.follow_up_mm3, np.nan] for each in subjects]).ravel()
    return Curve(name, x, y, "line", colour, [each.subject for each in subjects for _ in range(3)])


def _waterfall(study: ResponseStudy, texts: Texts) -> list[Curve]:
    ordered = sorted(study.found.subjects, key=lambda each: (-each.change_mm3, each.subject))
    places = np.arange(1.0, len(ordered) + 1)
    changes = np.array([each.change_mm3 for each in ordered])
    curves = [Curve(texts.change(), places, changes, "bars", labels=[each.subject for each in ordered])]
    limit = study.limits.change_mm3
    if limit is not None:
        across = np.array([0.5, len(ordered) + 0.5])
        curves += [Curve(texts.smallest_change(), across, np.full(2, side * limit), "dashed", GREY) for side in (1, -1)]
    return curves
