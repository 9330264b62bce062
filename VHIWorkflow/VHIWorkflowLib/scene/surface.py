"""The islands as one surface for 3D views, from which islands vanish and to which they come back at once.

The surfaces that Slicer makes of segments take up to a second after each step. Here all islands are meshed once, and a
step only chooses which faces are shown. What does not count can be shown too, faintly, by a surface of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import IndexArray, bounding_box
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.segment_kinds import SENSITIVE
from VHIWorkflowLib.core.steps_in_effect import Change

from .case_nodes import CaseNodes
from .images import image_of, vtk_matrix
from .picking import counts
from .segments import REMOVED

ROLE, REMOVED_ROLE = "surface", "removed surface"
FAINT = 0.35
"""Opacity of what does not count."""
SMOOTHING_ROUNDS = 12


class IslandSurface:
    """Model nodes with the surfaces of the islands that count and of those that do not, up to date while shown.

    Parameters
    ----------
    nodes
        Of the case.
    name, removed_name
        What the nodes are called, after the title of the case.
    """

    def __init__(self, nodes: CaseNodes, name: str, removed_name: str) -> None:
        self._nodes = nodes
        self._names = {ROLE: name, REMOVED_ROLE: removed_name}
        self._with_removed = False
        self._faces: IndexArray = np.empty((0, 3), dtype=np.int64)
        self._islands: IndexArray = np.empty((0, 2), dtype=np.int64)
        self._made_of: tuple[CleaningSession, tuple[int, ...]] | None = None

    @property
    def node(self) -> Any:
        """The vtkMRMLModelNode of what counts; None before it was shown for the first time."""
        return self._nodes.get(ROLE)

    @property
    def removed_node(self) -> Any:
        """The vtkMRMLModelNode of what does not count; None before the surface was shown for the first time."""
        return self._nodes.get(REMOVED_ROLE)

    @property
    def is_shown(self) -> bool:
        """Whether it is in the scene and visible."""
        return self.node is not None and bool(self.node.GetDisplayVisibility())

    @property
    def shows_removed(self) -> bool:
        """Whether what does not count is visible too."""
        return self.is_shown and self._with_removed

    def show(self, session: CleaningSession | None, visible: bool) -> None:
        """Show the surface, or hide it; it is made when it is first shown."""
        if visible and session is not None:
            self._add_missing()
            self.update(session)
        self._set_visible(visible and session is not None)

    def show_removed(self, session: CleaningSession | None, visible: bool) -> None:
        """Show with the surface what does not count, or hide it."""
        if visible == self._with_removed:
            return
        self._with_removed = visible
        if session is not None and self.is_shown:
            self._choose_faces(session)
            self._set_visible(True)

    def update(self, session: CleaningSession) -> None:
        """Make the surface anew, as things stand."""
        import vtk

        data, removed = _mesh(session), vtk.vtkPolyData()
        self._faces, self._islands = _faces_of(data), _labels_of(data)
        self._made_of = session, tuple(session.partition)
        removed.SetPoints(data.GetPoints())
        removed.GetPointData().ShallowCopy(data.GetPointData())
        self.node.SetAndObservePolyData(data)
        self.removed_node.SetAndObservePolyData(removed)
        self._choose_faces(session)

    def apply(self, session: CleaningSession, change: Change) -> None:
        """Follow a step, undo or redo; nothing happens while the surface is hidden."""
        if not self.is_shown:
            return
        whole = all(step.in_slice is None and step.action != "cut" for step in change.steps)
        if whole and self._made_of == (session, tuple(session.partition)):
            self._choose_faces(session)
        else:
            self.update(session)

    def _choose_faces(self, session: CleaningSession) -> None:
        """Show the faces of islands that count, wholly or partly, and those of the others where they are wanted."""
        shown = np.zeros(int(self._islands.max(initial=0)) + 1, dtype=bool)
        removed = shown.copy()
        for number in session.partition:
            if number < shown.size:
                unit = Unit(number)
                shown[number] = counts(session, unit) or session.decision(unit) == "partly"
                removed[number] = self._with_removed and not shown[number]
        for node, chosen in ((self.node, shown), (self.removed_node, removed)):
            _set_faces(node.GetPolyData(), self._faces[chosen[self._islands].any(axis=1)])

    def _set_visible(self, visible: bool) -> None:
        for node, wanted in ((self.node, visible), (self.removed_node, visible and self._with_removed)):
            if node is not None:
                node.SetDisplayVisibility(wanted)

    def _add_missing(self) -> None:
        for role, colour, opacity in ((ROLE, SENSITIVE.colour, 1.0), (REMOVED_ROLE, REMOVED.colour, FAINT)):
            if self._nodes.get(role) is None:
                node = self._nodes.scene.AddNewNodeByClass("vtkMRMLModelNode", self._nodes.name(self._names[role]))
                node.CreateDefaultDisplayNodes()
                display = node.GetDisplayNode()
                display.SetColor(*colour)
                display.SetOpacity(opacity)
                display.SetVisibility2D(False)
                self._nodes.put(role, node, hidden=role == REMOVED_ROLE)


def _set_faces(data: Any, faces: IndexArray) -> None:
    """Let a vtkPolyData have these triangles."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtkIdTypeArray

    polygons = vtk.vtkCellArray()
    polygons.SetData(
        numpy_to_vtkIdTypeArray(np.arange(0, faces.size + 1, 3, dtype=np.int64), deep=True),
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(faces).ravel(), deep=True),
    )
    data.SetPolys(polygons)
    data.GetCellData().Initialize()
    data.Modified()


def _mesh(session: CleaningSession) -> Any:
    """Smoothed surface of all islands, RAS mm; of islands that count in part only that part."""
    import vtk

    labels, first = _labels(session)
    nets = vtk.vtkSurfaceNets3D()
    nets.SetInputData(image_of(labels))
    for place, number in enumerate(np.unique(labels[labels > 0]).tolist()):
        nets.SetValue(place, number)
    nets.SetOutputMeshTypeToTriangles()
    nets.SetNumberOfIterations(SMOOTHING_ROUNDS)
    placed = vtk.vtkTransformPolyDataFilter()
    transform = vtk.vtkTransform()
    affine = session.grid.affine.copy()
    affine[:3, 3] = session.grid.to_ras(first)[0]
    transform.SetMatrix(vtk_matrix(affine))
    placed.SetTransform(transform)
    placed.SetInputConnection(nets.GetOutputPort())
    normals = vtk.vtkPolyDataNormals()
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.SetInputConnection(placed.GetOutputPort())
    normals.Update()
    data = vtk.vtkPolyData()
    data.ShallowCopy(normals.GetOutput())
    return data


def _labels(session: CleaningSession) -> tuple[npt.NDArray[np.int32], IndexArray]:
    """Island numbers in a box around all islands, one voxel wider, and the array index of its first voxel."""
    partition = session.partition
    labels = np.zeros(session.grid.shape, dtype=np.int32)
    for number in partition:
        partly = session.decision(Unit(number)) == "partly"
        for part in partition.parts_of(Unit(number)):
            if not partly or counts(session, Unit(number, part)):
                labels.ravel()[partition.parts[part].voxels] = number
    box = bounding_box(labels > 0)
    return np.pad(labels[box], 1), np.array([part.start - 1 for part in box])


def _faces_of(data: Any) -> IndexArray:
    """Points of each triangle, shape (n, 3)."""
    from vtk.util.numpy_support import vtk_to_numpy

    faces: IndexArray = vtk_to_numpy(data.GetPolys().GetConnectivityArray()).astype(np.int64).reshape(-1, 3)
    return faces


def _labels_of(data: Any) -> IndexArray:
    """Islands on both sides of each triangle, 0 for none, shape (n, 2)."""
    from vtk.util.numpy_support import vtk_to_numpy

    labels = data.GetCellData().GetArray("BoundaryLabels")
    if labels is None:
        return np.empty((0, 2), dtype=np.int64)
    islands: IndexArray = np.maximum(vtk_to_numpy(labels), 0).astype(np.int64)
    return islands
