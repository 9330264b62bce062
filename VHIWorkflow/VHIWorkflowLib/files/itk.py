"""SimpleITK, loaded late and kept quiet."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.grids import FloatArray, Grid

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""ITK's and DICOM's coordinates are LPS, ours RAS; the same matrix leads both ways."""

_ONE_AT_A_TIME = threading.RLock()


def simple_itk() -> Any:
    """SimpleITK, imported only when a file is read or written; it has no types."""
    import SimpleITK

    return SimpleITK


@contextmanager
def itk_silent() -> Iterator[None]:
    """Keep ITK and the format libraries inside it from writing to standard output and standard error.

    Part of these messages comes from C code that writes to the file descriptors, so these lead nowhere for as long as
    the call lasts. What matters is checked by the caller and raised.
    """
    sitk = simple_itk()
    with _ONE_AT_A_TIME, ExitStack() as undo:
        undo.callback(sitk.ProcessObject.SetGlobalWarningDisplay, sitk.ProcessObject.GetGlobalWarningDisplay())
        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
            try:
                if stream is not None:
                    stream.flush()
                kept = os.dup(descriptor)
            except (OSError, ValueError):
                continue  # a program without a console
            undo.callback(os.close, kept)
            undo.callback(os.dup2, kept, descriptor)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
        yield


def itk_image(array: npt.NDArray[Any], grid: Grid) -> Any:
    """ITK image of an array (k, j, i) on its grid."""
    image = simple_itk().GetImageFromArray(array)
    lps = LPS_TO_RAS @ grid.affine
    spacing = np.array(grid.spacing_mm[::-1])
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    return image


def itk_grid(image: Any) -> Grid:
    """Grid of an ITK image; MeasurementError when its axes cannot be those of a volume."""
    affine: FloatArray = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    i, j, k = image.GetSize()
    return Grid((k, j, i), LPS_TO_RAS @ affine)
