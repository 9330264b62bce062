"""All views of the layout while the module is shown: a pointer for each, and one key that bares the scans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.workflow import Workflow

from .hooks import Hooks
from .slice_pointer import SlicePointer
from .slice_view import SliceView
from .surface_pointer import SurfacePointer
from .surface_view import SurfaceView
from .tool import Options


class Views:
    """Pointers in views; none until `start`.

    Parameters
    ----------
    workflow, options, hooks
        What is cleaned, how, and who is told.
    """

    def __init__(self, workflow: Workflow, options: Options, hooks: Hooks) -> None:
        self._workflow, self._options, self._hooks = workflow, options, hooks
        self.slices: list[SlicePointer] = []
        self.surfaces: list[SurfacePointer] = []
        self._hidden: Any = None

    def start(self, slice_widgets: Iterable[Any], three_d_widgets: Iterable[Any]) -> None:
        """Watch the mouse in these views (qMRMLSliceWidget, qMRMLThreeDWidget), and in no others."""
        self.stop()
        self.slices = [
            SlicePointer(SliceView(widget), self._workflow, self._options, self._hooks, self._moved)
            for widget in slice_widgets
        ]
        self.surfaces = [
            SurfacePointer(SurfaceView(widget), self._workflow, self._options, self._hooks)
            for widget in three_d_widgets
        ]

    def stop(self) -> None:
        """Let go of all views."""
        self.show_overlays()
        pointers: list[SlicePointer | SurfacePointer] = [*self.slices, *self.surfaces]
        for pointer in pointers:
            pointer.stop()
        self.slices, self.surfaces = [], []

    def refresh(self) -> None:
        """Look again at what lies under the cursor."""
        pointers: list[SlicePointer | SurfacePointer] = [*self.slices, *self.surfaces]
        for pointer in pointers:
            pointer.refresh()

    def point_at(self, ras: Ras) -> None:
        """Outline the island at a point in every slice view, until the cursor is over another one."""
        for pointer in self.slices:
            pointer.point_at(ras)

    def unpin(self) -> None:
        """Forget the island that was pointed at."""
        for pointer in self.slices:
            pointer.unpin()

    def hide_overlays(self) -> None:
        """Hide masks and outlines, to see the bare scan, until `show_overlays`."""
        case = self._workflow.case
        display = None if case is None else case.segmentation_node.GetDisplayNode()
        if display is not None and display.GetVisibility():
            self._hidden = display
            display.SetVisibility(False)
        for pointer in self.slices:
            pointer.hide()

    def show_overlays(self) -> None:
        """Show again what was hidden."""
        display, self._hidden = self._hidden, None
        if display is not None:
            display.SetVisibility(True)
        self.refresh()

    def _moved(self, where: SlicePointer, ras: Ras | None) -> None:
        """Show the cursor's place in the other slice views."""
        for pointer in self.slices:
            if pointer is not where:
                if ras is None:
                    pointer.cross.hide()
                else:
                    pointer.cross.show(ras)
