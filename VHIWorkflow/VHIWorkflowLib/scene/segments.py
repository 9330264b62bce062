"""The masks of a case as segments of one segmentation node, each on a layer of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.grids import BoolArray, Grid, IndexArray
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE, SegmentKind
from VHIWorkflowLib.core.steps_in_effect import Change

from .images import fill, matrix_of, voxels_of, vtk_matrix

REMOVED = SegmentKind("removed", "Removed", (0.72, 0.52, 1.0), DISEASE_REGION.terminology)
"""What cleaning took away, to be shown faintly."""

LABEL = 1
SAME_PLACE_MM = 1e-3


@dataclass(frozen=True)
class Look:
    """How a segment is drawn in slices: opacity (0 to 1) of its fill and its outline, and whether at first."""

    fill: float
    outline: float
    visible: bool = True


LOOKS: Mapping[SegmentKind, Look] = {
    DISEASE_REGION: Look(0.0, 0.6),
    NORMAL_BONE: Look(0.06, 1.0),
    REMOVED: Look(0.10, 0.6, visible=False),
    SENSITIVE: Look(0.12, 1.0),
    CONSERVATIVE: Look(0.18, 0.8),
}
"""The segments in the order of the list, with thin outlines and a faint fill: the signal below stays readable."""


class CaseSegments:
    """Segments of one case; found by their ids, so that a reader may rename them.

    Parameters
    ----------
    node
        vtkMRMLSegmentationNode in a scene.
    grid
        Of the STIR; all masks have its shape (k, j, i).
    """

    def __init__(self, node: Any, grid: Grid) -> None:
        self.node = node
        self._grid = grid

    @classmethod
    def add(cls, scene: Any, grid: Grid, name: str) -> CaseSegments:
        """Add a segmentation node with all segments, empty, to a scene."""
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        node.CreateDefaultDisplayNodes()
        segments = cls(node, grid)
        segments.make_complete()
        return segments

    @property
    def missing(self) -> list[SegmentKind]:
        """Segments that are not there (any more)."""
        return [kind for kind in LOOKS if self._segment(kind) is None]

    def make_complete(self) -> list[SegmentKind]:
        """Add the segments that are missing, empty; returns them."""
        added = self.missing
        for kind in added:
            self._add(kind)
        if added:
            self._dress(added)
        return added

    def mask_of(self, kind: SegmentKind) -> BoolArray:
        """Copy of a mask, shape (k, j, i), also after it was edited; empty when the segment is missing."""
        import slicer

        mask = np.zeros(self._grid.shape, dtype=bool)
        if self._segment(kind) is None:
            return mask
        image = slicer.vtkOrientedImageData()
        self.node.GetBinaryLabelmapRepresentation(kind.segment_id, image)
        if image.IsEmpty():
            return mask
        whole = slicer.vtkOrientedImageData()
        slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, self._empty(), whole)
        mask[...] = voxels_of(whole) != 0
        return mask

    def set_mask(self, kind: SegmentKind, mask: BoolArray) -> None:
        """Write a whole mask, shape (k, j, i)."""
        with self._changing(kind) as voxels:
            voxels[...] = mask

    def apply(self, change: Change, conservative: BoolArray) -> None:
        """Write the voxels that a step, undo or redo changed, and no others.

        Parameters
        ----------
        change
            Of the session.
        conservative
            Conservative voxels, cleaned away or not, shape (n,) in C order.
        """
        for voxels, shown in ((_joined(change.hidden), False), (_joined(change.shown), True)):
            if voxels.size:
                self.write(SENSITIVE, voxels, shown)
                self.write(REMOVED, voxels, not shown)
                strong = voxels[conservative[voxels]]
                if strong.size:
                    self.write(CONSERVATIVE, strong, shown)

    def write(self, kind: SegmentKind, voxels: IndexArray, value: bool) -> None:
        """Set voxels at C-order positions of the volume to a value."""
        with self._changing(kind) as array:
            array.ravel()[voxels] = value

    def set_visible(self, kind: SegmentKind, visible: bool) -> None:
        """Show or hide a segment."""
        self.node.GetDisplayNode().SetSegmentVisibility(kind.segment_id, visible)

    def is_visible(self, kind: SegmentKind) -> bool:
        """Whether a segment is shown."""
        return bool(self.node.GetDisplayNode().GetSegmentVisibility(kind.segment_id))

    @contextmanager
    def _changing(self, kind: SegmentKind) -> Iterator[npt.NDArray[np.uint8]]:
        """The voxels of a segment, shape (k, j, i), to write to; whoever shows them is told afterwards."""
        segment, image = self._own_layer(kind)
        yield voxels_of(image)
        image.GetPointData().GetScalars().Modified()
        image.Modified()
        segment.Modified()

    def _own_layer(self, kind: SegmentKind) -> tuple[Any, Any]:
        """A segment and its image: on the whole grid and of this segment alone, made so where it is not."""
        segment = self._segment(kind)
        if segment is None:
            self._add(kind)
            self._dress([kind])
            segment = self._segment(kind)
        image = self.node.GetBinaryLabelmapInternalRepresentation(kind.segment_id)
        if not self._is_own_layer(kind, image):
            mask = self.mask_of(kind)
            image = self._empty()
            voxels_of(image)[...] = mask
            self._replace(segment, image)
        return segment, image

    def _is_own_layer(self, kind: SegmentKind, image: Any) -> bool:
        k, j, i = self._grid.shape
        return (
            image is not None
            and image.GetExtent() == (0, i - 1, 0, j - 1, 0, k - 1)
            and image.GetScalarTypeAsString() == "unsigned char"
            and self._segment(kind).GetLabelValue() == LABEL
            and self._lies_on_grid(image)
            and not self._is_shared(kind, image)
        )

    def _lies_on_grid(self, image: Any) -> bool:
        """Whether the voxels of an image are where the grid has them; Slicer turns axes round when it reads some."""
        import vtk

        matrix = vtk.vtkMatrix4x4()
        image.GetImageToWorldMatrix(matrix)
        return bool(np.abs(matrix_of(matrix) - self._grid.affine).max() <= SAME_PLACE_MM)

    def _is_shared(self, kind: SegmentKind, image: Any) -> bool:
        """Whether another segment has the same image; vtkSegmentation.IsSharedBinaryLabelmap says the opposite."""
        segmentation = self.node.GetSegmentation()
        others = (segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments()))
        return any(
            self.node.GetBinaryLabelmapInternalRepresentation(other) is image
            for other in others
            if other != kind.segment_id
        )

    def _add(self, kind: SegmentKind) -> None:
        import slicer

        segment = slicer.vtkSegment()
        segment.SetName(kind.name)
        segment.SetColor(*kind.colour)
        segment.SetTag(segment.GetTerminologyEntryTagName(), kind.terminology.entry())
        segment.SetNameAutoGenerated(False)
        segment.SetColorAutoGenerated(False)
        self._replace(segment, self._empty())
        self.node.GetSegmentation().AddSegment(segment, kind.segment_id)

    def _dress(self, kinds: list[SegmentKind]) -> None:
        """Set how segments look, once they are there."""
        display = self.node.GetDisplayNode()
        display.SetVisibility3D(False)
        display.SetSliceIntersectionThickness(1)
        for kind in kinds:
            look = LOOKS[kind]
            display.SetSegmentOpacity2DFill(kind.segment_id, look.fill)
            display.SetSegmentOpacity2DOutline(kind.segment_id, look.outline)
            display.SetSegmentVisibility(kind.segment_id, look.visible)
        self._keep_geometry()

    def _keep_geometry(self) -> None:
        """Tell the segmentation on which grid it is edited and saved."""
        import slicer

        converter = slicer.vtkSegmentationConverter
        self.node.GetSegmentation().SetConversionParameter(
            converter.GetReferenceImageGeometryParameterName(), converter.SerializeImageGeometry(self._empty())
        )

    def _replace(self, segment: Any, image: Any) -> None:
        import slicer

        name = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
        segment.RemoveRepresentation(name)
        segment.SetLabelValue(LABEL)
        segment.AddRepresentation(name, image)

    def _empty(self) -> Any:
        """An oriented image of the grid without a marked voxel."""
        import slicer

        image = slicer.vtkOrientedImageData()
        fill(image, np.zeros(self._grid.shape, dtype=np.uint8))
        image.SetImageToWorldMatrix(vtk_matrix(self._grid.affine))
        return image

    def _segment(self, kind: SegmentKind) -> Any:
        return self.node.GetSegmentation().GetSegment(kind.segment_id)


def _joined(arrays: tuple[IndexArray, ...]) -> IndexArray:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)
