"""Parts of a region too small to be the thing that is looked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

BoolArray = npt.NDArray[np.bool_]

TOUCHING = np.ones((3, 3, 3), dtype=bool)
"""Voxels that share a face, an edge or a corner belong to one part."""


def small_parts(region: BoolArray, least_voxels: float) -> BoolArray:
    """Voxels of the parts of a region, shape (k, j, i), that have fewer voxels than `least_voxels`.

    Examples
    --------
    >>> region = np.array([[[True, False, True, True]]])
    >>> small_parts(region, 2)
    array([[[ True, False, False, False]]])
    """
    part, count = ndimage.label(region, TOUCHING)
    small = np.bincount(part.ravel(), minlength=count + 1) < least_voxels
    small[0] = False
    return np.asarray(small[part])
