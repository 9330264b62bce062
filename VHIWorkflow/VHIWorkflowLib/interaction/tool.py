"""What the left mouse button does, and what the panel says about it."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from VHIWorkflowLib.core.steps import Reason


class Tool(Enum):
    """What the left mouse button does in slice views."""

    CLICK = "click"
    LASSO = "lasso"
    CUT = "cut"
    PLANE = "plane"
    OUTLINE = "outline"
    PAINT = "paint"
    ERASE = "erase"

    @property
    def is_cleaning(self) -> bool:
        """Whether it decides on islands; else it draws normal bone."""
        return self in (Tool.CLICK, Tool.LASSO, Tool.CUT, Tool.PLANE)

    @property
    def has_brush(self) -> bool:
        """Whether it paints with a round brush."""
        return self in (Tool.CUT, Tool.PAINT, Tool.ERASE)


class Options(Protocol):
    """The reader's choices on the panel, looked up when they are needed.

    Attributes
    ----------
    tool
        What the left button does.
    slice_only
        Whether steps are limited to the slice that is shown.
    reason
        Given to all removals until it is taken back; None for none.
    brush_radius_mm
        Of the round brush.
    """

    @property
    def tool(self) -> Tool: ...
    @property
    def slice_only(self) -> bool: ...
    @property
    def reason(self) -> Reason | None: ...
    @property
    def brush_radius_mm(self) -> float: ...
