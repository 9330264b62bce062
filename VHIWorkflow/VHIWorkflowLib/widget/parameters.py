"""The reader's choices on the panel, kept in the scene by Slicer's parameter node."""

from __future__ import annotations

from typing import Annotated, Any

import slicer
from slicer.parameterNodeWrapper import Default, parameterNodeWrapper

from VHIWorkflowLib.core.steps import REASONS, Reason
from VHIWorkflowLib.interaction.tool import Tool


@parameterNodeWrapper
class VHIWorkflowParameterNode:
    """Choices on the panel.

    Attributes
    ----------
    reader
        Name or initials.
    blinded
        Whether the next list is opened blinded.
    out_folder
        Of records and results; empty for one beside the list.
    stir, t1w, case_id, time_point
        Scans of the scene to be opened as a case.
    tool
        What the left button does.
    slice_only, reason_number, brush_radius_mm
        How it does it; reason 0 is none.
    smaller_than_mm3, rank_below
        Limits for removing many at once.
    show_removed, show_3d, by_size, show_table, show_volumes, thresholds_locked
        What is shown, and how.
    """

    reader: str
    blinded: bool
    out_folder: str
    stir: slicer.vtkMRMLScalarVolumeNode
    t1w: slicer.vtkMRMLScalarVolumeNode
    case_id: str
    time_point: str
    tool: Tool = Tool.CLICK
    slice_only: bool
    reason_number: int
    brush_radius_mm: Annotated[float, Default(2.0)]
    smaller_than_mm3: Annotated[float, Default(10.0)]
    rank_below: Annotated[float, Default(0.05)]
    show_removed: bool
    show_3d: bool
    by_size: bool
    show_table: bool
    show_volumes: bool
    thresholds_locked: Annotated[bool, Default(True)]


class PanelOptions:
    """`interaction.tool.Options` of the parameter node that is in use."""

    def __init__(self) -> None:
        self.node: Any = None
        """VHIWorkflowParameterNode, which Slicer gives more methods than it shows; None when there is none."""

    @property
    def tool(self) -> Tool:
        """See `Options`."""
        return Tool.CLICK if self.node is None else self.node.tool

    @property
    def slice_only(self) -> bool:
        """See `Options`."""
        return self.node is not None and self.node.slice_only

    @property
    def reason(self) -> Reason | None:
        """See `Options`."""
        number = 0 if self.node is None else self.node.reason_number
        return REASONS[number - 1] if 0 < number <= len(REASONS) else None

    @property
    def brush_radius_mm(self) -> float:
        """See `Options`."""
        return 2.0 if self.node is None else self.node.brush_radius_mm
