"""What can go wrong with bundled networks."""

from __future__ import annotations

from VHIWorkflowLib.core.errors import VHIError


class ModelError(VHIError):
    """A model cannot be read, written or run: one sentence, what is wrong and what to do."""


class SegmentationCancelledError(ModelError):
    """Running a network was cancelled on request."""
