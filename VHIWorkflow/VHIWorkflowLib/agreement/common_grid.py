"""Two masks on pieces of one lattice of voxels, put on one grid.

Software crops masks, leaves out empty slices (DICOM SEG), or stores axes in another order; the voxels are the same ones
all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.reordering import placement
from VHIWorkflowLib.core.sentences import sentences_of

_ = sentences_of(__name__)

LARGEST_SHARE = 8
"""The box that holds both may have at most this many times the voxels of the larger one."""


def on_common_grid(a: Volume, b: Volume) -> tuple[BoolArray, BoolArray, Grid]:
    """Masks of the same shape (k, j, i), and their grid: that of a, widened where b reaches beyond it.

    Raises
    ------
    MeasurementError
        If the voxels of the masks are not the same ones, but for the rounding of headers.
    """
    if a.grid.matches(b.grid):
        return _bool(a.array), _bool(b.array), a.grid
    placed = placement(b.grid, a.grid)
    if placed is None:
        raise MeasurementError(_("the masks lie on different grids; they are not of one scan"))
    turned, offset = placed.reorder(_bool(b.array)), placed.first
    low = np.minimum(offset, 0)
    high = np.maximum(offset + turned.shape, a.grid.shape)
    shape = (int(high[0] - low[0]), int(high[1] - low[1]), int(high[2] - low[2]))
    if np.prod(shape) > LARGEST_SHARE * max(a.array.size, b.array.size):
        raise MeasurementError(_("the masks lie far apart; they are not of one scan"))
    affine = a.grid.affine.copy()
    affine[:3, 3] = a.grid.to_ras(low)[0]
    return _inside(shape, _bool(a.array), -low), _inside(shape, turned, offset - low), Grid(shape, affine)


def on_one_grid(volumes: Sequence[Volume]) -> tuple[list[BoolArray], Grid]:
    """Several masks of the same shape (k, j, i), and their grid: that of the first, widened where others reach beyond.

    Raises
    ------
    MeasurementError
        As `on_common_grid`.
    """
    widest = volumes[0]
    for other in volumes[1:]:
        mask, _, grid = on_common_grid(widest, other)
        widest = Volume(mask, grid)
    return [on_common_grid(widest, each)[1] for each in volumes], widest.grid


def _inside(shape: tuple[int, int, int], mask: BoolArray, at: npt.NDArray[np.int64]) -> BoolArray:
    if mask.shape == shape:
        return mask
    whole = np.zeros(shape, dtype=bool)
    whole[tuple(slice(start, start + size) for start, size in zip(at.tolist(), mask.shape, strict=True))] = mask
    return whole


def _bool(array: npt.NDArray[np.generic]) -> BoolArray:
    found: BoolArray = array.astype(bool, copy=False)
    return found
