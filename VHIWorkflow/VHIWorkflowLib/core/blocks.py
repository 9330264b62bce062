"""The stretches of a volume that hold bone: what lies elsewhere need not be read to measure it.

Seven of eight voxels of a scan are no bone. Arrays are taken apart into blocks of eight voxels, as they lie in memory,
and only the blocks that hold any voxel of a mask are copied together and worked on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .grids import BoolArray, IndexArray

Value = TypeVar("Value", bound=np.generic)

BLOCK_BITS = 3
BLOCK = 1 << BLOCK_BITS
"""Voxels of a block: as many as truth values fit into one machine word."""


@dataclass(frozen=True)
class Blocks:
    """Blocks of flat arrays of one size, in ascending order.

    Those that hold any voxel of some masks, and the one after each, so that whatever ends with a block is followed by a
    voxel outside the masks; last what is left of the array beyond its whole blocks.

    Attributes
    ----------
    size
        Of the arrays.
    numbers
        Of the blocks, from 0.
    """

    size: int
    numbers: IndexArray

    @classmethod
    def holding(cls, mask: BoolArray, others: IndexArray) -> Blocks:
        """Blocks of the voxels of a flat mask, and of others given by their positions in it."""
        held = mask[: mask.size // BLOCK * BLOCK].view(np.uint64) != 0
        in_blocks = others >> BLOCK_BITS
        held[in_blocks[in_blocks < held.size]] = True
        wanted = held.copy()
        wanted[1:] |= held[:-1]
        return cls(mask.size, np.append(positions_of_true(wanted), held.size))

    def places(self, positions: IndexArray) -> IndexArray:
        """Where in ``of`` voxels of these blocks stand, given by their positions in the whole array."""
        places: IndexArray = np.searchsorted(self.numbers, positions >> BLOCK_BITS) << BLOCK_BITS
        places += positions & BLOCK - 1
        return places

    def of(self, array: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """Values of a flat array in these blocks, one after the other."""
        rest = self.size % BLOCK
        found = np.empty((self.numbers.size - 1) * BLOCK + rest, dtype=array.dtype)
        blocks = array[: self.size - rest].reshape(-1, BLOCK)
        np.take(blocks, self.numbers[:-1], axis=0, out=found[: found.size - rest].reshape(-1, BLOCK), mode="clip")
        found[found.size - rest :] = array[self.size - rest :]
        return found

    def ends(self, chosen: BoolArray) -> IndexArray:
        """Where stretches of voxels begin and end in the whole array, in turn: first voxel, voxel after the last, ...

        Parameters
        ----------
        chosen
            Which values of ``of`` belong to a stretch; voxels of the masks only.

        Examples
        --------
        >>> mask = np.arange(40) > 28
        >>> blocks = Blocks.holding(mask, np.array([2]))
        >>> blocks.ends(blocks.of(mask & (np.arange(40) != 33)))
        array([29, 33, 34, 40])
        """
        changes = np.zeros(chosen.size + 1, dtype=bool)
        changes[:-1] = chosen
        changes[1:] ^= chosen
        place = positions_of_true(changes)
        ends: IndexArray = (self.numbers[place >> BLOCK_BITS] << BLOCK_BITS) + (place & BLOCK - 1)
        return ends


def positions_of_true(mask: BoolArray) -> IndexArray:
    """Positions of the true values of a mask of one axis; fast where they are few.

    Examples
    --------
    >>> positions_of_true(np.array([False, True, False, False, True]))
    array([1, 4])
    """
    whole = mask.size // BLOCK * BLOCK
    words = mask[:whole].view(np.uint64)
    held = np.flatnonzero(words != 0)
    place = np.flatnonzero(words[held].view(np.bool_))
    positions: IndexArray = (held << BLOCK_BITS)[place >> BLOCK_BITS] + (place & BLOCK - 1)
    return positions if whole == mask.size else np.append(positions, whole + np.flatnonzero(mask[whole:]))
