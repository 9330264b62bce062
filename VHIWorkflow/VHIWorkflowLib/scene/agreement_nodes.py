"""Agreement of two readings as tables and plots in the scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.agreement.comparison import Comparison
from VHIWorkflowLib.agreement.summary import summary
from VHIWorkflowLib.agreement.tables import CASE_COLUMNS, SUMMARY_COLUMNS, case_cells, statistic_cells
from VHIWorkflowLib.statistics.bland_altman import bland_altman
from VHIWorkflowLib.statistics.errors import StatisticsError
from VHIWorkflowLib.statistics.estimates import logarithms
from VHIWorkflowLib.statistics.regression import passing_bablok

from .plot_nodes import GREY, ORANGE, Curve, PlotNodes
from .texts import Texts

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AgreementNodes:
    """Nodes of a comparison: two tables as ``cases.tsv`` and ``summary.tsv``, and three charts (vtkMRMLPlotChartNode).

    Attributes
    ----------
    found
        What they show.
    cases, summary
        Tables.
    scatter
        One reading against the other, with the line of equality and Passing and Bablok's.
    bland_altman, bland_altman_log
        Differences against means, with bias and limits of agreement, of VHI and of its logarithm.
    """

    found: Comparison
    cases: Any
    summary: Any
    scatter: Any
    bland_altman: Any
    bland_altman_log: Any


def agreement_nodes(scene: Any, found: Comparison, texts: Texts) -> AgreementNodes:
    """Show a comparison with at least one case, in place of an earlier one of the same readings."""
    title = texts.agreement_title(found.a, found.b)
    nodes = PlotNodes(scene, f"agreement {found.a} {found.b}")
    a, b = (np.array(values) for values in found.volumes)
    log_a, log_b = (logarithms(values, found.smallest_voxel_mm3)[0] for values in (a, b))
    names = [case.name for case in found.cases]
    axes = (texts.volume_axis(found.a), texts.volume_axis(found.b))
    means, differences = texts.mean_axis(logarithmic=False), texts.difference_axis(found.a, found.b, logarithmic=False)
    log_axes = texts.mean_axis(logarithmic=True), texts.difference_axis(found.a, found.b, logarithmic=True)
    return AgreementNodes(
        found,
        nodes.table(texts.cases_title(title), CASE_COLUMNS, [case_cells(found, case) for case in found.cases]),
        nodes.table(texts.summary_title(title), SUMMARY_COLUMNS, [statistic_cells(found, s) for s in summary(found)]),
        nodes.chart(title, axes, _scatter(a, b, names, texts)),
        nodes.chart(title, (means, differences), _bland_altman(a, b, names, texts)),
        nodes.chart(title, log_axes, _bland_altman(log_a, log_b, names, texts)),
    )


def _scatter(a: FloatArray, b: FloatArray, names: list[str], texts: Texts) -> list[Curve]:
    ends = np.array([min(a.min(), b.min()), max(a.max(), b.max())])
    curves = [Curve(texts.cases(), a, b, labels=names), Curve(texts.equality(), ends, ends, "dashed", GREY)]
    try:
        line = passing_bablok(a, b)
    except StatisticsError:
        return curves
    across = np.array([a.min(), a.max()])
    fitted = line.intercept.value + line.slope.value * across
    return [*curves, Curve("Passing-Bablok", across, fitted, "line", ORANGE)]


def _bland_altman(a: FloatArray, b: FloatArray, names: list[str], texts: Texts) -> list[Curve]:
    means = (a + b) / 2
    curves = [Curve(texts.cases(), means, b - a, labels=names)]
    try:
        found = bland_altman(a, b)
    except StatisticsError:
        return curves
    across = np.array([means.min(), means.max()])
    levels = [
        (texts.bias(), found.bias, "line"),
        *((texts.limit(), each, "dashed") for each in (found.lower, found.upper)),
    ]
    return [*curves, *(Curve(name, across, np.full(2, each.value), style, ORANGE) for name, each, style in levels)]
