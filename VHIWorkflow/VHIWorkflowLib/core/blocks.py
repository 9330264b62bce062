"""Flat arrays in blocks of eight voxels: where masks are true, without a look at every voxel.

Seven of eight voxels of a scan are no bone. Eight truth values fit into one machine word, so blocks without any voxel
of a mask are passed over as fast as memory is read, and only the others are copied together and worked on.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .grids import BoolArray, IndexArray

Value = TypeVar("Value", bound=np.generic)

BLOCK_BITS = 3
BLOCK = 1 << BLOCK_BITS
"""Voxels of a block: as many as truth values fit into one machine word."""


def in_blocks(array: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """An array of one axis as blocks, shape (n, 8); copied and filled up with zeros when 8 does not divide its size.

    Examples
    --------
    >>> in_blocks(np.arange(1, 11))
    array([[ 1,  2,  3,  4,  5,  6,  7,  8],
           [ 9, 10,  0,  0,  0,  0,  0,  0]])
    """
    missing = -array.size % BLOCK
    if missing:
        array = np.append(array, np.zeros(missing, dtype=array.dtype))
    return array.reshape(-1, BLOCK)


def blocks_holding(mask: BoolArray) -> IndexArray:
    """Numbers of the blocks of a mask, shape (n, 8), that are true anywhere."""
    return np.flatnonzero(mask.view(np.uint64) != 0)


def positions_of_true(mask: BoolArray) -> IndexArray:
    """Positions of the true values of a mask of one axis; fast where they are few.

    Examples
    --------
    >>> positions_of_true(np.array([False, True, False, False, True]))
    array([1, 4])
    """
    blocks = in_blocks(mask)
    numbers = blocks_holding(blocks)
    place = np.flatnonzero(blocks.take(numbers, axis=0))
    positions: IndexArray = numbers.take(place >> BLOCK_BITS) << BLOCK_BITS
    positions += place & BLOCK - 1
    return positions


def stretches(chosen: BoolArray, numbers: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Stretches of true values that follow each other: position of the first value of each, and of the last.

    Parameters
    ----------
    chosen
        Some blocks of a larger array, shape (n, 8).
    numbers
        Of these blocks in the larger array, ascending. The positions are those in the larger array.

    Examples
    --------
    >>> mask = in_blocks(np.isin(np.arange(32), [14, 15, 16, 24]))
    >>> first, last = stretches(mask[[1, 2, 3]], np.array([1, 2, 3]))
    >>> first.tolist(), last.tolist()
    ([14, 24], [16, 24])
    """
    bits = np.packbits(chosen.ravel(), bitorder="little")  # a byte a block, its first voxel the lowest bit
    held = np.flatnonzero(bits != 0)
    bits, numbers = bits.take(held), numbers.take(held)
    follows = numbers[1:] == numbers[:-1] + 1
    before, after = np.zeros_like(bits), np.zeros_like(bits)  # the neighbouring voxel of the block before and after
    np.multiply(bits[:-1] >> 7, follows, out=before[1:])
    np.multiply(bits[1:] << 7, follows, out=after[:-1])
    starts = numbers << BLOCK_BITS
    first, last = np.bitwise_and(bits, ~(bits << 1 | before)), np.bitwise_and(bits, ~(bits >> 1 | after))
    return _positions(first, starts), _positions(last, starts)


def _positions(bits: npt.NDArray[np.uint8], starts: IndexArray) -> IndexArray:
    """Positions of the bits that are set, of which no two stand side by side, given where each block starts."""
    held = np.flatnonzero(bits != 0)
    ends = np.unpackbits(bits.take(held), bitorder="little")
    pair = np.flatnonzero(ends.view(np.uint16) != 0)  # half as many to look at
    place = pair << 1
    place += ends.take(place + 1)
    positions: IndexArray = starts.take(held.take(pair >> 2)) + (place & BLOCK - 1)
    return positions
