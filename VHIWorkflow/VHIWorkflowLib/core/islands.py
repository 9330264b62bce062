"""Islands: the connected components of the sensitive mask, and their parts within one slice.

An island is 26-connected in 3D. A part is 8-connected within one slice. The parts of an island make up the island, so
the same table answers for both scopes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grids import IndexArray
from .groups import Groups
from .lattice import Lattice, Runs


@dataclass(frozen=True)
class Islands:
    """All islands of a mask; the largest is number 0 here and "island 1" for the reader.

    Attributes
    ----------
    lattice
        Shape and slice axis of the volume.
    voxels
        C-order positions in the volume (k, j, i), shape (n,), sorted by island, then part, then code.
    part_ends
        Part p holds ``voxels[part_ends[p - 1]:part_ends[p]]`` (from 0 for the first).
    part_island
        Island of each part, ascending.
    part_slice
        Slice of each part.
    """

    lattice: Lattice
    voxels: IndexArray
    part_ends: IndexArray
    part_island: IndexArray
    part_slice: IndexArray

    @property
    def number(self) -> int:
        """How many islands there are."""
        return int(self.part_island[-1]) + 1 if self.part_island.size else 0

    def part_voxels(self) -> list[IndexArray]:
        """Voxels of each part, C-order positions."""
        return np.split(self.voxels, self.part_ends[:-1]) if self.part_ends.size else []

    def island_voxels(self) -> list[IndexArray]:
        """Voxels of each island, C-order positions."""
        last_part = np.flatnonzero(np.diff(self.part_island))
        return np.split(self.voxels, self.part_ends[last_part]) if self.part_ends.size else []


def find_islands(runs: Runs, lattice: Lattice, minimum_pixels: int = 1) -> Islands:
    """Find the islands of a set of voxels, after dropping its small groups.

    Islands are ordered by size, the largest first, and by their first voxel among equals; parts within an island by
    slice and first voxel.

    Parameters
    ----------
    runs
        Of the voxels at or above the sensitive threshold.
    lattice
        Numbers the voxels.
    minimum_pixels
        Smallest group within a slice that stays.
    """
    groups = Groups.within_slices(runs, lattice).of_at_least(minimum_pixels)
    if groups.number == 0:
        nothing = np.empty(0, dtype=np.int64)
        return Islands(lattice, nothing, nothing, nothing, nothing)
    island = groups.islands(lattice)
    size = np.bincount(island, weights=groups.sizes)
    rank = _positions(np.argsort(-size, kind="stable"))[island]
    part = np.argsort(rank, kind="stable")
    order = np.argsort(_positions(part).astype(np.min_scalar_type(part.size))[groups.of_run], kind="stable")
    runs = groups.runs.take(order)
    last_run = np.cumsum(np.bincount(groups.of_run)[part]) - 1
    return Islands(
        lattice=lattice,
        voxels=lattice.flat_runs(runs),
        part_ends=np.cumsum(groups.sizes[part]),
        part_island=rank[part],
        part_slice=lattice.slices(runs.start[last_run]),
    )


def _positions(order: IndexArray) -> IndexArray:
    """Where each of the numbers from 0 on stands in an order of them."""
    positions = np.empty_like(order)
    positions[order] = np.arange(order.size)
    return positions
