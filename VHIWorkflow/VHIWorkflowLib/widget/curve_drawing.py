"""Closed curves of Slicer's markups, placed by the reader to mark normal bone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt

from VHIWorkflowLib.core.grids import Grid

CURVE_CLASS = "vtkMRMLMarkupsClosedCurveNode"
ATTRIBUTE = "VHIWorkflow.NormalBone"


class CurveDrawing:
    """Curves from the first click until they are taken or given up; then they are removed.

    Parameters
    ----------
    scene
        vtkMRMLScene.
    interaction, selection
        vtkMRMLInteractionNode and vtkMRMLSelectionNode of the application.
    name
        Of the curves.
    """

    def __init__(self, scene: Any, interaction: Any, selection: Any, name: str) -> None:
        self._scene, self._interaction, self._selection, self._name = scene, interaction, selection, name
        self._curves: list[tuple[Any, list[int]]] = []
        self._changed: Callable[[], None] | None = None
        self._placed_tag: Any = None

    @property
    def is_drawing(self) -> bool:
        """Whether curves are being placed."""
        return self._changed is not None

    @property
    def is_placing(self) -> bool:
        """Whether a click in a view places a point of a markup now, ours or another."""
        return bool(self._interaction.GetCurrentInteractionMode() == self._interaction.Place)

    def start(self, _grid: Grid, changed: Callable[[], None]) -> None:
        """Let the reader place curves, one after the other; ``changed`` is called whenever one changes."""
        self.cancel()
        self._changed = changed
        self._placed_tag = self._interaction.AddObserver(self._interaction.EndPlacementEvent, self._on_placed)
        self._add_curve()

    def nodes(self) -> list[Any]:
        """Curves of at least three points."""
        return [node for node, _tags in self._curves if node.GetScene() and node.GetNumberOfDefinedControlPoints() > 2]

    def cancel(self) -> None:
        """Place no more, and remove the curves."""
        if self._changed is None:
            return
        self._changed = None
        self._interaction.RemoveObserver(self._placed_tag)
        if self.is_placing:
            self._interaction.SetCurrentInteractionMode(self._interaction.ViewTransform)
        curves, self._curves = self._curves, []
        for node, tags in curves:
            for tag in tags:
                node.RemoveObserver(tag)
            if node.GetScene():
                self._scene.RemoveNode(node)

    def _add_curve(self) -> None:
        node = self._scene.AddNewNodeByClass(CURVE_CLASS, self._name)
        node.SetSaveWithScene(False)
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetPropertiesLabelVisibility(False)
        node.GetDisplayNode().SetPointLabelsVisibility(False)
        events = (node.PointModifiedEvent, node.PointPositionDefinedEvent, node.PointRemovedEvent)
        self._curves.append((node, [node.AddObserver(event, self._on_modified) for event in events]))
        self._selection.SetReferenceActivePlaceNodeClassName(CURVE_CLASS)
        self._selection.SetActivePlaceNodeID(node.GetID())
        self._interaction.SetPlaceModePersistence(0)
        self._interaction.SetCurrentInteractionMode(self._interaction.Place)

    def _on_placed(self, *_event: Any) -> None:
        """A curve was ended: the next one can be drawn; where nothing was drawn, the reader wants to place no more."""
        if self._curves[-1][0] in self.nodes():
            qt.QTimer.singleShot(0, self._go_on)  # Slicer is still leaving the mode

    def _go_on(self) -> None:
        if self.is_drawing:
            self._add_curve()

    def _on_modified(self, *_event: Any) -> None:
        if self._changed is not None:
            self._changed()
