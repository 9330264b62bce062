"""What happens to the scene from outside: it is closed, saved, or a node is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class SceneWatch:
    """Tells of a scene's events until it is stopped.

    Parameters
    ----------
    scene
        vtkMRMLScene.
    closed
        Called when the scene was closed.
    node_removed
        Called with a node that was removed while the scene stays open.
    before_saving
        Called before the scene is saved.
    """

    def __init__(
        self,
        scene: Any,
        closed: Callable[[], None],
        node_removed: Callable[[Any], None],
        before_saving: Callable[[], None],
    ) -> None:
        import vtk

        self._scene = scene
        self._closed = closed
        self._node_removed = node_removed
        self._before_saving = before_saving
        self._looking_away = 0

        def removed(_scene: Any, _event: str, node: Any) -> None:
            self._on_removed(node)

        self._tags = [
            scene.AddObserver(scene.EndCloseEvent, lambda *_: self._closed()),
            scene.AddObserver(scene.NodeRemovedEvent, vtk.calldata_type(vtk.VTK_OBJECT)(removed)),
            scene.AddObserver(scene.StartSaveEvent, lambda *_: self._before_saving()),
        ]

    def stop(self) -> None:
        """Tell no more."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._tags = []

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Do not tell of nodes that we remove ourselves."""
        self._looking_away += 1
        try:
            yield
        finally:
            self._looking_away -= 1

    def _on_removed(self, node: Any) -> None:
        if not self._looking_away and not self._scene.IsClosing():
            self._node_removed(node)
