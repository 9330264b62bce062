"""The islands of any segment of any segmentation node."""

from __future__ import annotations

from typing import Any

import numpy as np

from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.grids import Grid, IndexArray
from VHIWorkflowLib.core.islands import find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.steps_in_effect import Change
from VHIWorkflowLib.core.targets import AtVoxel
from VHIWorkflowLib.scene.images import matrix_of, voxels_of, vtk_matrix
from VHIWorkflowLib.scene.picking import Pick, Ras, counts, outline, pick, pick_surface, view_axis


class SegmentIslands:
    """Islands of one segment as it was when they were looked for; what was removed since can be restored.

    Parameters
    ----------
    node
        vtkMRMLSegmentationNode.
    segment_id
        Of a segment with a binary labelmap.
    """

    def __init__(self, node: Any, segment_id: str) -> None:
        import slicer

        self.node, self.segment_id = node, segment_id
        image = slicer.vtkOrientedImageData()
        node.GetBinaryLabelmapRepresentation(segment_id, image)
        self._to_world = _matrix_above(node)
        self._start = image.GetExtent()[::2]
        self._image_to_world = _image_matrix(image)
        self.session = None if image.IsEmpty() else self._find(voxels_of(image) != 0)
        self._seen = self._changed_at()

    @property
    def is_current(self) -> bool:
        """Whether the segment is as we left it: nobody else has changed it, and it has not been moved."""
        return self._changed_at() == self._seen and np.array_equal(_matrix_above(self.node), self._to_world)

    def settle(self) -> None:
        """What the segment is now is our own doing."""
        self._seen = self._changed_at()

    def is_as_decided(self) -> bool:
        """Whether the segment holds what was decided here and nothing else."""
        import slicer

        image = slicer.vtkOrientedImageData()
        self.node.GetBinaryLabelmapRepresentation(self.segment_id, image)
        if self.session is None or not np.allclose(_image_matrix(image), self._image_to_world):
            return False
        decided = self.session.mask()
        if image.IsEmpty():
            return not decided.any()
        first = np.array(image.GetExtent()[::2])[::-1] - np.array(self._start)[::-1]
        inside = np.argwhere(voxels_of(image) != 0) + first
        return np.array_equal(inside, np.argwhere(decided))

    def pick(self, ras: Ras, in_slice: int | None = None) -> Pick | None:
        """The island at a point."""
        return None if self.session is None else pick(self.session, ras, in_slice)

    def pick_surface(self, ras: Ras, *, removed_too: bool = False) -> Pick | None:
        """The island at a point of its surface, also one that was removed where that is asked for."""
        return None if self.session is None else pick_surface(self.session, ras, removed_too=removed_too)

    def slice_number(self, ras: Ras) -> int | None:
        """The slice through a point, along the axis of the largest spacing."""
        if self.session is None:
            return None
        grid = self.session.grid
        number = round(float(grid.from_ras(ras)[0, grid.slice_axis]))
        return number if 0 <= number < grid.shape[grid.slice_axis] else None

    def outline(self, picked: Pick, normal: Ras) -> Any:
        """Its outline in a view, vtkPolyData in RAS mm."""
        return None if self.session is None else outline(self.session, picked, view_axis(self.session.grid, normal))

    def size(self, picked: Pick) -> tuple[int, float]:
        """Voxels and mm3 of an island or part."""
        if self.session is None:
            return 0, 0.0
        voxels = self.session.partition.size_of(picked.unit)
        return voxels, voxels * self.session.grid.voxel_volume_mm3

    def is_there(self, picked: Pick) -> bool:
        """Whether it is part of the segment now."""
        return self.session is not None and counts(self.session, picked.unit)

    def toggle(self, picked: Pick, in_slice: int | None = None) -> Change:
        """Remove an island, or restore it; the segment itself follows by `modifier`."""
        if self.session is None:
            return Change()
        act = self.session.remove if self.is_there(picked) else self.session.restore
        return act(AtVoxel(picked.voxel), in_slice=in_slice)

    def modifier(self, voxels: IndexArray) -> Any:
        """A labelmap (vtkOrientedImageData) of voxels at C-order positions, as small as they allow."""
        import slicer
        from vtk.util.numpy_support import numpy_to_vtk

        if self.session is None:
            raise ValueError("an empty segment has no voxels")
        kji = np.stack(np.unravel_index(voxels, self.session.grid.shape), axis=1)
        low, high = kji.min(axis=0), kji.max(axis=0)
        mask = np.zeros(high - low + 1, dtype=np.uint8)
        mask[tuple((kji - low).T)] = 1
        first = low[::-1] + self._start
        last = high[::-1] + self._start
        image = slicer.vtkOrientedImageData()
        image.SetExtent(*(int(n) for pair in zip(first, last, strict=True) for n in pair))
        image.GetPointData().SetScalars(numpy_to_vtk(mask.ravel(), deep=True))
        image.SetImageToWorldMatrix(vtk_matrix(self._image_to_world))
        return image

    def _find(self, mask: Any) -> CleaningSession:
        shift = np.eye(4)
        shift[:3, 3] = self._start
        grid = Grid(mask.shape, self._to_world @ self._image_to_world @ shift)
        lattice = Lattice(grid.shape, grid.slice_axis)
        islands = find_islands(Runs.of(lattice.codes_of(mask)), lattice)
        return CleaningSession(islands, grid)

    def _changed_at(self) -> int:
        """When the voxels of the segment were last changed, in VTK's time."""
        image = self.node.GetBinaryLabelmapInternalRepresentation(self.segment_id)
        return 0 if image is None else int(image.GetMTime())


def _image_matrix(image: Any) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return matrix_of(matrix)


def _matrix_above(node: Any) -> Any:
    """The linear transform above a node, 4 x 4; the identity where there is none or it bends space."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    transform = node.GetParentTransformNode()
    if transform is not None and transform.IsTransformToWorldLinear():
        transform.GetMatrixTransformToWorld(matrix)
    return matrix_of(matrix)
