"""What happens to the scene from outside: it is closed, or a node is deleted."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

BEFORE_SLICER = 100.0
"""Priority: when a scene was closed, Slicer changes its views, and these ask what lies under the cursor."""


class SceneWatch:
    """Tells of a scene's events until it is stopped, or nobody is left to be told.

    Scene and watch do not keep each other alive, nor whoever is told, and what the scene calls are methods and not
    closures: in plain Python, a scene that the garbage collector takes down calls its observers while these are being
    taken apart.

    Parameters
    ----------
    scene
        vtkMRMLScene.
    closed
        Method to call when the scene was closed.
    node_removed
        Method to call with a node that was removed while the scene stays open.
    """

    def __init__(self, scene: Any, closed: Callable[[], None], node_removed: Callable[[Any], None]) -> None:
        import vtk

        self._scene = weakref.ref(scene)
        self._closed = weakref.WeakMethod(closed)
        self._node_removed = weakref.WeakMethod(node_removed)
        self._looking_away = 0
        vtk.calldata_type(vtk.VTK_OBJECT)(SceneWatch._on_removed)
        self._tags = [
            scene.AddObserver(scene.EndCloseEvent, self._on_closed, BEFORE_SLICER),
            scene.AddObserver(scene.NodeRemovedEvent, self._on_removed),
        ]

    def stop(self) -> None:
        """Tell no more."""
        scene: Any = self._scene()
        if scene is not None:
            for tag in self._tags:
                scene.RemoveObserver(tag)
        self._tags = []

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Do not tell of nodes that we remove ourselves."""
        self._looking_away += 1
        try:
            yield
        finally:
            self._looking_away -= 1

    def _on_closed(self, _scene: Any, _event: str) -> None:
        tell = self._told_by("_closed")
        if tell is not None:
            tell()

    def _on_removed(self, scene: Any, _event: str, node: Any) -> None:
        tell = self._told_by("_node_removed")
        if tell is not None and not self._looking_away and not scene.IsClosing():
            tell(node)

    def _told_by(self, name: str) -> Callable[..., None] | None:
        """Who is told, if they are there and the watch has not been taken apart."""
        method = self.__dict__.get(name)
        return None if method is None else method()
