"""Scans as volume nodes, and volume nodes as scans."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.study.last_view import Brightness

from .errors import SceneError
from .images import image_of, matrix_of, voxels_of, vtk_matrix

_ = sentences_of(__name__)

SAMPLED_VOXELS = 500_000
"""About as many voxels decide brightness and contrast."""
DARKEST_PERCENT, BRIGHTEST_PERCENT = 2.0, 99.0
"""Of all voxels. Bladder, vessels and spinal canal are the brightest half per cent of a STIR and more: were they to
decide, normal marrow would be nearly black."""


def add_volume(scene: Any, volume: Volume, name: str) -> Any:
    """Add a scan to a scene: a vtkMRMLScalarVolumeNode with a copy of its voxels, brightness and contrast preset.

    The voxels keep their type and order, the matrix its digits, so `volume_of` gives the same volume back.
    """
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.SetIJKToRASMatrix(vtk_matrix(volume.grid.affine))
    node.SetAndObserveImageData(image_of(volume.array))
    node.CreateDefaultDisplayNodes()
    preset_window(node, volume.array)
    return node


def volume_of(node: Any) -> Volume:
    """The scan of a volume node, as `files.volumes.read_image` would give it: a float32 copy, indexed (k, j, i).

    Raises
    ------
    SceneError
        If the node holds no image of one component, or lies under a transform that bends space.
    """
    return Volume(_scalars(node).astype(np.float32), grid_of(node))


def grid_of(node: Any) -> Grid:
    """The grid of a volume node in the world; linear transforms above it count.

    Raises
    ------
    SceneError
        As `volume_of`.
    """
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    affine = matrix_of(matrix)
    transform = node.GetParentTransformNode()
    if transform is not None:
        if not transform.IsTransformToWorldLinear():
            raise SceneError(
                _("'{name}' lies under a transform that bends it; harden the transform first").format(
                    name=node.GetName()
                )
            )
        transform.GetMatrixTransformToWorld(matrix)
        affine = matrix_of(matrix) @ affine
    try:
        return Grid(_scalars(node).shape, affine)
    except MeasurementError as error:
        raise SceneError(_("'{name}' cannot be measured: {error}").format(name=node.GetName(), error=error)) from error


def preset_window(node: Any, array: npt.NDArray[Any]) -> None:
    """Set brightness and contrast by a range that a few bright or dark voxels do not decide."""
    sample = array.ravel()[:: max(1, array.size // SAMPLED_VOXELS)]
    low, high = np.percentile(sample[np.isfinite(sample)], [DARKEST_PERCENT, BRIGHTEST_PERCENT])
    set_brightness(node, Brightness(float(low), float(max(high, low + 1e-6))))


def brightness_of(node: Any) -> Brightness:
    """The intensities that a volume node shows black and white."""
    display = node.GetDisplayNode()
    return Brightness(display.GetWindowLevelMin(), display.GetWindowLevelMax())


def set_brightness(node: Any, brightness: Brightness) -> None:
    """Show these intensities black and white."""
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(brightness.black, brightness.white)


def _scalars(node: Any) -> npt.NDArray[Any]:
    """View of the voxels of a node, shape (k, j, i)."""
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None:
        raise SceneError(_("'{name}' holds no image; load the scan again").format(name=node.GetName()))
    if image.GetNumberOfScalarComponents() != 1:
        raise SceneError(
            _("'{name}' is a colour image; choose a scan with one intensity for each voxel").format(name=node.GetName())
        )
    return voxels_of(image)
