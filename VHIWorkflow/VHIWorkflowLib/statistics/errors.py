"""What goes wrong with statistics."""

from __future__ import annotations

from VHIWorkflowLib.core.errors import VHIError


class StatisticsError(VHIError):
    """Numbers that a statistic cannot be worked out from; one sentence that says why."""
