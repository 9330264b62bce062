"""The intensities of normal bone and disease region on STIR as a plot, with both thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import BoolArray, FloatArray
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE, SegmentKind
from VHIWorkflowLib.core.thresholds import Thresholds

from .case_nodes import CaseNodes
from .table_columns import fill_table
from .texts import Texts

BINS = 120
HIGHEST_PERCENT = 99.8
"""Brighter voxels of the disease region are beyond the plot, unless a threshold lies there."""

BINS_ROLE, LIMITS_ROLE, CHART_ROLE = "histogram bins", "histogram limits", "histogram"
REGIONS = (NORMAL_BONE, DISEASE_REGION)
LIMITS = (SENSITIVE, CONSERVATIVE)


class Histogram:
    """A chart with two curves (percent of each region's voxels) and two upright lines, made again where it is missing.

    Parameters
    ----------
    nodes
        Of the case.
    texts
        For titles.
    """

    def __init__(self, nodes: CaseNodes, texts: Texts) -> None:
        self._nodes = nodes
        self._texts = texts

    @property
    def roles(self) -> list[str]:
        """Roles of all nodes."""
        return [BINS_ROLE, LIMITS_ROLE, CHART_ROLE, *(_series_role(kind) for kind in (*REGIONS, *LIMITS))]

    @property
    def chart(self) -> Any:
        """The vtkMRMLPlotChartNode; None when it is not in the scene."""
        return self._nodes.get(CHART_ROLE)

    def make_complete(self) -> None:
        """Add the nodes that are missing."""
        for role in (BINS_ROLE, LIMITS_ROLE):
            self._node(role, "vtkMRMLTableNode", self._nodes.name(self._texts.histogram_title()))
        chart = self._node(CHART_ROLE, "vtkMRMLPlotChartNode", self._nodes.name(self._texts.histogram_title()))
        chart.SetXAxisTitle(self._texts.intensity_axis())
        chart.SetYAxisTitle(self._texts.share_axis())
        chart.SetLegendVisibility(True)
        chart.RemoveAllPlotSeriesNodeIDs()
        for kind in (*REGIONS, *LIMITS):
            # the legend shows the names of the series, so they do without the case's title
            series = self._node(_series_role(kind), "vtkMRMLPlotSeriesNode", self._texts.segment(kind))
            series.SetPlotType(series.PlotTypeScatter)
            series.SetMarkerStyle(series.MarkerStyleNone)
            series.SetLineWidth(2)
            series.SetColor(*kind.colour)
            table = self._nodes.get(BINS_ROLE if kind in REGIONS else LIMITS_ROLE)
            series.SetAndObserveTableNodeID(table.GetID())
            series.SetXColumnName("intensity" if kind in REGIONS else kind.segment_id)
            series.SetYColumnName(kind.segment_id if kind in REGIONS else "share")
            chart.AddAndObservePlotSeriesNodeID(series.GetID())

    def update(
        self,
        stir: FloatArray,
        normal_bone: BoolArray | None,
        disease_region: BoolArray | None,
        thresholds: Thresholds | None,
    ) -> None:
        """Draw anew.

        Parameters
        ----------
        stir
            Intensities, shape (k, j, i).
        normal_bone, disease_region
            Masks of that shape, or None.
        thresholds
            None: no lines.
        """
        values = [stir[mask] if mask is not None else stir[:0].ravel() for mask in (normal_bone, disease_region)]
        edges = _edges(values, thresholds)
        shares = [100 * np.histogram(each, edges)[0] / max(each.size, 1) for each in values]
        middle = (edges[:-1] + edges[1:]) / 2
        columns = {kind.segment_id: share for kind, share in zip(REGIONS, shares, strict=True)}
        fill_table(self._nodes.get(BINS_ROLE), {"intensity": middle, **columns})
        top = max(1.0, *(float(share.max(initial=0)) for share in shares))
        places = (thresholds.sensitive, thresholds.conservative) if thresholds else (np.nan, np.nan)
        lines = {kind.segment_id: np.full(2, place) for kind, place in zip(LIMITS, places, strict=True)}
        fill_table(self._nodes.get(LIMITS_ROLE), {**lines, "share": np.array([0.0, top])})

    def _node(self, role: str, kind: str, name: str) -> Any:
        node = self._nodes.get(role)
        if node is None:
            node = self._nodes.scene.AddNewNodeByClass(kind, name)
            self._nodes.put(role, node, hidden=role != CHART_ROLE)
        return node


def _series_role(kind: SegmentKind) -> str:
    return f"histogram {kind.segment_id}"


def _edges(values: list[FloatArray], thresholds: Thresholds | None) -> FloatArray:
    """Edges of the bins, over both regions and the thresholds."""
    some = [each for each in values if each.size]
    low = min((float(each.min()) for each in some), default=0.0)
    high = max((float(np.percentile(each, HIGHEST_PERCENT)) for each in some), default=1.0)
    if thresholds is not None:
        high = max(high, 1.05 * thresholds.conservative)
    return np.linspace(low, max(high, low + 1e-6), BINS + 1)
