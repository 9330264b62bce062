"""What can go wrong between a case and the scene."""

from VHIWorkflowLib.core.errors import VHIError


class SceneError(VHIError):
    """A node cannot be used, or a step needs what is not there: one sentence, what is wrong and what to do."""


class CancelledError(SceneError):
    """The reader stopped what was running."""
