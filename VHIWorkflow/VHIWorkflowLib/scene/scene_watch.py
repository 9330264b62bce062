"""What happens to the scene from outside: it is closed, or a node is deleted."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class SceneWatch:
    """Tells of a scene's events until it is stopped, or nobody is left to be told.

    The scene is not made to hold on to whoever is told: a scene that Python's garbage collector takes down together
    with its observers calls them while they are being taken apart, and the program crashes.

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

        self._scene = scene
        self._looking_away: list[bool] = []
        on_closed, on_removed = weakref.WeakMethod(closed), weakref.WeakMethod(node_removed)
        looking_away = self._looking_away

        def tell_closed(_scene: Any, _event: str) -> None:
            tell = on_closed()
            if tell is not None:
                tell()

        def tell_removed(scene: Any, _event: str, node: Any) -> None:
            tell = on_removed()
            if tell is not None and not looking_away and not scene.IsClosing():
                tell(node)

        self._tags = [
            scene.AddObserver(scene.EndCloseEvent, tell_closed),
            scene.AddObserver(scene.NodeRemovedEvent, vtk.calldata_type(vtk.VTK_OBJECT)(tell_removed)),
        ]

    def stop(self) -> None:
        """Tell no more."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._tags = []

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Do not tell of nodes that we remove ourselves."""
        self._looking_away.append(True)
        try:
            yield
        finally:
            self._looking_away.pop()
