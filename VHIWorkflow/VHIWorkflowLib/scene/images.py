"""Arrays and VTK images of each other: voxels indexed (k, j, i), geometry as 4 x 4 matrices to RAS mm."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.grids import FloatArray


def image_of(array: npt.NDArray[Any]) -> Any:
    """A vtkImageData with a copy of an array (k, j, i), origin and spacing of no meaning."""
    import vtk

    image = vtk.vtkImageData()
    fill(image, array)
    return image


def fill(image: Any, array: npt.NDArray[Any]) -> None:
    """Give an image the shape and a copy of the voxels of an array (k, j, i); masks turn to 0 and 1."""
    from vtk.util.numpy_support import numpy_to_vtk

    k, j, i = array.shape
    values = array.astype(np.uint8) if array.dtype == bool else array
    image.SetExtent(0, i - 1, 0, j - 1, 0, k - 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(values).ravel(), deep=True))


def voxels_of(image: Any) -> npt.NDArray[Any]:
    """View of the voxels of an image of one component, shape (k, j, i); what is written there changes the image."""
    from vtk.util.numpy_support import vtk_to_numpy

    i, j, k = image.GetDimensions()
    array: npt.NDArray[Any] = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(k, j, i)
    return array


def vtk_matrix(array: FloatArray) -> Any:
    """A vtkMatrix4x4."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(np.asarray(array, dtype=np.float64).ravel().tolist())
    return matrix


def matrix_of(matrix: Any) -> FloatArray:
    """Array of shape (4, 4) of a vtkMatrix4x4."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
