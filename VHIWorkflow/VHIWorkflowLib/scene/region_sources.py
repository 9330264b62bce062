"""A region from whatever a reader marked it with: a mask, closed curves, a segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.resampling import region_on_stir
from VHIWorkflowLib.core.segment_kinds import SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of

from .case_in_scene import CaseInScene
from .drawings import mask_of_curves
from .errors import SceneError
from .images import matrix_of, voxels_of

_ = sentences_of(__name__)


def mask_of(source: Any | Sequence[Any] | BoolArray, kind: SegmentKind, case: CaseInScene) -> BoolArray:
    """A region as a mask on the STIR grid, shape (k, j, i).

    Parameters
    ----------
    source
        See `RegionSteps.set_region`.

    Raises
    ------
    SceneError
        If it cannot be used.
    """
    grid = case.open_case.stir.grid
    if isinstance(source, np.ndarray):
        if source.shape != grid.shape:
            raise SceneError(
                _("the mask has the shape {shape}, the STIR {grid_shape}").format(
                    shape=source.shape, grid_shape=grid.shape
                )
            )
        return source.astype(bool)
    if isinstance(source, Sequence):
        return mask_of_curves(source, grid)
    if source is case.segmentation_node:
        return case.segments.mask_of(kind)
    if source.IsA("vtkMRMLSegmentationNode"):
        return _segment_on(source, kind, grid)
    return mask_of_curves([source], grid)


def is_drawn(source: Any | Sequence[Any] | BoolArray) -> bool:
    """Whether a source is curves."""
    if isinstance(source, np.ndarray):
        return False
    return isinstance(source, Sequence) or not source.IsA("vtkMRMLSegmentationNode")


def _segment_on(node: Any, kind: SegmentKind, grid: Grid) -> BoolArray:
    """The segment of a kind of any segmentation node, brought to a grid."""
    import slicer
    import vtk

    image = slicer.vtkOrientedImageData()
    identifier = _segment_id(node, kind)
    found = node.GetBinaryLabelmapRepresentation(identifier, image) and not image.IsEmpty()
    if not found or not voxels_of(image).any():
        raise SceneError(_("the segment of '{name}' is empty; mark the region first").format(name=node.GetName()))
    if node.GetParentTransformNode() is not None:
        slicer.vtkSlicerSegmentationsModuleLogic.ApplyParentTransformToOrientedImageData(node, image)
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    affine = matrix_of(matrix)
    first_i, first_j, first_k = image.GetExtent()[::2]
    affine[:3, 3] = (affine @ (first_i, first_j, first_k, 1))[:3]
    voxels = voxels_of(image) != 0
    return region_on_stir(Volume(voxels, Grid(voxels.shape, affine)), grid)


def _segment_id(node: Any, kind: SegmentKind) -> str:
    segmentation = node.GetSegmentation()
    identifiers = [segmentation.GetNthSegmentID(number) for number in range(segmentation.GetNumberOfSegments())]
    if kind.segment_id in identifiers:
        return kind.segment_id
    named = [each for each in identifiers if segmentation.GetSegment(each).GetName().casefold() == kind.name.casefold()]
    wanted = named or identifiers
    if len(wanted) != 1:
        raise SceneError(
            _("'{name}' holds no single segment named '{segment}'; rename the one that is meant").format(
                name=node.GetName(), segment=kind.name
            )
        )
    return str(wanted[0])
