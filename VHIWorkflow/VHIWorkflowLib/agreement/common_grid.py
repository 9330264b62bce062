"""Two masks on pieces of one lattice of voxels, put on one grid.

Software crops masks, leaves out empty slices (DICOM SEG), or stores axes in another order; the voxels are the same ones
all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import SAME_GRID_TOLERANCE, BoolArray, Grid, Volume
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
    order, flips, offset = _placed(b.grid, a.grid)
    turned = _bool(b.array).transpose(order)
    turned = turned[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
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


def _placed(b: Grid, a: Grid) -> tuple[tuple[int, ...], tuple[bool, ...], npt.NDArray[np.int64]]:
    """How the axes of b are ordered and flipped to lie like those of a, and where its first voxel then lies in a."""
    step = b.index_map_to(a)
    turn = np.rint(step[:3, :3]).astype(np.int64)
    if not np.array_equal(np.abs(turn) @ np.ones(3, dtype=np.int64), np.ones(3)) or abs(np.linalg.det(turn)) < 0.5:
        raise MeasurementError(_("the masks lie on different grids; they are not of one scan"))
    ends = np.array([[0, 0, 0], [n - 1 for n in b.shape]])
    there = ends @ step[:3, :3].T + step[:3, 3]
    nearest = np.rint(there)
    if (np.abs(there - nearest) * a.spacing_mm).max() > SAME_GRID_TOLERANCE * min(a.spacing_mm):
        raise MeasurementError(_("the masks lie on different grids; they are not of one scan"))
    order = tuple(int(np.flatnonzero(turn[axis])[0]) for axis in range(3))
    flips = tuple(bool(turn[axis, order[axis]] < 0) for axis in range(3))
    return order, flips, nearest.min(axis=0).astype(np.int64)


def _inside(shape: tuple[int, int, int], mask: BoolArray, at: npt.NDArray[np.int64]) -> BoolArray:
    if mask.shape == shape:
        return mask
    whole = np.zeros(shape, dtype=bool)
    whole[tuple(slice(start, start + size) for start, size in zip(at.tolist(), mask.shape, strict=True))] = mask
    return whole


def _bool(array: npt.NDArray[np.generic]) -> BoolArray:
    found: BoolArray = array.astype(bool, copy=False)
    return found
