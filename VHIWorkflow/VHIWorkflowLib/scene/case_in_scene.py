"""An open case shown in the scene: its scans, regions and masks as nodes that follow what the reader does."""

from __future__ import annotations

from typing import Any

from VHIWorkflowLib.core.cleaning import Change
from VHIWorkflowLib.study.open_case import OpenCase


class CaseInScene:
    """Mirrors an `OpenCase` into nodes; the OpenCase stays the truth, nodes are made again from it.

    Attributes
    ----------
    open_case
        Scans, regions, thresholds, cleaning.
    title
        What the reader sees: "1007  baseline", or "Case 3" in a blinded list.
    stir_node, t1w_node
        vtkMRMLScalarVolumeNode.
    segmentation_node
        vtkMRMLSegmentationNode with the segments "sensitive", "conservative", "normal_bone", "disease_region" (ids of
        `core.segment_kinds`) and "removed".
    chart_node
        vtkMRMLPlotChartNode: histogram of normal bone and disease region with both thresholds.
    """

    def __init__(self, scene: Any, open_case: OpenCase, title: str) -> None:
        self.open_case = open_case
        self.title = title

    @property
    def stir_node(self) -> Any: ...
    @property
    def t1w_node(self) -> Any: ...
    @property
    def segmentation_node(self) -> Any: ...
    @property
    def chart_node(self) -> Any: ...
    @property
    def is_complete(self) -> bool:
        """Whether all nodes are in the scene; a reader may have deleted some."""

    def make_complete(self) -> None:
        """Make nodes again that the reader deleted."""

    def show_regions(self) -> None:
        """Bring all segments and the histogram up to date."""

    def apply(self, change: Change) -> None:
        """Write what a step, undo or redo changed into the segments: only the voxels it touched."""

    def show_removed(self, visible: bool) -> None:
        """Show faintly what was removed, or hide it."""

    def remove(self) -> None:
        """Take all nodes of the case out of the scene, but not volumes that were there before."""
