"""The islands as one surface for 3D views, from which islands vanish and to which they come back at once.

The surfaces that Slicer makes of segments take up to a second after each step. Here all islands are meshed once, and a
step only chooses which faces are shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.cleaning import Change, CleaningSession
from VHIWorkflowLib.core.grids import IndexArray, bounding_box
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.segment_kinds import SENSITIVE

from .case_nodes import CaseNodes
from .images import image_of, vtk_matrix
from .picking import counts

ROLE = "surface"
SMOOTHING_ROUNDS = 12


class IslandSurface:
    """A model node with the surface of the islands that count, kept up to date while it is shown.

    Parameters
    ----------
    nodes
        Of the case.
    name
        What the node is called, after the title of the case.
    """

    def __init__(self, nodes: CaseNodes, name: str) -> None:
        self._nodes = nodes
        self._name = name
        self._faces: IndexArray = np.empty((0, 3), dtype=np.int64)
        self._islands: IndexArray = np.empty((0, 2), dtype=np.int64)
        self._made_of: tuple[CleaningSession, tuple[int, ...]] | None = None

    @property
    def node(self) -> Any:
        """The vtkMRMLModelNode; None before it was shown for the first time."""
        return self._nodes.get(ROLE)

    @property
    def is_shown(self) -> bool:
        """Whether it is in the scene and visible."""
        return self.node is not None and bool(self.node.GetDisplayVisibility())

    def show(self, session: CleaningSession | None, visible: bool) -> None:
        """Show the surface, or hide it; it is made when it is first shown."""
        if visible and session is not None:
            if self.node is None:
                self._add()
            self.update(session)
        if self.node is not None:
            self.node.SetDisplayVisibility(visible and session is not None)

    def update(self, session: CleaningSession) -> None:
        """Make the surface anew, as things stand."""
        data = _mesh(session)
        self._faces, self._islands = _faces_of(data), _labels_of(data)
        self._made_of = session, tuple(session.partition)
        self.node.SetAndObservePolyData(data)
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
        """Show the faces of islands that count, wholly or partly."""
        import vtk
        from vtk.util.numpy_support import numpy_to_vtkIdTypeArray

        shown = np.zeros(int(self._islands.max(initial=0)) + 1, dtype=bool)
        for number in session.partition:
            if number < shown.size:
                unit = Unit(number)
                shown[number] = counts(session, unit) or session.decision(unit) == "partly"
        faces = self._faces[shown[self._islands].any(axis=1)]
        polygons = vtk.vtkCellArray()
        polygons.SetData(
            numpy_to_vtkIdTypeArray(np.arange(0, faces.size + 1, 3, dtype=np.int64), deep=True),
            numpy_to_vtkIdTypeArray(np.ascontiguousarray(faces).ravel(), deep=True),
        )
        data = self.node.GetPolyData()
        data.SetPolys(polygons)
        data.GetCellData().Initialize()
        data.Modified()

    def _add(self) -> None:
        node = self._nodes.scene.AddNewNodeByClass("vtkMRMLModelNode", self._nodes.name(self._name))
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetColor(*SENSITIVE.colour)
        display.SetVisibility2D(False)
        self._nodes.put(ROLE, node)


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
