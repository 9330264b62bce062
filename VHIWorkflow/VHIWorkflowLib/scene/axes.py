"""The same volume with its axes in another order or direction: Slicer turns axes round when it reads some files."""

from __future__ import annotations

import numpy as np

from VHIWorkflowLib.core.grids import Grid, Volume

SAME_PLACE = 0.05
"""Share of a voxel by which the headers of two formats may differ."""


def in_order_of(volume: Volume, grid: Grid) -> Volume | None:
    """A volume with its voxels in the order of a grid that has the same voxels; None when it has others.

    Examples
    --------
    >>> turned = np.diag([1.0, 1.0, -1.0, 1.0])
    >>> turned[2, 3] = 1.0
    >>> one, other = Grid((2, 1, 1), np.eye(4)), Grid((2, 1, 1), turned)
    >>> found = in_order_of(Volume(np.array([[[5]], [[7]]]), one), other)
    >>> None if found is None else found.array.ravel().tolist()
    [7, 5]
    """
    step = grid.index_map_to(volume.grid)
    turn = np.rint(step[:3, :3]).astype(int)
    if (np.abs(turn).sum(axis=0) != 1).any() or np.abs(step[:3, :3] - turn).max() > SAME_PLACE / max(grid.shape):
        return None
    order = np.argmax(np.abs(turn), axis=0)
    signs = turn[order, range(3)]
    array = volume.array.transpose(order)[tuple(slice(None, None, int(sign)) for sign in signs)]
    start = np.where(signs > 0, 0, np.array(volume.array.shape)[order] - 1)
    if array.shape != grid.shape or np.abs(step[order, 3] - start).max() > SAME_PLACE:
        return None
    return Volume(np.ascontiguousarray(array), grid)
