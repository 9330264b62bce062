"""Tables and plots of a study as nodes of the scene, made anew each time they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .hierarchy import drop_node
from .table_columns import Column, fill_table

STUDY = "VHIWorkflow.study"
"""Attribute of the nodes: what they show."""
NODE_CLASSES = ("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode")
Colour = tuple[float, float, float]
Numbers = npt.NDArray[np.float64]
BLUE: Colour = (0.12, 0.47, 0.71)
GREY: Colour = (0.5, 0.5, 0.5)
ORANGE: Colour = (0.85, 0.37, 0.01)


@dataclass(frozen=True)
class Curve:
    """One series of a chart: points, a line through them, or bars.

    Attributes
    ----------
    name
        In the legend.
    x, y
        Of the points, in order; a line has a gap where a number is missing (nan).
    style
        How it is drawn.
    labels
        Name of each point, shown under the cursor; none when empty.
    """

    name: str
    x: Numbers
    y: Numbers
    style: str = "points"
    colour: Colour = BLUE
    labels: Sequence[str] = ()


class PlotNodes:
    """Tables and charts of one question, in place of those that answered it before.

    Parameters
    ----------
    scene
        vtkMRMLScene.
    about
        What they show; nodes about the same leave the scene.
    """

    def __init__(self, scene: Any, about: str) -> None:
        self._scene = scene
        self._about = about
        drop_plots(scene, about)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
        """A vtkMRMLTableNode with cells as in the file of the same table."""
        cells = {column: [row[place] for row in rows] for place, column in enumerate(columns)}
        return self._table(name, cells)

    def chart(self, title: str, axes: tuple[str, str], curves: Sequence[Curve]) -> Any:
        """A vtkMRMLPlotChartNode with its series and their tables, which are hidden in Slicer's lists of tables."""
        chart = self._add("vtkMRMLPlotChartNode", title)
        chart.SetTitle(title)
        chart.SetXAxisTitle(axes[0])
        chart.SetYAxisTitle(axes[1])
        chart.SetLegendVisibility(len(curves) > 1)
        for curve in curves:
            chart.AddAndObservePlotSeriesNodeID(self._series(curve).GetID())
        return chart

    def _series(self, curve: Curve) -> Any:
        columns: dict[str, Column] = {"x": curve.x, "y": curve.y}
        if curve.labels:
            columns["case"] = curve.labels
        table = self._table(curve.name, columns)
        table.SetHideFromEditors(True)
        series = self._add("vtkMRMLPlotSeriesNode", curve.name)
        bars, line = curve.style == "bars", curve.style in ("line", "dashed")
        series.SetPlotType(series.PlotTypeScatterBar if bars else series.PlotTypeScatter)
        series.SetMarkerStyle(series.MarkerStyleNone if line or bars else series.MarkerStyleCircle)
        styles = {"line": series.LineStyleSolid, "dashed": series.LineStyleDash}
        series.SetLineStyle(styles.get(curve.style, series.LineStyleNone))
        series.SetLineWidth(2)
        series.SetColor(*curve.colour)
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName("x")
        series.SetYColumnName("y")
        if curve.labels:
            series.SetLabelColumnName("case")
        return series

    def _table(self, name: str, columns: Mapping[str, Column]) -> Any:
        node = self._add("vtkMRMLTableNode", name)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)
        fill_table(node, columns)
        return node

    def _add(self, kind: str, name: str) -> Any:
        node = self._scene.AddNewNodeByClass(kind, name)
        node.SetAttribute(STUDY, self._about)
        return node


def drop_plots(scene: Any, about: str | None = None) -> None:
    """Take tables and charts about something out of the scene; all of them when it is None."""
    for kind in NODE_CLASSES:
        nodes = [scene.GetNthNodeByClass(number, kind) for number in range(scene.GetNumberOfNodesByClass(kind))]
        for node in nodes:
            if node.GetAttribute(STUDY) is not None and about in (None, node.GetAttribute(STUDY)):
                drop_node(scene, node)
