"""The same voxels, stored in another order.

Programs that convert a scan swap its axes or run them backwards: a DICOM series has its slices the other way round in
3D Slicer than in other software, and most converters to NIfTI turn the rows over. Every voxel is where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from .grids import SAME_GRID_TOLERANCE, Grid, IndexArray, Volume


@dataclass(frozen=True)
class Placement:
    """Where the voxels of one grid lie among those of another one.

    Attributes
    ----------
    order
        Array axes of the first grid in the order of the second one's (k, j, i).
    flips
        Which of them then run backwards.
    first
        Array index in the second grid of the first voxel of the reordered array; outside of it if negative.
    """

    order: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    first: IndexArray

    def reorder(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array of the first grid with its axes as in the second one; a view."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)
        return array.transpose(self.order)[steps]


def placement(source: Grid, target: Grid) -> Placement | None:
    """How the voxels of a grid lie among those of another; None if they are not the same ones.

    Either grid may reach beyond the other. Header rounding is allowed for, as by `Grid.matches`.
    """
    step = source.index_map_to(target)
    turn = np.rint(step[:3, :3]).astype(np.int64)
    if not ((np.abs(turn).sum(axis=0) == 1).all() and (np.abs(turn).sum(axis=1) == 1).all()):
        return None
    corners = np.array(list(product(*((0, n - 1) for n in source.shape))))
    there = corners @ step[:3, :3].T + step[:3, 3]
    nearest = np.rint(there)
    if np.linalg.norm((there - nearest) * target.spacing_mm, axis=1).max() > SAME_GRID_TOLERANCE * min(
        target.spacing_mm
    ):
        return None
    order = [int(np.flatnonzero(turn[axis])[0]) for axis in range(3)]
    flips = [bool(turn[axis, order[axis]] < 0) for axis in range(3)]
    return Placement((order[0], order[1], order[2]), (flips[0], flips[1], flips[2]), nearest.min(axis=0).astype(int))


def on_grid(volume: Volume, grid: Grid) -> Volume | None:
    """A volume in the order of a grid that holds the same voxels; None if they are not the same ones.

    Nothing is interpolated. A volume that is in that order already is returned as it is.

    Examples
    --------
    >>> grid = Grid((1, 1, 3), np.eye(4))
    >>> backwards = Grid((1, 1, 3), np.array([[-1.0, 0, 0, 2], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    >>> on_grid(Volume(np.array([[[1, 2, 3]]]), backwards), grid).array
    array([[[3, 2, 1]]])
    """
    if grid.matches(volume.grid):
        return volume
    placed = placement(volume.grid, grid)
    if placed is None or placed.first.any():
        return None
    array = placed.reorder(volume.array)
    return Volume(np.ascontiguousarray(array), grid) if array.shape == grid.shape else None
