"""An open case shown in the scene: its scans, regions and masks as nodes that follow what the reader does."""

from __future__ import annotations

from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.core.steps_in_effect import Change
from VHIWorkflowLib.study.open_case import OpenCase

from .case_nodes import CaseNodes
from .histogram import Histogram
from .segments import REMOVED, CaseSegments
from .surface import IslandSurface
from .texts import Texts
from .volumes import add_volume

STIR_ROLE, T1W_ROLE, SEGMENTATION_ROLE = "stir", "t1w", "segmentation"


class CaseInScene:
    """Mirrors an `OpenCase` into nodes. The OpenCase stays the truth: nodes are made again from it.

    Parameters
    ----------
    open_case
        Scans, regions, thresholds, cleaning.
    nodes
        What is in the scene of it already: nothing for a new case.
    texts
        For titles.

    Attributes
    ----------
    segments
        The masks as segments.
    """

    def __init__(self, open_case: OpenCase, nodes: CaseNodes, texts: Texts) -> None:
        self.open_case = open_case
        self.nodes = nodes
        self._histogram = Histogram(nodes, texts)
        self._surface = IslandSurface(nodes, texts.surface_name(), texts.removed_surface_name())
        self._strong = np.zeros(0, dtype=bool)
        self.segments: CaseSegments
        self.make_complete()

    @property
    def title(self) -> str:
        """What the reader sees: "1007  baseline", or "Case 3" in a blinded list."""
        return self.nodes.title

    @property
    def stir_node(self) -> Any:
        """The STIR, a vtkMRMLScalarVolumeNode."""
        return self.nodes.get(STIR_ROLE)

    @property
    def t1w_node(self) -> Any:
        """The T1w scan, a vtkMRMLScalarVolumeNode on its own grid."""
        return self.nodes.get(T1W_ROLE)

    @property
    def segmentation_node(self) -> Any:
        """The vtkMRMLSegmentationNode; its segment ids are those of `core.segment_kinds`, and "removed"."""
        return self.nodes.get(SEGMENTATION_ROLE)

    @property
    def chart_node(self) -> Any:
        """The histogram with both thresholds, a vtkMRMLPlotChartNode."""
        return self._histogram.chart

    @property
    def surface_node(self) -> Any:
        """The islands that count, for 3D views, a vtkMRMLModelNode; None before it was shown for the first time."""
        return self._surface.node

    @property
    def removed_surface_node(self) -> Any:
        """The islands that do not count, for 3D views, a vtkMRMLModelNode; None before the first."""
        return self._surface.removed_node

    @property
    def shows_removed_surface(self) -> bool:
        """Whether islands that do not count are seen in 3D views."""
        return self._surface.shows_removed

    @property
    def is_complete(self) -> bool:
        """Whether all nodes and segments are in the scene; a reader may have deleted some."""
        roles = (STIR_ROLE, T1W_ROLE, SEGMENTATION_ROLE, *self._histogram.roles)
        return all(self.nodes.get(role) is not None for role in roles) and not self.segments.missing

    def make_complete(self) -> None:
        """Make nodes and segments that are not in the scene, and bring all of them up to date."""
        for role, scan, name in ((STIR_ROLE, self.open_case.stir, "STIR"), (T1W_ROLE, self.open_case.t1w, "T1w")):
            self._make_volume(role, scan, name)
        grid, node = self.open_case.stir.grid, self.segmentation_node
        if node is None:
            self.segments = CaseSegments.add(self.nodes.scene, grid, self.nodes.name(""))
            node = self.nodes.put(SEGMENTATION_ROLE, self.segments.node)
        else:
            self.segments = CaseSegments(node, grid)
            self.segments.make_complete()
        node.SetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole(), self.stir_node.GetID())
        self._histogram.make_complete()
        self.show_regions()

    def show_regions(self) -> None:
        """Bring all segments and the histogram up to date."""
        case, reading = self.open_case, self.open_case.reading
        nothing = np.zeros(case.stir.grid.shape, dtype=bool)
        self.segments.set_mask(NORMAL_BONE, nothing if case.normal_bone is None else case.normal_bone)
        self.segments.set_mask(DISEASE_REGION, nothing if case.disease_region is None else case.disease_region)
        self._strong = (nothing if reading is None else reading.case.conservative_mask()).ravel()
        self.show_masks()
        thresholds = None if reading is None else reading.case.thresholds
        self._histogram.update(case.stir.array, case.normal_bone, case.disease_region, thresholds)

    def show_masks(self) -> None:
        """Bring the cleaned masks up to date, whole."""
        reading = self.open_case.reading
        nothing = np.zeros(self.open_case.stir.grid.shape, dtype=bool)
        cleaned = nothing if reading is None else reading.session.mask()
        strong: BoolArray = cleaned & self._strong.reshape(cleaned.shape)
        removed = nothing if reading is None else reading.case.mask() & ~cleaned
        for kind, mask in ((SENSITIVE, cleaned), (CONSERVATIVE, strong), (REMOVED, removed)):
            self.segments.set_mask(kind, mask)
        if self._surface.is_shown:
            self.show_surface(True)

    def apply(self, change: Change) -> None:
        """Write what a step, undo or redo changed into the segments: only the voxels it touched."""
        self.segments.apply(change, self._strong)
        if self.open_case.reading is not None:
            self._surface.apply(self.open_case.reading.session, change)

    def show_surface(self, visible: bool) -> None:
        """Show the islands that count in 3D views, kept up to date from now on, or hide them."""
        reading = self.open_case.reading
        self._surface.show(None if reading is None else reading.session, visible)

    def show_removed(self, visible: bool) -> None:
        """Show faintly what was removed, in slices and in 3D, or hide it."""
        reading = self.open_case.reading
        self.segments.set_visible(REMOVED, visible)
        self._surface.show_removed(None if reading is None else reading.session, visible)

    def remove(self) -> None:
        """Take all nodes of the case out of the scene, but not volumes that were there before."""
        self.nodes.remove()

    def _make_volume(self, role: str, scan: Volume, name: str) -> None:
        if self.nodes.get(role) is None:
            self.nodes.put(role, add_volume(self.nodes.scene, scan, self.nodes.name(name)))
