"""Whom the views tell what the reader does there."""

from __future__ import annotations

from typing import Protocol

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.scene.island_table import IslandRow
from VHIWorkflowLib.scene.picking import Ras


class Hooks(Protocol):
    """Listens to the views."""

    def failed(self, error: VHIError) -> None:
        """A step could not be taken."""

    def drawn(self, mask: BoolArray | None) -> None:
        """Normal bone is being drawn, shape (k, j, i); None when drawing ended."""

    def hovered(self, row: IslandRow | None, ras: Ras | None, *, whole: bool = False) -> None:
        """The cursor is over an island, at a point; None when it is over none.

        ``whole`` where the whole island is meant, also when steps are limited to a slice: as in 3D.
        """

    def entered(self) -> None:
        """The mouse came into a view."""

    def is_placing(self) -> bool:
        """Whether clicks place points of Slicer's markups now."""
